//! The files below a directory, as they are and as they are to be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::files::Mark;
use crate::cli::{Failure, Result};
use crate::excerpt;
use crate::text::line_of;
use crate::transport::decode;
use crate::yaml::{self, Document, Encoding, Node};

/// The names that kustomize gives its own file.
const KUSTOMIZATIONS: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A file and a line in it, from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
}

#[derive(Clone, Debug)]
pub(super) struct File {
    /// As messages name it.
    pub(super) name: String,
    pub(super) text: Arc<String>,
    /// What was read.
    pub(super) mark: Mark,
    pub(super) encoding: Encoding,
    pub(super) documents: Vec<Document>,
    /// Where it is no YAML.
    pub(super) error: Option<yaml::Error>,
    /// Below the directory asked for.
    pub(super) inside: bool,
}

impl File {
    fn new(name: String, text: String, mark: Mark, encoding: Encoding, inside: bool) -> Self {
        let text = Arc::new(text);
        let (documents, error) = match yaml::parse(&text) {
            Ok(documents) => (documents, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        Self { name, text, mark, encoding, documents, error, inside }
    }

    /// The place of a pointer in a document, or of the nearest thing above it.
    pub(super) fn place(&self, document: usize, pointer: &str) -> Place {
        let root = self.documents.get(document).map(Document::root);
        let mut pointer = pointer;
        let offset = loop {
            let (parent, token) = pointer.rsplit_once('/').unwrap_or(("", ""));
            let key = yaml::unescape_token(token).unwrap_or_default();
            let parent_node = root.and_then(|root| root.at_pointer(parent));
            let key = parent_node.and_then(|node| node.key_span(&key)).filter(|_| !pointer.is_empty());
            let node = root.and_then(|root| root.at_pointer(pointer)).and_then(Node::span);
            if let Some(span) = key.or(node) {
                break span.start;
            }
            if pointer.is_empty() {
                break 0;
            }
            pointer = parent;
        };
        Place { file: self.name.clone(), line: line_of(&self.text, offset).0 }
    }

    pub(super) fn root(&self) -> Option<Node<'_>> {
        self.documents.iter().map(Document::root).find(|root| !root.is_null())
    }
}

/// Files by their canonical paths.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    map: BTreeMap<PathBuf, File>,
    /// The directory asked for, where its path leads.
    root: PathBuf,
}

impl Files {
    /// Reads the YAML files below a directory, and what kustomizations refer to elsewhere.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        if !directory.is_dir() {
            return Err(Failure::usage(format!("{} is not a directory", directory.display())));
        }
        let failed = |error: std::io::Error| Failure::io(&directory.display().to_string(), &error);
        let mut files = Self { root: directory.canonicalize().map_err(failed)?, ..Self::default() };
        files.walk(directory)?;
        let mut open: Vec<PathBuf> = files.map.keys().filter(|path| is_kustomization(path)).cloned().collect();
        while let Some(path) = open.pop() {
            for path in files.referred(&path) {
                let path = if path.is_dir() { kustomization_of(&path) } else { Some(path) };
                let Some(real) = path.filter(|path| path.is_file()).and_then(|path| path.canonicalize().ok()) else {
                    continue;
                };
                if !files.map.contains_key(&real) {
                    files.add(&real, false)?;
                    open.extend(Some(real).filter(|real| is_kustomization(real)));
                }
            }
        }
        Ok(files)
    }

    fn walk(&mut self, directory: &Path) -> Result<()> {
        let failed = |error: std::io::Error| Failure::io(&directory.display().to_string(), &error);
        let entries = std::fs::read_dir(directory).map_err(failed)?;
        let entries = entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>();
        let mut entries = entries.map_err(failed)?;
        entries.sort();
        for path in entries {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_link = path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
            if path.is_dir() {
                if !is_link && !name.starts_with('.') && name != "node_modules" {
                    self.walk(&path)?;
                }
            } else if is_yaml(&path) || is_kustomization(&path) {
                self.add(&path, true)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, listed: bool) -> Result<()> {
        let name = path.strip_prefix("./").unwrap_or(path).display().to_string();
        let bytes = std::fs::read(path).map_err(|error| Failure::io(&name, &error))?;
        let real = path.canonicalize().map_err(|error| Failure::io(&name, &error))?;
        // A link may lead out of the directory.
        let inside = listed && real.starts_with(&self.root);
        let mark = Mark::of(&bytes);
        let file = match decode(&name, bytes) {
            Ok((text, encoding)) => File::new(name, text, mark, encoding, inside),
            // What is no text is nobody's manifest.
            Err(_) => return Ok(()),
        };
        self.map.insert(real, file);
        Ok(())
    }

    pub(super) fn get(&self, path: &Path) -> Option<&File> {
        self.map.get(path)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &File)> {
        self.map.iter().map(|(path, file)| (path.as_path(), file))
    }

    pub(super) fn kustomizations(&self) -> impl Iterator<Item = &Path> {
        self.map.keys().map(PathBuf::as_path).filter(|path| is_kustomization(path))
    }

    /// The file of a kustomization's entry: that of the directory where the entry is one.
    pub(super) fn target(&self, from: &Path, entry: &str) -> Option<PathBuf> {
        let path = from.parent()?.join(entry);
        let path = if path.is_dir() { kustomization_of(&path)? } else { path };
        // A file that is still to be written has no other name.
        if self.map.contains_key(&path) {
            return Some(path);
        }
        path.canonicalize().ok().filter(|real| self.map.contains_key(real))
    }

    /// The paths that a kustomization's texts name, of what there is.
    pub(super) fn referred(&self, path: &Path) -> Vec<PathBuf> {
        let Some(root) = self.get(path).and_then(File::root) else { return Vec::new() };
        let folder = path.parent().unwrap_or(Path::new(""));
        // Files of these are data, whatever is in them.
        let is_data = |key: &str| {
            matches!(key, "configMapGenerator" | "secretGenerator" | "images" | "helmCharts" | "helmGlobals")
        };
        let mut open: Vec<Node<'_>> = root.entries().filter(|(key, _)| !is_data(key)).map(|(_, value)| value).collect();
        let mut found = Vec::new();
        while let Some(node) = open.pop() {
            open.extend(node.items());
            open.extend(node.entries().map(|(_, value)| value));
            if let Some(text) = node.as_str().filter(|text| !text.is_empty() && !text.contains('\n')) {
                found.push(folder.join(text.as_ref()));
            }
        }
        found.retain(|path| path.exists());
        found
    }

    /// The files after changes: a text, or none for a file that is removed.
    pub(super) fn changed(&self, changes: &BTreeMap<PathBuf, Option<String>>) -> Self {
        let mut files = self.clone();
        for (path, text) in changes {
            match text {
                None => drop(files.map.remove(path)),
                Some(text) => {
                    let there = self.map.get(path);
                    let name = there.map_or_else(|| path.display().to_string(), |file| file.name.clone());
                    let mark = there.map_or(Mark::of(text.as_bytes()), |file| file.mark);
                    let encoding = there.map_or(Encoding::Utf8, |file| file.encoding);
                    files.map.insert(path.clone(), File::new(name, text.clone(), mark, encoding, true));
                }
            }
        }
        files
    }

    /// How messages name a path that may not be there yet.
    pub(super) fn name(&self, path: &Path) -> String {
        if let Some(file) = self.get(path) {
            return file.name.clone();
        }
        let near = self.map.iter().find(|(other, _)| other.parent() == path.parent());
        let folder = near.and_then(|(_, file)| Path::new(&file.name).parent().map(Path::to_path_buf));
        let name = path.file_name().unwrap_or_default();
        folder.map_or_else(|| path.to_path_buf(), |folder| folder.join(name)).display().to_string()
    }

    /// A file as YAML, or why it is none.
    pub(super) fn parsed(&self, path: &Path) -> Result<&File> {
        let Some(file) = self.get(path) else {
            return Err(Failure::usage(format!("{}: there is no such file", path.display())));
        };
        match &file.error {
            Some(error) => Err(excerpt::yaml_error(&file.name, &file.text, error)),
            None => Ok(file),
        }
    }
}

pub(super) fn is_kustomization(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| KUSTOMIZATIONS.contains(&name))
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"))
}

fn kustomization_of(folder: &Path) -> Option<PathBuf> {
    KUSTOMIZATIONS.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}
