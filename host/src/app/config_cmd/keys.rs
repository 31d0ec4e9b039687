//! `lanner config keys`: the table of all keys.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::KeysForm;
use crate::config::check::shape;
use crate::config::keys::{Effect, KEYS, Key};
use crate::config::meaning::{about, domain};

/// The table.
pub(super) fn table(form: KeysForm) -> String {
    match form {
        KeysForm::Text => text(),
        KeysForm::Markdown => markdown(),
        KeysForm::Json => {
            let rows: Vec<Value> = KEYS
                .iter()
                .map(|key| {
                    json!({"key": key.path, "takes": takes(key).replace('`', ""), "default": key.default,
                        "about": about(key.path), "no_effect": note(key)})
                })
                .collect();
            format!("{:#}\n", Value::Array(rows))
        }
    }
}

/// The values of a key in words.
fn takes(key: &Key) -> String {
    match domain(key.path).words() {
        Some(words) if words.starts_with('`') => words,
        Some(words) => {
            words.strip_prefix("a whole number ").map_or(words.clone(), |range| format!("whole number {range}"))
        }
        None => shape(key.kind).to_owned(),
    }
}

/// Why setting a key does nothing, if it does nothing.
fn note(key: &Key) -> Option<&'static str> {
    match key.effect {
        Effect::Moot(why) => Some(why),
        Effect::Works => None,
    }
}

fn text() -> String {
    let mut out = String::new();
    for key in KEYS {
        let default = if key.default.is_empty() { String::new() } else { format!(", default {}", key.default) };
        let note = note(key).map(|why| format!("; no effect: {why}")).unwrap_or_default();
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}: {}{default}\n    {}{note}", key.path, takes(key), about(key.path));
    }
    out.replace('`', "")
}

fn markdown() -> String {
    let mut out = String::from("| key | takes | default | |\n|--|--|--|--|\n");
    for key in KEYS {
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        let note = note(key).map(|why| format!("; no effect: {why}")).unwrap_or_default();
        let _ = writeln!(out, "| `{}` | {} | {default} | {}{note} |", key.path, takes(key), about(key.path));
    }
    out
}
