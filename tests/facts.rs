//! Law 11: what one function accepts as provided, selected or referred to, no other calls missing. On every README case, on
//! the corpus, and on what functions used to differ in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use krmor::facts::makers::Store;
use krmor::facts::references::{Answer, Reference};
use krmor::facts::{Facts, Near};
use krmor::references::Relation;
use krmor::report::{Finding, ObjectId, Place, Report};
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::{Value, json};

fn run(kind: &str, spec: &Value, stream: &mut Stream) -> Report {
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": kind, "metadata": {"name": "f"}, "spec": spec});
    let document = yaml::parse(&Arc::new(config.to_string())).unwrap().remove(0);
    let pipeline = krmor::config::read(document.root(), None).unwrap_or_else(|_| panic!("{config}"));
    let mut report = Report::default();
    pipeline.run(stream, &mut report);
    report
}

fn parse(text: &str) -> Option<Stream> {
    Stream::parse(&Arc::new(text.to_owned())).ok()
}

fn place(finding: &Finding) -> Option<(ObjectId, &str)> {
    match &finding.place {
        Place::Object { object, pointer, .. } => Some((*object, pointer)),
        _ => None,
    }
}

/// What is found by one rule: object and pointer, the list's own aside.
fn found<'r>(report: &'r Report, stream: &Stream, rules: &[&str]) -> Vec<(ObjectId, String, &'r Finding)> {
    let ours = report.findings.iter().filter(|finding| rules.contains(&finding.rule.id));
    let at = |finding: &'r Finding| {
        let (object, pointer) = place(finding)?;
        let prefix = stream.object(object)?.prefix();
        Some((object, pointer.strip_prefix(prefix).unwrap_or(pointer).to_owned(), finding))
    };
    ours.filter_map(at).collect()
}

/// References of variables to keys, by where the variable stands: `…/env/0`.
fn of_variables<'a>(facts: Facts<'a>) -> BTreeMap<(ObjectId, String), &'a Reference> {
    let all = facts.references().all().iter();
    let key = |one: &'a Reference| {
        let (at, rest) = one.pointer.rsplit_once("/valueFrom/")?;
        let plain = rest.ends_with("KeyRef/name") && Store::of(&one.kind).is_some();
        plain.then(|| ((one.object, at.to_owned()), one))
    };
    all.filter_map(key).collect()
}

/// The names of all variables that take a key of a ConfigMap or Secret.
fn variables(stream: &Stream) -> BTreeSet<String> {
    let facts = Facts::of(stream);
    let name = |(object, at): &(ObjectId, String)| {
        let node = stream.object(*object)?.root().at_pointer(&format!("{at}/name"))?;
        node.as_str()
            .map(|name| name.into_owned())
            .filter(|name| name.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'='))
    };
    of_variables(facts).keys().filter_map(name).filter(|name| !name.is_empty()).collect()
}

/// What the functions say of a stream never contradicts what another one says: how many variables
/// they looked at, and how many names both called missing.
fn agree(text: &str, title: &str) -> (usize, usize) {
    let (Some(mut stream), Some(mut other)) = (parse(text), parse(text)) else { return (0, 0) };
    let checks = run("Checks", &json!({"podSecurity": {"level": "privileged"}}), &mut stream);
    let names = variables(&stream);
    let environment = run("Environment", &json!({"required": names}), &mut other);
    let facts = Facts::of(&stream);
    let variables = of_variables(facts);
    let missing = ["references/config-map", "references/secret"];
    let gone: BTreeSet<(ObjectId, String)> =
        found(&checks, &stream, &missing).into_iter().map(|(object, at, _)| (object, at)).collect();
    // Checks says a thing once for each object, container and name.
    let is_gone = |one: &Reference| {
        let same = |other: &&Reference| {
            (other.object, &other.container, &other.name, &other.kind)
                == (one.object, &one.container, &one.name, &one.kind)
        };
        let mut all = facts.references().all().iter().filter(same);
        all.any(|other| gone.contains(&(other.object, other.pointer.clone())))
    };
    let mut both = 0;
    for (object, at, finding) in found(&environment, &stream, &["required-key"]) {
        let Some(one) = variables.get(&(object, at.clone())).filter(|one| !one.optional) else { continue };
        let (near, far) = (facts.follow(one, Near::Certain), facts.follow(one, Near::Possible));
        if finding.message.contains("is not in the stream") {
            both += usize::from(is_gone(one));
            // What has no namespace is the one thing that they look at differently, and on purpose.
            let by_policy = near == Answer::Nowhere && far != Answer::Nowhere;
            assert!(is_gone(one) || by_policy, "{title}: Environment: {}, and Checks is silent", finding.message);
        } else if finding.message.contains("has no key") {
            let keys = ["references/config-map-key", "references/secret-key"];
            let said = found(&checks, &stream, &keys)
                .into_iter()
                .any(|(id, pointer, _)| id == object && pointer.starts_with(&at));
            assert!(said || near != far, "{title}: Environment: {}, and Checks is silent", finding.message);
        }
    }
    let said: BTreeSet<(ObjectId, String)> =
        found(&environment, &stream, &["required-key"]).into_iter().map(|(object, at, _)| (object, at)).collect();
    for ((object, at), one) in &variables {
        // Of two variables of one name the later counts; only main containers are asked for what they need.
        let is_main = at.contains("/containers/") && !one.optional;
        let container = at.rsplit_once("/env/").map_or("", |(container, _)| container);
        let twice = variables.keys().filter(|(id, other)| id == object && other.starts_with(container)).count() > 1;
        if is_main && is_gone(one) && !twice {
            let told = said.contains(&(*object, at.clone()))
                || !environment.findings.iter().any(|one| one.rule.id == "required-key");
            assert!(
                told || names.is_empty(),
                "{title}: Checks calls {} {} missing, and Environment accepts it",
                one.kind,
                one.name
            );
        }
    }
    migration(text, &checks, title);
    vault(text, title);
    (variables.len(), both)
}

/// Migration says of each ConfigMap and Secret of a Job by content whether the stream has it.
fn migration(text: &str, checks: &Report, title: &str) {
    let Some(mut stream) = parse(text) else { return };
    let spec = json!({"as": "job", "args": ["migrate"], "job": {"unordered": true}});
    let report = run("Migration", &spec, &mut stream);
    for finding in report.findings.iter().filter(|finding| finding.rule.id == "outermost") {
        let Some((_, list)) = finding.message.split_once("changes of ") else { continue };
        let list = list.split(", which the stream").next().unwrap_or_default();
        for (kind, name) in list.split(", ").filter_map(|one| one.split_once(' ')) {
            let facts = Facts::of(&stream);
            let is_it = |one: &&Reference| one.pod.is_some() && one.is_to(kind) && one.name == name;
            let here = |one: &Reference| matches!(facts.follow(one, Near::Certain), Answer::Here(_));
            let all: Vec<&Reference> = facts.references().all().iter().filter(is_it).collect();
            let elsewhere = all.is_empty() || all.iter().any(|one| !here(one));
            assert!(
                elsewhere,
                "{title}: Migration calls {kind} {name} missing, and it is there: {:?}",
                checks.findings
            );
        }
    }
}

/// VaultSecrets calls no Secret unused that a pod needs.
fn vault(text: &str, title: &str) {
    let Some(mut stream) = parse(text) else { return };
    let before = parse(text).unwrap();
    let spec = json!({"provider": "csi", "connection": {"address": "https://v"}, "auth": {"kubernetes": {"role": "r"}}, "convert": {}});
    let report = run("VaultSecrets", &spec, &mut stream);
    let facts = Facts::of(&before);
    for (secret, _, finding) in found(&report, &stream, &["unused-secret"]) {
        let needs = |one: &&Reference| one.pod.is_some() && one.relation == Relation::Needs && one.is_to("Secret");
        let mut all = facts.references().all().iter().filter(needs);
        let user = all.find(|one| facts.referent_of(one).is_some_and(|found| found.id() == secret));
        assert!(user.is_none(), "{title}: {}: {user:?}", finding.message);
    }
}

#[test]
fn functions_agree_on_every_readme_case() {
    let mut looked_at = 0;
    for case in crate::common::cases::all() {
        looked_at += agree(&case.input, &format!("{}: {}", case.file.display(), case.title)).0;
        if let Some(output) = case.output() {
            looked_at += agree(&output, &format!("{}: {} (output)", case.file.display(), case.title)).0;
        }
    }
    assert!(looked_at > 20, "only {looked_at} variables were looked at");
}

#[test]
fn functions_agree_on_the_corpus() {
    let mut both = 0;
    for path in crate::common::corpus() {
        let Ok((text, _)) = yaml::decode(std::fs::read(&path).unwrap()) else { continue };
        both += agree(&text, &path.display().to_string()).1;
    }
    assert!(both > 20, "only {both} names were compared");
}

/// A Deployment `web` whose variable takes key `K` of a Secret.
fn web(secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: a}}\nspec:\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers: [{{name: c, image: i, env: [{{name: A, valueFrom: {{secretKeyRef: {{name: '{secret}', key: K}}}}}}]}}]\n---\n"
    )
}

/// What Environment and Checks say of that variable, and what Checks says of all references.
fn told(input: &str) -> Vec<String> {
    let (mut stream, mut other) = (parse(input).unwrap(), parse(input).unwrap());
    let environment = run("Environment", &json!({"required": ["A"]}), &mut stream);
    let checks = run("Checks", &json!({"podSecurity": {"level": "privileged"}}), &mut other);
    let ours = |finding: &&Finding| finding.rule.id == "required-key" || finding.rule.id.starts_with("references/");
    let all = environment.findings.iter().chain(&checks.findings).filter(ours);
    all.map(|finding| format!("{}: {}", finding.rule.id, finding.message)).collect()
}

#[test]
fn what_operators_make_is_there_for_everyone() {
    let none: Vec<String> = Vec::new();
    let cluster = "{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: pg, namespace: a}}\n";
    assert_eq!(told(&format!("{}{cluster}", web("pg-app"))), none);
    let class = "{apiVersion: secrets-store.csi.x-k8s.io/v1, kind: SecretProviderClass, metadata: {name: c, namespace: a}, spec: {secretObjects: [{secretName: x, data: [{key: K}]}, {secretName: y, data: [{key: K}]}]}}\n";
    assert_eq!(told(&format!("{}{class}", web("x"))), none);
    assert_eq!(told(&format!("{}{class}", web("y"))), none);
    let other = class.replace("{key: K}", "{key: L}");
    assert_eq!(
        told(&format!("{}{other}", web("y"))),
        [
            "required-key: c needs `A`, and Secret y, made by SecretProviderClass c has no key `K`",
            "references/secret-key: variable `A` of container `c` takes the key `K` of the Secret `y`, which has `L`",
        ]
    );
    assert_eq!(told(&web("${SECRET}")).len(), 0, "a parameter is nobody's to call missing");
    assert_eq!(told(&web("gone")).len(), 2);
}

#[test]
fn names_outside_of_pods_are_followed() {
    let found = |object: &str| {
        told(&format!(
            "{object}\n---\n{{apiVersion: v1, kind: Secret, metadata: {{name: there}}, stringData: {{k: v}}}}\n"
        ))
    };
    let basic = "{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: m}, spec: {podMetricsEndpoints: [{basicAuth: {username: {name: there, key: k}, password: {name: gone, key: k}}}]}}";
    assert_eq!(
        found(basic),
        ["references/secret: the monitor logs in by the Secret `gone`, which is not in the stream"]
    );
    let ingress = "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, annotations: {nginx.ingress.kubernetes.io/auth-secret: gone}}}";
    assert_eq!(
        found(ingress),
        ["references/secret: an annotation takes its users from the Secret `gone`, which is not in the stream"]
    );
    let push = "{apiVersion: external-secrets.io/v1alpha1, kind: PushSecret, metadata: {name: p}, spec: {selector: {secret: {name: gone}}}}";
    assert_eq!(found(push), ["references/secret: it pushes the Secret `gone`, which is not in the stream"]);
    assert_eq!(found(&push.replace("gone", "there")), Vec::<String>::new());
    let rollout = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}, spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: gone}}}";
    assert_eq!(found(rollout), ["references/scale-target: it runs the Deployment `gone`, which is not in the stream"]);
}

#[test]
fn a_conversion_follows_every_name() {
    let note = "annotations: {internal.config.kubernetes.io/previousNames: s}";
    let text = format!(
        "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: i, namespace: a, annotations: {{nginx.ingress.kubernetes.io/auth-secret: a/s}}}}}}\n---\n{{apiVersion: external-secrets.io/v1alpha1, kind: PushSecret, metadata: {{name: p, namespace: a}}, spec: {{selector: {{secret: {{name: s}}}}}}}}\n---\n{{apiVersion: v1, kind: Secret, metadata: {{name: pre-s, namespace: a, {note}}}, stringData: {{K: v}}}}\n"
    );
    let mut stream = parse(&text).unwrap();
    let spec = json!({"provider": "vso", "convert": {}});
    let report = run("VaultSecrets", &spec, &mut stream);
    let edits: Vec<String> = report
        .changes
        .iter()
        .filter(|change| change.why.rule.id == "reference")
        .map(|change| format!("{} {}", change.path, change.value))
        .collect();
    assert_eq!(
        edits,
        [
            "/metadata/annotations/nginx.ingress.kubernetes.io~1auth-secret \"a/pre-s\"",
            "/spec/selector/secret/name \"pre-s\"",
        ]
    );
}

/// A row of the config says where a kind that krmor does not know names a Secret.
#[test]
fn a_config_says_where_its_kinds_name_others() {
    let rows = "references: [{group: example.com, kind: Backend, path: 'spec.keys[*].from', to: {kind: Secret}}]";
    let config = |rows: &str| {
        let spec = format!("spec: {{{rows}, functions: {{c: {{kind: Checks}}}}}}");
        format!("apiVersion: krmor.dev/v1alpha1\nkind: Pipeline\nmetadata: {{name: p}}\n{spec}\n")
    };
    let object = "apiVersion: example.com/v1\nkind: Backend\nmetadata: {name: b}\nspec: {keys: [{from: lost}]}\n";
    let pipeline: krmor::Pipeline = config(rows).parse().unwrap();
    let (mut stream, mut report) = (krmor::parse(object).unwrap(), krmor::Report::default());
    pipeline.run(&mut stream, &mut report);
    let found: Vec<_> = report.findings.iter().map(|one| (one.rule.id, one.pointer())).collect();
    assert_eq!(found, [("references/secret", "/spec/keys/0/from")]);
    let wrong = config("references: [{kind: '', path: a, to: {kind: Secret}}]").parse::<krmor::Pipeline>().unwrap_err();
    assert_eq!(wrong.0[0].pointer, "/spec/references/0", "{wrong}");
}
