//! The names of the fields that exceptions speak of, and sets of them.

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A field of the pod or its containers, as exceptions name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field {
            $($(#[$doc])* $variant,)*
        }

        impl Field {
            /// Every field.
            pub const ALL: &[Self] = &[$(Field::$variant),*];

            /// The name used in configs and reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Field::$variant => $name,)*
                }
            }
        }
    };
}

fields! {
    /// `securityContext.privileged` of containers.
    Privileged = "privileged",
    /// `securityContext.allowPrivilegeEscalation` of containers.
    AllowPrivilegeEscalation = "allowPrivilegeEscalation",
    /// `securityContext.capabilities.add` of containers.
    CapabilitiesAdd = "capabilities.add",
    /// `securityContext.capabilities.drop` of containers.
    CapabilitiesDrop = "capabilities.drop",
    /// `securityContext.runAsNonRoot` of pod and containers.
    RunAsNonRoot = "runAsNonRoot",
    /// `securityContext.runAsUser` of pod and containers.
    RunAsUser = "runAsUser",
    /// `securityContext.runAsGroup` of pod and containers.
    RunAsGroup = "runAsGroup",
    /// `securityContext.fsGroup` of the pod.
    FsGroup = "fsGroup",
    /// `securityContext.seccompProfile` of pod and containers, and the annotations that came before it.
    SeccompProfile = "seccompProfile",
    /// `securityContext.appArmorProfile` of pod and containers, and the annotations that came before it.
    AppArmorProfile = "appArmorProfile",
    /// `securityContext.seLinuxOptions` of pod and containers.
    SeLinuxOptions = "seLinuxOptions",
    /// `securityContext.sysctls` of the pod.
    Sysctls = "sysctls",
    /// `securityContext.procMount` of containers.
    ProcMount = "procMount",
    /// `hostNetwork` of the pod; allowed, its containers' host ports are, too.
    HostNetwork = "hostNetwork",
    /// `hostPID` of the pod.
    HostPid = "hostPID",
    /// `hostIPC` of the pod.
    HostIpc = "hostIPC",
    /// `hostUsers` of the pod.
    HostUsers = "hostUsers",
    /// `hostPort` of containers' ports.
    HostPort = "hostPort",
    /// `securityContext.windowsOptions.hostProcess` of pod and containers; allowed, `hostNetwork` is, too.
    HostProcess = "hostProcess",
    /// `host` of containers' probes and lifecycle handlers.
    ProbeHost = "probeHost",
    /// Volumes of the type `hostPath`.
    HostPath = "hostPath",
    /// Volumes of other types that `restricted` forbids, such as `nfs`.
    Volumes = "volumes",
    /// `securityContext.readOnlyRootFilesystem` of containers.
    ReadOnlyRootFilesystem = "readOnlyRootFilesystem",
    /// `automountServiceAccountToken` of the pod.
    AutomountServiceAccountToken = "automountServiceAccountToken",
}

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet(u32);

impl FieldSet {
    pub(super) fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u32;
    }

    pub(super) fn has(self, field: Field) -> bool {
        self.0 & (1 << field as u32) != 0
    }
}
