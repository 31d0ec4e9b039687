//! What plugins of clouds count.

use std::sync::atomic::{AtomicU64, Ordering};

/// Something that is counted. No cloud has all of it; which ones a plugin reports its [`Cloud`](super::Cloud) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Records that became events.
    Events,
    /// Insight events: statistics about calls, not calls.
    Insights,
    /// Records with bytes that are no UTF-8; those were replaced.
    Repaired,
    /// Files and objects read to their end.
    Files,
    /// Files and objects that could not be read to their end.
    FilesFailed,
    /// Messages received.
    Messages,
    /// Messages deleted after evaluation.
    Deleted,
    /// Messages acknowledged after evaluation.
    Acked,
    /// Messages whose acknowledgement was refused or not confirmed; they may come again.
    AcksFailed,
    /// Messages that can never be read.
    Poison,
    /// Messages that come back later: an object of theirs could not be read, or the source was closed before their evaluation.
    Returned,
    /// Messages that had been delivered before.
    Redelivered,
    /// Calls that failed after all attempts.
    CallsFailed,
    /// Events of the event history that had been seen before.
    Repeated,
    /// Streams that were refused and opened again.
    StreamsReopened,
    /// Looks at a silent place that found the cloud out of reach.
    Unreachable,
}

impl Count {
    const ALL: usize = Self::Unreachable as usize + 1;

    /// Name among the plugin's metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Insights => "skipped_insights",
            Self::Repaired => "repaired_utf8",
            Self::Files => "files",
            Self::FilesFailed => "files_failed",
            Self::Messages => "messages",
            Self::Deleted => "messages_deleted",
            Self::Acked => "messages_acked",
            Self::AcksFailed => "messages_not_acked",
            Self::Poison => "messages_poison",
            Self::Returned => "messages_returned",
            Self::Redelivered => "messages_redelivered",
            Self::CallsFailed => "calls_failed",
            Self::Repeated => "lookup_repeated",
            Self::StreamsReopened => "streams_reopened",
            Self::Unreachable => "unreachable",
        }
    }
}

/// The counters; shared with threads.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; Count::ALL]);

impl Counters {
    /// Counts one.
    pub fn add(&self, what: Count) {
        self.0[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    #[must_use]
    pub fn get(&self, what: Count) -> u64 {
        self.0[what as usize].load(Ordering::Relaxed)
    }
}
