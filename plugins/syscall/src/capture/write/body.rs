//! One block while it is put together; its memory is used for the next one again.

use std::io;

use lanner_plugin_api::wire::Event;

use super::super::block::{EVENT_V2, EVENT_V2_FLAGS, EVENT_V2_FLAGS_LARGE, EVENT_V2_LARGE};
use super::super::{MAX_BLOCK, STATE_ONLY};
use super::Keep;

/// Bytes of type and length in front of a block's body.
const HEADER: usize = 8;

/// The block. Values are little-endian and follow each other without gaps.
#[derive(Default)]
pub(super) struct Body {
    buf: Vec<u8>,
    /// Where the block begins.
    start: usize,
}

impl Body {
    /// Begins a block of this type and forgets the one before.
    pub(super) fn begin(&mut self, code: u32) -> &mut Self {
        self.buf.truncate(self.start);
        self.u32(code).u32(0)
    }

    /// Puts a block together behind what `out` holds. What cannot be finished is taken back.
    #[inline]
    pub(super) fn behind(out: &mut Vec<u8>, fill: impl FnOnce(&mut Self)) -> io::Result<()> {
        let start = out.len();
        let mut body = Self { buf: std::mem::take(out), start };
        fill(&mut body);
        let finished = body.finish().map(|_| ());
        *out = body.buf;
        if finished.is_err() {
            out.truncate(start);
        }
        finished
    }

    /// The block of an event, to be finished.
    #[inline]
    pub(super) fn event(&mut self, event: &Event<'_>, cpu: u16, keep: Keep) -> &mut Self {
        // Type, length, processor, flags, and the length after the event.
        let large = event.event_type().has_large_payload() || event.bytes().len() + 18 > MAX_BLOCK as usize;
        let code = match (keep, large) {
            (Keep::Whole, false) => EVENT_V2,
            (Keep::Whole, true) => EVENT_V2_LARGE,
            (Keep::StateOnly, false) => EVENT_V2_FLAGS,
            (Keep::StateOnly, true) => EVENT_V2_FLAGS_LARGE,
        };
        let body = self.begin(code).u16(cpu);
        if keep == Keep::StateOnly {
            body.u32(STATE_ONLY);
        }
        body.bytes(event.bytes())
    }

    /// The whole block: padded to a multiple of four bytes, with its length on both sides.
    pub(super) fn finish(&mut self) -> io::Result<&[u8]> {
        let len = (self.buf.len() - self.start).next_multiple_of(4);
        self.buf.resize(self.start + len, 0);
        let too_long =
            |_| io::Error::new(io::ErrorKind::InvalidInput, "a block of a capture must be shorter than 4 GiB");
        let len = u32::try_from(len + 4).map_err(too_long)?;
        self.buf[self.start + 4..self.start + HEADER].copy_from_slice(&len.to_le_bytes());
        self.u32(len);
        Ok(&self.buf[self.start..])
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.buf.extend_from_slice(bytes);
        self
    }

    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    pub(super) fn i64(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    /// A text with its length in front. What is longer than readers accept is cut: a recording must not fail because a
    /// program has a long path.
    pub(super) fn text(&mut self, text: &[u8], limit: u16) -> &mut Self {
        let text = &text[..text.len().min(usize::from(limit))];
        self.u16(text.len() as u16).bytes(text)
    }

    /// An entry of a list, with its length in front; the length counts itself where `counts_itself`.
    pub(super) fn entry(&mut self, counts_itself: bool, fill: impl FnOnce(&mut Self)) {
        let at = self.buf.len();
        fill(self.u32(0));
        let len = self.buf.len() - at - if counts_itself { 0 } else { 4 };
        // Texts are cut to 64 KiB at most, so that an entry cannot overflow.
        self.buf[at..at + 4].copy_from_slice(&(len as u32).to_le_bytes());
    }
}
