//! The parser of formats.

use std::sync::Arc;

use super::{Key, OutputFormat, Parts, Piece};
use crate::ast::{Operand, OperandKind, Span};
use crate::check::{self, typed::Source};
use crate::parse::parse_operand;
use crate::scheme::{FieldType, Matching, PrintFormat, Scheme};
use crate::source::{SourceId, Sources};
use crate::value::{SlotTable, Want};

/// The widest field; what is asked beyond it is cut to it.
const MAX_WIDTH: u16 = u16::MAX;

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
    /// There is no text.
    #[error("empty formatting token")]
    Empty,
    /// A `%` ends the format. A literal percent sign cannot be written.
    #[error("invalid formatting syntax: formatting cannot end with a %")]
    TrailingPercent,
    /// A width ends the format.
    #[error("invalid formatting syntax: formatting cannot end with a number")]
    TrailingWidth,
    /// After `%` stands no field and no transformer call that fits.
    #[error("unknown filter: {0}")]
    UnknownField(Box<str>),
}

impl FormatErrorKind {
    /// Whether `skip-if-unknown-filter` lets the rule pass over this.
    pub fn is_unknown_filter(&self) -> bool {
        !matches!(self, Self::Empty)
    }
}

impl OutputFormat {
    /// Compiles a format; its slots are added to `slots`.
    ///
    /// # Errors
    /// The first token that does not fit.
    pub fn compile(text: &str, scheme: &Scheme, slots: &mut SlotTable) -> Result<Self, FormatError> {
        let mut format = Parts { text: text.into(), sources: Sources::default(), pieces: Vec::new(), keys: Vec::new() };
        if text.is_empty() {
            return Err(FormatError { kind: FormatErrorKind::Empty, offset: 0 });
        }
        let mut at = 0;
        while let Some(percent) = text[at..].find('%').map(|found| at + found) {
            if percent > at {
                format.pieces.push(Piece::Text(offset(at)..offset(percent)));
            }
            at =
                format.value(text, percent + 1, scheme, slots).map_err(|kind| FormatError { kind, offset: percent })?;
        }
        if at < text.len() {
            format.pieces.push(Piece::Text(offset(at)..offset(text.len())));
        }
        format.sources.freeze();
        format.pieces.shrink_to_fit();
        format.keys.shrink_to_fit();
        format.keys.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(OutputFormat(Arc::new(format)))
    }
}

impl Parts {
    /// Reads what follows a `%`; the offset behind it.
    fn value(
        &mut self,
        text: &str,
        at: usize,
        scheme: &Scheme,
        slots: &mut SlotTable,
    ) -> Result<usize, FormatErrorKind> {
        let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
        let rest = &text[at + digits..];
        if rest.is_empty() {
            return Err(if digits == 0 { FormatErrorKind::TrailingPercent } else { FormatErrorKind::TrailingWidth });
        }
        let width = match &text[at..at + digits] {
            "" => None,
            number => Some(number.parse().unwrap_or(MAX_WIDTH)).filter(|width| *width > 0),
        };
        let (operand, source, len) = longest(rest, scheme)?;
        let printed = self.printable(&source, scheme, slots);
        self.pieces.push(Piece::Value { source: printed, width });
        match &operand.kind {
            OperandKind::Field { .. } => self.key(&operand, source, scheme, slots),
            // The operand was checked as a whole already.
            _ => operand.walk(&mut |inner| {
                if let (OperandKind::Field { .. }, Ok(source)) = (&inner.kind, check::source(inner, scheme)) {
                    self.key(inner, source, scheme, slots);
                }
            }),
        }
        Ok(at + digits + len)
    }

    /// The source to print. Fields that mean both ends of a connection have no value but in conditions.
    fn printable(&mut self, source: &Source, scheme: &Scheme, slots: &mut SlotTable) -> Option<SourceId> {
        let both_ends =
            matches!(source, Source::Field { slot, .. } if scheme.field(slot.field).matching == Matching::Either);
        if both_ends { None } else { Some(self.sources.intern(source, slots)) }
    }

    /// The key of a field, whose source this is.
    fn key(&mut self, operand: &Operand, mut source: Source, scheme: &Scheme, slots: &mut SlotTable) {
        let name: Box<str> = match &operand.kind {
            OperandKind::Field { name, arg: None } => name.clone(),
            _ => operand.to_string().into(),
        };
        if self.keys.iter().any(|key| *key.name == *name) {
            return;
        }
        let time = name.starts_with("evt.time") || name.starts_with("evt.datetime") || &*name == "evt.outputtime";
        if let (true, Source::Field { slot, format, .. }) = (time, &mut source)
            && slot.ty == FieldType::Charbuf
        {
            slot.want = Want::Nanoseconds;
            slot.ty = FieldType::AbsTime;
            *format = PrintFormat::Dec;
        }
        let source = self.printable(&source, scheme, slots);
        self.keys.push(Key { name: name.into(), source });
    }
}

/// An offset in a format. A format of 4 GiB fits no file of rules.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The longest token at the beginning of `text` that fits the scheme. A call is taken whole or not at all; a field may
/// run into the text that follows it (`%proc.nameand`).
fn longest(text: &str, scheme: &Scheme) -> Result<(Operand, Source, usize), FormatErrorKind> {
    let unknown = |why: String| FormatErrorKind::UnknownField(why.into());
    let (operand, len) = parse_operand(text)
        .or_else(|error| {
            // An argument that does not parse is text behind a field without one.
            let name = text.split('[').next().unwrap_or(text);
            if name.len() < text.len() { parse_operand(name) } else { Err(error) }
        })
        .map_err(|error| unknown(error.to_string()))?;
    let first = match check::source(&operand, scheme) {
        Ok(source) => return Ok((operand, source, len)),
        Err(error) => error,
    };
    if let OperandKind::Field { name, .. } = &operand.kind {
        for end in (1..=name.len()).rev().filter(|end| name.is_char_boundary(*end)) {
            if let Ok(source) = check::field_source(&name[..end], None, false, scheme) {
                let kind = OperandKind::Field { name: name[..end].into(), arg: None };
                debug_assert!(matches!(source, Source::Field { matching: Matching::One, .. }));
                return Ok((Operand { kind, span: Span::default() }, source, end));
            }
        }
    }
    Err(unknown(first.to_string()))
}
