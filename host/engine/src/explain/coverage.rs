//! What the parts of conditions came to over many events.

use super::info::{NodeInfo, NodeKind};
use super::node::Node;
use super::{Explainer, tree};

/// What a part came to so far, where evaluation came to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Events for which it was true.
    pub times_true: u64,
    /// Events for which it was false.
    pub times_false: u64,
}

/// What each part of each condition of an [`Explainer`] came to. Events of types that a condition cannot be true for, and
/// parts that evaluation did not come to, count for nothing; parts that nobody asked for are not looked at.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    conditions: Vec<Vec<Seen>>,
}

impl Coverage {
    /// Nothing seen yet.
    pub fn new(explainer: &Explainer) -> Self {
        let conditions = explainer.conditions.iter().map(|c| vec![Seen::default(); c.nodes.len()]).collect();
        Coverage { conditions }
    }

    /// Counts the event that the explainer last looked at, which has this code. The explainer must be the one that the
    /// coverage was made for.
    pub fn record(&mut self, explainer: &Explainer, event_code: u16) {
        for (condition, seen) in explainer.conditions.iter().zip(&mut self.conditions) {
            if condition.events.contains(event_code) {
                count(&condition.nodes, 0, &explainer.truth, seen);
            }
        }
    }

    /// The parts of a condition in preorder, each with what it came to.
    pub fn parts<'c>(
        &'c self,
        explainer: &'c Explainer,
        condition: usize,
    ) -> impl Iterator<Item = (&'c NodeInfo, Seen)> {
        let seen = self.conditions.get(condition).map_or(&[][..], Vec::as_slice);
        explainer.nodes(condition).zip(seen.iter().copied())
    }

    /// What a whole condition came to.
    pub fn whole(&self, condition: usize) -> Seen {
        self.conditions.get(condition).and_then(|parts| parts.first()).copied().unwrap_or_default()
    }

    /// Adds what another coverage of the same explainer saw, that of another thread for instance.
    pub fn add(&mut self, other: &Coverage) {
        for (mine, theirs) in self.conditions.iter_mut().zip(&other.conditions) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                mine.times_true += theirs.times_true;
                mine.times_false += theirs.times_false;
            }
        }
    }
}

/// Counts a part and, as far as evaluation goes, those within it. Whether it holds.
fn count(nodes: &[Node], at: u32, truth: &[bool], seen: &mut [Seen]) -> bool {
    let Some(node) = nodes.get(at as usize) else { return false };
    let holds = match node.info.kind {
        NodeKind::And => node.parts.iter().all(|part| count(nodes, *part, truth, seen)),
        NodeKind::Or => node.parts.iter().any(|part| count(nodes, *part, truth, seen)),
        NodeKind::Not => !node.parts.iter().any(|part| count(nodes, *part, truth, seen)),
        NodeKind::Check | NodeKind::Entry => {
            node.parts.iter().for_each(|entry| {
                count(nodes, *entry, truth, seen);
            });
            tree::holds(nodes, at, truth)
        }
    };
    if let Some(seen) = seen.get_mut(at as usize) {
        let times = if holds { &mut seen.times_true } else { &mut seen.times_false };
        *times += 1;
    }
    holds
}
