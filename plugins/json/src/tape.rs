//! One pass over a JSON text that checks all of it and notes where each value stands.
//!
//! Nothing is copied: a note is a place in the text. The memory of the notes is reused from text to text, so that reading
//! a document allocates nothing in steady state, and what no rule asks for costs no more than being passed over.
//!
//! Where strings end is seen for 64 bytes at once (`marks`); between strings the pass goes byte by byte.

use crate::marks::Marks;
use crate::value::{Doc, Value};

/// Containers inside containers at most. Kubernetes and cloud providers stay far below; a text that is all brackets must not
/// decide how much work a lookup is.
pub const MAX_DEPTH: usize = 128;

/// Why a text is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// Not JSON from this byte on.
    #[error("not JSON at byte {0}")]
    Syntax(usize),
    /// More than [`MAX_DEPTH`] containers inside each other.
    #[error("nested more than {MAX_DEPTH} deep")]
    Deep,
    /// More than 4 GiB.
    #[error("longer than 4 GiB")]
    Long,
}

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    Number,
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    List,
    Map,
}

/// A value: strings stand without their quotes, containers with their brackets. A container is followed by what is in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Note {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The note behind this value and all that is in it.
    pub(crate) next: u32,
    /// Of members of objects. What others have here means nothing.
    pub(crate) key: Key,
    pub(crate) kind: Kind,
}

/// The key of a member, without its quotes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Key {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// It has escapes.
    pub(crate) escaped: bool,
}

/// A container that has begun.
#[derive(Debug, Clone, Copy)]
struct Open {
    note: u32,
    /// It is an object.
    map: bool,
}

/// The notes on one text.
#[derive(Debug, Default)]
pub struct Tape {
    pub(crate) notes: Vec<Note>,
    /// Outermost first.
    open: Vec<Open>,
}

impl Tape {
    /// Reads a text that is one document and nothing else.
    ///
    /// # Errors
    /// It is none.
    pub fn parse<'a>(&'a mut self, text: &'a [u8]) -> Result<Value<'a>, Fault> {
        let text = std::str::from_utf8(text).map_err(|_| Fault::Utf8)?;
        let end = self.read(text, 0)?;
        match token(text.as_bytes(), end) {
            (rest, _) if rest == text.len() => Ok(self.root(text)),
            (rest, _) => Err(Fault::Syntax(rest)),
        }
    }

    /// Reads the value that begins at byte `at`, whatever follows, and returns where it ends.
    ///
    /// # Errors
    /// There is none.
    pub fn read(&mut self, text: &str, at: usize) -> Result<usize, Fault> {
        self.notes.clear();
        self.open.clear();
        if u32::try_from(text.len()).is_err() {
            return Err(Fault::Long);
        }
        let result = self.run(text.as_bytes(), at);
        if result.is_err() {
            self.notes.clear();
        }
        result
    }

    /// The value that was read last; `text` is what it was read from. `null` if there was an error.
    pub fn root<'a>(&'a self, text: &'a str) -> Value<'a> {
        Value::new(Doc { text, notes: &self.notes }, 0)
    }

    fn run(&mut self, text: &[u8], at: usize) -> Result<usize, Fault> {
        let mut marks = Marks::new(text);
        let (mut at, mut byte) = token(text, at);
        let mut key = Key::default();
        // Whether the innermost container that is open is an object.
        let mut map = false;
        loop {
            // A value begins here.
            at = match byte {
                b'"' => {
                    let (kind, end) = string(text, &mut marks, at + 1)?;
                    self.note(kind, at + 1, end, key);
                    end + 1
                }
                b'{' => {
                    self.enter(Kind::Map, at, key)?;
                    (at, byte) = token(text, at + 1);
                    if byte != b'}' {
                        map = true;
                        (key, at, byte) = member(text, &mut marks, at, byte)?;
                        continue;
                    }
                    map = self.leave(at + 1);
                    at + 1
                }
                b'[' => {
                    self.enter(Kind::List, at, key)?;
                    (at, byte) = token(text, at + 1);
                    if byte != b']' {
                        map = false;
                        continue;
                    }
                    map = self.leave(at + 1);
                    at + 1
                }
                b'-' | b'0'..=b'9' => {
                    let end = number(text, at)?;
                    self.note(Kind::Number, at, end, key);
                    end
                }
                b't' => self.word(text, at, b"true", Kind::True, key)?,
                b'f' => self.word(text, at, b"false", Kind::False, key)?,
                b'n' => self.word(text, at, b"null", Kind::Null, key)?,
                _ => return Err(Fault::Syntax(at)),
            };
            // It has ended: so may the containers around it.
            while !self.open.is_empty() {
                (at, byte) = token(text, at);
                if byte == b',' {
                    (at, byte) = token(text, at + 1);
                    if map {
                        (key, at, byte) = member(text, &mut marks, at, byte)?;
                    }
                    break;
                }
                if byte != if map { b'}' } else { b']' } {
                    return Err(Fault::Syntax(at));
                }
                at += 1;
                map = self.leave(at);
            }
            if self.open.is_empty() {
                return Ok(at);
            }
        }
    }

    // Places fit: the text's length has been checked, and no note is shorter than a byte of it.
    #[inline(always)]
    fn note(&mut self, kind: Kind, start: usize, end: usize, key: Key) {
        let next = self.notes.len() as u32 + 1;
        self.notes.push(Note { start: start as u32, end: end as u32, next, key, kind });
    }

    #[inline(always)]
    fn enter(&mut self, kind: Kind, at: usize, key: Key) -> Result<(), Fault> {
        if self.open.len() == MAX_DEPTH {
            return Err(Fault::Deep);
        }
        self.open.push(Open { note: self.notes.len() as u32, map: kind == Kind::Map });
        self.note(kind, at, at, key);
        Ok(())
    }

    /// Ends the innermost container; whether that around it is an object.
    #[inline(always)]
    fn leave(&mut self, end: usize) -> bool {
        let next = self.notes.len() as u32;
        if let Some(note) = self.open.pop().and_then(|open| self.notes.get_mut(open.note as usize)) {
            (note.end, note.next) = (end as u32, next);
        }
        self.open.last().is_some_and(|open| open.map)
    }

    fn word(&mut self, text: &[u8], at: usize, word: &[u8], kind: Kind, key: Key) -> Result<usize, Fault> {
        let end = at + word.len();
        if text.get(at..end) != Some(word) {
            return Err(Fault::Syntax(at));
        }
        self.note(kind, at, end, key);
        Ok(end)
    }
}

/// The key that begins at `at` with `byte`, where its value begins, and the first byte of that.
#[inline(always)]
fn member(text: &[u8], marks: &mut Marks<'_>, at: usize, byte: u8) -> Result<(Key, usize, u8), Fault> {
    if byte != b'"' {
        return Err(Fault::Syntax(at));
    }
    let (kind, end) = string(text, marks, at + 1)?;
    let key = Key { start: at as u32 + 1, end: end as u32, escaped: kind != Kind::Plain };
    // As programs write it.
    if text.get(end + 1) == Some(&b':')
        && let Some(byte) = text.get(end + 2)
        && *byte > b' '
    {
        return Ok((key, end + 2, *byte));
    }
    let (colon, byte) = token(text, end + 1);
    if byte != b':' {
        return Err(Fault::Syntax(colon));
    }
    let (at, byte) = token(text, colon + 1);
    Ok((key, at, byte))
}

/// Whether the string that begins at `at`, behind its quote, has escapes, and where its closing quote stands.
#[inline(always)]
fn string(text: &[u8], marks: &mut Marks<'_>, at: usize) -> Result<(Kind, usize), Fault> {
    let end = marks.next(at);
    match text.get(end) {
        Some(b'"') => Ok((Kind::Plain, end)),
        Some(b'\\') => Ok((Kind::Escaped, escaped(text, marks, end)?)),
        // A control character, or the end of the text.
        _ => Err(Fault::Syntax(end)),
    }
}

/// The closing quote of a string, from its first backslash on.
fn escaped(text: &[u8], marks: &mut Marks<'_>, mut at: usize) -> Result<usize, Fault> {
    loop {
        at = match (text.get(at), text.get(at + 1)) {
            (Some(b'"'), _) => return Ok(at),
            (Some(b'\\'), Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => at + 2,
            (Some(b'\\'), Some(b'u')) => {
                let hex = text.get(at + 2..at + 6).ok_or(Fault::Syntax(at))?;
                if !hex.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Fault::Syntax(at));
                }
                at + 6
            }
            _ => return Err(Fault::Syntax(at)),
        };
        at = marks.next(at);
    }
}

/// The first place from `at` on that holds no blank, and what it holds: 0, which is no token, at the end.
#[inline(always)]
fn token(text: &[u8], at: usize) -> (usize, u8) {
    match text.get(at) {
        Some(byte) if *byte > b' ' => (at, *byte),
        _ => token_behind_blanks(text, at),
    }
}

#[cold]
fn token_behind_blanks(text: &[u8], mut at: usize) -> (usize, u8) {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    (at, text.get(at).copied().unwrap_or_default())
}

/// The end of the number that begins at `at`.
fn number(text: &[u8], at: usize) -> Result<usize, Fault> {
    let digits = |from: usize| {
        let count = text.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 { Err(Fault::Syntax(from)) } else { Ok(from + count) }
    };
    let first = at + usize::from(text.get(at) == Some(&b'-'));
    let mut end = digits(first)?;
    if text.get(first) == Some(&b'0') && end > first + 1 {
        return Err(Fault::Syntax(first + 1));
    }
    if text.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        end = digits(end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-'))))?;
    }
    Ok(end)
}
