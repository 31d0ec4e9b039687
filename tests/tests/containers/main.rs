//! A person's shell in a container, as the default rules tell of it: real runtimes, each started by its test with state, storage
//! and socket of its own, and the running kernel watched by the whole program.

#![allow(dead_code, reason = "what the tests of several packages share, none of them uses up")]

#[path = "../../../plugins/container/tests/lab/mod.rs"]
mod lab;
mod shells;
mod watched;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");
