//! Kubernetes audit events: the `ka.*` fields; webhook, followed files and folders as a source.

pub mod address;
mod config;
mod exec;
pub mod extract;
pub mod fields;
pub mod files;
pub mod follow;
#[cfg(test)]
mod follow_tests;
pub mod payload;
#[cfg(test)]
mod payload_tests;
mod plugin;
pub mod setup;
mod source;
pub mod webhook;

pub use config::Config;
pub use plugin::{K8sAudit, PLUGIN_API};
pub use source::AuditStream;
