//! The programs that have a migration, the workloads that follow one, and which Job is whose.

use std::collections::HashMap;

use super::MIGRATION;
use super::spec::{Form, Spec};
use crate::migration::rules;
use krmor_core::facts::{self, Facts};
use krmor_core::pods::{Container, Pod, Role};
use krmor_core::report::{Place, Report};
use krmor_core::rules as common;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target::{self, Matcher, Selected};

/// A pod with the container that has the migration.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) pod: Pod,
    pub(super) main: Container,
    /// Its kind and group, where another workload of its namespace has its name: then the name alone does not tell whose a
    /// Job is.
    pub(super) twin: Option<String>,
    /// Whether another workload had its name before kustomize gave them prefixes.
    had_twin: bool,
}

impl Program {
    /// The value of the annotation of its Jobs.
    pub(super) fn note(&self, spec: &Spec, workload: &Object<'_>) -> String {
        let (name, migration) = (workload.name(), spec.name.as_str());
        match &self.twin {
            Some(kind) => format!("{kind}/{name}/{migration}"),
            None => format!("{name}/{migration}"),
        }
    }

    /// The Jobs of its migration.
    pub(super) fn jobs(&self, jobs: &Jobs, stream: &Stream) -> Vec<ObjectId> {
        let Some(workload) = stream.object(self.pod.object) else { return Vec::new() };
        let ours = |note: &Note, job: &Object<'_>| match (&note.kind, &self.twin) {
            (Some(kind), _) => *kind == kind_of(&workload),
            (None, Some(_)) => false,
            // Of two that were called so once, it is of the one that got the same prefixes.
            (None, None) => note.name == workload.name() || !self.had_twin || facts::share_context(job, &workload),
        };
        let found = jobs.named(&workload, stream).filter(|(note, job)| ours(note, job));
        found.map(|(_, job)| job.id()).collect()
    }

    /// A Job that an earlier run made, when the name alone told whose it was.
    pub(super) fn undecided<'s>(&self, jobs: &Jobs, stream: &'s Stream) -> Option<Object<'s>> {
        let workload = self.twin.as_ref().and(stream.object(self.pod.object))?;
        jobs.named(&workload, stream).find(|(note, _)| note.kind.is_none()).map(|(_, job)| job)
    }
}

/// The Jobs of a migration by the names of the workloads that they are for: read once, since each that is made changes the
/// stream.
pub(super) struct Jobs(HashMap<String, Vec<(Note, ObjectId)>>);

impl Jobs {
    pub(super) fn of(spec: &Spec, stream: &Stream) -> Self {
        let mut by_name: HashMap<String, Vec<(Note, ObjectId)>> = HashMap::new();
        for job in stream.of_kind("batch", "Job") {
            if let Some(note) = Note::of(&job).filter(|note| note.migration == spec.name.as_str()) {
                by_name.entry(note.name.clone()).or_default().push((note, job.id()));
            }
        }
        Self(by_name)
    }

    /// Those that are for a workload, as far as its name tells, in the stream's order.
    fn named<'s>(&self, workload: &Object<'_>, stream: &'s Stream) -> impl Iterator<Item = (&Note, Object<'s>)> {
        let names = workload.names();
        let mut all: Vec<&(Note, ObjectId)> = names.iter().filter_map(|name| self.0.get(name)).flatten().collect();
        all.sort_unstable_by_key(|(_, id)| *id);
        let with_job = all.into_iter().filter_map(|(note, id)| Some((note, stream.object(*id)?)));
        let near: Vec<_> = with_job.filter(|(_, job)| facts::share_namespace(job, workload)).collect();
        near.into_iter()
    }
}

/// What the annotation of a Job says.
struct Note {
    kind: Option<String>,
    name: String,
    migration: String,
}

impl Note {
    fn of(job: &Object<'_>) -> Option<Self> {
        let note = job.annotation(MIGRATION)?;
        let (of, migration) = note.rsplit_once('/')?;
        let (kind, name) = of.split_once('/').map_or((None, of), |(kind, name)| (Some(kind.to_owned()), name));
        Some(Self { kind, name: name.to_owned(), migration: migration.to_owned() })
    }
}

/// `deployment.apps`, as kubectl writes it.
fn kind_of(workload: &Object<'_>) -> String {
    let (kind, group) = (workload.kind().to_ascii_lowercase(), workload.group());
    if group.is_empty() { kind } else { format!("{kind}.{group}") }
}

/// The pods in scope, each with its main container.
pub(super) fn all(spec: &Spec, stream: &Stream, report: &mut Report) -> Vec<Program> {
    let (mut found, problems) = target::pods(&spec.targets, &spec.exclude, stream);
    report.record_once(problems);
    found.retain(|selected| {
        stream.object(selected.pod.object).is_some_and(|object| is_program(spec, selected, &object))
    });
    if spec.targets.is_empty() && found.len() > 1 {
        let names = found.iter().filter_map(|selected| stream.object(selected.pod.object));
        let names: Vec<String> = names.map(|object| object.reference().to_string()).collect();
        let shown = names.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if names.len() > 8 { ", …" } else { "" };
        let message = format!("the stream has several workloads, and not all have this migration: {shown}{more}");
        report.add(&common::CONFIG, Place::Config("/targets".to_owned()), message, "name those that have it");
        return Vec::new();
    }
    let namesakes = Namesakes::of(stream, &found);
    let mut programs: Vec<Program> = Vec::new();
    for selected in found {
        let Some(object) = stream.object(selected.pod.object) else { continue };
        let Some(main) = main_container(spec, &selected, &object, report) else { continue };
        let (pod, object_id) = (selected.pod, object.id());
        if spec.form == Form::Job && programs.last().is_some_and(|last| last.pod.object == object_id) {
            let message = format!("{} has several kinds of pods: which of them has the migration?", object.reference());
            let remedy = "name the container in `targets`, as `containers: [name]`";
            report.add(&rules::WHICH_CONTAINER, object.at(&pod.spec), message, remedy);
            programs.pop();
            continue;
        }
        let (twin, had_twin) = namesakes.ask(stream, &object);
        programs.push(Program { pod, main, twin, had_twin });
    }
    programs
}

/// The workloads by their names, the present and the previous ones.
struct Namesakes(HashMap<String, Vec<ObjectId>>);

impl Namesakes {
    fn of(stream: &Stream, found: &[Selected]) -> Self {
        let mut by_name: HashMap<String, Vec<ObjectId>> = HashMap::new();
        let others = Facts::of(stream).pods().iter().filter(|pod| {
            let runs = |object: &Object<'_>| object.annotation(MIGRATION).is_none() && !pod.runs_to_completion(object);
            stream.object(pod.object).is_some_and(|object| runs(&object))
        });
        for pod in others.chain(found.iter().map(|selected| &selected.pod)) {
            let Some(object) = stream.object(pod.object) else { continue };
            for name in object.names() {
                by_name.entry(name).or_default().push(pod.object);
            }
        }
        Self(by_name)
    }

    /// The kind of a workload, if another one has its name; and whether another one had it.
    fn ask(&self, stream: &Stream, workload: &Object<'_>) -> (Option<String>, bool) {
        let mut others = Vec::new();
        for name in workload.names() {
            let all = self.0.get(&name).into_iter().flatten().filter(|id| **id != workload.id());
            others.extend(all.filter_map(|id| stream.object(*id)));
        }
        others.retain(|other| facts::share_namespace(other, workload));
        let has = others.iter().any(|other| other.name() == workload.name());
        (has.then(|| kind_of(workload)), !others.is_empty())
    }
}

/// Whether it can have a migration. Jobs that are made here carry their workload's labels, and targets may match them.
fn is_program(spec: &Spec, selected: &Selected, object: &Object<'_>) -> bool {
    object.annotation(MIGRATION).is_none() && !(spec.targets.is_empty() && selected.pod.runs_to_completion(object))
}

fn main_container(spec: &Spec, selected: &Selected, object: &Object<'_>, report: &mut Report) -> Option<Container> {
    let mut main = selected.containers(object);
    main.retain(|container| container.role == Role::Main);
    let names: Vec<String> = main.iter().map(|container| format!("`{}`", container.name)).collect();
    let pointer = selected.pod.spec.as_str();
    if let Some(name) = &spec.container {
        let found = main.into_iter().find(|container| container.name == *name);
        if found.is_none() {
            let remedy = match names.is_empty() {
                true => "choose another workload".to_owned(),
                false => format!("correct `container`: there is {}", names.join(", ")),
            };
            let message = format!("there is no main container `{name}`");
            report.add(&rules::NO_CONTAINER, object.at(pointer), message, remedy);
        }
        return found;
    }
    match main.len() {
        0 | 1 => main.pop(),
        _ => {
            let message = format!("which of the containers {} has the migration?", names.join(", "));
            report.add(&rules::WHICH_CONTAINER, object.at(pointer), message, "name it in `container`");
            None
        }
    }
}

/// The workloads that wait for the Jobs of a spec, those with a migration aside.
pub(super) fn followers(spec: &Spec, programs: &[Program], stream: &Stream, report: &mut Report) -> Vec<ObjectId> {
    let mut found = Vec::new();
    for (at, selector) in spec.followers.iter().enumerate() {
        let place = format!("/followers/{at}");
        let Ok(matcher) = Matcher::new(selector, &place) else { continue };
        let matcher = matcher.with_previous();
        let is_it = |object: &Object<'_>| object.annotation(MIGRATION).is_none() && matcher.matches(object);
        let mut ids: Vec<ObjectId> = Facts::of(stream).pods().iter().map(|pod| pod.object).collect();
        ids.dedup();
        ids.retain(|id| stream.object(*id).is_some_and(|object| is_it(&object)));
        if ids.is_empty() && !selector.optional {
            let message = format!("`{selector}` matches no workload");
            let workloads = Facts::of(stream).pods().iter().filter_map(|pod| stream.object(pod.object));
            let hint = matcher.affix_hint(workloads).map_or_else(String::new, |hint| format!("{hint}; "));
            let remedy = format!("{hint}correct or remove it");
            report.add(&common::UNMATCHED_TARGET, Place::Config(place.clone()), message, remedy);
        }
        let programs_too = ids.iter().find(|id| programs.iter().any(|program| program.pod.object == **id));
        if let Some(object) = programs_too.and_then(|id| stream.object(*id)) {
            let message = format!("{} has the migration itself", object.reference());
            let remedy = "let `targets` or `followers` name it, not both";
            report.add(&common::CONFIG, Place::Config(place), message, remedy);
        }
        ids.retain(|id| !programs.iter().any(|program| program.pod.object == *id) && !found.contains(id));
        found.extend(ids);
    }
    found
}
