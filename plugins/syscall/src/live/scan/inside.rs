//! Users and groups of a container, from the files inside of it.
//!
//! These files belong to whoever made the container, who may be hostile: a link must not lead out of it, and neither a pipe nor a
//! file system that somebody serves may make us wait. So the mounts are looked at first, the files are opened with `openat2` with
//! the container's root as root, and only what is a file is read, up to a size.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};

use super::{host, users};
use crate::capture::{Group, User};

/// Bytes of a file at most.
const MOST: u64 = 1 << 20;
/// The files.
const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// Where mounts decide what opening the files asks of whom.
const ON_THE_WAY: [&str; 4] = ["/", "/etc", PASSWD, GROUP];
/// File systems that answer from this machine's memory and disks, without asking any process.
const LOCAL: [&str; 14] = [
    "overlay", "ext4", "ext3", "ext2", "xfs", "btrfs", "tmpfs", "ramfs", "zfs", "f2fs", "erofs", "squashfs",
    "bcachefs", "rootfs",
];

/// The users and groups that a process sees, by the numbers that the machine has for them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Its users.
    pub(crate) users: Vec<User>,
    /// Its groups.
    pub(crate) groups: Vec<Group>,
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoNames {
    /// It is not, or not yet, in a file system of its own.
    #[error("the process has the machine's files")]
    OfTheMachine,
    /// Reading could take as long as somebody likes.
    #[error("{0} is on a file system of type {1}, which may not answer")]
    Remote(&'static str, Box<str>),
    /// A directory, a device, a pipe.
    #[error("{0} is no file")]
    NoFile(&'static str),
    /// It is gone, or may not be looked at.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the names that a process sees.
///
/// # Errors
/// There are none, or they cannot be read without risk.
pub(crate) fn names(pid: u32) -> Result<Names, NoNames> {
    let proc = host("/proc");
    let of = proc.join(pid.to_string());
    check_mounts(&super::read(&of.join("mountinfo"))?)?;
    let own = std::fs::metadata(of.join("root/."))?;
    // The runtime's own steps are in the container's control group before they are in its files.
    let machine = std::fs::metadata(proc.join("1/root/.")).or_else(|_| std::fs::metadata("/"))?;
    if (own.dev(), own.ino()) == (machine.dev(), machine.ino()) {
        return Err(NoNames::OfTheMachine);
    }
    let root = open(of.join("root/"), OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(io::Error::from)?;
    let users = users::users(&file(&root, PASSWD)?);
    // A container without groups has none; that is no reason to forget its users.
    let groups = users::groups(&file(&root, GROUP).unwrap_or_default());
    let (uids, gids) = (Ids::read(&of.join("uid_map")), Ids::read(&of.join("gid_map")));
    let user = |user: User| Some(User { uid: uids.outside(user.uid)?, ..user });
    let group = |group: Group| Some(Group { gid: gids.outside(group.gid)?, ..group });
    Ok(Names {
        users: users.into_iter().filter_map(user).collect(),
        groups: groups.into_iter().filter_map(group).collect(),
    })
}

/// Whether what is mounted on the way to the files answers by itself.
fn check_mounts(mountinfo: &[u8]) -> Result<(), NoNames> {
    for line in mountinfo.split(|&b| b == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let mut words = line.split(' ');
        let (point, kind) = (words.nth(4), words.skip_while(|word| *word != "-").nth(1));
        let Some(point) = ON_THE_WAY.into_iter().find(|place| Some(*place) == point) else { continue };
        let kind = kind.unwrap_or_default();
        if !LOCAL.contains(&kind) {
            return Err(NoNames::Remote(point, kind.into()));
        }
    }
    Ok(())
}

/// The content of a file inside.
fn file(root: &OwnedFd, path: &'static str) -> Result<Vec<u8>, NoNames> {
    let inside = Path::new(path).strip_prefix("/").unwrap_or(Path::new(path));
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    // A link stays on the file system of the root; what is mounted over the file itself has been looked at.
    let attempt = |more| openat2(root, inside, flags, Mode::empty(), within | more);
    let opened = attempt(ResolveFlags::NO_XDEV).or_else(|error| match error {
        rustix::io::Errno::XDEV => attempt(ResolveFlags::NO_SYMLINKS),
        other => Err(other),
    });
    let file = File::from(opened.map_err(io::Error::from)?);
    if !file.metadata()?.is_file() {
        return Err(NoNames::NoFile(path));
    }
    let mut content = Vec::new();
    file.take(MOST).read_to_end(&mut content)?;
    Ok(content)
}

/// Which numbers inside of a user namespace are which of the machine.
#[derive(Debug)]
struct Ids(Vec<[u32; 3]>);

impl Ids {
    fn read(path: &Path) -> Self {
        Self::parse(&super::read(path).unwrap_or_default())
    }

    /// Lines of `inside outside count`; all are their own without any.
    fn parse(map: &[u8]) -> Self {
        let row = |line: &str| {
            let mut numbers = line.split_whitespace().map(str::parse);
            Some([numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?])
        };
        Self(String::from_utf8_lossy(map).lines().filter_map(row).collect())
    }

    /// The machine's number for one inside; `None`: no process of the machine has it.
    fn outside(&self, inside: u32) -> Option<u32> {
        if self.0.is_empty() {
            return Some(inside);
        }
        let fits = |[first, _, count]: &&[u32; 3]| inside >= *first && inside - first < *count;
        let [first, outside, _] = self.0.iter().find(fits)?;
        outside.checked_add(inside - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_machine() {
        let ids = Ids::parse(b"         0       1000          1\n         1     100000      65536\n");
        assert_eq!(
            [0, 1, 33, 65536, 65537].map(|id| ids.outside(id)),
            [Some(1000), Some(100_000), Some(100_032), Some(165_535), None]
        );
        assert_eq!(Ids::parse(b"").outside(7), Some(7));
        assert_eq!(Ids::parse(b"0 0 4294967295\n").outside(7), Some(7));
        assert_eq!(Ids::parse(b"0 4294967290 100\n").outside(50), None);
    }

    #[test]
    fn file_systems_that_somebody_serves_are_not_asked() {
        let mounts = |kind: &str, point: &str| {
            format!("1 0 0:1 / / rw - overlay overlay rw\n2 1 0:2 / {point} rw shared:1 master:2 - {kind} src rw\n\n")
        };
        let check = |kind, point| check_mounts(mounts(kind, point).as_bytes());
        assert!(check("tmpfs", "/etc").is_ok());
        assert!(check("fuse.evil", "/mnt").is_ok(), "not on the way");
        for kind in ["fuse.evil", "nfs4", "9p", "cifs", "fuse"] {
            let error = check(kind, "/etc/passwd").err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with("/etc/passwd is on a file system of type"), "{error}");
            assert!(check(kind, "/etc").is_err() && check(kind, "/").is_err());
        }
    }

    #[test]
    fn our_own_files_are_the_machines() {
        assert!(matches!(names(std::process::id()), Err(NoNames::OfTheMachine | NoNames::Remote(..))));
        assert!(matches!(names(u32::MAX), Err(NoNames::Io(_))));
    }

    #[test]
    fn neither_links_nor_pipes_lead_astray() {
        let dir = tempfile::tempdir().unwrap();
        let etc = dir.path().join("etc");
        std::fs::create_dir(&etc).unwrap();
        let opened = || {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            file(&open(dir.path(), flags, Mode::empty()).unwrap(), PASSWD)
        };
        let passwd = etc.join("passwd");
        std::os::unix::fs::symlink("/etc/shadow", &passwd).unwrap();
        assert!(opened().is_err(), "absolute: within the root, where there is none");
        std::fs::remove_file(&passwd).unwrap();
        std::os::unix::fs::symlink("../../../../../../etc/hostname", &passwd).unwrap();
        assert!(opened().is_err(), "out of the root");
        std::fs::write(etc.join("own"), b"own").unwrap();
        std::fs::remove_file(&passwd).unwrap();
        std::os::unix::fs::symlink("/etc/own", &passwd).unwrap();
        assert_eq!(opened().unwrap(), b"own", "inside");
        std::fs::remove_file(&passwd).unwrap();
        std::os::unix::fs::symlink("/proc/self/root/etc/hostname", &passwd).unwrap();
        assert!(opened().is_err());
        std::fs::remove_file(&passwd).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&passwd).status().unwrap().success());
        assert!(matches!(opened(), Err(NoNames::NoFile(PASSWD))), "a pipe that nobody writes to");
        std::fs::remove_file(&passwd).unwrap();
        std::fs::write(&passwd, vec![b'x'; (MOST + 10) as usize]).unwrap();
        assert_eq!(opened().unwrap().len() as u64, MOST);
    }
}
