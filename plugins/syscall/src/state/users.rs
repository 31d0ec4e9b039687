//! Users and groups, per container; the host's container id is the empty string.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::zstr::ZStr;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// Most users, and most groups, that are kept over all containers.
const MAX_ENTRIES: usize = 1 << 20;

/// One user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Name.
    pub name: ZStr,
    /// Home directory.
    pub home: ZStr,
    /// Shell.
    pub shell: ZStr,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Group id.
    pub gid: u32,
    /// Name.
    pub name: ZStr,
}

/// Users and groups of the host and of containers.
#[derive(Clone, Debug, Default)]
pub struct Users {
    users: Map<Box<[u8]>, Map<u32, User>>,
    groups: Map<Box<[u8]>, Map<u32, Group>>,
    user_count: usize,
    group_count: usize,
}

impl Users {
    /// User of a container (empty id: of the host).
    pub fn user(&self, container: &[u8], uid: u32) -> Option<&User> {
        self.users.get(container)?.get(&uid)
    }

    /// Group of a container (empty id: of the host).
    pub fn group(&self, container: &[u8], gid: u32) -> Option<&Group> {
        self.groups.get(container)?.get(&gid)
    }

    /// Adds or replaces a user. Names of name-service switches (`+`, `-`) are passed over.
    pub fn add_user(&mut self, container: &[u8], user: User) {
        if matches!(user.name.as_bytes().first(), Some(b'+' | b'-')) || self.user_count >= MAX_ENTRIES {
            return;
        }
        if self.users.entry_ref(container).or_default().insert(user.uid, user).is_none() {
            self.user_count += 1;
        }
    }

    /// Adds or replaces a group. Names of name-service switches (`+`, `-`) are passed over.
    pub fn add_group(&mut self, container: &[u8], group: Group) {
        if matches!(group.name.as_bytes().first(), Some(b'+' | b'-')) || self.group_count >= MAX_ENTRIES {
            return;
        }
        if self.groups.entry_ref(container).or_default().insert(group.gid, group).is_none() {
            self.group_count += 1;
        }
    }

    /// Forgets a user.
    pub fn remove_user(&mut self, container: &[u8], uid: u32) {
        if self.users.get_mut(container).and_then(|m| m.remove(&uid)).is_some() {
            self.user_count -= 1;
        }
    }

    /// Forgets a group.
    pub fn remove_group(&mut self, container: &[u8], gid: u32) {
        if self.groups.get_mut(container).and_then(|m| m.remove(&gid)).is_some() {
            self.group_count -= 1;
        }
    }

    /// Forgets all users and groups of a container that is gone.
    pub fn remove_container(&mut self, container: &[u8]) {
        self.user_count -= self.users.remove(container).map_or(0, |m| m.len());
        self.group_count -= self.groups.remove(container).map_or(0, |m| m.len());
    }

    /// All users: container id and user, in no particular order.
    pub fn iter_users(&self) -> impl Iterator<Item = (&[u8], &User)> {
        self.users.iter().flat_map(|(c, m)| m.values().map(move |u| (&**c, u)))
    }

    /// All groups: container id and group, in no particular order.
    pub fn iter_groups(&self) -> impl Iterator<Item = (&[u8], &Group)> {
        self.groups.iter().flat_map(|(c, m)| m.values().map(move |g| (&**c, g)))
    }
}
