//! The canonical print of a tree: groups in parentheses, one blank between words, constants quoted only where they must be.

use std::fmt;

use super::{Check, Expr, ExprKind, Operand, OperandKind, Right, Test, Value};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::And(parts) => group(f, " and ", parts),
            ExprKind::Or(parts) => group(f, " or ", parts),
            ExprKind::Not(part) => write!(f, "not {part}"),
            ExprKind::Macro(name) => f.write_str(name),
            ExprKind::Check(check) => check.fmt(f),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.test {
            Test::Exists => write!(f, "{} exists", self.left),
            Test::Compare { op, modifier: None, right } => write!(f, "{} {op} {right}", self.left),
            Test::Compare { op, modifier: Some(modifier), right } => write!(f, "{} {op} {modifier} {right}", self.left),
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Right::Value(value) | Right::Name(value) => value.fmt(f),
            Right::List(values) => group(f, ", ", values),
            Right::Call(operand) => operand.fmt(f),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escaped(f, &self.text())
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OperandKind::Field { name, arg } => {
                f.write_str(name)?;
                bracketed(f, arg.as_deref())
            }
            OperandKind::Call { transformer, args, index } => {
                write!(f, "{transformer}")?;
                group(f, ",", args)?;
                bracketed(f, index.as_deref())
            }
            OperandKind::List(items) => group(f, ",", items),
            OperandKind::Value(value) => value.fmt(f),
        }
    }
}

fn group<T: fmt::Display>(f: &mut fmt::Formatter<'_>, separator: &str, parts: &[T]) -> fmt::Result {
    f.write_str("(")?;
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        part.fmt(f)?;
    }
    f.write_str(")")
}

const SPECIAL: [char; 11] = ['\u{8}', '\u{c}', '\n', '\r', '\t', ' ', '=', '\\', '"', '\'', '\0'];

/// Quotes a constant if it has a blank, a character that has an escape, `=` or a quote. An empty constant prints as
/// nothing and one with a comma stays bare: that is the form that existing tools compare.
fn escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if text.contains(SPECIAL) { quoted(f, text) } else { f.write_str(text) }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\\' => f.write_str("\\\\")?,
            '"' => f.write_str("\\\"")?,
            other => write!(f, "{other}")?,
        }
    }
    f.write_str("\"")
}

/// An argument is quoted like a constant, and also if it is empty or has a bracket.
fn bracketed(f: &mut fmt::Formatter<'_>, arg: Option<&str>) -> fmt::Result {
    let Some(arg) = arg else { return Ok(()) };
    f.write_str("[")?;
    if arg.is_empty() || arg.contains(SPECIAL) || arg.contains(['[', ']', '\u{b}']) {
        quoted(f, arg)?;
    } else {
        f.write_str(arg)?;
    }
    f.write_str("]")
}
