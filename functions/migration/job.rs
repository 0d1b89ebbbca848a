//! The migration as a Job beside the workload.

use crate::migration::rules;
use krmor_core::rules as common;
use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::container::{self, Wanted};
use super::spec::{ARGO_WAVE, HOOKS, Hook, Spec};
use super::{MIGRATION, hash, pod};
use krmor_core::facts;
use krmor_core::manifest::{Manifest, Metadata};
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_core::values::NonNegative;
use krmor_core::workload::Pod;
use krmor_yaml::{Node, escape_token};

const COMPONENT: &str = "app.kubernetes.io/component";
/// Label of the Job's pods, which share none with the program's: no Service sends to them.
const MIGRATION_OF: &str = "krmor.dev/migration-of";
const TEMPLATE: &str = "/spec/template";

/// The spec of a Job, as far as krmor makes it; `tests/emit.rs` holds it against k8s-openapi's. The pod in it is made of
/// the user's own fields, of which types would know those of one version of the API only.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    active_deadline_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff_limit: Option<i32>,
    template: Template,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds_after_finished: Option<i32>,
}

#[derive(Serialize)]
struct Template {
    metadata: Metadata,
    spec: Map<String, Value>,
}

fn why(reason: &'static str, class: Class) -> Why {
    Why { rule: &rules::MIGRATION, reason: reason.into(), class }
}

/// Adds the Job, or brings the one that is there up to date.
pub(super) fn apply(spec: &Spec, pod: &Pod, wanted: &Wanted, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(pod.object) else { return };
    if workload.root().find(&["metadata", "name"]).and_then(Node::as_str).is_none_or(|name| name.is_empty()) {
        let message = "it has no name that the Job's could be made from";
        return report.add(&common::NO_NAME, workload.at("/metadata"), message, "give it a name");
    }
    let Some(fields) = pod::fields(spec, pod, wanted, stream, report) else { return };
    match of(spec, &workload, stream).as_slice() {
        [] => emit(spec, pod, wanted, fields, stream, report),
        [_] => update(spec, pod, wanted, stream, report),
        [_, second, ..] => {
            let Some(second) = stream.object(*second) else { return };
            let message = format!("{} has another Job for this migration", workload.reference());
            report.add(&rules::SECOND_JOB, second.at(""), message, "remove one of the two");
        }
    }
    if spec.job().hook == Hook::ArgocdSync {
        later(spec, pod, stream, report);
    }
}

/// The Jobs of this migration of a workload.
pub(super) fn of(spec: &Spec, workload: &Object<'_>, stream: &Stream) -> Vec<ObjectId> {
    let ours = |object: &Object<'_>| {
        let note = object.annotation(MIGRATION);
        let of = note.as_deref().and_then(|note| note.rsplit_once('/'));
        of.is_some_and(|(name, migration)| migration == spec.name.as_str() && workload.is_named(name))
            && facts::share_namespace(object, workload)
    };
    stream.objects().filter(ours).map(|object| object.id()).collect()
}

fn emit(spec: &Spec, pod: &Pod, wanted: &Wanted, fields: Map<String, Value>, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(pod.object) else { return };
    let (name, migration) = (workload.name(), spec.name.as_str());
    let job = spec.job();
    let mut metadata = Metadata::beside(&workload);
    metadata.labels.get_or_insert_default().insert(COMPONENT.to_owned(), migration.to_owned());
    let mut annotations: BTreeMap<String, String> = [(MIGRATION.to_owned(), format!("{name}/{migration}"))].into();
    annotations
        .extend(job.annotations().iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
    let of_pods: BTreeMap<String, String> =
        [(COMPONENT.to_owned(), migration.to_owned()), (MIGRATION_OF.to_owned(), hash::label(&name, 63).to_owned())]
            .into();
    let agent = pod::annotations(pod, &workload);
    let agent = agent.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect();
    let mut of_pod = Map::new();
    of_pod.insert("containers".to_owned(), json!([wanted.fields]));
    of_pod.insert("restartPolicy".to_owned(), json!("Never"));
    of_pod.extend(fields);
    let template = Template {
        metadata: Metadata {
            labels: Some(of_pods),
            annotations: Some(agent).filter(|map: &BTreeMap<_, _>| !map.is_empty()),
            ..Metadata::default()
        },
        spec: of_pod,
    };
    metadata.annotations = Some(annotations);
    let spec_of_job = JobSpec {
        backoff_limit: job.backoff_limit.map(NonNegative::get),
        active_deadline_seconds: job.active_deadline_seconds.map(NonNegative::get),
        ttl_seconds_after_finished: job.ttl_seconds_after_finished.map(NonNegative::get),
        template,
    };
    let mut object = Manifest::of::<Job>(metadata, spec_of_job).to_value().unwrap_or_default();
    let hashed =
        (job.hook == Hook::None).then(|| hash::of(object.pointer(TEMPLATE).unwrap_or(&Value::Null), &workload, stream));
    let name = hash::name(&name, migration, hashed.as_deref());
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        let rest = std::mem::take(metadata);
        metadata.insert("name".to_owned(), Value::String(name));
        metadata.extend(rest);
    }
    stream.emit(report, pod.object, object, why("it migrates before the program starts", Class::Added));
}

/// Brings the Job up to date with its workload and the spec.
pub(super) fn update(spec: &Spec, pod: &Pod, wanted: &Wanted, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(pod.object) else { return };
    let [id] = of(spec, &workload, stream)[..] else { return };
    let Some(fields) = pod::fields(spec, pod, wanted, stream, &mut Report::default()) else { return };
    let Some(object) = stream.object(id) else { return };
    let mut edits = Vec::new();
    let as_there = "as in the workload";
    for (key, value) in &fields {
        let pointer = format!("{TEMPLATE}/spec/{key}");
        match key.as_str() {
            "volumes" => edits.extend(volumes(&object, &pointer, value)),
            key if pod::FILLED.contains(&key) => {
                edits.extend(set(&object, pointer, value, as_there).filter(|edit| edit.why.class == Class::Added));
            }
            _ => edits.extend(set(&object, pointer, value, as_there)),
        }
    }
    let containers = object.root().find(&["spec", "template", "spec", "containers"]);
    let own =
        |container: &Node<'_>| container.get("name").and_then(Node::as_str).as_deref() == Some(spec.name.as_str());
    if let Some((at, container)) = containers.into_iter().flat_map(Node::items).enumerate().find(|(_, one)| own(one)) {
        edits.extend(container::update(wanted, container, &format!("{TEMPLATE}/spec/containers/{at}")));
    }
    for (key, value) in pod::annotations(pod, &workload) {
        let pointer = format!("{TEMPLATE}/metadata/annotations/{}", escape_token(&key));
        edits.extend(set(&object, pointer, &value, as_there));
    }
    let job = spec.job();
    let told = [
        ("backoffLimit", job.backoff_limit),
        ("activeDeadlineSeconds", job.active_deadline_seconds),
        ("ttlSecondsAfterFinished", job.ttl_seconds_after_finished),
    ];
    for (key, value) in told {
        let Some(value) = value else { continue };
        edits.extend(set(&object, format!("/spec/{key}"), &json!(value.get()), "the spec says so"));
    }
    let hooks = job.annotations();
    for key in HOOKS {
        let pointer = format!("/metadata/annotations/{}", escape_token(key));
        match hooks.get(key) {
            Some(value) => edits.extend(set(&object, pointer, value, "the spec names the hook")),
            None if object.root().at_pointer(&pointer).is_some() => edits.push(Edit {
                pointer,
                action: Action::Remove,
                why: why("the spec names another hook", Class::Raised),
            }),
            None => {}
        }
    }
    for edit in edits {
        stream.make(report, id, edit);
    }
}

fn volumes(object: &Object<'_>, pointer: &str, wanted: &Value) -> Vec<Edit> {
    let there: Vec<Node<'_>> = object.root().at_pointer(pointer).into_iter().flat_map(Node::items).collect();
    let mut edits = Vec::new();
    for volume in wanted.as_array().into_iter().flatten() {
        let name = container::text(volume, "name");
        let at = there.iter().position(|other| other.get("name").and_then(Node::as_str).as_deref() == name);
        match at {
            Some(at) => edits.extend(set(object, format!("{pointer}/{at}"), volume, "as in the workload")),
            None => edits.push(Edit {
                pointer: pointer.to_owned(),
                action: Action::Append(volume.clone()),
                why: why("the migration mounts it", Class::Added),
            }),
        }
    }
    edits
}

fn set(object: &Object<'_>, pointer: String, value: &Value, reason: &'static str) -> Option<Edit> {
    let there = object.root().at_pointer(&pointer).and_then(Node::to_value).filter(|there| !there.is_null());
    let class = if there.is_some() { Class::Raised } else { Class::Added };
    let differs = there.as_ref() != Some(value);
    differs.then(|| Edit { pointer, action: Action::Set(value.clone()), why: why(reason, class) })
}

/// Gives the workload the wave behind the Job's, unless it has one.
fn later(spec: &Spec, pod: &Pod, stream: &mut Stream, report: &mut Report) {
    let Some(workload) = stream.object(pod.object) else { return };
    if workload.annotation(ARGO_WAVE).is_some() || of(spec, &workload, stream).is_empty() {
        return;
    }
    let wave = (i64::from(spec.job().wave()) + 1).to_string();
    let pointer = format!("/metadata/annotations/{}", escape_token(ARGO_WAVE));
    let why = Why {
        rule: &rules::SYNC_WAVE,
        reason: "the program starts when the migration has ended".into(),
        class: Class::Added,
    };
    stream.make(report, pod.object, Edit { pointer, action: Action::Set(Value::String(wave)), why });
}

/// Names the Job by what it is now, when nothing else may change it.
pub(super) fn rename(spec: &Spec, pod: &Pod, stream: &mut Stream, report: &mut Report) {
    if spec.job().hook != Hook::None {
        return;
    }
    let Some(workload) = stream.object(pod.object) else { return };
    let [id] = of(spec, &workload, stream)[..] else { return };
    let Some(template) = stream.object(id).and_then(|job| job.root().at_pointer(TEMPLATE)?.to_value()) else { return };
    let hashed = hash::of(&template, &workload, stream);
    let name = Value::String(hash::name(&workload.name(), spec.name.as_str(), Some(&hashed)));
    let Some(job) = stream.object(id) else { return };
    let reason = "a Job cannot be changed: another content needs another name";
    if let Some(edit) = set(&job, "/metadata/name".to_owned(), &name, reason) {
        stream.make(report, id, edit);
    }
}
