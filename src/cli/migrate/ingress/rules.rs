//! The rules of routes: a path of an Ingress with its filters, canary and backend.

use serde_json::{Map, Value, json};

use super::canary::{canary_has_main, with_canary};
use super::convert::{Context, route_kind};
use super::hosts::{Alternative, Hosts};
use super::model::{Backend, HostRule, PathRule, PathType};
use super::paths::{self, Matched};
use super::settings::Settings;

/// The rules of an Ingress for each of its hosts: the host, whether it has a name, the kind of route, the rules.
pub(super) fn of(
    context: &mut Context<'_>,
    hosts: &Hosts,
    number: usize,
) -> Vec<(usize, bool, &'static str, Vec<Value>)> {
    let (Some(ingress), Some(settings)) = (context.ingresses.get(number), context.settings.get(number).cloned()) else {
        return Vec::new();
    };
    if settings.canary.is_some() {
        canary_has_main(context, number);
        return Vec::new();
    }
    let mut rules: Vec<HostRule> = ingress.rules.clone();
    if rules.is_empty() && ingress.default.is_some() {
        rules.push(HostRule { host: None, paths: Vec::new(), pointer: "/spec/defaultBackend".to_owned() });
    }
    let mut list = Vec::new();
    for mut rule in rules {
        let Some(host) = hosts.find(rule.host.as_deref()) else { continue };
        with_default(context, hosts, number, host, &mut rule);
        let named = rule.host.is_some();
        let made = if hosts.list.get(host).is_some_and(|host| host.passthrough) {
            passed_through(context, number, &rule)
        } else {
            let paths =
                rule.paths.iter().map(|path| path_rules(context, hosts, (number, host), &settings, &rule, path));
            let paths: Vec<Vec<Value>> = paths.collect();
            let mut made: Vec<Value> = paths.into_iter().flatten().collect();
            at_root(context, hosts, (number, host), &settings, &rule, &mut made);
            made
        };
        let kind = if hosts.list.get(host).is_some_and(|host| host.passthrough) {
            "TLSRoute"
        } else {
            route_kind(settings.protocol)
        };
        list.push((host, named, kind, made));
    }
    list
}

/// The default backend of an Ingress answers what no path of its hosts does, and so does a redirect of everything.
fn with_default(context: &mut Context<'_>, hosts: &Hosts, number: usize, host: usize, rule: &mut HostRule) {
    let first = hosts.list.get(host).is_some_and(|host| host.owners.first() == Some(&number));
    let redirect = context.settings.get(number).is_some_and(|settings| settings.redirect.is_some());
    let any = rule.paths.first().map(|path| path.backend.clone()).filter(|_| first && redirect);
    let default = context.ingresses.get(number).and_then(|ingress| ingress.default.clone());
    let Some(backend) = default.or(any) else { return };
    let owners = hosts.list.get(host).map(|host| host.owners.clone()).unwrap_or_default();
    let others: Vec<_> =
        owners.iter().filter(|&&owner| owner != number).filter_map(|&owner| context.ingresses.get(owner)).collect();
    let has_root = |rule: &HostRule| rule.paths.iter().any(|path| path.path == "/" && path.kind != PathType::Exact);
    let taken = others.iter().any(|other| other.rules.iter().any(|own| own.host == rule.host && has_root(own)));
    if has_root(rule) || taken {
        return;
    }
    if others.iter().any(|other| other.default.is_some()) {
        let says =
            "two Ingresses of one host have a default backend; ingress-nginx takes that of the older one".to_owned();
        return context.refuse(
            number,
            "/spec/defaultBackend",
            "default-backend",
            says,
            "remove one of them, or write it as path `/`",
        );
    }
    let pointer = "/spec/defaultBackend".to_owned();
    rule.paths.push(PathRule { path: "/".to_owned(), kind: PathType::Prefix, backend, pointer });
}

/// One backend takes all of a host whose TLS is passed through: that of `/`.
fn passed_through(context: &mut Context<'_>, number: usize, rule: &HostRule) -> Vec<Value> {
    let Some(path) = rule.paths.iter().find(|path| path.path == "/") else {
        let says = "with ssl-passthrough ingress-nginx takes the backend of `/`, and there is none".to_owned();
        context.refuse(number, &rule.pointer, "ssl-passthrough", says, "write the path as `/`");
        return Vec::new();
    };
    vec![json!({"backendRefs": [reference(&path.backend, 1)]})]
}

pub(super) fn reference(backend: &Backend, weight: i64) -> Value {
    json!({"group": "", "kind": "Service", "name": backend.service, "port": backend.port, "weight": weight})
}

/// The rules for one path: a canary may add some before the main one.
fn path_rules(
    context: &mut Context<'_>,
    hosts: &Hosts,
    (number, host): (usize, usize),
    settings: &Settings,
    rule: &HostRule,
    path: &PathRule,
) -> Vec<Value> {
    let Some(matched) = matched(context, hosts, (number, host), settings, path) else { return Vec::new() };
    if let Some(other) = same_path(context, hosts, (number, host), rule, path) {
        let says = format!(
            "the Ingress `{other}` has the path `{}` of this host too; ingress-nginx takes that of the older one",
            path.path
        );
        context.refuse(number, &path.pointer, "path", says, "remove it from one of them");
        return Vec::new();
    }
    let grpc = settings.protocol.is_grpc();
    let mut filters = Vec::new();
    if let Some(redirect) = &settings.redirect {
        filters.push(redirect.clone());
    } else {
        filters.extend(settings.cors.clone());
        if let Some(value) = settings.prefix_header.as_ref().filter(|_| matched.rewrite.is_some()) {
            let set = json!([{"name": "X-Forwarded-Prefix", "value": value}]);
            filters.push(json!({"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": set}}));
        }
        if matched.rewrite.is_some() || settings.vhost.is_some() {
            let mut rewrite = Map::new();
            rewrite.extend(settings.vhost.as_ref().map(|name| ("hostname".to_owned(), json!(name))));
            rewrite.extend(matched.rewrite.clone().map(|path| ("path".to_owned(), path)));
            filters.push(json!({"type": "URLRewrite", "urlRewrite": rewrite}));
        }
    }
    let at = |name: &str| format!("/metadata/annotations/nginx.ingress.kubernetes.io~1{name}");
    if grpc && !filters.is_empty() {
        let says = "a GRPCRoute has no filters for rewrites, redirects and CORS".to_owned();
        context.refuse(
            number,
            &at("backend-protocol"),
            "backend-protocol",
            says,
            "remove these annotations, which gRPC does not need",
        );
        return Vec::new();
    }
    if grpc && settings.timeout.is_some() {
        let says = "a GRPCRoute has no timeouts".to_owned();
        context.refuse(
            number,
            &at("backend-protocol"),
            "proxy-read-timeout",
            says,
            "migrate without --request-timeouts",
        );
        return Vec::new();
    }
    let Some(condition) = (if grpc { grpc_match(context, number, &matched, path) } else { Some(http_match(&matched)) })
    else {
        return Vec::new();
    };
    let make = |headers: Vec<Value>, backends: Vec<Value>| {
        let mut condition = condition.clone();
        let mut made = Map::new();
        if !headers.is_empty() {
            condition.insert("headers".to_owned(), json!(headers));
        }
        if !condition.is_empty() {
            made.insert("matches".to_owned(), json!([condition]));
        }
        if !filters.is_empty() {
            made.insert("filters".to_owned(), json!(filters));
        }
        if settings.redirect.is_none() {
            made.insert("backendRefs".to_owned(), json!(backends));
            made.extend(
                settings.timeout.map(|seconds| ("timeouts".to_owned(), json!({"request": format!("{seconds}s")}))),
            );
        }
        Value::Object(made)
    };
    let main = |weight: i64| reference(&path.backend, weight);
    let found = Alternative::of(context, number, rule.host.as_deref(), &path.path);
    let canary = found.and_then(|other| Some((context.settings.get(other.ingress)?.canary.clone()?, other.backend)));
    match canary.filter(|_| settings.redirect.is_none()) {
        None => vec![make(Vec::new(), vec![main(1)])],
        Some((canary, backend)) => with_canary(&canary, &backend, &main, &make),
    }
}

fn matched(
    context: &mut Context<'_>,
    hosts: &Hosts,
    (number, host): (usize, usize),
    settings: &Settings,
    path: &PathRule,
) -> Option<Matched> {
    let regex = hosts.list.get(host).is_some_and(|host| host.regex);
    // A redirect answers before anything is rewritten.
    let rewrite = settings.rewrite.as_deref().filter(|_| settings.redirect.is_none());
    match paths::matching(path, regex, rewrite) {
        Ok(matched) => {
            if let Some(loss) = matched.loss {
                context.lose(number, &path.pointer, loss);
            }
            if matched.kind == "RegularExpression" && overlaps(context, hosts, host, path) {
                context.lose(number, &path.pointer, "regex-order");
            }
            Some(matched)
        }
        Err((message, remedy)) => {
            context.refuse(number, &path.pointer, "path", message, &remedy);
            None
        }
    }
}

/// Whether another path of the host, but `/`, may match the same requests as a regular expression.
fn overlaps(context: &Context<'_>, hosts: &Hosts, host: usize, path: &PathRule) -> bool {
    let Some(host) = hosts.list.get(host) else { return false };
    let start = |path: &str| {
        path.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_')))
            .next()
            .unwrap_or("")
            .to_ascii_lowercase()
    };
    let own = start(&path.path);
    let owners = host.owners.iter().filter_map(|&owner| context.ingresses.get(owner));
    let rules = owners.flat_map(|ingress| &ingress.rules).filter(|rule| rule.host == host.name);
    rules.flat_map(|rule| &rule.paths).any(|other| {
        let there = start(&other.path);
        other.path != path.path && other.path != "/" && (there.starts_with(&own) || own.starts_with(&there))
    })
}

/// The other Ingress that has the same path of the same host.
fn same_path(
    context: &Context<'_>,
    hosts: &Hosts,
    (number, host): (usize, usize),
    rule: &HostRule,
    path: &PathRule,
) -> Option<String> {
    let host = hosts.list.get(host)?;
    // As regular expressions both are the same.
    let is_exact = |path: &PathRule| path.kind == PathType::Exact;
    let twice = |other: &HostRule| {
        other.host == rule.host
            && other.paths.iter().any(|own| own.path == path.path && (host.regex || is_exact(own) == is_exact(path)))
    };
    let others = host.owners.iter().filter(|&&owner| owner < number).filter_map(|&owner| context.ingresses.get(owner));
    others.into_iter().find(|ingress| ingress.rules.iter().any(twice)).map(|ingress| ingress.name.clone())
}

fn http_match(matched: &Matched) -> Map<String, Value> {
    let mut condition = Map::new();
    condition.insert("path".to_owned(), json!({"type": matched.kind, "value": matched.value}));
    condition
}

/// A path of gRPC is a service and a method.
fn grpc_match(
    context: &mut Context<'_>,
    number: usize,
    matched: &Matched,
    path: &PathRule,
) -> Option<Map<String, Value>> {
    let mut parts = matched.value.trim_matches('/').splitn(3, '/');
    let service = parts.next().filter(|text| !text.is_empty());
    let method = parts.next();
    if matched.kind == "RegularExpression" || parts.next().is_some() {
        let says = format!("the path `{}` is not `/`, `/package.Service` or `/package.Service/Method`", path.path);
        context.refuse(
            number,
            &path.pointer,
            "path",
            says,
            "a GRPCRoute knows services and methods only: write one of these",
        );
        return None;
    }
    let mut condition = Map::new();
    if let Some(service) = service {
        let mut one = Map::new();
        one.insert("type".to_owned(), json!("Exact"));
        one.insert("service".to_owned(), json!(service));
        one.extend(method.map(|method| ("method".to_owned(), json!(method))));
        condition.insert("method".to_owned(), Value::Object(one));
    }
    Some(condition)
}

/// `app-root` answers for exactly `/`, whatever path serves it.
fn at_root(
    context: &Context<'_>,
    hosts: &Hosts,
    (number, host): (usize, usize),
    settings: &Settings,
    rule: &HostRule,
    made: &mut Vec<Value>,
) {
    let Some(root) = settings.app_root.as_ref().filter(|_| settings.redirect.is_none()) else { return };
    let Some(host) = hosts.list.get(host) else { return };
    let is_root = |path: &PathRule| path.path == "/" || path.path.starts_with("/(");
    let is_exact = |path: &PathRule| path.path == "/" && path.kind == PathType::Exact;
    let others = host.owners.iter().filter(|&&owner| owner != number).filter_map(|&owner| context.ingresses.get(owner));
    let others = others.flat_map(|ingress| &ingress.rules).filter(|own| own.host == rule.host);
    let others: Vec<&PathRule> = others.flat_map(|rule| &rule.paths).collect();
    // The annotations of whoever serves `/` count; of the host's first Ingress where nobody does.
    let serves = rule.paths.iter().any(is_exact)
        || rule.paths.iter().any(is_root) && !others.iter().any(|path| is_exact(path))
        || host.owners.first() == Some(&number) && !others.iter().any(|path| is_root(path));
    if !serves {
        return;
    }
    let exact = json!({"type": "Exact", "value": "/"});
    made.retain(|rule| rule.pointer("/matches/0/path") != Some(&exact));
    let path = json!({"type": "ReplaceFullPath", "replaceFullPath": root});
    let filter = json!({"type": "RequestRedirect", "requestRedirect": {"path": path, "statusCode": 302}});
    made.insert(0, json!({"matches": [{"path": exact}], "filters": [filter]}));
}

/// What of some hosts is redirected from plain HTTP: all, or, where another Ingress serves it, an Ingress's own paths.
pub(super) fn redirected(context: &mut Context<'_>, hosts: &Hosts, number: usize, part: &[usize]) -> Vec<Value> {
    let all = json!({"path": {"type": "PathPrefix", "value": "/"}});
    let shared = part.iter().copied().find(|&host| !hosts.all_redirect(context, host));
    let Some(host) = shared else { return vec![all] };
    let name = hosts.list.get(host).and_then(|host| host.name.clone());
    if part.len() > 1 {
        let says = "some hosts are redirected to HTTPS by every Ingress, some only by this one".to_owned();
        context.refuse(
            number,
            "/spec/rules",
            "ssl-redirect",
            says,
            "give all Ingresses of a host the same ssl-redirect",
        );
        return Vec::new();
    }
    let Some(settings) = context.settings.get(number).cloned() else { return Vec::new() };
    let rule =
        context.ingresses.get(number).and_then(|ingress| ingress.rules.iter().find(|rule| rule.host == name)).cloned();
    let paths: Vec<PathRule> = rule.into_iter().flat_map(|rule| rule.paths).collect();
    let matched = paths.iter().filter_map(|path| self::matched(context, hosts, (number, host), &settings, path));
    let matched: Vec<Matched> = matched.collect();
    matched.iter().map(|matched| Value::Object(http_match(matched))).collect()
}
