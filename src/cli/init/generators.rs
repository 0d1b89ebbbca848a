//! The ConfigMaps and Secrets that the generators of a kustomization make: names and keys, and no value of a Secret.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::yaml::Node;

/// What stands for a value that nobody may see.
const HIDDEN: &str = "hidden";

/// One that is made.
pub(in crate::cli) struct Made<'a> {
    pub(in crate::cli) kind: &'static str,
    pub(in crate::cli) name: String,
    pub(in crate::cli) node: Node<'a>,
    namespace: String,
    data: Map<String, Value>,
}

impl Made<'_> {
    pub(in crate::cli) fn object(&self) -> Value {
        let mut metadata = json!({"name": self.name});
        if let Some(map) = metadata.as_object_mut().filter(|_| !self.namespace.is_empty()) {
            map.insert("namespace".to_owned(), json!(self.namespace));
        }
        let field = if self.kind == "Secret" { "stringData" } else { "data" };
        json!({"apiVersion": "v1", "kind": self.kind, "metadata": metadata, field: self.data})
    }
}

/// All that a kustomization generates; files lie relative to `folder`.
pub(in crate::cli) fn read<'a>(root: Node<'a>, folder: &Path) -> Vec<Made<'a>> {
    let mut out = Vec::new();
    for (field, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
        for node in root.get(field).into_iter().flat_map(Node::items) {
            let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default().into_owned();
            let is_secret = kind == "Secret";
            let mut data = Map::new();
            for (key, value) in pairs(node, folder) {
                let value = if is_secret && !value.is_empty() { HIDDEN.to_owned() } else { value };
                data.insert(key, Value::String(value));
            }
            out.push(Made { kind, name: text("name"), node, namespace: text("namespace"), data });
        }
    }
    out
}

fn pairs(node: Node<'_>, folder: &Path) -> Vec<(String, String)> {
    let texts =
        |key: &str| node.get(key).into_iter().flat_map(Node::items).filter_map(Node::as_str).collect::<Vec<_>>();
    let file = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap_or_default();
    let mut out = Vec::new();
    let literals = texts("literals");
    out.extend(
        literals
            .iter()
            .filter_map(|text| text.split_once('='))
            .map(|(key, value)| (key.to_owned(), unquoted(value).to_owned())),
    );
    for entry in texts("files") {
        let own = Path::new(entry.as_ref()).file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (key, path) = entry.split_once('=').unwrap_or((own, &entry));
        out.push((key.to_owned(), file(path)));
    }
    for path in texts("envs").into_iter().chain(node.get("env").and_then(Node::as_str)) {
        let text = file(&path);
        let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
        out.extend(
            lines
                .map(|line| line.split_once('=').unwrap_or((line, "")))
                .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
    }
    out
}

/// kustomize takes one pair of quotes off a literal.
fn unquoted(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}
