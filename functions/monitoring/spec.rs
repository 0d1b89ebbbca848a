//! What a person may write in the spec.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::login::{Authorization, BasicAuth, KeyRef, OAuth2, Relabeling};
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::{
    HttpPath, LabelKey, LabelValue, ObjectName, PortNumber, PrometheusDuration, ServiceName, ServicePortName,
};
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::Selector;
use std::collections::BTreeMap;

/// Lets the Prometheus operator scrape workloads: a ServiceMonitor or PodMonitor for each.
///
/// A monitor that is already in the stream for the same Service or pods is updated in the fields below; nothing is
/// emitted twice.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// `service` (the default): a ServiceMonitor that selects the workload's Service. `pod`: a PodMonitor that selects
    /// its pods, for workloads without a Service.
    #[serde(default)]
    pub monitor: Monitor,
    /// Name of the port with the metrics: of the Service (`service`) or of a container (`pod`).
    pub port: ServicePortName,
    /// Name of the Service, now or before an earlier kustomization changed it, where several send to the workload.
    /// Default: the one that has the port.
    pub service: Option<ServiceName>,
    /// Adds the port where it is missing: to the container that `targets` names or to the only one, and, with
    /// `service`, to the Service. A number from 1 to 65535. Default: a missing port is an error.
    pub add_port: Option<PortNumber>,
    /// HTTP path of the metrics. Default: the operator's, `/metrics`.
    pub path: Option<HttpPath>,
    /// Time between scrapes, as Prometheus writes durations: `30s`, `1m30s`. Default: the one of the Prometheus.
    pub interval: Option<PrometheusDuration>,
    /// When a scrape is given up; not longer than `interval`. Default: the one of the Prometheus.
    pub scrape_timeout: Option<PrometheusDuration>,
    /// `http` or `https`. Default: the operator's, `http`.
    pub scheme: Option<Scheme>,
    /// The endpoint's `tlsConfig`, as the operator has it, for `scheme: https`. Default: none.
    pub tls_config: Option<Map<String, Value>>,
    /// Logs in by a user and a password of Secrets. Default: none.
    pub basic_auth: Option<BasicAuth>,
    /// Logs in by the `Authorization` header, with a token of a Secret. Default: none.
    pub authorization: Option<Authorization>,
    /// As `authorization` does; the operator has deprecated it. Default: none.
    pub bearer_token_secret: Option<KeyRef>,
    /// Logs in by a token that an OAuth 2.0 server gives. Default: none.
    pub oauth2: Option<OAuth2>,
    /// What is done to the labels of what is scraped, step by step, before; behind the steps that are there. Default:
    /// nothing.
    #[serde(default)]
    pub relabelings: Vec<Relabeling>,
    /// What is done to the labels of the metrics, step by step, afterwards; behind the steps that are there. Default:
    /// nothing.
    #[serde(default)]
    pub metric_relabelings: Vec<Relabeling>,
    /// Keep the labels that the metrics themselves carry where they clash. Default: the operator's, `false`.
    pub honor_labels: Option<bool>,
    /// Labels of the monitor, on top of the workload's: Prometheus selects monitors by them, such as `release: prometheus`.
    /// Default: none.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, LabelValue>")]
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// Name of the Prometheus that reads the monitors, where there are several: only monitors with all of `labels` are its
    /// own, those of others may scrape the same, and what is made has this name behind the workload's. Default: there is
    /// one.
    pub instance: Option<ObjectName>,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads to monitor; each entry must match something unless `optional: true`. Default: all, but those
    /// that run to completion.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

function_spec!(Spec, find_problems);

impl Spec {
    /// What cannot be right although each field can be read.
    fn find_problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        if let (Some(interval), Some(timeout)) = (&self.interval, &self.scrape_timeout)
            && timeout.millis() > interval.millis()
        {
            let problem = format!("`{}` is longer than `interval: {}`", timeout.as_str(), interval.as_str());
            found.push(Problem::new("/scrapeTimeout", problem, "shorten it: Prometheus refuses such a config"));
        }
        if self.monitor == Monitor::Pod && self.service.is_some() {
            let problem = "a PodMonitor selects pods, not a Service".to_owned();
            found.push(Problem::new("/service", problem, "remove it, or write `monitor: service`"));
        }
        if self.tls_config.is_some() && self.scheme != Some(Scheme::Https) {
            let problem = "is read with `scheme: https` only".to_owned();
            found.push(Problem::new("/tlsConfig", problem, "write `scheme: https`, or remove it"));
        }
        if self.instance.is_some() && self.labels.is_empty() {
            let problem = "the monitors of one Prometheus are told from those of another by `labels`".to_owned();
            found.push(Problem::new("/instance", problem, "add the labels that it selects monitors by"));
        }
        found.extend(self.login_problems());
        found
    }

    /// The fields of the endpoint that the spec names, in the operator's words.
    #[must_use]
    pub fn endpoint(&self) -> Map<String, Value> {
        let text = |text: &str| Value::String(text.to_owned());
        let fields = [
            ("port", Some(text(self.port.as_str()))),
            ("scheme", self.scheme.map(|scheme| text(scheme.name()))),
            ("path", self.path.as_ref().map(|path| text(path.as_str()))),
            ("interval", self.interval.as_ref().map(|interval| text(interval.as_str()))),
            ("scrapeTimeout", self.scrape_timeout.as_ref().map(|timeout| text(timeout.as_str()))),
            ("honorLabels", self.honor_labels.map(Value::Bool)),
            ("tlsConfig", self.tls_config.clone().map(Value::Object)),
            ("basicAuth", self.basic_auth.as_ref().and_then(value)),
            ("authorization", self.authorization.as_ref().and_then(value)),
            ("bearerTokenSecret", self.bearer_token_secret.as_ref().and_then(value)),
            ("oauth2", self.oauth2.as_ref().and_then(value)),
            ("relabelings", filled(&self.relabelings)),
            ("metricRelabelings", filled(&self.metric_relabelings)),
        ];
        fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

fn value(part: &impl Serialize) -> Option<Value> {
    serde_json::to_value(part).ok()
}

fn filled(steps: &[Relabeling]) -> Option<Value> {
    (!steps.is_empty()).then(|| serde_json::to_value(steps).ok()).flatten()
}

/// What the operator is told to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Monitor {
    /// The endpoints of a Service.
    #[default]
    Service,
    /// Pods.
    Pod,
}

/// How the metrics are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}
