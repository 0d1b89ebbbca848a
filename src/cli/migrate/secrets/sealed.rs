//! Bitnami's SealedSecrets: the document becomes the Secret that its controller makes, with placeholders for what is sealed.

use serde_json::{Map, Value, json};

use super::edits::Edit;
use super::sources::{At, Moved, Scanner, text};
use crate::yaml::{self, Node};

/// Annotations that are about sealing, and what kubectl keeps.
pub(super) fn is_dropped(key: &str) -> bool {
    key.starts_with("sealedsecrets.bitnami.com/") || key == "kubectl.kubernetes.io/last-applied-configuration"
}

/// The edits that make a Secret of a SealedSecret.
pub(super) fn document(
    scanner: &mut Scanner<'_>,
    at: At<'_>,
    root: Node<'_>,
    pointer: &str,
    namespace: &str,
) -> Vec<Edit> {
    let metadata = root.get("metadata");
    let name = metadata.map(|metadata| text(metadata, "name")).unwrap_or_default();
    if scanner.is_excluded(&name) {
        return Vec::new();
    }
    let (spec, template) = (root.get("spec"), root.find(&["spec", "template"]));
    let refuse = |scanner: &mut Scanner<'_>, node: Node<'_>, message: String| {
        let remedy = format!("write its values to Vault and a reference here yourself, or say --exclude {name}");
        scanner.problem(at.place(node), message, remedy);
        Vec::new()
    };
    let Some(sealed) =
        spec.and_then(|spec| spec.get("encryptedData")).filter(|sealed| sealed.entries().next().is_some())
    else {
        let message = format!("SealedSecret {name} has no `encryptedData`: its keys are not known");
        return refuse(scanner, root, message);
    };
    let adds = ["metadata", "annotations", "sealedsecrets.bitnami.com/patch"];
    if template.and_then(|template| template.find(&adds)).is_some() {
        let message = format!("SealedSecret {name} adds its keys to a Secret that something else makes");
        return refuse(scanner, root, message);
    }
    let own = metadata.map(|metadata| text(metadata, "namespace")).unwrap_or_default();
    let namespace = if own.is_empty() { namespace } else { &own };
    let kv = scanner.kv(at.file.folder(), &name, namespace);
    let widest = scanner.widest(at.file.folder(), &name, namespace);
    let (mut data, mut moved) = (Map::new(), Vec::new());
    for (key, node) in sealed.entries() {
        data.insert(key.to_string(), json!(kv.placeholder(&key)));
        scanner.hide(at, node);
        moved.push((key.into_owned(), at.place(node), node.as_str().unwrap_or_default().into_owned()));
    }
    for (key, node) in template.and_then(|template| template.get("data")).into_iter().flat_map(Node::entries) {
        if node.is_null() {
            data.remove(key.as_ref());
            continue;
        }
        let placeholder = |key: &str| sealed.get(key).map(|_| kv.placeholder(key));
        let Some(text) = node.as_str().and_then(|text| filled(&text, &placeholder)) else {
            let message = format!("SealedSecret {name}: its template of `{key}` does more than name keys");
            return refuse(scanner, node, message);
        };
        data.insert(key.into_owned(), json!(text));
    }
    for (key, place, sealed) in moved {
        let (secret, kv, widest) = (name.clone(), kv.clone(), widest.clone());
        // Nobody here knows the value; that two are the same shows in what is sealed.
        let value = sealed.into_bytes();
        scanner.moved(Moved { place, secret, key, kv, value, encoded: false, others: false, widest });
    }
    let at_pointer = |path: &str| format!("{pointer}{path}");
    let mut edits =
        vec![Edit::Set(at_pointer("/apiVersion"), json!("v1")), Edit::Set(at_pointer("/kind"), json!("Secret"))];
    for (key, _) in root.find(&["metadata", "annotations"]).into_iter().flat_map(Node::entries) {
        if is_dropped(&key) {
            edits.push(Edit::Remove(at_pointer(&format!("/metadata/annotations/{}", yaml::escape_token(&key)))));
        }
    }
    for field in ["labels", "annotations"] {
        let entries = template.and_then(|template| template.find(&["metadata", field]));
        let entries: Vec<_> = entries.into_iter().flat_map(Node::entries).filter(|(key, _)| !is_dropped(key)).collect();
        if entries.is_empty() {
            continue;
        }
        let there = root.find(&["metadata", field]).is_some_and(|node| node.entries().next().is_some());
        if there {
            edits.extend(entries.into_iter().filter_map(|(key, value)| {
                let pointer = at_pointer(&format!("/metadata/{field}/{}", yaml::escape_token(&key)));
                Some(Edit::Set(pointer, value.to_value()?))
            }));
        } else {
            let map: Map<String, Value> =
                entries.into_iter().filter_map(|(key, value)| Some((key.into_owned(), value.to_value()?))).collect();
            edits.push(Edit::Set(at_pointer(&format!("/metadata/{field}")), Value::Object(map)));
        }
    }
    edits.push(Edit::Remove(at_pointer("/spec")));
    let kind = template.map(|template| text(template, "type")).filter(|kind| !kind.is_empty());
    edits.extend(kind.map(|kind| Edit::Set(at_pointer("/type"), json!(kind))));
    if template.and_then(|template| template.get("immutable")).and_then(Node::as_bool) == Some(true) {
        edits.push(Edit::Set(at_pointer("/immutable"), json!(true)));
    }
    edits.push(Edit::Set(at_pointer("/stringData"), Value::Object(data)));
    if root.get("status").is_some() {
        edits.push(Edit::Remove(at_pointer("/status")));
    }
    edits
}

/// A text of the controller's templates with placeholders for `{{ .key }}` and `{{ index . "key" }}`; `None` where it has
/// more than that.
pub(super) fn filled(text: &str, placeholder: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, behind) = after.split_once("}}")?;
        let inner = inner.trim();
        let index = inner.strip_prefix("index").map(str::trim_start).and_then(|rest| rest.strip_prefix('.'));
        let key = match index {
            Some(rest) => rest.trim().strip_prefix('"')?.strip_suffix('"')?,
            None => inner.strip_prefix('.').filter(|key| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))?,
        };
        out.push_str(before);
        out.push_str(&placeholder(key)?);
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_that_only_name_keys_are_filled() {
        let placeholder = |key: &str| (key != "other").then(|| format!("<{key}>"));
        for (text, wanted) in [
            ("plain", Some("plain")),
            ("u: {{ .user }}, p: {{index . \"pass-word\"}}!", Some("u: <user>, p: <pass-word>!")),
            ("{{ .other }}", None),
            ("{{ .user | quote }}", None),
            ("{{- .user }}", None),
            ("{{ .user", None),
        ] {
            assert_eq!(filled(text, &placeholder).as_deref(), wanted, "{text}");
        }
    }
}
