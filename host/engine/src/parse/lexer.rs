//! Tokens. The language has no reserved words and no token stream: what a word is depends on where it is looked for, so
//! each function tries one kind of token at the cursor and moves only if it is there.

use super::error::EscapeError;

/// A text and a place in it.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// The last token that was read, for messages.
    last: (usize, usize),
}

/// What a blank is between tokens.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x08 | b'\r' | b'\n')
}

/// The POSIX class `[:space:]`, which bare texts stop at.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Lexer { text, at: 0, last: (0, 0) }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub(super) fn last_token(&self) -> &'t str {
        self.text.get(self.last.0..self.last.1).unwrap_or("")
    }

    fn rest(&self) -> &'t [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn take(&mut self, len: usize) -> &'t str {
        self.last = (self.at, self.at + len);
        self.at += len;
        self.last_token()
    }

    fn take_some(&mut self, len: usize) -> Option<&'t str> {
        (len > 0).then(|| self.take(len))
    }

    /// Skips blanks and says whether there were any.
    pub(super) fn blank(&mut self) -> bool {
        let count = self.rest().iter().take_while(|b| is_blank(**b)).count();
        self.at += count;
        count > 0
    }

    /// Exactly this text, whatever follows it.
    pub(super) fn exact(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token.as_bytes());
        if found {
            self.take(token.len());
        }
        found
    }

    /// This word and at least one blank.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let found =
            self.rest().starts_with(word.as_bytes()) && self.rest().get(word.len()).copied().is_some_and(is_blank);
        if found {
            self.take(word.len());
            self.blank();
        }
        found
    }

    /// `not` and at least one space.
    pub(super) fn not(&mut self) -> bool {
        let found = self.rest().starts_with(b"not") && self.rest().get(3).copied().is_some_and(is_space);
        if found {
            let spaces = self.rest()[3..].iter().take_while(|b| is_space(**b)).count();
            self.take(3);
            self.at += spaces;
        }
        found
    }

    fn identifier_len(bytes: &[u8]) -> usize {
        if !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
            return 0;
        }
        bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
    }

    /// A letter, then letters, digits and `_`.
    pub(super) fn identifier(&mut self) -> Option<&'t str> {
        self.take_some(Self::identifier_len(self.rest()))
    }

    /// Identifiers joined by dots, at least two.
    pub(super) fn field_name(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let first = Self::identifier_len(rest);
        let mut len = first;
        while len > 0 && rest.get(len) == Some(&b'.') {
            match Self::identifier_len(&rest[len + 1..]) {
                0 => break,
                part => len += 1 + part,
            }
        }
        if len > first { self.take_some(len) } else { None }
    }

    /// A field's argument without quotes.
    pub(super) fn bare_argument(&mut self) -> Option<&'t str> {
        let stop = |b: &u8| !is_space(*b) && !matches!(b, b'[' | b']' | b'"' | b'\'');
        self.take_some(self.rest().iter().take_while(|b| stop(b)).count())
    }

    /// A constant without quotes.
    pub(super) fn bare_text(&mut self) -> Option<&'t str> {
        let stop = |b: &u8| !is_space(*b) && !matches!(b, b'(' | b')' | b'"' | b'\'' | b'=' | b',');
        self.take_some(self.rest().iter().take_while(|b| stop(b)).count())
    }

    /// A number in hexadecimal (`0x…`) or decimal, the latter with sign, fraction and signed exponent.
    pub(super) fn number(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let run =
            |from: usize, test: fn(&u8) -> bool| rest[from.min(rest.len())..].iter().take_while(|b| test(b)).count();
        if rest.first() == Some(&b'0') && matches!(rest.get(1), Some(b'x' | b'X')) {
            let digits = run(2, u8::is_ascii_hexdigit);
            if digits > 0 {
                return self.take_some(2 + digits);
            }
        }
        let sign = usize::from(matches!(rest.first(), Some(b'+' | b'-')));
        let digits = run(sign, u8::is_ascii_digit);
        if digits == 0 {
            return None;
        }
        let mut len = sign + digits;
        if rest.get(len) == Some(&b'.') {
            len += 1 + run(len + 1, u8::is_ascii_digit);
        }
        if matches!(rest.get(len), Some(b'e' | b'E')) && matches!(rest.get(len + 1), Some(b'+' | b'-')) {
            match run(len + 2, u8::is_ascii_digit) {
                0 => {}
                exponent => len += 2 + exponent,
            }
        }
        self.take_some(len)
    }

    /// A text in quotes, unescaped. It ends at the first such quote that no backslash stands before, even if that
    /// backslash is itself escaped: existing rules are read so.
    pub(super) fn quoted(&mut self) -> Option<Result<Box<[u8]>, EscapeError>> {
        let rest = self.rest();
        let quote = *rest.first().filter(|b| matches!(b, b'"' | b'\''))?;
        let len = (1..rest.len()).find(|i| rest[*i] == quote && rest[i - 1] != b'\\')?;
        let token = self.take(len + 1).as_bytes();
        Some(unescape(&token[1..len], quote))
    }
}

fn unescape(bytes: &[u8], quote: u8) -> Result<Box<[u8]>, EscapeError> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&escaped) = bytes.get(at) else { break };
        at += 1;
        out.push(match escaped {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            // A blank after a backslash means the backslash: rules were written so before escapes were defined.
            b' ' | b'\\' => b'\\',
            b'/' => b'/',
            b'"' | b'\'' if escaped == quote => quote,
            b'"' | b'\'' => return Err(EscapeError::Quote { escaped: escaped.into(), quote: quote.into() }),
            b'x' => {
                let digits = bytes.get(at..at + 2).and_then(|d| std::str::from_utf8(d).ok()).ok_or(EscapeError::Hex)?;
                if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(EscapeError::Hex);
                }
                at += 2;
                u8::from_str_radix(digits, 16).map_err(|_| EscapeError::Hex)?
            }
            _ => {
                let rest = String::from_utf8_lossy(&bytes[at - 1..]);
                return Err(EscapeError::Unknown(rest.chars().next().unwrap_or('\u{fffd}')));
            }
        });
    }
    Ok(out.into())
}
