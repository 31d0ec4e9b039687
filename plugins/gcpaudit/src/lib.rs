//! Events of Google Cloud's audit log: the fields `gcp.*`, and files of log entries as a source.
//!
//! This crate is all of the plugin but the client for Pub/Sub: it is linked into the program, where it reads local files. The
//! crate in `pubsub/` adds the client and makes `libgcpaudit.so` of both, so that the program stays small and nobody links a
//! client for Google Cloud who needs none.

pub mod config;
pub mod entry;
pub mod extract;
pub mod fields;
pub mod place;
mod plugin;

pub use plugin::{GcpAudit, PLUGIN_API};

/// What parts of a source on other threads need of the plugin.
pub type Shared = lanner_intake::cloud::Shared<config::Config>;
