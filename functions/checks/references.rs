//! `references/*`: what one object says about another, and the other one does not hold.
//!
//! [`krmor_core::facts`] knows the references, and what objects of the stream will make. A rule about an object that is not
//! there is a warning by default, since something else may bring it; a rule about a key or port that a
//! present object lacks is an error.

pub(super) mod config_map;
pub(super) mod config_map_key;
pub(super) mod disruption_budget;
pub(super) mod persistent_volume_claim;
pub(super) mod pod_monitor;
pub(super) mod pod_monitor_port;
pub(super) mod role;
pub(super) mod route_port;
pub(super) mod scale_target;
pub(super) mod secret;
pub(super) mod secret_key;
pub(super) mod service;
pub(super) mod service_account;
pub(super) mod service_monitor;
pub(super) mod service_monitor_port;
pub(super) mod service_port;
pub(super) mod service_selector;
pub(super) mod target_port;
pub(super) mod volume;

use std::collections::HashMap;

use super::final_stream::{FinalStream, may_share};
use super::findings::{Findings, Found};
use krmor_core::facts::Near;
use krmor_core::facts::makers::Maker;
use krmor_core::facts::references::{self as facts, Reference};
use krmor_core::references::Relation;
use krmor_core::stream::{Object, ObjectId};
use krmor_core::suggest;
use krmor_core::target::exact;
use krmor_yaml::Node;

/// What the rules tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    ConfigMap,
    Secret,
    ServiceAccount,
    Claim,
    Service,
    Role,
    /// Whatever an autoscaler scales.
    ScaleTarget,
}

impl To {
    /// Whether a reference is one that must lead to such an object.
    pub(super) fn has(self, reference: &Reference) -> bool {
        let needs = |kind: &str| reference.relation == Relation::Needs && reference.is_to(kind);
        match self {
            To::ConfigMap => needs("ConfigMap"),
            To::Secret => needs("Secret"),
            To::ServiceAccount => needs("ServiceAccount"),
            To::Claim => needs("PersistentVolumeClaim"),
            To::Service => needs("Service"),
            To::Role => reference.group == "rbac.authorization.k8s.io" && reference.relation == Relation::Needs,
            To::ScaleTarget => reference.relation == Relation::Scales,
        }
    }
}

/// What a reference leads to, in this stream.
pub(super) enum Answer<'a> {
    /// To one of these.
    Here(Vec<Object<'a>>),
    /// Out of the stream, or to what something in it will make.
    Elsewhere,
    /// To nothing.
    Nowhere,
}

impl<'a> FinalStream<'a> {
    /// The references that must lead to such an object.
    pub(super) fn references(&self, to: To) -> impl Iterator<Item = &'a Reference> {
        self.facts.references().all().iter().filter(move |reference| to.has(reference))
    }

    /// Follows a reference: what has no namespace may be in any.
    pub(super) fn follow(&self, reference: &Reference) -> Answer<'a> {
        match self.facts.follow(reference, Near::Possible) {
            facts::Answer::Here(found) => {
                Answer::Here(found.into_iter().filter_map(|id| self.stream.object(id)).collect())
            }
            facts::Answer::Nowhere if !self.is_external(reference) => Answer::Nowhere,
            _ => Answer::Elsewhere,
        }
    }

    /// Whether the config says that others bring it.
    fn is_external(&self, reference: &Reference) -> bool {
        let Reference { object, kind, name, namespace, .. } = reference;
        let own = || self.stream.object(*object).map(|object| object.namespace().into_owned());
        let namespace = namespace.clone().or_else(own).unwrap_or_default();
        self.spec.references.external.iter().any(|external| {
            let matches = |pattern: &Option<super::values::Pattern>, text: &str| {
                pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
            };
            external.kind == *kind && matches(&external.name, name) && matches(&external.namespace, &namespace)
        })
    }

    /// Asks whether an object near `reference` was meant.
    fn hint(&self, reference: &Reference) -> String {
        let Some(from) = self.stream.object(reference.object) else { return String::new() };
        let objects = self.stream.of_kind(&reference.group, &reference.kind);
        let names: Vec<_> = objects.filter(|object| may_share(&from, object)).map(|object| object.name()).collect();
        suggest::or_else(&reference.name, names.iter().map(AsRef::as_ref))
    }
}

/// A list of names, none too long.
pub(super) fn list(names: &[String]) -> String {
    const MOST: usize = 8;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > MOST { ", …" } else { "" };
    if names.is_empty() { "nothing".to_owned() } else { format!("{}{more}", shown.join(", ")) }
}

/// Reports the references of one sort that lead nowhere: once for each object, container and name.
pub(super) fn missing(to: To, world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let mut seen: HashMap<(ObjectId, Option<&str>, &str), bool> = HashMap::new();
    for reference in world.references(to).filter(|reference| !reference.optional) {
        let key = (reference.object, reference.container.as_deref(), reference.name.as_str());
        if seen.insert(key, true).is_some() || !matches!(world.follow(reference), Answer::Nowhere) {
            continue;
        }
        let Some(object) = world.stream.object(reference.object) else { continue };
        let (subject, Reference { kind, name, namespace, .. }) = (reference.subject(world.facts), reference);
        let place = namespace.as_ref().map_or_else(String::new, |namespace| format!(" of namespace `{namespace}`"));
        let hint = world.hint(reference);
        let external = format!("references: {{external: [{{kind: {kind}, name: {}}}]}}", exact(name));
        findings.add(Found {
            object,
            container: reference.container.clone(),
            pointer: reference.pointer.clone(),
            name: name.clone(),
            message: format!("{subject} the {kind} `{name}`{place}, which is not in the stream"),
            remedy: format!("{hint}add it, say that others bring it: {external}"),
        });
    }
}

/// Reports the keys that present objects lack.
pub(super) fn missing_keys(to: To, world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let with_keys = |reference: &&Reference| !reference.optional && !reference.parts.is_empty();
    for reference in world.references(to).filter(with_keys) {
        let Some(object) = world.stream.object(reference.object) else { continue };
        let mut makers = world.facts.makers_of(reference, Near::Possible);
        match world.follow(reference) {
            Answer::Here(objects) => {
                makers.extend(objects.iter().filter_map(|object| world.facts.makers().standing(object)));
            }
            Answer::Elsewhere if makers.iter().any(|maker| maker.made.creates) => {}
            _ => continue,
        }
        // Nobody knows what may be there besides.
        if makers.iter().any(|maker| maker.made.open) {
            continue;
        }
        let keys_of = |maker: &&Maker| maker.made.keys.iter().map(|(key, _)| key.to_owned()).collect::<Vec<_>>();
        let keys: Vec<String> = makers.iter().flat_map(keys_of).collect();
        for pointer in &reference.parts {
            let Some(key) = object.root().at_pointer(pointer).and_then(Node::as_str) else { continue };
            if keys.iter().any(|there| *there == key) {
                continue;
            }
            let hint = suggest::or_else(&key, keys.iter().map(String::as_str));
            let (subject, Reference { kind, name, .. }) = (reference.subject(world.facts), reference);
            let has = list(&keys);
            findings.add(Found {
                object,
                container: reference.container.clone(),
                pointer: pointer.clone(),
                name: key.clone().into_owned(),
                message: format!("{subject} the key `{key}` of the {kind} `{name}`, which has {has}"),
                remedy: format!("{hint}add the key"),
            });
        }
    }
}
