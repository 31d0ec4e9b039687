//! Users and groups.

use lanner_syscall::capture::{Group, User};

use super::World;
use crate::error::{ScriptError, did_you_mean};
use crate::read::{Node, parse_int};

pub(super) fn user(uid: u32, gid: u32, name: &str, home: &str, shell: &str) -> User {
    User { uid, gid, name: bytes(name), home: bytes(home), shell: bytes(shell) }
}

fn bytes(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

/// First of the ids that users get who come without one.
const FIRST_UID: u32 = 1000;

impl World {
    pub(super) fn read_user(&mut self, node: &Node<'_>) -> Result<(), ScriptError> {
        let f = node.fields()?;
        let (uid, gid, name) = (f.number("uid")?, f.number("gid")?, f.text("name")?);
        let (home, shell) = (f.text("home")?, f.text("shell")?);
        f.finish()?;
        let name = name.ok_or_else(|| f.error("a user needs a name"))?;
        let known = |uid: u32, name: &str| self.users.iter().position(|u| u.uid == uid || *u.name == *name.as_bytes());
        let uid = uid.unwrap_or_else(|| {
            let of_name = self.users.iter().find(|u| *u.name == *name.as_bytes()).map(|u| u.uid);
            of_name.unwrap_or_else(|| (FIRST_UID..).find(|uid| self.users.iter().all(|u| u.uid != *uid)).unwrap_or(0))
        });
        let gid = gid.unwrap_or(uid);
        let home = home.unwrap_or_else(|| if uid == 0 { "/root".to_owned() } else { format!("/home/{name}") });
        let new = user(uid, gid, &name, &home, shell.as_deref().unwrap_or("/bin/bash"));
        // A later entry is what the case says about a user of the file, or of a system user.
        match known(uid, &name) {
            Some(at) => self.users[at] = new,
            None => self.users.push(new),
        }
        if self.groups.iter().all(|g| g.gid != gid) {
            self.groups.push(Group { gid, name: bytes(&name) });
        }
        Ok(())
    }

    pub(super) fn read_group(&mut self, node: &Node<'_>) -> Result<(), ScriptError> {
        let f = node.fields()?;
        let (gid, name) = (f.number("gid")?, f.text("name")?);
        f.finish()?;
        let (Some(gid), Some(name)) = (gid, name) else { return Err(f.error("a group needs a gid and a name")) };
        self.groups.retain(|g| g.gid != gid);
        self.groups.push(Group { gid, name: bytes(&name) });
        Ok(())
    }

    /// User and main group of a name or number. A number needs no entry: its name is then unknown.
    pub(crate) fn user(&self, node: &Node<'_>) -> Result<(u32, u32), ScriptError> {
        let by_number = node.value.is_number() || node.value.as_str().is_some_and(|s| parse_int(s).is_some());
        if by_number {
            let uid = node.number()?;
            return Ok((uid, self.users.iter().find(|u| u.uid == uid).map_or(uid, |u| u.gid)));
        }
        let name = node.text()?;
        if let Some(user) = self.users.iter().find(|u| *u.name == *name.as_bytes()) {
            return Ok((user.uid, user.gid));
        }
        let names = self.users.iter().filter_map(|u| std::str::from_utf8(&u.name).ok());
        let hint = did_you_mean(&name, names);
        Err(node.error(format!("no user has the name \"{name}\"{hint}: describe it under given.users")))
    }

    /// A group by name or number.
    pub(crate) fn group(&self, node: &Node<'_>) -> Result<u32, ScriptError> {
        if node.value.is_number() || node.value.as_str().is_some_and(|s| parse_int(s).is_some()) {
            return node.number();
        }
        let name = node.text()?;
        if let Some(group) = self.groups.iter().find(|g| *g.name == *name.as_bytes()) {
            return Ok(group.gid);
        }
        let hint = did_you_mean(&name, self.groups.iter().filter_map(|g| std::str::from_utf8(&g.name).ok()));
        Err(node.error(format!("no group has the name \"{name}\"{hint}: describe it under given.groups")))
    }
}
