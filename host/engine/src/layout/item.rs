//! One item.

use super::split::indentation;
use crate::yaml::{self, Node};

/// What an item is comes first, then what it is about.
const ORDER: &[&str] = &[
    "required_engine_version",
    "required_plugin_versions",
    "list",
    "macro",
    "rule",
    "source",
    "desc",
    "condition",
    "items",
    "exceptions",
    "enabled",
    "output",
    "priority",
    "enforce",
    "capture",
    "capture_duration",
    "capture_before",
    "tags",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "append",
    "override",
];

/// A key with the comments above it and everything below it.
struct Block {
    key: String,
    lines: Vec<String>,
}

/// The lines of an item in canonical layout; as they were if that would change its meaning.
pub(super) fn lay_out(lines: &[&str], node: &Node) -> Vec<String> {
    let plain = || lines.iter().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    let read = |lines: &[String]| yaml::parse(&(lines.join("\n") + "\n")).ok();
    let verbatim: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let before = read(&verbatim);
    let same = |new: &[String]| match (&before, read(new)) {
        (Some(before), Some(after)) => super::equal(before, &after),
        _ => false,
    };
    let laid_out = blocks(lines, node).map(join).filter(|new| same(new));
    laid_out.unwrap_or_else(|| if same(&plain()) { plain() } else { verbatim })
}

/// The blocks of an item, moved to where they belong. `None` for items that are not written as one key below the other.
fn blocks(lines: &[&str], node: &Node) -> Option<Vec<Block>> {
    let first = node.mark.line as usize;
    let keys: Vec<(usize, usize, &str)> = node
        .entries()
        .iter()
        .map(|(key, _)| {
            // An alias has the places of what it stands for.
            let line = (key.mark.line as usize).checked_sub(first)?;
            Some((line, key.mark.column as usize, key.as_str()?))
        })
        .collect::<Option<_>>()?;
    let (offset, column, _) = *keys.first()?;
    let begins = |(line, at, key): &(usize, usize, &str)| {
        let text = lines.get(*line).and_then(|text| text.get(*at..));
        text.and_then(|text| text.strip_prefix(key)).is_some_and(|rest| rest.starts_with(':'))
    };
    // The dash and the first key on one line, the others below each other.
    let regular = offset == 0
        && lines.first().and_then(|line| line.get(..column)).is_some_and(|head| head.trim() == "-")
        && keys.windows(2).all(|pair| pair[0].0 < pair[1].0)
        && keys.iter().all(|key| key.1 == column && begins(key));
    if !regular {
        return None;
    }
    let shift = 2_isize - column as isize;
    let mut blocks = Vec::with_capacity(keys.len());
    let mut above: Vec<String> = Vec::new();
    for (i, (start, _, key)) in keys.iter().enumerate() {
        let end = keys.get(i + 1).map_or(lines.len(), |next| next.0);
        let body = lines.get(*start..end)?;
        // Comments that stand in the column of the keys, right above the next one, belong to it.
        let comments = body.iter().skip(1).rev();
        let mine =
            |line: &&&str| line.trim().is_empty() || line.trim_start().starts_with('#') && indentation(line) <= column;
        let trailing = if i + 1 < keys.len() { comments.take_while(mine).count() } else { 0 };
        let (own, next) = body.split_at(body.len() - trailing);
        let head = own.first().and_then(|line| line.get(column..)).map(|text| spaced(text, key))?;
        let mut block: Vec<String> = std::mem::take(&mut above);
        block.push(format!("  {head}"));
        block.extend(own.iter().skip(1).map(|line| moved(line, shift)));
        while block.last().is_some_and(|line| line.trim().is_empty()) {
            block.pop();
        }
        above = next.iter().filter(|line| !line.trim().is_empty()).map(|line| format!("  {}", line.trim())).collect();
        blocks.push(Block { key: (*key).to_owned(), lines: block });
    }
    let place = |block: &Block| ORDER.iter().position(|key| *key == block.key).unwrap_or(ORDER.len());
    blocks.sort_by_key(place);
    Some(blocks)
}

/// One blank between a key and its value.
fn spaced(text: &str, key: &str) -> String {
    let rest = text.get(key.len() + 1..).unwrap_or("");
    let value = rest.trim();
    if value.is_empty() { format!("{key}:") } else { format!("{key}: {value}") }
}

/// A line moved by so many columns; only blanks are taken away.
fn moved(line: &str, shift: isize) -> String {
    let indent = indentation(line);
    let Some(rest) = line.get(indent..).map(str::trim_end).filter(|rest| !rest.is_empty()) else {
        return String::new();
    };
    format!("{:indent$}{rest}", "", indent = indent.saturating_add_signed(shift))
}

/// The item's lines with its dash. Comments above the first key would stand above the dash.
fn join(blocks: Vec<Block>) -> Vec<String> {
    let mut lines: Vec<String> = blocks.into_iter().flat_map(|block| block.lines).collect();
    let first = lines.iter().position(|line| !line.trim_start().starts_with('#')).unwrap_or(0);
    for line in lines.iter_mut().take(first) {
        *line = line.trim_start().to_owned();
    }
    if let Some(line) = lines.get_mut(first) {
        *line = format!("- {}", line.trim_start());
    }
    lines
}
