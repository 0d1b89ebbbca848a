//! What a person may write in the spec.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fields::Field;
use super::values::{ImageUser, MountPath, NonRootId, Size, Version};
use krmor_core::config::Problem;
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::VolumeName;
use krmor_core::severities::{Setting, Severities};
use krmor_core::suggest::suggest;
use krmor_core::target::Selector;
use krmor_core::values::Command;

/// Hardens pods and containers to a level of the Pod Security Standards.
///
/// Absent fields are filled where the effective value (container, else pod) is absent; stricter values stay; weaker
/// explicit ones are conflicts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Level of the Pod Security Standards: `restricted` (the default) adds what the standard demands and refuses what
    /// it forbids; `baseline` refuses, and adds only the fields named in this spec.
    #[serde(default)]
    pub level: Level,
    /// Version of the standard: `v1.0` to `v1.37`, or `latest`, which is the newest that this release of krmor knows.
    /// Default `v1.35`: the oldest Kubernetes release in support, so that its result passes on all newer ones.
    #[serde(default)]
    pub version: Version,
    /// `openshift`: no fixed uid, gid or fsGroup, since its security context constraints assign them from the
    /// namespace's range. Existing ones are conflicts; cannot be combined with `runAsUser`, `runAsGroup`, `fsGroup`.
    pub profile: Option<Profile>,
    /// Users that images name, which krmor cannot see: each settles whether its containers start under `runAsNonRoot: true`
    /// where no `runAsUser` is set. Default: none.
    #[serde(default)]
    pub images: Vec<ImageFact>,
    /// Uid that containers run as where none is set (`securityContext.runAsUser`): 1 to 2147483647. Default: left to
    /// the image. An explicit 0 becomes a conflict at every level.
    pub run_as_user: Option<NonRootId>,
    /// Primary gid where none is set (`securityContext.runAsGroup`): 1 to 2147483647. Default: left to the image.
    pub run_as_group: Option<NonRootId>,
    /// Gid that owns the pod's volumes where none is set (the pod's `securityContext.fsGroup`): 1 to 2147483647.
    /// Default: none.
    pub fs_group: Option<NonRootId>,
    /// Seccomp profile where none is set (`securityContext.seccompProfile`). Default: `{type: RuntimeDefault}` at
    /// `restricted` from v1.19, none at `baseline`.
    pub seccomp_profile: Option<SeccompProfile>,
    /// `true`: containers get `securityContext.readOnlyRootFilesystem: true` where it is absent, and an explicit
    /// `false` is a conflict. Default `false`: nothing is asked (no level of the standard does).
    #[serde(default)]
    pub read_only_root_filesystem: bool,
    /// Directories that stay writable in containers whose root filesystem is read-only: each becomes a size-limited
    /// emptyDir. A container that already mounts something there keeps what it has. Default: none.
    #[serde(default)]
    pub writable_paths: Vec<WritablePath>,
    /// `false`: pods get `automountServiceAccountToken: false` where it is absent, and an explicit `true` is a
    /// conflict; except where the Vault agent injector needs the token. Default, and `true`: nothing is asked.
    pub automount_service_account_token: Option<bool>,
    /// `true`: pods get `hostUsers: false` where it is absent, so that root in a container is nobody on the node, and an explicit
    /// `true` is a conflict. For Kubernetes from v1.36 on; refused beside host namespaces and raw block volumes. Under a
    /// `version` from v1.35 on, pods with users of their own may run as root inside. Default `false`: nothing is asked.
    #[serde(default)]
    pub user_namespaces: bool,
    /// What happens to explicit values weaker than asked: `fail` (the default) reports every one as an error,
    /// `override` changes them, `keep` leaves them with a warning.
    #[serde(default)]
    pub conflicts: Conflicts,
    /// Weaker values and other findings that are meant, each with its reason. `fields` are then neither refused nor filled
    /// there. Fields that could no longer hold follow: an allowed `privileged` or added `CAP_SYS_ADMIN` also allows privilege
    /// escalation, an allowed `runAsUser: 0` root. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`conflict/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads or containers to harden; each entry must match something unless `optional: true`. Default: all.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads or containers to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

function_spec!(Spec, find_problems);

impl Spec {
    /// The seccomp profile to set, as a value of the API.
    #[must_use]
    pub fn seccomp(&self) -> Value {
        match &self.seccomp_profile {
            Some(SeccompProfile { kind: SeccompType::Localhost, localhost_profile }) => {
                json!({"type": "Localhost", "localhostProfile": localhost_profile})
            }
            _ => json!({"type": "RuntimeDefault"}),
        }
    }

    /// What cannot be right although each field can be read.
    fn find_problems(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        for (at, exception) in self.exceptions.iter().enumerate() {
            for (number, field) in exception.fields.iter().enumerate() {
                if !Field::ALL.iter().any(|known| field.matches(known.name())) {
                    let names: Vec<String> = Field::ALL.iter().map(|known| known.name().to_owned()).collect();
                    let problem = format!("`{}` is no field of this function", field.as_str());
                    let pointer = format!("/exceptions/{at}/fields/{number}");
                    found.push(Problem::new(&pointer, problem, suggest(field.as_str(), &names, "field")));
                }
            }
        }
        let fixed = [
            ("runAsUser", self.run_as_user.is_some()),
            ("runAsGroup", self.run_as_group.is_some()),
            ("fsGroup", self.fs_group.is_some()),
        ];
        for (name, _) in fixed.into_iter().filter(|(_, set)| *set && self.profile == Some(Profile::Openshift)) {
            let problem = "cannot be combined with `profile: openshift`: OpenShift assigns it".to_owned();
            found.push(Problem::new(&format!("/{name}"), problem, "remove one of the two"));
        }
        if let Some(profile) = &self.seccomp_profile {
            let file = profile.localhost_profile.as_deref();
            let is_inside =
                |file: &str| !file.is_empty() && !file.starts_with('/') && file.split('/').all(|part| part != "..");
            let problem = match (profile.kind, file) {
                (SeccompType::Localhost, None) => Some("`type: Localhost` needs `localhostProfile`"),
                (SeccompType::RuntimeDefault, Some(_)) => Some("`localhostProfile` goes with `type: Localhost` only"),
                (SeccompType::Localhost, Some(file)) if !is_inside(file) => {
                    Some("`localhostProfile` must be a relative path without `..`")
                }
                _ => None,
            };
            found.extend(problem.map(|problem| Problem::new("/seccompProfile", problem, "correct the profile")));
        }
        for (at, _) in self.images.iter().enumerate().filter(|(_, image)| image.name.trim().is_empty()) {
            let problem = "the image has no name";
            found.push(Problem::new(&format!("/images/{at}/name"), problem, "write it as containers have it"));
        }
        for (at, path) in self.writable_paths.iter().enumerate() {
            let earlier = self.writable_paths.iter().take(at);
            let twice = |same: bool, what: &str| same.then(|| format!("{what} is listed twice"));
            let same_path = earlier.clone().any(|other| other.path == path.path);
            let same_name = path.name.is_some() && earlier.clone().any(|other| other.name == path.name);
            let alone = path.command.is_some() && !path.seed;
            found.extend(alone.then(|| {
                let at = format!("/writablePaths/{at}/command");
                Problem::new(&at, "`command` goes with `seed: true` only", "add `seed: true`, or remove it")
            }));
            let problem = twice(same_path, "the path").or_else(|| twice(same_name, "the name"));
            found.extend(
                problem.map(|problem| Problem::new(&format!("/writablePaths/{at}"), problem, "remove one of the two")),
            );
        }
        found
    }
}

/// A level of the Pod Security Standards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Prevents known privilege escalations.
    Baseline,
    /// Hardening best practice; includes baseline.
    #[default]
    Restricted,
}

impl Level {
    /// Its name in the standard.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

/// A platform whose rules come on top of the standard's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Profile {
    /// OpenShift's `restricted-v2` security context constraints.
    Openshift,
}

/// What happens to weaker explicit values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Conflicts {
    /// Every one is an error.
    #[default]
    Fail,
    /// Fields are edited; volumes stay errors, since removing one takes its data away from the program.
    Override,
    /// They stay, each with a warning.
    Keep,
}

/// A seccomp profile, as in the Kubernetes API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeccompProfile {
    /// `RuntimeDefault`, the container runtime's own profile, or `Localhost`, a file on the node.
    #[serde(rename = "type")]
    pub kind: SeccompType,
    /// The file, relative to the kubelet's seccomp directory; with `Localhost`, and only then. Must not contain `..`.
    pub localhost_profile: Option<String>,
}

/// The kinds of seccomp profile that the standard allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SeccompType {
    /// The container runtime's own profile.
    RuntimeDefault,
    /// A file on the node.
    Localhost,
}

/// What is known of an image.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageFact {
    /// Name of the image as containers have it, with its registry; a tag and a digest may be left out, and then any fits. The
    /// first entry that fits counts.
    pub name: String,
    /// `USER` of the image: a uid such as 1000, or a name. Root, and a name, which the kubelet cannot prove not to be root's,
    /// are conflicts under `runAsNonRoot: true`.
    pub user: ImageUser,
}

/// A directory that stays writable under a read-only root filesystem.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WritablePath {
    /// Absolute path in the container, such as `/tmp`.
    pub path: MountPath,
    /// Most that the emptyDir may hold, as a quantity of bytes such as `64Mi`; the pod is evicted above it.
    pub size_limit: Size,
    /// Name of the volume; given, the containers of a pod share one emptyDir. Default: each container has its own,
    /// named after the path and the container (`tmp-web`).
    pub name: Option<VolumeName>,
    /// `true`: an init container of the same image fills the volume first with what the image has at the path. Only for main
    /// containers. Default `false`: the volume is empty, and hides what the image has there.
    #[serde(default)]
    pub seed: bool,
    /// Command that fills the volume, which the init container has at `/krmor-seed`; with `seed: true` only. Default: the
    /// image's own `cp`, which an image without a shell may not have.
    pub command: Option<Command>,
}
