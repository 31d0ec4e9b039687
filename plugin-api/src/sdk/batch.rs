//! A batch of events on its way from a source to the host.

use core::marker::PhantomData;

use crate::raw::{self, EventMeta};

/// Why an event was not taken into a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Shorter than a header.
    #[error("event of {0} bytes is shorter than its header")]
    Short(usize),
    /// The header tells another length.
    #[error("event has {actual} bytes but its header says {stated}")]
    Length {
        /// Bytes given.
        actual: usize,
        /// Length in the header.
        stated: u32,
    },
    /// The host would write into it.
    #[error("a shared event needs a source without id and a time of its own, for the host writes into others")]
    Shared,
    /// Some events with meta, some without.
    #[error("either all events of a batch carry meta or none")]
    MixedMeta,
    /// Longer than the header can say.
    #[error("payload of {0} bytes is too long for an event")]
    TooLong(usize),
}

/// Collects the events of one `next_batch`. `'i` is the time during which the stream is borrowed: events in its
/// buffers can be handed out as they lie.
pub struct Batch<'i> {
    pub(crate) buf: &'i mut BatchBuf,
    pub(crate) plugin_id: u32,
    pub(crate) _events: PhantomData<&'i mut [u8]>,
}

impl<'i> Batch<'i> {
    /// Hands out an event where it lies. The host may write into it (time, thread and plugin id of plugin events).
    ///
    /// # Errors
    /// The length does not fit the header.
    pub fn push(&mut self, event: &'i mut [u8]) -> Result<(), BatchError> {
        check(event)?;
        self.buf.push(event.as_mut_ptr().cast(), None)
    }

    /// Hands out an event where it lies, in memory that others read too.
    ///
    /// # Errors
    /// The length does not fit the header; or the source has an id or the event no time, for then the host writes.
    pub fn push_shared(&mut self, event: &'i [u8]) -> Result<(), BatchError> {
        self.shared(event, None)
    }

    /// [`Batch::push_shared`] with number, processor and flags of the event (Lanner's addition).
    ///
    /// # Errors
    /// As there; or an event before came without meta.
    pub fn push_shared_with(&mut self, event: &'i [u8], meta: EventMeta) -> Result<(), BatchError> {
        self.shared(event, Some(meta))
    }

    /// [`Batch::push_shared_with`] for many events at once.
    ///
    /// # Errors
    /// As there. The events before the one at fault are in the batch.
    pub fn extend_shared_with(
        &mut self,
        events: impl ExactSizeIterator<Item = (&'i [u8], EventMeta)>,
    ) -> Result<(), BatchError> {
        if !self.is_empty() && self.buf.metas.is_empty() {
            return Err(BatchError::MixedMeta);
        }
        self.buf.pointers.reserve(events.len());
        self.buf.metas.reserve(events.len());
        for (event, meta) in events {
            self.check_shared(event)?;
            self.buf.pointers.push(event.as_ptr().cast_mut().cast());
            self.buf.metas.push(meta);
        }
        Ok(())
    }

    /// Wraps `payload` as a plugin event whose time is now, in the batch's own buffer.
    ///
    /// # Errors
    /// The payload is longer than 4 GiB.
    pub fn payload(&mut self, payload: &[u8]) -> Result<(), BatchError> {
        self.payload_at(raw::TS_NOW, payload)
    }

    /// Wraps `payload` as a plugin event of the time `ts` (nanoseconds since the epoch).
    ///
    /// # Errors
    /// The payload is longer than 4 GiB.
    pub fn payload_at(&mut self, ts: u64, payload: &[u8]) -> Result<(), BatchError> {
        self.payload_with(ts, |out| out.extend(payload))
    }

    /// Lets `write` append the payload of a plugin event to the batch's own buffer.
    ///
    /// # Errors
    /// The payload is longer than 4 GiB.
    pub fn payload_with(&mut self, ts: u64, write: impl FnOnce(&mut PayloadWriter<'_>)) -> Result<(), BatchError> {
        let bytes = &mut self.buf.bytes;
        let start = bytes.len();
        bytes.resize(start + raw::EVENT_PAYLOAD_OFFSET, 0);
        write(&mut PayloadWriter(bytes));
        let len = bytes.len() - start;
        let data = len - raw::EVENT_PAYLOAD_OFFSET;
        let (Ok(len32), Ok(data32)) = (u32::try_from(len), u32::try_from(data)) else {
            bytes.truncate(start);
            return Err(BatchError::TooLong(data));
        };
        let mut head = [0; raw::EVENT_PAYLOAD_OFFSET];
        head[0..8].copy_from_slice(&ts.to_le_bytes());
        head[8..16].copy_from_slice(&raw::TID_NONE.to_le_bytes());
        head[16..20].copy_from_slice(&len32.to_le_bytes());
        head[20..22].copy_from_slice(&raw::PLUGINEVENT_E.to_le_bytes());
        head[22..26].copy_from_slice(&2u32.to_le_bytes());
        head[26..30].copy_from_slice(&4u32.to_le_bytes());
        head[30..34].copy_from_slice(&data32.to_le_bytes());
        head[34..38].copy_from_slice(&self.plugin_id.to_le_bytes());
        bytes[start..start + raw::EVENT_PAYLOAD_OFFSET].copy_from_slice(&head);
        self.buf.push_own(start)
    }

    /// Number of events so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buf.pointers.len()
    }

    /// Whether there is no event yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buf.pointers.is_empty()
    }

    #[inline]
    fn check_shared(&self, event: &[u8]) -> Result<(), BatchError> {
        check(event)?;
        if self.plugin_id != 0 || event.first_chunk::<8>() == Some(&raw::TS_NOW.to_le_bytes()) {
            return Err(BatchError::Shared);
        }
        Ok(())
    }

    fn shared(&mut self, event: &'i [u8], meta: Option<EventMeta>) -> Result<(), BatchError> {
        self.check_shared(event)?;
        self.buf.push(event.as_ptr().cast_mut().cast(), meta)
    }
}

/// Appends to a payload; it cannot reach what was written before.
pub struct PayloadWriter<'a>(&'a mut Vec<u8>);

impl PayloadWriter<'_> {
    /// Appends bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl std::io::Write for PayloadWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[inline]
fn check(event: &[u8]) -> Result<(), BatchError> {
    let Some(stated) = event.get(16..20).filter(|_| event.len() >= raw::EVENT_HEADER_LEN) else {
        return Err(BatchError::Short(event.len()));
    };
    let stated = u32::from_le_bytes(stated.try_into().unwrap_or_default());
    if stated as usize == event.len() { Ok(()) } else { Err(BatchError::Length { actual: event.len(), stated }) }
}

/// An event in the batch's own memory.
struct Own {
    /// Place among the addresses.
    index: usize,
    /// Place in the memory, which moves while it grows.
    offset: usize,
}

/// Reused memory of a stream's batches.
#[derive(Default)]
pub(crate) struct BatchBuf {
    /// Addresses of the events; null for those in `own` until the batch is finished.
    pointers: Vec<*mut raw::Event>,
    metas: Vec<EventMeta>,
    own: Vec<Own>,
    bytes: Vec<u8>,
}

impl BatchBuf {
    pub(crate) fn clear(&mut self) {
        self.pointers.clear();
        self.metas.clear();
        self.own.clear();
        self.bytes.clear();
    }

    #[inline]
    fn push(&mut self, event: *mut raw::Event, meta: Option<EventMeta>) -> Result<(), BatchError> {
        if !self.pointers.is_empty() && meta.is_some() == self.metas.is_empty() {
            return Err(BatchError::MixedMeta);
        }
        self.metas.extend(meta);
        self.pointers.push(event);
        Ok(())
    }

    fn push_own(&mut self, offset: usize) -> Result<(), BatchError> {
        let index = self.pointers.len();
        self.push(core::ptr::null_mut(), None)?;
        self.own.push(Own { index, offset });
        Ok(())
    }

    /// The addresses of all events, once no event will be added.
    pub(crate) fn finish(&mut self) -> &mut [*mut raw::Event] {
        let base = self.bytes.as_mut_ptr();
        for Own { index, offset } in self.own.drain(..) {
            if let Some(pointer) = self.pointers.get_mut(index) {
                *pointer = base.wrapping_add(offset).cast();
            }
        }
        &mut self.pointers
    }

    pub(crate) fn metas(&self) -> &[EventMeta] {
        &self.metas
    }
}
