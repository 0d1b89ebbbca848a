//! Which containers of a pod get the probes.

use super::existing::Existing;
use super::ports;
use super::spec::Spec;
use crate::probes::rules;
use krmor_core::kube::ContainerPort;
use krmor_core::pods::{Container, Role};
use krmor_core::report::Rule;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::Object;
use krmor_core::target::{Selected, Selector};

/// Marks objects that Helm runs beside a release.
const HELM_HOOK: &str = "helm.sh/hook";

/// Whether a container may have probes: the API refuses them in init and ephemeral ones.
pub(super) fn may_have_probes(container: &Container) -> bool {
    matches!(container.role, Role::Main | Role::Sidecar)
}

/// Why a pod gets no probes beside those of sidecars, if so.
pub(super) fn no_probes(selected: &Selected, object: &Object<'_>) -> Option<(&'static Rule, &'static str)> {
    if object.annotation(HELM_HOOK).is_some() {
        Some((&rules::HELM_HOOK, "Helm runs it as a hook and waits for its end"))
    } else if selected.pod.runs_to_completion(object) {
        Some((&rules::RUNS_TO_COMPLETION, "it runs to completion"))
    } else {
        None
    }
}

/// The containers of a pod that get the probes. Why there are none, where one was asked for, is reported.
pub(super) fn containers(spec: &Spec, selected: &Selected, object: &Object<'_>, report: &mut Report) -> Vec<Container> {
    let in_scope = selected.containers(object);
    for container in selected.named_in_vain(&in_scope, may_have_probes) {
        let what = if container.role == Role::Init { "an init container" } else { "an ephemeral container" };
        let message = format!("container `{}` is {what}, which the API gives no probes", container.name);
        let remedy = "take it out of the target's `containers`; a native sidecar has `restartPolicy: Always`";
        report.add(&rules::NO_PROBES_THERE, object.at(&container.pointer), message, remedy);
    }
    let named: Vec<Container> = in_scope.iter().filter(|container| selected.names(&container.name)).cloned().collect();
    if let Some((rule, why)) = no_probes(selected, object) {
        let sidecar = |container: &Container| container.role == Role::Sidecar && rule != &rules::HELM_HOOK;
        let asked = if named.is_empty() { !spec.targets.is_empty() } else { !named.iter().all(sidecar) };
        if asked {
            let message = format!("{why}: it gets no probes");
            report.add_as(Severity::Info, rule, object.at(&selected.pod.spec), message, "");
        }
        return named.into_iter().filter(sidecar).collect();
    }
    if !named.is_empty() {
        return named.into_iter().filter(may_have_probes).collect();
    }
    let main = in_scope.into_iter().filter(|container| container.role == Role::Main).collect();
    by_port(spec, selected, object, main, report)
}

/// The sole container, or the one of several that declares a port of the probes.
fn by_port(
    spec: &Spec,
    selected: &Selected,
    object: &Object<'_>,
    main: Vec<Container>,
    report: &mut Report,
) -> Vec<Container> {
    if main.len() < 2 || !spec.overwrite && main.iter().all(|container| has_all(spec, container, object)) {
        // Where all have their own probes there is nothing to choose for.
        return main;
    }
    let ports: Vec<&ContainerPort> = spec.plans.iter().filter_map(|plan| plan.handler.port()).collect();
    let declaring = |by_name: bool| -> Vec<&Container> {
        let declares = |node| ports.iter().any(|port| ports::declares(node, port, by_name));
        main.iter().filter(|container| container.node(object).is_some_and(declares)).collect()
    };
    let mut found = declaring(false);
    if found.is_empty() {
        found = declaring(true);
    }
    if let [only] = found.as_slice() {
        return vec![(*only).clone()];
    }
    let mut asked: Vec<String> = Vec::new();
    for port in ports.iter().map(|port| format!("`{port}`")) {
        if !asked.contains(&port) {
            asked.push(port);
        }
    }
    let reason = match (asked.as_slice(), found.as_slice()) {
        ([], _) => "they ask no port that would tell".to_owned(),
        (asked, []) => format!("none declares {}", asked.join(" or ")),
        ([asked], found) => format!("{} declare {asked}", names(found)),
        (asked, found) => format!("{} each declare one of {}", names(found), asked.join(", ")),
    };
    let several = names(&main.iter().collect::<Vec<_>>());
    let message = format!("which of the containers {several} are the probes for? {reason}");
    let remedy = format!("name it in `targets`: {}", entry(object));
    report.add(&rules::AMBIGUOUS_CONTAINER, object.at(&format!("{}/containers", selected.pod.spec)), message, remedy);
    Vec::new()
}

fn has_all(spec: &Spec, container: &Container, object: &Object<'_>) -> bool {
    let node = container.node(object);
    let probe = |key: &str| node.and_then(|node| node.get(key));
    spec.plans.iter().all(|plan| Existing::of(probe(plan.purpose.key()), &serde_json::Value::Null) == Existing::Other)
}

fn names(containers: &[&Container]) -> String {
    let names: Vec<String> = containers.iter().map(|container| format!("`{}`", container.name)).collect();
    names.join(", ")
}

/// The entry of `targets` that would settle which container is meant.
fn entry(object: &Object<'_>) -> Selector {
    // `generateName` shows as a prefix and `*`; selectors are regular expressions.
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Selector {
        kind: text(&object.kind()),
        name: text(&object.name().replace('*', ".*")),
        namespace: text(&object.namespace()),
        containers: vec!["…".to_owned()],
        ..Selector::default()
    }
}
