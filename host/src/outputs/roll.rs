//! Which outputs there are and were, for those who count: a reload may add some and take some away, and what an output did
//! counts after its end, and goes on counting when there is one of its name again.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::counts::OutputCounts;
use super::lane::Lane;
use super::noise::Noise;

/// All outputs of a run. It holds nobody's queue open.
#[derive(Debug, Default)]
pub(super) struct Roll {
    lanes: RwLock<Lanes>,
    noise: OnceLock<Arc<Noise>>,
}

#[derive(Debug, Default)]
struct Lanes {
    /// Those that alerts go to.
    here: Vec<Arc<Lane>>,
    /// Those that nothing new goes to and that have not ended yet.
    leaving: Vec<Arc<Lane>>,
    /// What those that have ended did, one entry per name.
    past: Vec<OutputCounts>,
}

impl Roll {
    fn change<T>(&self, change: impl FnOnce(&mut Lanes) -> T) -> T {
        // No change of it can end half-way.
        change(&mut self.lanes.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// An output comes.
    pub(super) fn enter(&self, lane: Arc<Lane>) {
        self.change(|lanes| lanes.here.push(lane));
    }

    /// Nothing new goes to this output any more.
    pub(super) fn leave(&self, lane: &Arc<Lane>) {
        self.change(|lanes| {
            lanes.here.retain(|known| !Arc::ptr_eq(known, lane));
            lanes.leaving.push(Arc::clone(lane));
        });
    }

    /// It has ended. What waits in its spool is nobody's now, until there is an output of its name again.
    pub(super) fn end(&self, lane: &Arc<Lane>) {
        self.change(|lanes| {
            lanes.leaving.retain(|known| !Arc::ptr_eq(known, lane));
            let counts = OutputCounts { spool_alerts: 0, spool_bytes: 0, failing: false, ..lane.counts() };
            add(&mut lanes.past, counts);
        });
    }

    /// Noise control has begun.
    pub(super) fn set_noise(&self, noise: Arc<Noise>) {
        // There is one for all time; it follows the configuration.
        let _ = self.noise.set(noise);
    }

    /// What holds alerts back, if anything ever did.
    pub(super) fn noise(&self) -> Option<&Arc<Noise>> {
        self.noise.get()
    }

    /// The counts now: those of today first, each with what its predecessors of the same name did.
    pub(super) fn counts(&self) -> Vec<OutputCounts> {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        let mut counts: Vec<OutputCounts> = lanes.here.iter().map(|lane| lane.counts()).collect();
        lanes.past.iter().cloned().for_each(|past| add(&mut counts, past));
        lanes.leaving.iter().for_each(|lane| add(&mut counts, lane.counts()));
        counts
    }
}

/// Adds counts to those of the same name, or behind the others.
fn add(all: &mut Vec<OutputCounts>, counts: OutputCounts) {
    match all.iter_mut().find(|known| known.name == counts.name) {
        Some(known) => known.add(&counts),
        None => all.push(counts),
    }
}
