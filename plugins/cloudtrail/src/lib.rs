//! AWS CloudTrail events: the fields `ct.*`, `s3.*`, `ec2.*`, `ecr.*`, `iam.*`, and log files as a source.
//!
//! This crate is all of the plugin but the client for AWS: it is linked into the program, where it reads local files. The crate
//! in `aws/` adds the client and makes `libcloudtrail.so` of both, so that the program stays small and nobody links a client
//! for AWS who needs none. What needs no network is here, tests included: shapes of messages, intervals, how trails lay
//! out their files.

pub mod config;
pub mod core;
pub mod extract;
pub mod feed;
pub mod fields;
pub mod files;
mod info;
pub mod interval;
pub mod message;
mod plugin;
pub mod record;
pub mod trail;

pub use lanner_plugin_api::sdk;
pub use plugin::{CloudTrail, PLUGIN_API};
