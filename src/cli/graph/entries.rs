//! What leads to Services from outside: Ingresses, Routes, routes and Gateways, ports of nodes, and what the API server calls.

use std::collections::{BTreeMap, BTreeSet};

use super::topology::{Called, End, Entry, Topology};
use crate::facts::gateways::GATEWAY;
use crate::facts::services;
use crate::stream::{Object, ObjectId};
use crate::text::plain;
use crate::values::integer;
use crate::yaml::Node;

/// Groups of objects by which the API server calls Services.
const CALLS: [&str; 3] = ["admissionregistration.k8s.io", "apiregistration.k8s.io", "apiextensions.k8s.io"];

/// How kinds end by which proxies bring requests to Services.
const BRINGS: [&str; 5] = ["Route", "RouteTCP", "RouteUDP", "VirtualService", "HTTPProxy"];

/// Whether objects of a group are those by which the API server calls Services.
pub(super) fn is_called(group: &str) -> bool {
    CALLS.contains(&group)
}

fn line(text: &str) -> String {
    plain(text).replace(['\n', '\r'], " ")
}

pub(super) fn read(topology: &mut Topology<'_>) {
    let facts = topology.facts;
    let stream = facts.stream();
    // Who names Services to bring requests there, and is no pod.
    let mut found: BTreeMap<ObjectId, Entry> = BTreeMap::new();
    for reference in facts.references().all().iter().filter(|one| one.pod.is_none() && one.is_to("Service")) {
        let Some(object) = stream.object(reference.object).filter(|object| !object.is_embedded()) else { continue };
        let brings = facts.routes().of_object(object.id()).is_some()
            || is_called(&object.group())
            || BRINGS.iter().any(|end| object.kind().ends_with(end));
        if !brings || reference.pointer.contains("/filters/") {
            continue;
        }
        let entry = found.entry(object.id()).or_insert_with(|| self::entry(topology, &object));
        let Some(service) = facts.referent_of(reference) else { continue };
        let usual = is_called(&object.group()).then_some(443);
        let meant = services::ports_meant(reference, &object, &service, usual);
        entry.to.extend(ends(topology, &service, &meant));
    }
    for route in facts.routes().routes() {
        let Some(object) = stream.object(route.object).filter(|object| !object.is_embedded()) else { continue };
        let entry = found.entry(object.id()).or_insert_with(|| self::entry(topology, &object));
        // Those that only an annotation names.
        for name in &route.services {
            let Some(service) = crate::facts::referent(stream, &object, "", "Service", name) else { continue };
            let Some(&at) = topology.service_of.get(&service.id()) else { continue };
            if !entry.to.iter().any(|(end, _)| *end == End::Service(at)) {
                entry.to.push((End::Service(at), None));
            }
        }
    }
    let mut all: Vec<(ObjectId, Entry)> = found.into_iter().collect();
    all.sort_by(|(a, one), (b, other)| (&one.called, a).cmp(&(&other.called, b)));
    let mut numbers = BTreeMap::new();
    for (id, mut entry) in all {
        entry.to.sort_unstable();
        entry.to.dedup();
        topology.namespace(&entry.called.namespace);
        numbers.insert(id, topology.entries.len());
        topology.entries.push(entry);
    }
    gateways(topology, &numbers);
    exposed(topology);
    let nowhere: Vec<String> =
        topology.entries.iter().filter(|one| one.to.is_empty()).map(|one| one.called.title()).collect();
    let unread = facts.unread_ways().into_iter().filter_map(|id| Some(Called::of(&stream.object(id)?).title()));
    let unread: Vec<String> = unread.collect();
    if !unread.is_empty() {
        let names = crate::text::few(unread.len(), &mut unread.into_iter(), ", ");
        topology.notes.push(format!("{names}: not read: it may bring requests"));
    }
    if !nowhere.is_empty() {
        let names = crate::text::few(nowhere.len(), &mut nowhere.into_iter(), ", ");
        topology.notes.push(format!("{names}: leads to no Service of the stream"));
    }
}

fn entry(topology: &Topology<'_>, object: &Object<'_>) -> Entry {
    let hosts = topology.facts.routes().of_object(object.id()).map(|route| route.hosts.clone());
    let plain = || object.root().find(&["spec", "hosts"]).into_iter().flat_map(Node::items).filter_map(Node::as_str);
    let mut hosts = hosts.unwrap_or_else(|| plain().map(std::borrow::Cow::into_owned).collect());
    for host in &mut hosts {
        *host = line(host);
    }
    hosts.dedup();
    Entry { called: Called::of(object), hosts, to: Vec::new() }
}

fn ends(topology: &Topology<'_>, service: &Object<'_>, meant: &[services::Port]) -> Vec<(End, Option<usize>)> {
    let Some(&at) = topology.service_of.get(&service.id()) else { return Vec::new() };
    let Some(one) = topology.services.get(at) else { return Vec::new() };
    let numbers = one.ports.iter().enumerate().filter(|(_, own)| {
        meant.iter().any(|port| port.port == i128::from(own.own.first) && port.protocol == own.own.protocol.name())
    });
    let mut found: Vec<(End, Option<usize>)> = numbers.map(|(number, _)| (End::Service(at), Some(number))).collect();
    if found.is_empty() {
        found.push((End::Service(at), None));
    }
    found
}

/// The Gateways of the stream, and what hands routes on to them.
fn gateways(topology: &mut Topology<'_>, routes: &BTreeMap<ObjectId, usize>) {
    let facts = topology.facts;
    let mut behind: BTreeMap<ObjectId, BTreeSet<usize>> = BTreeMap::new();
    for (id, number) in routes {
        let Some(route) = facts.stream().object(*id).filter(|object| object.group() == GATEWAY) else { continue };
        for parent in route.root().find(&["spec", "parentRefs"]).into_iter().flat_map(Node::items) {
            let text = |key: &str| parent.get(key).and_then(Node::as_str);
            let Some(name) = text("name") else { continue };
            let kind = text("kind").unwrap_or("Gateway".into());
            let Some(holder) = facts.holder(&kind, &name, text("namespace").as_deref(), &route) else { continue };
            // The listeners of a ListenerSet are its Gateway's.
            let gateway = facts.gateway_of(&holder).filter(|_| kind != "Gateway").unwrap_or(holder);
            behind.entry(gateway.id()).or_default().insert(*number);
        }
    }
    let mut objects: Vec<Object<'_>> =
        facts.stream().of_kind(GATEWAY, "Gateway").filter(|one| !one.is_embedded()).collect();
    objects.sort_by_cached_key(|object| (Called::of(object), object.id()));
    for object in objects {
        let listeners = facts.routes().listeners(object.id());
        let shown = |one: &crate::facts::gateways::Listener| {
            let port = one.port.map(|port| format!(" {port}")).unwrap_or_default();
            let host = one.hostname.as_deref().map(|host| format!(" {host}")).unwrap_or_default();
            line(&format!("{}{port}{host}", one.protocol))
        };
        let hosts = listeners.map(shown).collect();
        let to = behind.remove(&object.id()).into_iter().flatten().map(|number| (End::Entry(number), None)).collect();
        let called = Called::of(&object);
        topology.namespace(&called.namespace);
        topology.entries.push(Entry { called, hosts, to });
    }
}

/// Services that nodes, load balancers or addresses lead to.
fn exposed(topology: &mut Topology<'_>) {
    let mut found = Vec::new();
    for (at, service) in topology.services.iter().enumerate() {
        let Some(object) = topology.stream().object(service.object) else { continue };
        let spec = object.root().get("spec");
        let list = |key: &str| spec.and_then(|spec| spec.get(key)).into_iter().flat_map(Node::items);
        let addresses: Vec<String> = list("externalIPs").filter_map(|one| Some(line(&one.as_str()?))).collect();
        let named = |kind: &str| Called { kind: kind.to_owned(), ..service.called.clone() };
        let all = || (0..service.ports.len()).map(|number| (End::Service(at), Some(number))).collect::<Vec<_>>();
        if matches!(service.sort.as_str(), "NodePort" | "LoadBalancer") {
            let ports = list("ports").filter_map(|port| integer(port.get("nodePort")?));
            let hosts = ports.filter(|port| *port > 0).map(|port| format!("port {port} of every node")).collect();
            found.push(Entry { called: named(&service.sort), hosts, to: all() });
        }
        if !addresses.is_empty() {
            found.push(Entry { called: named("External addresses"), hosts: addresses, to: all() });
        }
    }
    topology.entries.extend(found);
}
