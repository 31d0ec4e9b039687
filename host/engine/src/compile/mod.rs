//! All conditions of one source as one graph, and its evaluation.

use std::sync::Arc;

use crate::check::Condition;
use crate::scheme::Scheme;
use crate::value::{Extract, SlotTable, Values};

/// A rule of a [`RuleSet`]: the position of its condition.
pub type RuleIdx = u32;

/// Which of the rules that match an event are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuleMatching {
    /// The first in load order.
    #[default]
    First,
    /// All, in load order.
    All,
}

/// The compiled conditions of one source. Frozen; shared by all threads that evaluate that source.
#[derive(Debug)]
pub struct RuleSet {
    scheme: Arc<Scheme>,
    slots: SlotTable,
}

/// The memory that evaluation needs, one per thread and rule set.
#[derive(Debug)]
pub struct Scratch {
    values: Values,
}

impl RuleSet {
    /// Compiles conditions in load order; the position is the [`RuleIdx`]. `slots` may hold the slots of formats already.
    pub fn compile(_conditions: &[&Condition], scheme: Arc<Scheme>, slots: SlotTable) -> RuleSet {
        RuleSet { scheme, slots }
    }

    /// The scheme that the set was compiled for.
    pub fn scheme(&self) -> &Arc<Scheme> {
        &self.scheme
    }

    /// Everything that can be asked of [`Extract`].
    pub fn slots(&self) -> &SlotTable {
        &self.slots
    }

    /// Whether any rule can match an event of this code; if not, evaluating it does nothing.
    pub fn wants(&self, _event_code: u16) -> bool {
        true
    }

    /// Memory for evaluation.
    pub fn scratch(&self) -> Scratch {
        Scratch { values: Values::new() }
    }

    /// Appends the rules that match the event to `hits`.
    pub fn evaluate(
        &self,
        scratch: &mut Scratch,
        _event_code: u16,
        _extract: &mut dyn Extract,
        _matching: RuleMatching,
        _hits: &mut Vec<RuleIdx>,
    ) {
        scratch.values.clear();
    }
}
