//! See ARCHITECTURE.md.
pub mod fields;
