//! What krmor says that the API server refuses, against the API server's own code (`tests/psa/objects.go`): no claim is
//! untrue, and of what it refuses of pods, next to nothing passes.
//!
//! The counts, and what krmor does not find by kind of refusal, go straight to the terminal: `--nocapture` shows them.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use crate::common::{Random, cases, corpus, psa, run_whole};
use krmor::pipeline::Outcome;
use krmor::report::{Finding, Severity};
use krmor::stream::Stream;
use krmor::{validity, yaml};
use serde_json::{Map, Value, json};

/// The objects of a text.
fn objects(text: &str) -> Vec<Value> {
    let stream = Stream::parse(&Arc::new(text.to_owned())).unwrap();
    stream.objects().filter_map(|object| object.root().to_value()).collect()
}

fn seeds(name: &str) -> Vec<Value> {
    objects(&std::fs::read_to_string(format!("tests/validity/{name}.yaml")).unwrap())
}

/// What krmor says of each of some objects, in one stream.
fn findings(objects: &[Value]) -> Vec<Vec<Finding>> {
    let text: String = objects.iter().map(|object| format!("--- {object}\n")).collect();
    let stream = Stream::parse(&Arc::new(text)).unwrap();
    assert_eq!(stream.documents().len(), objects.len());
    let mut found: Vec<Vec<Finding>> = objects.iter().map(|_| Vec::new()).collect();
    for finding in validity::findings(&stream) {
        found[finding.document().unwrap()].push(finding);
    }
    found
}

fn told(findings: &[Finding]) -> String {
    let one = |finding: &Finding| format!("{} {}: {}", finding.rule.id, finding.pointer(), finding.message);
    findings.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Whether the API has an object of this kind.
fn is_judged(object: &Value) -> bool {
    let kinds = "v1:Pod v1:PodTemplate v1:ReplicationController v1:Service apps/v1:Deployment apps/v1:StatefulSet \
                 apps/v1:DaemonSet apps/v1:ReplicaSet batch/v1:Job batch/v1:CronJob policy/v1:PodDisruptionBudget \
                 autoscaling/v1:HorizontalPodAutoscaler autoscaling/v2:HorizontalPodAutoscaler networking.k8s.io/v1:Ingress \
                 networking.k8s.io/v1:NetworkPolicy";
    let own = format!("{}:{}", object["apiVersion"].as_str().unwrap_or(""), object["kind"].as_str().unwrap_or(""));
    kinds.split_whitespace().any(|kind| kind == own)
}

/// JSON as kubectl writes it: a float without a fraction is a whole number there.
fn written(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap();
            if float.fract() == 0.0 && float.abs() < 1e15 {
                #[allow(clippy::cast_possible_truncation)]
                let whole = float as i64;
                *value = json!(whole);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(written),
        Value::Object(entries) => entries.values_mut().for_each(written),
        _ => {}
    }
}

// ---- broken objects ----

const TEXTS: &[&str] = &[
    "",
    "Bad_Name",
    "a/b",
    "../x",
    "/abs",
    "UPPER",
    "Always",
    "Never",
    "None",
    "true",
    "1",
    "80%",
    "150%",
    "http",
    "x y",
    "-a",
    "a.b",
    "Local",
    "Localhost",
    "RuntimeDefault",
    "IPv4",
    "In",
    "10m",
    "-1",
    "1.5",
    "NoSchedule",
    "metadata.labels['a b']",
    "spec.foo",
    "10.0.0.256",
    "10.0.0.0/8",
    "10.1.0.0/16",
    "fd00::/8",
    "é",
    "web",
    "*",
    "example.com/x",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];
const NUMBERS: &[f64] =
    &[-1.0, 0.0, 1.0, 2.0, 70_000.0, 65_536.0, 3e9, 1.1e12, 1.5, 100.0, 101.0, 1000.0, -5.0, 1_000_660_000.0];

/// A place in an object: keys and indices, as text.
type Place = Vec<String>;

fn places(value: &Value, at: &mut Place, out: &mut Vec<(Place, Value)>) {
    let mut visit = |key: String, inner: &Value| {
        at.push(key);
        out.push((at.clone(), inner.clone()));
        places(inner, at, out);
        at.pop();
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, inner)| visit(key.clone(), inner)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, inner)| visit(at.to_string(), inner)),
        _ => {}
    }
}

/// What stands at places of one sort: the same field, in whichever item of whichever list, of whichever handler.
fn sort(place: &Place) -> String {
    let word = |token: &String| match token.as_str() {
        "initContainers" => "containers".to_owned(),
        "readinessProbe" | "startupProbe" => "livenessProbe".to_owned(),
        "preStop" => "postStart".to_owned(),
        token if token.bytes().all(|b| b.is_ascii_digit()) => "*".to_owned(),
        token => token.to_owned(),
    };
    place.iter().map(word).collect::<Vec<_>>().join("/")
}

fn pointer(place: &[String]) -> String {
    place.iter().map(|token| format!("/{}", yaml::escape_token(token))).collect()
}

/// What the seeds have at places of each sort, so that parts of one can be put into another.
struct Stock {
    sorts: HashMap<String, Vec<Value>>,
    names: Vec<Value>,
}

impl Stock {
    fn of(seeds: &[Value]) -> Self {
        let (mut sorts, mut names) = (HashMap::<String, Vec<Value>>::new(), Vec::new());
        for seed in seeds {
            let mut all = Vec::new();
            places(seed, &mut Vec::new(), &mut all);
            for (place, value) in all {
                if place.last().is_some_and(|key| key == "name") && value.is_string() {
                    names.push(value.clone());
                }
                sorts.entry(sort(&place)).or_default().push(value);
            }
        }
        Self { sorts, names }
    }

    /// Breaks an object in one place, or leaves it, as chance has it.
    fn mutate(&self, object: &mut Value, random: &mut Random) {
        let mut all = Vec::new();
        places(object, &mut Vec::new(), &mut all);
        all.retain(|(place, _)| place.len() > 1 && ["spec", "metadata", "template"].contains(&place[0].as_str()));
        if all.is_empty() {
            return;
        }
        let (place, value) = random.pick(&all).clone();
        let of = |wanted: fn(&Value) -> bool, random: &mut Random| {
            let list: Vec<&Place> = all.iter().filter(|(_, value)| wanted(value)).map(|(place, _)| place).collect();
            if list.is_empty() { place.clone() } else { random.pick(&list).to_vec() }
        };
        let mut set = |place: &Place, value: Value| *object.pointer_mut(&pointer(place)).unwrap() = value;
        match random.below(14) {
            0 => remove(object, &place),
            1 => {
                let place = of(|value| value.as_array().is_some_and(|items| !items.is_empty()), random);
                if let Some(Value::Array(items)) = object.pointer_mut(&pointer(&place))
                    && !items.is_empty()
                {
                    items.push(random.pick(items).clone());
                }
            }
            2 => {
                let other = match &value {
                    Value::String(_) => json!(5),
                    value => json!(value.to_string()),
                };
                let others = [
                    other,
                    json!({}),
                    json!([]),
                    json!(true),
                    json!("x"),
                    json!(1.25),
                    json!(["a"]),
                    json!({"a": "b"}),
                ];
                set(&place, random.pick(&others).clone());
            }
            3 | 4 => set(&of(Value::is_number, random), json!(random.pick(NUMBERS))),
            5 | 6 => set(&of(Value::is_string, random), json!(random.pick(TEXTS))),
            7..=9 => {
                // A field of a like mapping comes in: two sources of one volume, two handlers of one probe.
                let place = of(Value::is_object, random);
                let like: Vec<&Map<String, Value>> =
                    self.sorts.get(&sort(&place)).into_iter().flatten().filter_map(Value::as_object).collect();
                if let Some(Value::Object(entries)) = object.pointer_mut(&pointer(&place))
                    && !like.is_empty()
                {
                    let fields: Vec<(&String, &Value)> = random.pick(&like).iter().collect();
                    if !fields.is_empty() {
                        let (key, value) = *random.pick(&fields);
                        entries.insert(key.clone(), value.clone());
                    }
                }
            }
            10 => {
                let named: Vec<Place> = all
                    .iter()
                    .map(|(place, _)| place.clone())
                    .filter(|place| {
                        ["name", "key", "mountPath", "path", "port"].contains(&place.last().unwrap().as_str())
                    })
                    .collect();
                if !named.is_empty() {
                    set(random.pick(&named), random.pick(&self.names).clone());
                }
            }
            11 => set(&place, Value::Null),
            12 => {
                let place = of(Value::is_boolean, random);
                if let Some(Value::Bool(flag)) = object.pointer_mut(&pointer(&place)) {
                    *flag = !*flag;
                }
            }
            _ => {
                let like = self.sorts.get(&sort(&place)).cloned().unwrap_or_default();
                if !like.is_empty() {
                    set(&place, random.pick(&like).clone());
                }
            }
        }
    }
}

fn remove(object: &mut Value, place: &Place) {
    let (last, parent) = place.split_last().unwrap();
    match object.pointer_mut(&pointer(parent)).unwrap() {
        Value::Object(entries) => drop(entries.shift_remove(last)),
        Value::Array(items) => drop(items.remove(last.parse().unwrap())),
        _ => {}
    }
}

/// A pod as the template of a Deployment.
fn as_template(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for key in ["activeDeadlineSeconds", "ephemeralContainers"] {
        spec.as_object_mut().unwrap().shift_remove(key);
    }
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": spec},
        },
    })
}

/// `count` objects, each a seed that was broken in one to three places.
fn broken(seeds: &[Value], stock: &Stock, count: usize, random: &mut Random) -> Vec<Value> {
    let one = |_| {
        let mut object = random.pick(seeds).clone();
        for _ in 0..[1, 1, 2, 3][random.below(4)] {
            stock.mutate(&mut object, random);
        }
        written(&mut object);
        object
    };
    (0..count).map(one).collect()
}

/// What became of objects that both have judged.
#[derive(Default)]
struct Tally {
    all: usize,
    refused: usize,
    found: usize,
    untrue: Vec<String>,
    missed: BTreeMap<String, usize>,
}

fn compare(objects: &[Value]) -> Tally {
    let mut tally = Tally { all: objects.len(), ..Tally::default() };
    for ((object, own), server) in objects.iter().zip(findings(objects)).zip(psa::refusals(objects)) {
        match (own.is_empty(), server.first()) {
            (false, None) => tally.untrue.push(format!("{}\n{object}", told(&own))),
            (false, Some(_)) => (tally.refused, tally.found) = (tally.refused + 1, tally.found + 1),
            (true, None) => {}
            (true, Some((field, kind, message))) => {
                tally.refused += 1;
                let digits = |c: char| if c.is_ascii_digit() { '#' } else { c };
                let detail = message.rsplit(": ").next().unwrap_or_default();
                let field: String = field.chars().map(digits).collect();
                *tally.missed.entry(format!("{kind} {field}: {detail:.90}")).or_default() += 1;
            }
        }
    }
    tally
}

fn show(what: &str, tally: &Tally) {
    let Tally { all, refused, found, missed, .. } = tally;
    let mut out = std::io::stderr();
    writeln!(out, "validity: {what}: {all} objects, {refused} refused by the API server, {found} of them by krmor")
        .unwrap();
    let mut missed: Vec<_> = missed.iter().collect();
    missed.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    missed.iter().take(30).for_each(|(kind, count)| writeln!(out, "  {count:4} not found: {kind}").unwrap());
}

#[track_caller]
fn assert_true(tally: &Tally) {
    let untrue = &tally.untrue;
    let first: Vec<&String> = untrue.iter().take(5).collect();
    assert!(untrue.is_empty(), "{} untrue claims, such as {first:#?}", untrue.len());
}

#[test]
fn the_seeds_are_valid() {
    for name in ["pods", "others"] {
        let seeds = seeds(name);
        for (seed, refusals) in seeds.iter().zip(psa::refusals(&seeds)) {
            assert_eq!(refusals, [], "{seed}");
            assert!(is_judged(seed), "{seed}");
        }
        for (seed, found) in seeds.iter().zip(findings(&seeds)) {
            assert!(found.is_empty(), "{}: {seed}", told(&found));
        }
    }
}

#[test]
fn broken_pods_are_refused_as_the_api_server_refuses_them() {
    let mut pods = seeds("pods");
    pods.extend(pods.clone().iter().filter(|pod| pod["spec"]["restartPolicy"] != "Never").map(as_template));
    let tally = compare(&broken(&pods, &Stock::of(&pods), 6000, &mut Random(20_261_129)));
    show("pods", &tally);
    assert_true(&tally);
    assert!(tally.refused > 2000, "only {} were refused", tally.refused);
    assert!(tally.found * 100 >= tally.refused * 95, "{} of {} were found", tally.found, tally.refused);
}

#[test]
fn nothing_untrue_is_said_of_broken_objects_of_other_kinds() {
    let others = seeds("others");
    let tally = compare(&broken(&others, &Stock::of(&others), 4000, &mut Random(77)));
    show("other kinds", &tally);
    assert_true(&tally);
    assert!(tally.found > 1000, "only {} were found", tally.found);
}

// ---- what is there already ----

/// The manifests of public projects, of the examples and of the READMEs' cases.
#[test]
fn nothing_untrue_is_said_of_real_objects() {
    let mut texts: Vec<(String, String)> = Vec::new();
    for path in corpus() {
        if let Ok((text, _)) = yaml::decode(std::fs::read(&path).unwrap()) {
            texts.push((path.display().to_string(), text));
        }
    }
    let mut open = vec![PathBuf::from("examples")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "yaml") {
            texts.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    texts.extend(cases::all().into_iter().map(|case| (case.title.clone(), case.input.clone())));
    let mut judged = Vec::new();
    for (_, text) in &texts {
        let Ok(stream) = Stream::parse(&Arc::new(text.clone())) else { continue };
        for object in stream.objects() {
            let Some(mut value) = object.root().to_value() else { continue };
            let is_local = object.annotation("config.kubernetes.io/local-config").is_some();
            if is_judged(&value) && !is_local {
                written(&mut value);
                judged.push(value);
            }
        }
    }
    let tally = compare(&judged);
    show("real objects", &tally);
    assert_true(&tally);
    assert!(tally.all > 2000, "only {} objects were judged", tally.all);
}

// ---- rule by rule ----

/// A pod with this text in its spec, after one container.
fn pod(spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers: [{{name: web, image: web}}]\n{spec}"
    )
}

fn container(fields: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: web, {fields}}}]}}"
    )
}

/// Each rule with objects that break it, and where.
#[test]
fn each_rule_finds_what_it_is_for() {
    let samples: Vec<(&str, String, &str)> = vec![
        ("valid/type", container("ports: [{containerPort: '80'}]"), "/spec/containers/0/ports/0/containerPort"),
        ("valid/type", container("env: [{name: A, value: 1}]"), "/spec/containers/0/env/0/value"),
        ("valid/type", container("stdin: 'true'"), "/spec/containers/0/stdin"),
        ("valid/type", container("args: --all"), "/spec/containers/0/args"),
        ("valid/type", container("resources: {limits: {cpu: lots}}"), "/spec/containers/0/resources/limits/cpu"),
        ("valid/required", pod("  volumes: [{name: a, secret: {}}]"), "/spec/volumes/0/secret"),
        ("valid/required", container("livenessProbe: {exec: {}}"), "/spec/containers/0/livenessProbe/exec"),
        ("valid/one-of", container("env: [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"), "/spec/containers/0/env/0/valueFrom"),
        ("valid/one-of", container("livenessProbe: {tcpSocket: {port: 80}, exec: {command: [a]}}"), "/spec/containers/0/livenessProbe/tcpSocket"),
        ("valid/one-of", container("livenessProbe: {periodSeconds: 3}"), "/spec/containers/0/livenessProbe"),
        ("valid/one-of", pod("  volumes: [{name: a, emptyDir: {}, configMap: {name: b}}]"), "/spec/volumes/0/configMap"),
        ("valid/value", container("imagePullPolicy: Sometimes"), "/spec/containers/0/imagePullPolicy"),
        ("valid/value", container("ports: [{containerPort: 70000}]"), "/spec/containers/0/ports/0/containerPort"),
        ("valid/value", pod("  hostAliases: [{ip: here}]"), "/spec/hostAliases/0/ip"),
        ("valid/duplicate", pod("  volumes: [{name: a}, {name: a}]"), "/spec/volumes/1/name"),
        ("valid/duplicate", container("ports: [{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}]"), "/spec/containers/0/ports/1"),
        ("valid/reference", container("volumeMounts: [{name: a, mountPath: /a}]"), "/spec/containers/0/volumeMounts/0/name"),
        ("valid/resources", container("resources: {requests: {cpu: 2}, limits: {cpu: 1}}"), "/spec/containers/0/resources/requests/cpu"),
        ("valid/resources", container("resources: {requests: {hugepages-2Mi: 2Mi}, limits: {hugepages-2Mi: 2Mi}}"), "/spec/containers/0/resources"),
        ("valid/security-context", container("securityContext: {privileged: true, allowPrivilegeEscalation: false}"), "/spec/containers/0/securityContext/allowPrivilegeEscalation"),
        ("valid/conflict", pod("  tolerations: [{key: a, operator: Exists, tolerationSeconds: 5}]"), "/spec/tolerations/0/tolerationSeconds"),
        ("valid/conflict", container("lifecycle: {preStop: {sleep: {seconds: 31}}}"), "/spec/containers/0/lifecycle/preStop/sleep"),
        (
            "valid/restart-policy",
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}".to_owned(),
            "/spec/template/spec",
        ),
        (
            "valid/selector",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: a, image: a}]}}}".to_owned(),
            "/spec/selector",
        ),
    ];
    let values: Vec<Value> = samples.iter().map(|(_, text, _)| objects(text).remove(0)).collect();
    let refusals = psa::refusals(&values);
    let mut seen: Vec<&str> = Vec::new();
    for ((rule, text, pointer), refusals) in samples.iter().zip(refusals) {
        assert!(!refusals.is_empty(), "the API server takes {text}");
        let stream = Stream::parse(&Arc::new(text.clone())).unwrap();
        let found: Vec<(String, String)> =
            validity::findings(&stream).iter().map(|one| (one.rule.id.to_owned(), one.pointer().to_owned())).collect();
        assert_eq!(found, [((*rule).to_owned(), (*pointer).to_owned())], "{text}");
        seen.push(rule);
    }
    let unseen: Vec<&str> = validity::rules::RULES.iter().map(|rule| rule.id).filter(|id| !seen.contains(id)).collect();
    assert!(unseen.is_empty(), "no sample of {unseen:?}");
}

/// The finding is the run's; exceptions and severities of any function count.
#[test]
fn every_function_refuses_what_the_api_server_refuses() {
    let text = container(
        "env: [{name: A, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}], securityContext: {runAsUser: 7}",
    );
    let done = run_whole("SecurityContext", &json!({}), &text);
    assert_eq!(done.outcome, Outcome::Findings);
    assert_eq!(done.errors().iter().map(|finding| finding.rule.id).collect::<Vec<_>>(), ["valid/one-of"]);
    for spec in [
        json!({"severities": {"valid/one-of": "warning"}}),
        json!({"severities": {"valid/*": "off"}}),
        json!({"exceptions": [{"target": {"name": "web"}, "rules": ["valid/one-of"], "reason": "seen to"}]}),
    ] {
        let done = run_whole("SecurityContext", &spec, &text);
        assert_eq!(done.outcome, Outcome::Ok, "{spec}");
        assert!(done.report.findings.iter().all(|finding| finding.rule.id != "unused-exception"), "{spec}");
    }
    let local = text
        .replace("{name: web}\nspec", "{name: web, annotations: {config.kubernetes.io/local-config: 'true'}}\nspec");
    assert_ne!(local, text);
    let done = run_whole("SecurityContext", &json!({}), &local);
    assert!(done.report.findings.iter().all(|finding| !finding.rule.id.starts_with("valid/")));
}

/// What a function says more exactly is not said a second time.
#[test]
fn nothing_is_said_twice() {
    let text = container("securityContext: {privileged: true, allowPrivilegeEscalation: false}");
    let done = run_whole("SecurityContext", &json!({"conflicts": "keep"}), &text);
    let at = "/spec/containers/0/securityContext/allowPrivilegeEscalation";
    let found: Vec<&Finding> = done.report.findings.iter().filter(|finding| finding.pointer() == at).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].severity == Severity::Error && found[0].rule.id == "invalid");
}
