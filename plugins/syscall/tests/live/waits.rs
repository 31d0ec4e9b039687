//! Calls that wait.

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] = &[("poll", polls), ("futex", futexes), ("sleep", sleeps)];

/// `struct pollfd`.
fn polled(fd: i32, wanted: i16) -> pollfd {
    pollfd { fd, events: wanted, revents: 0 }
}

/// A list of descriptors as events carry it.
fn list(of: &[(i64, u16)]) -> Want {
    let mut list = u16::try_from(of.len()).unwrap().to_le_bytes().to_vec();
    for (fd, flags) in of {
        list.extend(fd.to_le_bytes());
        list.extend(flags.to_le_bytes());
    }
    bytes(list)
}

fn polls(w: &mut Watch) {
    let pipe = [0_i32; 2];
    let time = [5_i64, 5];
    let mask = 0x402_u64;
    let mut many = [polled(-1, 0); 20];
    many[15] = polled(900, POLLIN);
    let seen = w.perform(|c| {
        c.call(SYS_pipe2, &[at(&pipe), 0]);
        let [reader, writer] = *std::hint::black_box(&pipe);
        let fds = [polled(reader, POLLIN), polled(writer, POLLOUT | POLLWRNORM), polled(999, POLLIN)];
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_poll, &[at(&fds), 3, -1_i32 as u32 as usize]);
            c.call(SYS_poll, &[at(&many), 20, 0]);
            c.call(SYS_poll, &[8, 3, 0]);
        }
        c.call(SYS_ppoll, &[at(&fds), 2, at(&time), at(&mask), 8]);
        c.call(SYS_ppoll, &[8, 1, 0, 0, 8]);
        c.call(SYS_ppoll, &[at(&fds), 1, at(&[0_i64; 2]), at(&mask), 8]);
    });
    let pair = seen.event(T::SYSCALL_PIPE2_X, 0);
    let (reader, writer) = (pair.i64(1).unwrap(), pair.i64(2).unwrap());
    if cfg!(target_arch = "x86_64") {
        let ready = list(&[(reader, 0), (writer, 1 << 2 | 1 << 9), (999, 1 << 6)]);
        seen.expect(T::SYSCALL_POLL_X, 0, &[i64(2), ready, i64(-1)]);
        let mut sixteen = [(-1_i64, 0_u16); 16];
        sixteen[15] = (900, 1 << 6);
        seen.expect(T::SYSCALL_POLL_X, 1, &[i64(1), list(&sixteen), i64(0)]);
        seen.expect(T::SYSCALL_POLL_X, 2, &[error(EFAULT), list(&[]), i64(0)]);
    }
    let ready = list(&[(reader, 0), (writer, 1 << 2 | 1 << 9)]);
    // What the kernel leaves of the time.
    let rest = Want::Is("up to 5 s", |b| {
        b.try_into().is_ok_and(|b| (4_000_000_000..=5_000_000_005).contains(&core::primitive::u64::from_le_bytes(b)))
    });
    seen.expect(T::SYSCALL_PPOLL_X, 0, &[i64(1), ready, rest, u32(0x402)]);
    seen.expect(T::SYSCALL_PPOLL_X, 1, &[error(EFAULT), list(&[]), u64(0u64), u32(0)]);
    seen.expect(T::SYSCALL_PPOLL_X, 2, &[i64(0), list(&[(reader, 0)]), u64(0u64), u32(0x402)]);
}

fn futexes(w: &mut Watch) {
    let word = [7_u32];
    let seen = w.perform(|c| {
        c.call(SYS_futex, &[at(&word), (FUTEX_WAKE | FUTEX_PRIVATE_FLAG) as usize, 1]);
        c.call(SYS_futex, &[at(&word), (FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME) as usize, 8, 0, 0, 1]);
        c.call(SYS_futex, &[at(&word), 77, 1 << 40]);
    });
    let place = || u64(at(&word) as core::primitive::u64);
    seen.expect(T::SYSCALL_FUTEX_X, 0, &[i64(0), place(), u16(0x81), u64(1u64)]);
    seen.expect(T::SYSCALL_FUTEX_X, 1, &[error(EAGAIN), place(), u16(0x109), u64(8u64)]);
    seen.expect(T::SYSCALL_FUTEX_X, 2, &[error(ENOSYS), place(), u16(0), u64(1_u64 << 40)]);
}

fn sleeps(w: &mut Watch) {
    let (short, wrong) = ([0_i64, 1000], [-1_i64, 0]);
    let events = [0_u64; 8];
    let seen = w.perform(|c| {
        c.call(SYS_nanosleep, &[at(&short), 0]);
        c.call(SYS_nanosleep, &[at(&wrong), 0]);
        #[cfg(target_arch = "x86_64")]
        {
            let epoll = c.call(SYS_epoll_create1, &[0]) as usize;
            c.call(SYS_epoll_wait, &[epoll, at(&events), 4, 0]);
            c.call(SYS_epoll_wait, &[999, at(&events), 5, 0]);
            c.call(SYS_select, &[0, 0, 0, 0, at(&[0_i64; 2])]);
            c.call(SYS_select, &[usize::MAX, 0, 0, 0, 0]);
        }
    });
    seen.expect(T::SYSCALL_NANOSLEEP_X, 0, &[i64(0), u64(1000u64)]);
    let before_the_epoch = (-1_000_000_000_i64).cast_unsigned();
    seen.expect(T::SYSCALL_NANOSLEEP_X, 1, &[error(EINVAL), u64(before_the_epoch)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_EPOLLWAIT_X, 0, &[i64(0), i64(4)]);
        seen.expect(T::SYSCALL_EPOLLWAIT_X, 1, &[error(EBADF), i64(5)]);
        seen.expect(T::SYSCALL_SELECT_X, 0, &[i64(0)]);
        seen.expect(T::SYSCALL_SELECT_X, 1, &[error(EINVAL)]);
    }
}
