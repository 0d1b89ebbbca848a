//! What must hold in the final stream, so that the edges are those that are declared.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::policy::{self, EVERY_POD, Present};
use super::rules;
use super::spec::Spec;
use super::topology::World;
use krmor_core::facts::selections::By;
use krmor_core::facts::selections::OURS;
use krmor_core::facts::{self, Facts, Near};
use krmor_core::report::{Finding, Report};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target;
use krmor_core::text::few;
use krmor_yaml::Node;

/// Reports policies that reach further than the config says.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    let facts = Facts::of(stream);
    let (selected, _) = target::pods(&spec.targets, &spec.exclude, stream);
    cut_off(spec, &selected.iter().map(|one| one.pod.object).collect(), facts, report);
    made_by_others(spec, facts, report);
    other_kinds(&selected.iter().filter_map(|one| stream.object(one.pod.object)).collect::<Vec<_>>(), facts, report);
    let selections = facts.selections();
    let world = World::of(spec, stream, &mut Report::default());
    let present = Present::of(&world);
    let written = present.written(&world);
    leftovers(&world, present.others(&written), report);
    // Policies of equal selectors select the same pods, which are looked for once.
    let mut by_scope = HashMap::new();
    let mut told = BTreeSet::new();
    for selected in &selected {
        let pod = &selected.pod;
        let Some(object) = stream.object(pod.object) else { continue };
        if !told.insert(pod.object) {
            continue;
        }
        let over = selections.over(stream, By::Policy, &object, &pod.all_labels(&object), Near::Certain);
        let policies = over.into_iter().filter_map(|id| stream.object(id));
        let (ours, others): (Vec<Object<'_>>, Vec<Object<'_>>) =
            policies.partition(|policy| policy.annotation(OURS).is_some());
        if !others.is_empty() {
            let names = few(others.len(), &mut others.iter().map(|other| format!("`{}`", other.name())), ", ");
            let message = format!("NetworkPolicies {names} select its pods too: what they allow is not declared here");
            let remedy = "declare it under `edges`, and remove them";
            report.add(&rules::OTHER_POLICY, object.at(""), message, remedy);
        }
        let own = world.number(pod.object).and_then(|number| present.of_workload(&world, number));
        let Some(policy) = own.filter(|own| ours.iter().any(|policy| policy.id() == own.id())) else { continue };
        let Some(selection) = selections.of_object(policy.id()) else { continue };
        let objects = by_scope.entry(selection.scope).or_insert_with(|| {
            let numbers = selections.pods(facts, selection, Near::Certain).iter();
            let mut objects: Vec<ObjectId> =
                numbers.filter_map(|number| Some(facts.pods().get(*number)?.object)).collect();
            objects.dedup();
            objects
        });
        let number = objects.iter().filter(|id| **id != pod.object).count();
        if number > 0 {
            let mut names = objects
                .iter()
                .filter(|id| **id != pod.object)
                .filter_map(|id| stream.object(*id))
                .map(|other| other.reference().to_string());
            let message =
                format!("its selector selects the pods of {} too, which get its edges", few(number, &mut names, ", "));
            let remedy = "give the pods of each a label with another value, and select by it";
            report.add(&rules::SHARED_LABELS, object.at(""), message, remedy);
        }
    }
}

/// Reports policies that krmor wrote and would not write any more, where they allow pods something.
fn leftovers(world: &World<'_>, others: Vec<ObjectId>, report: &mut Report) {
    let (facts, stream) = (world.facts, world.stream);
    for policy in others.into_iter().filter_map(|id| stream.object(id)) {
        let Some(selection) = facts.selections().of_object(policy.id()) else { continue };
        let mut objects: Vec<Object<'_>> = facts
            .selections()
            .pods(facts, selection, Near::Certain)
            .iter()
            .filter_map(|number| stream.object(facts.pods().get(*number)?.object))
            .collect();
        objects.dedup_by_key(|object| object.id());
        let is_target = |object: &Object<'_>| {
            world.number(object.id()).and_then(|at| world.workloads.get(at)).is_some_and(|one| one.is_target)
        };
        if !objects.iter().any(is_target) {
            continue;
        }
        let mut names = objects.iter().map(|object| object.reference().to_string());
        let names = few(objects.len(), &mut names, ", ");
        let message = format!("krmor wrote it once and would not now: what it allows {names} is declared nowhere");
        let remedy = "remove it from the files, and delete it in the cluster";
        report.record_once(vec![Finding::new(&rules::STALE_POLICY, policy.at(""), message, remedy)]);
    }
}

/// Reports policies of other kinds where the targets are.
fn other_kinds(targets: &[Object<'_>], facts: Facts<'_>, report: &mut Report) {
    // One of each namespace stands for all.
    let homes: BTreeMap<String, Object<'_>> =
        targets.iter().map(|object| (object.namespace().into_owned(), *object)).collect();
    let homes: Vec<Object<'_>> = homes.into_values().collect();
    for policy in facts.enforcers(&homes).into_iter().filter(|_| !homes.is_empty()) {
        let message = "it decides, too, which connections pass: what passes is not just the declared edges";
        let remedy = "see that it agrees with the edges, and allow it by an exception with the reason";
        report.record_once(vec![Finding::new(&rules::OTHER_KIND, policy.at(""), message, remedy)]);
    }
}

/// Reports pods that others make where everything that is not declared is denied, and no policy is for them.
fn made_by_others(spec: &Spec, facts: Facts<'_>, report: &mut Report) {
    if !spec.default_deny {
        return;
    }
    let all: Vec<Object<'_>> = facts.stream().of_kind(By::Policy.group(), By::Policy.kind()).collect();
    let (ours, others): (Vec<Object<'_>>, Vec<Object<'_>>) =
        all.into_iter().partition(|policy| policy.annotation(OURS).is_some());
    for made in facts.made_by_others() {
        let Some(object) = facts.stream().object(made.object) else { continue };
        let is_denied =
            |policy: &Object<'_>| policy::purpose_of(policy) == EVERY_POD && facts::share_namespace(policy, &object);
        let is_for = |policy: &Object<'_>| {
            facts::share_namespace(policy, &object) && may_be_for(policy, &object, made.label.as_ref())
        };
        if !ours.iter().any(is_denied) || others.iter().any(is_for) {
            continue;
        }
        let message = format!("`default-deny` is for {}, too, and nothing else allows them anything", made.what);
        let which = match &made.label {
            Some((key, value)) => format!("that selects them by `{key}: {}`", shown(value)),
            None => "for them".to_owned(),
        };
        let remedy = format!("write a NetworkPolicy {which}: they need {}; or set `defaultDeny: false`", made.needs);
        report.record_once(vec![Finding::new(&rules::CUT_OFF, object.at(&made.pointer), message, remedy)]);
    }
}

/// A label's value as it stands in YAML.
fn shown(value: &str) -> String {
    if value == "true" { format!("\"{value}\"") } else { value.to_owned() }
}

/// Whether a policy may be for pods of which at most a label is known: it selects by that label or by the name of what they
/// are made of, or everything.
fn may_be_for(policy: &Object<'_>, object: &Object<'_>, label: Option<&(&str, String)>) -> bool {
    let Some(selector) = policy.root().find(&["spec", "podSelector"]) else { return false };
    let of = |key: &str| selector.get(key);
    let name = object.name();
    let is_name = |value: &str| value == name || value.strip_prefix(&*name).is_some_and(|rest| rest.starts_with('-'));
    let is_it = |key: &str, value: &str| match label {
        Some((own, wanted)) if *own == key => value == *wanted,
        _ => is_name(value),
    };
    let mut labels = of("matchLabels").into_iter().flat_map(Node::entries).peekable();
    let mut demands = of("matchExpressions").into_iter().flat_map(Node::items).peekable();
    if labels.peek().is_none() && demands.peek().is_none() {
        return true;
    }
    labels.any(|(key, value)| value.as_str().is_some_and(|value| is_it(&key, &value)))
        || demands.any(|demand| {
            let text = |field| demand.get(field).and_then(Node::as_str).unwrap_or_default();
            let mut values = demand.get("values").into_iter().flat_map(Node::items).filter_map(Node::as_str);
            let has_it = text("operator") == "In" && values.any(|value| is_it(&text("key"), &value));
            has_it || text("operator") == "Exists" && label.is_some_and(|(own, _)| *own == text("key"))
        })
}

/// Reports workloads without a policy of their own where everything that is not declared is denied.
fn cut_off(spec: &Spec, targets: &BTreeSet<ObjectId>, facts: Facts<'_>, report: &mut Report) {
    let stream = facts.stream();
    if !spec.default_deny {
        return;
    }
    for (_, pod, object) in facts.numbered_pods().filter(|(_, pod, _)| !targets.contains(&pod.object)) {
        let over = facts.selections().over(stream, By::Policy, &object, &pod.all_labels(&object), Near::Certain);
        let is_default =
            |policy: &Object<'_>| policy.annotation(OURS).is_some() && policy::purpose_of(policy) == EVERY_POD;
        let policies: Vec<Object<'_>> = over.into_iter().filter_map(|id| stream.object(id)).collect();
        // What an operator makes of a list of containers has labels that nobody sees here.
        let is_unseen = pod.labels(&object).is_none();
        let may_be = |policy: &Object<'_>| {
            policy.annotation(OURS).is_none()
                && facts::share_namespace(policy, &object)
                && may_be_for(policy, &object, None)
        };
        if is_unseen && stream.of_kind(By::Policy.group(), By::Policy.kind()).any(|policy| may_be(&policy)) {
            continue;
        }
        if !policies.is_empty() && policies.iter().all(is_default) {
            let message = "`default-deny` is for its pods too, and nothing else allows them anything";
            let remedy = "let it be a target and declare its edges, or set `defaultDeny: false`";
            report.record_once(vec![Finding::new(&rules::CUT_OFF, object.at(""), message, remedy)]);
        }
    }
}
