//! The pods of a stream and their containers, wherever they stand: the one visitor of them.

mod unknown;

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Value, json};

use self::unknown::{Carrier, Known};
use crate::kube::group_of;
use crate::labels::{LabelSelector, Labels};
use crate::report::{Finding, Place};
use crate::rules;
use crate::stream::{Object, ObjectId, Stream};
use crate::workload::{self, Counts, Fields, Path, PodSelector, PodTemplateRow, Row, Shape, Trait};
use krmor_yaml::{Kind, Node};

/// What a container is to its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs and ends before the main containers start.
    Init,
    /// An init container with `restartPolicy: Always`: runs beside the main containers.
    Sidecar,
    /// One of `containers`.
    Main,
    /// One of `ephemeralContainers`: for debugging.
    Ephemeral,
}

const LISTS: [(&str, Role); 3] =
    [("initContainers", Role::Init), ("containers", Role::Main), ("ephemeralContainers", Role::Ephemeral)];

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// JSON Pointer from the object's root.
    pub pointer: String,
    /// Its name; empty when it has none.
    pub name: String,
    /// What it is to its pod.
    pub role: Role,
}

impl Container {
    /// Its content.
    #[must_use]
    pub fn node<'a>(&self, object: &Object<'a>) -> Option<Node<'a>> {
        object.root().at_pointer(&self.pointer)
    }
}

/// A pod, or the template that pods are made from. Its pointers hold until lists above it change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// The object that it is in.
    pub object: ObjectId,
    /// What stands there.
    pub shape: Shape,
    /// JSON Pointer, from the object's root, of what holds `metadata` and `spec`; empty when that is the object itself,
    /// `None` where nothing does.
    pub template: Option<String>,
    /// JSON Pointer, from the object's root, of the pod's spec; where containers stand without one, of their list or of the
    /// single container.
    pub spec: String,
    /// The fields that its kind has.
    pub fields: Fields,
    /// An operator completes what is written here, with containers and defaults of its own.
    pub is_completed: bool,
    /// How the kind says which pods are its own.
    pub selector: PodSelector,
    /// Pointer, from the object's root, of the list of claims that are made anew for each pod.
    pub claims: Option<&'static str>,
    /// What the Vault Secrets Operator calls the kind in `rolloutRestartTargets`, if it can restart its pods.
    pub restarts: Option<&'static str>,
    /// What says how many of it there are at most; [`crate::facts::counts`] reads it.
    pub counts: Counts,
    traits: &'static [Trait],
}

impl Pod {
    /// Whether its kind has a trait; [`Pod::runs_to_completion`] knows more than the kind.
    #[must_use]
    pub fn has(&self, wanted: Trait) -> bool {
        self.traits.contains(&wanted)
    }

    /// Whether its kind has a field of the pod's spec, such as `/securityContext/fsGroup`.
    #[must_use]
    pub fn takes(&self, field: &str) -> bool {
        self.has_spec() && self.fields.has_of_pod(field)
    }

    /// Whether its kind can be scaled by `spec.replicas`.
    #[must_use]
    pub fn scalable(&self) -> bool {
        self.has(Trait::Scalable)
    }

    /// Whether it ends by itself: by its kind, or because its `restartPolicy` says so.
    #[must_use]
    pub fn runs_to_completion(&self, object: &Object<'_>) -> bool {
        self.has(Trait::RunsToCompletion)
            || matches!(self.text(object, &["restartPolicy"]).as_deref(), Some("Never" | "OnFailure"))
    }

    /// Whether it has fields of its own, beside those of its containers.
    #[must_use]
    pub fn has_spec(&self) -> bool {
        matches!(self.shape, Shape::Template | Shape::Spec)
    }

    /// The pod's `spec`; `None` where containers stand without one.
    #[must_use]
    pub fn spec_node<'a>(&self, object: &Object<'a>) -> Option<Node<'a>> {
        self.has_spec().then(|| object.root().at_pointer(&self.spec)).flatten()
    }

    /// JSON Pointer of the `metadata` that the pod gets; where it gets none, of a place that no row lets anybody write.
    #[must_use]
    pub fn metadata_pointer(&self) -> String {
        format!("{}/metadata", self.template.as_ref().unwrap_or(&self.spec))
    }

    /// Whether it is an object by itself, rather than what pods are made from.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.template.as_deref() == Some("")
    }

    /// The `metadata` that the pod gets; a template need not have one.
    #[must_use]
    pub fn metadata_node<'a>(&self, object: &Object<'a>) -> Option<Node<'a>> {
        self.template.as_ref()?;
        object.root().at_pointer(&self.metadata_pointer())
    }

    /// The labels that the pod gets.
    #[must_use]
    pub fn labels<'a>(&self, object: &Object<'a>) -> Option<Node<'a>> {
        self.metadata_node(object)?.get("labels")
    }

    /// The labels that the pod has in a cluster, as far as they are known: a StatefulSet gives each a name and a number.
    #[must_use]
    pub fn all_labels<'a>(&self, object: &Object<'a>) -> Labels<'a> {
        let written = self.labels(object);
        match self.claims.is_some() && object.kind() == "StatefulSet" {
            true => Labels::numbered(written, object.name()),
            false => written.into(),
        }
    }

    /// How its kind selects its pods, as the API's label selectors are written; `None` when it does not, or selects all.
    #[must_use]
    pub fn label_selector(&self, object: &Object<'_>) -> Option<Value> {
        let selector = object.root().find(&["spec", "selector"])?.to_value()?;
        let selector = match self.selector {
            PodSelector::Unset => return None,
            PodSelector::LabelSelector => selector,
            PodSelector::Labels => json!({"matchLabels": selector}),
        };
        let filled = |key: &str| match selector.get(key) {
            Some(Value::Object(labels)) => !labels.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            _ => false,
        };
        (filled("matchLabels") || filled("matchExpressions")).then_some(selector)
    }

    /// Whether the selector of its object selects it, as the API demands; true where the kind has none.
    #[must_use]
    pub fn is_selected(&self, object: &Object<'_>) -> bool {
        let Some(node) = object.root().find(&["spec", "selector"]).filter(|node| !node.is_null()) else { return true };
        let selector = match self.selector {
            PodSelector::Unset => return true,
            PodSelector::LabelSelector => LabelSelector::of(node),
            PodSelector::Labels => Some(LabelSelector::of_labels(Some(node))),
        };
        selector.is_some_and(|selector| selector.matches(self.labels(object)))
    }

    /// A label of the pod.
    #[must_use]
    pub fn label<'a>(&self, object: &Object<'a>, key: &str) -> Option<Cow<'a, str>> {
        self.metadata_node(object)?.find(&["labels", key])?.as_str()
    }

    /// An annotation of the pod.
    #[must_use]
    pub fn annotation<'a>(&self, object: &Object<'a>, key: &str) -> Option<Cow<'a, str>> {
        self.metadata_node(object)?.find(&["annotations", key])?.as_str()
    }

    /// `os.name`: `linux`, `windows`, or nothing when the pod does not say.
    #[must_use]
    pub fn os<'a>(&self, object: &Object<'a>) -> Option<Cow<'a, str>> {
        self.text(object, &["os", "name"])
    }

    fn text<'a>(&self, object: &Object<'a>, path: &[&str]) -> Option<Cow<'a, str>> {
        self.spec_node(object)?.find(path)?.as_str()
    }

    /// Its containers in the order in which they start: init containers and sidecars, main ones, ephemeral ones.
    #[must_use]
    pub fn containers(&self, object: &Object<'_>) -> Vec<Container> {
        let Some(node) = object.root().at_pointer(&self.spec) else {
            return Vec::new();
        };
        let container = |item: Node<'_>, pointer: String, role: Role| {
            let text = |key| item.get(key).and_then(Node::as_str).unwrap_or_default();
            let role = if role == Role::Init && text("restartPolicy") == "Always" { Role::Sidecar } else { role };
            Container { pointer, name: text("name").into_owned(), role }
        };
        let list = |items: Node<'_>, pointer: &str, role: Role| -> Vec<Container> {
            let items = items.items().enumerate();
            items.map(|(at, item)| container(item, format!("{pointer}/{at}"), role)).collect()
        };
        match self.shape {
            Shape::Container => {
                let mut container = container(node, self.spec.clone(), Role::Main);
                if container.name.is_empty() {
                    // Nobody need name a single one: the field that holds it does.
                    self.spec.rsplit('/').next().unwrap_or_default().clone_into(&mut container.name);
                }
                vec![container]
            }
            Shape::Containers => {
                let key = self.spec.rsplit('/').next().unwrap_or_default();
                list(
                    node,
                    &self.spec,
                    LISTS.iter().find(|(list, _)| *list == key).map_or(Role::Main, |(_, role)| *role),
                )
            }
            Shape::Template | Shape::Spec => LISTS
                .iter()
                .filter_map(|(key, role)| Some((node.get(key)?, key, role)))
                .flat_map(|(items, key, role)| list(items, &format!("{}/{key}", self.spec), *role))
                .collect(),
        }
    }
}

/// Every pod and pod template of the stream, in the stream's order, and what cannot be read: what looks like a pod template
/// in a kind that no row describes, and what a row leads to but is no pod.
#[must_use]
pub fn pods(stream: &Stream) -> (Vec<Pod>, Vec<Finding>) {
    let mut visitor = Visitor::default();
    for object in stream.objects() {
        visitor.visit(stream, &object);
    }
    (visitor.pods, visitor.problems)
}

/// The rows of a config that lead to nothing: each is likely a typo, and what it should find would pass unseen.
#[must_use]
pub fn unmatched_rows(rows: &[PodTemplateRow], stream: &Stream) -> Vec<Finding> {
    let remedy = "correct the row, or say `optional: true` where it may lead to nothing";
    let mut out = Vec::new();
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| !row.optional) {
        let is_of_kind = |object: &Object<'_>| {
            (object.kind() == row.kind || row.kind == workload::ANY) && object.group() == row.group
        };
        let path = row.path.as_deref().and_then(|path| Path::parse(path).ok());
        let leads = |object: Object<'_>| match &path {
            Some(path) => path.find(object.root()).iter().any(|(_, node)| node.is_some()),
            None => true,
        };
        let mut of_kind = stream.objects().filter(is_of_kind).peekable();
        let message = match (of_kind.peek(), &path) {
            (Some(_), Some(path)) => format!("`{path}` leads nowhere in any {} of the stream", row.kind),
            _ => format!("the stream has no {}", row.kind),
        };
        if !of_kind.any(leads) {
            let place = Place::Config(format!("/podTemplates/{number}"));
            out.push(Finding::new(&rules::UNMATCHED_ROW, place, message, remedy));
        }
    }
    out
}

#[derive(Default)]
struct Visitor {
    pods: Vec<Pod>,
    problems: Vec<Finding>,
}

impl Visitor {
    fn visit(&mut self, stream: &Stream, object: &Object<'_>) {
        let api_version = object.api_version();
        let group = group_of(&api_version);
        let kind = object.kind();
        let Some(row) = stream.workloads().row(group, &kind) else {
            return self.unknown(stream, object, group, &kind, None, &HashMap::new());
        };
        if row.ignored.is_some() {
            return;
        }
        // A built-in row with one path is complete, and finds each template once.
        let simple = row.is_native() && row.places.len() == 1;
        let except = row.except.iter().flat_map(|path| path.find(object.root()));
        let mut seen: HashMap<String, Known> = except.map(|(pointer, _)| (pointer, Known::Other)).collect();
        let mut any = false;
        for place in &row.places {
            for (pointer, node) in place.path.find(object.root()) {
                any = true;
                if !simple && seen.contains_key(&pointer) {
                    continue;
                }
                let is_judged = self.place(object, row, place, pointer.clone(), node);
                if !simple && is_judged {
                    seen.insert(pointer, Known::Row(place.shape));
                }
            }
        }
        // Any row but a complete one may miss a pod; that one leads nowhere when its template is optional.
        if !row.is_native() || !any {
            self.unknown(stream, object, group, &kind, Some(row), &seen);
        }
    }

    /// Takes up the pod at a place; whether there is one that can be judged.
    fn place(
        &mut self,
        object: &Object<'_>,
        row: &Row,
        place: &workload::Place,
        pointer: String,
        node: Option<Node<'_>>,
    ) -> bool {
        let Some(node) = node else {
            self.malformed(object, &pointer, "there is no pod template here", "write the template here");
            return false;
        };
        let (template, spec, node) = match place.shape {
            Shape::Template => {
                let spec = format!("{pointer}/spec");
                match node.get("spec") {
                    Some(node) => (Some(pointer), spec, node),
                    // An operator fills in what is left out.
                    None if row.is_completed() => return false,
                    None => {
                        let remedy = match place.is_stated {
                            true => {
                                "let `path` of its row in `podTemplates` lead to what holds the pod's `metadata` and \
                                 `spec`, or say by `shape` what is there"
                            }
                            false => "write the pod's fields under `spec`",
                        };
                        self.malformed(object, &pointer, "the pod has no `spec`", remedy);
                        return false;
                    }
                }
            }
            // Settings of a container that the operator makes: its own defaults hold as long as nothing of ours replaces them.
            Shape::Container if !place.is_stated && !unknown::is_own_container(node) => return false,
            _ => (None, pointer, node),
        };
        let is_right = match place.shape {
            Shape::Template | Shape::Spec => self.is_spec(object, row, place, &spec, node),
            Shape::Containers => self.is_list(object, &spec, node, "the list of containers"),
            Shape::Container => self.is_container(object, &spec, node),
        };
        if is_right {
            self.pods.push(Pod {
                object: object.id(),
                shape: place.shape,
                template,
                spec,
                fields: place.fields,
                is_completed: row.is_completed(),
                selector: row.selector,
                claims: row.claims,
                restarts: row.restarts,
                counts: row.counts,
                traits: row.traits,
            });
        }
        is_right
    }

    /// Whether `spec` is a pod's, with lists of containers; the first thing wrong with each list is reported.
    fn is_spec(
        &mut self,
        object: &Object<'_>,
        row: &Row,
        place: &workload::Place,
        pointer: &str,
        spec: Node<'_>,
    ) -> bool {
        if spec.kind() != Kind::Map {
            self.malformed(object, pointer, "the pod's `spec` is not a mapping", "write the pod's fields here");
            return false;
        }
        if place.is_stated && !unknown::has_pod_fields(spec) {
            let remedy = "let `path` of its row in `podTemplates` lead to the pod, or say by `shape` what is there";
            self.malformed(object, pointer, "nothing here is a field of a pod", remedy);
            return false;
        }
        let mut good = true;
        for (list, role) in LISTS {
            let Some(items) = spec.get(list).filter(|items| !items.is_null()) else {
                // What an operator makes pods from need not say all of them.
                if role == Role::Main && row.is_native() {
                    good = false;
                    self.malformed(object, pointer, "the pod has no `containers`", "list its containers here");
                }
                continue;
            };
            good &= self.is_list(object, &format!("{pointer}/{list}"), items, &format!("`{list}`"));
        }
        good
    }

    fn is_list(&mut self, object: &Object<'_>, pointer: &str, items: Node<'_>, what: &str) -> bool {
        let remedy = "write each container as an item with `name` and `image`";
        if items.kind() != Kind::Seq {
            self.malformed(object, pointer, &format!("{what} is not a list"), remedy);
            return false;
        }
        let wrong = items.items().position(|item| item.kind() != Kind::Map);
        if let Some(at) = wrong {
            self.malformed(object, &format!("{pointer}/{at}"), "the container is not a mapping", remedy);
        }
        wrong.is_none()
    }

    fn is_container(&mut self, object: &Object<'_>, pointer: &str, node: Node<'_>) -> bool {
        let good = node.kind() == Kind::Map;
        if !good {
            let remedy = "let the row of its kind in `podTemplates` lead to a container, or say `shape: containers`";
            self.malformed(object, pointer, "the container is not a mapping", remedy);
        }
        good
    }

    fn malformed(&mut self, object: &Object<'_>, pointer: &str, what: &str, remedy: &str) {
        self.problems.push(Finding::new(&rules::MALFORMED_POD, object.at(pointer), what, remedy));
    }

    /// Reports what only pods and containers have, but below the pointers `known` and in objects of their own.
    fn unknown(
        &mut self,
        stream: &Stream,
        object: &Object<'_>,
        group: &str,
        kind: &str,
        row: Option<&Row>,
        known: &HashMap<String, Known>,
    ) {
        let inside = stream.objects_inside(object);
        let found = unknown::search(object.root(), |pointer| match known.get(pointer) {
            Some(known) => Some(*known),
            None => inside.contains(pointer).then_some(Known::Other),
        });
        for Carrier { pointer, path, shape, is_text, what } in found.carriers {
            // A kind that has rows is not one to ignore wholly.
            let ignored = unknown::row(group, kind, row.map(|_| (path.as_str(), Shape::Template)), true);
            let remedy = match shape {
                _ if kind.is_empty() => "give the object `apiVersion` and `kind`".to_owned(),
                Some(shape) => {
                    let place = unknown::row(group, kind, Some((&path, shape)), false);
                    format!("add the row `{place}` to `podTemplates`, or, if this makes no pods, the row `{ignored}`")
                }
                None if is_text => format!(
                    "let it be an object of the stream, or, if the text makes no pods or is hardened already, add the row \
                     `{ignored}` to `podTemplates`"
                ),
                None => {
                    format!("write a safe value, or, if this makes no pods, add the row `{ignored}` to `podTemplates`")
                }
            };
            let message = format!("{what}, and no row of `podTemplates` describes it");
            self.problems.push(Finding::new(&rules::UNKNOWN_POD_TEMPLATE, object.at(&pointer), message, remedy));
        }
        if let Some((pointer, fields)) = found.harmless {
            let message = format!("{fields}: pods may be made from this, and nobody has judged them");
            self.problems.push(Finding::new(&rules::POD_LIKE, object.at(&pointer), message, ""));
        }
    }
}
