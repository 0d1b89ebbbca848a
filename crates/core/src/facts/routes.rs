//! What exposes Services to the outside: Ingresses, OpenShift's Routes, routes of the Gateway API, and the listeners that
//! these attach to.

use super::Facts;
use super::gateways::{self, GATEWAY, Listener};
use super::references::Reference;
use super::services::Target;
use crate::references::Relation;
use crate::stream::{Object, ObjectId};
use crate::values::integer;
use krmor_yaml::{Kind, Node};
use serde_json::Value;

/// The kinds that expose Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposes {
    /// An Ingress.
    Ingress,
    /// A Route of OpenShift.
    Route,
    /// An HTTPRoute of the Gateway API.
    HttpRoute,
    /// A TLSRoute of the Gateway API: TLS passes through.
    TlsRoute,
}

impl Exposes {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ingress, Self::Route, Self::HttpRoute, Self::TlsRoute];

    /// Group and kind.
    #[must_use]
    pub fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Ingress => ("networking.k8s.io", "Ingress"),
            Self::Route => ("route.openshift.io", "Route"),
            Self::HttpRoute => (GATEWAY, "HTTPRoute"),
            Self::TlsRoute => (GATEWAY, "TLSRoute"),
        }
    }

    /// What an object exposes by.
    #[must_use]
    pub fn of(object: &Object<'_>) -> Option<Self> {
        let (group, kind) = (object.group(), object.kind());
        Self::ALL.into_iter().find(|one| one.row() == (group.as_str(), kind.as_ref()))
    }
}

/// An object that exposes Services.
#[derive(Clone, Debug)]
pub struct Route {
    /// The object.
    pub object: ObjectId,
    /// What it is.
    pub exposes: Exposes,
    /// The hosts that it answers for; none for any.
    pub hosts: Vec<String>,
    /// The Services of its own namespace that it sends to, as it names them: all requests for some path, or a share of them.
    pub services: Vec<String>,
    /// Those that only some requests for a path reach, by a header, a method or a parameter, or none, by the weight 0.
    pub partly: Vec<String>,
}

/// Everything that exposes Services.
#[derive(Debug, Default)]
pub struct Routes {
    routes: Vec<Route>,
    listeners: Vec<Listener>,
}

impl Routes {
    pub(super) fn of(facts: Facts<'_>) -> Self {
        let routes = facts.stream.objects().filter_map(|object| route(facts, &object)).collect();
        let holders = ["Gateway", "ListenerSet"].into_iter().flat_map(|kind| facts.stream.of_kind(GATEWAY, kind));
        Self { routes, listeners: holders.flat_map(|holder| gateways::listeners(&holder)).collect() }
    }

    /// What exposes Services, in the stream's order.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// What an object exposes, if it does.
    #[must_use]
    pub fn of_object(&self, object: ObjectId) -> Option<&Route> {
        let at = self.routes.binary_search_by_key(&object, |route| route.object).ok()?;
        self.routes.get(at)
    }

    /// The listeners of a Gateway or ListenerSet, in its order.
    pub fn listeners(&self, holder: ObjectId) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(move |listener| listener.holder == holder)
    }
}

/// Whether a route of the Gateway API attaches to Services only: it is for requests of pods among themselves.
pub(super) fn is_of_mesh(object: &Object<'_>) -> bool {
    let parents = object.root().find(&["spec", "parentRefs"]).filter(|_| object.group() == GATEWAY);
    let mut parents = parents.into_iter().flat_map(Node::items).peekable();
    let is_service = |parent: Node<'_>| {
        parent.get("kind").and_then(Node::as_str).is_some_and(|kind| matches!(&*kind, "Service" | "ServiceEntry"))
    };
    parents.peek().is_some() && parents.all(is_service)
}

fn route(facts: Facts<'_>, object: &Object<'_>) -> Option<Route> {
    let exposes = Exposes::of(object).filter(|_| !is_of_mesh(object))?;
    let spec = object.root().get("spec");
    let text = |node: Node<'_>| node.as_str().map(std::borrow::Cow::into_owned);
    let items = |key: &str| spec.and_then(|spec| spec.get(key)).into_iter().flat_map(Node::items);
    let hosts: Vec<String> = match exposes {
        Exposes::Ingress => items("rules").filter_map(|rule| text(rule.get("host")?)).collect(),
        Exposes::Route => spec.and_then(|spec| text(spec.get("host")?)).into_iter().collect(),
        Exposes::HttpRoute | Exposes::TlsRoute => items("hostnames").filter_map(text).collect(),
    };
    let sends = facts.references().of_object(object.id()).filter(|reference| {
        let is_copy = reference.pointer.contains("/filters/");
        reference.relation == Relation::Needs && reference.is_to("Service") && !is_copy
    });
    let own = sends.filter(|reference| reference.namespace.is_none());
    let mut all: Vec<(String, bool)> =
        own.map(|reference| (reference.name.clone(), is_whole(object, exposes, reference))).collect();
    if exposes == Exposes::Ingress {
        all.extend(actions(object).into_iter().map(|(name, _)| (name, narrowing(object, None).is_none())));
    }
    let (whole, partly): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, is_whole)| *is_whole);
    let names = |list: Vec<(String, bool)>| list.into_iter().map(|(name, _)| name).collect();
    Some(Route { object: object.id(), exposes, hosts, services: names(whole), partly: names(partly) })
}

/// Whether all requests for some path may reach the Service that a reference names.
fn is_whole(object: &Object<'_>, exposes: Exposes, reference: &Reference) -> bool {
    let around = |pointer: &str| pointer.rsplit_once('/').map(|(around, _)| around.to_owned()).unwrap_or_default();
    let backend = around(&reference.pointer);
    let has_weight = object.root().at_pointer(&backend).is_none_or(|backend| !is_weightless(backend));
    has_weight
        && match exposes {
            Exposes::Route => true,
            Exposes::Ingress => narrowing(object, Some(&reference.name)).is_none(),
            // `/spec/rules/0/backendRefs/0`
            Exposes::HttpRoute | Exposes::TlsRoute => {
                object.root().at_pointer(&around(&around(&backend))).is_none_or(serves_a_path)
            }
        }
}

/// Whether a backend gets no requests at all.
#[must_use]
pub fn is_weightless(backend: Node<'_>) -> bool {
    backend.get("weight").and_then(integer) == Some(0)
}

/// Whether a rule of an HTTPRoute sends all requests for some path to its backends.
#[must_use]
pub fn serves_a_path(rule: Node<'_>) -> bool {
    let mut matches = rule.get("matches").into_iter().flat_map(Node::items).peekable();
    !redirects(rule) && (matches.peek().is_none() || matches.any(is_for_all))
}

/// Whether a match of an HTTPRoute looks at nothing but the path.
#[must_use]
pub fn is_for_all(item: Node<'_>) -> bool {
    let is_there = |key: &&str| {
        item.get(key).is_some_and(|demand| {
            let has_items = || demand.items().next().is_some() || demand.entries().next().is_some();
            !demand.is_null() && (demand.kind() == Kind::Scalar || has_items())
        })
    };
    !["headers", "queryParams", "method"].iter().any(is_there)
}

/// Whether a rule of an HTTPRoute answers by a redirect.
#[must_use]
pub fn redirects(rule: Node<'_>) -> bool {
    let mut filters = rule.get("filters").into_iter().flat_map(Node::items);
    filters.any(|filter| filter.get("requestRedirect").is_some_and(|one| !one.is_null()))
}

/// How annotations start that let an Ingress have only some of the requests for its paths: by a share, a header or a method.
const NARROWING: [&str; 5] = [
    "konghq.com/methods",
    "konghq.com/headers.",
    "haproxy-ingress.github.io/http-header-match",
    "haproxy-ingress.github.io/http-match",
    "k8s.apisix.apache.org/http-allow-methods",
];

/// The annotation by which only some requests for its paths reach a Service, or any Service, of an Ingress.
#[must_use]
pub fn narrowing(ingress: &Object<'_>, service: Option<&str>) -> Option<String> {
    let notes = ingress.root().find(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    let narrows = |key: &str, value: Node<'_>| match key {
        CANARY => value.as_str().is_some_and(|value| value == "true"),
        _ if NARROWING.iter().any(|start| key.starts_with(start)) => true,
        _ => key.strip_prefix(CONDITIONS).is_some_and(|own| service == Some(own)),
    };
    { notes }.find_map(|(key, value)| narrows(&key, value).then(|| key.into_owned()))
}

/// ingress-nginx: the Ingress has a part of the requests of another one.
const CANARY: &str = "nginx.ingress.kubernetes.io/canary";
/// The AWS Load Balancer Controller: what requests for a Service, or for an action of that name, must have.
const CONDITIONS: &str = "alb.ingress.kubernetes.io/conditions.";

/// How annotations for the AWS Load Balancer Controller start that say what a path does in place of a Service.
const ACTIONS: &str = "alb.ingress.kubernetes.io/actions.";

/// The Services that such annotations of an Ingress forward to, with their ports.
pub(super) fn actions(ingress: &Object<'_>) -> Vec<(String, Option<Target>)> {
    let notes = ingress.root().find(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    let texts = notes.filter(|(key, _)| key.starts_with(ACTIONS)).filter_map(|(_, value)| value.as_str());
    let mut out = Vec::new();
    for action in texts.filter_map(|text| serde_json::from_str::<Value>(&text).ok()) {
        let port = |at: &Value| match at.get("servicePort")? {
            Value::Number(number) => number.as_i64().map(|number| Target::Number(number.into())),
            Value::String(text) => Some(text.parse().map_or_else(|_| Target::Name(text.clone()), Target::Number)),
            _ => None,
        };
        let mut add = |at: &Value| {
            out.extend(at.get("serviceName").and_then(Value::as_str).map(|name| (name.to_owned(), port(at))));
        };
        add(&action);
        action.pointer("/forwardConfig/targetGroups").and_then(Value::as_array).into_iter().flatten().for_each(add);
    }
    out
}
