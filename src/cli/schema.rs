//! `krmor schema`: JSON Schemas of the configs for editors, and KRMFunctionDefinitions for orchestrators.

use serde_json::Value;

use super::{Failure, Result, write_stdout};
use crate::config::PIPELINE;
use crate::functions::{FUNCTIONS, by_kind};
use crate::schema;
use crate::yaml::print::{Layout, write_document};
use krmor_core::suggest::suggest;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The kind of config; by default one schema for all kinds.
    #[arg(value_name = "KIND")]
    kind: Option<String>,
    /// Print the KRMFunctionDefinition (KEP-2906), with its OpenAPI v3 schema, instead of a JSON Schema (draft-07).
    #[arg(long)]
    definition: bool,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    let out = match (&options.kind, options.definition) {
        (None, false) => pretty(&schema::any()),
        (Some(kind), false) => pretty(&schema::of(kind).ok_or_else(|| unknown_kind(kind))?),
        (Some(kind), true) if kind == PIPELINE => {
            return Err(Failure::usage(format!("{PIPELINE} is no function of its own: it has no definition")));
        }
        (Some(kind), true) => definition(&by_kind(kind).ok_or_else(|| unknown_kind(kind))?.definition()),
        (None, true) => {
            let all: Vec<String> = FUNCTIONS.iter().map(|function| definition(&function.definition())).collect();
            all.join("---\n")
        }
    };
    write_stdout(out.as_bytes())?;
    Ok(0)
}

/// A kind that there is not, with the nearest one.
pub(super) fn unknown_kind(kind: &str) -> Failure {
    let kinds: Vec<String> = schema::kinds().map(str::to_owned).collect();
    Failure::usage(format!("there is no kind `{kind}`; {}", suggest(kind, &kinds, "kind")))
}

/// The JSON Schema of a kind, as it is printed.
pub(super) fn text_of(kind: &str) -> String {
    schema::of(kind).map_or(String::new(), |schema| pretty(&schema))
}

fn pretty(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn definition(definition: &Value) -> String {
    let mut out = String::new();
    write_document(&mut out, definition, Layout::default());
    out
}
