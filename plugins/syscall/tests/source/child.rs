//! Children that make calls, and the events of a source.
#![allow(unsafe_code, reason = "a fork makes the child")]

use std::time::{Duration, Instant};

use lanner_plugin_api::schema::EventType;
use lanner_plugin_api::wire::Event;
use lanner_syscall::live::Live;

/// Forks a child that does `work` and ends; returns its id, without waiting for it.
pub(crate) fn fork(work: impl FnOnce()) -> i64 {
    // SAFETY: the child does what the test gave it and ends without running anything of its parent's.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        work();
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    i64::from(child)
}

/// Waits for a child's end.
pub(crate) fn wait(child: i64) {
    let mut status = 0;
    // SAFETY: waits for a child of ours, once.
    let waited = unsafe { libc::waitpid(child as i32, &mut status, 0) };
    assert_eq!((i64::from(waited), status), (child, 0));
}

/// Opens a path as the calling process; whether it is there does not matter.
pub(crate) fn open(path: &std::ffi::CStr) {
    // SAFETY: a text that outlives the call; the descriptor, if any, is closed by the end of the child.
    unsafe { libc::close(libc::open(path.as_ptr(), libc::O_RDONLY)) };
}

/// Tries to make a folder where none can be.
pub(crate) fn make_nowhere(path: &std::ffi::CStr) {
    // SAFETY: a text that outlives the call.
    unsafe { libc::mkdirat(libc::AT_FDCWD, path.as_ptr(), 0) };
}

/// Ends a child that does not end by itself.
pub(crate) fn kill(child: i64) {
    // SAFETY: a child of ours that has not been waited for.
    unsafe {
        libc::kill(child as i32, libc::SIGKILL);
        libc::waitpid(child as i32, std::ptr::null_mut(), 0);
    }
}

/// Reads events until `seen` says that it has what it wants.
pub(crate) fn until(live: &mut Live, what: &str, mut seen: impl FnMut(&Event<'_>) -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    let mut done = false;
    while !done {
        assert!(Instant::now() < end, "not seen: {what}");
        live.deliver(1024, |arrived| done |= seen(&Event::parse(arrived.bytes).unwrap()));
        live.release();
    }
}

/// Whether the event is the end of this thread.
pub(crate) fn is_end(event: &Event<'_>, tid: i64) -> bool {
    event.tid() == tid && event.event_type() == EventType::PROCEXIT_1_E
}

/// Whether a parameter of the event is this path.
pub(crate) fn names(event: &Event<'_>, path: &std::ffi::CStr) -> bool {
    (0..event.nparams()).any(|n| event.param(n) == Some(path.to_bytes_with_nul()))
}

/// Whether a process waits for an `openat` to end.
pub(crate) fn waits_in_open(process: i64) -> bool {
    let call = std::fs::read_to_string(format!("/proc/{process}/syscall")).unwrap_or_default();
    call.split(' ').next() == Some(&libc::SYS_openat.to_string())
}

/// What is told of a child's `openat` until it ends: each entry and exit with its path.
pub(crate) fn told_opens(live: &mut Live, child: i64) -> Vec<(EventType, String)> {
    let mut told = Vec::new();
    until(live, "the end", |event| {
        let path = match event.event_type() {
            EventType::SYSCALL_OPENAT_2_E => event.text(1),
            EventType::SYSCALL_OPENAT_2_X => event.text(2),
            _ => None,
        };
        if event.tid() == child {
            told.extend(path.map(|path| (event.event_type(), String::from_utf8_lossy(path).into_owned())));
        }
        is_end(event, child)
    });
    told
}
