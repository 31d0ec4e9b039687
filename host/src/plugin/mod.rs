//! The host's side of the plugin ABI: loading, calling, checking. The only unsafe code of the host.
//!
//! A plugin passes through these stages, each its own type:
//!
//! 1. [`LoadedLibrary`]: a shared object (or a built-in's static vtable) whose version, symbols, capabilities and
//!    static information have been read and found good. Shared between sources by `Arc`.
//! 2. [`Plugin`]: one initialised state of that library.
//! 3. [`PluginSet`]: the plugins of one source, with the tables they offer each other. It extracts and parses.
//! 4. [`Inspector`]: a set whose source is open; yields events.
//!
//! Everything that a plugin hands over is checked as far as the contract lets us notice a breach, and every breach is
//! a [`PluginError`] with a name. What cannot be checked (a pointer into nowhere) is the plugin's promise under the
//! ABI, and each `SAFETY` comment says which promise it leans on.
//!
//! Threads: a set belongs to one thread at a time; it may be moved between threads but never shared. Only the async
//! event handler, the log function and routines run elsewhere, and touch nothing but what is locked or atomic.

#![allow(unsafe_code, reason = "calls through the plugin ABI's function pointers and reads what plugins hand over")]

mod argument;
mod async_queue;
mod builtin;
mod call;
mod capability;
mod compat;
mod config;
mod direct;
mod error;
mod event;
mod event_set;
mod extract;
mod fault;
mod fields;
mod head;
mod info;
mod init;
mod inspector;
mod library;
mod listen;
mod log;
mod metrics;
mod owner;
mod plugins;
mod prepared;
mod routines;
mod set;
mod source;
mod tables;
mod text;
mod version;
mod wait;
mod wish;

pub use async_queue::{AsyncQueue, AsyncStats};
pub use builtin::{BuiltIn, load_with_fallback};
pub use capability::Capabilities;
pub use error::{EventFault, FieldFault, Function, PluginError, TableFault};
pub use event::EventRef;
pub use event_set::EventTypeSet;
pub use extract::{Value, Values};
pub use fields::{ArgSpec, FieldFlags, FieldMatch, FieldSpec, PrintFormat};
pub use info::{EventOrigin, PluginInfo};
pub use init::{Plugin, Services};
pub use inspector::{Inspector, Open, Pull};
pub use library::LoadedLibrary;
pub use log::{LogSink, NullSink, Severity};
pub use metrics::{PluginMetric, PluginMetricValue};
pub use prepared::{Absent, FieldRequest, Prepared};
pub use set::{Fault, PluginIdx, PluginSet, Plugins, SourceIdx};
pub use source::{OpenParam, Progress, Pump};
pub use version::Version;
pub use wait::{WaitStanding, Waiting};
pub use wish::Wish;
