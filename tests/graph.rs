//! `krmor graph`: what it says is allowed is what another analyser finds (`tests/netpol`); every workload is there once; pictures
//! are well-formed, and nothing in them overlaps or leaves its box. `tests/npm/` looks at the same pictures in Chromium.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use krmor::yaml;
use serde_json::{Value, json};

use crate::common::apps::overlays;
use crate::common::{Folder, Random, krmor, pipe, text};
use crate::network_policies::{Ports, analysed, outside, run, topology};

const PLATFORM: &str = include_str!("graph/platform.yaml");
const POLICIES: &str = "tests/graph/policies.yaml";

fn graph(args: &[&str], stdin: &str) -> String {
    let out = pipe(krmor().arg("graph").args(args), stdin.as_bytes());
    assert!(out.status.success(), "{}\n{stdin}", text(&out.stderr));
    assert_eq!(text(&out.stderr), "");
    text(&out.stdout)
}

fn told(args: &[&str], stdin: &str) -> Value {
    serde_json::from_str(&graph(&[&["--format", "json"], args].concat(), stdin)).unwrap()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// Who may connect to whom, by ports.
fn allowed(topology: &Value) -> BTreeMap<(String, String), Vec<String>> {
    let words = |value: &Value| value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    let row = |row: &Value| ((word(row, "from").to_owned(), word(row, "to").to_owned()), words(&row["ports"]));
    list(topology, "allowed").iter().map(row).collect()
}

/// Ports as `krmor graph` writes them.
fn written(ports: &Ports) -> Vec<String> {
    let mut merged: Vec<(usize, u32, u32)> = Vec::new();
    for &(protocol, first, last) in ports {
        match merged.last_mut() {
            Some(before) if before.0 == protocol && u32::from(first) <= before.2 + 1 => {
                before.2 = before.2.max(last.into())
            }
            _ => merged.push((protocol, first.into(), last.into())),
        }
    }
    let end = ["", "/UDP", "/SCTP"];
    let all = merged.iter().filter(|(_, first, last)| (*first, *last) == (1, 65535)).count() == 3;
    match all {
        true => vec!["every port".to_owned()],
        false => merged
            .into_iter()
            .map(|(protocol, first, last)| match first == last {
                true => format!("{first}{}", end[protocol]),
                false => format!("{first}-{last}{}", end[protocol]),
            })
            .collect(),
    }
}

#[test]
fn what_is_shown_as_allowed_is_what_is_declared() {
    let mut connections = 0;
    for seed in 0..600 {
        let one = topology(seed);
        // Peers that select pods by labels are drawn as groups: who is in them is another test's question.
        let edges = one.config["spec"]["edges"].to_string();
        if ["reds", "blues", "near"].iter().any(|peer| edges.contains(peer)) {
            continue;
        }
        let (out, _) = run(&one.config, &one.stream);
        let told = told(&[], &out);
        let peers: BTreeMap<&str, &str> = list(&told, "peers")
            .iter()
            .map(|peer| {
                let name = match (word(peer, "type"), word(peer, "name")) {
                    ("dns", _) => "dns",
                    (_, "role=scraper") => "scraper",
                    (_, "198.51.100.0/24") => "net",
                    other => panic!("an unknown peer {other:?}"),
                };
                (word(peer, "id"), name)
            })
            .collect();
        let end = |id: String| peers.get(id.as_str()).map_or(id.clone(), |name| (*name).to_owned());
        let found: BTreeMap<_, _> =
            allowed(&told).into_iter().map(|((from, to), ports)| ((end(from), end(to)), ports)).collect();
        let wanted: BTreeMap<_, _> = one.allowed.iter().map(|(ends, ports)| (ends.clone(), written(ports))).collect();
        assert_eq!(found, wanted, "topology {seed}\n{out}");
        connections += wanted.len();
    }
    assert!(connections > 200, "{connections} connections");
}

/// A labelled workload of a namespace, with a Service in front of it, and what it reads.
fn workload(name: &str, namespace: &str, tier: usize, env: &[Value]) -> (String, String) {
    let labels = json!({"app": name, "tier": format!("t{tier}")});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": labels}, "spec": {
            "containers": [{"name": "c", "image": "i:1", "env": env, "ports": [
                {"name": "http", "containerPort": 8080}, {"name": "admin", "containerPort": 9000}]}]}}},
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}, {"name": "admin", "port": 9000}]},
    });
    (format!("---\n{deployment}\n"), format!("---\n{service}\n"))
}

/// Policies as people write them: by labels, by names, for everybody, with and without `policyTypes`.
fn policy(random: &mut Random, number: usize) -> String {
    let selector = |random: &mut Random| match random.below(4) {
        0 => json!({}),
        1 => json!({"matchLabels": {"tier": format!("t{}", random.below(3))}}),
        2 => {
            json!({"matchExpressions": [{"key": "app", "operator": "In", "values": [format!("w{}", random.below(6)), "w1"]}]})
        }
        _ => json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["t0"]}]}),
    };
    let rules = |random: &mut Random, whom: &str| -> Vec<Value> {
        (0..random.below(3))
            .map(|_| {
                let mut rule = json!({});
                let peers: Vec<Value> = (0..random.below(3))
                    .map(|_| match random.below(5) {
                        0 => json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "blue"}}, "podSelector": selector(random)}),
                        1 => json!({"namespaceSelector": {"matchLabels": {"team": "red"}}}),
                        2 => json!({"ipBlock": {"cidr": "198.51.100.0/24"}}),
                        _ => json!({"podSelector": selector(random)}),
                    })
                    .collect();
                if !peers.is_empty() {
                    rule[whom] = json!(peers);
                }
                match random.below(4) {
                    0 => {}
                    1 => rule["ports"] = json!([{"port": "http"}]),
                    2 => rule["ports"] = json!([{"port": 8000, "endPort": 9500}, {"protocol": "UDP"}]),
                    _ => rule["ports"] = json!([{"port": 9000}, {"port": "nobody"}]),
                }
                rule
            })
            .collect()
    };
    let mut spec = json!({"podSelector": selector(random)});
    let types =
        [json!(["Ingress"]), json!(["Egress"]), json!(["Ingress", "Egress"]), Value::Null][random.below(4)].clone();
    if !types.is_null() {
        spec["policyTypes"] = types;
    }
    if random.below(3) > 0 {
        spec["ingress"] = json!(rules(random, "from"));
    }
    if random.below(3) > 0 {
        spec["egress"] = json!(rules(random, "to"));
    }
    let namespace = if random.below(2) == 0 { "red" } else { "blue" };
    let metadata = json!({"name": format!("p{number}"), "namespace": namespace});
    format!(
        "---\n{}\n",
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
    )
}

/// Any policies, and programs that name each other: what is shown as allowed, and every verdict, is the other analyser's.
#[test]
fn verdicts_are_those_of_the_other_analyser() {
    let mut random = Random(0x0067_7261_7068);
    let (mut verdicts, mut edges) = (BTreeMap::new(), 0);
    for seed in 0..160 {
        let number = 3 + random.below(4);
        let place = |at: usize| if at % 3 == 2 { "blue" } else { "red" };
        let (mut pods, mut services) = (String::new(), String::new());
        let mut wanted = BTreeSet::new();
        for at in 0..number {
            let mut env = Vec::new();
            for to in 0..number {
                if random.below(2) == 0 || at == to {
                    continue;
                }
                let (port, pod) = [(80, 8080), (9000, 9000)][random.below(2)];
                let host = if random.below(2) == 0 || place(at) != place(to) {
                    format!("w{to}.{}", place(to))
                } else {
                    format!("w{to}")
                };
                env.push(json!({"name": format!("URL_{to}"), "value": format!("http://{host}:{port}/x")}));
                wanted.insert((at, to, pod));
            }
            let (deployment, service) = workload(&format!("w{at}"), place(at), random.below(3), &env);
            pods.push_str(&deployment);
            services.push_str(&service);
        }
        for name in ["red", "blue"] {
            pods.push_str(&format!(
                "---\n{}\n",
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": name}}})
            ));
        }
        let policies: String = (0..random.below(6)).map(|at| policy(&mut random, at)).collect();
        pods.push_str(&policies);
        let found = analysed(&pods, &json!({"outside": []}));
        let topology = told(&[], &format!("{pods}{services}"));
        // The analyser's ports, as a set.
        let parse = |ports: &str| -> BTreeSet<String> {
            let mut out = BTreeSet::new();
            for part in ports.split("; ").filter(|part| !part.is_empty()) {
                let (protocol, spans) = part.split_once(' ').unwrap();
                let end = if protocol == "TCP" { String::new() } else { format!("/{protocol}") };
                out.extend(spans.split(',').map(|span| match span {
                    "1-65535" => format!("every {protocol} port"),
                    span => format!("{span}{end}"),
                }));
            }
            out
        };
        for ((from, to), ports) in allowed(&topology) {
            if from.starts_with("peer/") || to.starts_with("peer/") {
                continue;
            }
            // That a pod reaches its own kind is in the analyser's table as well.
            let theirs = found.get(&(from.clone(), to.clone())).map(|ports| parse(ports)).unwrap_or_default();
            let ours: BTreeSet<String> = match ports.as_slice() {
                [all] if all == "every port" => {
                    ["TCP", "UDP", "SCTP"].map(|protocol| format!("every {protocol} port")).into()
                }
                ports => ports.iter().cloned().collect(),
            };
            assert_eq!(ours, theirs, "{seed}: {from} to {to}\n{pods}");
            edges += 1;
        }
        let mut seen = BTreeSet::new();
        for one in list(&topology, "named") {
            let (from, to, verdict) = (word(one, "from"), word(one, "to"), word(one, "verdict"));
            let port: u16 = word(one, "port").parse().unwrap();
            let at = |id: &str| id.rsplit_once("/w").unwrap().1.parse::<usize>().unwrap();
            seen.insert((at(from), at(to), port));
            let ports = found.get(&(from.to_owned(), to.to_owned())).map_or("", String::as_str);
            let tcp = ports.split("; ").find_map(|part| part.strip_prefix("TCP ")).unwrap_or_default();
            let may = tcp.split(',').any(|span| {
                let (first, last) = span.split_once('-').unwrap_or((span, span));
                let number = |text: &str| text.parse::<u16>().unwrap_or(0);
                (number(first)..=number(last)).contains(&port) && !span.is_empty()
            });
            assert_eq!(may, verdict != "denied", "{seed}: {from} to {to}: {verdict}, they say {ports}\n{pods}");
            *verdicts.entry(verdict.to_owned()).or_insert(0) += 1;
        }
        assert_eq!(seen, wanted, "{seed}\n{pods}{services}");
    }
    assert!(verdicts.len() == 3 && verdicts.values().all(|count| *count > 50), "{verdicts:?}");
    assert!(edges > 100, "{edges} edges");
}

/// The config that is printed, pasted, allows what the settings say, and nothing else.
#[test]
fn what_is_inferred_allows_what_the_settings_say() {
    let mut random = Random(0x0069_6e66_6572);
    let mut edges = 0;
    for seed in 0..60 {
        let number = 2 + random.below(5);
        let (mut pods, mut services) = (String::new(), String::new());
        let mut wanted: BTreeMap<(String, String), Ports> = BTreeMap::new();
        let id = |at: usize| format!("Deployment/red/w{at}");
        for at in 0..number {
            let mut env = vec![json!({"name": "OUTSIDE", "value": "https://api.example.com/v1"})];
            for to in 0..number {
                if random.below(2) == 0 || at == to {
                    continue;
                }
                let (port, pod) = [(80, 8080), (9000, 9000)][random.below(2)];
                match random.below(4) {
                    0 => env
                        .push(json!({"name": format!("A_{to}"), "value": format!("http://user:hush@w{to}:{port}/x")})),
                    1 => {
                        env.push(
                            json!({"name": format!("A{to}_HOST"), "value": format!("w{to}.red.svc.cluster.local")}),
                        );
                        env.push(json!({"name": format!("A{to}_PORT"), "value": port.to_string()}));
                    }
                    2 => {
                        env.push(json!({"name": format!("H{to}"), "value": format!("w{to}")}));
                        env.push(json!({"name": format!("P{to}"), "value": port.to_string()}));
                        env.push(json!({"name": format!("URL{to}"), "value": format!("http://$(H{to}):$(P{to})")}));
                    }
                    _ => env
                        .push(json!({"name": format!("BROKERS_{to}"), "value": format!("w{to}:{port},w{to}:{port}")})),
                }
                wanted.entry((id(at), id(to))).or_default().insert((0, pod, pod));
            }
            wanted.insert((id(at), "dns".to_owned()), [(0, 53, 53), (1, 53, 53)].into());
            let (deployment, service) = workload(&format!("w{at}"), "red", random.below(3), &env);
            pods.push_str(&deployment);
            services.push_str(&service);
        }
        let printed = graph(&["--infer"], &format!("{pods}{services}"));
        assert!(!printed.contains("hush"), "{printed}");
        assert_eq!(printed.matches("the host api.example.com, port 443").count(), number, "{printed}");
        let config = yaml::parse(&std::sync::Arc::new(printed.clone())).unwrap()[0].root().to_value().unwrap();
        let (out, _) = run(&config, &format!("{pods}{services}"));
        let out = out.replace(&services, "");
        let policies: String = out
            .split("---\n")
            .filter(|one| !one.contains("kind: Service") && !one.contains("\"Service\""))
            .map(|one| format!("---\n{one}\n"))
            .collect();
        let found = analysed(&policies, &outside());
        let words = |ports: &Ports| {
            let of = |number: usize| {
                ports.iter().filter(|port| port.0 == number).map(|port| port.1.to_string()).collect::<Vec<_>>()
            };
            let all = [("TCP", of(0)), ("UDP", of(1))];
            let all: Vec<String> = all
                .iter()
                .filter(|(_, list)| !list.is_empty())
                .map(|(name, list)| format!("{name} {}", list.join(",")))
                .collect();
            all.join("; ")
        };
        let wanted: BTreeMap<_, _> = wanted.iter().map(|(ends, ports)| (ends.clone(), words(ports))).collect();
        assert_eq!(found, wanted, "{seed}\n{printed}");
        edges += wanted.len();
    }
    assert!(edges > 300, "{edges} edges");
}

/// What a picture holds, read from its text.
#[derive(Debug, Default)]
struct Picture {
    /// Class, and left, top, right and bottom.
    boxes: Vec<(String, [f64; 4])>,
    /// The box that a text is in, its class, its place, and the text.
    texts: Vec<(Option<usize>, String, f64, f64, String)>,
    size: [f64; 2],
}

fn attribute<'t>(tag: &'t str, name: &str) -> &'t str {
    let start = tag.find(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name} in {tag}")) + name.len() + 3;
    &tag[start..start + tag[start..].find('"').unwrap()]
}

/// Reads a picture, and checks that it is well-formed XML of the elements that it may have.
fn picture(svg: &str) -> Picture {
    let mut out = Picture::default();
    let number = |tag: &str, name: &str| attribute(tag, name).parse::<f64>().unwrap();
    let (mut open, mut in_box, mut shift) = (Vec::new(), None, (0.0, 0.0));
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let content = &rest[..rest.find('<').unwrap_or(rest.len())];
        for entity in content.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)), "{content}");
        }
        if let Some(name) = tag.strip_prefix('/') {
            let (own, before) = open.pop().expect("it is open");
            assert_eq!(own, name, "{tag}");
            (in_box, shift) = before;
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        assert!(
            ["svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text"].contains(&name),
            "{tag}"
        );
        for pair in tag.split('"').step_by(2).skip(1) {
            assert!(pair.is_empty() || pair == "/" || pair.starts_with(' ') && pair.ends_with('='), "{tag}");
        }
        let before = (in_box, shift);
        if name == "svg" {
            out.size = [number(tag, "width"), number(tag, "height")];
        }
        if name == "g" && tag.contains("transform=\"translate(") {
            let numbers = attribute(tag, "transform").trim_start_matches("translate(").trim_end_matches(')').to_owned();
            let (x, y) = numbers.split_once(' ').unwrap();
            shift = (shift.0 + x.parse::<f64>().unwrap(), shift.1 + y.parse::<f64>().unwrap());
        }
        if name == "g" && attribute(&format!("{tag} class=\"\""), "class").starts_with("box ") {
            in_box = Some(out.boxes.len());
            out.boxes.push((attribute(tag, "class")[4..].to_owned(), [0.0; 4]));
        }
        if name == "rect" && tag.contains("\"card\"") {
            let (x, y) = (number(tag, "x") + shift.0, number(tag, "y") + shift.1);
            out.boxes.last_mut().unwrap().1 = [x, y, x + number(tag, "width"), y + number(tag, "height")];
        }
        if name == "text" {
            let (x, y) = (number(tag, "x") + shift.0, number(tag, "y") + shift.1);
            let words = content.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
            out.texts.push((in_box, attribute(tag, "class").to_owned(), x, y, words));
        }
        match tag.ends_with('/') {
            true => (in_box, shift) = before,
            false => open.push((name.to_owned(), before)),
        }
    }
    assert!(open.is_empty(), "{open:?} is not closed");
    for c in svg.chars() {
        assert!(
            c >= ' ' && !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}') || c == '\n',
            "XML holds no {c:?}"
        );
    }
    out
}

/// A width that a text has at least in a wide font; `krmor graph` takes more.
fn width(class: &str, words: &str) -> f64 {
    let size = match class {
        "kind" => 11.0,
        "name" => 15.0,
        "title" => 20.0,
        "fact" => 13.0,
        _ => 12.0,
    };
    let letter = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | '\'' | '|' | '!' | ' ' => 0.27,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | 's' | 'I' | 'J' => 0.29,
        'm' | 'M' | 'W' | '@' => 0.86,
        c if c.is_ascii_lowercase() => 0.52,
        c if c.is_ascii() => 0.55,
        _ => 0.7,
    };
    words.chars().map(letter).sum::<f64>() * size * if matches!(class, "kind" | "name" | "title") { 1.1 } else { 1.0 }
}

/// Everything that must hold of every picture.
fn is_well_drawn(svg: &str, workloads: usize) {
    let picture = picture(svg);
    let of_workloads = picture.boxes.iter().filter(|(class, _)| class == "program" || class == "store").count();
    assert_eq!(of_workloads, workloads, "each workload is there once");
    let [width_of_all, height_of_all] = picture.size;
    for (at, (_, [left, top, right, bottom])) in picture.boxes.iter().enumerate() {
        assert!(
            *left >= 0.0 && *top >= 0.0 && *right <= width_of_all && *bottom <= height_of_all,
            "a box leaves the picture"
        );
        for (_, [l, t, r, b]) in &picture.boxes[at + 1..] {
            assert!(
                right + 12.0 <= *l || r + 12.0 <= *left || bottom + 12.0 <= *t || b + 12.0 <= *top,
                "two boxes are too near"
            );
        }
    }
    for (in_box, class, x, y, words) in &picture.texts {
        let [left, top, right, bottom] =
            in_box.map_or([0.0, 0.0, width_of_all, height_of_all], |at| picture.boxes[at].1);
        assert!(*x >= left && x + width(class, words) <= right - 2.0, "{words} leaves its box");
        assert!(y - 10.0 >= top && y + 3.0 <= bottom, "{words} stands above or below its box");
    }
    assert!(
        svg.contains("role=\"img\"")
            && svg.contains("<desc id=\"krmor-desc\">")
            && svg.contains("prefers-color-scheme: dark")
    );
    for word in ["<script", "href", "url(http", "@import", "@font-face", "onload"] {
        assert!(!svg.contains(word), "{word}");
    }
}

/// The grammar of what is printed for Mermaid; the number of boxes of workloads.
fn is_mermaid(out: &str) -> usize {
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some("flowchart LR"));
    let (mut ids, mut workloads) = (BTreeSet::new(), 0);
    let label = |label: &str| {
        for part in label.split("<br/>") {
            let mut rest = part;
            while let Some((before, behind)) = rest.split_once('#') {
                assert!(before.chars().all(|c| c.is_alphanumeric() || " -/,:=()–….\u{fffd}".contains(c)), "{label}");
                let (number, after) = behind.split_once(';').expect("a number ends");
                assert!(number.parse::<u32>().is_ok_and(|number| char::from_u32(number).is_some()), "{label}");
                rest = after;
            }
            assert!(rest.chars().all(|c| c.is_alphanumeric() || " -/,:=()–….\u{fffd}".contains(c)), "{label}");
        }
    };
    for line in lines {
        let line = line.strip_prefix("  ").expect("lines are indented");
        if let Some(comment) = line.strip_prefix("%% ") {
            assert!(!comment.contains(['{', '}', '%']), "{line}");
            continue;
        }
        if let Some(rest) = line.strip_prefix("classDef ") {
            assert!(rest.contains(" fill:#"), "{line}");
            continue;
        }
        let end = line.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
        let (id, rest) = line.split_at(end);
        assert!(id.starts_with('n') && id[1..].parse::<usize>().is_ok(), "{line}");
        if let Some(arrow) = rest.strip_prefix(' ') {
            let (sign, rest) = arrow.split_at(arrow.find(['|', ' ']).unwrap());
            assert!(["-->", "==>", "-.->", "-.-x"].contains(&sign), "{line}");
            let to = match rest.strip_prefix("|\"") {
                Some(rest) => {
                    let (words, to) = rest.split_once("\"| ").expect("a label ends");
                    label(words);
                    to
                }
                None => &rest[1..],
            };
            assert!(ids.contains(id) && ids.contains(to), "{line}");
            continue;
        }
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        let (shape, words) = rest.split_once('"').unwrap();
        let (words, close) = words.split_once('"').unwrap();
        label(words);
        let shapes = [
            ("{{", "}}:::entry"),
            ("([", "]):::service"),
            ("[", "]:::program"),
            ("[(", ")]:::store"),
            ("[/", "/]:::peer"),
        ];
        assert!(shapes.contains(&(shape, close)), "{line}");
        workloads += usize::from(close.ends_with("program") || close.ends_with("store"));
    }
    workloads
}

/// All forms of a stream, and what must hold of them.
fn holds(stream: &str, workloads: usize) {
    let topology = told(&[], stream);
    let ids: BTreeSet<&str> = list(&topology, "workloads").iter().map(|one| word(one, "id")).collect();
    assert_eq!((ids.len(), list(&topology, "workloads").len()), (workloads, workloads), "{stream}");
    let svg = graph(&["--format", "svg"], stream);
    is_well_drawn(&svg, workloads);
    assert_eq!(is_mermaid(&graph(&[], stream)), workloads);
    assert_eq!(svg, graph(&["--format", "svg"], stream), "the same bytes each time");
    graph(&["--infer"], stream);
}

const ODD: [&str; 14] = [
    "end",
    "a\"b",
    "x]y)z}",
    "graph",
    "größe-日本",
    "a;b%%{c}",
    "`code`",
    "<script>",
    "&amp;",
    "1. one",
    "\u{202e}evil\u{7}",
    "#35;",
    "very-long-name-of-a-workload-that-nobody-would-want-to-read-in-a-picture-0123456789",
    "o",
];

#[test]
fn odd_names_are_names() {
    let mut stream = String::new();
    for (at, name) in ODD.iter().enumerate() {
        let next = ODD[(at + 1) % ODD.len()];
        let labels = json!({"app": name});
        stream.push_str(&format!("---\n{}\n", json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": name},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [
                {"name": "c", "image": "i", "ports": [{"name": name, "containerPort": 80}]}]}}},
        })));
        stream.push_str(&format!(
            "---\n{}\n",
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": name},
                "spec": {"selector": labels, "ports": [{"name": name, "port": 80}]},
            })
        ));
        stream.push_str(&format!("---\n{}\n", json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": name},
            "spec": {"podSelector": {}, "ingress": [{"from": [
                {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": next}}, "podSelector": {"matchLabels": {"app": next}}},
                {"podSelector": {"matchLabels": {"unknown": name}}},
            ], "ports": [{"port": name}]}]},
        })));
        stream.push_str(&format!("---\n{}\n", json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": name, "namespace": name},
            "spec": {"rules": [{"host": name, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}]}}]},
        })));
    }
    holds(&stream, ODD.len());
}

#[test]
fn odd_streams_have_pictures() {
    let empty = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    holds(empty, 0);
    assert!(graph(&["--format", "svg"], empty).contains("no workloads"));
    // One that names itself, a circle, and equal names in two namespaces.
    let env = |to: &[&str]| {
        to.iter()
            .enumerate()
            .map(|(at, to)| json!({"name": format!("URL{at}"), "value": format!("http://{to}")}))
            .collect::<Vec<_>>()
    };
    let mut stream = String::new();
    for (name, namespace, to) in [
        ("a", "one", vec!["a", "b"]),
        ("b", "one", vec!["c"]),
        ("c", "one", vec!["a", "a.two"]),
        ("a", "two", vec!["a.one"]),
    ] {
        let (deployment, service) = workload(name, namespace, 0, &env(&to));
        stream.push_str(&format!("{deployment}{service}"));
    }
    holds(&stream, 4);
    let topology = told(&[], &stream);
    let named: BTreeSet<(&str, &str)> =
        list(&topology, "named").iter().map(|one| (word(one, "from"), word(one, "to"))).collect();
    let one = |name: &'static str, other: &'static str| (name, other);
    assert_eq!(
        named,
        BTreeSet::from([
            one("Deployment/one/a", "Deployment/one/a"),
            one("Deployment/one/a", "Deployment/one/b"),
            one("Deployment/one/b", "Deployment/one/c"),
            one("Deployment/one/c", "Deployment/one/a"),
            one("Deployment/one/c", "Deployment/two/a"),
            one("Deployment/two/a", "Deployment/one/a"),
        ])
    );
    let printed = graph(&["--infer"], &stream);
    assert!(printed.contains("an edge cannot tell Deployment one/a from Deployment two/a"), "{printed}");
    assert!(printed.contains("from: [b]\n      to: [c]\n      ports: [8080]"), "{printed}");
    // The same object twice, one without a name, a bare pod.
    let twice = format!(
        "{0}{0}---\napiVersion: v1\nkind: Pod\nmetadata: {{generateName: x-}}\nspec: {{containers: [{{name: c, image: i}}]}}\n",
        workload("a", "", 0, &[]).0
    );
    holds(&twice, 3);
    // Everybody is everybody's neighbour.
    let many: String = (0..300)
        .map(|at| {
            let (deployment, service) = workload(
                &format!("w{at}"),
                "big",
                at % 3,
                &env(&[&format!("w{}", (at + 1) % 300), &format!("w{}", (at * 7) % 300)]),
            );
            deployment + &service
        })
        .collect();
    let policy = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "near", "namespace": "big"},
        "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}, {"podSelector": {"matchLabels": {"tier": "t1"}}}]}]},
    });
    holds(&format!("{many}---\n{policy}\n"), 300);
}

#[test]
fn time_and_size_are_linear() {
    let stream = |number: usize| -> String {
        let one = |at: usize| {
            let env = json!([{"name": "NEXT", "value": format!("http://w{}", at + 1)}]);
            let (deployment, service) = workload(&format!("w{at}"), "big", at % 3, env.as_array().unwrap());
            let policy = json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": format!("w{at}"), "namespace": "big"},
                "spec": {"podSelector": {"matchLabels": {"app": format!("w{at}")}}, "policyTypes": ["Ingress", "Egress"],
                    "ingress": [{"from": [{"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}]}],
                    "egress": [{"to": [{"podSelector": {"matchLabels": {"app": format!("w{}", at + 1)}}}]}]},
            });
            format!("{deployment}{service}---\n{policy}\n")
        };
        (0..number).map(one).collect()
    };
    for format in ["mermaid", "svg", "json"] {
        let size = |number: usize| graph(&["--format", format], &stream(number)).len();
        let (small, large) = (size(150), size(600));
        assert!(large < small * 5, "{format}: {small} bytes, then {large}");
    }
}

/// What a person finds in the picture of an application.
#[test]
fn the_platform_says_what_it_is() {
    let topology = told(&["--config", POLICIES, "-"], PLATFORM);
    let of = |name: &str| list(&topology, "workloads").iter().find(|one| one["name"] == name).unwrap().clone();
    let api = of("aether-api");
    assert_eq!(
        api["replicas"],
        json!({"text": "2–8 by HPA", "min": 2, "max": 8, "by": "HorizontalPodAutoscaler aether/aether-api"})
    );
    assert_eq!(word(&api["disruption"], "text"), "at most 1 may be down");
    assert_eq!(word(&of("aether-scheduler")["disruption"], "text"), "all may be down");
    assert_eq!(word(&of("aether-ui")["disruption"], "text"), "no budget: all may be down");
    assert_eq!(word(&of("postgres")["disruption"], "text"), "single: gone while it is replaced");
    assert_eq!((&of("postgres")["keepsData"], &of("aether-ui")["keepsData"]), (&json!(true), &json!(false)));
    assert_eq!(
        topology["namespaces"],
        json!([{"name": "aether", "policies": true, "defaultDeny": ["Ingress", "Egress"]}])
    );
    let named: Vec<(&str, &str, &str)> =
        list(&topology, "named").iter().map(|one| (word(one, "from"), word(one, "to"), word(one, "verdict"))).collect();
    assert_eq!(
        named,
        [
            ("Deployment/aether/aether-api", "Deployment/aether/mlflow", "allowed"),
            ("Deployment/aether/aether-api", "StatefulSet/aether/postgres", "allowed"),
            ("Deployment/aether/aether-scheduler", "StatefulSet/aether/postgres", "allowed"),
        ]
    );
    let ports = allowed(&topology);
    let peer = |name: &str| {
        word(
            list(&topology, "peers").iter().find(|one| word(one, "name") == name).unwrap_or_else(|| panic!("{name}")),
            "id",
        )
        .to_owned()
    };
    assert_eq!(ports[&(peer("ingress-nginx"), "Deployment/aether/aether-ui".to_owned())], ["8080"]);
    assert_eq!(ports[&("Deployment/aether/aether-api".to_owned(), peer("0.0.0.0/0"))], ["443"]);
    assert_eq!(topology["notes"], json!([]));
    // Without policies everything is open, and said so; a program that is not let through is, too.
    let open = told(&[], PLATFORM);
    assert!(list(&open, "named").iter().all(|one| one["verdict"] == "open") && list(&open, "allowed").is_empty());
    let deny = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: aether}\nspec: {podSelector: {matchLabels: {app: postgres}}, policyTypes: [Ingress]}\n";
    let denied = told(&[], &format!("{PLATFORM}{deny}"));
    assert_eq!(list(&denied, "named").iter().filter(|one| one["verdict"] == "denied").count(), 2);
    assert!(graph(&[], &format!("{PLATFORM}{deny}")).contains("-.-x"));
}

#[test]
fn what_cannot_be_read_is_named() {
    let (web, service) = workload("web", "shop", 0, &[]);
    for (more, says) in [
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: lost, namespace: shop}\nspec: {podSelector: {matchLabels: {app: wbe}}}\n",
            "NetworkPolicy shop/lost: selects no pods of the stream",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: bad, namespace: shop}\nspec: {podSelector: {}, ingress: [{ports: [{port: 99999}]}]}\n",
            "NetworkPolicy shop/bad (`port: 99999` must be a port number",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: bad, namespace: shop}\nspec: {podSelector: {}, ingress: [{from: [{}]}]}\n",
            "NetworkPolicy shop/bad (one of `podSelector`, `namespaceSelector`, `ipBlock` is required): not read",
        ),
        (
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: other, namespace: shop}\nspec: {}\n",
            "CiliumNetworkPolicy shop/other: not read",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: gone, namespace: shop}\nspec: {selector: {app: gone}, ports: [{port: 80}]}\n",
            "Service shop/gone: selects no pods",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: far, namespace: shop}\nspec: {type: ExternalName, externalName: db.example.com}\n",
            "Service shop/far: has no selector",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: nowhere, namespace: shop}\nspec: {defaultBackend: {service: {name: none, port: {number: 80}}}}\n",
            "Ingress shop/nowhere: leads to no Service",
        ),
        (
            "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nmetadata: {name: w}\nspec: {workload: {manifests: [{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}]}}\n",
            "Pod p: not shown",
        ),
        (
            "apiVersion: example.com/v1\nkind: Runner\nmetadata: {name: r}\nspec: {podTemplate: {spec: {containers: [{name: c, image: i}]}}}\n",
            "Runner r: not shown",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: half, namespace: shop}\nspec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: nowhere}]}]}\n",
            "allow what those of the other do not: Deployment shop/web to Deployment shop/web",
        ),
    ] {
        let stream = format!("{web}{service}---\n{more}");
        let notes = told(&[], &stream)["notes"].to_string();
        assert!(notes.contains(says), "{notes}\n{more}");
        let start: String = says.split(": ").next().unwrap().chars().take(20).collect();
        assert!(graph(&["--format", "svg"], &stream).contains(&start), "the picture says it, too");
        assert!(graph(&[], &stream).contains(&start));
    }
}

/// What the API server refuses isolates nobody, whichever field it is for.
#[test]
fn refused_policies_are_not_believed() {
    let (web, service) = workload("web", "shop", 0, &[]);
    for (metadata, spec, says) in [
        ("name: x", "ingress: [{from: [{ipBlock: {cidr: bogus}}]}]", "`bogus` must be addresses"),
        (
            "name: x",
            "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]}]",
            "is no part of `10.0.0.0/8`",
        ),
        (
            "name: x",
            "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]",
            "`ipBlock` and `podSelector` stand together",
        ),
        ("name: x", "egress: [{ports: [{port: x, endPort: 5}]}]", "`endPort` stands beside the name"),
        ("name: x", "egress: [{ports: [{port: 9, endPort: 5}]}]", "`endPort: 5` must be"),
        ("name: x", "egress: [{ports: [{endPort: 5}]}]", "`endPort` needs `port`"),
        ("name: x", "policyTypes: [ingress]", "is not one of `Ingress`, `Egress`"),
        ("name: x", "egress: [{ports: [{protocol: tcp}]}]", "is not one of `TCP`"),
        ("name: X_x", "ingress: []", "`name: X_x` must be"),
    ] {
        let policy = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{{metadata}, namespace: shop}}\nspec: {{podSelector: {{matchLabels: {{app: web}}}}, {spec}}}\n"
        );
        let stream = format!("{web}{service}---\n{policy}");
        let found = told(&[], &stream);
        let notes = found["notes"].to_string();
        assert!(notes.contains(says) && notes.contains("not read: the API server refuses it"), "{spec}\n{notes}");
        assert_eq!(list(&found, "workloads")[0]["restricted"], json!({"ingress": false, "egress": false}), "{spec}");
    }
}

#[test]
fn entries_of_every_sort_are_drawn() {
    let (web, service) = workload("web", "shop", 0, &[]);
    for (more, kind, hosts) in [
        (
            "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: r, namespace: shop}\nspec: {host: shop.example.com, port: {targetPort: http}, to: {kind: Service, name: web}}\n",
            "Route",
            "shop.example.com",
        ),
        (
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: shop}\nspec: {hostnames: [shop.example.com], parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n",
            "HTTPRoute",
            "shop.example.com",
        ),
        (
            "apiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\nmetadata: {name: r, namespace: shop}\nspec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n",
            "GRPCRoute",
            "",
        ),
        (
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: r}\nwebhooks: [{name: a.example.com, clientConfig: {service: {name: web, namespace: shop, port: 80}}}]\n",
            "ValidatingWebhookConfiguration",
            "",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: lb, namespace: shop}\nspec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: http, nodePort: 30080}]}\n",
            "LoadBalancer",
            "port 30080 of every node",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: np, namespace: shop}\nspec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30081}]}\n",
            "NodePort",
            "port 30081 of every node",
        ),
    ] {
        let stream = format!("{web}{service}---\n{more}");
        let topology = told(&[], &stream);
        let entry = list(&topology, "entryPoints")
            .iter()
            .find(|one| one["kind"] == kind)
            .unwrap_or_else(|| panic!("{kind}: {topology}"));
        assert!(
            hosts.is_empty() && list(entry, "hosts").is_empty() || list(entry, "hosts").contains(&json!(hosts)),
            "{entry}"
        );
        assert_eq!(list(entry, "to").len(), 1, "{entry}");
        assert_eq!(entry["to"][0]["port"], 80, "{entry}");
        holds(&stream, 1);
    }
    let gateway = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: shop}\nspec: {gatewayClassName: eg, listeners: [{name: https, port: 443, protocol: HTTPS, hostname: shop.example.com}]}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: shop}\nspec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n";
    let topology = told(&[], &format!("{web}{service}{gateway}"));
    let one = list(&topology, "entryPoints").iter().find(|one| one["kind"] == "Gateway").unwrap();
    assert_eq!(
        (one["hosts"].clone(), one["to"][0]["id"].clone()),
        (json!(["HTTPS 443 shop.example.com"]), json!("HTTPRoute/shop/r"))
    );
}

/// What proves an edge, form by form, and what does not.
#[test]
fn proofs_and_what_is_none() {
    let app = |env: Value, more: &str| {
        let pod = json!({"containers": [{"name": "c", "image": "redis:7", "env": env}]});
        let app = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app", "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"app": "app"}}, "template": {"metadata": {"labels": {"app": "app"}}, "spec": pod}},
        });
        let (db, service) = workload("db", "shop", 0, &[]);
        format!("---\n{app}\n{db}{service}---\n{more}")
    };
    let none = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: none}\n";
    let env = |name: &str, value: &str| json!([{"name": name, "value": value}]);
    let edge = "from: [app]\n      to: [db]\n      ports: [8080]";
    for (env, says) in [
        (env("DB", "http://db"), Ok("app reads DB: Service shop/db")),
        (env("DB", "http://DB.shop.svc:80/x"), Ok("app reads DB: Service shop/db")),
        (env("DB_HOST", "db"), Err("nothing says which of its ports is meant")),
        (env("DB", "http://db:81"), Err("Service shop/db\n#   which has no port 81")),
        (env("DB", "http://other"), Err("the host other, port 80\n#   no Service of the stream")),
        (env("DB", "http://db.other.svc:80"), Err("Service db of the namespace other, port 80")),
        (
            env("API", "https://api.example.com"),
            Err("the host api.example.com, port 443\n#   a NetworkPolicy knows no names of hosts"),
        ),
        (env("API", "http://10.1.2.3:8123"), Err("the address 10.1.2.3, port 8123")),
        (env("API_TOKEN", "https://hush.example.com"), Err("a host outside of the stream, which is not shown")),
    ] {
        let printed = graph(&["--infer"], &app(env, none));
        match says {
            Ok(says) => assert!(printed.contains(&format!("# {says}")) && printed.contains(edge), "{printed}"),
            Err(says) => assert!(printed.contains(says) && printed.contains("edges: []"), "{says}\n{printed}"),
        }
        assert!(!printed.contains("hush"), "{printed}");
    }
    // Nobody connects to these.
    for (name, value) in [
        ("HOST", "0.0.0.0"),
        ("SERVER_ADDRESS", "[::]:80"),
        ("HTTP_ADDR", ":80"),
        ("HTTP_PORT", "80"),
        ("METRICS_URL", "http://$(POD_IP):80"),
        ("CORS_ORIGINS", "https://example.com"),
        ("URL", "http://localhost:80"),
        ("IMAGE", "db2:80"),
        ("NAME", "db"),
        ("URL", "http://127.0.0.1:80"),
    ] {
        let printed = graph(&["--infer"], &app(env(name, value), none));
        assert!(
            printed.contains("Nothing was seen that is not proven") && printed.contains("edges: []"),
            "{name}={value}\n{printed}"
        );
    }
    // By the name nobody connects to these: what is known of them is said.
    for (name, value) in [
        ("LISTEN_ADDR", "db:80"),
        ("CORS_ORIGINS", "http://db"),
        ("NO_PROXY", "db:80"),
        ("OAUTH_REDIRECT_URI", "http://db/cb"),
        ("ADVERTISED_LISTENERS", "PLAINTEXT://db:80"),
        ("redirectUri", "http://db"),
    ] {
        let printed = graph(&["--infer"], &app(env(name, value), none));
        let says =
            format!("# - Deployment shop/app reads {name}: Service shop/db, port 80\n#   its name is one of what");
        assert!(printed.contains(&says) && printed.contains("edges: []"), "{name}={value}\n{printed}");
    }
    // A program's own Service is no connection, unless it is made for pods to reach each other.
    let printed = graph(&["--infer"], &workload_with("SERVER_URL", "http://db", "10.0.0.1"));
    assert!(printed.contains("Service shop/db, port 80\n#   its own") && printed.contains("edges: []"), "{printed}");
    let printed = graph(&["--infer"], &workload_with("PEERS", "db-0.db:9000,db-1.db:9000", "None"));
    assert!(printed.contains("from: [db]\n      to: [db]\n      ports: [9000]"), "{printed}");
    // A public address is what a NetworkPolicy can name.
    let printed = graph(&["--infer"], &app(env("DNS_OVER", "https://198.51.100.7:8443"), none));
    assert!(
        printed.contains("address-198-51-100-7:\n      ipBlocks: [{cidr: \"198.51.100.7/32\"}]")
            && printed.contains("ports: [8443]"),
        "{printed}"
    );
    // A cluster of CloudNativePG, by its Service and by its Secret.
    let cluster = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: pg, namespace: shop}\nspec: {instances: 3}\n";
    for env in [
        env("DB_URL", "postgres://pg-rw/x"),
        json!([{"name": "URI", "valueFrom": {"secretKeyRef": {"name": "pg-app", "key": "uri"}}}]),
    ] {
        let printed = graph(&["--infer"], &app(env, cluster));
        assert!(
            printed.contains("podSelector: {matchLabels: {cnpg.io/cluster: pg}}")
                && printed.contains("to: [pg-database]\n      ports: [5432]"),
            "{printed}"
        );
    }
    // Routes and monitors: what of them is known.
    let route = "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: r, namespace: shop}\nspec: {to: {kind: Service, name: db}}\n";
    let printed = graph(&["--infer"], &app(json!([]), route));
    assert!(
        printed.contains("dns: [openshift]") && printed.contains("ingress:\n      controller: openshift-router"),
        "{printed}"
    );
    let class = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: web}\nspec: {controller: k8s.io/ingress-nginx}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: shop}\nspec: {ingressClassName: web, defaultBackend: {service: {name: db, port: {number: 80}}}}\n";
    let printed = graph(&["--infer"], &app(json!([]), class));
    assert!(printed.contains("ingress:\n      controller: ingress-nginx"), "{printed}");
    let monitor = "apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: m, namespace: shop}\nspec: {selector: {matchLabels: {app: db}}, podMetricsEndpoints: [{port: http}]}\n";
    let printed = graph(&["--infer"], &app(json!([]), monitor));
    assert!(printed.contains("monitors: []") && printed.contains("PodMonitor shop/m"), "{printed}");
}

/// A Deployment `db` that reads a variable, and its Service with a cluster IP.
fn workload_with(name: &str, value: &str, ip: &str) -> String {
    let (db, service) = workload("db", "shop", 0, &[json!({"name": name, "value": value})]);
    let spec = format!("\"spec\":{{\"clusterIP\":\"{ip}\",");
    format!("{db}{}", service.replace("\"spec\":{", &spec))
}

/// A Deployment `app` whose container has these fields, and its volumes; Services `api` and `db`; and what else there is.
fn reader(container: &Value, volumes: &Value, more: &str) -> String {
    let mut own = json!({"name": "c", "image": "i:1"});
    own.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let app = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "app"}}, "template": {
            "metadata": {"labels": {"app": "app"}}, "spec": {"containers": [own], "volumes": volumes}}},
    });
    let (api, front) = workload("api", "shop", 0, &[]);
    let (db, service) = workload("db", "shop", 0, &[]);
    format!("---\n{app}\n{api}{front}{db}{service}---\n{more}")
}

/// The workloads to which edges lead.
fn reached(printed: &str) -> Vec<&str> {
    printed.lines().filter_map(|line| line.trim().strip_prefix("to: [")?.strip_suffix(']')).collect()
}

/// A key that the container does not get proves nothing.
#[test]
fn only_what_the_program_can_read_proves() {
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm, namespace: shop}\ndata: {used: 'url: http://api', unused: 'url: http://db', API: 'http://api', DB: 'http://db'}\n";
    let mounts = |more: Value| {
        let mut mount = json!({"name": "v", "mountPath": "/c"});
        mount.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"volumeMounts": [mount], "env": [{"name": "PART", "value": "used"}]})
    };
    let items = json!([{"key": "used", "path": "x/y"}]);
    let whole = json!([{"name": "v", "configMap": {"name": "cm"}}]);
    let some = json!([{"name": "v", "configMap": {"name": "cm", "items": items}}]);
    let projected = json!([{"name": "v", "projected": {"sources": [{"configMap": {"name": "cm", "items": items}}]}}]);
    let from = json!([{"configMapRef": {"name": "cm"}}]);
    let both = vec!["api", "db"];
    for (container, volumes, wanted) in [
        (mounts(json!({})), &whole, both.clone()),
        (mounts(json!({})), &some, vec!["api"]),
        (mounts(json!({})), &projected, vec!["api"]),
        (mounts(json!({"subPath": "used"})), &whole, vec!["api"]),
        (mounts(json!({"subPath": "use"})), &whole, vec![]),
        (mounts(json!({"subPathExpr": "$(PART)"})), &whole, vec!["api"]),
        (mounts(json!({"subPath": "x"})), &some, vec!["api"]),
        (mounts(json!({"subPath": "x/y"})), &some, vec!["api"]),
        (mounts(json!({"subPath": "used"})), &some, vec![]),
        (json!({}), &whole, vec![]),
        (
            json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "API"}}}]}),
            &json!([]),
            vec!["api"],
        ),
        (json!({"envFrom": from}), &json!([]), both.clone()),
        (json!({"envFrom": from, "env": [{"name": "DB", "value": "none"}]}), &json!([]), vec!["api"]),
        // What nobody can tell hides what `envFrom` gives.
        (
            json!({"envFrom": from, "env": [{"name": "DB", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}),
            &json!([]),
            vec!["api"],
        ),
        (json!({"envFrom": from, "env": [{"name": "DB"}]}), &json!([]), vec!["api"]),
    ] {
        // One line each: as variables the texts of `used` and `unused` are addresses too.
        let settings = if container.get("volumeMounts").is_some() {
            settings.replace(", API: 'http://api', DB: 'http://db'", "")
        } else {
            settings.replace("used: 'url: http://api', unused: 'url: http://db', ", "")
        };
        let printed = graph(&["--infer"], &reader(&container, volumes, &settings));
        assert_eq!(reached(&printed), wanted, "{container}\n{volumes}\n{printed}");
    }
}

/// What a person sees at once is found: names of every kind, options, files of every format, templates of Secrets.
#[test]
fn obvious_connections_are_found() {
    let none = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: none}\n";
    for (name, value) in [
        ("HTTP_PROXY", "http://db:80"),
        ("https_proxy", "http://db:80"),
        ("GRPC_ENDPOINT", "db:80"),
        ("ADMIN_URL", "http://db"),
        ("SERVER_URL", "http://db"),
        ("APP_BACKEND", "db:80"),
        ("HTTP_UPSTREAM", "db:80"),
        ("METRICS_URL", "http://db"),
        ("HOST", "db:80"),
        ("JAVA_OPTS", "-Xmx1g -Dredis.host=db -Dredis.port=80"),
        ("SETTINGS", "db:\n  host: db\n  port: 80\n"),
        ("DATABASE_URL", "postgresql://$(USER):$(PASSWORD)@db:80/x"),
    ] {
        let printed = graph(&["--infer"], &reader(&json!({"env": [{"name": name, "value": value}]}), &json!([]), none));
        assert_eq!(reached(&printed), ["db"], "{name}={value}\n{printed}");
    }
    for args in [
        json!(["--db-host=db", "--db-port=80"]),
        json!(["--db-port=80", "--db-host=db"]),
        json!(["--db-host", "db", "--db-port", "80"]),
        json!(["--db-host", "db", "--db-port=80"]),
        json!(["sh", "-c", "exec app --db-host=db --db-port=80"]),
        json!(["sh", "-c", "# comment\nexport DB_HOST=db\nexport DB_PORT=80\n"]),
        json!(["--brokers=db:80"]),
    ] {
        let printed = graph(&["--infer"], &reader(&json!({"args": args}), &json!([]), none));
        assert_eq!(reached(&printed), ["db"], "{args}\n{printed}");
    }
    let file = |name: &str, text: &str| {
        let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cm", "namespace": "shop"}, "data": {name: text}});
        let volumes = json!([{"name": "v", "configMap": {"name": "cm"}}]);
        let printed = graph(
            &["--infer"],
            &reader(&json!({"volumeMounts": [{"name": "v", "mountPath": "/c"}]}), &volumes, &format!("{settings}\n")),
        );
        (reached(&printed).join(" "), printed)
    };
    for (name, text) in [
        ("a.yaml", "database:\n  host: db\n  port: 80\n"),
        ("a.json", "{\"elastic\":{\"host\":\"db\",\"port\":80}}"),
        ("a.toml", "[mq]\nhost = \"db\"\nport = 80\n"),
        ("a.properties", "spring.redis.host=db\nspring.redis.port=80\n"),
        ("a.properties", "brokers=db:80\n"),
        ("a.conf", "url = http://db # the database\n"),
    ] {
        let (reached, printed) = file(name, text);
        assert_eq!(reached, "db", "{text}\n{printed}");
    }
    // Nobody reads a comment; what is only compared with is said.
    for (name, text) in [
        ("a.xml", "<!-- http://db -->"),
        ("a.conf", "/* http://db */"),
        ("a.sql", "-- http://db"),
        ("a.conf", "k=v # http://db"),
        ("a.js", "// http://db"),
        ("a.properties", "advertised.listeners=PLAINTEXT://db:80\n"),
        ("a.yaml", "oauth:\n  redirectUri: http://db/cb\n"),
        ("a.yaml", "cors:\n  origins:\n  - http://db\n"),
    ] {
        let (reached, printed) = file(name, text);
        assert_eq!(reached, "", "{text}\n{printed}");
        let is_said = printed.contains("Service shop/db, port 80\n#   its name is one of");
        assert_eq!(
            is_said,
            ["advertised", "oauth", "cors"].iter().any(|start| text.starts_with(start)),
            "{text}\n{printed}"
        );
    }
    // The hosts of files that no Service has, where the name of the setting says what they are.
    let (_, printed) =
        file("a.yaml", "search:\n  host: es.example.com\n  port: 9200\n$schema: http://json-schema.org/x\n");
    assert!(printed.contains("the host es.example.com, port 9200") && !printed.contains("json-schema"), "{printed}");
    for made in [
        json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "s", "namespace": "shop"},
            "spec": {"target": {"template": {"data": {"DATABASE_URL": "postgresql://{{ .user }}:{{ .hush }}@db:80/x"}}}}}),
        json!({"apiVersion": "secrets.hashicorp.com/v1beta1", "kind": "VaultStaticSecret", "metadata": {"name": "v", "namespace": "shop"},
            "spec": {"destination": {"name": "s", "create": true, "transformation": {"templates": {
                "DATABASE_URL": {"text": "postgresql://app:{{ get .Secrets \"hush\" }}@db:80/x"}}}}}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"},
            "stringData": {"DATABASE_URL": "postgresql://<user>:<path:hush/data/db#password>@db:80/x"}}),
    ] {
        let from = json!({"envFrom": [{"secretRef": {"name": "s"}}]});
        let printed = graph(&["--infer"], &reader(&from, &json!([]), &format!("{made}\n")));
        assert!(printed.contains("# app reads DATABASE_URL of Secret s: Service shop/db"), "{printed}");
        assert!(!printed.contains("hush"), "{printed}");
        assert_eq!(reached(&printed), ["db"]);
    }
}

/// The injector of the Vault agent reads its annotation as Go's `strconv.ParseBool` does.
#[test]
fn the_vault_agent_is_seen() {
    for (value, is_seen) in [("true", true), ("1", true), ("t", true), ("TRUE", true), ("yes", false), ("0", false)] {
        let (web, service) = workload("web", "shop", 0, &[]);
        let annotated = format!(
            "\"annotations\":{{\"vault.hashicorp.com/agent-inject\":\"{value}\"}},\"labels\":{{\"app\":\"web\",\"tier\""
        );
        let web = web.replace("\"labels\":{\"app\":\"web\",\"tier\"", &annotated);
        assert!(web.contains("agent-inject"), "{web}");
        let printed = graph(&["--infer"], &format!("{web}{service}"));
        assert_eq!(printed.contains("vault: []"), is_seen, "{value}\n{printed}");
    }
}

/// The value of a Secret proves an edge to a Service of the stream, and is shown nowhere.
#[test]
fn secrets_prove_and_are_not_told() {
    let printed = graph(&["--infer"], PLATFORM);
    for wanted in [
        "# aether-api reads DATABASE_URL of Secret aether-secrets: Service aether/postgres\n    - from: [aether-api]\n      to: [postgres]\n      ports: [5432]",
        "# aether-api reads MLFLOW_TRACKING_URI of ConfigMap aether-config: Service aether/mlflow",
        "Ingress aether/aether: whoever serves the class nginx; if that is ingress-nginx where its project installs it",
        "LLM_BASE_URL of ConfigMap aether-config: the host api.llm.example.com, port 443",
        "HA_URL of ConfigMap aether-config: the address 192.168.1.10, port 8123",
        "PUBLIC_URL of ConfigMap aether-config: the host aether.example.com, port 443\n#   of Ingress aether/aether",
    ] {
        assert!(printed.contains(wanted), "{wanted}\n{printed}");
    }
    for format in ["mermaid", "svg", "json"] {
        assert!(!graph(&["--format", format], PLATFORM).contains("hush"));
    }
    assert!(!printed.contains("hush"));
    let outside = PLATFORM.replace("@postgres.aether.svc.cluster.local:5432", "@db.hush.example.com:5432");
    let printed = graph(&["--infer"], &outside);
    assert!(
        printed.contains("a host outside of the stream, which is not shown") && !printed.contains("hush"),
        "{printed}"
    );
}

#[test]
fn it_reads_what_check_reads() {
    let folder = Folder::new("graph");
    folder.write("in/a.yaml", PLATFORM);
    folder.write("in/notes.txt", "not: [yaml");
    let path = folder.0.join("in").display().to_string();
    assert_eq!(graph(&[&path], ""), graph(&["-"], PLATFORM));
    assert_eq!(graph(&[&format!("{path}/a.yaml")], ""), graph(&[], PLATFORM));
    let fails = |args: &[&str], stdin: &str, code: i32, says: &str| {
        let out = pipe(krmor().arg("graph").args(args), stdin.as_bytes());
        assert_eq!((out.status.code(), text(&out.stdout).as_str()), (Some(code), ""), "{}", text(&out.stderr));
        assert!(text(&out.stderr).contains(says), "{}", text(&out.stderr));
    };
    fails(&[], "", 2, "the input holds no objects");
    fails(&[], "a: [", 2, "standard input");
    fails(&["--config", "no-such-file"], PLATFORM, 3, "no-such-file");
    fails(&["--infer", "--format", "svg"], PLATFORM, 2, "cannot be used with");
    let broken = folder.write(
        "config.yaml",
        "apiVersion: krmor.dev/v1alpha1\nkind: NetworkPolicies\nspec: {edges: [{from: [nobody], to: [postgres]}]}\n",
    );
    fails(&["--config", &broken.display().to_string()], PLATFORM, 1, "nobody");
    assert!(is_mermaid(&graph(&["--allow-empty"], "# nothing\n")) == 0);
    assert!(
        graph(&["--format", "svg", "--title", "A <b> & c"], PLATFORM)
            .contains("<title id=\"krmor-title\">A &lt;b&gt; &amp; c</title>")
    );
}

/// The rendering of an example that its picture is of: of the overlay `production`, or the first one.
fn rendering(example: &Path) -> Option<PathBuf> {
    let of = overlays()
        .into_iter()
        .filter(|overlay| overlay.starts_with(example))
        .map(|overlay| overlay.join("expected.yaml"));
    let mut all: Vec<PathBuf> = of.filter(|path| path.exists()).collect();
    all.sort_by_key(|path| !path.ends_with("production/expected.yaml"));
    all.into_iter().next()
}

/// `examples/*/topology.svg` is what the command prints of the overlay; `make graphs` writes it.
#[test]
fn the_pictures_of_the_examples() {
    let mut count = 0;
    let mut examples: Vec<PathBuf> =
        std::fs::read_dir("examples").unwrap().map(|entry| entry.unwrap().path()).collect();
    examples.sort();
    for example in examples.iter().filter(|example| example.is_dir()) {
        let Some(path) = rendering(example) else { continue };
        let title = format!("Network topology of {}", example.file_name().unwrap().to_string_lossy());
        let svg = graph(&["--format", "svg", "--title", &title, &path.display().to_string()], "");
        is_well_drawn(&svg, list(&told(&[&path.display().to_string()], ""), "workloads").len());
        let picture = example.join("topology.svg");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&picture, &svg).unwrap();
        }
        let there = std::fs::read_to_string(&picture).unwrap_or_default();
        assert!(there == svg, "{} is stale: `make graphs` writes it", picture.display());
        count += 1;
    }
    assert!(count >= 3, "only {count} examples have a picture");
}

/// Every rendering of the examples, in every form.
#[test]
fn every_overlay_has_its_topology() {
    for overlay in overlays() {
        let stream = std::fs::read_to_string(overlay.join("expected.yaml")).unwrap();
        let number = list(&told(&[], &stream), "workloads").len();
        assert!(number > 0, "{}", overlay.display());
        holds(&stream, number);
    }
}

/// `docs/graph.md` shows a stream and what `--infer` prints of it; `UPDATE=1` writes it.
#[test]
fn the_page_shows_what_is_printed() {
    const STREAM: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: api-config}
data:
  DATABASE_URL: postgresql://api@db:5432/shop
  LLM_URL: https://api.example.com/v1
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - {name: api, image: 'api:1', envFrom: [{configMapRef: {name: api-config}}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgres}
spec:
  serviceName: db
  selector: {matchLabels: {app: postgres}}
  template:
    metadata: {labels: {app: postgres}}
    spec:
      containers:
      - {name: postgres, image: 'postgres:17', ports: [{name: sql, containerPort: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: postgres}, ports: [{port: 5432, targetPort: sql}]}
";
    let path = "docs/graph.md";
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- infer -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /infer -->").unwrap();
    let printed = graph(&["--infer"], STREAM);
    let shown = format!("Of these manifests\n\n```yaml\n{STREAM}```\n\nit prints\n\n```yaml\n{printed}```\n");
    let wanted = format!("{before}<!-- infer -->\n{shown}<!-- /infer -->{after}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    assert!(
        page == wanted || std::env::var_os("UPDATE").is_some(),
        "{path} is stale: UPDATE=1 cargo test --test fast graph:: writes it"
    );
}
