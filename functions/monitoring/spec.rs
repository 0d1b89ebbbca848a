//! What a person may write in the spec.

use krmor_yaml::escape_token;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
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
    pub port: PortName,
    /// Name of the Service, now or before an earlier kustomization changed it, where several send to the workload.
    /// Default: the one that has the port.
    pub service: Option<String>,
    /// Adds the port where it is missing: to the container that `targets` names or to the only one, and, with
    /// `service`, to the Service. A number from 1 to 65535. Default: a missing port is an error.
    pub add_port: Option<PortNumber>,
    /// HTTP path of the metrics. Default: the operator's, `/metrics`.
    pub path: Option<HttpPath>,
    /// Time between scrapes, as Prometheus writes durations: `30s`, `1m30s`. Default: the one of the Prometheus.
    pub interval: Option<PromDuration>,
    /// When a scrape is given up; not longer than `interval`. Default: the one of the Prometheus.
    pub scrape_timeout: Option<PromDuration>,
    /// `http` or `https`. Default: the operator's, `http`.
    pub scheme: Option<Scheme>,
    /// The endpoint's `tlsConfig`, as the operator has it, for `scheme: https`. Default: none.
    pub tls_config: Option<Map<String, Value>>,
    /// Keep the labels that the metrics themselves carry where they clash. Default: the operator's, `false`.
    pub honor_labels: Option<bool>,
    /// Labels of the monitor, on top of the workload's: Prometheus selects monitors by them, such as `release: prometheus`.
    /// Default: none.
    #[serde(default)]
    pub labels: Map<String, Value>,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; the single rule goes first. Default: the
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
            && timeout.millis > interval.millis
        {
            let problem = format!("`{}` is longer than `interval: {}`", timeout.text, interval.text);
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
        for (key, _) in self.labels.iter().filter(|(_, value)| !value.is_string()) {
            let problem = "the value of a label is a string".to_owned();
            found.push(Problem::new(&format!("/labels/{}", escape_token(key)), problem, "put it into quotes"));
        }
        found
    }

    /// The fields of the endpoint that the spec names, in the operator's words.
    #[must_use]
    pub fn endpoint(&self) -> Map<String, Value> {
        let text = |text: &str| Value::String(text.to_owned());
        let fields = [
            ("port", Some(text(self.port.as_str()))),
            ("scheme", self.scheme.map(|scheme| text(scheme.name()))),
            ("path", self.path.as_ref().map(|path| text(&path.0))),
            ("interval", self.interval.as_ref().map(|interval| text(&interval.text))),
            ("scrapeTimeout", self.scrape_timeout.as_ref().map(|timeout| text(&timeout.text))),
            ("honorLabels", self.honor_labels.map(Value::Bool)),
            ("tlsConfig", self.tls_config.clone().map(Value::Object)),
        ];
        fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
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

/// The name of a port: an IANA service name, as the API has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength" = 63))]
pub struct PortName(String);

impl PortName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PortName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let label = !text.is_empty() && text.len() <= 63 && text.bytes().all(fits);
        match label && !text.starts_with('-') && !text.ends_with('-') {
            true => Ok(Self(text)),
            false => Err(format!("`{text}` is no name of a port; monitors know ports by name, such as `metrics`")),
        }
    }
}

/// The number of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 1, "maximum" = 65535))]
pub struct PortNumber(u16);

impl PortNumber {
    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<i64> for PortNumber {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let port = u16::try_from(number).ok().filter(|port| *port > 0);
        port.map(Self).ok_or_else(|| format!("`{number}` is no port: write a number from 1 to 65535"))
    }
}

/// An absolute path of HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^/"))]
pub struct HttpPath(String);

impl HttpPath {
    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HttpPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.starts_with('/') {
            true => Ok(Self(text)),
            false => Err(format!("`{text}` must start with `/`")),
        }
    }
}

/// A duration as Prometheus writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"))]
pub struct PromDuration {
    text: String,
    millis: u64,
}

/// The units in the order in which they may stand, with their milliseconds.
const UNITS: [(&str, u64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

impl TryFrom<String> for PromDuration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match millis(&text) {
            Some(millis) if millis > 0 => Ok(Self { text, millis }),
            _ => Err(format!("`{text}` is no duration of Prometheus: write `30s`, `1m30s` or `500ms`")),
        }
    }
}

fn millis(text: &str) -> Option<u64> {
    let (mut rest, mut total, mut units) = (text, 0u64, UNITS.iter());
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, behind) = tail.split_at(end);
        let (_, each) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(*each)?)?;
        rest = behind;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::millis;

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        let cases = [
            ("30s", Some(30_000)),
            ("1m30s", Some(90_000)),
            ("500ms", Some(500)),
            ("1h5ms", Some(3_600_005)),
            ("30s1m", None),
            ("1m1m", None),
            ("30", None),
            ("s", None),
            ("1.5m", None),
            ("-1s", None),
            ("99999999999999999999y", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(millis(text), wanted, "{text}");
        }
    }
}
