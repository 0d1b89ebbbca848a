//! Which exceptions hold for a pod, and which are not needed.

use super::spec::Spec;
use super::view::View;
use crate::report::{Report, Severity};
use crate::target::Matcher;

/// An exception that holds for a pod.
pub(super) struct Grant {
    /// Its number in the spec.
    pub(super) exception: usize,
    /// The containers that it is for; `None` for the whole pod.
    pub(super) containers: Option<Vec<usize>>,
}

/// The exceptions of a spec, ready to be asked, and what came of them in this run.
pub(super) struct Exceptions {
    matchers: Vec<Matcher>,
    matched: Vec<bool>,
    /// Those that something needs, by number.
    pub(super) used: Vec<bool>,
}

impl Exceptions {
    /// Reads the targets; an error names the field.
    pub(super) fn of(spec: &Spec) -> Result<Self, String> {
        let targets = spec.exceptions.iter().map(|exception| &exception.target).enumerate();
        let matchers = targets.map(|(at, target)| Matcher::new(target, &format!("exceptions[{at}].target")));
        let none = vec![false; spec.exceptions.len()];
        Ok(Self { matchers: matchers.collect::<Result<_, _>>()?, matched: none.clone(), used: none })
    }

    /// The exceptions that hold for a pod.
    pub(super) fn grants(&mut self, view: &View<'_>) -> Vec<Grant> {
        let mut grants = Vec::new();
        for (exception, (matcher, matched)) in self.matchers.iter().zip(&mut self.matched).enumerate() {
            if !matcher.matches(&view.object) {
                continue;
            }
            let all = view.containers.iter().map(|container| container.name.as_str()).enumerate();
            let named = all.filter(|(_, name)| matcher.matches_container(name)).map(|(at, _)| at);
            let containers: Option<Vec<usize>> = matcher.names_containers().then(|| named.collect());
            if containers.as_ref().is_none_or(|containers| !containers.is_empty()) {
                *matched = true;
                grants.push(Grant { exception, containers });
            }
        }
        grants
    }

    /// Says which exceptions are not needed: each would weaken what it matches one day.
    pub(super) fn report_unused(&self, spec: &Spec, report: &mut Report) {
        let fates = self.matched.iter().zip(&self.used);
        for (at, (exception, (matched, used))) in spec.exceptions.iter().zip(fates).enumerate() {
            let (severity, what) = match (matched, used) {
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
