//! One step of a kustomization: the Ingresses are converted anew, and what has changed is written down.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::{Entry, State, Told, Walk};
use crate::cli::migrate::ingress::convert::{Converted, convert};
use crate::cli::migrate::ingress::files::Place;
use crate::cli::migrate::ingress::item::{Item, Source};
use crate::cli::migrate::ingress::kustomization::Loaded;
use crate::cli::migrate::ingress::model::{Ingress, text};
use crate::cli::migrate::ingress::patch::Delta;
use crate::report::Severity;

impl Walk<'_> {
    /// Converts the Ingresses that are in files of this kustomization; those from below may be changed by them.
    pub(super) fn convert_files(&mut self, path: &Path, group: usize, state: &mut State) {
        if self.plan.is_none() || !state.items.iter().any(|item| self.means(item)) {
            return;
        }
        let wanted = self.convert(state, None);
        self.names_are_free(state, &wanted);
        let direct: Vec<Source> = state
            .items
            .iter()
            .filter(|item| item.group == group && self.means(item))
            .map(|item| item.source.clone())
            .collect();
        for source in &direct {
            let objects: Vec<Value> =
                wanted.iter().filter(|made| made.source == *source).map(|made| made.value.clone()).collect();
            let file = self.files.get(&source.path);
            if file.is_some_and(|file| !file.inside) {
                let place = file.map(|file| file.place(source.document, ""));
                let message = "the Ingress is outside of the directory that is migrated";
                self.find(Severity::Error, place, "outside", message, "migrate the directory above both");
            }
            if source.path.extension().is_some_and(|extension| extension == "json") {
                let place = file.map(|file| file.place(source.document, ""));
                self.find(
                    Severity::Error,
                    place,
                    "json",
                    "the Ingress is in a JSON file, which holds one object",
                    "write it as YAML",
                );
            }
            match self.edits.documents.get(source) {
                Some(there) if *there != objects => {
                    let place = file.map(|file| file.place(source.document, ""));
                    let message =
                        "two kustomizations name this file, and the Ingress would become something else in each";
                    self.find(Severity::Error, place, "twice", message, "give each a copy of its own");
                }
                Some(_) => {}
                None => drop(self.edits.documents.insert(source.clone(), objects)),
            }
        }
        let (old, new): (Vec<Item>, Vec<Item>) = (std::mem::take(&mut state.made), wanted);
        let below = |item: &&Item| !(item.group == group && direct.contains(&item.source));
        let deltas =
            self.deltas(path, &old.iter().collect::<Vec<_>>(), &new.iter().filter(below).collect::<Vec<_>>(), None);
        if !deltas.is_empty() {
            self.edits.patches.entry(path.to_path_buf()).or_default().extend(deltas);
        }
        state.made = new;
    }

    /// kustomize and the API server know one object of a name.
    fn names_are_free(&mut self, state: &State, wanted: &[Item]) {
        let files = self.files;
        let is_one = |item: &&Item| text(&item.value, "/apiVersion").is_some_and(|api| api.starts_with("gateway."));
        let there: Vec<&Item> = state.items.iter().filter(is_one).collect();
        for item in wanted {
            let same = |other: &&&Item| {
                other.kind() == item.kind() && other.name() == item.name() && other.namespace() == item.namespace()
            };
            let Some(there) = there.iter().find(same) else { continue };
            let place = files.get(&there.source.path).map(|file| file.place(there.source.document, ""));
            let message = format!(
                "the {} `{}` is there already, and the Ingress would become one, too",
                item.kind(),
                item.name()
            );
            let remedy = "rename one of them; or attach to the Gateway that is there: --gateway NAMESPACE/NAME";
            self.find(Severity::Error, place, "name", &message, remedy);
        }
    }

    /// Applies a patch, and replaces it where it is for Ingresses.
    pub(super) fn patch(&mut self, path: &Path, loaded: &Loaded, state: &mut State) {
        let touched: Vec<usize> =
            state.items.iter().enumerate().filter(|(_, item)| loaded.unit.is_for(item)).map(|(at, _)| at).collect();
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
                    self.find(
                        Severity::Error,
                        Some(loaded.place.clone()),
                        "patch",
                        &why,
                        "correct the patch; kustomize cannot build this either, or krmor does not know the way",
                    );
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
        let deltas =
            self.deltas(path, &old.iter().collect::<Vec<_>>(), &wanted.iter().collect::<Vec<_>>(), Some(&loaded.place));
        state.made = wanted;
        if self.files.get(path).is_some_and(|file| !file.inside) {
            self.find(
                Severity::Error,
                Some(loaded.place.clone()),
                "outside",
                "the patch is outside of the directory that is migrated",
                "migrate the directory above both",
            );
        }
        let list = self.edits.entries.entry(path.to_path_buf()).or_default();
        let entry = Entry { loaded: loaded.clone(), kept: !only, deltas };
        match list.iter().find(|there| there.loaded.is(loaded)) {
            Some(there) if there.deltas != entry.deltas || there.kept != entry.kept => {
                let message = "the Component patches Ingresses of several kustomizations, and would have to change something else in each";
                self.find(
                    Severity::Error,
                    Some(loaded.place.clone()),
                    "twice",
                    message,
                    "move the patch into the kustomizations",
                );
            }
            Some(_) => {}
            None => list.push(entry),
        }
    }

    /// What makes the wanted objects of those that are there; objects that are new here become resources.
    fn deltas(&mut self, path: &Path, old: &[&Item], new: &[&Item], place: Option<&Place>) -> Vec<Delta> {
        let same =
            |a: &Item, b: &Item| a.kind() == b.kind() && a.raw_name() == b.raw_name() && a.origin() == b.origin();
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
        deltas.extend(
            old.iter().filter(|there| !new.iter().any(|item| same(there, item))).map(|there| delta(there, None)),
        );
        deltas
    }

    /// An object that only this kustomization has, with the namespace and labels that lower ones have given the Ingress.
    fn new_resource(&mut self, path: &Path, item: &Item, place: Option<&Place>) {
        if item.names().len() > 1 {
            let message = format!(
                "the patch makes a {} necessary, whose names kustomize would not bring together with those of the base: it has a namePrefix or nameSuffix",
                item.kind()
            );
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
        let read = |item: &&Item| super::read(&state.items, item);
        let ingresses: Vec<Ingress> = sources.iter().map(read).collect();
        let Converted { made, notes } = convert(&ingresses, &plan.wants);
        for note in notes {
            let Some(item) = sources.get(note.ingress) else { continue };
            let known = self.told.iter().any(|told| {
                told.ingress == item.raw_name()
                    && told.note.pointer == note.pointer
                    && told.note.name == note.name
                    && told.note.treatment >= note.treatment
            });
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
            Some(Item {
                value: made.value,
                source: item.source.clone(),
                trail: item.trail.clone(),
                labels: item.labels.clone(),
                group: item.group,
            })
        });
        made.collect()
    }
}

/// Kind and name: what an object is called within one kustomization.
fn names(value: &Value) -> (Option<&str>, Option<&str>) {
    (text(value, "/kind"), text(value, "/metadata/name"))
}
