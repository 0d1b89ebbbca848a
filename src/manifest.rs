//! New objects: the frame that a spec stands in.
//!
//! Specs of built-in kinds are k8s-openapi's. Its frame is not taken: it knows the times that a server writes into
//! `metadata`, and the calendar to print them would be a tenth of each WASM module.

use std::collections::BTreeMap;

use k8s_openapi::Resource;
use serde::Serialize;
use serde_json::Value;

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
