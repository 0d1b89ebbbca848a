//! LimitRanges: what they give to containers, what they allow them, and whether the API server takes them.
//!
//! Sources: `SetDefaults_LimitRangeItem`, `ValidateLimitRange` and the admission plugin `LimitRanger` of Kubernetes v1.36.

use std::collections::BTreeMap;

use super::spec::LimitRange;
use super::usage::{Amounts, Wants, can_overcommit, read_amounts};
use super::values::{ResourceName, check_resource};
use krmor_core::quantity::Quantity;
use krmor_core::stream::Object;
use krmor_yaml::{Node, escape_token};

/// An entry of a LimitRange, as it is written.
#[derive(Debug, Default)]
pub(super) struct Range {
    /// Where it stands in its object.
    pub(super) pointer: String,
    is_of_pods: bool,
    default: Amounts,
    default_request: Amounts,
    max: Amounts,
    min: Amounts,
    /// What cannot be read.
    unreadable: Vec<Fault>,
}

/// What is wrong with a field of a LimitRange.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) field: &'static str,
    pub(super) resource: String,
    pub(super) message: String,
}

impl Range {
    pub(super) fn of_spec(range: &LimitRange) -> Self {
        let owned = |amounts: &BTreeMap<ResourceName, Quantity>| {
            amounts.iter().map(|(name, amount)| (name.as_str().to_owned(), amount.clone())).collect()
        };
        Self {
            default: owned(&range.default),
            default_request: owned(&range.default_request),
            max: owned(&range.max),
            min: owned(&range.min),
            ..Self::default()
        }
    }

    /// The entries of a LimitRange that are about containers or pods.
    pub(super) fn all_of(object: &Object<'_>) -> Vec<Self> {
        let entries = object.root().find(&["spec", "limits"]).into_iter().flat_map(Node::items).enumerate();
        entries.filter_map(|(at, entry)| Self::of(entry, format!("/spec/limits/{at}"))).collect()
    }

    fn of(entry: Node<'_>, pointer: String) -> Option<Self> {
        let is_of_pods = match entry.get("type")?.as_str()?.as_ref() {
            "Container" => false,
            "Pod" => true,
            _ => return None,
        };
        let mut unreadable = Vec::new();
        let mut read = |field: &'static str| {
            let (amounts, wrong) = read_amounts(entry.get(field));
            unreadable.extend(wrong.into_iter().map(|(resource, message)| Fault { field, resource, message }));
            let unknown = amounts.keys().filter_map(|name| Some((name.clone(), check_resource(name).err()?)));
            unreadable.extend(unknown.map(|(resource, message)| Fault { field, resource, message }));
            amounts
        };
        let [default, default_request, max, min] = ["default", "defaultRequest", "max", "min"].map(&mut read);
        Some(Self { pointer, is_of_pods, default, default_request, max, min, unreadable })
    }

    /// The place of a fault in the LimitRange.
    pub(super) fn place(&self, fault: &Fault) -> String {
        format!("{}/{}/{}", self.pointer, fault.field, escape_token(&fault.resource))
    }

    /// What the API server refuses in it. What it fills in itself is one of the amounts that are written.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let fields = [
            ("min", &self.min),
            ("defaultRequest", &self.default_request),
            ("default", &self.default),
            ("max", &self.max),
        ];
        let mut found = Vec::new();
        for (at, (field, lower)) in fields.iter().enumerate() {
            for (resource, amount) in *lower {
                let above =
                    fields.iter().skip(at + 1).filter_map(|(other, upper)| Some((*other, upper.get(resource)?)));
                let says = |what: &str, other: &str, bound: &Quantity| {
                    let (amount, bound) = (amount.written(), bound.written());
                    let message = format!("`{field}` of `{resource}` is {amount}, {what} `{other}`, which is {bound}");
                    Fault { field, resource: resource.clone(), message }
                };
                // One fault for each amount: the others follow from it.
                let too_high = above.clone().find(|(_, bound)| amount > *bound);
                found.extend(too_high.map(|(other, bound)| says("above", other, bound)));
                let differs = |(_, bound): &(&str, &Quantity)| *field == "defaultRequest" && amount < *bound;
                let differs = above.clone().next().filter(|_| !can_overcommit(resource)).filter(differs);
                found.extend(differs.map(|(other, bound)| says("and must equal", other, bound)));
            }
        }
        found
    }

    /// [`Range::faults`], and what cannot be read.
    pub(super) fn all_faults(mut self) -> (Vec<Fault>, Self) {
        let mut faults = std::mem::take(&mut self.unreadable);
        faults.extend(self.faults());
        (faults, self)
    }

    /// What is given to containers that lack it: requests and limits. Of several the most counts: which of them the API
    /// server takes is not known.
    pub(super) fn add_defaults(&self, to: &mut Wants) {
        if self.is_of_pods {
            return;
        }
        let mut limits = self.default.clone();
        fill(&mut limits, &self.max);
        let mut requests = self.default_request.clone();
        fill(&mut requests, &limits);
        fill(&mut requests, &self.min);
        raise(&mut to.requests, requests);
        raise(&mut to.limits, limits);
    }

    /// What it refuses in a container (`what` says which), or in a pod.
    pub(super) fn refuses(&self, what: &str, of_pod: bool, wants: &Wants) -> Vec<String> {
        let mut found = Vec::new();
        if of_pod != self.is_of_pods {
            return found;
        }
        for (resource, least) in &self.min {
            let least_says = least.written();
            let says = |text: String| format!("{what} {text}, and `min` of `{resource}` is {least_says}");
            match (wants.requests.get(resource), wants.limits.get(resource)) {
                (None, _) => found.push(says("has no request".to_owned())),
                (Some(request), _) if request < least => found.push(says(format!("requests {request}"))),
                (_, Some(limit)) if limit < least => found.push(says(format!("has the limit {limit}"))),
                _ => {}
            }
        }
        for (resource, most) in &self.max {
            let most_says = most.written();
            let says = |text: String| format!("{what} {text}, and `max` of `{resource}` is {most_says}");
            match (wants.requests.get(resource), wants.limits.get(resource)) {
                (_, None) => found.push(says("has no limit".to_owned())),
                (_, Some(limit)) if limit > most => found.push(says(format!("has the limit {limit}"))),
                (Some(request), _) if request > most => found.push(says(format!("requests {request}"))),
                _ => {}
            }
        }
        found
    }
}

/// Takes over what is not there yet.
fn fill(to: &mut Amounts, from: &Amounts) {
    for (name, amount) in from {
        to.entry(name.clone()).or_insert_with(|| amount.clone());
    }
}

/// Takes over what is more.
fn raise(to: &mut Amounts, from: Amounts) {
    for (name, amount) in from {
        let there = to.entry(name).or_insert_with(|| amount.clone());
        if *there < amount {
            *there = amount;
        }
    }
}
