//! Single values of the spec. Each checks itself while it is read, so that an error names its place.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use krmor_core::checked_text;
use krmor_core::kube::DataKey;

checked_text! {
    /// A path in Vault.
    VaultPath, check_vault_path, {"pattern" = r"^[^/\s]+(/[^/\s]+)*$"}
}

checked_text! {
    /// An absolute path of a directory.
    AbsolutePath, check_absolute_path, {"pattern" = "^/[-A-Za-z0-9_./]*[-A-Za-z0-9_.]$"}
}

checked_text! {
    /// The address of a Vault server.
    Address, check_address, {"pattern" = r"^https?://[^\s]+$"}
}

fn check_vault_path(text: &str) -> Result<(), String> {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && !"\"'`\\#<>$%?*".contains(c);
    match text.split('/').all(part) && text.chars().all(fits) {
        true => Ok(()),
        false => {
            Err(format!("`{text}` is not a path in Vault: write its parts with `/` between, without one at either end"))
        }
    }
}

fn check_absolute_path(text: &str) -> Result<(), String> {
    let good = text.starts_with('/') && text.len() > 1 && !text.ends_with('/') && !text.contains("/../");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    match good && text.chars().all(plain) {
        true => Ok(()),
        false => Err(format!("`{text}` must be an absolute path without `/` at the end")),
    }
}

fn check_address(text: &str) -> Result<(), String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    match host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'`@".contains(c)) {
        false => Ok(()),
        true => {
            Err(format!("`{text}` is not an address: write `https://` or `http://`, a host and, if need be, a port"))
        }
    }
}

/// Whether a key in Vault can be named in every provider's language.
pub(super) fn is_vault_key(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_control() || "\"\\`{}'".contains(c))
}

/// Names in Kubernetes and the keys in Vault that they stand for, in order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(extend("anyOf" = [
    {"type": "array", "items": {"type": "string", "pattern": DataKey::PATTERN, "maxLength": 253}, "minItems": 1},
    {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
]))]
pub struct Keys(pub(super) Vec<(String, String)>);

impl TryFrom<Value> for Keys {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let pairs: Option<Vec<(String, String)>> = match &value {
            Value::Array(names) => names.iter().map(|name| Some((text(name)?, text(name)?))).collect(),
            Value::Object(map) => map.iter().map(|(name, key)| Some((name.clone(), text(key)?))).collect(),
            _ => None,
        };
        let mut pairs = pairs.ok_or("expected a list of names, or a mapping from names to keys in Vault")?;
        if pairs.is_empty() {
            return Err("name at least one key, or leave it out to take all".to_owned());
        }
        pairs.iter().try_for_each(|(name, _)| DataKey::check(name))?;
        if let Some((_, bad)) = pairs.iter().find(|(_, key)| !is_vault_key(key)) {
            return Err(format!("`{bad}` is no key in Vault that krmor can name: take out quotes, braces and `\\`"));
        }
        pairs.sort();
        if let Some((twice, _)) = pairs.windows(2).find_map(|pair| match pair {
            [a, b] if a.0 == b.0 => Some(a),
            _ => None,
        }) {
            return Err(format!("`{twice}` is named twice"));
        }
        Ok(Self(pairs))
    }
}

/// A text as the name of an object, if it can be one.
pub(super) fn slug(text: &str) -> Option<String> {
    let one = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = text.chars().map(one).collect();
    let name: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
    let name: String = name.join("-").chars().take(63).collect();
    let name = name.trim_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}
