//! When Argo CD and Helm apply an object, and what must not be applied before the program.

use std::collections::HashMap;

use serde_json::Value;

use super::job;
use super::references::{self, Reference};
use super::spec::{ARGO_HOOK, ARGO_WAVE, HELM_HOOK, HELM_WEIGHT, Hook, Spec};
use krmor_core::facts;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_core::workload::{self, Pod};
use krmor_yaml::{Node, escape_token};

/// When an object is applied: the phase, then the wave or weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time {
    phase: Phase,
    pub(super) wave: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Before,
    Main,
    After,
}

/// When whoever runs `hook` applies an object.
pub(super) fn time(object: &Object<'_>, hook: Hook) -> Time {
    let number = |key: &str| object.annotation(key).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let word = |key: &str, words: &[&str]| {
        object.annotation(key).is_some_and(|list| list.split(',').any(|one| words.contains(&one.trim())))
    };
    let (key, wave, before, after) = match hook {
        Hook::Helm => (HELM_HOOK, number(HELM_WEIGHT), "pre-install", "post-install"),
        _ => (ARGO_HOOK, number(ARGO_WAVE), "PreSync", "PostSync"),
    };
    let phase = match (word(key, &[before]), word(key, &[after])) {
        (true, _) => Phase::Before,
        (_, true) => Phase::After,
        _ => Phase::Main,
    };
    Time { phase, wave }
}

/// What scales workloads, whatever its kind: HorizontalPodAutoscalers and their like, by the name that they scale.
pub(super) struct Scalers(HashMap<String, Vec<ObjectId>>);

impl Scalers {
    /// Reads a stream once.
    pub(super) fn of(stream: &Stream) -> Self {
        let mut scalers: HashMap<_, Vec<_>> = HashMap::new();
        for object in stream.objects() {
            let name = object.root().find(&["spec", "scaleTargetRef", "name"]).and_then(Node::as_str);
            if let Some(name) = name {
                scalers.entry(name.into_owned()).or_default().push(object.id());
            }
        }
        Self(scalers)
    }

    /// Those of a workload, in the stream's order.
    pub(super) fn of_workload<'s>(&self, stream: &'s Stream, workload: &Object<'_>) -> Vec<Object<'s>> {
        let mut near: Vec<ObjectId> =
            workload.names().iter().filter_map(|name| self.0.get(name)).flatten().copied().collect();
        near.sort_unstable();
        let scales = |object: &Object<'_>| {
            let kind = object.root().find(&["spec", "scaleTargetRef", "kind"]).and_then(Node::as_str);
            kind.is_none_or(|kind| kind == workload.kind()) && facts::share_namespace(object, workload)
        };
        near.into_iter().filter_map(|id| stream.object(id)).filter(scales).collect()
    }
}

/// Moves what gets healthy only with the program, or with the Job, into their waves: Argo CD waits for the health of a
/// wave before it begins the next. An autoscaler without its workload is degraded, a claim without its pod may be pending.
pub(super) fn align(spec: &Spec, pod: &Pod, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(pod.object) else { return };
    let [job] = job::of(spec, &workload, stream)[..] else { return };
    let Some(job) = stream.object(job) else { return };
    let (of_job, of_program) = (time(&job, Hook::ArgocdSync).wave, time(&workload, Hook::ArgocdSync).wave);
    let mut moves: Vec<(ObjectId, i64, &'static str)> = Scalers::of(stream)
        .of_workload(stream, &workload)
        .iter()
        .map(|scaler| (scaler.id(), of_program, "Argo CD waits for its workload"))
        .collect();
    let of_jobs = claims(stream, &job, job.root().find(&["spec", "template", "spec"]));
    let of_programs = claims(stream, &workload, pod.spec_node(&workload));
    let others: Vec<ObjectId> = workload::pods(stream, &mut Report::default())
        .iter()
        .filter(|other| other.object != pod.object && other.object != job.id())
        .filter_map(|other| Some((stream.object(other.object)?, other)))
        .flat_map(|(object, other)| claims(stream, &object, other.spec_node(&object)))
        .collect();
    for claim in of_programs.into_iter().filter(|claim| !others.contains(claim)) {
        let wave = if of_jobs.contains(&claim) { of_job } else { of_program };
        moves.push((claim, wave, "a claim may be pending until its pod is there, and Argo CD waits for it"));
    }
    moves.retain(|(id, wave, _)| {
        *wave != 0 && stream.object(*id).is_some_and(|one| one.annotation(ARGO_WAVE).is_none())
    });
    for (id, wave, reason) in moves {
        let why = Why { rule: "sync-wave", reason: reason.into(), class: Class::Added };
        let pointer = format!("/metadata/annotations/{}", escape_token(ARGO_WAVE));
        stream.make(report, id, Edit { pointer, action: Action::Set(Value::String(wave.to_string())), why });
    }
}

/// The claims of the stream that a pod mounts.
fn claims(stream: &Stream, object: &Object<'_>, spec: Option<Node<'_>>) -> Vec<ObjectId> {
    let references = spec.and_then(Node::to_value).map(|spec| references::of(&spec)).unwrap_or_default();
    let claims = references.into_iter().filter(|reference| reference.kind == "PersistentVolumeClaim");
    let found = claims.filter_map(|reference: Reference| references::provider(stream, object, &reference));
    found.map(|claim| claim.id()).collect()
}
