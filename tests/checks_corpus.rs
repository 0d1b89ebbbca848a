//! `Checks` on the manifests of large public projects: how often the rules about secrets, and the errors about references,
//! speak. The table in `functions/checks/README.md` is what this prints (`UPDATE=1` writes it); `SHOW=1` with
//! `-- --nocapture` prints each finding.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)] // a test may panic, and reads files

use krmor::pods;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use krmor::functions::checks::{Spec, judge};
use krmor::krm::field_path;
use krmor::report::{Report, Severity};
use krmor::stream::{Object, Stream};
use krmor::yaml::{self, Node};
use serde_json::json;

/// What a project's manifests hold, and what is found in them.
#[derive(Default)]
struct Row {
    files: usize,
    objects: usize,
    sounds: usize,
    held: usize,
    secrets: usize,
    references: usize,
}

/// Names and lines in which a search for words would find a secret: the rule that `secrets/*` must beat.
fn sounds(stream: &Stream) -> usize {
    let like = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["passw", "secret", "token", "credential", "apikey", "api_key", "api-key", "private"]
            .iter()
            .any(|w| text.contains(w))
    };
    let texts = |node: Node<'_>, key: &str| -> Vec<String> {
        node.get(key).into_iter().flat_map(Node::items).filter_map(Node::as_str).map(|t| t.into_owned()).collect()
    };
    let of_map = |object: &Object<'_>, path: &[&str]| -> usize {
        let entries = object.root().find(path).into_iter().flat_map(Node::entries);
        let lines = entries.flat_map(|(key, value)| {
            let text = value.as_str().unwrap_or_default().into_owned();
            if text.contains('\n') { text.lines().map(str::to_owned).collect() } else { vec![key.into_owned()] }
        });
        lines.filter(|line| like(line)).count()
    };
    let mut count = 0;
    for pod in pods::pods(stream).0 {
        let object = stream.object(pod.object).unwrap();
        for node in pod.containers(&object).iter().filter_map(|container| container.node(&object)) {
            let variables = node.get("env").into_iter().flat_map(Node::items).filter(|one| one.get("value").is_some());
            count += variables.filter_map(|one| one.get("name")?.as_str()).filter(|name| like(name)).count();
            count += ["command", "args"].iter().flat_map(|key| texts(node, key)).filter(|word| like(word)).count();
        }
    }
    for object in stream.objects() {
        count += of_map(&object, &["metadata", "annotations"]);
        if object.kind() == "ConfigMap" {
            count += of_map(&object, &["data"]);
        }
    }
    count
}

#[test]
fn findings_on_public_manifests() {
    let spec: Spec = serde_json::from_value(json!({"podSecurity": {"level": "privileged"}})).unwrap();
    let mut table: BTreeMap<String, Row> = BTreeMap::new();
    for path in crate::common::corpus() {
        let name = path.display().to_string();
        let (_, module) = name.split_once("/pkg/mod/").unwrap();
        let is_version = |part: &&str| part.len() == 2 && part.starts_with('v');
        let project = module.split('@').next().unwrap().rsplit('/').find(|part| !is_version(part)).unwrap().to_owned();
        let Ok((text, _)) = yaml::decode(std::fs::read(&path).unwrap()) else { continue };
        let Ok(stream) = Stream::parse(&Arc::new(text)) else { continue };
        let objects = stream.objects().filter(|o| !o.kind().is_empty() && !o.api_version().is_empty()).count();
        if objects == 0 {
            continue;
        }
        let row = table.entry(project).or_default();
        row.files += 1;
        row.objects += objects;
        row.sounds += sounds(&stream);
        let mut report = Report::default();
        judge(&spec, &stream, &mut report);
        for finding in &report.findings {
            let is_error = finding.severity == Severity::Error;
            match finding.rule.id.split_once('/') {
                _ if finding.rule.id == "secrets/plaintext-secret" => row.secrets += 1,
                Some(("secrets", _)) => row.held += 1,
                Some(("references", _)) if is_error => row.references += 1,
                _ => continue,
            }
            if std::env::var_os("SHOW").is_some() {
                println!("{module}: {} {}: {}", finding.rule.id, field_path(finding.pointer()), finding.message);
            }
        }
    }
    let mut text = String::from(
        "| project | files | objects | names and lines that sound like a secret | secrets found | Secrets with values | errors about references |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for (project, row) in &table {
        let Row { files, objects, sounds, held, secrets, references } = row;
        text.push_str(&format!("| {project} | {files} | {objects} | {sounds} | {held} | {secrets} | {references} |\n"));
    }
    print!("{text}");
    let path = Path::new("functions/checks/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once("<!-- corpus -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /corpus -->").unwrap();
    let wanted = format!("{before}<!-- corpus -->\n{text}<!-- /corpus -->{after}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    } else {
        assert_eq!(readme, wanted, "the table is stale: UPDATE=1 writes it");
    }
}
