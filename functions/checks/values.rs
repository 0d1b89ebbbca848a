//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

use krmor_core::kube::EnvName;
use krmor_core::target;

/// A regular expression that must match from the first to the last character.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct Pattern(#[schemars(with = "String")] target::Pattern);

impl Pattern {
    /// Whether it matches all of a text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.0.matches(text)
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty pattern matches nothing that has a name; take it out".to_owned());
        }
        let no = |error| format!("`{text}` is not a regular expression: {error}");
        target::Pattern::new(&text).map(Self).map_err(no)
    }
}

/// A number, or the environment variable of the workload that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Number {
    /// The number itself.
    Literal(u32),
    /// What a container of the workload is told.
    Env(FromEnv),
}

/// Where a workload's number stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FromEnv {
    /// Name of the environment variable: its value in the manifest, or that of the ConfigMap's key in the stream.
    pub env: EnvName,
    /// What the program takes where the variable is not set, as a whole number. Default: unset is an error.
    pub default: Option<u32>,
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 0, or a mapping with `env`")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Number, E> {
                let number = u32::try_from(number);
                number.map(Number::Literal).map_err(|_| E::custom("the number is larger than 4294967295"))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Number, E> {
                let number = u64::try_from(number).map_err(|_| E::custom("the number must not be negative"))?;
                self.visit_u64(number)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Number, A::Error> {
                FromEnv::deserialize(MapAccessDeserializer::new(map)).map(Number::Env)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Number {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let from_env = generator.subschema_for::<FromEnv>();
        json_schema!({"oneOf": [{"type": "integer", "minimum": 0}, from_env]})
    }
}
