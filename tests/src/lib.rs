//! See ARCHITECTURE.md.

pub mod authority;
pub mod aws;
pub mod cloud;
pub mod daemon;
pub mod gcp;
pub mod live;
pub mod plugins;
pub mod program;
pub mod pubsub;
pub mod watch;
