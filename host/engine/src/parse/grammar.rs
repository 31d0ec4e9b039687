//! Recursive descent over the condition language. Each function is one rule of the grammar; every level counts against
//! the depth limit exactly as many steps as rules are entered, so that what nests too deep is a fixed, tested property.

use super::error::{ParseError, ParseErrorKind};
use super::lexer::Lexer;
use crate::ast::{
    Check, Expr, ExprKind, Modifier, Operand, OperandKind, Operator, Right, Span, Test, Transformer, Value,
};

type Result<T> = std::result::Result<T, ParseError>;

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
        kind: fn(Vec<Expr>) -> ExprKind,
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
                _ => Expr { kind: kind(parts), span: end },
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
            Ok(Expr { kind: ExprKind::Not(Box::new(part)), span: p.span(start) })
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
                return Ok(Expr { kind: ExprKind::Macro(name.into()), span: p.span(start) });
            } else {
                return p.expected("a '(' token, a field check, or an identifier");
            };
            let test = p.test()?;
            Ok(Expr { kind: ExprKind::Check(Check { left, test }), span: p.span(start) })
        })
    }

    /// The name of a transformer with its parenthesis.
    fn call_name(&mut self) -> Option<Transformer> {
        let start = self.lexer.at();
        CALLS.into_iter().find(|t| {
            let found = self.lexer.exact(t.as_str()) && self.lexer.exact("(");
            if !found {
                self.lexer.back_to(start);
            }
            found
        })
    }

    fn field(&mut self, name: &str, start: usize) -> Result<Operand> {
        self.nested(|p| {
            let arg = p.brackets()?;
            Ok(Operand { kind: OperandKind::Field { name: name.into(), arg }, span: p.span(start) })
        })
    }

    fn brackets(&mut self) -> Result<Option<Box<str>>> {
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

    fn quoted(&mut self) -> Result<Option<Box<[u8]>>> {
        match self.lexer.quoted() {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes)),
            Some(Err(escape)) => Err(self.error(ParseErrorKind::Escape(escape))),
        }
    }

    /// The arguments of a call after its opening parenthesis.
    fn call(&mut self, transformer: Transformer, start: usize) -> Result<Operand> {
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

    /// The operator and what follows it.
    fn test(&mut self) -> Result<Test> {
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
                return Ok(Right::List(values));
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
                return Ok(Right::List(values));
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
