//! YAML as a tree that knows where everything stands.
//!
//! The events come from `saphyr-parser`; the tree reads them the way the established tools (which use yaml-cpp) do:
//! several documents, the first of two equal keys counts, merge keys mean nothing, `yes`/`no`/`on`/`off` are booleans,
//! a number may be written in hexadecimal, a quote that is never closed ends with the file. Aliases are copied into
//! place under a budget, so that no document grows beyond what it is worth.
//!
//! Rule files and the configuration file are both read with it.

mod convert;
mod dump;
mod lines;
mod mend;
mod origin;
mod parse;

pub use lines::{LineIndex, Mark};
pub use origin::{origin_in, origin_of};
pub use parse::{MAX_DEPTH, YamlError, parse};

/// One node of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it begins: the first key of a block mapping, the opening quote or bracket, the `|` or `>` of a block scalar.
    pub mark: Mark,
    /// The byte range of its content in the text; for a block scalar without the header.
    pub span: std::ops::Range<u32>,
}

/// The kinds of [`Node`].
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing, `~` or `null`, unquoted.
    Null,
    /// A text in any of the five styles.
    Scalar(Scalar),
    /// An ordered list.
    Sequence(Vec<Node>),
    /// Keys and values in the order they are written, with repeated keys still in it.
    Mapping(Vec<(Node, Node)>),
}

/// A scalar after unescaping and folding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text.
    pub text: String,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    SingleQuoted,
    /// In double quotes.
    DoubleQuoted,
    /// A block begun by `|`.
    Literal,
    /// A block begun by `>`.
    Folded,
}

impl Node {
    /// A node that stands in no text.
    pub fn new(kind: Kind) -> Self {
        Node { kind, mark: Mark::default(), span: 0..0 }
    }

    /// A plain scalar that stands in no text.
    pub fn scalar(text: impl Into<String>) -> Self {
        Self::new(Kind::Scalar(Scalar { text: text.into(), style: Style::Plain }))
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// Whether it is a scalar; null is none.
    pub fn is_scalar(&self) -> bool {
        matches!(self.kind, Kind::Scalar(_))
    }

    /// Whether it is a sequence.
    pub fn is_sequence(&self) -> bool {
        matches!(self.kind, Kind::Sequence(_))
    }

    /// Whether it is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.kind, Kind::Mapping(_))
    }

    /// How it was written, of a scalar.
    pub fn style(&self) -> Option<Style> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar.style),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Scalar(_) => "scalar",
            Kind::Sequence(_) => "sequence",
            Kind::Mapping(_) => "mapping",
        }
    }

    /// The value of a key of a mapping, the first if the key is repeated; `None` for other kinds too.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The key node and the value of a key, the first if the key is repeated.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        match &self.kind {
            Kind::Mapping(entries) => entries.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(k, v)| (k, v)),
            _ => None,
        }
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.kind {
            Kind::Mapping(entries) => entries.iter_mut().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Sets a key of a mapping; the first one of that name, or a new one at the end. A null becomes a mapping first;
    /// other kinds stay as they are and `false` comes back.
    pub fn set(&mut self, key: &str, value: Node) -> bool {
        if self.is_null() {
            self.kind = Kind::Mapping(Vec::new());
        }
        let Kind::Mapping(entries) = &mut self.kind else { return false };
        match entries.iter_mut().find(|(k, _)| k.as_str() == Some(key)) {
            Some((_, old)) => *old = value,
            None => entries.push((Node::scalar(key), value)),
        }
        true
    }

    /// The items of a sequence; none for other kinds.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The items of a sequence, to change them.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.kind {
            Kind::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Keys and values of a mapping in the order they are written; none for other kinds. A repeated key comes again: ask
    /// [`Node::get`] for the one that counts.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }
}
