//! Where the parts of conditions stand in files.

use serde::Serialize;

use crate::ast::Span;

/// A place in a file, as people and editors count it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// The file's name as it was given.
    pub file: Box<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1.
    pub column: u32,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Knows the texts that spans refer to. The loader does; for a condition that stands in no file `()` does.
pub trait Origins {
    /// The place in a file.
    fn location(&self, span: Span) -> Option<Location>;

    /// The text itself, as the condition has it.
    fn text(&self, span: Span) -> Option<&str>;
}

impl Origins for () {
    fn location(&self, _span: Span) -> Option<Location> {
        None
    }

    fn text(&self, _span: Span) -> Option<&str> {
        None
    }
}
