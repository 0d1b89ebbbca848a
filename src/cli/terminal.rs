//! What is known of the terminal.

use std::fs::File;
use std::io::IsTerminal;
use std::process::{Command, Stdio};

use clap::ValueEnum;

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// At a terminal.
    Auto,
    Always,
    Never,
}

impl Color {
    pub(super) fn choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::AutoStream::choice(&std::io::stdout()),
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}

/// A terminal that does not tell its width.
const USUAL: usize = 80;

/// How many characters a line of standard output has; `None` where it is no terminal: a file has no width.
pub(super) fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    Some(said.or_else(asked).filter(|width| *width > 0).unwrap_or(USUAL))
}

/// Asks the terminal by `stty`: the standard library cannot.
fn asked() -> Option<usize> {
    let terminal = File::open("/dev/tty").ok()?;
    let out = Command::new("stty").arg("size").stdin(Stdio::from(terminal)).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(out.stdout).ok()?.split_whitespace().nth(1)?.parse().ok()
}
