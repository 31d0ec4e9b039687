//! The C boundary of Lanner, both sides of it: the plugin ABI ([`raw`]) and the SDK with which plugins are written in
//! Rust ([`sdk`], [`export`]), with the event [`schema`] and the [`wire`] format that both sides share.
//!
//! The crate is small and slow-moving: no I/O and no threads of its own.

pub mod export;
pub mod raw;
pub mod schema;
pub mod sdk;
pub mod wire;
