//! The running kernel watched by the whole program.

mod action;
mod before;
mod containers;
mod files;
mod kernel;
mod latency;
mod memory;
mod network;
mod programs;
mod reload;
mod rules;
mod start;
mod storm;
mod unsent;
mod want;
mod ways;

const BINARY: &str = env!("CARGO_BIN_EXE_lanner-under-test");
