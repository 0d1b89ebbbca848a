//! Rendered objects, and what Secrets and their placeholders say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::sealed::{filled, is_dropped};
use super::sources::Moved;
use crate::cli::{Failure, Result};
use crate::facts::makers::without_hash;
use crate::stream::Stream;
use crate::yaml::base64;

/// Group and kind, namespace, name.
pub(super) type Id = (String, String, String, String);

/// The objects of a stream.
pub(super) struct Objects(pub(super) BTreeMap<Id, Value>);

pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn id(object: &Value) -> Id {
    let version = text(object, "/apiVersion");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let namespace = Some(text(object, "/metadata/namespace")).filter(|namespace| *namespace != "default");
    let name = text(object, "/metadata/name");
    (group.to_owned(), text(object, "/kind").to_owned(), namespace.unwrap_or_default().to_owned(), name.to_owned())
}

pub(super) fn title(id: &Id) -> String {
    match id.2.as_str() {
        "" => format!("{} {}", id.1, id.3),
        namespace => format!("{} {namespace}/{}", id.1, id.3),
    }
}

pub(super) fn is_secret(id: &Id) -> bool {
    id.0.is_empty() && id.1 == "Secret" || id.0 == "bitnami.com" && id.1 == "SealedSecret"
}

impl Objects {
    pub(super) fn read(stream: &str, what: &str) -> Result<Self> {
        let broken = || Failure::internal(format!("{what}: what was rendered cannot be read again"));
        let stream = Stream::parse(&Arc::new(stream.to_owned())).map_err(|_| broken())?;
        let mut out = BTreeMap::new();
        for object in stream.objects().filter(|object| !object.is_embedded()) {
            let mut value = object.root().to_value().ok_or_else(broken)?;
            if let Some(map) = value.as_object_mut() {
                // What a typed list implies.
                map.entry("kind").or_insert_with(|| object.kind().into_owned().into());
                map.entry("apiVersion").or_insert_with(|| object.api_version().into_owned().into());
            }
            if out.insert(id(&value), value).is_some() {
                let message = format!("{what}: {} is there twice", object.reference());
                return Err(Failure::usage(format!("{message}; migrate each directory that is applied by itself")));
            }
        }
        Ok(Self(out))
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = (&Id, &Value)> {
        self.0.iter().filter(|(id, _)| is_secret(id))
    }

    /// The Secret that has taken the place of one: of the same name, but for kustomize's hash.
    pub(super) fn counterpart(&self, of: &Id) -> Option<(&Id, &Value)> {
        let exact = (String::new(), "Secret".to_owned(), of.2.clone(), of.3.clone());
        if let Some(found) = self.0.get_key_value(&exact) {
            return Some(found);
        }
        let plain = |name: &str| without_hash(name).unwrap_or(name).to_owned();
        let wanted = plain(&of.3);
        let mut alike =
            self.secrets().map(|(id, _)| id).filter(|id| id.0.is_empty() && id.2 == of.2 && plain(&id.3) == wanted);
        let found = alike.next().filter(|_| alike.next().is_none())?;
        self.0.get_key_value(found)
    }
}

/// What placeholders stand for, by their text.
pub(super) struct Values(pub(super) BTreeMap<String, Vec<u8>>);

impl Values {
    pub(super) fn of(moved: &[Moved]) -> Self {
        Self(moved.iter().map(|moved| (moved.kv.placeholder(&moved.key), moved.value.clone())).collect())
    }

    /// A text with its placeholders filled; `encode` says how a value is written there.
    pub(super) fn fill(&self, text: &str, encode: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("<path:") {
            let (before, after) = rest.split_at(start);
            out.extend(before.as_bytes());
            let end = after.find('>').map_or(after.len(), |at| at + 1);
            let (placeholder, behind) = after.split_at(end);
            match self.0.get(placeholder) {
                Some(value) => out.extend(encode(value)),
                None => out.extend(placeholder.as_bytes()),
            }
            rest = behind;
        }
        out.extend(rest.as_bytes());
        out
    }

    /// The bytes that a Secret's keys have, as the API server decodes them.
    pub(super) fn bytes(&self, secret: &Value) -> BTreeMap<String, Option<Vec<u8>>> {
        let entries = |field: &str| secret.get(field).and_then(Value::as_object).into_iter().flatten();
        let annotated = secret.pointer("/metadata/annotations/avp.kubernetes.io~1path").is_some();
        let data = entries("data").map(|(key, value)| {
            let bytes = value.as_str().and_then(|text| {
                if text.contains("<path:") {
                    let filled = self.fill(text, |value| base64::encode(value).into_bytes());
                    return base64::decode(std::str::from_utf8(&filled).ok()?).or(Some(filled));
                }
                let decoded = match base64::decode(text) {
                    // The plugin puts base64 in the place of a key alone.
                    None if annotated && text.contains('<') => return Some(text.as_bytes().to_vec()),
                    decoded => decoded?,
                };
                let filled = std::str::from_utf8(&decoded).ok().map(|text| self.fill(text, <[u8]>::to_vec));
                Some(filled.unwrap_or(decoded))
            });
            (key.clone(), bytes)
        });
        let plain = entries("stringData")
            .map(|(key, value)| (key.clone(), value.as_str().map(|text| self.fill(text, <[u8]>::to_vec))));
        data.chain(plain).collect()
    }
}

/// The keys of a Secret, or of the Secret that a SealedSecret becomes.
pub(super) fn keys(secret: &Value) -> BTreeSet<String> {
    let of = |pointer: &str| secret.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let mut keys: BTreeSet<String> =
        ["/data", "/stringData", "/spec/encryptedData"].into_iter().flat_map(of).map(|(key, _)| key.clone()).collect();
    for (key, value) in of("/spec/template/data") {
        if value.is_null() {
            keys.remove(key)
        } else {
            keys.insert(key.clone())
        };
    }
    keys
}

/// Where in Vault the placeholders of a Secret lead, as paths of Vault's API.
pub(super) fn places(secret: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut by_annotation = false;
    let mut add = |text: &str| {
        by_annotation |= text.split('<').skip(1).any(|rest| rest.contains('>') && !rest.starts_with("path:"));
        let inner = text.split("<path:").skip(1).filter_map(|rest| rest.split(['#', '>']).next());
        out.extend(inner.map(|path| path.trim_matches([' ', '/']).to_owned()));
    };
    for field in ["data", "stringData"] {
        for text in
            secret.get(field).and_then(Value::as_object).into_iter().flat_map(Map::values).filter_map(Value::as_str)
        {
            add(text);
            if let Some(text) = base64::decode_text(text).filter(|_| field == "data") {
                add(&text);
            }
        }
    }
    let annotation = secret.pointer("/metadata/annotations/avp.kubernetes.io~1path").and_then(Value::as_str);
    if let Some(path) = annotation.filter(|_| by_annotation) {
        out.insert(path.trim_matches('/').to_owned());
    }
    out
}

/// Where in Vault an operator's object looks.
pub(super) fn looks(maker: &Value) -> BTreeSet<String> {
    let spec = |pointer: &str| text(maker, &format!("/spec{pointer}"));
    if text(maker, "/kind") == "ExternalSecret" {
        let list = |pointer: &str| maker.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        let data = list("/spec/data").map(|item| text(item, "/remoteRef/key"));
        let all = list("/spec/dataFrom").map(|item| text(item, "/extract/key"));
        return data.chain(all).map(str::to_owned).collect();
    }
    let data = if spec("/type") == "kv-v2" { "data/" } else { "" };
    BTreeSet::from([format!("{}/{data}{}", spec("/mount"), spec("/path"))])
}

/// The Secret that a SealedSecret becomes, with what is sealed in place of the values; `None` where it cannot be told.
pub(super) fn unsealed(sealed: &Value) -> Option<Value> {
    let entries = |pointer: &str| sealed.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let mut data: Map<String, Value> =
        entries("/spec/encryptedData").map(|(key, value)| (key.clone(), value.clone())).collect();
    let known = data.clone();
    for (key, value) in entries("/spec/template/data") {
        if value.is_null() {
            data.remove(key);
            continue;
        }
        let sealed = |key: &str| known.get(key).and_then(Value::as_str).map(str::to_owned);
        data.insert(key.clone(), filled(value.as_str()?, &sealed)?.into());
    }
    let mut metadata = sealed.get("metadata")?.as_object()?.clone();
    for field in ["labels", "annotations"] {
        let own = entries(&format!("/metadata/{field}"));
        let all = own.chain(entries(&format!("/spec/template/metadata/{field}")));
        let all: Map<String, Value> =
            all.filter(|(key, _)| !is_dropped(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
        metadata.remove(field);
        if !all.is_empty() {
            metadata.insert(field.to_owned(), Value::Object(all));
        }
    }
    let mut secret = Map::new();
    secret.insert("apiVersion".into(), "v1".into());
    secret.insert("kind".into(), "Secret".into());
    secret.insert("metadata".into(), Value::Object(metadata));
    for field in ["type", "immutable"] {
        let value = sealed.pointer(&format!("/spec/template/{field}"));
        secret.extend(
            value
                .filter(|value| **value != Value::Bool(false) && **value != "")
                .map(|value| (field.to_owned(), value.clone())),
        );
    }
    secret.insert("stringData".into(), Value::Object(data));
    Some(Value::Object(secret))
}
