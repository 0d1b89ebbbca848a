//! Policies that know the program's pods by their labels, and not the Job's: what they allow or give, the migration lacks.

use super::texts::Migration;
use crate::migration::rules;
use krmor_core::facts::Facts;
use krmor_core::facts::selections::{By, OURS, Selection, looks_into};
use krmor_core::facts::{self, Near};
use krmor_core::labels::{LabelSelector, Labels};
use krmor_core::report::Report;
use krmor_core::stream::{Object, Stream};
use krmor_yaml::Node;

const LABELS: &str = "/spec/template/metadata/labels";

/// Kinds that give pods an identity, a network or a sidecar by their labels: group, kind, where the selector is.
const GIVERS: &[(&str, &str, &[&str])] = &[
    ("apps.kruise.io", "SidecarSet", &["spec", "selector"]),
    ("cilium.io", "CiliumNetworkPolicy", &["spec", "endpointSelector"]),
    ("cloudsql.cloud.google.com", "AuthProxyWorkload", &["spec", "workloadSelector", "selector"]),
    ("networking.gke.io", "FQDNNetworkPolicy", &["spec", "podSelector"]),
    ("spire.spiffe.io", "ClusterSPIFFEID", &["spec", "podSelector"]),
    ("vpcresources.k8s.aws", "SecurityGroupPolicy", &["spec", "podSelector"]),
];

pub(super) fn judge(migration: &Migration<'_>, stream: &Stream, report: &mut Report) {
    let pods = Pods {
        program: migration.program.pod.all_labels(&migration.workload),
        job: migration.holder.root().at_pointer(LABELS).into(),
        migration,
    };
    pods.egress(stream, report);
    pods.ingress(stream, report);
    for (group, kind, path) in GIVERS {
        for object in stream.of_kind(group, kind).filter(|object| facts::share_namespace(object, &migration.workload)) {
            let selector = object.root().find(path).and_then(LabelSelector::of).and_then(LabelSelector::filled);
            if selector.is_some_and(|selector| pods.only_program(&selector)) {
                pods.say(&object, "is for the program's pods, and not for the Job's", report);
            }
        }
    }
}

/// The pods of a program and of its Job, by their labels.
struct Pods<'m, 'a> {
    program: Labels<'a>,
    job: Labels<'a>,
    migration: &'m Migration<'a>,
}

impl Pods<'_, '_> {
    fn only_program(&self, selector: &LabelSelector) -> bool {
        selector.selects(&self.program) && !selector.selects(&self.job)
    }

    fn say(&self, object: &Object<'_>, what: &str, report: &mut Report) {
        let message = format!("{} {what}", object.reference());
        let remedy = "where the migration needs it, give the Job's pods a label by `job.podLabels`, and let it select by that; \
                      else write an exception";
        let at = self.migration.holder.at(LABELS);
        let finding = krmor_core::report::Finding::new(&rules::POLICY_WITHOUT_JOB, at, message, remedy);
        report.record_once([finding.about(object.name().into_owned())]);
    }

    /// Policies by which the program's pods may send what the Job's may not.
    fn egress(&self, stream: &Stream, report: &mut Report) {
        let selections = Facts::of(stream).selections();
        let near = |selection: &&Selection| {
            let own = stream.object(selection.object);
            own.is_some_and(|own| is_of(&own, "Egress") && looks_into(&own, &self.migration.workload, Near::Certain))
        };
        let all: Vec<&Selection> = selections.all(By::Policy).filter(near).collect();
        // Nothing keeps pods from sending that no such policy selects.
        if !all.iter().any(|policy| policy.matches(&self.job, Near::Certain)) {
            return;
        }
        for policy in all {
            let own = stream.object(policy.object).filter(|own| own.annotation(OURS).is_none());
            let allows = |own: &Object<'_>| rules_of(own, "egress").next().is_some();
            let is_lost = policy.matches(&self.program, Near::Certain) && !policy.matches(&self.job, Near::Certain);
            if let Some(own) = own.filter(|own| is_lost && allows(own)) {
                self.say(&own, "lets the program's pods connect, and does not select the Job's", report);
            }
        }
    }

    /// Policies that let the program's pods in, where nothing lets the Job's in.
    fn ingress(&self, stream: &Stream, report: &mut Report) {
        let facts = Facts::of(stream);
        let selections = facts.selections();
        let admits = |policy: &Object<'_>, labels: &Labels<'_>| {
            rules_of(policy, "ingress").any(|rule| {
                let mut peers = rule.get("from").into_iter().flat_map(Node::items).peekable();
                peers.peek().is_none() || peers.any(|peer| self.is_peer(policy, peer, labels))
            })
        };
        let policies: Vec<(&Selection, Object<'_>)> =
            selections.all(By::Policy).filter_map(|one| Some((one, stream.object(one.object)?))).collect();
        for (policy, own) in &policies {
            if own.annotation(OURS).is_some() || !admits(own, &self.program) || admits(own, &self.job) {
                continue;
            }
            let pods = selections.pods(facts, policy, Near::Certain);
            let is_open = |pod: &usize| {
                let over = |other: &Selection| selections.pods(facts, other, Near::Certain).contains(pod);
                policies.iter().any(|(other, object)| over(other) && admits(object, &self.job))
            };
            if pods.is_empty() || !pods.iter().all(is_open) {
                self.say(own, "lets the program's pods in, and not the Job's", report);
            }
        }
    }

    /// Whether pods with these labels, in the program's namespace, are a peer of a policy.
    fn is_peer(&self, policy: &Object<'_>, peer: Node<'_>, labels: &Labels<'_>) -> bool {
        let selects = |selector: Node<'_>| LabelSelector::of(selector).is_some_and(|one| one.selects(labels));
        let pods = peer.get("podSelector");
        if peer.get("namespaceSelector").is_none() && !facts::share_namespace(policy, &self.migration.workload) {
            return false;
        }
        match (pods, peer.get("namespaceSelector")) {
            (Some(pods), _) => selects(pods),
            // All of a namespace; whether it is the program's is the same question for both.
            (None, Some(_)) => true,
            (None, None) => false,
        }
    }
}

/// Whether a NetworkPolicy is for one of the two directions.
fn is_of(policy: &Object<'_>, direction: &str) -> bool {
    let types = policy.root().find(&["spec", "policyTypes"]);
    match types.filter(|types| types.items().next().is_some()) {
        Some(types) => types.items().any(|one| one.as_str().as_deref() == Some(direction)),
        None => policy.root().find(&["spec", &direction.to_ascii_lowercase()]).is_some_and(|rules| !rules.is_null()),
    }
}

fn rules_of<'a>(policy: &Object<'a>, direction: &str) -> impl Iterator<Item = Node<'a>> {
    policy.root().find(&["spec", direction]).into_iter().flat_map(Node::items)
}
