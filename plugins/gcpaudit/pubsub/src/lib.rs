//! The plugin for Google Cloud's audit log with its source in Pub/Sub, as `libgcpaudit.so`. Fields and everything that needs
//! no network are in the crate above.

mod client;
mod error;
mod messages;
mod streams;

lanner_gcpaudit::gcpaudit_plugin! {
    /// The plugin with a client for Pub/Sub.
    GcpAudit, crate::messages::open
}
