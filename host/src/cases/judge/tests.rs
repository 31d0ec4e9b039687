//! Expected against raised alerts.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::cases::diagnostic::{Findings, Place};
use lanner_engine::yaml::{Mark, parse};

fn raised(rule: &str, file: &str) -> Raised {
    Raised {
        rule: rule.to_owned(),
        priority: Priority::Warning,
        source: "syscall".to_owned(),
        output: format!("read of {file}"),
        fields: vec![
            ("fd.name".into(), FormatValue::Text(file.to_owned())),
            ("fd.num".into(), FormatValue::Uint(3)),
            (
                "proc.aname".into(),
                FormatValue::List(vec![FormatValue::Text("a".into()), FormatValue::Text("b".into())]),
            ),
            ("container.name".into(), FormatValue::Null),
        ],
        event: 1,
        step: Some(0),
    }
}

fn expected(text: &str) -> Vec<ExpectedAlert> {
    let mut found = Findings::new("f".into(), text);
    let list = ExpectedAlert::read_all(&parse(text).unwrap().remove(0), &[], &mut found);
    assert!(!found.failed(), "{:?}", found.into_vec());
    list
}

fn failures(text: &str, alerts: &[Raised]) -> Vec<Failure> {
    judge(&Expect::Exactly(expected(text)), &[], alerts)
}

#[test]
fn every_attribute_is_compared() {
    let alerts = [raised("R", "/etc/shadow")];
    for good in [
        "[{rule: R}]",
        "[{priority: warning, source: syscall, count: 1}]",
        "[{fields: {fd.name: /etc/shadow, fd.num: 3, container.name: ~, proc.aname: [a, b]}}]",
        "[{fields: {fd.name: {regex: '^/etc/'}}, output: of /etc}]",
        "[{fields: {fd.name: {contains: shad}}, output: '^read .*w$'}]",
    ] {
        assert_eq!(failures(good, &alerts), [], "{good}");
    }
    for (bad, what, should, is) in [
        ("[{priority: error}]", "priority", "Error", "Warning"),
        ("[{source: k8s_audit}]", "source", "k8s_audit", "syscall"),
        ("[{fields: {fd.name: /etc/passwd}}]", "fd.name", "/etc/passwd", "/etc/shadow"),
        ("[{fields: {fd.name: ~}}]", "fd.name", "no value", "/etc/shadow"),
        ("[{fields: {container.name: web}}]", "container.name", "web", "<NA>"),
        ("[{fields: {proc.aname: [a]}}]", "proc.aname", "(a)", "(a, b)"),
        ("[{output: write}]", "output", "text that contains or matches 'write'", "read of /etc/shadow"),
    ] {
        let difference = Difference { what: what.into(), expected: should.into(), raised: is.into() };
        let nearest = Some((0, vec![difference]));
        assert_eq!(failures(bad, &alerts), [Failure::Missing { expected: 0, wanted: 1, got: 0, nearest }], "{bad}");
    }
}

#[test]
fn alerts_of_another_rule_are_no_near_miss() {
    let missing = Failure::Missing { expected: 0, wanted: 1, got: 0, nearest: None };
    assert_eq!(failures("[{rule: S}]", &[raised("R", "f")]), [missing, Failure::Unexpected(0)]);
}

#[test]
fn counts_are_exact() {
    let two = [raised("R", "a"), raised("R", "b")];
    assert_eq!(failures("[{rule: R, count: 2}]", &two), []);
    assert_eq!(failures("[{rule: R}]", &two), [Failure::Unexpected(1)]);
    let missing = Failure::Missing { expected: 0, wanted: u64::MAX, got: 2, nearest: None };
    assert_eq!(failures(&format!("[{{rule: R, count: {}}}]", u64::MAX), &two), [missing]);
    assert_eq!(failures("none", &two), [Failure::Unexpected(0), Failure::Unexpected(1)]);
    assert_eq!(failures("[]", &[]), []);
}

#[test]
fn a_vague_description_leaves_the_precise_one_its_alert() {
    let three = [raised("R", "a"), raised("R", "b"), raised("R", "c")];
    let vague_first = "[{rule: R}, {fields: {fd.name: {regex: '[ab]'}}}, {fields: {fd.name: a}}]";
    assert_eq!(failures(vague_first, &three), []);
    let impossible = "[{rule: R}, {fields: {fd.name: a}}, {fields: {fd.name: a}}]";
    assert!(matches!(failures(impossible, &three)[..], [Failure::Missing { got: 0, nearest: Some((2, _)), .. }]));
}

#[test]
fn rules_fire_or_are_silent() {
    let alerts = [raised("R", "a")];
    assert_eq!(judge(&Expect::Fires, &["R"], &alerts), []);
    assert_eq!(judge(&Expect::Fires, &["R", "S"], &alerts), [Failure::NotFired("S".into())]);
    assert_eq!(judge(&Expect::Fires, &[], &alerts), []);
    assert_eq!(judge(&Expect::Fires, &[], &[]), [Failure::NotFired(String::new())]);
    assert_eq!(judge(&Expect::Silent, &["R"], &alerts), [Failure::NotSilent(0)]);
    assert_eq!(judge(&Expect::Silent, &["R"], &[]), []);
}

#[test]
fn many_alerts_are_judged_at_once() {
    let alerts = vec![raised("R", "a"); 50_000];
    let place = Place { path: Arc::from(Path::new("f")), mark: Mark::default() };
    let mut vague = expected("[{rule: R, count: 50000}]");
    vague[0].place = place;
    assert_eq!(judge(&Expect::Exactly(vague), &[], &alerts), []);
}
