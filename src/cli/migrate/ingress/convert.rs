//! Ingresses of one kustomization, as routes, listeners and policies.
//!
//! All Ingresses are looked at together, as ingress-nginx does: a host has one server, whoever's its paths are.

use serde_json::{Map, Value, json};

use super::annotations::{LOSSES, Treatment};
use super::hosts::{self, Hosts};
use super::listeners::{self, Parents};
use super::model::Ingress;
use super::rules;
use super::settings::{self, Note, Protocol, Settings};

/// Where the routes attach.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// A Gateway of this class is written.
    Own { class: String },
    /// A Gateway that is there, and its listeners for HTTPS and plain HTTP.
    Existing { namespace: String, name: String, section: Option<String>, http_section: Option<String> },
    /// A ListenerSet is written for a Gateway that is there.
    ListenerSet { namespace: String, name: String },
}

/// Who signs the certificates of backends that speak TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    System,
    ConfigMap(String),
}

#[derive(Clone, Debug)]
pub(super) struct Wants {
    pub(super) target: Target,
    pub(super) timeouts: bool,
    pub(super) authority: Option<Authority>,
}

/// An object that an Ingress becomes.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) ingress: usize,
    pub(super) value: Value,
}

#[derive(Debug, Default)]
pub(super) struct Converted {
    pub(super) made: Vec<Made>,
    pub(super) notes: Vec<Note>,
}

/// What all parts of a conversion see.
pub(super) struct Context<'a> {
    pub(super) ingresses: &'a [Ingress],
    pub(super) settings: Vec<Settings>,
    pub(super) wants: &'a Wants,
    pub(super) notes: Vec<Note>,
}

impl Context<'_> {
    pub(super) fn refuse(&mut self, ingress: usize, pointer: &str, name: &str, says: String, remedy: &str) {
        let note = Note {
            ingress,
            pointer: pointer.to_owned(),
            name: name.to_owned(),
            treatment: Treatment::Refused,
            says,
            remedy: Some(remedy.to_owned()),
        };
        self.note(note);
    }

    pub(super) fn lose(&mut self, ingress: usize, pointer: &str, name: &'static str) {
        let says = LOSSES.iter().find(|(own, _)| *own == name).map_or("", |(_, says)| says).to_owned();
        let note = Note {
            ingress,
            pointer: pointer.to_owned(),
            name: name.to_owned(),
            treatment: Treatment::Lost,
            says,
            remedy: None,
        };
        self.note(note);
    }

    fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(super) fn namespace(&self, ingress: usize) -> Option<&str> {
        self.ingresses.get(ingress).and_then(|ingress| ingress.effective.as_deref())
    }

    /// `metadata` of an object that an Ingress becomes.
    pub(super) fn metadata(&self, ingress: usize, name: &str, annotations: Map<String, Value>) -> Value {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(name));
        if let Some(ingress) = self.ingresses.get(ingress) {
            metadata.extend(ingress.namespace.as_ref().map(|name| ("namespace".to_owned(), json!(name))));
            if !ingress.labels.is_empty() {
                metadata.insert("labels".to_owned(), Value::Object(ingress.labels.clone()));
            }
        }
        if !annotations.is_empty() {
            metadata.insert("annotations".to_owned(), Value::Object(annotations));
        }
        Value::Object(metadata)
    }

    /// The annotations of an Ingress's routes.
    fn route_annotations(&self, ingress: usize) -> Map<String, Value> {
        let settings = self.settings.get(ingress);
        let all = settings.into_iter().flat_map(|settings| settings.every.iter().chain(&settings.route));
        all.map(|(key, value)| (key.clone(), json!(value))).collect()
    }
}

/// Converts Ingresses; what cannot be converted is among the notes.
pub(super) fn convert(ingresses: &[Ingress], wants: &Wants) -> Converted {
    let mut notes = Vec::new();
    let settings =
        ingresses.iter().enumerate().map(|(number, one)| settings::read(number, one, wants.timeouts, &mut notes));
    let settings = settings.collect();
    let mut context = Context { ingresses, settings, wants, notes };
    for (number, ingress) in ingresses.iter().enumerate() {
        for (pointer, message, remedy) in &ingress.problems {
            context.refuse(number, pointer, "backend", message.clone(), remedy);
        }
        if ingress.name.is_empty() {
            let says = "the Ingress has no name, or one that the API server makes up".to_owned();
            context.refuse(number, "/metadata", "name", says, "write `metadata.name`");
        }
        // A route may be called `…-redirect`, a policy `…-backend-10`.
        if ingress.name.len() > 240 {
            let says = "the names of what it becomes would be too long".to_owned();
            context.refuse(number, "/metadata/name", "name", says, "give it a name of at most 240 characters");
        }
        if ingress.default.is_none() && ingress.rules.iter().all(|rule| rule.paths.is_empty()) {
            let says = "the Ingress serves nothing here: it has neither paths nor a default backend".to_owned();
            let way = "remove it; or, where overlays add them, write those of one overlay here";
            context.refuse(number, "/spec", "paths", says, way);
        }
    }
    let mut hosts = Hosts::of(&mut context);
    let parents = Parents::of(&mut context, &mut hosts);
    let mut made = Vec::new();
    for number in 0..ingresses.len() {
        made.extend(listeners::objects(&mut context, &parents, &hosts, number));
        made.extend(policies(&mut context, number));
        made.extend(routes(&mut context, &parents, &hosts, number));
    }
    Converted { made, notes: context.notes }
}

/// The routes of one Ingress, the redirect of plain HTTP last.
fn routes(context: &mut Context<'_>, parents: &Parents, hosts: &Hosts, number: usize) -> Vec<Made> {
    let groups = hosts::groups(rules::of(context, hosts, number));
    let annotations = context.route_annotations(number);
    let name = context.ingresses.get(number).map(|one| one.name.clone()).unwrap_or_default();
    let mut made = Vec::new();
    let mut route =
        |context: &Context<'_>, kind: &str, name: String, refs: Vec<Value>, names: Vec<&str>, rules: &[Value]| {
            let mut spec = Map::new();
            spec.insert("parentRefs".to_owned(), json!(refs));
            if !names.is_empty() {
                spec.insert("hostnames".to_owned(), json!(names));
            }
            spec.insert("rules".to_owned(), json!(rules));
            let metadata = context.metadata(number, &name, annotations.clone());
            let value =
                json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec});
            made.push(Made { ingress: number, value });
        };
    let mut count = 0;
    for group in &groups {
        for part in group.hosts.chunks(16) {
            for rules in group.rules.chunks(16) {
                count += 1;
                let refs = parents.references(context, hosts, number, part, group.kind);
                let names = part.iter().flat_map(|host| hosts.names(*host)).collect();
                let name = if count == 1 { name.clone() } else { format!("{name}-{count}") };
                route(context, group.kind, name, refs, names, rules);
            }
        }
    }
    let redirected: Vec<usize> = hosts.redirected_by(context, number);
    for (count, part) in redirected.chunks(16).enumerate() {
        let refs = parents.plain_references(context, hosts, number, part);
        let names: Vec<&str> = part.iter().flat_map(|host| hosts.names(*host)).collect();
        let name = if count == 0 { format!("{name}-redirect") } else { format!("{name}-redirect-{}", count + 1) };
        let filter = json!({"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 308}});
        let matches = rules::redirected(context, hosts, number, part);
        let rules: Vec<Value> =
            matches.into_iter().map(|matches| json!({"matches": [matches], "filters": [filter]})).collect();
        route(context, "HTTPRoute", name, refs, names, &rules);
    }
    made
}

/// The BackendTLSPolicies of one Ingress.
fn policies(context: &mut Context<'_>, number: usize) -> Vec<Made> {
    let is_tls = |settings: &Settings| settings.protocol.is_tls() && settings.canary.is_none();
    let Some(own) = context.settings.get(number).filter(|settings| is_tls(settings)).cloned() else {
        return Vec::new();
    };
    let at = "/metadata/annotations/nginx.ingress.kubernetes.io~1backend-protocol";
    let services = |number: usize| -> Vec<String> {
        let Some(ingress) = context.ingresses.get(number) else { return Vec::new() };
        let paths = ingress.rules.iter().flat_map(|rule| &rule.paths).map(|path| &path.backend);
        let mut names: Vec<String> = paths.chain(&ingress.default).map(|backend| backend.service.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let mut wanted = services(number);
    let mut problem = None;
    for (other, settings) in context.settings.iter().enumerate().filter(|(other, _)| *other != number) {
        let there = services(other);
        let together = context.namespace(other) == context.namespace(number);
        let shared = wanted.iter().find(|name| together && there.contains(name)).cloned();
        if settings.canary.is_none() && settings.protocol.is_tls() {
            // One policy for a Service is enough; the first Ingress has it.
            wanted.retain(|name| !(other < number && together && there.contains(name)));
        } else if let (Some(name), None) = (shared, &settings.canary) {
            problem = Some(name);
        }
    }
    if let Some(name) = problem {
        let says = format!(
            "another Ingress speaks plain HTTP to the Service `{name}`, and a BackendTLSPolicy is for all who do"
        );
        context.refuse(
            number,
            at,
            "backend-protocol",
            says,
            "give both the same protocol, or the backend two Services",
        );
        return Vec::new();
    }
    let Some(authority) = context.wants.authority.clone() else {
        let says =
            "ingress-nginx does not verify the backend's certificate unless told; a BackendTLSPolicy always does"
                .to_owned();
        let way = "say who signed it: --backend-ca system, or --backend-ca NAME for the ConfigMap with `ca.crt` in the namespace of the Ingress";
        context.refuse(number, at, "backend-protocol", says, way);
        return Vec::new();
    };
    let one = |targets: Vec<String>, hostname: &str, count: usize, context: &Context<'_>| {
        let refs: Vec<Value> =
            targets.iter().map(|name| json!({"group": "", "kind": "Service", "name": name})).collect();
        let validation = match &authority {
            Authority::System => json!({"wellKnownCACertificates": "System", "hostname": hostname}),
            Authority::ConfigMap(name) => {
                json!({"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": name}], "hostname": hostname})
            }
        };
        let base = context.ingresses.get(number).map(|one| one.name.as_str()).unwrap_or_default();
        let name = if count == 0 { format!("{base}-backend") } else { format!("{base}-backend-{}", count + 1) };
        let every = own.every.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
        let metadata = context.metadata(number, &name, every);
        let value = json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "BackendTLSPolicy", "metadata": metadata,
            "spec": {"targetRefs": refs, "validation": validation},
        });
        Made { ingress: number, value }
    };
    match (&own.backend_name, context.namespace(number)) {
        (Some(name), _) => {
            wanted.chunks(16).enumerate().map(|(count, part)| one(part.to_vec(), name, count, context)).collect()
        }
        (None, Some(namespace)) => {
            let named = |(count, name): (usize, &String)| {
                one(vec![name.clone()], &format!("{name}.{namespace}.svc"), count, context)
            };
            wanted.iter().enumerate().map(named).collect()
        }
        (None, None) => {
            let says = "a BackendTLSPolicy needs the name that the backend's certificate has".to_owned();
            context.refuse(
                number,
                at,
                "backend-protocol",
                says,
                "set the annotation nginx.ingress.kubernetes.io/proxy-ssl-name",
            );
            Vec::new()
        }
    }
}

/// The kind of route for a protocol.
pub(super) fn route_kind(protocol: Protocol) -> &'static str {
    if protocol.is_grpc() { "GRPCRoute" } else { "HTTPRoute" }
}
