//! What a person may write in the spec.

use schemars::JsonSchema;
use serde::Deserialize;

use super::keda::Keda;
use super::metrics::{Behavior, Metric};
use super::values::{Amount, NamePattern};
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::LabelKey;
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::Selector;
use krmor_core::values::{NonNegative, Positive, given};
use std::collections::BTreeMap;

/// How many pods a workload has, where they run, and how they are replaced and evicted.
///
/// Works on every kind that has the scale subresource. Only what the spec names is made; what must hold for the objects
/// that are there is checked in any case.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Fewest pods: fills an absent `spec.replicas` of a workload that no autoscaler scales; a higher one stays, a lower
    /// one is a conflict. From 1; not with `autoscaling`. Default: nothing is asked.
    pub replicas: Option<Positive>,
    /// A HorizontalPodAutoscaler (autoscaling/v2), or with `keda` a ScaledObject, for each workload. One that is there is
    /// updated in the fields named here; `spec.replicas` of the workload is removed. Default: none.
    pub autoscaling: Option<Autoscaling>,
    /// A PodDisruptionBudget (policy/v1) for each workload; `{}` takes the defaults. One that already covers the
    /// workload's pods is updated in the fields named here. Default: none.
    pub budget: Option<Budget>,
    /// Topology spread constraints of the pods, one for each `topologyKey`; a constraint with the same key stays as it
    /// is. Default: none.
    #[serde(default)]
    pub spread: Vec<Spread>,
    /// Anti-affinity of a workload's pods among themselves; `{}` takes the defaults. Pods that have a `podAntiAffinity`
    /// keep it. Default: none.
    pub anti_affinity: Option<AntiAffinity>,
    /// `spec.strategy` of the kinds that have `RollingUpdate` and `Recreate` there (Deployments). Absent fields are
    /// filled; other explicit values are conflicts. Default: `Recreate` where a rolling update would wait for ever for a
    /// volume, else nothing.
    pub strategy: Option<Strategy>,
    /// `true`: there must never be two pods. `spec.replicas: 1` and, for Deployments, `Recreate` are filled; more
    /// replicas or an autoscaler are refused. Not with `autoscaling`, nor with `replicas` above 1. Default `false`.
    #[serde(default)]
    pub singleton: bool,
    /// What claims that are not in the stream can do. Without an entry such a claim counts as one that a single pod
    /// may use. Default: none.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// What happens to explicit values of a workload that oppose the spec (fewer `replicas`, `replicas: 0` under an
    /// autoscaler, another `strategy`): `fail` (the default) reports every one as an error, `override` changes them,
    /// `keep` leaves them with a warning.
    #[serde(default)]
    pub conflicts: Conflicts,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads to work on; each entry must match a workload that can be scaled unless `optional: true`.
    /// Default: all that can be scaled.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

function_spec!(Spec, find_problems);

/// How an autoscaler scales.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Autoscaling {
    /// Fewest pods, from 1; with `keda` from 0. Default 2; an autoscaler that is there keeps its own.
    pub min_replicas: Option<NonNegative>,
    /// Most pods; at least `minReplicas`.
    pub max_replicas: Positive,
    /// Average use of cpu to aim at, in percent of the requests: every container must have one. Default: not looked at.
    pub cpu: Option<Positive>,
    /// Average use of memory to aim at, in percent of the requests: every container must have one. Default: not looked at.
    pub memory: Option<Positive>,
    /// Further metrics, each as in `spec.metrics` of the API (`type` and the field of that type). Not with `keda`, which has
    /// `triggers`. Default: none.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// `scaleUp` and `scaleDown` as in `spec.behavior` of the API. Default: the API's.
    pub behavior: Option<Behavior>,
    /// Makes a ScaledObject of KEDA in the place of a HorizontalPodAutoscaler; `{}` has the triggers of `cpu` and `memory`.
    /// Default: none.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Keda")]
    pub keda: Option<Keda>,
}

impl Autoscaling {
    /// Fewest pods, where nothing else says.
    #[must_use]
    pub fn lowest(&self) -> i32 {
        self.min_replicas.map_or(2, NonNegative::get)
    }

    /// Its metrics, as the API has them.
    pub(super) fn all_metrics(&self) -> Vec<Metric> {
        let short = [("cpu", self.cpu), ("memory", self.memory)];
        let short = short.into_iter().filter_map(|(name, percent)| Some(Metric::utilization(name, percent?)));
        short.chain(self.metrics.iter().cloned()).collect()
    }
}

/// How many pods may be evicted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Budget {
    /// Most pods that may be down at once: a number, or a share of all such as `25%` (rounded up). Default 1, unless
    /// `minAvailable` is given.
    pub max_unavailable: Option<Amount>,
    /// Fewest pods that must stay: a number, or a share of all such as `50%` (rounded up). Not with `maxUnavailable`.
    /// Default: none.
    pub min_available: Option<Amount>,
    /// Whether pods that are not ready may be evicted while the budget is used up: `AlwaysAllow` or `IfHealthyBudget`.
    /// Default `AlwaysAllow`: else a crashing pod blocks the drain of its node.
    pub unhealthy_pod_eviction_policy: Option<EvictionPolicy>,
}

impl Budget {
    /// The field that limits evictions, and its value.
    pub(super) fn limit(&self) -> (&'static str, Amount) {
        match (self.max_unavailable, self.min_available) {
            (None, Some(amount)) => ("minAvailable", amount),
            (amount, _) => ("maxUnavailable", amount.unwrap_or(Amount::Count(1))),
        }
    }

    /// Whether the config says it, and not our default.
    pub(super) fn names_limit(&self) -> bool {
        self.max_unavailable.is_some() || self.min_available.is_some()
    }

    pub(super) fn policy(&self) -> &'static str {
        match self.unhealthy_pod_eviction_policy.unwrap_or_default() {
            EvictionPolicy::AlwaysAllow => "AlwaysAllow",
            EvictionPolicy::IfHealthyBudget => "IfHealthyBudget",
        }
    }
}

/// What a budget says of pods that are not ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum EvictionPolicy {
    /// They may always be evicted.
    #[default]
    AlwaysAllow,
    /// They may be evicted while enough others are ready.
    IfHealthyBudget,
}

/// One topology spread constraint.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spread {
    /// Label of the nodes between whose values pods are spread, such as `topology.kubernetes.io/zone` or
    /// `kubernetes.io/hostname`.
    pub topology_key: LabelKey,
    /// By how many pods two such groups of nodes may differ, from 1. Default 1.
    pub max_skew: Option<Positive>,
    /// `ScheduleAnyway` prefers an even spread, `DoNotSchedule` demands it. Default `ScheduleAnyway`.
    #[serde(default)]
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// How many such groups of nodes there must be, from 1; with fewer of them, groups without a pod count as one more. With
    /// `DoNotSchedule` only. Default: the API's, 1.
    pub min_domains: Option<Positive>,
    /// Whether only nodes count that the pod's node selector and affinity allow: `Honor` or `Ignore`. Default: the API's,
    /// `Honor`.
    pub node_affinity_policy: Option<NodePolicy>,
    /// Whether nodes count whose taints the pod does not tolerate: `Ignore`, or not: `Honor`. Default: the API's, `Ignore`.
    pub node_taints_policy: Option<NodePolicy>,
    /// Labels of pods whose values pods must share to be counted together; none that the workload's selector has. Default:
    /// what tells the pods of an update from the old ones, where the kind gives its pods such a label; `[]` for none.
    pub match_label_keys: Option<Vec<LabelKey>>,
}

/// Whether the scheduler takes the limits of the pod into account when it counts nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum NodePolicy {
    /// It does.
    Honor,
    /// It does not.
    Ignore,
}

impl NodePolicy {
    /// As the API writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Honor => "Honor",
            Self::Ignore => "Ignore",
        }
    }
}

/// What the scheduler does when it cannot spread evenly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum WhenUnsatisfiable {
    /// The pod runs elsewhere.
    #[default]
    ScheduleAnyway,
    /// The pod stays pending.
    DoNotSchedule,
}

/// Keeps pods of one workload apart.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AntiAffinity {
    /// Label of the nodes; pods avoid nodes that share its value. Default `kubernetes.io/hostname`.
    #[serde(default = "LabelKey::hostname")]
    pub topology_key: LabelKey,
    /// `true`: a pod that would share such a place stays pending. Default `false`: it is preferred not to.
    #[serde(default)]
    pub required: bool,
}

/// How pods are replaced when their template changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Strategy {
    /// `RollingUpdate` replaces pods step by step, `Recreate` stops all before it starts new ones.
    #[serde(rename = "type")]
    pub kind: StrategyType,
    /// Most pods above the wanted number during an update: a number, or a share such as `25%`. With `RollingUpdate`
    /// only. Default: the API's, `25%`.
    pub max_surge: Option<Amount>,
    /// Most pods below the wanted number during an update: a number, or a share such as `25%`. With `RollingUpdate`
    /// only. Default: the API's, `25%`.
    pub max_unavailable: Option<Amount>,
}

/// The strategies of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum StrategyType {
    /// Step by step.
    RollingUpdate,
    /// All at once.
    Recreate,
}

/// What a claim that is not in the stream can do.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// Name of the claim as pods write it: a regular expression that must match from the first to the last character.
    pub name: NamePattern,
    /// The claim's access mode: `ReadWriteOnce`, `ReadWriteOncePod`, `ReadOnlyMany` or `ReadWriteMany`.
    pub access_mode: AccessMode,
}

/// The access modes of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AccessMode {
    /// By the pods of one node.
    ReadWriteOnce,
    /// By one pod.
    ReadWriteOncePod,
    /// By pods of many nodes, to read.
    ReadOnlyMany,
    /// By pods of many nodes.
    ReadWriteMany,
}

/// What happens to explicit values that oppose the spec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Conflicts {
    /// Every one is an error.
    #[default]
    Fail,
    /// They are changed.
    Override,
    /// They stay, each with a warning.
    Keep,
}
