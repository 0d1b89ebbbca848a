//! Peers outside of the stream, as NetworkPolicies write them.

use k8s_openapi::api::networking::v1::{IPBlock, NetworkPolicyPeer};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use super::spec::{Controller, Dns, Labels, Peer};
use krmor_core::facts::access::NAMESPACE_NAME;

/// A selector by these labels.
pub(super) fn labelled(labels: &[(&str, &str)]) -> LabelSelector {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    LabelSelector { match_labels: Some(labels.collect()), match_expressions: None }
}

/// A selector of the namespace of that name.
pub(super) fn namespace(name: &str) -> LabelSelector {
    labelled(&[(NAMESPACE_NAME, name)])
}

/// Pods as one item: two would mean either.
pub(super) fn pods(namespaces: Option<LabelSelector>, pods: Option<LabelSelector>) -> NetworkPolicyPeer {
    NetworkPolicyPeer { ip_block: None, namespace_selector: namespaces, pod_selector: pods }
}

fn block(cidr: &str, except: Option<Vec<String>>) -> NetworkPolicyPeer {
    let block = IPBlock { cidr: cidr.to_owned(), except };
    NetworkPolicyPeer { ip_block: Some(block), ..NetworkPolicyPeer::default() }
}

/// The peer as items of `from` or `to`; never empty, which would mean everybody.
pub(super) fn items(peer: &Peer) -> Vec<NetworkPolicyPeer> {
    if !peer.ip_blocks.is_empty() {
        let of = |one: &super::spec::IpBlock| {
            let except: Vec<String> = one.except.iter().map(|cidr| cidr.as_str().to_owned()).collect();
            block(one.cidr.as_str(), Some(except).filter(|except| !except.is_empty()))
        };
        return peer.ip_blocks.iter().map(of).collect();
    }
    let own = peer.namespace.as_ref().map(|name| namespace(name.as_str()));
    let namespaces = own.or_else(|| peer.namespace_selector.as_ref().map(selector));
    let selected = peer.pod_selector.as_ref().map(selector);
    vec![match peer.controller {
        Some(controller) => {
            let (usual, labels) = of_controller(controller);
            pods(namespaces.or(Some(usual)), selected.or(labels))
        }
        None => pods(namespaces, selected),
    }]
}

fn selector(labels: &Labels) -> LabelSelector {
    let match_labels = labels.match_labels.iter();
    let match_labels = match_labels.map(|(key, value)| (key.as_str().to_owned(), value.as_str().to_owned()));
    let demands = labels.match_expressions.iter().map(|one| {
        let values: Vec<String> = one.values.iter().map(|value| value.as_str().to_owned()).collect();
        LabelSelectorRequirement {
            key: one.key.as_str().to_owned(),
            operator: one.operator.name().to_owned(),
            values: Some(values).filter(|values| !values.is_empty()),
        }
    });
    LabelSelector {
        match_labels: Some(match_labels.collect())
            .filter(|labels: &std::collections::BTreeMap<_, _>| !labels.is_empty()),
        match_expressions: Some(demands.collect()).filter(|demands: &Vec<_>| !demands.is_empty()),
    }
}

/// Where a controller's own project installs it: a selector of namespaces, and the labels of its pods.
fn of_controller(controller: Controller) -> (LabelSelector, Option<LabelSelector>) {
    let (namespaces, labels): (_, &[_]) = match controller {
        // deploy/static/provider/cloud/deploy.yaml of kubernetes/ingress-nginx
        Controller::IngressNginx => (
            namespace("ingress-nginx"),
            &[("app.kubernetes.io/component", "controller"), ("app.kubernetes.io/name", "ingress-nginx")],
        ),
        // Traefik's Helm chart; k3s has it in `kube-system`
        Controller::Traefik => (namespace("traefik"), &[("app.kubernetes.io/name", "traefik")]),
        // The label that OpenShift gives the namespace of its routers for this purpose
        Controller::OpenshiftRouter => (labelled(&[("policy-group.network.openshift.io/ingress", "")]), &[]),
        // examples/contour/03-envoy.yaml of projectcontour/contour
        Controller::Contour => (namespace("projectcontour"), &[("app", "envoy")]),
        // The labels that Envoy Gateway gives the proxies that it makes
        Controller::EnvoyGateway => (
            namespace("envoy-gateway-system"),
            &[
                ("app.kubernetes.io/component", "proxy"),
                ("app.kubernetes.io/managed-by", "envoy-gateway"),
                ("app.kubernetes.io/name", "envoy"),
            ],
        ),
        // The label of gateways that Istio makes for the Gateway API; they are in the namespace of their Gateway
        Controller::Istio => {
            (namespace("istio-ingress"), &[("gateway.istio.io/managed", "istio.io-gateway-controller")])
        }
    };
    (namespaces, (!labels.is_empty()).then(|| labelled(labels)))
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
pub fn known(item: &serde_json::Value) -> Option<Known> {
    let item: NetworkPolicyPeer = serde_json::from_value(item.clone()).ok()?;
    let server = Dns::ALL.into_iter().find(|server| dns(*server).0 == item);
    let is_it = |controller: &Controller| {
        let (namespaces, pods) = of_controller(*controller);
        if pods.is_some() { item.pod_selector == pods } else { item.namespace_selector == Some(namespaces) }
    };
    let controller = || Controller::ALL.into_iter().find(is_it).map(Known::Controller);
    server.map(Known::Dns).or_else(controller)
}

/// A DNS server as an item of `to`, and its port.
pub(super) fn dns(server: Dns) -> (NetworkPolicyPeer, u16) {
    let of = |home, labels: (&str, &str)| pods(Some(namespace(home)), Some(labelled(&[labels])));
    match server {
        Dns::Kubernetes => (of("kube-system", ("k8s-app", "kube-dns")), 53),
        Dns::NodeLocal => (block("169.254.20.10/32", None), 53),
        Dns::Openshift => (of("openshift-dns", ("dns.operator.openshift.io/daemonset-dns", "default")), 5353),
    }
}
