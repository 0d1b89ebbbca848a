//! `krmor graph --infer`: a config of `NetworkPolicies` with the edges that the stream proves, each with where that is said, and
//! what was seen and proves nothing. It is tried over the stream before it is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::topology::{Called, End, Topology};
use super::uses::{Seen, Why};
use crate::facts::routes::Exposes;
use crate::facts::selections::By;
use crate::functions::network_policies::spec::Controller;
use crate::functions::network_policies::values::End as EndName;
use crate::pipeline::{Outcome, Pipeline};
use crate::report::{Place, Report, Severity};
use crate::stream::Stream;
use crate::text;
use crate::values::go_bool;
use crate::yaml::Node;

/// What the injector of the Vault agent reads.
const AGENT: &str = "vault.hashicorp.com/agent-inject";

#[derive(Default)]
struct Config {
    /// Lines of a peer, and where it is said.
    peers: BTreeMap<String, (Vec<String>, BTreeSet<String>)>,
    /// From, to and ports.
    edges: BTreeMap<(String, String, String), BTreeSet<String>>,
    dns: Option<(&'static str, String)>,
    /// Lists that stay empty, and why.
    implied: BTreeMap<&'static str, Vec<String>>,
    /// What was seen and proves nothing.
    open: Vec<String>,
}

/// The config, ready to paste.
pub(super) fn infer(topology: &Topology<'_>, rendered: &str) -> String {
    let mut config = Config::default();
    edges(topology, &mut config);
    addresses(topology, &mut config);
    clusters(topology, &mut config);
    surroundings(topology, &mut config);
    for seen in &topology.learned.seen {
        config.open.push(unproven(topology, seen));
    }
    let plain = config.text();
    let (findings, number) = tried(&plain, rendered);
    let mut out = head(&config);
    out.push_str(&plain);
    list(&mut out, "Seen, and not proven. Each would be denied until you declare it:", &config.open);
    let title = format!("Over this stream the config finds ({number}):");
    list(&mut out, &title, &findings);
    out
}

fn head(config: &Config) -> String {
    let (edges, open) = (config.edges.len(), config.open.len());
    format!(
        "# What the manifests prove of who connects to whom: {edges} edge{}. {}\n# Whatever is not declared is denied once this is applied, so read it first.\n",
        if edges == 1 { "" } else { "s" },
        if open == 0 {
            "Nothing was seen that is not proven.".to_owned()
        } else {
            format!("{open} more at the end could not be proven.")
        },
    )
}

fn list(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    out.push_str(&format!("#\n# {title}\n"));
    for line in lines {
        let mut parts = line.split('\n');
        out.push_str(&format!("# - {}\n", parts.next().unwrap_or_default()));
        parts.for_each(|part| out.push_str(&format!("#   {part}\n")));
    }
}

impl Config {
    fn text(&self) -> String {
        let mut out =
            "apiVersion: krmor.dev/v1alpha1\nkind: NetworkPolicies\nmetadata:\n  name: topology\nspec:\n".to_owned();
        if let Some((dns, why)) = &self.dns {
            out.push_str(&format!("  # {why}\n  dns: [{dns}]\n"));
        }
        if !self.peers.is_empty() {
            out.push_str("  peers:\n");
            for (name, (lines, by)) in &self.peers {
                out.extend(by.iter().map(|by| format!("    # {by}\n")));
                out.push_str(&format!("    {}:\n", quoted(name)));
                out.extend(lines.iter().map(|line| format!("      {line}\n")));
            }
        }
        if !self.implied.is_empty() {
            out.push_str("  implied:\n");
            for (field, why) in &self.implied {
                out.extend(why.iter().map(|line| format!("    # {line}\n")));
                out.push_str(&format!("    {field}: []\n"));
            }
        }
        if self.edges.is_empty() {
            out.push_str("  edges: []\n");
            return out;
        }
        out.push_str("  edges:\n");
        for ((from, to, ports), by) in &self.edges {
            out.extend(by.iter().map(|by| format!("    # {by}\n")));
            out.push_str(&format!(
                "    - from: [{}]\n      to: [{}]\n      ports: [{ports}]\n",
                quoted(from),
                quoted(to)
            ));
        }
        out
    }
}

/// A name in YAML: in quotes where it could be read as something else.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'.'))
        && !matches!(
            name.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
        );
    if is_plain { name.to_owned() } else { crate::yaml::json_text(&serde_json::Value::from(name)) }
}

/// What the config calls a workload; an error says why it can call it nothing.
fn name(topology: &Topology<'_>, at: usize) -> Result<String, String> {
    let Some(one) = topology.workloads.get(at) else { return Err(String::new()) };
    let title = one.called.title();
    if one.uses_host_network {
        return Err(format!("{title} has the addresses of its nodes, for which NetworkPolicies do not hold"));
    }
    if EndName::try_from(one.called.name.clone()).is_err() {
        return Err(format!("{title} has no name that an edge could have"));
    }
    let twins = |by_kind: bool| {
        let is_it = |(other, two): &(usize, &super::topology::Workload)| {
            *other != at && two.called.name == one.called.name && (!by_kind || two.called.kind == one.called.kind)
        };
        topology.workloads.iter().enumerate().filter(is_it).map(|(_, two)| two.called.title()).next()
    };
    match (twins(true), twins(false)) {
        (Some(twin), _) => Err(format!("an edge cannot tell {title} from {twin}: render their namespaces one by one")),
        (None, Some(_)) => Ok(format!("{}/{}", one.called.kind, one.called.name)),
        (None, None) => Ok(one.called.name.clone()),
    }
}

fn edges(topology: &Topology<'_>, config: &mut Config) {
    for one in &topology.uses {
        let service = topology.title(End::Service(one.service));
        let by: Vec<&str> = one.by.iter().map(String::as_str).collect();
        let who = topology.workloads.get(one.from).map(|one| one.called.name.clone()).unwrap_or_default();
        let says = format!("{who} reads {}: {service}", by.join(", "));
        // Pods reach each other by their names, for which a headless Service is made; by another a program names itself.
        if let Some(own) = topology.services.get(one.service).filter(|own| one.from == one.to && !own.is_headless) {
            let port = one.service_port.and_then(|at| own.ports.get(at));
            let port = port.map(|port| format!(", port {}", port.own.first)).unwrap_or_default();
            let advice = "its own: declare an edge from it to itself if its pods ask each other";
            config.open.push(format!("{says}{port}\n{advice}"));
            continue;
        }
        // A port that the pods do not declare is one that an edge cannot name.
        match (name(topology, one.from), name(topology, one.to)) {
            (Ok(from), Ok(to)) => {
                config.edges.entry((from, to, one.port.to_string())).or_default().insert(says);
            }
            (Err(why), _) | (_, Err(why)) => config.open.push(format!("{says}; {why}")),
        }
    }
}

fn addresses(topology: &Topology<'_>, config: &mut Config) {
    for ((from, ip, port), by) in &topology.learned.addresses {
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        let who = topology.workloads.get(*from).map(|one| one.called.name.clone()).unwrap_or_default();
        let says = format!("{who} reads {}: the address {ip}", by.join(", "));
        let from = match name(topology, *from) {
            Ok(from) => from,
            Err(why) => {
                config.open.push(format!("{says}; {why}"));
                continue;
            }
        };
        let length = if ip.is_ipv4() { 32 } else { 128 };
        let peer = free(topology, &format!("address-{}", ip.to_string().replace(['.', ':'], "-").trim_matches('-')));
        let lines = vec![format!("ipBlocks: [{{cidr: \"{ip}/{length}\"}}]")];
        config.peers.entry(peer.clone()).or_insert_with(|| (lines, BTreeSet::new()));
        config.edges.entry((from, peer, port.to_string())).or_default().insert(says);
    }
}

fn clusters(topology: &Topology<'_>, config: &mut Config) {
    for ((from, cluster), by) in &topology.learned.clusters {
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        let who = topology.workloads.get(*from).map(|one| one.called.name.clone()).unwrap_or_default();
        let says = format!("{who} reads {}: the database of {}", by.join(", "), cluster.title());
        let from = match name(topology, *from) {
            Ok(from) => from,
            Err(why) => {
                config.open.push(format!("{says}; {why}"));
                continue;
            }
        };
        // The label that CloudNativePG gives the pods of a cluster.
        let mut lines = vec![format!("podSelector: {{matchLabels: {{cnpg.io/cluster: {}}}}}", quoted(&cluster.name))];
        if !cluster.namespace.is_empty() {
            lines.insert(0, format!("namespace: {}", quoted(&cluster.namespace)));
        }
        let peer = free(topology, &format!("{}-database", cluster.name));
        let told = "its operator makes the pods, so a NetworkPolicy for them is yours to write: default-deny holds for them, too".to_owned();
        config.peers.entry(peer.clone()).or_insert_with(|| (lines, BTreeSet::from([told])));
        config.edges.entry((from, peer, "5432".to_owned())).or_default().insert(says);
    }
}

/// A name for a peer that no workload has.
fn free(topology: &Topology<'_>, name: &str) -> String {
    let is_taken = |name: &str| topology.workloads.iter().any(|one| one.called.name == name);
    let mut free = name.to_owned();
    while is_taken(&free) {
        free.push_str("-peer");
    }
    free
}

/// Who brings requests, scrapes, calls: what of it the stream proves.
fn surroundings(topology: &Topology<'_>, config: &mut Config) {
    let stream = topology.stream();
    let names = |list: Vec<String>| text::few(list.len(), &mut list.into_iter(), ", ");
    let facts = topology.facts;
    let mut controllers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut unknown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for route in facts.routes().routes() {
        let Some(object) = stream.object(route.object).filter(|object| !object.is_embedded()) else { continue };
        let title = Called::of(&object).title();
        match brings(topology, &object, route.exposes) {
            Ok(controller) => controllers.entry(controller.name()).or_default().push(title),
            Err(choice) => unknown.entry(choice).or_default().push(title),
        }
        if route.exposes == Exposes::Route && config.dns.is_none() {
            config.dns = Some(("openshift", format!("{}: a cluster of OpenShift", Called::of(&object).title())));
        }
    }
    let several = controllers.len() + unknown.len();
    match (controllers.into_iter().next(), several) {
        (Some((controller, routes)), 1) => {
            let says = format!("brings the requests of {}", names(routes));
            config
                .peers
                .insert(free(topology, "ingress"), (vec![format!("controller: {controller}")], BTreeSet::from([says])));
        }
        (None, 0) => {}
        (known, _) => {
            let known = known.map(|(controller, routes)| format!("{} by {controller}", names(routes)));
            let unknown = unknown.into_iter().map(|(choice, routes)| format!("{}: {choice}", names(routes)));
            let mut why =
                vec!["Nothing says where the pods are that bring these requests, so none are let in:".to_owned()];
            why.extend(known.into_iter().chain(unknown));
            why.push("declare the peer `ingress`, and remove this line".to_owned());
            config.implied.insert("routes", why);
        }
    }
    let monitors = [By::ServiceMonitor, By::PodMonitor].into_iter().flat_map(|by| facts.selections().all(by));
    let monitors: Vec<String> =
        monitors.filter_map(|one| Some(Called::of(&stream.object(one.object)?).title())).collect();
    let agents = topology.workloads.iter().filter(|one| {
        let Some(object) = stream.object(one.object) else { return false };
        let mut pods = facts.pods_of(one.object).filter_map(|number| facts.pods().get(number));
        pods.any(|pod| pod.annotation(&object, AGENT).and_then(|value| go_bool(&value)) == Some(true))
    });
    let agents: Vec<String> = agents.map(|one| one.called.title()).collect();
    let calls =
        facts.references().all().iter().filter(|one| one.is_to("Service")).filter_map(|one| stream.object(one.object));
    let calls: BTreeSet<String> =
        calls.filter(|one| super::entries::is_called(&one.group())).map(|one| Called::of(&one).title()).collect();
    for (field, list, who, example) in [
        (
            "monitors",
            monitors,
            "Prometheus is whom these are for, and nothing says where it runs",
            "prometheus: {namespace: monitoring, podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}}",
        ),
        (
            "vault",
            agents,
            "The agents of these ask Vault, and nothing says where it runs",
            "vault: {namespace: vault, podSelector: {matchLabels: {app.kubernetes.io/name: vault}}}",
        ),
        (
            "webhooks",
            calls.into_iter().collect(),
            "The API server calls by these, and nothing says which address it has",
            "api-server: {ipBlocks: [{cidr: 10.0.0.10/32}]}",
        ),
    ] {
        if !list.is_empty() {
            let why = vec![
                format!("{who}: {}", names(list)),
                format!("declare it under `peers`, such as `{example}`, and remove this line"),
            ];
            config.implied.insert(field, why);
        }
    }
}

/// Which controller brings the requests of a route; an error is what is known of it.
fn brings(topology: &Topology<'_>, route: &crate::stream::Object<'_>, exposes: Exposes) -> Result<Controller, String> {
    let stream = topology.stream();
    let text = |path: &[&str]| route.root().find(path).and_then(Node::as_str);
    match exposes {
        Exposes::Route => Ok(Controller::OpenshiftRouter),
        Exposes::Ingress => {
            let class = text(&["spec", "ingressClassName"]).or_else(|| route.annotation("kubernetes.io/ingress.class"));
            let Some(class) = class else { return Err("the default IngressClass of the cluster".to_owned()) };
            let object = stream.named("networking.k8s.io", "IngressClass", &class).next();
            let by = object.and_then(|object| object.root().find(&["spec", "controller"])?.as_str());
            match by.as_deref() {
                Some("k8s.io/ingress-nginx") => Ok(Controller::IngressNginx),
                Some("traefik.io/ingress-controller") => Ok(Controller::Traefik),
                Some("projectcontour.io/ingress-controller") => Ok(Controller::Contour),
                Some(other) => Err(format!("the controller {}", line(other))),
                None => Err(format!("whoever serves the class {}{}", line(&class), usual(&class))),
            }
        }
        Exposes::HttpRoute | Exposes::TlsRoute => {
            let parents = route.root().find(&["spec", "parentRefs"]).into_iter().flat_map(Node::items);
            let mut named = parents.filter_map(|parent| {
                let text = |key: &str| parent.get(key).and_then(Node::as_str);
                let kind = text("kind").unwrap_or("Gateway".into());
                topology.facts.holder(&kind, &text("name")?, text("namespace").as_deref(), route)
            });
            let Some(gateway) = named.next() else {
                return Err("the Gateway that they name, which the stream does not have".to_owned());
            };
            let class = gateway.root().find(&["spec", "gatewayClassName"]).and_then(Node::as_str).unwrap_or_default();
            let object = stream.named(crate::facts::gateways::GATEWAY, "GatewayClass", &class).next();
            let by = object.and_then(|object| object.root().find(&["spec", "controllerName"])?.as_str());
            match by.as_deref() {
                Some("gateway.envoyproxy.io/gatewayclass-controller") => Ok(Controller::EnvoyGateway),
                Some("projectcontour.io/gateway-controller") => Ok(Controller::Contour),
                Some("traefik.io/gateway-controller") => Ok(Controller::Traefik),
                Some(other) => Err(format!("the controller {}", line(other))),
                None => Err(format!("whoever serves the GatewayClass {}{}", line(&class), usual(&class))),
            }
        }
    }
}

fn line(text: &str) -> String {
    text::plain(text).replace(['\n', '\r'], " ")
}

/// What a class of that name mostly is.
fn usual(class: &str) -> String {
    let known = match class {
        "nginx" => "ingress-nginx",
        "eg" => "envoy-gateway",
        other => Controller::ALL.iter().map(|one| one.name()).find(|name| *name == other).unwrap_or_default(),
    };
    if known.is_empty() {
        String::new()
    } else {
        format!("; if that is {known} where its project installs it: `ingress: {{controller: {known}}}`")
    }
}

/// Something that was seen, why it proves nothing, and what a person can do.
fn unproven(topology: &Topology<'_>, seen: &Seen) -> String {
    let who = topology.title(End::Workload(seen.from));
    let port = seen.port.map(|port| format!(", port {port}")).unwrap_or_default();
    let start = format!("{who} reads {}", seen.by);
    match &seen.why {
        Why::Outside(host) => {
            let host = host.as_ref().map_or_else(
                || "a host outside of the stream, which is not shown".to_owned(),
                |host| format!("the host {host}"),
            );
            format!(
                "{start}: {host}{port}\na NetworkPolicy knows no names of hosts: declare its addresses as `ipBlocks`, send the requests through an \
                 egress proxy and declare that, or use the policies by name of your network plugin"
            )
        }
        Why::Private(ip) => format!(
            "{start}: the address {ip}{port}\nit may be that of a Service, which policies do not see; if it is a machine: `ipBlocks: [{{cidr: {ip}/{}}}]`",
            if ip.contains(':') { 128 } else { 32 }
        ),
        Why::Elsewhere { service, namespace } => format!(
            "{start}: Service {service} of the namespace {namespace}{port}\nits pods and their ports are not in the stream: declare a peer with \
             `namespace: {namespace}`, a `podSelector`, and the `ports` of the pods"
        ),
        Why::NoService(host) => {
            format!("{start}: the host {host}{port}\nno Service of the stream has this name in its namespace")
        }
        Why::NoPods(service) => {
            format!("{start}: {service}{port}\nwhich sends to no pods of the stream: declare who answers as a peer")
        }
        Why::Many(service) => format!(
            "{start}: {service}{port}\nwhich sends to more workloads than one config can list: declare a peer with a `podSelector`"
        ),
        Why::NoPort { service, port: Some(port) } => format!("{start}: {service}\nwhich has no port {port}"),
        Why::NoPort { service, port: None } => format!("{start}: {service}\nnothing says which of its ports is meant"),
        Why::OwnHost { host, entry } => format!(
            "{start}: the host {host}{port}\nof {entry}: pods that ask for it leave the cluster and come back, so name the addresses of its load balancer, or \
             let them ask the Service"
        ),
        Why::Compared(service) => format!(
            "{start}: {service}{port}\nits name is one of what is listened at or only compared with: declare an edge if it connects"
        ),
        Why::Made { secret, by } => {
            format!("{start}\n{by} makes the Secret {secret}, and only it says where that is: declare a peer")
        }
    }
}

/// What a run of the config over the stream would find, and how many things.
fn tried(config: &str, rendered: &str) -> (Vec<String>, usize) {
    let read: Result<Pipeline, _> = config.parse();
    let (Ok(pipeline), Ok(mut stream)) = (read, Stream::parse(&Arc::new(rendered.to_owned()))) else {
        return (vec!["it cannot be read; please report this".to_owned()], 1);
    };
    let mut report = Report::default();
    let outcome = pipeline.run(&mut stream, &mut report);
    let worth = report.findings.iter().filter(|one| one.severity >= Severity::Warning);
    let worth: BTreeSet<String> = worth
        .map(|one| {
            let place = match &one.place {
                Place::Object { object, .. } => stream.object(*object).map(|object| Called::of(&object).title()),
                _ => None,
            };
            let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
            let remedy = one.remedy.as_ref().map(|remedy| format!("\n{remedy}")).unwrap_or_default();
            let severity = if one.severity == Severity::Error { "error" } else { "warning" };
            format!("{severity} {}: {place}{}{remedy}", one.rule.id, one.message)
        })
        .collect();
    let number = worth.len();
    let mut shown: Vec<String> = worth.into_iter().take(30).collect();
    if number > 30 {
        shown.push(format!("and {} more", number - 30));
    }
    debug_assert!(outcome == Outcome::Ok || number > 0);
    (shown, number)
}
