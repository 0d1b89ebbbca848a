//! `Migration`: lets a program's migration run before the program, in an init container of its pods or in a Job.
//!
//! `container` says what the migration's container must be and brings one that is there up to date; `init` and `job` put
//! it where it belongs, and `program` tells whose a Job is. Later functions of a pipeline harden it like any other
//! container. When they are done, `finish` takes over what they have given the program since, and names a Job by its
//! content (`hash`); `judge` sees in the final stream that everything comes in time (`order`), that nothing is needed which
//! only a container of the pod gives (`needs`), what the program's pods have and a Job's lack (`lost`, `policies`), and
//! which workloads start beside the migration (`together`).

pub mod carried;
mod container;
mod hash;
mod hosts;
mod init;
mod job;
mod loopback;
mod lost;
mod metadata;
mod needs;
mod order;
mod pod;
mod policies;
mod program;
pub mod rules;
pub mod spec;
mod texts;
mod together;
pub mod values;
mod waves;

use self::program::Jobs;
pub use self::spec::Spec;
use self::spec::{Form, Hook};
use self::texts::Migration;
use krmor_core::report::Report;
use krmor_core::stream::{ObjectId, Stream};
use std::collections::BTreeSet;

/// Annotation of the Jobs that are made here: the workload and the migration's name, with a `/` between; before them the
/// workload's kind, where another workload has its name.
const MIGRATION: &str = "krmor.dev/migration";

/// Adds the migrations, or brings those that are there up to date.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let programs = program::all(spec, stream, report);
    let followers = program::followers(spec, &programs, stream, report);
    let jobs = Jobs::of(spec, stream);
    for program in &programs {
        let Some(wanted) = container::wanted(spec, &program.pod, &program.main, stream, report) else { continue };
        match spec.form {
            Form::InitContainer => init::apply(spec, &program.pod, &wanted, stream, report),
            Form::Job => job::apply(spec, program, &jobs, &wanted, stream, report),
        }
    }
    if spec.job().hook == Hook::ArgocdSync && !programs.is_empty() {
        for follower in followers {
            job::later(spec, follower, stream, report);
        }
    }
}

/// Takes over what later functions have given the programs, and names Jobs by their final content.
pub fn finish(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let mut said = Report::default();
    let programs = program::all(spec, stream, &mut said);
    let jobs = Jobs::of(spec, stream);
    let mut in_waves: BTreeSet<ObjectId> = BTreeSet::new();
    for program in &programs {
        let Some(wanted) = container::wanted(spec, &program.pod, &program.main, stream, &mut said) else { continue };
        match (spec.form, &program.jobs(&jobs, stream)[..]) {
            (Form::InitContainer, _) => init::update(spec, &program.pod, &wanted, stream, report),
            (Form::Job, &[job]) => {
                job::update(spec, program, job, &wanted, stream, report);
                in_waves.insert(program.pod.object);
                job::rename(spec, program, job, stream, report);
            }
            (Form::Job, _) => {}
        }
    }
    if spec.job().hook == Hook::ArgocdSync {
        in_waves.extend(program::followers(spec, &programs, stream, &mut said));
        waves::align(&in_waves, stream, report);
    }
}

/// Sees that no migration comes too late, or waits for what comes after it.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    let mut said = Report::default();
    let programs = program::all(spec, stream, &mut said);
    let followers = program::followers(spec, &programs, stream, &mut said);
    let jobs = Jobs::of(spec, stream);
    let of_program = |program| Migration::of(spec, program, &jobs, stream);
    let migrations: Vec<Migration<'_>> = programs.iter().filter_map(of_program).collect();
    let selectors = if spec.form == Form::Job { order::selectors(stream) } else { Vec::new() };
    for migration in &migrations {
        if spec.form == Form::Job {
            order::judge(spec, migration, &followers, &selectors, stream, report);
            lost::judge(migration, report);
            policies::judge(migration, stream, report);
        }
        needs::judge(spec, migration, stream, report);
    }
    together::judge(spec, &migrations, &followers, stream, report);
}
