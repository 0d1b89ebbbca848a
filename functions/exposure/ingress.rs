//! An Ingress for all hosts and paths.

use std::borrow::Cow;

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
use super::spec::Tls;
use super::{certificate, spec::Termination};
use krmor_core::facts::routes;
use krmor_core::kube::{PortName, ServicePort};
use krmor_core::manifest::Manifest;
use krmor_core::report::Report;
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_yaml::Node;

/// What is wanted, and where it is in the Ingress that is there.
#[derive(Default)]
struct Parts {
    rules: Vec<(IngressRule, Item)>,
    tls: Vec<(IngressTLS, Item)>,
}

/// What the steps go by.
struct World<'a> {
    plan: &'a Plan<'a>,
    stream: &'a Stream,
    existing: Option<Object<'a>>,
    /// Of the config, else of the Ingress that is there; none for any.
    hosts: Vec<String>,
    /// What the Ingress is called when it is made.
    name: String,
}

/// The Ingress that is wanted.
pub(super) fn steps(plan: &Plan<'_>, stream: &Stream, found: &[ObjectId], report: &mut Report) -> Option<Vec<Step>> {
    if let [first, second, ..] = found {
        existing::report_second(stream, *second, Some(*first), report);
        return None;
    }
    let serves = plan.first(stream)?;
    let existing = found.first().and_then(|id| stream.object(*id));
    if let Some((existing, key)) = existing.and_then(|one| Some((one, routes::narrowing(&one, None)?))) {
        let message = "by this annotation only some of the requests for its paths reach the pods".to_owned();
        let remedy = "expose the pods by another Ingress: give the config another `name`";
        let pointer = format!("/metadata/annotations/{}", escape_token(&key));
        report.add(&rules::CONFLICT, existing.at(&pointer), message, remedy);
        return None;
    }
    let hosts = hosts(plan, existing.as_ref());
    let world = World { plan, stream, existing, hosts, name: plan.name_beside(&serves) };
    let tls = plan.spec.encryption();
    let is_covered = || world.entries().any(|(_, entry)| covered(entry, None).is_some());
    if tls.is_some() && world.hosts.is_empty() && !is_covered() {
        let message = "TLS needs the host that the certificate is for";
        report.add(&common::CONFIG, Place::Config("/host".to_owned()), message, "add `host:`, or remove `tls`");
        return None;
    }
    let class = controllers::class(plan, existing.as_ref(), report)?;
    let mut annotations = controllers::annotations(plan, stream, existing.as_ref(), class.name.as_deref(), report)?;
    // The certificate of connections that pass through is in the pods.
    let ends_here = tls.filter(|tls| {
        tls.termination != Termination::Passthrough && !certificate::is_elsewhere(plan.spec, tls, existing.as_ref())
    });
    let mut parts = Parts { rules: world.rules(report)?, tls: Vec::new() };
    if let Some(tls) = ends_here {
        let is_asked = world.tls(tls, &mut parts, report)?;
        annotations.extend(certificate::issuer(tls).filter(|_| is_asked));
        let is_new = parts.tls.iter().any(|(_, item)| *item == Item::Absent);
        if is_new && tls.issuer.is_none() {
            certificate::find(&serves, stream, &certificate::secret(tls, &world.name), report);
        }
    }
    for (key, own) in &plan.spec.annotations {
        if let Some(value) = annotations.get(key.as_str()).filter(|value| *value != own) {
            let message = format!("it contradicts `tls` or `paths`, which make it `{value}`");
            let place = Place::Config(format!("/annotations/{}", escape_token(key.as_str())));
            report.add(&common::CONFIG, place, message, "remove it, or change `tls` or `paths`");
            return None;
        }
        annotations.insert(key.as_str().to_owned(), own.clone());
    }
    let filled = |list: Vec<IngressRule>| Some(list).filter(|list| !list.is_empty());
    let spec = IngressSpec {
        ingress_class_name: class.to_write,
        tls: Some(parts.tls.iter().map(|(entry, _)| entry.clone()).collect::<Vec<_>>()).filter(|list| !list.is_empty()),
        rules: filled(parts.rules.iter().map(|(rule, _)| rule.clone()).collect()),
        ..IngressSpec::default()
    };
    let ingress = Manifest::of::<Ingress>(metadata(&serves, world.name.clone(), &annotations), spec).to_value().ok()?;
    let reason = plan.reason(stream, &world.hosts);
    let kept = Kept { world: &world, parts: &parts, rewrites: existing.as_ref().is_some_and(controllers::rewrites) };
    Some(vec![step(ingress, &serves, existing, &kept, reason, (stream, report))])
}

/// The hosts of the config, else those of the Ingress that is there.
fn hosts(plan: &Plan<'_>, existing: Option<&Object<'_>>) -> Vec<String> {
    let own: Vec<String> = plan.spec.hosts().into_iter().map(str::to_owned).collect();
    match existing.filter(|_| own.is_empty()) {
        None => own,
        Some(existing) => {
            let rules = existing.root().find(&["spec", "rules"]).into_iter().flat_map(Node::items);
            let mut hosts: Vec<String> = Vec::new();
            for host in rules.filter_map(|rule| Some(rule.get("host")?.as_str()?.into_owned())) {
                if !host.is_empty() && !hosts.contains(&host) {
                    hosts.push(host);
                }
            }
            hosts
        }
    }
}

/// Whether a host of an Ingress is the wanted one, or a wildcard above it: that stands for one label.
fn covers(own: &str, host: &str) -> bool {
    let below = |end: &str| host.split_once('.').is_some_and(|(first, rest)| first != "*" && rest == end);
    own == host || own.strip_prefix("*.").is_some_and(below)
}

/// How an entry of `tls` covers a host: by its name, or by a wildcard or for every host, which is `false`.
fn covered(entry: Node<'_>, host: Option<&str>) -> Option<bool> {
    let mut hosts = entry.get("hosts").into_iter().flat_map(Node::items).filter_map(Node::as_str).peekable();
    if hosts.peek().is_none() {
        return Some(false);
    }
    let own = hosts.filter(|own| host.is_some_and(|host| covers(own, host)));
    own.map(|own| host == Some(&*own)).max()
}

impl<'a> World<'a> {
    fn list(&self, key: &str) -> Vec<Node<'a>> {
        let list = self.existing.and_then(|object| object.root().find(&["spec", key]));
        list.into_iter().flat_map(Node::items).collect()
    }

    fn entries(&self) -> impl Iterator<Item = (usize, Node<'a>)> {
        self.list("tls").into_iter().enumerate()
    }

    /// The rules that are wanted for the hosts. One that is there keeps its paths when the config names none.
    fn rules(&self, report: &mut Report) -> Option<Vec<(IngressRule, Item)>> {
        let paths = || HTTPIngressRuleValue { paths: self.plan.longest_first().into_iter().map(path).collect() };
        let there = self.list("rules");
        let text = |rule: &Node<'_>| rule.get("host").and_then(Node::as_str).unwrap_or_default().into_owned();
        let own: Vec<String> = there.iter().map(text).collect();
        let find = |host: Option<&str>| match host {
            None => own.iter().position(String::is_empty),
            Some(host) => {
                let by = [own.iter().position(|own| own == host), own.iter().position(|own| covers(own, host))];
                by.into_iter().flatten().next().or_else(|| own.iter().position(String::is_empty))
            }
        };
        let hosts: Vec<Option<&str>> = match self.hosts.as_slice() {
            [] => vec![None],
            hosts => hosts.iter().map(|host| Some(host.as_str())).collect(),
        };
        let is_known = there.is_empty() || hosts.iter().any(|host| find(*host).is_some());
        let mut rules = Vec::new();
        for host in hosts {
            let new = || IngressRule { host: host.map(str::to_owned), http: Some(paths()) };
            let asked = !self.plan.spec.paths.is_empty();
            let Some(at) = find(host) else {
                let by_default = || self.existing.and_then(|object| object.root().find(&["spec", "defaultBackend"]));
                let leads = !asked && by_default().is_some_and(|backend| self.leads(backend) == Some(true));
                match (leads, is_known) {
                    (true, _) => {}
                    (false, true) => rules.push((new(), Item::Absent)),
                    (false, false) => rules.push((new(), Item::Refuse)),
                }
                continue;
            };
            let here = there.get(at).and_then(|rule| rule.find(&["http", "paths"])).into_iter().flat_map(Node::items);
            let leads: Vec<bool> = here.filter_map(|path| self.leads(path.get("backend")?)).collect();
            if asked || leads.is_empty() {
                rules.push((IngressRule { host: None, http: Some(paths()) }, Item::At(at)));
            } else if !leads.contains(&true) {
                let existing = self.existing?;
                let backend = self.plan.backends.first()?;
                let wanted = serde_json::to_value(path(backend).backend.service).unwrap_or_default();
                let Refusal { rule, message, .. } = object::refusal(&wanted);
                let remedy = "name the port that is meant by `port:`, or the path to add by `paths:`";
                report.add(rule, existing.at(&format!("/spec/rules/{at}/http/paths")), message, remedy);
                return None;
            }
        }
        Some(rules)
    }

    /// Whether a backend that is there is a wanted Service, by the wanted port; `None` when it is another.
    fn leads(&self, there: Node<'_>) -> Option<bool> {
        let there = there.get("service").unwrap_or(there);
        let all = self.plan.backends.iter().map(|backend| self.leads_to(there, backend));
        all.flatten().max()
    }

    fn leads_to(&self, there: Node<'_>, backend: &Backend) -> Option<bool> {
        let name = there.get("name").and_then(Node::as_str).unwrap_or_default();
        let is_narrowed = || self.existing.is_some_and(|one| routes::narrowing(&one, Some(&name)).is_some());
        let service = self.stream.object(backend.service).filter(|one| one.is_named(&name) && !is_narrowed())?;
        let port = there.get("port")?;
        let number = port.get("number").and_then(integer) == Some(backend.port.port);
        let called = port.get("name").and_then(Node::as_str).is_some_and(|name| name == backend.port.name);
        Some((number || called) && service.is_named(&name))
    }

    /// The entries of `tls` that are wanted; whether cert-manager is to be asked. A host that an entry covers gets none.
    fn tls(&self, tls: &Tls, parts: &mut Parts, report: &mut Report) -> Option<bool> {
        let entry_of = |host: Option<&str>| {
            let all = self.entries().filter_map(|(at, entry)| Some((covered(entry, host)?, at)));
            all.max_by_key(|(by_name, at)| (*by_name, std::cmp::Reverse(*at)))
        };
        let none = [None];
        let hosts: Vec<Option<&str>> = self.hosts.iter().map(|host| Some(host.as_str())).collect();
        let hosts = if hosts.is_empty() { none.as_slice() } else { hosts.as_slice() };
        let (mut bare, mut wide, mut named) = (Vec::new(), Vec::new(), Vec::new());
        for host in hosts {
            match (entry_of(*host), host) {
                (None, Some(host)) => bare.push((*host).to_owned()),
                (Some((true, at)), _) => named.push(at),
                (Some((false, at)), _) => wide.push(at),
                (None, None) => {}
            }
        }
        for list in [&mut wide, &mut named] {
            list.sort_unstable();
            list.dedup();
        }
        let asks = tls.issuer.is_some() && !(bare.is_empty() && named.is_empty());
        if let (Some(at), Some(issuer), Some(existing)) = (wide.first(), &tls.issuer, self.existing) {
            let pointer = format!("/spec/tls/{at}");
            if asks {
                let message = format!(
                    "cert-manager, asked for `{}`, would issue the certificate of this entry too, which is for more hosts",
                    issuer.name.as_str()
                );
                let remedy = "let the entry cover all hosts, or give the config another `name`";
                report.add(&rules::CONFLICT, existing.at(&pointer), message, remedy);
                return None;
            }
            let message = "this entry covers the host: its Secret has the certificate, and `tls.issuer` is not asked";
            report.add(
                &rules::CERTIFICATE,
                existing.at(&pointer),
                message,
                "remove `tls.issuer`, or give the host an entry",
            );
        }
        let secret = certificate::secret(tls, &self.name);
        for at in named.iter().chain(&wide) {
            // The Secret of an entry is the user's; none is the controller's own certificate, unless cert-manager is asked.
            if tls.secret_name.is_some() || asks && named.contains(at) {
                let entry = IngressTLS { hosts: None, secret_name: Some(secret.clone()) };
                parts.tls.push((entry, Item::At(*at)));
            }
        }
        if !bare.is_empty() {
            parts.tls.push((IngressTLS { hosts: Some(bare), secret_name: Some(secret) }, Item::Absent));
        }
        Some(asks)
    }
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
        path_type: backend.path_type.of_ingress().to_owned(),
        backend: IngressBackend {
            service: Some(IngressServiceBackend { name: backend.name.clone(), port: Some(port) }),
            resource: None,
        },
    }
}

/// How an Ingress that is there is compared.
struct Kept<'a> {
    world: &'a World<'a>,
    parts: &'a Parts,
    /// Whether it takes paths for expressions, or rewrites them: another path would not mean there what it says.
    rewrites: bool,
}

impl Kept<'_> {
    /// Whether a path that is there is the wanted one.
    fn is_same(item: Node<'_>, wanted: &Value) -> bool {
        let text = |key: &str| item.get(key).and_then(Node::as_str).unwrap_or_default();
        let asked = |key: &str| wanted.get(key).and_then(Value::as_str).unwrap_or_default();
        let is_exact = |kind: Cow<'_, str>| kind == "Exact";
        match (is_exact(text("pathType")), asked("pathType")) {
            (is_exact, wanted) if is_exact != (wanted == "Exact") => false,
            (false, "Prefix") => text("path").trim_end_matches('/') == asked("path").trim_end_matches('/'),
            _ => text("path") == asked("path"),
        }
    }
}

impl Ownership for Kept<'_> {
    fn field(&self, pattern: &str, there: Node<'_>, wanted: &Value) -> Field {
        let own_secret = || self.world.plan.spec.tls.as_ref().is_some_and(|tls| tls.secret_name.is_some());
        match pattern {
            "/spec/tls/*/secretName" if !own_secret() => Field::Keep,
            "/spec/rules/*/http/paths/*/path" | "/spec/rules/*/http/paths/*/pathType" => Field::Keep,
            "/spec/rules/*/http/paths/*/backend/service" => {
                let backend = wanted
                    .get("name")
                    .and_then(|name| self.world.plan.backends.iter().find(|one| *name == one.name.as_str()));
                backend
                    .map_or(Field::Parts, |backend| Field::keep_if(self.world.leads_to(there, backend) == Some(true)))
            }
            _ => Field::Parts,
        }
    }

    fn item(&self, pattern: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let one = wanted.get(number).unwrap_or(&Value::Null);
        let item = match pattern {
            "/spec/rules" => self.parts.rules.get(number).map(|(_, item)| *item),
            "/spec/tls" => self.parts.tls.get(number).map(|(_, item)| *item),
            _ => None,
        };
        let item = item.unwrap_or_else(|| Item::find(list, |item| Self::is_same(item, one)));
        match (pattern, item) {
            ("/spec/rules" | "/spec/rules/*/http/paths", Item::Absent) if self.rewrites => Item::Refuse,
            (_, item) => item,
        }
    }

    fn refusal(&self, wanted: &Value) -> Option<Refusal> {
        let refusal = object::refusal(wanted);
        let is_path = wanted.get("pathType").is_some() || wanted.get("http").is_some();
        Some(match self.rewrites && is_path {
            true => Refusal {
                message:
                    "its annotations take paths for expressions, or rewrite them: another path would not mean there \
                          what the config says"
                        .to_owned(),
                remedy: "write the path into this Ingress by hand, or give the config another `name`",
                ..refusal
            },
            false => refusal,
        })
    }
}
