//! What reaches the store of secrets: a Secret that a login or connection to it takes cannot come from the store itself.

use super::{Facts, in_namespace};
use crate::stream::{Object, ObjectId};
use krmor_yaml::{Kind, Node, escape_token};

/// Kinds of objects that say how to reach a store: API group, kind; `*` for every kind of the group.
const KINDS: &[(&str, &str)] = &[
    ("external-secrets.io", "ClusterSecretStore"),
    ("external-secrets.io", "SecretStore"),
    ("generators.external-secrets.io", "*"),
    ("secrets.hashicorp.com", "HCPAuth"),
    ("secrets.hashicorp.com", "VaultAuth"),
    ("secrets.hashicorp.com", "VaultAuthGlobal"),
    ("secrets.hashicorp.com", "VaultConnection"),
];

/// The driver whose volumes bring secrets from a store.
const STORE_DRIVER: &str = "secrets-store.csi.k8s.io";

/// An object that takes a Secret to reach a store.
#[derive(Clone, Debug)]
pub struct Unlock {
    /// The object.
    pub object: ObjectId,
    /// JSON Pointer of the Secret's name, from the object's root.
    pub pointer: String,
    /// How messages name the object.
    pub title: String,
    /// What it calls the Secret.
    pub name: String,
    /// Where the Secret is; the operators look in the namespaces of those who use a login, too, so none is any.
    namespace: Option<String>,
}

impl Unlock {
    /// Whether it takes this Secret.
    #[must_use]
    pub fn takes(&self, secret: &Object<'_>) -> bool {
        secret.is_named(&self.name) && self.namespace.as_ref().is_none_or(|own| in_namespace(secret, own))
    }
}

/// Everything in a stream that takes a Secret to reach a store.
#[must_use]
pub fn unlocks(facts: Facts<'_>) -> Vec<Unlock> {
    let mut out = Vec::new();
    for object in facts.stream.objects() {
        let (group, kind) = (object.group(), object.kind());
        if KINDS.iter().any(|(own, one)| *own == group && (*one == "*" || *one == kind)) {
            read(&object, &mut out);
        }
    }
    for (_, pod, object) in facts.numbered_pods() {
        let volumes = pod.spec_node(&object).and_then(|spec| spec.get("volumes"));
        for (at, volume) in volumes.into_iter().flat_map(Node::items).enumerate() {
            let driver = volume.find(&["csi", "driver"]).and_then(Node::as_str);
            let name = volume.find(&["csi", "nodePublishSecretRef", "name"]).and_then(Node::as_str);
            if let Some(name) = name.filter(|_| driver.as_deref() == Some(STORE_DRIVER)) {
                let pointer = format!("{}/volumes/{at}/csi/nodePublishSecretRef/name", pod.spec);
                let namespace = Some(object.namespace().into_owned());
                out.push(unlock(&object, pointer, name.into_owned(), namespace));
            }
        }
    }
    out
}

fn unlock(object: &Object<'_>, pointer: String, name: String, namespace: Option<String>) -> Unlock {
    let title = format!("{} {}", object.kind(), object.name());
    Unlock { object: object.id(), pointer, title, name, namespace }
}

/// Each provider has its own fields. They are alike in that a Secret is named under a field that says so, or with a key.
fn read(object: &Object<'_>, out: &mut Vec<Unlock>) {
    let Some(spec) = object.root().get("spec") else { return };
    let mut open = vec![(spec, "/spec".to_owned(), String::new(), false)];
    while let Some((node, pointer, field, below_reference)) = open.pop() {
        let lower = field.to_ascii_lowercase();
        let says_secret = below_reference || lower.contains("secret");
        let below_reference = below_reference || lower.contains("secretref");
        match node.kind() {
            Kind::Scalar if says_secret && field.ends_with("Ref") => {
                if let Some(name) = node.as_str() {
                    out.push(unlock(object, pointer, name.into_owned(), None));
                }
                continue;
            }
            Kind::Map => {
                let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
                let is_other = text("kind").or_else(|| text("type")).is_some_and(|kind| kind == "ConfigMap")
                    || lower.contains("serviceaccount");
                let is_secret = says_secret || node.get("key").is_some();
                if let Some(name) = text("name").filter(|_| is_secret && !is_other) {
                    let namespace = text("namespace").map(std::borrow::Cow::into_owned);
                    out.push(unlock(object, format!("{pointer}/name"), name.into_owned(), namespace));
                }
            }
            _ => {}
        }
        let below = |token: &str| format!("{pointer}/{token}");
        let fields = node.entries().map(|(key, value)| (value, below(&escape_token(&key)), key.into_owned()));
        let items = node.items().enumerate().map(|(at, item)| (item, below(&at.to_string()), field.clone()));
        open.extend(fields.chain(items).map(|(node, at, field)| (node, at, field, below_reference)));
    }
}
