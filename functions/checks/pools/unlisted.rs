//! `pools/unlisted`: whoever connects to the database of a pool must be in its sum.
//!
//! The stream tells who that is: settings that name the database, as those of a client do, and NetworkPolicies.

use std::collections::BTreeSet;

use super::super::final_stream::{FinalStream, PodHere};
use super::super::findings::{Findings, Found};
use super::super::spec::Pool;
use super::super::values::Number;
use super::path;
use krmor_core::addresses::Address;
use krmor_core::facts::selections::By;
use krmor_core::facts::{Near, in_namespace, services, share_namespace};
use krmor_core::labels::LabelSelector;
use krmor_core::pods::Role;
use krmor_core::stream::Object;
use krmor_core::target::{Matcher, Selector};
use krmor_core::texts::{Reader, Stands};
use krmor_yaml::{Node, escape_token};

/// Schemes of databases, and their ports: without a server in the stream these tell its address from others.
const SCHEMES: [&str; 8] = ["postgres", "postgresql", "postgis", "mysql", "mysql2", "mariadb", "mongodb", "sqlserver"];
const PORTS: [u16; 6] = [1433, 1521, 3306, 5432, 6432, 27017];

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    if world.spec.pools.is_empty() {
        return;
    }
    let settings: Vec<Settings> = world.pods.iter().map(|pod| Settings::of(world, pod)).collect();
    for (name, pool) in &world.spec.pools {
        let clients: BTreeSet<usize> =
            pool.clients.values().flat_map(|client| matching(world, &client.target)).collect();
        let servers = pool.server.iter().flat_map(|server| matching(world, &server.target)).collect();
        let known =
            Known { world, pool, settings: &settings, admitted: admitted(world, &clients, &servers), clients, servers };
        for (number, pod) in world.pods.iter().enumerate() {
            // Jobs are what `reserve` is for.
            let is_reserved = pool.reserve > 0 && pod.pod.runs_to_completion(&pod.object);
            if is_reserved || known.clients.contains(&number) || known.servers.contains(&number) {
                continue;
            }
            let Some(why) = known.why(number, pod) else { continue };
            let list = path(&format!("/pools/{}/clients", escape_token(name)));
            findings.add(Found {
                object: pod.object,
                container: None,
                pointer: pod.pod.spec.clone(),
                name: name.clone(),
                message: format!(
                    "{} connects to the database of {list} and is not in the sum: {why}",
                    pod.object.reference()
                ),
                remedy: "name it under `clients` with the size of its pool".to_owned(),
            });
        }
    }
}

/// The numbers of the pods that a target selects.
fn matching(world: &FinalStream<'_>, target: &Selector) -> Vec<usize> {
    let Ok(matcher) = Matcher::new(target, "") else { return Vec::new() };
    let matcher = matcher.with_previous();
    let is_it = |(_, pod): &(usize, &PodHere<'_>)| matcher.matches(&pod.object);
    world.pods.iter().enumerate().filter(is_it).map(|(number, _)| number).collect()
}

/// What the programs of a pod read that run with it.
struct Settings {
    variables: BTreeSet<String>,
    /// What an address is called, and the address.
    addresses: Vec<(String, Address)>,
}

impl Settings {
    fn of(world: &FinalStream<'_>, pod: &PodHere<'_>) -> Self {
        let mut own = Self { variables: BTreeSet::new(), addresses: Vec::new() };
        for container in pod.containers.iter().filter(|one| matches!(one.role, Role::Main | Role::Sidecar)) {
            let Some(node) = container.node(&pod.object) else { continue };
            let spec = pod.pod.spec_node(&pod.object).unwrap_or(node);
            let pointer = container.pointer.clone();
            for text in (Reader { workload: pod.object, pointer, container: node, pod: spec }).texts(world.stream) {
                if text.stands == Stands::Variable {
                    own.variables.insert(text.key.clone());
                }
                let found = text.addresses();
                for address in found.into_iter().filter(|address| !text.only_compares(address)) {
                    own.addresses.push((text.subject.clone(), address));
                }
            }
        }
        own
    }
}

/// What is known of the clients of a pool.
struct Known<'k, 'a> {
    world: &'k FinalStream<'a>,
    pool: &'k Pool,
    settings: &'k [Settings],
    clients: BTreeSet<usize>,
    servers: BTreeSet<usize>,
    /// Whom NetworkPolicies let in as they let a client in, and the name of the policy.
    admitted: Vec<(usize, String)>,
}

impl Known<'_, '_> {
    /// Why a pod is taken for one that connects to the database.
    fn why(&self, number: usize, pod: &PodHere<'_>) -> Option<String> {
        let own = self.settings.get(number)?;
        let size = self.sizes().find(|name| own.variables.contains(*name));
        let size_told = || size.map_or_else(String::new, |name| format!(", and `{name}` sizes a pool"));
        let named = own.addresses.iter().find_map(|(subject, address)| {
            let server =
                self.servers.iter().find_map(|at| leads_to(self.world, address, pod, self.world.pods.get(*at)?));
            Some((subject, server?))
        });
        if let Some((subject, service)) = named {
            return Some(format!("{subject} names {service}{}", size_told()));
        }
        let policy = self.admitted.iter().find(|(at, _)| *at == number);
        if let Some((_, policy)) = policy {
            return Some(format!("NetworkPolicy {policy} lets it in as it does a client{}", size_told()));
        }
        // Without a server in the stream the clients tell which database it is.
        let size = size.filter(|_| self.servers.is_empty())?;
        let is_of_client = |one: &Address| {
            let clients = self.clients.iter().filter_map(|at| self.settings.get(*at));
            clients
                .flat_map(|client| &client.addresses)
                .any(|(_, other)| (&one.host, one.port) == (&other.host, other.port))
        };
        let is_database = |one: &Address| {
            SCHEMES.contains(&one.scheme.as_str()) || one.port.is_some_and(|port| PORTS.contains(&port))
        };
        let (subject, _) = own.addresses.iter().find(|(_, one)| is_database(one) && is_of_client(one))?;
        Some(format!("{subject} has the address that a client has, and `{size}` sizes a pool"))
    }

    /// The variables that size the pools of clients.
    fn sizes(&self) -> impl Iterator<Item = &str> {
        let numbers = self.pool.clients.values().flat_map(|client| [&client.pool_size, &client.overflow]);
        numbers.filter_map(|number| if let Number::Env(from) = number { Some(from.env.as_str()) } else { None })
    }
}

/// The Service by which an address leads to the pods of the server.
fn leads_to(world: &FinalStream<'_>, address: &Address, from: &PodHere<'_>, server: &PodHere<'_>) -> Option<String> {
    let meant = services::meant_by(&address.host);
    let mut found = meant.iter().flat_map(|(name, namespace)| {
        let is_near = |service: &Object<'_>| match namespace {
            Some(namespace) => in_namespace(service, namespace),
            None => share_namespace(service, &from.object),
        };
        world.stream.named("", "Service", name).filter(is_near).collect::<Vec<_>>()
    });
    let service = found.find(|service| services::selects(service, &server.pod, &server.object))?;
    Some(service.reference().to_string())
}

/// The pods that NetworkPolicies of the servers name in a rule with the ports of one that names a client.
fn admitted(world: &FinalStream<'_>, clients: &BTreeSet<usize>, servers: &BTreeSet<usize>) -> Vec<(usize, String)> {
    let mut rules: Vec<(BTreeSet<usize>, String, String)> = Vec::new();
    for server in servers.iter().filter_map(|at| world.pods.get(*at)) {
        let labels = server.pod.all_labels(&server.object);
        let over = world.facts.selections().over(world.stream, By::Policy, &server.object, &labels, Near::Certain);
        for policy in over.into_iter().filter_map(|id| world.stream.object(id)) {
            for rule in policy.root().find(&["spec", "ingress"]).into_iter().flat_map(Node::items) {
                let ports = rule.get("ports").map(Node::json).unwrap_or_default();
                let peers = rule.get("from").into_iter().flat_map(Node::items);
                let pods = peers.flat_map(|peer| named(world, &policy, peer)).collect();
                rules.push((pods, ports, policy.name().into_owned()));
            }
        }
    }
    let is_for_clients = |ports: &str| {
        rules.iter().any(|(pods, other, _)| other == ports && pods.iter().any(|pod| clients.contains(pod)))
    };
    let found = rules.iter().filter(|(_, ports, _)| is_for_clients(ports));
    found.flat_map(|(pods, _, policy)| pods.iter().map(|pod| (*pod, policy.clone()))).collect()
}

/// The pods of the policy's namespace that a peer names by their labels; one for all pods names nobody.
fn named(world: &FinalStream<'_>, policy: &Object<'_>, peer: Node<'_>) -> Vec<usize> {
    let selector = peer.get("podSelector").filter(|_| peer.get("namespaceSelector").is_none());
    let Some(selector) = selector.and_then(LabelSelector::of).and_then(LabelSelector::filled) else {
        return Vec::new();
    };
    let is_it = |(_, pod): &(usize, &PodHere<'_>)| {
        share_namespace(policy, &pod.object) && selector.selects(&pod.pod.all_labels(&pod.object))
    };
    world.pods.iter().enumerate().filter(is_it).map(|(number, _)| number).collect()
}
