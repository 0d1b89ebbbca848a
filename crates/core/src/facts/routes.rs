//! What exposes Services to the outside: Ingresses, OpenShift's Routes, routes of the Gateway API, and the listeners that
//! these attach to.

use super::Facts;
use super::gateways::{self, GATEWAY, Listener};
use crate::references::Relation;
use crate::stream::{Object, ObjectId};
use krmor_yaml::Node;
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
    /// The Services of its own namespace that it sends to, as it names them.
    pub services: Vec<String>,
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

fn route(facts: Facts<'_>, object: &Object<'_>) -> Option<Route> {
    let exposes = Exposes::of(object)?;
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
    let mut services: Vec<String> = own.map(|reference| reference.name.clone()).collect();
    if exposes == Exposes::Ingress {
        services.extend(in_actions(object));
    }
    Some(Route { object: object.id(), exposes, hosts, services })
}

/// How annotations for the AWS Load Balancer Controller start that say what a path does in place of a Service.
const ACTIONS: &str = "alb.ingress.kubernetes.io/actions.";

/// The Services that such annotations of an Ingress forward to.
fn in_actions(ingress: &Object<'_>) -> Vec<String> {
    let notes = ingress.root().find(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    let texts = notes.filter(|(key, _)| key.starts_with(ACTIONS)).filter_map(|(_, value)| value.as_str());
    let mut out = Vec::new();
    for action in texts.filter_map(|text| serde_json::from_str::<Value>(&text).ok()) {
        let mut name = |at: &Value| out.extend(at.get("serviceName").and_then(Value::as_str).map(str::to_owned));
        name(&action);
        action.pointer("/forwardConfig/targetGroups").and_then(Value::as_array).into_iter().flatten().for_each(name);
    }
    out
}
