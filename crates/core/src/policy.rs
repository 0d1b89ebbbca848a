//! What every spec says beside its own fields: which objects it is for, which findings are meant, how bad they are.
//!
//! `exceptions` and `severities` mean the same in every function, since they are applied here, to findings that a function
//! has recorded. A function that would act on what an exception allows asks [`Exceptions`] itself before it acts.

use std::collections::HashSet;

use krmor_yaml::pointer_tokens;

use crate::config::Problem;
use crate::exceptions::{Exception, Exceptions};
use crate::facts::Facts;
use crate::report::field_path;
use crate::report::{Finding, Place, Report, Rule, Severity};
use crate::rules;
use crate::severities::{Severities, setting};
use crate::stream::{Object, Stream};
use crate::suggest::suggest;
use crate::target::{Scope, Selector};
use crate::validity;

/// The fields that all specs have.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'s> {
    /// `targets`.
    pub targets: &'s [Selector],
    /// `exclude`.
    pub exclude: &'s [Selector],
    /// `exceptions`.
    pub exceptions: &'s [Exception],
    /// `severities`.
    pub severities: &'s Severities,
}

/// A function's spec.
pub trait FunctionSpec {
    /// The fields that it shares with all others.
    fn policy(&self) -> Policy<'_>;

    /// What of the function's own fields cannot be right although each can be read, by pointers from the spec.
    fn problems(&self) -> Vec<Problem>;
}

/// Makes a type a [`FunctionSpec`]: it has the fields `targets`, `exclude`, `exceptions` and `severities`, and the name of a
/// method that finds problems where there is one.
#[macro_export]
macro_rules! function_spec {
    ($spec:ty $(, $problems:ident)?) => {
        impl $crate::policy::FunctionSpec for $spec {
            fn policy(&self) -> $crate::policy::Policy<'_> {
                let Self { targets, exclude, exceptions, severities, .. } = self;
                $crate::policy::Policy { targets, exclude, exceptions, severities }
            }

            fn problems(&self) -> Vec<$crate::config::Problem> {
                #[allow(unused_mut)]
                let mut problems = Vec::new();
                $(problems.extend(Self::$problems(self));)?
                problems
            }
        }
    };
}

impl Policy<'_> {
    /// What of the shared fields cannot be right in a function that has these rules, beside those that all have.
    #[must_use]
    pub fn problems(&self, known: &[&Rule]) -> Vec<Problem> {
        let scope = Scope { targets: self.targets.to_vec(), exclude: self.exclude.to_vec() };
        let mut problems = scope.compile().err().unwrap_or_default();
        problems.extend(Exceptions::of(self.exceptions).err().unwrap_or_default());
        let mut check = |name: &str, covers: &dyn Fn(&str) -> bool, pointer: String| {
            let known = || known.iter().chain(validity::rules::RULES);
            if !known().any(|rule| covers(rule.id)) {
                let ids: Vec<String> = known().map(|rule| rule.id.to_owned()).collect();
                let message = format!("`{name}` is no rule of this function");
                problems.push(Problem::new(&pointer, message, suggest(name, &ids, "rule")));
            }
        };
        for (at, exception) in self.exceptions.iter().enumerate() {
            for (number, name) in exception.rules.iter().enumerate() {
                check(name.as_str(), &|id| name.covers(id), format!("/exceptions/{at}/rules/{number}"));
            }
        }
        for name in self.severities.keys() {
            let token = krmor_yaml::escape_token(name.as_str());
            check(name.as_str(), &|id| name.covers(id), format!("/severities/{token}"));
        }
        problems
    }

    /// Gives the findings from number `from` on, which are of one function, the severities of its spec, and turns those that
    /// an exception covers into notes of it. What makes the config or the input unusable stays an error.
    pub fn apply(&self, stream: &Stream, report: &mut Report, from: usize) {
        if self.exceptions.is_empty() && self.severities.is_empty() {
            return;
        }
        let Ok(exceptions) = Exceptions::of(self.exceptions) else { return };
        let found = report.findings.split_off(from.min(report.findings.len()));
        for mut finding in found {
            let is_shared = rules::RULES.contains(&finding.rule);
            if !is_shared {
                if let Some(setting) = setting(self.severities, finding.rule) {
                    let Some(severity) = setting.severity() else { continue };
                    finding.severity = severity;
                }
                if let Some(number) = excused(&exceptions, stream, &finding) {
                    report.need_exception(number);
                    finding = note(&exceptions, number, finding);
                }
            }
            report.findings.push(finding);
        }
    }

    /// Says which exceptions nothing has needed: each would allow what somebody adds later.
    pub fn report_unused(&self, needed: &HashSet<usize>, stream: &Stream, report: &mut Report) {
        let unused = || (0..self.exceptions.len()).filter(|number| !needed.contains(number));
        let Some(exceptions) = Exceptions::of(self.exceptions).ok().filter(|_| unused().next().is_some()) else {
            return;
        };
        let mut matched = HashSet::new();
        let mut pods = Facts::of(stream).pods().iter().peekable();
        for object in stream.objects() {
            let mut names = Vec::new();
            while let Some(pod) = pods.next_if(|pod| pod.object == object.id()) {
                names.extend(pod.containers(&object).into_iter().map(|container| container.name));
            }
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            matched.extend(exceptions.grants(&object, &names).into_iter().map(|grant| grant.exception));
        }
        for number in unused() {
            let Some(Exception { target, .. }) = exceptions.get(number) else { continue };
            let (severity, what) = match matched.contains(&number) {
                true => (Severity::Info, "is not needed: nothing there is refused that it allows"),
                false if target.optional => continue,
                false => (Severity::Warning, "matches nothing"),
            };
            let place = Place::Config(format!("/exceptions/{number}"));
            let mut message = format!("`{target}` {what}");
            if let Some(object) = exceptions.matches_previous(number, stream) {
                let hint =
                    format!(", but {} was called so before: `previous: true` would match it", object.reference());
                message.push_str(&hint);
            }
            let hint = exceptions.affix_hint(number, stream).filter(|_| !matched.contains(&number));
            let hint = hint.map_or_else(String::new, |hint| format!("{hint}; "));
            let remedy = format!("{hint}remove it, or correct its target");
            report.add_as(severity, &rules::UNUSED_EXCEPTION, place, message, remedy);
        }
    }
}

/// The number of the exception that covers a finding.
fn excused(exceptions: &Exceptions<'_>, stream: &Stream, finding: &Finding) -> Option<usize> {
    let object = stream.object(finding.object()?)?;
    let pointer = finding.pointer().get(object.prefix().len()..).unwrap_or_default();
    let path = field_path(pointer);
    let tokens = pointer_tokens(pointer).unwrap_or_default();
    let last = tokens.last().map(AsRef::as_ref).unwrap_or_default();
    let subject = || finding.subject.as_deref().into_iter();
    // A field by itself is the name that the function has for it. Where the rule is named too, the path will do.
    let names = |own: &Exception| -> Vec<&str> {
        match own.rules.is_empty() {
            true => subject().collect(),
            false => subject().chain([path.as_str(), last]).collect(),
        }
    };
    let container = container_at(stream, &object, pointer);
    let of_object: Vec<&str> = container.iter().map(String::as_str).collect();
    let grants = exceptions.grants(&object, &of_object);
    let covers = |number: &usize| exceptions.get(*number).is_some_and(|own| own.covers(finding.rule, &names(own)));
    grants.iter().map(|grant| grant.exception).find(covers)
}

/// The name of the container that a pointer leads into.
fn container_at(stream: &Stream, object: &Object<'_>, pointer: &str) -> Option<String> {
    if !pointer.contains("ontainers/") {
        return None;
    }
    let inside = |own: &str| pointer.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let facts = Facts::of(stream);
    let pods = facts.pods().get(facts.pods_of(object.id())).unwrap_or_default();
    let mut containers = pods.iter().flat_map(|pod| pod.containers(object));
    containers.find(|container| inside(&container.pointer)).map(|container| container.name)
}

/// What is left of a finding that an exception covers.
fn note(exceptions: &Exceptions<'_>, number: usize, finding: Finding) -> Finding {
    let reason = exceptions.get(number).map_or("", |exception| exception.reason.as_str());
    let message = format!("{}: {reason}", finding.message);
    Finding { rule: &rules::EXCEPTION, severity: rules::EXCEPTION.severity, message, remedy: None, ..finding }
}
