//! How kustomizations call krmor: every function config of ours, from where it is reached.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Diagnosis;
use super::callers::Callers;
use super::configs::{Reached, Route, annotation, is_ours, judge_config};
use super::tree::{self, File, Target, Tree};
use crate::config::{self, PIPELINE};
use crate::report::Severity::{Error, Info, Warning};
use crate::yaml::{Document, Node};

/// Fields by which an outer kustomization changes what an inner one has made.
const UNDOING: &[&str] = &["patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "images", "replicas"];
/// Fields that say which kustomizations lie inside.
const INNER: &[&str] = &["resources", "bases", "components"];

/// Judges every kustomization and every config; the routes of the calls that kustomize makes.
pub(super) fn judge(tree: &Tree, callers: &Callers, diagnosis: &mut Diagnosis) -> Vec<Route> {
    let of_configs = configs_only(tree);
    let (mut calls, mut read) = (Vec::new(), BTreeSet::new());
    for file in tree.kustomizations() {
        if let Some(error) = &file.error {
            let remedy = "correct it: kustomize cannot read it either";
            diagnosis.add(Error, "yaml", file.place(error.offset), error.message.clone(), remedy);
            continue;
        }
        if of_configs.contains(&file.path) {
            continue;
        }
        for field in ["generators", "validators", "transformers"] {
            for (entry, target) in tree.entries(file, field) {
                if let Target::Missing = target {
                    let text = entry.as_str().unwrap_or_default();
                    let message = format!("`{field}` names {text}, which is not there");
                    diagnosis.add(Error, "missing-file", file.place_of(entry), message, "correct the path");
                }
                for reached in configs(tree, file, entry, &target) {
                    let route = judge_config(file, entry, field, &reached, &mut read, callers, diagnosis);
                    if field == "transformers" {
                        calls.push(route);
                    }
                }
            }
        }
        remote(tree, file, diagnosis);
        emitted(tree, file, diagnosis);
        order(tree, file, diagnosis);
        undone(tree, file, diagnosis);
    }
    let kustomizations = tree.kustomizations().count();
    diagnosis.fact("kustomizations", kustomizations.to_string());
    diagnosis.fact("calls of krmor", calls.len().to_string());
    unreferenced(tree, callers, diagnosis);
    calls
}

/// Kustomizations that other ones list among their functions: they make configs, not manifests.
fn configs_only(tree: &Tree) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let fields = ["generators", "validators", "transformers"];
    let mut open: Vec<(&File, &[&str])> = tree.kustomizations().map(|file| (file, &fields[..])).collect();
    while let Some((file, fields)) = open.pop() {
        for (_, target) in fields.iter().flat_map(|field| tree.entries(file, field)) {
            if let Target::Kustomization(inner) = target
                && found.insert(inner.path.clone())
            {
                open.push((inner, INNER));
            }
        }
    }
    found
}

/// The configs of ours that an entry stands for.
fn configs<'a>(tree: &'a Tree, file: &'a File, entry: Node<'a>, target: &'a Target<'a>) -> Vec<Reached<'a>> {
    let ours = |documents: &'a [Document], file: &'a File, inline: Option<Node<'a>>, patched: bool| {
        let ours = documents.iter().filter(|document| is_ours(document.root()));
        ours.map(move |document| Reached { document, file, inline, patched }).collect::<Vec<_>>()
    };
    match target {
        Target::Inline(documents) => ours(documents, file, Some(entry), false),
        Target::File(file) => ours(&file.documents, file, None, false),
        Target::Kustomization(inner) => {
            let (mut found, mut seen, mut open) = (Vec::new(), BTreeSet::new(), vec![*inner]);
            while let Some(inner) = open.pop().filter(|inner| seen.insert(inner.path.clone())) {
                for (_, target) in INNER.iter().flat_map(|field| tree.entries(inner, field)) {
                    match target {
                        Target::File(file) => found.extend(ours(&file.documents, file, None, true)),
                        Target::Kustomization(inner) => open.push(inner),
                        _ => {}
                    }
                }
            }
            found
        }
        Target::Remote | Target::Missing => Vec::new(),
    }
}

/// What lies in other repositories: it is not fetched.
fn remote(tree: &Tree, file: &File, diagnosis: &mut Diagnosis) {
    for field in INNER.iter().chain(&["generators", "transformers", "validators"]) {
        for (entry, _) in tree.entries(file, field).iter().filter(|(_, target)| matches!(target, Target::Remote)) {
            let message = format!(
                "`{field}` names {}, which is in another repository: it was not looked at",
                entry.as_str().unwrap_or_default()
            );
            let remedy = "run `krmor doctor` in a checkout of it, and prove what is rendered by `krmor check`";
            diagnosis.add(Info, "remote", file.place_of(*entry), message, remedy);
        }
    }
}

/// Configs among the manifests.
fn emitted(tree: &Tree, file: &File, diagnosis: &mut Diagnosis) {
    for (entry, target) in ["resources", "bases"].iter().flat_map(|field| tree.entries(file, field)) {
        let Target::File(target) = target else { continue };
        for document in target.documents.iter().filter(|document| tree::is_ours(document.root())) {
            let root = document.root();
            let local = annotation(root, &["config.kubernetes.io/local-config"]);
            if local.is_some_and(|(_, text)| text == "true") {
                continue; // kustomize drops it
            }
            let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
            let message = format!(
                "the {kind} in {} is under `resources:`: it is printed as a manifest and never run",
                target.name
            );
            diagnosis.add(Error, "under-resources", file.place_of(entry), message, "list it under `transformers:`");
        }
    }
}

/// Whether a kustomization runs krmor itself.
fn calls_krmor(tree: &Tree, file: &File) -> bool {
    tree.entries(file, "transformers").iter().any(|(entry, target)| !configs(tree, file, *entry, target).is_empty())
}

/// Transformers that run after krmor.
fn order(tree: &Tree, file: &File, diagnosis: &mut Diagnosis) {
    let mut entries = tree.entries(file, "transformers");
    entries.sort_by_key(|(_, target)| !matches!(target, Target::Inline(_))); // inline ones run first
    let ours = |(entry, target): &(Node<'_>, Target<'_>)| !configs(tree, file, *entry, target).is_empty();
    let Some(last) = entries.iter().rposition(ours) else { return };
    for (entry, target) in entries.iter().skip(last + 1) {
        let what = match target {
            Target::Inline(_) => "an inline transformer".to_owned(),
            _ => entry.as_str().unwrap_or_default().into_owned(),
        };
        let message = format!("{what} runs after krmor and can undo what it did");
        let remedy = "list krmor's config last; inline transformers run before those in files";
        diagnosis.add(Warning, "not-last", file.place_of(*entry), message, remedy);
    }
}

/// Outer kustomizations that change what krmor has made inside.
fn undone(tree: &Tree, outer: &File, diagnosis: &mut Diagnosis) {
    let Some(root) = outer.root().filter(|_| !calls_krmor(tree, outer)) else { return };
    let set = |field: &&&str| root.get(field).is_some_and(|node| node.items().next().is_some());
    let fields: Vec<&str> = UNDOING.iter().chain(&["transformers"]).filter(set).copied().collect();
    let Some(first) = fields.first() else { return };
    let (mut seen, mut open) = (BTreeSet::new(), vec![outer]);
    while let Some(file) = open.pop() {
        for (_, target) in INNER.iter().flat_map(|field| tree.entries(file, field)) {
            let Target::Kustomization(inner) = target else { continue };
            if !seen.insert(inner.path.clone()) {
                continue;
            }
            if !calls_krmor(tree, inner) {
                open.push(inner);
                continue;
            }
            let place = outer.place(root.key_span(first).map_or(0, |span| span.start));
            let fields = fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
            let message = format!("krmor runs in {}; {fields} here come later and can undo what it did", inner.name);
            let remedy = "list krmor's config under `transformers:` of this kustomization, the outermost";
            diagnosis.add(Info, "hardened-inside", place, message, remedy);
        }
    }
}

/// Configs that nothing refers to.
fn unreferenced(tree: &Tree, callers: &Callers, diagnosis: &mut Diagnosis) {
    let nobody_knows = tree.kustomizations().any(|file| file.error.is_some());
    let for_others = tree.kustomizations().next().is_none();
    let referred: BTreeSet<PathBuf> =
        tree.files().flat_map(tree::referred).filter_map(|path| path.canonicalize().ok()).collect();
    for file in tree.files().filter(|file| file.listed && !referred.contains(&file.path)) {
        if file.is_kustomization() || file.is_kptfile() {
            continue;
        }
        for document in file.documents.iter().filter(|document| tree::is_ours(document.root())) {
            let root = document.root();
            let text = |path: &[&str]| root.find(path).and_then(Node::as_str).unwrap_or_default().into_owned();
            let kind = text(&["kind"]);
            let title = format!("{kind} {}", text(&["metadata", "name"]));
            if callers.call(&file.path) {
                for problem in config::read(root, None).err().into_iter().flatten() {
                    let place = root.at_pointer(&problem.pointer).and_then(Node::span);
                    let place = file.place(place.map_or(document.span().start, |span| span.start));
                    let message = format!("{title}: {}: {}", problem.path(), problem.message);
                    let remedy = if problem.remedy.is_empty() { "correct it".to_owned() } else { problem.remedy };
                    diagnosis.add(Error, "config", place, message, remedy);
                }
                continue;
            }
            if nobody_knows || for_others {
                continue;
            }
            let what = if kind == PIPELINE { "pipeline" } else { "config" };
            let message =
                format!("no kustomization, Kptfile, script or pipeline of CI here is seen to call the {what} {title}");
            let remedy = "list it under `transformers:` of the outermost kustomization, or remove it; if a pipe, an Argo CD \
                          plugin or Helm calls it, say so by --called-by pipe, cmp or helm";
            diagnosis.add(Warning, "unreferenced", file.place_of(root), message, remedy);
        }
    }
}
