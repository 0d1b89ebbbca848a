//! The application argusai, line by line of its requirements; the ids name the tests.

use crate::common::apps::{build, named, the, try_build};
use crate::common::{Folder, copy};
use serde_json::{Value, json};

const OVERLAYS: [&str; 2] = ["local", "production"];

fn overlay(name: &str) -> Vec<Value> {
    build(&format!("examples/argusai/overlays/{name}"))
}

fn container(objects: &[Value], workload: &str) -> Value {
    let containers = &named(objects, "Deployment", workload)["spec"]["template"]["spec"]["containers"];
    assert_eq!(containers.as_array().unwrap().len(), 1);
    containers[0].clone()
}

/// Asserts a probe: path, and the port by its name.
fn asks(container: &Value, probe: &str, path: &str, port: u64) {
    let get = &container[probe]["httpGet"];
    assert_eq!(get["path"], path, "{probe}");
    let declared = container["ports"].as_array().unwrap().iter().find(|declared| declared["name"] == get["port"]);
    assert_eq!(declared.unwrap()["containerPort"], port, "{probe}");
}

#[test]
fn ar_1_the_backend_is_one_hardened_pod_with_its_data() {
    for name in OVERLAYS {
        let objects = overlay(name);
        let workload = named(&objects, "Deployment", "argusai-backend");
        assert_eq!(workload["spec"]["replicas"], 1, "{name}");
        let pod = &workload["spec"]["template"]["spec"];
        let context = &pod["securityContext"];
        assert_eq!((&context["runAsUser"], &context["fsGroup"]), (&json!(1000), &json!(1000)), "{name}");
        assert_eq!(context["runAsNonRoot"], true, "{name}");
        let container = container(&objects, "argusai-backend");
        let wanted = json!({
            "requests": {"cpu": "250m", "memory": "512Mi"},
            "limits": {"cpu": "1000m", "memory": "1Gi"},
        });
        assert_eq!(container["resources"], wanted, "{name}");
        for probe in ["livenessProbe", "readinessProbe"] {
            asks(&container, probe, "/api/v1/system/health", 8000);
        }
        let (liveness, readiness) = (&container["livenessProbe"], &container["readinessProbe"]);
        assert_eq!((&liveness["initialDelaySeconds"], &liveness["periodSeconds"]), (&json!(15), &json!(20)), "{name}");
        assert_eq!(readiness["initialDelaySeconds"], 5, "{name}");
        assert_eq!(container["imagePullPolicy"], "IfNotPresent", "{name}");
        // The ConfigMap and the Secret that the pod names are there, or made by what is there.
        let sources = container["envFrom"].as_array().unwrap();
        let config = sources[0]["configMapRef"]["name"].as_str().unwrap();
        named(&objects, "ConfigMap", config);
        let secret = sources[1]["secretRef"]["name"].as_str().unwrap();
        let keys = ["ENCRYPTION_KEY", "JWT_SECRET_KEY"];
        if name == "local" {
            let data = &named(&objects, "Secret", secret)["data"];
            assert!(keys.iter().all(|key| data.get(key).is_some()), "{data}");
        } else {
            let external = the(&objects, "ExternalSecret");
            assert_eq!(external["spec"]["target"]["name"], secret);
            let data = external["spec"]["data"].to_string();
            assert!(keys.iter().all(|key| data.contains(key)), "{data}");
            assert!(!objects.iter().any(|object| object["kind"] == "Secret"), "a secret in the manifests");
        }
        // As the program says: it is slow to load its models, and empties its queue before it ends.
        assert_eq!(container["startupProbe"]["httpGet"], container["livenessProbe"]["httpGet"], "{name}");
        let time = |key: &str| container["startupProbe"][key].as_i64().unwrap();
        assert!(time("periodSeconds") * time("failureThreshold") >= 150, "{name}");
        assert_eq!(pod["terminationGracePeriodSeconds"], 45, "{name}");
        let claim = the(&objects, "PersistentVolumeClaim");
        assert_eq!(claim["metadata"]["name"], "argusai-data", "{name}");
        assert_eq!(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "argusai-data", "{name}");
        assert_eq!(container["volumeMounts"][0]["mountPath"], "/app/data", "{name}");
    }
}

/// What breaks SQLite on one volume stops the build, with a message that names both.
#[test]
fn ar_1_a_second_backend_is_refused() {
    let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: argusai-backend\nspec:\n  \
               scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: argusai-backend\n  maxReplicas: 4\n";
    for (what, addition) in [("replicas", "\nreplicas:\n  - name: argusai-backend\n    count: 2\n"), ("hpa", "\n")] {
        let folder = Folder::new("argusai");
        copy("examples/argusai".as_ref(), &folder.0);
        let path = folder.0.join("overlays/local/kustomization.yaml");
        let mut text = std::fs::read_to_string(&path).unwrap() + addition;
        if what == "hpa" {
            folder.write("overlays/local/hpa.yaml", hpa);
            text = text.replace("  - ../../base\n", "  - ../../base\n  - hpa.yaml\n");
        }
        std::fs::write(&path, text).unwrap();
        let error = try_build(folder.0.join("overlays/local").to_str().unwrap()).unwrap_err();
        assert!(error.contains("argusai-backend") && error.contains("singleton"), "{what}: {error}");
    }
}

#[test]
fn ar_2_the_frontend_is_hardened_and_told_where_the_api_is() {
    for name in OVERLAYS {
        let objects = overlay(name);
        let pod = &named(&objects, "Deployment", "argusai-frontend")["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsUser"], 1001, "{name}");
        let container = container(&objects, "argusai-frontend");
        let wanted =
            json!({"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}});
        assert_eq!(container["resources"], wanted, "{name}");
        for probe in ["livenessProbe", "readinessProbe"] {
            asks(&container, probe, "/", 3000);
            let timing = &container[probe];
            assert_eq!((&timing["initialDelaySeconds"], &timing["periodSeconds"]), (&json!(15), &json!(20)), "{name}");
        }
        let config = container["envFrom"][0]["configMapRef"]["name"].as_str().unwrap();
        let url = named(&objects, "ConfigMap", config)["data"]["NEXT_PUBLIC_API_URL"].as_str().unwrap();
        assert!(url.starts_with("http"), "{url}");
    }
}

#[test]
fn ar_3_names_labels_and_rollouts() {
    for name in OVERLAYS {
        let objects = overlay(name);
        for workload in ["argusai-backend", "argusai-frontend"] {
            let deployment = named(&objects, "Deployment", workload);
            for labels in [&deployment["metadata"]["labels"], &deployment["spec"]["template"]["metadata"]["labels"]] {
                assert_eq!(labels["app.kubernetes.io/name"], workload, "{name}");
                assert_eq!(labels["app.kubernetes.io/part-of"], "argusai", "{name}");
            }
            assert_eq!(container(&objects, workload)["ports"][0]["name"], "http", "{name}");
            assert_eq!(named(&objects, "Service", workload)["spec"]["ports"][0]["name"], "http", "{name}");
        }
        for object in &objects {
            for key in ["app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/part-of"] {
                assert!(
                    object["metadata"]["labels"][key].is_string(),
                    "{name}: {} has no {key}",
                    object["metadata"]["name"]
                );
            }
        }
        for service in objects.iter().filter(|object| object["kind"] == "Service") {
            assert_eq!(service["spec"]["ports"][0]["targetPort"], "http", "{name}");
        }
        // The new pod would wait for the volume that the old one holds.
        assert_eq!(
            named(&objects, "Deployment", "argusai-backend")["spec"]["strategy"],
            json!({"type": "Recreate"}),
            "{name}"
        );
    }
    let objects = overlay("production");
    let frontend = named(&objects, "Deployment", "argusai-frontend");
    assert_eq!(frontend["spec"]["strategy"]["type"], "RollingUpdate");
    assert_eq!(frontend["spec"]["replicas"], 2);
}

/// The program takes nothing else for a key, and ends: 32 bytes in URL-safe base64.
#[test]
fn ar_1_the_local_key_is_one_that_the_program_takes() {
    let objects = overlay("local");
    let key: k8s_openapi::ByteString =
        serde_json::from_value(the(&objects, "Secret")["data"]["ENCRYPTION_KEY"].clone()).unwrap();
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    assert!(key.0.len() == 44 && key.0[..43].iter().all(letter) && key.0[43] == b'=');
}
