use super::*;
use crate::state::fd::FdType;
use crate::state::flags::{cl, o};

#[test]
fn a_closed_descriptor_goes_at_the_next_event() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "f", 0);
    w.close(100, 3);
    assert_eq!(w.state.current_fd().map(|fd| fd.name()), Some(b"/data/f"[..].into()));
    assert!(!w.state.current().fd_name_changed);
    w.tick();
    assert_eq!(w.fd_name(100, 3), None);
    assert_eq!(w.state.fd_count(w.thread(100)), 0);
    w.openat(100, 3, -100, "f", 0);
    w.event(100, T::SYSCALL_CLOSE_X, &[P::I64(-9), P::I64(3)]);
    w.tick();
    assert!(w.fd_name(100, 3).is_some(), "a failed close closes nothing");
}

#[test]
fn close_range_closes_or_marks() {
    let mut w = World::with_shell();
    for fd in [3, 4, 5, 2000] {
        w.openat(100, fd, -100, "f", 0);
    }
    w.event(100, T::SYSCALL_CLOSE_RANGE_X, &[P::I64(0), P::U32(4), P::U32(5), P::U32(4)]);
    assert!(w.state.fd_of(w.thread(100), 4).is_some_and(|fd| fd.is_close_on_exec()));
    assert!(!w.state.fd_of(w.thread(100), 3).is_some_and(|fd| fd.is_close_on_exec()));
    w.event(100, T::SYSCALL_CLOSE_RANGE_X, &[P::I64(0), P::U32(4), P::U32(u32::MAX), P::U32(0)]);
    let open: Vec<i64> = w.state.fds_of(w.thread(100)).map(|(fd, _)| fd).collect();
    assert_eq!(open, [3]);
}

#[test]
fn duplicates() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "f", o::CLOEXEC);
    w.event(100, T::SYSCALL_DUP2_X, &[P::I64(0), P::I64(3), P::I64(0)]);
    assert_eq!(w.state.current_fd().map(|fd| fd.is_close_on_exec()), Some(false));
    assert!(!w.state.current().fd_name_changed);
    assert_eq!(w.thread(100).last_fd, 0);
    assert!(w.thread(100).flags & cl::PIPE_DST != 0);
    w.event(100, T::SYSCALL_DUP3_X, &[P::I64(9), P::I64(3), P::I64(9), P::U32(o::CLOEXEC)]);
    assert!(w.state.fd_of(w.thread(100), 9).is_some_and(|fd| fd.is_close_on_exec()));
    w.event(100, T::SYSCALL_FCNTL_X, &[P::I64(10), P::I64(3), P::U8(1), P::U64(10)]);
    w.event(100, T::SYSCALL_FCNTL_X, &[P::I64(11), P::I64(3), P::U8(26), P::U64(10)]);
    w.event(100, T::SYSCALL_FCNTL_X, &[P::I64(0), P::I64(3), P::U8(2), P::U64(0)]);
    let cloexec = |fd| w.state.fd_of(w.thread(100), fd).map(|fd| fd.is_close_on_exec());
    assert_eq!((cloexec(10), cloexec(11), cloexec(0)), (Some(false), Some(true), Some(false)));
    assert_eq!(w.fd_name(100, 11).as_deref(), Some("/data/f"));
    w.event(100, T::SYSCALL_FCNTL_X, &[P::I64(0), P::I64(3), P::U8(3), P::U64(0)]);
    assert_eq!(w.state.fd_of(w.thread(100), 3).map(|fd| fd.is_close_on_exec()), Some(false));
}

#[test]
fn pipes_have_two_ends() {
    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_PIPE2_X, &[P::I64(0), P::I64(3), P::I64(4), P::U64(55), P::U32(o::CLOEXEC)]);
    for fd in [3, 4] {
        let fd = w.state.fd_of(w.thread(100), fd).expect("open");
        assert_eq!((fd.ty, fd.ino, fd.is_close_on_exec()), (FdType::Fifo, 55, true));
    }
    assert_eq!(w.thread(100).last_fd, 4);
}

#[test]
fn other_kinds_of_descriptors() {
    let mut w = World::with_shell();
    let cases: [(T, &[P], FdType); 9] = [
        (T::SYSCALL_EVENTFD2_X, &[P::I64(10), P::U16(0), P::U64(0)], FdType::Event),
        (T::SYSCALL_SIGNALFD4_X, &[P::I64(10), P::U16(0), P::I64(-1), P::U32(0)], FdType::Signalfd),
        (T::SYSCALL_TIMERFD_CREATE_X, &[P::I64(10), P::U8(0), P::U8(0)], FdType::Timerfd),
        (T::SYSCALL_INOTIFY_INIT1_X, &[P::I64(10), P::U16(0)], FdType::Inotify),
        (T::SYSCALL_BPF_2_X, &[P::I64(10), P::U32(0)], FdType::Bpf),
        (T::SYSCALL_USERFAULTFD_X, &[P::I64(10), P::U32(0)], FdType::Userfaultfd),
        (T::SYSCALL_IO_URING_SETUP_X, &[P::I64(10)], FdType::IoUring),
        (T::SYSCALL_EPOLL_CREATE_X, &[P::I64(10)], FdType::Eventpoll),
        (T::SYSCALL_MEMFD_CREATE_X, &[P::I64(10), P::S("mem"), P::U32(0)], FdType::Memfd),
    ];
    for (code, params, ty) in cases {
        w.event(100, code, params);
        assert_eq!(w.state.current_fd().map(|fd| fd.ty), Some(ty), "{}", code.name());
        assert_eq!(w.state.fd_of(w.thread(100), 10).map(|fd| fd.ty), Some(ty));
    }
    w.event(100, T::SYSCALL_EPOLL_CREATE_X, &[P::I64(-24)]);
    assert!(w.state.current_fd().is_none());
}

#[test]
fn process_handles_lead_to_other_descriptors() {
    let mut w = World::with_shell();
    w.openat(1, 8, -100, "/init.log", 0);
    w.event(100, T::SYSCALL_PIDFD_OPEN_X, &[P::I64(3), P::I64(1), P::U32(0)]);
    assert_eq!(w.fd_name(100, 3).as_deref(), Some("/proc/1"));
    w.event(100, T::SYSCALL_PIDFD_GETFD_X, &[P::I64(4), P::I64(3), P::I64(8), P::U32(0)]);
    assert_eq!(w.fd_name(100, 4).as_deref(), Some("/init.log"));
    assert!(w.state.fd_of(w.thread(100), 4).is_some_and(|fd| fd.is_close_on_exec()));
}

#[test]
fn events_find_their_descriptor() {
    let mut w = World::with_shell();
    w.openat(100, 3, -100, "f", 0);
    w.event(100, T::SYSCALL_READ_X, &[P::I64(1), P::B(vec![b'x']), P::I64(3), P::U32(1)]);
    assert_eq!(w.state.current_fd().map(|fd| fd.name()), Some(b"/data/f"[..].into()));
    assert_eq!(w.thread(100).last_fd, 3);
    w.event(100, T::SYSCALL_READ_X, &[P::I64(-9), P::B(vec![]), P::I64(44), P::U32(1)]);
    assert!(w.state.current_fd().is_none());
    assert_eq!(w.thread(100).last_fd, 44);
}

#[test]
fn directories() {
    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_CHDIR_X, &[P::I64(0), P::S("a/../b")]);
    assert_eq!(w.state.cwd(w.thread(100)), &"/data/b/");
    w.event(100, T::SYSCALL_CHDIR_X, &[P::I64(-2), P::S("/nowhere")]);
    assert_eq!(w.state.cwd(w.thread(100)), &"/data/b/");
    w.openat(100, 3, -100, "/srv", o::DIRECTORY);
    w.event(100, T::SYSCALL_FCHDIR_X, &[P::I64(0), P::I64(3)]);
    assert_eq!(w.state.cwd(w.thread(100)), &"/srv/");
    w.event(100, T::SYSCALL_GETCWD_X, &[P::I64(6), P::S("/real")]);
    assert_eq!(w.state.cwd(w.thread(100)), &"/real/");
    w.event(100, T::SYSCALL_CHROOT_X, &[P::I64(0), P::S("jail")]);
    assert_eq!(w.thread(100).root, "/real/jail");
    w.event(100, T::SYSCALL_CHROOT_X, &[P::I64(0), P::S("/jail")]);
    assert_eq!(w.thread(100).root, "/jail");
}

#[test]
fn failed_calls_make_no_descriptor() {
    let mut w = World::with_shell();
    w.event(100, T::SYSCALL_MEMFD_CREATE_X, &[P::I64(-24), P::S("m"), P::U32(0)]);
    w.event(100, T::SYSCALL_PIDFD_OPEN_X, &[P::I64(-3), P::I64(1), P::U32(0)]);
    w.event(100, T::SYSCALL_PIPE2_X, &[P::I64(-24), P::I64(3), P::I64(4), P::U64(0), P::U32(0)]);
    assert!(w.state.current_fd().is_none());
    assert_eq!((w.state.fd_count(w.thread(100)), w.thread(100).last_fd), (0, -1));
}

#[test]
fn a_file_that_gets_another_name_keeps_its_path_as_passed() {
    use crate::state::fd::{Fd, Naming};
    let mut fd = Fd::file(FdType::FileV2, "/etc/passwd".into(), None);
    assert_eq!((fd.raw_name().as_bytes(), fd.name_bytes()), (&b"/etc/passwd"[..], fd.text.held()));
    fd.rename(Naming::Kept, "/other".into());
    assert_eq!((&*fd.name(), fd.raw_name().as_bytes()), (&b"/other"[..], &b"/etc/passwd"[..]));
    assert_eq!(fd.name_bytes(), fd.text.held() + fd.raw_name().held());
    let relative = Fd::file(FdType::FileV2, "/etc/passwd".into(), Some("passwd".into()));
    assert_eq!(relative.raw_name().as_bytes(), b"passwd");
}
