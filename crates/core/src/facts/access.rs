//! What surrounds pods: the rights of their ServiceAccounts, the LimitRanges and labels of their namespaces, their claims.

use std::borrow::Cow;

use super::{Facts, Near, in_namespace};
use crate::labels::{self, LabelSelector};
use crate::references::Relation;
use crate::stream::{Object, ObjectId};
use krmor_yaml::Node;

const RBAC: &str = "rbac.authorization.k8s.io";

/// A binding gives a ServiceAccount the rights of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The RoleBinding or ClusterRoleBinding.
    pub binding: ObjectId,
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// The role's name.
    pub role: String,
}

/// The label that the API server gives every Namespace: its name.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// The labels by which a namespace says what Pod Security admission enforces.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";

/// What Pod Security admission enforces in a namespace, as its labels say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforced {
    /// `privileged`, `baseline`, `restricted`, or what the API would refuse.
    pub level: String,
    /// `latest`, or a version such as `v1.35`.
    pub version: String,
    /// The Namespace.
    pub namespace: ObjectId,
}

/// A claim of the stream, and who mounts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim.
    pub object: ObjectId,
    /// Its access modes.
    pub modes: Vec<String>,
    /// The numbers of the pods that mount it, in the stream's order.
    pub pods: Vec<usize>,
}

impl<'a> Facts<'a> {
    /// What RBAC of the stream grants the ServiceAccount of a name in the namespace of an object.
    #[must_use]
    pub fn grants(self, account: &str, namespace_of: &Object<'_>) -> Vec<Grant> {
        let bindings =
            ["RoleBinding", "ClusterRoleBinding"].into_iter().flat_map(|kind| self.stream.of_kind(RBAC, kind));
        let by_group = |binding: &Object<'a>| {
            let here = namespace_of.namespace();
            let subjects = binding.root().get("subjects").into_iter().flat_map(Node::items);
            let mut names = subjects.filter_map(|one| one.get("name")?.as_str());
            let all = "system:serviceaccounts";
            // A role of one namespace gives rights to the accounts of others, too, so only the group's name counts.
            names.any(|name| {
                name == all
                    || name.strip_prefix(all).and_then(|rest| rest.strip_prefix(':')).is_some_and(|rest| rest == here)
                    || name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'))
                        == Some((&*here, account))
            })
        };
        let grants = |binding: &Object<'a>| {
            let mut subjects = self.references().of_object(binding.id()).filter(|one| one.is_to("ServiceAccount"));
            by_group(binding)
                || subjects.any(|one| {
                    let is_there = one.namespace.as_ref().map_or_else(
                        || Near::Certain.share(binding, namespace_of),
                        |namespace| in_namespace(namespace_of, namespace),
                    );
                    one.name == account && is_there
                })
        };
        let role = |binding: Object<'a>| {
            let text = |key: &str| binding.root().find(&["roleRef", key]).and_then(Node::as_str);
            Some(Grant { binding: binding.id(), kind: text("kind")?.into_owned(), role: text("name")?.into_owned() })
        };
        bindings.filter(grants).filter_map(role).collect()
    }

    /// What the LimitRanges of an object's namespace give containers that do not request it: `cpu`, `memory` and so on.
    #[must_use]
    pub fn default_requests(self, object: &Object<'_>) -> Vec<String> {
        let near = self.stream.of_kind("", "LimitRange").filter(|range| Near::Certain.share(range, object));
        let limits = near.filter_map(|range| range.root().find(&["spec", "limits"])).flat_map(Node::items);
        let of_containers =
            limits.filter(|limit| limit.get("type").and_then(Node::as_str).as_deref() == Some("Container"));
        // Without `defaultRequest` the API takes `default`, which is `max` without one; without all of them `min`.
        let keys = ["defaultRequest", "default", "max", "min"];
        let given = of_containers.flat_map(|limit| keys.map(|key| limit.get(key)));
        let given = given.flatten().flat_map(Node::entries).filter(|(_, amount)| !amount.is_null());
        let mut names: Vec<String> = given.map(|(name, _)| name.into_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What Pod Security admission enforces on pods in the namespace of an object, by the labels of a Namespace of the stream.
    #[must_use]
    pub fn enforced(self, object: &Object<'_>) -> Option<Enforced> {
        let namespace = self.namespace(object)?;
        let label = |key: &str| {
            let text = namespace.root().find(&["metadata", "labels", key])?.as_str()?;
            Some(text.into_owned())
        };
        Some(Enforced {
            level: label(ENFORCE)?,
            version: label(ENFORCE_VERSION).unwrap_or_else(|| "latest".to_owned()),
            namespace: namespace.id(),
        })
    }

    /// The Namespace that an object is in, if the stream has it.
    #[must_use]
    pub fn namespace(self, object: &Object<'_>) -> Option<Object<'a>> {
        let name = object.namespace();
        let mut named = self.stream.named("", "Namespace", &name).filter(|_| !name.is_empty());
        named.next()
    }

    /// Whether a selector of namespaces selects the one of an object; `None` where the stream does not say.
    #[must_use]
    pub fn selects_namespace(self, selector: &LabelSelector, object: &Object<'_>) -> Option<bool> {
        let here = object.namespace();
        if selector.is_empty() {
            return Some(true);
        }
        if here.is_empty() {
            return None;
        }
        let namespace = self.namespace(object);
        let labels = namespace.as_ref().and_then(|one| one.root().find(&["metadata", "labels"]));
        let value = |key: &str| match key {
            NAMESPACE_NAME => Some(Cow::Borrowed(&*here)),
            key => labels.and_then(|labels| labels.get(key)).map(labels::text),
        };
        let by_name = || selector.keys().all(|key| key == NAMESPACE_NAME);
        let selects = selector.matches_by(value);
        (namespace.is_some() || by_name()).then_some(selects)
    }

    /// The claims of the stream with the pods that mount them, in the order in which pods name them.
    #[must_use]
    pub fn claims(self) -> Vec<Claim> {
        let mut claims: Vec<Claim> = Vec::new();
        let mut at = std::collections::BTreeMap::new();
        let all = self.references().all().iter().filter(|one| one.is_to("PersistentVolumeClaim"));
        for reference in all.filter(|one| one.relation == Relation::Needs) {
            let (Some(number), Some(object)) = (reference.pod, self.referent_of(reference)) else { continue };
            let number_of = *at.entry(object.id()).or_insert_with(|| {
                let modes = object.root().find(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
                let modes = modes.filter_map(Node::as_str).map(Cow::into_owned).collect();
                claims.push(Claim { object: object.id(), modes, pods: Vec::new() });
                claims.len() - 1
            });
            if let Some(claim) = claims.get_mut(number_of).filter(|claim| claim.pods.last() != Some(&number)) {
                claim.pods.push(number);
            }
        }
        claims
    }
}
