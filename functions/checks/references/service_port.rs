//! `references/service-port`: the port that a backend names must be one of the Service's, by number or by name.

use super::super::final_stream::{FinalStream, scalar};
use super::super::findings::{Findings, Found};
use super::{Answer, To, list};
use krmor_core::stream::Object;
use krmor_core::values::integer;
use krmor_yaml::Node;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for reference in world.references(To::Service) {
        let (Answer::Here(services), Some(object)) = (world.follow(reference), world.stream.object(reference.object))
        else {
            continue;
        };
        for pointer in &reference.parts {
            let wanted = object.root().at_pointer(pointer);
            let Some(wanted) = wanted.filter(|port| !services.iter().any(|service| has_port(service, *port))) else {
                continue;
            };
            let Some(port) = scalar(wanted) else { continue };
            let ports: Vec<String> = services.iter().flat_map(ports).collect();
            let (subject, name) = (reference.subject(world.facts), &reference.name);
            let has = list(&ports);
            findings.add(Found {
                object,
                container: None,
                pointer: pointer.clone(),
                name: port.clone().into_owned(),
                message: format!("{subject} port `{port}` of the Service `{name}`, which has {has}"),
                remedy: "name one of its ports".to_owned(),
            });
        }
    }
}

/// The ports of a Service, as people name them.
pub(super) fn ports(service: &Object<'_>) -> Vec<String> {
    let ports = service.root().find(&["spec", "ports"]).into_iter().flat_map(Node::items);
    let text = |port: Node<'_>, key: &str| port.get(key).and_then(scalar).map(std::borrow::Cow::into_owned);
    let each = |port: Node<'_>| match (text(port, "port"), text(port, "name")) {
        (Some(number), Some(name)) => Some(format!("{number} ({name})")),
        (number, name) => number.or(name),
    };
    ports.filter_map(each).collect()
}

/// An `ExternalName` has every port; what is neither number nor name is for the API to refuse.
fn has_port(service: &Object<'_>, wanted: Node<'_>) -> bool {
    let spec = service.root().get("spec");
    let is_external = spec.and_then(|spec| spec.get("type")?.as_str()).as_deref() == Some("ExternalName");
    let mut ports = spec.and_then(|spec| spec.get("ports")).into_iter().flat_map(Node::items);
    is_external
        || match (integer(wanted), wanted.as_str()) {
            (Some(number), _) => ports.any(|port| port.get("port").and_then(integer) == Some(number)),
            (_, Some(name)) => {
                ports.any(|port| port.get("name").and_then(Node::as_str).as_deref() == Some(name.as_ref()))
            }
            _ => true,
        }
}
