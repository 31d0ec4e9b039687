//! A JSON document in document order that borrows from the payload.
//!
//! `serde_json::Value` would sort the keys, and the text of an object is a field's value here: alerts print
//! `{"kind":"User","name":"x"}` in the order in which the API server wrote it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// One value of the document.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as `serde_json` reads it.
    Number(serde_json::Number),
    /// A string; borrowed unless it has escapes.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Node<'a>>),
    /// An object, keys in document order.
    Map(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Parses one document; text after it is an error. Depth is limited by `serde_json` (128 levels).
    pub fn parse(payload: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(payload)
    }

    /// The same document without a payload behind it.
    pub fn into_owned(self) -> Node<'static> {
        match self {
            Node::Null => Node::Null,
            Node::Bool(value) => Node::Bool(value),
            Node::Number(value) => Node::Number(value),
            Node::Text(text) => Node::Text(Cow::Owned(text.into_owned())),
            Node::List(items) => Node::List(items.into_iter().map(Node::into_owned).collect()),
            Node::Map(entries) => Node::Map(
                entries.into_iter().map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect(),
            ),
        }
    }

    /// The value at an RFC 6901 pointer; the leading slash may be left out, the empty pointer is the whole document.
    pub fn pointer(&self, pointer: &str) -> Option<&Node<'a>> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/').unwrap_or(pointer).split('/').try_fold(self, |node, part| match node {
            Node::List(items) => items.get(part.parse::<usize>().ok()?),
            _ if part.contains('~') => node.get(&part.replace("~1", "/").replace("~0", "~")),
            _ => node.get(part),
        })
    }

    /// The value of `key` in an object; of two equal keys the last counts, as in every JSON library.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        match self {
            Node::Map(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Walks object keys from here.
    pub fn at(&self, path: &[&str]) -> Option<&Node<'a>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The elements of an array; nothing for any other value.
    pub fn items(&self) -> &[Node<'a>] {
        match self {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// How a field shows the value: a string as it is, anything else as compact JSON.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Node::Text(text) => Cow::Borrowed(text),
            Node::Null => Cow::Borrowed("null"),
            Node::Bool(true) => Cow::Borrowed("true"),
            Node::Bool(false) => Cow::Borrowed("false"),
            Node::Number(number) => Cow::Owned(number.to_string()),
            // Serialising plain values into memory cannot fail; an empty text would show if it ever did.
            Node::List(_) | Node::Map(_) => Cow::Owned(serde_json::to_string(self).unwrap_or_default()),
        }
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(value) => serializer.serialize_bool(*value),
            Node::Number(value) => value.serialize(serializer),
            Node::Text(value) => serializer.serialize_str(value),
            Node::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Node::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

/// Keys borrow where they can; a plain `Cow` would always be owned.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(NodeVisitor)? {
            Node::Text(text) => Ok(Key(text)),
            _ => Err(serde::de::Error::custom("an object key is a string")),
        }
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        serde_json::Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((Key(key), value)) = map.next_entry()? {
            entries.push((key, value));
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_document_order() {
        let node = Node::parse(br#"{ "b": [1, "x\n", null], "a": {"z": true, "y": -2.5} }"#).unwrap();
        assert_eq!(node.text(), r#"{"b":[1,"x\n",null],"a":{"z":true,"y":-2.5}}"#);
        assert_eq!(node.at(&["a", "z"]).unwrap().text(), "true");
        assert_eq!(node.get("b").unwrap().items()[1].text(), "x\n");
    }

    #[test]
    fn strings_without_escapes_borrow() {
        let node = Node::parse(br#"{"plain":"text"}"#).unwrap();
        assert!(matches!(node.get("plain"), Some(Node::Text(Cow::Borrowed("text")))));
    }

    #[test]
    fn pointers() {
        let node = Node::parse(br#"{"a/b":{"c~d":[10,{"e":"f"}]}}"#).unwrap();
        let text = |pointer| node.pointer(pointer).map(|n| n.text().into_owned());
        assert_eq!(text("/a~1b/c~0d/1/e").as_deref(), Some("f"));
        assert_eq!(text("a~1b/c~0d/0").as_deref(), Some("10"));
        assert_eq!(text("").as_deref(), Some(r#"{"a/b":{"c~d":[10,{"e":"f"}]}}"#));
        assert_eq!(text("/a~1b/c~0d/2"), None);
        assert_eq!(text("/a~1b/c~0d/x"), None);
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(Node::parse(&[b'['; 100_000]).is_err());
    }
}
