//! The entry point: transport and exit codes only. Without the feature `cli` krmor is the function and nothing else.
#![allow(clippy::disallowed_methods)] // this is where the outside world comes in

use std::process::ExitCode;

#[cfg(feature = "cli")]
use krmor::cli as host;
#[cfg(not(feature = "cli"))]
use krmor::hosts::stdio as host;

fn main() -> ExitCode {
    // A panic is our bug. Its message could hold a value of the input, so only the place is told.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        host::internal_error(&place);
    }));
    ExitCode::from(host::main(std::env::args_os().collect()))
}
