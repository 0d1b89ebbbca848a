//! `SecurityContext`: hardens pods and containers to a level of the Pod Security Standards.
//!
//! Each pod is looked at once (`view`) and held against the table of `checks`; `judge` decides about each violation,
//! `fill` adds what is absent, `volumes` what stays writable, and `validity` sees that the API would take the result.
//! Only then are the edits made, through the stream's setters.

mod asked;
pub(crate) mod audit;
mod baseline;
mod checks;
pub mod fields;
mod fill;
mod images;
mod judge;
mod namespaces;
mod profiles;
mod restricted;
pub mod rules;
mod seed;
pub mod spec;
mod validity;
pub mod values;
mod view;
mod volumes;

use self::checks::Check;
use self::fill::Demands;
use self::judge::Judge;
pub use self::namespaces::judge;
pub use self::spec::Spec;
use self::view::{View, Violation};
use krmor_core::exceptions::Exceptions;
use krmor_core::report::Report;
use krmor_core::stream::{Edit, Stream};
use krmor_core::target::{self, Selected};

/// Hardens what the spec targets.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let Ok(exceptions) = Exceptions::of(&spec.exceptions) else { return };
    let (selected, problems) = target::pods(&spec.targets, &spec.exclude, stream);
    report.record_once(problems);
    let (demands, checks) = (Demands::of(spec), checks::of(spec));
    let mut run = Run { spec, demands, checks, exceptions, violations: Vec::new(), edits: Vec::new() };
    for pod in &selected {
        run.look(pod, stream, report);
        for edit in run.edits.drain(..) {
            stream.apply(report, pod.pod.object, edit);
        }
    }
}

/// What holds for every pod of a run, and what they share.
struct Run<'a> {
    spec: &'a Spec,
    demands: Demands,
    checks: Vec<&'static Check>,
    exceptions: Exceptions<'a>,
    violations: Vec<Violation>,
    edits: Vec<Edit>,
}

impl Run<'_> {
    /// Looks at one pod: reports what is wrong and notes the edits.
    fn look(&mut self, pod: &Selected, stream: &Stream, report: &mut Report) {
        let Some(object) = stream.object(pod.pod.object) else { return };
        let Some(mut view) = View::of(pod, object) else { return };
        let names: Vec<&str> = view.containers.iter().map(|container| container.name.as_str()).collect();
        let grants = self.exceptions.grants(&view.object, &names);
        view.shield(self.spec, &grants);
        let mut judge = Judge { spec: self.spec, grants: &grants, report, edits: &mut self.edits };
        asked::own_users(&mut view, &mut judge);
        for check in &self.checks {
            (check.find)(&view, self.spec, &mut self.violations);
            for violation in self.violations.drain(..) {
                judge.decide(check, violation, &mut view);
            }
        }
        fill::fill(&self.demands, &view, &mut judge);
        volumes::writable_paths(&self.demands, &view, &mut judge);
        validity::validity(&self.demands, &view, &mut judge);
        asked::token_with_rights(&view, stream, &mut judge);
    }
}
