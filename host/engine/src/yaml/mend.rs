//! Text that yaml-cpp takes and the parser refuses, mended so that every character keeps its place.

use std::borrow::Cow;

use saphyr_parser::ScanError;

/// Stands for a `%` that begins a plain scalar, while the parser looks.
const PERCENT: char = '\u{f8f0}';
/// Stands for a line break within quotes.
const BREAK: char = '\u{f8f1}';

/// Three things that yaml-cpp takes and YAML 1.2 forbids are hidden from the parser by stand-in characters: a plain scalar
/// that begins with `%`; quotes whose further lines are not indented or that nobody closes; brackets whose further lines
/// are not indented. The number of characters before the end stays the same, so places stay right. `flow` is the
/// outermost bracket that is open, by its character.
pub(super) fn mend(text: &str, error: &ScanError, flow: Option<usize>) -> Option<String> {
    let at = text.char_indices().nth(error.marker().index()).map_or(text.len(), |(at, _)| at);
    let (before, rest) = text.split_at(at);
    let mended = match rest.chars().next() {
        Some('%') => Some(format!("{before}{PERCENT}{}", rest.get(1..)?)),
        Some(quote @ ('\'' | '"')) => mend_quotes(before, rest, quote),
        _ => None,
    };
    mended.or_else(|| {
        let start = text.char_indices().nth(flow?)?.0;
        Some(format!("{}{}", text.get(..start)?, one_line(text.get(start..)?)?))
    })
}

fn mend_quotes(before: &str, rest: &str, quote: char) -> Option<String> {
    let inside = rest.get(1..)?;
    let end = closing_quote(inside, quote);
    let content = inside.get(..end.unwrap_or(inside.len()))?;
    let after = inside.get(end.map_or(inside.len(), |e| e + 1)..)?;
    if end.is_some() && !content.contains(['\n', '\r']) {
        return None;
    }
    let content = content.replace(['\n', '\r'], BREAK.encode_utf8(&mut [0; 4]));
    // At the end of the file a lone backslash would escape the quote that is put there.
    let slashes = content.bytes().rev().take_while(|b| *b == b'\\').count();
    let content = match (quote, end, slashes % 2) {
        ('"', None, 1) => content.get(..content.len() - 1)?,
        _ => content.as_str(),
    };
    Some(format!("{before}{quote}{content}{quote}{after}"))
}

/// The text with the brackets that it begins with brought on one line: breaks become blanks, or stand-ins where they fold
/// within a scalar; comments become blanks. `None` if they are not closed.
fn one_line(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut depth = 0;
    let mut quote = None;
    let mut plain = false;
    while let Some(c) = chars.next() {
        let is_break = matches!(c, '\n' | '\r');
        if let Some(open) = quote {
            out.push(if is_break { BREAK } else { c });
            if open == '"' && c == '\\' {
                out.extend(chars.next());
            } else if c == open {
                quote = None;
            }
            continue;
        }
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            '"' | '\'' if !plain => quote = Some(c),
            '#' if out.ends_with([' ', BREAK]) => {
                out.push(' ');
                while chars.next_if(|c| !matches!(c, '\n' | '\r')).is_some() {
                    out.push(' ');
                }
                continue;
            }
            _ => {}
        }
        if is_break && plain {
            let mut blank = String::from(c);
            while let Some(more) = chars.next_if(|c| c.is_whitespace()) {
                blank.push(more);
            }
            plain = chars.peek().is_some_and(|next| !matches!(next, '[' | ']' | '{' | '}' | ',' | '#' | ':'));
            let stands_for = if plain { BREAK } else { ' ' };
            out.extend(blank.chars().map(|c| if matches!(c, '\n' | '\r') { stands_for } else { c }));
            continue;
        }
        let ends = c == ':' && chars.peek().is_none_or(|next| next.is_whitespace());
        plain = !matches!(c, '[' | ']' | '{' | '}' | ',') && !ends && (plain || !c.is_whitespace());
        out.push(if is_break { ' ' } else { c });
        if depth == 0 {
            out.extend(chars);
            return Some(out);
        }
    }
    None
}

fn closing_quote(inside: &str, quote: char) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == '"' => at += 2,
            b'\'' if quote == '\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b if b == quote as u8 => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// Puts back what the stand-ins hid; line breaks within quotes fold as they would have.
pub(super) fn unmend(text: Cow<'_, str>) -> String {
    if !text.contains([PERCENT, BREAK]) {
        return text.into_owned();
    }
    let text = text.replace(PERCENT, "%");
    let mut out = String::with_capacity(text.len());
    let mut breaks = 0usize;
    for (i, line) in text.split(BREAK).enumerate() {
        if i == 0 {
            out.push_str(line);
            continue;
        }
        let line = line.trim_start_matches([' ', '\t']);
        if breaks == 0 {
            out.truncate(out.trim_end_matches([' ', '\t']).len());
        }
        breaks += 1;
        if line.is_empty() {
            continue;
        }
        match breaks {
            1 => out.push(' '),
            n => out.extend(std::iter::repeat_n('\n', n - 1)),
        }
        breaks = 0;
        out.push_str(line);
    }
    match breaks {
        0 => {}
        1 => out.push(' '),
        n => out.extend(std::iter::repeat_n('\n', n - 1)),
    }
    out
}
