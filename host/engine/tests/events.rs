//! Which event codes a condition concerns, and what a set of rules does with them.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use lanner_engine::check::{Condition, LintKind, event_set, lints, reach};
use lanner_engine::compile::{RuleMatching, RuleSet};
use lanner_engine::parse::parse;
use lanner_engine::scheme::Scheme;
use lanner_engine::value::SlotTable;
use support::{Datum, Event, FromEvent};

fn conditions(texts: &[String], scheme: &Scheme) -> Vec<Condition> {
    let check = |text: &String| {
        let expr = parse(text, 0).unwrap_or_else(|e| panic!("{text}: {e}"));
        Condition::check(&expr, scheme).unwrap_or_else(|e| panic!("{text}: {e}"))
    };
    texts.iter().map(check).collect()
}

fn compile(texts: &[String], scheme: &Arc<Scheme>) -> RuleSet {
    let conditions = conditions(texts, scheme);
    RuleSet::compile(&conditions.iter().collect::<Vec<_>>(), Arc::clone(scheme), SlotTable::new())
}

#[test]
fn event_codes_follow_set_algebra() {
    let (scheme, _) = support::scheme();
    for (text, expected) in support::read::<Vec<(String, Vec<u16>)>>("events.yaml") {
        let expr = parse(&text, 0).unwrap_or_else(|e| panic!("{text}: {e}"));
        let codes: Vec<u16> = event_set(&expr, &scheme).iter().collect();
        assert_eq!(codes, expected, "{text}");
    }
}

#[test]
fn calls_without_a_code_of_their_own_follow_set_algebra() {
    let (scheme, _) = support::scheme();
    for (text, expected) in support::read::<Vec<(String, Vec<u16>)>>("calls.yaml") {
        let expr = parse(&text, 0).unwrap_or_else(|e| panic!("{text}: {e}"));
        let reached = reach(&expr, &scheme).calls;
        let calls: Vec<u16> = [10, 20, 30, 40].into_iter().filter(|call| reached.contains(*call)).collect();
        assert_eq!(calls, expected, "{text}");
    }
}

#[test]
fn a_set_asks_for_the_calls_of_its_rules_that_reach_them() {
    let (scheme, _) = support::scheme();
    let calls = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        compile(&texts, &scheme).calls().iter().collect::<Vec<_>>()
    };
    assert_eq!(calls(&["evt.type = mlock", "evt.type in (open, sync) and t.name = x"]), [10, 30]);
    assert!(calls(&["evt.type = open and t.name = x", "evt.type = close"]).is_empty());
    assert_eq!(calls(&["evt.type = mlock", "t.name = x"]).len(), 512, "who names no event may match any call");
    assert_eq!(calls(&["evt.type = switch and t.name = x", "evt.type = sync"]), [30]);
}

#[test]
fn rules_are_tried_only_for_their_events_and_for_events_of_every_rule() {
    let (scheme, _) = support::scheme();
    let set = compile(&["evt.type = open and t.name = x".into(), "evt.type = close".into()], &scheme);
    assert_eq!(set.events().iter().collect::<Vec<_>>(), [1, 2, 4], "a container event satisfies neither");
    let set = compile(&["not evt.type = close and not evt.type in (open, openat)".into()], &scheme);
    assert_eq!(set.events().iter().collect::<Vec<_>>(), [5, 6, 7, 8]);
}

fn named(name: &str) -> Event {
    let values = BTreeMap::from([
        ("evt.type".to_owned(), vec![Datum::Bytes(b"open".to_vec())]),
        ("t.name".to_owned(), vec![Datum::Bytes(name.as_bytes().to_vec())]),
        ("t.path".to_owned(), vec![Datum::Bytes(format!("/opt/{name}/bin").into_bytes())]),
    ]);
    Event { code: 1, values }
}

/// A thousand rules, nearly all of them about one process or one directory each.
fn many() -> Vec<String> {
    let rule = |i: usize| match i % 5 {
        0 => format!("evt.type = open and t.name = tool{i}"),
        1 => format!("t.path startswith /opt/tool{i}/ and evt.type in (open, close)"),
        2 => format!("evt.type = open and t.name in (tool{i}, tool{}) and not t.path = /x", i + 1),
        3 => format!("evt.type = open and (t.name = tool{i} or t.name = tool{})", i % 7),
        _ => format!("evt.type = open and not t.name = tool{i} and t.path endswith /tool{i}/bin"),
    };
    (0..1000).map(rule).collect()
}

#[test]
fn grouped_rules_keep_load_order() {
    let (scheme, _) = support::scheme();
    let texts = many();
    let set = compile(&texts, &scheme);
    let singles: Vec<RuleSet> = texts.iter().map(|text| compile(std::slice::from_ref(text), &scheme)).collect();
    let mut scratch = set.scratch();
    for name in ["tool0", "tool1", "tool3", "tool500", "tool501", "tool502", "tool503", "tool6", "other", ""] {
        let event = named(name);
        let run = |set: &RuleSet, scratch: &mut _, matching| {
            let mut hits = Vec::new();
            set.evaluate(scratch, 1, &mut FromEvent::new(&event, &scheme, set.slots()), matching, &mut hits);
            hits
        };
        let alone = |(_, set): &(usize, &RuleSet)| !run(set, &mut set.scratch(), RuleMatching::All).is_empty();
        let expected: Vec<u32> = singles.iter().enumerate().filter(alone).map(|(rule, _)| rule as u32).collect();
        assert_eq!(run(&set, &mut scratch, RuleMatching::All), expected, "{name}");
        assert_eq!(run(&set, &mut scratch, RuleMatching::First), expected.get(..1).unwrap_or(&[]), "{name}");
    }
}

#[test]
fn equal_comparisons_are_one() {
    let (scheme, _) = support::scheme();
    let texts = ["t.name = x", "t.name == x", "t.name in (x, y)", "t.name in (y, x, y)", "t.name = anyof (x, y)"];
    let set = compile(&texts.map(String::from), &scheme);
    // `=` and `==` are one comparison; the order and repetition of listed values make no other.
    assert_eq!(set.stats().atoms, 2);
}

#[test]
fn a_shared_set_is_used_by_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let (scheme, event) = support::scheme();
    let set = compile(&["t.name = nginx".into()], &scheme);
    shared(&set);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut hits = Vec::new();
                let mut extract = FromEvent::new(&event, &scheme, set.slots());
                set.evaluate(&mut set.scratch(), 1, &mut extract, RuleMatching::First, &mut hits);
                assert_eq!(hits, [0]);
            });
        }
    });
}

#[test]
fn suspicious_constants_are_named() {
    let (scheme, _) = support::scheme();
    let kinds = |text: &str| {
        let expr = parse(text, 0).unwrap_or_else(|e| panic!("{text}: {e}"));
        lints(&expr, &scheme).into_iter().map(|lint| lint.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("t.name = nginx and t.name regex \"a[bc]\""), []);
    assert_eq!(kinds("t.name regex \"^nginx.*\""), [LintKind::PlainRegex("^nginx.*".into())]);
    assert_eq!(kinds("t.name = t.other"), [LintKind::FieldAsText("t.other".into())]);
    assert_eq!(kinds("t.name in (x, arg.map[y])"), [LintKind::FieldAsText("arg.map[y]".into())]);
    assert_eq!(kinds("t.name = \"tolower(t.other)\""), [LintKind::CallAsText("tolower(t.other)".into())]);
    assert_eq!(kinds("t.name = <NA>"), []);
}

#[test]
fn unknown_names_get_a_suggestion_where_one_is_near() {
    let (scheme, _) = support::scheme();
    let error = |text: &str| Condition::check(&parse(text, 0).expect("a condition"), &scheme).expect_err("unknown");
    let similar = |text: &str| match error(text).kind {
        lanner_engine::check::CheckErrorKind::UnknownField { similar, .. } => similar,
        other => panic!("{other}"),
    };
    assert_eq!(similar("t.nmae = x").as_deref(), Some("t.name"));
    assert_eq!(similar("quite.different = x"), None);
    assert_eq!(error("t.name = x and t.nmae = y").span.start, 15);
}
