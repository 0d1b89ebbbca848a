//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

/// A header of an HTTP request. Its value is in no message: it may be a credential.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// Name of the header: letters, digits and `-`.
    pub name: HeaderName,
    /// Its value, on one line.
    pub value: HeaderValue,
}

/// The name of a header, as the API takes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[-A-Za-z0-9]+$"))]
pub struct HeaderName(String);

impl TryFrom<String> for HeaderName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            true => Ok(Self(text)),
            false => Err(format!("`{text}` is no name of a header: letters, digits and `-`")),
        }
    }
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct HeaderValue(String);

impl TryFrom<String> for HeaderValue {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.chars().any(|c| c.is_control() && c != '\t') {
            true => Err("the value of a header must not have control characters or line breaks".to_owned()),
            false => Ok(Self(text)),
        }
    }
}

/// Headers with different names.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Header>")]
pub struct Headers(Vec<Header>);

impl Headers {
    /// As they stand in a probe.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.0.iter().map(|Header { name, value }| json!({"name": name.0, "value": value.0})).collect()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<Header>> for Headers {
    type Error = String;

    fn try_from(list: Vec<Header>) -> Result<Self, String> {
        let mut names: Vec<String> = list.iter().map(|header| header.name.0.to_ascii_lowercase()).collect();
        names.sort_unstable();
        match names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b) {
            Some((name, _)) => Err(format!("the header `{name}` is given twice; upper and lower case are the same")),
            None => Ok(Self(list)),
        }
    }
}

/// What a gRPC health check asks about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^\\S*$"))]
pub struct Service(String);

impl Service {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Service {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            true => Err("the name of a gRPC service has no white space: `package.Service`".to_owned()),
            false => Ok(Self(text)),
        }
    }
}

/// A field that is there to say why there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoHost;

impl<'de> Deserialize<'de> for NoHost {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom(
            "probes go to the pod itself: Pod Security forbids `host`; for a virtual host, give the header `Host`",
        ))
    }
}
