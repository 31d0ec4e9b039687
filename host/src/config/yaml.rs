//! YAML text as a configuration tree. Reading is the engine's, so that rule files and configuration files are read
//! with the same leniencies.

use lanner_engine::yaml::{self, Kind, YamlError};

use super::trace::key_text;
use super::tree::Node;

/// Reads the first document; an empty text is [`Node::Null`]. The error is the parser's text with line and column.
#[cfg(test)]
pub(super) fn parse(text: &str) -> Result<Node, String> {
    document(text).map(|document| convert(&document)).map_err(|error| error.to_string())
}

/// The first document with the place of everything in it; an empty text is null.
pub(super) fn document(text: &str) -> Result<yaml::Node, YamlError> {
    let documents = yaml::parse(text)?;
    Ok(documents.into_iter().next().unwrap_or_else(|| yaml::Node::new(Kind::Null)))
}

/// The values alone.
pub(super) fn convert(node: &yaml::Node) -> Node {
    match &node.kind {
        Kind::Null => Node::Null,
        Kind::Scalar(scalar) => Node::Scalar(scalar.text.clone()),
        Kind::Sequence(items) => Node::Seq(items.iter().map(convert).collect()),
        Kind::Mapping(entries) => {
            Node::Map(entries.iter().map(|(key, value)| (key_text(key), convert(value))).collect())
        }
    }
}
