//! Calls that make, copy, change and close descriptors.

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] = &[
    ("close", close_),
    ("close_range", close_range_),
    ("dup", dups),
    ("fcntl", fcntl_),
    ("pipe", pipes),
    ("eventfd", made),
    ("older calls", older),
    ("memfd_create", memfd),
    ("pidfd", pidfds),
];
const NONE: usize = -1_i32 as u32 as usize;

fn close_(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_close, &[333]);
        c.call(SYS_dup2, &[1, 200]);
        c.call(SYS_close, &[200]);
    });
    seen.expect(T::SYSCALL_CLOSE_X, 0, &[error(EBADF), i64(333)]);
    seen.expect(T::SYSCALL_CLOSE_X, 1, &[i64(0), i64(200)]);
}

fn close_range_(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_close_range, &[900, 901, 4]);
        c.call(SYS_close_range, &[9, 8, 0]);
    });
    seen.expect(T::SYSCALL_CLOSE_RANGE_X, 0, &[i64(0), u32(900), u32(901), u32(4)]);
    seen.expect(T::SYSCALL_CLOSE_RANGE_X, 1, &[error(EINVAL), u32(9), u32(8), u32(0)]);
}

fn dups(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_dup, &[1]);
        c.call(SYS_dup, &[NONE]);
        c.call(SYS_dup2, &[1, 201]);
        c.call(SYS_dup3, &[1, 202, O_CLOEXEC as usize]);
        c.call(SYS_dup3, &[1, 1, 0]);
    });
    seen.expect(T::SYSCALL_DUP_1_X, 0, &[i64(seen.results[0]), i64(1)]);
    seen.expect(T::SYSCALL_DUP_1_X, 1, &[error(EBADF), i64(-1)]);
    seen.expect(T::SYSCALL_DUP2_X, 0, &[i64(201), i64(1), i64(201)]);
    seen.expect(T::SYSCALL_DUP3_X, 0, &[i64(202), i64(1), i64(202), u32(1 << 12)]);
    seen.expect(T::SYSCALL_DUP3_X, 1, &[error(EINVAL), i64(1), i64(1), u32(0)]);
}

fn fcntl_(w: &mut Watch) {
    let commands = [(F_GETFD, 2), (F_GETFL, 4), (F_GETOWN, 12), (11, 15), (F_GETLEASE, 24), (F_GETPIPE_SZ, 29)];
    let seen = w.perform(|c| {
        c.call(SYS_fcntl, &[1, F_DUPFD as usize, 210]);
        c.call(SYS_fcntl, &[1, F_DUPFD_CLOEXEC as usize, 220]);
        c.call(SYS_fcntl, &[999, F_SETFD as usize, 1]);
        for (command, _) in commands {
            c.call(SYS_fcntl, &[1, command as usize, 0]);
        }
    });
    seen.expect(T::SYSCALL_FCNTL_X, 0, &[i64(210), i64(1), u8(1), u64(210u64)]);
    seen.expect(T::SYSCALL_FCNTL_X, 1, &[i64(220), i64(1), u8(26), u64(220u64)]);
    seen.expect(T::SYSCALL_FCNTL_X, 2, &[error(EBADF), i64(999), u8(3), u64(1u64)]);
    for (n, (_, number)) in commands.into_iter().enumerate() {
        seen.expect(T::SYSCALL_FCNTL_X, 3 + n, &[i64(seen.results[3 + n]), i64(1), u8(number), u64(0u64)]);
    }
}

fn pipes(w: &mut Watch) {
    let mut fds = [0_i32; 2];
    let seen = w.perform(|c| {
        c.call(SYS_pipe2, &[at(&fds), (O_CLOEXEC | O_NONBLOCK) as usize]);
        c.call(SYS_pipe2, &[8, 0]);
        fds = [0; 2];
    });
    let event = seen.event(T::SYSCALL_PIPE2_X, 0);
    assert!(event.i64(1) > Some(2) && event.i64(2) > event.i64(1), "{event:?}");
    seen.expect(T::SYSCALL_PIPE2_X, 0, &[i64(0), positive(), positive(), positive(), u32(1 << 12 | 1 << 6)]);
    seen.expect(T::SYSCALL_PIPE2_X, 1, &[error(EFAULT), i64(-1), i64(-1), u64(0u64), u32(0)]);
}

fn made(w: &mut Watch) {
    let mask = 0_u64;
    let seen = w.perform(|c| {
        c.call(SYS_eventfd2, &[7, (O_CLOEXEC | O_NONBLOCK) as usize]);
        c.call(SYS_timerfd_create, &[CLOCK_MONOTONIC as usize, (O_CLOEXEC | O_NONBLOCK) as usize]);
        c.call(SYS_inotify_init1, &[O_NONBLOCK as usize]);
        c.call(SYS_signalfd4, &[NONE, at(&mask), 8, O_CLOEXEC as usize]);
        c.call(SYS_epoll_create1, &[O_CLOEXEC as usize]);
        c.call(SYS_eventfd2, &[7, 1 << 30]);
        c.call(SYS_epoll_create1, &[1]);
        c.call(SYS_userfaultfd, &[1 << 30]);
    });
    let ok = |n: usize| i64(seen.results[n]);
    assert!(seen.results[..5].iter().all(|&r| r > 2), "{:?}", seen.results);
    seen.expect(T::SYSCALL_EVENTFD2_X, 0, &[ok(0), u16(1 << 12 | 1 << 6), u64(7u64)]);
    seen.expect(T::SYSCALL_TIMERFD_CREATE_X, 0, &[ok(1), u8(CLOCK_MONOTONIC), u8(1 << 6)]);
    seen.expect(T::SYSCALL_INOTIFY_INIT1_X, 0, &[ok(2), u16(1 << 6)]);
    seen.expect(T::SYSCALL_SIGNALFD4_X, 0, &[ok(3), u16(1 << 12), i64(-1), u32(0)]);
    seen.expect(T::SYSCALL_EPOLL_CREATE1_X, 0, &[ok(4), u32(1)]);
    seen.expect(T::SYSCALL_EVENTFD2_X, 1, &[error(EINVAL), u16(0), u64(7u64)]);
    seen.expect(T::SYSCALL_EPOLL_CREATE1_X, 1, &[error(EINVAL), u32(0)]);
    seen.expect(T::SYSCALL_USERFAULTFD_X, 0, &[i64(seen.results[7]), u32(0)]);
}

/// Calls that newer ones with flags have followed.
#[cfg(not(target_arch = "x86_64"))]
fn older(_: &mut Watch) {}

#[cfg(target_arch = "x86_64")]
fn older(w: &mut Watch) {
    let (fds, mask) = ([0_i32; 2], 0_u64);
    let seen = w.perform(|c| {
        c.call(SYS_pipe, &[at(&fds)]);
        c.call(SYS_pipe, &[8]);
        c.call(SYS_eventfd, &[7]);
        c.call(SYS_inotify_init, &[]);
        c.call(SYS_signalfd, &[NONE, at(&mask), 8]);
        c.call(SYS_signalfd, &[999, at(&mask), 8]);
        c.call(SYS_epoll_create, &[5]);
        c.call(SYS_epoll_create, &[0]);
        // None is left.
        c.call(SYS_prlimit64, &[0, RLIMIT_NOFILE as usize, at(&[0_u64; 2]), 0]);
        c.call(SYS_eventfd, &[8]);
        c.call(SYS_inotify_init, &[]);
        c.call(SYS_inotify_init1, &[0]);
        c.call(SYS_timerfd_create, &[CLOCK_MONOTONIC as usize, 0]);
        c.call(SYS_signalfd4, &[NONE, at(&mask), 8, 0]);
    });
    let result = |n: usize| i64(seen.results[n]);
    assert!([2, 3, 4, 6].iter().all(|&n| seen.results[n] > 2), "{:?}", seen.results);
    seen.expect(T::SYSCALL_PIPE_X, 0, &[i64(0), positive(), positive(), positive()]);
    seen.expect(T::SYSCALL_PIPE_X, 1, &[error(EFAULT), i64(-1), i64(-1), u64(0u64)]);
    seen.expect(T::SYSCALL_EVENTFD_X, 0, &[result(2), u64(7u64), u32(0)]);
    seen.expect(T::SYSCALL_INOTIFY_INIT_X, 0, &[result(3), u8(0)]);
    seen.expect(T::SYSCALL_SIGNALFD_X, 0, &[result(4), i64(-1), u32(0), u8(0)]);
    seen.expect(T::SYSCALL_SIGNALFD_X, 1, &[error(EBADF), i64(999), u32(0), u8(0)]);
    seen.expect(T::SYSCALL_EPOLL_CREATE_X, 0, &[result(6), i32(5)]);
    seen.expect(T::SYSCALL_EPOLL_CREATE_X, 1, &[error(EINVAL), i32(0)]);
    seen.expect(T::SYSCALL_EVENTFD_X, 1, &[error(EMFILE), u64(8u64), u32(0)]);
    seen.expect(T::SYSCALL_INOTIFY_INIT_X, 1, &[error(EMFILE), u8(0)]);
    seen.expect(T::SYSCALL_INOTIFY_INIT1_X, 0, &[error(EMFILE), u16(0)]);
    seen.expect(T::SYSCALL_TIMERFD_CREATE_X, 0, &[error(EMFILE), u8(CLOCK_MONOTONIC), u8(0)]);
    seen.expect(T::SYSCALL_SIGNALFD4_X, 0, &[error(EMFILE), u16(0), i64(-1), u32(0)]);
}

fn memfd(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_memfd_create, &[at(c"watched"), (MFD_CLOEXEC | MFD_ALLOW_SEALING) as usize]);
        c.call(SYS_memfd_create, &[at(c"watched"), 1 << 30]);
        c.call(SYS_memfd_create, &[0, 0]);
    });
    seen.expect(T::SYSCALL_MEMFD_CREATE_X, 0, &[i64(seen.results[0]), text("watched"), u32(3)]);
    seen.expect(T::SYSCALL_MEMFD_CREATE_X, 1, &[error(EINVAL), text("watched"), u32(0)]);
    seen.expect(T::SYSCALL_MEMFD_CREATE_X, 2, &[error(EFAULT), empty(), u32(0)]);
}

fn pidfds(w: &mut Watch) {
    let parent = std::process::id() as usize;
    let seen = w.perform(|c| {
        let pidfd = c.call(SYS_pidfd_open, &[parent, O_NONBLOCK as usize]);
        c.call(SYS_pidfd_getfd, &[pidfd as usize, 1, 0]);
        c.call(SYS_pidfd_open, &[NONE, 0]);
        c.call(SYS_pidfd_getfd, &[999, 1, 7]);
    });
    let pidfd = seen.results[0];
    seen.expect(T::SYSCALL_PIDFD_OPEN_X, 0, &[i64(pidfd), i64(parent as i64), u32(1)]);
    seen.expect(T::SYSCALL_PIDFD_GETFD_X, 0, &[i64(seen.results[1]), i64(pidfd), i64(1), u32(0)]);
    seen.expect(T::SYSCALL_PIDFD_OPEN_X, 1, &[error(EINVAL), i64(-1), u32(0)]);
    seen.expect(T::SYSCALL_PIDFD_GETFD_X, 1, &[error(EINVAL), i64(999), i64(1), u32(7)]);
}
