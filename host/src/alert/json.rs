//! JSON as Falco's alerts have it: keys in alphabetical order, no blanks, control characters escaped, everything else
//! as it is. Written by hand because the bytes are the contract.

use lanner_engine::format::FormatValue;

/// Appends `text` with JSON's escapes, without the quotes around it.
pub fn push_escaped(text: &str, out: &mut String) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(text.get(clean..at).unwrap_or_default());
        if escape.is_empty() {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
            out.push_str("\\u00");
            out.push(digit(byte >> 4));
            out.push(digit(byte & 15));
        } else {
            out.push_str(escape);
        }
        clean = at + 1;
    }
    out.push_str(text.get(clean..).unwrap_or_default());
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
        FormatValue::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i != 0 {
                    out.push(',');
                }
                push_value(item, out);
            }
            out.push(']');
        }
    }
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
