//! What a person may write in the spec.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::plan::{self, Plan};
use super::values::{Headers, NoHost, Service};
use krmor_core::exceptions::Exception;
use krmor_core::fields;
use krmor_core::function_spec;
use krmor_core::kube::{ContainerPort, HttpPath};
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::Selector;
use krmor_core::values::{Command, NonNegative, Positive, given};
use std::collections::BTreeMap;

/// The spec as it is written.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fields {
    /// What the probes below share: a handler and timings. Makes no probe by itself. Default: none.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Probe")]
    pub defaults: Option<Probe>,
    /// The probe on whose failure the kubelet restarts the container; `{}` takes all from `defaults`. Default: none.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Probe")]
    pub liveness: Option<Probe>,
    /// The probe on whose failure the pod gets no traffic; `{}` takes all from `defaults`. Default: none.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Probe")]
    pub readiness: Option<Probe>,
    /// The probe that must succeed once before the others begin; `{}` takes all from `defaults`. It
    /// takes handler fields that are still missing from `liveness`. Default: none.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Probe")]
    pub startup: Option<Probe>,
    /// `true`: a probe that a container has gives way, wholly, to the one of the same purpose named here. Default
    /// `false`: it stays.
    #[serde(default)]
    pub overwrite: bool,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads get the probes; each entry must match something unless `optional: true`. With `containers`: those
    /// containers get them, native sidecars too; without: the sole main container, or the one of several that declares
    /// the probes' port. Default: all workloads.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads or containers to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

/// A handler (one of `http`, `tcp`, `grpc`, `exec`) and timings. A handler of the same kind as that of `defaults` takes
/// from it the fields that it leaves out, one of another kind stands alone.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Probe {
    /// Succeeds when a GET request is answered with a status from 200 to 399.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Http")]
    pub http: Option<Http>,
    /// Succeeds when the port accepts a connection.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Tcp")]
    pub tcp: Option<Tcp>,
    /// Succeeds when the gRPC health service answers `SERVING`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Grpc")]
    pub grpc: Option<Grpc>,
    /// Succeeds when a command in the container exits with 0.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Exec")]
    pub exec: Option<Exec>,
    /// Seconds from the start of the container to the first probe, from 0 on. Default: none, as 0.
    pub initial_delay_seconds: Option<NonNegative>,
    /// Seconds between two probes, from 1 on. Default 10, and 5 for `startup` with `seconds`.
    pub period_seconds: Option<Positive>,
    /// Seconds in which an answer must have come, from 1 on. Default 1.
    pub timeout_seconds: Option<Positive>,
    /// How many probes in a row must fail for the probe to count as failed, from 1 on. Default 3.
    pub failure_threshold: Option<Positive>,
    /// `readiness` only: how many in a row must succeed after a failure, from 1 on. Default 1, the only value that the
    /// API takes for the others; in `defaults` it is meant for readiness alone.
    pub success_threshold: Option<Positive>,
    /// `liveness` and `startup` only: seconds that the container has to end when the probe has failed, from 1 on.
    /// Default: those of the pod. In `defaults` it is not meant for readiness.
    pub termination_grace_period_seconds: Option<Positive>,
    /// `startup` only, instead of a `failureThreshold`, also that of `defaults`: seconds that the container has to
    /// start, from 1 on. Becomes the least `failureThreshold`, and at least 2, for which `periodSeconds` ×
    /// `failureThreshold` is no less.
    pub seconds: Option<Positive>,
}

/// A GET request to the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Http {
    /// Path and query, such as `/healthz?full=1`. Required here or in `defaults`.
    pub path: Option<HttpPath>,
    /// Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
    pub port: Option<ContainerPort>,
    /// `HTTP`, or `HTTPS` without a look at the certificate. Default: left out, which is `HTTP`.
    pub scheme: Option<Scheme>,
    /// Headers of the request, each name once. Replace those of `defaults` as a whole. Default: none.
    pub headers: Option<Headers>,
    #[serde(default)]
    #[schemars(skip)]
    #[doc(hidden)]
    pub host: NoHost,
}

/// A connection to the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tcp {
    /// Number of the port, or the name that it has in the container's `ports`. Required here or in `defaults`.
    pub port: Option<ContainerPort>,
    #[serde(default)]
    #[schemars(skip)]
    #[doc(hidden)]
    pub host: NoHost,
}

/// A call of the gRPC health service (`grpc.health.v1.Health/Check`), without TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grpc {
    /// Number of the port, or the name that it has in the container's `ports`, which becomes the number: the API takes
    /// no name here. Required here or in `defaults`.
    pub port: Option<ContainerPort>,
    /// The service to ask about. Default: none, which asks about the server as a whole.
    pub service: Option<Service>,
}

/// A command in the container.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exec {
    /// The program and its arguments, one item each; no shell reads them. Not merged with that of `defaults`.
    pub command: Command,
}

/// How an HTTP request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS; the certificate is not verified.
    Https,
}

impl Scheme {
    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scheme::Http => "HTTP",
            Scheme::Https => "HTTPS",
        }
    }
}

/// The one thing that a probe does. Fields that may come from elsewhere may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handler {
    /// `httpGet`.
    Http(Http),
    /// `tcpSocket`.
    Tcp(Tcp),
    /// `grpc`.
    Grpc(Grpc),
    /// `exec`.
    Exec(Exec),
}

impl Handler {
    /// Its field in the spec.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Handler::Http(_) => "http",
            Handler::Tcp(_) => "tcp",
            Handler::Grpc(_) => "grpc",
            Handler::Exec(_) => "exec",
        }
    }

    /// The port that it asks.
    #[must_use]
    pub fn port(&self) -> Option<&ContainerPort> {
        match self {
            Handler::Http(http) => http.port.as_ref(),
            Handler::Tcp(tcp) => tcp.port.as_ref(),
            Handler::Grpc(grpc) => grpc.port.as_ref(),
            Handler::Exec(_) => None,
        }
    }

    /// The fields that it must have and has not.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let path = matches!(self, Handler::Http(Http { path: None, .. })).then_some("path");
        let port = (self.port().is_none() && !matches!(self, Handler::Exec(_))).then_some("port");
        path.into_iter().chain(port).collect()
    }

    /// With what it leaves out from `base`, if that is of the same kind.
    #[must_use]
    pub fn over(self, base: Option<&Handler>) -> Self {
        let or = |own: Option<ContainerPort>, base: &Option<ContainerPort>| own.or_else(|| base.clone());
        match (self, base) {
            (Handler::Http(own), Some(Handler::Http(base))) => Handler::Http(Http {
                path: own.path.or_else(|| base.path.clone()),
                port: or(own.port, &base.port),
                scheme: own.scheme.or(base.scheme),
                headers: own.headers.or_else(|| base.headers.clone()),
                host: NoHost,
            }),
            (Handler::Tcp(own), Some(Handler::Tcp(base))) => {
                Handler::Tcp(Tcp { port: or(own.port, &base.port), host: NoHost })
            }
            (Handler::Grpc(own), Some(Handler::Grpc(base))) => Handler::Grpc(Grpc {
                port: or(own.port, &base.port),
                service: own.service.or_else(|| base.service.clone()),
            }),
            (own, _) => own,
        }
    }

    /// Its field in a probe and the value there, with `port` as the port.
    #[must_use]
    pub fn entry(&self, port: &Value) -> (&'static str, Value) {
        let port = port.clone();
        match self {
            Handler::Http(http) => {
                let headers = http.headers.as_ref().filter(|headers| !headers.is_empty());
                let fields = fields!({
                    "path": http.path.as_ref().map(HttpPath::as_str),
                    "port": port,
                    "scheme": http.scheme.map(Scheme::name),
                    "httpHeaders": headers.map(Headers::to_value),
                });
                ("httpGet", fields)
            }
            Handler::Tcp(_) => ("tcpSocket", fields!({"port": port})),
            Handler::Grpc(grpc) => {
                ("grpc", fields!({"port": port, "service": grpc.service.as_ref().map(Service::as_str)}))
            }
            Handler::Exec(exec) => ("exec", fields!({"command": exec.command.to_value()})),
        }
    }
}

impl Probe {
    /// The handlers that are given: one, if all is well.
    #[must_use]
    pub fn handlers(&self) -> Vec<Handler> {
        let http = self.http.clone().map(Handler::Http);
        let tcp = self.tcp.clone().map(Handler::Tcp);
        let grpc = self.grpc.clone().map(Handler::Grpc);
        let exec = self.exec.clone().map(Handler::Exec);
        [http, tcp, grpc, exec].into_iter().flatten().collect()
    }
}

/// Gives containers the probes that are named: `liveness`, `readiness`, `startup`; none is guessed. A probe that a
/// container has stays as it is, unless `overwrite`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "Fields")]
pub struct Spec {
    /// The probes to inject.
    #[schemars(skip)] // what is read is in `Fields`
    pub plans: Vec<Plan>,
    /// Whether they take the place of others.
    pub overwrite: bool,
    /// As in [`Fields`].
    pub exceptions: Vec<Exception>,
    /// As in [`Fields`].
    #[schemars(skip)]
    pub severities: Severities,
    /// As in [`Fields`].
    pub targets: Vec<Selector>,
    /// As in [`Fields`].
    pub exclude: Vec<Selector>,
}

function_spec!(Spec);

impl TryFrom<Fields> for Spec {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let plans = plan::all(&fields)?;
        let Fields { overwrite, exceptions, severities, targets, exclude, .. } = fields;
        Ok(Self { plans, overwrite, exceptions, severities, targets, exclude })
    }
}
