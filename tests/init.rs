//! `krmor init`: what it reads, what it asks, what it never tells or overwrites; and on the bare base of every example a config
//! that hardens it, once its questions are answered.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::common::apps::{objects, render};
use crate::common::{Folder, copy, krmor, pipe, psa, text};
use krmor::yaml::{self, Kind, Node, Op, Operation};

/// Exit code, standard output and standard error.
fn call(folder: &Path, args: &[&str], stdin: &str) -> (Option<i32>, String, String) {
    let out = pipe(krmor().current_dir(folder).args(args), stdin.as_bytes());
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

/// The places of a config with a `TODO`, by pointer.
fn todos(config: &str) -> Vec<String> {
    fn walk(node: Node<'_>, at: &str, out: &mut Vec<String>) {
        match node.kind() {
            Kind::Map => {
                node.entries().for_each(|(key, value)| walk(value, &format!("{at}/{}", yaml::escape_token(&key)), out))
            }
            Kind::Seq => node.items().enumerate().for_each(|(number, item)| walk(item, &format!("{at}/{number}"), out)),
            _ if node.as_str().as_deref() == Some("TODO") => out.push(at.to_owned()),
            _ => {}
        }
    }
    let documents = yaml::parse(&Arc::new(config.to_owned())).unwrap();
    let mut out = Vec::new();
    walk(documents[0].root(), "", &mut out);
    out
}

/// A config with each `TODO` answered: by the first answer whose words are all in its pointer. All must be used.
fn answered(config: &str, answers: &[(&str, Value)]) -> String {
    let mut documents = yaml::parse(&Arc::new(config.to_owned())).unwrap();
    let mut used = vec![false; answers.len()];
    for pointer in todos(config) {
        let fits = |(words, _): &(&str, Value)| words.split(' ').all(|word| pointer.contains(word));
        let at = answers.iter().position(fits).unwrap_or_else(|| panic!("nothing answers {pointer} in\n{config}"));
        used[at] = true;
        documents[0].apply(Operation { op: Op::Replace, path: &pointer, value: &answers[at].1 }).unwrap();
    }
    for (used, (words, _)) in used.iter().zip(answers) {
        assert!(used, "nobody asked for {words}:\n{config}");
    }
    yaml::render(&documents)
}

/// What is answered alike everywhere.
fn usual() -> Vec<(&'static str, Value)> {
    vec![("requests/cpu", json!("100m")), ("requests/memory", json!("128Mi")), ("limits/memory", json!("512Mi"))]
}

fn example(name: &str, own: Vec<(&'static str, Value)>) {
    let folder = Folder::new(&format!("init-{name}"));
    copy(&Path::new("examples").join(name).join("base"), &folder.0.join("base"));
    let before = std::fs::read_to_string(folder.0.join("base/kustomization.yaml")).unwrap();
    let (code, out, err) = call(&folder.0, &["init", "base", "--yes"], "");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let read = |name: &str| std::fs::read_to_string(folder.0.join(name)).unwrap();
    let config = read("base/krmor.yaml");

    // The kustomization lists it, and has all its other bytes.
    let wired = read("base/kustomization.yaml");
    assert_eq!(wired.matches("krmor.yaml").count(), 1, "{wired}");
    assert!(before.lines().all(|line| wired.lines().any(|other| other == line)), "{wired}");

    // Until the questions are answered kustomize fails, and every one is named, at its line.
    let open = todos(&config);
    assert!(open.len() >= 5, "{config}");
    let failure = render(folder.0.join("base").to_str().unwrap()).unwrap_err();
    assert_eq!(failure.matches("it is still `TODO`").count(), open.len(), "{failure}\n{config}");
    assert!(failure.contains(&format!("{} problems in the config", open.len())), "nothing else is wrong: {failure}");
    let lines: Vec<&str> = config.lines().collect();
    let questions: Vec<&str> = out.lines().filter(|line| line.starts_with("  base/krmor.yaml:")).collect();
    assert!(!questions.is_empty() && questions.len() <= open.len(), "{out}");
    for question in &questions {
        let number: usize = question.split(':').nth(1).unwrap().parse().unwrap();
        let from = lines[number - 1];
        assert!(from.contains("TODO") || from.trim_start().starts_with("- target"), "{question}\n{from}");
    }
    assert!(config.lines().filter(|line| line.trim_start().starts_with("# TODO:")).count() >= questions.len());

    // Answered, the base comes out hardened.
    let config = answered(&config, &[own, usual()].concat());
    folder.write("base/krmor.yaml", &config);
    let rendered = render(folder.0.join("base").to_str().unwrap()).unwrap_or_else(|error| panic!("{error}\n{config}"));
    let (code, out, err) = call(&folder.0, &["check", "--config", "base/krmor.yaml", "-"], &rendered);
    assert_eq!(code, Some(0), "{out}{err}\n{config}");
    // So do the files themselves, with what generators make: the quick look before kustomize is called. It puts no namespaces in.
    let (code, out, err) = call(&folder.0, &["diff", "base"], "");
    assert!(
        err.starts_with("note: base is a kustomization, and these are its files as they lie there, not patched "),
        "{err}"
    );
    match before.contains("\nnamespace: ") {
        true => assert!(code == Some(1) && err.contains("no-namespace"), "{err}"),
        false => assert!(code == Some(1) && out.contains("\n# run-as-non-root: "), "{out}{err}"),
    }
    let pods: Vec<Value> = objects(rendered).iter().filter_map(pod).collect();
    let bare: Vec<Value> =
        objects(read_all(&Path::new("examples").join(name).join("base"))).iter().filter_map(pod).collect();
    assert_eq!(pods.len(), bare.len());
    let ask = |pods: &[Value]| psa::ask(pods.iter().map(|pod| ("restricted", "v1.35", pod)));
    for (answer, pod) in ask(&pods).into_iter().zip(&pods) {
        assert_eq!((answer.invalid, answer.violations), (vec![], vec![]), "{pod}");
    }
    assert!(ask(&bare).iter().all(|answer| !answer.violations.is_empty()), "the bare base is refused");
    // What kubectl would see: probes and resources are there.
    for pod in &pods {
        for container in pod["spec"]["containers"].as_array().unwrap() {
            for field in ["livenessProbe", "readinessProbe", "resources"] {
                assert!(container[field].is_object(), "{field}: {container}");
            }
        }
    }
    // A second time nothing is overwritten.
    let (code, _, err) = call(&folder.0, &["init", "base", "--yes"], "");
    assert_eq!(code, Some(2));
    assert!(
        err.starts_with("error: base/krmor.yaml: it is there already, and krmor init overwrites nothing\n"),
        "{err}"
    );
    assert_eq!(read("base/krmor.yaml"), config);
}

fn read_all(folder: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect::<Vec<_>>().join("\n---\n")
}

/// The pod of a workload.
fn pod(object: &Value) -> Option<Value> {
    let template = object["spec"]["template"].as_object()?;
    let mut metadata = template["metadata"].clone();
    metadata["name"] = object["metadata"]["name"].clone();
    let mut spec = template["spec"].clone();
    for claim in object["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
        // As the controller of StatefulSets does.
        let volume = json!({"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": "made"}});
        match spec["volumes"].as_array_mut() {
            Some(volumes) => volumes.push(volume),
            None => spec["volumes"] = json!([volume]),
        }
    }
    Some(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
}

#[test]
fn the_base_of_antwort_is_hardened_when_its_questions_are_answered() {
    example("antwort", vec![("path", json!("/healthz")), ("runAsUser", json!(65532)), ("replicas", json!(2))]);
}

#[test]
fn the_base_of_argusai_is_hardened_when_its_questions_are_answered() {
    example(
        "argusai",
        vec![
            ("environment keys", json!("ENCRYPTION_KEY")),
            ("probes-argusai-backend path", json!("/api/v1/system/health")),
            ("probes-argusai-frontend path", json!("/")),
            ("argusai-backend runAsUser", json!(1000)),
            ("argusai-frontend runAsUser", json!(1001)),
            ("fsGroup", json!(1000)),
            ("replicas", json!(2)),
            ("external", json!("argusai")),
        ],
    );
}

#[test]
fn the_base_of_reactbin_is_hardened_when_its_questions_are_answered() {
    example(
        "reactbin",
        vec![
            ("probes-api path", json!("/healthz")),
            ("probes-ui path", json!("/")),
            ("probes-minio path", json!("/minio/health/live")),
            ("runAsUser", json!(1000)),
            ("fsGroup", json!(1000)),
            ("replicas", json!(2)),
            ("singleton", json!(true)),
        ],
    );
}

#[test]
fn the_base_of_aether_is_hardened_when_its_questions_are_answered() {
    example(
        "aether",
        vec![
            ("environment keys", json!("JWT_SECRET")),
            ("command", json!("pg_isready")),
            ("path", json!("/health")),
            ("postgres runAsUser", json!(70)),
            ("runAsUser", json!(1000)),
            ("fsGroup", json!(1000)),
            ("replicas", json!(2)),
            ("singleton", json!(true)),
            ("external/0", json!("aether")),
            ("external/1", json!("postgres")),
        ],
    );
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: web
          image: ghcr.io/example/shop:1.0
          ports: [{name: http, containerPort: 8000}]
          livenessProbe: {httpGet: {path: /live, port: http}}
";

/// What lies beside the manifests is read, each value with its place.
#[test]
fn values_are_read_from_what_lies_beside_with_their_places() {
    let folder = Folder::new("init-beside");
    folder.write(".git/HEAD", "");
    folder.write("k8s/web.yaml", DEPLOYMENT);
    folder.write(
        "shop/Dockerfile",
        "FROM alpine\nUSER 1234:5678\nVOLUME /cache\nHEALTHCHECK CMD wget -q http://localhost:8000/ready\n",
    );
    folder.write("other/Dockerfile", "FROM alpine\nUSER 4444\n");
    folder.write(
        "compose.yaml",
        "services:\n  shop:\n    image: ghcr.io/example/shop\n    deploy: {resources: {limits: {memory: 300M}}}\n",
    );
    let (code, out, err) = call(&folder.0, &["init", "k8s", "--dry-run"], "");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    for (wanted, before) in [
        ("        runAsUser: 1234", "# ../shop/Dockerfile:2: the image runs as 1234:5678."),
        ("        runAsGroup: 5678", "        runAsUser: 1234"),
        (
            "          http: {path: /ready, port: http}",
            "# ../shop/Dockerfile:4: the health check of the image asks for it.",
        ),
        ("        readiness: {}", "http: {path: /ready"),
    ] {
        let lines: Vec<&str> = out.lines().collect();
        let at = lines.iter().position(|line| *line == wanted).unwrap_or_else(|| panic!("{wanted}\n{out}"));
        assert!(lines[at - 1].ends_with(before) || lines[at - 1].contains(before), "{before}\n{out}");
    }
    assert!(
        out.contains("# web.yaml:11 has a liveness probe of its own, which stays.") && !out.contains("liveness: {}"),
        "{out}"
    );
    assert!(out.contains("memory: 300Mi") && out.contains("# ../compose.yaml:4: memory as compose has it."), "{out}");
    assert!(out.contains("{path: /cache, sizeLimit: 64Mi}") && !out.contains("4444"), "{out}");
    assert!(!folder.0.join("k8s/krmor.yaml").exists());
}

#[test]
fn a_port_that_only_the_image_tells_is_read() {
    let folder = Folder::new("init-expose");
    folder.write("web.yaml", DEPLOYMENT.replace("          ports: [{name: http, containerPort: 8000}]\n", ""));
    folder.write("Dockerfile.shop", "FROM alpine\nEXPOSE 9000\n");
    let (_, out, _) = call(&folder.0, &["init", "--dry-run"], "");
    assert!(out.contains("# Dockerfile.shop:2: the image listens on 9000.\n"), "{out}");
    assert!(out.contains("http: {path: TODO, port: 9000}\n"), "{out}");
}

/// A shape of its own asks for what must not be: the entries have no reason, so nothing runs until there is one.
#[test]
fn what_stands_against_the_standard_needs_a_reason() {
    let folder = Folder::new("init-exceptions");
    let agent = "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      hostNetwork: true
      containers:
        - name: agent
          image: example.com/agent:1
          securityContext: {privileged: true, runAsUser: 1000}
          resources: {limits: {cpu: 1, memory: 1Gi}}
          readinessProbe: {tcpSocket: {port: 1}}
          livenessProbe: {tcpSocket: {port: 1}}
";
    folder.write("agent.yaml", agent);
    let (code, out, _) = call(&folder.0, &["init"], "");
    assert_eq!(code, Some(0));
    assert!(out.starts_with("wrote krmor.yaml: for 1 workload in 1 file\n"), "{out}");
    let config = std::fs::read_to_string(folder.0.join("krmor.yaml")).unwrap();
    for field in ["hostNetwork", "privileged"] {
        assert!(config.contains(&format!("fields: [{field}]")), "{config}");
    }
    assert_eq!(todos(&config).len(), 3, "{config}");
    assert!(todos(&config).iter().all(|pointer| pointer.ends_with("/reason")), "{config}");
    for command in ["diff", "check", "run"] {
        let (code, out, err) = call(&folder.0, &[command, "."], "");
        assert_eq!(code, Some(2), "{out}");
        assert_eq!(err.matches("it is still `TODO`: a person must decide").count(), 3, "{err}");
        assert!(out.is_empty(), "{out}");
    }
    let config = answered(&config, &[("reason", json!("it watches the node"))]);
    folder.write("krmor.yaml", config);
    let (code, out, err) = call(&folder.0, &["run", "."], "");
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("privileged: true") && out.contains("type: RuntimeDefault"), "{out}");
}

/// Values of Secrets, in whatever place they are read from.
#[test]
fn no_secret_is_told() {
    let folder = Folder::new("init-secrets");
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {DB_PASSWORD: hunter2, token: hunter2}\n";
    let env = "          env: [{name: API_TOKEN, value: hunter2}]\n          envFrom: [{secretRef: {name: db}}, {secretRef: {name: made}}]\n";
    folder.write("base/web.yaml", format!("{DEPLOYMENT}{env}---\n{secret}"));
    folder.write("base/pass.env", "PASSWORD=hunter2\n");
    folder.write(
        "base/kustomization.yaml",
        "resources: [web.yaml]\nsecretGenerator:\n- name: made\n  envs: [pass.env]\n  literals: [KEY=hunter2]\n",
    );
    folder.write("base/Dockerfile", "FROM a\nHEALTHCHECK CMD curl -H 'Authorization: hunter2' localhost\n");
    folder.write(
        "base/compose.yaml",
        "services:\n  shop:\n    environment: {A: hunter2}\n    healthcheck: {test: mysqladmin -phunter2 ping}\n",
    );
    let (code, out, err) = call(&folder.0, &["init", "base", "--yes"], "");
    assert_eq!(code, Some(0), "{err}");
    let config = std::fs::read_to_string(folder.0.join("base/krmor.yaml")).unwrap();
    assert!(!format!("{out}{err}{config}").contains("hunter2"), "{out}{config}");
    // Keys are no secrets, and what stands in plain text needs a reason.
    for wanted in ["- DB_PASSWORD", "- PASSWORD", "- KEY", "rules: [secrets/plaintext-secret]", "rules: [secrets/env]"]
    {
        assert!(config.contains(wanted), "{wanted}\n{config}");
    }
}

#[test]
fn a_kustomization_is_changed_only_when_somebody_says_so() {
    let kustomization = "# head\nresources:\n    - web.yaml   # one\ntransformers:\n    - labels.yaml # ours\n";
    let make = |name: &str| {
        let folder = Folder::new(name);
        folder.write("web.yaml", DEPLOYMENT);
        folder.write("labels.yaml", "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n");
        folder.write("kustomization.yaml", kustomization);
        folder
    };
    let read = |folder: &Folder| std::fs::read_to_string(folder.0.join("kustomization.yaml")).unwrap();
    for flags in [&["init"][..], &["init", "--no-wire"]] {
        let folder = make("init-no-wire");
        let (code, out, _) = call(&folder.0, flags, "y\n");
        assert_eq!((code, read(&folder).as_str()), (Some(0), kustomization));
        assert!(
            out.contains(
                "not changed: kustomization.yaml; so that kustomize calls krmor, add\n  transformers:\n  - krmor.yaml\n"
            ),
            "{out}"
        );
    }
    let folder = make("init-wire");
    let (code, out, _) = call(&folder.0, &["init", "--yes"], "");
    assert_eq!(code, Some(0));
    assert!(out.contains("wrote kustomization.yaml: lists it under `transformers:`\n"), "{out}");
    assert_eq!(read(&folder), format!("{kustomization}    - krmor.yaml\n"));
}

#[test]
fn names_with_prefixes_are_matched_before_and_after() {
    let folder = Folder::new("init-prefix");
    folder.write("web.yaml", DEPLOYMENT);
    folder.write("kustomization.yaml", "resources: [web.yaml]\nnamePrefix: pre-\nnameSuffix: -x.y\n");
    let (_, out, _) = call(&folder.0, &["init", "--dry-run"], "");
    assert!(out.contains(r"targets: [{name: '(pre-)?shop(-x\.y)?', kind: Deployment}]"), "{out}");
}

#[test]
fn editors_get_the_schema_when_they_ask() {
    let folder = Folder::new("init-schema");
    folder.write("app/web.yaml", DEPLOYMENT);
    folder.write("app/templates/chart.yaml", "{{ if .Values.x }}\na: [\n{{ end }}\n");
    let (code, out, err) = call(&folder.0, &["init", "app", "--schema"], "");
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("note: left out, since it cannot be read as YAML: templates/chart.yaml; "), "{out}");
    let config = std::fs::read_to_string(folder.0.join("app/krmor.yaml")).unwrap();
    assert!(config.starts_with("# yaml-language-server: $schema=.krmor-schema.json\n"), "{config}");
    let schema: Value =
        serde_json::from_slice(&std::fs::read(folder.0.join("app/.krmor-schema.json")).unwrap()).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let value = |text: &str| objects(text.to_owned()).remove(0);
    assert!(!validator.is_valid(&value(&config)), "an editor marks what is open");
    let answers = [("path", json!("/ready")), ("runAsUser", json!(1000)), ("replicas", json!(2))];
    let config = answered(&config, &[&answers[..], &usual()].concat());
    let faults: Vec<String> = validator.iter_errors(&value(&config)).map(|error| error.to_string()).collect();
    assert_eq!(faults, Vec::<String>::new());
    // The schema is no manifest.
    std::fs::remove_dir_all(folder.0.join("app/templates")).unwrap();
    folder.write("app/krmor.yaml", config);
    assert_eq!(call(&folder.0, &["diff", "app"], "").0, Some(1));
}

#[test]
fn openshift_gives_users_itself() {
    let folder = Folder::new("init-openshift");
    let route = "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: shop}\nspec: {to: {kind: Service, name: shop}}\n";
    folder.write("all.yaml", format!("{DEPLOYMENT}---\n{route}"));
    let (code, out, _) = call(&folder.0, &["init", "all.yaml", "--dry-run"], "");
    assert_eq!(code, Some(0));
    assert!(out.contains("# all.yaml:16: a cluster of OpenShift") && out.contains("profile: openshift"), "{out}");
    assert!(!out.contains("runAsUser"), "{out}");
}

#[test]
fn what_is_only_proposed_is_a_config_too() {
    let folder = Folder::new("init-proposals");
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {selector: {app: shop}, ports: [{name: http, port: 80, targetPort: http}]}\n";
    folder.write("all.yaml", format!("{DEPLOYMENT}---\n{service}"));
    let (_, out, _) = call(&folder.0, &["init", "--dry-run"], "");
    // The marks are taken off, not those of comments.
    let is_code = |rest: &str| rest.starts_with("  ") || ["exposure:", "network-policies:"].contains(&rest);
    let bare = |line: &str| match line.strip_prefix("    # ") {
        Some(rest) if is_code(rest) => format!("    {rest}\n"),
        _ => format!("{line}\n"),
    };
    let whole: String = out.lines().map(bare).collect();
    for name in ["\n    exposure:\n", "\n    network-policies:\n"] {
        assert!(whole.contains(name), "{whole}");
    }
    let host: Vec<String> = todos(&whole).into_iter().filter(|pointer| pointer.contains("/exposure/")).collect();
    assert_eq!(
        host,
        ["host", "gateway/name", "gateway/namespace"].map(|field| format!("/spec/functions/exposure/spec/{field}"))
    );
    let answers = [
        ("exposure host", json!("shop.example.com")),
        ("gateway", json!("public")),
        ("path", json!("/ready")),
        ("runAsUser", json!(1000)),
        ("replicas", json!(2)),
    ];
    let config = answered(&whole, &[&answers[..], &usual()].concat());
    config.parse::<krmor::Pipeline>().unwrap_or_else(|error| panic!("{error}\n{config}"));
}

/// Whatever manifests are called, what comes of it is a config whose only problems are its questions.
#[test]
fn names_cannot_break_the_config() {
    let folder = Folder::new("init-names");
    let odd = ["a: b", "# c", "x\\ny: 1", "\\e[2J", "a.b", "a-b", "} ]", "- '", "(x+"];
    let pods: String = odd
        .iter()
        .map(|name| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: \"{name}\"}}\nspec:\n  containers: [{{name: \"{name}\", image: \"{name}\", \
                 envFrom: [{{secretRef: {{name: \"{name}\"}}}}], securityContext: {{privileged: true}}}}]\n---\n"
            )
        })
        .collect();
    folder.write("all.yaml", pods);
    let (code, out, err) = call(&folder.0, &["init", "all.yaml"], "");
    assert_eq!(code, Some(0), "{err}");
    let config = std::fs::read_to_string(folder.0.join("krmor.yaml")).unwrap();
    assert!(!format!("{out}{config}").contains('\u{1b}'));
    let problems = config.parse::<krmor::Pipeline>().map(drop).unwrap_err().0;
    let other: Vec<String> = problems
        .iter()
        .filter(|one| !one.message.contains("it is still `TODO`"))
        .map(|one| format!("{}: {one}", one.path()))
        .collect();
    // No Secret can be called so.
    let other: Vec<&String> = other.iter().filter(|one| !one.contains(".external[")).collect();
    assert!(other.is_empty() && problems.len() > 40, "{other:#?}\n{config}");
    let documents = yaml::parse(&Arc::new(config)).unwrap();
    let functions = documents[0].root().find(&["spec", "functions"]).unwrap();
    assert!(documents.len() == 1 && functions.entries().count() > 25);
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = Folder::new("init-failures");
    let fails = |args: &[&str], wanted: &str| {
        let (code, out, err) = call(&folder.0, &[&["init"], args].concat(), "");
        assert!(matches!(code, Some(2 | 3)) && out.is_empty(), "{args:?}: {out}");
        assert!(err.contains(wanted), "{args:?}: {err}");
    };
    fails(&["no"], "error: no: No such file");
    fails(&[], "there are no Kubernetes objects here");
    folder.write("config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    fails(&[], "there are 1 object, and none runs pods");
    folder.write("broken/kustomization.yaml", "resources: [web.yaml]\n");
    folder.write("broken/web.yaml", "a: b\n c: d\n");
    fails(&["broken"], "broken/web.yaml:");
    // Around manifests, other files are left out, and what is not here is named.
    folder.write(
        "remote/kustomization.yaml",
        "resources:\n- web.yaml\n- https://example.com/x?ref=v1\npatches: [{path: p.yaml}]\n",
    );
    folder.write("remote/web.yaml", DEPLOYMENT);
    let (code, out, _) = call(&folder.0, &["init", "remote", "--no-wire"], "");
    assert_eq!(code, Some(0));
    assert!(out.contains("note: kustomization.yaml:3: https://example.com/x?ref=v1 is not on this machine"), "{out}");
    assert!(out.contains("note: kustomization.yaml:4: `patches` is not applied"), "{out}");
}

/// From a folder with a Deployment to a stream that kustomize renders hardened, as a person would go.
#[test]
fn the_first_five_minutes() {
    let folder = Folder::new("init-path");
    folder.write("web.yaml", DEPLOYMENT);
    folder.write("kustomization.yaml", "resources:\n- web.yaml\n");
    let started = std::time::Instant::now();
    let (code, _, _) = call(&folder.0, &["init", "--yes"], "");
    assert_eq!(code, Some(0));
    let path = folder.0.join("krmor.yaml");
    let answers = [("path", json!("/ready")), ("runAsUser", json!(1000)), ("replicas", json!(2))];
    let config = answered(&std::fs::read_to_string(&path).unwrap(), &[&answers[..], &usual()].concat());
    std::fs::write(&path, config).unwrap();
    let (code, out, err) = call(&folder.0, &["diff", "web.yaml"], "");
    assert_eq!(code, Some(1), "{err}");
    assert!(
        out.contains("\n# run-as-non-root: ") && err.contains("judged 1 workload with 1 container; "),
        "{out}{err}"
    );
    let rendered = render(folder.0.to_str().unwrap()).unwrap();
    let (code, out, _) = call(&folder.0, &["check"], &rendered);
    assert_eq!(code, Some(0), "{out}");
    println!("init, answers, diff, kustomize build, check: {:.1} s", started.elapsed().as_secs_f64());
}
