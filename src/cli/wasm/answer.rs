//! What a module is given and what it answers, in the two forms that callers speak, and whether the answer may be passed
//! on: kustomize deletes all objects when a function gives none, and it and kpt overlook results that say it has failed.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::{Failure, Result};
use crate::krm;
use crate::transport::{FOUND, decode};
use crate::yaml::{self, Document, Node, print};
use crate::{cli::write_stderr, excerpt};

/// Longest answer that is looked into: what is parsed takes more memory than its text.
const MAX_ANSWER: usize = 128 << 20;

/// Whether an input is a ResourceList.
pub(super) fn is_list(input: &[u8]) -> bool {
    let Ok((text, _)) = decode("standard input", input.to_vec()) else { return false };
    text.contains("ResourceList")
        && yaml::parse(&Arc::new(text)).is_ok_and(|documents| krm::is_resource_list(&documents))
}

/// An answer in no form that is known.
///
/// # Errors
/// When there is none, though there was an input.
pub(super) fn any(name: &str, input: &[u8], output: &[u8], allow_empty: bool) -> Result<()> {
    match is_empty(output) && !is_empty(input) && !allow_empty {
        true => Err(silent(name, "gave nothing")),
        false => Ok(()),
    }
}

fn is_empty(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

fn silent(name: &str, what: &str) -> Failure {
    let hint = "its caller would delete every object; pass --allow-empty to accept this";
    Failure::internal(format!("{name}: the function passed and {what}: {hint}"))
}

/// Looks at a ResourceList that answers a ResourceList: the exit code.
///
/// # Errors
/// When it is none, or has lost all items.
pub(super) fn list(name: &str, input: &[u8], output: &[u8], allow_empty: bool) -> Result<u8> {
    any(name, input, output, allow_empty)?;
    if is_empty(output) {
        return Ok(0);
    }
    if output.len() > MAX_ANSWER {
        let limit = MAX_ANSWER >> 20;
        return Err(Failure::internal(format!("{name}: its answer has more than {limit} MiB")));
    }
    let documents = parse(name, output.to_vec())?;
    let mut filled = documents.iter().map(Document::root).filter(|root| !root.is_null());
    let (Some(root), None, true) = (filled.next(), filled.next(), krm::is_resource_list(&documents)) else {
        return Err(silent(name, "gave no ResourceList"));
    };
    let items = |root: Node<'_>| root.get("items").map_or(0, |items| items.items().count());
    if items(root) == 0 && !allow_empty {
        let before = parse("standard input", input.to_vec())?;
        if before.first().is_some_and(|document| items(document.root()) > 0) {
            return Err(silent(name, "gave no items"));
        }
    }
    let errors = errors(name, root);
    write_stderr(errors.as_bytes());
    Ok(if errors.is_empty() { 0 } else { FOUND })
}

/// What a failing module says in the results of its answer, for callers who do not see that.
pub(super) fn tell(name: &str, output: &[u8]) {
    let documents =
        if output.len() > MAX_ANSWER { Vec::new() } else { parse(name, output.to_vec()).unwrap_or_default() };
    if let Some(document) = documents.first() {
        write_stderr(errors(name, document.root()).as_bytes());
    }
}

/// The errors among the results of a list. A result without a severity is one: so the specification has it.
fn errors(name: &str, list: Node<'_>) -> String {
    let results = list.get("results").into_iter();
    // Earlier versions have the results in a mapping.
    let lists = results.flat_map(|results| [Some(results), results.get("items"), results.get("results")]).flatten();
    let text = |node: Node<'_>, key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default().into_owned();
    let is_error = |result: &Node<'_>| {
        let severity = text(*result, "severity");
        severity.is_empty() || severity.eq_ignore_ascii_case("error")
    };
    let line = |result: Node<'_>| {
        // On one line, and nothing that a terminal would obey.
        let message: String = text(result, "message").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        format!("error: {name}: {message}\n")
    };
    lists.flat_map(Node::items).filter(is_error).map(line).collect()
}

/// A plugin's config and bare stream as a ResourceList.
///
/// # Errors
/// When they are not YAML.
pub(super) fn to_list(config: Vec<u8>, stream: Vec<u8>) -> Result<Vec<u8>> {
    let values = |name: &str, bytes: Vec<u8>| -> Result<Vec<Value>> {
        let documents = parse(name, bytes)?;
        let filled = documents.iter().map(Document::root).filter(|root| !root.is_null());
        filled.map(|root| value(name, root)).collect()
    };
    let config = values("the plugin's config", config)?;
    let items = values("standard input", stream)?;
    let list = json!({
        "apiVersion": "config.kubernetes.io/v1",
        "kind": "ResourceList",
        "items": items,
        "functionConfig": config.into_iter().next(),
    });
    let mut out = String::new();
    print::write_document(&mut out, &list, print::Layout::default());
    Ok(out.into_bytes())
}

/// The items of a ResourceList as a bare stream.
///
/// # Errors
/// When it is not YAML.
pub(super) fn to_stream(list: &[u8]) -> Result<Vec<u8>> {
    let name = "the function's answer";
    let documents = parse(name, list.to_vec())?;
    let items = documents.first().and_then(|document| document.root().get("items"));
    let mut out = String::new();
    for item in items.into_iter().flat_map(Node::items) {
        out.push_str("---\n");
        print::write_document(&mut out, &value(name, item)?, print::Layout::default());
    }
    Ok(out.into_bytes())
}

fn value(name: &str, node: Node<'_>) -> Result<Value> {
    node.to_value().ok_or_else(|| Failure::usage(format!("{name}: nested too deeply")))
}

fn parse(name: &str, bytes: Vec<u8>) -> Result<Vec<Document>> {
    let text = Arc::new(decode(name, bytes)?.0);
    yaml::parse(&text).map_err(|error| excerpt::yaml_error(name, &text, &error))
}
