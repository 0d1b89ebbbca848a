//! `references/pod-monitor`: a PodMonitor must select pods. A stream without pods where it looks says nothing.

use super::super::findings::{Findings, Found};
use super::super::world::{PodHere, World, selects};
use super::service_monitor::{MONITORS, looks_at};
use krmor_core::stream::Object;

pub(in super::super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    for monitor in world.of_kind(MONITORS, "PodMonitor") {
        let any = world.pods.iter().any(|pod| looks_at(&monitor, &pod.object));
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
pub(super) fn pods<'w, 'a>(world: &'w World<'a>, monitor: &Object<'a>) -> Vec<&'w PodHere<'a>> {
    let Some(selector) = monitor.root().find(&["spec", "selector"]) else { return Vec::new() };
    world.pods_where(|pod| looks_at(monitor, pod), |labels| selects(selector, labels))
}
