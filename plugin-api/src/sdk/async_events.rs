//! Events that a plugin sends on its own account, from any thread, and the writing of its state into captures.

use core::ffi::c_char;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Error, Plugin};
use crate::raw;

/// A plugin that sends asynchronous events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is exported with `async_events` but does not implement `sdk::AsyncSource`"
)]
pub trait AsyncSource: Plugin {
    /// Names of the events; rules can ask for them with `evt.type`.
    const ASYNC_EVENTS: &'static [&'static str];
    /// Event sources into whose streams they go; empty: the plugin's own, or all if it has none.
    const ASYNC_EVENT_SOURCES: &'static [&'static str] = &[];

    /// Sending is possible from now on. The handle may be cloned and used on any thread.
    ///
    /// # Errors
    /// The plugin cannot send.
    fn start(&mut self, handle: AsyncHandle) -> Result<(), Error>;

    /// Sending ends: stop the plugin's own threads here. Whatever still holds a handle afterwards gets
    /// [`AsyncError::Stopped`]; the SDK returns to the host only when no call of the host is running any more.
    ///
    /// # Errors
    /// The threads could not be stopped.
    fn stop(&mut self) -> Result<(), Error>;

    /// A capture is being written: put the plugin's state into it, as events which, when the capture is read, bring
    /// the plugin to that state again.
    ///
    /// # Errors
    /// The state could not be written.
    fn dump_state(&mut self, dump: &StateDump) -> Result<(), Error> {
        let _ = dump;
        Ok(())
    }
}

/// Why an async event was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AsyncError {
    /// Nobody takes events (any more).
    #[error("async events are not being taken")]
    Stopped,
    /// The name has a NUL, or the event is longer than its header can say.
    #[error("async event {name:?} of {len} bytes cannot be written")]
    Malformed {
        /// Its name.
        name: String,
        /// Length of its data.
        len: usize,
    },
    /// The host refused it.
    #[error("the host refused async event {name:?}: {reason}")]
    Refused {
        /// Its name.
        name: String,
        /// What the host says.
        reason: String,
    },
}

/// An asynchronous event.
#[derive(Clone, Copy, Debug)]
pub struct AsyncEvent<'a> {
    /// Nanoseconds since the epoch; `None`: when the host takes it.
    pub ts: Option<u64>,
    /// Thread that it is about; only for the source `syscall`.
    pub tid: Option<u64>,
    /// Name, one of [`AsyncSource::ASYNC_EVENTS`].
    pub name: &'a str,
    /// Data.
    pub data: &'a [u8],
}

impl AsyncEvent<'_> {
    /// The event's bytes.
    fn encode(&self) -> Result<Vec<u8>, AsyncError> {
        let malformed = || AsyncError::Malformed { name: self.name.into(), len: self.data.len() };
        let name_len = self.name.len() + 1;
        let len = raw::ASYNC_NAME_OFFSET + name_len + self.data.len();
        let len32 = u32::try_from(len).map_err(|_| malformed())?;
        if self.name.as_bytes().contains(&0) {
            return Err(malformed());
        }
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(&self.ts.unwrap_or(raw::TS_NOW).to_le_bytes());
        out.extend_from_slice(&self.tid.unwrap_or(raw::TID_NONE).to_le_bytes());
        out.extend_from_slice(&len32.to_le_bytes());
        out.extend_from_slice(&raw::ASYNCEVENT_E.to_le_bytes());
        for n in [3, 4, name_len, self.data.len()] {
            out.extend_from_slice(&u32::try_from(n).map_err(|_| malformed())?.to_le_bytes());
        }
        // The id of the plugin whose source is open; the host fills it in.
        out.extend_from_slice(&0u32.to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out.push(0);
        out.extend_from_slice(self.data);
        Ok(out)
    }
}

#[derive(Clone, Copy)]
struct Target {
    owner: *mut raw::Owner,
    handler: raw::AsyncEventHandlerFn,
}

// SAFETY: the API allows calling the handler with its owner from any thread until it is unset; `AsyncShared` takes the
// target away, waiting for running calls, before that returns.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    fn send(self, event: &AsyncEvent<'_>) -> Result<(), AsyncError> {
        let bytes = event.encode()?;
        let mut err: [c_char; raw::MAX_ERRLEN] = [0; raw::MAX_ERRLEN];
        // SAFETY: the target is in force; the event and the error buffer have the form that the API asks for.
        let rc = unsafe { (self.handler)(self.owner, bytes.as_ptr().cast(), err.as_mut_ptr()) };
        if rc == raw::Rc::SUCCESS {
            return Ok(());
        }
        let text: Vec<u8> = err.iter().take_while(|&&c| c != 0).map(|&c| c.cast_unsigned()).collect();
        let reason = match String::from_utf8_lossy(&text).into_owned() {
            empty if empty.is_empty() => format!("no reason given ({rc})"),
            text => text,
        };
        Err(AsyncError::Refused { name: event.name.into(), reason })
    }
}

/// Whether and whither async events go.
#[derive(Default)]
pub(crate) struct AsyncShared(RwLock<Option<Target>>);

impl AsyncShared {
    pub(crate) fn set(&self, owner: *mut raw::Owner, handler: Option<raw::AsyncEventHandlerFn>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = handler.map(|handler| Target { owner, handler });
    }
}

/// Sends async events, from any thread.
#[derive(Clone)]
pub struct AsyncHandle(pub(crate) Arc<AsyncShared>);

impl AsyncHandle {
    /// Sends an event.
    ///
    /// # Errors
    /// It is malformed, refused by the host, or the host does not take events any more.
    pub fn send(&self, event: &AsyncEvent<'_>) -> Result<(), AsyncError> {
        let target = self.0.0.read().unwrap_or_else(PoisonError::into_inner);
        // The lock is held during the call: that is what makes unsetting wait for it.
        target.as_ref().ok_or(AsyncError::Stopped)?.send(event)
    }
}

/// Writes events into the capture that is being made. Lives for one call.
pub struct StateDump(Target);

impl StateDump {
    pub(crate) fn new(owner: *mut raw::Owner, handler: raw::AsyncEventHandlerFn) -> Self {
        Self(Target { owner, handler })
    }

    /// Writes an event.
    ///
    /// # Errors
    /// It is malformed or refused by the host.
    pub fn write(&self, event: &AsyncEvent<'_>) -> Result<(), AsyncError> {
        self.0.send(event)
    }
}
