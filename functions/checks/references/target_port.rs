//! `references/target-port`: a `targetPort` that is a name must be a port of the pods that the Service selects. Numbers
//! need not be declared in the pod.

use super::super::final_stream::{FinalStream, protocol};
use super::super::findings::{Findings, Found};
use super::list;
use krmor_yaml::Node;
use std::collections::HashMap;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let mut of_scope = HashMap::new();
    for service in world.of_kind("", "Service") {
        let pods = world.pods_of_service(&service).filter(|(_, pods)| !pods.is_empty());
        let Some((scope, pods)) = pods else { continue };
        let ports = service.root().find(&["spec", "ports"]).into_iter().flat_map(Node::items);
        for (at, port) in ports.enumerate() {
            let Some(name) = port.get("targetPort").and_then(Node::as_str) else { continue };
            let there = of_scope.entry(scope).or_insert_with(|| world.ports_of(pods));
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
