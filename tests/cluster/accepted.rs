//! Tier 1: a real API server takes what krmor rendered, without a warning, where the restricted standard is enforced.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::apps::objects;
use crate::common::cases::{self, Case};
use crate::kube::{Cluster, Outcome};
use crate::stand::{Stand, name};

/// Lets the API server try every object, for real but for the writing. Any warning is an error.
pub fn overlay(cluster: &Cluster, stand: &Stand) -> Outcome<String> {
    for namespace in stand.namespaces() {
        cluster.namespace(&namespace, Some("restricted"))?;
    }
    dry_run(cluster, &stand.namespace, &stand.text, stand.objects.len())
}

fn dry_run(cluster: &Cluster, namespace: &str, text: &str, count: usize) -> Outcome<String> {
    let args = ["apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-f", "-"];
    let said = cluster.kubectl_in(namespace, &args, text)?;
    let accepted = said.lines().filter(|line| line.ends_with("serverside-applied (server dry run)")).count();
    if accepted == count {
        Ok(format!("{count} objects"))
    } else {
        Err(format!("{accepted} of {count} objects:\n{said}"))
    }
}

/// A README case that succeeds, with the level of the Pod Security Standards that it asks for.
struct Applied {
    case: Case,
    level: Option<&'static str>,
    output: String,
}

/// The outputs of every README case that are meant to be applied: those whose input an API server takes too, Pod Security
/// aside. What is left out and why is counted, so that it stays small.
pub fn cases(cluster: &Cluster) -> Outcome<String> {
    let mut levels: BTreeMap<Option<&str>, Vec<Applied>> = BTreeMap::new();
    for case in cases::all() {
        let Some(output) = case.output() else { continue };
        let level = level(&case.config());
        levels.entry(level).or_default().push(Applied { case, level, output });
    }
    let (mut applied, mut skipped, mut failures) = (0, BTreeMap::<String, usize>::new(), Vec::new());
    for (level, cases) in levels {
        for case in cases {
            let title = format!("{}: {}", case.case.file.display(), case.case.title);
            if let Err(why) = takes(cluster, &case.case.input, None) {
                *skipped.entry(reason(&why)).or_default() += 1;
                if std::env::var_os("VERBOSE").is_some() {
                    println!("left out: {title}: {why}");
                }
                continue;
            }
            match takes(cluster, &case.output, level) {
                Ok(()) => applied += 1,
                Err(why) => failures.push(format!("{title} ({:?}): {why}", case.level)),
            }
        }
    }
    let left_out: Vec<String> = skipped.iter().map(|(why, count)| format!("{count} {why}")).collect();
    let detail = format!("{applied} outputs; left out: {}", left_out.join(", "));
    if failures.is_empty() { Ok(detail) } else { Err(format!("{detail}\n{}", failures.join("\n"))) }
}

/// The level that a config's SecurityContext brings every pod to; `None` where another function is shown, or where the
/// config leaves something weaker on purpose.
fn level(config: &Value) -> Option<&'static str> {
    let functions = config["spec"]["functions"].as_object().into_iter().flatten().map(|(_, function)| function);
    let mut all = functions.chain([config]).filter(|function| function["kind"] == "SecurityContext");
    let spec = &all.next()?["spec"];
    let partial = ["targets", "exclude", "exceptions"].iter().any(|field| spec.get(field).is_some());
    match spec["level"].as_str() {
        _ if partial || spec["conflicts"] == "keep" => None,
        Some("baseline") => Some("baseline"),
        _ => Some("restricted"),
    }
}

/// Whether the API server takes a stream, its namespaces made beforehand.
fn takes(cluster: &Cluster, text: &str, level: Option<&str>) -> Outcome {
    let objects = objects(text.to_owned());
    let own = format!("cases-{}", level.unwrap_or("any"));
    let mut namespaces = vec![own.clone()];
    for object in &objects {
        namespaces.extend(object["metadata"]["namespace"].as_str().map(str::to_owned));
        if object["kind"] == "Namespace" {
            namespaces.push(name(object).to_owned());
        }
    }
    namespaces.sort();
    namespaces.dedup();
    for namespace in namespaces {
        cluster.namespace(&namespace, level)?;
    }
    let count = objects.iter().map(|object| object["items"].as_array().map_or(1, Vec::len)).sum();
    dry_run(cluster, &own, text, count).map(drop)
}

/// Why an input is not meant to be applied, in few words.
fn reason(error: &str) -> String {
    let unknown = error.contains("ensure CRDs are installed first");
    if unknown { "of kinds that are not served here" } else { "whose input is refused too" }.to_owned()
}
