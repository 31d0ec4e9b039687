//! The `lanner` program.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: lanner::memory::Accounting = lanner::memory::Accounting;

fn main() -> ExitCode {
    lanner::app::main(std::env::args_os())
}
