//! No secret gets out: canary values stand wherever a secret may stand, and no report, result, diff or message of any
//! function tells them. Functions join by their registry entry and README cases: each case runs over its own input with
//! canaries planted in it, and over streams that are nothing but traps.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::cases::{self, Case};
use crate::common::{Folder, Nowhere, krmor, pipe, text};
use krmor::functions::FUNCTIONS;
use krmor::krm;
use krmor::pipeline::{Outcome, Pipeline};
use krmor::report::Report;
use krmor::stream::Stream;
use krmor::text as texts;
use krmor::views::{junit, sarif};
use krmor::yaml;
use serde_json::{Value, json};

const CANARY: &str = "cAnArY-7f3";
const ENCODED: &str = "Y0FuQXJZLTdmMw==";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

#[track_caller]
fn silent(what: &str, text: &str) {
    // Also a part of it, and its part of another text in base64.
    for shown in [CANARY, "cAnArY", "Y0FuQXJZ", "NBbkFyWS", "jQW5Bcl"] {
        assert!(!text.contains(shown), "{what} tells the secret:\n{text}");
    }
}

/// Puts canaries wherever a value may be a secret.
fn plant(value: &mut Value) {
    if value["kind"] == "Secret" {
        for (field, canary) in [("data", ENCODED), ("stringData", CANARY)] {
            for (_, value) in value.get_mut(field).and_then(Value::as_object_mut).into_iter().flatten() {
                if !value.as_str().is_some_and(|text| text.contains("<path:")) {
                    *value = json!(canary);
                }
            }
        }
        value["stringData"]["PLANTED"] = json!(format!("-----\n{CANARY}\n"));
        value["metadata"]["annotations"]["note"] = json!(CANARY);
    }
    if value["kind"].is_string() && value["metadata"].is_object() && value["metadata"]["annotations"].is_null() {
        let applied = json!({"spec": {"containers": [{"env": [{"name": "A", "value": CANARY}]}]}});
        value["metadata"]["annotations"] = json!({LAST_APPLIED: applied.to_string()});
    }
    if value["image"].is_string() {
        let url = format!("--db=postgres://app:{CANARY}@db:5432/app");
        let more = [url, format!("--password={CANARY}"), "--api-token".to_owned(), CANARY.to_owned()];
        if value["args"].is_null() {
            value["args"] = json!(more);
        } else if let Some(args) = value["args"].as_array_mut() {
            args.extend(more.map(Value::String));
        }
        if value["env"].is_null() {
            value["env"] = json!([]);
        }
        if let Some(env) = value["env"].as_array_mut() {
            env.push(json!({"name": "PLANTED", "value": CANARY}));
        }
    }
    if let Some(get) = value.get_mut("httpGet").filter(|get| get["path"].is_string()) {
        get["path"] = json!(format!("{}?token={CANARY}", get["path"].as_str().unwrap()));
        get["httpHeaders"] = json!([{"name": "Authorization", "value": format!("Bearer {CANARY}")}]);
    }
    for variable in value.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
        if variable["value"].is_string() {
            variable["value"] = json!(CANARY);
        }
    }
    match value {
        Value::Object(entries) => entries.values_mut().for_each(plant),
        Value::Array(items) => items.iter_mut().for_each(plant),
        _ => {}
    }
}

/// A case's input with canaries: as kustomize writes it, as JSON, as a List.
fn planted(case: &Case) -> Vec<(&'static str, String)> {
    let documents = yaml::parse(&Arc::new(case.input.clone())).unwrap();
    let mut objects: Vec<Value> = documents.iter().filter_map(|document| document.root().to_value()).collect();
    objects.iter_mut().filter(|object| object.is_object()).for_each(plant);
    let block = |object: &Value| yaml::render(&[yaml::new_document(object, None).unwrap()]);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    vec![
        ("block", objects.iter().map(block).collect::<Vec<_>>().join("---\n")),
        ("flow", objects.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n") + "\n"),
        ("list", format!("{list}\n")),
    ]
}

/// Streams of Secrets and pods that are wrong, or that hold the canary where only the text does.
fn traps() -> Vec<(&'static str, String)> {
    let secret = |rest: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{rest}");
    let pod = |rest: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, labels: {{app: web}}}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: web\n        image: nginx:1.27\n        ports: [{{name: http, containerPort: 8080}}]\n        envFrom: [{{secretRef: {{name: s}}}}]\n{rest}"
        )
    };
    let traps = [
        ("lists for data", secret(&format!("data: [{CANARY}]\nstringData: [{CANARY}]\n"))),
        ("a text for data", secret(&format!("data: {CANARY}\nstringData: {CANARY}\n"))),
        ("values that are no texts", secret(&format!("stringData:\n  A: [{CANARY}]\n  B: {{x: {CANARY}}}\n"))),
        ("bad base64", secret(&format!("data:\n  A: {CANARY}!\n  B: '{ENCODED}=x'\n"))),
        (
            "a block text",
            secret(&format!("# {CANARY}\nstringData:\n  A: |- # {CANARY}\n    {CANARY}\n\n    {CANARY}\n")),
        ),
        ("a folded text", secret(&format!("stringData:\n  A: \"{CANARY}\n    {CANARY}\\\n    {CANARY}\"\n"))),
        ("an anchor", format!("x: &x {CANARY}\n{}", secret("stringData: {A: *x}\n"))),
        ("a merge", format!("x: &x {{A: {CANARY}}}\n{}", secret("stringData:\n  <<: *x\n"))),
        ("an immutable one", secret(&format!("immutable: true\ntype: Opaque\ndata: {{A: {ENCODED}}}\n"))),
        ("another type", secret(&format!("type: kubernetes.io/basic-auth\nstringData: {{password: {CANARY}}}\n"))),
        ("a key that is no name", secret(&format!("stringData: {{'a b': {CANARY}, ? [x] : {CANARY}}}\n"))),
        ("twice", format!("{0}---\n{0}", secret(&format!("stringData: {{A: {CANARY}}}\n")))),
        ("generated", secret(&format!("data: {{A: {ENCODED}}}\n")).replace("{name: s}", "{name: s-5f9gk2hb7t}")),
        ("no name", format!("kind: Secret\napiVersion: v1\nstringData: {{A: {CANARY}}}\n")),
        ("no version", format!("kind: Secret\nmetadata: {{name: s}}\nstringData: {{A: {CANARY}}}\n")),
        (
            "a typed list",
            format!("apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {{name: s}}\n  data: {{A: {ENCODED}}}\n"),
        ),
        (
            "lists in lists",
            format!(
                "kind: List\napiVersion: v1\nitems:\n- kind: List\n  apiVersion: v1\n  items:\n  - {{kind: Secret, apiVersion: v1, metadata: {{name: s}}, stringData: {{A: {CANARY}}}}}\n"
            ),
        ),
        (
            "half a placeholder",
            secret(&format!("stringData:\n  A: '{CANARY}<path:kv/data/a#k>'\n  B: <path:kv/data/a#k | {CANARY}>\n")),
        ),
        ("an unknown alias", secret(&format!("stringData: {{A: *{CANARY}}}\n"))),
        ("a key twice", secret(&format!("stringData:\n  A: {CANARY}\n  A: {CANARY}x\n"))),
        ("an open quote", secret(&format!("stringData:\n  A: \"{CANARY}\n"))),
        ("a tab", secret(&format!("stringData:\n\tA: {CANARY}\n"))),
        ("a colon", secret(&format!("stringData:\n  A: {CANARY}: {CANARY}\n"))),
        ("an open list", secret(&format!("stringData: {{A: [{CANARY}\n"))),
        ("an escape", secret(&format!("stringData: {{A: \"{CANARY}\\q\"}}\n"))),
        ("a directive", format!("%{CANARY} 1\n---\n{}", secret(""))),
        ("a tag", secret(&format!("stringData: {{A: !<{CANARY}> {CANARY}}}\n"))),
        ("a binary", secret(&format!("stringData: {{A: !!binary {CANARY}}}\n"))),
        ("an int", secret(&format!("stringData: {{A: !!int {CANARY}}}\n"))),
        (
            "a weak pod",
            pod(&format!(
                "        securityContext: {{privileged: true}}\n        env:\n        - name: A\n          value: {CANARY}\n        - {{name: A, value: {CANARY}}}\n        - name: {{x: 1}}\n          value: [{CANARY}]\n        command: [sh, -c, 'export TOKEN={CANARY}; exec app --password {CANARY}']\n      volumes:\n      - name: v\n        flexVolume: {{driver: cifs, options: {{password: {CANARY}}}}}\n"
            )),
        ),
        (
            "probes",
            pod(&format!(
                "        livenessProbe:\n          httpGet:\n            path: \"/health?token={CANARY}\"\n            port: 99\n            httpHeaders: [{{name: Authorization, value: {CANARY}}}]\n        readinessProbe: {{httpGet: {{path: /ready?t={CANARY}, port: none}}}}\n        startupProbe: {{exec: {{command: [check, --token={CANARY}]}}}}\n        lifecycle: {{preStop: {{httpGet: {{path: /stop?key={CANARY}, port: http}}}}}}\n"
            )),
        ),
    ];
    let with_pod = |(name, trap): (&'static str, String)| (name, format!("{trap}---\n{}", pod("")));
    traps.into_iter().map(with_pod).collect()
}

/// Everything that a run can be told as.
fn views(pipeline: &Pipeline, stream: &Stream, report: &Report) -> Vec<(&'static str, String)> {
    let mut views = vec![
        ("text", texts::report(stream, report)),
        ("json", texts::as_json(stream, report).to_string()),
        ("results", Value::Array(krm::results(stream, report)).to_string()),
    ];
    for made in [true, false] {
        views.push(("junit", junit::junit(stream, report, pipeline, made)));
        views.push(("sarif", sarif::sarif(stream, report, pipeline, made, 0, &Nowhere)));
    }
    views
}

fn pipeline(config: &str) -> Option<Pipeline> {
    let config = yaml::parse(&Arc::new(config.to_owned())).unwrap();
    krmor::config::read(config[0].root(), None).ok()
}

#[test]
fn no_view_of_any_case_tells_a_secret() {
    let (mut changed, mut failed) = (BTreeSet::new(), BTreeSet::new());
    let traps = traps();
    for case in cases::all() {
        let Some(pipeline) = pipeline(&case.config) else { continue };
        for (layout, input) in planted(&case).iter().chain(&traps) {
            let Ok(mut stream) = Stream::parse(&Arc::new(input.clone())) else { continue };
            let mut report = Report::default();
            let outcome = pipeline.run(&mut stream, &mut report);
            for (view, said) in views(&pipeline, &stream, &report) {
                silent(&format!("{}: {}: {layout}: {view}", case.file.display(), case.title), &said);
            }
            let of = |set: &mut BTreeSet<_>| set.extend(pipeline.steps.iter().map(|step| step.function.kind));
            if outcome == Outcome::Ok && !report.changes.is_empty() {
                of(&mut changed);
            } else if outcome != Outcome::Ok {
                of(&mut failed);
            }
        }
    }
    for function in FUNCTIONS {
        assert!(failed.contains(function.kind), "{} never fails: the test has no force", function.kind);
        let only_looks = function.kind == "Checks";
        assert!(only_looks || changed.contains(function.kind), "{} never changes anything", function.kind);
    }
}

#[test]
fn no_diff_of_any_case_tells_a_secret() {
    let folder = Folder::new("canary-diff");
    let mut shown = 0;
    for case in cases::all() {
        let config = folder.write("config.yaml", &case.config);
        for (layout, input) in planted(&case) {
            let out = pipe(krmor().arg("diff").arg("--config").arg(&config).arg("-"), input.as_bytes());
            let what = format!("{}: {}: {layout}: diff", case.file.display(), case.title);
            silent(&what, &text(&out.stdout));
            silent(&what, &text(&out.stderr));
            shown += usize::from(text(&out.stdout).contains("***"));
        }
    }
    assert!(shown > 100, "only {shown} diffs hide anything: the test has no force");
}

/// One config of every function, that of its first case, through every command and transport.
#[test]
fn no_command_of_any_function_tells_a_secret() {
    let folder = Folder::new("canary-commands");
    let traps = traps();
    let mut seen = BTreeSet::new();
    for case in cases::all() {
        let Some(kind) = pipeline(&case.config).and_then(|pipeline| Some(pipeline.steps.first()?.function.kind)) else {
            continue;
        };
        if !seen.insert(kind) {
            continue;
        }
        folder.write("config.yaml", &case.config);
        folder.write("kpt.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {}\n");
        for (layout, input) in planted(&case).iter().chain(&traps) {
            folder.write("in.yaml", input);
            let call = |args: &[&str], stdin: &str, is_stream: bool| {
                let out = pipe(krmor().current_dir(&folder.0).args(args), stdin.as_bytes());
                let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
                let what = format!("{kind}: {layout}: krmor {}", args.join(" "));
                silent(&what, &stderr);
                assert!(!stderr.contains("internal error"), "{what}: {stderr}");
                // What stands in the manifests may stand in the manifests that come out, and in nothing else.
                if !is_stream {
                    silent(&what, &stdout);
                }
                stdout
            };
            for format in ["text", "json", "sarif", "junit"] {
                call(&["run", "--config", "config.yaml", "--report", format, "in.yaml"], "", true);
                call(&["check", "--config", "config.yaml", "--format", format, "in.yaml"], "", false);
            }
            call(&["check", "--config", "config.yaml", "-"], input, false);
            call(&["diff", "--config", "config.yaml", "in.yaml"], "", false);
            call(&["--config", "config.yaml"], input, true);
            call(&["config.yaml"], input, true); // as kustomize's legacy plugin
            call(&["--function", kind, "--config", "kpt.yaml"], input, true);
            call(&["view", "in.yaml"], "", true);
            for form in ["--format=mermaid", "--format=svg", "--format=json", "--infer"] {
                call(&["graph", form, "in.yaml"], "", false);
            }
            let replace =
                r#"[{"op": "test", "path": "/stringData/A", "value": "x"}, {"op": "remove", "path": "/data/B"}]"#;
            folder.write("patch.json", replace);
            call(&["patch", "patch.json", "in.yaml"], "", true);

            let Ok(documents) = yaml::parse(&Arc::new(input.clone())) else { continue };
            let items: Vec<Value> = documents.iter().filter_map(|document| document.root().to_value()).collect();
            let config = yaml::parse(&Arc::new(case.config.clone())).unwrap()[0].root().to_value();
            for (arguments, config) in [
                (&[][..], config.unwrap()),
                (&["--function", kind], json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {}})),
                (&[], json!({"apiVersion": "krmor.dev/v1alpha1", "kind": kind, "spec": {"nothing": 1}})),
            ] {
                let list = json!({
                    "apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": config,
                });
                let out = call(arguments, &list.to_string(), true);
                let answer = yaml::parse(&Arc::new(out.clone())).unwrap()[0].root().to_value().unwrap();
                silent(&format!("{kind}: {layout}: results"), &answer["results"].to_string());
            }
        }
    }
    let all: BTreeSet<_> = FUNCTIONS.iter().map(|function| function.kind).collect();
    assert_eq!(seen, all, "a function has no case");
}

/// Kustomizations whose generators, patches and files hold secrets; whole ones and broken ones.
#[test]
fn doctor_tells_no_secret() {
    for (kustomization, file) in [
        (format!("secretGenerator:\n- name: s\n  literals: [TOKEN={CANARY}]\n"), String::new()),
        (format!("secretGenerator:\n- name: s\n  literals: [TOKEN={CANARY}\n"), String::new()),
        (
            format!("resources: [a.yaml]\npatches:\n- patch: '[{{op: add, path: /x, value: {CANARY}}}]'\n"),
            traps()[2].1.clone(),
        ),
        ("resources: [a.yaml]\ntransformers: [a.yaml]\n".to_owned(), traps()[20].1.clone()),
        (
            "transformers: [a.yaml]\n".to_owned(),
            format!("kind: SecurityContext\napiVersion: krmor.dev/v1alpha1\nspec: {{level: {CANARY}\n"),
        ),
    ] {
        let folder = Folder::new("canary-doctor");
        folder.write("kustomization.yaml", &kustomization);
        folder.write("a.yaml", &file);
        for format in ["text", "json"] {
            let out = krmor().args(["doctor", "--format", format]).arg(&folder.0).output().unwrap();
            silent(&kustomization, &text(&out.stdout));
            silent(&kustomization, &text(&out.stderr));
        }
    }
}
