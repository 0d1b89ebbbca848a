//! Where rules note what they find: severity, scope and exceptions are looked after here.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::rules::Rule;
use super::spec::{Exception, Spec};
use super::world::World;
use krmor_core::exceptions::{Exceptions, Grant};
use krmor_core::report::{Report, Severity};
use krmor_core::stream::{Object, ObjectId};
use krmor_core::target::Selected;
use krmor_yaml::print::{self, Quoting};

/// What a rule has found.
pub(super) struct Found<'f> {
    pub(super) object: Object<'f>,
    /// The container that it is about, if it is about one.
    pub(super) container: Option<String>,
    /// Where, from the object's root.
    pub(super) pointer: String,
    /// What it is about: a variable, a key, an object that is referred to.
    pub(super) name: String,
    pub(super) message: String,
    /// What to do, but for the exception.
    pub(super) remedy: String,
}

/// The state of a run.
pub(super) struct Findings<'a> {
    spec: &'a Spec,
    objects: HashSet<ObjectId>,
    pods: HashMap<ObjectId, Vec<&'a Selected>>,
    exceptions: Exceptions,
    /// Which exceptions hold, by object.
    grants: Vec<(Vec<String>, Vec<Grant>)>,
    rule: Cow<'static, str>,
    severity: Option<Severity>,
    report: &'a mut Report,
}

impl<'a> Findings<'a> {
    /// Reads scope and exceptions; an error names the field.
    pub(super) fn of(spec: &'a Spec, world: &'a World<'_>, report: &'a mut Report) -> Result<Self, String> {
        let mut exceptions = Exceptions::of(spec.exceptions.iter().map(|exception| &exception.target))?;
        let mut grants = Vec::new();
        if !spec.exceptions.is_empty() {
            let mut of_object: HashMap<ObjectId, Vec<String>> = HashMap::new();
            for pod in &world.pods {
                let names = pod.containers.iter().map(|container| container.name.clone());
                of_object.entry(pod.object.id()).or_default().extend(names);
            }
            for object in world.stream.objects() {
                let containers = of_object.remove(&object.id()).unwrap_or_default();
                let names: Vec<&str> = containers.iter().map(String::as_str).collect();
                let granted = exceptions.grants(&object, &names);
                grants.push((containers, granted));
            }
        }
        let mut pods: HashMap<ObjectId, Vec<&Selected>> = HashMap::new();
        for selected in &world.selected {
            pods.entry(selected.pod.object).or_default().push(selected);
        }
        Ok(Self {
            spec,
            objects: world.objects.iter().copied().collect(),
            pods,
            exceptions,
            grants,
            rule: Cow::Borrowed(""),
            severity: None,
            report,
        })
    }

    /// Says which rule finds what follows.
    pub(super) fn begin(&mut self, rule: &Rule) {
        self.begin_id(Cow::Borrowed(rule.id), rule.severity);
    }

    /// As [`Findings::begin`], for a rule that stands for several.
    pub(super) fn begin_id(&mut self, id: Cow<'static, str>, severity: Severity) {
        let rules = &self.spec.rules;
        let exact = rules.iter().find(|(rule, _)| rule.as_str() == id);
        let setting = exact.or_else(|| rules.iter().find(|(rule, _)| rule.covers(&id)));
        self.severity = setting.map_or(Some(severity), |(_, setting)| setting.severity());
        self.rule = id;
    }

    /// Whether what is about this place is looked at.
    fn in_scope(&self, object: ObjectId, container: Option<&str>) -> bool {
        match (container, self.pods.get(&object)) {
            (Some(name), Some(pods)) => pods.iter().any(|pod| pod.includes(name)),
            _ => self.objects.contains(&object),
        }
    }

    /// The exception that covers what is about `name` at a place; it counts as needed.
    fn excuse(&mut self, object: ObjectId, container: Option<&str>, name: &str) -> Option<&'a Exception> {
        let (containers, grants) = self.grants.get(object)?;
        for grant in grants {
            let Some(exception) = self.spec.exceptions.get(grant.exception) else { continue };
            let named = |at: &usize| containers.get(*at).map(String::as_str) == container;
            let here = grant.containers.as_ref().is_none_or(|numbers| container.is_some() && numbers.iter().any(named));
            let about = exception.names.is_empty() || exception.names.iter().any(|pattern| pattern.matches(name));
            if here && about && exception.rules.iter().any(|rule| rule.covers(&self.rule)) {
                if let Some(used) = self.exceptions.used.get_mut(grant.exception) {
                    *used = true;
                }
                return Some(exception);
            }
        }
        None
    }

    /// Whether a finding counts: it is in scope, its rule is on, and no exception covers it (which is then reported).
    pub(super) fn counts(&mut self, found: &Found<'_>) -> bool {
        let id = found.object.id();
        if self.severity.is_none() || !self.in_scope(id, found.container.as_deref()) {
            return false;
        }
        let Some(exception) = self.excuse(id, found.container.as_deref(), &found.name) else { return true };
        let message = format!("{}: {}", found.message, exception.reason.as_str());
        self.report.find(Severity::Info, "exception", &found.object, &found.pointer, message, "");
        false
    }

    /// Reports a finding, if it counts.
    pub(super) fn add(&mut self, found: Found<'_>) {
        if self.counts(&found) {
            self.say(found);
        }
    }

    /// Reports a finding that counts.
    pub(super) fn say(&mut self, found: Found<'_>) {
        let Some(severity) = self.severity else { return };
        let allow = format!("or allow it: exceptions: [{}]", self.entry(&found));
        let remedy = format!("{}, {allow}", found.remedy);
        self.report.find(severity, self.rule.clone(), &found.object, &found.pointer, found.message, remedy);
    }

    /// Reports what no exception can settle: the config's own doing.
    pub(super) fn add_in_stream(&mut self, rule: &'static str, message: String, remedy: &str) {
        if let Some(severity) = self.severity {
            self.report.find_in_stream(severity, rule, message, remedy);
        }
    }

    /// The entry of `exceptions` that would cover a finding.
    fn entry(&self, found: &Found<'_>) -> String {
        let object = &found.object;
        // `generateName` shows as a prefix and `*`; selectors are regular expressions.
        let mut target =
            vec![format!("kind: {}", object.kind()), format!("name: {}", object.name().replace('*', ".*"))];
        if !object.namespace().is_empty() {
            target.push(format!("namespace: {}", object.namespace()));
        }
        target.extend(found.container.as_ref().map(|name| format!("containers: [{name}]")));
        let names = match found.name.as_str() {
            "" => String::new(),
            name => format!(" names: [{}],", pattern(name)),
        };
        format!("{{target: {{{}}}, rules: [{}],{names} reason: …}}", target.join(", "), self.rule)
    }

    /// Says which exceptions are not needed.
    pub(super) fn report_unused(&mut self) {
        let targets = self.spec.exceptions.iter().map(|exception| &exception.target);
        self.exceptions.report_unused(targets, "these rules find nothing there", self.report);
    }
}

/// A pattern that matches a name and no other, as YAML on one line.
pub(super) fn pattern(name: &str) -> String {
    let escape = |c: char| if "\\.+*?()|[]{}^$".contains(c) { format!("\\{c}") } else { c.to_string() };
    let mut out = String::new();
    print::write_flow(&mut out, &name.chars().map(escape).collect::<String>().into(), Quoting::Yaml);
    out
}
