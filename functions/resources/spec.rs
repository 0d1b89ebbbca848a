//! What a person may write in the spec.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::amounts::{self, Kind};
use super::asked;
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::quantity::Quantity;
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::{Pattern, Selector};
use std::collections::BTreeMap;

/// Gives containers their requests and limits: main ones, native sidecars and init containers.
///
/// Quantities are those of the Kubernetes API (`250m`, `0.5`, `128Mi`, `1e3`). At least one must be asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, remote = "Self")]
pub struct Spec {
    /// What becomes of values that are there: `fill` (the default) keeps each and adds the absent ones, but no request
    /// beside a limit, which counts for it; `set` replaces those that the spec names and that differ. Neither touches resources that the spec does not name.
    #[serde(default)]
    pub mode: Mode,
    /// `true`: where a request of the spec is above a limit that stays, the container requests the limit. Default `false`:
    /// that is an error which names both; nothing is clamped.
    #[serde(default)]
    pub limits_cap: bool,
    /// What the scheduler reserves for each container, by resource: `cpu` in cores (at least `1m`), `memory`,
    /// `ephemeral-storage` and `hugepages-<size>` in bytes, devices such as `nvidia.com/gpu` in whole numbers. A null
    /// asks for nothing. Default: none.
    #[serde(default)]
    pub requests: Amounts,
    /// What each container can have at most, by resource, in the units of `requests`. Without a request, Kubernetes
    /// takes the limit for it. Default: none.
    #[serde(default)]
    pub limits: Amounts,
    /// Containers that need something else. The first entry whose name matches counts. Default: none.
    #[serde(default)]
    pub containers: Vec<Entry>,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads or containers to work on; each entry must match something unless `optional: true`. Default: all.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads or containers to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

function_spec!(Spec, find_problems);

impl Spec {
    fn find_problems(&self) -> Vec<Problem> {
        asked::problems(self)
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spec = Self::deserialize(deserializer)?;
        let asks = |amounts: &Amounts| amounts.0.iter().any(|(_, quantity)| quantity.is_some());
        let any = asks(&spec.requests)
            || asks(&spec.limits)
            || spec.containers.iter().any(|entry| asks(&entry.requests) || asks(&entry.limits));
        match any {
            true => Ok(spec),
            false => Err(D::Error::custom("the spec asks for nothing: write `requests`, `limits` or `containers`")),
        }
    }
}

/// What becomes of values that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Each stays; absent ones are added.
    #[default]
    Fill,
    /// Those that the spec names become what it says, lower or higher.
    Set,
}

/// What the containers of a name are asked to have.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Name of the containers: a regular expression that must match from the first to the last character.
    pub name: Name,
    /// Requests in place of the spec's, resource by resource; a null drops the spec's. Default: the spec's.
    #[serde(default)]
    pub requests: Amounts,
    /// Limits in place of the spec's, resource by resource; a null drops the spec's. Default: the spec's.
    #[serde(default)]
    pub limits: Amounts,
    /// An entry that matches no container is an error, unless this is true. Default `false`.
    #[serde(default)]
    pub optional: bool,
}

/// The regular expression of an entry.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("minLength" = 1))]
pub struct Name(Pattern);

impl Name {
    /// Whether a container is called so.
    #[must_use]
    pub fn matches(&self, container: &str) -> bool {
        self.0.matches(container)
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text()
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.is_empty() {
            true => {
                Err("the name is empty; to ask the same of all containers, write it under the spec itself".to_owned())
            }
            false => {
                Pattern::new(&text).map(Self).map_err(|error| format!("`{text}` is not a regular expression: {error}"))
            }
        }
    }
}

/// Amounts by resource, in the order in which they are written. Each is one that Kubernetes takes as it is.
#[derive(Clone, Debug, Default)]
pub struct Amounts(pub(super) Vec<(String, Option<Quantity>)>);

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Amounts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Amounts, A::Error> {
        let mut amounts = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let quantity = map.next_value_seed(Of(&name))?;
            amounts.push((name, quantity));
        }
        Ok(Amounts(amounts))
    }
}

/// Reads the amount of a resource, so that an error names its place.
struct Of<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Of<'_> {
    type Value = Option<Quantity>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Quantity>, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let kind = Kind::of(self.0).map_err(D::Error::custom)?;
        if value.is_null() {
            return Ok(None);
        }
        let quantity = Quantity::of(&value).map_err(D::Error::custom)?;
        match amounts::fault(&kind, self.0, &quantity) {
            Some(fault) => Err(D::Error::custom(fault.message)),
            None => Ok(Some(quantity)),
        }
    }
}

impl JsonSchema for Amounts {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Amounts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let quantity = generator.subschema_for::<Option<Quantity>>();
        json_schema!({"type": "object", "additionalProperties": quantity})
    }
}
