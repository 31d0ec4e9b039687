//! Descriptor tables: a slab of tables that processes share until one of them changes its own.
//!
//! A fork shares the parent's table (one count); the first change copies it. Descriptors below [`DENSE`] are found by
//! direct index, others through a small hash table. Entries of closed descriptors are used again.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::fd::Fd;
use super::flags::fdf;
use super::ids::TableId;

mod room;

/// Most descriptors kept for one process.
pub const MAX_FDS: usize = 4096;
/// Descriptors below this are found by direct index.
const DENSE: i64 = 1024;
/// Tables without owner that keep their memory for the next process: most processes live for a moment only.
const SPARE: usize = 64;
/// Descriptors that such a table has room for at most.
const SPARE_FDS: usize = 64;

#[derive(Clone, Debug)]
struct Entry {
    /// -1 marks a free entry.
    fd: i64,
    info: Fd,
}

#[derive(Debug, Default)]
struct FdTable {
    refs: u32,
    /// Entry number plus one by descriptor; 0: not open.
    dense: Vec<u16>,
    sparse: HashMap<i64, u16, FxBuildHasher>,
    entries: Vec<Entry>,
    free: Vec<u16>,
    /// Bytes that count for it, and how many of them are its own memory rather than that of names.
    held: usize,
    allocated: usize,
}

impl FdTable {
    #[inline]
    fn find(&self, fd: i64) -> Option<u16> {
        match self.dense.get(fd as usize) {
            Some(&n) => n.checked_sub(1),
            None if self.sparse.is_empty() => None,
            None => self.sparse.get(&fd).copied(),
        }
    }

    fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Becomes a copy of `other` that has one owner.
    fn copy_from(&mut self, other: &FdTable) {
        self.refs = 1;
        self.dense.clone_from(&other.dense);
        self.sparse.clone_from(&other.sparse);
        self.entries.clone_from(&other.entries);
        self.free.clone_from(&other.free);
    }

    /// Becomes empty, and keeps its memory unless that is much.
    fn clear(&mut self) {
        if self.entries.capacity().max(self.dense.capacity()) > SPARE_FDS || self.sparse.capacity() > 0 {
            *self = FdTable::default();
            return;
        }
        (self.refs, self.held, self.allocated) = (0, 0, 0);
        self.dense.clear();
        self.entries.clear();
        self.free.clear();
    }

    #[inline]
    fn insert(&mut self, fd: i64, entry: u16) {
        match self.dense.get_mut(fd as usize) {
            Some(n) => *n = entry + 1,
            None => self.insert_far(fd, entry),
        }
    }

    #[cold]
    fn insert_far(&mut self, fd: i64, entry: u16) {
        if (0..DENSE).contains(&fd) {
            self.dense.resize((fd as usize + 1).next_power_of_two().max(32), 0);
            self.dense[fd as usize] = entry + 1;
        } else {
            self.sparse.insert(fd, entry);
        }
    }

    #[inline]
    fn forget(&mut self, fd: i64) {
        match self.dense.get_mut(fd as usize) {
            Some(n) => *n = 0,
            None => drop(self.sparse.remove(&fd)),
        }
    }
}

/// Place of an entry: valid until its table changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FdRef {
    pub(crate) table: TableId,
    entry: u16,
}

/// All descriptor tables.
#[derive(Debug)]
pub(crate) struct FdTables {
    tables: Vec<FdTable>,
    free: Vec<u32>,
    /// Bytes of all tables: what has been allocated, used or not, and names.
    bytes: usize,
    max_bytes: usize,
    /// Attempts that are refused without looking for room, as there was none a moment ago for who holds so much.
    in_vain: (u32, usize),
    /// Descriptors refused because a table or the memory for all of them was full.
    pub(crate) refused: u64,
    /// Descriptors forgotten because their process held the most when memory was short.
    pub(crate) shed: u64,
    /// Descriptors opened and closed, but for those that come and go with their process.
    pub(crate) added: u64,
    pub(crate) removed: u64,
}

impl FdTables {
    pub(crate) fn new(max_bytes: usize) -> FdTables {
        FdTables {
            tables: Vec::new(),
            free: Vec::new(),
            bytes: 0,
            max_bytes,
            in_vain: (0, 0),
            refused: 0,
            shed: 0,
            added: 0,
            removed: 0,
        }
    }

    #[inline]
    fn table(&self, id: TableId) -> Option<&FdTable> {
        self.tables.get(id.0 as usize)
    }

    /// The entry of a descriptor.
    #[inline]
    pub(crate) fn find(&self, table: TableId, fd: i64) -> Option<FdRef> {
        let entry = self.table(table)?.find(fd)?;
        Some(FdRef { table, entry })
    }

    #[inline]
    pub(crate) fn get(&self, at: FdRef) -> Option<&Fd> {
        self.table(at.table)?.entries.get(usize::from(at.entry)).filter(|e| e.fd >= 0).map(|e| &e.info)
    }

    pub(crate) fn len(&self, table: TableId) -> usize {
        self.table(table).map_or(0, FdTable::len)
    }

    /// Descriptors over all processes: those of a table as often as it has owners.
    pub(crate) fn total(&self) -> u64 {
        self.tables.iter().filter(|table| table.refs > 0).map(|table| table.len() as u64 * u64::from(table.refs)).sum()
    }

    /// Open descriptors in ascending order below [`DENSE`], the others after them in no order.
    pub(crate) fn iter(&self, table: TableId) -> impl Iterator<Item = (i64, &Fd)> {
        let table = self.table(table);
        let numbers = table.map(|t| t.dense.iter().filter_map(|n| n.checked_sub(1))).into_iter().flatten();
        let far = table.map(|t| t.sparse.values().copied()).into_iter().flatten();
        numbers.chain(far).filter_map(move |n| table?.entries.get(usize::from(n)).map(|e| (e.fd, &e.info)))
    }

    /// An empty table; it stands nowhere, so that it can be filled from another.
    fn take_free(&mut self) -> (TableId, FdTable) {
        match self.free.pop() {
            Some(i) => (TableId(i), std::mem::take(&mut self.tables[i as usize])),
            None => {
                self.tables.push(FdTable::default());
                (TableId(self.tables.len() as u32 - 1), FdTable::default())
            }
        }
    }

    /// One more owner of a table.
    pub(crate) fn share(&mut self, id: TableId) -> TableId {
        if let Some(t) = self.tables.get_mut(id.0 as usize) {
            t.refs += 1;
        }
        id
    }

    /// One owner less; the last one frees it.
    pub(crate) fn release(&mut self, id: &mut TableId) {
        let old = std::mem::replace(id, TableId::NONE);
        let Some(t) = self.tables.get_mut(old.0 as usize) else { return };
        t.refs -= 1;
        if t.refs > 0 {
            return;
        }
        self.bytes -= t.held;
        match self.free.len() < SPARE {
            true => t.clear(),
            false => *t = FdTable::default(),
        }
        self.free.push(old.0);
    }

    /// Makes the table its owner's alone. `inherited`: the entries came by a fork and are marked so.
    #[inline]
    fn own(&mut self, id: &mut TableId, inherited: &mut bool) -> &mut FdTable {
        if *inherited || self.tables.get(id.0 as usize).is_none_or(|t| t.refs != 1) {
            self.part(id, inherited);
        }
        &mut self.tables[id.0 as usize]
    }

    #[cold]
    fn part(&mut self, id: &mut TableId, inherited: &mut bool) {
        let at = id.0 as usize;
        match self.tables.get(at).map(|t| t.refs) {
            None => {
                let (new, mut table) = self.take_free();
                table.refs = 1;
                self.tables[new.0 as usize] = table;
                *id = new;
            }
            Some(1) => {}
            Some(_) => {
                let fits = self.has_room(TableId::NONE, self.tables[at].held);
                self.tables[at].refs -= 1;
                let (new, mut table) = self.take_free();
                if fits {
                    table.copy_from(&self.tables[at]);
                } else {
                    self.refused += self.tables[at].len() as u64;
                    table.refs = 1;
                }
                table.allocated = table.footprint();
                table.held = table.allocated + table.names();
                self.bytes += table.held;
                self.tables[new.0 as usize] = table;
                *id = new;
            }
        }
        if std::mem::take(inherited) {
            self.tables[id.0 as usize].entries.iter_mut().for_each(|e| e.info.flags |= fdf::CLONED);
        }
    }

    /// An entry to change; `at` follows when the table had to be copied.
    pub(crate) fn get_mut(&mut self, id: &mut TableId, inherited: &mut bool, at: &mut FdRef) -> Option<&mut Fd> {
        if at.table != *id {
            return None;
        }
        let table = self.own(id, inherited);
        at.table = *id;
        table.entries.get_mut(usize::from(at.entry)).filter(|e| e.fd >= 0).map(|e| &mut e.info)
    }

    /// Opens a descriptor, replacing what has its number. `None`: no room.
    pub(crate) fn add(&mut self, id: &mut TableId, inherited: &mut bool, fd: i64, info: Fd) -> Option<FdRef> {
        let (at, place) = self.place(id, inherited, fd, info.name_bytes())?;
        *place = info;
        Some(at)
    }

    /// The place of a descriptor that is being opened, to be written: what stands there is of no account. `names` is the
    /// length of its names. `None`: no room.
    #[inline]
    pub(crate) fn place(
        &mut self,
        id: &mut TableId,
        inherited: &mut bool,
        fd: i64,
        names: usize,
    ) -> Option<(FdRef, &mut Fd)> {
        if fd < 0 {
            return None;
        }
        let more = names + self.own(id, inherited).growth();
        if !self.has_room(*id, more) {
            // What had its number is not what has it now.
            self.remove(id, inherited, fd);
            self.refused += 1;
            return None;
        }
        let table = &mut self.tables[id.0 as usize];
        let (entry, old) = match table.find(fd) {
            Some(n) => (n, table.entries.get(usize::from(n)).map_or(0, |e| e.info.name_bytes())),
            None if table.len() >= MAX_FDS => {
                self.refused += 1;
                return None;
            }
            None => {
                let n = match table.free.pop() {
                    Some(n) => n,
                    None => {
                        table.entries.push(Entry { fd: -1, info: Fd::default() });
                        table.entries.len() as u16 - 1
                    }
                };
                table.entries[usize::from(n)].fd = fd;
                table.insert(fd, n);
                self.added += 1;
                (n, 0)
            }
        };
        self.charge(*id, names, old);
        let at = FdRef { table: *id, entry };
        self.tables.get_mut(id.0 as usize)?.entries.get_mut(usize::from(entry)).map(|e| (at, &mut e.info))
    }

    /// Closes a descriptor.
    #[inline]
    pub(crate) fn remove(&mut self, id: &mut TableId, inherited: &mut bool, fd: i64) -> bool {
        let Some(n) = self.table(*id).and_then(|t| t.find(fd)) else { return false };
        let table = self.own(id, inherited);
        // A copy for which there was no room is empty.
        let Some(entry) = table.entries.get_mut(usize::from(n)).filter(|e| e.fd == fd) else { return false };
        entry.fd = -1;
        let old = entry.info.name_bytes();
        entry.info.forget();
        table.free.push(n);
        table.forget(fd);
        self.charge(*id, 0, old);
        self.removed += 1;
        true
    }

    /// Closes the descriptors for which `closes` is true.
    pub(crate) fn close_where(
        &mut self,
        id: &mut TableId,
        inherited: &mut bool,
        mut closes: impl FnMut(i64, &Fd) -> bool,
    ) {
        let Some(table) = self.table(*id) else { return };
        let gone: Vec<i64> =
            table.entries.iter().filter(|e| e.fd >= 0 && closes(e.fd, &e.info)).map(|e| e.fd).collect();
        for fd in gone {
            self.remove(id, inherited, fd);
        }
    }

    /// Changes every entry for which `wants` is true.
    pub(crate) fn update_where(
        &mut self,
        id: &mut TableId,
        inherited: &mut bool,
        wants: impl Fn(i64) -> bool,
        mut change: impl FnMut(&mut Fd),
    ) {
        if !self.table(*id).is_some_and(|t| t.entries.iter().any(|e| e.fd >= 0 && wants(e.fd))) {
            return;
        }
        let table = self.own(id, inherited);
        let before = table.names();
        table.entries.iter_mut().filter(|e| e.fd >= 0 && wants(e.fd)).for_each(|e| change(&mut e.info));
        let after = table.names();
        self.charge(*id, after, before);
    }

    /// Tells that an entry's names changed their length.
    pub(crate) fn account(&mut self, at: FdRef, before: usize, after: usize) {
        self.charge(at.table, after, before);
    }
}
