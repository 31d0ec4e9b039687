//! What only we measure.

use std::sync::Arc;

use super::exposition::Page;
use super::memory;
use super::registry::Registry;
use super::sample::{self, OWN};
use super::source::SourceMeter;
use super::usage::Usage;

/// Causes of losses that add up, as the plugin of system calls names them.
const CAUSES: [&str; 4] = ["buffer_bulk", "buffer_vital", "max_event_size", "late_cpu"];

const SECOND: f64 = 1e9;

/// Values of the plugin of system calls that Falco has no names for, and ours.
const OF_SYSCALLS: [(&str, &str); 14] = [
    ("descriptors_refused", "lanner_fds_refused_total"),
    ("n_foreign_abi_calls", "lanner_foreign_abi_calls_total"),
    ("n_needless_calls", "lanner_needless_calls_total"),
    ("n_thread_lookups", "lanner_state_thread_lookups_total"),
    ("n_state_refreshes", "lanner_state_refreshes_total"),
    ("n_refreshed_processes", "lanner_state_refreshed_processes_total"),
    ("n_processes_to_refresh", "lanner_state_processes_to_refresh"),
    (DOUBTFUL, "lanner_state_doubtful_since_timestamp_seconds"),
    ("n_purged_threads", "lanner_state_purged_threads_total"),
    ("n_enforce_killed", "lanner_enforce_killed_total"),
    ("n_enforce_would_kill", "lanner_enforce_would_kill_total"),
    ("n_enforce_spared", "lanner_enforce_spared_total"),
    ("n_enforce_refused", "lanner_enforce_refused_total"),
    ("n_enforce_untold", "lanner_enforce_untold_total"),
];
/// The one among them that is a time, in ns.
const DOUBTFUL: &str = "state_doubtful_since_ts";

pub(super) fn add(page: &mut Page, registry: &Registry, sources: &[Arc<SourceMeter>], usage: &Usage) {
    sources.iter().for_each(|source| add_source(page, registry, source));
    add_rules(page, registry);
    sources.iter().for_each(|source| add_syscalls(page, source));
    add_outputs(page, registry);
    memory::add(page, registry, sources);
    page.add("lanner_process_cpu_seconds_total", &[], usage.cpu_seconds);
    for (kind, kb) in [("anonymous", usage.anonymous_kb), ("file", usage.file_kb), ("shared", usage.shared_kb)] {
        page.add("lanner_process_memory_bytes", &[("kind", kind)], (kb * 1024) as f64);
    }
    page.add("lanner_process_threads", &[], usage.threads as f64);
}

fn add_source(page: &mut Page, registry: &Registry, source: &SourceMeter) {
    let name = &*source.name;
    let of = [("source", name)];
    let counts = source.counts();
    page.add("lanner_source_state", &[("source", name), ("state", source.state().name())], 1.0);
    page.add("lanner_source_events_total", &of, counts.events as f64);
    for (reason, count) in [("foreign", counts.foreign), ("malformed", counts.malformed)] {
        page.add("lanner_source_passed_over_total", &[("source", name), ("reason", reason)], count as f64);
    }
    page.add("lanner_source_lag_seconds", &of, source.lag_ns() as f64 / SECOND);
    page.add("lanner_source_last_event_timestamp_seconds", &of, source.last_event_ns() as f64 / SECOND);
    page.add("lanner_source_still_seconds", &of, source.still_for(registry.now_ms()).as_secs_f64());
    let rules = registry.rules();
    let rules = rules.iter().filter(|rule| rule.labels().source == source.name);
    page.add("lanner_source_matches_total", &of, rules.clone().map(|rule| rule.matches()).sum::<u64>() as f64);
    let held = source.held();
    page.add("lanner_alerts_waiting", &of, held.waiting as f64);
    let outcomes = [
        ("enriched", held.enriched),
        ("unknown", held.unknown),
        ("expired", held.expired),
        ("overflowed", held.overflowed),
    ];
    for (outcome, count) in outcomes {
        page.add("lanner_alerts_held_total", &[("source", name), ("outcome", outcome)], count as f64);
    }
    page.add("lanner_rules_loaded", &of, rules.count() as f64);
}

/// Rules that never were blind have nothing to say.
fn add_rules(page: &mut Page, registry: &Registry) {
    for rule in registry.rules().iter() {
        let blind = rule.blind();
        if blind.lost == 0 {
            continue;
        }
        let of = rule.labels();
        let labels = [("rule_name", &*rule.name), ("source", &*of.source)];
        page.add("lanner_rule_blind", &labels, f64::from(u8::from(blind.now)));
        page.add("lanner_rule_blind_since_timestamp_seconds", &labels, blind.since_ns as f64 / SECOND);
        page.add("lanner_rule_blind_until_timestamp_seconds", &labels, blind.until_ns as f64 / SECOND);
        page.add("lanner_rule_lost_events_total", &labels, blind.lost as f64);
    }
}

/// What the plugin of system calls lost, and did about it.
fn add_syscalls(page: &mut Page, source: &SourceMeter) {
    for metric in &source.plugin_metrics() {
        let Some(name) = metric.name.strip_prefix(OWN) else { continue };
        let value = sample::value(metric).as_f64();
        let lost = name.strip_prefix("n_drops_");
        if let Some(cause) = lost.filter(|cause| CAUSES.contains(cause)) {
            page.add("lanner_drops_total", &[("cause", cause)], value);
        } else if let Some(event) = lost.and_then(|name| name.strip_prefix("event_")) {
            page.add("lanner_drops_by_event_total", &[("event", event)], value);
        } else if let Some((theirs, ours)) = OF_SYSCALLS.iter().find(|(theirs, _)| *theirs == name) {
            page.add(ours, &[], if *theirs == DOUBTFUL { value / SECOND } else { value });
        }
    }
}

fn add_outputs(page: &mut Page, registry: &Registry) {
    let Some(outputs) = registry.outputs() else { return };
    for (rule, by, count) in outputs.suppressed() {
        page.add("lanner_alerts_suppressed_total", &[("rule_name", &rule), ("by", by)], count as f64);
    }
    for output in outputs.snapshot() {
        let of = [("output", output.name)];
        page.add("lanner_output_queue_depth", &of, output.queued as f64);
        if let Some(capacity) = output.capacity {
            page.add("lanner_output_queue_capacity", &of, capacity as f64);
        }
        let results = [
            ("sent", output.sent),
            ("retried", output.retried),
            ("spooled", output.spooled),
            ("failed", output.failed),
        ];
        for (result, count) in results {
            page.add("lanner_output_alerts_total", &[("output", output.name), ("result", result)], count as f64);
        }
        for (reason, count) in &output.dropped {
            page.add("lanner_output_dropped_total", &[("output", output.name), ("reason", reason)], *count as f64);
        }
        page.add("lanner_output_spool_bytes", &of, output.spool_bytes as f64);
        page.add("lanner_output_spool_alerts", &of, output.spool_alerts as f64);
        page.add("lanner_output_failing", &of, f64::from(u8::from(output.failing)));
    }
}
