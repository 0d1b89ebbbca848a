//! What can hold up a rollout: claims that the pods of a workload cannot share, and a strategy that waits for a new pod.

use super::facts::Workload;
use super::spec::{AccessMode, Spec};
use super::values::Amount;
use krmor_core::facts;
use krmor_core::stream::{Object, Stream};
use krmor_yaml::Node;

/// A volume claim that only one pod of a workload may use.
#[derive(Debug)]
pub(super) struct Exclusive {
    /// Pointer of its name in the workload.
    pub(super) pointer: String,
    /// What it is, for messages: `PersistentVolumeClaim data, which is ReadWriteOnce`.
    pub(super) says: String,
    /// Whether its access mode is not known.
    pub(super) unknown: bool,
}

/// The claims that all pods of a workload would share and cannot; claims made anew for each pod are not among them.
pub(super) fn exclusive_claims(spec: &Spec, stream: &Stream, workload: &Workload) -> Vec<Exclusive> {
    let Some(object) = stream.object(workload.id) else { return Vec::new() };
    let mut found: Vec<Exclusive> = Vec::new();
    for (_, pointer, name) in static_claims(&object, workload) {
        found.extend(exclusive(spec, stream, &object, &name).map(|(says, unknown)| Exclusive {
            pointer,
            says: format!("PersistentVolumeClaim {says}"),
            unknown,
        }));
    }
    found
}

/// The claims that all pods of a workload share: the number of the pod's template, the pointer of the name, and the name.
pub(super) fn static_claims(object: &Object<'_>, workload: &Workload) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    for (number, pod) in workload.pods.iter().enumerate() {
        let templates = pod.claims.and_then(|pointer| object.root().at_pointer(pointer));
        let templates = templates.into_iter().flat_map(Node::items);
        let own: Vec<_> = templates.filter_map(|claim| claim.find(&["metadata", "name"])?.as_str()).collect();
        let volumes = pod.spec_node(object).and_then(|node| node.get("volumes")).into_iter().flat_map(Node::items);
        for (at, volume) in volumes.enumerate() {
            let Some(name) = volume.find(&["persistentVolumeClaim", "claimName"]).and_then(Node::as_str) else {
                continue;
            };
            // A template of that name takes the volume's place.
            let replaced = volume.get("name").and_then(Node::as_str).is_some_and(|name| own.contains(&name));
            if replaced {
                continue;
            }
            let pointer = format!("{}/volumes/{at}/persistentVolumeClaim/claimName", pod.spec);
            found.push((number, pointer, name.into_owned()));
        }
    }
    found
}

/// What keeps the pods of `from` from sharing the claim that they call `name`, and whether it is only not known.
fn exclusive(spec: &Spec, stream: &Stream, from: &Object<'_>, name: &str) -> Option<(String, bool)> {
    let Some(claim) = facts::referent(stream, from, "", "PersistentVolumeClaim", name) else {
        let mode = spec.claims.iter().find(|claim| claim.name.matches(name)).map(|claim| claim.access_mode);
        return match mode {
            Some(AccessMode::ReadWriteMany | AccessMode::ReadOnlyMany) => None,
            Some(mode) => Some((format!("{name}, which is declared {mode:?}"), false)),
            None => Some((format!("{name}, which is not in the stream and may be ReadWriteOnce"), true)),
        };
    };
    let modes = claim.root().find(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
    let modes: Vec<_> = modes.filter_map(Node::as_str).collect();
    if modes.iter().any(|mode| matches!(mode.as_ref(), "ReadWriteMany" | "ReadOnlyMany")) {
        return None;
    }
    let mode = modes.first().map_or("without an access mode", AsRef::as_ref);
    Some((format!("{}, which is {mode}", claim.name()), false))
}

/// `spec.strategy` of a workload that has one.
pub(super) struct Rollout {
    pub(super) kind: Option<String>,
    /// Whether there is a `rollingUpdate`, even an empty one.
    pub(super) has_numbers: bool,
    /// Whether the user has written anything of it.
    pub(super) explicit: bool,
    surge: Amount,
    unavailable: Amount,
}

impl Rollout {
    pub(super) fn of(object: &Object<'_>) -> Self {
        let at = |path: &[&str]| object.root().find(path).filter(|node| !node.is_null());
        let amount = |key: &str| at(&["spec", "strategy", "rollingUpdate", key]);
        let kind = at(&["spec", "strategy", "type"]).map(|node| node.as_str().unwrap_or_default().into_owned());
        let (surge, unavailable) = (amount("maxSurge"), amount("maxUnavailable"));
        let read = |node: Option<Node<'_>>| node.and_then(Amount::of).unwrap_or(Amount::Percent(25));
        Self {
            has_numbers: at(&["spec", "strategy", "rollingUpdate"]).is_some(),
            explicit: kind.is_some() || surge.is_some() || unavailable.is_some(),
            kind,
            surge: read(surge),
            unavailable: read(unavailable),
        }
    }

    pub(super) fn recreates(&self) -> bool {
        self.kind.as_deref() == Some("Recreate")
    }

    /// Whether an update waits for a new pod before it stops one of `replicas` old ones: with a volume that only one
    /// pod can use, for ever.
    pub(super) fn waits(&self, replicas: i128) -> bool {
        // The API's rounding; where both come to nothing, one pod may be unavailable.
        !self.recreates() && self.unavailable.rounded_down(replicas) == 0 && self.surge.rounded_up(replicas) > 0
    }
}
