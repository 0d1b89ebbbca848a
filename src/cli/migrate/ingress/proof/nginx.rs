//! What ingress-nginx answers, by its own rules.

use regex_lite::Regex;

use super::{Answer, Request, covers, exactness, normal};
use crate::cli::migrate::ingress::model::{Backend, Ingress, PathType};

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
        let alias = |ingress: &&Ingress| {
            ingress.nginx("server-alias").unwrap_or_default().split(',').any(|name| covers(name.trim(), host))
        };
        own.or_else(|| self.mains().find(alias)?.rules.first()?.host.clone())
    }

    fn has_certificate(&self, server: Option<&str>) -> bool {
        self.owners(server).iter().any(|ingress| ingress.certificate(server).is_some())
    }

    fn owners(&self, server: Option<&str>) -> Vec<&Ingress> {
        let owns = |ingress: &&Ingress| {
            ingress.rules.iter().any(|rule| rule.host.as_deref() == server)
                || server.is_none() && ingress.rules.is_empty() && ingress.default.is_some()
        };
        self.mains().filter(owns).collect()
    }

    /// Whether the answer is one of Ingresses at all: HTTPS without a certificate is the controller's own.
    pub(super) fn is_theirs(&self, request: &Request) -> bool {
        let server = self.server(&request.host);
        let server = server.as_deref();
        let owners = self.owners(server);
        let passes = owners.iter().any(|ingress| ingress.flag("ssl-passthrough") == Some(true));
        let grpc = owners.iter().any(|ingress| {
            ingress.nginx("backend-protocol").is_some_and(|protocol| protocol.to_ascii_uppercase().starts_with("GRPC"))
        });
        // gRPC calls have a service and a method.
        let is_call = matches!(request.path.split('/').collect::<Vec<_>>().as_slice(), ["", service, method] if !service.is_empty() && !method.is_empty());
        if grpc && !is_call {
            return false;
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
                paths.extend(
                    rule.paths.iter().map(|path| (*ingress, path.path.clone(), path.kind, path.backend.clone())),
                );
            }
        }
        let target =
            |ingress: &Ingress| ingress.nginx("rewrite-target").filter(|target| !target.is_empty()).map(str::to_owned);
        let regex = paths.iter().any(|(ingress, path, _, _)| {
            ingress.flag("use-regex") == Some(true) || target(ingress).is_some_and(|target| target != *path)
        });
        if owners.iter().any(|ingress| ingress.flag("ssl-passthrough") == Some(true)) {
            let root = paths.iter().find(|(_, path, _, _)| path == "/");
            return root.map_or(Answer::Nothing, |(ingress, _, _, backend)| served(ingress, backend, "", None));
        }
        let has_root = paths.iter().any(|(_, path, kind, _)| path == "/" && *kind != PathType::Exact);
        if let Some((ingress, backend)) =
            owners.iter().find_map(|ingress| Some((*ingress, ingress.default.clone()?))).filter(|_| !has_root)
        {
            paths.push((ingress, "/".to_owned(), PathType::Prefix, backend));
        }
        paths.sort_by_key(|(_, path, kind, _)| (*kind != PathType::Exact || regex, std::cmp::Reverse(path.len())));
        let matches = |path: &str, kind: PathType| {
            let wanted = request.path.as_str();
            let element = path.trim_end_matches('/');
            match kind {
                _ if regex => Regex::new(&format!("(?i)^{}", path.trim_start_matches('^')))
                    .is_ok_and(|regex| regex.is_match(wanted)),
                PathType::Exact => path == wanted,
                PathType::Prefix => {
                    wanted.strip_prefix(element).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                }
                PathType::Specific => wanted.starts_with(element),
            }
        };
        let found = paths.iter().find(|(_, path, kind, _)| matches(path, *kind));
        // What no path matches is the affair of the Ingress that the server was made for.
        let Some(ingress) = found.map(|(ingress, ..)| *ingress).or(owners.first().copied()) else {
            return Answer::Nothing;
        };
        if let Some(early) = self.early(request, server, ingress) {
            return early;
        }
        let Some((_, path, _, backend)) = found else { return Answer::Nothing };
        self.at(request, server, ingress, path, backend, target(ingress))
    }

    /// Redirects, which come before any backend.
    fn early(&self, request: &Request, server: Option<&str>, ingress: &Ingress) -> Option<Answer> {
        for (name, code_name, default) in [
            ("permanent-redirect", "permanent-redirect-code", 301),
            ("temporal-redirect", "temporal-redirect-code", 302),
        ] {
            if let Some(address) = ingress.nginx(name) {
                let code = ingress.nginx(code_name).and_then(|code| code.trim().parse().ok()).unwrap_or(default);
                let scheme = if request.secure { "https" } else { "http" };
                let address = address.trim();
                let to = address.replace("$scheme", scheme).replace("$host", &request.host);
                let bare = to.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '$']));
                let to = if bare { format!("{to}/") } else { to };
                let to = to.replace("$request_uri", &request.path).replace("$uri", &request.path);
                return Some(Answer::Redirect { code, to });
            }
        }
        let redirects =
            ingress.flag("ssl-redirect").unwrap_or(true) || ingress.flag("force-ssl-redirect") == Some(true);
        if !request.secure && redirects && self.has_certificate(server) {
            return Some(Answer::Secure);
        }
        let root = ingress.nginx("app-root").filter(|_| request.path == "/")?;
        let scheme = if request.secure { "https" } else { "http" };
        Some(Answer::Redirect { code: 302, to: format!("{scheme}://{}{}", request.host, root.trim()) })
    }

    fn at(
        &self,
        request: &Request,
        server: Option<&str>,
        ingress: &Ingress,
        path: &str,
        backend: &Backend,
        target: Option<String>,
    ) -> Answer {
        let seen = match target.filter(|target| target != path) {
            None => request.path.clone(),
            Some(target) => {
                let regex = Regex::new(&format!("(?i){path}"));
                let captures = regex.ok().and_then(|regex| {
                    Some(
                        regex
                            .captures(&request.path)?
                            .iter()
                            .map(|part| part.map_or("", |part| part.as_str()).to_owned())
                            .collect::<Vec<_>>(),
                    )
                });
                let captures = captures.unwrap_or_default();
                (1..10).fold(target, |text, number| {
                    text.replace(&format!("${number}"), captures.get(number).map_or("", String::as_str))
                })
            }
        };
        let host = ingress.nginx("upstream-vhost").map(|host| host.trim().to_owned());
        let same = |other: &&Ingress| other.flag("canary") == Some(true) && other.effective == ingress.effective;
        let alternative = self.ingresses.iter().filter(same).find_map(|canary| {
            let rule = canary.rules.iter().find(|rule| rule.host.as_deref() == server)?;
            Some((canary, rule.paths.iter().find(|own| own.path == path)?.backend.clone()))
        });
        let Some((canary, other)) = alternative else { return served(ingress, backend, &seen, host) };
        let header = |name: &str| {
            request.header.as_ref().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
        };
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
            let value = cookies
                .split(';')
                .filter_map(|one| one.trim().split_once('='))
                .find(|(own, _)| *own == name)
                .map(|(_, value)| value);
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
        let list = [(backend, total - weight), (&other, weight)]
            .map(|(backend, weight)| (named(ingress, &backend.service), backend.port, weight));
        Answer::Backends { list: normal(list.to_vec()), path: seen.clone(), host }
    }
}

fn named(ingress: &Ingress, service: &str) -> String {
    ingress.effective.as_ref().map_or_else(|| service.to_owned(), |namespace| format!("{namespace}/{service}"))
}

fn served(ingress: &Ingress, backend: &Backend, path: &str, host: Option<String>) -> Answer {
    Answer::Backends { list: vec![(named(ingress, &backend.service), backend.port, 1)], path: path.to_owned(), host }
}
