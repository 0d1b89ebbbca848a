//! The kinds that make ConfigMaps, Secrets, claims and Services, and what is known of the keys.

use super::{CLAIM, CONFIG_MAP, Content, Keys, Made, Name, SECRET, SERVICE, keys_of, operators};
use crate::pods::Pod;
use crate::stream::Object;
use krmor_yaml::{Kind, Node};

/// The fields of ConfigMaps and Secrets that hold keys.
const KEYS: &[&str] = &["data", "stringData", "binaryData"];

/// Kinds that make one Secret whose keys nobody knows: their group, their kind, and where they name it; else it has their
/// own name.
#[rustfmt::skip] // a table reads best with one row on one line
const MAKERS: &[(&str, &str, &[&str])] = &[
    ("cert-manager.io", "ClusterIssuer", &["spec", "acme", "privateKeySecretRef", "name"]),
    ("cert-manager.io", "Issuer", &["spec", "acme", "privateKeySecretRef", "name"]),
    ("kafka.strimzi.io", "KafkaUser", &[]),
    ("objectbucket.io", "ObjectBucketClaim", &[]),
    ("onepassword.com", "OnePasswordItem", &[]),
    ("secrets.doppler.com", "DopplerSecret", &["spec", "managedSecret", "name"]),
    ("secrets.infisical.com", "InfisicalSecret", &["spec", "managedSecretReference", "secretName"]),
];

/// Annotations of Services that have OpenShift make a Secret of that name.
const SERVING_CERTS: &[&str] =
    &["service.beta.openshift.io/serving-cert-secret-name", "service.alpha.openshift.io/serving-cert-secret-name"];

/// Annotations by which cert-manager makes the Secrets of an Ingress or Gateway.
const ISSUERS: &[&str] = &[
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/issuer",
    "certmanager.k8s.io/cluster-issuer",
    "certmanager.k8s.io/issuer",
    "kubernetes.io/tls-acme",
];

/// Annotations and labels of ConfigMaps and Secrets that others fill.
const FILLED: &[&str] = &[
    "config.openshift.io/inject-trusted-cabundle",
    "kubernetes.io/service-account.name",
    "reflector.v1.k8s.emberstack.com/reflects",
    "replicator.v1.mittwald.de/replicate-from",
    "service.alpha.openshift.io/inject-cabundle",
    "service.beta.openshift.io/inject-cabundle",
];

impl Made {
    /// What is called as the object is, with keys that are all known.
    pub(in super::super) fn own(kind: &'static str) -> Self {
        Self {
            kind,
            name: Name::Own("*"),
            keys: Keys::default(),
            open: false,
            stands: false,
            creates: true,
            everywhere: false,
            namespace: None,
        }
    }

    /// What has keys that nobody knows.
    pub(in super::super) fn open(kind: &'static str, name: Name) -> Self {
        Self { name, open: true, ..Self::own(kind) }
    }
}

/// Whether an object is a Secret whose values only its controller can read.
#[must_use]
pub fn is_sealed(object: &Object<'_>) -> bool {
    object.group() == "bitnami.com" && object.kind() == "SealedSecret"
}

/// What the object is or makes.
#[must_use]
pub fn made(object: &Object<'_>) -> Vec<Made> {
    let (group, kind, root) = (object.group(), object.kind(), object.root());
    let mut out: Vec<Made> = known(object, &group, &kind).into_iter().collect();
    let secret = |name: String| Made::open(SECRET, Name::Given(name));
    if let Some((.., path)) = MAKERS.iter().find(|(g, k, _)| *g == group && *k == kind) {
        let name = text(root.find(path)).filter(|_| !path.is_empty()).map_or(Name::Own("*"), Name::Given);
        out.push(Made::open(SECRET, name));
    }
    match (group.as_str(), kind.as_ref()) {
        ("", "Service") => {
            let names = SERVING_CERTS.iter().filter_map(|key| object.annotation(key));
            out.extend(names.filter(|name| !name.is_empty()).map(|name| secret(name.into_owned())));
        }
        ("objectbucket.io", "ObjectBucketClaim") => out.push(Made::open(CONFIG_MAP, Name::Own("*"))),
        ("trust.cert-manager.io", "Bundle") => {
            out.push(Made { everywhere: true, ..Made::open(CONFIG_MAP, Name::Own("*")) });
        }
        ("serving.knative.dev", "Service") => out.push(Made::open(SERVICE, Name::Own("*"))),
        ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => {
            out.extend(items(root.find(&["spec", "secretObjects"])).filter_map(synced));
        }
        ("isindir.github.com", "SopsSecret") => {
            let all = items(root.find(&["spec", "secretTemplates"]));
            out.extend(all.filter_map(|one| text(one.get("name"))).map(secret));
        }
        _ if ISSUERS.iter().any(|key| object.annotation(key).is_some()) => {
            let tls = items(root.find(&["spec", "tls"])).filter_map(|tls| text(tls.get("secretName")));
            let listeners = items(root.find(&["spec", "listeners"]));
            let certificates = listeners.flat_map(|listener| items(listener.find(&["tls", "certificateRefs"])));
            out.extend(tls.chain(certificates.filter_map(|one| text(one.get("name")))).map(secret));
        }
        _ => {}
    }
    out.extend(operators::made(object, &group, &kind));
    // Crossplane, in every kind of its providers.
    if let Some(to) = root.find(&["spec", "writeConnectionSecretToRef"]) {
        let namespace = text(to.get("namespace"));
        out.extend(text(to.get("name")).map(|name| Made { namespace, ..secret(name) }));
    }
    out
}

/// The claims that are made for each pod: `<template>-<pod>`, and pods are `<object>-<number>`.
pub(super) fn claims(pod: &Pod, object: &Object<'_>) -> Vec<Made> {
    let templates = pod.claims.and_then(|pointer| object.root().at_pointer(pointer));
    let name = |template: Node<'_>| text(template.find(&["metadata", "name"]));
    let names = items(templates).filter_map(name).map(|name| format!("{name}-{}-", object.name()));
    names.map(|name| Made::open(CLAIM, Name::Numbered(name))).collect()
}

/// ConfigMaps and Secrets, and the kinds that tell the keys of what they make.
fn known(object: &Object<'_>, group: &str, kind: &str) -> Option<Made> {
    let root = object.root();
    match (group, kind) {
        ("", "ConfigMap") => {
            let binary = keys_of(root.get("binaryData")).map(|(key, _)| (key, Content::Binary));
            let keys = binary.chain(keys_of(root.get("data"))).collect();
            Some(Made { stands: true, keys, open: is_filled(object), ..Made::own(CONFIG_MAP) })
        }
        ("", "Secret") => {
            let keys = keys_of(root.get("data")).chain(keys_of(root.get("stringData"))).collect();
            let kind = root.get("type").and_then(Node::as_str);
            let is_token = kind.as_deref() == Some("kubernetes.io/service-account-token");
            // A Secret without any data is there for others to fill.
            let is_empty = || KEYS.iter().all(|key| root.get(key).is_none());
            let open = is_token || is_filled(object) || is_empty();
            Some(Made { stands: true, keys, open, ..Made::own(SECRET) })
        }
        ("bitnami.com", "SealedSecret") => Some(sealed(root)),
        ("external-secrets.io", "ExternalSecret") => external(root.get("spec")),
        ("external-secrets.io", "ClusterExternalSecret") => {
            let made = external(root.find(&["spec", "externalSecretSpec"]))?;
            let name = match (made.name, text(root.find(&["spec", "externalSecretName"]))) {
                (Name::Own(_), Some(name)) => Name::Given(name),
                (name, _) => name,
            };
            Some(Made { name, everywhere: true, ..made })
        }
        ("secrets.hashicorp.com", _) => vault(root.find(&["spec", "destination"])?),
        ("cert-manager.io", "Certificate") => {
            let name = text(root.find(&["spec", "secretName"]))?;
            let keys = ["tls.crt", "tls.key"].map(|key| (key.to_owned(), Content::Value));
            Some(Made { keys: keys.into_iter().collect(), ..Made::open(SECRET, Name::Given(name)) })
        }
        _ => None,
    }
}

/// Whether others fill a ConfigMap or Secret that is in the stream: then nobody knows its keys.
fn is_filled(object: &Object<'_>) -> bool {
    FILLED.iter().any(|key| object.annotation(key).is_some() || object.label(key).is_some())
}

fn items(node: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> {
    node.into_iter().flat_map(Node::items)
}

pub(super) fn text(node: Option<Node<'_>>) -> Option<String> {
    Some(node?.as_str().filter(|text| !text.is_empty())?.into_owned())
}

/// Bitnami's SealedSecret: the Secret has its name; `template.data` adds keys, and a null there takes one away.
fn sealed(root: Node<'_>) -> Made {
    let template = root.find(&["spec", "template", "data"]);
    let is_taken = |key: &str| template.and_then(|template| template.get(key)).is_some_and(Node::is_null);
    let encrypted = keys_of(root.find(&["spec", "encryptedData"])).filter(|(key, _)| !is_taken(key));
    let encrypted = encrypted.map(|(key, _)| (key, Content::Value));
    let keys = encrypted.chain(keys_of(template).filter(|(_, content)| *content == Content::Value)).collect();
    Made { keys, open: root.find(&["spec", "data"]).is_some(), ..Made::own(SECRET) }
}

/// External Secrets: a template replaces what was fetched, unless it says `mergePolicy: Merge`.
fn external(spec: Option<Node<'_>>) -> Option<Made> {
    let target = spec.and_then(|spec| spec.get("target"));
    let policy = text(target.and_then(|target| target.get("creationPolicy")));
    if policy.as_deref() == Some("None") {
        return None;
    }
    let has_items = |node: Option<Node<'_>>| node.is_some_and(|node| node.items().next().is_some());
    let template = target.and_then(|target| target.get("template"));
    let field = |key| template.and_then(|template| template.get(key));
    let mut keys: Vec<_> = keys_of(field("data")).collect();
    let mut open = has_items(field("templateFrom"));
    let replaced = (open || !keys.is_empty()) && text(field("mergePolicy")).as_deref() != Some("Merge");
    if !replaced {
        let items = spec.and_then(|spec| spec.get("data")).into_iter().flat_map(Node::items);
        let fetched = items.filter_map(|item| text(item.get("secretKey")));
        keys.extend(fetched.map(|key| (key, Content::Value)));
        open |= has_items(spec.and_then(|spec| spec.get("dataFrom")));
    }
    let name = text(target.and_then(|target| target.get("name"))).map_or(Name::Own("*"), Name::Given);
    let creates = policy.as_deref() != Some("Merge");
    let keys = keys.into_iter().collect();
    Some(Made { name, keys, open, creates, ..Made::own(SECRET) })
}

/// The Vault Secrets Operator: the fields in Vault become keys, unless `excludes` keeps all of them out.
fn vault(destination: Node<'_>) -> Option<Made> {
    let name = text(destination.get("name"))?;
    let transformation = destination.get("transformation").filter(|node| node.kind() == Kind::Map);
    let field = |key| transformation.and_then(|node| node.get(key));
    let templates = keys_of(field("templates")).map(|(key, _)| key);
    // Patterns that each match one key: then these are all there is.
    let includes: Vec<Node<'_>> = field("includes").into_iter().flat_map(Node::items).collect();
    let single: Option<Vec<String>> = includes.iter().map(|pattern| one_key(&pattern.as_str()?)).collect();
    let single = single.filter(|keys| !keys.is_empty());
    let keys = templates.chain(single.iter().flatten().cloned()).map(|key| (key, Content::Value)).collect();
    let all = |pattern: Node<'_>| matches!(pattern.as_str().as_deref(), Some(".*" | "^.*$" | ".+" | "^.+$"));
    let closed = single.is_some() || field("excludes").into_iter().flat_map(Node::items).any(all);
    let open = !closed || field("transformationRefs").is_some();
    Some(Made { name: Name::Given(name), keys, open, ..Made::own(SECRET) })
}

/// The key that a pattern such as `^A\.B$` matches, if it is one.
fn one_key(pattern: &str) -> Option<String> {
    let mut rest = pattern.strip_prefix('^')?.strip_suffix('$')?.chars();
    let mut key = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\\' => key.push(rest.next().filter(|c| *c == '.')?),
            c if c.is_ascii_alphanumeric() || "-_".contains(c) => key.push(c),
            _ => return None,
        }
    }
    (!key.is_empty()).then_some(key)
}

/// The Secrets Store CSI driver: one of the Secrets that it makes while a pod mounts the class.
fn synced(secret: Node<'_>) -> Option<Made> {
    let keys = items(secret.get("data")).filter_map(|item| text(item.get("key")));
    let keys = keys.map(|key| (key, Content::Value)).collect();
    Some(Made { name: Name::Given(text(secret.get("secretName"))?), keys, ..Made::own(SECRET) })
}
