//! Services: which pods they send to, and by which ports.

use super::share_namespace;
use crate::labels::LabelSelector;
use crate::pods::Pod;
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

/// The number of the container port that a target leads to in a pod: a name is looked up in the pod's containers.
#[must_use]
pub fn container_port(target: &Target, pod: &Pod, workload: &Object<'_>) -> Option<i128> {
    let name = match target {
        Target::Number(number) => return Some(*number),
        Target::Name(name) => name,
    };
    let containers = pod.containers(workload);
    let ports = containers.iter().filter_map(|container| container.node(workload)?.get("ports")).flat_map(Node::items);
    ports
        .filter(|port| port.get("name").and_then(Node::as_str).is_some_and(|own| own == *name))
        .find_map(|port| integer(port.get("containerPort")?))
}
