//! Container metadata: which container a thread belongs to, and what is known of that container.
//!
//! The id of a container is read from the cgroups of its threads ([`matcher`]) and written into the dynamic field
//! `container_id` of the table `threads`. Everything else ([`info`]) comes in events named `container` with a JSON
//! document, recorded in a capture or, live, made by those who ask the container runtimes ([`runtime`]), and is kept in a
//! cache that other plugins see as the table `containers`.
//!
//! The calls of the ABI are in [`plugin`], the fields in [`fields`].

mod bytes;
pub mod cache;
pub mod config;
mod exec;
mod extract;
pub mod fields;
pub mod info;
mod lineage;
pub mod matcher;
pub mod owner;
pub mod plugin;
mod pods;
mod role;
pub mod runtime;
mod table;
mod track;
mod wait;

pub use plugin::{ContainerPlugin, PLUGIN_API};
