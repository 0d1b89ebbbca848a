//! The migration as a Job beside the workload.

use crate::migration::rules;
use krmor_core::rules as common;
use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::container::{self, Wanted};
use super::program::{Jobs, Program};
use super::spec::{ARGO_WAVE, HOOKS, Hook, Spec};
use super::{MIGRATION, carried, hash, pod};
use krmor_core::fields;
use krmor_core::manifest::{Manifest, Metadata};
use krmor_core::reconcile::{self, Field, Item, Ownership};
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, ObjectId, Stream};
use krmor_core::values::NonNegative;
use krmor_yaml::{Kind, Node, escape_token};

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

/// Adds the Job, or brings the one that is there up to date.
pub(super) fn apply(
    spec: &Spec,
    program: &Program,
    jobs: &Jobs,
    wanted: &Wanted,
    stream: &mut Stream,
    report: &mut Report,
) {
    let pod = &program.pod;
    let Some(workload) = stream.object(pod.object) else { return };
    if workload.root().find(&["metadata", "name"]).and_then(Node::as_str).is_none_or(|name| name.is_empty()) {
        let message = "it has no name that the Job's could be made from";
        return report.add(&common::NO_NAME, workload.at("/metadata"), message, "give it a name");
    }
    let Some(fields) = pod::fields(spec, pod, wanted, stream, report) else { return };
    if let Some(job) = program.undecided(jobs, stream) {
        let name = workload.name();
        let message = format!("two workloads are called `{name}`, and the Job does not say whose it is");
        return report.add(&rules::SECOND_JOB, job.at(""), message, "remove it: each of the two gets one of its own");
    }
    match program.jobs(jobs, stream)[..] {
        [] => emit(spec, program, wanted, fields, stream, report),
        [job] => update(spec, program, job, wanted, stream, report),
        [_, second, ..] => {
            let Some(second) = stream.object(second) else { return };
            let message = format!("{} has another Job for this migration", workload.reference());
            return report.add(&rules::SECOND_JOB, second.at(""), message, "remove one of the two");
        }
    }
    if spec.job().hook == Hook::ArgocdSync {
        later(spec, pod.object, stream, report);
    }
}

fn emit(
    spec: &Spec,
    program: &Program,
    wanted: &Wanted,
    fields: Map<String, Value>,
    stream: &mut Stream,
    report: &mut Report,
) {
    let pod = &program.pod;
    let Some(workload) = stream.object(pod.object) else { return };
    let (name, migration) = (workload.name(), spec.name.as_str());
    let job = spec.job();
    let mut metadata = Metadata::beside(&workload);
    metadata.labels.get_or_insert_default().insert(COMPONENT.to_owned(), migration.to_owned());
    let mut annotations: BTreeMap<String, String> = [(MIGRATION.to_owned(), program.note(spec, &workload))].into();
    annotations
        .extend(job.annotations().iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))));
    let taken = pod::metadata(spec, pod, &workload, wanted, &fields);
    let texts = |map: Map<String, Value>| {
        map.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect::<BTreeMap<_, _>>()
    };
    let mut of_pods: BTreeMap<String, String> =
        [(COMPONENT.to_owned(), migration.to_owned()), (MIGRATION_OF.to_owned(), hash::label(&name, 63).to_owned())]
            .into();
    of_pods.extend(texts(taken.labels));
    let mut of_pod = Map::new();
    of_pod.insert("containers".to_owned(), json!([wanted.fields]));
    of_pod.insert("restartPolicy".to_owned(), json!("Never"));
    of_pod.extend(fields);
    let template = Template {
        metadata: Metadata {
            labels: Some(of_pods),
            annotations: Some(texts(taken.annotations)).filter(|map| !map.is_empty()),
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
    let name = hash::name(&name, program.twin.as_deref(), migration, hashed.as_deref());
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        let rest = std::mem::take(metadata);
        metadata.insert("name".to_owned(), Value::String(name));
        metadata.extend(rest);
    }
    let owners = Owners { name: spec.name.as_str(), container: wanted };
    bring(object, "it migrates before the program starts", None, pod.object, &owners, stream, report);
}

/// Brings the Job up to date with its workload and the spec.
pub(super) fn update(
    spec: &Spec,
    program: &Program,
    id: ObjectId,
    wanted: &Wanted,
    stream: &mut Stream,
    report: &mut Report,
) {
    let pod = &program.pod;
    let Some(workload) = stream.object(pod.object) else { return };
    let Some(fields) = pod::fields(spec, pod, wanted, stream, &mut Report::default()) else { return };
    let taken = pod::metadata(spec, pod, &workload, wanted, &fields);
    let mut of_pod = fields;
    of_pod.insert("containers".to_owned(), Value::Array(vec![wanted.of_existing().into()]));
    let filled = |map: Map<String, Value>| Some(map).filter(|map| !map.is_empty());
    let of_template = fields!({"labels": filled(taken.labels), "annotations": filled(taken.annotations)});
    let job = spec.job();
    // Those of another hook go.
    let mut annotations = job.annotations();
    let hooks = HOOKS.into_iter().map(|key| (key.to_owned(), annotations.shift_remove(key).unwrap_or_default()));
    let hooks: Map<String, Value> = hooks.collect();
    let wanted_of_job = fields!({
        "spec": fields!({
            "template": fields!({"spec": of_pod, "metadata": of_template}),
            "backoffLimit": job.backoff_limit.map(NonNegative::get),
            "activeDeadlineSeconds": job.active_deadline_seconds.map(NonNegative::get),
            "ttlSecondsAfterFinished": job.ttl_seconds_after_finished.map(NonNegative::get),
        }),
        "metadata": fields!({"annotations": hooks}),
    });
    bring(
        wanted_of_job,
        "",
        Some(id),
        pod.object,
        &Owners { name: spec.name.as_str(), container: wanted },
        stream,
        report,
    );
}

/// Makes the Job, or edits the one that is there.
fn bring(
    object: Value,
    reason: &'static str,
    existing: Option<ObjectId>,
    beside: ObjectId,
    owners: &Owners<'_>,
    stream: &mut Stream,
    report: &mut Report,
) {
    let reason = reason.into();
    reconcile::apply(
        stream,
        report,
        reconcile::Wanted { existing, beside, object, rule: &rules::MIGRATION, reason },
        owners,
    );
}

/// Whose the fields of a Job are that is there: they follow the workload's and the spec.
struct Owners<'a> {
    /// The name of the migration's container.
    name: &'a str,
    container: &'a Wanted,
}

const POD: &str = "/spec/template/spec/";
const CONTAINER: &str = "/spec/template/spec/containers/*";
const SIDECAR: &str = "/spec/template/spec/initContainers/*";

impl Ownership for Owners<'_> {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field {
        if let Some(of_container) = [CONTAINER, SIDECAR].iter().find_map(|list| pattern.strip_prefix(list)) {
            return self.container.field(of_container, there, wanted);
        }
        match pattern.strip_prefix(POD) {
            Some(key) if carried::is_taken_once(key) => Field::Keep,
            Some("volumes" | "containers" | "initContainers") if there.kind() == Kind::Seq => Field::Parts,
            Some(_) => Field::Set,
            None => match pattern {
                ""
                | "/metadata"
                | "/metadata/annotations"
                | "/spec"
                | TEMPLATE
                | "/spec/template/metadata"
                | "/spec/template/metadata/annotations"
                | "/spec/template/metadata/labels"
                | "/spec/template/spec" => Field::Parts,
                _ => Field::Set,
            },
        }
    }

    fn item(&self, pattern: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        if let Some(of_container) = [CONTAINER, SIDECAR].iter().find_map(|list| pattern.strip_prefix(list)) {
            return self.container.item(of_container, list, wanted, number);
        }
        let is_containers = pattern.ends_with("/containers");
        let name = match is_containers {
            true => Some(self.name),
            false => wanted.get(number).and_then(|volume| container::text(volume, "name")),
        };
        match Item::find(list, |item| item.get("name").and_then(Node::as_str).as_deref() == name) {
            // A Job without the migration's container is the user's affair.
            Item::Absent if is_containers => Item::Keep,
            found => found,
        }
    }

    fn reason(&self, pattern: &str, action: &Action) -> Option<Cow<'static, str>> {
        if let Some(of_container) = pattern.strip_prefix(CONTAINER) {
            return self.container.reason(of_container, action);
        }
        Some(Cow::Borrowed(match pattern {
            "/spec/template/spec/volumes" => "the migration mounts it",
            _ if pattern.starts_with("/spec/template/") => "as in the workload",
            _ if pattern.starts_with("/metadata/") && *action == Action::Remove => "the spec names another hook",
            _ if pattern.starts_with("/metadata/") => "the spec names the hook",
            _ => "the spec says so",
        }))
    }
}

/// Gives a workload the wave behind the Job's, unless it has one.
pub(super) fn later(spec: &Spec, workload: ObjectId, stream: &mut Stream, report: &mut Report) {
    if stream.object(workload).is_none_or(|object| object.annotation(ARGO_WAVE).is_some()) {
        return;
    }
    let wave = (i64::from(spec.job().wave()) + 1).to_string();
    let pointer = format!("/metadata/annotations/{}", escape_token(ARGO_WAVE));
    let why = Why {
        rule: &rules::SYNC_WAVE,
        reason: "the program starts when the migration has ended".into(),
        class: Class::Added,
    };
    stream.apply(report, workload, Edit { pointer, action: Action::Set(Value::String(wave)), why });
}

/// Names the Job by what it is now, when nothing else may change it.
pub(super) fn rename(spec: &Spec, program: &Program, id: ObjectId, stream: &mut Stream, report: &mut Report) {
    if spec.job().hook != Hook::None {
        return;
    }
    let Some(workload) = stream.object(program.pod.object) else { return };
    let Some(template) = stream.object(id).and_then(|job| job.root().at_pointer(TEMPLATE)?.to_value()) else { return };
    let hashed = hash::of(&template, &workload, stream);
    let name = hash::name(&workload.name(), program.twin.as_deref(), spec.name.as_str(), Some(&hashed));
    let name = Value::String(name);
    let reason = "a Job cannot be changed: another content needs another name";
    let why = Why { rule: &rules::MIGRATION, reason: reason.into(), class: Class::Updated };
    stream.apply(report, id, Edit { pointer: "/metadata/name".to_owned(), action: Action::Set(name), why });
}
