//! A rule's condition as written and as a part of the graph, side by side.

use std::collections::HashMap;

use crate::ast::{Expr, ExprKind, Span};
use crate::check::typed::Node;
use crate::lint::{Id, Prover};
use crate::load::RuleSpec;

/// A rule's condition in the graph, with the places of its comparisons.
pub(super) struct Tree {
    /// The whole condition.
    pub(super) root: Id,
    /// Where each comparison or its opposite first stands.
    pub(super) places: HashMap<Id, Span>,
}

impl Tree {
    pub(super) fn new(rule: &RuleSpec, prover: &mut Prover) -> Self {
        let mut places = HashMap::new();
        pairs(&rule.expr, &rule.condition.root, true, &mut |expr, node, holds| {
            let id = prover.graph.add(node, holds);
            places.entry(id).or_insert(expr.span);
        });
        Tree { root: prover.graph.add(&rule.condition.root, true), places }
    }
}

/// Calls `f` on every comparison with its two forms, and whether it counts as it is or as its opposite. The typed tree has
/// the shape of the one it was made of.
pub(super) fn pairs(expr: &Expr, node: &Node, holds: bool, f: &mut dyn FnMut(&Expr, &Node, bool)) {
    match (&expr.kind, node) {
        (ExprKind::And(exprs), Node::And(nodes)) | (ExprKind::Or(exprs), Node::Or(nodes)) => {
            exprs.iter().zip(nodes).for_each(|(expr, node)| pairs(expr, node, holds, f));
        }
        (ExprKind::Not(expr), Node::Not(node)) => pairs(expr, node, !holds, f),
        _ => f(expr, node, holds),
    }
}
