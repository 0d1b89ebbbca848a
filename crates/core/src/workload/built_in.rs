//! The rows that krmor has by itself, written by hand: kinds whose pods krmor knows well, and kinds without pods.

use super::{ANY, Counts, Ignored, PodSelector, Surge, Trait};

/// One line of the built-in table.
#[derive(Clone, Copy)]
pub(super) struct BuiltIn {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    /// As in [`PodTemplateRow::path`]; a final `?` says that there need not be a template.
    pub(super) paths: &'static [&'static str],
    pub(super) traits: &'static [Trait],
    pub(super) selector: PodSelector,
    pub(super) claims: Option<&'static str>,
    pub(super) restarts: Option<&'static str>,
    pub(super) counts: Counts,
    /// Why there are no pods to judge.
    pub(super) ignored: Option<Ignored>,
}

const fn row(group: &'static str, kind: &'static str, paths: &'static [&'static str]) -> BuiltIn {
    BuiltIn {
        group,
        kind,
        paths,
        traits: &[],
        selector: PodSelector::Unset,
        claims: None,
        restarts: None,
        counts: Counts::Unknown,
        ignored: None,
    }
}

const fn none(group: &'static str, kind: &'static str, why: Ignored) -> BuiltIn {
    BuiltIn { ignored: Some(why), ..row(group, kind, &[]) }
}

impl BuiltIn {
    const fn is(self, traits: &'static [Trait]) -> Self {
        Self { traits, ..self }
    }

    const fn selects(self, selector: PodSelector) -> Self {
        Self { selector, ..self }
    }

    const fn restarts(self, name: &'static str) -> Self {
        Self { restarts: Some(name), ..self }
    }

    const fn counts(self, counts: Counts) -> Self {
        Self { counts, ..self }
    }

    const fn claims(self, pointer: &'static str) -> Self {
        Self { claims: Some(pointer), ..self }
    }
}

const TEMPLATE: &[&str] = &["spec.template"];
const CRON: &[&str] = &["spec.jobTemplate.spec.template"];
const CLAIMS: &str = "/spec/volumeClaimTemplates";

/// The kind makes `spec.replicas` pods, and no more while they are replaced.
const REPLICAS: Counts = Counts::Replicas(&[]);
const DEPLOYMENT: Counts = Counts::Replicas(&[
    Surge::Where("/spec/strategy/type", Some("Recreate"), "0"),
    Surge::Field("/spec/strategy/rollingUpdate/maxSurge", "25%"),
]);
/// Its default was another one.
const OLD_DEPLOYMENT: Counts = Counts::Replicas(&[
    Surge::Where("/spec/strategy/type", Some("Recreate"), "0"),
    Surge::Field("/spec/strategy/rollingUpdate/maxSurge", "1"),
]);
const DAEMONS: Counts = Counts::Nodes(&[
    Surge::Where("/spec/updateStrategy/type", Some("OnDelete"), "0"),
    Surge::Field("/spec/updateStrategy/rollingUpdate/maxSurge", "0"),
]);
const DEPLOYMENT_CONFIG: Counts = Counts::Replicas(&[
    Surge::Where("/spec/strategy/type", Some("Recreate"), "0"),
    Surge::Field("/spec/strategy/rollingParams/maxSurge", "25%"),
]);
const CLONE_SET: Counts = Counts::Replicas(&[Surge::Field("/spec/updateStrategy/maxSurge", "0")]);

/// Kubernetes' own kinds first, since streams are full of them and the first match counts.
#[rustfmt::skip] // a table reads best with one row on one line
pub(super) const BUILT_IN: &[BuiltIn] = {
    use PodSelector::{LabelSelector, Labels};
    use Ignored::{NoPods, Policy, Schema, Values};
    use Trait::{ContainerLevelOnly, OneServes, Recreate, RunsToCompletion, Scalable, StableNames};
    &[
        row("apps", "Deployment", TEMPLATE).selects(LabelSelector).is(&[Scalable, Recreate]).restarts("Deployment").counts(DEPLOYMENT),
        row("apps", "StatefulSet", TEMPLATE).selects(LabelSelector).is(&[Scalable, StableNames]).claims(CLAIMS).restarts("StatefulSet").counts(REPLICAS),
        row("apps", "DaemonSet", TEMPLATE).selects(LabelSelector).restarts("DaemonSet").counts(DAEMONS),
        row("apps", "ReplicaSet", TEMPLATE).selects(LabelSelector).is(&[Scalable]).counts(REPLICAS),
        row("batch", "Job", TEMPLATE).is(&[RunsToCompletion]).counts(Counts::Jobs),
        row("batch", "CronJob", CRON).is(&[RunsToCompletion]).counts(Counts::Scheduled("/spec/concurrencyPolicy")),
        row("", "Pod", &["."]).counts(Counts::One),
        row("", "PodTemplate", &["template"]).counts(Counts::Nothing),
        row("", "ReplicationController", TEMPLATE).selects(Labels).is(&[Scalable]).counts(REPLICAS),
        // No longer served since 1.16, still in repositories; kustomize knows them too.
        row("extensions", "Deployment", TEMPLATE).selects(LabelSelector).is(&[Scalable, Recreate]).counts(OLD_DEPLOYMENT),
        row("extensions", "DaemonSet", TEMPLATE).selects(LabelSelector).counts(DAEMONS),
        row("extensions", "ReplicaSet", TEMPLATE).selects(LabelSelector).is(&[Scalable]).counts(REPLICAS),

        // Argo Rollouts: with `workloadRef` the template is another object's.
        row("argoproj.io", "Rollout", &["spec.template?"]).selects(LabelSelector).is(&[Scalable]).restarts("argo.Rollout").counts(Counts::Rollout),

        // Knative scales by itself, and its webhook refuses pod-level security fields by default.
        row("serving.knative.dev", "Service", TEMPLATE).is(&[ContainerLevelOnly, OneServes]),
        row("serving.knative.dev", "Configuration", TEMPLATE).is(&[ContainerLevelOnly, OneServes]),

        // OpenShift; the core group is where the kind lived before 3.6.
        row("apps.openshift.io", "DeploymentConfig", TEMPLATE).selects(Labels).is(&[Scalable]).counts(DEPLOYMENT_CONFIG),
        row("", "DeploymentConfig", TEMPLATE).selects(Labels).is(&[Scalable]).counts(DEPLOYMENT_CONFIG),

        // OpenKruise. Its UnitedDeployment has no row: the patches of its subsets can undo what a template says.
        row("apps.kruise.io", "CloneSet", TEMPLATE).selects(LabelSelector).is(&[Scalable]).claims(CLAIMS).counts(CLONE_SET),
        row("apps.kruise.io", "StatefulSet", TEMPLATE).selects(LabelSelector).is(&[Scalable, StableNames]).claims(CLAIMS).counts(REPLICAS),
        row("apps.kruise.io", "DaemonSet", TEMPLATE).selects(LabelSelector).counts(DAEMONS),
        row("apps.kruise.io", "BroadcastJob", TEMPLATE).is(&[RunsToCompletion]),
        row("apps.kruise.io", "AdvancedCronJob", &[
            "spec.template.jobTemplate.spec.template?",
            "spec.template.broadcastJobTemplate.spec.template?",
        ]).is(&[RunsToCompletion]),

        row("jobset.x-k8s.io", "JobSet", &["spec.replicatedJobs[*].template.spec.template"]).is(&[RunsToCompletion]).counts(Counts::Repeated("/template/spec/template")),

        // Without a leader template the leader is made from the worker template.
        row("leaderworkerset.x-k8s.io", "LeaderWorkerSet", &[
            "spec.leaderWorkerTemplate.leaderTemplate?",
            "spec.leaderWorkerTemplate.workerTemplate",
        ]).is(&[Scalable]).claims("/spec/leaderWorkerTemplate/volumeClaimTemplates"),

        // Make no pods, and fill most streams: not worth a search.
        none("", "ConfigMap", NoPods),
        none("", "Secret", NoPods),
        none("", "Service", NoPods),
        none("", "ServiceAccount", NoPods),
        none("", "PersistentVolumeClaim", NoPods),
        none("", "Namespace", NoPods),
        // A volume of the cluster: it may be a `hostPath`, and the claim says who mounts it.
        none("", "PersistentVolume", NoPods),
        none("networking.k8s.io", ANY, NoPods),
        none("rbac.authorization.k8s.io", ANY, NoPods),
        none("policy", "PodDisruptionBudget", NoPods),
        none("autoscaling", ANY, NoPods),
        none("storage.k8s.io", ANY, NoPods),
        none("admissionregistration.k8s.io", ANY, NoPods),
        none("scheduling.k8s.io", ANY, NoPods),
        none("gateway.networking.k8s.io", ANY, NoPods),

        // Schemas, with examples and defaults, are not data.
        none("apiextensions.k8s.io", "CustomResourceDefinition", Schema),
        // Patterns and mutations that look like pods, and what pods may have: other people's rules about pods.
        none("policy", "PodSecurityPolicy", Policy),
        none("security.openshift.io", ANY, Policy),
        none("", "SecurityContextConstraints", Policy),
        none("kyverno.io", ANY, Policy),
        none("policies.kyverno.io", ANY, Policy),
        none("cli.kyverno.io", ANY, Policy),
        none("templates.gatekeeper.sh", ANY, Policy),
        none("constraints.gatekeeper.sh", ANY, Policy),
        none("mutations.gatekeeper.sh", ANY, Policy),
        none("expansion.gatekeeper.sh", ANY, Policy),
        none("policies.kubewarden.io", ANY, Policy),
        // Their manifests are made elsewhere, from these values.
        none("helm.toolkit.fluxcd.io", "HelmRelease", Values),
        none("helm.cattle.io", ANY, Values),
        none("argoproj.io", "Application", Values),
        none("argoproj.io", "ApplicationSet", Values),
        none("kustomize.toolkit.fluxcd.io", "Kustomization", Values),
        // Its objects are looked at one by one; it is itself but a list with parameters.
        none("template.openshift.io", "Template", NoPods),
        none("", "Template", NoPods),
    ]
};
