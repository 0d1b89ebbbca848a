//! The functions that an entry of `transformers:`, `generators:` or `validators:` stands for, in the order in which kustomize runs
//! them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::configs::{FUNCTION, Reached, is_ours};
use super::tree::{File, Target, Tree};
use super::{Diagnosis, Place};
use crate::report::Severity::{Error, Warning};
use crate::yaml::{self, Document, Node};

/// Fields that say which kustomizations lie inside.
pub(super) const INNER: &[&str] = &["resources", "bases", "components"];
/// Fields with functions.
pub(super) const FUNCTIONS: &[&str] = &["generators", "validators", "transformers"];
/// Fields with patches.
pub(super) const PATCHES: &[&str] = &["patches", "patchesStrategicMerge", "patchesJson6902"];

/// The entries of a field as kustomize takes them: inline functions run before those in files.
pub(super) fn entries<'a>(tree: &'a Tree, file: &'a File, field: &str) -> Vec<(Node<'a>, Target<'a>)> {
    let mut entries = tree.entries(file, field);
    entries.sort_by_key(|(_, target)| !matches!(target, Target::Inline(_)));
    entries
}

/// The functions of one entry.
pub(super) fn functions<'a>(
    tree: &'a Tree,
    file: &'a File,
    entry: Node<'a>,
    target: &'a Target<'a>,
) -> Vec<Reached<'a>> {
    let mut found = Vec::new();
    match target {
        Target::Inline(documents) => {
            found.extend(documents.iter().map(|document| Reached {
                document,
                file,
                inline: Some(entry),
                patched: false,
            }));
        }
        Target::File(file) => found.extend(of_file(file, false)),
        Target::Kustomization(inner) => of_folder(tree, inner, 0, &mut BTreeSet::new(), &mut found),
        Target::Remote | Target::Missing => {}
    }
    found
}

fn of_file(file: &File, patched: bool) -> impl Iterator<Item = Reached<'_>> {
    file.documents.iter().map(move |document| Reached { document, file, inline: None, patched })
}

/// The functions that a kustomization of configs makes; those that its patches delete are not among them.
fn of_folder<'a>(
    tree: &'a Tree,
    folder: &'a File,
    depth: usize,
    seen: &mut BTreeSet<PathBuf>,
    found: &mut Vec<Reached<'a>>,
) {
    if depth > super::MAX_DEPTH || !seen.insert(folder.path.clone()) {
        return;
    }
    for (_, target) in INNER.iter().flat_map(|field| tree.entries(folder, field)) {
        match target {
            Target::File(file) => found.extend(of_file(file, true)),
            Target::Kustomization(inner) => of_folder(tree, inner, depth + 1, seen, found),
            _ => {}
        }
    }
    for deleted in patches(tree, folder).iter().flat_map(Patch::deleted) {
        found.retain(|reached| !deleted.fits(reached.document.root()));
    }
}

/// A patch of a kustomization.
struct Patch<'a> {
    place: Place,
    target: Option<Node<'a>>,
    text: String,
}

/// What a patch deletes.
struct Deleted {
    kind: String,
    name: String,
}

impl Patch<'_> {
    fn deleted(&self) -> Vec<Deleted> {
        let documents = yaml::parse(&self.text.clone().into()).unwrap_or_default();
        let is_deletion = |root: Node<'_>| root.get("$patch").and_then(Node::as_str).is_some_and(|how| how == "delete");
        let gone = documents.iter().map(Document::root).filter(|root| is_deletion(*root));
        gone.map(|root| {
            let text = |path: &[&str]| {
                let own = path.last().copied().unwrap_or_default();
                let of_target = self.target.map(|target| target.get(own).and_then(Node::as_str).unwrap_or_default());
                let of_body = || root.find(path).and_then(Node::as_str).unwrap_or_default();
                of_target.unwrap_or_else(of_body).into_owned()
            };
            Deleted { kind: text(&["kind"]), name: text(&["metadata", "name"]) }
        })
        .collect()
    }
}

impl Deleted {
    /// Whether this function is deleted. A target's pattern may be any.
    fn fits(&self, root: Node<'_>) -> bool {
        let same = |wanted: &str, path: &[&str]| {
            let is_pattern = wanted.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            wanted.is_empty() || is_pattern || root.find(path).and_then(Node::as_str).is_some_and(|own| own == wanted)
        };
        same(&self.kind, &["kind"]) && same(&self.name, &["metadata", "name"])
    }
}

fn patches<'a>(tree: &'a Tree, file: &'a File) -> Vec<Patch<'a>> {
    let mut found = Vec::new();
    let items = |field: &&str| file.root().and_then(|root| root.get(field)).into_iter().flat_map(Node::items);
    for item in PATCHES.iter().flat_map(items) {
        let text = |node: Option<Node<'_>>| node.and_then(Node::as_str).unwrap_or_default().into_owned();
        let (inline, path) = match item.as_str() {
            Some(entry) if entry.contains('\n') => (entry.into_owned(), String::new()),
            Some(entry) => (String::new(), entry.into_owned()),
            None => (text(item.get("patch")), text(item.get("path"))),
        };
        let of_file = || tree.file(&file.folder().join(&path)).map(|file| file.text.to_string()).unwrap_or_default();
        let text = if inline.is_empty() { of_file() } else { inline };
        found.push(Patch { place: file.place_of(item), target: item.get("target"), text });
    }
    found
}

/// What a kustomization of configs does to krmor's: it can take them out, and send them another way.
pub(super) fn judge_configs(tree: &Tree, file: &File, diagnosis: &mut Diagnosis) {
    let Some(root) = file.root() else { return };
    let mut inside = Vec::new();
    for (_, target) in INNER.iter().flat_map(|field| tree.entries(file, field)) {
        match target {
            Target::File(file) => inside.extend(of_file(file, true)),
            Target::Kustomization(inner) => of_folder(tree, inner, 0, &mut BTreeSet::new(), &mut inside),
            _ => {}
        }
    }
    let ours: Vec<&Reached<'_>> =
        inside.iter().filter(|reached| is_ours(reached.document.root(), reached.file.folder())).collect();
    if ours.is_empty() {
        return;
    }
    let elsewhere = |place: Place, diagnosis: &mut Diagnosis| {
        let message = "this gives krmor's config the annotation of a KRM function: without --enable-exec kustomize skips what runs \
                       by `exec`, in silence, and prints objects that are not hardened";
        let remedy = "leave the annotation out, and use the plugin home (`krmor install kustomize`)";
        diagnosis.add(Error, "exec-skipped", place, message, remedy);
    };
    let names_function = |text: &str| FUNCTION.iter().any(|key| text.contains(key));
    for patch in patches(tree, file) {
        for reached in patch
            .deleted()
            .iter()
            .flat_map(|deleted| ours.iter().filter(|reached| deleted.fits(reached.document.root())).collect::<Vec<_>>())
        {
            let message = format!("this patch deletes {}: krmor is not called", reached.title());
            diagnosis.add(Error, "config-deleted", patch.place.clone(), message, "remove the patch");
        }
        if names_function(&patch.text) {
            elsewhere(patch.place, diagnosis);
        }
    }
    if let Some(node) = root.get("commonAnnotations")
        && node.entries().any(|(key, _)| names_function(&key))
    {
        elsewhere(file.place(root.key_span("commonAnnotations").map_or(0, |span| span.start)), diagnosis);
    }
    for field in ["transformers", "replacements"] {
        if root.get(field).is_some_and(|node| node.items().next().is_some()) {
            let place = file.place(root.key_span(field).map_or(0, |span| span.start));
            let message = format!("`{field}` here change krmor's config, and doctor cannot follow what becomes of it");
            let remedy = "write the config as it is to be, or change it by `patches:`";
            diagnosis.add(Warning, "config-changed", place, message, remedy);
        }
    }
}
