//! From a checked condition to a program: negations down to the comparisons, what the event decides folded away, the rest
//! multiplied out.

use std::collections::BTreeSet;

use super::ability::{Ability, KillEvent};
use super::atom::{Truth, atom};
use super::program::{Alternative, How, Literal, Program, Subject};
use super::reason::{Reason, Unqualified};
use crate::ast::{Expr, ExprKind, Span};
use crate::check::Condition;
use crate::check::typed::Node;
use crate::scheme::Scheme;

/// Alternatives of one rule at one event.
const MAX_ALTERNATIVES: usize = 32;
/// Names of events told in a message.
const NAMES: usize = 4;

/// Lowers the condition of a rule; `expr` is the tree that `condition` was made of.
///
/// # Errors
/// The first part that the decider cannot decide at an event where it matters.
pub fn lower(expr: &Expr, condition: &Condition, scheme: &Scheme, ability: &Ability) -> Result<Program, Unqualified> {
    let fault = |reason| Unqualified { span: expr.span, reason };
    if scheme.source() != ability.source {
        return Err(fault(Reason::Source(scheme.source().into())));
    }
    let mut program = Program::default();
    for event in events(condition, scheme, ability).map_err(fault)? {
        for &code in event.codes {
            let cx = Cx { scheme, ability, event, code };
            let alternatives = cx.part(expr, &condition.root, true)?;
            if alternatives.iter().any(|alternative| !names_something(alternative)) {
                return Err(fault(Reason::Everything { event: event.name }));
            }
            if !alternatives.is_empty() {
                program.events.push((code, alternatives));
            }
        }
    }
    program.events.sort_by_key(|(code, _)| *code);
    if program.events.is_empty() { Err(fault(Reason::Never)) } else { Ok(program) }
}

/// The events that the condition can be true at, all of which the decider must see.
fn events(condition: &Condition, scheme: &Scheme, ability: &Ability) -> Result<Vec<&'static KillEvent>, Reason> {
    let kinds = scheme.events().kinds().iter();
    let wanted: BTreeSet<&str> = kinds
        .filter(|kind| condition.events().contains(kind.code) && !kind.dynamic && !kind.every_rule)
        .map(|kind| &*kind.name)
        .collect();
    let foreign: Vec<&str> = wanted.iter().copied().filter(|name| ability.event(name).is_none()).collect();
    if !foreign.is_empty() {
        let mut names = foreign.iter().take(NAMES).copied().collect::<Vec<_>>().join(", ");
        if foreign.len() > NAMES {
            names.push_str(&format!(" and {} more", foreign.len() - NAMES));
        }
        return Err(Reason::Events(names.into()));
    }
    Ok(wanted.into_iter().filter_map(|name| ability.event(name)).collect())
}

/// Whether an alternative says what is to be killed, and not only what is to be spared or how it was done.
fn names_something(alternative: &Alternative) -> bool {
    alternative.literals.iter().any(|literal| {
        let Literal { test, holds } = literal;
        match test.subject {
            // One byte is a slash, or the beginning of any name.
            Subject::Name | Subject::Program | Subject::File => {
                *holds && test.texts.iter().all(|text| text.len() > 1 || test.how == How::Equal)
            }
            Subject::Container => *holds == test.texts.iter().all(|text| **text == [1]),
            Subject::User | Subject::Reads | Subject::Writes | Subject::Folder => false,
        }
    })
}

/// What a condition is lowered for.
#[derive(Clone, Copy)]
pub(super) struct Cx<'c> {
    pub(super) scheme: &'c Scheme,
    pub(super) ability: &'c Ability,
    pub(super) event: &'static KillEvent,
    pub(super) code: u16,
}

impl Cx<'_> {
    /// The alternatives of a part (or, unless `holds`, of its opposite): none for what is never true.
    fn part(&self, expr: &Expr, node: &Node, holds: bool) -> Result<Vec<Alternative>, Unqualified> {
        match (&expr.kind, node) {
            (ExprKind::Not(expr), Node::Not(node)) => self.part(expr, node, !holds),
            (ExprKind::And(exprs), Node::And(nodes)) => self.group(expr.span, exprs, nodes, holds, holds),
            (ExprKind::Or(exprs), Node::Or(nodes)) => self.group(expr.span, exprs, nodes, holds, !holds),
            (_, Node::Atom(test)) => {
                let truth = atom(self, test, holds).map_err(|reason| Unqualified { span: expr.span, reason })?;
                Ok(match truth {
                    Truth::Never => Vec::new(),
                    Truth::Always => vec![Alternative::default()],
                    Truth::If(literal) => vec![Alternative { literals: vec![literal] }],
                })
            }
            // The typed tree has the shape of the one it was made of.
            _ => Err(Unqualified { span: expr.span, reason: Reason::Never }),
        }
    }

    /// A group: `all` of its parts, or any.
    fn group(
        &self,
        span: Span,
        exprs: &[Expr],
        nodes: &[Node],
        holds: bool,
        all: bool,
    ) -> Result<Vec<Alternative>, Unqualified> {
        let parts = || exprs.iter().zip(nodes).map(|(expr, node)| self.part(expr, node, holds));
        // What the event alone decides makes it indifferent whether the other parts can be decided.
        let decided = |part: &Result<Vec<Alternative>, Unqualified>| match part {
            Ok(found) if all => found.is_empty(),
            Ok(found) => found.iter().any(|alternative| alternative.literals.is_empty()),
            Err(_) => false,
        };
        if parts().any(|part| decided(&part)) {
            return Ok(if all { Vec::new() } else { vec![Alternative::default()] });
        }
        let mut found = if all { vec![Alternative::default()] } else { Vec::new() };
        for part in parts() {
            let part = part?;
            if all {
                found = found.iter().flat_map(|one| part.iter().filter_map(|other| both(one, other))).collect();
            } else {
                found.extend(part);
            }
            found = distinct(found);
            if found.len() > MAX_ALTERNATIVES {
                return Err(Unqualified { span, reason: Reason::Combinations(MAX_ALTERNATIVES) });
            }
        }
        Ok(found)
    }
}

/// Both at once; `None` if they contradict each other.
fn both(one: &Alternative, other: &Alternative) -> Option<Alternative> {
    let literals: BTreeSet<Literal> = one.literals.iter().chain(&other.literals).cloned().collect();
    let contrary =
        |literal: &Literal| literals.contains(&Literal { test: literal.test.clone(), holds: !literal.holds });
    if literals.iter().any(contrary) {
        return None;
    }
    Some(Alternative { literals: literals.into_iter().collect() })
}

fn distinct(alternatives: Vec<Alternative>) -> Vec<Alternative> {
    let mut out: Vec<Alternative> = Vec::with_capacity(alternatives.len());
    for alternative in alternatives {
        if !out.contains(&alternative) {
            out.push(alternative);
        }
    }
    out
}
