//! What is said beside a conversion: what to write to Vault, and what stands in the way of references.

use crate::vault_secrets::rules;
use krmor_core::report::Place;
use std::collections::{BTreeMap, BTreeSet};

use super::made::says;
use super::want::{KvSource, Want};
use krmor_core::facts;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::{Kind, Node};

/// Says which keys are to be written to Vault: their names, never their values.
pub(super) fn checklist(missing: &BTreeMap<KvSource, BTreeSet<String>>, report: &mut Report) {
    for (source, keys) in missing {
        let blanks: Vec<String> = keys.iter().map(|key| format!("{key}=")).collect();
        let message = format!(
            "write these keys to Vault before the objects are applied: vault kv put -mount={} {} {}",
            source.mount,
            source.path,
            blanks.join(" ")
        );
        let remedy = "fill in new values: those that stood in a manifest are known to all who can read it";
        report.add(&rules::WRITE_TO_VAULT, Place::Stream, message, remedy);
    }
}

/// Secrets that the spec declares, while the stream has them with values and nothing converts them.
pub(super) fn plaintext(wants: &[Want], removed: &[ObjectId], stream: &Stream, report: &mut Report) {
    for want in wants {
        let Some(beside) = stream.object(want.beside) else { continue };
        let same = |object: &Object<'_>| {
            object.api_version() == "v1" && !removed.contains(&object.id()) && facts::share_namespace(object, &beside)
        };
        if let Some(there) = stream.named("", "Secret", &want.name).find(same) {
            let message = "it is in the stream with its values, and is to come from Vault";
            let remedy = "write `convert: {}`, so that it becomes a reference, or remove it";
            report.add(&rules::PLAINTEXT, there.at(""), message, remedy);
        }
    }
}

/// Placeholders that are left where no reference can stand.
pub(super) fn left_over(object: &Object<'_>, report: &mut Report) {
    // A Secret that could not be converted has said so.
    let said = |finding: &krmor_core::report::Finding| {
        finding.severity == Severity::Error && finding.object() == Some(object.id())
    };
    if report.findings.iter().any(said) {
        return;
    }
    let mut open = vec![(object.root(), String::new(), 0)];
    while let Some((node, pointer, depth)) = open.pop() {
        if depth > 60 {
            continue;
        }
        match node.kind() {
            Kind::Map => open.extend(
                node.entries()
                    .map(|(key, value)| (value, format!("{pointer}/{}", krmor_yaml::escape_token(&key)), depth + 1)),
            ),
            Kind::Seq => {
                open.extend(node.items().enumerate().map(|(at, item)| (item, format!("{pointer}/{at}"), depth + 1)));
            }
            _ if node.as_str().is_some_and(|text| text.contains("<path:") && text.contains('#')) => {
                let message =
                    "a placeholder of argocd-vault-plugin stands where Kubernetes takes no reference to a Secret";
                let remedy = "move it into a Secret or a variable of a container, or exclude the object";
                report.add(&rules::PLACEHOLDER, object.at(&pointer), message, remedy);
            }
            _ => {}
        }
    }
}

/// Whether a container refers to a Secret of this name, by variables or volumes.
pub(super) fn uses(container: Node<'_>, volumes: &[Node<'_>], name: &str) -> bool {
    let items = |key: &str| container.get(key).into_iter().flat_map(Node::items);
    let of_volume = |mount: Node<'_>| {
        let Some(volume) = mount.get("name").and_then(Node::as_str) else { return false };
        volumes.iter().any(|node| {
            let projected = node.find(&["projected", "sources"]).into_iter().flat_map(Node::items);
            says(*node, &["name"], &volume)
                && (says(*node, &["secret", "secretName"], name)
                    || projected.into_iter().any(|source| says(source, &["secret", "name"], name)))
        })
    };
    items("envFrom").any(|item| says(item, &["secretRef", "name"], name))
        || items("env").any(|item| says(item, &["valueFrom", "secretKeyRef", "name"], name))
        || items("volumeMounts").any(of_volume)
}
