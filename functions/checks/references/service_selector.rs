//! `references/service-selector`: a Service must select pods. A stream without pods near it says nothing.

use super::super::final_stream::{FinalStream, scalar};
use super::super::findings::{Findings, Found};
use krmor_core::facts::Near;
use krmor_yaml::Node;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for service in world.of_kind("", "Service") {
        let near = || world.facts.selections().has_pods(world.facts, &service, Near::Possible);
        let Some((_, pods)) = world.pods_of_service(&service).filter(|_| near()) else { continue };
        let Some(selector) = service.root().find(&["spec", "selector"]).filter(|_| pods.is_empty()) else { continue };
        findings.add(Found {
            object: service,
            container: None,
            pointer: "/spec/selector".to_owned(),
            name: service.name().into_owned(),
            message: format!("the Service selects no pod of the stream{}", nearest(world, selector)),
            remedy: "let its selector name labels of the pods".to_owned(),
        });
    }
}

/// How a selector of labels differs from the pod that comes nearest.
fn nearest(world: &FinalStream<'_>, selector: Node<'_>) -> String {
    let misses = |labels: Option<Node<'_>>| -> Vec<String> {
        let wanted = selector.entries().map(|(key, value)| (key, scalar(value).unwrap_or_default()));
        let there = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(scalar);
        wanted.filter(|(key, value)| there(key).as_ref() != Some(value)).map(|(key, _)| key.into_owned()).collect()
    };
    let wanted = selector.entries().count();
    let each = world.pods.iter().map(|pod| (misses(pod.labels), pod));
    let best = each.filter(|(misses, _)| misses.len() < wanted).min_by_key(|(misses, _)| misses.len());
    best.map_or_else(String::new, |(misses, pod)| {
        format!("; {} comes nearest, but for {}", pod.object.reference(), super::list(&misses))
    })
}
