//! What must hold in the final stream, so that the API server takes every pod of it.

use std::collections::BTreeMap;

use super::counted::{Here, Part, PodHere, by_home};
use super::homes;
use super::quotas::{self, Measure};
use super::ranges::Range;
use super::rules;
use super::spec::Spec;
use super::usage::{Amounts, read_amounts};
use super::values::check_quota;
use crate::security_context::audit;
use crate::security_context::spec::Level;
use crate::security_context::values::Version;
use krmor_core::facts::Facts;
use krmor_core::facts::counts::Counted;
use krmor_core::quantity::Quantity;
use krmor_core::report::{Finding, Report, Rule};
use krmor_core::stream::{Object, Stream};
use krmor_core::target;
use krmor_core::text::few;
use krmor_yaml::{Node, escape_token};

/// A table shows at most so many parts of a sum.
const MOST_PARTS: usize = 5;

/// Holds the namespaces of what the spec targets against their quotas and LimitRanges, whoever wrote them.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    let facts = Facts::of(stream);
    // What is wrong with the targets has been said.
    let (homes, _) = homes::of(spec, stream);
    let mut objects = by_home(facts);
    let nodes = spec.nodes.and_then(|nodes| u32::try_from(nodes.get()).ok());
    for key in homes.keys() {
        let objects = objects.remove(key).unwrap_or_default();
        let ranges = ranges(&objects, report);
        let here = Here::of(facts, objects, ranges, nodes);
        here.pods.iter().for_each(|pod| in_range(&here, pod, report));
        operated_in_range(&here, report);
        for quota in here.quotas() {
            judge_quota(&here, quota, report);
        }
        if spec.pod_security.is_some() {
            admission(facts, &here, report);
        }
    }
}

/// The entries of the LimitRanges; what the API server refuses in them is reported.
fn ranges<'a>(objects: &[Object<'a>], report: &mut Report) -> Vec<(Object<'a>, Range)> {
    let mut ranges = Vec::new();
    for object in objects.iter().filter(|object| object.kind() == "LimitRange" && object.group().is_empty()) {
        for range in Range::all_of(object) {
            let (faults, range) = range.all_faults();
            for fault in faults {
                let place = object.at(&range.place(&fault));
                report.add(&rules::INVALID, place, fault.message, "correct it");
            }
            ranges.push((*object, range));
        }
    }
    ranges
}

/// Reports what LimitRanges refuse in a pod.
fn in_range(here: &Here<'_>, pod: &PodHere<'_>, report: &mut Report) {
    // What an operator adds is not known.
    if pod.pod.is_completed {
        return;
    }
    for (object, range) in &here.ranges {
        let remedy = format!("change its resources, or {}", object.reference());
        for (container, wants) in &pod.usage.containers {
            for message in range.refuses(&format!("container `{}`", container.name), false, wants) {
                let place = pod.object.at(&container.pointer);
                report.record(Finding::new(&rules::OUT_OF_RANGE, place, message, &*remedy));
            }
        }
        for message in range.refuses("the pod", true, &pod.usage.plain) {
            let place = pod.object.at(&pod.pod.spec);
            report.record(Finding::new(&rules::OUT_OF_RANGE, place, message, &*remedy));
        }
    }
    if here.ranges.is_empty() {
        return;
    }
    // A request of its own, and a limit that a LimitRange gives.
    for (container, wants) in &pod.usage.containers {
        let above = wants.requests.iter().filter_map(|(name, request)| Some((name, request, wants.limits.get(name)?)));
        let limits = container.node(&pod.object).and_then(|node| node.find(&["resources", "limits"]));
        // What the container says itself every run judges.
        let is_given = |name: &str| limits.and_then(|limits| limits.get(name)).is_none_or(Node::is_null);
        for (name, request, limit) in above.filter(|(name, request, limit)| request > limit && is_given(name)) {
            let message =
                format!("container `{}` requests {request} of `{name}`, above the limit {limit}", container.name);
            let remedy = "give it a limit, or request less: where it has no limit, it gets that of the LimitRange";
            report.add(&rules::OUT_OF_RANGE, pod.object.at(&container.pointer), message, remedy);
        }
    }
}

/// The same of pods that operators make, of one container each.
fn operated_in_range(here: &Here<'_>, report: &mut Report) {
    for operated in &here.operated {
        let Some((_, wants, pointer)) = &operated.counted else { continue };
        let there = operated.object.root().at_pointer(pointer).map_or("/spec", |_| pointer);
        for (object, range) in &here.ranges {
            let refused = range.refuses("the container of its pods", false, wants);
            for message in refused.into_iter().chain(range.refuses("its pod", true, wants)) {
                let remedy = format!("change its resources, or {}", object.reference());
                report.record(Finding::new(&rules::OUT_OF_RANGE, operated.object.at(there), message, remedy));
            }
        }
    }
}

fn judge_quota(here: &Here<'_>, quota: &Object<'_>, report: &mut Report) {
    let place = |name: &str| quota.at(&format!("/spec/hard/{}", escape_token(name)));
    let (hard, wrong) = read_amounts(quota.root().find(&["spec", "hard"]));
    for (name, message) in wrong {
        report.add(&rules::INVALID, place(&name), message, "correct it");
    }
    let unknown = hard.keys().filter_map(|name| Some((name, check_quota(name).err()?)));
    let odd = hard.iter().filter_map(|(name, amount)| {
        Some((name, format!("`{name}: {}` {}", amount.written(), quotas::fault(name, amount)?)))
    });
    for (name, message) in unknown.chain(odd).collect::<BTreeMap<_, _>>() {
        report.add(&rules::INVALID, place(name), message, "correct it");
    }
    let is_scoped = ["scopes", "scopeSelector"].iter().any(|field| {
        quota
            .root()
            .find(&["spec", field])
            .is_some_and(|scopes| scopes.items().next().is_some() || scopes.entries().next().is_some())
    });
    needs(here, quota, &hard, is_scoped, report);
    uncounted(here, quota, &hard, report);
    let mut not_summed = Vec::new();
    for (name, hard) in hard.iter().filter(|(name, _)| check_quota(name).is_ok()) {
        let Some(measure) = Measure::of(name) else {
            not_summed.push(name);
            continue;
        };
        if matches!(measure, Measure::Claims(Some(_)) | Measure::Storage(Some(_))) && here.has_claims_without_class() {
            not_summed.push(name);
        }
        let parts = here.parts(measure);
        let sum: Quantity = parts.iter().map(|part| &part.amount).sum();
        if sum > *hard {
            let (rule, way): (&'static Rule, _) = match is_scoped {
                true => (
                    &rules::SCOPED_QUOTA,
                    "add up those that its scopes select, and allow it by an exception if they fit",
                ),
                false => (&rules::OVER_QUOTA, "raise it, or lower what it counts"),
            };
            let message = format!("`{name}` is {sum} at most, and the quota allows {}", hard.written());
            let remedy = format!("{way}:\n{}", table(parts));
            report.record(Finding::new(rule, place(name), message, remedy).about(name));
        }
    }
    if !not_summed.is_empty() {
        let names = few(not_summed.len(), &mut not_summed.iter().map(|name| format!("`{name}`")), ", ");
        let message = format!("{names}: krmor cannot sum this up, so nothing says that it fits");
        let remedy = "look at the namespace in the cluster, and allow it by an exception with the reason";
        report.add(&rules::NOT_SUMMED, quota.at("/spec/hard"), message, remedy);
    }
}

/// Reports containers that do not say what the quota counts: the API server refuses their pods.
fn needs(here: &Here<'_>, quota: &Object<'_>, hard: &Amounts, is_scoped: bool, report: &mut Report) {
    let needed = quotas::needed(hard.keys().map(String::as_str));
    for operated in &here.operated {
        let Some((_, wants, pointer)) = &operated.counted else { continue };
        let has = |list: &str, resource: &str| {
            if list == "limits" { wants.limits.contains_key(resource) } else { wants.requests.contains_key(resource) }
        };
        let lacking = needed.iter().filter(|(_, list, resource)| !has(list, resource));
        let lacking: Vec<String> = lacking.map(|(name, ..)| format!("`{name}`")).collect();
        if !lacking.is_empty() && !is_scoped {
            let message = format!("its pods must say what {} counts: {}", quota.reference(), lacking.join("; "));
            let remedy = "write it under `resources`, or let `limitRange` of this config give defaults";
            let there = operated.object.root().at_pointer(pointer).map_or("/spec", |_| pointer);
            report.record_once(vec![Finding::new(&rules::QUOTA_NEEDS, operated.object.at(there), message, remedy)]);
        }
    }
    for pod in here.pods.iter().filter(|pod| pod.pod.has_spec() && !pod.pod.is_completed && !pod.usage.has_own) {
        let mut lacking = Vec::new();
        let mut first = None;
        for (name, list, resource) in &needed {
            let has = |wants: &super::usage::Wants| match *list {
                "limits" => wants.limits.contains_key(*resource),
                _ => wants.requests.contains_key(*resource),
            };
            let without: Vec<_> = pod.usage.containers.iter().filter(|(_, wants)| !has(wants)).collect();
            first = first.or(without.first().map(|(container, _)| container.pointer.as_str()));
            if !without.is_empty() {
                let mut names = without.iter().map(|(container, _)| format!("`{}`", container.name));
                lacking.push(format!("`{name}` for {}", few(without.len(), &mut names, ", ")));
            }
        }
        let Some(first) = first else { continue };
        let (rule, when): (&'static Rule, _) = match is_scoped {
            true => (&rules::SCOPED_QUOTA, "where the scopes of the quota select it, "),
            false => (&rules::QUOTA_NEEDS, ""),
        };
        let message = format!("{when}it must say what {} counts: {}", quota.reference(), lacking.join("; "));
        let remedy = "write it under `resources` of the containers, or let `limitRange` of this config give defaults";
        report.record_once(vec![Finding::new(rule, pod.object.at(first), message, remedy)]);
    }
}

/// Reports pods whose number is not known, or not for sure.
fn uncounted(here: &Here<'_>, quota: &Object<'_>, hard: &Amounts, report: &mut Report) {
    let of_pods: Vec<(&String, Measure<'_>)> =
        hard.keys().filter_map(|name| Some((name, Measure::of(name)?))).collect();
    let of_pods: Vec<_> = of_pods.into_iter().filter(|(_, measure)| measure.is_of_pods()).collect();
    let names = few(of_pods.len(), &mut of_pods.iter().map(|(name, _)| format!("`{name}`")), ", ");
    let of_resources = of_pods.iter().any(|(_, measure)| matches!(measure, Measure::Requests(_) | Measure::Limits(_)));
    for operated in here.operated.iter().filter(|one| one.counted.is_none() && !of_pods.is_empty()) {
        let message =
            "its operator makes its pods, and krmor does not count them: the sums of the quota are without them";
        let remedy = "leave room for its pods, and allow it by an exception with the reason";
        report.record_once(vec![Finding::new(&rules::UNKNOWN_COUNT, operated.object.at(""), message, remedy)]);
    }
    for pod in &here.pods {
        if let Some(vertical) = here.scaled_vertically(&pod.object).filter(|_| of_resources) {
            let message =
                format!("{} changes what it requests, and the sums have what is written", vertical.reference());
            let remedy = "leave room for its highest requests, and allow it by an exception with the reason";
            let finding = Finding::new(&rules::VERTICAL_SCALING, pod.object.at(""), message, remedy);
            report.record_once(vec![finding]);
        }
        let (rule, message, remedy): (&'static Rule, _, _) = match pod.counted {
            Counted::At(most) if most.overlaps && !of_pods.is_empty() => (
                &rules::OVERLAPPING_JOBS,
                "it may run more than once at a time, and the sums have it once".to_owned(),
                "write `concurrencyPolicy: Forbid` or `Replace`, or leave room and allow it by an exception",
            ),
            Counted::At(_) => continue,
            _ if of_pods.is_empty() => continue,
            Counted::ByNodes => (
                &rules::NODES_NEEDED,
                format!("each node gets one of its pods, and {} counts {names}", quota.reference()),
                "say under `nodes` of the config how many nodes there are at most",
            ),
            Counted::Unknown => (
                &rules::UNKNOWN_COUNT,
                "nothing says how many pods it has at most: the sums of the quota are without it".to_owned(),
                "leave room for its pods, and allow it by an exception with the reason",
            ),
        };
        report.record_once(vec![Finding::new(rule, pod.object.at(""), message, remedy)]);
    }
}

/// The largest parts of a sum, one on a line, and what the others are together.
fn table(mut parts: Vec<Part>) -> String {
    parts.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.who.cmp(&b.who)));
    let others = parts.split_off(parts.len().min(MOST_PARTS));
    let rest: Quantity = others.iter().map(|part| &part.amount).sum();
    let cell = |part: &Part| if part.how.is_empty() { part.who.clone() } else { format!("{}  {}", part.who, part.how) };
    let mut rows: Vec<(String, String)> = parts.iter().map(|part| (cell(part), part.amount.to_string())).collect();
    if !others.is_empty() {
        rows.push((format!("and {} more", others.len()), rest.to_string()));
    }
    let width = rows.iter().map(|(cell, _)| cell.chars().count()).max().unwrap_or(0);
    let rows = rows.into_iter().map(|(cell, amount)| {
        let gap = " ".repeat(width - cell.chars().count().min(width));
        format!("  {cell}{gap} = {amount}")
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// Reports pods that admission refuses at the level that their Namespace enforces.
fn admission(facts: Facts<'_>, here: &Here<'_>, report: &mut Report) {
    for pod in target::everything(here.pods.iter().map(|here| here.pod.clone())) {
        let Some(object) = facts.stream().object(pod.pod.object) else { continue };
        let Some(enforced) = facts.enforced(&object) else { continue };
        let level = match enforced.level.as_str() {
            "restricted" => Level::Restricted,
            "baseline" => Level::Baseline,
            _ => continue,
        };
        // A newer standard than krmor knows is at least as strict as the newest that it knows.
        let version = Version::try_from(enforced.version.clone()).unwrap_or_else(|_| Version::newest());
        let refusals = audit::audit(level, version, &pod, object);
        let Some(first) = refusals.first() else { continue };
        let what = few(refusals.len(), &mut refusals.iter().map(|refusal| refusal.what.clone()), ", ");
        let message = format!("violates PodSecurity \"{}:{}\": {what}", enforced.level, enforced.version);
        let remedy = "harden the pod by `SecurityContext`, or ask for a lower `level`";
        report.add(&rules::REFUSED_POD, object.at(&first.pointer), message, remedy);
    }
}
