//! Recursive descent over the condition language. Each function is one rule of the grammar; every level counts against
//! the depth limit exactly as many steps as rules are entered, so that what nests too deep is a fixed, tested property.

mod operand;
mod test;

use std::sync::Arc;

use super::error::{ParseError, ParseErrorKind};
use super::lexer::Lexer;
use crate::ast::{Check, Expr, ExprKind, Operand, Shared, Span};

type Result<T> = std::result::Result<T, ParseError>;

pub(super) struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    source: u32,
    depth: u32,
    max_depth: u32,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, source: u32, max_depth: u32) -> Self {
        Parser { text, lexer: Lexer::new(text), source, depth: 0, max_depth }
    }

    pub(super) fn parse(mut self) -> Result<Expr> {
        if self.text.is_empty() {
            return Err(self.error(ParseErrorKind::Empty));
        }
        let expr = self.or()?;
        if !self.lexer.at_end() {
            let after = self.lexer.last_token().into();
            return Err(self.error(ParseErrorKind::Trailing { after }));
        }
        Ok(expr)
    }

    /// A field or a call at the beginning of the text, and where it ends.
    pub(super) fn operand_prefix(mut self) -> Result<(Operand, usize)> {
        let operand = self.nested(|p| {
            if let Some(name) = p.lexer.field_name() {
                p.field(name, 0)
            } else if let Some(transformer) = p.call_name() {
                p.call(transformer, 0)
            } else {
                p.expected("a field or a transformer")
            }
        })?;
        Ok((operand, self.lexer.at()))
    }

    fn error(&self, kind: ParseErrorKind) -> ParseError {
        let offset = self.lexer.at();
        let (line, column) = self.span(offset).line_column(self.text);
        ParseError { kind, offset, line, column }
    }

    fn expected<T>(&self, what: &'static str) -> Result<T> {
        Err(self.error(ParseErrorKind::Expected(what)))
    }

    /// From `start` to the cursor.
    fn span(&self, start: usize) -> Span {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { source: self.source, start: clamp(start), end: clamp(self.lexer.at()) }
    }

    fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth >= self.max_depth {
            return Err(self.error(ParseErrorKind::TooDeep(self.max_depth)));
        }
        let result = rule(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Expr> {
        self.group("or", "a blank or '(' after 'or'", Self::and, ExprKind::Or)
    }

    fn and(&mut self) -> Result<Expr> {
        self.group("and", "a blank or '(' after 'and'", Self::not, ExprKind::And)
    }

    fn group(
        &mut self,
        word: &str,
        missing: &'static str,
        part: fn(&mut Self) -> Result<Expr>,
        kind: fn(Shared<Expr>) -> ExprKind,
    ) -> Result<Expr> {
        self.nested(|p| {
            p.lexer.blank();
            let start = p.lexer.at();
            let first = part(p)?;
            let mut parts = vec![first];
            let mut end = p.span(start);
            p.lexer.blank();
            while p.lexer.exact(word) {
                parts.push(if p.lexer.blank() {
                    part(p)?
                } else if p.lexer.exact("(") {
                    p.embedded()?
                } else {
                    return p.expected(missing);
                });
                end = p.span(start);
                p.lexer.blank();
            }
            Ok(match parts.len() {
                1 => parts.remove(0),
                _ => Expr::new(kind(parts.into()), end),
            })
        })
    }

    fn not(&mut self) -> Result<Expr> {
        self.nested(|p| {
            p.lexer.blank();
            let start = p.lexer.at();
            let mut negated = false;
            while p.lexer.not() {
                negated = !negated;
            }
            let part = if p.lexer.exact("not(") {
                negated = !negated;
                p.embedded()?
            } else {
                p.check()?
            };
            if !negated {
                return Ok(part);
            }
            Ok(Expr::new(ExprKind::Not(Box::new(part)), p.span(start)))
        })
    }

    /// What follows an opening parenthesis.
    fn embedded(&mut self) -> Result<Expr> {
        self.nested(|p| {
            p.lexer.blank();
            let part = p.or()?;
            p.lexer.blank();
            if p.lexer.exact(")") { Ok(part) } else { p.expected("a ')' token") }
        })
    }

    fn check(&mut self) -> Result<Expr> {
        self.nested(|p| {
            p.lexer.blank();
            let start = p.lexer.at();
            if p.lexer.exact("(") {
                return p.embedded();
            }
            let left = if let Some(name) = p.lexer.field_name() {
                p.field(name, start)?
            } else if let Some(transformer) = p.call_name() {
                p.lexer.blank();
                p.call(transformer, start)?
            } else if let Some(name) = p.lexer.identifier() {
                return Ok(Expr::new(ExprKind::Macro(name.into()), p.span(start)));
            } else {
                return p.expected("a '(' token, a field check, or an identifier");
            };
            let test = p.test()?;
            Ok(Expr::new(ExprKind::Check(Arc::new(Check { left, test })), p.span(start)))
        })
    }
}
