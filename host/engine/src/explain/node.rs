//! Conditions taken apart: each part with what is known of it, each comparison compiled on its own.

use std::sync::Arc;

use super::info::{Comparison, Constant, NodeInfo, NodeKind, Origin, OriginKind, RightSide};
use super::origins::Origins;
use crate::ast::{Check, Expansion, ExpansionKind, Expr, ExprKind, Modifier, Operator, Right, Span, Test, Value};
use crate::check::typed::{AtomTest, Node as Typed};
use crate::check::{CheckError, Condition};
use crate::scheme::{Matching, Scheme};
use crate::source::{SourceId, Sources};
use crate::value::SlotTable;

/// A part of a condition.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) info: NodeInfo,
    /// The positions of its parts.
    pub(super) parts: Vec<u32>,
    /// Of a comparison and of an entry.
    pub(super) leaf: Option<Leaf>,
}

/// How a comparison is evaluated and shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// Its position among the compiled leaves.
    pub(super) at: u32,
    pub(super) left: SourceId,
    pub(super) right: Option<SourceId>,
    /// Any number of values, none included, is a value.
    pub(super) list: bool,
    /// It asks for nothing but a value.
    pub(super) exists: bool,
}

/// Takes trees apart.
pub(super) struct Builder<'b> {
    scheme: &'b Arc<Scheme>,
    origins: &'b dyn Origins,
    pub(super) leaves: Vec<Condition>,
    pub(super) sources: Sources,
    pub(super) slots: SlotTable,
}

impl<'b> Builder<'b> {
    pub(super) fn new(scheme: &'b Arc<Scheme>, origins: &'b dyn Origins) -> Self {
        Builder { scheme, origins, leaves: Vec::new(), sources: Sources::default(), slots: SlotTable::new() }
    }

    /// The parts of a tree in preorder.
    pub(super) fn tree(&mut self, expr: &Expr) -> Result<Vec<Node>, CheckError> {
        let mut nodes = Vec::new();
        self.node(expr, false, &mut nodes)?;
        Ok(nodes)
    }

    fn node(&mut self, expr: &Expr, exception: bool, nodes: &mut Vec<Node>) -> Result<u32, CheckError> {
        let at = nodes.len();
        let from = expr.from.as_deref().map(|from| from.chain().map(|e| self.origin(e)).collect()).unwrap_or_default();
        let is = |kind| expr.from.as_ref().is_some_and(|from| from.kind == kind);
        let (kind, parts) = match &expr.kind {
            ExprKind::And(parts) => (NodeKind::And, &**parts),
            ExprKind::Or(parts) => (NodeKind::Or, &**parts),
            ExprKind::Not(part) => (NodeKind::Not, std::slice::from_ref(&**part)),
            ExprKind::Macro(_) | ExprKind::Check(_) => (NodeKind::Check, &[][..]),
        };
        let entry = matches!(&expr.from, Some(from) if matches!(from.kind, ExpansionKind::ExceptionEntry(_)));
        let span = if entry { first_constant(expr) } else { expr.span };
        let location = self.origins.location(span);
        nodes.push(Node {
            info: NodeInfo { kind, location, from, comparison: None },
            parts: Vec::with_capacity(parts.len()),
            leaf: None,
        });
        for part in parts {
            let part = self.node(part, is(ExpansionKind::Exception), nodes)?;
            nodes[at].parts.push(part);
        }
        if kind == NodeKind::Check {
            let (leaf, comparison) = self.leaf(expr)?;
            nodes[at].info.comparison = comparison;
            nodes[at].leaf = Some(leaf);
        }
        if let (ExprKind::Check(check), true, None) = (&expr.kind, exception, &expr.from) {
            self.entries(check, expr, at, nodes)?;
        }
        Ok(at as u32)
    }

    /// An exception over a single field is one comparison with all its values; here each of them is looked at alone.
    fn entries(&mut self, check: &Check, expr: &Expr, at: usize, nodes: &mut Vec<Node>) -> Result<(), CheckError> {
        let Test::Compare { op, modifier, right: Right::List(values) } = &check.test else { return Ok(()) };
        if !matches!(modifier, None | Some(Modifier::AnyOf)) {
            return Ok(());
        }
        for value in values {
            let test = Test::Compare { op: *op, modifier: *modifier, right: Right::List(vec![value.clone()].into()) };
            let alone = Check { left: check.left.clone(), test };
            let (leaf, comparison) = self.leaf(&Expr::new(ExprKind::Check(alone.into()), expr.span))?;
            let location = self.origins.location(value.span);
            let entry = nodes.len() as u32;
            let info = NodeInfo { kind: NodeKind::Entry, location, from: Vec::new(), comparison };
            nodes.push(Node { info, parts: Vec::new(), leaf: Some(leaf) });
            nodes[at].parts.push(entry);
        }
        Ok(())
    }

    fn leaf(&mut self, expr: &Expr) -> Result<(Leaf, Option<Comparison>), CheckError> {
        let condition = Condition::check(expr, self.scheme)?;
        let at = self.leaves.len() as u32;
        let mut leaf = Leaf { at, left: 0, right: None, list: false, exists: false };
        if let Typed::Atom(atom) = &condition.root {
            leaf.left = self.sources.intern(&atom.left, &mut self.slots);
            leaf.list = atom.left.is_list() && atom.left.matching() == Matching::One;
            match &atom.test {
                AtomTest::Exists => leaf.exists = true,
                AtomTest::Field { right, .. } => leaf.right = Some(self.sources.intern(right, &mut self.slots)),
                AtomTest::Constants { .. } => {}
            }
        }
        self.leaves.push(condition);
        let comparison = match &expr.kind {
            ExprKind::Check(check) => Some(self.comparison(check)),
            _ => None,
        };
        Ok((leaf, comparison))
    }

    fn comparison(&self, check: &Check) -> Comparison {
        let field = check.left.to_string();
        let Test::Compare { op, modifier, right } = &check.test else {
            return Comparison { field, operator: "exists".to_owned(), right: RightSide::Nothing };
        };
        let operator = operator(*op, *modifier);
        let right = match right {
            Right::Value(value) => RightSide::Constant(self.constant(value)),
            Right::Name(value) => RightSide::List(vec![self.constant(value)]),
            Right::List(values) => RightSide::List(values.iter().map(|v| self.constant(v)).collect()),
            Right::Call(operand) => RightSide::Field(operand.to_string()),
        };
        Comparison { field, operator, right }
    }

    /// The values of a list stand where its name stands: that is how they are known.
    fn constant(&self, value: &Value) -> Constant {
        let written = self.origins.text(value.span).map(str::trim).filter(|text| !text.is_empty());
        let list = written.filter(|text| !text.starts_with(['"', '\'']) && text.as_bytes() != &*value.bytes);
        Constant { text: value.to_string(), list: list.map(Into::into) }
    }

    fn origin(&self, expansion: &Expansion) -> Origin {
        let (kind, entry) = match expansion.kind {
            ExpansionKind::Macro => (OriginKind::Macro, None),
            ExpansionKind::List => (OriginKind::List, None),
            ExpansionKind::Exception => (OriginKind::Exception, None),
            ExpansionKind::ExceptionEntry(at) => (OriginKind::Exception, Some(at)),
        };
        Origin { kind, name: expansion.name.clone(), entry, at: self.origins.location(expansion.at) }
    }
}

/// An exception's entry stands where its values stand, not where the exception's fields do.
fn first_constant(expr: &Expr) -> Span {
    let checks = expr.checks();
    let constant = checks.iter().find_map(|check| match &check.test {
        Test::Compare { right: Right::Value(value) | Right::Name(value), .. } => Some(value.span),
        Test::Compare { right: Right::List(values), .. } => values.first().map(|value| value.span),
        Test::Compare { right: Right::Call(_), .. } | Test::Exists => None,
    });
    constant.unwrap_or(expr.span)
}

fn operator(op: Operator, modifier: Option<Modifier>) -> String {
    match modifier {
        None => op.to_string(),
        Some(modifier) => format!("{op} {modifier}"),
    }
}
