//! What Kubernetes says of pods, and of people who open sessions in them, in the forms that plugins share: the documents of
//! the events `k8s` ([`document`]) and `k8s_exec` ([`exec`]), a store of the former ([`store`]), and the pod that a control
//! group belongs to ([`cgroup`]).
//!
//! Both documents travel in the stream of system calls, so that whoever follows it, live or in a recording, comes to know
//! the same. No I/O, no threads.

pub mod cgroup;
pub mod document;
pub mod exec;
pub mod kind;
pub mod store;

pub use document::{Change, DocumentError, Owner, Resource};
pub use kind::Kind;
pub use store::Store;

/// Name of the async event that tells of a pod or of what belongs to one.
pub const EVENT: &str = "k8s";
/// Name of the async event that tells of a session in a pod.
pub const EXEC_EVENT: &str = "k8s_exec";
