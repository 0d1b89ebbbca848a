//! Brings an object that is already there to what is wanted: what is absent is added, what says otherwise stays and is
//! reported.

use crate::exposure::rules;
use serde_json::{Value, json};

use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object};
use krmor_yaml::print::{self, Quoting};
use krmor_yaml::{Kind, Node, escape_token};

/// How a kind compares what is there with what is wanted. A pattern is a pointer with `*` for every index.
pub(super) trait Policy {
    /// Whether an item of the list at `pattern` is about the same thing as the wanted one.
    fn is_same(&self, pattern: &str, item: Node<'_>, wanted: &Value) -> bool;

    /// Whether another item may be added to the list at `pattern`; otherwise what it holds says something else.
    fn is_open(&self, pattern: &str) -> bool;

    /// Whether what is at `pattern` will do; `None`: as its parts do, or for a plain value, when it is equal.
    fn will_do(&self, pattern: &str, node: Node<'_>, wanted: &Value) -> Option<bool>;
}

/// A merge of one object.
pub(super) struct Merge<'a, 'o> {
    pub(super) object: Object<'o>,
    pub(super) policy: &'a dyn Policy,
    pub(super) reason: String,
    pub(super) edits: Vec<Edit>,
    pub(super) report: &'a mut Report,
}

impl<'o> Merge<'_, 'o> {
    /// Compares the whole object, its name and labels aside.
    pub(super) fn run(mut self, wanted: &Value) -> Vec<Edit> {
        for key in ["/metadata/annotations", "/spec"] {
            if let Some(wanted) = wanted.pointer(key) {
                self.value(self.object.root().at_pointer(key), wanted, key.to_owned(), key);
            }
        }
        self.edits
    }

    fn value(&mut self, node: Option<Node<'o>>, wanted: &Value, pointer: String, pattern: &str) {
        let Some(node) = node.filter(|node| !node.is_null()) else {
            return self.edit(pointer, Action::Set(wanted.clone()));
        };
        match self.policy.will_do(pattern, node, wanted) {
            Some(true) => return,
            Some(false) => return self.conflict(&pointer, wanted),
            None => {}
        }
        match wanted {
            Value::Object(fields) if node.kind() == Kind::Map => {
                for (key, wanted) in fields {
                    let token = escape_token(key);
                    self.value(node.get(key), wanted, format!("{pointer}/{token}"), &format!("{pattern}/{token}"));
                }
            }
            Value::Array(items) if node.kind() == Kind::Seq => self.list(node, items, &pointer, pattern),
            wanted if node.to_value().as_ref() == Some(wanted) => {}
            wanted => self.conflict(&pointer, wanted),
        }
    }

    fn list(&mut self, node: Node<'o>, wanted: &[Value], pointer: &str, pattern: &str) {
        let is_empty = node.items().next().is_none();
        for wanted in wanted {
            let there = node.items().enumerate().find(|(_, item)| self.policy.is_same(pattern, *item, wanted));
            match there {
                Some((at, item)) => {
                    self.value(Some(item), wanted, format!("{pointer}/{at}"), &format!("{pattern}/*"));
                }
                None if is_empty || self.policy.is_open(pattern) => {
                    self.edit(pointer.to_owned(), Action::Append(wanted.clone()));
                }
                None => self.conflict(pointer, wanted),
            }
        }
    }

    fn edit(&mut self, pointer: String, action: Action) {
        let why = Why { rule: &rules::EXPOSED, reason: self.reason.clone().into(), class: Class::Added };
        self.edits.push(Edit { pointer, action, why });
    }

    /// What is there is not repeated: an annotation may hold anything.
    fn conflict(&mut self, pointer: &str, wanted: &Value) {
        let mut says = String::new();
        match (wanted.get("host"), wanted) {
            (Some(host), _) => print::write_flow(&mut says, &json!({"host": host}), Quoting::Yaml),
            (None, Value::String(text)) if text.contains('\n') => says.push_str("another text"),
            (None, wanted) => print::write_flow(&mut says, wanted, Quoting::Yaml),
        }
        let message = format!("it is already there and says otherwise: the config asks for `{says}`");
        let remedy = "change one of the two; or, to expose the pods a second time, give the config another `name`";
        self.report.add(&rules::CONFLICT, self.object.at(pointer), message, remedy);
    }
}
