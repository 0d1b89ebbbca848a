//! What a kustomization says that touches Ingresses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::annotations::{self, Owner, PREFIX};
use super::files::{File, Files, Place};
use super::layers::{State, Walk};
use super::model::text;
use super::patch::{Body, Selector, Unit};
use crate::report::Severity;
use crate::yaml::{self, Document, Node, escape_token};

pub(super) const MERGES: &str = "patchesStrategicMerge";
pub(super) const PATCHES: &str = "patches";
pub(super) const JSON6902: &str = "patchesJson6902";

/// A patch and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) list: &'static str,
    pub(super) index: usize,
    /// The file that it is in, and which of its documents; none where it is written in the kustomization.
    pub(super) file: Option<PathBuf>,
    pub(super) document: usize,
    pub(super) unit: Unit,
    pub(super) place: Place,
}

impl Loaded {
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.list, self.index, self.document) == (other.list, other.index, other.document)
    }

    /// The place of a pointer of the object in the patch, as near as the patch has it.
    pub(super) fn place_of(&self, files: &Files, pointer: &str) -> Place {
        let file = self.file.as_ref().and_then(|path| files.get(path)).filter(|_| self.is_merge());
        file.map_or_else(|| self.place.clone(), |file| file.place(self.document, pointer))
    }

    pub(super) fn is_merge(&self) -> bool {
        matches!(self.unit.body, Body::Merge(_))
    }
}

pub(super) fn is_component(root: Node<'_>) -> bool {
    root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind == "Component")
}

pub(super) fn is_remote(entry: &str) -> bool {
    entry.contains("://") || entry.contains("?ref=") || entry.starts_with("git@") || entry.starts_with("github.com/")
}

/// The texts of some lists, each with its pointer.
pub(super) fn entries(own: &Value, lists: &[&str]) -> Vec<(String, String)> {
    let list = |name: &&str| {
        let items = own.get(*name).and_then(Value::as_array).cloned().unwrap_or_default();
        let name = (*name).to_owned();
        items
            .into_iter()
            .enumerate()
            .filter_map(move |(at, item)| Some((format!("/{name}/{at}"), item.as_str()?.to_owned())))
    };
    lists.iter().flat_map(list).collect()
}

/// The labels that a kustomization gives to every object.
pub(super) fn labels(own: &Value) -> Map<String, Value> {
    let common = own.get("commonLabels").and_then(Value::as_object);
    let pairs = own.get("labels").and_then(Value::as_array).into_iter().flatten();
    let pairs = pairs.filter_map(|entry| entry.get("pairs").and_then(Value::as_object));
    common.into_iter().chain(pairs).flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The patches of a kustomization in the order that kustomize applies them in.
pub(super) fn patches(walk: &mut Walk<'_>, path: &Path, own: &Value) -> Vec<Loaded> {
    let mut out = Vec::new();
    for list in [MERGES, PATCHES, JSON6902] {
        for (index, entry) in own.get(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
            match read(walk, path, list, index, entry) {
                Ok(loaded) => out.extend(loaded),
                Err(why) => {
                    let place = walk.files.get(path).map(|file| file.place(0, &format!("/{list}/{index}")));
                    walk.find(Severity::Error, place, "patch", &why, "correct it; kustomize cannot build this either");
                }
            }
        }
    }
    out
}

fn read(walk: &Walk<'_>, path: &Path, list: &'static str, index: usize, entry: &Value) -> Result<Vec<Loaded>, String> {
    let kustomization = walk.files.get(path).ok_or("the kustomization is gone")?;
    let (inline, file, target) = match entry {
        // A path, or the patch itself.
        Value::String(text) if text.contains('\n') || text.contains(": ") => (Some(text.as_str()), None, None),
        Value::String(text) => (None, Some(text.as_str()), None),
        _ => (text(entry, "/patch"), text(entry, "/path"), entry.get("target")),
    };
    let target = target.filter(|target| !target.is_null()).map(Selector::read).transpose()?;
    let renames = ["allowNameChange", "allowKindChange"]
        .iter()
        .any(|option| entry.pointer("/options").and_then(|map| map.get(*option)) == Some(&Value::Bool(true)));
    let one = |root: Node<'_>, file: Option<PathBuf>, document: usize, place: Place| {
        let value = root.to_value()?;
        let body = if value.is_array() { Body::Operations(value) } else { Body::Merge(value) };
        Some(Loaded { list, index, file, document, unit: Unit { body, target: target.clone(), renames }, place })
    };
    let numbered = |documents: &[Document], file: Option<PathBuf>, place: &dyn Fn(usize) -> Place| -> Vec<Loaded> {
        let filled = documents.iter().map(Document::root).enumerate().filter(|(_, root)| !root.is_null());
        filled.filter_map(|(number, root)| one(root, file.clone(), number, place(number))).collect()
    };
    match (inline, file) {
        (Some(text), _) => {
            let documents = yaml::parse(&Arc::new(text.to_owned())).map_err(|_| "the patch is no YAML".to_owned())?;
            let pointer = if entry.is_string() { format!("/{list}/{index}") } else { format!("/{list}/{index}/patch") };
            Ok(numbered(&documents, None, &|_| kustomization.place(0, &pointer)))
        }
        (None, Some(name)) => {
            let Some(target) = walk.files.target(path, name) else {
                return if is_remote(name) { Ok(Vec::new()) } else { Err(format!("`{name}` is not there")) };
            };
            let file = walk.files.parsed(&target).map_err(|_| format!("`{name}` is no YAML"))?;
            Ok(numbered(&file.documents, Some(target), &|number| file.place(number, "")))
        }
        (None, None) => Err("it has neither `path` nor `patch`".to_owned()),
    }
}

/// What a kustomization does to Ingresses by other means than patches, and what would be left pointing at them.
pub(super) fn judge(walk: &mut Walk<'_>, path: &Path, own: &Value, state: &State) {
    let Some(plan) = walk.plan else { return };
    let names: Vec<String> =
        state.items.iter().filter(|item| plan.means(item)).flat_map(super::item::Item::names).collect();
    if names.is_empty() {
        return;
    }
    let Some(file) = walk.files.get(path) else { return };
    let mut found: Vec<(Place, &'static str, String, String)> = Vec::new();
    for key in own.get("commonAnnotations").and_then(Value::as_object).into_iter().flat_map(Map::keys) {
        if key.starts_with(PREFIX) || !matches!(annotations::owner(key), Owner::Other | Owner::Every | Owner::Leftover)
        {
            let place = file.place(0, &format!("/commonAnnotations/{}", escape_token(key)));
            let message = format!("`{key}` would go to every object, the routes among them, and not to what it is for");
            found.push((place, "common-annotation", message, "write it in the Ingress, and migrate again".to_owned()));
        }
    }
    for (index, entry) in own.get("replacements").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let place = file.place(0, &format!("/replacements/{index}"));
        let there =
            text(entry, "/path").and_then(|name| walk.files.target(path, name)).and_then(|path| walk.files.get(&path));
        let value = there.and_then(File::root).and_then(Node::to_value).unwrap_or_else(|| entry.clone());
        for one in value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]) {
            if replaces(&one, &names) {
                let message = "a replacement reads or writes an Ingress".to_owned();
                let remedy = "let it write `spec.hostnames` of the HTTPRoute and `spec.listeners.[name=http].hostname` of the Gateway instead: replace it by a patch with the value, migrate, and put it back so";
                found.push((place.clone(), "replacement", message, remedy.to_owned()));
            }
        }
    }
    for (index, var) in own.get("vars").and_then(Value::as_array).into_iter().flatten().enumerate() {
        if text(var, "/objref/kind") == Some("Ingress") {
            let place = file.place(0, &format!("/vars/{index}"));
            let message = "a variable takes its value from an Ingress".to_owned();
            found.push((
                place,
                "replacement",
                message,
                "take it from another object; `vars` are deprecated: `replacements` do the same".to_owned(),
            ));
        }
    }
    for field in ["transformers", "validators", "generators"] {
        for (pointer, entry) in entries(own, &[field]) {
            let target = walk.files.target(path, &entry).and_then(|path| walk.files.get(&path));
            let text = target.map_or(entry.as_str(), |file| file.text.as_str());
            if text.contains("Ingress") {
                let message =
                    "a function or transformer is told of Ingresses, and krmor does not see what it does to them"
                        .to_owned();
                let remedy = "take it out, migrate, and write for HTTPRoutes what it did".to_owned();
                found.push((file.place(0, &pointer), "transformer", message, remedy));
            }
        }
    }
    for field in ["helmCharts", "helmChartInflationGenerator"] {
        if own.get(field).is_some() {
            let message = "Ingresses that charts make are not seen".to_owned();
            let remedy = "turn them off in the values, and write HTTPRoutes beside the chart";
            walk.find(Severity::Info, Some(file.place(0, &format!("/{field}"))), "chart", &message, remedy);
        }
    }
    for item in state.items.iter().filter(|item| !plan.means(item)) {
        let Some(pointer) = refers(&item.value, &names) else { continue };
        let Some(place) = walk.files.get(&item.source.path).map(|file| file.place(item.source.document, &pointer))
        else {
            continue;
        };
        let message = format!("the {} `{}` names an Ingress that is to go", item.kind(), item.raw_name());
        found.push((place, "reference", message, "let it name the HTTPRoute, or something else, first".to_owned()));
    }
    for (place, rule, message, remedy) in found {
        walk.find(Severity::Error, Some(place), rule, &message, &remedy);
    }
}

fn replaces(one: &Value, names: &[String]) -> bool {
    let selects = |select: &Value| {
        let kind = text(select, "/kind").is_none_or(|kind| kind == "Ingress");
        kind && text(select, "/name").is_none_or(|name| names.iter().any(|own| own == name)) && !select.is_null()
    };
    let source = one.get("source").filter(|source| text(source, "/kind") == Some("Ingress"));
    let targets = one.get("targets").and_then(Value::as_array).into_iter().flatten();
    source.is_some() || targets.filter_map(|target| target.get("select")).any(selects)
}

/// Where an object names one of the Ingresses.
fn refers(value: &Value, names: &[String]) -> Option<String> {
    let mut open = vec![(String::new(), value)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(map) => {
                let is_ours = text(value, "/name").is_some_and(|name| names.iter().any(|own| own == name));
                if !pointer.is_empty() && text(value, "/kind") == Some("Ingress") && is_ours {
                    return Some(pointer);
                }
                for (key, value) in map {
                    let pointer = format!("{pointer}/{}", escape_token(key));
                    // Argo Rollouts: it writes canaries of these.
                    if matches!(key.as_str(), "stableIngress" | "stableIngresses") {
                        return Some(pointer);
                    }
                    open.push((pointer, value));
                }
            }
            Value::Array(list) => {
                open.extend(list.iter().enumerate().map(|(at, value)| (format!("{pointer}/{at}"), value)));
            }
            _ => {}
        }
    }
    None
}
