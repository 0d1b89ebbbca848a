//! Adds the config to a kustomization's `transformers:`, by edits that leave all other bytes alone.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::cli::{Failure, Result};
use crate::excerpt;
use crate::transport::decode;
use crate::yaml::{self, Node, Op, Operation};

/// The kustomization with the config in it; `None` where it is there already. `shown` is how messages name it.
pub(super) fn wired(kustomization: &Path, shown: &str, config: &str) -> Result<Option<Vec<u8>>> {
    let bytes = std::fs::read(kustomization).map_err(|error| Failure::io(shown, &error))?;
    let (text, encoding) = decode(shown, bytes)?;
    let text = Arc::new(text);
    let mut documents = yaml::parse(&text).map_err(|error| excerpt::yaml_error(shown, &text, &error))?;
    let Some(document) = documents.first_mut() else { return Ok(None) };
    let list = document.root().get("transformers").filter(|list| !list.is_null());
    let is_there = |item: Node<'_>| item.as_str().is_some_and(|text| text.trim_start_matches("./") == config);
    if list.is_some_and(|list| list.items().any(is_there)) {
        return Ok(None);
    }
    let (path, value) = match list {
        Some(_) => ("/transformers/-", json!(config)),
        None => ("/transformers", json!([config])),
    };
    let operation = Operation { op: Op::Add, path, value: &value };
    document.apply(operation).map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
    Ok(Some(encoding.encode(yaml::render(&documents))))
}
