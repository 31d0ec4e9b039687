//! The parser of conditions.

mod error;
mod grammar;
mod lexer;

use crate::ast::{Expr, Operand};

pub use error::{ParseError, ParseErrorKind};

/// How deep a rule's or macro's condition may nest. One parenthesis counts five.
pub const RULE_DEPTH: u32 = 1000;
/// How deep any other condition may nest.
pub const DEFAULT_DEPTH: u32 = 100;

/// Parses the condition of a rule or macro. `source` marks the spans.
///
/// # Errors
/// The first place where the text is no condition.
pub fn parse(text: &str, source: u32) -> Result<Expr, ParseError> {
    parse_with_depth(text, source, RULE_DEPTH)
}

/// Parses a condition that may nest `max_depth` deep.
///
/// # Errors
/// The first place where the text is no condition.
pub fn parse_with_depth(text: &str, source: u32, max_depth: u32) -> Result<Expr, ParseError> {
    grammar::Parser::new(text, source, max_depth).parse()
}

/// Parses a field or a transformer call at the beginning of `text`; it and its length.
///
/// # Errors
/// The first place where the text is neither.
pub fn parse_operand(text: &str) -> Result<(Operand, usize), ParseError> {
    grammar::Parser::new(text, 0, DEFAULT_DEPTH).operand_prefix()
}
