//! `SecurityContext`: hardens pods and containers to a level of the Pod Security Standards.
//!
//! Each pod is looked at once (`view`) and held against the table of `checks`; `judge` decides about each violation,
//! `fill` adds what is absent, `volumes` what stays writable, and `validity` sees that the API would take the result.
//! Only then are the edits made, through the stream's setters.

mod asked;
mod baseline;
mod checks;
pub mod fields;
mod fill;
mod judge;
mod profiles;
mod restricted;
pub mod spec;
mod validity;
pub mod values;
mod view;
mod volumes;

use self::checks::Check;
use self::fill::Demands;
use self::judge::{Edit, Grant, Judge};
pub use self::spec::Spec;
use self::view::{Action, View, Violation};
use crate::report::{Report, Severity};
use crate::stream::{ObjectId, Stream};
use crate::target::{Compiled, Matcher, Scope, Selected};
use crate::workload;

/// Hardens what the spec targets.
pub fn apply(spec: &Spec, stream: &mut Stream, report: &mut Report) {
    let contradictions = spec.contradictions();
    if !contradictions.is_empty() {
        for (field, problem, remedy) in contradictions {
            report.find_in_stream(Severity::Error, "config", format!("{field}: {problem}"), remedy);
        }
        return;
    }
    let (scope, exceptions) = match selectors(spec) {
        Ok(selectors) => selectors,
        Err(problem) => {
            return report.find_in_stream(Severity::Error, "config", format!("spec.{problem}"), "correct the selector");
        }
    };
    let pods = workload::pods(stream, report);
    let selected = scope.select(stream, report, pods);
    let mut run = Run {
        spec,
        demands: Demands::of(spec),
        checks: checks::of(spec),
        matched: vec![false; exceptions.len()],
        used: vec![false; exceptions.len()],
        exceptions,
        violations: Vec::new(),
        edits: Vec::new(),
    };
    for pod in &selected {
        run.look(pod, stream, report);
        for edit in run.edits.drain(..) {
            make(edit, pod.pod.object, stream, report);
        }
    }
    run.report_unused(report);
}

fn selectors(spec: &Spec) -> Result<(Compiled, Vec<Matcher>), String> {
    let scope = Scope { targets: spec.targets.clone(), exclude: spec.exclude.clone() }.compile()?;
    let exceptions = spec.exceptions.iter().enumerate();
    let matchers =
        exceptions.map(|(at, exception)| Matcher::new(&exception.target, &format!("exceptions[{at}].target")));
    Ok((scope, matchers.collect::<Result<_, _>>()?))
}

/// What holds for every pod of a run, and what they share.
struct Run<'a> {
    spec: &'a Spec,
    demands: Demands,
    checks: Vec<&'static Check>,
    exceptions: Vec<Matcher>,
    /// Exceptions that match something.
    matched: Vec<bool>,
    /// Exceptions that something needs.
    used: Vec<bool>,
    violations: Vec<Violation>,
    edits: Vec<Edit>,
}

impl Run<'_> {
    /// Looks at one pod: reports what is wrong and notes the edits.
    fn look(&mut self, pod: &Selected, stream: &Stream, report: &mut Report) {
        let Some(object) = stream.object(pod.pod.object) else { return };
        let Some(mut view) = View::of(pod, object) else { return };
        let grants = self.grants(&view);
        view.shield(self.spec, &grants);
        let (used, edits) = (&mut self.used, &mut self.edits);
        let mut judge = Judge { spec: self.spec, grants: &grants, used, report, edits };
        for check in &self.checks {
            (check.find)(&view, self.spec, &mut self.violations);
            for violation in self.violations.drain(..) {
                judge.decide(check, violation, &mut view);
            }
        }
        fill::fill(&self.demands, &view, &mut judge);
        volumes::writable_paths(&view, &mut judge);
        validity::validity(&self.demands, &view, &mut judge);
    }

    /// The exceptions that hold for a pod.
    fn grants(&mut self, view: &View<'_>) -> Vec<Grant> {
        let mut grants = Vec::new();
        for (number, (matcher, matched)) in self.exceptions.iter().zip(&mut self.matched).enumerate() {
            if !matcher.matches(&view.object) {
                continue;
            }
            let named = |(at, name): (usize, &str)| matcher.matches_container(name).then_some(at);
            let containers = matcher.names_containers().then(|| {
                view.containers
                    .iter()
                    .map(|container| container.name.as_str())
                    .enumerate()
                    .filter_map(named)
                    .collect::<Vec<_>>()
            });
            if containers.as_ref().is_none_or(|containers| !containers.is_empty()) {
                *matched = true;
                grants.push(Grant { exception: number, containers });
            }
        }
        grants
    }

    /// Says which exceptions are not needed: each weakens what it will match one day.
    fn report_unused(&self, report: &mut Report) {
        for (at, exception) in self.spec.exceptions.iter().enumerate() {
            let is = |list: &[bool]| list.get(at).copied().unwrap_or_default();
            let (severity, what) = match (is(&self.matched), is(&self.used)) {
                (_, true) => continue,
                (true, false) => (Severity::Info, "is not needed: what it matches has no such value"),
                (false, _) if exception.target.optional => continue,
                (false, _) => (Severity::Warning, "matches nothing"),
            };
            let message = format!("exceptions[{at}] `{}` {what}", exception.target);
            report.find_in_stream(severity, "unused-exception", message, "remove it, or correct its target");
        }
    }
}

fn make(edit: Edit, object: ObjectId, stream: &mut Stream, report: &mut Report) {
    let Edit { pointer, action, why } = edit;
    let rule = why.rule;
    let made = match action {
        Action::Set(value) => stream.set(report, object, &pointer, value, why),
        Action::Append(item) => stream.append(report, object, &pointer, item, why),
        Action::Remove => stream.remove(report, object, &pointer, why),
    };
    if let (Err(error), Some(object)) = (made, stream.object(object)) {
        report.find(Severity::Error, rule, &object, &pointer, error.message, "write this part of the manifest out as the Kubernetes API has it");
    }
}
