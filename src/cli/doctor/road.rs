//! The road from krmor to the output: in each kustomization that nobody includes, krmor must be the last that its objects meet.
//!
//! kustomize takes resources, then generators, Components, its own fields and `transformers:`, each layer inside the next. What a
//! layer leaves behind krmor is kept for the layers outside: a later call of krmor settles it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::callers::Callers;
use super::configs::is_ours;
use super::functions::{INNER, PATCHES, entries, functions};
use super::kinds::{Kinds, is_harmless, weakening};
use super::tree::{File, Target, Tree};
use super::{Diagnosis, MAX_DEPTH, Place};
use crate::report::Severity::{self, Error, Info, Warning};
use crate::text::few;
use crate::yaml::{Document, Node};

/// More is counted only: what layers hand on must not grow with their number.
const MOST: usize = 50;
/// What kustomize's own transformers do that undoes nothing.
const BUILT_IN: &[&str] = &[
    "AnnotationsTransformer",
    "HashTransformer",
    "LabelTransformer",
    "LegacyOrderTransformer",
    "NamespaceTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "SortOrderTransformer",
    "SuffixTransformer",
];
/// Generators that make no pods and no secrets.
const QUIET: &[&str] = &["ConfigMapGenerator"];

/// One thing that comes after krmor, or where krmor never is.
#[derive(Debug)]
struct After {
    place: Place,
    rule: &'static str,
    severity: Severity,
    /// With a verb: `the patches here`.
    what: String,
    /// It brings objects: they are not hardened wherever no krmor follows.
    brings: bool,
    /// Some of them have pods.
    pods: bool,
}

/// What a kustomization hands on.
#[derive(Clone, Debug, Default)]
struct Road {
    /// The kustomization in which krmor runs.
    called: Option<Rc<str>>,
    /// krmor has seen all that was there before, not only what lies in here.
    settles: bool,
    after: Vec<Rc<After>>,
}

impl Road {
    fn push(&mut self, after: After) {
        if self.after.len() < MOST {
            self.after.push(Rc::new(after));
        }
    }

    fn krmor(&mut self, name: &str) {
        self.after.clear();
        (self.called, self.settles) = (Some(name.into()), true);
    }

    /// A base beside others.
    fn beside(&mut self, inner: &Road) {
        // Where krmor never ran, nothing can undo it.
        let kept = inner.after.iter().filter(|after| inner.called.is_some() || after.brings);
        self.after.extend(kept.take(MOST.saturating_sub(self.after.len())).cloned());
        self.called = self.called.take().or_else(|| inner.called.clone());
    }

    /// A Component over all that is there.
    fn over(&mut self, inner: &Road) {
        if inner.settles {
            self.after.clear();
            self.settles = true;
        }
        self.after.extend(inner.after.iter().take(MOST.saturating_sub(self.after.len())).cloned());
        self.called = inner.called.clone().or_else(|| self.called.take());
    }
}

struct Roads<'a> {
    tree: &'a Tree,
    kinds: Kinds,
    /// `None` while a kustomization is being followed.
    known: BTreeMap<PathBuf, Option<Rc<Road>>>,
    cycles: Vec<(Place, String)>,
}

/// Judges the road of every kustomization that nobody includes; `of_configs` make configs, no manifests.
pub(super) fn judge(tree: &Tree, of_configs: &BTreeSet<PathBuf>, callers: &Callers, diagnosis: &mut Diagnosis) {
    let all: Vec<&File> =
        tree.kustomizations().filter(|file| file.error.is_none() && !of_configs.contains(&file.path)).collect();
    let mut roads = Roads { tree, kinds: Kinds::default(), known: BTreeMap::new(), cycles: Vec::new() };
    let mut included = BTreeSet::new();
    for (_, target) in all.iter().flat_map(|file| INNER.iter().flat_map(|field| tree.entries(file, field))) {
        if let Target::Kustomization(inner) = target {
            included.insert(inner.path.clone());
        }
    }
    let user = all.iter().find(|file| calls_krmor(tree, file)).map(|file| file.name.clone());
    let unlisted: Vec<&str> = all
        .iter()
        .filter(|file| is_component(file) && !included.contains(&file.path) && calls_krmor(tree, file))
        .map(|file| file.name.as_str())
        .collect();
    let mut said: BTreeSet<(Place, String)> = BTreeSet::new();
    for file in &all {
        let road = roads.follow(file, 0);
        if is_component(file) || included.contains(&file.path) || !file.listed || callers.pipe(file.folder()) {
            continue;
        }
        match &road.called {
            Some(inside) => undone(file, inside, &road, &mut said, diagnosis),
            None if callers.may_pipe(file.folder()) => {}
            None => never(file, user.as_deref(), &unlisted, &road, diagnosis),
        }
    }
    for (place, name) in roads.cycles {
        let message = format!("{name} is included here and includes this kustomization in turn: kustomize fails");
        diagnosis.add(Error, "cycle", place, message, "take one of the two entries out");
    }
}

/// krmor ran, and something came after it.
fn undone(root: &File, inside: &str, road: &Road, said: &mut BTreeSet<(Place, String)>, diagnosis: &mut Diagnosis) {
    for after in &road.after {
        if !said.insert((after.place.clone(), after.what.clone())) {
            continue;
        }
        let output =
            if root.name == after.place.file { String::new() } else { format!(", in what {} prints", root.name) };
        let message = match after.brings {
            true => format!("{} past krmor, which runs in {inside}: it is not hardened{output}", after.what),
            false if after.severity == Info => format!(
                "{} after krmor, which runs in {inside}: a migration's Job that is named by its content keeps the old name{output}",
                after.what
            ),
            false if after.rule == "not-last" => format!("{} after krmor and can undo what it did{output}", after.what),
            false => format!("{} after krmor, which runs in {inside}, and can undo what it did{output}", after.what),
        };
        let remedy = match after.rule {
            "not-last" => "list krmor's config last; inline transformers run before those in files".to_owned(),
            _ => format!("list krmor's config under `transformers:` of {}, the outermost kustomization", root.name),
        };
        diagnosis.add(after.severity, after.rule, after.place.clone(), message, remedy);
    }
}

/// krmor never ran, although it does elsewhere.
fn never(root: &File, user: Option<&str>, unlisted: &[&str], road: &Road, diagnosis: &mut Diagnosis) {
    let pods: Vec<&Rc<After>> = road.after.iter().filter(|after| after.pods).collect();
    let (Some(first), Some(user)) = (pods.first(), user) else { return };
    let mut message = format!(
        "nothing here calls krmor, which runs in {user}: {} ({}) is printed as it is",
        first.what.trim_end_matches(" comes"),
        first.place
    );
    if !unlisted.is_empty() {
        let names = few(unlisted.len(), &mut unlisted.iter().map(|name| (*name).to_owned()), ", ");
        message.push_str(&format!("; the Component in {names} is listed by nobody"));
    }
    let remedy = "list a config of krmor under `transformers:`, or a Component that does, under `components:`; if a pipe hardens \
                  this output, say --called-by pipe";
    diagnosis.add(Warning, "never-called", root.place(0), message, remedy);
}

fn is_component(file: &File) -> bool {
    file.root().and_then(|root| root.get("kind")).and_then(Node::as_str).is_some_and(|kind| kind == "Component")
}

/// Whether a kustomization runs krmor itself.
pub(super) fn calls_krmor(tree: &Tree, file: &File) -> bool {
    entries(tree, file, "transformers").iter().any(|(entry, target)| {
        functions(tree, file, *entry, target).iter().any(|one| is_ours(one.document.root(), file.folder()))
    })
}

impl Roads<'_> {
    fn follow(&mut self, file: &File, depth: usize) -> Rc<Road> {
        match self.known.get(&file.path) {
            Some(Some(road)) => return Rc::clone(road),
            Some(None) => return Rc::default(),
            None if depth > MAX_DEPTH || file.error.is_some() => return Rc::default(),
            None => {}
        }
        self.known.insert(file.path.clone(), None);
        let mut road = Road::default();
        self.resources(file, depth, &mut road);
        self.generators(file, &mut road);
        self.components(file, depth, &mut road);
        fields(file, &mut road);
        self.transformers(file, &mut road);
        let road = Rc::new(road);
        self.known.insert(file.path.clone(), Some(Rc::clone(&road)));
        road
    }

    fn inner(&mut self, file: &File, entry: Node<'_>, inner: &File, depth: usize) -> Rc<Road> {
        if matches!(self.known.get(&inner.path), Some(None)) {
            self.cycles.push((file.place_of(entry), inner.name.clone()));
        }
        self.follow(inner, depth + 1)
    }

    fn resources(&mut self, file: &File, depth: usize, road: &mut Road) {
        for (entry, target) in ["resources", "bases"].iter().flat_map(|field| self.tree.entries(file, field)) {
            let text = entry.as_str().unwrap_or_default();
            match target {
                Target::Kustomization(inner) => road.beside(&self.inner(file, entry, inner, depth)),
                Target::File(at) => {
                    if let Some(brought) = self.kinds.brought(at) {
                        let what = format!("{} of {text} comes", brought.title);
                        road.push(brings(file.place_of(entry), what, brought.pods));
                    }
                }
                Target::Remote => {
                    let what = format!("what {text} holds comes");
                    road.push(brings(file.place_of(entry), what, false));
                }
                Target::Inline(_) | Target::Missing => {}
            }
        }
    }

    fn generators(&self, file: &File, road: &mut Road) {
        for (entry, target) in self.tree.entries(file, "generators") {
            for one in functions(self.tree, file, entry, &target) {
                let root = one.document.root();
                let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
                if !is_ours(root, file.folder()) && !QUIET.contains(&kind.as_ref()) {
                    let what = format!("what the generator {} makes comes", one.title());
                    road.push(brings(file.place_of(entry), what, kind.starts_with("HelmChart")));
                }
            }
        }
        let Some(root) = file.root() else { return };
        for (field, pods) in [("helmCharts", true), ("helmChartInflationGenerator", true), ("secretGenerator", false)] {
            if let Some(place) = set(file, root, field) {
                road.push(brings(place, format!("what `{field}` makes comes"), pods));
            }
        }
    }

    fn components(&mut self, file: &File, depth: usize, road: &mut Road) {
        for (entry, target) in self.tree.entries(file, "components") {
            match target {
                Target::Kustomization(inner) => road.over(&self.inner(file, entry, inner, depth)),
                Target::Remote => {
                    let what = format!("the Component {} comes", entry.as_str().unwrap_or_default());
                    road.push(changes(file.place_of(entry), "hardened-inside", what));
                }
                _ => {}
            }
        }
    }

    fn transformers(&self, file: &File, road: &mut Road) {
        for (entry, target) in entries(self.tree, file, "transformers") {
            let found = functions(self.tree, file, entry, &target);
            for one in &found {
                let root = one.document.root();
                if is_ours(root, file.folder()) {
                    road.krmor(&file.name);
                    continue;
                }
                let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
                let is_built_in = text("apiVersion") == "builtin" && BUILT_IN.contains(&text("kind").as_ref());
                if is_built_in && weakening(root).is_none() {
                    continue;
                }
                let what = match (&target, one.title().as_str()) {
                    (Target::Inline(_), title) => format!("the inline {title} runs"),
                    (_, title) => format!("{title} of {} runs", one.file.name),
                };
                let mut after = changes(file.place_of(entry), "not-last", what);
                // A transformer of images changes what a Job's name is made from, and no pod's safety.
                if text("kind") == "ImageTagTransformer" {
                    after.severity = Info;
                }
                road.push(after);
            }
            if let Target::Remote = target {
                let what = format!("{} runs", entry.as_str().unwrap_or_default());
                road.push(changes(file.place_of(entry), "not-last", what));
            }
        }
    }
}

/// kustomize's own fields, in so far as they can undo something.
fn fields(file: &File, road: &mut Road) {
    let Some(root) = file.root() else { return };
    for field in PATCHES.iter().chain(&["replacements", "replicas"]) {
        let is_patch = PATCHES.contains(field);
        let items = root.get(field).into_iter().flat_map(Node::items);
        if items.into_iter().any(|item| !is_patch || !spares(file, item))
            && let Some(place) = set(file, root, field)
        {
            road.push(changes(place, "hardened-inside", format!("what `{field}` changes comes")));
        }
    }
    for field in ["commonLabels", "labels", "commonAnnotations"] {
        if let Some(key) = root.get(field).and_then(weakening)
            && let Some(place) = set(file, root, field)
        {
            road.push(changes(place, "hardened-inside", format!("{key}, which `{field}` sets, comes")));
        }
    }
    if let Some(place) = set(file, root, "images") {
        // Images say nothing of how a pod runs; but a migration's Job is named after what it runs.
        let after = changes(place, "hardened-inside", "what `images` changes comes".to_owned());
        road.push(After { severity: Info, ..after });
    }
}

/// Whether a patch is for objects only that have neither pods nor a say in how safe others are.
fn spares(file: &File, item: Node<'_>) -> bool {
    let kind_of = |node: Node<'_>| node.get("kind").and_then(Node::as_str).unwrap_or_default().into_owned();
    if let Some(target) = item.get("target") {
        return is_harmless(&kind_of(target));
    }
    let text = item.get("patch").or(Some(item)).and_then(Node::as_str).unwrap_or_default().into_owned();
    let path = item.get("path").and_then(Node::as_str).unwrap_or_default();
    let path = if item.as_str().is_some() { text.as_str() } else { path.as_ref() };
    let from_file = Some(path).filter(|path| !path.is_empty() && !path.contains('\n'));
    let text = match from_file.map(|path| read(&file.folder().join(path))) {
        Some(text) => text,
        None => text,
    };
    let documents = crate::yaml::parse(&text.into()).unwrap_or_default();
    !documents.is_empty() && documents.iter().map(Document::root).all(|root| is_harmless(&kind_of(root)))
}

fn read(path: &Path) -> String {
    let is_small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() < 1 << 20);
    is_small.then(|| std::fs::read_to_string(path).ok()).flatten().unwrap_or_default()
}

/// Where a field stands, if it has something in it.
fn set(file: &File, root: Node<'_>, field: &str) -> Option<Place> {
    let node = root.get(field)?;
    let is_set = node.items().next().is_some() || node.entries().next().is_some();
    is_set.then(|| file.place(root.key_span(field).map_or(0, |span| span.start)))
}

fn brings(place: Place, what: String, pods: bool) -> After {
    After { place, rule: "past-krmor", severity: Warning, what, brings: true, pods }
}

fn changes(place: Place, rule: &'static str, what: String) -> After {
    After { place, rule, severity: Warning, what, brings: false, pods: false }
}
