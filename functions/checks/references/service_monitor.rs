//! `references/service-monitor`: a ServiceMonitor must select Services. A stream without Services where it looks says
//! nothing.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use krmor_core::facts::Near;
use krmor_core::facts::selections::looks_into;
use krmor_core::stream::Object;

/// The API group of ServiceMonitor and PodMonitor.
pub(super) const MONITORS: &str = "monitoring.coreos.com";

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for monitor in world.of_kind(MONITORS, "ServiceMonitor") {
        let is_near = |service: &Object<'_>| looks_into(&monitor, service, Near::Possible);
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

/// The Services that a ServiceMonitor selects.
pub(super) fn services<'a>(world: &FinalStream<'a>, monitor: &Object<'a>) -> Vec<Object<'a>> {
    let selections = world.facts.selections();
    let selection = selections.of_object(monitor.id());
    let services = selection.map_or_else(Vec::new, |one| selections.services(world.facts, one, Near::Possible));
    services.into_iter().filter_map(|id| world.stream.object(id)).collect()
}
