//! A migration as it stands in the final stream.

use super::program::{Jobs, Program};
use super::spec::{Form, Spec};
use krmor_core::pods::Role;
use krmor_core::stream::{Object, Stream};
use krmor_core::texts::Reader;
use krmor_yaml::Node;

/// Pointer of the containers of a Job.
pub(super) const OF_JOB: &str = "/spec/template/spec";

/// A migration of the final stream.
pub(super) struct Migration<'a> {
    pub(super) program: &'a Program,
    pub(super) workload: Object<'a>,
    /// The object that it stands in: the workload, or its Job.
    pub(super) holder: Object<'a>,
    pub(super) own: Reader<'a>,
}

impl<'a> Migration<'a> {
    pub(super) fn of(spec: &Spec, program: &'a Program, jobs: &Jobs, stream: &'a Stream) -> Option<Self> {
        let workload = stream.object(program.pod.object)?;
        let (holder, pointer, pod) = match spec.form {
            Form::InitContainer => {
                let is_it =
                    |one: &krmor_core::pods::Container| one.role == Role::Init && one.name == spec.name.as_str();
                let container = program.pod.containers(&workload).into_iter().find(is_it)?;
                (workload, container.pointer, program.pod.spec_node(&workload)?)
            }
            Form::Job => {
                let [job] = program.jobs(jobs, stream)[..] else { return None };
                let job = stream.object(job)?;
                let pod = job.root().at_pointer(OF_JOB)?;
                let is_it =
                    |one: Node<'_>| one.get("name").and_then(Node::as_str).as_deref() == Some(spec.name.as_str());
                let at = pod.get("containers")?.items().position(is_it)?;
                (job, format!("{OF_JOB}/containers/{at}"), pod)
            }
        };
        let container = holder.root().at_pointer(&pointer)?;
        Some(Self { program, workload, holder, own: Reader { workload, pointer, container, pod } })
    }
}
