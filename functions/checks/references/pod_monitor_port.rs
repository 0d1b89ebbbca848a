//! `references/pod-monitor-port`: the `port` of an endpoint is the *name* of a port of the pods selected.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use super::list;
use super::pod_monitor::pods;
use super::service_monitor::MONITORS;
use krmor_yaml::Node;
use std::collections::HashMap;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let mut of_scope = HashMap::new();
    for monitor in world.of_kind(MONITORS, "PodMonitor") {
        let pods = pods(world, &monitor);
        let scope = world.facts.selections().of_object(monitor.id()).map(|selection| selection.scope);
        let names = || world.ports_of(pods).into_iter().map(|port| port.name.into_owned()).collect::<Vec<String>>();
        let names = of_scope.entry(scope).or_insert_with(names);
        let endpoints = monitor.root().find(&["spec", "podMetricsEndpoints"]).into_iter().flat_map(Node::items);
        for (at, endpoint) in endpoints.enumerate().filter(|_| !pods.is_empty()) {
            let is_bad = |port: &std::borrow::Cow<'_, str>| !names.iter().any(|name| name == port);
            let Some(port) = endpoint.get("port").and_then(Node::as_str).filter(is_bad) else { continue };
            findings.add(Found {
                object: monitor,
                container: None,
                pointer: format!("/spec/podMetricsEndpoints/{at}/port"),
                name: port.clone().into_owned(),
                message: format!("no pod that it selects has a port named `{port}`; they have {}", list(names)),
                remedy: "write the name of the containers' port".to_owned(),
            });
        }
    }
}
