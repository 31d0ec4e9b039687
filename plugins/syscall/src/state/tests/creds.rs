use super::*;
use crate::state::flags::ALL_CAPS;

#[test]
fn users_and_groups_of_a_thread() {
    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_SETUID_X, &[P::I64(0), P::U32(7)]);
    w.event(100, T::SYSCALL_SETGID_X, &[P::I64(0), P::U32(8)]);
    assert_eq!((w.thread(100).uid, w.thread(100).gid), (7, 8));
    w.event(100, T::SYSCALL_SETRESUID_X, &[P::I64(0), P::U32(1), P::U32(2), P::U32(3)]);
    w.event(100, T::SYSCALL_SETRESGID_X, &[P::I64(0), P::U32(1), P::U32(4), P::U32(3)]);
    assert_eq!((w.thread(100).uid, w.thread(100).gid), (2, 4));
    w.event(100, T::SYSCALL_SETREUID_X, &[P::I64(0), P::U32(1), P::U32(5)]);
    w.event(100, T::SYSCALL_SETREGID_X, &[P::I64(0), P::U32(1), P::U32(6)]);
    w.event(100, T::SYSCALL_SETUID_X, &[P::I64(-1), P::U32(0)]);
    assert_eq!((w.thread(100).uid, w.thread(100).gid), (5, 6));
}

#[test]
fn capabilities() {
    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_CAPSET_X, &[P::I64(0), P::U64(1), P::U64(2), P::U64(3)]);
    let t = w.thread(100);
    assert_eq!((t.cap_inheritable, t.cap_permitted, t.cap_effective), (1, 2, 3));
    w.event(100, T::SYSCALL_UNSHARE_X, &[P::I64(0), P::U32(cl::CLONE_NEWPID)]);
    assert_eq!(w.thread(100).cap_effective, 3);
    w.event(100, T::SYSCALL_SETNS_X, &[P::I64(0), P::I64(3), P::U32(cl::CLONE_NEWUSER)]);
    assert_eq!(w.thread(100).cap_effective, ALL_CAPS);
}

#[test]
fn limits_sessions_memory() {
    let mut w = World::with_shell();
    w.spawn(100, 101);
    w.event(101, T::SYSCALL_SETRLIMIT_X, &[P::I64(0), P::I64(99), P::I64(100), P::U8(7)]);
    assert_eq!(w.state.fd_limit(w.thread(101)), 99);
    w.event(101, T::SYSCALL_SETRLIMIT_X, &[P::I64(0), P::I64(5), P::I64(100), P::U8(3)]);
    let prlimit = |pid: i64| [P::I64(0), P::I64(55), P::I64(55), P::I64(1), P::I64(1), P::I64(pid), P::U8(7)];
    w.event(100, T::SYSCALL_PRLIMIT_X, &prlimit(1));
    assert_eq!((w.thread(100).fdlimit, w.thread(1).fdlimit), (99, 55));
    w.event(100, T::SYSCALL_PRLIMIT_X, &prlimit(0));
    assert_eq!(w.thread(100).fdlimit, 55);
    w.event(100, T::SYSCALL_SETSID_X, &[P::I64(100)]);
    assert_eq!(w.thread(100).sid, 100);
    w.event(100, T::SYSCALL_BRK_4_X, &[P::U64(0), P::U32(1), P::U32(2), P::U32(3), P::U64(0)]);
    assert_eq!((w.thread(100).vmsize_kb, w.thread(100).vmrss_kb, w.thread(100).vmswap_kb), (1, 2, 3));
    w.event(101, T::SCHEDSWITCH_6_E, &[P::I64(1), P::U64(4), P::U64(5), P::U32(6), P::U32(7), P::U32(8)]);
    assert_eq!((w.thread(101).pfmajor, w.thread(101).pfminor, w.thread(100).vmsize_kb), (4, 5, 6));
}

#[test]
fn users_and_groups_of_containers_come_and_go() {
    let mut w = World::with_shell();
    let added = [P::U32(9), P::U32(8), P::S("eve"), P::S("/home/eve"), P::S("/bin/sh"), P::S("c1")];
    w.event(-1, T::USER_ADDED_E, &added);
    w.event(-1, T::GROUP_ADDED_E, &[P::U32(8), P::S("staff"), P::S("c1")]);
    assert!(w.state.current_thread().is_none() && w.state.thread(-1).is_none());
    let user = w.state.users.user(b"c1", 9).expect("added");
    assert_eq!((user.name.as_bytes(), user.home.as_bytes(), user.gid), (&b"eve"[..], &b"/home/eve"[..], 8));
    assert_eq!(w.state.users.group(b"c1", 8).map(|g| g.name.clone()), Some("staff".into()));
    assert!(w.state.users.user(b"", 9).is_none());
    w.event(-1, T::USER_DELETED_E, &added);
    assert!(w.state.users.user(b"c1", 9).is_none());
    w.state.users.remove_container(b"c1");
    assert!(w.state.users.group(b"c1", 8).is_none());
    w.event(-1, T::USER_ADDED_E, &[P::U32(9), P::U32(8), P::S("+nis"), P::S(""), P::S(""), P::S("")]);
    assert!(w.state.users.user(b"", 9).is_none(), "name-service switches are no users");
}

#[test]
fn long_names_are_cut_and_empty_containers_forgotten() {
    let mut users = crate::state::Users::default();
    let long = crate::state::zstr::ZStr::new(&[b'x'; 3000]);
    let user = crate::state::User { uid: 1, gid: 1, name: long.clone(), home: long.clone(), shell: long.clone() };
    users.add_user(b"c", user);
    users.add_group(b"c", crate::state::Group { gid: 1, name: long });
    let user = users.user(b"c", 1).expect("added");
    assert_eq!((user.name.len(), user.home.len(), user.shell.len()), (255, 1023, 1023));
    assert_eq!((users.iter_users().count(), users.iter_groups().count()), (1, 1));
    users.remove_user(b"c", 1);
    users.remove_group(b"c", 1);
    assert_eq!((users.iter_users().count(), users.iter_groups().count()), (0, 0));
}
