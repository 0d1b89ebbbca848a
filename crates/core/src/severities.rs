//! Severities: how bad the findings of a rule are, where a person sees it otherwise. Every function takes them.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::report::{Rule, Severity};

/// The id of a rule, or `family/*` for all rules of a family.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub struct RuleName(String);

impl RuleName {
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

impl TryFrom<String> for RuleName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.matches('*').count() == usize::from(text.ends_with("/*")) {
            true => Ok(Self(text)),
            false => Err(format!("`{text}` is no rule; write its id, or `family/*` for all of a family")),
        }
    }
}

/// The severities of rules and families; the single rule goes before its family.
pub type Severities = BTreeMap<RuleName, Setting>;

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

/// What a config says of a rule: by its id, else by its family.
#[must_use]
pub fn setting(severities: &Severities, rule: &Rule) -> Option<Setting> {
    let exact = severities.iter().find(|(name, _)| name.as_str() == rule.id);
    let setting = exact.or_else(|| severities.iter().find(|(name, _)| name.covers(rule.id)));
    setting.map(|(_, setting)| *setting)
}

const WORDS: &[&str] = &["error", "warning", "info", "off"];

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
                    _ => Err(E::unknown_variant(word, WORDS)),
                }
            }

            // Tools that read YAML 1.1 hand a plain `off` on as this.
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Setting, E> {
                match value {
                    false => Ok(Setting::Off),
                    true => Err(E::unknown_variant("true", WORDS)),
                }
            }
        }
        deserializer.deserialize_any(Word)
    }
}
