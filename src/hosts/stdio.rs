//! krmor without a command line: a filter of standard input that opens no file. `krmor.wasm` is this, for any WASI runtime.
//!
//! - No arguments: a ResourceList, as the native `krmor` takes it.
//! - `--config-length N`: kustomize's legacy plugin without its file. The first N bytes of standard input are the config,
//!   all others the bare stream; the answer is what the native plugin gives for the two.
//! - `--function KIND`, `--check`, `--allow-empty`: as the native ones.
//!
//! Standard output, standard error and the exit code are the native ones.
#![allow(clippy::disallowed_methods)] // the core's purity ends here

use std::ffi::OsString;
use std::io::{Read, Write};

use crate::transport::{self, Failure, Options, Result};

const USAGE: &str = "krmor.wasm takes --config-length N, or --function KIND, --check and --allow-empty; the commands are those of \
                     the native krmor";

/// What the arguments say.
#[derive(Debug, Default)]
struct Arguments {
    config_length: Option<usize>,
    function: Option<String>,
    allow_empty: bool,
    check: bool,
}

impl Arguments {
    fn read(args: Vec<OsString>) -> Result<Self> {
        let mut out = Self::default();
        let mut args = args.into_iter().skip(1).map(|arg| arg.to_string_lossy().into_owned());
        while let Some(arg) = args.next() {
            let (name, value) = arg.split_once('=').map_or((arg.as_str(), None), |(name, value)| (name, Some(value)));
            let mut value = || value.map(str::to_owned).or_else(|| args.next());
            let known = match name {
                "--config-length" => {
                    out.config_length = value().and_then(|value| value.parse().ok());
                    out.config_length.is_some()
                }
                "--function" => {
                    out.function = value();
                    out.function.is_some()
                }
                "--allow-empty" => {
                    out.allow_empty = true;
                    arg == name
                }
                "--check" => {
                    out.check = true;
                    arg == name
                }
                _ => false,
            };
            if !known {
                return Err(Failure::usage(format!("unexpected argument `{arg}`; {USAGE}")));
            }
        }
        if out.config_length.is_some() && (out.function.is_some() || out.allow_empty || out.check) {
            return Err(Failure::usage(USAGE));
        }
        Ok(out)
    }
}

/// Runs the function; the exit code.
#[must_use]
pub fn main(args: Vec<OsString>) -> u8 {
    let (told, code) = match run(args) {
        Ok(warnings) => (warnings, 0),
        Err(failure) => (failure.message, failure.code),
    };
    let _ = std::io::stderr().write_all(told.as_bytes());
    code
}

fn run(args: Vec<OsString>) -> Result<String> {
    let arguments = Arguments::read(args)?;
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input).map_err(|error| Failure::io("standard input", &error))?;
    let mut out = std::io::stdout().lock();
    let Some(length) = arguments.config_length else {
        let (function, allow_empty, check) = (arguments.function.as_deref(), arguments.allow_empty, arguments.check);
        let options = Options { function, allow_empty, check, ..Options::default() };
        return transport::run(input, options, &mut out);
    };
    if length > input.len() {
        return Err(Failure::usage(format!("--config-length {length}: standard input has {} bytes only", input.len())));
    }
    let stream = input.split_off(length);
    transport::plugin(input, false, stream, &mut out)
}

/// Tells of a panic without repeating its message, which could hold a value of the input.
pub fn internal_error(place: &str) {
    let _ = writeln!(std::io::stderr(), "{}", transport::internal_error(place));
}
