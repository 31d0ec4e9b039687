//! A file as items and what stands between them.

use super::item;
use crate::yaml::Node;

/// Lays out a file whose items are these.
pub(super) fn file(text: &str, items: &[&Node]) -> String {
    let lines: Vec<&str> = text.lines().map(|line| line.trim_end_matches('\r')).collect();
    let starts: Vec<usize> = items.iter().map(|item| dash(&lines, item.mark.line as usize)).collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    for (i, (start, node)) in starts.iter().zip(items).enumerate() {
        let next = starts.get(i + 1).copied().unwrap_or(lines.len());
        if *start < at {
            // Two items on one line.
            continue;
        }
        between(lines.get(at..*start).unwrap_or(&[]), i > 0, &mut out);
        let end = *start + own(lines.get(*start..next).unwrap_or(&[]));
        out.extend(item::lay_out(lines.get(*start..end).unwrap_or(&[]), node));
        at = end;
    }
    between(lines.get(at..).unwrap_or(&[]), !starts.is_empty(), &mut out);
    while out.last().is_some_and(String::is_empty) {
        out.pop();
    }
    let mut text = out.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The line of an item's dash: that of its content or one before it.
fn dash(lines: &[&str], content: usize) -> usize {
    let begins = |line: &&str| line.trim_start().starts_with('-');
    (0..=content).rev().find(|at| lines.get(*at).is_some_and(begins)).unwrap_or(content)
}

/// How many of these lines, which begin with an item's dash, are its own: not the empty lines and comments at the end that
/// are not indented below the dash. A line that is neither (`---`) ends it as well.
fn own(lines: &[&str]) -> usize {
    let Some(first) = lines.first() else { return 0 };
    let indent = indentation(first);
    let mut own = 1;
    for (at, line) in lines.iter().enumerate().skip(1) {
        if line.trim().is_empty() {
            continue;
        }
        if *line == "---" || *line == "..." {
            break;
        }
        let comment = line.trim_start().starts_with('#') && indentation(line) <= indent;
        if !comment {
            own = at + 1;
        }
    }
    own
}

pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Comments and other lines outside items: an empty line before, single empty lines within.
fn between(lines: &[&str], after_item: bool, out: &mut Vec<String>) {
    if after_item {
        out.push(String::new());
    }
    for line in lines {
        let line = line.trim_end();
        if line.is_empty() && out.last().is_none_or(String::is_empty) {
            continue;
        }
        let comment = line.trim_start().starts_with('#');
        out.push(if comment { line.trim_start().to_owned() } else { line.to_owned() });
    }
}
