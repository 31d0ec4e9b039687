//! `lanner rules` from outside: lists, one rule, layout, differences, coverage.

use std::path::Path;

use lanner_tests::program::{Run, golden, here, lanner, run};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

fn rules(args: &[&str]) -> Run {
    let mut command = lanner(BINARY, &["rules"]);
    command.current_dir(here());
    command.args(args);
    run(&mut command)
}

fn json(args: &[&str]) -> Value {
    let ran = rules(args).good();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stdout))
}

const LOCAL: &str = "- list: secrets\n  override: {items: append}\n  items: [/etc/sudoers]\n\
    - rule: Secret read\n  override: {condition: append, tags: append}\n  condition: and not user.name = backup\n  tags: [T1003.008]\n\
    - rule: Switched off\n  override: {enabled: replace}\n  enabled: true\n";

fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn rules_are_listed_and_filtered() {
    golden("rules.list.txt", &rules(&["list", "-r", "rules/attack.yaml"]).good().stdout);
    let names = |args: &[&str]| -> Vec<String> {
        let mut all = vec!["list", "-r", "rules/attack.yaml", "--format", "json"];
        all.extend(args);
        let list = json(&all);
        list.as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["--tag", "network"]), ["Shell with a socket for input"]);
    assert_eq!(names(&["--tag", "network", "--tag", "files"]), [""; 0]);
    assert_eq!(names(&["--priority", "error"]), ["Run from memory or scratch space", "Shell with a socket for input"]);
    assert_eq!(names(&["--disabled"]), ["Switched off"]);
    assert_eq!(names(&["--source", "k8s_audit"]), [""; 0]);
    let bad = rules(&["list", "-r", "rules/attack.yaml", "--priority", "loud"]);
    assert!(bad.code == Some(1) && bad.stderr.contains("a priority is emergency, alert,"), "{bad:?}");
    // Without rules it is about those that `lanner run` would load.
    let default = rules(&["list"]).good().stdout;
    assert!(default.contains("builtin:syscall/lanner_rules.yaml:"), "{default}");
}

#[test]
fn one_rule_with_all_that_made_it() {
    let dir = tempfile::tempdir().unwrap();
    let local = write(dir.path(), "local.yaml", LOCAL);
    let args = ["show", "Secret read", "-r", "rules/attack.yaml", "-r", &local];
    let text = rules(&args).good().stdout.replace(&local, "local.yaml");
    golden("rules.show.txt", &text);
    let shown = json(&["show", "Secret read", "-r", "rules/attack.yaml", "-r", &local, "--format", "json"]);
    let actions: Vec<&str> =
        shown["history"].as_array().unwrap().iter().map(|step| step["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["defined", "appended"]);
    assert_eq!(shown["history"][1]["keys"], serde_json::json!(["condition", "tags"]));
    assert_eq!(shown["event_types"], serde_json::json!(["open", "openat", "openat2"]));
    assert_eq!(shown["condition"]["kind"], "and");
    assert_eq!(shown["lists"][0]["items"], 3);
    let missing = rules(&["show", "Secret red", "-r", "rules/attack.yaml"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("no rule 'Secret red' is loaded; did you mean 'Secret read'?"), "{missing:?}");
}

#[test]
fn files_are_laid_out() {
    let dir = tempfile::tempdir().unwrap();
    let untidy = "-   list: a\n    items: [x]  \n- rule: r # name\n  priority:  INFO\n  desc: d\n  output: o\n  condition: evt.num = 0\n";
    let tidy = "- list: a\n  items: [x]\n\n- rule: r # name\n  desc: d\n  condition: evt.num = 0\n  output: o\n  priority: INFO\n";
    let path = write(dir.path(), "r.yaml", untidy);
    let folder = dir.path().display().to_string();
    let check = rules(&["fmt", "--check", &folder]);
    assert_eq!((check.code, check.stdout.as_str()), (Some(1), format!("{path}: would be laid out\n").as_str()));
    assert!(check.stderr.contains("1 file has another layout"), "{check:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), untidy, "only asked");
    assert_eq!(rules(&["fmt", &folder]).good().stdout, format!("{path}: laid out\n"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), tidy);
    assert_eq!(rules(&["fmt", "--check", &folder]).good().stdout, "");

    let broken = write(dir.path(), "broken.yaml", "- rule: [\n");
    let ran = rules(&["fmt", &folder]);
    assert!(ran.code == Some(1) && ran.stderr.contains(&format!("{broken}: line 2: ")), "{ran:?}");
    assert!(rules(&["fmt", "/absent.yaml"]).stderr.contains("/absent.yaml: "));
    let own = rules(&["fmt", "--check", "../rules/syscall"]);
    assert_eq!((own.code, own.stdout.as_str()), (Some(0), ""), "{}", own.stderr);
}

#[test]
fn differences_have_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(here().join("rules/attack.yaml")).unwrap();
    let changed = text.replace("known_readers", "readers").replace("items: [/etc/shadow, ", "items: [/etc/passwd, ");
    let new = write(dir.path(), "new.yaml", &changed.replace("rule: Ptrace", "rule: Tracing"));
    let ran = rules(&["diff", "rules/attack.yaml", &new]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    golden("rules.diff.txt", &ran.stdout.replace(&new, "new.yaml"));
    let same = rules(&["diff", "rules/attack.yaml", "rules/attack.yaml"]).good();
    assert_eq!(same.stdout, "0 added, 0 removed, 0 changed, 6 the same\n");

    // What a file of overrides does to the rules it changes.
    let (empty, local) = (write(dir.path(), "empty.yaml", "[]\n"), write(dir.path(), "local.yaml", LOCAL));
    let ran = rules(&["diff", "--base", "rules/attack.yaml", &empty, &local, "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(found["changed"][0]["lists"][0]["added"], serde_json::json!(["/etc/sudoers"]));
    assert_eq!(found["changed"][0]["tags"], serde_json::json!({"added": ["T1003.008"]}));
    assert_eq!(found["changed"][0]["condition"]["added"], serde_json::json!(["not user.name = backup"]));
    assert_eq!(found["changed"][1]["enabled"], serde_json::json!({"old": false, "new": true}));

    let trouble = rules(&["diff", "rules/attack.yaml", "/absent.yaml"]);
    assert!(trouble.code == Some(2) && trouble.stderr.contains("Could not open file: /absent.yaml"), "{trouble:?}");
}

#[test]
fn coverage_of_tactics() {
    golden("rules.coverage.txt", &rules(&["coverage", "-r", "rules/attack.yaml"]).good().stdout);
    let layer = json(&["coverage", "-r", "rules/attack.yaml", "--format", "navigator"]);
    assert_eq!(layer["techniques"][0]["techniqueID"], "T1059");
    let all = json(&["coverage", "-r", "rules/attack.yaml", "--format", "json", "--disabled"]);
    assert_eq!((&all["rules"], &all["tactics"][3]["rules"][0]), (&6.into(), &"Shell with a socket for input".into()));
    // Whatever the default rules name is known.
    let own = json(&["coverage", "-r", "../rules/syscall", "--format", "json"]);
    assert_eq!((&own["unknown"], &own["untagged"]), (&serde_json::json!({}), &serde_json::json!([])));
}
