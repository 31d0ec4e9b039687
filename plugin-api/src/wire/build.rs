//! Writing events into a buffer that is used again and again.

use crate::schema::EventType;

use super::{Event, HEADER_LEN};

/// Why an event cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A parameter is longer than its length field can say.
    #[error("parameter {index} of event code {code} has {len} bytes: too long for its length field")]
    ParamTooLong {
        /// Event code.
        code: u16,
        /// Place of the parameter.
        index: usize,
        /// Its length.
        len: usize,
    },
    /// More or fewer parameters were pushed than announced.
    #[error("event code {code} was begun with {announced} parameters and got {pushed}")]
    ParamCount {
        /// Event code.
        code: u16,
        /// Number given to `begin`.
        announced: usize,
        /// Number of `push` calls.
        pushed: usize,
    },
    /// The event is longer than its length field can say.
    #[error("event code {code} has {len} bytes: too long for its length field")]
    EventTooLong {
        /// Event code.
        code: u16,
        /// Its length.
        len: usize,
    },
}

/// Writes one event at a time; its memory is kept from event to event.
#[derive(Debug, Default)]
pub struct EventBuilder {
    buf: Vec<u8>,
    code: u16,
    announced: usize,
    pushed: usize,
    failed: Option<BuildError>,
}

impl EventBuilder {
    /// A builder without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins an event of `nparams` parameters and forgets the one before.
    pub fn begin(&mut self, ts: u64, tid: i64, code: EventType, nparams: usize) -> &mut Self {
        (self.code, self.announced, self.pushed, self.failed) = (code.0, nparams, 0, None);
        self.buf.clear();
        self.buf.extend_from_slice(&ts.to_le_bytes());
        self.buf.extend_from_slice(&tid.to_le_bytes());
        self.buf.extend_from_slice(&[0; 4]);
        self.buf.extend_from_slice(&code.0.to_le_bytes());
        self.buf.extend_from_slice(&(nparams as u32).to_le_bytes());
        self.buf.resize(HEADER_LEN + nparams * self.width(), 0);
        self
    }

    fn width(&self) -> usize {
        if EventType(self.code).has_large_payload() { 4 } else { 2 }
    }

    /// Adds the next parameter; no bytes mean "no value". Mistakes are reported by [`Self::finish`].
    pub fn push(&mut self, value: &[u8]) -> &mut Self {
        let (index, code, len) = (self.pushed, self.code, value.len());
        self.pushed += 1;
        if index >= self.announced {
            return self;
        }
        let at = HEADER_LEN + index * self.width();
        let fits = if self.width() == 4 {
            u32::try_from(len).map(|n| self.buf[at..at + 4].copy_from_slice(&n.to_le_bytes())).is_ok()
        } else {
            u16::try_from(len).map(|n| self.buf[at..at + 2].copy_from_slice(&n.to_le_bytes())).is_ok()
        };
        if fits {
            self.buf.extend_from_slice(value);
        } else {
            self.failed.get_or_insert(BuildError::ParamTooLong { code, index, len });
        }
        self
    }

    /// Adds text with its closing NUL.
    pub fn push_text(&mut self, text: &[u8]) -> &mut Self {
        let before = self.buf.len();
        self.push(text);
        if self.failed.is_some() || self.pushed > self.announced || self.buf.len() != before + text.len() {
            return self;
        }
        let (index, len) = (self.pushed - 1, text.len() + 1);
        let at = HEADER_LEN + index * self.width();
        if self.width() == 4 {
            self.buf[at..at + 4].copy_from_slice(&(len as u32).to_le_bytes());
        } else if let Ok(n) = u16::try_from(len) {
            self.buf[at..at + 2].copy_from_slice(&n.to_le_bytes());
        } else {
            self.failed = Some(BuildError::ParamTooLong { code: self.code, index, len });
        }
        self.buf.push(0);
        self
    }

    /// The finished event, valid until the next `begin`.
    ///
    /// # Errors
    /// [`BuildError`] for a wrong number of parameters or one that is too long.
    pub fn finish(&mut self) -> Result<Event<'_>, BuildError> {
        let code = self.code;
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.pushed != self.announced {
            return Err(BuildError::ParamCount { code, announced: self.announced, pushed: self.pushed });
        }
        let too_long = BuildError::EventTooLong { code, len: self.buf.len() };
        let len = u32::try_from(self.buf.len()).map_err(|_| too_long)?;
        self.buf[16..20].copy_from_slice(&len.to_le_bytes());
        Event::parse(&self.buf).map_err(|_| too_long)
    }
}
