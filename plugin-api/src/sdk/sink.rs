//! Where the values of a field are written. The memory is reused: nothing is allocated per call in steady state.

use core::ffi::CStr;
use core::fmt;
use std::net::IpAddr;

use super::field_buf::{FieldBuf, Given, Place};
use crate::raw::FieldValue;

/// Takes the values of one requested field. `'v` is the time for which the plugin and the event are borrowed: what
/// lives that long can be handed out as it lies, all else is copied.
///
/// One call of a method is one value; several make a list.
pub struct ValueSink<'v> {
    pub(crate) buf: &'v mut FieldBuf,
}

impl<'v> ValueSink<'v> {
    /// An unsigned integer: any integer type, port, fd, pid and time.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        self.buf.put(Given::Number(value));
    }

    /// A signed integer, sign-extended to 64 bits.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.u64(value.cast_unsigned());
    }

    /// A floating-point number (Lanner's addition).
    #[inline]
    pub fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    /// A truth value.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.buf.put(Given::Bool(value));
    }

    /// A text that is already NUL-terminated, as it lies.
    #[inline]
    pub fn cstr(&mut self, text: &'v CStr) {
        self.buf.put(Given::Text(Place::there(text.to_bytes())));
    }

    /// A text that ends with its only NUL, as it lies. Unlike [`ValueSink::cstr`] it needs no [`CStr`], whose making reads
    /// all of the text. Bytes that do not end with a NUL are copied.
    #[inline]
    pub fn terminated(&mut self, text_with_nul: &'v [u8]) {
        debug_assert!(text_with_nul.iter().position(|b| *b == 0).is_none_or(|at| at + 1 == text_with_nul.len()));
        match text_with_nul {
            [text @ .., 0] => self.buf.put(Given::Text(Place::there(text))),
            other => self.str_bytes(other),
        }
    }

    /// A text; it is copied and NUL-terminated. It ends at a NUL inside.
    #[inline]
    pub fn str_bytes(&mut self, text: &[u8]) {
        self.text_with(|out| out.extend_from_slice(text));
    }

    /// A text; it is copied and NUL-terminated.
    #[inline]
    pub fn str(&mut self, text: &str) {
        self.str_bytes(text.as_bytes());
    }

    /// A text that is written in place, as with `format_args!`.
    pub fn display(&mut self, text: fmt::Arguments<'_>) {
        self.text_with(|out| {
            // Writing to a vector fails only if a Display implementation says so; what it wrote until then stands.
            let _ = std::io::Write::write_fmt(out, text);
        });
    }

    /// A text that `write` appends in place. What lies in the vector before must stay.
    #[inline]
    fn text_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let bytes = &mut self.buf.bytes;
        let start = bytes.len();
        write(bytes);
        bytes.push(0);
        let len = CStr::from_bytes_until_nul(&bytes[start..]).map_or(0, CStr::count_bytes);
        self.buf.put(Given::Text(Place::Copied(start, len)));
    }

    /// Bytes, as they lie: a byte buffer, an address (4 or 16 bytes) or a network.
    #[inline]
    pub fn bytes(&mut self, bytes: &'v [u8]) {
        self.buf.put(Given::Bytes(Place::there(bytes)));
    }

    /// Bytes, copied.
    pub fn bytes_copy(&mut self, bytes: &[u8]) {
        let start = self.buf.bytes.len();
        self.buf.bytes.extend_from_slice(bytes);
        self.buf.put(Given::Bytes(Place::Copied(start, bytes.len())));
    }

    /// An address.
    pub fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.bytes_copy(&ip.octets()),
            IpAddr::V6(ip) => self.bytes_copy(&ip.octets()),
        }
    }

    /// Says that there is no value yet because it is on its way (Lanner's addition, see [`Awaits`](super::Awaits)).
    #[inline]
    pub fn awaited(&mut self) {
        self.buf.absent = FieldValue::AWAITED;
    }

    /// Says that there may be a value, and that nobody who was asked knows it (Lanner's addition).
    #[inline]
    pub fn unknown(&mut self) {
        self.buf.absent = FieldValue::UNKNOWN;
    }

    /// Says where in the event the value stands: bytes from the header's begin, and how many.
    pub fn located_at(&mut self, start: u32, length: u32) {
        self.buf.location = (start, length);
    }

    /// Number of values so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buf.len
    }

    /// Whether there is no value yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
