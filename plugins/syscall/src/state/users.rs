//! Users and groups, per container; the host's container id is the empty string.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::zstr::ZStr;
use crate::capture;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// Most users, and most groups, that are kept over all containers.
const MAX_ENTRIES: usize = 1 << 17;
/// Longest name kept.
const MAX_NAME: usize = 255;
/// Longest home directory and shell kept.
const MAX_PATH: usize = 1023;

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

/// Bytes that an entry takes.
trait Weight {
    fn weight(&self) -> usize;
}

/// Beside its names: its place in a map, at worst in one of its own.
const ENTRY: usize = 256;

impl Weight for User {
    fn weight(&self) -> usize {
        ENTRY + self.name.held() + self.home.held() + self.shell.held()
    }
}

impl Weight for Group {
    fn weight(&self) -> usize {
        ENTRY + self.name.held()
    }
}

/// Entries by number, of the host and of each container. The host's have a map of their own: they are asked for most.
#[derive(Clone, Debug)]
struct Registry<V> {
    host: Map<u32, V>,
    containers: Map<Box<[u8]>, Map<u32, V>>,
    count: usize,
    bytes: usize,
    max_bytes: usize,
    /// Entries that there was no room for.
    refused: u64,
}

impl<V: Weight> Registry<V> {
    fn new(max_bytes: usize) -> Self {
        Registry { host: Map::default(), containers: Map::default(), count: 0, bytes: 0, max_bytes, refused: 0 }
    }

    #[inline]
    fn get(&self, container: &[u8], id: u32) -> Option<&V> {
        match container {
            [] => self.host.get(&id),
            container => self.containers.get(container)?.get(&id),
        }
    }

    fn add(&mut self, container: &[u8], id: u32, value: V) {
        let weight = value.weight();
        if self.count >= MAX_ENTRIES || self.bytes + weight > self.max_bytes {
            self.refused += 1;
            return;
        }
        let map = match container {
            [] => &mut self.host,
            container => self.containers.entry_ref(container).or_default(),
        };
        self.bytes += weight;
        match map.insert(id, value) {
            None => self.count += 1,
            Some(old) => self.bytes -= old.weight(),
        }
    }

    fn remove(&mut self, container: &[u8], id: u32) {
        let map = match container {
            [] => Some(&mut self.host),
            container => self.containers.get_mut(container),
        };
        let Some(map) = map else { return };
        if let Some(old) = map.remove(&id) {
            self.count -= 1;
            self.bytes -= old.weight();
        }
        if map.is_empty() {
            self.containers.remove(container);
        }
    }

    fn remove_container(&mut self, container: &[u8]) {
        let Some(gone) = self.containers.remove(container) else { return };
        self.count -= gone.len();
        self.bytes -= gone.values().map(Weight::weight).sum::<usize>();
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &V)> {
        let host = self.host.values().map(|v| (&b""[..], v));
        host.chain(self.containers.iter().flat_map(|(c, m)| m.values().map(move |v| (&**c, v))))
    }
}

/// Users and groups of the host and of containers.
#[derive(Clone, Debug)]
pub struct Users {
    users: Registry<User>,
    groups: Registry<Group>,
}

fn cut(text: ZStr, max: usize) -> ZStr {
    if text.len() > max { ZStr::new(&text.as_bytes()[..max]) } else { text }
}

/// An entry of a name-service switch, which stands for others.
fn is_switch(name: &ZStr) -> bool {
    matches!(name.as_bytes().first(), Some(b'+' | b'-'))
}

impl Default for Users {
    /// As many as are ever kept.
    fn default() -> Self {
        Users::bounded(usize::MAX)
    }
}

impl Users {
    /// No more than so many bytes of them, half for users and half for groups.
    pub(crate) fn bounded(max_bytes: usize) -> Self {
        Users { users: Registry::new(max_bytes / 2), groups: Registry::new(max_bytes / 2) }
    }

    /// Bytes that they take.
    pub(crate) fn bytes(&self) -> usize {
        self.users.bytes + self.groups.bytes
    }

    /// Users and groups that there was no room for.
    pub(crate) fn refused(&self) -> u64 {
        self.users.refused + self.groups.refused
    }

    /// User of a container (empty id: of the host).
    #[inline]
    pub fn user(&self, container: &[u8], uid: u32) -> Option<&User> {
        self.users.get(container, uid)
    }

    /// Group of a container (empty id: of the host).
    #[inline]
    pub fn group(&self, container: &[u8], gid: u32) -> Option<&Group> {
        self.groups.get(container, gid)
    }

    /// Adds or replaces a user. Names of name-service switches (`+`, `-`) are passed over.
    pub fn add_user(&mut self, container: &[u8], user: User) {
        if !is_switch(&user.name) {
            let name = cut(user.name, MAX_NAME);
            let (home, shell) = (cut(user.home, MAX_PATH), cut(user.shell, MAX_PATH));
            self.users.add(container, user.uid, User { name, home, shell, ..user });
        }
    }

    /// Adds or replaces a group. Names of name-service switches (`+`, `-`) are passed over.
    pub fn add_group(&mut self, container: &[u8], group: Group) {
        if !is_switch(&group.name) {
            let name = cut(group.name, MAX_NAME);
            self.groups.add(container, group.gid, Group { name, ..group });
        }
    }

    /// Adds or replaces users and groups of the machine, as its files or a recording list them.
    pub(crate) fn add_listed(&mut self, users: &[capture::User], groups: &[capture::Group]) {
        for u in users {
            let (name, home, shell) = (ZStr::new(&u.name), ZStr::new(&u.home), ZStr::new(&u.shell));
            self.add_user(b"", User { uid: u.uid, gid: u.gid, name, home, shell });
        }
        for g in groups {
            self.add_group(b"", Group { gid: g.gid, name: ZStr::new(&g.name) });
        }
    }

    /// Forgets a user.
    pub fn remove_user(&mut self, container: &[u8], uid: u32) {
        self.users.remove(container, uid);
    }

    /// Forgets a group.
    pub fn remove_group(&mut self, container: &[u8], gid: u32) {
        self.groups.remove(container, gid);
    }

    /// Forgets all users and groups of a container that is gone.
    pub fn remove_container(&mut self, container: &[u8]) {
        self.users.remove_container(container);
        self.groups.remove_container(container);
    }

    /// All users: container id and user, in no particular order.
    pub fn iter_users(&self) -> impl Iterator<Item = (&[u8], &User)> {
        self.users.iter()
    }

    /// All groups: container id and group, in no particular order.
    pub fn iter_groups(&self) -> impl Iterator<Item = (&[u8], &Group)> {
        self.groups.iter()
    }
}
