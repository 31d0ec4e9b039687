//! Output formats: what they print, what values they yield, and which are refused.

mod support;

use std::sync::Arc;

use lanner_engine::compile::{RuleMatching, RuleSet, Scratch};
use lanner_engine::format::{FormatValue, OutputFormat, RenderOptions, Shown, ShownMemory};
use lanner_engine::value::{Extract, SlotId, SlotTable, Values};
use serde::Deserialize;
use serde_json::{Value, json};
use support::FromEvent;

#[derive(Deserialize)]
struct Cases {
    printed: Vec<(String, String)>,
    values: Vec<(String, Value)>,
    refused: Vec<(String, usize, String)>,
}

fn as_json(value: &FormatValue) -> Value {
    match value {
        FormatValue::Null => Value::Null,
        FormatValue::Bool(value) => json!(value),
        FormatValue::Int(value) => json!(value),
        FormatValue::Uint(value) => json!(value),
        FormatValue::Double(value) => json!(value),
        FormatValue::Text(value) => json!(value),
        FormatValue::List(values) => values.iter().map(as_json).collect(),
    }
}

fn rendered(format: &str, options: RenderOptions) -> (String, Value) {
    let (scheme, event) = support::scheme();
    let mut slots = SlotTable::new();
    let format = OutputFormat::compile(format, &scheme, &mut slots).unwrap_or_else(|e| panic!("{format}: {e}"));
    let mut extract = FromEvent::new(&event, &scheme, &slots);
    let (mut memory, mut text) = (ShownMemory::default(), Vec::new());
    format.render(&mut Shown::new(&mut memory, &mut extract), options, &mut text);
    let mut object = serde_json::Map::new();
    let mut keys = Vec::new();
    format.values(&mut Shown::new(&mut memory, &mut extract), options, &mut |key, value| {
        keys.push(key.to_string());
        object.insert(key.to_string(), as_json(&value));
    });
    assert_eq!(keys, format.keys().collect::<Vec<_>>(), "the keys are known before the event");
    assert!(keys.is_sorted());
    (String::from_utf8_lossy(&text).into_owned(), Value::Object(object))
}

#[test]
fn formats_print() {
    let cases: Cases = support::read("formats.yaml");
    let mut wrong = Vec::new();
    for (format, expected) in &cases.printed {
        let (text, _) = rendered(format, RenderOptions::default());
        if text != *expected {
            wrong.push(format!("{format:?}: expected {expected:?}: {text:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn formats_yield_values() {
    let cases: Cases = support::read("formats.yaml");
    let mut wrong = Vec::new();
    for (format, expected) in &cases.values {
        let (_, values) = rendered(format, RenderOptions::default());
        if values != *expected {
            wrong.push(format!("{format:?}: expected {expected}: {values}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn formats_are_refused_where_they_go_wrong() {
    let (scheme, _) = support::scheme();
    let cases: Cases = support::read("formats.yaml");
    for (format, offset, part) in &cases.refused {
        let error = OutputFormat::compile(format, &scheme, &mut SlotTable::new()).expect_err(format);
        assert!(error.to_string().contains(part), "{format:?}: {error}");
        assert_eq!(error.offset, *offset, "{format:?}");
    }
}

#[test]
fn long_values_are_cut() {
    let (text, values) = rendered("%b.long", RenderOptions::default());
    assert_eq!(text.len(), 1021);
    assert_eq!(values["b.long"].as_str().map(str::len), Some(1021));
    let (text, _) = rendered("%b.long", RenderOptions { base64_buffers: true });
    assert_eq!(text.len(), 1020);
    let (text, _) = rendered("%b.buf", RenderOptions { base64_buffers: true });
    assert_eq!(text, "AAEC/0FCQwA=");
}

#[test]
fn a_huge_width_is_bounded() {
    let (text, _) = rendered("%99999999999999999999t.name", RenderOptions::default());
    assert_eq!(text.len(), 65_535);
}

#[test]
fn formats_share_slots_with_conditions() {
    let (scheme, _) = support::scheme();
    let mut slots = SlotTable::new();
    OutputFormat::compile("%t.name %t.name %toupper(t.name)", &scheme, &mut slots).expect("a format");
    assert_eq!(slots.slots().len(), 1);
    let expr = lanner_engine::parse::parse("t.name = x", 0).expect("a condition");
    let condition = lanner_engine::check::Condition::check(&expr, &scheme).expect("it fits");
    let set = RuleSet::compile(&[&condition], Arc::clone(&scheme), slots);
    assert_eq!(set.slots().slots().len(), 1);
}

#[test]
fn a_value_is_asked_for_once_however_often_it_is_shown() {
    let (scheme, event) = support::scheme();
    let mut slots = SlotTable::new();
    let formats = ["%t.name %9t.name %toupper(t.name) %t.none %l.text", "%t.none %i.eight %t.name"]
        .map(|text| OutputFormat::compile(text, &scheme, &mut slots).expect("a format"));
    let mut memory = ShownMemory::default();
    let mut show = |event: &support::Event| {
        let mut extract = FromEvent::new(event, &scheme, &slots);
        let mut shown = Shown::new(&mut memory, &mut extract);
        let mut text = Vec::new();
        for format in &formats {
            format.render(&mut shown, RenderOptions::default(), &mut text);
            format.values(&mut shown, RenderOptions::default(), &mut |_, _| ());
        }
        assert!(extract.asked.values().all(|count| *count == 1), "{:?}", extract.asked);
        assert_eq!(extract.asked.len(), slots.slots().len());
        String::from_utf8(text).expect("text")
    };
    let mut other = event.clone();
    other.values.insert("t.name".into(), vec![support::Datum::Bytes(b"else".to_vec())]);
    let (first, second) = (show(&event), show(&other));
    assert_ne!(first, second);
    assert!(second.starts_with("else else      ELSE <NA> ") && second.ends_with(" else"), "{second}");
    assert_eq!(show(&event), first);
}

/// Gives only what a set of rules has asked for.
struct Told<'a>(&'a RuleSet, &'a Scratch);

impl Extract for Told<'_> {
    fn extract(&mut self, slot: SlotId, out: &mut Values) -> bool {
        self.0.told(self.1, slot, out)
    }
}

#[test]
fn what_conditions_have_asked_for_can_be_shown() {
    let (scheme, mut event) = support::scheme();
    let mut slots = SlotTable::new();
    let format = OutputFormat::compile("%t.name %i.eight %l.text %t.none", &scheme, &mut slots).expect("a format");
    let text = "t.none exists or l.text in (nothing) or t.name exists or i.eight exists";
    let expr = lanner_engine::parse::parse(text, 0).expect("a condition");
    let condition = lanner_engine::check::Condition::check(&expr, &scheme).expect("it fits");
    let set = RuleSet::compile(&[&condition], Arc::clone(&scheme), slots.clone());
    let mut scratch = set.scratch();
    let mut told = |event: &support::Event| {
        let mut extract = FromEvent::new(event, &scheme, set.slots());
        set.evaluate(&mut scratch, event.code, &mut extract, RuleMatching::All, &mut Vec::new());
        let mut text = Vec::new();
        let (mut memory, mut told) = (ShownMemory::default(), Told(&set, &scratch));
        format.render(&mut Shown::new(&mut memory, &mut told), RenderOptions::default(), &mut text);
        String::from_utf8(text).expect("text")
    };
    let (everything, _) = rendered("%t.name <NA> %l.text <NA>", RenderOptions::default());
    assert_eq!(told(&event), everything, "what was not asked is not told");
    event.values.insert("t.name".into(), vec![support::Datum::Bytes(b"else".to_vec())]);
    assert!(told(&event).starts_with("else <NA> "));
    event.code = u16::MAX;
    assert_eq!(told(&event), "<NA> <NA> <NA> <NA>", "an event that no rule can match has told nothing");
}
