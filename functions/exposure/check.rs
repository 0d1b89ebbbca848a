//! What cannot be right although each field of the spec is.

use krmor_core::config::Problem;

use super::spec::{Gateway, Holder, PathType, Provider, Spec, Termination, Tls};
use krmor_core::kube::Host;

/// Everything in the spec that contradicts the rest of it, or that its provider cannot express.
pub(super) fn problems(spec: &Spec) -> Vec<Problem> {
    let mut found = same_paths(spec);
    hosts(spec, &mut found);
    for (at, rule) in spec.paths.iter().enumerate() {
        let fault = match rule.path_type {
            PathType::Exact | PathType::Prefix => rule.path.fault(),
            PathType::ImplementationSpecific | PathType::RegularExpression => None,
        };
        found.extend(fault.map(|fault| problem(&format!("/paths/{at}/path"), fault, "correct it, or its `pathType`")));
    }
    if let Some(tls) = &spec.tls {
        tls_alone(spec, tls, &mut found);
    }
    match spec.provider {
        Provider::Route => route(spec, &mut found),
        Provider::Ingress => ingress(spec, &mut found),
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
                    // Who answers then, the program decides that reads them.
                    PathType::RegularExpression | PathType::ImplementationSpecific => false,
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

fn hosts(spec: &Spec, found: &mut Vec<Problem>) {
    if spec.host.is_some() && !spec.hosts.is_empty() {
        found.push(problem("/host", "`hosts` names several already", "put it into `hosts`, and remove `host`"));
    }
    for (at, host) in spec.hosts.iter().enumerate() {
        if spec.hosts.iter().take(at).any(|other| other == host) {
            let what = format!("`{}` is named before", host.as_str());
            found.push(problem(&format!("/hosts/{at}"), what, "remove one of the two"));
        }
    }
}

/// Each host of the spec with its pointer.
fn each_host(spec: &Spec) -> impl Iterator<Item = (String, &Host)> {
    let several = spec.hosts.iter().enumerate().map(|(at, host)| (format!("/hosts/{at}"), host));
    spec.host.iter().map(|host| ("/host".to_owned(), host)).chain(several)
}

/// Paths whose type a provider does not have.
fn types(spec: &Spec, refused: &[PathType], what: &str, remedy: &str, found: &mut Vec<Problem>) {
    for (at, _) in spec.paths.iter().enumerate().filter(|(_, rule)| refused.contains(&rule.path_type)) {
        found.push(problem(&format!("/paths/{at}/pathType"), what, remedy));
    }
}

fn tls_alone(spec: &Spec, tls: &Tls, found: &mut Vec<Problem>) {
    if tls.destination_ca_certificate.is_some() && tls.termination != Termination::Reencrypt {
        let what = format!("`termination: {}` makes no connection to the pods that needs it", tls.termination.name());
        found.push(problem("/tls/destinationCACertificate", what, "remove it, or set `termination: reencrypt`"));
    }
    if tls.backend.is_some() && !matches!(tls.termination, Termination::Reencrypt) {
        let what = format!("`termination: {}` makes no connection to the pods that needs it", tls.termination.name());
        found.push(problem("/tls/backend", what, "remove it, or set `termination: reencrypt`"));
    }
    if tls.backend.as_ref().is_some_and(|backend| backend.hostname.is_wildcard()) {
        let what = "the Gateway asks the pods for one host, and compares their certificate with it";
        found.push(problem("/tls/backend/hostname", what, "name one host"));
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

fn ingress(spec: &Spec, found: &mut Vec<Problem>) {
    let is = |kind: PathType| move |rule: &super::spec::PathRule| rule.path_type == kind;
    for (at, rule) in spec.paths.iter().enumerate() {
        let text = rule.path.as_str();
        if !rule.path_type.is_plain() && !text.starts_with('/') {
            let what = format!("`{text}` must start with `/`: the API takes no other path in an Ingress");
            found.push(problem(&format!("/paths/{at}/path"), what, "write the expression from its `/` on"));
        }
        // ingress-nginx takes all paths of a host for expressions once one is; `/` is for everything both ways.
        let is_root = rule.path_type == PathType::Prefix && rule.path.prefix().is_empty();
        if rule.path_type.is_plain() && !is_root && spec.paths.iter().any(is(PathType::RegularExpression)) {
            let what = "beside a `RegularExpression`, ingress-nginx takes this path for an expression too";
            let remedy = "write it as a `RegularExpression`, or expose it by a config of its own for another host";
            found.push(problem(&format!("/paths/{at}/pathType"), what, remedy));
        }
    }
    if let (Some(class), Some((_, noted))) =
        (&spec.ingress_class_name, spec.annotations.iter().find(|(key, _)| key.as_str() == super::controllers::CLASS))
        && class.as_str() != noted
    {
        let what = format!("it names another class than `ingressClassName: {}`", class.as_str());
        let pointer = format!("/annotations/{}", krmor_yaml::escape_token(super::controllers::CLASS));
        found.push(problem(&pointer, what, "remove the annotation"));
    }
}

fn route(spec: &Spec, found: &mut Vec<Problem>) {
    let refused = [PathType::Exact, PathType::RegularExpression, PathType::ImplementationSpecific];
    types(spec, &refused, "a Route compares the start of paths only", "use `Prefix`, or another provider", found);
    for (pointer, host) in each_host(spec).filter(|(_, host)| host.is_wildcard()) {
        let what = format!("a Route cannot have the host `{}`", host.as_str());
        found.push(problem(&pointer, what, "name one host, or use another provider"));
    }
    if spec.hosts().is_empty() && spec.paths.len() > 1 {
        let what = "each path is a Route of its own, and the router would make up another host for each";
        found.push(problem("/host", what, "add `host:`"));
    }
}

fn http_route(spec: &Spec, found: &mut Vec<Problem>) {
    let what = "the Gateway API has no such type: what a path fits is said in the route";
    types(spec, &[PathType::ImplementationSpecific], what, "write `Prefix`, `Exact` or `RegularExpression`", found);
    let Some(gateway) = &spec.gateway else {
        let remedy = "add `gateway: {name: …}`";
        found.push(problem("/gateway", "a route needs the Gateway that it attaches to", remedy));
        return;
    };
    let termination = spec.tls.as_ref().map(|tls| tls.termination);
    if spec.hosts().is_empty() {
        if termination == Some(Termination::Passthrough) {
            let what = "with `termination: passthrough` the Gateway sees nothing of a request but its host";
            found.push(problem("/host", what, "add `host:`"));
        } else if gateway.listener_set.is_some() {
            found.push(problem("/host", "the listeners that are made are for hosts", "add `host:`"));
        }
    }
    if termination == Some(Termination::Reencrypt) && spec.tls.as_ref().is_some_and(|tls| tls.backend.is_none()) {
        let what = "a Gateway encrypts to pods by a BackendTLSPolicy, which says for which host their certificate is";
        found.push(problem("/tls/backend", what, "add `backend: {hostname: …}`, or set `termination: edge`"));
    }
    if gateway.listener_set.is_some() {
        own_listeners(gateway, found);
        return;
    }
    let Some(tls) = spec.tls.as_ref().filter(|tls| tls.redirects()) else { return };
    let passes = tls.termination == Termination::Passthrough;
    let sections = [("sectionName", &gateway.section_name), ("httpSectionName", &gateway.http_section_name)];
    // A TLSRoute attaches to no listener for HTTP.
    for (field, _) in sections.iter().filter(|(field, name)| name.is_none() && !(passes && *field == "sectionName")) {
        let what = "the redirect needs both listeners by name: one gets plain HTTP, the other HTTPS";
        let remedy = format!("add `{field}:`, or set `tls.redirect: false`");
        found.push(problem(&format!("/gateway/{field}"), what, &remedy));
    }
    if gateway.section_name.is_some() && gateway.section_name == gateway.http_section_name {
        let what = "this is the listener that is redirected to: it would redirect to itself";
        found.push(problem("/gateway/httpSectionName", what, "name the listener for plain HTTP"));
    }
}

/// What contradicts listeners that are made.
fn own_listeners(gateway: &Gateway, found: &mut Vec<Problem>) {
    let sections = [("sectionName", &gateway.section_name), ("httpSectionName", &gateway.http_section_name)];
    for (field, _) in sections.into_iter().filter(|(_, name)| name.is_some()) {
        let what = "the route attaches to the listeners of the ListenerSet that is made";
        found.push(problem(&format!("/gateway/{field}"), what, "remove it, or `listenerSet`"));
    }
    if gateway.kind == Holder::ListenerSet {
        let what = "a ListenerSet adds its listeners to a Gateway";
        found.push(problem("/gateway/kind", what, "name the Gateway, or remove `listenerSet`"));
    }
}
