//! `references/pod-monitor`: a PodMonitor must select pods. A stream without pods where it looks says nothing.

use super::super::final_stream::{FinalStream, PodHere};
use super::super::findings::{Findings, Found};
use super::service_monitor::MONITORS;
use krmor_core::facts::Near;
use krmor_core::facts::selections::looks_into;
use krmor_core::stream::Object;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for monitor in world.of_kind(MONITORS, "PodMonitor") {
        let any = world.pods.iter().any(|pod| looks_into(&monitor, &pod.object, Near::Possible));
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

/// The pods that a PodMonitor selects.
pub(super) fn pods<'w, 'a>(world: &'w FinalStream<'a>, monitor: &Object<'a>) -> Vec<&'w PodHere<'a>> {
    let selections = world.facts.selections();
    let selection = selections.of_object(monitor.id());
    let numbers = selection.map_or_else(Vec::new, |one| selections.pods(world.facts, one, Near::Possible));
    numbers.into_iter().filter_map(|at| world.pods.get(at)).collect()
}
