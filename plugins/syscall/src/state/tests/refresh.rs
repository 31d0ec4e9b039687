use lanner_plugin_api::wire::Event;

use super::*;
use crate::capture::{Fd as Listed, FdInfo, Group, User};
use crate::state::{Lookup, Refreshed};

fn process(pid: i64, ptid: i64, comm: &str, fds: Vec<Listed>) -> capture::Thread {
    capture::Thread {
        tid: pid,
        pid,
        ptid,
        comm: comm.as_bytes().into(),
        exe: comm.as_bytes().into(),
        exe_ino: comm.len() as u64,
        cwd: b"/"[..].into(),
        fds,
        ..capture::Thread::default()
    }
}

fn file(fd: i64, ino: u64, name: &str) -> Listed {
    Listed { fd, ino, info: FdInfo::File { flags: 1, name: name.as_bytes().into(), dev: 1 } }
}

fn loaded(threads: Vec<capture::Thread>) -> World {
    let mut w = World::new();
    w.state.load(&capture::InitialState { threads, ..capture::InitialState::default() });
    w
}

#[test]
fn what_events_did_not_tell_is_corrected() {
    let parent = process(10, 1, "sh", Vec::new());
    let child = process(20, 10, "sh", vec![file(3, 7, "/kept"), file(4, 8, "/closed"), file(5, 9, "/old")]);
    let mut w = loaded(vec![parent, child.clone()]);
    assert_eq!(w.state.refresh(std::slice::from_ref(&child)), Refreshed::default(), "all is as it was");
    let now = process(20, 10, "cat", vec![file(3, 7, "/renamed"), file(5, 10, "/new"), file(6, 11, "/opened")]);
    let done = w.state.refresh(&[now, process(30, 20, "new", Vec::new())]);
    assert_eq!(done, Refreshed { found: 1, changed: 1, descriptors: 3 });
    let t = w.thread(20);
    assert_eq!((t.comm.as_bytes(), t.exe.as_bytes(), t.exe_ino), (&b"cat"[..], &b"cat"[..], 3));
    let name = |fd| w.state.fd_of(t, fd).map(|fd| fd.name().into_owned());
    assert_eq!(name(3).as_deref(), Some(&b"/kept"[..]), "the same file: what events told is kept");
    assert_eq!((name(4), name(5).as_deref()), (None, Some(&b"/new"[..])));
    assert_eq!(name(6).as_deref(), Some(&b"/opened"[..]));
    assert_eq!(w.thread(30).ptid, 20);
}

#[test]
fn an_orphan_gets_its_new_parent() {
    let mut w = loaded(vec![process(1, 0, "init", vec![]), process(10, 1, "sh", vec![]), process(20, 10, "x", vec![])]);
    assert_eq!(w.state.refresh(&[process(20, 1, "x", vec![])]).changed, 1);
    assert_eq!(w.thread(20).ptid, 1);
    let ancestors: Vec<i64> = w.state.parents(w.thread(20)).map(|t| t.tid).collect();
    assert_eq!(ancestors, [1]);
}

#[test]
fn a_process_that_is_gone_is_forgotten_unless_it_was_heard_of_just_now() {
    let mut w = loaded(vec![process(10, 1, "sh", Vec::new())]);
    w.state.thread_mut(10).unwrap().lastaccess_ts = 100;
    assert!(!w.state.retire(10, 100));
    assert!(w.state.retire(10, 101));
    assert!(w.state.thread(10).is_none() && !w.state.retire(10, 101));
}

/// Knows one process, and counts who asks.
#[derive(Debug)]
struct Knows(i64, std::sync::Arc<std::sync::atomic::AtomicU64>);

impl Lookup for Knows {
    fn find(&mut self, tid: i64) -> Vec<capture::Thread> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if tid == self.0 { vec![process(tid, 1, "known", Vec::new())] } else { Vec::new() }
    }
}

#[test]
fn unknown_threads_are_asked_for_once() {
    let mut w = loaded(Vec::new());
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    w.state.set_lookup(Some(Box::new(Knows(40, asked.clone()))));
    for _ in 0..3 {
        assert!(w.state.find_or_placeholder(40).is_some() && w.state.find_or_placeholder(41).is_some());
    }
    assert_eq!(w.thread(40).comm, "known");
    assert!(w.thread(41).is_invalid());
    let stats = w.state.stats();
    assert_eq!(
        (asked.load(std::sync::atomic::Ordering::Relaxed), stats.unknown_threads, stats.found_threads),
        (2, 2, 1)
    );
    // What was a placeholder becomes a thread when it is looked at later.
    assert_eq!(w.state.refresh(&[process(41, 1, "late", Vec::new())]).found, 1);
    assert_eq!(w.thread(41).comm, "late");
}

#[test]
fn events_make_the_users_that_are_known_those_that_there_are() {
    let mut w = loaded(Vec::new());
    let user = |uid, name: &str| {
        let (home, shell) = (b"/"[..].into(), b"/bin/sh"[..].into());
        User { uid, gid: uid, name: name.as_bytes().into(), home, shell }
    };
    let mut now = |users: &[User], groups: &[Group]| {
        let events = w.state.census(users, groups);
        let mut kinds = Vec::new();
        for event in &events {
            let event = Event::parse(event).unwrap();
            w.state.on_event(&event, 0, 1);
            kinds.push(event.event_type());
        }
        assert!(w.state.census(users, groups).is_empty(), "what was told is known");
        kinds
    };
    let group = |gid, name: &str| Group { gid, name: name.as_bytes().into() };
    let first = now(&[user(1, "a"), user(2, "b"), user(9, "+nis")], &[group(1, "g"), group(2, "h")]);
    assert_eq!(first, [T::USER_ADDED_E, T::USER_ADDED_E, T::GROUP_ADDED_E, T::GROUP_ADDED_E]);
    let long = "n".repeat(70_000);
    let then = now(&[user(2, "c"), user(3, &long)], &[group(1, "g")]);
    assert_eq!(then, [T::USER_DELETED_E, T::USER_ADDED_E, T::USER_ADDED_E, T::GROUP_DELETED_E]);
    assert!(w.state.users.user(b"", 1).is_none() && w.state.users.group(b"", 2).is_none());
    assert_eq!(w.state.users.user(b"", 2).unwrap().name, "c");
    assert_eq!(w.state.users.user(b"", 3).unwrap().name.len(), 255);
}
