//! Judged on the final stream: no two objects answer the same requests.

use super::controllers;
use super::existing;
use super::plan::Plan;
use crate::exposure::rules;
use krmor_core::facts::routes::{self, Exposes};
use krmor_core::facts::{self, Facts};
use krmor_core::report::Report;
use krmor_core::stream::{Object, Stream};
use krmor_yaml::Node;

/// A path that an object answers for.
struct Claim<'a> {
    object: Object<'a>,
    /// From the object's root.
    pointer: String,
    host: String,
    /// Where the requests come in; two that share no door never meet. None are all doors.
    doors: Vec<Door>,
    path: String,
    exact: bool,
}

/// The class of an Ingress, or the listeners of a Gateway that an HTTPRoute is attached to.
#[derive(Clone)]
struct Door {
    parent: String,
    /// All, where it is empty; so is the port.
    section: String,
    port: String,
}

impl Door {
    fn is_shared(&self, other: &Door) -> bool {
        let alike = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
        self.parent == other.parent && alike(&self.section, &other.section) && alike(&self.port, &other.port)
    }
}

/// Reports every path, of what exposes the plan's pods, that another object or entry has too.
pub(super) fn judge(plan: &Plan<'_>, stream: &Stream, report: &mut Report) {
    let Some(service) = plan.backends.first().and_then(|backend| stream.object(backend.service)) else { return };
    let exposes = plan.spec.exposes();
    let mut claims: Vec<Claim<'_>> = Vec::new();
    let (group, kind) = exposes.row();
    for object in stream.of_kind(group, kind) {
        match exposes {
            Exposes::Route => route(object, &mut claims),
            Exposes::Ingress => ingress(object, &mut claims),
            Exposes::HttpRoute | Exposes::TlsRoute => of_gateway(object, &mut claims),
        }
    }
    let ours = |claim: &Claim<'_>| {
        facts::share_namespace(&claim.object, &service)
            && existing::services(Facts::of(stream), &claim.object).iter().any(|to| plan.services().contains(&to.id()))
    };
    for (at, second) in claims.iter().enumerate() {
        let meets = |first: &&Claim<'_>| {
            first.host == second.host
                && first.path == second.path
                && first.exact == second.exact
                && (first.doors.is_empty()
                    || second.doors.is_empty()
                    || first.doors.iter().any(|door| second.doors.iter().any(|other| door.is_shared(other))))
        };
        let Some(first) = claims.iter().take(at).find(meets).filter(|first| ours(first) || ours(second)) else {
            continue;
        };
        let host = if second.host.is_empty() { "any host".to_owned() } else { format!("`{}`", second.host) };
        let path = if second.path.is_empty() { "/" } else { &second.path };
        let by = match first.object.id() == second.object.id() {
            true => "another entry of the same object".to_owned(),
            false => first.object.reference().to_string(),
        };
        let message =
            format!("requests for `{path}` of {host} have an answer already, by {by}: one of the two is never asked");
        let remedy = "remove one of the two, or give one another path or host";
        report.add(&rules::SHADOWED, second.object.at(&second.pointer), message, remedy);
    }
}

fn text(node: Node<'_>, path: &[&str]) -> String {
    node.find(path).and_then(Node::as_str).unwrap_or_default().into_owned()
}

fn prefix(path: &str) -> String {
    path.trim_end_matches('/').to_owned()
}

fn route<'a>(object: Object<'a>, out: &mut Vec<Claim<'a>>) {
    let host = text(object.root(), &["spec", "host"]);
    // Without a host, the router makes one up for each.
    if !host.is_empty() {
        let path = prefix(&text(object.root(), &["spec", "path"]));
        out.push(Claim { object, pointer: "/spec/host".to_owned(), host, doors: Vec::new(), path, exact: false });
    }
}

fn ingress<'a>(object: Object<'a>, out: &mut Vec<Claim<'a>>) {
    let class = text(object.root(), &["spec", "ingressClassName"]);
    let before = || object.annotation(controllers::CLASS).map(std::borrow::Cow::into_owned);
    let class = Some(class).filter(|class| !class.is_empty()).or_else(before).unwrap_or_default();
    let door =
        Door { parent: own_address(&object, &class).unwrap_or(class), section: String::new(), port: String::new() };
    // What is an expression, or rewritten, is not compared; nor is what its annotations narrow down to a part of the
    // requests that another Ingress has.
    if controllers::rewrites(&object) {
        return;
    }
    let narrowed = |service: &str| routes::narrowing(&object, Some(service)).is_some();
    let rules = object.root().find(&["spec", "rules"]).into_iter().flat_map(Node::items);
    for (number, rule) in rules.enumerate() {
        for (at, item) in rule.find(&["http", "paths"]).into_iter().flat_map(Node::items).enumerate() {
            let (path, kind) = (text(item, &["path"]), text(item, &["pathType"]));
            let exact = kind == "Exact";
            let of_version = |v1: &[&str], before: &str| match text(item, v1) {
                found if found.is_empty() => text(item, &["backend", before]),
                found => found,
            };
            let service = of_version(&["backend", "service", "name"], "serviceName");
            let port = of_version(&["backend", "service", "port", "name"], "servicePort");
            if !matches!(kind.as_str(), "Exact" | "Prefix") || port == USE_ANNOTATION || narrowed(&service) {
                continue;
            }
            out.push(Claim {
                object,
                pointer: format!("/spec/rules/{number}/http/paths/{at}/path"),
                host: text(rule, &["host"]),
                doors: vec![door.clone()],
                path: if exact { path } else { prefix(&path) },
                exact,
            });
        }
    }
}

/// The AWS Load Balancer Controller: how its annotations start, and what stands for the port of a Service where an
/// annotation says what a path does.
const ALB: &str = "alb.ingress.kubernetes.io/";
const USE_ANNOTATION: &str = "use-annotation";

/// The load balancer of an Ingress, where its controller makes one for each, or for each group: two never meet.
fn own_address(ingress: &Object<'_>, class: &str) -> Option<String> {
    let notes = ingress.root().find(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    let is_alb = class == "alb" || notes.into_iter().any(|(key, _)| key.starts_with(ALB));
    match (is_alb, class) {
        (true, _) => {
            let group = ingress.annotation(&format!("{ALB}group.name"));
            Some(group.map_or_else(|| ingress.reference().to_string(), std::borrow::Cow::into_owned))
        }
        (_, "gce" | "gce-internal") => Some(ingress.reference().to_string()),
        _ => None,
    }
}

fn of_gateway<'a>(object: Object<'a>, out: &mut Vec<Claim<'a>>) {
    let root = object.root();
    let items = |node: Node<'a>, path: &[&str]| node.find(path).into_iter().flat_map(Node::items).collect::<Vec<_>>();
    let parents = items(root, &["spec", "parentRefs"]);
    let doors = parents.iter().map(|parent| {
        let [kind, namespace, name, section] =
            ["kind", "namespace", "name", "sectionName"].map(|key| text(*parent, &[key]));
        // What is left out is a Gateway, in the namespace of the route.
        let kind = if kind.is_empty() { "Gateway" } else { &kind };
        let own = object.namespace();
        let namespace = if namespace.is_empty() { own.as_ref() } else { &namespace };
        let port = parent.get("port").filter(|port| !port.is_null()).map(Node::json).unwrap_or_default();
        Door { parent: format!("{kind}/{namespace}/{name}"), section, port }
    });
    let doors: Vec<Door> = doors.collect();
    let hosts: Vec<String> = items(root, &["spec", "hostnames"])
        .into_iter()
        .filter_map(Node::as_str)
        .map(std::borrow::Cow::into_owned)
        .collect();
    let hosts = if hosts.is_empty() { vec![String::new()] } else { hosts };
    for (number, rule) in items(root, &["spec", "rules"]).into_iter().enumerate() {
        let matches = items(rule, &["matches"]);
        if matches.is_empty() {
            // The API takes that for every path; a TLSRoute knows none.
            let all = |host: &String| Claim {
                object,
                pointer: format!("/spec/rules/{number}"),
                host: host.clone(),
                doors: doors.clone(),
                path: String::new(),
                exact: false,
            };
            out.extend(hosts.iter().map(all));
        }
        for (at, item) in matches.into_iter().enumerate() {
            // What looks at more than the path, or at a pattern, is not compared.
            let kind = text(item, &["path", "type"]);
            if !routes::is_for_all(item) || kind == "RegularExpression" {
                continue;
            }
            let (path, exact) = (text(item, &["path", "value"]), kind == "Exact");
            for host in &hosts {
                out.push(Claim {
                    object,
                    pointer: format!("/spec/rules/{number}/matches/{at}/path"),
                    host: host.clone(),
                    doors: doors.clone(),
                    path: if exact { path.clone() } else { prefix(&path) },
                    exact,
                });
            }
        }
    }
}
