//! Who is there: workloads, Services, what leads to them from outside, and what each may do.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::policies::{Policy, State};
use super::ports::Ports;
use super::uses::Learned;
use crate::facts::selections::By;
use crate::facts::services;
use crate::facts::{Facts, Near};
use crate::functions::network_policies::values::Protocol;
use crate::functions::network_policies::values::Span;
use crate::labels::{ByLabel, LabelSelector};
use crate::stream::{Object, ObjectId, Stream};
use crate::text;
use crate::values::integer;
use crate::yaml::Node;

/// So many workloads are named one by one where something selects them; more are one group. Otherwise a stream in which
/// everything selects everything would have a topology as large as its square.
pub(super) const MOST: usize = 16;

/// An end of a connection: its number among those of its sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Entry(usize),
    Service(usize),
    Workload(usize),
    Peer(usize),
}

/// What an object is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Called {
    pub(super) namespace: String,
    pub(super) kind: String,
    pub(super) name: String,
}

impl Called {
    pub(super) fn of(object: &Object<'_>) -> Self {
        let line = |text: &str| text::plain(text).replace(['\n', '\r'], " ");
        Self { namespace: line(&object.namespace()), kind: line(&object.kind()), name: line(&object.name()) }
    }

    /// `Deployment shop/api`.
    pub(super) fn title(&self) -> String {
        match self.namespace.is_empty() {
            true => format!("{} {}", self.kind, self.name),
            false => format!("{} {}/{}", self.kind, self.namespace, self.name),
        }
    }
}

/// How many pods a workload has.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    /// For people: `2–8 by HPA`.
    pub(super) text: String,
    pub(super) min: Option<u32>,
    pub(super) max: Option<u32>,
    /// What sets the number, if something does.
    pub(super) by: Option<Called>,
}

/// How many pods may go down at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Down {
    /// For people; empty where there is nothing to say.
    pub(super) text: String,
    pub(super) budgets: Vec<Called>,
    pub(super) max_unavailable: Option<String>,
    pub(super) min_available: Option<String>,
}

/// Something that runs pods.
pub(super) struct Workload {
    pub(super) object: ObjectId,
    pub(super) called: Called,
    /// Whether it mounts claims: what it holds outlives its pods.
    pub(super) keeps_data: bool,
    pub(super) count: Count,
    pub(super) down: Down,
    /// Those that its containers declare, by name.
    pub(super) ports: Vec<(String, Span)>,
    pub(super) uses_host_network: bool,
    /// Ports of its nodes that lead to it.
    pub(super) host_ports: Vec<Span>,
    /// Numbers of the policies that are for its pods.
    pub(super) policies: Vec<usize>,
}

/// A port of a Service.
#[derive(Clone, Debug)]
pub(super) struct ServicePort {
    pub(super) name: String,
    /// The port that clients use.
    pub(super) own: Span,
    /// As the Service writes it.
    pub(super) target: services::Target,
}

pub(super) struct Service {
    pub(super) object: ObjectId,
    pub(super) called: Called,
    /// `ClusterIP` and the like.
    pub(super) sort: String,
    /// Clients get the addresses of the pods, and no port is translated.
    pub(super) is_headless: bool,
    pub(super) ports: Vec<ServicePort>,
    /// The workloads that it sends to, or a group of them.
    pub(super) targets: Vec<End>,
}

/// What leads to Services from outside.
pub(super) struct Entry {
    pub(super) called: Called,
    /// Hosts that it answers for, or ports of nodes.
    pub(super) hosts: Vec<String>,
    /// Services and entries behind it, each with the port that is meant where one is.
    pub(super) to: Vec<(End, Option<usize>)>,
}

/// Who a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// Everybody.
    Anyone,
    /// Addresses.
    Addresses,
    /// Pods that the stream does not have.
    Pods,
    /// The pods of an ingress controller.
    Controller,
    /// Servers for DNS.
    Dns,
    /// More workloads than are named one by one, or whoever is in a namespace.
    Group,
}

impl Sort {
    /// As `--format json` writes it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Sort::Anyone => "anyone",
            Sort::Addresses => "addresses",
            Sort::Pods => "pods",
            Sort::Controller => "controller",
            Sort::Dns => "dns",
            Sort::Group => "group",
        }
    }
}

/// Somebody whom a NetworkPolicy names and who is no single workload of the stream.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) sort: Sort,
    pub(super) name: String,
    /// What tells who that is, line by line.
    pub(super) lines: Vec<String>,
    /// How many workloads of the stream are among them.
    pub(super) members: usize,
}

/// A connection that NetworkPolicies allow.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    pub(super) ports: Ports,
    /// Numbers of the policies that say so.
    pub(super) policies: BTreeSet<usize>,
}

/// What the NetworkPolicies of the stream say of a connection that a program makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// None of them is for either end.
    Open,
    Allowed,
    Denied,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Open => "open",
            Verdict::Allowed => "allowed",
            Verdict::Denied => "denied",
        }
    }
}

/// A connection that the settings of a program name.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The Service that is named.
    pub(super) service: usize,
    /// The port of the Service that clients use.
    pub(super) service_port: Option<usize>,
    /// The port of the pods.
    pub(super) port: Span,
    /// Where it is named: `DATABASE_URL of ConfigMap api`.
    pub(super) by: BTreeSet<String>,
    pub(super) verdict: Verdict,
}

/// A namespace with something in it.
#[derive(Default)]
pub(super) struct Namespace {
    pub(super) denies_ingress: bool,
    pub(super) denies_egress: bool,
    pub(super) has_policies: bool,
}

/// All of it.
pub(super) struct Topology<'a> {
    pub(super) facts: Facts<'a>,
    pub(super) namespaces: BTreeMap<String, Namespace>,
    pub(super) workloads: Vec<Workload>,
    pub(super) services: Vec<Service>,
    pub(super) entries: Vec<Entry>,
    pub(super) peers: Vec<Peer>,
    pub(super) policies: Vec<Policy>,
    pub(super) allowed: BTreeMap<(End, End), Allowed>,
    pub(super) uses: Vec<Use>,
    /// What is there and could not be read, or is not as it seems.
    pub(super) notes: Vec<String>,
    /// Numbers of workloads by the object.
    pub(super) by_object: HashMap<ObjectId, usize>,
    /// Numbers of Services by the object.
    pub(super) service_of: HashMap<ObjectId, usize>,
    /// Workloads by the labels of their pods.
    pub(super) labelled: ByLabel<usize>,
    known_peers: HashMap<String, usize>,
    /// How many workloads a peer of policies selects, and which, where these are few.
    pub(super) selected: HashMap<String, (usize, Vec<usize>)>,
    /// What else the settings of programs say.
    pub(super) learned: Learned,
}

/// The name of a namespace by which objects are found: nothing stands for `default`.
pub(super) fn place(namespace: &str) -> String {
    if namespace == "default" { String::new() } else { namespace.to_owned() }
}

impl<'a> Topology<'a> {
    /// The topology of a stream.
    pub(super) fn of(stream: &'a Stream) -> Self {
        let mut out = Self {
            facts: Facts::of(stream),
            namespaces: BTreeMap::new(),
            workloads: Vec::new(),
            services: Vec::new(),
            entries: Vec::new(),
            peers: Vec::new(),
            policies: Vec::new(),
            allowed: BTreeMap::new(),
            uses: Vec::new(),
            notes: Vec::new(),
            by_object: HashMap::new(),
            service_of: HashMap::new(),
            labelled: ByLabel::default(),
            known_peers: HashMap::new(),
            selected: HashMap::new(),
            learned: Learned::default(),
        };
        out.read_workloads();
        out.read_services();
        super::entries::read(&mut out);
        let state = State::of(&mut out);
        super::uses::read(&mut out, &state);
        out.finish(stream);
        out
    }

    pub(super) fn stream(&self) -> &'a Stream {
        self.facts.stream()
    }

    /// The number of a peer, by what tells it from others.
    pub(super) fn peer(&mut self, key: String, make: impl FnOnce() -> Peer) -> usize {
        let next = self.peers.len();
        let number = *self.known_peers.entry(key).or_insert(next);
        if number == next {
            self.peers.push(make());
        }
        number
    }

    pub(super) fn namespace(&mut self, name: &str) -> &mut Namespace {
        self.namespaces.entry(name.to_owned()).or_default()
    }

    /// What an end is called.
    pub(super) fn title(&self, end: End) -> String {
        let title = match end {
            End::Entry(at) => self.entries.get(at).map(|one| one.called.title()),
            End::Service(at) => self.services.get(at).map(|one| one.called.title()),
            End::Workload(at) => self.workloads.get(at).map(|one| one.called.title()),
            End::Peer(at) => self.peers.get(at).map(|one| one.name.clone()),
        };
        title.unwrap_or_default()
    }

    fn read_workloads(&mut self) {
        let facts = self.facts;
        let mut embedded = Vec::new();
        let mut found: Vec<Workload> = Vec::new();
        for (number, pod, object) in facts.numbered_pods() {
            if object.is_embedded() {
                embedded.push(Called::of(&object).title());
                continue;
            }
            let keeps_data = facts.references().of_pod(number).any(|one| one.is_to("PersistentVolumeClaim"))
                || pod
                    .claims
                    .and_then(|claims| object.root().at_pointer(claims))
                    .is_some_and(|list| list.items().next().is_some());
            let (mut ports, mut host_ports) = (Vec::new(), Vec::new());
            for container in pod.containers(&object) {
                let list = container.node(&object).and_then(|node| node.get("ports"));
                for port in list.into_iter().flat_map(Node::items) {
                    let text = |key: &str| port.get(key).and_then(Node::as_str);
                    let span = |key: &str| span(port.get(key)?, text("protocol").as_deref());
                    ports.extend(
                        span("containerPort").map(|span| (text("name").unwrap_or_default().into_owned(), span)),
                    );
                    host_ports.extend(span("hostPort"));
                }
            }
            let is_true = |key: &str| pod.spec_node(&object).and_then(|spec| spec.get(key)?.as_bool()) == Some(true);
            if let Some(last) = found.last_mut().filter(|last| last.object == object.id()) {
                last.keeps_data |= keeps_data;
                last.ports.append(&mut ports);
                last.host_ports.append(&mut host_ports);
                last.uses_host_network |= is_true("hostNetwork");
                continue;
            }
            found.push(Workload {
                object: object.id(),
                called: Called::of(&object),
                keeps_data,
                count: super::counts::count(facts, pod, &object),
                down: super::counts::down(facts, pod, &object),
                ports,
                uses_host_network: is_true("hostNetwork"),
                host_ports,
                policies: Vec::new(),
            });
        }
        found.sort_by(|a, b| (&a.called, a.object).cmp(&(&b.called, b.object)));
        for (at, one) in found.iter().enumerate() {
            self.by_object.insert(one.object, at);
            self.namespaces.entry(one.called.namespace.clone()).or_default();
            let Some(object) = facts.stream().object(one.object) else { continue };
            for pod in facts.pods_of(one.object).filter_map(|number| facts.pods().get(number)) {
                self.labelled.add(at, &pod.all_labels(&object), &[place(&object.namespace())]);
            }
        }
        self.workloads = found;
        self.note_all(
            embedded,
            "it stands in another object, which applies it elsewhere",
            "they stand in other objects, which apply them elsewhere",
        );
        let unread = facts.pod_problems().iter().filter_map(|problem| facts.stream().object(problem.object()?));
        let unread: BTreeSet<String> = unread.map(|object| Called::of(&object).title()).collect();
        let (one, many) = (
            "what looks like its pods is not described by any row of `podTemplates`",
            "what looks like their pods is not described by any row of `podTemplates`",
        );
        self.note_all(unread.into_iter().collect(), one, many);
    }

    /// Says of things that are not drawn why.
    pub(super) fn note_all(&mut self, names: Vec<String>, one: &str, many: &str) {
        let number = names.len();
        if number > 0 {
            let names = text::few(number, &mut names.into_iter(), ", ");
            self.notes.push(format!("{names}: not shown, since {}", if number == 1 { one } else { many }));
        }
    }

    /// The workloads of some pods, each once and in order, or the group that they are.
    pub(super) fn members(
        &mut self,
        mut numbers: Vec<usize>,
        key: &str,
        group: impl FnOnce(usize) -> Peer,
    ) -> Vec<End> {
        numbers.sort_unstable();
        numbers.dedup();
        let number = numbers.len();
        match number > MOST {
            true => vec![End::Peer(self.peer(format!("group {key}"), || group(number)))],
            false => numbers.into_iter().map(End::Workload).collect(),
        }
    }

    fn read_services(&mut self) {
        let facts = self.facts;
        let mut found: Vec<Object<'a>> = facts.stream().of_kind("", "Service").filter(services::is_service).collect();
        found.retain(|object| !object.is_embedded());
        found.sort_by_cached_key(|object| (Called::of(object), object.id()));
        let (mut empty, mut without) = (Vec::new(), Vec::new());
        for object in found {
            let called = Called::of(&object);
            self.namespaces.entry(called.namespace.clone()).or_default();
            let text = |path: &[&str]| object.root().find(path).and_then(Node::as_str);
            let sort =
                text(&["spec", "type"]).map_or_else(|| "ClusterIP".to_owned(), |sort| text::plain(&sort).into_owned());
            let port = |port: services::Port| {
                let protocol = Protocol::of(&port.protocol)?;
                let own = Span::one(protocol, u16::try_from(port.port).ok()?);
                Some(ServicePort { name: port.name, own, target: port.target })
            };
            let ports = services::ports(&object).into_iter().filter_map(port).collect();
            let is_headless = text(&["spec", "clusterIP"]).is_some_and(|address| address == "None");
            let mut targets = Vec::new();
            match facts.selections().of_object(object.id()) {
                Some(selection) => {
                    let pods = facts.selections().pods(facts, selection, Near::Certain).iter();
                    let of = |pod: &usize| self.by_object.get(&facts.pods().get(*pod)?.object).copied();
                    let numbers: Vec<usize> = pods.filter_map(of).collect();
                    let selector = LabelSelector::of_labels(object.root().find(&["spec", "selector"]));
                    let shown = super::policies::shown(object.root().find(&["spec", "selector"]));
                    let key = format!("{}/{:?}", place(&called.namespace), selector);
                    targets = self.members(numbers, &key, |members| Peer {
                        sort: Sort::Group,
                        name: format!("{members} workloads"),
                        lines: vec![shown],
                        members,
                    });
                    if targets.is_empty() {
                        empty.push(called.title());
                    }
                }
                None => without.push(called.title()),
            }
            self.service_of.insert(object.id(), self.services.len());
            self.services.push(Service { object: object.id(), called, sort, is_headless, ports, targets });
        }
        for (names, what) in
            [(empty, "selects no pods of the stream"), (without, "has no selector: its endpoints come from elsewhere")]
        {
            if !names.is_empty() {
                let names = text::few(names.len(), &mut names.into_iter(), ", ");
                self.notes.push(format!("{names}: {what}"));
            }
        }
    }

    /// The ports of a workload's pods that a port of a Service leads to.
    pub(super) fn pod_ports(&self, service: &Service, port: &ServicePort, workload: usize) -> Vec<Span> {
        let Some(one) = self.workloads.get(workload) else { return Vec::new() };
        match &port.target {
            _ if service.is_headless && matches!(port.target, services::Target::Number(_)) => vec![port.own],
            services::Target::Number(number) => {
                u16::try_from(*number).map(|number| Span::one(port.own.protocol, number)).into_iter().collect()
            }
            services::Target::Name(name) => {
                let named = one.ports.iter().filter(|(own, span)| own == name && span.protocol == port.own.protocol);
                named.map(|(_, span)| *span).collect()
            }
        }
    }

    /// Says what remains to be said.
    fn finish(&mut self, stream: &Stream) {
        for number in 0..self.workloads.len() {
            let Some(one) = self.workloads.get(number) else { continue };
            let title = one.called.title();
            if !one.host_ports.is_empty() {
                let ports = Ports::of(one.host_ports.iter().copied());
                self.notes.push(format!("{title}: its nodes hand on their ports {ports} to it"));
            }
            if self.workloads.get(number).is_some_and(|one| one.uses_host_network && !one.policies.is_empty()) {
                self.notes
                    .push(format!("{title}: NetworkPolicies do not hold for pods with the addresses of their nodes"));
            }
        }
        // Whoever else says who may talk to whom.
        let reads = |object: &Object<'_>| {
            let (group, kind) = (object.group(), object.kind());
            match group.as_str() {
                "cilium.io"
                | "crd.projectcalico.org"
                | "projectcalico.org"
                | "policy.networking.k8s.io"
                | "crd.antrea.io" => kind.contains("NetworkPolicy"),
                "security.istio.io" | "policy.linkerd.io" => kind.contains("Policy"),
                "k8s.ovn.org" => kind == "EgressFirewall" || kind.contains("NetworkPolicy"),
                _ => false,
            }
        };
        let others: Vec<String> = stream.objects().filter(reads).map(|object| Called::of(&object).title()).collect();
        if !others.is_empty() {
            let names = text::few(others.len(), &mut others.into_iter(), ", ");
            self.notes.push(format!("{names}: not read; what is shown as allowed is what NetworkPolicies say"));
        }
    }
}

/// A single port of a mapping.
pub(super) fn span(number: Node<'_>, protocol: Option<&str>) -> Option<Span> {
    let number = u16::try_from(integer(number)?).ok().filter(|number| *number > 0)?;
    Some(Span::one(Protocol::of(protocol.filter(|text| !text.is_empty()).unwrap_or("TCP"))?, number))
}

/// The policies that select an object, in the stream's order.
pub(super) fn selecting(facts: Facts<'_>, workload: &Object<'_>, by: By) -> Vec<ObjectId> {
    let pods = facts.pods_of(workload.id()).filter_map(|number| facts.pods().get(number));
    let all: BTreeSet<ObjectId> = pods
        .flat_map(|pod| facts.selections().over(facts.stream(), by, workload, &pod.all_labels(workload), Near::Certain))
        .collect();
    all.into_iter().collect()
}
