//! The hosts of all Ingresses: what ingress-nginx makes a server of each.

use serde_json::Value;

use super::convert::Context;
use super::model::{Backend, Ingress};

/// One server of ingress-nginx.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is what nginx asks of a server by itself
pub(super) struct Host {
    /// `None` answers where no other does.
    pub(super) name: Option<String>,
    pub(super) aliases: Vec<String>,
    /// Ingresses that have paths of it, canaries aside.
    pub(super) owners: Vec<usize>,
    /// Whether its paths are regular expressions, all of them.
    pub(super) regex: bool,
    /// Whether it has a certificate, and the Secret of it.
    pub(super) tls: bool,
    pub(super) secret: Option<(usize, String)>,
    pub(super) passthrough: bool,
    /// Whether plain HTTP is answered, be it by a redirect.
    pub(super) plain: bool,
}

#[derive(Debug, Default)]
pub(super) struct Hosts {
    pub(super) list: Vec<Host>,
}

/// A canary's path.
pub(super) struct Alternative {
    pub(super) ingress: usize,
    pub(super) backend: Backend,
}

impl Hosts {
    pub(super) fn of(context: &mut Context<'_>) -> Self {
        let mut hosts = Self::default();
        for number in 0..context.ingresses.len() {
            hosts.add(context, number);
        }
        hosts.find_certificates(context);
        hosts.find_aliases(context);
        hosts.judge(context);
        for at in 0..hosts.list.len() {
            let redirects = hosts.all_redirect(context, at);
            if let Some(host) = hosts.list.get_mut(at) {
                host.plain = !host.passthrough || redirects;
            }
        }
        hosts
    }

    fn add(&mut self, context: &Context<'_>, number: usize) {
        let (Some(ingress), Some(settings)) = (context.ingresses.get(number), context.settings.get(number)) else {
            return;
        };
        if settings.canary.is_some() {
            return;
        }
        let names: Vec<Option<String>> = match ingress.rules.is_empty() {
            true if ingress.default.is_some() => vec![None],
            _ => ingress.rules.iter().map(|rule| rule.host.clone()).collect(),
        };
        for name in names {
            let rewrites =
                |path: &str| settings.rewrite.as_deref().is_some_and(|target| !target.is_empty() && target != path);
            let rule = ingress.rules.iter().find(|rule| rule.host == name);
            let regex = rule.is_some()
                && (settings.regex || rule.is_some_and(|rule| rule.paths.iter().any(|path| rewrites(&path.path))));
            match self.list.iter_mut().find(|host| host.name == name) {
                Some(host) => {
                    host.owners.push(number);
                    host.regex |= regex;
                    host.passthrough |= settings.passthrough;
                }
                None => self.list.push(Host {
                    name,
                    aliases: Vec::new(),
                    owners: vec![number],
                    regex,
                    tls: false,
                    secret: None,
                    passthrough: settings.passthrough,
                    plain: true,
                }),
            }
        }
    }

    fn find_certificates(&mut self, context: &mut Context<'_>) {
        let mut used = Vec::new();
        for host in &mut self.list {
            for &number in &host.owners {
                let Some(ingress) = context.ingresses.get(number) else { continue };
                let Some((tls, secret)) = ingress.certificate(host.name.as_deref()) else { continue };
                let (pointer, secret) = (tls.pointer.clone(), secret.map(str::to_owned));
                used.push((number, pointer.clone()));
                let first = !host.tls;
                host.tls = true;
                match (&host.secret, secret) {
                    (None, Some(secret)) if first => host.secret = Some((number, secret)),
                    (Some((_, own)), Some(secret)) if *own != secret => {
                        let name = host.name.clone().unwrap_or_default();
                        let says = format!(
                            "`{name}` has the certificate of `{own}` in another Ingress; ingress-nginx takes that of the older one"
                        );
                        context.refuse(number, &pointer, "tls", says, "name one Secret in both");
                    }
                    _ => {}
                }
            }
        }
        for (number, ingress) in context.ingresses.iter().enumerate() {
            let is_canary = context.settings.get(number).is_some_and(|settings| settings.canary.is_some());
            for tls in ingress.tls.iter().filter(|_| !is_canary) {
                if !used.contains(&(number, tls.pointer.clone())) {
                    context.lose(number, &tls.pointer, "unused-certificate");
                }
            }
        }
    }

    fn find_aliases(&mut self, context: &mut Context<'_>) {
        let at = "/metadata/annotations/nginx.ingress.kubernetes.io~1server-alias";
        let known: Vec<Option<String>> = self.list.iter().map(|host| host.name.clone()).collect();
        for host in &mut self.list {
            for &number in &host.owners {
                let aliases = context.settings.get(number).map(|settings| settings.aliases.clone()).unwrap_or_default();
                if aliases.is_empty() {
                    continue;
                }
                let rules = context.ingresses.get(number).map_or(0, |ingress| ingress.rules.len());
                if host.owners.len() > 1 || rules != 1 || host.name.is_none() {
                    let says = "ingress-nginx gives the names to the whole host, and others have paths of it, or there are several hosts".to_owned();
                    context.refuse(number, at, "server-alias", says, "write the names as hosts of rules");
                }
                // A name that is a host of its own is no alias of another.
                host.aliases.extend(aliases.into_iter().filter(|name| !known.contains(&Some(name.clone()))));
            }
        }
    }

    /// What the owners of a host cannot share.
    fn judge(&self, context: &mut Context<'_>) {
        for host in &self.list {
            let name = host.name.as_deref().unwrap_or("any host");
            let protocol = |number: usize| context.settings.get(number).map(|settings| settings.protocol.is_grpc());
            let first = host.owners.first().copied().unwrap_or_default();
            if let Some(&other) = host.owners.iter().find(|&&number| protocol(number) != protocol(first)) {
                let says = format!(
                    "`{name}` is for gRPC in one Ingress and for HTTP in another, which the Gateway API does not allow of one listener"
                );
                let at = "/metadata/annotations/nginx.ingress.kubernetes.io~1backend-protocol";
                let at = if protocol(other) == Some(true) { at } else { "/spec/rules" };
                context.refuse(other, at, "backend-protocol", says, "give gRPC a host of its own");
            }
            if host.passthrough && (host.owners.len() > 1 || host.name.is_none()) {
                let says = format!(
                    "TLS of `{name}` is passed through, so one backend has all of it, and a name must be known"
                );
                let at = "/metadata/annotations/nginx.ingress.kubernetes.io~1ssl-passthrough";
                context.refuse(first, at, "ssl-passthrough", says, "give it a host that no other Ingress has");
            }
        }
    }

    pub(super) fn find(&self, name: Option<&str>) -> Option<usize> {
        self.list.iter().position(|host| host.name.as_deref() == name)
    }

    /// The names that a route for a host has; none for any host.
    pub(super) fn names(&self, host: usize) -> Vec<&str> {
        let host = self.list.get(host);
        host.into_iter().flat_map(|host| host.name.iter().chain(&host.aliases)).map(String::as_str).collect()
    }

    /// Whether an Ingress redirects plain HTTP of a host.
    pub(super) fn redirects(&self, context: &Context<'_>, number: usize, host: usize) -> bool {
        let (Some(settings), Some(host)) = (context.settings.get(number), self.list.get(host)) else { return false };
        settings.redirect.is_none()
            && (settings.force_ssl && (host.tls || host.passthrough) || settings.ssl_redirect && host.tls)
    }

    /// The hosts whose plain HTTP an Ingress redirects first.
    pub(super) fn redirected_by(&self, context: &Context<'_>, number: usize) -> Vec<usize> {
        let first = |host: usize| {
            let owners = self.list.get(host).map(|host| host.owners.as_slice()).unwrap_or_default();
            let shared = owners.iter().any(|&owner| !self.redirects(context, owner, host));
            let first = owners.iter().copied().find(|&owner| self.redirects(context, owner, host));
            self.redirects(context, number, host) && owners.contains(&number) && (shared || first == Some(number))
        };
        (0..self.list.len()).filter(|&host| first(host)).collect()
    }

    /// Whether all owners of a host redirect.
    pub(super) fn all_redirect(&self, context: &Context<'_>, host: usize) -> bool {
        let owners = self.list.get(host).map(|host| host.owners.as_slice()).unwrap_or_default();
        owners.iter().all(|&owner| self.redirects(context, owner, host))
    }
}

impl Alternative {
    /// The canary's path for a path of a main Ingress.
    pub(super) fn of(context: &Context<'_>, number: usize, host: Option<&str>, path: &str) -> Option<Self> {
        let main = context.ingresses.get(number)?;
        let same = |ingress: &Ingress| ingress.effective == main.effective;
        let canaries = context.ingresses.iter().zip(&context.settings).enumerate();
        let canaries = canaries.filter(|(_, (ingress, settings))| settings.canary.is_some() && same(ingress));
        canaries.into_iter().find_map(|(number, (ingress, _))| {
            let rule = ingress.rules.iter().find(|rule| rule.host.as_deref() == host)?;
            let path = rule.paths.iter().find(|own| own.path == path)?;
            Some(Self { ingress: number, backend: path.backend.clone() })
        })
    }
}

/// Hosts of one Ingress whose rules are the same.
pub(super) struct Group {
    pub(super) kind: &'static str,
    pub(super) hosts: Vec<usize>,
    pub(super) rules: Vec<Value>,
}

/// Puts together the hosts that have the same rules; the host without a name stays alone.
pub(super) fn groups(list: Vec<(usize, bool, &'static str, Vec<Value>)>) -> Vec<Group> {
    let mut groups: Vec<(bool, Group)> = Vec::new();
    for (host, named, kind, rules) in list.into_iter().filter(|(_, _, _, rules)| !rules.is_empty()) {
        match groups.iter_mut().find(|(other, group)| named && *other && group.kind == kind && group.rules == rules) {
            Some((_, group)) => group.hosts.push(host),
            None => groups.push((named, Group { kind, hosts: vec![host], rules })),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}
