//! What must hold in the final stream, when every function has said what it makes.

use std::collections::BTreeMap;

use super::expand::references;
use super::required::{Proof, alike, external, prove};
use super::spec::Spec;
use super::view::{Source, Variable, View};
use super::wiring::Wiring;
use crate::report::{Report, Severity};
use crate::stream::Stream;
use crate::supply::{Store, Supplies};
use crate::yaml::Node;

/// A message lists at most this many names.
const MAX_NAMES: usize = 8;

/// Judges one container.
pub(super) struct Judge<'a> {
    pub(super) spec: &'a Spec,
    pub(super) stream: &'a Stream,
    pub(super) supplies: &'a Supplies,
    pub(super) view: &'a View<'a>,
    pub(super) report: &'a mut Report,
}

fn list<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    let shown = names.get(..MAX_NAMES).unwrap_or(&names).join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Judge<'_> {
    /// What holds for every container: each variable comes from one place.
    pub(super) fn precedence(&mut self) {
        let view = self.view;
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for variable in &view.variables {
            match seen.get(variable.name.as_str()) {
                None => drop(seen.insert(&variable.name, variable.at)),
                Some(first) => {
                    let message = format!("{} has `{}` twice, here and at env[{first}]", view.name(), variable.name);
                    let remedy = "keep one of the two: Kubernetes takes the last, and server-side apply refuses both";
                    self.find(Severity::Error, "duplicate-variable", &format!("/env/{}", variable.at), message, remedy);
                }
            }
        }
        let given: Vec<(&Source, Vec<String>)> =
            view.sources.iter().map(|source| (source, source.variables().collect())).collect();
        for (number, (later, names)) in given.iter().enumerate() {
            for (earlier, others) in given.iter().take(number) {
                let both: Vec<&String> = names.iter().filter(|name| others.contains(name)).collect();
                if both.is_empty() {
                    continue;
                }
                let (from, name) = (format!("{} and {}", earlier.title(), later.title()), view.name());
                let message = format!("{name} gets {} from both {from}", list(both));
                let remedy = "take it out of one of the two, or give one a `prefix`: Kubernetes takes the later";
                self.find(Severity::Error, "duplicate-key", &format!("/envFrom/{}", later.at), message, remedy);
            }
            for variable in view.variables.iter().filter(|variable| names.contains(&variable.name)) {
                let message =
                    format!("{}: `{}` of env hides the one of {}", view.name(), variable.name, later.title());
                self.find(Severity::Info, "env-over-env-from", &format!("/env/{}", variable.at), message, "");
            }
        }
    }

    /// `$(NAME)` in a value is text when nothing defines the name before it.
    pub(super) fn references(&mut self) {
        let view = self.view;
        if view.sources.iter().any(Source::is_open) {
            return;
        }
        let given: Vec<String> = view.sources.iter().flat_map(Source::variables).collect();
        for (number, variable) in view.variables.iter().enumerate() {
            let Wiring::Literal(value) = &variable.wiring else { continue };
            let before = view.variables.iter().take(number);
            let mut known: Vec<&str> =
                before.map(|other| other.name.as_str()).chain(given.iter().map(String::as_str)).collect();
            known.sort_unstable();
            for name in references(value) {
                if known.binary_search(&name).is_ok() || self.is_service(name) {
                    continue;
                }
                // The name is part of a value, so it is said only where it stands elsewhere, too.
                let later = view.variables.iter().skip(number + 1).find(|other| other.name == name);
                let message = match later {
                    Some(later) => {
                        let at = later.at;
                        format!("`{}` refers to `{name}`, which is defined behind it, at env[{at}]", variable.name)
                    }
                    None => format!("`{}` refers by `$(…)` to a variable that nothing defines before it", variable.name),
                };
                let remedy = match (later, alike(name, known.iter().copied())) {
                    (Some(_), _) => "move the other one before it".to_owned(),
                    (None, Some(close)) => format!("did you mean `$({close})`? As it is, it stays text"),
                    (None, None) => "define it before; or write `$$(` if it is meant as text".to_owned(),
                };
                let pointer = format!("/env/{}/value", variable.at);
                let message = format!("{}: {message}", view.name());
                self.find(Severity::Warning, "undefined-reference", &pointer, message, remedy);
            }
        }
    }

    /// Whether the kubelet defines the variable for a Service.
    fn is_service(&self, name: &str) -> bool {
        if name.starts_with("KUBERNETES_") {
            return true;
        }
        let links = self.view.pod.spec_node(&self.view.object).and_then(|spec| spec.get("enableServiceLinks"));
        if links.and_then(Node::as_bool) == Some(false) {
            return false;
        }
        let services = self.stream.objects().filter(|object| object.kind() == "Service" && object.group().is_empty());
        services.filter(|service| crate::lookup::share_namespace(service, &self.view.object)).any(|service| {
            let prefix = service.name().to_uppercase().replace('-', "_");
            name.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with("_SERVICE_") || rest.starts_with("_PORT"))
        })
    }

    /// What holds for containers that the spec is about.
    pub(super) fn demands(&mut self) {
        let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in &self.spec.required {
            let name = name.as_str();
            match prove(self.view, name, self.supplies, self.stream) {
                Proof::Given => {}
                Proof::Open(title) => open.entry(title).or_default().push(name.to_owned()),
                Proof::Missing { why, remedy, pointer } => {
                    let message = format!("{} needs `{name}`, and {why}", self.view.name());
                    self.find(Severity::Error, "required-key", &pointer, message, remedy);
                }
            }
        }
        for (title, names) in open {
            let name = self.view.name();
            let message = format!("{name} needs {}, and the stream does not tell the keys of {title}", list(&names));
            let remedy = "see that they are there, or list its keys under `external`";
            self.find(Severity::Info, "unproven-key", "", message, remedy);
        }
        let absent = |name: &&str| matches!(prove(self.view, name, self.supplies, self.stream), Proof::Missing { .. });
        let optional = self.spec.optional.iter().map(|name| name.as_str());
        let names: Vec<String> = optional.filter(absent).map(str::to_owned).collect();
        if !names.is_empty() {
            let message = format!("{} runs without {}", self.view.name(), list(&names));
            self.find(Severity::Info, "optional-key", "", message, "");
        }
        self.own_references();
    }

    /// What the spec itself refers to must be there.
    fn own_references(&mut self) {
        let view = self.view;
        let ours = |variable: &&Variable| {
            let named = |names: &[super::values::EnvName]| names.iter().any(|name| name.as_str() == variable.name);
            !named(&self.spec.required)
                && (named(&self.spec.optional) || self.spec.env.keys().any(|name| name.as_str() == variable.name))
        };
        let mut unknown: BTreeMap<(Store, &str), (String, Vec<String>)> = BTreeMap::new();
        let mut missing = Vec::new();
        for variable in view.variables.iter().filter(ours) {
            let Wiring::Key { store, name, key, optional } = &variable.wiring else { continue };
            let pointer = format!("/env/{}", variable.at);
            match &variable.supply {
                _ if *optional == Some(true) => {}
                None => unknown.entry((*store, name)).or_insert((pointer, Vec::new())).1.push(variable.name.clone()),
                Some(supply) if supply.keys.contains_key(key) || supply.open => {}
                Some(supply) => missing.push((variable, supply, key, pointer)),
            }
        }
        for (variable, supply, key, pointer) in missing {
            let message = format!("{}: `{}` needs the key `{key}`, and {} has none of that name", view.name(), variable.name, supply.title);
            let close = alike(key, supply.keys.keys().map(String::as_str));
            let remedy = match close {
                Some(close) => format!("did you mean its key `{close}`?"),
                None => "add the key, or set `optional: true` on the reference".to_owned(),
            };
            self.find(Severity::Error, "missing-key", &pointer, message, remedy);
        }
        for source in view.sources.iter().filter(|source| source.supply.is_none() && source.optional != Some(true)) {
            let named = (source.store, source.name.as_str());
            if self.spec.env_from.iter().any(|entry| entry.store() == Some(named)) {
                unknown.entry((source.store, &source.name)).or_insert((format!("/envFrom/{}", source.at), Vec::new()));
            }
        }
        for ((store, name), (pointer, _)) in unknown {
            let kind = store.kind();
            let message = format!("{} reads {kind} {name}, which is not in the stream, and nothing in it makes it", view.name());
            let around = self.supplies.around(self.stream, &view.object).filter(|(other, ..)| *other == store);
            let remedy = match alike(name, around.map(|(_, name, _)| name)) {
                Some(close) => format!("did you mean {kind} {close}?"),
                None => format!("add it, or say that it comes from elsewhere: {}", external(store, name, "")),
            };
            self.find(Severity::Error, "unknown-source", &pointer, message, remedy);
        }
    }

    /// Reports once what several functions of a pipeline find at the same place.
    fn find(
        &mut self,
        severity: Severity,
        rule: &'static str,
        below: &str,
        message: String,
        remedy: impl Into<String>,
    ) {
        let (object, pointer) = (&self.view.object, self.view.at(below));
        let path = format!("{}{pointer}", object.prefix());
        let same = |there: &crate::report::Finding| {
            there.rule == rule && there.object == Some(object.id()) && there.path == path && there.message == message
        };
        if !self.report.findings.iter().any(same) {
            self.report.find(severity, rule, object, &pointer, message, remedy);
        }
    }
}
