//! `references/*`: what one object says about another, and the other one does not hold.
//!
//! `pods` and `objects` collect the references; `made` knows what objects of the stream will make. A rule about an object
//! that is not there is a warning by default, since something else may bring it; a rule about a key or port that a
//! present object lacks is an error.

pub(super) mod config_map;
pub(super) mod config_map_key;
pub(super) mod disruption_budget;
pub(super) mod made;
pub(super) mod objects;
pub(super) mod persistent_volume_claim;
pub(super) mod pod_monitor;
pub(super) mod pod_monitor_port;
pub(super) mod pods;
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

use std::borrow::Cow;
use std::collections::HashMap;

use self::made::Maker;
use super::findings::{Findings, Found, pattern};
use super::world::{World, may_be_in, may_share};
use krmor_core::lookup;
use krmor_core::stream::{Object, ObjectId};
use krmor_core::suggest;
use krmor_yaml::Node;

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// One object names another.
pub(super) struct Reference<'a> {
    pub(super) from: Object<'a>,
    /// The container that needs it, if one does.
    pub(super) container: Option<String>,
    /// Who refers, as a sentence's subject with its verb: ``volume `cfg` mounts``.
    pub(super) subject: String,
    /// Where the name stands.
    pub(super) pointer: String,
    pub(super) to: To,
    pub(super) group: Cow<'a, str>,
    pub(super) kind: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    /// The namespace that is named; else it is that of the object itself.
    pub(super) namespace: Option<Cow<'a, str>>,
    /// What must be in it, and where that is said: keys, or one port.
    pub(super) parts: Vec<(String, Node<'a>)>,
    pub(super) optional: bool,
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

/// What every namespace or cluster has.
const WELL_KNOWN: &[(To, &str)] = &[
    (To::ServiceAccount, "default"),
    (To::ConfigMap, "kube-root-ca.crt"),
    (To::ConfigMap, "openshift-service-ca.crt"),
    (To::Service, "kubernetes"),
    (To::Role, "admin"),
    (To::Role, "cluster-admin"),
    (To::Role, "edit"),
    (To::Role, "view"),
];

impl<'a> World<'a> {
    /// What makes the object that a reference leads to, or gives it keys.
    fn makers(&self, reference: &Reference<'a>) -> Vec<&Maker<'a>> {
        self.made.of_name(reference.to, &reference.name, |maker| is_near(reference, maker))
    }

    /// Follows a reference.
    pub(super) fn follow(&self, reference: &Reference<'a>) -> Answer<'a> {
        let Reference { from, to, group, kind, name, namespace, .. } = reference;
        let near = |object: &Object<'a>| is_near(reference, object);
        let mut here: Vec<Object<'a>> = self.stream.named(group, kind, name).filter(near).collect();
        // Certainly in the same namespace goes before perhaps; of those that only may be meant, all count.
        let certain = |object: &Object<'a>| match namespace {
            Some(namespace) => lookup::in_namespace(object, namespace),
            None => lookup::share_namespace(from, object),
        };
        if here.iter().any(certain) {
            here.retain(certain);
            if let Some(one) = lookup::choose(from, &here, name) {
                here = vec![one];
            }
        }
        // What can be no name is a parameter that someone fills in later.
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_'));
        let is_known = WELL_KNOWN.contains(&(*to, name)) || *to == To::Role && name.starts_with("system:");
        let is_external = || {
            let namespace = namespace.clone().unwrap_or_else(|| from.namespace());
            self.spec.references.external.iter().any(|external| {
                let matches = |pattern: &Option<super::values::Pattern>, text: &str| {
                    pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
                };
                external.kind == *kind && matches(&external.name, name) && matches(&external.namespace, &namespace)
            })
        };
        let is_foreign = || namespace.as_ref().is_some_and(|namespace| !self.has_namespace(namespace));
        match here.is_empty() {
            false => Answer::Here(here),
            true if name.is_empty() || !is_name || is_known => Answer::Elsewhere,
            true if made::is_made(&self.makers(reference)) || is_external() || is_foreign() => Answer::Elsewhere,
            true => Answer::Nowhere,
        }
    }

    /// Asks whether an object near `reference` was meant.
    fn hint(&self, reference: &Reference<'a>) -> String {
        let objects = self.stream.of_kind(&reference.group, &reference.kind);
        let near = objects.filter(|object| may_share(&reference.from, object));
        let names: Vec<Cow<'_, str>> = near.map(|object| object.name()).collect();
        suggest::or_else(&reference.name, names.iter().map(Cow::as_ref))
    }
}

/// Whether an object may be where a reference looks.
fn is_near(reference: &Reference<'_>, object: &Object<'_>) -> bool {
    match (reference.to, &reference.namespace) {
        (To::Role, _) if reference.kind.starts_with("Cluster") => true,
        (_, Some(namespace)) => may_be_in(object, namespace),
        (_, None) => may_share(&reference.from, object),
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
pub(super) fn missing(to: To, world: &World<'_>, findings: &mut Findings<'_>) {
    let mut said: HashMap<(ObjectId, Option<&str>, &str), bool> = HashMap::new();
    for reference in world.references.iter().filter(|reference| reference.to == to && !reference.optional) {
        let key = (reference.from.id(), reference.container.as_deref(), reference.name.as_ref());
        if said.insert(key, true).is_some() || !matches!(world.follow(reference), Answer::Nowhere) {
            continue;
        }
        let Reference { subject, kind, name, namespace, .. } = reference;
        let place = namespace.as_ref().map_or_else(String::new, |namespace| format!(" of namespace `{namespace}`"));
        let what = if kind.is_empty() { "object" } else { kind };
        let hint = world.hint(reference);
        let external = format!("references: {{external: [{{kind: {what}, name: {}}}]}}", pattern(name));
        findings.add(Found {
            object: reference.from,
            container: reference.container.clone(),
            pointer: reference.pointer.clone(),
            name: name.clone().into_owned(),
            message: format!("{subject} the {what} `{name}`{place}, which is not in the stream"),
            remedy: format!("{hint}add it, say that others bring it: {external}"),
        });
    }
}

/// Reports the keys that present objects lack.
pub(super) fn missing_keys(to: To, world: &World<'_>, findings: &mut Findings<'_>) {
    let with_keys =
        |reference: &&Reference<'_>| reference.to == to && !reference.optional && !reference.parts.is_empty();
    for reference in world.references.iter().filter(with_keys) {
        let makers = world.makers(reference);
        let objects = match world.follow(reference) {
            Answer::Here(objects) => objects,
            Answer::Elsewhere if made::is_made(&makers) => Vec::new(),
            _ => continue,
        };
        let of_makers: Option<Vec<&[String]>> = makers.iter().map(|maker| maker.keys.as_deref()).collect();
        let Some(of_makers) = of_makers.filter(|_| !objects.iter().any(made::is_filled)) else { continue };
        let maps = objects.iter().flat_map(|object| made::KEYS.iter().filter_map(|field| object.root().get(field)));
        let keys = maps.flat_map(Node::entries).map(|(key, _)| key.into_owned());
        let keys: Vec<String> = keys.chain(of_makers.concat()).collect();
        for (pointer, key) in &reference.parts {
            let Some(key) = key.as_str().filter(|key| !keys.iter().any(|there| there == key)) else { continue };
            let hint = suggest::or_else(&key, keys.iter().map(String::as_str));
            let Reference { subject, kind, name, .. } = reference;
            let has = list(&keys);
            findings.add(Found {
                object: reference.from,
                container: reference.container.clone(),
                pointer: pointer.clone(),
                name: key.clone().into_owned(),
                message: format!("{subject} the key `{key}` of the {kind} `{name}`, which has {has}"),
                remedy: format!("{hint}add the key"),
            });
        }
    }
}
