//! What a picture of a topology shows: boxes in columns from outside on the left to stores and peers on the right, and arrows
//! between them. Every line is in words that fit any drawing; [`super::mermaid`] and [`super::svg`] draw it.

use std::collections::{BTreeMap, BTreeSet};

use super::ports::Ports;
use super::topology::{Allowed, End, Peer, Sort, Topology, Use, Verdict};
use crate::functions::network_policies::values::Span;

/// Workloads that connect to others stand in so many columns at most: a longer chain would be a picture that nobody can
/// read.
const DEEPEST: usize = 5;

/// What a box is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Entry,
    Service,
    Program,
    Store,
    Peer,
}

impl Role {
    pub(super) const ALL: [Self; 5] = [Self::Entry, Self::Service, Self::Program, Self::Store, Self::Peer];

    /// Its class, and what the legend says.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Role::Entry => ("entry", "entry point"),
            Role::Service => ("service", "Service"),
            Role::Program => ("program", "workload"),
            Role::Store => ("store", "workload that keeps data"),
            Role::Peer => ("peer", "outside of the stream"),
        }
    }
}

/// What an arrow means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    /// An entry point or a Service sends requests on.
    Sends,
    /// NetworkPolicies allow it.
    Allowed,
    /// The settings of the program name it, and no policy restricts it.
    Named,
    /// The settings name it, and the policies do not allow it.
    Denied,
}

impl Style {
    pub(super) const ALL: [Self; 4] = [Self::Sends, Self::Allowed, Self::Named, Self::Denied];

    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Style::Sends => ("sends", "sends requests on"),
            Style::Allowed => ("allowed", "allowed by NetworkPolicies"),
            Style::Named => ("named", "named in settings, not restricted"),
            Style::Denied => ("denied", "named in settings, not allowed"),
        }
    }
}

/// A box.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) role: Role,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) lines: Vec<String>,
    /// The ports that arrows lead to.
    pub(super) inlets: Vec<String>,
    pub(super) column: usize,
    /// The whole name.
    pub(super) tip: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    pub(super) to: usize,
    pub(super) inlet: Option<usize>,
    pub(super) style: Style,
    pub(super) from: usize,
    pub(super) tip: String,
}

#[derive(Debug, Default)]
pub(super) struct Scene {
    pub(super) items: Vec<Item>,
    pub(super) arrows: BTreeSet<Arrow>,
    /// What holds for namespaces as a whole.
    pub(super) facts: Vec<String>,
}

struct Builder<'t, 'a> {
    topology: &'t Topology<'a>,
    scene: Scene,
    /// Numbers of boxes; a peer that connects and is connected to is in the picture twice.
    entries: Vec<usize>,
    services: Vec<usize>,
    workloads: Vec<usize>,
    sources: BTreeMap<usize, usize>,
    sinks: BTreeMap<usize, usize>,
    /// Of each workload, its column among workloads.
    levels: Vec<usize>,
    /// Services that a workload's settings name for another one.
    named: BTreeMap<(usize, usize), Vec<usize>>,
    /// Services that send to a workload.
    serving: BTreeMap<usize, Vec<usize>>,
    /// Entry points that lead to a workload, and the ports of its pods that they lead to.
    reaching: BTreeMap<usize, Vec<(usize, Vec<Span>)>>,
}

impl Scene {
    pub(super) fn of(topology: &Topology<'_>) -> Self {
        let mut builder = Builder {
            topology,
            scene: Self::default(),
            entries: Vec::new(),
            services: Vec::new(),
            workloads: Vec::new(),
            sources: BTreeMap::new(),
            sinks: BTreeMap::new(),
            levels: super::levels::levels(topology, DEEPEST),
            named: BTreeMap::new(),
            serving: BTreeMap::new(),
            reaching: BTreeMap::new(),
        };
        builder.index();
        builder.boxes();
        builder.arrows();
        builder.facts();
        let mut scene = builder.scene;
        // Columns without a box are no columns.
        let used: BTreeSet<usize> = scene.items.iter().map(|item| item.column).collect();
        let numbers: BTreeMap<usize, usize> = used.into_iter().enumerate().map(|(at, column)| (column, at)).collect();
        for item in &mut scene.items {
            item.column = numbers.get(&item.column).copied().unwrap_or_default();
        }
        scene
    }
}

impl Builder<'_, '_> {
    fn item(&mut self, item: Item) -> usize {
        self.scene.items.push(item);
        self.scene.items.len() - 1
    }

    fn index(&mut self) {
        let topology = self.topology;
        for one in &topology.uses {
            self.named.entry((one.from, one.to)).or_default().push(one.service);
        }
        for (at, service) in topology.services.iter().enumerate() {
            for end in &service.targets {
                if let End::Workload(to) = end {
                    self.serving.entry(*to).or_default().push(at);
                }
            }
        }
        for (at, entry) in topology.entries.iter().enumerate() {
            for (end, port) in &entry.to {
                let End::Service(service) = *end else { continue };
                let Some(service) = topology.services.get(service) else { continue };
                for end in &service.targets {
                    let End::Workload(to) = *end else { continue };
                    let meant =
                        service.ports.iter().enumerate().filter(|(number, _)| port.is_none_or(|port| port == *number));
                    let spans = meant.flat_map(|(_, port)| topology.pod_ports(service, port, to)).collect();
                    self.reaching.entry(to).or_default().push((at, spans));
                }
            }
        }
    }

    fn several_namespaces(&self) -> bool {
        self.topology.namespaces.len() > 1
    }

    fn kind(&self, kind: &str, namespace: &str) -> String {
        match self.several_namespaces() && !namespace.is_empty() {
            true => format!("{kind} in {namespace}"),
            false => kind.to_owned(),
        }
    }

    fn boxes(&mut self) {
        let topology = self.topology;
        for entry in &topology.entries {
            let mut hosts = entry.hosts.clone();
            let more = hosts.len().saturating_sub(3);
            hosts.truncate(if more > 0 { 2 } else { 3 });
            if more > 0 {
                hosts.push(format!("and {} more", more + 1));
            }
            let leads_to_entries = entry.to.iter().any(|(end, _)| matches!(end, End::Entry(_)));
            let item = Item {
                role: Role::Entry,
                kind: self.kind(&entry.called.kind, &entry.called.namespace),
                name: entry.called.name.clone(),
                lines: hosts,
                inlets: Vec::new(),
                column: if leads_to_entries { 1 } else { 2 },
                tip: entry.called.title(),
            };
            let number = self.item(item);
            self.entries.push(number);
        }
        for service in &topology.services {
            let levels = service
                .targets
                .iter()
                .filter_map(|end| if let End::Workload(at) = end { self.levels.get(*at) } else { None });
            let level = levels.min().copied().unwrap_or_default();
            let inlets = service.ports.iter().map(|port| match port.name.is_empty() {
                true => port.own.to_string(),
                false => format!("{} {}", port.own, port.name),
            });
            let sort = match (service.is_headless, service.sort.as_str()) {
                (true, _) => "headless",
                (false, "ClusterIP") => "",
                (false, sort) => sort,
            };
            let item = Item {
                role: Role::Service,
                kind: self.kind("Service", &service.called.namespace),
                name: service.called.name.clone(),
                lines: Some(sort.to_owned()).filter(|sort| !sort.is_empty()).into_iter().collect(),
                inlets: inlets.collect(),
                column: 3 + 2 * level,
                tip: service.called.title(),
            };
            let number = self.item(item);
            self.services.push(number);
        }
        for (at, one) in topology.workloads.iter().enumerate() {
            let mut lines = vec![one.count.text.clone(), one.down.text.clone()];
            lines.extend(self.states(at));
            lines.retain(|line| !line.is_empty());
            let item = Item {
                role: if one.keeps_data { Role::Store } else { Role::Program },
                kind: self.kind(&one.called.kind, &one.called.namespace),
                name: one.called.name.clone(),
                lines,
                inlets: Vec::new(),
                column: 4 + 2 * self.levels.get(at).copied().unwrap_or_default(),
                tip: one.called.title(),
            };
            let number = self.item(item);
            self.workloads.push(number);
        }
    }

    /// What policies leave open at a workload.
    fn states(&self, at: usize) -> Vec<String> {
        let Some(one) = self.topology.workloads.get(at) else { return Vec::new() };
        if one.uses_host_network {
            return vec!["on the network of its node".to_owned()];
        }
        let namespace = self.topology.namespaces.get(&one.called.namespace);
        if !namespace.is_some_and(|namespace| namespace.has_policies) {
            return Vec::new();
        }
        let isolates = |into: bool| {
            one.policies.iter().any(|policy| self.topology.policies.get(*policy).is_some_and(|one| one.isolates(into)))
        };
        let (into, out) = (isolates(true), isolates(false));
        let text = match (into, out) {
            (false, false) => "no NetworkPolicy",
            (false, true) => "anyone may connect to it",
            (true, false) => "may connect to anyone",
            (true, true) => "",
        };
        let mut lines = vec![text.to_owned()];
        let is_dns = |((from, to), allowed): (&(End, End), &Allowed)| {
            *from == End::Workload(at)
                && match to {
                    End::Peer(peer) => self
                        .topology
                        .peers
                        .get(*peer)
                        .is_some_and(|peer| peer.sort == Sort::Dns || peer.sort == Sort::Anyone),
                    _ => allowed.ports.is_dns(),
                }
        };
        let own = self.topology.allowed.range((End::Workload(at), End::Entry(0))..);
        let mut own = own.take_while(|((from, _), _)| *from == End::Workload(at));
        if out && !own.any(is_dns) {
            lines.push("may not ask DNS".to_owned());
        }
        lines
    }

    /// The number of the inlet of a box with these words.
    fn inlet(&mut self, item: usize, words: String) -> Option<usize> {
        let item = self.scene.items.get_mut(item)?;
        let at = item.inlets.iter().position(|own| *own == words).unwrap_or_else(|| {
            item.inlets.push(words);
            item.inlets.len() - 1
        });
        Some(at)
    }

    fn arrow(&mut self, from: usize, to: usize, inlet: Option<usize>, style: Style, tip: String) {
        self.scene.arrows.insert(Arrow { to, inlet, style, from, tip });
    }

    fn arrows(&mut self) {
        let topology = self.topology;
        for (at, entry) in topology.entries.iter().enumerate() {
            let Some(&from) = self.entries.get(at) else { continue };
            for (end, port) in &entry.to {
                let to = match end {
                    End::Service(at) => self.services.get(*at),
                    End::Entry(at) => self.entries.get(*at),
                    End::Workload(_) | End::Peer(_) => None,
                };
                let Some(&to) = to else { continue };
                let tip = format!("{} sends requests to {}", entry.called.title(), topology.title(*end));
                self.arrow(from, to, *port, Style::Sends, tip);
            }
        }
        for (at, service) in topology.services.iter().enumerate() {
            let Some(&from) = self.services.get(at) else { continue };
            for end in &service.targets {
                let tip = format!("{} sends to {}", service.called.title(), topology.title(*end));
                match *end {
                    End::Workload(to) => {
                        let ports = service.ports.iter().flat_map(|port| topology.pod_ports(service, port, to));
                        let ports: BTreeSet<String> = ports.map(|span| span.to_string()).collect();
                        let Some(&item) = self.workloads.get(to) else { continue };
                        if ports.is_empty() {
                            self.arrow(from, item, None, Style::Sends, tip.clone());
                        }
                        for port in ports {
                            let inlet = self.inlet(item, port);
                            self.arrow(from, item, inlet, Style::Sends, tip.clone());
                        }
                    }
                    End::Peer(peer) => {
                        let to = self.sink(peer);
                        self.arrow(from, to, None, Style::Sends, tip);
                    }
                    End::Entry(_) | End::Service(_) => {}
                }
            }
        }
        for ((from, to), allowed) in &topology.allowed {
            self.allowed(*from, *to, allowed);
        }
        for one in &topology.uses {
            // What is allowed is there already.
            if one.verdict != Verdict::Allowed
                || !topology.allowed.contains_key(&(End::Workload(one.from), End::Workload(one.to)))
            {
                self.named(one);
            }
        }
    }

    fn allowed(&mut self, from: End, to: End, allowed: &Allowed) {
        let topology = self.topology;
        let is_dns = |end: End| matches!(end, End::Peer(at) if topology.peers.get(at).is_some_and(|peer| peer.sort == Sort::Dns));
        // Every workload asks DNS: that is said in words.
        if is_dns(from)
            || is_dns(to)
            || matches!((from, to), (End::Workload(_), End::Workload(_))) && allowed.ports.is_dns()
        {
            return;
        }
        let tip = format!("{} may connect to {}: {}", topology.title(from), topology.title(to), allowed.ports);
        match (from, to) {
            (End::Workload(from), End::Workload(to)) => self.between(from, to, &allowed.ports, Style::Allowed, &tip),
            (End::Workload(from), End::Peer(peer)) => {
                let Some(&from) = self.workloads.get(from) else { return };
                let to = self.sink(peer);
                let inlet = self.inlet(to, allowed.ports.to_string());
                self.arrow(from, to, inlet, Style::Allowed, tip);
            }
            (End::Peer(peer), End::Workload(to)) => {
                if self.by_entries(peer, to, &allowed.ports) {
                    return;
                }
                let (from, Some(&item)) = (self.source(peer), self.workloads.get(to)) else { return };
                let inlet = self.inlet(item, allowed.ports.to_string());
                self.arrow(from, item, inlet, Style::Allowed, tip);
            }
            _ => {}
        }
    }

    /// Requests that a controller brings go by the entry points that lead to the same ports; whether that is all of it.
    fn by_entries(&mut self, peer: usize, to: usize, ports: &Ports) -> bool {
        let topology = self.topology;
        if topology.peers.get(peer).is_none_or(|peer| peer.sort != Sort::Controller) {
            return false;
        }
        let (mut reached, mut entries) = (Vec::new(), BTreeSet::new());
        for (at, spans) in self.reaching.get(&to).into_iter().flatten() {
            if spans.iter().any(|span| ports.has(*span)) {
                entries.insert(*at);
                reached.extend(spans.iter().copied());
            }
        }
        if entries.is_empty() || Ports::of(reached).and(ports) != *ports {
            return false;
        }
        let from = self.source(peer);
        for at in entries {
            let Some((&to, entry)) = self.entries.get(at).zip(topology.entries.get(at)) else { continue };
            let tip = format!("{} brings the requests of {}", topology.title(End::Peer(peer)), entry.called.title());
            self.arrow(from, to, None, Style::Allowed, tip);
        }
        true
    }

    fn named(&mut self, one: &Use) {
        let topology = self.topology;
        let style = match one.verdict {
            Verdict::Open => Style::Named,
            Verdict::Allowed => Style::Allowed,
            Verdict::Denied => Style::Denied,
        };
        let by: Vec<&str> = one.by.iter().map(String::as_str).collect();
        let says = if style == Style::Denied { ", and the NetworkPolicies do not allow it" } else { "" };
        let (from, to) = (topology.title(End::Workload(one.from)), topology.title(End::Workload(one.to)));
        let tip = format!("{from} names {to} in {}: {}{says}", by.join(", "), one.port);
        let service = one.service_port.map(|port| (one.service, port));
        let Some(&source) = self.workloads.get(one.from) else { return };
        if let Some((service, port)) = service.filter(|(service, _)| self.is_between(one.from, *service)) {
            let Some(&item) = self.services.get(service) else { return };
            self.arrow(source, item, Some(port), style, tip);
            return;
        }
        self.between(one.from, one.to, &Ports::of([one.port]), style, &tip);
    }

    /// Whether a Service stands to the right of a workload.
    fn is_between(&self, from: usize, service: usize) -> bool {
        let column = |item: Option<&usize>| item.and_then(|at| self.scene.items.get(*at)).map(|item| item.column);
        column(self.workloads.get(from)) < column(self.services.get(service))
    }

    /// From one workload to another: by its Service, where one leads to the ports.
    fn between(&mut self, from: usize, to: usize, ports: &Ports, style: Style, tip: &str) {
        let topology = self.topology;
        let Some((&source, &item)) = self.workloads.get(from).zip(self.workloads.get(to)) else { return };
        let mut rest = ports.clone();
        let mut by = Vec::new();
        let of = |list: Option<&Vec<usize>>| list.into_iter().flatten().copied().collect::<Vec<usize>>();
        let leads = [of(self.named.get(&(from, to))), of(self.serving.get(&to))].concat();
        // Of ranges a Service is only a part.
        for service in leads.into_iter().filter(|service| !ports.has_ranges() && self.is_between(from, *service)) {
            let Some(one) = topology.services.get(service) else { continue };
            for (number, port) in one.ports.iter().enumerate() {
                let spans = topology.pod_ports(one, port, to);
                if !spans.is_empty() && spans.iter().all(|span| rest.has(*span)) {
                    rest = rest.without(&spans);
                    by.push((service, number));
                }
            }
        }
        for (service, port) in by {
            if let Some(&item) = self.services.get(service) {
                self.arrow(source, item, Some(port), style, tip.to_owned());
            }
        }
        if !rest.is_empty() {
            let inlet = self.inlet(item, rest.to_string());
            self.arrow(source, item, inlet, style, tip.to_owned());
        }
    }

    fn source(&mut self, peer: usize) -> usize {
        if let Some(&item) = self.sources.get(&peer) {
            return item;
        }
        let item = self.peer(peer, 0);
        self.sources.insert(peer, item);
        item
    }

    fn sink(&mut self, peer: usize) -> usize {
        if let Some(&item) = self.sinks.get(&peer) {
            return item;
        }
        let last = self.levels.iter().max().copied().unwrap_or_default();
        let item = self.peer(peer, 5 + 2 * last + 1);
        self.sinks.insert(peer, item);
        item
    }

    fn peer(&mut self, peer: usize, column: usize) -> usize {
        let unknown = Peer { sort: Sort::Anyone, name: String::new(), lines: Vec::new(), members: 0 };
        let peer = self.topology.peers.get(peer).cloned().unwrap_or(unknown);
        let (kind, members) = match peer.sort {
            Sort::Anyone => ("Everyone", String::new()),
            Sort::Addresses => ("Addresses", String::new()),
            Sort::Pods => ("Pods", String::new()),
            Sort::Controller => ("Ingress controller", String::new()),
            Sort::Dns => ("DNS", String::new()),
            Sort::Group => ("Group of pods", format!("{} workloads of these", peer.members)),
        };
        let mut lines = peer.lines.clone();
        lines.extend(Some(members).filter(|text| !text.is_empty() && peer.members > 0 && peer.name != *text));
        self.item(Item {
            role: Role::Peer,
            kind: kind.to_owned(),
            tip: [std::slice::from_ref(&peer.name), lines.as_slice()].concat().join(", "),
            name: peer.name,
            lines,
            inlets: Vec::new(),
            column,
        })
    }

    fn facts(&mut self) {
        let topology = self.topology;
        for (name, one) in &topology.namespaces {
            let title = if name.is_empty() { "without a namespace".to_owned() } else { format!("namespace {name}") };
            let text = match (one.denies_ingress, one.denies_egress) {
                (true, true) => "default deny, both ways",
                (true, false) => "what comes in is denied by default",
                (false, true) => "what goes out is denied by default",
                (false, false) if one.has_policies => "no default deny",
                (false, false) if topology.workloads.iter().any(|own| own.called.namespace == *name) => {
                    "no NetworkPolicies: every pod may talk to every other"
                }
                (false, false) => continue,
            };
            self.scene.facts.push(format!("{title}: {text}"));
        }
    }
}
