//! Output formats: `text with %fields`, rendered as text or read as typed values.

mod value;

use crate::scheme::Scheme;
use crate::value::{Extract, SlotTable, Values};

pub use value::FormatValue;

/// A format that does not fit the scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct FormatError {
    /// What is wrong.
    pub kind: FormatErrorKind,
    /// The byte offset in the format.
    pub offset: usize,
}

/// What is wrong with a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatErrorKind {
    /// After `%` stands no known field.
    #[error("invalid formatting token: unknown filter: {0}")]
    UnknownField(Box<str>),
}

/// How values become text.
#[derive(Debug, Clone, Copy, Default)]
pub struct RenderOptions {
    /// Buffers as base64 instead of printable bytes.
    pub base64_buffers: bool,
}

/// A compiled output format.
#[derive(Debug, Clone)]
pub struct OutputFormat {
    text: Box<str>,
}

impl OutputFormat {
    /// Compiles a format; its slots are added to `slots`.
    ///
    /// # Errors
    /// The first token that does not fit.
    pub fn compile(text: &str, _scheme: &Scheme, _slots: &mut SlotTable) -> Result<Self, FormatError> {
        Ok(OutputFormat { text: text.into() })
    }

    /// The format as given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of its fields in canonical form, each once, in order: the keys of [`OutputFormat::values`].
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    /// Appends the rendered text to `out`. `values` is scratch memory. The text can hold any bytes that an event holds.
    pub fn render(&self, _ex: &mut dyn Extract, _values: &mut Values, _options: RenderOptions, _out: &mut Vec<u8>) {}

    /// Calls `f` with each key of [`OutputFormat::keys`] and its value for the event.
    pub fn values(
        &self,
        _ex: &mut dyn Extract,
        _values: &mut Values,
        _options: RenderOptions,
        _f: &mut dyn FnMut(&str, FormatValue),
    ) {
    }
}
