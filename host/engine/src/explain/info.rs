//! The parts of a condition as they are before any event.

use serde::Serialize;

use super::origins::Location;

/// What is known of a part of a condition without an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeInfo {
    /// What it is.
    pub kind: NodeKind,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What it stands in place of, the outermost first; empty for what the rule itself says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Origin>,
    /// Of a comparison, its sides.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// The kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// True if all parts are.
    And,
    /// True if any part is.
    Or,
    /// True if its part is not.
    Not,
    /// A comparison.
    Check,
    /// One value of an exception over a single field: the exception's comparison with this value alone. Not a part of the
    /// condition, but what one wants to know of it.
    Entry,
}

/// The sides of a comparison as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The field or transformer call on the left.
    pub field: String,
    /// The operator with its modifier, or `exists`.
    pub operator: String,
    /// What it is compared with.
    pub right: RightSide,
}

/// The right side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RightSide {
    /// There is none (`exists`).
    Nothing,
    /// One constant.
    Constant(Constant),
    /// A list of constants.
    List(Vec<Constant>),
    /// Another field or a transformer call.
    Field(String),
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Constant {
    /// Its canonical print.
    pub text: String,
    /// The list that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<Box<str>>,
}

/// Something that a part stands in place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// What it is.
    pub kind: OriginKind,
    /// Its name.
    pub name: Box<str>,
    /// Of an exception's entry, which, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u32>,
    /// Where it is referred to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Location>,
}

/// The kinds of [`Origin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginKind {
    /// A macro.
    Macro,
    /// A list.
    List,
    /// An exception of the rule.
    Exception,
}

impl std::fmt::Display for OriginKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            OriginKind::Macro => "macro",
            OriginKind::List => "list",
            OriginKind::Exception => "exception",
        })
    }
}
