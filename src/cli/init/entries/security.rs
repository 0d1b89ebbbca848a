//! `SecurityContext`: as whom containers run. A number in the image's own files is read; what stands against the standard needs a
//! reason from a person.

use std::collections::BTreeMap;

use super::Scene;
use crate::cli::init::page::{Body, Entry, quoted};
use crate::cli::init::seen::{Container, Workload};
use crate::cli::init::sources::literal;
use crate::report::Finding;
use crate::yaml::Node;

pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    scene.workloads.iter().map(|one| entry(scene, one, &scene.conflicts)).collect()
}

fn entry(scene: &Scene<'_>, workload: &Workload<'_>, conflicts: &[Finding]) -> Entry {
    let mut body = Body::default();
    body.put(1, format!("targets: [{}]", workload.target));
    body.put(1, "level: restricted");
    match &scene.openshift {
        Some(at) => {
            body.say(1, format!("{at}: a cluster of OpenShift, which gives users and groups itself."));
            body.put(1, "profile: openshift");
        }
        None => user(scene, workload, &mut body),
    }
    exceptions(scene, workload, conflicts, &mut body);
    proposals(workload, &mut body);
    let about = vec![format!("As whom {} runs, and what it may do.", workload.title())];
    Entry { name: workload.entry("security-context"), kind: "SecurityContext", about, body, is_proposal: false }
}

/// The uid, the gid, and the group of volumes.
fn user(scene: &Scene<'_>, workload: &Workload<'_>, body: &mut Body) {
    let of_pod = workload.pod_field(&["securityContext", "runAsUser"]);
    let own = |one: &&Container<'_>| one.node.find(&["securityContext", "runAsUser"]).is_some();
    let open: Vec<&Container<'_>> = workload.containers.iter().filter(|one| of_pod.is_none() && !own(one)).collect();
    let mut group = None;
    if !open.is_empty() {
        // What all images say with one voice; root is no answer.
        let told: Vec<_> = open.iter().filter_map(|one| one.beside.user.as_ref()).collect();
        let number =
            |text: &str| text.split(':').next().and_then(|user| user.parse::<u32>().ok()).filter(|user| *user > 0);
        let same = told.windows(2).all(|pair| matches!(pair, [a, b] if a.value == b.value)) && told.len() == open.len();
        let first = told.first().filter(|_| same).and_then(|told| Some((number(&told.value)?, told)));
        if let Some((uid, told)) = first {
            body.say(1, format!("{}: the image runs as {}.", told.at, told.value));
            body.put(1, format!("runAsUser: {uid}"));
            group =
                told.value.split_once(':').and_then(|(_, group)| group.parse::<u32>().ok()).filter(|group| *group > 0);
        } else {
            for told in told.iter().filter(|told| number(&told.value).is_none()) {
                let user = told.value.chars().take(40).collect::<String>();
                body.say(
                    1,
                    format!("{}: the image runs as `{}`, which is no number above 0.", told.at, user.replace('`', "'")),
                );
            }
            for (one, known) in open.iter().filter_map(|one| Some((one, one.known?))) {
                body.say(1, format!("{}: {} may run as {} ({}).", one.at, known.name(), known.uid, known.source));
            }
            let names: Vec<&str> = open.iter().map(|one| one.name.as_str()).collect();
            let place = open.first().map(|one| one.at.to_string()).unwrap_or_default();
            body.ask(
                1,
                format!(
                    "{place}: as which uid, above 0, does the image of {} run? `docker image inspect` shows its User.",
                    names.join(", ")
                ),
            );
            body.put(1, "runAsUser: TODO");
        }
    }
    if let Some(group) = group {
        body.put(1, format!("runAsGroup: {group}"));
    }
    let mounts = scene.facts.references().of_pod(workload.number).find(|one| one.is_to("PersistentVolumeClaim"));
    let claims = workload.pod.claims.filter(|claims| workload.object.root().at_pointer(claims).is_some());
    let volume = mounts.map(|one| one.pointer.as_str()).or(claims);
    if let Some(pointer) = volume.filter(|_| workload.pod_field(&["securityContext", "fsGroup"]).is_none()) {
        let at = scene.sources.at(&workload.object, pointer);
        body.ask(1, format!("{at}: which group owns the volumes of {}? Mostly that of the user.", workload.title()));
        body.put(1, "fsGroup: TODO");
    }
}

/// What the manifests say against the standard, each without a reason.
fn exceptions(scene: &Scene<'_>, workload: &Workload<'_>, conflicts: &[Finding], body: &mut Body) {
    let mut all: BTreeMap<(String, &str), Vec<&Finding>> = BTreeMap::new();
    let own =
        conflicts.iter().filter(|finding| finding.object() == Some(workload.object.id()) && finding.subject.is_some());
    for finding in own {
        let containers = workload.pod.containers(&workload.object);
        let container = containers.iter().find(|one| finding.pointer().starts_with(&one.pointer));
        all.entry((container.map(|one| one.name.clone()).unwrap_or_default(), finding.rule.id))
            .or_default()
            .push(finding);
    }
    if all.is_empty() {
        return;
    }
    body.put(1, "exceptions:");
    for ((container, _), findings) in &all {
        let Some(first) = findings.first() else { continue };
        let at = scene.sources.at(&workload.object, first.pointer());
        let message = first.message.trim_end_matches('.');
        body.ask(2, format!("{at}: {message}. Change it there and take this out, or say why it must be so."));
        let target = workload.target.trim_end_matches('}');
        let containers = if container.is_empty() {
            String::new()
        } else {
            format!(", containers: [{}]", quoted(&literal(container)))
        };
        let mut fields: Vec<String> = findings.iter().filter_map(|one| one.subject.as_deref()).map(quoted).collect();
        fields.dedup();
        body.put(2, format!("- target: {target}{containers}}}"));
        body.put(2, format!("  fields: [{}]", fields.join(", ")));
        body.put(2, "  reason: TODO");
    }
}

/// What makes it stricter and is not known to fit: in comments.
fn proposals(workload: &Workload<'_>, body: &mut Body) {
    if workload.pod_field(&["automountServiceAccountToken"]).is_none() {
        body.say(1, "Stricter, where the program never talks to the API server:");
        body.say(1, "automountServiceAccountToken: false");
    }
    let mut paths: Vec<(String, String)> = Vec::new();
    for one in workload.main() {
        paths.extend(one.beside.volumes.iter().map(|told| (told.value.clone(), told.at.to_string())));
        let known = one
            .known
            .into_iter()
            .flat_map(|known| known.writes.iter().map(|path| ((*path).to_owned(), known.source.to_owned())));
        paths.extend(known);
    }
    let mounts = |path: &str| {
        let mounted = workload.main().flat_map(|one| one.node.get("volumeMounts").into_iter().flat_map(Node::items));
        mounted.filter_map(|mount| mount.get("mountPath")?.as_str()).any(|own| own == path)
    };
    paths.retain(|(path, _)| !mounts(path) && path.starts_with('/'));
    paths.sort();
    paths.dedup_by(|a, b| a.0 == b.0);
    body.say(1, "Stricter, where it is known which folders the program writes:");
    body.say(1, "readOnlyRootFilesystem: true");
    if paths.is_empty() {
        body.say(1, "writablePaths: [{path: /tmp, sizeLimit: 64Mi}]");
    } else {
        let list: Vec<String> =
            paths.iter().map(|(path, _)| format!("{{path: {}, sizeLimit: 64Mi}}", quoted(path))).collect();
        body.say(1, format!("writablePaths: [{}]", list.join(", ")));
        let mut sources: Vec<String> = paths.into_iter().map(|(_, source)| source).collect();
        sources.dedup();
        body.say(1, format!("({})", sources.join("; ")));
    }
}
