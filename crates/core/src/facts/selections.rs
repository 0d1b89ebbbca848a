//! What selects pods and Services by their labels: Services, monitors, budgets, NetworkPolicies.

use std::collections::BTreeMap;
use std::hash::Hash;

use super::{Facts, Near};
use crate::labels::{ByLabel, BySelector, LabelSelector};
use crate::pods::Pod;
use crate::stream::{Object, ObjectId, PREVIOUS_NAMESPACES, Stream};
use krmor_yaml::Node;

/// Who selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// A Service: it sends to the pods.
    Service,
    /// A ServiceMonitor: it selects Services.
    ServiceMonitor,
    /// A PodMonitor.
    PodMonitor,
    /// A PodDisruptionBudget.
    Budget,
    /// A NetworkPolicy.
    Policy,
}

impl By {
    const ALL: [By; 5] = [By::Service, By::ServiceMonitor, By::PodMonitor, By::Budget, By::Policy];

    /// Group, kind, and where its selector is.
    fn row(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            By::Service => ("", "Service", &["spec", "selector"]),
            By::ServiceMonitor => (MONITORING, "ServiceMonitor", &["spec", "selector"]),
            By::PodMonitor => (MONITORING, "PodMonitor", &["spec", "selector"]),
            By::Budget => ("policy", "PodDisruptionBudget", &["spec", "selector"]),
            By::Policy => ("networking.k8s.io", "NetworkPolicy", &["spec", "podSelector"]),
        }
    }

    /// The API group.
    #[must_use]
    pub fn group(self) -> &'static str {
        self.row().0
    }

    /// The kind.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.row().1
    }
}

const MONITORING: &str = "monitoring.coreos.com";

/// An object that selects.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The object.
    pub object: ObjectId,
    /// What it is.
    pub by: By,
    /// What it selects by; none when the API would refuse that.
    selector: Option<LabelSelector>,
}

impl Selection {
    /// What an object selects by; none when it selects nothing by its own words.
    fn of(by: By, object: &Object<'_>) -> Option<Self> {
        let (group, kind, path) = by.row();
        if object.kind() != kind || object.group() != group {
            return None;
        }
        let node = object.root().find(path)?;
        let selector = match by {
            // A Service without a selector has its endpoints from elsewhere.
            By::Service => Some(LabelSelector::of_labels(Some(node)).filled()?),
            _ if node.is_null() => None,
            _ => LabelSelector::of(node),
        };
        // Before policy/v1 an empty selector meant no pod.
        let is_void = by == By::Budget && object.version() != "v1";
        if is_void && selector.as_ref().is_some_and(LabelSelector::is_empty) {
            return None;
        }
        Some(Self { object: object.id(), by, selector })
    }

    /// What it selects by and where it looks, for one without a `namespaceSelector`: those of equal scope select the same,
    /// so that it need be found once only.
    #[must_use]
    pub fn scope<'a>(&'a self, own: &Object<'a>) -> impl Hash + Eq + use<'a> {
        (self.selector.as_ref(), own.namespace(), own.annotation(PREVIOUS_NAMESPACES))
    }

    /// Whether it selects these labels. What the API would refuse certainly selects nothing, and possibly anything.
    #[must_use]
    pub fn matches(&self, labels: Option<Node<'_>>, near: Near) -> bool {
        self.selector.as_ref().map_or(near == Near::Possible, |selector| selector.matches(labels))
    }
}

/// Everything that selects, by what it demands.
#[derive(Clone, Debug, Default)]
pub struct Selections {
    all: Vec<Selection>,
    /// Where each object's stands in `all`.
    of_object: BTreeMap<ObjectId, usize>,
    by: [BySelector<usize>; By::ALL.len()],
    /// Numbers of pods, by the pods' labels.
    pods: ByLabel<usize>,
    /// Services, by their own labels.
    services: ByLabel<ObjectId>,
}

impl Selections {
    pub(super) fn of(facts: Facts<'_>) -> Self {
        let mut out = Self::default();
        for (number, pod, object) in facts.numbered_pods() {
            out.pods.add(number, pod.labels(&object));
        }
        for by in By::ALL {
            facts.stream.of_kind(by.group(), by.kind()).for_each(|object| out.add(by, &object));
        }
        out
    }

    /// Adds an object that selects, and has been made since.
    pub fn add(&mut self, by: By, object: &Object<'_>) {
        if by == By::Service && object.api_version() == "v1" {
            self.services.add(object.id(), object.root().find(&["metadata", "labels"]));
        }
        let Some(selection) = Selection::of(by, object) else { return };
        if let Some(list) = self.by.get_mut(by as usize) {
            match &selection.selector {
                Some(selector) => list.add(self.all.len(), selector),
                None => list.add(self.all.len(), &LabelSelector::of_labels(None)),
            }
        }
        self.of_object.insert(selection.object, self.all.len());
        self.all.push(selection);
    }

    /// Everything of one sort that selects, in the stream's order.
    pub fn all(&self, by: By) -> impl Iterator<Item = &Selection> {
        self.all.iter().filter(move |selection| selection.by == by)
    }

    /// What an object selects by.
    #[must_use]
    pub fn of_object(&self, object: ObjectId) -> Option<&Selection> {
        self.all.get(*self.of_object.get(&object)?)
    }

    /// What selects an object with these labels, in the stream's order: a workload by its pods' labels, or a Service.
    #[must_use]
    pub fn over(
        &self,
        stream: &Stream,
        by: By,
        object: &Object<'_>,
        labels: Option<Node<'_>>,
        near: Near,
    ) -> Vec<ObjectId> {
        let numbers = self.by.get(by as usize).map_or_else(Vec::new, |list| list.near(labels));
        let selects = |selection: &&Selection| {
            let own = || stream.object(selection.object);
            selection.matches(labels, near) && own().is_some_and(|own| looks_into(&own, object, near))
        };
        let found = numbers.into_iter().filter_map(|at| self.all.get(at)).filter(selects);
        let mut found: Vec<ObjectId> = found.map(|selection| selection.object).collect();
        found.sort_unstable();
        found
    }

    /// The Services that send to a pod, in the stream's order.
    #[must_use]
    pub fn services_of(&self, stream: &Stream, pod: &Pod) -> Vec<ObjectId> {
        let Some(workload) = stream.object(pod.object) else { return Vec::new() };
        self.over(stream, By::Service, &workload, pod.labels(&workload), Near::Certain)
    }

    /// The Services whose own labels are near to what a selector demands.
    #[must_use]
    pub fn services_labelled(&self, selector: &LabelSelector) -> Vec<ObjectId> {
        self.services.near(selector)
    }

    /// The numbers of the pods that an object selects, in the stream's order.
    #[must_use]
    pub fn pods(&self, facts: Facts<'_>, selection: &Selection, near: Near) -> Vec<usize> {
        let Some(own) = facts.stream.object(selection.object) else { return Vec::new() };
        let mut numbers = match &selection.selector {
            Some(selector) => self.pods.near(selector),
            None => (0..facts.pods().len()).collect(),
        };
        numbers.retain(|&number| {
            let pod = facts.pods().get(number);
            let found = pod.and_then(|pod| Some((pod, facts.stream.object(pod.object)?)));
            found.is_some_and(|(pod, object)| {
                selection.matches(pod.labels(&object), near) && looks_into(&own, &object, near)
            })
        });
        numbers
    }

    /// The Services that a ServiceMonitor selects, in the stream's order.
    #[must_use]
    pub fn services(&self, facts: Facts<'_>, selection: &Selection, near: Near) -> Vec<ObjectId> {
        let Some(own) = facts.stream.object(selection.object) else { return Vec::new() };
        let mut services = match &selection.selector {
            Some(selector) => self.services.near(selector),
            None => self.services.near(&LabelSelector::of_labels(None)),
        };
        services.retain(|&id| {
            facts.stream.object(id).is_some_and(|service| {
                let labels = service.root().find(&["metadata", "labels"]);
                selection.matches(labels, near) && looks_into(&own, &service, near)
            })
        });
        services
    }
}

/// Whether what selects looks into the namespace of an object: its own, unless its `namespaceSelector` says otherwise.
#[must_use]
pub fn looks_into(selecting: &Object<'_>, object: &Object<'_>, near: Near) -> bool {
    let is_monitor = selecting.group() == MONITORING;
    let Some(selector) = selecting.root().find(&["spec", "namespaceSelector"]).filter(|_| is_monitor) else {
        return near.share(selecting, object);
    };
    if selector.get("any").and_then(Node::as_bool) == Some(true) {
        return true;
    }
    let mut names = selector.get("matchNames").into_iter().flat_map(Node::items).peekable();
    match names.peek() {
        None => near.share(selecting, object),
        Some(_) => names.filter_map(Node::as_str).any(|name| near.within(object, &name)),
    }
}
