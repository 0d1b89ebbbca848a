//! What a person may write in the spec.

use krmor_yaml::escape_token;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use super::expand;
use super::values::{Divisor, FieldPath, ResourcePath};
use super::wiring::Wiring;
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::facts::makers::Store;
use krmor_core::function_spec;
use krmor_core::kube::{DataKey, EnvName, ObjectName};
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::Selector;

/// Gives containers their environment variables, and proves that those they need are there.
///
/// Works on main containers, and on any container that a target names. What is absent is filled; what is there stays
/// unless `overwrite` is true.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Variables by name: a plain text is the value; a mapping says where the value comes from. The order is krmor's:
    /// by name, but what another value refers to by `$(NAME)` goes before it. Default: none.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Variable>")]
    pub env: BTreeMap<EnvName, Variable>,
    /// ConfigMaps and Secrets all of whose keys become variables. Default: none.
    #[serde(default)]
    pub env_from: Vec<EnvFrom>,
    /// Variables without which the program does not work: each must have a value that is not empty, from `env` or
    /// `envFrom`, its own or the manifest's; otherwise the run fails. Default: none.
    #[serde(default)]
    pub required: Vec<EnvName>,
    /// Variables that the program can do without: a reference to a key gets `optional: true` where it does not say.
    /// Those that nothing gives are named in the report. Default: none.
    #[serde(default)]
    pub optional: Vec<EnvName>,
    /// ConfigMaps and Secrets that come from outside the stream, and the keys of those that an operator makes from what
    /// the stream does not show. Default: none.
    #[serde(default)]
    pub external: Vec<External>,
    /// `true`: values of this spec replace those of the manifest. Default `false`: the manifest's stay, with a warning
    /// where they differ.
    #[serde(default)]
    pub overwrite: bool,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads or containers to work on; each entry must match something unless `optional: true`. An entry with
    /// `containers` reaches init containers and sidecars, too. Default: the main containers of all.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads or containers to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

function_spec!(Spec, find_problems);

impl Spec {
    fn find_problems(&self) -> Vec<Problem> {
        self.wirings().err().unwrap_or_default()
    }
}

/// Where the value of one variable comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// The value itself.
    Literal(String),
    /// Something that has it.
    Reference(Box<Reference>),
}

/// What has the value of a variable: exactly one of `configMap`, `secret`, `field` and `resource`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reference {
    /// Name of the ConfigMap that has the value, before or after kustomize's prefixes and suffixes.
    pub config_map: Option<ObjectName>,
    /// Name of the Secret that has the value, before or after kustomize's prefixes and suffixes.
    pub secret: Option<ObjectName>,
    /// Key in the ConfigMap or Secret. Default: the name of the variable.
    pub key: Option<DataKey>,
    /// Whether the container starts without the key. Default: `true` for names under the spec's `optional`, else
    /// `false`.
    pub optional: Option<bool>,
    /// Field of the pod, such as `metadata.name`, `status.podIP` or `metadata.labels['app']`.
    pub field: Option<FieldPath>,
    /// Request or limit of a container, such as `limits.memory`; without it, what the node can allocate.
    pub resource: Option<ResourcePath>,
    /// Name of the container whose `resource` is meant. Default: the variable's own.
    pub container: Option<String>,
    /// Unit that `resource` is counted in, rounded up: `1m` or `1` for cpu, `1Mi` and the like for bytes. Default `1`.
    pub divisor: Option<Divisor>,
}

/// A ConfigMap or Secret all of whose keys become variables: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvFrom {
    /// Name of the ConfigMap, before or after kustomize's prefixes and suffixes.
    pub config_map: Option<ObjectName>,
    /// Name of the Secret, before or after kustomize's prefixes and suffixes.
    pub secret: Option<ObjectName>,
    /// Put before each key to make the variable's name. Default: nothing.
    pub prefix: Option<EnvName>,
    /// Whether the container starts without the ConfigMap or Secret. Default `false`.
    pub optional: Option<bool>,
}

/// A ConfigMap or Secret that the stream does not tell all about: exactly one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct External {
    /// Name of the ConfigMap, as the spec or the manifest refers to it.
    pub config_map: Option<ObjectName>,
    /// Name of the Secret, as the spec or the manifest refers to it.
    pub secret: Option<ObjectName>,
    /// All keys that it has. Default: not known, so that nothing about them is proven.
    pub keys: Option<Vec<DataKey>>,
}

/// The one of the two that is given.
fn store<'a>(config_map: Option<&'a ObjectName>, secret: Option<&'a ObjectName>) -> Option<(Store, &'a str)> {
    match (config_map, secret) {
        (Some(name), None) => Some((Store::ConfigMap, name.as_str())),
        (None, Some(name)) => Some((Store::Secret, name.as_str())),
        _ => None,
    }
}

impl EnvFrom {
    /// What it names; nothing when it does not name exactly one.
    pub(super) fn store(&self) -> Option<(Store, &str)> {
        store(self.config_map.as_ref(), self.secret.as_ref())
    }
}

impl External {
    /// What it names; nothing when it does not name exactly one.
    pub(super) fn store(&self) -> Option<(Store, &str)> {
        store(self.config_map.as_ref(), self.secret.as_ref())
    }
}

impl Reference {
    /// What a container should have under `name`; the error says what contradicts what.
    fn wiring(&self, name: &str, may_miss: bool) -> Result<Wiring, String> {
        let given = [self.config_map.is_some(), self.secret.is_some(), self.field.is_some(), self.resource.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            return Err("give exactly one of `configMap`, `secret`, `field` and `resource`".to_owned());
        }
        let stray = |stray: bool, what: &str| if stray { Err(what.to_owned()) } else { Ok(()) };
        if let Some((store, object)) = store(self.config_map.as_ref(), self.secret.as_ref()) {
            stray(self.container.is_some() || self.divisor.is_some(), "`container` and `divisor` go with `resource`")?;
            let key = self.key.as_ref().map_or(name, DataKey::as_str);
            DataKey::check(key).map_err(|problem| format!("{problem}; name it by `key`"))?;
            let optional = self.optional.or(may_miss.then_some(true));
            return Ok(Wiring::Key { store, name: object.to_owned(), key: key.to_owned(), optional });
        }
        let about_keys = self.key.is_some() || self.optional.is_some();
        stray(about_keys, "`key` and `optional` go with `configMap` and `secret`")?;
        if let Some(field) = &self.field {
            stray(self.container.is_some() || self.divisor.is_some(), "`container` and `divisor` go with `resource`")?;
            return Ok(Wiring::Field(field.as_str().to_owned()));
        }
        let resource = self.resource.as_ref().map(ResourcePath::as_str).unwrap_or_default().to_owned();
        let divisor = self.divisor.as_ref().map(|divisor| divisor.as_str().to_owned());
        let fits = divisor.as_deref().is_none_or(|unit| match resource.as_str() {
            "limits.cpu" | "requests.cpu" => matches!(unit, "1" | "1m"),
            _ => unit != "1m",
        });
        stray(!fits, "`divisor` is `1` or `1m` for cpu, and never `1m` for bytes")?;
        Ok(Wiring::Resource { resource, container: self.container.clone(), divisor })
    }
}

impl Spec {
    /// Whether the spec is about the variable.
    pub(super) fn names(&self, variable: &str) -> bool {
        let mut all = self.env.keys().chain(&self.required).chain(&self.optional);
        all.any(|name| name.as_str() == variable)
    }

    /// The variables to give, each before those that refer to it.
    ///
    /// # Errors
    /// What cannot be right although each field is: the field's path in the config, the problem and the remedy.
    pub(super) fn wirings(&self) -> Result<Vec<(&str, Wiring)>, Vec<Problem>> {
        let mut found = Vec::new();
        let mut problem =
            |pointer: String, what: String, remedy: &str| found.push(Problem::new(&pointer, what, remedy));
        let one = "give exactly one of `configMap` and `secret`";
        for (at, entry) in self.env_from.iter().enumerate() {
            if entry.store().is_none() {
                problem(format!("/envFrom/{at}"), one.to_owned(), "correct the entry");
            }
            let means = |entry: &EnvFrom| (entry.config_map.clone(), entry.secret.clone(), entry.prefix.clone());
            if self.env_from.iter().take(at).any(|other| means(other) == means(entry)) {
                problem(format!("/envFrom/{at}"), "the same is listed twice".to_owned(), "remove one of the two");
            }
        }
        for (at, entry) in self.external.iter().enumerate() {
            if entry.store().is_none() {
                problem(format!("/external/{at}"), one.to_owned(), "correct the entry");
            }
        }
        let optional: Vec<&str> = self.optional.iter().map(EnvName::as_str).collect();
        for (at, name) in self.required.iter().enumerate() {
            if optional.contains(&name.as_str()) {
                let what = format!("`{}` is also under `optional`", name.as_str());
                problem(format!("/required/{at}"), what, "remove it from one of the two");
            }
        }
        let mut wirings = Vec::new();
        for (name, variable) in &self.env {
            let name = name.as_str();
            let wiring = match variable {
                Variable::Literal(text) => Ok(Wiring::Literal(text.clone())),
                Variable::Reference(reference) => reference.wiring(name, optional.contains(&name)),
            };
            match wiring {
                Ok(wiring) => wirings.push((name, wiring)),
                Err(what) => problem(format!("/env/{}", escape_token(name)), what, "correct the entry"),
            }
        }
        match expand::in_order(wirings) {
            Ok(wirings) if found.is_empty() => Ok(wirings),
            Ok(_) => Err(found),
            Err(circle) => {
                let what = format!("`{}` refer to each other in a circle", circle.join("`, `"));
                let first = circle.first().copied().unwrap_or_default();
                let pointer = format!("/env/{}", escape_token(first));
                found.push(Problem::new(&pointer, what, "write one of them without `$(…)`"));
                Err(found)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVariable)
    }
}

struct AnyVariable;

impl<'de> Visitor<'de> for AnyVariable {
    type Value = Variable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Variable, E> {
        Ok(Variable::Literal(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Variable, A::Error> {
        Reference::deserialize(MapAccessDeserializer::new(map))
            .map(|reference| Variable::Reference(Box::new(reference)))
    }
}

impl JsonSchema for Variable {
    fn schema_name() -> Cow<'static, str> {
        "Variable".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = json_schema!({"type": "string", "description": "The value itself."});
        json_schema!({"anyOf": [text, generator.subschema_for::<Reference>()]})
    }
}
