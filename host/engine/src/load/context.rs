//! Where something was found: the chain of items around it, and the exact place.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use super::source::Files;
use crate::yaml::{Mark, Node};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// The kinds of things that messages are about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ItemKind { $($(#[$doc])* $variant,)* }

        impl ItemKind {
            /// The words as programs compare them.
            pub fn as_str(self) -> &'static str {
                match self { $(ItemKind::$variant => $text,)* }
            }
        }
    };
}

kinds! {
    /// The value of a key.
    ValueFor = "value for",
    /// All exceptions of a rule.
    Exceptions = "exceptions",
    /// One of them.
    Exception = "exception",
    /// All its values.
    ExceptionValues = "exception values",
    /// One of them.
    ExceptionValue = "exception value",
    /// A whole file.
    RulesContent = "rules content",
    /// An item of it.
    RulesContentItem = "rules content item",
    /// The required version of the engine.
    RequiredEngineVersion = "required_engine_version",
    /// The required versions of plugins.
    RequiredPluginVersions = "required plugin versions",
    /// One of them.
    RequiredPluginVersionsEntry = "required plugin versions entry",
    /// An alternative to it.
    RequiredPluginVersionsAlternative = "required plugin versions alternative",
    /// A list.
    List = "list",
    /// A value in a list.
    ListItem = "list item",
    /// A macro.
    Macro = "macro",
    /// Its condition.
    MacroCondition = "macro condition",
    /// A rule.
    Rule = "rule",
    /// Its condition.
    RuleCondition = "rule condition",
    /// A part of a condition.
    ConditionExpression = "condition expression",
    /// A rule's output.
    RuleOutput = "rule output",
    /// A part of it.
    RuleOutputExpression = "rule output expression",
    /// A rule's priority.
    RulePriority = "rule priority",
    /// The overrides of an item.
    Overrides = "overrides",
    /// An item of an extension.
    ExtensionItem = "extension item",
}

/// A range of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The file's number in [`Files`].
    pub file: u32,
    /// Its first byte.
    pub start: Mark,
    /// The byte after its last.
    pub end: Mark,
}

/// A range of bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileRange {
    /// The file's number in [`Files`].
    pub file: u32,
    /// Its first byte.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
}

impl FileRange {
    /// Where a node is written.
    pub fn of(file: u32, node: &Node) -> Self {
        FileRange { file, start: node.span.start, end: node.span.end }
    }
}

impl From<Place> for FileRange {
    fn from(place: Place) -> Self {
        FileRange { file: place.file, start: place.start.offset, end: place.end.offset }
    }
}

/// A chain of locations, from the file inward. Cheap to copy and to extend.
#[derive(Debug, Clone)]
pub struct Context(Arc<Link>);

#[derive(Debug)]
struct Link {
    parent: Option<Context>,
    kind: ItemKind,
    item: Box<str>,
    place: Place,
    excerpt: Option<Excerpt>,
}

/// The text of a condition that a location is in, and the byte within it.
#[derive(Debug)]
struct Excerpt {
    text: Arc<str>,
    offset: usize,
}

/// The most characters of a line that are shown on either side of a place.
const SNIPPET_SIDE: usize = 80;

impl Context {
    /// A whole file.
    pub fn file(file: u32) -> Self {
        let place = Place { file, ..Place::default() };
        Self::link(None, ItemKind::RulesContent, "", place, None)
    }

    fn link(parent: Option<Context>, kind: ItemKind, item: &str, place: Place, excerpt: Option<Excerpt>) -> Self {
        Context(Arc::new(Link { parent, kind, item: item.into(), place, excerpt }))
    }

    /// An item within this one.
    pub fn within(&self, kind: ItemKind, item: &str, mark: Mark) -> Self {
        let place = Place { file: self.0.place.file, start: mark, end: mark };
        Self::link(Some(self.clone()), kind, item, place, None)
    }

    /// A part of a condition, which may stand in another file.
    pub fn expression(&self, text: Arc<str>, offset: usize, place: Place) -> Self {
        let excerpt = Excerpt { text, offset };
        Self::link(Some(self.clone()), ItemKind::ConditionExpression, "", place, Some(excerpt))
    }

    /// The innermost kind.
    pub fn kind(&self) -> ItemKind {
        self.0.kind
    }

    /// The innermost item's name; may be empty.
    pub fn item(&self) -> &str {
        &self.0.item
    }

    /// The innermost place.
    pub fn place(&self) -> Place {
        self.0.place
    }

    /// The list, macro or rule that this is or is a part of: kind, name, place.
    pub fn named(&self) -> Option<(ItemKind, &str, Place)> {
        let of = |link: &&Link| matches!(link.kind, ItemKind::List | ItemKind::Macro | ItemKind::Rule);
        self.chain().into_iter().find(of).map(|link| (link.kind, &*link.item, link.place))
    }

    /// From the outermost to this one.
    fn chain(&self) -> Vec<&Link> {
        let mut chain = vec![&*self.0];
        while let Some(parent) = chain.last().and_then(|link| link.parent.as_ref()) {
            chain.push(&parent.0);
        }
        chain.reverse();
        chain
    }

    /// A line per location.
    pub fn text(&self, files: &Files) -> String {
        let mut out = String::new();
        for (i, link) in self.chain().into_iter().enumerate() {
            out.push_str(if i == 0 { "In " } else { "    " });
            out.push_str(link.kind.as_str());
            if !link.item.is_empty() {
                let _ = write!(out, " '{}'", link.item);
            }
            let mark = link.place.start;
            let _ = writeln!(out, ": ({}:{}:{})", link.name(files), mark.line, mark.column);
        }
        out
    }

    /// The locations and the snippet as JSON.
    pub fn json(&self, files: &Files) -> Value {
        let locations: Vec<Value> = self
            .chain()
            .into_iter()
            .map(|link| {
                let mark = link.place.start;
                json!({
                    "item_type": link.kind.as_str(),
                    "item_name": &*link.item,
                    "position": {
                        "name": link.name(files), "line": mark.line, "column": mark.column, "offset": mark.offset,
                    },
                })
            })
            .collect();
        json!({ "locations": locations, "snippet": self.snippet(files) })
    }

    /// The line around the place and a caret under it. In a condition it is the line of the condition's own text, which
    /// has no YAML around it.
    pub fn snippet(&self, files: &Files) -> String {
        match &self.0.excerpt {
            Some(excerpt) => snippet(&excerpt.text, excerpt.offset),
            None => snippet(files.text(self.0.place.file), self.0.place.start.offset as usize),
        }
    }
}

impl Link {
    fn name<'a>(&'a self, files: &'a Files) -> std::borrow::Cow<'a, str> {
        let Some(excerpt) = &self.excerpt else { return files.name(self.place.file).into() };
        let flat: String =
            excerpt.text.chars().take(21).map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }).collect();
        let name = match flat.char_indices().nth(20) {
            Some(_) => format!("\"{}...\"", flat.chars().take(17).collect::<String>()),
            None => format!("\"{flat}\""),
        };
        name.into()
    }
}

fn snippet(text: &str, offset: usize) -> String {
    const NOTHING: &str = "<No context available>\n";
    let bytes = text.as_bytes();
    let mut at = offset.min(bytes.len());
    // A value that is missing at the end of a line or of the file: show what stands before it.
    while at > 0 && bytes.get(at).is_none_or(|b| *b == b'\n') {
        at -= 1;
    }
    let boundary = |mut i: usize, step: isize| {
        while !text.is_char_boundary(i) {
            i = i.saturating_add_signed(step);
        }
        i
    };
    let at = boundary(at, -1);
    let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |n| n + 1);
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n);
    let from = if at - start > SNIPPET_SIDE { boundary(at - SNIPPET_SIDE, 1) } else { start };
    let to = if end - at > SNIPPET_SIDE { boundary(at + SNIPPET_SIDE, -1) } else { end };
    let (Some(before), Some(after)) = (text.get(from..at), text.get(at..to)) else { return NOTHING.to_owned() };
    if before.is_empty() && after.is_empty() {
        return NOTHING.to_owned();
    }
    let head =
        if from > start { format!("...{}", before.chars().skip(3).collect::<String>()) } else { before.to_owned() };
    let caret = head.chars().count();
    let tail = if to < end {
        let keep = after.chars().count().saturating_sub(3);
        format!("{}...", after.chars().take(keep).collect::<String>())
    } else {
        after.trim_end_matches('\r').to_owned()
    };
    format!("{head}{tail}\n{}^\n", " ".repeat(caret))
}
