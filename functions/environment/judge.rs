//! What must hold in the final stream, when every function has said what it makes.

use crate::environment::rules;
use krmor_core::report::Rule;

use super::expand::references;
use super::required::{Proof, external, prove};
use super::services::Services;
use super::spec::Spec;
use super::view::{Source, Variable, View};
use super::wiring::Wiring;
use krmor_core::facts::makers::Store;
use krmor_core::facts::provided::{Provided, Providers};
use krmor_core::kube::EnvName;
use krmor_core::report::{Finding, Report, Severity};
use krmor_core::stream::Stream;
use krmor_core::suggest;

/// A message lists at most this many names.
const MAX_NAMES: usize = 8;

/// Judges one container.
pub(super) struct Judge<'a> {
    pub(super) spec: &'a Spec,
    pub(super) stream: &'a Stream,
    pub(super) providers: &'a Providers<'a>,
    pub(super) services: &'a Services,
    pub(super) view: &'a View<'a>,
    pub(super) report: &'a mut Report,
}

fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Judge<'_> {
    /// What holds for every container: each variable comes from one place.
    pub(super) fn precedence(&mut self) {
        let view = self.view;
        for (number, Variable { at, name, .. }) in view.variables.iter().enumerate() {
            let before = view.variables.iter().take(number);
            if let Some(Variable { at: first, .. }) = before.rev().find(|other| other.name == *name) {
                let message = format!("{} has `{name}` twice, here and at env[{first}]", view.name());
                let remedy = "keep one of the two: Kubernetes takes the last, and server-side apply refuses both";
                self.add(Severity::Error, &rules::DUPLICATE_VARIABLE, &format!("/env/{at}"), message, remedy);
            }
        }
        for (number, later) in view.sources.iter().enumerate() {
            for earlier in view.sources.iter().take(number) {
                let names = later.variables();
                let both: Vec<&str> = names.iter().map(String::as_str).filter(|name| earlier.gives(name)).collect();
                if !both.is_empty() {
                    let (from, also) = (earlier.title(), later.title());
                    let message = format!("{} gets {} from both {from} and {also}", view.name(), list(&both));
                    let remedy = "take it out of one of the two, or give one a `prefix`: Kubernetes takes the later";
                    self.add(
                        Severity::Error,
                        &rules::DUPLICATE_KEY,
                        &format!("/envFrom/{}", later.at),
                        message,
                        remedy,
                    );
                }
            }
            let hides = |variable: &&Variable<'_>| later.gives(&variable.name) && !variable.is_left_out();
            for Variable { at, name, .. } in view.variables.iter().filter(hides) {
                let message = format!("{}: `{name}` of env hides the one of {}", view.name(), later.title());
                self.add(Severity::Info, &rules::ENV_OVER_ENV_FROM, &format!("/env/{at}"), message, "");
            }
        }
    }

    /// `$(NAME)` in a value is text when nothing defines the name before it.
    pub(super) fn references(&mut self) {
        let view = self.view;
        if view.sources.iter().any(Source::is_open) {
            return;
        }
        for (number, Variable { at, name, wiring, .. }) in view.variables.iter().enumerate() {
            let before = view.variables.iter().take(number).map(|variable| variable.name.as_str());
            let refers = if let Wiring::Literal(value) = wiring { references(value) } else { Vec::new() };
            for other in refers {
                let given = || view.sources.iter().any(|source| source.gives(other));
                let service = || self.services.define(other, self.stream, &view.object, view.pod);
                if before.clone().any(|name| name == other) || given() || service() {
                    continue;
                }
                // The name is part of a value, so it is said only where it stands elsewhere, too.
                let (message, remedy) = match view.variables.iter().rfind(|later| later.name == other) {
                    Some(Variable { at: later, .. }) if later > at => (
                        format!("`{name}` refers to `{other}`, which is defined behind it, at env[{later}]"),
                        "move that before this".to_owned(),
                    ),
                    _ => (
                        format!("`{name}` refers by `$(…)` to a variable that nothing defines before it"),
                        match suggest::closest(other, before.clone()) {
                            Some(close) => {
                                let question = suggest::did_you_mean(&format!("`$({close})`"));
                                format!("{question} As it is, it stays text")
                            }
                            None => "define it before; or write `$$(` if it is meant as text".to_owned(),
                        },
                    ),
                };
                let message = format!("{}: {message}", view.name());
                self.add(Severity::Warning, &rules::UNDEFINED_REFERENCE, &format!("/env/{at}/value"), message, remedy);
            }
        }
    }

    /// What holds for containers that the spec is about.
    pub(super) fn demands(&mut self) {
        let mut open: Vec<(String, Vec<&str>)> = Vec::new();
        for name in self.spec.required.iter().map(EnvName::as_str) {
            match prove(self, name) {
                Proof::Given => {}
                Proof::Open(title) => match open.iter_mut().find(|(other, _)| *other == title) {
                    Some((_, names)) => names.push(name),
                    None => open.push((title, vec![name])),
                },
                Proof::Missing { why, remedy, pointer } => {
                    let message = format!("{} needs `{name}`, and {why}", self.view.name());
                    self.add(Severity::Error, &rules::REQUIRED_KEY, &pointer, message, remedy);
                }
            }
        }
        open.sort_unstable();
        for (title, names) in open {
            let name = self.view.name();
            let message = format!("{name} needs {}, and the stream does not tell the keys of {title}", list(&names));
            let remedy = "see that they are there, or list its keys under `external`";
            self.add(Severity::Info, &rules::UNPROVEN_KEY, "", message, remedy);
        }
        let absent = |name: &&str| matches!(prove(self, name), Proof::Missing { .. });
        let names: Vec<&str> = self.spec.optional.iter().map(EnvName::as_str).filter(absent).collect();
        if !names.is_empty() {
            let message = format!("{} runs without {}", self.view.name(), list(&names));
            self.add(Severity::Info, &rules::OPTIONAL_KEY, "", message, "");
        }
        self.missing_keys();
        self.unknown_sources();
    }

    /// Variables of the spec that refer to keys of others; what is required has been proven.
    fn key_references(&self) -> impl Iterator<Item = (&Variable<'_>, Store, &str, &str)> {
        let ours = |variable: &&Variable<'_>| {
            let required = self.spec.required.iter().any(|name| name.as_str() == variable.name);
            !required && self.spec.names(&variable.name)
        };
        self.view.variables.iter().filter(ours).filter_map(|variable| match &variable.wiring {
            Wiring::Key { optional: Some(true), .. } => None,
            Wiring::Key { store, name, key, .. } => Some((variable, *store, name.as_str(), key.as_str())),
            _ => None,
        })
    }

    fn missing_keys(&mut self) {
        let mut found = Vec::new();
        for (variable, _, _, key) in self.key_references() {
            let Some(provided) = variable.provided.as_ref() else { continue };
            if provided.open() || provided.content(key).is_some() {
                continue;
            }
            let (name, title) = (&variable.name, provided.title());
            let message = format!("{}: `{name}` needs the key `{key}`, which {title} does not have", self.view.name());
            let remedy = match suggest::closest(key, provided.keys().map(|(key, _)| key)) {
                Some(close) => suggest::did_you_mean(&format!("its key `{close}`")),
                None => "add the key, or set `optional: true` on the reference".to_owned(),
            };
            found.push((format!("/env/{}", variable.at), message, remedy));
        }
        for (pointer, message, remedy) in found {
            self.add(Severity::Error, &rules::MISSING_KEY, &pointer, message, remedy);
        }
    }

    /// What the spec names must be there.
    fn unknown_sources(&mut self) {
        let view = self.view;
        // Each once, with the place that is told: the last of `envFrom`, else the first of `env`.
        let mut unknown: Vec<(Store, String, String)> = Vec::new();
        for (variable, store, name, _) in self.key_references().filter(|(variable, ..)| variable.provided.is_none()) {
            if !unknown.iter().any(|(other, called, _)| (*other, called.as_str()) == (store, name)) {
                unknown.push((store, name.to_owned(), format!("/env/{}", variable.at)));
            }
        }
        for source in view.sources.iter().filter(|source| source.provided.is_none() && source.optional != Some(true)) {
            let named = (source.store, source.name.as_str());
            if self.spec.env_from.iter().any(|entry| entry.store() == Some(named)) {
                unknown.retain(|(store, name, _)| (*store, name.as_str()) != named);
                unknown.push((source.store, source.name.clone(), format!("/envFrom/{}", source.at)));
            }
        }
        unknown.sort_unstable();
        for (store, name, pointer) in unknown {
            let what = format!("{} {name}, which is not in the stream, and nothing in it makes it", store.kind());
            let around = || {
                let all = self.providers.around(&view.object).filter(|(other, ..)| *other == store);
                all.map(|(_, name, _)| name)
            };
            let elsewhere = || format!("add it, or say that it comes from elsewhere: {}", external(store, &name, ""));
            let remedy = match suggest::closest(&name, around()) {
                Some(close) => suggest::did_you_mean(&format!("{} {close}", store.kind())),
                None => suggest::but_for_affixes(&name, around()).unwrap_or_else(elsewhere),
            };
            self.add(
                Severity::Error,
                &rules::UNKNOWN_SOURCE,
                &pointer,
                format!("{} reads {what}", view.name()),
                remedy,
            );
        }
    }

    /// A name from before kustomize's prefixes, of what is only made by something: kustomize does not know to follow it.
    pub(super) fn names(&mut self) {
        let view = self.view;
        let keys = view.variables.iter().filter_map(|variable| match &variable.wiring {
            Wiring::Key { name, .. } => Some((format!("/env/{}", variable.at), name, variable.provided.as_ref()?)),
            _ => None,
        });
        let all = view
            .sources
            .iter()
            .filter_map(|source| Some((format!("/envFrom/{}", source.at), &source.name, source.provided.as_ref()?)));
        let lost = |(_, name, provided): &(String, &String, &Provided<'_>)| {
            !provided.stands() && provided.name != name.as_str()
        };
        for (pointer, name, provided) in keys.chain(all).filter(lost) {
            let message = format!("{} reads Secret {name}, which will be {}", view.name(), provided.title());
            let to = &provided.name;
            let remedy =
                format!("kustomize follows it only by a nameReference configuration: add one, or write `{to}`");
            self.add(Severity::Warning, &rules::UNFOLLOWED_NAME, &pointer, message, remedy);
        }
    }

    fn add(
        &mut self,
        severity: Severity,
        rule: &'static Rule,
        below: &str,
        message: String,
        remedy: impl Into<String>,
    ) {
        let place = self.view.object.at(&self.view.at(below));
        // Two functions for the same container say it once.
        self.report.record_once([Finding::new(rule, place, message, remedy).with_severity(severity)]);
    }
}
