//! An Ingress as it is meant: what the API versions say in different words, in one.

use serde_json::{Map, Value};

use super::annotations::PREFIX;
use crate::values::go_bool;

/// What a path matches by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathType {
    Exact,
    Prefix,
    Specific,
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Backend {
    pub(super) service: String,
    pub(super) port: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathRule {
    pub(super) path: String,
    pub(super) kind: PathType,
    pub(super) backend: Backend,
    /// Where it stands in the object.
    pub(super) pointer: String,
}

/// The paths of one host; no host is every other one.
#[derive(Clone, Debug)]
pub(super) struct HostRule {
    pub(super) host: Option<String>,
    pub(super) paths: Vec<PathRule>,
    pub(super) pointer: String,
}

#[derive(Clone, Debug)]
pub(super) struct Tls {
    pub(super) hosts: Vec<String>,
    pub(super) secret: Option<String>,
    pub(super) pointer: String,
}

/// One Ingress, as it stands at some kustomization.
#[derive(Clone, Debug)]
pub(super) struct Ingress {
    pub(super) name: String,
    /// As written in the object.
    pub(super) namespace: Option<String>,
    /// As kustomizations set it so far.
    pub(super) effective: Option<String>,
    /// Ingresses of one group share a Gateway.
    pub(super) group: usize,
    pub(super) annotations: Vec<(String, String)>,
    pub(super) labels: Map<String, Value>,
    pub(super) default: Option<Backend>,
    pub(super) rules: Vec<HostRule>,
    pub(super) tls: Vec<Tls>,
    /// What could not be read, by pointer: message and remedy.
    pub(super) problems: Vec<(String, String, String)>,
}

/// The Service of this name beside an Ingress, where it is among the manifests.
pub(super) type Services<'a, 'v> = &'a dyn Fn(&str) -> Option<&'v Value>;

/// Whether an object is an Ingress of any version that a cluster ever had.
pub(super) fn is_ingress(value: &Value) -> bool {
    let api = text(value, "/apiVersion").unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    text(value, "/kind") == Some("Ingress") && matches!(group, "networking.k8s.io" | "extensions")
}

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The class that an Ingress asks for; the annotation is what older manifests have.
pub(super) fn class_of(value: &Value) -> Option<&str> {
    text(value, "/metadata/annotations/kubernetes.io~1ingress.class").or_else(|| text(value, "/spec/ingressClassName"))
}

impl Ingress {
    pub(super) fn read(value: &Value, effective: Option<&str>, group: usize, services: Services<'_, '_>) -> Self {
        let mut problems = Vec::new();
        let mut annotations = Vec::new();
        for (key, value) in value.pointer("/metadata/annotations").and_then(Value::as_object).into_iter().flatten() {
            match value.as_str() {
                Some(text) => annotations.push((key.clone(), text.to_owned())),
                None if value.is_null() => {}
                None => problems.push((
                    format!("/metadata/annotations/{}", crate::yaml::escape_token(key)),
                    "the value of an annotation is not a text".to_owned(),
                    "put it in quotes".to_owned(),
                )),
            }
        }
        let mut backend = |backend: &Value, at: &str| read_backend(backend, at, services, &mut problems);
        let default = ["/spec/defaultBackend", "/spec/backend"]
            .iter()
            .find_map(|at| value.pointer(at).filter(|node| !node.is_null()).map(|node| backend(node, at)));
        let mut rules: Vec<HostRule> = Vec::new();
        for (number, rule) in list(value, "/spec/rules").iter().enumerate() {
            let pointer = format!("/spec/rules/{number}");
            let host = text(rule, "/host").filter(|host| !host.is_empty()).map(str::to_ascii_lowercase);
            let mut paths = Vec::new();
            for (number, path) in list(rule, "/http/paths").iter().enumerate() {
                let pointer = format!("{pointer}/http/paths/{number}");
                let kind = match text(path, "/pathType") {
                    Some("Exact") => PathType::Exact,
                    Some("Prefix") => PathType::Prefix,
                    _ => PathType::Specific,
                };
                let node = path.get("backend").unwrap_or(&Value::Null);
                let backend = backend(node, &format!("{pointer}/backend"));
                let path = text(path, "/path").filter(|path| !path.is_empty()).unwrap_or("/").to_owned();
                paths.push(PathRule { path, kind, backend, pointer });
            }
            // The API takes several rules for one host: they are one.
            match rules.iter_mut().find(|there| there.host == host) {
                Some(there) => there.paths.extend(paths),
                None => rules.push(HostRule { host, paths, pointer }),
            }
        }
        let tls = list(value, "/spec/tls").iter().enumerate().map(|(number, entry)| Tls {
            hosts: list(entry, "/hosts").iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect(),
            secret: text(entry, "/secretName").filter(|name| !name.is_empty()).map(str::to_owned),
            pointer: format!("/spec/tls/{number}"),
        });
        let tls = tls.collect();
        Self {
            name: text(value, "/metadata/name").unwrap_or_default().to_owned(),
            namespace: text(value, "/metadata/namespace").filter(|name| !name.is_empty()).map(str::to_owned),
            effective: effective.map(str::to_owned),
            group,
            annotations,
            labels: value.pointer("/metadata/labels").and_then(Value::as_object).cloned().unwrap_or_default(),
            default,
            rules,
            tls,
            problems,
        }
    }

    /// An annotation of ingress-nginx, by its name behind the prefix.
    pub(super) fn nginx(&self, name: &str) -> Option<&str> {
        let is_it = |key: &str| key.strip_prefix(PREFIX) == Some(name);
        self.annotations.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value.as_str())
    }

    /// A boolean annotation as ingress-nginx reads it; what is not one is as if it were not there.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.nginx(name).and_then(go_bool)
    }

    /// The Secret of a host's certificate: `None` without TLS, `Some(None)` where the controller's default one serves.
    pub(super) fn certificate(&self, host: Option<&str>) -> Option<(&Tls, Option<&str>)> {
        let host = host?;
        let named = |tls: &&Tls| tls.hosts.iter().any(|own| own == host);
        let covers = |tls: &&Tls| {
            tls.secret.is_some() && (tls.hosts.is_empty() || tls.hosts.iter().any(|own| covers(own, host)))
        };
        let tls = self.tls.iter().find(named).or_else(|| self.tls.iter().find(covers))?;
        Some((tls, tls.secret.as_deref()))
    }
}

/// Whether a host with a wildcard covers another one: of one label, as in certificates.
fn covers(pattern: &str, host: &str) -> bool {
    let rest = pattern.strip_prefix("*.");
    rest.is_some_and(|rest| host.split_once('.').is_some_and(|(_, tail)| tail == rest))
}

/// The number of a port of a Service, by its name, its number, or what it sends to: ingress-nginx takes all three, and the
/// first port that fits.
fn port_of(service: &Value, name: &str) -> Option<i64> {
    let is_called = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text == name,
        Some(Value::Number(number)) => number.to_string() == name,
        _ => false,
    };
    let fits = |port: &&Value| ["port", "targetPort", "name"].iter().any(|key| is_called(port.get(key)));
    list(service, "/spec/ports").iter().find(fits)?.get("port")?.as_i64()
}

fn read_backend(
    backend: &Value,
    at: &str,
    services: Services<'_, '_>,
    problems: &mut Vec<(String, String, String)>,
) -> Backend {
    let service = text(backend, "/service/name").or_else(|| text(backend, "/serviceName"));
    let Some(service) = service else {
        problems.push((
            at.to_owned(),
            "the backend is not a Service, and ingress-nginx serves nothing else".to_owned(),
            "name the Service that is to have the requests".to_owned(),
        ));
        return Backend { service: String::new(), port: 0 };
    };
    let there = services(service);
    if there.and_then(|there| text(there, "/spec/type")) == Some("ExternalName") {
        problems.push((
            at.to_owned(),
            format!("the Service `{service}` is of type ExternalName: nginx asks the host that it names, and the Gateway API tells Gateways not to, since such a host may lead anywhere (CVE-2021-25740)"),
            "make it a Service without a selector and list the addresses in an EndpointSlice, or use the kind of backend that your Gateway has for hosts outside of the cluster (its docs), in a route of your own; then take the path out of the Ingress".to_owned(),
        ));
        return Backend { service: service.to_owned(), port: 0 };
    }
    let named = |name: &str| port_of(there?, name);
    // It may be the number that the Service sends to, where a route must name the Service's own.
    let numbered = |number: i64| named(&number.to_string()).unwrap_or(number);
    let (port, name) = match (backend.pointer("/service/port/number"), backend.pointer("/service/port/name")) {
        (Some(number), _) => (number.as_i64().map(numbered), None),
        (None, Some(name)) => (name.as_str().and_then(named), name.as_str()),
        (None, None) => match backend.get("servicePort") {
            Some(Value::Number(number)) => (number.as_i64().map(numbered), None),
            Some(Value::String(text)) => (text.parse().ok().or_else(|| named(text)), Some(text.as_str())),
            _ => (None, None),
        },
    };
    let port = port.unwrap_or_else(|| {
        let (message, remedy) = match name {
            Some(name) => (
                format!("the port `{name}` of the Service `{service}` has no number here: the Service is not among the manifests, or has no such port"),
                "an HTTPRoute needs the number: write `port: {number: …}` in the Ingress".to_owned(),
            ),
            None => (format!("the backend `{service}` has no port"), "write `port: {number: …}`".to_owned()),
        };
        problems.push((at.to_owned(), message, remedy));
        0
    });
    Backend { service: service.to_owned(), port }
}
