//! The proof: requests that ingress-nginx and a Gateway answer alike, each by its own rules, from the rendered objects.
//!
//! Nothing here uses the conversion: Ingresses are read as nginx routes, and routes as the Gateway API says.

use std::collections::BTreeSet;

use regex_lite::Regex;
use serde_json::Value;

use super::convert::Target;
use super::item::Item;
use super::model::{Backend, Ingress, PathType, text};

/// What a request gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Nothing,
    /// Services with their shares, the path and the host that they see.
    Backends { list: Vec<(String, i64, i64)>, path: String, host: Option<String> },
    /// To the same address by HTTPS.
    Secure,
    Redirect { code: i64, to: String },
}

impl Answer {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Backends { list, path, host } => {
                let one = |(name, port, weight): &(String, i64, i64)| format!("{name}:{port} (weight {weight})");
                let services = if let [(name, port, _)] = list.as_slice() { format!("{name}:{port}") } else { list.iter().map(one).collect::<Vec<_>>().join(", ") };
                let host = host.as_ref().map(|host| format!(", host {host}")).unwrap_or_default();
                format!("{services}, path {path}{host}")
            }
            Self::Secure => "a redirect to HTTPS".to_owned(),
            Self::Redirect { code, to } => format!("a redirect ({code}) to {to}"),
        }
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) header: Option<(String, String)>,
}

impl Request {
    pub(super) fn shown(&self) -> String {
        let header = self.header.as_ref().map(|(name, value)| format!(" with {name}: {value}")).unwrap_or_default();
        format!("{}://{}{}{header}", if self.secure { "https" } else { "http" }, self.host, self.path)
    }
}

/// Whether a host that may have a wildcard covers another.
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(rest) => host.len() > rest.len() && host.ends_with(rest),
        None => pattern == host,
    }
}

/// How exactly a pattern names a host: exact ones first, longer ones first.
fn exactness(pattern: &str) -> (bool, usize) {
    (!pattern.starts_with('*'), pattern.len())
}

/// Requests that show each path from all sides.
pub(super) fn requests(ingresses: &[Ingress]) -> BTreeSet<Request> {
    let mut hosts: BTreeSet<String> = BTreeSet::from(["other.invalid".to_owned()]);
    let mut paths: BTreeSet<String> = BTreeSet::from(["/".to_owned(), "/krmor-probe".to_owned()]);
    let mut headers: BTreeSet<Option<(String, String)>> = BTreeSet::from([None]);
    for ingress in ingresses {
        let aliases = ingress.nginx("server-alias").unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let names = ingress.rules.iter().filter_map(|rule| rule.host.as_deref()).chain(aliases);
        hosts.extend(names.map(|host| host.replacen('*', "krmor-probe", 1)));
        for path in ingress.rules.iter().flat_map(|rule| &rule.paths) {
            let is_special = |c: char| "\\^$*+?()[]{}|".contains(c);
            let start = path.path.trim_start_matches('^').split(is_special).next().unwrap_or("/");
            let bare = start.trim_end_matches('/');
            paths.extend(["", "/", "/x", "/x/y.z"].map(|rest| format!("{bare}{rest}")).into_iter().filter(|path| path.starts_with('/')));
            if path.kind != PathType::Specific || path.path.contains(is_special) {
                paths.extend(Some(format!("{start}1x")).filter(|path| path.starts_with('/')));
            }
        }
        let mut header = |name: &str, value: &str| headers.insert(Some((name.to_owned(), value.to_owned())));
        if let Some(name) = ingress.nginx("canary-by-header") {
            for value in ["always", "never", "other", ingress.nginx("canary-by-header-value").unwrap_or("other")] {
                header(name, value);
            }
        }
        if let Some(name) = ingress.nginx("canary-by-cookie") {
            for value in ["always", "never", "other"] {
                header("Cookie", &format!("a=b; {name}={value}; c=d"));
            }
        }
    }
    let mut out = BTreeSet::new();
    for host in &hosts {
        for path in &paths {
            for header in &headers {
                for secure in [false, true] {
                    out.insert(Request { secure, host: host.clone(), path: path.clone(), header: header.clone() });
                }
            }
        }
    }
    out
}

/// The server of nginx.
pub(super) struct Before<'a> {
    pub(super) ingresses: &'a [Ingress],
}

impl Before<'_> {
    fn mains(&self) -> impl Iterator<Item = &Ingress> {
        self.ingresses.iter().filter(|ingress| ingress.flag("canary") != Some(true))
    }

    /// The name of the server that answers for a host; `None` is the one for all others.
    fn server(&self, host: &str) -> Option<String> {
        let names = self.mains().flat_map(|ingress| ingress.rules.iter().filter_map(|rule| rule.host.clone()));
        let own = names.filter(|name| covers(name, host)).max_by_key(|name| exactness(name));
        let alias = |ingress: &&Ingress| ingress.nginx("server-alias").unwrap_or_default().split(',').any(|name| covers(name.trim(), host));
        own.or_else(|| self.mains().find(alias)?.rules.first()?.host.clone())
    }

    fn has_certificate(&self, server: Option<&str>) -> bool {
        self.owners(server).iter().any(|ingress| ingress.certificate(server).is_some())
    }

    fn owners(&self, server: Option<&str>) -> Vec<&Ingress> {
        let owns = |ingress: &&Ingress| {
            ingress.rules.iter().any(|rule| rule.host.as_deref() == server) || server.is_none() && ingress.rules.is_empty() && ingress.default.is_some()
        };
        self.mains().filter(owns).collect()
    }

    /// Whether the answer is one of Ingresses at all: HTTPS without a certificate is the controller's own.
    pub(super) fn is_theirs(&self, request: &Request) -> bool {
        let server = self.server(&request.host);
        let server = server.as_deref();
        let owners = self.owners(server);
        let passes = owners.iter().any(|ingress| ingress.flag("ssl-passthrough") == Some(true));
        let grpc = owners.iter().any(|ingress| ingress.nginx("backend-protocol").is_some_and(|protocol| protocol.to_ascii_uppercase().starts_with("GRPC")));
        if grpc && request.path.trim_matches('/').split('/').count() != 2 {
            return false; // gRPC calls have a service and a method
        }
        if passes { request.secure } else { !request.secure || self.has_certificate(server) }
    }

    pub(super) fn answer(&self, request: &Request) -> Answer {
        let server = self.server(&request.host);
        let server = server.as_deref();
        let owners = self.owners(server);
        let mut paths = Vec::new();
        for ingress in &owners {
            for rule in ingress.rules.iter().filter(|rule| rule.host.as_deref() == server) {
                paths.extend(rule.paths.iter().map(|path| (*ingress, path.path.clone(), path.kind, path.backend.clone())));
            }
        }
        let target = |ingress: &Ingress| ingress.nginx("rewrite-target").filter(|target| !target.is_empty()).map(str::to_owned);
        let regex = paths.iter().any(|(ingress, path, _, _)| ingress.flag("use-regex") == Some(true) || target(ingress).is_some_and(|target| target != *path));
        if owners.iter().any(|ingress| ingress.flag("ssl-passthrough") == Some(true)) {
            let root = paths.iter().find(|(_, path, _, _)| path == "/");
            return root.map_or(Answer::Nothing, |(ingress, _, _, backend)| served(ingress, backend, "", None));
        }
        let has_root = paths.iter().any(|(_, path, kind, _)| path == "/" && *kind != PathType::Exact);
        if let Some((ingress, backend)) = owners.iter().find_map(|ingress| Some((*ingress, ingress.default.clone()?))).filter(|_| !has_root) {
            paths.push((ingress, "/".to_owned(), PathType::Prefix, backend));
        }
        paths.sort_by_key(|(_, path, kind, _)| (*kind != PathType::Exact || regex, std::cmp::Reverse(path.len())));
        let matches = |path: &str, kind: PathType| {
            let wanted = request.path.as_str();
            let element = path.trim_end_matches('/');
            match kind {
                _ if regex => Regex::new(&format!("(?i)^{}", path.trim_start_matches('^'))).is_ok_and(|regex| regex.is_match(wanted)),
                PathType::Exact => path == wanted,
                PathType::Prefix => wanted.strip_prefix(element).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
                PathType::Specific => wanted.starts_with(element),
            }
        };
        let Some((ingress, path, _, backend)) = paths.iter().find(|(_, path, kind, _)| matches(path, *kind)) else { return Answer::Nothing };
        self.at(request, server, ingress, path, backend, target(ingress))
    }

    fn at(&self, request: &Request, server: Option<&str>, ingress: &Ingress, path: &str, backend: &Backend, target: Option<String>) -> Answer {
        for (name, code_name, default) in [("permanent-redirect", "permanent-redirect-code", 301), ("temporal-redirect", "temporal-redirect-code", 302)] {
            if let Some(address) = ingress.nginx(name) {
                let code = ingress.nginx(code_name).and_then(|code| code.trim().parse().ok()).unwrap_or(default);
                let scheme = if request.secure { "https" } else { "http" };
                let address = address.trim();
                let to = address.replace("$scheme", scheme).replace("$host", &request.host);
                let bare = to.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '$']));
                let to = if bare { format!("{to}/") } else { to };
                return Answer::Redirect { code, to: to.replace("$request_uri", &request.path).replace("$uri", &request.path) };
            }
        }
        let redirects = ingress.flag("ssl-redirect").unwrap_or(true) || ingress.flag("force-ssl-redirect") == Some(true);
        if !request.secure && redirects && self.has_certificate(server) {
            return Answer::Secure;
        }
        if let Some(root) = ingress.nginx("app-root").filter(|_| request.path == "/") {
            let scheme = if request.secure { "https" } else { "http" };
            return Answer::Redirect { code: 302, to: format!("{scheme}://{}{}", request.host, root.trim()) };
        }
        let seen = match target.filter(|target| target != path) {
            None => request.path.clone(),
            Some(target) => {
                let regex = Regex::new(&format!("(?i){path}"));
                let captures = regex.ok().and_then(|regex| Some(regex.captures(&request.path)?.iter().map(|part| part.map_or("", |part| part.as_str()).to_owned()).collect::<Vec<_>>()));
                let captures = captures.unwrap_or_default();
                (1..10).fold(target, |text, number| text.replace(&format!("${number}"), captures.get(number).map_or("", String::as_str)))
            }
        };
        let host = ingress.nginx("upstream-vhost").map(|host| host.trim().to_owned());
        let same = |other: &&Ingress| other.flag("canary") == Some(true) && other.effective == ingress.effective;
        let alternative = self.ingresses.iter().filter(same).find_map(|canary| {
            let rule = canary.rules.iter().find(|rule| rule.host.as_deref() == server)?;
            Some((canary, rule.paths.iter().find(|own| own.path == path)?.backend.clone()))
        });
        let Some((canary, other)) = alternative else { return served(ingress, backend, &seen, host) };
        let header = |name: &str| request.header.as_ref().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let main = || served(ingress, backend, &seen, host.clone());
        let new = || served(ingress, &other, &seen, host.clone());
        if let Some(value) = canary.nginx("canary-by-header").and_then(header) {
            match (canary.nginx("canary-by-header-value"), canary.nginx("canary-by-header-pattern")) {
                (Some(wanted), _) if wanted == value => return new(),
                (None, Some(pattern)) if Regex::new(pattern).is_ok_and(|regex| regex.is_match(value)) => return new(),
                (None, None) if value == "always" => return new(),
                (None, None) if value == "never" => return main(),
                _ => {}
            }
        }
        if let (Some(name), Some(cookies)) = (canary.nginx("canary-by-cookie"), header("Cookie")) {
            let value = cookies.split(';').filter_map(|one| one.trim().split_once('=')).find(|(own, _)| *own == name).map(|(_, value)| value);
            match value {
                Some("always") => return new(),
                Some("never") => return main(),
                _ => {}
            }
        }
        let number = |name: &str| canary.nginx(name).and_then(|text| text.trim().parse::<i64>().ok());
        let (weight, total) = (number("canary-weight").unwrap_or(0), number("canary-weight-total").unwrap_or(100));
        if weight == 0 {
            return main();
        }
        let list = [(backend, total - weight), (&other, weight)].map(|(backend, weight)| (named(ingress, &backend.service), backend.port, weight));
        Answer::Backends { list: normal(list.to_vec()), path: seen.clone(), host }
    }
}

fn named(ingress: &Ingress, service: &str) -> String {
    ingress.effective.as_ref().map_or_else(|| service.to_owned(), |namespace| format!("{namespace}/{service}"))
}

fn served(ingress: &Ingress, backend: &Backend, path: &str, host: Option<String>) -> Answer {
    Answer::Backends { list: vec![(named(ingress, &backend.service), backend.port, 1)], path: path.to_owned(), host }
}

/// Shares without those of nothing; one Service has all.
fn normal(list: Vec<(String, i64, i64)>) -> Vec<(String, i64, i64)> {
    let mut list: Vec<_> = list.into_iter().filter(|(_, _, weight)| *weight > 0).collect();
    if let [(_, _, weight)] = list.as_mut_slice() {
        *weight = 1;
    }
    list.sort();
    list
}

/// The Gateway.
pub(super) struct After<'a> {
    /// Routes, Gateways and ListenerSets.
    pub(super) items: &'a [Item],
    pub(super) target: &'a Target,
}

struct Listener<'a> {
    item: Option<&'a Item>,
    section: Option<String>,
    passes: bool,
}

impl<'a> After<'a> {
    fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
        value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn listener(&self, request: &Request) -> Option<Listener<'a>> {
        if let Target::Existing { section, http_section, .. } = self.target {
            let section = if request.secure { section } else { http_section }.clone();
            return Some(Listener { item: None, section, passes: false });
        }
        let mut best: Option<((bool, usize), Listener<'a>)> = None;
        for item in self.items.iter().filter(|item| matches!(item.kind(), "Gateway" | "ListenerSet")) {
            for listener in Self::list(&item.value, "/spec/listeners") {
                let protocol = text(listener, "/protocol").unwrap_or_default();
                let name = text(listener, "/hostname");
                let fits = if request.secure { matches!(protocol, "HTTPS" | "TLS") } else { protocol == "HTTP" };
                if !fits || name.is_some_and(|name| !covers(name, &request.host)) {
                    continue;
                }
                let rank = name.map_or((false, 0), exactness);
                if best.as_ref().is_none_or(|(other, _)| *other < rank) {
                    let section = text(listener, "/name").map(str::to_owned);
                    best = Some((rank, Listener { item: Some(item), section, passes: protocol == "TLS" }));
                }
            }
        }
        best.map(|(_, listener)| listener)
    }

    fn attaches(route: &Item, listener: &Listener<'_>) -> bool {
        Self::list(&route.value, "/spec/parentRefs").iter().any(|parent| {
            let section = text(parent, "/sectionName");
            let kind = text(parent, "/kind").unwrap_or("Gateway");
            let is_it = listener.item.is_none_or(|item| item.kind() == kind && text(parent, "/name") == Some(item.raw_name()) && item.namespace() == route.namespace());
            is_it && section.is_none_or(|section| Some(section) == listener.section.as_deref() || listener.section.is_none() && listener.item.is_none())
        })
    }

    pub(super) fn answer(&self, request: &Request) -> Answer {
        let Some(listener) = self.listener(request) else { return Answer::Nothing };
        let mut best: Option<((bool, usize), (u8, usize, usize), &Item, &Value, Option<&Value>)> = None;
        for route in self.items.iter().filter(|item| matches!(item.kind(), "HTTPRoute" | "GRPCRoute" | "TLSRoute") && Self::attaches(item, &listener)) {
            if (route.kind() == "TLSRoute") != listener.passes && listener.item.is_some() {
                continue;
            }
            let names: Vec<&str> = Self::list(&route.value, "/spec/hostnames").iter().filter_map(Value::as_str).collect();
            let Some(host) = names.iter().filter(|name| covers(name, &request.host)).map(|name| exactness(name)).max().or(names.is_empty().then_some((false, 0))) else { continue };
            for rule in Self::list(&route.value, "/spec/rules") {
                let matches = Self::list(rule, "/matches");
                let all: Vec<Option<&Value>> = if matches.is_empty() { vec![None] } else { matches.iter().map(Some).collect() };
                for condition in all {
                    let Some(rank) = rank(condition, request) else { continue };
                    if best.as_ref().is_none_or(|(other, there, ..)| (*other, *there) < (host, rank)) {
                        best = Some((host, rank, route, rule, condition));
                    }
                }
            }
        }
        let Some((_, _, route, rule, condition)) = best else { return Answer::Nothing };
        outcome(request, route, rule, condition)
    }
}

/// How exactly a match fits a request: exact path, regular expression, prefix; length; headers.
fn rank(condition: Option<&Value>, request: &Request) -> Option<(u8, usize, usize)> {
    let Some(condition) = condition else { return Some((1, 1, 0)) };
    let headers = After::list(condition, "/headers");
    for header in headers {
        let (name, value) = (text(header, "/name")?, text(header, "/value")?);
        let (_, there) = request.header.as_ref().filter(|(own, _)| own.eq_ignore_ascii_case(name))?;
        let fits = match text(header, "/type") {
            Some("RegularExpression") => Regex::new(&format!("^(?:{value})$")).is_ok_and(|regex| regex.is_match(there)),
            _ => there == value,
        };
        if !fits {
            return None;
        }
    }
    let path = match condition.get("method") {
        Some(method) => {
            let mut parts = request.path.trim_matches('/').split('/');
            let (service, call) = (parts.next()?, parts.next()?);
            let fits = text(method, "/service").is_none_or(|own| own == service) && text(method, "/method").is_none_or(|own| own == call);
            fits.then_some((3, request.path.len()))?
        }
        None => {
            let value = text(condition, "/path/value").unwrap_or("/");
            let wanted = request.path.as_str();
            match text(condition, "/path/type").unwrap_or("PathPrefix") {
                "Exact" => (value == wanted).then_some((3, value.len()))?,
                "RegularExpression" => {
                    let (flags, body) = value.strip_prefix("(?i)").map_or(("", value), |body| ("(?i)", body));
                    Regex::new(&format!("{flags}^(?:{body})$")).is_ok_and(|regex| regex.is_match(wanted)).then_some((2, value.len()))?
                }
                _ => {
                    let element = value.trim_end_matches('/');
                    wanted.strip_prefix(element).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                    (1, value.len())
                }
            }
        }
    };
    Some((path.0, path.1, headers.len()))
}

fn outcome(request: &Request, route: &Item, rule: &Value, condition: Option<&Value>) -> Answer {
    let (mut path, mut host) = (request.path.clone(), None);
    let replaced = |change: &Value, path: &str| match text(change, "/type") {
        Some("ReplaceFullPath") => text(change, "/replaceFullPath").unwrap_or_default().to_owned(),
        _ => {
            let prefix = condition.and_then(|condition| text(condition, "/path/value")).unwrap_or("/").trim_end_matches('/').len();
            let (rest, to) = (path.get(prefix..).unwrap_or(""), text(change, "/replacePrefixMatch").unwrap_or_default());
            match rest {
                "" => to.to_owned(),
                rest => format!("{}{rest}", to.trim_end_matches('/')),
            }
        }
    };
    for filter in After::list(rule, "/filters") {
        if let Some(redirect) = filter.get("requestRedirect") {
            let code = redirect.get("statusCode").and_then(Value::as_i64).unwrap_or(302);
            let same = redirect.get("hostname").is_none() && redirect.get("path").is_none();
            if same && !request.secure && text(redirect, "/scheme") == Some("https") {
                return Answer::Secure;
            }
            let scheme = text(redirect, "/scheme").unwrap_or(if request.secure { "https" } else { "http" });
            let host = text(redirect, "/hostname").unwrap_or(&request.host);
            let port = redirect.get("port").map(|port| format!(":{port}")).unwrap_or_default();
            let path = redirect.get("path").map_or_else(|| request.path.clone(), |change| replaced(change, &path));
            return Answer::Redirect { code, to: format!("{scheme}://{host}{port}{path}") };
        }
        if let Some(rewrite) = filter.get("urlRewrite") {
            if let Some(change) = rewrite.get("path") {
                path = replaced(change, &path);
            }
            host = text(rewrite, "/hostname").map(str::to_owned);
        }
    }
    if route.kind() == "TLSRoute" {
        path = String::new();
    }
    let namespace = route.namespace();
    let list = After::list(rule, "/backendRefs").iter().filter_map(|backend| {
        let name = text(backend, "/name")?;
        let name = namespace.as_ref().map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"));
        Some((name, backend.get("port")?.as_i64()?, backend.get("weight").and_then(Value::as_i64).unwrap_or(1)))
    });
    Answer::Backends { list: normal(list.collect()), path, host }
}

/// The result of a comparison.
#[derive(Debug, Default)]
pub(super) struct Proof {
    pub(super) requests: usize,
    pub(super) differences: Vec<String>,
}

/// Compares what nginx and the Gateway answer. `lost` are the losses that were accepted: requests that show one are left out.
pub(super) fn compare(ingresses: &[Ingress], items: &[Item], target: &Target) -> Proof {
    let (before, after) = (Before { ingresses }, After { items, target });
    let mut proof = Proof::default();
    for request in requests(ingresses).into_iter().filter(|request| before.is_theirs(request)) {
        proof.requests += 1;
        let (mut old, new) = (before.answer(&request), after.answer(&request));
        if old == Answer::Nothing && new == Answer::Secure {
            // A redirect to what is not there either.
            let secure = Request { secure: true, ..request.clone() };
            if after.answer(&secure) == Answer::Nothing {
                old = Answer::Secure;
            }
        }
        if old != new {
            proof.differences.push(format!("{}: {} before, {} after", request.shown(), old.shown(), new.shown()));
        }
    }
    proof
}
