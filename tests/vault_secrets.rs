//! `VaultSecrets`: providers, wiring and conversions in combinations, and that no value gets out.

use std::process::{Command, Output};
use std::sync::Arc;

use crate::common::crds::Crds;
use crate::common::{Folder, Nowhere, krmor, pipe, text, tool};
use krmor::krm::{self, ResourceList};
use krmor::pipeline::Outcome;
use krmor::report::{Report, Severity};
use krmor::stream::Stream;
use krmor::text as texts;
use krmor::views::{junit, sarif};
use krmor::yaml;
use serde_json::{Value, json};

fn config(spec: Value) -> Value {
    crate::common::quiet(
        json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "VaultSecrets", "metadata": {"name": "v"}, "spec": spec}),
    )
}

struct Done {
    outcome: Outcome,
    output: String,
    report: Report,
    stream: Stream,
}

impl Done {
    fn objects(&self) -> Vec<Value> {
        let documents = yaml::parse(&Arc::new(self.output.clone())).unwrap();
        documents.iter().filter_map(|document| document.root().to_value()).collect()
    }

    fn one(&self, kind: &str) -> Value {
        let found: Vec<Value> = self.objects().into_iter().filter(|object| object["kind"] == kind).collect();
        assert_eq!(found.len(), 1, "{kind} in\n{}", self.output);
        found[0].clone()
    }

    fn errors(&self) -> Vec<(String, String)> {
        let errors = self.report.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| (finding.rule.id.to_owned(), krmor::krm::message(finding).into_owned())).collect()
    }
}

fn pipeline(spec: &Value) -> Result<krmor::pipeline::Pipeline, Vec<krmor::config::Problem>> {
    let text = Arc::new(config(spec.clone()).to_string());
    krmor::config::read(yaml::parse(&text).unwrap()[0].root(), None)
}

fn run(spec: &Value, input: &str) -> Done {
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let mut report = Report::default();
    let outcome = match pipeline(spec) {
        Ok(pipeline) => pipeline.run(&mut stream, &mut report),
        Err(problems) => {
            report = crate::common::refused(problems);
            Outcome::Usage
        }
    };
    Done { outcome, output: stream.render(), report, stream }
}

/// A run that succeeds, and whose output a second run leaves alone.
fn good(spec: &Value, input: &str) -> Done {
    let done = run(spec, input);
    assert_eq!(done.outcome, Outcome::Ok, "{:?}", done.errors());
    let again = run(spec, &done.output);
    assert_eq!((again.outcome, &again.output), (Outcome::Ok, &done.output), "a second run: {:?}", again.errors());
    done
}

fn workload(kind: &str, api: &str, name: &str, container: &str) -> String {
    format!(
        "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: ns\n  labels: {{app: {name}, part: x}}\nspec:\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - name: {name}\n        image: {name}:1\n{container}"
    )
}

fn deployment(container: &str) -> String {
    workload("Deployment", "apps/v1", "api", container)
}

const KUBERNETES: &str = r#"{"kubernetes": {"role": "app"}}"#;

fn auth() -> Value {
    serde_json::from_str(KUBERNETES).unwrap()
}

#[test]
fn every_provider_method_and_wiring_fits_the_operators_schemas() {
    let crds = Crds::load();
    let methods = [
        json!({"kubernetes": {"role": "app", "audiences": ["vault"]}}),
        json!({"jwt": {"role": "app"}}),
        json!({"jwt": {"role": "app", "secret": "token"}}),
        json!({"appRole": {"roleId": "id", "secret": "approle"}}),
        json!({"aws": {"role": "app", "region": "eu-central-1", "serviceAccount": "irsa"}}),
        json!({"aws": {"role": "app", "secret": "aws"}}),
        json!({"gcp": {"role": "app", "serviceAccount": "wi", "region": "eu", "cluster": "c", "project": "p"}}),
    ];
    let sources = [
        json!({"kv": {"path": "a/b"}, "keys": {"A": "a", "B": "B"}}),
        json!({"kv": {"path": "a", "mount": "team/kv", "engine": 1}, "keys": ["A"]}),
        json!({"kv": {"path": "a", "version": 2}}),
        json!({"kv": {"path": "a"}, "keys": ["A"], "templates": {"URL": "x://${u}:${p | urlquery}@h/$$"}}),
        json!({"kv": {"path": "a"}, "templates": {"URL": "${u}"}}),
        json!({"dynamic": {"mount": "database", "path": "creds/a"}, "keys": ["username", "password"]}),
        json!({"pki": {"role": "web", "commonName": "a.b", "altNames": ["c"], "ipSans": ["10.0.0.1"], "ttl": "24h"}}),
    ];
    let (mut made, mut refused) = (0, 0);
    for provider in ["vso", "external-secrets", "csi", "agent-injector"] {
        for method in &methods {
            for source in &sources {
                for wiring in ["envFrom", "env", "files", "none"] {
                    let mut secret = source.clone();
                    secret["name"] = json!("app");
                    secret["as"] = json!(wiring);
                    let connection = json!({"address": "https://vault.example.com"});
                    let spec =
                        json!({"provider": provider, "connection": connection, "auth": method, "secrets": [secret]});
                    let done = run(&spec, &deployment("        command: [/app]\n"));
                    if done.outcome != Outcome::Ok {
                        // It says which field of the config is wrong, and changes nothing.
                        assert!(
                            done.report.changes.is_empty() && done.outcome == Outcome::Usage,
                            "{spec}: {:?}",
                            done.errors()
                        );
                        refused += 1;
                        continue;
                    }
                    good(&spec, &deployment("        command: [/app]\n"));
                    for object in done.objects() {
                        if let Some(problems) = crds.problems(&object) {
                            assert!(problems.is_empty(), "{spec}: {problems:#?}\n{object:#}");
                            made += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(made > 300 && refused > 50, "{made} made, {refused} refused");
}

#[test]
fn what_restarts_is_what_the_operator_can_restart() {
    let kinds = [
        ("Deployment", "apps/v1", Some("Deployment")),
        ("StatefulSet", "apps/v1", Some("StatefulSet")),
        ("DaemonSet", "apps/v1", Some("DaemonSet")),
        ("Rollout", "argoproj.io/v1alpha1", Some("argo.Rollout")),
        ("Job", "batch/v1", None),
        ("ReplicaSet", "apps/v1", None),
    ];
    let spec = json!({"provider": "vso", "secrets": [{"name": "s", "kv": {"path": "s"}}]});
    for (kind, api, wanted) in kinds {
        let made = good(&spec, &workload(kind, api, "w", "")).one("VaultStaticSecret");
        let targets = wanted.map_or(Value::Null, |kind| json!([{"kind": kind, "name": "w"}]));
        assert_eq!(made["spec"].get("rolloutRestartTargets").cloned().unwrap_or_default(), targets, "{kind}");
    }
    let mut never = spec.clone();
    never["restart"] = json!(false);
    assert_eq!(good(&never, &deployment("")).one("VaultStaticSecret")["spec"].get("rolloutRestartTargets"), None);
}

#[test]
fn one_object_serves_all_who_use_it() {
    let spec = json!({"provider": "vso", "auth": auth(), "secrets": [{"name": "s", "kv": {"path": "s"}}]});
    let two = format!("{}---\n{}", workload("StatefulSet", "apps/v1", "b", ""), deployment(""));
    let done = good(&spec, &two);
    let made = done.one("VaultStaticSecret");
    assert_eq!(made["metadata"]["labels"], json!({"part": "x"}), "the labels that both have");
    assert_eq!(made["spec"]["rolloutRestartTargets"].as_array().unwrap().len(), 2);
    done.one("VaultAuth");
    let elsewhere = two.replacen("namespace: ns", "namespace: other", 1);
    let kinds = |kind: &str| good(&spec, &elsewhere).objects().iter().filter(|object| object["kind"] == kind).count();
    assert_eq!((kinds("VaultStaticSecret"), kinds("VaultAuth")), (2, 2), "one in each namespace");
}

#[test]
fn only_what_targets_name_is_touched() {
    let spec = json!({
        "provider": "vso",
        "secrets": [{"name": "s", "kv": {"path": "s"}}],
        "targets": [{"kind": "Deployment", "containers": ["api"]}],
    });
    let input = deployment(
        "      - name: side\n        image: side:1\n      initContainers:\n      - name: init\n        image: i:1\n",
    );
    let made = good(&spec, &input).one("Deployment");
    let pod = &made["spec"]["template"]["spec"];
    assert!(pod["containers"][0].get("envFrom").is_some() && pod["containers"][1].get("envFrom").is_none());
    assert!(pod["initContainers"][0].get("envFrom").is_none());
}

fn plain(name: &str, extra: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: ns\n{extra}")
}

/// With prefix, suffix and namespace: every place that kustomize would have corrected.
#[test]
fn every_reference_gets_the_final_name() {
    let previous = "  annotations:\n    internal.config.kubernetes.io/previousNames: cfg\n    internal.config.kubernetes.io/previousNamespaces: default\n    internal.config.kubernetes.io/prefixes: pre-\n    internal.config.kubernetes.io/suffixes: -suf\n";
    let secret = plain("pre-cfg-suf", &format!("{previous}stringData: {{K: v}}\n"));
    let pod = "        env:\n        - name: K\n          valueFrom: {secretKeyRef: {name: cfg, key: K}}\n        - name: OTHER\n          valueFrom: {secretKeyRef: {name: other, key: K}}\n        envFrom:\n        - secretRef: {name: cfg}\n        - configMapRef: {name: cfg}\n      initContainers:\n      - name: init\n        image: i:1\n        envFrom:\n        - secretRef: {name: cfg}\n      imagePullSecrets:\n      - name: cfg\n      volumes:\n      - name: cfg\n        secret: {secretName: cfg}\n      - name: all\n        projected:\n          sources:\n          - secret: {name: cfg}\n          - configMap: {name: cfg}\n      - name: csi\n        csi: {driver: d, nodePublishSecretRef: {name: cfg}}\n";
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: ns}\nspec:\n  tls:\n  - secretName: cfg\n";
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a, namespace: ns}\nimagePullSecrets:\n- name: cfg\nsecrets:\n- name: cfg\n";
    let unmoved = deployment(pod).replace("namespace: ns", "namespace: default");
    for workload in [deployment(pod), unmoved] {
        let input = format!("{workload}---\n{secret}---\n{ingress}---\n{account}");
        let done = good(&json!({"provider": "vso", "convert": {}}), &input);
        let made = done.one("Deployment");
        let spec = &made["spec"]["template"]["spec"];
        let at = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        for pointer in [
            "/containers/0/env/0/valueFrom/secretKeyRef/name",
            "/containers/0/envFrom/0/secretRef/name",
            "/initContainers/0/envFrom/0/secretRef/name",
            "/imagePullSecrets/0/name",
            "/volumes/0/secret/secretName",
            "/volumes/1/projected/sources/0/secret/name",
            "/volumes/2/csi/nodePublishSecretRef/name",
        ] {
            assert_eq!(at(pointer), "pre-cfg-suf", "{pointer}");
        }
        for pointer in [
            "/containers/0/envFrom/1/configMapRef/name",
            "/volumes/0/name",
            "/volumes/1/projected/sources/1/configMap/name",
        ] {
            assert_eq!(at(pointer), "cfg", "{pointer} is none of a Secret");
        }
        assert_eq!(at("/containers/0/env/1/valueFrom/secretKeyRef/name"), "other");
        assert_eq!(done.one("Ingress")["spec"]["tls"][0]["secretName"], "pre-cfg-suf");
        let account = done.one("ServiceAccount");
        assert_eq!(
            (&account["secrets"][0]["name"], &account["imagePullSecrets"][0]["name"]),
            (&json!("pre-cfg-suf"), &json!("pre-cfg-suf"))
        );
        let made = done.one("VaultStaticSecret");
        assert_eq!(
            (&made["metadata"]["name"], &made["spec"]["destination"]["name"]),
            (&json!("pre-cfg-suf"), &json!("pre-cfg-suf"))
        );
        assert_eq!(made["metadata"]["namespace"], "ns");
        assert_eq!(made["metadata"].get("annotations"), None, "notes of kustomize stay behind");
    }
}

#[test]
fn no_secret_of_a_wanted_type_is_left() {
    let secrets = [
        plain("a", "stringData: {A: x}\n"),
        plain("b", "type: Opaque\ndata: {B: eA==}\n"),
        plain("c", "type: kubernetes.io/basic-auth\nstringData: {username: x, password: z}\n"),
        plain("d", "type: kubernetes.io/service-account-token\n"),
        plain("e", "type: Opaque\n"),
    ];
    let names = |spec: Value| -> Vec<String> {
        let done = good(&spec, &secrets.join("---\n"));
        let left = done.objects().into_iter().filter(|object| object["kind"] == "Secret");
        left.map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(json!({"provider": "vso", "convert": {}})), ["c", "d", "e"]);
    assert_eq!(
        names(json!({"provider": "vso", "convert": {"types": ["kubernetes.io/basic-auth"]}})),
        ["a", "b", "d", "e"]
    );
    assert_eq!(names(json!({"provider": "vso", "convert": {}, "exclude": [{"name": "a"}]})), ["a", "c", "d", "e"]);
    assert_eq!(names(json!({"provider": "vso", "convert": {"secrets": false}})), ["a", "b", "c", "d", "e"]);
    let done =
        good(&json!({"provider": "vso", "convert": {"types": ["kubernetes.io/basic-auth"]}}), &secrets.join("---\n"));
    assert_eq!(done.one("VaultStaticSecret")["spec"]["destination"]["type"], "kubernetes.io/basic-auth");
}

#[test]
fn with_targets_only_what_they_refer_to_is_converted() {
    let spec = json!({"provider": "vso", "convert": {}, "targets": [{"name": "api"}]});
    let input = format!(
        "{}---\n{}---\n{}",
        deployment("        envFrom:\n        - secretRef: {name: used}\n"),
        plain("used", "stringData: {A: x}\n"),
        plain("unused", "stringData: {A: x}\n")
    );
    let done = good(&spec, &input);
    assert_eq!(done.one("Secret")["metadata"]["name"], "unused");
    assert_eq!(done.one("VaultStaticSecret")["metadata"]["name"], "used");
}

#[test]
fn a_declared_entry_says_where_a_converted_secret_is() {
    let entry = json!({"name": "app", "kv": {"path": "team/app", "mount": "kv"}, "keys": {"A": "a", "B": "b"}});
    let spec = json!({"provider": "vso", "convert": {}, "secrets": [entry]});
    let input = format!("{}---\n{}", deployment(""), plain("app", "stringData: {A: x}\n"));
    let done = good(&spec, &input);
    let made = done.one("VaultStaticSecret");
    assert_eq!((&made["spec"]["mount"], &made["spec"]["path"]), (&json!("kv"), &json!("team/app")));
    assert_eq!(made["spec"]["destination"]["overwrite"], true);
    let message = &done.report.findings[0].message;
    assert!(message.ends_with("vault kv patch -mount=kv team/app a="), "`b` is there already: {message}");
    let lacking = format!("{}---\n{}", deployment(""), plain("app", "stringData: {A: x, C: x}\n"));
    assert_eq!(run(&spec, &lacking).errors()[0].1, "`keys` of its entry under `secrets` lacks `C`");
}

#[test]
fn bytes_of_other_documents_stay() {
    let before = "# first\napiVersion: v1\nkind: ConfigMap # c\nmetadata: {name:   a}\n";
    let after = "---\n# last\napiVersion: v1\nkind: Service\nmetadata:\n    name: \"b\"\n";
    let input = format!("{before}---\n{}{after}", plain("s", "stringData: {A: x}\n"));
    let done = good(&json!({"provider": "vso", "convert": {}}), &input);
    assert!(done.output.starts_with(before) && done.output.ends_with(after), "{}", done.output);
}

#[test]
fn placeholders_of_encoded_data_and_annotations_are_found() {
    // `<path:kv/data/a#k>`
    let encoded = plain("a", "data: {K: PHBhdGg6a3YvZGF0YS9hI2s+}\n");
    let modified = plain("a", "data: {K: '<path:kv/data/a#k | base64encode>'}\n");
    let annotated = plain("a", "  annotations: {avp.kubernetes.io/path: kv/data/a}\nstringData: {K: <k>}\n");
    for input in [encoded, modified, annotated] {
        let made = good(&json!({"provider": "vso", "convert": {"secrets": false}}), &input).one("VaultStaticSecret");
        assert_eq!((&made["spec"]["mount"], &made["spec"]["path"]), (&json!("kv"), &json!("a")), "{input}");
        assert_eq!(
            made["spec"]["destination"]["transformation"]["templates"]["K"]["text"],
            "{{ index (pluck \"k\" .Secrets) 0 }}"
        );
    }
}

#[test]
fn the_agent_adds_to_the_command_once() {
    let spec = |names: &[&str]| {
        let secrets: Vec<Value> = names.iter().map(|name| json!({"name": name, "kv": {"path": name}})).collect();
        json!({"provider": "agent-injector", "auth": auth(), "secrets": secrets})
    };
    let command = |done: &Done| done.one("Deployment")["spec"]["template"]["spec"]["containers"][0]["command"].clone();
    let one = good(&spec(&["a"]), &deployment("        command: [/app, serve]\n"));
    assert_eq!(command(&one), json!(["/bin/sh", "-c", ". /vault/secrets/a && exec \"$@\"", "--", "/app", "serve"]));
    let two = good(&spec(&["b"]), &one.output);
    let script = ". /vault/secrets/a && . /vault/secrets/b && exec \"$@\"";
    assert_eq!(command(&two), json!(["/bin/sh", "-c", script, "--", "/app", "serve"]));
}

#[test]
fn the_agents_lines_are_safe_in_a_shell() {
    let secret = json!({"name": "a", "kv": {"path": "a"}, "templates": {"T": "it's ${k}"}});
    let spec = json!({"provider": "agent-injector", "auth": auth(), "secrets": [secret]});
    let done = good(&spec, &deployment("        command: [/app]\n"));
    let annotations = &done.one("Deployment")["spec"]["template"]["metadata"]["annotations"];
    let template = annotations["vault.hashicorp.com/agent-inject-template-a"].as_str().unwrap();
    assert!(template.contains("export T='it'\"'\"'s {{ index .Data.data \"k\" | replaceAll"), "{template}");
}

const CANARY: &str = "cAnArY-7f3";

/// The text around placeholders and the annotations stay in the manifests, and are in no view.
const STAYS: &str = "text that stays";

/// Inputs that hold the canary where values are, and whether the run succeeds.
fn canaries() -> Vec<(&'static str, Value, String)> {
    let encoded = "Y0FuQXJZLTdmMw==";
    let convert = json!({"provider": "vso", "convert": {}});
    let user = deployment("        envFrom:\n        - secretRef: {name: s}\n");
    let data = plain(
        "s",
        &format!(
            "  annotations: {{kubectl.kubernetes.io/last-applied-configuration: '{CANARY}'}}\n# {CANARY}\ndata: {{A: {encoded}}}\nstringData:\n  B: {CANARY} # {CANARY}\n"
        ),
    );
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}", data.trim_end().replace('\n', "\n  ") + "\n");
    let part = plain("s", &format!("stringData:\n  A: {CANARY}<path:kv/data/a#k>\n"));
    let beside = plain(
        "s",
        &format!(
            "  annotations: {{note: '{CANARY}'}}\nstringData:\n  A: <path:kv/data/a#k>\n  B: |\n    {CANARY}\n    x: <path:kv/data/a#k>\n  C: {CANARY}\n"
        ),
    );
    let modifier = plain("s", &format!("stringData:\n  A: '<path:kv/data/a#k | {CANARY}>'\n"));
    let version = plain("s", &format!("stringData:\n  A: <path:kv/data/a#k#{CANARY}>\n"));
    let several =
        plain("s", &format!("stringData:\n  A: <path:kv/data/a#k>\n  B: <path:kv/data/b#k>\n  C: {CANARY}\n"));
    let variable = deployment(&format!("        env:\n        - name: K\n          value: {CANARY}\n"));
    let half =
        deployment(&format!("        env:\n        - name: K\n          value: '{CANARY} <path:kv/data/a#k>'\n"));
    let declared =
        json!({"provider": "vso", "secrets": [{"name": "s", "kv": {"path": "s"}, "keys": ["K"], "as": "env"}]});
    let mut overwrite = declared.clone();
    overwrite["overwrite"] = json!(true);
    let csi = json!({"provider": "csi", "auth": auth(), "convert": {}});
    let eso = json!({"provider": "external-secrets", "store": {"name": "v"}, "convert": {}});
    let broken = plain("s", &format!("data: [{CANARY}]\nstringData:\n  A: [{CANARY}]\n  B: {{x: {CANARY}}}\n"));
    vec![
        ("converted", convert.clone(), format!("{user}---\n{data}")),
        ("in a list", convert.clone(), format!("{user}---\n{list}")),
        ("by external-secrets", eso.clone(), format!("{user}---\n{data}")),
        ("by csi", csi.clone(), format!("{user}---\n{data}")),
        ("unused by csi", csi, data.clone()),
        (STAYS, convert.clone(), part),
        (STAYS, convert.clone(), beside.clone()),
        (STAYS, eso.clone(), beside),
        ("a modifier", convert.clone(), modifier),
        ("a version", convert.clone(), version),
        ("several paths", convert.clone(), several),
        ("half a variable", convert.clone(), half),
        ("not a text", convert, broken),
        ("a variable of its own", declared.clone(), variable.clone()),
        ("overwritten", overwrite, variable),
        ("plaintext", declared, format!("{user}---\n{data}")),
    ]
}

#[test]
fn no_view_of_a_report_holds_a_value() {
    for (name, spec, input) in canaries() {
        let done = run(&spec, &input);
        let pipeline = pipeline(&spec).unwrap();
        let mut views = vec![
            texts::report(&done.stream, &done.report),
            texts::as_json(&done.stream, &done.report).to_string(),
            Value::Array(krm::results(&done.stream, &done.report)).to_string(),
        ];
        for made in [true, false] {
            views.push(junit::junit(&done.stream, &done.report, &pipeline, made));
            views.push(sarif::sarif(&done.stream, &done.report, &pipeline, made, 0, &Nowhere));
        }
        if done.outcome == Outcome::Ok && name != STAYS {
            views.push(done.output.clone());
        }
        for view in views {
            assert!(!view.contains(CANARY) && !view.contains("Y0FuQXJZ"), "{name}:\n{view}");
        }
        assert!(done.outcome == Outcome::Ok || !done.errors().is_empty(), "{name}");
    }
}

#[test]
fn no_command_tells_a_value() {
    let folder = Folder::new("vault-canary");
    for (name, spec, input) in canaries() {
        let config = folder.write("config.yaml", config(spec.clone()).to_string());
        let fits = run(&spec, &input).outcome == Outcome::Ok;
        let check = |out: Output, what: &str| {
            let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
            let is_stream = name == STAYS && what.starts_with("run");
            for part in [&stdout, &stderr].into_iter().skip(usize::from(is_stream)) {
                assert!(!part.contains(CANARY) && !part.contains("Y0FuQXJZ"), "{name}: {what}:\n{part}");
            }
            assert!(!stderr.contains("panicked"), "{name}: {what}:\n{stderr}");
        };
        for arguments in [
            &["run", "--report", "text"][..],
            &["run", "--report", "json"],
            &["run", "--report", "sarif"],
            &["run", "--report", "junit"],
            &["diff"],
            &["check"],
        ] {
            // What is not changed stays in the output of a run: only runs that take all values out are of interest.
            let out = pipe(krmor().args(arguments).arg("--config").arg(&config).arg("-"), input.as_bytes());
            check(out, &arguments.join(" "));
        }
        let items: Vec<Value> =
            yaml::parse(&Arc::new(input.clone())).unwrap().iter().filter_map(|d| d.root().to_value()).collect();
        let list = json!({
            "apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items,
            "functionConfig": self::config(spec),
        });
        let out = pipe(&mut krmor(), list.to_string().as_bytes());
        let results = text(&out.stdout).split("results:").nth(1).unwrap_or_default().to_owned();
        assert!(!results.contains(CANARY), "{name}: {results}");
        assert!(!text(&out.stderr).contains(CANARY), "{name}: {}", text(&out.stderr));
        if fits && name != STAYS {
            assert!(!text(&out.stdout).contains(CANARY), "{name}: {}", text(&out.stdout));
        }
    }
}

#[test]
fn a_resource_list_loses_the_secret() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"A": CANARY}});
    let list = json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [secret]});
    let list = ResourceList::new(yaml::parse(&Arc::new(list.to_string())).unwrap()).unwrap();
    let (mut stream, mut report) = (list.stream(), Report::default());
    assert_eq!(
        pipeline(&json!({"provider": "vso", "convert": {}})).unwrap().run(&mut stream, &mut report),
        Outcome::Ok
    );
    let out = krmor::krm::render_list(&mut stream, &report).unwrap();
    let out = yaml::parse(&Arc::new(out)).unwrap()[0].root().to_value().unwrap();
    let kinds: Vec<&str> = out["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["VaultStaticSecret"]);
}

#[test]
fn specs_that_cannot_be_right_say_what_is_wrong() {
    let entry = |extra: Value| {
        let mut entry = json!({"name": "s", "kv": {"path": "s"}});
        entry.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        entry
    };
    let vso = |entry: Value| json!({"provider": "vso", "secrets": [entry]});
    let cases = [
        (json!({"provider": "vso"}), "spec: there is nothing to do"),
        (vso(json!({"name": "s"})), "spec.secrets[0]: it needs exactly one of `kv`, `dynamic` and `pki`"),
        (vso(entry(json!({"as": "env"}))), "spec.secrets[0].keys: is missing: each variable is a key that is named"),
        (vso(entry(json!({"mountPath": "/a"}))), "spec.secrets[0].mountPath: is read with `as: files` only"),
        (
            vso(entry(json!({"keys": {"1A": "a"}}))),
            "spec.secrets[0].keys: `1A` is no name of a variable: it starts with a digit",
        ),
        (
            json!({"provider": "csi", "auth": auth(), "secrets": [entry(json!({}))]}),
            "spec.secrets[0].keys: is missing: the CSI driver fetches keys one by one",
        ),
        (
            json!({"provider": "external-secrets", "secrets": [entry(json!({}))]}),
            "spec: nothing says which store has the secrets",
        ),
        (
            json!({"provider": "agent-injector", "auth": auth(), "convert": {}}),
            "spec.convert: the agent makes files, and what is converted is a Kubernetes Secret",
        ),
        (
            json!({"provider": "vso", "auth": {"existing": "a", "kubernetes": {"role": "r"}}, "convert": {}}),
            "spec.auth.existing: that VaultAuth says how to log in",
        ),
        (json!({"provider": "vso", "auth": {}, "convert": {}}), "spec.auth: it has no method"),
        (
            json!({"provider": "vso", "store": {"name": "a"}, "convert": {}}),
            "spec.store: is read with `provider: external-secrets` only",
        ),
        (
            json!({"provider": "vso", "secrets": [entry(json!({})), entry(json!({}))]}),
            "spec.secrets[1].name: `s` is the name of secrets[0] too",
        ),
    ];
    for (spec, wanted) in cases {
        let done = run(&spec, &deployment(""));
        assert!(
            done.errors().iter().any(|(rule, message)| rule == "config" && message == wanted),
            "{spec}: {:?}",
            done.errors()
        );
        assert_eq!((done.outcome, done.report.changes.len()), (Outcome::Usage, 0), "{spec}");
    }
}

/// A generated Secret through stock kustomize, with prefix, suffix, hash and namespace, and an overlay on top.
#[test]
fn a_generated_secret_is_converted_in_kustomize() {
    let folder = Folder::new("vault-kustomize");
    let home = folder.0.join("home");
    assert!(krmor().args(["install", "kustomize", "--home"]).arg(&home).output().unwrap().status.success());
    let pod = "        envFrom:\n        - secretRef: {name: app}\n      volumes:\n      - name: app\n        secret: {secretName: app}\n";
    let names = std::fs::read("kustomization/configurations/namereference.yaml").unwrap();
    let providers = [
        (json!({"provider": "vso", "auth": auth(), "convert": {}}), "VaultStaticSecret", "/spec/destination/name"),
        (
            json!({"provider": "external-secrets", "store": {"name": "v"}, "convert": {}}),
            "ExternalSecret",
            "/spec/target/name",
        ),
        (
            json!({"provider": "csi", "auth": auth(), "convert": {}}),
            "SecretProviderClass",
            "/spec/secretObjects/0/secretName",
        ),
    ];
    for (spec, kind, pointer) in providers {
        folder.write("middle/api.yaml", deployment(pod).replace("  namespace: ns\n", ""));
        folder.write("middle/krmor.yaml", config(spec).to_string());
        folder.write("middle/names.yaml", &names);
        folder.write(
            "middle/kustomization.yaml",
            format!(
                "resources: [api.yaml]\nsecretGenerator:\n- name: app\n  literals: [TOKEN={CANARY}]\nnamePrefix: pre-\nnameSuffix: -suf\n\
                 namespace: one\ntransformers: [krmor.yaml]\nconfigurations: [names.yaml]\n"
            ),
        );
        folder.write("top/kustomization.yaml", "resources: [../middle]\nnamePrefix: out-\nnamespace: two\n");
        for (layer, name, namespace) in [("middle", "pre-app-suf", "one"), ("top", "out-pre-app-suf", "two")] {
            let mut command = Command::new(tool("kustomize"));
            command
                .args(["build", "--enable-alpha-plugins"])
                .arg(folder.0.join(layer))
                .env("KUSTOMIZE_PLUGIN_HOME", &home);
            let out = command.output().unwrap();
            assert!(out.status.success(), "{}", text(&out.stderr));
            let out = text(&out.stdout);
            assert!(!out.contains(CANARY) && !out.contains("kind: Secret\n"), "{out}");
            let documents = yaml::parse(&Arc::new(out.clone())).unwrap();
            let objects: Vec<Value> = documents.iter().filter_map(|document| document.root().to_value()).collect();
            let one = |kind: &str| {
                objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("{kind}: {out}"))
            };
            let made = one(kind);
            assert_eq!(
                (&made["metadata"]["name"], &made["metadata"]["namespace"]),
                (&json!(name), &json!(namespace)),
                "{out}"
            );
            assert_eq!(made.pointer(pointer), Some(&json!(name)), "{out}");
            let pod = &one("Deployment")["spec"]["template"]["spec"];
            assert_eq!(pod["containers"][0]["envFrom"][0]["secretRef"]["name"], name, "{out}");
            assert_eq!(pod["volumes"][0]["secret"]["secretName"], name, "{out}");
            if kind == "SecretProviderClass" {
                assert_eq!(pod["volumes"][1]["csi"]["volumeAttributes"]["secretProviderClass"], name, "{out}");
            }
        }
    }
}
