//! The application antwort, line by line of its requirements; the ids name the tests.

mod common;

use std::process::Command;
use std::sync::Arc;

use common::{Folder, copy, krmor, text, tool};
use krmor::yaml;
use serde_json::{Value, json};

/// The objects of a kustomization, built by stock kustomize.
fn build(path: &str) -> Vec<Value> {
    let home = Folder::new(&format!("antwort-{}", path.replace('/', "-")));
    let installed = krmor().args(["install", "kustomize", "--home"]).arg(&home.0).output().unwrap();
    assert!(installed.status.success());
    let out = Command::new(tool("kustomize"))
        .args(["build", "--enable-alpha-plugins", path])
        .env("KUSTOMIZE_PLUGIN_HOME", &home.0)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    yaml::parse(&Arc::new(text(&out.stdout))).unwrap().iter().filter_map(|d| d.root().to_value()).collect()
}

fn the<'a>(objects: &'a [Value], kind: &str) -> &'a Value {
    let mut found = objects.iter().filter(|object| object["kind"] == kind);
    let object = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "more than one {kind}");
    object
}

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

#[test]
fn aw_3_every_setting_has_a_default_and_an_overlay_changes_it() {
    let settings =
        ["ANTWORT_BACKEND_URL", "ANTWORT_PROVIDER_TYPE", "ANTWORT_MODEL", "ANTWORT_STORAGE_TYPE", "ANTWORT_AUTH_TYPE"];
    let data = the(&build("examples/antwort/base"), "ConfigMap")["data"].clone();
    for setting in settings {
        assert!(data[setting].as_str().is_some_and(|value| !value.is_empty()), "no default for {setting} in {data}");
    }
    assert_eq!(data["ANTWORT_STORAGE_TYPE"], "memory");
    for setting in settings {
        let folder = Folder::new(&format!("aw3-{setting}"));
        copy("examples/antwort".as_ref(), &folder.0.join("antwort"));
        let overlay = format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../../base]\nconfigMapGenerator:\n\
             - name: antwort\n  behavior: merge\n  literals: [{setting}=changed]\n"
        );
        folder.write("antwort/overlays/mine/kustomization.yaml", overlay);
        let objects = build(folder.0.join("antwort/overlays/mine").to_str().unwrap());
        let config = the(&objects, "ConfigMap");
        let mut wanted = data.clone();
        wanted[setting] = json!("changed");
        assert_eq!(config["data"], wanted);
        // The pods read the changed ConfigMap.
        let container = &the(&objects, "Deployment")["spec"]["template"]["spec"]["containers"][0];
        assert!(container["envFrom"].to_string().contains(config["metadata"]["name"].as_str().unwrap()), "{container}");
    }
}

#[test]
fn aw_4_pods_are_restricted_and_not_root() {
    for overlay in ["dev", "openshift", "production"] {
        let objects = build(&format!("examples/antwort/overlays/{overlay}"));
        let pod = &the(&objects, "Deployment")["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{overlay}");
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

/// The first half: the Route. Its schema is that of OpenShift.
#[test]
fn aw_8_openshift_has_a_route_with_edge_tls_to_the_service() {
    let objects = build("examples/antwort/overlays/openshift");
    let (route, service, workload) = (the(&objects, "Route"), the(&objects, "Service"), the(&objects, "Deployment"));
    assert_eq!(common::crds::Crds::load().problems(route), Some(Vec::new()));
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
