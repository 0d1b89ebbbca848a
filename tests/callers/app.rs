//! The application that every caller renders, as a kustomization, a kpt package and a chart.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use krmor::yaml;
use serde_json::Value;

use crate::common::{Folder, krmor, pipe, text};

/// A value of a Secret and of an environment variable, which no message may tell.
pub const SECRET: &str = "c4nary-0f-a-passw0rd";

/// What the message about [`Case::Refused`] must say.
pub const MESSAGE: &str = "privileged";

/// How a call of krmor goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// The application is hardened.
    Good,
    /// It asks for what the config refuses.
    Refused,
    /// krmor is not there.
    Missing,
}

/// What a caller handed on, and what it said.
#[derive(Debug)]
pub struct Answer {
    pub well: bool,
    pub manifests: String,
    pub message: String,
}

impl From<Output> for Answer {
    fn from(out: Output) -> Self {
        Self { well: out.status.success(), manifests: text(&out.stdout), message: text(&out.stderr) }
    }
}

pub const CONFIG: &str = "\
apiVersion: krmor.dev/v1alpha1
kind: Pipeline
metadata:
  name: harden
spec:
  functions:
    security-context:
      kind: SecurityContext
      spec: {level: restricted, runAsUser: 10001}
";

/// The config as kustomize's KRM exec function.
pub fn exec_config(program: &Path) -> String {
    function_config(&format!("exec: {{path: {}}}", program.display()))
}

/// The config as a KRM function of kustomize's that runs so.
pub fn function_config(how: &str) -> String {
    let annotation = format!("config.kubernetes.io/function: |\n      {how}\n");
    CONFIG.replace("  name: harden\n", &format!("  name: harden\n  annotations:\n    {annotation}"))
}

/// The objects before krmor sees them.
pub fn manifests(case: Case) -> String {
    let privileged = if case == Case::Refused { "          securityContext: {privileged: true}\n" } else { "" };
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: web\nstringData:\n  password: {SECRET}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    matchLabels: {{app: web}}\n  \
         template:\n    metadata:\n      labels: {{app: web}}\n    spec:\n      containers:\n        - name: web\n          \
         image: web:1\n          env:\n            - name: PASSWORD\n              value: {SECRET}\n{privileged}"
    )
}

/// A kustomization with its config under `transformers:`, or without one.
pub fn kustomization(folder: &Folder, case: Case, config: Option<&str>) {
    folder.write("app/web.yaml", manifests(case));
    let transformers = if config.is_some() { "transformers: [krmor.yaml]\n" } else { "" };
    folder.write("app/kustomization.yaml", format!("resources: [web.yaml]\n{transformers}"));
    if let Some(config) = config {
        folder.write("app/krmor.yaml", config);
    }
}

/// The chart.
pub fn chart(folder: &Folder, case: Case) {
    folder.write("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\n");
    folder.write("chart/templates/web.yaml", manifests(case));
}

/// The objects that every caller must give.
pub fn expected() -> BTreeMap<String, Value> {
    let folder = Folder::new("expected");
    let config = folder.write("config.yaml", CONFIG);
    let out = pipe(krmor().arg("--config").arg(config), manifests(Case::Good).as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let hardened = text(&out.stdout);
    assert!(hardened.contains("runAsNonRoot: true"), "{hardened}");
    objects(&hardened)
}

/// The objects of a text by kind and name, as JSON.
pub fn objects(text: &str) -> BTreeMap<String, Value> {
    let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    let values = documents.iter().filter_map(|document| document.root().to_value()).filter(Value::is_object);
    values.map(|value| (format!("{} {}", value["kind"], value["metadata"]["name"]), value)).collect()
}

/// Whether an object has pods that were hardened.
pub fn hardened(object: &Value) -> bool {
    let spec = match object["kind"].as_str() {
        Some("Pod") => &object["spec"],
        _ => &object["spec"]["template"]["spec"],
    };
    spec["containers"].as_array().is_some_and(|containers| {
        !containers.is_empty()
            && containers.iter().all(|one| one["securityContext"]["allowPrivilegeEscalation"] == false)
    }) && spec["securityContext"]["runAsNonRoot"] == true
}
