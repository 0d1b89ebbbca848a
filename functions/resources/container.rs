//! One container: what it has, what it is asked to have, and what comes out.

use crate::resources::rules;
use std::borrow::Cow;

use serde_json::Value;

use super::amounts::{self, Kind};
use super::spec::Mode;
use krmor_core::krm::field_path;
use krmor_core::pods::Container;
use krmor_core::quantity::Quantity;
use krmor_core::report::{Class, Report, Severity, Why};
use krmor_core::stream::{Action, Edit, Object};
use krmor_yaml::{Node, escape_token};

/// An amount of a resource, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) name: String,
    pub(super) quantity: Quantity,
    /// Where the spec says so, a JSON Pointer; nothing when the manifest does.
    pub(super) asked_at: Option<String>,
}

impl Amount {
    /// `` `cpu: 250m` ``.
    pub(super) fn bare(&self) -> String {
        format!("`{}: {}`", self.name, self.quantity.written())
    }

    /// As part of a sentence about a container.
    pub(super) fn phrase(&self, what: &str) -> String {
        match &self.asked_at {
            Some(_) => format!("the {what} {} of {}", self.bare(), self.place()),
            None => format!("its {what} {}", self.bare()),
        }
    }

    /// Where the spec says so, as people write it.
    pub(super) fn place(&self) -> String {
        field_path(&format!("/spec{}", self.pointer()))
    }

    pub(super) fn pointer(&self) -> &str {
        self.asked_at.as_deref().unwrap_or_default()
    }

    /// Whether an entry of `spec.containers` asks for it.
    pub(super) fn is_of_entry(&self) -> bool {
        self.pointer().starts_with("/containers/")
    }
}

/// Requests and limits.
#[derive(Clone, Debug, Default)]
pub(super) struct Requirements {
    pub(super) requests: Vec<Amount>,
    pub(super) limits: Vec<Amount>,
}

/// What the API does not take in one container.
pub(super) enum Conflict<'a> {
    /// A request above the limit.
    Above(&'a Amount, &'a Amount),
    /// A request that is not the limit, of what cannot be overcommitted.
    Unequal(&'a Amount, &'a Amount),
    /// A request without a limit, of what cannot be overcommitted.
    NoLimit(&'a Amount),
    /// Huge pages without cpu or memory.
    HugePagesOnly(&'a Amount),
}

pub(super) fn amount<'a>(list: &'a [Amount], name: &str) -> Option<&'a Amount> {
    list.iter().find(|amount| amount.name == name)
}

impl Requirements {
    /// What the container has of a resource in the eyes of the scheduler: a limit counts where there is no request.
    pub(super) fn effective_request(&self, name: &str) -> Option<&Quantity> {
        amount(&self.requests, name).or_else(|| amount(&self.limits, name)).map(|amount| &amount.quantity)
    }

    pub(super) fn conflicts(&self) -> Vec<Conflict<'_>> {
        let mut found = Vec::new();
        for request in &self.requests {
            let overcommits = Kind::of(&request.name).is_ok_and(|kind| kind.overcommits());
            found.extend(match amount(&self.limits, &request.name) {
                Some(limit) if !overcommits && request.quantity != limit.quantity => {
                    Some(Conflict::Unequal(request, limit))
                }
                Some(limit) if request.quantity > limit.quantity => Some(Conflict::Above(request, limit)),
                None if !overcommits => Some(Conflict::NoLimit(request)),
                _ => None,
            });
        }
        let all = || self.requests.iter().chain(&self.limits);
        let huge = all().find(|amount| matches!(Kind::of(&amount.name), Ok(Kind::HugePages(_))));
        if let Some(huge) = huge
            && !all().any(|amount| matches!(amount.name.as_str(), "cpu" | "memory"))
        {
            found.push(Conflict::HugePagesOnly(huge));
        }
        found
    }
}

/// A container as it comes out.
pub(super) struct Settled {
    pub(super) container: Container,
    pub(super) now: Requirements,
    pub(super) edits: Vec<Edit>,
    /// Values of the manifest that are wrong: pointer, message, and whether the API refuses them.
    faults: Vec<(String, String, bool)>,
    /// Requests that come out otherwise than the spec asks for, because of a limit: pointer and message.
    notes: Vec<(String, String)>,
    /// Whether it can be as it is.
    pub(super) is_sound: bool,
}

/// How a spec treats what is there.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) mode: Mode,
    /// `limitsCap` of the spec.
    pub(super) limits_cap: bool,
}

impl Settled {
    pub(super) fn of(container: Container, node: Node<'_>, asks: &Requirements, manner: Manner) -> Self {
        let mut settled = Self {
            container,
            now: Requirements::default(),
            edits: Vec::new(),
            faults: Vec::new(),
            notes: Vec::new(),
            is_sound: true,
        };
        let mode = manner.mode;
        let requests: Vec<Amount> =
            asks.requests.iter().filter_map(|asked| settled.beside_limit(node, asked, &asks.limits, manner)).collect();
        settled.now.requests = settled.settle(node, "requests", &requests, mode);
        settled.now.limits = settled.settle(node, "limits", &asks.limits, mode);
        settled.is_sound = settled.faults.iter().all(|(_, _, is_refused)| !is_refused);
        settled
    }

    fn pointer(&self, list: &str, name: &str) -> String {
        format!("{}/resources/{list}/{}", self.container.pointer, escape_token(name))
    }

    /// The request to ask for where the manifest has a limit: one that is there counts for an absent request, since the API
    /// copies it, and a lower request would take the pod out of the class Guaranteed.
    fn beside_limit(&mut self, node: Node<'_>, asked: &Amount, limits: &[Amount], manner: Manner) -> Option<Amount> {
        let there = |list: &str| node.find(&["resources", list, &asked.name]).filter(|node| !node.is_null());
        let limit = there("limits").and_then(|limit| Quantity::of(&limit.to_value()?).ok());
        let stays = manner.mode == Mode::Fill || amount(limits, &asked.name).is_none();
        let Some(quantity) = limit.filter(|_| stays) else { return Some(asked.clone()) };
        let limit = Amount { name: asked.name.clone(), quantity, asked_at: None };
        let is_capped = manner.limits_cap && asked.quantity > limit.quantity;
        let pointer = self.pointer("limits", &asked.name);
        match manner.mode {
            Mode::Fill if there("requests").is_none() && (is_capped || asked.quantity <= limit.quantity) => {
                let message = format!(
                    "it gets no request {} of {}: Kubernetes takes {} for it",
                    asked.bare(),
                    asked.place(),
                    limit.phrase("limit")
                );
                if asked.quantity != limit.quantity {
                    self.notes.push((pointer, message));
                }
                None
            }
            Mode::Set if is_capped => {
                let message = format!("{} caps {}", limit.phrase("limit"), asked.phrase("request"));
                self.notes.push((pointer, message));
                Some(Amount { quantity: limit.quantity, ..asked.clone() })
            }
            _ => Some(asked.clone()),
        }
    }

    fn settle(&mut self, node: Node<'_>, list: &'static str, asks: &[Amount], mode: Mode) -> Vec<Amount> {
        let mut now = Vec::new();
        let entries = node.find(&["resources", list]).into_iter().flat_map(Node::entries);
        // Kubernetes reads a null as absent.
        for (name, value) in entries.filter(|(_, value)| !value.is_null()) {
            let read = Quantity::of(&value.to_value().unwrap_or_default());
            let asked = amount(asks, &name).filter(|_| mode == Mode::Set);
            match (asked, read) {
                (Some(asked), read) if read.as_ref() != Ok(&asked.quantity) => {
                    self.edits.push(self.edit(list, asked, Class::Overridden));
                    now.push(asked.clone());
                }
                (_, Err(error)) => self.faults.push((self.pointer(list, &name), error.to_string(), true)),
                (_, Ok(quantity)) => {
                    self.find_fault(list, &name, &quantity);
                    now.push(Amount { name: name.into_owned(), quantity, asked_at: None });
                }
            }
        }
        for asked in asks {
            let pointer = self.pointer(list, &asked.name);
            let is_there = amount(&now, &asked.name).is_some() || self.faults.iter().any(|(at, ..)| *at == pointer);
            if !is_there {
                self.edits.push(self.edit(list, asked, Class::Added));
                now.push(asked.clone());
            }
        }
        now
    }

    fn find_fault(&mut self, list: &str, name: &str, quantity: &Quantity) {
        let (message, is_refused) = match Kind::of(name) {
            Err(message) => (message, true),
            Ok(kind) => match amounts::fault(&kind, name, quantity) {
                Some(fault) => (fault.message, fault.is_refused),
                None => return,
            },
        };
        self.faults.push((self.pointer(list, name), message, is_refused));
    }

    fn edit(&self, list: &'static str, asked: &Amount, class: Class) -> Edit {
        let reason = match (list, Kind::of(&asked.name)) {
            (_, Ok(Kind::Device | Kind::HugePages(_))) => "the container gets exactly this much",
            ("requests", _) => "the scheduler reserves this much for the container",
            (_, Ok(Kind::Cpu)) => "the container is slowed down above it",
            (_, Ok(Kind::Memory)) => "the container is killed above it",
            (_, Ok(Kind::EphemeralStorage)) => "the pod is evicted above it",
            _ => "the container gets at most this much",
        };
        let why = Why {
            rule: if list == "limits" { &rules::LIMITS } else { &rules::REQUESTS },
            reason: Cow::Borrowed(reason),
            class,
        };
        let value = Value::String(asked.quantity.written().into_owned());
        Edit { pointer: self.pointer(list, &asked.name), action: Action::Set(value), why }
    }

    /// Reports what the API would refuse, or reads otherwise than anybody means it.
    pub(super) fn judge(&mut self, manner: Manner, object: &Object<'_>, report: &mut Report) {
        let name = &self.container.name;
        let what = format!("container `{name}`");
        for (pointer, message, is_refused) in &self.faults {
            let (severity, rule) =
                if *is_refused { (Severity::Error, &rules::INVALID) } else { (Severity::Warning, &rules::UNUSUAL) };
            report.add_as(
                severity,
                rule,
                object.at(pointer),
                format!("{what}: {message}"),
                "correct it, or exclude the container",
            );
        }
        for (pointer, message) in &self.notes {
            let message = format!("{what}: {message}");
            report.add(&rules::REQUESTS, object.at(pointer), message, way_to_a_request(manner.mode));
        }
        for conflict in self.now.conflicts() {
            self.is_sound = false;
            let (rule, list, at, message, remedy) = match conflict {
                Conflict::Above(request, limit) => {
                    let message = format!("{} is above {}", request.phrase("request"), limit.phrase("limit"));
                    let list = if limit.asked_at.is_none() { "limits" } else { "requests" };
                    (&rules::REQUEST_ABOVE_LIMIT, list, limit, message, way_out(name, request, limit, manner))
                }
                Conflict::Unequal(request, limit) => {
                    let message = format!("{} must equal {}", request.phrase("request"), limit.phrase("limit"));
                    let list = if limit.asked_at.is_none() { "limits" } else { "requests" };
                    (&rules::NO_OVERCOMMIT, list, limit, message, way_out(name, request, limit, manner))
                }
                Conflict::NoLimit(request) => {
                    let message = format!("{} needs an equal limit", request.phrase("request"));
                    let remedy = format!("add {} under `limits`", request.bare());
                    (&rules::NO_OVERCOMMIT, "requests", request, message, remedy)
                }
                Conflict::HugePagesOnly(huge) => {
                    let message = format!("{} is refused without cpu or memory beside it", huge.bare());
                    (&rules::HUGE_PAGES, "", huge, message, "ask for cpu or memory, too".to_owned())
                }
            };
            let pointer = match list {
                "" => format!("{}/resources", self.container.pointer),
                list => self.pointer(list, &at.name),
            };
            report.add_as(Severity::Error, rule, object.at(&pointer), format!("{what}: {message}"), remedy);
        }
    }
}

fn way_to_a_request(mode: Mode) -> &'static str {
    match mode {
        Mode::Fill => "let `mode: set` write the request, if it is meant",
        Mode::Set => "raise the limit, if the request is meant",
    }
}

/// How to settle that a request and a limit do not go together.
fn way_out(container: &str, request: &Amount, limit: &Amount, Manner { mode, .. }: Manner) -> String {
    let (lower, raise) = if request.quantity > limit.quantity { ("lower", "raise") } else { ("raise", "lower") };
    let ask = |list: &str, amount: &Amount, bound: &Amount, change: &str| {
        if amount.is_of_entry() {
            return format!("{change} {}", amount.place());
        }
        let entry = format!("{{name: {container}, {list}: {{{}: {}}}}}", amount.name, bound.quantity.written());
        format!("ask for something else of this container: spec.containers: [{entry}]")
    };
    match (&request.asked_at, &limit.asked_at, mode) {
        (Some(_), None, Mode::Set) => "name the limit in the spec, too".to_owned(),
        (None, Some(_), Mode::Set) => "name the request in the spec, too".to_owned(),
        (Some(_), None, Mode::Fill) if request.quantity > limit.quantity => {
            format!("{raise} the limit, let `limitsCap: true` take it, or {}", ask("requests", request, limit, lower))
        }
        (Some(_), None, Mode::Fill) => format!("{raise} the limit, or {}", ask("requests", request, limit, lower)),
        (None, Some(_), Mode::Fill) => format!("{lower} the request, or {}", ask("limits", limit, request, raise)),
        _ => format!("{lower} the request or {raise} the limit"),
    }
}
