//! `lanner record` and `capture:`: what is recorded raises the alerts that it raised when it happened.

mod capture;
mod files;
mod live;
mod replay;

use std::path::{Path, PathBuf};

use lanner_tests::live::unasked;
use lanner_tests::program::{Run, here, lanner, run};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Captures of this repository, and the rules that its tests have for them.
fn own(name: &str) -> (PathBuf, PathBuf) {
    let rules = if name == "attack" { "attack.yaml" } else { "container.yaml" };
    (here().join(format!("captures/{name}.scap.gz")), here().join("rules").join(rules))
}

/// Runs `lanner record` with these arguments.
fn record(args: &[&str]) -> Run {
    let mut all = vec!["record"];
    all.extend(args);
    run(&mut lanner(BINARY, &all))
}

/// The alerts of a replay, without the number of the event: a recording numbers its own.
fn alerts(capture: &Path, rules: &Path) -> Vec<String> {
    alerts_under(capture, rules, "rule_matching=first")
}

fn alerts_under(capture: &Path, rules: &Path, setting: &str) -> Vec<String> {
    let (capture, rules) = (text(capture), text(rules));
    let ran = run(&mut lanner(BINARY, &["replay", &capture, "--json", "-r", &rules, "-o", setting])).good();
    numberless(ran.alerts())
}

fn numberless(alerts: &str) -> Vec<String> {
    alerts
        .lines()
        .map(|line| {
            let mut alert: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            if let Some(fields) = alert["output_fields"].as_object_mut() {
                fields.remove("evt.num");
                // A replay asks no runtime about containers.
                fields.remove("container.unknown");
                fields
                    .values_mut()
                    .filter(|value| *value == "<unknown>")
                    .for_each(|value| *value = serde_json::Value::Null);
            }
            if let Some(message) = alert["output"].as_str() {
                alert["output"] = unasked(message).into();
            }
            alert.to_string()
        })
        .collect()
}

/// The values of a format for each event of a capture.
fn events(capture: &Path, format: &str) -> Vec<String> {
    let ran = run(&mut lanner(BINARY, &["replay", &text(capture), "--print", format])).good();
    ran.stdout.lines().map(str::to_owned).collect()
}
