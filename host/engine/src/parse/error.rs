//! Why a text is no condition.

/// A text that is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The byte offset of the place.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// There is no text.
    #[error("filter input string is empty")]
    Empty,
    /// The condition ends, but the text goes on.
    #[error("unexpected token after '{after}', expecting 'or', 'and'")]
    Trailing {
        /// The last token that was read.
        after: Box<str>,
    },
    /// Something else must stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// An escape in a quoted text that is none.
    #[error("{0}")]
    Escape(EscapeError),
    /// Too many levels.
    #[error("exceeded max depth limit of {0}")]
    TooDeep(u32),
}

/// A bad escape in a quoted text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EscapeError {
    /// The other kind of quote was escaped.
    #[error("invalid \\{escaped} escape in {quote}-quoted string")]
    Quote {
        /// The escaped quote.
        escaped: char,
        /// The quote around the text.
        quote: char,
    },
    /// `\x` without two hexadecimal digits.
    #[error("invalid hex char escape sequence")]
    Hex,
    /// No such escape.
    #[error("unsupported string escape sequence: \\{0}")]
    Unknown(char),
}
