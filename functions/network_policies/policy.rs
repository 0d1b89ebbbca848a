//! The NetworkPolicies: each workload's, with its part of every edge, and the one that denies the rest.

use std::collections::{BTreeMap, HashMap, HashSet};

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort,
    NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value};

use super::peers;
use super::rules;
use super::topology::{Link, Side, Workload, World};
use super::values::{Protocol, Span};
use krmor_core::facts;
use krmor_core::facts::selections::OURS;
use krmor_core::manifest::{Manifest, Metadata};
use krmor_core::reconcile::{self, Field, Ownership, Wanted};
use krmor_core::report::{Finding, Report, Rule};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::values::json_text;
use krmor_yaml::Node;

/// The name of the one that denies the rest.
pub(super) const DEFAULT_DENY: &str = "default-deny";

/// Ports, and the peers that may use them: one at least, since none would mean everybody.
struct Allowed {
    ports: Vec<Span>,
    first: NetworkPolicyPeer,
    others: Vec<NetworkPolicyPeer>,
}

impl Allowed {
    fn add(&mut self, peer: NetworkPolicyPeer) {
        if self.first != peer && !self.others.contains(&peer) {
            self.others.push(peer);
        }
    }

    fn parts(self) -> (Option<Vec<NetworkPolicyPort>>, Option<Vec<NetworkPolicyPeer>>) {
        let peers = std::iter::once(self.first).chain(self.others).collect();
        (ports(&self.ports), Some(peers))
    }
}

/// A policy that is wanted.
pub(super) struct Plan {
    existing: Option<ObjectId>,
    beside: ObjectId,
    object: Value,
    rule: &'static Rule,
}

impl Plan {
    pub(super) fn apply(self, stream: &mut Stream, report: &mut Report) {
        let reason = match self.rule.id == rules::DEFAULT_DENY.id {
            true => "pods that no other policy selects connect to nobody",
            false => "the declared edges, and no others",
        };
        let Self { existing, beside, object, rule } = self;
        reconcile::apply(stream, report, Wanted { existing, beside, object, rule, reason: reason.into() }, &Ours);
    }
}

/// The policies of every workload that gets one, and of their namespaces.
pub(super) fn plans(world: &World<'_>, links: &[Link<'_>], report: &mut Report) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut namespaces: Vec<&Workload<'_>> = Vec::new();
    let (links, present) = (Links::of(links), Present::of(world));
    for (number, one) in world.workloads.iter().enumerate().filter(|(_, one)| one.is_target) {
        if one.uses_host_network {
            let message = "NetworkPolicies do not hold for its pods, which have the addresses of their nodes";
            let pointer = format!("{}/hostNetwork", one.pod.spec);
            let remedy = "take `hostNetwork` away, or exclude it";
            report.add(&rules::HOST_NETWORK, one.object.at(&pointer), message, remedy);
            continue;
        }
        if !namespaces.iter().any(|other| facts::share_namespace(&other.object, &one.object)) {
            namespaces.push(one);
        }
        let Some(selector) = &one.selector else {
            report.record_once(vec![super::topology::no_labels(one)]);
            continue;
        };
        if !super::topology::has_fixed_name(&one.object, report) {
            continue;
        }
        let mut of = |into| allowed(world, number, links.of_workload(number, into), into, report);
        let (ingress, egress) = (of(true), of(false));
        if ingress.is_empty() && egress.is_empty() {
            let message = "no edge leads to it or from it";
            let remedy = "declare its edges, or allow it by an exception with the reason";
            report.add(&rules::NO_EDGE, one.object.at(""), message, remedy);
        }
        let name = name(world, one);
        let mut spec = spec(selector.clone());
        let ingress = ingress.into_iter().map(Allowed::parts);
        let ingress = ingress.map(|(ports, from)| NetworkPolicyIngressRule { from, ports });
        spec.ingress = Some(ingress.collect()).filter(|rules: &Vec<_>| !rules.is_empty());
        let dns = world.spec.dns.iter().map(|server| {
            let (first, port) = peers::dns(*server);
            let ports = vec![Span::one(Protocol::Udp, port), Span::one(Protocol::Tcp, port)];
            Allowed { ports, first, others: Vec::new() }
        });
        let egress = dns.chain(egress).map(Allowed::parts);
        let egress = egress.map(|(ports, to)| NetworkPolicyEgressRule { to, ports });
        spec.egress = Some(egress.collect()).filter(|rules: &Vec<_>| !rules.is_empty());
        let metadata = Metadata { name: Some(name), ..Metadata::beside(&one.object) };
        plans.extend(plan(&present, &one.object, metadata, spec, &rules::POLICY, report));
    }
    for one in namespaces.into_iter().filter(|_| world.spec.default_deny) {
        let namespace = Some(one.object.namespace().into_owned()).filter(|namespace| !namespace.is_empty());
        let metadata = Metadata { name: Some(DEFAULT_DENY.to_owned()), namespace, ..Metadata::default() };
        plans.extend(plan(
            &present,
            &one.object,
            metadata,
            spec(LabelSelector::default()),
            &rules::DEFAULT_DENY,
            report,
        ));
    }
    plans
}

/// The name of a workload's policy: its own, with the kind where workloads of several kinds have it.
fn name(world: &World<'_>, one: &Workload<'_>) -> String {
    let twin = |other: &Workload<'_>| {
        other.object.id() != one.object.id()
            && other.object.name() == one.object.name()
            && facts::share_namespace(&other.object, &one.object)
    };
    match world.named(&one.object.name()).any(twin) {
        true => format!("{}-{}", one.object.name(), one.object.kind().to_ascii_lowercase()),
        false => one.object.name().into_owned(),
    }
}

/// krmor's own policies that are there: each is known by its name, and by whom it is for where it has another one, as after a
/// prefix or a name that somebody else took.
pub(super) struct Present<'a> {
    stream: &'a Stream,
    by_purpose: HashMap<String, Vec<ObjectId>>,
    /// The names of the policies of all workloads, with these.
    names: HashMap<String, Vec<Object<'a>>>,
}

impl<'a> Present<'a> {
    pub(super) fn of(world: &World<'a>) -> Self {
        let mut by_purpose: HashMap<String, Vec<ObjectId>> = HashMap::new();
        for policy in world.stream.of_kind(GROUP, KIND).filter(|policy| policy.annotation(OURS).is_some()) {
            by_purpose.entry(purpose_of(&policy)).or_default().push(policy.id());
        }
        let mut names: HashMap<String, Vec<Object<'a>>> = HashMap::new();
        for one in &world.workloads {
            names.entry(name(world, one)).or_default().push(one.object);
        }
        Self { stream: world.stream, by_purpose, names }
    }

    /// The policy of that name; else the one that is krmor's, for the same pods, and not another workload's by its name.
    fn find(&self, name: &str, selector: &LabelSelector, beside: &Object<'a>) -> Option<Object<'a>> {
        let is_near = |policy: &Object<'_>| facts::share_namespace(policy, beside);
        let by_name = self.stream.named(GROUP, KIND, name).find(is_near);
        let is_free = |policy: &Object<'_>| {
            let owners = self.names.get(&*policy.name()).into_iter().flatten();
            owners.into_iter().all(|owner| !facts::share_namespace(owner, policy))
        };
        by_name.or_else(|| {
            // A selector of every pod is that of the policy which denies the rest, and of no workload's.
            let purpose = purpose(selector).filter(|purpose| purpose != EVERY_POD || name == DEFAULT_DENY)?;
            let ids = self.by_purpose.get(&purpose)?;
            ids.iter().filter_map(|id| self.stream.object(*id)).find(|policy| is_near(policy) && is_free(policy))
        })
    }

    /// krmor's policy for the pods of a workload.
    pub(super) fn of_workload(&self, world: &World<'a>, number: usize) -> Option<Object<'a>> {
        let one = world.workloads.get(number)?;
        let selector = one.selector.as_ref()?;
        let found = self.find(&name(world, one), selector, &one.object)?;
        let is_its = Some(purpose_of(&found)) == purpose(selector);
        Some(found).filter(|found| is_its && found.annotation(OURS).is_some())
    }

    /// What a run with this stream writes, whichever config it is by: policies for the very pods of their workloads, and such
    /// as allow nobody anything.
    pub(super) fn written(&self, world: &World<'a>) -> HashSet<ObjectId> {
        let of = |number| Some(self.of_workload(world, number)?.id());
        let denying = self.by_purpose.get(EVERY_POD).into_iter().flatten().copied().filter(|id| {
            let rules = |field| self.stream.object(*id).and_then(|policy| policy.root().find(&["spec", field]));
            ["ingress", "egress"].into_iter().filter_map(rules).all(|rules| rules.items().next().is_none())
        });
        (0..world.workloads.len()).filter_map(of).chain(denying).collect()
    }

    /// Those of all of krmor's that are not among these, in the stream's order.
    pub(super) fn others(&self, written: &HashSet<ObjectId>) -> Vec<ObjectId> {
        let mut all: Vec<ObjectId> =
            self.by_purpose.values().flatten().copied().filter(|id| !written.contains(id)).collect();
        all.sort_unstable();
        all
    }
}

const GROUP: &str = "networking.k8s.io";
const KIND: &str = "NetworkPolicy";
/// The purpose of a selector of every pod.
pub(super) const EVERY_POD: &str = "";

/// A selector as a text that does not depend on the order of its labels.
fn purpose(selector: &LabelSelector) -> Option<String> {
    serde_json::to_value(selector).ok().map(|selector| written_out(&selector))
}

/// The same of a policy that is there.
pub(super) fn purpose_of(policy: &Object<'_>) -> String {
    let selector = policy.root().find(&["spec", "podSelector"]).and_then(Node::to_value);
    selector.as_ref().map_or_else(String::new, written_out)
}

fn written_out(selector: &Value) -> String {
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let demands = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let mut all: Vec<String> = labels.map(|(key, value)| format!("{key}={}", json_text(value))).collect();
    all.extend(demands.map(|demand| {
        let text = |field| demand.get(field).map(json_text).unwrap_or_default();
        [text("key"), text("operator"), text("values")].concat()
    }));
    all.sort_unstable();
    all.join(",")
}

/// Links by the workloads whose policies they stand in, in their order.
struct Links<'l, 'a>(BTreeMap<(usize, bool), Vec<&'l Link<'a>>>);

impl<'l, 'a> Links<'l, 'a> {
    fn of(links: &'l [Link<'a>]) -> Self {
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for link in links {
            for (side, into) in [(link.to, true), (link.from, false)] {
                if let Side::Workload(number) = side
                    && link.ends.has(into)
                {
                    all.entry((number, into)).or_default().push(link);
                }
            }
        }
        Self(all)
    }

    fn of_workload(&self, number: usize, into: bool) -> &[&'l Link<'a>] {
        self.0.get(&(number, into)).map_or(&[], Vec::as_slice)
    }
}

/// What links allow a workload, the ones with equal ports together, in the order of the links.
fn allowed(world: &World<'_>, number: usize, links: &[&Link<'_>], into: bool, report: &mut Report) -> Vec<Allowed> {
    let mut out: Vec<Allowed> = Vec::new();
    for link in links {
        let items = match if into { link.from } else { link.to } {
            Side::Peer(peer) => peers::items(peer),
            Side::Workload(at) => {
                let pair = world.workloads.get(number).zip(world.workloads.get(at));
                pair.and_then(|(own, other)| item(own, other, report)).into_iter().collect()
            }
        };
        for peer in items {
            match out.iter_mut().find(|there| there.ports == link.ports) {
                Some(there) => there.add(peer),
                None => out.push(Allowed { ports: link.ports.clone(), first: peer, others: Vec::new() }),
            }
        }
    }
    out
}

/// The pods of a workload, as a peer of another one's.
fn item(own: &Workload<'_>, other: &Workload<'_>, report: &mut Report) -> Option<NetworkPolicyPeer> {
    let pods = other.selector.clone()?;
    if facts::share_namespace(&own.object, &other.object) {
        return Some(peers::pods(None, Some(pods)));
    }
    let silent = [own, other].into_iter().find(|one| one.object.namespace().is_empty());
    if let Some(silent) = silent {
        let message = format!("an edge joins {} and {}", own.object.reference(), other.object.reference());
        let message = format!("{message}, and this one does not say in which namespace it is");
        let remedy = "write `metadata.namespace`, or let kustomize set it before krmor is called";
        let finding = Finding::new(&rules::TWO_NAMESPACES, silent.object.at("/metadata"), message, remedy);
        report.record_once(vec![finding]);
        return None;
    }
    Some(peers::pods(Some(peers::namespace(&other.object.namespace())), Some(pods)))
}

/// A policy that allows nothing.
fn spec(pod_selector: LabelSelector) -> NetworkPolicySpec {
    NetworkPolicySpec {
        pod_selector: Some(pod_selector),
        policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
        ..NetworkPolicySpec::default()
    }
}

fn ports(spans: &[Span]) -> Option<Vec<NetworkPolicyPort>> {
    let port = |span: &Span| NetworkPolicyPort {
        protocol: Some(span.protocol.name().to_owned()),
        port: Some(IntOrString::Int(span.first.into())),
        end_port: (span.first < span.last).then(|| span.last.into()),
    };
    Some(spans.iter().map(port).collect()).filter(|ports: &Vec<_>| !ports.is_empty())
}

fn plan(
    present: &Present<'_>,
    beside: &Object<'_>,
    mut metadata: Metadata,
    spec: NetworkPolicySpec,
    rule: &'static Rule,
    report: &mut Report,
) -> Option<Plan> {
    let name = metadata.name.clone().unwrap_or_default();
    let existing = present.find(&name, spec.pod_selector.as_ref()?, beside);
    if let Some(existing) = existing.filter(|existing| existing.annotation(OURS).is_none()) {
        let message = format!("krmor's NetworkPolicy for {} would have this name", beside.reference());
        let remedy = format!(
            "rename this one, or remove it and declare what it allows under `edges`; if krmor shall have it, give it the \
             annotation `{OURS}: \"true\"`"
        );
        report.add(&rules::FOREIGN_POLICY, existing.at("/metadata/name"), message, remedy);
        return None;
    }
    metadata.annotations = Some(BTreeMap::from([(OURS.to_owned(), "true".to_owned())]));
    let mut object = Manifest::of::<NetworkPolicy>(metadata, spec).to_value().ok()?;
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        in_order(spec);
        // What is allowed no more goes.
        for field in ["ingress", "egress"].into_iter().filter(|_| existing.is_some()) {
            spec.entry(field).or_insert(Value::Null);
        }
    }
    Some(Plan { existing: existing.map(|existing| existing.id()), beside: beside.id(), object, rule })
}

/// Lets a spec say who it is for before what it allows, as people write it: the types have the letters' order.
fn in_order(spec: &mut Map<String, Value>) {
    const FIELDS: [&str; 9] =
        ["podSelector", "policyTypes", "ingress", "egress", "from", "to", "ports", "protocol", "port"];
    let mut fields: Vec<(String, Value)> = std::mem::take(spec).into_iter().collect();
    fields.sort_by_key(|(field, _)| FIELDS.iter().position(|known| known == field).unwrap_or(FIELDS.len()));
    for (field, mut value) in fields {
        if !field.ends_with("elector") && field != "from" && field != "to" {
            value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut).for_each(in_order);
        }
        spec.insert(field, value);
    }
}

/// krmor's own policies say what the config says; their labels and names are left to others.
struct Ours;

impl Ownership for Ours {
    fn field(&self, pattern: &str, _: Node<'_>, _: &Value) -> Field {
        match pattern {
            "" | "/spec" => Field::Parts,
            _ if pattern.starts_with("/metadata") => Field::Keep,
            _ => Field::Set,
        }
    }
}
