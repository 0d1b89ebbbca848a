//! What else decides which connections pass, beside NetworkPolicies of Kubernetes: the policies of network plugins and
//! service meshes.

use super::{Facts, share_namespace};
use crate::stream::Object;

/// Groups, their kinds, and whether these are for the whole cluster.
#[rustfmt::skip] // a table reads best with one row on one line
const KINDS: &[(&str, &[&str], bool)] = &[
    ("cilium.io", &["CiliumNetworkPolicy", "CiliumLocalRedirectPolicy"], false),
    ("cilium.io", &["CiliumClusterwideNetworkPolicy", "CiliumEgressGatewayPolicy"], true),
    ("projectcalico.org", &["NetworkPolicy"], false),
    ("projectcalico.org", &["GlobalNetworkPolicy"], true),
    ("crd.projectcalico.org", &["NetworkPolicy"], false),
    ("crd.projectcalico.org", &["GlobalNetworkPolicy"], true),
    ("policy.networking.k8s.io", &["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"], true),
    ("crd.antrea.io", &["NetworkPolicy"], false),
    ("crd.antrea.io", &["ClusterNetworkPolicy"], true),
    ("k8s.ovn.org", &["EgressFirewall"], false),
    ("network.openshift.io", &["EgressNetworkPolicy"], false),
    ("security.istio.io", &["AuthorizationPolicy"], false),
    ("policy.linkerd.io", &["AuthorizationPolicy"], false),
    ("kuma.io", &["MeshTrafficPermission"], false),
    ("consul.hashicorp.com", &["ServiceIntentions"], false),
];

impl<'a> Facts<'a> {
    /// Objects of other kinds that decide, too, what passes in a namespace of one of these objects, in the stream's order.
    #[must_use]
    pub fn enforcers(self, near: &[Object<'_>]) -> Vec<Object<'a>> {
        let of = |(group, kinds, is_cluster): &(&'static str, &'static [&'static str], bool)| {
            let is_cluster = *is_cluster;
            let all = kinds.iter().flat_map(|kind| self.stream.of_kind(group, kind));
            all.filter(move |object| is_cluster || near.iter().any(|one| share_namespace(one, object)))
                .collect::<Vec<_>>()
        };
        let mut found: Vec<Object<'a>> = KINDS.iter().flat_map(of).collect();
        found.sort_by_key(Object::id);
        found
    }
}
