//! The manifests below some directories, and what their kustomizations refer to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Place;
use crate::cli::{Failure, Result};
use crate::config::GROUP;
use crate::text::line_of;
use crate::yaml::{self, Document, Kind, Node};

/// The names that kustomize gives its own file.
const KUSTOMIZATIONS: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Larger files are data, not configs.
const MAX_FILE: u64 = 16 << 20;

/// A file that was read.
#[derive(Debug)]
pub(in crate::cli) struct File {
    /// As messages name it.
    pub(in crate::cli) name: String,
    pub(in crate::cli) path: PathBuf,
    pub(in crate::cli) text: Arc<String>,
    /// Empty when it is not YAML.
    pub(in crate::cli) documents: Vec<Document>,
    pub(in crate::cli) error: Option<yaml::Error>,
    /// Below one of the directories asked for, and not only referred to from there.
    pub(in crate::cli) listed: bool,
}

impl File {
    pub(in crate::cli) fn is_kustomization(&self) -> bool {
        is_kustomization(&self.path)
    }

    pub(in crate::cli) fn is_kptfile(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "Kptfile")
    }

    pub(in crate::cli) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The first document: all that a kustomization or Kptfile has.
    pub(in crate::cli) fn root(&self) -> Option<Node<'_>> {
        self.documents.first().map(Document::root)
    }

    /// The file and a line, for a finding.
    pub(in crate::cli) fn place(&self, offset: usize) -> Place {
        Place { file: self.name.clone(), line: Some(line_of(&self.text, offset).0) }
    }

    pub(in crate::cli) fn place_of(&self, node: Node<'_>) -> Place {
        self.place(node.span().map_or(0, |span| span.start))
    }
}

/// Every file that was read, by its canonical path.
#[derive(Debug, Default)]
pub(in crate::cli) struct Tree {
    files: BTreeMap<PathBuf, File>,
    /// What is called as a manifest below the directories, and could not be read as one.
    pub(in crate::cli) unread: Vec<PathBuf>,
    /// Folders below the directories that were not gone into: hidden, built, or links.
    pub(in crate::cli) skipped: Vec<PathBuf>,
}

/// What an entry of `transformers:`, `resources:` and the like stands for.
#[derive(Debug)]
pub(in crate::cli) enum Target<'a> {
    /// A config written in the kustomization itself.
    Inline(Vec<Document>),
    File(&'a File),
    /// The kustomization of a directory.
    Kustomization(&'a File),
    /// Not on this machine.
    Remote,
    Missing,
}

impl Tree {
    /// Reads the manifests below the directories, and what their kustomizations refer to elsewhere.
    pub(in crate::cli) fn read(directories: &[PathBuf]) -> Result<Self> {
        let mut tree = Self::default();
        for directory in directories {
            if !directory.is_dir() {
                return Err(Failure::usage(format!("{} is not a directory", directory.display())));
            }
            tree.walk(directory)?;
        }
        let mut open: Vec<PathBuf> = tree.files.keys().cloned().collect();
        while let Some(path) = open.pop() {
            let referred = tree.files.get(&path).map(referred).unwrap_or_default();
            for path in referred {
                let file = if path.is_dir() { kustomization_of(&path) } else { Some(path) };
                let Some(real) = file.as_deref().and_then(|path| path.canonicalize().ok()) else { continue };
                if !tree.files.contains_key(&real) && tree.add(&real, false) {
                    open.push(real);
                }
            }
        }
        Ok(tree)
    }

    pub(in crate::cli) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.values()
    }

    pub(in crate::cli) fn kustomizations(&self) -> impl Iterator<Item = &File> {
        self.files().filter(|file| file.is_kustomization())
    }

    /// The entries of a field of a kustomization, with what each stands for.
    pub(in crate::cli) fn entries<'a>(&'a self, file: &'a File, field: &str) -> Vec<(Node<'a>, Target<'a>)> {
        let items = file.root().and_then(|root| root.get(field)).into_iter().flat_map(Node::items);
        items.filter_map(|item| item.as_str().map(|text| (item, self.target(file, &text)))).collect()
    }

    pub(in crate::cli) fn target<'a>(&'a self, from: &File, text: &str) -> Target<'a> {
        if let Some(documents) = inline(text) {
            return Target::Inline(documents);
        }
        let path = from.folder().join(text);
        let (path, is_folder) = if path.is_dir() { (kustomization_of(&path), true) } else { (Some(path), false) };
        let file = path.and_then(|path| path.canonicalize().ok()).and_then(|real| self.files.get(&real));
        match file {
            Some(file) if is_folder => Target::Kustomization(file),
            Some(file) => Target::File(file),
            None if is_remote(text) => Target::Remote,
            None => Target::Missing,
        }
    }

    /// A file that was read, by its path.
    pub(in crate::cli) fn file(&self, path: &Path) -> Option<&File> {
        path.canonicalize().ok().and_then(|real| self.files.get(&real))
    }

    fn walk(&mut self, directory: &Path) -> Result<()> {
        let failed = |error: std::io::Error| Failure::io(&directory.display().to_string(), &error);
        let mut entries: Vec<PathBuf> = std::fs::read_dir(directory)
            .map_err(failed)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<_>>()
            .map_err(failed)?;
        entries.sort();
        for path in entries {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
            if path.is_dir() {
                // Links could lead round in a circle; hidden and built folders hold no sources.
                match is_link || name.starts_with('.') || is_built(&path) {
                    true => self.skipped.push(path),
                    false => self.walk(&path)?,
                }
            } else if wanted(name) && !self.add(&path, true) {
                self.unread.push(path);
            }
        }
        Ok(())
    }

    /// Reads a file, if it is one that can hold manifests; whether it was added.
    pub(in crate::cli) fn add(&mut self, path: &Path, listed: bool) -> bool {
        let small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_FILE);
        let Some(real) = path.canonicalize().ok().filter(|real| small && !self.files.contains_key(real)) else {
            return false;
        };
        let Some((text, _)) = std::fs::read(path).ok().and_then(|bytes| yaml::decode(bytes).ok()) else { return false };
        let text = Arc::new(text);
        let (documents, error) = match yaml::parse(&text) {
            Ok(documents) => (documents, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let name = path.strip_prefix("./").unwrap_or(path).display().to_string();
        self.files.insert(real.clone(), File { name, path: real, text, documents, error, listed });
        true
    }
}

/// Whether a folder is what a build tool or a package manager makes: by its name, and by the tool's files, since people name their
/// folders so, too.
pub(in crate::cli) fn is_built(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let has = |inside: &[&str], beside: &[&str]| {
        inside.iter().any(|file| path.join(file).exists())
            || path.parent().is_some_and(|parent| beside.iter().any(|file| parent.join(file).exists()))
    };
    match name {
        "node_modules" => true,
        "target" => has(&["CACHEDIR.TAG"], &["Cargo.toml", "pom.xml", "build.sbt"]),
        "vendor" => has(&["modules.txt"], &["go.mod", "composer.json", "Gemfile"]),
        _ => false,
    }
}

/// Whether a file is called as kustomize calls its own.
pub(in crate::cli) fn is_kustomization(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| KUSTOMIZATIONS.contains(&name))
}

fn wanted(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    name == "Kptfile" || KUSTOMIZATIONS.contains(&name) || matches!(extension, Some("yaml" | "yml"))
}

/// The paths that a kustomization's or Kptfile's texts name, of what there is.
pub(in crate::cli) fn referred(file: &File) -> Vec<PathBuf> {
    if !file.is_kustomization() && !file.is_kptfile() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut open: Vec<Node<'_>> = file.root().into_iter().collect();
    while let Some(node) = open.pop() {
        open.extend(node.items());
        open.extend(node.entries().map(|(_, value)| value));
        if let Some(text) = node.as_str().filter(|text| !text.is_empty() && !text.contains('\n')) {
            // A ConfigMap's file may have a key before it.
            let path = text.rsplit('=').next().unwrap_or_default();
            found.push(file.folder().join(path));
        }
    }
    found.retain(|path| path.exists());
    found
}

pub(super) fn kustomization_of(folder: &Path) -> Option<PathBuf> {
    KUSTOMIZATIONS.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// The documents of an entry that is a config itself: kustomize tries that first.
fn inline(text: &str) -> Option<Vec<Document>> {
    let documents = yaml::parse(&Arc::new(text.to_owned())).ok()?;
    let is_config = |document: &Document| document.root().kind() == Kind::Map;
    (!documents.is_empty() && documents.iter().all(is_config)).then_some(documents)
}

pub(super) fn is_remote(text: &str) -> bool {
    let starts = ["gh:", "git::", "git@", "github.com/"];
    let holds = ["://", "?ref=", ".git/", ".git?"];
    let is_repository = Path::new(text).extension().is_some_and(|extension| extension == "git");
    starts.iter().any(|start| text.starts_with(start)) || holds.iter().any(|part| text.contains(part)) || is_repository
}

/// Whether a document is a function config of ours.
pub(in crate::cli) fn is_ours(node: Node<'_>) -> bool {
    let version = node.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    version.split('/').next() == Some(GROUP) && node.get("kind").is_some()
}
