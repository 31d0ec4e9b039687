//! Random conditions on random events: the compiled set and the naive walker must agree on every one.

mod support;

use std::sync::Arc;

use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleMatching, RuleSet};
use lanner_engine::naive;
use lanner_engine::parse::parse;
use lanner_engine::scheme::{CallSet, Scheme};
use lanner_engine::value::{SlotId, SlotTable};
use support::random::{Random, condition, event};
use support::{FromEvent, Known, key_of};

fn checked(text: &str, scheme: &Scheme) -> Condition {
    let expr = parse(text, 0).unwrap_or_else(|e| panic!("{text}: {e}"));
    let print = expr.to_string();
    // An empty constant prints as nothing, one inside a call loses its quotes, and a negated negation is read as none;
    // other prints are the same condition.
    if !print.contains("not not") && !text.contains("\"\"") && !text.contains("\"/\"") {
        assert_eq!(parse(&print, 0).unwrap_or_else(|e| panic!("{print}: {e}")).to_string(), print);
    }
    Condition::check(&expr, scheme).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// The number of matches.
fn run(seed: u64, rules: usize, events: usize) -> usize {
    let (scheme, _) = support::scheme();
    let r = &mut Random(seed);
    let texts: Vec<String> = (0..rules).map(|_| condition(r, 4)).collect();
    let conditions: Vec<Condition> = texts.iter().map(|text| checked(text, &scheme)).collect();
    let all: Vec<&Condition> = conditions.iter().collect();
    let set = RuleSet::compile(&all, Arc::clone(&scheme), SlotTable::new());
    let mut scratch = set.scratch();
    let by_key = |slot: SlotId| key_of(&scheme.field(set.slots().get(slot).field).name);
    let mut remembering = set.scratch_with_keys(by_key);
    let mut known = Known::default();
    let mut matched = 0;
    for _ in 0..events {
        let event = event(r);
        let mut extract = FromEvent::new(&event, &scheme, set.slots());
        let mut hits = Vec::new();
        set.evaluate(&mut scratch, event.code, &mut extract, RuleMatching::All, &mut hits);
        assert!(extract.asked.values().all(|times| *times == 1), "a slot was asked for twice");
        let mut first = Vec::new();
        set.evaluate(&mut scratch, event.code, &mut extract, RuleMatching::First, &mut first);
        assert_eq!(first.as_slice(), hits.get(..1).unwrap_or(&[]), "first match follows the order of the rules");
        let mut again = Vec::new();
        set.evaluate(&mut scratch, event.code, &mut extract, RuleMatching::All, &mut again);
        assert_eq!(again, hits, "a way that was gone before leads to the same rules");
        extract.known = Some(&mut known);
        for matching in [RuleMatching::All, RuleMatching::First] {
            let mut recalled = Vec::new();
            set.evaluate(&mut remembering, event.code, &mut extract, matching, &mut recalled);
            let expected = if matching == RuleMatching::All { &hits } else { &first };
            assert_eq!(&recalled, expected, "answers remembered by key are those of the event: {:?}", event.values);
        }
        let mut slots = set.slots().clone();
        for (rule, condition) in conditions.iter().enumerate() {
            let expected = naive::evaluate(condition, &scheme, &mut slots, &mut extract);
            let got = hits.binary_search(&(rule as u32)).is_ok();
            assert_eq!(got, expected, "seed {seed}: {} on {:?}", texts[rule], event.values);
            matched += usize::from(got);
            // What a rule matches is among what it asks for, and what the set asks for.
            let call = support::random::call(&event);
            let reached = |calls: CallSet| call.is_none_or(|call| calls.contains(call));
            let asked = condition.events().contains(event.code) && reached(condition.calls());
            let of_set = set.wants(event.code) && reached(set.calls());
            assert!(!got || asked && of_set, "seed {seed}: {} on {:?}", texts[rule], event.values);
        }
    }
    matched
}

#[test]
fn small_sets() {
    let matched: usize = (1..=200).map(|seed| run(seed * 7919, 5, 20)).sum();
    assert!(matched > 4000, "the conditions are about these events: {matched} of 20,000");
}

/// Few rules and many events: nearly all go a way that another event has gone.
#[test]
fn long_streams() {
    let matched: usize = (1..=20).map(|seed| run(seed * 15_485_863, 3, 1000)).sum();
    assert!(matched > 12_000, "the conditions are about these events: {matched} of 60,000");
}

#[test]
fn large_sets() {
    let matched: usize = (1..=4).map(|seed| run(seed * 104_729, 300, 60)).sum();
    assert!(matched > 14_400, "the conditions are about these events: {matched} of 72,000");
}
