//! Rules ready to be compiled into a set.

use std::sync::Arc;

use super::context::Context;
use super::priority::Priority;
use crate::ast::Expr;
use crate::check::Condition;
use crate::compile::RuleSet;
use crate::format::OutputFormat;
use crate::scheme::Scheme;

/// A rule: everything that evaluation and alerts need.
#[derive(Debug, Clone)]
pub struct RuleSpec {
    /// The name.
    pub name: Arc<str>,
    /// The source's name.
    pub source: Arc<str>,
    /// What it is about.
    pub description: Arc<str>,
    /// How grave its alerts are.
    pub priority: Priority,
    /// Its tags, sorted.
    pub tags: Arc<[Arc<str>]>,
    /// Whether it is evaluated: as the files and the selectors say, and never below the priority threshold.
    pub enabled: bool,
    /// Whether a match starts a capture.
    pub capture: bool,
    /// How long that capture lasts, in milliseconds; 0: the configured default.
    pub capture_duration: u32,
    /// How long before the match it begins, in milliseconds; none: as configured.
    pub capture_before: Option<u32>,
    /// What is done to the process beside the alert.
    pub enforce: Enforce,
    /// The condition with lists, macros and exceptions in it.
    pub expr: Expr,
    /// The same, checked against the source's fields.
    pub condition: Condition,
    /// The output with everything that is appended to it.
    pub output: OutputFormat,
    /// Further fields of the alert's JSON, by key.
    pub extra_fields: Vec<ExtraField>,
    /// The fields of exceptions that have values, sorted.
    pub exception_fields: Vec<String>,
    /// Where it is defined.
    pub context: Context,
}

/// What a rule has done to the process whose event it matches, where the event happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforce {
    /// Nothing: there is an alert and that is all.
    #[default]
    None,
    /// It is killed.
    Kill,
}

impl Enforce {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::None, Self::Kill];

    /// The word in rule files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Kill => "kill",
        }
    }

    /// The one with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|enforce| enforce.as_str() == word)
    }
}

/// A field that configuration adds to the JSON of alerts.
#[derive(Debug, Clone)]
pub struct ExtraField {
    /// Its key.
    pub key: Arc<str>,
    /// What to render.
    pub format: OutputFormat,
    /// Its typed value is wanted rather than its text; then the format is one field.
    pub raw: bool,
}

/// The enabled rules of one source.
#[derive(Debug)]
pub struct SourceRules {
    /// The source's fields and events.
    pub scheme: Arc<Scheme>,
    /// The rules in load order; the position is the [`RuleIdx`](crate::compile::RuleIdx) of `set`.
    pub rules: Vec<Arc<RuleSpec>>,
    /// Their conditions compiled. Its slot table serves the rules' formats too.
    pub set: RuleSet,
}
