//! One condition that events must satisfy before anything else looks at them.

use std::sync::Arc;

use lanner_engine::check::Condition;
use lanner_engine::compile::{RuleIdx, RuleMatching, RuleSet, Scratch};
use lanner_engine::parse;
use lanner_engine::scheme::{EventSet, Scheme};
use lanner_engine::value::SlotTable;

use super::extractor::{Answers, Context, Extractor};
use super::scheme::SourceScheme;
use crate::plugin::{EventRef, PluginError, Plugins, Wish};

/// A compiled condition with the memory of the thread that asks it.
#[derive(Debug)]
pub struct Filter {
    set: RuleSet,
    scratch: Scratch,
    answers: Answers,
    hits: Vec<RuleIdx>,
}

impl Filter {
    /// Parses and checks a condition as typed by a user; the error says what is wrong with it.
    pub fn check(text: &str, scheme: &Scheme) -> Result<Condition, String> {
        let expr = parse::parse_with_depth(text, 0, parse::DEFAULT_DEPTH).map_err(|error| error.to_string())?;
        Condition::check(&expr, scheme).map_err(|error| error.to_string())
    }

    /// Compiles a condition for one source.
    ///
    /// # Errors
    /// What a plugin says of an argument.
    pub fn new(condition: &Condition, source: &SourceScheme, plugins: &Plugins) -> Result<Self, PluginError> {
        let set = RuleSet::compile(&[condition], Arc::clone(&source.scheme), SlotTable::new());
        let answers = Answers::prepare(set.slots(), source, plugins)?;
        Ok(Self { scratch: set.scratch_with_keys(|slot| answers.key_of(slot)), set, answers, hits: Vec::new() })
    }

    /// The codes of the events that the condition can hold for.
    #[must_use]
    pub fn events(&self) -> EventSet {
        self.set.events()
    }

    /// The events that the condition can hold for.
    #[must_use]
    pub fn wish(&self) -> Wish {
        Wish::of_rules(&self.set)
    }

    /// Whether the condition holds for the event.
    pub fn accepts(&mut self, event: &EventRef<'_>, plugins: &mut Plugins, context: &mut Context) -> bool {
        let mut extractor = Extractor { answers: &self.answers, plugins, event, context };
        self.hits.clear();
        self.set.evaluate(&mut self.scratch, event.ty(), &mut extractor, RuleMatching::First, &mut self.hits);
        !self.hits.is_empty()
    }
}
