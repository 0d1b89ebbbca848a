//! The names of a quota, and what each of them counts.
//!
//! Source: the evaluators of `pkg/quota/v1/evaluator/core` of Kubernetes v1.36.

use super::values::{HUGE_PAGES, STANDARD};
use krmor_core::quantity::Quantity;

/// What a quota counts by one of its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure<'n> {
    /// Pods that have not ended.
    Pods,
    /// What pods request of a resource.
    Requests(&'n str),
    /// The limits of pods for a resource.
    Limits(&'n str),
    /// Services with a load balancer.
    LoadBalancers,
    /// Ports of nodes that Services take.
    NodePorts,
    /// Claims of volumes, of a storage class or of all.
    Claims(Option<&'n str>),
    /// What such claims request.
    Storage(Option<&'n str>),
    /// Objects of a resource and group.
    Objects(&'n str, &'n str),
}

/// Resources whose objects are made while the cluster runs.
const MADE: [(&str, &str); 9] = [
    ("pods", ""),
    ("endpoints", ""),
    ("events", ""),
    ("replicasets", "apps"),
    ("controllerrevisions", "apps"),
    ("jobs", "batch"),
    ("endpointslices", "discovery.k8s.io"),
    ("events", "events.k8s.io"),
    ("leases", "coordination.k8s.io"),
];

/// Names for which each container must have an amount, with the list and the resource where it stands: the plugin's
/// `validationSet`.
const NEEDED: [(&str, &str, &str); 6] = [
    ("cpu", "requests", "cpu"),
    ("memory", "requests", "memory"),
    ("requests.cpu", "requests", "cpu"),
    ("requests.memory", "requests", "memory"),
    ("limits.cpu", "limits", "cpu"),
    ("limits.memory", "limits", "memory"),
];

impl<'n> Measure<'n> {
    /// What a name counts; `None` for what cannot be summed up from manifests.
    pub(super) fn of(name: &'n str) -> Option<Self> {
        if let Some((class, what)) = name.split_once(".storageclass.storage.k8s.io/") {
            return match what {
                "persistentvolumeclaims" => Some(Self::Claims(Some(class))),
                "requests.storage" => Some(Self::Storage(Some(class))),
                _ => None,
            };
        }
        if let Some(counted) = name.strip_prefix("count/") {
            let (resource, group) = counted.split_once('.').unwrap_or((counted, ""));
            return Self::of_objects(resource, group);
        }
        let requested = name.strip_prefix("requests.");
        match name {
            "pods" => return Some(Self::Pods),
            "services.loadbalancers" => return Some(Self::LoadBalancers),
            "services.nodeports" => return Some(Self::NodePorts),
            "requests.storage" => return Some(Self::Storage(None)),
            _ => {}
        }
        match (requested.unwrap_or(name), name.strip_prefix("limits.")) {
            (resource @ ("cpu" | "memory" | "ephemeral-storage"), _) => Some(Self::Requests(resource)),
            (_, Some(resource @ ("cpu" | "memory" | "ephemeral-storage"))) => Some(Self::Limits(resource)),
            (resource, _) if resource.starts_with(HUGE_PAGES) => Some(Self::Requests(resource)),
            // Of devices only `requests.` is counted.
            (resource, _) if resource.contains('/') => requested.map(Self::Requests),
            _ => STANDARD.contains(&name).then(|| Self::of_objects(name, "")).flatten(),
        }
    }

    fn of_objects(resource: &'n str, group: &'n str) -> Option<Self> {
        match (resource, group) {
            ("persistentvolumeclaims", "") => Some(Self::Claims(None)),
            _ if MADE.contains(&(resource, group)) => None,
            _ => Some(Self::Objects(resource, group)),
        }
    }

    /// Whether it depends on how many pods there are.
    pub(super) fn is_of_pods(self) -> bool {
        !matches!(self, Self::LoadBalancers | Self::NodePorts | Self::Objects(..))
    }
}

/// The names of a quota that demand something of each container, each with the list and the resource where it stands.
pub(super) fn needed<'n>(names: impl Iterator<Item = &'n str>) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut needed: Vec<_> =
        names.filter_map(|name| NEEDED.iter().find(|(needed, ..)| *needed == name)).copied().collect();
    // `cpu` and `requests.cpu` are the same.
    needed.sort_unstable_by_key(|(_, list, resource)| (*list, *resource));
    needed.dedup_by_key(|(_, list, resource)| (*list, *resource));
    needed
}

/// What the API server refuses in an amount of a quota.
pub(super) fn fault(name: &str, amount: &Quantity) -> Option<&'static str> {
    let is_number = match Measure::of(name) {
        Some(Measure::Requests(_) | Measure::Limits(_) | Measure::Storage(_)) => false,
        _ => !name.contains('/') || name.starts_with("count/"),
    };
    match amount.is_negative() {
        true => Some("is negative"),
        false => (is_number && !amount.is_whole()).then_some("is no whole number"),
    }
}

/// Whether a kind is of a resource: its plural, as the API's own kinds and most others have it.
pub(super) fn is_plural_of(resource: &str, kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase();
    let Some(rest) = resource.strip_prefix(kind.strip_suffix('y').unwrap_or(&kind)) else { return false };
    match (kind.ends_with('y'), rest) {
        (true, "ies" | "ys") | (false, "s" | "es") => true,
        (false, "") => kind.ends_with('s'),
        _ => false,
    }
}
