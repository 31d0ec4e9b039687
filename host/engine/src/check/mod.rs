//! From the tree of a condition to a typed one: fields found, constants read, operators fitted to types.

mod constant;
mod error;
mod events;
mod failure;
mod lint;
mod memo;
mod operand;
mod operators;
pub(crate) mod pattern;
pub(crate) mod regex;
pub(crate) mod typed;

use std::sync::Arc;

use crate::ast::{Check, Expr, ExprKind, Modifier, Operator, Right, Shared, Span, Test, Value};
use crate::scheme::{CallSet, EventSet, FieldFlags, Scheme, ValueClass};

use self::typed::{Atom, AtomTest, Constant, Node, Source};

pub(crate) use constant::unsigned as parse_unsigned;
pub use error::{CheckError, CheckErrorKind};
pub(crate) use events::event_set_of_not;
pub use events::{Reach, event_set, reach};
pub(crate) use lint::is_plain;
pub use lint::{Lint, LintKind, lints};
pub(crate) use memo::Checker;
pub use operand::valid_field;
pub(crate) use operand::{field_source, source};

/// Above so many event codes a condition is worth a warning, unless its rule says otherwise.
pub const MANY_EVENTS: usize = 100;

/// A condition that fits a scheme.
#[derive(Debug, Clone)]
pub struct Condition {
    pub(crate) root: Node,
    reach: Reach,
    failures: EventSet,
}

impl Condition {
    /// Checks a tree in which no macro is left.
    ///
    /// # Errors
    /// The first thing that does not fit, from left to right.
    pub fn check(expr: &Expr, scheme: &Scheme) -> Result<Condition, CheckError> {
        Checker::new(scheme).check(expr)
    }

    /// The event codes that the condition can be true for.
    pub fn events(&self) -> EventSet {
        self.reach.codes
    }

    /// Of events that stand for calls without a code of their own: the calls that it can be true for.
    pub fn calls(&self) -> CallSet {
        self.reach.calls
    }

    /// Of [`Condition::events`], those at which it can be true although the call failed.
    pub fn failures(&self) -> EventSet {
        self.failures
    }
}

impl Checker<'_> {
    fn node(&mut self, expr: &Expr) -> Result<Node, CheckError> {
        match &expr.kind {
            ExprKind::And(parts) => self.group(parts, true),
            ExprKind::Or(parts) => self.group(parts, false),
            ExprKind::Not(part) => Ok(Node::Not(Arc::new(self.node(part)?))),
            ExprKind::Macro(name) => Err(error(CheckErrorKind::UndefinedMacro(name.clone()), expr.span)),
            ExprKind::Check(check) => {
                let atom = atom(check, expr.span, self.scheme)?;
                Ok(Node::Atom(self.memo.atom(atom)))
            }
        }
    }

    fn group(&mut self, parts: &Shared<Expr>, all: bool) -> Result<Node, CheckError> {
        if let Some(node) = self.memo.get(parts, all).and_then(|known| known.node.as_ref()) {
            return Ok(node.clone());
        }
        let nodes = parts.iter().map(|part| self.node(part)).collect::<Result<Vec<_>, _>>()?.into();
        let node = if all { Node::And(nodes) } else { Node::Or(nodes) };
        self.memo.learn(parts, all, |known| known.node = Some(node.clone()));
        Ok(node)
    }
}

fn error(kind: CheckErrorKind, span: Span) -> CheckError {
    CheckError { kind, span }
}

fn atom(check: &Check, span: Span, scheme: &Scheme) -> Result<Atom, CheckError> {
    let left = operand::left(&check.left, scheme)?;
    let (op, modifier, right) = match &check.test {
        Test::Exists => return Ok(Atom { left, test: AtomTest::Exists, fold: None }),
        Test::Compare { op, modifier, right } => (*op, *modifier, right),
    };
    operators::comparable(op, left.ty(), left.is_list()).map_err(|kind| error(kind, span))?;
    events::refuse_expressions(check, op, modifier).map_err(|kind| error(kind, span))?;
    let values = match right {
        Right::Call(call) => {
            let right = operand::right(call, scheme)?;
            let test = field_test(&left, &check.left, op, right, call, scheme)?;
            return Ok(Atom { left, test, fold: None });
        }
        Right::Value(value) | Right::Name(value) => std::slice::from_ref(value),
        Right::List(values) => values,
    };
    let around = operand::base_field(&check.left).is_some_and(|name| name == "evt.around");
    if around && !matches!(op, Operator::Eq | Operator::EqEq) {
        return Err(error(CheckErrorKind::AroundOperator, span));
    }
    let typed = values.iter().map(|v| one(check, &left, op, v, scheme)).collect::<Result<Vec<_>, _>>()?;
    let op = if around { Operator::Le } else { op };
    let fold = events::fold(check, op, modifier, values, scheme);
    Ok(Atom { left, test: constants(op, modifier, typed), fold })
}

fn one(check: &Check, left: &Source, op: Operator, value: &Value, scheme: &Scheme) -> Result<Constant, CheckError> {
    let constant = constant::read(value, op, left.ty(), left.matching(), scheme).map_err(|k| error(k, value.span))?;
    if op == Operator::Regex
        && let Err(reason) = pattern::check(&value.text())
    {
        return Err(error(CheckErrorKind::BadRegex(reason.into()), value.span));
    }
    if events::is_event_type(&check.left) && scheme.events().codes(&value.text()).is_none() {
        return Err(error(CheckErrorKind::UnknownEvent(value.text().into()), value.span));
    }
    Ok(constant)
}

/// One spelling for what means the same, so that more atoms are equal. The order of list values never matters and
/// duplicates only under `oneof`.
fn constants(op: Operator, modifier: Option<Modifier>, mut values: Vec<Constant>) -> AtomTest {
    let op = if op == Operator::EqEq { Operator::Eq } else { op };
    if modifier == Some(Modifier::AnyOf) && op == Operator::Eq {
        return constants(Operator::In, None, values);
    }
    if op.takes_list() && modifier.is_none() {
        values.sort_unstable();
        values.dedup();
    }
    AtomTest::Constants { op, modifier, values }
}

fn field_test(
    left: &Source,
    left_text: &crate::ast::Operand,
    op: Operator,
    right: Source,
    right_text: &crate::ast::Operand,
    scheme: &Scheme,
) -> Result<AtomTest, CheckError> {
    if matches!(op, Operator::PMatch | Operator::Regex) {
        return Err(error(CheckErrorKind::NoRightField(op.as_str()), right_text.span));
    }
    let barred = |operand: &crate::ast::Operand| {
        let name = operand::base_field(operand)?;
        let (id, _) = scheme.find_dotted(name)?;
        scheme.field(id).flags.contains(FieldFlags::NO_RHS).then(|| scheme.field(id).name.clone())
    };
    if left.ty().class() == ValueClass::Network {
        return Err(error(CheckErrorKind::LeftNotComparable(left_text.to_string().into()), left_text.span));
    }
    if let Some(name) = barred(left_text) {
        return Err(error(CheckErrorKind::LeftNotComparable(name), left_text.span));
    }
    if let Some(name) = barred(right_text) {
        return Err(error(CheckErrorKind::RightNotUsable(name), right_text.span));
    }
    if left.ty() != right.ty() || left.is_list() != right.is_list() {
        let describe = |s: &Source| format!("{}{}", s.ty(), if s.is_list() { " (list)" } else { "" }).into_boxed_str();
        let kind = CheckErrorKind::TypeMismatch {
            left: left_text.to_string().into(),
            left_type: describe(left),
            right: right_text.to_string().into(),
            right_type: describe(&right),
        };
        return Err(error(kind, right_text.span));
    }
    let op = if op == Operator::EqEq { Operator::Eq } else { op };
    Ok(AtomTest::Field { op, right })
}
