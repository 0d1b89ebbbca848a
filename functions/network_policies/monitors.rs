//! Edges that ServiceMonitors and PodMonitors imply: from who scrapes to the ports that the Prometheus operator lets it scrape.
//!
//! What the operator generates (`promcfg.go`) keeps the targets of the discovery of Prometheus by labels. `port` is the name
//! of a Service's port, in a PodMonitor of a container's; `targetPort` and `portNumber` are the name or number of a port that
//! a container declares, whether the Service has it or not. Without any, all ports of the Service and of the containers are
//! scraped.

use super::implied::{Finder, Whom};
use super::rules;
use super::values::{Protocol, Span};
use krmor_core::facts::Near;
use krmor_core::facts::selections::By;
use krmor_core::facts::services::{self, Target};
use krmor_core::pods::Pod;
use krmor_core::report::{Finding, Report};
use krmor_core::stream::Object;
use krmor_core::values::integer;
use krmor_yaml::Node;

/// Which ports an endpoint of a monitor means.
enum Wanted {
    All,
    /// The Service's port of that name.
    OfService(String),
    /// A port that a container declares.
    OfContainer(Target),
}

/// An endpoint of a monitor.
struct Endpoint {
    wanted: Wanted,
    /// The field that says so, from the object's root; else the endpoint.
    pointer: String,
    /// Its relabelings write the address that is scraped.
    is_rewritten: bool,
    /// Whether it has been found in any pod.
    is_found: bool,
}

impl Endpoint {
    fn of(by: By, pointer: &str, node: Node<'_>) -> Self {
        let named = node.get("port").and_then(Node::as_str).filter(|name| !name.is_empty());
        let target = |field: &'static str| Some((field, target_of(node.get(field)?)?));
        let (field, wanted) = match (named, by) {
            (Some(name), By::ServiceMonitor) => (Some("port"), Wanted::OfService(name.into_owned())),
            (Some(name), _) => (Some("port"), Wanted::OfContainer(Target::Name(name.into_owned()))),
            (None, _) => {
                let number = if by == By::PodMonitor { target("portNumber") } else { None };
                match number.or_else(|| target("targetPort")) {
                    Some((field, target)) => (Some(field), Wanted::OfContainer(target)),
                    None => (None, Wanted::All),
                }
            }
        };
        let pointer = field.map_or_else(|| pointer.to_owned(), |field| format!("{pointer}/{field}"));
        let mut relabelings = node.get("relabelings").into_iter().flat_map(Node::items);
        let is_address =
            |one: Node<'_>| one.get("targetLabel").and_then(Node::as_str).is_some_and(|label| label == "__address__");
        Self { wanted, pointer, is_rewritten: relabelings.any(is_address), is_found: false }
    }

    /// The ports of a pod that it lets Prometheus scrape, which speaks TCP only.
    fn spans(&self, pod: &Pod, workload: &Object<'_>, service: Option<&Object<'_>>) -> Vec<Span> {
        let of_service = |is_it: &dyn Fn(&services::Port) -> bool| {
            let ports = service.map(services::ports).unwrap_or_default();
            let ports = ports.into_iter().filter(|port| port.protocol == Protocol::Tcp.name() && is_it(port));
            ports
                .filter_map(|port| services::container_port(&port.target, &port.protocol, pod, workload))
                .collect::<Vec<_>>()
        };
        let numbers = match &self.wanted {
            Wanted::All => [of_service(&|_| true), declared(pod, workload, |_, _| true)].concat(),
            Wanted::OfService(name) => of_service(&|port| port.name == *name),
            Wanted::OfContainer(Target::Name(name)) => declared(pod, workload, |own, _| own == name),
            Wanted::OfContainer(Target::Number(number)) => declared(pod, workload, |_, own| own == *number),
        };
        numbers.into_iter().filter_map(|port| Some(Span::one(Protocol::Tcp, u16::try_from(port).ok()?))).collect()
    }

    /// Why it means no port of the pods, and what to do.
    fn missing(&self) -> (String, &'static str) {
        match &self.wanted {
            Wanted::OfService(name) => (
                format!("no Service that it selects sends to the pods by a TCP port `{name}`"),
                "name a port of the Service, or add it there",
            ),
            Wanted::OfContainer(Target::Name(name)) => (
                format!("no container of the pods declares a TCP port `{name}`"),
                "name a port of the containers, or declare it there",
            ),
            Wanted::OfContainer(Target::Number(number)) => (
                format!("no container of the pods declares the TCP port {number}"),
                "name a port of the containers, or declare it there",
            ),
            Wanted::All => (
                "it names no port, and the containers of the pods declare none".to_owned(),
                "declare the port in the container, and name it here",
            ),
        }
    }
}

impl Finder<'_, '_> {
    pub(super) fn monitors(&mut self, report: &mut Report) {
        if self.world.spec.implied.monitors.as_ref().is_some_and(Vec::is_empty) {
            return;
        }
        let facts = self.world.facts;
        for (by, list) in [(By::ServiceMonitor, "endpoints"), (By::PodMonitor, "podMetricsEndpoints")] {
            for selection in facts.selections().all(by) {
                let Some(monitor) = self.world.stream.object(selection.object) else { continue };
                let endpoints = monitor.root().find(&["spec", list]).into_iter().flat_map(Node::items).enumerate();
                let of = |(at, node): (usize, Node<'_>)| Endpoint::of(by, &format!("/spec/{list}/{at}"), node);
                let mut endpoints: Vec<Endpoint> = endpoints.map(of).collect();
                let (mut seen, mut scraped) = (false, Vec::new());
                let mut look = |pods: &[usize], service: Option<&Object<'_>>| {
                    for pod in pods.iter().filter_map(|&pod| facts.pods().get(pod)) {
                        let Some(number) = self.world.number(pod.object).filter(|&at| self.has_policy(at)) else {
                            continue;
                        };
                        let Some(one) = self.world.workloads.get(number) else { continue };
                        seen = true;
                        let mut spans: Vec<Span> = Vec::new();
                        for endpoint in &mut endpoints {
                            let found = endpoint.spans(pod, &one.object, service);
                            endpoint.is_found |= !found.is_empty();
                            spans.extend(found);
                        }
                        spans.sort_unstable();
                        spans.dedup();
                        scraped.push((number, spans));
                    }
                };
                if by == By::PodMonitor {
                    look(facts.selections().pods(facts, selection, Near::Certain), None);
                } else {
                    for &service in facts.selections().services(facts, selection, Near::Certain) {
                        let Some(service) = self.world.stream.object(service) else { continue };
                        let Some(behind) = facts.selections().of_object(service.id()) else { continue };
                        look(facts.selections().pods(facts, behind, Near::Certain), Some(&service));
                    }
                }
                for (number, spans) in scraped {
                    self.reach(Whom::Monitors, selection.object, number, &spans, report);
                }
                for endpoint in endpoints.iter().filter(|_| seen) {
                    let (message, remedy) = match (endpoint.is_rewritten, endpoint.is_found) {
                        (true, _) => (
                            "its relabelings write `__address__`, so the port that is scraped is not known".to_owned(),
                            "declare the edge under `edges`, and allow this by an exception",
                        ),
                        (false, false) => endpoint.missing(),
                        (false, true) => continue,
                    };
                    let message = format!("{message}: no edge lets Prometheus in for it");
                    let place = monitor.at(&endpoint.pointer);
                    report.record_once(vec![Finding::new(&rules::SCRAPE_CLOSED, place, message, remedy)]);
                }
            }
        }
    }
}

/// The TCP ports that containers declare.
fn declared(pod: &Pod, workload: &Object<'_>, is_it: impl Fn(&str, i128) -> bool) -> Vec<i128> {
    let containers = pod.containers(workload);
    let ports = containers.iter().filter_map(|container| container.node(workload)?.get("ports")).flat_map(Node::items);
    let ports = ports.filter_map(|port| {
        let text = |key: &str| port.get(key).and_then(Node::as_str);
        let number = integer(port.get("containerPort")?)?;
        let is_tcp = text("protocol").is_none_or(|protocol| protocol == Protocol::Tcp.name());
        (is_tcp && is_it(&text("name").unwrap_or_default(), number)).then_some(number)
    });
    ports.collect()
}

/// A name or number; none for those that are empty, which the operator passes over.
fn target_of(node: Node<'_>) -> Option<Target> {
    match integer(node) {
        Some(number) => Some(Target::Number(number)).filter(|_| number != 0),
        None => node.as_str().filter(|name| !name.is_empty()).map(|name| Target::Name(name.into_owned())),
    }
}
