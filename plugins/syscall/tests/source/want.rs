//! What is observed can be changed while events flow.
#![allow(unsafe_code, reason = "calls by number")]

use std::io::{PipeReader, Write as _};
use std::os::fd::AsRawFd as _;

use lanner_plugin_api::schema::{EventType as T, SYSCALLS};
use lanner_plugin_api::sdk::Wanted;
use lanner_plugin_api::wire::Event;
use lanner_syscall::live::{Live, Settings};

use crate::child::{fork, is_end, until, wait};

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
    live.want(Some(Wanted { codes: &generic, calls: Some(&[first, second]) })).unwrap();
    more(&mut live, "both calls", 300);
    live.want(Some(Wanted { codes: &generic, calls: Some(&[second]) })).unwrap();
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
    let settings = Settings { events: Some(vec![T::SYSCALL_MKDIRAT_X.0]), ..Settings::default() };
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
    let mut seen = |live: &mut Live| {
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
    live.want(Some(Wanted::of_codes(&[fcntl.0]))).unwrap();
    let all = seen(&mut live);
    assert_eq!(all.iter().filter(|(code, _)| *code == fcntl).count(), 1002, "a rule may be about any of them");
    assert_eq!(all.iter().filter(|(code, _)| *code == close).count(), 1);
}
