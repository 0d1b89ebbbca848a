//! `references/route-port`: a Route's `targetPort` is the *name* of a port of its Service, or the number of the pods'
//! port. The number of the Service's port leads nowhere where the two differ.

use super::super::final_stream::{FinalStream, scalar};
use super::super::findings::{Findings, Found};
use super::service_port::ports;
use super::{Answer, To, list};
use krmor_core::stream::Object;
use krmor_core::values::integer;
use krmor_yaml::Node;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for reference in world.references(To::Service) {
        let Some(route) = world.stream.object(reference.object) else { continue };
        let is_main =
            route.kind() == "Route" && route.group() == "route.openshift.io" && reference.pointer == "/spec/to/name";
        let port = route.root().find(&["spec", "port", "targetPort"]).filter(|_| is_main);
        let (Some(port), Answer::Here(services)) = (port, world.follow(reference)) else { continue };
        if services.iter().any(|service| leads_to(world, service, port)) {
            continue;
        }
        let Some(text) = scalar(port) else { continue };
        let all: Vec<String> = services.iter().flat_map(ports).collect();
        findings.add(Found {
            object: route,
            container: None,
            pointer: "/spec/port/targetPort".to_owned(),
            name: text.clone().into_owned(),
            message: format!(
                "`targetPort: {text}` is neither the name of a port of the Service `{}`, which has {}, nor the number of a port of its pods",
                reference.name,
                list(&all)
            ),
            remedy: "write the name of the Service's port".to_owned(),
        });
    }
}

fn leads_to(world: &FinalStream<'_>, service: &Object<'_>, wanted: Node<'_>) -> bool {
    let items = service.root().find(&["spec", "ports"]).into_iter().flat_map(Node::items);
    if let Some(name) = wanted.as_str() {
        return items.into_iter().any(|port| port.get("name").and_then(Node::as_str).as_deref() == Some(name.as_ref()));
    }
    let Some(number) = integer(wanted) else { return true };
    // Without a look at the pods nobody knows what they listen on.
    let pods = world.pods_of_service(service).map(|(_, pods)| pods).filter(|pods| !pods.is_empty());
    let Some(pods) = pods else { return true };
    let declared = world.ports_of(pods);
    items.into_iter().any(|port| match port.get("targetPort").filter(|target| !target.is_null()) {
        None => port.get("port").and_then(integer) == Some(number),
        Some(target) => match (integer(target), target.as_str()) {
            (Some(target), _) => target == number,
            (_, Some(name)) => declared.iter().any(|port| port.name == name && port.number == Some(number)),
            _ => true,
        },
    })
}
