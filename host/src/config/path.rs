//! Where a `-o` option points: `key.sub[2].other`, `list[]` for "append", a backslash before a literal `.`, `[`, `]`
//! or `\` in a key.

use lanner_engine::yaml::{self, Kind, Scalar, Style};
use thiserror::Error;

use super::trace::Trace;
use super::tree::Node;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Append,
}

/// A parsed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    steps: Vec<Step>,
}

/// Why a path does not work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PathError {
    /// A key is missing where one is needed.
    #[error("Parsing error: unexpected character at pos {0}")]
    Unexpected(usize),
    /// Something other than a dot follows a closing bracket.
    #[error("Parsing error: expected '.' character at pos {0}")]
    ExpectedDot(usize),
    /// A backslash ends the path.
    #[error("Parsing error: trailing backslash at pos {0}")]
    TrailingBackslash(usize),
    /// A backslash stands before a character that needs none.
    #[error("Parsing error: invalid escape sequence '\\{found}' at pos {at}")]
    BadEscape {
        /// The character after the backslash.
        found: char,
        /// Byte position of the backslash.
        at: usize,
    },
    /// An index is neither a number nor empty.
    #[error("Parsing error: expected a numeric index, found '{0}'")]
    BadIndex(String),
    /// A bracket is not closed.
    #[error("Parsing error: '[' at pos {0} is not closed")]
    Unclosed(usize),
    /// The index is beyond the end of the list.
    #[error("index {index} is beyond the end of a list of {len}")]
    OutOfRange {
        /// The index asked for.
        index: usize,
        /// The length of the list.
        len: usize,
    },
    /// A key is looked up in something that is not a map.
    #[error("'{0}' is looked up in a value that is not a map")]
    NotAMap(String),
    /// An index is used on something that is not a list.
    #[error("an index is used on a value that is not a list")]
    NotAList,
}

impl Path {
    /// Reads a path.
    pub(super) fn parse(text: &str) -> Result<Self, PathError> {
        let mut steps = Vec::new();
        let mut key = String::new();
        let mut chars = text.char_indices().peekable();
        let mut after_bracket = false;
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => {
                    let (_, found) = chars.next().ok_or(PathError::TrailingBackslash(at))?;
                    if !matches!(found, '.' | '[' | ']' | '\\') {
                        return Err(PathError::BadEscape { found, at });
                    }
                    key.push(found);
                    after_bracket = false;
                }
                '.' => match (key.is_empty(), after_bracket) {
                    (false, _) => steps.push(Step::Key(std::mem::take(&mut key))),
                    (true, true) => after_bracket = false,
                    (true, false) => return Err(PathError::Unexpected(at)),
                },
                '[' => {
                    if !key.is_empty() {
                        steps.push(Step::Key(std::mem::take(&mut key)));
                    } else if !after_bracket {
                        return Err(PathError::Unexpected(at));
                    }
                    let rest = text.get(at + 1..).unwrap_or_default();
                    let end = rest.find(']').ok_or(PathError::Unclosed(at))?;
                    let index = rest.get(..end).unwrap_or_default();
                    steps.push(match index {
                        "" => Step::Append,
                        digits => Step::Index(digits.parse().map_err(|_| PathError::BadIndex(digits.to_owned()))?),
                    });
                    while chars.next_if(|&(i, _)| i <= at + 1 + end).is_some() {}
                    after_bracket = true;
                }
                _ if after_bracket => return Err(PathError::ExpectedDot(at)),
                _ => key.push(c),
            }
        }
        if !key.is_empty() {
            steps.push(Step::Key(key));
        } else if text.is_empty() || (text.ends_with('.') && !text.ends_with("\\.")) {
            return Err(PathError::Unexpected(text.len().saturating_sub(1)));
        }
        Ok(Self { steps })
    }

    /// Puts `value` at the path, making maps and lists on the way.
    pub(super) fn set(&self, root: &mut Node, value: Node) -> Result<(), PathError> {
        let mut node = root;
        for step in &self.steps {
            node = match step {
                Step::Key(key) => node.entry(key).ok_or_else(|| PathError::NotAMap(key.clone()))?,
                Step::Index(index) => list_place(node, Some(*index))?,
                Step::Append => list_place(node, None)?,
            };
        }
        *node = value;
        Ok(())
    }

    /// Notes where the value at the path comes from, after [`Path::set`] has put it there.
    pub(super) fn trace(&self, root: &mut Trace, value: Trace) {
        let mut trace = root;
        for step in &self.steps {
            trace = match step {
                Step::Key(key) => trace.entry(key),
                Step::Index(index) => trace.place(Some(*index)),
                Step::Append => trace.place(None),
            };
            // What the path made on its way comes from where the value does.
            if trace.is_new() {
                trace.origin = value.origin.clone();
            }
        }
        *trace = value;
    }

    /// A document that holds `value` at the path and nothing else; all keys stand at `key`. Which item of a list is meant
    /// is lost.
    pub(super) fn document(&self, key: &yaml::Node, value: yaml::Node) -> yaml::Node {
        self.steps.iter().rev().fold(value, |below, step| {
            let kind = match step {
                Step::Key(name) => {
                    let scalar = Scalar { text: name.clone(), style: Style::Plain };
                    let name = yaml::Node { kind: Kind::Scalar(scalar), ..key.clone() };
                    Kind::Mapping(vec![(name, below)])
                }
                Step::Index(_) | Step::Append => Kind::Sequence(vec![below]),
            };
            yaml::Node { kind, ..key.clone() }
        })
    }
}

/// The item at `index`, or a new one at the end. The index just behind the end also makes a new one.
fn list_place(node: &mut Node, index: Option<usize>) -> Result<&mut Node, PathError> {
    if *node == Node::Null {
        *node = Node::Seq(Vec::new());
    }
    let Node::Seq(items) = node else { return Err(PathError::NotAList) };
    let len = items.len();
    let index = index.unwrap_or(len);
    if index == len {
        items.push(Node::Null);
    }
    items.get_mut(index).ok_or(PathError::OutOfRange { index, len })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(root: &mut Node, path: &str, value: &str) -> Result<(), PathError> {
        Path::parse(path)?.set(root, Node::Scalar(value.to_owned()))
    }

    #[test]
    fn nested_indexed_and_appended_values_are_set() {
        let mut root = Node::Null;
        set(&mut root, "engine.kind", "replay").unwrap();
        set(&mut root, "plugins[0].name", "a").unwrap();
        set(&mut root, "plugins[].name", "b").unwrap();
        set(&mut root, "plugins[1].name", "c").unwrap();
        set(&mut root, "a\\.b.c", "1").unwrap();
        set(&mut root, "m[0][1]", "x").unwrap_err();
        set(&mut root, "m[0][0]", "x").unwrap();
        assert_eq!(
            root.to_text_json(),
            serde_json::json!({
                "engine": {"kind": "replay"},
                "plugins": [{"name": "a"}, {"name": "c"}],
                "a.b": {"c": "1"},
                "m": [["x"]],
            })
        );
    }

    #[test]
    fn malformed_paths_are_named() {
        assert_eq!(Path::parse(""), Err(PathError::Unexpected(0)));
        assert_eq!(Path::parse(".a"), Err(PathError::Unexpected(0)));
        assert_eq!(Path::parse("a..b"), Err(PathError::Unexpected(2)));
        assert_eq!(Path::parse("a\\"), Err(PathError::TrailingBackslash(1)));
        assert_eq!(Path::parse("a\\n"), Err(PathError::BadEscape { found: 'n', at: 1 }));
        assert_eq!(Path::parse("a[x]"), Err(PathError::BadIndex("x".into())));
        assert_eq!(Path::parse("a[1"), Err(PathError::Unclosed(1)));
        assert_eq!(Path::parse("a[1]b"), Err(PathError::ExpectedDot(4)));
    }

    #[test]
    fn wrong_shapes_are_named() {
        let mut root = Node::Null;
        set(&mut root, "list[]", "x").unwrap();
        set(&mut root, "word", "x").unwrap();
        assert_eq!(set(&mut root, "list[5]", "y"), Err(PathError::OutOfRange { index: 5, len: 1 }));
        assert_eq!(set(&mut root, "word[0]", "y"), Err(PathError::NotAList));
        assert_eq!(set(&mut root, "word.sub", "y"), Err(PathError::NotAMap("sub".into())));
    }
}
