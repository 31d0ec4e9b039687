//! See ARCHITECTURE.md.

pub mod live;
pub mod plugins;
pub mod program;
