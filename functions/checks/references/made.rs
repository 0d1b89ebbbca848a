//! What objects of the stream make once they are in a cluster, and what others fill.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::world::PodHere;
use super::To;
use crate::stream::{Object, Stream};
use crate::yaml::Node;

/// The fields of ConfigMaps and Secrets that hold keys.
pub(super) const KEYS: &[&str] = &["data", "stringData", "binaryData"];

/// Kinds that make one Secret: their group, their kind, and where they name it; else it has their own name.
#[rustfmt::skip] // a table reads best with one row on one line
const MAKERS: &[(&str, &str, &[&str])] = &[
    ("bitnami.com", "SealedSecret", &["spec", "template", "metadata", "name"]),
    ("cert-manager.io", "Certificate", &["spec", "secretName"]),
    ("cert-manager.io", "ClusterIssuer", &["spec", "acme", "privateKeySecretRef", "name"]),
    ("cert-manager.io", "Issuer", &["spec", "acme", "privateKeySecretRef", "name"]),
    ("external-secrets.io", "ClusterExternalSecret", &["spec", "externalSecretSpec", "target", "name"]),
    ("external-secrets.io", "ExternalSecret", &["spec", "target", "name"]),
    ("kafka.strimzi.io", "KafkaUser", &[]),
    ("objectbucket.io", "ObjectBucketClaim", &[]),
    ("onepassword.com", "OnePasswordItem", &[]),
    ("secrets.doppler.com", "DopplerSecret", &["spec", "managedSecret", "name"]),
    ("secrets.hashicorp.com", "HCPVaultSecretsApp", &["spec", "destination", "name"]),
    ("secrets.hashicorp.com", "VaultDynamicSecret", &["spec", "destination", "name"]),
    ("secrets.hashicorp.com", "VaultPKISecret", &["spec", "destination", "name"]),
    ("secrets.hashicorp.com", "VaultStaticSecret", &["spec", "destination", "name"]),
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

/// What will be there without being in the stream.
#[derive(Default)]
pub(in super::super) struct Made<'a> {
    makers: HashMap<(To, String), Vec<Object<'a>>>,
}

impl<'a> Made<'a> {
    /// Reads a stream.
    pub(in super::super) fn of(stream: &'a Stream, pods: &[PodHere<'a>]) -> Self {
        let mut made = Self::default();
        for object in stream.objects() {
            made.look(object);
        }
        for here in pods {
            made.claims(here.object, here.pod.claims);
        }
        made
    }

    fn add(&mut self, to: To, name: Option<Cow<'_, str>>, maker: Object<'a>) {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            self.makers.entry((to, name.into_owned())).or_default().push(maker);
        }
    }

    fn look(&mut self, object: Object<'a>) {
        let root = object.root();
        let (group, kind) = (object.group(), object.kind());
        let text = |path: &[&str]| root.find(path).and_then(Node::as_str);
        let own_names = || {
            let before = object.annotation(crate::lookup::PREVIOUS_NAMES).unwrap_or_default();
            let before: Vec<String> = before.split(',').map(str::to_owned).collect();
            before.into_iter().chain([object.name().into_owned()])
        };
        if let Some((.., path)) = MAKERS.iter().find(|(g, k, _)| *g == group && *k == kind) {
            match text(path).filter(|_| !path.is_empty()) {
                Some(name) => self.add(To::Secret, Some(name), object),
                None => own_names().for_each(|name| self.add(To::Secret, Some(Cow::Owned(name)), object)),
            }
        }
        match (group.as_str(), kind.as_ref()) {
            ("", "Service") => {
                for key in SERVING_CERTS {
                    self.add(To::Secret, object.annotation(key), object);
                }
            }
            ("objectbucket.io", "ObjectBucketClaim") | ("trust.cert-manager.io", "Bundle") => {
                own_names().for_each(|name| self.add(To::ConfigMap, Some(Cow::Owned(name)), object));
            }
            ("serving.knative.dev", "Service") => {
                own_names().for_each(|name| self.add(To::Service, Some(Cow::Owned(name)), object));
            }
            ("postgresql.cnpg.io", "Cluster") => {
                for name in own_names().filter(|name| !name.is_empty()) {
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

    /// Whether something near makes it.
    pub(super) fn makes(&self, to: To, name: &str, near: impl Fn(&Object<'a>) -> bool) -> bool {
        let numbered = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let name = if to == To::Claim { numbered } else { name };
        self.makers.get(&(to, name.to_owned())).is_some_and(|makers| {
            let cluster_wide = |maker: &Object<'a>| matches!(maker.kind().as_ref(), "Bundle" | "ClusterExternalSecret");
            makers.iter().any(|maker| near(maker) || cluster_wide(maker))
        })
    }

    /// Whether others fill a ConfigMap or Secret that is in the stream: then nobody knows its keys.
    pub(super) fn fills(&self, object: &Object<'a>) -> bool {
        let is_secret = object.kind() == "Secret";
        let is_empty = || KEYS.iter().all(|key| object.root().get(key).is_none());
        let to = if is_secret { To::Secret } else { To::ConfigMap };
        FILLED.iter().any(|key| object.annotation(key).is_some() || object.label(key).is_some())
            || is_secret && is_empty()
            || self.makes(to, &object.name(), |maker| super::may_share(maker, object))
    }
}
