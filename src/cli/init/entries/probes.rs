//! `Probes`: how the containers that serve are asked whether they work. A path is read from a health check, or asked for.

use super::Scene;
use crate::cli::init::beside::Health;
use crate::cli::init::page::{Body, Entry, quoted};
use crate::cli::init::seen::{Container, Workload};
use crate::cli::init::sources::literal;
use crate::yaml::Node;

const PURPOSES: [(&str, &str); 2] = [("livenessProbe", "liveness"), ("readinessProbe", "readiness")];

pub(super) fn entries(scene: &Scene<'_>) -> Vec<Entry> {
    let mut out = Vec::new();
    for workload in scene.workloads.iter().filter(|one| !one.ends) {
        let several = workload.main().count() > 1;
        for container in workload.main() {
            let missing: Vec<&str> = PURPOSES
                .iter()
                .filter(|(key, _)| container.node.get(key).is_none_or(Node::is_null))
                .map(|(_, purpose)| *purpose)
                .collect();
            if !missing.is_empty() {
                out.push(entry(workload, container, several, &missing));
            }
        }
    }
    out
}

fn entry(workload: &Workload<'_>, container: &Container<'_>, several: bool, missing: &[&str]) -> Entry {
    let mut body = Body::default();
    let target = workload.target.trim_end_matches('}');
    let containers =
        if several { format!(", containers: [{}]", quoted(&literal(&container.name))) } else { String::new() };
    body.put(1, format!("targets: [{target}{containers}}}]"));
    let has: Vec<&str> =
        PURPOSES.iter().map(|(_, purpose)| *purpose).filter(|purpose| !missing.contains(purpose)).collect();
    if !has.is_empty() {
        body.say(1, format!("{} has a {} probe of its own, which stays.", container.at, has.join(" and a ")));
    }
    handler(container, &mut body);
    for purpose in missing {
        body.put(1, format!("{purpose}: {{}}"));
    }
    let name = if several { format!("probes{}-{}", workload.suffix, container.name) } else { workload.entry("probes") };
    let about = vec![format!(
        "How {} is asked whether it works: by `http`, `tcp`, `grpc` or `exec`. Liveness must not ask a backend.",
        workload.title()
    )];
    Entry { name, kind: "Probes", about, body, is_proposal: false }
}

fn handler(container: &Container<'_>, body: &mut Body) {
    body.put(1, "defaults:");
    let port = port(container);
    if let Some(health) = &container.beside.health {
        match &health.value {
            Health::Http { path, port: asked } => {
                let named = |number: u16| container.ports.iter().find(|(_, own)| *own == number);
                let port = match asked.map(|number| (named(number), number)) {
                    Some((Some((name, _)), _)) if !name.is_empty() => quoted(name),
                    Some((_, number)) => number.to_string(),
                    None => port,
                };
                body.say(2, format!("{}: the health check of the image asks for it.", health.at));
                body.put(2, format!("http: {{path: {}, port: {port}}}", quoted(path)));
                return;
            }
            Health::Command => {
                body.say(2, format!("{}: the health check of the image is a command. Copy what fits.", health.at));
            }
        }
    }
    if let Some(known) = container.known {
        body.say(2, format!("{} may answer to `{}` ({}).", known.name(), known.probe, known.source));
    }
    if let Some(told) = container.beside.ports.first().filter(|_| container.ports.is_empty()) {
        body.say(2, format!("{}: the image listens on {}.", told.at, told.value));
    }
    let by_command = container.known.is_some_and(|known| known.probe.starts_with("exec"))
        || container.ports.is_empty() && container.beside.ports.is_empty();
    let (question, line) = match by_command {
        true => ("which command ends with 0 while it works?", "exec: {command: [TODO]}".to_owned()),
        false => ("which path answers 200 while it works?", format!("http: {{path: TODO, port: {port}}}")),
    };
    body.ask(2, format!("{}: container {}: {question}", container.at, container.name));
    body.put(2, line);
}

/// The port that is likely asked: the one called `http`, or the first.
fn port(container: &Container<'_>) -> String {
    let port = container.ports.iter().find(|(name, _)| name == "http").or(container.ports.first());
    match port {
        Some((name, _)) if !name.is_empty() => quoted(name),
        Some((_, number)) => number.to_string(),
        None => container.beside.ports.first().map_or("TODO".to_owned(), |told| told.value.to_string()),
    }
}
