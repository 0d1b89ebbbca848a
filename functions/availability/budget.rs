//! The disruption budget of a workload's pods: made, or updated in what the spec names.

use crate::availability::rules;
use std::borrow::Cow;
use std::collections::BTreeSet;

use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use serde_json::Value;

use super::facts::{Facts, Workload};
use super::placement::no_selector;
use super::spec::Budget;
use krmor_core::manifest::{Manifest, Metadata};
use krmor_core::reconcile::{self, Field, Ownership, Step, Wanted};
use krmor_core::report::{Class, Report};
use krmor_core::stream::{Action, ObjectId, Stream};
use krmor_core::text::few;
use krmor_yaml::Node;

/// Gives the workload's pods their budget.
pub(super) fn protect(
    budget: &Budget,
    facts: &Facts,
    targets: &BTreeSet<ObjectId>,
    workload: &Workload,
    stream: &mut Stream,
    report: &mut Report,
) {
    let covers = facts.covers(workload.id).flat_map(|(_, cover)| facts.covered(cover));
    let others: Vec<ObjectId> = covers.filter(|id| !targets.contains(id)).collect();
    match facts.budgets(workload.id).take(2).collect::<Vec<_>>().as_slice() {
        [] => bring(budget, workload, None, &others, stream, report),
        [one] if one.current => bring(budget, workload, Some(one.id), &others, stream, report),
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

/// Makes the budget, or brings the one that is there to what the config says.
fn bring(
    budget: &Budget,
    workload: &Workload,
    existing: Option<ObjectId>,
    others: &[ObjectId],
    stream: &mut Stream,
    report: &mut Report,
) {
    let Some(object) = stream.object(workload.id) else { return };
    let selector = workload.selector(&object);
    if existing.is_none() && selector.is_none() {
        return no_selector(&object, "budget", report);
    }
    let (field, amount) = budget.limit();
    let limit = |name: &str| (field == name).then(|| amount.typed());
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: limit("maxUnavailable"),
        min_available: limit("minAvailable"),
        selector,
        unhealthy_pod_eviction_policy: Some(budget.policy().to_owned()),
    };
    let metadata = Metadata::named_as(&object);
    let Ok(mut object) = Manifest::of::<PodDisruptionBudget>(metadata, spec).to_value() else { return };
    let spec = object.get_mut("spec").and_then(Value::as_object_mut);
    if let (Some(there), Some(spec)) = (existing.and_then(|id| stream.object(id)), spec) {
        // The API takes one of the two limits.
        let other = if field == "minAvailable" { "maxUnavailable" } else { "minAvailable" };
        if budget.names_limit() {
            spec.shift_insert(0, other.to_owned(), Value::Null);
        } else if there.root().find(&["spec", other]).is_some_and(|other| !other.is_null()) {
            spec.shift_remove(field);
        }
        spec.shift_remove("selector");
    }
    let reason = format!("evictions keep to `{field}: {amount}`").into();
    let wanted = Wanted { existing, beside: workload.id, object, rule: &rules::BUDGET, reason };
    let step = reconcile::plan(stream, report, wanted, budget);
    let changed = match &step {
        // What is absent may be filled in.
        Step::Edit { object, edits } if edits.iter().any(|edit| edit.why.class != Class::Added) => {
            stream.object(*object)
        }
        _ => None,
    };
    if let Some(there) = changed.filter(|_| !others.is_empty()) {
        let mut names = others.iter().filter_map(|id| Some(stream.object(*id)?.reference().to_string()));
        let message = format!("it covers {} too, which the config is not for", few(others.len(), &mut names, ", "));
        let remedy = "let these be targets too, or give the pods of each a budget of its own";
        return report.add(&rules::BUDGET_OF_OTHERS, there.at(""), message, remedy);
    }
    step.apply(stream, report);
}

/// Whose the fields of a budget are that is there: what the config names is the config's.
impl Ownership for Budget {
    fn field(&self, pattern: &str, _: Node<'_>, _: &Value) -> Field {
        match pattern {
            "" | "/spec" => Field::Parts,
            "/metadata" => Field::Keep,
            "/spec/unhealthyPodEvictionPolicy" if self.unhealthy_pod_eviction_policy.is_none() => Field::Keep,
            _ if pattern != "/spec/unhealthyPodEvictionPolicy" && !self.names_limit() => Field::Keep,
            _ => Field::Set,
        }
    }

    fn reason(&self, pattern: &str, action: &Action) -> Option<Cow<'static, str>> {
        let is_default = match pattern {
            "/spec/unhealthyPodEvictionPolicy" => self.unhealthy_pod_eviction_policy.is_none(),
            _ => !self.names_limit(),
        };
        Some(Cow::Borrowed(match action {
            Action::Remove => "the API takes one of the two limits, and the config names the other",
            _ if is_default => "the default of the config",
            _ => "the config says so",
        }))
    }
}
