//! What of a namespace quotas count, and how the sums come about.

use std::collections::BTreeSet;

use super::homes;
use super::quotas::{Measure, is_plural_of};
use super::ranges::Range;
use super::usage::{Usage, Wants, read_amounts};
use krmor_core::facts::Facts;
use krmor_core::facts::counts::{Counted, Most};
use krmor_core::facts::makers::Store;
use krmor_core::facts::operated::{Operated, OperatedClaim};
use krmor_core::facts::scalers::Scales;
use krmor_core::kube::group_of;
use krmor_core::pods::Pod;
use krmor_core::quantity::Quantity;
use krmor_core::stream::Object;
use krmor_yaml::Node;

/// What every namespace has, by its resource.
const BORN: [(&str, &str); 2] = [
    ("configmaps", "ConfigMap kube-root-ca.crt, which every namespace has"),
    ("serviceaccounts", "ServiceAccount default, which every namespace has"),
];

/// A namespace of the final stream.
pub(super) struct Here<'a> {
    facts: Facts<'a>,
    pub(super) objects: Vec<Object<'a>>,
    pub(super) pods: Vec<PodHere<'a>>,
    /// What operators make of objects without a template of pods.
    pub(super) operated: Vec<OperatedHere<'a>>,
    /// The LimitRanges' entries, each with its object.
    pub(super) ranges: Vec<(Object<'a>, Range)>,
}

/// A pod, or what pods are made from.
pub(super) struct PodHere<'a> {
    pub(super) object: Object<'a>,
    pub(super) pod: &'a Pod,
    pub(super) counted: Counted,
    pub(super) usage: Usage,
}

/// An object of which an operator makes pods.
pub(super) struct OperatedHere<'a> {
    pub(super) object: Object<'a>,
    /// How many, and what each asks for; none where that is not counted.
    pub(super) counted: Option<(Most, Wants, &'static str)>,
    claims: Vec<OperatedClaim>,
}

/// A part of a sum: what it is of, how it comes about, how much it is.
pub(super) struct Part {
    pub(super) who: String,
    pub(super) how: String,
    pub(super) amount: Quantity,
}

impl Part {
    fn of(who: impl Into<String>, number: usize) -> Option<Self> {
        let amount = whole(u32::try_from(number).unwrap_or(u32::MAX));
        (number > 0).then(|| Self { who: who.into(), how: String::new(), amount })
    }
}

fn whole(number: u32) -> Quantity {
    Quantity::parse(&number.to_string()).unwrap_or_else(|_| Quantity::zero())
}

impl<'a> Here<'a> {
    /// Takes the objects of a namespace, with the LimitRanges among them.
    pub(super) fn of(
        facts: Facts<'a>,
        objects: Vec<Object<'a>>,
        ranges: Vec<(Object<'a>, Range)>,
        nodes: Option<u32>,
    ) -> Self {
        let mut defaults = Wants::default();
        for (_, range) in &ranges {
            range.add_defaults(&mut defaults);
        }
        let mut pods = Vec::new();
        for object in &objects {
            for pod in facts.pods().get(facts.pods_of(object.id())).unwrap_or_default() {
                let counted = facts.counted(pod, object, nodes);
                pods.push(PodHere { object: *object, pod, counted, usage: Usage::of(pod, object, &defaults) });
            }
        }
        let operated = objects.iter().filter_map(|object| match facts.operated(object)? {
            Operated::Counted { most, resources, claims } => {
                let wants = Wants::of_container(object.root().at_pointer(resources), &defaults);
                Some(OperatedHere { object: *object, counted: Some((most, wants, resources)), claims })
            }
            Operated::Uncounted => Some(OperatedHere { object: *object, counted: None, claims: Vec::new() }),
        });
        let operated = operated.collect();
        Self { facts, objects, pods, operated, ranges }
    }

    /// The parts of what a quota counts.
    pub(super) fn parts(&self, measure: Measure<'_>) -> Vec<Part> {
        match measure {
            Measure::Pods => self.of_pods(|_| Some(whole(1)), false),
            Measure::Requests(resource) => self.of_pods(|wants| wants.requests.get(resource).cloned(), true),
            Measure::Limits(resource) => self.of_pods(|wants| wants.limits.get(resource).cloned(), true),
            Measure::LoadBalancers => self.of_services(|service| usize::from(is_of_type(service, "LoadBalancer"))),
            Measure::NodePorts => self.of_services(node_ports),
            Measure::Claims(class) => {
                let mut parts = self.of_claims(class, |_| Some(whole(1)));
                parts.extend(self.of_operated_claims(class, |_| Some(whole(1))));
                parts
            }
            Measure::Storage(class) => {
                let mut parts = self.of_claims(class, |spec| {
                    let requests = spec.find(&["resources", "requests"]);
                    read_amounts(requests).0.remove("storage")
                });
                parts.extend(self.of_operated_claims(class, |claim| Quantity::parse(claim.size.as_deref()?).ok()));
                parts
            }
            Measure::Objects(resource, group) => self.of_objects(resource, group),
        }
    }

    fn of_pods(&self, each: impl Fn(&Wants) -> Option<Quantity>, shows_each: bool) -> Vec<Part> {
        let part = |object: &Object<'a>, most: Most, wants: &Wants| {
            let each = each(wants)?;
            let amount = each.times(most.total());
            let how = if shows_each { times(most, &each) } else { most.to_string() };
            (amount > Quantity::zero()).then(|| Part { who: name(object), how, amount })
        };
        let of_pod = |here: &PodHere<'a>| match here.counted {
            Counted::At(most) => part(&here.object, most, &here.usage.pod),
            _ => None,
        };
        let of_operator = |here: &OperatedHere<'a>| {
            let (most, wants, _) = here.counted.as_ref()?;
            part(&here.object, *most, wants)
        };
        self.pods.iter().filter_map(of_pod).chain(self.operated.iter().filter_map(of_operator)).collect()
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object<'a>> {
        self.objects.iter().filter(move |object| object.kind() == kind && group_of(&object.api_version()).is_empty())
    }

    fn of_services(&self, number: impl Fn(&Object<'a>) -> usize) -> Vec<Part> {
        self.of_kind("Service").filter_map(|service| Part::of(name(service), number(service))).collect()
    }

    /// Claims of the stream, and those that are made for each pod; those of another storage class are none.
    fn of_claims(&self, class: Option<&str>, each: impl Fn(Node<'_>) -> Option<Quantity>) -> Vec<Part> {
        let each = |claim: Node<'_>| {
            let is_it = class.is_none_or(|class| storage_class(claim).as_deref() == Some(class));
            is_it.then(|| each(claim.get("spec")?)).flatten()
        };
        let mut parts: Vec<Part> = Vec::new();
        for claim in self.of_kind("PersistentVolumeClaim") {
            let part = |amount| Part { who: name(claim), how: String::new(), amount };
            parts.extend(each(claim.root()).map(part));
        }
        for here in &self.pods {
            let Counted::At(most) = here.counted else { continue };
            for (claim, stays) in templates(here) {
                // What belongs to a pod by its name is taken over by its successor.
                let most = if stays { Most { surge: 0, ..most } } else { most };
                let Some(each) = each(claim) else { continue };
                let amount = each.times(most.total());
                parts.push(Part { who: name(&here.object), how: times(most, &each), amount });
            }
        }
        parts
    }

    /// Claims that operators make for each pod: its successor takes them over.
    fn of_operated_claims(&self, class: Option<&str>, each: impl Fn(&OperatedClaim) -> Option<Quantity>) -> Vec<Part> {
        let mut parts = Vec::new();
        for here in &self.operated {
            let Some((most, ..)) = &here.counted else { continue };
            let most = Most { surge: 0, ..*most };
            let is_it = |claim: &&OperatedClaim| class.is_none_or(|class| claim.class.as_deref() == Some(class));
            for each in here.claims.iter().filter(is_it).filter_map(&each) {
                parts.push(Part { who: name(&here.object), how: times(most, &each), amount: each.times(most.total()) });
            }
        }
        parts
    }

    /// Whether a claim does not say its storage class: the cluster's default takes it.
    pub(super) fn has_claims_without_class(&self) -> bool {
        let of_pods = self.pods.iter().flat_map(templates).map(|(claim, _)| claim);
        let mut claims = self.of_kind("PersistentVolumeClaim").map(Object::root).chain(of_pods);
        claims.any(|claim| storage_class(claim).is_none())
            || self.operated.iter().flat_map(|here| &here.claims).any(|claim| claim.class.is_none())
    }

    fn of_objects(&self, resource: &str, group: &str) -> Vec<Part> {
        let is_it = |object: &&Object<'_>| object.group() == group && is_plural_of(resource, &object.kind());
        let there: Vec<&Object<'a>> = self.objects.iter().filter(is_it).collect();
        let mut parts: Vec<Part> = Part::of("objects of the stream", there.len()).into_iter().collect();
        let store = [Store::ConfigMap, Store::Secret].into_iter().find(|store| is_plural_of(resource, store.kind()));
        if let Some(store) = store.filter(|_| group.is_empty()) {
            parts.extend(Part::of("what other objects make", self.made(store, &there)));
        }
        let born = BORN.iter().find(|(born, _)| *born == resource && group.is_empty());
        let is_there = |who: &str| there.iter().any(|object| who.split([' ', ',']).nth(1) == Some(&object.name()));
        parts.extend(born.filter(|(_, who)| !is_there(who)).and_then(|(_, who)| Part::of(*who, 1)));
        parts
    }

    /// How many ConfigMaps or Secrets the objects here make that are not in the stream.
    fn made(&self, store: Store, there: &[&Object<'a>]) -> usize {
        let own: BTreeSet<_> = self.objects.iter().map(Object::id).collect();
        let there: BTreeSet<String> = there.iter().map(|object| object.name().into_owned()).collect();
        let makers = self.facts.makers().all().iter().filter(|maker| maker.made.kind == store.kind());
        let makers = makers.filter(|maker| maker.made.creates && !maker.made.stands && maker.made.namespace.is_none());
        let here = makers.filter(|maker| maker.object.is_some_and(|object| own.contains(&object)));
        here.map(|maker| &maker.name).filter(|name| !there.contains(*name)).collect::<BTreeSet<_>>().len()
    }

    /// The VerticalPodAutoscaler that sets what the pods of a workload request.
    pub(super) fn scaled_vertically(&self, object: &Object<'_>) -> Option<Object<'a>> {
        let scalers = self.facts.scalers().naming(object.id()).filter(|scaler| scaler.scales == Scales::Vertically);
        let mut scalers = scalers.filter_map(|scaler| self.facts.stream().object(scaler.object));
        let mode = |scaler: &Object<'a>| scaler.root().find(&["spec", "updatePolicy", "updateMode"])?.as_str();
        scalers.find(|scaler| mode(scaler).as_deref() != Some("Off"))
    }

    /// The ResourceQuotas.
    pub(super) fn quotas(&self) -> impl Iterator<Item = &Object<'a>> {
        self.of_kind("ResourceQuota")
    }
}

/// The claims that are made for each pod, and whether they stay when it goes.
fn templates<'a>(here: &PodHere<'a>) -> Vec<(Node<'a>, bool)> {
    let kept = here.pod.claims.and_then(|pointer| here.object.root().at_pointer(pointer));
    let kept = kept.into_iter().flat_map(Node::items).map(|claim| (claim, true));
    let volumes = here.pod.spec_node(&here.object).and_then(|spec| spec.get("volumes"));
    let volumes = volumes.into_iter().flat_map(Node::items);
    let with_pod = volumes.filter_map(|volume| volume.find(&["ephemeral", "volumeClaimTemplate"]));
    kept.chain(with_pod.map(|claim| (claim, false))).collect()
}

fn storage_class(claim: Node<'_>) -> Option<String> {
    let old = || claim.find(&["metadata", "annotations", "volume.beta.kubernetes.io/storage-class"]);
    old().or_else(|| claim.find(&["spec", "storageClassName"]))?.as_str().map(std::borrow::Cow::into_owned)
}

/// How reports of one namespace name an object.
fn name(object: &Object<'_>) -> String {
    format!("{} {}", object.kind(), object.name())
}

fn times(most: Most, each: &Quantity) -> String {
    if most.surge > 0 { format!("({most}) × {each}") } else { format!("{most} × {each}") }
}

fn is_of_type(service: &Object<'_>, wanted: &str) -> bool {
    service.root().find(&["spec", "type"]).and_then(Node::as_str).as_deref() == Some(wanted)
}

/// The ports of nodes that a Service takes.
fn node_ports(service: &Object<'_>) -> usize {
    let ports = || service.root().find(&["spec", "ports"]).into_iter().flat_map(Node::items);
    let is_balanced = is_of_type(service, "LoadBalancer");
    let allocates = service.root().find(&["spec", "allocateLoadBalancerNodePorts"]).and_then(Node::as_bool);
    match is_balanced || is_of_type(service, "NodePort") {
        false => 0,
        true if is_balanced && allocates == Some(false) => {
            ports().filter(|port| port.get("nodePort").is_some_and(|number| !number.is_null())).count()
        }
        true => ports().count(),
    }
}

/// The objects of each namespace that has workloads of the spec's.
pub(super) fn by_home<'a>(facts: Facts<'a>) -> std::collections::BTreeMap<String, Vec<Object<'a>>> {
    let mut all = std::collections::BTreeMap::<String, Vec<Object<'a>>>::new();
    for object in facts.stream().objects().filter(|object| !object.is_embedded()) {
        all.entry(homes::key(&object)).or_default().push(object);
    }
    all
}
