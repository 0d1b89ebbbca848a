//! The final stream as the rules see it, read once: its objects by name, its pods, and all references.

use std::borrow::Cow;
use std::collections::HashSet;

use super::references::{Reference, made::Made, objects, pods};
use super::spec::Spec;
use krmor_core::labels::{ByLabel, LabelSelector};
use krmor_core::lookup;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target::{Scope, Selected};
use krmor_core::workload::{self, Container, Pod, Role};
use krmor_yaml::{Kind, Node};

/// A pod, or a template of pods.
pub(super) struct PodHere<'a> {
    pub(super) pod: Pod,
    pub(super) object: Object<'a>,
    pub(super) labels: Option<Node<'a>>,
    pub(super) containers: Vec<Container>,
}

/// Everything there is.
pub(super) struct World<'a> {
    pub(super) stream: &'a Stream,
    pub(super) spec: &'a Spec,
    /// Every pod, in scope or not.
    pub(super) pods: Vec<PodHere<'a>>,
    /// The objects in scope.
    pub(super) objects: Vec<ObjectId>,
    /// The pods in scope.
    pub(super) selected: Vec<Selected>,
    pub(super) references: Vec<Reference<'a>>,
    /// What objects of the stream will make.
    pub(super) made: Made<'a>,
    namespaces: HashSet<String>,
    /// Numbers of pods.
    by_label: ByLabel<usize>,
}

impl<'a> World<'a> {
    /// Reads the stream.
    pub(super) fn of(spec: &'a Spec, stream: &'a Stream, report: &mut Report) -> Option<Self> {
        let scope = Scope { targets: spec.targets.clone(), exclude: spec.exclude.clone() }.compile().ok()?;
        let (all, problems) = workload::pods(stream);
        report.record_once(problems);
        let (objects, selected, unmatched) = scope.select_all(stream, all.clone());
        report.record_once(unmatched);
        let here = |pod: Pod| {
            let object = stream.object(pod.object)?;
            let labels = pod.metadata_node(&object).and_then(|metadata| metadata.get("labels"));
            Some(PodHere { containers: pod.containers(&object), pod, object, labels })
        };
        let pods: Vec<PodHere<'a>> = all.into_iter().filter_map(here).collect();
        let mut references: Vec<Reference<'a>> = pods.iter().flat_map(pods::references).collect();
        references.extend(stream.objects().flat_map(objects::references));
        let mut by_label = ByLabel::default();
        pods.iter().enumerate().for_each(|(at, pod)| by_label.add(at, pod.labels));
        let made = Made::of(stream, &pods);
        let before =
            |object: &Object<'_>| object.annotation(lookup::PREVIOUS_NAMESPACES).unwrap_or_default().into_owned();
        let namespaces = stream.objects().flat_map(|object| {
            let before = before(&object);
            before.split(',').map(str::to_owned).chain([object.namespace().into_owned()]).collect::<Vec<_>>()
        });
        let namespaces = namespaces.collect();
        Some(Self { stream, spec, pods, objects, selected, references, made, namespaces, by_label })
    }

    /// The objects of a group and kind.
    pub(super) fn of_kind(&self, group: &str, kind: &str) -> Vec<Object<'a>> {
        self.stream.of_kind(group, kind).collect()
    }

    /// Whether any object is, or was before earlier kustomizations, in a namespace.
    pub(super) fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace)
    }

    /// The pods near `from` whose labels a test accepts.
    pub(super) fn pods_where(
        &self,
        near: impl Fn(&Object<'a>) -> bool,
        test: impl Fn(Option<Node<'a>>) -> bool,
    ) -> Vec<&PodHere<'a>> {
        self.pods.iter().filter(|pod| test(pod.labels) && near(&pod.object)).collect()
    }

    /// The pods that a Service selects; none where it has no selector.
    pub(super) fn pods_of_service(&self, service: &Object<'a>) -> Option<Vec<&PodHere<'a>>> {
        let map = service.root().find(&["spec", "selector"])?;
        let selector = LabelSelector::of_labels(Some(map)).filled()?;
        let pods = self.by_label.near(&selector).into_iter().filter_map(|at| self.pods.get(at));
        Some(pods.filter(|pod| selector.matches(pod.labels) && may_share(service, &pod.object)).collect())
    }
}

/// Whether a label selector of the API selects `labels`; one that the API refuses selects everything, so that nothing more
/// is said about it.
pub(super) fn selects(selector: Node<'_>, labels: Option<Node<'_>>) -> bool {
    selector.is_null() || LabelSelector::of(selector).is_none_or(|selector| selector.matches(labels))
}

/// A scalar's text; numbers and booleans that should have been quoted count as their text, as in kustomize.
pub(super) fn scalar(node: Node<'_>) -> Option<Cow<'_, str>> {
    match node.as_str() {
        Some(text) => Some(text),
        None if node.is_null() || node.kind() != Kind::Scalar => None,
        None => Some(Cow::Owned(node.json())),
    }
}

/// Whether two objects may be in one namespace: what names none goes to the namespace of the call that applies it.
pub(super) fn may_share(a: &Object<'_>, b: &Object<'_>) -> bool {
    a.namespace().is_empty() || b.namespace().is_empty() || lookup::share_namespace(a, b)
}

/// Whether an object may be in a namespace.
pub(super) fn may_be_in(object: &Object<'_>, namespace: &str) -> bool {
    object.namespace().is_empty() || lookup::in_namespace(object, namespace)
}

/// A named port of a container that serves: main containers, and sidecars.
pub(super) struct Port<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) number: Option<i128>,
    pub(super) protocol: Cow<'a, str>,
}

impl<'a> PodHere<'a> {
    /// The ports that its containers declare.
    pub(super) fn ports(&self) -> Vec<Port<'a>> {
        let serves = |container: &&Container| matches!(container.role, Role::Main | Role::Sidecar);
        let nodes = self.containers.iter().filter(serves).filter_map(|container| container.node(&self.object));
        let ports = nodes.flat_map(|node| node.get("ports").into_iter().flat_map(Node::items).collect::<Vec<_>>());
        let read = |port: Node<'a>| Port {
            name: port.get("name").and_then(scalar).unwrap_or_default(),
            number: port.get("containerPort").and_then(Node::as_int),
            protocol: protocol(port),
        };
        ports.map(read).collect()
    }
}

/// `protocol` of a port, with the API's default.
pub(super) fn protocol(port: Node<'_>) -> Cow<'_, str> {
    port.get("protocol").and_then(scalar).unwrap_or(Cow::Borrowed("TCP"))
}
