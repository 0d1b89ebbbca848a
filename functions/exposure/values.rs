//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A port of a Service: its number, or its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(extend(
    "anyOf" = [
        {"type": "integer", "minimum": 1, "maximum": 65535},
        {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 63},
    ],
    "x-kubernetes-int-or-string" = true
))]
pub enum Port {
    /// The number that the Service listens on.
    Number(u16),
    /// Its name there.
    Name(String),
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
            Value::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
                Err(format!("`{text}` in quotes would be a name; remove the quotes"))
            }
            Value::String(text) if is_label(&text) => Ok(Self::Name(text)),
            Value::String(text) => {
                Err(format!("`{text}` is no name of a port: at most 63 of `a-z`, `0-9` and inner `-`"))
            }
            _ => Err("expected the number or the name of a port".to_owned()),
        }
    }
}

/// A host name in lower case, possibly with a wildcard for its first label.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend(
    "pattern" = "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    "maxLength" = 253
))]
pub struct Host(String);

impl Host {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for every host below a domain.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

impl TryFrom<String> for Host {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let name = text.strip_prefix("*.").unwrap_or(&text);
        if text.contains("://") || text.contains('/') {
            return Err(format!("`{text}` must be a host alone, without scheme and path"));
        }
        if text.parse::<std::net::IpAddr>().is_ok() {
            return Err(format!("`{text}` must be a name: no provider takes an IP address"));
        }
        if lower != text && Self::try_from(lower.clone()).is_ok() {
            return Err(format!("`{text}` must be in lower case: `{lower}`"));
        }
        match text.len() <= 253 && name.split('.').all(is_label) {
            true => Ok(Self(text)),
            false => {
                Err(format!("`{text}` is no host name: labels of `a-z`, `0-9` and inner `-`, with dots between them"))
            }
        }
    }
}

/// A name that every kind of object can have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength" = 253))]
pub struct Name(String);

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.len() <= 253 && text.split('.').all(is_label) {
            true => Ok(Self(text)),
            false => Err(format!("`{text}` is no name of an object: at most 253 of `a-z`, `0-9`, inner `-` and `.`")),
        }
    }
}

/// A path of requests, as all three providers take it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^/", "maxLength" = 1024))]
pub struct Path(String);

impl Path {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without its trailing slash, which means nothing in a prefix; empty for `/`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.trim_end_matches('/')
    }
}

impl Default for Path {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!("`{text}` must start with `/`"));
        }
        let lower = text.to_ascii_lowercase();
        let segment = text.split('/').any(|part| matches!(part, "." | ".."));
        if segment || text.contains("//") || lower.contains("%2f") {
            return Err(format!("`{text}` must not contain `//`, `%2f` or the segments `.` and `..`"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-/._~!$&'()*+,;=:@%".contains(c);
        if let Some(other) = text.chars().find(|c| !allowed(*c)) {
            return Err(format!("`{text}` must not contain `{other}`: it is a path, no pattern and no query"));
        }
        match text.len() <= 1024 {
            true => Ok(Self(text)),
            false => Err("the path must have at most 1024 characters".to_owned()),
        }
    }
}

/// At most 63 of `a-z`, `0-9` and inner `-`.
fn is_label(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}
