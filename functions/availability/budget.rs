//! The disruption budget of a workload's pods: made, or updated in what the spec names.

use crate::availability::rules;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use serde_json::json;

use super::emit::{self, Put};
use super::facts::{Facts, Workload};
use super::placement::no_selector;
use super::spec::Budget;
use krmor_core::manifest::Manifest;
use krmor_core::report::Report;
use krmor_core::stream::{ObjectId, Stream};

/// Gives the workload's pods their budget.
pub(super) fn protect(budget: &Budget, facts: &Facts, workload: &Workload, stream: &mut Stream, report: &mut Report) {
    match facts.budgets(workload.id).as_slice() {
        [] => make(budget, workload, stream, report),
        [one] if one.current => update(budget, one.id, stream, report),
        [one] => {
            let (Some(object), Some(other)) = (stream.object(workload.id), stream.object(one.id)) else { return };
            let (api, other) = (other.api_version().into_owned(), other.reference());
            let message =
                format!("the pods of {} are covered by {other} of {api}, which is served no more", object.reference());
            report.add(&rules::BUDGET_VERSION, object.at(""), message, format!("write {other} as policy/v1"));
        }
        _ => {} // reported with the final stream
    }
}

fn make(budget: &Budget, workload: &Workload, stream: &mut Stream, report: &mut Report) {
    let Some(object) = stream.object(workload.id) else { return };
    let Some(selector) = workload.selector(&object) else { return no_selector(&object, "budget", report) };
    let Some(metadata) = emit::metadata(&object, "PodDisruptionBudget", report) else { return };
    let (field, amount) = budget.limit();
    let limit = |name: &str| (field == name).then(|| amount.typed());
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: limit("maxUnavailable"),
        min_available: limit("minAvailable"),
        selector: Some(selector),
        unhealthy_pod_eviction_policy: Some(budget.policy().to_owned()),
    };
    let object = Manifest::of::<PodDisruptionBudget>(metadata, spec);
    let reason = format!("evictions keep to `{field}: {amount}`");
    emit::add(stream, report, workload.id, &object, &rules::BUDGET, reason);
}

fn update(budget: &Budget, id: ObjectId, stream: &mut Stream, report: &mut Report) {
    let mut put = Put { stream, report, id, rule: &rules::BUDGET };
    let (field, amount) = budget.limit();
    let (pointer, other) = match field {
        "minAvailable" => ("/spec/minAvailable", "/spec/maxUnavailable"),
        _ => ("/spec/maxUnavailable", "/spec/minAvailable"),
    };
    if budget.max_unavailable.is_some() || budget.min_available.is_some() {
        if put.has(other) {
            put.remove(other, "the API takes one of the two limits, and the config names the other");
        }
        put.set(pointer, amount.value());
    } else if !put.has(other) {
        put.fill(pointer, amount.value());
    }
    let policy = json!(budget.policy());
    match budget.unhealthy_pod_eviction_policy {
        Some(_) => put.set("/spec/unhealthyPodEvictionPolicy", policy),
        None => put.fill("/spec/unhealthyPodEvictionPolicy", policy),
    }
}
