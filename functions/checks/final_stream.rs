//! The final stream as the rules see it: its facts, its pods, and what is in scope.

use krmor_core::values::integer;
use std::borrow::Cow;
use std::collections::HashSet;

use super::spec::Spec;
use krmor_core::facts::{Facts, Near};
use krmor_core::pods::{Container, Pod, Role};
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target::{Scope, Selected};
use krmor_yaml::{Kind, Node};

/// A pod, or a template of pods.
pub(super) struct PodHere<'a> {
    pub(super) pod: Pod,
    pub(super) object: Object<'a>,
    pub(super) labels: Option<Node<'a>>,
    pub(super) containers: Vec<Container>,
}

/// Everything there is.
pub(super) struct FinalStream<'a> {
    pub(super) stream: &'a Stream,
    pub(super) facts: Facts<'a>,
    pub(super) spec: &'a Spec,
    /// Every pod, in scope or not.
    pub(super) pods: Vec<PodHere<'a>>,
    /// The objects in scope.
    pub(super) objects: Vec<ObjectId>,
    /// The pods in scope.
    pub(super) selected: Vec<Selected>,
}

impl<'a> FinalStream<'a> {
    /// Reads the stream.
    pub(super) fn of(spec: &'a Spec, stream: &'a Stream, report: &mut Report) -> Option<Self> {
        let scope = Scope { targets: spec.targets.clone(), exclude: spec.exclude.clone() }.compile().ok()?;
        let facts = Facts::of(stream);
        report.record_once(facts.pod_problems().to_vec());
        let (objects, selected, unmatched) = scope.select_all(stream, facts.pods().to_vec());
        report.record_once(unmatched);
        let here = |pod: &Pod| {
            let object = stream.object(pod.object)?;
            let labels = pod.metadata_node(&object).and_then(|metadata| metadata.get("labels"));
            Some(PodHere { containers: pod.containers(&object), pod: pod.clone(), object, labels })
        };
        let pods = facts.pods().iter().filter_map(here).collect();
        Some(Self { stream, facts, spec, pods, objects, selected })
    }

    /// The objects of a group and kind.
    pub(super) fn of_kind(&self, group: &str, kind: &str) -> Vec<Object<'a>> {
        self.stream.of_kind(group, kind).collect()
    }

    /// The scope of a Service, and the numbers of the pods that it selects; none where it has no selector.
    pub(super) fn pods_of_service(&self, service: &Object<'a>) -> Option<(usize, &'a [usize])> {
        let selections = self.facts.selections();
        let selection = selections.of_object(service.id())?;
        Some((selection.scope, selections.pods(self.facts, selection, Near::Possible)))
    }

    /// The named ports of pods, each once.
    pub(super) fn ports_of(&self, pods: &[usize]) -> Vec<Port<'a>> {
        let ports = pods.iter().filter_map(|&at| self.pods.get(at)).flat_map(PodHere::ports);
        let mut seen = HashSet::new();
        let mut all: Vec<Port<'a>> = ports.filter(|port| !port.name.is_empty()).collect();
        all.retain(|port| seen.insert((port.name.clone(), port.number, port.protocol.clone())));
        all
    }
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
    Near::Possible.share(a, b)
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
            number: port.get("containerPort").and_then(integer),
            protocol: protocol(port),
        };
        ports.map(read).collect()
    }
}

/// `protocol` of a port, with the API's default.
pub(super) fn protocol(port: Node<'_>) -> Cow<'_, str> {
    port.get("protocol").and_then(scalar).unwrap_or(Cow::Borrowed("TCP"))
}
