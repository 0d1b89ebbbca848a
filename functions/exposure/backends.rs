//! Finds the Service and the port behind a path, and sees that they exist.

use crate::exposure::rules;
use krmor_core::report::Place;
use krmor_core::rules as common;
use krmor_core::values::integer;
use std::collections::BTreeSet;

use super::plan::Candidates;
use super::spec::{PathRule, PathType, Termination};
use super::values::Path;
use krmor_core::facts::services::{self, Target};
use krmor_core::kube::{ServiceName, ServicePort};
use krmor_core::pods::Pod;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId};
use krmor_core::suggest;
use krmor_core::text::few;
use krmor_yaml::Node;

/// A path and what is behind it.
pub(super) struct Backend {
    pub(super) path: Path,
    pub(super) path_type: PathType,
    pub(super) service: ObjectId,
    /// The Service's present name.
    pub(super) name: String,
    /// The port of the Service.
    pub(super) port: services::Port,
    /// How the config names the port, if it does.
    pub(super) asked: Option<ServicePort>,
    /// The numbers that the port has in the pods, as far as the stream says.
    pub(super) numbers: BTreeSet<i128>,
    /// What what is made is named after and stands beside: the workload behind the Service, or the Service.
    pub(super) serves: ObjectId,
    /// All workloads behind the Service.
    pub(super) workloads: Vec<ObjectId>,
}

/// The Service and the port for a path; what is missing is reported.
pub(super) fn find(world: &Candidates<'_>, at: usize, rule: &PathRule, report: &mut Report) -> Option<Backend> {
    let place = |own: bool, field: &str| if own { format!("/paths/{at}/{field}") } else { format!("/{field}") };
    let mut config = |pointer: String, problem: String, remedy: String| {
        report.add(&common::CONFIG, Place::Config(pointer), problem, remedy);
    };
    let wanted = rule.service.as_ref().or(world.spec.service.as_ref()).map(ServiceName::as_str);
    let service = match choose_service(world, wanted) {
        Ok(service) => service,
        Err((problem, remedy)) => {
            config(place(rule.service.is_some(), "service"), problem, remedy);
            return None;
        }
    };
    if service.root().find(&["spec", "type"]).and_then(Node::as_str).as_deref() == Some("ExternalName") {
        let message = "its type is ExternalName: requests would leave the cluster instead of reaching pods";
        let remedy = "give the Service a selector, or expose another";
        report.add(&rules::EXTERNAL_NAME, service.at("/spec/type"), message, remedy);
        return None;
    }
    let asked = rule.port.as_ref().or(world.spec.port.as_ref());
    let port = match choose_port(world, &service, asked) {
        Ok(port) => port,
        Err((problem, remedy)) => {
            config(place(rule.port.is_some(), "port"), problem, remedy);
            return None;
        }
    };
    let mut behind = world.behind(&service);
    if behind.iter().any(|(pod, workload)| !pod.runs_to_completion(workload)) {
        behind.retain(|(pod, workload)| !pod.runs_to_completion(workload));
    }
    let good = behind.iter().filter(|(pod, workload)| !listens(&service, &port, pod, workload, report)).count() == 0;
    // Of several, the one that is called like the Service, else the first by name: not by its place in the stream.
    let first = behind.iter().map(|(_, workload)| workload).min_by_key(|workload| {
        (workload.name() != service.name(), workload.kind(), workload.name().into_owned(), workload.id())
    });
    good.then(|| Backend {
        path: rule.path.clone(),
        path_type: rule.path_type,
        service: service.id(),
        name: service.name().into_owned(),
        asked: asked.cloned(),
        numbers: behind
            .iter()
            .filter_map(|(pod, it)| services::container_port(&port.target, &port.protocol, pod, it))
            .collect(),
        serves: first.map_or(service.id(), Object::id),
        workloads: behind.iter().map(|(pod, _)| pod.object).collect(),
        port,
    })
}

type Problem = (String, String);

fn choose_service<'a>(world: &Candidates<'a>, wanted: Option<&str>) -> Result<Object<'a>, Problem> {
    let list = |services: &[Object<'_>]| {
        few(services.len(), &mut services.iter().map(|service| service.reference().to_string()), ", ")
    };
    let found = match wanted {
        Some(name) => world.named(name),
        None => without_headless(world.candidates()),
    };
    match (found.as_slice(), wanted) {
        ([only], _) => Ok(*only),
        ([], Some(name)) => {
            let names: Vec<String> = world.candidates().iter().map(|service| service.name().into_owned()).collect();
            let problem = format!("no Service `{name}` sends to a targeted workload");
            let remedy = match names.is_empty() {
                true => "add the Service, or correct its selector".to_owned(),
                false => suggest::but_for_affixes(name, names.iter().map(String::as_str))
                    .unwrap_or_else(|| suggest::suggest(name, &names, "Service")),
            };
            Err((problem, remedy))
        }
        ([], None) => {
            let remedy = "add a Service whose selector fits their labels, or correct `targets`";
            Err(("no Service sends to a targeted workload".to_owned(), remedy.to_owned()))
        }
        (several, Some(name)) => {
            let problem = format!("`{name}` can be {}", list(several));
            Err((problem, "choose one by `targets`".to_owned()))
        }
        (several, None) => {
            let problem = format!("the targeted workloads have several: {}", list(several));
            Err((problem, "name one by `service:`, or choose one workload by `targets`".to_owned()))
        }
    }
}

/// Headless Services stand beside the one for clients, for the pods among themselves.
fn without_headless(services: Vec<Object<'_>>) -> Vec<Object<'_>> {
    let headless = |service: &Object<'_>| {
        service.root().find(&["spec", "clusterIP"]).and_then(Node::as_str).as_deref() == Some("None")
    };
    if services.iter().all(headless) {
        return services;
    }
    services.into_iter().filter(|service| !headless(service)).collect()
}

fn choose_port(
    world: &Candidates<'_>,
    service: &Object<'_>,
    asked: Option<&ServicePort>,
) -> Result<services::Port, Problem> {
    let reference = service.reference();
    let ports = services::ports(service);
    let show = |port: &services::Port| match port.name.as_str() {
        "" => port.port.to_string(),
        name => format!("{name} ({})", port.port),
    };
    let list = ports.iter().map(show).collect::<Vec<_>>().join(", ");
    if ports.is_empty() {
        return Err((format!("{reference} has no ports"), "list them in the Service's `spec.ports`".to_owned()));
    }
    let tcp = |port: &&services::Port| port.protocol == "TCP";
    let fits = |port: &&services::Port| match asked {
        Some(ServicePort::Number(number)) => port.port == i128::from(*number),
        Some(ServicePort::Name(name)) => port.name == *name,
        None => false,
    };
    if let Some(asked) = asked {
        let all: Vec<&services::Port> = ports.iter().filter(fits).collect();
        return match (all.iter().find(|port| tcp(port)), all.first()) {
            (Some(port), _) => Ok((*port).clone()),
            (None, Some(other)) => {
                let problem =
                    format!("port {} of {reference} is for {}, and HTTP needs TCP", show(other), other.protocol);
                Err((problem, format!("name another; the ports are: {list}")))
            }
            (None, None) => {
                let meant = |port: &&services::Port| match (asked, &port.target) {
                    (ServicePort::Number(asked), Target::Number(number)) => i128::from(*asked) == *number,
                    (ServicePort::Name(asked), Target::Name(name)) => asked == name,
                    _ => false,
                };
                let hint = match ports.iter().find(meant) {
                    Some(port) => format!("that is the port of its pods: name the Service's, {}", show(port)),
                    None => format!("its ports are: {list}"),
                };
                Err((format!("{reference} has no port `{asked}`"), hint))
            }
        };
    }
    let encrypted = world.spec.tls.as_ref().map_or(Termination::None, |tls| tls.termination).reaches_pods();
    let usual = if encrypted { "https" } else { "http" };
    let open: Vec<&services::Port> = ports.iter().filter(tcp).collect();
    match (open.as_slice(), open.iter().find(|port| port.name == usual)) {
        ([only], _) | (_, Some(only)) => Ok((*only).clone()),
        ([], None) => {
            let problem = format!("{reference} has no TCP port, and HTTP needs one");
            Err((problem, format!("add one to the Service; its ports are: {list}")))
        }
        (_, None) => {
            let problem = format!("{reference} has several ports, none of them called `{usual}`");
            Err((problem, format!("name one by `port:`; they are: {list}")))
        }
    }
}

/// Whether the pods have the port that the Service sends to; if not, that is reported.
fn listens(service: &Object<'_>, port: &services::Port, pod: &Pod, workload: &Object<'_>, report: &mut Report) -> bool {
    let declared: Vec<(String, i128)> = services::declared_ports(pod, workload)
        .into_iter()
        .filter_map(|port| {
            let name = port.get("name").and_then(Node::as_str).unwrap_or_default();
            Some((name.into_owned(), integer(port.get("containerPort")?)?))
        })
        .collect();
    let (known, target) = match &port.target {
        // What a container listens on need not be declared; where ports are, the others are taken for wrong.
        Target::Number(number) => {
            (declared.is_empty() || declared.iter().any(|(_, own)| own == number), number.to_string())
        }
        Target::Name(name) => {
            (services::container_port(&port.target, &port.protocol, pod, workload).is_some(), name.clone())
        }
    };
    if known {
        return true;
    }
    let list: Vec<String> = declared
        .iter()
        .map(|(name, number)| if name.is_empty() { number.to_string() } else { format!("{name} ({number})") })
        .collect();
    let has = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    let message = format!(
        "port {} sends to the port `{target}` of {}, which no container there has",
        port.port,
        workload.reference()
    );
    let remedy = format!("correct `targetPort`, or declare the port in the container; declared are: {has}");
    let pointer = format!("/spec/ports/{}/targetPort", port.index);
    report.add(&rules::PORT_MISSING, service.at(&pointer), message, remedy);
    false
}
