//! Pods that have resources of their own (`spec.resources`): they stay, and what the containers get must fit in.
//!
//! Source: `validatePodResourceConsistency` and `defaultPodRequests` of Kubernetes v1.36.

use super::container::{Amount, Settled, amount};
use crate::resources::rules;
use krmor_core::pods::{Pod, Role};
use krmor_core::quantity::Quantity;
use krmor_core::report::Report;
use krmor_core::stream::Object;
use krmor_yaml::{Node, escape_token};

/// Reports what the containers of a pod have beyond the pod's own resources.
pub(super) fn judge(object: &Object<'_>, pod: &Pod, settled: &[Settled], report: &mut Report) {
    let Some(own) = pod.spec_node(object).and_then(|spec| spec.get("resources")) else { return };
    // Of containers that cannot be as they are, there is no sum.
    if settled.iter().any(|one| !one.is_sound) {
        return;
    }
    let mut read = |list: &str| -> Vec<Amount> {
        let mut amounts = Vec::new();
        let entries = own.get(list).into_iter().flat_map(Node::entries);
        for (name, value) in entries.filter(|(_, value)| !value.is_null()) {
            match Quantity::of(&value.to_value().unwrap_or_default()) {
                Ok(quantity) => amounts.push(Amount { name: name.into_owned(), quantity, asked_at: None }),
                Err(error) => {
                    let pointer = format!("{}/resources/{list}/{}", pod.spec, escape_token(&name));
                    let message = format!("the pod: {error}");
                    report.add(&rules::INVALID, object.at(&pointer), message, "correct it, or exclude the pod");
                }
            }
        }
        amounts
    };
    let (requests, limits) = (read("requests"), read("limits"));
    // Where the pod has only a limit, its request becomes the sum, which must not be above the limit.
    let bounds = requests.iter().map(|bound| ("requests", bound));
    let limits_only = limits.iter().filter(|limit| amount(&requests, &limit.name).is_none());
    for (list, bound) in bounds.chain(limits_only.map(|bound| ("limits", bound))) {
        let sum = sum(settled, &bound.name);
        if sum > bound.quantity {
            let what = if list == "requests" { "request" } else { "limit" };
            let message = format!(
                "the containers request `{}: {sum}` together, above the pod's own {what} {}",
                bound.name,
                bound.bare()
            );
            let pointer = format!("{}/resources/{list}/{}", pod.spec, escape_token(&bound.name));
            let remedy = format!("raise the pod's {what}, or ask for less in the spec");
            report.add(&rules::POD_RESOURCES, object.at(&pointer), message, remedy);
        }
    }
    for one in settled.iter().filter(|one| one.container.role == Role::Main) {
        let pairs = one.now.limits.iter().filter_map(|limit| Some((limit, amount(&limits, &limit.name)?)));
        for (limit, bound) in pairs.filter(|(limit, bound)| limit.quantity > bound.quantity) {
            let message = format!(
                "container `{}`: {} is above the pod's own limit {}",
                one.container.name,
                limit.phrase("limit"),
                bound.bare()
            );
            let pointer = format!("{}/resources/limits/{}", pod.spec, escape_token(&bound.name));
            let remedy = "raise the pod's limit, or ask for less in the spec";
            report.add(&rules::POD_RESOURCES, object.at(&pointer), message, remedy);
        }
    }
}

/// What the containers of a pod request at most at one time: main containers and sidecars together, or an init container
/// beside the sidecars before it.
fn sum(settled: &[Settled], name: &str) -> Quantity {
    let (mut running, mut sidecars, mut starting) = (Quantity::zero(), Quantity::zero(), Quantity::zero());
    for one in settled {
        let Some(request) = one.now.effective_request(name) else { continue };
        match one.container.role {
            Role::Init => starting = starting.max(&sidecars + request),
            Role::Sidecar => {
                sidecars = &sidecars + request;
                running = &running + request;
            }
            _ => running = &running + request,
        }
    }
    running.max(starting)
}
