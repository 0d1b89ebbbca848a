//! `Migration`: lets a program's migration run before the program, in an init container of its pods or in a Job.
//!
//! `container` says what the migration's container must be and brings one that is there up to date; `init` and `job` put
//! it where it belongs. Later functions of a pipeline harden it like any other container. When they are done, `finish`
//! takes over what they have given the program since, and names a Job by its content (`hash`); `judge`
//! sees in the final stream that everything comes in time (`order`).

mod container;
mod hash;
mod hosts;
mod init;
mod job;
mod order;
mod pod;
pub mod rules;
pub mod spec;
pub mod values;
mod waves;

use self::container::Wanted;
pub use self::spec::Spec;
use self::spec::{Form, Hook};
use krmor_core::pods::{Container, Pod, Role};
use krmor_core::report::Place;
use krmor_core::report::Report;
use krmor_core::rules as common;
use krmor_core::stream::{Object, Stream};
use krmor_core::target::{self, Selected};

/// Annotation of the Jobs that are made here: the workload and the migration's name, with a `/` between.
const MIGRATION: &str = "krmor.dev/migration";

/// Adds the migrations, or brings those that are there up to date.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    for (pod, main) in programs(spec, stream, report) {
        let Some(wanted) = container::wanted(spec, &pod, &main, stream, report) else { continue };
        match spec.form {
            Form::InitContainer => init::apply(spec, &pod, &wanted, stream, report),
            Form::Job => job::apply(spec, &pod, &wanted, stream, report),
        }
    }
}

/// Takes over what later functions have given the programs, and names Jobs by their final content.
pub fn finish(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    for (pod, wanted) in known(spec, stream) {
        match spec.form {
            Form::InitContainer => init::update(spec, &pod, &wanted, stream, report),
            Form::Job => {
                job::update(spec, &pod, &wanted, stream, report);
                if spec.job().hook == Hook::ArgocdSync {
                    waves::align(spec, &pod, stream, report);
                }
                job::rename(spec, &pod, stream, report);
            }
        }
    }
}

/// Sees that no migration comes too late, or waits for what comes after it.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    for (pod, _) in known(spec, stream) {
        match spec.form {
            Form::InitContainer => init::judge(spec, &pod, stream, report),
            Form::Job => order::judge(spec, &pod, stream, report),
        }
    }
}

/// The programs with what their migrations must be; what is wrong with them has been said by [`apply`].
fn known(spec: &Spec, stream: &Stream) -> Vec<(Pod, Wanted)> {
    let mut said = Report::default();
    let programs = programs(spec, stream, &mut said);
    let wanted = programs.into_iter().map(|(pod, main)| {
        let wanted = container::wanted(spec, &pod, &main, stream, &mut said)?;
        Some((pod, wanted))
    });
    wanted.flatten().collect()
}

/// The pods in scope, each with its main container.
fn programs(spec: &Spec, stream: &Stream, report: &mut Report) -> Vec<(Pod, Container)> {
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
    let with_main = found.into_iter().filter_map(|selected| {
        let object = stream.object(selected.pod.object)?;
        Some((selected.pod.clone(), main_container(spec, &selected, &object, report)?))
    });
    with_main.collect()
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
