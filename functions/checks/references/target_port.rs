//! `references/target-port`: a `targetPort` that is a name must be a port of the pods that the Service selects. Numbers
//! need not be declared in the pod.

use super::super::final_stream::{FinalStream, protocol};
use super::super::findings::{Findings, Found};
use super::list;
use krmor_yaml::Node;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for service in world.of_kind("", "Service") {
        let Some(pods) = world.pods_of_service(&service).filter(|pods| !pods.is_empty()) else { continue };
        let ports = service.root().find(&["spec", "ports"]).into_iter().flat_map(Node::items);
        for (at, port) in ports.enumerate() {
            let Some(name) = port.get("targetPort").and_then(Node::as_str) else { continue };
            let there: Vec<_> = pods.iter().flat_map(|pod| pod.ports()).filter(|port| !port.name.is_empty()).collect();
            if there.iter().any(|other| other.name == name && other.protocol == protocol(port)) {
                continue;
            }
            let other = there.iter().find(|other| other.name == name);
            let names: Vec<String> = there.iter().map(|port| port.name.clone().into_owned()).collect();
            let (what, has) = match other {
                Some(other) => (format!(" by {}", protocol(port)), format!("it by {}", other.protocol)),
                None => (String::new(), list(&names)),
            };
            findings.add(Found {
                object: service,
                container: None,
                pointer: format!("/spec/ports/{at}/targetPort"),
                name: name.clone().into_owned(),
                message: format!("no pod that the Service selects has a port named `{name}`{what}; they have {has}"),
                remedy: "name a port of the containers".to_owned(),
            });
        }
    }
}
