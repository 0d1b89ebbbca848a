//! `references/service-monitor`: a ServiceMonitor must select Services. A stream without Services where it looks says
//! nothing.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use krmor_core::facts::Near;
use krmor_core::stream::{Object, ObjectId};

/// The API group of ServiceMonitor and PodMonitor.
pub(super) const MONITORS: &str = "monitoring.coreos.com";

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for monitor in world.of_kind(MONITORS, "ServiceMonitor") {
        let any = world.facts.selections().has_services(world.facts, &monitor, Near::Possible);
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
pub(super) fn services<'a>(world: &FinalStream<'a>, monitor: &Object<'a>) -> &'a [ObjectId] {
    let selections = world.facts.selections();
    let selection = selections.of_object(monitor.id());
    selection.map_or(&[], |one| selections.services(world.facts, one, Near::Possible))
}
