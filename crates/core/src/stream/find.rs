//! Finds the objects of a document: itself, the items of lists, and objects inside objects.

use super::Location;
use crate::kube::group_of;
use crate::workload;
use krmor_yaml::{self as yaml, Kind, Node};

/// How deep objects may hold objects.
pub(crate) const MAX_DEPTH: usize = 64;

/// The annotation of what is for tools on this machine: kustomize and kpt hand it to no cluster.
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// The objects of a stream as they are found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) objects: Vec<Location>,
    pub(super) local: Vec<(String, bool)>,
}

/// Adds the object at `node` and those inside it, or the items of the list that it is.
pub(super) fn add_objects(node: Node<'_>, location: &Location, depth: usize, out: &mut Found) {
    if node.kind() != Kind::Map {
        return;
    }
    let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
    let (kind, api_version) = (text("kind"), text("apiVersion"));
    let group = group_of(&api_version);
    let is_local = node.find(&["metadata", "annotations", LOCAL_CONFIG]).and_then(Node::as_str);
    // Whoever takes objects out of another object does not know the annotation.
    if !location.embedded && is_local.as_deref() == Some("true") {
        let name = node.find(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
        out.local.push((format!("{kind} {name}"), workload::has_pods(group, &kind)));
        return;
    }
    let items = node.get("items").filter(|items| items.kind() == Kind::Seq && depth < MAX_DEPTH);
    let of_objects = |items: &Node<'_>| items.items().all(|item| item.kind() == Kind::Map);
    let item_kind = kind.strip_suffix("List").filter(|_| items.as_ref().is_some_and(of_objects));
    // A list has nothing else; what calls itself one and has is looked at as any object.
    let is_more = |key: &str| !matches!(key, "apiVersion" | "kind" | "metadata" | "items");
    if item_kind.is_none() || node.entries().any(|(key, _)| is_more(&key)) {
        out.objects.push(location.clone());
    }
    if let Some(items) = items {
        // kubectl posts the items of whatever object has some, and that object itself only where it has none.
        let implied = item_kind.filter(|kind| !kind.is_empty());
        let implied = implied.map(|kind| (kind.to_owned(), api_version.clone().into_owned()));
        for (at, item) in items.items().enumerate() {
            if item_kind.is_some() || item.get("kind").is_some() {
                let inside = location.below(item, &["items", &at.to_string()]);
                add_objects(item, &Location { implied: implied.clone(), ..inside }, depth + 1, out);
            }
        }
    }
    if item_kind.is_none() && depth < MAX_DEPTH && workload::may_hold_objects(group, &kind) {
        add_embedded(node, location, depth, out);
    }
}

/// Whether a mapping without `metadata` is a workload all the same, and no reference to one.
fn is_known_workload(node: Node<'_>) -> bool {
    if node.get("spec").is_none_or(|spec| spec.kind() != Kind::Map) {
        return false;
    }
    let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
    workload::has_pods(group_of(&text("apiVersion")), &text("kind"))
}

/// Adds the objects inside one: mappings that have `apiVersion`, `kind` and `metadata`.
fn add_embedded(root: Node<'_>, location: &Location, depth: usize, out: &mut Found) {
    let mut open = vec![(root, Vec::<String>::new())];
    while let Some((node, tokens)) = open.pop() {
        let is_text =
            |key: &str| node.get(key).is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()));
        let is_object = node.kind() == Kind::Map
            && is_text("apiVersion")
            && is_text("kind")
            && (node.get("metadata").is_some_and(|metadata| metadata.kind() == Kind::Map) || is_known_workload(node));
        if is_object && !tokens.is_empty() {
            let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
            let inside = Location { embedded: true, implied: None, ..location.below(node, &tokens) };
            add_objects(node, &inside, depth + 1, out);
            continue;
        }
        let below = |token: &str| tokens.iter().map(String::as_str).chain([token]).map(str::to_owned).collect();
        let first = open.len();
        if node.kind() == Kind::Map {
            for (key, value) in node.entries().filter(|(_, value)| value.kind() != Kind::Scalar) {
                // Claims are made with the pods; a status is what was; items are seen to.
                let is_other =
                    key.starts_with("volumeClaimTemplate") || tokens.is_empty() && (key == "status" || key == "items");
                if !is_other {
                    open.push((value, below(&yaml::escape_token(&key))));
                }
            }
        } else {
            let items = node.items().enumerate().filter(|(_, item)| item.kind() != Kind::Scalar);
            open.extend(items.map(|(at, item)| (item, below(&at.to_string()))));
        }
        // Taken from the end: the first is to come first.
        open.get_mut(first..).unwrap_or_default().reverse();
    }
}
