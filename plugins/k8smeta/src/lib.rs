//! Pods and what belongs to them: `k8smeta.*` fields from the API server of Kubernetes, without a collector in between.
//!
//! The pod of a thread is read from its control groups and written into the dynamic field `pod_uid` of the table `threads`.
//! What the pod is comes in events named `k8s`, recorded in a capture or, live, made by those who follow the API server
//! ([`watch`]), and is kept in a store of the plugin.

pub mod config;
mod extract;
pub mod fields;
pub mod plugin;
pub mod watch;

pub use plugin::{K8sMeta, PLUGIN_API};
