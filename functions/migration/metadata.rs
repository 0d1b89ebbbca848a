//! What the Job's pods have of the labels and annotations of the program's: those by which something gives pods an identity,
//! secrets or a network, and those that the migration's own variables and files show.

use std::borrow::Cow;

use serde_json::{Map, Value};

use krmor_core::pods::Pod;
use krmor_core::stream::Object;
use krmor_core::values::go_bool;
use krmor_yaml::Node;

const AGENT: &str = "vault.hashicorp.com/";
const AGENT_INJECT: &str = "vault.hashicorp.com/agent-inject";
const AGENT_CONTAINERS: &str = "vault.hashicorp.com/agent-inject-containers";
pub(super) const INIT_FIRST: &str = "vault.hashicorp.com/agent-init-first";
const PRE_POPULATE_ONLY: &str = "vault.hashicorp.com/agent-pre-populate-only";
/// Annotations whose value is the name of a container.
pub(super) const OF_CONTAINER: &[&str] = &["vault.hashicorp.com/agent-copy-volume-mounts"];
/// Annotations whose value is the name of a volume.
const OF_VOLUME: &[&str] = &["vault.hashicorp.com/agent-service-account-token-volume-name"];
/// Annotations whose value is the name of a ConfigMap or Secret that a container which is put in mounts.
const OF_OBJECTS: &[(&str, &str)] = &[
    ("vault.hashicorp.com/agent-configmap", "ConfigMap"),
    ("vault.hashicorp.com/agent-extra-secret", "Secret"),
    ("vault.hashicorp.com/tls-secret", "Secret"),
];
/// Annotations whose value is a list of names of containers.
const OF_CONTAINERS: &[&str] = &[
    AGENT_CONTAINERS,
    "operator.1password.io/inject",
    "azure.workload.identity/skip-containers",
    "eks.amazonaws.com/skip-containers",
];

/// Starts of keys of labels and annotations by which something gives a pod what it needs.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    // who the pod is, to a cloud or an authority
    "aadpodidbinding", "azure.workload.identity/", "eks.amazonaws.com/", "iam.amazonaws.com/", "pod-identity.alibabacloud.com/", "spiffe.io/",
    // what it gets from stores of secrets
    AGENT, "akeyless/", "conjur.org/", "operator.1password.io/", "org.infisical.com/", "secrets-webhook.security.bank-vaults.io/",
    "vault.security.banzaicloud.io/",
    // its networks and meshes
    "ambient.istio.io/", "config.linkerd.io/", "egress.projectcalico.org/", "istio.io/", "k8s.v1.cni.cncf.io/networks", "kuma.io/", "linkerd.io/",
    "proxy.istio.io/", "sidecar.istio.io/", "traffic.istio.io/", "traffic.kuma.io/", "traffic.sidecar.istio.io/",
    // what it may do
    "container.apparmor.security.beta.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/", "io.kubernetes.cri-o.",
    "openshift.io/required-scc", "seccomp.security.alpha.kubernetes.io/",
    // how Datadog calls it, and the libraries that it puts in
    "admission.datadoghq.com/", "tags.datadoghq.com/",
];
/// Starts of keys that end in the name of a container.
const BY_CONTAINER: &[&str] =
    &["container.apparmor.security.beta.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/"];
/// What a webhook has written into a pod, which no template should have.
const WRITTEN: &[&str] =
    &["vault.hashicorp.com/agent-inject-status", "sidecar.istio.io/status", "linkerd.io/proxy-version"];
/// By these labels and annotations a mesh puts a sidecar into a pod; the values that say so.
const MESHES: &[(&str, &[&str])] = &[
    ("sidecar.istio.io/inject", &["true"]),
    ("linkerd.io/inject", &["enabled", "ingress"]),
    ("kuma.io/sidecar-injection", &["enabled", "true"]),
];
/// Telemetry, which a migration does without.
const TELEMETRY: &[&str] =
    &["instrumentation.opentelemetry.io/", "sidecar.opentelemetry.io/", "sidecar.jaegertracing.io/"];

/// Whether Vault's injector adds its agent to the pod.
pub(super) fn injects_agent(pod: &Pod, object: &Object<'_>) -> bool {
    pod.annotation(object, AGENT_INJECT).and_then(|text| go_bool(&text)) == Some(true)
}

/// The labels and annotations of a Job's pods beside its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    pub(super) labels: Map<String, Value>,
    pub(super) annotations: Map<String, Value>,
}

/// Names of containers in a Job's pod: how the program's is called there, and who else is there.
pub(super) struct Names<'a> {
    pub(super) program: &'a str,
    pub(super) migration: &'a str,
    pub(super) others: Vec<&'a str>,
}

impl Names<'_> {
    /// How a container of the program's pod is called in the Job's, if it is there.
    fn there<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        match name {
            name if name == self.program => Some(self.migration),
            name => self.others.contains(&name).then_some(name),
        }
    }
}

/// What is taken over of a pod; `spec` is that of the Job's, which may show labels and annotations.
pub(super) fn taken(pod: &Pod, object: &Object<'_>, names: &Names<'_>, spec: &Value) -> Taken {
    let mut shown = Shown::default();
    shown.read(spec);
    let entries = |list: &'static str| {
        let all = pod.metadata_node(object).and_then(|metadata| metadata.get(list));
        all.into_iter().flat_map(Node::entries)
    };
    let wanted = |key: &str, shown: &[String]| {
        let is_written = WRITTEN.contains(&key);
        !is_written && (TAKEN.iter().any(|start| key.starts_with(start)) || shown.iter().any(|one| one == key))
    };
    let mut out = Taken::default();
    for (key, value) in entries("labels").filter(|(key, _)| wanted(key, &shown.labels)) {
        out.labels.extend(value.as_str().map(|text| (key.into_owned(), text.into())));
    }
    let has_agent = injects_agent(pod, object);
    for (key, value) in entries("annotations").filter(|(key, _)| wanted(key, &shown.annotations)) {
        if key.starts_with(AGENT) && !has_agent {
            continue;
        }
        let Some(text) = value.as_str() else { continue };
        out.annotations.extend(renamed(&key, &text, names).map(|(key, text)| (key, text.into())));
    }
    if has_agent {
        // Where it is for other containers only, the program has nothing of it.
        match entries("annotations").any(|(key, _)| key == AGENT_CONTAINERS)
            && !out.annotations.contains_key(AGENT_CONTAINERS)
        {
            true => out.annotations.retain(|key, _| !key.starts_with(AGENT)),
            // Or the Job would not end.
            false => drop(out.annotations.insert(PRE_POPULATE_ONLY.to_owned(), "true".into())),
        }
    }
    out
}

/// An annotation as it must be in the Job's pod; none where it is about containers that are not there.
fn renamed(key: &str, text: &str, names: &Names<'_>) -> Option<(String, String)> {
    if let Some(start) = BY_CONTAINER.iter().find(|start| key.starts_with(**start)) {
        let container = names.there(key.strip_prefix(start)?)?;
        return Some((format!("{start}{container}"), text.to_owned()));
    }
    let text = match key {
        key if OF_CONTAINERS.contains(&key) => {
            let list: Vec<&str> = text.split([',', ';']).filter_map(|name| names.there(name.trim())).collect();
            (!list.is_empty()).then(|| list.join(","))?
        }
        key if OF_CONTAINER.contains(&key) => names.there(text).unwrap_or(text).to_owned(),
        _ => text.to_owned(),
    };
    Some((key.to_owned(), text))
}

/// The volumes that the annotations of a pod name.
pub(super) fn volumes(pod: &Pod, object: &Object<'_>) -> Vec<String> {
    let of = |key: &&str| pod.annotation(object, key).map(Cow::into_owned);
    if injects_agent(pod, object) { OF_VOLUME.iter().filter_map(of).collect() } else { Vec::new() }
}

/// ConfigMaps and Secrets that the annotations in a template's metadata name: the key, the kind, the name.
pub(super) fn objects(metadata: Option<Node<'_>>) -> Vec<(&'static str, &'static str, String)> {
    let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
    let text = |key: &str| annotations?.get(key)?.as_str().filter(|name| !name.is_empty()).map(Cow::into_owned);
    OF_OBJECTS.iter().filter_map(|(key, kind)| Some((*key, *kind, text(key)?))).collect()
}

/// A label or annotation by which a mesh puts a sidecar in.
pub(super) fn of_mesh(key: &str, text: &str) -> bool {
    MESHES.iter().any(|(own, values)| *own == key && values.contains(&text))
}

/// Whether something may put into pods what it knows by this label or annotation, as far as its name tells.
pub(super) fn may_inject(key: &str, text: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_asked = !matches!(text, "false" | "disabled" | "no" | "off" | "0" | "");
    let is_known = TAKEN.iter().chain(TELEMETRY).any(|start| key.starts_with(start));
    let says = name.contains("inject") || key.contains('/') && matches!(name.as_str(), "enabled" | "enable");
    is_asked && says && !is_known
}

/// The labels and annotations that a pod's variables and files show.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) labels: Vec<String>,
    pub(super) annotations: Vec<String>,
    /// Whether all of them are shown.
    pub(super) whole: bool,
}

impl Shown {
    pub(super) fn read(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                if let Some(path) = map.get("fieldPath").and_then(Value::as_str) {
                    self.path(path);
                }
                map.values().for_each(|value| self.read(value));
            }
            Value::Array(items) => items.iter().for_each(|value| self.read(value)),
            _ => {}
        }
    }

    fn path(&mut self, path: &str) {
        self.whole |= matches!(path, "metadata.labels" | "metadata.annotations");
        for (start, list) in [("metadata.labels[", &mut self.labels), ("metadata.annotations[", &mut self.annotations)]
        {
            let key = path.strip_prefix(start).and_then(|rest| rest.strip_suffix(']'));
            list.extend(key.map(|key| key.trim_matches(['\'', '"']).to_owned()));
        }
    }
}
