//! The public surface as golden files: what users, rule files and tools can name. A change shows in the diff of one of
//! them; `LANNER_BLESS=1` rewrites them.

use lanner::app::cli;
use lanner::config::keys::KEYS;
use lanner_tests::program::{golden, lanner, run, shared};

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

fn stdout(args: &[&str]) -> String {
    run(&mut lanner(BINARY, args)).good().stdout
}

#[test]
fn fields() {
    golden("fields.json", &stdout(&["fields", "--format", "json"]));
    golden("fields.k8s_audit.txt", &stdout(&["fields", "--source", "k8s_audit"]));
    golden("fields.gcp_auditlog.txt", &stdout(&["fields", "--source", "gcp_auditlog"]));
}

#[test]
fn events() {
    golden("events.txt", &stdout(&["--list-events"]));
    golden("ignored_events.txt", &stdout(&["-i"]));
}

#[test]
fn configuration_keys() {
    let list: String = KEYS
        .iter()
        .map(|key| format!("{} {:?} default={:?} {:?}\n", key.path, key.kind, key.default, key.effect))
        .collect();
    golden("config_keys.txt", &list);
    golden("config_schema.json", &stdout(&["--config-schema"]));
    golden("rule_schema.json", &stdout(&["--rule-schema"]));
}

#[test]
fn command_line() {
    let mut text = cli::help(None);
    for name in cli::subcommands() {
        text += &format!("\n==== {name}\n\n{}", cli::help(Some(&name)));
    }
    golden("help.txt", &text);
}

#[test]
fn plugins() {
    let mut text = stdout(&["plugins"]);
    for name in ["syscall", "container", "json", "k8saudit", "k8smeta", "cloudtrail", "gcpaudit"] {
        text += &format!("==== {name}\n\n{}", stdout(&["plugins", name]));
    }
    golden("plugins.txt", &text);
}

/// Falco's list of field names, which rule files out there use. What is listed here beyond it are our additions.
#[test]
fn every_field_of_falco_is_listed() {
    let Some(shared) = shared() else { return };
    let names = stdout(&["fields", "--names"]);
    let ours: Vec<&str> = names.lines().collect();
    let theirs = std::fs::read_to_string(shared.join("facts/field-names.txt")).unwrap();
    let missing: Vec<&str> =
        theirs.lines().map(str::trim).filter(|name| !name.is_empty() && !ours.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
