//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use krmor_core::values::integer;
use std::borrow::Cow;
use std::fmt;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::Value;

use krmor_yaml::Node;

/// Pods as a number or as a share of all: the API's int-or-string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub enum Amount {
    /// So many.
    Count(i32),
    /// So many of a hundred.
    Percent(i32),
}

impl Amount {
    /// Reads a field of a manifest; `None` for what the API would refuse.
    pub(super) fn of(node: Node<'_>) -> Option<Self> {
        match integer(node) {
            Some(number) => i32::try_from(number).ok().filter(|number| *number >= 0).map(Self::Count),
            None => Self::percent(&node.as_str()?),
        }
    }

    fn percent(text: &str) -> Option<Self> {
        let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        digits.parse().ok().map(Self::Percent)
    }

    /// How many of `total` it is, a part of a pod counting as one.
    pub(super) fn rounded_up(self, total: i128) -> i128 {
        match self {
            Self::Count(number) => number.into(),
            Self::Percent(share) => (i128::from(share) * total + 99) / 100,
        }
    }

    /// How many of `total` it is, a part of a pod counting as none.
    pub(super) fn rounded_down(self, total: i128) -> i128 {
        match self {
            Self::Count(number) => number.into(),
            Self::Percent(share) => i128::from(share) * total / 100,
        }
    }

    pub(super) fn is_zero(self) -> bool {
        matches!(self, Self::Count(0) | Self::Percent(0))
    }

    pub(super) fn exceeds_all(self) -> bool {
        matches!(self, Self::Percent(share) if share > 100)
    }

    pub(super) fn value(self) -> Value {
        match self {
            Self::Count(number) => number.into(),
            Self::Percent(share) => format!("{share}%").into(),
        }
    }

    pub(super) fn typed(self) -> IntOrString {
        match self {
            Self::Count(number) => IntOrString::Int(number),
            Self::Percent(share) => IntOrString::String(format!("{share}%")),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(number) => write!(f, "{number}"),
            Self::Percent(share) => write!(f, "{share}%"),
        }
    }
}

impl TryFrom<Value> for Amount {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok()).filter(|number| *number >= 0);
        let amount = number.map(Self::Count).or_else(|| value.as_str().and_then(Self::percent));
        amount.ok_or_else(|| "write a number of pods from 0, or a share of them such as `25%`".to_owned())
    }
}

impl JsonSchema for Amount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 2_147_483_647},
            {"type": "string", "pattern": "^[0-9]+%$"},
        ]})
    }
}

/// A regular expression that must match a whole name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct NamePattern(#[schemars(with = "String")] Regex);

impl NamePattern {
    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // Compiled by itself first: `)(` must not become right by what is put around it.
        let whole = Regex::new(&text).and_then(|_| Regex::new(&format!("^(?:{text})$")));
        whole.map(Self).map_err(|error| format!("`{text}` is not a regular expression: {error}"))
    }
}
