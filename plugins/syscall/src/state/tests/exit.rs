use super::*;

#[test]
fn a_thread_goes_at_the_event_after_its_exit() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    w.exit(200, 0);
    assert!(w.state.current_thread().is_some_and(Thread::is_dead));
    w.tick();
    assert!(w.state.thread(200).is_none());
}

#[test]
fn children_go_to_the_reaper_that_the_kernel_names() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    w.fork(200, 300);
    w.exit(200, 100);
    w.tick();
    assert_eq!(w.thread(300).ptid, 100);
    assert_eq!(w.state.ancestor(w.thread(300), 1).map(|t| t.tid), Some(100));
}

#[test]
fn without_a_word_from_the_kernel_children_go_to_a_sibling_thread_a_subreaper_or_init() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    w.spawn(200, 201);
    w.fork(200, 300);
    w.exit(200, -1);
    w.tick();
    assert_eq!(w.thread(300).ptid, 201, "another thread of the process");

    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_PRCTL_X, &[P::I64(0), P::U32(36), P::S(""), P::I64(1)]);
    w.fork(100, 200);
    w.fork(200, 300);
    w.exit(200, -1);
    w.tick();
    assert_eq!(w.thread(300).ptid, 100, "the subreaper");

    let mut w = World::with_shell();
    w.fork(100, 200);
    w.fork(200, 300);
    w.exit(200, 0);
    w.tick();
    assert_eq!(w.thread(300).ptid, 1, "init");
}

#[test]
fn a_dead_main_thread_stays_while_others_live() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    w.spawn(200, 201);
    w.openat(200, 3, -100, "kept", 0);
    w.exit(200, 0);
    w.tick();
    assert!(w.thread(200).is_dead());
    assert_eq!(w.fd_name(201, 3).as_deref(), Some("/data/kept"));
    assert_eq!((w.state.thread_count(w.thread(201)), w.state.other_thread_count(w.thread(201))), (1, 1));
    w.exit(201, 0);
    w.tick();
    assert!(w.state.thread(200).is_none() && w.state.thread(201).is_none());
}

#[test]
fn a_loop_of_parents_ends_every_walk() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    w.fork(200, 300);
    w.state.thread_mut(100).expect("there").ptid = 300;
    let t = w.thread(300);
    assert!(w.state.parents(t).count() <= 4);
    assert!(w.state.ancestors(t).count() <= 4096);
    w.exit(300, -1);
    w.exit(200, -1);
    w.exit(100, -1);
    w.tick();
    assert_eq!(w.state.len(), 1);
}

#[test]
fn leaders_are_found_by_id_outside_namespaces_and_by_descent_inside() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    let sid = |t: &Thread| t.sid;
    assert_eq!(w.state.leader(w.thread(200), sid, true).map(|t| t.tid), Some(100));
    w.clone_event(300, 0, &Child { flags: cl::CHILD_IN_PIDNS, vtid: 9, vpid: 9, ..Child::of(200, 300) });
    assert_eq!(w.state.leader(w.thread(300), sid, true).map(|t| t.tid), Some(100));
    w.event(300, T::SYSCALL_SETSID_X, &[P::I64(9)]);
    assert_eq!(w.state.leader(w.thread(300), sid, true).map(|t| t.tid), Some(300), "a leader is its own");
}
