//! What threads keep in the kernel between a call's entry and its exit, and that it goes with them.
#![allow(unsafe_code, reason = "calls by number")]

use std::ffi::{CStr, CString};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use lanner_plugin_api::schema::EventType as T;
use lanner_syscall::live::{Live, Settings};

use crate::child::{fork, kill, open, told_opens, wait, waits_in_open};

const CROWD: usize = 400;
/// What a place takes at least: the event that may wait there.
const PLACE: u64 = 448;

/// Watches opens, of which nobody looks at those that failed.
fn watch(drop_failed_exit: bool) -> Live {
    let opens = [T::SYSCALL_OPENAT_2_X.0, T::SYSCALL_OPEN_X.0];
    let (events, failures) = (Some(opens.into()), Some(Vec::new()));
    Live::open(&Settings { events, failures, drop_failed_exit, ..Settings::default() }).unwrap()
}

fn places(live: &Live) -> u64 {
    live.footprint().read().unwrap().entries
}

fn open_at(path: &CStr) {
    // SAFETY: a text that outlives the call.
    unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), libc::O_RDONLY, 0) };
}

/// Other programs come and go meanwhile; half a crowd more or less is none of this one.
#[test]
fn a_thread_has_a_place_until_it_ends_however_it_ends() {
    if !crate::can_watch() {
        return;
    }
    let live = watch(false);
    let folder = tempfile::tempdir().unwrap();
    let fifo = CString::new(folder.path().join("fifo").to_str().unwrap()).unwrap();
    // SAFETY: a text that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
    let before = places(&live);
    let crowd: Vec<i64> = (0..CROWD).map(|_| fork(|| open_at(&fifo))).collect();
    let end = Instant::now() + Duration::from_secs(60);
    while !crowd.iter().all(|&process| waits_in_open(process)) {
        assert!(Instant::now() < end, "not all of them wait");
        std::thread::sleep(Duration::from_millis(20));
    }
    let there = places(&live);
    // Killed in the middle of the call.
    crowd.into_iter().for_each(kill);
    if there == before {
        return eprintln!("skipped: this kernel does not count what a map holds (Linux 6.4 does)");
    }
    let half = CROWD as u64 * PLACE / 2;
    assert!(there > before + half, "{there} bytes, {before} before");
    let gone = places(&live);
    assert!(gone < before + half, "{gone} bytes of threads that were killed, {before} before");

    // Replaced by a program that another of their threads began: they go on under the number of their first.
    for _ in 0..CROWD {
        wait(fork(|| {
            open_at(c"/dev/null");
            let other = std::thread::spawn(|| {
                open_at(c"/dev/null");
                Command::new("true").exec()
            });
            let failed = other.join();
            panic!("{failed:?}");
        }));
    }
    let gone = places(&live);
    assert!(gone < before + half, "{gone} bytes of threads that began programs, {before} before");
}

#[test]
fn what_waited_for_an_exit_that_is_left_out_is_not_taken_for_a_later_one() {
    if !crate::can_watch() {
        return;
    }
    let mut live = watch(true);
    let long = format!("/{}dev/null", "./".repeat(300));
    let child = fork(|| {
        // Its exit is left out, and its entry still waits when the next one, too long to wait, is sent at once.
        open_at(c"/nowhere/absent");
        open_at(&CString::new(long.clone()).unwrap());
        open_at(c"/dev/zero");
        open(c"/nowhere/absent");
    });
    let told = told_opens(&mut live, child);
    wait(child);
    let (enter, exit) = (T::SYSCALL_OPENAT_2_E, T::SYSCALL_OPENAT_2_X);
    assert_eq!(told, [(enter, long.clone()), (exit, long), (exit, "/dev/zero".to_owned())]);
}

#[test]
fn what_the_probes_take_of_the_kernels_memory_is_told() {
    if !crate::can_watch() {
        return;
    }
    let sized = |preset: u8| {
        let settings = Settings { buf_size_preset: preset, cpus_for_each_buffer: 0, ..Settings::default() };
        Live::open(&settings).unwrap().footprint().read().unwrap()
    };
    let (small, large) = (sized(1), sized(3));
    // Two buffers, of one megabyte or four.
    assert!(large.rings - small.rings >= 6 << 20, "{small:?}, {large:?}");
    assert!(small.rings >= 2 << 20 && small.scratch >= 128 << 10 && small.tables > 10_000, "{small:?}");
    assert!(small.entries >= 16_384 * 16, "the table of places: {small:?}");
    assert!(small.programs > 500_000, "two hundred programs: {small:?}");
}
