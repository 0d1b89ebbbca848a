//! Finds values in sources, and plans the edits that put placeholders in their place.
//!
//! A value becomes a placeholder where it stands: in the document, generator, patch or file. So names, hashes, merges and
//! patches stay kustomize's, and the order, quotes and comments around it stay the person's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::documents;
use super::edits::{Edit, Edits, edited};
use super::generators;
use super::sealed;
use super::vault::Kv;
use super::{Finding, Origin};
use crate::cli::doctor::Place;
use crate::cli::doctor::tree::{File, Target, Tree};
use crate::yaml::{self, Kind, Node};
use krmor_core::kube::DataKey;

/// Secrets that a controller fills, or that are needed before any operator runs.
pub(super) const NEVER: &[&str] =
    &["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token", "helm.sh/release.v1"];

/// A value that gives way to a placeholder.
#[derive(Debug)]
pub(super) struct Moved {
    pub(super) place: Place,
    pub(super) secret: String,
    pub(super) key: String,
    pub(super) kv: Kv,
    /// What the placeholder stands for; of a SealedSecret, what is sealed.
    pub(super) value: Vec<u8>,
    /// It is no text: Vault has its base64.
    pub(super) encoded: bool,
    /// Other keys of the same secret in Vault are in use already.
    pub(super) others: bool,
    /// The path that tells it apart from as many others as any `--path` could.
    pub(super) widest: String,
}

/// Where keys of one Secret stand together, so that others can be put beside them.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) file: PathBuf,
    pub(super) document: usize,
    /// A mapping of keys, or the literals of a generator.
    pub(super) pointer: String,
    pub(super) form: Form,
    pub(super) secret: String,
    pub(super) kv: Kv,
    pub(super) place: Place,
}

/// How a group holds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Base64.
    Data,
    /// Text.
    StringData,
    /// `key=value`, and whether there is a list of them.
    Literals { there: bool },
}

/// What a migration makes of the sources.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) groups: Vec<Group>,
    pub(super) edits: BTreeMap<PathBuf, Edits>,
    /// Files that hold nothing but values, with what they hold then.
    pub(super) contents: BTreeMap<PathBuf, Vec<u8>>,
    /// What no view may show of the files as they are.
    pub(super) hidden: BTreeMap<PathBuf, Vec<Range<usize>>>,
    pub(super) moved: Vec<Moved>,
    pub(super) problems: Vec<Finding>,
    pub(super) notes: Vec<Finding>,
}

/// Where values go, as the command line says it.
#[derive(Debug)]
pub(super) struct Paths<'a> {
    pub(super) mount: &'a str,
    pub(super) template: &'a str,
    pub(super) v2: bool,
}

/// A file, or a text in one that is a document itself.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) file: &'a File,
    /// The text's place, for what stands in it.
    pub(super) inline: Option<Node<'a>>,
}

impl At<'_> {
    pub(super) fn place(&self, node: Node<'_>) -> Place {
        match self.inline {
            Some(outer) => self.file.place_of(outer),
            None => self.file.place_of(node),
        }
    }
}

/// Looks through a tree of sources.
pub(super) struct Scanner<'a> {
    pub(super) tree: &'a Tree,
    /// The directory, as it is and as it was named.
    pub(super) folder: &'a Path,
    pub(super) named: &'a Path,
    pub(super) origin: Origin,
    pub(super) paths: Paths<'a>,
    pub(super) exclude: &'a [String],
    /// Values may move from `data` to `stringData`: nothing in the tree merges Secrets.
    pub(super) readable: bool,
    pub(super) plan: Plan,
    pub(super) seen: BTreeSet<PathBuf>,
    /// Which value each key in Vault is to have.
    pub(super) keys: BTreeMap<(Kv, String), usize>,
}

impl<'a> Scanner<'a> {
    /// Every kustomization of the tree.
    pub(super) fn kustomizations(&mut self) {
        self.readable = !self.tree.kustomizations().any(|file| merges_secrets(self.tree, file));
        for file in self.tree.kustomizations() {
            self.kustomization(file);
        }
        let kind = if self.origin == Origin::SealedSecrets { "SealedSecret" } else { "Secret" };
        for file in self.tree.files().filter(|file| file.listed && !self.seen.contains(&file.path)) {
            let found = file.documents.iter().find(|document| text(document.root(), "kind") == kind);
            if let Some(document) = found.filter(|_| !file.is_kustomization() && self.origin != Origin::Avp) {
                let message = format!("no kustomization lists this {kind}, which stays as it is");
                let remedy = "list it, or take the file out".to_owned();
                self.plan.notes.push(Finding { place: Some(file.place(document.span().start)), message, remedy });
            }
        }
    }

    /// Every manifest of the tree, where no kustomization is.
    pub(super) fn manifests(&mut self) {
        self.readable = true;
        for file in self.tree.files() {
            self.documents(file, "");
        }
    }

    fn kustomization(&mut self, file: &'a File) {
        let Some(root) = file.root().filter(|_| self.parsed(file)) else { return };
        let namespace = root.get("namespace").and_then(Node::as_str).unwrap_or_default().into_owned();
        for field in ["resources", "bases", "patchesStrategicMerge", "generators"] {
            for (at, (entry, target)) in self.tree.entries(file, field).into_iter().enumerate() {
                match target {
                    Target::File(target) => self.documents(target, &namespace),
                    Target::Inline(_) => self.inline(file, entry, &format!("/{field}/{at}"), &namespace, None),
                    Target::Remote if self.origin != Origin::Avp => {
                        let message = "what is elsewhere is not looked through for values";
                        self.note(file.place_of(entry), message, "migrate it there");
                    }
                    Target::Missing => {
                        let message = "it is not there, or cannot be read as text";
                        self.problem(file.place_of(entry), message, "correct the path, or who may read it");
                    }
                    Target::Remote | Target::Kustomization(_) => {}
                }
            }
        }
        for field in ["patches", "patchesJson6902"] {
            for (at, item) in root.get(field).into_iter().flat_map(Node::items).enumerate() {
                if self.origin == Origin::SealedSecrets && patches_sealed(self.tree, file, item) {
                    let message = "a patch is for SealedSecrets, and there will be Secrets";
                    self.problem(
                        file.place_of(item),
                        message,
                        "patch the labels or keys of the Secret itself, or --exclude it",
                    );
                    continue;
                }
                let target = item.get("target").filter(|target| text(*target, "kind") == "Secret");
                if let Some(patch) = item.get("patch") {
                    self.inline(file, patch, &format!("/{field}/{at}/patch"), &namespace, target);
                } else if let Some(path) = item.get("path").and_then(Node::as_str)
                    && let Target::File(patch) = self.tree.target(file, &path)
                {
                    match target.filter(|_| is_operations(patch)) {
                        Some(target) => self.operations_of(patch, target, &namespace),
                        None => self.documents(patch, &namespace),
                    }
                }
            }
        }
        if self.origin == Origin::Secrets {
            for (at, entry) in root.get("secretGenerator").into_iter().flat_map(Node::items).enumerate() {
                let pointer = format!("/secretGenerator/{at}");
                let edits = generators::generator(self, At { file, inline: None }, 0, entry, &pointer, &namespace);
                self.edit(file, 0, edits);
            }
        }
    }

    fn parsed(&mut self, file: &File) -> bool {
        if let Some(error) = &file.error {
            self.problem(file.place(error.offset), error.message.clone(), "correct it");
        }
        file.error.is_none()
    }

    fn documents(&mut self, file: &'a File, namespace: &str) {
        if file.is_kustomization() || !self.seen.insert(file.path.clone()) || !self.parsed(file) {
            return;
        }
        for (number, document) in file.documents.iter().enumerate() {
            let root = document.root();
            if is_generator(root) {
                if self.origin == Origin::Secrets {
                    let edits = generators::generator(self, At { file, inline: None }, number, root, "", namespace);
                    self.edit(file, number, edits);
                }
                continue;
            }
            let from = self.plan.groups.len();
            let edits = self.object(At { file, inline: None }, root, "", namespace);
            self.plan.groups.iter_mut().skip(from).for_each(|group| group.document = number);
            self.edit(file, number, edits);
        }
    }

    /// A patch or a document that is a text in a kustomization.
    fn inline(&mut self, file: &'a File, node: Node<'a>, pointer: &str, namespace: &str, target: Option<Node<'_>>) {
        let Some(inner) = node.as_str() else { return };
        let inner = Arc::new(inner.into_owned());
        let Ok(documents) = yaml::parse(&inner) else { return };
        let at = At { file, inline: Some(node) };
        let mut edits: Edits = Vec::new();
        for (number, document) in documents.iter().enumerate() {
            let root = document.root();
            let found = match (root.kind(), target) {
                (Kind::Seq, Some(target)) => documents::operations(self, at, root, target, namespace),
                (Kind::Seq, None) => Vec::new(),
                _ if is_generator(root) && self.origin == Origin::Secrets => {
                    generators::generator(self, at, number, root, "", namespace)
                }
                _ => self.object(at, root, "", namespace),
            };
            edits.extend(found.into_iter().map(|edit| (number, edit)));
        }
        if edits.is_empty() {
            return;
        }
        match edited(&inner, &edits) {
            Ok(text) => self.edit(file, 0, vec![Edit::Set(pointer.to_owned(), json!(text))]),
            Err(message) => self.problem(file.place_of(node), message, "write the value in block style"),
        }
    }

    fn object(&mut self, at: At<'_>, root: Node<'_>, pointer: &str, namespace: &str) -> Vec<Edit> {
        let (kind, version) = (text(root, "kind"), text(root, "apiVersion"));
        let items = root.get("items").filter(|_| kind.ends_with("List"));
        if let Some(items) = items {
            let of = |(number, item)| (format!("{pointer}/items/{number}"), item);
            let items: Vec<_> = items.items().enumerate().map(of).collect();
            return items.iter().flat_map(|(pointer, item)| self.object(at, *item, pointer, namespace)).collect();
        }
        match self.origin {
            Origin::Secrets if kind == "Secret" && version == "v1" => {
                documents::secret(self, at, root, pointer, namespace)
            }
            Origin::SealedSecrets if kind == "SealedSecret" && version.starts_with("bitnami.com/") => {
                sealed::document(self, at, root, pointer, namespace)
            }
            _ => Vec::new(),
        }
    }

    fn operations_of(&mut self, file: &'a File, target: Node<'_>, namespace: &str) {
        if !self.seen.insert(file.path.clone()) || !self.parsed(file) {
            return;
        }
        for (number, document) in file.documents.iter().enumerate() {
            let edits = documents::operations(self, At { file, inline: None }, document.root(), target, namespace);
            self.edit(file, number, edits);
        }
    }

    /// Where the values of a Secret go that stand in a file of this folder.
    pub(super) fn kv(&self, folder: &Path, name: &str, namespace: &str) -> Kv {
        let path = self.path(self.paths.template, folder, name, namespace);
        Kv { mount: self.paths.mount.to_owned(), path, v2: self.paths.v2 }
    }

    /// The path that says all of where a Secret stands.
    pub(super) fn widest(&self, folder: &Path, name: &str, namespace: &str) -> String {
        self.path("{folder}/{namespace}/{name}", folder, name, namespace)
    }

    fn path(&self, template: &str, folder: &Path, name: &str, namespace: &str) -> String {
        let folder = folder.strip_prefix(self.folder).unwrap_or(Path::new(""));
        let folder: Vec<_> = folder.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let namespace = if namespace.is_empty() { "default" } else { namespace };
        let path = template.replace("{folder}", &folder.join("/"));
        let path = path.replace("{name}", name).replace("{namespace}", namespace);
        path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }

    pub(super) fn is_excluded(&self, name: &str) -> bool {
        self.exclude.iter().any(|one| one == name)
    }

    pub(super) fn moved(&mut self, moved: Moved) {
        if DataKey::check(&moved.key).is_err() {
            // In a file of variables it may be a part of a value.
            let message = format!("a key of Secret {} is none that Kubernetes takes", moved.secret);
            let remedy = "call it by letters, digits, `-`, `_` and `.` here, and where programs read it";
            self.problem(moved.place.clone(), message, remedy);
        }
        let number = self.plan.moved.len();
        let other = *self.keys.entry((moved.kv.clone(), moved.key.clone())).or_insert(number);
        if let Some(other) = self.plan.moved.get(other).filter(|other| other.value != moved.value) {
            let (file, line) = (&other.place.file, other.place.line.unwrap_or_default());
            let message =
                format!("`{}` of {} would be two values: one is at {file}:{line}", moved.key, moved.kv.shown());
            let remedy = if moved.others || other.others {
                "the placeholders beside it say where it goes: let one of the two Secrets have placeholders of a path of its own"
            } else if moved.widest != other.widest {
                "say --path \"{folder}/{namespace}/{name}\", so that each Secret has a path of its own"
            } else {
                "both are of one Secret, in one folder: move one of the files into a folder of its own (--path with {folder} \
                 tells them apart then), or give both the same value"
            };
            self.problem(moved.place.clone(), message, remedy);
        }
        self.plan.moved.push(moved);
    }

    pub(super) fn edit(&mut self, file: &File, number: usize, edits: Vec<Edit>) {
        if edits.is_empty() {
            return;
        }
        if !file.path.starts_with(self.folder) {
            let message = format!("values stand outside {}, where others may use them too", self.named.display());
            self.problem(file.place(0), message, "name the directory that holds all who use them");
        }
        self.plan.edits.entry(file.path.clone()).or_default().extend(edits.into_iter().map(|edit| (number, edit)));
    }

    pub(super) fn hide(&mut self, at: At<'_>, node: Node<'_>) {
        let span = at.inline.unwrap_or(node).span();
        self.plan.hidden.entry(at.file.path.clone()).or_default().extend(span);
    }

    pub(super) fn problem(&mut self, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.plan.problems.push(Finding { place: Some(place), message: message.into(), remedy: remedy.into() });
    }

    pub(super) fn note(&mut self, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.plan.notes.push(Finding { place: Some(place), message: message.into(), remedy: remedy.into() });
    }
}

/// Whether a document is the config of kustomize's own generator of Secrets.
fn is_generator(root: Node<'_>) -> bool {
    text(root, "kind") == "SecretGenerator" && text(root, "apiVersion") == "builtin"
}

/// The text under a key; empty when there is none.
pub(super) fn text(node: Node<'_>, key: &str) -> String {
    node.get(key).and_then(Node::as_str).unwrap_or_default().into_owned()
}

/// Whether a value is filled in by argocd-vault-plugin, or was migrated already.
pub(super) fn is_placeholder(text: &str, annotated: bool) -> bool {
    let inner = |text: &str| text.split_once('<').is_some_and(|(_, rest)| rest.contains('>'));
    text.contains("<path:") || annotated && inner(text)
}

/// Whether a patch selects SealedSecrets by kind, or reaches into what only they have.
fn patches_sealed(tree: &Tree, file: &File, item: Node<'_>) -> bool {
    if item.get("target").is_some_and(|target| text(target, "kind") == "SealedSecret") {
        return true;
    }
    let reaches = |documents: &[yaml::Document]| {
        let mut operations = documents.iter().flat_map(|document| document.root().items());
        operations.any(|item| {
            ["/spec/encryptedData", "/spec/template/data"].iter().any(|at| text(item, "path").starts_with(at))
        })
    };
    if let Some(patch) = item.get("patch").and_then(Node::as_str) {
        return reaches(&yaml::parse(&Arc::new(patch.into_owned())).unwrap_or_default());
    }
    let path = item.get("path").and_then(Node::as_str);
    path.is_some_and(|path| matches!(tree.target(file, &path), Target::File(file) if reaches(&file.documents)))
}

fn is_operations(file: &File) -> bool {
    file.root().is_some_and(|root| root.kind() == Kind::Seq)
}

/// Whether a kustomization patches Secrets or merges generated ones: `data` and `stringData` must then stay apart, since
/// kustomize merges each by itself.
fn merges_secrets(tree: &Tree, file: &File) -> bool {
    let Some(root) = file.root() else { return false };
    let items = |field: &str| root.get(field).into_iter().flat_map(Node::items);
    let is_secret = |node: Node<'_>| text(node, "kind") == "Secret";
    let any = |documents: &[yaml::Document]| documents.iter().any(|document| is_secret(document.root()));
    let leads = |entry: &str| match tree.target(file, entry) {
        Target::File(file) => any(&file.documents),
        Target::Inline(documents) => any(&documents),
        _ => false,
    };
    let patches = |item: Node<'_>| {
        let field = |key: &str| item.get(key).and_then(Node::as_str);
        item.get("target").is_some_and(is_secret) || field("path").or(field("patch")).is_some_and(|entry| leads(&entry))
    };
    items("secretGenerator").any(|entry| !matches!(text(entry, "behavior").as_str(), "" | "create"))
        || items("patchesStrategicMerge").any(|entry| entry.as_str().is_some_and(|entry| leads(&entry)))
        || items("patches").chain(items("patchesJson6902")).any(patches)
}
