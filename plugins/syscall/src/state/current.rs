//! What the last event is about.

use super::fdtable::FdRef;
use super::ids::Slot;

/// Thread and descriptor of the last event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Current {
    pub(crate) thread: Option<Slot>,
    pub(crate) fd: Option<FdRef>,
    /// The event changed the name of its descriptor (or gave the first one).
    pub fd_name_changed: bool,
    /// Number of the event.
    pub num: u64,
    /// Processor of the event.
    pub cpu: u32,
    /// Time of the event, ns since the epoch.
    pub ts: u64,
}

impl Current {
    /// The event has a thread.
    pub fn has_thread(&self) -> bool {
        self.thread.is_some()
    }

    /// The event has a descriptor that is in its process's table.
    pub fn has_fd(&self) -> bool {
        self.fd.is_some()
    }
}
