//! The proof: what a kustomization renders to before and after differs in nothing but the Secrets.
//!
//! Twice: the sources with placeholders give the old stream when each placeholder is filled with the value that it stands
//! for, byte by byte; and the final stream has every other object as it was, and for each Secret an object that makes one
//! of the same name, type and keys from the place in Vault that the placeholders name. No difference tells a value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::sources::Moved;
use crate::cli::{Failure, Result};
use crate::facts::Facts;
use crate::facts::makers::without_hash;
use crate::stream::Stream;
use crate::yaml::{self, base64};

/// What was compared, and what was found.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// The kustomization, or the directory, as it was named.
    pub(super) root: String,
    pub(super) objects: usize,
    pub(super) same: usize,
    /// Secrets that became references: the Secret, and what makes it now.
    pub(super) secrets: Vec<(String, String)>,
    /// Objects that log in to Vault.
    pub(super) added: Vec<String>,
    /// Objects that name a Secret by its new name, or take a variable from one.
    pub(super) referrers: BTreeSet<String>,
    pub(super) differences: Vec<String>,
}

/// Group and kind, namespace, name.
type Id = (String, String, String, String);

struct Objects(BTreeMap<Id, Value>);

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn id(object: &Value) -> Id {
    let version = text(object, "/apiVersion");
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let namespace = Some(text(object, "/metadata/namespace")).filter(|namespace| *namespace != "default");
    let name = text(object, "/metadata/name");
    (group.to_owned(), text(object, "/kind").to_owned(), namespace.unwrap_or_default().to_owned(), name.to_owned())
}

fn title(id: &Id) -> String {
    match id.2.as_str() {
        "" => format!("{} {}", id.1, id.3),
        namespace => format!("{} {namespace}/{}", id.1, id.3),
    }
}

fn is_secret(id: &Id) -> bool {
    id.0.is_empty() && id.1 == "Secret" || id.0 == "bitnami.com" && id.1 == "SealedSecret"
}

impl Objects {
    fn read(stream: &str, what: &str) -> Result<Self> {
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

    fn secrets(&self) -> impl Iterator<Item = (&Id, &Value)> {
        self.0.iter().filter(|(id, _)| is_secret(id))
    }

    /// The Secret that has taken the place of one: of the same name, but for kustomize's hash.
    fn counterpart(&self, of: &Id) -> Option<(&Id, &Value)> {
        let exact = (String::new(), "Secret".to_owned(), of.2.clone(), of.3.clone());
        if let Some(found) = self.0.get_key_value(&exact) {
            return Some(found);
        }
        let plain = |name: &str| without_hash(name).unwrap_or(name).to_owned();
        let wanted = plain(&of.3);
        let mut alike = self.secrets().map(|(id, _)| id).filter(|id| {
            id.0.is_empty() && id.2 == of.2 && plain(&id.3) == wanted
        });
        let found = alike.next().filter(|_| alike.next().is_none())?;
        self.0.get_key_value(found)
    }
}

/// What placeholders stand for, by their text.
pub(super) struct Values(BTreeMap<String, Vec<u8>>);

impl Values {
    pub(super) fn of(moved: &[Moved]) -> Self {
        let one = |moved: &Moved| Some((moved.kv.placeholder(&moved.key), moved.value.clone()?));
        Self(moved.iter().filter_map(one).collect())
    }

    /// A text with its placeholders filled; `encode` says how a value is written there.
    fn fill(&self, text: &str, encode: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
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
    fn bytes(&self, secret: &Value) -> BTreeMap<String, Option<Vec<u8>>> {
        let entries = |field: &str| secret.get(field).and_then(Value::as_object).into_iter().flatten();
        let data = entries("data").map(|(key, value)| {
            let bytes = value.as_str().and_then(|text| match text.contains("<path:") {
                true => {
                    let filled = self.fill(text, |value| base64::encode(value).into_bytes());
                    base64::decode(std::str::from_utf8(&filled).ok()?).or(Some(filled))
                }
                false => {
                    let decoded = base64::decode(text)?;
                    let filled = std::str::from_utf8(&decoded).ok().map(|text| self.fill(text, <[u8]>::to_vec));
                    Some(filled.unwrap_or(decoded))
                }
            });
            (key.clone(), bytes)
        });
        let plain = entries("stringData")
            .map(|(key, value)| (key.clone(), value.as_str().map(|text| self.fill(text, <[u8]>::to_vec))));
        data.chain(plain).collect()
    }
}

/// The keys of a Secret, or of the Secret that a SealedSecret becomes.
fn keys(secret: &Value) -> BTreeSet<String> {
    let of = |pointer: &str| secret.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let mut keys: BTreeSet<String> =
        ["/data", "/stringData", "/spec/encryptedData"].into_iter().flat_map(of).map(|(key, _)| key.clone()).collect();
    for (key, value) in of("/spec/template/data") {
        if value.is_null() { keys.remove(key) } else { keys.insert(key.clone()) };
    }
    keys
}

/// Names that a Secret had and has.
type Renamed = BTreeMap<String, String>;

/// Compares what sources give without krmor: with placeholders filled they give the same. Adds what differs.
fn sources(before: &Objects, after: &Objects, values: &Values, out: &mut Vec<String>) {
    let mut renamed = Renamed::new();
    let mut met = BTreeSet::new();
    for (id, secret) in before.secrets() {
        let Some((other, now)) = after.counterpart(id) else {
            if after.0.get(id) != Some(secret) {
                out.push(format!("{} is lost", title(id)));
            }
            continue;
        };
        met.insert(other.clone());
        renamed.insert(id.3.clone(), other.3.clone());
        if id.1 == "SealedSecret" {
            if keys(secret) != keys(now) {
                out.push(format!("{}: its keys differ", title(id)));
            }
            continue;
        }
        let (old, new) = (Values(BTreeMap::new()).bytes(secret), values.bytes(now));
        let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let differs = |key: &&&String| old.get(**key) != new.get(**key) || old.get(**key) == Some(&None);
        out.extend(all.iter().filter(differs).map(|key| format!("{}: the value of `{key}` differs", title(id))));
        let rest = |value: &Value| {
            let mut value = value.clone();
            let map: Option<&mut Map<String, Value>> = value.as_object_mut();
            if let Some(map) = map {
                map.remove("data");
                map.remove("stringData");
                map.get_mut("metadata").and_then(Value::as_object_mut).map(|metadata| metadata.remove("name"));
            }
            value
        };
        compare(&rest(secret), &rest(now), "", &Renamed::new(), &mut |pointer, _| {
            out.push(format!("{}: {pointer} differs", title(id)));
        });
    }
    for (id, object) in before.0.iter().filter(|(id, _)| !is_secret(id)) {
        match after.0.get(id) {
            None => out.push(format!("{} is lost", title(id))),
            Some(now) => compare(object, now, "", &renamed, &mut |pointer, is_name| {
                if !is_name {
                    out.push(format!("{}: {pointer} differs", title(id)));
                }
            }),
        }
    }
    let new = after.0.keys().filter(|id| !before.0.contains_key(*id) && !met.contains(*id));
    out.extend(new.map(|id| format!("{} is new", title(id))));
}

/// Calls `differs` with the pointer of each difference, and whether it is the name of a renamed Secret.
fn compare(a: &Value, b: &Value, pointer: &str, renamed: &Renamed, differs: &mut dyn FnMut(&str, bool)) {
    let below = |key: &str| format!("{pointer}/{}", yaml::escape_token(key));
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => compare(value, other, &below(key), renamed, differs),
                    None => differs(&below(key), false),
                }
            }
            b.keys().filter(|key| !a.contains_key(*key)).for_each(|key| differs(&below(key), false));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                compare(a, b, &below(&at.to_string()), renamed, differs);
            }
        }
        (Value::String(a), Value::String(b)) if a != b => {
            differs(pointer, renamed.get(a) == Some(b));
        }
        _ if a != b => differs(pointer, false),
        _ => {}
    }
}

/// Variables whose placeholder became a reference are put back, so that only other differences are left.
fn with_variables(before: &Value, after: &mut Value, count: &mut usize) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let was = before.get("value").and_then(Value::as_str).is_some_and(|text| text.contains('<'));
            let reference = after.get("valueFrom").is_some_and(|from| from.pointer("/secretKeyRef/key").is_some());
            if was && reference && before.get("name") == after.get("name") && !after.contains_key("value") {
                after.remove("valueFrom");
                after.insert("value".to_owned(), before.get("value").cloned().unwrap_or_default());
                *count += 1;
                return;
            }
            for (key, value) in after.iter_mut() {
                if let Some(before) = before.get(key) {
                    with_variables(before, value, count);
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            before.iter().zip(after).for_each(|(before, after)| with_variables(before, after, count));
        }
        _ => {}
    }
}

/// Where in Vault the placeholders of a Secret lead, as paths of Vault's API.
fn places(secret: &Value) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut by_annotation = false;
    let mut add = |text: &str| {
        by_annotation |= text.split('<').skip(1).any(|rest| rest.contains('>') && !rest.starts_with("path:"));
        let inner = text.split("<path:").skip(1).filter_map(|rest| rest.split(['#', '>']).next());
        out.extend(inner.map(|path| path.trim_matches([' ', '/']).to_owned()));
    };
    for field in ["data", "stringData"] {
        for text in secret.get(field).and_then(Value::as_object).into_iter().flat_map(Map::values).filter_map(Value::as_str) {
            add(text);
            if field == "data" {
                base64::decode_text(text).iter().for_each(|text| add(text));
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
fn looks(maker: &Value) -> BTreeSet<String> {
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

/// Compares final streams. `raw` is what sources with placeholders give without krmor.
fn streams(before: &Objects, after: &Objects, raw: &Objects, stream: &Stream, proof: &mut Proof) {
    let mut renamed = Renamed::new();
    let mut makers = BTreeSet::new();
    let facts = Facts::of(stream);
    for (id, secret) in before.secrets() {
        if after.0.contains_key(id) {
            continue; // compared as any other object
        }
        let names = [Some(id.3.as_str()), without_hash(&id.3)];
        let near = |namespace: &str| namespace == id.2 || id.2.is_empty() && namespace == "default";
        let found = names.into_iter().flatten().find_map(|name| {
            let maker = facts.makers().making("Secret", name).find(|maker| {
                maker.object.and_then(|object| stream.object(object)).is_some_and(|object| near(&object.namespace()))
            })?;
            Some((name, maker))
        });
        let Some((name, maker)) = found else {
            proof.differences.push(format!("{} is gone, and nothing makes it", title(id)));
            continue;
        };
        renamed.insert(id.3.clone(), name.to_owned());
        let object = maker.object.and_then(|object| stream.object(object)).and_then(|object| object.root().to_value());
        let object = object.unwrap_or_default();
        makers.insert(self::id(&object));
        let known: BTreeSet<String> = maker.made.keys.iter().map(|(key, _)| key.to_owned()).collect();
        if maker.made.open || known != keys(secret) {
            proof.differences.push(format!("{}: {} makes it with other keys", title(id), maker.title));
        }
        let kind = ["/spec/target/template/type", "/spec/destination/type"].map(|at| text(&object, at)).concat();
        let was = [text(secret, "/type"), text(secret, "/spec/template/type")].concat();
        let or_opaque = |kind: String| if kind.is_empty() { "Opaque".to_owned() } else { kind };
        if or_opaque(kind) != or_opaque(was) {
            proof.differences.push(format!("{}: {} makes it with another type", title(id), maker.title));
        }
        let places = raw.counterpart(id).map(|(_, secret)| places(secret)).unwrap_or_default();
        if places != looks(&object) {
            proof.differences.push(format!("{}: {} looks elsewhere in Vault", title(id), maker.title));
        }
        proof.secrets.push((title(id), maker.title.clone()));
    }
    for (id, object) in &before.0 {
        if is_secret(id) && !after.0.contains_key(id) {
            continue;
        }
        proof.objects += 1;
        let Some(now) = after.0.get(id) else {
            proof.differences.push(format!("{} is lost", title(id)));
            continue;
        };
        if is_secret(id) && object != now {
            let remedy = format!("say --exclude {}", without_hash(&id.3).unwrap_or(&id.3));
            let what = "is still a Secret, with placeholders: VaultSecrets does not convert it";
            proof.differences.push(format!("{} {what}; {remedy}", title(id)));
            continue;
        }
        let (mut now, mut named) = (now.clone(), 0);
        with_variables(object, &mut now, &mut named);
        let mut differs = false;
        compare(object, &now, "", &renamed, &mut |pointer, is_name| {
            if is_name {
                named += 1;
            } else {
                differs = true;
                proof.differences.push(format!("{}: {pointer} differs", title(id)));
            }
        });
        if named > 0 {
            proof.referrers.insert(title(id));
        } else if !differs {
            proof.same += 1;
        }
    }
    for id in after.0.keys().filter(|id| !before.0.contains_key(*id) && !makers.contains(*id)) {
        match id.0.as_str() {
            "external-secrets.io" | "secrets.hashicorp.com" => proof.added.push(title(id)),
            _ => proof.differences.push(format!("{} is new", title(id))),
        }
    }
}

/// The four streams of a kustomization: as it was and as it will be, without krmor and with it.
pub(super) struct Streams<'a> {
    pub(super) raw_before: &'a str,
    pub(super) raw_after: &'a str,
    pub(super) before: &'a str,
    pub(super) after: &'a str,
}

/// Proves one kustomization, or one directory of manifests.
pub(super) fn prove(root: &str, streams: &Streams<'_>, values: &Values) -> Result<Proof> {
    let read = |text: &str| Objects::read(text, root);
    let (raw_before, raw_after) = (read(streams.raw_before)?, read(streams.raw_after)?);
    let mut proof = Proof { root: root.to_owned(), ..Proof::default() };
    sources(&raw_before, &raw_after, values, &mut proof.differences);
    let stream = Stream::parse(&Arc::new(streams.after.to_owned()))
        .map_err(|_| Failure::internal(format!("{root}: what was rendered cannot be read again")))?;
    self::streams(&read(streams.before)?, &read(streams.after)?, &raw_after, &stream, &mut proof);
    Ok(proof)
}

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
        if super::sources::NEVER.contains(&text(secret, "/type")) {
            continue;
        }
        let annotated = secret.pointer("/metadata/annotations/avp.kubernetes.io~1path").is_some();
        let mut keys = Vec::new();
        for field in ["data", "stringData"] {
            for (key, value) in secret.get(field).and_then(Value::as_object).into_iter().flatten() {
                let text = value.as_str().unwrap_or_default();
                let decoded = base64::decode_text(text).filter(|_| field == "data");
                let any = [Some(text), decoded.as_deref()];
                if !any.into_iter().flatten().any(|text| super::sources::is_placeholder(text, annotated)) {
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
    /// The types of Secrets with placeholders.
    pub(super) types: BTreeSet<String>,
    /// Their names, without kustomize's hash.
    pub(super) names: Vec<String>,
    /// Whether there are any, in whatever object.
    pub(super) any: bool,
}

/// Looks for placeholders in a stream.
pub(super) fn placeholders(stream: &str) -> Result<Placeholders> {
    let objects = Objects::read(stream, "the stream")?;
    let mut out = Placeholders::default();
    for (id, secret) in objects.secrets().filter(|(id, _)| id.1 == "Secret") {
        if !places(secret).is_empty() {
            let kind = text(secret, "/type");
            out.types.insert(if kind.is_empty() { "Opaque".to_owned() } else { kind.to_owned() });
            out.names.push(without_hash(&id.3).unwrap_or(&id.3).to_owned());
        }
    }
    out.any = !out.types.is_empty() || stream.contains("<path:") || stream.contains("avp.kubernetes.io/path");
    Ok(out)
}
