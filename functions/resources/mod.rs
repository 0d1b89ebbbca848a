//! `Resources`: requests and limits of containers.
//!
//! The spec becomes what each container is asked to have (`asked`). A container (`container`) keeps what it has, or under
//! `mode: set` gives way; what would come out is held against the rules of the API (`rules`, `pod`), and only then edited.

mod amounts;
mod asked;
mod container;
mod pod;
pub mod rules;
pub mod spec;

use self::asked::Asked;
use self::container::{Manner, Settled};
pub use self::spec::Spec;
use krmor_core::pods::Role;
use krmor_core::report::Place;
use krmor_core::report::Report;
use krmor_core::rules as common;
use krmor_core::stream::{Edit, Stream};
use krmor_core::target::{self, Selected};

/// Gives the containers that the spec targets their requests and limits.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let mut asked = Asked::of(spec);
    let (selected, problems) = target::pods(&spec.targets, &spec.exclude, stream);
    report.record_once(problems);
    for pod in &selected {
        for edit in look(spec, &mut asked, pod, stream, report) {
            stream.apply(report, pod.pod.object, edit);
        }
    }
    // Without a pod nothing can tell whether an entry is wrong.
    for (entry, place) in asked.unused().filter(|(entry, _)| !selected.is_empty() && !entry.optional) {
        let message = format!("`{}` matches no container that is left for it", entry.name.text());
        let remedy = "correct the name, move the entry up, or set `optional: true`";
        report.add(&common::UNMATCHED_TARGET, Place::Config(place), message, remedy);
    }
}

/// Looks at one pod: reports what cannot be, and returns the edits of containers that come out right.
fn look(spec: &Spec, asked: &mut Asked<'_>, pod: &Selected, stream: &Stream, report: &mut Report) -> Vec<Edit> {
    let Some(object) = stream.object(pod.pod.object) else { return Vec::new() };
    let mut settled: Vec<Settled> = Vec::new();
    let manner = Manner { mode: spec.mode, limits_cap: spec.limits_cap };
    // The API takes no resources for ephemeral containers.
    for container in pod.pod.containers(&object).into_iter().filter(|container| container.role != Role::Ephemeral) {
        let Some(node) = container.node(&object) else { continue };
        let in_scope = pod.includes(&container.name);
        let asks = if in_scope { asked.of_container(&container.name) } else { &asked.nothing };
        let mut now = Settled::of(container, node, asks, manner);
        if in_scope {
            now.judge(manner, &object, report);
        }
        settled.push(now);
    }
    pod::judge(&object, &pod.pod, &settled, report);
    settled.into_iter().filter(|now| now.is_sound).flat_map(|now| now.edits).collect()
}
