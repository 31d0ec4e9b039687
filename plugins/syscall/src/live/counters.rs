//! What the probes count, by cause.

use std::sync::Arc;

use aya::maps::{MapData, PerCpuArray};

use lanner_plugin_api::schema::{EVENTS, EventType};

use super::LiveError;

/// What has been counted since the source was opened, over all processors or by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events sent that may come by the million.
    pub sent_bulk: u64,
    /// Events sent that have buffers of their own.
    pub sent_vital: u64,
    /// Events of the first kind lost because a buffer was full.
    pub lost_bulk: u64,
    /// Events of the second kind lost because a buffer was full.
    pub lost_vital: u64,
    /// Events lost because they were longer than 64 KiB.
    pub lost_too_long: u64,
    /// Events lost on processors that the kernel did not announce as possible when the source was opened.
    pub lost_no_ring: u64,
    /// Calls made by the 32-bit table of a 64-bit kernel, which are not followed.
    pub foreign_abi: u64,
    /// Exits of calls that no rule can match and that change nothing, which were not sent.
    pub needless: u64,
}

impl Counters {
    /// Words of `struct counters` in bpf/base.bpf.h.
    pub(super) const WORDS: usize = 8;

    /// What one processor counted.
    fn of(words: &[u64; Self::WORDS]) -> Self {
        let [sent_bulk, sent_vital, lost_bulk, lost_vital, lost_too_long, lost_no_ring, foreign_abi, needless] = *words;
        Self { sent_bulk, sent_vital, lost_bulk, lost_vital, lost_too_long, lost_no_ring, foreign_abi, needless }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            sent_bulk: self.sent_bulk + other.sent_bulk,
            sent_vital: self.sent_vital + other.sent_vital,
            lost_bulk: self.lost_bulk + other.lost_bulk,
            lost_vital: self.lost_vital + other.lost_vital,
            lost_too_long: self.lost_too_long + other.lost_too_long,
            lost_no_ring: self.lost_no_ring + other.lost_no_ring,
            foreign_abi: self.foreign_abi + other.foreign_abi,
            needless: self.needless + other.needless,
        }
    }

    /// All events sent.
    pub fn sent(&self) -> u64 {
        self.sent_bulk + self.sent_vital
    }

    /// All events lost.
    pub fn lost(&self) -> u64 {
        self.lost_bulk + self.lost_vital + self.lost_too_long + self.lost_no_ring
    }
}

/// What was lost of one kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostEvents {
    /// Which.
    pub event: EventType,
    /// Because a buffer was full.
    pub buffer: u64,
    /// For any other reason.
    pub other: u64,
}

impl LostEvents {
    /// For whatever reason.
    pub fn all(&self) -> u64 {
        self.buffer + self.other
    }
}

type Counts = PerCpuArray<MapData, [u64; Counters::WORDS]>;
type Losses = PerCpuArray<MapData, [u64; 2]>;

/// The maps that the probes count in, which outlive their events: whoever reports losses reads them when asked, so that
/// counting costs nothing while events flow.
#[derive(Clone)]
pub struct CounterReader(Arc<(Counts, Losses)>);

impl CounterReader {
    pub(super) fn new(counts: Counts, losses: Losses) -> Self {
        Self(Arc::new((counts, losses)))
    }

    /// What has been counted since the source was opened.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn read(&self) -> Result<Counters, LiveError> {
        Ok(self.read_each()?.iter().fold(Counters::default(), |sum, one| sum.plus(one)))
    }

    /// The same for each processor, by number.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn read_each(&self) -> Result<Vec<Counters>, LiveError> {
        let of_each = self.0.0.get(&0, 0).map_err(|error| LiveError::Map { name: "counts", error })?;
        Ok(of_each.iter().map(Counters::of).collect())
    }

    /// The kinds of events of which any were lost. Asks the kernel about each kind: not for every batch.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn losses(&self) -> Result<Vec<LostEvents>, LiveError> {
        let mut all = Vec::new();
        for event in &EVENTS {
            let code = u32::from(event.code.0);
            let of_each = self.0.1.get(&code, 0).map_err(|error| LiveError::Map { name: "losses", error })?;
            let sum = |at: usize| of_each.iter().map(|one| one[at]).sum::<u64>();
            let lost = LostEvents { event: event.code, buffer: sum(0), other: sum(1) };
            if lost.all() > 0 {
                all.push(lost);
            }
        }
        Ok(all)
    }
}
