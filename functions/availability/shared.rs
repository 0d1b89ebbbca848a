//! Claims of the stream, or of the config, that several workloads mount, and that one node, or one pod, can have.

use std::borrow::Cow;
use std::collections::HashMap;

use super::facts::{Facts, Workload};
use super::rollout::static_claims;
use super::spec::{AccessMode, Spec};
use crate::availability::rules;
use krmor_core::facts;
use krmor_core::labels::LabelSelector;
use krmor_core::pods::Pod;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

const HOST: &str = "kubernetes.io/hostname";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// A pod template that mounts a claim.
struct User<'a> {
    object: Object<'a>,
    pod: &'a Pod,
    /// Where it names the claim.
    pointer: String,
    is_selected: bool,
}

/// Reports the claims that a selected workload shares with another one which may run on another node.
pub(super) fn judge(spec: &Spec, stream: &Stream, facts: &Facts, selected: &[&Workload], report: &mut Report) {
    // The claims of the stream by their users' numbers, and the names of those that only the config tells of.
    let mut users: Vec<User<'_>> = Vec::new();
    let mut here: HashMap<ObjectId, Vec<usize>> = HashMap::new();
    let mut declared: Vec<(String, AccessMode, Vec<usize>)> = Vec::new();
    let mut order: Vec<ObjectId> = Vec::new();
    for workload in &facts.workloads {
        let Some(object) = stream.object(workload.id) else { continue };
        // What is switched off mounts nothing.
        if facts.written(&object) == Some(0) && facts.autoscalers(workload.id).is_empty() {
            continue;
        }
        // Both are in the stream's order.
        let at = selected.partition_point(|one| one.id < workload.id);
        let is_selected = selected.get(at).is_some_and(|one| one.id == workload.id);
        for (number, pointer, name) in static_claims(&object, workload) {
            let Some(pod) = workload.pods.get(number) else { continue };
            if let Some(claim) = facts::referent(stream, &object, "", "PersistentVolumeClaim", &name) {
                let list = here.entry(claim.id()).or_default();
                if list.is_empty() {
                    order.push(claim.id());
                }
                list.push(users.len());
            } else if let Some(claim) = spec.claims.iter().find(|claim| claim.name.matches(&name)) {
                let is_it = |(other, _, list): &&mut (String, AccessMode, Vec<usize>)| {
                    let first = list.first().and_then(|&at| users.get(at));
                    *other == name && first.is_some_and(|user| facts::share_namespace(&user.object, &object))
                };
                match declared.iter_mut().find(is_it) {
                    Some((.., list)) => list.push(users.len()),
                    None => declared.push((name, claim.access_mode, vec![users.len()])),
                }
            }
            users.push(User { object, pod, pointer, is_selected });
        }
    }
    let of = |list: &[usize]| list.iter().filter_map(|&at| users.get(at)).collect::<Vec<_>>();
    for id in order {
        let (Some(list), Some(claim)) = (here.get(&id), stream.object(id)) else { continue };
        let modes = claim.root().find(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
        let modes: Vec<String> = modes.filter_map(Node::as_str).map(Cow::into_owned).collect();
        shared(&claim.name(), &modes, &of(list), report);
    }
    for (name, mode, list) in &declared {
        shared(name, &[format!("{mode:?}")], &of(list), report);
    }
}

fn shared(claim: &str, modes: &[String], users: &[&User<'_>], report: &mut Report) {
    if modes.iter().any(|mode| matches!(mode.as_str(), "ReadWriteMany" | "ReadOnlyMany")) {
        return;
    }
    let of_one_pod = !modes.is_empty() && modes.iter().all(|mode| mode == "ReadWriteOncePod");
    let Some(first) = users.iter().find(|user| user.is_selected) else { return };
    let mut apart: Vec<&User<'_>> =
        users.iter().copied().filter(|user| user.object.id() != first.object.id()).collect();
    if !of_one_pod {
        // Whoever must be where one of these is, is with the first.
        let mut together: Vec<&User<'_>> = vec![*first];
        while let Some(at) = apart.iter().position(|user| together.iter().any(|other| on_one_node(user, other))) {
            together.push(apart.remove(at));
        }
    }
    let ends = |user: &User<'_>| user.pod.runs_to_completion(&user.object);
    // What ends lets go of the claim: it may only have to wait.
    let Some(worst) = apart.iter().find(|user| !ends(user)).or(apart.first()) else { return };
    let severity = if ends(worst) || ends(first) { Severity::Warning } else { Severity::Error };
    let mode = modes.first().map_or("without an access mode", String::as_str);
    let message = format!(
        "{} and {} both use PersistentVolumeClaim {claim}, which is {mode}: {}",
        first.object.reference(),
        worst.object.reference(),
        if of_one_pod { "one pod can have it at a time" } else { "on two nodes one of them stays pending" }
    );
    let remedy = match of_one_pod {
        true => "give each a claim of its own, or use a ReadWriteMany claim",
        false => {
            "use a ReadWriteMany claim, a claim for each, or a required `podAffinity` with `topologyKey: kubernetes.io/hostname`"
        }
    };
    report.add_as(severity, &rules::SHARED_CLAIM, first.object.at(&first.pointer), message, remedy);
}

/// Whether the pods of two templates must be on one node.
fn on_one_node(a: &User<'_>, b: &User<'_>) -> bool {
    let (here, there) = (node_of(a), node_of(b));
    here.is_some() && here == there || requires(a, b) || requires(b, a)
}

/// The node that a pod names.
fn node_of(user: &User<'_>) -> Option<String> {
    let spec = user.pod.spec_node(&user.object)?;
    let text = |node: Node<'_>| node.as_str().filter(|text| !text.is_empty()).map(Cow::into_owned);
    let named = spec.get("nodeName").or_else(|| spec.find(&["nodeSelector", HOST])).and_then(text);
    let by_affinity = || {
        let mut terms = spec.find(&["affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"])?.items();
        let (term, None) = (terms.next()?, terms.next()) else { return None };
        let mut found = term.get("matchExpressions")?.items().filter(|one| {
            let is = |key: &str, wanted: &str| one.get(key).and_then(Node::as_str).as_deref() == Some(wanted);
            is("key", HOST) && is("operator", "In")
        });
        let mut values = found.next()?.get("values")?.items();
        let (value, None) = (values.next()?, values.next()) else { return None };
        text(value)
    };
    named.or_else(by_affinity)
}

/// Whether a pod must be on the node of another one, by its affinity.
fn requires(user: &User<'_>, other: &User<'_>) -> bool {
    let terms = user.pod.spec_node(&user.object).and_then(|spec| spec.find(&["affinity", "podAffinity", REQUIRED]));
    terms.into_iter().flat_map(Node::items).any(|term| {
        let text = |key: &str| term.get(key).and_then(Node::as_str);
        // Without namespaces a term is about those of the pod's own, where the claim is.
        let is_near =
            !["namespaces", "namespaceSelector"].iter().any(|key| term.get(key).is_some_and(|it| !it.is_null()));
        // One that selects every pod is content with any.
        let selector = term.get("labelSelector").filter(|node| node.entries().next().is_some());
        let selector = selector.and_then(LabelSelector::of);
        is_near
            && text("topologyKey").as_deref() == Some(HOST)
            && selector.is_some_and(|selector| selector.matches(other.pod.labels(&other.object)))
    })
}
