//! Places as people count them, and what to underline where only a beginning is known.

use serde_json::{Value, json};

use crate::load::{FileRange, Files};

/// Line and column from 1, a column being one character, and the byte from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
    /// The byte of the file, from 0.
    pub offset: usize,
}

impl Position {
    /// The position of a byte of a file.
    pub fn of(files: &Files, file: u32, offset: u32) -> Self {
        let Some(source) = files.get(file) else { return Position { line: 1, column: 1, offset: 0 } };
        let mark = source.lines.mark(offset as usize);
        let start = (mark.offset - mark.column) as usize;
        let before = source.text.get(start..mark.offset as usize).unwrap_or("");
        Position { line: mark.line as usize + 1, column: before.chars().count() + 1, offset: mark.offset as usize }
    }

    pub(super) fn json(self) -> Value {
        json!({ "line": self.line, "column": self.column, "offset": self.offset })
    }
}

/// A range that can be underlined: within one line, on character boundaries, not empty unless the file is. An empty range
/// becomes the rest of its line without a comment, because what begins there is what is meant.
pub(super) fn widen(at: FileRange, files: &Files) -> FileRange {
    let text = files.text(at.file);
    let boundary = |mut i: usize| {
        i = i.min(text.len());
        while !text.is_char_boundary(i) {
            i -= 1;
        }
        i
    };
    let mut start = boundary(at.start as usize);
    let line_end =
        |from: usize| text.get(from..).and_then(|rest| rest.find(['\n', '\r'])).map_or(text.len(), |n| from + n);
    // What is missing at the end of a line or of the file: show the word before it.
    if line_end(start) == start {
        let before = text.get(..start).unwrap_or("").trim_end();
        start = before.rfind(char::is_whitespace).map_or(0, |n| n + 1);
    }
    let line_end = line_end(start);
    let mut end = boundary(at.end as usize).min(line_end);
    if end <= start {
        let rest = text.get(start..line_end).unwrap_or("");
        let shown = rest.find(" #").map_or(rest, |comment| &rest[..comment]).trim_end();
        end = start + shown.len();
    }
    let cut = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    FileRange { file: at.file, start: cut(start), end: cut(end) }
}
