//! What was done and what was found. Every view (KRM results, text, JSON) is made from these two lists.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::stream::{Object, ObjectId};
use krmor_yaml::Op;

/// How a change relates to what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nothing was there.
    Added,
    /// A weaker value was there, and making it stricter is in the function's charge.
    Raised,
    /// An explicit value of the user's gave way, because the spec says so: `conflicts: override`, `mode: set`.
    Overridden,
}

impl Class {
    /// The word used in every view.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Added => "added",
            Class::Raised => "raised",
            Class::Overridden => "overridden",
        }
    }
}

/// How bad a finding is. Errors stop the run; `failOn: warning` makes warnings do so too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Should be looked at.
    Warning,
    /// The output must not be used.
    Error,
}

impl Severity {
    /// The word that KRM results use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// The rule behind a change and its reason, in the words of the report.
#[derive(Clone, Debug)]
pub struct Why {
    /// Short and stable, such as `run-as-non-root`.
    pub rule: &'static str,
    /// One clause: what the change is good for.
    pub reason: Cow<'static, str>,
    /// What was there before.
    pub class: Class,
}

/// Who a change or finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ResourceRef {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// `metadata.name`, or `generateName` with `*`.
    pub name: String,
    /// `metadata.namespace`; empty when there is none.
    pub namespace: String,
    /// `config.kubernetes.io/path`, when the caller gave it.
    pub file: Option<String>,
    /// `config.kubernetes.io/index`, when the caller gave it.
    pub index: Option<u64>,
}

impl std::fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

/// One JSON Patch operation and why it was made.
#[derive(Clone, Debug)]
pub struct Change {
    /// Number of the document, in the order of the input.
    pub document: usize,
    /// The object changed.
    pub object: ObjectId,
    /// What was done.
    pub op: Op,
    /// For a new document, the number of the one that it stands after.
    pub after: Option<usize>,
    /// JSON Pointer from the document's root; empty for a new document.
    pub path: String,
    /// The new value; null for a removal.
    pub value: Value,
    /// The old value, where there was one.
    pub previous: Option<Box<Value>>,
    /// The function, by the name it has in the pipeline.
    pub function: Arc<str>,
    /// The rule, the reason and the class.
    pub why: Why,
}

impl Change {
    /// Whether it takes a whole object out of the stream.
    #[must_use]
    pub fn takes_object(&self) -> bool {
        // An item of a `List` has a pointer to it and no more: an object is no field of another.
        self.op == Op::Remove
            && self.previous.as_ref().is_some_and(|previous| previous.get("kind").is_some())
            && (self.path.is_empty() || self.path.rsplit('/').nth(1) == Some("items"))
    }
}

/// Something that a person should know, or must settle.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The function, by the name it has in the pipeline.
    pub function: Arc<str>,
    /// Short and stable, such as `conflict/privileged`.
    pub rule: Cow<'static, str>,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Number of the document; `None` for findings about the whole stream or the config.
    pub document: Option<usize>,
    /// The object it is about.
    pub object: Option<ObjectId>,
    /// JSON Pointer from the document's root; empty for the whole object.
    pub path: String,
}

/// Everything a run did and found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order they were made; indices in their paths hold at that moment.
    pub changes: Vec<Change>,
    /// In the order they were found.
    pub findings: Vec<Finding>,
    /// The function that is running.
    function: Arc<str>,
}

impl Report {
    /// Names the function that the following changes and findings come from.
    pub fn begin(&mut self, function: &str) {
        self.function = Arc::from(function);
    }

    /// The function that is running.
    #[must_use]
    pub fn function(&self) -> &Arc<str> {
        &self.function
    }

    /// Records a finding about `object`, at `pointer` from the object's root.
    pub fn find(
        &mut self,
        severity: Severity,
        rule: impl Into<Cow<'static, str>>,
        object: &Object<'_>,
        pointer: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let remedy = remedy.into();
        self.findings.push(Finding {
            severity,
            function: Arc::clone(&self.function),
            rule: rule.into(),
            message: message.into(),
            remedy: (!remedy.is_empty()).then_some(remedy),
            document: Some(object.document()),
            object: Some(object.id()),
            path: format!("{}{pointer}", object.prefix()),
        });
    }

    /// Records what of a spec cannot be right: field, problem and remedy of each; whether there is any.
    pub fn contradicts<P: fmt::Display>(&mut self, contradictions: Vec<(String, P, &'static str)>) -> bool {
        let any = !contradictions.is_empty();
        for (field, problem, remedy) in contradictions {
            self.find_in_stream(Severity::Error, "config", format!("{field}: {problem}"), remedy);
        }
        any
    }

    /// Records a finding about the config or the stream as a whole.
    pub fn find_in_stream(
        &mut self,
        severity: Severity,
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.findings.push(Finding {
            severity,
            function: Arc::clone(&self.function),
            rule: Cow::Borrowed(rule),
            message: message.into(),
            remedy: Some(remedy.into()),
            document: None,
            object: None,
            path: String::new(),
        });
    }

    /// The worst severity found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}
