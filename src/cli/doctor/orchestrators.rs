//! kpt's and Argo CD's own ways of calling krmor.

use super::configs::Route;
use super::tree::{File, Target, Tree, is_ours};
use super::{Diagnosis, Place};
use crate::config::{self, CHECK};
use crate::functions::Phase;
use crate::report::Severity::{Error, Warning};
use crate::yaml::Node;

pub(super) fn judge(tree: &Tree, calls: &[Route], diagnosis: &mut Diagnosis) {
    for file in tree.files().filter(|file| file.is_kptfile()) {
        match &file.error {
            Some(error) => {
                let remedy = "correct it: kpt cannot read it either";
                diagnosis.add(Error, "yaml", file.place(error.offset), error.message.clone(), remedy);
            }
            None => kptfile(tree, file, diagnosis),
        }
    }
    for file in tree.files().filter(|file| file.listed) {
        for document in &file.documents {
            argocd(file, document.root(), calls, diagnosis);
        }
    }
}

fn kptfile(tree: &Tree, file: &File, diagnosis: &mut Diagnosis) {
    let Some(pipeline) = file.root().and_then(|root| root.get("pipeline")) else { return };
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
                continue;
            }
            let read = configs.first().and_then(|document| config::read(document.root(), None).ok());
            let is_check = read.as_ref().is_some_and(|pipeline| pipeline.check);
            let only_checks =
                read.is_some_and(|pipeline| pipeline.steps.iter().all(|step| step.function.phase == Phase::Checks));
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
}

/// An image that may be another one tomorrow.
pub(super) fn image_tag(image: &str, place: Place, diagnosis: &mut Diagnosis) {
    let last = image.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag);
    if image.contains('@') || tag.is_some_and(|tag| !tag.is_empty() && tag != "latest") {
        return;
    }
    let message = format!("the image {image} has no fixed tag: another krmor may run tomorrow");
    diagnosis.add(Warning, "image-tag", place, message, "name a version or, better, a digest");
}

/// Argo CD's build options, in its ConfigMap or in the operator's ArgoCD.
fn argocd(file: &File, root: Node<'_>, calls: &[Route], diagnosis: &mut Diagnosis) {
    let text = |path: &[&str]| root.find(path).and_then(Node::as_str).unwrap_or_default();
    let group = text(&["apiVersion"]).split('/').next().unwrap_or_default().to_owned();
    let mut options: Vec<(String, Node<'_>)> = Vec::new();
    match (text(&["kind"]).as_ref(), group.as_str()) {
        ("ConfigMap", "v1") if text(&["metadata", "name"]) == "argocd-cm" => {
            let data = root.get("data").into_iter().flat_map(Node::entries);
            options.extend(
                data.filter(|(key, _)| key.starts_with("kustomize.buildOptions"))
                    .map(|(key, value)| (key.into_owned(), value)),
            );
            if options.is_empty() && !calls.is_empty() {
                let message = "argocd-cm has no `kustomize.buildOptions`: Argo CD renders without plugins and fails at krmor's configs";
                let remedy = "set `kustomize.buildOptions: --enable-alpha-plugins`";
                diagnosis.add(Warning, "argocd-build-options", file.place_of(root), message, remedy);
            }
        }
        ("ArgoCD", "argoproj.io") => {
            let value = root.find(&["spec", "kustomizeBuildOptions"]);
            options.extend(value.map(|value| ("spec.kustomizeBuildOptions".to_owned(), value)));
        }
        _ => {}
    }
    for (key, value) in options {
        let flags = value.as_str().unwrap_or_default();
        let has = |flag: &str| flags.split_whitespace().any(|word| word == flag || word == format!("{flag}=true"));
        if !calls.is_empty() && !has("--enable-alpha-plugins") {
            let message = format!("`{key}` lacks --enable-alpha-plugins: Argo CD cannot call krmor");
            let remedy = "add --enable-alpha-plugins, and krmor to the repo-server's plugin home";
            diagnosis.add(Error, "argocd-build-options", file.place_of(value), message, remedy);
        }
        if calls.contains(&Route::Exec) && !has("--enable-exec") {
            let message =
                format!("`{key}` lacks --enable-exec: Argo CD skips krmor in silence and deploys what is not hardened");
            let remedy = "use the plugin home instead of the `exec` annotation; or add --enable-exec";
            diagnosis.add(Error, "argocd-build-options", file.place_of(value), message, remedy);
        }
    }
}
