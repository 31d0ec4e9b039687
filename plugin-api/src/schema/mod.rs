//! The event schema as data: events and their parameters, names of flag values, syscalls.
//!
//! The tables are edited in `events.csv`, `flags.csv` and `syscalls.csv` beside this file (the rules for editing stand on top of
//! each) and become constants and statics when the crate is built. Numbers and names are those of Falco's event schema 4.5.1:
//! captures, plugins and rules hold them, so they are facts, not choices.

mod event;
mod param;
mod syscall;

pub use event::{EventCategory, EventFlags, EventInfo, EventStatus, EventType, SyscallCategory};
pub use param::{DynVariant, FlagName, FlagTable, ParamExtra, ParamInfo, ParamType, PrintFormat, dynamic};
pub use syscall::{Arch, DropClass, Sc, SyscallInfo, SyscallKind};

/// Version of the event schema that the tables describe (major, minor, patch).
pub const SCHEMA_VERSION: (u32, u32, u32) = (4, 5, 1);

/// Most parameters that any event has.
pub const MAX_PARAMS: usize = 32;

include!(concat!(env!("OUT_DIR"), "/schema.rs"));

#[cfg(test)]
mod tests;
