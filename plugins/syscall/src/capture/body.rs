//! Values out of the body of a block, bounded by the block and by the entry that is being read.

use super::error::{CaptureError, CaptureErrorKind};
use super::stream::Stream;

/// The body of one block: values are taken from its front.
pub(super) struct Body<'s> {
    stream: &'s mut Stream,
    /// Bytes of the block that are left.
    left: u64,
    /// Bytes that the current entry has read.
    read: u64,
    list: &'static str,
}

impl<'s> Body<'s> {
    pub(super) fn new(stream: &'s mut Stream, len: u64) -> Self {
        Self { stream, left: len, read: 0, list: "" }
    }

    pub(super) fn offset(&self) -> u64 {
        self.stream.offset()
    }

    fn fail<T>(&self, kind: CaptureErrorKind) -> Result<T, CaptureError> {
        Err(CaptureError { offset: self.offset(), kind })
    }

    /// The next `n` bytes (few).
    pub(super) fn bytes(&mut self, n: usize) -> Result<&[u8], CaptureError> {
        if n as u64 > self.left {
            return self.fail(CaptureErrorKind::Entry { list: self.list });
        }
        self.left -= n as u64;
        self.read += n as u64;
        self.stream.take(n)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CaptureError> {
        Ok(self.bytes(N)?.first_chunk().copied().unwrap_or([0; N]))
    }

    pub(super) fn u8(&mut self) -> Result<u8, CaptureError> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, CaptureError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, CaptureError> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, CaptureError> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, CaptureError> {
        self.array().map(i64::from_le_bytes)
    }

    /// A text with its length before it, up to a NUL if it has one inside.
    pub(super) fn text(&mut self, what: &'static str, limit: u16) -> Result<Box<[u8]>, CaptureError> {
        let bytes = self.text_list(what, limit)?;
        Ok(match bytes.iter().position(|&b| b == 0) {
            Some(end) => bytes[..end].into(),
            None => bytes,
        })
    }

    /// A list of NUL-separated texts with its length before it.
    pub(super) fn text_list(&mut self, what: &'static str, limit: u16) -> Result<Box<[u8]>, CaptureError> {
        let len = self.u16()?;
        if len > limit {
            return self.fail(CaptureErrorKind::Text { what, len, limit });
        }
        Ok(self.bytes(usize::from(len))?.into())
    }

    /// Whether another entry follows; fewer than four bytes are padding.
    pub(super) fn next_entry(&mut self, list: &'static str) -> bool {
        self.list = list;
        self.read = 0;
        self.left >= 4
    }

    /// Whether the current entry of `len` bytes (0: unknown) has `n` more.
    pub(super) fn has(&self, len: u32, n: u64) -> bool {
        len != 0 && self.read + n <= u64::from(len)
    }

    /// Bytes of the current entry of `len` bytes that have not been read.
    pub(super) fn rest(&self, len: u32) -> u64 {
        u64::from(len).saturating_sub(self.read)
    }

    /// Past what is left of an entry of `len` bytes (0: unknown): fields of a newer version.
    pub(super) fn end_entry(&mut self, len: u32) -> Result<(), CaptureError> {
        if len == 0 {
            return Ok(());
        }
        let rest = self.rest(len);
        if self.read > u64::from(len) || rest > self.left {
            return self.fail(CaptureErrorKind::Entry { list: self.list });
        }
        self.left -= rest;
        self.stream.skip(rest)
    }

    /// Past what is left of the block.
    pub(super) fn finish(self) -> Result<(), CaptureError> {
        self.stream.skip(self.left)
    }
}
