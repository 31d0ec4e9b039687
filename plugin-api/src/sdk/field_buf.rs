//! The values of one request between the plugin that gives them and the form in which the host wants them.

use core::ffi::c_char;

use super::Error;
use crate::raw::{Bool, ByteBuffer, ExtractField, ExtractResult, FieldType, FieldValue};

/// Where a text or bytes lie.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// With the plugin or in the event: address and length.
    There(*const u8, usize),
    /// Copied: start and length in [`FieldBuf::bytes`]. Those move while they grow, so addresses are taken at the end.
    Copied(usize, usize),
}

impl Place {
    #[inline]
    pub(super) const fn there(bytes: &[u8]) -> Self {
        Self::There(bytes.as_ptr(), bytes.len())
    }
}

/// One value as the plugin gave it.
#[derive(Clone, Copy)]
pub(super) enum Given {
    Number(u64),
    Bool(bool),
    /// Without its NUL, which stands behind it.
    Text(Place),
    Bytes(Place),
}

/// Which sort of value a type asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Bool,
    Text,
    Bytes,
}

impl Kind {
    #[inline]
    const fn of(ty: FieldType) -> Self {
        match ty {
            FieldType::BOOL => Self::Bool,
            FieldType::STRING
            | FieldType::FSPATH
            | FieldType::FSRELPATH
            | FieldType::CHARBUFARRAY
            | FieldType::CHARBUF_PAIR_ARRAY => Self::Text,
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
            | FieldType::IPNET => Self::Bytes,
            _ => Self::Number,
        }
    }

    #[inline]
    const fn of_value(given: &Given) -> Self {
        match given {
            Given::Number(_) => Self::Number,
            Given::Bool(_) => Self::Bool,
            Given::Text(_) => Self::Text,
            Given::Bytes(_) => Self::Bytes,
        }
    }
}

/// Reused memory for the values of one request. Nearly all requests have one value; it stands apart from the others, so
/// that it costs a few instructions.
pub(crate) struct FieldBuf {
    pub(super) len: usize,
    /// What to answer if there is no value.
    pub(super) absent: FieldValue,
    first: Given,
    /// The second value and the following.
    more: Vec<Given>,
    /// Copied texts and bytes.
    pub(super) bytes: Vec<u8>,
    pub(crate) location: (u32, u32),
    arrays: Arrays,
}

/// Values in the forms of the plugin API; only those of the request's kind are filled in.
#[derive(Default)]
struct Arrays {
    numbers: Vec<u64>,
    bools: Vec<Bool>,
    texts: Vec<*const c_char>,
    buffers: Vec<ByteBuffer>,
}

impl Default for FieldBuf {
    fn default() -> Self {
        Self {
            len: 0,
            absent: FieldValue::NONE,
            first: Given::Number(0),
            more: Vec::new(),
            bytes: Vec::new(),
            location: (0, 0),
            arrays: Arrays::default(),
        }
    }
}

impl FieldBuf {
    #[inline]
    pub(super) fn put(&mut self, value: Given) {
        if self.len == 0 {
            self.first = value;
        } else {
            self.more.push(value);
        }
        self.len += 1;
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.absent = FieldValue::NONE;
        self.more.clear();
        self.bytes.clear();
        self.location = (0, 0);
    }

    /// What there is instead of a value.
    #[inline]
    pub(crate) fn absent(&self) -> FieldValue {
        self.absent
    }

    /// The value of a request for at most one, in the form of prepared requests.
    #[inline]
    pub(crate) fn single(&self, field: u32, ty: FieldType) -> Result<FieldValue, Error> {
        if self.len == 0 {
            return Ok(self.absent);
        }
        self.check(field, ty, false)?;
        Ok(match self.first {
            Given::Number(number) => FieldValue::number(number),
            Given::Bool(truth) => FieldValue::number(truth.into()),
            Given::Text(place) | Given::Bytes(place) => {
                let (ptr, len) = self.find(place);
                FieldValue::bytes(ptr, len)
            }
        })
    }

    /// Writes the values into a request of the plugin API: their address and their number.
    #[inline]
    pub(crate) fn finish(&mut self, field: &mut ExtractField) -> Result<(), Error> {
        if self.len == 0 {
            return Ok(());
        }
        self.check(field.field_id, field.ftype, field.flist.get())?;
        let mut arrays = core::mem::take(&mut self.arrays);
        arrays.clear();
        for given in core::iter::once(&self.first).chain(&self.more) {
            match *given {
                Given::Number(number) => arrays.numbers.push(number),
                Given::Bool(truth) => arrays.bools.push(truth.into()),
                Given::Text(place) => arrays.texts.push(self.find(place).0.cast()),
                Given::Bytes(place) => {
                    let (ptr, len) = self.find(place);
                    arrays.buffers.push(ByteBuffer { len: len32(len), ptr: ptr.cast() });
                }
            }
        }
        field.res = match Kind::of_value(&self.first) {
            Kind::Number => ExtractResult { u64: arrays.numbers.as_ptr() },
            Kind::Bool => ExtractResult { boolean: arrays.bools.as_ptr() },
            Kind::Text => ExtractResult { str: arrays.texts.as_ptr() },
            Kind::Bytes => ExtractResult { buf: arrays.buffers.as_ptr() },
        };
        field.res_len = self.len as u64;
        self.arrays = arrays;
        Ok(())
    }

    /// Whether the values are what the request asks for.
    #[inline]
    fn check(&self, field: u32, ty: FieldType, list: bool) -> Result<(), Error> {
        let kind = Kind::of_value(&self.first);
        let what = if self.more.iter().any(|given| Kind::of_value(given) != kind) {
            "values of different kinds were given"
        } else if kind != Kind::of(ty) {
            "the value is of another kind than the type asks for"
        } else if self.len > 1 && !list {
            "several values were given where one was asked for"
        } else {
            return Ok(());
        };
        Err(Error::Field { field, what })
    }

    /// Address and length of what was given.
    #[inline]
    fn find(&self, place: Place) -> (*const u8, usize) {
        match place {
            Place::There(ptr, len) => (ptr, len),
            // What was copied starts within the vector or, if it is empty, at its end.
            Place::Copied(start, len) => (self.bytes[start..].as_ptr(), len),
        }
    }
}

impl Arrays {
    fn clear(&mut self) {
        self.numbers.clear();
        self.bools.clear();
        self.texts.clear();
        self.buffers.clear();
    }
}

/// Lengths of more than 32 bits cannot come out of an event, whose own length has 32.
fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
