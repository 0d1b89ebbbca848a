//! Walks a document along the pattern of a JSON Pointer.

use std::borrow::Cow;

use krmor_yaml::{Kind, Node, escape_token, unescape_token};
use serde_json::Value;

/// A document, parsed or as a value: what is looked for in the one is found in the other.
pub(crate) trait Tree: Copy {
    /// The child of a mapping or list by its key or index.
    fn child(self, token: &str) -> Option<Self>;
    /// All children of a mapping or list, each with its token as it stands in a JSON Pointer.
    fn children(self) -> Vec<(String, Self)>;
    /// The text that it is.
    fn text(self) -> Option<String>;
    /// Whether it is `true`.
    fn is_true(self) -> bool;
}

impl Tree for Node<'_> {
    fn child(self, token: &str) -> Option<Self> {
        Node::child(self, token)
    }

    fn children(self) -> Vec<(String, Self)> {
        match self.kind() {
            Kind::Map => self.entries().map(|(key, value)| (escape_token(&key).into_owned(), value)).collect(),
            Kind::Seq => self.items().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
            _ => Vec::new(),
        }
    }

    fn text(self) -> Option<String> {
        self.as_str().map(Cow::into_owned)
    }

    fn is_true(self) -> bool {
        self.as_bool() == Some(true)
    }
}

impl Tree for &Value {
    fn child(self, token: &str) -> Option<Self> {
        match self {
            Value::Object(map) => map.get(token),
            Value::Array(items) => items.get(token.parse::<usize>().ok()?),
            _ => None,
        }
    }

    fn children(self) -> Vec<(String, Self)> {
        match self {
            Value::Object(map) => map.iter().map(|(key, value)| (escape_token(key).into_owned(), value)).collect(),
            Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
            _ => Vec::new(),
        }
    }

    fn text(self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }

    fn is_true(self) -> bool {
        *self == Value::Bool(true)
    }
}

/// Every place that a pattern leads to from `node`, in the document's order, with its pointer.
pub(crate) fn walk<T: Tree>(node: T, pattern: &str) -> Vec<(String, T)> {
    let mut found = vec![(String::new(), node)];
    for token in pattern.split('/').skip(1) {
        found = if let Some(end) = token.strip_prefix('*') {
            found.into_iter().flat_map(|(pointer, node)| children(&pointer, node, end)).collect()
        } else {
            let Some(key) = unescape_token(token) else { return Vec::new() };
            let step = |(pointer, node): (String, T)| Some((format!("{pointer}/{token}"), node.child(&key)?));
            found.into_iter().filter_map(step).collect()
        };
        if found.is_empty() {
            break;
        }
    }
    found
}

/// The children of what is at `pointer` whose key ends so, each with its pointer.
fn children<T: Tree>(pointer: &str, node: T, end: &str) -> Vec<(String, T)> {
    let all = node.children().into_iter().filter(|(token, _)| token.ends_with(end));
    all.map(|(token, child)| (format!("{pointer}/{token}"), child)).collect()
}
