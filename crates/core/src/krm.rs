//! Transports: what callers hand over on standard input, and what they get back.
//!
//! A ResourceList (kustomize's KRM exec and containers, kpt) carries its function config and takes results; a bare
//! stream (kustomize's legacy plugins, Helm, pipes) carries only objects.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::config::Problem;
use crate::mask::mask;
pub use crate::report::field_path;
use crate::report::{Change, Finding, Place, Report, ResourceRef, Severity};
use crate::rules::CONFIG;
use crate::stream::{ObjectId, Stream};
use krmor_yaml::{self as yaml, Document, EditError, Kind, Node, Op, Operation};

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
    /// As it came: its objects are copied out of it, so that a failing run can answer with them untouched.
    document: Document,
}

impl ResourceList {
    /// Takes what [`is_resource_list`] has recognised.
    ///
    /// # Errors
    /// When there is more than one document.
    pub fn new(mut documents: Vec<Document>) -> Result<Self, yaml::Error> {
        if documents.len() > 1 {
            let offset = documents.get(1).map_or(0, |document| document.span().start);
            return Err(yaml::Error { offset, message: "a ResourceList must be the only document".to_owned() });
        }
        let empty = yaml::Error { offset: 0, message: "the ResourceList is empty".to_owned() };
        documents.pop().map(|document| Self { document }).ok_or(empty)
    }

    /// Its content.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        self.document.root()
    }

    /// Its objects.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream::of_items(self.document.clone())
    }

    /// The text with its objects as they came, and why as results: what a failing run answers.
    ///
    /// # Errors
    /// When the list's own fields are of a wrong shape.
    pub fn render_unchanged(mut self, results: Vec<Value>) -> Result<String, EditError> {
        add_results(&mut self.document, results)?;
        Ok(yaml::render(&[self.document]))
    }
}

/// The text of a ResourceList with the changes of its stream and the report's results in it.
///
/// # Errors
/// When the list's own fields are of a wrong shape.
pub fn render_list(stream: &mut Stream, report: &Report) -> Result<String, EditError> {
    let results = results(stream, report);
    if let Some(list) = stream.merge_items()? {
        add_results(list, results)?;
    }
    Ok(stream.render())
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
    let changes = report.changes.iter().map(|change| change_result(stream, change));
    findings(stream, report).into_iter().chain(changes).collect()
}

/// What was found, without what was done: a failing run does nothing.
pub fn findings(stream: &Stream, report: &Report) -> Vec<Value> {
    report.findings.iter().map(|finding| finding_result(stream, finding)).collect()
}

/// Why nothing was run, as a result.
#[must_use]
pub fn refusal(message: &str) -> Value {
    json!({"message": message, "severity": Severity::Error.name()})
}

/// What is wrong with a config, as a result; its pointer is from the config's root.
#[must_use]
pub fn config_result(problem: &Problem) -> Value {
    let path = problem.path();
    let mut message = if path.is_empty() { problem.message.clone() } else { format!("{path}: {}", problem.message) };
    if !problem.remedy.is_empty() {
        message += &format!("; {}", problem.remedy);
    }
    let mut result = refusal(&message);
    set(&mut result, "tags", json!({"rule": CONFIG.id, "pointer": problem.pointer}));
    result
}

fn reference(stream: &Stream, object: Option<ObjectId>) -> Option<ResourceRef> {
    object.and_then(|id| stream.object(id)).map(|object| object.reference())
}

/// What a finding says: one in a config begins with its path there, such as `spec.targets[0]`.
#[must_use]
pub fn message(finding: &Finding) -> Cow<'_, str> {
    match &finding.place {
        Place::Config(pointer) => {
            Cow::Owned(format!("{}: {}", field_path(&format!("/spec{pointer}")), finding.message))
        }
        _ => Cow::Borrowed(&finding.message),
    }
}

/// What a finding says, and what to do about it.
#[must_use]
pub fn advice(finding: &Finding) -> String {
    match &finding.remedy {
        Some(remedy) => format!("{}; {remedy}", message(finding)),
        None => message(finding).into_owned(),
    }
}

fn finding_result(stream: &Stream, finding: &Finding) -> Value {
    let message = advice(finding);
    let mut result = json!({"message": message, "severity": finding.severity.name()});
    locate(&mut result, reference(stream, finding.object()), finding.document());
    let pointer = finding.pointer();
    if !pointer.is_empty() {
        set(&mut result, "field", json!({"path": field_path(pointer)}));
    }
    set(
        &mut result,
        "tags",
        json!({"function": finding.function.as_ref(), "rule": finding.rule.id, "pointer": pointer}),
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
        "rule": change.why.rule.id,
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
