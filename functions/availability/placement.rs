//! Where pods run: spread constraints and anti-affinity.

use crate::availability::rules;
use krmor_core::report::Rule;
use std::borrow::Cow;

use k8s_openapi::api::core::v1::{PodAffinityTerm, TopologySpreadConstraint, WeightedPodAffinityTerm};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::{Value, json};

use super::facts::{Facts, Workload};
use super::spec::{AntiAffinity, NodePolicy, Spec, Spread, WhenUnsatisfiable};
use krmor_core::pods::Pod;
use krmor_core::report::{Class, Place, Report, Why};
use krmor_core::stream::{Action, Edit, Object, Stream};
use krmor_core::workload::Trait;
use krmor_yaml::{Kind, Node};

/// Spreads the pods of a workload and keeps them apart, where the user has not done so.
pub(super) fn place(spec: &Spec, facts: &Facts, workload: &Workload, stream: &mut Stream, report: &mut Report) {
    if spec.spread.is_empty() && spec.anti_affinity.is_none() {
        return;
    }
    for pod in &workload.pods {
        let Some(object) = stream.object(workload.id) else { return };
        let Some(selector) = Workload::selector_of(pod, &object) else {
            let field = if spec.spread.is_empty() { "antiAffinity" } else { "spread" };
            return no_selector(&object, field, report);
        };
        // What tells the pods of an update from the old ones, by the label that their controller gives them.
        let revision = match facts.runner(workload.id) {
            Some(_) => Some("rollouts-pod-template-hash"),
            None => pod.has(Trait::Recreate).then_some("pod-template-hash"),
        };
        let mut edits: Vec<Edit> =
            spec.spread.iter().filter_map(|spread| spread_edit(spread, revision, pod, &object, &selector)).collect();
        let anti_affinity = spec.anti_affinity.as_ref();
        edits.extend(anti_affinity.and_then(|wanted| apart(wanted, pod, &object, &selector)));
        for edit in edits {
            stream.apply(report, workload.id, edit);
        }
    }
}

/// Says that something selects pods, and nothing says which.
pub(super) fn no_selector(object: &Object<'_>, field: &str, report: &mut Report) {
    let own = object.root().find(&["spec", "selector"]).is_some_and(|selector| !selector.is_null());
    let (problem, remedy) = match own {
        true => ("its own does not select them", "let `spec.selector` fit the labels of the pod template"),
        false => {
            ("it has none", "give it `spec.selector`, or its pods the same labels; or exclude it from this function")
        }
    };
    let message = format!("`{field}` needs a selector of the pods of {}, and {problem}", object.reference());
    report.add(&rules::NO_SELECTOR, object.at("/spec"), message, remedy);
}

fn added(pointer: String, action: Action, rule: &'static Rule, reason: &'static str) -> Edit {
    Edit { pointer, action, why: Why { rule, reason: Cow::Borrowed(reason), class: Class::Added } }
}

fn spread_edit(
    spread: &Spread,
    revision: Option<&str>,
    pod: &Pod,
    object: &Object<'_>,
    selector: &LabelSelector,
) -> Option<Edit> {
    let pointer = format!("{}/topologySpreadConstraints", pod.spec);
    let key = spread.topology_key.as_str();
    let list = object.root().at_pointer(&pointer).filter(|list| !list.is_null());
    let of_key = |item: Node<'_>| item.get("topologyKey").and_then(Node::as_str).is_some_and(|own| own == key);
    if list.is_some_and(|list| list.kind() != Kind::Seq || list.items().any(of_key)) {
        return None;
    }
    let when = match spread.when_unsatisfiable {
        WhenUnsatisfiable::ScheduleAnyway => "ScheduleAnyway",
        WhenUnsatisfiable::DoNotSchedule => "DoNotSchedule",
    };
    // During a rolling update the pods of the old template would count too, and the new ones end up uneven.
    let keys: Vec<String> = match &spread.match_label_keys {
        Some(keys) => keys.iter().map(|key| key.as_str().to_owned()).collect(),
        None => revision.into_iter().map(str::to_owned).collect(),
    };
    let policy = |policy: Option<NodePolicy>| policy.map(|policy| policy.name().to_owned());
    let constraint = TopologySpreadConstraint {
        label_selector: Some(selector.clone()),
        match_label_keys: Some(keys).filter(|keys| !keys.is_empty()),
        min_domains: spread.min_domains.map(krmor_core::values::Positive::get),
        node_affinity_policy: policy(spread.node_affinity_policy),
        node_taints_policy: policy(spread.node_taints_policy),
        max_skew: spread.max_skew.map_or(1, krmor_core::values::Positive::get),
        topology_key: key.to_owned(),
        when_unsatisfiable: when.to_owned(),
    };
    let constraint = serde_json::to_value(constraint).ok()?;
    Some(added(pointer, Action::Append(constraint), &rules::SPREAD, "pods survive the loss of a node or zone"))
}

fn apart(wanted: &AntiAffinity, pod: &Pod, object: &Object<'_>, selector: &LabelSelector) -> Option<Edit> {
    let pointer = format!("{}/affinity/podAntiAffinity", pod.spec);
    let own = object.root().at_pointer(&pointer);
    let lists = own.into_iter().flat_map(Node::entries);
    if own.is_some_and(|own| !own.is_null() && own.kind() != Kind::Map)
        || lists.into_iter().any(|(_, list)| !list.is_null() && (list.kind() != Kind::Seq || list.items().count() > 0))
    {
        return None;
    }
    let term = PodAffinityTerm {
        label_selector: Some(selector.clone()),
        topology_key: wanted.topology_key.as_str().to_owned(),
        ..PodAffinityTerm::default()
    };
    let (key, term): (_, Value) = if wanted.required {
        ("requiredDuringSchedulingIgnoredDuringExecution", json!(term))
    } else {
        let weighted = WeightedPodAffinityTerm { pod_affinity_term: term, weight: 100 };
        ("preferredDuringSchedulingIgnoredDuringExecution", json!(weighted))
    };
    Some(added(
        format!("{pointer}/{key}"),
        Action::Append(term),
        &rules::ANTI_AFFINITY,
        "pods survive the loss of a node or zone",
    ))
}

/// What [`place`] finds malformed is reported by the judge.
pub(super) fn malformed(spec: &Spec, workload: &Workload, object: &Object<'_>, report: &mut Report) {
    for pod in workload.pods.iter().filter(|_| !spec.spread.is_empty()) {
        selected_keys(spec, pod, object, report);
        let pointer = format!("{}/topologySpreadConstraints", pod.spec);
        let list = object.root().at_pointer(&pointer).filter(|list| !list.is_null());
        if list.is_some_and(|list| list.kind() != Kind::Seq) {
            let message = format!("`topologySpreadConstraints` of {} is not a list", object.reference());
            report.add(&rules::SPREAD, object.at(&pointer), message, "write each constraint as an item");
        }
    }
}

/// The API refuses a key of `matchLabelKeys` that the selector has, which all the pods share anyway.
fn selected_keys(spec: &Spec, pod: &Pod, object: &Object<'_>, report: &mut Report) {
    let Some(selector) = Workload::selector_of(pod, object) else { return };
    let has = |key: &str| {
        selector.match_labels.as_ref().is_some_and(|labels| labels.contains_key(key))
            || selector.match_expressions.iter().flatten().any(|one| one.key == key)
    };
    for (at, spread) in spec.spread.iter().enumerate() {
        let keys = spread.match_label_keys.iter().flatten().enumerate();
        for (number, key) in keys.filter(|(_, key)| has(key.as_str())) {
            let message = format!(
                "`{}` is in the selector of {}, so all its pods share it, and the API refuses it in both places",
                key.as_str(),
                object.reference()
            );
            let place = Place::Config(format!("/spread/{at}/matchLabelKeys/{number}"));
            report.add(&rules::SPREAD, place, message, "take it out of `matchLabelKeys`");
        }
    }
}
