//! The SDK: plugins in Rust, without a line of `unsafe`.
//!
//! A plugin is a type that implements [`Plugin`] and one trait per capability: [`Source`], [`Extract`] (or
//! [`ExtractRaw`]), [`Parse`], [`AsyncSource`], [`CaptureListener`], [`ProvideTables`]. [`crate::export_plugin!`] makes
//! of it what a host loads.
//!
//! What the SDK takes care of: memory that the host reads after a call (it lies in buffers that are reused), NUL
//! termination, panics (they become a failure with their text), re-entrance, the life of handles beyond the plugin's.

#![allow(unsafe_code, reason = "the safe face of the C boundary; each block says why it is sound")]

mod async_events;
mod batch;
mod error;
mod event;
mod extract;
mod field_buf;
mod field_def;
mod field_fn;
mod host;
mod listen;
mod metrics;
mod plugin;
mod sink;
mod source;
mod tables;
mod wait;

pub use async_events::{AsyncError, AsyncEvent, AsyncHandle, AsyncSource, StateDump};
pub use batch::{Batch, BatchError, PayloadWriter};
pub use error::Error;
pub use event::EventInput;
pub use extract::{Extract, ExtractCx, ExtractRaw, FieldArgument, FieldRequest, Parse, ParseCx};
pub use field_def::{ArgSpec, FieldDef, FieldFlags, Matching, PrintFormat};
pub use field_fn::{FieldFn, FieldOptions, FieldValue, Fields, RelTime, Timestamp, marker};
pub use host::Log;
pub use listen::{Capture, CaptureListener, RoutineHandle};
pub use metrics::{MetricNumber, Metrics};
pub use plugin::{Init, Json, Plugin, PluginConfig};
pub use sink::ValueSink;
pub use source::{Next, OpenParam, Progress, Source, SourceInstance, Wanted};
pub use tables::{
    DynamicFields, DynamicValues, Entry, EntryRef, EntryView, Field, FieldSpec, InitTables, NewEntry, ProvideTables,
    StateOut, StateValue, Sub, SubTable, Table, TableDecl, TableError, TableFault, TableReader, TableRef, TableValue,
    TableWriter,
};
pub use wait::{Awaits, Standing};

pub(crate) use async_events::AsyncShared;
pub(crate) use batch::BatchBuf;
pub(crate) use extract::{PreparedField, TypedFields};
pub(crate) use field_buf::FieldBuf;
pub(crate) use field_def::{details_json, fields_json};
pub(crate) use host::HostRef;
pub(crate) use listen::RoutineCell;
pub(crate) use metrics::MetricBufs;

pub(crate) use tables::{OutValue, StrArena};
