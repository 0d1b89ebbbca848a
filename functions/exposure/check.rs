//! What cannot be right although each field of the spec is.

use krmor_core::config::Problem;

use super::spec::{PathType, Provider, Spec, Termination, Tls};

/// Everything in the spec that contradicts the rest of it, or that its provider cannot express.
pub(super) fn problems(spec: &Spec) -> Vec<Problem> {
    let mut found = same_paths(spec);
    if let Some(tls) = &spec.tls {
        tls_alone(spec, tls, &mut found);
    }
    match spec.provider {
        Provider::Route => route(spec, &mut found),
        Provider::Ingress => {}
        Provider::HttpRoute => http_route(spec, &mut found),
    }
    found
}

fn problem(pointer: &str, problem: impl Into<String>, remedy: &str) -> Problem {
    Problem::new(pointer, problem, remedy)
}

/// Paths that no request reaches, since an earlier entry has them.
fn same_paths(spec: &Spec) -> Vec<Problem> {
    let mut found = Vec::new();
    for (at, rule) in spec.paths.iter().enumerate() {
        let same = |other: &&super::spec::PathRule| {
            other.path_type == rule.path_type
                && match rule.path_type {
                    PathType::Exact => other.path == rule.path,
                    PathType::Prefix => other.path.prefix() == rule.path.prefix(),
                }
        };
        if let Some(first) = spec.paths.iter().take(at).position(|other| same(&other)) {
            let (path, earlier) = (rule.path.as_str(), spec.paths.get(first).map_or("", |rule| rule.path.as_str()));
            let what = match path == earlier {
                true => format!("`{path}` is that of paths[{first}]"),
                false => format!("`{path}` fits the same requests as `{earlier}` of paths[{first}]"),
            };
            found.push(problem(
                &format!("/paths/{at}/path"),
                format!("{what}: one of the two would never be asked"),
                "remove one of the two",
            ));
        }
    }
    found
}

fn tls_alone(spec: &Spec, tls: &Tls, found: &mut Vec<Problem>) {
    if tls.destination_ca_certificate.is_some() && tls.termination != Termination::Reencrypt {
        let what = format!("`termination: {}` makes no connection to the pods that needs it", tls.termination.name());
        found.push(problem("/tls/destinationCACertificate", what, "remove it, or set `termination: reencrypt`"));
    }
    if tls.termination == Termination::None {
        let given = [
            ("redirect", tls.redirect == Some(true)),
            ("secretName", tls.secret_name.is_some()),
            ("issuer", tls.issuer.is_some()),
        ];
        for (field, _) in given.into_iter().filter(|(_, given)| *given) {
            let remedy = "remove it, or choose another termination";
            found.push(problem(&format!("/tls/{field}"), "goes with TLS, and `termination: none` is without", remedy));
        }
    }
    if tls.termination == Termination::Passthrough {
        let seen = |rule: &super::spec::PathRule| !rule.path.prefix().is_empty() || rule.path_type == PathType::Exact;
        if let Some(at) = spec.paths.iter().position(seen) {
            let what = "with `termination: passthrough` the router sees no paths";
            found.push(problem(&format!("/paths/{at}/path"), what, "remove it, or set `termination: reencrypt`"));
        }
    }
}

fn route(spec: &Spec, found: &mut Vec<Problem>) {
    for at in (0..).zip(&spec.paths).filter(|(_, rule)| rule.path_type == PathType::Exact).map(|(at, _): (usize, _)| at)
    {
        let remedy = "use `Prefix`, or another provider";
        found.push(problem(&format!("/paths/{at}/pathType"), "a Route compares the start of paths only", remedy));
    }
    match &spec.host {
        Some(host) if host.is_wildcard() => {
            let what = format!("a Route cannot have the host `{}`", host.as_str());
            found.push(problem("/host", what, "name one host, or use another provider"));
        }
        None if spec.paths.len() > 1 => {
            let what = "each path is a Route of its own, and the router would make up another host for each";
            found.push(problem("/host", what, "add `host:`"));
        }
        _ => {}
    }
}

fn http_route(spec: &Spec, found: &mut Vec<Problem>) {
    let Some(gateway) = &spec.gateway else {
        let remedy = "add `gateway: {name: …}`";
        found.push(problem("/gateway", "an HTTPRoute needs the Gateway that it attaches to", remedy));
        return;
    };
    let Some(tls) = &spec.tls else { return };
    match tls.termination {
        Termination::Passthrough => {
            let remedy = "write a TLSRoute, or set `termination: edge`";
            found.push(problem("/tls/termination", "an HTTPRoute cannot pass TLS through: that is a TLSRoute", remedy));
        }
        Termination::Reencrypt => {
            let what =
                "an HTTPRoute does not say how its pods are spoken to: that is a BackendTLSPolicy for the Service";
            found.push(problem("/tls/termination", what, "set `termination: edge`, and write the BackendTLSPolicy"));
        }
        Termination::None | Termination::Edge => {}
    }
    let sections = [("sectionName", &gateway.section_name), ("httpSectionName", &gateway.http_section_name)];
    for (field, _) in sections.iter().filter(|(_, name)| tls.redirects() && name.is_none()) {
        let what = "the redirect needs both listeners by name: one gets plain HTTP, the other HTTPS";
        let remedy = format!("add `{field}:`, or set `tls.redirect: false`");
        found.push(problem(&format!("/gateway/{field}"), what, &remedy));
    }
    if tls.redirects() && gateway.section_name.is_some() && gateway.section_name == gateway.http_section_name {
        let what = "this is the listener that is redirected to: it would redirect to itself";
        found.push(problem("/gateway/httpSectionName", what, "name the listener for plain HTTP"));
    }
}
