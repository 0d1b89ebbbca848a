//! Which of the fields that krmor writes a kind has: a field that its schema lacks is never written.

use krmor_yaml::unescape_token;

use super::Shape;

/// Fields of a pod's spec that functions write, each as the pointer below the spec; `/metadata` stands beside the spec.
const POD: [&str; 13] = [
    "/securityContext",
    "/securityContext/runAsNonRoot",
    "/securityContext/seccompProfile",
    "/securityContext/runAsUser",
    "/securityContext/runAsGroup",
    "/securityContext/fsGroup",
    "/automountServiceAccountToken",
    "/volumes",
    "/initContainers",
    "/hostUsers",
    "/topologySpreadConstraints",
    "/affinity",
    "/metadata",
];

/// Fields of a container that functions write, each as the pointer below the container.
const CONTAINER: [&str; 15] = [
    "/securityContext",
    "/securityContext/runAsNonRoot",
    "/securityContext/seccompProfile",
    "/securityContext/runAsUser",
    "/securityContext/runAsGroup",
    "/securityContext/allowPrivilegeEscalation",
    "/securityContext/capabilities",
    "/securityContext/readOnlyRootFilesystem",
    "/livenessProbe",
    "/readinessProbe",
    "/startupProbe",
    "/resources",
    "/env",
    "/envFrom",
    "/volumeMounts",
];

const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The fields of a pod's spec: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>.
#[rustfmt::skip]
pub(crate) const POD_FIELDS: [&str; 41] = [
    "activeDeadlineSeconds", "affinity", "automountServiceAccountToken", "containers", "dnsConfig", "dnsPolicy",
    "enableServiceLinks", "ephemeralContainers", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostUsers", "hostname",
    "hostnameOverride", "imagePullSecrets", "initContainers", "nodeName", "nodeSelector", "os", "overhead",
    "preemptionPolicy", "priority", "priorityClassName", "readinessGates", "resourceClaims", "resources", "restartPolicy",
    "runtimeClassName", "schedulerName", "schedulingGates", "securityContext", "serviceAccount", "serviceAccountName",
    "setHostnameAsFQDN", "shareProcessNamespace", "subdomain", "terminationGracePeriodSeconds", "tolerations",
    "topologySpreadConstraints", "volumes",
];
/// The fields of a container: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container>.
#[rustfmt::skip]
pub(crate) const CONTAINER_FIELDS: [&str; 26] = [
    "args", "command", "env", "envFrom", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "name", "ports",
    "readinessProbe", "resizePolicy", "resources", "restartPolicy", "restartPolicyRules", "securityContext", "startupProbe",
    "stdin", "stdinOnce", "targetContainerName", "terminationMessagePath", "terminationMessagePolicy", "tty",
    "volumeDevices", "volumeMounts", "workingDir",
];
/// A set of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fields(u32);

impl Fields {
    /// Those of Kubernetes' own pods, or of a kind whose schema nobody knows.
    pub const ALL: Self = Self(u32::MAX);
    pub(super) const NONE: Self = Self(0);

    /// As a data file writes it: a hexadecimal number.
    pub(super) fn from_hex(text: &str) -> Option<Self> {
        u32::from_str_radix(text, 16).ok().map(Self)
    }

    pub(super) fn to_hex(self) -> String {
        if self == Self::ALL { String::new() } else { format!(" {:x}", self.0) }
    }

    /// Notes the fields of a pod's spec for which `has` is true, by their pointers.
    pub(super) fn add_pod(&mut self, has: impl Fn(&str) -> bool) {
        POD.iter().enumerate().filter(|(_, field)| has(field)).for_each(|(bit, _)| self.0 |= 1 << bit);
    }

    /// Notes the fields of a container for which `has` is true, by their pointers.
    pub(super) fn add_container(&mut self, has: impl Fn(&str) -> bool) {
        CONTAINER
            .iter()
            .enumerate()
            .filter(|(_, field)| has(field))
            .for_each(|(bit, _)| self.0 |= 1 << (POD.len() + bit));
    }

    /// Notes every field of a container.
    pub(super) fn add_all_containers(&mut self) {
        self.add_container(|_| true);
    }

    /// Those that are in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether a pod's spec has the field, such as `/securityContext/fsGroup`.
    #[must_use]
    pub fn has_of_pod(self, field: &str) -> bool {
        POD.iter().position(|known| *known == field).is_none_or(|bit| self.0 & (1 << bit) != 0)
    }

    /// Whether a container has the field, such as `/securityContext/capabilities`.
    #[must_use]
    pub fn has_of_container(self, field: &str) -> bool {
        CONTAINER.iter().position(|known| *known == field).is_none_or(|bit| self.0 & (1 << (POD.len() + bit)) != 0)
    }

    /// The field that is missing for a value to stand at `rest`, a pointer below what a row of `shape` leads to.
    pub(super) fn lacks(self, shape: Shape, rest: &str) -> Option<String> {
        let tokens: Vec<&str> = rest.split('/').skip(1).collect();
        let behind = |count: usize| {
            let rest = tokens.get(count..).unwrap_or_default();
            rest.iter().flat_map(|token| ["/", token]).collect::<String>()
        };
        let is_index = |at: usize| tokens.get(at).is_some_and(|token| token.parse::<usize>().is_ok());
        let of = |known: &[&'static str], has: &dyn Fn(&str) -> bool, field: &str| {
            let missing = known.iter().find(|one| {
                field.strip_prefix(**one).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && !has(one)
            });
            missing.map(|one| one.trim_start_matches('/').replace('/', "."))
        };
        let container = |field: String| of(&CONTAINER, &|field| self.has_of_container(field), &field);
        let pod = |field: String| match field.split('/').nth(1) {
            Some(list) if LISTS.contains(&list) && field.matches('/').count() > 2 => {
                container(field.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default())
            }
            _ => of(&POD, &|field| self.has_of_pod(field), &field),
        };
        match shape {
            Shape::Template if tokens.first() == Some(&"spec") => pod(behind(1)),
            Shape::Template if self.has_of_pod("/metadata") => None,
            // Labels and annotations of pods are not among the fields of their specs.
            Shape::Template | Shape::Spec if tokens.first() == Some(&"metadata") => Some("metadata".to_owned()),
            Shape::Template => None,
            Shape::Spec => pod(behind(0)),
            Shape::Container => {
                container(behind(0)).or_else(|| of(&POD, &|field| CONTAINER.contains(&field), &behind(0)))
            }
            Shape::Containers if is_index(0) => container(behind(1)),
            // What is written beside the items of a list belongs to a pod, and there is none.
            Shape::Containers => tokens.first().map(|token| unescape_token(token).unwrap_or_default().into_owned()),
        }
    }
}
