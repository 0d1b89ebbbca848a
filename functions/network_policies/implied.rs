//! Edges that other objects of the stream imply: who brings requests, who scrapes, who is asked for secrets.

use super::rules;
use super::topology::{Link, Side, World};
use super::values::{End, Protocol, Span};
use krmor_core::facts::Near;
use krmor_core::facts::services;
use krmor_core::report::{Finding, Report};
use krmor_core::stream::{Object, ObjectId};
use krmor_core::values::{go_bool, integer};

/// What the injector of the Vault agent reads.
const AGENT: &str = "vault.hashicorp.com/agent-inject";
/// Where Vault listens unless somebody says otherwise.
const VAULT_PORT: u16 = 8200;

/// Which list of the config says who is on the other side.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    Routes,
    Monitors,
    Vault,
    Webhooks,
    Clients,
}

impl Whom {
    /// The field of `implied`, its default, and what the objects mean.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Whom::Routes => ("routes", "ingress", "it brings requests"),
            Whom::Monitors => ("monitors", "prometheus", "it lets Prometheus scrape the pods"),
            Whom::Vault => ("vault", "vault", "its agent asks Vault"),
            Whom::Webhooks => ("webhooks", "api-server", "the API server calls the pods"),
            Whom::Clients => ("clients", "clients", "it lets clients in"),
        }
    }
}

/// Every edge that is implied, but those that are declared already.
pub(super) fn links<'a>(world: &World<'a>, declared: &[Link<'a>], report: &mut Report) -> Vec<Link<'a>> {
    let mut finder = Finder { world, links: Vec::new() };
    finder.routes(report);
    finder.monitors(report);
    finder.agents(report);
    finder.webhooks(report);
    finder.migrations(declared);
    finder.openings(declared, report);
    finder.links
}

pub(super) struct Finder<'w, 'a> {
    pub(super) world: &'w World<'a>,
    links: Vec<Link<'a>>,
}

impl<'a> Finder<'_, 'a> {
    /// Who is on the other side of an edge of a workload; that nobody is, is reported at the object that implies the edge.
    fn whom(&self, whom: Whom, object: ObjectId, number: usize, report: &mut Report) -> Vec<Side<'a>> {
        let (field, default, meaning) = whom.words();
        let implied = &self.world.spec.implied;
        let list = match whom {
            Whom::Routes => &implied.routes,
            Whom::Monitors => &implied.monitors,
            Whom::Vault => &implied.vault,
            Whom::Webhooks => &implied.webhooks,
            Whom::Clients => &implied.clients,
        };
        if let Some(list) = list {
            let of =
                |(at, end): (usize, &'a End)| self.world.beside(end, &format!("/implied/{field}/{at}"), number, report);
            return list.iter().enumerate().filter_map(of).collect();
        }
        let peer = self.world.spec.peers.iter().find(|(name, _)| name.as_str() == default);
        if let Some((_, peer)) = peer {
            return vec![Side::Peer(peer)];
        }
        if let Some(object) = self.world.stream.object(object) {
            let message = format!("{meaning}, and no peer `{default}` is declared");
            let remedy = format!(
                "declare `{default}` under `peers`, name who it is in `implied: {{{field}: […]}}`, or write an empty list there"
            );
            report.record_once(vec![Finding::new(&rules::NO_PEER, object.at(""), message, remedy)]);
        }
        Vec::new()
    }

    /// The workloads with a policy behind ports of a Service, each with what these are in its pods.
    fn behind(&self, service: &Object<'a>, wanted: &dyn Fn(&services::Port, i128) -> bool) -> Vec<(usize, Vec<Span>)> {
        let facts = self.world.facts;
        let Some(selection) = facts.selections().of_object(service.id()) else { return Vec::new() };
        let pods = facts.selections().pods(facts, selection, Near::Certain).iter();
        let of = |&pod: &usize| {
            let pod = facts.pods().get(pod)?;
            let number = self.world.number(pod.object).filter(|&number| self.has_policy(number))?;
            let one = self.world.workloads.get(number)?;
            let ports = services::ports(service);
            let spans = ports.iter().filter_map(|port| {
                let number = services::container_port(&port.target, &port.protocol, pod, &one.object)?;
                let port = Some(port).filter(|port| wanted(port, number))?;
                Some(Span::one(Protocol::of(&port.protocol)?, u16::try_from(number).ok()?))
            });
            Some((number, spans.collect()))
        };
        pods.filter_map(of).collect()
    }

    pub(super) fn has_policy(&self, number: usize) -> bool {
        self.world.workloads.get(number).is_some_and(|one| one.is_target && !one.uses_host_network)
    }

    /// From the other side to a workload that gets a policy.
    pub(super) fn reach(&mut self, whom: Whom, by: ObjectId, number: usize, ports: &[Span], report: &mut Report) {
        if ports.is_empty() || !self.has_policy(number) {
            return;
        }
        for from in self.whom(whom, by, number, report) {
            self.links.push(Link::new(from, Side::Workload(number), ports.to_vec()));
        }
    }

    fn routes(&mut self, report: &mut Report) {
        for entry in self.world.facts.entries() {
            let Some(service) = self.world.stream.object(entry.service) else { continue };
            for (number, spans) in self.behind(&service, &|port, number| entry.is_by(port, number)) {
                if spans.is_empty() {
                    let why = format!("it sends to {}, by a port that does not lead to the pods", service.reference());
                    let remedy = "correct the port of the route, or the `targetPort` of the Service";
                    self.say_closed(entry.object, &entry.pointer, number, (&why, remedy), report);
                }
                self.reach(Whom::Routes, entry.object, number, &spans, report);
            }
        }
    }

    fn webhooks(&mut self, report: &mut Report) {
        let facts = self.world.facts;
        let calls = |group: &str| {
            matches!(group, "admissionregistration.k8s.io" | "apiregistration.k8s.io" | "apiextensions.k8s.io")
        };
        for reference in facts.references().all().iter().filter(|reference| reference.is_to("Service")) {
            let Some(object) = self.world.stream.object(reference.object).filter(|one| calls(&one.group())) else {
                continue;
            };
            let Some(service) = facts.referent_of(reference) else { continue };
            let around = reference.pointer.rsplit_once('/').map_or("", |(around, _)| around);
            let beside = object.root().at_pointer(around).and_then(|around| integer(around.get("port")?));
            let wanted = beside.unwrap_or(443);
            for (number, spans) in self.behind(&service, &|port, _| port.port == wanted) {
                self.reach(Whom::Webhooks, reference.object, number, &spans, report);
            }
        }
    }

    /// What is open to the outside by itself: to those who are named for it; else it is said where nobody from outside
    /// may come in.
    fn openings(&mut self, declared: &[Link<'a>], report: &mut Report) {
        let world = self.world;
        let is_named = world.spec.implied.clients.is_some()
            || world.spec.peers.keys().any(|name| name.as_str() == Whom::Clients.words().1);
        for opening in world.facts.openings() {
            let Some(object) = world.stream.object(opening.object) else { continue };
            let behind = match &opening.port {
                None => self.behind(&object, &|_, _| true),
                Some((port, protocol)) => {
                    let span = || Some(Span::one(Protocol::of(protocol)?, u16::try_from(*port).ok()?));
                    let number = world.number(opening.object).filter(|&number| self.has_policy(number));
                    number.map(|number| (number, span().into_iter().collect())).into_iter().collect()
                }
            };
            for (number, spans) in behind {
                if is_named {
                    self.reach(Whom::Clients, opening.object, number, &spans, report);
                    continue;
                }
                let is_outside = |link: &Link<'a>| {
                    let is_addresses = matches!(link.from, Side::Peer(peer) if !peer.ip_blocks.is_empty());
                    is_addresses && matches!(link.to, Side::Workload(to) if to == number)
                };
                if !declared.iter().chain(&self.links).any(is_outside) {
                    let remedy = "declare who they come from as a peer `clients`, with `ipBlocks`, or write `implied: \
                                  {clients: []}` if nobody shall come in";
                    self.say_closed(opening.object, &opening.pointer, number, (&opening.why, remedy), report);
                }
            }
        }
    }

    fn say_closed(&self, by: ObjectId, pointer: &str, number: usize, says: (&str, &'static str), report: &mut Report) {
        let (Some(by), Some(one)) = (self.world.stream.object(by), self.world.workloads.get(number)) else { return };
        let (why, remedy) = says;
        let message = format!("{why}, and no edge lets requests from outside reach {}", one.object.reference());
        report.record_once(vec![Finding::new(&rules::EXPOSED_CLOSED, by.at(pointer), message, remedy)]);
    }

    fn agents(&mut self, report: &mut Report) {
        for (number, one) in self.world.workloads.iter().enumerate() {
            let is_asked = one.pod.annotation(&one.object, AGENT).and_then(|value| go_bool(&value)) == Some(true);
            if !is_asked || !one.is_target || one.uses_host_network {
                continue;
            }
            for to in self.whom(Whom::Vault, one.object.id(), number, report) {
                let is_silent = matches!(to, Side::Peer(peer) if peer.ports.is_empty());
                let ports = match is_silent {
                    true => Some(vec![Span::one(Protocol::Tcp, VAULT_PORT)]),
                    false => self.world.ports(to, &[], "/implied/vault", report),
                };
                self.links.extend(ports.map(|ports| Link::new(Side::Workload(number), to, ports)));
            }
        }
    }

    /// A migration connects to what its program connects to: it runs with the same settings. One that an edge names has
    /// the edges that are declared.
    fn migrations(&mut self, declared: &[Link<'a>]) {
        for (number, job) in self.world.workloads.iter().enumerate().filter(|(_, one)| one.is_target) {
            let Some(program) = job.program else { continue };
            let is = |side: Side<'_>, wanted: usize| matches!(side, Side::Workload(number) if number == wanted);
            if declared.iter().any(|link| is(link.from, number)) {
                continue;
            }
            let own = declared.iter().chain(&self.links);
            let own = own.filter(|link| is(link.from, program));
            let copies: Vec<Link<'a>> = own.map(|link| Link { from: Side::Workload(number), ..link.clone() }).collect();
            self.links.extend(copies);
        }
    }
}
