//! Enter events that wait for the exit event of their thread.

use lanner_plugin_api::wire::Event;
use rustc_hash::FxHashMap;

/// Memory that waiting events may hold. A recording of a real machine needs a few hundred KiB; a hostile file gets no more than this.
const MAX_BYTES: usize = 64 << 20;
/// Cost of an entry beside its bytes.
const ENTRY_BYTES: usize = 64;

/// One waiting enter event per thread.
#[derive(Default)]
pub(super) struct EnterStore {
    /// An entry keeps its memory after its event was taken: the thread's next call needs it again.
    by_tid: FxHashMap<i64, Vec<u8>>,
    bytes: usize,
}

impl EnterStore {
    /// Keeps an enter event; it replaces the one before, whose call was interrupted.
    pub(super) fn put(&mut self, event: &Event<'_>) {
        if self.bytes > MAX_BYTES {
            // Loses the enter events of the calls in flight, which then get defaults, as after a lost event.
            self.clear();
        }
        let slot = self.by_tid.entry(event.tid()).or_insert_with(|| {
            self.bytes += ENTRY_BYTES;
            Vec::new()
        });
        let before = slot.capacity();
        slot.clear();
        slot.extend_from_slice(event.bytes());
        self.bytes += slot.capacity() - before;
    }

    /// The waiting enter event of a thread.
    pub(super) fn get(&self, tid: i64) -> Option<Event<'_>> {
        self.by_tid.get(&tid).filter(|b| !b.is_empty()).map(|b| Event::checked_before(b))
    }

    /// Forgets the event of a thread.
    pub(super) fn remove(&mut self, tid: i64) {
        if let Some(slot) = self.by_tid.get_mut(&tid) {
            slot.clear();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.by_tid.clear();
        self.bytes = 0;
    }
}
