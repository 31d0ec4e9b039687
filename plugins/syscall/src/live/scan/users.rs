//! Users and groups of the machine.

use crate::capture::{Group, User};

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
