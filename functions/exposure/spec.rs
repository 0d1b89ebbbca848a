//! What a person may write in the spec.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::check;
use super::values::Path;
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::{AnnotationKey, Host, NamespaceName, ObjectName, ServiceName, ServicePort};
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::Selector;

/// Makes programs reachable from outside: one config for OpenShift Routes, Ingresses and the Gateway API.
///
/// Another `provider` needs no other edit: fields that only one provider reads may stay.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// What is made: `route` (OpenShift Routes), `ingress` (an Ingress) or `httpRoute` (a Gateway API HTTPRoute).
    pub provider: Provider,
    /// Name of what is made. With it, only objects of that name count as already there, so that pods can be exposed
    /// twice. Default: the name of the workload behind the first path.
    pub name: Option<ObjectName>,
    /// Host that clients ask for, such as `app.example.com`; `*.example.com` for all below it, not for Routes. Default:
    /// none; a Route then gets one from its router, an Ingress without TLS and an HTTPRoute take requests for any host.
    pub host: Option<Host>,
    /// Service behind the paths that name none, as its manifest names it: prefixes and suffixes of kustomize may be
    /// left out. Default: the only Service of the targeted workloads.
    pub service: Option<ServiceName>,
    /// Port for the paths that name none: a name or a number of the Service's `ports`. Default: the Service's only TCP
    /// port, or of several the one called `http` (`https` when the connection to the pods is encrypted).
    pub port: Option<ServicePort>,
    /// Which requests go where; the order does not matter, the longest path that fits wins. Default: all to `service`.
    #[serde(default)]
    pub paths: Vec<PathRule>,
    /// Encryption between clients and the pods. Default: none, with a warning; `{termination: none}` says it is meant.
    pub tls: Option<Tls>,
    /// Class of the Ingress (`spec.ingressClassName`). Default: the cluster's default class. `provider: ingress` reads it.
    pub ingress_class_name: Option<ObjectName>,
    /// The program behind the class, which decides by which annotations TLS is asked for. Default: the one that an
    /// IngressClass of the stream names, or that the class is called like. `provider: ingress` reads it.
    pub ingress_controller: Option<Controller>,
    /// The Gateway that HTTPRoutes attach to. `provider: httpRoute` needs it, the others do not read it.
    pub gateway: Option<Gateway>,
    /// Annotations of what is made. Default: those by which the provider is told about TLS.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub annotations: BTreeMap<AnnotationKey, String>,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; the single rule goes first. Default: the
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
}

/// What exposes programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Provider {
    /// `route.openshift.io/v1` Routes: one for each path.
    Route,
    /// A `networking.k8s.io/v1` Ingress.
    Ingress,
    /// A `gateway.networking.k8s.io/v1` HTTPRoute, and a second one that redirects.
    HttpRoute,
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
    /// not for Routes.
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
}

impl PathType {
    /// As an Ingress has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            PathType::Exact => "Exact",
            PathType::Prefix => "Prefix",
        }
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
    /// Secret with the certificate of an Ingress. Default: the name of the Ingress and `-tls`. Routes have their router's
    /// certificate, HTTPRoutes their Gateway's.
    pub secret_name: Option<ObjectName>,
    /// The issuer from which cert-manager gets the certificate of an Ingress. Default: none, the Secret is made
    /// elsewhere.
    pub issuer: Option<Issuer>,
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
    /// ingress-nginx (`k8s.io/ingress-nginx`).
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
    /// Name of the Gateway.
    pub name: ObjectName,
    /// Its namespace. Default: that of the HTTPRoute.
    pub namespace: Option<NamespaceName>,
    /// The listener to attach to, by its name: the one for HTTPS when there is TLS. Default: all listeners.
    pub section_name: Option<ObjectName>,
    /// The listener for plain HTTP, by its name: what it gets is redirected. Needed for a redirect.
    pub http_section_name: Option<ObjectName>,
}
