//! What a person may write in the spec.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::check;
use super::values::Path;
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::facts::routes::Exposes;
use krmor_core::function_spec;
use krmor_core::kube::{AnnotationKey, Host, NamespaceName, ObjectName, PortNumber, ServiceName, ServicePort};
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::Selector;

/// Makes programs reachable from outside: one config for the Gateway API, Ingresses and OpenShift Routes.
///
/// Another `provider` needs no other edit: fields that only one provider reads may stay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// What is made: `httpRoute` (a Gateway API HTTPRoute), `ingress` (an Ingress) or `route` (OpenShift Routes).
    pub provider: Provider,
    /// Name of what is made. With it, only objects of that name count as already there, so that pods can be exposed
    /// twice. Default: the name of the workload behind the first path.
    pub name: Option<ObjectName>,
    /// Host that clients ask for, such as `app.example.com`; `*.example.com` for all below it, not for Routes. Default:
    /// none; a Route then gets one from its router, an Ingress without TLS and an HTTPRoute take requests for any host.
    pub host: Option<Host>,
    /// Several hosts, all for the same paths, in place of `host`. Default: none.
    #[serde(default)]
    pub hosts: Vec<Host>,
    /// Service behind the paths that name none, as its manifest names it: prefixes and suffixes of kustomize may be
    /// left out. Default: the only Service of the targeted workloads.
    pub service: Option<ServiceName>,
    /// Port for the paths that name none: a name or a number of the Service's `ports`. Default: the Service's only TCP
    /// port, or of several the one called `http` (`https` when the connection to the pods is encrypted).
    pub port: Option<ServicePort>,
    /// Which requests go where; the order does not matter, the longest path that fits wins. Default: all to `service`, or
    /// the paths that an existing object has.
    #[serde(default)]
    pub paths: Vec<PathRule>,
    /// Encryption between clients and the pods. Default: none, with a warning; `{termination: none}` says it is meant.
    pub tls: Option<Tls>,
    /// Class of the Ingress (`spec.ingressClassName`). Default: the cluster's default class. `provider: ingress` reads it.
    pub ingress_class_name: Option<ObjectName>,
    /// The program behind the class, which decides by which annotations TLS is asked for. Default: the one that an
    /// IngressClass of the stream names. A class that is called `nginx` says nothing: two programs call theirs so.
    /// `provider: ingress` reads it.
    pub ingress_controller: Option<Controller>,
    /// The Gateway that routes attach to. `provider: httpRoute` needs it, the others do not read it.
    pub gateway: Option<Gateway>,
    /// Annotations of what is made. Default: those by which the provider is told about TLS.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub annotations: BTreeMap<AnnotationKey, String>,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Whose Services are exposed; each entry must match something unless `optional: true`. Default: all workloads.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Workloads that are not exposed. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

function_spec!(Spec, find_problems);

impl Spec {
    fn find_problems(&self) -> Vec<Problem> {
        check::problems(self)
    }

    /// The hosts that the config names; none for any, or for those of an object that is there.
    pub(super) fn hosts(&self) -> Vec<&str> {
        self.host.iter().chain(&self.hosts).map(Host::as_str).collect()
    }

    /// The encryption that is asked for, if any is.
    pub(super) fn encryption(&self) -> Option<&Tls> {
        self.tls.as_ref().filter(|tls| tls.termination != Termination::None)
    }

    /// The kind of object that exposes.
    pub(super) fn exposes(&self) -> Exposes {
        let passes = self.tls.as_ref().is_some_and(|tls| tls.termination == Termination::Passthrough);
        match self.provider {
            Provider::Route => Exposes::Route,
            Provider::Ingress => Exposes::Ingress,
            Provider::HttpRoute if passes => Exposes::TlsRoute,
            Provider::HttpRoute => Exposes::HttpRoute,
        }
    }
}

/// What exposes programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Provider {
    /// A `gateway.networking.k8s.io/v1` HTTPRoute, and a second one that redirects; a TLSRoute where TLS passes through.
    HttpRoute,
    /// A `networking.k8s.io/v1` Ingress.
    Ingress,
    /// `route.openshift.io/v1` Routes: one for each host and path.
    Route,
}

/// Where requests for a path go.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathRule {
    /// Path that requests start with, or that they are for: `/api`. A trailing slash means nothing in a `Prefix`.
    /// Default `/`.
    #[serde(default)]
    pub path: Path,
    /// `Prefix` (the default) compares whole segments: `/api` fits `/api/v1` and not `/apis`. `Exact`: that path only,
    /// not for Routes. `RegularExpression`: as the Gateway or ingress-nginx reads it, written out as it stands here.
    /// `ImplementationSpecific`: as the controller of an Ingress reads it.
    #[serde(default)]
    pub path_type: PathType,
    /// Service for these requests. Default: the spec's `service`.
    pub service: Option<ServiceName>,
    /// Port of that Service. Default: the spec's `port`.
    pub port: Option<ServicePort>,
}

/// How a path is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum PathType {
    /// The path alone.
    Exact,
    /// The path and everything below it.
    #[default]
    Prefix,
    /// What the expression fits.
    RegularExpression,
    /// What the controller makes of it.
    ImplementationSpecific,
}

impl PathType {
    /// As an Ingress has it, where expressions are the controller's affair.
    #[must_use]
    pub fn of_ingress(self) -> &'static str {
        match self {
            PathType::Exact => "Exact",
            PathType::Prefix => "Prefix",
            PathType::RegularExpression | PathType::ImplementationSpecific => "ImplementationSpecific",
        }
    }

    /// As an HTTPRoute has it.
    #[must_use]
    pub fn of_http_route(self) -> &'static str {
        match self {
            PathType::Exact => "Exact",
            PathType::Prefix => "PathPrefix",
            PathType::RegularExpression | PathType::ImplementationSpecific => "RegularExpression",
        }
    }

    /// Whether it compares paths by their text, which says who answers; a pattern does not.
    #[must_use]
    pub fn is_plain(self) -> bool {
        matches!(self, PathType::Exact | PathType::Prefix)
    }
}

/// Encryption between clients and the pods.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tls {
    /// Where it ends: `edge` (the default) at the router, `reencrypt` there, with another connection that is encrypted
    /// to the pods, `passthrough` in the pods, `none` for plain HTTP.
    #[serde(default)]
    pub termination: Termination,
    /// `true` (the default): plain HTTP is redirected to HTTPS. `false`: nothing is asked of plain HTTP.
    pub redirect: Option<bool>,
    /// Secret with the certificate of an Ingress or of a ListenerSet. Default: the name of what is made and `-tls`.
    /// Routes have their router's certificate, HTTPRoutes their Gateway's.
    pub secret_name: Option<ObjectName>,
    /// The issuer from which cert-manager gets the certificate of an Ingress or of a ListenerSet. Default: none, the
    /// Secret is made elsewhere.
    pub issuer: Option<Issuer>,
    /// How the pods prove who they are, with `reencrypt`. `provider: httpRoute` needs it then, for a BackendTLSPolicy.
    pub backend: Option<BackendTls>,
    /// Certificates, in PEM, that a Route's router trusts when it encrypts to the pods; with `reencrypt` only. Default:
    /// OpenShift's own authority for Services.
    #[serde(rename = "destinationCACertificate")]
    pub destination_ca_certificate: Option<String>,
}

impl Tls {
    /// Whether plain HTTP is redirected.
    #[must_use]
    pub fn redirects(&self) -> bool {
        self.termination != Termination::None && self.redirect != Some(false)
    }
}

/// Where encryption ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Termination {
    /// Plain HTTP all the way.
    None,
    /// At the router; plain HTTP to the pods.
    #[default]
    Edge,
    /// In the pods: the router does not see paths.
    Passthrough,
    /// At the router, which encrypts again to the pods.
    Reencrypt,
}

impl Termination {
    /// As a Route has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Termination::None => "none",
            Termination::Edge => "edge",
            Termination::Passthrough => "passthrough",
            Termination::Reencrypt => "reencrypt",
        }
    }

    /// Whether the pods are spoken to in TLS.
    #[must_use]
    pub fn reaches_pods(self) -> bool {
        matches!(self, Termination::Passthrough | Termination::Reencrypt)
    }
}

/// How pods prove who they are.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackendTls {
    /// Host that the certificate of the pods is for, such as `web.shop.svc`: the Gateway asks for it, and compares it.
    pub hostname: Host,
    /// ConfigMap with the authorities that sign it, in PEM, under the key `ca.crt`. Default: the authorities that the
    /// Gateway's system knows.
    pub ca_config_map: Option<ObjectName>,
}

/// An issuer of cert-manager, as its `issuerRef`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Issuer {
    /// Name of the issuer, such as `letsencrypt-prod`.
    pub name: ObjectName,
    /// `ClusterIssuer`, or `Issuer` (the default, as in cert-manager) for one of the same namespace.
    #[serde(default)]
    pub kind: IssuerKind,
}

/// The kinds of issuer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum IssuerKind {
    /// For the whole cluster.
    ClusterIssuer,
    /// For its namespace.
    #[default]
    Issuer,
}

/// The programs behind Ingress classes whose ways are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Controller {
    /// ingress-nginx (`k8s.io/ingress-nginx`), retired since March 2026.
    Nginx,
    /// Traefik, which k3s has by default (`traefik.io/ingress-controller`).
    Traefik,
    /// Any other: redirects and encryption to the pods are set up by its own means.
    Other,
}

/// A Gateway, and its listeners.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gateway {
    /// `Gateway` (the default), or `ListenerSet` for one that is there and that routes attach to.
    #[serde(default)]
    pub kind: Holder,
    /// Name of the Gateway or ListenerSet.
    pub name: ObjectName,
    /// Its namespace. Default: that of the route.
    pub namespace: Option<NamespaceName>,
    /// The listener to attach to, by its name: the one for HTTPS when there is TLS. Default: all listeners.
    pub section_name: Option<ObjectName>,
    /// The listener for plain HTTP, by its name: what it gets is redirected. Needed for a redirect.
    pub http_section_name: Option<ObjectName>,
    /// Makes listeners for the hosts, in a ListenerSet beside the route: `{}` for the usual ports. The Gateway must allow it
    /// by `allowedListeners`. Default: the Gateway has the listeners.
    pub listener_set: Option<Listeners>,
}

/// What has listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Holder {
    /// A Gateway.
    #[default]
    Gateway,
    /// A ListenerSet, which adds listeners to a Gateway.
    ListenerSet,
}

impl Holder {
    /// The kind.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Holder::Gateway => "Gateway",
            Holder::ListenerSet => "ListenerSet",
        }
    }
}

/// The listeners of a ListenerSet that is made.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listeners {
    /// Port for TLS. Default: 443.
    pub port: Option<PortNumber>,
    /// Port for plain HTTP. Default: 80.
    pub http_port: Option<PortNumber>,
}
