//! The plugin for Google Cloud's audit log with its source in Pub/Sub, as `libgcpaudit.so`. Fields and everything that needs
//! no network are in the crate above.

mod client;
mod error;
mod messages;
mod streams;

lanner_intake::cloud_plugin! {
    /// The plugin with a client for Pub/Sub.
    GcpAudit, lanner_gcpaudit::config::Config, crate::messages::open
}
