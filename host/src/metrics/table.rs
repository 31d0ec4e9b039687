//! The names of all metrics that are exposed, with what they mean. What documentation, dashboards and tests know about names
//! comes from here; only the metrics of plugins have names that the plugins choose.

/// Whether a metric only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, but for a restart.
    Counter,
    /// It goes up and down, or says something that is no number.
    Gauge,
}

impl Kind {
    /// Its word in the exposition format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// What it means: the text of its `HELP` line.
    pub help: &'static str,
}

const fn c(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, help }
}

const fn g(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, help }
}

/// All of them: Falco's first, in its order, then ours.
pub const METRICS: &[Metric] = &[
    g("falcosecurity_falco_version_info", "Version of this program; always 1"),
    g("falcosecurity_falco_sha256_rules_files_info", "SHA-256 of each rule file; always 1"),
    g("falcosecurity_falco_sha256_config_files_info", "SHA-256 of each configuration file; always 1"),
    c("falcosecurity_falco_rules_matches_total", "Matches of a rule; a rule that never matched is not listed"),
    g("falcosecurity_scap_engine_name_info", "What gives the events of each source; always 1"),
    c("falcosecurity_scap_n_evts_total", "Events of the kernel, those that were lost included"),
    c("falcosecurity_scap_n_drops_buffer_total", "Events lost because a buffer was full, by class of event"),
    c("falcosecurity_scap_n_drops_scratch_map_total", "Events lost because they were longer than an event can be"),
    c("falcosecurity_scap_n_drops_total", "Events of the kernel that were lost, for whatever reason"),
    c("falcosecurity_scap_n_evts_cpu_total", "Events of the kernel by processor"),
    c("falcosecurity_scap_n_drops_cpu_total", "Events of the kernel that were lost, by processor"),
    g("falcosecurity_falco_cpu_usage_ratio", "Time on processors since the start, as a share of one processor's time"),
    g("falcosecurity_falco_memory_rss_bytes", "Memory of this process that is resident"),
    g("falcosecurity_falco_memory_vsz_bytes", "Address space of this process"),
    g("falcosecurity_falco_memory_pss_bytes", "Memory of this process, what it shares counted in proportion"),
    g("falcosecurity_falco_container_memory_used_bytes", "Memory of the control group that this process is in"),
    g("falcosecurity_falco_host_cpu_usage_ratio", "Share of all processors' time since boot that was not idle"),
    g("falcosecurity_falco_host_memory_used_bytes", "Memory of the machine that is neither free nor cache"),
    g("falcosecurity_falco_host_procs_running_total", "Threads of the machine that are running or want to"),
    g("falcosecurity_falco_host_open_fds_total", "Open files of the machine"),
    g("falcosecurity_scap_n_threads_total", "Threads in the table"),
    g("falcosecurity_scap_n_fds_total", "Descriptors in the tables of all processes"),
    c("falcosecurity_scap_n_noncached_fd_lookups_total", "Descriptors looked up in a table"),
    c(
        "falcosecurity_scap_n_cached_fd_lookups_total",
        "Descriptors found without a look into a table: there is no need",
    ),
    c("falcosecurity_scap_n_failed_fd_lookups_total", "Descriptors that no table had"),
    c("falcosecurity_scap_n_added_fds_total", "Descriptors added"),
    c("falcosecurity_scap_n_removed_fds_total", "Descriptors removed"),
    c("falcosecurity_scap_n_stored_evts_total", "Enter events stored for their exit, as old captures have them"),
    c("falcosecurity_scap_n_store_evts_drops_total", "Enter events that could not be stored"),
    c("falcosecurity_scap_n_retrieved_evts_total", "Stored enter events that an exit found"),
    c("falcosecurity_scap_n_retrieve_evts_drops_total", "Exits that should have found an enter event and did not"),
    c("falcosecurity_scap_n_noncached_thread_lookups_total", "Threads not in the table and looked for elsewhere"),
    c(
        "falcosecurity_scap_n_cached_thread_lookups_total",
        "Threads found without a look into the table: there is no need",
    ),
    c("falcosecurity_scap_n_failed_thread_lookups_total", "Threads that were nowhere to be found"),
    c("falcosecurity_scap_n_added_threads_total", "Threads added"),
    c("falcosecurity_scap_n_removed_threads_total", "Threads removed"),
    c("falcosecurity_scap_n_drops_full_threadtable_total", "Threads not added because the table was full"),
    g("falcosecurity_falco_kernel_release_info", "Release of the kernel; always 1"),
    g("falcosecurity_evt_hostname_info", "Name of this machine in alerts; always 1"),
    c("falcosecurity_falco_outputs_queue_num_drops_total", "Alerts dropped because a queue of outputs was full"),
    g("falcosecurity_falco_reload_timestamp_nanoseconds", "When rules and configuration were read last"),
    g("falcosecurity_falco_start_timestamp_nanoseconds", "When this program started"),
    c("falcosecurity_falco_duration_seconds_total", "How long this program has run"),
    g("falcosecurity_falco_host_boot_timestamp_nanoseconds", "When the machine started"),
    g("falcosecurity_falco_host_num_cpus_total", "Processors of the machine that are online"),
    g("lanner_source_state", "What each source is doing (label state); always 1"),
    c("lanner_source_events_total", "Events that rules could see"),
    c("lanner_source_passed_over_total", "Events that rules could not see, by reason"),
    g("lanner_source_lag_seconds", "How much older than the clock the events are that are being evaluated"),
    g("lanner_source_last_event_timestamp_seconds", "Time of an event seen lately; 0: none yet"),
    g("lanner_source_still_seconds", "How long the thread of the source has not come round"),
    c("lanner_source_matches_total", "Matches of all rules of a source"),
    g(
        "lanner_alerts_waiting",
        "Events whose alerts wait for values that are on their way, such as a container's image",
    ),
    c("lanner_alerts_held_total", "Events whose alerts had to wait, by what became of the waiting (label outcome)"),
    g("lanner_rules_loaded", "Rules loaded, by source"),
    g("lanner_rule_blind", "Whether events that the rule could match were lost within the last second"),
    g(
        "lanner_rule_blind_since_timestamp_seconds",
        "Since when the rule may have missed events, the last time that it did",
    ),
    g(
        "lanner_rule_blind_until_timestamp_seconds",
        "Until when the rule may have missed events, the last time that it did",
    ),
    c("lanner_rule_lost_events_total", "Events lost that the rule could have matched"),
    c("lanner_drops_total", "Events of the kernel that were lost, by cause"),
    c("lanner_drops_by_event_total", "Events of the kernel that were lost, by kind of event"),
    c("lanner_fds_refused_total", "Descriptors not kept because a table or the memory for all of them was full"),
    c(
        "lanner_foreign_abi_calls_total",
        "Calls by the table for 32-bit programs of a 64-bit kernel that are not followed",
    ),
    c(
        "lanner_needless_calls_total",
        "Calls that the kernel kept to itself: no rule can match them and they change nothing",
    ),
    c("lanner_state_thread_lookups_total", "Threads that events named and /proc was asked about"),
    c("lanner_state_refreshes_total", "Times that state was looked up anew because events that change it were lost"),
    c("lanner_state_refreshed_processes_total", "Processes looked up anew"),
    g("lanner_state_processes_to_refresh", "Processes that are still to be looked up anew"),
    g("lanner_state_doubtful_since_timestamp_seconds", "Since when state may be wrong after a loss; 0: it is not"),
    c("lanner_state_purged_threads_total", "Threads forgotten because they had ended unseen"),
    c("lanner_enforce_killed_total", "Processes that the kernel killed for rules"),
    c("lanner_enforce_would_kill_total", "Processes that rules would have killed, in a dry run"),
    c("lanner_enforce_spared_total", "Processes that a rule would have killed and that are protected"),
    c("lanner_enforce_refused_total", "Kills that the kernel refused"),
    c("lanner_enforce_untold_total", "Kills of which no event told"),
    g("lanner_output_queue_depth", "Alerts that wait for an output"),
    g("lanner_output_queue_capacity", "Alerts that may wait for an output in memory"),
    c(
        "lanner_output_alerts_total",
        "Alerts sent, attempts beyond the first, alerts that went to disk, attempts that failed",
    ),
    c("lanner_output_dropped_total", "Alerts that an output lost, by reason"),
    g("lanner_output_spool_bytes", "What alerts on disk take that wait for an output"),
    g("lanner_output_spool_alerts", "Alerts on disk that wait for an output, by number"),
    g("lanner_output_failing", "Whether the last delivery of an output failed"),
    c("lanner_alerts_suppressed_total", "Alerts held back, by rule and by what: alerts.group or alerts.rate"),
    g("lanner_memory_bytes", "What is kept, by component, as it counts itself"),
    g("lanner_memory_budget_bytes", "What a component may keep by memory.limit_mb; absent: there is no limit"),
    c("lanner_memory_shed_total", "What was not kept, or no longer, because memory was short, by component and reason"),
    g("lanner_kernel_memory_bytes", "Memory of the kernel that the probes take, by what it is for"),
    c("lanner_process_cpu_seconds_total", "Time of this process on processors"),
    g("lanner_process_memory_bytes", "Resident memory of this process by kind: anonymous, file, shared"),
    g("lanner_process_threads", "Threads of this process"),
];

/// The metric of this name.
pub(super) fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_valid() {
        for (i, metric) in METRICS.iter().enumerate() {
            assert!(METRICS.iter().skip(i + 1).all(|other| other.name != metric.name), "{} twice", metric.name);
            assert!(metric.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
            assert!(!metric.help.is_empty() && !metric.help.ends_with('.'), "{}", metric.name);
            let ours = metric.name.starts_with("lanner_");
            assert!(!ours || metric.name.ends_with("_total") == (metric.kind == Kind::Counter), "{}", metric.name);
        }
    }
}
