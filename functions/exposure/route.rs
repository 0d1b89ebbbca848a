//! OpenShift Routes: one for each host and path.

use crate::exposure::rules;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use krmor_core::reconcile::{Field, Ownership, Refusal, Step};
use krmor_core::report::Place;
use krmor_core::values::integer;
use serde::Serialize;
use serde_json::Value;

use super::backends::Backend;
use super::existing;
use super::object::{self, metadata, port_number, reason, step};
use super::plan::Plan;
use super::spec::{Spec, Termination};
use krmor_core::facts::services::Target;
use krmor_core::manifest::Manifest;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RouteSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    to: To,
    port: RoutePort,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<RouteTls>,
    wildcard_policy: &'static str,
}

#[derive(Serialize)]
struct To {
    kind: &'static str,
    name: String,
    weight: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoutePort {
    target_port: IntOrString,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RouteTls {
    termination: &'static str,
    insecure_edge_termination_policy: &'static str,
    #[serde(rename = "destinationCACertificate", skip_serializing_if = "Option::is_none")]
    destination_ca_certificate: Option<String>,
}

/// The Routes that are wanted.
pub(super) fn steps(plan: &Plan<'_>, stream: &Stream, found: &[ObjectId], report: &mut Report) -> Option<Vec<Step>> {
    if let Some(tls) = plan.spec.tls.as_ref().filter(|tls| tls.secret_name.is_some() || tls.issuer.is_some()) {
        let field = if tls.issuer.is_some() { "issuer" } else { "secretName" };
        let message = "it is not read for Routes: the router serves its own certificate for the host";
        report.add(
            &rules::CERTIFICATE,
            Place::Config(format!("/tls/{field}")),
            message,
            "let the router's certificate cover the host",
        );
    }
    let mut left: Vec<Object<'_>> = found.iter().filter_map(|id| stream.object(*id)).collect();
    let hosts: Vec<Option<&str>> = match plan.spec.hosts() {
        hosts if hosts.is_empty() => vec![None],
        hosts => hosts.into_iter().map(Some).collect(),
    };
    let own = |route: &Object<'_>| {
        route.root().find(&["spec", "host"]).and_then(Node::as_str).unwrap_or_default().into_owned()
    };
    // What is there keeps its paths when the config names none.
    let keeps = plan.spec.paths.is_empty() && !left.is_empty();
    let mut all: Vec<(usize, &Backend, Option<Object<'_>>)> = Vec::new();
    for (number, host) in hosts.iter().copied().enumerate() {
        let is_host = |route: &Object<'_>| host.is_none_or(|host| own(route).is_empty() || own(route) == host);
        for backend in plan.longest_first() {
            let mut seen: Vec<String> = Vec::new();
            let mut is_here = |route: &Object<'_>| {
                let (at, is_host) = (path(route), is_host(route) || hosts.len() == 1);
                let is_here = is_host && !seen.contains(&at) && (keeps || at == backend.path.prefix());
                if is_here {
                    seen.push(at);
                }
                is_here
            };
            let (here, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|route| is_here(route));
            left = others;
            match here.is_empty() {
                true => all.push((number, backend, None)),
                false => all.extend(here.into_iter().map(|route| (number, backend, Some(route)))),
            }
        }
    }
    let first = all.iter().find_map(|(.., route)| Some(route.as_ref()?.id()));
    let mut steps = Vec::new();
    for (number, backend, existing) in all {
        let workload = stream.object(backend.serves)?;
        let service = stream.object(backend.service)?;
        let host = hosts.get(number).copied().flatten();
        let prefix = Some(backend.path.prefix().to_owned()).filter(|path| !path.is_empty());
        let route = Manifest {
            api_version: "route.openshift.io/v1",
            kind: "Route",
            metadata: metadata(&workload, name(plan, backend, &workload, host, number), &plan.annotations()),
            spec: RouteSpec {
                host: host.map(str::to_owned),
                path: prefix,
                to: To { kind: "Service", name: backend.name.clone(), weight: 100 },
                port: RoutePort { target_port: target_port(backend, &service, report)? },
                tls: tls(plan.spec),
                wildcard_policy: "None",
            },
        };
        let reason = reason(host, backend.path.prefix(), &workload.reference().to_string());
        let kept = Kept { backend, service };
        steps.push(step(route.to_value().ok()?, &workload, existing, &kept, reason, (stream, report)));
    }
    for other in &left {
        let first = first.or_else(|| left.first().map(Object::id)).filter(|first| *first != other.id());
        if first.is_some() || left.len() == 1 {
            existing::report_second(stream, other.id(), first, report);
        }
    }
    left.is_empty().then_some(steps)
}

/// The path of a Route, without the slash at its end.
fn path(route: &Object<'_>) -> String {
    let path = route.root().find(&["spec", "path"]).and_then(Node::as_str).unwrap_or_default();
    path.trim_end_matches('/').to_owned()
}

/// The name of the Route for a host and path: they tell it from another of the same name. The first host has none, so that
/// a further one renames nothing.
fn name(plan: &Plan<'_>, backend: &Backend, workload: &Object<'_>, host: Option<&str>, number: usize) -> String {
    let name = plan.name_beside(workload);
    let shared = |other: &&Backend| plan.spec.name.is_some() || other.serves == backend.serves;
    let is_only = plan.backends.iter().filter(shared).count() == 1;
    let host = host.filter(|_| number > 0).and_then(slug);
    let path = slug(backend.path.prefix()).filter(|_| !is_only);
    std::iter::once(name).chain(host).chain(path).collect::<Vec<_>>().join("-")
}

/// What a host or path is called in names: `api-v1` for `/api/v1`; nothing for `/`.
pub(super) fn slug(path: &str) -> Option<String> {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    (!slug.is_empty()).then_some(slug)
}

/// The port as routers look it up: by the name that it has in the Service, else by the number that it has in the pods.
fn target_port(backend: &Backend, service: &Object<'_>, report: &mut Report) -> Option<IntOrString> {
    if !backend.port.name.is_empty() {
        return Some(IntOrString::String(backend.port.name.clone()));
    }
    let mut numbers = backend.numbers.iter();
    match (&backend.port.target, numbers.next(), numbers.next()) {
        (Target::Number(number), ..) | (_, Some(number), None) => Some(IntOrString::Int(port_number(*number))),
        (Target::Name(name), ..) => {
            let message = format!(
                "a Route names the port of a Service by its name or by its number in the pods: port {} has no name, and \
                 the stream does not say which number `{name}` is",
                backend.port.port
            );
            let pointer = format!("/spec/ports/{}", backend.port.index);
            report.add(&rules::PORT_UNNAMED, service.at(&pointer), message, "give the Service's port a name");
            None
        }
    }
}

fn tls(spec: &Spec) -> Option<RouteTls> {
    let tls = spec.tls.as_ref().filter(|tls| tls.termination != Termination::None)?;
    Some(RouteTls {
        termination: tls.termination.name(),
        insecure_edge_termination_policy: if tls.redirects() { "Redirect" } else { "None" },
        destination_ca_certificate: tls.destination_ca_certificate.clone(),
    })
}

/// How a Route that is there is compared.
struct Kept<'a> {
    backend: &'a Backend,
    service: Object<'a>,
}

impl Ownership for Kept<'_> {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field {
        let text = there.as_str().unwrap_or_default();
        match pattern {
            "/spec/path" | "/spec/to/kind" | "/spec/wildcardPolicy" => Field::Keep,
            "/spec/to/weight" => Field::keep_if(integer(there) != Some(0)),
            "/spec/to/name" => Field::keep_if(self.service.is_named(&text)),
            "/spec/port/targetPort" => Field::keep_if(match integer(there) {
                Some(number) => {
                    self.backend.port.target == Target::Number(number) || self.backend.numbers.contains(&number)
                }
                None => !text.is_empty() && text == self.backend.port.name,
            }),
            // Plain HTTP that is refused is no worse than redirected; nothing is asked of it without `redirect`.
            "/spec/tls/insecureEdgeTerminationPolicy" => {
                Field::keep_if(text == "None" || *wanted == "None" || *wanted == *text)
            }
            _ => Field::Parts,
        }
    }

    fn refusal(&self, wanted: &Value) -> Option<Refusal> {
        Some(object::refusal(wanted))
    }
}
