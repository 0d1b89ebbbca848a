//! BackendTLSPolicies: how a Gateway encrypts to the pods of a Service.

use krmor_core::facts;
use krmor_core::facts::gateways::GATEWAY;
use krmor_core::fields;
use krmor_core::manifest::Manifest;
use krmor_core::reconcile::{Field, Item, Ownership, Refusal, Step};
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId};
use krmor_yaml::Node;
use serde_json::{Value, json};

use super::World;
use crate::exposure::backends::Backend;
use crate::exposure::object::{self, metadata, step};
use crate::exposure::spec::BackendTls;

const KIND: &str = "BackendTLSPolicy";

impl World<'_> {
    /// One for each Service.
    pub(super) fn policies(&self, tls: &BackendTls, report: &mut Report) -> Vec<Step> {
        let mut seen: Vec<(ObjectId, i128)> = Vec::new();
        let mut all = Vec::new();
        for backend in &self.plan.backends {
            if !seen.contains(&(backend.service, backend.port.port)) {
                seen.push((backend.service, backend.port.port));
                all.push(backend);
            }
        }
        let is_only = all.len() == 1;
        all.into_iter().filter_map(|backend| self.policy(tls, backend, is_only, report)).collect()
    }

    fn policy(&self, tls: &BackendTls, backend: &Backend, is_only: bool, report: &mut Report) -> Option<Step> {
        let kept = Kept { world: self, backend };
        let here = |object: &Object<'_>| facts::share_namespace(object, &self.serves) && kept.is_for(object);
        let there = self.stream.of_kind(GATEWAY, KIND).filter(here);
        let existing = there.min_by_key(|object| object.name().into_owned());
        let mut name = self.name.clone();
        if !is_only {
            let port = Some(backend.port.name.as_str()).filter(|name| !name.is_empty());
            name = format!("{name}-{}-{}", backend.name, port.map_or(backend.port.port.to_string(), str::to_owned));
        }
        let authorities =
            tls.ca_config_map.as_ref().map(|name| json!([{"group": "", "kind": "ConfigMap", "name": name.as_str()}]));
        let there =
            |key: &str| existing.is_some_and(|object| object.root().find(&["spec", "validation", key]).is_some());
        let mut validation = fields!({"hostname": tls.hostname.as_str()});
        // The API takes one of the two.
        match (authorities, validation.as_object_mut()) {
            (Some(refs), Some(fields)) => {
                fields.insert("caCertificateRefs".to_owned(), refs);
                if existing.is_some() {
                    fields.insert("wellKnownCACertificates".to_owned(), Value::Null);
                }
            }
            (None, Some(fields)) if !there("caCertificateRefs") && !there("wellKnownCACertificates") => {
                fields.insert("wellKnownCACertificates".to_owned(), json!("System"));
            }
            _ => {}
        }
        let section = Some(backend.port.name.as_str()).filter(|name| !name.is_empty());
        let target = fields!({"group": "", "kind": "Service", "name": backend.name.as_str(), "sectionName": section});
        let spec = fields!({"targetRefs": [target], "validation": validation});
        let metadata = metadata(&self.serves, name, &std::collections::BTreeMap::new());
        let policy = Manifest { api_version: "gateway.networking.k8s.io/v1", kind: KIND, metadata, spec };
        let reason = format!("the Gateway encrypts to Service {}, and compares its certificate", backend.name);
        Some(step(policy.to_value().ok()?, &self.serves, existing, &kept, reason, (self.stream, report)))
    }
}

/// How a policy that is there is compared.
struct Kept<'a> {
    world: &'a World<'a>,
    backend: &'a Backend,
}

impl Kept<'_> {
    /// Whether an item of `targetRefs` is the port of the Service, or the whole of it.
    fn is_target(&self, item: Node<'_>) -> bool {
        let text = |key: &str| item.get(key).and_then(Node::as_str).unwrap_or_default();
        let section = text("sectionName");
        text("kind") == "Service"
            && self.world.names("Service", "", &text("name"), &self.backend.name)
            && (section.is_empty() || section == self.backend.port.name)
    }

    fn is_for(&self, policy: &Object<'_>) -> bool {
        let targets = policy.root().find(&["spec", "targetRefs"]).into_iter().flat_map(Node::items);
        targets.into_iter().any(|item| self.is_target(item))
    }
}

impl Ownership for Kept<'_> {
    fn field(&self, pattern: &str, _: Node<'_>, _: &Value) -> Field {
        match pattern {
            "/spec/targetRefs" => Field::Keep,
            _ => Field::Parts,
        }
    }

    fn item(&self, _: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let name = wanted.get(number).and_then(|one| one.get("name")).and_then(Value::as_str).unwrap_or_default();
        let same = |item: Node<'_>| {
            let text = |key: &str| item.get(key).and_then(Node::as_str).unwrap_or_default();
            let kind = text("kind");
            self.world.names(&kind, "", &text("name"), name)
        };
        match Item::find(list, same) {
            Item::Absent => Item::Refuse,
            found => found,
        }
    }

    fn refusal(&self, wanted: &Value) -> Option<Refusal> {
        Some(object::refusal(wanted))
    }
}
