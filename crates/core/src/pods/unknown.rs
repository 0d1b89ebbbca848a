//! Finds pod templates in objects of kinds that no row describes.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::workload::{Step, write_path};
use krmor_yaml::print::{self, Quoting};
use krmor_yaml::{Kind, Node, escape_token};

/// More than this many paths of one object are not reported at once.
const MAX_CARRIERS: usize = 10;

/// A pod template that no row leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Carrier {
    /// Where it is.
    pub(super) pointer: String,
    /// The `path` of the row that would lead there.
    pub(super) path: String,
}

/// A mapping or list below the object, and how to come to it.
struct Visit<'a> {
    node: Node<'a>,
    parent: usize,
    step: Option<Edge<'a>>,
}

enum Edge<'a> {
    Key(Cow<'a, str>),
    Item(usize),
}

/// Finds what is shaped like a pod template under `root`, but not at the pointers `known`; one for each path, the first few.
///
/// The parser bounds how far aliases expand, so this is linear in the size of the input.
pub(super) fn search(root: Node<'_>, known: &HashSet<String>) -> Vec<Carrier> {
    let mut out: Vec<Carrier> = Vec::new();
    let mut visits = vec![Visit { node: root, parent: 0, step: None }];
    let mut at = 0;
    while let Some(&Visit { node, .. }) = visits.get(at) {
        if node.kind() == Kind::Map {
            if is_template(node) {
                let carrier = carrier(&visits, at);
                if !known.contains(&carrier.pointer) && !out.iter().any(|other| other.path == carrier.path) {
                    out.push(carrier);
                    if out.len() == MAX_CARRIERS {
                        return out;
                    }
                }
            }
            for (key, value) in node.entries() {
                if value.kind() != Kind::Scalar {
                    visits.push(Visit { node: value, parent: at, step: Some(Edge::Key(key)) });
                }
            }
        } else {
            for (number, item) in node.items().enumerate() {
                if item.kind() != Kind::Scalar {
                    visits.push(Visit { node: item, parent: at, step: Some(Edge::Item(number)) });
                }
            }
        }
        at += 1;
    }
    out
}

/// A mapping whose `spec.containers` is a list with an item that has `name` and `image`.
fn is_template(node: Node<'_>) -> bool {
    let containers = node.find(&["spec", "containers"]);
    containers.is_some_and(|list| list.items().any(|item| item.get("image").is_some() && item.get("name").is_some()))
}

fn carrier(visits: &[Visit<'_>], mut at: usize) -> Carrier {
    let mut edges = Vec::new();
    while let Some(Visit { step: Some(edge), parent, .. }) = visits.get(at) {
        edges.push(edge);
        at = *parent;
    }
    edges.reverse();
    let pointer = edges.iter().map(|edge| match edge {
        Edge::Key(key) => format!("/{}", escape_token(key)),
        Edge::Item(number) => format!("/{number}"),
    });
    let steps = edges.iter().map(|edge| match edge {
        Edge::Key(key) => Step::Key(key),
        Edge::Item(_) => Step::Item,
    });
    Carrier { pointer: pointer.collect(), path: write_path(steps) }
}

/// A row of `podTemplates`, as YAML on one line.
pub(super) fn row(group: &str, kind: &str, path: Option<&str>, ignore: bool) -> String {
    let mut row = Map::new();
    row.insert("group".to_owned(), group.into());
    row.insert("kind".to_owned(), kind.into());
    if let Some(path) = path {
        row.insert("path".to_owned(), path.into());
    }
    if ignore {
        row.insert("ignore".to_owned(), true.into());
    }
    let mut out = String::new();
    print::write_flow(&mut out, &Value::Object(row), Quoting::Yaml);
    out
}
