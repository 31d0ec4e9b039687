use super::*;
use crate::state::fd::FdType;
use crate::state::flags::o;

#[test]
fn openat_finds_its_directory() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "sub/../file", 0);
    w.openat(100, 4, -100, "/abs//path/", o::DIRECTORY);
    w.openat(100, 5, 4, "inner", 0);
    w.openat(100, 6, 99, "lost", 0);
    w.openat(100, 7, 99, "/known", 0);
    assert_eq!(w.fd_name(100, 3).as_deref(), Some("/data/file"));
    assert_eq!(w.fd_name(100, 4).as_deref(), Some("/abs/path"));
    assert_eq!(w.fd_name(100, 5).as_deref(), Some("/abs/path/inner"));
    assert_eq!(w.fd_name(100, 6).as_deref(), Some("<UNKNOWN>lost"));
    assert_eq!(w.fd_name(100, 7).as_deref(), Some("/known"));
    let dir = w.state.fd_of(w.thread(100), 4).expect("open");
    assert_eq!((dir.ty, dir.raw_name().as_bytes()), (FdType::Directory, &b"/abs/path/"[..]));
}

#[test]
fn the_event_is_about_the_new_descriptor() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "file", o::UPPER_LAYER);
    let fd = w.state.current_fd().expect("open");
    assert_eq!((fd.ty, fd.dev, fd.ino, fd.is_overlay_upper()), (FdType::FileV2, 8, 4711, true));
    assert!(w.state.current().fd_name_changed);
    assert_eq!(w.thread(100).last_fd, 3);
    w.openat(100, -2, -100, "missing", 0);
    assert!(w.state.current_fd().is_none());
    assert_eq!(w.thread(100).last_fd, -1);
}

#[test]
fn open_and_creat_and_handles() {
    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_OPEN_X, &[P::I64(3), P::S("a"), P::U32(1), P::U32(0), P::U32(9), P::U64(10)]);
    w.event(100, T::SYSCALL_CREAT_X, &[P::I64(4), P::S("b"), P::U32(0), P::U32(9), P::U64(10), P::U16(2)]);
    let by_handle = [P::I64(5), P::I64(3), P::U32(0), P::S("/mnt/c"), P::U32(1), P::U64(2)];
    w.event(100, T::SYSCALL_OPEN_BY_HANDLE_AT_X, &by_handle);
    w.event(100, T::SYSCALL_OPEN_X, &[P::I64(6), P::N, P::U32(1), P::U32(0)]);
    assert_eq!(w.fd_name(100, 3).as_deref(), Some("/data/a"));
    assert_eq!(w.fd_name(100, 4).as_deref(), Some("/data/b"));
    assert!(w.state.fd_of(w.thread(100), 4).is_some_and(|fd| fd.is_overlay_lower()));
    assert_eq!(w.fd_name(100, 5).as_deref(), Some("/mnt/c"));
    assert_eq!(w.fd_name(100, 6).as_deref(), Some("/data/<NA>"));
}

#[test]
fn the_path_at_enter_wins_over_the_path_at_exit() {
    let mut w = World::with_shell();
    w.openat(100, 8, -100, "/dir", o::DIRECTORY);
    w.event(100, T::SYSCALL_OPENAT_2_E, &[P::I64(8), P::S("secret"), P::U32(1), P::U32(0)]);
    w.openat(100, 3, -100, "/harmless", 2 | o::F_CREATED);
    let fd = w.state.current_fd().expect("open");
    assert_eq!((&*fd.name(), fd.openflags), (&b"/dir/secret"[..], 1 | o::F_CREATED));
    // Told once, not for the next open.
    w.openat(100, 4, -100, "/other", 0);
    assert_eq!(w.fd_name(100, 4).as_deref(), Some("/other"));
}

#[test]
fn an_enter_event_counts_for_its_own_exit_only() {
    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_OPENAT_2_E, &[P::I64(-100), P::S("/early"), P::U32(1), P::U32(0)]);
    w.event(100, T::SYSCALL_CHDIR_X, &[P::I64(0), P::S("/")]);
    w.openat(100, 3, -100, "/late", 0);
    assert_eq!(w.fd_name(100, 3).as_deref(), Some("/late"));
    w.event(100, T::SYSCALL_OPENAT_2_E, &[P::N, P::N, P::N, P::N]);
    w.openat(100, 4, -100, "/exit", 0);
    assert_eq!(w.fd_name(100, 4).as_deref(), Some("/exit"));
    w.event(100, T::SYSCALL_OPENAT_2_E, &[P::I64(-100), P::S("<NA>"), P::U32(1), P::U32(0)]);
    w.openat(100, 5, -100, "/exit5", 0);
    assert_eq!(w.fd_name(100, 5).as_deref(), Some("/exit5"));
}

#[test]
fn openat2_has_its_numbers_elsewhere() {
    let mut w = World::with_shell();
    let params = [P::I64(3), P::I64(-100), P::S("x"), P::U32(0), P::U32(0), P::U32(1), P::U32(77), P::U64(88)];
    w.event(100, T::SYSCALL_OPENAT2_X, &params);
    let fd = w.state.current_fd().expect("open");
    assert_eq!((fd.dev, fd.ino), (77, 88));
}

#[test]
fn a_name_ends_at_its_nul() {
    let mut w = World::with_shell();
    for name in [&b"/etc/passwd\0/../../../x\0"[..], b"/etc/passwd\0\0", b"/etc/passwd"] {
        let params = [P::I64(3), P::I64(-100), P::B(name.to_vec()), P::U32(0), P::U32(0), P::U32(1), P::U64(2)];
        w.event(100, T::SYSCALL_OPENAT_2_X, &params);
        assert_eq!(w.fd_name(100, 3).as_deref(), Some("/etc/passwd"), "{}", name.escape_ascii());
        assert_eq!(w.state.current_fd().map(|fd| fd.raw_name().clone()), Some("/etc/passwd".into()));
    }
    for name in [&b""[..], b"(NULL)\0"] {
        let params = [P::I64(3), P::I64(-100), P::B(name.to_vec()), P::U32(0), P::U32(0), P::U32(1), P::U64(2)];
        w.event(100, T::SYSCALL_OPENAT_2_X, &params);
        assert_eq!(w.fd_name(100, 3).as_deref(), Some("/data/<NA>"));
    }
}
