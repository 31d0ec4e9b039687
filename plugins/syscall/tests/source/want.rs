//! What is observed can be changed while events flow.
#![allow(unsafe_code, reason = "calls by number")]

use std::io::{PipeReader, Write as _};
use std::os::fd::AsRawFd as _;

use lanner_plugin_api::schema::{EventType as T, SYSCALLS};
use lanner_plugin_api::sdk::Wanted;
use lanner_plugin_api::wire::Event;
use lanner_syscall::live::{Live, Settings};

use crate::child::{fork, is_end, told_opens, until, wait, waits_in_open};

/// Calls that a child makes after it has heard that another event is wanted.
const AFTERWARDS: u64 = 500;

/// Whether something can be read.
fn called(by: &PipeReader) -> bool {
    let mut poll = libc::pollfd { fd: by.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which outlives the call.
    unsafe { libc::poll(&mut poll, 1, 0) == 1 }
}

/// The number at the end of a path among the event's parameters.
fn number(event: &Event<'_>, of: &str) -> Option<u64> {
    (0..event.nparams()).find_map(|n| {
        let text = std::str::from_utf8(event.param(n)?.strip_suffix(b"\0")?).ok()?;
        text.strip_prefix(of)?.parse().ok()
    })
}

#[test]
fn what_rules_want_anew_is_seen_and_of_the_old_nothing_is_missed() {
    if !crate::can_watch() {
        return;
    }
    let wanted = |events: &[T]| events.iter().map(|event| event.0).collect::<Vec<u16>>();
    let only = vec!["mkdirat".to_owned()];
    let settings = Settings { events: Some(wanted(&[T::SYSCALL_MKDIRAT_X])), custom_set: only, ..Settings::default() };
    let mut live = Live::open(&settings).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let child = fork(|| {
        let (mut n, mut left) = (0_u64, None);
        while left != Some(0) {
            n += 1;
            let made = std::ffi::CString::new(format!("/nowhere/made/{n}")).unwrap();
            let gone = std::ffi::CString::new(format!("/nowhere/gone/{n}")).unwrap();
            // SAFETY: texts that outlive the calls, of places that are not there.
            unsafe {
                libc::mkdirat(libc::AT_FDCWD, made.as_ptr(), 0);
                libc::unlinkat(libc::AT_FDCWD, gone.as_ptr(), 0);
                libc::usleep(50);
            }
            left = match left {
                None if called(&reader) => Some(AFTERWARDS),
                None => None,
                Some(left) => Some(left - 1),
            };
        }
    });
    let (mut made, mut gone) = (Vec::new(), Vec::new());
    let mut see = |event: &Event<'_>| {
        if event.tid() == child && event.event_type() == T::SYSCALL_MKDIRAT_X {
            made.push(number(event, "/nowhere/made/").unwrap());
        }
        if event.tid() == child && event.event_type() == T::SYSCALL_UNLINKAT_2_X {
            gone.push(number(event, "/nowhere/gone/").unwrap());
        }
        event.tid() == child
    };
    until(&mut live, "the first call", &mut see);
    live.want(Some(Wanted::of_codes(&wanted(&[T::SYSCALL_MKDIRAT_X, T::SYSCALL_UNLINKAT_2_X])))).unwrap();
    writer.write_all(b"!").unwrap();
    until(&mut live, "the end", |event| see(event) && is_end(event, child));
    wait(child);
    let last = *made.last().unwrap();
    assert_eq!(made, (1..=last).collect::<Vec<_>>(), "each call that was wanted all the time, once");
    assert_eq!(gone, (last + 1 - gone.len() as u64..=last).collect::<Vec<_>>(), "without a gap from the first seen on");
    assert!(gone.len() as u64 >= AFTERWARDS, "{} of {last}", gone.len());
    // And back: what nobody wants any more is not sent.
    live.want(Some(Wanted::of_codes(&wanted(&[T::SYSCALL_UNLINKAT_2_X])))).unwrap();
    let names = live.selected().names();
    assert!(names.contains(&"unlinkat") && names.contains(&"mkdirat"), "the user's own set stays: {names:?}");
}

/// Calls of the other kind that are made without anybody asking for them.
const UNASKED: u64 = 10_000;

#[test]
fn calls_without_events_of_their_own_come_one_by_one() {
    if !crate::can_watch() {
        return;
    }
    let number = |name: &str| SYSCALLS.iter().find(|call| call.name == name).unwrap().code.0;
    let (first, second) = (number("getpriority"), number("sched_get_priority_max"));
    let generic = [T::GENERIC_X.0];
    let calls = Some(vec![first]);
    let only = vec!["sched_process_exit".to_owned()];
    let settings = Settings { events: Some(generic.to_vec()), calls, custom_set: only, ..Settings::default() };
    let mut live = Live::open(&settings).unwrap();
    assert_eq!(live.selected().names(), ["getpriority", "sched_process_exit"]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let before = live.counters().read().unwrap().sent();
    let child = fork(|| {
        for _ in 0..UNASKED {
            // SAFETY: a number is all that the call takes.
            unsafe { libc::syscall(libc::SYS_sched_get_priority_max, 0) };
        }
        while !called(&reader) {
            // SAFETY: numbers are all that these calls take.
            unsafe {
                libc::syscall(libc::SYS_getpriority, 0, 0);
                libc::syscall(libc::SYS_sched_get_priority_max, 0);
                libc::usleep(50);
            }
        }
    });
    let mut seen: Vec<u16> = Vec::new();
    let mut see = |event: &Event<'_>| {
        if event.tid() == child && event.event_type() == T::GENERIC_X {
            seen.push(u16::from_le_bytes(event.param(0).unwrap().try_into().unwrap()));
        }
    };
    let mut more = |live: &mut Live, what: &str, calls: u32| {
        let mut left = calls;
        until(live, what, |event| {
            see(event);
            left -= u32::from(left > 0 && event.tid() == child);
            left == 0
        });
    };
    more(&mut live, "the first calls", 30);
    let sent = live.counters().read().unwrap().sent() - before;
    assert!(sent < UNASKED / 2, "{sent} events were sent, and {UNASKED} calls were made that nobody asked for");
    // As when rules are exchanged: what was wanted and what will be, then what will be alone.
    live.want(Some(Wanted { calls: Some(&[first, second]), ..Wanted::of_codes(&generic) })).unwrap();
    more(&mut live, "both calls", 300);
    live.want(Some(Wanted { calls: Some(&[second]), ..Wanted::of_codes(&generic) })).unwrap();
    more(&mut live, "the calls after that", 300);
    writer.write_all(b"!").unwrap();
    until(&mut live, "the end", |event| {
        see(event);
        is_end(event, child)
    });
    wait(child);
    let (begin, end) =
        (seen.iter().position(|call| *call == second).unwrap(), seen.iter().rposition(|call| *call == first).unwrap());
    assert!(begin > 20 && end > begin + 50 && seen.len() > end + 50, "{begin}, {end} of {}", seen.len());
    let mixed = seen[begin..=end].chunks(2).all(|pair| pair == [second, first]);
    assert!(mixed, "both are wanted meanwhile, and none is missing: {:?}", &seen[begin..=end]);
}

/// What no rule is about and what changes nothing stays in the kernel, until a rule is about it.
#[test]
fn calls_for_the_state_alone_come_where_they_change_it() {
    if !crate::can_watch() {
        return;
    }
    let failures = Some(Vec::new());
    let settings = Settings { events: Some(vec![T::SYSCALL_MKDIRAT_X.0]), failures, ..Settings::default() };
    let mut live = Live::open(&settings).unwrap();
    let act = || {
        // SAFETY: numbers of descriptors, of which 987 is none.
        unsafe {
            for _ in 0..1000 {
                libc::fcntl(2, libc::F_GETFL);
                libc::close(987);
            }
            let copy = libc::fcntl(2, libc::F_DUPFD, 900);
            libc::fcntl(copy, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::close(copy);
        }
    };
    let seen = |live: &mut Live| {
        let child = fork(act);
        let mut codes = Vec::new();
        until(live, "the end", |event| {
            let about = matches!(event.event_type(), T::SYSCALL_FCNTL_X | T::SYSCALL_CLOSE_X);
            if event.tid() == child && about {
                codes.push((event.event_type(), event.i64(0).unwrap()));
            }
            is_end(event, child)
        });
        wait(child);
        codes
    };
    let before = live.counters().read().unwrap().needless;
    let (fcntl, close) = (T::SYSCALL_FCNTL_X, T::SYSCALL_CLOSE_X);
    let codes = seen(&mut live);
    let copy = codes[0].1;
    assert!(copy >= 900, "{codes:?}");
    assert_eq!(codes, [(fcntl, copy), (fcntl, 0), (close, 0)]);
    assert!(live.counters().read().unwrap().needless >= before + 2000);
    live.want(Some(Wanted { failures: Some(&[]), ..Wanted::of_codes(&[fcntl.0]) })).unwrap();
    let all = seen(&mut live);
    assert_eq!(all.iter().filter(|(code, _)| *code == fcntl).count(), 1002, "a rule may be about any of them");
    assert_eq!(all.iter().filter(|(code, _)| *code == close).count(), 1);
    live.want(Some(Wanted::of_codes(&[fcntl.0]))).unwrap();
    let all = seen(&mut live);
    assert_eq!(all.iter().filter(|(code, _)| *code == close).count(), 1001, "somebody looks at whatever comes");
}

/// An open that failed stays in the kernel with all that is told of it, unless somebody looks at failures. What was told at the entry
/// comes only where the exit tells another path, or where it was too long to wait.
#[test]
fn opens_that_failed_come_where_they_are_looked_at() {
    if !crate::can_watch() {
        return;
    }
    let opens = [T::SYSCALL_OPENAT_2_X.0, T::SYSCALL_OPEN_X.0];
    let only = vec!["!close".to_owned()];
    let settings =
        Settings { events: Some(opens.into()), failures: Some(Vec::new()), custom_set: only, ..Settings::default() };
    let mut live = Live::open(&settings).unwrap();
    let long = format!("/{}", "long/".repeat(200));
    let act = || {
        let open = |path: &str| {
            let path = std::ffi::CString::new(path).unwrap();
            // SAFETY: a text that outlives the call.
            unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), 0, 0) }
        };
        for _ in 0..500 {
            open("/nowhere/absent");
        }
        open("/dev/null");
        open(&long);
        open("/dev/zero");
    };
    let (enter, exit) = (T::SYSCALL_OPENAT_2_E, T::SYSCALL_OPENAT_2_X);
    let seen = |live: &mut Live| {
        let child = fork(act);
        let mut told = Vec::new();
        let mut newest = 0;
        until(live, "the end", |event| {
            let code = event.event_type();
            if event.tid() == child && (code == enter || code == exit) {
                assert!(event.ts() >= newest, "in the order of time");
                newest = event.ts();
                let name = event.text(if code == enter { 1 } else { 2 }).unwrap();
                told.push((code, String::from_utf8_lossy(name).into_owned()));
            }
            is_end(event, child)
        });
        wait(child);
        told
    };
    let exit_of = |name: &str| (exit, name.to_owned());
    let come = || vec![exit_of("/dev/null"), (enter, long.clone()), exit_of(&long), exit_of("/dev/zero")];
    let before = live.counters().read().unwrap().needless;
    assert_eq!(seen(&mut live), come(), "what is too long to wait comes, and then with its exit");
    assert!(live.counters().read().unwrap().needless >= before + 500);
    live.want(Some(Wanted { failures: Some(&opens), ..Wanted::of_codes(&opens) })).unwrap();
    let all = seen(&mut live);
    assert_eq!(all.len(), 504);
    assert!(all[..500].iter().all(|event| *event == exit_of("/nowhere/absent")));
    assert_eq!(all[500..], come());
    live.want(Some(Wanted { failures: Some(&[]), ..Wanted::of_codes(&opens) })).unwrap();
    assert_eq!(seen(&mut live), come());
}

/// A path that a program changes while the kernel is at work on it: what the kernel was asked for comes first.
#[test]
fn what_an_open_asked_for_comes_where_its_exit_tells_another_path() {
    if !crate::can_watch() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    let name = std::ffi::CString::new(fifo.to_str().unwrap()).unwrap();
    // SAFETY: a text that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    let opens = [T::SYSCALL_OPENAT_2_X.0];
    let only = vec!["!close".to_owned()];
    let settings =
        Settings { events: Some(opens.into()), failures: Some(Vec::new()), custom_set: only, ..Settings::default() };
    let mut live = Live::open(&settings).unwrap();
    let (protect, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: new memory, which nobody else knows.
    let shared = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protect, flags, -1, 0) }.cast::<u8>();
    assert!(!shared.is_null() && shared as isize != -1);
    // SAFETY: the text is shorter than the page.
    unsafe { std::ptr::copy_nonoverlapping(name.as_ptr().cast(), shared, name.as_bytes_with_nul().len()) };
    let child = fork(|| {
        // SAFETY: the page stays. Once it was looked at, the probes can read it too.
        assert_eq!(unsafe { shared.read_volatile() }, b'/');
        // SAFETY: as above; the call waits for somebody who writes.
        unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, shared, libc::O_RDONLY, 0) };
    });
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !waits_in_open(child) {
        assert!(std::time::Instant::now() < end, "the child does not wait");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    // SAFETY: a byte of the text; the child's call has read it.
    unsafe { shared.add(name.as_bytes().len() - 1).write_volatile(b'X') };
    let writer = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    let told = told_opens(&mut live, child);
    wait(child);
    drop(writer);
    let asked = fifo.display().to_string();
    let changed = format!("{}X", &asked[..asked.len() - 1]);
    assert_eq!(told, [(T::SYSCALL_OPENAT_2_E, asked), (T::SYSCALL_OPENAT_2_X, changed)]);
}
