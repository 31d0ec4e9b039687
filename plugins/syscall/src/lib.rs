//! See ARCHITECTURE.md.
pub mod capture;
pub mod fields;
