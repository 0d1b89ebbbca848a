//! Why a run failed, as every host tells it: an exit code, a message for people, and results for tools.

use serde_json::Value;

use crate::krm;

/// Why a run failed: the exit code and the message, ready to print; and the same as results.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// The message: its last line ends, and it may have colours where there is a command line.
    pub message: String,
    /// The findings as KRM results; or one that is the message without colours, carets and source, on one line.
    pub results: Vec<Value>,
    /// Where each of the results is in a file, as far as that is known.
    pub places: Vec<FilePlace>,
}

/// A place in a file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// As messages name it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Changes (`check`, `diff`), findings, conflicts, broken invariants.
pub const FOUND: u8 = 1;
/// A bad config, input or usage, or a target that matches nothing.
pub const USAGE: u8 = 2;
/// Input or output failed, or krmor itself did.
pub const INTERNAL: u8 = 3;

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        let message = message.into();
        let results = vec![krm::refusal(message.lines().next().unwrap_or("").trim_start_matches("error: "))];
        Self { code, message, results, places: Vec::new() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, format!("error: {}\n", message.into()))
    }

    pub(crate) fn io(what: &str, error: &std::io::Error) -> Self {
        Self::internal(format!("{what}: {error}"))
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(INTERNAL, format!("error: {}\n", message.into()))
    }
}

/// What a call gives, or why it failed.
pub type Result<T> = std::result::Result<T, Failure>;
