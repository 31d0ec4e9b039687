//! What the difference between two sets of rule files comes to: rules that appear, go, or change in effect. Lists, macros,
//! exceptions, overrides and the order of files count only by what they make of rules, so moving a condition into a macro is
//! no change and an item appended to a list is one in every rule that uses it.

mod condition;
mod print;

use serde::Serialize;

pub use condition::{ConditionChange, ExceptionChange, ListChange, PartChange};

use crate::explain::Location;
use crate::load::{Enforce, Loader, RuleSpec};

/// All differences.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Rules that only the new files have, in their order.
    pub added: Vec<RuleHead>,
    /// Rules that only the old files have, in their order.
    pub removed: Vec<RuleHead>,
    /// Rules that both have and that differ, in the new order.
    pub changed: Vec<RuleChange>,
    /// How many are the same.
    pub same: usize,
}

/// A rule by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleHead {
    /// Its name.
    pub rule: String,
    /// The name of its priority.
    pub priority: &'static str,
    /// Whether it is on.
    pub enabled: bool,
    /// What is done to the process beside the alert, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforce: Option<&'static str>,
    /// Where it is defined.
    pub location: Location,
}

/// A rule that differs; what is `None` or empty is the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleChange {
    /// Its name.
    pub rule: String,
    /// Where the new files define it.
    pub location: Location,
    /// It was turned on or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<Change<bool>>,
    /// Another priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Change<&'static str>>,
    /// Another source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Change<String>>,
    /// Another description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Change<String>>,
    /// Another output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Change<String>>,
    /// What is done to the process beside the alert: the gravest difference there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforce: Option<Change<&'static str>>,
    /// Whether a match starts a capture, and how long it lasts in milliseconds (0: as configured).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<Change<(bool, u32)>>,
    /// How long before the match it begins, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_before: Option<Change<Option<u32>>>,
    /// Tags that came and went.
    #[serde(skip_serializing_if = "PartChange::is_empty")]
    pub tags: PartChange,
    /// What became of the condition.
    #[serde(flatten)]
    pub condition: ConditionChange,
}

/// Before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// As the old files have it.
    pub old: T,
    /// As the new files have it.
    pub new: T,
}

fn change<T: PartialEq>(old: T, new: T) -> Option<Change<T>> {
    (old != new).then_some(Change { old, new })
}

impl Difference {
    /// Compares what two loaders have loaded.
    pub fn between(old: &Loader, new: &Loader) -> Self {
        let find = |loader: &Loader, name: &str| loader.rules().iter().any(|rule| *rule.name == *name);
        let only = |mine: &Loader, other: &Loader| -> Vec<RuleHead> {
            mine.rules().iter().filter(|rule| !find(other, &rule.name)).map(|rule| head(rule, mine)).collect()
        };
        let mut difference =
            Difference { added: only(new, old), removed: only(old, new), changed: Vec::new(), same: 0 };
        for rule in new.rules() {
            let Some(before) = old.rules().iter().find(|before| before.name == rule.name) else { continue };
            match compare(before, rule, old, new) {
                Some(change) => difference.changed.push(change),
                None => difference.same += 1,
            }
        }
        difference
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn head(rule: &RuleSpec, loader: &Loader) -> RuleHead {
    RuleHead {
        rule: rule.name.to_string(),
        priority: rule.priority.name(),
        enabled: rule.enabled,
        enforce: (rule.enforce != Enforce::None).then(|| rule.enforce.as_str()),
        location: rule.context.place().location(loader.files()),
    }
}

fn compare(old: &RuleSpec, new: &RuleSpec, before: &Loader, after: &Loader) -> Option<RuleChange> {
    let tags = |rule: &RuleSpec| rule.tags.iter().map(|tag| tag.to_string()).collect::<Vec<_>>();
    // As written: what the configuration appends is the same for both.
    let output = |loader: &Loader, rule: &RuleSpec| loader.written_output(&rule.name).unwrap_or_default().to_owned();
    let found = RuleChange {
        rule: new.name.to_string(),
        location: new.context.place().location(after.files()),
        enabled: change(old.enabled, new.enabled),
        priority: change(old.priority.name(), new.priority.name()),
        source: change(old.source.to_string(), new.source.to_string()),
        description: change(one_line(&old.description), one_line(&new.description)),
        output: change(one_line(&output(before, old)), one_line(&output(after, new))),
        enforce: change(old.enforce.as_str(), new.enforce.as_str()),
        capture: change((old.capture, old.capture_duration), (new.capture, new.capture_duration)),
        capture_before: change(old.capture_before, new.capture_before),
        tags: PartChange::between(tags(old), tags(new)),
        condition: ConditionChange::between(&old.expr, &new.expr),
    };
    let RuleChange {
        enabled,
        priority,
        source,
        description,
        output,
        enforce,
        capture,
        capture_before,
        tags,
        condition,
        ..
    } = &found;
    let same = enabled.is_none()
        && priority.is_none()
        && source.is_none()
        && description.is_none()
        && output.is_none()
        && enforce.is_none()
        && capture.is_none()
        && capture_before.is_none()
        && tags.is_empty()
        && condition.is_empty();
    (!same).then_some(found)
}

/// How a text is broken into lines is no difference.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
