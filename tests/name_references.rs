//! What krmor makes keeps naming the right objects when stock kustomize renames them: wherever krmor is called, and whatever
//! is above it. `kustomization/configurations/README.md` has the table that this measures.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::common::{Folder, krmor, text, tool};
use krmor::yaml;
use serde_json::Value;

const BASE: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: example.com/web:1, ports: [{name: http, containerPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: ca}
spec: {selfSigned: {}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec:
  gatewayClassName: any
  listeners:
  - {name: http, port: 80, protocol: HTTP}
  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: certificate}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: certificate}
type: kubernetes.io/tls
";

/// Where the file is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    Nowhere,
    BesideCall,
    Including,
    OnTop,
}

struct Layers(Folder);

impl Layers {
    /// `in_component`: krmor is called by a Component that the kustomization includes, else by the kustomization.
    fn new(test: &str, provider: &str, in_component: bool, listed: Listed) -> Self {
        let folder = Folder::new(&format!("{test}-{provider}-{in_component}-{listed:?}"));
        folder.write("base/all.yaml", BASE);
        folder.write("base/kustomization.yaml", "resources: [all.yaml]\n");
        let config = format!(
            "apiVersion: krmor.dev/v1alpha1\nkind: Exposure\nmetadata: {{name: expose}}\nspec:\n  provider: {provider}\n  \
             service: web\n  host: app.example.com\n  ingressClassName: nginx\n  ingressController: nginx\n  gateway: {{name: public, sectionName: https, \
             httpSectionName: http}}\n  tls: {{issuer: {{name: ca}}}}\n"
        );
        let calling = if in_component { "component" } else { "middle" };
        let list = |place: &str| {
            let here = match listed {
                Listed::Nowhere => false,
                Listed::BesideCall => place == calling,
                Listed::Including => place == "middle",
                Listed::OnTop => place == "top",
            };
            if here { "configurations: [namereference.yaml]\n" } else { "" }
        };
        let file = std::fs::read("kustomization/configurations/namereference.yaml").unwrap();
        for place in ["component", "middle", "top"] {
            folder.write(&format!("{place}/namereference.yaml"), &file);
            folder.write(&format!("{place}/krmor.yaml"), &config);
        }
        folder.write(
            "component/kustomization.yaml",
            format!(
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ntransformers: [krmor.yaml]\n{}",
                list("component")
            ),
        );
        let call = if in_component { "components: [../component]\n" } else { "transformers: [krmor.yaml]\n" };
        folder.write(
            "middle/kustomization.yaml",
            format!(
                "resources: [../base]\n{call}namePrefix: pre-\nnameSuffix: -suf\nnamespace: one\n{}",
                list("middle")
            ),
        );
        folder.write(
            "top/kustomization.yaml",
            format!("resources: [../middle]\nnamePrefix: out-\nnamespace: two\n{}", list("top")),
        );
        Self(folder)
    }

    fn build(&self, home: &Path, layer: &str) -> Vec<Value> {
        let mut command = Command::new(tool("kustomize"));
        command.args(["build", "--enable-alpha-plugins"]).arg(self.0.0.join(layer));
        let out = command.env("KUSTOMIZE_PLUGIN_HOME", home).output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        yaml::parse(&Arc::new(text(&out.stdout))).unwrap().iter().filter_map(|d| d.root().to_value()).collect()
    }
}

fn plugin_home(name: &str) -> Folder {
    let home = Folder::new(name);
    assert!(krmor().args(["install", "kustomize", "--home"]).arg(&home.0).output().unwrap().status.success());
    home
}

/// What the objects that krmor made name: a kind and a name each.
fn references(objects: &[Value]) -> Vec<(String, String, &'static str)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for object in objects {
        let (spec, namespace) = (&object["spec"], text(&object["metadata"]["namespace"]));
        let mut add = |kind, name: &Value| found.push((namespace.clone(), text(name), kind));
        match object["kind"].as_str().unwrap() {
            "Route" => add("Service", &spec["to"]["name"]),
            "Ingress" => {
                add("Service", &spec["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"]);
                add("Issuer", &object["metadata"]["annotations"]["cert-manager.io/issuer"]);
            }
            "HTTPRoute" => {
                add("Gateway", &spec["parentRefs"][0]["name"]);
                if let Some(backend) = spec["rules"][0]["backendRefs"].get(0) {
                    add("Service", &backend["name"]);
                }
            }
            "Gateway" => add("Secret", &spec["listeners"][1]["tls"]["certificateRefs"][0]["name"]),
            _ => {}
        }
    }
    found
}

fn dangling(objects: &[Value]) -> Vec<(String, String, &'static str)> {
    let mut found = references(objects);
    found.retain(|(namespace, name, kind)| {
        !objects.iter().any(|object| {
            object["kind"] == *kind
                && object["metadata"]["name"] == name.as_str()
                && object["metadata"]["namespace"] == namespace.as_str()
        })
    });
    found
}

#[test]
fn no_name_dangles_with_the_configuration_beside_the_call() {
    let home = plugin_home("names");
    for provider in ["route", "ingress", "httpRoute"] {
        for in_component in [false, true] {
            let layers = Layers::new("names", provider, in_component, Listed::BesideCall);
            for (layer, prefix, namespace) in [("middle", "pre-web", "one"), ("top", "out-pre-web", "two")] {
                let objects = layers.build(&home.0, layer);
                let place = format!("{provider}, component: {in_component}, {layer}");
                assert_eq!(dangling(&objects), [], "{place}");
                assert!(references(&objects).len() >= 2, "{place}");
                let ours = ["Route", "Ingress", "HTTPRoute"];
                let made: Vec<_> = objects.iter().filter(|o| ours.contains(&o["kind"].as_str().unwrap())).collect();
                assert_eq!(made.len(), if provider == "httpRoute" { 2 } else { 1 }, "{place}");
                for object in made {
                    assert!(object["metadata"]["name"].as_str().unwrap().starts_with(prefix), "{place}: {object}");
                    assert_eq!(object["metadata"]["namespace"], namespace, "{place}");
                    assert_eq!(object["metadata"]["labels"]["app"], "web", "{place}");
                }
            }
        }
    }
}

/// The table of the README, row by row.
#[test]
fn the_table_of_the_readme_is_what_kustomize_does() {
    let home = plugin_home("names-table");
    let readme = std::fs::read_to_string("kustomization/configurations/README.md").unwrap();
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| krmor is called"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 6);
    let mut in_component = false;
    for row in rows {
        in_component = if row[0] == "the same" { in_component } else { row[0].contains("Component") };
        let listed = match row[1] {
            "nowhere" => Listed::Nowhere,
            "beside the call" | "in the Component" => Listed::BesideCall,
            "in the kustomization that includes it" => Listed::Including,
            _ => Listed::OnTop,
        };
        let layers = Layers::new("names-table", "route", in_component, listed);
        for (layer, cell) in [("middle", row[2]), ("top", row[3])] {
            let objects = layers.build(&home.0, layer);
            let route = objects.iter().find(|object| object["kind"] == "Route").unwrap();
            let name = route["spec"]["to"]["name"].as_str().unwrap();
            let dangles = dangling(&objects).iter().any(|(_, _, kind)| *kind == "Service");
            let says = if dangles { format!("`{name}`: **dangles**") } else { format!("`{name}`") };
            assert_eq!(says, cell, "{row:?}");
        }
    }
}
