//! The autoscaler of a workload: made, or updated in what the spec names.

use crate::availability::rules;
use krmor_core::values::integer;
use std::borrow::Cow;

use k8s_openapi::api::autoscaling::v2::{CrossVersionObjectReference, HorizontalPodAutoscaler};
use serde::Serialize;
use serde_json::Value;

use super::facts::{Facts, Workload, replicas};
use super::metrics::Metric;
use super::spec::Autoscaling;
use krmor_core::facts::scalers::Scales;
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
    let unknown = other_scaler(target, stream);
    match there.as_slice() {
        [] if unknown.is_none() => bring(scaling, target, None, stream, report),
        [one] if one.editable && one.target == target && unknown.is_none() => {
            bring(scaling, target, Some(one.id), stream, report);
        }
        // It scales what has no pods; reported with the final stream.
        [one] if one.target != target => return,
        [] | [_] => {
            let other = unknown.or_else(|| there.first().map(|one| one.id));
            let other = other.and_then(|id| stream.object(id));
            let (Some(object), Some(other)) = (stream.object(target), other) else { return };
            let api = other.api_version().into_owned();
            let other = other.reference();
            let message = format!(
                "{} is scaled by {other} of {api}, and `autoscaling` works with HorizontalPodAutoscalers of autoscaling/v2 only",
                object.reference()
            );
            let remedy = format!(
                "write {other} as autoscaling/v2, or remove it, or exclude {} from this function",
                object.reference()
            );
            return report.add(&rules::AUTOSCALER_VERSION, object.at(""), message, remedy);
        }
        _ => return, // reported with the final stream
    }
    release(target, stream, report);
}

/// A scaler of another kind than krmor knows: it sets the number of pods, too.
fn other_scaler(target: ObjectId, stream: &Stream) -> Option<ObjectId> {
    let scalers = krmor_core::facts::Facts::of(stream).scalers();
    scalers.naming(target).find(|one| one.scales == Scales::ByEvents).map(|one| one.object)
}

/// Takes `spec.replicas` away: each apply of the manifest would undo what the autoscaler did.
fn release(target: ObjectId, stream: &mut Stream, report: &mut Report) {
    let Some(object) = stream.object(target) else { return };
    let Some(own) = replicas(&object).filter(|own| integer(*own) != Some(0)) else { return };
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

/// The whole autoscaler of a workload.
fn whole(scaling: &Autoscaling, object: &Object<'_>) -> Option<Value> {
    let spec = AutoscalerSpec {
        behavior: scaling.behavior.as_ref().map(|behavior| behavior.value().clone()),
        max_replicas: scaling.max_replicas.get(),
        metrics: scaling.all_metrics().iter().map(Metric::in_order).collect(),
        min_replicas: scaling.lowest(),
        scale_target_ref: CrossVersionObjectReference {
            api_version: Some(object.api_version().into_owned()),
            kind: object.kind().into_owned(),
            name: object.name().into_owned(),
        },
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
