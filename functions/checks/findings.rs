//! Where rules note what they find: scope and exceptions are looked after here.

use std::collections::{HashMap, HashSet};

use super::final_stream::FinalStream;
use super::spec::Spec;
use krmor_core::exceptions::{Exceptions, Grant};
use krmor_core::report::{Finding, Place, Report, Rule};
use krmor_core::rules as common;
use krmor_core::severities::{Setting, setting};
use krmor_core::stream::{Object, ObjectId};
use krmor_core::target::Selected;
use krmor_core::target::{exact, exactly};

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
    exceptions: Option<Exceptions<'a>>,
    /// Which exceptions hold, by object.
    grants: Vec<(Vec<String>, Vec<Grant>)>,
    rule: &'static Rule,
    report: &'a mut Report,
}

impl<'a> Findings<'a> {
    /// Reads scope and exceptions.
    pub(super) fn of(world: &'a FinalStream<'_>, report: &'a mut Report) -> Self {
        let spec = world.spec;
        let exceptions = Exceptions::of(&spec.exceptions).ok().filter(|_| !spec.exceptions.is_empty());
        let mut grants = Vec::new();
        if let Some(exceptions) = &exceptions {
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
        let objects = world.objects.iter().copied().collect();
        Self { spec, objects, pods, exceptions, grants, rule: &common::CONFIG, report }
    }

    /// Says which rule finds what follows.
    pub(super) fn begin(&mut self, rule: &'static Rule) {
        self.rule = rule;
    }

    /// Whether what is about this place is looked at.
    fn in_scope(&self, object: ObjectId, container: Option<&str>) -> bool {
        match (container, self.pods.get(&object)) {
            (Some(name), Some(pods)) => pods.iter().any(|pod| pod.includes(name)),
            _ => self.objects.contains(&object),
        }
    }

    /// The number of the exception that covers what is about `name` at a place, and its reason.
    fn excuse(&self, object: ObjectId, container: Option<&str>, name: &str) -> Option<(usize, &'a str)> {
        let exceptions = self.exceptions.as_ref()?;
        let (containers, grants) = self.grants.get(object)?;
        let named = |at: &usize| containers.get(*at).map(String::as_str) == container;
        let holds = |grant: &&Grant| {
            grant.containers.as_ref().is_none_or(|numbers| container.is_some() && numbers.iter().any(named))
        };
        grants.iter().filter(holds).find_map(|grant| {
            let exception = exceptions.get(grant.exception).filter(|one| one.covers(self.rule, &[name]))?;
            Some((grant.exception, exception.reason.as_str()))
        })
    }

    /// Whether a finding counts: it is in scope, its rule is on, and no exception covers it (which is then reported).
    ///
    /// Exceptions are asked here, before findings about several containers become one.
    pub(super) fn counts(&mut self, found: &Found<'_>) -> bool {
        let id = found.object.id();
        let is_off = setting(&self.spec.severities, self.rule).is_some_and(|setting| setting == Setting::Off);
        if is_off || !self.in_scope(id, found.container.as_deref()) {
            return false;
        }
        let excuse = self.excuse(id, found.container.as_deref(), &found.name);
        let Some((number, reason)) = excuse else { return true };
        self.report.need_exception(number);
        let message = format!("{}: {reason}", found.message);
        self.report.add(&common::EXCEPTION, found.object.at(&found.pointer), message, "");
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
        let allow = format!("or allow it: exceptions: [{}]", self.entry(&found));
        let remedy = format!("{}, {allow}", found.remedy);
        let finding = Finding::new(self.rule, found.object.at(&found.pointer), found.message, remedy);
        self.report.record(finding.about(found.name));
    }

    /// Reports what no exception can settle: the config's own doing, or that of the stream as a whole.
    pub(super) fn add_at(&mut self, place: Place, rule: &'static Rule, message: String, remedy: &str) {
        self.report.add(rule, place, message, remedy);
    }

    /// The entry of `exceptions` that would cover a finding.
    fn entry(&self, found: &Found<'_>) -> String {
        let target = exactly(&found.object, found.container.as_deref());
        let fields = match found.name.as_str() {
            "" => String::new(),
            name => format!(" fields: [{}],", exact(name)),
        };
        format!("{{target: {target}, rules: [{}],{fields} reason: …}}", self.rule.id)
    }
}
