//! The autoscaler of a workload: made, or updated in what the spec names.

use crate::availability::rules;
use krmor_core::values::integer;
use std::borrow::Cow;

use k8s_openapi::api::autoscaling::v2::{CrossVersionObjectReference, HorizontalPodAutoscaler};
use serde::Serialize;
use serde_json::Value;

use super::facts::{Autoscaler, Facts, Provider, Workload, replicas};
use super::metrics::Metric;
use super::spec::Autoscaling;
use krmor_core::fields;
use krmor_core::manifest::{Manifest, Metadata};
use krmor_core::reconcile::{self, Field, Item, Ownership, Wanted};
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_yaml::{Kind, Node};

/// The spec of an autoscaler; `tests/emit.rs` holds it against k8s-openapi's. Metrics and behavior are the config's, as they
/// were checked when it was read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AutoscalerSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    behavior: Option<Value>,
    max_replicas: i32,
    metrics: Vec<Value>,
    min_replicas: i32,
    scale_target_ref: CrossVersionObjectReference,
}

/// Gives the workload its autoscaler, and leaves the number of pods to it.
pub(super) fn autoscale(
    scaling: &Autoscaling,
    facts: &Facts,
    workload: &Workload,
    stream: &mut Stream,
    report: &mut Report,
) {
    // A Rollout that runs the pods in the workload's place is what is scaled.
    let target = facts.runner(workload.id).unwrap_or(workload.id);
    let there = facts.autoscalers(workload.id);
    let wanted = if scaling.keda.is_some() { Provider::Keda } else { Provider::Current };
    let existing = match there.as_slice() {
        [] => None,
        [one] if one.target == target && one.provider == wanted => Some(one.id),
        // It scales what has no pods; reported with the final stream.
        [one] if one.target != target => return,
        [one] => return refuse(wanted, one, target, stream, report),
        _ => return, // reported with the final stream
    };
    match &scaling.keda {
        Some(keda) => keda.bring(scaling, target, existing, stream, report),
        None => bring(scaling, target, existing, stream, report),
    }
    release(scaling, target, stream, report);
}

/// Says that the workload has another autoscaler than the config makes.
fn refuse(wanted: Provider, there: &Autoscaler, target: ObjectId, stream: &Stream, report: &mut Report) {
    let (Some(object), Some(other)) = (stream.object(target), stream.object(there.id)) else { return };
    let (api, title) = (other.api_version().into_owned(), other.reference());
    let (makes, instead) = match (wanted, there.provider) {
        (Provider::Keda, _) => {
            ("`keda` makes a ScaledObject, which KEDA refuses beside it", format!("remove {title}, or `keda`"))
        }
        (_, Provider::Keda) => (
            "without `keda`, `autoscaling` works with HorizontalPodAutoscalers of autoscaling/v2",
            format!("write `keda: {{}}`, so that {title} is brought to the config, or remove it"),
        ),
        _ => (
            "`autoscaling` works with HorizontalPodAutoscalers of autoscaling/v2 only",
            format!("write {title} as autoscaling/v2, or remove it"),
        ),
    };
    let message = format!("{} is scaled by {title} of {api}, and {makes}", object.reference());
    let remedy = format!("{instead}, or exclude {} from this function", object.reference());
    report.add(&rules::AUTOSCALER_VERSION, object.at(""), message, remedy);
}

/// Takes `spec.replicas` away: each apply of the manifest would undo what the autoscaler did.
fn release(scaling: &Autoscaling, target: ObjectId, stream: &mut Stream, report: &mut Report) {
    let Some(object) = stream.object(target) else { return };
    // At 0 a HorizontalPodAutoscaler is switched off, which is a conflict of its own; KEDA scales from there.
    let counts = |own: &Node<'_>| scaling.keda.is_some() || integer(*own) != Some(0);
    let Some(own) = replicas(&object).filter(counts) else { return };
    let message = format!(
        "{} loses `spec.replicas: {}` to its autoscaler; where it runs already, the first apply without the field can \
         take it to 1 pod for a moment",
        object.reference(),
        own.json()
    );
    let remedy = "take the field out of the manifest; before the first apply, remove it from what kubectl remembers \
                  (`kubectl apply edit-last-applied`), or with server-side apply give it to another field manager";
    report.add(&rules::REPLICAS_REMOVED, object.at("/spec/replicas"), message, remedy);
    let reason = Cow::Borrowed("each apply would undo what the autoscaler did");
    let why = Why { rule: &rules::REPLICAS_REMOVED, reason, class: Class::Overridden };
    stream.apply(report, target, Edit { pointer: "/spec/replicas".to_owned(), action: Action::Remove, why });
}

/// Makes the autoscaler, or brings the one that is there to what the config says.
fn bring(
    scaling: &Autoscaling,
    target: ObjectId,
    existing: Option<ObjectId>,
    stream: &mut Stream,
    report: &mut Report,
) {
    let wanted = match existing {
        None => stream.object(target).and_then(|object| whole(scaling, &object)),
        Some(_) => Some(fields!({"spec": fields!({
            "minReplicas": scaling.lowest(),
            "maxReplicas": scaling.max_replicas.get(),
            "metrics": scaling.all_metrics().iter().map(|metric| metric.value().clone()).collect::<Vec<_>>(),
            "behavior": scaling.behavior.as_ref().map(|behavior| behavior.value().clone()),
        })})),
    };
    let Some(object) = wanted else { return };
    let reason = format!("scales between {} and {} pods", scaling.lowest(), scaling.max_replicas.get()).into();
    let wanted = Wanted { existing, beside: target, object, rule: &rules::AUTOSCALER, reason };
    reconcile::apply(stream, report, wanted, scaling);
}

/// How an autoscaler names what it scales.
pub(super) fn reference(object: &Object<'_>) -> CrossVersionObjectReference {
    CrossVersionObjectReference {
        api_version: Some(object.api_version().into_owned()),
        kind: object.kind().into_owned(),
        name: object.name().into_owned(),
    }
}

/// The whole autoscaler of a workload.
fn whole(scaling: &Autoscaling, object: &Object<'_>) -> Option<Value> {
    let spec = AutoscalerSpec {
        behavior: scaling.behavior.as_ref().map(|behavior| behavior.value().clone()),
        max_replicas: scaling.max_replicas.get(),
        metrics: scaling.all_metrics().iter().map(Metric::in_order).collect(),
        min_replicas: scaling.lowest(),
        scale_target_ref: reference(object),
    };
    Manifest::of::<HorizontalPodAutoscaler>(Metadata::named_as(object), spec).to_value().ok()
}

/// Whose the fields of an autoscaler are that is there: what the config names is the config's.
impl Ownership for Autoscaling {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field {
        match pattern {
            "/spec/minReplicas" if self.min_replicas.is_none() => Field::Keep,
            "/spec/metrics" if there.kind() != Kind::Seq => Field::Keep,
            "" | "/spec" | "/spec/metrics" | "/spec/behavior" => Field::Parts,
            _ if pattern.starts_with("/spec/metrics/") && !pattern.ends_with("/target") && wanted.is_object() => {
                Field::Parts
            }
            _ => Field::Set,
        }
    }

    fn item(&self, _: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let wanted = wanted.get(number).map(identity);
        Item::find(list, |item| item.to_value().as_ref().map(identity) == wanted)
    }

    fn reason(&self, pattern: &str, _: &Action) -> Option<Cow<'static, str>> {
        let is_default = pattern == "/spec/minReplicas" && self.min_replicas.is_none();
        Some(if is_default { "the default of the config" } else { "the config says so" }.into())
    }
}

/// What a metric measures: all but its target.
fn identity(metric: &Value) -> Value {
    let mut metric = metric.clone();
    for source in metric.as_object_mut().into_iter().flat_map(|map| map.values_mut()) {
        if let Some(source) = source.as_object_mut() {
            source.shift_remove("target");
        }
    }
    metric
}
