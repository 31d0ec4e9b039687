//! Capture files (`.scap`): what they hold, read from plain and compressed files of every version.

mod block;
mod body;
mod error;
mod head;
mod initial;
mod lists;
mod old;
mod reader;
mod stream;

pub use error::{CaptureError, CaptureErrorKind};
pub use initial::{Fd, FdInfo, FdType, Group, InitialState, Interface, InterfaceAddr, L4Proto, Machine, Thread, User};
pub use reader::{Batch, CaptureReader, Step};
