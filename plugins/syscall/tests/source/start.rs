//! What runs when the source starts, and what happens meanwhile.
#![allow(unsafe_code, reason = "a crowd of small processes")]

use std::collections::HashSet;
use std::time::Instant;

use lanner_plugin_api::wire::Event;
use lanner_syscall::live::{Live, Settings};
use lanner_syscall::state::fd::FdType;
use lanner_syscall::state::{Limits, Mode, State};

use crate::child::{fork, is_end, open, until, wait};

/// Processes that sleep with a file and a socket open. `LANNER_TEST_PROCESSES` makes them more, to measure.
const SLEEPERS: usize = 500;
/// Processes that begin, become others and end while the sleepers are looked at.
const CHURN: usize = 120;

/// Processes that end with the test.
struct Crowd(Vec<i64>);

impl Drop for Crowd {
    fn drop(&mut self) {
        for pid in &self.0 {
            // SAFETY: children of ours that have not been waited for.
            unsafe {
                libc::kill(*pid as i32, libc::SIGKILL);
                libc::waitpid(*pid as i32, std::ptr::null_mut(), 0);
            }
        }
    }
}

fn sleep_forever() {
    loop {
        // SAFETY: waits.
        unsafe { libc::pause() };
    }
}

#[test]
fn nothing_is_missed_while_the_machine_is_looked_at() {
    if !crate::can_watch() {
        return;
    }
    let sleepers = std::env::var("LANNER_TEST_PROCESSES").ok().and_then(|n| n.parse().ok()).unwrap_or(SLEEPERS);
    let file = tempfile::NamedTempFile::new().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (file_fd, socket_fd) = {
        use std::os::fd::AsRawFd as _;
        (i64::from(file.as_file().as_raw_fd()), i64::from(listener.as_raw_fd()))
    };
    let crowd = Crowd((0..sleepers).map(|_| fork(sleep_forever)).collect());
    let mut live =
        Live::open(&Settings { cpus_for_each_buffer: 0, buf_size_preset: 6, ..Settings::default() }).unwrap();
    let mut state = State::new(Mode::Live, Limits::default());
    let begin = Instant::now();
    let (initial, churned) = std::thread::scope(|scope| {
        let churn = scope.spawn(|| {
            let (mut ended, mut others) = (Vec::new(), Crowd(Vec::new()));
            for n in 0..CHURN {
                match n % 3 {
                    0 => {
                        let child = fork(|| open(c"/dev/null"));
                        wait(child);
                        ended.push(child);
                    }
                    1 => others.0.push(fork(sleep_forever)),
                    _ => others.0.push(fork(|| {
                        let args = [c"sleep".as_ptr(), c"1000".as_ptr(), std::ptr::null()];
                        // SAFETY: texts that outlive the call, the list ends with null.
                        unsafe { libc::execvp(args[0], args.as_ptr()) };
                    })),
                }
            }
            (ended, others)
        });
        let initial = live.scan();
        let took = begin.elapsed();
        println!("{} threads of {sleepers} sleeping processes and others in {took:?}", initial.threads.len());
        (initial, churn.join().unwrap())
    });
    let (ended, others) = churned;
    state.load(&initial);
    // What this child does comes last: then everything before has been followed.
    let marker = fork(|| open(c"/dev/null"));
    wait(marker);
    let mut number = 0;
    until(&mut live, "the last child", |event: &Event<'_>| {
        number += 1;
        state.on_event(event, 0, number);
        is_end(event, marker)
    });
    for pid in &crowd.0 {
        let thread = state.thread(*pid).unwrap_or_else(|| panic!("{pid} is missing"));
        assert!(!thread.is_invalid(), "{thread:?}");
        let fd = |n| state.fd_of(thread, n).map(|fd| (fd.ty, fd.name().into_owned()));
        use std::os::unix::ffi::OsStrExt as _;
        assert_eq!(fd(file_fd), Some((FdType::FileV2, file.path().as_os_str().as_bytes().to_vec())));
        let port = listener.local_addr().unwrap().port();
        assert_eq!(fd(socket_fd), Some((FdType::Ipv4ServSock, format!("127.0.0.1:{port}").into_bytes())));
    }
    let known: HashSet<i64> = state.threads().filter(|thread| !thread.is_dead()).map(|thread| thread.tid).collect();
    let left: Vec<&i64> = ended.iter().filter(|pid| known.contains(pid)).collect();
    assert!(left.is_empty(), "they have ended: {left:?}");
    for (n, pid) in others.0.iter().enumerate() {
        let comm = std::fs::read(format!("/proc/{pid}/comm")).unwrap();
        let thread = state.thread(*pid).unwrap_or_else(|| panic!("{pid} is missing"));
        assert_eq!(thread.comm.as_bytes(), comm.strip_suffix(b"\n").unwrap(), "{n}");
        assert_eq!(thread.pid, *pid, "{n}");
        if n % 2 == 1 {
            assert_eq!((thread.exe.as_bytes(), thread.args.as_bytes()), (&b"sleep"[..], &b"1000\0"[..]));
        }
    }
}
