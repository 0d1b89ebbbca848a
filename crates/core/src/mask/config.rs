//! What an excerpt of a config may not show. A config says how secrets are to be wired, and holds few itself: values of
//! variables, words of commands, headers, annotations, texts of files. Names, words that a field can have, and numbers stay.

use std::borrow::Cow;
use std::ops::Range;

use super::words::line;
use super::{is_command, is_hidden_node};
use krmor_yaml::{Kind, Node};

/// What a mapping is that was handed over as a config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Config {
    /// One of krmor's own kinds.
    Own,
    /// kpt's, with fields under `data`.
    ConfigMap,
    /// Something else, perhaps a Secret.
    Foreign,
}

/// The fields of a variable that say where its value is, and what makes the value of another one.
const REFERENCES: &[&str] = &[
    "configMap",
    "container",
    "description",
    "divisor",
    "field",
    "key",
    "name",
    "optional",
    "required",
    "resource",
    "secret",
];

/// Fields that tell the same wherever they stand.
const PLAIN: &[&str] = &[
    "annotationSelector",
    "apiVersion",
    "container",
    "containers",
    "group",
    "host",
    "kind",
    "labelSelector",
    "name",
    "namespace",
    "port",
    "service",
    "version",
];

/// Where the text of a config may hold secrets: byte spans, in order. `unknown` are pointers to what stands under a name that
/// no field has, `misplaced` to lists and mappings where something else must be: what they are meant to be nobody knows.
#[must_use]
pub fn config_spans(root: Node<'_>, what: Config, unknown: &[&str], misplaced: &[&str]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    unknown.iter().filter_map(|pointer| root.at_pointer(pointer)).for_each(|node| all(node, &mut out));
    for node in misplaced.iter().filter_map(|pointer| root.at_pointer(pointer)) {
        match node.kind() {
            Kind::Map => {
                let entries = node.entries().filter(|(key, _)| !PLAIN.contains(&key.as_ref()));
                entries.for_each(|(_, value)| all(value, &mut out));
            }
            _ => all(node, &mut out),
        }
    }
    match what {
        Config::Own => own(root, &mut out),
        Config::ConfigMap => {
            for (key, value) in root.entries() {
                if !matches!(key.as_ref(), "apiVersion" | "kind" | "metadata") {
                    let data = value.entries().filter(|(key, _)| !matches!(key.as_ref(), "function" | "check"));
                    data.for_each(|(_, value)| all(value, &mut out));
                }
            }
        }
        Config::Foreign => {
            let entries = root.entries().filter(|(key, _)| !matches!(key.as_ref(), "apiVersion" | "kind"));
            entries.for_each(|(_, value)| all(value, &mut out));
        }
    }
    out.sort_unstable_by_key(|span| (span.start, span.end));
    out
}

/// All scalars below a node.
fn all(node: Node<'_>, out: &mut Vec<Range<usize>>) {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        open.extend(node.items());
        open.extend(node.entries().map(|(_, value)| value));
        if node.kind() == Kind::Scalar {
            out.extend(node.span());
        }
    }
}

fn own(root: Node<'_>, out: &mut Vec<Range<usize>>) {
    // A node, its field, the one around that, and whether it is the value of a variable or part of one.
    let mut open = vec![(root, Cow::Borrowed(""), Cow::Borrowed(""))];
    while let Some((node, around, field)) = open.pop() {
        if is_private_field(&field) {
            if field == "env" {
                variables(node, out);
            } else {
                all(node, out);
            }
            continue;
        }
        match node.kind() {
            Kind::Scalar => {
                let text = node.as_str();
                let told = text.as_deref().is_some_and(|text| {
                    field == "value" && !text.starts_with(|c: char| c.is_ascii_digit())
                        || text.contains('\n')
                        || text.contains("{{")
                        || is_query(&field, text)
                        || line(text) != text
                });
                if told || is_hidden_node(&around, &field, node) {
                    out.extend(node.span());
                }
            }
            Kind::Seq => open.extend(node.items().map(|item| (item, around.clone(), field.clone()))),
            _ => open.extend(node.entries().map(|(key, value)| (value, field.clone(), key))),
        }
    }
}

/// Whether all that stands under a field of a config is private.
#[must_use]
pub fn is_private_field(field: &str) -> bool {
    is_command(field)
        || matches!(
            field,
            "env"
                | "exec"
                | "headers"
                | "httpHeaders"
                | "annotations"
                | "data"
                | "stringData"
                | "literals"
                | "template"
                | "templates"
        )
}

fn is_query(field: &str, text: &str) -> bool {
    field == "path" && text.contains('?')
}

/// Values of variables: a text alone, and whatever else than a reference a mapping has.
fn variables(node: Node<'_>, out: &mut Vec<Range<usize>>) {
    match node.kind() {
        Kind::Scalar => out.extend(node.span()),
        Kind::Seq => node.items().for_each(|item| variable(item, out)),
        _ => node.entries().for_each(|(_, value)| variable(value, out)),
    }
}

fn variable(node: Node<'_>, out: &mut Vec<Range<usize>>) {
    if node.kind() != Kind::Map {
        return all(node, out);
    }
    for (key, value) in node.entries() {
        let is_reference = REFERENCES.contains(&key.as_ref()) || key == "valueFrom";
        if !is_reference || value.kind() == Kind::Seq {
            all(value, out);
        }
    }
}
