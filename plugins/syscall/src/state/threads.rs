//! The thread table: threads by tid, thread groups, parents and children.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::ids::{GroupId, Slot};
use super::thread::Thread;

/// Most threads kept.
pub const MAX_THREADS: usize = 262_144;
/// Thread ids below this (the kernel's highest) are found by direct index, if there is memory for one.
const DIRECT: usize = 1 << 22;
/// The index takes this part of the memory for threads at most.
const INDEX_SHARE: usize = 16;
/// The index begins with room for these ids and grows to the highest one seen. A table is made for each recording, and a
/// small recording shall not pay for an index of 16 MiB.
const DIRECT_FIRST: usize = 1 << 15;

/// A process's threads.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) pid: i64,
    pub(crate) alive: u64,
    /// Adopts orphans: first process of a pid namespace, or made so by prctl.
    pub(crate) reaper: bool,
    first: Option<Slot>,
    last: Option<Slot>,
}

/// All threads.
#[derive(Debug)]
pub(crate) struct Threads {
    direct: Vec<u32>,
    /// What `direct` may grow to.
    most_direct: usize,
    far: HashMap<i64, Slot, FxBuildHasher>,
    slots: Vec<Thread>,
    free: Vec<Slot>,
    len: usize,
    groups: Vec<Group>,
    free_groups: Vec<GroupId>,
    by_pid: HashMap<i64, GroupId, FxBuildHasher>,
    next_serial: u64,
}

impl Threads {
    /// For threads that take so many bytes at most.
    pub(crate) fn new(max_bytes: usize) -> Threads {
        let affordable = (max_bytes / INDEX_SHARE / size_of::<u32>()).clamp(DIRECT_FIRST, DIRECT);
        Threads {
            direct: vec![0; DIRECT_FIRST],
            // The highest power of two in it.
            most_direct: 1 << affordable.ilog2(),
            far: HashMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            len: 0,
            groups: Vec::new(),
            free_groups: Vec::new(),
            by_pid: HashMap::default(),
            next_serial: 1,
        }
    }

    /// Threads in the table.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Slot of a thread id.
    #[inline]
    pub(crate) fn find(&self, tid: i64) -> Option<Slot> {
        match self.direct.get(tid as usize) {
            Some(&raw) => Slot::from_raw(raw),
            None => self.far.get(&tid).copied(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<&Thread> {
        self.slots.get(slot.index())
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Thread> {
        self.slots.get_mut(slot.index())
    }

    /// The thread in a slot that is known to be in use.
    #[inline]
    pub(crate) fn at(&self, slot: Slot) -> &Thread {
        &self.slots[slot.index()]
    }

    #[inline]
    pub(crate) fn at_mut(&mut self, slot: Slot) -> &mut Thread {
        &mut self.slots[slot.index()]
    }

    /// All threads with their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Slot, &Thread)> {
        let used = self.slots.iter().enumerate().filter(|(_, t)| t.serial != 0);
        used.filter_map(|(i, t)| Some((Slot::from_index(i)?, t)))
    }

    /// Puts a thread into the table. The caller has seen that its id is free and that there is room.
    pub(crate) fn insert(&mut self, mut thread: Thread) -> Option<Slot> {
        thread.serial = self.next_serial;
        self.next_serial += 1;
        let tid = thread.tid;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot.index()] = thread;
                slot
            }
            None => {
                let slot = Slot::from_index(self.slots.len())?;
                self.slots.push(thread);
                slot
            }
        };
        self.make_room(tid as usize);
        match self.direct.get_mut(tid as usize) {
            Some(raw) => *raw = slot.raw(),
            None => drop(self.far.insert(tid, slot)),
        }
        self.len += 1;
        Some(slot)
    }

    /// Lets the index reach this id, if it is one for the index.
    fn make_room(&mut self, id: usize) {
        if id >= self.direct.len() && id < self.most_direct {
            // A new index rather than a longer one: what is zeroed memory of the system costs only the pages in use.
            let mut longer = vec![0; (id + 1).next_power_of_two().min(self.most_direct)];
            longer[..self.direct.len()].copy_from_slice(&self.direct);
            self.direct = longer;
        }
    }

    /// Takes a thread out of the table, its group and its family.
    pub(crate) fn remove(&mut self, slot: Slot) -> Thread {
        self.leave_group(slot);
        self.leave_parent(slot);
        while let Some(child) = self.at(slot).child_first {
            self.leave_parent(child);
        }
        let thread = std::mem::replace(self.at_mut(slot), Thread::new(-1));
        match self.direct.get_mut(thread.tid as usize) {
            Some(raw) => *raw = 0,
            None => drop(self.far.remove(&thread.tid)),
        }
        self.free.push(slot);
        self.len -= 1;
        thread
    }

    // Groups.

    pub(crate) fn group(&self, slot: Slot) -> Option<&Group> {
        self.groups.get(self.at(slot).group?.0 as usize)
    }

    pub(crate) fn group_mut(&mut self, slot: Slot) -> Option<&mut Group> {
        let id = self.at(slot).group?;
        self.groups.get_mut(id.0 as usize)
    }

    /// Enters a thread into its process's group, which is made if need be. A main thread stands first.
    pub(crate) fn join_group(&mut self, slot: Slot) {
        let thread = self.at(slot);
        let (pid, main) = (thread.pid, thread.is_main_thread());
        let reaper = thread.pid == 1 || thread.vpid == 1;
        let id = match self.by_pid.get(&pid) {
            Some(&id) => id,
            None => {
                let group = Group { pid, alive: 0, reaper, first: None, last: None };
                let id = match self.free_groups.pop() {
                    Some(id) => {
                        self.groups[id.0 as usize] = group;
                        id
                    }
                    None => {
                        self.groups.push(group);
                        GroupId(self.groups.len() as u32 - 1)
                    }
                };
                self.by_pid.insert(pid, id);
                id
            }
        };
        let group = &mut self.groups[id.0 as usize];
        group.alive += 1;
        let (prev, next) = if main { (None, group.first) } else { (group.last, None) };
        if prev.is_none() {
            group.first = Some(slot);
        }
        if next.is_none() {
            group.last = Some(slot);
        }
        let thread = self.at_mut(slot);
        (thread.group, thread.group_prev, thread.group_next) = (Some(id), prev, next);
        if let Some(p) = prev {
            self.at_mut(p).group_next = Some(slot);
        }
        if let Some(n) = next {
            self.at_mut(n).group_prev = Some(slot);
        }
    }

    fn leave_group(&mut self, slot: Slot) {
        let thread = self.at_mut(slot);
        let (prev, next) = (thread.group_prev.take(), thread.group_next.take());
        let Some(id) = thread.group.take() else { return };
        if let Some(p) = prev {
            self.at_mut(p).group_next = next;
        }
        if let Some(n) = next {
            self.at_mut(n).group_prev = prev;
        }
        let group = &mut self.groups[id.0 as usize];
        if prev.is_none() {
            group.first = next;
        }
        if next.is_none() {
            group.last = prev;
        }
        if group.first.is_none() {
            let pid = group.pid;
            if self.by_pid.get(&pid) == Some(&id) {
                self.by_pid.remove(&pid);
            }
            self.free_groups.push(id);
        }
    }

    /// Makes the next thread of this pid start a group of its own.
    pub(crate) fn close_group(&mut self, pid: i64) {
        self.by_pid.remove(&pid);
    }

    /// Threads of the group, the main thread first.
    pub(crate) fn members(&self, slot: Slot) -> impl Iterator<Item = Slot> {
        let mut at = self.group(slot).and_then(|g| g.first);
        std::iter::from_fn(move || {
            let here = at?;
            at = self.at(here).group_next;
            Some(here)
        })
    }

    /// The thread that stands for the process: the thread itself, or the first of its group.
    #[inline]
    pub(crate) fn main(&self, slot: Slot) -> Option<Slot> {
        if self.at(slot).is_main_thread() {
            return Some(slot);
        }
        self.group(slot)?.first.filter(|&s| self.at(s).is_main_thread())
    }

    // Families.

    /// Makes `child` the first child of `parent`.
    pub(crate) fn adopt(&mut self, parent: Slot, child: Slot) {
        self.leave_parent(child);
        let (tid, first) = (self.at(parent).tid, self.at(parent).child_first);
        let c = self.at_mut(child);
        c.ptid = tid;
        (c.parent_link, c.sibling_prev, c.sibling_next) = (Some(parent), None, first);
        if let Some(f) = first {
            self.at_mut(f).sibling_prev = Some(child);
        }
        self.at_mut(parent).child_first = Some(child);
    }

    pub(crate) fn leave_parent(&mut self, child: Slot) {
        let c = self.at_mut(child);
        let (prev, next) = (c.sibling_prev.take(), c.sibling_next.take());
        let Some(parent) = c.parent_link.take() else { return };
        match prev {
            Some(p) => self.at_mut(p).sibling_next = next,
            None => self.at_mut(parent).child_first = next,
        }
        if let Some(n) = next {
            self.at_mut(n).sibling_prev = prev;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_found_however_far_apart_their_ids_are() {
        let mut threads = Threads::new(1 << 30);
        let ids = [1, 2, 32_767, 32_768, 70_000, (1 << 22) - 1, 1 << 22, 1 << 40, -1];
        for (at, tid) in ids.into_iter().enumerate() {
            assert!(threads.find(tid).is_none(), "{tid}");
            threads.insert(Thread::new(tid)).expect("there is room");
            assert_eq!(threads.len(), at + 1);
        }
        for tid in ids {
            let slot = threads.find(tid).expect("inserted");
            assert_eq!(threads.at(slot).tid, tid);
        }
        let gone = threads.find(70_000).expect("inserted");
        threads.remove(gone);
        assert!(threads.find(70_000).is_none() && threads.find(32_768).is_some());
        assert_eq!(threads.direct.len(), DIRECT);
    }

    #[test]
    fn where_memory_is_short_so_is_the_index() {
        let mut threads = Threads::new(16 << 20);
        for tid in [5, 200_000, 300_000, (1 << 22) - 1] {
            threads.insert(Thread::new(tid)).expect("there is room");
        }
        assert_eq!(threads.direct.len(), 1 << 18);
        for tid in [5, 200_000, 300_000, (1 << 22) - 1] {
            let slot = threads.find(tid).expect("inserted");
            assert_eq!(threads.remove(slot).tid, tid);
            assert!(threads.find(tid).is_none());
        }
    }
}
