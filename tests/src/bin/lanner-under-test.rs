//! The program as the tests run it: the same one line as `host/src/main.rs`, built with the tests, so that no test ever
//! runs a stale binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    lanner::app::main(std::env::args_os())
}
