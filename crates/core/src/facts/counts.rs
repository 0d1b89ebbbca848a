//! How many pods a workload has at most at one time, as its kind says it ([`crate::workload::Counts`]).

mod rollout;

use std::fmt;

use super::Facts;
use super::scalers::{Scaler, Scales};
use crate::pods::Pod;
use crate::stream::Object;
use crate::values::integer;
use crate::workload::{Counts, Surge};
use krmor_yaml::Node;

/// KEDA's `maxReplicaCount` where it is not given.
const KEDA_MOST: u32 = 100;
/// Keeps a workload at a number of pods, which may be above that, until it is taken away.
const PAUSED: &str = "autoscaling.keda.sh/paused-replicas";

/// The most pods of a workload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Most {
    /// At rest.
    pub pods: u32,
    /// So many more while pods are replaced.
    pub surge: u32,
    /// It is started by the clock, and does not wait for the end of what it started before: there may be more.
    pub overlaps: bool,
}

/// What is known of the number of a workload's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// So many at most.
    At(Most),
    /// As many as nodes, and nobody has said how many these are.
    ByNodes,
    /// Nothing: neither the kind nor its fields say it.
    Unknown,
}

impl Most {
    fn of(pods: u32) -> Self {
        Self { pods, ..Self::default() }
    }

    /// All together.
    #[must_use]
    pub fn total(self) -> u32 {
        self.pods.saturating_add(self.surge)
    }
}

/// `10`, or `10 + 3` with those that are there while pods are replaced.
impl fmt::Display for Most {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.surge {
            0 => write!(f, "{}", self.pods),
            surge => write!(f, "{} + {surge}", self.pods),
        }
    }
}

impl Facts<'_> {
    /// How many pods there are at most from a pod template of an object, on so many nodes.
    #[must_use]
    pub fn counted(self, pod: &Pod, object: &Object<'_>, nodes: Option<u32>) -> Counted {
        let most = match pod.counts {
            Counts::Unknown => None,
            Counts::One => Some(Most::of(1)),
            Counts::Nothing => Some(Most::default()),
            Counts::Replicas(_) | Counts::Rollout => self.replicas(object, pod.counts),
            Counts::Nodes(_) => match nodes {
                None => return Counted::ByNodes,
                Some(nodes) => with_surge(object, nodes, pod.counts),
            },
            Counts::Jobs => jobs(pod, object),
            Counts::Scheduled(policy) => {
                let policy = object.root().at_pointer(policy).and_then(Node::as_str);
                let overlaps = policy.is_none_or(|policy| policy == "Allow");
                jobs(pod, object).map(|most| Most { overlaps, ..most })
            }
            Counts::Repeated(end) => {
                let holder = pod.template.as_deref().and_then(|template| template.strip_suffix(end));
                let times = holder.and_then(|holder| number(object, &format!("{holder}/replicas"), 1));
                let product = |times: u32| Some(Most::of(jobs(pod, object)?.pods.saturating_mul(times)));
                times.and_then(product)
            }
        };
        most.map_or(Counted::Unknown, Counted::At)
    }

    fn replicas(self, object: &Object<'_>, counts: Counts) -> Option<Most> {
        let own = number(object, REPLICAS, 1)?;
        let Some(runner) = self.scalers().runner(object.id()) else {
            return with_surge(object, self.most_replicas(object)?, counts);
        };
        // What runs the pods in its place has its own; those of the workload stay until somebody takes them away.
        let runner = self.stream.object(runner.object)?;
        let counts = self.stream.workloads().row(&runner.group(), &runner.kind())?.counts;
        let most = with_surge(&runner, self.most_replicas(&runner)?, counts)?;
        Some(Most { pods: most.pods.saturating_add(own), ..most })
    }

    /// The highest number of replicas that an object, or what scales it, asks for; `None` where one of them has no number.
    #[must_use]
    pub fn most_replicas(self, object: &Object<'_>) -> Option<u32> {
        let own = number(object, REPLICAS, 1)?;
        let scalers = self.scalers().of_pods(object.id());
        // API: an autoscaler leaves alone what is at 0 replicas. KEDA starts it.
        let is_off = own == 0 && scalers.iter().all(|scaler| scaler.scales == Scales::Horizontally);
        let most = scalers.into_iter().map(|scaler| self.bounds(scaler).1).collect::<Option<Vec<u32>>>()?;
        Some(if is_off { 0 } else { most.into_iter().fold(own, u32::max) })
    }

    /// The fewest and the most replicas that a scaler sets; `None` where it does not say the most.
    #[must_use]
    pub fn bounds(self, scaler: &Scaler) -> (u32, Option<u32>) {
        let Some(object) = self.stream.object(scaler.object) else { return (1, None) };
        let is_kedas = scaler.scales == Scales::ByKeda;
        let of = |pointer: &str| {
            let node = object.root().at_pointer(pointer).filter(|node| !node.is_null());
            node.map(|_| number(&object, pointer, 0))
        };
        let fewest = if is_kedas { of("/spec/minReplicaCount") } else { of("/spec/minReplicas") };
        let written = of("/spec/maxReplicas").or_else(|| of("/spec/maxReplicaCount"));
        let most = written.unwrap_or_else(|| is_kedas.then_some(KEDA_MOST));
        let paused = object.annotation(PAUSED).filter(|_| is_kedas).map(|text| text.parse::<u32>().ok());
        let most = match paused {
            None => most,
            Some(paused) => paused.zip(most).map(|(paused, most)| paused.max(most)),
        };
        (fewest.flatten().unwrap_or(u32::from(!is_kedas)), most)
    }
}

const REPLICAS: &str = "/spec/replicas";

fn with_surge(object: &Object<'_>, pods: u32, counts: Counts) -> Option<Most> {
    let surge = match counts {
        Counts::Replicas(surges) | Counts::Nodes(surges) => by_fields(object, pods, surges),
        Counts::Rollout => rollout::surge(object, pods),
        _ => None,
    };
    Some(Most { pods, surge: surge?, overlaps: false })
}

fn by_fields(object: &Object<'_>, pods: u32, surges: &[Surge]) -> Option<u32> {
    let node = |pointer: &str| object.root().at_pointer(pointer).filter(|node| !node.is_null());
    let first = surges.iter().find_map(|surge| match *surge {
        Surge::Field(pointer, default) => {
            Some(node(pointer).map_or_else(|| share(default, pods), |node| of(node, pods)))
        }
        Surge::Where(pointer, value, surge) => {
            let there = node(pointer)?;
            let holds = value.is_none_or(|value| there.as_str().as_deref() == Some(value));
            holds.then(|| share(surge, pods))
        }
    });
    first.unwrap_or(Some(0))
}

/// The API's int-or-string.
fn of(node: Node<'_>, pods: u32) -> Option<u32> {
    match integer(node) {
        Some(number) => u32::try_from(number).ok(),
        None => share(&node.as_str()?, pods),
    }
}

/// A number, or a share of `pods`, a part of a pod counting as one.
fn share(text: &str, pods: u32) -> Option<u32> {
    let Some(percent) = text.strip_suffix('%') else { return text.parse().ok() };
    let part = u64::from(percent.parse::<u32>().ok()?).checked_mul(u64::from(pods))?.div_ceil(100);
    Some(u32::try_from(part).unwrap_or(u32::MAX))
}

/// `parallelism`, or `completions` where these are fewer.
fn jobs(pod: &Pod, object: &Object<'_>) -> Option<Most> {
    let holder = pod.template.as_deref()?.strip_suffix("/template")?;
    let parallelism = number(object, &format!("{holder}/parallelism"), 1)?;
    let completions = number(object, &format!("{holder}/completions"), u32::MAX)?;
    Some(Most::of(parallelism.min(completions)))
}

/// The number at a pointer; `None` where something else is there.
pub(super) fn number(object: &Object<'_>, pointer: &str, absent: u32) -> Option<u32> {
    match object.root().at_pointer(pointer).filter(|node| !node.is_null()) {
        None => Some(absent),
        Some(node) => u32::try_from(integer(node)?).ok(),
    }
}
