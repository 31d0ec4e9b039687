//! Where the values of a field are written. The memory is reused: nothing is allocated per call in steady state.

use core::ffi::{CStr, c_char};
use core::fmt;
use std::net::IpAddr;

use super::Error;
use crate::raw::{Bool, ByteBuffer, ExtractField, ExtractResult, FieldType};

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
        self.buf.kinds |= FieldBuf::NUM;
        self.buf.nums.push(value);
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
        self.buf.kinds |= FieldBuf::BOOL;
        self.buf.bools.push(value.into());
    }

    /// A text that is already NUL-terminated, as it lies.
    #[inline]
    pub fn cstr(&mut self, text: &'v CStr) {
        self.buf.kinds |= FieldBuf::STR;
        self.buf.strs.push(text.as_ptr());
    }

    /// A text; it is copied and NUL-terminated. Whoever reads it stops at a NUL inside.
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
        let buf = &mut *self.buf;
        buf.kinds |= FieldBuf::STR;
        buf.text_at.push((buf.strs.len(), buf.bytes.len()));
        write(&mut buf.bytes);
        buf.bytes.push(0);
        buf.strs.push(core::ptr::null());
    }

    /// Bytes, as they lie: a byte buffer, an address (4 or 16 bytes) or a network.
    #[inline]
    pub fn bytes(&mut self, bytes: &'v [u8]) {
        self.buf.kinds |= FieldBuf::BUF;
        self.buf.bufs.push(ByteBuffer { len: len32(bytes), ptr: bytes.as_ptr().cast() });
    }

    /// Bytes, copied.
    pub fn bytes_copy(&mut self, bytes: &[u8]) {
        let buf = &mut *self.buf;
        buf.kinds |= FieldBuf::BUF;
        buf.buf_at.push((buf.bufs.len(), buf.bytes.len()));
        buf.bytes.extend_from_slice(bytes);
        buf.bufs.push(ByteBuffer { len: len32(bytes), ptr: core::ptr::null() });
    }

    /// An address.
    pub fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) => self.bytes_copy(&ip.octets()),
            IpAddr::V6(ip) => self.bytes_copy(&ip.octets()),
        }
    }

    /// Says where in the event the value stands: bytes from the header's begin, and how many.
    pub fn located_at(&mut self, start: u32, length: u32) {
        self.buf.location = (start, length);
    }

    /// Number of values so far.
    #[must_use]
    pub fn len(&self) -> usize {
        let b = &*self.buf;
        b.nums.len() + b.bools.len() + b.strs.len() + b.bufs.len()
    }

    /// Whether there is no value yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Lengths of more than 32 bits cannot come out of an event, whose own length has 32.
fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// Reused memory for the values of one request.
#[derive(Default)]
pub(crate) struct FieldBuf {
    /// Which sorts of value were given.
    kinds: u8,
    nums: Vec<u64>,
    bools: Vec<Bool>,
    strs: Vec<*const c_char>,
    bufs: Vec<ByteBuffer>,
    /// Copied texts and bytes. They move while it grows, so their addresses are taken at the end.
    bytes: Vec<u8>,
    text_at: Vec<(usize, usize)>,
    buf_at: Vec<(usize, usize)>,
    pub(crate) location: (u32, u32),
}

impl FieldBuf {
    const NUM: u8 = 1;
    const BOOL: u8 = 2;
    const STR: u8 = 4;
    const BUF: u8 = 8;

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.kinds = 0;
        self.nums.clear();
        self.bools.clear();
        self.strs.clear();
        self.bufs.clear();
        self.bytes.clear();
        self.text_at.clear();
        self.buf_at.clear();
        self.location = (0, 0);
    }

    /// Writes the answer into the request: addresses of the values and their number.
    #[inline]
    pub(crate) fn finish(&mut self, field: &mut ExtractField) -> Result<(), Error> {
        if self.kinds == 0 {
            return Ok(());
        }
        let fail = |what| Err(Error::Field { field: field.field_id, what });
        for &(i, at) in &self.text_at {
            self.strs[i] = self.bytes[at..].as_ptr().cast();
        }
        for &(i, at) in &self.buf_at {
            self.bufs[i].ptr = self.bytes[at..].as_ptr().cast();
        }
        let (res, len) = match self.kinds {
            Self::NUM => (ExtractResult { u64: self.nums.as_ptr() }, self.nums.len()),
            Self::BOOL => (ExtractResult { boolean: self.bools.as_ptr() }, self.bools.len()),
            Self::STR => (ExtractResult { str: self.strs.as_ptr() }, self.strs.len()),
            Self::BUF => (ExtractResult { buf: self.bufs.as_ptr() }, self.bufs.len()),
            _ => return fail("values of different kinds were given"),
        };
        if self.kinds != Self::kind_of(field.ftype) {
            return fail("the value is of another kind than the type asks for");
        }
        if len > 1 && !field.flist.get() {
            return fail("several values were given where one was asked for");
        }
        field.res = res;
        field.res_len = len as u64;
        Ok(())
    }

    /// Which sort of value a type asks for.
    #[inline]
    const fn kind_of(ty: FieldType) -> u8 {
        match ty {
            FieldType::BOOL => Self::BOOL,
            FieldType::STRING
            | FieldType::FSPATH
            | FieldType::FSRELPATH
            | FieldType::CHARBUFARRAY
            | FieldType::CHARBUF_PAIR_ARRAY => Self::STR,
            FieldType::BYTEBUF
            | FieldType::SOCKADDR
            | FieldType::SOCKTUPLE
            | FieldType::FDLIST
            | FieldType::DYN
            | FieldType::IPV4ADDR
            | FieldType::IPV6ADDR
            | FieldType::IPADDR
            | FieldType::IPV4NET
            | FieldType::IPV6NET
            | FieldType::IPNET => Self::BUF,
            _ => Self::NUM,
        }
    }
}
