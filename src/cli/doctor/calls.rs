//! How kustomizations call krmor: every function config of ours, from where it is reached.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::callers::Callers;
use super::configs::{Reached, Route, annotation, is_ours, judge_config};
use super::functions::{FUNCTIONS, INNER, functions, judge_configs};
use super::tree::{self, File, Target, Tree};
use super::{Diagnosis, road, shape, unreferenced};
use crate::report::Severity::{Error, Info};
use crate::yaml::Node;

/// Judges every kustomization and every config; the routes of the calls that kustomize makes.
pub(super) fn judge(tree: &Tree, callers: &Callers, diagnosis: &mut Diagnosis) -> Vec<Route> {
    let of_configs = configs_only(tree);
    let (mut calls, mut read) = (Vec::new(), BTreeSet::new());
    for file in tree.kustomizations() {
        if !shape::judge(tree, file, callers, diagnosis) {
            continue;
        }
        if of_configs.contains(&file.path) {
            judge_configs(tree, file, diagnosis);
            continue;
        }
        for field in FUNCTIONS {
            for (entry, target) in tree.entries(file, field) {
                for reached in configs(tree, file, entry, &target) {
                    let route = judge_config(file, entry, field, &reached, &mut read, callers, diagnosis);
                    if *field == "transformers" {
                        calls.push(route);
                    }
                }
            }
        }
        remote(tree, file, diagnosis);
        emitted(tree, file, diagnosis);
    }
    shape::doubled(tree, diagnosis);
    road::judge(tree, &of_configs, callers, diagnosis);
    let kustomizations = tree.kustomizations().count();
    diagnosis.fact("kustomizations", kustomizations.to_string());
    diagnosis.fact("calls of krmor", calls.len().to_string());
    unreferenced::judge(tree, callers, diagnosis);
    calls
}

/// Kustomizations that other ones list among their functions: they make configs, not manifests.
fn configs_only(tree: &Tree) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open: Vec<(&File, &[&str])> = tree.kustomizations().map(|file| (file, FUNCTIONS)).collect();
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
    let mut found = functions(tree, file, entry, target);
    found.retain(|one| is_ours(one.document.root(), file.folder()));
    found
}

/// What lies in other repositories: it is not fetched.
fn remote(tree: &Tree, file: &File, diagnosis: &mut Diagnosis) {
    for field in INNER.iter().chain(FUNCTIONS) {
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
