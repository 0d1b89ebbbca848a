//! Transports: what callers hand over on standard input, and what they get back.
//!
//! A ResourceList (kustomize's KRM exec and containers, kpt) carries its function config and takes results; a bare
//! stream (kustomize's legacy plugins, Helm, pipes) carries only objects.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::report::{Change, Finding, Report, ResourceRef, Severity};
use crate::stream::{ObjectId, Stream};
use crate::yaml::{self, Document, EditError, Kind, Node, Op, Operation};

/// The annotations that callers put on objects to find them again. Nothing of ours may touch them.
pub const CALLER_ANNOTATIONS: &[&str] = &[
    "config.k8s.io/",
    "config.kubernetes.io/",
    "internal.config.kubernetes.io/",
    "kustomize.config.k8s.io/",
    "postrenderer.helm.sh/",
];

/// Whether a parsed stream is a ResourceList.
#[must_use]
pub fn is_resource_list(documents: &[Document]) -> bool {
    let Some(root) = documents.first().map(Document::root) else { return false };
    let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
    text("kind") == "ResourceList" && text("apiVersion").starts_with("config.kubernetes.io/")
}

/// A ResourceList: one YAML document that holds the objects, the function config and the results.
#[derive(Debug)]
pub struct ResourceList {
    text: Arc<String>,
}

impl ResourceList {
    /// Takes a text that [`is_resource_list`] has recognised.
    #[must_use]
    pub fn new(text: Arc<String>) -> Self {
        Self { text }
    }

    /// Its one document, freshly parsed.
    ///
    /// # Errors
    /// When it is not YAML, or there is more than one document.
    pub fn document(&self) -> Result<Document, yaml::Error> {
        let mut documents = yaml::parse(&self.text)?;
        if documents.len() > 1 {
            let offset = documents.get(1).map_or(0, |document| document.span().start);
            return Err(yaml::Error { offset, message: "a ResourceList must be the only document".to_owned() });
        }
        documents.pop().ok_or(yaml::Error { offset: 0, message: "the ResourceList is empty".to_owned() })
    }

    /// The text with the stream's changes and the report's results in it.
    ///
    /// # Errors
    /// When the list's own fields are of a wrong shape.
    pub fn render(&self, stream: &mut Stream, report: &Report) -> Result<String, EditError> {
        let results = results(stream, report);
        if let Some(list) = stream.merge_items()? {
            add_results(list, results)?;
        }
        Ok(stream.render())
    }

    /// The text with its objects as they came, and the reason why nothing was run as a result.
    ///
    /// # Errors
    /// When the list's own fields are of a wrong shape.
    pub fn render_refused(&self, message: &str) -> Result<String, EditError> {
        let mut document = self.document().map_err(unreadable)?;
        add_results(&mut document, vec![json!({"message": message, "severity": Severity::Error.name()})])?;
        Ok(yaml::render(&[document]))
    }

    /// The text with its objects as they came, and the report's results: what a failing run answers.
    ///
    /// # Errors
    /// When the list's own fields are of a wrong shape.
    pub fn render_unchanged(&self, stream: &Stream, report: &Report) -> Result<String, EditError> {
        let mut document = self.document().map_err(unreadable)?;
        let mut findings = report.clone();
        findings.changes.clear(); // none of them is in the output
        add_results(&mut document, results(stream, &findings))?;
        Ok(yaml::render(&[document]))
    }
}

fn unreadable(error: yaml::Error) -> EditError {
    EditError { path: String::new(), message: error.message }
}

/// Appends to the results that earlier functions left.
fn add_results(document: &mut Document, results: Vec<Value>) -> Result<(), EditError> {
    if results.is_empty() {
        return Ok(());
    }
    match document.root().get("results").filter(|node| node.kind() == Kind::Seq) {
        None => document.apply(Operation { op: Op::Add, path: "/results", value: &Value::Array(results) }),
        Some(_) => results
            .iter()
            .try_for_each(|result| document.apply(Operation { op: Op::Add, path: "/results/-", value: result })),
    }
}

/// The report as KRM results, secret values masked.
#[must_use]
pub fn results(stream: &Stream, report: &Report) -> Vec<Value> {
    let findings = report.findings.iter().map(|finding| finding_result(stream, finding));
    let changes = report.changes.iter().map(|change| change_result(stream, change));
    findings.chain(changes).collect()
}

fn reference(stream: &Stream, object: Option<ObjectId>) -> Option<ResourceRef> {
    object.and_then(|id| stream.object(id)).map(|object| object.reference())
}

fn finding_result(stream: &Stream, finding: &Finding) -> Value {
    let message = match &finding.remedy {
        Some(remedy) => format!("{}; {remedy}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({"message": message, "severity": finding.severity.name()});
    locate(&mut result, reference(stream, finding.object), finding.document);
    if !finding.path.is_empty() {
        set(&mut result, "field", json!({"path": field_path(&finding.path)}));
    }
    set(
        &mut result,
        "tags",
        json!({"function": finding.function.as_ref(), "rule": finding.rule, "pointer": finding.path}),
    );
    result
}

fn change_result(stream: &Stream, change: &Change) -> Value {
    let object = reference(stream, Some(change.object));
    let kind = object.as_ref().map_or("", |object| object.kind.as_str());
    let mut field = json!({"path": field_path(&change.path)});
    if let Some(previous) = &change.previous {
        set(&mut field, "currentValue", mask(kind, &change.path, previous));
    }
    if change.op != Op::Remove {
        set(&mut field, "proposedValue", mask(kind, &change.path, &change.value));
    }
    let mut result = json!({"message": change.why.reason, "severity": Severity::Info.name()});
    locate(&mut result, object, Some(change.document));
    set(&mut result, "field", field);
    let tags = json!({
        "function": change.function.as_ref(),
        "rule": change.why.rule,
        "class": change.why.class.name(),
        "op": change.op.name(),
        "pointer": change.path,
    });
    set(&mut result, "tags", tags);
    if let (Some(after), Some(tags)) = (change.after, result.get_mut("tags")) {
        set(tags, "after", Value::String(after.to_string())); // values of tags are strings
    }
    result
}

fn set(target: &mut Value, key: &str, value: Value) {
    if let Some(map) = target.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

fn locate(result: &mut Value, object: Option<ResourceRef>, document: Option<usize>) {
    let Some(object) = object else { return };
    let mut reference = json!({"apiVersion": object.api_version, "kind": object.kind, "name": object.name});
    if !object.namespace.is_empty() {
        set(&mut reference, "namespace", Value::String(object.namespace));
    }
    set(result, "resourceRef", reference);
    if let Some(path) = object.file {
        let index = object.index.or_else(|| document.and_then(|n| u64::try_from(n).ok())).unwrap_or_default();
        set(result, "file", json!({"path": path, "index": index}));
    }
}

/// A pointer as KRM results write paths: `spec.containers[0].image`, and `[key]` for keys with dots.
#[must_use]
pub fn field_path(pointer: &str) -> String {
    let mut out = String::new();
    for token in yaml::pointer_tokens(pointer).unwrap_or_default() {
        if !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit()) || token.contains(['.', '/']) {
            out.push('[');
            out.push_str(&token);
            out.push(']');
        } else {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(&token);
        }
    }
    out
}

/// What stands for a value that must not be shown.
pub const MASK: &str = "***";

/// Lists of items with `name` and `value` whose values may be secrets: environment variables, and the headers of probes,
/// which may hold a login.
const NAMED_VALUES: [&str; 2] = ["env", "httpHeaders"];

fn is_named_values(key: &str) -> bool {
    NAMED_VALUES.contains(&key)
}

/// A value as any view may show it: data of Secrets and values of environment variables and headers are masked.
#[must_use]
pub fn mask(kind: &str, pointer: &str, value: &Value) -> Value {
    let secret_data = |token: &str| matches!(token, "data" | "stringData");
    let tokens = yaml::pointer_tokens(pointer).unwrap_or_default();
    let in_secret = kind == "Secret" || tokens.iter().any(|token| token == "items") && kind.ends_with("List");
    let mut secret = in_secret && tokens.iter().any(|token| secret_data(token));
    let in_env = tokens.iter().position(|token| is_named_values(token)).is_some_and(|at| {
        // `env`, `env/0` are shown but for the values in them; `env/0/value` is one.
        tokens.get(at + 2).is_some_and(|token| token == "value")
    });
    secret |= in_env;
    let last_is_env = tokens.iter().rev().take(2).any(|token| is_named_values(token));
    hide(value, secret, kind == "Secret", last_is_env)
}

/// kubectl's last-applied-configuration repeats the data.
fn is_hidden(key: &str) -> bool {
    matches!(key, "data" | "stringData" | "annotations")
}

fn hide(value: &Value, secret: bool, in_secret: bool, in_env: bool) -> Value {
    match value {
        Value::Object(entries) => {
            let in_secret = in_secret || entries.get("kind").is_some_and(|kind| kind == "Secret");
            let one = |(key, inner): (&String, &Value)| {
                let hidden = secret || in_secret && is_hidden(key) || in_env && key == "value";
                (key.clone(), hide(inner, hidden, in_secret, is_named_values(key)))
            };
            Value::Object(entries.iter().map(one).collect())
        }
        Value::Array(items) => items.iter().map(|item| hide(item, secret, in_secret, in_env)).collect(),
        Value::Null => Value::Null,
        _ if secret => Value::String(MASK.to_owned()),
        other => other.clone(),
    }
}

/// Where a document's text holds what [`mask`] masks in values: byte spans that no view may show, in order.
#[must_use]
pub fn secret_spans(root: Node<'_>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    // A node, and the kind that a typed list (`SecretList`) gives items which do not say.
    let mut open = vec![(root, None)];
    while let Some((node, implied)) = open.pop() {
        open.extend(node.items().map(|item| (item, None)));
        let kind = node.get("kind").and_then(Node::as_str).or(implied);
        let of_secret = kind.as_deref() == Some("Secret");
        for (key, value) in node.entries() {
            match key.as_ref() {
                "data" | "stringData" if of_secret => secret_data(value, &mut out),
                // kubectl's last-applied-configuration repeats the data.
                "metadata" if of_secret => out.extend(value.get("annotations").and_then(Node::span)),
                key if is_named_values(key) && value.kind() == Kind::Seq => {
                    out.extend(value.items().filter_map(|item| item.get("value")).filter_map(Node::span));
                }
                "items" if value.kind() == Kind::Seq => {
                    let item =
                        kind.as_deref().and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
                    open.extend(value.items().map(|node| (node, item.map(|kind| Cow::Owned(kind.to_owned())))));
                }
                _ => open.push((value, None)),
            }
        }
    }
    out.sort_by_key(|span| (span.start, span.end));
    out
}

/// All of a Secret's data but its keys: a comment between may be an old value.
fn secret_data(data: Node<'_>, out: &mut Vec<Range<usize>>) {
    let Some(span) = data.span() else { return };
    let mut keys: Vec<_> = data.entries().filter_map(|(key, _)| data.key_span(&key)).collect();
    keys.retain(|key| span.start <= key.start && key.end <= span.end); // an alias stands for text elsewhere
    keys.sort_by_key(|key| key.start);
    let mut from = span.start;
    for key in keys {
        out.push(from..key.start);
        from = key.end;
    }
    out.push(from..span.end);
    out.extend(data.entries().filter_map(|(_, value)| value.span()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_people_write_them() {
        assert_eq!(field_path("/spec/containers/0/image"), "spec.containers[0].image");
        assert_eq!(field_path("/metadata/annotations/a.b~1c"), "metadata.annotations[a.b/c]");
    }

    #[test]
    fn secrets_are_masked_at_every_depth() {
        let cases = [
            ("Secret", "/data", json!({"k": "hush"}), json!({"k": "***"})),
            ("Secret", "/stringData/k", json!("hush"), json!("***")),
            (
                "Secret",
                "",
                json!({"data": {"k": "hush"}, "type": "Opaque"}),
                json!({"data": {"k": "***"}, "type": "Opaque"}),
            ),
            ("Pod", "/spec/containers/0/env/0/value", json!("hush"), json!("***")),
            (
                "Pod",
                "/spec/containers/0/env/0",
                json!({"name": "A", "value": "hush"}),
                json!({"name": "A", "value": "***"}),
            ),
            (
                "Pod",
                "/spec/containers/0/env",
                json!([{"name": "A", "value": "hush"}]),
                json!([{"name": "A", "value": "***"}]),
            ),
            (
                "Pod",
                "/spec",
                json!({"containers": [{"env": [{"name": "A", "value": "hush"}]}]}),
                json!({"containers": [{"env": [{"name": "A", "value": "***"}]}]}),
            ),
            (
                "Pod",
                "/spec/containers/0/livenessProbe",
                json!({"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "hush"}]}}),
                json!({"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "***"}]}}),
            ),
            ("Pod", "/spec/containers/0/livenessProbe/httpGet/httpHeaders/0/value", json!("hush"), json!("***")),
            ("Pod", "/spec/runAsUser", json!(5), json!(5)),
            ("ConfigMap", "/data/k", json!("shown"), json!("shown")),
        ];
        for (kind, pointer, value, wanted) in cases {
            assert_eq!(mask(kind, pointer, &value), wanted, "{kind} {pointer}");
        }
    }

    #[test]
    fn secrets_are_found_in_every_layout() {
        let cases = [
            "kind: Secret\nmetadata: {annotations: {last: hush}}\ndata:\n  # hush\n  k: hush # hush\n  l: |\n    hush\n",
            "{\"kind\":\"Secret\",\"stringData\":{\"k\":\"hush\"}}",
            "kind: SecretList\nitems:\n- data: {k: hush}\n",
            "kind: List\nitems:\n- kind: List\n  items:\n  - kind: Secret\n    data: {k: hush}\n",
            "kind: ResourceList\nitems:\n- kind: Secret\n  data: {k: hush}\n",
            "kind: Pod\nspec:\n  containers:\n  - env:\n    - {name: A, value: hush}\n    - name: B\n      value: >-\n        hush\n\n        hush\n",
            "kind: Pod\nspec: {initContainers: [{env: [{value: \"hush\", name: A}]}]}",
            "kind: Pod\nspec:\n  containers:\n  - readinessProbe:\n      httpGet:\n        httpHeaders:\n        - name: Authorization\n          value: hush\n",
            "kind: Pod\nx: &x hush\nspec:\n  containers:\n  - env:\n    - value: *x\n",
        ];
        for case in cases {
            let documents = yaml::parse(&Arc::new(case.to_owned())).unwrap();
            let root = documents.first().unwrap().root();
            let mut text = case.to_owned();
            for span in secret_spans(root).into_iter().rev() {
                let blank = "#".repeat(span.len());
                text.replace_range(span, &blank);
            }
            let rest = text.split('\n').filter(|line| !line.contains('#')).collect::<String>();
            assert!(!rest.contains("hush"), "{case}\n{text}");
        }
        let shown =
            "kind: ConfigMap\ndata: {value: shown}\n---\nkind: Pod\nspec: {containers: [{name: env, args: [value]}]}\n";
        for document in yaml::parse(&Arc::new(shown.to_owned())).unwrap() {
            assert!(secret_spans(document.root()).is_empty());
        }
    }
}
