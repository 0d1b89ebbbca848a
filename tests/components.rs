//! The ready-made Components, through stock kustomize: by themselves, and under prefixes, suffixes, namespaces, hashes.

use std::collections::BTreeSet;

use crate::common::apps::{build, named, overlays, the, try_build};
use crate::common::{Folder, copy};
use serde_json::{Value, json};

/// A program with everything that the components look for.
const APP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
  annotations:
    krmor.dev/expose: \"true\"
    krmor.dev/monitor: \"true\"
    krmor.dev/availability: autoscaled
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: example.com/web:1
          envFrom: [{configMapRef: {name: settings}}]
          ports:
            - {name: http, containerPort: 8080}
            - {name: metrics, containerPort: 9090}
          resources: {requests: {cpu: 100m}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
  labels: {app: web}
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 80, targetPort: http}
    - {name: metrics, port: 9090, targetPort: metrics}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: leader
  annotations: {krmor.dev/availability: singleton}
spec:
  selector: {matchLabels: {app: leader}}
  template:
    metadata: {labels: {app: leader}}
    spec:
      containers: [{name: leader, image: example.com/leader:1}]
";

/// `app` lists the components; `overlay` stands on top of it.
fn layers(app: &str, overlay: &str) -> Folder {
    let folder = Folder::new("components");
    copy("kustomization/components".as_ref(), &folder.0.join("components"));
    folder.write("app/app.yaml", APP);
    folder.write(
        "app/kustomization.yaml",
        format!(
            "resources: [app.yaml]\nconfigMapGenerator: [{{name: settings, literals: [A=b]}}]\n\
             components: [../components/openshift, ../components/production, ../components/restricted]\n{app}"
        ),
    );
    folder.write("overlay/kustomization.yaml", format!("resources: [../app]\n{overlay}"));
    folder
}

/// What the objects name that is not among them: kind and name.
fn dangling(objects: &[Value]) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for object in objects {
        let spec = &object["spec"];
        let references: Vec<(&str, &Value)> = match object["kind"].as_str().unwrap() {
            "Route" => vec![("Service", &spec["to"]["name"])],
            "HorizontalPodAutoscaler" => vec![("Deployment", &spec["scaleTargetRef"]["name"])],
            "Deployment" => {
                let source = &spec["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"];
                vec![("ConfigMap", source)]
            }
            _ => Vec::new(),
        };
        for (kind, name) in references.into_iter().filter(|(_, name)| !name.is_null()) {
            let namespace = &object["metadata"]["namespace"];
            let is_there = objects.iter().any(|other| {
                other["kind"] == kind
                    && other["metadata"]["name"] == *name
                    && other["metadata"]["namespace"] == *namespace
            });
            if !is_there {
                found.insert((kind.to_owned(), name.to_string()));
            }
        }
    }
    found
}

#[test]
fn names_labels_and_namespaces_reach_what_components_emit() {
    let inner = "namePrefix: pre-\nnameSuffix: -suf\nnamespace: one\n";
    let labels = "labels: [{pairs: {team: a}, includeSelectors: true, includeTemplates: true}]\n";
    let outer = format!("namePrefix: out-\nnamespace: two\n{labels}");
    for (app, overlay, name, namespace) in [
        ("", "", "web", None),
        (inner, "", "pre-web-suf", Some("one")),
        ("", outer.as_str(), "out-web", Some("two")),
        (inner, outer.as_str(), "out-pre-web-suf", Some("two")),
    ] {
        let folder = layers(app, overlay);
        let objects = build(folder.0.join("overlay").to_str().unwrap());
        assert_eq!(dangling(&objects), BTreeSet::new(), "{name}");
        for kind in ["Route", "ServiceMonitor", "HorizontalPodAutoscaler", "PodDisruptionBudget"] {
            let object = the(&objects, kind);
            assert_eq!(object["metadata"]["name"], name, "{kind}");
            assert_eq!(object["metadata"].get("namespace").and_then(Value::as_str), namespace, "{kind}");
            assert_eq!(object["metadata"]["labels"]["app"], "web", "{kind}");
        }
        let workload = named(&objects, "Deployment", name);
        assert_eq!(the(&objects, "PodDisruptionBudget")["spec"]["selector"], workload["spec"]["selector"], "{name}");
        let service = named(&objects, "Service", name);
        let selected = the(&objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"].as_object().unwrap();
        assert!(selected.iter().all(|(key, value)| service["metadata"]["labels"][key] == *value), "{name}");
        let leader = name.replace("web", "leader");
        let leader = named(&objects, "Deployment", &leader);
        assert_eq!((&leader["spec"]["replicas"], &leader["spec"]["strategy"]["type"]), (&json!(1), &json!("Recreate")));
        for workload in [workload, leader] {
            assert_eq!(workload["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"], true);
        }
    }
}

/// The caveat of the README is real: an overlay on top can undo what a Component hardened, and `krmor check` sees it.
#[test]
fn an_overlay_on_top_can_undo_a_component() {
    let patch = "patches:\n- target: {kind: Deployment, name: web}\n  patch: |\n    - op: remove\n      path: /spec/template/spec/securityContext\n";
    let folder = layers("", patch);
    let objects = build(folder.0.join("overlay").to_str().unwrap());
    let pod = &named(&objects, "Deployment", "web")["spec"]["template"]["spec"];
    assert!(pod.get("securityContext").is_none());
    let stream: Vec<String> = objects.iter().map(Value::to_string).collect();
    let mut check = crate::common::krmor();
    check.args(["check", "--config", "kustomization/components/restricted/krmor.yaml", "-"]);
    assert_eq!(crate::common::pipe(&mut check, stream.join("\n---\n").as_bytes()).status.code(), Some(1));
}

#[test]
fn without_the_annotations_nothing_is_emitted() {
    let folder = layers("", "");
    let bare: String = APP
        .lines()
        .filter(|line| !line.contains("krmor.dev/") && !line.ends_with("annotations:"))
        .map(|line| format!("{line}\n"))
        .collect();
    folder.write("app/app.yaml", bare);
    let objects = build(folder.0.join("app").to_str().unwrap());
    let kinds: BTreeSet<&str> = objects.iter().map(|object| object["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["ConfigMap", "Deployment", "Service"]));
}

#[test]
fn what_cannot_be_done_stops_the_build() {
    let folder = layers("", "");
    folder.write("app/app.yaml", APP.replace("resources: {requests: {cpu: 100m}}", ""));
    let error = try_build(folder.0.join("app").to_str().unwrap()).unwrap_err();
    assert!(error.contains("Deployment web") && error.contains("cpu"), "{error}");
}

/// kustomize reads no configuration from outside a root, so each component and example that lists it has a copy. `UPDATE=1` writes it.
#[test]
fn the_copies_of_the_name_references_are_fresh() {
    let original = std::fs::read_to_string("kustomization/configurations/namereference.yaml").unwrap();
    let components = ["openshift", "production"].map(|component| format!("kustomization/components/{component}"));
    let listed = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path.join("kustomization.yaml")).unwrap().contains("- namereference.yaml\n")
    };
    let overlays = overlays().into_iter().filter(listed).map(|path| path.display().to_string());
    for folder in components.into_iter().chain(overlays) {
        let path = format!("{folder}/namereference.yaml");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &original).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), original, "{path} is stale: UPDATE=1 writes it");
    }
}
