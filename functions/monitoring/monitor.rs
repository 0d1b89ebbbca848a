//! The monitor that covers a workload: the one that is there, brought up to date, or a new one.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::spec::Spec;
use super::{looks_into, selects};
use crate::lookup;
use crate::report::{Class, Report, Severity, Why};
use crate::service;
use crate::stream::{Action, Edit, Object, ObjectId, Stream};
use crate::workload::Pod;
use crate::yaml::{Node, escape_token};

const GROUP: &str = "monitoring.coreos.com";

/// A ServiceMonitor or PodMonitor, as far as krmor makes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Monitor {
    api_version: String,
    kind: &'static str,
    metadata: Value,
    spec: MonitorSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MonitorSpec {
    selector: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    endpoints: Vec<Map<String, Value>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pod_metrics_endpoints: Vec<Map<String, Value>>,
}

/// What makes the two kinds differ.
#[derive(Clone, Copy)]
struct Shape {
    kind: &'static str,
    /// The list of endpoints in `spec`.
    endpoints: &'static str,
}

const OF_SERVICE: Shape = Shape { kind: "ServiceMonitor", endpoints: "endpoints" };
const OF_PODS: Shape = Shape { kind: "PodMonitor", endpoints: "podMetricsEndpoints" };

/// Sees that one ServiceMonitor selects the Service and fetches from the port.
pub(super) fn of_service(spec: &Spec, pod: &Pod, service: ObjectId, stream: &mut Stream, report: &mut Report) {
    let Some(object) = stream.object(service) else { return };
    let labels = object.root().find(&["metadata", "labels"]);
    let covers = |monitor: &Object<'_>| selects(monitor, labels) && looks_into(monitor, &object);
    let found = monitors(stream, OF_SERVICE).filter(covers).map(|monitor| monitor.id()).collect::<Vec<_>>();
    if !found.is_empty() {
        return update(spec, OF_SERVICE, &object.reference().to_string(), &found, stream, report);
    }
    let selector = json!({"matchLabels": labels.and_then(Node::to_value).unwrap_or_default()});
    // A second Service with the same labels and port would have its pods scraped twice.
    let same = |other: &Object<'_>| {
        let their = other.root().find(&["metadata", "labels"]);
        other.id() != service
            && labels.into_iter().flat_map(Node::entries).all(|(key, value)| {
                their.and_then(|their| their.get(&key)).is_some_and(|their| their.to_value() == value.to_value())
            })
            && lookup::share_namespace(other, &object)
            && service::ports(other).iter().any(|port| port.name == spec.port.as_str())
    };
    if let Some(twin) = stream.of_kind("", "Service").filter(service::is_service).find(same) {
        let message = format!(
            "{} has these labels and a port `{}` too; a ServiceMonitor could not tell them apart",
            twin.reference(),
            spec.port.as_str()
        );
        report.find(
            Severity::Error,
            "which-service",
            &object,
            "/metadata/labels",
            message,
            "give one a label of its own",
        );
        return;
    }
    emit(spec, OF_SERVICE, pod, selector, stream, report);
}

/// Sees that one PodMonitor selects the pods and fetches from the port.
pub(super) fn of_pods(spec: &Spec, pod: &Pod, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(pod.object) else { return };
    let covers = |monitor: &Object<'_>| selects(monitor, pod.labels(&workload)) && looks_into(monitor, &workload);
    let found = monitors(stream, OF_PODS).filter(covers).map(|monitor| monitor.id()).collect::<Vec<_>>();
    if !found.is_empty() {
        return update(spec, OF_PODS, &workload.reference().to_string(), &found, stream, report);
    }
    let labels = || json!({"matchLabels": pod.labels(&workload).and_then(Node::to_value).unwrap_or_default()});
    let selector = pod.label_selector(&workload).unwrap_or_else(labels);
    emit(spec, OF_PODS, pod, selector, stream, report);
}

fn monitors(stream: &Stream, shape: Shape) -> impl Iterator<Item = Object<'_>> {
    stream.of_kind(GROUP, shape.kind)
}

fn emit(spec: &Spec, shape: Shape, pod: &Pod, selector: Value, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(pod.object) else { return };
    let mut metadata = json!({"name": workload.name()});
    if let Some(map) = metadata.as_object_mut() {
        if !workload.namespace().is_empty() {
            map.insert("namespace".to_owned(), json!(workload.namespace()));
        }
        let own = workload.root().find(&["metadata", "labels"]).and_then(Node::to_value);
        let mut labels = own.and_then(|labels| labels.as_object().cloned()).unwrap_or_default();
        labels.extend(spec.labels.clone());
        if !labels.is_empty() {
            map.insert("labels".to_owned(), Value::Object(labels));
        }
    }
    let endpoint = vec![spec.endpoint()];
    let (endpoints, pod_metrics_endpoints) =
        if shape.kind == OF_SERVICE.kind { (endpoint, Vec::new()) } else { (Vec::new(), endpoint) };
    let spec = MonitorSpec { selector, endpoints, pod_metrics_endpoints };
    let monitor = Monitor { api_version: format!("{GROUP}/v1"), kind: shape.kind, metadata, spec };
    let why = Why { rule: "monitor", reason: "Prometheus is to scrape it".into(), class: Class::Added };
    stream.emit(report, pod.object, serde_json::to_value(monitor).unwrap_or_default(), why);
}

/// Brings the monitor that is there up to date; with several, the one that fetches from the port.
fn update(spec: &Spec, shape: Shape, what: &str, found: &[ObjectId], stream: &mut Stream, report: &mut Report) {
    let endpoint = |id: ObjectId| -> Option<usize> {
        let list = stream.object(id)?.root().find(&["spec", shape.endpoints])?;
        list.items()
            .position(|item| item.get("port").and_then(Node::as_str).is_some_and(|port| port == spec.port.as_str()))
    };
    let with_port: Vec<(ObjectId, usize)> = found.iter().filter_map(|&id| Some((id, endpoint(id)?))).collect();
    if let [(first, _), (second, at), ..] = with_port.as_slice()
        && let Some(object) = stream.object(*second)
    {
        let other = stream.object(*first).map(|object| object.reference().to_string()).unwrap_or_default();
        let message =
            format!("{other} fetches from port `{}` of {what} too: it would be scraped twice", spec.port.as_str());
        let pointer = format!("/spec/{}/{at}", shape.endpoints);
        report.find(Severity::Error, "second-monitor", &object, &pointer, message, "remove one of the two");
        return;
    }
    let why = |class| Why { rule: "monitor", reason: "the spec says so".into(), class };
    let mut edits = Vec::new();
    let (id, list) = match (with_port.first(), found) {
        (Some((id, at)), _) => (*id, Some(format!("/spec/{}/{at}", shape.endpoints))),
        (None, [id, ..]) => (*id, None),
        (None, []) => return,
    };
    let Some(object) = stream.object(id) else { return };
    match list {
        None => edits.push(Edit {
            pointer: format!("/spec/{}", shape.endpoints),
            action: Action::Append(Value::Object(spec.endpoint())),
            why: why(Class::Added),
        }),
        Some(pointer) => {
            for (key, value) in spec.endpoint() {
                edits.extend(set(&object, format!("{pointer}/{key}"), value, why));
            }
        }
    }
    for (key, value) in &spec.labels {
        edits.extend(set(&object, format!("/metadata/labels/{}", escape_token(key)), value.clone(), why));
    }
    for edit in edits {
        stream.make(report, id, edit);
    }
}

fn set(object: &Object<'_>, pointer: String, value: Value, why: impl Fn(Class) -> Why) -> Option<Edit> {
    let there = object.root().at_pointer(&pointer).and_then(Node::to_value).filter(|there| !there.is_null());
    let class = if there.is_some() { Class::Raised } else { Class::Added };
    (there.as_ref() != Some(&value)).then(|| Edit { pointer, action: Action::Set(value), why: why(class) })
}
