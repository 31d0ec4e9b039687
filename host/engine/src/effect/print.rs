//! Differences as text: `+` came, `-` went, `~` differs.

use std::fmt::Display;
use std::fmt::Write as _;

use super::{Change, Difference, PartChange, RuleChange, RuleHead};

impl Difference {
    /// For people.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for (mark, rules) in [('+', &self.added), ('-', &self.removed)] {
            rules.iter().for_each(|rule| head(mark, rule, &mut out));
        }
        self.changed.iter().for_each(|change| rule(change, &mut out));
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "{} added, {} removed, {} changed, {} the same",
            self.added.len(),
            self.removed.len(),
            self.changed.len(),
            self.same
        );
        out
    }
}

fn head(mark: char, rule: &RuleHead, out: &mut String) {
    let off = if rule.enabled { "" } else { ", disabled" };
    let enforce = rule.enforce.map(|what| format!(", ENFORCE {what}")).unwrap_or_default();
    let _ = writeln!(out, "{mark} {} ({}{off}{enforce}) {}", rule.rule, rule.priority, rule.location);
}

fn rule(change: &RuleChange, out: &mut String) {
    let _ = writeln!(out, "~ {} {}", change.rule, change.location);
    if let Some(Change { old, new }) = &change.enabled {
        let word = |on: &bool| if *on { "enabled" } else { "disabled" };
        let _ = writeln!(out, "    {} -> {}", word(old), word(new));
    }
    // First and loud: from a rule that tells to a rule that kills.
    line("ENFORCE", &change.enforce, out);
    line("priority", &change.priority, out);
    line("source", &change.source, out);
    if let Some(Change { old: (was, before), new: (is, after) }) = &change.capture {
        let _ = writeln!(out, "    capture: {was} ({before} ms) -> {is} ({after} ms)");
    }
    if let Some(Change { old, new }) = &change.capture_before {
        let word = |ms: &Option<u32>| ms.map_or_else(|| "as configured".to_owned(), |ms| format!("{ms} ms"));
        let _ = writeln!(out, "    capture_before: {} -> {}", word(old), word(new));
    }
    items("tags", &change.tags, out);
    block("desc", &change.description, out);
    block("output", &change.output, out);
    parts("condition", &change.condition.parts, out);
    change.condition.lists.iter().for_each(|list| items(&list.comparison, &list.items, out));
    for exception in &change.condition.exceptions {
        parts(&format!("exception {}", exception.name), &exception.entries, out);
    }
}

fn line<T: Display>(name: &str, change: &Option<Change<T>>, out: &mut String) {
    if let Some(Change { old, new }) = change {
        let _ = writeln!(out, "    {name}: {old} -> {new}");
    }
}

/// Long texts stand below each other.
fn block(name: &str, change: &Option<Change<String>>, out: &mut String) {
    if let Some(Change { old, new }) = change {
        let _ = writeln!(out, "    {name}:\n      - {old}\n      + {new}");
    }
}

/// Short ones stand in a line.
fn items(name: &str, change: &PartChange, out: &mut String) {
    if change.is_empty() {
        return;
    }
    let added = change.added.iter().map(|item| format!(" +{item}"));
    let removed = change.removed.iter().map(|item| format!(" -{item}"));
    let _ = writeln!(out, "    {name}:{}", added.chain(removed).collect::<String>());
}

fn parts(name: &str, change: &PartChange, out: &mut String) {
    if change.is_empty() {
        return;
    }
    let _ = writeln!(out, "    {name}:");
    change.removed.iter().for_each(|part| {
        let _ = writeln!(out, "      - {part}");
    });
    change.added.iter().for_each(|part| {
        let _ = writeln!(out, "      + {part}");
    });
}
