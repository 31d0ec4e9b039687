//! Conditions that load but are probably not what their author meant.

use std::borrow::Cow;

use super::memo::{Checker, Memo};
use crate::ast::{Check, Expr, ExprKind, OperandKind, Operator, Right, Span, Test, Transformer, Value};
use crate::lint::regex::plain;
use crate::scheme::Scheme;

/// A suspicious constant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Lint {
    /// What is suspicious.
    pub kind: LintKind,
    /// Where.
    pub span: Span,
}

/// What is suspicious about a constant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LintKind {
    /// A regular expression where a plain operator would do.
    #[error(
        "regex check with '{0}' may be optimized with simpler operators such as '=', 'contains', 'startswith', 'endswith'"
    )]
    PlainRegex(Box<str>),
    /// The constant is the name of a field.
    #[error("'{0}' may be a valid field misused as a const string value")]
    FieldAsText(Box<str>),
    /// The constant looks like a transformer call.
    #[error("'{0}' may be a valid field transformer misused as a const string value")]
    CallAsText(Box<str>),
    /// A field that yields no value when missing is compared with the text `<NA>`.
    #[error("comparing a field value with <NA> is unsafe and can lead to unpredictable behavior of the rule condition")]
    UnsafeNa,
}

impl Lint {
    /// What to write instead.
    pub fn help(&self) -> Option<String> {
        match &self.kind {
            LintKind::PlainRegex(pattern) => plain(pattern).map(|plain| format!("write `{plain}`")),
            LintKind::FieldAsText(field) => {
                Some(format!("write `val({field})` if the value of the field is meant, and quote it if the text is"))
            }
            LintKind::CallAsText(call) => Some(format!("leave out the quotes if the function is meant: {call}")),
            LintKind::UnsafeNa => None,
        }
    }
}

/// The suspicious constants of a condition, from left to right.
pub fn lints(expr: &Expr, scheme: &Scheme) -> Vec<Lint> {
    Checker::new(scheme).lints(expr)
}

/// Appends those of a part.
pub(super) fn lints_of(expr: &Expr, scheme: &Scheme, memo: &mut Memo, found: &mut Vec<Lint>) {
    let (parts, and) = match &expr.kind {
        ExprKind::And(parts) => (parts, true),
        ExprKind::Or(parts) => (parts, false),
        ExprKind::Not(part) => return lints_of(part, scheme, memo, found),
        ExprKind::Macro(_) => return,
        ExprKind::Check(check) => return lints_of_check(check, scheme, found),
    };
    if let Some(lints) = memo.get(parts, and).and_then(|known| known.lints.as_deref()) {
        return found.extend_from_slice(lints);
    }
    let before = found.len();
    parts.iter().for_each(|part| lints_of(part, scheme, memo, found));
    memo.learn(parts, and, |known| known.lints = Some(found[before..].into()));
}

fn lints_of_check(check: &Check, scheme: &Scheme, found: &mut Vec<Lint>) {
    let Test::Compare { op, right, .. } = &check.test else { return };
    let values = match right {
        Right::Value(value) | Right::Name(value) => std::slice::from_ref(value),
        Right::List(values) => values,
        Right::Call(_) => return,
    };
    let missing = matches!(&check.left.kind, OperandKind::Field { name, .. }
        if name.starts_with("ka.") || name.starts_with("jevt."));
    for value in values {
        let mut add = |kind| found.push(Lint { kind, span: value.span });
        let text = value.text();
        if *op == Operator::Regex && is_plain(&text) {
            add(LintKind::PlainRegex(text.clone().into()));
        }
        let bare = without_blanks(&text);
        if names_field(&bare, scheme) {
            add(LintKind::FieldAsText(text.clone().into()));
        }
        if looks_like_call(&bare) {
            add(LintKind::CallAsText(text.clone().into()));
        }
        if missing && compares(*op) && is_na(value) {
            add(LintKind::UnsafeNa);
        }
    }
}

fn without_blanks(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|b| b.is_ascii_whitespace()) {
        true => text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().into(),
        false => text.into(),
    }
}

fn compares(op: Operator) -> bool {
    matches!(op, Operator::Eq | Operator::EqEq | Operator::Ne) || op.takes_list()
}

fn is_na(value: &Value) -> bool {
    &*value.bytes == b"<NA>"
}

fn looks_like_call(text: &str) -> bool {
    Transformer::ALL.iter().any(|t| {
        text.strip_prefix(t.as_str()).is_some_and(|rest| rest.len() > 1 && rest.starts_with('(') && rest.ends_with(')'))
    })
}

fn names_field(text: &str, scheme: &Scheme) -> bool {
    let (name, arg) = match text.split_once('[') {
        Some((name, rest)) => match rest.strip_suffix(']') {
            Some(arg) => (name, Some(arg)),
            None => return false,
        },
        None => (text, None),
    };
    // Most constants are no field: that must cost one look-up, not a search for similar names.
    scheme.find_dotted(name).is_some() && super::field_source(name, arg, true, scheme).is_ok()
}

/// Whether a pattern has no special character but anchors and "anything" at its ends.
pub(crate) fn is_plain(pattern: &str) -> bool {
    let bytes = pattern.as_bytes();
    let len = bytes.len();
    let mut at = 0;
    while at < len {
        let byte = bytes[at];
        let anchor = (at == 0 && byte == b'^') || (at + 1 == len && byte == b'$');
        let outer = (at == 0 && len > 1) || at + 2 == len;
        if outer && byte == b'.' && matches!(bytes.get(at + 1), Some(b'+' | b'*' | b'?')) {
            at += 1;
        } else if !anchor && b".+*?^$()[]{}|\\".contains(&byte) {
            return false;
        }
        at += 1;
    }
    true
}
