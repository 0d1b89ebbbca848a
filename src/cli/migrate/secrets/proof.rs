//! The proof: what a kustomization renders to before and after differs in nothing but the Secrets.
//!
//! Twice: the sources with placeholders give the old stream when each placeholder is filled with the value that it stands
//! for, byte by byte; and the final stream has every other object as it was, and for each Secret an object that makes one
//! of the same name, type and keys from the place in Vault that the placeholders name. No difference tells a value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::objects::{self, Objects, Values, is_secret, keys, looks, places, text, title, unsealed};
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
        let unsealed = (id.1 == "SealedSecret").then(|| unsealed(secret));
        let secret = match &unsealed {
            Some(None) => {
                out.push(format!("{}: its template does more than name keys", title(id)));
                continue;
            }
            Some(Some(unsealed)) => unsealed,
            None => secret,
        };
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
                if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.remove("name");
                    metadata.retain(|_, value| !value.is_null() && value.as_object().is_none_or(|map| !map.is_empty()));
                }
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
        makers.insert(objects::id(&object));
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

/// Reports values that stand beside placeholders still: something that krmor cannot edit puts them there.
fn left(id: &objects::Id, secret: &Value, out: &mut Vec<String>) {
    let entries = |field: &str| secret.get(field).and_then(Value::as_object).into_iter().flatten();
    let annotated = secret.pointer("/metadata/annotations/avp.kubernetes.io~1path").is_some();
    let is_placeholder = |text: &str| text.contains("<path:") || annotated && text.contains('<');
    let decoded = |text: &str| base64::decode(text).and_then(|bytes| String::from_utf8(bytes).ok());
    let (mut moved, mut kept) = (false, Vec::new());
    for (key, value) in entries("data").chain(entries("stringData")) {
        let text = value.as_str().unwrap_or_default();
        match is_placeholder(text) || decoded(text).is_some_and(|text| is_placeholder(&text)) {
            true => moved = true,
            false if text.is_empty() => {}
            false => kept.push(format!("`{key}`")),
        }
    }
    if moved && !kept.is_empty() {
        let remedy = "let the Secret's own file or generator say it, or say --exclude";
        out.push(format!(
            "{}: the value of {} is left in a file that krmor does not edit; {remedy}",
            title(id),
            kept.join(", ")
        ));
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
    if !values.0.is_empty() {
        raw_after.secrets().for_each(|(id, secret)| left(id, secret, &mut proof.differences));
    }
    let stream = Stream::parse(&Arc::new(streams.after.to_owned()))
        .map_err(|_| Failure::internal(format!("{root}: what was rendered cannot be read again")))?;
    self::streams(&read(streams.before)?, &read(streams.after)?, &raw_after, &stream, &mut proof);
    Ok(proof)
}
