//! AWS CloudTrail events: the fields `ct.*`, `s3.*`, `ec2.*`, `ecr.*`, `iam.*`, and log files as a source.
//!
//! This crate is all of the plugin but the client for AWS: it is linked into the program, where it reads local files. The crate
//! in `aws/` adds the client and makes `libcloudtrail.so` of both, so that the program stays small and nobody links a client
//! for AWS who needs none. What needs no network is here, tests included: shapes of messages, intervals, how trails lay
//! out their files.

pub mod config;
pub mod extract;
pub mod fields;
mod info;
pub mod interval;
pub mod message;
pub mod place;
mod plugin;
pub mod record;
pub mod trail;

pub use plugin::{CloudTrail, PLUGIN_API};

/// What parts of a source on other threads need of the plugin.
pub type Shared = lanner_intake::cloud::Shared<config::Config>;
