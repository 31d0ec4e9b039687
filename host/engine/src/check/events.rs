//! Which event codes a condition can be true for.

use super::error::CheckErrorKind;
use super::operand::base_field;
use super::typed::Fold;
use crate::ast::{Check, Expr, ExprKind, Modifier, Operand, OperandKind, Operator, Right, Test, Value};
use crate::scheme::{EventSet, Scheme};

/// A check of `evt.type` itself, possibly under transformers: its constants must be names of events.
pub(super) fn is_event_type(left: &Operand) -> bool {
    base_field(left) == Some("evt.type")
}

fn bare<'o>(operand: &'o Operand, names: &[&str]) -> Option<&'o str> {
    match &operand.kind {
        OperandKind::Field { name, arg: None } if names.contains(&&**name) => Some(name),
        _ => None,
    }
}

/// The operators by which `evt.type` and `syscall.type` restrict event codes.
fn restricts(op: Operator, modifier: Option<Modifier>) -> bool {
    modifier.is_none() && matches!(op, Operator::Eq | Operator::EqEq | Operator::Ne | Operator::In)
}

/// Under an operator that restricts event codes, `evt.type` must be plain and stand against constants.
pub(super) fn refuse_expressions(
    check: &Check,
    op: Operator,
    modifier: Option<Modifier>,
) -> Result<(), CheckErrorKind> {
    const NAMES: [&str; 2] = ["evt.type", "syscall.type"];
    if !restricts(op, modifier) {
        return Ok(());
    }
    let Test::Compare { right, .. } = &check.test else { return Ok(()) };
    let mut inside = false;
    if let OperandKind::Call { args, .. } = &check.left.kind {
        args.iter().for_each(|arg| arg.walk(&mut |o| inside |= bare(o, &NAMES).is_some()));
    }
    let compared = bare(&check.left, &NAMES).is_some() && matches!(right, Right::Call(_));
    if inside || compared { Err(CheckErrorKind::EventTypeExpression) } else { Ok(()) }
}

/// Event codes that a condition can be true for: intersection over `and`, union over `or`, negation pushed down to the
/// checks. Only plain checks of `evt.type` and `syscall.type` restrict them, and checks of `evt.num`, which counts from
/// one, that are always or never true. Whatever cannot be told, macros included, allows every code.
pub fn event_set(expr: &Expr, scheme: &Scheme) -> EventSet {
    set(expr, false, scheme)
}

/// [`event_set`] of the opposite.
pub(crate) fn event_set_of_not(expr: &Expr, scheme: &Scheme) -> EventSet {
    set(expr, true, scheme)
}

fn set(expr: &Expr, negated: bool, scheme: &Scheme) -> EventSet {
    let all = scheme.events().all();
    match &expr.kind {
        ExprKind::Not(part) => set(part, !negated, scheme),
        ExprKind::And(parts) if !negated => parts.iter().fold(all, |s, p| s & set(p, negated, scheme)),
        ExprKind::Or(parts) if negated => parts.iter().fold(all, |s, p| s & set(p, negated, scheme)),
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter().fold(EventSet::EMPTY, |s, p| s | set(p, negated, scheme))
        }
        ExprKind::Macro(_) => all,
        ExprKind::Check(check) => of_check(check, negated, scheme),
    }
}

fn of_check(check: &Check, negated: bool, scheme: &Scheme) -> EventSet {
    let all = scheme.events().all();
    let (op, modifier, right) = match &check.test {
        Test::Exists if bare(&check.left, &["evt.type"]).is_some() && negated => return EventSet::EMPTY,
        Test::Exists => return all,
        Test::Compare { op, modifier, right } => (*op, *modifier, right),
    };
    if let Some(known) = of_number(&check.left, op, modifier, right) {
        return if known != negated { all } else { EventSet::EMPTY };
    }
    let Some(name) = bare(&check.left, &["evt.type", "syscall.type"]) else { return all };
    let values = match right {
        Right::Value(value) | Right::Name(value) => std::slice::from_ref(value),
        Right::List(values) => values,
        Right::Call(_) => return all,
    };
    if !restricts(op, modifier) {
        return all;
    }
    let codes = |v: &Value| match name {
        "evt.type" => scheme.events().codes(&v.text()),
        _ => scheme.events().syscall_codes(&v.text()),
    };
    let named = values.iter().filter_map(codes).fold(EventSet::EMPTY, |s, c| s | c);
    if (op == Operator::Ne) == negated {
        return named & all;
    }
    // What is not one of the names is every other code, and also the same code where it goes by several names.
    let dynamic = scheme.events().kinds().iter().filter(|k| k.dynamic).map(|k| k.code).collect::<EventSet>();
    if name == "evt.type" { all & (!named | dynamic) } else { all }
}

/// What comparisons of `evt.num`, which is at least 1, always are.
fn of_number(left: &Operand, op: Operator, modifier: Option<Modifier>, right: &Right) -> Option<bool> {
    use Operator as O;
    bare(left, &["evt.num"])?;
    if modifier.is_some() {
        return None;
    }
    let number = |v: &Value| super::parse_unsigned(&v.text()).ok();
    match (op, right) {
        (O::In, Right::List(values)) if values.iter().all(|v| number(v) == Some(0)) => Some(false),
        (_, Right::Value(value)) => match (op, number(value)?) {
            (O::Eq | O::EqEq | O::Le, 0) | (O::Lt, 0 | 1) => Some(false),
            (O::Ne | O::Gt, 0) | (O::Ge, 0 | 1) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// What event codes with a fixed name say about a plain check of `evt.type`.
pub(super) fn fold(
    check: &Check,
    op: Operator,
    modifier: Option<Modifier>,
    values: &[Value],
    scheme: &Scheme,
) -> Option<Fold> {
    bare(&check.left, &["evt.type"])?;
    if !restricts(op, modifier) {
        return None;
    }
    let fixed = scheme.events().kinds().iter().filter(|k| !k.dynamic);
    let mut fold = Fold { always: EventSet::EMPTY, never: EventSet::EMPTY };
    for kind in fixed {
        let equal = values.iter().any(|v| *v.bytes == *kind.name.as_bytes());
        let part = if equal != (op == Operator::Ne) { &mut fold.always } else { &mut fold.never };
        part.insert(kind.code);
    }
    Some(fold)
}
