//! What holds for a workload whose pods another object runs: a Rollout with `workloadRef` makes them from its template.

use super::facts::{Facts, Workload, replicas};
use super::spec::Spec;
use crate::availability::rules;
use krmor_core::facts;
use krmor_core::facts::scalers::Scales;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::values::integer;
use krmor_core::workload::Trait;

/// Says what the runner does not do, and what would start pods beside its own.
pub(super) fn judge(
    spec: &Spec,
    stream: &Stream,
    facts: &Facts,
    workload: &Workload,
    object: &Object<'_>,
    report: &mut Report,
) {
    let name_of = |id: ObjectId| stream.object(id).map(|object| object.reference().to_string()).unwrap_or_default();
    let Some(runner) = facts.runner(workload.id) else { return };
    let runs = format!("{} runs the pods of {}", name_of(runner), object.reference());
    let error = |at: ObjectId, pointer: &str, message: String, remedy: String, report: &mut Report| {
        if let Some(object) = stream.object(at) {
            report.add_as(Severity::Error, &rules::RUN_BY_ANOTHER, object.at(pointer), message, remedy);
        }
    };
    for scaler in facts.autoscalers(workload.id) {
        if scaler.target != runner {
            let message =
                format!("{runs}, and {} scales the latter, which would start pods of its own", name_of(scaler.id));
            let remedy = format!("let `scaleTargetRef` name {}", name_of(runner));
            error(scaler.id, "/spec/scaleTargetRef", message, remedy, report);
        }
    }
    let all = facts::Facts::of(stream).scalers().naming(workload.id).filter(|one| one.scales == Scales::Runs);
    if let Some(second) = all.skip(1).find(|one| one.object != runner) {
        let message =
            format!("{runs}, and so does {}: each takes the other's pods for its own", name_of(second.object));
        error(second.object, "/spec/workloadRef", message, "keep one of the two".to_owned(), report);
    }
    let asked = [("strategy", spec.strategy.is_some()), ("singleton", spec.singleton)];
    if let Some((name, _)) = asked.into_iter().find(|(_, is_asked)| *is_asked) {
        let message = format!("{runs}: `{name}` of the config is not set there");
        let remedy = format!("write it in {}, or exclude {}", name_of(runner), object.reference());
        report.add(&rules::RUN_BY_ANOTHER, object.at(""), message, remedy);
    }
    if workload.has(Trait::Scalable) {
        beside(stream, runner, object, &runs, report);
    }
}

/// Pods of the workload itself, beside those of its runner.
fn beside(stream: &Stream, runner: ObjectId, object: &Object<'_>, runs: &str, report: &mut Report) {
    let down = stream.object(runner).and_then(|one| {
        let node = one.root().find(&["spec", "workloadRef", "scaleDown"])?;
        node.as_str()
            .filter(|word| matches!(word.as_ref(), "onsuccess" | "progressively"))
            .map(std::borrow::Cow::into_owned)
    });
    let own = replicas(object);
    let (problem, remedy) = match (own.and_then(integer), &down) {
        (Some(0), _) => return,
        (Some(number), down) => {
            let once = if down.is_some() { ", which `scaleDown` takes back at the first rollout only" } else { "" };
            (
                format!("sets `spec.replicas: {number}`: each apply starts so many pods beside the former's{once}"),
                "set `replicas: 0`",
            )
        }
        (None, None) if own.is_none() => (
            "sets no `spec.replicas`: it runs a pod of its own, and without `scaleDown` it stays".to_owned(),
            "set `replicas: 0`, or `workloadRef.scaleDown: onsuccess`",
        ),
        (None, _) => return,
    };
    let message = format!("{runs}, and the latter {problem}");
    report.add(&rules::RUN_BY_ANOTHER, object.at("/spec/replicas"), message, remedy);
}
