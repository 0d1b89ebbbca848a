//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

use super::rules;
use krmor_core::kube::EnvName;
use krmor_core::report::Severity;
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

/// The id of a rule, or `family/*` for all rules of a family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct RuleId(String);

impl RuleId {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for the rule of this id.
    #[must_use]
    pub fn covers(&self, id: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(family) => id.starts_with(family),
            None => self.0 == id,
        }
    }
}

impl TryFrom<String> for RuleId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let id = Self(text);
        let is_known = id.0.matches('*').count() == usize::from(id.0.ends_with("/*"))
            && rules::ids().any(|known| id.covers(&known));
        if is_known {
            return Ok(id);
        }
        let ids: Vec<String> = rules::ids().collect();
        Err(format!("`{}` is no rule of this function; {}", id.0, krmor_core::suggest::suggest(&id.0, &ids, "rule")))
    }
}

/// What becomes of a rule's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Setting {
    /// They fail the run.
    Error,
    /// They fail the run where `failOn: warning` says so.
    Warning,
    /// They are worth knowing.
    Info,
    /// Nobody looks.
    Off,
}

impl Setting {
    /// The severity of findings; none when the rule is off.
    #[must_use]
    pub fn severity(self) -> Option<Severity> {
        match self {
            Setting::Error => Some(Severity::Error),
            Setting::Warning => Some(Severity::Warning),
            Setting::Info => Some(Severity::Info),
            Setting::Off => None,
        }
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word;
        impl Visitor<'_> for Word {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one of `error`, `warning`, `info`, `off`")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Setting, E> {
                match word {
                    "error" => Ok(Setting::Error),
                    "warning" => Ok(Setting::Warning),
                    "info" => Ok(Setting::Info),
                    "off" => Ok(Setting::Off),
                    _ => Err(E::unknown_variant(word, &["error", "warning", "info", "off"])),
                }
            }

            // Tools that read YAML 1.1 hand a plain `off` on as this.
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Setting, E> {
                match value {
                    false => Ok(Setting::Off),
                    true => Err(E::unknown_variant("true", &["error", "warning", "info", "off"])),
                }
            }
        }
        deserializer.deserialize_any(Word)
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
