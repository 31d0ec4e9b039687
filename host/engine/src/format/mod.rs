//! Output formats: `text with %fields`, rendered as text or read as typed values.

mod compile;
mod shown;
mod value;

use std::ops::Range;
use std::sync::Arc;

use crate::render::{self, MAX_RENDERED};
use crate::scheme::{FieldType, PrintFormat, ValueClass};
use crate::source::{SourceId, SourceInfo, Sources};
use crate::value::{Item, Run, SlotId, Values};

pub use compile::{FormatError, FormatErrorKind};
pub use shown::{Shown, ShownMemory};
pub use value::FormatValue;

/// What stands for a value that the event does not have.
const MISSING: &[u8] = b"<NA>";

/// How values become text.
#[derive(Debug, Clone, Copy, Default)]
pub struct RenderOptions {
    /// Buffers as base64 instead of printable bytes.
    pub base64_buffers: bool,
}

/// A compiled output format. Clones share its parts.
#[derive(Debug, Clone)]
pub struct OutputFormat(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    text: Box<str>,
    sources: Sources,
    pieces: Vec<Piece>,
    keys: Vec<Key>,
}

/// A part of a format.
#[derive(Debug)]
enum Piece {
    /// These bytes of the format's text.
    Text(Range<u32>),
    /// A value, or `None` where the field cannot be printed; `width` bytes wide if there is a width.
    Value { source: Option<SourceId>, width: Option<u16> },
}

/// A field of the format, once, whether it stands alone or inside a transformer.
#[derive(Debug)]
struct Key {
    name: Arc<str>,
    source: Option<SourceId>,
}

impl OutputFormat {
    /// The format as given.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The names of its fields in canonical form, each once, sorted: the keys of [`OutputFormat::values`]. Fields
    /// inside transformers are among them, the transformers are not.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys.iter().map(|key| &*key.name)
    }

    /// Calls `each` with every slot that rendering it and its values asks for, maybe more than once.
    pub fn slots(&self, each: &mut dyn FnMut(SlotId)) {
        let sources = &self.0.sources;
        (0..sources.len()).for_each(|id| sources.slots(id as SourceId, each));
    }

    /// Appends the rendered text to `out`. The text can hold any bytes that an event holds.
    pub fn render(&self, event: &mut Shown<'_>, options: RenderOptions, out: &mut Vec<u8>) {
        let sources = &self.0.sources;
        for piece in &self.0.pieces {
            match piece {
                Piece::Text(at) => out.extend_from_slice(&self.0.text.as_bytes()[at.start as usize..at.end as usize]),
                Piece::Value { source, width } => {
                    let start = out.len();
                    match source.and_then(|id| Some((id, event.run(sources, id)?))) {
                        Some((id, run)) => text(sources.info(id), run, event.values(), options, out),
                        None => out.extend_from_slice(MISSING),
                    }
                    if let Some(width) = width {
                        out.resize(start + usize::from(*width), b' ');
                    }
                }
            }
        }
    }

    /// Calls `f` with each key of [`OutputFormat::keys`] and its value for the event.
    pub fn values(&self, event: &mut Shown<'_>, options: RenderOptions, f: &mut dyn FnMut(&Arc<str>, FormatValue)) {
        let sources = &self.0.sources;
        for key in &self.0.keys {
            let found = key.source.and_then(|id| Some((id, event.run(sources, id)?)));
            let value = found.map(|(id, run)| typed(sources.info(id), run, event.values(), options));
            f(&key.name, value.unwrap_or(FormatValue::Null));
        }
    }
}

fn text(info: &SourceInfo, run: Run, values: &Values, options: RenderOptions, out: &mut Vec<u8>) {
    let one = |item: Item, out: &mut Vec<u8>| {
        if unprintable(info.ty, info.format) {
            return out.extend_from_slice(MISSING);
        }
        render::scalar(info.ty, info.format, item, values, options.base64_buffers, out);
    };
    if !info.list {
        return values.first(run).into_iter().for_each(|item| one(item, out));
    }
    let start = out.len();
    out.push(b'(');
    for (at, item) in values.items(run).iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        one(*item, out);
    }
    out.push(b')');
    out.truncate(start + MAX_RENDERED);
}

fn typed(info: &SourceInfo, run: Run, values: &Values, options: RenderOptions) -> FormatValue {
    let one = |item: &Item| typed_scalar(info.ty, info.format, *item, values, options);
    match values.items(run) {
        [] => FormatValue::Null,
        items if info.list => FormatValue::List(items.iter().map(one).collect()),
        [first, ..] => one(first),
    }
}

/// Numbers without a print format are not printed; only a signed one of 64 bits is, in decimal.
fn unprintable(ty: FieldType, format: PrintFormat) -> bool {
    let number = match ty.class() {
        ValueClass::Signed => ty.bits() < 64,
        class => class == ValueClass::Unsigned,
    };
    number && format == PrintFormat::Na
}

/// Numbers are numbers unless they print in hexadecimal or octal; a double that prints as decimal is cut to an integer.
fn typed_scalar(
    ty: FieldType,
    format: PrintFormat,
    item: Item,
    values: &Values,
    options: RenderOptions,
) -> FormatValue {
    // A signed number without a print format is printed, but as text.
    let spelled = matches!(format, PrintFormat::Hex | PrintFormat::Oct | PrintFormat::Na);
    match ty.class() {
        _ if unprintable(ty, format) => FormatValue::Null,
        ValueClass::Bool => FormatValue::Bool(item.number() != 0),
        ValueClass::Signed if !spelled => FormatValue::Int(item.number() as i64),
        ValueClass::Unsigned if !spelled => FormatValue::Uint(item.number()),
        ValueClass::Double if format == PrintFormat::Dec => FormatValue::Int(f64::from_bits(item.number()) as i64),
        ValueClass::Double => FormatValue::Double(f64::from_bits(item.number())),
        ValueClass::Text => FormatValue::Text(readable(values.bytes(item))),
        _ => {
            let mut text = Vec::new();
            render::scalar(ty, format, item, values, options.base64_buffers, &mut text);
            FormatValue::Text(readable(&text))
        }
    }
}

/// A copy in which what is no UTF-8 has become U+FFFD. Nearly always it is UTF-8, and to see that is a tenth of the work of
/// repairing it.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
