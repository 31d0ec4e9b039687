//! Following the API server, live.
//!
//! A thread of its own follows the pods of this node and the services, and looks up what else belongs to these pods: their
//! namespaces, their makers and the node. What it learns it sends as `k8s` events into the stream, as recorded captures have
//! them: one path leads into the state, live and in replay. Without a way to the API server there is no thread.

mod access;
mod counts;
mod follow;
mod journal;
mod lookup;
mod model;
mod objects;
mod worker;

pub use worker::Watcher;
