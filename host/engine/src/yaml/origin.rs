//! From a place within a scalar's text back to the place in the file.
//!
//! Escapes, folding and indentation make the two differ, so the written form is walked beside the text. That happens only
//! when something is reported, so it is done anew each time rather than remembered for every scalar.

use std::ops::Range;

use super::{Kind, Node, Style};

/// The byte offset in `source` of byte `offset` of the scalar's text. `source` is the text that `node` was parsed from.
pub fn origin_of(source: &str, node: &Node, offset: usize) -> usize {
    match &node.kind {
        Kind::Scalar(scalar) => origin_in(source, &node.span, scalar.style, &scalar.text, offset),
        _ => node.span.start as usize,
    }
}

/// [`origin_of`] for a scalar that is known by its span, style and text.
pub fn origin_in(source: &str, span: &Range<u32>, style: Style, text: &str, offset: usize) -> usize {
    let start = span.start as usize;
    let Some(written) = source.get(start..span.end as usize) else { return start };
    let quoted = matches!(style, Style::SingleQuoted | Style::DoubleQuoted);
    let mut at = usize::from(quoted);
    let mut seen = 0;
    for c in text.chars() {
        if seen >= offset {
            break;
        }
        seen += c.len_utf8();
        at = step(written, at, c, style);
    }
    // A break that was folded stands before the indentation; what is looked for stands after it.
    let next = text.get(seen..).and_then(|rest| rest.chars().next());
    if next.is_some_and(|c| !c.is_whitespace()) {
        at += written.get(at..).map_or(0, |rest| rest.len() - rest.trim_start().len());
    }
    start + at.min(written.len())
}

/// Passes over the written form of one character.
fn step(written: &str, at: usize, c: char, style: Style) -> usize {
    let at = if style == Style::DoubleQuoted { past_escaped_breaks(written, at) } else { at };
    let Some(rest) = written.get(at..) else { return at };
    if style == Style::DoubleQuoted
        && let Some(escape) = rest.strip_prefix('\\')
        && let Some(kind) = escape.chars().next()
    {
        let hex = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        return at + 1 + kind.len_utf8() + hex;
    }
    if c.is_whitespace() {
        // One for one, except that the indentation after a break belongs to the break.
        let Some(first) = rest.chars().next().filter(|f| f.is_whitespace()) else { return at };
        if first == c && c != '\n' {
            return at + first.len_utf8();
        }
        let after_break = rest.find('\n').map_or(at + first.len_utf8(), |n| at + n + 1);
        let blank = rest.len() - rest.trim_start().len();
        return after_break.min(at + blank);
    }
    let blank = rest.len() - rest.trim_start().len();
    let at = at + blank;
    let rest = written.get(at..).unwrap_or("");
    match rest.chars().next() {
        Some('\'') if style == Style::SingleQuoted => at + 2,
        // Blanks before an escaped break were dropped.
        Some('\\') if style == Style::DoubleQuoted && blank > 0 => step(written, at, c, style),
        Some(first) => at + first.len_utf8(),
        None => at,
    }
}

/// A backslash at the end of a line joins the lines and leaves nothing in the text.
fn past_escaped_breaks(written: &str, mut at: usize) -> usize {
    while let Some(rest) = written.get(at..)
        && (rest.starts_with("\\\n") || rest.starts_with("\\\r\n"))
    {
        let after = rest.get(1..).unwrap_or("");
        at += 1 + after.len() - after.trim_start().len();
    }
    at
}
