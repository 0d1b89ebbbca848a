//! Kustomizations, from bases up: what each makes of the Ingresses, and what it has to make of the routes instead.
//!
//! At every step the Ingresses are converted anew. What a patch changes there is what its successor has to change of the
//! objects that the bases now have: so it is exact, whatever the patch looks like.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::convert::{Converted, Wants, convert};
use super::files::{File, Files, Place, is_kustomization};
use super::item::{Item, Source, Step};
use super::kustomization::{self, Loaded};
use super::model::{self, Ingress, text};
use super::patch::Delta;
use super::settings::Note;
use crate::cli::Result;
use crate::report::Severity;
use crate::yaml::Document;

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
        let files = self.files;
        let mut referred: BTreeSet<PathBuf> = BTreeSet::new();
        for path in files.kustomizations() {
            for path in files.referred(path) {
                let path = if path.is_dir() { files.target(&path.join("x"), ".") } else { path.canonicalize().ok() };
                referred.extend(path);
            }
        }
        for path in files.kustomizations() {
            let is_component = files.get(path).and_then(File::root).is_some_and(|root| kustomization::is_component(root));
            if !(is_component && referred.contains(path)) {
                self.layer(path)?;
            }
        }
        self.loose(&referred)
    }

    /// Files that no kustomization names are one set of manifests, as for `kubectl apply -f`.
    fn loose(&mut self, referred: &BTreeSet<PathBuf>) -> Result<()> {
        let files = self.files;
        let mut state = State::default();
        let group = self.group(Path::new(""));
        for (path, file) in files.iter().filter(|(path, file)| file.inside && !is_kustomization(path) && !referred.contains(*path)) {
            if let Some(error) = &file.error {
                if file.text.lines().any(|line| line.trim() == "kind: Ingress") {
                    let line = crate::text::line_of(&file.text, error.offset).0;
                    let place = Some(Place { file: file.name.clone(), line });
                    let remedy = "render it first: helm template … > DIR/all.yaml, and migrate DIR".to_owned();
                    self.find(Severity::Error, place, "template", "an Ingress in a file that is no YAML, such as a template of Helm", &remedy);
                }
                continue;
            }
            self.load(path, group, &mut state)?;
        }
        self.convert_files(Path::new(""), group, &mut state);
        self.done.insert(PathBuf::new(), state);
        Ok(())
    }

    fn group(&mut self, path: &Path) -> usize {
        match self.groups.iter().position(|own| own == path) {
            Some(at) => at,
            None => {
                self.groups.push(path.to_path_buf());
                self.groups.len() - 1
            }
        }
    }

    pub(super) fn find(&mut self, severity: Severity, place: Option<Place>, rule: &'static str, message: &str, remedy: &str) {
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
            self.find(Severity::Error, place, "kustomization", "the kustomization includes itself", "remove one of the entries");
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
        let Some(own) = file.root().and_then(|root| root.to_value()) else { return Ok(()) };
        let group = self.group(path);
        for (list, entry) in kustomization::entries(&own, &["resources", "bases"]) {
            match files.target(path, &entry) {
                Some(target) if is_kustomization(&target) => {
                    let below = self.layer(&target)?;
                    state.items.extend(below.items);
                    state.made.extend(below.made);
                    state.hashed |= below.hashed;
                }
                Some(target) => self.load(&target, group, state)?,
                None if kustomization::is_remote(&entry) => {
                    let message = format!("`{entry}` is not on this machine: Ingresses there are not seen");
                    self.find(Severity::Info, Some(file.place(0, &list)), "remote", &message, "migrate it where it is");
                }
                None => {
                    let message = format!("`{entry}` is not there");
                    self.find(Severity::Error, Some(file.place(0, &list)), "kustomization", &message, "correct the entry; kustomize cannot build this either");
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
    fn load(&mut self, path: &Path, group: usize, state: &mut State) -> Result<()> {
        let files = self.files;
        let file = files.parsed(path)?;
        for (document, root) in file.documents.iter().map(Document::root).enumerate() {
            let Some(value) = root.to_value().filter(Value::is_object) else { continue };
            let source = Source { path: path.to_path_buf(), document };
            let inside = value.get("items").and_then(Value::as_array).is_some_and(|list| list.iter().any(model::is_ingress));
            if inside && self.plan.is_some() {
                let place = Some(file.place(document, "/items"));
                self.find(Severity::Error, place, "list", "an Ingress inside of a List", "write the objects as documents of their own");
            }
            if let Some(plan) = self.plan {
                let item = Item { value: value.clone(), source: source.clone(), trail: Vec::new(), labels: serde_json::Map::new(), group };
                if model::is_ingress(&value) && !plan.means(&item) {
                    let class = model::class_of(&value).unwrap_or_default().to_owned();
                    let message = format!("the Ingress `{}` is of the class `{class}`: it stays as it is", item.raw_name());
                    let remedy = format!("--ingress-class {class} migrates it, if ingress-nginx serves the class");
                    self.find(Severity::Info, Some(file.place(document, "")), "class", &message, &remedy);
                }
            }
            state.items.push(Item { value, source, trail: Vec::new(), labels: serde_json::Map::new(), group });
        }
        Ok(())
    }

    fn means(&self, item: &Item) -> bool {
        self.plan.is_some_and(|plan| plan.means(item))
    }

    /// Converts the Ingresses that are in files of this kustomization; those from below may be changed by them.
    fn convert_files(&mut self, path: &Path, group: usize, state: &mut State) {
        if self.plan.is_none() || !state.items.iter().any(|item| self.means(item)) {
            return;
        }
        let wanted = self.convert(state, None);
        let direct: Vec<Source> = state.items.iter().filter(|item| item.group == group && self.means(item)).map(|item| item.source.clone()).collect();
        for source in &direct {
            let objects: Vec<Value> = wanted.iter().filter(|made| made.source == *source).map(|made| made.value.clone()).collect();
            let file = self.files.get(&source.path);
            if file.is_some_and(|file| !file.inside) {
                let place = file.map(|file| file.place(source.document, ""));
                let message = "the Ingress is outside of the directory that is migrated";
                self.find(Severity::Error, place, "outside", message, "migrate the directory above both");
            }
            if source.path.extension().is_some_and(|extension| extension == "json") {
                let place = file.map(|file| file.place(source.document, ""));
                self.find(Severity::Error, place, "json", "the Ingress is in a JSON file, which holds one object", "write it as YAML");
            }
            match self.edits.documents.get(source) {
                Some(there) if *there != objects => {
                    let place = file.map(|file| file.place(source.document, ""));
                    let message = "two kustomizations name this file, and the Ingress would become something else in each";
                    self.find(Severity::Error, place, "twice", message, "give each a copy of its own");
                }
                Some(_) => {}
                None => drop(self.edits.documents.insert(source.clone(), objects)),
            }
        }
        let (old, new): (Vec<Item>, Vec<Item>) = (std::mem::take(&mut state.made), wanted);
        let below = |item: &&Item| !(item.group == group && direct.contains(&item.source));
        let deltas = self.deltas(path, &old.iter().collect::<Vec<_>>(), &new.iter().filter(below).collect::<Vec<_>>(), None);
        if !deltas.is_empty() {
            self.edits.patches.entry(path.to_path_buf()).or_default().extend(deltas);
        }
        state.made = new;
    }

    /// Applies a patch, and replaces it where it is for Ingresses.
    fn patch(&mut self, path: &Path, loaded: &Loaded, state: &mut State) {
        let touched: Vec<usize> = state.items.iter().enumerate().filter(|(_, item)| loaded.unit.is_for(item)).map(|(at, _)| at).collect();
        let ours = |at: &usize| state.items.get(*at).is_some_and(|item| self.means(item));
        let migrates = touched.iter().any(ours);
        let only = touched.iter().all(ours) && !state.made.iter().any(|item| loaded.unit.is_for(item));
        let mut gone = BTreeSet::new();
        for &at in &touched {
            let Some(item) = state.items.get_mut(at) else { continue };
            match loaded.unit.apply(&item.value) {
                Ok(Some(value)) => item.value = value,
                Ok(None) => drop(gone.insert(at)),
                Err(why) if migrates => {
                    self.find(Severity::Error, Some(loaded.place.clone()), "patch", &why, "correct the patch; kustomize cannot build this either, or krmor does not know the way");
                }
                // Patches of other objects are not krmor's affair here.
                Err(_) => {}
            }
        }
        let mut at = 0;
        state.items.retain(|_| {
            at += 1;
            !gone.contains(&(at - 1))
        });
        if !(migrates && only) {
            state.made.retain_mut(|item| {
                if loaded.unit.is_for(item) {
                    match loaded.unit.apply(&item.value) {
                        Ok(Some(value)) => item.value = value,
                        Ok(None) => return false,
                        Err(_) => {}
                    }
                }
                true
            });
        }
        if !migrates {
            return;
        }
        let wanted = self.convert(state, Some(loaded));
        let old = std::mem::take(&mut state.made);
        let deltas = self.deltas(path, &old.iter().collect::<Vec<_>>(), &wanted.iter().collect::<Vec<_>>(), Some(&loaded.place));
        state.made = wanted;
        if self.files.get(path).is_some_and(|file| !file.inside) {
            self.find(Severity::Error, Some(loaded.place.clone()), "outside", "the patch is outside of the directory that is migrated", "migrate the directory above both");
        }
        let list = self.edits.entries.entry(path.to_path_buf()).or_default();
        let entry = Entry { loaded: loaded.clone(), kept: !only, deltas };
        match list.iter().find(|there| there.loaded.is(loaded)) {
            Some(there) if there.deltas != entry.deltas || there.kept != entry.kept => {
                let message = "the Component patches Ingresses of several kustomizations, and would have to change something else in each";
                self.find(Severity::Error, Some(loaded.place.clone()), "twice", message, "move the patch into the kustomizations");
            }
            Some(_) => {}
            None => list.push(entry),
        }
    }

    /// What makes the wanted objects of those that are there; objects that are new here become resources.
    fn deltas(&mut self, path: &Path, old: &[&Item], new: &[&Item], place: Option<&Place>) -> Vec<Delta> {
        let same = |a: &Item, b: &Item| a.kind() == b.kind() && a.raw_name() == b.raw_name() && a.origin() == b.origin();
        let delta = |item: &Item, after: Option<Value>| Delta {
            api_version: text(&item.value, "/apiVersion").unwrap_or_default().to_owned(),
            kind: item.kind().to_owned(),
            name: item.name(),
            namespace: text(&item.value, "/metadata/namespace").map(str::to_owned),
            before: item.value.clone(),
            after,
        };
        let mut deltas = Vec::new();
        for item in new {
            match old.iter().find(|there| same(there, item)) {
                Some(there) if there.value == item.value => {}
                // What this kustomization has brought itself is written as it ends up.
                Some(_) if self.is_new(path, item) => self.new_resource(path, item, place),
                Some(there) => deltas.push(delta(there, Some(item.value.clone()))),
                None => self.new_resource(path, item, place),
            }
        }
        deltas.extend(old.iter().filter(|there| !new.iter().any(|item| same(there, item))).map(|there| delta(there, None)));
        deltas
    }

    /// An object that only this kustomization has, with the namespace and labels that lower ones have given the Ingress.
    fn new_resource(&mut self, path: &Path, item: &Item, place: Option<&Place>) {
        if item.names().len() > 1 {
            let message = format!("the patch makes a {} necessary, whose names kustomize would not bring together with those of the base: it has a namePrefix or nameSuffix", item.kind());
            let remedy = "move what the patch says into the base, or the prefix into the overlays";
            return self.find(Severity::Error, place.cloned(), "prefix", &message, remedy);
        }
        let mut value = item.value.clone();
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            if let Some(namespace) = item.namespace() {
                metadata.insert("namespace".to_owned(), json!(namespace));
            }
            if !item.labels.is_empty() {
                let labels = metadata.entry("labels").or_insert_with(|| json!({}));
                if let Some(labels) = labels.as_object_mut() {
                    labels.extend(item.labels.clone());
                }
            }
        }
        let list = self.edits.resources.entry(path.to_path_buf()).or_default();
        match list.iter_mut().find(|there| names(there) == names(&value)) {
            Some(there) => *there = value,
            None => list.push(value),
        }
    }

    fn is_new(&self, path: &Path, item: &Item) -> bool {
        self.edits.resources.get(path).is_some_and(|list| list.iter().any(|there| names(there) == names(&item.value)))
    }

    /// Converts the Ingresses as they are now. What is said of them for the first time is the doing of the patch.
    fn convert(&mut self, state: &State, patch: Option<&Loaded>) -> Vec<Item> {
        let Some(plan) = self.plan else { return Vec::new() };
        let sources: Vec<&Item> = state.items.iter().filter(|item| plan.means(item)).collect();
        let read = |item: &&Item| {
            let namespace = item.namespace();
            let port_of = |service: &str, name: &str| port_of(&state.items, namespace.as_deref(), service, name);
            Ingress::read(&item.value, namespace.as_deref(), item.group, &port_of)
        };
        let ingresses: Vec<Ingress> = sources.iter().map(read).collect();
        let Converted { made, notes } = convert(&ingresses, &plan.wants);
        for note in notes {
            let Some(item) = sources.get(note.ingress) else { continue };
            let known = self.told.iter().any(|told| told.ingress == item.raw_name() && told.note.pointer == note.pointer && told.note.name == note.name && told.note.treatment >= note.treatment);
            if known {
                continue;
            }
            let own = self.files.get(&item.source.path).map(|file| file.place(item.source.document, &note.pointer));
            let in_patch = patch.map(|loaded| loaded.place_of(self.files, &note.pointer));
            let Some(place) = in_patch.or(own) else { continue };
            self.told.push(Told { ingress: item.raw_name().to_owned(), place, note });
        }
        let made = made.into_iter().filter_map(|made| {
            let item = sources.get(made.ingress)?;
            Some(Item { value: made.value, source: item.source.clone(), trail: item.trail.clone(), labels: item.labels.clone(), group: item.group })
        });
        made.collect()
    }
}

/// Kind and name: what an object is called within one kustomization.
fn names(value: &Value) -> (Option<&str>, Option<&str>) {
    (text(value, "/kind"), text(value, "/metadata/name"))
}

/// The number of a port of a Service, by its name.
pub(super) fn port_of(items: &[Item], namespace: Option<&str>, service: &str, name: &str) -> Option<i64> {
    let is_it = |item: &&Item| {
        item.kind() == "Service" && item.namespace().as_deref() == namespace && item.names().iter().any(|own| own == service)
    };
    let ports = items.iter().find(is_it)?.value.pointer("/spec/ports")?.as_array()?;
    ports.iter().find(|port| text(port, "/name") == Some(name))?.get("port")?.as_i64()
}
