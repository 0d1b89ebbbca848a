//! The rules of `SecurityContext`.

krmor_core::rules! {
    DROP_CAPABILITIES = "drop-capabilities", Info,
        "TODO",
        "TODO";
    NO_PRIVILEGE_ESCALATION = "no-privilege-escalation", Info,
        "TODO",
        "TODO";
    READ_ONLY_ROOT_FILESYSTEM = "read-only-root-filesystem", Info,
        "TODO",
        "TODO";
    RUN_AS_GROUP = "run-as-group", Info,
        "TODO",
        "TODO";
    RUN_AS_NON_ROOT = "run-as-non-root", Info,
        "TODO",
        "TODO";
    RUN_AS_USER = "run-as-user", Info,
        "TODO",
        "TODO";
    SECCOMP_PROFILE = "seccomp-profile", Info,
        "TODO",
        "TODO";
    CONFLICT_PRIVILEGED = "conflict/privileged", Error,
        "TODO",
        "TODO";
    CONFLICT_WINDOWS_HOST_PROCESS = "conflict/windowsHostProcess", Error,
        "TODO",
        "TODO";
    CONFLICT_HOST_NAMESPACES = "conflict/hostNamespaces", Error,
        "TODO",
        "TODO";
    CONFLICT_HOST_PORTS = "conflict/hostPorts", Error,
        "TODO",
        "TODO";
    CONFLICT_HOST_PATH_VOLUMES = "conflict/hostPathVolumes", Error,
        "TODO",
        "TODO";
    CONFLICT_RESTRICTED_VOLUMES = "conflict/restrictedVolumes", Error,
        "TODO",
        "TODO";
    CONFLICT_CAPABILITIES_BASELINE = "conflict/capabilities_baseline", Error,
        "TODO",
        "TODO";
    CONFLICT_CAPABILITIES_RESTRICTED = "conflict/capabilities_restricted", Error,
        "TODO",
        "TODO";
    CONFLICT_ALLOW_PRIVILEGE_ESCALATION = "conflict/allowPrivilegeEscalation", Error,
        "TODO",
        "TODO";
    CONFLICT_OPENSHIFT = "conflict/openshift", Error,
        "TODO",
        "TODO";
    CONFLICT_RUN_AS_USER = "conflict/runAsUser", Error,
        "TODO",
        "TODO";
    CONFLICT_RUN_AS_NON_ROOT = "conflict/runAsNonRoot", Error,
        "TODO",
        "TODO";
    CONFLICT_RUN_AS_GROUP = "conflict/runAsGroup", Error,
        "TODO",
        "TODO";
    CONFLICT_FS_GROUP = "conflict/fsGroup", Error,
        "TODO",
        "TODO";
    CONFLICT_SECCOMP_PROFILE_BASELINE = "conflict/seccompProfile_baseline", Error,
        "TODO",
        "TODO";
    CONFLICT_SECCOMP_PROFILE_RESTRICTED = "conflict/seccompProfile_restricted", Error,
        "TODO",
        "TODO";
    CONFLICT_APP_ARMOR_PROFILE = "conflict/appArmorProfile", Error,
        "TODO",
        "TODO";
    CONFLICT_SE_LINUX_OPTIONS = "conflict/seLinuxOptions", Error,
        "TODO",
        "TODO";
    CONFLICT_PROC_MOUNT = "conflict/procMount", Error,
        "TODO",
        "TODO";
    CONFLICT_PROC_MOUNT_RESTRICTED = "conflict/procMount_restricted", Error,
        "TODO",
        "TODO";
    CONFLICT_SYSCTLS = "conflict/sysctls", Error,
        "TODO",
        "TODO";
    CONFLICT_HOST_PROBES_AND_HOST_LIFECYCLE = "conflict/hostProbesAndHostLifecycle", Error,
        "TODO",
        "TODO";
    CONFLICT_READ_ONLY_ROOT_FILESYSTEM = "conflict/readOnlyRootFilesystem", Error,
        "TODO",
        "TODO";
    CONFLICT_AUTOMOUNT_SERVICE_ACCOUNT_TOKEN = "conflict/automountServiceAccountToken", Error,
        "TODO",
        "TODO";
    AUTOMOUNT_TOKEN = "automount-token", Info,
        "TODO",
        "TODO";
    FS_GROUP = "fs-group", Warning,
        "TODO",
        "TODO";
    IMAGE_USER_UNPROVEN = "image-user-unproven", Info,
        "TODO",
        "TODO";
    INVALID = "invalid", Error,
        "TODO",
        "TODO";
    WINDOWS_FIELD = "windows-field", Error,
        "TODO",
        "TODO";
    WINDOWS_OS = "windows-os", Error,
        "TODO",
        "TODO";
    WINDOWS_VERSION = "windows-version", Error,
        "TODO",
        "TODO";
    WRITABLE_PATH = "writable-path", Warning,
        "TODO",
        "TODO";
}
