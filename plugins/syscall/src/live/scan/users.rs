//! Users and groups of the machine.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::host;
use crate::capture::{Group, User};

/// Inode, time of the last change and size of a file: what differs when it has been edited or replaced.
type Stamp = (u64, i64, i64, u64);

/// The files that name users and groups, as they were when last looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFiles([Option<Stamp>; 2]);

const FILES: [&str; 2] = ["/etc/passwd", "/etc/group"];

impl UserFiles {
    /// The files as they are.
    pub fn as_of_now() -> Self {
        Self(FILES.map(|path| {
            let file = fs::metadata(host(path)).ok()?;
            Some((file.ino(), file.mtime(), file.mtime_nsec(), file.size()))
        }))
    }

    /// Users and groups, if either file has changed since it was last looked at. A file that is not there says nothing:
    /// it may be about to be replaced.
    pub fn changed(&mut self) -> Option<(Vec<User>, Vec<Group>)> {
        let now = Self::as_of_now();
        if now == *self || now.0.contains(&None) {
            return None;
        }
        *self = now;
        let [passwd, group] = FILES.map(|path| fs::read(host(path)).unwrap_or_default());
        Some((users(&passwd), groups(&group)))
    }
}

fn rows(file: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    file.split(|&b| b == b'\n').map(|line| line.split(|&b| b == b':').collect())
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The rows of a `passwd` file; those that are none are passed over.
pub(super) fn users(file: &[u8]) -> Vec<User> {
    let user = |row: Vec<&[u8]>| match row[..] {
        [name, _, uid, gid, _, home, shell] => Some(User {
            uid: number(uid)?,
            gid: number(gid)?,
            name: name.into(),
            home: home.into(),
            shell: shell.into(),
        }),
        _ => None,
    };
    rows(file).filter_map(user).collect()
}

/// The rows of a `group` file.
pub(super) fn groups(file: &[u8]) -> Vec<Group> {
    let group = |row: Vec<&[u8]>| match row[..] {
        [name, _, gid, ..] => Some(Group { gid: number(gid)?, name: name.into() }),
        _ => None,
    };
    rows(file).filter_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_when_they_change() {
        let mut files = UserFiles::as_of_now();
        assert_eq!(files.changed(), None);
        files.0[0] = Some((0, 0, 0, 0));
        let (users, groups) = files.changed().expect("another file");
        assert!(users.iter().any(|user| user.uid == 0) && groups.iter().any(|group| group.gid == 0));
        assert_eq!(files.changed(), None);
    }

    #[test]
    fn rows_that_are_none_are_passed_over() {
        let file = b"root:x:0:0:root:/root:/bin/bash\n# no row\n\nbad:x:y:0::/:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n";
        let found = users(file);
        assert_eq!(found.len(), 2);
        assert_eq!((&*found[1].name, found[1].uid, &*found[1].shell), (&b"daemon"[..], 1, &b"/usr/sbin/nologin"[..]));
        let found = groups(b"root:x:0:\nadm:x:4:syslog,me\n+::\n");
        assert_eq!(found.len(), 2);
        assert_eq!((&*found[1].name, found[1].gid), (&b"adm"[..], 4));
    }
}
