//! What becomes of a forbidden value: allowed by an exception, kept, changed, or an error.

use krmor_core::rules as common;
use std::borrow::Cow;

use super::checks::Check;
use super::fields::Field;
use super::spec::{Conflicts, Spec};
use super::view::{Holder, View, Violation};
use krmor_core::exceptions::Grant;
use krmor_core::report::{Class, Finding, Report, Rule, Severity, Why};
use krmor_core::severities::{Setting, setting};
use krmor_core::stream::Edit;
use krmor_core::target::exactly;

/// The exceptions of one pod, and where edits and findings go.
pub(super) struct Judge<'a> {
    pub(super) spec: &'a Spec,
    pub(super) grants: &'a [Grant],
    pub(super) report: &'a mut Report,
    pub(super) edits: &'a mut Vec<Edit>,
}

impl Judge<'_> {
    /// The exception that allows `field` at `place`.
    fn grant(&self, place: Holder, field: Field, rule: &Rule) -> Option<usize> {
        let covers = |grant: &&Grant| match (&grant.containers, place) {
            (None, _) => true,
            (Some(_), Holder::Pod) => false,
            (Some(containers), Holder::Container(at)) => containers.contains(&at),
        };
        let allows = |number: &usize| {
            self.spec.exceptions.get(*number).is_some_and(|exception| exception.covers(rule, &[field.name()]))
        };
        self.grants.iter().filter(covers).map(|grant| grant.exception).find(allows)
    }

    /// Whether an exception keeps `field` from being filled at `place`.
    pub(super) fn exempts(&self, place: Holder, field: Field, rule: &Rule) -> bool {
        !self.grants.is_empty() && self.grant(place, field, rule).is_some()
    }

    /// Says that `field` is not filled at `place`, since an exception wants it so.
    pub(super) fn leave(&mut self, view: &View<'_>, place: Holder, field: Field, rule: &Rule) {
        let what = format!("{} gets no `{}`", view.subject(place), field.name());
        if let Some(number) = self.grant(place, field, rule) {
            self.allow(view, number, &view.pointer(place, ""), &what);
        }
    }

    fn allow(&mut self, view: &View<'_>, number: usize, pointer: &str, what: &str) {
        self.report.need_exception(number);
        let reason = self.spec.exceptions.get(number).map_or("", |exception| exception.reason.as_str());
        self.report.add(&common::EXCEPTION, view.object.at(pointer), format!("{what}: {reason}"), "");
    }

    /// Decides about a violation.
    pub(super) fn decide(&mut self, check: &Check, violation: Violation, view: &mut View<'_>) {
        let Violation { field, place, inherited, pointer, says, edits } = violation;
        let verb = if inherited { "inherits" } else { "sets" };
        if let Some(number) = self.grant(place, field, check.rule) {
            let what = format!("{} keeps `{says}`", view.subject(place));
            self.allow(view, number, &pointer, &what);
            return view.stays(place, field, true);
        }
        if is_excused(view, place, field) {
            return view.stays(place, field, true);
        }
        let authority = check.authority(self.spec);
        if self.spec.conflicts == Conflicts::Override && !edits.is_empty() {
            let reason = format!("{authority} allows {}", check.allows);
            let why = Why { rule: check.rule, reason: Cow::Owned(reason), class: Class::Overridden };
            self.edits.extend(edits.into_iter().map(|(pointer, action)| Edit { pointer, action, why: why.clone() }));
            return;
        }
        // A conflict that the config turns down stays too, and the API must take what stays beside it.
        let is_lowered = setting(&self.spec.severities, check.rule).is_some_and(|own| own != Setting::Error);
        let keeps = self.spec.conflicts == Conflicts::Keep || is_lowered;
        let severity = if keeps { Severity::Warning } else { Severity::Error };
        let message = format!("{} {verb} `{says}`; {authority} allows {}", view.subject(place), check.allows);
        let remedy = format!("change it, or allow it: exceptions: [{}]", entry(view, place, field));
        let found = Finding::new(check.rule, view.object.at(&pointer), message, remedy);
        self.report.record(found.with_severity(severity).about(field.name()));
        view.stays(place, field, keeps);
    }
}

/// Whether a value follows from another that is wanted.
fn is_excused(view: &View<'_>, place: Holder, field: Field) -> bool {
    match field {
        Field::AllowPrivilegeEscalation => view.chosen(place, Field::Privileged) || view.stays_sys_admin(place, true),
        // The API demands that a HostProcess pod has the host's network.
        Field::HostNetwork => view.chosen_anywhere(Field::HostProcess),
        // The API sets the host ports of a pod on the host's network, and demands that they equal the container ports.
        Field::HostPort => view.chosen(Holder::Pod, Field::HostNetwork),
        Field::RunAsNonRoot => view.stays_root(place, true),
        _ => false,
    }
}

/// The entry of `exceptions` that would allow the field there.
fn entry(view: &View<'_>, place: Holder, field: Field) -> String {
    let target = exactly(&view.object, view.container(place).map(|container| container.name.as_str()));
    format!("{{target: {target}, fields: [{}], reason: …}}", field.name())
}
