//! See ARCHITECTURE.md.

pub mod plugins;
pub mod program;
