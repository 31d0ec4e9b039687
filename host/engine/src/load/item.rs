//! Rules, macros, lists and exceptions as they stand after merging.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use super::code::ErrorCode;
use super::context::{Context, FileRange};
use super::history::Touch;
use super::priority::Priority;
use super::source::{CondText, Origin};
use super::spec::Enforce;
use super::version::Version;

/// Why an item is refused. The reader and the compiler turn it into a diagnostic.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) context: Context,
    pub(super) help: Option<String>,
    /// The place for people, where it is narrower than the context's.
    pub(super) at: Option<FileRange>,
}

/// A scalar and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// When an item was first defined and last touched, counted over all files.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Order {
    /// Of the first definition; it gives the place among its like for ever.
    pub(super) index: u32,
    /// Of the last touch; what has a lower index is visible.
    pub(super) visibility: u32,
}

#[derive(Debug, Clone)]
pub(super) struct ListItem {
    pub(super) name: String,
    pub(super) items: Vec<Word>,
    pub(super) context: Context,
    pub(super) order: Order,
    pub(super) history: Vec<Touch>,
}

#[derive(Debug, Clone)]
pub(super) struct MacroItem {
    pub(super) name: String,
    pub(super) condition: Arc<CondText>,
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) order: Order,
    pub(super) history: Vec<Touch>,
}

#[derive(Debug, Clone)]
pub(super) struct RuleItem {
    pub(super) name: String,
    pub(super) condition: Arc<CondText>,
    pub(super) output: CondText,
    pub(super) desc: String,
    pub(super) source: String,
    pub(super) priority: Priority,
    pub(super) tags: BTreeSet<String>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) enabled: bool,
    pub(super) capture: bool,
    pub(super) capture_duration: u32,
    pub(super) capture_before: Option<u32>,
    pub(super) enforce: Enforce,
    pub(super) warn_evttypes: bool,
    pub(super) skip_if_unknown_filter: bool,
    /// No scheme for the source: the rule is kept for later appends but not compiled.
    pub(super) unknown_source: bool,
    /// A key has no value that can be used: the rule is looked at for further errors and left out.
    pub(super) broken: bool,
    pub(super) context: Context,
    pub(super) condition_context: Context,
    pub(super) output_context: Context,
    pub(super) order: Order,
    pub(super) history: Vec<Touch>,
}

/// What an append or a replacement brings; absent is what it leaves alone.
#[derive(Debug, Default)]
pub(super) struct RuleUpdate {
    pub(super) name: String,
    /// Empty: whatever the rule's source is.
    pub(super) source: String,
    pub(super) condition: Option<CondText>,
    pub(super) output: Option<CondText>,
    pub(super) desc: Option<String>,
    pub(super) tags: Option<BTreeSet<String>>,
    pub(super) exceptions: Option<Vec<Exception>>,
    pub(super) priority: Option<Priority>,
    pub(super) capture: Option<bool>,
    pub(super) capture_duration: Option<u32>,
    pub(super) capture_before: Option<u32>,
    pub(super) enforce: Option<Enforce>,
    pub(super) enabled: Option<bool>,
    pub(super) warn_evttypes: Option<bool>,
    pub(super) skip_if_unknown_filter: Option<bool>,
}

#[derive(Debug, Clone)]
pub(super) struct Exception {
    pub(super) name: String,
    pub(super) fields: Entry,
    pub(super) comps: Entry,
    pub(super) values: Vec<Entry>,
    pub(super) context: Context,
}

/// A part of an exception.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Unset,
    One(Word),
    Many(Vec<Entry>),
}

impl Entry {
    /// Whether there is anything in it. An empty list counts as nothing.
    pub(super) fn is_set(&self) -> bool {
        match self {
            Entry::Unset => false,
            Entry::One(word) => !word.text.is_empty(),
            Entry::Many(entries) => !entries.is_empty(),
        }
    }

    pub(super) fn word(&self) -> Option<&Word> {
        match self {
            Entry::One(word) => Some(word),
            _ => None,
        }
    }

    /// The text of a scalar; of anything else, nothing.
    pub(super) fn text(&self) -> &str {
        self.word().map_or("", |w| &w.text)
    }
}

impl RuleUpdate {
    /// Whether it changes anything.
    pub(super) fn is_empty(&self) -> bool {
        self.condition.is_none()
            && self.output.is_none()
            && self.desc.is_none()
            && self.tags.is_none()
            && self.exceptions.is_none()
            && self.priority.is_none()
            && self.capture.is_none()
            && self.capture_duration.is_none()
            && self.capture_before.is_none()
            && self.enforce.is_none()
            && self.enabled.is_none()
            && self.warn_evttypes.is_none()
            && self.skip_if_unknown_filter.is_none()
    }
}

/// A plugin that rules need, at least in this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginRequirement {
    /// Its name.
    pub name: String,
    /// The version as written.
    pub version: String,
    pub(super) parsed: Version,
}

/// Items by name, in the order of their first definition.
#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    items: Vec<T>,
    by_name: HashMap<Box<str>, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { items: Vec::new(), by_name: HashMap::new() }
    }
}

impl<T> Table<T> {
    pub(super) fn get(&self, name: &str) -> Option<&T> {
        self.position(name).and_then(|i| self.items.get(i))
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let at = self.position(name)?;
        self.items.get_mut(at)
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub(super) fn insert(&mut self, name: &str, item: T) {
        self.by_name.insert(name.into(), self.items.len());
        self.items.push(item);
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    pub(super) fn all(&self) -> &[T] {
        &self.items
    }
}

/// The distinct values, in order.
pub(super) fn sorted<T: Ord + Hash>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let set: BTreeSet<T> = values.into_iter().collect();
    set.into_iter().collect()
}
