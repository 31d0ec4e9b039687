//! Why a condition does not fit a scheme.

use crate::ast::Span;
use crate::scheme::FieldType;

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
        /// The name as written, with its argument.
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
    /// The field needs an argument.
    #[error("filter '{0}' requires an argument, e.g. '{0}[...]'")]
    ArgumentRequired(Box<str>),
    /// The field takes no argument.
    #[error("filter '{0}' does not support an argument")]
    ArgumentNotAllowed(Box<str>),
    /// The argument is not what the field takes.
    #[error("filter '{field}' does not accept the argument '{arg}': {reason}")]
    BadArgument {
        /// The field.
        field: Box<str>,
        /// The argument.
        arg: Box<str>,
        /// Why.
        reason: Box<str>,
    },
    /// The field can only be printed.
    #[error("field '{0}' cannot be used in a condition")]
    PrintOnly(Box<str>),
    /// The operator does not fit the type.
    #[error("'{op}' operator not supported for {ty} filters")]
    NotComparable {
        /// The operator.
        op: &'static str,
        /// The type of the left side.
        ty: FieldType,
    },
    /// The operator does not fit lists, or the list's type cannot be compared.
    #[error("'{op}' operator not supported for list filters of type {ty}")]
    ListNotComparable {
        /// The operator.
        op: &'static str,
        /// The type of the values.
        ty: FieldType,
    },
    /// A number was expected.
    #[error("'{0}' is not a valid number")]
    NotNumber(Box<str>),
    /// `true` or `false` was expected.
    #[error("filter error: unrecognized boolean value {0}")]
    NotBoolean(Box<str>),
    /// A port number or the name of a service was expected.
    #[error("unrecognized protocol {0}")]
    UnknownService(Box<str>),
    /// An address was expected.
    #[error("unrecognized {family} address {text}")]
    NotAddress {
        /// `IPv4` if the text has a dot, else `IPv6`.
        family: &'static str,
        /// The constant.
        text: Box<str>,
    },
    /// A network was expected.
    #[error("unrecognized IP network {0}: expected address/bits")]
    NotNetwork(Box<str>),
    /// The number of bits is out of range.
    #[error("invalid netmask {0}")]
    BadNetmask(Box<str>),
    /// An even number of hexadecimal digits was expected.
    #[error("filter error: bcontains and bstartswith operator support hex strings only")]
    NotHex,
    /// No text of an event can have a NUL.
    #[error("filter error: filter value cannot contain a NUL byte (\\x00)")]
    NulByte,
    /// The constant is longer than 255 bytes.
    #[error("filter parameter too long (used={used}, available=255): {text}")]
    TooLong {
        /// Its length.
        used: usize,
        /// Its beginning.
        text: Box<str>,
    },
    /// Not a POSIX regular expression.
    #[error("invalid regex pattern: {0}")]
    BadRegex(Box<str>),
    /// `regex` takes one pattern.
    #[error("operator '{0}' doesn't support right-hand side fields")]
    NoRightField(&'static str),
    /// The field cannot be compared with another one.
    #[error("field '{0}' doesn't support right-hand side fields")]
    LeftNotComparable(Box<str>),
    /// The field cannot be on the right side.
    #[error("field '{0}' can't be used as a right-hand side field")]
    RightNotUsable(Box<str>),
    /// Both sides must have one type.
    #[error(
        "field '{left}' has type '{left_type}' while the right-hand side field '{right}' has incompatible type '{right_type}'"
    )]
    TypeMismatch {
        /// The left side.
        left: Box<str>,
        /// Its type.
        left_type: Box<str>,
        /// The right side.
        right: Box<str>,
        /// Its type.
        right_type: Box<str>,
    },
    /// The field cannot be transformed.
    #[error("field '{0}' does not support transformers")]
    NoTransformer(Box<str>),
    /// The transformer does not take this.
    #[error(
        "can't add field transformer: type '{ty}' is not supported by '{transformer}' transformer applied on '{on}'"
    )]
    BadTransformerType {
        /// The transformer.
        transformer: &'static str,
        /// The type of its argument.
        ty: FieldType,
        /// Its argument.
        on: Box<str>,
    },
    /// The transformer's arguments are not what it takes.
    #[error("{0}")]
    BadCall(&'static str),
    /// `[…]` after a call that takes none.
    #[error("filter error: transformer '{0}' does not support field arguments")]
    NoCallArgument(&'static str),
    /// `evt.type` under a transformer, or compared with a field.
    #[error("event code search does not support `evt.type` checks with transformers or right-hand fields")]
    EventTypeExpression,
    /// `evt.around` with another operator.
    #[error("evt.around supports only '=' comparison operator")]
    AroundOperator,
}

impl CheckErrorKind {
    /// Whether `skip-if-unknown-filter` lets the rule pass over this.
    pub fn is_unknown_filter(&self) -> bool {
        matches!(self, Self::UnknownField { .. } | Self::UnknownEvent(_))
    }
}
