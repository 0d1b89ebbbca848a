//! New objects: the frame that a spec stands in.
//!
//! Specs of built-in kinds are k8s-openapi's. Its frame is not taken: it knows the times that a server writes into
//! `metadata`, and the calendar to print them would be a tenth of each WASM module.

use std::collections::BTreeMap;

use k8s_openapi::Resource;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::stream::Object;
use krmor_yaml::Node;

/// A mapping as `json!` writes it, without the fields that are null; what stands in it is a value of its own.
#[macro_export]
macro_rules! fields {
    ({$($key:literal: $value:expr),* $(,)?}) => {{
        let mut map = ::serde_json::Map::new();
        $($crate::manifest::put(&mut map, $key, ::serde_json::Value::from($value));)*
        ::serde_json::Value::Object(map)
    }};
}

/// Sets a field of a mapping, unless it is null. One call for each field: what `json!` does there is several, and each
/// WASM module has them all.
#[inline(never)]
pub fn put(map: &mut Map<String, Value>, key: &str, value: Value) {
    if !value.is_null() {
        map.insert(key.to_owned(), value);
    }
}

/// An object that is to be made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest<S> {
    /// `apiVersion`.
    pub api_version: &'static str,
    /// `kind`.
    pub kind: &'static str,
    /// `metadata`.
    pub metadata: Metadata,
    /// `spec`, in the type of its kind.
    pub spec: S,
}

/// What manifests say in `metadata`, in the order that k8s-openapi has.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Metadata {
    /// `annotations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// `labels`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `name`; none in a pod template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `namespace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl Metadata {
    /// Those of an object that serves `workload`: its namespace and labels.
    #[must_use]
    pub fn beside(workload: &Object<'_>) -> Self {
        let labels = texts(workload.root().find(&["metadata", "labels"]));
        let namespace = workload.namespace().into_owned();
        Self {
            labels: Some(labels).filter(|labels| !labels.is_empty()),
            namespace: Some(namespace).filter(|namespace| !namespace.is_empty()),
            ..Self::default()
        }
    }

    /// Those of an object that serves `workload` and has its name; a workload without a fixed one is refused when the
    /// object is emitted.
    #[must_use]
    pub fn named_as(workload: &Object<'_>) -> Self {
        Self { name: Some(workload.name().into_owned()), ..Self::beside(workload) }
    }
}

/// The entries of a mapping whose values are texts.
fn texts(node: Option<Node<'_>>) -> BTreeMap<String, String> {
    let entries = node.into_iter().flat_map(Node::entries);
    entries.filter_map(|(key, value)| Some((key.into_owned(), value.as_str()?.into_owned()))).collect()
}

impl<S: Serialize> Manifest<S> {
    /// An object of the built-in kind `R`.
    pub fn of<R: Resource>(metadata: Metadata, spec: S) -> Self {
        Self { api_version: R::API_VERSION, kind: R::KIND, metadata, spec }
    }

    /// The object as JSON.
    ///
    /// # Errors
    /// Those of the spec's type.
    pub fn to_value(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }
}
