//! Calls by the table for 32-bit programs, which any program on x86-64 can use: reported like those of the other table, with
//! what lies in other registers and in structures of other shapes.
#![allow(unsafe_code, reason = "what the kernel has written is read where it lies")]

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;

use lanner_plugin_api::schema::{EventType as T, SYSCALLS};
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] = &[
    ("32-bit files", files),
    ("32-bit data", data),
    ("32-bit ids", ids),
    ("32-bit sockets", sockets),
    ("32-bit limits", limits),
    ("32-bit exec", execs),
    ("32-bit mounts", mounts),
    ("32-bit program", programs),
];
/// Numbers of that table.
mod nr {
    pub(super) const READ: u32 = 3;
    pub(super) const OPEN: u32 = 5;
    pub(super) const CREAT: u32 = 8;
    pub(super) const UNLINK: u32 = 10;
    pub(super) const EXECVE: u32 = 11;
    pub(super) const LCHOWN: u32 = 16;
    pub(super) const GETPID: u32 = 20;
    pub(super) const UMOUNT: u32 = 22;
    pub(super) const SETUID: u32 = 23;
    pub(super) const MMAP: u32 = 90;
    pub(super) const SOCKETCALL: u32 = 102;
    pub(super) const LLSEEK: u32 = 140;
    pub(super) const WRITEV: u32 = 146;
    pub(super) const NANOSLEEP: u32 = 162;
    pub(super) const SETRESGID: u32 = 170;
    pub(super) const PREAD: u32 = 180;
    pub(super) const SENDFILE: u32 = 187;
    pub(super) const UGETRLIMIT: u32 = 191;
    pub(super) const MMAP2: u32 = 192;
    pub(super) const SETREUID32: u32 = 203;
    pub(super) const OPENAT: u32 = 295;
    pub(super) const CONNECT: u32 = 362;
    pub(super) const SENDMMSG: u32 = 345;
    pub(super) const PPOLL_TIME64: u32 = 414;
}

/// Whether the kernel takes calls by that table: without it they end the program.
fn is_there(w: &mut Watch) -> bool {
    let seen = w.perform(|c| {
        c.call32(nr::GETPID, &[]);
    });
    let there = seen.results == [seen.child];
    if !there {
        eprintln!("skipped: this kernel takes no 32-bit calls");
    }
    there
}

/// -1 where 32 bits are expected.
const NONE: u32 = u32::MAX;

fn files(w: &mut Watch) {
    if !is_there(w) {
        return;
    }
    let (old, new) = (w.file("old", b"0123456789"), w.path("new"));
    let mut low = Low::new();
    let (old_at, new_at) = (low.put(old.as_bytes_with_nul()), low.put(new.as_bytes_with_nul()));
    let none = low.put(b"/absent/mount\0");
    let place = low.put(&[0; 8]);
    let long = crate::files::long();
    let long_at = low.put(long.as_bytes_with_nul());
    let seen = w.perform(|c| {
        let fd = c.call32(nr::OPEN, &[old_at, O_RDONLY as u32, 0]) as u32;
        c.call32(nr::OPENAT, &[AT_FDCWD as u32, old_at, O_RDONLY as u32]);
        c.call32(nr::CREAT, &[new_at, 0o640]);
        c.call32(nr::OPEN, &[none, O_WRONLY as u32 | O_CREAT as u32, 0o600]);
        c.call32(nr::LLSEEK, &[fd, 1, 5, place, SEEK_SET as u32]);
        c.call32(nr::LLSEEK, &[999, 0, 5, place, SEEK_CUR as u32]);
        c.call32(nr::UMOUNT, &[none]);
        c.call32(nr::MMAP2, &[0, 4096, PROT_READ as u32, MAP_PRIVATE as u32, fd, 3]);
        let six = [0, 8192, PROT_READ as u32, MAP_PRIVATE as u32, fd, 4096];
        c.call32(nr::MMAP, &[low.words(&six)]);
        c.call32(nr::UNLINK, &[new_at]);
        c.call32(nr::OPEN, &[long_at, O_RDONLY as u32, 0]);
        c.call32(nr::OPENAT, &[AT_FDCWD as u32, long_at, O_RDONLY as u32]);
    });
    let file = std::fs::metadata(old.to_str().unwrap()).unwrap();
    let (dev, ino) = (file.dev(), file.ino());
    let name = || text(old.to_bytes());
    let fd = seen.results[0];
    assert!(fd > 2 && seen.results[2] > 2, "{:?}", seen.results);
    let long = || text(long.to_bytes());
    seen.expect(T::SYSCALL_OPEN_E, 0, &[long(), u32(1), u32(0)]);
    seen.expect(T::SYSCALL_OPEN_X, 0, &[i64(fd), name(), u32(1), u32(0), u32(dev), u64(ino)]);
    let opened = [i64(seen.results[1]), i64(-100), name(), u32(1), u32(0), u32(dev), u64(ino)];
    seen.expect(T::SYSCALL_OPENAT_2_E, 0, &[i64(-100), long(), u32(1), u32(0)]);
    seen.expect(T::SYSCALL_OPENAT_2_X, 0, &opened);
    let some = Want::Is("an inode", |b| b.len() == 8 && b.iter().any(|&b| b != 0));
    let created = [i64(seen.results[2]), text(new.to_bytes()), u32(0o640), u32(dev), some, u16(0)];
    seen.expect(T::SYSCALL_CREAT_X, 0, &created);
    let absent = || text("/absent/mount");
    let failed = [error(ENOENT), absent(), u32(2 | 1 << 2), u32(0o600), u32(0), u64(0u64)];
    seen.expect(T::SYSCALL_OPEN_X, 1, &failed);
    seen.expect(T::SYSCALL_LLSEEK_X, 0, &[i64(0), i64(fd), u64(1_u64 << 32 | 5), u8(0)]);
    seen.expect(T::SYSCALL_LLSEEK_X, 1, &[error(EBADF), i64(999), u64(5u64), u8(1)]);
    seen.expect(T::SYSCALL_UMOUNT_1_X, 0, &[error(ENOENT), absent()]);
    let kilobytes = || Want::Len(4);
    let mapped = |n: usize, at: i64, len: core::primitive::u64, offset: core::primitive::u64| {
        let tail = [u64(0u64), self::u64(len), u32(1), u32(1 << 1), self::i64(fd), self::u64(offset)];
        let head =
            [self::u64(core::primitive::u64::from(at as core::primitive::u32)), kilobytes(), kilobytes(), kilobytes()];
        let wanted: Vec<Want> = head.into_iter().chain(tail).collect();
        seen.expect(T::SYSCALL_MMAP_X, n, &wanted);
    };
    mapped(0, seen.results[7], 4096, 3 * 4096);
    mapped(1, seen.results[8], 8192, 4096);
    seen.expect(T::SYSCALL_UNLINK_2_X, 0, &[i64(0), text(new.to_bytes())]);
}

fn data(w: &mut Watch) {
    if !is_there(w) {
        return;
    }
    let file = w.file("f", b"abcdefgh");
    let mut low = Low::new();
    let path = low.put(file.as_bytes_with_nul());
    let (head, tail) = (low.put(b"head"), low.put(b"tails"));
    let pieces = low.words(&[head, 4, tail, 5]);
    let room = low.put(&[0; 16]);
    let offset = low.words(&[2, 9]);
    let time = low.words(&[0, 7]);
    let polled = low.words(&[999, 1]);
    let wide_time = low.words(&[5, 0, 0, 0]);
    let seen = w.perform(|c| {
        let fd = c.call32(nr::OPEN, &[path, O_RDWR as u32, 0]) as u32;
        c.call32(nr::READ, &[fd, room, 3]);
        c.call32(nr::PREAD, &[fd, room, 2, 1, 1]);
        c.call32(nr::PREAD, &[fd, room, 2, 6, 0]);
        c.call32(nr::WRITEV, &[fd, pieces, 2]);
        c.call32(nr::SENDFILE, &[999, fd, offset, 4]);
        c.call32(nr::NANOSLEEP, &[time, 0]);
        c.call32(nr::PPOLL_TIME64, &[polled, 1, wide_time, 0, 8]);
    });
    let fd = || i64(seen.results[0]);
    seen.expect(T::SYSCALL_READ_X, 0, &[i64(3), bytes("abc"), fd(), u32(3)]);
    seen.expect(T::SYSCALL_PREAD_X, 0, &[i64(0), empty(), fd(), u32(2), u64(1_u64 << 32 | 1)]);
    seen.expect(T::SYSCALL_PREAD_X, 1, &[i64(2), bytes("gh"), fd(), u32(2), u64(6u64)]);
    seen.expect(T::SYSCALL_WRITEV_X, 0, &[i64(9), bytes("headtails"), fd(), u32(9)]);
    seen.expect(T::SYSCALL_SENDFILE_X, 0, &[error(EBADF), u64(2u64), i64(999), fd(), u64(4u64)]);
    seen.expect(T::SYSCALL_NANOSLEEP_X, 0, &[i64(0), u64(7u64)]);
    let list = [&[1, 0][..], &999_i64.to_le_bytes(), &[1 << 6, 0]].concat();
    // What the kernel leaves of the time.
    let rest = Want::Is("up to 5 s", |b| {
        b.try_into().is_ok_and(|b| (4_000_000_000..=5_000_000_000).contains(&core::primitive::u64::from_le_bytes(b)))
    });
    seen.expect(T::SYSCALL_PPOLL_X, 0, &[i64(1), bytes(list), rest, u32(0)]);
}

fn ids(w: &mut Watch) {
    if !is_there(w) {
        return;
    }
    let mut low = Low::new();
    let path = low.put(b"/absent/file\0");
    let seen = w.perform(|c| {
        c.call32(nr::SETRESGID, &[0x1_0005, 0xffff, 7]);
        c.call32(nr::SETREUID32, &[NONE, 0x1_0005]);
        c.call32(nr::LCHOWN, &[path, 5, 0xffff]);
        c.call32(nr::SETUID, &[0x2_0003]);
    });
    seen.expect(T::SYSCALL_SETRESGID_X, 0, &[i64(0), u32(5), u32(NONE), u32(7)]);
    seen.expect(T::SYSCALL_SETREUID_X, 0, &[i64(0), u32(NONE), u32(0x1_0005)]);
    seen.expect(T::SYSCALL_LCHOWN_X, 0, &[error(ENOENT), text("/absent/file"), u32(5), u32(NONE)]);
    seen.expect(T::SYSCALL_SETUID_X, 0, &[i64(seen.results[3]), u32(3)]);
}

fn sockets(w: &mut Watch) {
    if !is_there(w) {
        return;
    }
    let mut low = Low::new();
    // 127.0.0.1, a port that nobody listens on
    let address = low.put(&[2, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let fds = low.words(&[0, 0]);
    let (data, room) = (low.put(b"sent"), low.put(&[0; 16]));
    let (one, two) = (low.words(&[data, 4]), low.words(&[data, 3]));
    // two of: name, name length, vector, its length, control, its length, flags, bytes sent
    let messages = low.words(&[0, 0, one, 1, 0, 0, 0, 0, 0, 0, two, 1, 0, 0, 0, 0]);
    let seen = w.perform(|c| {
        let mut socketcall = |c: &mut Caller, call: u32, args: &[u32]| {
            let args = low.words(args);
            c.call32(nr::SOCKETCALL, &[call, args])
        };
        let socket = socketcall(c, 1, &[AF_INET as u32, SOCK_STREAM as u32, 0]) as u32;
        socketcall(c, 3, &[socket, address, 16]);
        c.call32(nr::CONNECT, &[999, address, 16]);
        socketcall(c, 8, &[AF_UNIX as u32, SOCK_DGRAM as u32, 0, fds]);
        let pair: [i32; 2] = std::array::from_fn(|n| {
            let at = std::ptr::with_exposed_provenance::<i32>(fds as usize + 4 * n);
            // SAFETY: where the kernel has put both numbers.
            unsafe { at.read_volatile() }
        });
        let [a, b] = pair.map(|fd| fd as u32);
        socketcall(c, 9, &[a, data, 4, 0]);
        socketcall(c, 10, &[b, room, 16, 0]);
        socketcall(c, 10, &[b, room, 16, MSG_DONTWAIT as u32]);
        socketcall(c, 9, &[999, data, 4, 0]);
        c.call32(nr::SENDMMSG, &[a, messages, 2, 0]);
        socketcall(c, 5, &[999, 0, 0]);
        socketcall(c, 77, &[1, 2, 3]);
    });
    let address = || bytes([2, 127, 0, 0, 1, 1, 0]);
    assert!(seen.results[0] > 2);
    seen.expect(T::SOCKET_SOCKET_X, 0, &[i64(seen.results[0]), u32(2), u32(1), u32(0), u32(0)]);
    seen.expect(T::SOCKET_CONNECT_E, 0, &[i64(seen.results[0]), address()]);
    seen.expect(T::SOCKET_CONNECT_X, 0, &[error(ECONNREFUSED), empty(), i64(seen.results[0]), address()]);
    seen.expect(T::SOCKET_CONNECT_X, 1, &[error(EBADF), empty(), i64(999), address()]);
    let pair = seen.event(T::SOCKET_SOCKETPAIR_X, 0);
    let (a, b) = (pair.i64(1).unwrap(), pair.i64(2).unwrap());
    let tuple = || Want::Is("a local socket's tuple", |b| b.len() == 18 && b[0] == 1);
    seen.expect(T::SOCKET_SEND_X, 0, &[i64(4), bytes("sent"), i64(a), u32(4), tuple()]);
    seen.expect(T::SOCKET_RECV_X, 0, &[i64(4), bytes("sent"), i64(b), u32(16), tuple()]);
    seen.expect(T::SOCKET_RECV_X, 1, &[error(EAGAIN), empty(), i64(b), u32(16), empty()]);
    seen.expect(T::SOCKET_SEND_X, 1, &[error(EBADF), bytes("sent"), i64(999), u32(4), empty()]);
    assert_eq!(seen.results[8], 2);
    seen.expect(T::SOCKET_SENDMMSG_X, 0, &[i64(4), i64(a), u32(4), bytes("sent"), tuple()]);
    seen.expect(T::SOCKET_SENDMMSG_X, 1, &[i64(3), i64(a), u32(3), bytes("sen"), tuple()]);
    seen.expect(T::SOCKET_ACCEPT_5_X, 0, &[error(EBADF), empty(), u8(0), u32(0), u32(0)]);
}

fn limits(w: &mut Watch) {
    if !is_there(w) {
        return;
    }
    let mut low = Low::new();
    let (set, got) = (low.words(&[64, NONE]), low.words(&[0, 0]));
    let seen = w.perform(|c| {
        c.call32(75, &[RLIMIT_CORE, set]);
        c.call32(nr::UGETRLIMIT, &[RLIMIT_CORE, got]);
        c.call32(nr::UGETRLIMIT, &[99, got]);
    });
    assert_eq!(seen.results[..2], [0, 0]);
    seen.expect(T::SYSCALL_SETRLIMIT_X, 0, &[i64(0), i64(64), i64(-1), u8(4)]);
    seen.expect(T::SYSCALL_GETRLIMIT_X, 0, &[i64(0), i64(64), i64(-1), u8(4)]);
    seen.expect(T::SYSCALL_GETRLIMIT_X, 1, &[error(EINVAL), i64(-1), i64(-1), u8(255)]);
}

fn execs(w: &mut Watch) {
    if !is_there(w) {
        return;
    }
    let mut low = Low::new();
    let path = low.put(b"/absent/program\0");
    let (zero, one) = (low.put(b"zero\0"), low.put(b"one\0"));
    let (argv, envp) = (low.words(&[zero, one, 0]), low.words(&[one, 0]));
    let seen = w.perform(|c| {
        c.call32(nr::EXECVE, &[path, argv, envp]);
    });
    let failed = seen.event(T::SYSCALL_EXECVE_19_X, 0);
    assert_eq!(failed.i64(0), Some(-i64::from(ENOENT)));
    let texts = [1, 2, 15, 30].map(|n| failed.param(n).unwrap_or_default());
    assert_eq!(texts, [&b"zero\0"[..], b"one\0", b"one\0", b"/absent/program\0"]);
}

fn mounts(w: &mut Watch) {
    if !is_there(w) {
        return;
    }
    let folder = w.path("folder");
    std::fs::create_dir(folder.to_str().unwrap()).unwrap();
    let mut low = Low::new();
    let target = low.put(folder.as_bytes_with_nul());
    let seen = w.perform(|c| {
        // Nobody else sees these mounts.
        c.call(SYS_unshare, &[CLONE_NEWNS as usize]);
        c.call(SYS_mount, &[at(c"none"), at(c"/"), 0, (MS_REC | MS_PRIVATE) as usize, 0]);
        c.call(SYS_mount, &[at(c"none"), at(&*folder), at(c"tmpfs"), 0, 0]);
        c.call32(nr::UMOUNT, &[target]);
    });
    assert_eq!(seen.results, [0; 4]);
    seen.expect(T::SYSCALL_UMOUNT_1_X, 0, &[i64(0), text(folder.to_bytes())]);
}

/// The smallest program for 32 bits: ends with 7.
fn program() -> Vec<core::primitive::u8> {
    const BASE: u32 = 0x0800_0000;
    let code = [0xb8, 1, 0, 0, 0, 0xbb, 7, 0, 0, 0, 0xcd, 0x80];
    let size = 84 + code.len() as u32;
    let mut elf = b"\x7fELF\x01\x01\x01".to_vec();
    elf.resize(16, 0);
    elf.extend([2_u16, 3].iter().flat_map(|half| half.to_le_bytes()));
    elf.extend([1, BASE + 84, 52, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    elf.extend([52_u16, 32, 1, 0, 0, 0].iter().flat_map(|half| half.to_le_bytes()));
    elf.extend([1, 0, BASE, BASE, size, size, 5, 4096].iter().flat_map(|word| word.to_le_bytes()));
    elf.extend(code);
    elf
}

/// An exec from one kind of program to the other changes the table under its own call.
fn programs(w: &mut Watch) {
    if !is_there(w) {
        return;
    }
    let path = w.file("program", &program());
    let name = path.to_str().unwrap();
    std::fs::set_permissions(name, std::fs::Permissions::from_mode(0o755)).unwrap();
    for by_descriptor in [false, true] {
        let seen = w.perform(|c| {
            let argv = [at(&*path), 0];
            if by_descriptor {
                c.call(SYS_execveat, &[AT_FDCWD as usize, at(&*path), at(&argv), 0, 0]);
            } else {
                c.call(SYS_execve, &[at(&*path), at(&argv), 0]);
            }
        });
        assert_eq!(seen.status, 7 << 8);
        let event = seen.event(T::SYSCALL_EXECVE_19_X, 0);
        assert_eq!((event.i64(0), event.param(27)), (Some(0), Some(path.as_bytes_with_nul())));
        // Number 322 of the other table.
        assert!(!seen.has(T::SYSCALL_TIMERFD_CREATE_X));
    }
    let mut low = Low::new();
    let (path, zero) = (low.put(b"/bin/true\0"), low.put(b"true\0"));
    let argv = low.words(&[zero, 0]);
    let seen = w.perform(|c| {
        c.call32(nr::EXECVE, &[path, argv, 0]);
    });
    assert_eq!(seen.status, 0);
    let event = seen.event(T::SYSCALL_EXECVE_19_X, 0);
    assert_eq!((event.i64(0), event.param(1)), (Some(0), Some(&b"true\0"[..])));
    // Number 11 of the other table, without a length: nobody's call.
    let unmapped = (0..8).filter(|_| seen.has(T::SYSCALL_MUNMAP_X)).map(|n| seen.event(T::SYSCALL_MUNMAP_X, n));
    assert!(unmapped.take(1).all(|event| event.u64(5) != Some(0)));
    assert!(SYSCALLS.iter().any(|call| call.name == "munmap"));
}
