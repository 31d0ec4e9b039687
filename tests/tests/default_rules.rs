//! The rules that come with Lanner: they load without a word, say what a rule must say, and leave a quiet machine alone.

use std::collections::BTreeSet;
use std::path::PathBuf;

use lanner_tests::program::{golden, here, lanner, run, shared};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

/// In the order in which they build on each other.
const FILES: &[&str] =
    &["lanner_rules.yaml", "lanner_rules_incubating.yaml", "lanner_rules_recent.yaml", "lanner_rules_sandbox.yaml"];

/// What makes an alert one that somebody is woken for.
const LOUD: &[&str] = &["Emergency", "Alert", "Critical", "Error", "Warning"];

/// Recordings of machines on which nothing happens. Relative to the shared folder.
const QUIET: &[&str] = &[
    "own/benign-web-server",
    "own/benign-apt-install",
    "legacy/falco-cat_write",
    "legacy/falco-connect_localhost",
    "legacy/falco-open-multiple-files",
    "legacy/falco-psp_run_as_user_0_container",
    "legacy/inspect-502Error",
    "legacy/libs-curl_google",
    "legacy/libs-single_ipv6_conn",
];

fn files() -> Vec<String> {
    let root = here().parent().map_or_else(PathBuf::new, |root| root.join("rules/syscall"));
    FILES.iter().map(|file| root.join(file).display().to_string()).collect()
}

/// The alerts of a replay with all default rules.
fn alerts(capture: &str) -> Vec<Value> {
    let files = files();
    let mut args = vec!["replay", capture, "--json"];
    args.extend(files.iter().flat_map(|file| ["-r", file]));
    let ran = run(&mut lanner(BINARY, &args)).good();
    ran.alerts().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `-L` says about the rules.
fn described() -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("falco.yaml");
    let text = "engine: {kind: nodriver}\nload_plugins: [container]\nplugins: [{name: container, library_path: \
                libcontainer.so}]\nlog_syslog: false\n";
    std::fs::write(&config, text).unwrap();
    let (config, files) = (config.display().to_string(), files());
    let mut args = vec!["-c", &config, "-L", "-o", "json_output=true"];
    args.extend(files.iter().flat_map(|file| ["-r", file]));
    let ran = run(&mut lanner(BINARY, &args)).good();
    let described: Value = serde_json::from_str(&ran.stdout).unwrap();
    described["rules"].as_array().unwrap().clone()
}

#[test]
fn they_load_without_errors_or_warnings() {
    let files = files();
    let mut args = vec!["check"];
    args.extend(files.iter().map(String::as_str));
    let ran = run(&mut lanner(BINARY, &args)).good();
    assert!(ran.stdout.starts_with("no errors, no warnings"), "{}", ran.stdout);
}

#[test]
fn each_says_what_users_expect_of_a_rule() {
    let rules = described();
    assert!(rules.len() >= 144, "{} rules", rules.len());
    let mut names = BTreeSet::new();
    for rule in &rules {
        let info = &rule["info"];
        let name = info["name"].as_str().unwrap();
        assert!(names.insert(name), "{name} is there twice");
        assert!(info["description"].as_str().unwrap().len() > 60, "{name}: says what to do next");
        let output = info["output"].as_str().unwrap();
        for part in [" | ", "=%proc.name", "=%proc.cmdline", "=%proc.pname", "=%user.name"] {
            assert!(output.contains(part), "{name}: the output lacks {part:?}");
        }
        let tags: Vec<&str> = info["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        let one = |prefix: &str| tags.iter().filter(|tag| tag.starts_with(prefix)).count();
        assert_eq!(one("maturity_"), 1, "{name}: {tags:?}");
        assert_eq!(one("mitre_"), 1, "{name}: {tags:?}");
        assert!(tags.iter().any(|tag| is_technique(tag)), "{name}: {tags:?}");
        assert!(tags.iter().any(|tag| ["host", "container"].contains(tag)), "{name}: {tags:?}");
        let events = rule["details"]["events"].as_array().unwrap().len();
        assert!((1..40).contains(&events), "{name} runs on {events} kinds of events");
    }
}

/// What stands above the tables in docs/rules.md.
const ABOUT: &str = "\
# Default rules

The rules for system calls under `rules/syscall/`. Where Falco's rules detect the same behaviour the name is the same, so that
overrides, exceptions and dashboards keep working; conditions and texts are our own. They come in four files that build on
each other and are loaded in this order: `lanner_rules.yaml` (fits everywhere), `lanner_rules_incubating.yaml` (needs more
tuning), `lanner_rules_recent.yaml` (what attackers do since a few years), `lanner_rules_sandbox.yaml` (noisy on many machines,
or not proven yet). A rule marked *off* is switched on with `enabled: true` and `override: {enabled: replace}`.

Known-good programs are lists, hooks of rules are macros named `user_known_…`, and most rules have named exceptions:
`rules/syscall/tuning/example.yaml` shows how each is filled without copying a rule. The cases of every rule, with events that
raise it and near misses that do not, are under `rules/syscall/cases/`. Where a machine lets one do what a rule is about, that is
done too, with the program watching (`tests/tests/live/`).
";

/// The tables of docs/rules.md.
fn overview(rules: &[Value]) -> String {
    let mut text = ABOUT.to_owned();
    for (maturity, title) in [("stable", "Stable"), ("incubating", "Incubating"), ("sandbox", "Sandbox")] {
        text +=
            &format!("\n## {title}\n\n| rule | what it tells | priority | tactic | technique |\n|--|--|--|--|--|\n");
        for rule in rules {
            let info = &rule["info"];
            let tags: Vec<&str> = info["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
            if !tags.contains(&format!("maturity_{maturity}").as_str()) {
                continue;
            }
            let (name, description) = (info["name"].as_str().unwrap(), info["description"].as_str().unwrap());
            let tells = description.split_once(". ").map_or(description, |(first, _)| first).trim_end_matches('.');
            let off = if info["enabled"] == false { ", off" } else { "" };
            let tactic = tags.iter().find_map(|tag| tag.strip_prefix("mitre_")).unwrap().replace('_', " ");
            let technique = tags.iter().find(|tag| is_technique(tag)).unwrap();
            let priority = info["priority"].as_str().unwrap();
            let tells = tells.trim().replace('|', "\\|");
            text += &format!("| {name} | {tells} | {priority}{off} | {tactic} | {technique} |\n");
        }
    }
    text
}

/// Whether a tag is the number of a technique or, where none fits, of a tactic.
fn is_technique(tag: &str) -> bool {
    tag.strip_prefix('T').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == 'A'))
}

#[test]
fn the_overview_in_the_documentation_is_theirs() {
    golden("../../docs/rules.md", &overview(&described()));
}

#[test]
fn their_cases_hold_and_miss_every_part_of_a_condition() {
    let folder = here().parent().map_or_else(PathBuf::new, |root| root.join("rules/syscall")).display().to_string();
    let ran = run(&mut lanner(BINARY, &["test", &folder, "--mutate"])).good();
    assert!(ran.stdout.contains("cases") && !ran.stdout.contains(" failed"), "{}", ran.stdout);
}

#[test]
fn a_quiet_machine_stays_quiet() {
    let Some(shared) = shared() else { return };
    for capture in QUIET {
        let file = shared.join(format!("captures/{capture}.scap.gz")).display().to_string();
        let alerts = alerts(&file);
        let loud: Vec<_> =
            alerts.iter().filter(|alert| LOUD.iter().any(|priority| alert["priority"] == *priority)).collect();
        assert!(loud.is_empty(), "{capture}: {loud:#?}");
    }
}

#[test]
fn the_bundled_attack_is_seen_at_every_step() {
    let capture = here().join("captures/attack.scap.gz").display().to_string();
    let alerts = alerts(&capture);
    let rules: BTreeSet<&str> = alerts.iter().map(|alert| alert["rule"].as_str().unwrap()).collect();
    for rule in [
        "Read sensitive file untrusted",
        "Create Symlink Over Sensitive Files",
        "Create Hardlink Over Sensitive Files",
        "Search Private Keys or Passwords",
        "Find AWS Credentials",
        "Terminal shell in container",
        "Netcat Remote Code Execution in Container",
        "Redirect STDOUT/STDIN to Network Connection in Container",
        "Packet socket created in container",
        "Clear Log Activities",
        "Remove Bulk Data from Disk",
        "PTRACE attached to process",
        "PTRACE anti-debug attempt",
        "Execution from /dev/shm",
        "Drop and execute new binary in container",
        "Fileless execution via memfd_create",
        "Modify Shell Configuration File",
        "Schedule Cron Jobs",
        "Adding ssh keys to authorized_keys",
        "User mgmt binaries",
        "Read ssh information",
        "Contact EC2 Instance Metadata Service From Container",
        "Launch Package Management Process in Container",
        "Launch Suspicious Network Tool in Container",
        "Launch Suspicious Network Tool on Host",
        "System procs network activity",
        "Set Setuid or Setgid bit",
        "Delete or rename shell history",
        "Create files below dev",
        "Standard Streams of Shell on the Network",
        "Shell Started on Network Connection",
        "Reverse Shell in Command Line",
        "Cloud Credential File Read",
        "Account File Written Directly",
        "Write below binary dir",
        "Modify binary dirs",
        "Mkdir binary dirs",
        "Basic Interactive Reconnaissance",
    ] {
        assert!(rules.contains(rule), "{rule} is missing; there are {rules:#?}");
    }
}
