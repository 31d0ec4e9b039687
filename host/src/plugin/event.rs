//! Events as they cross the boundary: bytes, checked for the shape that their kind promises.

use lanner_plugin_api::raw::{ASYNCEVENT_E, EVENT_HEADER_LEN, Enforced, Event, EventInput, EventMeta, PLUGINEVENT_E};

use super::error::EventFault;
use super::set::SourceIdx;

/// No event is longer: the longest that upstream writes is far below, and a wild length must not make us read on.
pub(super) const MAX_LEN: u32 = 64 << 20;

/// One event of an open source, borrowed from the source until its next one is asked for.
#[derive(Clone, Copy, Debug)]
pub struct EventRef<'a> {
    bytes: &'a [u8],
    num: u64,
    cpu: u32,
    flags: u32,
    source: Option<SourceIdx>,
}

impl<'a> EventRef<'a> {
    /// An event whose bytes have at least a header, and are as long as it says.
    pub(super) fn new(bytes: &'a [u8], num: u64, cpu: u32, flags: u32, source: Option<SourceIdx>) -> Self {
        debug_assert!(bytes.len() >= EVENT_HEADER_LEN);
        Self { bytes, num, cpu, flags, source }
    }

    /// The whole event: header, lengths, values.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Number, as `evt.num` shows it.
    #[must_use]
    pub fn num(&self) -> u64 {
        self.num
    }

    /// Processor on which it happened; 0 where that means nothing.
    #[must_use]
    pub fn cpu(&self) -> u32 {
        self.cpu
    }

    /// Whether it only changes state: rules are not evaluated on it.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.flags & EventMeta::HIDDEN != 0
    }

    /// What a rule that kills did where it happened.
    #[must_use]
    #[inline]
    pub fn enforced(&self) -> Option<Enforced> {
        Enforced::of_flags(self.flags)
    }

    /// Its source; `None` for a plugin event whose plugin is not loaded.
    #[must_use]
    pub fn source(&self) -> Option<SourceIdx> {
        self.source
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub fn ts(&self) -> u64 {
        ts(self.bytes)
    }

    /// Thread that made it, `u64::MAX` for none.
    #[must_use]
    pub fn tid(&self) -> u64 {
        tid(self.bytes)
    }

    /// Event type.
    #[must_use]
    pub fn ty(&self) -> u16 {
        ty(self.bytes)
    }

    /// The payload of a plugin event.
    #[must_use]
    pub fn plugin_data(&self) -> Option<&'a [u8]> {
        if self.ty() == PLUGINEVENT_E { param(self.bytes, 2, 1) } else { None }
    }

    pub(super) fn input(&self, evtsrc: *const std::ffi::c_char) -> EventInput {
        EventInput { evt: self.bytes.as_ptr().cast(), evtnum: self.num, evtsrc }
    }
}

#[inline]
fn at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    bytes.get(offset..offset + N).and_then(|b| b.try_into().ok()).unwrap_or([0; N])
}

#[inline]
pub(super) fn ts(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(at(bytes, 0))
}

#[inline]
pub(super) fn tid(bytes: &[u8]) -> u64 {
    u64::from_ne_bytes(at(bytes, 8))
}

#[inline]
pub(super) fn ty(bytes: &[u8]) -> u16 {
    u16::from_ne_bytes(at(bytes, 20))
}

fn nparams(bytes: &[u8]) -> u32 {
    u32::from_ne_bytes(at(bytes, 22))
}

pub(super) fn write(bytes: &mut [u8], offset: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(offset..offset + value.len()) {
        place.copy_from_slice(value);
    }
}

/// The bytes of an event that a plugin hands over.
///
/// # Safety
/// `evt` is null, or points to at least a header and, if that gives a length within bounds, as many bytes as it says,
/// unchanged while the result lives.
#[inline]
pub(super) unsafe fn bytes<'a>(evt: *const Event) -> Result<&'a [u8], EventFault> {
    if evt.is_null() {
        return Err(EventFault::Null);
    }
    // SAFETY: not null; the header is packed, so any address will do.
    let len = unsafe { (*evt).len };
    if (len as usize) < EVENT_HEADER_LEN || len > MAX_LEN {
        return Err(EventFault::Length { len });
    }
    // SAFETY: the caller's promise, within bounds.
    Ok(unsafe { std::slice::from_raw_parts(evt.cast(), len as usize) })
}

/// Where parameter `index` of an event with `count` lengths of 32 bits begins.
pub(super) fn param_offset(bytes: &[u8], count: u32, index: u32) -> Option<usize> {
    let mut offset = EVENT_HEADER_LEN + 4 * count as usize;
    for before in 0..index {
        offset = offset.checked_add(param_len(bytes, before)? as usize)?;
    }
    Some(offset)
}

fn param_len(bytes: &[u8], index: u32) -> Option<u32> {
    let offset = EVENT_HEADER_LEN + 4 * index as usize;
    Some(u32::from_ne_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

/// Parameter `index` of an event with `count` lengths of 32 bits.
pub(super) fn param(bytes: &[u8], count: u32, index: u32) -> Option<&[u8]> {
    let offset = param_offset(bytes, count, index)?;
    bytes.get(offset..offset.checked_add(param_len(bytes, index)? as usize)?)
}

/// Checks that an event is of type `expected` with `count` parameters whose lengths, of 32 bits each, add up to the
/// event's length, and whose first is a plugin id.
pub(super) fn expect(bytes: &[u8], expected: u16, count: u32) -> Result<(), EventFault> {
    debug_assert!(expected == PLUGINEVENT_E || expected == ASYNCEVENT_E);
    let found = ty(bytes);
    if found != expected {
        return Err(EventFault::Type { found, expected });
    }
    let found = nparams(bytes);
    if found != count {
        return Err(EventFault::ParamCount { found, expected: count });
    }
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut params = EVENT_HEADER_LEN as u64 + 4 * u64::from(count);
    for index in 0..count {
        params += u64::from(param_len(bytes, index).ok_or(EventFault::Length { len })?);
    }
    if params != u64::from(len) || param_len(bytes, 0) != Some(4) {
        return Err(EventFault::ParamLengths { params, len });
    }
    Ok(())
}

/// The plugin id of a plugin event or an async event; `None` for other events and malformed ones.
pub(super) fn plugin_id(bytes: &[u8]) -> Option<u32> {
    let count = match ty(bytes) {
        PLUGINEVENT_E => 2,
        ASYNCEVENT_E => 3,
        _ => return None,
    };
    Some(u32::from_ne_bytes(param(bytes, count, 0)?.try_into().ok()?))
}
