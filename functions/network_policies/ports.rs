//! Ports of edges: what the config names, looked for in the pods.

use super::rules;
use super::topology::{Side, Workload, World};
use super::values::{Port, Protocol, Span};
use krmor_core::facts::services;
use krmor_core::report::{Place, Report};
use krmor_core::values::integer;
use krmor_yaml::Node;

impl World<'_> {
    /// The ports of an edge to a side; what cannot be is reported.
    pub(super) fn ports(&self, to: Side<'_>, asked: &[Port], pointer: &str, report: &mut Report) -> Option<Vec<Span>> {
        let (asked, own) = match to {
            Side::Peer(peer) if asked.is_empty() => (peer.ports.as_slice(), None),
            Side::Peer(_) => (asked, None),
            Side::Workload(number) => (asked, Some(self.workloads.get(number)?)),
        };
        if asked.contains(&Port::Any) {
            return Some(Vec::new());
        }
        let known = own.map(|one| self.known_ports(one)).unwrap_or_default();
        if asked.is_empty() {
            let spans: Vec<Span> = known.iter().filter(|port| port.is_container).map(|port| port.span).collect();
            if spans.is_empty() {
                let (message, remedy) = match own {
                    Some(one) => (
                        format!("{} declares no port", one.object.reference()),
                        "write `ports` here, or declare the ports in the container",
                    ),
                    None => (
                        "nothing says on which ports the peer is reached".to_owned(),
                        "write `ports`, or `ports: [any]`",
                    ),
                };
                report.add(&rules::NO_PORT, Place::Config(pointer.to_owned()), message, remedy);
                return None;
            }
            return Some(merged(spans));
        }
        let mut spans = Vec::new();
        for (at, port) in asked.iter().enumerate() {
            let pointer = format!("{pointer}/ports/{at}");
            match (port, own) {
                (Port::Any, _) => {}
                (&Port::Range(protocol, first, last), None) => spans.push(Span { protocol, first, last }),
                (Port::Name(name, _), None) => {
                    let message =
                        format!("`{name}` is the name of a port, and the pods of a peer are not here to be asked");
                    report.add(&rules::NO_PORT, Place::Config(pointer), message, "write its number");
                    return None;
                }
                (&Port::Range(protocol, first, last), Some(one)) => {
                    let span = Span { protocol, first, last };
                    let within = |port: &Known| {
                        port.span.protocol == protocol && first <= port.span.first && port.span.last <= last
                    };
                    if !known.iter().any(within) {
                        self.refuse_port(one, &format!("{}", Shown(span)), &known, Some(span), pointer, report);
                        return None;
                    }
                    spans.push(span);
                }
                (Port::Name(name, protocol), Some(one)) => {
                    let is_it = |port: &&Known| {
                        port.names.contains(name) && protocol.is_none_or(|protocol| port.span.protocol == protocol)
                    };
                    // A container's name for a port goes before a Service's, which may be another port.
                    let by_container = |port: &&Known| port.own_names.contains(name);
                    let own: Vec<Span> =
                        known.iter().filter(is_it).filter(by_container).map(|port| port.span).collect();
                    let all = || known.iter().filter(is_it).map(|port| port.span).collect();
                    let found: Vec<Span> = if own.is_empty() { all() } else { own };
                    if found.is_empty() {
                        self.refuse_port(one, name, &known, None, pointer, report);
                        return None;
                    }
                    spans.extend(found);
                }
            }
        }
        Some(merged(spans))
    }

    fn refuse_port(
        &self,
        one: &Workload<'_>,
        asked: &str,
        known: &[Known],
        span: Option<Span>,
        pointer: String,
        report: &mut Report,
    ) {
        let behind = span.and_then(|span| {
            let services = self.facts.selections().services_of(self.stream, one.pod);
            let ports =
                services.into_iter().filter_map(|id| self.stream.object(id)).flat_map(|one| services::ports(&one));
            let mut ports = ports.filter(|port| port.port == i128::from(span.first) && span.first == span.last);
            ports.find_map(|port| services::container_port(&port.target, &port.protocol, one.pod, &one.object))
        });
        let own: Vec<String> = known.iter().map(|port| Shown(port.span).to_string()).collect();
        let (message, remedy) = match behind {
            Some(port) => (
                format!("{asked} is the port of a Service; the pods of {} listen on {port}", one.object.reference()),
                format!("write {port}: a NetworkPolicy is about the ports of pods"),
            ),
            None => (
                format!("{} has no port {asked}", one.object.reference()),
                if own.is_empty() {
                    "declare the port in the container".to_owned()
                } else {
                    let own = krmor_core::text::few(own.len(), &mut own.iter().cloned(), ", ");
                    format!("it has {own}: write one of them, or declare the port in the container")
                },
            ),
        };
        report.add(&rules::NO_PORT, Place::Config(pointer), message, remedy);
    }

    /// The ports that the containers declare, and those that Services send to.
    fn known_ports(&self, one: &Workload<'_>) -> Vec<Known> {
        let mut found: Vec<Known> = Vec::new();
        let mut add = |protocol: Option<Protocol>, port: i128, name: String, is_container: bool| {
            let (Some(protocol), Ok(port)) = (protocol, u16::try_from(port)) else { return };
            let span = Span::one(protocol, port);
            let at = found.iter().position(|known| known.span == span).unwrap_or_else(|| {
                found.push(Known { span, names: Vec::new(), own_names: Vec::new(), is_container: false });
                found.len() - 1
            });
            if let Some(known) = found.get_mut(at) {
                known.add(name, is_container);
            }
        };
        for port in services::declared_ports(one.pod, &one.object) {
            let text = |key: &str| port.get(key).and_then(Node::as_str);
            let protocol = Protocol::of(&text("protocol").unwrap_or("TCP".into()));
            let name = text("name").unwrap_or_default().into_owned();
            if let Some(number) = port.get("containerPort").and_then(integer) {
                add(protocol, number, name, true);
            }
        }
        let services = self.facts.selections().services_of(self.stream, one.pod);
        for service in services.into_iter().filter_map(|id| self.stream.object(id)) {
            for port in services::ports(&service) {
                if let Some(number) = services::container_port(&port.target, &port.protocol, one.pod, &one.object) {
                    add(Protocol::of(&port.protocol), number, port.name, false);
                }
            }
        }
        found
    }
}

/// A port that the pods have.
struct Known {
    span: Span,
    names: Vec<String>,
    /// Those that a container gives it.
    own_names: Vec<String>,
    /// A container declares it; else only a Service sends to it.
    is_container: bool,
}

impl Known {
    fn add(&mut self, name: String, is_container: bool) {
        self.is_container |= is_container;
        if is_container {
            self.own_names.push(name.clone());
        }
        self.names.push(name);
    }
}

/// A span as people write it.
struct Shown(Span);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Span { protocol, first, last } = self.0;
        match first == last {
            true => write!(f, "{first}")?,
            false => write!(f, "{first}-{last}")?,
        }
        if protocol == Protocol::Tcp { Ok(()) } else { write!(f, "/{}", protocol.name()) }
    }
}

fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    spans.dedup();
    spans
}
