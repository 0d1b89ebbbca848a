//! Services: which pods they send to, and by which ports.

use super::references::Reference;
use super::share_namespace;
use crate::labels::LabelSelector;
use crate::pods::{Pod, Role};
use crate::stream::Object;
use crate::values::integer;
use krmor_yaml::Node;

/// Where a port of a Service sends to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The port of this number.
    Number(i128),
    /// The port of the container that is called so.
    Name(String),
}

/// A port of a Service, with the API's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its number in the list.
    pub index: usize,
    /// Its name; empty when it has none.
    pub name: String,
    /// The port that clients use.
    pub port: i128,
    /// The port of the pod.
    pub target: Target,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: String,
}

/// Whether an object is a Service of the core API.
#[must_use]
pub fn is_service(object: &Object<'_>) -> bool {
    object.kind() == "Service" && object.api_version() == "v1"
}

/// The Services that a host may mean in a pod: name and namespace, none for the pod's own. `web`, `web.shop`, `web.shop.svc`, and
/// whatever the cluster's domain is; a pod of a headless Service stands before its name (`kafka-0.kafka`).
#[must_use]
pub fn meant_by(host: &str) -> Vec<(&str, Option<&str>)> {
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    match labels.as_slice() {
        [name] => vec![(name, None)],
        [name, namespace] => vec![(name, Some(namespace)), (namespace, None)],
        [name, namespace, "svc", ..] | [_, name, namespace] | [_, name, namespace, "svc", ..] => {
            vec![(name, Some(namespace))]
        }
        _ => Vec::new(),
    }
}

/// Which ports of a Service an object means that names it by a reference; `usual` is the one that it means without a word.
#[must_use]
pub fn ports_meant(reference: &Reference, object: &Object<'_>, service: &Object<'_>, usual: Option<i128>) -> Vec<Port> {
    let around = reference.pointer.rsplit_once('/').map_or("", |(around, _)| around);
    let around = object.root().at_pointer(around);
    let beside = around.and_then(|around| around.get("port")).filter(|port| !port.is_null());
    // A Route of OpenShift has one port for all its Services, by their name for it or by the pods' number.
    let of_route = object.root().find(&["spec", "port", "targetPort"]);
    let wanted = beside.map(|port| port.get("number").or_else(|| port.get("name")).unwrap_or(port)).or(of_route);
    let is_it = |port: &Port| match wanted {
        Some(wanted) => match integer(wanted) {
            Some(number) if of_route.is_some() => port.port == number || port.target == Target::Number(number),
            Some(number) => port.port == number,
            None => {
                wanted.as_str().is_some_and(|name| port.name == name || port.target == Target::Name(name.into_owned()))
            }
        },
        None => usual.is_none_or(|usual| port.port == usual),
    };
    ports(service).into_iter().filter(is_it).collect()
}

/// The ports of a Service; those without a number are left out.
#[must_use]
pub fn ports(service: &Object<'_>) -> Vec<Port> {
    let items = service.root().find(&["spec", "ports"]).into_iter().flat_map(Node::items);
    let ports = items.enumerate().filter_map(|(index, item)| {
        let text = |key| item.get(key).and_then(Node::as_str);
        let port = integer(item.get("port")?)?;
        let target = match item.get("targetPort").filter(|target| !target.is_null()) {
            None => Target::Number(port),
            Some(target) => match integer(target) {
                Some(number) => Target::Number(number),
                None => Target::Name(target.as_str()?.into_owned()),
            },
        };
        let protocol = text("protocol").map_or_else(|| "TCP".to_owned(), std::borrow::Cow::into_owned);
        Some(Port { index, name: text("name").unwrap_or_default().into_owned(), port, target, protocol })
    });
    ports.collect()
}

/// Whether a Service sends to the pods of `workload`. One without a selector has its endpoints from elsewhere.
#[must_use]
pub fn selects(service: &Object<'_>, pod: &Pod, workload: &Object<'_>) -> bool {
    let selector = LabelSelector::of_labels(service.root().find(&["spec", "selector"]));
    !selector.is_empty() && selector.selects(&pod.all_labels(workload)) && share_namespace(service, workload)
}

/// The ports that the containers which stay declare, in the order in which a Service looks a name up: main containers first,
/// then sidecars. Init containers have ended when requests come, and ephemeral ones have no ports.
#[must_use]
pub fn declared_ports<'a>(pod: &Pod, workload: &Object<'a>) -> Vec<Node<'a>> {
    let containers = pod.containers(workload);
    let of = |role: Role| containers.iter().filter(move |container| container.role == role);
    let nodes = of(Role::Main).chain(of(Role::Sidecar)).filter_map(|container| container.node(workload)?.get("ports"));
    nodes.flat_map(Node::items).collect()
}

/// The number of the container port that a target leads to in a pod, for a protocol: a name is looked up in the pod's
/// containers.
#[must_use]
pub fn container_port(target: &Target, protocol: &str, pod: &Pod, workload: &Object<'_>) -> Option<i128> {
    let name = match target {
        Target::Number(number) => return Some(*number),
        Target::Name(name) => name,
    };
    let is_it = |port: &Node<'_>| {
        let text = |key: &str| port.get(key).and_then(Node::as_str);
        text("name").is_some_and(|own| own == *name) && text("protocol").unwrap_or("TCP".into()) == protocol
    };
    declared_ports(pod, workload).into_iter().filter(is_it).find_map(|port| integer(port.get("containerPort")?))
}
