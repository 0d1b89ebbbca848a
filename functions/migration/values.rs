//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use krmor_core::checked_text;
use krmor_core::kube::{EnvName, check_short_label};

checked_text! {
    /// The name of the migration: a DNS-1123 label of at most 40 characters, so that a workload's name fits before it.
    Name, |text| check_short_label(text, 40, "a migration's name", "at most 40 of `a-z`, `0-9` and inner `-`"),
    {"pattern" = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength" = 40}
}

checked_text! {
    /// An image as a container names it.
    Image, check_image,
    {"minLength" = 1, "pattern" = r"^\S+$"}
}

/// The API takes any text without blanks around it; one with a blank inside is no image.
fn check_image(text: &str) -> Result<(), String> {
    match text.is_empty() || text.contains(char::is_whitespace) {
        true => Err("write an image such as `example.com/migrate:1.4`".to_owned()),
        false => Ok(()),
    }
}

impl Default for Name {
    fn default() -> Self {
        Self("migrate".to_owned())
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
    pub name: EnvName,
    value: Option<String>,
    value_from: Option<Map<String, Value>>,
}

/// A variable: its name and either a `value` or where it is from.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VariableFields {
    /// Name of the variable.
    name: EnvName,
    /// Its text; not for secrets. Default: empty.
    value: Option<String>,
    /// Where it is from, as the API has it, such as `{secretKeyRef: {name: db-owner, key: url}}`. Default: none.
    value_from: Option<Map<String, Value>>,
}

impl TryFrom<VariableFields> for Variable {
    type Error = String;

    fn try_from(VariableFields { name, value, value_from }: VariableFields) -> Result<Self, String> {
        match (&value, &value_from) {
            (Some(_), Some(_)) => Err(format!("`{}` has a `value` and a `valueFrom`; remove one", name.as_str())),
            _ => Ok(Self { name, value, value_from }),
        }
    }
}

impl Variable {
    /// As it stands in a container.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.value_from {
            Some(from) => json!({"name": self.name.as_str(), "valueFrom": from}),
            None => json!({"name": self.name.as_str(), "value": self.value.as_deref().unwrap_or_default()}),
        }
    }
}
