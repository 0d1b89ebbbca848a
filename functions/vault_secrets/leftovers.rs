//! What is said beside a conversion: what to write to Vault, and what stands in the way of references.

use crate::vault_secrets::rules;
use krmor_core::report::Place;
use std::collections::{BTreeMap, BTreeSet};

use super::convert::two_makers;
use super::made::says;
use super::placeholders::Reader;
use super::source::KvSource;
use super::spec::{Provider, Spec};
use super::template::Template;
use super::want::{Source, Want};
use krmor_core::facts;
use krmor_core::facts::makers::Maker;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::{Kind, Node};

/// Says which keys are to be written to Vault: their names, never their values.
///
/// `vault kv put` takes the place of all that a path has, so where others are known to be there it is `patch`.
pub(super) fn checklist(missing: &BTreeMap<KvSource, BTreeMap<String, bool>>, wants: &[Want], report: &mut Report) {
    let (mut others, whole) = known_keys(wants);
    for (source, keys) in missing {
        let place = (source.mount.as_str(), source.path.as_str());
        let mut others = others.remove(&place).unwrap_or_default();
        others.retain(|key| !keys.contains_key(*key));
        let list = |names: &mut dyn Iterator<Item = &str>| {
            names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        // Who takes all keys of a path does not say which.
        let has_others = !others.is_empty() || whole.contains(&place);
        let command = if has_others && source.v2 { "patch" } else { "put" };
        let blanks: Vec<String> = keys.keys().map(|key| format!("{key}=")).collect();
        let message = format!(
            "write these keys to Vault before the objects are applied: vault kv {command} -mount={} {} {}",
            source.mount,
            source.path,
            blanks.join(" ")
        );
        let mut remedy =
            "fill in new values: those that stood in a manifest are known to all who can read it".to_owned();
        let encoded: Vec<&str> = keys.iter().filter(|(_, encoded)| **encoded).map(|(key, _)| key.as_str()).collect();
        if !encoded.is_empty() {
            remedy.push_str(&format!("; in base64: {}", list(&mut encoded.into_iter())));
        }
        match (has_others, source.v2) {
            (true, true) => {}
            (false, _) => {
                remedy.push_str("; `put` replaces all keys of the path: where it has others, `patch` keeps them");
            }
            (true, false) => remedy.push_str(&format!(
                "; engine version 1 replaces all keys of the path, so write with them those that are there{}",
                if others.is_empty() { String::new() } else { format!(": {}", list(&mut others.into_iter())) }
            )),
        }
        report.add(&rules::WRITE_TO_VAULT, Place::Stream, message, remedy);
    }
}

/// Mount and path.
type MountAndPath<'a> = (&'a str, &'a str);

/// The keys that something fetches of each place, and the places of which all keys are fetched.
fn known_keys(wants: &[Want]) -> (BTreeMap<MountAndPath<'_>, BTreeSet<&str>>, BTreeSet<MountAndPath<'_>>) {
    let mut out: BTreeMap<MountAndPath<'_>, BTreeSet<&str>> = BTreeMap::new();
    let mut whole = BTreeSet::new();
    for want in wants {
        let Source::Kv(own) = &want.source else { continue };
        if want.keys.is_none() {
            whole.insert((own.mount.as_str(), own.path.as_str()));
        }
        for (_, key) in want.keys.iter().flatten() {
            out.entry((&own.mount, &own.path)).or_default().insert(key);
        }
        for value in want.templates.values().flat_map(Template::values) {
            let source = value.from.as_ref().unwrap_or(own);
            out.entry((&source.mount, &source.path)).or_default().insert(&value.key);
        }
    }
    (out, whole)
}

/// Secrets that the spec declares, while something else makes them.
pub(super) fn made_elsewhere(spec: &Spec, wants: &[Want], stream: &Stream, report: &mut Report) {
    for want in wants.iter().filter(|want| want.synced) {
        let Some(beside) = stream.object(want.beside) else { continue };
        let is_own = |id| stream.object(id).is_some_and(|object| spec.provider.has(&object));
        let expected = |maker: &Maker| maker.made.stands || maker.object.is_none_or(is_own);
        two_makers(&beside, &want.name, expected, stream, report);
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
pub(super) fn left_over(spec: &Spec, object: &Object<'_>, v1: bool, report: &mut Report) {
    // A Secret that could not be converted has said so.
    let said = |finding: &krmor_core::report::Finding| {
        finding.severity == Severity::Error && finding.object() == Some(object.id())
    };
    if report.findings.iter().any(said) {
        return;
    }
    let reader = Reader::of(object, v1);
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
            _ if node.as_str().is_some_and(|text| reader.finds(&text)) => {
                let message =
                    "a placeholder of argocd-vault-plugin stands where Kubernetes takes no reference to a Secret";
                // Checksums let a rollout follow a new value, which the operator does by itself.
                let restarts = spec.provider == Provider::Vso && spec.restart.unwrap_or(true);
                let remedy = match restarts && pointer.contains("/annotations/") {
                    true => {
                        "where it lets pods restart for a new value, remove it: the operator restarts them; else exclude the object"
                    }
                    false => "move it into a Secret or a variable of a container, or exclude the object",
                };
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
