//! What selects pods and Services by their labels: Services, monitors, budgets, NetworkPolicies.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use super::near::places;
use super::{Facts, Near};
use crate::labels::{ByLabel, BySelector, LabelSelector, Labels};
use crate::pods::Pod;
use crate::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

/// The annotation of a NetworkPolicy that `NetworkPolicies` writes: who reaches whom is declared there, for Jobs as well.
pub const OURS: &str = "krmor.dev/network-policy";

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
    /// Those of one number have one selector and look into the same namespaces: they select the same, so that it need be
    /// found and judged once only.
    pub scope: usize,
    /// What it selects by; none when the API would refuse that.
    selector: Option<LabelSelector>,
}

/// Stands for every namespace, among places.
const ANYWHERE: &str = "*";

impl Selection {
    /// What an object selects by; none when it selects nothing by its own words.
    fn of(by: By, object: &Object<'_>) -> Option<Self> {
        let (group, kind, path) = by.row();
        if object.kind() != kind || object.group() != group {
            return None;
        }
        let node = object.root().find(path).filter(|node| !node.is_null());
        let selector = match (by, node) {
            // A Service without a selector has its endpoints from elsewhere.
            (By::Service, node) => Some(LabelSelector::of_labels(Some(node?)).filled()?),
            // One that leaves its selector out is for every pod.
            (By::Policy, None) => Some(LabelSelector::of_labels(None)),
            (_, None) if object.root().find(path).is_some() => None,
            (_, node) => LabelSelector::of(node?),
        };
        // Before policy/v1 an empty selector meant no pod.
        let is_void = by == By::Budget && object.version() != "v1";
        if is_void && selector.as_ref().is_some_and(LabelSelector::is_empty) {
            return None;
        }
        Some(Self { object: object.id(), by, scope: 0, selector })
    }

    /// Whether it selects these labels. What the API would refuse certainly selects nothing, and possibly anything.
    #[must_use]
    pub fn matches(&self, labels: &Labels<'_>, near: Near) -> bool {
        self.selector.as_ref().map_or(near == Near::Possible, |selector| selector.selects(labels))
    }
}

/// The namespaces that what selects looks into, and whether it is in none itself.
fn reach(selecting: &Object<'_>) -> (Vec<String>, bool) {
    let own = || (places(selecting), selecting.namespace().is_empty());
    let is_monitor = selecting.group() == MONITORING;
    let Some(selector) = selecting.root().find(&["spec", "namespaceSelector"]).filter(|_| is_monitor) else {
        return own();
    };
    if selector.get("any").and_then(Node::as_bool) == Some(true) {
        return (vec![ANYWHERE.to_owned()], false);
    }
    let names = selector.get("matchNames").into_iter().flat_map(Node::items).filter_map(Node::as_str);
    let names: Vec<String> = names.map(std::borrow::Cow::into_owned).collect();
    if names.is_empty() { own() } else { (names, false) }
}

/// Where to look for what is in one of these places, or looks into one; `None` for everywhere. It may be more than what is
/// near, and never less.
fn lookup((mut places, is_free): (Vec<String>, bool), near: Near) -> Option<Vec<String>> {
    if is_free && near == Near::Possible || places.iter().any(|place| place == ANYWHERE) {
        return None;
    }
    let is_plain = |place: &String| place.is_empty() || place == "default";
    if near == Near::Possible || places.iter().any(is_plain) {
        places.push(String::new());
    }
    if places.iter().any(is_plain) {
        places.push("default".to_owned());
    }
    places.sort_unstable();
    places.dedup();
    Some(places)
}

/// What is found of one scope, by how near it is looked for.
#[derive(Clone, Debug, Default)]
struct Found<T>([OnceLock<Vec<T>>; 2]);

impl<T> Found<T> {
    fn get(&self, near: Near, find: impl FnOnce() -> Vec<T>) -> &[T] {
        let [certain, possible] = &self.0;
        let list = if near == Near::Certain { certain } else { possible };
        list.get_or_init(find)
    }
}

/// Labels and namespaces of pods: those that have the same are selected by the same.
type Kin = (Vec<(String, String)>, String);

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
    scopes: HashMap<(Option<LabelSelector>, String), usize>,
    /// Of each scope, the numbers of the pods.
    pods_of: Vec<Found<usize>>,
    /// Of each scope, the Services.
    services_of: Vec<Found<ObjectId>>,
    kins: HashMap<Kin, usize>,
    /// Of each number of a pod.
    kin_of: Vec<usize>,
    /// Of each kin, the Services that send to its pods.
    senders: Vec<OnceLock<Vec<ObjectId>>>,
}

impl Selections {
    pub(super) fn of(facts: Facts<'_>) -> Self {
        let mut out = Self::default();
        for (number, pod, object) in facts.numbered_pods() {
            let labels = pod.all_labels(&object);
            let places = places(&object);
            out.pods.add(number, &labels, &places);
            let next = out.kins.len();
            let mut pairs = labels.pairs();
            pairs.sort_unstable();
            let kin = *out.kins.entry((pairs, format!("{}/{}", object.namespace(), places.join(",")))).or_insert(next);
            out.kin_of.resize(number, next);
            out.kin_of.push(kin);
        }
        out.senders = vec![OnceLock::new(); out.kins.len()];
        for by in By::ALL {
            facts.stream.of_kind(by.group(), by.kind()).for_each(|object| out.add(by, &object));
        }
        out
    }

    /// Adds an object that selects, and has been made since.
    pub fn add(&mut self, by: By, object: &Object<'_>) {
        if by == By::Service && object.api_version() == "v1" {
            self.services.add(object.id(), &object.root().find(&["metadata", "labels"]).into(), &places(object));
            self.senders.iter_mut().for_each(|list| *list = OnceLock::new());
            self.services_of.iter_mut().for_each(|found| *found = Found::default());
        }
        let Some(mut selection) = Selection::of(by, object) else { return };
        let (places, _) = reach(object);
        if let Some(list) = self.by.get_mut(by as usize) {
            match &selection.selector {
                Some(selector) => list.add(self.all.len(), selector, &places),
                None => list.add(self.all.len(), &LabelSelector::of_labels(None), &places),
            }
        }
        let next = self.scopes.len();
        let place = format!("{}/{}/{}", by as usize, object.namespace(), places.join(","));
        selection.scope = *self.scopes.entry((selection.selector.clone(), place)).or_insert(next);
        if selection.scope == next {
            self.pods_of.push(Found::default());
            self.services_of.push(Found::default());
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
    pub fn over(&self, stream: &Stream, by: By, object: &Object<'_>, labels: &Labels<'_>, near: Near) -> Vec<ObjectId> {
        let mut near_it = lookup((places(object), object.namespace().is_empty()), near);
        if let Some(places) = &mut near_it {
            places.push(ANYWHERE.to_owned());
        }
        let numbers = self.by.get(by as usize).map_or_else(Vec::new, |list| list.near(labels, near_it.as_deref()));
        let selects = |selection: &&Selection| {
            let own = || stream.object(selection.object);
            selection.matches(labels, near) && own().is_some_and(|own| looks_into(&own, object, near))
        };
        let found = numbers.into_iter().filter_map(|at| self.all.get(at)).filter(selects);
        let mut found: Vec<ObjectId> = found.map(|selection| selection.object).collect();
        found.sort_unstable();
        found
    }

    /// By the number of a pod: pods of one kin have the same labels in the same namespace.
    #[must_use]
    pub fn kin_of(&self, number: usize) -> Option<usize> {
        self.kin_of.get(number).copied()
    }

    /// The Services that send to a pod, in the stream's order.
    #[must_use]
    pub fn services_of(&self, stream: &Stream, pod: &Pod) -> Vec<ObjectId> {
        let Some(workload) = stream.object(pod.object) else { return Vec::new() };
        self.over(stream, By::Service, &workload, &pod.all_labels(&workload), Near::Certain)
    }

    /// The same, for all pods of a kin at once.
    #[must_use]
    pub fn services_of_kin(&self, stream: &Stream, pod: &Pod, kin: usize) -> &[ObjectId] {
        self.senders.get(kin).map_or(&[], |list| list.get_or_init(|| self.services_of(stream, pod)))
    }

    /// The Services near an object whose own labels are near to what a selector demands.
    #[must_use]
    pub fn services_labelled(&self, selector: &LabelSelector, beside: &Object<'_>) -> Vec<ObjectId> {
        self.services.near(selector, lookup((places(beside), false), Near::Certain).as_deref())
    }

    /// Whether any pod is where an object looks.
    #[must_use]
    pub fn has_pods(&self, facts: Facts<'_>, selecting: &Object<'_>, near: Near) -> bool {
        let places = lookup(reach(selecting), near);
        let object = |number: usize| facts.stream.object(facts.pods().get(number)?.object);
        self.pods.any(places.as_deref(), |at| object(at).is_some_and(|object| looks_into(selecting, &object, near)))
    }

    /// Whether any Service is where an object looks.
    #[must_use]
    pub fn has_services(&self, facts: Facts<'_>, selecting: &Object<'_>, near: Near) -> bool {
        let places = lookup(reach(selecting), near);
        let object = |id| facts.stream.object(id);
        self.services.any(places.as_deref(), |id| object(id).is_some_and(|object| looks_into(selecting, &object, near)))
    }

    /// The numbers of the pods that an object selects, in the stream's order.
    #[must_use]
    pub fn pods(&self, facts: Facts<'_>, selection: &Selection, near: Near) -> &[usize] {
        let Some(found) = self.pods_of.get(selection.scope) else { return &[] };
        found.get(near, || {
            let Some(own) = facts.stream.object(selection.object) else { return Vec::new() };
            let places = lookup(reach(&own), near);
            let mut numbers = match &selection.selector {
                Some(selector) => self.pods.near(selector, places.as_deref()),
                None => (0..facts.pods().len()).collect(),
            };
            numbers.retain(|&number| {
                let pod = facts.pods().get(number);
                let found = pod.and_then(|pod| Some((pod, facts.stream.object(pod.object)?)));
                found.is_some_and(|(pod, object)| {
                    selection.matches(&pod.all_labels(&object), near) && looks_into(&own, &object, near)
                })
            });
            numbers
        })
    }

    /// The Services that a ServiceMonitor selects, in the stream's order.
    #[must_use]
    pub fn services(&self, facts: Facts<'_>, selection: &Selection, near: Near) -> &[ObjectId] {
        let Some(found) = self.services_of.get(selection.scope) else { return &[] };
        found.get(near, || {
            let Some(own) = facts.stream.object(selection.object) else { return Vec::new() };
            let places = lookup(reach(&own), near);
            let mut services = match &selection.selector {
                Some(selector) => self.services.near(selector, places.as_deref()),
                None => self.services.near(&LabelSelector::of_labels(None), places.as_deref()),
            };
            services.retain(|&id| {
                facts.stream.object(id).is_some_and(|service| {
                    let labels = service.root().find(&["metadata", "labels"]).into();
                    selection.matches(&labels, near) && looks_into(&own, &service, near)
                })
            });
            services
        })
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
