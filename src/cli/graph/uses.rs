//! Whom programs connect to by their settings: variables, words of commands, mounted files.
//!
//! The text of a Secret is read for the host and port of a Service of the stream; nothing else of it is kept.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use super::policies::State;
use super::topology::{Called, End, Topology, Use, Verdict};
use crate::facts::services;
use crate::facts::{Near, in_namespace, share_namespace};
use crate::functions::network_policies::values::Protocol;
use crate::functions::network_policies::values::Span;
use crate::stream::Object;
use crate::text::plain;
use krmor_core::addresses::{self, Address};
use krmor_core::secret_names;
use krmor_core::texts::{Reader, Stands, Text};

/// The group of CloudNativePG, and the port of its clusters.
const CLOUD_NATIVE_PG: &str = "postgresql.cnpg.io";
const POSTGRES: u16 = 5432;

/// Why something that was seen proves no edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// A host outside of the cluster; none where a Secret names it.
    Outside(Option<String>),
    /// An address that may be anything's in the cluster or around it.
    Private(String),
    /// A Service of a namespace that the stream does not have.
    Elsewhere { service: String, namespace: String },
    /// The stream has no such Service.
    NoService(String),
    /// A Service without pods of the stream.
    NoPods(String),
    /// A Service that sends to more workloads than are named.
    Many(String),
    /// A Service that does not have the port.
    NoPort { service: String, port: Option<u16> },
    /// The host of a route of the stream.
    OwnHost { host: String, entry: String },
    /// The Secret is made by this, and says it only in the cluster.
    Made { secret: String, by: String },
    /// A Service, under a name of what is listened at or only compared with.
    Compared(String),
}

/// Something that was seen, and proves no edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub(super) from: usize,
    pub(super) by: String,
    pub(super) port: Option<u16>,
    pub(super) why: Why,
}

/// What the settings say beside connections between workloads of the stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Learned {
    /// Public addresses, with who connects, the port, and where that is said.
    pub(super) addresses: BTreeMap<(usize, IpAddr, u16), BTreeSet<String>>,
    /// Clusters of CloudNativePG, by name.
    pub(super) clusters: BTreeMap<(usize, Called), BTreeSet<String>>,
    pub(super) seen: BTreeSet<Seen>,
}

/// By who connects, to whom, by which Service and to which port: the port of the Service, and where it is named.
type Uses = BTreeMap<(usize, usize, usize, Span), (Option<usize>, BTreeSet<String>)>;

/// Reads the settings of every workload.
pub(super) fn read(topology: &mut Topology<'_>, state: &State) {
    let mut all = Uses::new();
    let mut learned = Learned::default();
    let hosts: BTreeMap<String, String> = topology
        .entries
        .iter()
        .flat_map(|one| one.hosts.iter().map(|host| (host.to_ascii_lowercase(), one.called.title())))
        .collect();
    for (from, one) in topology.workloads.iter().enumerate() {
        let Some(object) = topology.stream().object(one.object) else { continue };
        for number in topology.facts.pods_of(one.object) {
            let Some(pod) = topology.facts.pods().get(number) else { continue };
            for container in pod.containers(&object) {
                let Some(node) = container.node(&object) else { continue };
                let spec = pod.spec_node(&object).unwrap_or(node);
                let reader = Reader { workload: object, pointer: container.pointer, container: node, pod: spec };
                let texts = reader.texts(topology.stream());
                let mut finder =
                    Finder { topology, hosts: &hosts, from, object, uses: &mut all, learned: &mut learned };
                finder.texts(&texts);
            }
            secrets(topology, from, number, &object, &mut learned);
        }
    }
    let uses = all.into_iter().map(|((from, to, service, port), (service_port, by))| {
        let verdict = if from == to { Verdict::Open } else { state.verdict(topology, from, to, port) };
        Use { from, to, service, service_port, port, by, verdict }
    });
    let uses: Vec<Use> = uses.collect();
    topology.uses = uses;
    topology.learned = learned;
}

/// Databases of which a workload reads the Secret.
fn secrets(topology: &Topology<'_>, from: usize, pod: usize, object: &Object<'_>, learned: &mut Learned) {
    let facts = topology.facts;
    for reference in facts.references().of_pod(pod).filter(|one| one.is_to("Secret")) {
        for maker in facts.makers_of(reference, Near::Certain) {
            let Some(by) = maker.object.and_then(|id| facts.stream().object(id)) else { continue };
            let secret = plain(&reference.name).into_owned();
            if by.group() == CLOUD_NATIVE_PG && share_namespace(&by, object) {
                let from_where = format!("Secret {secret}, which {} makes", Called::of(&by).title());
                learned.clusters.entry((from, Called::of(&by))).or_default().insert(from_where);
            } else if by.root().find(&["spec", "writeConnectionSecretToRef"]).is_some() {
                let why = Why::Made { secret: secret.clone(), by: Called::of(&by).title() };
                learned.seen.insert(Seen { from, by: format!("Secret {secret}"), port: None, why });
            }
        }
    }
}

struct Finder<'f, 'a> {
    topology: &'f Topology<'a>,
    hosts: &'f BTreeMap<String, String>,
    from: usize,
    object: Object<'a>,
    uses: &'f mut Uses,
    learned: &'f mut Learned,
}

impl Finder<'_, '_> {
    fn texts(&mut self, texts: &[Text<'_>]) {
        // Variables and options by their names: where a port may stand.
        let mut told: BTreeMap<(bool, &str), &str> = BTreeMap::new();
        for text in texts {
            match text.stands {
                Stands::Variable => _ = told.insert((true, &text.key), &text.content),
                Stands::Word => {
                    let own = text.content.split_once('=').filter(|(key, _)| key.starts_with('-'));
                    let before = Some((text.key.as_str(), &*text.content)).filter(|(key, _)| !key.is_empty());
                    told.extend(before.into_iter().chain(own).map(|(key, value)| ((false, key), value)));
                }
                Stands::File => {}
            }
        }
        for text in texts {
            let is_variable = text.stands == Stands::Variable;
            let mut seen = HashSet::new();
            for mut address in text.addresses() {
                if address.port.is_none() && address.scheme.is_empty() && (!is_variable || address.key == text.key) {
                    let beside = addresses::port_beside(&address.key);
                    let port = beside.and_then(|name| told.get(&(is_variable, name.as_str()))?.trim().parse().ok());
                    address.port = port.filter(|port| *port > 0);
                }
                if seen.insert((address.host.clone(), address.port, text.only_compares(&address))) {
                    self.address(text, &address);
                }
            }
        }
    }

    fn address(&mut self, text: &Text<'_>, address: &Address) {
        let host = address.host.as_str();
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.ip(text, address, ip);
        }
        if host == "localhost" || host.ends_with(".localhost") {
            return;
        }
        let meant = services::meant_by(host);
        for (name, namespace) in &meant {
            let Some(service) = self.service(name, *namespace) else { continue };
            return match text.only_compares(address) {
                true => self.compared(text, address, service),
                false => self.reach_service(text, address, service),
            };
        }
        if text.only_compares(address) {
            return;
        }
        for (name, namespace) in &meant {
            let makers = self.topology.facts.makers().named("Service", name).filter(|maker| !maker.made.stands);
            let made =
                makers.filter_map(|maker| self.topology.stream().object(maker.object?)).find(|by| match namespace {
                    Some(namespace) => in_namespace(by, namespace),
                    None => share_namespace(by, &self.object),
                });
            if let Some(by) = made {
                let called = Called::of(&by);
                match by.group() == CLOUD_NATIVE_PG && address.port.is_none_or(|port| port == POSTGRES) {
                    true => _ = self.learned.clusters.entry((self.from, called)).or_default().insert(self::by(text)),
                    false => self.see(text, address, Why::NoPods(format!("Service {name} of {}", called.title()))),
                }
                return;
            }
        }
        self.unknown(text, address, &meant);
    }

    /// What is no Service of the stream; what may be something else than a host is passed over.
    fn unknown(&mut self, text: &Text<'_>, address: &Address, meant: &[(&str, Option<&str>)]) {
        let is_named = addresses::is_host_name(&address.key);
        let is_link = addresses::is_address_name(&address.key);
        let is_url = addresses::usual_port(&address.scheme).is_some();
        let has_port = address.port.is_some() || !address.scheme.is_empty();
        let host = address.host.as_str();
        let is_plain = !host.contains('.');
        let in_cluster = host.split('.').nth(2) == Some("svc") || host.split('.').nth(3) == Some("svc");
        let is_meant = match text.stands {
            // A file is full of words and of URLs that nobody asks.
            _ if text.is_file() => in_cluster || is_link && has_port || is_named && !is_plain,
            Stands::Variable => is_named || is_url || has_port && (!is_plain || is_link),
            _ => is_named || is_url,
        };
        if !is_meant {
            return;
        }
        let is_hidden = is_hidden(text, address);
        let why = match (meant, self.hosts.get(host)) {
            _ if is_hidden => Why::Outside(None),
            (_, Some(entry)) => Why::OwnHost { host: host.to_owned(), entry: entry.clone() },
            ([(name, Some(namespace)), ..], None) if in_cluster => {
                Why::Elsewhere { service: (*name).to_owned(), namespace: (*namespace).to_owned() }
            }
            (_, None) if is_plain => Why::NoService(host.to_owned()),
            (_, None) => Why::Outside(Some(host.to_owned())),
        };
        self.see(text, address, why);
    }

    fn ip(&mut self, text: &Text<'_>, address: &Address, ip: IpAddr) {
        let is_hidden = is_hidden(text, address);
        let is_setting = text.stands == Stands::Variable || addresses::is_address_name(&address.key);
        if ip.is_loopback() || ip.is_unspecified() || !is_setting || text.only_compares(address) {
            return;
        }
        let port = address.port.or_else(|| addresses::usual_port(&address.scheme));
        match (is_public(ip), port) {
            _ if is_hidden => self.see(text, address, Why::Outside(None)),
            (true, Some(port)) => {
                self.learned.addresses.entry((self.from, ip, port)).or_default().insert(by(text));
            }
            _ => self.see(text, address, Why::Private(ip.to_string())),
        }
    }

    /// The number of the Service of that name.
    fn service(&self, name: &str, namespace: Option<&str>) -> Option<usize> {
        let mut named = self.topology.stream().named("", "Service", name).filter(|service| {
            service.name() == name
                && match namespace {
                    Some(namespace) => in_namespace(service, namespace),
                    None => share_namespace(service, &self.object),
                }
        });
        named.find_map(|service| self.topology.service_of.get(&service.id()).copied())
    }

    fn reach_service(&mut self, text: &Text<'_>, address: &Address, number: usize) {
        let topology = self.topology;
        let Some(service) = topology.services.get(number) else { return };
        let title = service.called.title();
        if service.sort == "ExternalName" {
            let object = topology.stream().object(service.object);
            let host =
                object.and_then(|object| Some(object.root().find(&["spec", "externalName"])?.as_str()?.into_owned()));
            return self.see(text, address, Why::Outside(host.map(|host| plain(&host).into_owned())));
        }
        if service.targets.is_empty() {
            return self.see(text, address, Why::NoPods(title));
        }
        let targets: Vec<usize> = service
            .targets
            .iter()
            .filter_map(|end| if let End::Workload(at) = end { Some(*at) } else { None })
            .collect();
        if targets.is_empty() {
            return self.see(text, address, Why::Many(title));
        }
        let at = |wanted: u16| service.ports.iter().position(|port| port.own.first == wanted);
        let usual = addresses::usual_port(&address.scheme).filter(|port| at(*port).is_some());
        let only = || service.ports.first().filter(|_| service.ports.len() == 1).map(|port| port.own.first);
        let Some(port) = address.port.or(usual).or_else(only) else {
            return self.see(text, address, Why::NoPort { service: title, port: None });
        };
        let mut is_there = false;
        for to in targets {
            let spans = match at(port).and_then(|at| service.ports.get(at)) {
                Some(own) => topology.pod_ports(service, own, to),
                // Clients of a headless Service may use any port that the pods have.
                None if service.is_headless => {
                    let own = topology.workloads.get(to).map_or(&[][..], |one| &one.ports);
                    let wanted = Span::one(Protocol::Tcp, port);
                    own.iter().any(|(_, span)| *span == wanted).then_some(wanted).into_iter().collect()
                }
                None => Vec::new(),
            };
            for span in spans {
                is_there = true;
                let entry =
                    self.uses.entry((self.from, to, number, span)).or_insert_with(|| (at(port), BTreeSet::new()));
                entry.1.insert(by(text));
            }
        }
        if !is_there {
            self.see(text, address, Why::NoPort { service: title, port: Some(port) });
        }
    }

    /// A Service that is listened at or only compared with, as the name has it: one's own is nothing to tell of.
    fn compared(&mut self, text: &Text<'_>, address: &Address, number: usize) {
        let Some(service) = self.topology.services.get(number) else { return };
        if service.targets.iter().any(|end| *end != End::Workload(self.from)) {
            self.see(text, address, Why::Compared(service.called.title()));
        }
    }

    fn see(&mut self, text: &Text<'_>, address: &Address, why: Why) {
        let port = address.port.or_else(|| addresses::usual_port(&address.scheme));
        let port = port.filter(|_| why != Why::Outside(None));
        self.learned.seen.insert(Seen { from: self.from, by: by(text), port, why });
    }
}

/// Where a text stands, in words; never what it says.
fn by(text: &Text<'_>) -> String {
    let words = match (&text.origin, text.stands) {
        (Some(origin), Stands::File) => format!("the file {} of {} {}", origin.key, origin.kind, origin.name),
        (Some(origin), _) if origin.key == text.key => format!("{} of {} {}", text.key, origin.kind, origin.name),
        (Some(origin), _) => format!("{} by {} of {} {}", text.key, origin.key, origin.kind, origin.name),
        (None, Stands::Variable) => text.key.clone(),
        (None, _) => "its command".to_owned(),
    };
    plain(&words).replace(['\n', '\r'], " ")
}

/// Whether the host may be a secret, or part of one.
fn is_hidden(text: &Text<'_>, address: &Address) -> bool {
    text.is_secret || [&text.key, &address.key].into_iter().any(|name| secret_names::promise(name).is_some())
}

/// Whether an address is of nobody's own network: those can be addresses of Services, which policies do not see.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            !(ip.is_private()
                || ip.is_link_local()
                || ip.is_multicast()
                || ip.is_broadcast()
                || is_shared
                || a >= 240
                || a == 0)
        }
        IpAddr::V6(ip) => ip.segments().first().is_some_and(|first| (0x2000..0x4000).contains(first)),
    }
}
