//! Calls that move data.

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] =
    &[("read", plain), ("readv", vectors), ("sendmsg", messages), ("sendmmsg", many_messages), ("lseek", places)];

fn plain(w: &mut Watch) {
    let file = w.file("f", &[b'r'; 100]);
    let room = [0_u8; 200];
    let data = [b'w'; 100];
    let seen = w.perform(|c| {
        let fd = c.call(SYS_openat, &[AT_FDCWD as usize, at(&*file), O_RDWR as usize]) as usize;
        c.call(SYS_read, &[fd, at(&room), 200]);
        c.call(SYS_read, &[fd, at(&room), 200]);
        c.call(SYS_read, &[999, at(&room), 200]);
        c.call(SYS_write, &[fd, at(&data), 100]);
        c.call(SYS_write, &[999, at(&data), 5]);
        c.call(SYS_pread64, &[fd, at(&room), 3, 99]);
        c.call(SYS_pwrite64, &[fd, at(&data), 2, 7]);
    });
    let fd = || i64(seen.results[0]);
    seen.expect(T::SYSCALL_READ_X, 0, &[i64(100), bytes([b'r'; 80]), fd(), u32(200)]);
    seen.expect(T::SYSCALL_READ_X, 1, &[i64(0), empty(), fd(), u32(200)]);
    seen.expect(T::SYSCALL_READ_X, 2, &[error(EBADF), empty(), i64(999), u32(200)]);
    seen.expect(T::SYSCALL_WRITE_X, 0, &[i64(100), bytes([b'w'; 80]), fd(), u32(100)]);
    seen.expect(T::SYSCALL_WRITE_X, 1, &[error(EBADF), bytes("wwwww"), i64(999), u32(5)]);
    seen.expect(T::SYSCALL_PREAD_X, 0, &[i64(3), bytes("rww"), fd(), u32(3), u64(99u64)]);
    seen.expect(T::SYSCALL_PWRITE_X, 0, &[i64(2), bytes("ww"), fd(), u32(2), u64(7u64)]);
}

fn vectors(w: &mut Watch) {
    let file = w.file("f", b"abcdefgh");
    let (one, two) = ([0_u8; 3], [0_u8; 60]);
    let pieces = [at(&one), 3, at(&two), 60];
    let (head, tail) = ([b'h'; 50], [b't'; 50]);
    let written = [at(&head), 50, at(&tail), 50];
    let seen = w.perform(|c| {
        let fd = c.call(SYS_openat, &[AT_FDCWD as usize, at(&*file), O_RDWR as usize]) as usize;
        c.call(SYS_readv, &[fd, at(&pieces), 2]);
        c.call(SYS_preadv, &[fd, at(&pieces), 2, 4, 0]);
        c.call(SYS_readv, &[999, at(&pieces), 2]);
        c.call(SYS_writev, &[fd, at(&written), 2]);
        c.call(SYS_pwritev, &[999, at(&written), 1, 9, 0]);
    });
    let fd = || i64(seen.results[0]);
    seen.expect(T::SYSCALL_READV_X, 0, &[i64(8), u32(8), bytes("abcdefgh"), fd()]);
    seen.expect(T::SYSCALL_PREADV_X, 0, &[i64(4), u32(4), bytes("efgh"), fd(), u64(4u64)]);
    seen.expect(T::SYSCALL_READV_X, 1, &[error(EBADF), u32(0), empty(), i64(999)]);
    let shown = [[b'h'; 50].as_slice(), &[b't'; 30]].concat();
    seen.expect(T::SYSCALL_WRITEV_X, 0, &[i64(100), bytes(shown), fd(), u32(100)]);
    let failed = [error(EBADF), bytes([b'h'; 50]), i64(999), u32(50), u64(9u64)];
    seen.expect(T::SYSCALL_PWRITEV_X, 0, &failed);
}

fn messages(w: &mut Watch) {
    let (data, room) = ([b'm'; 10], [0_u8; 64]);
    let (sent, received) = ([at(&data), 10], [at(&room), 64]);
    // name, name length, vector, its length, control, its length, flags
    let out = [0_usize, 0, at(&sent), 1, 0, 0, 0];
    let into = [0_usize, 0, at(&received), 1, 0, 0, 0];
    let fds = [0_i32; 2];
    let seen = w.perform(|c| {
        c.call(SYS_socketpair, &[AF_UNIX as usize, SOCK_STREAM as usize, 0, at(&fds)]);
        // SAFETY of the read: the kernel has written both numbers.
        let [a, b] = std::hint::black_box(fds).map(|fd| fd as usize);
        c.call(SYS_sendmsg, &[a, at(&out), 0]);
        c.call(SYS_recvmsg, &[b, at(&into), 0]);
        c.call(SYS_recvmsg, &[b, at(&into), MSG_DONTWAIT as usize]);
    });
    let pair = seen.event(T::SOCKET_SOCKETPAIR_X, 0);
    let (a, b) = (pair.i64(1).unwrap(), pair.i64(2).unwrap());
    assert_eq!(seen.results[1..3], [10, 10]);
    let tuple = || Want::Is("a local socket's tuple", |b| b.len() == 18 && b[0] == 1);
    seen.expect(T::SOCKET_SENDMSG_X, 0, &[i64(10), bytes([b'm'; 10]), i64(a), u32(10), tuple()]);
    let received = [i64(10), u32(10), bytes([b'm'; 10]), tuple(), empty(), i64(b)];
    seen.expect(T::SOCKET_RECVMSG_X, 0, &received);
    seen.expect(T::SOCKET_RECVMSG_X, 1, &[error(EAGAIN), u32(0), empty(), empty(), empty(), i64(b)]);
}

/// `struct mmsghdr`, as words: name, its length, vector, its length, control, its length, flags, bytes that went.
fn message(name: (usize, usize), vector: usize, control: (usize, usize)) -> [usize; 8] {
    [name.0, name.1, vector, 1, control.0, control.1, 0, 0]
}

fn many_messages(w: &mut Watch) {
    let (one, two, room) = ([b'1'; 10], [b'2'; 90], [0_u8; 200]);
    let (first, second) = ([at(&one), 10], [at(&two), 90]);
    let (third, fourth) = ([at(&room), 100], [at(&room) + 100, 100]);
    let fds = [0_i32; 2];
    let seen = w.perform(|c| {
        let nowhere = (0, 0);
        let out = [message(nowhere, at(&first), nowhere), message(nowhere, at(&second), nowhere)].concat();
        let into = [message(nowhere, at(&third), nowhere), message(nowhere, at(&fourth), nowhere)].concat();
        c.call(SYS_socketpair, &[AF_UNIX as usize, SOCK_DGRAM as usize, 0, at(&fds)]);
        let [a, b] = std::hint::black_box(&fds).map(|fd| fd as usize);
        c.call(SYS_sendmmsg, &[a, at(&out[..]), 2, 0]);
        c.call(SYS_recvmmsg, &[b, at(&into[..]), 2, 0, 0]);
        c.call(SYS_recvmmsg, &[b, at(&into[..]), 2, MSG_DONTWAIT as usize, 0]);
        c.call(SYS_sendmmsg, &[999, at(&out[..]), 2, 0]);
    });
    let pair = seen.event(T::SOCKET_SOCKETPAIR_X, 0);
    let (a, b) = (pair.i64(1).unwrap(), pair.i64(2).unwrap());
    assert_eq!(seen.results[1..3], [2, 2]);
    let tuple = || Want::Is("a local socket's tuple", |b| b.len() == 18 && b[0] == 1);
    let (short, long) = (|| bytes([b'1'; 10]), || bytes([b'2'; 80]));
    seen.expect(T::SOCKET_SENDMMSG_X, 0, &[i64(10), i64(a), u32(10), short(), tuple()]);
    seen.expect(T::SOCKET_SENDMMSG_X, 1, &[i64(90), i64(a), u32(90), long(), tuple()]);
    seen.expect(T::SOCKET_RECVMMSG_X, 0, &[i64(10), i64(b), u32(10), short(), tuple(), empty()]);
    seen.expect(T::SOCKET_RECVMMSG_X, 1, &[i64(90), i64(b), u32(90), long(), tuple(), empty()]);
    seen.expect(T::SOCKET_RECVMMSG_X, 2, &[error(EAGAIN), i64(b), u32(0), empty(), empty(), empty()]);
    seen.expect(T::SOCKET_SENDMMSG_X, 2, &[error(EBADF), i64(999), u32(0), empty(), empty()]);
}

fn places(w: &mut Watch) {
    let file = w.file("f", b"0123456789");
    let seen = w.perform(|c| {
        let fd = c.call(SYS_openat, &[AT_FDCWD as usize, at(&*file), O_RDWR as usize]) as usize;
        c.call(SYS_lseek, &[fd, 4, SEEK_END as usize]);
        c.call(SYS_lseek, &[999, 0, SEEK_CUR as usize]);
        c.call(SYS_ioctl, &[999, 0x5401, 77]);
        c.call(SYS_sendfile, &[999, fd, 0, 5]);
        c.call(SYS_splice, &[fd, 0, 999, 0, 6, 2]);
        c.call(SYS_copy_file_range, &[fd, 0, 999, 0, 7, 0]);
    });
    let fd = || i64(seen.results[0]);
    seen.expect(T::SYSCALL_LSEEK_X, 0, &[i64(14), fd(), u64(4u64), u8(2)]);
    seen.expect(T::SYSCALL_LSEEK_X, 1, &[error(EBADF), i64(999), u64(0u64), u8(1)]);
    seen.expect(T::SYSCALL_IOCTL_3_X, 0, &[error(EBADF), i64(999), u64(0x5401u64), u64(77u64)]);
    seen.expect(T::SYSCALL_SENDFILE_X, 0, &[error(EBADF), u64(0u64), i64(999), fd(), u64(5u64)]);
    seen.expect(T::SYSCALL_SPLICE_X, 0, &[error(EBADF), fd(), i64(999), u64(6u64), u32(2)]);
    let copied = [error(EBADF), i64(999), u64(0u64), fd(), u64(0u64), u64(7u64)];
    seen.expect(T::SYSCALL_COPY_FILE_RANGE_X, 0, &copied);
}
