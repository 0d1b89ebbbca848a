//! What every host is asked: each README case, each example, generated inputs, and inputs that are wrong.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use krmor::functions::FUNCTIONS;
use krmor::yaml::{self, print};
use serde_json::{Value, json};

use crate::common::apps::overlays;
use crate::common::generated::workload;
use crate::common::{Folder, Random, cases, copy, text, tool};

/// A config and a stream.
pub struct Call {
    pub name: String,
    pub config: String,
    pub stream: String,
}

impl Call {
    /// The two as a ResourceList, in the style of kpt; `None` where one of them is not YAML.
    pub fn list(&self) -> Option<String> {
        let objects = |text: &str| {
            let documents = yaml::parse(&Arc::new(text.to_owned())).ok()?;
            Some(documents.iter().filter_map(|document| document.root().to_value()).collect::<Vec<Value>>())
        };
        let items: Vec<Value> = objects(&self.stream)?.into_iter().filter(|value| !value.is_null()).collect();
        let config = objects(&self.config)?.into_iter().next()?;
        let list = json!({
            "apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": config,
        });
        let mut out = String::new();
        print::write_document(&mut out, &list, print::Layout::default());
        Some(out)
    }
}

/// Every call.
pub fn all() -> Vec<Call> {
    let mut calls: Vec<Call> = cases::all()
        .into_iter()
        .map(|case| Call { name: format!("README: {}", case.title), config: case.config, stream: case.input })
        .collect();
    let configs: Vec<String> = calls.iter().map(|call| call.config.clone()).collect();
    calls.extend(examples());
    // Generated objects are short: what the API server would say of them is not what these calls are for.
    let defaults = FUNCTIONS.iter().map(|function| (function.kind, "{severities: {'valid/*': 'off'}}"));
    let quiet: Vec<String> = defaults
        .map(|(kind, spec)| {
            format!("apiVersion: krmor.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n")
        })
        .collect();
    let defaults: Vec<String> = quiet.iter().cloned().chain(configs).collect();
    let mut random = Random(0xA5B1);
    for number in 0..900 {
        let documents: Vec<String> = (0..1 + random.below(5)).map(|_| workload(&mut random)).collect();
        let mut stream = documents.join(*random.pick(&["---\n", "--- # next\n", "\n---\n\n"]));
        match number % 6 {
            0 => stream.insert_str(0, "# a comment\n---\n"),
            1 => stream = stream.replace('\n', "\r\n"),
            2 => {
                let at = random.below(stream.len());
                let text = *random.pick(&["- ", "\t", ": ", "{", "&a ", "*a", "|\n", "\"", "é", "\u{1}"]);
                stream.insert_str(at, text);
            }
            _ => {}
        }
        calls.push(Call {
            name: format!("generated {number}"),
            config: random.pick(if number % 4 == 3 { &defaults } else { &quiet }).clone(),
            stream,
        });
    }
    let config = defaults[0].clone();
    for (name, config, stream) in [
        ("nothing", config.as_str(), ""),
        ("only comments", &config, "# nothing\n"),
        ("no config", "", "kind: Pod\n"),
        ("two configs", "a: b\n---\nc: d\n", "kind: Pod\n"),
        ("config of another group", "apiVersion: v1\nkind: Pod\n", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"),
        ("misspelt", "apiVersion: krmor.dev/v1alpha1\nkind: Probe\nspec: {}\n", "apiVersion: v1\nkind: Pod\n"),
    ] {
        calls.push(Call { name: name.to_owned(), config: config.to_owned(), stream: stream.to_owned() });
    }
    calls
}

/// The overlays of the examples: what the function is handed there, and its config.
pub fn examples() -> Vec<Call> {
    let overlays = overlays();
    let calls = overlays.iter().map(|overlay| Call {
        name: overlay.display().to_string(),
        config: std::fs::read_to_string(overlay.join("krmor.yaml")).unwrap(),
        stream: unhardened(overlay),
    });
    calls.collect()
}

/// An overlay's objects before krmor sees them.
fn unhardened(overlay: &Path) -> String {
    let folder = Folder::new("wasm-bare");
    let example = overlay.parent().unwrap().parent().unwrap();
    copy(example, &folder.0);
    let overlay = folder.0.join("overlays").join(overlay.file_name().unwrap());
    let file = overlay.join("kustomization.yaml");
    let kustomization = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, kustomization.replace("transformers:\n  - krmor.yaml\n", "")).unwrap();
    let out = Command::new(tool("kustomize")).arg("build").arg(overlay).output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    text(&out.stdout)
}
