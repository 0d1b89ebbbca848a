//! What a pod names: ConfigMaps, Secrets, its ServiceAccount and claims.

use serde_json::Value;

use krmor_core::facts;
use krmor_core::stream::{Object, Stream};
use krmor_core::supply::{Store, makers};

/// A name in a pod's spec.
pub(super) struct Reference {
    /// Kind of what is named, of the core group.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// JSON Pointer of the name, from the pod's spec.
    pub(super) pointer: String,
}

/// Where containers name things, below an item of `env` and `envFrom`.
const IN_CONTAINERS: [(&str, &str, &str); 4] = [
    ("envFrom", "/configMapRef/name", "ConfigMap"),
    ("envFrom", "/secretRef/name", "Secret"),
    ("env", "/valueFrom/configMapKeyRef/name", "ConfigMap"),
    ("env", "/valueFrom/secretKeyRef/name", "Secret"),
];
/// Where items of `volumes` do.
const IN_VOLUMES: [(&str, &str); 4] = [
    ("/configMap/name", "ConfigMap"),
    ("/secret/secretName", "Secret"),
    ("/persistentVolumeClaim/claimName", "PersistentVolumeClaim"),
    ("/csi/nodePublishSecretRef/name", "Secret"),
];
/// Where the sources of projected volumes do.
const IN_SOURCES: [(&str, &str); 2] = [("/configMap/name", "ConfigMap"), ("/secret/name", "Secret")];

/// Every name in a pod's spec.
pub(super) fn of(spec: &Value) -> Vec<Reference> {
    let mut out = Vec::new();
    let mut look = |pointer: String, kind: &'static str| {
        if let Some(name) = spec.pointer(&pointer).and_then(Value::as_str) {
            out.push(Reference { kind, name: name.to_owned(), pointer });
        }
    };
    let count = |pointer: &str| spec.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len);
    look("/serviceAccountName".to_owned(), "ServiceAccount");
    for at in 0..count("/imagePullSecrets") {
        look(format!("/imagePullSecrets/{at}/name"), "Secret");
    }
    for container in 0..count("/containers") {
        for (list, path, kind) in IN_CONTAINERS {
            let list = format!("/containers/{container}/{list}");
            for at in 0..count(&list) {
                look(format!("{list}/{at}{path}"), kind);
            }
        }
    }
    for at in 0..count("/volumes") {
        let volume = format!("/volumes/{at}");
        for (path, kind) in IN_VOLUMES {
            look(format!("{volume}{path}"), kind);
        }
        let sources = format!("{volume}/projected/sources");
        for source in 0..count(&sources) {
            for (path, kind) in IN_SOURCES {
                look(format!("{sources}/{source}{path}"), kind);
            }
        }
    }
    out
}

/// What the stream has under a name that `from` refers to: the object, or for a Secret the one that makes it.
pub(super) fn provider<'s>(stream: &'s Stream, from: &Object<'_>, reference: &Reference) -> Option<Object<'s>> {
    let made = || {
        let makes = |object: &Object<'_>| reference.kind == "Secret" && makes_secret(object, &reference.name);
        stream.objects().find(|object| makes(object) && facts::share_namespace(object, from))
    };
    facts::referent(stream, from, "", reference.kind, &reference.name).or_else(made)
}

/// Whether an operator makes the Secret from the object.
fn makes_secret(object: &Object<'_>, name: &str) -> bool {
    makers::made(object).is_some_and(|made| {
        let called = made.name.map_or_else(|| object.is_named(name), |given| given == name);
        called && made.store == Store::Secret && !made.stands
    })
}
