//! What loading depends on beside the files.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::priority::Priority;
use super::version::Version;
use crate::scheme::{FieldFlags, Scheme};

/// The version of the rule language that this engine speaks.
pub const ENGINE_VERSION: Version = Version::new(0, 63, 0);

/// What loading depends on beside the files.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The sources with their fields and events, in order. Rules of other sources are left out with a warning.
    pub sources: Vec<Arc<Scheme>>,
    /// The loaded plugins.
    pub plugins: Vec<PluginInfo>,
    /// Rules less grave than this are checked but stay off.
    pub threshold: Priority,
    /// What configuration adds to outputs, in order.
    pub append_output: Vec<AppendOutput>,
    /// Go on after an error, so that one run tells all of them. Otherwise a file's result has at most one error, and what
    /// stands after it in the file is not read: programs that compare results expect that.
    pub all_errors: bool,
    /// Leave out what has an error and keep the rest, whatever the result says: one bad rule does not take the others
    /// down. Every error is told then, as with `all_errors`.
    pub per_rule: bool,
}

impl Settings {
    /// Everything allowed, nothing added.
    pub fn new(sources: Vec<Arc<Scheme>>) -> Self {
        Settings {
            sources,
            plugins: Vec::new(),
            threshold: Priority::Debug,
            append_output: Vec::new(),
            all_errors: false,
            per_rule: false,
        }
    }

    /// Whether an error is not the end.
    pub(super) fn go_on(&self) -> bool {
        self.all_errors || self.per_rule
    }
}

/// A loaded plugin, as far as rules are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The source whose events it delivers.
    pub event_source: Option<String>,
    /// The sources whose events it has fields for; empty: all.
    pub field_sources: Vec<String>,
    /// The names of its fields; empty: it has none.
    pub fields: Vec<String>,
    /// The sources that it adds asynchronous events to; empty: all.
    pub async_sources: Vec<String>,
    /// The names of those events; empty: it has none.
    pub async_events: Vec<String>,
}

/// One entry of the configuration's `append_output`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppendOutput {
    /// Only rules of this source.
    pub source: Option<String>,
    /// Only the rule of this name.
    pub rule: Option<String>,
    /// Only rules that have all these tags.
    pub tags: BTreeSet<String>,
    /// Text to append after a blank.
    pub text: Option<String>,
    /// Further fields: the key and a format for its text, or no format for the typed value of the field that the key names.
    pub fields: Vec<(String, Option<String>)>,
    /// Append the fields that plugins suggest.
    pub suggested: bool,
}

impl AppendOutput {
    /// Whether it concerns a rule.
    pub(super) fn matches(&self, rule: &super::item::RuleItem) -> bool {
        self.source.as_ref().is_none_or(|source| *source == rule.source)
            && self.rule.as_ref().is_none_or(|name| *name == rule.name)
            && self.tags.iter().all(|tag| rule.tags.contains(tag))
    }

    /// The text for rules of a source.
    pub(super) fn texts(&self, scheme: &Scheme) -> Vec<String> {
        let mut texts: Vec<String> = self.text.iter().filter(|t| !t.is_empty()).cloned().collect();
        if self.suggested {
            let suggested = scheme.fields().iter().filter(|f| f.flags.contains(FieldFlags::FORMAT_SUGGESTED));
            texts.extend(suggested.map(|f| format!("{}=%{}", f.name.replace('.', "_"), f.name)));
        }
        texts
    }
}
