//! Why a condition cannot be decided elsewhere.

use thiserror::Error;

use crate::ast::Span;

/// A part of a condition that cannot, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Unqualified {
    /// Where the part stands.
    pub span: Span,
    /// Why.
    pub reason: Reason,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reason {
    /// The rule is about events that do not happen in the kernel.
    #[error("events of the source '{0}' do not happen in the kernel of this machine")]
    Source(Box<str>),
    /// Too many events, or none in particular.
    #[error("the condition is not restricted to events at which the kernel can kill: it can be true at {0}")]
    Events(Box<str>),
    /// A field whose value it does not have.
    #[error("the kernel does not have the value of '{0}'")]
    Field(Box<str>),
    /// One that it has elsewhere.
    #[error("at {event} the kernel does not have the value of '{field}'")]
    FieldAt {
        /// The field.
        field: Box<str>,
        /// The event.
        event: &'static str,
    },
    /// An operator.
    #[error("the kernel cannot compare '{field}' with '{operator}'")]
    Operator {
        /// The field.
        field: Box<str>,
        /// The operator.
        operator: &'static str,
    },
    /// A constant.
    #[error("of '{field}' the kernel only knows whether it is '{known}'")]
    Value {
        /// The field.
        field: Box<str>,
        /// What it can be compared with.
        known: &'static str,
    },
    /// A constant with wildcards.
    #[error("the kernel compares paths without wildcards")]
    Wildcards,
    /// A text that is too long.
    #[error("the kernel compares texts of up to {most} bytes, this one has {len}")]
    Long {
        /// Its length.
        len: usize,
        /// The limit.
        most: usize,
    },
    /// A transformer.
    #[error("the kernel compares fields as they are, without '{0}'")]
    Transformer(&'static str),
    /// Two fields.
    #[error("the kernel compares fields with constants only")]
    TwoFields,
    /// `oneof`, `allof`.
    #[error("the kernel does not know '{0}'")]
    Modifier(&'static str),
    /// Too many combinations.
    #[error("this comes to more than {0} combinations of comparisons")]
    Combinations(usize),
    /// An alternative that names nothing.
    #[error("at {event} this would kill every process but those that are excluded")]
    Everything {
        /// The event.
        event: &'static str,
    },
    /// Never true where the kernel looks.
    #[error("the condition is never true at an event at which the kernel can kill")]
    Never,
}

impl Reason {
    /// What to do about it; `{events}` and `{fields}` are those that would do.
    pub fn remedy(&self, events: &str, fields: &str) -> String {
        match self {
            Self::Source(_) => "remove `enforce`: alerts of the rule are raised without it".to_owned(),
            Self::Events(_) => format!("begin the condition with `evt.type in (…) and`, with some of: {events}"),
            Self::Field(_) | Self::FieldAt { .. } => {
                format!("put what is to be killed into a rule of its own that uses only: {fields}")
            }
            Self::Operator { .. } | Self::Transformer(_) | Self::TwoFields | Self::Modifier(_) => {
                "use =, !=, in, startswith or pmatch with constants; numbers and names with = , != and in".to_owned()
            }
            Self::Value { known, .. } => format!("compare it with `{known}` by = or !="),
            Self::Wildcards => "list the paths, or use `startswith`".to_owned(),
            Self::Long { .. } => "use a shorter prefix with `startswith`".to_owned(),
            Self::Combinations(_) => {
                "put values into one list (`in (…)`) instead of `or`, or split the rule in two".to_owned()
            }
            Self::Everything { .. } => {
                "name what is to be killed: a file, a program, a process name, or processes in containers".to_owned()
            }
            Self::Never => format!("use some of these events: {events}"),
        }
    }
}
