//! How kustomizations call krmor: every function config of ours, from where it is reached.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Diagnosis;
use super::tree::{self, File, Target, Tree};
use crate::config::{self, PIPELINE};
use crate::report::Severity::{Error, Info, Warning};
use crate::yaml::{self, Document, Node};

/// The annotations that make a config a KRM function's; the second is an older name.
const FUNCTION: &[&str] = &["config.kubernetes.io/function", "config.k8s.io/function"];
/// Where a config lies, for kustomize's KRM route: it hands over the objects below that folder only.
const PATH: &[&str] = &["config.kubernetes.io/path", "internal.config.kubernetes.io/path"];
/// Fields by which an outer kustomization changes what an inner one has made.
const UNDOING: &[&str] = &["patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "images", "replicas"];
/// Fields that say which kustomizations lie inside.
const INNER: &[&str] = &["resources", "bases", "components"];

/// By which route kustomize calls a config's function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The plugin home.
    Legacy,
    /// `exec:` of the function annotation.
    Exec,
    /// `container:` of it.
    Container,
}

/// A config of ours that a kustomization runs.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) route: Route,
}

/// A document, the file it is in, and what it is reached by.
struct Reached<'a> {
    document: &'a Document,
    file: &'a File,
    /// The kustomization's own entry: what an inline config is shown by.
    inline: Option<Node<'a>>,
    /// A kustomization of configs may patch them: then they are not yet what krmor reads.
    patched: bool,
}

impl Reached<'_> {
    fn place(&self, pointer: &str) -> Option<(String, Option<usize>)> {
        if let Some(entry) = self.inline {
            return self.file.place_of(entry);
        }
        let mut pointer = pointer;
        loop {
            let (parent, token) = pointer.rsplit_once('/').unwrap_or_default();
            let key =
                yaml::pointer_tokens(&format!("/{token}")).and_then(|tokens| tokens.first().map(ToString::to_string));
            let parent_node = self.document.root().at_pointer(parent);
            let span = parent_node.and_then(|node| node.key_span(&key.unwrap_or_default()));
            let span = span.or_else(|| self.document.root().at_pointer(pointer).and_then(Node::span));
            match span {
                Some(span) => return self.file.place(span.start),
                None if pointer.is_empty() => return self.file.place(self.document.span().start),
                None => pointer = parent,
            }
        }
    }

    fn title(&self) -> String {
        let text = |path: &[&str]| self.document.root().find(path).and_then(Node::as_str).unwrap_or_default();
        format!("{} {}", text(&["kind"]), text(&["metadata", "name"])).trim().to_owned()
    }
}

/// Judges every kustomization and every config; the calls that kustomize makes.
pub(super) fn judge(tree: &Tree, diagnosis: &mut Diagnosis) -> Vec<Call> {
    let of_configs = configs_only(tree);
    let (mut calls, mut read) = (Vec::new(), BTreeSet::new());
    for file in tree.kustomizations() {
        if let Some(error) = &file.error {
            let remedy = "correct it: kustomize cannot read it either";
            diagnosis.find(Error, "yaml", file.place(error.offset), error.message.clone(), remedy);
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
                    diagnosis.find(Error, "missing-file", file.place_of(entry), message, "correct the path");
                }
                for reached in configs(tree, file, entry, &target) {
                    let route = judge_config(file, entry, field, &reached, &mut read, diagnosis);
                    if field == "transformers" {
                        calls.push(Call { route });
                    }
                }
            }
        }
        emitted(tree, file, diagnosis);
        order(tree, file, diagnosis);
        undone(tree, file, diagnosis);
    }
    let kustomizations = tree.kustomizations().count();
    diagnosis.fact("kustomizations", kustomizations.to_string());
    diagnosis.fact("calls of krmor", calls.len().to_string());
    unreferenced(tree, diagnosis);
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

/// A config of our group, or one that names krmor as its function.
fn is_ours(root: Node<'_>) -> bool {
    tree::is_ours(root) || annotation(root, FUNCTION).is_some_and(|(_, text)| text.contains("krmor"))
}

fn annotation(root: Node<'_>, keys: &[&'static str]) -> Option<(&'static str, String)> {
    let annotations = root.find(&["metadata", "annotations"])?;
    keys.iter().find_map(|key| Some((*key, annotations.get(key)?.as_str()?.into_owned())))
}

fn judge_config(
    file: &File,
    entry: Node<'_>,
    field: &str,
    reached: &Reached<'_>,
    read: &mut BTreeSet<(PathBuf, usize)>,
    diagnosis: &mut Diagnosis,
) -> Route {
    let (root, title, place) = (reached.document.root(), reached.title(), file.place_of(entry));
    match field {
        "generators" => {
            let message = format!("{title} is under `generators:`, where it gets no objects: nothing is hardened");
            diagnosis.find(Error, "under-generators", place, message, "list it under `transformers:`");
        }
        "validators" => {
            let message = format!(
                "{title} is under `validators:`: kustomize fails whatever a function returns there, changed or not"
            );
            let remedy = "list it under `transformers:`, also a config that only checks";
            diagnosis.find(Error, "under-validators", place, message, remedy);
        }
        _ => {}
    }
    // One file may be listed by many kustomizations; inline ones lie at different places of one.
    let inside = reached.inline.and_then(Node::span).map_or(reached.document.span().start, |span| span.start);
    let first = read.insert((reached.file.path.clone(), inside));
    if first
        && !reached.patched
        && tree::is_ours(root)
        && let Err(problem) = config::read(root, None)
    {
        let path = problem.path();
        let path = if path.is_empty() { path } else { format!("{path}: ") };
        let remedy = if problem.remedy.is_empty() { "correct it".to_owned() } else { problem.remedy.clone() };
        let place = reached.place(&problem.pointer);
        diagnosis.find(Error, "config", place, format!("{title}: {path}{}", problem.message), remedy);
    }
    function(file, reached, first, diagnosis)
}

/// What the function annotation of a config leads to.
fn function(file: &File, reached: &Reached<'_>, first: bool, diagnosis: &mut Diagnosis) -> Route {
    let (root, title) = (reached.document.root(), reached.title());
    let Some((key, text)) = annotation(root, FUNCTION) else { return Route::Legacy };
    let place = reached.place(&format!("/metadata/annotations/{}", yaml::escape_token(key)));
    let documents = yaml::parse(&text.clone().into()).unwrap_or_default();
    let spec = documents.first().map(Document::root);
    let exec = spec.and_then(|spec| spec.get("exec"));
    let container = spec.and_then(|spec| spec.get("container"));
    let route = if container.is_some() { Route::Container } else { Route::Exec };
    if let Some((key, path)) = annotation(root, PATH)
        && !matches!(folder_of(&path).as_str(), "" | "." | "functions")
    {
        let place = reached.place(&format!("/metadata/annotations/{}", yaml::escape_token(key)));
        let message =
            format!("{title}: with the annotation {key} kustomize hands over only what lies in that folder: nothing");
        diagnosis.find(Error, "path-annotation", place, message, "remove the annotation");
    }
    match (exec, container) {
        (Some(exec), _) => {
            if first {
                let message = format!(
                    "{title} is run by `exec`: without --enable-exec kustomize skips it in silence and prints objects that are not hardened"
                );
                let remedy = "remove the annotation and use the plugin home (`krmor install kustomize`), which fails loudly; or \
                     prove each output with `krmor check`";
                diagnosis.find(Warning, "exec-skipped", place.clone(), message, remedy);
            }
            let path = exec.get("path").and_then(Node::as_str).unwrap_or_default();
            executable(file, &path, &title, place, diagnosis);
        }
        (None, Some(container)) => {
            let image = container.get("image").and_then(Node::as_str).unwrap_or_default();
            if first {
                let message = format!("{title} is run as the container {image}: kustomize needs docker for it");
                let remedy =
                    "where there is no docker (Argo CD, most CI), use the plugin home: `krmor install kustomize`";
                diagnosis.find(Info, "container-docker", place.clone(), message, remedy);
                super::orchestrators::image_tag(&image, place, diagnosis);
            }
        }
        (None, None) => {
            let message = format!("{title}: the annotation {key} names neither `exec` nor `container`: nothing is run");
            diagnosis.find(Error, "no-function", place, message, "remove the annotation");
        }
    }
    route
}

/// The folder of a path annotation, as kustomize takes it.
fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map(|(folder, _)| folder.trim_end_matches('/').to_owned()).unwrap_or_default()
}

/// kustomize runs `exec.path` in the folder of the kustomization that lists the config.
fn executable(file: &File, path: &str, title: &str, place: Option<(String, Option<usize>)>, diagnosis: &mut Diagnosis) {
    let remedy = "give the absolute path of krmor";
    if path.is_empty() {
        diagnosis.find(Error, "exec-path", place, format!("{title}: `exec` has no `path`"), remedy);
    } else if !path.contains('/') {
        if super::plugins::on_path(path).is_none() {
            let message = format!("{title}: `exec.path` is {path}, and no {path} is on the PATH");
            diagnosis.find(Error, "exec-path", place, message, remedy);
        }
    } else if !file.folder().join(path).is_file() {
        let message = format!("{title}: `exec.path` is {path}, which is not there from {}", file.folder().display());
        diagnosis.find(Error, "exec-path", place, message, remedy);
    } else if Path::new(path).is_relative() {
        let message = format!(
            "{title}: `exec.path` {path} is relative: it is looked for in the folder of each kustomization that lists the config"
        );
        diagnosis.find(Warning, "exec-path-relative", place, message, remedy);
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
            diagnosis.find(Error, "under-resources", file.place_of(entry), message, "list it under `transformers:`");
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
        diagnosis.find(Warning, "not-last", file.place_of(*entry), message, remedy);
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
            diagnosis.find(Info, "hardened-inside", place, message, remedy);
        }
    }
}

/// Configs that nothing refers to.
fn unreferenced(tree: &Tree, diagnosis: &mut Diagnosis) {
    if tree.kustomizations().next().is_none() || tree.kustomizations().any(|file| file.error.is_some()) {
        return; // then the configs are for other callers, or nobody knows
    }
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
            let what = if kind == PIPELINE { "pipeline" } else { "config" };
            let message =
                format!("no kustomization refers to the {what} {kind} {}: it never runs", text(&["metadata", "name"]));
            let remedy = "list it under `transformers:` of the outermost kustomization, or remove it";
            diagnosis.find(Warning, "unreferenced", file.place_of(root), message, remedy);
        }
    }
}
