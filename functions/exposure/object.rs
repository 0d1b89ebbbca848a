//! What the three providers share: metadata, and the step from what is wanted to what is done.

use crate::exposure::rules;
use std::collections::BTreeMap;

use serde_json::Value;

use super::merge::{Merge, Policy};
use super::plan::Plan;
use super::spec::Provider;
use krmor_core::manifest::Metadata;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Edit, Object, ObjectId, Stream};

/// What is done for one object that is wanted.
pub(super) enum Step {
    /// It is added beside `serves`.
    Emit { serves: ObjectId, object: Value, why: Why },
    /// It is there already.
    Update { object: ObjectId, edits: Vec<Edit> },
}

/// The metadata of what serves `workload`.
pub(super) fn metadata(workload: &Object<'_>, name: String, annotations: &BTreeMap<String, String>) -> Metadata {
    let annotations = Some(annotations.clone()).filter(|annotations| !annotations.is_empty());
    Metadata { name: Some(name), annotations, ..Metadata::beside(workload) }
}

/// Adds what is wanted, or what the object that is there already lacks of it.
pub(super) fn step(
    wanted: Value,
    serves: &Object<'_>,
    existing: Option<Object<'_>>,
    policy: &dyn Policy,
    reason: String,
    report: &mut Report,
) -> Step {
    let wanted = tidy(wanted);
    match existing {
        None => {
            let why = Why { rule: &rules::EXPOSED, reason: reason.into(), class: Class::Added };
            Step::Emit { serves: serves.id(), object: wanted, why }
        }
        Some(object) => {
            let merge = Merge { object, policy, reason, edits: Vec::new(), report };
            Step::Update { object: object.id(), edits: merge.run(&wanted) }
        }
    }
}

/// Puts the keys that people write first in front; the types have them in the order of the alphabet.
fn tidy(value: Value) -> Value {
    const FRONT: [&str; 5] = ["name", "namespace", "labels", "path", "pathType"];
    match value {
        Value::Array(items) => items.into_iter().map(tidy).collect(),
        Value::Object(mut fields) => {
            let moves = fields.contains_key("pathType") || fields.contains_key("labels");
            let front =
                FRONT.iter().filter(|_| moves).filter_map(|key| Some(((*key).to_owned(), fields.shift_remove(*key)?)));
            let front: Vec<(String, Value)> = front.collect();
            front.into_iter().chain(fields).map(|(key, value)| (key, tidy(value))).collect()
        }
        plain => plain,
    }
}

impl Plan<'_> {
    /// The annotations that the config gives.
    pub(super) fn annotations(&self) -> BTreeMap<String, String> {
        self.spec.annotations.iter().map(|(key, value)| (key.as_str().to_owned(), value.clone())).collect()
    }

    /// What an object for all paths stands beside.
    pub(super) fn first<'s>(&self, stream: &'s Stream) -> Option<Object<'s>> {
        stream.object(self.backends.first()?.serves)
    }

    /// The name that the config gives, else that of what is served.
    pub(super) fn name_beside(&self, workload: &Object<'_>) -> String {
        match &self.spec.name {
            Some(name) => name.as_str().to_owned(),
            // A generated name has no end that could be referred to.
            None => workload.name().trim_end_matches('*').trim_end_matches(['-', '.']).to_owned(),
        }
    }

    /// The provider, as the config calls it.
    pub(super) fn provider(&self) -> &'static str {
        match self.spec.provider {
            Provider::Route => "route",
            Provider::Ingress => "ingress",
            Provider::HttpRoute => "httpRoute",
        }
    }

    /// What is reported of what is made for all paths.
    pub(super) fn reason(&self, stream: &Stream, host: Option<&str>) -> String {
        reason(host, "", &self.names(stream))
    }

    /// What is exposed.
    pub(super) fn names(&self, stream: &Stream) -> String {
        let mut names: Vec<String> = Vec::new();
        for backend in &self.backends {
            let name = stream.object(backend.serves).map(|object| object.reference().to_string()).unwrap_or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(" and ")
    }
}

/// What is reported of what is made.
pub(super) fn reason(host: Option<&str>, path: &str, who: &str) -> String {
    match host {
        Some(host) => format!("requests for {host}{path} reach {who}"),
        None if path.is_empty() => format!("requests from outside reach {who}"),
        None => format!("requests for {path} reach {who}"),
    }
}

/// A number of a port as the API has it; `services::ports` reads any whole number.
pub(super) fn port_number(number: i128) -> i32 {
    i32::try_from(number).unwrap_or_default()
}
