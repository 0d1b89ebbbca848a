//! What a spec means for a stream: which Service and port is behind each path, and whose names and labels are taken.

use krmor_core::report::Place;
use krmor_core::rules as common;
use std::collections::BTreeSet;

use super::backends::{self, Backend};
use super::spec::{PathRule, Spec};
use krmor_core::facts::services;
use krmor_core::facts::{self, Facts, Near};
use krmor_core::pods::Pod;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target;

/// The spec, found in the stream.
pub(super) struct Plan<'a> {
    pub(super) spec: &'a Spec,
    /// In the order of the config.
    pub(super) backends: Vec<Backend>,
    /// The workloads behind all of them.
    pub(super) workloads: BTreeSet<ObjectId>,
}

/// The pods of a stream, and which of them the spec is for.
pub(super) struct Candidates<'a> {
    pub(super) stream: &'a Stream,
    pub(super) spec: &'a Spec,
    facts: Facts<'a>,
    pub(super) services: Vec<Object<'a>>,
    selected: BTreeSet<ObjectId>,
}

impl<'a> Candidates<'a> {
    /// The workloads that a Service sends to.
    pub(super) fn behind(&self, service: &Object<'_>) -> Vec<(&'a Pod, Object<'a>)> {
        let (selections, pods) = (self.facts.selections(), self.facts.pods());
        let selection = selections.of_object(service.id());
        let numbers = selection.map_or(&[][..], |one| selections.pods(self.facts, one, Near::Certain));
        let behind = numbers.iter().filter_map(|&at| pods.get(at));
        behind.filter_map(|pod| Some((pod, self.stream.object(pod.object)?))).collect()
    }

    /// Whether a Service may be exposed: a target is behind it, or, where nothing is targeted, nothing of the stream is.
    fn in_scope(&self, service: &Object<'_>) -> bool {
        let behind = self.behind(service);
        behind.iter().any(|(pod, _)| self.selected.contains(&pod.object))
            || (behind.is_empty() && self.spec.targets.is_empty())
    }

    /// The Services that may be exposed and send to something.
    pub(super) fn candidates(&self) -> Vec<Object<'a>> {
        let targeted =
            |service: &&Object<'a>| self.behind(service).iter().any(|(pod, _)| self.selected.contains(&pod.object));
        self.services.iter().filter(targeted).copied().collect()
    }

    /// The Services in scope of a name, now or before earlier kustomizations.
    pub(super) fn named(&self, name: &str) -> Vec<Object<'a>> {
        let all = self.services.iter().filter(|service| service.is_named(name) && self.in_scope(service));
        let all: Vec<Object<'a>> = all.copied().collect();
        let now: Vec<Object<'a>> = all.iter().filter(|service| service.name() == name).copied().collect();
        if now.is_empty() { all } else { now }
    }
}

impl<'a> Plan<'a> {
    /// Finds in the stream what the spec names; `None` when that fails, with the reasons reported, or when the spec is
    /// for nothing that the stream has.
    pub(super) fn of(spec: &'a Spec, stream: &Stream, report: &mut Report) -> Option<Self> {
        let (selected, problems) = target::pods(&spec.targets, &spec.exclude, stream);
        report.record_once(problems);
        if selected.is_empty() && !spec.targets.is_empty() {
            return None;
        }
        let facts = Facts::of(stream);
        report.record_once(facts.pod_problems().to_vec());
        let world = Candidates {
            stream,
            spec,
            facts,
            services: stream.of_kind("", "Service").filter(services::is_service).collect(),
            selected: selected.iter().map(|one| one.pod.object).collect(),
        };
        let whole = [PathRule::default()];
        let rules = if spec.paths.is_empty() { whole.as_slice() } else { spec.paths.as_slice() };
        let found = rules.iter().enumerate().map(|(at, rule)| backends::find(&world, at, rule, report));
        let backends: Vec<Backend> = found.collect::<Vec<_>>().into_iter().collect::<Option<_>>()?;
        let workloads = backends.iter().flat_map(|backend| backend.workloads.iter().copied()).collect();
        let plan = Self { spec, backends, workloads };
        plan.is_in_one_namespace(stream, report).then_some(plan)
    }

    /// Whether one object can name all the Services.
    fn is_in_one_namespace(&self, stream: &Stream, report: &mut Report) -> bool {
        let services: Vec<_> = self.backends.iter().filter_map(|backend| stream.object(backend.service)).collect();
        let Some(first) = services.first() else { return false };
        let Some(other) = services.iter().find(|other| !facts::share_namespace(first, other)) else { return true };
        let message = format!(
            "{} and {} are in two namespaces, and what exposes them names Services of its own",
            first.reference(),
            other.reference()
        );
        let remedy = "expose those of each namespace by a config of its own";
        report.add(&common::CONFIG, Place::Config("/paths".to_owned()), message, remedy);
        false
    }

    /// Longest path first: the order in which they are tried.
    pub(super) fn longest_first(&self) -> Vec<&Backend> {
        let mut backends: Vec<&Backend> = self.backends.iter().collect();
        backends.sort_by_key(|backend| (std::cmp::Reverse(backend.path.prefix().len()), backend.path_type));
        backends
    }

    /// The Services, each once.
    pub(super) fn services(&self) -> BTreeSet<ObjectId> {
        self.backends.iter().map(|backend| backend.service).collect()
    }
}
