//! `NetworkPolicies`: what the manifests prove of connections, `krmor graph --infer` finds. Here it is only named.

use super::Scene;
use crate::cli::init::page::{Body, Entry};

pub(super) fn entry(scene: &Scene<'_>) -> Option<Entry> {
    let has_policies = scene.sources.stream.of_kind("networking.k8s.io", "NetworkPolicy").next().is_some();
    if has_policies || scene.workloads.is_empty() {
        return None;
    }
    let mut body = Body::default();
    body.put(1, "edges: []");
    let about = vec![
        "Who may connect to whom. All that is not declared is denied: `kustomize build DIR | krmor graph --infer` prints the edges \
         that the manifests prove, and what they do not prove. Put them here:"
            .to_owned(),
    ];
    Some(Entry { name: "network-policies".to_owned(), kind: "NetworkPolicies", about, body, is_proposal: true })
}
