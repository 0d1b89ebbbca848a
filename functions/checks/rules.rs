//! The rules of `Checks`, in the order in which they are reported, and what looks for each. A rule is one declaration here,
//! one file, and cases in the README that show what it finds and what it leaves alone.

use super::final_stream::FinalStream;
use super::findings::Findings;
use super::{pod_security, pools, references, secrets};
use krmor_core::report::Rule;

// What cannot work is an error; what may be settled outside of the stream is a warning.
krmor_core::rules! {
    POD_SECURITY_PRIVILEGED = "pod-security/privileged", Error,
        "A container runs privileged",
        "A privileged container has every capability and all devices, so whoever takes it over owns the node. Remove `privileged: true`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `privileged` (baseline).";
    POD_SECURITY_WINDOWS_HOST_PROCESS = "pod-security/windowsHostProcess", Error,
        "A Windows pod runs as a HostProcess",
        "A HostProcess container runs directly on the Windows node, with access to all of it. Remove `windowsOptions.hostProcess`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `windowsHostProcess` (baseline).";
    POD_SECURITY_HOST_NAMESPACES = "pod-security/hostNamespaces", Error,
        "A pod shares the network, process or IPC namespace of its node",
        "With `hostNetwork`, `hostPID` or `hostIPC` a pod can reach services, processes and memory of the node and of other pods. Remove the field, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `hostNamespaces` (baseline).";
    POD_SECURITY_HOST_PORTS = "pod-security/hostPorts", Error,
        "A container binds a port of its node",
        "A host port goes around Services and NetworkPolicies, and only one pod of a node can have it. Remove `hostPort` and use a Service, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `hostPorts` (baseline).";
    POD_SECURITY_HOST_PATH_VOLUMES = "pod-security/hostPathVolumes", Error,
        "A pod mounts a path of its node",
        "A hostPath volume gives the pod files of the node, which is a common way out of a container. Use another kind of volume, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `hostPathVolumes` (baseline).";
    POD_SECURITY_RESTRICTED_VOLUMES = "pod-security/restrictedVolumes", Error,
        "A pod has a volume of a type that `restricted` does not allow",
        "Only configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected and secret are allowed; the others name storage outside of Kubernetes' control. Use a PersistentVolumeClaim, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `restrictedVolumes` (restricted).";
    POD_SECURITY_CAPABILITIES_BASELINE = "pod-security/capabilities_baseline", Error,
        "A container adds a capability beyond the default set",
        "Capabilities such as `NET_RAW` or `SYS_ADMIN` let a process do part of what root can do on the node. Take the capability out of `capabilities.add`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `capabilities_baseline` (baseline).";
    POD_SECURITY_CAPABILITIES_RESTRICTED = "pod-security/capabilities_restricted", Error,
        "A container does not drop all capabilities, or adds one other than `NET_BIND_SERVICE`",
        "Most programs need no capability at all, and each one helps an attacker. Set `capabilities.drop: [ALL]` and take the rest out of `capabilities.add`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `capabilities_restricted` (restricted).";
    POD_SECURITY_ALLOW_PRIVILEGE_ESCALATION = "pod-security/allowPrivilegeEscalation", Error,
        "A container does not set `allowPrivilegeEscalation: false`",
        "A process could then gain more privileges than its parent, for example by a setuid program of the image. Set `allowPrivilegeEscalation: false`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `allowPrivilegeEscalation` (restricted).";
    POD_SECURITY_RUN_AS_USER = "pod-security/runAsUser", Error,
        "A pod or container runs as uid 0",
        "Root in the container is root on the node as soon as anything lets it out, unless the pod has a user namespace of its own (`hostUsers: false`). Set another `runAsUser`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `runAsUser` (restricted).";
    POD_SECURITY_RUN_AS_NON_ROOT = "pod-security/runAsNonRoot", Error,
        "A pod does not set `runAsNonRoot: true`",
        "Without `runAsNonRoot: true` the kubelet starts an image whose user is root. Set `runAsNonRoot: true` in the pod or in all its containers, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `runAsNonRoot` (restricted).";
    POD_SECURITY_SECCOMP_PROFILE_BASELINE = "pod-security/seccompProfile_baseline", Error,
        "A pod or container switches seccomp off",
        "Without a seccomp profile a process can use every system call of the kernel. Remove `seccompProfile: {type: Unconfined}` or the old annotation, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `seccompProfile_baseline` (baseline).";
    POD_SECURITY_SECCOMP_PROFILE_RESTRICTED = "pod-security/seccompProfile_restricted", Error,
        "A pod has no seccomp profile, or one that `restricted` does not allow",
        "Without a seccomp profile a process can use every system call of the kernel. Set `seccompProfile: {type: RuntimeDefault}`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `seccompProfile_restricted` (restricted).";
    POD_SECURITY_APP_ARMOR_PROFILE = "pod-security/appArmorProfile", Error,
        "A pod or container switches AppArmor off",
        "Where the node has AppArmor, its profile limits what a process that was taken over can do. Remove `appArmorProfile: {type: Unconfined}` or the old annotation, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `appArmorProfile` (baseline).";
    POD_SECURITY_SE_LINUX_OPTIONS = "pod-security/seLinuxOptions", Error,
        "A pod or container sets an SELinux type, user or role that is not allowed",
        "Types such as `spc_t`, and a user or role of its own, let a container leave the confinement that SELinux gives it. Remove the option, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `seLinuxOptions` (baseline).";
    POD_SECURITY_PROC_MOUNT = "pod-security/procMount", Error,
        "A container has an unmasked `/proc`",
        "The default mask hides files of the kernel by which a container can learn about its node or change it. From v1.35 on, `baseline` allows it in pods with `hostUsers: false`. Remove `procMount: Unmasked`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `procMount` (baseline).";
    POD_SECURITY_PROC_MOUNT_RESTRICTED = "pod-security/procMount_restricted", Error,
        "A container has an unmasked `/proc`",
        "From v1.35 on `restricted` allows no unmasked `/proc`, not even in a user namespace. Remove `procMount: Unmasked`, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `procMount_restricted` (restricted, from v1.35 on).";
    POD_SECURITY_SYSCTLS = "pod-security/sysctls", Error,
        "A pod sets a sysctl that is not safe",
        "Other sysctls than the safe ones change the kernel for all pods of the node. Remove the sysctl, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `sysctls` (baseline).";
    POD_SECURITY_HOST_PROBES_AND_HOST_LIFECYCLE = "pod-security/hostProbesAndHostLifecycle", Error,
        "A probe or lifecycle hook names a host",
        "The kubelet sends these requests itself, so a host of the manifest's choice lets it reach addresses in the node's network. Remove `host` and use a header `Host` if the program needs one, or allow it by an exception. The function `SecurityContext` settles it. Pod Security Standards, check `hostProbesAndHostLifecycle` (baseline, from v1.34 on).";
    SECRETS_ENV = "secrets/env", Error,
        "An environment variable holds a secret in plain text",
        "Whoever can read the manifest or the pod can read the value. Take it from a Secret by `valueFrom.secretKeyRef`. What is no secret is excused by `secrets.allowNames`, `secrets.allowValues` or an exception.";
    SECRETS_ARGUMENTS = "secrets/arguments", Error,
        "A command line holds a secret in plain text",
        "Arguments are in the manifest and in the list of processes of the node. Read the value from a variable that comes from a Secret, or from a file. What is no secret is excused by `secrets.allowNames`, `secrets.allowValues` or an exception.";
    SECRETS_CONFIG_MAP = "secrets/config-map", Error,
        "A ConfigMap holds a secret",
        "ConfigMaps are neither encrypted nor guarded as Secrets are. Move the value to a Secret. What is no secret is excused by `secrets.allowNames`, `secrets.allowValues` or an exception.";
    SECRETS_ANNOTATION = "secrets/annotation", Error,
        "An annotation holds a secret in plain text",
        "Whoever may read the object can read its annotations, and `kubectl apply` keeps a copy of a Secret there. Take it out. What is no secret is excused by `secrets.allowNames`, `secrets.allowValues` or an exception.";
    SECRETS_PLAINTEXT_SECRET = "secrets/plaintext-secret", Warning,
        "The values of a Secret are in the stream",
        "Base64 hides nothing: whoever can read the rendered manifests, or the repository, has the values. Let an operator bring the Secret, as the function `VaultSecrets` does, or seal it. Set the rule to `error` where no manifest may hold a Secret.";
    REFERENCES_CONFIG_MAP = "references/config-map", Warning,
        "A pod refers to a ConfigMap that is not in the stream",
        "A pod whose ConfigMap is missing does not start. Add the object, correct the name, or list it under `references.external` if it comes from elsewhere.";
    REFERENCES_CONFIG_MAP_KEY = "references/config-map-key", Error,
        "A pod refers to a key that its ConfigMap does not have",
        "The container does not start, or a volume cannot be mounted. Add the key, correct its name, or set `optional: true` on the reference.";
    REFERENCES_SECRET = "references/secret", Warning,
        "An object refers to a Secret that is not in the stream",
        "A pod whose Secret is missing does not start; an Ingress or Gateway serves without its certificate. Add the object, correct the name, or list it under `references.external` if it comes from elsewhere.";
    REFERENCES_SECRET_KEY = "references/secret-key", Error,
        "A pod refers to a key that its Secret does not have",
        "The container does not start, or a volume cannot be mounted. Add the key, correct its name, or set `optional: true` on the reference.";
    REFERENCES_SERVICE_ACCOUNT = "references/service-account", Warning,
        "A pod or role binding names a ServiceAccount that is not in the stream",
        "The API server creates no pods for a missing ServiceAccount, and a binding gives its rights to nobody. Add the object, correct the name, or list it under `references.external` if it comes from elsewhere.";
    REFERENCES_PERSISTENT_VOLUME_CLAIM = "references/persistent-volume-claim", Warning,
        "A pod refers to a claim that is not in the stream",
        "The pod stays pending until the PersistentVolumeClaim is there. Add the object, correct the name, or list it under `references.external` if it comes from elsewhere.";
    REFERENCES_VOLUME = "references/volume", Error,
        "A container mounts a volume that its pod does not have",
        "The API server refuses the pod. Add the volume to the pod, or correct the name of the mount.";
    REFERENCES_SERVICE = "references/service", Warning,
        "An object sends to a Service that is not in the stream",
        "An Ingress or route answers with an error, and a webhook fails. Add the object, correct the name, or list it under `references.external` if it comes from elsewhere.";
    REFERENCES_SERVICE_PORT = "references/service-port", Error,
        "An object names a port that its Service does not have",
        "Requests fail, because the Service does not listen there. Name one of the ports of the Service.";
    REFERENCES_SERVICE_SELECTOR = "references/service-selector", Warning,
        "A Service selects no pod of the stream",
        "Requests to it get no answer. Let its selector name labels of the pods; the finding names the pod that comes nearest.";
    REFERENCES_TARGET_PORT = "references/target-port", Error,
        "A Service sends to a named port that no selected pod has",
        "Kubernetes finds no endpoint for the port, so requests get no answer. Name a port of the containers, with the same protocol.";
    REFERENCES_ROUTE_PORT = "references/route-port", Error,
        "A Route names a port that leads nowhere",
        "`targetPort` of a Route is the name of the Service's port, or the number of the pods' port; the number of the Service's port does not work where the two differ. Write the name of the Service's port.";
    REFERENCES_SCALE_TARGET = "references/scale-target", Warning,
        "An autoscaler scales a workload that is not in the stream",
        "The autoscaler does nothing. Add the object, correct the name, or list it under `references.external` if it comes from elsewhere.";
    REFERENCES_DISRUPTION_BUDGET = "references/disruption-budget", Warning,
        "A disruption budget selects no pod of the stream",
        "It protects nothing, so a drain can stop all pods at once. Copy the selector of the workload.";
    REFERENCES_SERVICE_MONITOR = "references/service-monitor", Warning,
        "A ServiceMonitor selects no Service of the stream",
        "Prometheus scrapes nothing, without an error. Let the selector name labels of the Service itself, not of its pods.";
    REFERENCES_SERVICE_MONITOR_PORT = "references/service-monitor-port", Error,
        "A ServiceMonitor names a port that no selected Service has",
        "Prometheus scrapes nothing at this endpoint, without an error. Write the name of the Service's port.";
    REFERENCES_POD_MONITOR = "references/pod-monitor", Warning,
        "A PodMonitor selects no pod of the stream",
        "Prometheus scrapes nothing, without an error. Let the selector name labels of the pods.";
    REFERENCES_POD_MONITOR_PORT = "references/pod-monitor-port", Error,
        "A PodMonitor names a port that no selected pod has",
        "Prometheus scrapes nothing at this endpoint, without an error. Write the name of a port of the containers.";
    REFERENCES_ROLE = "references/role", Warning,
        "A role binding names a role that is not in the stream",
        "The binding gives no rights until the role is there. Add the object, correct the name, or list it under `references.external` if it comes from elsewhere.";
    POOLS_CONNECTIONS = "pools/connections", Error,
        "A database runs out of connections when all its clients are scaled up",
        "The pods that come last cannot connect, under the highest load. Lower `maxReplicas` or the sizes of the pools, or raise `max_connections` of the database. The sums come from `pools` of the config.";
    POOLS_UNKNOWN = "pools/unknown", Error,
        "A number is missing that the sum of a connection pool needs",
        "Without it krmor cannot tell whether the database runs out of connections. Set the number in `pools` of the config, or set the variable that the config names in the workload.";
    POOLS_UNLISTED = "pools/unlisted", Warning,
        "A workload connects to a database, and its pool is not in the sum",
        "The sum is too small, so the database may run out of connections although `pools/connections` says nothing. What says that it connects: a setting that names the Service of the database, a NetworkPolicy of the database that names it beside a client, or the variables and the address of a client. Name it under `clients`. Jobs are left to `reserve`, where there is one.";
}

/// What looks for the findings of a rule.
pub(super) struct Check {
    pub(super) rule: &'static Rule,
    pub(super) run: fn(&FinalStream<'_>, &mut Findings<'_>),
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
    Check { rule: &POOLS_UNLISTED, run: pools::unlisted::check },
];
