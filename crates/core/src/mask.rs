//! What no view of a report may show, as values and as text: data of Secrets, values of environment variables and headers,
//! copies that kubectl made of them, passwords on command lines and in addresses, queries of probes.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use crate::secret_names::{Promise, promise};
use krmor_yaml::{self as yaml, Kind, Node};

mod comments;
mod config;
mod words;

pub use comments::hidden_spans;
pub use config::{Config, config_spans, is_private_field};
use words::{Words, is_reference, script};
pub use words::{addresses, holds_secret};

/// What stands for a value that must not be shown.
pub const MASK: &str = "***";

/// Letters and digits of ASCII, and whatever is beyond but Unicode's General Punctuation: to tell the letters there takes a
/// table of all languages.
#[must_use]
pub fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || !(c.is_ascii() || matches!(c, '\u{2000}'..='\u{206f}'))
}

/// The annotation in which `kubectl apply` keeps the whole object, with all its values.
#[cfg(test)]
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Annotations in which a program keeps the whole object, by their keys.
fn is_copy(key: &str) -> bool {
    key.contains("last-applied") && !key.ends_with("-hash")
        || matches!(key, "kapp.k14s.io/original" | "kapp.k14s.io/original-diff" | "objectset.rio.cattle.io/applied")
}

/// Lists of items with `name` and `value` whose values may be secrets: environment variables, and the headers of probes,
/// which may hold a login.
fn is_named_values(key: &str) -> bool {
    matches!(key, "env" | "httpHeaders")
}

/// Lists of words that a program is started with.
fn is_command(key: &str) -> bool {
    matches!(key, "command" | "args")
}

/// What volume drivers are told, by names of their own.
fn is_options(key: &str) -> bool {
    matches!(key, "options" | "volumeAttributes")
}

fn is_secret_name(name: &str) -> bool {
    matches!(promise(name), Some(Promise::Secret(_) | Promise::SecretOrName(_)))
}

/// A value as any view may show it; it stands at `pointer` in an object of the kind.
#[must_use]
pub fn mask(kind: &str, pointer: &str, value: &Value) -> Value {
    let tokens = yaml::pointer_tokens(pointer).unwrap_or_default();
    let in_secret = kind == "Secret" || tokens.iter().any(|token| token == "items") && kind.ends_with("List");
    let mut hidden = in_secret && tokens.iter().any(|token| is_data(token))
        || kind == "Secret" && tokens.first().is_some_and(|token| !is_head(token) && token != "items");
    // The fields on the way: an item is of its list's field.
    let (mut around, mut field) = ("", "");
    for token in tokens.iter().filter(|token| !is_index(token)) {
        (around, field) = (field, token);
        hidden |= is_hidden(around, field);
    }
    hidden |= is_hidden_value(around, field, value);
    let shown = hide(value, field, hidden, kind == "Secret");
    let trail = tokens.iter().rev().filter(|token| !is_index(token)).map(AsRef::as_ref);
    let mut last = [""; TRAIL];
    last.iter_mut().rev().zip(trail).for_each(|(place, token)| *place = token);
    let shown = without_literals(shown, last);
    if around == "httpGet" && field == "path" { without_query(shown) } else { shown }
}

fn is_data(key: &str) -> bool {
    matches!(key, "data" | "stringData")
}

/// The fields of a Secret that say what it is. What stands elsewhere may be an anchor for its data.
fn is_head(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata" | "type" | "immutable")
}

fn is_index(token: &str) -> bool {
    token == "-" || token.bytes().all(|b| b.is_ascii_digit())
}

/// Whether all that stands under a key is hidden, by the field around it.
fn is_hidden(around: &str, key: &str) -> bool {
    is_copy(key)
        || is_named_values(around) && key == "value"
        || is_options(around) && matches!(promise(key), Some(Promise::Secret(_)))
}

/// Whether a text, or each of a list, is hidden, by its own field and the one around that.
fn is_hidden_text(around: &str, key: &str, text: &str) -> bool {
    match (around, key) {
        // A Route has the key itself.
        ("tls", "key") => true,
        // The External Secrets Operator's name for a key.
        ("data", "secretKey") => false,
        // Whatever program keeps a copy of the object there.
        ("annotations", _) if text.trim_start().starts_with('{') && text.contains("\"apiVersion\"") => true,
        _ => {
            let promised = matches!(promise(key), Some(Promise::Secret(_)));
            promised && !is_reference(text) && !is_placeholder(text) || text.contains("PRIVATE KEY-----")
        }
    }
}

/// Whether all of a text stands for what another place has.
fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    [("{{", "}}"), ("<path:", ">"), ("<", ">")]
        .iter()
        .any(|(open, close)| text.starts_with(open) && text.ends_with(close))
}

fn is_hidden_value(around: &str, key: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => is_hidden_text(around, key, text),
        Value::Number(number) => is_hidden_text(around, key, &number.to_string()),
        Value::Array(items) => {
            items.iter().any(Value::is_string) && items.iter().all(|item| is_hidden_value(around, key, item))
        }
        _ => false,
    }
}

fn is_hidden_node(around: &str, key: &str, node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Scalar if node.is_null() || node.as_bool().is_some() => false,
        Kind::Scalar => {
            is_hidden_text(around, key, &node.as_str().or(node.source().map(Cow::Borrowed)).unwrap_or_default())
        }
        Kind::Seq => {
            let mut items = node.items();
            items.next().is_some()
                && node.items().all(|item| item.kind() == Kind::Scalar && is_hidden_node(around, key, item))
        }
        _ => false,
    }
}

fn hide(value: &Value, field: &str, hidden: bool, in_secret: bool) -> Value {
    match value {
        Value::Object(entries) => {
            let starts_here = entries.get("kind").is_some_and(|kind| kind == "Secret");
            let in_secret = in_secret || starts_here;
            let one = |(key, inner): (&String, &Value)| {
                let of_secret = starts_here && !is_head(key) || in_secret && (is_data(key) || key == "annotations");
                let own = is_hidden(field, key) || is_hidden_value(field, key, inner);
                let shown = hide(inner, key, hidden || of_secret || own, in_secret);
                let is_path = field == "httpGet" && key == "path";
                (key.clone(), if is_path { without_query(shown) } else { shown })
            };
            Value::Object(entries.iter().map(one).collect())
        }
        Value::Array(items) if is_command(field) && !hidden => {
            let mut words = Words::default();
            let word = |item: &Value| item.as_str().map(|word| Value::String(words.next(word).into_owned()));
            let shown: Vec<_> = items.iter().map(word).collect();
            let rest = items.iter().map(|item| hide(item, field, hidden, in_secret));
            shown.into_iter().zip(rest).map(|(word, other)| word.unwrap_or(other)).collect()
        }
        Value::Array(items) => items.iter().map(|item| hide(item, field, hidden, in_secret)).collect(),
        Value::Null => Value::Null,
        _ if hidden => Value::String(MASK.to_owned()),
        Value::String(word) if is_command(field) => Value::String(Words::default().next(word).into_owned()),
        Value::String(text) => Value::String(words::line(text).into_owned()),
        other => other.clone(),
    }
}

/// How many fields on the way tell what of an object goes into the Secret that it makes.
const TRAIL: usize = 5;

/// Whether a text is a template for a Secret, by the last fields on the way: those of the External Secrets Operator and
/// SealedSecrets, and those of the Vault Secrets Operator.
fn is_template(trail: [&str; TRAIL]) -> bool {
    matches!(trail, [.., "template", "data", _] | [.., "templates", _, "text"])
}

/// Whether a text is an annotation of a Secret that the object makes: as much may stand there as in the Secret's own.
fn is_annotation(trail: [&str; TRAIL]) -> bool {
    matches!(
        trail,
        [.., "destination" | "secretObjects", "annotations", _] | ["target", "template", "metadata", "annotations", _]
    )
}

/// What a view may show of a text that goes into a Secret.
fn of_made_secret<'t>(text: &'t str, trail: [&str; TRAIL]) -> Cow<'t, str> {
    match () {
        () if is_annotation(trail) => Cow::Owned(MASK.to_owned()),
        () if is_template(trail) => without_literal(text),
        () => Cow::Borrowed(text),
    }
}

fn moved<T>([_, second, third, fourth, last]: [T; TRAIL], next: T) -> [T; TRAIL] {
    [second, third, fourth, last, next]
}

/// A template without the text around what is filled in, which stood in a Secret.
fn without_literal(text: &str) -> Cow<'_, str> {
    let mut rest = text;
    let mut out = String::new();
    let plain = |text: &str, out: &mut String| {
        if !text.trim().is_empty() {
            out.push_str(MASK);
        }
    };
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, behind)) = after.split_once("}}") else { break };
        plain(before, &mut out);
        out.push_str(&format!("{{{{{inside}}}}}"));
        rest = behind;
    }
    plain(rest, &mut out);
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

fn without_literals(value: Value, trail: [&str; TRAIL]) -> Value {
    match value {
        Value::Object(entries) => {
            let one = |(key, inner): (String, Value)| {
                let inner = without_literals(inner, moved(trail, &key));
                (key, inner)
            };
            Value::Object(entries.into_iter().map(one).collect())
        }
        Value::Array(items) => items.into_iter().map(|item| without_literals(item, trail)).collect(),
        Value::String(text) => Value::String(of_made_secret(&text, trail).into_owned()),
        other => other,
    }
}

/// `/health?token=…` without the query.
fn without_query(path: Value) -> Value {
    match path.as_str().and_then(|path| path.split_once('?')) {
        Some((path, _)) => Value::String(format!("{path}?{MASK}")),
        None => path,
    }
}

/// Where a document's text holds what [`mask`] masks in values: byte spans that no view may show, in order.
#[must_use]
pub fn secret_spans(root: Node<'_>) -> Vec<Range<usize>> {
    let mut out = literal_spans(root);
    // A node, the field that it is, and the kind that a typed list (`SecretList`) gives items which do not say.
    let mut open = vec![(root, Cow::Borrowed(""), None)];
    while let Some((node, field, implied)) = open.pop() {
        open.extend(node.items().map(|item| (item, field.clone(), None)));
        let kind = node.get("kind").and_then(Node::as_str).or(implied);
        let of_secret = kind.as_deref() == Some("Secret");
        for (key, value) in node.entries() {
            match key.as_ref() {
                "data" | "stringData" if of_secret => secret_data(value, &mut out),
                // kubectl's last-applied-configuration repeats the data.
                "metadata" if of_secret => out.extend(value.get("annotations").and_then(Node::span)),
                name if of_secret && !is_head(name)
                    || is_hidden(&field, name)
                    || is_hidden_node(&field, name, value) =>
                {
                    out.extend(value.span());
                }
                "path" if field == "httpGet" && value.as_str().is_some_and(|path| path.contains('?')) => {
                    out.extend(value.span());
                }
                list if is_command(list) && value.kind() == Kind::Seq => command(value, &mut out),
                "items" if value.kind() == Kind::Seq => {
                    let item =
                        kind.as_deref().and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
                    open.extend(
                        value
                            .items()
                            .map(|node| (node, Cow::Borrowed(""), item.map(|kind| Cow::Owned(kind.to_owned())))),
                    );
                }
                _ => open.push((value, key, None)),
            }
        }
    }
    out.sort_by_key(|span| (span.start, span.end));
    out
}

/// What goes into a Secret that an object makes.
fn literal_spans(root: Node<'_>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut open = vec![(root, [const { Cow::Borrowed("") }; TRAIL])];
    while let Some((node, trail)) = open.pop() {
        let shown = |text: &str| *of_made_secret(text, trail.each_ref().map(AsRef::as_ref)) == *text;
        if node.as_str().is_some_and(|text| !shown(&text)) {
            out.extend(node.span());
        }
        open.extend(node.items().map(|item| (item, trail.clone())));
        open.extend(node.entries().map(|(key, value)| (value, moved(trail.clone(), key))));
    }
    out
}

/// What an excerpt of a document's text may not show, in no order: [`secret_spans`], and what only may be a secret. Commands
/// and texts of several lines hold more than their fields' names tell.
#[must_use]
pub fn private_spans(root: Node<'_>) -> Vec<Range<usize>> {
    let mut out = secret_spans(root);
    let mut open = vec![(root, Cow::Borrowed(""))];
    while let Some((node, field)) = open.pop() {
        open.extend(node.items().map(|item| (item, field.clone())));
        open.extend(node.entries().map(|(key, value)| (value, key)));
        let is_private = match node.kind() {
            Kind::Scalar => match (node.as_str(), promise(&field)) {
                (_, _) if is_command(&field) => true,
                (Some(_), Some(Promise::Perhaps(_))) => field != "key",
                (Some(text), None) => text.contains('\n') || script(&text) != addresses(&text),
                (None, None | Some(Promise::Perhaps(_))) => false,
                (_, Some(_)) => node.as_bool().is_none(),
            },
            _ => false,
        };
        out.extend(node.span().filter(|_| is_private));
    }
    out
}

/// A line with stars for the letters of what lies in `spans`, which are in order, and of what stands behind `comment`: columns
/// stay. `start` is where in the text the line begins.
#[must_use]
pub fn starred(line: &str, start: usize, spans: &[Range<usize>], comment: usize) -> String {
    let mut spans = spans.iter();
    let mut hidden_to = 0;
    let mut next = spans.next();
    let one = |(at, c): (usize, char)| {
        let place = start + at;
        while let Some(span) = next.filter(|span| span.start <= place) {
            hidden_to = hidden_to.max(span.end);
            next = spans.next();
        }
        if is_letter(c) && (at >= comment || place < hidden_to) { '*' } else { c }
    };
    line.char_indices().map(one).collect()
}

/// All of a Secret's data but its keys: a comment between may be an old value.
fn secret_data(data: Node<'_>, out: &mut Vec<Range<usize>>) {
    let Some(span) = data.span() else { return };
    let mut keys: Vec<_> = data.entries().filter_map(|(key, _)| data.key_span(&key)).collect();
    keys.retain(|key| span.start <= key.start && key.end <= span.end); // an alias stands for text elsewhere
    keys.sort_by_key(|key| key.start);
    let mut from = span.start;
    for key in keys {
        out.push(from..key.start);
        from = key.end;
    }
    out.push(from..span.end);
    out.extend(data.entries().filter_map(|(_, value)| value.span()));
}

/// The words of a command that [`mask`] does not show as they are.
fn command(list: Node<'_>, out: &mut Vec<Range<usize>>) {
    let mut words = Words::default();
    for item in list.items() {
        let Some(word) = item.as_str() else { continue };
        // Addresses are masked in any text.
        if words.next(&word) != addresses(&word) {
            out.extend(item.span());
        }
    }
}

#[cfg(test)]
mod tests;
