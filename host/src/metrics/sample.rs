//! What Falco's libraries measure, under their names: the common ground of the Prometheus text and the snapshots, which name and
//! convert the same values differently.

use super::source::{Feed, SourceMeter};
use super::usage::Usage;
use crate::config::MetricsSettings;
use crate::plugin::{PluginMetric, PluginMetricValue};

/// Which part of a name, and which switch of the configuration, a value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Resources,
    State,
    Kernel,
    KernelCpu,
    Plugins,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Percent,
    Bytes,
    Kibibytes,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Uint(u64),
    Int(i64),
    Double(f64),
}

impl Value {
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Self::Uint(n) => n as f64,
            Self::Int(n) => n as f64,
            Self::Double(n) => n,
        }
    }

    pub(super) fn is_zero(self) -> bool {
        self.as_f64() == 0.0
    }
}

/// One of Falco's values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) group: Group,
    pub(super) unit: Unit,
    /// Whether it only grows.
    pub(super) monotonic: bool,
    pub(super) value: Value,
}

/// The counters of the state in Falco's order. Those without a name of the plugin are zero as a matter of fact: descriptors and
/// threads are found in one step, so that there is no cache in front of the tables that could be asked first.
const STATE: [(&str, Option<&str>); 17] = [
    ("n_threads", Some("n_threads")),
    ("n_fds", Some("n_fds")),
    ("n_noncached_fd_lookups", Some("n_noncached_fd_lookups")),
    ("n_cached_fd_lookups", None),
    ("n_failed_fd_lookups", Some("n_failed_fd_lookups")),
    ("n_added_fds", Some("n_added_fds")),
    ("n_removed_fds", Some("n_removed_fds")),
    ("n_stored_evts", Some("n_stored_evts")),
    ("n_store_evts_drops", Some("n_store_evts_drops")),
    ("n_retrieved_evts", Some("n_retrieved_evts")),
    ("n_retrieve_evts_drops", Some("n_retrieve_evts_drops")),
    ("n_noncached_thread_lookups", Some("n_noncached_thread_lookups")),
    ("n_cached_thread_lookups", None),
    ("n_failed_thread_lookups", Some("n_failed_thread_lookups")),
    ("n_added_threads", Some("n_added_threads")),
    ("n_removed_threads", Some("n_removed_threads")),
    ("n_drops_full_threadtable", Some("n_drops_full_threadtable")),
];

/// The counters of the probes in Falco's order, and the plugin's names for them.
const KERNEL: [(&str, &str); 12] = [
    ("n_evts", "n_evts"),
    ("n_drops_buffer_total", "n_drops_buffer_total"),
    ("n_drops_buffer_clone_fork_exit", "n_drops_buffer_clone_fork_exit"),
    ("n_drops_buffer_execve_exit", "n_drops_buffer_execve_exit"),
    ("n_drops_buffer_connect_exit", "n_drops_buffer_connect_exit"),
    ("n_drops_buffer_open_exit", "n_drops_buffer_open_exit"),
    ("n_drops_buffer_dir_file_exit", "n_drops_buffer_dir_file_exit"),
    ("n_drops_buffer_other_interest_exit", "n_drops_buffer_other_interest_exit"),
    ("n_drops_buffer_close_exit", "n_drops_buffer_close_exit"),
    ("n_drops_buffer_proc_exit", "n_drops_buffer_proc_exit"),
    // What Falco's probes cannot fit into their scratch memory, ours cannot fit into an event.
    ("n_drops_scratch_map", "n_drops_max_event_size"),
    ("n_drops", "n_drops"),
];

/// The built-in plugin whose metrics are Falco's own.
pub(super) const OWN: &str = "syscall.";

/// What a source has of Falco's values, as far as the configuration asks for them.
pub(super) fn of_source(source: &SourceMeter, metrics: &[PluginMetric], settings: &MetricsSettings) -> Vec<Sample> {
    let mut samples = Vec::new();
    let syscalls = *source.name == *crate::event::scheme::SYSCALL || source.feed == Feed::File;
    let told = |name: &str| metrics.iter().find(|metric| metric.name.strip_prefix(OWN) == Some(name)).map(value);
    if syscalls && settings.kernel && source.feed == Feed::Kernel {
        for (name, theirs) in KERNEL {
            samples.extend(told(theirs).map(|value| counter(name, Group::Kernel, value)));
        }
    }
    if syscalls && settings.kernel_cpu {
        let per_cpu = |metric: &&PluginMetric| {
            let name = metric.name.strip_prefix(OWN).unwrap_or_default();
            name.starts_with("n_evts_cpu_") || name.starts_with("n_drops_cpu_")
        };
        for metric in metrics.iter().filter(per_cpu) {
            samples.push(counter(&metric.name[OWN.len()..], Group::KernelCpu, value(metric)));
        }
    }
    if syscalls && settings.state {
        for (name, theirs) in STATE {
            let value = theirs.and_then(told).unwrap_or(Value::Uint(0));
            let monotonic = !matches!(name, "n_threads" | "n_fds");
            samples.push(Sample { monotonic, ..counter(name, Group::State, value) });
        }
    }
    if settings.plugins {
        for metric in metrics.iter().filter(|metric| !metric.name.starts_with(OWN)) {
            let monotonic = metric.monotonic;
            samples.push(Sample { monotonic, ..counter(&metric.name, Group::Plugins, value(metric)) });
        }
    }
    samples
}

/// What the process and its machine use.
pub(super) fn of_usage(usage: &Usage) -> [Sample; 9] {
    let gauge = |name: &str, unit, value| Sample {
        name: name.to_owned(),
        group: Group::Resources,
        unit,
        monotonic: false,
        value,
    };
    [
        gauge("cpu_usage_perc", Unit::Percent, Value::Double(usage.cpu_percent)),
        gauge("memory_rss_kb", Unit::Kibibytes, Value::Uint(usage.rss_kb)),
        gauge("memory_vsz_kb", Unit::Kibibytes, Value::Uint(usage.vsz_kb)),
        gauge("memory_pss_kb", Unit::Kibibytes, Value::Uint(usage.pss_kb)),
        gauge("container_memory_used_bytes", Unit::Bytes, Value::Uint(usage.container_bytes)),
        gauge("host_cpu_usage_perc", Unit::Percent, Value::Double(usage.host_cpu_percent)),
        gauge("host_memory_used_kb", Unit::Kibibytes, Value::Uint(usage.host_memory_kb)),
        gauge("host_procs_running", Unit::Count, Value::Uint(usage.host_running)),
        gauge("host_open_fds", Unit::Count, Value::Uint(usage.host_open_fds)),
    ]
}

fn counter(name: &str, group: Group, value: Value) -> Sample {
    Sample { name: name.to_owned(), group, unit: Unit::Count, monotonic: true, value }
}

pub(super) fn value(metric: &PluginMetric) -> Value {
    match metric.value {
        PluginMetricValue::Unsigned(n) => Value::Uint(n),
        PluginMetricValue::Signed(n) => Value::Int(n),
        PluginMetricValue::Float(n) => Value::Double(n),
    }
}
