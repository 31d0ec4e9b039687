//! What became of the alerts, per output: cheap to count, cheap to read from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lane::Lane;
use super::roll::Roll;

/// Why an alert never reached an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The queue was full.
    QueueFull,
    /// The memory for the queue was used up.
    Memory,
    /// The output is down, and a replay does not wait for it.
    Down,
    /// The output cannot take this one.
    Refused,
    /// The output's reader is gone for good.
    Closed,
    /// The program ended before.
    Shutdown,
    /// The spool was full, and it was the oldest.
    SpoolFull,
    /// The spool could not be written.
    SpoolFailed,
    /// The spool could not be read; each damaged place counts as one.
    SpoolDamaged,
}

impl Reason {
    const ALL: [Self; 9] = [
        Self::QueueFull,
        Self::Memory,
        Self::Down,
        Self::Refused,
        Self::Closed,
        Self::Shutdown,
        Self::SpoolFull,
        Self::SpoolFailed,
        Self::SpoolDamaged,
    ];

    /// The word for it in metrics and in the report at the end.
    fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Memory => "memory",
            Self::Down => "down",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Shutdown => "shutdown",
            Self::SpoolFull => "spool_full",
            Self::SpoolFailed => "spool_failed",
            Self::SpoolDamaged => "spool_damaged",
        }
    }
}

/// The counters of one output.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) sent: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) spooled: AtomicU64,
    pub(super) failed: AtomicU64,
    dropped: [AtomicU64; Reason::ALL.len()],
}

impl Counters {
    /// So many alerts are lost; returns how many had been for this reason before.
    pub(super) fn drop(&self, reason: Reason, alerts: u64) -> u64 {
        self.dropped.get(reason as usize).map_or(0, |count| count.fetch_add(alerts, Ordering::Relaxed))
    }

    pub(super) fn dropped(&self, reason: Reason) -> u64 {
        self.dropped.get(reason as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

/// What became of one output's alerts, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputCounts {
    /// The output's name in the configuration.
    pub name: &'static str,
    /// Alerts in its queue.
    pub queued: u64,
    /// What they take, in bytes.
    pub queued_bytes: u64,
    /// What the queue holds at most; `None`: no limit.
    pub capacity: Option<u64>,
    /// Alerts that wait on disk.
    pub spool_alerts: u64,
    /// What they take there, in bytes.
    pub spool_bytes: u64,
    /// Alerts delivered.
    pub sent: u64,
    /// Attempts beyond the first.
    pub retried: u64,
    /// Alerts that went to disk first.
    pub spooled: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Whether its last attempt failed.
    pub failing: bool,
    /// Alerts that never reached it, by reason; only reasons that occurred.
    pub dropped: Vec<(&'static str, u64)>,
}

impl OutputCounts {
    /// Adds what another one of the same name did.
    pub(super) fn add(&mut self, other: &Self) {
        self.queued += other.queued;
        self.queued_bytes += other.queued_bytes;
        self.spool_alerts += other.spool_alerts;
        self.spool_bytes += other.spool_bytes;
        self.sent += other.sent;
        self.retried += other.retried;
        self.spooled += other.spooled;
        self.failed += other.failed;
        for (reason, count) in &other.dropped {
            match self.dropped.iter_mut().find(|(known, _)| known == reason) {
                Some((_, known)) => *known += count,
                None => self.dropped.push((reason, *count)),
            }
        }
    }
}

/// A handle on the counts of all outputs; it outlives them.
#[derive(Clone, Debug)]
pub struct OutputsCounts(Arc<Roll>);

impl OutputsCounts {
    pub(super) fn new(roll: &Arc<Roll>) -> Self {
        Self(Arc::clone(roll))
    }

    /// Alerts that grouping and limits held back: rule, `group` or `rate`, how many.
    pub fn suppressed(&self) -> Vec<(String, &'static str, u64)> {
        self.0.noise().map(|noise| noise.held_back()).unwrap_or_default()
    }

    /// What grouping holds: bytes, and windows that ended early so that it did not become too much.
    pub fn grouped(&self) -> Option<(u64, u64)> {
        self.0.noise().and_then(|noise| noise.grouped())
    }

    /// The counts now, an entry for each output.
    pub fn snapshot(&self) -> Vec<OutputCounts> {
        self.0.counts()
    }

    /// What is to be told at the end: which outputs lost alerts, and what still waits on disk. `None` if all is well.
    pub fn losses(&self) -> Option<String> {
        let mut text = String::new();
        for output in self.snapshot() {
            let lost: u64 = output.dropped.iter().map(|(_, count)| count).sum();
            if lost == 0 && output.spool_alerts == 0 {
                continue;
            }
            text.push_str(&format!("   - {}: {} sent", output.name, output.sent));
            if lost > 0 {
                let reasons: Vec<String> =
                    output.dropped.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
                text.push_str(&format!(", {lost} lost ({})", reasons.join(", ")));
            }
            if output.spool_alerts > 0 {
                text.push_str(&format!(", {} wait in the spool", output.spool_alerts));
            }
            text.push('\n');
        }
        if !text.is_empty() {
            text.insert_str(0, "Alerts that outputs did not deliver:\n");
        }
        let suppressed = self.suppressed();
        if !suppressed.is_empty() {
            text.push_str("Alerts held back:\n");
        }
        for (rule, by, count) in suppressed {
            text.push_str(&format!("   - {rule}: {count} by alerts.{by}\n"));
        }
        (!text.is_empty()).then_some(text)
    }
}

impl Lane {
    /// What became of its alerts so far.
    pub(super) fn counts(&self) -> OutputCounts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        let (spool_alerts, spool_bytes) = self.spool_size();
        OutputCounts {
            name: self.name,
            queued: self.queued() as u64,
            queued_bytes: self.queued_bytes() as u64,
            capacity: Some(self.capacity as u64),
            spool_alerts,
            spool_bytes,
            sent: load(&counters.sent),
            retried: load(&counters.retried),
            spooled: load(&counters.spooled),
            failed: load(&counters.failed),
            failing: self.failing.load(Ordering::Relaxed),
            dropped: Reason::ALL
                .into_iter()
                .map(|reason| (reason.name(), counters.dropped(reason)))
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_apart() {
        let counters = Counters::default();
        for (n, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, n, "the order is that of the counters");
            assert_eq!(counters.drop(reason, n as u64 + 1), 0);
        }
        let counted: Vec<u64> = Reason::ALL.into_iter().map(|reason| counters.dropped(reason)).collect();
        assert_eq!(counted, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
}
