//! New objects beside their workload, and single fields of those that are there.

use krmor_core::report::Rule;
use krmor_core::rules as common;
use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use krmor_core::manifest::{Manifest, Metadata};
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};

/// Name, namespace and labels of a new object of `kind`: those of its workload.
pub(super) fn metadata(workload: &Object<'_>, kind: &str, report: &mut Report) -> Option<Metadata> {
    let name = workload.name();
    if name.is_empty() || name.ends_with('*') {
        let message = format!("{} has no fixed name, and its {kind} is to have the same", workload.reference());
        let remedy = "give it `metadata.name`, or exclude it from this function";
        report.add(&common::NO_NAME, workload.at("/metadata"), message, remedy);
        return None;
    }
    Some(Metadata { name: Some(name.into_owned()), ..Metadata::beside(workload) })
}

/// Adds `object` behind its workload.
pub(super) fn add(
    stream: &mut Stream,
    report: &mut Report,
    workload: ObjectId,
    object: &Manifest<impl Serialize>,
    rule: &'static Rule,
    reason: String,
) {
    let why = Why { rule, reason: Cow::Owned(reason), class: Class::Added };
    if let Ok(object) = object.to_value() {
        stream.emit(report, workload, object, why);
    }
}

/// Edits of one object that was there before.
pub(super) struct Put<'a> {
    pub(super) stream: &'a mut Stream,
    pub(super) report: &'a mut Report,
    pub(super) id: ObjectId,
    pub(super) rule: &'static Rule,
}

impl Put<'_> {
    /// Sets a field that the config names.
    pub(super) fn set(&mut self, pointer: &str, value: Value) {
        let class = if self.has(pointer) { Class::Raised } else { Class::Added };
        self.make(pointer, Action::Set(value), class, "the config says so");
    }

    /// Sets a field where there is none.
    pub(super) fn fill(&mut self, pointer: &str, value: Value) {
        if !self.has(pointer) {
            self.make(pointer, Action::Set(value), Class::Added, "the default of the config");
        }
    }

    /// Adds an item to a list.
    pub(super) fn append(&mut self, pointer: &str, item: Value) {
        self.make(pointer, Action::Append(item), Class::Added, "the config says so");
    }

    /// Removes a field that cannot stand beside what the config names.
    pub(super) fn remove(&mut self, pointer: &str, reason: &'static str) {
        self.make(pointer, Action::Remove, Class::Raised, reason);
    }

    pub(super) fn has(&self, pointer: &str) -> bool {
        let object = self.stream.object(self.id);
        object.and_then(|object| object.root().at_pointer(pointer)).is_some_and(|node| !node.is_null())
    }

    fn make(&mut self, pointer: &str, action: Action, class: Class, reason: &'static str) {
        let why = Why { rule: self.rule, reason: Cow::Borrowed(reason), class };
        self.stream.make(self.report, self.id, Edit { pointer: pointer.to_owned(), action, why });
    }
}
