//! Events that no kernel sends: nothing may panic, hang or grow without bound.

use super::*;
use crate::state::{User, zstr::ZStr};
use lanner_plugin_api::schema::EVENTS;

#[test]
fn every_code_with_every_shape_of_parameters() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "f", 0);
    let shapes: [&dyn Fn(usize) -> P; 9] = [
        &|_| P::N,
        &|_| P::I64(3),
        &|_| P::I64(-1),
        &|_| P::I64(i64::MIN),
        &|_| P::U32(u32::MAX),
        &|_| P::U8(255),
        &|_| P::S("../../x"),
        &|i| P::B(vec![i as u8; 37]),
        &|i| if i == 0 { P::I64(3) } else { P::B(vec![2; 13]) },
    ];
    for code in 0..=EVENTS.len() as u16 + 1 {
        let code = T(code);
        let params = code.param_count().unwrap_or(3);
        for n in [params, params.saturating_sub(1), 0] {
            for shape in shapes {
                let values: Vec<P> = (0..n).map(shape).collect();
                for tid in [100, -1, 7777, i64::MAX, i64::MIN] {
                    w.event(tid, code, &values);
                }
            }
        }
    }
    w.openat(100, 3, -100, "f", 0);
    assert_eq!(w.fd_name(100, 3).as_deref().map(|n| n.ends_with("/f")), Some(true), "the state still works");
}

#[test]
fn endless_clones_fill_the_table_and_no_more() {
    let mut w = World::with_shell();
    let limits = Limits { threads: 1000, ..Limits::default() };
    w.state = State::new(Mode::Capture, limits);
    for tid in 1..5000 {
        w.clone_event(tid, tid + 1, &Child { pid: tid, vtid: tid, vpid: tid, ..Child::of(1, tid) });
    }
    assert!(w.state.len() <= 1000);
    assert!(w.state.stats().refused_threads > 3000);
    for tid in 1..5000 {
        w.exit(tid, 0);
    }
    w.tick();
    assert!(w.state.len() <= 2, "{} threads stay", w.state.len());
    assert!(w.state.fds_of(w.thread(1)).next().is_none());
}

#[test]
fn endless_opens_fill_the_table_and_no_more() {
    let mut w = World::with_shell();
    for fd in 0..6000 {
        w.openat(100, fd, -100, "f", 0);
    }
    assert_eq!(w.state.fd_count(w.thread(100)), crate::state::MAX_FDS);
    assert_eq!(w.state.refused_fds(), 6000 - crate::state::MAX_FDS as u64);
    for fd in 0..6000 {
        w.close(100, fd);
    }
    w.tick();
    assert_eq!(w.state.fd_count(w.thread(100)), 0);
    w.openat(100, i64::MAX, -100, "far", 0);
    assert_eq!(w.fd_name(100, i64::MAX).as_deref(), Some("/data/far"));
}

#[test]
fn memory_for_descriptors_of_all_processes_is_bounded() {
    let mut w = World::with_shell();
    w.state = State::new(Mode::Capture, Limits { fd_bytes: 100_000, ..Limits::default() });
    for tid in 1..50 {
        for fd in 0..100 {
            w.openat(tid, fd, -100, "/some/file/with/a/name", 0);
            // A table grows by doubling: it may be over by as much as the last one grew.
            assert!(w.state.bytes().fds < 125_000, "{}", w.state.bytes().fds);
        }
    }
    let kept: u64 = (1..50).map(|tid| w.state.fds_of(w.thread(tid)).count() as u64).sum();
    assert_eq!(kept + w.state.refused_fds() + w.state.shed_fds(), 4900, "every one is kept or counted");
    assert!((100..1000).contains(&kept), "{kept}");
    for tid in 1..50 {
        w.exit(tid, 0);
    }
    w.tick();
    assert_eq!(w.state.bytes().fds, 0, "what is counted is given back");
}

#[test]
fn a_program_that_opens_without_end_does_not_blind_others() {
    let mut w = World::with_shell();
    w.state = State::new(Mode::Capture, Limits { fd_bytes: 1 << 20, ..Limits::default() });
    let name = String::leak("/".to_owned() + &"n".repeat(3000));
    for fd in 0..1000 {
        w.openat(1, fd, -100, name, 0);
    }
    assert!(
        w.state.refused_fds() > 500 && w.state.shed_fds() == 0,
        "it has all of the memory, as nobody else wants any"
    );
    for tid in 2..100 {
        for fd in 0..10 {
            w.openat(tid, fd, -100, "/etc/passwd", 0);
        }
        w.openat(1, tid, -100, name, 0);
    }
    for tid in 2..100 {
        assert_eq!(w.state.fds_of(w.thread(tid)).count(), 10, "of {tid}");
    }
    assert!(w.state.shed_fds() > 100);
    assert!(w.state.bytes().fds <= 1 << 20);
}

#[test]
fn copies_of_large_tables_are_bounded() {
    let mut w = World::with_shell();
    w.state = State::new(Mode::Capture, Limits { fd_bytes: 4 << 20, ..Limits::default() });
    w.event(1, T::GENERIC_X, &[P::U16(1), P::U16(1)]);
    for fd in 0..1000 {
        w.openat(1, fd, -100, "/some/file", 0);
    }
    for tid in 2..200 {
        w.fork(1, tid);
        w.openat(tid, 5, -100, "/own", 0);
        w.close(tid, 3);
        assert!(w.state.bytes().fds <= 4 << 20, "{}", w.state.bytes().fds);
    }
    assert!(w.state.refused_fds() + w.state.shed_fds() > 10_000);
    w.openat(500, 5, -100, "/own", 0);
    let small = w.state.fds_of(w.thread(500)).map(|(fd, _)| fd).collect::<Vec<_>>();
    assert_eq!(small, [5], "who holds little gets room");
}

#[test]
fn stored_enter_events_are_bounded() {
    let mut w = World::with_shell();
    w.state = State::new(Mode::Capture, Limits { enter_bytes: 10_000, ..Limits::default() });
    for tid in 1..1000 {
        w.event(tid, T::SYSCALL_OPENAT_2_E, &[P::I64(-100), P::S("/a/path"), P::U32(1), P::U32(0)]);
    }
    let stats = w.state.stats();
    assert!(stats.refused_enters > 0 && stats.stored_enters > 10, "{stats:?}");
    w.openat(1, 3, -100, "/exit", 0);
    assert_eq!(w.fd_name(1, 3).as_deref(), Some("/a/path"));
    w.event(999, T::SYSCALL_OPENAT_2_E, &[P::I64(-100), P::S("/room"), P::U32(1), P::U32(0)]);
    assert_eq!(w.state.stats().refused_enters, stats.refused_enters, "a used one makes room");
}

#[test]
fn a_process_that_is_its_own_parent() {
    let mut w = World::with_shell();
    w.clone_event(300, 0, &Child { ptid: 300, ..Child::of(100, 300) });
    w.clone_event(301, 0, &Child { ptid: 300, ..Child::of(300, 301) });
    assert!(w.state.parents(w.thread(301)).count() < 5);
    w.exit(300, 300);
    w.exit(301, 301);
    w.tick();
    assert!(w.state.thread(300).is_none() && w.state.thread(301).is_none());
}

#[test]
fn memory_for_strings_of_all_threads_is_bounded() {
    let mut w = World::with_shell();
    w.state = State::new(Mode::Capture, Limits { thread_bytes: 400_000, ..Limits::default() });
    w.fork(1, 2);
    for _ in 0..100 {
        w.exec(2, |p| p[15] = P::B(vec![b'e'; 4000]));
    }
    assert_eq!(w.thread(2).env.as_bytes().len(), 4001, "one process's execs follow each other");
    for tid in 10..200 {
        w.fork(1, tid);
        w.exec(tid, |p| p[15] = P::B(vec![b'e'; 4000]));
    }
    let env: usize = w.state.threads().map(|t| t.env.as_bytes().len()).sum();
    let stats = w.state.stats();
    assert!(env < 400_000 && stats.shed_environments + stats.trimmed_execs > 50, "{env} {stats:?}");
    assert!(w.state.bytes().threads <= 400_000);
    for tid in 10..200 {
        w.exit(tid, 0);
    }
    w.fork(1, 300);
    w.exec(300, |_| {});
    assert_eq!(w.thread(300).env.count(), 2, "exits make room");
}

#[test]
fn a_live_table_is_purged_of_what_is_gone() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    w.event(900, T::GENERIC_X, &[P::U16(1), P::U16(1)]);
    let now = w.ts;
    assert_eq!(w.state.purge(now, SECOND, |pid, _, _| pid == 1), 1, "a placeholder goes at once, others when idle");
    w.wait(10 * SECOND);
    w.event(100, T::GENERIC_X, &[P::U16(1), P::U16(1)]);
    let now = w.ts;
    assert_eq!(w.state.purge(now, SECOND, |pid, _, comm| pid == 1 && comm == b"init"), 1);
    assert!(w.state.thread(200).is_none() && w.state.thread(100).is_some() && w.state.thread(1).is_some());
}

#[test]
fn what_is_worth_least_goes_first() {
    let mut w = World::with_shell();
    w.state = State::new(Mode::Capture, Limits { thread_bytes: 200_000, ..Limits::default() });
    w.fork(1, 2);
    w.exec(2, |p| p[15] = P::B(vec![b'c'; 4000]));
    w.fork(1, 3);
    for tid in 1000..1400 {
        w.event(tid, T::GENERIC_X, &[P::U16(1), P::U16(1)]);
        w.tick();
    }
    let stats = w.state.stats();
    assert!(stats.shed_placeholders > 50 && stats.refused_threads == 0, "{stats:?}");
    assert_eq!(stats.shed_environments, 0, "placeholders are worth less");
    for tid in 10..100 {
        w.fork(3, tid);
        w.exec(tid, |p| p[15] = P::B(vec![b'e'; 4000]));
    }
    let stats = w.state.stats();
    assert!(stats.shed_environments > 20 && stats.refused_threads == 0, "{stats:?}");
    assert!(w.thread(2).env.is_empty(), "the one that was quiet for longest");
    assert!((10..100).all(|tid| w.state.thread(tid).is_some_and(|t| !t.is_invalid())), "none that lives goes");
    assert!(w.state.bytes().threads <= 200_000);
    for tid in 100..400 {
        w.fork(3, tid);
    }
    assert!(w.state.stats().refused_threads > 100, "newcomers are refused when nothing else is left");
    assert!((10..100).all(|tid| w.state.thread(tid).is_some()) && w.state.bytes().threads <= 200_000);
}

#[test]
fn memory_for_users_is_bounded() {
    let mut users = crate::state::Users::bounded(100_000);
    let user = |uid: u32| User { uid, gid: 0, name: "n".into(), home: ZStr::new(&[b'h'; 900]), shell: ZStr::EMPTY };
    for uid in 0..1000 {
        users.add_user(b"c", user(uid));
        assert!(users.bytes() <= 100_000);
    }
    assert!(users.refused() > 900);
    users.add_user(b"c", user(0));
    users.remove_user(b"c", 1);
    users.remove_container(b"c");
    assert_eq!(users.bytes(), 0);
}

/// Resident memory of this process, bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a resident process");
    line.trim().split(' ').next().and_then(|kb| kb.parse::<usize>().ok()).expect("a number") << 10
}

/// What is counted is what is taken: under a load of many times the limit the process does not grow by more than the limit and a
/// quarter, which is for what the allocator cannot use.
#[test]
fn a_load_beyond_the_limit_stays_below_it() {
    const LIMIT: usize = 32 << 20;
    let mut w = World::with_shell();
    let before = resident();
    w.state = State::new(Mode::Capture, Limits::within(LIMIT));
    let (mut fed, mut most) = (0, 0);
    for tid in 1_000..1_100 {
        w.fork(1, tid);
        w.exec(tid, |p| p[15] = P::B(vec![b'e'; 4000]));
        for fd in 0..1_500 {
            let path = format!("/{tid}/{fd}/{:0>900}\0", fd).into_bytes();
            fed += path.len();
            let params = [P::I64(fd), P::I64(-100), P::B(path), P::U32(0), P::U32(0), P::U32(8), P::U64(4711)];
            w.event(tid, T::SYSCALL_OPENAT_2_X, &params);
        }
        most = most.max(resident().saturating_sub(before));
    }
    for tid in 10_000..60_000 {
        w.event(tid * 64, T::GENERIC_X, &[P::U16(1), P::U16(1)]);
        fed += 500;
    }
    for tid in 5_000..8_000 {
        w.fork(1, tid);
        w.exec(tid, |p| p[15] = P::B(vec![b'e'; 4000]));
        fed += 4_000;
    }
    most = most.max(resident().saturating_sub(before));
    assert!(fed > 5 * LIMIT, "the load is {fed} bytes");
    assert!(most < LIMIT + LIMIT / 4, "grown by {most} bytes");
    let (bytes, stats) = (w.state.bytes(), w.state.stats());
    assert!(bytes.threads + bytes.fds + bytes.enters + bytes.users <= LIMIT, "{bytes:?}");
    assert!(w.state.refused_fds() + w.state.shed_fds() > 100_000);
    assert!(stats.shed_placeholders > 30_000, "{stats:?}");
    assert!(stats.shed_environments + stats.trimmed_execs + stats.refused_threads > 100, "{stats:?}");
}
