//! At which events a condition can be true although the call failed: the condition evaluated in part, with what is known of such
//! an event beforehand. Where nothing is known it can.

use super::typed::{Atom, AtomTest, Constant, Node, Source};
use crate::ast::Operator;
use crate::scheme::{EventSet, Matching, OfFailure, Scheme, ValueClass};
use crate::value::Want;

/// The codes at whose events of a failed call the condition can be true, or false unless `holds`. What is certain of the code by
/// itself counts too; codes that are no ends of calls are in the set unless that rules them out.
pub(super) fn codes(node: &Node, holds: bool, scheme: &Scheme) -> EventSet {
    let parts = |parts: &[Node], all: bool| {
        let sets = parts.iter().map(|part| codes(part, holds, scheme));
        if all { sets.fold(EventSet::FULL, |a, b| a & b) } else { sets.fold(EventSet::EMPTY, |a, b| a | b) }
    };
    match node {
        Node::Not(part) => codes(part, !holds, scheme),
        Node::And(all) => parts(all, holds),
        Node::Or(any) => parts(any, !holds),
        Node::Atom(atom) => of_atom(atom, holds, scheme),
    }
}

fn of_atom(atom: &Atom, holds: bool, scheme: &Scheme) -> EventSet {
    let by_code = match atom.fold {
        Some(fold) => !if holds { fold.never } else { fold.always },
        None => EventSet::FULL,
    };
    let Source::Field { slot, matching: Matching::One, .. } = &atom.left else { return by_code };
    if slot.list || slot.want != Want::Scalar {
        return by_code;
    }
    match scheme.facts().of_failure(slot.field, slot.arg.as_deref()) {
        Some((certain, what)) if !can_be(atom, what, holds) => by_code & !certain,
        _ => by_code,
    }
}

/// Whether a comparison of what the field says can be true, or false unless `holds`.
fn can_be(atom: &Atom, what: OfFailure, holds: bool) -> bool {
    let (op, values) = match &atom.test {
        AtomTest::Constants { op, modifier: None, values } if !values.is_empty() => (*op, values.as_slice()),
        // A value is there, whatever it is.
        AtomTest::Exists => return holds || what == OfFailure::NegativeOrAbsent,
        _ => return true,
    };
    match what {
        OfFailure::Is(number) => is(op, values, number).is_none_or(|is| is == holds),
        // What is missing makes every comparison false.
        OfFailure::NegativeOrAbsent if !holds => true,
        OfFailure::Negative | OfFailure::NegativeOrAbsent => {
            atom.left.ty().class() != ValueClass::Signed || negative(op, values, holds)
        }
        OfFailure::Not(text) => other_than(op, values, text.as_bytes(), holds),
    }
}

/// What the comparison comes to for this number, if it only asks whether it is equal.
fn is(op: Operator, values: &[Constant], number: u64) -> Option<bool> {
    let same = values.contains(&Constant::Number(number));
    match (op, values) {
        (Operator::Eq | Operator::In, _) => Some(same),
        (Operator::Ne, [_]) => Some(!same),
        _ => None,
    }
}

/// Whether there is a number below zero for which the comparison is true, or false unless `holds`.
fn negative(op: Operator, values: &[Constant], holds: bool) -> bool {
    let numbers: Option<Vec<i64>> =
        values.iter().map(|value| if let Constant::Number(n) = value { Some(n.cast_signed()) } else { None }).collect();
    let Some(numbers) = numbers else { return true };
    match (op, numbers.as_slice(), holds) {
        (Operator::Eq | Operator::In, all, true) => all.iter().any(|n| *n < 0),
        (Operator::Ne, [n], false) => *n < 0,
        (Operator::Gt, [n], true) | (Operator::Le, [n], false) => *n < -1,
        (Operator::Ge, [n], true) | (Operator::Lt, [n], false) => *n < 0,
        _ => true,
    }
}

/// The same for a text that is not this one.
fn other_than(op: Operator, values: &[Constant], text: &[u8], holds: bool) -> bool {
    let only = values.iter().all(|value| matches!(value, Constant::Bytes(bytes) if **bytes == *text));
    match (op, values) {
        (Operator::Eq | Operator::In, _) => !(only && holds),
        (Operator::Ne, [_]) => !only || holds,
        _ => true,
    }
}
