//! The example applications, as stock kustomize renders them.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use krmor::yaml;
use serde_json::Value;

use super::{Folder, krmor, text, tool};

/// The overlays of the examples.
pub fn overlays() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for example in std::fs::read_dir("examples").unwrap() {
        let folder = example.unwrap().path().join("overlays");
        found.extend(std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    found.sort();
    assert!(found.len() >= 2, "no overlays found");
    found
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
