//! The monitor that covers a workload: the one that is there, brought up to date, or a new one.

use crate::monitoring::rules;
use krmor_core::values::integer;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::known::{GROUP, Known, OF_PODS, OF_SERVICE, Shape};
use super::login::LOGINS;
use super::spec::Spec;
use super::times::{self, Interval};
use krmor_core::facts;
use krmor_core::facts::services::{self, Target};
use krmor_core::fields;
use krmor_core::labels::LabelSelector;
use krmor_core::pods::Pod;
use krmor_core::reconcile::{self, Field, Item, Ownership, Wanted};
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

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

/// Where the operator looks when an endpoint has no `path`.
const DEFAULT_PATH: &str = "/metrics";

/// Sees that one ServiceMonitor selects the Service and fetches from the port.
pub(super) fn of_service(
    spec: &Spec,
    pod: &Pod,
    service: ObjectId,
    known: &mut Known<'_>,
    stream: &mut Stream,
    report: &mut Report,
) {
    let Some(object) = stream.object(service) else { return };
    let labels = object.root().find(&["metadata", "labels"]);
    let found = known.covering(OF_SERVICE, &object, &labels.into(), stream);
    let Some(workload) = stream.object(pod.object) else { return };
    let port = services::ports(&object).into_iter().find(|port| port.name == spec.port.as_str());
    let targets = port.map_or_else(Vec::new, |port| leads_to(port.target, pod, &workload));
    let others = known.covering(OF_PODS, &workload, &pod.all_labels(&workload), stream);
    if is_scraped(
        spec,
        OF_PODS,
        &workload.reference().to_string(),
        &of_container(targets.clone()),
        &others,
        stream,
        report,
    ) {
        return;
    }
    if !found.is_empty() {
        let port = Port { names: vec![spec.port.as_str().to_owned()], targets };
        let interval = known.scrape_interval.clone();
        return update(spec, OF_SERVICE, &object.reference().to_string(), &port, &found, &interval, stream, report);
    }
    let selector = json!({"matchLabels": labels.and_then(Node::to_value).unwrap_or_default()});
    // A second Service with the same labels and port would have its pods scraped twice.
    let same = |other: &Object<'_>| {
        let their = other.root().find(&["metadata", "labels"]);
        other.id() != service
            && labels.into_iter().flat_map(Node::entries).all(|(key, value)| {
                their.and_then(|their| their.get(&key)).is_some_and(|their| their.to_value() == value.to_value())
            })
            && facts::share_namespace(other, &object)
            && services::ports(other).iter().any(|port| port.name == spec.port.as_str())
    };
    let near = known.selections.services_labelled(&LabelSelector::of_labels(labels), &object);
    if let Some(twin) = near.into_iter().filter_map(|id| stream.object(id)).find(same) {
        let message = format!(
            "{} has these labels and a port `{}` too; a ServiceMonitor could not tell them apart",
            twin.reference(),
            spec.port.as_str()
        );
        report.add(&rules::WHICH_SERVICE, object.at("/metadata/labels"), message, "give one a label of its own");
        return;
    }
    emit(spec, OF_SERVICE, pod, selector, known, stream, report);
}

/// Sees that one PodMonitor selects the pods and fetches from the port.
pub(super) fn of_pods(spec: &Spec, pod: &Pod, known: &mut Known<'_>, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(pod.object) else { return };
    let found = known.covering(OF_PODS, &workload, &pod.all_labels(&workload), stream);
    let targets = leads_to(Target::Name(spec.port.as_str().to_owned()), pod, &workload);
    for service in known.selections.services_of(stream, pod).into_iter().filter_map(|id| stream.object(id)) {
        let labels = service.root().find(&["metadata", "labels"]);
        let others = known.covering(OF_SERVICE, &service, &labels.into(), stream);
        let leads =
            |port: &services::Port| leads_to(port.target.clone(), pod, &workload).iter().any(|to| targets.contains(to));
        let names = services::ports(&service).into_iter().filter(leads).map(|port| port.name).collect();
        let port = Port { names, targets: targets.clone() };
        if is_scraped(spec, OF_SERVICE, &workload.reference().to_string(), &port, &others, stream, report) {
            return;
        }
    }
    if !found.is_empty() {
        let (what, port) = (workload.reference().to_string(), of_container(targets));
        let interval = known.scrape_interval.clone();
        return update(spec, OF_PODS, &what, &port, &found, &interval, stream, report);
    }
    let labels = || json!({"matchLabels": pod.labels(&workload).and_then(Node::to_value).unwrap_or_default()});
    // A selector that misses the labels of its own pods selects nothing for a monitor either.
    let own = pod.label_selector(&workload).filter(|_| selects_itself(pod, &workload));
    let selector = own.unwrap_or_else(labels);
    emit(spec, OF_PODS, pod, selector, known, stream, report);
}

/// Whether a workload's selector selects its pods.
fn selects_itself(pod: &Pod, workload: &Object<'_>) -> bool {
    let Some(node) = workload.root().find(&["spec", "selector"]) else { return false };
    let is_plain = node.get("matchLabels").or_else(|| node.get("matchExpressions")).is_none();
    let selector = if is_plain { Some(LabelSelector::of_labels(Some(node))) } else { LabelSelector::of(node) };
    selector.is_some_and(|selector| selector.matches(pod.labels(workload)))
}

fn emit(
    spec: &Spec,
    shape: Shape,
    pod: &Pod,
    selector: Value,
    known: &mut Known<'_>,
    stream: &mut Stream,
    report: &mut Report,
) {
    let Some(workload) = stream.object(pod.object) else { return };
    if !times::fit(spec, None, &known.scrape_interval, report) {
        return;
    }
    let own = workload.root().find(&["metadata", "labels"]).and_then(Node::to_value);
    let mut labels = own.and_then(|labels| labels.as_object().cloned()).unwrap_or_default();
    labels.extend(spec.labels.iter().map(|(key, value)| (key.as_str().to_owned(), value.as_str().into())));
    let metadata = fields!({
        "name": match &spec.instance {
            Some(instance) => format!("{}-{}", workload.name(), instance.as_str()),
            None => workload.name().into_owned(),
        },
        "namespace": Some(workload.namespace()).filter(|namespace| !namespace.is_empty()),
        "labels": Some(labels).filter(|labels| !labels.is_empty()),
    });
    let endpoint = vec![spec.endpoint()];
    let (endpoints, pod_metrics_endpoints) =
        if shape.kind == OF_SERVICE.kind { (endpoint, Vec::new()) } else { (Vec::new(), endpoint) };
    let spec = MonitorSpec { selector, endpoints, pod_metrics_endpoints };
    let monitor = Monitor { api_version: format!("{GROUP}/v1"), kind: shape.kind, metadata, spec };
    let object = serde_json::to_value(monitor).unwrap_or_default();
    let (rule, reason) = (&rules::MONITOR, "Prometheus is to scrape it".into());
    let wanted = Wanted { existing: None, beside: pod.object, object, rule, reason };
    reconcile::apply(stream, report, wanted, &Owners { ours: None })
        .and_then(|id| stream.object(id))
        .iter()
        .for_each(|monitor| known.add(shape, monitor));
}

/// An endpoint of a monitor that is there, at the port of the spec.
struct Endpoint {
    monitor: ObjectId,
    at: usize,
    path: String,
    params: Option<Value>,
}

/// The port with the metrics, as endpoints can name it.
struct Port {
    /// In `port`.
    names: Vec<String>,
    /// In `targetPort`, or `portNumber`.
    targets: Vec<Target>,
}

/// The endpoints of monitors at a port.
fn endpoints(shape: Shape, port: &Port, found: &[ObjectId], stream: &Stream) -> Vec<Endpoint> {
    let is = |item: Node<'_>| {
        if let Some(name) = item.get("port").and_then(Node::as_str).filter(|name| !name.is_empty()) {
            return port.names.iter().any(|own| *own == *name);
        }
        let Some(target) = item.get("targetPort").or_else(|| item.get("portNumber")) else { return false };
        let name = || target.as_str().map(std::borrow::Cow::into_owned).map(Target::Name);
        integer(target).map(Target::Number).or_else(name).is_some_and(|target| port.targets.contains(&target))
    };
    let all = found.iter().filter_map(|&id| Some((id, stream.object(id)?.root().find(&["spec", shape.endpoints])?)));
    all.flat_map(|(monitor, list)| list.items().enumerate().map(move |(at, item)| (monitor, at, item)))
        .filter(|(.., item)| is(*item))
        .map(|(monitor, at, item)| Endpoint {
            monitor,
            at,
            path: item.get("path").and_then(Node::as_str).unwrap_or(DEFAULT_PATH.into()).into_owned(),
            params: item.get("params").and_then(Node::to_value),
        })
        .collect()
}

/// Brings the monitor that is there up to date; with several, the one that fetches from the port and path.
#[allow(clippy::too_many_arguments, reason = "each is of its own type, and all callers are above")]
fn update(
    spec: &Spec,
    shape: Shape,
    what: &str,
    port: &Port,
    found: &[ObjectId],
    scrape_interval: &Interval,
    stream: &mut Stream,
    report: &mut Report,
) {
    let there = endpoints(shape, port, found, stream);
    let path = spec.path.as_ref().map_or(DEFAULT_PATH, |path| path.as_str());
    for (number, second) in there.iter().enumerate() {
        let same = |first: &&Endpoint| {
            first.monitor != second.monitor && first.path == second.path && first.params == second.params
        };
        let Some(first) = there.iter().take(number).find(same) else { continue };
        let Some(object) = stream.object(second.monitor) else { return };
        let other = stream.object(first.monitor).map(|object| object.reference().to_string()).unwrap_or_default();
        let message =
            format!("{other} fetches from port `{}` of {what} too: it would be scraped twice", spec.port.as_str());
        let pointer = format!("/spec/{}/{}", shape.endpoints, second.at);
        let remedy = "remove one of the two; or, where another Prometheus reads one of them, say so by `instance:`";
        report.add(&rules::SECOND_MONITOR, object.at(&pointer), message, remedy);
        return;
    }
    // Several programs may answer at one port: the endpoint of another path is another one's.
    let ours = there.iter().find(|one| one.path == path).or(match there.as_slice() {
        [only] => Some(only),
        several => several.first().filter(|_| spec.path.is_none()),
    });
    let id = ours.or(there.first()).map(|one| one.monitor).or(found.first().copied());
    let Some(object) = id.and_then(|id| stream.object(id)) else { return };
    let ours = ours.map(|one| one.at);
    let mut endpoint = spec.endpoint();
    if let Some(at) = ours.filter(|_| !spec.logins().is_empty()) {
        let pointer = format!("/spec/{}/{at}", shape.endpoints);
        let has =
            |field: &&&str| object.root().at_pointer(&format!("{pointer}/{field}")).is_some_and(|it| !it.is_null());
        if let Some(other) = LOGINS.iter().filter(|field| !spec.logins().contains(field)).find(has) {
            let asked = spec.logins().join(", ");
            let message = format!("the endpoint logs in by `{other}` already, and the config asks for `{asked}`");
            let place = object.at(&format!("{pointer}/{other}"));
            report.add(&rules::SECOND_LOGIN, place, message, "remove one of the two");
            return;
        }
    }
    let there = ours.map(|at| (object, format!("/spec/{}/{at}", shape.endpoints)));
    if !times::fit(spec, there.as_ref(), scrape_interval, report) {
        return;
    }
    let by_name = |at| object.root().at_pointer(&format!("/spec/{}/{at}/port", shape.endpoints)).is_some();
    if !ours.is_none_or(by_name) {
        endpoint.shift_remove("port");
    }
    let mut endpoints = Map::new();
    endpoints.insert(shape.endpoints.to_owned(), Value::Array(vec![endpoint.into()]));
    let labels: Map<String, Value> =
        spec.labels.iter().map(|(key, value)| (key.as_str().to_owned(), value.as_str().into())).collect();
    let labels = Some(labels).filter(|labels| !labels.is_empty());
    let (existing, beside) = (Some(object.id()), object.id());
    let object = fields!({"spec": endpoints, "metadata": fields!({"labels": labels})});
    let (rule, reason) = (&rules::MONITOR, "the spec says so".into());
    let wanted = Wanted { existing, beside, object, rule, reason };
    reconcile::apply(stream, report, wanted, &Owners { ours });
}

/// Whose the fields of a monitor are that is there: the endpoint of the program is the config's, and the labels that it
/// names.
struct Owners {
    /// The place of the endpoint.
    ours: Option<usize>,
}

/// Whether a list has steps one after the other: those of the user's stay before those of the config.
fn is_steps(pattern: &str) -> bool {
    pattern.ends_with("elabelings")
}

impl Ownership for Owners {
    fn field(&self, pattern: &str, _: Node<'_>, _: &Value) -> Field {
        let of_ours = pattern.starts_with("/metadata/labels/") || pattern.contains("/*/");
        if of_ours && !is_steps(pattern) { Field::Set } else { Field::Parts }
    }

    fn item(&self, pattern: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        match is_steps(pattern) {
            true => Item::find(list, |step| step.to_value().as_ref() == wanted.get(number)),
            false => self.ours.map_or(Item::Absent, Item::At),
        }
    }
}

/// Reports a monitor of the other kind that fetches the same numbers; whether there is one.
fn is_scraped(
    spec: &Spec,
    shape: Shape,
    what: &str,
    port: &Port,
    found: &[ObjectId],
    stream: &Stream,
    report: &mut Report,
) -> bool {
    let path = spec.path.as_ref().map_or(DEFAULT_PATH, |path| path.as_str());
    let all = endpoints(shape, port, found, stream);
    let Some(first) = all.iter().find(|one| one.path == path) else { return false };
    let Some(object) = stream.object(first.monitor) else { return false };
    let kind = if shape.kind == OF_PODS.kind { "service" } else { "pod" };
    let message = format!(
        "it fetches from the port `{}` of {what} already: with `monitor: {kind}` it would be scraped twice",
        spec.port.as_str()
    );
    let other = if kind == "pod" { "service" } else { "pod" };
    let remedy = format!("remove it, write `monitor: {other}`, or say by `instance:` that another Prometheus reads it");
    let pointer = format!("/spec/{}/{}", shape.endpoints, first.at);
    report.add(&rules::SECOND_MONITOR, object.at(&pointer), message, remedy);
    true
}

/// What a port of the pod is called and numbered, as far as that is known.
fn leads_to(target: Target, pod: &Pod, workload: &Object<'_>) -> Vec<Target> {
    let Some(number) = services::container_port(&target, "TCP", pod, workload) else { return vec![target] };
    let ports = services::declared_ports(pod, workload).into_iter();
    let same = ports.filter(|port| port.get("containerPort").and_then(integer) == Some(number));
    let names = same.filter_map(|port| port.get("name")?.as_str()).map(|name| Target::Name(name.into_owned()));
    names.chain([Target::Number(number)]).collect()
}

/// The port as PodMonitors name it.
fn of_container(targets: Vec<Target>) -> Port {
    let name = |target: &Target| match target {
        Target::Name(name) => Some(name.clone()),
        Target::Number(_) => None,
    };
    Port { names: targets.iter().filter_map(name).collect(), targets }
}
