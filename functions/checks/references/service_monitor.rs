//! `references/service-monitor`: a ServiceMonitor must select Services. A stream without Services where it looks says
//! nothing.

use super::super::findings::{Findings, Found};
use super::super::world::{World, may_be_in, may_share, selects};
use krmor_core::stream::Object;
use krmor_yaml::Node;

/// The API group of ServiceMonitor and PodMonitor.
pub(super) const MONITORS: &str = "monitoring.coreos.com";

pub(in super::super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    for monitor in world.of_kind(MONITORS, "ServiceMonitor") {
        let is_near = |service: &Object<'_>| looks_at(&monitor, service);
        let any = world.of_kind("", "Service").iter().any(is_near);
        if any && services(world, &monitor).is_empty() {
            findings.add(Found {
                object: monitor,
                container: None,
                pointer: "/spec/selector".to_owned(),
                name: monitor.name().into_owned(),
                message: "the ServiceMonitor selects no Service of the stream".to_owned(),
                remedy: "let its selector name labels of the Service itself, not of its pods".to_owned(),
            });
        }
    }
}

/// Whether a monitor looks into the namespace of an object.
pub(super) fn looks_at(monitor: &Object<'_>, object: &Object<'_>) -> bool {
    let Some(namespaces) = monitor.root().find(&["spec", "namespaceSelector"]) else {
        return may_share(monitor, object);
    };
    if namespaces.get("any").and_then(Node::as_bool) == Some(true) {
        return true;
    }
    let mut names = namespaces.get("matchNames").into_iter().flat_map(Node::items).filter_map(Node::as_str).peekable();
    if names.peek().is_none() { may_share(monitor, object) } else { names.any(|name| may_be_in(object, &name)) }
}

/// The Services that a ServiceMonitor selects.
pub(super) fn services<'a>(world: &World<'a>, monitor: &Object<'a>) -> Vec<Object<'a>> {
    let Some(selector) = monitor.root().find(&["spec", "selector"]) else { return Vec::new() };
    let mut services = world.of_kind("", "Service");
    let is_meant = |service: &Object<'_>| selects(selector, service.root().find(&["metadata", "labels"]));
    services.retain(|service| looks_at(monitor, service) && is_meant(service));
    services
}
