//! `references/service-monitor-port`: the `port` of an endpoint is the *name* of a port of the Services selected.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use super::list;
use super::service_monitor::{MONITORS, services};
use super::service_port::ports;
use krmor_yaml::Node;
use std::collections::{HashMap, HashSet};

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let mut of_scope = HashMap::new();
    for monitor in world.of_kind(MONITORS, "ServiceMonitor") {
        let services = services(world, &monitor);
        let scope = world.facts.selections().of_object(monitor.id()).map(|selection| selection.scope);
        let (names, has) = of_scope.entry(scope).or_insert_with(|| {
            let objects = || services.iter().filter_map(|&id| world.stream.object(id));
            let all = objects().filter_map(|service| service.root().find(&["spec", "ports"])).flat_map(Node::items);
            let mut names: Vec<_> = all.filter_map(|port| port.get("name")?.as_str()).collect();
            let (mut seen, mut has) =
                (HashSet::new(), objects().flat_map(|service| ports(&service)).collect::<Vec<_>>());
            names.sort_unstable();
            names.dedup();
            has.retain(|port| seen.insert(port.clone()));
            (names, has)
        });
        let endpoints = monitor.root().find(&["spec", "endpoints"]).into_iter().flat_map(Node::items);
        for (at, endpoint) in endpoints.enumerate().filter(|_| !services.is_empty()) {
            let Some(port) = endpoint.get("port").and_then(Node::as_str).filter(|port| !names.contains(port)) else {
                continue;
            };
            let has = list(has);
            findings.add(Found {
                object: monitor,
                container: None,
                pointer: format!("/spec/endpoints/{at}/port"),
                name: port.clone().into_owned(),
                message: format!("no Service that it selects has a port named `{port}`; they have {has}"),
                remedy: "write the name of the Service's port".to_owned(),
            });
        }
    }
}
