//! Control groups of threads. A machine has few lists of them and each is worn by many threads, so every list that is
//! kept has a number: whoever derives something from a list, as another plugin does through the table, does so once.

use hashbrown::HashMap;
use lanner_plugin_api::wire::read;
use rustc_hash::FxBuildHasher;

use super::zstr::ZList;

/// The control groups of one thread: pairs of subsystem and path.
#[derive(Clone, Debug, Default)]
pub struct Cgroups {
    items: ZList,
    number: u64,
}

impl Cgroups {
    /// Number of the list: two threads that have the same one are in the same groups. 0: in none. Never used twice.
    #[inline]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// True when the thread is in no group, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Bytes that the list takes.
    pub(crate) fn len(&self) -> usize {
        self.items.as_bytes().len()
    }

    /// Path of the group of a subsystem, with its NUL.
    pub fn path(&self, subsystem: &[u8]) -> Option<&[u8]> {
        self.pairs().find(|(s, _)| s.strip_suffix(b"\0") == Some(subsystem)).map(|(_, path)| path)
    }

    /// Pairs of subsystem and path, each with its NUL.
    pub fn pairs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut items = self.items.iter_with_nul();
        std::iter::from_fn(move || Some((items.next()?, items.next()?)))
    }
}

/// Lists that are remembered; a machine has as many as it has services and containers.
const REMEMBERED: usize = 1024;
/// Longer lists are not remembered (the probe cuts them at this).
const MAX_LEN: usize = 4096;
/// Bytes of those that are remembered. Real lists have a few hundred bytes, in the table and with the threads.
const MAX_BYTES: usize = 1 << 20;

/// The lists seen a short time ago.
#[derive(Debug, Default)]
pub(crate) struct CgroupLists {
    /// By what the events say.
    seen: HashMap<Box<[u8]>, Cgroups, FxBuildHasher>,
    /// Length of all of them.
    bytes: usize,
    /// The one that came last, and will most likely come next.
    last: (Vec<u8>, Cgroups),
    /// Number of the list numbered last.
    number: u64,
}

impl CgroupLists {
    /// The list "subsystem=path", NUL-separated, as events and captures write it. `None` when an item has no '='.
    pub(crate) fn get(&mut self, list: &[u8]) -> Option<Cgroups> {
        if list != &self.last.0[..] {
            let kept = match self.seen.get(list) {
                Some(kept) => kept.clone(),
                None => self.add(list)?,
            };
            self.last.0.clear();
            self.last.0.extend_from_slice(list);
            self.last.1 = kept;
        }
        Some(self.last.1.clone())
    }

    #[cold]
    fn add(&mut self, list: &[u8]) -> Option<Cgroups> {
        let items = items(list)?;
        if items.is_empty() {
            return Some(Cgroups::default());
        }
        self.number += 1;
        let kept = Cgroups { items, number: self.number };
        if list.len() <= MAX_LEN {
            if self.seen.len() >= REMEMBERED || self.bytes + list.len() > MAX_BYTES {
                self.seen.clear();
                self.bytes = 0;
            }
            self.bytes += list.len();
            self.seen.insert(list.into(), kept.clone());
        }
        Some(kept)
    }
}

/// The items subsystem, path, subsystem … of a list, subsystems by their present names.
fn items(list: &[u8]) -> Option<ZList> {
    let mut items = Vec::with_capacity(list.len() + 1);
    for item in read::list(list) {
        let at = memchr::memchr(b'=', item)?;
        let (subsystem, path) = (&item[..at], &item[at + 1..]);
        items.extend_from_slice(match subsystem.strip_suffix(b"_cgroup").unwrap_or(subsystem) {
            b"perf" => b"perf_event",
            b"mem" => b"memory",
            b"io" => b"blkio",
            other => other,
        });
        items.push(0);
        items.extend_from_slice(path);
        items.push(0);
    }
    Some(ZList::new(&items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_list_has_the_same_number_and_another_has_another() {
        let mut lists = CgroupLists::default();
        let mut number = |list: &[u8]| lists.get(list).map(|c| c.number());
        let (a, b) = (number(b"cpu=/a\0"), number(b"cpu=/b\0"));
        assert_ne!(a, b);
        assert_eq!((number(b"cpu=/a\0"), number(b"cpu=/b\0")), (a, b));
        assert_eq!((number(b""), number(b"\0"), number(b"no path\0")), (Some(0), Some(0), None));
        for n in 0..=REMEMBERED {
            number(format!("cpu=/{n}\0").as_bytes());
        }
        assert!(number(b"cpu=/a\0") > a, "forgotten, so numbered anew");
        assert!(lists.seen.len() <= REMEMBERED);
    }
}
