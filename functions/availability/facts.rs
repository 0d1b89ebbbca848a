//! What the stream says about its workloads: who scales them, which budgets cover them, what they claim.

use krmor_core::values::integer;
use std::collections::HashMap;
use std::ops::RangeInclusive;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector as ApiSelector;
use serde_json::json;

use super::spec::Spec;
use krmor_core::facts::scalers::{Scaler, Scales};
use krmor_core::facts::selections::By;
use krmor_core::facts::{self, Near};
use krmor_core::labels::api_selector;
use krmor_core::pods::Pod;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target::Scope;
use krmor_core::workload::Trait;
use krmor_yaml::Node;

/// A workload: an object with one pod template or more.
#[derive(Debug, Clone)]
pub(super) struct Workload {
    pub(super) id: ObjectId,
    pub(super) pods: Vec<Pod>,
}

impl Workload {
    pub(super) fn has(&self, wanted: Trait) -> bool {
        self.pods.iter().any(|pod| pod.has(wanted))
    }

    /// The selector of one of its pods, as the API has it: the workload's own, else the labels of the template.
    pub(super) fn selector_of(pod: &Pod, object: &Object<'_>) -> Option<ApiSelector> {
        if !pod.is_selected(object) {
            return None;
        }
        let labels = || Some(json!({"matchLabels": pod.labels(object)?.to_value()?}));
        let selector = api_selector(&pod.label_selector(object).or_else(labels)?)?;
        let filled = selector.match_labels.as_ref().is_some_and(|labels| !labels.is_empty())
            || selector.match_expressions.as_ref().is_some_and(|expressions| !expressions.is_empty());
        filled.then_some(selector)
    }

    /// The selector of all its pods; `None` when it has none, or one for each template.
    pub(super) fn selector(&self, object: &Object<'_>) -> Option<ApiSelector> {
        let mut selectors = self.pods.iter().map(|pod| Self::selector_of(pod, object));
        let first = selectors.next()??;
        selectors.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }
}

/// `spec.replicas`, when it is written.
pub(super) fn replicas<'a>(object: &Object<'a>) -> Option<Node<'a>> {
    object.root().find(&["spec", "replicas"]).filter(|node| !node.is_null())
}

/// What scales a workload.
#[derive(Debug)]
pub(super) struct Autoscaler {
    pub(super) id: ObjectId,
    pub(super) target: ObjectId,
    pub(super) provider: Provider,
    pub(super) range: RangeInclusive<i128>,
}

/// What an autoscaler is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    /// A HorizontalPodAutoscaler of autoscaling/v2, which krmor can edit.
    Current,
    /// One of another version.
    Old,
    /// A ScaledObject, which krmor can edit, too.
    Keda,
    /// Another autoscaler with `scaleTargetRef`.
    Other,
}

/// The most pods of an autoscaler that does not say it in the words of the API.
pub(super) const ANY_NUMBER: i128 = 2_147_483_647;

/// A PodDisruptionBudget.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) id: ObjectId,
    /// Whether it is one of policy/v1.
    pub(super) current: bool,
}

/// Budgets that select the same pods: in a stream whose workloads have equal labels there are as many as workloads, and
/// what holds for each pair of the two would take too long to say.
#[derive(Debug, Default)]
pub(super) struct Cover {
    /// The workloads, by their number in [`Facts::workloads`].
    workloads: Vec<usize>,
    budgets: Vec<Budget>,
}

impl Cover {
    pub(super) fn budgets(&self) -> impl Iterator<Item = &Budget> {
        self.budgets.iter()
    }
}

/// What is known of the whole stream.
#[derive(Debug)]
pub(super) struct Facts {
    /// Every workload, in scope or not.
    pub(super) workloads: Vec<Workload>,
    autoscalers: HashMap<ObjectId, Vec<Autoscaler>>,
    /// Workloads in their order, each with what runs its pods in its place, and how many, if that says.
    runners: Vec<(ObjectId, ObjectId, Option<i128>)>,
    covers: Vec<Cover>,
    /// The numbers of the covers of a workload.
    covers_of: HashMap<ObjectId, Vec<usize>>,
}

impl Facts {
    pub(super) fn of(stream: &Stream, report: &mut Report) -> Self {
        let mut workloads: Vec<Workload> = Vec::new();
        let facts = facts::Facts::of(stream);
        report.record_once(facts.pod_problems().to_vec());
        // The number of the workload that each pod is of.
        let mut number_of = Vec::new();
        for pod in facts.pods() {
            let pod = pod.clone();
            match workloads.last_mut().filter(|last| last.id == pod.object) {
                Some(last) => last.pods.push(pod),
                None => workloads.push(Workload { id: pod.object, pods: vec![pod] }),
            }
            number_of.push(workloads.len() - 1);
        }
        let mut autoscalers: HashMap<_, Vec<_>> = HashMap::new();
        for scaler in facts.scalers().all().iter().filter_map(|scaler| autoscaler(facts, scaler)) {
            autoscalers.entry(scaler.target).or_default().push(scaler);
        }
        let runner = |workload: &Workload| {
            let runner = facts.scalers().runner(workload.id)?.object;
            let number = stream.object(runner).and_then(|object| replicas(&object).and_then(integer));
            Some((workload.id, runner, number))
        };
        let runners = workloads.iter().filter_map(runner).collect();
        let selections = facts.selections();
        let mut covers: Vec<Cover> = Vec::new();
        let mut number_of_scope = HashMap::new();
        for selection in selections.all(By::Budget) {
            let Some(object) = stream.object(selection.object) else { continue };
            let number = *number_of_scope.entry(selection.scope).or_insert_with(|| {
                let pods = selections.pods(facts, selection, Near::Certain).iter();
                let mut workloads: Vec<usize> = pods.filter_map(|&pod| number_of.get(pod).copied()).collect();
                workloads.dedup();
                covers.push(Cover { workloads, budgets: Vec::new() });
                covers.len() - 1
            });
            if let Some(cover) = covers.get_mut(number) {
                cover.budgets.push(Budget { id: object.id(), current: object.version() == "v1" });
            }
        }
        let mut covers_of: HashMap<_, Vec<_>> = HashMap::new();
        for (number, cover) in covers.iter().enumerate() {
            for workload in cover.workloads.iter().filter_map(|&at| workloads.get(at)) {
                covers_of.entry(workload.id).or_default().push(number);
            }
        }
        Self { workloads, autoscalers, runners, covers, covers_of }
    }

    /// The workloads that a spec is for. Targets that match nothing become errors of the report.
    pub(super) fn select(&self, spec: &Spec, stream: &Stream, report: &mut Report) -> Vec<&Workload> {
        let scope = Scope { targets: spec.targets.clone(), exclude: spec.exclude.clone() };
        let open = Scope { targets: Vec::new(), ..scope.clone() };
        let (Ok(scope), Ok(open)) = (scope.compile(), open.compile()) else { return Vec::new() };
        let scalable: Vec<_> = self.workloads.iter().filter(|workload| self.is_scalable(workload, stream)).collect();
        // What runs a workload's pods in its place is as good a name for them.
        let both = |workload: &&Workload| [Some(workload.id), self.runner(workload.id)].into_iter().flatten();
        let mut candidates: Vec<ObjectId> = scalable.iter().flat_map(both).collect();
        candidates.sort_unstable();
        candidates.dedup();
        let (chosen, problems) = scope.select_objects(stream, candidates.iter().copied());
        report.record_once(problems);
        let (open, _) = open.select_objects(stream, candidates);
        let has = |list: &[ObjectId], id: ObjectId| list.binary_search(&id).is_ok();
        let wanted =
            |workload: &&Workload| both(workload).any(|id| has(&chosen, id)) && both(workload).all(|id| has(&open, id));
        scalable.into_iter().filter(wanted).collect()
    }

    /// Whether it can be scaled, by itself or by what runs its pods, and its pods stay.
    fn is_scalable(&self, workload: &Workload, stream: &Stream) -> bool {
        let stays = |object: &Object<'_>| !workload.pods.iter().any(|pod| pod.runs_to_completion(object));
        (workload.has(Trait::Scalable) || self.runner(workload.id).is_some())
            && stream.object(workload.id).is_some_and(|object| stays(&object))
    }

    /// What scales a workload's pods, directly or by what runs them in its place.
    pub(super) fn autoscalers(&self, workload: ObjectId) -> Vec<&Autoscaler> {
        let ids = [Some(workload), self.runner(workload)].into_iter().flatten();
        ids.filter_map(|id| self.autoscalers.get(&id)).flatten().collect()
    }

    /// Whether KEDA scales it: from 0, too.
    pub(super) fn is_kedas(&self, workload: ObjectId) -> bool {
        self.autoscalers(workload).iter().any(|scaler| scaler.provider == Provider::Keda)
    }

    /// What runs a workload's pods in its place.
    pub(super) fn runner(&self, workload: ObjectId) -> Option<ObjectId> {
        self.run_by(workload).map(|(_, runner, _)| *runner)
    }

    fn run_by(&self, workload: ObjectId) -> Option<&(ObjectId, ObjectId, Option<i128>)> {
        let at = self.runners.partition_point(|(id, ..)| *id < workload);
        self.runners.get(at).filter(|(id, ..)| *id == workload)
    }

    /// How many pods a workload, or what runs them in its place, says that there are.
    pub(super) fn written(&self, object: &Object<'_>) -> Option<i128> {
        self.run_by(object.id()).map_or_else(|| replicas(object).and_then(integer), |(.., number)| *number)
    }

    /// The budgets of a workload's pods, those that select the same together, each such group with its number.
    pub(super) fn covers(&self, workload: ObjectId) -> impl Iterator<Item = (usize, &Cover)> {
        self.covers_of.get(&workload).into_iter().flatten().filter_map(|&at| Some((at, self.covers.get(at)?)))
    }

    /// The budgets of a workload's pods.
    pub(super) fn budgets(&self, workload: ObjectId) -> impl Iterator<Item = &Budget> {
        self.covers(workload).flat_map(|(_, cover)| cover.budgets())
    }

    /// The workloads whose pods some budgets select.
    pub(super) fn covered<'a>(&'a self, cover: &'a Cover) -> impl ExactSizeIterator<Item = ObjectId> {
        cover.workloads.iter().map(|&number| self.workloads.get(number).map_or(usize::MAX, |workload| workload.id))
    }

    /// The fewest and the most pods (or groups of pods) that a workload can have.
    pub(super) fn range(&self, object: &Object<'_>) -> RangeInclusive<i128> {
        let scalers = self.autoscalers(object.id());
        let low = scalers.iter().map(|scaler| *scaler.range.start()).min();
        let high = scalers.iter().map(|scaler| *scaler.range.end()).max();
        let own = self.written(object);
        // An autoscaler moves what is below its range into it; `replicas: 0` is a workload that is switched off.
        low.unwrap_or(own.unwrap_or(1)).max(1)..=high.unwrap_or(1).max(own.unwrap_or(1))
    }

    /// Whether all workloads under some budgets say how many pods they have: then the fewest there can be.
    pub(super) fn lowest_under(&self, cover: &Cover, stream: &Stream) -> Option<i128> {
        let lowest = |workload: &Workload| {
            let object = stream.object(workload.id).filter(|_| self.is_scalable(workload, stream))?;
            // What is switched off has no pod, whatever scales it; KEDA switches on.
            let is_off = self.written(&object) == Some(0) && !self.is_kedas(workload.id);
            Some(if is_off { 0 } else { *self.range(&object).start() })
        };
        cover.workloads.iter().map(|&number| lowest(self.workloads.get(number)?)).sum()
    }
}

fn autoscaler(facts: facts::Facts<'_>, scaler: &Scaler) -> Option<Autoscaler> {
    let object = &facts.stream().object(scaler.object)?;
    let provider = match scaler.scales {
        Scales::Horizontally if object.version() == "v2" => Provider::Current,
        Scales::Horizontally => Provider::Old,
        Scales::ByKeda => Provider::Keda,
        Scales::ByEvents => Provider::Other,
        Scales::Vertically | Scales::Runs => return None,
    };
    let (fewest, most) = facts.bounds(scaler);
    // The API refuses a HorizontalPodAutoscaler that does not say the most.
    let unsaid = if scaler.scales == Scales::Horizontally { 1 } else { ANY_NUMBER };
    let range = fewest.into()..=most.map_or(unsaid, i128::from).min(ANY_NUMBER);
    Some(Autoscaler { id: object.id(), target: scaler.target?, provider, range })
}

/// The resources whose requests a VerticalPodAutoscaler changes for a workload, with that object.
pub(super) fn vertical(stream: &Stream, workload: ObjectId) -> Option<(Object<'_>, Vec<String>)> {
    let scalers = facts::Facts::of(stream).scalers().naming(workload);
    let mut vertical = scalers.filter(|scaler| scaler.scales == Scales::Vertically);
    vertical.find_map(|scaler| {
        let object = stream.object(scaler.object)?;
        let mode = object.root().find(&["spec", "updatePolicy", "updateMode"]).and_then(Node::as_str);
        if mode.as_deref() == Some("Off") {
            return None;
        }
        let mut controlled: Vec<String> = Vec::new();
        let policies = object.root().find(&["spec", "resourcePolicy", "containerPolicies"]);
        let policies: Vec<Node<'_>> = policies.into_iter().flat_map(Node::items).collect();
        let both = || ["cpu", "memory"].map(str::to_owned).to_vec();
        for policy in &policies {
            let off = policy.get("mode").and_then(Node::as_str).is_some_and(|mode| mode == "Off");
            let named = policy.get("controlledResources").map(|list| list.items().filter_map(Node::as_str));
            let named = named.map_or_else(both, |list| list.map(std::borrow::Cow::into_owned).collect());
            controlled.extend(if off { Vec::new() } else { named });
        }
        // Containers without a policy of their own follow the default, which controls both.
        let default = |policy: &Node<'_>| policy.get("containerName").and_then(Node::as_str).is_some_and(|n| n == "*");
        if !policies.iter().any(default) {
            controlled.extend(both());
        }
        Some((object, controlled))
    })
}
