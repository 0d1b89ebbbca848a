//! Which objects matter on their way past krmor.

use super::configs::annotation;
use super::tree::File;
use crate::workload::Table;
use crate::yaml::{Document, Node};

/// Objects without pods that decide how safe others are.
const GUARDS: &[&str] = &["Namespace", "NetworkPolicy", "Secret"];
/// A patch of these leaves what krmor has made of the rest.
const HARMLESS: &[&str] =
    &["ConfigMap", "PersistentVolumeClaim", "PodMonitor", "PrometheusRule", "Service", "ServiceMonitor"];
/// Labels and annotations that turn something off.
const WEAKENING: &[&str] = &[
    "pod-security.kubernetes.io/",
    "container.apparmor.security.beta.kubernetes.io/",
    "seccomp.security.alpha.kubernetes.io/",
    "container.seccomp.security.alpha.kubernetes.io/",
];

/// What a file brings.
pub(super) struct Brought {
    /// The first object that matters: its kind and name.
    pub(super) title: String,
    pub(super) pods: bool,
}

/// The kinds with pods.
#[derive(Default)]
pub(super) struct Kinds(Table);

impl Kinds {
    /// The first object of a file that has pods, or else the first that guards others.
    pub(super) fn brought(&self, file: &File) -> Option<Brought> {
        let mut guard = None;
        for root in file.documents.iter().map(Document::root) {
            let items = root.get("items").filter(|_| text(root, &["kind"]).ends_with("List"));
            for object in std::iter::once(root).chain(items.into_iter().flat_map(Node::items)) {
                let kind = text(object, &["kind"]);
                let is_local = annotation(object, &["config.kubernetes.io/local-config"]);
                if kind.is_empty() || is_local.is_some_and(|(_, value)| value == "true") {
                    continue;
                }
                let title = format!("{kind} {}", text(object, &["metadata", "name"])).trim_end().to_owned();
                if self.has_pods(object, &kind) {
                    return Some(Brought { title, pods: true });
                }
                if guard.is_none() && GUARDS.contains(&kind.as_str()) {
                    guard = Some(Brought { title, pods: false });
                }
            }
        }
        guard
    }

    fn has_pods(&self, object: Node<'_>, kind: &str) -> bool {
        let version = text(object, &["apiVersion"]);
        let group = version.split_once('/').map_or("", |(group, _)| group);
        self.0.row(group, kind).is_some_and(|row| row.ignored.is_none() && !row.places.is_empty())
    }
}

/// Whether a kind's objects have neither pods nor a say in how safe others are.
pub(super) fn is_harmless(kind: &str) -> bool {
    HARMLESS.contains(&kind)
}

/// The first label or annotation, below a node, that turns something off.
pub(super) fn weakening(node: Node<'_>) -> Option<String> {
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        for (key, value) in node.entries() {
            if WEAKENING.iter().any(|start| key.starts_with(start)) {
                return Some(key.into_owned());
            }
            open.push(value);
        }
        open.extend(node.items());
    }
    None
}

fn text(node: Node<'_>, path: &[&str]) -> String {
    node.find(path).and_then(Node::as_str).unwrap_or_default().into_owned()
}
