//! Configs that nothing here refers to, and those that scripts and plugins call.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Diagnosis;
use super::callers::Callers;
use super::tree::{self, File, Tree};
use crate::config::{self, PIPELINE};
use crate::report::Severity::{Error, Warning};
use crate::yaml::Node;

pub(super) fn judge(tree: &Tree, callers: &Callers, diagnosis: &mut Diagnosis) {
    // What cannot be read may list the configs that it names.
    let broken = tree.files().filter(|file| file.error.is_some() && is_caller(file));
    let maybe: BTreeSet<&str> = broken.flat_map(|file| file.text.split(|c: char| !is_of_name(c))).collect();
    let referred: BTreeSet<PathBuf> =
        tree.files().flat_map(tree::referred).filter_map(|path| path.canonicalize().ok()).collect();
    for file in tree.files().filter(|file| file.listed && !referred.contains(&file.path)) {
        if is_caller(file) {
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
            if file.path.file_name().and_then(|name| name.to_str()).is_some_and(|name| maybe.contains(name)) {
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

fn is_caller(file: &File) -> bool {
    file.is_kustomization() || file.is_kptfile()
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}
