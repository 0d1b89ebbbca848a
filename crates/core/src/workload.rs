//! The one table of where pod templates live, and of what their kinds can do ([`Trait`], [`PodSelector`]).
//!
//! Names of workload kinds appear in this file only: functions ask [`crate::pods`] for pods.

mod path;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::Problem;

pub use path::Path;
pub(crate) use path::{Step, write as write_path};

/// What the pods of a kind do that those of others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trait {
    /// The pods end by themselves: no probes, no budgets.
    RunsToCompletion,
    /// The kind has the scale subresource, with the number of pods in `spec.replicas`.
    Scalable,
    /// `spec.strategy.type: Recreate` stops the old pods before it starts new ones.
    Recreate,
    /// A pod's successor has its name, and so starts only when it is gone.
    StableNames,
    /// The API refuses security fields at pod level.
    ContainerLevelOnly,
    /// One container serves: the sole one, or the one with `ports`. By default the API refuses probes of the others, and
    /// `terminationGracePeriodSeconds` in a liveness probe.
    OneServes,
}

/// How a kind says which pods are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PodSelector {
    /// It does not: the labels of the template are all there is.
    Unset,
    /// `spec.selector` is a label selector with `matchLabels` and `matchExpressions`.
    LabelSelector,
    /// `spec.selector` is a plain map of labels.
    Labels,
}

/// One line of the built-in table.
#[derive(Clone, Copy)]
struct BuiltIn {
    group: &'static str,
    kind: &'static str,
    /// As in [`PodTemplateRow::path`]; a final `?` says that there need not be a template.
    paths: &'static [&'static str],
    traits: &'static [Trait],
    selector: PodSelector,
    claims: Option<&'static str>,
    restarts: Option<&'static str>,
}

const fn row(group: &'static str, kind: &'static str, paths: &'static [&'static str]) -> BuiltIn {
    BuiltIn { group, kind, paths, traits: &[], selector: PodSelector::Unset, claims: None, restarts: None }
}

const fn ignored(group: &'static str, kind: &'static str) -> BuiltIn {
    row(group, kind, &[])
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

    const fn claims(self, pointer: &'static str) -> Self {
        Self { claims: Some(pointer), ..self }
    }
}

/// Group and kind that a KEDA ScaledObject means when it does not say.
pub const DEFAULT_SCALED: (&str, &str) = ("apps", "Deployment");

const TEMPLATE: &[&str] = &["spec.template"];
const CRON: &[&str] = &["spec.jobTemplate.spec.template"];
const CLAIMS: &str = "/spec/volumeClaimTemplates";

/// Kubernetes' own kinds first, since streams are full of them and the first match counts.
#[rustfmt::skip] // a table reads best with one row on one line
const BUILT_IN: &[BuiltIn] = {
    use PodSelector::{LabelSelector, Labels};
    use Trait::{ContainerLevelOnly, OneServes, Recreate, RunsToCompletion, Scalable, StableNames};
    &[
        row("apps", "Deployment", TEMPLATE).selects(LabelSelector).is(&[Scalable, Recreate]).restarts("Deployment"),
        row("apps", "StatefulSet", TEMPLATE).selects(LabelSelector).is(&[Scalable, StableNames]).claims(CLAIMS).restarts("StatefulSet"),
        row("apps", "DaemonSet", TEMPLATE).selects(LabelSelector).restarts("DaemonSet"),
        row("apps", "ReplicaSet", TEMPLATE).selects(LabelSelector).is(&[Scalable]),
        row("batch", "Job", TEMPLATE).is(&[RunsToCompletion]),
        row("batch", "CronJob", CRON).is(&[RunsToCompletion]),
        row("", "Pod", &["."]),
        row("", "PodTemplate", &["template"]),
        row("", "ReplicationController", TEMPLATE).selects(Labels).is(&[Scalable]),
        // No longer served since 1.16, still in repositories; kustomize knows them too.
        row("extensions", "Deployment", TEMPLATE).selects(LabelSelector).is(&[Scalable, Recreate]),
        row("extensions", "DaemonSet", TEMPLATE).selects(LabelSelector),
        row("extensions", "ReplicaSet", TEMPLATE).selects(LabelSelector).is(&[Scalable]),

        // Argo Rollouts: with `workloadRef` the template is another object's.
        row("argoproj.io", "Rollout", &["spec.template?"]).selects(LabelSelector).is(&[Scalable]).restarts("argo.Rollout"),

        // Knative scales by itself, and its webhook refuses pod-level security fields by default.
        row("serving.knative.dev", "Service", TEMPLATE).is(&[ContainerLevelOnly, OneServes]),
        row("serving.knative.dev", "Configuration", TEMPLATE).is(&[ContainerLevelOnly, OneServes]),

        // OpenShift; the core group is where the kind lived before 3.6.
        row("apps.openshift.io", "DeploymentConfig", TEMPLATE).selects(Labels).is(&[Scalable]),
        row("", "DeploymentConfig", TEMPLATE).selects(Labels).is(&[Scalable]),

        // OpenKruise. Its UnitedDeployment has no row: the patches of its subsets can undo what a template says.
        row("apps.kruise.io", "CloneSet", TEMPLATE).selects(LabelSelector).is(&[Scalable]).claims(CLAIMS),
        row("apps.kruise.io", "StatefulSet", TEMPLATE).selects(LabelSelector).is(&[Scalable, StableNames]).claims(CLAIMS),
        row("apps.kruise.io", "DaemonSet", TEMPLATE).selects(LabelSelector),
        row("apps.kruise.io", "BroadcastJob", TEMPLATE).is(&[RunsToCompletion]),
        row("apps.kruise.io", "AdvancedCronJob", &[
            "spec.template.jobTemplate.spec.template?",
            "spec.template.broadcastJobTemplate.spec.template?",
        ]).is(&[RunsToCompletion]),

        row("jobset.x-k8s.io", "JobSet", &["spec.replicatedJobs[*].template.spec.template"]).is(&[RunsToCompletion]),

        // Without a leader template the leader is made from the worker template.
        row("leaderworkerset.x-k8s.io", "LeaderWorkerSet", &[
            "spec.leaderWorkerTemplate.leaderTemplate?",
            "spec.leaderWorkerTemplate.workerTemplate",
        ]).is(&[Scalable]).claims("/spec/leaderWorkerTemplate/volumeClaimTemplates"),

        // Make no pods, and fill most streams: not worth a search.
        ignored("", "ConfigMap"),
        ignored("", "Secret"),
        ignored("", "Service"),
        ignored("", "ServiceAccount"),
        ignored("", "PersistentVolumeClaim"),
        ignored("", "Namespace"),
        ignored("networking.k8s.io", "Ingress"),
        ignored("networking.k8s.io", "NetworkPolicy"),
        ignored("rbac.authorization.k8s.io", "Role"),
        ignored("rbac.authorization.k8s.io", "RoleBinding"),
        ignored("rbac.authorization.k8s.io", "ClusterRole"),
        ignored("rbac.authorization.k8s.io", "ClusterRoleBinding"),

        // Schemas, with examples and defaults, are not data.
        ignored("apiextensions.k8s.io", "CustomResourceDefinition"),
        // Patterns and mutations that look like pods: other people's rules about pods.
        ignored("kyverno.io", ANY),
        ignored("policies.kyverno.io", ANY),
        ignored("templates.gatekeeper.sh", ANY),
        ignored("constraints.gatekeeper.sh", ANY),
        ignored("mutations.gatekeeper.sh", ANY),
        ignored("expansion.gatekeeper.sh", ANY),
        // OpenShift Templates hold objects with parameters; `oc process` makes the objects.
        ignored("template.openshift.io", ANY),
        ignored("", "Template"),
        // Tekton makes its pods from steps and overwrites what it needs: its own settings harden them.
        ignored("tekton.dev", ANY),
    ]
};

/// The kind that stands for every kind of a group.
const ANY: &str = "*";

/// A row of `podTemplates`: where the pod template of one custom kind lives, or that it has none.
///
/// Rows of the same group and kind add up; what they say replaces what krmor knows of that group and kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodTemplateRow {
    /// API group without a version, such as `example.com`; empty or left out for the core group.
    #[serde(default)]
    pub group: String,
    /// The kind, such as `Backend`; `*` stands for every kind of the group.
    pub kind: String,
    /// Where the pod template (the object that holds `metadata` and `spec`) is: keys with dots between them, such as
    /// `spec.template`. `[*]` stands for every item of a list (`spec.jobs[*].template`), `*` for every value of a
    /// mapping (`spec.roles.*.template`), a lone `.` for the object itself. A backslash before `.`, `[`, `*` or `\`
    /// makes it part of a key.
    #[serde(default)]
    pub path: Option<String>,
    /// Says that what looks like a pod template makes no pods: with `path` at that place, without it anywhere in the kind.
    #[serde(default)]
    pub ignore: bool,
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// krmor itself.
    BuiltIn,
    /// `podTemplates` of a config.
    Config,
}

/// What is known of the objects of one group and kind, in any version.
#[derive(Clone, Debug)]
pub struct Row {
    /// API group; empty for the core group.
    pub group: Cow<'static, str>,
    /// Kind, or `*` for every kind of the group.
    pub kind: Cow<'static, str>,
    /// Where the pod templates are.
    pub paths: Vec<Path>,
    /// What looks like a pod template there makes no pods.
    pub except: Vec<Path>,
    /// The objects make no pods, or none that krmor should touch.
    pub ignore: bool,
    /// What the pods do that others do not.
    pub traits: &'static [Trait],
    /// How the kind says which pods are its own.
    pub selector: PodSelector,
    /// Pointer of the list of claims that are made anew for each pod.
    pub claims: Option<&'static str>,
    /// What the Vault Secrets Operator calls the kind, if it can restart its pods.
    pub restarts: Option<&'static str>,
    /// Where the row comes from.
    pub source: Source,
}

impl Row {
    fn matches(&self, group: &str, kind: &str) -> bool {
        (self.kind == kind || self.kind == ANY) && self.group == group
    }
}

/// Where pod templates live. The default holds the kinds that krmor knows.
#[derive(Clone, Debug)]
pub struct Table {
    /// The first match counts: single kinds before `*`, and config before built-in.
    rows: Vec<Row>,
}

impl Default for Table {
    fn default() -> Self {
        let rows = BUILT_IN.iter().map(|line| Row {
            group: Cow::Borrowed(line.group),
            kind: Cow::Borrowed(line.kind),
            paths: line.paths.iter().filter_map(|text| Path::built_in(text)).collect(),
            except: Vec::new(),
            ignore: line.paths.is_empty(),
            traits: line.traits,
            selector: line.selector,
            claims: line.claims,
            restarts: line.restarts,
            source: Source::BuiltIn,
        });
        Self { rows: rows.collect() }
    }
}

impl Table {
    /// The built-in table with the rows of a config before it.
    ///
    /// # Errors
    /// When a row has no kind, says neither `path` nor `ignore`, contradicts another, or has a path that cannot be read.
    pub fn with_rows(rows: &[PodTemplateRow]) -> Result<Self, Problem> {
        let mut table = Self::default();
        let mut own: Vec<Row> = Vec::new();
        for (number, line) in rows.iter().enumerate() {
            let error = |what: &str| Problem::new(&format!("/podTemplates/{number}"), what, "correct the row");
            let path = line.check().map_err(|what| error(&what))?;
            let ignore = line.ignore && path.is_none();
            let same = |row: &Row| row.group == line.group && row.kind == line.kind;
            let at = own.iter().position(same).unwrap_or_else(|| {
                own.push(table.blank(line, ignore));
                own.len() - 1
            });
            let Some(row) = own.get_mut(at) else { continue };
            if row.ignore != ignore {
                let what = "one row ignores this kind wholly, another says more of it; keep one of them";
                return Err(error(what));
            }
            let paths = if line.ignore { &mut row.except } else { &mut row.paths };
            paths.extend(path);
        }
        for row in &mut own {
            // To except one place is not to move the template.
            if row.paths.is_empty()
                && !row.ignore
                && let Some(known) = table.exact(&row.group, &row.kind)
            {
                row.paths.clone_from(&known.paths);
            }
        }
        table.rows.splice(0..0, own);
        table.rows.sort_by_key(|row| row.kind == ANY);
        Ok(table)
    }

    /// A config's row without paths: what the built-in row of the same kind knows else still holds.
    fn blank(&self, line: &PodTemplateRow, ignore: bool) -> Row {
        let known = self.exact(&line.group, &line.kind);
        Row {
            group: Cow::Owned(line.group.clone()),
            kind: Cow::Owned(line.kind.clone()),
            paths: Vec::new(),
            except: Vec::new(),
            ignore,
            traits: known.map_or(&[], |known| known.traits),
            selector: known.map_or(PodSelector::Unset, |known| known.selector),
            claims: known.and_then(|known| known.claims),
            restarts: known.and_then(|known| known.restarts),
            source: Source::Config,
        }
    }

    fn exact(&self, group: &str, kind: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.group == group && row.kind == kind)
    }

    /// The row of a group and kind.
    #[must_use]
    pub fn row(&self, group: &str, kind: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.matches(group, kind))
    }

    /// Every row, in the order in which they are tried.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl PodTemplateRow {
    fn check(&self) -> Result<Option<Path>, String> {
        if self.kind.is_empty() {
            return Err("`kind` is empty; name the kind, or `*` for every kind of the group".to_owned());
        }
        if let Some((group, _)) = self.group.split_once('/') {
            return Err(format!("`group: {}` holds a version; write `group: {group}`", self.group));
        }
        if self.path.is_none() && !self.ignore {
            return Err("there is neither `path` nor `ignore: true`; write one of them".to_owned());
        }
        self.path.as_deref().map(Path::parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_path_can_be_read() {
        let table = Table::default();
        for (line, row) in BUILT_IN.iter().zip(table.rows()) {
            assert_eq!(line.paths.len(), row.paths.len(), "{}/{}", line.group, line.kind);
        }
    }

    #[test]
    fn no_built_in_row_stands_in_the_shadow_of_another() {
        for (at, row) in BUILT_IN.iter().enumerate() {
            let table = Table::default();
            let found = table.row(row.group, row.kind).map(std::ptr::from_ref);
            assert_eq!(found, table.rows().get(at).map(std::ptr::from_ref), "{}/{}", row.group, row.kind);
        }
    }
}
