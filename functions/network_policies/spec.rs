//! What a person may write in the spec.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{Cidr, End, Port};
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::{LabelKey, LabelValue, NamespaceName, ObjectName};
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::Selector;

/// Lets workloads connect as declared, and not otherwise: a NetworkPolicy for each, and one that denies the rest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Who may connect to whom. Both ends get their part of each. Default: none but those that other objects imply.
    #[serde(default)]
    pub edges: Vec<Edge>,
    /// Who else there is, by a name for `edges`: pods outside of the stream, and ranges of addresses. Default: none.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Peer>")]
    pub peers: BTreeMap<ObjectName, Peer>,
    /// Which DNS servers every workload may ask. Default: `[kubernetes]`.
    #[serde(default = "kubernetes")]
    pub dns: Vec<Dns>,
    /// From whom and to whom the edges lead that other objects imply.
    #[serde(default)]
    pub implied: Implied,
    /// Adds a NetworkPolicy to each namespace that allows nothing to pods without one of their own. Default: `true`.
    #[serde(default = "yes")]
    pub default_deny: bool,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads get a NetworkPolicy; each entry must match something unless `optional: true`. Default: all.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads get none; edges may name them all the same. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

fn kubernetes() -> Vec<Dns> {
    vec![Dns::Kubernetes]
}

fn yes() -> bool {
    true
}

/// Connections that are allowed: from each of the first to each of the second.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Edge {
    /// Who connects: names of workloads, now or before kustomize changed them, or of peers.
    #[schemars(length(min = 1))]
    pub from: Vec<End>,
    /// To whom: names of workloads or of peers.
    #[schemars(length(min = 1))]
    pub to: Vec<End>,
    /// Ports of the pods: numbers, ranges, names of the containers' or a Service's ports, or `any`. Default: all ports that
    /// the containers declare; for a peer, its own `ports`.
    #[serde(default)]
    pub ports: Vec<Port>,
}

/// Somebody outside of the stream: pods (by `namespace` or `namespaceSelector`, and `podSelector`), addresses (`ipBlocks`), or
/// the pods of a well-known `controller`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Peer {
    /// The namespace of the pods, by its name.
    pub namespace: Option<NamespaceName>,
    /// The namespaces of the pods, by their labels.
    pub namespace_selector: Option<Labels>,
    /// The pods, by their labels. Default, with a namespace: all there. Without a namespace: the workload's own.
    pub pod_selector: Option<Labels>,
    /// Ranges of addresses outside of the cluster.
    #[serde(default)]
    pub ip_blocks: Vec<IpBlock>,
    /// The pods of an ingress controller, in the namespace where its project installs it unless `namespace` says another.
    pub controller: Option<Controller>,
    /// Ports of edges to the peer that name none.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Not to be had: a NetworkPolicy knows addresses, and a name of DNS may get another one at any time.
    #[serde(default)]
    pub hosts: Vec<String>,
}

/// A range of addresses.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IpBlock {
    /// The range: `10.0.0.0/8`.
    pub cidr: Cidr,
    /// Ranges inside it that are left out. Default: none.
    #[serde(default)]
    pub except: Vec<Cidr>,
}

/// A selector by labels, as in the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Labels {
    /// Labels that must be there, with these values.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, LabelValue>")]
    pub match_labels: BTreeMap<LabelKey, LabelValue>,
    /// Other demands.
    #[serde(default)]
    pub match_expressions: Vec<Expression>,
}

/// A demand on a label.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expression {
    /// The label.
    pub key: LabelKey,
    /// How it is compared.
    pub operator: Operator,
    /// With what: `In` and `NotIn` need values, the others take none.
    #[serde(default)]
    pub values: Vec<LabelValue>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Operator {
    /// It has one of the values.
    In,
    /// It has none of them, or is not there.
    NotIn,
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

impl Operator {
    /// As the API writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Operator::In => "In",
            Operator::NotIn => "NotIn",
            Operator::Exists => "Exists",
            Operator::DoesNotExist => "DoesNotExist",
        }
    }
}

/// Servers for DNS, as clusters have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Dns {
    /// Pods of `kube-system` with `k8s-app: kube-dns`: CoreDNS and kube-dns.
    Kubernetes,
    /// NodeLocal DNSCache at its usual address, `169.254.20.10`.
    NodeLocal,
    /// OpenShift's, which listens on port 5353.
    Openshift,
}

impl Dns {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Kubernetes, Self::NodeLocal, Self::Openshift];
}

/// From whom and to whom the edges lead that other objects imply: names of peers or workloads. An empty list adds none.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Implied {
    /// Who brings the requests of Ingresses, routes and the like, of whatever controller. Default: `[ingress]`.
    pub routes: Option<Vec<End>>,
    /// Who scrapes what ServiceMonitors and PodMonitors select. Default: `[prometheus]`.
    pub monitors: Option<Vec<End>>,
    /// Who answers the Vault agent of pods. Default: `[vault]`.
    pub vault: Option<Vec<End>>,
    /// Who calls webhooks of admission. Default: `[api-server]`.
    pub webhooks: Option<Vec<End>>,
    /// Who connects to Services of the types LoadBalancer and NodePort, to external addresses and to ports of nodes.
    /// Default: `[clients]` where that peer is declared, else nobody, which is said.
    pub clients: Option<Vec<End>>,
}

/// Ingress controllers and implementations of the Gateway API whose pods are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Controller {
    /// kubernetes/ingress-nginx, in `ingress-nginx`.
    IngressNginx,
    /// Traefik by its Helm chart, in `traefik`; k3s has it in `kube-system`.
    Traefik,
    /// The routers of OpenShift, by the label of their namespace.
    OpenshiftRouter,
    /// Contour's Envoy, in `projectcontour`.
    Contour,
    /// The proxies of Envoy Gateway, in `envoy-gateway-system`.
    EnvoyGateway,
    /// Gateways that Istio makes for the Gateway API, in `istio-ingress`: name the namespace of your Gateway.
    Istio,
}

impl Controller {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::IngressNginx, Self::Traefik, Self::OpenshiftRouter, Self::Contour, Self::EnvoyGateway, Self::Istio];

    /// As a config writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IngressNginx => "ingress-nginx",
            Self::Traefik => "traefik",
            Self::OpenshiftRouter => "openshift-router",
            Self::Contour => "contour",
            Self::EnvoyGateway => "envoy-gateway",
            Self::Istio => "istio",
        }
    }
}

function_spec!(Spec, find_problems);

impl Spec {
    fn find_problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        for (number, edge) in self.edges.iter().enumerate() {
            for (field, list) in [("from", &edge.from), ("to", &edge.to)] {
                if list.is_empty() {
                    let pointer = format!("/edges/{number}/{field}");
                    found.push(Problem::new(&pointer, "it is empty", "name a workload or a peer, or remove the edge"));
                }
            }
        }
        for (name, peer) in &self.peers {
            let pointer = format!("/peers/{}", name.as_str());
            found.extend(peer.problems().into_iter().map(|problem| problem.below(&pointer)));
        }
        found
    }
}

impl Peer {
    fn problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        if !self.hosts.is_empty() {
            let remedy = "write the addresses as `ipBlocks`, send the requests through an egress proxy and name its pods, or use \
                          the policies by name of your network plugin for this one";
            found.push(Problem::new("/hosts", "a NetworkPolicy knows no names of hosts", remedy));
        }
        let by_pods = self.namespace.is_some() || self.namespace_selector.is_some() || self.pod_selector.is_some();
        let ways = [by_pods && self.controller.is_none(), !self.ip_blocks.is_empty(), self.controller.is_some()];
        match ways.into_iter().filter(|way| *way).count() {
            0 if self.hosts.is_empty() => {
                let remedy = "write `namespace`, `namespaceSelector`, `podSelector`, `ipBlocks` or `controller`";
                found.push(Problem::new("", "nothing says who the peer is", remedy));
            }
            0 | 1 => {}
            _ => {
                let message = "it is pods, addresses and a controller at once";
                found.push(Problem::new("", message, "declare a peer for each, and name them all in the edge"));
            }
        }
        if self.namespace.is_some() && self.namespace_selector.is_some() {
            let message = "`namespace` says the same in short";
            found.push(Problem::new("/namespaceSelector", message, "keep one of the two"));
        }
        for (number, block) in self.ip_blocks.iter().enumerate() {
            for (at, except) in block.except.iter().enumerate().filter(|(_, except)| !block.cidr.has_inside(except)) {
                let pointer = format!("/ipBlocks/{number}/except/{at}");
                let message = format!("`{}` is not a part of `{}`", except.as_str(), block.cidr.as_str());
                found.push(Problem::new(&pointer, message, "write ranges inside the `cidr`"));
            }
        }
        let selectors = [("namespaceSelector", &self.namespace_selector), ("podSelector", &self.pod_selector)];
        for (field, selector) in selectors.iter().filter_map(|(field, one)| Some((field, one.as_ref()?))) {
            for (at, demand) in selector.match_expressions.iter().enumerate() {
                let needs = matches!(demand.operator, Operator::In | Operator::NotIn);
                if needs == demand.values.is_empty() {
                    let (what, remedy) = match needs {
                        true => ("needs values", "write `values`"),
                        false => ("takes no values", "remove `values`"),
                    };
                    let pointer = format!("/{field}/matchExpressions/{at}");
                    found.push(Problem::new(&pointer, format!("`{}` {what}", demand.operator.name()), remedy));
                }
            }
        }
        found
    }
}
