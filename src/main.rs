//! The entry point: transport and exit codes only.
#![allow(clippy::disallowed_methods)] // this is where the outside world comes in

use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic is our bug. Its message could hold a value of the input, so only the place is told.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        krmor::cli::internal_error(&place);
    }));
    ExitCode::from(krmor::cli::main(std::env::args_os().collect()))
}
