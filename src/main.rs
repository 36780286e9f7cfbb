//! The binary: arguments in, exit code out; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    destination_hubspot::cli::main(std::env::args_os())
}
