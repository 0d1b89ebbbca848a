//! Finds what already exposes the pods: it is updated, and never joined by a second one.

use super::plan::Plan;
use super::spec::Provider;
use crate::exposure::rules;
use krmor_core::facts::{self, Facts, Near};
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

/// A kind of object that exposes Services.
pub(super) struct Exposer {
    pub(super) provider: Provider,
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
}

/// The three that are known.
pub(super) const EXPOSERS: [Exposer; 3] = [
    Exposer { provider: Provider::Route, group: "route.openshift.io", kind: "Route" },
    Exposer { provider: Provider::Ingress, group: "networking.k8s.io", kind: "Ingress" },
    Exposer { provider: Provider::HttpRoute, group: "gateway.networking.k8s.io", kind: "HTTPRoute" },
];

impl Exposer {
    /// Whether an object is of the kind.
    pub(super) fn is(&self, object: &Object<'_>) -> bool {
        object.kind() == self.kind && object.group() == self.group
    }

    /// That of a provider.
    pub(super) fn of(provider: Provider) -> Option<&'static Self> {
        EXPOSERS.iter().find(|exposer| exposer.provider == provider)
    }
}

/// Whether an object is an HTTPRoute.
pub(super) fn is_http_route(object: &Object<'_>) -> bool {
    Exposer::of(Provider::HttpRoute).is_some_and(|exposer| exposer.is(object))
}

/// Whether an object is an Ingress that takes a share of the requests of another one, as ingress-nginx has it.
pub(super) fn is_canary(object: &Object<'_>) -> bool {
    object.annotation("nginx.ingress.kubernetes.io/canary").is_some_and(|value| value == "true")
}

/// The Services that an object exposes, as far as the stream has them.
pub(super) fn services<'a>(facts: Facts<'a>, object: &Object<'_>) -> Vec<Object<'a>> {
    let names = facts.routes().of_object(object.id()).map(|route| route.services.as_slice()).unwrap_or_default();
    names.iter().filter_map(|name| facts::referent(facts.stream(), object, "", "Service", name)).collect()
}

/// The objects of the provider's kind that expose the pods, or that the config names; `None` when there is one too many.
pub(super) fn find(plan: &Plan<'_>, stream: &Stream, report: &mut Report) -> Option<Vec<ObjectId>> {
    let wanted = plan.services();
    let (facts, selections) = (Facts::of(stream), Facts::of(stream).selections());
    let same_pods = |service: &Object<'_>| {
        let selection = || selections.of_object(service.id());
        let pods = || selection().map_or_else(Vec::new, |one| selections.pods(facts, one, Near::Certain));
        let is_ours = |at: usize| facts.pods().get(at).is_some_and(|pod| plan.workloads.contains(&pod.object));
        wanted.contains(&service.id()) || pods().into_iter().any(is_ours)
    };
    let local = |object: &Object<'_>| {
        wanted.iter().filter_map(|id| stream.object(*id)).all(|it| facts::share_namespace(&it, object))
    };
    let (mut found, mut foreign) = (Vec::new(), Vec::new());
    for object in stream.objects().filter(|object| EXPOSERS.iter().any(|exposer| exposer.is(object))) {
        let Some(exposer) = EXPOSERS.iter().find(|exposer| exposer.is(&object)) else { continue };
        if !local(&object) {
            continue;
        }
        let wanted = match &plan.spec.name {
            Some(name) => exposer.provider == plan.spec.provider && is_called(&object, name.as_str(), exposer),
            None if is_canary(&object) => false,
            None => services(facts, &object).iter().any(same_pods),
        };
        match (wanted, exposer.provider == plan.spec.provider) {
            (true, true) => found.push(object.id()),
            (true, false) => foreign.push(object),
            (false, _) => {}
        }
    }
    for object in &foreign {
        let message = format!("it already exposes the pods that the config exposes by `provider: {}`", plan.provider());
        let remedy = "remove it, or say by `name:` that the pods are to be exposed twice";
        report.add(&rules::SECOND, object.at(""), message, remedy);
    }
    foreign.is_empty().then_some(found)
}

/// Whether an object is called so, or, where one config makes several Routes, so and by its path.
fn is_called(object: &Object<'_>, name: &str, exposer: &Exposer) -> bool {
    object.is_named(name)
        || (exposer.provider == Provider::Route
            && object.root().find(&["spec", "path"]).and_then(Node::as_str).is_some_and(|path| {
                super::route::slug(path.trim_end_matches('/'))
                    .is_some_and(|slug| object.is_named(&format!("{name}-{slug}")))
            }))
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
