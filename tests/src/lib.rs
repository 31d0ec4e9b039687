//! See ARCHITECTURE.md.

pub mod plugins;
