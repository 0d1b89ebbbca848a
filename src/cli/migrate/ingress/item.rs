//! An object on its way through kustomizations. Names and namespaces that they set are kept beside it: what objects say
//! of each other stays as it is written, as kustomize leaves it until all is done.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::model::text;

/// The document that an object is from; what is made of an Ingress is from its document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) document: usize,
}

/// What one kustomization does to names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) namespace: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) value: Value,
    pub(super) source: Source,
    pub(super) trail: Vec<Step>,
    /// Labels that kustomizations add.
    pub(super) labels: Map<String, Value>,
    /// The kustomization whose file it is in.
    pub(super) group: usize,
}

impl Item {
    pub(super) fn kind(&self) -> &str {
        text(&self.value, "/kind").unwrap_or_default()
    }

    pub(super) fn raw_name(&self) -> &str {
        text(&self.value, "/metadata/name").unwrap_or_default()
    }

    /// All names that it has had, the one that it has now last.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = vec![self.raw_name().to_owned()];
        for step in self.trail.iter().filter(|step| !step.prefix.is_empty() || !step.suffix.is_empty()) {
            let last = names.last().cloned().unwrap_or_default();
            names.push(format!("{}{last}{}", step.prefix, step.suffix));
        }
        names
    }

    pub(super) fn name(&self) -> String {
        self.names().pop().unwrap_or_default()
    }

    /// All namespaces that it has had, the one that it has now last.
    pub(super) fn namespaces(&self) -> Vec<Option<String>> {
        let own = text(&self.value, "/metadata/namespace").map(str::to_owned);
        let set = self.trail.iter().filter_map(|step| step.namespace.clone()).map(Some);
        std::iter::once(own).chain(set).collect()
    }

    pub(super) fn namespace(&self) -> Option<String> {
        self.namespaces().pop().flatten()
    }

    pub(super) fn label<'a>(&'a self, key: &str) -> Option<&'a str> {
        let own = self.value.pointer("/metadata/labels").and_then(|map| map.get(key));
        self.labels.get(key).or(own).and_then(Value::as_str)
    }

    /// The Ingress that it is, or is made of, in the one of several overlays that are put together.
    pub(super) fn origin(&self) -> (&Source, &[Step]) {
        (&self.source, &self.trail)
    }
}
