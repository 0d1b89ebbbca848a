//! How Prometheus logs in to what it scrapes, and what it makes of labels, in the operator's words.

use krmor_core::config::Problem;
use krmor_core::fields;
use krmor_core::kube::{DataKey, ObjectName, re2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

use super::spec::{Monitor, Spec};

/// One key of a Secret or ConfigMap in the namespace of the monitor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyRef {
    /// Name of the Secret or ConfigMap.
    pub name: ObjectName,
    /// Key of the value in it.
    pub key: DataKey,
}

impl Serialize for KeyRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fields!({"name": self.name.as_str(), "key": self.key.as_str()}).serialize(serializer)
    }
}

/// A user and a password.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BasicAuth {
    /// Where the user's name is.
    pub username: KeyRef,
    /// Where the password is.
    pub password: KeyRef,
}

/// The `Authorization` header.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Authorization {
    /// What stands before the credentials. Default: the operator's, `Bearer`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Where the credentials are.
    pub credentials: KeyRef,
}

/// A token that is fetched from an OAuth 2.0 server for the client.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OAuth2 {
    /// Where the client's id is.
    pub client_id: ClientId,
    /// Where the client's secret is.
    pub client_secret: KeyRef,
    /// URL of the server's tokens.
    pub token_url: String,
    /// What is asked for. Default: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Further parameters of the request. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoint_params: BTreeMap<String, String>,
}

/// Where the id of a client is.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientId {
    /// In a Secret.
    Secret(KeyRef),
    /// In a ConfigMap.
    ConfigMap(KeyRef),
}

/// A step that changes labels, or drops what has them, as Prometheus has it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Relabeling {
    /// Labels whose values are joined and compared. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_labels: Vec<String>,
    /// What stands between them. Default: `;`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// The label that is set. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_label: Option<String>,
    /// Regular expression that the value is compared with. Default: one that fits all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// What a hash is divided by, for `hashmod`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modulus: Option<u64>,
    /// What the label is set to; `$1` is the first group of the expression. Default: `$1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// What is done. Default: `replace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<RelabelAction>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "Prometheus' own words")]
pub enum RelabelAction {
    #[serde(alias = "Replace")]
    Replace,
    #[serde(alias = "Keep")]
    Keep,
    #[serde(alias = "Drop")]
    Drop,
    #[serde(alias = "HashMod")]
    HashMod,
    #[serde(alias = "LabelMap")]
    LabelMap,
    #[serde(alias = "LabelDrop")]
    LabelDrop,
    #[serde(alias = "LabelKeep")]
    LabelKeep,
    #[serde(alias = "Lowercase")]
    Lowercase,
    #[serde(alias = "Uppercase")]
    Uppercase,
    #[serde(alias = "KeepEqual")]
    KeepEqual,
    #[serde(alias = "DropEqual")]
    DropEqual,
}

/// The fields of an endpoint by which Prometheus logs in: it takes one of them.
pub(super) const LOGINS: [&str; 5] = ["basicAuth", "authorization", "bearerTokenSecret", "bearerTokenFile", "oauth2"];

/// The fields of `tlsConfig`, and those that only a ServiceMonitor has: files of the Prometheus.
const TLS: [&str; 7] = ["ca", "cert", "insecureSkipVerify", "keySecret", "maxVersion", "minVersion", "serverName"];
const TLS_FILES: [&str; 3] = ["caFile", "certFile", "keyFile"];

impl Spec {
    /// The names of the fields by which the config logs in.
    pub(super) fn logins(&self) -> Vec<&'static str> {
        let given = [
            ("basicAuth", self.basic_auth.is_some()),
            ("authorization", self.authorization.is_some()),
            ("bearerTokenSecret", self.bearer_token_secret.is_some()),
            ("oauth2", self.oauth2.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    /// What is wrong with how Prometheus logs in, and with what it makes of labels.
    pub(super) fn login_problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let logins = self.logins();
        for second in logins.iter().skip(1) {
            let first = logins.first().copied().unwrap_or_default();
            let problem = format!("goes not with `{first}`: Prometheus logs in by one of them");
            found.push(Problem::new(&format!("/{second}"), problem, "remove one of the two"));
        }
        if let Some(kind) = self.authorization.as_ref().and_then(|it| it.kind.as_ref())
            && kind.trim().eq_ignore_ascii_case("basic")
        {
            let problem = "Prometheus refuses `Basic` here".to_owned();
            found.push(Problem::new("/authorization/type", problem, "write `basicAuth`"));
        }
        for key in self.tls_config.iter().flatten().map(|(key, _)| key.as_str()) {
            let is_file = TLS_FILES.contains(&key);
            if TLS.contains(&key) || is_file && self.monitor == Monitor::Service {
                continue;
            }
            let (problem, remedy) = match is_file {
                true => (
                    "a PodMonitor takes no files of the Prometheus".to_owned(),
                    "name a Secret or ConfigMap".to_owned(),
                ),
                false => ("the operator knows no such field".to_owned(), format!("its fields are: {}", TLS.join(", "))),
            };
            found.push(Problem::new(&format!("/tlsConfig/{}", krmor_yaml::escape_token(key)), problem, &remedy));
        }
        for (field, list) in [("relabelings", &self.relabelings), ("metricRelabelings", &self.metric_relabelings)] {
            for (at, step) in list.iter().enumerate() {
                found.extend(step.problem(&format!("/{field}/{at}")));
            }
        }
        found
    }
}

impl Relabeling {
    /// What the operator refuses (`LabelConfigValidator`): it then leaves out the whole monitor.
    fn problem(&self, pointer: &str) -> Option<Problem> {
        use RelabelAction as A;
        let action = self.action.unwrap_or(A::Replace);
        let no_other = |text: &Option<String>, default: &str| text.as_deref().is_none_or(|text| text == default);
        let is_bare = self.modulus.is_none_or(|modulus| modulus == 0)
            && no_other(&self.separator, ";")
            && no_other(&self.replacement, "$1");
        let says = |field: &str, problem: String, remedy: &str| {
            Some(Problem::new(&format!("{pointer}{field}"), problem, remedy))
        };
        if let Some(fault) = self.regex.as_deref().and_then(re2::fault_of_anchored) {
            let problem = format!("Prometheus cannot read this expression: {fault}");
            return says("/regex", problem, "write it as Go's regular expressions are written (RE2)");
        }
        let correct = "correct the step: the operator refuses the monitor";
        match action {
            A::Replace | A::HashMod | A::Lowercase | A::Uppercase | A::KeepEqual | A::DropEqual => {
                let Some(label) = self.target_label.as_deref().filter(|label| !label.is_empty()) else {
                    return says("", "this action needs `targetLabel`".to_owned(), correct);
                };
                if action == A::HashMod && self.modulus.is_none_or(|modulus| modulus == 0) {
                    return says("", "`hashmod` needs a `modulus` above 0".to_owned(), correct);
                }
                if action != A::HashMod && !is_label(label) {
                    return says("/targetLabel", format!("`{label}` is no name of a label"), correct);
                }
            }
            A::LabelMap => {
                if let Some(label) = self.replacement.as_deref().filter(|label| !is_label(label)) {
                    return says("/replacement", format!("`{label}` is no name of a label"), correct);
                }
            }
            A::LabelDrop | A::LabelKeep
                if !self.source_labels.is_empty() || self.target_label.is_some() || !is_bare =>
            {
                let problem = "this action compares the names of labels by `regex` alone, and takes no other field";
                return says("", problem.to_owned(), correct);
            }
            A::LabelDrop | A::LabelKeep | A::Keep | A::Drop => {}
        }
        match action {
            A::Lowercase | A::Uppercase if !no_other(&self.replacement, "$1") => {
                says("/replacement", "this action takes no `replacement`".to_owned(), correct)
            }
            A::KeepEqual | A::DropEqual
                if !is_bare || !no_other(&self.regex, "(.*)") && self.regex.as_deref() != Some("") =>
            {
                let problem = "this action compares `sourceLabels` with `targetLabel`, and takes no other field";
                says("", problem.to_owned(), correct)
            }
            _ => None,
        }
    }
}

/// The name of a label, in which `$1` and `${1}` stand for groups of the expression.
fn is_label(text: &str) -> bool {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        if !before.chars().all(is_word) {
            return false;
        }
        let (name, end) = match behind.strip_prefix('{') {
            Some(inner) => inner.split_once('}').unwrap_or(("", "")),
            None => behind.split_at(behind.find(|c| !is_word(c)).unwrap_or(behind.len())),
        };
        if name.is_empty() || !name.chars().all(is_word) {
            return false;
        }
        rest = end;
    }
    rest.chars().all(is_word) && !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit())
}
