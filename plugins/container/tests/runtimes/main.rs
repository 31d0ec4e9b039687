//! Real runtimes, each started by its test with state, storage and socket of its own, and what the plugin tells of their
//! containers.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    unexpected_cfgs,
    unreachable_pub,
    reason = "the test plays the host: every block does as the ABI says; what it shares with others it does not use up"
)]

#[path = "../../../../plugin-api/tests/common/mod.rs"]
mod common;
mod containerd;
mod cri_server;
mod crio;
mod docker;
#[path = "../lab/mod.rs"]
mod lab;
mod podman;
#[path = "../threads/mod.rs"]
mod threads;
mod told;
