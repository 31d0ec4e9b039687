//! What can be wrong with a capture file.

use std::io;

use lanner_plugin_api::wire::EventError;

use crate::converter::ConvertError;

/// An error with its place in the file.
#[derive(Debug, thiserror::Error)]
#[error("at byte {offset}: {kind}")]
pub struct CaptureError {
    /// Offset in the decompressed file of the block (or entry) that is at fault.
    pub offset: u64,
    /// What is wrong.
    #[source]
    pub kind: CaptureErrorKind,
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum CaptureErrorKind {
    /// The file cannot be read or decompressed.
    #[error("cannot read: {0}")]
    Io(#[from] io::Error),
    /// The file ends inside a block.
    #[error("the file is truncated: {wanted} bytes expected, {found} left")]
    Truncated {
        /// Bytes that the block needs.
        wanted: u64,
        /// Bytes there are.
        found: u64,
    },
    /// The first block is no section header.
    #[error("not a capture file: block type {found:#x} where a section header was expected")]
    NotACapture {
        /// Block type found.
        found: u32,
    },
    /// The section header's magic number is wrong.
    #[error("wrong magic number {found:#x} (captures of big-endian machines cannot be read)")]
    Magic {
        /// Number found.
        found: u32,
    },
    /// Format of the future.
    #[error("format version {major} is newer than this program reads (1)")]
    Version {
        /// Major version of the file.
        major: u16,
    },
    /// The file holds no event.
    #[error("no events in the file")]
    NoEvents,
    /// A block's length cannot hold what the block must have.
    #[error("block {block:#x} of {len} bytes is too short")]
    BlockTooShort {
        /// Block type.
        block: u32,
        /// Its length.
        len: u32,
    },
    /// An event block is longer than its kind may be.
    #[error("event block {block:#x} of {len} bytes is too long")]
    BlockTooLong {
        /// Block type.
        block: u32,
        /// Its length.
        len: u32,
    },
    /// Length before and after a block differ.
    #[error("block length is {header} before and {trailer} after the block")]
    Trailer {
        /// Length in the header.
        header: u32,
        /// Length in the trailer.
        trailer: u32,
    },
    /// An entry reads beyond its own length or its block.
    #[error("an entry of the {list} list is longer than it says")]
    Entry {
        /// Which list.
        list: &'static str,
    },
    /// A text is longer than its kind may be.
    #[error("{what} of {len} bytes, at most {limit} are allowed")]
    Text {
        /// Which text.
        what: &'static str,
        /// Its length.
        len: u16,
        /// The limit.
        limit: u16,
    },
    /// Unknown kind of interface.
    #[error("unknown interface type {0}")]
    InterfaceType(u16),
    /// The lists before the first event want more memory than any machine's state.
    #[error("the state before the first event is too large")]
    StateTooLarge,
    /// Bytes of an event block are no event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Lengths of an old event fit no number of parameters.
    #[error("the parameters of event code {code} do not fit its length")]
    OldEvent {
        /// Event code.
        code: u16,
    },
    /// The event has a form that never existed.
    #[error(transparent)]
    Convert(#[from] ConvertError),
}
