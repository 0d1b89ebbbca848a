//! The autoscaler of a workload: made, or updated in what the spec names.

use crate::availability::rules;
use std::borrow::Cow;

use k8s_openapi::api::autoscaling::v2::{CrossVersionObjectReference, HorizontalPodAutoscaler};
use serde::Serialize;
use serde_json::{Value, json};

use super::emit::{self, Put};
use super::facts::{Facts, Workload, replicas};
use super::metrics::Metric;
use super::spec::Autoscaling;
use krmor_core::manifest::Manifest;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_yaml::Node;

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
    match facts.autoscalers(workload.id).as_slice() {
        [] => make(scaling, workload, stream, report),
        [one] if one.editable => update(scaling, one.id, stream, report),
        [one] => {
            let (Some(object), Some(other)) = (stream.object(workload.id), stream.object(one.id)) else { return };
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
    release(workload, stream, report);
}

/// Takes `spec.replicas` away: each apply of the manifest would undo what the autoscaler did.
fn release(workload: &Workload, stream: &mut Stream, report: &mut Report) {
    let Some(object) = stream.object(workload.id) else { return };
    let Some(own) = replicas(&object).filter(|own| own.as_int() != Some(0)) else { return };
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
    let why = Why { rule: &rules::REPLICAS_REMOVED, reason, class: Class::Raised };
    stream.make(report, workload.id, Edit { pointer: "/spec/replicas".to_owned(), action: Action::Remove, why });
}

fn make(scaling: &Autoscaling, workload: &Workload, stream: &mut Stream, report: &mut Report) {
    let Some(object) = stream.object(workload.id) else { return };
    let Some(metadata) = emit::metadata(&object, "HorizontalPodAutoscaler", report) else { return };
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
    let autoscaler = Manifest::of::<HorizontalPodAutoscaler>(metadata, spec);
    let reason = format!("scales between {} and {} pods", scaling.lowest(), scaling.max_replicas.get());
    emit::add(stream, report, workload.id, &autoscaler, &rules::AUTOSCALER, reason);
}

fn update(scaling: &Autoscaling, id: ObjectId, stream: &mut Stream, report: &mut Report) {
    let mut put = Put { stream, report, id, rule: &rules::AUTOSCALER };
    match scaling.min_replicas {
        Some(lowest) => put.set("/spec/minReplicas", json!(lowest.get())),
        None => put.fill("/spec/minReplicas", json!(scaling.lowest())),
    }
    put.set("/spec/maxReplicas", json!(scaling.max_replicas.get()));
    for metric in scaling.all_metrics() {
        let found = put.stream.object(id).map(|object| find(&object, &metric));
        match found {
            Some(Found::Same(at)) => {
                let sources = metric.value().as_object().into_iter().flatten();
                for (source, target) in sources.filter_map(|(key, value)| Some((key, value.get("target")?))) {
                    put.set(&format!("/spec/metrics/{at}/{source}/target"), target.clone());
                }
            }
            Some(Found::None) => put.append("/spec/metrics", metric.value().clone()),
            Some(Found::Malformed) | None => {}
        }
    }
    for (key, rules) in scaling.behavior.iter().flat_map(|behavior| behavior.value().as_object().into_iter().flatten())
    {
        put.set(&format!("/spec/behavior/{key}"), rules.clone());
    }
}

/// Where an autoscaler has a metric.
enum Found {
    Same(usize),
    None,
    /// Its metrics are no list.
    Malformed,
}

fn find(object: &Object<'_>, metric: &Metric) -> Found {
    let Some(list) = object.root().find(&["spec", "metrics"]).filter(|list| !list.is_null()) else {
        return Found::None;
    };
    if list.kind() != krmor_yaml::Kind::Seq {
        return Found::Malformed;
    }
    let values: Vec<Value> = list.items().map(|item| Node::to_value(item).unwrap_or_default()).collect();
    match values.iter().position(|value| identity(value) == identity(metric.value())) {
        Some(at) => Found::Same(at),
        None => Found::None,
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
