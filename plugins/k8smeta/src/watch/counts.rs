//! What is counted.

use std::sync::atomic::{AtomicU64, Ordering};

use lanner_plugin_api::sdk::Metrics;

/// Counters; written by the watching thread alone.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Streams that are being followed now.
    pub(super) followed: AtomicU64,
    /// Lists read: one for each stream, and one more whenever the server no longer had what came after the last.
    pub(super) lists: AtomicU64,
    /// Changes told by streams.
    pub(super) changes: AtomicU64,
    /// Objects read one by one.
    pub(super) lookups: AtomicU64,
    /// Requests that failed.
    pub(super) failures: AtomicU64,
    /// Objects that were passed over because there were too many.
    pub(super) refused: AtomicU64,
    /// Documents that the host did not take.
    pub(super) unsent: AtomicU64,
    /// Pods of this node.
    pub(super) pods: AtomicU64,
    /// Services of the cluster.
    pub(super) services: AtomicU64,
}

pub(super) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counts {
    pub(super) fn write(&self, out: &mut Metrics<'_>) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        out.gauge("watches", read(&self.followed));
        out.gauge("n_pods", read(&self.pods));
        out.gauge("n_services", read(&self.services));
        out.counter("n_lists", read(&self.lists));
        out.counter("n_changes", read(&self.changes));
        out.counter("n_lookups", read(&self.lookups));
        out.counter("n_failures", read(&self.failures));
        out.counter("n_watched_refused", read(&self.refused));
        out.counter("n_documents_unsent", read(&self.unsent));
    }
}
