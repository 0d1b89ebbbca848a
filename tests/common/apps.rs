//! The example applications, as stock kustomize renders them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use krmor::yaml;
use serde_json::Value;

use super::{Folder, krmor, text, tool};

/// The examples, in the order of their names.
pub fn examples() -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir("examples").unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The examples that kustomize renders: a base and overlays. The others are charts.
pub fn kustomized() -> Vec<String> {
    examples().into_iter().filter(|name| PathBuf::from(format!("examples/{name}/overlays")).is_dir()).collect()
}

/// The overlays of the examples.
pub fn overlays() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for example in kustomized() {
        let folder = format!("examples/{example}/overlays");
        found.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    found.sort();
    assert!(found.len() >= 2, "no overlays found");
    found
}

/// `examples/EXAMPLE/covers.yaml`: the text of each requirement by its id, and the ids that each check of `tests/cluster` shows.
pub fn covers(example: &str) -> (BTreeMap<String, String>, BTreeMap<String, Vec<String>>) {
    let path = format!("examples/{example}/covers.yaml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let document = objects(text).remove(0);
    let of = |key: &str| {
        let map = document[key].as_object().unwrap_or_else(|| panic!("{path}: `{key}` is no mapping")).clone();
        map.into_iter()
    };
    let text = |value: Value| value.as_str().unwrap_or_else(|| panic!("{path}: {value} is no text")).to_owned();
    let ids = |value: Value| value.as_array().unwrap().iter().cloned().map(text).collect();
    let requirements = of("requirements").map(|(id, value)| (id, text(value))).collect();
    (requirements, of("checks").map(|(check, value)| (check, ids(value))).collect())
}

/// What stock kustomize makes of a kustomization: the text, or what it says on standard error.
pub fn render(path: &str) -> Result<String, String> {
    let home = Folder::new("apps");
    let installed = krmor().args(["install", "kustomize", "--home"]).arg(&home.0).output().unwrap();
    assert!(installed.status.success());
    let out = Command::new(tool("kustomize"))
        .args(["build", "--enable-alpha-plugins", path])
        .env("KUSTOMIZE_PLUGIN_HOME", &home.0)
        .output()
        .unwrap();
    if !out.status.success() {
        assert_eq!(text(&out.stdout), "", "{path}: what fails renders nothing");
        return Err(text(&out.stderr));
    }
    Ok(text(&out.stdout))
}

/// The objects of a text.
pub fn objects(text: String) -> Vec<Value> {
    yaml::parse(&Arc::new(text)).unwrap().iter().filter_map(|document| document.root().to_value()).collect()
}

/// What stock kustomize makes of a kustomization: the objects, or what it says on standard error.
pub fn try_build(path: &str) -> Result<Vec<Value>, String> {
    render(path).map(objects)
}

/// The objects of a kustomization, built by stock kustomize.
pub fn build(path: &str) -> Vec<Value> {
    try_build(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The only object of a kind.
pub fn the<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let mut found = objects.iter().filter(|object| object["kind"] == kind);
    let object = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "more than one {kind}");
    object
}

/// The object of a kind and name.
pub fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let mut found = objects.iter().filter(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.next().unwrap_or_else(|| panic!("no {kind} {name}"))
}
