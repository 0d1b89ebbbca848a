//! What no view of a report may show, as values and as text: data of Secrets, values of environment variables and headers,
//! copies that kubectl made of them, passwords on command lines and in addresses, queries of probes.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use crate::secret_names::{Promise, promise};
use krmor_yaml::{self as yaml, Kind, Node};

/// What stands for a value that must not be shown.
pub const MASK: &str = "***";

/// Letters and digits of ASCII, and whatever is beyond but Unicode's General Punctuation: to tell the letters there takes a
/// table of all languages.
#[must_use]
pub fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || !(c.is_ascii() || matches!(c, '\u{2000}'..='\u{206f}'))
}

/// The annotation in which `kubectl apply` keeps the whole object, with all its values.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

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
    key == LAST_APPLIED
        || is_named_values(around) && key == "value"
        || is_options(around) && matches!(promise(key), Some(Promise::Secret(_)))
}

fn hide(value: &Value, field: &str, hidden: bool, in_secret: bool) -> Value {
    match value {
        Value::Object(entries) => {
            let starts_here = entries.get("kind").is_some_and(|kind| kind == "Secret");
            let in_secret = in_secret || starts_here;
            let one = |(key, inner): (&String, &Value)| {
                let of_secret = starts_here && !is_head(key) || in_secret && (is_data(key) || key == "annotations");
                let shown = hide(inner, key, hidden || of_secret || is_hidden(field, key), in_secret);
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
        Value::String(text) => Value::String(addresses(text).into_owned()),
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

/// The words of a command, one after the other: a word may be the value of the flag before it.
#[derive(Default)]
struct Words {
    value_follows: bool,
}

impl Words {
    /// The word as it may be shown.
    fn next<'t>(&mut self, word: &'t str) -> Cow<'t, str> {
        let is_value = std::mem::take(&mut self.value_follows);
        if is_value && !word.starts_with('-') {
            return if is_reference(word) { Cow::Borrowed(word) } else { Cow::Borrowed(MASK) };
        }
        if word.contains(char::is_whitespace) {
            return script(word);
        }
        self.value_follows = word.starts_with('-') && !word.contains('=') && is_secret_name(word);
        match word.split_once('=') {
            Some((name, value)) if is_secret_name(name) && !is_reference(value) => Cow::Owned(format!("{name}={MASK}")),
            _ => addresses(word),
        }
    }
}

/// A script up to its first assignment to a name that promises a secret: where its value ends only a shell knows.
fn script(text: &str) -> Cow<'_, str> {
    let mut words = Words::default();
    let mut at = 0;
    for part in text.split_inclusive([' ', '\t', '\n', ';', '&', '|', '(', ')']) {
        let word = part.trim_end_matches([' ', '\t', '\n', ';', '&', '|', '(', ')']);
        let is_value = words.value_follows;
        if !word.is_empty() && (word.contains('=') || word.starts_with('-') || is_value) {
            let shown = words.next(word);
            if shown.ends_with(MASK) && !word.ends_with(MASK) {
                return Cow::Owned(format!("{}{shown}", addresses(text.get(..at).unwrap_or(""))));
            }
        }
        at += part.len();
    }
    addresses(text)
}

/// Whether a value is `$(NAME)`, `${NAME}` or `$NAME`, perhaps in quotes: what another place has.
fn is_reference(value: &str) -> bool {
    let Some(name) = value.trim_matches(['"', '\'']).strip_prefix('$') else { return value.is_empty() };
    let inner =
        [('(', ')'), ('{', '}')].into_iter().find_map(|(open, close)| name.strip_prefix(open)?.strip_suffix(close));
    let name = inner.unwrap_or(name);
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// `scheme://user:password@host` without the password.
#[must_use]
pub fn addresses(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        let end = tail.find(|c: char| c.is_whitespace() || "/\"'`<>".contains(c)).unwrap_or(tail.len());
        let authority = tail.get(..end).unwrap_or("");
        rest = tail;
        if let Some((login, _)) = authority.rsplit_once('@')
            && let Some((user, password)) = login.split_once(':')
        {
            out.push_str(&format!("{user}:{MASK}"));
            rest = tail.get(user.len() + 1 + password.len()..).unwrap_or("");
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
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
                name if of_secret && !is_head(name) || is_hidden(&field, name) => out.extend(value.span()),
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
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_at_every_depth() {
        let cases = [
            ("Secret", "/data", json!({"k": "hush"}), json!({"k": "***"})),
            ("Secret", "/stringData/k", json!("hush"), json!("***")),
            (
                "Secret",
                "",
                json!({"data": {"k": "hush"}, "type": "Opaque"}),
                json!({"data": {"k": "***"}, "type": "Opaque"}),
            ),
            ("Pod", "/spec/containers/0/env/0/value", json!("hush"), json!("***")),
            (
                "Pod",
                "/spec/containers/0/env/0",
                json!({"name": "A", "value": "hush"}),
                json!({"name": "A", "value": "***"}),
            ),
            (
                "Pod",
                "/spec/containers/0/env",
                json!([{"name": "A", "value": "hush"}]),
                json!([{"name": "A", "value": "***"}]),
            ),
            (
                "Pod",
                "/spec",
                json!({"containers": [{"env": [{"name": "A", "value": "hush"}]}]}),
                json!({"containers": [{"env": [{"name": "A", "value": "***"}]}]}),
            ),
            (
                "Pod",
                "/spec/containers/0/livenessProbe",
                json!({"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "hush"}]}}),
                json!({"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "***"}]}}),
            ),
            ("Pod", "/spec/containers/0/livenessProbe/httpGet/httpHeaders/0/value", json!("hush"), json!("***")),
            (
                "Pod",
                "/metadata/annotations",
                json!({LAST_APPLIED: "hush", "a": "b"}),
                json!({LAST_APPLIED: "***", "a": "b"}),
            ),
            (
                "Pod",
                "/spec/volumes/0",
                json!({"flexVolume": {"options": {"password": "hush", "share": "a"}}}),
                json!({"flexVolume": {"options": {"password": "***", "share": "a"}}}),
            ),
            ("Pod", "/spec/runAsUser", json!(5), json!(5)),
            ("ConfigMap", "/data/k", json!("shown"), json!("shown")),
            // Text around what a template fills in stood in a Secret.
            (
                "ExternalSecret",
                "",
                json!({"spec": {"target": {"template": {"data": {"a": "hush", "b": "x{{ .k }}", "c": "{{ .k }}"}}}}}),
                json!({"spec": {"target": {"template": {"data": {"a": "***", "b": "***{{ .k }}", "c": "{{ .k }}"}}}}}),
            ),
            (
                "VaultStaticSecret",
                "/spec/destination/transformation/templates",
                json!({"a": {"text": "{{ .k }}@hush"}, "b": {"text": "{{ .a }}{{ .b }}"}}),
                json!({"a": {"text": "{{ .k }}***"}, "b": {"text": "{{ .a }}{{ .b }}"}}),
            ),
            ("VaultStaticSecret", "/spec/destination/transformation/templates/a/text", json!("hush"), json!("***")),
            (
                "VaultStaticSecret",
                "/spec/destination",
                json!({"annotations": {"a": "hush"}}),
                json!({"annotations": {"a": "***"}}),
            ),
            (
                "ExternalSecret",
                "/spec/target/template",
                json!({"metadata": {"annotations": {"a": "hush"}, "labels": {"a": "b"}}}),
                json!({"metadata": {"annotations": {"a": "***"}, "labels": {"a": "b"}}}),
            ),
            (
                "SecretProviderClass",
                "/spec/secretObjects",
                json!([{"annotations": {"a": "hush"}}]),
                json!([{"annotations": {"a": "***"}}]),
            ),
            (
                "Deployment",
                "/spec/template",
                json!({"metadata": {"annotations": {"a": "b"}}}),
                json!({"metadata": {"annotations": {"a": "b"}}}),
            ),
        ];
        for (kind, pointer, value, wanted) in cases {
            assert_eq!(mask(kind, pointer, &value), wanted, "{kind} {pointer}");
        }
    }

    #[test]
    fn secrets_are_found_in_every_layout() {
        let cases = [
            "kind: Secret\nmetadata: {annotations: {last: hush}}\ndata:\n  # hush\n  k: hush # hush\n  l: |\n    hush\n",
            "{\"kind\":\"Secret\",\"stringData\":{\"k\":\"hush\"}}",
            "kind: Secret\nx: &x hush\ny: {z: *x}\nstringData: {k: *x}\n",
            "kind: SecretList\nitems:\n- data: {k: hush}\n",
            "kind: List\nitems:\n- kind: List\n  items:\n  - kind: Secret\n    data: {k: hush}\n",
            "kind: ResourceList\nitems:\n- kind: Secret\n  data: {k: hush}\n",
            "kind: Pod\nspec:\n  containers:\n  - env:\n    - {name: A, value: hush}\n    - name: B\n      value: >-\n        hush\n\n        hush\n",
            "kind: Pod\nspec: {initContainers: [{env: [{value: \"hush\", name: A}]}]}",
            "kind: Pod\nspec:\n  containers:\n  - readinessProbe:\n      httpGet:\n        httpHeaders:\n        - name: Authorization\n          value: hush\n",
            "kind: Pod\nspec:\n  containers:\n  - args:\n    - --password=hush\n    - --token\n    - 'hush'\n    - |\n      export TOKEN=hush\n",
            "kind: Pod\nspec: {containers: [{livenessProbe: {httpGet: {path: \"/a?t=hush\"}, exec: {command: [--key-password=hush]}}}]}",
            "kind: Pod\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      hush\n",
            "kind: Pod\nspec: {volumes: [{flexVolume: {options: {password: hush}}}]}",
            "kind: Pod\nx: &x hush\nspec:\n  containers:\n  - env:\n    - value: *x\n",
        ];
        for case in cases {
            let documents = yaml::parse(&Arc::new(case.to_owned())).unwrap();
            let root = documents.first().unwrap().root();
            let mut text = case.to_owned();
            for span in secret_spans(root).into_iter().rev() {
                let blank = "#".repeat(span.len());
                text.replace_range(span, &blank);
            }
            let rest = text.split('\n').filter(|line| !line.contains('#')).collect::<String>();
            assert!(!rest.contains("hush"), "{case}\n{text}");
        }
        let shown =
            "kind: ConfigMap\ndata: {value: shown}\n---\nkind: Pod\nspec: {containers: [{name: env, args: [value]}]}\n";
        for document in yaml::parse(&Arc::new(shown.to_owned())).unwrap() {
            assert!(secret_spans(document.root()).is_empty());
        }
    }

    #[test]
    fn addresses_lose_their_passwords() {
        let text = "- --db=postgres://app:p@ss@db:5432/x?y=z\n- http://host:80/a:b@c\n- x://u:p@h y://u@h z://";
        let wanted = "- --db=postgres://app:***@db:5432/x?y=z\n- http://host:80/a:b@c\n- x://u:***@h y://u@h z://";
        assert_eq!(addresses(text), wanted);
    }

    #[test]
    fn words_of_commands_that_are_secrets_are_masked() {
        let cases = [
            (json!(["app", "--password=hush", "-v"]), json!(["app", "--password=***", "-v"])),
            (json!(["--api-token", "hush", "--verbose"]), json!(["--api-token", "***", "--verbose"])),
            (json!(["--password", "--verbose"]), json!(["--password", "--verbose"])),
            (json!(["DB_PASSWORD=hush"]), json!(["DB_PASSWORD=***"])),
            (
                json!(["--password=$(DB_PASSWORD)", "--token=${T}"]),
                json!(["--password=$(DB_PASSWORD)", "--token=${T}"]),
            ),
            (json!(["--password=$ecret"]), json!(["--password=***"])),
            (json!(["--db=postgres://a:hush@db/x"]), json!(["--db=postgres://a:***@db/x"])),
            (json!(["sh", "-c", "export TOKEN='hu sh'; run"]), json!(["sh", "-c", "export TOKEN=***"])),
            (json!(["sh", "-c", "run --password hush --x"]), json!(["sh", "-c", "run --password ***"])),
            (json!(["mc login \"$ROOT_PASSWORD\""]), json!(["mc login \"$ROOT_PASSWORD\""])),
            (json!(["--max-tokens=5", "--level=debug", 5]), json!(["--max-tokens=5", "--level=debug", 5])),
        ];
        for (words, wanted) in cases {
            assert_eq!(mask("Pod", "/spec/containers/0/args", &words), wanted);
            let probe = json!({"exec": {"command": words}});
            assert_eq!(mask("Pod", "/spec/containers/0/livenessProbe", &probe), json!({"exec": {"command": wanted}}));
        }
    }

    #[test]
    fn queries_of_probes_are_masked() {
        let (path, shown) = (json!("/health?token=hush"), json!("/health?***"));
        assert_eq!(mask("Pod", "/spec/containers/0/livenessProbe/httpGet/path", &path), shown);
        let get = |path: &Value| json!({"livenessProbe": {"httpGet": {"path": path, "port": 80}}});
        assert_eq!(mask("Pod", "/spec/containers/0", &get(&path)), get(&shown));
        assert_eq!(mask("Pod", "/spec/containers/0", &get(&json!("/health"))), get(&json!("/health")));
    }
}
