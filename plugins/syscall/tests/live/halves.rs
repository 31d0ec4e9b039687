//! The other half of calls that the other cases show only working, or only failing.

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] = &[
    ("other half: paths", paths),
    ("other half: paths by name", named),
    ("other half: descriptors", descriptors),
    ("other half: data", data),
    ("other half: sockets", sockets),
    ("other half: memory", memory),
    ("other half: processes", processes),
    ("other half: ids", ids),
    ("other half: namespaces", namespaces),
    ("other half: services", services),
];
const CWD: usize = AT_FDCWD as usize;
const ABSENT: &std::ffi::CStr = c"/absent/file";

fn absent() -> Want {
    text(ABSENT.to_bytes())
}

/// Calls relative to descriptors.
fn paths(w: &mut Watch) {
    let (a, b) = (w.file("a", b"x"), w.path("b"));
    let stat = [0_u64; 32];
    let seen = w.perform(|c| {
        let absent = at(ABSENT);
        c.call(SYS_mkdirat, &[CWD, absent, 0o700]);
        c.call(SYS_fchownat, &[CWD, absent, 1, 2, 0]);
        c.call(SYS_linkat, &[CWD, absent, CWD, at(&*b), 0]);
        c.call(SYS_fchmodat, &[CWD, absent, 0o600]);
        c.call(SYS_newfstatat, &[CWD, absent, at(&stat), 0]);
        c.call(SYS_renameat, &[CWD, at(&*a), CWD, at(&*b)]);
    });
    let failed = || error(ENOENT);
    let cwd = || i64(-100);
    seen.expect(T::SYSCALL_MKDIRAT_X, 0, &[failed(), cwd(), absent(), u32(0o700)]);
    seen.expect(T::SYSCALL_FCHOWNAT_X, 0, &[failed(), cwd(), absent(), u32(1), u32(2), u32(0)]);
    seen.expect(T::SYSCALL_LINKAT_2_X, 0, &[failed(), cwd(), absent(), cwd(), text(b.to_bytes()), u32(0)]);
    seen.expect(T::SYSCALL_FCHMODAT_X, 0, &[failed(), cwd(), absent(), u32(0o600)]);
    seen.expect(T::SYSCALL_NEWFSTATAT_X, 0, &[failed(), cwd(), absent(), u32(0)]);
    let renamed = [i64(0), cwd(), text(a.to_bytes()), cwd(), text(b.to_bytes())];
    seen.expect(T::SYSCALL_RENAMEAT_X, 0, &renamed);
}

#[cfg(not(target_arch = "x86_64"))]
fn named(_: &mut Watch) {}

/// Calls of x86-64 alone.
#[cfg(target_arch = "x86_64")]
fn named(w: &mut Watch) {
    let (file, link, symbolic, node, folder) =
        (w.file("f", b"x"), w.path("link"), w.path("symbolic"), w.path("node"), w.path("folder"));
    let stat = [0_u64; 32];
    let seen = w.perform(|c| {
        c.call(SYS_link, &[at(&*file), at(&*link)]);
        c.call(SYS_symlink, &[at(c"target"), at(&*symbolic)]);
        c.call(SYS_mknod, &[at(&*node), (S_IFIFO | 0o600) as usize, 0]);
        c.call(SYS_mkdir, &[at(&*folder), 0o750]);
        c.call(SYS_rmdir, &[at(&*folder)]);
        c.call(SYS_access, &[at(&*file), F_OK as usize]);
        c.call(SYS_lstat, &[at(&*symbolic), at(&stat)]);
        c.call(SYS_lchown, &[at(&*symbolic), 3, 4]);
        c.call(SYS_unlink, &[at(ABSENT)]);
        c.call(SYS_stat, &[at(ABSENT), at(&stat)]);
        c.call(SYS_rename, &[at(ABSENT), at(&*node)]);
        c.call(SYS_chown, &[at(ABSENT), 5, 6]);
    });
    let name = |of: &std::ffi::CStr| text(of.to_bytes());
    assert_eq!(seen.results[..8], [0; 8]);
    seen.expect(T::SYSCALL_LINK_2_X, 0, &[i64(0), name(&file), name(&link)]);
    seen.expect(T::SYSCALL_SYMLINK_X, 0, &[i64(0), text("target"), name(&symbolic)]);
    seen.expect(T::SYSCALL_MKNOD_X, 0, &[i64(0), name(&node), u32(0o10600), u32(0)]);
    seen.expect(T::SYSCALL_MKDIR_2_X, 0, &[i64(0), name(&folder), u32(0o750)]);
    seen.expect(T::SYSCALL_RMDIR_2_X, 0, &[i64(0), name(&folder)]);
    seen.expect(T::SYSCALL_ACCESS_X, 0, &[i64(0), name(&file), u32(0)]);
    seen.expect(T::SYSCALL_LSTAT_X, 0, &[i64(0), name(&symbolic)]);
    seen.expect(T::SYSCALL_LCHOWN_X, 0, &[i64(0), name(&symbolic), u32(3), u32(4)]);
    let failed = || error(ENOENT);
    seen.expect(T::SYSCALL_UNLINK_2_X, 0, &[failed(), absent()]);
    seen.expect(T::SYSCALL_STAT_X, 0, &[failed(), absent()]);
    seen.expect(T::SYSCALL_RENAME_X, 0, &[failed(), absent(), name(&node)]);
    seen.expect(T::SYSCALL_CHOWN_X, 0, &[failed(), absent(), u32(5), u32(6)]);
}

fn descriptors(w: &mut Watch) {
    let file = w.file("f", b"x");
    let room = [0_u64; 64];
    let seen = w.perform(|c| {
        let folder = c.call(SYS_openat, &[CWD, at(c"/tmp"), O_RDONLY as usize]) as usize;
        let fd = c.call(SYS_openat, &[CWD, at(&*file), O_RDWR as usize]) as usize;
        c.call(SYS_fchdir, &[folder]);
        c.call(SYS_getdents64, &[folder, at(&room), 512]);
        c.call(SYS_fstat, &[fd, at(&room)]);
        c.call(SYS_flock, &[fd, (LOCK_SH | LOCK_NB) as usize]);
        c.call(SYS_fchown, &[fd, 0, 0]);
        c.call(SYS_ioctl, &[fd, FIOCLEX as usize, 3]);
        c.call(SYS_userfaultfd, &[(O_CLOEXEC | O_NONBLOCK) as usize]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_getdents, &[folder, at(&room), 512]);
            c.call(SYS_dup2, &[999, 5]);
        }
    });
    let (folder, fd) = (|| i64(seen.results[0]), || i64(seen.results[1]));
    assert_eq!(seen.results[4..8], [0; 4]);
    seen.expect(T::SYSCALL_FCHDIR_X, 0, &[i64(0), folder()]);
    seen.expect(T::SYSCALL_GETDENTS64_X, 0, &[i64(seen.results[3]), folder()]);
    seen.expect(T::SYSCALL_FSTAT_X, 0, &[i64(0), fd()]);
    seen.expect(T::SYSCALL_FLOCK_X, 0, &[i64(0), fd(), u32(1 | 4)]);
    seen.expect(T::SYSCALL_FCHOWN_X, 0, &[i64(0), fd(), u32(0), u32(0)]);
    seen.expect(T::SYSCALL_IOCTL_3_X, 0, &[i64(0), fd(), u64(FIOCLEX), u64(3u64)]);
    seen.expect(T::SYSCALL_USERFAULTFD_X, 0, &[i64(seen.results[8]), u32(1 << 12 | 1 << 6)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_GETDENTS_X, 0, &[i64(seen.results[9]), folder()]);
        seen.expect(T::SYSCALL_DUP2_X, 0, &[error(EBADF), i64(999), i64(5)]);
    }
}

fn data(w: &mut Watch) {
    let (from, to) = (w.file("from", b"0123456789"), w.file("to", b""));
    let (room, text) = ([0_u8; 8], *b"written");
    let pieces = [at(&text), 7];
    let (pipe, offset) = ([0_i32; 2], [2_u64]);
    let seen = w.perform(|c| {
        let from = c.call(SYS_openat, &[CWD, at(&*from), O_RDONLY as usize]) as usize;
        let to = c.call(SYS_openat, &[CWD, at(&*to), O_RDWR as usize]) as usize;
        c.call(SYS_pipe2, &[at(&pipe), 0]);
        let [reader, writer] = std::hint::black_box(&pipe).map(|fd| fd as usize);
        c.call(SYS_sendfile, &[writer, from, at(&offset), 3]);
        c.call(SYS_splice, &[reader, 0, to, 0, 3, 1]);
        c.call(SYS_copy_file_range, &[from, 0, to, 0, 4, 0]);
        c.call(SYS_pwritev, &[to, at(&pieces), 1, 100, 0]);
        c.call(SYS_writev, &[999, at(&pieces), 1]);
        c.call(SYS_preadv, &[999, at(&pieces), 1, 3, 0]);
        c.call(SYS_pread64, &[999, at(&room), 8, 5]);
        c.call(SYS_pwrite64, &[999, at(&text), 7, 6]);
    });
    let (from, to) = (|| i64(seen.results[0]), || i64(seen.results[1]));
    let pipe = seen.event(T::SYSCALL_PIPE2_X, 0);
    let (reader, writer) = (pipe.i64(1).unwrap(), pipe.i64(2).unwrap());
    assert_eq!(seen.results[3..7], [3, 3, 4, 7]);
    // Where the kernel has left it.
    seen.expect(T::SYSCALL_SENDFILE_X, 0, &[i64(3), u64(5u64), i64(writer), from(), u64(3u64)]);
    seen.expect(T::SYSCALL_SPLICE_X, 0, &[i64(3), i64(reader), to(), u64(3u64), u32(1)]);
    let copied = [i64(4), to(), u64(0u64), from(), u64(0u64), u64(4u64)];
    seen.expect(T::SYSCALL_COPY_FILE_RANGE_X, 0, &copied);
    let written = || bytes("written");
    seen.expect(T::SYSCALL_PWRITEV_X, 0, &[i64(7), written(), to(), u32(7), u64(100u64)]);
    seen.expect(T::SYSCALL_WRITEV_X, 0, &[error(EBADF), written(), i64(999), u32(7)]);
    seen.expect(T::SYSCALL_PREADV_X, 0, &[error(EBADF), u32(0), empty(), i64(999), u64(3u64)]);
    seen.expect(T::SYSCALL_PREAD_X, 0, &[error(EBADF), empty(), i64(999), u32(8), u64(5u64)]);
    seen.expect(T::SYSCALL_PWRITE_X, 0, &[error(EBADF), written(), i64(999), u32(7), u64(6u64)]);
}

fn sockets(w: &mut Watch) {
    let (fds, text) = ([0_i32; 2], *b"sent");
    let pieces = [at(&text), 4];
    let message = [0_usize, 0, at(&pieces), 1, 0, 0, 0];
    let seen = w.perform(|c| {
        c.call(SYS_socketpair, &[AF_UNIX as usize, SOCK_STREAM as usize, 0, at(&fds)]);
        let [a, _] = std::hint::black_box(&fds).map(|fd| fd as usize);
        c.call(SYS_shutdown, &[a, SHUT_RDWR as usize]);
        c.call(SYS_sendto, &[999, at(&text), 4, 0, 0, 0]);
        c.call(SYS_sendmsg, &[999, at(&message), 0]);
    });
    let a = seen.event(T::SOCKET_SOCKETPAIR_X, 0).i64(1).unwrap();
    seen.expect(T::SOCKET_SHUTDOWN_X, 0, &[i64(0), i64(a), u8(2)]);
    seen.expect(T::SOCKET_SENDTO_X, 0, &[error(EBADF), bytes("sent"), i64(999), u32(4), empty()]);
    seen.expect(T::SOCKET_SENDMSG_X, 0, &[error(EBADF), bytes("sent"), i64(999), u32(4), empty()]);
}

fn memory(w: &mut Watch) {
    let seen = w.perform(|c| {
        c.call(SYS_mmap, &[0, 0, PROT_READ as usize, (MAP_PRIVATE | MAP_ANONYMOUS) as usize, usize::MAX, 0]);
        c.call(SYS_mprotect, &[1, 4096, PROT_READ as usize]);
        c.call(SYS_mlock, &[0, 4096]);
        c.call(SYS_munlock, &[0, 4096]);
        c.call(SYS_mlock2, &[0, 4096, 2]);
        c.call(SYS_mlockall, &[MCL_CURRENT as usize]);
    });
    let result = |n: usize| i64(seen.results[n]);
    let vm = || Want::Len(4);
    let head = [error(EINVAL), vm(), vm(), vm(), u64(0u64), u64(0u64)];
    let tail = [u32(1), u32(1 << 1 | 1 << 3), i64(-1), u64(0u64)];
    let n = (0..).find(|&n| seen.event(T::SYSCALL_MMAP_X, n).i64(0) == Some(-i64::from(EINVAL))).unwrap();
    seen.expect(T::SYSCALL_MMAP_X, n, &head.into_iter().chain(tail).collect::<Vec<_>>());
    let n = (0..).find(|&n| seen.event(T::SYSCALL_MPROTECT_X, n).u64(1) == Some(1)).unwrap();
    seen.expect(T::SYSCALL_MPROTECT_X, n, &[error(EINVAL), u64(1u64), u64(4096u64), u32(1)]);
    seen.expect(T::SYSCALL_MLOCK_X, 0, &[error(ENOMEM), u64(0u64), u64(4096u64)]);
    seen.expect(T::SYSCALL_MUNLOCK_X, 0, &[error(ENOMEM), u64(0u64), u64(4096u64)]);
    seen.expect(T::SYSCALL_MLOCK2_X, 0, &[error(EINVAL), u64(0u64), u64(4096u64), u32(0)]);
    assert_eq!(seen.results[5], 0);
    seen.expect(T::SYSCALL_MLOCKALL_X, 0, &[result(5), u32(1)]);
}

fn processes(w: &mut Watch) {
    let data = [b'p'; 10];
    let seen = w.perform(|c| {
        let own = std::process::id() as usize;
        c.call(SYS_setsid, &[]);
        c.call(SYS_tkill, &[own, 0]);
        c.call(SYS_tgkill, &[own, usize::MAX, 3]);
        let pieces = [at(&data), 10];
        c.call(SYS_process_vm_writev, &[usize::MAX, at(&pieces), 1, at(&pieces), 1, 0]);
        c.call(SYS_seccomp, &[2, 0, at(&[0x7fff_0000_u32])]);
        #[cfg(target_arch = "x86_64")]
        c.call(SYS_setrlimit, &[99, at(&[5_u64, 6])]);
    });
    let own = || i64(seen.child);
    seen.expect(T::SYSCALL_SETSID_X, 0, &[own()]);
    seen.expect(T::SYSCALL_TKILL_X, 0, &[i64(0), own(), u8(0)]);
    seen.expect(T::SYSCALL_TGKILL_X, 0, &[error(EINVAL), own(), i64(-1), u8(3)]);
    seen.expect(T::SYSCALL_PROCESS_VM_WRITEV_X, 0, &[error(ESRCH), i64(-1), empty()]);
    assert_eq!(seen.results[4], 0);
    seen.expect(T::SYSCALL_SECCOMP_X, 0, &[i64(0), u64(2u64), u64(0u64)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_SETRLIMIT_X, 0, &[error(EINVAL), i64(5), i64(6), u8(255)]);
    }
}

fn ids(w: &mut Watch) {
    let ids = [0_u32; 3];
    let seen = w.perform(|c| {
        c.call(SYS_getresuid, &[8, at(&ids[1]), at(&ids[2])]);
        c.call(SYS_getresgid, &[8, at(&ids[1]), at(&ids[2])]);
        c.call(SYS_setresgid, &[30, 30, 30]);
        c.call(SYS_setresuid, &[30, 30, 30]);
        c.call(SYS_setreuid, &[1, 2]);
        c.call(SYS_setregid, &[1, 2]);
        c.call(SYS_setresuid, &[1, 2, 3]);
        c.call(SYS_setresgid, &[1, 2, 3]);
        c.call(SYS_setgid, &[4]);
    });
    let none = || [error(EFAULT), u32(0), u32(0), u32(0)];
    seen.expect(T::SYSCALL_GETRESUID_X, 0, &none());
    seen.expect(T::SYSCALL_GETRESGID_X, 0, &none());
    let denied = || error(EPERM);
    seen.expect(T::SYSCALL_SETREUID_X, 0, &[denied(), u32(1), u32(2)]);
    seen.expect(T::SYSCALL_SETREGID_X, 0, &[denied(), u32(1), u32(2)]);
    seen.expect(T::SYSCALL_SETRESUID_X, 1, &[denied(), u32(1), u32(2), u32(3)]);
    seen.expect(T::SYSCALL_SETRESGID_X, 1, &[denied(), u32(1), u32(2), u32(3)]);
    seen.expect(T::SYSCALL_SETGID_X, 0, &[denied(), u32(4)]);
}

fn namespaces(w: &mut Watch) {
    let folder = w.path("folder");
    std::fs::create_dir(folder.to_str().unwrap()).unwrap();
    let seen = w.perform(|c| {
        let uts = c.call(SYS_openat, &[CWD, at(c"/proc/self/ns/uts"), O_RDONLY as usize]) as usize;
        c.call(SYS_setns, &[uts, CLONE_NEWUTS as usize]);
        // Nobody else sees these mounts.
        c.call(SYS_unshare, &[CLONE_NEWNS as usize]);
        c.call(SYS_mount, &[at(c"none"), at(c"/"), 0, (MS_REC | MS_PRIVATE) as usize, 0]);
        c.call(SYS_mount, &[at(c"none"), at(&*folder), at(c"tmpfs"), MS_NOSUID as usize, 0]);
        c.call(SYS_umount2, &[at(&*folder), MNT_DETACH as usize]);
    });
    assert_eq!(seen.results[1..], [0; 5]);
    seen.expect(T::SYSCALL_SETNS_X, 0, &[i64(0), i64(seen.results[0]), u32(1 << 7)]);
    let private = u32(MS_REC | MS_PRIVATE);
    seen.expect(T::SYSCALL_MOUNT_X, 0, &[i64(0), text("none"), text("/"), empty(), private]);
    let name = || text(folder.to_bytes());
    seen.expect(T::SYSCALL_MOUNT_X, 1, &[i64(0), text("none"), name(), text("tmpfs"), u32(MS_NOSUID)]);
    seen.expect(T::SYSCALL_UMOUNT2_X, 0, &[i64(0), name(), u32(2)]);
}

fn services(w: &mut Watch) {
    let (ring, nothing) = ([0_u32; 32], [0_u32; 32]);
    // An array of one number.
    let map = [2_u32, 4, 4, 1, 0, 0, 0, 0];
    let event = [0_i32];
    let seen = w.perform(|c| {
        c.call(SYS_bpf, &[0, at(&map), 32]);
        let fd = c.call(SYS_io_uring_setup, &[4, at(&ring)]) as usize;
        c.call(SYS_io_uring_enter, &[fd, 0, 0, 1, 0, 0]);
        let eventfd = c.call(SYS_eventfd2, &[0, 0]) as i32;
        let event = std::hint::black_box([event[0] + eventfd]);
        c.call(SYS_io_uring_register, &[fd, 4, at(&event), 1]);
        c.call(SYS_io_uring_setup, &[0, at(&nothing)]);
    });
    seen.expect(T::SYSCALL_BPF_2_X, 0, &[i64(seen.results[0]), i32(0)]);
    let fd = || i64(seen.results[1]);
    assert!(seen.results[0] > 2 && seen.results[1] > 2, "{:?}", seen.results);
    assert_eq!((seen.results[2], seen.results[4]), (0, 0));
    seen.expect(T::SYSCALL_IO_URING_ENTER_X, 0, &[i64(0), fd(), u32(0), u32(0), u32(1), u32(0)]);
    seen.expect(T::SYSCALL_IO_URING_REGISTER_X, 0, &[i64(0), fd(), u16(4), Want::Len(8), u32(1)]);
    let mut refused = vec![error(EINVAL)];
    refused.extend((0..7).map(|_| u32(0)));
    seen.expect(T::SYSCALL_IO_URING_SETUP_X, 1, &refused);
}
