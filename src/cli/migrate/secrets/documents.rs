//! Secrets in documents and patches: each value becomes a placeholder.

use std::collections::BTreeSet;

use serde_json::json;

use super::Origin;
use super::edits::Edit;
use super::sources::{At, Form, Group, Moved, NEVER, Scanner, is_placeholder, text};
use super::vault::Kv;
use crate::yaml::{self, Node, base64};

/// A Secret, or a patch of one.
pub(super) fn secret(
    scanner: &mut Scanner<'_>,
    at: At<'_>,
    root: Node<'_>,
    pointer: &str,
    namespace: &str,
) -> Vec<Edit> {
    let name = root.find(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default().into_owned();
    if scanner.is_excluded(&name) || NEVER.contains(&text(root, "type").as_str()) {
        return Vec::new();
    }
    if root.get("sops").is_some() {
        let remedy = format!("write its values to Vault and placeholders here yourself, or say --exclude {name}");
        scanner.problem(at.place(root), format!("Secret {name} is encrypted by SOPS"), remedy);
        return Vec::new();
    }
    let annotation = root.find(&["metadata", "annotations", "avp.kubernetes.io/path"]).and_then(Node::as_str);
    let annotated = annotation.is_some();
    let mut values = Vec::new();
    let mut there = BTreeSet::new();
    let mut only_values = true;
    for field in ["data", "stringData"] {
        for (key, node) in root.get(field).into_iter().flat_map(Node::entries) {
            if node.is_null() {
                continue; // a patch takes the key away
            }
            let Some(text) = node.as_str() else {
                let message = format!("Secret {name}: the value of `{key}` is no text");
                scanner.problem(at.place(node), message, "put it in quotes");
                continue;
            };
            let decoded = base64::decode(&text);
            let plain = decoded.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
            let placeholders = [Some(text.as_ref()), plain.filter(|_| field == "data")];
            if placeholders.into_iter().flatten().any(|text| is_placeholder(text, annotated)) {
                there.extend(placeholders.into_iter().flatten().flat_map(Kv::in_text));
                let by_annotation = placeholders.into_iter().flatten().any(|text| !text.contains("<path:"));
                there.extend(annotation.as_deref().and_then(Kv::of_path).filter(|_| by_annotation));
                only_values &= field != "data";
                continue;
            }
            let value = if field == "data" { decoded } else { Some(text.as_bytes().to_vec()) };
            let Some(value) = value else {
                let message = format!("Secret {name}: the value of `{key}` under `data` is no base64");
                scanner.problem(at.place(node), message, "correct it, or move it to `stringData`");
                continue;
            };
            values.push((field, key.into_owned(), node, value));
        }
    }
    let others = there.len() == 1;
    let own = root.find(&["metadata", "namespace"]).and_then(Node::as_str);
    let namespace = own.as_deref().unwrap_or(namespace);
    let widest = scanner.widest(at.file.folder(), &name, namespace);
    let own = || scanner.kv(at.file.folder(), &name, namespace);
    let kv = there.pop_first().filter(|_| others).unwrap_or_else(own);
    let is_text = |value: &[u8]| std::str::from_utf8(value).is_ok();
    let has_data = values.iter().any(|(field, ..)| *field == "data");
    let renamed = scanner.readable
        && has_data
        && only_values
        && root.get("stringData").is_none()
        && values.iter().all(|(.., value)| is_text(value))
        && root.key_span("data").is_some();
    if let Some((field, _, node, _)) = values.first().filter(|_| at.inline.is_none()) {
        let field = if renamed { "stringData" } else { field };
        scanner.plan.groups.push(Group {
            file: at.file.path.clone(),
            document: 0,
            pointer: format!("{pointer}/{field}"),
            form: if field == "data" { Form::Data } else { Form::StringData },
            secret: name.clone(),
            kv: kv.clone(),
            place: at.place(*node),
        });
    }
    let mut edits = Vec::new();
    if renamed {
        edits.push(Edit::Rename(pointer.to_owned(), "data", "stringData"));
    }
    for (field, key, node, value) in values {
        let encoded = !is_text(&value);
        let placeholder = kv.placeholder(&key);
        let as_text = field == "stringData" || renamed || encoded;
        let new = if as_text { placeholder } else { base64::encode(placeholder.as_bytes()) };
        let field = if renamed { "stringData" } else { field };
        edits.push(Edit::Set(format!("{pointer}/{field}/{}", yaml::escape_token(&key)), json!(new)));
        scanner.hide(at, node);
        // The API server takes `stringData` where both have a key.
        let over = root.get("stringData").and_then(|texts| texts.get(&key)).is_some_and(|node| !node.is_null());
        if over && field == "data" {
            continue;
        }
        let (place, secret, kv, widest) = (at.place(node), name.clone(), kv.clone(), widest.clone());
        scanner.moved(Moved { place, secret, key, kv, value, encoded, others, widest });
    }
    edits
}

/// A JSON Patch of a Secret.
pub(super) fn operations(
    scanner: &mut Scanner<'_>,
    at: At<'_>,
    root: Node<'_>,
    target: Node<'_>,
    namespace: &str,
) -> Vec<Edit> {
    let name = text(target, "name");
    if scanner.origin != Origin::Secrets || scanner.is_excluded(&name) {
        return Vec::new();
    }
    let mut edits = Vec::new();
    for (number, item) in root.items().enumerate() {
        let path = text(item, "path");
        let Some(value) = item.get("value") else { continue };
        if text(item, "op") == "test" && (path.starts_with("/data/") || path.starts_with("/stringData/")) {
            let message = "a patch tests a value, which will be a placeholder";
            scanner.problem(at.place(item), message, "take the test out");
            continue;
        }
        let key = ["data", "stringData"].into_iter().find_map(|field| {
            let key = path.strip_prefix('/')?.strip_prefix(field)?.strip_prefix('/')?;
            Some((field, yaml::unescape_token(key)?.into_owned()))
        });
        let Some((field, key)) = key else {
            if path == "/data" || path == "/stringData" {
                let message = format!("a patch of Secret {name} replaces all of its keys at once");
                scanner.problem(at.place(item), message, "patch single keys, such as `/stringData/key`");
            }
            continue;
        };
        if name.is_empty() || name.contains(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c)) {
            let message = "a patch gives values to Secrets whose names are not known here";
            scanner.problem(at.place(item), message, "name one Secret under `target`");
            continue;
        }
        let Some(text) = value.as_str().filter(|text| !text.contains("<path:")) else { continue };
        let bytes = if field == "data" { base64::decode(&text) } else { Some(text.as_bytes().to_vec()) };
        let Some(bytes) = bytes else {
            scanner.problem(at.place(value), format!("Secret {name}: `{key}` is no base64"), "correct it");
            continue;
        };
        if std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<path:")) {
            continue;
        }
        let encoded = std::str::from_utf8(&bytes).is_err();
        let kv = scanner.kv(at.file.folder(), &name, namespace);
        let placeholder = kv.placeholder(&key);
        let new = if field == "data" && !encoded { base64::encode(placeholder.as_bytes()) } else { placeholder };
        edits.push(Edit::Set(format!("/{number}/value"), json!(new)));
        scanner.hide(at, value);
        let place = at.place(value);
        let (secret, widest) = (name.clone(), scanner.widest(at.file.folder(), &name, namespace));
        scanner.moved(Moved { place, secret, key, kv, value: bytes, encoded, others: false, widest });
    }
    edits
}
