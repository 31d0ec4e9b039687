//! What the plugin counts, under the names of Falco's metrics where there is one.

use lanner_plugin_api::sdk::Metrics;

use crate::live::{
    Class, CounterReader, Counters, EnforcedCount, EnforcedReader, Footprint, FootprintReader, Live, LostEvents,
};
use crate::state::State;

/// Counters of the state.
pub(super) fn of_state(state: &State, out: &mut Metrics<'_>) {
    let stats = state.stats();
    out.counter("threads_added", stats.added_threads);
    out.counter("threads_removed", stats.removed_threads);
    out.counter("threads_refused", stats.refused_threads);
    out.counter("threads_unknown", stats.unknown_threads);
    out.counter("threads_found", stats.found_threads);
    out.counter("enter_events_stored", stats.stored_enters);
    out.counter("enter_events_refused", stats.refused_enters);
    out.counter("descriptors_refused", state.refused_fds());
    out.counter("descriptors_shed", state.shed_fds());
    out.counter("lists_trimmed", stats.trimmed_execs);
    out.counter("placeholders_shed", stats.shed_placeholders);
    out.counter("environments_shed", stats.shed_environments);
    out.counter("users_refused", state.refused_users());
    let bytes = state.bytes();
    out.gauge("threads_bytes", bytes.threads as u64);
    out.gauge("descriptors_bytes", bytes.fds as u64);
    out.gauge("enter_events_bytes", bytes.enters as u64);
    out.gauge("users_bytes", bytes.users as u64);
    out.gauge("threads", state.len() as u64);
    // The same under Falco's names.
    out.counter("n_added_threads", stats.added_threads);
    out.counter("n_removed_threads", stats.removed_threads);
    out.counter("n_drops_full_threadtable", stats.refused_threads);
    out.counter("n_noncached_thread_lookups", stats.unknown_threads);
    out.counter("n_failed_thread_lookups", stats.unknown_threads - stats.found_threads);
    out.counter("n_stored_evts", stats.stored_enters);
    out.counter("n_store_evts_drops", stats.refused_enters);
    out.counter("n_retrieved_evts", stats.retrieved_enters);
    out.counter("n_retrieve_evts_drops", stats.unfit_enters);
    out.counter("n_noncached_fd_lookups", stats.fd_lookups);
    out.counter("n_failed_fd_lookups", stats.failed_fd_lookups);
    let (opened, closed) = state.opened_and_closed_fds();
    out.counter("n_added_fds", opened);
    out.counter("n_removed_fds", closed);
    out.gauge("n_threads", state.len() as u64);
    out.gauge("n_fds", state.fds());
}

/// Counters of the probes. What was lost of which kind is asked for only when anything was: that takes a call for each kind.
pub(super) struct Counted {
    reader: CounterReader,
    footprint: FootprintReader,
    enforced: Option<EnforcedReader>,
    lost: u64,
    by_event: Vec<LostEvents>,
}

impl Counted {
    pub(super) fn new(live: &Live) -> Self {
        Self {
            reader: live.counters().clone(),
            footprint: live.footprint().clone(),
            enforced: live.enforced().cloned(),
            lost: 0,
            by_event: Vec::new(),
        }
    }

    /// Tells everything. Counters that cannot be read are left out rather than told as zero.
    pub(super) fn tell(&mut self, out: &mut Metrics<'_>) {
        self.tell_enforced(out);
        self.tell_footprint(out);
        let Ok(of_each) = self.reader.read_each() else { return };
        let counted = of_each.iter().fold(Counters::default(), |sum, one| sum.plus(one));
        // As Falco counts: what was lost was an event too.
        out.counter("n_evts", counted.sent() + counted.lost());
        out.counter("n_drops", counted.lost());
        out.counter("n_drops_buffer_total", counted.lost_bulk + counted.lost_vital);
        out.counter("n_drops_buffer_bulk", counted.lost_bulk);
        out.counter("n_drops_buffer_vital", counted.lost_vital);
        out.counter("n_drops_max_event_size", counted.lost_too_long);
        out.counter("n_drops_late_cpu", counted.lost_no_ring);
        out.counter("n_foreign_abi_calls", counted.foreign_abi);
        out.counter("n_needless_calls", counted.needless);
        for (cpu, counted) in of_each.iter().enumerate() {
            out.counter(&format!("n_evts_cpu_{cpu}"), counted.sent() + counted.lost());
            out.counter(&format!("n_drops_cpu_{cpu}"), counted.lost());
        }
        if counted.lost() != self.lost
            && let Ok(by_event) = self.reader.losses()
        {
            (self.lost, self.by_event) = (counted.lost(), by_event);
        }
        for class in Class::ALL {
            let lost = self.by_event.iter().filter(|lost| Class::of(lost.event) == class).map(|lost| lost.buffer);
            out.counter(&format!("n_drops_buffer_{}", class.counter()), lost.sum::<u64>());
        }
        for lost in &self.by_event {
            if let Some(event) = lost.event.info() {
                out.counter(&format!("n_drops_event_{}", event.symbol), lost.all());
            }
        }
    }

    /// What the probes take of the kernel's memory. Left out where nobody knows.
    fn tell_footprint(&self, out: &mut Metrics<'_>) {
        let Some(Footprint { rings, scratch, entries, tables, programs }) = self.footprint.read() else { return };
        let parts =
            [("rings", rings), ("scratch", scratch), ("entries", entries), ("tables", tables), ("programs", programs)];
        for (part, bytes) in parts {
            out.gauge(&format!("kernel_bytes_{part}"), bytes);
        }
    }

    /// Of rules that kill: totals, and of each rule the decisions that no event tells of.
    fn tell_enforced(&self, out: &mut Metrics<'_>) {
        let Some(Ok(rules)) = self.enforced.as_ref().map(EnforcedReader::read) else { return };
        let mut total =
            |name: &str, of: fn(&EnforcedCount) -> u64| out.counter(name, rules.iter().map(of).sum::<u64>());
        total("n_enforce_killed", |rule| rule.killed);
        total("n_enforce_would_kill", |rule| rule.would_kill);
        total("n_enforce_spared", |rule| rule.spared);
        total("n_enforce_refused", |rule| rule.refused);
        total("n_enforce_untold", |rule| rule.untold);
        for rule in rules.iter().filter(|rule| rule.untold > 0) {
            out.counter(&format!("n_enforce_untold_rule_{}", rule.rule), rule.untold);
        }
    }
}
