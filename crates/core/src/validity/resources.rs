//! Requests and limits of containers and pods: `validateResourceRequirements`.

use std::cmp::Ordering;

use super::pod::{Container, Pod};
use super::walk::shown;
use super::{Judge, below, format, get, is_filled, items, rules, text};
use crate::kube::check_selector_key;
use crate::quantity::Quantity;
use krmor_yaml::Node;

/// Amounts by name, each with its pointer.
type Amounts = Vec<(String, Quantity, String)>;

/// The amounts of a list of resources; what cannot be read is told of elsewhere.
fn amounts(node: Node<'_>, at: &str, key: &str) -> Amounts {
    let entries = node.get(key).into_iter().flat_map(Node::entries);
    let read = entries.filter_map(|(name, value)| {
        let pointer = format!("{at}/{key}/{}", krmor_yaml::escape_token(&name));
        // Null is an amount here, too: none.
        let amount = if value.is_null() { Quantity::zero() } else { Quantity::of(&value.to_value()?).ok()? };
        Some((name.into_owned(), amount, pointer))
    });
    read.collect()
}

fn of<'a>(amounts: &'a Amounts, name: &str) -> Option<&'a Quantity> {
    amounts.iter().find(|(other, ..)| other == name).map(|(_, amount, _)| amount)
}

impl Judge<'_> {
    pub(super) fn container_resources(&mut self, pod: &Pod<'_>, container: &Container<'_>) {
        let Some(resources) = get(container.node, "resources") else { return };
        if container.list == "ephemeralContainers" && resources.entries().any(|(_, value)| !value.is_null()) {
            let message = "an ephemeral container takes no `resources`";
            return self.say(&rules::CONFLICT, &format!("{}/resources", container.at), message, "remove them");
        }
        let at = format!("{}/resources", container.at);
        // Only a pod gets requests from its limits before it is judged: in a template they are judged as they are.
        self.requirements(resources, &at, false);
        let claims: Vec<String> = items(pod.spec, "", "resourceClaims").map(|(_, claim)| text(claim, "name")).collect();
        let mut seen: Vec<(String, String)> = Vec::new();
        for (place, claim) in items(resources, &at, "claims") {
            let name = text(claim, "name");
            if !claims.contains(&name) || name.is_empty() {
                let message = format!("the pod has no resource claim `{}`", shown(&name));
                self.say(&rules::REFERENCE, &place, message, "add it to `resourceClaims`, or correct the name");
            }
            if get(claim, "request").is_some_and(|request| {
                request.as_str().is_some_and(|text| !text.is_empty() && !format::is_label(&text))
            }) {
                self.say(
                    &rules::VALUE,
                    &below(&place, "request"),
                    "`request` must be at most 63 of `a-z`, `0-9` and inner `-`",
                    "correct it",
                );
            }
            let request = text(claim, "request");
            // A claim as a whole, and a part of it, are the same as well.
            let is_same = |(other, part): &(String, String)| {
                *other == name && (*part == request || part.is_empty() || request.is_empty())
            };
            if seen.iter().any(is_same) {
                self.say(&rules::DUPLICATE, &place, "the same claim is named twice", "remove one of them");
            }
            seen.push((name, request));
        }
    }

    fn requirements(&mut self, resources: Node<'_>, at: &str, of_pod: bool) {
        let (limits, requests) = (amounts(resources, at, "limits"), amounts(resources, at, "requests"));
        for (name, amount, place) in limits.iter().chain(&requests) {
            self.resource(name, amount, place, of_pod);
        }
        for (name, request, place) in &requests {
            let limit = of(&limits, name);
            // What cannot be lent twice.
            let is_firm = is_huge(name) || !is_native(name);
            let message = match limit.map(|limit| request.millis().cmp(&limit.millis())) {
                None if is_firm => {
                    format!("`{}` is requested without a limit, and it cannot be overcommitted", shown(name))
                }
                Some(Ordering::Less | Ordering::Greater) if is_firm => {
                    format!("the request of `{}` differs from its limit, and it cannot be overcommitted", shown(name))
                }
                Some(Ordering::Greater) => {
                    let limit = limit.map(|limit| limit.written().into_owned()).unwrap_or_default();
                    format!("the request of `{}`, {}, is above its limit, {limit}", shown(name), request.written())
                }
                _ => continue,
            };
            self.say(&rules::RESOURCES, place, message, "make the two fit");
        }
        let mut all = limits.iter().chain(&requests);
        if all.clone().any(|(name, ..)| is_huge(name))
            && !all.any(|(name, ..)| matches!(name.as_str(), "cpu" | "memory"))
        {
            let message = "huge pages need cpu or memory beside them";
            self.say(&rules::RESOURCES, at, message, "ask for cpu or memory, too");
        }
    }

    /// A name and an amount: `validateContainerResourceName`, `validatePodResourceName`, `ValidateResourceQuantityValue`.
    fn resource(&mut self, name: &str, amount: &Quantity, place: &str, of_pod: bool) {
        let is_standard = matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge(name);
        let is_known = match name.contains('/') {
            _ if of_pod => matches!(name, "cpu" | "memory") || is_huge(name),
            false => is_standard,
            true => {
                is_native(name)
                    || check_selector_key(&format!("requests.{name}")).is_ok() && !name.starts_with("requests.")
            }
        };
        if check_selector_key(name).is_err() || !is_known {
            let message = format!(
                "`{}` is no resource that a {} can ask for",
                shown(name),
                if of_pod { "pod" } else { "container" }
            );
            let remedy = "write `cpu`, `memory` or `ephemeral-storage`, or the whole name of a device, such as `example.com/gpu`";
            self.say(&rules::RESOURCES, place, message, remedy);
        }
        let size = name.strip_prefix("hugepages-").and_then(|size| Quantity::parse(size).ok());
        let fault = if amount.is_negative() {
            "is below zero"
        } else if !is_native(name) && !amount.is_whole() {
            "is no whole number, and such a device cannot be divided"
        } else if is_huge(name) && !size.is_some_and(|size| size.is_whole() && amount.is_multiple_of(&size)) {
            "is no multiple of the size of the huge pages"
        } else {
            return;
        };
        let message = format!("`{}: {}` {fault}", shown(name), amount.written());
        self.say(&rules::RESOURCES, place, message, "correct the amount");
    }

    /// `validatePodResources`, and the overhead of a pod.
    pub(super) fn pod_resources(&mut self, pod: &Pod<'_>) {
        let Pod { spec, at, .. } = pod;
        for (name, amount, place) in amounts(*spec, at, "overhead") {
            self.resource(&name, &amount, &place, false);
        }
        let Some(resources) = get(*spec, "resources") else { return };
        let at = below(at, "resources");
        if pod.os() == "windows" {
            return self.say(&rules::CONFLICT, &at, "a pod for Windows takes no `resources`", "remove them");
        }
        if is_filled(resources, "claims") {
            let message = "`claims` are for the resources of containers, not for those of the pod";
            self.say(&rules::CONFLICT, &below(&at, "claims"), message, "remove them");
        }
        self.requirements(resources, &at, true);
        let limits = amounts(resources, &at, "limits");
        for container in pod.containers.iter().filter(|container| container.list == "containers") {
            let Some(own) = get(container.node, "resources") else { continue };
            for (name, limit, _) in amounts(own, "", "limits") {
                let pod_limit = limits.iter().find(|(other, most, _)| *other == name && limit.millis() > most.millis());
                if let Some((_, most, place)) = pod_limit {
                    let message = format!(
                        "container `{}`: its limit of `{}`, {}, is above that of the pod, {}",
                        container.name,
                        shown(&name),
                        limit.written(),
                        most.written()
                    );
                    self.say(&rules::RESOURCES, place, message, "lower it, or raise that of the pod");
                }
            }
        }
        for (name, request, place) in amounts(resources, &at, "requests") {
            let sum = Self::sum(pod, &name);
            if sum > request.millis() {
                let message =
                    format!("the containers request more `{}` than the pod, {}", shown(&name), request.written());
                self.say(&rules::RESOURCES, &place, message, "raise it, or lower those of the containers");
            }
        }
    }

    /// What a pod needs of a resource at once for its containers, in thousandths: `AggregateContainerRequests`.
    fn sum(pod: &Pod<'_>, name: &str) -> i128 {
        let of_one = |container: &Container<'_>| {
            let resources = get(container.node, "resources")?;
            let requests = amounts(resources, "", "requests");
            // In a pod, a limit is the request where there is none.
            let limits = if pod.is_whole { amounts(resources, "", "limits") } else { Vec::new() };
            of(&requests, name).or_else(|| of(&limits, name)).map(Quantity::millis)
        };
        let (mut before, mut beside) = (0_i128, 0_i128);
        for container in pod.containers.iter().filter(|container| container.list == "initContainers") {
            let own = of_one(container).unwrap_or(0);
            before = before.max(beside.saturating_add(own));
            beside = beside.saturating_add(if container.is_sidecar() { own } else { 0 });
        }
        let main = pod.containers.iter().filter(|container| container.list == "containers").filter_map(of_one);
        before.max(main.fold(beside, i128::saturating_add))
    }
}

fn is_huge(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// `IsNativeResource`
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}
