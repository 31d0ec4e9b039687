//! Several ring buffers read as one stream in the order of time.

use super::ring::Ring;

/// Time of an event, processor on which it happened, its bytes.
pub(super) struct Record<'a> {
    pub(super) cpu: u32,
    pub(super) event: &'a [u8],
}

/// Bytes before the event in each record: processor, and a word that is free.
const PREFIX: usize = 8;
/// Where the header of an event says how long it is.
const LEN_AT: usize = 16;

fn time_of(record: &[u8]) -> u64 {
    record.get(PREFIX..).and_then(|event| event.first_chunk()).map_or(0, |ts| u64::from_le_bytes(*ts))
}

fn split(record: &[u8]) -> Option<Record<'_>> {
    let (cpu, rest) = record.split_first_chunk::<4>()?;
    let event = rest.get(PREFIX - 4..)?;
    let len = u32::from_le_bytes(*event.get(LEN_AT..)?.first_chunk()?) as usize;
    Some(Record { cpu: u32::from_ne_bytes(*cpu), event: event.get(..len)? })
}

/// The reading ends of all ring buffers.
pub(super) struct Rings(pub(super) Vec<Ring>);

impl Rings {
    /// The oldest record of all rings, if it is older than `horizon` (ns since the epoch); it is passed.
    ///
    /// An event gets its time before it gets its place in a ring. What is younger than a moment ago waits: another ring may
    /// be about to show an older one.
    pub(super) fn next(&self, horizon: u64) -> Option<Record<'_>> {
        loop {
            let heads = self.0.iter().filter_map(|ring| ring.head().map(|head| (time_of(head), ring, head)));
            let (ts, ring, head) = heads.min_by_key(|(ts, ..)| *ts)?;
            if ts >= horizon {
                return None;
            }
            ring.pass();
            // A record that is no event cannot come from our programs; it is passed over like padding.
            if let Some(record) = split(head) {
                return Some(record);
            }
        }
    }

    /// Gives back what has been passed.
    pub(super) fn release(&mut self) {
        self.0.iter_mut().for_each(Ring::release);
    }
}
