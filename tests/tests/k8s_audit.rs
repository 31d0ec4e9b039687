//! Kubernetes audit files in, Falco's alerts out.

use lanner_tests::program::{diff, lanner, run, shared};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// Both plugins are built in: no such library exists.
const CONFIG: &str = r#"
rules_files: []
load_plugins: [k8saudit, json]
plugins:
  - {name: k8saudit, library_path: libk8saudit.so, init_config: "", open_params: "FILE"}
  - {name: json, library_path: libjson.so, init_config: ""}
engine: {kind: nodriver}
json_output: true
append_output: [{suggested_output: true}]
stdout_output: {enabled: true}
log_stderr: true
log_level: error
log_syslog: false
"#;

#[test]
fn recorded_audit_files_raise_the_expected_alerts() {
    let Some(shared) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("falco.yaml");
    let rules = shared.join("falco-rules/k8s_audit_rules.yaml").display().to_string();
    let mut files: Vec<_> = std::fs::read_dir(shared.join("captures/k8s_audit"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    assert!(files.len() > 40, "{}", files.len());
    let mut wrong = String::new();
    for file in &files {
        std::fs::write(&config, CONFIG.replace("FILE", &file.display().to_string())).unwrap();
        let config = config.display().to_string();
        let args = ["-c", &config, "-r", &rules, "--enable-source", "k8s_audit"];
        let ran = run(&mut lanner(BINARY, &args)).good();
        let expected = std::fs::read_to_string(file.with_extension("alerts.jsonl")).unwrap();
        if ran.alerts() != expected {
            wrong += &format!("{}:\n{}{}\n", file.display(), diff(&expected, ran.alerts()), ran.stderr);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
