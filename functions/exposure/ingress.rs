//! An Ingress for all paths.

use crate::exposure::rules;
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend, IngressSpec,
    IngressTLS, ServiceBackendPort,
};
use krmor_core::reconcile::{Field, Item, Ownership, Refusal, Step};
use krmor_core::report::Place;
use krmor_core::rules as common;
use krmor_core::values::integer;
use krmor_yaml::escape_token;
use serde_json::Value;

use super::backends::Backend;
use super::controllers;
use super::existing;
use super::object::{self, metadata, port_number, step};
use super::plan::Plan;
use super::spec::{IssuerKind, Termination, Tls};
use krmor_core::kube::{PortName, ServicePort};
use krmor_core::manifest::Manifest;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

/// The Ingress that is wanted.
pub(super) fn steps(plan: &Plan<'_>, stream: &Stream, found: &[ObjectId], report: &mut Report) -> Option<Vec<Step>> {
    if let [first, second, ..] = found {
        existing::report_second(stream, *second, Some(*first), report);
        return None;
    }
    let serves = plan.first(stream)?;
    let existing = found.first().and_then(|id| stream.object(*id));
    let host = host(plan, existing.as_ref());
    let tls = plan.spec.tls.as_ref().filter(|tls| tls.termination != Termination::None);
    if tls.is_some() && host.is_none() {
        let message = "TLS needs the host that the certificate is for";
        report.add(&common::CONFIG, Place::Config("/host".to_owned()), message, "add `host:`, or remove `tls`");
        return None;
    }
    let class = class(plan, existing.as_ref());
    let mut annotations = controllers::annotations(plan, stream, existing.as_ref(), class.as_deref(), report)?;
    annotations.extend(tls.and_then(issuer));
    for (key, own) in &plan.spec.annotations {
        if let Some(value) = annotations.get(key.as_str()).filter(|value| *value != own) {
            let message = format!("it contradicts `tls`, which makes it `{value}`");
            let place = Place::Config(format!("/annotations/{}", escape_token(key.as_str())));
            report.add(&common::CONFIG, place, message, "remove it, or change `tls`");
            return None;
        }
        annotations.insert(key.as_str().to_owned(), own.clone());
    }
    let name = plan.name_beside(&serves);
    // The certificate of connections that pass through is in the pods.
    let certificate = tls.filter(|tls| tls.termination != Termination::Passthrough);
    let secret = |tls: &Tls| tls.secret_name.as_ref().map_or(format!("{name}-tls"), |name| name.as_str().to_owned());
    let spec = IngressSpec {
        ingress_class_name: plan.spec.ingress_class_name.as_ref().map(|class| class.as_str().to_owned()),
        tls: certificate
            .map(|tls| vec![IngressTLS { hosts: host.clone().map(|host| vec![host]), secret_name: Some(secret(tls)) }]),
        rules: Some(vec![IngressRule {
            host: host.clone(),
            http: Some(HTTPIngressRuleValue { paths: plan.longest_first().into_iter().map(path).collect() }),
        }]),
        ..IngressSpec::default()
    };
    let ingress = Manifest::of::<Ingress>(metadata(&serves, name.clone(), &annotations), spec).to_value().ok()?;
    if let Some(tls) = certificate.filter(|tls| tls.issuer.is_none() && existing.is_none()) {
        find_certificate(&serves, stream, &secret(tls), report);
    }
    let kept = Kept { plan, stream, host: host.as_deref(), class: class.as_deref() };
    let reason = plan.reason(stream, host.as_deref());
    Some(vec![step(ingress, &serves, existing, &kept, reason, (stream, report))])
}

/// The host of the config, else that of the Ingress that is there.
fn host(plan: &Plan<'_>, existing: Option<&Object<'_>>) -> Option<String> {
    let own = plan.spec.host.as_ref().map(|host| host.as_str().to_owned());
    own.or_else(|| {
        let mut rules = existing?.root().find(&["spec", "rules"])?.items();
        rules.find_map(|rule| rule.get("host")?.as_str()).map(std::borrow::Cow::into_owned)
    })
}

/// The class of the config, else that of the Ingress that is there.
fn class(plan: &Plan<'_>, existing: Option<&Object<'_>>) -> Option<String> {
    let own = plan.spec.ingress_class_name.as_ref().map(|class| class.as_str().to_owned());
    own.or_else(|| {
        let existing = existing?;
        let class = existing.root().find(&["spec", "ingressClassName"]).and_then(Node::as_str);
        class.or_else(|| existing.annotation(controllers::CLASS)).map(std::borrow::Cow::into_owned)
    })
}

fn path(backend: &Backend) -> HTTPIngressPath {
    let number = ServiceBackendPort { number: Some(port_number(backend.port.port)), name: None };
    // The API takes longer names in a Service than here.
    let by_name = !matches!(backend.asked, Some(ServicePort::Number(_))) && PortName::fits(&backend.port.name);
    let port = match by_name {
        true => ServiceBackendPort { name: Some(backend.port.name.clone()), number: None },
        false => number,
    };
    HTTPIngressPath {
        path: Some(backend.path.as_str().to_owned()),
        path_type: backend.path_type.name().to_owned(),
        backend: IngressBackend {
            service: Some(IngressServiceBackend { name: backend.name.clone(), port: Some(port) }),
            resource: None,
        },
    }
}

/// How cert-manager is told which issuer signs the certificate.
fn issuer(tls: &Tls) -> Option<(String, String)> {
    let issuer = tls.issuer.as_ref()?;
    let key = match issuer.kind {
        IssuerKind::ClusterIssuer => "cert-manager.io/cluster-issuer",
        IssuerKind::Issuer => "cert-manager.io/issuer",
    };
    Some((key.to_owned(), issuer.name.as_str().to_owned()))
}

/// Says that nothing in the stream makes the Secret with the certificate.
fn find_certificate(serves: &Object<'_>, stream: &Stream, secret: &str, report: &mut Report) {
    let makes = |object: &Object<'_>| {
        let named = |path: &[&str]| object.root().find(path).and_then(Node::as_str).is_some_and(|name| name == secret);
        match object.kind().as_ref() {
            "Secret" => object.is_named(secret),
            "Certificate" => named(&["spec", "secretName"]),
            _ => named(&["spec", "destination", "name"]) || named(&["spec", "target", "name"]),
        }
    };
    if !stream.objects().any(|object| makes(&object)) {
        let message = format!("the certificate is to be in the Secret `{secret}`, which nothing of the stream makes");
        report.add(&rules::CERTIFICATE, serves.at(""), message, "add `tls.issuer`, or see that it is there");
    }
}

/// How an Ingress that is there is compared.
struct Kept<'a> {
    plan: &'a Plan<'a>,
    stream: &'a Stream,
    host: Option<&'a str>,
    class: Option<&'a str>,
}

impl Kept<'_> {
    /// Whether an item of the list at `pattern` is about the same thing as the wanted one.
    fn is_same(&self, pattern: &str, item: Node<'_>, wanted: &Value) -> bool {
        let text = |key: &str| item.get(key).and_then(Node::as_str).unwrap_or_default();
        let asked = |key: &str| wanted.get(key).and_then(Value::as_str).unwrap_or_default();
        match pattern {
            "/spec/rules" => text("host") == self.host.unwrap_or_default(),
            "/spec/rules/*/http/paths" if asked("pathType") == "Exact" || text("pathType") == "Exact" => {
                text("pathType") == asked("pathType") && text("path") == asked("path")
            }
            "/spec/rules/*/http/paths" => text("path").trim_end_matches('/') == asked("path").trim_end_matches('/'),
            "/spec/tls" => {
                let mut hosts = item.get("hosts").into_iter().flat_map(Node::items);
                hosts.any(|host| host.as_str().as_deref() == self.host)
            }
            _ => item.as_str().is_some_and(|text| *wanted == *text),
        }
    }

    /// Whether a backend that is there is the Service and port that are wanted; `None` when that is not known.
    fn leads_there(&self, there: Node<'_>, wanted: &Value) -> Option<bool> {
        let backend = self.backend(wanted.get("name")?)?;
        let service = self.stream.object(backend.service)?;
        let name = there.get("name").and_then(Node::as_str).unwrap_or_default();
        let port = there.get("port")?;
        let number = port.get("number").and_then(integer) == Some(backend.port.port);
        let called = port.get("name").and_then(Node::as_str).is_some_and(|name| name == backend.port.name);
        Some(service.is_named(&name) && (number || called))
    }

    fn backend(&self, service: &Value) -> Option<&Backend> {
        self.plan.backends.iter().find(|backend| *service == backend.name.as_str())
    }
}

impl Ownership for Kept<'_> {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field {
        let own_secret = || self.plan.spec.tls.as_ref().is_some_and(|tls| tls.secret_name.is_some());
        match pattern {
            "/spec/ingressClassName" => Field::keep_if(self.class == Some(&there.as_str().unwrap_or_default())),
            "/spec/tls/*/secretName" if !own_secret() => Field::Keep,
            "/spec/rules/*/http/paths/*/path" | "/spec/rules/*/http/paths/*/pathType" => Field::Keep,
            "/spec/rules/*/http/paths/*/backend/service" => {
                self.leads_there(there, wanted).map_or(Field::Parts, Field::keep_if)
            }
            _ => Field::Parts,
        }
    }

    fn item(&self, pattern: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let wanted = wanted.get(number).unwrap_or(&Value::Null);
        let found = Item::find(list, |item| self.is_same(pattern, item, wanted));
        match (pattern, found) {
            ("/spec/rules", Item::Absent) if list.items().next().is_some() => Item::Refuse,
            (_, found) => found,
        }
    }

    fn refusal(&self, wanted: &Value) -> Option<Refusal> {
        Some(object::refusal(wanted))
    }
}
