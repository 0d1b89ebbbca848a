//! What is to stand under each key of a converted Secret.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::super::placeholders::{Reader, Refused};
use super::super::source::KvSource;
use super::super::spec::{Convert, EngineVersion, Provider, Secret, Spec};
use super::super::template::{Piece, Step, Template};
use super::super::values::VaultPath;
use super::super::{rules, serves, want};
use super::places::placed;
use krmor_core::kube::DataKey;
use krmor_core::mask::addresses;
use krmor_core::report::Report;
use krmor_core::secret_names::{Promise, promise};
use krmor_core::stream::Object;
use krmor_yaml::{Kind, Node, base64, escape_token};

/// Where the values of a Secret are, and what they become.
pub(super) struct Contents {
    pub(super) source: KvSource,
    /// Names in Kubernetes and keys in Vault.
    pub(super) keys: Vec<(String, String)>,
    pub(super) templates: BTreeMap<String, Template>,
    /// Keys to write to Vault, and whether in base64.
    pub(super) written: BTreeMap<String, bool>,
    /// Keys whose text stays in the manifest.
    pub(super) literals: Vec<String>,
    /// Whether keys that are not in Vault are left out.
    pub(super) optional: bool,
}

/// A value that is no placeholder.
pub(super) enum Plain {
    Text(String),
    /// It is no text: in Vault it must be in base64.
    Bytes,
}

/// The keys and values of a Secret; `stringData` goes before `data`, as in the API.
pub(super) fn entries<'a>(object: &Object<'a>) -> impl Iterator<Item = (String, Node<'a>, bool)> {
    let of = |field: &str, encoded: bool| {
        let map = object.root().get(field);
        map.into_iter().flat_map(Node::entries).map(move |(key, value)| (key.into_owned(), value, encoded))
    };
    let (text, data) = (of("stringData", false).collect::<Vec<_>>(), of("data", true).collect::<Vec<_>>());
    let own: BTreeSet<String> = text.iter().map(|(key, ..)| key.clone()).collect();
    text.into_iter().chain(data.into_iter().filter(move |(key, ..)| !own.contains(key)))
}

pub(super) fn text(value: Node<'_>) -> Cow<'_, str> {
    value.as_str().filter(|_| value.kind() == Kind::Scalar).unwrap_or_default()
}

/// Whether any value has a placeholder in it.
pub(super) fn has_placeholders(reader: &Reader, object: &Object<'_>) -> bool {
    entries(object).any(|(_, value, _)| {
        let text = text(value);
        reader.finds(&text) || decoded(&text).is_some_and(|text| reader.finds(&text))
    })
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(base64::decode(text)?).ok()
}

/// The value under a key, as the plugin and then the API make it of the text; `None` when it has no placeholder.
fn read(reader: &Reader, text: &str, encoded: bool) -> Result<Option<Template>, Refused> {
    const ENCODED: Refused = Refused {
        problem: "it is base64 of a text with placeholders, and `stringData` keeps base64 as it is",
        remedy: "move it to `data`, or write the text itself here",
    };
    const AROUND: Refused = Refused {
        problem: "text stands around placeholders in `data`, where all together must be base64",
        remedy: "move the key to `stringData` and write plain values to Vault, or encode the whole text",
    };
    if let Some(inner) = decoded(text).filter(|inner| reader.finds(inner)) {
        return if encoded { Ok(reader.read(&inner)?.map(Template)) } else { Err(ENCODED) };
    }
    let Some(mut pieces) = reader.read(text)? else { return Ok(None) };
    if encoded {
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.trim_matches(['\r', '\n']).is_empty()));
        let [Piece::Value(value)] = pieces.as_mut_slice() else { return Err(AROUND) };
        match value.steps.last() {
            Some(Step::Encode) => drop(value.steps.pop()),
            _ => value.steps.push(Step::Decode),
        }
    }
    Ok(Some(Template(pieces)))
}

/// Where what has no place in Vault yet is to be.
pub(super) fn default_source(convert: &Convert, object: &Object<'_>) -> KvSource {
    // Prefixes and suffixes of an overlay are part of the name; hashes are not yet.
    let namespace = object.namespace();
    let namespace = if namespace.is_empty() { "default" } else { &namespace };
    let pattern = convert.path.as_ref().map_or("{name}", VaultPath::as_str);
    KvSource {
        mount: want::mount_or_default(convert.mount.as_ref()),
        path: pattern.replace("{name}", &object.name()).replace("{namespace}", namespace),
        v2: convert.engine.unwrap_or_default() == EngineVersion::V2,
        version: None,
    }
}

fn pointer(encoded: bool, key: &str) -> String {
    format!("/{}/{}", if encoded { "data" } else { "stringData" }, escape_token(key))
}

pub(super) fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// What a Secret's values become; what cannot be kept is reported, and then it is none.
pub(super) fn of_secret(
    spec: &Spec,
    convert: &Convert,
    entry: Option<&Secret>,
    object: &Object<'_>,
    report: &mut Report,
) -> Option<Contents> {
    let reader = Reader::of(object, convert.engine == Some(EngineVersion::V1));
    let (mut outputs, mut plain, mut fits) = (BTreeMap::new(), BTreeMap::new(), true);
    for (name, value, encoded) in entries(object) {
        if DataKey::check(&name).is_err() {
            let message = "a key is none that Kubernetes takes";
            let remedy = "call it by letters, digits, `-`, `_` and `.` here, and where programs read it";
            report.add(&rules::BAD_KEY, object.at(&pointer(encoded, &name)), message, remedy);
            fits = false;
            continue;
        }
        let text = text(value);
        let (problem, remedy) = match read(&reader, &text, encoded) {
            Ok(None) => {
                let bytes = encoded.then(|| base64::decode(&text)).flatten();
                let value = match bytes.map(String::from_utf8) {
                    Some(Err(_)) => Plain::Bytes,
                    Some(Ok(text)) => Plain::Text(text),
                    None => Plain::Text(text.into_owned()),
                };
                plain.insert(name, value);
                continue;
            }
            Ok(Some(template)) => match cannot(spec.provider, &reader, &name, &template) {
                None => {
                    outputs.insert(name, template);
                    continue;
                }
                Some(refusal) => refusal,
            },
            Err(Refused { problem, remedy }) => (problem, remedy),
        };
        let message = format!("the key `{name}`: {problem}");
        report.add(&rules::PLACEHOLDER, object.at(&pointer(encoded, &name)), message, remedy);
        fits = false;
    }
    fits &= no_placeholders_beside(&reader, object, report);
    let literals = if outputs.is_empty() || entry.is_some() { BTreeMap::new() } else { literals(&mut plain) };
    if !plain.is_empty() && !convert.secrets {
        if !outputs.is_empty() {
            let message = format!("it has placeholders, and values too: {}", list(plain.keys()));
            let remedy = "write the values to Vault, and placeholders here, as `krmor migrate secrets` does; or let `convert` \
                          convert them too (`secrets: true`), and write them to Vault by the list that it prints";
            report.add(&rules::PLAINTEXT, object.at(""), message, remedy);
        }
        return None;
    }
    if let Some((name, (problem, remedy))) =
        literals.iter().find_map(|(name, template)| Some((name, serves::refusal(spec.provider, template)?)))
    {
        report.add(&rules::PLACEHOLDER, object.at(""), format!("the key `{name}`: {problem}"), remedy);
        fits = false;
    }
    let names = literals.keys().cloned().collect();
    outputs.extend(literals);
    let contents = placed(spec, convert, entry, object, (outputs, plain, names), report)?;
    fits.then_some(Contents { optional: reader.removes_missing, ..contents })
}

/// Why the provider cannot make a key of this.
fn cannot(
    provider: Provider,
    reader: &Reader,
    name: &str,
    template: &Template,
) -> Option<(&'static str, &'static str)> {
    if let Some(refusal) = serves::refusal(provider, template) {
        return Some(refusal);
    }
    let is_plain = template.only().is_some_and(|value| value.key == name && value.steps.is_empty());
    let left_out = provider == Provider::Vso && is_plain;
    (reader.removes_missing && !left_out).then_some((
        "`avp.kubernetes.io/remove-missing` leaves keys out that are not in Vault, which only `vso` does, where key and name are the same",
        "remove the annotation if the key is in Vault, or the key if it is not",
    ))
}

/// Whether no placeholder stands where the object that makes the Secret cannot have one.
fn no_placeholders_beside(reader: &Reader, object: &Object<'_>, report: &mut Report) -> bool {
    let mut fits = true;
    let mut check = |pointer: String, text: &str| {
        if reader.finds(text) {
            let message = "a placeholder of argocd-vault-plugin stands outside of the Secret's data";
            report.add(&rules::PLACEHOLDER, object.at(&pointer), message, "write the text itself");
            fits = false;
        }
    };
    for field in ["name", "namespace"] {
        let text = object.root().find(&["metadata", field]).and_then(Node::as_str).unwrap_or_default();
        check(format!("/metadata/{field}"), &text);
    }
    for field in ["labels", "annotations"] {
        let map = object.root().find(&["metadata", field]);
        for (key, value) in map.into_iter().flat_map(Node::entries) {
            let text = value.as_str().unwrap_or_default();
            check(format!("/metadata/{field}/{}", escape_token(&key)), &text);
        }
    }
    let text = object.root().get("type").and_then(Node::as_str).unwrap_or_default();
    check("/type".to_owned(), &text);
    fits
}

/// Takes the texts out that may stay in the manifest: who writes placeholders has taken his secrets out, but for what the
/// name calls a secret, and what has a password in it.
fn literals(plain: &mut BTreeMap<String, Plain>) -> BTreeMap<String, Template> {
    let may_stay = |name: &str, text: &str| {
        let is_said = matches!(promise(name), Some(Promise::Secret(_) | Promise::SecretOrName(_)));
        let is_key = text.contains("-----BEGIN") && text.contains("PRIVATE KEY");
        // As long and as mixed as what nobody makes up.
        let is_perhaps = promise(name).is_some() && text.len() > 12;
        !is_said && !is_perhaps && !is_key && addresses(text) == text
    };
    let mut out = BTreeMap::new();
    plain.retain(|name, value| match value {
        Plain::Text(text) if may_stay(name, text) => {
            out.insert(name.clone(), Template(vec![Piece::Text(std::mem::take(text))]));
            false
        }
        _ => true,
    });
    out
}
