//! The entries of the config: one file for each function, which says whether it fits and what of it is known.

mod availability;
mod checks;
mod environment;
mod exposure;
mod guardrails;
mod policies;
mod probes;
mod resources;
mod security;

use std::collections::HashSet;
use std::sync::Arc;

use super::page::Entry;
use super::seen::Workload;
use super::sources::Sources;
use crate::facts::Facts;
use crate::pipeline::Pipeline;
use crate::report::{Finding, Report, Severity};
use crate::stream::Stream;

/// What all entries are made from.
pub(super) struct Scene<'a> {
    pub(super) sources: &'a Sources,
    pub(super) facts: Facts<'a>,
    pub(super) workloads: &'a [Workload<'a>],
    /// Kinds of OpenShift were found: where.
    pub(super) openshift: Option<String>,
    /// What stands against the Pod Security Standards.
    conflicts: Vec<Finding>,
}

impl<'a> Scene<'a> {
    pub(super) fn of(sources: &'a Sources, facts: Facts<'a>, workloads: &'a [Workload<'a>]) -> Self {
        let openshift = sources.stream.objects().find(|object| object.group().ends_with("openshift.io"));
        let openshift = openshift.map(|object| sources.at(&object, "").to_string());
        let mut scene = Self { sources, facts, workloads, openshift, conflicts: Vec::new() };
        let spec = if scene.openshift.is_some() { "{profile: openshift}" } else { "{}" };
        scene.conflicts = errors(&scene, "SecurityContext", spec);
        scene.conflicts.retain(|finding| finding.subject.is_some() && finding.object().is_some());
        scene
    }
}

/// All entries, in the order in which the functions run.
pub(super) fn of(scene: &Scene<'_>) -> Vec<Entry> {
    let mut out = environment::entries(scene);
    out.extend(probes::entries(scene));
    out.extend(resources::entry(scene));
    out.extend(security::entries(scene));
    out.extend(availability::entries(scene));
    out.extend(exposure::entry(scene));
    out.extend(policies::entry(scene));
    out.extend(guardrails::entry(scene));
    out.push(checks::entry(scene));
    // Names that differ in odd characters only are one here.
    let mut taken: HashSet<String> = HashSet::new();
    for entry in &mut out {
        let own = entry.name.clone();
        for number in 2.. {
            if taken.insert(entry.name.clone()) {
                break;
            }
            entry.name = format!("{own}-{number}");
        }
    }
    out
}

/// What a function with these settings would call an error in the manifests as they are.
fn errors(scene: &Scene<'_>, kind: &str, spec: &str) -> Vec<Finding> {
    let config = format!("apiVersion: krmor.dev/v1alpha1\nkind: {kind}\nspec: {spec}\n");
    let text = scene.sources.stream.render();
    let (Ok(mut pipeline), Ok(mut stream)) = (config.parse::<Pipeline>(), Stream::parse(&Arc::new(text))) else {
        return Vec::new();
    };
    pipeline.allow_none = true;
    let mut report = Report::default();
    pipeline.run(&mut stream, &mut report);
    report.findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect()
}
