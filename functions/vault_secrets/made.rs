//! Makes objects, or completes those that are there already.

use crate::vault_secrets::rules;
use krmor_core::report::Rule;
use serde_json::Value;

use super::want::Want;
use krmor_core::facts;
use krmor_core::fields;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, Stream};
use krmor_core::values::json_text;
use krmor_yaml::{Kind, Node, escape_token};

/// The metadata of an object that serves a want.
pub(super) fn metadata(want: &Want, name: &str) -> Value {
    fields!({
        "name": name,
        "namespace": Some(want.namespace.as_str()).filter(|namespace| !namespace.is_empty()),
        "labels": Some(&want.labels).filter(|labels| !labels.is_empty()).cloned(),
    })
}

/// Fields whose default is ours: what an object that is there says of them is as good.
const FREE: [&str; 3] = ["/spec/refreshAfter", "/spec/refreshInterval", "/spec/destination/create"];

/// Sees that the object is there: the one that makes the same Secret or has the same name is completed, or it is added.
pub(super) fn ensure(
    stream: &mut Stream,
    report: &mut Report,
    want: &Want,
    object: Value,
    rule: &'static Rule,
    overwrite: bool,
) {
    let Some(found) = existing(stream, want, &object) else {
        let why = Why { rule, reason: reason(&object).into(), class: Class::Added };
        stream.emit(report, want.beside, object, why);
        return;
    };
    let Some(there) = stream.object(found) else { return };
    let Some(Value::Object(spec)) = object.get("spec").cloned() else { return };
    let mut leaves = Vec::new();
    flatten("/spec", &Value::Object(spec), &mut leaves);
    let mut edits = Vec::new();
    for (pointer, value) in leaves {
        let old = there.root().at_pointer(&pointer).and_then(Node::to_value).filter(|old| !old.is_null());
        let class = match &old {
            None => Class::Added,
            Some(old) if *old == value || FREE.contains(&pointer.as_str()) => continue,
            Some(old) if pointer == "/spec/rolloutRestartTargets" => {
                let missing = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|one| old.as_array().is_some_and(|old| !old.contains(one)));
                let why = Why { rule, reason: reason(&object).into(), class: Class::Added };
                edits.extend(missing.map(|one| Edit {
                    pointer: pointer.clone(),
                    action: Action::Append(one.clone()),
                    why: why.clone(),
                }));
                continue;
            }
            Some(_) if overwrite => Class::Overridden,
            Some(_) => {
                let message = format!("it says something else than the config, which wants {}", json_text(&value));
                let remedy = "correct one of the two, or set `overwrite: true`";
                report.add(&rules::DIFFERS, there.at(&pointer), message, remedy);
                continue;
            }
        };
        let why = Why { rule, reason: reason(&object).into(), class };
        edits.push(Edit { pointer, action: Action::Set(value), why });
    }
    for edit in edits {
        stream.make(report, found, edit);
    }
}

fn reason(object: &Value) -> &'static str {
    match object.get("kind").and_then(Value::as_str).unwrap_or_default() {
        "VaultConnection" => "says where Vault is",
        "VaultAuth" | "SecretStore" => "says how to log in to Vault",
        "SecretProviderClass" => "says what the CSI driver fetches from Vault",
        _ => "makes the Secret from Vault",
    }
}

/// The object that is there already for the same purpose.
fn existing(stream: &Stream, want: &Want, object: &Value) -> Option<usize> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name, api_version) = (text("/kind"), text("/metadata/name"), text("/apiVersion"));
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let beside = stream.object(want.beside)?;
    let same_secret = |other: &Object<'_>| {
        let target =
            |path: &[&str]| other.root().find(path).and_then(Node::as_str).is_some_and(|target| target == want.name);
        match kind.as_str() {
            "VaultStaticSecret" | "VaultDynamicSecret" | "VaultPKISecret" => target(&["spec", "destination", "name"]),
            "ExternalSecret" => target(&["spec", "target", "name"]),
            _ => false,
        }
    };
    let near = |other: &Object<'_>| facts::share_namespace(other, &beside);
    // What was made in this run is called as its Secret: those need not be looked through, and they stand last.
    let read = || stream.of_kind(group, &kind).take_while(|other| !stream.is_new(other.id()));
    let by_name = stream.named(group, &kind, &name).find(|other| other.name() == name && near(other));
    by_name.or_else(|| read().find(|other| same_secret(other) && near(other))).map(|found| found.id())
}

/// The pointers and values of a mapping's leaves; lists are leaves.
fn flatten(pointer: &str, value: &Value, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(&format!("{pointer}/{}", escape_token(key)), value, out);
            }
        }
        value => out.push((pointer.to_owned(), value.clone())),
    }
}

/// Whether a node is a mapping with this text under the key.
pub(super) fn says(node: Node<'_>, path: &[&str], text: &str) -> bool {
    node.kind() == Kind::Map && node.find(path).and_then(Node::as_str).is_some_and(|there| there == text)
}
