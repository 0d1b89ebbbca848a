//! Rows from the schema of a CustomResourceDefinition: where it has the fields of pods and containers.

use std::borrow::Cow;

use super::fields::{CONTAINER_FIELDS, POD_FIELDS};
use super::{Fields, Path, Place, Row, Shape, Source, Step, write_path};
use krmor_yaml::{Kind, Node};

/// Deeper schemas are not read: those of pods end well before.
const MAX_DEPTH: usize = 40;

/// Group, kind and places of a CustomResourceDefinition; `None` where it is none, or has no pods in its schemas.
#[must_use]
pub fn row_of_crd(crd: Node<'_>) -> Option<Row> {
    if crd.get("kind").and_then(Node::as_str).as_deref() != Some("CustomResourceDefinition") {
        return None;
    }
    let text = |path: &[&str]| crd.find(path).and_then(Node::as_str).map(Cow::into_owned);
    let (group, kind) = (text(&["spec", "group"])?, text(&["spec", "names", "kind"])?);
    let versions = crd.find(&["spec", "versions"]).into_iter().flat_map(Node::items);
    let versions = versions.filter(|version| version.get("served").and_then(Node::as_bool) != Some(false));
    let schemas = versions.filter_map(|version| version.find(&["schema", "openAPIV3Schema"]));
    let old = crd.find(&["spec", "validation", "openAPIV3Schema"]);
    let mut places: Vec<Place> = Vec::new();
    for schema in schemas.chain(old) {
        let mut walk = Walk { steps: Vec::new(), places: Vec::new() };
        for (key, property) in entries(schema, "properties") {
            if !matches!(key.as_ref(), "status" | "metadata" | "apiVersion" | "kind") {
                walk.below(Token::Key(key.into_owned()), property, schema);
            }
        }
        for place in walk.places {
            match places.iter_mut().find(|other| other.path == place.path && other.shape == place.shape) {
                // What one version lacks is not written to any.
                Some(other) => other.fields = other.fields.and(place.fields),
                None => places.push(place),
            }
        }
    }
    (!places.is_empty()).then(|| Row::new(Cow::Owned(group), Cow::Owned(kind), places, Source::Schema))
}

#[derive(Clone)]
enum Token {
    Key(String),
    Item,
    Value,
}

struct Walk {
    steps: Vec<Token>,
    places: Vec<Place>,
}

impl Walk {
    fn below(&mut self, token: Token, schema: Node<'_>, parent: Node<'_>) {
        if self.steps.len() < MAX_DEPTH {
            self.steps.push(token);
            self.visit(schema, parent);
            self.steps.pop();
        }
    }

    fn visit(&mut self, schema: Node<'_>, parent: Node<'_>) {
        if is_pod_spec(schema) {
            self.pod_spec(schema, parent);
            return self.properties(schema, &POD_FIELDS);
        }
        if is_container(schema) {
            let (shape, up) = match self.steps.last() {
                Some(Token::Item) => (Shape::Containers, 1),
                _ => (Shape::Container, 0),
            };
            let mut fields = Fields::NONE;
            fields.add_container(|field| has(schema, field));
            self.add(up, shape, fields);
            return self.properties(schema, &CONTAINER_FIELDS);
        }
        if let Some(shape) = opaque(schema, self.steps.last()) {
            return self.add(0, shape, Fields::ALL);
        }
        self.properties(schema, &[]);
        if let Some(items) = schema.get("items") {
            self.below(Token::Item, items, schema);
        }
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.kind() == Kind::Map) {
            self.below(Token::Value, values, schema);
        }
    }

    fn properties(&mut self, schema: Node<'_>, but: &[&str]) {
        for (key, property) in entries(schema, "properties") {
            if !but.contains(&key.as_ref()) {
                self.below(Token::Key(key.into_owned()), property, schema);
            }
        }
    }

    fn pod_spec(&mut self, schema: Node<'_>, parent: Node<'_>) {
        let mut fields = Fields::NONE;
        let is_spec = matches!(self.steps.last(), Some(Token::Key(key)) if key == "spec") && self.steps.len() > 1;
        let metadata = parent.find(&["properties", "metadata"]).filter(|_| is_spec);
        fields.add_pod(|field| match field {
            "/metadata" => metadata.is_some_and(|metadata| has(metadata, "/annotations") || is_open(metadata)),
            field => has(schema, field),
        });
        let container =
            ["containers", "initContainers"].iter().find_map(|list| schema.find(&["properties", list, "items"]));
        match container {
            Some(container) => fields.add_container(|field| has(container, field)),
            None => fields.add_all_containers(),
        }
        if metadata.is_some() {
            self.add(1, Shape::Template, fields);
        } else {
            self.add(0, Shape::Spec, fields);
        }
    }

    fn add(&mut self, up: usize, shape: Shape, fields: Fields) {
        let steps = self.steps.get(..self.steps.len().saturating_sub(up)).unwrap_or_default();
        let text = write_path(steps.iter().map(|step| match step {
            Token::Key(key) => Step::Key(key),
            Token::Item => Step::Item,
            Token::Value => Step::Value,
        }));
        if let Ok(path) = Path::parse(&text) {
            self.places.push(Place { path, shape, fields, is_stated: false });
        }
    }
}

fn entries<'a>(node: Node<'a>, key: &str) -> impl Iterator<Item = (Cow<'a, str>, Node<'a>)> {
    node.get(key).into_iter().flat_map(Node::entries)
}

/// Whether anything may stand there.
fn is_open(schema: Node<'_>) -> bool {
    schema.get("x-kubernetes-preserve-unknown-fields").and_then(Node::as_bool) == Some(true)
        || schema.get("additionalProperties").and_then(Node::as_bool) == Some(true)
}

/// Whether the schema has the field at a pointer.
fn has(schema: Node<'_>, pointer: &str) -> bool {
    let mut at = schema;
    for token in pointer.split('/').skip(1) {
        match at.find(&["properties", token]) {
            Some(next) => at = next,
            None => return is_open(at),
        }
    }
    true
}

/// A security context that has `fsGroup` is a pod's.
fn is_pod_spec(schema: Node<'_>) -> bool {
    let security = schema.find(&["properties", "securityContext", "properties"]);
    let beside = ["volumes", "serviceAccountName", "nodeSelector", "hostNetwork", "restartPolicy", "tolerations"];
    security.is_some_and(|security| security.get("fsGroup").is_some())
        || schema.find(&["properties", "containers", "items"]).is_some_and(is_container)
            && beside.iter().any(|field| schema.find(&["properties", field]).is_some())
}

/// A security context that has `capabilities` is a container's.
fn is_container(schema: Node<'_>) -> bool {
    let security = schema.find(&["properties", "securityContext", "properties"]);
    let beside = ["image", "command", "env", "resources", "volumeMounts"];
    security.is_some_and(|security| security.get("capabilities").is_some() || security.get("privileged").is_some())
        && beside.iter().any(|field| schema.find(&["properties", field]).is_some())
}

/// A pod template whose schema says nothing is known by its name.
fn opaque(schema: Node<'_>, step: Option<&Token>) -> Option<Shape> {
    let Some(Token::Key(key)) = step.filter(|_| is_open(schema) && schema.get("properties").is_none()) else {
        return None;
    };
    let is = |name: &str, end: &str| key == name || key.ends_with(end);
    if is("podTemplate", "PodTemplate") || is("podTemplateSpec", "PodTemplateSpec") {
        return Some(Shape::Template);
    }
    is("podSpec", "PodSpec").then_some(Shape::Spec)
}
