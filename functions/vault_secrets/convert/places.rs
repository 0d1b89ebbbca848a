//! From where in Vault each key of a converted Secret comes.

use std::collections::{BTreeMap, BTreeSet};

use super::super::rules;
use super::super::source::KvSource;
use super::super::spec::{Convert, Provider, Secret, Spec};
use super::super::template::{Piece, Step, Template, Value};
use super::contents::{Contents, Plain, default_source, list};
use krmor_core::report::Report;
use krmor_core::stream::Object;

/// Says from where in Vault each key is, and what the config's entry of that name says of it.
pub(super) fn placed(
    spec: &Spec,
    convert: &Convert,
    entry: Option<&Secret>,
    object: &Object<'_>,
    (mut outputs, plain, literals): (BTreeMap<String, Template>, BTreeMap<String, Plain>, Vec<String>),
    report: &mut Report,
) -> Option<Contents> {
    let found: BTreeSet<KvSource> =
        outputs.values().flat_map(Template::values).filter_map(|value| value.from.clone()).collect();
    let declared = entry.and_then(|entry| entry.kv.as_ref()).map(KvSource::of);
    let only = found.first().filter(|_| found.len() == 1);
    let source = declared.clone().or_else(|| only.cloned()).unwrap_or_else(|| match found.first() {
        Some(first) if plain.is_empty() => first.clone(),
        _ => default_source(convert, object),
    });
    let mut places: Vec<String> = found.iter().map(KvSource::title).collect();
    if spec.provider == Provider::Vso && found.iter().any(|place| *place != source) {
        let (message, remedy) = if declared.is_some() && places.len() == 1 {
            let entry = entry.map_or("", |entry| entry.name.as_str());
            (
                format!("its placeholders are of {}, and `secrets` has {}", places.join(", "), source.title()),
                format!("correct the entry `{entry}`"),
            )
        } else {
            if !plain.is_empty() || declared.is_some() {
                places.push(source.title());
                places.sort();
                places.dedup();
            }
            (
                format!("its placeholders are of several paths, and one object fetches one: {}", places.join(", ")),
                "split the Secret: one for each path, or take `provider: external-secrets`, which fetches several"
                    .to_owned(),
            )
        };
        report.add(&rules::SEVERAL_PATHS, object.at(""), message, remedy);
        return None;
    }
    let (mut keys, mut templates, mut written) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    if let Some(entry) = entry {
        match said(entry, &source, outputs, plain) {
            Ok(keys) => written = keys,
            Err((message, remedy)) => {
                report.add(&rules::KEYS, object.at(""), message, remedy);
                return None;
            }
        }
        keys.extend(entry.keys.iter().flat_map(|keys| keys.0.clone()));
        return Some(Contents { source, keys, templates, written, literals: Vec::new(), optional: false });
    }
    for (name, value) in plain {
        let is_bytes = matches!(value, Plain::Bytes);
        outputs.insert(name.clone(), if is_bytes { bytes(&name) } else { Template::of_key(&name) });
        written.insert(name, is_bytes);
    }
    for (name, mut template) in outputs {
        for piece in &mut template.0 {
            if let Piece::Value(value) = piece {
                value.from.take_if(|from| *from == source);
            }
        }
        match template.only() {
            Some(Value { key, from: None, steps }) if steps.is_empty() => keys.push((name, key.clone())),
            _ => drop(templates.insert(name, template)),
        }
    }
    keys.sort();
    Some(Contents { source, keys, templates, written, literals, optional: false })
}

/// The keys to write to Vault for an entry of the config. It must say everything that stands here: a later run, which does
/// not see the Secret any more, has nothing else to go by.
fn said(
    entry: &Secret,
    source: &KvSource,
    outputs: BTreeMap<String, Template>,
    plain: BTreeMap<String, Plain>,
) -> Result<BTreeMap<String, bool>, (String, &'static str)> {
    let in_vault = |name: &str| match &entry.keys {
        None => Some(name.to_owned()),
        Some(keys) => keys.0.iter().find(|(own, _)| own == name).map(|(_, key)| key.clone()),
    };
    let is_template = |name: &String| entry.templates.contains_key(name);
    let (mut written, mut lacking) = (BTreeMap::new(), Vec::new());
    for (name, template) in outputs.into_iter().filter(|(name, _)| !is_template(name)) {
        let here = |value: &Value| value.from.as_ref().is_none_or(|from| from == source) && value.steps.is_empty();
        match (in_vault(&name), template.only().filter(|value| here(value))) {
            (Some(key), Some(value)) if value.key == key => {}
            (Some(_), Some(_)) if entry.keys.is_some() => {
                let message =
                    format!("`keys` of its entry under `secrets` says something else of `{name}` than its placeholder");
                return Err((message, "correct one of the two"));
            }
            _ => lacking.push(name),
        }
    }
    for (name, value) in plain.into_iter().filter(|(name, _)| !is_template(name)) {
        match (in_vault(&name), value) {
            (Some(key), Plain::Text(_)) => drop(written.insert(key, false)),
            _ => lacking.push(name),
        }
    }
    lacking.sort();
    match (lacking.as_slice(), &entry.keys) {
        ([], _) => Ok(written),
        (names, Some(_)) => Err((
            format!("`keys` of its entry under `secrets` lacks {}", list(names)),
            "add them there, to `keys` or `templates`, remove them here, or remove the entry",
        )),
        (names, None) => Err((
            format!(
                "its entry under `secrets` takes all keys as they are, and something else stands here: {}",
                list(names)
            ),
            "say them in `keys` or `templates` of the entry, or remove the entry and set `path` under `convert`",
        )),
    }
}

/// What stands for bytes, which are in base64 in Vault.
fn bytes(key: &str) -> Template {
    Template(vec![Piece::Value(Value { key: key.to_owned(), from: None, steps: vec![Step::Decode] })])
}
