//! Memory by component: what each says that it keeps, what it may, and what went when that was too much.

use std::sync::Arc;

use super::exposition::Page;
use super::registry::Registry;
use super::sample;
use super::source::SourceMeter;

/// What the plugins of system calls and containers keep, by their own names.
const KEPT: [(&str, &str); 5] = [
    ("syscall.threads_bytes", "threads"),
    ("syscall.descriptors_bytes", "descriptors"),
    ("syscall.enter_events_bytes", "enter_events"),
    ("syscall.users_bytes", "users"),
    ("container.n_containers_bytes", "containers"),
];

/// What the probes keep in the kernel, by what it is for.
const IN_KERNEL: &str = "syscall.kernel_bytes_";

/// What they did not keep: their name, the component, the reason.
const SHED: [(&str, &str, &str); 10] = [
    ("syscall.placeholders_shed", "threads", "unknown"),
    ("syscall.environments_shed", "threads", "cold_environment"),
    ("syscall.lists_trimmed", "threads", "arguments"),
    ("syscall.threads_refused", "threads", "full"),
    ("syscall.descriptors_shed", "descriptors", "largest_holder"),
    ("syscall.descriptors_refused", "descriptors", "full"),
    ("syscall.enter_events_refused", "enter_events", "full"),
    ("syscall.users_refused", "users", "full"),
    ("container.n_containers_shed", "containers", "longest_quiet"),
    ("container.n_containers_refused", "containers", "too_large"),
];

pub(super) fn add(page: &mut Page, registry: &Registry, sources: &[Arc<SourceMeter>]) {
    for metric in sources.iter().flat_map(|source| source.plugin_metrics()) {
        let name = metric.name.as_str();
        let value = sample::value(&metric).as_f64();
        if let Some((_, component)) = KEPT.iter().find(|(theirs, _)| *theirs == name) {
            page.add("lanner_memory_bytes", &[("component", component)], value);
        }
        if let Some(part) = name.strip_prefix(IN_KERNEL) {
            page.add("lanner_kernel_memory_bytes", &[("for", part)], value);
        }
        if let Some((_, component, reason)) = SHED.iter().find(|(theirs, ..)| *theirs == name) {
            page.add("lanner_memory_shed_total", &[("component", component), ("reason", reason)], value);
        }
    }
    for source in sources {
        if let Some(bytes) = source.before_bytes() {
            page.add("lanner_memory_bytes", &[("component", "capture_before"), ("source", &source.name)], bytes as f64);
        }
    }
    if let Some(bytes) = registry.rules_bytes() {
        page.add("lanner_memory_bytes", &[("component", "rules")], bytes as f64);
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
