//! The C boundary of Lanner, both sides of it: the plugin ABI ([`raw`]) and the SDK with which plugins are written in
//! Rust.
//!
//! The crate is small and slow-moving: no I/O and no threads of its own.

pub mod raw;
