//! Snapshots of metrics as alerts and as lines of a file.

use serde_json::Value;

use crate::Lab;

/// The fields of Falco's snapshot of a source of system calls without a driver, but for those with names of interfaces and of
/// jemalloc. From its `metrics.output_file`.
const FIELDS: [&str; 42] = [
    "evt.hostname",
    "evt.source",
    "evt.time",
    "falco.container_memory_used_mb",
    "falco.cpu_usage_perc",
    "falco.duration_sec",
    "falco.host_boot_ts",
    "falco.host_cpu_usage_perc",
    "falco.host_memory_used_mb",
    "falco.host_num_cpus",
    "falco.host_open_fds",
    "falco.host_procs_running",
    "falco.kernel_release",
    "falco.memory_pss_mb",
    "falco.memory_rss_mb",
    "falco.memory_vsz_mb",
    "falco.n_added_fds",
    "falco.n_added_threads",
    "falco.n_cached_fd_lookups",
    "falco.n_cached_thread_lookups",
    "falco.n_drops_full_threadtable",
    "falco.n_failed_fd_lookups",
    "falco.n_failed_thread_lookups",
    "falco.n_fds",
    "falco.n_noncached_fd_lookups",
    "falco.n_noncached_thread_lookups",
    "falco.n_removed_fds",
    "falco.n_removed_threads",
    "falco.n_retrieve_evts_drops",
    "falco.n_retrieved_evts",
    "falco.n_store_evts_drops",
    "falco.n_stored_evts",
    "falco.n_threads",
    "falco.num_evts",
    "falco.num_evts_prev",
    "falco.outputs_queue_num_drops",
    "falco.reload_ts",
    "falco.rules.matches_total",
    "falco.sha256_config_file.falco_yaml",
    "falco.sha256_rules_file.rules_yaml",
    "falco.start_ts",
    "falco.version",
];

fn fields(line: &Value) -> Vec<&str> {
    line["output_fields"].as_object().expect("fields").keys().map(String::as_str).collect()
}

/// The snapshots of a source in the file.
fn of(lab: &Lab, source: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(lab.dir.path().join("m.jsonl")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is an object"));
    lines.filter(|line| line["output_fields"]["evt.source"] == source).collect()
}

/// A laboratory that writes snapshots as fast as may be, in its own folder.
fn lab(more: &str) -> Lab {
    let dir = std::env::temp_dir().join(format!("lanner-snapshots-{}-{}", std::process::id(), more.len()));
    let file = dir.with_extension("jsonl");
    let mut lab = Lab::start(&format!(
        "metrics: {{enabled: true, interval: 100ms, output_rule: true, output_file: {}, {more}}}\n",
        file.display()
    ));
    // The folder of the laboratory is known only now: the file moves there as one name more.
    lab.daemon.wait_until("a snapshot", || std::fs::metadata(&file).is_ok_and(|file| file.len() > 0));
    std::fs::hard_link(&file, lab.dir.path().join("m.jsonl")).unwrap();
    std::fs::remove_file(&file).unwrap();
    lab
}

#[test]
fn a_snapshot_has_falcos_fields_in_the_file_and_in_an_alert() {
    let mut lab = lab("include_empty_values: true");
    let path = lab.dir.path().to_owned();
    let file = path.join("m.jsonl");
    lab.daemon.wait_until("snapshots", || std::fs::read_to_string(&file).is_ok_and(|text| text.lines().count() >= 8));
    let silent = of(&lab, "syscall");
    let names = fields(&silent[1]);
    let missing: Vec<_> = FIELDS.iter().filter(|name| !names.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} are missing in {}", silent[1]);
    let known = |name: &&&str| {
        let ours = ["scap.engine_name", "scap.n_drops_perc", "falco.evts_rate_sec"].contains(*name);
        !FIELDS.contains(*name)
            && !ours
            && !name.starts_with("falco.host_netinfo.")
            && !name.starts_with("falco.rules.")
    };
    let more: Vec<_> = names.iter().filter(known).collect();
    assert!(more.is_empty(), "{more:?} are none of Falco's");
    assert_eq!(silent[1]["output_fields"]["scap.engine_name"], "nodriver");
    assert_eq!(silent[1]["output_fields"]["falco.rules.Never"], 0);

    let source = of(&lab, "bad_source");
    assert!(source.windows(2).all(|pair| pair[0]["sample"].as_u64() < pair[1]["sample"].as_u64()), "{source:?}");
    let last = &source.last().unwrap()["output_fields"];
    assert_eq!((&last["falco.num_evts"], &last["falco.rules.Each_event"]), (&6.into(), &6.into()));
    assert!(last["plugins.bad.calls"].as_u64() > Some(0) && last["plugins.bad.level"] == -0.5, "{last}");

    let (_, output) = lab.daemon.stop();
    let alerts = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let snapshots: Vec<Value> = alerts.filter(|alert| alert["rule"] == "Falco internal: metrics snapshot").collect();
    let of_source = snapshots.iter().find(|alert| alert["output_fields"]["evt.source"] == "syscall").unwrap();
    assert_eq!(of_source["priority"], "Informational");
    assert_eq!((&of_source["source"], &of_source["output"]), (&"internal".into(), &"Falco metrics snapshot".into()));
    assert_eq!(fields(of_source), names);
}

#[test]
fn what_is_zero_is_left_out_unless_asked_for_and_switches_switch() {
    let off = "rules_counters_enabled: false, state_counters_enabled: false, plugins_metrics_enabled: false, \
               convert_memory_to_mb: false";
    let mut lab = lab(off);
    let file = lab.dir.path().join("m.jsonl");
    lab.daemon.wait_until("snapshots", || std::fs::read_to_string(&file).is_ok_and(|text| text.lines().count() >= 4));
    let source = of(&lab, "bad_source");
    let names = fields(source.last().unwrap());
    assert!(names.contains(&"falco.memory_rss_kb"), "{names:?}");
    for prefix in ["falco.rules.", "falco.n_", "plugins.", "falco.memory_rss_mb"] {
        assert!(names.iter().all(|name| !name.starts_with(prefix)), "{prefix} {names:?}");
    }
}
