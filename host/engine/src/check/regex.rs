//! Regular expressions of conditions: RE2's POSIX syntax, matched as a whole.
//!
//! Rust's syntax differs in what it accepts (`\d`, `\<`, `(?i)`) and in what the same text means (`a+?`, `[a&&b]`, `{,2}`),
//! so that the pattern is parsed here and only its meaning handed to the `regex` crate.

use std::borrow::Cow;

use regex::Regex;
use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, HirKind, Look, Repetition};

/// The largest count in `{n,m}`.
const MAX_REPEAT: u32 = 1000;
/// How deep groups may nest.
const MAX_DEPTH: usize = 200;

/// Compiles a pattern.
///
/// # Errors
/// A text that says what is wrong with the pattern.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let body = parse(pattern)?;
    let whole = Hir::concat(vec![Hir::look(Look::Start), body, Hir::look(Look::End)]);
    Regex::new(&whole.to_string()).map_err(|_| format!("pattern too large - compile failed: {pattern}"))
}

/// What a pattern means, without the rule that it matches the whole value.
///
/// # Errors
/// A text that says what is wrong with the pattern.
pub(crate) fn parse(pattern: &str) -> Result<Hir, String> {
    let mut parser = Parser { rest: pattern, depth: 0 };
    let body = parser.alternation()?;
    if !parser.rest.is_empty() {
        return Err(format!("unexpected ): {pattern}"));
    }
    Ok(body)
}

/// Whether the pattern matches the whole value; what is no UTF-8 is seen as U+FFFD.
pub(crate) fn is_match(regex: &Regex, value: &[u8]) -> bool {
    match String::from_utf8_lossy(value) {
        Cow::Borrowed(text) => regex.is_match(text),
        Cow::Owned(text) => regex.is_match(&text),
    }
}

struct Parser<'p> {
    rest: &'p str,
    depth: usize,
}

impl<'p> Parser<'p> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        self.rest.strip_prefix(text).inspect(|rest| self.rest = rest).is_some()
    }

    fn alternation(&mut self) -> Result<Hir, String> {
        let mut branches = vec![self.concatenation()?];
        while self.eat("|") {
            branches.push(self.concatenation()?);
        }
        Ok(Hir::alternation(branches))
    }

    fn concatenation(&mut self) -> Result<Hir, String> {
        let mut parts: Vec<Hir> = Vec::new();
        while let Some(c) = self.peek() {
            match c {
                '|' | ')' => break,
                '*' | '+' | '?' => {
                    self.next();
                    let (min, max) = match c {
                        '*' => (0, None),
                        '+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    repeat(&mut parts, min, max)?;
                }
                '{' => match self.counts()? {
                    Some((min, max)) => repeat(&mut parts, min, max)?,
                    None => {
                        self.next();
                        parts.push(literal('{'));
                    }
                },
                _ => parts.push(self.atom()?),
            }
        }
        Ok(Hir::concat(parts))
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else after a brace leaves it an ordinary character.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, String> {
        let Some((inside, rest)) = self.rest.get(1..).and_then(|r| r.split_once('}')) else { return Ok(None) };
        let (low, high) = inside.split_once(',').map_or((inside, None), |(low, high)| (low, Some(high)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(low) || !high.is_none_or(|h| h.is_empty() || digits(h)) {
            return Ok(None);
        }
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n <= MAX_REPEAT);
        let bad = || format!("bad repetition operator: {{{inside}}}");
        let min = number(low).ok_or_else(bad)?;
        let max = match high {
            None => Some(min),
            Some("") => None,
            Some(high) => Some(number(high).filter(|max| *max >= min).ok_or_else(bad)?),
        };
        self.rest = rest;
        Ok(Some((min, max)))
    }

    fn atom(&mut self) -> Result<Hir, String> {
        Ok(match self.next() {
            Some('(') => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err("expression nests too deeply".into());
                }
                let group = self.alternation()?;
                self.depth -= 1;
                if !self.eat(")") {
                    return Err("missing )".into());
                }
                group
            }
            Some('[') => self.class()?,
            Some('.') => Hir::dot(Dot::AnyCharExceptLF),
            Some('^') => Hir::look(Look::StartLF),
            Some('$') => Hir::look(Look::EndLF),
            Some('\\') => literal(self.escape()?),
            Some(c) => literal(c),
            None => Hir::empty(),
        })
    }

    /// What follows a backslash. Letters and digits are only those that RE2 knows in POSIX mode.
    fn escape(&mut self) -> Result<char, String> {
        let bad = |c: char| format!("invalid escape sequence: \\{c}");
        let c = self.next().ok_or("trailing \\")?;
        Ok(match c {
            'a' => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '0' => self.octal(0, 2),
            '1'..='7' if self.peek().is_some_and(|d| d.is_digit(8)) => self.octal(c.to_digit(8).unwrap_or(0), 2),
            'x' => {
                let digits = if self.eat("{") {
                    let (inside, rest) = self.rest.split_once('}').ok_or_else(|| bad(c))?;
                    self.rest = rest;
                    inside
                } else {
                    let two = self.rest.get(..2).ok_or_else(|| bad(c))?;
                    self.rest = &self.rest[2..];
                    two
                };
                let hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let code = if hex { u32::from_str_radix(digits, 16).ok() } else { None };
                code.and_then(char::from_u32).ok_or_else(|| bad(c))?
            }
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' => c,
            _ => return Err(bad(c)),
        })
    }

    fn octal(&mut self, first: u32, more: usize) -> char {
        let mut code = first;
        for _ in 0..more {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
            code = code * 8 + digit;
            self.next();
        }
        char::from_u32(code).unwrap_or('\0')
    }

    fn class(&mut self) -> Result<Hir, String> {
        let negated = self.eat("^");
        let mut set = ClassUnicode::empty();
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            if self.rest.is_empty() {
                return Err("missing ]".into());
            }
            // A dash in the middle that makes no range could mean several things, and POSIX refuses it.
            if self.rest.starts_with('-') && !first && !self.rest.starts_with("-]") {
                return Err(format!("invalid character class range: {}", self.rest.get(..2).unwrap_or("-")));
            }
            first = false;
            if self.rest.starts_with("[:")
                && let Some((name, rest)) = self.rest[2..].split_once(":]")
            {
                self.rest = rest;
                set.union(&named_class(name).ok_or_else(|| format!("invalid character class range: [:{name}:]"))?);
                continue;
            }
            let low = self.class_char()?;
            let range = self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1;
            let high = if range {
                self.next();
                self.class_char()?
            } else {
                low
            };
            if high < low {
                return Err(format!("invalid character class range: {low}-{high}"));
            }
            set.push(ClassUnicodeRange::new(low, high));
        }
        self.next();
        if negated {
            set.negate();
        }
        Ok(Hir::class(Class::Unicode(set)))
    }

    fn class_char(&mut self) -> Result<char, String> {
        match self.next() {
            Some('\\') => self.escape(),
            Some(c) => Ok(c),
            None => Err("missing ]".into()),
        }
    }
}

fn literal(c: char) -> Hir {
    Hir::literal(c.encode_utf8(&mut [0; 4]).as_bytes())
}

/// Repeats what stands last. Repeating a repetition is allowed, and the second one is never a mark of laziness.
fn repeat(parts: &mut Vec<Hir>, min: u32, max: Option<u32>) -> Result<(), String> {
    let mut sub = parts.pop().ok_or("no argument for repetition operator")?;
    // The pattern is handed on as text, where a repetition right behind another one would mean something else.
    if matches!(sub.kind(), HirKind::Repetition(_)) {
        sub = Hir::capture(Capture { index: 1, name: None, sub: Box::new(sub) });
    }
    parts.push(Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(sub) }));
    Ok(())
}

fn named_class(name: &str) -> Option<ClassUnicode> {
    let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
    let ranges: &[(char, char)] = match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    };
    let mut set = ClassUnicode::new(ranges.iter().map(|(low, high)| ClassUnicodeRange::new(*low, *high)));
    if negated {
        set.negate();
    }
    Some(set)
}
