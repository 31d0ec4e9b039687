//! A value of a document that has been read: looked up when a field asks for it, borrowed from the text.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::tape::{Key, Kind, Note};

/// A text and the notes on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Doc<'a> {
    pub(crate) text: &'a str,
    pub(crate) notes: &'a [Note],
}

impl<'a> Doc<'a> {
    fn note(self, at: u32) -> Note {
        const NONE: Note =
            Note { start: 0, end: 0, next: u32::MAX, key: Key { start: 0, end: 0, escaped: false }, kind: Kind::Null };
        self.notes.get(at as usize).copied().unwrap_or(NONE)
    }

    #[inline]
    fn slice(self, note: Note) -> &'a str {
        self.text.get(note.start as usize..note.end as usize).unwrap_or_default()
    }

    /// The bytes of a note: to compare, without asking where characters begin.
    #[inline]
    fn bytes(self, note: Note) -> &'a [u8] {
        self.text.as_bytes().get(note.start as usize..note.end as usize).unwrap_or_default()
    }

    fn string(self, note: Note) -> Cow<'a, str> {
        let raw = self.slice(note);
        if note.kind == Kind::Escaped { Cow::Owned(unescaped(raw)) } else { Cow::Borrowed(raw) }
    }

    fn key(self, key: Key) -> Cow<'a, str> {
        let raw = self.text.get(key.start as usize..key.end as usize).unwrap_or_default();
        if key.escaped { Cow::Owned(unescaped(raw)) } else { Cow::Borrowed(raw) }
    }

    /// Whether a key is this one. To compare, nobody has to know where characters begin.
    #[inline(always)]
    fn is_key(self, key: Key, wanted: &[u8]) -> bool {
        if key.escaped {
            return self.key(key).as_bytes() == wanted;
        }
        (key.end - key.start) as usize == wanted.len()
            && self.text.as_bytes().get(key.start as usize..key.end as usize) == Some(wanted)
    }
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    doc: Doc<'a>,
    at: u32,
}

impl<'a> Value<'a> {
    pub(crate) fn new(doc: Doc<'a>, at: u32) -> Self {
        Self { doc, at }
    }

    #[inline]
    fn note(self) -> Note {
        self.doc.note(self.at)
    }

    /// The value at an RFC 6901 pointer; the leading slash may be left out, the empty pointer is the whole document.
    pub fn pointer(self, pointer: &str) -> Option<Value<'a>> {
        if pointer.is_empty() {
            return Some(self);
        }
        // Bytes: no character has a slash or a tilde inside.
        let path = pointer.strip_prefix('/').unwrap_or(pointer).as_bytes();
        path.split(|byte| *byte == b'/').try_fold(self, |value, part| match value.note().kind {
            Kind::List => value.items().nth(std::str::from_utf8(part).ok()?.parse().ok()?),
            _ if part.contains(&b'~') => {
                let key = std::str::from_utf8(part).ok()?.replace("~1", "/").replace("~0", "~");
                value.get(&key)
            }
            _ => value.member(part),
        })
    }

    /// The value of `key` in an object; of two equal keys the last counts, as in every JSON library.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.member(key.as_bytes())
    }

    fn member(self, key: &[u8]) -> Option<Value<'a>> {
        let Doc { notes, .. } = self.doc;
        let container = notes.get(self.at as usize).filter(|note| note.kind == Kind::Map)?;
        let (mut found, mut at) = (None, self.at + 1);
        while at < container.next {
            let note = notes.get(at as usize)?;
            if self.doc.is_key(note.key, key) {
                found = Some(at);
            }
            at = note.next;
        }
        found.map(|at| Value { at, ..self })
    }

    /// Walks object keys from here.
    pub fn at(self, path: &[&str]) -> Option<Value<'a>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The elements of an array; nothing for any other value.
    pub fn items(self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let container = self.note();
        let end = if container.kind == Kind::List { container.next } else { 0 };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let item = Value { doc: self.doc, at };
                at = item.note().next;
                item
            })
        })
    }

    /// The keys and values of an object, in the order in which they stand; nothing for any other value.
    pub fn entries(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> + use<'a> {
        let container = self.note();
        let end = if container.kind == Kind::Map { container.next } else { 0 };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let value = Value { doc: self.doc, at };
                let note = value.note();
                at = note.next;
                (self.doc.key(note.key), value)
            })
        })
    }

    /// The string, if it is one.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let note = self.note();
        matches!(note.kind, Kind::Plain | Kind::Escaped).then(|| self.doc.string(note))
    }

    /// Whether it is this string.
    pub fn is(self, text: &str) -> bool {
        let note = self.note();
        match note.kind {
            Kind::Plain => self.doc.bytes(note) == text.as_bytes(),
            Kind::Escaped => self.doc.string(note) == text,
            _ => false,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        match self.note().kind {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// The number, if it is one without sign, fraction and exponent that fits.
    pub fn as_u64(self) -> Option<u64> {
        let note = self.note();
        (note.kind == Kind::Number).then(|| self.doc.slice(note).parse().ok()).flatten()
    }

    /// The number, if it is one.
    pub fn as_f64(self) -> Option<f64> {
        let note = self.note();
        (note.kind == Kind::Number).then(|| self.doc.slice(note).parse().ok()).flatten()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.note().kind == Kind::Null
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.note().kind == Kind::Map
    }

    /// Whether it is an array.
    pub fn is_list(self) -> bool {
        self.note().kind == Kind::List
    }

    /// The value as it stands in the text; of a string what stands between the quotes.
    pub fn raw(self) -> &'a str {
        self.doc.slice(self.note())
    }

    /// How a field shows the value: a string as it is, anything else as it is written, without blanks between tokens.
    pub fn text(self) -> Cow<'a, str> {
        let note = self.note();
        match note.kind {
            Kind::Plain | Kind::Escaped => self.doc.string(note),
            Kind::List | Kind::Map => compact(self.doc.slice(note)),
            Kind::Null => Cow::Borrowed("null"),
            _ => Cow::Borrowed(self.doc.slice(note)),
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let note = self.note();
        match note.kind {
            Kind::Null => serializer.serialize_unit(),
            Kind::True => serializer.serialize_bool(true),
            Kind::False => serializer.serialize_bool(false),
            Kind::Number => {
                let number: serde_json::Number = self.raw().parse().map_err(serde::ser::Error::custom)?;
                number.serialize(serializer)
            }
            Kind::Plain | Kind::Escaped => serializer.serialize_str(&self.doc.string(note)),
            Kind::List => {
                let mut list = serializer.serialize_seq(None)?;
                self.items().try_for_each(|item| list.serialize_element(&item))?;
                list.end()
            }
            Kind::Map => {
                let mut map = serializer.serialize_map(None)?;
                self.entries().try_for_each(|(key, value)| map.serialize_entry(&key, &value))?;
                map.end()
            }
        }
    }
}

/// JSON without blanks between tokens. What API servers write has none and is borrowed.
pub fn compact(json: &str) -> Cow<'_, str> {
    let (mut inside, mut escaped, mut out) = (false, false, None::<String>);
    let mut kept = 0;
    for (at, byte) in json.bytes().enumerate() {
        if inside {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => inside = false,
                _ => {}
            }
        } else if byte == b'"' {
            inside = true;
        } else if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            out.get_or_insert_default().push_str(&json[kept..at]);
            kept = at + 1;
        }
    }
    match out {
        None => Cow::Borrowed(json),
        Some(mut out) => {
            out.push_str(&json[kept..]);
            Cow::Owned(out)
        }
    }
}

/// What a string with escapes says. Half of a surrogate pair becomes U+FFFD.
fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(slash) = rest.bytes().position(|byte| byte == b'\\') {
        out.push_str(&rest[..slash]);
        let escape = rest.as_bytes().get(slash + 1).copied().unwrap_or(b'\\');
        let mut used = slash + 2;
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let unit = |at: usize| rest.get(at..at + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                let high = unit(used).unwrap_or(0xfffd);
                used += 4;
                let low = (rest.get(used..used + 2) == Some("\\u")).then(|| unit(used + 2)).flatten();
                let code = match (high, low) {
                    (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                        used += 6;
                        0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                    }
                    _ => high,
                };
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}
