//! What the providers share: metadata, and the step from what is wanted to what is done.

use crate::exposure::rules;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::plan::Plan;
use super::spec::Provider;
use krmor_core::manifest::Metadata;
use krmor_core::reconcile::{self, Ownership, Refusal, Step, Wanted};
use krmor_core::report::Report;
use krmor_core::stream::{Object, Stream};
use krmor_yaml::print::{self, Quoting};

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
    owners: &dyn Ownership,
    reason: String,
    (stream, report): (&Stream, &mut Report),
) -> Step {
    let (existing, mut object, reason) = (existing.map(|object| object.id()), tidy(wanted), reason.into());
    // The labels of one that is there are the user's.
    if let (Some(_), Some(metadata)) = (existing, object.get_mut("metadata").and_then(Value::as_object_mut)) {
        metadata.shift_remove("labels");
    }
    let wanted = Wanted { existing, beside: serves.id(), object, rule: &rules::EXPOSED, reason };
    reconcile::plan(stream, report, wanted, owners)
}

/// What is there is not repeated: an annotation may hold anything.
pub(super) fn refusal(wanted: &Value) -> Refusal {
    let mut says = String::new();
    match (wanted.get("host"), wanted) {
        (Some(host), _) => print::write_flow(&mut says, &json!({"host": host}), Quoting::Yaml),
        (None, Value::String(text)) if text.contains('\n') => says.push_str("another text"),
        (None, wanted) => print::write_flow(&mut says, wanted, Quoting::Yaml),
    }
    let message = format!("it is already there and says otherwise: the config asks for `{says}`");
    let remedy = "change one of the two; or, to expose the pods a second time, give the config another `name`";
    Refusal { rule: &rules::CONFLICT, message, remedy }
}

/// A manifest without a part of its spec, which one that is there has in its own way.
pub(super) fn without(mut manifest: Value, key: &str) -> Value {
    if let Some(spec) = manifest.get_mut("spec").and_then(Value::as_object_mut) {
        spec.shift_remove(key);
    }
    manifest
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
    pub(super) fn reason(&self, stream: &Stream, hosts: &[String]) -> String {
        let host = (!hosts.is_empty()).then(|| Self::all(hosts));
        reason(host.as_deref(), "", &self.names(stream))
    }

    /// The hosts, as messages name them.
    pub(super) fn all(hosts: &[String]) -> String {
        match hosts {
            [] => "any host".to_owned(),
            hosts => krmor_core::text::few(hosts.len(), &mut hosts.iter().cloned(), " and "),
        }
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
        krmor_core::text::few(names.len(), &mut names.into_iter(), " and ")
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
