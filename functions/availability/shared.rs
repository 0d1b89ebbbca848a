//! Claims of the stream, or of the config, that several workloads mount, and that one node, or one pod, can have.

use std::borrow::Cow;
use std::collections::HashMap;

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

/// A claim with the numbers of those that mount it.
struct Group {
    name: String,
    modes: Modes,
    users: Vec<usize>,
}

/// What is known of the access modes of a claim.
enum Modes {
    Known(Vec<String>),
    /// It is not in the stream, and the config does not tell.
    Unknown,
}

/// Reports the claims that a selected workload shares with another one which may run on another node.
pub(super) fn judge(spec: &Spec, stream: &Stream, facts: &Facts, selected: &[&Workload], report: &mut Report) {
    let mut users: Vec<User<'_>> = Vec::new();
    let mut groups: Vec<Group> = Vec::new();
    // The groups of the claims of the stream, and those of a name.
    let mut here: HashMap<ObjectId, usize> = HashMap::new();
    let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
    let running: Vec<(&Workload, Object<'_>)> = facts
        .workloads
        .iter()
        .filter_map(|workload| Some((workload, stream.object(workload.id)?)))
        // What is switched off mounts nothing.
        .filter(|(workload, object)| facts.written(object) != Some(0) || !facts.autoscalers(workload.id).is_empty())
        .collect();
    // Both are in the stream's order.
    let is_selected = |workload: &Workload| {
        let at = selected.partition_point(|one| one.id < workload.id);
        selected.get(at).is_some_and(|one| one.id == workload.id)
    };
    let mut made: HashMap<String, Vec<Group>> = HashMap::new();
    for (workload, object) in &running {
        for (number, pointer, prefix, modes) in templates(object, workload) {
            let Some(pod) = workload.pods.get(number) else { continue };
            let group = Group { name: String::new(), modes: Modes::Known(modes), users: vec![users.len()] };
            made.entry(prefix).or_default().push(group);
            users.push(User { object: *object, pod, pointer, is_selected: is_selected(workload) });
        }
    }
    for (workload, object) in &running {
        for (number, pointer, name) in static_claims(object, workload) {
            let Some(pod) = workload.pods.get(number) else { continue };
            let at = users.len();
            users.push(User { object: *object, pod, pointer, is_selected: is_selected(workload) });
            if let Some(claim) = facts::referent(stream, object, "", "PersistentVolumeClaim", &name) {
                let group = *here.entry(claim.id()).or_insert_with(|| {
                    groups.push(Group { name: claim.name().into_owned(), modes: of_claim(&claim), users: Vec::new() });
                    groups.len() - 1
                });
                groups.get_mut(group).into_iter().for_each(|group| group.users.push(at));
                continue;
            }
            let is_near = |group: &Group| {
                let first = group.users.first().and_then(|&at| users.get(at));
                first.is_some_and(|user| facts::share_namespace(&user.object, object))
            };
            let known = by_name.get(&name).into_iter().flatten();
            let known = known.copied().find(|&number| groups.get(number).is_some_and(is_near));
            let group = known.unwrap_or_else(|| {
                // `data-db-0` is the claim of the first pod of a StatefulSet `db`.
                let owner = name.rsplit_once('-').filter(|(_, pod)| pod.parse::<u32>().is_ok());
                let owner = owner.and_then(|(prefix, _)| made.get(prefix)?.iter().find(|group| is_near(group)));
                let declared = spec.claims.iter().find(|claim| claim.name.matches(&name));
                let (modes, users) = match (owner, declared) {
                    (Some(Group { modes: Modes::Known(modes), users, .. }), _) => {
                        (Modes::Known(modes.clone()), users.clone())
                    }
                    (_, Some(claim)) => (Modes::Known(vec![format!("{:?}", claim.access_mode)]), Vec::new()),
                    _ => (Modes::Unknown, Vec::new()),
                };
                groups.push(Group { name: name.clone(), modes, users });
                by_name.entry(name).or_default().push(groups.len() - 1);
                groups.len() - 1
            });
            groups.get_mut(group).into_iter().for_each(|group| group.users.push(at));
        }
    }
    for group in &groups {
        let of: Vec<&User<'_>> = group.users.iter().filter_map(|&at| users.get(at)).collect();
        shared(group, &of, facts, stream, report);
    }
}

fn of_claim(claim: &Object<'_>) -> Modes {
    let modes = claim.root().find(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
    Modes::Known(modes.filter_map(Node::as_str).map(Cow::into_owned).collect())
}

/// The claims that are made anew for each pod of a workload: the number of the pod's template, the pointer of the claim's, how its
/// names begin, and its access modes.
fn templates(object: &Object<'_>, workload: &Workload) -> Vec<(usize, String, String, Vec<String>)> {
    let mut found = Vec::new();
    for (number, pod) in workload.pods.iter().enumerate() {
        let Some(list) = pod.claims else { continue };
        for (at, claim) in object.root().at_pointer(list).into_iter().flat_map(Node::items).enumerate() {
            let Some(name) = claim.find(&["metadata", "name"]).and_then(Node::as_str) else { continue };
            let modes = claim.find(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
            let modes = modes.filter_map(Node::as_str).map(Cow::into_owned).collect();
            // Who refers to it may still use a name from before a prefix.
            for own in object.names() {
                let pointer = format!("{list}/{at}/metadata/name");
                found.push((number, pointer, format!("{name}-{own}"), Vec::clone(&modes)));
            }
        }
    }
    found
}

fn shared(group: &Group, users: &[&User<'_>], facts: &Facts, stream: &Stream, report: &mut Report) {
    let modes = match &group.modes {
        Modes::Known(modes) => modes.as_slice(),
        Modes::Unknown => &[],
    };
    if modes.iter().any(|mode| matches!(mode.as_str(), "ReadWriteMany" | "ReadOnlyMany")) {
        return;
    }
    let of_one_pod = !modes.is_empty() && modes.iter().all(|mode| mode == "ReadWriteOncePod");
    let Some(first) = users.iter().find(|user| user.is_selected) else { return };
    let mut apart: Vec<&User<'_>> =
        users.iter().copied().filter(|user| user.object.id() != first.object.id()).collect();
    if apart.is_empty() {
        return;
    }
    if !of_one_pod {
        // Whoever must be where one of these is, is with the first.
        let others = Others { users, facts, stream };
        let mut together: Vec<&User<'_>> = vec![*first];
        while let Some(at) = apart.iter().position(|user| together.iter().any(|other| others.on_one_node(user, other)))
        {
            together.push(apart.remove(at));
        }
    }
    let ends = |user: &User<'_>| user.pod.runs_to_completion(&user.object);
    let Some(worst) = apart.iter().find(|user| !ends(user)).or(apart.first()) else { return };
    let is_unknown = matches!(group.modes, Modes::Unknown);
    // Of two that end, one waits for the other.
    let in_turn = ends(worst) && ends(first) && !of_one_pod;
    let severity = if is_unknown || in_turn { Severity::Warning } else { Severity::Error };
    let what = match (is_unknown, modes.first()) {
        (true, _) => "is not in the stream and may be ReadWriteOnce".to_owned(),
        (false, Some(mode)) => format!("is {mode}"),
        (false, None) => "has no access mode".to_owned(),
    };
    let message = format!(
        "{} and {} both use PersistentVolumeClaim {}, which {what}: {}",
        first.object.reference(),
        worst.object.reference(),
        group.name,
        if of_one_pod { "one pod can have it at a time" } else { "on two nodes one of them stays pending" }
    );
    let remedy = match (of_one_pod, is_unknown) {
        (true, _) => "give each a claim of its own, or use a ReadWriteMany claim",
        (false, true) => "declare its `accessMode` in `spec.claims`",
        (false, false) => {
            "use a ReadWriteMany claim, a claim for each, or a required `podAffinity` with `topologyKey: kubernetes.io/hostname`"
        }
    };
    report.add_as(severity, &rules::SHARED_CLAIM, first.object.at(&first.pointer), message, remedy);
}

/// Who else an affinity may be content with.
struct Others<'a> {
    users: &'a [&'a User<'a>],
    facts: &'a Facts,
    stream: &'a Stream,
}

impl Others<'_> {
    /// Whether the pods of two templates must be on one node.
    fn on_one_node(&self, a: &User<'_>, b: &User<'_>) -> bool {
        let (here, there) = (node_of(a), node_of(b));
        if here.is_some() && here == there {
            return true;
        }
        let (to, from) = (requires(a, b), requires(b, a));
        // One that its own term selects starts anywhere, unless the other one follows.
        let follows = |term: &LabelSelector, user: &User<'_>, back: bool| {
            (back || !term.matches(user.pod.labels(&user.object))) && self.selects_no_other(term, user)
        };
        to.as_ref().is_some_and(|term| follows(term, a, from.is_some()))
            || from.as_ref().is_some_and(|term| follows(term, b, to.is_some()))
    }

    /// Whether a term selects no pod that does not use the claim: it may be on another node.
    fn selects_no_other(&self, term: &LabelSelector, user: &User<'_>) -> bool {
        let is_here = |id: ObjectId| self.users.iter().any(|user| user.object.id() == id);
        !self.facts.workloads.iter().filter(|workload| !is_here(workload.id)).any(|workload| {
            self.stream.object(workload.id).is_some_and(|object| {
                facts::share_namespace(&object, &user.object)
                    && workload.pods.iter().any(|pod| term.matches(pod.labels(&object)))
            })
        })
    }
}

/// The node that a pod names.
fn node_of(user: &User<'_>) -> Option<String> {
    let spec = user.pod.spec_node(&user.object)?;
    let text = |node: Node<'_>| node.as_str().filter(|text| !text.is_empty()).map(Cow::into_owned);
    let named = spec.get("nodeName").or_else(|| spec.find(&["nodeSelector", HOST])).and_then(text);
    let by_affinity = || {
        let mut terms = spec.find(&["affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"])?.items();
        let (term, None) = (terms.next()?, terms.next()) else { return None };
        let lists = [("matchExpressions", HOST), ("matchFields", "metadata.name")];
        let mut found = lists.into_iter().flat_map(|(list, key)| {
            term.get(list).into_iter().flat_map(Node::items).filter(move |one| {
                let is = |field: &str, wanted: &str| one.get(field).and_then(Node::as_str).as_deref() == Some(wanted);
                is("key", key) && is("operator", "In")
            })
        });
        let mut values = found.next()?.get("values")?.items();
        let (value, None) = (values.next()?, values.next()) else { return None };
        text(value)
    };
    named.or_else(by_affinity)
}

/// What selects another pod in an affinity by which a pod must be on its node.
fn requires(user: &User<'_>, other: &User<'_>) -> Option<LabelSelector> {
    let terms = user.pod.spec_node(&user.object).and_then(|spec| spec.find(&["affinity", "podAffinity", REQUIRED]));
    terms.into_iter().flat_map(Node::items).find_map(|term| {
        let text = |key: &str| term.get(key).and_then(Node::as_str);
        let is_given = |key: &str| term.get(key).is_some_and(|it| !it.is_null());
        // Without namespaces a term is about those of the pod's own, where the claim is.
        let mut named = term.get("namespaces").into_iter().flat_map(Node::items).filter_map(Node::as_str);
        let is_near = !is_given("namespaceSelector")
            && (!is_given("namespaces") || named.all(|name| facts::in_namespace(&user.object, &name)));
        // Labels of the pod itself narrow it in a way that is not known here.
        let is_plain = !is_given("matchLabelKeys") && !is_given("mismatchLabelKeys");
        // One that selects every pod is content with any.
        let selector = term.get("labelSelector").filter(|node| node.entries().next().is_some());
        let selector = selector.and_then(LabelSelector::of)?;
        let is_it = is_near
            && is_plain
            && text("topologyKey").as_deref() == Some(HOST)
            && selector.matches(other.pod.labels(&other.object));
        is_it.then_some(selector)
    })
}
