//! Event sources.

use core::ffi::CStr;

use serde::Serialize;

use super::{Batch, Error, EventInput, Plugin};

/// A plugin that produces events.
#[diagnostic::on_unimplemented(message = "`{Self}` is exported as a source but does not implement `sdk::Source`")]
pub trait Source: Plugin {
    /// Registered id of the source. 0, together with an empty [`Self::EVENT_SOURCE`], makes a source of system calls:
    /// its events may have any type and count as events of the source `syscall`.
    const PLUGIN_ID: u32;
    /// Name of the event source, as rules name it in `source:`. Empty exactly when the id is 0.
    const EVENT_SOURCE: &'static CStr;
    /// An opened stream of events.
    type Instance: SourceInstance<Plugin = Self>;

    /// Opens a stream. `params` is the `open_params` of the configuration.
    ///
    /// # Errors
    /// The stream cannot be opened.
    fn open(&mut self, params: &str) -> Result<Self::Instance, Error>;

    /// Ends a stream; dropping it is all that most need.
    fn close(&mut self, instance: Self::Instance) {
        drop(instance);
    }

    /// Suggestions for `open`'s parameters.
    ///
    /// # Errors
    /// They cannot be found out.
    fn list_open_params(&mut self) -> Result<Vec<OpenParam>, Error> {
        Ok(Vec::new())
    }

    /// Writes an event as one line of text. `false` leaves it to the host.
    fn event_to_string(&mut self, event: &EventInput<'_>, out: &mut String) -> bool {
        let _ = (event, out);
        false
    }

    /// JSON about the machine whose events are delivered: `hostname`, `boot_time`, `cpus`, … (Lanner's addition).
    fn machine_info(&mut self) -> Option<String> {
        None
    }

    /// Writes the head of a capture (`.scap`) that begins now: the section header and what is known of the machine as of
    /// the event parsed last. With `keep_closing` that event will be the capture's first, so what it closes or ends is
    /// still listed. `false`: there is nothing to write (Lanner's addition).
    ///
    /// # Errors
    /// The head cannot be written.
    fn write_capture_head(&mut self, keep_closing: bool, out: &mut dyn FnMut(&[u8])) -> Result<bool, Error> {
        let _ = (keep_closing, out);
        Ok(false)
    }

    /// Another number whenever the state was replaced rather than changed by events: by the head of a recording, or
    /// because it was looked up anew. Whoever writes a capture then writes a new head (Lanner's addition).
    fn state_epoch(&mut self) -> u64 {
        0
    }
}

/// A stream of events. One thread calls it.
pub trait SourceInstance: Sized + 'static {
    /// The plugin that opens it.
    type Plugin: Source<Instance = Self>;

    /// Puts the next events into `batch`. Asking for the next batch says that the events of the previous one have
    /// been dealt with: acknowledge them now, not before.
    ///
    /// Events may lie in the instance's own buffers (hence `'i`) or be written into the batch's. They are delivered
    /// whatever is returned, an error included.
    ///
    /// # Errors
    /// The stream is broken and ends.
    fn next_batch<'i>(&'i mut self, plugin: &mut Self::Plugin, batch: &mut Batch<'i>) -> Result<Next, Error>;

    /// Says which events will be looked at from the next batch on (Lanner's addition). Others need not be delivered
    /// any more, unless the plugin's own state needs them; those wanted before and after must come without a gap. `false`:
    /// the stream delivers what it delivers.
    ///
    /// # Errors
    /// What is wanted cannot be had; what was wanted before still is.
    fn want_events(&mut self, plugin: &mut Self::Plugin, wanted: Wanted<'_>) -> Result<bool, Error> {
        let _ = (plugin, wanted);
        Ok(false)
    }

    /// How much of a finite stream has been read.
    fn progress(&mut self) -> Option<Progress> {
        None
    }
}

/// Events that will be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'w> {
    /// Their codes.
    pub codes: &'w [u16],
    /// Of generic events, each of which stands for any system call that has no events of its own: only those of these calls,
    /// by the number that is their first parameter. `None`: of all calls.
    pub calls: Option<&'w [u16]>,
    /// Of calls that failed, whose result is below zero: only events of these codes. `None`: whatever comes is looked at, so that
    /// nothing of what is observed, for whatever reason, may be left out.
    pub failures: Option<&'w [u16]>,
}

impl<'w> Wanted<'w> {
    /// Events of these codes, whatever call they are about and whatever came of it.
    pub fn of_codes(codes: &'w [u16]) -> Self {
        Self { codes, calls: None, failures: None }
    }
}

/// What follows after a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// There is more, or may be: ask again at once. With an empty batch it counts as [`Next::Wait`], because the API
    /// forbids success without events.
    More,
    /// Nothing for now: the host may do other things before it asks again.
    Wait,
    /// The stream has ended.
    End,
}

/// How much of a stream has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Share, 0.0 to 1.0.
    pub share: f64,
    /// The same for people, like `12.3% (4 of 31 MB)`.
    pub text: String,
}

/// A value that `open` accepts.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct OpenParam {
    /// The value.
    pub value: String,
    /// What it means.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub desc: String,
    /// If not empty: what separates several values in one text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub separator: String,
}
