//! JSON as Falco's alerts have it: keys in alphabetical order, no blanks, control characters escaped, everything else
//! as it is. Written by hand because the bytes are the contract.

use lanner_engine::format::FormatValue;

/// Appends `text` with JSON's escapes, without the quotes around it.
pub fn push_escaped(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((clean, byte, behind)) = split(rest) {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            _ => "",
        };
        out.push_str(clean);
        if escape.is_empty() {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
            out.push_str("\\u00");
            out.push(digit(byte >> 4));
            out.push(digit(byte & 15));
        } else {
            out.push_str(escape);
        }
        rest = behind;
    }
    out.push_str(rest);
}

/// What stands before the first byte that is to be escaped, the byte, and what stands behind it.
fn split(text: &str) -> Option<(&str, u8, &str)> {
    let at = special(text.as_bytes())?;
    let byte = *text.as_bytes().get(at)?;
    Some((text.get(..at)?, byte, text.get(at + 1..)?))
}

/// The place of the first quote, backslash or control character. Nearly all text has none, so eight bytes are looked at at once.
fn special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    // A byte below another leaves its high bit set when that is taken from it, and those behind it perhaps too: the first is right.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    for (n, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslashes = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = below(word, 0x20) | quotes | backslashes;
        if found != 0 {
            return Some(8 * n + found.trailing_zeros() as usize / 8);
        }
    }
    let last = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    Some(8 * words.len() + last)
}

/// Appends `text` as a JSON string.
pub fn push_string(text: &str, out: &mut String) {
    out.push('"');
    push_escaped(text, out);
    out.push('"');
}

/// Appends a value.
pub fn push_value(value: &FormatValue, out: &mut String) {
    use std::fmt::Write as _;
    match value {
        FormatValue::Null => out.push_str("null"),
        FormatValue::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        // Writing to a string does not fail.
        FormatValue::Int(n) => drop(write!(out, "{n}")),
        FormatValue::Uint(n) => drop(write!(out, "{n}")),
        FormatValue::Double(n) if n.is_finite() => drop(write!(out, "{n:?}")),
        FormatValue::Double(_) => out.push_str("null"),
        FormatValue::Text(text) => push_string(text, out),
        FormatValue::List(items) => push_list(items, out, push_value),
    }
}

/// Appends an array of what `push` makes of the items.
pub fn push_list<T>(items: &[T], out: &mut String, push: impl Fn(&T, &mut String)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i != 0 {
            out.push(',');
        }
        push(item, out);
    }
    out.push(']');
}

/// An object being written: its keys must come in alphabetical order.
pub struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Opens the object.
    pub fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    /// Starts the entry `key` and returns where its value goes.
    pub fn key(&mut self, key: &str) -> &mut String {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        push_string(key, self.out);
        self.out.push(':');
        self.out
    }

    /// An entry with a text.
    pub fn string(&mut self, key: &str, text: &str) {
        push_string(text, self.key(key));
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_the_ones_of_a_json_reader() {
        let text = "a\"b\\c\n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}é/€";
        let mut out = String::new();
        push_string(text, &mut out);
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f\u{7f}é/€\"");
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }

    #[test]
    fn what_is_escaped_is_found_wherever_it_stands() {
        for byte in (0..0x80).map(char::from) {
            for before in 0..20 {
                let text = format!(
                    "{}{byte}{}",
                    "é".repeat(before / 2) + &"~".repeat(before % 2),
                    "\u{7f}!#[]\u{20}".repeat(3)
                );
                let mut out = String::new();
                push_string(&text, &mut out);
                assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
                let plain = byte >= ' ' && byte != '"' && byte != '\\';
                assert_eq!(out.len() == text.len() + 2, plain, "{byte:?} behind {before}");
            }
        }
    }

    #[test]
    fn values_are_compact() {
        let mut out = String::new();
        let list = FormatValue::List(vec![
            FormatValue::Null,
            FormatValue::Bool(true),
            FormatValue::Int(-1),
            FormatValue::Uint(u64::MAX),
            FormatValue::Double(1.0),
            FormatValue::Double(f64::NAN),
            FormatValue::Text("x".into()),
        ]);
        push_value(&list, &mut out);
        assert_eq!(out, "[null,true,-1,18446744073709551615,1.0,null,\"x\"]");
    }
}
