//! One pass over a JSON text that checks all of it and notes where each value stands.
//!
//! Nothing is copied: a note is a place in the text. The memory of the notes is reused from text to text, so that reading
//! a document allocates nothing in steady state, and what no rule asks for costs no more than being passed over.
//!
//! The pass looks for quotes and backslashes only. That no string has a control character is made sure of afterwards, for the whole
//! document at once: there must be as many as there were line breaks and tabs between tokens.

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
    /// Line breaks and tabs between tokens.
    breaks: usize,
    /// How far the reading came, where it failed for what is no matter of a place.
    reached: usize,
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
        let text = text.as_bytes();
        (self.breaks, self.reached) = (0, text.len());
        let result = self.run(text, at);
        let until = match result {
            Ok(end) => end,
            Err(Fault::Syntax(place)) => place,
            Err(_) => self.reached,
        };
        let read = text.get(at..until).unwrap_or_default();
        let clean = self.breaks == 0 && least(read) >= 0x20 || controls(read) == self.breaks;
        let result = if result.is_ok() && clean {
            result
        } else {
            // What comes first counts.
            control_in_string(read).map_or(result, |place| Err(Fault::Syntax(at + place)))
        };
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
        let mut at = self.blanks(text, at);
        // Whether the innermost container that is open is an object.
        let mut map = false;
        loop {
            // A value begins here.
            at = match text.get(at) {
                Some(b'"') => self.string(text, at)?,
                Some(b'{') => {
                    self.enter(Kind::Map, at)?;
                    at = self.blanks(text, at + 1);
                    if text.get(at) != Some(&b'}') {
                        map = true;
                        at = self.key(text, at)?;
                        continue;
                    }
                    self.leave(at + 1)
                }
                Some(b'[') => {
                    self.enter(Kind::List, at)?;
                    at = self.blanks(text, at + 1);
                    if text.get(at) != Some(&b']') {
                        map = false;
                        continue;
                    }
                    self.leave(at + 1)
                }
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
                if self.open.is_empty() {
                    return Ok(at);
                }
                at = self.blanks(text, at);
                match (text.get(at), map) {
                    (Some(b','), true) => {
                        at = self.blanks(text, at + 1);
                        at = self.key(text, at)?;
                        break;
                    }
                    (Some(b','), false) => {
                        at = self.blanks(text, at + 1);
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        at = self.leave(at + 1);
                        let around = self.open.last().and_then(|open| self.notes.get(*open as usize));
                        map = around.is_some_and(|note| note.kind == Kind::Map);
                    }
                    _ => return Err(Fault::Syntax(at)),
                }
            }
        }
    }

    // Places fit: the text's length has been checked, and no note is shorter than a byte of it.
    #[inline(always)]
    fn note(&mut self, kind: Kind, start: usize, end: usize) {
        self.tagged(kind, start, end, 0);
    }

    #[inline(always)]
    fn tagged(&mut self, kind: Kind, start: usize, end: usize, tag: u16) {
        let next = self.notes.len() as u32 + 1;
        self.notes.push(Note { start: start as u32, end: end as u32, next, kind, tag });
    }

    fn enter(&mut self, kind: Kind, at: usize) -> Result<(), Fault> {
        if self.open.len() == MAX_DEPTH {
            self.reached = at;
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
    #[inline(always)]
    fn key(&mut self, text: &[u8], at: usize) -> Result<usize, Fault> {
        if text.get(at) != Some(&b'"') {
            return Err(Fault::Syntax(at));
        }
        let (kind, end) = string(text, at)?;
        self.tagged(kind, at + 1, end, tag(text.get(at + 1..end).unwrap_or_default()));
        let colon = self.blanks(text, end + 1);
        if text.get(colon) != Some(&b':') {
            return Err(Fault::Syntax(colon));
        }
        Ok(self.blanks(text, colon + 1))
    }

    /// A string whose opening quote stands at `quote`; returns the place behind the closing one.
    #[inline(always)]
    fn string(&mut self, text: &[u8], quote: usize) -> Result<usize, Fault> {
        let (kind, end) = string(text, quote)?;
        self.note(kind, quote + 1, end);
        Ok(end + 1)
    }

    /// The first place from `at` on that holds no blank.
    #[inline(always)]
    fn blanks(&mut self, text: &[u8], at: usize) -> usize {
        match text.get(at) {
            Some(byte) if *byte > b' ' => at,
            _ => self.pass_blanks(text, at),
        }
    }

    #[cold]
    fn pass_blanks(&mut self, text: &[u8], mut at: usize) -> usize {
        while let Some(byte @ (b' ' | b'\n' | b'\r' | b'\t')) = text.get(at) {
            self.breaks += usize::from(*byte != b' ');
            at += 1;
        }
        at
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

/// Whether the string whose opening quote stands at `quote` has escapes, and where its closing quote stands.
#[inline(always)]
fn string(text: &[u8], quote: usize) -> Result<(Kind, usize), Fault> {
    let at = ordinary(text, quote + 1);
    match text.get(at) {
        Some(b'"') => Ok((Kind::Plain, at)),
        Some(_) => Ok((Kind::Escaped, escaped(text, at)?)),
        None => Err(Fault::Syntax(at)),
    }
}

/// The first quote or backslash from `at` on, or the end. Eight bytes at a time: most strings of audit events are ten to sixty
/// bytes long, for which setting up longer steps costs more than it gains (`memchr2` took twice as many instructions).
#[inline(always)]
fn ordinary(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let (eights, _) = text.get(at..).unwrap_or_default().as_chunks::<8>();
    for eight in eights {
        let word = u64::from_le_bytes(*eight);
        let (quote, slash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        // Borrows run upwards only, so the lowest mark is exact, and only the lowest one counts.
        let marks = (quote.wrapping_sub(ONES) | slash.wrapping_sub(ONES)) & !word & HIGH;
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while matches!(text.get(at), Some(byte) if *byte != b'"' && *byte != b'\\') {
        at += 1;
    }
    at
}

/// The closing quote of a string, from its first backslash on.
fn escaped(text: &[u8], mut at: usize) -> Result<usize, Fault> {
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
        at = ordinary(text, at);
    }
}

/// The least byte of a text: sixteen and more are looked at at once.
fn least(text: &[u8]) -> u8 {
    text.iter().fold(u8::MAX, |least, byte| least.min(*byte))
}

/// Control characters in a text. In pieces whose count fits a byte, so that sixteen and more are counted at once.
fn controls(text: &[u8]) -> usize {
    let of = |piece: &[u8]| piece.iter().map(|byte| u8::from(*byte < 0x20)).sum::<u8>();
    text.chunks(255).map(|piece| usize::from(of(piece))).sum()
}

/// The first control character inside a string of a text that begins outside of any.
#[cold]
fn control_in_string(text: &[u8]) -> Option<usize> {
    let (mut inside, mut escape) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            0..0x20 if inside => return Some(at),
            _ if escape => escape = false,
            b'\\' if inside => escape = true,
            b'"' => inside = !inside,
            _ => {}
        }
    }
    None
}

/// The first place from `at` on that holds no blank.
fn blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
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
