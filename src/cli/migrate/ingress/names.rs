//! What kustomize has to be told of the Gateway API, where it changes names.

use serde_json::{Map, Value, json};

use super::documents::joined;
use crate::cli::Result;

/// Where routes, listeners and policies name objects whose names kustomize may change.
pub(super) fn name_references() -> Result<String> {
    const GROUP: &str = "gateway.networking.k8s.io";
    let of = |kind: &str, group: &str, version: &str, paths: &[(&str, &str)]| {
        let fields: Vec<Value> =
            paths.iter().map(|(kind, path)| json!({"kind": kind, "group": GROUP, "path": path})).collect();
        let mut one = Map::new();
        one.insert("kind".to_owned(), json!(kind));
        if !group.is_empty() {
            one.insert("group".to_owned(), json!(group));
        }
        if !version.is_empty() {
            one.insert("version".to_owned(), json!(version));
        }
        one.insert("fieldSpecs".to_owned(), Value::Array(fields));
        Value::Object(one)
    };
    let backends = [
        ("HTTPRoute", "spec/rules/backendRefs/name"),
        ("GRPCRoute", "spec/rules/backendRefs/name"),
        ("TLSRoute", "spec/rules/backendRefs/name"),
        ("BackendTLSPolicy", "spec/targetRefs/name"),
    ];
    let parents = [
        ("HTTPRoute", "spec/parentRefs/name"),
        ("GRPCRoute", "spec/parentRefs/name"),
        ("TLSRoute", "spec/parentRefs/name"),
    ];
    let secrets = [
        ("Gateway", "spec/listeners/tls/certificateRefs/name"),
        ("ListenerSet", "spec/listeners/tls/certificateRefs/name"),
        ("ReferenceGrant", "spec/to/name"),
    ];
    let value = json!({"nameReference": [
        of("Service", "", "v1", &backends),
        of("Secret", "", "v1", &secrets),
        of("ConfigMap", "", "v1", &[("BackendTLSPolicy", "spec/validation/caCertificateRefs/name")]),
        of("Gateway", GROUP, "", &parents),
        of("ListenerSet", GROUP, "", &parents),
    ]});
    let text = joined(&[value], None)?;
    Ok(format!(
        "# Where the objects of the Gateway API name others: kustomize needs it to change names and add hashes.\n{text}"
    ))
}
