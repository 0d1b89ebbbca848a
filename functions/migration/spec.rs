//! What a person may write in the spec.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Map;

use super::values::{HelmVersion, Image, Name, Variable};
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::{AnnotationKey, LabelKey, LabelValue, ObjectName};
use krmor_core::severities::{Setting, Severities};
use krmor_core::target::{Matcher, Selector};
use krmor_core::values::{Command, NonNegative, given};
use std::collections::BTreeMap;

/// Lets a program's migration run before the program: in an init container of its pods, or in a Job. Both have the
/// image, the variables, the mounts, the security context and the resources of the program's own container.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// `initContainer`: every pod migrates before its program starts. `job`: one Job for each workload; see `job`.
    #[serde(rename = "as")]
    pub form: Form,
    /// Name of the main container to follow. Default: the only one that `targets` and `exclude` leave.
    pub container: Option<String>,
    /// Name of the migration's container, and behind a `-` of the Job: at most 40 of `a-z`, `0-9` and inner `-`. Two
    /// migrations of one workload need two names. Default `migrate`.
    #[serde(default)]
    pub name: Name,
    /// The program to run, in the place of the image's entrypoint: a list of words, no shell. Default: the image's
    /// entrypoint, with `args`.
    pub command: Option<Command>,
    /// The arguments of the program: a list of words. Required without `command`.
    pub args: Option<Command>,
    /// Variables that only the migration has, on top of the container's or in the place of those of the same name.
    /// Default: none.
    #[serde(default)]
    pub env: Vec<Variable>,
    /// Image of the migration, where it is another than the program's: `registry/name:tag`, or by digest. Default: the
    /// container's, which the migration follows.
    pub image: Option<Image>,
    /// Native sidecars of the pod (`initContainers` with `restartPolicy: Always`) that the migration needs, as a proxy to
    /// its database: a Job gets them too, and an init container comes behind them. Default: none.
    #[serde(default)]
    pub sidecars: Vec<String>,
    /// With `as: job`: init containers of the pod that the Job gets too, before the migration, as those that fill a volume
    /// which it mounts. Default: none.
    #[serde(default)]
    pub init_containers: Vec<String>,
    /// Names of the volumes that the migration mounts, of those that the container mounts. Default: all of them.
    pub volumes: Option<Vec<String>>,
    /// `true`: the migration takes a lock, as an advisory lock of the database, so that several may start at once.
    /// Default `false`: where several may, that is said.
    #[serde(default)]
    pub locks: bool,
    /// Further workloads that start when the migration has ended, and have none of their own, as the workers of the
    /// program. With a hook of Argo CD or Helm; each entry must match something unless `optional: true`. Default: none.
    #[serde(default)]
    pub followers: Vec<Selector>,
    /// With `as: job`: how the Job is started, and when.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Job")]
    pub job: Option<Job>,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads have a migration; each entry must match something unless `optional: true`. With `containers`: the
    /// container to follow. Default: the only workload of the stream, those that run to completion aside.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads or containers to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

function_spec!(Spec, find_problems);

/// How the migration runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Form {
    /// Within the pods of the program.
    InitContainer,
    /// In a pod of its own.
    Job,
}

/// A Job for each workload, called `<workload>-<name>`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Job {
    /// Who starts it. `argocd-presync`: Argo CD, before it applies anything. `argocd-sync`: Argo CD, in a wave between
    /// what the migration needs and the program. `helm`: Helm 4, before it installs or upgrades anything. `none`
    /// (the default): whoever applies the stream; a hash of the Job's content is then part of its name, since a Job
    /// cannot be changed. That one asks for `unordered: true`.
    #[serde(default)]
    pub hook: Hook,
    /// The Argo CD wave within the phase, or Helm's hook weight; a whole number. With `argocd-sync` the workload gets the
    /// wave behind it, unless it has one. Default 1 with `argocd-sync`, else 0.
    pub wave: Option<i32>,
    /// With `helm`: the major version, `3` or `4`. Required there: Helm 3 takes hooks out before it calls a
    /// post-renderer, so it never sees one that is made here.
    pub helm: Option<HelmVersion>,
    /// With `none`, and required there: says that it does no harm when the program starts beside the migration, since the
    /// program waits for its schema or also works with the old one. Nothing orders the two. Default `false`.
    #[serde(default)]
    pub unordered: bool,
    /// The database, when it is in this stream: a workload, or what an operator makes one from. A hook that runs before
    /// the stream is applied would wait for it in vain. Default: the Services that the migration's variables name as hosts.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Selector")]
    pub database: Option<Selector>,
    /// Says that the database is not in this stream, whatever the variables name. Default `false`.
    #[serde(default)]
    pub external_database: bool,
    /// Retries before the Job counts as failed, from 0 on. Default: the API's, 6.
    pub backoff_limit: Option<NonNegative>,
    /// Seconds after which the Job is ended and counts as failed, from 0 on. Default: none.
    pub active_deadline_seconds: Option<NonNegative>,
    /// With `none`: seconds after which a finished Job is deleted, from 0 on. The next apply then runs it again; not for
    /// streams that Argo CD or another controller keeps applying. Default: none.
    pub ttl_seconds_after_finished: Option<NonNegative>,
    /// ServiceAccount of the Job. Default: the workload's.
    pub service_account_name: Option<ObjectName>,
    /// Further labels of the Job's pods, by which policies, meshes and injectors know them. Default: none.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, LabelValue>")]
    pub pod_labels: BTreeMap<LabelKey, LabelValue>,
    /// Further annotations of the Job's pods. Default: none.
    #[serde(default)]
    pub pod_annotations: BTreeMap<AnnotationKey, String>,
}

/// Who starts the Job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    /// Whoever applies the stream.
    #[default]
    None,
    /// Argo CD, before the Sync phase.
    ArgocdPresync,
    /// Argo CD, in the Sync phase.
    ArgocdSync,
    /// Helm 4.
    Helm,
}

impl Hook {
    /// As it is written in the spec.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Hook::None => "none",
            Hook::ArgocdPresync => "argocd-presync",
            Hook::ArgocdSync => "argocd-sync",
            Hook::Helm => "helm",
        }
    }

    /// The wave or weight where the spec names none.
    fn wave(self) -> i32 {
        i32::from(self == Hook::ArgocdSync)
    }
}

impl Job {
    /// The Argo CD wave, or Helm's weight.
    #[must_use]
    pub fn wave(&self) -> i32 {
        self.wave.unwrap_or_else(|| self.hook.wave())
    }
}

impl Spec {
    /// What it says of the Job.
    #[must_use]
    pub fn job(&self) -> Job {
        self.job.clone().unwrap_or_default()
    }

    /// What cannot be right although each field can be read.
    fn find_problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        if self.command.is_none() && self.args.is_none() {
            let problem = "without `command` or `args` the image's own program would run, which serves and never ends";
            found.push(Problem::new("/command", problem, "name the migration's command"));
        }
        for (at, variable) in self.env.iter().enumerate() {
            if self.env.iter().take(at).any(|other| other.name == variable.name) {
                let problem = format!("`{}` is there twice", variable.name.as_str());
                found.push(Problem::new(&format!("/env/{at}/name"), problem, "remove one of the two"));
            }
        }
        if let Some(selector) = self.job.as_ref().and_then(|job| job.database.as_ref()) {
            found.extend(Matcher::new(selector, DATABASE).err().unwrap_or_default());
        }
        for (at, selector) in self.followers.iter().enumerate() {
            found.extend(Matcher::new(selector, &format!("/followers/{at}")).err().unwrap_or_default());
        }
        if !self.followers.is_empty() && (self.form == Form::InitContainer || self.job().hook == Hook::None) {
            let problem = match self.form {
                Form::InitContainer => "the pods of another workload do not wait for an init container of this one",
                Form::Job => "with `hook: none` nothing waits for the Job",
            };
            let remedy = "write `as: job` with a `hook` of Argo CD or Helm, or name the workloads in `targets`";
            found.push(Problem::new("/followers", problem, remedy));
        }
        for (field, list) in [("sidecars", &self.sidecars), ("initContainers", &self.init_containers)] {
            for (at, name) in list.iter().enumerate() {
                if list.iter().take(at).any(|other| other == name) {
                    let problem = format!("`{name}` is there twice");
                    found.push(Problem::new(&format!("/{field}/{at}"), problem, "remove one"));
                }
            }
        }
        if self.form == Form::InitContainer && !self.init_containers.is_empty() {
            let problem = "the migration stands behind the other init containers of its pod anyway";
            found.push(Problem::new("/initContainers", problem, "remove it, or write `as: job`"));
        }
        match (self.form, &self.job) {
            (Form::InitContainer, Some(_)) => {
                found.push(Problem::new("/job", "an init container needs no Job", "remove it, or write `as: job`"));
            }
            (Form::InitContainer, None) => {}
            (Form::Job, _) => self.job().find_problems(&mut found),
        }
        found
    }
}

impl Job {
    fn find_problems(&self, found: &mut Vec<Problem>) {
        let mut say =
            |field: &str, problem: String, remedy| found.push(Problem::new(&format!("/job{field}"), problem, remedy));
        let hook = self.hook.name();
        match (self.hook, self.helm.map(HelmVersion::major)) {
            (Hook::Helm, None) => say(
                "/helm",
                "Helm 3 takes hooks out before it calls a post-renderer, Helm 4 does not; which one is it?".to_owned(),
                "write `helm: 4`; under Helm 3 write `as: initContainer`, or make the hook a template of the chart",
            ),
            (Hook::Helm, Some(3)) => say(
                "/helm",
                "Helm 3 takes hooks out before it calls a post-renderer: the Job would be an ordinary one, beside the program"
                    .to_owned(),
                "write `as: initContainer`, make the hook a template of the chart, or use Helm 4",
            ),
            (Hook::Helm, Some(_)) | (_, None) => {}
            (_, Some(_)) => say("/helm", format!("says nothing with `hook: {hook}`"), "remove it, or write `hook: helm`"),
        }
        if self.hook == Hook::None {
            if self.wave.is_some() {
                say("/wave", "only hooks have waves".to_owned(), "remove it, or name the `hook`");
            }
            if !self.unordered {
                say(
                    "",
                    "with `hook: none` nothing keeps the program from starting before the migration has ended"
                        .to_owned(),
                    "write `as: initContainer`, name the `hook` that orders them, or say by `unordered: true` that the \
                     program waits for its schema or works with the old one",
                );
            }
        } else {
            if self.unordered {
                say("/unordered", format!("`hook: {hook}` orders them"), "remove it");
            }
            if self.ttl_seconds_after_finished.is_some() {
                let problem = "the hook's Job would be gone before its result is read, or come back as out of sync";
                say(
                    "/ttlSecondsAfterFinished",
                    problem.to_owned(),
                    "remove it: the next run deletes the last one's Job",
                );
            }
        }
        if self.external_database && self.database.is_some() {
            let problem = "`externalDatabase: true` says that it is not in this stream".to_owned();
            say("/database", problem, "remove one of the two");
        }
    }

    /// The annotations that make it a hook.
    #[must_use]
    pub fn annotations(&self) -> Map<String, serde_json::Value> {
        let wave = self.wave().to_string();
        let pairs: Vec<(&str, &str)> = match self.hook {
            Hook::None => Vec::new(),
            Hook::ArgocdPresync | Hook::ArgocdSync => {
                let phase = if self.hook == Hook::ArgocdSync { "Sync" } else { "PreSync" };
                let mut pairs = vec![(ARGO_HOOK, phase), (ARGO_DELETE, "BeforeHookCreation")];
                if self.wave() != 0 {
                    pairs.push((ARGO_WAVE, &wave));
                }
                pairs
            }
            Hook::Helm => {
                let mut pairs = vec![(HELM_HOOK, "pre-install,pre-upgrade"), (HELM_DELETE, "before-hook-creation")];
                if self.wave() != 0 {
                    pairs.push((HELM_WEIGHT, &wave));
                }
                pairs
            }
        };
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect()
    }
}

/// Pointer of the selector of the database.
pub(super) const DATABASE: &str = "/job/database";

/// The phase in which Argo CD runs a hook.
pub const ARGO_HOOK: &str = "argocd.argoproj.io/hook";
/// When Argo CD deletes a hook: without it, the next sync could not make the Job anew.
pub const ARGO_DELETE: &str = "argocd.argoproj.io/hook-delete-policy";
/// The order within a phase of Argo CD.
pub const ARGO_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// When Helm runs a hook.
pub const HELM_HOOK: &str = "helm.sh/hook";
/// When Helm deletes a hook.
pub const HELM_DELETE: &str = "helm.sh/hook-delete-policy";
/// The order of Helm's hooks.
pub const HELM_WEIGHT: &str = "helm.sh/hook-weight";
/// All of them.
pub const HOOKS: [&str; 6] = [ARGO_HOOK, ARGO_DELETE, ARGO_WAVE, HELM_HOOK, HELM_DELETE, HELM_WEIGHT];
