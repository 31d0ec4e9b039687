//! How the live source is opened.

use lanner_plugin_api::sdk::Wanted;
use serde::{Deserialize, Serialize};

use super::{Base, Enforcement, Selection};

/// What stands before the settings in the parameters of `open`.
pub const SCHEME: &str = "live:";

/// Parameters of `open` after [`SCHEME`], as JSON; everything may be left out.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Processors that share a pair of ring buffers; 0: all of them share one.
    pub cpus_for_each_buffer: u16,
    /// Size of a ring buffer: 1 is 1 MiB, each step doubles it, up to 10 (512 MiB).
    pub buf_size_preset: u8,
    /// Leave out calls that failed.
    pub drop_failed_exit: bool,
    /// Bytes kept of what is read and written.
    pub snaplen: u32,
    /// Codes of the events that are wanted beside those that the state needs; none: all that the probes have.
    pub events: Option<Vec<u16>>,
    /// Numbers of the calls that are wanted of those that have no events of their own, if [`Settings::events`] has their event;
    /// none: all of them.
    pub calls: Option<Vec<u16>>,
    /// Of calls that failed, codes of the events that are wanted; none: nothing that is observed is left out.
    pub failures: Option<Vec<u16>>,
    /// Names of events to observe instead of those that the state needs; with `!` in front: never
    /// (`base_syscalls.custom_set`).
    pub custom_set: Vec<String>,
    /// Add the least that the state needs (`base_syscalls.repair`).
    pub repair: bool,
    /// Send reads and writes too, if they are wanted (`base_syscalls.all`).
    pub io: bool,
    /// Seconds between looks for threads that have ended unseen; 0: never.
    pub purge_interval_s: u32,
    /// Seconds without an event after which a thread is looked for.
    pub purge_timeout_s: u32,
    /// What is to be killed, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforce: Option<Enforcement>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cpus_for_each_buffer: 2,
            buf_size_preset: 4,
            drop_failed_exit: false,
            snaplen: 80,
            events: None,
            calls: None,
            failures: None,
            custom_set: Vec::new(),
            repair: false,
            io: false,
            purge_interval_s: 300,
            purge_timeout_s: 300,
            enforce: None,
        }
    }
}

impl Settings {
    /// The parameters of `open` that say this.
    pub fn to_params(&self) -> String {
        // Numbers, truth values and a list of numbers: writing them does not fail.
        format!("{SCHEME}{}", serde_json::to_string(self).unwrap_or_default())
    }

    /// What is wanted from the start.
    pub(super) fn wanted(&self) -> Option<Wanted<'_>> {
        let (calls, failures) = (self.calls.as_deref(), self.failures.as_deref());
        self.events.as_deref().map(|codes| Wanted { codes, calls, failures })
    }

    /// The calls to observe for rules that can match these events; none: everything there is.
    pub fn selection(&self, events: Option<Wanted<'_>>) -> Selection {
        let Self { custom_set, repair, io, .. } = self;
        Selection::new(events, &Base { custom_set, repair: *repair, all: *io })
    }

    /// Bytes of a ring buffer.
    pub(super) fn ring_bytes(&self) -> u32 {
        1 << (20 + u32::from(self.buf_size_preset.clamp(1, 10)) - 1)
    }
}
