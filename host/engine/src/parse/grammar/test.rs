//! Operators and what stands to their right.

use super::{Parser, Result};
use crate::ast::{Modifier, Operand, OperandKind, Operator, Right, Test, Transformer, Value};

/// String operators in the order they are tried, so that `==` is not read as `=`.
const STRING_OPS: [Operator; 12] = [
    Operator::EqEq,
    Operator::Eq,
    Operator::Ne,
    Operator::Glob,
    Operator::IGlob,
    Operator::Contains,
    Operator::IContains,
    Operator::BContains,
    Operator::StartsWith,
    Operator::BStartsWith,
    Operator::EndsWith,
    Operator::Regex,
];

impl Parser<'_> {
    /// The operator and what follows it.
    pub(super) fn test(&mut self) -> Result<Test> {
        self.nested(|p| {
            p.lexer.blank();
            if p.lexer.exact("exists") {
                return Ok(Test::Exists);
            }
            if let Some(op) = p.operator(|op| op.takes_number()) {
                let right = p.number_or_call()?;
                return Ok(Test::Compare { op, modifier: None, right });
            }
            if let Some(op) = STRING_OPS.into_iter().find(|op| p.string_operator(*op)) {
                let blank = op.as_str().starts_with(|c: char| c.is_ascii_alphabetic()) || p.lexer.blank();
                if blank && let Some(modifier) = p.modifier() {
                    let right = p.list_or_name()?;
                    return Ok(Test::Compare { op, modifier: Some(modifier), right });
                }
                let right = p.text_or_call()?;
                return Ok(Test::Compare { op, modifier: None, right });
            }
            if let Some(op) = p.operator(|op| op.takes_list()) {
                let right = p.list_call_or_name()?;
                return Ok(Test::Compare { op, modifier: None, right });
            }
            p.expected(
                "a valid check operator: one of 'exists', '<=', '<', '>=', '>', '==', '=', '!=', 'glob', 'iglob', \
                 'contains', 'icontains', 'bcontains', 'startswith', 'bstartswith', 'endswith', 'regex', 'intersects', \
                 'in', 'pmatch'",
            )
        })
    }

    fn operator(&mut self, kind: fn(Operator) -> bool) -> Option<Operator> {
        Operator::ALL.iter().copied().filter(|op| kind(*op)).find(|op| self.lexer.exact(op.as_str()))
    }

    /// Signs need nothing after them, words a blank.
    fn string_operator(&mut self, op: Operator) -> bool {
        match op {
            Operator::EqEq | Operator::Eq | Operator::Ne => self.lexer.exact(op.as_str()),
            _ => self.lexer.word(op.as_str()),
        }
    }

    /// A modifier, if a list or an identifier follows it that is not the next word of the condition; otherwise the word
    /// is the constant.
    fn modifier(&mut self) -> Option<Modifier> {
        let start = self.lexer.at();
        let found = Modifier::ALL.iter().copied().find(|m| self.lexer.word(m.as_str()))?;
        let rest = &self.text[self.lexer.at()..];
        let keyword = ["and", "or", "not"].iter().any(|word| {
            rest.strip_prefix(word).is_some_and(|r| !r.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()))
        });
        let list = rest.bytes().next().is_some_and(|b| b == b'(' || b.is_ascii_alphabetic());
        if list && !keyword {
            return Some(found);
        }
        self.lexer.back_to(start);
        None
    }

    fn number_or_call(&mut self) -> Result<Right> {
        self.nested(|p| {
            p.lexer.blank();
            if let Some(call) = p.right_call()? {
                return Ok(call);
            }
            let start = p.lexer.at();
            match p.lexer.number() {
                Some(number) => Ok(Right::Value(p.value(number.as_bytes().into(), false, start))),
                None => p.expected("a number value or a field with a valid transformer"),
            }
        })
    }

    fn text_or_call(&mut self) -> Result<Right> {
        self.nested(|p| {
            p.lexer.blank();
            if let Some(call) = p.right_call()? {
                return Ok(call);
            }
            match p.text_value()? {
                Some(value) => Ok(Right::Value(value)),
                None => p.expected("a string value or a field with a valid transformer"),
            }
        })
    }

    fn value(&self, bytes: Box<[u8]>, quoted: bool, start: usize) -> Value {
        Value { bytes, quoted, span: self.span(start) }
    }

    fn text_value(&mut self) -> Result<Option<Value>> {
        let start = self.lexer.at();
        if let Some(bytes) = self.quoted()? {
            return Ok(Some(self.value(bytes, true, start)));
        }
        let bare = self.lexer.bare_text();
        Ok(bare.map(|text| self.value(text.as_bytes().into(), false, start)))
    }

    fn list(&mut self) -> Result<Option<Vec<Value>>> {
        if !self.lexer.exact("(") {
            return Ok(None);
        }
        let mut values = Vec::new();
        self.lexer.blank();
        let first = self.nested(Self::text_value)?;
        if let Some(first) = first {
            values.push(first);
            self.lexer.blank();
            while self.lexer.exact(",") {
                let next = self.nested(|p| {
                    p.lexer.blank();
                    p.text_value()
                })?;
                match next {
                    Some(value) => values.push(value),
                    None => return self.expected("a string value"),
                }
                self.lexer.blank();
            }
        }
        if self.lexer.exact(")") { Ok(Some(values)) } else { self.expected("a ')' token") }
    }

    fn name(&mut self) -> Option<Right> {
        let start = self.lexer.at();
        let name = self.lexer.identifier()?;
        Some(Right::Name(self.value(name.as_bytes().into(), false, start)))
    }

    fn list_or_name(&mut self) -> Result<Right> {
        self.nested(|p| {
            p.lexer.blank();
            if let Some(values) = p.list()? {
                return Ok(Right::List(values.into()));
            }
            match p.name() {
                Some(name) => Ok(name),
                None => p.expected("a list or an identifier"),
            }
        })
    }

    fn list_call_or_name(&mut self) -> Result<Right> {
        self.nested(|p| {
            p.lexer.blank();
            if let Some(values) = p.list()? {
                return Ok(Right::List(values.into()));
            }
            if let Some(call) = p.right_call()? {
                return Ok(call);
            }
            match p.name() {
                Some(name) => Ok(name),
                None => p.expected("a list, an identifier, or a field with a valid transformer"),
            }
        })
    }

    /// `val(field)` or another call.
    fn right_call(&mut self) -> Result<Option<Right>> {
        self.nested(|p| {
            p.lexer.blank();
            let start = p.lexer.at();
            if p.lexer.exact("val(") {
                p.lexer.blank();
                let field_start = p.lexer.at();
                let Some(name) = p.lexer.field_name() else {
                    return p.expected("a field within 'val' transformer");
                };
                let field = p.field(name, field_start)?;
                p.lexer.blank();
                if !p.lexer.exact(")") {
                    return p.expected("a ')' token closing the transformer");
                }
                let index = p.brackets()?;
                let kind = OperandKind::Call { transformer: Transformer::Val, args: vec![field], index };
                return Ok(Some(Right::Call(Operand { kind, span: p.span(start) })));
            }
            match p.call_name() {
                Some(transformer) => {
                    p.lexer.blank();
                    p.call(transformer, start).map(|call| Some(Right::Call(call)))
                }
                None => Ok(None),
            }
        })
    }
}
