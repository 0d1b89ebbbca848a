//! The application reactbin, line by line of its requirements; the ids name the tests.

use std::process::Command;

use crate::common::apps::{build, named, overlays as every_overlay, the};
use crate::common::{Folder, copy, text};
use serde_json::{Value, json};

fn production() -> Vec<Value> {
    build("examples/reactbin/overlays/production")
}

fn pod<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    &named(objects, kind, name)["spec"]["template"]["spec"]
}

#[test]
fn rb_1_the_namespace_is_said_once() {
    let folder = Folder::new("reactbin");
    copy("examples/reactbin".as_ref(), &folder.0);
    folder.write(
        "overlays/mine/kustomization.yaml",
        "resources: [../../base]\nnamespace: mine\ntransformers: [../production/krmor.yaml]\n",
    );
    let path = folder.0.join("overlays/production/krmor.yaml");
    folder.write("overlays/mine/krmor.yaml", std::fs::read(path).unwrap());
    let own = std::fs::read_to_string(folder.0.join("overlays/mine/kustomization.yaml")).unwrap();
    folder.write("overlays/mine/kustomization.yaml", own.replace("../production/krmor.yaml", "krmor.yaml"));
    for (objects, namespace) in
        [(production(), "reactbin"), (build(folder.0.join("overlays/mine").to_str().unwrap()), "mine")]
    {
        assert_eq!(the(&objects, "Namespace")["metadata"]["name"], namespace);
        for object in objects.iter().filter(|object| object["kind"] != "Namespace") {
            assert_eq!(object["metadata"]["namespace"], namespace, "{object}");
        }
    }
}

#[test]
fn rb_2_health_is_probed() {
    let objects = production();
    let api = &pod(&objects, "Deployment", "api")["containers"][0];
    for probe in ["livenessProbe", "readinessProbe"] {
        assert_eq!(api[probe]["httpGet"], json!({"path": "/api/v1/health", "port": "http"}), "{probe}");
    }
    let ui = &pod(&objects, "Deployment", "ui")["containers"][0];
    assert_eq!(ui["livenessProbe"]["httpGet"], json!({"path": "/", "port": "http"}));
}

#[test]
fn rb_3_the_schema_comes_first_with_the_image_of_the_api() {
    let objects = production();
    let pod = pod(&objects, "Deployment", "api");
    let (migration, api) = (&pod["initContainers"][0], &pod["containers"][0]);
    assert_eq!(migration["command"], json!(["alembic", "upgrade", "head"]));
    assert_eq!(migration["image"], api["image"]);
    assert_eq!(migration["envFrom"], api["envFrom"]);
    assert!(migration.get("restartPolicy").is_none(), "it must end before the program starts");
    // alembic takes no lock: there is one pod, also during a rollout.
    let workload = named(&objects, "Deployment", "api");
    assert_eq!((&workload["spec"]["replicas"], &workload["spec"]["strategy"]["type"]), (&json!(1), &json!("Recreate")));
    // Every volume has a use.
    let mounts = pod.to_string();
    for volume in pod["volumes"].as_array().unwrap() {
        let mounted = format!("\"name\":{}", volume["name"]);
        assert!(mounts.matches(&mounted).count() >= 2, "{} is mounted nowhere", volume["name"]);
    }
}

#[test]
fn rb_4_the_api_shows_no_docs() {
    let objects = production();
    let config = &pod(&objects, "Deployment", "api")["containers"][0]["envFrom"][0]["configMapRef"]["name"];
    assert_eq!(named(&objects, "ConfigMap", config.as_str().unwrap())["data"]["API_DOCS_ENABLED"], "false");
}

#[test]
fn rb_5_one_ingress_routes_encrypts_and_redirects() {
    let objects = production();
    let ingress = the(&objects, "Ingress");
    let paths = ingress["spec"]["rules"][0]["http"]["paths"].as_array().unwrap();
    let to = |rule: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&rule["path"]), text(&rule["backend"]["service"]["name"]))
    };
    let mut routes: Vec<(String, String)> = paths.iter().map(to).collect();
    routes.sort();
    // The API's own 404 for its docs: the UI would answer them with its start page.
    let wanted = [("/", "ui"), ("/api/", "api"), ("/docs", "api"), ("/openapi.json", "api"), ("/redoc", "api")];
    assert_eq!(routes, wanted.map(|(path, service)| (path.to_owned(), service.to_owned())));
    let notes = &ingress["metadata"]["annotations"];
    assert_eq!(notes["cert-manager.io/cluster-issuer"], "letsencrypt-prod");
    assert_eq!(notes["nginx.ingress.kubernetes.io/ssl-redirect"], "true");
    assert!(ingress["spec"]["tls"][0]["secretName"].is_string());
}

#[test]
fn rb_6_secrets_come_from_vault_and_stand_in_no_file() {
    let objects = production();
    assert!(!objects.iter().any(|object| object["kind"] == "Secret"), "a Secret is in the manifests");
    let secret = named(&objects, "VaultStaticSecret", "reactbin-api");
    assert_eq!((&secret["spec"]["type"], &secret["spec"]["destination"]["create"]), (&json!("kv-v2"), &json!(true)));
    assert_eq!(secret["spec"]["vaultAuthRef"], the(&objects, "VaultAuth")["metadata"]["name"]);
    let sources = &pod(&objects, "Deployment", "api")["containers"][0]["envFrom"];
    assert_eq!(sources[1]["secretRef"]["name"], secret["spec"]["destination"]["name"]);
}

#[test]
fn rb_7_storage_is_for_the_cluster_only() {
    let objects = production();
    let minio = named(&objects, "StatefulSet", "minio");
    let claim = &minio["spec"]["volumeClaimTemplates"][0]["spec"];
    assert!(claim.get("storageClassName").is_none(), "the default storage class");
    assert_eq!(named(&objects, "Service", "minio")["spec"]["type"], "ClusterIP");
    assert!(!the(&objects, "Ingress").to_string().contains("minio"));
}

/// Every variable of the API is in the Secret that the operator makes, or tells no secret by its name.
#[test]
fn rb_6_what_the_api_reads_is_from_vault_or_no_secret() {
    let objects = production();
    let pod = pod(&objects, "Deployment", "api");
    for list in ["initContainers", "containers"] {
        for container in pod[list].as_array().unwrap() {
            assert_eq!(container.get("env"), None, "{container}");
            for source in container["envFrom"].as_array().unwrap() {
                if let Some(name) = source["secretRef"]["name"].as_str() {
                    assert_eq!(named(&objects, "VaultStaticSecret", name)["spec"]["destination"]["name"], name);
                    continue;
                }
                let map = named(&objects, "ConfigMap", source["configMapRef"]["name"].as_str().unwrap());
                for key in map["data"].as_object().unwrap().keys() {
                    let words = ["SECRET", "PASSWORD", "TOKEN", "KEY", "DATABASE_URL", "DSN", "CREDENTIAL"];
                    assert!(!words.iter().any(|word| key.contains(word)), "{key} is a secret by its name");
                }
            }
        }
    }
}

/// The only Job, and what it is called.
fn bucket(objects: &[Value]) -> (&Value, &str) {
    let job = the(objects, "Job");
    let name = job["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("minio-make-bucket-"), "{name}");
    (job, name)
}

#[test]
fn rb_8_the_bucket_job_can_be_applied_again() {
    let first = production();
    let (job, name) = bucket(&first);
    assert_eq!(job, bucket(&production()).0, "its template never changes by itself");
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    assert!(container["command"].to_string().contains("mc mb --ignore-existing"));
    // A Job cannot be changed: another image, or another bucket, is another Job.
    let changed = |file: &str, from: &str, to: &str| {
        let folder = Folder::new("reactbin");
        copy("examples/reactbin".as_ref(), &folder.0);
        let before = std::fs::read_to_string(folder.0.join(file)).unwrap();
        let after = before.replacen(from, to, 1);
        assert_ne!(before, after, "{file} has no {from:?}");
        folder.write(file, after);
        let objects = build(folder.0.join("overlays/production").to_str().unwrap());
        let (job, name) = bucket(&objects);
        (name.to_owned(), job["spec"]["template"].clone())
    };
    let config = "overlays/production/krmor.yaml";
    for (file, from, to) in [
        (config, "pgsty/mc:RELEASE.2026-09-16", "pgsty/mc:RELEASE.2026-10-01"),
        (config, "mc mb --ignore-existing", "mc mb --with-lock --ignore-existing"),
        ("base/kustomization.yaml", "S3_BUCKET=pastes", "S3_BUCKET=other"),
    ] {
        let (other, template) = changed(file, from, to);
        assert!(other != name && template != job["spec"]["template"], "{from}: {other}");
        assert_eq!(changed(file, from, to).0, other, "the same content has the same name");
    }
    // What the Job does not run is not in its name.
    assert_eq!(changed("base/ui.yaml", "reactbin-ui:0.9.0", "reactbin-ui:1.0.0").0, name);
}

/// MinIO's own images are no longer made: server and client are of one maintained build, each pinned.
#[test]
fn rb_7_minio_is_a_maintained_build() {
    let objects = production();
    for (kind, name, image) in [
        ("StatefulSet", "minio", "docker.io/pgsty/minio:RELEASE."),
        ("Job", bucket(&objects).1, "docker.io/pgsty/mc:RELEASE."),
    ] {
        let pinned = pod(&objects, kind, name)["containers"][0]["image"].as_str().unwrap();
        assert!(pinned.starts_with(image), "{pinned}");
    }
}

#[test]
fn rb_9_nothing_runs_as_root() {
    let objects = production();
    for (kind, name) in
        [("Deployment", "api"), ("Deployment", "ui"), ("StatefulSet", "minio"), ("Job", bucket(&objects).1)]
    {
        let context = &pod(&objects, kind, name)["securityContext"];
        assert_eq!(context["runAsNonRoot"], true, "{name}");
        assert!(context["runAsUser"].as_i64().unwrap() > 0, "{name}");
    }
}

/// A checkout of its own, whose files a test may change; tools are those of this one.
fn checkout() -> Folder {
    let folder = Folder::new("checkout");
    for part in ["examples", "kustomization", "tests/tools", "tests/crds"] {
        copy(part.as_ref(), &folder.0.join(part));
    }
    for file in ["Makefile", ".yamllint.yaml"] {
        std::fs::copy(file, folder.0.join(file)).unwrap();
    }
    let tools = std::path::absolute(".tools").unwrap();
    std::fs::create_dir_all(&tools).unwrap();
    std::os::unix::fs::symlink(tools, folder.0.join(".tools")).unwrap();
    folder
}

/// `make validate-k8s` in the checkout: whether it passes, and what it says.
fn validate(folder: &Folder, arguments: &[&str]) -> (bool, String) {
    let mut make = Command::new("make");
    // The tests may run below a make of their own.
    make.env_remove("MAKEFLAGS").env_remove("MFLAGS").env_remove("MAKELEVEL").env_remove("APP").env_remove("ENV");
    make.current_dir(&folder.0).args(["-s", "validate-k8s"]).args(arguments);
    make.arg(format!("KRMOR={}", env!("CARGO_BIN_EXE_krmor")));
    make.arg(format!("HOME_OF_PLUGINS={}", folder.0.join("plugins").display()));
    let out = make.output().unwrap();
    (out.status.success(), format!("{}{}", text(&out.stdout), text(&out.stderr)))
}

#[test]
fn rb_10_make_validate_k8s_passes() {
    let (passes, said) = validate(&checkout(), &[]);
    assert!(passes, "{said}");
    let overlays: Vec<_> = said.lines().filter(|line| line.starts_with("examples/")).collect();
    assert_eq!(overlays.len(), every_overlay().len(), "every overlay of every example: {overlays:?}");
    assert_eq!(said.matches(": nothing to change in ").count(), overlays.len(), "{said}");
    assert_eq!(said.matches("Invalid: 0, Errors: 0, Skipped: 0").count(), overlays.len(), "{said}");
}

#[test]
fn rb_10_make_validate_k8s_fails_on_what_is_wrong() {
    let production = "examples/reactbin/overlays/production";
    // What of a file is replaced, and what is said about it then.
    let cases = [
        ("ui.yaml", "      targetPort: http\n", "       targetPort: http\n", "syntax error"),
        ("ui.yaml", "metadata:\n  name: ui\n", "metadata:\n   name: ui\n   namespace: reactbin\n", "(indentation)"),
        ("ui.yaml", "  name: ui\n", "  name: ui\n  name: ui\n", "duplication of key \"name\" in mapping"),
        ("ui.yaml", "      port: 80\n", "      port: 80 \n", "(trailing-spaces)"),
        ("ui.yaml", "    spec:\n", "    spec:\n      nodeName:\n", "(empty-values)"),
        (
            "ui.yaml",
            "          ports:\n",
            "          imagePulPolicy: Always\n          ports:\n",
            "'imagePulPolicy' not allowed",
        ),
        ("ui.yaml", "containerPort: 8080\n", "containerPort: \"8080\"\n", "`containerPort` is a text"),
        ("minio.yaml", "  replicas: 1\n", "  replicas: 1\n  minReadySecond: 5\n", "'minReadySecond' not allowed"),
        (
            "namespace.yaml",
            "  name: reactbin\n",
            "  name: reactbin\n---\napiVersion: example.com/v1\nkind: Odd\nmetadata:\n  name: odd\n",
            "could not find schema for Odd",
        ),
    ];
    let base = cases.map(|(file, from, to, wanted)| (format!("examples/reactbin/base/{file}"), from, to, wanted));
    // Rendered without krmor, and by one that is undone afterwards.
    let kustomization = format!("{production}/kustomization.yaml");
    let undone = "transformers:\n  - krmor.yaml\n  - |-\n    apiVersion: builtin\n    kind: PatchTransformer\n    metadata:\n      name: undo\n    target:\n      name: ui\n      kind: Deployment\n    patch: '[{op: remove, path: /spec/template/spec/securityContext/runAsNonRoot}]'\n";
    let render = [
        (kustomization.clone(), "transformers:\n  - krmor.yaml\n", "", "a run would make "),
        (kustomization, "transformers:\n  - krmor.yaml\n", undone, "runAsNonRoot"),
    ];
    for (path, from, to, wanted) in base.into_iter().chain(render) {
        let folder = checkout();
        let before = std::fs::read_to_string(folder.0.join(&path)).unwrap();
        let after = before.replacen(from, to, 1);
        assert_ne!(before, after, "{path} has no {from:?}");
        folder.write(&path, after);
        let (passes, said) = validate(&folder, &["APP=reactbin"]);
        assert!(!passes && said.contains(wanted), "{path}: {wanted:?} in:\n{said}");
    }
}

#[test]
fn rb_10_custom_resources_are_validated_too() {
    let folder = checkout();
    let path = "examples/argusai/overlays/production/secret.yaml";
    let secret = std::fs::read_to_string(folder.0.join(path)).unwrap();
    folder.write(path, secret.replace("refreshInterval:", "refreshIntervall:"));
    let (passes, said) = validate(&folder, &["APP=argusai", "ENV=production"]);
    assert!(!passes && said.contains("'refreshIntervall' not allowed"), "{said}");
    // One overlay is asked for, and one is looked at.
    assert_eq!(said.lines().filter(|line| line.starts_with("examples/")).count(), 1, "{said}");
    let (passes, said) = validate(&folder, &["APP=argusai", "ENV=nowhere"]);
    assert!(!passes && said.contains("there is no such overlay"), "{said}");
}
