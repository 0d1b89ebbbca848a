//! What routes attach to: Gateways and ListenerSets that are written, or a Gateway that is there.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::annotations::{self, Owner};
use super::certificates::{certificates_are_known, existing, grant};
use super::convert::{Context, Made, Target};
use super::hosts::{Host, Hosts};

/// Ingresses whose hosts are listeners of one Gateway or ListenerSet.
#[derive(Debug)]
struct Parent {
    group: usize,
    namespace: Option<String>,
    /// The annotations of those with certificates: cert-manager reads them for every listener.
    annotations: Option<BTreeMap<String, String>>,
    members: Vec<usize>,
    hosts: Vec<usize>,
}

/// What has the listeners.
#[derive(Debug, Default)]
pub(super) struct Parents {
    list: Vec<Parent>,
}

/// The most listeners of a Gateway.
const MOST: usize = 64;

impl Parents {
    pub(super) fn of(context: &mut Context<'_>, hosts: &mut Hosts) -> Self {
        let mut parents = Self::default();
        if let Target::Existing { .. } = context.wants.target {
            existing(context, hosts);
            return parents;
        }
        for number in 0..context.ingresses.len() {
            parents.add(context, hosts, number);
        }
        parents.judge(context, hosts);
        parents
    }

    fn add(&mut self, context: &mut Context<'_>, hosts: &Hosts, number: usize) {
        let (Some(ingress), Some(settings)) = (context.ingresses.get(number), context.settings.get(number)) else {
            return;
        };
        if settings.canary.is_some() {
            return;
        }
        let own: Vec<usize> = (0..hosts.list.len())
            .filter(|&host| hosts.list.get(host).is_some_and(|host| host.owners.contains(&number)))
            .collect();
        let has_tls = own.iter().any(|&host| hosts.list.get(host).is_some_and(|host| host.tls));
        let wanted = Some(settings.parent.clone()).filter(|_| has_tls || !settings.parent.is_empty());
        let together = |parent: &Parent| parent.group == ingress.group && parent.namespace == ingress.effective;
        let shares = |parent: &Parent| own.iter().any(|host| parent.hosts.contains(host));
        if let Some(host) = self
            .list
            .iter()
            .filter(|parent| !together(parent))
            .flat_map(|parent| &parent.hosts)
            .find(|host| own.contains(host))
        {
            let name = hosts.names(*host).join(", ");
            let says = format!(
                "`{name}` is served by Ingresses of two namespaces or kustomizations, which would be two Gateways with two addresses"
            );
            context.refuse(
                number,
                "/spec/rules",
                "gateway",
                says,
                "attach all to one Gateway that is there: --gateway NAMESPACE/NAME",
            );
            return;
        }
        let agrees = |parent: &Parent| wanted.is_none() || parent.annotations.is_none() || parent.annotations == wanted;
        let at = self.list.iter().position(|parent| together(parent) && shares(parent));
        let at = at.or_else(|| self.list.iter().position(|parent| together(parent) && agrees(parent)));
        match at.and_then(|at| self.list.get_mut(at)) {
            Some(parent) => {
                parent.members.push(number);
                parent.hosts.extend(own.into_iter().filter(|host| !parent.hosts.contains(host)).collect::<Vec<_>>());
                match (&mut parent.annotations, wanted) {
                    (Some(there), Some(wanted)) => {
                        if let Some(key) = wanted
                            .iter()
                            .find(|(key, value)| there.get(*key).is_some_and(|own| own != *value))
                            .map(|(key, _)| key.clone())
                        {
                            let says = "another Ingress of the same host says something else, and they share a Gateway"
                                .to_owned();
                            let pointer = format!("/metadata/annotations/{}", crate::yaml::escape_token(&key));
                            context.refuse(number, &pointer, &key, says, "say the same in both");
                        }
                        there.extend(wanted);
                    }
                    (there @ None, wanted) => *there = wanted,
                    (Some(_), None) => {}
                }
            }
            None => self.list.push(Parent {
                group: ingress.group,
                namespace: ingress.effective.clone(),
                annotations: wanted,
                members: vec![number],
                hosts: own,
            }),
        }
    }

    fn judge(&self, context: &mut Context<'_>, hosts: &Hosts) {
        let of_certificates = |map: &BTreeMap<String, String>| -> BTreeMap<String, String> {
            map.iter()
                .filter(|(key, _)| annotations::owner(key) == Owner::Certificates)
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect()
        };
        for parent in &self.list {
            let first = parent.members.first().copied().unwrap_or_default();
            if listeners(hosts, parent).len() > MOST {
                let says = format!("the Ingresses have more hosts than a Gateway has listeners ({MOST})");
                context.refuse(
                    first,
                    "/spec/rules",
                    "gateway",
                    says,
                    "migrate them in parts, or use wildcard hosts on a Gateway that is there: --gateway NAMESPACE/NAME",
                );
            }
            let wanted = parent.annotations.as_ref().map(&of_certificates).unwrap_or_default();
            let agrees = |number: usize| {
                context.settings.get(number).is_some_and(|settings| of_certificates(&settings.parent) == wanted)
            };
            if wanted.is_empty() {
                continue;
            }
            // cert-manager would write Secrets that are not its own.
            let issued: Vec<&String> = parent
                .hosts
                .iter()
                .filter_map(|&host| hosts.list.get(host)?.secret.as_ref())
                .filter(|(owner, _)| agrees(*owner))
                .map(|(_, secret)| secret)
                .collect();
            let foreign = parent
                .hosts
                .iter()
                .filter_map(|&host| hosts.list.get(host)?.secret.as_ref())
                .find(|(owner, secret)| !agrees(*owner) && !issued.contains(&secret));
            if let Some((owner, secret)) = foreign.cloned() {
                let says = format!(
                    "cert-manager would take over the Secret `{secret}`: it reads a Gateway's annotations for all its listeners"
                );
                context.refuse(
                    owner,
                    "/spec/tls",
                    "gateway",
                    says,
                    "give the Ingresses that share a host the same cert-manager annotations",
                );
            }
        }
    }

    fn with(&self, number: usize) -> Option<&Parent> {
        self.list.iter().find(|parent| parent.members.contains(&number))
    }

    /// What a route of an Ingress for some hosts attaches to.
    pub(super) fn references(
        &self,
        context: &mut Context<'_>,
        hosts: &Hosts,
        number: usize,
        part: &[usize],
        kind: &str,
    ) -> Vec<Value> {
        let mut refs = Vec::new();
        for &host in part {
            let Some(one) = hosts.list.get(host) else { continue };
            let secure = match kind {
                "TLSRoute" => vec!["tls"],
                _ if one.tls && hosts.redirects(context, number, host) => vec!["https"],
                _ if one.tls => vec!["http", "https"],
                _ => vec!["http"],
            };
            refs.extend(secure.into_iter().flat_map(|section| self.of_names(context, hosts, number, host, section)));
        }
        without_doubles(refs)
    }

    /// What the redirect of plain HTTP attaches to.
    pub(super) fn plain_references(
        &self,
        context: &mut Context<'_>,
        hosts: &Hosts,
        number: usize,
        part: &[usize],
    ) -> Vec<Value> {
        let refs = part.iter().flat_map(|&host| self.of_names(context, hosts, number, host, "http"));
        without_doubles(refs.collect())
    }

    /// One reference for each name of a host.
    fn of_names(&self, context: &Context<'_>, hosts: &Hosts, number: usize, host: usize, section: &str) -> Vec<Value> {
        let names = hosts.names(host).len().max(1);
        (0..names).map(|alias| self.reference(context, number, (host, alias), section)).collect()
    }

    fn reference(&self, context: &Context<'_>, number: usize, (host, alias): (usize, usize), section: &str) -> Value {
        let group = "gateway.networking.k8s.io";
        match &context.wants.target {
            Target::Existing { namespace, name, section: secure, http_section } => {
                let section = if section == "http" { http_section } else { secure };
                let mut one = Map::new();
                one.extend(
                    [("group", group), ("kind", "Gateway"), ("name", name), ("namespace", namespace)]
                        .map(|(key, value)| (key.to_owned(), json!(value))),
                );
                one.extend(section.as_ref().map(|section| ("sectionName".to_owned(), json!(section))));
                Value::Object(one)
            }
            target => {
                let kind = if matches!(target, Target::Own { .. }) { "Gateway" } else { "ListenerSet" };
                let parent = self.with(number);
                let name = parent.and_then(|parent| name(context, parent)).unwrap_or_default();
                let at = parent.and_then(|parent| parent.hosts.iter().position(|own| *own == host)).unwrap_or_default();
                json!({"group": group, "kind": kind, "name": name, "sectionName": listener_name(section, at, alias)})
            }
        }
    }
}

fn without_doubles(refs: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for one in refs {
        if !out.contains(&one) {
            out.push(one);
        }
    }
    // A reference to the whole Gateway is one to each of its listeners.
    let whole = out.iter().find(|one| one.get("sectionName").is_none()).cloned();
    whole.map_or(out, |one| vec![one])
}

fn name(context: &Context<'_>, parent: &Parent) -> Option<String> {
    context.ingresses.get(*parent.members.first()?).map(|ingress| ingress.name.clone())
}

/// The first host's listeners have short names; all keep theirs when a host gets another name.
fn listener_name(section: &str, at: usize, alias: usize) -> String {
    let own = if at == 0 { section.to_owned() } else { format!("{section}-{}", at + 1) };
    if alias == 0 { own } else { format!("{own}-alias-{alias}") }
}

fn listeners(hosts: &Hosts, parent: &Parent) -> Vec<Value> {
    let mut list = Vec::new();
    for (at, host) in parent.hosts.iter().filter_map(|&host| hosts.list.get(host)).enumerate() {
        for (alias, name) in
            host.name.iter().chain(&host.aliases).map(Some).chain(host.name.is_none().then_some(None)).enumerate()
        {
            list.extend(of_host(host, name, at, alias));
        }
    }
    list
}

/// The listeners for one name of a host.
fn of_host(host: &Host, name: Option<&String>, at: usize, alias: usize) -> Vec<Value> {
    let listener = |section: &str, port: u16, protocol: &str, tls: Option<Value>| {
        let mut one = Map::new();
        one.insert("name".to_owned(), json!(listener_name(section, at, alias)));
        one.extend(name.map(|name| ("hostname".to_owned(), json!(name))));
        one.insert("port".to_owned(), json!(port));
        one.insert("protocol".to_owned(), json!(protocol));
        one.extend(tls.map(|tls| ("tls".to_owned(), tls)));
        Value::Object(one)
    };
    let mut list = Vec::new();
    if host.plain {
        list.push(listener("http", 80, "HTTP", None));
    }
    if host.passthrough {
        list.push(listener("tls", 443, "TLS", Some(json!({"mode": "Passthrough"}))));
    } else if let Some((_, secret)) = host.secret.as_ref().filter(|_| host.tls) {
        let certificate = json!({"group": "", "kind": "Secret", "name": secret});
        list.push(listener(
            "https",
            443,
            "HTTPS",
            Some(json!({"mode": "Terminate", "certificateRefs": [certificate]})),
        ));
    }
    list
}

/// What an Ingress brings with it for listeners: a Gateway or ListenerSet, or the grant for its Secrets.
pub(super) fn objects(context: &mut Context<'_>, parents: &Parents, hosts: &Hosts, number: usize) -> Vec<Made> {
    certificates_are_known(context, hosts, number);
    let target = context.wants.target.clone();
    let (kind, spec) = match &target {
        Target::Existing { namespace, .. } => return grant(context, hosts, number, namespace),
        Target::Own { class } => ("Gateway", json!({"gatewayClassName": class})),
        Target::ListenerSet { namespace, name } => {
            let parent =
                json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name, "namespace": namespace});
            ("ListenerSet", json!({"parentRef": parent}))
        }
    };
    let Some(parent) = parents.with(number).filter(|parent| parent.members.first() == Some(&number)) else {
        return Vec::new();
    };
    let mut spec = spec;
    if let Some(map) = spec.as_object_mut() {
        map.insert("listeners".to_owned(), json!(listeners(hosts, parent)));
    }
    let every = context.settings.get(number).into_iter().flat_map(|settings| &settings.every);
    let all = every.chain(parent.annotations.iter().flatten());
    let annotations = all.map(|(key, value)| (key.clone(), json!(value))).collect();
    let own = name(context, parent).unwrap_or_default();
    let metadata = context.metadata(number, &own, annotations);
    let value = json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec});
    vec![Made { ingress: number, value }]
}
