//! The references of objects that are no pods: Ingress, Route, HTTPRoute, autoscalers, role bindings, webhooks.

use std::borrow::Cow;

use super::super::world::scalar;
use super::{Reference, To};
use krmor_core::stream::Object;
use krmor_yaml::Node;

const CORE: &str = "";
const RBAC: &str = "rbac.authorization.k8s.io";

/// Everything that an object refers to, its pods aside.
pub(in super::super) fn references(object: Object<'_>) -> Vec<Reference<'_>> {
    let mut out = Vec::new();
    let kind = object.kind();
    match (object.group().as_str(), kind.as_ref()) {
        ("networking.k8s.io" | "extensions", "Ingress") => ingress(object, &mut out),
        ("route.openshift.io", "Route") => route(object, &mut out),
        ("gateway.networking.k8s.io", "Gateway") => gateway(object, &mut out),
        ("gateway.networking.k8s.io", kind) if kind.ends_with("Route") => gateway_route(object, &mut out),
        ("autoscaling", "HorizontalPodAutoscaler") | ("keda.sh", "ScaledObject") => {
            scale_target(object, "scaleTargetRef", &mut out);
        }
        ("autoscaling.k8s.io", "VerticalPodAutoscaler") => scale_target(object, "targetRef", &mut out),
        (RBAC, "RoleBinding" | "ClusterRoleBinding") => binding(object, &mut out),
        (CORE, "ServiceAccount") => {
            for (at, secret) in object.root().get("imagePullSecrets").into_iter().flat_map(Node::items).enumerate() {
                let place =
                    Place { pointer: format!("/imagePullSecrets/{at}/name"), subject: "`imagePullSecrets` names" };
                out.extend(place.to(object, To::Secret, secret.get("name")));
            }
        }
        ("admissionregistration.k8s.io", _) => {
            for (at, webhook) in object.root().get("webhooks").into_iter().flat_map(Node::items).enumerate() {
                let service = webhook.find(&["clientConfig", "service"]);
                called(object, &format!("/webhooks/{at}/clientConfig/service"), service, &mut out);
            }
        }
        ("apiregistration.k8s.io", "APIService") => {
            called(object, "/spec/service", object.root().find(&["spec", "service"]), &mut out);
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            let path = ["spec", "conversion", "webhook", "clientConfig", "service"];
            called(object, "/spec/conversion/webhook/clientConfig/service", object.root().find(&path), &mut out);
        }
        _ => {}
    }
    out
}

struct Place<'s> {
    pointer: String,
    subject: &'s str,
}

impl Place<'_> {
    /// A reference to an object of the core group, or of RBAC's.
    fn to<'a>(self, from: Object<'a>, to: To, name: Option<Node<'a>>) -> Option<Reference<'a>> {
        let (group, kind) = match to {
            To::Secret => (CORE, "Secret"),
            To::ServiceAccount => (CORE, "ServiceAccount"),
            To::Role => (RBAC, "Role"),
            _ => (CORE, "Service"),
        };
        Some(Reference {
            from,
            container: None,
            subject: self.subject.to_owned(),
            pointer: self.pointer,
            to,
            group: Cow::Borrowed(group),
            kind: Cow::Borrowed(kind),
            name: name.and_then(Node::as_str)?,
            namespace: None,
            parts: Vec::new(),
            optional: false,
        })
    }
}

fn ingress<'a>(object: Object<'a>, out: &mut Vec<Reference<'a>>) {
    let Some(spec) = object.root().get("spec") else { return };
    for key in ["defaultBackend", "backend"] {
        backend(object, &format!("/spec/{key}"), "the default backend sends to", spec.get(key), out);
    }
    for (at, rule) in spec.get("rules").into_iter().flat_map(Node::items).enumerate() {
        for (number, path) in rule.find(&["http", "paths"]).into_iter().flat_map(Node::items).enumerate() {
            let text = path.get("path").and_then(Node::as_str).unwrap_or(Cow::Borrowed("/"));
            let pointer = format!("/spec/rules/{at}/http/paths/{number}/backend");
            backend(object, &pointer, &format!("path `{text}` sends to"), path.get("backend"), out);
        }
    }
    for (at, tls) in spec.get("tls").into_iter().flat_map(Node::items).enumerate() {
        let place = Place { pointer: format!("/spec/tls/{at}/secretName"), subject: "`tls` takes" };
        out.extend(place.to(object, To::Secret, tls.get("secretName")));
    }
}

/// A backend of an Ingress, in its form of `networking.k8s.io/v1` or of the versions before.
fn backend<'a>(object: Object<'a>, at: &str, subject: &str, backend: Option<Node<'a>>, out: &mut Vec<Reference<'a>>) {
    let Some(backend) = backend else { return };
    let (name, ports) = match backend.get("serviceName") {
        Some(_) => ("serviceName", &["servicePort"][..]),
        None => ("service/name", &["service/port/name", "service/port/number"][..]),
    };
    let find = |path: &str| backend.at_pointer(&format!("/{path}"));
    let port = ports.iter().find_map(|path| Some((format!("{at}/{path}"), find(path)?)));
    // The AWS controller reads such a backend from an annotation.
    if port.as_ref().is_some_and(|(_, port)| port.as_str().as_deref() == Some("use-annotation")) {
        return;
    }
    let reference = Place { pointer: format!("{at}/{name}"), subject }.to(object, To::Service, find(name));
    out.extend(reference.map(|reference| Reference { parts: port.into_iter().collect(), ..reference }));
}

/// Its port is looked at by `references/route-port`.
fn route<'a>(object: Object<'a>, out: &mut Vec<Reference<'a>>) {
    let Some(spec) = object.root().get("spec") else { return };
    let others = spec.get("alternateBackends").into_iter().flat_map(Node::items).enumerate();
    let others = others.map(|(at, node)| (format!("/spec/alternateBackends/{at}/name"), node));
    let to = spec.get("to").map(|node| ("/spec/to/name".to_owned(), node));
    for (pointer, node) in to.into_iter().chain(others) {
        if matches!(node.get("kind").and_then(Node::as_str).as_deref(), None | Some("Service")) {
            out.extend(Place { pointer, subject: "the Route sends to" }.to(object, To::Service, node.get("name")));
        }
    }
}

/// Whether a reference of the Gateway API is to a core object of the kind.
fn is_core(node: Node<'_>, kind: &str, default: &str) -> bool {
    let text = |key: &str| node.get(key).and_then(Node::as_str);
    text("group").unwrap_or_default().is_empty() && text("kind").unwrap_or(Cow::Borrowed(default)) == kind
}

fn gateway<'a>(object: Object<'a>, out: &mut Vec<Reference<'a>>) {
    for (at, listener) in object.root().find(&["spec", "listeners"]).into_iter().flat_map(Node::items).enumerate() {
        let certificates = listener.find(&["tls", "certificateRefs"]).into_iter().flat_map(Node::items);
        for (number, node) in certificates.enumerate().filter(|(_, node)| is_core(*node, "Secret", "Secret")) {
            let pointer = format!("/spec/listeners/{at}/tls/certificateRefs/{number}/name");
            let place = Place { pointer, subject: "`certificateRefs` names" };
            let namespace = node.get("namespace").and_then(Node::as_str);
            out.extend(place.to(object, To::Secret, node.get("name")).map(|found| Reference { namespace, ..found }));
        }
    }
}

/// HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute.
fn gateway_route<'a>(object: Object<'a>, out: &mut Vec<Reference<'a>>) {
    let mut add = |at: String, node: Node<'a>, subject: &str| {
        if !is_core(node, "Service", "Service") {
            return;
        }
        let namespace = node.get("namespace").and_then(Node::as_str);
        let parts = node.get("port").map(|port| (format!("{at}/port"), port)).into_iter().collect();
        let reference = Place { pointer: format!("{at}/name"), subject }.to(object, To::Service, node.get("name"));
        out.extend(reference.map(|reference| Reference { namespace, parts, ..reference }));
    };
    for (at, rule) in object.root().find(&["spec", "rules"]).into_iter().flat_map(Node::items).enumerate() {
        for (number, node) in rule.get("backendRefs").into_iter().flat_map(Node::items).enumerate() {
            add(format!("/spec/rules/{at}/backendRefs/{number}"), node, "`backendRefs` names");
        }
        for (number, filter) in rule.get("filters").into_iter().flat_map(Node::items).enumerate() {
            if let Some(node) = filter.find(&["requestMirror", "backendRef"]) {
                add(
                    format!("/spec/rules/{at}/filters/{number}/requestMirror/backendRef"),
                    node,
                    "`requestMirror` names",
                );
            }
        }
    }
}

fn scale_target<'a>(object: Object<'a>, key: &str, out: &mut Vec<Reference<'a>>) {
    let Some(target) = object.root().get("spec").and_then(|spec| spec.get(key)) else { return };
    let place = Place { pointer: format!("/spec/{key}/name"), subject: "it scales" };
    let Some(reference) = place.to(object, To::ScaleTarget, target.get("name")) else { return };
    let text = |key: &str| target.get(key).and_then(Node::as_str);
    // KEDA has a default for the kind; nothing is said about what it is then.
    let (Some(kind), Some(api)) = (text("kind"), text("apiVersion")) else { return };
    let group = api.split_once('/').map_or_else(String::new, |(group, _)| group.to_owned());
    out.push(Reference { kind, group: Cow::Owned(group), ..reference });
}

fn binding<'a>(object: Object<'a>, out: &mut Vec<Reference<'a>>) {
    if let Some(role) = object.root().get("roleRef") {
        let place = Place { pointer: "/roleRef/name".to_owned(), subject: "`roleRef` names" };
        let kind = role.get("kind").and_then(Node::as_str).unwrap_or_default();
        if matches!(kind.as_ref(), "Role" | "ClusterRole") {
            let reference = place.to(object, To::Role, role.get("name"));
            out.extend(reference.map(|reference| Reference { kind, ..reference }));
        }
    }
    for (at, subject) in object.root().get("subjects").into_iter().flat_map(Node::items).enumerate() {
        if subject.get("kind").and_then(Node::as_str).as_deref() == Some("ServiceAccount") {
            let place = Place { pointer: format!("/subjects/{at}/name"), subject: "a subject is" };
            let namespace = subject.get("namespace").and_then(Node::as_str).filter(|text| !text.is_empty());
            let reference = place.to(object, To::ServiceAccount, subject.get("name"));
            out.extend(reference.map(|reference| Reference { namespace, ..reference }));
        }
    }
}

/// A Service that the API server calls.
fn called<'a>(object: Object<'a>, at: &str, service: Option<Node<'a>>, out: &mut Vec<Reference<'a>>) {
    let Some(service) = service else { return };
    let place = Place { pointer: format!("{at}/name"), subject: "the API server calls" };
    let namespace = service.get("namespace").and_then(scalar);
    let parts = service.get("port").map(|port| (format!("{at}/port"), port)).into_iter().collect();
    let reference = place.to(object, To::Service, service.get("name"));
    out.extend(reference.map(|reference| Reference { namespace, parts, ..reference }));
}
