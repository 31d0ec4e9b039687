//! The tree of a condition as written. Every node knows where it stands in its text; macro references and lists are
//! nodes, so that they are resolved on the tree and no text is ever spliced.

mod digest;
mod expansion;
mod ops;
mod print;
mod shared;

pub use digest::Digester;
pub use expansion::{Expansion, ExpansionKind};
pub use ops::{Modifier, Operator, Transformer};
pub use shared::Shared;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Where a node stands: a byte range of one source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Which text; given by the caller of the parser and never looked at by the engine.
    pub source: u32,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span as a range of byte offsets.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Line and column of the start within `text`, both counted from 1, a column being one byte.
    pub fn line_column(self, text: &str) -> (usize, usize) {
        let before = text.as_bytes().get(..self.start as usize).unwrap_or(text.as_bytes());
        let line = before.iter().filter(|b| matches!(b, b'\n' | b'\r')).count();
        let column = before.iter().rev().take_while(|b| !matches!(b, b'\n' | b'\r')).count();
        (line + 1, column + 1)
    }
}

/// A condition or a part of one.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
    /// What it stands in place of, if somebody else wrote it: a macro, an exception.
    pub from: Option<Arc<Expansion>>,
}

/// The kinds of [`Expr`].
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// True if all parts are; two or more.
    And(Shared<Expr>),
    /// True if any part is; two or more.
    Or(Shared<Expr>),
    /// True if the part is not.
    Not(Box<Expr>),
    /// A macro by name. Checking refuses a tree that still has one.
    Macro(Box<str>),
    /// A single comparison.
    Check(Arc<Check>),
}

/// `left test`.
#[derive(Debug, Clone)]
pub struct Check {
    /// The field or transformer call that is looked at.
    pub left: Operand,
    /// What is asked of it.
    pub test: Test,
}

/// What a check asks of its left side.
#[derive(Debug, Clone)]
pub enum Test {
    /// Whether there is a value at all.
    Exists,
    /// A comparison.
    Compare {
        /// The operator.
        op: Operator,
        /// `oneof`, `anyof` or `allof` after the operator; then the right side is a list or a bare identifier.
        modifier: Option<Modifier>,
        /// What it is compared with.
        right: Right,
    },
}

/// The right side of a comparison.
#[derive(Debug, Clone)]
pub enum Right {
    /// One constant.
    Value(Value),
    /// A list in parentheses.
    List(Shared<Value>),
    /// A bare identifier where a list is expected: a list of one, unless it names a list.
    Name(Value),
    /// A `val(…)` or another transformer call.
    Call(Operand),
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The bytes after unescaping; text, except that `\xHH` can make any byte.
    pub bytes: Box<[u8]>,
    /// Whether it stood in quotes.
    pub quoted: bool,
    /// Where it stands.
    pub span: Span,
}

impl Value {
    /// The constant as text, with U+FFFD for what is none.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }
}

/// A field or a transformer call, or an argument of one.
#[derive(Debug, Clone)]
pub struct Operand {
    /// What it is.
    pub kind: OperandKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of [`Operand`].
#[derive(Debug, Clone)]
pub enum OperandKind {
    /// A field.
    Field {
        /// The name as written; it may contain a dotted argument.
        name: Box<str>,
        /// The argument in brackets, unescaped.
        arg: Option<Box<str>>,
    },
    /// A transformer call.
    Call {
        /// Which.
        transformer: Transformer,
        /// The arguments, at least one.
        args: Vec<Operand>,
        /// The argument in brackets after the call (`getopt(…)[c]`).
        index: Option<Box<str>>,
    },
    /// A list in parentheses, as an argument.
    List(Vec<Operand>),
    /// A constant, as an argument.
    Value(Value),
}

impl Expr {
    /// A part as it was written.
    pub fn new(kind: ExprKind, span: Span) -> Self {
        Expr { kind, span, from: None }
    }

    /// Calls `f` on every part before its own parts; what `f` changes is descended into.
    pub fn walk_mut(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        f(self);
        match &mut self.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.to_mut().iter_mut().for_each(|p| p.walk_mut(f)),
            ExprKind::Not(part) => part.walk_mut(f),
            ExprKind::Macro(_) | ExprKind::Check(_) => {}
        }
    }

    /// Calls `f` on every part before its own parts.
    pub fn walk<'e>(&'e self, f: &mut dyn FnMut(&'e Expr)) {
        f(self);
        match &self.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().for_each(|p| p.walk(f)),
            ExprKind::Not(part) => part.walk(f),
            ExprKind::Macro(_) | ExprKind::Check(_) => {}
        }
    }

    /// All checks, from left to right.
    pub fn checks(&self) -> Vec<&Check> {
        let mut found = Vec::new();
        self.walk(&mut |part| {
            if let ExprKind::Check(check) = &part.kind {
                found.push(&**check);
            }
        });
        found
    }
}

impl Check {
    /// Calls `f` on every operand of both sides: fields, calls and what stands inside calls.
    pub fn operands<'c>(&'c self, f: &mut dyn FnMut(&'c Operand)) {
        self.left.walk(f);
        if let Test::Compare { right: Right::Call(call), .. } = &self.test {
            call.walk(f);
        }
    }
}

impl Operand {
    /// Calls `f` on this operand and then on everything inside it.
    pub fn walk<'o>(&'o self, f: &mut dyn FnMut(&'o Operand)) {
        f(self);
        match &self.kind {
            OperandKind::Call { args, .. } | OperandKind::List(args) => args.iter().for_each(|a| a.walk(f)),
            OperandKind::Field { .. } | OperandKind::Value(_) => {}
        }
    }
}
