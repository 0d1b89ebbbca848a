//! Services: which pods they send to, and by which ports.

use crate::labels::{BySelector, LabelSelector};
use crate::lookup;
use crate::stream::{Object, ObjectId, Stream};
use crate::workload::Pod;
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
        let port = item.get("port")?.as_int()?;
        let target = match item.get("targetPort").filter(|target| !target.is_null()) {
            None => Target::Number(port),
            Some(target) => match target.as_int() {
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
    !selector.is_empty() && selector.matches(pod.labels(workload)) && lookup::share_namespace(service, workload)
}

/// The Services of a stream by what they select.
#[derive(Debug, Default)]
pub struct Services(BySelector<ObjectId>);

impl Services {
    /// Reads a stream once.
    #[must_use]
    pub fn of(stream: &Stream) -> Self {
        let mut services = Self::default();
        for service in stream.of_kind("", "Service").filter(is_service) {
            let selector = LabelSelector::of_labels(service.root().find(&["spec", "selector"]));
            if let Some(selector) = selector.filled() {
                services.0.add(service.id(), &selector);
            }
        }
        services
    }

    /// The Services that send to the pods of a workload, in the stream's order.
    #[must_use]
    pub fn of_pod(&self, stream: &Stream, pod: &Pod) -> Vec<ObjectId> {
        let Some(workload) = stream.object(pod.object) else { return Vec::new() };
        let mut services = self.0.near(pod.labels(&workload));
        services.retain(|&id| stream.object(id).is_some_and(|service| selects(&service, pod, &workload)));
        services
    }
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
        .find_map(|port| port.get("containerPort")?.as_int())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    use crate::workload;

    const STREAM: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a}
spec:
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      containers:
      - {name: web, ports: [{name: http, containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a}
spec:
  selector: {app: web}
  ports:
  - {port: 80, targetPort: http, name: http}
  - {port: 90, protocol: UDP}
  - {port: 91, targetPort: 9191}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: b}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: none, namespace: a}
spec: {ports: [{port: 80}]}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: knative, namespace: a}
spec: {selector: {app: web}}
";

    #[test]
    fn services_are_joined_to_pods() {
        let stream = Stream::parse(&Arc::new(STREAM.to_owned())).unwrap();
        let (pods, _) = workload::pods(&stream);
        let pod = pods.first().unwrap();
        assert_eq!(Services::of(&stream).of_pod(&stream, pod), [1]);
        let (workload, service) = (stream.object(0).unwrap(), stream.object(1).unwrap());
        let ports = ports(&service);
        let targets: Vec<_> = ports.iter().map(|port| container_port(&port.target, pod, &workload)).collect();
        assert_eq!(targets, [Some(8080), Some(90), Some(9191)]);
        assert_eq!(ports.iter().map(|port| port.protocol.as_str()).collect::<Vec<_>>(), ["TCP", "UDP", "TCP"]);
        assert_eq!(container_port(&Target::Name("none".to_owned()), pod, &workload), None);
    }
}
