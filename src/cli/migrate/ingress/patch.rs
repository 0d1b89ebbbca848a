//! kustomize's patches: which objects they are for, what they do, and the same for other objects.

use json_patch::PatchOperation;
use serde_json::{Map, Value, json};

use super::item::Item;
use super::model::text;
use krmor_core::labels::{Requirement, Values, all_met, parse_selector};
use krmor_core::target::Pattern;

/// `target` of a patch: anchored regular expressions and selectors.
#[derive(Clone, Debug, Default)]
pub(super) struct Selector {
    fields: Vec<(&'static str, Pattern)>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Selector {
    pub(super) fn read(target: &Value) -> Result<Self, String> {
        let mut selector = Self::default();
        for field in ["group", "version", "kind", "name", "namespace"] {
            if let Some(pattern) = target.get(field).and_then(Value::as_str).filter(|pattern| !pattern.is_empty()) {
                // kustomize looks whether the whole text matches, whatever anchors are written.
                let plain = pattern.trim_start_matches('^').trim_end_matches('$');
                let pattern =
                    Pattern::new(plain).map_err(|_| format!("`{field}` of the target is no regular expression"))?;
                selector.fields.push((field, pattern));
            }
        }
        let list = |field: &str, values: Values| match target.get(field).and_then(Value::as_str) {
            Some(text) => parse_selector(text, values).map_err(|error| format!("`{field}` of the target: {error}")),
            None => Ok(Vec::new()),
        };
        selector.labels = list("labelSelector", Values::Labels)?;
        selector.annotations = list("annotationSelector", Values::Any)?;
        Ok(selector)
    }

    pub(super) fn matches(&self, item: &Item) -> bool {
        let (group, version) = group_and_version(&item.value);
        let fields = self.fields.iter().all(|(field, pattern)| match *field {
            "group" => pattern.matches(group),
            "version" => pattern.matches(version),
            "kind" => pattern.matches(text(&item.value, "/kind").unwrap_or_default()),
            "name" => item.names().iter().any(|name| pattern.matches(name)),
            _ => item.namespaces().iter().any(|name| pattern.matches(name.as_deref().unwrap_or_default())),
        });
        let annotation = |key: &str| item.value.pointer("/metadata/annotations").and_then(|map| map.get(key)?.as_str());
        fields && all_met(&self.labels, |key| item.label(key)) && all_met(&self.annotations, annotation)
    }
}

pub(super) fn group_and_version(value: &Value) -> (&str, &str) {
    let api = text(value, "/apiVersion").unwrap_or_default();
    api.split_once('/').unwrap_or(("", api))
}

/// What a patch does.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Merge(Value),
    Operations(Value),
}

/// One patch, as kustomize applies it: a document of a strategic merge patch, or a JSON Patch.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) body: Body,
    pub(super) target: Option<Selector>,
    /// kustomize lets the patch change kind or name.
    pub(super) renames: bool,
}

impl Unit {
    /// Whether a patch is for an object: by its target, or by the name that it has itself.
    pub(super) fn is_for(&self, item: &Item) -> bool {
        if let Some(target) = &self.target {
            return target.matches(item);
        }
        let Body::Merge(merge) = &self.body else { return false };
        let own = |pointer: &str| text(merge, pointer).unwrap_or_default();
        let space = |name: Option<&str>| name.filter(|name| !name.is_empty()).unwrap_or("default").to_owned();
        let (group, _) = group_and_version(merge);
        group == group_and_version(&item.value).0
            && own("/kind") == text(&item.value, "/kind").unwrap_or_default()
            && item.names().iter().any(|name| name == own("/metadata/name"))
            && item.namespaces().iter().any(|name| space(name.as_deref()) == space(text(merge, "/metadata/namespace")))
    }

    /// The object after the patch; `None` when it takes the object away.
    pub(super) fn apply(&self, value: &Value) -> Result<Option<Value>, String> {
        let mut after = match &self.body {
            Body::Merge(merge) => match merged(Some(value), merge) {
                Some(after) => after,
                None => return Ok(None),
            },
            Body::Operations(list) => {
                let operations: Vec<PatchOperation> =
                    serde_json::from_value(list.clone()).map_err(|_| "it is no JSON Patch".to_owned())?;
                let mut after = value.clone();
                json_patch::patch(&mut after, &operations).map_err(|error| {
                    format!("operation {} at `{}` cannot be applied to the object", error.operation, error.path)
                })?;
                after
            }
        };
        let same = |pointer: &str| value.pointer(pointer) == after.pointer(pointer);
        if self.renames && !(same("/kind") && same("/metadata/name")) {
            return Err("it changes kind or name of the object".to_owned());
        }
        // Without that option kustomize puts them back.
        for (parent, key) in [("", "apiVersion"), ("", "kind"), ("/metadata", "name"), ("/metadata", "namespace")] {
            let before = value.pointer(parent).and_then(|map| map.get(key)).cloned();
            if let Some(map) = after.pointer_mut(parent).and_then(Value::as_object_mut) {
                match before {
                    Some(before) => drop(map.insert(key.to_owned(), before)),
                    None => drop(map.remove(key)),
                }
            }
        }
        Ok(Some(after))
    }
}

/// A strategic merge of kinds whose lists are atomic, as those of Ingresses and custom resources are.
fn merged(value: Option<&Value>, patch: &Value) -> Option<Value> {
    let Value::Object(patch) = patch else { return Some(patch.clone()) };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("delete") => return None,
        Some("replace") => {
            let rest = patch.iter().filter(|(key, _)| *key != "$patch");
            return Some(Value::Object(rest.map(|(key, value)| (key.clone(), value.clone())).collect()));
        }
        _ => {}
    }
    let mut out = value.and_then(Value::as_object).cloned().unwrap_or_default();
    for (key, patch) in patch.iter().filter(|(key, _)| *key != "$patch") {
        let after = if patch.is_null() { None } else { merged(out.get(key), patch) };
        match after {
            Some(after) => drop(out.insert(key.clone(), after)),
            None => drop(out.shift_remove(key)),
        }
    }
    Some(Value::Object(out))
}

/// What makes one object of another, in both forms that a patch has.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Delta {
    pub(super) api_version: String,
    pub(super) kind: String,
    /// As patches find it.
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    /// The object as it is now, and as it is to be; `None` takes it away.
    pub(super) before: Value,
    pub(super) after: Option<Value>,
}

impl Delta {
    /// As a strategic merge patch, a document of its own.
    pub(super) fn merge(&self) -> Value {
        let mut patch = Map::new();
        patch.insert("apiVersion".to_owned(), json!(self.api_version));
        patch.insert("kind".to_owned(), json!(self.kind));
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(self.name));
        metadata.extend(self.namespace.as_ref().map(|name| ("namespace".to_owned(), json!(name))));
        let Some(after) = &self.after else {
            patch.insert("$patch".to_owned(), json!("delete"));
            patch.insert("metadata".to_owned(), Value::Object(metadata));
            return Value::Object(patch);
        };
        if let Some(Value::Object(mut rest)) = difference(&self.before, after) {
            if let Some(Value::Object(own)) = rest.remove("metadata") {
                metadata.extend(own);
            }
            patch.insert("metadata".to_owned(), Value::Object(metadata));
            patch.extend(rest);
        }
        Value::Object(patch)
    }

    /// As a JSON Patch; none where the object goes, which no JSON Patch can say.
    pub(super) fn operations(&self) -> Option<Value> {
        serde_json::to_value(json_patch::diff(&self.before, self.after.as_ref()?)).ok()
    }

    /// `target` for a JSON Patch.
    pub(super) fn target(&self) -> Value {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", &self.api_version));
        let mut target = Map::new();
        target.insert("group".to_owned(), json!(group));
        target.insert("version".to_owned(), json!(version));
        target.insert("kind".to_owned(), json!(self.kind));
        target.insert("name".to_owned(), json!(self.name));
        target.extend(self.namespace.as_ref().map(|name| ("namespace".to_owned(), json!(name))));
        Value::Object(target)
    }
}

/// The part of a merge patch that makes `after` of `before`.
fn difference(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else { return Some(after.clone()) };
    let mut out = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        out.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        match old.get(key) {
            None => drop(out.insert(key.clone(), value.clone())),
            Some(there) => out.extend(difference(there, value).map(|patch| (key.clone(), patch))),
        }
    }
    Some(Value::Object(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_what_makes_one_of_the_other() {
        let before = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        let after = json!({"a": {"b": 1, "c": [3]}, "e": {"f": 2}});
        let patch = difference(&before, &after).unwrap();
        assert_eq!(patch, json!({"d": null, "a": {"c": [3]}, "e": {"f": 2}}));
        assert_eq!(merged(Some(&before), &patch), Some(after));
    }
}
