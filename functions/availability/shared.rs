//! Claims of the stream, or of the config, that several workloads mount, and that one node, or one pod, can have.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::facts::{Facts, Workload};
use super::rollout::static_claims;
use super::spec::Spec;
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
    let mut claims: BTreeMap<Claim, Vec<User<'_>>> = BTreeMap::new();
    let mut chosen: Vec<ObjectId> = selected.iter().map(|workload| workload.id).collect();
    chosen.sort_unstable();
    for workload in &facts.workloads {
        let Some(object) = stream.object(workload.id) else { continue };
        // What is switched off mounts nothing.
        if facts.written(&object) == Some(0) && facts.autoscalers(workload.id).is_empty() {
            continue;
        }
        let is_selected = chosen.binary_search(&workload.id).is_ok();
        for (number, pointer, name) in static_claims(&object, workload) {
            let Some(pod) = workload.pods.get(number) else { continue };
            let claim = match facts::referent(stream, &object, "", "PersistentVolumeClaim", &name) {
                Some(claim) => Claim::Here(claim.id()),
                None => Claim::Elsewhere(object.namespace().into_owned(), name),
            };
            claims.entry(claim).or_default().push(User { object, pod, pointer, is_selected });
        }
    }
    for (claim, users) in &claims {
        let declared =
            |name: &str| spec.claims.iter().find(|claim| claim.name.matches(name)).map(|claim| claim.access_mode);
        let (name, modes) = match claim {
            Claim::Here(id) => {
                let Some(object) = stream.object(*id) else { continue };
                let modes = object.root().find(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
                (object.name().into_owned(), modes.filter_map(Node::as_str).map(Cow::into_owned).collect())
            }
            Claim::Elsewhere(_, name) => {
                let Some(mode) = declared(name) else { continue };
                (name.clone(), vec![format!("{mode:?}")])
            }
        };
        shared(&name, &modes, users, report);
    }
}

/// Which claim it is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Here(ObjectId),
    /// Not in the stream: by its namespace and name.
    Elsewhere(String, String),
}

fn shared(claim: &str, modes: &[String], users: &[User<'_>], report: &mut Report) {
    if modes.iter().any(|mode| matches!(mode.as_str(), "ReadWriteMany" | "ReadOnlyMany")) {
        return;
    }
    let of_one_pod = !modes.is_empty() && modes.iter().all(|mode| mode == "ReadWriteOncePod");
    let Some(first) = users.iter().find(|user| user.is_selected) else { return };
    let is_other = |user: &&User<'_>| user.object.id() != first.object.id();
    let mut apart: Vec<&User<'_>> = users.iter().filter(is_other).collect();
    if !of_one_pod {
        // Whoever must be where one of these is, is with the first.
        let mut together = vec![first];
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
