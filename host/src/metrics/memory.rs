//! Memory by component: what each says that it keeps, what it may, and what went when that was too much.

use std::sync::Arc;

use super::exposition::Page;
use super::registry::Registry;
use super::sample::{self, OWN};
use super::source::SourceMeter;

/// What the plugin of system calls keeps, by its own names.
const KEPT: [(&str, &str); 4] = [
    ("threads_bytes", "threads"),
    ("descriptors_bytes", "descriptors"),
    ("enter_events_bytes", "enter_events"),
    ("users_bytes", "users"),
];

/// What it did not keep: its name, the component, the reason.
const SHED: [(&str, &str, &str); 8] = [
    ("placeholders_shed", "threads", "unknown"),
    ("environments_shed", "threads", "cold_environment"),
    ("lists_trimmed", "threads", "arguments"),
    ("threads_refused", "threads", "full"),
    ("descriptors_shed", "descriptors", "largest_holder"),
    ("descriptors_refused", "descriptors", "full"),
    ("enter_events_refused", "enter_events", "full"),
    ("users_refused", "users", "full"),
];

pub(super) fn add(page: &mut Page, registry: &Registry, sources: &[Arc<SourceMeter>]) {
    for metric in sources.iter().flat_map(|source| source.plugin_metrics()) {
        let Some(name) = metric.name.strip_prefix(OWN) else { continue };
        let value = sample::value(&metric).as_f64();
        if let Some((_, component)) = KEPT.iter().find(|(theirs, _)| *theirs == name) {
            page.add("lanner_memory_bytes", &[("component", component)], value);
        }
        if let Some((_, component, reason)) = SHED.iter().find(|(theirs, ..)| *theirs == name) {
            page.add("lanner_memory_shed_total", &[("component", component), ("reason", reason)], value);
        }
    }
    if let Some(outputs) = registry.outputs() {
        let queued: u64 = outputs.snapshot().iter().map(|output| output.queued_bytes).sum();
        page.add("lanner_memory_bytes", &[("component", "output_queues")], queued as f64);
        let lost = outputs.snapshot().into_iter().flat_map(|output| output.dropped);
        let lost: u64 = lost.filter(|(reason, _)| *reason == "memory").map(|(_, count)| count).sum();
        page.add("lanner_memory_shed_total", &[("component", "output_queues"), ("reason", "full")], lost as f64);
        if let Some((bytes, early)) = outputs.grouped() {
            page.add("lanner_memory_bytes", &[("component", "alert_groups")], bytes as f64);
            let of = [("component", "alert_groups"), ("reason", "window_ended_early")];
            page.add("lanner_memory_shed_total", &of, early as f64);
        }
    }
    for (component, bytes) in registry.budget() {
        page.add("lanner_memory_budget_bytes", &[("component", component)], *bytes as f64);
    }
}
