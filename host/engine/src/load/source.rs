//! The files that rules come from, and the texts of conditions, each byte of which leads back to a file.

use std::sync::Arc;

use super::context::{Context, FileRange, Place};
use crate::ast::Span;
use crate::yaml::{LineIndex, Mark, Node, Style, origin_in};

/// One file as it was loaded.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The name that messages use.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: LineIndex,
}

/// All files loaded so far; the position is the number that places refer to.
#[derive(Debug, Clone, Default)]
pub struct Files {
    files: Vec<SourceFile>,
}

impl Files {
    /// Adds a file and returns its number.
    pub fn add(&mut self, name: &str, text: &str) -> u32 {
        self.files.push(SourceFile { name: name.into(), text: text.into(), lines: LineIndex::new(text) });
        (self.files.len() - 1) as u32
    }

    /// The file of this number.
    pub fn get(&self, file: u32) -> Option<&SourceFile> {
        self.files.get(file as usize)
    }

    /// The name of a file.
    pub fn name(&self, file: u32) -> &str {
        self.get(file).map_or("", |f| &f.name)
    }

    /// The text of a file.
    pub fn text(&self, file: u32) -> &str {
        self.get(file).map_or("", |f| &f.text)
    }

    /// All of them.
    pub fn all(&self) -> &[SourceFile] {
        &self.files
    }
}

/// Where a scalar of a file stands: enough to find each of its characters again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: u32,
    /// The scalar's mark.
    pub mark: Mark,
    span: std::ops::Range<u32>,
    style: Style,
}

impl Origin {
    /// The origin of a scalar node.
    pub fn of(file: u32, node: &Node) -> Self {
        Origin { file, mark: node.mark, span: node.span.clone(), style: node.style().unwrap_or(Style::Plain) }
    }

    /// The bytes it is written with.
    pub fn range(&self) -> FileRange {
        FileRange { file: self.file, start: self.span.start, end: self.span.end }
    }
}

/// The text of a condition: scalars of one or several files (appended conditions), joined.
#[derive(Debug, Clone, Default)]
pub struct CondText {
    /// The joined text.
    pub text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Piece {
    start: usize,
    end: usize,
    origin: Origin,
}

impl CondText {
    /// A text without pieces.
    pub fn new() -> Self {
        Self::default()
    }

    /// A text that stands in no file.
    pub(super) fn glue(text: &str) -> Self {
        CondText { text: text.to_owned(), pieces: Vec::new() }
    }

    /// Adds a scalar's text.
    pub fn push(&mut self, text: &str, origin: Origin) -> &mut Self {
        let start = self.text.len();
        self.text.push_str(text);
        if self.pieces.is_empty() {
            // Nearly all texts are of one piece.
            self.pieces.reserve_exact(1);
        }
        self.pieces.push(Piece { start, end: self.text.len(), origin });
        self
    }

    /// Adds text that stands in no file.
    pub fn push_glue(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds another text after a blank.
    pub fn append(&mut self, other: &CondText) {
        self.text.push(' ');
        let shift = self.text.len();
        self.text.push_str(&other.text);
        self.pieces.extend(other.pieces.iter().map(|p| Piece {
            start: p.start + shift,
            end: p.end + shift,
            origin: p.origin.clone(),
        }));
    }

    /// The place in a file of the bytes from `start` to `end`. Glue belongs to the piece before it.
    pub fn place(&self, files: &Files, start: usize, end: usize) -> Option<Place> {
        let (file, from) = self.offset(files, start)?;
        let to = self.offset(files, end).filter(|(f, to)| *f == file && *to >= from).map_or(from, |(_, to)| to);
        let lines = &files.get(file)?.lines;
        Some(Place { file, start: lines.mark(from), end: lines.mark(to) })
    }

    fn offset(&self, files: &Files, offset: usize) -> Option<(u32, usize)> {
        let at = self.pieces.partition_point(|p| p.start <= offset).saturating_sub(1);
        let piece = self.pieces.get(at)?;
        let text = self.text.get(piece.start..piece.end)?;
        let within = offset.saturating_sub(piece.start).min(text.len());
        let Origin { file, span, style, .. } = &piece.origin;
        Some((*file, origin_in(files.text(*file), span, *style, text, within)))
    }
}

/// The texts that the spans of one compilation refer to.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    texts: Vec<Arc<CondText>>,
}

impl Texts {
    /// Adds a text; the number goes into the spans.
    pub(super) fn add(&mut self, text: Arc<CondText>) -> u32 {
        self.texts.push(text);
        (self.texts.len() - 1) as u32
    }

    /// The context of a part of a condition within that of the condition.
    pub(super) fn context(&self, span: Span, around: &Context, files: &Files) -> Context {
        let Some(text) = self.of(span) else { return around.clone() };
        let range = span.range();
        let place = text.place(files, range.start, range.end).unwrap_or(around.place());
        around.expression(text.text.as_str().into(), range.start, place)
    }

    /// The text that a span refers to.
    pub(super) fn of(&self, span: Span) -> Option<&Arc<CondText>> {
        self.texts.get(span.source as usize)
    }
}
