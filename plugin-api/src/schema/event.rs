//! Event codes and what the table says about each.

use super::{EVENTS, PARAM_COUNTS, ParamInfo};

/// Code of an event, as it stands in the header of every event. Any `u16` may come from a file or a plugin, so a value need not be
/// in the table: ask [`EventType::info`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct EventType(pub u16);

impl EventType {
    /// The table's row, `None` for codes that this schema does not know.
    #[inline]
    pub fn info(self) -> Option<&'static EventInfo> {
        EVENTS.get(usize::from(self.0))
    }

    /// Number of parameters in the table, `None` for unknown codes.
    #[inline]
    pub fn param_count(self) -> Option<usize> {
        PARAM_COUNTS.get(usize::from(self.0)).map(|&n| usize::from(n))
    }

    /// Name as rules write it (`openat`), "NA" for unused and unknown codes.
    pub fn name(self) -> &'static str {
        self.info().map_or("NA", |i| i.name)
    }

    /// Enter events have even codes.
    #[inline]
    pub const fn is_enter(self) -> bool {
        self.0 & 1 == 0
    }

    /// Exit events have odd codes.
    #[inline]
    pub const fn is_exit(self) -> bool {
        self.0 & 1 == 1
    }

    /// Parameter lengths are 32 bits wide on the wire.
    #[inline]
    pub const fn has_large_payload(self) -> bool {
        matches!(self, Self::PLUGINEVENT_E | Self::CONTAINER_JSON_2_E | Self::ASYNCEVENT_E)
    }

    /// Enter events that only serve state: they guard against a path or address changed between check and use, or announce an
    /// exec. They are parsed and never shown to rules.
    #[inline]
    pub const fn is_hidden(self) -> bool {
        matches!(
            self,
            Self::SYSCALL_OPEN_E
                | Self::SYSCALL_CREAT_E
                | Self::SYSCALL_OPENAT_2_E
                | Self::SYSCALL_OPENAT2_E
                | Self::SOCKET_CONNECT_E
                | Self::SYSCALL_EXECVE_19_E
                | Self::SYSCALL_EXECVEAT_E
        )
    }

    /// One of the two codes (plugin, async) whose meaning belongs to a plugin.
    #[inline]
    pub const fn is_plugin_or_async(self) -> bool {
        matches!(self, Self::PLUGINEVENT_E | Self::ASYNCEVENT_E)
    }
}

/// One row of the event table.
#[derive(Debug)]
pub struct EventInfo {
    /// The row's code.
    pub code: EventType,
    /// Upstream's symbol without its `PPME_` prefix: unique, unlike the name.
    pub symbol: &'static str,
    /// Name as rules write it; several codes may share it. "NA" for unused codes.
    pub name: &'static str,
    /// Where the event comes from.
    pub category: EventCategory,
    /// What the event is about.
    pub syscall_category: SyscallCategory,
    /// Properties.
    pub flags: EventFlags,
    /// Whether captures of today hold it.
    pub status: EventStatus,
    /// Parameters in the order of the wire.
    pub params: &'static [ParamInfo],
}

impl EventInfo {
    /// Number and description of the parameter of this name (`None` if the event has none such).
    pub fn param_by_name(&self, name: &str) -> Option<(usize, &'static ParamInfo)> {
        self.params.iter().enumerate().find(|(_, p)| p.name == name)
    }
}

/// Whether an event is produced by current probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// Produced today.
    Current,
    /// Only in older captures: converted on reading.
    Old,
    /// The code exists because codes come in pairs.
    Unused,
}

/// Origin of an event; the numbers are upstream's bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum EventCategory {
    /// Unused codes.
    Unknown = 0,
    /// A system call.
    Syscall = 1 << 9,
    /// A kernel tracepoint.
    Tracepoint = 1 << 10,
    /// An event of a source plugin.
    Plugin = 1 << 11,
    /// Made by the engine itself: drops, containers, users, async events.
    Metaevent = 1 << 12,
    /// Entries of the kernel's task and file iterators.
    Iter = 1 << 13,
}

/// Subject of an event; the numbers are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum SyscallCategory {
    /// Unused codes.
    Unknown = 0,
    /// None of the others.
    Other = 1,
    /// Files and paths.
    File = 2,
    /// Network.
    Net = 3,
    /// Pipes, semaphores and other inter-process communication.
    Ipc = 4,
    /// Memory.
    Memory = 5,
    /// Processes.
    Process = 6,
    /// Sleeping.
    Sleep = 7,
    /// The system as a whole.
    System = 8,
    /// Signals.
    Signal = 9,
    /// Users and groups.
    User = 10,
    /// Time.
    Time = 11,
    /// Processing.
    Processing = 12,
    /// Reading from a descriptor; file or network is known from the descriptor only.
    IoRead = 32,
    /// Writing to a descriptor.
    IoWrite = 33,
    /// Other input and output.
    IoOther = 34,
    /// Waiting.
    Wait = 64,
    /// Scheduler.
    Scheduler = 128,
    /// Internal to the engine.
    Internal = 256,
}

bitflags::bitflags! {
    /// Properties of an event; the bits are upstream's.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct EventFlags: u32 {
        /// The call makes a descriptor.
        const CREATES_FD = 1;
        /// The call closes a descriptor.
        const DESTROYS_FD = 1 << 1;
        /// A parameter is the descriptor that the event is about.
        const USES_FD = 1 << 2;
        /// Reads from that descriptor.
        const READS_FROM_FD = 1 << 3;
        /// Writes to that descriptor.
        const WRITES_TO_FD = 1 << 4;
        /// Changes the state that is kept about processes.
        const MODIFIES_STATE = 1 << 5;
        /// The code is never produced.
        const UNUSED = 1 << 6;
        /// The call waits.
        const WAITS = 1 << 7;
        /// The event belongs to no thread.
        const SKIPPARSERESET = 1 << 8;
        /// Found only in captures of an older schema.
        const OLD_VERSION = 1 << 9;
        /// Parameter lengths are 32 bits wide.
        const LARGE_PAYLOAD = 1 << 11;
        /// The converter of old captures has rules for the code.
        const CONVERTER_MANAGED = 1 << 12;
    }
}
