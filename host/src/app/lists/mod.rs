//! What the program can list: fields, events, plugins, versions. Every list is a text returned, not printed, so that
//! golden files can hold it.

pub mod events;
pub mod fields;
pub mod versions;
