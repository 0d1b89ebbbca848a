//! The monitors and Services that there are, and which of them cover what.

use std::collections::HashMap;

use krmor_core::facts;
use krmor_core::labels::{ByLabel, BySelector, LabelSelector};
use krmor_core::service::{self, Services};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

pub(super) const GROUP: &str = "monitoring.coreos.com";

/// What makes the two kinds differ.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) kind: &'static str,
    /// The list of endpoints in `spec`.
    pub(super) endpoints: &'static str,
}

pub(super) const OF_SERVICE: Shape = Shape { kind: "ServiceMonitor", endpoints: "endpoints" };
pub(super) const OF_PODS: Shape = Shape { kind: "PodMonitor", endpoints: "podMetricsEndpoints" };

/// Services and monitors by what they select and how they are labelled: streams hold thousands.
#[derive(Default)]
pub(super) struct Known {
    pub(super) services: Services,
    /// Services by their own labels.
    pub(super) labelled: ByLabel<ObjectId>,
    /// Monitors by their kind and what they select.
    monitors: HashMap<&'static str, BySelector<ObjectId>>,
}

impl Known {
    /// Reads a stream once; monitors that are made later are added.
    pub(super) fn of(stream: &Stream) -> Self {
        let mut known = Self { services: Services::of(stream), ..Self::default() };
        for service in stream.of_kind("", "Service").filter(service::is_service) {
            known.labelled.add(service.id(), service.root().find(&["metadata", "labels"]));
        }
        for shape in [OF_SERVICE, OF_PODS] {
            stream.of_kind(GROUP, shape.kind).for_each(|monitor| known.add(shape, &monitor));
        }
        known
    }

    pub(super) fn add(&mut self, shape: Shape, monitor: &Object<'_>) {
        if let Some(selector) = monitor.root().find(&["spec", "selector"]).and_then(LabelSelector::of) {
            self.monitors.entry(shape.kind).or_default().add(monitor.id(), &selector);
        }
    }

    /// The monitors of a kind that select what has these labels in the object's namespace.
    pub(super) fn covering(
        &self,
        shape: Shape,
        object: &Object<'_>,
        labels: Option<Node<'_>>,
        stream: &Stream,
    ) -> Vec<ObjectId> {
        let covers = |monitor: &Object<'_>| selects(monitor, labels) && looks_into(monitor, object);
        let mut near = self.monitors.get(shape.kind).map_or_else(Vec::new, |monitors| monitors.near(labels));
        near.retain(|&id| stream.object(id).as_ref().is_some_and(covers));
        near
    }
}

/// Whether the labels of an object, or of a workload's pods, are what a monitor's `spec.selector` selects.
fn selects(monitor: &Object<'_>, labels: Option<Node<'_>>) -> bool {
    let selector = monitor.root().find(&["spec", "selector"]).and_then(LabelSelector::of);
    selector.is_some_and(|selector| selector.matches(labels))
}

/// Whether a monitor looks into the namespace of an object: its own, unless its `namespaceSelector` says otherwise.
fn looks_into(monitor: &Object<'_>, object: &Object<'_>) -> bool {
    let Some(selector) = monitor.root().find(&["spec", "namespaceSelector"]) else {
        return facts::share_namespace(monitor, object);
    };
    if selector.get("any").and_then(Node::as_bool) == Some(true) {
        return true;
    }
    let names: Vec<_> = selector.get("matchNames").into_iter().flat_map(Node::items).collect();
    match names.is_empty() {
        true => facts::share_namespace(monitor, object),
        false => names.iter().filter_map(|name| name.as_str()).any(|name| facts::in_namespace(object, &name)),
    }
}
