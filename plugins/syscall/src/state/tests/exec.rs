use super::*;
use crate::state::flags::o;

#[test]
fn an_exec_renews_the_process() {
    let mut w = World::with_shell();
    w.fork(100, 200);
    w.exec(200, |_| {});
    let t = w.thread(200);
    assert_eq!(
        (t.comm.as_bytes(), t.exe.as_bytes(), t.exepath.as_bytes()),
        (&b"ls"[..], &b"ls"[..], &b"/usr/bin/ls"[..])
    );
    assert_eq!(t.cmdline(), &"ls -l /tmp");
    assert_eq!(t.env.iter().collect::<Vec<_>>(), [&b"A=1"[..], b"B=2"]);
    assert_eq!((t.tty, t.vpgid, t.pgid, t.loginuid, t.uid, t.gid), (34816, 77, 78, 1001, 0, 50));
    assert_eq!((t.exe_writable, t.exe_upper_layer, t.exe_from_memfd, t.exe_lower_layer), (true, true, false, true));
    assert_eq!((t.cap_inheritable, t.cap_permitted, t.cap_effective), (0, 5, 6));
    assert_eq!((t.exe_ino, t.exe_ino_ctime_duration_clone_ts), (123, Some(t.clone_ts - 1_600_000_000 * SECOND)));
    assert_eq!((t.vmsize_kb, t.vmrss_kb, t.vmswap_kb, t.pfmajor, t.pfminor), (300, 200, 100, 3, 4));
    assert_eq!((t.lastexec_ts, t.fdlimit), (w.ts, 4096));
}

#[test]
fn a_failed_exec_changes_nothing() {
    let mut w = World::with_shell();
    w.exec(100, |p| p[0] = P::I64(-2));
    assert_eq!(w.thread(100).comm, "bash");
}

#[test]
fn close_on_exec_descriptors_go_and_others_stay() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "stays", 0);
    w.openat(100, 4, -100, "goes", o::CLOEXEC);
    w.event(100, T::SYSCALL_EPOLL_CREATE1_X, &[P::I64(5), P::U32(1)]);
    w.event(100, T::SYSCALL_MEMFD_CREATE_X, &[P::I64(6), P::S("m"), P::U32(1)]);
    w.exec(100, |_| {});
    let open: Vec<i64> = w.state.fds_of(w.thread(100)).map(|(fd, _)| fd).collect();
    assert_eq!(open, [3]);
}

#[test]
fn an_exec_ends_the_other_threads() {
    let mut w = World::with_shell();
    w.spawn(100, 101);
    w.spawn(100, 102);
    w.exec(100, |_| {});
    assert_eq!(w.state.thread_count(w.thread(100)), 1);
    assert!(w.state.thread(101).is_none() && w.state.thread(102).is_none());
}

#[test]
fn an_exec_of_another_thread_revives_the_dead_main_thread() {
    let mut w = World::with_shell();
    w.spawn(100, 101);
    w.exit(100, 0);
    w.exec(100, |_| {});
    assert!(!w.thread(100).is_dead());
    assert_eq!(w.state.thread_count(w.thread(100)), 1);
}

#[test]
fn a_placeholder_becomes_a_process() {
    let mut w = World::with_shell();
    w.event(900, T::GENERIC_X, &[P::U16(1), P::U16(1)]);
    w.exec(900, |p| p[5] = P::I64(100));
    let t = w.thread(900);
    assert_eq!((t.pid, t.ptid, t.vtid, t.vpid, t.is_invalid()), (900, 100, 900, 900, false));
    assert_eq!(w.state.ancestor(t, 1).map(|p| p.tid), Some(100));
}

#[test]
fn missing_values_of_old_captures() {
    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_EXECVE_19_E, &[P::S("../bin/tool")]);
    w.exec(100, |p| {
        p[13] = P::N;
        p[27] = P::N;
        p[28] = P::N;
        p[24] = P::N;
    });
    let t = w.thread(100);
    assert_eq!(t.comm, "ls", "exe stands in for comm");
    assert_eq!(t.exepath, "/bin/tool", "rebuilt from the enter event");
    assert_eq!((t.pgid, t.exe_ino), (-1, 0));
}

#[test]
fn a_removed_executable_is_named_without_the_kernels_mark() {
    let mut w = World::with_shell();
    w.exec(100, |p| p[27] = P::S("/tmp/x (deleted)"));
    assert_eq!(w.thread(100).exepath, "/tmp/x");
}

#[test]
fn execveat_may_name_its_file_by_descriptor() {
    let mut w = World::with_shell();
    w.openat(100, 7, -100, "tools", o::DIRECTORY);
    w.event(100, T::SYSCALL_EXECVEAT_E, &[P::I64(7), P::S("run"), P::U32(0)]);
    w.exec(100, |p| p[27] = P::N);
    assert_eq!(w.thread(100).exepath, "/data/tools/run");
    w.event(100, T::SYSCALL_EXECVEAT_E, &[P::I64(7), P::S(""), P::U32(1)]);
    w.exec(100, |p| p[27] = P::N);
    assert_eq!(w.thread(100).exepath, "/data/tools");
    w.event(100, T::SYSCALL_EXECVEAT_E, &[P::I64(55), P::S("run"), P::U32(0)]);
    w.exec(100, |p| p[27] = P::N);
    assert_eq!(w.thread(100).exepath, "<NA>");
}
