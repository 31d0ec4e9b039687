//! The program as the tests run it: the same lines as `host/src/main.rs`, built with the tests, so that no test ever
//! runs a stale binary.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: lanner::memory::Accounting = lanner::memory::Accounting;

fn main() -> ExitCode {
    lanner::app::main(std::env::args_os())
}
