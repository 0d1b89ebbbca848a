//! What exposes Services to the outside: Ingresses, OpenShift's Routes, HTTPRoutes, and the listeners of Gateways.

use super::Facts;
use crate::references::Relation;
use crate::stream::{Object, ObjectId};
use krmor_yaml::Node;

/// The kinds that expose Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposes {
    /// An Ingress.
    Ingress,
    /// A Route of OpenShift.
    Route,
    /// An HTTPRoute of the Gateway API.
    HttpRoute,
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

/// A listener of a Gateway.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The Gateway.
    pub gateway: ObjectId,
    /// Pointer of the listener, from the object's root.
    pub pointer: String,
    /// Its name; empty when it has none.
    pub name: String,
    /// `HTTP`, `HTTPS`, `TLS` and so on; empty when it has none.
    pub protocol: String,
    /// The host that it answers for; none for any.
    pub hostname: Option<String>,
    /// Whose routes it takes: `Same`, `All`, `Selector`; the API's default is `Same`.
    pub from: String,
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
        let gateways = facts.stream.of_kind(GATEWAY, "Gateway");
        Self { routes, listeners: gateways.flat_map(|gateway| listeners(&gateway)).collect() }
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

    /// The listeners of a Gateway, in its order.
    pub fn listeners(&self, gateway: ObjectId) -> impl Iterator<Item = &Listener> {
        self.listeners.iter().filter(move |listener| listener.gateway == gateway)
    }
}

const GATEWAY: &str = "gateway.networking.k8s.io";

/// What an object exposes by.
fn exposes(object: &Object<'_>) -> Option<Exposes> {
    match (object.group().as_str(), object.kind().as_ref()) {
        ("networking.k8s.io", "Ingress") => Some(Exposes::Ingress),
        ("route.openshift.io", "Route") => Some(Exposes::Route),
        (GATEWAY, "HTTPRoute") => Some(Exposes::HttpRoute),
        _ => None,
    }
}

fn route(facts: Facts<'_>, object: &Object<'_>) -> Option<Route> {
    let exposes = exposes(object)?;
    let spec = object.root().get("spec");
    let text = |node: Node<'_>| node.as_str().map(std::borrow::Cow::into_owned);
    let items = |key: &str| spec.and_then(|spec| spec.get(key)).into_iter().flat_map(Node::items);
    let hosts: Vec<String> = match exposes {
        Exposes::Ingress => items("rules").filter_map(|rule| text(rule.get("host")?)).collect(),
        Exposes::Route => spec.and_then(|spec| text(spec.get("host")?)).into_iter().collect(),
        Exposes::HttpRoute => items("hostnames").filter_map(text).collect(),
    };
    let sends = facts.references().of_object(object.id()).filter(|reference| {
        let is_copy = reference.pointer.contains("/filters/");
        reference.relation == Relation::Needs && reference.is_to("Service") && !is_copy
    });
    let own = sends.filter(|reference| reference.namespace.is_none());
    Some(Route { object: object.id(), exposes, hosts, services: own.map(|reference| reference.name.clone()).collect() })
}

fn listeners(gateway: &Object<'_>) -> Vec<Listener> {
    let list = gateway.root().find(&["spec", "listeners"]).into_iter().flat_map(Node::items).enumerate();
    let read = |(at, one): (usize, Node<'_>)| {
        let text = |path: &[&str]| one.find(path).and_then(Node::as_str).map(std::borrow::Cow::into_owned);
        Listener {
            gateway: gateway.id(),
            pointer: format!("/spec/listeners/{at}"),
            name: text(&["name"]).unwrap_or_default(),
            protocol: text(&["protocol"]).unwrap_or_default(),
            hostname: text(&["hostname"]).filter(|host| !host.is_empty()),
            from: text(&["allowedRoutes", "namespaces", "from"]).unwrap_or_else(|| "Same".to_owned()),
        }
    };
    list.map(read).collect()
}
