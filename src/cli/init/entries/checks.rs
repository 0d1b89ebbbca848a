//! `Checks`: what is named and not there, and what is found in the manifests as they are; each needs an answer.

use std::collections::BTreeMap;

use super::{Scene, errors};
use crate::cli::init::page::{Body, Entry, quoted};
use crate::cli::init::place::At;
use crate::cli::init::sources::literal;
use crate::facts::Near;
use crate::facts::references::Answer;
use crate::report::Finding;
use crate::stream::ObjectId;

pub(super) fn entry(scene: &Scene<'_>) -> Entry {
    let mut body = Body::default();
    missing(scene, &mut body);
    exceptions(scene, &mut body);
    let about = vec![
        "Looks at all of it in the end: levels of Pod Security, secrets in plain text, names that lead nowhere."
            .to_owned(),
    ];
    Entry { name: "checks".to_owned(), kind: "Checks", about, body, is_proposal: false }
}

/// Objects that are named and that nothing here makes.
fn missing(scene: &Scene<'_>, body: &mut Body) {
    let mut all: BTreeMap<(String, String), At> = BTreeMap::new();
    for one in scene.facts.references().all().iter().filter(|one| !one.optional) {
        let known =
            ["Secret", "ConfigMap", "PersistentVolumeClaim", "ServiceAccount"].iter().any(|kind| one.is_to(kind));
        if !known || scene.facts.follow(one, Near::Possible) != Answer::Nowhere {
            continue;
        }
        if let Some(object) = scene.sources.stream.object(one.object) {
            let at = scene.sources.at(&object, &one.pointer);
            all.entry((one.kind.clone(), one.name.clone())).or_insert(at);
        }
    }
    if all.is_empty() {
        return;
    }
    body.put(1, "references:");
    body.put(2, "external:");
    for ((kind, name), at) in &all {
        let remedy = match kind.as_str() {
            "Secret" => "let `VaultSecrets` make it",
            _ => "put it beside these files",
        };
        body.ask(
            3,
            format!("{at}: no file here makes the {kind} {name}. Write its name if someone else does; else {remedy}."),
        );
        body.put(3, format!("- {{kind: {kind}, name: TODO}} # {}", quoted(name)));
    }
}

/// What is found in the manifests and no other function changes: secrets in plain text.
fn exceptions(scene: &Scene<'_>, body: &mut Body) {
    let found = errors(
        scene,
        "Checks",
        "{severities: {\"pod-security/*\": off, \"references/*\": off, secrets/plaintext-secret: error}}",
    );
    let mut all: BTreeMap<(ObjectId, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in found.iter().filter(|finding| finding.rule.id.starts_with("secrets/")) {
        if let Some(id) = finding.object() {
            all.entry((id, finding.rule.id)).or_default().push(finding);
        }
    }
    let weak: Vec<_> = scene
        .workloads
        .iter()
        .filter(|one| scene.conflicts.iter().any(|found| found.object() == Some(one.object.id())))
        .collect();
    if all.is_empty() && weak.is_empty() {
        return;
    }
    body.put(1, "exceptions:");
    for workload in weak {
        body.ask(
            2,
            format!(
                "{}: {} does not meet the standard (see its security-context entry). The same reason stands here.",
                workload.at,
                workload.title()
            ),
        );
        body.put(2, format!("- target: {}", workload.target));
        body.put(2, "  rules: [pod-security/*]");
        body.put(2, "  reason: TODO");
    }
    for ((id, rule), findings) in &all {
        let (Some(object), Some(first)) = (scene.sources.stream.object(*id), findings.first()) else { continue };
        let at = scene.sources.at(&object, first.pointer());
        let mut about: Vec<String> =
            findings.iter().filter_map(|one| one.subject.as_deref()).map(|name| quoted(&literal(name))).collect();
        about.dedup();
        let title = format!("{} {}", object.kind(), object.name());
        body.ask(2, format!("{at}: {title} may hold a secret in plain text ({rule}). `krmor migrate secrets` moves it into Vault; or say why it is none."));
        body.put(
            2,
            format!(
                "- target: {{kind: {}, name: {}}}",
                quoted(&object.kind()),
                quoted(&scene.sources.pattern(&object.name()))
            ),
        );
        body.put(2, format!("  rules: [{rule}]"));
        if !about.is_empty() {
            body.put(2, format!("  fields: [{}]", about.join(", ")));
        }
        body.put(2, "  reason: TODO");
    }
}
