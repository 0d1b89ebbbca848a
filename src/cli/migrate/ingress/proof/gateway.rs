//! What a Gateway answers, by the rules of the Gateway API.

use regex_lite::Regex;
use serde_json::Value;

use super::{Answer, Request, covers, exactness, normal};
use crate::cli::migrate::ingress::convert::Target;
use crate::cli::migrate::ingress::item::Item;
use crate::cli::migrate::ingress::model::text;

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
            let is_it = listener.item.is_none_or(|item| {
                item.kind() == kind
                    && text(parent, "/name") == Some(item.raw_name())
                    && item.namespace() == route.namespace()
            });
            is_it
                && section.is_none_or(|section| {
                    Some(section) == listener.section.as_deref()
                        || listener.section.is_none() && listener.item.is_none()
                })
        })
    }

    pub(super) fn answer(&self, request: &Request) -> Answer {
        let Some(listener) = self.listener(request) else { return Answer::Nothing };
        let mut best: Option<(Rank, &Item, &Value, Option<&Value>)> = None;
        for route in self.items.iter().filter(|item| {
            matches!(item.kind(), "HTTPRoute" | "GRPCRoute" | "TLSRoute") && Self::attaches(item, &listener)
        }) {
            if (route.kind() == "TLSRoute") != listener.passes && listener.item.is_some() {
                continue;
            }
            let names: Vec<&str> =
                Self::list(&route.value, "/spec/hostnames").iter().filter_map(Value::as_str).collect();
            let Some(host) = names
                .iter()
                .filter(|name| covers(name, &request.host))
                .map(|name| exactness(name))
                .max()
                .or(names.is_empty().then_some((false, 0)))
            else {
                continue;
            };
            for rule in Self::list(&route.value, "/spec/rules") {
                let matches = Self::list(rule, "/matches");
                let all: Vec<Option<&Value>> =
                    if matches.is_empty() { vec![None] } else { matches.iter().map(Some).collect() };
                for condition in all {
                    let Some(rank) = rank(condition, request) else { continue };
                    if best.as_ref().is_none_or(|(other, ..)| *other < (host, rank)) {
                        best = Some(((host, rank), route, rule, condition));
                    }
                }
            }
        }
        let Some((_, route, rule, condition)) = best else { return Answer::Nothing };
        outcome(request, route, rule, condition)
    }
}

/// How exactly a route fits a request: by its host, then by its match.
type Rank = ((bool, usize), (u8, usize, usize));

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
    let (kind, length) = match condition.get("method") {
        Some(method) => of_call(method, request),
        None => of_path(condition, &request.path),
    }?;
    Some((kind, length, headers.len()))
}

/// A gRPC call is a path of two parts.
fn of_call(method: &Value, request: &Request) -> Option<(u8, usize)> {
    let mut parts = request.path.trim_matches('/').split('/');
    let (service, call) = (parts.next()?, parts.next()?);
    let fits = text(method, "/service").is_none_or(|own| own == service)
        && text(method, "/method").is_none_or(|own| own == call);
    fits.then_some((3, request.path.len()))
}

fn of_path(condition: &Value, wanted: &str) -> Option<(u8, usize)> {
    let value = text(condition, "/path/value").unwrap_or("/");
    match text(condition, "/path/type").unwrap_or("PathPrefix") {
        "Exact" => (value == wanted).then_some((3, value.len())),
        "RegularExpression" => {
            let (flags, body) = value.strip_prefix("(?i)").map_or(("", value), |body| ("(?i)", body));
            let regex = Regex::new(&format!("{flags}^(?:{body})$")).ok()?;
            regex.is_match(wanted).then_some((2, value.len()))
        }
        _ => {
            let element = value.trim_end_matches('/');
            wanted.strip_prefix(element).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
            Some((1, value.len()))
        }
    }
}

fn outcome(request: &Request, route: &Item, rule: &Value, condition: Option<&Value>) -> Answer {
    let (mut path, mut host) = (request.path.clone(), None);
    let replaced = |change: &Value, path: &str| {
        if text(change, "/type") == Some("ReplaceFullPath") {
            return text(change, "/replaceFullPath").unwrap_or_default().to_owned();
        }
        let prefix = condition.and_then(|condition| text(condition, "/path/value")).unwrap_or("/");
        let rest = path.get(prefix.trim_end_matches('/').len()..).unwrap_or("");
        let to = text(change, "/replacePrefixMatch").unwrap_or_default();
        if rest.is_empty() { to.to_owned() } else { format!("{}{rest}", to.trim_end_matches('/')) }
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
