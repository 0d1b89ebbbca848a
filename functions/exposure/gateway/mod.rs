//! The Gateway API: an HTTPRoute for all paths and a second one that redirects plain HTTP, or a TLSRoute where TLS passes
//! through; a BackendTLSPolicy for each Service that is spoken to in TLS, and a ListenerSet where the config asks for one.

mod admission;
mod kept;
mod listeners;
mod policy;

use krmor_core::facts;
use krmor_core::facts::gateways::GATEWAY;
use krmor_core::facts::routes::Exposes;
use krmor_core::kube::ObjectName;
use krmor_core::manifest::Manifest;
use krmor_core::reconcile::Step;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;
use serde::Serialize;
use serde_json::{Value, json};

use self::kept::Kept;
use super::backends::Backend;
use super::existing;
use super::object::{metadata, port_number, step, without};
use super::plan::Plan;
use super::spec::{Gateway, PathType, Spec, Termination, Tls};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RouteSpec {
    parent_refs: Vec<ParentRef>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hostnames: Vec<String>,
    rules: Vec<Rule>,
}

/// The listener that a route attaches to.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParentRef {
    group: &'static str,
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    section_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matches: Vec<Match>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    filters: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    backend_refs: Vec<BackendRef>,
}

#[derive(Serialize)]
struct Match {
    path: PathMatch,
}

#[derive(Serialize)]
struct PathMatch {
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
}

#[derive(Serialize)]
struct BackendRef {
    group: &'static str,
    kind: &'static str,
    name: String,
    port: i32,
    weight: u16,
}

/// What the routes of a config have in common.
struct World<'a> {
    plan: &'a Plan<'a>,
    stream: &'a Stream,
    gateway: &'a Gateway,
    serves: Object<'a>,
    existing: Option<Object<'a>>,
    /// Of the config, else of the route that is there.
    hosts: Vec<String>,
    /// What the route is called when it is made.
    name: String,
}

/// The objects that are wanted.
pub(super) fn steps(plan: &Plan<'_>, stream: &Stream, found: &[ObjectId], report: &mut Report) -> Option<Vec<Step>> {
    let gateway = plan.spec.gateway.as_ref()?;
    if let [first, second, ..] = found {
        existing::report_second(stream, *second, Some(*first), report);
        return None;
    }
    let serves = plan.first(stream)?;
    let existing = found.first().and_then(|id| stream.object(*id));
    let (hosts, name) = (hosts(plan, existing.as_ref()), plan.name_beside(&serves));
    World { plan, stream, gateway, serves, existing, hosts, name }.steps(report)
}

/// The hosts of the config, else those of the route that is there.
fn hosts(plan: &Plan<'_>, existing: Option<&Object<'_>>) -> Vec<String> {
    let own: Vec<String> = plan.spec.hosts().into_iter().map(str::to_owned).collect();
    match existing.filter(|_| own.is_empty()) {
        Some(existing) => texts(existing, "hostnames"),
        None => own,
    }
}

fn texts(object: &Object<'_>, key: &str) -> Vec<String> {
    let items = object.root().find(&["spec", key]).into_iter().flat_map(Node::items);
    items.filter_map(Node::as_str).map(std::borrow::Cow::into_owned).collect()
}

impl World<'_> {
    fn steps(&self, report: &mut Report) -> Option<Vec<Step>> {
        let (spec, tls) = (self.plan.spec, self.plan.spec.encryption());
        let is_proven = self.is_admitted(report)?;
        let mut steps = Vec::new();
        if self.gateway.listener_set.is_some() {
            steps.push(self.listener_set(report)?);
        }
        let reason = self.reason(is_proven);
        let parents = self.parents(false);
        let kept = Kept { world: self, parents: &parents };
        let asked = !spec.paths.is_empty() || !self.leads(report)?;
        let main = self.route(spec, self.name.clone(), parents.clone(), self.rules(spec))?;
        let main = if asked { main } else { without(main, "rules") };
        steps.push(step(main, &self.serves, self.existing, &kept, reason, (self.stream, report)));
        if tls.is_some_and(Tls::redirects) {
            steps.push(self.redirect(report)?);
        }
        if let Some(backend) = tls.filter(|tls| tls.termination == Termination::Reencrypt) {
            steps.extend(self.policies(backend.backend.as_ref()?, report));
        }
        Some(steps)
    }

    /// The listeners that are attached to: those for plain HTTP, which redirect, or those that answer.
    fn parents(&self, redirects: bool) -> Vec<ParentRef> {
        let Gateway { kind, name, namespace, section_name, http_section_name, listener_set } = self.gateway;
        let namespace = namespace.as_ref().map(|namespace| namespace.as_str().to_owned());
        let made = |section_name| ParentRef {
            group: GATEWAY,
            kind: "ListenerSet",
            name: self.name.clone(),
            namespace: None,
            section_name: Some(section_name),
        };
        if listener_set.is_some() {
            return self.sections(redirects).map(made).collect();
        }
        let section = if redirects { http_section_name } else { section_name };
        let section_name = section.as_ref().map(ObjectName::as_str).map(str::to_owned);
        vec![ParentRef { group: GATEWAY, kind: kind.kind(), name: name.as_str().to_owned(), namespace, section_name }]
    }

    fn route(&self, spec: &Spec, name: String, parent_refs: Vec<ParentRef>, rules: Vec<Rule>) -> Option<Value> {
        // What redirects is HTTP, also where TLS passes through.
        let is_redirect = rules.iter().any(|rule| !rule.filters.is_empty());
        let (_, kind) = if is_redirect { Exposes::HttpRoute.row() } else { spec.exposes().row() };
        let spec = RouteSpec { parent_refs, hostnames: self.hosts.clone(), rules };
        let metadata = metadata(&self.serves, name, &self.plan.annotations());
        Manifest { api_version: "gateway.networking.k8s.io/v1", kind, metadata, spec }.to_value().ok()
    }

    fn rules(&self, spec: &Spec) -> Vec<Rule> {
        let rule = |backend: &Backend| Rule {
            // A TLSRoute sees no paths.
            matches: Vec::from_iter(
                (spec.exposes() == Exposes::HttpRoute).then(|| matching(backend.path_type, backend.path.as_str())),
            ),
            filters: Vec::new(),
            backend_refs: vec![BackendRef {
                group: "",
                kind: "Service",
                name: backend.name.clone(),
                port: port_number(backend.port.port),
                weight: 1,
            }],
        };
        self.plan.longest_first().into_iter().map(rule).collect()
    }

    /// The HTTPRoute that redirects plain HTTP.
    fn redirect(&self, report: &mut Report) -> Option<Step> {
        let filter = json!({"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}});
        let everything =
            Rule { matches: vec![matching(PathType::Prefix, "/")], filters: vec![filter], backend_refs: Vec::new() };
        let parents = self.parents(true);
        let redirect =
            self.route(self.plan.spec, format!("{}-redirect", self.name), parents.clone(), vec![everything])?;
        let base = self.existing.map_or(self.name.clone(), |object| object.name().into_owned());
        let is_it = |object: &Object<'_>| {
            facts::share_namespace(object, &self.serves)
                && (object.is_named(&format!("{base}-redirect")) || self.redirects(object, &parents))
        };
        let (group, kind) = Exposes::HttpRoute.row();
        let there = self.stream.of_kind(group, kind).find(is_it);
        let reason = format!("plain HTTP for {} is redirected to HTTPS", Plan::all(&self.hosts));
        let kept = Kept { world: self, parents: &parents };
        Some(step(redirect, &self.serves, there, &kept, reason, (self.stream, report)))
    }

    /// Whether an HTTPRoute of the user's already redirects what comes to the listener.
    fn redirects(&self, route: &Object<'_>, parents: &[ParentRef]) -> bool {
        let items = |path: &[&str]| route.root().find(path).into_iter().flat_map(Node::items);
        let text =
            |node: Node<'_>, path: &[&str]| node.find(path).and_then(Node::as_str).map(std::borrow::Cow::into_owned);
        let hosts = texts(route, "hostnames");
        let is_parent = |there: Node<'_>| {
            parents.iter().any(|parent| {
                text(there, &["sectionName"]) == parent.section_name
                    && text(there, &["name"]).is_some_and(|name| name == parent.name)
            })
        };
        items(&["spec", "parentRefs"]).any(is_parent)
            && (hosts.is_empty() && self.hosts.is_empty() || hosts.iter().any(|host| self.hosts.contains(host)))
            && items(&["spec", "rules"])
                .flat_map(|rule| rule.get("filters").into_iter().flat_map(Node::items))
                .any(|filter| text(filter, &["requestRedirect", "scheme"]).as_deref() == Some("https"))
    }

    /// What is reported of the route: only a Gateway that is seen to admit it lets requests through for sure.
    fn reason(&self, is_proven: bool) -> String {
        let reason = self.plan.reason(self.stream, &self.hosts);
        match is_proven {
            true => reason,
            false => format!("{reason}, once {} `{}` admits it", self.gateway.kind.kind(), self.gateway.name.as_str()),
        }
    }
}

fn matching(kind: PathType, path: &str) -> Match {
    Match { path: PathMatch { kind: kind.of_http_route(), value: path.to_owned() } }
}
