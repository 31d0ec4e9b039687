//! See ARCHITECTURE.md.

pub mod aws;
pub mod daemon;
pub mod live;
pub mod plugins;
pub mod program;
pub mod watch;
