//! What is to be made: one secret in one namespace, whatever the provider.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::dress::Dress;
use super::source::KvSource;
use super::spec::{Dynamic, EngineVersion, Kv, Pki, Secret, Spec};
use super::template::Template;
use super::values::VaultPath;
use krmor_core::kube::ObjectName;
use krmor_core::pods::{Container, Role};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target::Selected;
use krmor_yaml::Node;

/// Where in Vault a secret is.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Kv(KvSource),
    Dynamic(Dynamic),
    Pki(Pki),
}

impl KvSource {
    pub(super) fn of(kv: &Kv) -> Self {
        Self {
            mount: mount_or_default(kv.mount.as_ref()),
            path: kv.path.as_str().to_owned(),
            v2: kv.engine.unwrap_or_default() == EngineVersion::V2,
            version: kv.version,
        }
    }
}

pub(super) fn mount_or_default(mount: Option<&VaultPath>) -> String {
    mount.map_or("secret", VaultPath::as_str).to_owned()
}

impl Source {
    /// Where the entry says that it is; a checked spec has one.
    pub(super) fn of(secret: &Secret) -> Option<Self> {
        let kv = secret.kv.as_ref().map(|kv| Source::Kv(KvSource::of(kv)));
        kv.or_else(|| secret.dynamic.clone().map(Source::Dynamic)).or_else(|| secret.pki.clone().map(Source::Pki))
    }
}

/// One Secret to be made, and all that the makers have to know.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) source: Source,
    /// Names in Kubernetes and keys in Vault; all when there are none.
    pub(super) keys: Option<Vec<(String, String)>>,
    pub(super) templates: BTreeMap<String, Template>,
    pub(super) dress: Dress,
    /// What the object that makes it has for those who apply it.
    pub(super) annotations: Map<String, Value>,
    pub(super) transformation_refs: Vec<String>,
    /// Whether the cluster may hold the Secret that is converted.
    pub(super) replaces: bool,
    /// Whether variables take single keys of it, and nothing else is known to take it.
    pub(super) of_variable: bool,
    /// Whether a Kubernetes Secret is needed, and not only files.
    pub(super) synced: bool,
    /// The object behind whose document the new ones stand.
    pub(super) beside: ObjectId,
    pub(super) labels: Map<String, Value>,
    /// Kinds, as the operator calls them, and names of what is restarted for new values.
    pub(super) restarts: BTreeSet<(String, String)>,
    pub(super) service_accounts: BTreeSet<String>,
}

impl Want {
    /// The names of the keys that the Secret has; none when it has all that are in Vault.
    pub(super) fn names(&self) -> Option<BTreeSet<&str>> {
        let keys = self.keys.as_ref()?.iter().map(|(name, _)| name.as_str());
        Some(keys.chain(self.templates.keys().map(String::as_str)).collect())
    }

    /// Takes over what another one of the same name wants.
    pub(super) fn merge(&mut self, other: Want) {
        self.keys = match (self.keys.take(), other.keys) {
            (Some(mut keys), Some(more)) => {
                keys.extend(more);
                keys.sort();
                keys.dedup();
                Some(keys)
            }
            _ => None,
        };
        self.templates.extend(other.templates);
        self.dress.merge(other.dress);
        self.annotations.extend(other.annotations);
        self.replaces |= other.replaces;
        self.of_variable &= other.of_variable;
        self.synced |= other.synced;
        self.restarts.extend(other.restarts);
        self.service_accounts.extend(other.service_accounts);
    }
}

/// A pod that is in scope, with the containers that are to have the secrets.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) selected: Selected,
    pub(super) containers: Vec<Container>,
}

impl User {
    /// Main containers, and those that a target names.
    pub(super) fn of(selected: Selected, stream: &Stream) -> Option<Self> {
        let object = stream.object(selected.pod.object)?;
        let mut containers = selected.containers(&object);
        containers.retain(|one| one.role == Role::Main || selected.names(&one.name));
        (!containers.is_empty()).then_some(Self { selected, containers })
    }
}

/// The namespace that objects without one are in, too.
pub(super) fn plain_namespace(object: &Object<'_>) -> String {
    let namespace = object.namespace();
    if namespace == "default" { String::new() } else { namespace.into_owned() }
}

/// What is declared in the spec, for each namespace with pods that are to have it.
pub(super) fn declared(spec: &Spec, users: &[User], stream: &Stream) -> Vec<Want> {
    let mut groups: BTreeMap<String, Vec<(&User, Object<'_>)>> = BTreeMap::new();
    for user in users {
        if let Some(object) = stream.object(user.selected.pod.object) {
            groups.entry(plain_namespace(&object)).or_default().push((user, object));
        }
    }
    let mut wants = Vec::new();
    for group in groups.values_mut() {
        // The same one in every order of the documents.
        group.sort_by_key(|(_, object)| (object.kind().into_owned(), object.name().into_owned()));
        let Some((_, first)) = group.first() else { continue };
        for secret in &spec.secrets {
            let Some(source) = Source::of(secret) else { continue };
            wants.push(Want {
                namespace: first.namespace().into_owned(),
                name: secret.name.as_str().to_owned(),
                source,
                keys: secret.keys.as_ref().map(|keys| keys.0.clone()),
                templates: secret.templates.clone(),
                dress: Dress::of_type(secret.secret_type()),
                annotations: Map::new(),
                transformation_refs: secret
                    .transformation_refs
                    .iter()
                    .map(ObjectName::as_str)
                    .map(str::to_owned)
                    .collect(),
                replaces: false,
                of_variable: false,
                synced: !secret.is_files(),
                beside: first.id(),
                labels: shared_labels(group.iter().map(|(_, object)| *object)),
                restarts: group.iter().filter_map(|(user, object)| restart(&user.selected.pod, object)).collect(),
                service_accounts: group
                    .iter()
                    .map(|(user, object)| service_account(&user.selected.pod, object))
                    .collect(),
            });
        }
    }
    wants
}

/// The labels that all of the objects have.
pub(super) fn shared_labels<'a>(mut objects: impl Iterator<Item = Object<'a>>) -> Map<String, Value> {
    let labels = |object: Object<'_>| {
        let labels = object.root().find(&["metadata", "labels"]).and_then(Node::to_value);
        labels.and_then(|labels| labels.as_object().cloned()).unwrap_or_default()
    };
    let mut shared = objects.next().map(labels).unwrap_or_default();
    for other in objects.map(labels) {
        shared.retain(|key, value| other.get(key) == Some(value));
    }
    shared.retain(|_, value| value.is_string());
    shared
}

/// What the operator can restart when a value changes.
pub(super) fn restart(pod: &krmor_core::pods::Pod, object: &Object<'_>) -> Option<(String, String)> {
    Some((pod.restarts?.to_owned(), object.name().into_owned()))
}

/// The ServiceAccount that a pod runs as.
pub(super) fn service_account(pod: &krmor_core::pods::Pod, object: &Object<'_>) -> String {
    let name = pod.spec_node(object).and_then(|spec| spec.get("serviceAccountName")).and_then(Node::as_str);
    name.filter(|name| !name.is_empty()).map_or_else(|| "default".to_owned(), std::borrow::Cow::into_owned)
}
