//! Where the value of a variable comes from, as a container says it or should say it.

use serde_json::{Map, Value};

use krmor_core::facts::makers::Store;
use krmor_core::fields;
use krmor_core::manifest::put;
use krmor_yaml::{Kind, Node};

/// The source of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wiring {
    /// `value`.
    Literal(String),
    /// `configMapKeyRef` or `secretKeyRef`.
    Key { store: Store, name: String, key: String, optional: Option<bool> },
    /// `fieldRef`.
    Field(String),
    /// `resourceFieldRef`.
    Resource { resource: String, container: Option<String>, divisor: Option<String> },
    /// What the API refuses, or will have one day.
    Other,
}

/// How `valueFrom` names a reference to a key.
pub(super) fn key_ref(store: Store) -> &'static str {
    match store {
        Store::ConfigMap => "configMapKeyRef",
        Store::Secret => "secretKeyRef",
    }
}

/// How an item of `envFrom` names a reference to all keys.
pub(super) fn env_ref(store: Store) -> &'static str {
    match store {
        Store::ConfigMap => "configMapRef",
        Store::Secret => "secretRef",
    }
}

/// A text of the API, if it is one.
pub(super) fn text(node: Option<Node<'_>>) -> Option<String> {
    Some(node?.as_str()?.into_owned())
}

/// A boolean of the API; what should be one and is not counts as false.
pub(super) fn flag(node: Option<Node<'_>>) -> Option<bool> {
    node.filter(|node| !node.is_null()).map(|node| node.as_bool().unwrap_or(false))
}

impl Wiring {
    /// Reads an item of `env`.
    pub(super) fn read(item: Node<'_>) -> Self {
        let given = |key| item.get(key).filter(|node| !node.is_null());
        match (given("value"), given("valueFrom")) {
            // The API takes an empty value beside `valueFrom` for none.
            (value, Some(source)) if value.and_then(Node::as_str).is_none_or(|text| text.is_empty()) => {
                Self::read_source(source).unwrap_or(Wiring::Other)
            }
            (Some(value), _) => text(Some(value)).map_or(Wiring::Other, Wiring::Literal),
            (None, _) => Wiring::Literal(String::new()),
        }
    }

    fn read_source(source: Node<'_>) -> Option<Self> {
        for store in [Store::ConfigMap, Store::Secret] {
            if let Some(reference) = source.get(key_ref(store)).filter(|node| node.kind() == Kind::Map) {
                let (name, key) = (text(reference.get("name"))?, text(reference.get("key"))?);
                let optional = flag(reference.get("optional"));
                return Some(Wiring::Key { store, name, key, optional });
            }
        }
        if let Some(path) = text(source.find(&["fieldRef", "fieldPath"])) {
            return Some(Wiring::Field(path));
        }
        let reference = source.get("resourceFieldRef")?;
        let divisor = reference.get("divisor").map(|node| text(Some(node)).unwrap_or_else(|| node.json()));
        let (resource, container) = (text(reference.get("resource"))?, text(reference.get("containerName")));
        Some(Wiring::Resource { resource, container, divisor })
    }

    /// The field of an item of `env` that says so, and its value.
    pub(super) fn field(&self) -> (&'static str, Value) {
        match self {
            Wiring::Literal(text) => ("value", text.as_str().into()),
            Wiring::Key { store, name, key, optional } => {
                let reference = fields!({"name": name.as_str(), "key": key.as_str(), "optional": *optional});
                let mut from = Map::new();
                put(&mut from, key_ref(*store), reference);
                ("valueFrom", from.into())
            }
            Wiring::Field(path) => ("valueFrom", fields!({"fieldRef": fields!({"fieldPath": path.as_str()})})),
            Wiring::Resource { resource, container, divisor } => {
                let reference = fields!({
                    "containerName": container.as_deref(),
                    "resource": resource.as_str(),
                    "divisor": divisor.as_deref(),
                });
                ("valueFrom", fields!({"resourceFieldRef": reference}))
            }
            Wiring::Other => ("valueFrom", Value::Null),
        }
    }

    /// Whether another source in the container `own` gives the same value; `same` tells whether two names mean one object.
    pub(super) fn equals(&self, other: &Wiring, own: &str, same: impl Fn(Store, &str, &str) -> bool) -> bool {
        match (self, other) {
            (
                Wiring::Key { store, name, key, .. },
                Wiring::Key { store: other_store, name: other, key: other_key, .. },
            ) => store == other_store && key == other_key && same(*store, name, other),
            (
                Wiring::Resource { resource, container, divisor },
                Wiring::Resource { resource: other, container: other_container, divisor: other_divisor },
            ) => {
                let one = |unit: &Option<String>| match unit.as_deref() {
                    None | Some("0") => "1".to_owned(),
                    Some(unit) => unit.to_owned(),
                };
                let at = |container: &Option<String>| container.clone().unwrap_or_else(|| own.to_owned());
                resource == other && at(container) == at(other_container) && one(divisor) == one(other_divisor)
            }
            _ => self == other,
        }
    }
}
