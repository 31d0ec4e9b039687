//! The event that the host hands to `extract_fields` and `parse_event`.

use core::ffi::{CStr, c_char};
use core::marker::PhantomData;

use super::Error;
use crate::raw;

/// An event, borrowed from the host for the length of one call.
#[derive(Clone, Copy)]
pub struct EventInput<'a> {
    bytes: &'a [u8],
    num: u64,
    source: *const c_char,
    _borrowed: PhantomData<&'a CStr>,
}

impl<'a> EventInput<'a> {
    /// Borrows what `input` points at.
    ///
    /// # Errors
    /// A null pointer, or an event shorter than its header.
    ///
    /// # Safety
    /// `input` is null or an `ss_plugin_event_input` whose event has as many bytes as its header says, all of it
    /// valid and unchanged for `'a`.
    #[inline]
    pub unsafe fn from_raw(input: *const raw::EventInput) -> Result<Self, Error> {
        // SAFETY: the caller vouches for a non-null `input`.
        let input = unsafe { input.as_ref() }.ok_or_else(|| Error::Host("event input is null"))?;
        if input.evt.is_null() {
            return Err(Error::Host("event is null"));
        }
        // SAFETY: the caller vouches that a header is there; it is read without any demand on alignment.
        let len = unsafe { (&raw const (*input.evt).len).read_unaligned() } as usize;
        if len < raw::EVENT_HEADER_LEN {
            return Err(Error::Host("event is shorter than its header"));
        }
        // SAFETY: the caller vouches for `len` bytes, valid and unchanged for 'a.
        let bytes = unsafe { core::slice::from_raw_parts(input.evt.cast::<u8>(), len) };
        Ok(Self { bytes, num: input.evtnum, source: input.evtsrc, _borrowed: PhantomData })
    }

    /// The whole event: header, lengths, values. At least [`raw::EVENT_HEADER_LEN`] bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The event's number.
    #[must_use]
    pub fn num(&self) -> u64 {
        self.num
    }

    /// Name of the event's source; empty if the host gave none.
    #[must_use]
    pub fn source(&self) -> &'a CStr {
        if self.source.is_null() {
            return c"";
        }
        // SAFETY: a non-null source is a NUL-terminated text that is valid for 'a (`from_raw`).
        unsafe { CStr::from_ptr(self.source) }
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub fn ts(&self) -> u64 {
        self.int(0, u64::from_le_bytes)
    }

    /// Thread that made the event; [`raw::TID_NONE`] for none.
    #[must_use]
    pub fn tid(&self) -> u64 {
        self.int(8, u64::from_le_bytes)
    }

    /// Event type.
    #[must_use]
    pub fn event_type(&self) -> u16 {
        self.int(20, u16::from_le_bytes)
    }

    /// Payload of a plugin event (type 322) and the id of the plugin that made it; `None` for other events and for
    /// lengths that do not fit.
    #[must_use]
    pub fn plugin_payload(&self) -> Option<(u32, &'a [u8])> {
        let (lens, values) = self.large_params::<2>(raw::PLUGINEVENT_E)?;
        let id = values.get(..4)?;
        let data = values.get(4..)?.get(..lens[1])?;
        (lens[0] == 4).then(|| (u32::from_le_bytes(id.try_into().unwrap_or_default()), data))
    }

    /// Name and data of an async event (type 402); `None` for other events and for lengths that do not fit.
    #[must_use]
    pub fn async_payload(&self) -> Option<(&'a CStr, &'a [u8])> {
        let (lens, values) = self.large_params::<3>(raw::ASYNCEVENT_E)?;
        let rest = values.get(4..)?;
        let name = CStr::from_bytes_until_nul(rest.get(..lens[1])?).ok()?;
        let data = rest.get(lens[1]..)?.get(..lens[2])?;
        (lens[0] == 4).then_some((name, data))
    }

    /// Lengths of the `N` parameters of an event of type `ty` with 32-bit lengths, and the bytes of the values.
    fn large_params<const N: usize>(&self, ty: u16) -> Option<([usize; N], &'a [u8])> {
        if self.event_type() != ty || self.int(22, u32::from_le_bytes) as usize != N {
            return None;
        }
        let rest = self.bytes.get(raw::EVENT_HEADER_LEN..)?;
        let mut lens = [0; N];
        for (i, len) in lens.iter_mut().enumerate() {
            *len = u32::from_le_bytes(rest.get(4 * i..4 * i + 4)?.try_into().ok()?) as usize;
        }
        Some((lens, rest.get(4 * N..)?))
    }

    /// Reads an integer of the header, which is always there.
    #[inline]
    fn int<T, const N: usize>(&self, at: usize, read: fn([u8; N]) -> T) -> T {
        read(self.bytes.get(at..at + N).and_then(|b| b.try_into().ok()).unwrap_or([0; N]))
    }
}
