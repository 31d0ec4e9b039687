//! Kubernetes audit events: the `ka.*` fields and sources of audit files.

pub mod extract;
pub mod fields;
pub mod files;
pub mod payload;
