//! What is known of one source.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::event::hold::HoldCounts;
use crate::plugin::PluginMetric;
use crate::source::Counts;

/// Where a source's events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// The probes in the kernel.
    Kernel,
    /// A plugin.
    Plugin,
    /// A capture file.
    File,
    /// Nowhere: the source is open and silent.
    Nothing,
}

impl Feed {
    /// Falco's name for what gives the events, which a capture file has none of.
    pub fn engine(self) -> Option<&'static str> {
        match self {
            Self::Kernel => Some("modern_bpf"),
            Self::Plugin => Some("source_plugin"),
            Self::Nothing => Some("nodriver"),
            Self::File => None,
        }
    }
}

/// What a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SourceState {
    /// It is being opened.
    Opening = 0,
    /// Events may come at any time.
    Running = 1,
    /// It is open, and there is nothing to give.
    Silent = 2,
    /// It has no more events.
    Ended = 3,
    /// It could not be opened, or failed.
    Failed = 4,
}

impl SourceState {
    /// All of them, by number.
    pub const ALL: [Self; 5] = [Self::Opening, Self::Running, Self::Silent, Self::Ended, Self::Failed];

    /// Its word in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Running => "running",
            Self::Silent => "silent",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

/// A source whose thread has not come round for too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Its name.
    pub source: String,
    /// What it was doing.
    pub state: SourceState,
    /// For how long nothing has moved.
    pub since: Duration,
}

/// One source, as its thread published it last.
#[derive(Debug)]
pub struct SourceMeter {
    /// Its name.
    pub name: Box<str>,
    /// Where its events come from.
    pub feed: Feed,
    state: AtomicU8,
    events: AtomicU64,
    foreign: AtomicU64,
    malformed: AtomicU64,
    lag_ns: AtomicU64,
    last_event_ns: AtomicU64,
    /// Batches that its thread has begun: a sign of life that costs no look at a clock.
    turns: AtomicU64,
    /// As many as there were at the keeper's last look, and when they last were more.
    seen_turns: AtomicU64,
    moved_ms: AtomicU64,
    plugins: Mutex<Vec<PluginMetric>>,
    held: Mutex<HoldCounts>,
    /// What is kept of the time before captures, and one; 0: nothing is to be kept.
    before: AtomicU64,
}

impl SourceMeter {
    pub(super) fn new(name: &str, feed: Feed, now_ms: u64) -> Self {
        Self {
            name: name.into(),
            feed,
            state: AtomicU8::new(SourceState::Opening as u8),
            events: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
            malformed: AtomicU64::new(0),
            lag_ns: AtomicU64::new(0),
            last_event_ns: AtomicU64::new(0),
            turns: AtomicU64::new(0),
            seen_turns: AtomicU64::new(0),
            moved_ms: AtomicU64::new(now_ms),
            plugins: Mutex::default(),
            held: Mutex::default(),
            before: AtomicU64::new(0),
        }
    }

    /// Says what it is doing.
    pub fn set_state(&self, state: SourceState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// What it is doing.
    pub fn state(&self) -> SourceState {
        let number = usize::from(self.state.load(Ordering::Relaxed));
        SourceState::ALL.get(number).copied().unwrap_or(SourceState::Failed)
    }

    #[inline]
    pub(super) fn turn(&self, turns: u64) {
        self.turns.store(turns, Ordering::Relaxed);
    }

    pub(super) fn publish(&self, counts: &Counts, lag_ns: u64, last_event_ns: Option<u64>) {
        self.events.store(counts.events, Ordering::Relaxed);
        self.foreign.store(counts.foreign, Ordering::Relaxed);
        self.malformed.store(counts.malformed, Ordering::Relaxed);
        self.lag_ns.store(lag_ns, Ordering::Relaxed);
        if let Some(ns) = last_event_ns {
            self.last_event_ns.store(ns, Ordering::Relaxed);
        }
    }

    pub(super) fn publish_plugins(&self, metrics: Vec<PluginMetric>) {
        *self.plugins.lock().unwrap_or_else(PoisonError::into_inner) = metrics;
    }

    pub(super) fn publish_held(&self, counts: HoldCounts) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = counts;
    }

    pub(super) fn publish_before(&self, bytes: Option<u64>) {
        self.before.store(bytes.map_or(0, |bytes| bytes.saturating_add(1)), Ordering::Relaxed);
    }

    /// Bytes kept of the time before captures; `None`: nothing is to be kept.
    pub fn before_bytes(&self) -> Option<u64> {
        self.before.load(Ordering::Relaxed).checked_sub(1)
    }

    /// What became of its alerts that had to wait for values.
    pub fn held(&self) -> HoldCounts {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What its thread has counted.
    pub fn counts(&self) -> Counts {
        Counts {
            events: self.events.load(Ordering::Relaxed),
            foreign: self.foreign.load(Ordering::Relaxed),
            malformed: self.malformed.load(Ordering::Relaxed),
        }
    }

    /// How much older than the clock the events are that it deals with, ns; 0 while none wait.
    pub fn lag_ns(&self) -> u64 {
        self.lag_ns.load(Ordering::Relaxed)
    }

    /// Time of an event seen lately, ns since the epoch; 0: none yet.
    pub fn last_event_ns(&self) -> u64 {
        self.last_event_ns.load(Ordering::Relaxed)
    }

    /// What its plugins told last.
    pub fn plugin_metrics(&self) -> Vec<PluginMetric> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes whether its thread has come round since the last look.
    pub(super) fn look(&self, now_ms: u64) {
        let turns = self.turns.load(Ordering::Relaxed);
        let waits = !matches!(self.state(), SourceState::Opening | SourceState::Running);
        if self.seen_turns.swap(turns, Ordering::Relaxed) != turns || waits {
            self.moved_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    /// For how long its thread has not come round, as of the keeper's last look.
    pub fn still_for(&self, now_ms: u64) -> Duration {
        Duration::from_millis(now_ms.saturating_sub(self.moved_ms.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_should_move_can_stand_still() {
        let meter = SourceMeter::new("s", Feed::Plugin, 1_000);
        meter.look(5_000);
        assert_eq!(meter.still_for(5_000), Duration::from_secs(4), "a source that does not open");
        meter.set_state(SourceState::Running);
        meter.turn(1);
        meter.look(6_000);
        assert_eq!(meter.still_for(6_000), Duration::ZERO);
        meter.look(9_000);
        assert_eq!(meter.still_for(9_000), Duration::from_secs(3));
        meter.set_state(SourceState::Ended);
        meter.look(10_000);
        assert_eq!(meter.still_for(10_000), Duration::ZERO, "what has ended need not move");
    }
}
