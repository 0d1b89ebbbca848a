//! `references/service-monitor-port`: the `port` of an endpoint is the *name* of a port of the Services selected.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use super::list;
use super::service_monitor::{MONITORS, services};
use super::service_port::ports;
use krmor_yaml::Node;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for monitor in world.of_kind(MONITORS, "ServiceMonitor") {
        let services = services(world, &monitor);
        let all = services.iter().filter_map(|service| service.root().find(&["spec", "ports"])).flat_map(Node::items);
        let names: Vec<_> = all.filter_map(|port| port.get("name")?.as_str()).collect();
        let endpoints = monitor.root().find(&["spec", "endpoints"]).into_iter().flat_map(Node::items);
        for (at, endpoint) in endpoints.enumerate().filter(|_| !services.is_empty()) {
            let Some(port) = endpoint.get("port").and_then(Node::as_str).filter(|port| !names.contains(port)) else {
                continue;
            };
            let has = list(&services.iter().flat_map(ports).collect::<Vec<_>>());
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
