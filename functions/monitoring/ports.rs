//! The port with the metrics: found by its name, or added when the spec says so.

use crate::monitoring::rules;
use krmor_core::values::integer;
use serde_json::{Value, json};

use super::spec::Spec;
use krmor_core::facts::services::{self, Target};
use krmor_core::kube::PortName;
use krmor_core::pods::{Container, Role};
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_core::target::Selected;
use krmor_yaml::Node;

fn added(reason: &'static str) -> Why {
    Why { rule: &rules::METRICS_PORT, reason: reason.into(), class: Class::Added }
}

/// Sees that the Service has the port by name and that it leads to TCP; whether it does.
pub(super) fn of_service(
    spec: &Spec,
    selected: &Selected,
    service: ObjectId,
    stream: &mut Stream,
    report: &mut Report,
) -> bool {
    let Some(object) = stream.object(service) else { return false };
    let ports = services::ports(&object);
    let name = spec.port.as_str();
    if let Some(port) = ports.iter().find(|port| port.name == name) {
        let Some(workload) = stream.object(selected.pod.object) else { return false };
        let pointer = format!("/spec/ports/{}", port.index);
        if port.protocol != "TCP" {
            let message = format!("the port `{name}` is {}, and metrics are fetched over TCP", port.protocol);
            report.add(&rules::METRICS_PORT, object.at(&pointer), message, "name another port");
            return false;
        }
        if let (Target::Name(target), None) =
            (&port.target, services::container_port(&port.target, &port.protocol, &selected.pod, &workload))
        {
            let message = format!("no container of {} has the port `{target}`", workload.reference());
            let remedy = "add it to the container's `ports`, or correct `targetPort`";
            report.add(&rules::METRICS_PORT, object.at(&format!("{pointer}/targetPort")), message, remedy);
            return false;
        }
        return true;
    }
    let Some(number) = spec.add_port else {
        let named: Vec<String> =
            ports.iter().filter(|port| !port.name.is_empty()).map(|port| format!("`{}`", port.name)).collect();
        let has = if named.is_empty() { "no named port".to_owned() } else { named.join(", ") };
        let message = format!("the Service has no port `{name}`; it has {has}");
        let remedy = format!("correct `port`, name the Service's port `{name}`, or add it with `addPort`");
        report.add(&rules::METRICS_PORT, object.at("/spec/ports"), message, remedy);
        return false;
    };
    if let Some(port) = ports.iter().find(|port| port.port == i128::from(number.get()) && port.protocol == "TCP") {
        let pointer = format!("/spec/ports/{}", port.index);
        if !port.name.is_empty() {
            let message = format!("the port {} is called `{}`, not `{name}`", number.get(), port.name);
            report.add(&rules::METRICS_PORT, object.at(&pointer), message, "correct `port` or `addPort`");
            return false;
        }
        let edit = Edit {
            pointer: format!("{pointer}/name"),
            action: Action::Set(json!(name)),
            why: added("a ServiceMonitor knows ports by their names"),
        };
        stream.apply(report, service, edit);
        return true;
    }
    if let Some(unnamed) = ports.iter().find(|port| port.name.is_empty()) {
        let message = "the Service has a port without a name, and a second port would need both to have one";
        let pointer = format!("/spec/ports/{}", unnamed.index);
        report.add(&rules::METRICS_PORT, object.at(&pointer), message, "give it a name");
        return false;
    }
    let Some(target) = on_container(spec, selected, stream, report) else { return false };
    let port = json!({"name": name, "port": number.get(), "targetPort": target});
    let why = added("`addPort` asks for it");
    stream.apply(report, service, Edit { pointer: "/spec/ports".to_owned(), action: Action::Append(port), why });
    true
}

/// Sees that a container has the port by name; whether it does.
pub(super) fn of_pods(spec: &Spec, selected: &Selected, stream: &mut Stream, report: &mut Report) -> bool {
    let Some(workload) = stream.object(selected.pod.object) else { return false };
    let name = spec.port.as_str();
    let containers = running(selected, &workload);
    if let Some((pointer, port)) = containers.iter().find_map(|container| named(container, &workload, name)) {
        let protocol = port.get("protocol").and_then(Node::as_str).unwrap_or("TCP".into());
        if protocol != "TCP" {
            let message = format!("the port `{name}` is {protocol}, and metrics are fetched over TCP");
            report.add(&rules::METRICS_PORT, workload.at(&pointer), message, "name another port");
            return false;
        }
        return true;
    }
    if spec.add_port.is_some() {
        return on_container(spec, selected, stream, report).is_some();
    }
    let message = format!("no container has a port `{name}`");
    let remedy =
        format!("correct `port`, add `{{name: {name}, containerPort: …}}` to the container, or write `addPort`");
    report.add(&rules::METRICS_PORT, workload.at(&selected.pod.spec), message, remedy);
    false
}

/// The containers that stay while the pod runs.
fn running(selected: &Selected, workload: &Object<'_>) -> Vec<Container> {
    let mut containers = selected.containers(workload);
    containers.retain(|container| matches!(container.role, Role::Main | Role::Sidecar));
    containers
}

/// The port of that name, and its pointer.
fn named<'a>(container: &Container, workload: &Object<'a>, name: &str) -> Option<(String, Node<'a>)> {
    let mut ports = container.node(workload)?.get("ports")?.items().enumerate();
    let (at, port) = ports.find(|(_, port)| port.get("name").and_then(Node::as_str).is_some_and(|own| own == name))?;
    Some((format!("{}/ports/{at}", container.pointer), port))
}

/// Sees that a container has the port that is to be added: how a Service's `targetPort` calls it.
fn on_container(spec: &Spec, selected: &Selected, stream: &mut Stream, report: &mut Report) -> Option<Value> {
    let (name, number) = (spec.port.as_str(), spec.add_port?.get());
    let workload = stream.object(selected.pod.object)?;
    let containers = running(selected, &workload);
    let ports = |container: &Container| {
        container
            .node(&workload)
            .and_then(|node| node.get("ports"))
            .into_iter()
            .flat_map(Node::items)
            .collect::<Vec<_>>()
    };
    for port in containers.iter().flat_map(ports) {
        let own = port.get("name").and_then(Node::as_str).unwrap_or_default();
        if port.get("containerPort").and_then(integer) == Some(i128::from(number)) {
            // Declared already, under whatever name.
            return Some(if own.is_empty() { json!(number) } else { json!(own) });
        }
        if own == name {
            return Some(json!(own));
        }
    }
    let mains: Vec<&Container> = containers.iter().filter(|container| container.role == Role::Main).collect();
    let container = match (mains.as_slice(), containers.as_slice()) {
        ([only], _) => *only,
        (_, [only]) => only,
        _ => {
            let message = format!("`addPort: {number}` could mean several containers");
            let remedy = "name one in `containers` of a target";
            report.add(&rules::METRICS_PORT, workload.at(&selected.pod.spec), message, remedy);
            return None;
        }
    };
    if let Err(problem) = PortName::try_from(name.to_owned()) {
        let message = format!("the container would get the port, and {problem}");
        report.add(&rules::METRICS_PORT, workload.at(&container.pointer), message, "choose another `port`");
        return None;
    }
    let pointer = format!("{}/ports", container.pointer);
    let port = json!({"name": name, "containerPort": number});
    let why = added("`addPort` asks for it");
    stream.apply(report, selected.pod.object, Edit { pointer, action: Action::Append(port), why });
    Some(json!(name))
}
