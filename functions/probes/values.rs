//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

/// A port of a container: its number, or the name it has in the container's `ports`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(extend(
    "anyOf" = [
        {"type": "integer", "minimum": 1, "maximum": 65535},
        {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 15},
    ],
    "x-kubernetes-int-or-string" = true
))]
pub enum Port {
    /// The number of the port.
    Number(u16),
    /// Its name.
    Name(String),
}

impl Port {
    /// As it stands in a probe.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Port::Number(number) => json!(number),
            Port::Name(name) => json!(name),
        }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Port::Number(number) => write!(f, "{number}"),
            Port::Name(name) => f.write_str(name),
        }
    }
}

impl TryFrom<Value> for Port {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let number = value.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0);
        match value {
            Value::Number(_) => number.map(Self::Number).ok_or_else(|| "a port is from 1 to 65535".to_owned()),
            Value::String(text) if is_port_name(&text) => Ok(Self::Name(text)),
            Value::String(text) if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() => {
                Err(format!("`{text}` in quotes would be a name; remove the quotes"))
            }
            Value::String(text) => Err(format!(
                "`{text}` is no name of a port: at most 15 of `a-z`, `0-9` and single inner `-`, one of them a letter"
            )),
            _ => Err("expected the number or the name of a port".to_owned()),
        }
    }
}

/// Whether a port may be called so (IANA_SVC_NAME).
fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text.bytes().any(|b| b.is_ascii_lowercase())
        && !text.contains("--")
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The path of an HTTP request, with its query.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^/"))]
pub struct HttpPath(String);

impl HttpPath {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HttpPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // What the kubelet cannot parse it would encode once more, and ask for another path.
        let mut escapes = text.split('%').skip(1);
        let encoded = escapes.all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
        if !text.starts_with('/') || text.starts_with("//") {
            Err(format!("`{text}` must be a path: start it with one `/`, without scheme and host"))
        } else if !encoded || text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
            Err(format!("`{text}` has characters that a path has percent-encoded: white space, `#`, a lone `%`"))
        } else {
            Ok(Self(text))
        }
    }
}

/// A number from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("minimum" = 1, "maximum" = 2_147_483_647))]
pub struct Positive(i32);

impl Positive {
    /// The number.
    #[must_use]
    pub fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i64> for Positive {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        let number = i32::try_from(number).ok().filter(|number| *number > 0);
        number.map(Self).ok_or_else(|| "the number must be from 1 to 2147483647".to_owned())
    }
}

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

/// A command and its arguments. They are in no message: arguments may be credentials.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>")]
#[schemars(extend("minItems" = 1))]
pub struct Command(Vec<String>);

impl Command {
    /// As it stands in a probe.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!(self.0)
    }
}

impl TryFrom<Vec<String>> for Command {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        match words.first().is_some_and(|program| !program.trim().is_empty()) {
            true => Ok(Self(words)),
            false => Err("the command is empty: list the program and its arguments".to_owned()),
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
