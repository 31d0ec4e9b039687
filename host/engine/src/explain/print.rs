//! An explained condition as an indented tree: a line for each part with its truth, what was compared, the values, and
//! where the part came from.

use std::fmt::Write as _;

use super::info::{Comparison, Constant, NodeInfo, NodeKind, Origin, RightSide};
use super::tree::{Part, Truth};

/// How a tree is printed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Colours of a terminal: what is true green, what is false red, what has no value yellow.
    pub colour: bool,
    /// Blanks before each line.
    pub indent: usize,
    /// Everything in full. Otherwise long values and long lists are cut, and a named list is its name.
    pub whole: bool,
}

/// The most characters of a value, and of a part before the values get their own place.
const LONG_VALUE: usize = 120;
pub(super) const MAX_COLUMN: usize = 56;
/// The most constants of a list.
const LONG_LIST: usize = 8;

impl Part {
    /// The tree as text. The mark `>` stands before the comparisons that decide.
    pub fn to_text(&self, style: Style) -> String {
        let mut lines = Vec::new();
        collect(self, 0, style, &mut lines);
        let width = |line: &Line| line.text.chars().count();
        let column = lines.iter().map(width).filter(|width| *width <= MAX_COLUMN).max().unwrap_or(0);
        let mut out = String::new();
        for line in &lines {
            line.write(column, style, &mut out);
        }
        out
    }
}

struct Line {
    mark: char,
    truth: Truth,
    text: String,
    notes: Vec<String>,
}

impl Line {
    fn write(&self, column: usize, style: Style, out: &mut String) {
        let (word, colour) = match self.truth {
            Truth::True => ("true", "\x1b[32m"),
            Truth::False => ("false", "\x1b[31m"),
            Truth::Missing => ("missing", "\x1b[33m"),
            Truth::Skipped => ("-", "\x1b[2m"),
        };
        let (on, off) = if style.colour { (colour, "\x1b[0m") } else { ("", "") };
        let start = out.len();
        // Writing to a string does not fail.
        let _ = write!(out, "{:indent$}{} {on}{word:<8}{off}{}", "", self.mark, self.text, indent = style.indent);
        if !self.notes.is_empty() {
            let pad = column.saturating_sub(self.text.chars().count());
            let _ = write!(out, "{:pad$}  {}", "", self.notes.join("  "));
        }
        out.truncate(start + out.get(start..).unwrap_or("").trim_end().len());
        out.push('\n');
    }
}

fn collect(part: &Part, depth: usize, style: Style, lines: &mut Vec<Line>) {
    if part.info.kind == NodeKind::Entry {
        return;
    }
    let text = words(&part.info, style.whole);
    let mut notes = Vec::new();
    notes.extend(values(part, style));
    notes.extend(entry(part));
    notes.extend(origins(&part.info));
    lines.push(Line {
        mark: if part.decides && part.info.kind == NodeKind::Check { '>' } else { ' ' },
        truth: part.truth,
        text: format!("{:indent$}{text}", "", indent = depth * 2),
        notes,
    });
    part.parts.iter().for_each(|part| collect(part, depth + 1, style, lines));
}

/// The part itself, without what is in it.
pub(super) fn words(info: &NodeInfo, whole: bool) -> String {
    match (&info.comparison, info.kind) {
        (Some(comparison), _) => comparison.to_text(whole),
        (None, NodeKind::And) => "and".to_owned(),
        (None, NodeKind::Or) => "or".to_owned(),
        (None, _) => "not".to_owned(),
    }
}

fn values(part: &Part, style: Style) -> Option<String> {
    let comparison = part.info.comparison.as_ref().filter(|_| part.truth != Truth::Skipped)?;
    let shown = |values: &Option<Vec<String>>| match values {
        None => "has no value".to_owned(),
        Some(values) => format!("is {}", list(values, style)),
    };
    let mut text = shown(&part.values);
    if let RightSide::Field(field) = &comparison.right {
        let _ = write!(text, ", {field} {}", shown(&part.right_values));
    }
    Some(text)
}

fn list(values: &[String], style: Style) -> String {
    let one = |value: &String| quoted(value, style.whole);
    match values {
        [value] => one(value),
        values => format!("({})", values.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
}

/// A value in quotes where it would be hard to read without them, and without control characters.
fn quoted(value: &str, whole: bool) -> String {
    let cut = match value.char_indices().nth(LONG_VALUE) {
        Some((at, _)) if !whole => format!("{}…", value.get(..at).unwrap_or(value)),
        _ => value.to_owned(),
    };
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '"' | '(' | ')' | ',');
    if !cut.is_empty() && cut.chars().all(plain) { cut } else { format!("{cut:?}") }
}

/// The entry of an exception that is true.
fn entry(part: &Part) -> Option<String> {
    let hit = part.parts.iter().find(|p| p.info.kind == NodeKind::Entry && p.truth.holds())?;
    hit.info.location.as_ref().map(|location| format!("by the value at {location}"))
}

/// What the part stands in place of, from the outside in, and where it is written.
pub(super) fn origins(info: &NodeInfo) -> Option<String> {
    let mut names: Vec<String> = Vec::new();
    for Origin { kind, name, entry, .. } in &info.from {
        names.push(match entry {
            None => format!("{kind} {name}"),
            Some(entry) => format!("entry {}", entry + 1),
        });
    }
    let place = info.location.as_ref().map(|location| format!(", {location}")).unwrap_or_default();
    (!names.is_empty()).then(|| format!("[{}{place}]", names.join(": ")))
}

impl Comparison {
    /// `field operator right`. Unless all of it is wanted, a named list is its name and a long one is cut.
    pub fn to_text(&self, whole: bool) -> String {
        let right = match &self.right {
            RightSide::Nothing => return format!("{} {}", self.field, self.operator),
            RightSide::Constant(constant) => match &constant.list {
                Some(list) if !whole => list.to_string(),
                _ => spelled(&constant.text),
            },
            RightSide::List(values) => format!("({})", if whole { all(values) } else { brief(values) }),
            RightSide::Field(field) => field.clone(),
        };
        format!("{} {} {right}", self.field, self.operator)
    }
}

/// The canonical print of an empty constant is nothing, which cannot be seen.
fn spelled(text: &str) -> String {
    if text.is_empty() { "\"\"".to_owned() } else { text.to_owned() }
}

fn all(values: &[Constant]) -> String {
    values.iter().map(|v| spelled(&v.text)).collect::<Vec<_>>().join(", ")
}

fn brief(values: &[Constant]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for value in values {
        match &value.list {
            Some(list) if last == Some(list) => {}
            Some(list) => words.push(list.to_string()),
            None => words.push(spelled(&value.text)),
        }
        last = value.list.as_ref();
    }
    let more = words.len().saturating_sub(LONG_LIST);
    if more > 1 {
        words.truncate(LONG_LIST);
        words.push(format!("… {more} more"));
    }
    words.join(", ")
}
