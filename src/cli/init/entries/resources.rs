//! `Resources`: the amounts that containers lack. Those of a compose file are read, all others are asked for.

use std::collections::BTreeMap;

use super::Scene;
use crate::cli::init::page::{Body, Entry, quoted};
use crate::cli::init::place::{At, Told};
use crate::cli::init::seen::Container;
use crate::cli::init::sources::literal;

/// What every container should say.
const WANTED: [(&str, &str); 3] = [("requests", "cpu"), ("requests", "memory"), ("limits", "memory")];

#[derive(Default)]
struct Lacks {
    at: Vec<At>,
    amounts: BTreeMap<(&'static str, &'static str), Option<Told<String>>>,
}

pub(super) fn entry(scene: &Scene<'_>) -> Option<Entry> {
    let mut all: BTreeMap<String, Lacks> = BTreeMap::new();
    for container in scene.workloads.iter().flat_map(|one| &one.containers).filter(|one| !one.name.is_empty()) {
        for (field, resource) in WANTED.into_iter().filter(|(field, resource)| lacks(container, field, resource)) {
            let told = container.beside.amounts.iter().find(|(own, of, _)| (*own, *of) == (field, resource));
            let lacks = all.entry(container.name.clone()).or_default();
            let told = told.map(|(_, _, told)| told.clone());
            let known = lacks.amounts.entry((field, resource)).or_default();
            *known = known.take().or(told);
            if lacks.at.last() != Some(&container.at) {
                lacks.at.push(container.at.clone());
            }
        }
    }
    if all.is_empty() {
        return None;
    }
    let mut body = Body::default();
    body.put(1, "containers:");
    for (name, lacks) in &all {
        let place = lacks.at.first().map(ToString::to_string).unwrap_or_default();
        let places: Vec<String> = lacks.at.iter().map(ToString::to_string).collect();
        body.put(
            2,
            format!(
                "- name: {} # {}",
                quoted(&literal(name)),
                crate::text::few(places.len(), &mut places.into_iter(), ", ")
            ),
        );
        for field in ["requests", "limits"] {
            let of_field = || lacks.amounts.iter().filter(|((own, _), _)| *own == field);
            let parts: Vec<String> = of_field()
                .map(|((_, resource), told)| {
                    format!("{resource}: {}", told.as_ref().map_or("TODO", |told| &told.value))
                })
                .collect();
            if parts.is_empty() {
                continue;
            }
            for ((_, resource), told) in of_field() {
                if let Some(told) = told {
                    body.say(3, format!("{}: {resource} as compose has it.", told.at));
                }
            }
            if of_field().any(|(_, told)| told.is_none()) {
                let question = if field == "requests" {
                    "how much does it mostly use"
                } else {
                    "above how much is something wrong with it"
                };
                body.ask(3, format!("{place}: container {name}: {question}?"));
            }
            body.put(3, format!("{field}: {{{}}}", parts.join(", ")));
        }
    }
    let about =
        vec!["What containers get, and at most. `kubectl top pod --containers` shows what they use.".to_owned()];
    Some(Entry { name: "resources".to_owned(), kind: "Resources", about, body, is_proposal: false })
}

/// Whether a container does not say an amount. A limit counts for the request, too.
fn lacks(container: &Container<'_>, field: &str, resource: &str) -> bool {
    let says = |field: &str| container.node.find(&["resources", field, resource]).is_some_and(|node| !node.is_null());
    !(says(field) || field == "requests" && says("limits"))
}
