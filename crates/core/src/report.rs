//! What was done and what was found. Every view (KRM results, text, JSON, SARIF) is made from these two lists.

use std::borrow::Cow;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use krmor_yaml::Op;
use serde_json::Value;

/// Index of an object in its stream; objects keep theirs throughout a run.
pub type ObjectId = usize;

/// A rule, declared once: results, tables, `krmor explain` and SARIF tell of it from here.
#[derive(Debug)]
pub struct Rule {
    /// Short and stable, such as `run-as-non-root` or `conflict/privileged`.
    pub id: &'static str,
    /// What its findings and changes say, in one sentence without a full stop.
    pub summary: &'static str,
    /// How bad its findings are unless the config says otherwise; `Info` for rules that only change.
    pub severity: Severity,
    /// Why it matters and what to do; empty in builds that never print it.
    pub help: &'static str,
}

/// There is one of each id in a function.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Declares rules, and `RULES`, the list of them all: `NAME = "id", Severity, "summary", "help";`.
#[macro_export]
macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $summary:literal, $help:literal;)*) => {
        $(
            #[doc = $summary]
            pub static $name: $crate::report::Rule = $crate::report::Rule {
                id: $id,
                summary: $summary,
                severity: $crate::report::Severity::$severity,
                // The longest texts of a module, which only the command line prints.
                help: if cfg!(feature = "schema") { $help } else { "" },
            };
        )*

        /// Every rule of this list.
        pub static RULES: &[&$crate::report::Rule] = &[$(&$name),*];
    };
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In no place of its own: it is about the stream as a whole.
    Stream,
    /// In the config of the function: a JSON Pointer from its spec.
    Config(String),
    /// In an object.
    Object {
        /// Which.
        object: ObjectId,
        /// Number of its document.
        document: usize,
        /// JSON Pointer from the document's root; empty for all of it.
        pointer: String,
    },
}

/// How a change relates to what was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nothing was there.
    Added,
    /// A security field got a stricter value, as [`crate::strictness`] has it.
    Raised,
    /// A field that is in the function's charge got another value, or went.
    Updated,
    /// An explicit value of the user's gave way, because the spec says so: `conflicts: override`, `mode: set`, `convert`,
    /// `autoscaling` over `replicas`.
    Overridden,
}

impl Class {
    /// The word used in every view.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Added => "added",
            Class::Raised => "raised",
            Class::Updated => "updated",
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
    /// The rule.
    pub rule: &'static Rule,
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
    /// The function, by the name it has in the pipeline; empty until it is recorded.
    pub function: Arc<str>,
    /// The rule.
    pub rule: &'static Rule,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Where it is.
    pub place: Place,
    /// What it is about, as exceptions name it: a field, a variable, a key, a port, an object.
    pub subject: Option<String>,
}

impl Finding {
    /// A finding with its rule's severity; an empty remedy is none.
    #[must_use]
    pub fn new(rule: &'static Rule, place: Place, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into()).filter(|remedy| !remedy.is_empty());
        let (severity, function, subject) = (rule.severity, Arc::default(), None);
        Self { severity, function, rule, message: message.into(), remedy, place, subject }
    }

    /// The same with another severity than its rule's.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same, about something that exceptions can name.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The object that it is about.
    #[must_use]
    pub fn object(&self) -> Option<ObjectId> {
        match &self.place {
            Place::Object { object, .. } => Some(*object),
            _ => None,
        }
    }

    /// The number of the document that it is about.
    #[must_use]
    pub fn document(&self) -> Option<usize> {
        match &self.place {
            Place::Object { document, .. } => Some(*document),
            _ => None,
        }
    }

    /// JSON Pointer from the root of its document; empty where it is about no field.
    #[must_use]
    pub fn pointer(&self) -> &str {
        match &self.place {
            Place::Object { pointer, .. } => pointer,
            _ => "",
        }
    }
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
    /// What has been said, as hashes.
    said: HashSet<u64>,
    /// The exceptions of the running function that something has needed, by number.
    needed: HashSet<usize>,
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

    /// Records a finding with the severity of its rule; an empty remedy is none.
    pub fn add(&mut self, rule: &'static Rule, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.record(Finding::new(rule, place, message, remedy));
    }

    /// Records a finding with a severity of its own.
    pub fn add_as(
        &mut self,
        severity: Severity,
        rule: &'static Rule,
        place: Place,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.record(Finding::new(rule, place, message, remedy).with_severity(severity));
    }

    /// Records a finding of the running function.
    pub fn record(&mut self, finding: Finding) {
        self.said.insert(self.key(&finding));
        self.findings.push(Finding { function: Arc::clone(&self.function), ..finding });
    }

    /// Records what has not been said in this run: functions that read the same part of the stream find the same.
    pub fn record_once(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            if !self.said.contains(&self.key(&finding)) {
                self.record(finding);
            }
        }
    }

    /// What makes a finding the same as another one: its rule, place and message. A place in a config is the function's.
    fn key(&self, finding: &Finding) -> u64 {
        let owner = if matches!(finding.place, Place::Config(_)) { &*self.function } else { "" };
        let mut hasher = DefaultHasher::new();
        (finding.rule.id, &finding.place, &finding.message, owner).hash(&mut hasher);
        hasher.finish()
    }

    /// Notes that something needs an exception of the running function, by its number.
    pub fn need_exception(&mut self, number: usize) {
        self.needed.insert(number);
    }

    /// The exceptions that have been needed since the last call, by number.
    pub fn take_needed(&mut self) -> HashSet<usize> {
        std::mem::take(&mut self.needed)
    }

    /// The worst severity found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}

/// A pointer as KRM results write paths: `spec.containers[0].image`, and `[key]` for keys with dots.
#[must_use]
pub fn field_path(pointer: &str) -> String {
    let mut out = String::new();
    for token in krmor_yaml::pointer_tokens(pointer).unwrap_or_default() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_people_write_them() {
        assert_eq!(field_path("/spec/containers/0/image"), "spec.containers[0].image");
        assert_eq!(field_path("/metadata/annotations/a.b~1c"), "metadata.annotations[a.b/c]");
    }
}
