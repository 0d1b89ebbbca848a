//! What a rendered stream has: values, placeholders, Secrets of several places.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::objects::{Objects, Values, places, text, title};
use super::sources::{NEVER, is_placeholder};
use crate::cli::Result;
use crate::facts::makers::without_hash;
use crate::yaml::base64;

/// A Secret whose placeholders are of several places in Vault.
pub(super) struct Scattered {
    /// As it is called without kustomize's hash.
    pub(super) name: String,
    /// Each key: its placeholder, and its value.
    pub(super) keys: Vec<(String, String, Vec<u8>)>,
}

/// The Secrets whose keys are of several places in Vault, which the Vault Secrets Operator cannot fetch at once.
pub(super) fn scattered(before: &str, after: &str) -> Result<Vec<Scattered>> {
    let (before, after) = (Objects::read(before, "the stream")?, Objects::read(after, "the stream")?);
    let none = Values(BTreeMap::new());
    let mut out = Vec::new();
    for (id, secret) in before.secrets() {
        let Some((_, now)) = after.counterpart(id).filter(|(_, now)| places(now).len() > 1) else { continue };
        let (old, new) = (none.bytes(secret), none.bytes(now));
        let keys = new.into_iter().filter_map(|(key, placeholder)| {
            let value = old.get(&key)?.clone()?;
            Some((key, String::from_utf8(placeholder?).ok()?, value))
        });
        out.push(Scattered { name: without_hash(&id.3).unwrap_or(&id.3).to_owned(), keys: keys.collect() });
    }
    Ok(out)
}

/// Secrets of a stream with values: kind and name with the keys.
pub(super) fn plaintext(stream: &str) -> Result<Vec<(String, String, Vec<String>)>> {
    let mut out = Vec::new();
    for (id, secret) in Objects::read(stream, "the stream")?.secrets().filter(|(id, _)| id.1 == "Secret") {
        if NEVER.contains(&text(secret, "/type")) {
            continue;
        }
        let annotated = secret.pointer("/metadata/annotations/avp.kubernetes.io~1path").is_some();
        let mut keys = Vec::new();
        for field in ["data", "stringData"] {
            for (key, value) in secret.get(field).and_then(Value::as_object).into_iter().flatten() {
                let text = value.as_str().unwrap_or_default();
                let decoded = base64::decode_text(text).filter(|_| field == "data");
                let any = [Some(text), decoded.as_deref()];
                if !any.into_iter().flatten().any(|text| is_placeholder(text, annotated)) {
                    keys.push(key.clone());
                }
            }
        }
        if !keys.is_empty() {
            out.push((title(id), id.3.clone(), keys));
        }
    }
    Ok(out)
}

/// What a stream has placeholders in.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    /// The names of Secrets with placeholders, without kustomize's hash.
    pub(super) names: Vec<String>,
    /// Those in Secrets, as they are written.
    pub(super) texts: BTreeSet<String>,
    /// Whether there are any, in whatever object.
    pub(super) any: bool,
}

/// Looks for placeholders in a stream.
pub(super) fn placeholders(stream: &str) -> Result<Placeholders> {
    let objects = Objects::read(stream, "the stream")?;
    let mut out = Placeholders::default();
    for (id, secret) in objects.secrets().filter(|(id, _)| id.1 == "Secret") {
        let values = ["data", "stringData"].into_iter().filter_map(|field| secret.get(field)?.as_object());
        for text in values.flat_map(Map::values).filter_map(Value::as_str) {
            let decoded = base64::decode_text(text).unwrap_or_default();
            for part in text.split("<path:").skip(1).chain(decoded.split("<path:").skip(1)) {
                out.texts.extend(part.split_once('>').map(|(inner, _)| format!("<path:{inner}>")));
            }
        }
        if !places(secret).is_empty() {
            out.names.push(without_hash(&id.3).unwrap_or(&id.3).to_owned());
        }
    }
    out.any = !out.names.is_empty() || stream.contains("<path:") || stream.contains("avp.kubernetes.io/path");
    Ok(out)
}
