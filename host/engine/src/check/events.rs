//! Which events a condition can be true for: by code, and those that one code stands for by call.

use std::ops::{BitAnd, BitOr};

use super::error::CheckErrorKind;
use super::memo::Memo;
use super::operand::base_field;
use super::typed::Fold;
use crate::ast::{Check, Expr, ExprKind, Modifier, Operand, OperandKind, Operator, Right, Test, Value};
use crate::scheme::{CallSet, EventSet, Scheme};

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

/// The events that a condition can be true for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Their codes.
    pub codes: EventSet,
    /// Of those that stand for calls of several names: the calls. Says nothing about other codes.
    pub calls: CallSet,
}

impl Reach {
    const NONE: Reach = Reach { codes: EventSet::EMPTY, calls: CallSet::EMPTY };

    fn all(scheme: &Scheme) -> Reach {
        Reach { codes: scheme.events().all(), calls: CallSet::FULL }
    }
}

impl BitAnd for Reach {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Reach { codes: self.codes & other.codes, calls: self.calls & other.calls }
    }
}

impl BitOr for Reach {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Reach { codes: self.codes | other.codes, calls: self.calls | other.calls }
    }
}

/// Events that a condition can be true for: intersection over `and`, union over `or`, negation pushed down to the
/// checks. Only plain checks of what names the call (`evt.type`, `syscall.type`, [`SchemeBuilder::call_field`]) restrict them,
/// and checks of `evt.num`, which counts from one, that are always or never true. Whatever cannot be told, macros included,
/// allows every event.
///
/// [`SchemeBuilder::call_field`]: crate::scheme::SchemeBuilder::call_field
pub fn reach(expr: &Expr, scheme: &Scheme) -> Reach {
    reached(expr, false, scheme, &mut Memo::default())
}

/// The codes of [`reach`].
pub fn event_set(expr: &Expr, scheme: &Scheme) -> EventSet {
    reach(expr, scheme).codes
}

/// [`event_set`] of the opposite.
pub(crate) fn event_set_of_not(expr: &Expr, scheme: &Scheme) -> EventSet {
    reached(expr, true, scheme, &mut Memo::default()).codes
}

pub(super) fn reached(expr: &Expr, negated: bool, scheme: &Scheme, memo: &mut Memo) -> Reach {
    let (parts, and) = match &expr.kind {
        ExprKind::And(parts) => (parts, true),
        ExprKind::Or(parts) => (parts, false),
        ExprKind::Not(part) => return reached(part, !negated, scheme, memo),
        ExprKind::Macro(_) => return Reach::all(scheme),
        ExprKind::Check(check) => return of_check(check, negated, scheme),
    };
    if let Some(reach) = memo.get(parts, and).and_then(|known| known.reach[usize::from(negated)]) {
        return reach;
    }
    let reach = match and != negated {
        true => parts.iter().fold(Reach::all(scheme), |all, part| all & reached(part, negated, scheme, memo)),
        false => parts.iter().fold(Reach::NONE, |all, part| all | reached(part, negated, scheme, memo)),
    };
    memo.learn(parts, and, |known| known.reach[usize::from(negated)] = Some(reach));
    reach
}

/// Fields that name the call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// `evt.type`: at every event.
    Event,
    /// `syscall.type`: at system calls.
    Call,
    /// A field that names it at events that stand for calls of several names, and may mean anything at others.
    Generic,
}

fn naming(operand: &Operand, scheme: &Scheme) -> Option<Naming> {
    let OperandKind::Field { name, arg } = &operand.kind else { return None };
    match (&**name, arg) {
        ("evt.type", None) => Some(Naming::Event),
        ("syscall.type", None) => Some(Naming::Call),
        _ => {
            let (id, dotted) = scheme.find_dotted(name)?;
            let arg = dotted.or(arg.as_deref())?;
            scheme.events().is_call_field(&scheme.field(id).name, arg).then_some(Naming::Generic)
        }
    }
}

fn of_check(check: &Check, negated: bool, scheme: &Scheme) -> Reach {
    let all = Reach::all(scheme);
    let (op, modifier, right) = match &check.test {
        Test::Exists if bare(&check.left, &["evt.type"]).is_some() && negated => return Reach::NONE,
        Test::Exists => return all,
        Test::Compare { op, modifier, right } => (*op, *modifier, right),
    };
    if let Some(known) = of_number(&check.left, op, modifier, right) {
        return if known != negated { all } else { Reach::NONE };
    }
    let Some(naming) = naming(&check.left, scheme).filter(|_| restricts(op, modifier)) else { return all };
    let values = match right {
        Right::Value(value) | Right::Name(value) => std::slice::from_ref(value),
        Right::List(values) => values,
        Right::Call(_) => return all,
    };
    let events = scheme.events();
    let codes = |v: &Value| match naming {
        Naming::Event => events.codes(&v.text()),
        Naming::Call => events.syscall_codes(&v.text()),
        // At events of other codes the field may have any value.
        Naming::Generic => Some(all.codes),
    };
    let named = values.iter().filter_map(codes).fold(EventSet::EMPTY, |s, c| s | c) & all.codes;
    let calls = values.iter().try_fold(CallSet::EMPTY, |s, v| Some(s | events.calls(&v.text())?));
    if (op == Operator::Ne) == negated {
        return Reach { codes: named, calls: calls.unwrap_or(CallSet::FULL) };
    }
    if naming != Naming::Event {
        return all;
    }
    // What is not one of the names is every other code, and also the same code where it goes by several names: then for every
    // other call.
    let dynamic = events.kinds().iter().filter(|k| k.dynamic).map(|k| k.code).collect::<EventSet>();
    Reach { codes: all.codes & (!named | dynamic), calls: calls.map_or(CallSet::FULL, |calls| !calls) }
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
