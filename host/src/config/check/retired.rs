//! Keys that Falco had and that people still carry in their files. Falco ignores them too.

use crate::config::Loaded;

/// Path, what became of it, what to do.
const RETIRED: &[(&str, &str, &str)] = &[
    ("grpc", "was removed with the gRPC server", "remove it; `http_output` or `program_output` deliver alerts"),
    ("grpc_output", "was removed with the gRPC server", "remove it; `http_output` or `program_output` deliver alerts"),
    (
        "outputs",
        "was the limiter of alerts (`rate`, `max_burst`) and was removed",
        "write `alerts.rate`, which limits those of a rule",
    ),
    (
        "container_engines",
        "moved into the container plugin",
        "write `init_config: {engines: …}` of the plugin `container`",
    ),
    ("engine.ebpf", "was the probe for old kernels and was removed", "use `engine.kind: modern_ebpf`"),
    ("engine.gvisor", "was removed", "use `engine.kind: modern_ebpf`"),
    ("syscall_buf_size_preset", "moved", "write `engine.modern_ebpf.buf_size_preset`"),
    ("syscall_drop_failed_exit", "moved", "write `engine.modern_ebpf.drop_failed_exit`"),
    ("modern_bpf", "moved", "write `engine.modern_ebpf.cpus_for_each_buffer`"),
    ("webserver.k8s_audit_endpoint", "was removed", "use the plugin `k8saudit`"),
    ("metadata_download", "was removed with the Kubernetes client", "remove it"),
    ("rule_files", "is misspelt in Falco's own schema", "write `rules_files`"),
];

/// The keys of a configuration that are among these, each with its place, what became of it and what to do.
pub(crate) fn told(loaded: &Loaded) -> Vec<String> {
    let there = |path: &str| {
        let steps = || path.split('.');
        loaded.tree.at(path)?;
        let trace = steps().try_fold(&loaded.trace, |trace, key| trace.get(key));
        Some(trace.map_or_else(String::new, |trace| loaded.place(&trace.origin) + ": "))
    };
    RETIRED
        .iter()
        .filter_map(|(path, what, help)| Some(format!("{}`{path}` {what}; it has no effect: {help}", there(path)?)))
        .collect()
}

/// What became of a key, and what to do about it, if it is one of these or stands below one.
pub(super) fn retired(path: &str) -> Option<(&'static str, &'static str)> {
    RETIRED.iter().find(|row| row.0 == path).map(|row| (row.1, row.2))
}
