//! Calls about files by their names.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;

use lanner_plugin_api::schema::EventType as T;
use libc::*;

use crate::watch::*;

pub(crate) const CASES: &[Case] = &[
    ("open", opens),
    ("openat", openat_),
    ("openat2", openat2),
    ("open_by_handle_at", by_handle),
    ("rename", renames),
    ("link", links),
    ("unlink", removals),
    ("mkdir", made),
    ("chmod", modes),
    ("chown", owners),
    ("chdir", folders),
    ("stat", looks),
    ("layers", layers),
    ("mount", mounts),
];
const CWD: usize = AT_FDCWD as usize;

fn metadata(path: &std::ffi::CStr) -> std::fs::Metadata {
    std::fs::metadata(std::ffi::OsStr::from_bytes(path.to_bytes())).unwrap()
}

/// A path that is not there and too long to wait in the kernel: what an open tells of it at its entry comes at once. Of others that
/// comes only if the program changes the path meanwhile (`tests/source/want.rs`).
pub(crate) fn long() -> std::ffi::CString {
    std::ffi::CString::new(format!("/absent/{}", "x/".repeat(300))).unwrap()
}

#[cfg(not(target_arch = "x86_64"))]
fn opens(_: &mut Watch) {}

#[cfg(target_arch = "x86_64")]
fn opens(w: &mut Watch) {
    let (old, new, long) = (w.file("old", b"x"), w.path("new"), long());
    let seen = w.perform(|c| {
        c.call(SYS_open, &[at(&*old), (O_RDWR | O_NOFOLLOW) as usize, 0o777]);
        c.call(SYS_open, &[at(c"/absent/file"), (O_WRONLY | O_CREAT | O_APPEND) as usize, 0o4751]);
        c.call(SYS_creat, &[at(&*new), 0o604]);
        c.call(SYS_creat, &[at(c"/absent/file"), 0o7777]);
        c.call(SYS_open, &[at(&*long), (O_RDWR | O_NOFOLLOW) as usize, 0o777]);
        c.call(SYS_open, &[at(&*long), (O_WRONLY | O_CREAT | O_APPEND) as usize, 0o4751]);
        c.call(SYS_creat, &[at(&*long), 0o604]);
    });
    let (dev, ino) = (metadata(&old).dev(), metadata(&old).ino());
    let absent = || text("/absent/file");
    assert!(seen.results[0] > 2 && seen.results[2] > 2);
    seen.expect(T::SYSCALL_OPEN_E, 0, &[text(long.to_bytes()), u32(3), u32(0)]);
    let opened = [i64(seen.results[0]), text(old.to_bytes()), u32(3), u32(0), u32(dev), u64(ino)];
    seen.expect(T::SYSCALL_OPEN_X, 0, &opened);
    let flags = 2 | 1 << 2 | 1 << 3;
    seen.expect(T::SYSCALL_OPEN_E, 1, &[text(long.to_bytes()), u32(flags), u32(0o4751)]);
    seen.expect(T::SYSCALL_OPEN_X, 1, &[error(ENOENT), absent(), u32(flags), u32(0o4751), u32(0), u64(0u64)]);
    seen.expect(T::SYSCALL_CREAT_E, 0, &[text(long.to_bytes()), u32(0o604)]);
    let ino = u64(metadata(&new).ino());
    let created = [i64(seen.results[2]), text(new.to_bytes()), u32(0o604), u32(dev), ino, u16(0)];
    seen.expect(T::SYSCALL_CREAT_X, 0, &created);
    let failed = [error(ENOENT), absent(), u32(0o7777), u32(0), u64(0u64), u16(0)];
    seen.expect(T::SYSCALL_CREAT_X, 1, &failed);
}

fn openat_(w: &mut Watch) {
    let (old, new, long) = (w.file("old", b"x"), w.path("new"), long());
    let seen = w.perform(|c| {
        c.call(SYS_openat, &[CWD, at(&*old), O_RDONLY as usize, 0]);
        c.call(SYS_openat, &[CWD, at(&*new), (O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC) as usize, 0o640]);
        c.call(SYS_openat, &[7, at(c"relative"), (O_WRONLY | O_TRUNC) as usize, 0o777]);
        c.call(SYS_openat, &[CWD, 0, O_RDONLY as usize, 0]);
        c.call(SYS_openat, &[CWD, at(&*long), O_RDONLY as usize, 0]);
        c.call(SYS_openat, &[CWD, at(&*long), (O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC) as usize, 0o640]);
    });
    let (dev, ino) = (metadata(&old).dev(), metadata(&old).ino());
    let wanted = |result: i64, flags: u32| {
        [i64(result), i64(-100), text(old.to_bytes()), u32(flags), u32(0), u32(dev), u64(ino)]
    };
    seen.expect(T::SYSCALL_OPENAT_2_E, 0, &[i64(-100), text(long.to_bytes()), u32(1), u32(0)]);
    seen.expect(T::SYSCALL_OPENAT_2_X, 0, &wanted(seen.results[0], 1));
    let flags = 3 | 1 << 2 | 1 << 5 | 1 << 12;
    let ino = u64(metadata(&new).ino());
    let name = || text(new.to_bytes());
    seen.expect(T::SYSCALL_OPENAT_2_E, 1, &[i64(-100), text(long.to_bytes()), u32(flags), u32(0o640)]);
    let created = u32(flags | 1 << 14);
    seen.expect(
        T::SYSCALL_OPENAT_2_X,
        1,
        &[i64(seen.results[1]), i64(-100), name(), created, u32(0o640), u32(dev), ino],
    );
    let flags = 2 | 1 << 8;
    let failed = [i64(seen.results[2]), i64(7), text("relative"), u32(flags), u32(0), u32(0), u64(0u64)];
    assert!(seen.results[2] < 0);
    seen.expect(T::SYSCALL_OPENAT_2_X, 2, &failed);
    seen.expect(T::SYSCALL_OPENAT_2_X, 3, &[error(EFAULT), i64(-100), empty(), u32(1), u32(0), u32(0), u64(0u64)]);
}

fn openat2(w: &mut Watch) {
    let file = w.file("f", b"x");
    let how = [O_RDONLY as u64, 0, 0x08 | 0x02];
    let how_all = [O_RDONLY as u64, 0, 0x02];
    let seen = w.perform(|c| {
        c.call(SYS_openat2, &[CWD, at(&*file), at(&how_all), 24]);
        c.call(SYS_openat2, &[CWD, at(&*file), at(&how), 24]);
    });
    let (dev, ino) = (metadata(&file).dev(), metadata(&file).ino());
    let name = || text(file.to_bytes());
    seen.expect(T::SYSCALL_OPENAT2_E, 0, &[i64(-100), name(), u32(1), u32(0), u32(4)]);
    let opened = [i64(seen.results[0]), i64(-100), name(), u32(1), u32(0), u32(4), u32(dev), u64(ino)];
    assert!(seen.results[0] > 2);
    seen.expect(T::SYSCALL_OPENAT2_X, 0, &opened);
    let refused = [error(EXDEV), i64(-100), name(), u32(1), u32(0), u32(5), u32(0), u64(0u64)];
    seen.expect(T::SYSCALL_OPENAT2_X, 1, &refused);
}

fn by_handle(w: &mut Watch) {
    let file = w.file("f", b"x");
    let mut handle = [0_u32; 40];
    handle[0] = 128;
    let mount = [0_i32];
    let seen = w.perform(|c| {
        let folder = c.call(SYS_openat, &[CWD, at(c"/"), O_RDONLY as usize]) as usize;
        c.call(SYS_name_to_handle_at, &[CWD, at(&*file), at(&handle), at(&mount), 0]);
        c.call(SYS_open_by_handle_at, &[folder, at(&handle), O_RDONLY as usize]);
        c.call(SYS_open_by_handle_at, &[folder, 0, O_RDONLY as usize]);
    });
    let folder = || i64(seen.results[0]);
    if seen.results[2] >= 0 {
        let (dev, ino) = (metadata(&file).dev(), metadata(&file).ino());
        let opened = [i64(seen.results[2]), folder(), u32(1), text(file.to_bytes()), u32(dev), u64(ino)];
        seen.expect(T::SYSCALL_OPEN_BY_HANDLE_AT_X, 0, &opened);
    }
    seen.expect(T::SYSCALL_OPEN_BY_HANDLE_AT_X, 1, &[error(EFAULT), folder(), u32(1), empty(), u32(0), u64(0u64)]);
}

fn renames(w: &mut Watch) {
    let (a, b) = (w.file("a", b""), w.path("b"));
    let seen = w.perform(|c| {
        c.call(SYS_renameat2, &[CWD, at(&*a), CWD, at(&*b), 1]);
        c.call(SYS_renameat2, &[CWD, at(&*a), 9, at(&*b), 0]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_rename, &[at(&*b), at(&*a)]);
            c.call(SYS_renameat, &[CWD, at(&*b), CWD, at(&*a)]);
        }
    });
    let (a, b) = (|| text(a.to_bytes()), || text(b.to_bytes()));
    seen.expect(T::SYSCALL_RENAMEAT2_X, 0, &[i64(0), i64(-100), a(), i64(-100), b(), u32(1)]);
    seen.expect(T::SYSCALL_RENAMEAT2_X, 1, &[error(ENOENT), i64(-100), a(), i64(9), b(), u32(0)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_RENAME_X, 0, &[i64(0), b(), a()]);
        seen.expect(T::SYSCALL_RENAMEAT_X, 0, &[error(ENOENT), i64(-100), b(), i64(-100), a()]);
    }
}

fn links(w: &mut Watch) {
    let (a, b, c_) = (w.file("a", b""), w.path("b"), w.path("c"));
    let seen = w.perform(|c| {
        c.call(SYS_linkat, &[CWD, at(&*a), CWD, at(&*b), AT_SYMLINK_FOLLOW as usize]);
        c.call(SYS_symlinkat, &[at(c"target"), CWD, at(&*c_)]);
        c.call(SYS_symlinkat, &[at(c"target"), CWD, at(&*c_)]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_link, &[at(&*a), at(&*b)]);
            c.call(SYS_symlink, &[at(c"target"), at(&*c_)]);
        }
    });
    let (a, b, c) = (|| text(a.to_bytes()), || text(b.to_bytes()), || text(c_.to_bytes()));
    seen.expect(T::SYSCALL_LINKAT_2_X, 0, &[i64(0), i64(-100), a(), i64(-100), b(), u32(0x400)]);
    seen.expect(T::SYSCALL_SYMLINKAT_X, 0, &[i64(0), text("target"), i64(-100), c()]);
    seen.expect(T::SYSCALL_SYMLINKAT_X, 1, &[error(EEXIST), text("target"), i64(-100), c()]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_LINK_2_X, 0, &[error(EEXIST), a(), b()]);
        seen.expect(T::SYSCALL_SYMLINK_X, 0, &[error(EEXIST), text("target"), c()]);
    }
}

fn removals(w: &mut Watch) {
    let (a, b) = (w.file("a", b""), w.file("b", b""));
    let seen = w.perform(|c| {
        c.call(SYS_unlinkat, &[CWD, at(&*a), 0]);
        c.call(SYS_unlinkat, &[CWD, at(&*b), AT_REMOVEDIR as usize]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_unlink, &[at(&*b)]);
            c.call(SYS_rmdir, &[at(&*b)]);
        }
    });
    let (a, b) = (|| text(a.to_bytes()), || text(b.to_bytes()));
    seen.expect(T::SYSCALL_UNLINKAT_2_X, 0, &[i64(0), i64(-100), a(), u32(0)]);
    seen.expect(T::SYSCALL_UNLINKAT_2_X, 1, &[error(ENOTDIR), i64(-100), b(), u32(0x200)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_UNLINK_2_X, 0, &[i64(0), b()]);
        seen.expect(T::SYSCALL_RMDIR_2_X, 0, &[error(ENOENT), b()]);
    }
}

fn made(w: &mut Watch) {
    let (a, b) = (w.path("a"), w.path("b"));
    let seen = w.perform(|c| {
        c.call(SYS_mkdirat, &[CWD, at(&*a), 0o1750]);
        c.call(SYS_mknodat, &[CWD, at(&*b), (S_IFIFO | 0o604) as usize, 0]);
        c.call(SYS_mknodat, &[CWD, at(&*b), 0o600, 5]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_mkdir, &[at(&*a), 0o700]);
            c.call(SYS_mknod, &[at(&*b), (S_IFCHR | 0o600) as usize, 0x103]);
        }
    });
    let (a, b) = (|| text(a.to_bytes()), || text(b.to_bytes()));
    seen.expect(T::SYSCALL_MKDIRAT_X, 0, &[i64(0), i64(-100), a(), u32(0o1750)]);
    seen.expect(T::SYSCALL_MKNODAT_X, 0, &[i64(0), i64(-100), b(), u32(0o10604), u32(0)]);
    seen.expect(T::SYSCALL_MKNODAT_X, 1, &[error(EEXIST), i64(-100), b(), u32(0o100600), u32(5)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_MKDIR_2_X, 0, &[error(EEXIST), a(), u32(0o700)]);
        seen.expect(T::SYSCALL_MKNOD_X, 0, &[error(EEXIST), b(), u32(0o20600), u32(0x103)]);
    }
}

fn modes(w: &mut Watch) {
    let file = w.file("f", b"");
    let seen = w.perform(|c| {
        let fd = c.call(SYS_openat, &[CWD, at(&*file), O_RDONLY as usize]) as usize;
        c.call(SYS_fchmod, &[fd, 0o4711]);
        c.call(SYS_fchmodat, &[CWD, at(&*file), 0o600]);
        c.call(SYS_fchmod, &[999, 0o7777]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_chmod, &[at(&*file), 0o2640]);
            c.call(SYS_chmod, &[at(c"/absent/file"), 0o111]);
        }
    });
    let name = || text(file.to_bytes());
    seen.expect(T::SYSCALL_FCHMOD_X, 0, &[i64(0), i64(seen.results[0]), u32(0o4711)]);
    seen.expect(T::SYSCALL_FCHMODAT_X, 0, &[i64(0), i64(-100), name(), u32(0o600)]);
    seen.expect(T::SYSCALL_FCHMOD_X, 1, &[error(EBADF), i64(999), u32(0o7777)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_CHMOD_X, 0, &[i64(0), name(), u32(0o2640)]);
        seen.expect(T::SYSCALL_CHMOD_X, 1, &[error(ENOENT), text("/absent/file"), u32(0o111)]);
    }
}

fn owners(w: &mut Watch) {
    let file = w.file("f", b"");
    let seen = w.perform(|c| {
        c.call(SYS_fchownat, &[CWD, at(&*file), 5, 6, AT_SYMLINK_NOFOLLOW as usize]);
        let fd = c.call(SYS_openat, &[CWD, at(&*file), O_RDONLY as usize]) as usize;
        c.call(SYS_fchownat, &[fd, at(c""), 5, 6, AT_EMPTY_PATH as usize]);
        c.call(SYS_fchown, &[999, 7, 8]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_chown, &[at(&*file), 0, 0]);
            c.call(SYS_lchown, &[at(c"/absent/file"), 1, 2]);
        }
    });
    let name = || text(file.to_bytes());
    seen.expect(T::SYSCALL_FCHOWNAT_X, 0, &[i64(0), i64(-100), name(), u32(5), u32(6), u32(0)]);
    let (fd, result) = (i64(seen.results[1]), i64(seen.results[2]));
    seen.expect(T::SYSCALL_FCHOWNAT_X, 1, &[result, fd, text(""), u32(5), u32(6), u32(0x1000)]);
    seen.expect(T::SYSCALL_FCHOWN_X, 0, &[error(EBADF), i64(999), u32(7), u32(8)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_CHOWN_X, 0, &[i64(0), name(), u32(0), u32(0)]);
        seen.expect(T::SYSCALL_LCHOWN_X, 0, &[error(ENOENT), text("/absent/file"), u32(1), u32(2)]);
    }
}

fn folders(w: &mut Watch) {
    let path = [0_u8; 64];
    let seen = w.perform(|c| {
        c.call(SYS_chdir, &[at(c"/tmp")]);
        c.call(SYS_getcwd, &[at(&path), 64]);
        c.call(SYS_getcwd, &[at(&path), 1]);
        c.call(SYS_chdir, &[at(c"/absent")]);
        c.call(SYS_fchdir, &[999]);
        c.call(SYS_chroot, &[at(c"/absent")]);
        c.call(SYS_chroot, &[at(c"/")]);
    });
    seen.expect(T::SYSCALL_CHDIR_X, 0, &[i64(0), text("/tmp")]);
    seen.expect(T::SYSCALL_GETCWD_X, 0, &[i64(5), text("/tmp")]);
    seen.expect(T::SYSCALL_GETCWD_X, 1, &[error(ERANGE), empty()]);
    seen.expect(T::SYSCALL_CHDIR_X, 1, &[error(ENOENT), text("/absent")]);
    seen.expect(T::SYSCALL_FCHDIR_X, 0, &[error(EBADF), i64(999)]);
    seen.expect(T::SYSCALL_CHROOT_X, 0, &[error(ENOENT), text("/absent")]);
    seen.expect(T::SYSCALL_CHROOT_X, 1, &[i64(0), text("/")]);
}

fn looks(w: &mut Watch) {
    let stat = [0_u64; 32];
    let seen = w.perform(|c| {
        c.call(SYS_newfstatat, &[CWD, at(c"/"), at(&stat), AT_SYMLINK_NOFOLLOW as usize]);
        c.call(SYS_fstat, &[999, at(&stat)]);
        c.call(SYS_getdents64, &[999, 0, 0]);
        c.call(SYS_flock, &[999, (LOCK_EX | LOCK_NB) as usize]);
        #[cfg(target_arch = "x86_64")]
        {
            c.call(SYS_access, &[at(c"/absent"), (R_OK | X_OK) as usize]);
            c.call(SYS_stat, &[at(c"/"), at(&stat)]);
            c.call(SYS_lstat, &[at(c"/absent"), at(&stat)]);
            c.call(SYS_getdents, &[999, 0, 0]);
        }
    });
    seen.expect(T::SYSCALL_NEWFSTATAT_X, 0, &[i64(0), i64(-100), text("/"), u32(0x100)]);
    seen.expect(T::SYSCALL_FSTAT_X, 0, &[error(EBADF), i64(999)]);
    seen.expect(T::SYSCALL_GETDENTS64_X, 0, &[error(EBADF), i64(999)]);
    seen.expect(T::SYSCALL_FLOCK_X, 0, &[error(EBADF), i64(999), u32(6)]);
    if cfg!(target_arch = "x86_64") {
        seen.expect(T::SYSCALL_ACCESS_X, 0, &[error(ENOENT), text("/absent"), u32(5)]);
        seen.expect(T::SYSCALL_STAT_X, 0, &[i64(0), text("/")]);
        seen.expect(T::SYSCALL_LSTAT_X, 0, &[error(ENOENT), text("/absent")]);
        seen.expect(T::SYSCALL_GETDENTS_X, 0, &[error(EBADF), i64(999)]);
    }
}

fn mounts(w: &mut Watch) {
    let seen = w.perform(|c| {
        let flags = 0xc0ed_0000_usize | (MS_RDONLY | MS_NOSUID) as usize;
        c.call(SYS_mount, &[at(c"none"), at(c"/absent"), at(c"tmpfs"), flags, 0]);
        c.call(SYS_umount2, &[at(c"/absent"), MNT_DETACH as usize]);
    });
    let (source, target) = (text("none"), text("/absent"));
    seen.expect(T::SYSCALL_MOUNT_X, 0, &[error(ENOENT), source, target, text("tmpfs"), u32(3)]);
    seen.expect(T::SYSCALL_UMOUNT2_X, 0, &[error(ENOENT), text("/absent"), u32(2)]);
}

/// Where a file of an overlay lies: below until it is written to, above from then on.
fn layers(w: &mut Watch) {
    let folders = ["lower", "upper", "work", "merged"].map(|name| w.path(name));
    let text_of = |path: &std::ffi::CStr| path.to_str().unwrap().to_owned();
    for folder in &folders {
        std::fs::create_dir(text_of(folder)).unwrap();
    }
    let [lower, upper, work, merged] = &folders;
    std::fs::write(format!("{}/old", text_of(lower)), b"x").unwrap();
    let options = format!("lowerdir={},upperdir={},workdir={}", text_of(lower), text_of(upper), text_of(work));
    let c_text = |text: String| std::ffi::CString::new(text).unwrap();
    let (options, old) = (c_text(options), c_text(format!("{}/old", text_of(merged))));
    let new = c_text(format!("{}/new", text_of(merged)));
    let seen = w.perform(|c| {
        c.call(SYS_unshare, &[CLONE_NEWNS as usize]);
        c.call(SYS_mount, &[0, at(c"/"), 0, (MS_REC | MS_PRIVATE) as usize, 0]);
        c.call(SYS_mount, &[at(c"stage"), at(&**merged), at(c"overlay"), 0, at(&*options)]);
        c.call(SYS_openat, &[CWD, at(&*old), O_RDONLY as usize, 0]);
        c.call(SYS_openat, &[CWD, at(&*old), O_WRONLY as usize, 0]);
        c.call(SYS_openat, &[CWD, at(&*new), (O_WRONLY | O_CREAT) as usize, 0o600]);
    });
    if seen.results[2] < 0 {
        return eprintln!("skipped: no overlay can be mounted here ({})", seen.results[2]);
    }
    let (written, made) = (2, 2 | 1 << 2 | 1 << 14);
    for (n, flags) in [1 | 1 << 16, written | 1 << 15, made | 1 << 15].into_iter().enumerate() {
        assert_eq!(seen.event(T::SYSCALL_OPENAT_2_X, n).u32(3), Some(flags), "open {n}");
    }
}
