use super::*;
use crate::alert::RuleHead;
use crate::config::{GroupSettings, RateSettings, RuleNames};
use lanner_engine::format::FormatValue;
use lanner_engine::load::Priority;
use std::sync::Arc;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;

fn alert(rule: &str, process: &str, message: &str) -> Alert {
    let head = RuleHead { rule: rule.into(), source: "syscall".into(), priority: Priority::Notice, tags: Vec::new() };
    let fields =
        vec![("evt.num".into(), FormatValue::Uint(1)), ("proc.name".into(), FormatValue::Text(process.into()))];
    Alert { head: Arc::new(head), message: message.into(), fields, ..Alert::sample() }
}

fn group(rules: RuleNames, by: &[&str], seconds: u64) -> GroupSettings {
    GroupSettings { rules, by: by.iter().map(ToString::to_string).collect(), window: Duration::from_secs(seconds) }
}

fn noise(groups: Vec<GroupSettings>, rates: Vec<RateSettings>) -> Noise {
    Noise::new(&NoiseSettings { groups, rates }, None).unwrap()
}

fn messages(alerts: &[Alert]) -> Vec<&str> {
    alerts.iter().map(|alert| alert.message.as_str()).collect()
}

#[test]
fn the_first_passes_and_the_others_become_a_summary() {
    let noise = noise(vec![group(RuleNames::All, &["proc.name"], 60)], Vec::new());
    assert_eq!(messages(&noise.pass(alert("A", "cat", "1"), 0)), ["1"]);
    assert!(noise.pass(alert("A", "cat", "2"), SECOND).is_empty());
    assert_eq!(messages(&noise.pass(alert("A", "ls", "3"), 2 * SECOND)), ["3"], "another process");
    assert_eq!(messages(&noise.pass(alert("B", "cat", "4"), 2 * SECOND)), ["4"], "another rule");
    assert!(noise.pass(alert("A", "cat", "5"), 59 * SECOND).is_empty());
    assert!(noise.due(59 * SECOND).is_empty());
    let due = noise.due(60 * SECOND);
    assert_eq!(messages(&due), ["5 [2 more alerts within 60s]"]);
    let names: Vec<&str> = due[0].fields.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["evt.num", "group.count", "proc.name"]);
    assert_eq!(due[0].fields[1].1, FormatValue::Uint(2));
    assert_eq!(messages(&noise.pass(alert("A", "cat", "6"), 61 * SECOND)), ["6"], "a new window");
    assert_eq!(noise.held_back(), [("A".to_owned(), "group", 2)]);
    assert!(noise.due(u64::MAX).is_empty(), "windows without a second alert have no summary");
}

#[test]
fn an_alert_brings_out_the_summaries_that_are_due() {
    let noise = noise(vec![group(RuleNames::All, &[], 10)], Vec::new());
    noise.pass(alert("A", "x", "1"), 0);
    noise.pass(alert("A", "x", "2"), SECOND);
    let out = noise.pass(alert("A", "x", "3"), 10 * SECOND);
    assert_eq!(messages(&out), ["2 [1 more alert within 10s]", "3"]);
}

#[test]
fn what_cannot_be_grouped_passes() {
    let rules = RuleNames::Named(vec!["A".into()]);
    let noise = noise(vec![group(rules, &["fd.name"], 10)], Vec::new());
    for _ in 0..3 {
        assert_eq!(noise.pass(alert("A", "x", "no such field"), 0).len(), 1);
        assert_eq!(noise.pass(alert("B", "x", "not named"), 0).len(), 1);
        let mut own = alert("A", "x", "own");
        own.head = Arc::new(RuleHead {
            rule: "A".into(),
            source: INTERNAL.into(),
            priority: Priority::Debug,
            tags: Vec::new(),
        });
        assert_eq!(noise.pass(own, 0).len(), 1);
    }
    assert!(noise.held_back().is_empty());
}

#[test]
fn memory_is_bounded_and_what_ends_early_is_told() {
    let noise = noise(vec![group(RuleNames::All, &["proc.name"], 3600)], Vec::new());
    let mut summaries = 0;
    for n in 0..10_000 {
        let process = n.to_string();
        let out = noise.pass(alert("A", &process, "first"), n);
        summaries += out.len() - 1;
        assert!(noise.pass(alert("A", &process, "second"), n).is_empty());
    }
    assert_eq!(summaries, 10_000 - 8192);
    assert_eq!(noise.due(u64::MAX).len() + summaries, 10_000);
}

#[test]
fn a_rule_has_its_burst_and_then_its_rate() {
    let rate = RateSettings { rules: RuleNames::Named(vec!["A".into()]), per_second: 0.5, max_burst: 3 };
    let noise = noise(Vec::new(), vec![rate]);
    let passed = (0..10).filter(|n| !noise.pass(alert("A", "x", &n.to_string()), 0).is_empty()).count();
    assert_eq!(passed, 3);
    assert!(noise.pass(alert("A", "x", "too early"), SECOND).is_empty());
    assert_eq!(noise.pass(alert("B", "x", "another rule"), SECOND).len(), 1);
    let out = noise.pass(alert("A", "x", "again"), 2 * SECOND);
    assert_eq!(messages(&out), ["again [8 held back before]"]);
    assert!(out[0].fields.contains(&("rate.held_back".into(), FormatValue::Uint(8))));
    assert!(noise.pass(alert("A", "x", "out of order"), 0).is_empty());
    assert_eq!(noise.held_back(), [("A".to_owned(), "rate", 9)]);
}

#[test]
fn long_alerts_end_the_oldest_windows_early() {
    let settings = NoiseSettings { groups: vec![group(RuleNames::All, &["proc.name"], 3600)], rates: Vec::new() };
    let noise = Noise::new(&settings, Some(100_000)).unwrap();
    let mut summaries = 0;
    for n in 0..100 {
        let process = n.to_string();
        summaries += noise.pass(alert("A", &process, "first"), n).len() - 1;
        summaries += noise.pass(alert("A", &process, &"x".repeat(4000)), n).len();
        let (bytes, early) = noise.grouped().unwrap();
        assert!(bytes <= 100_000 && early == summaries as u64, "{bytes} {early} {summaries}");
    }
    assert!(summaries > 50);
    assert_eq!(noise.due(u64::MAX).len() + summaries, 100, "each is told of");
    assert_eq!(noise.grouped().unwrap().0, 0);
}
