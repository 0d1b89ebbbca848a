//! What a pod requests, and where its limits are, as the API computes it.
//!
//! Sources: `SetDefaults_Pod`, `PodRequests` and `PodLimits` of component-helpers, and the admission plugin `LimitRanger` of
//! Kubernetes v1.36. What a RuntimeClass adds is not known; `overhead` of the pod counts.

use std::collections::BTreeMap;

use super::values::HUGE_PAGES;
use krmor_core::pods::{Container, Pod, Role};
use krmor_core::quantity::Quantity;
use krmor_core::stream::Object;
use krmor_yaml::Node;

/// Amounts by the names of resources.
pub(super) type Amounts = BTreeMap<String, Quantity>;

/// Requests and limits.
#[derive(Clone, Debug, Default)]
pub(super) struct Wants {
    pub(super) requests: Amounts,
    pub(super) limits: Amounts,
}

/// A pod, with what each of its containers asks for.
pub(super) struct Usage {
    /// Those that the API server looks at, with what they have in the end.
    pub(super) containers: Vec<(Container, Wants)>,
    /// All together.
    pub(super) pod: Wants,
    /// The same without `overhead`, which LimitRanges do not look at.
    pub(super) plain: Wants,
    /// The pod has resources of its own: then its containers need none.
    pub(super) has_own: bool,
}

/// Reads a mapping of quantities; what cannot be read comes with what is wrong.
pub(super) fn read_amounts(node: Option<Node<'_>>) -> (Amounts, Vec<(String, String)>) {
    let (mut amounts, mut wrong) = (Amounts::new(), Vec::new());
    for (name, value) in node.into_iter().flat_map(Node::entries).filter(|(_, value)| !value.is_null()) {
        match Quantity::of(&value.to_value().unwrap_or_default()) {
            Ok(amount) => drop(amounts.insert(name.into_owned(), amount)),
            Err(error) => wrong.push((name.into_owned(), error.to_string())),
        }
    }
    (amounts, wrong)
}

/// Whether requests may be lower than limits.
pub(super) fn can_overcommit(resource: &str) -> bool {
    !resource.starts_with(HUGE_PAGES) && (!resource.contains('/') || resource.contains("kubernetes.io/"))
}

impl Wants {
    fn of(resources: Option<Node<'_>>) -> Self {
        let list = |key: &str| read_amounts(resources.and_then(|resources| resources.get(key))).0;
        Self { requests: list("requests"), limits: list("limits") }
    }

    /// Those of a container which LimitRanges give `defaults`.
    pub(super) fn of_container(resources: Option<Node<'_>>, defaults: &Self) -> Self {
        Self::of(resources).with_implied().with_defaults(defaults)
    }

    /// The API gives a request to each limit without one.
    fn with_implied(mut self) -> Self {
        for (name, limit) in &self.limits {
            self.requests.entry(name.clone()).or_insert_with(|| limit.clone());
        }
        self
    }

    fn with_defaults(mut self, defaults: &Self) -> Self {
        for (to, from) in [(&mut self.requests, &defaults.requests), (&mut self.limits, &defaults.limits)] {
            for (name, amount) in from {
                to.entry(name.clone()).or_insert_with(|| amount.clone());
            }
        }
        self
    }
}

impl Usage {
    /// That of a pod which LimitRanges give `defaults`; its containers without a pod around them have none.
    pub(super) fn of(pod: &Pod, object: &Object<'_>, defaults: &Wants) -> Self {
        let spec = pod.spec_node(object);
        let containers = pod.containers(object).into_iter().filter(|container| container.role != Role::Ephemeral);
        let written: Vec<(Container, Wants)> = containers
            .map(|container| {
                let resources = container.node(object).and_then(|node| node.get("resources"));
                (container, Wants::of(resources).with_implied())
            })
            .collect();
        let own =
            spec.and_then(|spec| spec.get("resources")).filter(|own| !own.is_null()).map(|own| Wants::of(Some(own)));
        // The pod's own requests come before LimitRanges are looked at.
        let own = own.map(|own| own_requests(own, &written));
        let has_own =
            own.as_ref().is_some_and(|own| own.requests.keys().chain(own.limits.keys()).any(|name| is_of_pods(name)));
        let containers: Vec<(Container, Wants)> =
            written.into_iter().map(|(container, wants)| (container, wants.with_defaults(defaults))).collect();
        let mut pod = Wants {
            requests: together(&containers, |wants| &wants.requests),
            limits: together(&containers, |wants| &wants.limits),
        };
        if let Some(own) = own {
            pod.requests.extend(own.requests.into_iter().filter(|(name, _)| is_of_pods(name)));
            pod.limits.extend(own.limits.into_iter().filter(|(name, _)| is_of_pods(name)));
        }
        let plain = pod.clone();
        for (name, extra) in read_amounts(spec.and_then(|spec| spec.get("overhead"))).0 {
            if let Some(limit) = pod.limits.get_mut(&name).filter(|limit| **limit > Quantity::zero()) {
                *limit = &*limit + &extra;
            }
            let request = pod.requests.entry(name).or_insert_with(Quantity::zero);
            *request = &*request + &extra;
        }
        Self { containers, pod, plain, has_own }
    }
}

/// Whether pods may have resources of this name themselves.
fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with(HUGE_PAGES)
}

/// The pod's own resources: where it has limits, its requests are those of its containers, else the limits. Huge pages of
/// its containers give it a limit.
fn own_requests(mut own: Wants, containers: &[(Container, Wants)]) -> Wants {
    if own.requests.is_empty() && own.limits.is_empty() {
        return own;
    }
    for (name, limit) in together(containers, |wants| &wants.limits) {
        if name.starts_with(HUGE_PAGES) && !own.requests.contains_key(&name) {
            own.limits.entry(name).or_insert(limit);
        }
    }
    if own.limits.is_empty() {
        return own;
    }
    let of_containers = together(containers, |wants| &wants.requests);
    let overcommitted = of_containers.into_iter().filter(|(name, _)| is_of_pods(name) && can_overcommit(name));
    for (name, amount) in overcommitted.chain(own.limits.clone()) {
        own.requests.entry(name).or_insert(amount);
    }
    own
}

/// The most that containers have at one time: main containers and sidecars together, or an init container beside the
/// sidecars before it.
fn together(containers: &[(Container, Wants)], list: impl Fn(&Wants) -> &Amounts) -> Amounts {
    let (mut running, mut sidecars, mut starting) = (Amounts::new(), Amounts::new(), Amounts::new());
    let add = |to: &mut Amounts, name: &String, amount: &Quantity| {
        let there = to.entry(name.clone()).or_insert_with(Quantity::zero);
        *there = &*there + amount;
    };
    for (container, wants) in containers {
        for (name, amount) in list(wants) {
            match container.role {
                Role::Init => {
                    let beside = sidecars.get(name).map_or_else(|| amount.clone(), |beside| beside + amount);
                    let most = starting.entry(name.clone()).or_insert_with(|| beside.clone());
                    if *most < beside {
                        *most = beside;
                    }
                }
                Role::Sidecar => {
                    add(&mut sidecars, name, amount);
                    add(&mut running, name, amount);
                }
                _ => add(&mut running, name, amount),
            }
        }
    }
    for (name, most) in starting {
        let there = running.entry(name).or_insert_with(Quantity::zero);
        if *there < most {
            *there = most;
        }
    }
    running
}
