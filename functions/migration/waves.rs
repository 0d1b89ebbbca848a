//! When Argo CD and Helm apply an object, and what must not be applied before the program.

use crate::migration::rules;
use serde_json::Value;

use super::spec::{ARGO_HOOK, ARGO_WAVE, HELM_HOOK, HELM_WEIGHT, Hook};
use krmor_core::facts::Facts;
use krmor_core::facts::access::Claim;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_yaml::escape_token;

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

/// Moves what gets healthy only with a workload, or with its Job, into their waves: Argo CD waits for the health of a
/// wave before it begins the next. An autoscaler without its workload is degraded, a claim without its pod may be pending.
pub(super) fn align(workload: ObjectId, stream: &mut Stream, report: &mut Report) {
    let Some(program) = stream.object(workload) else { return };
    let wave = |object: &Object<'_>| time(object, Hook::ArgocdSync).wave;
    let of_program = wave(&program);
    let facts = Facts::of(stream);
    let mut scalers: Vec<ObjectId> = facts.scalers().of_pods(workload).iter().map(|scaler| scaler.object).collect();
    scalers.sort_unstable();
    // So is a Rollout that makes its pods from a workload which is not there yet.
    scalers.extend(facts.scalers().runner(workload).map(|runner| runner.object));
    let mut moves: Vec<(ObjectId, i64, &'static str)> =
        scalers.into_iter().map(|scaler| (scaler, of_program, "Argo CD waits for its workload")).collect();
    for Claim { object, pods, .. } in facts.claims() {
        let of = |number: &usize| facts.pods().get(*number).map(|pod| pod.object);
        let users: Vec<ObjectId> = pods.iter().filter_map(of).collect();
        if users.contains(&workload) {
            // It is there with the first that mounts it.
            let first = users.iter().filter_map(|user| stream.object(*user)).map(|user| wave(&user)).min();
            let wave = first.unwrap_or(of_program);
            moves.push((object, wave, "a claim may be pending until its pod is there, and Argo CD waits for it"));
        }
    }
    moves.retain(|(id, wave, _)| {
        *wave != 0 && stream.object(*id).is_some_and(|one| one.annotation(ARGO_WAVE).is_none())
    });
    for (id, wave, reason) in moves {
        let why = Why { rule: &rules::SYNC_WAVE, reason: reason.into(), class: Class::Added };
        let pointer = format!("/metadata/annotations/{}", escape_token(ARGO_WAVE));
        stream.apply(report, id, Edit { pointer, action: Action::Set(Value::String(wave.to_string())), why });
    }
}
