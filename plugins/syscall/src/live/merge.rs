//! Several ring buffers read as one stream in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::ring::Ring;

/// Processor on which an event happened, what a rule that kills did at it, its bytes.
pub(super) struct Record<'a> {
    pub(super) cpu: u32,
    pub(super) mark: u32,
    pub(super) event: &'a [u8],
}

/// Bytes before the event in each record: processor, and what a rule that kills did.
const PREFIX: usize = 8;
/// Where the header of an event says how long it is.
const LEN_AT: usize = 16;

fn time_of(record: &[u8]) -> u64 {
    record.get(PREFIX..).and_then(|event| event.first_chunk()).map_or(0, |ts| u64::from_le_bytes(*ts))
}

fn split(record: &[u8]) -> Option<Record<'_>> {
    let (cpu, rest) = record.split_first_chunk::<4>()?;
    let (mark, event) = rest.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*event.get(LEN_AT..)?.first_chunk()?) as usize;
    Some(Record { cpu: u32::from_ne_bytes(*cpu), mark: u32::from_ne_bytes(*mark), event: event.get(..len)? })
}

/// The reading ends of all ring buffers.
pub(super) struct Rings {
    rings: Vec<Ring>,
    /// Time of the next record and position of each ring that has one: with a ring for every few processors, looking at
    /// all of them for each event would cost more than the event.
    heads: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Rings {
    pub(super) fn new(rings: Vec<Ring>) -> Self {
        Self { heads: BinaryHeap::with_capacity(rings.len()), rings }
    }

    /// Hands out up to `most` records older than `horizon` (ns since the epoch), the oldest of all rings first. How many.
    ///
    /// An event gets its time before it gets its place in a ring. What is younger than a moment ago waits: another ring may
    /// be about to show an older one. For the same reason a ring that is empty now has nothing to say before the next call.
    pub(super) fn deliver<'a>(&'a mut self, most: usize, horizon: u64, mut to: impl FnMut(Record<'a>)) -> usize {
        let Self { rings, heads } = self;
        let rings: &'a [Ring] = rings;
        heads.clear();
        heads.extend(rings.iter().enumerate().filter_map(|(at, ring)| Some(Reverse((time_of(ring.head()?), at)))));
        let mut n = 0;
        while n < most
            && let Some(mut head) = heads.peek_mut()
        {
            let Reverse((ts, at)) = *head;
            if ts >= horizon {
                break;
            }
            let ring = &rings[at];
            let Some(record) = ring.head() else { break };
            ring.pass();
            match ring.head() {
                Some(next) => *head = Reverse((time_of(next), at)),
                None => drop(PeekMut::pop(head)),
            }
            // A record that is no event cannot come from our programs; it is passed over like padding.
            if let Some(record) = split(record) {
                n += 1;
                to(record);
            }
        }
        n
    }

    /// Gives back what has been passed.
    pub(super) fn release(&mut self) {
        self.rings.iter_mut().for_each(Ring::release);
    }
}
