//! Says of each security field of a pod which of two values is the stricter one.
//!
//! It knows every field that the Pod Security Standards judge, and the others by which a pod gets more or less than it
//! has by default. An absent field is a value too, the one that Kubernetes reads into it. `restricted` below is
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>, *API* the field's documentation in
//! `core/v1`.

mod orders;
pub mod standards;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::orders::{
    added, app_armor, dropped, escalation, false_is_strict, group, groups, groups_policy, host, host_ports, host_users,
    proc_mount, se_linux, seccomp, sysctls, token, true_is_strict, user, volumes,
};

/// How a new value relates to the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It allows less.
    Stricter,
    /// It allows the same.
    Same,
    /// It allows more.
    Weaker,
    /// It allows something else.
    Incomparable,
}

impl Order {
    /// That of two values which are compared in two respects.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Same, order) | (order, Self::Same) => order,
            (a, b) if a == b => a,
            _ => Self::Incomparable,
        }
    }

    /// That of two numbers of which the higher one is stricter.
    fn of_ranks(old: u8, new: u8) -> Self {
        match new.cmp(&old) {
            std::cmp::Ordering::Greater => Self::Stricter,
            std::cmp::Ordering::Equal => Self::Same,
            std::cmp::Ordering::Less => Self::Weaker,
        }
    }

    /// That of two sets of things that are allowed.
    fn of_allowed<T: PartialEq>(old: &[T], new: &[T]) -> Self {
        match (new.iter().all(|one| old.contains(one)), old.iter().all(|one| new.contains(one))) {
            (true, true) => Self::Same,
            (true, false) => Self::Stricter,
            (false, true) => Self::Weaker,
            (false, false) => Self::Incomparable,
        }
    }
}

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// In the pod's spec.
    Pod,
    /// In a container.
    Container,
    /// In the pod's spec, for each container that has none of its own.
    Both,
}

/// A security field.
#[derive(Debug)]
pub struct Field {
    /// JSON Pointer from the pod's spec or the container.
    pub path: &'static str,
    /// Where it stands.
    pub level: Level,
    /// Compares an old and a new value; null is an absent one.
    pub order: fn(&Value, &Value) -> Order,
}

const fn field(path: &'static str, level: Level, order: fn(&Value, &Value) -> Order) -> Field {
    Field { path, level, order }
}

/// Every security field.
pub const FIELDS: &[Field] = &[
    // baseline, Privileged Containers: undefined or false. API: defaults to false.
    field("/securityContext/privileged", Level::Container, false_is_strict),
    // restricted, Privilege Escalation: false. API: true unless said otherwise.
    field("/securityContext/allowPrivilegeEscalation", Level::Container, escalation),
    // baseline, Capabilities: a list of those that may be added; restricted: NET_BIND_SERVICE. API: ALL is every one.
    field("/securityContext/capabilities/add", Level::Container, added),
    // restricted, Capabilities: drop ALL.
    field("/securityContext/capabilities/drop", Level::Container, dropped),
    // restricted, Running as Non-root: true, in the pod or in each container. API: no check when absent.
    field("/securityContext/runAsNonRoot", Level::Both, true_is_strict),
    // restricted, Running as Non-root user: anything but 0. API: the image's user when absent.
    field("/securityContext/runAsUser", Level::Both, user),
    // API: the runtime's default when absent, which is the group of the image's user.
    field("/securityContext/runAsGroup", Level::Both, user),
    // API: a group that all containers are in; their volumes keep their owners when absent.
    field("/securityContext/fsGroup", Level::Pod, group),
    // API: groups beside the user's own.
    field("/securityContext/supplementalGroups", Level::Pod, groups),
    // API: `Merge`, the default, adds the groups of the image's /etc/group; `Strict` does not.
    field("/securityContext/supplementalGroupsPolicy", Level::Pod, groups_policy),
    // restricted, Seccomp: RuntimeDefault or Localhost. API: Unconfined when absent, unless the kubelet says otherwise.
    field("/securityContext/seccompProfile", Level::Both, seccomp),
    // baseline, AppArmor: absent, RuntimeDefault or Localhost. Annotations say the same, see `effective`.
    field("/securityContext/appArmorProfile", Level::Both, app_armor),
    // baseline, SELinux: types of containers, no user, no role. API: a random context of the runtime when absent.
    field("/securityContext/seLinuxOptions", Level::Both, se_linux),
    // baseline, /proc Mount Type: Default. API: Default when absent.
    field("/securityContext/procMount", Level::Container, proc_mount),
    // baseline, Sysctls: the safe ones.
    field("/securityContext/sysctls", Level::Pod, sysctls),
    // baseline, HostProcess: undefined or false.
    field("/securityContext/windowsOptions/hostProcess", Level::Both, false_is_strict),
    // API: the root filesystem is writable by default.
    field("/securityContext/readOnlyRootFilesystem", Level::Container, true_is_strict),
    // baseline, Host Namespaces: undefined or false.
    field("/hostNetwork", Level::Pod, false_is_strict),
    field("/hostPID", Level::Pod, false_is_strict),
    field("/hostIPC", Level::Pod, false_is_strict),
    // API: true when absent; false gives the pod users of its own.
    field("/hostUsers", Level::Pod, host_users),
    // API: containers see and may signal each other's processes.
    field("/shareProcessNamespace", Level::Pod, false_is_strict),
    // API: absent, the ServiceAccount says it, and says true unless it says otherwise.
    field("/automountServiceAccountToken", Level::Pod, token),
    // baseline, HostPath Volumes; restricted, Volume Types.
    field("/volumes", Level::Pod, volumes),
    // baseline, Host Ports: undefined or 0.
    field("/ports", Level::Container, host_ports),
    // baseline, Host Probes / Lifecycle Hooks: undefined or empty.
    field("/livenessProbe/httpGet/host", Level::Container, host),
    field("/livenessProbe/tcpSocket/host", Level::Container, host),
    field("/readinessProbe/httpGet/host", Level::Container, host),
    field("/readinessProbe/tcpSocket/host", Level::Container, host),
    field("/startupProbe/httpGet/host", Level::Container, host),
    field("/startupProbe/tcpSocket/host", Level::Container, host),
    field("/lifecycle/postStart/httpGet/host", Level::Container, host),
    field("/lifecycle/postStart/tcpSocket/host", Level::Container, host),
    field("/lifecycle/preStop/httpGet/host", Level::Container, host),
    field("/lifecycle/preStop/tcpSocket/host", Level::Container, host),
];

/// Compares two values of the field at `path`, a JSON Pointer from the pod's spec or the container, where null is an
/// absent one; `None` when it is no security field.
#[must_use]
pub fn compare(path: &str, old: &Value, new: &Value) -> Option<Order> {
    FIELDS.iter().find(|field| field.path == path).map(|field| (field.order)(old, new))
}

/// A security field of which a pod has two values that differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The container; none for the pod's own field.
    pub container: Option<String>,
    /// The field.
    pub path: &'static str,
    /// How the new value relates to the old one; never `Same`.
    pub order: Order,
}

/// Compares what takes effect in two states of a pod, or of a template: a mapping with `metadata` and `spec`. Containers
/// are the same when their names are; one that is new or gone is not compared.
#[must_use]
pub fn differences(old: &Value, new: &Value) -> Vec<Difference> {
    let mut out = Vec::new();
    for field in FIELDS.iter().filter(|field| field.level == Level::Pod) {
        let value = |pod: &Value| at(pod.get("spec"), field.path);
        add(&mut out, None, field, &value(old), &value(new));
    }
    for (name, container) in containers(new) {
        let Some((_, before)) = containers(old).find(|(other, _)| *other == name) else { continue };
        for field in FIELDS.iter().filter(|field| field.level != Level::Pod) {
            let (before, now) = (effective(field, old, before, name), effective(field, new, container, name));
            add(&mut out, Some(name), field, &before, &now);
        }
    }
    out
}

fn add(out: &mut Vec<Difference>, container: Option<&str>, field: &Field, old: &Value, new: &Value) {
    let order = (field.order)(old, new);
    if order != Order::Same {
        out.push(Difference { container: container.map(str::to_owned), path: field.path, order });
    }
}

/// A pod's containers of every kind, with their names.
fn containers(pod: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let lists = ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"];
    let all = lists.into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
    all.map(|container| (container.get("name").and_then(Value::as_str).unwrap_or_default(), container))
}

/// The value that takes effect in a container: its own, else the pod's.
fn effective(field: &Field, pod: &Value, container: &Value, name: &str) -> Value {
    let own = at(Some(container), field.path);
    if !own.is_null() || field.level != Level::Both {
        return own;
    }
    // The API server takes the annotation for a container over where the container has no field.
    if field.path == "/securityContext/appArmorProfile" {
        let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
        let annotation = pod.get("metadata").and_then(|metadata| metadata.get("annotations")?.get(&key)?.as_str());
        if let Some(text) = annotation {
            return crate::fields!({"type": match text.split_once('/') {
                Some(("runtime", _)) => "RuntimeDefault",
                Some(("localhost", _)) => "Localhost",
                _ => "Unconfined",
            }, "localhostProfile": text.strip_prefix("localhost/")});
        }
    }
    at(pod.get("spec"), field.path)
}

fn at(value: Option<&Value>, path: &str) -> Value {
    value.and_then(|value| value.pointer(path)).cloned().unwrap_or_default()
}
