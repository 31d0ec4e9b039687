//! Every condition case runs on the compiled set, alone and together with all others, and on the naive tree walker.

mod support;

use std::sync::Arc;

use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleMatching, RuleSet};
use lanner_engine::naive;
use lanner_engine::parse::parse;
use lanner_engine::scheme::Scheme;
use lanner_engine::value::SlotTable;
use serde::Deserialize;
use support::{Event, FromEvent};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    about: String,
    #[serde(default, rename = "true")]
    holds: Vec<String>,
    #[serde(default, rename = "false")]
    fails: Vec<String>,
    #[serde(default)]
    refused: Vec<(String, String)>,
}

fn groups() -> Vec<Group> {
    let dir = support::cases_dir().join("conditions");
    let mut names: Vec<_> =
        std::fs::read_dir(dir).expect("the cases").map(|e| e.expect("an entry").file_name()).collect();
    names.sort();
    names.iter().flat_map(|n| support::read::<Vec<Group>>(&format!("conditions/{}", n.to_string_lossy()))).collect()
}

fn condition(text: &str, scheme: &Scheme) -> Result<Condition, String> {
    let expr = parse(text, 0).map_err(|e| e.to_string())?;
    Condition::check(&expr, scheme).map_err(|e| e.to_string())
}

fn compiled(conditions: &[&Condition], scheme: &Arc<Scheme>, event: &Event) -> Vec<u32> {
    let set = RuleSet::compile(conditions, Arc::clone(scheme), SlotTable::new());
    let mut extract = FromEvent::new(event, scheme, set.slots());
    let mut hits = Vec::new();
    set.evaluate(&mut set.scratch(), event.code, &mut extract, RuleMatching::All, &mut hits);
    for (slot, times) in extract.asked {
        assert_eq!(times, 1, "slot {slot:?} was asked for more than once for one event");
    }
    hits
}

#[test]
fn every_case_on_both_evaluators() {
    let (scheme, event) = support::scheme();
    let mut cases = Vec::new();
    let mut wrong = Vec::new();
    for group in groups() {
        let expected = group.holds.iter().map(|c| (c, true)).chain(group.fails.iter().map(|c| (c, false)));
        for (text, expected) in expected {
            let condition = match condition(text, &scheme) {
                Ok(condition) => condition,
                Err(error) => {
                    wrong.push(format!("{}: {text}: {error}", group.about));
                    continue;
                }
            };
            let alone = !compiled(&[&condition], &scheme, &event).is_empty();
            let mut slots = SlotTable::new();
            let mut extract = FromEvent::new(&event, &scheme, &slots);
            // The walker adds slots as it meets them; the event answers from a table that has them all.
            extract.slots = RuleSet::compile(&[&condition], Arc::clone(&scheme), SlotTable::new()).slots().clone();
            slots.clone_from(&extract.slots);
            let naive = naive::evaluate(&condition, &scheme, &mut slots, &mut extract);
            if (alone, naive) != (expected, expected) {
                wrong.push(format!("{}: {text}: expected {expected}, compiled {alone}, naive {naive}", group.about));
            }
            cases.push((text.clone(), condition, expected));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cases.len() >= 600, "{} condition cases", cases.len());

    let conditions: Vec<&Condition> = cases.iter().map(|(_, condition, _)| condition).collect();
    let hits = compiled(&conditions, &scheme, &event);
    let together: Vec<&str> = hits.iter().map(|rule| cases[*rule as usize].0.as_str()).collect();
    let expected: Vec<&str> = cases.iter().filter(|(_, _, holds)| *holds).map(|(text, _, _)| text.as_str()).collect();
    assert_eq!(together, expected, "all cases in one set");
}

#[test]
fn refused_conditions_say_why() {
    let (scheme, _) = support::scheme();
    let mut count = 0;
    let mut wrong = Vec::new();
    for group in groups() {
        for (text, part) in &group.refused {
            count += 1;
            match condition(text, &scheme) {
                Ok(_) => wrong.push(format!("{}: {text}: accepted", group.about)),
                Err(error) if !error.contains(part) => {
                    wrong.push(format!("{}: {text}: expected '{part}': {error}", group.about));
                }
                Err(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 120, "{count} refused cases");
}
