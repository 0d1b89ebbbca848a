//! Makes objects, or completes those that are there already.

use crate::vault_secrets::rules;
use krmor_core::report::Rule;
use serde_json::Value;

use super::want::Want;
use krmor_core::facts;
use krmor_core::fields;
use krmor_core::reconcile::{self, Field, Ownership, Refusal, Wanted};
use krmor_core::report::Report;
use krmor_core::stream::{Object, Stream};
use krmor_core::values::json_text;
use krmor_yaml::{Kind, Node};

/// The metadata of an object that serves a want.
pub(super) fn metadata(want: &Want, name: &str) -> Value {
    fields!({
        "name": name,
        "namespace": Some(want.namespace.as_str()).filter(|namespace| !namespace.is_empty()),
        "labels": Some(&want.labels).filter(|labels| !labels.is_empty()).cloned(),
        "annotations": Some(&want.annotations).filter(|all| !all.is_empty()).cloned(),
    })
}

/// Whose the fields of an object are that is there already.
pub(super) struct Owners {
    /// Whether the config's values take the place of the user's.
    pub(super) overwrite: bool,
}

impl Ownership for Owners {
    fn field(&self, pattern: &str, _: Node<'_>, wanted: &Value) -> Field {
        match (pattern, wanted) {
            // What an object that is there says of these is as good as our default; its metadata is its own.
            ("/metadata" | "/spec/refreshAfter" | "/spec/refreshInterval" | "/spec/destination/create", _) => {
                Field::Keep
            }
            ("/spec/rolloutRestartTargets", _) => Field::Parts,
            (_, Value::Object(fields)) if !fields.is_empty() => Field::Parts,
            _ if self.overwrite => Field::Override,
            _ => Field::Refuse,
        }
    }

    fn refusal(&self, wanted: &Value) -> Option<Refusal> {
        let message = format!("it says something else than the config, which wants {}", json_text(wanted));
        let remedy = "correct one of the two, or set `overwrite: true`";
        Some(Refusal { rule: &rules::DIFFERS, message, remedy })
    }
}

/// Sees that the object is there: the one that makes the same Secret or has the same name is completed, or it is added.
pub(super) fn ensure(
    stream: &mut Stream,
    report: &mut Report,
    want: &Want,
    object: Value,
    rule: &'static Rule,
    overwrite: bool,
) {
    let reason = match object.get("kind").and_then(Value::as_str).unwrap_or_default() {
        "VaultConnection" => "says where Vault is",
        "VaultAuth" | "SecretStore" => "says how to log in to Vault",
        "SecretProviderClass" => "says what the CSI driver fetches from Vault",
        _ => "makes the Secret from Vault",
    };
    let existing = existing(stream, want, &object);
    let wanted = Wanted { existing, beside: want.beside, object, rule, reason: reason.into() };
    reconcile::apply(stream, report, wanted, &Owners { overwrite });
}

/// The object that is there already for the same purpose.
fn existing(stream: &Stream, want: &Want, object: &Value) -> Option<usize> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name, api_version) = (text("/kind"), text("/metadata/name"), text("/apiVersion"));
    let group = krmor_core::kube::group_of(&api_version);
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

/// Whether a node is a mapping with this text under the key.
pub(super) fn says(node: Node<'_>, path: &[&str], text: &str) -> bool {
    node.kind() == Kind::Map && node.find(path).and_then(Node::as_str).is_some_and(|there| there == text)
}
