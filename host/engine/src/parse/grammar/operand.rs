//! Fields, transformer calls and their arguments.

use super::{Parser, Result};
use crate::ast::{Operand, OperandKind, Transformer, Value};
use crate::parse::error::ParseErrorKind;

/// Functions that may stand on either side; `val` is only tried on the right.
const CALLS: [Transformer; 8] = [
    Transformer::ToLower,
    Transformer::ToUpper,
    Transformer::B64,
    Transformer::Basename,
    Transformer::Len,
    Transformer::Join,
    Transformer::Concat,
    Transformer::GetOpt,
];

impl Parser<'_> {
    /// The name of a transformer with its parenthesis.
    pub(super) fn call_name(&mut self) -> Option<Transformer> {
        let start = self.lexer.at();
        CALLS.into_iter().find(|t| {
            let found = self.lexer.exact(t.as_str()) && self.lexer.exact("(");
            if !found {
                self.lexer.back_to(start);
            }
            found
        })
    }

    pub(super) fn field(&mut self, name: &str, start: usize) -> Result<Operand> {
        self.nested(|p| {
            let arg = p.brackets()?;
            Ok(Operand { kind: OperandKind::Field { name: name.into(), arg }, span: p.span(start) })
        })
    }

    pub(super) fn brackets(&mut self) -> Result<Option<Box<str>>> {
        if !self.lexer.exact("[") {
            return Ok(None);
        }
        let arg: Box<str> = if let Some(bytes) = self.quoted()? {
            String::from_utf8_lossy(&bytes).into()
        } else if let Some(text) = self.lexer.bare_argument() {
            text.into()
        } else {
            return self.expected("a valid field argument: a quoted string or a bare string");
        };
        if self.lexer.exact("]") { Ok(Some(arg)) } else { self.expected("a ']' token") }
    }

    pub(super) fn quoted(&mut self) -> Result<Option<Box<[u8]>>> {
        match self.lexer.quoted() {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes)),
            Some(Err(escape)) => Err(self.error(ParseErrorKind::Escape(escape))),
        }
    }

    /// The arguments of a call after its opening parenthesis.
    pub(super) fn call(&mut self, transformer: Transformer, start: usize) -> Result<Operand> {
        self.nested(|p| {
            let mut args = Vec::new();
            loop {
                p.lexer.blank();
                args.push(p.argument()?);
                p.lexer.blank();
                if !p.lexer.exact(",") {
                    break;
                }
            }
            if !p.lexer.exact(")") {
                return p.expected("a ')' token closing the transformer");
            }
            let index = p.brackets()?;
            Ok(Operand { kind: OperandKind::Call { transformer, args, index }, span: p.span(start) })
        })
    }

    fn argument(&mut self) -> Result<Operand> {
        self.nested(|p| {
            p.lexer.blank();
            let start = p.lexer.at();
            if p.lexer.exact("(") {
                return p.argument_list(start);
            }
            match p.simple_argument(start)? {
                Some(argument) => Ok(argument),
                None => p.expected("field transformer argument: field, transformer, quoted string, number, or list"),
            }
        })
    }

    fn simple_argument(&mut self, start: usize) -> Result<Option<Operand>> {
        let constant = |p: &Self, bytes: Box<[u8]>, quoted| {
            let span = p.span(start);
            Ok(Some(Operand { kind: OperandKind::Value(Value { bytes, quoted, span }), span }))
        };
        if let Some(number) = self.lexer.number() {
            return constant(self, number.as_bytes().into(), false);
        }
        if let Some(bytes) = self.quoted()? {
            return constant(self, bytes, true);
        }
        if let Some(transformer) = self.call_name() {
            self.lexer.blank();
            return self.call(transformer, start).map(Some);
        }
        match self.lexer.field_name() {
            Some(name) => self.field(name, start).map(Some),
            None => Ok(None),
        }
    }

    fn argument_list(&mut self, start: usize) -> Result<Operand> {
        let mut items = Vec::new();
        self.lexer.blank();
        if !self.lexer.exact(")") {
            loop {
                self.lexer.blank();
                match self.simple_argument(self.lexer.at())? {
                    Some(item) => items.push(item),
                    None => {
                        return self
                            .expected("transformer list argument: field, transformer, quoted string, or number");
                    }
                }
                self.lexer.blank();
                if !self.lexer.exact(",") {
                    break;
                }
            }
            if !self.lexer.exact(")") {
                return self.expected("a ')' token");
            }
        }
        Ok(Operand { kind: OperandKind::List(items), span: self.span(start) })
    }
}
