//! Finds what only pods and containers have, where no row says that there are any.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::workload::{CONTAINER_FIELDS, POD_FIELDS, Shape, Step, write_path};
use krmor_yaml::print::{self, Quoting};
use krmor_yaml::{Kind, Node, escape_token};

/// More than this many paths of one object are not reported at once.
const MAX_CARRIERS: usize = 10;
/// A message names at most this many harmless fields.
const MAX_FIELDS: usize = 4;

/// The fields of containers, and what tools add to them, that say that an `image` is a container's.
#[rustfmt::skip]
const TELLING: [&str; 13] = [
    "args", "command", "env", "envFrom", "imagePullPolicy", "livenessProbe", "ports", "readinessProbe", "resources", "script",
    "securityContext", "startupProbe", "volumeMounts",
];
/// Lists whose items are containers, whatever they have.
const LISTS: [&str; 6] =
    ["containers", "initContainers", "ephemeralContainers", "sidecars", "sidecarContainers", "steps"];
/// Fields that say that pods are made from an object, and are harmless by themselves.
const HARMLESS: [&str; 6] =
    ["podSecurityContext", "podTemplate", "securityContext", "serviceAccountName", "tolerations", "volumeMounts"];

/// What has been found in an object.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Pods, containers and fields that would be unsafe.
    pub(super) carriers: Vec<Carrier>,
    /// Where the first harmless field of a pod is, and which there are, as a sentence's subject.
    pub(super) harmless: Option<(String, String)>,
}

/// What no row leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Carrier {
    /// Where it is.
    pub(super) pointer: String,
    /// The `path` of the row that would lead there.
    pub(super) path: String,
    /// The `shape` of that row; `None` where no row can say what is there.
    pub(super) shape: Option<Shape>,
    /// Whether it is a manifest that is written as a text.
    pub(super) is_text: bool,
    /// What it is, as a sentence.
    pub(super) what: Cow<'static, str>,
}

/// What is known of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A row leads there.
    Row(Shape),
    /// It is not this object's business: a row says so, or it is an object by itself.
    Other,
}

/// A mapping or list below the object, and how to come to it.
struct Visit<'a> {
    node: Node<'a>,
    parent: usize,
    step: Option<Edge<'a>>,
    pointer: String,
    /// It is below what a row leads to, and itself the spec of a pod or a container: its own fields are judged.
    judged: Option<Shape>,
}

enum Edge<'a> {
    Key(Cow<'a, str>),
    Item,
}

impl Edge<'_> {
    fn step(&self) -> Step<'_> {
        match self {
            Edge::Key(key) => Step::Key(key),
            Edge::Item => Step::Item,
        }
    }
}

/// Whether a mapping has a field that pods have.
pub(super) fn has_pod_fields(node: Node<'_>) -> bool {
    node.entries().any(|(key, _)| POD_FIELDS.contains(&key.as_ref()))
}

/// Whether a mapping says what runs, or how safely.
pub(super) fn is_own_container(node: Node<'_>) -> bool {
    ["image", "command", "args", "script", "securityContext"].iter().any(|key| node.get(key).is_some())
}

/// Searches everything under `root`, but what is `known`; of one path, one place is told.
///
/// The parser bounds how far aliases expand, so this is linear in the size of the input.
pub(super) fn search(root: Node<'_>, known: impl Fn(&str) -> Option<Known>) -> Found {
    let mut search = Search { visits: Vec::new(), found: Found::default(), fields: Vec::new(), known: &known };
    search.visits.push(Visit { node: root, parent: 0, step: None, pointer: String::new(), judged: None });
    let mut at = 0;
    while let Some(visit) = search.visits.get(at) {
        let (node, judged) = (visit.node, visit.judged);
        match known(&visit.pointer) {
            Some(Known::Other) => {}
            Some(Known::Row(Shape::Template)) => {
                search.enter(at, |key| (key != "metadata").then_some((key == "spec").then_some(Shape::Spec)));
            }
            Some(Known::Row(Shape::Containers)) => search.enter(at, |_| Some(Some(Shape::Container))),
            Some(Known::Row(shape)) => search.judged(at, node, shape),
            None => match judged {
                Some(shape) => search.judged(at, node, shape),
                None if node.kind() == Kind::Map => search.mapping(at, node),
                None => search.enter(at, |_| Some(None)),
            },
        }
        if search.found.carriers.len() >= MAX_CARRIERS {
            break;
        }
        at += 1;
    }
    let Search { mut found, fields, .. } = search;
    if let Some((pointer, _)) = fields.first() {
        let mut names: Vec<String> = fields.iter().take(MAX_FIELDS).map(|(_, name)| format!("`{name}`")).collect();
        if fields.len() > MAX_FIELDS {
            names.push("others".to_owned());
        }
        found.harmless = Some((pointer.clone(), names.join(", ")));
    }
    found
}

struct Search<'a, 'k> {
    known: &'k dyn Fn(&str) -> Option<Known>,
    visits: Vec<Visit<'a>>,
    found: Found,
    /// Pointers and names of harmless fields.
    fields: Vec<(String, String)>,
}

impl<'a> Search<'a, '_> {
    /// Goes on to what is below: to items, and to the entries for which `wanted` says what is judged of them.
    fn enter(&mut self, at: usize, wanted: impl Fn(&str) -> Option<Option<Shape>>) {
        let Some(visit) = self.visits.get(at) else { return };
        let (node, pointer) = (visit.node, visit.pointer.clone());
        let mut push = |node: Node<'a>, step: Edge<'a>, token: &str, judged: Option<Shape>| {
            let pointer = || format!("{pointer}/{token}");
            if node.kind() != Kind::Scalar {
                self.visits.push(Visit { node, parent: at, step: Some(step), pointer: pointer(), judged });
            } else if matches!(&step, Edge::Key(key) if key == "patch") {
                // It changes objects of another place, which are not judged here either.
            } else if let Some(what) = node.as_str().as_deref().and_then(pods_in_text)
                && (self.known)(&pointer()).is_none()
            {
                let path = self.path(at, Some(step.step()));
                self.add(Carrier { pointer: pointer(), path, shape: None, is_text: true, what: what.into() });
            }
        };
        if node.kind() == Kind::Map {
            for (key, value) in node.entries() {
                if let Some(judged) = wanted(&key) {
                    let token = escape_token(&key).into_owned();
                    push(value, Edge::Key(key), &token, judged);
                }
            }
        } else {
            for (number, item) in node.items().enumerate() {
                if let Some(judged) = wanted("") {
                    push(item, Edge::Item, &number.to_string(), judged);
                }
            }
        }
    }

    /// A pod's spec or a container that is judged: what is not a field of those may hold others.
    fn judged(&mut self, at: usize, node: Node<'a>, shape: Shape) {
        match shape {
            Shape::Spec => self.below(at, node, &POD_FIELDS),
            _ => {
                if !self.pod_fields(at, node) {
                    self.below(at, node, &CONTAINER_FIELDS);
                }
            }
        }
    }

    fn is_known(&self, at: usize, key: &str) -> bool {
        self.visits
            .get(at)
            .is_some_and(|visit| (self.known)(&format!("{}/{}", visit.pointer, escape_token(key))).is_some())
    }

    fn is_below_known(&self, at: usize, key: &str, name: &str) -> bool {
        let pointer = |pointer: &str| format!("{pointer}/{}/{}", escape_token(key), escape_token(name));
        self.visits.get(at).is_some_and(|visit| (self.known)(&pointer(&visit.pointer)).is_some())
    }

    /// Notes what makes a mapping the spec of a pod.
    fn pod_fields(&mut self, at: usize, node: Node<'a>) -> bool {
        let lists = super::LISTS.iter().map(|(list, _)| *list);
        let list = lists.into_iter().find(|list| {
            node.get(list).is_some_and(|items| items.items().any(is_container)) && !self.is_known(at, list)
        });
        let flag = || ["hostNetwork", "hostPID", "hostIPC"].into_iter().find(|key| is_true(node, key));
        let what = match (list, flag()) {
            (Some(list), _) => format!("`{list}` looks like those of a pod"),
            (_, Some(field)) => format!("`{field}: true` is what a pod has"),
            _ if node.get("volumes").is_some_and(|volumes| volumes.items().any(is_host_path)) => {
                "a volume with `hostPath` is what a pod has".to_owned()
            }
            _ => return false,
        };
        self.pod(at, what);
        self.below(at, node, &POD_FIELDS);
        true
    }

    fn mapping(&mut self, at: usize, node: Node<'a>) {
        if self.pod_fields(at, node) {
            return;
        }
        if is_host_path(node) {
            self.carry(at, 0, None, "a volume with `hostPath` is what a pod has".into());
        }
        if let Some(what) = unsafe_security(node) {
            self.security(at, what);
        }
        if is_image(node) && has_container_fields(node) {
            self.harmless(at, "image");
        }
        HARMLESS.iter().filter(|key| node.get(key).is_some()).for_each(|key| self.harmless(at, key));
        self.below(at, node, &[]);
    }

    /// Goes on below a mapping, but to the fields that are judged: containers there are told.
    fn below(&mut self, at: usize, node: Node<'a>, judged: &[&str]) {
        let mut below: HashSet<Cow<'a, str>> = HashSet::new();
        for (key, value) in node.entries().filter(|(key, _)| !judged.contains(&key.as_ref())) {
            if key == "podSpecPatch" && value.kind() == Kind::Scalar && !value.is_null() {
                self.carry(at, 0, None, "`podSpecPatch` changes pods in ways that nobody has judged".into());
            }
            // A list of a telling name needs less to be one of containers.
            let is_one = |node: Node<'_>| match LISTS.contains(&key.as_ref()) {
                true => is_container(node),
                false => is_image(node) && has_container_fields(node),
            };
            let list = value.kind() == Kind::Seq && value.items().any(is_one);
            let by_name = value.kind() == Kind::Map
                && value.entries().next().is_some()
                && value.entries().all(|(name, value)| is_one(value) && !self.is_below_known(at, &key, &name));
            let single = value.kind() == Kind::Map
                && (key == "script" || key == "container" || key.ends_with("Container"))
                && is_image(value);
            let shape = match (list, single || by_name) {
                (true, _) => Some(Shape::Containers),
                (_, true) => Some(Shape::Container),
                _ => None,
            };
            let Some(shape) = shape.filter(|_| !self.is_known(at, &key)) else {
                below.insert(key);
                continue;
            };
            let seen = match (list, single) {
                (true, _) => "lists what looks like containers",
                (_, true) => "looks like a container",
                _ => "holds what looks like containers by their names",
            };
            let what = format!("`{key}` {seen}");
            let (Some(visit), step) = (self.visits.get(at), escape_token(&key).into_owned()) else { continue };
            let pointer = format!("{}/{step}", visit.pointer);
            let mut path = self.path(at, Some(Step::Key(&key)));
            if by_name && !single {
                path.push_str(".*");
            }
            self.add(Carrier { pointer, path, shape: Some(shape), is_text: false, what: what.into() });
        }
        self.enter(at, |key| below.contains(key).then_some(None));
    }

    /// A pod's spec: its template where it stands under `spec`, else the spec itself.
    fn pod(&mut self, at: usize, what: String) {
        let Some(visit) = self.visits.get(at) else { return };
        let is_spec = matches!(&visit.step, Some(Edge::Key(key)) if key == "spec") && visit.parent != 0;
        let (up, shape) = if is_spec { (1, Shape::Template) } else { (0, Shape::Spec) };
        self.carry(at, up, Some(shape), what.into());
    }

    /// A security context that is unsafe belongs to the container or pod that holds it.
    fn security(&mut self, at: usize, what: Cow<'static, str>) {
        let Some(visit) = self.visits.get(at) else { return };
        let is_field = matches!(&visit.step, Some(Edge::Key(key)) if key == "securityContext");
        let Some(holder) = self.visits.get(visit.parent).filter(|_| is_field) else {
            return self.carry(at, 0, None, what);
        };
        let of_container = ["privileged", "capabilities", "allowPrivilegeEscalation"];
        let is_container = is_image(holder.node) || of_container.iter().any(|key| visit.node.get(key).is_some());
        match (is_container, &holder.step) {
            (true, Some(Edge::Item)) => self.carry(at, 2, Some(Shape::Containers), what),
            (true, _) => self.carry(at, 1, Some(Shape::Container), what),
            (false, _) => self.carry(at, 1, Some(Shape::Spec), what),
        }
    }

    fn harmless(&mut self, at: usize, key: &str) {
        let Some(visit) = self.visits.get(at).filter(|_| self.fields.len() <= MAX_FIELDS) else { return };
        let name = self.path(at, Some(Step::Key(key)));
        if !self.fields.iter().any(|(_, other)| *other == name) {
            self.fields.push((format!("{}/{key}", visit.pointer), name));
        }
    }

    /// Notes what a row for the place `up` levels above would find.
    fn carry(&mut self, at: usize, up: usize, shape: Option<Shape>, what: Cow<'static, str>) {
        let target = (0..up).fold(at, |at, _| self.visits.get(at).map_or(at, |visit| visit.parent));
        let Some(visit) = self.visits.get(if shape == Some(Shape::Template) { target } else { at }) else { return };
        let pointer = visit.pointer.clone();
        let path = self.path(target, None);
        self.add(Carrier { pointer, path, shape, is_text: false, what });
    }

    fn add(&mut self, carrier: Carrier) {
        if !self.found.carriers.iter().any(|other| other.path == carrier.path) {
            self.found.carriers.push(carrier);
        }
    }

    /// The path of a row to a place, or to what is one step below it.
    fn path(&self, mut at: usize, below: Option<Step<'_>>) -> String {
        let mut edges = Vec::new();
        while let Some(Visit { step: Some(edge), parent, .. }) = self.visits.get(at) {
            edges.push(edge);
            at = *parent;
        }
        edges.reverse();
        write_path(edges.iter().map(|edge| edge.step()).chain(below))
    }
}

/// What makes a text a manifest of pods, as a sentence. A text that is a template may be no YAML: then its lines tell.
fn pods_in_text(text: &str) -> Option<String> {
    let mut lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#') && *line != "---");
    let first = lines.next()?;
    let begins = ["apiVersion:", "kind:", "metadata:", "spec:", "{", "- apiVersion:", "- kind:"];
    if !begins.iter().any(|begin| first.starts_with(begin)) {
        return None;
    }
    let found = match krmor_yaml::parse(&Arc::new(text.to_owned())) {
        Ok(documents) => documents.iter().find_map(|document| {
            let roots = Some(document.root()).into_iter().chain(document.root().items());
            let object = |root: &Node<'_>| root.get("kind").is_some();
            roots.filter(object).find_map(|root| Some(search(root, |_| None).carriers.into_iter().next()?.what))
        }),
        Err(_) => lines.find_map(|line| {
            let telling = ["containers:", "initContainers:", "hostPath:", "hostNetwork: true", "privileged: true"];
            telling
                .into_iter()
                .find(|start| line.trim_start_matches("- ").starts_with(start))
                .map(|start| format!("`{}` is what a pod has", start.trim_end_matches(':')).into())
        }),
    };
    found.map(|what| format!("the text is a manifest that makes pods: {what}"))
}

fn is_host_path(volume: Node<'_>) -> bool {
    volume.find(&["hostPath", "path"]).is_some()
}

fn is_true(node: Node<'_>, key: &str) -> bool {
    node.get(key).and_then(Node::as_bool) == Some(true)
}

fn is_image(node: Node<'_>) -> bool {
    node.get("image").is_some_and(|image| image.kind() == Kind::Scalar && !image.is_null())
}

fn has_container_fields(node: Node<'_>) -> bool {
    TELLING.iter().any(|key| node.get(key).is_some())
}

/// An item of a list that is named like one of containers.
fn is_container(node: Node<'_>) -> bool {
    is_image(node) || has_container_fields(node)
}

/// What of a security context would make its container unsafe, as a sentence.
fn unsafe_security(node: Node<'_>) -> Option<Cow<'static, str>> {
    if is_true(node, "privileged") {
        return Some("`privileged: true` is what a container has".into());
    }
    if node.get("runAsUser").and_then(Node::as_int) == Some(0) {
        return Some("`runAsUser: 0` is what a pod or a container has".into());
    }
    if is_true(node, "allowPrivilegeEscalation") {
        return Some("`allowPrivilegeEscalation: true` is what a container has".into());
    }
    let is = |path: &[&str], wanted: &str| node.find(path).and_then(Node::as_str).as_deref() == Some(wanted);
    if is(&["procMount"], "Unmasked") {
        return Some("`procMount: Unmasked` is what a container has".into());
    }
    if is(&["seccompProfile", "type"], "Unconfined") {
        return Some("the seccomp profile `Unconfined` is what a pod or a container has".into());
    }
    if node.get("windowsOptions").is_some_and(|options| is_true(options, "hostProcess")) {
        return Some("`hostProcess: true` is what a pod or a container has".into());
    }
    let added = node.find(&["capabilities", "add"])?;
    let one = added.items().filter_map(Node::as_str).find(|name| *name != "NET_BIND_SERVICE")?;
    Some(format!("the capability `{one}` is what a container gets").into())
}

/// A row of `podTemplates`, as YAML on one line.
pub(super) fn row(group: &str, kind: &str, place: Option<(&str, Shape)>, ignore: bool) -> String {
    let mut row = Map::new();
    row.insert("group".to_owned(), group.into());
    row.insert("kind".to_owned(), kind.into());
    if let Some((path, shape)) = place {
        row.insert("path".to_owned(), path.into());
        if shape != Shape::Template {
            row.insert("shape".to_owned(), shape.name().into());
        }
    }
    if ignore {
        row.insert("ignore".to_owned(), true.into());
    }
    let mut out = String::new();
    print::write_flow(&mut out, &Value::Object(row), Quoting::Yaml);
    out
}
