//! The table of checks: those of Pod Security admission, and those of fields that the spec names.
//!
//! Source: k8s.io/pod-security-admission v0.37.2, `policy/check_*.go`; its ids, levels and versions are kept.

use super::spec::{Level, Profile, Spec};
use super::view::{View, Violation};
use super::{asked, baseline, profiles, restricted};
use crate::security_context::rules;
use krmor_core::report::Rule;

/// When a check applies. Versions are minor numbers of the standard.
#[derive(Clone, Copy)]
enum When {
    /// At both levels since `from`; at `restricted` a stricter check takes over since `until`.
    Baseline { from: u32, until: u32 },
    /// At `restricted` since `from`.
    Restricted { from: u32 },
    /// When the spec asks for it.
    Asked(fn(&Spec) -> bool),
}

/// No version.
const NEVER: u32 = u32::MAX;

/// One check.
pub(super) struct Check {
    /// The id in the standard's source, as a rule of the report.
    pub(super) rule: &'static Rule,
    /// What is allowed, for messages.
    pub(super) allows: &'static str,
    when: When,
    /// Finds the values that are not.
    pub(super) find: Find,
}

/// Finds the values of a pod that a check does not allow.
type Find = fn(&View<'_>, &Spec, &mut Vec<Violation>);

impl Check {
    /// Who demands it, for messages: `restricted v1.35`.
    pub(super) fn authority(&self, spec: &Spec) -> String {
        match self.when {
            When::Baseline { .. } => format!("{} v1.{}", Level::Baseline.name(), spec.version.minor()),
            When::Restricted { .. } => format!("{} v1.{}", Level::Restricted.name(), spec.version.minor()),
            When::Asked(_) => "the config".to_owned(),
        }
    }
}

/// The checks of the standard itself, in order.
pub(super) fn standard() -> impl Iterator<Item = &'static Check> {
    CHECKS.iter().filter(|check| !matches!(check.when, When::Asked(_)))
}

/// The checks that a spec asks for, in order.
pub(super) fn of(spec: &Spec) -> Vec<&'static Check> {
    let minor = spec.version.minor();
    let applies = |check: &&Check| match (check.when, spec.level) {
        (When::Baseline { from, .. }, Level::Baseline) | (When::Restricted { from }, Level::Restricted) => {
            minor >= from
        }
        (When::Baseline { from, until }, Level::Restricted) => (from..until).contains(&minor),
        (When::Restricted { .. }, Level::Baseline) => false,
        (When::Asked(asks), _) => asks(spec),
    };
    CHECKS.iter().filter(applies).collect()
}

const fn check(rule: &'static Rule, when: When, find: Find, allows: &'static str) -> Check {
    Check { rule, allows, when, find }
}

/// All checks. A check stands behind those whose exceptions excuse it: `allowPrivilegeEscalation` behind `privileged`.
static CHECKS: &[Check] = &{
    use When::{Asked, Baseline, Restricted};
    const ALWAYS: When = Baseline { from: 0, until: NEVER };
    [
        check(&rules::CONFLICT_PRIVILEGED, ALWAYS, baseline::privileged, "only `false`"),
        check(&rules::CONFLICT_WINDOWS_HOST_PROCESS, ALWAYS, baseline::windows_host_process, "only `false`"),
        check(&rules::CONFLICT_HOST_NAMESPACES, ALWAYS, baseline::host_namespaces, "only `false`"),
        check(&rules::CONFLICT_HOST_PORTS, ALWAYS, baseline::host_ports, "no host ports"),
        check(
            &rules::CONFLICT_HOST_PATH_VOLUMES,
            Baseline { from: 0, until: 0 },
            baseline::host_path_volumes,
            "no hostPath volumes",
        ),
        check(
            &rules::CONFLICT_RESTRICTED_VOLUMES,
            Restricted { from: 0 },
            restricted::volumes,
            "only volumes of configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret",
        ),
        check(
            &rules::CONFLICT_CAPABILITIES_BASELINE,
            Baseline { from: 0, until: 22 },
            baseline::capabilities,
            "only the default set without NET_RAW, in capitals and without `CAP_`",
        ),
        check(
            &rules::CONFLICT_CAPABILITIES_RESTRICTED,
            Restricted { from: 22 },
            restricted::capabilities,
            "only `NET_BIND_SERVICE`",
        ),
        check(
            &rules::CONFLICT_ALLOW_PRIVILEGE_ESCALATION,
            Restricted { from: 8 },
            restricted::allow_privilege_escalation,
            "only `false`",
        ),
        check(
            &rules::CONFLICT_OPENSHIFT,
            Asked(|spec| spec.profile == Some(Profile::Openshift)),
            asked::fixed_ids,
            "no fixed ids: OpenShift assigns them",
        ),
        check(&rules::CONFLICT_HOST_USERS, Asked(|spec| spec.user_namespaces), asked::host_users, "only `false`"),
        // In the standard since v1.23; before, because `runAsNonRoot: true` keeps uid 0 from starting.
        check(&rules::CONFLICT_RUN_AS_USER, Restricted { from: 0 }, restricted::run_as_user, "no uid 0"),
        check(
            &rules::CONFLICT_RUN_AS_USER,
            Asked(|spec| spec.level == Level::Baseline && spec.run_as_user.is_some()),
            restricted::run_as_user,
            "no uid 0",
        ),
        check(&rules::CONFLICT_RUN_AS_NON_ROOT, Restricted { from: 0 }, restricted::run_as_non_root, "only `true`"),
        check(
            &rules::CONFLICT_RUN_AS_GROUP,
            Asked(|spec| spec.run_as_group.is_some()),
            asked::run_as_group,
            "no gid 0",
        ),
        check(&rules::CONFLICT_FS_GROUP, Asked(|spec| spec.fs_group.is_some()), asked::fs_group, "no gid 0"),
        check(
            &rules::CONFLICT_SECCOMP_PROFILE_BASELINE,
            Baseline { from: 0, until: 19 },
            profiles::seccomp_profile,
            "only `RuntimeDefault` and `Localhost`",
        ),
        check(
            &rules::CONFLICT_SECCOMP_PROFILE_RESTRICTED,
            Restricted { from: 19 },
            restricted::seccomp_profile,
            "only `RuntimeDefault` and `Localhost`",
        ),
        check(
            &rules::CONFLICT_APP_ARMOR_PROFILE,
            ALWAYS,
            profiles::app_armor_profile,
            "only `RuntimeDefault` and `Localhost`",
        ),
        check(
            &rules::CONFLICT_SE_LINUX_OPTIONS,
            ALWAYS,
            profiles::se_linux_options,
            "only the container types, and neither user nor role",
        ),
        check(&rules::CONFLICT_PROC_MOUNT, Baseline { from: 0, until: 35 }, baseline::proc_mount, "only `Default`"),
        check(
            &rules::CONFLICT_PROC_MOUNT_RESTRICTED,
            Restricted { from: 35 },
            restricted::proc_mount,
            "only `Default`",
        ),
        check(&rules::CONFLICT_SYSCTLS, ALWAYS, baseline::sysctls, "only the safe sysctls"),
        check(
            &rules::CONFLICT_HOST_PROBES_AND_HOST_LIFECYCLE,
            Baseline { from: 34, until: NEVER },
            baseline::probe_hosts,
            "no host",
        ),
        check(
            &rules::CONFLICT_READ_ONLY_ROOT_FILESYSTEM,
            Asked(|spec| spec.read_only_root_filesystem),
            asked::read_only_root_filesystem,
            "only `true`",
        ),
        check(
            &rules::CONFLICT_AUTOMOUNT_SERVICE_ACCOUNT_TOKEN,
            Asked(|spec| spec.automount_service_account_token == Some(false)),
            asked::automount_service_account_token,
            "only `false`",
        ),
    ]
};
