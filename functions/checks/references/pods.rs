//! The references of a pod.

use std::borrow::Cow;

use super::super::world::PodHere;
use super::{Reference, To};
use krmor_core::stream::Object;
use krmor_core::workload::Container;
use krmor_yaml::Node;

/// What a pod's part refers to: how to say it, from where.
struct Source<'a> {
    from: Object<'a>,
    container: Option<String>,
    out: Vec<Reference<'a>>,
}

/// Everything that a pod refers to.
pub(in super::super) fn references<'a>(here: &PodHere<'a>) -> Vec<Reference<'a>> {
    let object = here.object;
    let Some(spec) = here.pod.spec_node(&object) else { return Vec::new() };
    let mut source = Source { from: object, container: None, out: Vec::new() };
    let at = |path: &str| format!("{}/{path}", here.pod.spec);
    let account = ["serviceAccountName", "serviceAccount"].into_iter().find(|key| spec.get(key).is_some());
    if let Some(key) = account {
        source.plain(To::ServiceAccount, "the pod runs as", at(key), spec.get(key));
    }
    for (number, secret) in items(spec, "imagePullSecrets") {
        let pointer = at(&format!("imagePullSecrets/{number}/name"));
        source.plain(To::Secret, "`imagePullSecrets` names", pointer, secret.get("name"));
    }
    for (number, volume) in items(spec, "volumes") {
        source.volume(&at(&format!("volumes/{number}")), volume);
    }
    for container in &here.containers {
        source.container = Some(container.name.clone());
        source.container(container);
    }
    if here.pod.claims.is_some() {
        source.container = None;
        let name = object.root().find(&["spec", "serviceName"]);
        source.plain(To::Service, "`serviceName` names", "/spec/serviceName".to_owned(), name);
    }
    source.out
}

fn items<'a>(node: Node<'a>, key: &str) -> impl Iterator<Item = (usize, Node<'a>)> {
    node.get(key).into_iter().flat_map(Node::items).enumerate()
}

/// Volumes of drivers that read a Secret, and where they name it.
const DRIVERS: &[(&str, &[&str])] = &[
    ("azureFile", &["secretName"]),
    ("cephfs", &["secretRef", "name"]),
    ("csi", &["nodePublishSecretRef", "name"]),
    ("flexVolume", &["secretRef", "name"]),
    ("iscsi", &["secretRef", "name"]),
    ("rbd", &["secretRef", "name"]),
    ("scaleIO", &["secretRef", "name"]),
    ("storageos", &["secretRef", "name"]),
];

impl<'a> Source<'a> {
    fn plain(&mut self, to: To, subject: &str, pointer: String, name: Option<Node<'a>>) {
        self.add(to, subject.to_owned(), pointer, name, Vec::new(), None);
    }

    fn add(
        &mut self,
        to: To,
        subject: String,
        pointer: String,
        name: Option<Node<'a>>,
        parts: Vec<(String, Node<'a>)>,
        optional: Option<Node<'a>>,
    ) {
        let Some(name) = name.and_then(Node::as_str) else { return };
        let kind = match to {
            To::ConfigMap => "ConfigMap",
            To::Secret => "Secret",
            To::ServiceAccount => "ServiceAccount",
            To::Claim => "PersistentVolumeClaim",
            _ => "Service",
        };
        self.out.push(Reference {
            from: self.from,
            container: self.container.clone(),
            subject,
            pointer,
            to,
            group: Cow::Borrowed(""),
            kind: Cow::Borrowed(kind),
            name,
            namespace: None,
            parts,
            optional: optional.and_then(Node::as_bool) == Some(true),
        });
    }

    fn volume(&mut self, at: &str, volume: Node<'a>) {
        let title = volume.get("name").and_then(Node::as_str).unwrap_or_default();
        let mounts = format!("volume `{title}` takes");
        let files = |at: &str, node: Node<'a>| -> Vec<(String, Node<'a>)> {
            let keys = items(node, "items").filter_map(|(n, item)| Some((n, item.get("key")?)));
            keys.map(|(n, key)| (format!("{at}/items/{n}/key"), key)).collect()
        };
        for (key, to, name) in [("configMap", To::ConfigMap, "name"), ("secret", To::Secret, "secretName")] {
            if let Some(node) = volume.get(key) {
                let at = format!("{at}/{key}");
                let parts = files(&at, node);
                self.add(to, mounts.clone(), format!("{at}/{name}"), node.get(name), parts, node.get("optional"));
            }
        }
        for (number, source) in volume.get("projected").into_iter().flat_map(|node| items(node, "sources")) {
            for (key, to) in [("configMap", To::ConfigMap), ("secret", To::Secret)] {
                if let Some(node) = source.get(key) {
                    let at = format!("{at}/projected/sources/{number}/{key}");
                    let parts = files(&at, node);
                    self.add(to, mounts.clone(), format!("{at}/name"), node.get("name"), parts, node.get("optional"));
                }
            }
        }
        let claim = volume.find(&["persistentVolumeClaim", "claimName"]);
        self.plain(To::Claim, &mounts, format!("{at}/persistentVolumeClaim/claimName"), claim);
        for (driver, path) in DRIVERS {
            let name = volume.get(driver).and_then(|node| node.find(path));
            self.plain(To::Secret, &mounts, format!("{at}/{driver}/{}", path.join("/")), name);
        }
    }

    fn container(&mut self, container: &Container) {
        let Some(node) = container.node(&self.from) else { return };
        for (number, variable) in items(node, "env") {
            let name = variable.get("name").and_then(Node::as_str).unwrap_or_default();
            for (field, to) in [("configMapKeyRef", To::ConfigMap), ("secretKeyRef", To::Secret)] {
                let Some(from) = variable.get("valueFrom").and_then(|node| node.get(field)) else { continue };
                let at = format!("{}/env/{number}/valueFrom/{field}", container.pointer);
                let subject = format!("variable `{name}` of container `{}` takes", container.name);
                let parts = from.get("key").map(|key| (format!("{at}/key"), key)).into_iter().collect();
                self.add(to, subject, format!("{at}/name"), from.get("name"), parts, from.get("optional"));
            }
        }
        for (number, from) in items(node, "envFrom") {
            for (field, to) in [("configMapRef", To::ConfigMap), ("secretRef", To::Secret)] {
                let Some(from) = from.get(field) else { continue };
                let pointer = format!("{}/envFrom/{number}/{field}/name", container.pointer);
                let subject = format!("`envFrom` of container `{}` takes", container.name);
                self.add(to, subject, pointer, from.get("name"), Vec::new(), from.get("optional"));
            }
        }
    }
}
