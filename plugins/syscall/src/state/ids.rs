//! Handles into the slabs of the state.

use std::num::NonZeroU32;

/// Place of a thread in the table. Valid until the thread is removed, which happens between events only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(NonZeroU32);

impl Slot {
    pub(crate) fn from_index(i: usize) -> Option<Slot> {
        u32::try_from(i).ok()?.checked_add(1).and_then(NonZeroU32::new).map(Slot)
    }
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
    #[inline]
    pub(crate) fn raw(self) -> u32 {
        self.0.get()
    }
    #[inline]
    pub(crate) fn from_raw(raw: u32) -> Option<Slot> {
        NonZeroU32::new(raw).map(Slot)
    }
}

/// Place of a thread group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GroupId(pub(crate) u32);

/// Place of a descriptor table; [`TableId::NONE`] is an empty table that nobody has written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TableId(pub(crate) u32);

impl TableId {
    pub(crate) const NONE: TableId = TableId(u32::MAX);
}
