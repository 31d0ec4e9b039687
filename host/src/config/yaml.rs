//! YAML text as a configuration tree. Reading is the engine's, so that rule files and configuration files are read
//! with the same leniencies; what is dropped here is where each value stood.

use lanner_engine::yaml::{self, Kind};

use super::tree::Node;

/// Reads the first document; an empty text is [`Node::Null`]. The error is the parser's text with line and column.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let documents = yaml::parse(text).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().next().map(convert).unwrap_or_default())
}

fn convert(node: yaml::Node) -> Node {
    match node.kind {
        Kind::Null => Node::Null,
        Kind::Scalar(scalar) => Node::Scalar(scalar.text),
        Kind::Sequence(items) => Node::Seq(items.into_iter().map(convert).collect()),
        Kind::Mapping(entries) => Node::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key.as_str().map_or_else(|| key.dump(), str::to_owned), convert(value)))
                .collect(),
        ),
    }
}
