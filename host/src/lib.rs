//! See ARCHITECTURE.md.

pub mod plugin;
