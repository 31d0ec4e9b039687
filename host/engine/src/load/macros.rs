//! Macros in conditions, resolved on the tree.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ast::{Expansion, ExpansionKind, Expr, ExprKind, Right, Span, Test};

/// A macro of one compilation.
#[derive(Debug)]
pub(super) struct Macro {
    pub(super) name: String,
    /// The condition as far as it is resolved. `None` if it could not be parsed.
    pub(super) condition: Option<Expr>,
    pub(super) used: bool,
    /// Lower indexes are visible to those who come later.
    pub(super) index: u32,
    /// What a copy of it costs.
    cost: Cost,
}

/// What a tree costs: memory in units of about 50 bytes, as if nothing were shared, and the deepest nesting.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    size: usize,
    depth: usize,
    /// Whether there is a macro left in it.
    open: bool,
}

#[derive(Debug, Default)]
pub(super) struct Macros {
    macros: Vec<Macro>,
    by_name: HashMap<Box<str>, usize>,
    spent: usize,
}

/// All expansions together may cost this many units.
const MAX_SIZE: usize = 8_000_000;

/// How deep expanded conditions may nest, and how many macros may stand within each other.
const MAX_DEPTH: usize = 500;

/// Why a macro cannot stand where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum MacroError {
    #[error("Undefined macro '{0}' used in filter.")]
    Undefined(Box<str>),
    /// The macro itself is bad, which has been told.
    #[error("macro '{0}' has errors of its own")]
    Broken(Box<str>),
    #[error("reference loop in macro '{0}'")]
    Loop(Box<str>),
    #[error("macros expand to too large a condition")]
    TooLarge,
    #[error("macros nest deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl Macros {
    pub(super) fn add(&mut self, name: &str, index: u32, condition: Option<Expr>) {
        let cost = condition.as_ref().map(cost).unwrap_or_default();
        self.by_name.insert(name.into(), self.macros.len());
        self.macros.push(Macro { name: name.to_owned(), condition, used: false, index, cost });
    }

    pub(super) fn all(&self) -> &[Macro] {
        &self.macros
    }

    /// Resolves what the macro at this position names itself, as far as it is visible.
    pub(super) fn resolve_own(&mut self, at: usize, visibility: u32) -> Result<(), (MacroError, Span)> {
        let open = self.macros.get(at).filter(|m| m.cost.open);
        let Some(mut condition) = open.and_then(|m| m.condition.clone()) else { return Ok(()) };
        let result = self.resolve(&mut condition, visibility);
        let cost = cost(&condition);
        if let Some(entry) = self.macros.get_mut(at) {
            entry.condition = Some(condition);
            entry.cost = cost;
        }
        result
    }

    /// Replaces the names of macros in a tree by their conditions. The first loop wins over the first undefined macro.
    pub(super) fn resolve(&mut self, expr: &mut Expr, visibility: u32) -> Result<(), (MacroError, Span)> {
        let mut run = Run { macros: self, visibility, path: Vec::new(), error: None, undefined: None, broken: None };
        run.visit(expr, 0);
        match run.error.or(run.undefined).or(run.broken) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

struct Run<'m> {
    macros: &'m mut Macros,
    visibility: u32,
    path: Vec<usize>,
    error: Option<(MacroError, Span)>,
    undefined: Option<(MacroError, Span)>,
    broken: Option<(MacroError, Span)>,
}

impl Run<'_> {
    fn visit(&mut self, expr: &mut Expr, depth: usize) {
        match &mut expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                parts.to_mut().iter_mut().for_each(|p| self.visit(p, depth + 1));
            }
            ExprKind::Not(part) => self.visit(part, depth + 1),
            ExprKind::Check(_) => {}
            ExprKind::Macro(name) => {
                let found = self.macros.by_name.get(name).copied();
                let visible = found.filter(|at| {
                    self.macros.macros.get(*at).is_some_and(|m| m.index < self.visibility && m.condition.is_some())
                });
                let Some(at) = visible else {
                    let bad = found.is_some_and(|at| self.macros.macros[at].condition.is_none());
                    let (first, error) = match bad {
                        true => (&mut self.broken, MacroError::Broken(name.clone())),
                        false => (&mut self.undefined, MacroError::Undefined(name.clone())),
                    };
                    first.get_or_insert((error, expr.span));
                    return;
                };
                if self.path.contains(&at) {
                    self.error.get_or_insert((MacroError::Loop(name.clone()), expr.span));
                    return;
                }
                let cost = self.macros.macros[at].cost;
                self.macros.spent += cost.size;
                if self.macros.spent > MAX_SIZE {
                    self.error.get_or_insert((MacroError::TooLarge, expr.span));
                    return;
                }
                if depth + cost.depth > MAX_DEPTH || self.path.len() >= MAX_DEPTH {
                    self.error.get_or_insert((MacroError::TooDeep, expr.span));
                    return;
                }
                let Some(mut body) = self.macros.macros[at].condition.clone() else { return };
                if cost.open {
                    self.path.push(at);
                    self.visit(&mut body, depth);
                    self.path.pop();
                }
                self.macros.macros[at].used = true;
                let (name, at, inner) = (std::mem::take(name), expr.span, body.from.take());
                body.from = Some(Arc::new(Expansion { kind: ExpansionKind::Macro, name, at, inner }));
                *expr = body;
            }
        }
    }
}

fn cost(expr: &Expr) -> Cost {
    let all = |parts: &[Expr]| {
        parts.iter().map(cost).fold(Cost { size: 1, ..Cost::default() }, |sum, part| Cost {
            size: sum.size + part.size,
            depth: sum.depth.max(part.depth + 1),
            open: sum.open || part.open,
        })
    };
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => all(parts),
        ExprKind::Not(part) => all(std::slice::from_ref(part)),
        ExprKind::Macro(_) => Cost { size: 1, open: true, ..Cost::default() },
        ExprKind::Check(check) => match &check.test {
            Test::Compare { right: Right::List(values), .. } => Cost { size: 4 + values.len(), ..Cost::default() },
            _ => Cost { size: 4, ..Cost::default() },
        },
    }
}
