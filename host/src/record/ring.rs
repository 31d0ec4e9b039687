//! The newest events in memory, and the state that stood before them.
//!
//! The ring is a row of chunks. Each begins with a head, made when the chunk was begun, and goes out as a whole: whatever
//! chunk is then the oldest has the state that its first event found. A second copy of the state that follows the events
//! which leave the ring would give the same head, but would parse every event twice, take the memory of the state twice, and
//! not know what was looked up rather than told by events. Here an event costs a copy, and a head now and then.
//!
//! Memory is bounded by [`Limits::bytes`], heads included, plus one event; chunks that go out leave their memory to those
//! that come.

use std::collections::VecDeque;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, heads included.
    pub bytes: usize,
    /// How far back events are wanted, ns of their time; `None`: as far as the bytes reach.
    pub span_ns: Option<u64>,
}

/// Shortest time that a chunk covers where only time ends it, so that heads do not cost more than events.
const MIN_PERIOD_NS: u64 = 500_000_000;

/// A head and the events since.
#[derive(Debug)]
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    /// Length of the head.
    head: usize,
    /// The state was replaced when it was begun: the head is needed wherever the chunk stands.
    section: bool,
    begin: u64,
    events: u64,
}

impl Chunk {
    /// Events in it.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// What goes into a file: as the first chunk with the head, else without, unless the state was replaced.
    pub(crate) fn blocks(&self, first: bool) -> &[u8] {
        let from = if first || self.section { 0 } else { self.head };
        self.bytes.get(from..).unwrap_or(&[])
    }
}

/// The row of chunks.
#[derive(Debug)]
pub(crate) struct Ring {
    limits: Limits,
    /// Bytes at which a chunk is full.
    full: usize,
    chunks: VecDeque<Chunk>,
    /// Memory of chunks that went out.
    spare: Vec<Vec<u8>>,
    /// Events that went out.
    forgotten: u64,
}

impl Ring {
    /// Nothing kept yet.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, full: limits.bytes / 8, chunks: VecDeque::new(), spare: Vec::new(), forgotten: 0 }
    }

    /// Keeps more or less from now on. What is too much goes when the next chunk is begun.
    pub(crate) fn limit(&mut self, limits: Limits) {
        self.limits = limits;
        self.full = self.full.clamp(limits.bytes / 8, (limits.bytes / 2).max(limits.bytes / 8));
    }

    /// Whether the event of that time and length needs a new chunk.
    #[inline]
    pub(crate) fn is_full(&self, ts: u64, len: usize) -> bool {
        let Some(chunk) = self.chunks.back() else { return true };
        let period = self.limits.span_ns.map_or(u64::MAX, |span| (span / 4).max(MIN_PERIOD_NS));
        chunk.events > 0 && (chunk.bytes.len() + len > self.full || ts.saturating_sub(chunk.begin) >= period)
    }

    /// Begins a chunk for events from `ts` on: `head` appends the state. The oldest chunks go, until the new one has room
    /// and none is older than wanted.
    pub(crate) fn begin(&mut self, ts: u64, section: bool, head: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.spare.pop().unwrap_or_default();
        head(&mut bytes);
        let (least, most) = (self.limits.bytes / 8, self.limits.bytes / 2);
        self.full = bytes.len().saturating_mul(4).clamp(least, most.max(least)).max(bytes.len());
        while self.is_over(ts) {
            self.forget_oldest();
        }
        // What is kept for chunks to come counts like the chunks themselves.
        while self.held() + bytes.capacity().max(self.full) > self.limits.bytes && self.spare.pop().is_some() {}
        bytes.reserve(self.full.saturating_sub(bytes.len()));
        self.chunks.push_back(Chunk { head: bytes.len(), bytes, section, begin: ts, events: 0 });
    }

    /// Whether the oldest chunk must go before one that begins at `ts` comes.
    fn is_over(&self, ts: u64) -> bool {
        let Some(second) = self.chunks.get(1).map_or(self.chunks.front().map(|_| ts), |chunk| Some(chunk.begin)) else {
            return false;
        };
        let used: usize = self.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        let old = self.limits.span_ns.is_some_and(|span| ts.saturating_sub(second) > span);
        old || used + self.full > self.limits.bytes
    }

    fn forget_oldest(&mut self) {
        let Some(mut chunk) = self.chunks.pop_front() else { return };
        self.forgotten += chunk.events;
        if self.spare.len() < 2 {
            chunk.bytes.clear();
            self.spare.push(chunk.bytes);
        }
    }

    /// Where the next event's block is appended. A chunk must have been begun.
    #[inline]
    pub(crate) fn push(&mut self, append: impl FnOnce(&mut Vec<u8>)) {
        if let Some(chunk) = self.chunks.back_mut() {
            append(&mut chunk.bytes);
            chunk.events += 1;
        }
    }

    /// Takes out all that is kept, from `since` on as near as chunks allow and never later. The ring begins anew: what is
    /// taken next follows without a gap.
    pub(crate) fn take(&mut self, since: u64) -> Vec<Chunk> {
        while self.chunks.get(1).is_some_and(|second| second.begin <= since) {
            self.forget_oldest();
        }
        self.forgotten = 0;
        self.chunks.drain(..).collect()
    }

    /// Events kept.
    pub(crate) fn events(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.events).sum()
    }

    /// Bytes kept, heads included.
    pub(crate) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }

    /// Memory that is set aside for chunks, those that are to come included.
    pub(crate) fn held(&self) -> usize {
        let chunks = self.chunks.iter().map(|chunk| chunk.bytes.capacity());
        chunks.chain(self.spare.iter().map(Vec::capacity)).sum()
    }

    /// Whether the newest head leaves room for events worth the name.
    pub(crate) fn has_room(&self) -> bool {
        self.head() <= self.limits.bytes / 4
    }

    /// Length of the newest head.
    pub(crate) fn head(&self) -> usize {
        self.chunks.back().map_or(0, |chunk| chunk.head)
    }

    /// Events that went out because newer ones came, since the ring began anew.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds events of 100 bytes, one each millisecond; a head says at which event it was made.
    fn feed(ring: &mut Ring, events: std::ops::Range<u64>, head: usize) {
        for n in events {
            let ts = n * 1_000_000;
            if ring.is_full(ts, 100) {
                ring.begin(ts, false, |out| {
                    out.extend(n.to_le_bytes());
                    out.resize(head, b'h');
                });
            }
            ring.push(|out| {
                out.extend(n.to_le_bytes());
                out.resize(out.len() + 92, b'e');
            });
            assert!(ring.bytes() <= ring.limits.bytes + 100, "{} at {n}", ring.bytes());
        }
    }

    /// Number in the head, and those of the events, as a file would have them.
    fn file(chunks: &[Chunk], head: usize) -> (u64, Vec<u64>) {
        let all: Vec<u8> = chunks.iter().enumerate().flat_map(|(n, chunk)| chunk.blocks(n == 0).to_vec()).collect();
        let number = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().unwrap());
        (number(&all), all[head..].chunks(100).map(number).collect())
    }

    #[test]
    fn the_newest_events_stand_behind_the_state_of_the_first_of_them() {
        let mut ring = Ring::new(Limits { bytes: 80_000, span_ns: None });
        feed(&mut ring, 0..10_000, 500);
        let (kept, forgotten) = (ring.events(), ring.forgotten());
        assert_eq!(kept + forgotten, 10_000);
        assert!((600..800).contains(&kept), "{kept}");
        let (head, events) = file(&ring.take(0), 500);
        assert_eq!(events, (forgotten..10_000).collect::<Vec<_>>());
        assert_eq!(head, events[0]);
        assert_eq!((ring.events(), ring.bytes()), (0, 0));
        feed(&mut ring, 10_000..10_010, 500);
        let (head, events) = file(&ring.take(0), 500);
        assert_eq!((head, events), (10_000, (10_000..10_010).collect()), "what follows has no gap");
    }

    #[test]
    fn a_span_of_time_is_kept_and_little_more() {
        let second = 1_000_000_000;
        let mut ring = Ring::new(Limits { bytes: 1 << 30, span_ns: Some(4 * second) });
        feed(&mut ring, 0..20_000, 100);
        assert!((4_000..=6_000).contains(&ring.events()), "{}", ring.events());
        let (head, events) = file(&ring.take(19_999_000_000 - 2 * second), 100);
        assert!((2_000..=3_000).contains(&events.len()), "{}", events.len());
        assert_eq!((head, events[events.len() - 1]), (events[0], 19_999));
    }

    #[test]
    fn large_heads_make_large_chunks() {
        let mut ring = Ring::new(Limits { bytes: 80_000, span_ns: None });
        feed(&mut ring, 0..10_000, 8_000);
        // Half of the memory per chunk: one is whole, one is being filled.
        assert!(ring.events() >= 300, "{}", ring.events());
    }

    #[test]
    fn a_head_of_a_replaced_state_stays_wherever_it_stands() {
        let mut ring = Ring::new(Limits { bytes: 80_000, span_ns: None });
        feed(&mut ring, 0..3, 500);
        ring.begin(3_000_000, true, |out| out.extend_from_slice(b"replaced"));
        ring.push(|out| out.extend_from_slice(b"event"));
        let chunks = ring.take(0);
        assert_eq!(chunks[1].blocks(false), b"replacedevent");
    }
}
