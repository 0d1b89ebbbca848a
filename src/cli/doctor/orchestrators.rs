//! Argo CD's own ways of calling krmor.

use super::configs::Route;
use super::tree::{File, Tree};
use super::{Diagnosis, Place};
use crate::report::Severity::{Error, Warning};
use crate::yaml::Node;

pub(super) fn judge(tree: &Tree, calls: &[Route], diagnosis: &mut Diagnosis) {
    for file in tree.files().filter(|file| file.listed) {
        for document in &file.documents {
            argocd(file, document.root(), calls, diagnosis);
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
        ("ConfigManagementPlugin", "argoproj.io") => discover(file, root, diagnosis),
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

/// A plugin that Argo CD finds by itself is also one that it does without.
fn discover(file: &File, root: Node<'_>, diagnosis: &mut Diagnosis) {
    let spec = root.get("spec");
    let Some(value) = spec.and_then(|spec| spec.get("discover")).filter(|value| !value.is_null()) else { return };
    let calls = |node: Node<'_>| {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            open.extend(node.items());
            open.extend(node.entries().map(|(_, value)| value));
            if node.as_str().is_some_and(|text| text.contains("krmor")) {
                return true;
            }
        }
        false
    };
    if !spec.and_then(|spec| spec.get("generate")).is_some_and(calls) {
        return;
    }
    let message = "this plugin calls krmor and has `discover`: where it does not answer, as while the sidecar restarts, Argo CD \
                   renders without it, and deploys what is not hardened";
    let remedy = "take `discover` out, and have each Application name the plugin";
    diagnosis.add(Warning, "argocd-discover", file.place_of(value), message, remedy);
}
