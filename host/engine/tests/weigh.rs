//! Events of which some values are on their way: what is weighed at once and settled with the values later is what evaluation
//! with the values from the beginning says.

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use lanner_engine::check::Condition;
use lanner_engine::compile::{Candidate, RuleMatching, RuleSet};
use lanner_engine::parse::parse;
use lanner_engine::scheme::Scheme;
use lanner_engine::value::{Extract, Recorded, SlotId, SlotTable, Values};
use support::FromEvent;
use support::random::{Random, condition, event};

fn checked(text: &str, scheme: &Scheme) -> Condition {
    let expr = parse(text, 0).unwrap_or_else(|e| panic!("{text}: {e}"));
    Condition::check(&expr, scheme).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Says of some slots that their values are on their way.
struct Early<'e, 'f> {
    whole: &'f mut FromEvent<'e>,
    late: &'f BTreeSet<SlotId>,
}

impl Extract for Early<'_, '_> {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        !self.late.contains(&slot) && self.whole.extract(slot, out)
    }

    fn awaited(&mut self, slot: SlotId) -> bool {
        self.late.contains(&slot)
    }
}

/// Knows what was recorded, and what came later.
struct Late<'e, 'f> {
    whole: &'f mut FromEvent<'e>,
    late: &'f BTreeSet<SlotId>,
    recorded: &'f Recorded,
}

impl Extract for Late<'_, '_> {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        if self.late.contains(&slot) {
            return self.whole.extract(slot, out);
        }
        self.recorded.give(slot, out).unwrap_or_else(|| panic!("{slot:?} is neither recorded nor late"))
    }
}

/// How many rules were open, and how many of these matched.
fn run(seed: u64, rules: usize, events: usize) -> (usize, usize) {
    let (scheme, _) = support::scheme();
    let r = &mut Random(seed);
    let texts: Vec<String> = (0..rules).map(|_| condition(r, 4)).collect();
    let conditions: Vec<Condition> = texts.iter().map(|text| checked(text, &scheme)).collect();
    let all: Vec<&Condition> = conditions.iter().collect();
    let set = RuleSet::compile(&all, Arc::clone(&scheme), SlotTable::new());
    let (mut scratch, mut later) = (set.scratch(), set.scratch());
    let (mut open, mut true_then) = (0, 0);
    let mut slots = Vec::new();
    for _ in 0..events {
        let event = event(r);
        let mut whole = FromEvent::new(&event, &scheme, set.slots());
        let mut expected = Vec::new();
        set.evaluate(&mut scratch, event.code, &mut whole, RuleMatching::All, &mut expected);
        slots.clear();
        slots.extend(whole.asked.keys().copied());
        let late: BTreeSet<SlotId> = slots.iter().copied().filter(|_| r.below(3) == 0).collect();
        for matching in [RuleMatching::All, RuleMatching::First] {
            let mut early = Early { whole: &mut whole, late: &late };
            set.evaluate(&mut scratch, event.code, &mut early, matching, &mut Vec::new());
            let mut candidates: Vec<Candidate> = Vec::new();
            set.weigh(&mut scratch, event.code, &mut early, matching, &mut candidates);
            let mut recorded = Recorded::default();
            for rest in candidates.iter().filter_map(|candidate| candidate.open.as_ref()) {
                set.slots_of_rest(rest, &mut |slot| {
                    if !late.contains(&slot) {
                        recorded.record(slot, &mut early);
                    }
                });
            }
            let mut late = Late { whole: &mut whole, late: &late, recorded: &recorded };
            let mut got = Vec::new();
            for candidate in &candidates {
                let matches = match &candidate.open {
                    None => true,
                    Some(rest) => {
                        open += 1;
                        let matches = set.settle(&mut later, event.code, rest, &mut late);
                        true_then += usize::from(matches);
                        matches
                    }
                };
                if matches {
                    got.push(candidate.rule);
                }
            }
            if matching == RuleMatching::First {
                got.truncate(1);
                assert_eq!(got, expected[..expected.len().min(1)], "seed {seed}: {:?}", event.values);
            } else {
                assert_eq!(got, expected, "seed {seed}: {:?}", event.values);
            }
        }
    }
    (open, true_then)
}

#[test]
fn what_is_settled_later_is_what_it_would_have_been() {
    let (mut open, mut matched) = (0, 0);
    for seed in 1..=120 {
        let of_seed = run(seed * 7919, 5, 20);
        (open, matched) = (open + of_seed.0, matched + of_seed.1);
    }
    let of_many = run(104_729, 300, 40);
    (open, matched) = (open + of_many.0, matched + of_many.1);
    assert!(matched > 500 && matched < open - 500, "{matched} of {open} open rules matched");
}
