//! The operators' own schemas of the custom resources that krmor makes; `tests/crds/modules` says where they are from.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;

use jsonschema::Validator;
use krmor::yaml;
use serde_json::{Value, json};

/// Schemas by `apiVersion` and `kind`.
pub struct Crds(BTreeMap<(String, String), Validator>);

impl Crds {
    /// Reads every definition.
    pub fn load() -> Self {
        let out = Command::new("tests/crds/get").stderr(Stdio::inherit()).output().expect("tests/crds/get runs");
        assert!(out.status.success(), "the definitions are missing and could not be downloaded: run tests/crds/get");
        let mut schemas = BTreeMap::new();
        for path in super::text(&out.stdout).lines().filter(|path| path.ends_with(".yaml")) {
            let text = std::fs::read_to_string(path).unwrap();
            for document in yaml::parse(&Arc::new(text)).unwrap() {
                let Some(crd) = document.root().to_value().filter(|crd| crd["kind"] == "CustomResourceDefinition")
                else {
                    continue;
                };
                for version in crd["spec"]["versions"].as_array().unwrap() {
                    let schema = of_crd(&version["schema"]["openAPIV3Schema"]);
                    let validator =
                        jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{path}: {error}"));
                    let api =
                        format!("{}/{}", crd["spec"]["group"].as_str().unwrap(), version["name"].as_str().unwrap());
                    schemas.insert((api, crd["spec"]["names"]["kind"].as_str().unwrap().to_owned()), validator);
                }
            }
        }
        assert!(!schemas.is_empty(), "no definitions were found");
        Self(schemas)
    }

    /// What an API server with the definition would say of the object, its rules in CEL aside; `None` when its kind is
    /// not among them. A field that is in no schema, which the server would drop, is said too.
    pub fn problems(&self, object: &Value) -> Option<Vec<String>> {
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let schema = self.0.get(&(text("apiVersion"), text("kind")))?;
        Some(schema.iter_errors(object).map(|error| format!("{}: {error}", error.instance_path())).collect())
    }
}

/// The JSON Schema of a definition's schema: `metadata` is the API machinery's.
fn of_crd(schema: &Value) -> Value {
    let mut schema = structural(schema);
    schema["properties"]["metadata"] = json!({"type": "object", "required": ["name"]});
    schema
}

/// What Kubernetes says by extensions, as JSON Schema says it; and no other field than the named ones. Below `allOf`,
/// `anyOf`, `oneOf` and `not` a schema only restricts: it stays as it is.
fn structural(schema: &Value) -> Value {
    let mut out = schema.clone();
    let Some(map) = out.as_object_mut() else { return out };
    map.retain(|_, value| !value.is_null());
    for (_, property) in map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        *property = structural(property);
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = map.get_mut(inner) {
            *inner = structural(inner);
        }
    }
    let says = |key: &str| schema[key] == true;
    if says("x-kubernetes-int-or-string") {
        map.insert("type".to_owned(), json!(["integer", "string"]));
    }
    if says("nullable") {
        let kind = map.get("type").cloned().unwrap_or_default();
        map.insert("type".to_owned(), json!([kind, "null"]));
    }
    let open = says("x-kubernetes-preserve-unknown-fields") || says("x-kubernetes-embedded-resource");
    if schema["type"] == "object" && !open && !map.contains_key("additionalProperties") {
        map.insert("additionalProperties".to_owned(), json!(false));
    }
    out
}
