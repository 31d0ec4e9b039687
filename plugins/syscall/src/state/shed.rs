//! What goes when threads take nearly all the memory that they may: first what is worth least. Placeholders of threads of which
//! nothing is known but their number, those that were quiet for longest first; then environments, likewise. A thread that
//! lives never goes: what is refused in the end are newcomers, first their arguments and environment, then they themselves.
//!
//! It is done between events, when nobody holds a place in the table.

use super::State;
use super::zstr::ZList;

impl State {
    /// Whether less than a sixteenth is left.
    #[inline]
    pub(crate) fn is_tight(&self) -> bool {
        let most = |limit: usize| limit - limit / 16;
        self.thread_bytes > most(self.limits.thread_bytes) || self.threads.len() > most(self.limits.threads)
    }

    /// Has [`State::shed`] done before the next event, unless it was done a short time ago: it looks at all threads.
    pub(crate) fn want_room(&mut self) {
        if self.stats.added_threads + self.stats.refused_threads >= self.next_shed {
            self.pending.any = true;
            self.pending.shed = true;
        }
    }

    /// Makes room until an eighth is free, as far as what is worth little goes.
    #[cold]
    pub(super) fn shed(&mut self) {
        self.shed_the_least();
        // What did not help now will not a moment later.
        let come = self.stats.added_threads + self.stats.refused_threads;
        self.next_shed = if self.is_tight() { come + (self.threads.len() as u64 / 16).max(16) } else { come };
    }

    fn shed_the_least(&mut self) {
        let goal = |limit: usize| limit - limit / 8;
        let (bytes, count) = (goal(self.limits.thread_bytes), goal(self.limits.threads));
        let mut unknown: Vec<_> =
            self.threads.iter().filter(|(_, t)| t.is_invalid()).map(|(slot, t)| (t.lastaccess_ts, slot)).collect();
        unknown.sort_unstable_by_key(|(quiet_since, _)| *quiet_since);
        for (_, slot) in unknown {
            if self.thread_bytes <= bytes && self.threads.len() <= count {
                break;
            }
            self.erase(slot);
            self.stats.shed_placeholders += 1;
        }
        if self.thread_bytes <= bytes {
            return;
        }
        let mut cold: Vec<_> =
            self.threads.iter().filter(|(_, t)| !t.env.is_empty()).map(|(slot, t)| (t.lastaccess_ts, slot)).collect();
        cold.sort_unstable_by_key(|(quiet_since, _)| *quiet_since);
        for (_, slot) in cold {
            if self.thread_bytes <= bytes {
                break;
            }
            let t = self.threads.at_mut(slot);
            t.env = ZList::EMPTY;
            let now = t.weight();
            let before = std::mem::replace(&mut t.counted, now);
            self.thread_bytes = self.thread_bytes - before + now;
            self.stats.shed_environments += 1;
        }
    }
}
