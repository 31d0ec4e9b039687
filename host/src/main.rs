//! The `lanner` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    lanner::app::main(std::env::args_os())
}
