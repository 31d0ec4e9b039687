//! Kubernetes audit events: the `ka.*` fields, and audit files as a source.

pub mod extract;
pub mod fields;
pub mod files;
pub mod payload;
#[cfg(test)]
mod payload_tests;
mod plugin;

pub use plugin::{AuditFiles, Config, K8sAudit, PLUGIN_API};
