//! `NamespaceGuardrails`, where a Namespace is among the manifests and no level is enforced in it.

use super::Scene;
use crate::cli::init::page::{Body, Entry};
use crate::yaml::Node;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

pub(super) fn entry(scene: &Scene<'_>) -> Option<Entry> {
    let is_open = |object: &crate::stream::Object<'_>| object.label(ENFORCE).is_none();
    let namespace = scene.sources.stream.of_kind("", "Namespace").find(is_open)?;
    if scene.workloads.is_empty() {
        return None;
    }
    let mut body = Body::default();
    let (at, name) = (scene.sources.at(&namespace, ""), namespace.name());
    let is_weak = scene.workloads.iter().any(|one| {
        let is_true = |path: &[&str]| one.pod_field(path).and_then(Node::as_bool) == Some(true);
        let privileged =
            |node: Node<'_>| node.find(&["securityContext", "privileged"]).and_then(Node::as_bool) == Some(true);
        ["hostNetwork", "hostPID", "hostIPC"].iter().any(|key| is_true(&[key]))
            || one.containers.iter().any(|one| privileged(one.node))
    });
    if is_weak {
        body.ask(1, format!("{at}: which level of Pod Security fits all that runs in the Namespace {name}: restricted, baseline or privileged?"));
        body.put(1, "podSecurity: {level: TODO}");
    } else {
        body.say(1, format!("{at}: the Namespace {name}. The API server then refuses what is not hardened."));
        body.put(1, "podSecurity: {level: restricted}");
    }
    let about = vec!["What the namespace enforces.".to_owned()];
    Some(Entry { name: "guardrails".to_owned(), kind: "NamespaceGuardrails", about, body, is_proposal: false })
}
