//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The name of the migration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength" = 40))]
pub struct Name(String);

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Name {
    fn default() -> Self {
        Self("migrate".to_owned())
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let label = !text.is_empty() && text.len() <= 40 && text.bytes().all(allowed);
        match label && !text.starts_with('-') && !text.ends_with('-') {
            true => Ok(Self(text)),
            false => Err(format!("`{text}` is no such name: at most 40 of `a-z`, `0-9` and inner `-`")),
        }
    }
}

/// Words of a command line; the first is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>")]
#[schemars(extend("minItems" = 1))]
pub struct Command(Vec<String>);

impl Command {
    /// As it stands in a container.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!(self.0)
    }
}

impl TryFrom<Vec<String>> for Command {
    type Error = String;

    fn try_from(words: Vec<String>) -> Result<Self, String> {
        match words.first().is_some_and(|word| !word.is_empty()) {
            true => Ok(Self(words)),
            false => Err("the list is empty, or begins with an empty word; remove the line or fill it".to_owned()),
        }
    }
}

/// The major version of Helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("enum" = [3, 4]))]
pub struct HelmVersion(u8);

impl HelmVersion {
    /// 3 or 4.
    #[must_use]
    pub fn major(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for HelmVersion {
    type Error = String;

    fn try_from(major: i64) -> Result<Self, String> {
        match major {
            3 => Ok(Self(3)),
            4 => Ok(Self(4)),
            other => Err(format!("krmor knows Helm 3 and 4, not {other}")),
        }
    }
}

/// A variable: its name and either a `value` or where it is from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "VariableFields")]
pub struct Variable {
    /// Name of the variable.
    pub name: String,
    value: Option<String>,
    value_from: Option<Map<String, Value>>,
}

/// A variable: its name and either a `value` or where it is from.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VariableFields {
    /// Name of the variable.
    name: String,
    /// Its text; not for secrets. Default: empty.
    value: Option<String>,
    /// Where it is from, as the API has it, such as `{secretKeyRef: {name: db-owner, key: url}}`. Default: none.
    value_from: Option<Map<String, Value>>,
}

impl TryFrom<VariableFields> for Variable {
    type Error = String;

    fn try_from(VariableFields { name, value, value_from }: VariableFields) -> Result<Self, String> {
        if name.is_empty() || name.contains('=') {
            return Err(format!("`{name}` cannot be the name of a variable"));
        }
        match (&value, &value_from) {
            (Some(_), Some(_)) => Err(format!("`{name}` has a `value` and a `valueFrom`; remove one")),
            _ => Ok(Self { name, value, value_from }),
        }
    }
}

impl Variable {
    /// As it stands in a container.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.value_from {
            Some(from) => json!({"name": self.name, "valueFrom": from}),
            None => json!({"name": self.name, "value": self.value.as_deref().unwrap_or_default()}),
        }
    }
}
