//! Turns what is in the manifests into wants: Secrets with values or placeholders, SealedSecrets, and variables with
//! placeholders.
//!
//! Values are looked at for placeholders only. No message holds one.

mod contents;
mod makers;
mod names;
mod places;
mod sealed;
mod variables;

use std::collections::BTreeMap;

use serde_json::json;

use self::contents::Contents;
use super::dress::{self, Dress};
use super::placeholders::Reader;
use super::rules;
use super::source::KvSource;
use super::spec::{Convert, EngineVersion, Provider, Spec};
use super::want::{self, Source, User, Want};
use krmor_core::facts::makers::{Maker, is_sealed};
use krmor_core::facts::references::Reference;
use krmor_core::facts::{Facts, Near};
use krmor_core::pods::Pod;
use krmor_core::report::{Class, Report, Severity, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_core::target::Matcher;
use krmor_yaml::{Kind, Node};

use self::makers::maker_of;
pub(super) use self::makers::two_makers;

/// What a conversion does to the stream.
#[derive(Default)]
pub(super) struct Conversion {
    pub(super) wants: Vec<Want>,
    /// Edits of workloads and others that refer to what is converted.
    pub(super) edits: Vec<(ObjectId, Edit)>,
    /// Secrets that go.
    pub(super) removed: Vec<ObjectId>,
    /// By the name of a Secret that goes, the pods that need its volume.
    pub(super) mounts: Vec<(String, ObjectId)>,
    /// Keys to write to Vault, by where they belong, and whether in base64.
    pub(super) missing: BTreeMap<KvSource, BTreeMap<String, bool>>,
    /// Whose values these keys are to have.
    owners: BTreeMap<KvSource, Vec<ObjectId>>,
}

/// Everything that `convert` asks for.
pub(super) fn of(spec: &Spec, convert: &Convert, users: &[User], stream: &Stream, report: &mut Report) -> Conversion {
    let mut out = Conversion::default();
    let exclude: Vec<Matcher> =
        spec.exclude.iter().filter_map(|selector| Matcher::new(selector, "exclude").ok()).collect();
    let excluded = |object: &Object<'_>| exclude.iter().any(|one| !one.names_containers() && one.matches(object));
    let candidates: Vec<ObjectId> = stream
        .objects()
        .filter(|object| is_candidate(convert, object) && !excluded(object))
        .map(|object| object.id())
        .collect();
    let is_nameless = |object: &Object<'_>| {
        let is_secret = object.kind() == "Secret" && object.api_version() == "v1" && spec.targets.is_empty();
        is_secret && object.name().ends_with('*') && !excluded(object) && contents::entries(object).next().is_some()
    };
    for object in stream.objects().filter(is_nameless) {
        let message =
            "its values stand in the manifest, and it has no fixed name that a reference could give the Secret";
        let remedy = "write `metadata.name` in place of `generateName`, or exclude it";
        report.add(&rules::PLAINTEXT, object.at("/metadata"), message, remedy);
    }
    let references = references(stream, &candidates);
    let in_scope = |id: &ObjectId| {
        let used = |reference: &&Reference| users.iter().any(|user| user.selected.pod.object == reference.object);
        spec.targets.is_empty() || references.get(id).is_some_and(|all| all.iter().any(used))
    };
    let logins = makers::logins(spec, stream);
    for id in candidates.iter().copied().filter(in_scope) {
        let Some(object) = stream.object(id) else { continue };
        let stays = makers::stays(&logins, convert, &object, report);
        let itself = |maker: &Maker| maker.object == Some(id);
        if !stays && !two_makers(&object, &object.name(), itself, stream, report) {
            let used = references.get(&id).map(Vec::as_slice).unwrap_or_default();
            secret(spec, convert, &object, used, stream, report, &mut out);
        }
    }
    if convert.placeholders {
        for user in users {
            variables::of(spec, convert, user, stream, report, &mut out);
        }
    }
    names::left(&out.removed, &out.edits, stream, report);
    out
}

/// Every place of the stream that names one of the Secrets, in the stream's order.
fn references<'s>(stream: &'s Stream, secrets: &[ObjectId]) -> BTreeMap<ObjectId, Vec<&'s Reference>> {
    let facts = Facts::of(stream);
    let mut out: BTreeMap<ObjectId, Vec<&Reference>> = secrets.iter().map(|id| (*id, Vec::new())).collect();
    for reference in facts.references().all().iter().filter(|reference| reference.is_to("Secret")) {
        let stands = facts.referent_of(reference).map(|secret| secret.id());
        let made = || facts.makers_of(reference, Near::Certain).into_iter().find_map(|maker| maker.object);
        if let Some(list) = stands.or_else(made).and_then(|secret| out.get_mut(&secret)) {
            list.push(reference);
        }
    }
    // As the objects stand in the stream, and the names in their texts.
    let start = |reference: &Reference| {
        let node = stream.object(reference.object)?.root().at_pointer(&reference.pointer)?;
        Some(node.span()?.start)
    };
    for list in out.values_mut() {
        list.sort_by_cached_key(|reference| (reference.object, start(reference)));
    }
    out
}

/// Whether an object is a Secret of a kind to convert with something in it, or a SealedSecret where these are.
fn is_candidate(convert: &Convert, object: &Object<'_>) -> bool {
    if object.name().is_empty() || object.name().ends_with('*') {
        return false;
    }
    if is_sealed(object) {
        return convert.sealed_secrets;
    }
    if object.kind() != "Secret" || object.api_version() != "v1" {
        return false;
    }
    let kind =
        object.root().get("type").and_then(Node::as_str).filter(|kind| !kind.is_empty()).unwrap_or("Opaque".into());
    // The cluster fills these, and those whose values are all empty, by itself.
    let has_values = contents::entries(object)
        .any(|(_, value, _)| value.kind() != Kind::Scalar || !contents::text(value).is_empty());
    if kind == "kubernetes.io/service-account-token" || !has_values {
        return false;
    }
    let reader = Reader::of(object, convert.engine == Some(EngineVersion::V1));
    match contents::has_placeholders(&reader, object) {
        // Somebody else fills them in.
        true if !convert.placeholders => false,
        true if convert.types.is_empty() => true,
        _ if convert.types.is_empty() => kind == "Opaque",
        _ => convert.types.iter().any(|one| *one == kind),
    }
}

fn secret(
    spec: &Spec,
    convert: &Convert,
    object: &Object<'_>,
    used: &[&Reference],
    stream: &Stream,
    report: &mut Report,
    out: &mut Conversion,
) {
    let entry = spec.secrets.iter().find(|entry| object.is_named(entry.name.as_str()));
    let is_sealed = is_sealed(object);
    let (contents, dress) = match is_sealed {
        true => {
            (sealed::contents(spec, convert, entry, object, report), Dress::of_sealed(object, spec.provider, report))
        }
        false => (contents::of_secret(spec, convert, entry, object, report), Dress::of(object, spec.provider, report)),
    };
    let (Some(contents), Some(dress)) = (contents, dress) else { return };
    if !contents.written.is_empty() && !has_own_place(&contents, object, stream, report, out) {
        return;
    }
    let Contents { source, mut keys, mut templates, written, literals, optional } = contents;
    let name = object.name().into_owned();
    let facts = Facts::of(stream);
    let mut objects: Vec<ObjectId> = used.iter().map(|reference| reference.object).collect();
    objects.dedup();
    let numbers = objects.into_iter().flat_map(|object| facts.pods_of(object));
    let users: Vec<(&Pod, Object<'_>)> = numbers
        .filter_map(|number| facts.pods().get(number))
        .filter_map(|pod| Some((pod, stream.object(pod.object)?)))
        .collect();
    if spec.provider == Provider::Csi && users.is_empty() {
        let message = "nothing mounts it: the CSI driver makes a Secret for the pods that do";
        let remedy = "exclude it, remove it, or take another provider";
        report.add(&rules::UNUSED_SECRET, object.at(""), message, remedy);
        return;
    }
    let all = entry.is_some_and(|entry| entry.keys.is_none());
    let whole = used.iter().find(|reference| reference.pointer.contains("/envFrom/"));
    if let Some(taker) = whole.and_then(|reference| stream.object(reference.object)).filter(|_| all) {
        let message = format!(
            "its entry under `secrets` names no keys, so it gets all that Vault has there, and {} takes all of them as \
             variables",
            taker.reference()
        );
        let remedy = "where Vault has more keys than stand here, list those that are meant in `keys` of the entry";
        report.add_as(Severity::Info, &rules::EXTRA_KEY, object.at(""), message, remedy);
    }
    if spec.provider == Provider::Vso && entry.is_none() && !optional {
        // The operator leaves a key out that `includes` names and Vault lacks; a template fails, and the Secret that is
        // there stays as it is.
        templates.extend(keys.drain(..).map(|(name, key)| (name, super::template::Template::of_key(&key))));
    }
    templates.extend(entry.map(|entry| entry.templates.clone()).unwrap_or_default());
    if !literals.is_empty() {
        let names: Vec<String> = literals.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("beside placeholders, these keys keep the text that stands here: {}", names.join(", "));
        let remedy = "where one is a secret, write it to Vault, and a placeholder here";
        report.add(&rules::LITERAL, object.at(""), message, remedy);
    }
    out.wants.push(Want {
        namespace: object.namespace().into_owned(),
        name: name.clone(),
        source: Source::Kv(source.clone()),
        keys: (!all).then_some(keys),
        templates,
        dress,
        annotations: dress::for_appliers(object),
        transformation_refs: Vec::new(),
        replaces: true,
        of_variable: false,
        synced: true,
        beside: object.id(),
        labels: want::shared_labels(std::iter::once(*object)),
        restarts: users.iter().filter_map(|(pod, object)| want::restart(pod, object)).collect(),
        service_accounts: users.iter().map(|(pod, object)| want::service_account(pod, object)).collect(),
    });
    if !written.is_empty() {
        out.owners.entry(source.clone()).or_default().push(object.id());
        out.missing.entry(source).or_default().extend(written);
    }
    out.removed.push(object.id());
    for (pod, _) in &users {
        out.mounts.push((name.clone(), pod.object));
    }
    for reference in used {
        rename(reference, object, stream, out);
    }
}

/// Whether no other Secret's values go to the same keys; equal ones may.
fn has_own_place(
    contents: &Contents,
    object: &Object<'_>,
    stream: &Stream,
    report: &mut Report,
    out: &Conversion,
) -> bool {
    let Some(keys) = out.missing.get(&contents.source) else { return true };
    let shared = contents.written.keys().find(|key| keys.contains_key(*key));
    let values = |object: &Object<'_>| {
        ["data", "stringData"].map(|field| object.root().get(field).and_then(Node::to_value).unwrap_or_default())
    };
    let owners = out.owners.get(&contents.source).into_iter().flatten().filter_map(|id| stream.object(*id));
    let mut others = owners.filter(|other| is_sealed(other) || is_sealed(object) || values(other) != values(object));
    let (Some(key), Some(other)) = (shared, others.next()) else { return true };
    let message =
        format!("`{key}` of {} would hold its value and that of {}", contents.source.title(), other.reference());
    let remedy = "write `path: \"{namespace}/{name}\"` under `convert`, or declare one of them under `secrets` with a path of its own";
    report.add(&rules::ONE_PLACE, object.at(""), message, remedy);
    false
}

/// Writes the final name, and the final namespace where one stands with it.
fn rename(reference: &Reference, secret: &Object<'_>, stream: &Stream, out: &mut Conversion) {
    let (name, namespace) = (secret.name(), secret.namespace());
    let named = reference.namespace.as_deref().filter(|named| *named != namespace && !namespace.is_empty());
    if reference.name == name && named.is_none() {
        return;
    }
    let reason = "kustomize corrects no name of a Secret that is no longer there";
    let why = || Why { rule: &rules::REFERENCE, reason: reason.into(), class: Class::Updated };
    let there =
        stream.object(reference.object).and_then(|object| object.root().at_pointer(&reference.pointer)?.as_str());
    let before = there.as_deref().and_then(|text| text.strip_suffix(reference.name.as_str())).unwrap_or_default();
    let text = match named.filter(|_| before.ends_with('/')) {
        Some(_) => format!("{namespace}/{name}"),
        None => format!("{before}{name}"),
    };
    let mut set = |pointer: String, text: String| {
        out.edits.push((reference.object, Edit { pointer, action: Action::Set(json!(text)), why: why() }));
    };
    if there.as_deref() != Some(text.as_str()) {
        set(reference.pointer.clone(), text);
    }
    // Beside the name.
    if let Some((holder, _)) = reference.pointer.rsplit_once('/').filter(|_| named.is_some() && !before.ends_with('/'))
    {
        set(format!("{holder}/namespace"), namespace.into_owned());
    }
}
