//! What the spec asks of each container.

use super::container::{Amount, Conflict, Requirements};
use super::spec::{Amounts, Entry, Spec};
use krmor_core::config::Problem;
use krmor_yaml::escape_token;

/// What is asked of containers, by their names.
pub(super) struct Asked<'a> {
    /// Of those that no entry matches.
    others: Requirements,
    entries: Vec<Own<'a>>,
    /// Of those that are not in scope.
    pub(super) nothing: Requirements,
}

struct Own<'a> {
    entry: &'a Entry,
    asks: Requirements,
    used: bool,
}

impl<'a> Asked<'a> {
    pub(super) fn of(spec: &'a Spec) -> Self {
        let own = |(at, entry): (usize, &'a Entry)| Own { entry, asks: of_entry(spec, at, entry), used: false };
        Self {
            others: of_spec(spec),
            entries: spec.containers.iter().enumerate().map(own).collect(),
            nothing: Requirements::default(),
        }
    }

    pub(super) fn of_container(&mut self, name: &str) -> &Requirements {
        match self.entries.iter_mut().find(|own| own.entry.name.matches(name)) {
            Some(own) => {
                own.used = true;
                &own.asks
            }
            None => &self.others,
        }
    }

    /// The entries that no container was left for, with their places.
    pub(super) fn unused(&self) -> impl Iterator<Item = (&'a Entry, String)> {
        let entries = self.entries.iter().enumerate().filter(|(_, own)| !own.used);
        entries.map(|(at, own)| (own.entry, place_of(at)))
    }
}

fn place_of(entry: usize) -> String {
    format!("/containers/{entry}")
}

fn of_spec(spec: &Spec) -> Requirements {
    Requirements { requests: amounts(&spec.requests, "/requests"), limits: amounts(&spec.limits, "/limits") }
}

/// What an entry asks for, with what the spec asks for where the entry does not say.
fn of_entry(spec: &Spec, at: usize, entry: &Entry) -> Requirements {
    let place = place_of(at);
    let merge = |mut asked: Vec<Amount>, own: &Amounts, list: &str| {
        asked.retain(|amount| own.0.iter().all(|(name, _)| *name != amount.name));
        asked.extend(amounts(own, &format!("{place}/{list}")));
        asked
    };
    let common = of_spec(spec);
    Requirements {
        requests: merge(common.requests, &entry.requests, "requests"),
        limits: merge(common.limits, &entry.limits, "limits"),
    }
}

/// The amounts that stand at `place` of the spec, a JSON Pointer; a null asks for nothing.
fn amounts(amounts: &Amounts, place: &str) -> Vec<Amount> {
    let asked = amounts.0.iter().filter_map(|(name, quantity)| {
        let quantity = quantity.clone()?;
        Some(Amount { name: name.clone(), quantity, asked_at: Some(format!("{place}/{}", escape_token(name))) })
    });
    asked.collect()
}

/// What cannot be right although each amount is.
pub(super) fn problems(spec: &Spec) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    let mut tell = |asks: &Requirements| {
        for conflict in asks.conflicts() {
            let (request, message, remedy) = match conflict {
                // The container may have cpu or memory of its own.
                Conflict::HugePagesOnly(_) => continue,
                Conflict::Above(request, limit) => (
                    request,
                    format!("{} is above {}", request.bare(), limit.phrase("limit")),
                    match request.is_of_entry() == limit.is_of_entry() {
                        true => "lower the request or raise the limit".to_owned(),
                        false => "say both in the entry; a null drops what the spec asks of all".to_owned(),
                    },
                ),
                Conflict::Unequal(request, limit) => (
                    request,
                    format!("{} must equal {}", request.bare(), limit.phrase("limit")),
                    "ask for the same under `requests` and `limits`, or only under `limits`".to_owned(),
                ),
                Conflict::NoLimit(request) => (
                    request,
                    format!("{} needs an equal limit", request.bare()),
                    "ask for it under `limits`; the request follows".to_owned(),
                ),
            };
            let problem = Problem::new(request.pointer(), message, remedy);
            if !found.contains(&problem) {
                found.push(problem);
            }
        }
    };
    tell(&of_spec(spec));
    for (at, entry) in spec.containers.iter().enumerate() {
        tell(&of_entry(spec, at, entry));
    }
    for (at, entry) in spec.containers.iter().enumerate() {
        if entry.requests.0.is_empty() && entry.limits.0.is_empty() {
            let name = entry.name.text();
            let remedy = format!(
                "write `requests` or `limits`; to leave the containers alone, exclude: [{{containers: [{name}]}}]"
            );
            found.push(Problem::new(&place_of(at), "the entry changes nothing", remedy));
        }
    }
    found
}
