//! The migration as an init container of the program's pods.

use crate::migration::rules;
use krmor_core::rules as common;
use std::borrow::Cow;

use serde_json::{Value, json};

use super::container::Wanted;
use super::metadata::{INIT_FIRST, injects_agent};
use super::spec::Spec;
use krmor_core::pods::{Container, Pod, Role};
use krmor_core::reconcile::{self, Context};
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Stream};
use krmor_core::values::go_bool;
use krmor_core::workload::Trait;
use krmor_yaml::escape_token;

/// Adds the init container behind those that are there, which may fetch what it needs; or brings it up to date.
pub(super) fn apply(spec: &Spec, pod: &Pod, wanted: &Wanted, stream: &mut Stream, report: &mut Report) {
    let Some(object) = stream.object(pod.object) else { return };
    // Knative, whose pods have one container that serves, refuses init containers too unless an operator allows them.
    if pod.has(Trait::OneServes) {
        let message = "by default Knative refuses init containers";
        let remedy = "write `as: job`, or exclude it";
        return report.add(&rules::NO_INIT_CONTAINERS, object.at(&pod.spec), message, remedy);
    }
    if super::pod::sidecars(spec, pod, &object, report).is_none() {
        return;
    }
    let namesake = pod.containers(&object).into_iter().find(|container| container.name == spec.name.as_str());
    match namesake {
        Some(container) if container.role == Role::Init => update(spec, pod, wanted, stream, report),
        Some(container) => {
            let message = format!("container `{}` is there already, and is no init container", container.name);
            let remedy = "give the migration another `name`";
            report.add(&common::NAME_TAKEN, object.at(&container.pointer), message, remedy);
        }
        None => {
            let reason = format!("it migrates before container `{}` starts", wanted.main);
            let why = Why { rule: &rules::MIGRATION, reason: reason.into(), class: Class::Added };
            let pointer = format!("{}/initContainers", pod.spec);
            let container = Value::Object(wanted.fields.clone());
            stream.apply(report, pod.object, Edit { pointer, action: Action::Append(container), why });
        }
    }
    agent_first(pod, stream, report);
}

/// Vault's injector puts its init container behind those that are there, unless told otherwise.
fn agent_first(pod: &Pod, stream: &mut Stream, report: &mut Report) {
    let Some(object) = stream.object(pod.object).filter(|object| injects_agent(pod, object)) else { return };
    let annotation = pod.metadata_node(&object).and_then(|metadata| metadata.find(&["annotations", INIT_FIRST]));
    let pointer = format!("{}/annotations/{}", pod.metadata_pointer(), escape_token(INIT_FIRST));
    match annotation.filter(|annotation| !annotation.is_null()) {
        None => {
            let reason = "the agent fetches the secrets before the migration reads them".into();
            let why = Why { rule: &rules::AGENT_INIT_FIRST, reason, class: Class::Added };
            stream.apply(report, pod.object, Edit { pointer, action: Action::Set(json!("true")), why });
        }
        Some(value) if value.as_str().and_then(|text| go_bool(&text)) == Some(true) => {}
        Some(_) => {
            let message = "the Vault agent starts behind the migration, which lacks the files that the agent writes";
            let remedy = "set it to \"true\"";
            report.add(&rules::AGENT_INIT_FIRST, object.at(&pointer), message, remedy);
        }
    }
}

pub(super) fn update(spec: &Spec, pod: &Pod, wanted: &Wanted, stream: &mut Stream, report: &mut Report) {
    let edits = stream.object(pod.object).and_then(|object| {
        let container = existing(spec, pod.containers(&object))?;
        let by = Context { rule: &rules::MIGRATION, reason: Cow::default(), owners: wanted };
        Some(reconcile::compare(&object, &container.pointer, &wanted.of_existing().into(), &by, report))
    });
    for edit in edits.into_iter().flatten() {
        stream.apply(report, pod.object, edit);
    }
}

fn existing(spec: &Spec, containers: Vec<Container>) -> Option<Container> {
    containers.into_iter().find(|one| one.role == Role::Init && one.name == spec.name.as_str())
}
