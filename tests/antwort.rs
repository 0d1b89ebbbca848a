//! The application antwort, line by line of its requirements; the ids name the tests.

use std::process::Command;
use std::sync::Arc;

use crate::common::apps::{build, named, the, try_build};
use crate::common::{Folder, copy, text};
use krmor::quantity::Quantity;
use krmor::yaml;
use serde_json::{Value, json};

#[test]
fn aw_1_the_base_has_its_objects_and_the_service_exposes_8080() {
    let objects = build("examples/antwort/base");
    for kind in ["Deployment", "Service", "ConfigMap", "ServiceAccount"] {
        the(&objects, kind);
    }
    let ports = the(&objects, "Service")["spec"]["ports"].as_array().unwrap();
    assert!(ports.iter().any(|port| port["port"] == 8080));
    // Lean: nothing that a function injects is in it.
    let base = json!(objects).to_string();
    for word in ["securityContext", "automountServiceAccountToken", "livenessProbe", "resources"] {
        assert!(!base.contains(word), "the base has {word}");
    }
}

/// `GET /healthz` on 8080; readiness alone sees the backend; each threshold is fit for what its failure does.
#[test]
fn aw_2_probes_ask_healthz_on_8080_with_thresholds_fit_for_each_purpose() {
    for overlay in ["dev", "production"] {
        let objects = build(&format!("examples/antwort/overlays/{overlay}"));
        let containers = the(&objects, "Deployment")["spec"]["template"]["spec"]["containers"].as_array().unwrap();
        assert_eq!(containers.len(), 1, "{overlay}");
        let container = &containers[0];
        let request = |probe: &str| {
            let get = &container[probe]["httpGet"];
            let named = container["ports"].as_array().unwrap().iter().find(|port| port["name"] == get["port"]);
            assert_eq!(named.unwrap()["containerPort"], 8080, "{overlay}: {probe}");
            assert!(get.get("scheme").is_none_or(|scheme| scheme == "HTTP"), "{overlay}: {probe}");
            assert!(get.get("host").is_none(), "{overlay}: {probe}");
            get["path"].as_str().unwrap()
        };
        assert_eq!(request("livenessProbe"), "/healthz", "{overlay}");
        assert_eq!(request("startupProbe"), "/healthz", "{overlay}");
        assert_eq!(request("readinessProbe"), "/healthz?check=backend", "{overlay}");

        let number = |probe: &str, key: &str| container[probe][key].as_i64().unwrap();
        let time = |probe: &str| number(probe, "periodSeconds") * number(probe, "failureThreshold");
        for probe in ["livenessProbe", "startupProbe", "readinessProbe"] {
            assert!(number(probe, "timeoutSeconds") <= number(probe, "periodSeconds"), "{overlay}: {probe}");
        }
        // A restart costs more than a moment without traffic, and comes later.
        assert!(time("livenessProbe") >= 60, "{overlay}");
        assert!(time("readinessProbe") <= 15, "{overlay}");
        assert!(time("startupProbe") >= 30, "{overlay}");
        // Nothing waits for a fixed time: the startup probe sees when the program is there.
        for probe in ["livenessProbe", "readinessProbe"] {
            assert!(container[probe].get("initialDelaySeconds").is_none(), "{overlay}: {probe}");
        }
        assert!(number("startupProbe", "periodSeconds") <= 5, "{overlay}");
    }
}
/// Names that the program reads.
const SETTINGS: [&str; 6] = [
    "ANTWORT_BACKEND_URL",
    "ANTWORT_PROVIDER",
    "ANTWORT_MODEL",
    "ANTWORT_STORAGE",
    "ANTWORT_STORAGE_SIZE",
    "ANTWORT_AUTH_TYPE",
];

#[test]
fn aw_3_every_setting_has_a_default_and_an_overlay_changes_it() {
    let data = the(&build("examples/antwort/base"), "ConfigMap")["data"].clone();
    for setting in SETTINGS {
        assert!(data[setting].as_str().is_some_and(|value| !value.is_empty()), "no default for {setting} in {data}");
    }
    assert_eq!((&data["ANTWORT_STORAGE"], &data["ANTWORT_AUTH_TYPE"]), (&json!("memory"), &json!("none")));
    for setting in SETTINGS {
        let folder = Folder::new(&format!("aw3-{setting}"));
        copy("examples/antwort".as_ref(), &folder.0.join("antwort"));
        let overlay = format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../base]\nconfigMapGenerator:\n\
             - name: antwort\n  behavior: merge\n  literals: [{setting}=changed]\ntransformers: [krmor.yaml]\n"
        );
        folder.write(
            "antwort/overlays/mine/krmor.yaml",
            std::fs::read("examples/antwort/overlays/dev/krmor.yaml").unwrap(),
        );
        folder.write("antwort/overlays/mine/kustomization.yaml", overlay);
        let objects = build(folder.0.join("antwort/overlays/mine").to_str().unwrap());
        let config = the(&objects, "ConfigMap");
        let mut wanted = data.clone();
        wanted[setting] = json!("changed");
        assert_eq!(config["data"], wanted, "{setting}");
        // The pods read the changed ConfigMap.
        let container = &the(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
        assert!(container["envFrom"].to_string().contains(config["metadata"]["name"].as_str().unwrap()), "{container}");
    }
}

#[test]
fn aw_3_without_a_setting_the_build_fails_and_says_which() {
    for setting in SETTINGS {
        let folder = Folder::new(&format!("aw3-without-{setting}"));
        copy("examples/antwort".as_ref(), &folder.0.join("antwort"));
        let defaults = std::fs::read_to_string("examples/antwort/base/antwort.env").unwrap();
        let kept = defaults.lines().filter(|line| !line.starts_with(&format!("{setting}=")));
        folder.write("antwort/base/antwort.env", kept.map(|line| format!("{line}\n")).collect::<String>());
        for overlay in ["dev", "production"] {
            // What an overlay sets itself is there.
            let file = folder.0.join("antwort/overlays").join(overlay).join("kustomization.yaml");
            let own = std::fs::read_to_string(&file).unwrap();
            let kept = own.lines().filter(|line| !line.contains(&format!("- {setting}=")));
            let kept: String = kept.map(|line| format!("{line}\n")).collect();
            let is_set = kept != own;
            let build = || try_build(folder.0.join("antwort/overlays").join(overlay).to_str().unwrap());
            assert_eq!(build().is_ok(), is_set, "{overlay} {setting}");
            std::fs::write(&file, kept).unwrap();
            let message = build().unwrap_err();
            assert!(message.contains(&format!("antwort needs `{setting}`")), "{message}");
            assert!(message.contains("Deployment antwort"), "{message}");
        }
    }
}

/// The program exits without the URL: a ConfigMap that lacks it holds the pods back, so none restarts for ever.
#[test]
fn aw_3_the_url_is_named_by_its_key() {
    for overlay in ["dev", "openshift", "production"] {
        let objects = build(&format!("examples/antwort/overlays/{overlay}"));
        let config = objects.iter().find(|object| !object["data"]["ANTWORT_BACKEND_URL"].is_null()).unwrap();
        let container = &the(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
        let key = json!({"name": config["metadata"]["name"], "key": "ANTWORT_BACKEND_URL"});
        assert_eq!(container["env"], json!([{"name": "ANTWORT_BACKEND_URL", "valueFrom": {"configMapKeyRef": key}}]));
    }
}

/// `jwt` asks for a JWKS URL, which only the mounted config.yaml can say.
#[test]
fn aw_3_who_asks_for_tokens_says_where_their_keys_are() {
    for overlay in ["dev", "openshift", "production"] {
        let objects = build(&format!("examples/antwort/overlays/{overlay}"));
        let pod = &the(&objects, "Deployment")["spec"]["template"]["spec"];
        let mut maps = objects.iter().filter(|object| object["kind"] == "ConfigMap");
        let asks = maps.any(|map| map["data"]["ANTWORT_AUTH_TYPE"] == "jwt");
        let volume =
            &pod["volumes"].as_array().unwrap().iter().find(|one| one["name"] == "config").unwrap()["configMap"];
        let mount = pod["containers"][0]["volumeMounts"].as_array().unwrap().iter().find(|one| one["name"] == "config");
        assert_eq!(mount.unwrap()["mountPath"], "/etc/antwort", "{overlay}");
        let file =
            objects.iter().find(|object| object["kind"] == "ConfigMap" && object["metadata"]["name"] == volume["name"]);
        let says =
            file.is_some_and(|file| file["data"]["config.yaml"].as_str().unwrap().contains("jwks_url: https://"));
        assert_eq!(asks, says, "{overlay}");
        assert_eq!(volume["optional"], true, "{overlay}");
    }
}

/// The image's `USER` is a name, so a number is said; on OpenShift the platform says one when the pod is made.
#[test]
fn aw_4_pods_are_restricted_and_not_root() {
    for overlay in ["dev", "openshift", "production"] {
        let objects = build(&format!("examples/antwort/overlays/{overlay}"));
        let pod = &the(&objects, "Deployment")["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{overlay}");
        let uid = if overlay == "openshift" { Value::Null } else { json!(65532) };
        assert_eq!(pod["securityContext"]["runAsUser"], uid, "{overlay}");
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{overlay}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{overlay}");
        for container in pod["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false, "{overlay}");
            assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{overlay}");
            assert_eq!(context["readOnlyRootFilesystem"], true, "{overlay}");
            assert_ne!(context["runAsUser"], 0, "{overlay}");
        }
    }
}

/// An amount of the gateway's container.
fn amount(objects: &[Value], list: &str, resource: &str) -> Quantity {
    let container = &the(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
    let value = &container["resources"][list][resource];
    Quantity::of(value).unwrap_or_else(|error| panic!("{list} of {resource}: {error}"))
}

#[test]
fn aw_5_requests_and_limits_fit_a_go_http_server() {
    let read = |text| Quantity::parse(text).unwrap();
    for overlay in ["dev", "production"] {
        let objects = build(&format!("examples/antwort/overlays/{overlay}"));
        let [cpu, memory] = ["cpu", "memory"].map(|resource| {
            let (request, limit) = (amount(&objects, "requests", resource), amount(&objects, "limits", resource));
            assert!(request < limit, "{overlay}: bursts of {resource} have room");
            (request, limit)
        });
        // A Go server idles in a few ten MiB and is never given a node for itself.
        assert!(cpu.0 >= read("10m") && cpu.1 <= read("4"), "{overlay}: {cpu:?}");
        assert!(memory.0 >= read("32Mi") && memory.1 <= read("2Gi"), "{overlay}: {memory:?}");
    }
}

#[test]
fn aw_6_dev_is_smaller_and_logs_more() {
    let [dev, production] = ["dev", "production"].map(|overlay| build(&format!("examples/antwort/overlays/{overlay}")));
    for (list, resource) in [("requests", "cpu"), ("requests", "memory"), ("limits", "cpu"), ("limits", "memory")] {
        assert!(amount(&dev, list, resource) < amount(&production, list, resource), "{list} of {resource}");
    }
    let level = |objects: &[Value]| {
        named(objects, "ConfigMap", settings_of(the(objects, "Deployment")))["data"]["ANTWORT_LOG_LEVEL"].clone()
    };
    assert_eq!(level(&dev), "debug");
    assert_ne!(level(&production), "debug");
}

#[test]
fn aw_7_production_scales_on_cpu_and_keeps_a_pod_through_a_drain() {
    let objects = build("examples/antwort/overlays/production");
    let deployment = the(&objects, "Deployment");
    assert_eq!(deployment["spec"].get("replicas"), None, "each apply would undo what the autoscaler did");

    let autoscaler = the(&objects, "HorizontalPodAutoscaler");
    assert_eq!(autoscaler["apiVersion"], "autoscaling/v2");
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment["metadata"]["name"]});
    assert_eq!(autoscaler["spec"]["scaleTargetRef"], target);
    let metric = &autoscaler["spec"]["metrics"][0];
    assert_eq!(
        (&metric["resource"]["name"], &metric["resource"]["target"]["type"]),
        (&json!("cpu"), &json!("Utilization"))
    );
    for container in deployment["spec"]["template"]["spec"]["containers"].as_array().unwrap() {
        assert!(
            container["resources"]["requests"]["cpu"].is_string(),
            "nothing to take the percentage of: {container}"
        );
    }
    let lowest = autoscaler["spec"]["minReplicas"].as_i64().unwrap();
    assert!(autoscaler["spec"]["maxReplicas"].as_i64().unwrap() > lowest);

    // At the lowest number a drain takes some pods, and leaves at least one.
    let budget = the(&objects, "PodDisruptionBudget");
    assert_eq!(budget["spec"]["selector"], deployment["spec"]["selector"]);
    let gone = budget["spec"]["maxUnavailable"].as_i64().unwrap();
    assert!(gone >= 1 && lowest - gone >= 1, "{budget} with {lowest} pods");
    assert_eq!(budget["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow");
}

/// The ConfigMap that the gateway's container reads.
fn settings_of(workload: &Value) -> &str {
    let container = &workload["spec"]["template"]["spec"]["containers"][0];
    container["envFrom"][0]["configMapRef"]["name"].as_str().unwrap()
}

/// The Route and the ServiceMonitor have the schemas of OpenShift and of the Prometheus operator.
#[test]
fn aw_8_openshift_has_a_route_with_edge_tls_and_a_monitor_of_the_metrics_port() {
    let objects = build("examples/antwort/overlays/openshift");
    let (route, service, workload) = (the(&objects, "Route"), the(&objects, "Service"), the(&objects, "Deployment"));
    assert_eq!(crate::common::crds::Crds::load().problems(route), Some(Vec::new()));
    let spec = &route["spec"];
    assert_eq!(spec["tls"], json!({"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"}));
    assert_eq!(spec["to"], json!({"kind": "Service", "name": service["metadata"]["name"], "weight": 100}));
    let ports = service["spec"]["ports"].as_array().unwrap();
    assert!(ports.iter().any(|port| port["name"] == spec["port"]["targetPort"] && port["port"] == 8080));
    assert_eq!(route["metadata"]["name"], workload["metadata"]["name"]);
    assert_eq!(route["metadata"]["labels"], workload["metadata"]["labels"]);
    // OpenShift assigns the ids.
    let pod = workload["spec"]["template"]["spec"].to_string();
    for id in ["runAsUser", "runAsGroup", "fsGroup"] {
        assert!(!pod.contains(id), "{id} is fixed");
    }

    let monitor = the(&objects, "ServiceMonitor");
    assert_eq!(crate::common::crds::Crds::load().problems(monitor), Some(Vec::new()));
    assert_eq!(monitor["spec"]["selector"]["matchLabels"], service["metadata"]["labels"]);
    // The program has one port, and its metrics there.
    assert_eq!(ports.len(), 1);
    assert_eq!(monitor["spec"]["endpoints"][0]["port"], ports[0]["name"]);
    let declared = workload["spec"]["template"]["spec"]["containers"][0]["ports"].as_array().unwrap();
    assert_eq!((declared.len(), &declared[0]["name"]), (1, &ports[0]["targetPort"]));
    let settings = &named(&objects, "ConfigMap", settings_of(workload))["data"];
    assert_eq!(declared[0]["containerPort"].to_string(), settings["ANTWORT_PORT"].as_str().unwrap());
}

/// One command renders and applies; here it applies to `cat`, on a cluster to `kubectl apply -f -`.
#[test]
fn aw_9_one_command_deploys() {
    let deploy = |environment: &str| {
        let krmor = format!("KRMOR={}", env!("CARGO_BIN_EXE_krmor"));
        let environment = format!("ENV={environment}");
        // The tests may run below a make of their own, whose flags would print folders among the objects.
        let mut make = Command::new("make");
        make.env_remove("MAKEFLAGS").env_remove("MFLAGS").env_remove("MAKELEVEL");
        make.args(["-s", "deploy", &environment, "APPLY=cat", &krmor]).output().unwrap()
    };
    let out = deploy("dev");
    assert!(out.status.success(), "{}", text(&out.stderr));
    let objects: Vec<Value> =
        yaml::parse(&Arc::new(text(&out.stdout))).unwrap().iter().filter_map(|d| d.root().to_value()).collect();
    assert_eq!(the(&objects, "Deployment")["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"], true);
    // An unknown environment is an error, and nothing is applied.
    let out = deploy("nowhere");
    assert!(!out.status.success());
    assert_eq!(text(&out.stdout), "");
}
