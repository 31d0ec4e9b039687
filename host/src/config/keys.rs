//! Every key of `falco.yaml`, one line each. The schema of `--config-schema`, the check of a file against it and the golden
//! list of the tests all come from this table.
//!
//! Rules for editing: a path is dotted, `[]` stands for "each item of the list"; the default is what holds when the
//! key is absent (not what the shipped file says).

/// What shape a key's value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A list of maps; the maps' keys follow with `[]` in their path.
    Maps,
    /// A map with names the user chooses.
    FreeMap,
    /// Anything.
    Any,
}

/// Whether setting a key does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It works.
    Works,
    /// It is accepted and there is nothing that it could change here; the reason, for those who set it.
    Moot(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where it is.
    pub path: &'static str,
    /// The shape of its value.
    pub kind: Kind,
    /// What holds when it is absent.
    pub default: &'static str,
    /// Whether it does anything.
    pub effect: Effect,
}

const fn key(path: &'static str, kind: Kind, default: &'static str, effect: Effect) -> Key {
    Key { path, kind, default, effect }
}

use Effect::{Moot, Works};
use Kind::{Any, Bool, FreeMap, Int, Maps, Number, Text, Texts};

/// All keys, in the order of the shipped file.
pub const KEYS: &[Key] = &[
    key("config_files", Any, "[]", Works),
    key("watch_config_files", Bool, "true", Works),
    key("rules_files", Texts, "[]", Works),
    key("rules_file", Texts, "[]", Works),
    key("rules", Maps, "[]", Works),
    key("rules[].enable.rule", Text, "", Works),
    key("rules[].enable.tag", Text, "", Works),
    key("rules[].disable.rule", Text, "", Works),
    key("rules[].disable.tag", Text, "", Works),
    key("engine.kind", Text, "kmod", Works),
    key("engine.kmod.buf_size_preset", Int, "4", Works),
    key("engine.kmod.drop_failed_exit", Bool, "false", Works),
    key("engine.modern_ebpf.cpus_for_each_buffer", Int, "2", Works),
    key("engine.modern_ebpf.buf_size_preset", Int, "4", Works),
    key("engine.modern_ebpf.drop_failed_exit", Bool, "false", Works),
    key("engine.modern_ebpf.disable_iterators", Bool, "false", Moot("there are no BPF iterators here: /proc is read")),
    key("engine.replay.capture_file", Text, "", Works),
    key("capture.enabled", Bool, "false", Works),
    key("capture.path_prefix", Text, "/tmp/falco", Works),
    key("capture.mode", Text, "rules", Works),
    key("capture.default_duration", Int, "5000", Works),
    key("capture.max_file_size_mb", Int, "0", Works),
    key("capture.before", Int, "0", Works),
    key("capture.before_memory_mb", Int, "64", Works),
    key("container.hold_ms", Int, "500", Works),
    key("load_plugins", Texts, "[]", Works),
    key("plugins", Maps, "[]", Works),
    key("plugins[].name", Text, "", Works),
    key("plugins[].library_path", Text, "", Works),
    key("plugins[].init_config", Any, "", Works),
    key("plugins[].open_params", Text, "", Works),
    key(
        "plugins_hostinfo",
        Bool,
        "true",
        Moot("sources of plugins always know this machine by its name, and by nothing else"),
    ),
    key("time_format_iso_8601", Bool, "false", Works),
    key("buffer_format_base64", Bool, "false", Works),
    key("priority", Text, "debug", Works),
    key("json_output", Bool, "false", Works),
    key("json_include_output_property", Bool, "true", Works),
    key("json_include_message_property", Bool, "false", Works),
    key("json_include_output_fields_property", Bool, "true", Works),
    key("json_include_tags_property", Bool, "true", Works),
    key("buffered_outputs", Bool, "false", Works),
    key("rule_matching", Text, "first", Works),
    key("rules_load", Text, "strict", Works),
    key("outputs_queue.capacity", Int, "0", Works),
    key("outputs_spool.enabled", Bool, "false", Works),
    key("outputs_spool.folder", Text, "/var/lib/lanner/spool", Works),
    key("outputs_spool.max_size_mb", Int, "100", Works),
    key("alerts.group", Maps, "[]", Works),
    key("alerts.group[].rules", Any, "all", Works),
    key("alerts.group[].by", Texts, "[]", Works),
    key("alerts.group[].window", Text, "", Works),
    key("alerts.rate", Maps, "[]", Works),
    key("alerts.rate[].rules", Any, "all", Works),
    key("alerts.rate[].per_second", Number, "", Works),
    key("alerts.rate[].max_burst", Int, "1", Works),
    key("append_output", Maps, "[]", Works),
    key("append_output[].match.source", Text, "", Works),
    key("append_output[].match.rule", Text, "", Works),
    key("append_output[].match.tags", Texts, "[]", Works),
    key("append_output[].extra_output", Text, "", Works),
    key("append_output[].extra_fields", Any, "[]", Works),
    key("append_output[].suggested_output", Bool, "false", Works),
    key("static_fields", FreeMap, "", Works),
    key("stdout_output.enabled", Bool, "false", Works),
    key("syslog_output.enabled", Bool, "false", Works),
    key("syslog_output.path", Text, "/dev/log", Works),
    key("file_output.enabled", Bool, "false", Works),
    key("file_output.keep_alive", Bool, "false", Works),
    key("file_output.filename", Text, "", Works),
    key("http_output.enabled", Bool, "false", Works),
    key("http_output.url", Text, "", Works),
    key("http_output.user_agent", Text, "falcosecurity/falco", Works),
    key("http_output.insecure", Bool, "false", Works),
    key("http_output.ca_cert", Text, "", Works),
    key("http_output.ca_bundle", Text, "", Works),
    key("http_output.ca_path", Text, "/etc/ssl/certs", Works),
    key("http_output.mtls", Bool, "false", Works),
    key("http_output.client_cert", Text, "/etc/ssl/certs/client.crt", Works),
    key("http_output.client_key", Text, "/etc/ssl/certs/client.key", Works),
    key("http_output.echo", Bool, "false", Works),
    key("http_output.compress_uploads", Bool, "false", Works),
    key("http_output.keep_alive", Bool, "false", Works),
    key("http_output.max_consecutive_timeouts", Int, "5", Works),
    key("program_output.enabled", Bool, "false", Works),
    key("program_output.keep_alive", Bool, "false", Works),
    key("program_output.program", Text, "", Works),
    key("webserver.enabled", Bool, "false", Works),
    key("webserver.threadiness", Int, "0", Works),
    key("webserver.listen_port", Int, "8765", Works),
    key("webserver.listen_address", Text, "0.0.0.0", Works),
    key("webserver.k8s_healthz_endpoint", Text, "/healthz", Works),
    key("webserver.prometheus_metrics_enabled", Bool, "false", Works),
    key("webserver.ssl_enabled", Bool, "false", Works),
    key("webserver.ssl_certificate", Text, "/etc/falco/falco.pem", Works),
    key("webserver.stuck_after", Int, "60", Works),
    key("webserver.reload_token_file", Text, "", Works),
    key("log_stderr", Bool, "false", Works),
    key("log_syslog", Bool, "true", Works),
    key("log_format", Text, "text", Works),
    key("log_level", Text, "info", Works),
    key("libs_logger.enabled", Bool, "true", Works),
    key("libs_logger.severity", Text, "info", Works),
    key("output_timeout", Int, "2000", Works),
    key("syscall_event_timeouts.max_consecutives", Int, "1000", Works),
    key("syscall_event_drops.threshold", Number, ".1", Works),
    key("syscall_event_drops.actions", Texts, "[]", Works),
    key("syscall_event_drops.rate", Number, ".03333", Works),
    key("syscall_event_drops.max_burst", Number, "1", Works),
    key("syscall_event_drops.simulate_drops", Bool, "false", Works),
    key("metrics.enabled", Bool, "false", Works),
    key("metrics.interval", Text, "", Works),
    key("metrics.output_rule", Bool, "false", Works),
    key("metrics.output_file", Text, "", Works),
    key("metrics.rules_counters_enabled", Bool, "true", Works),
    key("metrics.resource_utilization_enabled", Bool, "true", Works),
    key("metrics.state_counters_enabled", Bool, "true", Works),
    key("metrics.kernel_event_counters_enabled", Bool, "true", Works),
    key("metrics.kernel_event_counters_per_cpu_enabled", Bool, "true", Works),
    key("metrics.libbpf_stats_enabled", Bool, "true", Moot("the kernel shows them: `bpftool prog`")),
    key("metrics.plugins_metrics_enabled", Bool, "true", Works),
    key("metrics.kernel_iter_event_counters_enabled", Bool, "true", Moot("there are no BPF iterators here")),
    key("metrics.jemalloc_stats_enabled", Bool, "true", Moot("the allocator is the system's")),
    key("metrics.convert_memory_to_mb", Bool, "true", Works),
    key("metrics.include_empty_values", Bool, "false", Works),
    key("base_syscalls.custom_set", Texts, "[]", Works),
    key("base_syscalls.repair", Bool, "false", Works),
    key("base_syscalls.all", Bool, "false", Works),
    key("memory.limit_mb", Int, "0", Works),
    key("enforcement.enabled", Bool, "false", Works),
    key("enforcement.dry_run", Bool, "false", Works),
    key("enforcement.protect", Texts, "[]", Works),
    key("falco_libs.thread_table_size", Int, "262144", Works),
    key("falco_libs.thread_table_auto_purging_interval_s", Int, "300", Works),
    key("falco_libs.thread_table_auto_purging_thread_timeout_s", Int, "300", Works),
    key("falco_libs.snaplen", Int, "0", Works),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_unique() {
        for (i, key) in KEYS.iter().enumerate() {
            assert!(KEYS.iter().skip(i + 1).all(|other| other.path != key.path), "{} twice", key.path);
        }
    }
}
