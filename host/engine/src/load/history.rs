//! What files did to an item, one after the other.

use serde::Serialize;

use super::Loader;
use super::context::{Context, ItemKind};
use super::item::RuleUpdate;
use crate::explain::Location;

/// One thing that a file did to a rule, a macro or a list.
#[derive(Debug, Clone)]
pub struct Touch {
    /// What.
    pub action: TouchAction,
    /// The keys it was done to; none for definitions, which are about all.
    pub keys: Vec<&'static str>,
    /// Where.
    pub context: Context,
}

/// What a file did to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TouchAction {
    /// Defined it.
    Defined,
    /// Defined it again, so that nothing of the definition before is left.
    Redefined,
    /// Added to some of its keys.
    Appended,
    /// Replaced some of its keys.
    Replaced,
}

impl TouchAction {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            TouchAction::Defined => "defined",
            TouchAction::Redefined => "defined again",
            TouchAction::Appended => "appended to",
            TouchAction::Replaced => "replaced",
        }
    }
}

/// The history of an item that is defined, given that of what had the name before.
pub(super) fn defined(before: Option<&Vec<Touch>>, context: &Context) -> Vec<Touch> {
    let action = if before.is_some() { TouchAction::Redefined } else { TouchAction::Defined };
    let mut history = before.cloned().unwrap_or_default();
    history.push(Touch { action, keys: Vec::new(), context: context.clone() });
    history
}

impl Touch {
    pub(super) fn new(action: TouchAction, keys: Vec<&'static str>, context: &Context) -> Self {
        Touch { action, keys, context: context.clone() }
    }
}

impl RuleUpdate {
    /// The keys that it is about.
    pub(super) fn keys(&self) -> Vec<&'static str> {
        let all = [
            ("condition", self.condition.is_some()),
            ("exceptions", self.exceptions.is_some()),
            ("output", self.output.is_some()),
            ("desc", self.desc.is_some()),
            ("tags", self.tags.is_some()),
            ("priority", self.priority.is_some()),
            ("capture", self.capture.is_some()),
            ("capture_duration", self.capture_duration.is_some()),
            ("capture_before", self.capture_before.is_some()),
            ("enforce", self.enforce.is_some()),
            ("enabled", self.enabled.is_some()),
            ("warn_evttypes", self.warn_evttypes.is_some()),
            ("skip-if-unknown-filter", self.skip_if_unknown_filter.is_some()),
        ];
        all.into_iter().filter(|(_, there)| *there).map(|(key, _)| key).collect()
    }
}

impl Loader {
    /// What the files did to an item, in order; empty for an item that does not exist.
    pub fn history(&self, kind: ItemKind, name: &str) -> &[Touch] {
        let history = match kind {
            ItemKind::Rule => self.collection.rules.get(name).map(|item| &item.history),
            ItemKind::Macro => self.collection.macros.get(name).map(|item| &item.history),
            ItemKind::List => self.collection.lists.get(name).map(|item| &item.history),
            _ => None,
        };
        history.map_or(&[], Vec::as_slice)
    }

    /// The items of a list as written, each with its place.
    pub fn list_items(&self, name: &str) -> Option<Vec<(&str, Location)>> {
        let list = self.collection.lists.get(name)?;
        let place = |origin: &super::Origin| Location {
            file: self.files.name(origin.file).into(),
            line: origin.mark.line + 1,
            column: origin.mark.column + 1,
        };
        Some(list.items.iter().map(|word| (word.text.as_str(), place(&word.origin))).collect())
    }

    /// The condition of a rule as written, with what was appended to it.
    pub fn written_condition(&self, rule: &str) -> Option<&str> {
        self.collection.rules.get(rule).map(|rule| rule.condition.text.as_str())
    }

    /// The output of a rule as written, with what was appended to it.
    pub fn written_output(&self, rule: &str) -> Option<&str> {
        self.collection.rules.get(rule).map(|rule| rule.output.text.as_str())
    }

    /// The text of the item that begins at a context's place: from its dash to what follows it, without comments and
    /// empty lines at the end.
    pub fn item_text(&self, context: &Context) -> &str {
        let place = context.place();
        let text = self.files.text(place.file);
        let start = place.start.offset as usize;
        let line_start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let indent = text.get(line_start..).map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
        let mut end = line_start;
        let mut full = line_start;
        for (at, line) in text.get(line_start..).unwrap_or("").split_inclusive('\n').enumerate() {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            let content = line.trim();
            if at > 0 && !content.is_empty() && blanks <= indent {
                break;
            }
            full += line.len();
            if !content.is_empty() {
                end = full;
            }
        }
        text.get(line_start..end).unwrap_or("").trim_end()
    }
}
