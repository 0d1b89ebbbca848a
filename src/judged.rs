//! How much of a stream the functions of a pipeline have judged, and what nobody has.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use krmor_core::facts::Facts;
use krmor_core::rules;
use krmor_core::stream::Stream;
use krmor_core::target;
use krmor_core::workload::Ignored;
use krmor_functions::Phase;

use crate::pipeline::Pipeline;

/// What was judged and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Pods, and what pods are made from.
    pub workloads: usize,
    /// Their containers.
    pub containers: usize,
    /// How many objects were not judged, by the reason.
    pub aside: BTreeMap<&'static str, usize>,
}

impl Judged {
    /// What the functions of the pipeline for workloads select of a stream.
    #[must_use]
    pub fn of(pipeline: &Pipeline, stream: &Stream) -> Self {
        let facts = Facts::of(stream);
        let mut out = Self::default();
        let mut selected: HashSet<(usize, String)> = HashSet::new();
        for step in pipeline.steps.iter().filter(|step| step.function.phase != Phase::Surroundings) {
            let policy = step.run.policy();
            if policy.targets.is_empty() && policy.exclude.is_empty() {
                selected.extend(facts.pods().iter().map(|pod| (pod.object, pod.spec.clone())));
                break;
            }
            let pods = target::pods(policy.targets, policy.exclude, stream).0;
            selected.extend(pods.into_iter().map(|one| (one.pod.object, one.pod.spec)));
        }
        for (_, pod, object) in facts.numbered_pods() {
            if selected.contains(&(pod.object, pod.spec.clone())) {
                out.workloads += 1;
                out.containers += pod.containers(&object).len();
            } else {
                out.note("no function is for it");
            }
        }
        for object in stream.objects() {
            let ignored = stream.workloads().row(&object.group(), &object.kind()).and_then(|row| row.ignored);
            if let Some(reason) = ignored.and_then(Ignored::not_judged) {
                out.note(reason);
            }
        }
        let operators = facts.pod_problems().iter().filter(|found| found.rule == &rules::POD_LIKE);
        operators.for_each(|_| out.note("an operator makes its pods"));
        stream.local().iter().for_each(|_| out.note("annotated with `config.kubernetes.io/local-config`"));
        out
    }

    fn note(&mut self, reason: &'static str) {
        *self.aside.entry(reason).or_default() += 1;
    }
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "judged {} with {}",
            crate::text::many(self.workloads, "workload"),
            crate::text::many(self.containers, "container")
        )?;
        for (at, (reason, count)) in self.aside.iter().enumerate() {
            write!(f, "{} {count} ({reason})", if at == 0 { "; not judged:" } else { "," })?;
        }
        Ok(())
    }
}
