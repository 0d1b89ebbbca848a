//! `references/pod-monitor`: a PodMonitor must select pods. A stream without pods where it looks says nothing.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use super::service_monitor::MONITORS;
use krmor_core::facts::Near;
use krmor_core::stream::Object;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for monitor in world.of_kind(MONITORS, "PodMonitor") {
        let any = world.facts.selections().has_pods(world.facts, &monitor, Near::Possible);
        if any && pods(world, &monitor).is_empty() {
            findings.add(Found {
                object: monitor,
                container: None,
                pointer: "/spec/selector".to_owned(),
                name: monitor.name().into_owned(),
                message: "the PodMonitor selects no pod of the stream".to_owned(),
                remedy: "let its selector name labels of the pods".to_owned(),
            });
        }
    }
}

/// The numbers of the pods that a PodMonitor selects.
pub(super) fn pods<'a>(world: &FinalStream<'a>, monitor: &Object<'a>) -> &'a [usize] {
    let selections = world.facts.selections();
    let selection = selections.of_object(monitor.id());
    selection.map_or(&[], |one| selections.pods(world.facts, one, Near::Possible))
}
