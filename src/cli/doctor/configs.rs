//! One function config of ours: where it is listed, whether it can be read, and what its annotations lead to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::callers::Callers;
use super::tree::{self, File};
use super::{Diagnosis, Place};
use crate::config;
use crate::report::Severity::{Error, Info, Warning};
use crate::schema;
use crate::yaml::{self, Document, Node};

/// The annotations that make a config a KRM function's; the second is an older name.
pub(super) const FUNCTION: &[&str] = &["config.kubernetes.io/function", "config.k8s.io/function"];
/// Where a config lies, for kustomize's KRM route: it hands over the objects below that folder only.
const PATH: &[&str] = &["config.kubernetes.io/path", "internal.config.kubernetes.io/path"];
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

/// A document, the file it is in, and what it is reached by.
pub(super) struct Reached<'a> {
    pub(super) document: &'a Document,
    pub(super) file: &'a File,
    /// The kustomization's own entry: what an inline config is shown by.
    pub(super) inline: Option<Node<'a>>,
    /// A kustomization of configs may patch them: then they are not yet what krmor reads.
    pub(super) patched: bool,
}

impl Reached<'_> {
    fn place(&self, pointer: &str) -> Place {
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

    pub(super) fn title(&self) -> String {
        let text = |path: &[&str]| self.document.root().find(path).and_then(Node::as_str).unwrap_or_default();
        format!("{} {}", text(&["kind"]), text(&["metadata", "name"])).trim().to_owned()
    }
}

/// A config of our group, a list of such, or one that names krmor as its function: by an image or path of its name, or by a link
/// that leads to it, which may have the name of a kind. `folder` is where a relative path begins.
pub(super) fn is_ours(root: Node<'_>, folder: &Path) -> bool {
    tree::is_ours(root)
        || root.get("items").is_some_and(|items| items.items().any(tree::is_ours))
        || annotation(root, FUNCTION).is_some_and(|(_, text)| text.contains("krmor") || leads_to_krmor(&text, folder))
}

fn leads_to_krmor(function: &str, folder: &Path) -> bool {
    let documents = yaml::parse(&function.to_owned().into()).unwrap_or_default();
    let path = documents.first().and_then(|document| document.root().find(&["exec", "path"])).and_then(Node::as_str);
    let Some(path) = path.filter(|path| path.contains('/')) else { return false };
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let path = folder.join(path.as_ref());
    let real = path.canonicalize().unwrap_or_default();
    schema::kinds().any(|kind| kind == name(&path))
        || name(&real).contains("krmor")
        || std::env::current_exe().and_then(|own| own.canonicalize()).is_ok_and(|own| own == real)
}

pub(super) fn annotation(root: Node<'_>, keys: &[&'static str]) -> Option<(&'static str, String)> {
    let annotations = root.find(&["metadata", "annotations"])?;
    keys.iter().find_map(|key| Some((*key, annotations.get(key)?.as_str()?.into_owned())))
}

pub(super) fn judge_config(
    file: &File,
    entry: Node<'_>,
    field: &str,
    reached: &Reached<'_>,
    read: &mut BTreeSet<(PathBuf, usize)>,
    callers: &Callers,
    diagnosis: &mut Diagnosis,
) -> Route {
    let (root, title, place) = (reached.document.root(), reached.title(), file.place_of(entry));
    match field {
        "generators" => {
            let message = format!("{title} is under `generators:`, where it gets no objects: nothing is hardened");
            diagnosis.add(Error, "under-generators", place, message, "list it under `transformers:`");
        }
        "validators" => {
            let message = format!(
                "{title} is under `validators:`: kustomize fails whatever a function returns there, changed or not"
            );
            let remedy = "list it under `transformers:`, also a config that only checks";
            diagnosis.add(Error, "under-validators", place, message, remedy);
        }
        _ => {}
    }
    // One file may be listed by many kustomizations; inline ones lie at different places of one.
    let inside = reached.inline.and_then(Node::span).map_or(reached.document.span().start, |span| span.start);
    let first = read.insert((reached.file.path.clone(), inside));
    let is_read = first && !reached.patched && tree::is_ours(root);
    for problem in is_read.then(|| config::read(root, None).err()).flatten().into_iter().flatten() {
        let path = problem.path();
        let path = if path.is_empty() { path } else { format!("{path}: ") };
        let remedy = if problem.remedy.is_empty() { "correct it".to_owned() } else { problem.remedy };
        let place = reached.place(&problem.pointer);
        diagnosis.add(Error, "config", place, format!("{title}: {path}{}", problem.message), remedy);
    }
    function(file, reached, first, callers, diagnosis)
}

/// What the function annotation of a config leads to.
fn function(file: &File, reached: &Reached<'_>, first: bool, callers: &Callers, diagnosis: &mut Diagnosis) -> Route {
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
        diagnosis.add(Error, "path-annotation", place, message, "remove the annotation");
    }
    match (exec, container) {
        (Some(exec), _) => {
            if first {
                let severity = if callers.run_exec() { Warning } else { Error };
                let mut message = format!(
                    "{title} is run by `exec`: without --enable-exec kustomize skips it in silence and prints objects that are \
                     not hardened; kubectl always does"
                );
                match callers.exec() {
                    (without, _) if !without.is_empty() => message.push_str(&format!("; so do the calls in {without}")),
                    (_, with) if !with.is_empty() => {
                        message
                            .push_str(&format!("; the flag is seen in {with}, and in no call that is typed by hand"));
                    }
                    _ => {}
                }
                let remedy = "remove the annotation and use the plugin home (`krmor install kustomize`), which fails loudly; \
                     or prove each output with `krmor check`, and say --called-by exec once every call has --enable-exec";
                diagnosis.add(severity, "exec-skipped", place.clone(), message, remedy);
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
                diagnosis.add(Info, "container-docker", place.clone(), message, remedy);
                super::orchestrators::image_tag(&image, place, diagnosis);
            }
        }
        (None, None) => {
            let message = format!("{title}: the annotation {key} names neither `exec` nor `container`: nothing is run");
            diagnosis.add(Error, "no-function", place, message, "remove the annotation");
        }
    }
    route
}

/// The folder of a path annotation, as kustomize takes it.
fn folder_of(path: &str) -> String {
    path.rsplit_once('/').map(|(folder, _)| folder.trim_end_matches('/').to_owned()).unwrap_or_default()
}

/// kustomize runs `exec.path` in the folder of the kustomization that lists the config.
fn executable(file: &File, path: &str, title: &str, place: Place, diagnosis: &mut Diagnosis) {
    let remedy = "give the absolute path of krmor";
    if path.is_empty() {
        diagnosis.add(Error, "exec-path", place, format!("{title}: `exec` has no `path`"), remedy);
    } else if !path.contains('/') {
        if super::plugins::on_path(path).is_none() {
            let message = format!("{title}: `exec.path` is {path}, and no {path} is on the PATH");
            diagnosis.add(Error, "exec-path", place, message, remedy);
        }
    } else if !file.folder().join(path).is_file() {
        let message = format!("{title}: `exec.path` is {path}, which is not there from {}", file.folder().display());
        diagnosis.add(Error, "exec-path", place, message, remedy);
    } else if Path::new(path).is_relative() {
        let message = format!(
            "{title}: `exec.path` {path} is relative: it is looked for in the folder of each kustomization that lists the config"
        );
        diagnosis.add(Warning, "exec-path-relative", place, message, remedy);
    }
}
