//! Threads that no event has told of.

use lanner_plugin_api::schema::EventType as T;
use lanner_plugin_api::wire::Event;
use lanner_syscall::live::{Live, Settings};
use lanner_syscall::state::{Limits, Mode, State};

use crate::child::{fork, until, wait};

/// Forks are not observed here, so that a child is known to nobody when its call comes.
#[test]
fn an_unknown_thread_is_looked_up_once() {
    if !crate::can_watch() {
        return;
    }
    let events = Some(vec![T::SYSCALL_MKDIRAT_X.0]);
    let custom_set = vec!["mkdirat".to_owned()];
    let mut live = Live::open(&Settings { events, custom_set, ..Settings::default() }).unwrap();
    let mut state = State::new(Mode::Live, Limits::default());
    state.load(&live.scan());
    state.set_lookup(Some(Box::new(live.looker().clone())));
    let (reader, writer) = std::io::pipe().unwrap();
    let child = fork(|| {
        let writer = writer;
        for _ in 0..3 {
            crate::child::make_nowhere(c"/nowhere/at/all");
        }
        drop(writer);
        // Stays until the test has seen enough.
        loop {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    });
    let (mut number, mut calls) = (0, 0);
    let mut follow = |event: &Event<'_>, state: &mut State| {
        number += 1;
        state.on_event(event, 0, number);
        calls += usize::from(event.tid() == child && event.event_type() == T::SYSCALL_MKDIRAT_X);
        calls == 3
    };
    until(&mut live, "three calls of the child", |event| follow(event, &mut state));
    let thread = state.thread(child).unwrap();
    assert!(!thread.is_invalid(), "{thread:?}");
    let comm = std::fs::read(format!("/proc/{child}/comm")).unwrap();
    assert_eq!(thread.comm.as_bytes(), comm.strip_suffix(b"\n").unwrap());
    assert_eq!(thread.ptid, i64::from(std::process::id()));
    assert!(state.fds_of(thread).count() >= 3, "with its descriptors");
    assert!(state.stats().found_threads >= 1 && live.looker().looks().asked <= state.stats().unknown_threads);
    crate::child::kill(child);
    drop(reader);
    // One that has ended before anybody looks stays unknown, and is asked for once.
    let gone = fork(|| (0..3).for_each(|_| crate::child::make_nowhere(c"/nowhere/again")));
    wait(gone);
    let (mut number, mut calls) = (1 << 40, 0);
    until(&mut live, "three calls of the other child", |event| {
        number += 1;
        state.on_event(event, 0, number);
        calls += usize::from(event.tid() == gone && event.event_type() == T::SYSCALL_MKDIRAT_X);
        if calls == 1 {
            assert!(state.thread(gone).is_some_and(|thread| thread.is_invalid()));
        }
        calls == 3
    });
    assert!(live.looker().looks().gone >= 1);
}
