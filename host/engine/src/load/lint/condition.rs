//! Conditions and parts of them that are never or always true.

use super::Linter;
use super::tree::Tree;
use crate::ast::{Expr, ExprKind, Span};
use crate::check::typed::Node;
use crate::lint::{Conflict, Prover};
use crate::load::code::LintCode;
use crate::load::item::RuleItem;
use crate::load::result::Related;
use crate::load::{FileRange, RuleSpec};

impl Linter<'_> {
    /// `true` if the whole condition is never true.
    pub(super) fn condition(&mut self, rule: &RuleSpec, item: &RuleItem, tree: &Tree, prover: &mut Prover) -> bool {
        let excluded = item.exceptions.iter().any(|e| !e.values.is_empty());
        // An exception that covers the rule is told as such.
        let (expr, node) = match (&rule.expr.kind, &rule.condition.root) {
            (ExprKind::And(exprs), Node::And(nodes)) if excluded => match (exprs.first(), nodes.first()) {
                (Some(expr), Some(node)) => (expr, node),
                _ => return false,
            },
            _ => (&rule.expr, &rule.condition.root),
        };
        let id = prover.graph.add(node, true);
        if let Some(conflict) = prover.refute(id) {
            self.never(conflict, "the condition can never be true", expr.span, item, tree);
            return true;
        }
        let no_event = rule.condition.events().is_empty() && !counts_events(expr);
        if no_event {
            let context = self.part(expr.span, item);
            let message = "the condition can never be true: no event has all the types it asks for";
            self.tell(LintCode::NeverTrue, message, &context).help =
                Some("ask for the types in one `evt.type in (…)`".to_owned());
            return true;
        }
        self.parts(expr, node, item, tree, prover, true);
        false
    }

    fn never(&mut self, conflict: Conflict, what: &str, whole: Span, item: &RuleItem, tree: &Tree) {
        let (first, second) = match conflict {
            Conflict::Between(a, b) => (tree.places.get(&a), tree.places.get(&b)),
            Conflict::Impossible(a) | Conflict::NothingLeft(a) => (tree.places.get(&a), None),
        };
        let (mut at, mut other) = (first.or(second).copied().unwrap_or(whole), None);
        if let (Some(first), Some(second)) = (first, second)
            && first != second
        {
            (at, other) = if (first.source, first.start) <= (second.source, second.start) {
                (*second, Some(*first))
            } else {
                (*first, Some(*second))
            };
        }
        let why = match conflict {
            Conflict::Between(..) if other.is_some() => "two of its parts exclude each other",
            Conflict::Between(..) => "this part excludes another one",
            Conflict::Impossible(_) => "the function never gives this text",
            Conflict::NothingLeft(_) => "the other parts allow none of these values",
        };
        let context = self.part(at, item);
        let related = other.map(|other| Related {
            message: "excluded by this".to_owned(),
            at: FileRange::from(self.part(other, item).place()),
        });
        let found = self.tell(LintCode::NeverTrue, format!("{what}: {why}"), &context);
        found.related.extend(related);
        found.help = Some("join alternatives by `or` or in one `in (…)`, or remove one of the parts".to_owned());
    }

    /// Parts that decide nothing. Of nested ones the outermost is told.
    fn parts(&mut self, expr: &Expr, node: &Node, item: &RuleItem, tree: &Tree, prover: &mut Prover, whole: bool) {
        let group = matches!(expr.kind, ExprKind::And(_) | ExprKind::Or(_));
        if group {
            let id = prover.graph.add(node, true);
            let opposite = prover.graph.negate(id);
            if let Some(conflict) = prover.refute(id) {
                self.never(conflict, "this part of the condition can never be true", expr.span, item, tree);
                return;
            }
            if prover.refute(opposite).is_some() {
                let context = self.part(expr.span, item);
                let what = if whole { "the condition" } else { "this part of the condition" };
                let found = self.tell(LintCode::AlwaysTrue, format!("{what} is always true"), &context);
                found.help = Some("remove what is meant to be no restriction, or correct it".to_owned());
                return;
            }
        }
        match (&expr.kind, node) {
            (ExprKind::And(exprs), Node::And(nodes)) | (ExprKind::Or(exprs), Node::Or(nodes)) => {
                for (expr, node) in exprs.iter().zip(nodes) {
                    self.parts(expr, node, item, tree, prover, false);
                }
            }
            (ExprKind::Not(expr), Node::Not(node)) => self.parts(expr, node, item, tree, prover, false),
            _ => {}
        }
    }
}

/// Whether it has a check of `evt.num`, by which conditions are switched off on purpose.
fn counts_events(expr: &Expr) -> bool {
    use crate::ast::OperandKind;
    expr.checks()
        .iter()
        .any(|check| matches!(&check.left.kind, OperandKind::Field { name, .. } if **name == *"evt.num"))
}
