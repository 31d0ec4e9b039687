//! Values that plugins extract, read back with checks and without copying.

use std::ffi::CStr;
use std::slice;

use lanner_plugin_api::raw::{Bool, ByteBuffer, ExtractField, FieldType};

use super::error::FieldFault;

/// Values of one field of one event at most; more are a mistake of the plugin.
pub(super) const MAX_VALUES: u64 = 1 << 20;
/// Bytes of one buffer at most.
const MAX_BUFFER: u32 = 64 << 20;

/// One extracted value, valid until the plugin extracts again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// Integers (sign-extended), times, ports and descriptors; the bits of a double.
    U64(u64),
    /// Truth values.
    Bool(bool),
    /// Text without its NUL; not necessarily UTF-8.
    Str(&'a [u8]),
    /// Bytes: buffers, addresses (4 or 16 bytes), networks.
    Bytes(&'a [u8]),
}

/// In which member of the answer values of a type come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    U64,
    Bool,
    Str,
    Bytes,
}

impl Kind {
    pub(super) fn of(ty: FieldType) -> Result<Self, FieldFault> {
        match ty {
            FieldType::STRING | FieldType::FSPATH | FieldType::FSRELPATH => Ok(Self::Str),
            FieldType::BOOL => Ok(Self::Bool),
            FieldType::IPADDR
            | FieldType::IPNET
            | FieldType::IPV4ADDR
            | FieldType::IPV6ADDR
            | FieldType::IPV4NET
            | FieldType::IPV6NET
            | FieldType::BYTEBUF
            | FieldType::SOCKADDR
            | FieldType::SOCKTUPLE
            | FieldType::FDLIST
            | FieldType::CHARBUFARRAY
            | FieldType::CHARBUF_PAIR_ARRAY => Ok(Self::Bytes),
            FieldType::NONE | FieldType::DYN => Err(FieldFault::Unreadable(ty)),
            known if known.name().is_some() => Ok(Self::U64),
            unknown => Err(FieldFault::Unreadable(unknown)),
        }
    }
}

/// The length of a text or of bytes, if a value of that type can have it.
#[inline]
pub(super) fn fitting(len: u64, ty: FieldType) -> Result<usize, FieldFault> {
    let fits = match ty {
        FieldType::IPADDR => len == 4 || len == 16,
        FieldType::IPV4ADDR => len == 4,
        FieldType::IPV6ADDR => len == 16,
        FieldType::IPNET => (4..=64).contains(&len),
        _ => len <= MAX_BUFFER.into(),
    };
    match usize::try_from(len) {
        Ok(len) if fits => Ok(len),
        _ => Err(FieldFault::Length { len: u32::try_from(len).unwrap_or(u32::MAX), ty }),
    }
}

/// The answer to one request: at least one value, each checked when it is read.
#[derive(Clone, Copy)]
pub struct Values<'a>(Answer<'a>);

#[derive(Clone, Copy)]
enum Answer<'a> {
    /// To a prepared request.
    One(Value<'a>),
    /// To a request through `extract_fields`.
    Array(Array<'a>),
}

/// Values as `extract_fields` gives them.
#[derive(Clone, Copy)]
struct Array<'a> {
    answer: ExtractField,
    kind: Kind,
    len: usize,
    _plugin: std::marker::PhantomData<&'a ()>,
}

impl<'a> Values<'a> {
    /// The answer to a prepared request.
    #[inline]
    pub(super) fn one(value: Value<'a>) -> Self {
        Self(Answer::One(value))
    }

    /// Looks at an answer of `extract_fields`. `None` for no value.
    ///
    /// # Safety
    /// `answer` was filled by a plugin as the contract says, for a request of a type of this `kind`, and stays valid
    /// while the result lives.
    #[inline]
    pub(super) unsafe fn new(answer: ExtractField, kind: Kind) -> Result<Option<Self>, FieldFault> {
        let count = answer.res_len;
        if count == 0 {
            return Ok(None);
        }
        // SAFETY: all members of the union are pointers.
        if unsafe { answer.res.u64 }.is_null() {
            return Err(FieldFault::NullArray);
        }
        match usize::try_from(count) {
            Ok(len) if count <= MAX_VALUES => {
                let values = Array { answer, kind, len, _plugin: std::marker::PhantomData };
                values.check()?;
                Ok(Some(Self(Answer::Array(values))))
            }
            _ => Err(FieldFault::TooMany { count }),
        }
    }

    /// Number of values, at least 1.
    #[inline]
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "never empty: no value is `None` instead")]
    pub fn len(&self) -> usize {
        match &self.0 {
            Answer::One(_) => 1,
            Answer::Array(values) => values.len,
        }
    }

    /// The value at `index`.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        match &self.0 {
            Answer::One(value) => (index == 0).then_some(*value),
            Answer::Array(values) => values.get(index),
        }
    }

    /// The first value, which is there.
    #[inline]
    #[must_use]
    pub fn first(&self) -> Value<'a> {
        self.get(0).unwrap_or(Value::U64(0))
    }

    /// All values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Value<'a>> {
        let this = *self;
        (0..this.len()).map(move |index| this.get(index).unwrap_or(Value::U64(0)))
    }
}

impl<'a> Array<'a> {
    /// Nulls and lengths, once, so that reading cannot fail.
    #[inline]
    fn check(&self) -> Result<(), FieldFault> {
        match self.kind {
            Kind::U64 | Kind::Bool => Ok(()),
            Kind::Str => {
                // SAFETY: as `Values::new` demands: so many pointers stand there.
                let strings = unsafe { slice::from_raw_parts(self.answer.res.str, self.len) };
                match strings.iter().position(|s| s.is_null()) {
                    None => Ok(()),
                    Some(index) => Err(FieldFault::NullValue { index }),
                }
            }
            Kind::Bytes => {
                let ty = self.answer.ftype;
                for (index, buffer) in self.buffers().iter().enumerate() {
                    fitting(buffer.len.into(), ty)?;
                    if buffer.ptr.is_null() && buffer.len > 0 {
                        return Err(FieldFault::NullValue { index });
                    }
                }
                Ok(())
            }
        }
    }

    fn buffers(&self) -> &'a [ByteBuffer] {
        // SAFETY: as `Values::new` demands: so many buffers stand there.
        unsafe { slice::from_raw_parts(self.answer.res.buf, self.len) }
    }

    #[inline]
    fn get(&self, index: usize) -> Option<Value<'a>> {
        if index >= self.len {
            return None;
        }
        // SAFETY: as `Values::new` demands, `len` values stand there, of the kind asked for, and `index` is below; null strings
        // and buffers were refused. Numbers may stand at any address: C plugins keep them where they like.
        Some(unsafe {
            match self.kind {
                Kind::U64 => Value::U64(self.answer.res.u64.add(index).read_unaligned()),
                Kind::Bool => Value::Bool(self.answer.res.boolean.add(index).read_unaligned() != Bool::FALSE),
                Kind::Str => Value::Str(CStr::from_ptr(*self.answer.res.str.add(index)).to_bytes()),
                Kind::Bytes => {
                    let buffer = *self.answer.res.buf.add(index);
                    Value::Bytes(match buffer.len {
                        0 => &[],
                        len => slice::from_raw_parts(buffer.ptr.cast(), len as usize),
                    })
                }
            }
        })
    }
}

impl std::fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
