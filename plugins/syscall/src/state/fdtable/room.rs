//! Memory of descriptors: what is counted, and who gives when it is short.
//!
//! One program that opens without end must not make the tables useless for all others. So when memory is short, who holds more than
//! a fair share is refused more; for anybody else the processes that hold the most lose all of theirs.

use super::{Entry, FdTable, FdTables};
use crate::state::ids::TableId;

/// The fair share of a process: this part of the memory for all.
const FAIR: usize = 16;
/// Attempts that are refused without another search after one that found nothing.
const IN_VAIN: u32 = 1024;

impl FdTable {
    /// Bytes allocated, used or not.
    pub(super) fn footprint(&self) -> usize {
        let sparse = self.sparse.capacity() * 24;
        self.entries.capacity() * size_of::<Entry>() + (self.dense.capacity() + self.free.capacity()) * 2 + sparse
    }

    /// Bytes that one more entry may take: a full table doubles.
    #[inline]
    pub(super) fn growth(&self) -> usize {
        let has_place = self.entries.len() < self.entries.capacity() || !self.free.is_empty();
        if has_place { 0 } else { (self.entries.len() * size_of::<Entry>()).max(1024) }
    }

    /// Bytes of names.
    pub(super) fn names(&self) -> usize {
        self.entries.iter().filter(|e| e.fd >= 0).map(|e| e.info.name_bytes()).sum()
    }
}

impl FdTables {
    /// Bytes that descriptors take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes that names of a table came and went; what has been allocated since the last time is noticed along with it.
    #[inline]
    pub(super) fn charge(&mut self, id: TableId, more: usize, less: usize) {
        let Some(table) = self.tables.get_mut(id.0 as usize) else { return };
        let allocated = table.footprint();
        let before = table.held;
        let names = (before.saturating_sub(table.allocated) + more).saturating_sub(less);
        table.allocated = allocated;
        table.held = allocated + names;
        self.bytes = self.bytes + table.held - before;
    }

    /// Whether there is room for so many bytes in a table, made if need be.
    #[inline]
    pub(super) fn has_room(&mut self, asking: TableId, bytes: usize) -> bool {
        self.bytes + bytes <= self.max_bytes || self.make_room(asking, bytes)
    }

    #[cold]
    fn make_room(&mut self, asking: TableId, bytes: usize) -> bool {
        let share = self.max_bytes / FAIR;
        let own = self.table(asking).map_or(0, |table| table.held);
        if own + bytes > share {
            return false;
        }
        let (left, least) = &mut self.in_vain;
        if *left > 0 && own + bytes >= *least {
            *left -= 1;
            return false;
        }
        let holders = self.tables.iter().enumerate().filter(|(_, table)| table.refs > 0 && table.held > own + bytes);
        let mut largest: Vec<(usize, usize)> = holders.map(|(at, table)| (table.held, at)).collect();
        largest.sort_unstable_by(|a, b| b.cmp(a));
        for (_, at) in largest {
            if self.bytes + bytes + share <= self.max_bytes {
                break;
            }
            self.empty(at);
        }
        let room = self.bytes + bytes <= self.max_bytes;
        self.in_vain = if room { (0, 0) } else { (IN_VAIN, own + bytes) };
        room
    }

    /// Forgets the descriptors of all owners of a table.
    fn empty(&mut self, at: usize) {
        let table = &mut self.tables[at];
        self.shed += table.len() as u64 * u64::from(table.refs);
        self.bytes -= table.held;
        *table = FdTable { refs: table.refs, ..FdTable::default() };
    }
}
