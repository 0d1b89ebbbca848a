//! What `NetworkPolicies` allows is what the config declares, no more and no less: an analyser that knows the API's semantics
//! and shares no code with krmor (`tests/netpol`) reads the policies of generated topologies.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use krmor::report::{Report, Severity};
use krmor::stream::Stream;
use krmor::{Outcome, Pipeline};
use serde_json::{Value, json};

use crate::common::{Folder, Random, pipe, text, tool};

/// Ports by protocol, as the analyser orders these, each from one number to another.
type Ports = BTreeSet<(usize, u16, u16)>;
/// What is allowed, by who connects and to whom.
type Allowed = BTreeMap<(String, String), Ports>;

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
const ALL: [(usize, u16, u16); 3] = [(0, 1, 65535), (1, 1, 65535), (2, 1, 65535)];
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
}

impl Workload {
    fn id(&self) -> String {
        format!("{}/{}/{}", self.kind, self.namespace, self.name)
    }

    fn manifest(&self, tier: u64) -> String {
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
        let labels = json!({"app": self.name, "tier": format!("t{tier}")});
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

struct Topology {
    stream: String,
    config: Value,
    allowed: Allowed,
}

/// Workloads, peers, and edges between them, with what these mean.
fn topology(seed: u64) -> Topology {
    let mut random = Random(0x6e65_7470 + seed * 7919);
    (0..8).for_each(|_| _ = random.next()); // seeds that are near begin alike
    let mut below = |number: u64| random.next() % number;
    let mut workloads = Vec::new();
    for number in 0..2 + below(5) {
        let kind = KINDS[usize::try_from(below(6)).unwrap()];
        let ports = DECLARED.into_iter().filter(|_| below(2) == 0).collect();
        let namespace = if below(3) == 0 { "blue" } else { "red" };
        workloads.push(Workload { kind, name: format!("w{number}"), namespace, ports });
    }
    let mut allowed = Allowed::new();
    for one in &workloads {
        allowed.insert((one.id(), "dns".to_owned()), [(0, 53, 53), (1, 53, 53)].into());
    }
    let peers = ["scraper", "net"];
    let mut edges = Vec::new();
    for _ in 0..1 + below(6) {
        let ends = |random: &mut dyn FnMut(u64) -> u64| {
            let mut ends = BTreeSet::new();
            for _ in 0..1 + random(2) {
                let at = usize::try_from(random(workloads.len() as u64 + 2)).unwrap();
                ends.insert(at);
            }
            ends.into_iter().collect::<Vec<usize>>()
        };
        let (from, to) = (ends(&mut below), ends(&mut below));
        let name = |at: &usize| {
            workloads.get(*at).map_or_else(|| peers[*at - workloads.len()].to_owned(), |one| one.name.clone())
        };
        let id = |at: &usize| workloads.get(*at).map_or_else(|| peers[*at - workloads.len()].to_owned(), Workload::id);
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
            for to in to.iter().filter(|to| *from < workloads.len() || **to < workloads.len()) {
                allowed.entry((id(from), id(to))).or_default().extend(of(*to));
            }
        }
    }
    let stream = workloads.iter().map(|one| one.manifest(below(2))).collect();
    let config = json!({
        "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies", "metadata": {"name": "topology"},
        "spec": {
            "edges": edges,
            "peers": {
                "scraper": {"namespace": "monitoring", "podSelector": {"matchLabels": {"role": "scraper"}}},
                "net": {"ipBlocks": [{"cidr": "198.51.100.0/24", "except": ["198.51.100.128/25"]}]},
            },
        },
    });
    Topology { stream, config, allowed }
}

/// Who is outside: the peers, DNS, and strangers, who may do nothing.
fn outside() -> Value {
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

fn run(config: &Value, stream: &str) -> (String, Report) {
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
            Workload { kind: "Deployment", name: format!("w{at}"), namespace: "red", ports: vec![DECLARED[0]] }
                .manifest(0)
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
    let workload =
        |name: &str| Workload { kind: "Deployment", name: name.to_owned(), namespace: "red", ports: vec![DECLARED[0]] };
    let stream = |label: &str, name: &str| {
        workload(label).manifest(0).replacen(&format!("\"name\":\"{label}\""), &format!("\"name\":\"{name}\""), 1)
    };
    let config = |to: &str| {
        json!({
            "apiVersion": "krmor.dev/v1alpha1", "kind": "NetworkPolicies",
            "spec": {"edges": [{"from": ["x"], "to": [to]}]},
        })
    };
    let (first, _) = run(&config("web"), &(stream("x", "x") + &stream("web", "web")));
    let renamed = first.replacen(
        "\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"",
        "\"kind\":\"Deployment\",\"metadata\":{\"name\":\"front\"",
        1,
    );
    assert_ne!(first, renamed, "{first}");
    let (_, report) = run(&config("front"), &renamed);
    let told: Vec<&str> = report.findings.iter().map(|one| one.rule.id).collect();
    assert_eq!(told, ["other-policy"], "{:?}", report.findings);
}

/// A container's own name for a port goes before that of a Service.
#[test]
fn the_name_of_a_port_means_one() {
    let mut a =
        Workload { kind: "Deployment", name: "a".to_owned(), namespace: "red", ports: vec![DECLARED[0]] }.manifest(0);
    a = a.replace("{\"containerPort\":8080", "{\"containerPort\":9090,\"name\":\"web\"},{\"containerPort\":8080");
    let x = Workload { kind: "Deployment", name: "x".to_owned(), namespace: "red", ports: Vec::new() }.manifest(0);
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
