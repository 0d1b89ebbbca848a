//! What `NetworkPolicies` allows is what the config declares, no more and no less: an analyser that knows the API's semantics
//! and shares no code with krmor (`tests/netpol`) reads the policies of generated topologies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use krmor::report::{Report, Severity};
use krmor::stream::Stream;
use krmor::{Outcome, Pipeline};
use serde_json::{Value, json};

use crate::common::{Folder, Random, krmor, pipe, text, tool};

/// Ports by protocol, as the analyser orders these, each from one number to another.
pub(crate) type Ports = BTreeSet<(usize, u16, u16)>;
/// What is allowed, by who connects and to whom.
pub(crate) type Allowed = BTreeMap<(String, String), Ports>;

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
pub(crate) const ALL: [(usize, u16, u16); 3] = [(0, 1, 65535), (1, 1, 65535), (2, 1, 65535)];
const KINDS: [&str; 6] = ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "Pod"];
/// Ports that containers may declare: name, number, protocol.
const DECLARED: [(&str, u16, usize); 4] = [("http", 8080, 0), ("", 9000, 0), ("dns", 5300, 1), ("rtp", 5004, 1)];

/// Ports as the analyser writes them.
fn shown(ports: &Ports) -> String {
    let mut by_protocol = Vec::new();
    for (number, protocol) in PROTOCOLS.iter().enumerate() {
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for &(_, first, last) in ports.iter().filter(|port| port.0 == number) {
            match merged.last_mut() {
                Some(before) if u32::from(first) <= before.1 + 1 => before.1 = before.1.max(last.into()),
                _ => merged.push((first.into(), last.into())),
            }
        }
        let one =
            |&(first, last): &(u32, u32)| if first == last { format!("{first}") } else { format!("{first}-{last}") };
        if !merged.is_empty() {
            by_protocol.push(format!("{protocol} {}", merged.iter().map(one).collect::<Vec<_>>().join(",")));
        }
    }
    by_protocol.join("; ")
}

/// What the analyser finds in a stream.
pub(crate) fn analysed(stream: &str, outside: &Value) -> BTreeMap<(String, String), String> {
    let folder = Folder::new("netpol");
    let file = folder.write("outside.json", outside.to_string());
    let out = pipe(std::process::Command::new(tool("netpol")).arg(file), stream.as_bytes());
    assert!(out.status.success(), "{}\n{stream}", text(&out.stderr));
    let field = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = text(&out.stdout);
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| ((field(&row, "from"), field(&row, "to")), field(&row, "ports"))).collect()
}

struct Workload {
    kind: &'static str,
    name: String,
    namespace: &'static str,
    ports: Vec<(&'static str, u16, usize)>,
    tier: u64,
}

/// Peers by name: what is written, those of outside who are meant, and which workloads of the stream are meant, too.
type Named = (&'static str, fn() -> Value, &'static [&'static str], fn(&Workload) -> bool);
const PEERS: [Named; 5] = [
    (
        "scraper",
        || json!({"namespace": "monitoring", "podSelector": {"matchLabels": {"role": "scraper"}}}),
        &["scraper"],
        |_| false,
    ),
    (
        "net",
        || json!({"ipBlocks": [{"cidr": "198.51.100.0/24", "except": ["198.51.100.128/25"]}]}),
        &["net"],
        |_| false,
    ),
    (
        "reds",
        || json!({"namespace": "red", "podSelector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["t1"]}]}}),
        &["of-red"],
        |one| one.namespace == "red" && one.tier == 1,
    ),
    (
        "blues",
        || json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "blue"}}}),
        &[],
        |one| one.namespace == "blue",
    ),
    // In the namespace of whoever connects with it.
    ("near", || json!({"podSelector": {"matchLabels": {"tier": "t0"}}}), &[], |one| one.tier == 0),
];

impl Workload {
    fn id(&self) -> String {
        format!("{}/{}/{}", self.kind, self.namespace, self.name)
    }

    fn manifest(&self) -> String {
        let ports: Vec<Value> = self
            .ports
            .iter()
            .map(|(name, number, protocol)| {
                let mut port = json!({"containerPort": number, "protocol": PROTOCOLS[*protocol]});
                if !name.is_empty() {
                    port["name"] = json!(name);
                }
                port
            })
            .collect();
        let labels = json!({"app": self.name, "tier": format!("t{}", self.tier)});
        let metadata = json!({"name": self.name, "namespace": self.namespace});
        let ends = matches!(self.kind, "CronJob" | "Job");
        let pod = json!({
            "restartPolicy": if ends { "Never" } else { "Always" },
            "containers": [{"name": "main", "image": "i:1", "ports": ports}],
        });
        let template = json!({"metadata": {"labels": labels}, "spec": pod});
        let selector = json!({"matchLabels": {"app": self.name}});
        let object = match self.kind {
            "Pod" => json!({
                "apiVersion": "v1", "kind": "Pod", "spec": pod,
                "metadata": {"name": self.name, "namespace": self.namespace, "labels": labels},
            }),
            "Job" => {
                json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}})
            }
            "CronJob" => json!({
                "apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata,
                "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}},
            }),
            kind => json!({
                "apiVersion": "apps/v1", "kind": kind, "metadata": metadata,
                "spec": {"selector": selector, "template": template, "serviceName": (kind == "StatefulSet").then_some(&self.name)},
            }),
        };
        let mut object = object;
        if self.kind != "StatefulSet"
            && let Some(spec) = object["spec"].as_object_mut()
        {
            spec.remove("serviceName");
        }
        format!("---\n{object}\n")
    }
}

pub(crate) struct Topology {
    pub(crate) stream: String,
    pub(crate) config: Value,
    pub(crate) allowed: Allowed,
}

/// Who connects to whom by an edge between two of the workloads and peers, by their numbers.
fn pairs(workloads: &[Workload], from: usize, to: usize) -> Vec<(String, String)> {
    let peer = |at: usize| at.checked_sub(workloads.len()).map(|at| PEERS[at]);
    // Those of the stream, and those of outside.
    let members = |at: usize| -> (Vec<&Workload>, &[&str]) {
        match peer(at) {
            None => (vec![&workloads[at]], &[]),
            Some((.., outside, is_one)) => {
                let inside = workloads.iter().filter(|one| is_one(one)).collect();
                // Where the stream has a workload, what else is in its namespace is denied everything.
                let is_denied = *outside == ["of-red"] && workloads.iter().any(|one| one.namespace == "red");
                (inside, if is_denied { &[] } else { outside })
            }
        }
    };
    let is_near = |at: usize| peer(at).is_some_and(|peer| peer.0 == "near");
    let ((from_inside, from_outside), (to_inside, to_outside)) = (members(from), members(to));
    let mut out = Vec::new();
    for from_one in &from_inside {
        let is_there = |one: &&&Workload| !is_near(from) && !is_near(to) || one.namespace == from_one.namespace;
        out.extend(to_inside.iter().filter(is_there).map(|one| (from_one.id(), one.id())));
        out.extend(to_outside.iter().map(|one| (from_one.id(), (*one).to_owned())));
    }
    for one in &to_inside {
        out.extend(from_outside.iter().map(|from| ((*from).to_owned(), one.id())));
    }
    out
}

/// Workloads, peers, and edges between them, with what these mean.
pub(crate) fn topology(seed: u64) -> Topology {
    let mut random = Random(0x6e65_7470 + seed * 7919);
    (0..8).for_each(|_| _ = random.next()); // seeds that are near begin alike
    let mut below = |number: u64| random.next() % number;
    let mut workloads = Vec::new();
    for number in 0..2 + below(5) {
        let kind = KINDS[usize::try_from(below(6)).unwrap()];
        let ports = DECLARED.into_iter().filter(|_| below(2) == 0).collect();
        let namespace = if below(3) == 0 { "blue" } else { "red" };
        workloads.push(Workload { kind, name: format!("w{number}"), namespace, ports, tier: below(2) });
    }
    let mut allowed = Allowed::new();
    for one in &workloads {
        allowed.insert((one.id(), "dns".to_owned()), [(0, 53, 53), (1, 53, 53)].into());
    }
    let mut edges = Vec::new();
    for _ in 0..1 + below(6) {
        let ends = |random: &mut dyn FnMut(u64) -> u64| {
            let mut ends = BTreeSet::new();
            for _ in 0..1 + random(2) {
                let at = usize::try_from(random((workloads.len() + PEERS.len()) as u64)).unwrap();
                ends.insert(at);
            }
            ends.into_iter().collect::<Vec<usize>>()
        };
        let (from, to) = (ends(&mut below), ends(&mut below));
        let name = |at: &usize| {
            workloads.get(*at).map_or_else(|| PEERS[*at - workloads.len()].0.to_owned(), |one| one.name.clone())
        };
        // What fits all the targets.
        let all_declare = to.iter().all(|at| workloads.get(*at).is_some_and(|one| !one.ports.is_empty()));
        let common: Vec<_> = DECLARED
            .into_iter()
            .filter(|port| to.iter().all(|at| workloads.get(*at).is_some_and(|one| one.ports.contains(port))))
            .collect();
        let outside_only = to.iter().all(|at| *at >= workloads.len());
        let (ports, of): (Vec<Value>, Box<dyn Fn(usize) -> Ports>) = match below(4) {
            0 if all_declare => {
                let declared = |at: usize| {
                    workloads[at].ports.iter().map(|(_, number, protocol)| (*protocol, *number, *number)).collect()
                };
                (Vec::new(), Box::new(declared))
            }
            1 if !common.is_empty() => {
                let (name, number, protocol) = common[usize::try_from(below(common.len() as u64)).unwrap()];
                let port = match (name, protocol) {
                    ("", _) => json!(number),
                    (name, _) if below(2) == 0 => json!(name),
                    (_, 0) => json!(number),
                    _ => json!(format!("{number}/{}", PROTOCOLS[protocol])),
                };
                (vec![port], Box::new(move |_| [(protocol, number, number)].into()))
            }
            2 if outside_only => {
                (vec![json!(443), json!("8000-8010/UDP")], Box::new(|_| [(0, 443, 443), (1, 8000, 8010)].into()))
            }
            2 if common.iter().any(|port| port.2 == 0) => {
                (vec![json!("8000-9999")], Box::new(|_| [(0, 8000, 9999)].into()))
            }
            _ => (vec![json!("any")], Box::new(|_| ALL.into())),
        };
        let names = |list: &[usize]| list.iter().map(name).collect::<Vec<_>>();
        edges.push(json!({"from": names(&from), "to": names(&to), "ports": ports}));
        for from in &from {
            for to in &to {
                for ends in pairs(&workloads, *from, *to) {
                    allowed.entry(ends).or_default().extend(of(*to));
                }
            }
        }
    }
    let stream = workloads.iter().map(Workload::manifest).collect();
    let config = json!({
        "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "metadata": {"name": "topology"},
        "spec": {
            "edges": edges,
            "peers": PEERS.iter().map(|(name, peer, ..)| ((*name).to_owned(), peer())).collect::<serde_json::Map<_, _>>(),
        },
    });
    Topology { stream, config, allowed }
}

/// Who is outside: the peers, DNS, and strangers, who may do nothing.
pub(crate) fn outside() -> Value {
    json!({"outside": [
        {"name": "dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}, "ports": {"dns": 53}},
        {"name": "scraper", "namespace": "monitoring", "labels": {"role": "scraper"}},
        {"name": "net", "cidr": "198.51.100.0/25"},
        {"name": "of-monitoring", "namespace": "monitoring", "labels": {"role": "other"}},
        {"name": "of-red", "namespace": "red", "labels": {"role": "scraper", "tier": "t1"}},
        {"name": "of-system", "namespace": "kube-system", "labels": {"app": "w0"}},
        {"name": "excepted", "cidr": "198.51.100.128/25"},
        {"name": "elsewhere", "cidr": "203.0.113.9/32"},
    ]})
}

pub(crate) fn run(config: &Value, stream: &str) -> (String, Report) {
    let pipeline: Pipeline = config.to_string().parse().unwrap();
    let mut stream = Stream::parse(&std::sync::Arc::new(stream.to_owned())).unwrap();
    let mut report = Report::default();
    let outcome = pipeline.run(&mut stream, &mut report);
    let errors: Vec<_> = report.findings.iter().filter(|one| one.severity == Severity::Error).collect();
    assert!(outcome == Outcome::Ok, "{errors:#?}\n{config}");
    (stream.render(), report)
}

#[test]
fn what_is_allowed_is_what_is_declared() {
    let mut connections = 0;
    for seed in 0..250 {
        let Topology { stream, config, allowed } = topology(seed);
        let (out, _) = run(&config, &stream);
        let wanted: BTreeMap<(String, String), String> =
            allowed.iter().map(|(ends, ports)| (ends.clone(), shown(ports))).collect();
        assert_eq!(analysed(&out, &outside()), wanted, "topology {seed}: {config}\n{out}");
        connections += wanted.len();
    }
    assert!(connections > 2000, "{connections} connections");
}

/// Two configs, each for the workloads of a namespace, say together what one says for both.
#[test]
fn two_configs_are_as_good_as_one() {
    for seed in 0..40 {
        let Topology { stream, config, allowed } = topology(seed);
        let of = |namespace: &str| {
            let mut spec = config["spec"].clone();
            spec["targets"] = json!([{"namespace": namespace, "optional": true}]);
            json!({"kind": "NetworkPolicies", "spec": spec})
        };
        let both = json!({
            "apiVersion": "krmor.dev/v1alpha1", "kind": "Pipeline",
            "spec": {"functions": {"red": of("red"), "blue": of("blue")}},
        });
        let (out, _) = run(&both, &stream);
        let wanted: BTreeMap<(String, String), String> =
            allowed.iter().map(|(ends, ports)| (ends.clone(), shown(ports))).collect();
        assert_eq!(analysed(&out, &outside()), wanted, "topology {seed}: {config}\n{out}");
    }
}

/// A workload `web` of the namespace `red` behind Services, and what exposes them.
fn exposed(by: &str, spec: &Value) -> (BTreeMap<(String, String), String>, Report) {
    let web =
        Workload { kind: "Deployment", name: "web".to_owned(), namespace: "red", ports: vec![DECLARED[0]], tier: 0 };
    let services = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: red}\nspec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: alias, namespace: red}\nspec: {type: ExternalName, externalName: web.red.svc.cluster.local}\n";
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "spec": spec});
    let (out, report) = run(&config, &format!("{}{services}---\n{by}\n", web.manifest()));
    let is_read = |document: &&str| document.contains("NetworkPolicy") || document.contains("kind\":\"Deployment");
    let read: Vec<&str> = out.split("---\n").filter(is_read).collect();
    let outside = json!({"outside": [
        {"name": "dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}, "ports": {"dns": 53}},
        {"name": "router", "namespace": "ingress", "labels": {}},
        {"name": "internet", "cidr": "203.0.113.0/24"},
    ]});
    (analysed(&read.join("---\n"), &outside), report)
}

/// Everything by which requests come in, and the same where they come from the mesh only.
const WAYS_IN: [(&str, bool); 33] = [
    (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, namespace: red}, spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}}",
        true,
    ),
    (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, namespace: red}, spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: main}}}}]}}]}}",
        true,
    ),
    (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, namespace: red}, spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: alias, port: {number: 80}}}}]}}]}}",
        true,
    ),
    (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, namespace: red, annotations: {nginx.ingress.kubernetes.io/default-backend: web}}, spec: {defaultBackend: {service: {name: other, port: {number: 80}}}}}",
        true,
    ),
    (
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: x, namespace: red, annotations: {alb.ingress.kubernetes.io/actions.go: '{\"type\": \"forward\", \"forwardConfig\": {\"targetGroups\": [{\"serviceName\": \"web\", \"servicePort\": \"80\"}]}}'}}, spec: {defaultBackend: {service: {name: other, port: {number: 80}}}}}",
        true,
    ),
    (
        "{apiVersion: networking.k8s.io/v1beta1, kind: Ingress, metadata: {name: x, namespace: red}, spec: {rules: [{http: {paths: [{backend: {serviceName: web, servicePort: main}}]}}]}}",
        true,
    ),
    (
        "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: x, namespace: red}, spec: {to: {kind: Service, name: web}, port: {targetPort: 8080}}}",
        true,
    ),
    (
        "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: x, namespace: red}, spec: {to: {kind: Service, name: other}, alternateBackends: [{kind: Service, name: web, weight: 1}], port: {targetPort: main}}}",
        true,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x, namespace: blue}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, namespace: red, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: other, port: 80}], filters: [{type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}}}]}]}}",
        true,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{name: g}, {group: '', kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{group: '', kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        false,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{group: '', kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        false,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1alpha2, kind: TCPRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1alpha2, kind: TLSRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: gateway.networking.k8s.io/v1alpha2, kind: UDPRoute, metadata: {name: x, namespace: red}, spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: x, namespace: red}, spec: {routes: [{match: Host(`a`), services: [{name: web, port: main}]}]}}",
        true,
    ),
    (
        "{apiVersion: traefik.io/v1alpha1, kind: IngressRouteTCP, metadata: {name: x, namespace: red}, spec: {routes: [{match: HostSNI(`a`), services: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: traefik.io/v1alpha1, kind: IngressRouteUDP, metadata: {name: x, namespace: red}, spec: {routes: [{services: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: traefik.io/v1alpha1, kind: TraefikService, metadata: {name: x, namespace: red}, spec: {weighted: {services: [{name: web, port: 80, weight: 1}]}}}",
        true,
    ),
    (
        "{apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {name: x, namespace: red}, spec: {routes: [{services: [{name: web, port: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {name: x, namespace: red}, spec: {tcpproxy: {services: [{name: web, port: 80}]}}}",
        true,
    ),
    (
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: red}, spec: {gateways: [istio-system/public], http: [{route: [{destination: {host: web.red.svc.cluster.local, port: {number: 80}}}]}]}}",
        true,
    ),
    (
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: red}, spec: {gateways: [public, mesh], http: [{route: [{destination: {host: other}}], mirror: {host: web}}]}}",
        true,
    ),
    (
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: red}, spec: {http: [{route: [{destination: {host: web}}]}]}}",
        false,
    ),
    (
        "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: x, namespace: red}, spec: {gateways: [public], http: [{route: [{destination: {host: web.example.com}}]}]}}",
        false,
    ),
    (
        "{apiVersion: configuration.konghq.com/v1beta1, kind: TCPIngress, metadata: {name: x, namespace: red}, spec: {rules: [{port: 9000, backend: {serviceName: web, servicePort: 80}}]}}",
        true,
    ),
    (
        "{apiVersion: k8s.nginx.org/v1, kind: VirtualServer, metadata: {name: x, namespace: red}, spec: {upstreams: [{name: u, service: web, port: 80}]}}",
        true,
    ),
    (
        "{apiVersion: apisix.apache.org/v2, kind: ApisixRoute, metadata: {name: x, namespace: red}, spec: {http: [{backends: [{serviceName: web, servicePort: 80}]}]}}",
        true,
    ),
    (
        "{apiVersion: getambassador.io/v3alpha1, kind: Mapping, metadata: {name: x, namespace: blue}, spec: {prefix: /, service: 'https://web.red:80'}}",
        true,
    ),
    (
        "{apiVersion: elbv2.k8s.aws/v1beta1, kind: TargetGroupBinding, metadata: {name: x, namespace: red}, spec: {serviceRef: {name: web, port: 80}}}",
        true,
    ),
];

#[test]
fn every_way_in_has_its_edge() {
    let spec = json!({"peers": {"ingress": {"namespace": "ingress"}}});
    for (by, is_open) in WAYS_IN {
        let (found, report) = exposed(by, &spec);
        let edge = found.get(&("router".to_owned(), "Deployment/red/web".to_owned()));
        assert_eq!(edge.map(String::as_str), is_open.then_some("TCP 8080"), "{by}: {:?}", report.findings);
        assert!(!found.contains_key(&("internet".to_owned(), "Deployment/red/web".to_owned())), "{by}");
    }
}

/// What is open by itself gets the edge from those who are named, and is named itself where nobody is.
#[test]
fn what_is_open_by_itself_is_never_shut_in_silence() {
    let service = |spec: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: open, namespace: red}}, spec: {{selector: {{app: web}}, ports: [{{port: 443, targetPort: http}}], {spec}}}}}"
        )
    };
    let ways = [
        service("type: LoadBalancer"),
        service("type: NodePort"),
        service("externalIPs: [192.0.2.1]"),
        "{apiVersion: multicluster.x-k8s.io/v1alpha1, kind: ServiceExport, metadata: {name: web, namespace: red}}".to_owned(),
        "{apiVersion: v1, kind: Pod, metadata: {name: open, namespace: red, labels: {app: open}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 8080, hostPort: 80}]}]}}".to_owned(),
    ];
    let net = json!({"ipBlocks": [{"cidr": "203.0.113.0/24"}]});
    let told = |report: &Report| report.findings.iter().any(|one| one.rule.id == "exposed-closed");
    let to = |by: &str| if by.contains("hostPort") { ("open", "Pod/red/open") } else { ("web", "Deployment/red/web") };
    for by in &ways {
        let (name, id) = to(by);
        let (_, report) = exposed(by, &json!({}));
        assert!(told(&report), "{by}");
        let (_, report) = exposed(by, &json!({"implied": {"clients": []}}));
        assert!(!told(&report), "{by}");
        for spec in [
            json!({"peers": {"clients": net}}),
            json!({"peers": {"net": net}, "implied": {"clients": ["net"]}}),
            json!({"peers": {"net": net}, "edges": [{"from": ["net"], "to": [name]}]}),
        ] {
            let (found, report) = exposed(by, &spec);
            assert!(!told(&report), "{by}: {spec}");
            if name == "web" {
                assert_eq!(found[&("internet".to_owned(), id.to_owned())], "TCP 8080", "{by}: {spec}");
            }
        }
    }
    let (_, report) = exposed(&service("type: ClusterIP"), &json!({}));
    assert!(!told(&report));
    // A route by a port that leads nowhere.
    let nowhere = WAYS_IN[1].0.replace("name: main", "number: 81");
    let (_, report) = exposed(&nowhere, &json!({"peers": {"ingress": {"namespace": "ingress"}}}));
    assert!(told(&report), "{:?}", report.findings);
}

/// What other kinds of policies let pass is not what is declared.
#[test]
fn policies_of_other_kinds_are_named() {
    let one = |api: &str, kind: &str, namespace: &str| {
        format!("{{apiVersion: {api}, kind: {kind}, metadata: {{name: x{namespace}}}, spec: {{}}}}")
    };
    let (here, there) = (", namespace: red", ", namespace: other");
    for (by, is_told) in [
        (one("cilium.io/v2", "CiliumNetworkPolicy", here), true),
        (one("cilium.io/v2", "CiliumNetworkPolicy", there), false),
        (one("cilium.io/v2", "CiliumClusterwideNetworkPolicy", ""), true),
        (one("projectcalico.org/v3", "NetworkPolicy", here), true),
        (one("crd.projectcalico.org/v1", "GlobalNetworkPolicy", ""), true),
        (one("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", ""), true),
        (one("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", ""), true),
        (one("security.istio.io/v1", "AuthorizationPolicy", here), true),
        (one("cilium.io/v2", "CiliumNode", ""), false),
    ] {
        let web = Workload { kind: "Deployment", name: "web".to_owned(), namespace: "red", ports: Vec::new(), tier: 0 };
        let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies"});
        let (_, report) = run(&config, &format!("{}---\n{by}\n", web.manifest()));
        assert_eq!(report.findings.iter().any(|one| one.rule.id == "other-kind"), is_told, "{by}");
    }
}

/// A peer that nobody can tell from a workload is named; so is an edge that leads past the stream.
#[test]
fn what_a_peer_may_be_is_said() {
    let web = |namespace: &'static str| {
        Workload { kind: "Deployment", name: "web".to_owned(), namespace, ports: vec![DECLARED[0]], tier: 0 }.manifest()
    };
    let home = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: red, labels: {team: a}}}\n";
    let told = |peer: Value, stream: &str| {
        let config = json!({
            "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies",
            "spec": {"peers": {"p": peer}, "edges": [{"from": ["p"], "to": ["web"]}]},
        });
        let (_, report) = run(&config, stream);
        report.findings.iter().filter(|one| one.rule.id == "peer-unsure").count()
    };
    let by_team = || json!({"namespaceSelector": {"matchLabels": {"team": "a"}}});
    assert_eq!(told(by_team(), &web("red")), 1);
    assert_eq!(told(by_team(), &(web("red") + home)), 0);
    assert_eq!(told(json!({"namespace": "elsewhere", "podSelector": {"matchLabels": {"app": "web"}}}), &web("")), 1);
    assert_eq!(told(json!({"namespace": "elsewhere", "podSelector": {"matchLabels": {"app": "b"}}}), &web("")), 0);
    assert_eq!(told(json!({"namespace": "elsewhere"}), &web("")), 0);
    let config = json!({
        "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies",
        "spec": {"peers": {"p": {"namespace": "a"}, "q": {"namespace": "b"}}, "edges": [{"from": ["p"], "to": ["q"], "ports": [1]}]},
    });
    let (_, report) = run(&config, &web("red"));
    assert!(report.findings.iter().any(|one| one.rule.id == "outside-edge"), "{:?}", report.findings);
}

#[test]
fn without_policies_the_analyser_sees_everything_open() {
    let Topology { stream, .. } = topology(1);
    let open = analysed(&stream, &outside());
    assert!(open.len() > 20 && open.values().all(|ports| *ports == shown(&ALL.into())), "{open:?}");
}

/// An edge that is declared no more is taken out of a policy that is there.
#[test]
fn a_policy_of_krmors_follows_the_config() {
    for seed in 0..20 {
        let (first, second) = (topology(seed), topology(seed));
        let (there, _) = run(&first.config, &first.stream);
        let mut config = second.config;
        config["spec"]["edges"] = json!([]);
        let (again, _) = run(&config, &there);
        let (alone, _) = run(&config, &second.stream);
        assert_eq!(analysed(&again, &outside()), analysed(&alone, &outside()), "topology {seed}\n{again}");
    }
}

#[test]
fn thousands_of_workloads_take_linear_time() {
    let stream = |number: usize| {
        let one = |at: usize| {
            Workload { kind: "Deployment", name: format!("w{at}"), namespace: "red", ports: vec![DECLARED[0]], tier: 0 }
                .manifest()
        };
        (0..number).map(one).collect::<String>()
    };
    let config = |number: usize| {
        let edges: Vec<Value> =
            (1..number).map(|at| json!({"from": [format!("w{}", at - 1)], "to": [format!("w{at}")]})).collect();
        json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "spec": {"edges": edges}})
    };
    // A square would take minutes.
    let (out, report) = run(&config(3000), &stream(3000));
    assert_eq!(out.matches("kind: NetworkPolicy").count(), 3001);
    let mut told = String::new();
    for finding in &report.findings {
        let _ = writeln!(told, "{}", finding.message);
    }
    assert_eq!(told, "", "every workload has an edge");
}

/// A policy of krmor's whose workload is gone allows what nobody declares any more.
#[test]
fn what_is_left_over_is_said() {
    let workload = |name: &str| Workload {
        kind: "Deployment",
        name: name.to_owned(),
        namespace: "red",
        ports: vec![DECLARED[0]],
        tier: 0,
    };
    let stream = |label: &str, name: &str| {
        workload(label).manifest().replacen(&format!("\"name\":\"{label}\""), &format!("\"name\":\"{name}\""), 1)
    };
    let config = |to: &str| {
        json!({
            "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies",
            "spec": {"edges": [{"from": ["x"], "to": [to]}]},
        })
    };
    let (first, _) = run(&config("web"), &(stream("x", "x") + &stream("web", "web")));
    let rename = |stream: &str| {
        stream.replacen(
            "\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"",
            "\"kind\":\"Deployment\",\"metadata\":{\"name\":\"front\"",
            1,
        )
    };
    let renamed = rename(&first);
    assert_ne!(first, renamed, "{first}");
    // The one for the same pods is brought up to date, whatever its name is.
    let (out, report) = run(&config("front"), &renamed);
    let told = |report: &Report| report.findings.iter().map(|one| one.rule.id).collect::<Vec<_>>();
    assert_eq!(told(&report), [""; 0], "{:?}", report.findings);
    assert_eq!(out.matches("kind: NetworkPolicy").count(), 3, "{out}");
    let (alone, _) = run(&config("front"), &rename(&(stream("x", "x") + &stream("web", "web"))));
    assert_eq!(analysed(&out, &outside()), analysed(&alone, &outside()));
    assert_eq!(run(&config("front"), &out).0, out);
    // A second one for them is left over, and so is one that has a name which krmor's could have.
    for (name, app) in [("web-deployment", "web"), ("x-deployment", "web"), ("old", "x")] {
        let old = format!(
            "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: red, annotations: {{krmor.dev/network-policy: \"true\"}}}}, spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, ingress: [{{}}]}}}}\n"
        );
        let (_, report) = run(&config("web"), &format!("{first}{old}"));
        assert_eq!(told(&report), ["stale-policy"], "{name}: {:?}", report.findings);
    }
}

/// A container's own name for a port goes before that of a Service.
#[test]
fn the_name_of_a_port_means_one() {
    let mut a =
        Workload { kind: "Deployment", name: "a".to_owned(), namespace: "red", ports: vec![DECLARED[0]], tier: 0 }
            .manifest();
    a = a.replace("{\"containerPort\":8080", "{\"containerPort\":9090,\"name\":\"web\"},{\"containerPort\":8080");
    let x =
        Workload { kind: "Deployment", name: "x".to_owned(), namespace: "red", ports: Vec::new(), tier: 0 }.manifest();
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: red}\nspec: {selector: {app: a}, ports: [{name: http, port: 80, targetPort: web}, {name: other, port: 81, targetPort: web}]}\n";
    for (port, wanted) in [("http", "TCP 8080"), ("other", "TCP 9090")] {
        let config = json!({
            "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies",
            "spec": {"edges": [{"from": ["x"], "to": ["a"], "ports": [port]}]},
        });
        let (out, _) = run(&config, &format!("{a}{x}{service}"));
        let found = analysed(&out.replace(service, ""), &outside());
        assert_eq!(found[&("Deployment/red/x".to_owned(), "Deployment/red/a".to_owned())], wanted);
    }
}

/// A selector that the API cannot read never becomes one of every pod.
#[test]
fn a_selector_that_cannot_be_read_is_refused() {
    let broken = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: 1}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: i}]}}}\n";
    let pipeline: Pipeline = "apiVersion: krmor.dev/v1alpha1\nkind: NetworkPolicies\n".parse().unwrap();
    let mut stream = Stream::parse(&std::sync::Arc::new(broken.to_owned())).unwrap();
    let mut report = Report::default();
    assert!(pipeline.run(&mut stream, &mut report) != Outcome::Ok);
    assert!(report.findings.iter().any(|one| one.rule.id == "no-labels"), "{:?}", report.findings);
}

/// What an object was before earlier kustomizations says nothing of where it is: both ends, the denial and the ways in are
/// those of its namespace now.
#[test]
fn where_a_workload_was_before_does_not_count() {
    let moved = |name: &str, label: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: blue\n  annotations: {{internal.config.kubernetes.io/previousNamespaces: red}}\nspec:\n  selector: {{matchLabels: {{app: {label}}}}}\n  template:\n    metadata: {{labels: {{app: {label}}}}}\n    spec: {{containers: [{{name: main, image: i, ports: [{{name: http, containerPort: 8080}}]}}]}}\n---\n"
        )
    };
    let db =
        Workload { kind: "Deployment", name: "db".to_owned(), namespace: "red", ports: vec![DECLARED[0]], tier: 0 };
    let config = json!({
        "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "spec": {"edges": [{"from": ["web"], "to": ["db"]}]},
    });
    let (out, report) = run(&config, &format!("{}{}", moved("web", "web"), db.manifest()));
    let found = analysed(&out, &outside());
    assert_eq!(found.get(&("Deployment/blue/web".to_owned(), "Deployment/red/db".to_owned())).unwrap(), "TCP 8080");
    assert_eq!(out.matches("name: default-deny").count(), 2, "{out}");
    assert!(report.findings.iter().all(|one| one.rule.id != "shared-labels"), "{:?}", report.findings);

    // Two of one name and labels, of one base: each is alone where it is.
    let (_, report) = run(
        &json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies"}),
        &(moved("db", "db") + &db.manifest()),
    );
    assert!(report.findings.iter().all(|one| one.rule.id != "shared-labels"), "{:?}", report.findings);

    let config = json!({
        "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "spec": {"peers": {"ingress": {"controller": "traefik"}}},
    });
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: red}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: red}\nspec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n---\n";
    let (out, _) = run(&config, &format!("{service}{}", moved("web", "web")));
    assert!(!out.contains("traefik"), "an Ingress of another namespace opens nothing:\n{out}");
}

/// A NetworkPolicy without a `podSelector` is for every pod of its namespace.
#[test]
fn a_policy_that_leaves_its_selector_out_is_seen() {
    let web = Workload { kind: "Deployment", name: "web".to_owned(), namespace: "red", ports: Vec::new(), tier: 0 };
    for spec in [
        "{ingress: [{}], egress: [{}], policyTypes: [Ingress, Egress]}",
        "{podSelector: null, egress: [{}]}",
        "{podSelector: {}, ingress: [{}]}",
    ] {
        let other = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: all, namespace: red}}\nspec: {spec}\n"
        );
        let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies"});
        let (_, report) = run(&config, &format!("{}---\n{other}", web.manifest()));
        let told = report.findings.iter().any(|one| one.rule.id == "other-policy");
        assert!(told, "{spec}: {:?}", report.findings);
    }
}

/// A Service looks a named port up as Kubernetes does: by its protocol too, and never in containers that have ended.
#[test]
fn named_ports_are_those_that_kubernetes_finds() {
    let containers = "initContainers: [{name: init, image: i, ports: [{name: http, containerPort: 9999}]}, {name: proxy, image: i, restartPolicy: Always, ports: [{name: http, containerPort: 7777}, {name: admin, containerPort: 7778}]}], containers: [{name: udp, image: i, ports: [{name: http, protocol: UDP, containerPort: 5353}]}, {name: main, image: i, ports: [{name: http, containerPort: 8080}]}]";
    let web = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: red}}\nspec: {{selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{{containers}}}}}}}\n"
    );
    for (target, protocol, wanted) in
        [("http", "TCP", "port: 8080"), ("http", "UDP", "port: 5353"), ("admin", "TCP", "port: 7778")]
    {
        let service = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: red}}\nspec: {{type: LoadBalancer, selector: {{app: web}}, ports: [{{port: 80, protocol: {protocol}, targetPort: {target}}}]}}\n"
        );
        let config = json!({
            "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies",
            "spec": {"peers": {"clients": {"ipBlocks": [{"cidr": "203.0.113.0/24"}]}}},
        });
        let (out, report) = run(&config, &format!("{web}---\n{service}"));
        let opened = out.split("ingress:").find(|part| part.contains("203.0.113.0/24"));
        let opened = opened.and_then(|part| part.split("egress:").next()).unwrap_or_default();
        assert!(opened.contains(wanted), "{target} {protocol}:\n{out}\n{:?}", report.findings);
        assert_eq!(opened.matches("port: ").count(), 1, "{target} {protocol}:\n{out}");
    }
}

/// Findings of a config that may be refused: rule, place and what is said.
fn told(spec: &Value, stream: &str) -> Vec<(String, String)> {
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "spec": spec});
    let pipeline: Pipeline = config.to_string().parse().unwrap();
    let mut stream = Stream::parse(&std::sync::Arc::new(stream.to_owned())).unwrap();
    let mut report = Report::default();
    pipeline.run(&mut stream, &mut report);
    let row = |one: &krmor::report::Finding| {
        (one.rule.id.to_owned(), format!("{}; {}", one.message, one.remedy.as_deref().unwrap_or_default()))
    };
    report.findings.iter().map(row).collect()
}

fn workload(kind: &'static str, name: &str, namespace: &'static str) -> Workload {
    Workload { kind, name: name.to_owned(), namespace, ports: vec![DECLARED[0]], tier: 0 }
}

/// Who may connect to whom inside a stream, without DNS.
fn inside(spec: &Value, stream: &str) -> BTreeSet<(String, String)> {
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "spec": spec});
    let (out, _) = run(&config, stream);
    let is_read = |document: &&str| document.contains("NetworkPolicy") || document.contains("\"containers\"");
    let read: Vec<&str> = out.split("---\n").filter(is_read).collect();
    let all = analysed(&read.join("---\n"), &json!({"outside": []}));
    all.into_keys().filter(|(from, to)| from != to).collect()
}

/// A name that several workloads have never makes more edges than it says.
#[test]
fn an_edge_joins_those_of_one_place_or_says_whom_it_may_mean() {
    let edge = |from: &str, to: &[&str]| json!({"edges": [{"from": [from], "to": to}]});
    let of = |list: &[(&str, &'static str)]| -> String {
        list.iter().map(|(name, namespace)| workload("Deployment", name, namespace).manifest()).collect()
    };
    let pair = |namespace: &str| (format!("Deployment/{namespace}/web"), format!("Deployment/{namespace}/db"));
    let both = of(&[("web", "eu"), ("db", "eu"), ("web", "us"), ("db", "us")]);
    assert_eq!(inside(&edge("web", &["db"]), &both), [pair("eu"), pair("us")].into());
    assert_eq!(inside(&edge("eu/web", &["eu/db"]), &both), [pair("eu")].into());
    assert_eq!(inside(&edge("us/Deployment/web", &["us/db"]), &both), [pair("us")].into());
    let cross = ("Deployment/eu/web".to_owned(), "Deployment/us/db".to_owned());
    assert_eq!(inside(&edge("eu/web", &["eu/db", "us/db"]), &both), [pair("eu"), cross].into());
    // A peer is beside everybody.
    let mut spec = edge("web", &["net"]);
    spec["peers"] = json!({"net": {"ipBlocks": [{"cidr": "198.51.100.0/24"}], "ports": [443]}});
    assert_eq!(told(&spec, &both).iter().filter(|(rule, _)| rule == "ambiguous-end").count(), 0);
    // One place is not said, or not said of all.
    let unclear = |from: &str, to: &str, stream: &str| -> Vec<String> {
        let all = told(&edge(from, &[to]), stream).into_iter();
        all.filter(|(rule, _)| rule == "ambiguous-end").map(|(_, says)| says).collect()
    };
    let says = "`db` fits Deployment eu/db, Deployment us/db, and nothing says which is meant; write which: `eu/db` or `us/db`";
    assert_eq!(unclear("front", "db", &of(&[("front", "top"), ("db", "eu"), ("db", "us")])), [says]);
    assert_eq!(unclear("web", "db", &of(&[("web", "eu"), ("web", "us"), ("db", "eu")])).len(), 1);
    let kinds = of(&[("web", "shop"), ("db", "shop")]) + &workload("StatefulSet", "db", "shop").manifest();
    let says = "`db` fits Deployment shop/db, StatefulSet shop/db, and nothing says which is meant; write which: `Deployment/db` or `StatefulSet/db`";
    assert_eq!(unclear("web", "db", &kinds), [says]);
    assert_eq!(unclear("web", "StatefulSet/db", &kinds), [""; 0]);
    let all = both + &workload("StatefulSet", "db", "eu").manifest();
    let says = unclear("web", "db", &all);
    assert!(says[1].contains("`eu/Deployment/db` or `us/db` or `StatefulSet/db`"), "{says:?}");
    // Implied edges, too.
    let implied = json!({"peers": {}, "implied": {"vault": ["vault"]}});
    let mut asks: Value =
        serde_json::from_str(workload("Deployment", "web", "eu").manifest().trim_start_matches("---\n")).unwrap();
    asks["spec"]["template"]["metadata"]["annotations"] = json!({"vault.hashicorp.com/agent-inject": "true"});
    let asks = format!("---\n{asks}\n");
    let near = of(&[("vault", "eu"), ("vault", "us")]);
    let to = |namespace: &str| ("Deployment/eu/web".to_owned(), format!("Deployment/{namespace}/vault"));
    assert_eq!(inside(&implied, &format!("{asks}{near}")), [to("eu")].into());
    let far = of(&[("vault", "x"), ("vault", "us")]);
    assert_eq!(told(&implied, &format!("{asks}{far}")).iter().filter(|(rule, _)| rule == "ambiguous-end").count(), 1);
}

/// A kustomization tree built by stock kustomize with krmor as its legacy plugin.
fn kustomize(folder: &Folder, root: &str) -> Result<String, String> {
    let home = Folder::new("netpol-home");
    let installed = krmor().args(["install", "kustomize", "--home"]).arg(&home.0).output().unwrap();
    assert!(installed.status.success());
    let mut command = std::process::Command::new(tool("kustomize"));
    command.args(["build", "--enable-alpha-plugins"]).arg(folder.0.join(root)).env("KUSTOMIZE_PLUGIN_HOME", &home.0);
    let out = command.output().unwrap();
    if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) }
}

/// The variants of two prefixes in one namespace are places of their own; a prefix of the overlay itself reaches Jobs that krmor
/// makes; under a prefix on top its policies are its own.
#[test]
fn prefixes_of_kustomize() {
    let folder = Folder::new("netpol-prefixes");
    let manifests: String = ["web", "db"].iter().map(|name| workload("Deployment", name, "").manifest()).collect();
    folder.write("base/a.yaml", manifests.replace(",\"namespace\":\"\"", ""));
    folder.write("base/kustomization.yaml", "resources: [a.yaml]\n");
    for region in ["eu", "us"] {
        folder.write(
            &format!("{region}/kustomization.yaml"),
            format!("namePrefix: {region}-\nlabels: [{{pairs: {{region: {region}}}, includeSelectors: true}}]\nresources: [../base]\n"),
        );
    }
    let config = |edge: &str| {
        format!(
            "apiVersion: krmor.dev/v1alpha1\nkind: NetworkPolicies\nmetadata: {{name: c}}\nspec: {{edges: [{edge}]}}\n"
        )
    };
    folder.write("top/krmor.yaml", config("{from: [web], to: [db]}"));
    folder.write("top/kustomization.yaml", "namespace: shop\nresources: [../eu, ../us]\ntransformers: [krmor.yaml]\n");
    let found = analysed(&kustomize(&folder, "top").unwrap(), &json!({"outside": []}));
    let pairs: BTreeSet<_> = found.into_keys().filter(|(from, to)| from != to).collect();
    let pair = |region: &str| (format!("Deployment/shop/{region}-web"), format!("Deployment/shop/{region}-db"));
    assert_eq!(pairs, [pair("eu"), pair("us")].into());

    let pipeline = "apiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n  functions:\n    migration:\n      kind: Migration\n      spec: {as: job, command: [migrate], locks: true, job: {hook: argocd-sync}, targets: [{name: web}]}\n    network-policies:\n      kind: NetworkPolicies\n      spec: {edges: [{from: [web], to: [db]}, {from: [web-migrate], to: [db]}]}\n";
    for affix in ["namePrefix: ha-", "nameSuffix: -v2"] {
        folder.write("own/krmor.yaml", pipeline);
        folder.write(
            "own/kustomization.yaml",
            format!("{affix}\nnamespace: shop\nresources: [../base]\ntransformers: [krmor.yaml]\n"),
        );
        folder.write("over/kustomization.yaml", "namePrefix: x-\nresources: [../own]\n");
        let rendered = kustomize(&folder, "own").unwrap_or_else(|error| panic!("{affix}: {error}"));
        let found = analysed(&rendered, &json!({"outside": []}));
        assert!(found.keys().any(|(from, to)| from.starts_with("Job/") && to.contains("db")), "{affix}: {found:?}");
        // Under another prefix krmor's policies are krmor's all the same.
        let over = kustomize(&folder, "over").unwrap();
        let name = |name: &str| if affix.contains("Prefix") { format!("x-ha-{name}") } else { format!("x-{name}-v2") };
        let (web, db) = (name("web"), name("db"));
        let spec = json!({"edges": [{"from": [web], "to": [db]}, {"from": [format!("{web}-migrate")], "to": [db]}]});
        let spec = if affix.contains("Suffix") {
            json!({"edges": [{"from": [web, "x-web-v2-migrate"], "to": [db]}]})
        } else {
            spec
        };
        let findings = told(&spec, &over);
        assert!(findings.is_empty(), "{affix}: {findings:?}");
        let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "spec": spec});
        let (again, _) = run(&config, &over);
        assert_eq!(
            again.matches("kind: NetworkPolicy").count(),
            over.matches("kind: NetworkPolicy").count(),
            "{again}"
        );
    }
}

/// What the Prometheus operator scrapes: by the Service's names, or what containers declare, whatever the Service has.
#[test]
fn a_monitor_implies_what_prometheus_scrapes() {
    let mut web = workload("Deployment", "web", "red");
    web.ports = vec![("http", 8080, 0), ("metrics", 9090, 0), ("dns", 5300, 1)];
    let service = "---\n{apiVersion: v1, kind: Service, metadata: {name: web, namespace: red, labels: {app: web}}, spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}, {name: raw, port: 81, targetPort: 7777}]}}\n";
    let monitor = |kind: &str, list: &str, endpoint: &str| {
        format!(
            "---\n{{apiVersion: monitoring.coreos.com/v1, kind: {kind}, metadata: {{name: m, namespace: red}}, spec: {{selector: {{matchLabels: {{app: web}}}}, {list}: [{endpoint}]}}}}\n"
        )
    };
    let outside = json!({"outside": [{"name": "prometheus", "namespace": "monitoring", "labels": {}}]});
    let spec = json!({"peers": {"prometheus": {"namespace": "monitoring"}}});
    let rows = [
        ("ServiceMonitor", "{port: main}", Some("TCP 8080")),
        ("ServiceMonitor", "{port: raw}", Some("TCP 7777")),
        ("ServiceMonitor", "{port: main, targetPort: 9090}", Some("TCP 8080")),
        ("ServiceMonitor", "{port: metrics}", None),
        ("ServiceMonitor", "{targetPort: http}", Some("TCP 8080")),
        ("ServiceMonitor", "{targetPort: 8080}", Some("TCP 8080")),
        ("ServiceMonitor", "{targetPort: 9090}", Some("TCP 9090")),
        ("ServiceMonitor", "{targetPort: metrics}", Some("TCP 9090")),
        // The Service has it, and no container declares it.
        ("ServiceMonitor", "{targetPort: 7777}", None),
        ("ServiceMonitor", "{targetPort: main}", None),
        ("ServiceMonitor", "{targetPort: dns}", None),
        ("ServiceMonitor", "{path: /m}", Some("TCP 7777,8080,9090")),
        ("ServiceMonitor", "{port: ''}", Some("TCP 7777,8080,9090")),
        ("PodMonitor", "{port: metrics}", Some("TCP 9090")),
        ("PodMonitor", "{port: main}", None),
        ("PodMonitor", "{portNumber: 9090}", Some("TCP 9090")),
        ("PodMonitor", "{portNumber: 7777}", None),
        ("PodMonitor", "{targetPort: http}", Some("TCP 8080")),
        ("PodMonitor", "{path: /m}", Some("TCP 8080,9090")),
        ("PodMonitor", "{port: metrics, relabelings: [{targetLabel: __address__}]}", None),
    ];
    for (kind, endpoint, wanted) in rows {
        let list = if kind == "PodMonitor" { "podMetricsEndpoints" } else { "endpoints" };
        let by = monitor(kind, list, endpoint);
        let stream = format!("{}{service}{by}", web.manifest());
        let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "spec": spec});
        let (out, report) = run(&config, &stream);
        let found = analysed(&out.replace(service, "").replace(&by, ""), &outside);
        let edge = found.get(&("prometheus".to_owned(), "Deployment/red/web".to_owned())).map(String::as_str);
        if !endpoint.contains("relabelings") {
            assert_eq!(edge, wanted, "{kind} {endpoint}");
        }
        let closed = report.findings.iter().filter(|one| one.rule.id == "scrape-closed").count();
        assert_eq!(closed, usize::from(wanted.is_none()), "{kind} {endpoint}: {:?}", report.findings);
        // Nobody is let in, and nothing is said, where the config says so.
        let silent = json!({"implied": {"monitors": []}});
        assert!(self::told(&silent, &stream).iter().all(|(rule, _)| rule == "no-edge"), "{endpoint}");
    }
}

/// Pods that others make in a namespace that denies the rest are never cut off in silence.
#[test]
fn pods_that_others_make_are_named() {
    let web = workload("Deployment", "web", "red").manifest() + &workload("Deployment", "x", "red").manifest();
    let spec = json!({"edges": [{"from": ["x"], "to": ["web"]}]});
    let policy = |labels: &str| {
        format!(
            "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: of-it, namespace: red}}, spec: {{podSelector: {{matchLabels: {{{labels}}}}}, ingress: [{{}}]}}}}\n"
        )
    };
    let rows = [
        ("acid.zalan.do/v1", "postgresql", "spec: {numberOfInstances: 2}", "cluster-name: it"),
        ("kafka.strimzi.io/v1beta2", "Kafka", "spec: {kafka: {replicas: 3}}", "strimzi.io/cluster: it"),
        ("rabbitmq.com/v1beta1", "RabbitmqCluster", "spec: {}", "app.kubernetes.io/name: it"),
        ("postgresql.cnpg.io/v1", "Cluster", "spec: {instances: 3}", "cnpg.io/cluster: it"),
        (
            "elasticsearch.k8s.elastic.co/v1",
            "Elasticsearch",
            "spec: {}",
            "elasticsearch.k8s.elastic.co/cluster-name: it",
        ),
        ("grafana.integreatly.org/v1beta1", "Grafana", "spec: {}", "app: it"),
        ("example.com/v1", "Cache", "spec: {replicas: 2}", "app: it-cache"),
        (
            "gateway.networking.k8s.io/v1",
            "Gateway",
            "spec: {gatewayClassName: istio}",
            "gateway.networking.k8s.io/gateway-name: it",
        ),
        (
            "cert-manager.io/v1",
            "Issuer",
            "spec: {acme: {solvers: [{dns01: {}}, {http01: {ingress: {}}}]}}",
            "acme.cert-manager.io/http01-solver: 'true'",
        ),
    ];
    let cut = |spec: &Value, stream: &str| -> Vec<String> {
        told(spec, stream).into_iter().filter(|(rule, _)| rule == "cut-off").map(|(_, says)| says).collect()
    };
    for (api, kind, rest, labels) in rows {
        let one = |namespace: &str| {
            format!(
                "---\n{{apiVersion: {api}, kind: {kind}, metadata: {{name: it, namespace: {namespace}}}, {rest}}}\n"
            )
        };
        let stream = format!("{web}{}", one("red"));
        assert_eq!(cut(&spec, &stream).len(), 1, "{kind}");
        assert!(cut(&spec, &format!("{web}{}", one("blue"))).is_empty(), "{kind}");
        assert!(cut(&json!({"defaultDeny": false}), &stream).is_empty(), "{kind}");
        assert!(cut(&spec, &format!("{stream}{}", policy(labels))).is_empty(), "{kind}");
        assert_eq!(cut(&spec, &format!("{stream}{}", policy("app: other"))).len(), 1, "{kind}");
    }
    // A ClusterIssuer's solvers are where it is asked, once for each namespace.
    let issuer = |solver: &str| {
        format!(
            "---\n{{apiVersion: cert-manager.io/v1, kind: ClusterIssuer, metadata: {{name: le}}, spec: {{acme: {{solvers: [{{{solver}: {{}}}}]}}}}}}\n"
        )
    };
    let asks = "---\n{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: c, namespace: red}, spec: {issuerRef: {kind: ClusterIssuer, name: le}}}\n---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: red, annotations: {cert-manager.io/cluster-issuer: le}}, spec: {}}\n";
    assert_eq!(cut(&spec, &format!("{web}{asks}{}", issuer("http01"))).len(), 1);
    assert!(cut(&spec, &format!("{web}{asks}{}", issuer("dns01"))).is_empty());
    assert!(cut(&spec, &format!("{web}{}", issuer("http01"))).is_empty());
    // Envoy Gateway's proxies are elsewhere, and a Gateway with the address of a Service has none.
    for class in ["envoy", "istio, addresses: [{type: Hostname, value: gateway.istio-system}]"] {
        let gateway = format!(
            "---\n{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: g, namespace: red}}, spec: {{gatewayClassName: {class}}}}}\n"
        );
        assert!(cut(&spec, &format!("{web}{gateway}")).is_empty(), "{class}");
    }
}
