//! Events on the wire: a packed header, the lengths of the parameters, the parameters.
//!
//! Reading borrows and is total: whatever the bytes, it never panics and never loops; a value whose length does not fit its type is
//! `None`. The shape of an event (lengths inside the buffer) is checked once, by [`Event::parse`]; every later access is cheap.
//!
//! ```text
//! u64 time (ns since the epoch) | u64 thread id | u32 length of all | u16 code | u32 number of parameters
//! lengths: u16 each, u32 each for codes with a large payload (322, 324, 402)
//! values, unaligned, little-endian
//! ```

mod build;
mod event;
mod net;
pub mod read;

pub use build::{BuildError, EventBuilder};
pub use event::{Event, EventError, HEADER_LEN, Param, ParamIndex, Params};
pub use net::{FdList, FdListEntry, SockAddr, SockTuple, family};

/// Offset of the data in a plugin event (code 322): header, two lengths, plugin id.
pub const PLUGIN_PAYLOAD_OFFSET: usize = 38;

#[cfg(test)]
mod tests;
