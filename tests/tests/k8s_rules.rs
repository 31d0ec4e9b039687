//! The rules for Kubernetes audit events that come with Lanner: they load, their cases hold, and they raise what Falco's rules
//! raise on recorded events.

use std::collections::BTreeSet;
use std::path::Path;

use lanner_tests::program::{here, lanner, run, shared};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// Both plugins are built in.
const CONFIG: &str = r#"
rules_files: []
load_plugins: [k8saudit, json]
plugins:
  - {name: k8saudit, library_path: libk8saudit.so, init_config: "", open_params: "FILE"}
  - {name: json, library_path: libjson.so, init_config: ""}
engine: {kind: nodriver}
json_output: true
stdout_output: {enabled: true}
log_stderr: true
log_level: error
log_syslog: false
"#;

/// Recorded events on which our rules say more than Falco's, which have no rule for what they show.
const MORE: &[(&str, &str, &str)] = &[("proc_mount_type_unmasked", "Unmasked Proc Asked For", "Warning")];

fn files() -> Vec<String> {
    let file = |name| here().join("../rules/k8s_audit").join(name).display().to_string();
    ["k8s_audit_rules.yaml", "k8s_audit_rules_recent.yaml"].map(file).to_vec()
}

/// Rule and priority of each alert.
fn raised(alerts: &str) -> Vec<(String, String)> {
    let text = |alert: &Value, key: &str| alert[key].as_str().unwrap().to_owned();
    let alerts = alerts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    alerts.map(|alert| (text(&alert, "rule"), text(&alert, "priority"))).collect()
}

/// What rule files raise on a file of audit events.
fn alerts(dir: &Path, events: &Path, rules: &[String], matching: &str) -> Vec<(String, String)> {
    let config = dir.join("falco.yaml");
    std::fs::write(&config, CONFIG.replace("FILE", &events.display().to_string())).unwrap();
    let (config, matching) = (config.display().to_string(), format!("rule_matching={matching}"));
    let mut args = vec!["-c", &config, "--enable-source", "k8s_audit", "-o", &matching];
    args.extend(rules.iter().flat_map(|file| ["-r", file]));
    raised(run(&mut lanner(BINARY, &args)).good().alerts())
}

#[test]
fn they_load_without_a_warning_and_their_cases_miss_every_part_of_a_condition() {
    let folder = here().join("../rules/k8s_audit").display().to_string();
    let tuning = format!("{folder}/tuning/example.yaml");
    let files = files();
    for args in
        [vec!["check", &files[0]], vec!["check", &files[0], &files[1]], vec!["check", &files[0], &files[1], &tuning]]
    {
        let checked = run(&mut lanner(BINARY, &args)).good();
        assert!(checked.stdout.starts_with("no errors, no warnings"), "{}", checked.stdout);
    }
    let tested = run(&mut lanner(BINARY, &["test", &folder, "--mutate", "--coverage"])).good();
    for told in ["78 of 78 rules have cases", " 0 survived"] {
        assert!(tested.stdout.contains(told), "{told}: {}", tested.stdout);
    }
}

#[test]
fn every_rule_of_falco_has_one_of_the_same_name() {
    let Some(shared) = shared() else { return };
    let names = |text: &str| -> BTreeSet<String> {
        text.lines().filter_map(|line| line.strip_prefix("- rule: ")).map(|name| name.trim().to_owned()).collect()
    };
    let ours = names(&std::fs::read_to_string(&files()[0]).unwrap());
    let theirs = names(&std::fs::read_to_string(shared.join("falco-rules/k8s_audit_rules.yaml")).unwrap());
    assert_eq!(ours, theirs);
    assert_eq!(theirs.len(), 48);
}

#[test]
fn recorded_events_raise_what_falcos_rules_raise() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let falcos = [shared.join("falco-rules/k8s_audit_rules.yaml").display().to_string()];
    let recorded = std::fs::read_dir(shared.join("captures/k8s_audit")).unwrap().flatten().map(|entry| entry.path());
    let mut compared = 0;
    for events in recorded.filter(|path| path.extension().is_some_and(|ending| ending == "json")) {
        let name = events.file_stem().unwrap().to_string_lossy().into_owned();
        let expected = raised(&std::fs::read_to_string(events.with_extension("alerts.jsonl")).unwrap());
        let more = MORE.iter().filter(|(file, ..)| *file == name);
        let more: Vec<_> = more.map(|(_, rule, priority)| ((*rule).to_owned(), (*priority).to_owned())).collect();
        assert_eq!(alerts(dir.path(), &events, &files(), "first"), [expected, more.clone()].concat(), "{name}");
        // Not only the first rule that matches, but all of them.
        let mut theirs = [alerts(dir.path(), &events, &falcos, "all"), more].concat();
        let mut ours = alerts(dir.path(), &events, &files(), "all");
        theirs.sort();
        ours.sort();
        assert_eq!(ours, theirs, "{name}");
        compared += 1;
    }
    assert!(compared > 40, "{compared} recordings");
}
