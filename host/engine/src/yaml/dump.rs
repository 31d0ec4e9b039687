//! The tree as YAML text and as JSON.

use std::fmt::Write;

use serde_json::{Map, Number, Value};

use super::{Kind, Node, Scalar, Style};

impl Node {
    /// The tree in flow style on one line: valid YAML that reads back to an equal tree.
    pub fn dump(&self) -> String {
        let mut out = String::new();
        flow(self, &mut out);
        out
    }

    /// The tree as JSON for schema checks and for handing on. Plain scalars become null, numbers and booleans where they
    /// look like it; quoted ones stay texts. Of repeated keys the first counts; a key that is no scalar is its dump.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Scalar(scalar) => scalar_json(self, scalar),
            Kind::Sequence(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Mapping(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let key = key.as_str().map_or_else(|| key.dump(), str::to_owned);
                    map.entry(key).or_insert_with(|| value.to_json());
                }
                Value::Object(map)
            }
        }
    }

    /// A tree from JSON; it stands in no text.
    pub fn from_json(value: &Value) -> Node {
        match value {
            Value::Null => Node::new(Kind::Null),
            Value::Bool(b) => Node::scalar(b.to_string()),
            Value::Number(n) => Node::scalar(n.to_string()),
            Value::String(s) => Node::new(Kind::Scalar(Scalar { text: s.clone(), style: Style::DoubleQuoted })),
            Value::Array(items) => Node::new(Kind::Sequence(items.iter().map(Node::from_json).collect())),
            Value::Object(map) => Node::new(Kind::Mapping(
                map.iter().map(|(k, v)| (Node::scalar(k.clone()), Node::from_json(v))).collect(),
            )),
        }
    }
}

fn scalar_json(node: &Node, scalar: &Scalar) -> Value {
    if scalar.style != Style::Plain {
        return Value::String(scalar.text.clone());
    }
    let whole = || node.as_i64().map(Number::from).or_else(|| node.as_u64().map(Number::from));
    let number = whole().or_else(|| node.as_f64().and_then(Number::from_f64));
    match (number, node.as_bool()) {
        (Some(n), _) => Value::Number(n),
        (None, Some(b)) => Value::Bool(b),
        (None, None) => Value::String(scalar.text.clone()),
    }
}

fn flow(node: &Node, out: &mut String) {
    match &node.kind {
        Kind::Null => out.push('~'),
        Kind::Scalar(scalar) => scalar_text(scalar, out),
        Kind::Sequence(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                flow(item, out);
            }
            out.push(']');
        }
        Kind::Mapping(entries) => {
            out.push('{');
            for (i, (key, value)) in entries.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                flow(key, out);
                out.push_str(": ");
                flow(value, out);
            }
            out.push('}');
        }
    }
}

fn scalar_text(scalar: &Scalar, out: &mut String) {
    let bare = scalar.style == Style::Plain
        && scalar.text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_alphanumeric())
        && !scalar.text.starts_with("--")
        && scalar.text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./+".contains(c))
        && !matches!(scalar.text.as_str(), "null" | "Null" | "NULL");
    if bare {
        out.push_str(&scalar.text);
        return;
    }
    out.push('"');
    for c in scalar.text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || c == '\u{feff}' => {
                let _ = write!(out, "\\U{:08x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
