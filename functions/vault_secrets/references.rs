//! Where objects name Secrets: the places at which kustomize would correct a name.

use krmor_core::facts;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::workload::Pod;
use krmor_yaml::{Kind, Node, escape_token};

/// How deep a pod's fields are searched.
const MAX_DEPTH: usize = 12;

/// A place that names a Secret.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) object: ObjectId,
    /// Pointer, from the object's root, of the text that is the name.
    pub(super) pointer: String,
    /// The Secret, as it is called now.
    pub(super) secret: ObjectId,
    /// What the place says.
    pub(super) name: String,
}

/// Every place of the stream that names one of the Secrets.
pub(super) fn to(stream: &Stream, pods: &[Pod], secrets: &[ObjectId]) -> Vec<Reference> {
    let mut out = Vec::new();
    for object in stream.objects() {
        let mut places = Vec::new();
        for pod in pods.iter().filter(|pod| pod.object == object.id()) {
            if let Some(spec) = pod.spec_node(&object) {
                of_pod(spec, &pod.spec, "", 0, &mut places);
            }
        }
        others(&object, &mut places);
        for (pointer, name) in places {
            let found = facts::referent(stream, &object, "", "Secret", &name);
            if let Some(secret) = found.map(|found| found.id()).filter(|id| secrets.contains(id)) {
                out.push(Reference { object: object.id(), pointer, secret, name });
            }
        }
    }
    out
}

/// `secretRef`, `secretKeyRef`, `nodePublishSecretRef` and the like, `secret` of volumes, `imagePullSecrets`.
fn of_pod(node: Node<'_>, pointer: &str, key: &str, depth: usize, out: &mut Vec<(String, String)>) {
    if depth > MAX_DEPTH {
        return;
    }
    match node.kind() {
        Kind::Map => {
            let is_reference =
                key.ends_with("ecretRef") || key == "secretKeyRef" || key == "secret" || key == "imagePullSecrets";
            for (inner, value) in node.entries() {
                let at = format!("{pointer}/{}", escape_token(&inner));
                let names = is_reference && inner == "name" || inner == "secretName";
                match value.as_str().filter(|_| names) {
                    Some(name) => out.push((at, name.into_owned())),
                    None => of_pod(value, &at, &inner, depth + 1, out),
                }
            }
        }
        Kind::Seq => {
            for (at, item) in node.items().enumerate() {
                of_pod(item, &format!("{pointer}/{at}"), key, depth + 1, out);
            }
        }
        _ => {}
    }
}

/// Ingresses and ServiceAccounts.
fn others(object: &Object<'_>, out: &mut Vec<(String, String)>) {
    let (group, kind) = (object.group(), object.kind());
    let places: &[(&[&str], &str)] = match (group.as_str(), kind.as_ref()) {
        ("networking.k8s.io", "Ingress") => &[(&["spec", "tls"], "secretName")],
        ("", "ServiceAccount") => &[(&["secrets"], "name"), (&["imagePullSecrets"], "name")],
        _ => &[],
    };
    for (list, key) in places {
        let items = object.root().find(list).into_iter().flat_map(Node::items);
        for (at, item) in items.enumerate() {
            if let Some(name) = item.get(key).and_then(Node::as_str) {
                out.push((format!("/{}/{at}/{key}", list.join("/")), name.into_owned()));
            }
        }
    }
}
