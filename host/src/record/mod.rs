//! Recording: events on their way into a capture file, with the state of the machine in front of them.
//!
//! ```text
//! the source's thread                                    a thread per file
//! Tape: head and events as blocks ─> Ring (memory only)
//!                                └─> Recording: buffers ─> compress, write, rename when it is complete
//! ```
//!
//! The state belongs to the plugin of the source and is that of the event parsed last, so heads are made on the source's
//! thread, between events. An event costs a copy of its bytes.

mod file;
mod ring;
mod tape;
mod writer;

pub use file::Form;
pub(crate) use file::Kept;
pub use file::RecordError;
pub use ring::Limits;
pub(crate) use ring::{Chunk, Ring};
pub(crate) use tape::{Tape, keep};
pub(crate) use writer::{Finishing, Patience, Recording};
