//! The pods of a stream and their containers, wherever they stand: the one visitor of them.

mod unknown;

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Value, json};

use self::unknown::Carrier;
use crate::labels::LabelSelector;
use crate::report::Finding;
use crate::rules;
use crate::stream::{Object, ObjectId, Stream};
use crate::workload::{PodSelector, Row, Source, Trait};
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
    /// JSON Pointer, from the object's root, of what holds `metadata` and `spec`; empty when that is the object itself.
    pub template: String,
    /// JSON Pointer of the pod's `spec` from the object's root.
    pub spec: String,
    /// How the kind says which pods are its own.
    pub selector: PodSelector,
    /// Pointer, from the object's root, of the list of claims that are made anew for each pod.
    pub claims: Option<&'static str>,
    /// What the Vault Secrets Operator calls the kind in `rolloutRestartTargets`, if it can restart its pods.
    pub restarts: Option<&'static str>,
    traits: &'static [Trait],
}

impl Pod {
    /// Whether its kind has a trait; [`Pod::runs_to_completion`] knows more than the kind.
    #[must_use]
    pub fn has(&self, wanted: Trait) -> bool {
        self.traits.contains(&wanted)
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

    /// The pod's `spec`.
    #[must_use]
    pub fn spec_node<'a>(&self, object: &Object<'a>) -> Option<Node<'a>> {
        object.root().at_pointer(&self.spec)
    }

    /// The `metadata` that the pod gets; a template need not have one.
    #[must_use]
    pub fn metadata_node<'a>(&self, object: &Object<'a>) -> Option<Node<'a>> {
        object.root().at_pointer(&self.template)?.get("metadata")
    }

    /// The labels that the pod gets.
    #[must_use]
    pub fn labels<'a>(&self, object: &Object<'a>) -> Option<Node<'a>> {
        self.metadata_node(object)?.get("labels")
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
        let Some(spec) = self.spec_node(object) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for (list, role) in LISTS {
            let Some(items) = spec.get(list) else {
                continue;
            };
            out.extend(items.items().enumerate().map(|(at, item)| {
                let text = |key| item.get(key).and_then(Node::as_str).unwrap_or_default();
                let role = if role == Role::Init && text("restartPolicy") == "Always" { Role::Sidecar } else { role };
                Container { pointer: format!("{}/{list}/{at}", self.spec), name: text("name").into_owned(), role }
            }));
        }
        out
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

/// The pods of one object.
#[must_use]
pub fn pods_of(stream: &Stream, object: &Object<'_>) -> Vec<Pod> {
    let mut visitor = Visitor::default();
    visitor.visit(stream, object);
    visitor.pods
}

#[derive(Default)]
struct Visitor {
    pods: Vec<Pod>,
    problems: Vec<Finding>,
}

impl Visitor {
    fn visit(&mut self, stream: &Stream, object: &Object<'_>) {
        let api_version = object.api_version();
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let kind = object.kind();
        let Some(row) = stream.workloads().row(group, &kind) else {
            return self.unknown(object, group, &kind, None, &HashSet::new());
        };
        if row.ignore {
            return;
        }
        // A built-in row with one path is complete, and finds each template once.
        let simple = row.source == Source::BuiltIn && row.paths.len() == 1;
        let except = row.except.iter().flat_map(|path| path.find(object.root()));
        let mut seen: HashSet<String> = except.map(|(pointer, _)| pointer).collect();
        let mut any = false;
        for path in &row.paths {
            for (pointer, template) in path.find(object.root()) {
                any = true;
                if simple || seen.insert(pointer.clone()) {
                    self.template(object, row, pointer, template);
                }
            }
        }
        // A config's row may miss a template, or lead nowhere; a built-in one leads nowhere when a template is optional.
        if row.source == Source::Config || !any {
            self.unknown(object, group, &kind, Some(row), &seen);
        }
    }

    fn template(&mut self, object: &Object<'_>, row: &Row, pointer: String, template: Option<Node<'_>>) {
        let Some(template) = template else {
            return self.malformed(object, &pointer, "there is no pod template here", "write the template here");
        };
        let spec = format!("{pointer}/spec");
        let Some(node) = template.get("spec") else {
            let remedy = match row.source {
                Source::BuiltIn => "write the pod's fields under `spec`",
                Source::Config => {
                    "let `path` of its row in `podTemplates` lead to what holds the pod's `metadata` and `spec`"
                }
            };
            return self.malformed(object, &pointer, "the pod has no `spec`", remedy);
        };
        if self.check(object, &spec, node) {
            self.pods.push(Pod {
                object: object.id(),
                template: pointer,
                spec,
                selector: row.selector,
                claims: row.claims,
                restarts: row.restarts,
                traits: row.traits,
            });
        }
    }

    /// Whether `spec` is a pod's, with lists of containers; the first thing wrong with each list is reported.
    fn check(&mut self, object: &Object<'_>, pointer: &str, spec: Node<'_>) -> bool {
        if spec.kind() != Kind::Map {
            self.malformed(object, pointer, "the pod's `spec` is not a mapping", "write the pod's fields here");
            return false;
        }
        let mut good = true;
        for (list, role) in LISTS {
            let Some(items) = spec.get(list).filter(|items| !items.is_null()) else {
                if role == Role::Main {
                    good = false;
                    self.malformed(object, pointer, "the pod has no `containers`", "list its containers here");
                }
                continue;
            };
            let remedy = "write each container as an item with `name` and `image`";
            if items.kind() != Kind::Seq {
                good = false;
                self.malformed(object, &format!("{pointer}/{list}"), &format!("`{list}` is not a list"), remedy);
            } else if let Some(at) = items.items().position(|item| item.kind() != Kind::Map) {
                good = false;
                self.malformed(object, &format!("{pointer}/{list}/{at}"), "the container is not a mapping", remedy);
            }
        }
        good
    }

    fn malformed(&mut self, object: &Object<'_>, pointer: &str, what: &str, remedy: &str) {
        self.problems.push(Finding::new(&rules::MALFORMED_POD, object.at(pointer), what, remedy));
    }

    /// Reports what looks like a pod template, but at the pointers `known`.
    fn unknown(&mut self, object: &Object<'_>, group: &str, kind: &str, row: Option<&Row>, known: &HashSet<String>) {
        for Carrier { pointer, path } in unknown::search(object.root(), known) {
            let remedy = if kind.is_empty() {
                "give the object `apiVersion` and `kind`".to_owned()
            } else {
                let template = unknown::row(group, kind, Some(&path), false);
                // A kind whose row comes from the config is not one to ignore wholly.
                let path = row.filter(|row| row.source == Source::Config).map(|_| path.as_str());
                let ignored = unknown::row(group, kind, path, true);
                format!("add the row `{template}` to `podTemplates`, or, if this makes no pods, the row `{ignored}`")
            };
            let what = "this looks like a pod template, and no row of `podTemplates` describes it";
            self.problems.push(Finding::new(&rules::UNKNOWN_POD_TEMPLATE, object.at(&pointer), what, remedy));
        }
    }
}
