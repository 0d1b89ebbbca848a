//! Finds what already exposes the pods: it is updated, and never joined by a second one.

use super::plan::Plan;
use crate::exposure::rules;
use krmor_core::facts::routes::Exposes;
use krmor_core::facts::{self, Facts, Near};
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

/// The Services that an object exposes, as far as the stream has them: what only some requests for a path reach is none.
pub(super) fn services<'a>(facts: Facts<'a>, object: &Object<'_>) -> Vec<Object<'a>> {
    let names = facts.routes().of_object(object.id()).map(|route| route.services.as_slice()).unwrap_or_default();
    named(facts, object, names)
}

fn named<'a>(facts: Facts<'a>, object: &Object<'_>, names: &[String]) -> Vec<Object<'a>> {
    names.iter().filter_map(|name| facts::referent(facts.stream(), object, "", "Service", name)).collect()
}

/// The objects of the provider's kind that expose the pods, or that the config names; `None` when there is one too many.
pub(super) fn find(plan: &Plan<'_>, stream: &Stream, report: &mut Report) -> Option<Vec<ObjectId>> {
    let wanted = plan.services();
    let (facts, selections) = (Facts::of(stream), Facts::of(stream).selections());
    let same_pods = |service: &Object<'_>| {
        let selection = || selections.of_object(service.id());
        let pods = || selection().map_or(&[][..], |one| selections.pods(facts, one, Near::Certain));
        let is_ours = |&at: &usize| facts.pods().get(at).is_some_and(|pod| plan.workloads.contains(&pod.object));
        wanted.contains(&service.id()) || pods().iter().any(is_ours)
    };
    let local = |object: &Object<'_>| {
        wanted.iter().filter_map(|id| stream.object(*id)).all(|it| facts::share_namespace(&it, object))
    };
    let (mut found, mut foreign) = (Vec::new(), Vec::new());
    // A route that has some of the requests for the pods, under the name that is to be taken, gets the others, too.
    let own_name = plan.first(stream).map(|serves| plan.name_beside(&serves)).unwrap_or_default();
    let mut partly = Vec::new();
    let exposes = plan.spec.exposes();
    for route in facts.routes().routes() {
        let Some(object) = stream.object(route.object).filter(local) else { continue };
        let is_ours = route.exposes == exposes;
        let wanted = match &plan.spec.name {
            Some(name) => is_ours && is_called(&object, name.as_str(), exposes),
            None => services(facts, &object).iter().any(same_pods),
        };
        match (wanted, is_ours) {
            (true, true) => found.push(object.id()),
            (true, false) => foreign.push(object),
            (false, true) if exposes != Exposes::Ingress && object.name() == own_name => {
                let is_ours = named(facts, &object, &route.partly).iter().any(same_pods);
                partly.extend(is_ours.then(|| object.id()));
            }
            (false, _) => {}
        }
    }
    if found.is_empty() {
        found = partly;
    }
    for object in &foreign {
        let message = format!("it already exposes the pods that the config exposes by `provider: {}`", plan.provider());
        let remedy = "remove it, or say by `name:` that the pods are to be exposed twice";
        report.add(&rules::SECOND, object.at(""), message, remedy);
    }
    foreign.is_empty().then(|| for_hosts(plan, facts, found))
}

/// Of several, those that answer for a host of the config, if any does: the others are for other hosts.
fn for_hosts(plan: &Plan<'_>, facts: Facts<'_>, found: Vec<ObjectId>) -> Vec<ObjectId> {
    let hosts = plan.spec.hosts();
    let answers = |id: &ObjectId| {
        let own = facts.routes().of_object(*id).map(|route| route.hosts.as_slice()).unwrap_or_default();
        own.is_empty() || own.iter().any(|own| hosts.contains(&own.as_str()))
    };
    let ours: Vec<ObjectId> = found.iter().copied().filter(answers).collect();
    if ours.is_empty() || hosts.is_empty() { found } else { ours }
}

/// Whether an object is called so, or, where one config makes several Routes, so and by its host or path.
fn is_called(object: &Object<'_>, name: &str, exposes: Exposes) -> bool {
    let text = |key: &str| object.root().find(&["spec", key]).and_then(Node::as_str).unwrap_or_default().into_owned();
    object.is_named(name)
        || exposes == Exposes::Route && {
            let (host, path) = (super::route::slug(&text("host")), super::route::slug(&text("path")));
            let ends = [vec![&host], vec![&path], vec![&host, &path]];
            ends.into_iter().any(|end| {
                let end: Vec<&str> = end.into_iter().flatten().map(String::as_str).collect();
                !end.is_empty() && object.is_named(&format!("{name}-{}", end.join("-")))
            })
        }
}

/// Reports that an object exposes the same pods as another does, or as the config asks.
pub(super) fn report_second(stream: &Stream, second: ObjectId, first: Option<ObjectId>, report: &mut Report) {
    let Some(second) = stream.object(second) else { return };
    let message = match first.and_then(|first| stream.object(first)) {
        Some(first) => {
            format!("{} exposes the same pods, and the config does not say which of them is meant", first.reference())
        }
        None => "it exposes the same pods by another path than the config does".to_owned(),
    };
    let remedy = "remove one of the two, or say by `name:` what the config's own is called";
    report.add(&rules::SECOND, second.at(""), message, remedy);
}
