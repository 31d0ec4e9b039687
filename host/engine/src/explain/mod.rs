//! Why a condition is true or false for an event: its tree with the truth of every part and the values that were compared.
//!
//! An [`Explainer`] is compiled beside the rules and only where somebody asks; running rules know nothing of it. Its
//! comparisons are those of the compiled set itself, each leaf compiled as a condition of its own, so that an explanation
//! cannot tell another story than the evaluation; only `and`, `or` and `not` are walked here. One explainer serves any number
//! of conditions of one source: equal leaves are evaluated once for all of them.

mod coverage;
mod info;
mod node;
mod origins;
mod outline;
mod print;
mod tree;

use std::sync::Arc;

pub use coverage::{Coverage, Seen};
pub use info::{Comparison, Constant, NodeInfo, NodeKind, Origin, OriginKind, RightSide};
pub use origins::{Location, Origins};
pub use outline::Outline;
pub use print::Style;
pub use tree::{Depth, Part, Truth};

use crate::ast::Expr;
use crate::check::{CheckError, Condition};
use crate::compile::{RuleMatching, RuleSet, Scratch};
use crate::render;
use crate::scheme::{EventSet, Scheme};
use crate::source::{SourceId, Sources};
use crate::value::{Extract, SlotTable, Values};

use self::node::{Builder, Node};

/// Conditions of one source made ready to be explained.
#[derive(Debug)]
pub struct Explainer {
    conditions: Vec<Explained>,
    set: RuleSet,
    scratch: Scratch,
    sources: Sources,
    slots: SlotTable,
    hits: Vec<u32>,
    /// The truth of each leaf for the event last looked at.
    truth: Vec<bool>,
    values: Values,
}

/// One condition: its parts in preorder, the root first.
#[derive(Debug)]
struct Explained {
    nodes: Vec<Node>,
    events: EventSet,
}

impl Explainer {
    /// Prepares conditions; they are later asked for by their position. The trees must be free of macros, as the loader
    /// leaves them.
    ///
    /// # Errors
    /// The first thing in a tree that does not fit the scheme. Conditions of loaded rules have been checked and fit.
    pub fn compile(exprs: &[&Expr], scheme: Arc<Scheme>, origins: &dyn Origins) -> Result<Self, CheckError> {
        let mut builder = Builder::new(&scheme, origins);
        let mut conditions = Vec::with_capacity(exprs.len());
        for expr in exprs {
            let events = Condition::check(expr, &scheme)?.events();
            conditions.push(Explained { nodes: builder.tree(expr)?, events });
        }
        let Builder { leaves, sources, slots, .. } = builder;
        let leaves: Vec<&Condition> = leaves.iter().collect();
        let set = RuleSet::compile(&leaves, scheme, slots);
        Ok(Explainer {
            conditions,
            scratch: set.scratch(),
            slots: set.slots().clone(),
            truth: vec![false; leaves.len()],
            set,
            sources,
            hits: Vec::new(),
            values: Values::new(),
        })
    }

    /// Everything that can be asked of [`Extract`].
    pub fn slots(&self) -> &SlotTable {
        &self.slots
    }

    /// The event codes that a condition can be true for; for others it is not even evaluated.
    pub fn events(&self, condition: usize) -> EventSet {
        self.conditions.get(condition).map_or(EventSet::EMPTY, |c| c.events)
    }

    /// What is known of the parts of a condition before any event, in preorder; the position is [`Part::id`].
    pub fn nodes(&self, condition: usize) -> impl Iterator<Item = &NodeInfo> {
        self.conditions.get(condition).into_iter().flat_map(|c| &c.nodes).map(|node| &node.info)
    }

    /// The parts of a condition as a tree.
    pub fn outline(&self, condition: usize) -> Option<Outline> {
        outline::build(&self.conditions.get(condition)?.nodes, 0)
    }

    /// Looks at an event. What is asked next is about this event.
    pub fn look(&mut self, event_code: u16, extract: &mut dyn Extract) {
        self.hits.clear();
        self.set.evaluate(&mut self.scratch, event_code, extract, RuleMatching::All, &mut self.hits);
        self.truth.fill(false);
        for hit in &self.hits {
            if let Some(truth) = self.truth.get_mut(*hit as usize) {
                *truth = true;
            }
        }
    }

    /// Whether the condition holds for the event last looked at.
    pub fn holds(&self, condition: usize) -> bool {
        self.conditions.get(condition).is_some_and(|c| tree::holds(&c.nodes, 0, &self.truth))
    }

    /// The tree of a condition for the event last looked at, of which `extract` answers. `None` if there is no condition at
    /// this position.
    pub fn tree(&mut self, condition: usize, depth: Depth, extract: &mut dyn Extract) -> Option<Part> {
        let Explainer { conditions, truth, sources, values, .. } = self;
        let nodes = &conditions.get(condition)?.nodes;
        let mut show = |source: SourceId| texts(sources, source, values, extract);
        tree::build(nodes, truth, depth, &mut show)
    }
}

/// The values of a source as text. `None`: the event has none.
fn texts(sources: &Sources, source: SourceId, values: &mut Values, extract: &mut dyn Extract) -> Option<Vec<String>> {
    values.clear();
    let run = sources.evaluate(source, values, extract)?;
    let info = sources.info(source);
    let text = |item: &crate::value::Item| {
        let mut out = Vec::new();
        render::scalar(info.ty, info.format, *item, values, false, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    Some(values.items(run).iter().map(text).collect())
}
