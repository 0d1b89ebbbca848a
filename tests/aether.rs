//! The application aether, line by line of its requirements; the ids name the tests.

mod migration;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use krmor::quantity::Quantity;
use serde_json::{Value, json};

use crate::common::apps::{build, named, objects, render, the, try_build};
use crate::common::crds::Crds;
use crate::common::{Folder, copy, krmor, pipe, text, tool};
use crate::network_policies::analysed;

const OVERLAYS: [&str; 3] = ["dev", "staging", "production"];
/// Those that are like production.
const LIKE_PRODUCTION: [&str; 2] = ["staging", "production"];

fn overlay(name: &str) -> Vec<Value> {
    build(&format!("examples/aether/overlays/{name}"))
}

/// A copy of the example, to be changed.
struct Copy(Folder);

impl Copy {
    fn new() -> Self {
        let folder = Folder::new("aether");
        copy("examples/aether".as_ref(), &folder.0);
        Self(folder)
    }

    /// Replaces a text in a file, which must have it.
    fn edit(self, path: &str, from: &str, to: &str) -> Self {
        let file = self.0.0.join(path);
        let before = std::fs::read_to_string(&file).unwrap();
        let after = before.replace(from, to);
        assert_ne!(before, after, "{path} has no {from:?}");
        std::fs::write(file, after).unwrap();
        self
    }

    /// Changes the functions of an overlay.
    fn functions(self, overlay: &str, change: impl FnOnce(&mut Value)) -> Self {
        let path = format!("overlays/{overlay}/krmor.yaml");
        let config = std::fs::read_to_string(self.0.0.join(&path)).unwrap();
        let mut config = objects(config).remove(0);
        change(&mut config["spec"]["functions"]);
        self.0.write(&path, config.to_string());
        self
    }

    fn path(&self, overlay: &str) -> String {
        self.0.0.join("overlays").join(overlay).to_str().unwrap().to_owned()
    }

    /// What is said of an overlay, which must not pass.
    fn refused(&self, overlay: &str) -> String {
        try_build(&self.path(overlay)).map(|_| ()).expect_err("it passes")
    }
}

fn pod<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    &named(objects, kind, name)["spec"]["template"]["spec"]
}

fn container<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    &pod(objects, kind, name)["containers"][0]
}

/// The ConfigMap that a program reads first.
fn settings<'a>(objects: &'a [Value], name: &str) -> &'a Value {
    let source = &container(objects, "Deployment", name)["envFrom"][0]["configMapRef"]["name"];
    &named(objects, "ConfigMap", source.as_str().unwrap())["data"]
}

#[test]
fn ae_1_the_namespace_has_a_quota_that_everything_fits_in() {
    for name in OVERLAYS {
        let objects = overlay(name);
        let namespace = the(&objects, "Namespace");
        assert_eq!(namespace["metadata"]["name"], "aether", "{name}");
        assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted", "{name}");
        let quota = &the(&objects, "ResourceQuota")["spec"]["hard"];
        for resource in ["pods", "requests.cpu", "requests.memory", "limits.memory"] {
            assert!(quota[resource].is_string(), "{name}: nothing limits {resource}");
        }
        for object in objects.iter().filter(|object| object["kind"] != "Namespace") {
            assert_eq!(object["metadata"]["namespace"], "aether", "{name}: {object}");
        }
    }
    // The sums are with every replica, and with the pods that a rollout adds.
    let small = Copy::new().functions("production", |all| all["guardrails"]["spec"]["quota"]["pods"] = json!("16"));
    let said = small.refused("production");
    assert!(said.contains("`pods` is 17 at most") && said.contains("Deployment api  8 + 2"), "{said}");
}

#[test]
fn ae_2_settings_are_in_a_config_map() {
    for (name, environment) in [("dev", "development"), ("staging", "staging"), ("production", "production")] {
        let objects = overlay(name);
        let data = settings(&objects, "api");
        assert_eq!(data["ENVIRONMENT"], environment);
        assert!(["debug", "info"].contains(&data["LOG_LEVEL"].as_str().unwrap()));
        assert!(data["HA_URL"].as_str().unwrap().starts_with("http://"));
        assert_eq!(settings(&objects, "scheduler"), data, "{name}: one ConfigMap for both");
        for key in REQUIRED.into_iter().chain(OPTIONAL) {
            assert!(data.get(key).is_none(), "{name}: {key} is a secret");
        }
    }
}

const REQUIRED: [&str; 4] = ["JWT_SECRET", "LLM_API_KEY", "DATABASE_URL", "HA_TOKEN"];
const OPTIONAL: [&str; 3] = ["GOOGLE_API_KEY", "WEBHOOK_SECRET", "API_KEY"];

/// The name of the Secret that a program must have.
fn needed(objects: &[Value]) -> String {
    let sources = &container(objects, "Deployment", "api")["envFrom"];
    assert_eq!(sources, &container(objects, "Deployment", "scheduler")["envFrom"]);
    let needed = &sources[1]["secretRef"];
    assert!(needed.get("optional").is_none());
    needed["name"].as_str().unwrap().to_owned()
}

#[test]
fn ae_3_dev_has_a_template_and_production_has_vaults_secrets_by_the_operator() {
    let objects = overlay("dev");
    let secret = named(&objects, "Secret", &needed(&objects));
    let keys: BTreeSet<&str> = secret["data"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, BTreeSet::from(REQUIRED));

    let crds = Crds::load();
    for name in LIKE_PRODUCTION {
        let objects = overlay(name);
        assert!(!objects.iter().any(|object| object["kind"] == "Secret"), "{name}: a Secret is in the manifests");
        let secret = named(&objects, "ExternalSecret", &needed(&objects));
        let target = &secret["spec"]["target"];
        assert_eq!(target["name"], secret["metadata"]["name"]);
        let keys: BTreeSet<&str> = target["template"]["data"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(REQUIRED), "{name}");
        // The optional ones come by their names, and nothing else that stands beside them.
        for program in ["api", "scheduler"] {
            let container = container(&objects, "Deployment", program);
            assert_eq!(container["envFrom"].as_array().unwrap().len(), 2, "{name}");
            for key in OPTIONAL {
                let from = json!({"name": "aether-optional", "key": key, "optional": true});
                let mut variables = container["env"].as_array().unwrap().iter();
                assert!(variables.any(|one| one["name"] == key && one["valueFrom"]["secretKeyRef"] == from), "{name}");
            }
        }
        // The database and its clients have one password.
        let password = json!({"name": "postgres", "key": "POSTGRES_PASSWORD"});
        let variables = container(&objects, "StatefulSet", "postgres")["env"].as_array().unwrap();
        assert!(variables.iter().any(|one| one["valueFrom"]["secretKeyRef"] == password), "{name}");
        let remote = |secret: &str| {
            let items = named(&objects, "ExternalSecret", secret)["spec"]["data"].as_array().unwrap();
            items.iter().find(|one| one["secretKey"] == "POSTGRES_PASSWORD").unwrap()["remoteRef"].clone()
        };
        assert_eq!(remote("postgres"), remote("aether"), "{name}");
        assert!(target["template"]["data"]["DATABASE_URL"].as_str().unwrap().contains("POSTGRES_PASSWORD"), "{name}");
        // Nobody but the operator is the ServiceAccount that Vault lets in.
        let store = the(&objects, "SecretStore");
        let account = &store["spec"]["provider"]["vault"]["auth"]["kubernetes"]["serviceAccountRef"]["name"];
        assert_eq!(account, "aether-secrets");
        let workloads = objects.iter().filter(|object| object["spec"]["template"]["spec"]["containers"].is_array());
        for workload in workloads {
            let pod = &workload["spec"]["template"]["spec"];
            assert!(pod.get("serviceAccountName").is_none() && pod["automountServiceAccountToken"] == false, "{pod}");
        }
        for object in objects.iter().filter(|object| object["apiVersion"] == "external-secrets.io/v1") {
            assert_eq!(crds.problems(object), Some(Vec::new()), "{name}: {object}");
        }
    }
}

/// Who uses none of the optional ones takes their entry out: the programs start without them.
#[test]
fn ae_3_optional_secrets_may_be_left_out() {
    let copy = Copy::new().functions("production", |all| {
        let secrets = all["vault"]["spec"]["secrets"].as_array_mut().unwrap();
        secrets.retain(|secret| secret["name"] != "aether-optional");
        assert_eq!(secrets.len(), 2);
    });
    let objects = build(&copy.path("production"));
    assert!(!objects.iter().any(|one| one["kind"] == "ExternalSecret" && one["metadata"]["name"] == "aether-optional"));
    let container = container(&objects, "Deployment", "api");
    let optional = container["env"].as_array().unwrap().iter().filter_map(|one| one.get("valueFrom"));
    assert!(optional.clone().count() == 3 && optional.clone().all(|from| from["secretKeyRef"]["optional"] == true));
}

#[test]
fn ae_3_a_missing_required_secret_fails_the_build_and_is_named() {
    let template = std::fs::read_to_string("examples/aether/overlays/dev/kustomization.yaml").unwrap();
    for key in REQUIRED {
        let line = template.lines().find(|line| line.contains(&format!("- {key}="))).unwrap();
        let dev = Copy::new().edit("overlays/dev/kustomization.yaml", &format!("{line}\n"), "").refused("dev");
        let blank = format!("      - {key}=\n");
        let empty = Copy::new().edit("overlays/dev/kustomization.yaml", &format!("{line}\n"), &blank).refused("dev");
        let production = Copy::new().functions("production", |all| {
            let secret = &mut all["vault"]["spec"]["secrets"][0];
            secret["keys"].as_array_mut().unwrap().retain(|one| one != key);
            secret["templates"].as_object_mut().unwrap().retain(|one, _| one != key);
        });
        for said in [dev, empty, production.refused("production")] {
            for program in ["api", "scheduler"] {
                assert!(said.contains(&format!("{program} needs `{key}`")), "{key}: {said}");
            }
            assert!(!said.contains("local-only"), "{said}");
        }
    }
}

#[test]
fn ae_4_the_api_scales_and_is_probed_and_hardened() {
    let read = |text| Quantity::parse(text).unwrap();
    for (name, most) in [("staging", 4), ("production", 8)] {
        let objects = overlay(name);
        let workload = named(&objects, "Deployment", "api");
        assert_eq!(workload["spec"].get("replicas"), None, "each apply would undo what the autoscaler did");
        let autoscaler = &the(&objects, "HorizontalPodAutoscaler")["spec"];
        assert_eq!(autoscaler["scaleTargetRef"]["name"], "api");
        assert_eq!((&autoscaler["minReplicas"], &autoscaler["maxReplicas"]), (&json!(2), &json!(most)), "{name}");
        let metrics = autoscaler["metrics"].as_array().unwrap().iter();
        let metrics: Vec<&str> = metrics.map(|one| one["resource"]["name"].as_str().unwrap()).collect();
        assert_eq!(metrics, ["cpu", "memory"], "{name}");
        let term = &pod(&objects, "Deployment", "api")["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
            [0]["podAffinityTerm"];
        assert_eq!(term["labelSelector"], workload["spec"]["selector"], "{name}");
        let budget = named(&objects, "PodDisruptionBudget", "api");
        assert_eq!(
            (&budget["spec"]["maxUnavailable"], &budget["spec"]["selector"]),
            (&json!(1), &workload["spec"]["selector"])
        );
        let resources = &container(&objects, "Deployment", "api")["resources"];
        for (list, cpu, memory) in [("requests", "250m", "256Mi"), ("limits", "1000m", "1Gi")] {
            assert_eq!(Quantity::of(&resources[list]["cpu"]).unwrap(), read(cpu), "{name}");
            assert_eq!(Quantity::of(&resources[list]["memory"]).unwrap(), read(memory), "{name}");
        }
    }
    for name in OVERLAYS {
        probed_and_hardened(&overlay(name), "api");
    }
}

/// What AE-4 asks of the API, and AE-5 of the scheduler.
fn probed_and_hardened(objects: &[Value], program: &str) {
    let container = container(objects, "Deployment", program);
    let role = json!({"name": "AETHER_ROLE", "value": program});
    assert!(container["env"].as_array().unwrap().contains(&role));
    let get = |probe: &str| {
        assert_eq!(container[probe]["httpGet"]["port"], "http");
        container[probe]["httpGet"]["path"].as_str().unwrap()
    };
    assert_eq!(get("livenessProbe"), "/api/v1/health");
    assert_eq!(get("readinessProbe"), "/api/v1/ready");
    assert_eq!(get("startupProbe"), "/api/v1/health");
    let startup = &container["startupProbe"];
    assert_eq!(startup["periodSeconds"].as_i64().unwrap() * startup["failureThreshold"].as_i64().unwrap(), 30);
    let context = &pod(objects, "Deployment", program)["securityContext"];
    assert_eq!((&context["runAsNonRoot"], &context["runAsUser"]), (&json!(true), &json!(1000)));
    let context = &container["securityContext"];
    assert_eq!(
        (&context["readOnlyRootFilesystem"], &context["allowPrivilegeEscalation"]),
        (&json!(true), &json!(false))
    );
    let mounts = container["volumeMounts"].as_array().unwrap();
    assert!(mounts.iter().any(|mount| mount["mountPath"] == "/tmp"), "{mounts:?}");
}

/// Every volume of a pod has a use.
#[test]
fn ae_4_no_pod_has_a_volume_that_nothing_mounts() {
    for name in OVERLAYS {
        for object in overlay(name) {
            let pod = &object["spec"]["template"]["spec"];
            let containers =
                ["initContainers", "containers"].map(|list| pod[list].as_array().cloned().unwrap_or_default());
            let mounts: Vec<Value> = containers
                .concat()
                .iter()
                .flat_map(|one| one["volumeMounts"].as_array().cloned().unwrap_or_default())
                .collect();
            for volume in pod["volumes"].as_array().into_iter().flatten() {
                assert!(
                    mounts.iter().any(|mount| mount["name"] == volume["name"]),
                    "{name}: {} of {}",
                    volume["name"],
                    object["metadata"]["name"]
                );
            }
        }
    }
}

#[test]
fn ae_4_metrics_are_asked_for_with_a_token() {
    for name in LIKE_PRODUCTION {
        let objects = overlay(name);
        let monitor = the(&objects, "ServiceMonitor");
        assert_eq!(Crds::load().problems(monitor), Some(Vec::new()));
        let endpoint = &monitor["spec"]["endpoints"][0];
        let credentials = &endpoint["authorization"]["credentials"];
        assert_eq!(credentials, &json!({"name": "aether-metrics", "key": "token"}));
        let secret = named(&objects, "ExternalSecret", "aether-metrics");
        assert_eq!(secret["spec"]["data"][0]["secretKey"], "token");
        assert_eq!(monitor["spec"]["selector"]["matchLabels"], named(&objects, "Service", "api")["metadata"]["labels"]);
    }
}

#[test]
fn ae_5_the_scheduler_is_one_and_may_be_evicted() {
    for name in OVERLAYS {
        let objects = overlay(name);
        let scheduler = named(&objects, "Deployment", "scheduler");
        // A rolling update would have two for a while.
        assert_eq!(
            (&scheduler["spec"]["replicas"], &scheduler["spec"]["strategy"]),
            (&json!(1), &json!({"type": "Recreate"}))
        );
        let budget = named(&objects, "PodDisruptionBudget", "scheduler");
        assert_eq!(budget["spec"]["minAvailable"], 0, "{name}");
        assert_eq!(budget["spec"]["selector"], scheduler["spec"]["selector"]);
        probed_and_hardened(&objects, "scheduler");
    }
}

#[test]
fn ae_5_a_second_scheduler_fails_the_build_wherever_it_is_asked_for() {
    let kustomization = |more: &'static str| {
        move |overlay: &str| {
            let path = format!("overlays/{overlay}/kustomization.yaml");
            Copy::new().edit(&path, "transformers:\n", &format!("{more}\ntransformers:\n"))
        }
    };
    let object = |text: &'static str| {
        move |overlay: &str| {
            let copy = Copy::new();
            copy.0.write(&format!("overlays/{overlay}/more.yaml"), text);
            copy.edit(
                &format!("overlays/{overlay}/kustomization.yaml"),
                "  - ../../base\n",
                "  - ../../base\n  - more.yaml\n",
            )
        }
    };
    let scaled = "{apiVersion: apps/v1, kind: Deployment, name: scheduler}";
    let autoscaler = format!("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: more}}\nspec: {{maxReplicas: 2, scaleTargetRef: {scaled}}}\n").leak();
    let keda = format!("apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {{name: more}}\nspec: {{scaleTargetRef: {scaled}, triggers: [{{type: cron, metadata: {{timezone: UTC, start: 0 6 * * *, end: 0 8 * * *, desiredReplicas: \"2\"}}}}]}}\n").leak();
    let wider = |overlay: &str| {
        Copy::new().functions(overlay, |all| {
            all["availability-more"] = json!({"kind": "Availability", "spec": {
                "autoscaling": {"maxReplicas": 3, "cpu": 80}, "targets": [{"kind": "Deployment", "name": "scheduler"}],
            }});
        })
    };
    type Ask<'a> = (&'a str, Box<dyn Fn(&str) -> Copy + 'a>);
    let ways: Vec<Ask<'_>> = vec![
        (
            "a strategic patch",
            Box::new(kustomization(
                "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: scheduler}, spec: {replicas: 2}}'}]",
            )),
        ),
        (
            "a JSON patch",
            Box::new(kustomization(
                "patches: [{target: {kind: Deployment, name: scheduler}, patch: '[{\"op\": \"add\", \"path\": \"/spec/replicas\", \"value\": 2}]'}]",
            )),
        ),
        (
            "a patch of the strategy",
            Box::new(kustomization(
                "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: scheduler}, spec: {strategy: {type: RollingUpdate}}}'}]",
            )),
        ),
        ("replicas of kustomize", Box::new(kustomization("replicas: [{name: scheduler, count: 2}]"))),
        (
            "the base",
            Box::new(|_: &str| {
                Copy::new().edit(
                    "base/scheduler.yaml",
                    "spec:\n  selector:\n    matchLabels:",
                    "spec:\n  replicas: 2\n  selector:\n    matchLabels:",
                )
            }),
        ),
        ("an autoscaler", Box::new(object(autoscaler))),
        ("KEDA", Box::new(object(keda))),
        ("another function", Box::new(wider)),
    ];
    for (what, ask) in ways {
        for name in OVERLAYS {
            let said = ask(name).refused(name);
            assert!(
                said.contains("scheduler") && said.contains("[availability-scheduler singleton"),
                "{what} in {name}: {said}"
            );
        }
    }
}

/// What is above the overlay runs after krmor; `krmor check` of what comes out finds it.
#[test]
fn ae_5_a_second_scheduler_from_above_is_found_by_check() {
    let copy = Copy::new();
    let above = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../production]\n";
    for (more, code) in [("", 0), ("replicas: [{name: scheduler, count: 2}]\n", 1)] {
        copy.0.write("overlays/above/kustomization.yaml", format!("{above}{more}"));
        let rendered = render(&copy.path("above")).unwrap();
        let mut check = krmor();
        check.args(["check", "--config", "examples/aether/overlays/production/krmor.yaml", "-"]);
        let out = pipe(&mut check, rendered.as_bytes());
        let said = text(&out.stdout) + &text(&out.stderr);
        assert_eq!(out.status.code(), Some(code), "{more}: {said}");
        assert_eq!(said.contains("[availability-scheduler singleton]"), code == 1, "{said}");
    }
}

#[test]
fn ae_6_the_ui_is_nginx_behind_the_ingress() {
    for name in OVERLAYS {
        let objects = overlay(name);
        let ui = named(&objects, "Deployment", "ui");
        if LIKE_PRODUCTION.contains(&name) {
            assert_eq!(ui["spec"]["replicas"], 2, "{name}");
            assert_eq!(named(&objects, "PodDisruptionBudget", "ui")["spec"]["selector"], ui["spec"]["selector"]);
        }
        let nginx = container(&objects, "Deployment", "ui");
        for probe in ["livenessProbe", "readinessProbe"] {
            assert_eq!(nginx[probe]["httpGet"], json!({"path": "/healthz", "port": "http"}), "{name}");
        }
        // Root of the image, not of the pod; what it writes at the start it finds filled, and everything else is read-only.
        let pod = pod(&objects, "Deployment", "ui");
        assert_eq!(
            (&pod["securityContext"]["runAsUser"], &nginx["securityContext"]["readOnlyRootFilesystem"]),
            (&json!(101), &json!(true))
        );
        for path in ["/usr/share/nginx/html", "/etc/nginx/conf.d"] {
            let mount =
                nginx["volumeMounts"].as_array().unwrap().iter().find(|mount| mount["mountPath"] == path).unwrap();
            let seeds = pod["initContainers"].as_array().unwrap().iter();
            let seed = seeds.clone().find(|seed| seed["volumeMounts"][0]["name"] == mount["name"]).unwrap();
            assert_eq!(seed["command"], json!(["cp", "-R", format!("{path}/."), "/krmor-seed/"]), "{name}");
            assert_eq!(seed["image"], nginx["image"], "{name}");
        }
        // The browser asks for /api on the same host, which the Ingress sends to the API.
        assert_eq!(settings(&objects, "ui")["AETHER_API_URL"], "/api");
        // nginx does not start when its upstream's name is unknown.
        let upstream = settings(&objects, "ui")["AETHER_API_UPSTREAM"].as_str().unwrap();
        named(&objects, "Service", upstream.strip_prefix("http://").unwrap());
    }
}

#[test]
fn ae_7_postgres_is_a_stateful_set_with_a_claim() {
    for name in OVERLAYS {
        let objects = overlay(name);
        let set = the(&objects, "StatefulSet");
        let template = &set["spec"]["volumeClaimTemplates"][0];
        assert!(template["spec"].get("storageClassName").is_none(), "the default storage class");
        assert!(template["spec"]["resources"]["requests"]["storage"].is_string());
        let postgres = container(&objects, "StatefulSet", "postgres");
        let mount =
            postgres["volumeMounts"].as_array().unwrap().iter().find(|one| one["name"] == template["metadata"]["name"]);
        let variables = postgres["env"].as_array().unwrap();
        let data = variables.iter().find(|one| one["name"] == "PGDATA").unwrap()["value"].as_str().unwrap();
        assert!(
            data.starts_with(&format!("{}/", mount.unwrap()["mountPath"].as_str().unwrap())),
            "{name}: not below the mount"
        );
        let context = &pod(&objects, "StatefulSet", "postgres")["securityContext"];
        assert_eq!((&context["runAsUser"], &context["fsGroup"]), (&json!(70), &json!(70)), "{name}");
    }
}

#[test]
fn ae_8_mlflow_is_a_deployment_that_the_api_uses() {
    for name in OVERLAYS {
        let objects = overlay(name);
        let mlflow = named(&objects, "Deployment", "mlflow");
        // One node mounts its volume.
        assert_eq!(
            (&mlflow["spec"]["replicas"], &mlflow["spec"]["strategy"]["type"]),
            (&json!(1), &json!("Recreate")),
            "{name}"
        );
        let claim = &pod(&objects, "Deployment", "mlflow")["volumes"][0]["persistentVolumeClaim"]["claimName"];
        named(&objects, "PersistentVolumeClaim", claim.as_str().unwrap());
        let port = &named(&objects, "Service", "mlflow")["spec"]["ports"][0]["port"];
        assert_eq!(settings(&objects, "api")["MLFLOW_TRACKING_URI"], format!("http://mlflow:{port}"));
        // The server refuses other hosts; the kubelet asks as one that it takes.
        let container = container(&objects, "Deployment", "mlflow");
        let host = format!("mlflow:{port}");
        assert!(container["command"].as_array().unwrap().contains(&json!(format!("--allowed-hosts={host}"))));
        let header = &container["livenessProbe"]["httpGet"]["httpHeaders"][0];
        assert_eq!(header, &json!({"name": "Host", "value": host}));
    }
}

#[test]
fn ae_9_every_workload_has_a_cluster_ip_service() {
    for name in OVERLAYS {
        let objects = overlay(name);
        for (kind, workload) in [
            ("Deployment", "api"),
            ("Deployment", "scheduler"),
            ("Deployment", "ui"),
            ("StatefulSet", "postgres"),
            ("Deployment", "mlflow"),
        ] {
            let service = &named(&objects, "Service", workload)["spec"];
            assert_eq!(service["type"], "ClusterIP", "{name}");
            assert_eq!(
                service["selector"],
                named(&objects, kind, workload)["spec"]["selector"]["matchLabels"],
                "{name}"
            );
        }
        assert_eq!(objects.iter().filter(|object| object["kind"] == "Service").count(), 5, "{name}");
    }
}

#[test]
fn ae_10_one_ingress_routes_by_path_and_encrypts() {
    for (name, host) in
        [("dev", "aether.localhost"), ("staging", "aether.staging.example.com"), ("production", "aether.example.com")]
    {
        let objects = overlay(name);
        let ingress = &the(&objects, "Ingress");
        let rule = &ingress["spec"]["rules"][0];
        assert_eq!(rule["host"], host);
        let paths = rule["http"]["paths"].as_array().unwrap().iter();
        let paths: Vec<_> = paths
            .map(|one| (one["path"].as_str().unwrap(), one["backend"]["service"]["name"].as_str().unwrap()))
            .collect();
        assert_eq!(paths, [("/api/", "api"), ("/", "ui")], "{name}");
        assert_eq!(ingress["spec"]["tls"], json!([{"hosts": [host], "secretName": "aether-tls"}]), "{name}");
        assert_eq!(
            ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/force-ssl-redirect"], "true",
            "{name}"
        );
        let origin = settings(&objects, "api")["WEBAUTHN_ORIGIN"].as_str().unwrap();
        assert_eq!(origin, format!("https://{host}"), "passkeys are for the host that is served");
    }
}

/// Who may connect to whom, as an analyser that shares no code with krmor reads the policies: AE-11, and nothing else.
#[test]
fn ae_11_the_network_policies_allow_what_is_declared_and_nothing_else() {
    let (api, scheduler, ui) = ("Deployment/aether/api", "Deployment/aether/scheduler", "Deployment/aether/ui");
    let (postgres, mlflow) = ("StatefulSet/aether/postgres", "Deployment/aether/mlflow");
    let migration = "Job/aether/api-migrate";
    for name in OVERLAYS {
        let mut wanted = vec![
            ("ingress controller", api, "TCP 8000"),
            (api, postgres, "TCP 5432"),
            (api, mlflow, "TCP 5000"),
            (api, "Home Assistant", "TCP 8123"),
            (api, "LLM APIs", "TCP 443"),
            (scheduler, postgres, "TCP 5432"),
            (scheduler, "Home Assistant", "TCP 8123"),
            (scheduler, "LLM APIs", "TCP 443"),
            ("ingress controller", ui, "TCP 8080"),
        ];
        // Names are asked for by everybody.
        wanted.extend([api, scheduler, ui, postgres, mlflow].map(|one| (one, "DNS", "TCP 53; UDP 53")));
        if LIKE_PRODUCTION.contains(&name) {
            // The API's own migration (AE-12), in its Job; and what the monitor is for.
            wanted.extend([
                (migration, postgres, "TCP 5432"),
                (migration, "DNS", "TCP 53; UDP 53"),
                ("Prometheus", api, "TCP 8000"),
            ]);
        }
        let wanted: BTreeMap<(String, String), String> =
            wanted.into_iter().map(|(from, to, ports)| ((from.to_owned(), to.to_owned()), ports.to_owned())).collect();
        let rendered = render(&format!("examples/aether/overlays/{name}")).unwrap();
        let found = analysed(&rendered, &outside());
        println!("\n{name}\n\n| from | to | ports |\n| --- | --- | --- |");
        for ((from, to), ports) in &found {
            println!("| {from} | {to} | {ports} |");
        }
        assert_eq!(found, wanted, "{name}");
    }
}

/// Who is outside: those of AE-11, and others, who may do nothing.
fn outside() -> Value {
    let prometheus = json!({"app.kubernetes.io/name": "prometheus"});
    let controller = json!({"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"});
    json!({"outside": [
        {"name": "DNS", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}, "ports": {"dns": 53}},
        {"name": "ingress controller", "namespace": "ingress-nginx", "labels": controller},
        {"name": "Prometheus", "namespace": "monitoring", "labels": prometheus},
        {"name": "Home Assistant", "cidr": "192.168.1.20/32"},
        {"name": "LLM APIs", "cidr": "104.18.7.192/32"},
        {"name": "a neighbour of Home Assistant", "cidr": "192.168.1.21/32"},
        {"name": "metadata of a cloud", "cidr": "169.254.169.254/32"},
        {"name": "other private networks", "cidr": "10.0.0.0/8"},
        {"name": "another pod of the namespace", "namespace": "aether", "labels": {"app": "debug"}},
        {"name": "a controller's other pod", "namespace": "ingress-nginx", "labels": {"app.kubernetes.io/component": "backend"}},
        {"name": "a Prometheus elsewhere", "namespace": "shop", "labels": prometheus},
        {"name": "a controller elsewhere", "namespace": "shop", "labels": controller},
        {"name": "Vault", "namespace": "vault", "labels": {"app.kubernetes.io/name": "vault"}},
    ]})
}

/// The proof can fail: with an edge more, or without the policies, the table is another one.
#[test]
fn ae_11_the_proof_sees_what_is_too_much() {
    let base = render("examples/aether/base").unwrap();
    assert!(analysed(&base, &outside()).len() > 40, "without policies everything is open");
    let copy = Copy::new().functions("production", |all| {
        let edges = all["network-policies"]["spec"]["edges"].as_array_mut().unwrap();
        edges.push(json!({"from": ["ui"], "to": ["api"]}));
    });
    let found = analysed(&render(&copy.path("production")).unwrap(), &outside());
    assert_eq!(found[&("Deployment/aether/ui".to_owned(), "Deployment/aether/api".to_owned())], "TCP 8000");
}

#[test]
fn ae_13_dev_is_small_staging_is_like_production() {
    let [dev, staging, production] = OVERLAYS.map(overlay);
    let kinds = |objects: &[Value]| {
        let names = objects.iter().map(|one| format!("{} {}", one["kind"], one["metadata"]["name"]));
        names.map(|name| name.split("aether-").next().unwrap().to_owned()).collect::<BTreeSet<String>>()
    };
    assert_eq!(kinds(&staging).len(), kinds(&production).len());
    let workloads = |objects: &[Value]| {
        objects
            .iter()
            .filter(|one| one["spec"]["template"].is_object())
            .map(|one| one["metadata"]["name"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(workloads(&staging), workloads(&production));
    let quota = |objects: &[Value], resource: &str| {
        Quantity::of(&the(objects, "ResourceQuota")["spec"]["hard"][resource]).unwrap()
    };
    for resource in ["pods", "requests.cpu", "requests.memory", "limits.memory"] {
        assert!(quota(&dev, resource) < quota(&staging, resource), "{resource}");
        assert!(quota(&staging, resource) < quota(&production, resource), "{resource}");
    }
    assert!(!dev.iter().any(|one| {
        ["HorizontalPodAutoscaler", "ServiceMonitor", "ExternalSecret"].contains(&one["kind"].as_str().unwrap())
    }));
    assert_eq!(settings(&dev, "api")["LOG_LEVEL"], "debug");
    assert_eq!(settings(&production, "api")["LOG_LEVEL"], "info");
    // The same image everywhere, until production's line is changed.
    for program in ["api", "scheduler"] {
        assert_eq!(
            container(&dev, "Deployment", program)["image"],
            container(&production, "Deployment", program)["image"]
        );
    }
}

#[test]
fn ae_14_all_pools_together_fit_the_database() {
    let args = "          args:\n            - -c\n            - max_connections=200\n";
    let said = Copy::new()
        .edit("base/postgres.yaml", args, "          args:\n            - -c\n            - max_connections=100\n")
        .refused("production");
    let sum = "Deployment aether/api 8 × (5 + 10) = 120, Deployment aether/scheduler 1 × (5 + 10) = 15, reserve 35 make 170 connections, and the database takes 100";
    assert!(said.contains(sum), "{said}");
    // The default is 100, too; where nothing is declared there is no sum, and that is no pass.
    let said = Copy::new().edit("base/postgres.yaml", args, "").refused("production");
    assert!(said.contains("max_connections") && said.contains("[checks pools/unknown]"), "{said}");
    // Larger pools, and more pods.
    let said =
        Copy::new().edit("base/aether.env", "DATABASE_POOL_SIZE=5", "DATABASE_POOL_SIZE=9").refused("production");
    assert!(said.contains("make 206 connections"), "{said}");
    let more = Copy::new()
        .functions("production", |all| all["availability"]["spec"]["autoscaling"]["maxReplicas"] = json!(10));
    assert!(more.refused("production").contains("make 200 connections"), "fewer than it takes, not as many");
    // The page says the same.
    let page = std::fs::read_to_string("docs/aether.md").unwrap();
    assert!(page.contains("8 × 15 + 1 × 15 + 35 = 170"), "docs/aether.md");
}

/// The commands of docs/aether.md run in order, with a kubectl that only reads; what it quotes is really said.
#[test]
fn the_guide_is_true() {
    let folder = Folder::new("guide");
    copy("examples".as_ref(), &folder.0.join("examples"));
    for (name, path) in [("krmor", env!("CARGO_BIN_EXE_krmor").into()), ("kustomize", tool("kustomize"))] {
        folder.write(&format!("bin/{name}"), format!("#!/bin/sh\nexec '{}' \"$@\"\n", path.display()));
    }
    folder.write("bin/kubectl", "#!/bin/sh\ngrep -c ^kind: >/dev/null\n");
    let (blocks, _) = crate::docs::read("docs/aether.md");
    let script: Vec<&str> = blocks.iter().filter(|one| one.info == "sh").map(|one| one.text.as_str()).collect();
    assert_eq!(script.len(), 3);
    let path = format!("{}:{}", folder.0.join("bin").display(), std::env::var("PATH").unwrap());
    let prepare = "chmod +x bin/*; krmor install kustomize --home \"$PWD/home\" >/dev/null; export KUSTOMIZE_PLUGIN_HOME=\"$PWD/home\"";
    let mut shell = Command::new("bash");
    shell.current_dir(&folder.0).env("PATH", format!("{}:{path}", folder.0.join("bin").display()));
    let out = shell.args(["-euo", "pipefail", "-c", &format!("{prepare}\n{}", script.join("\n"))]).output().unwrap();
    assert!(out.status.success(), "{}\n{}", text(&out.stderr), text(&out.stdout));
    assert_eq!(text(&out.stdout).matches(": nothing to change in ").count(), 2, "{}", text(&out.stdout));

    let keyless = Copy::new().edit("overlays/dev/kustomization.yaml", "      - LLM_API_KEY=local-only\n", "");
    let presync = |all: &mut Value| all["migration"]["spec"]["job"]["hook"] = json!("argocd-presync");
    let few = Copy::new().edit("base/postgres.yaml", "max_connections=200", "max_connections=100");
    let said = [
        keyless.refused("dev"),
        few.refused("production"),
        Copy::new().functions("production", presync).refused("production"),
    ];
    let quotes: Vec<&str> = blocks.iter().filter(|one| one.info.is_empty()).map(|one| one.text.trim()).collect();
    assert_eq!(quotes.len(), said.len());
    for (quote, said) in quotes.into_iter().zip(said) {
        assert!(said.contains(quote), "{quote:?} is not in:\n{said}");
    }
}
