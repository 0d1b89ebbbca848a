//! Turns what is in the manifests into wants: Secrets with values or placeholders, and variables with placeholders.
//!
//! Values are looked at for placeholders only. No message holds one.

use crate::vault_secrets::rules;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::auth::slug;
use super::placeholders::{self, Found};
use super::spec::{Convert, EngineVersion, Secret, Spec};
use super::values::VaultPath;
use super::want::{self, KvSource, Source, User, Want};
use krmor_core::facts::Facts;
use krmor_core::facts::references::Reference;
use krmor_core::pods::Pod;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_core::target::Matcher;
use krmor_yaml::{Kind, Node};

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
    /// Keys to write to Vault, by where they belong.
    pub(super) missing: BTreeMap<KvSource, BTreeSet<String>>,
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
    let references = references(stream, &candidates);
    let in_scope = |id: &ObjectId| {
        let used = |reference: &&Reference| users.iter().any(|user| user.selected.pod.object == reference.object);
        spec.targets.is_empty() || references.get(id).is_some_and(|all| all.iter().any(used))
    };
    for id in candidates.iter().copied().filter(in_scope) {
        let Some(object) = stream.object(id) else { continue };
        let used = references.get(&id).map(Vec::as_slice).unwrap_or_default();
        secret(spec, convert, &object, used, stream, report, &mut out);
    }
    if convert.placeholders {
        for user in users {
            variables(user, stream, report, &mut out);
        }
    }
    out
}

/// Every place of the stream that names one of the Secrets, in the stream's order.
fn references<'s>(stream: &'s Stream, secrets: &[ObjectId]) -> BTreeMap<ObjectId, Vec<&'s Reference>> {
    let facts = Facts::of(stream);
    let mut out: BTreeMap<ObjectId, Vec<&Reference>> = secrets.iter().map(|id| (*id, Vec::new())).collect();
    for reference in facts.references().all().iter().filter(|reference| reference.is_to("Secret")) {
        let found = facts.referent_of(reference).and_then(|secret| out.get_mut(&secret.id()));
        if let Some(list) = found {
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

/// Whether an object is a Secret of a kind to convert, with something in it.
fn is_candidate(convert: &Convert, object: &Object<'_>) -> bool {
    if object.kind() != "Secret"
        || object.api_version() != "v1"
        || object.name().is_empty()
        || object.name().ends_with('*')
    {
        return false;
    }
    let kind =
        object.root().get("type").and_then(Node::as_str).filter(|kind| !kind.is_empty()).unwrap_or("Opaque".into());
    let wanted = if convert.types.is_empty() { kind == "Opaque" } else { convert.types.iter().any(|one| *one == kind) };
    wanted && kind != "kubernetes.io/service-account-token" && entries(object).next().is_some()
}

/// The keys and values of a Secret; `stringData` goes before `data`, as in the API.
fn entries<'a>(object: &Object<'a>) -> impl Iterator<Item = (String, Node<'a>, bool)> {
    let of = |field: &str, encoded: bool| {
        let map = object.root().get(field);
        map.into_iter().flat_map(Node::entries).map(move |(key, value)| (key.into_owned(), value, encoded))
    };
    let (text, data) = (of("stringData", false).collect::<Vec<_>>(), of("data", true).collect::<Vec<_>>());
    let own: BTreeSet<String> = text.iter().map(|(key, ..)| key.clone()).collect();
    text.into_iter().chain(data.into_iter().filter(move |(key, ..)| !own.contains(key)))
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
    let Some((keys, source, plain)) = contents(convert, entry, object, report) else { return };
    let name = object.name().into_owned();
    let facts = Facts::of(stream);
    let mut objects: Vec<ObjectId> = used.iter().map(|reference| reference.object).collect();
    objects.dedup();
    let numbers = objects.into_iter().flat_map(|object| facts.pods_of(object));
    let users: Vec<(&Pod, Object<'_>)> = numbers
        .filter_map(|number| facts.pods().get(number))
        .filter_map(|pod| Some((pod, stream.object(pod.object)?)))
        .collect();
    if spec.provider == super::spec::Provider::Csi && users.is_empty() {
        let message = "nothing mounts it: the CSI driver makes a Secret for the pods that do";
        let remedy = "exclude it, remove it, or take another provider";
        report.add(&rules::UNUSED_SECRET, object.at(""), message, remedy);
        return;
    }
    let kind = object.root().get("type").and_then(Node::as_str).map(Cow::into_owned);
    let all = entry.is_some_and(|entry| entry.keys.is_none());
    out.wants.push(Want {
        namespace: object.namespace().into_owned(),
        name: name.clone(),
        source: Source::Kv(source.clone()),
        keys: (!all).then_some(keys),
        templates: entry.map(|entry| entry.templates.clone()).unwrap_or_default(),
        secret_type: kind.filter(|kind| kind != "Opaque" && !kind.is_empty()),
        transformation_refs: Vec::new(),
        replaces: true,
        synced: true,
        beside: object.id(),
        labels: want::shared_labels(std::iter::once(*object)),
        restarts: users.iter().filter_map(|(pod, object)| want::restart(pod, object)).collect(),
        service_accounts: users.iter().map(|(pod, object)| want::service_account(pod, object)).collect(),
    });
    if !plain.is_empty() {
        out.missing.entry(source).or_default().extend(plain);
    }
    out.removed.push(object.id());
    for (pod, _) in &users {
        out.mounts.push((name.clone(), pod.object));
    }
    for reference in used.iter().filter(|reference| reference.name != name) {
        let reason = "kustomize corrects no name of a Secret that is no longer there";
        let why = Why { rule: &rules::REFERENCE, reason: reason.into(), class: Class::Updated };
        let edit =
            Edit { pointer: reference.pointer.clone(), action: Action::Set(json!(reference.text(facts, &name))), why };
        out.edits.push((reference.object, edit));
    }
}

/// Names of keys and what they are in Vault; where that is; and which are to be written there.
type Contents = (Vec<(String, String)>, KvSource, Vec<String>);

fn contents(convert: &Convert, entry: Option<&Secret>, object: &Object<'_>, report: &mut Report) -> Option<Contents> {
    let annotation = object.annotation("avp.kubernetes.io/path");
    let path = annotation.as_deref().filter(|_| convert.placeholders);
    let (mut keys, mut plain, mut sources) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (name, value, encoded) in entries(object) {
        let text = value.as_str().filter(|_| value.kind() == Kind::Scalar).unwrap_or_default();
        let decoded = encoded.then(|| krmor_yaml::base64::decode_text(&text)).flatten();
        let found = match placeholders::read(&text, path) {
            Found::Nothing => decoded.map_or(Found::Nothing, |text| placeholders::read(&text, path)),
            found => found,
        };
        match found {
            Found::Whole(place) if convert.placeholders => {
                keys.push((name, place.key));
                sources.insert(place.source);
            }
            Found::Part(problem) if convert.placeholders => {
                placeholder_error(object, &pointer(encoded, &name), &format!("the key `{name}`: {problem}"), report);
                return None;
            }
            _ => plain.push(name),
        }
    }
    if !plain.is_empty() && !convert.secrets {
        if !sources.is_empty() {
            let message = format!("it has placeholders, and values too: {}", list(&plain));
            let remedy = "take `secrets: false` out of `convert`, or move the values into another Secret";
            report.add(&rules::PLAINTEXT, object.at(""), message, remedy);
        }
        return None;
    }
    if sources.len() > 1 {
        let places: Vec<String> = sources.iter().map(KvSource::api_path).collect();
        let message = format!("its placeholders are of several paths, and one object fetches one: {}", list(&places));
        report.add(&rules::SEVERAL_PATHS, object.at(""), message, "split the Secret: one for each path");
        return None;
    }
    let declared = entry.and_then(|entry| entry.kv.as_ref()).map(KvSource::of);
    let found = sources.into_iter().next();
    if let (Some(entry), Some(declared), Some(found)) = (entry, &declared, &found)
        && declared != found
    {
        let message =
            format!("its placeholders are of {}, and `secrets` has {}", found.api_path(), declared.api_path());
        report.add(
            &rules::SEVERAL_PATHS,
            object.at(""),
            message,
            format!("correct the entry `{}`", entry.name.as_str()),
        );
        return None;
    }
    let source = declared.or(found).unwrap_or_else(|| default_source(convert, object));
    if let Some(named) = entry.and_then(|entry| entry.keys.as_ref()) {
        let lacking: Vec<String> =
            plain.iter().filter(|name| !named.0.iter().any(|(key, _)| key == *name)).cloned().collect();
        if !lacking.is_empty() {
            let message = format!("`keys` of its entry under `secrets` lacks {}", list(&lacking));
            report.add(&rules::KEYS, object.at(""), message, "add them there, or remove them here");
            return None;
        }
        let written = named.0.iter().filter(|(name, _)| plain.contains(name)).map(|(_, key)| key.clone()).collect();
        return Some((named.0.clone(), source, written));
    }
    keys.extend(plain.iter().map(|name| (name.clone(), name.clone())));
    keys.sort();
    Some((keys, source, plain))
}

fn pointer(encoded: bool, key: &str) -> String {
    format!("/{}/{}", if encoded { "data" } else { "stringData" }, krmor_yaml::escape_token(key))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn default_source(convert: &Convert, object: &Object<'_>) -> KvSource {
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

fn placeholder_error(object: &Object<'_>, pointer: &str, message: &str, report: &mut Report) {
    let remedy = "write the whole value to Vault under one key, and let the placeholder be all that stands here";
    report.add(&rules::PLACEHOLDER, object.at(pointer), message, remedy);
}

/// Variables whose value is a placeholder: they get a Secret that is named after its path.
fn variables(user: &User, stream: &Stream, report: &mut Report, out: &mut Conversion) {
    let pod = &user.selected.pod;
    let Some(object) = stream.object(pod.object) else { return };
    for container in user.selected.containers(&object) {
        let Some(env) = container.node(&object).and_then(|node| node.get("env")) else { continue };
        for (at, item) in env.items().enumerate() {
            let Some(text) = item.get("value").and_then(Node::as_str) else { continue };
            let pointer = format!("{}/env/{at}", container.pointer);
            let place = match placeholders::read(&text, None) {
                Found::Nothing => continue,
                Found::Part(problem) => {
                    let variable = item.get("name").and_then(Node::as_str).unwrap_or_default();
                    let message = format!("the variable `{variable}`: {problem}");
                    placeholder_error(&object, &format!("{pointer}/value"), &message, report);
                    continue;
                }
                Found::Whole(place) => place,
            };
            let Some(name) = slug(&place.source.path) else { continue };
            let reason = "the value is in Vault, and argocd-vault-plugin need not fill it in";
            let why = || Why { rule: &rules::PLACEHOLDER, reason: reason.into(), class: Class::Overridden };
            let reference = json!({"secretKeyRef": {"name": name, "key": place.key}});
            let added = Why { class: Class::Added, ..why() };
            let set = Edit { pointer: format!("{pointer}/valueFrom"), action: Action::Set(reference), why: added };
            let remove = Edit { pointer: format!("{pointer}/value"), action: Action::Remove, why: why() };
            out.edits.extend([(object.id(), set), (object.id(), remove)]);
            out.mounts.push((name.clone(), object.id()));
            out.wants.push(Want {
                namespace: object.namespace().into_owned(),
                name,
                source: Source::Kv(place.source),
                keys: Some(vec![(place.key.clone(), place.key)]),
                templates: BTreeMap::new(),
                secret_type: None,
                transformation_refs: Vec::new(),
                replaces: false,
                synced: true,
                beside: object.id(),
                labels: want::shared_labels(std::iter::once(object)),
                restarts: want::restart(pod, &object).into_iter().collect(),
                service_accounts: BTreeSet::from([want::service_account(pod, &object)]),
            });
        }
    }
}
