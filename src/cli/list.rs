//! `krmor list`: the functions, in the order they run.

use serde_json::{Value, json};

use super::{Form, Result, write_stdout};
use crate::config::API_VERSION;
use crate::functions::FUNCTIONS;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The form of the list.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Form,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let out = match options.format {
        Form::Text => text(),
        Form::Json => format!("{}\n", json()),
    };
    write_stdout(out.as_bytes())?;
    Ok(0)
}

fn text() -> String {
    let rows = || FUNCTIONS.iter().map(|function| [function.kind, function.phase.name(), function.summary]);
    let head = ["KIND", "PHASE", "DOES"];
    let width = |column: usize| {
        let cells = std::iter::once(head).chain(rows()).filter_map(|row| row.get(column).map(|cell| cell.len()));
        cells.max().unwrap_or(0)
    };
    let (first, second) = (width(0), width(1));
    let line = |[kind, phase, summary]: [&str; 3]| format!("{kind:<first$}  {phase:<second$}  {summary}\n");
    std::iter::once(head).chain(rows()).map(line).collect()
}

fn json() -> Value {
    let one = |function: &crate::functions::Function| {
        json!({
            "apiVersion": API_VERSION,
            "kind": function.kind,
            "phase": function.phase.name(),
            "summary": function.summary,
            "documentation": format!("functions/{}/README.md", function.folder),
        })
    };
    FUNCTIONS.iter().map(one).collect()
}
