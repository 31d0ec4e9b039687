//! Capture files (`.scap`): what they hold, read from plain and compressed files of every version, written in today's.

mod ahead;
mod block;
mod body;
mod error;
mod fd_type;
mod head;
mod initial;
mod lists;
mod old;
mod reader;
mod stream;
mod write;

pub use error::{CaptureError, CaptureErrorKind};
pub use fd_type::FdType;
pub use initial::{Fd, FdInfo, Group, InitialState, Interface, InterfaceAddr, L4Proto, Machine, Thread, User};
pub use reader::{Batch, CaptureReader, Step};
pub use write::{Events, Head, Keep, Members, push_event};

/// Longest event block of the kinds that are not "large", without type and length.
const MAX_BLOCK: u32 = 64 * 1024;
/// Flag of an event block: the event was kept for state only.
const STATE_ONLY: u32 = 1;
