//! A Gateway API HTTPRoute for all paths, and a second one that redirects plain HTTP.

use crate::exposure::rules;
use krmor_core::reconcile::{Field, Item, Ownership, Refusal, Step};
use krmor_core::report::Place;
use krmor_core::rules as common;
use serde::Serialize;
use serde_json::{Value, json};

use super::existing;
use super::object::{self, metadata, port_number, step};
use super::plan::Plan;
use super::spec::{Gateway, PathType, Termination};
use krmor_core::facts::{self, Facts};
use krmor_core::kube::ObjectName;
use krmor_core::manifest::Manifest;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

const GROUP: &str = "gateway.networking.k8s.io";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpRouteSpec {
    parent_refs: [ParentRef; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    hostnames: Option<[String; 1]>,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
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
    matches: [Match; 1],
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

/// The HTTPRoutes that are wanted.
pub(super) fn steps(plan: &Plan<'_>, stream: &Stream, found: &[ObjectId], report: &mut Report) -> Option<Vec<Step>> {
    let gateway = plan.spec.gateway.as_ref()?;
    if let [first, second, ..] = found {
        existing::report_second(stream, *second, Some(*first), report);
        return None;
    }
    let serves = plan.first(stream)?;
    let existing = found.first().and_then(|id| stream.object(*id));
    let tls = plan.spec.tls.as_ref().filter(|tls| tls.termination != Termination::None);
    if !listeners_are_right(plan, gateway, &serves, stream, report) {
        return None;
    }
    if tls.is_some() {
        let message =
            format!("TLS ends at the Gateway `{}`: the certificate is that of its listener", gateway.name.as_str());
        let remedy = "see that the listener has one for the host";
        report.add(&rules::CERTIFICATE, Place::Stream, message, remedy);
    }
    let host = host(plan, existing.as_ref());
    let name = plan.name_beside(&serves);
    let rules = plan.longest_first().into_iter().map(|backend| Rule {
        matches: [matching(backend.path_type, backend.path.as_str())],
        filters: Vec::new(),
        backend_refs: vec![BackendRef {
            group: "",
            kind: "Service",
            name: backend.name.clone(),
            port: port_number(backend.port.port),
            weight: 1,
        }],
    });
    let route = |name: String, section: Option<&str>, rules: Vec<Rule>| {
        Manifest {
            api_version: "gateway.networking.k8s.io/v1",
            kind: "HTTPRoute",
            metadata: metadata(&serves, name, &plan.annotations()),
            spec: HttpRouteSpec {
                parent_refs: [parent(gateway, section)],
                hostnames: host.clone().map(|host| [host]),
                rules,
            },
        }
        .to_value()
    };
    let kept = Kept { plan, stream, gateway };
    let section = gateway.section_name.as_ref().map(ObjectName::as_str);
    let reason = plan.reason(stream, host.as_deref());
    let main = route(name.clone(), section, rules.collect()).ok()?;
    let mut steps = vec![step(main, &serves, existing, &kept, reason, (stream, report))];
    if tls.is_some_and(super::spec::Tls::redirects) {
        let section = gateway.http_section_name.as_ref().map(ObjectName::as_str);
        let filter = json!({"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}});
        let everything =
            Rule { matches: [matching(PathType::Prefix, "/")], filters: vec![filter], backend_refs: Vec::new() };
        let redirect = route(format!("{name}-redirect"), section, vec![everything]).ok()?;
        let base = existing.map_or(name, |object| object.name().into_owned());
        let there = stream.objects().find(|object| {
            existing::is_http_route(object)
                && facts::share_namespace(object, &serves)
                && (object.is_named(&format!("{base}-redirect")) || redirects(object, section, host.as_deref()))
        });
        let reason = format!("plain HTTP for {} is redirected to HTTPS", host.as_deref().unwrap_or("any host"));
        steps.push(step(redirect, &serves, there, &kept, reason, (stream, report)));
    }
    Some(steps)
}

fn matching(kind: PathType, path: &str) -> Match {
    let kind = match kind {
        PathType::Exact => "Exact",
        PathType::Prefix => "PathPrefix",
    };
    Match { path: PathMatch { kind, value: path.to_owned() } }
}

fn parent(gateway: &Gateway, section: Option<&str>) -> ParentRef {
    ParentRef {
        group: GROUP,
        kind: "Gateway",
        name: gateway.name.as_str().to_owned(),
        namespace: gateway.namespace.as_ref().map(|namespace| namespace.as_str().to_owned()),
        section_name: section.map(str::to_owned),
    }
}

/// The host of the config, else that of the HTTPRoute that is there.
fn host(plan: &Plan<'_>, existing: Option<&Object<'_>>) -> Option<String> {
    let own = plan.spec.host.as_ref().map(|host| host.as_str().to_owned());
    own.or_else(|| {
        let mut hosts = existing?.root().find(&["spec", "hostnames"])?.items();
        hosts.find_map(Node::as_str).map(std::borrow::Cow::into_owned)
    })
}

/// Whether an HTTPRoute of the user's already redirects what comes to the listener.
fn redirects(route: &Object<'_>, section: Option<&str>, host: Option<&str>) -> bool {
    let items = |path: &[&str]| route.root().find(path).into_iter().flat_map(Node::items);
    let text = |node: Node<'_>, path: &[&str]| node.find(path).and_then(Node::as_str).map(std::borrow::Cow::into_owned);
    items(&["spec", "parentRefs"]).any(|parent| text(parent, &["sectionName"]).as_deref() == section)
        && items(&["spec", "hostnames"])
            .next()
            .map_or(host.is_none(), |_| items(&["spec", "hostnames"]).any(|name| name.as_str().as_deref() == host))
        && items(&["spec", "rules"])
            .flat_map(|rule| rule.get("filters").into_iter().flat_map(Node::items))
            .any(|filter| text(filter, &["requestRedirect", "scheme"]).as_deref() == Some("https"))
}

/// Whether a Gateway of the stream has the listeners that the config names, for what it names them for.
fn listeners_are_right(
    plan: &Plan<'_>,
    gateway: &Gateway,
    serves: &Object<'_>,
    stream: &Stream,
    report: &mut Report,
) -> bool {
    let is_it = |object: &Object<'_>| {
        object.kind() == "Gateway"
            && object.group() == GROUP
            && object.is_named(gateway.name.as_str())
            && match &gateway.namespace {
                Some(namespace) => facts::in_namespace(object, namespace.as_str()),
                None => facts::share_namespace(object, serves),
            }
    };
    let Some(object) = stream.objects().find(is_it) else { return true };
    let listeners = Facts::of(stream).routes().listeners(object.id());
    let listeners: Vec<(String, String)> = listeners.map(|one| (one.name.clone(), one.protocol.clone())).collect();
    let tls = plan.spec.tls.as_ref().filter(|tls| tls.termination != Termination::None);
    let main = if tls.is_some() { "HTTPS" } else { "HTTP" };
    let redirect = gateway.http_section_name.as_ref().filter(|_| tls.is_some_and(super::spec::Tls::redirects));
    let sections = [("sectionName", gateway.section_name.as_ref(), main), ("httpSectionName", redirect, "HTTP")];
    let mut good = true;
    for (field, name, wanted) in sections.into_iter().filter_map(|(field, name, wanted)| Some((field, name?, wanted))) {
        let list =
            listeners.iter().map(|(name, protocol)| format!("{name} ({protocol})")).collect::<Vec<_>>().join(", ");
        let problem = match listeners.iter().find(|(own, _)| own == name.as_str()) {
            None => format!("{} has no listener `{}`", object.reference(), name.as_str()),
            Some((own, protocol)) if protocol != wanted => {
                format!("the listener `{own}` of {} is for {protocol}, not for {wanted}", object.reference())
            }
            Some(_) => continue,
        };
        good = false;
        report.add(
            &common::CONFIG,
            Place::Config(format!("/gateway/{field}")),
            problem,
            format!("its listeners are: {list}"),
        );
    }
    good
}

/// How an HTTPRoute that is there is compared.
struct Kept<'a> {
    plan: &'a Plan<'a>,
    stream: &'a Stream,
    gateway: &'a Gateway,
}

impl Kept<'_> {
    /// Whether a name is that of the object, now or before earlier kustomizations.
    fn names(&self, kind: &str, group: &str, text: &str, wanted: &str) -> bool {
        let is_it = |object: &Object<'_>| object.kind() == kind && object.group() == group && object.is_named(wanted);
        text == wanted || self.stream.objects().any(|object| is_it(&object) && object.is_named(text))
    }

    /// Whether an item of the list at `pattern` is about the same thing as the wanted one.
    fn is_same(&self, pattern: &str, item: Node<'_>, wanted: &Value) -> bool {
        let text = |path: &[&str]| item.find(path).and_then(Node::as_str).unwrap_or_default();
        let asked = |pointer: &str| wanted.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        match pattern {
            "/spec/parentRefs" => {
                let section = text(&["sectionName"]);
                self.names("Gateway", GROUP, &text(&["name"]), self.gateway.name.as_str())
                    && (section.is_empty() || asked("/sectionName").is_empty() || section == asked("/sectionName"))
            }
            "/spec/rules" => {
                let matches: Vec<Node<'_>> = item.get("matches").into_iter().flat_map(Node::items).collect();
                let kind = asked("/matches/0/path/type");
                let value = asked("/matches/0/path/value");
                let fits = |node: Node<'_>| {
                    let own = |key, default: &'static str| {
                        node.find(&["path", key]).and_then(Node::as_str).unwrap_or(default.into())
                    };
                    let plain = |path: &str| match kind {
                        "PathPrefix" => path.trim_end_matches('/').to_owned(),
                        _ => path.to_owned(),
                    };
                    own("type", "PathPrefix") == kind && plain(&own("value", "/")) == plain(value)
                };
                match matches.is_empty() {
                    true => kind == "PathPrefix" && value == "/",
                    false => matches.into_iter().any(fits),
                }
            }
            "/spec/rules/*/backendRefs" => self.names("Service", "", &text(&["name"]), asked("/name")),
            "/spec/rules/*/filters" => text(&["type"]) == asked("/type"),
            _ => item.as_str().is_some_and(|text| *wanted == *text),
        }
    }
}

impl Ownership for Kept<'_> {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field {
        let text = there.as_str().unwrap_or_default();
        match pattern {
            "/spec/parentRefs/*/name" => {
                Field::keep_if(self.names("Gateway", GROUP, &text, self.gateway.name.as_str()))
            }
            "/spec/rules/*/backendRefs/*/name" => {
                Field::keep_if(self.names("Service", "", &text, wanted.as_str().unwrap_or_default()))
            }
            "/spec/rules/*/matches"
            | "/spec/rules/*/backendRefs/*/weight"
            | "/spec/rules/*/filters/*/requestRedirect/statusCode" => Field::Keep,
            "/spec/hostnames" if self.plan.spec.host.is_none() => Field::Keep,
            _ => Field::Parts,
        }
    }

    fn item(&self, pattern: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let wanted = wanted.get(number).unwrap_or(&Value::Null);
        match Item::find(list, |item| self.is_same(pattern, item, wanted)) {
            Item::Absent if pattern != "/spec/rules" && list.items().next().is_some() => Item::Refuse,
            found => found,
        }
    }

    fn refusal(&self, wanted: &Value) -> Option<Refusal> {
        Some(object::refusal(wanted))
    }
}
