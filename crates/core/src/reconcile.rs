//! Brings an object to what is wanted of it: one that is there is completed and updated, one that is not is made.
//!
//! A function says what it wants as a JSON value, and by a [`Ownership`] what becomes of each field that says something
//! else. An absent field always takes the wanted value, so what a function does not want it must not mention.

use std::borrow::Cow;

use serde_json::Value;

use crate::report::{Class, Report, Rule, Severity, Why};
use crate::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_yaml::{Kind, Node, escape_token};

/// An object that is wanted.
#[derive(Debug)]
pub struct Wanted {
    /// The object with this purpose that is there already.
    pub existing: Option<ObjectId>,
    /// The workload behind which it is emitted otherwise.
    pub beside: ObjectId,
    /// All of it when it is to be made, else the fields that it must have; a null is a field that it must not have.
    pub object: Value,
    /// The rule behind every change.
    pub rule: &'static Rule,
    /// What making it is good for; also the reason of the other changes, unless the ownership has one.
    pub reason: Cow<'static, str>,
}

/// What becomes of a field that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A mapping or list is compared part by part; a plain value, or another shape, is refused unless it is equal.
    Parts,
    /// It stays: the wanted value is a default, or what is there will do as well.
    Keep,
    /// It is ours and takes the wanted value as a whole: [`Class::Updated`].
    Set,
    /// It is the user's and gives way, since the spec says so: [`Class::Overridden`].
    Override,
    /// It is the user's and stays; that it differs is an error.
    Refuse,
}

impl Field {
    /// Stays if what is there will do, and is refused otherwise.
    #[must_use]
    pub fn keep_if(will_do: bool) -> Self {
        if will_do { Self::Keep } else { Self::Refuse }
    }
}

/// Where a list has an item that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// Here; its parts may differ.
    At(usize),
    /// Nowhere: it is appended.
    Absent,
    /// Nowhere, and that will do.
    Keep,
    /// Nowhere, and the list is the user's: an error.
    Refuse,
}

impl Item {
    /// The first item that is `same`; appended when there is none.
    pub fn find<'n>(list: Node<'n>, same: impl FnMut(Node<'n>) -> bool) -> Self {
        list.items().position(same).map_or(Self::Absent, Self::At)
    }
}

/// What is said of a field that is refused.
#[derive(Debug)]
pub struct Refusal {
    /// The rule.
    pub rule: &'static Rule,
    /// What is the matter.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// Whose each field is. A pattern is a pointer with `*` for every index.
pub trait Ownership {
    /// What becomes of the field at `pattern`, which is there and not null.
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field;

    /// Where the list at `pattern` has item `number` of those that are wanted: by default, one that is equal.
    fn item(&self, _pattern: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let wanted = wanted.get(number);
        Item::find(list, |item| item.to_value().as_ref() == wanted)
    }

    /// The reason of a change at `pattern`, where it is not that of the whole.
    fn reason(&self, _pattern: &str, _action: &Action) -> Option<Cow<'static, str>> {
        None
    }

    /// What is said where a field is refused; `None`: that it has not the shape of the API.
    fn refusal(&self, _wanted: &Value) -> Option<Refusal> {
        None
    }
}

/// What is to be done for an object that is wanted.
#[derive(Debug)]
pub enum Step {
    /// It is made behind the workload that it serves.
    Make {
        /// The workload.
        beside: ObjectId,
        /// The object.
        object: Value,
        /// The reason that is reported.
        why: Why,
    },
    /// It is there already, and lacks this.
    Edit {
        /// The object.
        object: ObjectId,
        /// What it lacks; nothing when it is as it should be.
        edits: Vec<Edit>,
    },
}

impl Step {
    /// Does it. The object that is wanted, unless it could not be made, which is reported.
    pub fn apply(self, stream: &mut Stream, report: &mut Report) -> Option<ObjectId> {
        match self {
            Self::Make { beside, object, why } => stream.emit(report, beside, object, why),
            Self::Edit { object, edits } => {
                for edit in edits {
                    stream.apply(report, object, edit);
                }
                Some(object)
            }
        }
    }
}

/// What tells who an object is: one that is there keeps it.
const IDENTITY: [&str; 4] = ["/apiVersion", "/kind", "/metadata/name", "/metadata/namespace"];

/// Finds what is to be done for an object that is wanted, and reports what is refused.
pub fn plan(stream: &Stream, report: &mut Report, wanted: Wanted, owners: &dyn Ownership) -> Step {
    let Wanted { existing, beside, object, rule, reason } = wanted;
    match existing.and_then(|id| stream.object(id)) {
        None => Step::Make { beside, object, why: Why { rule, reason, class: Class::Added } },
        Some(there) => {
            let edits = compare(&there, "", &object, &Context { rule, reason, owners }, report);
            Step::Edit { object: there.id(), edits }
        }
    }
}

/// Brings an object to what is wanted of it: the object, unless it could not be made, which is reported.
pub fn apply(stream: &mut Stream, report: &mut Report, wanted: Wanted, owners: &dyn Ownership) -> Option<ObjectId> {
    plan(stream, report, wanted, owners).apply(stream, report)
}

/// By what a comparison goes.
pub struct Context<'a> {
    /// The rule behind every change.
    pub rule: &'static Rule,
    /// The reason of the changes for which the ownership has none.
    pub reason: Cow<'static, str>,
    /// Whose each field is; its patterns start where the comparison does.
    pub owners: &'a dyn Ownership,
}

/// The edits that the part of an object at `base` lacks; what is refused is reported.
pub fn compare(object: &Object<'_>, base: &str, wanted: &Value, by: &Context<'_>, report: &mut Report) -> Vec<Edit> {
    let mut comparison = Comparison { object: *object, base, by, edits: Vec::new(), report };
    comparison.value(object.root().at_pointer(base), wanted, "", "");
    comparison.edits
}

struct Comparison<'a, 'o> {
    object: Object<'o>,
    base: &'a str,
    by: &'a Context<'a>,
    edits: Vec<Edit>,
    report: &'a mut Report,
}

impl<'o> Comparison<'_, 'o> {
    fn value(&mut self, there: Option<Node<'o>>, wanted: &Value, pointer: &str, pattern: &str) {
        if self.base.is_empty() && IDENTITY.contains(&pattern) {
            return;
        }
        let Some(there) = there.filter(|there| !there.is_null()) else {
            if !wanted.is_null() {
                self.edit(pointer, pattern, Action::Set(without_nulls(wanted)), Class::Added);
            }
            return;
        };
        let field = self.by.owners.field(pattern, there, wanted);
        match (field, wanted) {
            (Field::Keep, _) => {}
            (Field::Parts, Value::Object(fields)) if there.kind() == Kind::Map => {
                for (key, wanted) in fields {
                    let token = escape_token(key);
                    self.value(there.get(key), wanted, &format!("{pointer}/{token}"), &format!("{pattern}/{token}"));
                }
            }
            (Field::Parts, Value::Array(items)) if there.kind() == Kind::Seq => {
                self.list(there, items, pointer, pattern);
            }
            (_, wanted) if there.to_value().as_ref() == Some(wanted) => {}
            (Field::Set | Field::Override, wanted) => {
                let action = if wanted.is_null() { Action::Remove } else { Action::Set(wanted.clone()) };
                let class = if field == Field::Set { Class::Updated } else { Class::Overridden };
                self.edit(pointer, pattern, action, class);
            }
            (Field::Refuse | Field::Parts, wanted) => self.refuse(pointer, wanted),
        }
    }

    fn list(&mut self, list: Node<'o>, wanted: &[Value], pointer: &str, pattern: &str) {
        for (number, item) in wanted.iter().enumerate() {
            match self.by.owners.item(pattern, list, wanted, number) {
                Item::At(at) => {
                    self.value(list.items().nth(at), item, &format!("{pointer}/{at}"), &format!("{pattern}/*"));
                }
                Item::Absent => self.edit(pointer, pattern, Action::Append(item.clone()), Class::Added),
                Item::Keep => {}
                Item::Refuse => self.refuse(pointer, item),
            }
        }
    }

    fn edit(&mut self, pointer: &str, pattern: &str, action: Action, class: Class) {
        let reason = self.by.owners.reason(pattern, &action).unwrap_or_else(|| self.by.reason.clone());
        let why = Why { rule: self.by.rule, reason, class };
        self.edits.push(Edit { pointer: format!("{}{pointer}", self.base), action, why });
    }

    fn refuse(&mut self, pointer: &str, wanted: &Value) {
        let Refusal { rule, message, remedy } = self.by.owners.refusal(wanted).unwrap_or_else(|| Refusal {
            rule: self.by.rule,
            message: "it has another shape than the Kubernetes API gives it".to_owned(),
            remedy: "write this part of the manifest out as the Kubernetes API has it",
        });
        let place = self.object.at(&format!("{}{pointer}", self.base));
        self.report.add_as(Severity::Error, rule, place, message, remedy);
    }
}

/// What is set where nothing was: fields that must not be there are not.
fn without_nulls(wanted: &Value) -> Value {
    match wanted {
        Value::Object(fields) => {
            let there = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        other => other.clone(),
    }
}
