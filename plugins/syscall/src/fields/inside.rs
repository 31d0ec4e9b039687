//! Names of users and groups inside of containers, live: read when a field first asks for one, kept for the container.

use std::collections::VecDeque;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::live::scan::inside::names;
use crate::state::zstr::ZStr;
use crate::state::{Group, User};

/// Containers whose names are kept; of more, those that were read first go.
const MOST: usize = 1024;
/// Users, and groups, of one container at most.
const MOST_NAMES: usize = 4096;
/// After this time a name that is not there, or files that could not be read, are looked for again, ns; twice that after each attempt
/// in vain.
const FIRST_REST: u64 = 2_000_000;
const LONGEST_REST: u64 = 2_000_000_000;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// Names by container.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    known: Map<Box<[u8]>, Names>,
    order: VecDeque<Box<[u8]>>,
    /// Times that files were read.
    pub(crate) read: u64,
}

/// Those of one container.
#[derive(Debug, Default)]
struct Names {
    users: Map<u32, User>,
    groups: Map<u32, Group>,
    /// When its files may be looked at again, and how long after that.
    again_at: u64,
    rest: u64,
}

impl Inside {
    /// The user of this number in a container; `processes` are some of its processes, `now` is the time of the event.
    pub(crate) fn user(
        &mut self,
        container: &[u8],
        uid: u32,
        now: u64,
        processes: &mut dyn Iterator<Item = i64>,
    ) -> Option<&User> {
        self.names(container, now, processes, |names| names.users.contains_key(&uid))?.users.get(&uid)
    }

    /// The group of this number.
    pub(crate) fn group(
        &mut self,
        container: &[u8],
        gid: u32,
        now: u64,
        processes: &mut dyn Iterator<Item = i64>,
    ) -> Option<&Group> {
        self.names(container, now, processes, |names| names.groups.contains_key(&gid))?.groups.get(&gid)
    }

    /// A container is gone.
    pub(crate) fn remove(&mut self, container: &[u8]) {
        if self.known.remove(container).is_some() {
            self.order.retain(|known| **known != *container);
        }
    }

    /// How many containers are known.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    fn names(
        &mut self,
        container: &[u8],
        now: u64,
        processes: &mut dyn Iterator<Item = i64>,
        enough: impl Fn(&Names) -> bool,
    ) -> Option<&Names> {
        if !self.known.contains_key(container) {
            if self.order.len() >= MOST
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
            self.order.push_back(container.into());
            self.known.insert(container.into(), Names::default());
        }
        let names = self.known.get_mut(container)?;
        if now >= names.again_at && !enough(names) {
            names.rest = (names.rest * 2).clamp(FIRST_REST, LONGEST_REST);
            names.again_at = now.saturating_add(names.rest);
            self.read += 1;
            names.look(processes);
        }
        Some(names)
    }
}

impl Names {
    /// Reads the files through the first of these processes that is still there.
    #[cold]
    fn look(&mut self, processes: &mut dyn Iterator<Item = i64>) {
        /// Processes that are tried: short-lived ones are often gone.
        const TRIED: usize = 4;

        let found = processes.take(TRIED).filter_map(|pid| u32::try_from(pid).ok()).find_map(|pid| names(pid).ok());
        let Some(found) = found else { return };
        let text = |bytes: &[u8]| ZStr::new(bytes);
        let user = |user: crate::capture::User| {
            let (name, home, shell) = (text(&user.name), text(&user.home), text(&user.shell));
            (user.uid, User { uid: user.uid, gid: user.gid, name, home, shell })
        };
        let group = |group: crate::capture::Group| (group.gid, Group { gid: group.gid, name: text(&group.name) });
        // Of several rows with one number the first counts, as for the programs inside.
        self.users = found.users.into_iter().rev().map(user).take(MOST_NAMES).collect();
        self.groups = found.groups.into_iter().rev().map(group).take(MOST_NAMES).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_limits() {
        let mut inside = Inside::default();
        for n in 0..100_000u64 {
            assert!(inside.user(n.to_string().as_bytes(), 0, n, &mut [-1].into_iter()).is_none());
        }
        assert_eq!((inside.len(), inside.order.len()), (MOST, MOST));
        inside.remove(b"99999");
        assert_eq!((inside.len(), inside.order.len()), (MOST - 1, MOST - 1));
    }

    #[test]
    fn files_are_not_read_for_every_event() {
        let mut inside = Inside::default();
        for now in 0..10_000 {
            assert!(inside.group(b"x", 7, now * 1_000_000, &mut std::iter::empty()).is_none());
        }
        assert!(inside.read < 20, "{} times in ten seconds", inside.read);
    }
}
