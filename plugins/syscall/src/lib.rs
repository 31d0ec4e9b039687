//! See ARCHITECTURE.md.
pub mod capture;
pub mod converter;
pub mod fields;
pub mod live;
pub mod memory;
pub mod plugin;
pub mod state;

pub use plugin::PLUGIN_API;
