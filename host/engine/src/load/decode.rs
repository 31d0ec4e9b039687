//! Values of keys: present, of the right kind, not empty.

use super::code::ErrorCode;
use super::context::{Context, ItemKind};
use super::item::{Entry, Fault, Word};
use super::source::Origin;
use crate::yaml::{Kind, Node};

pub(super) type Result<T> = std::result::Result<T, Fault>;

pub(super) fn structure<T>(message: impl Into<String>, context: &Context) -> Result<T> {
    Err(Fault {
        code: ErrorCode::YamlValidate,
        message: message.into(),
        context: context.clone(),
        help: None,
        at: None,
    })
}

pub(super) fn semantic<T>(message: impl Into<String>, context: &Context) -> Result<T> {
    Err(Fault { code: ErrorCode::Validate, message: message.into(), context: context.clone(), help: None, at: None })
}

/// The error with what was probably meant.
pub(super) fn guessing<T>(wrong: Result<T>, meant: Option<&str>) -> Result<T> {
    wrong.map_err(|fault| Fault { help: meant.map(|meant| format!("did you mean '{meant}'?")), ..fault })
}

/// A type that a scalar can be read as.
pub(super) trait Decode: Sized {
    fn decode(node: &Node) -> Option<Self>;
}

impl Decode for String {
    fn decode(node: &Node) -> Option<Self> {
        node.as_str().map(str::to_owned)
    }
}

impl Decode for bool {
    fn decode(node: &Node) -> Option<Self> {
        node.as_bool()
    }
}

impl Decode for u32 {
    fn decode(node: &Node) -> Option<Self> {
        node.as_u32()
    }
}

/// The value of a key that must be there.
pub(super) fn required<T: Decode>(item: &Node, key: &str, context: &Context) -> Result<T> {
    scalar(required_node(item, key, context)?, key, context)
}

/// The node of a key that must be there.
pub(super) fn required_node<'n>(item: &'n Node, key: &str, context: &Context) -> Result<&'n Node> {
    match item.get(key) {
        Some(node) => Ok(node),
        None => structure(format!("Item has no mapping for key '{key}'"), context),
    }
}

/// The value of a key that may be absent.
pub(super) fn optional<T: Decode>(item: &Node, key: &str, context: &Context) -> Result<Option<T>> {
    item.get(key).map(|node| scalar(node, key, context)).transpose()
}

/// The text of a key that may be absent, null or empty.
pub(super) fn optional_or_empty(item: &Node, key: &str, context: &Context) -> Result<String> {
    match item.get(key) {
        None => Ok(String::new()),
        Some(node) if node.is_null() || node.as_str() == Some("") => Ok(String::new()),
        Some(node) => scalar(node, key, context),
    }
}

/// The value of a node.
pub(super) fn scalar<T: Decode>(node: &Node, key: &str, context: &Context) -> Result<T> {
    if node.is_null() {
        return structure(format!("Mapping for key '{key}' is empty"), context);
    }
    let value = context.within(ItemKind::ValueFor, key, node.mark);
    match node.as_str() {
        None => structure("Value is not a scalar value", &value),
        Some("") => structure("Value must be non-empty", &value),
        Some(_) => match T::decode(node) {
            Some(decoded) => Ok(decoded),
            None => structure("Can't decode YAML scalar value", &value),
        },
    }
}

/// The scalars of a sequence.
pub(super) fn words(node: &Node, key: &str, file: u32, context: &Context) -> Result<Vec<Word>> {
    let value = context.within(ItemKind::ValueFor, key, node.mark);
    let Kind::Sequence(items) = &node.kind else { return structure("Value is not a sequence", &value) };
    let word = |item: &Node| match item.as_str() {
        Some(text) => Ok(Word { text: text.to_owned(), origin: Origin::of(file, item) }),
        None => structure("sequence value is not scalar", &value.within(ItemKind::ListItem, "", item.mark)),
    };
    items.iter().map(word).collect()
}

/// A part of an exception: a scalar, or a list of such parts. Null and mappings count as nothing.
pub(super) fn entry(node: &Node, key: &str, file: u32, context: &Context) -> Result<Entry> {
    let value = context.within(ItemKind::ValueFor, key, node.mark);
    match &node.kind {
        Kind::Scalar(scalar) if scalar.text.is_empty() => structure("Value must be non-empty", &value),
        Kind::Scalar(scalar) => Ok(Entry::One(Word { text: scalar.text.clone(), origin: Origin::of(file, node) })),
        Kind::Sequence(items) => {
            let part = |item: &Node| entry(item, "", file, &value.within(ItemKind::Exception, "", item.mark));
            items.iter().map(part).collect::<Result<_>>().map(Entry::Many)
        }
        Kind::Null | Kind::Mapping(_) => Ok(Entry::Unset),
    }
}
