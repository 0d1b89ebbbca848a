//! Peers outside of the stream, as NetworkPolicies write them.

use serde_json::{Value, json};

use super::spec::{Controller, Dns, Labels, Peer};
use super::values::Protocol;
use krmor_core::fields;

/// The label that the API server gives every Namespace.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// A range of ports of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) protocol: Protocol,
    pub(super) first: u16,
    pub(super) last: u16,
}

impl Span {
    pub(super) fn one(protocol: Protocol, port: u16) -> Self {
        Self { protocol, first: port, last: port }
    }
}

/// A selector of the namespace of that name.
pub(super) fn namespace(name: &str) -> Value {
    json!({"matchLabels": {NAMESPACE_NAME: name}})
}

/// The peer as items of `from` or `to`.
pub(super) fn items(peer: &Peer) -> Vec<Value> {
    let block = |block: &super::spec::IpBlock| {
        let except: Vec<&str> = block.except.iter().map(super::values::Cidr::as_str).collect();
        let except = Some(except).filter(|except| !except.is_empty());
        json!({"ipBlock": fields!({"cidr": block.cidr.as_str(), "except": except})})
    };
    if !peer.ip_blocks.is_empty() {
        return peer.ip_blocks.iter().map(block).collect();
    }
    let own = peer.namespace.as_ref().map(|name| namespace(name.as_str()));
    let namespaces = own.or_else(|| peer.namespace_selector.as_ref().map(selector));
    let pods = peer.pod_selector.as_ref().map(selector);
    let (namespaces, pods) = match peer.controller {
        Some(controller) => {
            let (usual, labels) = of_controller(controller);
            (namespaces.or(Some(usual)), pods.or(labels.map(|labels| json!({"matchLabels": labels}))))
        }
        None => (namespaces, pods),
    };
    // One item: two would mean either.
    vec![fields!({"namespaceSelector": namespaces, "podSelector": pods})]
}

fn selector(labels: &Labels) -> Value {
    let text = |label: &krmor_core::kube::LabelValue| Value::from(label.as_str());
    let of_labels = |(key, value): (&krmor_core::kube::LabelKey, &_)| (key.as_str().to_owned(), text(value));
    let match_labels: serde_json::Map<String, Value> = labels.match_labels.iter().map(of_labels).collect();
    let demands = labels.match_expressions.iter().map(|one| {
        let values = Some(one.values.iter().map(text).collect::<Vec<_>>()).filter(|values| !values.is_empty());
        fields!({"key": one.key.as_str(), "operator": one.operator.name(), "values": values})
    });
    let demands = Some(demands.collect::<Vec<_>>()).filter(|demands| !demands.is_empty());
    fields!({"matchLabels": Some(match_labels).filter(|labels| !labels.is_empty()), "matchExpressions": demands})
}

/// Where a controller's own project installs it: a selector of namespaces, and the labels of its pods.
fn of_controller(controller: Controller) -> (Value, Option<Value>) {
    match controller {
        // deploy/static/provider/cloud/deploy.yaml of kubernetes/ingress-nginx
        Controller::IngressNginx => (
            namespace("ingress-nginx"),
            Some(json!({"app.kubernetes.io/component": "controller", "app.kubernetes.io/name": "ingress-nginx"})),
        ),
        // Traefik's Helm chart; k3s has it in `kube-system`
        Controller::Traefik => (namespace("traefik"), Some(json!({"app.kubernetes.io/name": "traefik"}))),
        // The label that OpenShift gives the namespace of its routers for this purpose
        Controller::OpenshiftRouter => {
            (json!({"matchLabels": {"policy-group.network.openshift.io/ingress": ""}}), None)
        }
        // examples/contour/03-envoy.yaml of projectcontour/contour
        Controller::Contour => (namespace("projectcontour"), Some(json!({"app": "envoy"}))),
        // The labels that Envoy Gateway gives the proxies that it makes
        Controller::EnvoyGateway => (
            namespace("envoy-gateway-system"),
            Some(json!({
                "app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway",
                "app.kubernetes.io/name": "envoy",
            })),
        ),
        // The label of gateways that Istio makes for the Gateway API; they are in the namespace of their Gateway
        Controller::Istio => {
            (namespace("istio-ingress"), Some(json!({"gateway.istio.io/managed": "istio.io-gateway-controller"})))
        }
    }
}

/// Somebody outside of the stream whom krmor knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// A DNS server.
    Dns(Dns),
    /// The pods of an ingress controller, wherever they are.
    Controller(Controller),
}

/// Who an item of `from` or `to` is, if krmor would write it so; a controller may be in another namespace.
#[must_use]
pub fn known(item: &Value) -> Option<Known> {
    let server = Dns::ALL.into_iter().find(|server| dns(*server).0 == *item);
    let is_it = |controller: &Controller| {
        let (namespaces, pods) = of_controller(*controller);
        match pods {
            Some(pods) => item.pointer("/podSelector/matchLabels") == Some(&pods),
            None => item.get("namespaceSelector") == Some(&namespaces),
        }
    };
    let controller = || Controller::ALL.into_iter().find(is_it).map(Known::Controller);
    server.map(Known::Dns).or_else(controller)
}

/// A DNS server as an item of `to`, and its port.
pub(super) fn dns(server: Dns) -> (Value, u16) {
    match server {
        Dns::Kubernetes => {
            let pods = json!({"matchLabels": {"k8s-app": "kube-dns"}});
            (json!({"namespaceSelector": namespace("kube-system"), "podSelector": pods}), 53)
        }
        Dns::NodeLocal => (json!({"ipBlock": {"cidr": "169.254.20.10/32"}}), 53),
        Dns::Openshift => {
            let pods = json!({"matchLabels": {"dns.operator.openshift.io/daemonset-dns": "default"}});
            (json!({"namespaceSelector": namespace("openshift-dns"), "podSelector": pods}), 5353)
        }
    }
}
