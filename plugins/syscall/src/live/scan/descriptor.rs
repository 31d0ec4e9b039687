//! Open descriptors of a process.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::sockets::Sockets;
use super::{numbers, read};
use crate::capture::{Fd, FdInfo, FdType};

/// All descriptors that can be read, in no particular order.
pub(super) fn descriptors(process: &Path, sockets: &mut Sockets) -> Vec<Fd> {
    let folder = process.join("fd");
    numbers(&folder).filter_map(|fd| descriptor(process, &folder.join(fd.to_string()), fd, sockets)).collect()
}

fn descriptor(process: &Path, at: &Path, fd: u32, sockets: &mut Sockets) -> Option<Fd> {
    let target = fs::read_link(at).ok()?;
    let name = target.as_os_str().as_bytes();
    let ino = |prefix: &[u8]| {
        let number = name.strip_prefix(prefix)?.strip_suffix(b"]")?;
        std::str::from_utf8(number).ok()?.parse::<u64>().ok()
    };
    let fd = i64::from(fd);
    if let Some(ino) = ino(b"socket:[") {
        return Some(Fd { fd, ino, info: sockets.find(process, ino) });
    }
    if let Some(ino) = ino(b"pipe:[") {
        return Some(Fd { fd, ino, info: FdInfo::Other { ty: FdType::Fifo, name: name.into() } });
    }
    if let Some(kind) = name.strip_prefix(b"anon_inode:") {
        return Some(Fd { fd, ino: 0, info: FdInfo::Other { ty: anonymous(kind), name: name.into() } });
    }
    let file = fs::metadata(at).ok();
    let ino = file.as_ref().map_or(0, |file| file.ino());
    let info = if name.starts_with(b"/memfd:") {
        FdInfo::Other { ty: FdType::Memfd, name: name.into() }
    } else if file.as_ref().is_some_and(fs::Metadata::is_dir) {
        FdInfo::Other { ty: FdType::Directory, name: name.into() }
    } else {
        let path = process.join("fdinfo").join(fd.to_string());
        let flags =
            read(&path).ok().and_then(|text| native_flags(std::str::from_utf8(&text).ok()?)).map_or(0, file_flags);
        FdInfo::File { flags, name: name.into(), dev: file.map_or(0, |file| device(file.dev())) }
    };
    Some(Fd { fd, ino, info })
}

/// What an inode without a file is, by the name that its maker gave it.
fn anonymous(kind: &[u8]) -> FdType {
    match kind {
        b"[eventfd]" => FdType::Event,
        b"[signalfd]" => FdType::Signalfd,
        b"[eventpoll]" => FdType::Eventpoll,
        b"inotify" | b"[inotify]" => FdType::Inotify,
        b"[timerfd]" => FdType::Timerfd,
        b"[io_uring]" => FdType::IoUring,
        b"[userfaultfd]" => FdType::Userfaultfd,
        b"[pidfd]" => FdType::Pidfd,
        kind if kind.starts_with(b"bpf") => FdType::Bpf,
        _ => FdType::Unknown,
    }
}

fn native_flags(fdinfo: &str) -> Option<u32> {
    let octal = fdinfo.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(octal.trim(), 8).ok()
}

/// Device number as events carry it.
fn device(dev: u64) -> u32 {
    u32::try_from(dev & 0xffff_ffff).unwrap_or(0)
}

/// Open flags in the numbers of the table `file_flags`; the same as `file_flags` in bpf/flags.bpf.h.
fn file_flags(native: u32) -> u32 {
    let native = native as i32;
    let access = match native & libc::O_ACCMODE {
        libc::O_RDONLY => 1,
        libc::O_WRONLY => 2,
        libc::O_RDWR => 3,
        _ => 0,
    };
    let bits = [
        (libc::O_CREAT, 2),
        (libc::O_APPEND, 3),
        (libc::O_DSYNC, 4),
        (libc::O_EXCL, 5),
        (libc::O_NONBLOCK, 6),
        (libc::O_SYNC, 7),
        (libc::O_TRUNC, 8),
        (libc::O_DIRECT, 9),
        (libc::O_DIRECTORY, 10),
        (0o100_000, 11),
        (libc::O_CLOEXEC, 12),
        (libc::O_TMPFILE, 13),
    ];
    bits.iter().filter(|(bit, _)| native & bit == *bit).fold(access, |flags, (_, at)| flags | 1 << at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_have_the_numbers_of_events() {
        let flags = (libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC | libc::O_CLOEXEC) as u32;
        assert_eq!(file_flags(flags), 2 | 1 << 2 | 1 << 8 | 1 << 12);
        assert_eq!(native_flags("pos:\t0\nflags:\t02100002\nmnt_id:\t9\n"), Some(0o2_100_002));
        assert_eq!(file_flags(0o2_100_002), 3 | 1 << 11 | 1 << 12);
    }

    #[test]
    fn own_descriptors_are_found() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (left, _right) = std::os::unix::net::UnixStream::pair().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let found = descriptors(Path::new("/proc/self"), &mut Sockets::default());
        let of = |fd: &dyn std::os::fd::AsRawFd| {
            found.iter().find(|found| found.fd == i64::from(fd.as_raw_fd())).map(|found| &found.info).unwrap()
        };
        let FdInfo::File { flags, name, dev } = of(file.as_file()) else { panic!("{:?}", of(file.as_file())) };
        assert_eq!(**name, *file.path().as_os_str().as_bytes());
        assert_eq!((flags & 3, *dev != 0), (3, true));
        assert!(matches!(of(&left), FdInfo::Unix { .. }));
        let port = listener.local_addr().unwrap().port();
        assert!(matches!(of(&listener), FdInfo::V4Server { port: found, .. } if *found == port));
    }
}
