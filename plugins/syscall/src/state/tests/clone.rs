use super::*;

#[test]
fn the_callers_view_makes_the_child_with_what_the_parent_has() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "notes", 0);
    w.clone_event(100, 200, &Child { pid: 100, ptid: 1, vtid: 100, vpid: 100, ..Child::of(100, 200) });
    let child = w.thread(200);
    assert_eq!((child.pid, child.ptid, child.vtid, child.vpid), (200, 100, 200, 200));
    assert_eq!((child.sid, child.vpgid, child.pgid, child.uid, child.gid), (100, 100, 100, 1000, 1000));
    assert_eq!(child.exepath, "/usr/bin/bash");
    assert_eq!(child.cmdline(), &"bash -x");
    assert_eq!((child.clone_ts, child.lastexec_ts, child.fdlimit), (w.ts, 0, 1024));
    assert_eq!(child.cgroups.path(b"blkio"), Some(&b"/b\0"[..]));
    assert_eq!(w.state.cwd(child), &"/data/");
    assert_eq!(w.state.env(child).iter().collect::<Vec<_>>(), [&b"HOME=/root"[..], b"LANG=C"]);
    assert_eq!(w.fd_name(200, 3).as_deref(), Some("/data/notes"));
    assert_eq!(w.state.current_thread().map(|t| t.tid), Some(100));
}

#[test]
fn the_childs_view_alone_makes_it_and_the_late_caller_leaves_it() {
    let mut w = World::with_shell();
    let c = Child::of(100, 200);
    w.clone_event(200, 0, &c);
    assert_eq!(w.state.current_thread().map(|t| t.tid), Some(200));
    assert!(w.thread(200).flags & cl::CLONE_INVERTED != 0);
    let serial = w.thread(200).serial;
    w.clone_event(100, 200, &Child { comm: "other", ..c });
    assert_eq!((w.thread(200).serial, w.thread(200).comm.as_bytes()), (serial, &b"bash"[..]));
}

#[test]
fn the_caller_leaves_children_to_themselves_where_it_cannot_know() {
    for flags in [cl::CHILD_IN_PIDNS, cl::CLONE_NEWPID, cl::CLONE_PARENT, cl::CLONE_VFORK] {
        let mut w = World::with_shell();
        w.clone_event(100, 200, &Child { flags, ..Child::of(100, 200) });
        assert!(w.state.thread(200).is_none(), "flags {flags:x}");
    }
    let mut w = World::with_shell();
    w.clone_event(100, 200, &Child { code: T::SYSCALL_VFORK_20_X, ..Child::of(100, 200) });
    assert!(w.state.thread(200).is_none());
}

#[test]
fn failed_clones_and_unknown_children_change_nothing() {
    let mut w = World::with_shell();
    w.clone_event(100, -11, &Child::of(100, 200));
    assert_eq!(w.state.len(), 2);
}

#[test]
fn threads_share_descriptors_directory_and_environment() {
    let mut w = World::with_shell();
    w.spawn(100, 101);
    w.openat(101, 5, -100, "shared", 0);
    assert_eq!(w.fd_name(100, 5).as_deref(), Some("/data/shared"));
    w.event(101, T::SYSCALL_CHDIR_X, &[P::I64(0), P::S("sub")]);
    assert_eq!(w.state.cwd(w.thread(100)), &"/data/sub/");
    let t = w.thread(101);
    assert_eq!((t.pid, t.ptid, t.is_main_thread()), (100, 1, false));
    assert_eq!(w.state.main_thread(t).map(|m| m.tid), Some(100));
    assert_eq!(w.state.env(t).count(), 2);
    assert_eq!((w.state.thread_count(t), w.state.other_thread_count(t)), (2, 1));
}

#[test]
fn a_fork_shares_descriptors_until_one_side_changes_its_own() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "a", 0);
    w.fork(100, 200);
    w.openat(200, 4, -100, "b", 0);
    w.close(100, 3);
    w.tick();
    assert_eq!((w.fd_name(100, 3), w.fd_name(100, 4)), (None, None));
    assert_eq!(w.fd_name(200, 3).as_deref(), Some("/data/a"));
    assert_eq!(w.fd_name(200, 4).as_deref(), Some("/data/b"));
    w.event(100, T::SYSCALL_CHDIR_X, &[P::I64(0), P::S("/elsewhere")]);
    assert_eq!(w.state.cwd(w.thread(200)), &"/data/");
}

#[test]
fn a_stale_entry_of_the_childs_number_is_replaced() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    w.exec(200, |_| {});
    w.clone_event(100, 200, &Child::of(100, 200));
    assert_eq!(w.thread(200).comm, "bash");

    w.wait(3 * SECOND);
    w.clone_event(200, 0, &Child { comm: "again", ..Child::of(1, 200) });
    assert_eq!((w.thread(200).comm.as_bytes(), w.thread(200).ptid), (&b"again"[..], 1));
}

#[test]
fn a_child_that_has_come_and_gone_is_not_brought_back() {
    let mut w = World::with_shell();
    let c = Child::of(100, 200);
    w.clone_event(200, 0, &c);
    w.exit(200, 0);
    w.tick();
    w.clone_event(100, 200, &c);
    assert!(w.state.thread(200).is_none());
    w.wait(3 * SECOND);
    w.clone_event(100, 200, &c);
    assert!(w.state.thread(200).is_some());
}

#[test]
fn an_unknown_caller_is_filled_in_from_its_child() {
    let mut w = World::with_shell();
    w.clone_event(500, 501, &Child { pid: 500, ptid: 100, vtid: 500, vpid: 500, ..Child::of(500, 501) });
    let caller = w.thread(500);
    assert_eq!((caller.pid, caller.ptid, caller.comm.as_bytes()), (500, 100, &b"bash"[..]));
    assert_eq!(w.state.ancestor(w.thread(501), 2).map(|t| t.tid), Some(100));
}

#[test]
fn the_start_of_a_pid_namespace_comes_from_the_childs_view() {
    let mut w = World::with_shell();
    let c = Child { flags: cl::CLONE_NEWPID, vtid: 1, vpid: 1, ..Child::of(100, 200) };
    w.clone_event(200, 0, &c);
    assert_eq!(w.thread(200).pidns_init_start_ts, 7);
    assert!(w.thread(200).is_in_pid_namespace());
}

#[test]
fn unknown_threads_get_a_placeholder_unless_they_are_being_made() {
    let mut w = World::with_shell();
    w.event(900, T::GENERIC_X, &[P::U16(1), P::U16(1)]);
    let t = w.thread(900);
    assert_eq!((t.comm.as_bytes(), t.exe.as_bytes(), t.pid, t.uid), (&b"<NA>"[..], &b"<NA>"[..], -1, u32::MAX));
    assert!(t.is_invalid());
    w.exit(901, 0);
    w.event(902, T::SCHEDSWITCH_6_E, &[P::I64(1), P::U64(0), P::U64(0), P::U32(0), P::U32(0), P::U32(0)]);
    assert!(w.state.thread(901).is_none() && w.state.thread(902).is_none());
    assert!(w.state.current_thread().is_none());
}
