//! What each key of the table is for and which values it takes: the words of `lanner config keys`, of the page
//! docs/configuration.md and of `lanner config check`. A test holds this table and [`KEYS`](super::keys::KEYS) together.

/// Which values a key takes beyond its shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Domain {
    /// Whatever its shape allows.
    Free,
    /// One of these words, spelt so.
    Words(&'static [&'static str]),
    /// One of these words, in any case.
    AnyCase(&'static [&'static str]),
    /// A whole number of this range.
    Range(i128, i128),
    /// A number from 0 to 1.
    Share,
    /// A finite number of at least 0.
    Positive,
    /// An IP address.
    Address,
    /// A duration with its unit: `1h`, `1m30s`, `500ms`.
    Duration,
}

/// A row: path, values, meaning.
type Row = (&'static str, Domain, &'static str);

use Domain::{Address, AnyCase, Duration, Free, Positive, Range, Share, Words};

/// The levels of `priority`, and of `log_level` but for its `info`.
const PRIORITIES: &[&str] =
    &["emergency", "alert", "critical", "error", "warning", "notice", "informational", "info", "debug"];
const LOG_LEVELS: &[&str] = &["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
const LIBS_LEVELS: &[&str] = &["fatal", "critical", "error", "warning", "notice", "info", "debug", "trace"];
const U16: Domain = Range(0, u16::MAX as i128);
const U32: Domain = Range(0, u32::MAX as i128);
const SIZE: Domain = Range(0, u64::MAX as i128);
const PRESET: Domain = Range(1, 10);

/// The rows, in the order of the keys.
const ROWS: &[Row] = &[
    (
        "config_files",
        Free,
        "further files, or folders of them, merged after this one: paths, or `{path, strategy}` with `append`, `override` or `add-only`",
    ),
    ("watch_config_files", Free, "reload when a configuration or rule file changes"),
    (
        "rules_files",
        Free,
        "rule files and folders, in load order; `builtin:syscall` names the rules inside the program",
    ),
    ("rules_file", Free, "the old name of `rules_files`"),
    ("rules", Free, "switches rules on and off after all files are loaded, in order"),
    ("rules[].enable.rule", Free, "rules to switch on, by name; `*` stands for anything"),
    ("rules[].enable.tag", Free, "rules to switch on, by tag"),
    ("rules[].disable.rule", Free, "rules to switch off, by name; `*` stands for anything"),
    ("rules[].disable.tag", Free, "rules to switch off, by tag"),
    (
        "engine.kind",
        Words(&["kmod", "modern_ebpf", "replay", "nodriver"]),
        "where system calls come from: the running kernel (`modern_ebpf`; `kmod` is done by eBPF too), a capture, or nowhere",
    ),
    (
        "engine.kmod.buf_size_preset",
        PRESET,
        "size of each kernel buffer for `engine.kind: kmod`: 1 is 1 MiB, each step doubles it",
    ),
    ("engine.kmod.drop_failed_exit", Free, "leave out calls that failed, for `engine.kind: kmod`"),
    ("engine.modern_ebpf.cpus_for_each_buffer", U16, "processors that share a buffer; 0: all of them"),
    ("engine.modern_ebpf.buf_size_preset", PRESET, "size of each kernel buffer: 1 is 1 MiB, each step doubles it"),
    ("engine.modern_ebpf.drop_failed_exit", Free, "leave out calls that failed"),
    (
        "engine.modern_ebpf.disable_iterators",
        Free,
        "BPF iterators; what runs at the start is read from /proc here, always",
    ),
    ("engine.replay.capture_file", Free, "the capture, for `engine.kind: replay`"),
    ("capture.enabled", Free, "let matches begin captures"),
    ("capture.path_prefix", Free, "what the names of captures begin with"),
    (
        "capture.mode",
        Words(&["rules", "all_rules"]),
        "which matches begin one: those of rules with `capture: true`, or all",
    ),
    ("capture.default_duration", U32, "how long a capture goes on after the match, ms"),
    ("capture.max_file_size_mb", SIZE, "the largest capture, MB; 0: no limit"),
    ("capture.before", U32, "how long before the match a capture begins, ms"),
    ("capture.before_memory_mb", Range(1, u32::MAX as i128), "the most memory for what was before, per source"),
    (
        "container.hold_ms",
        U32,
        "how long an alert waits for what a container runtime has been asked about its container, ms; 0: not at all",
    ),
    ("load_plugins", Free, "the plugins to load, by name, in order; absent: all of `plugins`"),
    ("plugins", Free, "the plugins there are"),
    ("plugins[].name", Free, "the plugin's name"),
    (
        "plugins[].library_path",
        Free,
        "its library; relative paths are looked for in the folders for plugins and beside the program",
    ),
    ("plugins[].init_config", Free, "its own configuration, a map or a text"),
    ("plugins[].open_params", Free, "what its source opens"),
    ("plugins_hostinfo", Free, "give plugins that deliver events the name of this machine (`evt.hostname`)"),
    ("time_format_iso_8601", Free, "times of alerts and of the log in ISO 8601, UTC"),
    ("buffer_format_base64", Free, "print buffers as base64"),
    ("priority", AnyCase(PRIORITIES), "rules less grave than this are not evaluated"),
    ("json_output", Free, "alerts as JSON"),
    ("json_include_output_property", Free, "`output` in JSON alerts"),
    ("json_include_message_property", Free, "`message` in JSON alerts: the output without time and priority"),
    ("json_include_output_fields_property", Free, "`output_fields` in JSON alerts"),
    ("json_include_tags_property", Free, "`tags` in JSON alerts"),
    ("buffered_outputs", Free, "collect alerts instead of writing each at once"),
    ("rule_matching", AnyCase(&["first", "all"]), "how many rules may match one event"),
    (
        "rules_load",
        Words(&["strict", "per_rule"]),
        "what an error in a rule does: `strict` ends the start, `per_rule` leaves that rule out",
    ),
    ("outputs_queue.capacity", SIZE, "alerts that wait for an output; 0: no limit"),
    ("outputs_spool.enabled", Free, "let alerts that cannot be delivered now wait on disk"),
    ("outputs_spool.folder", Free, "where they wait; each output has a folder of its own in it"),
    ("outputs_spool.max_size_mb", Range(1, 1_048_576), "the most that the alerts of one output take there, MiB"),
    (
        "alerts.group",
        Free,
        "alerts that are alike become one with a count; of several entries for a rule the first one counts",
    ),
    ("alerts.group[].rules", Free, "which rules: `all`, or a list of names"),
    ("alerts.group[].by", Free, "the fields whose values make alerts of a rule alike"),
    ("alerts.group[].window", Duration, "how long after the first of them the others are held back"),
    ("alerts.rate", Free, "limits the alerts of a rule; of several entries for a rule the first one counts"),
    ("alerts.rate[].rules", Free, "which rules: `all`, or a list of names"),
    ("alerts.rate[].per_second", Positive, "alerts of a rule per second in the long run"),
    ("alerts.rate[].max_burst", Range(1, u32::MAX as i128), "alerts of a rule that may come at once"),
    ("append_output", Free, "what is appended to alerts, in order"),
    ("append_output[].match.source", Free, "only to rules of this source"),
    ("append_output[].match.rule", Free, "only to the rule of this name"),
    ("append_output[].match.tags", Free, "only to rules with all of these tags"),
    ("append_output[].extra_output", Free, "text after the output; fields as `%proc.name`"),
    ("append_output[].extra_fields", Free, "fields added to `output_fields`: names, or `key: format`"),
    ("append_output[].suggested_output", Free, "append the fields that plugins suggest"),
    ("static_fields", Free, "values of your own, in rules and outputs as `static.NAME`"),
    ("stdout_output.enabled", Free, "alerts to standard output"),
    ("syslog_output.enabled", Free, "alerts to syslog"),
    ("syslog_output.path", Free, "the socket of syslog, for `log_syslog` too"),
    ("file_output.enabled", Free, "alerts to a file"),
    ("file_output.keep_alive", Free, "keep the file open between alerts; SIGUSR1 opens it anew"),
    ("file_output.filename", Free, "the file"),
    ("http_output.enabled", Free, "alerts to a URL, one POST each"),
    ("http_output.url", Free, "the URL, http or https"),
    ("http_output.user_agent", Free, "the `User-Agent` that is sent"),
    ("http_output.insecure", Free, "do not check the server's certificate"),
    ("http_output.ca_cert", Free, "a PEM file with the authority of the server's certificate"),
    ("http_output.ca_bundle", Free, "a PEM file with several authorities"),
    ("http_output.ca_path", Free, "a folder with authorities"),
    ("http_output.mtls", Free, "show the server a certificate of ours"),
    ("http_output.client_cert", Free, "that certificate, PEM"),
    ("http_output.client_key", Free, "its key, PEM"),
    ("http_output.echo", Free, "print what the server answers"),
    ("http_output.compress_uploads", Free, "compress what is sent"),
    ("http_output.keep_alive", Free, "keep the connection between alerts"),
    (
        "http_output.max_consecutive_timeouts",
        Range(0, u8::MAX as i128),
        "how often an alert is tried again after a timeout",
    ),
    ("program_output.enabled", Free, "alerts to a program's standard input"),
    ("program_output.keep_alive", Free, "keep the program running between alerts"),
    ("program_output.program", Free, "the command, run by a shell"),
    ("webserver.enabled", Free, "serve health, versions and metrics"),
    ("webserver.threadiness", U32, "threads that serve; 0: one"),
    ("webserver.listen_port", Range(1, u16::MAX as i128), "the port"),
    ("webserver.listen_address", Address, "the address"),
    ("webserver.k8s_healthz_endpoint", Free, "the path of the health check"),
    ("webserver.prometheus_metrics_enabled", Free, "serve `/metrics`; needs `metrics.enabled`"),
    ("webserver.ssl_enabled", Free, "serve TLS"),
    ("webserver.ssl_certificate", Free, "a PEM file with certificate and key"),
    (
        "webserver.stuck_after",
        Range(0, u32::MAX as i128),
        "seconds without a move after which a source counts as stuck and health fails; 0: never",
    ),
    (
        "webserver.reload_token_file",
        Free,
        "a file with the token that `POST /reload` asks for; empty: there is no such path",
    ),
    ("log_stderr", Free, "the program's own messages to standard error"),
    ("log_syslog", Free, "the program's own messages to syslog"),
    ("log_format", Words(&["text", "json"]), "the form of messages on standard error"),
    ("log_level", Words(LOG_LEVELS), "the least grave messages that are written"),
    ("libs_logger.enabled", Free, "write the messages of plugins and of the state"),
    ("libs_logger.severity", Words(LIBS_LEVELS), "the least grave of those"),
    ("output_timeout", U32, "how long an output may take for an alert, ms"),
    (
        "syscall_event_timeouts.max_consecutives",
        Range(1, u32::MAX as i128),
        "turns without an event, 30 ms each, after which an internal alert says so",
    ),
    ("syscall_event_drops.threshold", Share, "the share of events lost within a second above which something is done"),
    ("syscall_event_drops.actions", Words(&["ignore", "log", "alert", "exit"]), "what is done"),
    ("syscall_event_drops.rate", Positive, "how often a second, in the long run"),
    ("syscall_event_drops.max_burst", Positive, "how often at once"),
    ("syscall_event_drops.simulate_drops", Free, "act as if events were lost, for tests"),
    ("metrics.enabled", Free, "count what the program does"),
    ("metrics.interval", Duration, "how often a snapshot is written"),
    ("metrics.output_rule", Free, "snapshots as alerts"),
    ("metrics.output_file", Free, "snapshots to this file, a JSON line each"),
    ("metrics.rules_counters_enabled", Free, "matches by rule"),
    ("metrics.resource_utilization_enabled", Free, "processor and memory"),
    ("metrics.state_counters_enabled", Free, "threads, descriptors and lookups"),
    ("metrics.kernel_event_counters_enabled", Free, "events and losses in the kernel"),
    ("metrics.kernel_event_counters_per_cpu_enabled", Free, "the same by processor"),
    ("metrics.libbpf_stats_enabled", Free, "runs and time of each eBPF program"),
    ("metrics.plugins_metrics_enabled", Free, "what plugins count"),
    ("metrics.kernel_iter_event_counters_enabled", Free, "events of BPF iterators, of which there are none here"),
    ("metrics.jemalloc_stats_enabled", Free, "counters of the memory allocator"),
    ("metrics.convert_memory_to_mb", Free, "memory in MB"),
    ("metrics.include_empty_values", Free, "counters that are zero too"),
    (
        "base_syscalls.custom_set",
        Free,
        "calls that are observed beside those of rules and plugins, instead of those that the state needs; `!name`: never",
    ),
    ("base_syscalls.repair", Free, "add what the state cannot do without"),
    ("base_syscalls.all", Free, "do not leave out what comes by the million"),
    (
        "memory.limit_mb",
        SIZE,
        "the most memory that the program takes, MiB; 0: no limit. docs/memory.md says what goes when it is short",
    ),
    ("enforcement.enabled", Free, "let rules with `enforce: kill` kill"),
    ("enforcement.dry_run", Free, "say what would be killed, and kill nothing"),
    ("enforcement.protect", Free, "names of processes and paths of programs that are never killed"),
    ("falco_libs.thread_table_size", U32, "the most threads that are kept"),
    ("falco_libs.thread_table_auto_purging_interval_s", U32, "how often threads that ended unseen are looked for, s"),
    ("falco_libs.thread_table_auto_purging_thread_timeout_s", U32, "how long a thread is quiet before that, s"),
    ("falco_libs.snaplen", U16, "bytes kept of what is read and written; 0: 80"),
];

/// The values that a key takes.
pub fn domain(path: &str) -> Domain {
    ROWS.iter().find(|row| row.0 == path).map_or(Free, |row| row.1)
}

/// What a key is for, without a full stop.
pub fn about(path: &str) -> &'static str {
    ROWS.iter().find(|row| row.0 == path).map_or("", |row| row.2)
}

impl Domain {
    /// The values in words, to follow "takes"; nothing for [`Domain::Free`].
    pub fn words(self) -> Option<String> {
        let list = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        Some(match self {
            Free => return None,
            Words(words) | AnyCase(words) => list(words),
            Range(least, most) if most >= i128::from(u32::MAX) => format!("a whole number from {least}"),
            Range(least, most) => format!("a whole number from {least} to {most}"),
            Share => "a number from 0 to 1".into(),
            Positive => "a number of at least 0".into(),
            Address => "an IP address".into(),
            Duration => "a duration with its unit, such as 30s or 1h".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys::KEYS;

    #[test]
    fn every_key_has_its_row_and_every_row_its_key() {
        let keys: Vec<&str> = KEYS.iter().map(|key| key.path).collect();
        let rows: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
        let missing: Vec<_> = keys.iter().filter(|key| !rows.contains(key)).collect();
        let stray: Vec<_> = rows.iter().filter(|row| !keys.contains(row)).collect();
        assert!(
            missing.is_empty() && stray.is_empty(),
            "keys without meaning: {missing:?}; meanings without key: {stray:?}"
        );
        assert_eq!(rows.len(), keys.len());
        assert!(ROWS.iter().all(|row| !row.2.is_empty() && !row.2.ends_with('.')));
    }
}
