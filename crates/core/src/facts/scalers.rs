//! What sets the number of a workload's pods, or runs them in its place.

use super::{Facts, referent};
use crate::kube::group_of;
use crate::stream::{Object, ObjectId};
use crate::workload::DEFAULT_SCALED;
use krmor_yaml::Node;

/// What an object does with a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scales {
    /// A HorizontalPodAutoscaler: it sets the number of pods.
    Horizontally,
    /// A ScaledObject of KEDA: likewise, from 0 on.
    ByKeda,
    /// Another autoscaler with `scaleTargetRef`: likewise.
    ByEvents,
    /// A VerticalPodAutoscaler: it sets what the pods request.
    Vertically,
    /// A Rollout with `workloadRef`: its pods are made from the workload's template, and the workload has none.
    Runs,
}

/// One object that scales another.
#[derive(Clone, Debug)]
pub struct Scaler {
    /// The object.
    pub object: ObjectId,
    /// What it does.
    pub scales: Scales,
    /// The workload, if the stream has it.
    pub target: Option<ObjectId>,
}

/// Everything that scales.
#[derive(Debug, Default)]
pub struct Scalers {
    all: Vec<Scaler>,
    /// Numbers of scalers with a target, by the target.
    by_target: Vec<(ObjectId, usize)>,
}

impl Scalers {
    pub(super) fn of(facts: Facts<'_>) -> Self {
        let all: Vec<Scaler> = facts.stream.objects().filter_map(|object| scaler(facts, &object)).collect();
        let numbers = all.iter().enumerate().filter_map(|(at, scaler)| Some((scaler.target?, at)));
        let mut by_target: Vec<_> = numbers.collect();
        by_target.sort_unstable();
        Self { all, by_target }
    }

    /// Every one of them, in the stream's order.
    #[must_use]
    pub fn all(&self) -> &[Scaler] {
        &self.all
    }

    /// What names a workload as the one that it scales, in the stream's order.
    pub fn naming(&self, workload: ObjectId) -> impl Iterator<Item = &Scaler> {
        let first = self.by_target.partition_point(|(target, _)| *target < workload);
        let rest = self.by_target.get(first..).unwrap_or_default().iter();
        rest.take_while(move |(target, _)| *target == workload).filter_map(|&(_, at)| self.all.get(at))
    }

    /// What runs a workload's pods in its place.
    #[must_use]
    pub fn runner(&self, workload: ObjectId) -> Option<&Scaler> {
        self.naming(workload).find(|scaler| scaler.scales == Scales::Runs)
    }

    /// What sets the number of a workload's pods, directly or by what runs them in its place.
    #[must_use]
    pub fn of_pods(&self, workload: ObjectId) -> Vec<&Scaler> {
        let counts =
            |scaler: &&Scaler| matches!(scaler.scales, Scales::Horizontally | Scales::ByKeda | Scales::ByEvents);
        let by_runner = self.runner(workload).into_iter().flat_map(|runner| self.naming(runner.object));
        self.naming(workload).chain(by_runner).filter(counts).collect()
    }
}

fn scaler(facts: Facts<'_>, object: &Object<'_>) -> Option<Scaler> {
    let (group, kind) = (object.group(), object.kind());
    let (key, scales) = match (group.as_str(), kind.as_ref()) {
        ("autoscaling.k8s.io", "VerticalPodAutoscaler") => ("targetRef", Scales::Vertically),
        ("datadoghq.com", "DatadogPodAutoscaler") => ("targetRef", Scales::ByEvents),
        ("argoproj.io", "Rollout") => ("workloadRef", Scales::Runs),
        ("autoscaling", "HorizontalPodAutoscaler") => ("scaleTargetRef", Scales::Horizontally),
        ("keda.sh", "ScaledObject") => ("scaleTargetRef", Scales::ByKeda),
        _ => ("scaleTargetRef", Scales::ByEvents),
    };
    let reference = object.root().find(&["spec", key])?;
    let target = target(facts, object, reference);
    Some(Scaler { object: object.id(), scales, target })
}

/// The workload that a reference (`apiVersion`, `kind`, `name`) leads to.
///
/// ScaledObjects may leave out all but the name, and nobody need name the group of a kind that only one group has.
fn target(facts: Facts<'_>, object: &Object<'_>, reference: Node<'_>) -> Option<ObjectId> {
    let text = |key: &str| reference.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
    // KEDA 1 called it so.
    let name = text("name").or_else(|| text("deploymentName"))?;
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let kind = kind.as_deref().unwrap_or(DEFAULT_SCALED.1);
    let find = |group: &str| referent(facts.stream, object, group, kind, &name).map(|workload| workload.id());
    match api_version.as_deref() {
        Some(api_version) => find(group_of(api_version)),
        None => find(DEFAULT_SCALED.0).or_else(|| {
            let rows = facts.stream.workloads().rows().iter().filter(|row| row.kind == kind);
            rows.map(|row| row.group.as_ref()).find_map(find)
        }),
    }
}
