//! The canonical layout of rule files. Only the frame changes: what stands in a file, comments included, stays.
//!
//! - Items begin in the first column; their keys are indented by two blanks, and what stands below a key moves with it.
//! - One empty line between items, none within an item after a key; comments stay with what they stand above.
//! - Keys in one order: what it is, what it is about, the condition and its exceptions, whether it is on, the output,
//!   the rest.
//! - One blank after the colon of a key; none at the end of a line; one line end at the end of the file.
//!
//! Conditions, outputs and lists are the author's: how they are broken into lines often says something. Whatever would not
//! read as exactly the same YAML afterwards is left as it is: the formatter reads every item again and compares.

mod item;
mod split;

use crate::yaml::{self, Kind, Node, YamlError};

/// Why a file was not laid out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// It is no YAML.
    #[error("line {line}: {error}")]
    Yaml {
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        error: YamlError,
    },
    /// A document is no list of items.
    #[error("line {0}: a rule file is a list of items, each beginning with '- '")]
    NoList(u32),
}

/// The text in canonical layout; the same text if it has it already.
///
/// # Errors
/// The text is no rule file. What stands in the items is not looked at.
pub fn format(text: &str) -> Result<String, LayoutError> {
    let documents = yaml::parse(text).map_err(|error| LayoutError::Yaml { line: error.mark().line + 1, error })?;
    let mut starts = Vec::new();
    for document in documents.iter().filter(|document| !document.is_null()) {
        let Kind::Sequence(items) = &document.kind else { return Err(LayoutError::NoList(document.mark.line + 1)) };
        // A list in brackets has a layout of its own.
        if text.as_bytes().get(document.mark.offset as usize) == Some(&b'[') {
            return Ok(text.to_owned());
        }
        starts.extend(items);
    }
    let out = split::file(text, &starts);
    // Each item was compared on its own; this is about what stands between them.
    match yaml::parse(&out) {
        Ok(again) if equal(&documents, &again) => Ok(out),
        _ => Ok(text.to_owned()),
    }
}

/// Whether two readings mean the same: places, styles and the order of keys do not matter, as the loader does not look at
/// them. Which of two equal keys comes first does.
fn equal(old: &[Node], new: &[Node]) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
}

fn same(old: &Node, new: &Node) -> bool {
    match (&old.kind, &new.kind) {
        (Kind::Null, Kind::Null) => true,
        (Kind::Scalar(old), Kind::Scalar(new)) => old == new,
        (Kind::Sequence(old), Kind::Sequence(new)) => equal(old, new),
        (Kind::Mapping(entries), Kind::Mapping(others)) => {
            let found = |key: &Node, value: &Node| match key.as_str() {
                Some(key) => new.get(key).is_some_and(|other| same(value, other)),
                None => others.iter().any(|(k, v)| same(key, k) && same(value, v)),
            };
            let first = |key: &Node, value: &Node| match key.as_str() {
                Some(key) => old.get(key).is_some_and(|first| std::ptr::eq(first, value)),
                None => true,
            };
            entries.len() == others.len() && entries.iter().all(|(k, v)| !first(k, v) || found(k, v))
        }
        _ => false,
    }
}
