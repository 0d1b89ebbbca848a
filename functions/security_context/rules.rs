//! The rules of `SecurityContext`.

krmor_core::rules! {
    DROP_CAPABILITIES = "drop-capabilities", Info,
        "krmor lets a container drop all capabilities",
        "Most programs need none, and `restricted` demands it. An exception with `fields: [capabilities.drop]` keeps the default set for an image that needs it.";
    NO_PRIVILEGE_ESCALATION = "no-privilege-escalation", Info,
        "krmor sets `allowPrivilegeEscalation: false`",
        "No process can then gain more privileges than its parent has. `restricted` demands the field. An exception with `fields: [allowPrivilegeEscalation]` leaves it out.";
    READ_ONLY_ROOT_FILESYSTEM = "read-only-root-filesystem", Info,
        "krmor makes the root filesystem of a container read-only",
        "Nobody can then change the files of the image. The config asks for it by `readOnlyRootFilesystem: true`; name the paths that the program writes to in `writablePaths`, or write an exception with `fields: [readOnlyRootFilesystem]`.";
    RUN_AS_GROUP = "run-as-group", Info,
        "krmor sets the group that a pod or container runs as",
        "The value is `runAsGroup` of the config. A value of the manifest other than 0 stays.";
    RUN_AS_NON_ROOT = "run-as-non-root", Info,
        "krmor sets `runAsNonRoot: true`",
        "The kubelet then refuses to start a container as root. `restricted` demands the field. An image whose user is root or a name does not start: set `runAsUser`, or write an exception with `fields: [runAsNonRoot]`.";
    RUN_AS_USER = "run-as-user", Info,
        "krmor sets the user that a pod or container runs as",
        "The value is `runAsUser` of the config. A value of the manifest other than 0 stays.";
    SECCOMP_PROFILE = "seccomp-profile", Info,
        "krmor sets a seccomp profile",
        "System calls outside of the profile are refused. The value is `RuntimeDefault`, or `seccompProfile` of the config. `Localhost` profiles of the manifest stay.";
    CONFLICT_PRIVILEGED = "conflict/privileged", Error,
        "A container runs privileged",
        "A privileged container has every capability and all devices, so whoever takes it over owns the node. Remove `privileged: true`, or allow it by an exception with `fields: [privileged]`. `conflicts: override` corrects the field. Pod Security Standards, check `privileged` (baseline).";
    CONFLICT_WINDOWS_HOST_PROCESS = "conflict/windowsHostProcess", Error,
        "A Windows pod runs as a HostProcess",
        "A HostProcess container runs directly on the Windows node, with access to all of it. Remove `windowsOptions.hostProcess`, or allow it by an exception with `fields: [hostProcess]`. `conflicts: override` corrects the field. Pod Security Standards, check `windowsHostProcess` (baseline).";
    CONFLICT_HOST_NAMESPACES = "conflict/hostNamespaces", Error,
        "A pod shares the network, process or IPC namespace of its node",
        "With `hostNetwork`, `hostPID` or `hostIPC` a pod can reach services, processes and memory of the node and of other pods. Remove the field, or allow it by an exception with `fields: [hostNetwork]`, `[hostPID]` or `[hostIPC]`. `conflicts: override` corrects the field. Pod Security Standards, check `hostNamespaces` (baseline).";
    CONFLICT_HOST_PORTS = "conflict/hostPorts", Error,
        "A container binds a port of its node",
        "A host port goes around Services and NetworkPolicies, and only one pod of a node can have it. Remove `hostPort` and use a Service, or allow it by an exception with `fields: [hostPort]`. `conflicts: override` corrects the field. Pod Security Standards, check `hostPorts` (baseline).";
    CONFLICT_HOST_PATH_VOLUMES = "conflict/hostPathVolumes", Error,
        "A pod mounts a path of its node",
        "A hostPath volume gives the pod files of the node, which is a common way out of a container. Use another kind of volume, or allow it by an exception with `fields: [hostPath]`. `conflicts: override` removes no volume. Pod Security Standards, check `hostPathVolumes` (baseline).";
    CONFLICT_RESTRICTED_VOLUMES = "conflict/restrictedVolumes", Error,
        "A pod has a volume of a type that `restricted` does not allow",
        "Only configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected and secret are allowed; the others name storage outside of Kubernetes' control. Use a PersistentVolumeClaim, or allow it by an exception with `fields: [volumes]`. `conflicts: override` removes no volume. Pod Security Standards, check `restrictedVolumes` (restricted).";
    CONFLICT_CAPABILITIES_BASELINE = "conflict/capabilities_baseline", Error,
        "A container adds a capability beyond the default set",
        "Capabilities such as `NET_RAW` or `SYS_ADMIN` let a process do part of what root can do on the node. Take the capability out of `capabilities.add`, or allow it by an exception with `fields: [capabilities.add]`. `conflicts: override` corrects the field. Pod Security Standards, check `capabilities_baseline` (baseline).";
    CONFLICT_CAPABILITIES_RESTRICTED = "conflict/capabilities_restricted", Error,
        "A container adds a capability other than `NET_BIND_SERVICE`",
        "Most programs need no capability at all, and each one helps an attacker. Take it out of `capabilities.add`, or allow it by an exception with `fields: [capabilities.add]`. `conflicts: override` corrects the field. Pod Security Standards, check `capabilities_restricted` (restricted).";
    CONFLICT_ALLOW_PRIVILEGE_ESCALATION = "conflict/allowPrivilegeEscalation", Error,
        "A container allows privilege escalation",
        "A process could then gain more privileges than its parent, for example by a setuid program of the image. Remove `allowPrivilegeEscalation: true`, or allow it by an exception with `fields: [allowPrivilegeEscalation]`. `conflicts: override` corrects the field. Pod Security Standards, check `allowPrivilegeEscalation` (restricted).";
    CONFLICT_OPENSHIFT = "conflict/openshift", Error,
        "A pod or container sets a fixed id, and OpenShift assigns ids",
        "Under `profile: openshift` a fixed `runAsUser`, `runAsGroup` or `fsGroup` can be outside of the range of the namespace, and then OpenShift does not admit the pod. Remove the field, or allow it by an exception with `fields: [runAsUser]`, `[runAsGroup]` or `[fsGroup]`. `conflicts: override` removes the field.";
    CONFLICT_RUN_AS_USER = "conflict/runAsUser", Error,
        "A pod or container runs as uid 0",
        "Root in the container is root on the node as soon as anything lets it out, unless the pod has a user namespace of its own (`hostUsers: false`). Set another `runAsUser`, or allow it by an exception with `fields: [runAsUser]`. `conflicts: override` corrects the field. Pod Security Standards, check `runAsUser` (restricted).";
    CONFLICT_RUN_AS_NON_ROOT = "conflict/runAsNonRoot", Error,
        "A pod or container sets `runAsNonRoot: false`",
        "Without `runAsNonRoot: true` the kubelet starts an image whose user is root. Remove `runAsNonRoot: false`, or allow it by an exception with `fields: [runAsNonRoot]`. `conflicts: override` corrects the field. Pod Security Standards, check `runAsNonRoot` (restricted).";
    CONFLICT_RUN_AS_GROUP = "conflict/runAsGroup", Error,
        "A pod or container runs with gid 0",
        "The config sets `runAsGroup`, and files of the root group are often open to it. Remove the value, or allow it by an exception with `fields: [runAsGroup]`. `conflicts: override` corrects the field.";
    CONFLICT_FS_GROUP = "conflict/fsGroup", Error,
        "A pod gives its volumes to gid 0",
        "The config sets `fsGroup`, and the manifest says 0. Remove the value, or allow it by an exception with `fields: [fsGroup]`. `conflicts: override` corrects the field.";
    CONFLICT_SECCOMP_PROFILE_BASELINE = "conflict/seccompProfile_baseline", Error,
        "A pod or container switches seccomp off",
        "Without a seccomp profile a process can use every system call of the kernel. Remove `seccompProfile: {type: Unconfined}` or the old annotation, or allow it by an exception with `fields: [seccompProfile]`. `conflicts: override` corrects the field. Pod Security Standards, check `seccompProfile_baseline` (baseline).";
    CONFLICT_SECCOMP_PROFILE_RESTRICTED = "conflict/seccompProfile_restricted", Error,
        "A pod or container has a seccomp profile that `restricted` does not allow",
        "Without a seccomp profile a process can use every system call of the kernel. Use `RuntimeDefault` or `Localhost`, or allow it by an exception with `fields: [seccompProfile]`. `conflicts: override` corrects the field. Pod Security Standards, check `seccompProfile_restricted` (restricted).";
    CONFLICT_APP_ARMOR_PROFILE = "conflict/appArmorProfile", Error,
        "A pod or container switches AppArmor off",
        "Where the node has AppArmor, its profile limits what a process that was taken over can do. Remove `appArmorProfile: {type: Unconfined}` or the old annotation, or allow it by an exception with `fields: [appArmorProfile]`. `conflicts: override` corrects the field. Pod Security Standards, check `appArmorProfile` (baseline).";
    CONFLICT_SE_LINUX_OPTIONS = "conflict/seLinuxOptions", Error,
        "A pod or container sets an SELinux type, user or role that is not allowed",
        "Types such as `spc_t`, and a user or role of its own, let a container leave the confinement that SELinux gives it. Remove the option, or allow it by an exception with `fields: [seLinuxOptions]`. `conflicts: override` corrects the field. Pod Security Standards, check `seLinuxOptions` (baseline).";
    CONFLICT_PROC_MOUNT = "conflict/procMount", Error,
        "A container has an unmasked `/proc`",
        "The default mask hides files of the kernel by which a container can learn about its node or change it. From v1.35 on, `baseline` allows it in pods with `hostUsers: false`. Remove `procMount: Unmasked`, or allow it by an exception with `fields: [procMount]`; the API also wants `hostUsers: false` then. `conflicts: override` corrects the field. Pod Security Standards, check `procMount` (baseline).";
    CONFLICT_PROC_MOUNT_RESTRICTED = "conflict/procMount_restricted", Error,
        "A container has an unmasked `/proc`",
        "From v1.35 on `restricted` allows no unmasked `/proc`, not even in a user namespace. Remove `procMount: Unmasked`, or allow it by an exception with `fields: [procMount]`. `conflicts: override` corrects the field. Pod Security Standards, check `procMount_restricted` (restricted, from v1.35 on).";
    CONFLICT_SYSCTLS = "conflict/sysctls", Error,
        "A pod sets a sysctl that is not safe",
        "Other sysctls than the safe ones change the kernel for all pods of the node. Remove the sysctl, or allow it by an exception with `fields: [sysctls]`. `conflicts: override` corrects the field. Pod Security Standards, check `sysctls` (baseline).";
    CONFLICT_HOST_PROBES_AND_HOST_LIFECYCLE = "conflict/hostProbesAndHostLifecycle", Error,
        "A probe or lifecycle hook names a host",
        "The kubelet sends these requests itself, so a host of the manifest's choice lets it reach addresses in the node's network. Remove `host` and use a header `Host` if the program needs one, or allow it by an exception with `fields: [probeHost]`. `conflicts: override` corrects the field. Pod Security Standards, check `hostProbesAndHostLifecycle` (baseline, from v1.34 on).";
    CONFLICT_READ_ONLY_ROOT_FILESYSTEM = "conflict/readOnlyRootFilesystem", Error,
        "A container sets `readOnlyRootFilesystem: false`",
        "The config asks for read-only root filesystems, so that nobody can change the files of an image. Remove the field and name what must stay writable in `writablePaths`, or allow it by an exception with `fields: [readOnlyRootFilesystem]`. `conflicts: override` corrects the field.";
    CONFLICT_AUTOMOUNT_SERVICE_ACCOUNT_TOKEN = "conflict/automountServiceAccountToken", Error,
        "A pod mounts the token of its ServiceAccount",
        "The config says `automountServiceAccountToken: false`: a pod that does not call the Kubernetes API needs no token, which an attacker could use. Remove the field, or allow it by an exception with `fields: [automountServiceAccountToken]`. `conflicts: override` corrects the field.";
    AUTOMOUNT_TOKEN = "automount-token", Info,
        "krmor switches off the mount of the ServiceAccount's token, or leaves it where Vault's agent needs it",
        "The change comes from `automountServiceAccountToken: false` of the config. The Vault agent injector logs in with the token, so pods with its annotation keep it, which a finding of this rule tells.";
    FS_GROUP = "fs-group", Warning,
        "A kind takes no `fsGroup`, because it has no security context of the pod",
        "`fsGroup` is a field of the pod, and kinds such as a Knative Service take container fields only. Exclude the object, or leave `fsGroup` out for it. Elsewhere krmor sets the value of the config in the pod.";
    CONFLICT_HOST_USERS = "conflict/hostUsers", Error,
        "A pod sets `hostUsers: true`, and the config asks for user namespaces",
        "Without users of its own, root in a container is root on the node as soon as anything lets it out. Remove `hostUsers`, or allow it by an exception with `fields: [hostUsers]`. `conflicts: override` corrects the field.";
    USER_NAMESPACES = "user-namespaces", Info,
        "krmor gives a pod users of its own",
        "The change is `hostUsers: false` and comes from `userNamespaces: true` of the config: root in a container is then nobody on the node. Nodes need Kubernetes v1.36, or v1.33 with a runtime and a file system that can. The API refuses it beside host namespaces and raw block volumes, and kinds without pod fields do not take it, which is a warning.";
    IMAGE_USER = "image-user", Error,
        "The user of an image keeps its container from starting",
        "`images` of the config says that the user is root or a name, and the kubelet starts neither under `runAsNonRoot: true`. Set `runAsUser`, put a numeric USER into the image, or allow it by an exception with `fields: [runAsNonRoot]`.";
    NAMESPACE_LEVEL = "namespace-level", Error,
        "A namespace enforces more than a pod or the config keeps to",
        "A Namespace of the stream has the label `pod-security.kubernetes.io/enforce`, and Pod Security admission refuses the pod there, or its workload gets none. Harden the pod, also where an exception or `exclude` leaves it alone, or let the namespace enforce less. Where admission exempts the pod by its own config, write an exception with `rules: [namespace-level]`. A config that asks for less is a warning, a namespace that enforces `privileged` an info.";
    TOKEN_WITH_RIGHTS = "token-with-rights", Warning,
        "krmor switches off the token of a ServiceAccount that RBAC grants something",
        "A RoleBinding or ClusterRoleBinding of the stream grants the account a role, so the program most likely calls the Kubernetes API and needs the token. Leave the field to the manifest by an exception with `fields: [automountServiceAccountToken]`, or remove the binding.";
    IMAGE_USER_UNPROVEN = "image-user-unproven", Warning,
        "No user is set, so a container may not start under `runAsNonRoot: true`",
        "krmor cannot look into images: a container whose image has root, or a user by name, is refused by the kubelet (`CreateContainerConfigError`). Set `runAsUser`, or say in `images` of the config which numeric `USER` the image has; for Windows, `windowsOptions.runAsUserName`.";
    INVALID = "invalid", Error,
        "Fields of a pod contradict each other, so the API refuses it or it never starts",
        "Examples are `allowPrivilegeEscalation: false` beside `privileged: true`, uid 0 under `runAsNonRoot: true`, and `procMount: Unmasked` without `hostUsers: false`. Often an exception allows one half only. Change one of the two fields.";
    WINDOWS_FIELD = "windows-field", Error,
        "A Windows pod sets a field that only Linux has",
        "The API server refuses such a pod. Remove the field, or `os: {name: windows}` if the pod is for Linux.";
    WINDOWS_OS = "windows-os", Error,
        "A pod selects Windows nodes, does not set `os.name`, and would get fields of Linux",
        "Neither krmor nor the API server then knows that it is a Windows pod. Required node affinity counts like `nodeSelector`. Set `os: {name: windows}` in the pod spec.";
    WINDOWS_VERSION = "windows-version", Error,
        "A Windows pod is to be hardened by a version of the standard before v1.25",
        "Older versions of `restricted` demand fields that a Windows pod cannot have. Set `version: v1.25` or newer, or exclude the pod.";
    WRITABLE_PATH = "writable-path", Warning,
        "A path of `writablePaths` stays read-only, finds its volume's name taken, or hides what the image has there",
        "The program cannot write there, or misses files of its image, and may fail. `seed: true` fills the volume first. Else mount the read-only volume elsewhere, give the writable path another `name`, or leave it out for this container. Where nothing is in the way, krmor adds an emptyDir, and with `seed: true` an init container that fills it; the image must then have `cp`, or the path gets a `command`.";
}
