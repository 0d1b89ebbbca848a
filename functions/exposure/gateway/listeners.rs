//! The ListenerSet that a config asks for: a listener for each host, and one for its plain HTTP.

use krmor_core::facts;
use krmor_core::facts::gateways::GATEWAY;
use krmor_core::fields;
use krmor_core::kube::{NamespaceName, PortNumber};
use krmor_core::manifest::Manifest;
use krmor_core::reconcile::{Field, Item, Ownership, Refusal, Step};
use krmor_core::report::{Place, Report};
use krmor_core::stream::Object;
use krmor_yaml::Node;
use serde_json::{Value, json};

use super::World;
use crate::exposure::certificate;
use crate::exposure::object::{self, metadata, step};
use crate::exposure::plan::Plan;
use crate::exposure::rules;
use crate::exposure::spec::{Listeners, Termination, Tls};

impl World<'_> {
    /// The ports of the listeners, and what they speak: first that for requests, then that for what is redirected.
    pub(super) fn ports(&self) -> Vec<(u16, &'static str)> {
        let Some(Listeners { port, http_port }) = &self.gateway.listener_set else { return Vec::new() };
        let plain = (http_port.map_or(80, PortNumber::get), "HTTP");
        let secure = |protocol| (port.map_or(443, PortNumber::get), protocol);
        match self.plan.spec.encryption() {
            None => vec![plain],
            Some(tls) => {
                let passes = tls.termination == Termination::Passthrough;
                let main = secure(if passes { "TLS" } else { "HTTPS" });
                std::iter::once(main).chain(tls.redirects().then_some(plain)).collect()
            }
        }
    }

    /// The names of the listeners for requests, or of those for what is redirected: one for each host.
    pub(super) fn sections(&self, redirects: bool) -> impl Iterator<Item = String> {
        let ports = self.ports();
        let speaks = if redirects { ports.last() } else { ports.first() };
        let base = speaks.map_or_else(String::new, |(_, protocol)| protocol.to_ascii_lowercase());
        let name = move |at| if at == 0 { base.clone() } else { format!("{base}-{}", at + 1) };
        (0..self.hosts.len()).map(name)
    }

    /// The ListenerSet; `None` when it cannot be.
    pub(super) fn listener_set(&self, report: &mut Report) -> Option<Step> {
        let tls = self.plan.spec.encryption();
        let mut annotations = self.plan.annotations();
        let ends_here = tls.filter(|tls| tls.termination != Termination::Passthrough);
        if let Some((key, issuer)) = ends_here.and_then(certificate::issuer) {
            annotations.insert(key, issuer);
            let message = "cert-manager reads ListenerSets only with its feature gate `ListenerSets`";
            report.add(&rules::CERTIFICATE, Place::Config("/tls/issuer".to_owned()), message, "see that it is on");
        }
        let secret = ends_here.map(|tls| certificate::secret(tls, &self.name));
        let mut listeners = Vec::new();
        for (at, (port, protocol)) in self.ports().into_iter().enumerate() {
            for (name, host) in self.sections(at > 0).zip(&self.hosts) {
                let tls = match (protocol, &secret) {
                    ("HTTPS", Some(secret)) => {
                        let secret = json!([{"group": "", "kind": "Secret", "name": secret}]);
                        json!({"mode": "Terminate", "certificateRefs": secret})
                    }
                    ("TLS", _) => json!({"mode": "Passthrough"}),
                    _ => Value::Null,
                };
                listeners.push(fields!({
                    "name": name,
                    "hostname": host.as_str(),
                    "port": port,
                    "protocol": protocol,
                    "tls": tls,
                    "allowedRoutes": json!({"namespaces": {"from": "Same"}}),
                }));
            }
        }
        let (name, namespace) = (self.gateway.name.as_str(), self.gateway.namespace.as_ref());
        let parent = fields!({
            "group": GATEWAY, "kind": "Gateway", "name": name, "namespace": namespace.map(NamespaceName::as_str),
        });
        let spec = fields!({"parentRef": parent, "listeners": listeners});
        let metadata = metadata(&self.serves, self.name.clone(), &annotations);
        let set = Manifest { api_version: "gateway.networking.k8s.io/v1", kind: "ListenerSet", metadata, spec };
        let here = |object: &Object<'_>| facts::share_namespace(object, &self.serves);
        let existing = self.stream.named(GATEWAY, "ListenerSet", &self.name).find(here);
        if let Some(tls) = ends_here.filter(|tls| tls.issuer.is_none() && existing.is_none()) {
            certificate::find(&self.serves, self.stream, &certificate::secret(tls, &self.name), report);
        }
        let reason = format!("the Gateway gets listeners for {}", Plan::all(&self.hosts));
        Some(step(set.to_value().ok()?, &self.serves, existing, &Kept { world: self }, reason, (self.stream, report)))
    }
}

/// How a ListenerSet that is there is compared: listeners by their names.
struct Kept<'a> {
    world: &'a World<'a>,
}

impl Ownership for Kept<'_> {
    fn field(&self, pattern: &str, there: Node<'_>, _: &Value) -> Field {
        let text = there.as_str().unwrap_or_default();
        match pattern {
            "/spec/parentRef/name" => {
                Field::keep_if(self.world.names("Gateway", GATEWAY, &text, self.world.gateway.name.as_str()))
            }
            "/spec/listeners/*/allowedRoutes" => Field::Keep,
            "/spec/listeners/*/tls/certificateRefs"
                if self.world.plan.spec.tls.as_ref().is_none_or(|tls: &Tls| tls.secret_name.is_none()) =>
            {
                Field::Keep
            }
            _ => Field::Parts,
        }
    }

    fn item(&self, _: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let name = wanted.get(number).and_then(|one| one.get("name")).and_then(Value::as_str).unwrap_or_default();
        Item::find(list, |item| item.get("name").and_then(Node::as_str).is_some_and(|own| own == name))
    }

    fn refusal(&self, wanted: &Value) -> Option<Refusal> {
        Some(object::refusal(wanted))
    }
}
