//! What tests of the plugins for clouds share.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use crate::program::Run;

/// A configuration of one plugin, with the built-in `json` beside it.
const CONFIG: &str = r#"
rules_files: []
load_plugins: [PLUGIN, json]
plugins:
  - {name: PLUGIN, library_path: "LIBRARY", init_config: INIT, open_params: "PARAMS"}
  - {name: json, library_path: libjson.so, init_config: ""}
engine: {kind: nodriver}
json_output: true
stdout_output: {enabled: true}
log_stderr: true
log_level: info
log_syslog: false
"#;

/// Writes a configuration into `dir`; returns its path. A library that is not there leaves the built-in plugin.
///
/// # Panics
/// If it cannot be written.
#[must_use]
pub fn configure(dir: &Path, plugin: &str, library: &Path, init: &str, params: &str) -> String {
    let path = dir.join("falco.yaml");
    let text = CONFIG.replace("PLUGIN", plugin).replace("LIBRARY", &library.display().to_string());
    std::fs::write(&path, text.replace("INIT", init).replace("PARAMS", params)).expect("the folder can be written");
    path.display().to_string()
}

/// The alerts of a run.
///
/// # Panics
/// If one is no JSON.
#[must_use]
pub fn alerts(run: &Run) -> Vec<Value> {
    run.alerts().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// What the output field `field` of each alert says.
#[must_use]
pub fn ids(alerts: &[Value], field: &str) -> Vec<String> {
    alerts.iter().map(|alert| alert["output_fields"][field].as_str().unwrap_or_default().to_owned()).collect()
}

/// The ids of events with these numbers.
#[must_use]
pub fn numbers(range: Range<usize>) -> Vec<String> {
    range.map(|number| format!("event-{number}")).collect()
}

/// Each id once.
#[must_use]
pub fn distinct(ids: Vec<String>) -> BTreeSet<String> {
    ids.into_iter().collect()
}
