//! What is observed can be changed while events flow.
#![allow(unsafe_code, reason = "calls by number")]

use std::io::{PipeReader, Write as _};
use std::os::fd::AsRawFd as _;

use lanner_plugin_api::schema::EventType as T;
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
    live.want(Some(&wanted(&[T::SYSCALL_MKDIRAT_X, T::SYSCALL_UNLINKAT_2_X]))).unwrap();
    writer.write_all(b"!").unwrap();
    until(&mut live, "the end", |event| see(event) && is_end(event, child));
    wait(child);
    let last = *made.last().unwrap();
    assert_eq!(made, (1..=last).collect::<Vec<_>>(), "each call that was wanted all the time, once");
    assert_eq!(gone, (last + 1 - gone.len() as u64..=last).collect::<Vec<_>>(), "without a gap from the first seen on");
    assert!(gone.len() as u64 >= AFTERWARDS, "{} of {last}", gone.len());
    // And back: what nobody wants any more is not sent.
    live.want(Some(&wanted(&[T::SYSCALL_UNLINKAT_2_X]))).unwrap();
    let names = live.selected().names();
    assert!(names.contains(&"unlinkat") && names.contains(&"mkdirat"), "the user's own set stays: {names:?}");
}
