//! What objects of the stream make once they are in a cluster, and what others fill.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::world::PodHere;
use super::To;
use krmor_core::lookup::PREVIOUS_NAMES;
use krmor_core::stream::{Object, Stream};
use krmor_core::supply::{Store, makers};
use krmor_yaml::Node;

/// The fields of ConfigMaps and Secrets that hold keys.
pub(super) const KEYS: &[&str] = &["data", "stringData", "binaryData"];

/// Kinds that make one Secret, beside those whose keys [`makers`] knows: their group, their kind, and where they name it;
/// else it has their own name.
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

/// An object that makes another one.
pub(in super::super) struct Maker<'a> {
    object: Object<'a>,
    /// Whether the other comes into being by it; otherwise it gets keys.
    creates: bool,
    everywhere: bool,
    /// All keys that it gives; none when nobody knows them.
    pub(super) keys: Option<Vec<String>>,
}

/// What will be there without being in the stream.
#[derive(Default)]
pub(in super::super) struct Made<'a> {
    makers: HashMap<(To, String), Vec<Maker<'a>>>,
}

/// The names that an object has and had.
fn own_names(object: &Object<'_>) -> Vec<String> {
    let before = object.annotation(PREVIOUS_NAMES).unwrap_or_default();
    before.split(',').map(str::to_owned).chain([object.name().into_owned()]).collect()
}

impl<'a> Made<'a> {
    /// Reads a stream.
    pub(in super::super) fn of(stream: &'a Stream, pods: &[PodHere<'a>]) -> Self {
        let mut made = Self::default();
        for object in stream.objects() {
            made.known(object);
            made.look(object);
        }
        for here in pods {
            made.claims(here.object, here.pod.claims);
        }
        made
    }

    fn add(&mut self, to: To, name: Option<Cow<'_, str>>, object: Object<'a>) {
        let everywhere = object.kind() == "Bundle";
        self.put(to, name, Maker { object, creates: true, everywhere, keys: None });
    }

    /// Something that has the maker's own name.
    fn add_own(&mut self, to: To, object: Object<'a>) {
        for name in own_names(&object) {
            self.add(to, Some(Cow::Owned(name)), object);
        }
    }

    fn put(&mut self, to: To, name: Option<Cow<'_, str>>, maker: Maker<'a>) {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            self.makers.entry((to, name.into_owned())).or_default().push(maker);
        }
    }

    /// Makers of ConfigMaps and Secrets whose keys are known.
    fn known(&mut self, object: Object<'a>) {
        let Some(made) = makers::made(&object).filter(|made| !made.stands) else { return };
        let to = if made.store == Store::ConfigMap { To::ConfigMap } else { To::Secret };
        let names = made.name.map_or_else(|| own_names(&object), |name| vec![name]);
        for name in names {
            let keys = (!made.open).then(|| made.keys.iter().map(|(key, _)| key.to_owned()).collect());
            let maker = Maker { object, creates: made.creates, everywhere: made.everywhere, keys };
            self.put(to, Some(Cow::Owned(name)), maker);
        }
    }

    fn look(&mut self, object: Object<'a>) {
        let root = object.root();
        let (group, kind) = (object.group(), object.kind());
        let text = |path: &[&str]| root.find(path).and_then(Node::as_str);
        if let Some((.., path)) = MAKERS.iter().find(|(g, k, _)| *g == group && *k == kind) {
            match text(path).filter(|_| !path.is_empty()) {
                Some(name) => self.add(To::Secret, Some(name), object),
                None => self.add_own(To::Secret, object),
            }
        }
        match (group.as_str(), kind.as_ref()) {
            ("", "Service") => {
                for key in SERVING_CERTS {
                    self.add(To::Secret, object.annotation(key), object);
                }
            }
            ("objectbucket.io", "ObjectBucketClaim") | ("trust.cert-manager.io", "Bundle") => {
                self.add_own(To::ConfigMap, object);
            }
            ("serving.knative.dev", "Service") => {
                self.add_own(To::Service, object);
            }
            ("postgresql.cnpg.io", "Cluster") => {
                for name in own_names(&object).into_iter().filter(|name| !name.is_empty()) {
                    for end in ["app", "superuser", "ca", "server", "replication"] {
                        self.add(To::Secret, Some(Cow::Owned(format!("{name}-{end}"))), object);
                    }
                    for end in ["rw", "ro", "r"] {
                        self.add(To::Service, Some(Cow::Owned(format!("{name}-{end}"))), object);
                    }
                }
            }
            ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => {
                for secret in root.find(&["spec", "secretObjects"]).into_iter().flat_map(Node::items) {
                    self.add(To::Secret, secret.get("secretName").and_then(Node::as_str), object);
                }
            }
            ("isindir.github.com", "SopsSecret") => {
                for secret in root.find(&["spec", "secretTemplates"]).into_iter().flat_map(Node::items) {
                    self.add(To::Secret, secret.get("name").and_then(Node::as_str), object);
                }
            }
            _ if ISSUERS.iter().any(|key| object.annotation(key).is_some()) => {
                for tls in root.find(&["spec", "tls"]).into_iter().flat_map(Node::items) {
                    self.add(To::Secret, tls.get("secretName").and_then(Node::as_str), object);
                }
                for listener in root.find(&["spec", "listeners"]).into_iter().flat_map(Node::items) {
                    for certificate in listener.find(&["tls", "certificateRefs"]).into_iter().flat_map(Node::items) {
                        self.add(To::Secret, certificate.get("name").and_then(Node::as_str), object);
                    }
                }
            }
            _ => {}
        }
        // Crossplane, in every kind of its providers.
        self.add(To::Secret, text(&["spec", "writeConnectionSecretToRef", "name"]), object);
    }

    /// Claims are `<template>-<pod>`, and pods `<object>-<number>`.
    fn claims(&mut self, object: Object<'a>, claims: Option<&str>) {
        let templates = claims.and_then(|pointer| object.root().at_pointer(pointer));
        for template in templates.into_iter().flat_map(Node::items) {
            let name = template.find(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
            self.add(To::Claim, Some(Cow::Owned(format!("{name}-{}-", object.name()))), object);
        }
    }

    /// What gives keys to an object of this name, or makes it.
    pub(super) fn of_name(&self, to: To, name: &str, near: impl Fn(&Object<'a>) -> bool) -> Vec<&Maker<'a>> {
        let numbered = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let name = if to == To::Claim { numbered } else { name };
        let all = self.makers.get(&(to, name.to_owned()));
        all.into_iter().flatten().filter(|maker| maker.everywhere || near(&maker.object)).collect()
    }
}

/// Whether one of them makes the object.
pub(super) fn is_made(makers: &[&Maker<'_>]) -> bool {
    makers.iter().any(|maker| maker.creates)
}

/// Whether others fill a ConfigMap or Secret that is in the stream: then nobody knows its keys.
pub(super) fn is_filled(object: &Object<'_>) -> bool {
    let is_empty = || KEYS.iter().all(|key| object.root().get(key).is_none());
    let is_token = || makers::made(object).is_some_and(|made| made.open);
    FILLED.iter().any(|key| object.annotation(key).is_some() || object.label(key).is_some())
        || object.kind() == "Secret" && (is_empty() || is_token())
}
