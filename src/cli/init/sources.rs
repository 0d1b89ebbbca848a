//! The manifests that `krmor init` reads: those of a kustomization, of a folder, or of a rendered file. What kustomize would make
//! by generators is there, too; patches are not applied.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::beside;
use super::generators;
use super::place::{At, seen_from};
use crate::cli::doctor::tree::{File, Target, Tree, is_kustomization, is_ours};
use crate::cli::{Failure, Result, input};
use crate::config::TODO;
use crate::excerpt;
use crate::stream::{Object, Stream};
use crate::text::line_of;
use crate::transport::decode;
use crate::yaml::{self, Document, Node};

/// What was read.
pub(super) struct Sources {
    pub(super) stream: Stream,
    /// Where the config goes, as an absolute path.
    pub(super) folder: PathBuf,
    /// The same as the person named it.
    pub(super) shown: PathBuf,
    /// The kustomization of that folder.
    pub(super) kustomization: Option<PathBuf>,
    /// What kustomizations put before and behind names.
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// How many files were read.
    pub(super) files: usize,
    /// What was not read or not done, each a sentence.
    pub(super) notes: Vec<String>,
    /// Where the generated ConfigMaps and Secrets are written: kind, name and place.
    pub(super) generated: Vec<(&'static str, String, At)>,
}

/// Documents with the files that they are from.
#[derive(Default)]
struct Found {
    documents: Vec<Document>,
    names: Vec<Option<(Arc<str>, usize)>>,
}

impl Found {
    /// Takes the objects of a file; whether it has any.
    fn take(&mut self, documents: Vec<Document>, name: &str) -> bool {
        let shown: Arc<str> = Arc::from(name);
        let before = self.documents.len();
        for (number, document) in documents.into_iter().enumerate() {
            let root = document.root();
            let is_object = root.get("apiVersion").is_some() && root.get("kind").is_some();
            if is_object && !is_ours(root) {
                self.documents.push(document);
                self.names.push(Some((Arc::clone(&shown), number)));
            }
        }
        self.documents.len() > before
    }
}

impl Sources {
    pub(super) fn read(given: &Path) -> Result<Self> {
        let io = |error: std::io::Error| Failure::io(&given.display().to_string(), &error);
        let is_file = std::fs::metadata(given).map_err(io)?.is_file();
        let shown = match given.parent().filter(|_| is_file) {
            Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
            Some(parent) => parent.to_owned(),
            None => given.to_owned(),
        };
        let folder = shown.canonicalize().map_err(io)?;
        let mut out = Self {
            stream: Stream::of_documents(Vec::new(), |_| None),
            folder,
            shown,
            kustomization: None,
            prefix: String::new(),
            suffix: String::new(),
            files: 0,
            notes: Vec::new(),
            generated: Vec::new(),
        };
        let mut found = Found::default();
        if is_file && !is_kustomization(given) {
            out.read_file(given, &mut found)?;
        } else {
            let tree = Tree::read(std::slice::from_ref(&out.shown))?;
            let own = tree.kustomizations().find(|file| file.folder() == out.folder);
            match own {
                Some(file) => {
                    out.kustomization = Some(file.path.clone());
                    out.read_kustomization(&tree, file, &mut found, &mut BTreeSet::new())?;
                }
                None => out.read_folder(&mut found)?,
            }
        }
        out.stream = Stream::of_documents(found.documents, |number| found.names.get(number).cloned().flatten());
        if out.stream.objects().next().is_none() {
            return Err(Failure::usage(format!(
                "{}: there are no Kubernetes objects here\n  fix: name the folder of a kustomization or of manifests, or a file that \
                 was rendered: krmor init DIR",
                given.display()
            )));
        }
        Ok(out)
    }

    /// How comments name a file.
    fn name(&self, path: &Path) -> String {
        path.canonicalize().map_or_else(|_| path.display().to_string(), |real| seen_from(&self.folder, &real))
    }

    fn read_file(&mut self, path: &Path, found: &mut Found) -> Result<()> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| Failure::io(&name, &error))?;
        let text = Arc::new(decode(&name, bytes)?.0);
        let documents = yaml::parse(&text).map_err(|error| excerpt::yaml_error(&name, &text, &error))?;
        self.files += usize::from(found.take(documents, &self.name(path)));
        Ok(())
    }

    fn read_folder(&mut self, found: &mut Found) -> Result<()> {
        let mut paths = Vec::new();
        input::collect(&self.shown, &mut paths)?;
        let mut unread: Vec<String> = Vec::new();
        for path in paths {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let inside = path.strip_prefix(&self.shown).unwrap_or(&path);
            let is_built = |part: std::path::Component<'_>| {
                ["node_modules", "target", "vendor"].iter().any(|name| part.as_os_str() == *name)
            };
            let is_built = inside.components().any(is_built);
            if beside::is_compose(name) || is_kustomization(&path) || is_built {
                continue;
            }
            // Other files of a project may look like manifests: what is none is named and left out.
            let read = std::fs::read(&path).ok().and_then(|bytes| yaml::decode(bytes).ok());
            let documents = read.and_then(|(text, _)| yaml::parse(&Arc::new(text)).ok());
            match documents {
                Some(documents) => self.files += usize::from(found.take(documents, &self.name(&path))),
                None => unread.push(self.name(&path)),
            }
        }
        if !unread.is_empty() {
            let names = crate::text::few(unread.len(), &mut unread.into_iter(), ", ");
            self.notes.push(format!(
                "left out, since it cannot be read as YAML: {names}; render a chart, and call krmor init on the file"
            ));
        }
        Ok(())
    }

    fn read_kustomization(
        &mut self,
        tree: &Tree,
        file: &File,
        found: &mut Found,
        seen: &mut BTreeSet<PathBuf>,
    ) -> Result<()> {
        if !seen.insert(file.path.clone()) {
            return Ok(());
        }
        let name = self.name(&file.path);
        let at = |node: Node<'_>| At::new(&name, node.span().map_or(0, |span| line_of(&file.text, span.start).0));
        if let Some(error) = &file.error {
            return Err(excerpt::yaml_error(&file.name, &file.text, error));
        }
        let Some(root) = file.root() else { return Ok(()) };
        for field in ["resources", "bases", "components"] {
            for (node, target) in tree.entries(file, field) {
                let text = node.as_str().unwrap_or_default();
                match target {
                    Target::Kustomization(inner) => self.read_kustomization(tree, inner, found, seen)?,
                    Target::File(file) if seen.insert(file.path.clone()) => {
                        if let Some(error) = &file.error {
                            return Err(excerpt::yaml_error(&file.name, &file.text, error));
                        }
                        let documents = yaml::parse(&file.text).unwrap_or_default();
                        self.files += usize::from(found.take(documents, &self.name(&file.path)));
                    }
                    Target::File(_) | Target::Inline(_) => {}
                    Target::Remote => self
                        .notes
                        .push(format!("{}: {text} is not on this machine, so nothing of it is known", at(node))),
                    Target::Missing => self.notes.push(format!("{}: {text} is not there", at(node))),
                }
            }
        }
        for field in ["patches", "patchesStrategicMerge", "patchesJson6902", "replacements"] {
            let count = root.get(field).map_or(0, |list| list.items().count());
            if let Some(list) = root.get(field).filter(|_| count > 0) {
                self.notes.push(format!("{}: `{field}` is not applied: what it changes is not known here", at(list)));
            }
        }
        for field in ["helmCharts", "helmChartInflationGenerator", "generators"] {
            if let Some(node) = root.get(field) {
                let rendered = "render it, and call krmor init on the file";
                self.notes.push(format!("{}: `{field}` is not run, so nothing of it is known; {rendered}", at(node)));
            }
        }
        let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
        self.prefix = format!("{}{}", text("namePrefix"), self.prefix);
        self.suffix.push_str(&text("nameSuffix"));
        for made in generators::read(root, file.folder()) {
            self.generated.push((made.kind, made.name.clone(), at(made.node)));
            if let Ok(document) = yaml::new_document(&made.object(), None) {
                found.documents.push(document);
                found.names.push(None);
            }
        }
        Ok(())
    }

    /// Where a part of an object is written: the nearest that is.
    pub(super) fn at(&self, object: &Object<'_>, pointer: &str) -> At {
        let reference = object.reference();
        let Some(file) = reference.file else {
            let is_it = |(kind, name, _): &&(&str, String, At)| *kind == reference.kind && *name == reference.name;
            return self.generated.iter().find(is_it).map(|(_, _, at)| at.clone()).unwrap_or_default();
        };
        let inner = pointer.get(object.prefix().len()..).unwrap_or("");
        let mut around = std::iter::successors(Some(inner), |part| part.rfind('/').and_then(|cut| part.get(..cut)));
        let span = around.find_map(|part| object.root().at_pointer(part)?.span());
        let line = self.stream.source(object.id()).zip(span).map_or(0, |(text, span)| line_of(text, span.start).0);
        At::new(file, line)
    }

    /// A regular expression for the name of an object, with what kustomizations put around it.
    pub(super) fn pattern(&self, name: &str) -> String {
        let part = |text: &str| if text.is_empty() { String::new() } else { format!("({})?", literal(text)) };
        format!("{}{}{}", part(&self.prefix), literal(name), part(&self.suffix))
    }
}

/// A regular expression for a text as it stands; `generateName`, which ends in a star, stands for many names.
pub(super) fn literal(text: &str) -> String {
    if text == TODO {
        return "[T]ODO".to_owned(); // a name, and no question
    }
    let letter = |c: char| match c {
        '*' => ".*".to_owned(),
        c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '/') => c.to_string(),
        c => format!("\\{c}"),
    };
    text.chars().map(letter).collect()
}
