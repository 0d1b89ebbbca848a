//! `examples/todo`, as both stock Helms render it with krmor behind them; the ids name the requirements.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::app::objects;
use crate::common::{Folder, krmor, pipe, psa, text, tool};
use crate::helm::{Helm, helm};

/// With characters that an address must encode.
const CANARY: &str = "c4nary 9f3c@1/x+y";
const ENCODED: &str = "c4nary%209f3c%401%2Fx%2By";

/// What people set, by what it is for.
const STANDS: [(&str, &[&str]); 5] = [
    ("database elsewhere", &[]),
    ("Minikube", &MINIKUBE),
    (
        "operator and Gateway",
        &[
            "serviceMonitor.enabled=true",
            "exposure.type=httpRoute",
            "exposure.httpRoute.gateway=public",
            "exposure.httpRoute.namespace=gateways",
            "exposure.httpRoute.sectionName=https",
        ],
    ),
    ("ordinary Job", &["migration.hook=false", "postgres.enabled=true", "postgres.password=c4nary 9f3c@1/x+y"]),
    ("scraped twice", &["serviceMonitor.enabled=true", "prometheus.enabled=true", "exposure.type=none"]),
];
const MINIKUBE: [&str; 5] = [
    "postgres.enabled=true",
    "postgres.password=c4nary 9f3c@1/x+y",
    "prometheus.enabled=true",
    "grafana.enabled=true",
    "grafana.adminPassword=c4nary 9f3c@1/x+y",
];

fn both() -> [Helm; 2] {
    ["3", "4"].map(helm)
}

fn path(name: &str) -> String {
    std::env::current_dir().unwrap().join("examples/todo").join(name).display().to_string()
}

fn run(helm: &Helm, words: &[&str], values: &[&str], hardened: bool) -> Output {
    let folder = Folder::new("todo");
    let mut command = helm.command(&folder);
    command.args(words).arg(path("helm/todo"));
    for value in values {
        command.args(["--set", value]);
    }
    if hardened {
        let config = format!("--config={}", path("krmor.yaml"));
        let program = if helm.major == "3" {
            env!("CARGO_BIN_EXE_krmor")
        } else {
            let plugins = folder.0.join("plugins");
            assert!(krmor().args(["install", "helm", "--directory"]).arg(plugins).output().unwrap().status.success());
            "krmor"
        };
        command.args(["--post-renderer", program, "--post-renderer-args", &config]);
    }
    command.output().unwrap()
}

fn template(helm: &Helm, values: &[&str], hardened: bool) -> String {
    let out = run(helm, &["template", "todo"], values, hardened);
    assert!(out.status.success(), "Helm {}: {values:?}: {}", helm.version, text(&out.stderr));
    text(&out.stdout)
}

/// By kind and name, without what a Helm notes of where an object was written.
fn rendered(helm: &Helm, values: &[&str], hardened: bool) -> BTreeMap<String, Value> {
    objects(&template(helm, values, hardened)).into_iter().map(|(name, value)| (name.replace('"', ""), value)).collect()
}

/// The pods of the workloads, by kind and name.
fn pods(objects: &BTreeMap<String, Value>) -> BTreeMap<&str, Value> {
    let of = |object: &Value| {
        let template = &object["spec"]["template"];
        let mut spec = template["spec"].as_object()?.clone();
        // As the controller of StatefulSets makes them.
        for claim in object["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
            let name = &claim["metadata"]["name"];
            let volumes = spec.entry("volumes").or_insert(json!([])).as_array_mut()?;
            volumes.push(json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
        }
        let metadata = json!({"name": "pod", "namespace": "todo", "labels": template["metadata"]["labels"]});
        Some(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}))
    };
    objects.iter().filter_map(|(name, object)| Some((name.as_str(), of(object)?))).collect()
}

/// Which of the pods the restricted standard refuses, by the API server's own code.
fn refused(objects: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let pods = pods(objects);
    assert!(pods.len() >= 3, "{:?}", pods.keys());
    let answers = psa::ask(pods.values().map(|pod| ("restricted", "latest", pod)));
    let mut refused = BTreeSet::new();
    for (name, answer) in pods.keys().zip(answers) {
        assert_eq!(answer.invalid, [""; 0], "{name}");
        if !answer.violations.is_empty() {
            refused.insert((*name).to_owned());
        }
    }
    refused
}

fn container<'a>(objects: &'a BTreeMap<String, Value>, name: &str) -> &'a Value {
    let object = objects.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", objects.keys()));
    &object["spec"]["template"]["spec"]["containers"][0]
}

#[test]
fn td_1_the_chart_passes_lint() {
    for helm in both() {
        for (stand, values) in STANDS {
            let out = run(&helm, &["lint", "--strict"], values, false);
            assert!(out.status.success(), "Helm {}, {stand}: {}", helm.version, text(&out.stdout));
        }
    }
}

#[test]
fn td_1_both_helms_give_the_same_objects() {
    let [three, four] = both();
    for (stand, values) in STANDS {
        assert_eq!(rendered(&three, values, false), rendered(&four, values, false), "{stand}");
        let (mut of_three, mut of_four) = (rendered(&three, values, true), rendered(&four, values, true));
        if stand != "ordinary Job" {
            // Helm 3 shows no hooks to a post-renderer: the migration's pods are not hardened and have no policy.
            for name in ["Job todo-migrate", "NetworkPolicy todo-migrate"] {
                let (in_three, in_four) = (of_three.remove(name), of_four.remove(name));
                assert!(in_four.is_some() && in_three != in_four, "{stand}: {name}");
            }
        }
        assert_eq!(of_three, of_four, "{stand}");
    }
}

#[test]
fn td_1_the_plain_chart_fails_restricted_and_the_post_rendered_one_passes() {
    for helm in both() {
        for (stand, values) in STANDS {
            let plain = rendered(&helm, values, false);
            let all: BTreeSet<String> = pods(&plain).keys().map(|&name| name.to_owned()).collect();
            assert_eq!(refused(&plain), all, "{stand}");
            let hook = helm.major == "3" && stand != "ordinary Job";
            let left = BTreeSet::from_iter(hook.then(|| "Job todo-migrate".to_owned()));
            assert_eq!(refused(&rendered(&helm, values, true)), left, "Helm {}, {stand}", helm.version);
        }
    }
}

/// A pipe sees hooks in both, and what came out needs nothing more.
#[test]
fn td_1_a_pipe_gives_what_the_post_renderer_gives_and_is_proven() {
    let [three, four] = both();
    let config = path("krmor.yaml");
    for (stand, values) in STANDS {
        let out = pipe(krmor().args(["--config", &config]), template(&three, values, false).as_bytes());
        assert!(out.status.success(), "{stand}: {}", text(&out.stderr));
        let piped = text(&out.stdout);
        let named = |text: &str| -> BTreeMap<String, Value> {
            objects(text).into_iter().map(|(name, value)| (name.replace('"', ""), value)).collect()
        };
        assert_eq!(named(&piped), rendered(&four, values, true), "{stand}");
        let check = pipe(krmor().args(["check", "--config", &config, "-"]), piped.as_bytes());
        assert!(check.status.success(), "{stand}: {}{}", text(&check.stdout), text(&check.stderr));
    }
}

#[test]
fn td_1_values_set_replicas_resources_tags_and_the_way_in() {
    let values = [
        "backend.replicas=3",
        "frontend.replicas=2",
        "backend.image.tag=2.0.0",
        "frontend.image.repository=example.com/todo-frontend",
        "backend.resources.limits.memory=384Mi",
        "exposure.host=todo.example.com",
        "exposure.ingress.className=traefik",
        "exposure.ingress.tlsSecret=todo-tls",
    ];
    let objects = rendered(&helm("4"), &values, true);
    let backend = container(&objects, "Deployment todo-backend");
    assert_eq!(objects["Deployment todo-backend"]["spec"]["replicas"], 3);
    assert_eq!(objects["Deployment todo-frontend"]["spec"]["replicas"], 2);
    assert_eq!(backend["image"], "todo-backend:2.0.0");
    assert_eq!(container(&objects, "Job todo-migrate")["image"], "todo-backend:2.0.0");
    assert_eq!(container(&objects, "Deployment todo-frontend")["image"], "example.com/todo-frontend:1.0.0");
    // What values say stays, and krmor fills the rest; a limit counts for the request.
    assert_eq!(backend["resources"], json!({"limits": {"memory": "384Mi"}, "requests": {"cpu": "50m"}}));
    let ingress = &objects["Ingress todo"]["spec"];
    assert_eq!(ingress["ingressClassName"], "traefik");
    assert_eq!(ingress["rules"][0]["host"], "todo.example.com");
    assert_eq!(ingress["tls"][0], json!({"hosts": ["todo.example.com"], "secretName": "todo-tls"}));
    assert_eq!(
        ingress["rules"][0]["http"]["paths"][0]["backend"]["service"],
        json!({"name": "todo-frontend", "port": {"name": "http"}})
    );
    let route = &rendered(&helm("4"), STANDS[2].1, true)["HTTPRoute todo"]["spec"];
    assert_eq!(route["parentRefs"][0], json!({"name": "public", "namespace": "gateways", "sectionName": "https"}));
    assert_eq!(route["rules"][0]["backendRefs"][0], json!({"name": "todo-frontend", "port": 80}));
}

#[test]
fn td_1_values_that_cannot_work_are_refused() {
    let cases: [(&[&str], &str); 9] = [
        (&["backend.logLevel=loud"], "logLevel"),
        (&["backend.poolSize=1"], "poolSize"),
        (&["backend.replica=2"], "replica"),
        (&["backend.image.tag=latest"], "tag"),
        (&["exposure.type=route"], "type"),
        (&["exposure.type=httpRoute"], "set exposure.httpRoute.gateway to the name of a Gateway"),
        (&["postgres.enabled=true"], "set postgres.password once, at the installation"),
        (&["prometheus.enabled=true", "grafana.enabled=true"], "set grafana.adminPassword once, at the installation"),
        (&["grafana.enabled=true"], "grafana.enabled needs prometheus.enabled"),
    ];
    for helm in both() {
        for (values, wanted) in cases {
            let out = run(&helm, &["template", "todo"], values, false);
            let said = text(&out.stderr);
            assert!(!out.status.success() && said.contains(wanted), "Helm {}, {values:?}: {said}", helm.version);
        }
    }
    // Connections that the database does not have, from the numbers of the values; `helm` fails, with krmor's words.
    for helm in both() {
        let out = run(&helm, &["template", "todo"], &["backend.replicas=20"], true);
        let said = text(&out.stderr);
        assert!(!out.status.success() && said.contains("connections, and the database takes 100"), "{said}");
    }
}

#[test]
fn td_2_probes_answer_within_a_second_and_three_failures_restart() {
    let objects = rendered(&helm("4"), &[], true);
    let probe = |path: &str, period: u64, failures: u64| {
        json!({"httpGet": {"path": path, "port": "http"}, "periodSeconds": period, "timeoutSeconds": 1,
            "failureThreshold": failures, "successThreshold": 1})
    };
    let same = |found: &Value, wanted: &Value| {
        let mut found = found.clone();
        found.as_object_mut().unwrap().entry("successThreshold").or_insert(json!(1));
        assert_eq!(&found, wanted);
    };
    let backend = container(&objects, "Deployment todo-backend");
    same(&backend["livenessProbe"], &probe("/health", 10, 3));
    same(&backend["readinessProbe"], &probe("/ready", 5, 3));
    let frontend = container(&objects, "Deployment todo-frontend");
    same(&frontend["livenessProbe"], &probe("/api/health", 10, 3));
    same(&frontend["readinessProbe"], &probe("/api/health", 5, 3));
    assert!(container(&objects, "Job todo-migrate").get("livenessProbe").is_none());
    // Every program of the release that serves has them.
    for (name, pod) in pods(&rendered(&helm("4"), &MINIKUBE, true)) {
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["readinessProbe"].is_object(), name != "Job todo-migrate", "{name}");
    }
}

#[test]
fn td_3_settings_come_from_config_maps_and_credentials_from_secrets() {
    let objects = rendered(&helm("4"), &[], true);
    let backend = container(&objects, "Deployment todo-backend");
    assert_eq!(backend["envFrom"], json!([{"configMapRef": {"name": "todo-backend"}}]));
    let url = json!({"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "todo-database", "key": "DATABASE_URL"}}});
    assert_eq!(backend["env"], json!([url]));
    assert_eq!(
        objects["ConfigMap todo-backend"]["data"],
        json!({"LOG_LEVEL": "info", "DB_POOL_SIZE": "5", "PORT": "8000"})
    );
    let frontend = container(&objects, "Deployment todo-frontend");
    assert_eq!(frontend["envFrom"], json!([{"configMapRef": {"name": "todo-frontend"}}]));
    // With a database elsewhere the release has no secret at all.
    assert!(!objects.keys().any(|name| name.starts_with("Secret ")), "{:?}", objects.keys());
    // Another config makes other pods.
    let pods = |values: &[&str]| {
        let objects = rendered(&helm("4"), values, true);
        objects["Deployment todo-backend"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"].clone()
    };
    assert_eq!(pods(&[]), pods(&["backend.replicas=2"]));
    assert_ne!(pods(&[]), pods(&["backend.logLevel=debug"]));
}

#[test]
fn td_3_a_password_is_in_its_secret_and_nowhere_else() {
    for helm in both() {
        for hardened in [false, true] {
            let out = run(&helm, &["template", "todo"], &MINIKUBE, hardened);
            assert!(!text(&out.stderr).contains("c4nary"), "{}", text(&out.stderr));
            let mut all = objects(&text(&out.stdout));
            let secret = all.remove("\"Secret\" \"todo-postgres\"").unwrap();
            assert_eq!(secret["stringData"]["POSTGRES_PASSWORD"], CANARY);
            let url = format!("postgresql://todo:{ENCODED}@todo-postgres:5432/todo");
            assert_eq!(secret["stringData"]["DATABASE_URL"], url.as_str());
            assert_eq!(all.remove("\"Secret\" \"todo-grafana\"").unwrap()["stringData"]["admin-password"], CANARY);
            for (name, object) in all {
                assert!(!object.to_string().contains("c4nary"), "{name}");
            }
        }
        // Nor in what is said when krmor refuses.
        let values = [&MINIKUBE[..], &["backend.replicas=20"]].concat();
        let out = run(&helm, &["template", "todo"], &values, true);
        assert!(!out.status.success() && !text(&out.stderr).contains("c4nary"), "{}", text(&out.stderr));
    }
}

/// A hook before the installation can only have what is there before it; one of the chart's own database comes after it.
#[test]
fn the_migration_runs_when_its_database_is_there() {
    for helm in both() {
        let job = |values: &[&str], name: &str| rendered(&helm, values, false)[name].clone();
        let elsewhere = job(&[], "Job todo-migrate");
        assert_eq!(elsewhere["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade");
        assert!(!elsewhere.to_string().contains("configMap"), "the ConfigMap comes later: {elsewhere}");
        let own = job(&MINIKUBE, "Job todo-migrate");
        assert_eq!(own["metadata"]["annotations"]["helm.sh/hook"], "post-install,pre-upgrade");
        // A pod's template cannot be changed, so each revision has a Job of its own.
        let ordinary = job(&["migration.hook=false"], "Job todo-migrate-1");
        assert!(ordinary["metadata"].get("annotations").is_none(), "{ordinary}");
        for job in [elsewhere, own, ordinary] {
            assert_eq!(
                job["spec"]["template"]["spec"]["containers"][0]["command"],
                json!(["python", "-m", "todo.migrate"])
            );
        }
    }
}

#[test]
fn td_7_a_service_monitor_for_the_operator_or_prometheus_and_grafana() {
    let helm = helm("4");
    let objects = rendered(&helm, STANDS[2].1, true);
    let monitor = &objects["ServiceMonitor todo-backend"]["spec"];
    assert_eq!(monitor["endpoints"][0]["port"], "http");
    assert_eq!(monitor["endpoints"][0]["path"], "/metrics");
    let labels = &objects["Service todo-backend"]["metadata"]["labels"];
    for (key, value) in monitor["selector"]["matchLabels"].as_object().unwrap() {
        assert_eq!(&labels[key], value, "{key}");
    }
    // A cluster without the operator knows none.
    assert!(rendered(&helm, &[], true).keys().all(|name| !name.starts_with("ServiceMonitor ")));

    let objects = rendered(&helm, &MINIKUBE, true);
    let files = |name: &str| std::fs::read_to_string(path(&format!("helm/todo/files/{name}"))).unwrap();
    let prometheus = objects["ConfigMap todo-prometheus"]["data"]["prometheus.yml"].as_str().unwrap();
    assert_eq!(prometheus.trim(), files("prometheus.yml").trim());
    let given = &objects["ConfigMap todo-grafana"]["data"];
    for name in ["datasource.yaml", "dashboards.yaml", "todo.json"] {
        assert_eq!(given[name].as_str().unwrap().trim(), files(name).trim(), "{name}");
    }
    // The names in the files lead to Services of the chart.
    assert!(prometheus.contains("names: [todo-backend-pods]"));
    assert_eq!(objects["Service todo-backend-pods"]["spec"]["clusterIP"], "None");
    assert!(files("datasource.yaml").contains("http://todo-prometheus:9090\n"));
    assert_eq!(objects["Service todo-prometheus"]["spec"]["ports"][0]["port"], 9090);
    // Where they write is a volume of their own, as the rest is read-only.
    for (name, wanted) in [("todo-prometheus", "/prometheus"), ("todo-grafana", "/var/lib/grafana")] {
        let container = container(&objects, &format!("Deployment {name}"));
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        let mounts = container["volumeMounts"].as_array().unwrap();
        assert!(mounts.iter().any(|mount| mount["mountPath"] == wanted), "{name}: {mounts:?}");
    }
}

/// Who is outside: the peers, DNS, and others, who may do nothing.
fn outside() -> Value {
    let controller = json!({"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"});
    json!({"outside": [
        {"name": "DNS", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}, "ports": {"dns": 53}},
        {"name": "ingress controller", "namespace": "ingress-nginx", "labels": controller},
        {"name": "the operator's Prometheus", "namespace": "monitoring", "labels": {"app.kubernetes.io/name": "prometheus"}},
        {"name": "database elsewhere", "cidr": "203.0.113.9/32"},
        {"name": "another pod of the namespace", "namespace": "default", "labels": {"app": "debug"}},
    ]})
}

/// Who may connect to whom beside DNS, by an analyser that shares no code with krmor.
fn connections(values: &[&str], hardened: bool) -> BTreeSet<String> {
    let folder = Folder::new("todo-netpol");
    let file = folder.write("outside.json", outside().to_string());
    let out = pipe(Command::new(tool("netpol")).arg(file), template(&helm("4"), values, hardened).as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let rows = text(&out.stdout);
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|row| row["to"] != "DNS");
    let end = |end: &Value| end.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    rows.map(|row| format!("{} to {}: {}", end(&row["from"]), end(&row["to"]), row["ports"].as_str().unwrap()))
        .collect()
}

#[test]
fn connections_are_those_that_the_programs_need() {
    let always = ["ingress controller to todo-frontend: TCP 3000", "todo-frontend to todo-backend: TCP 8000"];
    let with = |more: &[&str]| always.iter().chain(more).map(|&one| one.to_owned()).collect::<BTreeSet<String>>();
    let elsewhere = ["todo-backend to database elsewhere: TCP 5432", "todo-migrate to database elsewhere: TCP 5432"];
    assert_eq!(connections(&[], true), with(&elsewhere));
    let operator = "the operator's Prometheus to todo-backend: TCP 8000";
    assert_eq!(connections(STANDS[2].1, true), with(&[&elsewhere[..], &[operator]].concat()));
    let own = [
        "todo-backend to todo-postgres: TCP 5432",
        "todo-migrate to todo-postgres: TCP 5432",
        "todo-prometheus to todo-backend: TCP 8000",
        "todo-grafana to todo-prometheus: TCP 9090",
    ];
    assert_eq!(connections(&MINIKUBE, true), with(&own));
    // Without krmor everything is open.
    assert!(connections(&MINIKUBE, false).len() > 40);
}
