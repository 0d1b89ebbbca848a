//! The table of checks: those of Pod Security admission, and those of fields that the spec names.
//!
//! Source: k8s.io/pod-security-admission v0.37.2, `policy/check_*.go`; its ids, levels and versions are kept.

use super::spec::{Level, Profile, Spec};
use super::view::{View, Violation};
use super::{asked, baseline, restricted};

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
    pub(super) rule: &'static str,
    /// What is allowed, for messages.
    pub(super) allows: &'static str,
    when: When,
    /// Finds the values that are not.
    pub(super) find: fn(&View<'_>, &Spec, &mut Vec<Violation>),
}

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

/// All checks. A check stands behind those whose exceptions excuse it: `allowPrivilegeEscalation` behind `privileged`.
static CHECKS: &[Check] = &[
    Check {
        rule: "conflict/privileged",
        allows: "only `false`",
        when: When::Baseline { from: 0, until: NEVER },
        find: baseline::privileged,
    },
    Check {
        rule: "conflict/windowsHostProcess",
        allows: "only `false`",
        when: When::Baseline { from: 0, until: NEVER },
        find: baseline::windows_host_process,
    },
    Check {
        rule: "conflict/hostNamespaces",
        allows: "only `false`",
        when: When::Baseline { from: 0, until: NEVER },
        find: baseline::host_namespaces,
    },
    Check {
        rule: "conflict/hostPorts",
        allows: "no host ports",
        when: When::Baseline { from: 0, until: NEVER },
        find: baseline::host_ports,
    },
    Check {
        rule: "conflict/hostPathVolumes",
        allows: "no hostPath volumes",
        when: When::Baseline { from: 0, until: 0 },
        find: baseline::host_path_volumes,
    },
    Check {
        rule: "conflict/restrictedVolumes",
        allows: "only configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected and secret volumes",
        when: When::Restricted { from: 0 },
        find: restricted::volumes,
    },
    Check {
        rule: "conflict/capabilities_baseline",
        allows: "only capabilities of the default set without NET_RAW, in capitals and without `CAP_`",
        when: When::Baseline { from: 0, until: 22 },
        find: baseline::capabilities,
    },
    Check {
        rule: "conflict/capabilities_restricted",
        allows: "only `NET_BIND_SERVICE`",
        when: When::Restricted { from: 22 },
        find: restricted::capabilities,
    },
    Check {
        rule: "conflict/allowPrivilegeEscalation",
        allows: "only `false`",
        when: When::Restricted { from: 8 },
        find: restricted::allow_privilege_escalation,
    },
    Check {
        rule: "conflict/openshift",
        allows: "no fixed ids: OpenShift assigns them",
        when: When::Asked(|spec| spec.profile == Some(Profile::Openshift)),
        find: asked::fixed_ids,
    },
    Check {
        rule: "conflict/runAsUser",
        allows: "no uid 0",
        // In the standard since v1.23; before, because `runAsNonRoot: true` keeps uid 0 from starting.
        when: When::Restricted { from: 0 },
        find: restricted::run_as_user,
    },
    Check {
        rule: "conflict/runAsUser",
        allows: "no uid 0",
        when: When::Asked(|spec| spec.level == Level::Baseline && spec.run_as_user.is_some()),
        find: restricted::run_as_user,
    },
    Check {
        rule: "conflict/runAsNonRoot",
        allows: "only `true`",
        when: When::Restricted { from: 0 },
        find: restricted::run_as_non_root,
    },
    Check {
        rule: "conflict/runAsGroup",
        allows: "no gid 0",
        when: When::Asked(|spec| spec.run_as_group.is_some()),
        find: asked::run_as_group,
    },
    Check {
        rule: "conflict/fsGroup",
        allows: "no gid 0",
        when: When::Asked(|spec| spec.fs_group.is_some()),
        find: asked::fs_group,
    },
    Check {
        rule: "conflict/seccompProfile_baseline",
        allows: "only `RuntimeDefault` and `Localhost`",
        when: When::Baseline { from: 0, until: 19 },
        find: baseline::seccomp_profile,
    },
    Check {
        rule: "conflict/seccompProfile_restricted",
        allows: "only `RuntimeDefault` and `Localhost`",
        when: When::Restricted { from: 19 },
        find: restricted::seccomp_profile,
    },
    Check {
        rule: "conflict/appArmorProfile",
        allows: "only `RuntimeDefault` and `Localhost`",
        when: When::Baseline { from: 0, until: NEVER },
        find: baseline::app_armor_profile,
    },
    Check {
        rule: "conflict/seLinuxOptions",
        allows: "only the container types, and neither user nor role",
        when: When::Baseline { from: 0, until: NEVER },
        find: baseline::se_linux_options,
    },
    Check {
        rule: "conflict/procMount",
        allows: "only `Default`",
        when: When::Baseline { from: 0, until: 35 },
        find: baseline::proc_mount,
    },
    Check {
        rule: "conflict/procMount_restricted",
        allows: "only `Default`",
        when: When::Restricted { from: 35 },
        find: restricted::proc_mount,
    },
    Check {
        rule: "conflict/sysctls",
        allows: "only the safe sysctls",
        when: When::Baseline { from: 0, until: NEVER },
        find: baseline::sysctls,
    },
    Check {
        rule: "conflict/hostProbesAndHostLifecycle",
        allows: "no host",
        when: When::Baseline { from: 34, until: NEVER },
        find: baseline::probe_hosts,
    },
    Check {
        rule: "conflict/readOnlyRootFilesystem",
        allows: "only `true`",
        when: When::Asked(|spec| spec.read_only_root_filesystem),
        find: asked::read_only_root_filesystem,
    },
    Check {
        rule: "conflict/automountServiceAccountToken",
        allows: "only `false`",
        when: When::Asked(|spec| spec.automount_service_account_token == Some(false)),
        find: asked::automount_service_account_token,
    },
];
