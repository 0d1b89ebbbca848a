//! What must hold in the final stream, so that the edges are those that are declared.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::policy::DEFAULT_DENY;
use super::rules;
use super::spec::Spec;
use krmor_core::facts::selections::By;
use krmor_core::facts::selections::OURS;
use krmor_core::facts::{Facts, Near};
use krmor_core::report::{Finding, Report};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::target;
use krmor_core::text::few;

/// Reports policies that reach further than the config says.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    let facts = Facts::of(stream);
    let (selected, _) = target::pods(&spec.targets, &spec.exclude, stream);
    cut_off(spec, &selected.iter().map(|one| one.pod.object).collect(), facts, report);
    other_kinds(&selected.iter().filter_map(|one| stream.object(one.pod.object)).collect::<Vec<_>>(), facts, report);
    let selections = facts.selections();
    let workloads: HashSet<String> = facts.numbered_pods().flat_map(|(_, _, object)| policy_names(&object)).collect();
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
        let is_ours = |policy: &Object<'_>| {
            let belongs = |name: &str| name == DEFAULT_DENY || workloads.contains(name);
            policy.annotation(OURS).is_some() && policy.names().iter().any(|name| belongs(name))
        };
        // krmor's own of a workload that is gone allows what nobody declares any more.
        let (ours, others): (Vec<Object<'_>>, Vec<Object<'_>>) = policies.partition(is_ours);
        if !others.is_empty() {
            let names = few(others.len(), &mut others.iter().map(|other| format!("`{}`", other.name())), ", ");
            let message = format!("NetworkPolicies {names} select its pods too: what they allow is not declared here");
            let remedy = "declare it under `edges`, and remove them";
            report.add(&rules::OTHER_POLICY, object.at(""), message, remedy);
        }
        let own = |policy: &&Object<'_>| policy_names(&object).iter().any(|name| policy.is_named(name));
        let Some(policy) = ours.iter().find(own) else { continue };
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

/// What the policy of a workload may be called.
fn policy_names(workload: &Object<'_>) -> Vec<String> {
    let kind = workload.kind().to_ascii_lowercase();
    workload.names().into_iter().flat_map(|name| [format!("{name}-{kind}"), name]).collect()
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

/// Reports workloads without a policy of their own where everything that is not declared is denied.
fn cut_off(spec: &Spec, targets: &BTreeSet<ObjectId>, facts: Facts<'_>, report: &mut Report) {
    let stream = facts.stream();
    if !spec.default_deny {
        return;
    }
    for (_, pod, object) in facts.numbered_pods().filter(|(_, pod, _)| !targets.contains(&pod.object)) {
        let over = facts.selections().over(stream, By::Policy, &object, &pod.all_labels(&object), Near::Certain);
        let is_default = |policy: &Object<'_>| policy.is_named(DEFAULT_DENY) && policy.annotation(OURS).is_some();
        let policies: Vec<Object<'_>> = over.into_iter().filter_map(|id| stream.object(id)).collect();
        if !policies.is_empty() && policies.iter().all(is_default) {
            let message = "`default-deny` is for its pods too, and nothing else allows them anything";
            let remedy = "let it be a target and declare its edges, or set `defaultDeny: false`";
            report.record_once(vec![Finding::new(&rules::CUT_OFF, object.at(""), message, remedy)]);
        }
    }
}
