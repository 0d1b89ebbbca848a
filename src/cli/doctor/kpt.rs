//! kpt's own ways of calling krmor: Kptfiles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Diagnosis;
use super::kinds::{Kinds, is_harmless};
use super::orchestrators::image_tag;
use super::tree::{File, Target, Tree, is_ours, kustomization_of};
use crate::config::{self, CHECK};
use crate::functions::Phase;
use crate::report::Severity::{Error, Warning};
use crate::yaml::Node;

/// Functions of kpt's catalog that undo nothing.
const HARMLESS: &[&str] =
    &["apply-setters", "ensure-name-substring", "set-annotations", "set-image", "set-labels", "set-namespace"];

pub(super) fn judge(tree: &Tree, diagnosis: &mut Diagnosis) {
    let mut calling = BTreeSet::new();
    for file in tree.files().filter(|file| file.is_kptfile()) {
        match &file.error {
            Some(error) => {
                let remedy = "correct it: kpt cannot read it either";
                diagnosis.add(Error, "yaml", file.place(error.offset), error.message.clone(), remedy);
            }
            None => {
                if kptfile(tree, file, diagnosis) {
                    calling.insert(file.folder());
                }
            }
        }
    }
    never(tree, &calling, diagnosis);
}

/// Packages with pods that no Kptfile of theirs, or above them, hands to krmor, where another one does.
fn never(tree: &Tree, calling: &BTreeSet<&Path>, diagnosis: &mut Diagnosis) {
    let packages: BTreeMap<&Path, &File> =
        tree.files().filter(|file| file.is_kptfile()).map(|file| (file.folder(), file)).collect();
    let Some(user) = calling.first().and_then(|folder| packages.get(folder)) else { return };
    let kinds = Kinds::default();
    let mut said = BTreeSet::new();
    for file in tree.files().filter(|file| file.listed) {
        // kpt hands a package's functions all that lies below it.
        let above = || file.folder().ancestors();
        let Some(package) = above().find_map(|folder| packages.get(folder)) else { continue };
        // What kustomize renders is judged there.
        if kustomization_of(package.folder()).is_some() {
            continue;
        }
        if above().any(|folder| calling.contains(folder)) || said.contains(package.folder()) {
            continue;
        }
        let Some(brought) = kinds.brought(file).filter(|brought| brought.pods) else { continue };
        said.insert(package.folder());
        let message = format!(
            "no Kptfile hands {} of {} to krmor, which runs in {}: kpt leaves it as it is",
            brought.title, file.name, user.name
        );
        diagnosis.add(Warning, "never-called", package.place(0), message, "list krmor last among the `mutators` here");
    }
}

/// Judges a Kptfile; whether krmor is among its mutators.
fn kptfile(tree: &Tree, file: &File, diagnosis: &mut Diagnosis) -> bool {
    let Some(pipeline) = file.root().and_then(|root| root.get("pipeline")) else { return false };
    let mut called = false;
    for field in ["mutators", "validators"] {
        for function in pipeline.get(field).into_iter().flat_map(Node::items) {
            let text = |key: &str| function.get(key).and_then(Node::as_str).unwrap_or_default().into_owned();
            let (image, exec, path) = (text("image"), text("exec"), text("configPath"));
            let config = if path.is_empty() { None } else { Some(tree.target(file, &path)) };
            if let Some(Target::Missing) = &config {
                let message = format!("`configPath` names {path}, which is not there");
                diagnosis.add(Error, "missing-file", file.place_of(function), message, "correct the path");
            }
            let configs = match &config {
                Some(Target::File(file)) => file.documents.as_slice(),
                _ => &[],
            };
            let ours = |text: &str| {
                let program = text.split_whitespace().next().unwrap_or_default();
                program.rsplit('/').next().unwrap_or_default().contains("krmor")
            };
            if !ours(&image) && !ours(&exec) && !configs.iter().any(|document| is_ours(document.root())) {
                if called && field == "mutators" {
                    later(file, function, &image, &exec, diagnosis);
                }
                continue;
            }
            called |= field == "mutators";
            selected(file, function, diagnosis);
            let read = configs.first().and_then(|document| config::read(document.root(), None).ok());
            let is_check = read.as_ref().is_some_and(|pipeline| pipeline.check);
            let only_checks =
                read.is_some_and(|pipeline| pipeline.steps.iter().all(|step| step.function.phase == Phase::Checks));
            let check = function.find(&["configMap", "check"]).and_then(Node::as_str);
            let is_check = is_check || check.is_some_and(|check| check == "true");
            let checks = only_checks || is_check || exec.split_whitespace().any(|word| word == "--check");
            if field == "validators" && !checks {
                let message = "krmor is under `validators`: kpt drops what a validator changes, so nothing is hardened";
                let remedy =
                    format!("list it under `mutators`; to check only, annotate the config with {CHECK}: \"true\"");
                diagnosis.add(Error, "kpt-validator", file.place_of(function), message, remedy);
            }
            if let (Some(Target::File(at)), Some(document)) = (&config, configs.first())
                && is_ours(document.root())
            {
                for problem in config::read(document.root(), None).err().into_iter().flatten() {
                    let place = document.root().at_pointer(&problem.pointer).and_then(Node::span);
                    let place = at.place(place.map_or(0, |span| span.start));
                    let message = format!("{}: {}", problem.path(), problem.message);
                    diagnosis.add(Error, "config", place, message, problem.remedy);
                }
            }
            if !image.is_empty() {
                image_tag(&image, file.place_of(function), diagnosis);
            }
        }
    }
    called
}

/// A function that runs after krmor.
fn later(file: &File, function: Node<'_>, image: &str, exec: &str, diagnosis: &mut Diagnosis) {
    let last = image.rsplit('/').next().unwrap_or_default();
    if HARMLESS.contains(&last.split([':', '@']).next().unwrap_or_default()) {
        return;
    }
    let what = if image.is_empty() { exec } else { image };
    let message = format!("{what} runs after krmor and can undo what it did");
    diagnosis.add(Warning, "not-last", file.place_of(function), message, "list krmor last among the `mutators`");
}

/// kpt's own selection hides objects from krmor: what it does not see, it neither hardens nor reports.
fn selected(file: &File, function: Node<'_>, diagnosis: &mut Diagnosis) {
    for (field, what, ours) in [("selectors", "all but those", "targets"), ("exclude", "those", "exclude")] {
        let spares = |item: Node<'_>| {
            field == "exclude" && item.get("kind").and_then(Node::as_str).is_some_and(|kind| is_harmless(&kind))
        };
        if function.get(field).is_none_or(|node| node.items().all(spares)) {
            continue;
        }
        let place = file.place(function.key_span(field).map_or(0, |span| span.start));
        let message =
            format!("`{field}` hides objects from krmor: {what} that match are not hardened, and nothing says so");
        let remedy = format!("take `{field}` out, and say by `{ours}` in krmor's config what it is for");
        diagnosis.add(Warning, "kpt-selection", place, message, remedy);
    }
}
