//! One pass over a JSON text that checks all of it and notes where each value stands.
//!
//! Nothing is copied: a note is a place in the text. The memory of the notes is reused from text to text, so that reading
//! a document allocates nothing in steady state, and what no rule asks for costs no more than being passed over.

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

/// A value: strings stand without their quotes, containers with their brackets. A container is followed by what is in
/// it, keys before their values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Note {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The note behind this value and all that is in it.
    pub(crate) next: u32,
    pub(crate) kind: Kind,
    /// What [`tag`] says of a key; zero for values.
    pub(crate) tag: u16,
}

/// Tells most keys of an object apart without a look at the text.
#[inline]
pub(crate) fn tag(key: &[u8]) -> u16 {
    let (first, last) = (key.first().copied().unwrap_or(0), key.last().copied().unwrap_or(0));
    (key.len() as u16) << 8 | u16::from(first.wrapping_mul(31) ^ last)
}

/// The notes on one text.
#[derive(Debug, Default)]
pub struct Tape {
    pub(crate) notes: Vec<Note>,
    /// Containers that are open, outermost first.
    open: Vec<u32>,
}

impl Tape {
    /// Reads a text that is one document and nothing else.
    ///
    /// # Errors
    /// It is none.
    pub fn parse<'a>(&'a mut self, text: &'a [u8]) -> Result<Value<'a>, Fault> {
        let text = std::str::from_utf8(text).map_err(|_| Fault::Utf8)?;
        let end = self.read(text, 0)?;
        match blanks(text.as_bytes(), end) {
            rest if rest == text.len() => Ok(self.root(text)),
            rest => Err(Fault::Syntax(rest)),
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
        let mut at = blanks(text, at);
        loop {
            // A value begins here.
            at = match text.get(at) {
                Some(b'{') => {
                    self.enter(Kind::Map, at)?;
                    at = blanks(text, at + 1);
                    if text.get(at) != Some(&b'}') {
                        at = self.key(text, at)?;
                        continue;
                    }
                    self.leave(at + 1)
                }
                Some(b'[') => {
                    self.enter(Kind::List, at)?;
                    at = blanks(text, at + 1);
                    if text.get(at) != Some(&b']') {
                        continue;
                    }
                    self.leave(at + 1)
                }
                Some(b'"') => self.string(text, at)?,
                Some(b'-' | b'0'..=b'9') => {
                    let end = number(text, at)?;
                    self.note(Kind::Number, at, end);
                    end
                }
                Some(b't') => self.word(text, at, b"true", Kind::True)?,
                Some(b'f') => self.word(text, at, b"false", Kind::False)?,
                Some(b'n') => self.word(text, at, b"null", Kind::Null)?,
                _ => return Err(Fault::Syntax(at)),
            };
            // It has ended: so may the containers around it.
            loop {
                let Some(container) = self.open.last() else { return Ok(at) };
                let map = self.notes[*container as usize].kind == Kind::Map;
                at = blanks(text, at);
                match (text.get(at), map) {
                    (Some(b','), true) => {
                        at = self.key(text, blanks(text, at + 1))?;
                        break;
                    }
                    (Some(b','), false) => {
                        at = blanks(text, at + 1);
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => at = self.leave(at + 1),
                    _ => return Err(Fault::Syntax(at)),
                }
            }
        }
    }

    // Places fit: the text's length has been checked, and no note is shorter than a byte of it.
    #[inline]
    fn note(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.notes.len() as u32 + 1;
        self.notes.push(Note { start: start as u32, end: end as u32, next, kind, tag: 0 });
    }

    fn enter(&mut self, kind: Kind, at: usize) -> Result<(), Fault> {
        if self.open.len() == MAX_DEPTH {
            return Err(Fault::Deep);
        }
        self.open.push(self.notes.len() as u32);
        self.note(kind, at, at);
        Ok(())
    }

    fn leave(&mut self, end: usize) -> usize {
        let next = self.notes.len() as u32;
        if let Some(note) = self.open.pop().and_then(|open| self.notes.get_mut(open as usize)) {
            (note.end, note.next) = (end as u32, next);
        }
        end
    }

    /// A key and its colon; returns where the value begins.
    #[inline]
    fn key(&mut self, text: &[u8], at: usize) -> Result<usize, Fault> {
        if text.get(at) != Some(&b'"') {
            return Err(Fault::Syntax(at));
        }
        let end = self.string(text, at)?;
        if let Some(name) = self.notes.last_mut() {
            name.tag = tag(text.get(at + 1..end - 1).unwrap_or_default());
        }
        let colon = blanks(text, end);
        if text.get(colon) != Some(&b':') {
            return Err(Fault::Syntax(colon));
        }
        Ok(blanks(text, colon + 1))
    }

    /// A string whose opening quote stands at `quote`; returns the place behind the closing one.
    #[inline]
    fn string(&mut self, text: &[u8], quote: usize) -> Result<usize, Fault> {
        let (mut at, mut kind) = (quote + 1, Kind::Plain);
        loop {
            at = ordinary(text, at);
            match text.get(at) {
                Some(b'"') => {
                    self.note(kind, quote + 1, at);
                    return Ok(at + 1);
                }
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    at = match text.get(at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at + 2,
                        Some(b'u') => {
                            let hex = text.get(at + 2..at + 6).ok_or(Fault::Syntax(at))?;
                            if !hex.iter().all(u8::is_ascii_hexdigit) {
                                return Err(Fault::Syntax(at));
                            }
                            at + 6
                        }
                        _ => return Err(Fault::Syntax(at)),
                    };
                }
                _ => return Err(Fault::Syntax(at)),
            }
        }
    }

    fn word(&mut self, text: &[u8], at: usize, word: &[u8], kind: Kind) -> Result<usize, Fault> {
        let end = at + word.len();
        if text.get(at..end) != Some(word) {
            return Err(Fault::Syntax(at));
        }
        self.note(kind, at, end);
        Ok(end)
    }
}

/// The first place from `at` on that holds no blank.
#[inline]
fn blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The first quote, backslash or control character from `at` on, or the end. Eight bytes at a time: most strings of audit
/// events are ten to sixty bytes long.
#[inline]
fn ordinary(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    while let Some(eight) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let (quote, slash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        // Borrows run upwards only, so the lowest mark is exact, and only the lowest one counts.
        let marks = (quote.wrapping_sub(ONES) & !quote)
            | (slash.wrapping_sub(ONES) & !slash)
            | (word.wrapping_sub(ONES * 0x20) & !word);
        if marks & HIGH != 0 {
            return at + ((marks & HIGH).trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while matches!(text.get(at), Some(byte) if *byte >= 0x20 && *byte != b'"' && *byte != b'\\') {
        at += 1;
    }
    at
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
