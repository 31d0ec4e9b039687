//! Lanner's host: configuration, plugins, event sources, alerts and outputs, and the program made of them. See
//! ARCHITECTURE.md for the way of an event through it.

pub mod alert;
pub mod app;
pub mod cases;
pub mod config;
pub mod event;
pub mod log;
pub mod memory;
pub mod metrics;
pub mod outputs;
pub mod plugin;
pub mod record;
pub mod source;
pub mod web;
