//! `lanner replay` without rules: a capture as lines of events.

use lanner_tests::program::{Run, here, lanner, run};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");

fn replay(args: &[&str]) -> Run {
    let capture = here().join("captures/attack.scap.gz").display().to_string();
    let mut all = vec!["replay", &capture];
    all.extend(args);
    run(&mut lanner(BINARY, &all))
}

/// Events of the bundled capture that rules may see.
const EVENTS: usize = 35_141;

#[test]
fn every_event_is_one_line() {
    let ran = replay(&["--print", "%evt.num %evt.type %proc.cmdline"]).good();
    assert_eq!(ran.stdout.lines().count(), EVENTS);
    assert!(!ran.stdout.contains('\0') && !ran.stdout.contains('\t'), "control characters are escaped");
    let numbers: Vec<u64> = ran.stdout.lines().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "numbers rise");
}

#[test]
fn a_condition_selects_events() {
    let ran = replay(&["--filter", "evt.type = execve and proc.name = cat", "--print", "%evt.type %proc.name"]).good();
    assert!(ran.stdout.lines().count() > 0);
    assert!(ran.stdout.lines().all(|line| line == "execve cat"), "{}", ran.stdout);
    let both = |filter: &str| replay(&["--filter", filter, "--print", "%evt.num"]).good().stdout.lines().count();
    assert_eq!(both("fd.typechar = 4") + both("not fd.typechar = 4"), EVENTS);
}

#[test]
fn json_lines_have_the_fields_of_the_line() {
    let ran = replay(&[
        "--filter",
        "evt.type = ptrace",
        "--json",
        "--print",
        "%proc.name %evt.num %evt.arg.request %evt.time",
    ]);
    let lines: Vec<Value> = ran.good().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!lines.is_empty());
    for line in &lines {
        let keys: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["evt.arg.request", "evt.num", "evt.time", "proc.name"]);
        assert!(line["evt.num"].is_u64() && line["evt.time"].is_u64() && line["proc.name"].is_string(), "{line}");
    }
}

#[test]
fn a_condition_comes_before_rules_too() {
    let rules = here().join("rules/attack.yaml").display().to_string();
    let all = replay(&["-r", &rules, "--json"]).good();
    let some = replay(&["-r", &rules, "--json", "--filter", "proc.name = inj", "--print", "only=%proc.name"]).good();
    let alerts = some.alerts().lines().count();
    assert!(alerts > 0 && alerts < all.alerts().lines().count(), "{}", some.stdout);
    for line in some.alerts().lines() {
        let alert: Value = serde_json::from_str(line).unwrap();
        assert!(alert["output"].as_str().unwrap().contains("only=inj"), "{line}");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_read() {
    let ran = replay(&["--filter", "proc.nam = x"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.starts_with("Error: --filter: ") && ran.stderr.contains("proc.nam"), "{}", ran.stderr);
    let ran = replay(&["--print", "%no.field"]);
    assert!(ran.code == Some(1) && ran.stderr.starts_with("Error: --print: "), "{}", ran.stderr);
    let ran = run(&mut lanner(BINARY, &["replay", "/absent.scap"]));
    assert!(ran.code == Some(1) && ran.stderr.contains("/absent.scap"), "{}", ran.stderr);
}
