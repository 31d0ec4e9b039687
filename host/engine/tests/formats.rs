//! Output formats: what they print, what values they yield, and which are refused.

mod support;

use std::sync::Arc;

use lanner_engine::format::{FormatValue, OutputFormat, RenderOptions};
use lanner_engine::value::{SlotTable, Values};
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
    let (mut arena, mut text) = (Values::new(), Vec::new());
    format.render(&mut extract, &mut arena, options, &mut text);
    let mut object = serde_json::Map::new();
    let mut keys = Vec::new();
    format.values(&mut extract, &mut arena, options, &mut |key, value| {
        keys.push(key.to_owned());
        object.insert(key.to_owned(), as_json(&value));
    });
    assert_eq!(keys, format.keys().collect::<Vec<_>>(), "the keys are known before the event");
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
    let set = lanner_engine::compile::RuleSet::compile(&[&condition], Arc::clone(&scheme), slots);
    assert_eq!(set.slots().slots().len(), 1);
}
