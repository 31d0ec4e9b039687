//! From the parts of loaded conditions back to the files.

use super::Loader;
use super::context::Place;
use super::source::Files;
use crate::ast::Span;
use crate::explain::{Location, Origins};

impl Origins for Loader {
    fn location(&self, span: Span) -> Option<Location> {
        let range = span.range();
        let place = self.compiled.texts.of(span)?.place(&self.files, range.start, range.end)?;
        Some(place.location(&self.files))
    }

    fn text(&self, span: Span) -> Option<&str> {
        self.compiled.texts.of(span)?.text.get(span.range())
    }
}

impl Place {
    /// As people and editors count.
    pub fn location(&self, files: &Files) -> Location {
        let Place { file, start, .. } = *self;
        Location { file: files.name(file).into(), line: start.line + 1, column: start.column + 1 }
    }
}
