//! The rules of `Checks`, in the order in which they are reported, and what looks for each. A rule is one declaration here,
//! one file, and cases in the README that show what it finds and what it leaves alone.

use super::findings::Findings;
use super::world::World;
use super::{pod_security, pools, references, secrets};
use krmor_core::report::Rule;

// What cannot work is an error; what may be settled outside of the stream is a warning.
krmor_core::rules! {
    POD_SECURITY_PRIVILEGED = "pod-security/privileged", Error,
        "TODO",
        "TODO";
    POD_SECURITY_WINDOWS_HOST_PROCESS = "pod-security/windowsHostProcess", Error,
        "TODO",
        "TODO";
    POD_SECURITY_HOST_NAMESPACES = "pod-security/hostNamespaces", Error,
        "TODO",
        "TODO";
    POD_SECURITY_HOST_PORTS = "pod-security/hostPorts", Error,
        "TODO",
        "TODO";
    POD_SECURITY_HOST_PATH_VOLUMES = "pod-security/hostPathVolumes", Error,
        "TODO",
        "TODO";
    POD_SECURITY_RESTRICTED_VOLUMES = "pod-security/restrictedVolumes", Error,
        "TODO",
        "TODO";
    POD_SECURITY_CAPABILITIES_BASELINE = "pod-security/capabilities_baseline", Error,
        "TODO",
        "TODO";
    POD_SECURITY_CAPABILITIES_RESTRICTED = "pod-security/capabilities_restricted", Error,
        "TODO",
        "TODO";
    POD_SECURITY_ALLOW_PRIVILEGE_ESCALATION = "pod-security/allowPrivilegeEscalation", Error,
        "TODO",
        "TODO";
    POD_SECURITY_RUN_AS_USER = "pod-security/runAsUser", Error,
        "TODO",
        "TODO";
    POD_SECURITY_RUN_AS_NON_ROOT = "pod-security/runAsNonRoot", Error,
        "TODO",
        "TODO";
    POD_SECURITY_SECCOMP_PROFILE_BASELINE = "pod-security/seccompProfile_baseline", Error,
        "TODO",
        "TODO";
    POD_SECURITY_SECCOMP_PROFILE_RESTRICTED = "pod-security/seccompProfile_restricted", Error,
        "TODO",
        "TODO";
    POD_SECURITY_APP_ARMOR_PROFILE = "pod-security/appArmorProfile", Error,
        "TODO",
        "TODO";
    POD_SECURITY_SE_LINUX_OPTIONS = "pod-security/seLinuxOptions", Error,
        "TODO",
        "TODO";
    POD_SECURITY_PROC_MOUNT = "pod-security/procMount", Error,
        "TODO",
        "TODO";
    POD_SECURITY_PROC_MOUNT_RESTRICTED = "pod-security/procMount_restricted", Error,
        "TODO",
        "TODO";
    POD_SECURITY_SYSCTLS = "pod-security/sysctls", Error,
        "TODO",
        "TODO";
    POD_SECURITY_HOST_PROBES_AND_HOST_LIFECYCLE = "pod-security/hostProbesAndHostLifecycle", Error,
        "TODO",
        "TODO";
    SECRETS_ENV = "secrets/env", Error,
        "TODO",
        "TODO";
    SECRETS_ARGUMENTS = "secrets/arguments", Error,
        "TODO",
        "TODO";
    SECRETS_CONFIG_MAP = "secrets/config-map", Error,
        "TODO",
        "TODO";
    SECRETS_ANNOTATION = "secrets/annotation", Error,
        "TODO",
        "TODO";
    SECRETS_PLAINTEXT_SECRET = "secrets/plaintext-secret", Warning,
        "TODO",
        "TODO";
    REFERENCES_CONFIG_MAP = "references/config-map", Warning,
        "TODO",
        "TODO";
    REFERENCES_CONFIG_MAP_KEY = "references/config-map-key", Error,
        "TODO",
        "TODO";
    REFERENCES_SECRET = "references/secret", Warning,
        "TODO",
        "TODO";
    REFERENCES_SECRET_KEY = "references/secret-key", Error,
        "TODO",
        "TODO";
    REFERENCES_SERVICE_ACCOUNT = "references/service-account", Warning,
        "TODO",
        "TODO";
    REFERENCES_PERSISTENT_VOLUME_CLAIM = "references/persistent-volume-claim", Warning,
        "TODO",
        "TODO";
    REFERENCES_VOLUME = "references/volume", Error,
        "TODO",
        "TODO";
    REFERENCES_SERVICE = "references/service", Warning,
        "TODO",
        "TODO";
    REFERENCES_SERVICE_PORT = "references/service-port", Error,
        "TODO",
        "TODO";
    REFERENCES_SERVICE_SELECTOR = "references/service-selector", Warning,
        "TODO",
        "TODO";
    REFERENCES_TARGET_PORT = "references/target-port", Error,
        "TODO",
        "TODO";
    REFERENCES_ROUTE_PORT = "references/route-port", Error,
        "TODO",
        "TODO";
    REFERENCES_SCALE_TARGET = "references/scale-target", Warning,
        "TODO",
        "TODO";
    REFERENCES_DISRUPTION_BUDGET = "references/disruption-budget", Warning,
        "TODO",
        "TODO";
    REFERENCES_SERVICE_MONITOR = "references/service-monitor", Warning,
        "TODO",
        "TODO";
    REFERENCES_SERVICE_MONITOR_PORT = "references/service-monitor-port", Error,
        "TODO",
        "TODO";
    REFERENCES_POD_MONITOR = "references/pod-monitor", Warning,
        "TODO",
        "TODO";
    REFERENCES_POD_MONITOR_PORT = "references/pod-monitor-port", Error,
        "TODO",
        "TODO";
    REFERENCES_ROLE = "references/role", Warning,
        "TODO",
        "TODO";
    POOLS_CONNECTIONS = "pools/connections", Error,
        "TODO",
        "TODO";
    POOLS_UNKNOWN = "pools/unknown", Error,
        "TODO",
        "TODO";
}

/// What looks for the findings of a rule.
pub(super) struct Check {
    pub(super) rule: &'static Rule,
    pub(super) run: fn(&World<'_>, &mut Findings<'_>),
}

/// The rule of a check of the standard, by its id there.
pub(super) fn of_check(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id.strip_prefix("pod-security/") == Some(id))
}

/// Every check; the first one is for all of `pod-security/*`.
#[rustfmt::skip] // a table reads best with one row on one line
pub(super) static CHECKS: &[Check] = &[
    Check { rule: &POD_SECURITY_PRIVILEGED, run: pod_security::check },
    Check { rule: &SECRETS_ENV, run: secrets::env::check },
    Check { rule: &SECRETS_ARGUMENTS, run: secrets::arguments::check },
    Check { rule: &SECRETS_CONFIG_MAP, run: secrets::config_map::check },
    Check { rule: &SECRETS_ANNOTATION, run: secrets::annotation::check },
    Check { rule: &SECRETS_PLAINTEXT_SECRET, run: secrets::plaintext_secret::check },
    Check { rule: &REFERENCES_CONFIG_MAP, run: references::config_map::check },
    Check { rule: &REFERENCES_CONFIG_MAP_KEY, run: references::config_map_key::check },
    Check { rule: &REFERENCES_SECRET, run: references::secret::check },
    Check { rule: &REFERENCES_SECRET_KEY, run: references::secret_key::check },
    Check { rule: &REFERENCES_SERVICE_ACCOUNT, run: references::service_account::check },
    Check { rule: &REFERENCES_PERSISTENT_VOLUME_CLAIM, run: references::persistent_volume_claim::check },
    Check { rule: &REFERENCES_VOLUME, run: references::volume::check },
    Check { rule: &REFERENCES_SERVICE, run: references::service::check },
    Check { rule: &REFERENCES_SERVICE_PORT, run: references::service_port::check },
    Check { rule: &REFERENCES_SERVICE_SELECTOR, run: references::service_selector::check },
    Check { rule: &REFERENCES_TARGET_PORT, run: references::target_port::check },
    Check { rule: &REFERENCES_ROUTE_PORT, run: references::route_port::check },
    Check { rule: &REFERENCES_SCALE_TARGET, run: references::scale_target::check },
    Check { rule: &REFERENCES_DISRUPTION_BUDGET, run: references::disruption_budget::check },
    Check { rule: &REFERENCES_SERVICE_MONITOR, run: references::service_monitor::check },
    Check { rule: &REFERENCES_SERVICE_MONITOR_PORT, run: references::service_monitor_port::check },
    Check { rule: &REFERENCES_POD_MONITOR, run: references::pod_monitor::check },
    Check { rule: &REFERENCES_POD_MONITOR_PORT, run: references::pod_monitor_port::check },
    Check { rule: &REFERENCES_ROLE, run: references::role::check },
    Check { rule: &POOLS_CONNECTIONS, run: pools::connections::check },
    Check { rule: &POOLS_UNKNOWN, run: pools::unknown::check },
];
