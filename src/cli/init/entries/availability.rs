//! `Availability`: how many pods there are. A volume that one pod uses is read, all else is asked for.

use super::Scene;
use crate::cli::init::page::{Body, Entry};
use crate::cli::init::place::At;
use crate::cli::init::seen::Workload;
use crate::facts::Near;
use crate::facts::references::Answer;
use crate::facts::selections::By;
use crate::yaml::Node;

pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    scene.workloads.iter().filter(|one| one.pod.scalable() && !one.ends).filter_map(|one| entry(scene, one)).collect()
}

fn entry(scene: &Scene<'_>, workload: &Workload<'_>) -> Option<Entry> {
    let (stream, facts) = (&scene.sources.stream, scene.facts);
    let replicas = workload.object.root().find(&["spec", "replicas"]).and_then(Node::as_int);
    let at = scene.sources.at(&workload.object, "/spec/replicas");
    let is_scaled = !facts.scalers().of_pods(workload.object.id()).is_empty();
    let labels = workload.pod.all_labels(&workload.object);
    let has_budget = !facts.selections().over(stream, By::Budget, &workload.object, &labels, Near::Possible).is_empty();
    let mut body = Body::default();
    body.put(1, format!("targets: [{}]", workload.target));
    let budget = |body: &mut Body| {
        if !has_budget {
            body.put(1, "budget: {maxUnavailable: 1}");
        }
    };
    if let Some((claim, at)) = single(scene, workload) {
        body.say(
            1,
            format!("{at}: one node at a time may mount the claim {claim}, so a second pod would wait for it."),
        );
        body.put(1, "singleton: true");
    } else if is_scaled || replicas.is_some_and(|count| count > 1) {
        if has_budget {
            return None;
        }
        if !is_scaled {
            body.say(1, format!("{at}: more than one pod."));
        }
        budget(&mut body);
    } else if replicas == Some(1) || workload.pod.claims.is_some_and(|claims| has_items(workload, claims)) {
        body.ask(
            1,
            format!(
                "{at}: one pod of {}. `true` if there must never be two, or take this entry out.",
                workload.title()
            ),
        );
        body.put(1, "singleton: TODO");
    } else {
        body.ask(
            1,
            format!(
                "{}: how many pods of {} are there at least? If never two, write `singleton: true` alone.",
                workload.at,
                workload.title()
            ),
        );
        body.put(1, "replicas: TODO");
        budget(&mut body);
        body.say(1, "Better on several nodes than on one.");
        body.put(1, "spread: [{topologyKey: kubernetes.io/hostname}]");
    }
    let about = vec![format!("How many pods of {} there are, and how many may go down at once.", workload.title())];
    Some(Entry { name: workload.entry("availability"), kind: "Availability", about, body, is_proposal: false })
}

fn has_items(workload: &Workload<'_>, pointer: &str) -> bool {
    workload.object.root().at_pointer(pointer).is_some_and(|list| list.items().next().is_some())
}

/// The claim that keeps a workload at one pod: its name, and where its access modes are written.
fn single(scene: &Scene<'_>, workload: &Workload<'_>) -> Option<(String, At)> {
    let claims = scene.facts.references().of_pod(workload.number).filter(|one| one.is_to("PersistentVolumeClaim"));
    let found = claims.filter_map(|one| match scene.facts.follow(one, Near::Possible) {
        Answer::Here(ids) => scene.sources.stream.object(*ids.first()?),
        _ => None,
    });
    found
        .filter(|claim| {
            let modes =
                claim.root().find(&["spec", "accessModes"]).into_iter().flat_map(Node::items).filter_map(Node::as_str);
            let modes: Vec<_> = modes.collect();
            !modes.is_empty() && modes.iter().all(|mode| mode.starts_with("ReadWriteOnce"))
        })
        .map(|claim| (claim.name().into_owned(), scene.sources.at(&claim, "/spec/accessModes")))
        .next()
}
