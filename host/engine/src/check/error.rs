//! Why a condition does not fit a scheme.

use crate::ast::Span;

/// A condition does not fit the scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct CheckError {
    /// What is wrong.
    pub kind: CheckErrorKind,
    /// Where.
    pub span: Span,
}

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckErrorKind {
    /// No field of this name.
    #[error("filter_check called with nonexistent field {name}")]
    UnknownField {
        /// The name as written.
        name: Box<str>,
        /// A field of a similar name.
        similar: Option<Box<str>>,
    },
    /// No event of this name.
    #[error("unknown event type {0}")]
    UnknownEvent(Box<str>),
    /// A macro that was not resolved.
    #[error("undefined macro '{0}' used in filter")]
    UndefinedMacro(Box<str>),
}

impl CheckErrorKind {
    /// Whether `skip-if-unknown-filter` lets the rule pass over this.
    pub fn is_unknown_filter(&self) -> bool {
        matches!(self, Self::UnknownField { .. } | Self::UnknownEvent(_))
    }
}
