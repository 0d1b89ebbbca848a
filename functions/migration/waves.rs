//! When Argo CD and Helm apply an object, and what must not be applied before the program.

use std::collections::BTreeSet;

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

/// Moves what gets healthy only with one of the workloads, or with its Job, into their waves: Argo CD waits for the health
/// of a wave before it begins the next. An autoscaler without its workload is degraded, a claim without its pod may be pending.
pub(super) fn align(workloads: &BTreeSet<ObjectId>, stream: &mut Stream, report: &mut Report) {
    let facts = Facts::of(stream);
    let wave = |id: ObjectId| stream.object(id).map(|object| time(&object, Hook::ArgocdSync).wave);
    let mut moves: Vec<(ObjectId, i64, &'static str)> = Vec::new();
    for workload in workloads {
        let Some(wave) = wave(*workload) else { continue };
        let scalers = facts.scalers();
        let mut found: Vec<ObjectId> = scalers.of_pods(*workload).iter().map(|scaler| scaler.object).collect();
        found.sort_unstable();
        // So is a Rollout that makes its pods from a workload which is not there yet.
        found.extend(scalers.runner(*workload).map(|runner| runner.object));
        moves.extend(found.into_iter().map(|scaler| (scaler, wave, "Argo CD waits for its workload")));
    }
    for Claim { object, pods, .. } in facts.claims() {
        let users: Vec<ObjectId> =
            pods.iter().filter_map(|number| facts.pods().get(*number)).map(|pod| pod.object).collect();
        if users.iter().any(|user| workloads.contains(user)) {
            // It is there with the first that mounts it.
            let first = users.iter().filter_map(|user| wave(*user)).min().unwrap_or(0);
            moves.push((object, first, "a claim may be pending until its pod is there, and Argo CD waits for it"));
        }
    }
    moves.retain(|(id, wave, _)| {
        *wave != 0 && stream.object(*id).is_some_and(|one| one.annotation(ARGO_WAVE).is_none())
    });
    let mut done = BTreeSet::new();
    moves.retain(|(id, ..)| done.insert(*id));
    for (id, wave, reason) in moves {
        let why = Why { rule: &rules::SYNC_WAVE, reason: reason.into(), class: Class::Added };
        let pointer = format!("/metadata/annotations/{}", escape_token(ARGO_WAVE));
        stream.apply(report, id, Edit { pointer, action: Action::Set(Value::String(wave.to_string())), why });
    }
}
