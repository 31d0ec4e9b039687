//! See ARCHITECTURE.md.

pub mod daemon;
pub mod live;
pub mod plugins;
pub mod program;
