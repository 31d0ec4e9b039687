//! A plugin for the audit log of a cloud, but for what is that cloud's own.
//!
//! A cloud says by [`Cloud`] what its records, fields and places are. [`Core`] makes events of records and values of fields,
//! [`Stream`] is a stream of them out of files or out of a place that only a client of the cloud can open, and
//! [`cloud_plugin!`](crate::cloud_plugin) makes a plugin of all that: one to be linked in, without a client, and one with it.

mod core;
mod counters;
mod feed;
mod plugin;

use std::ffi::CStr;
use std::path::PathBuf;

use lanner_json::Value;
use lanner_plugin_api::sdk::{Error, FieldDef, FieldRequest, ValueSink};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use self::core::{Core, Shared};
pub use counters::{Count, Counters};
pub use feed::{BATCH, CHUNK, Feed, Opener, Stream, open_params};

use crate::record::Event;
use crate::{QuarantineConfig, Reason};

/// Bytes of a record that are held to make an event of it; what clouds write is well below.
pub const MAX_RECORD: usize = 4 << 20;

/// What is a cloud's own; the type is the plugin's configuration.
pub trait Cloud: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Name of the plugin.
    const NAME: &'static CStr;
    /// What it is, in one sentence.
    const DESCRIPTION: &'static CStr;
    /// Version of Falco's plugin whose fields and keys it has.
    const VERSION: &'static CStr;
    /// Registered id of the source.
    const ID: u32;
    /// Name of the source.
    const SOURCE: &'static CStr;
    /// The same, alone in a list.
    const SOURCES: &'static [&'static str];
    /// What is counted, in the order of its report.
    const COUNTS: &'static [Count];
    /// The member that holds a list of records in files.
    const LIST: &'static str;
    /// What names of files end in.
    const ENDINGS: &'static [&'static str];
    /// The member that holds nearly all of a record, if there is one; see [`salvage`](crate::salvage()).
    const INNER: Option<&'static str>;
    /// Suggestions for `open_params`, with what they are.
    const OPEN_PARAMS: &'static [(&'static str, &'static str)];
    /// A place that only a client of the cloud can open.
    type Remote;

    /// What holds of records, whichever cloud they are from.
    fn limits(&self) -> Limits<'_>;

    /// All fields; a field's place is its id.
    fn fields() -> Vec<FieldDef>;

    /// Writes the values of a field, or nothing if the event has none.
    fn extract(event: Value<'_>, req: &FieldRequest<'_>, out: &mut ValueSink<'_>);

    /// An event as one line; `None` if it cannot be told in one.
    fn line(event: Value<'_>) -> Option<String>;

    /// The event in a record; its payload has at most `max` bytes.
    ///
    /// # Errors
    /// It is no event.
    fn read(record: &[u8], max: usize) -> Result<Event<'_>, No>;

    /// The event that `text` begins with, if there is one that goes on as it stands: see
    /// [`read_first`](crate::record::read_first).
    fn read_first(text: &str, max: usize, list: Option<&str>) -> Option<(usize, u64)>;

    /// What `open_params` names.
    ///
    /// # Errors
    /// Nothing that can be opened.
    fn place(&self, params: &str) -> Result<Place<Self::Remote>, Error>;
}

/// What a configuration says of records.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// Bytes of an event.
    pub max_event: usize,
    /// Bytes that may come out of a compressed file.
    pub max_expanded: u64,
    /// The file that remembers what of files has been evaluated; empty: none.
    pub position: &'a str,
    /// Where payloads that are no events are kept.
    pub quarantine: Option<&'a QuarantineConfig>,
}

/// Why a record becomes no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// It is of a kind that is left out; only counted.
    Counted(Count),
    /// Not to be used.
    Rejected(Reason),
}

impl From<Reason> for No {
    fn from(reason: Reason) -> Self {
        Self::Rejected(reason)
    }
}

/// What `open_params` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<R> {
    /// A file, or a folder of files.
    Files(PathBuf),
    /// What only a client of the cloud can open.
    Remote(R),
}
