//! `Environment`: the variables that containers take from ConfigMaps and Secrets, which must be there.

use std::collections::{BTreeMap, BTreeSet};

use super::Scene;
use crate::cli::init::page::{Body, Entry, quoted};
use crate::cli::init::place::At;
use crate::cli::init::seen::Workload;
use crate::yaml::Node;
use krmor_core::kube::EnvName;

/// A Secret that nothing makes: the keys that are named, and where all of them are taken.
#[derive(Default)]
struct Outside {
    keys: BTreeSet<String>,
    whole: Option<At>,
    at: At,
}

pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    scene.workloads.iter().filter_map(|one| entry(scene, one)).collect()
}

fn entry(scene: &Scene<'_>, workload: &Workload<'_>) -> Option<Entry> {
    let mut required: BTreeSet<String> = BTreeSet::new();
    let mut from: Vec<String> = Vec::new();
    let mut outside: BTreeMap<(&'static str, String), Outside> = BTreeMap::new();
    for container in workload.main() {
        for (number, item) in container.node.get("envFrom").into_iter().flat_map(Node::items).enumerate() {
            for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
                let Some((name, reference)) =
                    item.get(field).and_then(|node| Some((node.get("name")?.as_str()?, node)))
                else {
                    continue;
                };
                if reference.get("optional").and_then(Node::as_bool) == Some(true) {
                    continue;
                }
                let at = place(scene, workload, &container.name, &format!("/envFrom/{number}"));
                match keys(scene, kind, &name) {
                    Some(found) => {
                        let prefix = item.get("prefix").and_then(Node::as_str).unwrap_or_default();
                        let names = found.iter().map(|key| format!("{prefix}{key}"));
                        required.extend(names.filter(|name| EnvName::try_from(name.clone()).is_ok()));
                        from.push(format!("{at} takes {kind} {name}"));
                    }
                    None if is_made(scene, kind, &name) => {}
                    None => {
                        let one = outside.entry((kind, name.into_owned())).or_default();
                        one.whole = Some(at);
                    }
                }
            }
        }
        for (number, item) in container.node.get("env").into_iter().flat_map(Node::items).enumerate() {
            let Some(name) = item.get("name").and_then(Node::as_str) else { continue };
            for (field, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
                let Some(reference) = item.find(&["valueFrom", field]) else { continue };
                let text = |key: &str| reference.get(key).and_then(Node::as_str).unwrap_or_default().into_owned();
                if reference.get("optional").and_then(Node::as_bool) == Some(true) {
                    continue;
                }
                required.insert(name.clone().into_owned());
                let at = place(scene, workload, &container.name, &format!("/env/{number}"));
                if keys(scene, kind, &text("name")).is_none() && !is_made(scene, kind, &text("name")) {
                    let one = outside.entry((kind, text("name"))).or_default();
                    one.keys.insert(text("key"));
                    one.at = at;
                } else {
                    from.push(format!("{at} takes a key of {kind} {}", text("name")));
                }
            }
        }
    }
    if required.is_empty() && outside.is_empty() {
        return None;
    }
    let mut body = Body::default();
    body.put(1, format!("targets: [{}]", workload.target));
    if !required.is_empty() {
        body.say(1, "Keys that were read, each with a value. Take out those that the program can do without.");
        from.sort();
        from.dedup();
        for line in &from {
            body.say(1, format!("{line}."));
        }
        body.put(1, "required:");
        for name in &required {
            body.put(2, format!("- {}", quoted(name)));
        }
    }
    let mut is_first = true;
    for ((kind, name), one) in &outside {
        if std::mem::take(&mut is_first) {
            body.put(1, "external:");
        }
        let field = if *kind == "Secret" { "secret" } else { "configMap" };
        if let Some(at) = &one.whole {
            body.ask(2, format!("{at} takes all keys of {kind} {name}, and no file here makes it. Which keys has it?"));
            body.put(2, format!("- {{{field}: {}, keys: [TODO]}}", quoted(name)));
        } else {
            body.say(2, format!("{} takes {kind} {name}, and no file here makes it.", one.at));
            let keys: Vec<String> = one.keys.iter().map(|key| quoted(key)).collect();
            body.put(2, format!("- {{{field}: {}, keys: [{}]}}", quoted(name), keys.join(", ")));
        }
    }
    let about = vec![format!("What {} must find in its environment.", workload.title())];
    Some(Entry { name: workload.entry("environment"), kind: "Environment", about, body, is_proposal: false })
}

fn place(scene: &Scene<'_>, workload: &Workload<'_>, container: &str, inner: &str) -> At {
    let all = workload.pod.containers(&workload.object);
    let own = all.iter().find(|one| one.name == container).map(|one| one.pointer.as_str()).unwrap_or_default();
    scene.sources.at(&workload.object, &format!("{own}{inner}"))
}

/// The keys with a value of a ConfigMap or Secret that stands in the manifests.
fn keys(scene: &Scene<'_>, kind: &str, name: &str) -> Option<Vec<String>> {
    let object = scene.sources.stream.named("", kind, name).next()?;
    let is_filled = |value: &Node<'_>| value.as_str().is_none_or(|text| !text.is_empty());
    let data = ["data", "stringData"].iter().filter_map(|field| object.root().get(field)).flat_map(Node::entries);
    Some(data.filter(|(_, value)| is_filled(value)).map(|(key, _)| key.into_owned()).collect())
}

/// Whether something that was read makes it, such as an ExternalSecret: its keys are not known then.
fn is_made(scene: &Scene<'_>, kind: &'static str, name: &str) -> bool {
    scene.facts.makers().named(kind, name).next().is_some()
}
