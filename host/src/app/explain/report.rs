//! What is said of an event and its rules, as text and as JSON.

use std::fmt::Write as _;

use lanner_engine::explain::{Location, Part, Style, Truth};
use lanner_engine::load::{Loader, RuleSpec};
use serde_json::{Value, json};

/// One event and what rules made of it.
pub(super) struct Report {
    pub(super) num: u64,
    pub(super) source: String,
    /// The event in a line.
    pub(super) line: String,
    /// One rule was asked for.
    pub(super) single: bool,
    pub(super) rules: Vec<RuleReport>,
}

/// One rule.
pub(super) struct RuleReport {
    name: String,
    priority: &'static str,
    location: Location,
    outcome: Outcome,
    /// Why the rule is off, if it is.
    disabled: Option<String>,
    tree: Option<Part>,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It raised an alert.
    Fires,
    /// Its condition is false.
    False,
    /// Its condition is true, but it is off.
    Disabled,
    /// Its condition is true, but an earlier rule took the event.
    Shadowed { by: String, location: Location },
    /// It does not look at events of this type.
    EventType { looks_at: Vec<String>, this: String },
    /// It is about another source.
    OtherSource(String),
}

/// The most characters of the event's line; an execve has its whole environment in it.
const LONG_LINE: usize = 240;

/// Names of event types that are shown of a rule that looks at others.
const MANY_TYPES: usize = 12;

impl RuleReport {
    pub(super) fn new(rule: &RuleSpec, loader: &Loader, outcome: Outcome, tree: Part) -> Self {
        let (name, location) = Self::place(rule, loader);
        let disabled = (!rule.enabled).then(|| disabled(rule, loader));
        Self { name, priority: rule.priority.name(), location, outcome, disabled, tree: Some(tree) }
    }

    /// Name and place of a rule.
    pub(super) fn place(rule: &RuleSpec, loader: &Loader) -> (String, Location) {
        (rule.name.to_string(), rule.context.place().location(loader.files()))
    }

    /// The verdict as a sentence about the rule.
    fn verdict(&self) -> String {
        let off = self.disabled.as_deref().unwrap_or_default();
        match &self.outcome {
            Outcome::Fires => "fires: its condition is true.".to_owned(),
            Outcome::False if self.disabled.is_some() => {
                format!("does not fire: its condition is false, and it is disabled ({off}).")
            }
            Outcome::False => "does not fire: its condition is false.".to_owned(),
            Outcome::Disabled => format!("does not fire although its condition is true: it is disabled ({off})."),
            Outcome::Shadowed { by, location } => format!(
                "does not fire although its condition is true: the earlier rule '{by}' ({location}) takes the event, because \
                 rule_matching is 'first'. With rule_matching: all both are reported."
            ),
            Outcome::EventType { looks_at, this } => {
                let more = looks_at.len().saturating_sub(MANY_TYPES);
                let mut names = looks_at.iter().take(MANY_TYPES).cloned().collect::<Vec<_>>().join(", ");
                if more > 0 {
                    let _ = write!(names, " and {more} more");
                }
                let names = if names.is_empty() { "no type at all".to_owned() } else { names };
                format!("does not look at events of type {this}: its condition can only be true for {names}.")
            }
            Outcome::OtherSource(source) => format!("is about events of source {source}; it never sees this one."),
        }
    }

    fn short(&self, out: &mut String, colour: bool) {
        let fires = self.outcome == Outcome::Fires;
        let (on, off) = if colour && fires { ("\x1b[32m", "\x1b[0m") } else { ("", "") };
        let _ = write!(out, "{on}{:<6}{off} {} ({})", if fires { "fires" } else { "-" }, self.name, self.location);
        match (&self.outcome, &self.tree) {
            (Outcome::False, Some(tree)) => {
                out.push_str(": ");
                out.push_str(&because(tree));
            }
            (Outcome::Fires, _) => {}
            (Outcome::Shadowed { by, .. }, _) => {
                let _ = write!(out, ": true, but '{by}' comes first");
            }
            _ => {
                let _ = write!(out, ": true, but disabled ({})", self.disabled.as_deref().unwrap_or_default());
            }
        }
        out.push('\n');
    }

    fn json(&self) -> Value {
        let (outcome, more) = match &self.outcome {
            Outcome::Fires => ("fires", Value::Null),
            Outcome::False => ("condition_false", Value::Null),
            Outcome::Disabled => ("disabled", Value::Null),
            Outcome::Shadowed { by, location } => ("shadowed", json!({ "rule": by, "location": location })),
            Outcome::EventType { looks_at, .. } => ("event_type", json!({ "looks_at": looks_at })),
            Outcome::OtherSource(source) => ("other_source", json!({ "source": source })),
        };
        let mut object = json!({
            "rule": self.name,
            "priority": self.priority,
            "location": self.location,
            "outcome": outcome,
            "enabled": self.disabled.is_none(),
            "verdict": format!("'{}' {}", self.name, self.verdict()),
            "condition": self.tree,
        });
        if let (Some(map), Some(why)) = (object.as_object_mut(), &self.disabled) {
            map.insert("disabled".into(), why.as_str().into());
        }
        if let (Some(map), false) = (object.as_object_mut(), more.is_null()) {
            map.insert("because".into(), more);
        }
        object
    }
}

/// The first of the comparisons that decide, and how many others there are.
fn because(tree: &Part) -> String {
    let deciding = tree.deciding();
    let Some(first) = deciding.first() else { return String::new() };
    let comparison = first.info.comparison.as_ref().map(|c| c.to_text(false)).unwrap_or_default();
    let value = match (&first.values, first.truth) {
        (Some(values), _) => format!("is {}", values.join(", ")),
        (None, _) => "has no value".to_owned(),
    };
    let more = match deciding.len() {
        1 => String::new(),
        many => format!(" (and {} more)", many - 1),
    };
    let verb = if first.truth == Truth::True { "holds: it " } else { "" };
    format!("{comparison} {verb}{value}{more}")
}

fn disabled(rule: &RuleSpec, loader: &Loader) -> String {
    let threshold = loader.settings().threshold;
    if rule.priority > threshold {
        return format!("its priority {} is below the configured {}", rule.priority.name(), threshold.name());
    }
    match loader.enabled_by_files(&rule.name) {
        Some(false) => "by 'enabled: false' in the rule files".to_owned(),
        _ => "by 'rules' in the configuration".to_owned(),
    }
}

impl Report {
    /// A rule of another source than the event's.
    pub(super) fn other_source(&mut self, rule: &RuleSpec, loader: &Loader) {
        let (name, location) = RuleReport::place(rule, loader);
        let disabled = (!rule.enabled).then(|| disabled(rule, loader));
        let outcome = Outcome::OtherSource(rule.source.to_string());
        self.rules.push(RuleReport { name, priority: rule.priority.name(), location, outcome, disabled, tree: None });
    }

    /// For people.
    pub(super) fn text(&self, whole: bool, colour: bool) -> String {
        let line = self.line.trim_end();
        let (line, cut) = match line.char_indices().nth(LONG_LINE) {
            Some((at, _)) if !whole => (line.get(..at).unwrap_or(line), "…"),
            _ => (line, ""),
        };
        let mut out = format!("Event {} of source {}: {line}{cut}\n", self.num, self.source);
        if !self.single {
            if self.rules.is_empty() {
                out.push_str("No rule looks at events of this type.\n");
            }
            self.rules.iter().for_each(|rule| rule.short(&mut out, colour));
            return out;
        }
        for rule in &self.rules {
            let _ = writeln!(out, "Rule '{}' ({}) {}", rule.name, rule.location, rule.verdict());
            if let Some(tree) = &rule.tree {
                out.push_str("The comparisons that decide are marked with '>'.\n\n");
                out.push_str(&tree.to_text(Style { colour, indent: 0, whole }));
            }
        }
        out
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let rules: Vec<Value> = self.rules.iter().map(RuleReport::json).collect();
        json!({ "event": { "num": self.num, "source": self.source, "text": self.line.trim_end() }, "rules": rules })
    }
}
