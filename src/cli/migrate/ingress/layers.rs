//! Kustomizations, from bases up: what each makes of the Ingresses, and what it has to make of the routes instead.
//!
//! At every step the Ingresses are converted anew. What a patch changes there is what its successor has to change of the
//! objects that the bases now have: so it is exact, whatever the patch looks like.

mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::convert::Wants;
use super::files::{File, Files, Place, is_kustomization};
use super::item::{Item, Source, Step};
use super::kustomization::{self, Loaded};
use super::model::{self, Ingress, text};
use super::patch::Delta;
use super::settings::Note;
use crate::cli::Result;
use crate::report::Severity;
use crate::yaml::{Document, Node};

/// Something to say about a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) place: Option<Place>,
    pub(super) rule: &'static str,
    pub(super) message: String,
    pub(super) remedy: String,
}

/// A note about an Ingress, and where what it is about stands.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) ingress: String,
    pub(super) place: Place,
    pub(super) note: Note,
}

/// How an entry of a list of patches goes on.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) loaded: Loaded,
    /// The patch stays: it is for other objects too.
    pub(super) kept: bool,
    pub(super) deltas: Vec<Delta>,
}

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Edits {
    /// Documents of Ingresses, and what they become.
    pub(super) documents: BTreeMap<Source, Vec<Value>>,
    /// Patches by kustomization.
    pub(super) entries: BTreeMap<PathBuf, Vec<Entry>>,
    /// Patches that a kustomization gets, which has none in their place.
    pub(super) patches: BTreeMap<PathBuf, Vec<Delta>>,
    /// Objects that only this kustomization has.
    pub(super) resources: BTreeMap<PathBuf, Vec<Value>>,
    /// Kustomizations above which names change.
    pub(super) names: BTreeSet<PathBuf>,
}

/// The objects of a kustomization, and what is made of its Ingresses.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) items: Vec<Item>,
    pub(super) made: Vec<Item>,
    /// Some Secret or ConfigMap gets a hash behind its name.
    hashed: bool,
}

/// What is to become of Ingresses, and which are meant.
pub(super) struct Plan {
    pub(super) wants: Wants,
    pub(super) classes: Vec<String>,
}

impl Plan {
    pub(super) fn means(&self, item: &Item) -> bool {
        model::is_ingress(&item.value)
            && model::class_of(&item.value).is_none_or(|class| self.classes.iter().any(|own| own == class))
    }
}

pub(super) struct Walk<'a> {
    pub(super) files: &'a Files,
    /// Without a plan nothing is converted: the tree is only read.
    pub(super) plan: Option<&'a Plan>,
    pub(super) edits: Edits,
    pub(super) findings: Vec<Finding>,
    pub(super) told: Vec<Told>,
    /// The states of kustomizations that are done, and of files that none names.
    pub(super) done: BTreeMap<PathBuf, State>,
    open: Vec<PathBuf>,
    groups: Vec<PathBuf>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(files: &'a Files, plan: Option<&'a Plan>) -> Self {
        let (edits, findings, told) = (Edits::default(), Vec::new(), Vec::new());
        Self { files, plan, edits, findings, told, done: BTreeMap::new(), open: Vec::new(), groups: Vec::new() }
    }

    /// Looks at every kustomization, and at the files that none names.
    pub(super) fn run(&mut self) -> Result<()> {
        self.read_all()?;
        let secure =
            |edits: &Edits| edits.documents.values().flatten().chain(edits.resources.values().flatten()).any(is_secure);
        if secure(&self.edits) {
            let message = "ingress-nginx sends Strict-Transport-Security with every answer by HTTPS, unless its ConfigMap says otherwise; a Gateway does not";
            let remedy = "set the header in a ResponseHeaderModifier of the HTTPRoutes, or in the backend";
            self.find(Severity::Info, None, "hsts", message, remedy);
        }
        Ok(())
    }

    fn read_all(&mut self) -> Result<()> {
        let files = self.files;
        let mut referred: BTreeSet<PathBuf> = BTreeSet::new();
        for path in files.kustomizations() {
            for path in files.referred(path) {
                let path = if path.is_dir() { files.target(&path.join("x"), ".") } else { path.canonicalize().ok() };
                referred.extend(path);
            }
        }
        for path in files.kustomizations() {
            let is_component =
                files.get(path).and_then(File::root).is_some_and(|root| kustomization::is_component(root));
            if !(is_component && referred.contains(path)) {
                self.layer(path)?;
            }
        }
        self.loose(&referred);
        Ok(())
    }

    /// Files of a directory that no kustomization names are one set of manifests, as for `kubectl apply -f`.
    fn loose(&mut self, referred: &BTreeSet<PathBuf>) {
        let files = self.files;
        let mut folders: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
        for (path, file) in files.iter() {
            if file.inside && !is_kustomization(path) && !referred.contains(path) {
                folders.entry(path.parent().unwrap_or(path)).or_default().push(path);
            }
        }
        for (folder, paths) in folders {
            let mut state = State::default();
            let group = self.group(folder);
            for path in paths {
                self.load(path, group, &mut state);
            }
            self.convert_files(folder, group, &mut state);
            self.done.insert(folder.to_path_buf(), state);
        }
    }

    fn group(&mut self, path: &Path) -> usize {
        if let Some(at) = self.groups.iter().position(|own| own == path) {
            return at;
        }
        self.groups.push(path.to_path_buf());
        self.groups.len() - 1
    }

    pub(super) fn find(
        &mut self,
        severity: Severity,
        place: Option<Place>,
        rule: &'static str,
        message: &str,
        remedy: &str,
    ) {
        let finding = Finding { severity, place, rule, message: message.to_owned(), remedy: remedy.to_owned() };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// The state that a kustomization makes.
    fn layer(&mut self, path: &Path) -> Result<State> {
        if let Some(state) = self.done.get(path) {
            return Ok(state.clone());
        }
        let mut state = State::default();
        if self.open.iter().any(|open| open == path) {
            let place = Some(Place { file: self.files.name(path), line: 1 });
            self.find(
                Severity::Error,
                place,
                "kustomization",
                "the kustomization includes itself",
                "remove one of the entries",
            );
            return Ok(state);
        }
        self.open.push(path.to_path_buf());
        self.onto(path, &mut state)?;
        self.open.pop();
        self.done.insert(path.to_path_buf(), state.clone());
        Ok(state)
    }

    /// Applies a kustomization, or a Component, to what is there already.
    fn onto(&mut self, path: &Path, state: &mut State) -> Result<()> {
        let files = self.files;
        let file = files.parsed(path)?;
        let Some(own) = file.root().and_then(Node::to_value) else { return Ok(()) };
        let group = self.group(path);
        for (list, entry) in kustomization::entries(&own, &["resources", "bases"]) {
            match files.target(path, &entry) {
                Some(target) if is_kustomization(&target) => {
                    let below = self.layer(&target)?;
                    state.items.extend(below.items);
                    state.made.extend(below.made);
                    state.hashed |= below.hashed;
                }
                Some(target) => self.load(&target, group, state),
                None if kustomization::is_remote(&entry) => {
                    let message = format!("`{entry}` is not on this machine: Ingresses there are not seen");
                    self.find(Severity::Info, Some(file.place(0, &list)), "remote", &message, "migrate it where it is");
                }
                None => {
                    let message = format!("`{entry}` is not there");
                    self.find(
                        Severity::Warning,
                        Some(file.place(0, &list)),
                        "kustomization",
                        &message,
                        "correct the entry; kustomize cannot build this either",
                    );
                }
            }
        }
        self.convert_files(path, group, state);
        for (_, entry) in kustomization::entries(&own, &["components"]) {
            if let Some(target) = files.target(path, &entry) {
                if self.open.contains(&target) {
                    continue;
                }
                self.open.push(target.clone());
                self.onto(&target, state)?;
                self.open.pop();
            }
        }
        kustomization::judge(self, path, &own, state);
        let patches = kustomization::patches(self, path, &own);
        for loaded in patches.iter().filter(|loaded| loaded.list != kustomization::JSON6902) {
            self.patch(path, loaded, state);
        }
        self.rename(&own, state);
        for loaded in patches.iter().filter(|loaded| loaded.list == kustomization::JSON6902) {
            self.patch(path, loaded, state);
        }
        Ok(())
    }

    /// Names, namespaces and labels, as the kustomization sets them.
    fn rename(&mut self, own: &Value, state: &mut State) {
        let step = Step {
            prefix: text(own, "/namePrefix").unwrap_or_default().to_owned(),
            suffix: text(own, "/nameSuffix").unwrap_or_default().to_owned(),
            namespace: text(own, "/namespace").filter(|name| !name.is_empty()).map(str::to_owned),
        };
        state.hashed |= own.get("secretGenerator").is_some() || own.get("configMapGenerator").is_some();
        if state.hashed || !step.prefix.is_empty() || !step.suffix.is_empty() {
            let groups: BTreeSet<usize> = state.made.iter().map(|item| item.group).collect();
            self.edits.names.extend(groups.into_iter().filter_map(|group| self.groups.get(group).cloned()));
        }
        let labels = kustomization::labels(own);
        for item in state.items.iter_mut().chain(&mut state.made) {
            item.labels.extend(labels.clone());
            if step != Step::default() {
                item.trail.push(step.clone());
            }
        }
    }

    /// Reads the objects of a file.
    fn load(&mut self, path: &Path, group: usize, state: &mut State) {
        let files = self.files;
        let Some(file) = files.get(path) else { return };
        if let Some(error) = &file.error {
            // Broken manifests of other kinds are nothing to do with this.
            if file.text.lines().any(|line| line.trim() == "kind: Ingress") {
                let line = crate::text::line_of(&file.text, error.offset).0;
                let place = Some(Place { file: file.name.clone(), line });
                let message = "an Ingress in a file that is no YAML, such as a template of Helm: it stays as it is";
                let remedy = "render it first: helm template … > DIR/all.yaml, and migrate DIR";
                self.find(Severity::Warning, place, "template", message, remedy);
            }
            return;
        }
        for (document, root) in file.documents.iter().map(Document::root).enumerate() {
            let Some(value) = root.to_value().filter(Value::is_object) else { continue };
            let source = Source { path: path.to_path_buf(), document };
            let inside =
                value.get("items").and_then(Value::as_array).is_some_and(|list| list.iter().any(model::is_ingress));
            if inside && self.plan.is_some() {
                let place = Some(file.place(document, "/items"));
                self.find(
                    Severity::Error,
                    place,
                    "list",
                    "an Ingress inside of a List",
                    "write the objects as documents of their own",
                );
            }
            if let Some(plan) = self.plan {
                let item = Item {
                    value: value.clone(),
                    source: source.clone(),
                    trail: Vec::new(),
                    labels: serde_json::Map::new(),
                    group,
                };
                if model::is_ingress(&value) && !plan.means(&item) {
                    let class = model::class_of(&value).unwrap_or_default().to_owned();
                    let message =
                        format!("the Ingress `{}` is of the class `{class}`: it stays as it is", item.raw_name());
                    let remedy = format!("--ingress-class {class} migrates it, if ingress-nginx serves the class");
                    self.find(Severity::Info, Some(file.place(document, "")), "class", &message, &remedy);
                }
            }
            state.items.push(Item { value, source, trail: Vec::new(), labels: serde_json::Map::new(), group });
        }
    }

    fn means(&self, item: &Item) -> bool {
        self.plan.is_some_and(|plan| plan.means(item))
    }
}

/// Whether an object has a listener that ends TLS, or grants its certificate to one.
fn is_secure(value: &Value) -> bool {
    let listeners = value.pointer("/spec/listeners").and_then(Value::as_array);
    let https = listeners.is_some_and(|list| list.iter().any(|one| text(one, "/protocol") == Some("HTTPS")));
    https || text(value, "/kind") == Some("ReferenceGrant")
}

/// An Ingress as it stands among other objects.
pub(super) fn read(items: &[Item], item: &Item) -> Ingress {
    let namespace = item.namespace();
    let service = |name: &str| -> Option<&Value> {
        let is_it = |item: &&Item| {
            item.kind() == "Service"
                && item.namespace().as_deref() == namespace.as_deref()
                && item.names().iter().any(|own| own == name)
        };
        items.iter().find(is_it).map(|item| &item.value)
    };
    Ingress::read(&item.value, namespace.as_deref(), item.group, &service)
}
