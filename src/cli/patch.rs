//! `krmor patch`: a JSON Patch (RFC 6902) on one document, every other byte as it was.

use std::path::PathBuf;
use std::sync::Arc;

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use super::files::{self, Mark, Written};
use super::{Failure, Result, input, write_output};
use crate::excerpt;
use crate::transport::decode;
use crate::yaml::{self, Document, Op, Operation};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The document to patch, counted from 0; documents of comments only count where `---` starts them.
    #[arg(long, value_name = "N", default_value_t = 0)]
    document: usize,
    /// The patch: a JSON or YAML list of operations.
    #[arg(long, value_name = "FILE")]
    patch: PathBuf,
    /// Write the result back to PATH.
    #[arg(long)]
    in_place: bool,
    /// The stream, or `-` for standard input.
    #[arg(value_name = "PATH", default_value = "-")]
    path: PathBuf,
}

pub(super) fn run(options: &Options) -> Result<u8> {
    files::settle(&[&options.path, &options.patch])?;
    let patch = read_patch(&options.patch)?;
    let from_stdin = options.path.as_os_str() == "-";
    if options.in_place && from_stdin {
        return Err(Failure::usage("--in-place needs a file, not standard input"));
    }
    let name = if from_stdin { "standard input".to_owned() } else { options.path.display().to_string() };
    let bytes = if from_stdin {
        input::stdin()?
    } else {
        std::fs::read(&options.path).map_err(|error| Failure::io(&name, &error))?
    };
    let read = Mark::of(&bytes);
    let (text, encoding) = decode(&name, bytes)?;
    let text = Arc::new(text);
    let mut documents = yaml::parse(&text).map_err(|error| excerpt::yaml_error(&name, &text, &error))?;
    let count = documents.len();
    let Some(document) = documents.get_mut(options.document) else {
        let last = count.checked_sub(1).map_or("it has none".to_owned(), |last| format!("the last one is {last}"));
        return Err(Failure::usage(format!("{name}: there is no document {}; {last}", options.document)));
    };
    for (number, operation) in patch.0.iter().enumerate() {
        apply(document, operation).map_err(|message| {
            Failure::usage(format!("{name}, document {}: operation {number}: {message}", options.document))
        })?;
    }
    let changed = documents.iter().any(Document::changed);
    let bytes = encoding.encode(if changed { yaml::render(&documents) } else { text.to_string() });
    if !options.in_place {
        write_output(&bytes)?;
    } else if changed {
        let file = Written::bytes(options.path.clone(), bytes).instead_of(read);
        files::write(vec![file], std::slice::from_ref(&options.path))?;
    }
    Ok(0)
}

fn read_patch(path: &std::path::Path) -> Result<Patch> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| Failure::io(&name, &error))?;
    // JSON first: YAML would take no value nested deeper than our own JSON view can be read back.
    if let Ok(patch) = serde_json::from_slice(&bytes) {
        return Ok(patch);
    }
    let text = Arc::new(decode(&name, bytes)?.0);
    let documents = yaml::parse(&text).map_err(|error| excerpt::yaml_error(&name, &text, &error))?;
    let value = documents.first().and_then(|document| document.root().to_value()).unwrap_or(Value::Null);
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { String::new() } else { format!(" (at {path})") };
        Failure::usage(format!("{name}: not a JSON Patch: {}{place}", quiet(&error.inner().to_string())))
    })
}

/// serde's message without the value that it quotes: the file may be the wrong one, and secret.
fn quiet(message: &str) -> String {
    match message.split_once(", expected ") {
        Some((found, expected)) if found.starts_with("invalid ") => {
            format!("{}, expected {expected}", found.split(['"', '`']).next().unwrap_or("").trim_end())
        }
        _ => message.to_owned(),
    }
}

/// Applies one operation; `move`, `copy` and `test` are made of reads and the three others.
fn apply(document: &mut Document, operation: &PatchOperation) -> std::result::Result<(), String> {
    let at = |document: &Document, path: &str| {
        let node = document.root().at_pointer(path).ok_or_else(|| format!("{path}: there is nothing"))?;
        node.to_value().ok_or_else(|| format!("{path}: the value is nested too deep"))
    };
    let mut edit = |op, path: &str, value: &Value| {
        document.apply(Operation { op, path, value }).map_err(|error| error.to_string())
    };
    match operation {
        PatchOperation::Add(add) => edit(Op::Add, add.path.as_str(), &add.value),
        PatchOperation::Remove(remove) => edit(Op::Remove, remove.path.as_str(), &Value::Null),
        PatchOperation::Replace(replace) => edit(Op::Replace, replace.path.as_str(), &replace.value),
        PatchOperation::Copy(copy) => {
            let value = at(document, copy.from.as_str())?;
            document
                .apply(Operation { op: Op::Add, path: copy.path.as_str(), value: &value })
                .map_err(|error| error.to_string())
        }
        PatchOperation::Move(moved) => {
            let (from, path) = (moved.from.as_str(), moved.path.as_str());
            if path.strip_prefix(from).is_some_and(|rest| rest.starts_with('/')) {
                return Err(format!("{from} cannot move into itself"));
            }
            let value = at(document, from)?;
            document
                .apply(Operation { op: Op::Remove, path: from, value: &Value::Null })
                .map_err(|error| error.to_string())?;
            document.apply(Operation { op: Op::Add, path, value: &value }).map_err(|error| error.to_string())
        }
        PatchOperation::Test(test) => {
            let path = test.path.as_str();
            // The values are not repeated: they may be secret.
            if at(document, path)? == test.value {
                Ok(())
            } else {
                Err(format!("{path}: the value is not the one tested for"))
            }
        }
    }
}
