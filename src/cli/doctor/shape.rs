//! What stock kustomize refuses, or reads otherwise than it looks: such a build prints nothing, or what is not hardened.

use std::collections::BTreeMap;
use std::path::Path;

use krmor_core::suggest;

use super::Diagnosis;
use super::callers::Callers;
use super::functions::{FUNCTIONS, INNER, PATCHES};
use super::tree::{File, Target, Tree, is_remote};
use crate::report::Severity::Error;
use crate::yaml::{Kind, Node};

/// The fields of a kustomization that are lists.
const LISTS: &[&str] = &[
    "bases",
    "buildMetadata",
    "components",
    "configMapGenerator",
    "configurations",
    "crds",
    "generators",
    "helmChartInflationGenerator",
    "helmCharts",
    "images",
    "labels",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "resources",
    "secretGenerator",
    "transformers",
    "validators",
    "vars",
];
/// The others; `imageTags` is the old name of `images`.
const OTHERS: &[&str] = &[
    "apiVersion",
    "commonAnnotations",
    "commonLabels",
    "generatorOptions",
    "helmGlobals",
    "imageTags",
    "kind",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "openapi",
    "sortOptions",
];

/// Whether a kustomization can be followed.
pub(super) fn judge(tree: &Tree, file: &File, callers: &Callers, diagnosis: &mut Diagnosis) -> bool {
    if let Some(error) = &file.error {
        let (message, remedy) = match error.message.contains("stands twice in this mapping") {
            true => (
                format!("{}: kustomize takes the last, and doctor follows neither", error.message),
                "write the key once".to_owned(),
            ),
            false => (error.message.clone(), "correct it: kustomize cannot read it either".to_owned()),
        };
        diagnosis.add(Error, "yaml", file.place(error.offset), message, remedy);
        return false;
    }
    let Some(root) = file.root() else { return true };
    let version = root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    if !version.is_empty() && !version.starts_with("kustomize.config.k8s.io/") {
        return true; // another program's
    }
    if let Some(second) = file.documents.get(1) {
        let message = "kustomize reads the first document of a kustomization only: this one is passed over in silence";
        diagnosis.add(Error, "second-document", file.place_of(second.root()), message, "put it into the first");
    }
    fields(file, root, diagnosis);
    for field in INNER.iter().chain(FUNCTIONS).chain(&["configurations"]) {
        for (entry, target) in tree.entries(file, field) {
            let text = entry.as_str().unwrap_or_default();
            match target {
                Target::Missing => missing(file, entry, field, &text, diagnosis),
                Target::File(at) => above(file, entry, &text, &at.path, callers, diagnosis),
                _ => {}
            }
        }
    }
    for field in PATCHES {
        for item in root.get(field).into_iter().flat_map(Node::items) {
            let Some(entry) = item.get("path").or(Some(item)).filter(|entry| entry.as_str().is_some()) else {
                continue;
            };
            let text = entry.as_str().unwrap_or_default();
            if text.contains(['\n', '{']) || is_remote(&text) {
                continue;
            }
            match file.folder().join(text.as_ref()).canonicalize() {
                Ok(path) => above(file, entry, &text, &path, callers, diagnosis),
                Err(_) => missing(file, entry, field, &text, diagnosis),
            }
        }
    }
    true
}

/// Two kustomizations in one folder.
pub(super) fn doubled(tree: &Tree, diagnosis: &mut Diagnosis) {
    let mut folders: BTreeMap<&Path, Vec<&File>> = BTreeMap::new();
    for file in tree.kustomizations() {
        folders.entry(file.folder()).or_default().push(file);
    }
    for files in folders.values() {
        if let [first, second, ..] = files.as_slice() {
            let message = format!("{} lies beside this one: kustomize fails where it finds two", first.name);
            diagnosis.add(Error, "two-kustomizations", second.place(0), message, "keep one of them");
        }
    }
}

fn fields(file: &File, root: Node<'_>, diagnosis: &mut Diagnosis) {
    let known = || LISTS.iter().chain(OTHERS).copied();
    for (key, value) in root.entries() {
        let place = || file.place(root.key_span(&key).map_or(0, |span| span.start));
        // kustomize itself takes no offence at capitals.
        if !known().any(|known| known.eq_ignore_ascii_case(&key)) {
            let message = format!("kustomize knows no field `{key}`, and fails");
            let remedy = format!("{}take it out", suggest::or_else(&key, known()));
            diagnosis.add(Error, "unknown-field", place(), message, remedy);
        } else if LISTS.contains(&key.as_ref()) && !matches!(value.kind(), Kind::Seq | Kind::Alias) && !value.is_null()
        {
            let message = format!("`{key}` must be a list, and is none: kustomize fails");
            diagnosis.add(Error, "no-list", place(), message, format!("{key}: [\u{2026}]"));
        }
    }
}

fn missing(file: &File, entry: Node<'_>, field: &str, text: &str, diagnosis: &mut Diagnosis) {
    let path = file.folder().join(text);
    let (what, remedy) = match (path.is_dir(), path.exists()) {
        (true, _) => ("is a folder without a kustomization", "write one, or name files"),
        (_, true) => ("cannot be read: it is no UTF-8 text of up to 16 MiB", "write it as UTF-8"),
        _ => ("is not there", "correct the path"),
    };
    let message = format!("`{field}` names {text}, which {what}");
    diagnosis.add(Error, "missing-file", file.place_of(entry), message, remedy);
}

/// kustomize reads files below the kustomization's folder only, unless it is told otherwise.
fn above(file: &File, entry: Node<'_>, text: &str, path: &Path, callers: &Callers, diagnosis: &mut Diagnosis) {
    if callers.reads_above || path.starts_with(file.folder()) {
        return;
    }
    let message = format!("{text} lies outside of this kustomization's folder: kustomize does not read it, and fails");
    let remedy = "move it below, list the folder that it is in by a kustomization there, or build with \
                  --load-restrictor LoadRestrictionsNone";
    diagnosis.add(Error, "outside", file.place_of(entry), message, remedy);
}
