//! What makes ConfigMaps and Secrets: the objects themselves, and those of controllers, one function each.

use super::{Content, Keys, Store, keys_of};
use crate::stream::Object;
use krmor_yaml::{Kind, Node};

/// A ConfigMap or Secret that an object is, or makes.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // four independent facts
pub struct Made {
    /// What it is.
    pub store: Store,
    /// Its name where a field gives it; else it is called as the object is.
    pub name: Option<String>,
    /// The keys that are known.
    pub keys: Keys,
    /// Whether it may have more.
    pub open: bool,
    /// Whether the object is the ConfigMap or Secret itself.
    pub stands: bool,
    /// Whether it comes into being by this; otherwise keys are added to what something else makes.
    pub creates: bool,
    /// Whether it is made in namespaces other than the object's.
    pub everywhere: bool,
}

impl Made {
    pub(super) fn new(store: Store) -> Self {
        let (name, keys) = (None, Keys::default());
        Self { store, name, keys, open: false, stands: false, creates: true, everywhere: false }
    }
}

/// What the object is or makes, if it is a ConfigMap or Secret or a kind that is known to make one.
#[must_use]
pub fn made(object: &Object<'_>) -> Option<Made> {
    let (group, kind, root) = (object.group(), object.kind(), object.root());
    match (group.as_str(), kind.as_ref()) {
        ("", "ConfigMap") => {
            let binary = keys_of(root.get("binaryData")).map(|(key, _)| (key, Content::Binary));
            let keys = binary.chain(keys_of(root.get("data"))).collect();
            Some(Made { stands: true, keys, ..Made::new(Store::ConfigMap) })
        }
        ("", "Secret") => {
            let keys = keys_of(root.get("data")).chain(keys_of(root.get("stringData"))).collect();
            // A controller fills these: service account tokens.
            let open =
                root.get("type").and_then(Node::as_str).as_deref() == Some("kubernetes.io/service-account-token");
            Some(Made { stands: true, keys, open, ..Made::new(Store::Secret) })
        }
        ("bitnami.com", "SealedSecret") => Some(sealed(root)),
        ("external-secrets.io", "ExternalSecret") => external(root.get("spec")),
        ("external-secrets.io", "ClusterExternalSecret") => {
            let made = external(root.find(&["spec", "externalSecretSpec"]))?;
            let name = made.name.clone().or_else(|| text(root.find(&["spec", "externalSecretName"])));
            Some(Made { name, everywhere: true, ..made })
        }
        ("secrets.hashicorp.com", _) => vault(root.find(&["spec", "destination"])?),
        ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => synced(root),
        ("cert-manager.io", "Certificate") => {
            let name = text(root.find(&["spec", "secretName"]))?;
            let keys = ["tls.crt", "tls.key"].map(|key| (key.to_owned(), Content::Value));
            Some(Made { name: Some(name), keys: keys.into_iter().collect(), open: true, ..Made::new(Store::Secret) })
        }
        _ => None,
    }
}

fn text(node: Option<Node<'_>>) -> Option<String> {
    Some(node?.as_str().filter(|text| !text.is_empty())?.into_owned())
}

/// Bitnami's SealedSecret: the Secret has its name; `template.data` adds keys, and a null there takes one away.
fn sealed(root: Node<'_>) -> Made {
    let template = root.find(&["spec", "template", "data"]);
    let is_taken = |key: &str| template.and_then(|template| template.get(key)).is_some_and(Node::is_null);
    let encrypted = keys_of(root.find(&["spec", "encryptedData"])).filter(|(key, _)| !is_taken(key));
    let encrypted = encrypted.map(|(key, _)| (key, Content::Value));
    let keys = encrypted.chain(keys_of(template).filter(|(_, content)| *content == Content::Value)).collect();
    Made { keys, open: root.find(&["spec", "data"]).is_some(), ..Made::new(Store::Secret) }
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
    let name = text(target.and_then(|target| target.get("name")));
    let creates = policy.as_deref() != Some("Merge");
    let keys = keys.into_iter().collect();
    Some(Made { name, keys, open, creates, ..Made::new(Store::Secret) })
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
    Some(Made { name: Some(name), keys, open, ..Made::new(Store::Secret) })
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

/// The Secrets Store CSI driver: the Secret that it makes while a pod mounts the class.
fn synced(root: Node<'_>) -> Option<Made> {
    let object = root.find(&["spec", "secretObjects"])?.items().next()?;
    let keys = object.get("data").into_iter().flat_map(Node::items).filter_map(|item| text(item.get("key")));
    let keys = keys.map(|key| (key, Content::Value)).collect();
    Some(Made { name: Some(text(object.get("secretName"))?), keys, ..Made::new(Store::Secret) })
}
