//! Whether pods have the requests that a metric in percent of them needs, as the autoscaler's controller counts.

use super::facts::Workload;
use krmor_core::pods::{Container, Role};
use krmor_core::stream::Object;
use krmor_yaml::Node;

/// A metric that could not be computed.
#[derive(Debug)]
pub(super) struct Gap {
    /// Pointer of the metric in the autoscaler.
    pub(super) pointer: String,
    pub(super) resource: String,
    /// What is missing.
    pub(super) problem: String,
    /// What to do.
    pub(super) remedy: String,
}

/// A metric about the use of cpu or memory.
struct Metric {
    pointer: String,
    resource: String,
    /// The one container that counts; else all do.
    container: Option<String>,
    /// Whether it is in percent of the requests.
    relative: bool,
}

/// The metrics of a HorizontalPodAutoscaler, of any version, or of a ScaledObject that are about use of resources.
fn metrics(autoscaler: &Object<'_>) -> Vec<Metric> {
    let root = autoscaler.root();
    let cpu = |pointer: &str| {
        vec![Metric { pointer: pointer.to_owned(), resource: "cpu".to_owned(), container: None, relative: true }]
    };
    if autoscaler.group() != "autoscaling" {
        let triggers = root.find(&["spec", "triggers"]).into_iter().flat_map(Node::items).enumerate();
        return triggers.filter_map(|(at, trigger)| trigger_metric(at, trigger)).collect();
    }
    if autoscaler.version() == "v1" {
        // Without a percentage the API sets 80.
        return cpu("/spec");
    }
    let list = root.find(&["spec", "metrics"]).filter(|list| !list.is_null());
    let items: Vec<Node<'_>> = list.into_iter().flat_map(Node::items).collect();
    if items.is_empty() {
        // Here too the API sets 80 percent of cpu.
        return cpu("/spec");
    }
    items.into_iter().enumerate().filter_map(|(at, metric)| api_metric(at, metric)).collect()
}

fn api_metric(at: usize, metric: Node<'_>) -> Option<Metric> {
    let key = match metric.get("type")?.as_str()?.as_ref() {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return None,
    };
    let source = metric.get(key)?;
    let text = |key: &str| source.get(key).and_then(Node::as_str).map(std::borrow::Cow::into_owned);
    let relative =
        source.find(&["target", "averageUtilization"]).or_else(|| source.get("targetAverageUtilization")).is_some();
    let container = text("container").filter(|_| key == "containerResource");
    Some(Metric { pointer: format!("/spec/metrics/{at}"), resource: text("name")?, container, relative })
}

fn trigger_metric(at: usize, trigger: Node<'_>) -> Option<Metric> {
    let kind = trigger.get("type")?.as_str().filter(|kind| matches!(kind.as_ref(), "cpu" | "memory"))?;
    let text = |path: &[&str]| trigger.find(path).and_then(Node::as_str).map(std::borrow::Cow::into_owned);
    let target = text(&["metricType"]).or_else(|| text(&["metadata", "type"]));
    Some(Metric {
        pointer: format!("/spec/triggers/{at}"),
        resource: kind.into_owned(),
        container: text(&["metadata", "containerName"]),
        relative: target.as_deref() != Some("AverageValue"),
    })
}

/// Pointer and resource of each metric in percent of the requests of a resource.
pub(super) fn resource_metrics(autoscaler: &Object<'_>) -> Vec<(String, String)> {
    let relative = metrics(autoscaler).into_iter().filter(|metric| metric.relative);
    relative.map(|metric| (metric.pointer, metric.resource)).collect()
}

/// The metrics of an autoscaler that lack requests in the pods of a workload. `given` are the resources for which a LimitRange
/// gives requests to containers without.
pub(super) fn gaps(autoscaler: &Object<'_>, workload: &Workload, object: &Object<'_>, given: &[String]) -> Vec<Gap> {
    // Of a group of pods only the leader is looked at, whose template comes first.
    let Some(pod) = workload.pods.first() else { return Vec::new() };
    let mut containers = pod.containers(object);
    containers.retain(|container| matches!(container.role, Role::Main | Role::Sidecar));
    let whole = pod.spec_node(object).and_then(|spec| spec.get("resources"));
    let mut found = Vec::new();
    for metric in metrics(autoscaler).into_iter().filter(|metric| metric.relative) {
        let has = |container: &Container| {
            given.contains(&metric.resource)
                || container.node(object).is_some_and(|node| requests(node.get("resources"), &metric.resource))
        };
        let missing: Vec<&str> = match &metric.container {
            Some(name) => match containers.iter().find(|container| container.name == *name) {
                Some(container) if has(container) => continue,
                Some(container) => vec![container.name.as_str()],
                None => {
                    let problem = format!("there is no container `{name}` in it");
                    let names: Vec<_> = containers.iter().map(|container| container.name.clone()).collect();
                    let remedy = krmor_core::suggest::suggest(name, &names, "container");
                    found.push(Gap { pointer: metric.pointer, resource: metric.resource, problem, remedy });
                    continue;
                }
            },
            // With resources of the whole pod, requests of single containers add up to the pod's where it has none.
            None if whole.is_some_and(any) => {
                if requests(whole, &metric.resource) || containers.iter().any(has) {
                    continue;
                }
                containers.iter().map(|container| container.name.as_str()).collect()
            }
            None => containers.iter().filter(|container| !has(container)).map(|c| c.name.as_str()).collect(),
        };
        if missing.is_empty() {
            continue;
        }
        let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let (noun, verb) = if missing.len() == 1 { ("container", "has") } else { ("containers", "have") };
        let problem = format!("the {noun} {names} {verb} none");
        let remedy = format!(
            "set `resources.requests.{}` there, or let the function Resources do so; or scale by an average value",
            metric.resource
        );
        found.push(Gap { pointer: metric.pointer, resource: metric.resource, problem, remedy });
    }
    found
}

/// Whether `resources` give a request; the API takes a limit for one.
fn requests(resources: Option<Node<'_>>, resource: &str) -> bool {
    let given = |key: &str| resources.and_then(|node| node.find(&[key, resource])).is_some_and(|node| !node.is_null());
    given("requests") || given("limits")
}

/// Whether `resources` say anything.
fn any(resources: Node<'_>) -> bool {
    ["requests", "limits"].iter().any(|key| resources.get(key).is_some_and(|map| map.entries().next().is_some()))
}
