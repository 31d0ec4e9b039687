//! What a part of a tree stands in place of.

use std::sync::Arc;

use super::Span;

/// A reference that was replaced by what it names. The replaced part keeps it, so that later stages can say where a part
/// of a condition came from; printing and evaluation never look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// What kind of thing was named.
    pub kind: ExpansionKind,
    /// Its name.
    pub name: Box<str>,
    /// Where the reference stands; for an exception, which nothing refers to, where the part itself stands.
    pub at: Span,
    /// What the part was already standing in place of: a macro whose whole condition is another macro.
    pub inner: Option<Arc<Expansion>>,
}

/// The kinds of [`Expansion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpansionKind {
    /// A macro.
    Macro,
    /// A list that stood where a condition stands.
    List,
    /// An exception of the rule, with the negation around it.
    Exception,
    /// One entry of an exception's values, counted from 0.
    ExceptionEntry(u32),
}

impl Expansion {
    /// A part that was put in by hand and stands for nothing else.
    pub(crate) fn new(kind: ExpansionKind, name: &str, at: Span) -> Arc<Self> {
        Arc::new(Expansion { kind, name: name.into(), at, inner: None })
    }

    /// From this one, the outermost, to the innermost.
    pub fn chain(&self) -> impl Iterator<Item = &Expansion> {
        std::iter::successors(Some(self), |expansion| expansion.inner.as_deref())
    }
}
