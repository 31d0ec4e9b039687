//! The tree of one condition for one event.

use serde::Serialize;

use super::info::{NodeInfo, NodeKind};
use super::node::Node;
use crate::source::SourceId;

/// Which parts are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Those that evaluation looks at: of `and` no part after a false one, of `or` none after a true one.
    Reached,
    /// All: what else is false shows at once.
    #[default]
    Everything,
}

/// What came of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It is true.
    True,
    /// It is false.
    False,
    /// A comparison that is false because the event has no value for one of its sides.
    Missing,
    /// It was not evaluated.
    Skipped,
}

impl Truth {
    /// Whether it is true.
    pub fn holds(self) -> bool {
        self == Truth::True
    }
}

/// A part of a condition and what came of it for an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// Its position in preorder: the same for every event.
    pub id: u32,
    /// What came of it.
    pub truth: Truth,
    /// Whether evaluation comes to it before the condition is decided.
    pub reached: bool,
    /// Whether the condition is what it is because of this part: a true one of what came out true, a false one of what came
    /// out false. Where several parts are, changing one of them may not be enough.
    pub decides: bool,
    /// What is known of it without an event.
    #[serde(flatten)]
    pub info: NodeInfo,
    /// Of a comparison, what the event has on the left: one value, or those of a list. `None`: no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    /// The same for the right side, where it is a field or a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right_values: Option<Vec<String>>,
    /// Its parts; of an exception's comparison, its entries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

impl Part {
    /// Calls `f` on this part and then on all within it.
    pub fn walk<'p>(&'p self, f: &mut dyn FnMut(&'p Part)) {
        f(self);
        self.parts.iter().for_each(|part| part.walk(f));
    }

    /// The comparisons that decide, from left to right: the short answer to why the condition is what it is.
    pub fn deciding(&self) -> Vec<&Part> {
        let mut found = Vec::new();
        self.walk(&mut |part| {
            if part.decides && part.info.kind == NodeKind::Check {
                found.push(part);
            }
        });
        found
    }
}

/// Whether the part at this position holds, given the truth of all leaves.
pub(super) fn holds(nodes: &[Node], at: u32, truth: &[bool]) -> bool {
    let Some(node) = nodes.get(at as usize) else { return false };
    let mut parts = node.parts.iter().map(|part| holds(nodes, *part, truth));
    match node.info.kind {
        NodeKind::And => parts.all(|holds| holds),
        NodeKind::Or => parts.any(|holds| holds),
        NodeKind::Not => !parts.any(|holds| holds),
        NodeKind::Check | NodeKind::Entry => node.leaf.is_some_and(|leaf| truth.get(leaf.at as usize) == Some(&true)),
    }
}

/// Builds the tree. `texts` gives the values of a source, or `None` if the event has none.
pub(super) fn build(
    nodes: &[Node],
    truth: &[bool],
    depth: Depth,
    texts: &mut dyn FnMut(SourceId) -> Option<Vec<String>>,
) -> Option<Part> {
    let mut part = Walk { nodes, truth, depth, texts }.part(0, true)?;
    decide(&mut part);
    Some(part)
}

struct Walk<'w> {
    nodes: &'w [Node],
    truth: &'w [bool],
    depth: Depth,
    texts: &'w mut dyn FnMut(SourceId) -> Option<Vec<String>>,
}

impl Walk<'_> {
    fn part(&mut self, at: u32, reached: bool) -> Option<Part> {
        let node = self.nodes.get(at as usize)?;
        let mut part = Part {
            id: at,
            truth: Truth::Skipped,
            reached,
            decides: false,
            info: node.info.clone(),
            values: None,
            right_values: None,
            parts: Vec::with_capacity(node.parts.len()),
        };
        // Of `and` the first false part ends it, of `or` the first true one.
        let last = match node.info.kind {
            NodeKind::And => Some(false),
            NodeKind::Or => Some(true),
            NodeKind::Not | NodeKind::Check | NodeKind::Entry => None,
        };
        let mut open = reached;
        for child in &node.parts {
            part.parts.extend(self.part(*child, open));
            open &= last != Some(holds(self.nodes, *child, self.truth));
        }
        if reached || self.depth == Depth::Everything {
            part.truth = match holds(self.nodes, at, self.truth) {
                true => Truth::True,
                false => Truth::False,
            };
            self.leaf(node, &mut part);
        }
        Some(part)
    }

    fn leaf(&mut self, node: &Node, part: &mut Part) {
        let Some(leaf) = node.leaf else { return };
        part.values = (self.texts)(leaf.left).filter(|values| leaf.list || !values.is_empty());
        part.right_values = leaf.right.and_then(|right| (self.texts)(right));
        let missing = part.values.is_none() || leaf.right.is_some() && part.right_values.is_none();
        if missing && !leaf.exists && part.truth == Truth::False {
            part.truth = Truth::Missing;
        }
    }
}

/// Marks what decides, from the root down.
fn decide(part: &mut Part) {
    part.decides = true;
    let outcome = part.truth.holds();
    let only = match part.info.kind {
        NodeKind::And if !outcome => Some(false),
        NodeKind::Or | NodeKind::Check if outcome => Some(true),
        _ => None,
    };
    for child in part.parts.iter_mut().filter(|child| child.truth != Truth::Skipped) {
        if only.is_none_or(|truth| child.truth.holds() == truth) {
            decide(child);
        }
    }
}
