//! Says of each security field of a pod which of two values is the stricter one.
//!
//! It knows every field that the Pod Security Standards judge, and the others by which a pod gets more or less than it
//! has by default. An absent field is a value too, the one that Kubernetes reads into it. `restricted` below is
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>, *API* the field's documentation in
//! `core/v1`.

use serde_json::Value;

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

fn is(value: &Value, default: bool) -> bool {
    value.as_bool().unwrap_or(default)
}

fn rank(strict: bool) -> u8 {
    u8::from(strict)
}

fn false_is_strict(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(!is(old, false)), rank(!is(new, false)))
}

fn true_is_strict(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(is(old, false)), rank(is(new, false)))
}

fn escalation(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(!is(old, true)), rank(!is(new, true)))
}

fn host_users(old: &Value, new: &Value) -> Order {
    escalation(old, new)
}

/// Absent is between the two: a ServiceAccount may say false.
fn token(old: &Value, new: &Value) -> Order {
    let rank = |value: &Value| value.as_bool().map_or(1, |mounted| if mounted { 0 } else { 2 });
    Order::of_ranks(rank(old), rank(new))
}

/// 0 is root; the image's user, which an absent field means, may be; two others have different rights.
fn user(old: &Value, new: &Value) -> Order {
    let rank = |value: &Value| match value.as_i64() {
        Some(0) => 0,
        None => 1,
        Some(_) => 2,
    };
    match Order::of_ranks(rank(old), rank(new)) {
        Order::Same if old != new => Order::Incomparable,
        order => order,
    }
}

/// 0 is root's; any other group gives rights to volumes that none gives not, and none leaves them to others.
fn group(old: &Value, new: &Value) -> Order {
    let is_root = |value: &Value| value.as_i64() == Some(0);
    match Order::of_ranks(rank(!is_root(old)), rank(!is_root(new))) {
        Order::Same if old != new => Order::Incomparable,
        order => order,
    }
}

fn items(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}

fn groups(old: &Value, new: &Value) -> Order {
    Order::of_allowed(&items(old), &items(new))
}

fn groups_policy(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(old == "Strict"), rank(new == "Strict"))
}

/// Names of capabilities, with and without `CAP_`.
fn capabilities(value: &Value) -> Vec<&str> {
    items(value).into_iter().filter_map(Value::as_str).map(|name| name.strip_prefix("CAP_").unwrap_or(name)).collect()
}

fn added(old: &Value, new: &Value) -> Order {
    let (old, new) = (capabilities(old), capabilities(new));
    match (old.contains(&"ALL"), new.contains(&"ALL")) {
        (false, false) => Order::of_allowed(&old, &new),
        (old, new) => Order::of_ranks(rank(!old), rank(!new)),
    }
}

fn dropped(old: &Value, new: &Value) -> Order {
    added(new, old)
}

/// What a profile's type is worth, with `absent` for none; two of the same worth and other content are different.
fn profile(old: &Value, new: &Value, rank: impl Fn(&str) -> u8) -> Order {
    let kind = |value: &Value| value.get("type").and_then(Value::as_str).unwrap_or("absent").to_owned();
    let (before, now) = (kind(old), kind(new));
    match Order::of_ranks(rank(&before), rank(&now)) {
        // Nobody knows what a profile of the node's allows; that it is one is better than none.
        _ if before != now && (before == "Localhost" || now == "Localhost") && rank(&before) > 0 && rank(&now) > 0 => {
            Order::Incomparable
        }
        Order::Same if old != new && before == now => Order::Incomparable,
        order => order,
    }
}

fn seccomp(old: &Value, new: &Value) -> Order {
    let rank = |kind: &str| u8::from(matches!(kind, "RuntimeDefault" | "Localhost"));
    match profile(old, new, rank) {
        // Where the kubelet has a default, `Unconfined` still has none.
        Order::Same if old.is_null() && !new.is_null() => Order::Weaker,
        Order::Same if !old.is_null() && new.is_null() => Order::Stricter,
        order => order,
    }
}

/// Absent, the runtime's profile holds on nodes that have AppArmor; `RuntimeDefault` refuses the others.
fn app_armor(old: &Value, new: &Value) -> Order {
    profile(old, new, |kind| match kind {
        "Localhost" | "RuntimeDefault" => 2,
        "absent" => 1,
        _ => 0,
    })
}

fn se_linux(old: &Value, new: &Value) -> Order {
    const TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let part = |key: &str, allowed: &[&str]| {
        let (before, now) = (text(old, key), text(new, key));
        let is_allowed = |value: &String| rank(allowed.is_empty() || allowed.contains(&value.as_str()));
        match Order::of_ranks(is_allowed(&before), is_allowed(&now)) {
            Order::Same if before != now => Order::Incomparable,
            order => order,
        }
    };
    part("type", &TYPES).and(part("user", &[""])).and(part("role", &[""])).and(part("level", &[]))
}

fn proc_mount(old: &Value, new: &Value) -> Order {
    Order::of_ranks(rank(old != "Unmasked"), rank(new != "Unmasked"))
}

/// The sysctls that are namespaced and isolated, by the standard's version 1.37.
const SAFE_SYSCTLS: [&str; 11] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
];

fn sysctls(old: &Value, new: &Value) -> Order {
    let is_safe =
        |one: &&Value| one.get("name").and_then(Value::as_str).is_some_and(|name| SAFE_SYSCTLS.contains(&name));
    let parted = |value| items(value).into_iter().partition::<Vec<&Value>, _>(is_safe);
    let ((safe_before, before), (safe_now, now)) = (parted(old), parted(new));
    let safe = match Order::of_allowed(&safe_before, &safe_now) {
        Order::Same => Order::Same,
        _ => Order::Incomparable,
    };
    Order::of_allowed(&before, &now).and(safe)
}

/// The volumes of types that `restricted` refuses; all others are harmless.
fn volumes(old: &Value, new: &Value) -> Order {
    const HARMLESS: [&str; 9] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let risky = |value: &Value| -> Vec<(String, Value)> {
        let sources = items(value).into_iter().filter_map(Value::as_object).flatten();
        let risky =
            sources.filter(|(key, source)| *key != "name" && !source.is_null() && !HARMLESS.contains(&key.as_str()));
        risky.map(|(key, source)| (key.clone(), source.clone())).collect()
    };
    Order::of_allowed(&risky(old), &risky(new))
}

fn host_ports(old: &Value, new: &Value) -> Order {
    let taken = |value: &Value| -> Vec<[Value; 3]> {
        let ports =
            items(value).into_iter().filter(|port| port.get("hostPort").and_then(Value::as_i64).unwrap_or(0) != 0);
        ports
            .map(|port| ["hostPort", "hostIP", "protocol"].map(|key| port.get(key).cloned().unwrap_or_default()))
            .collect()
    };
    Order::of_allowed(&taken(old), &taken(new))
}

fn host(old: &Value, new: &Value) -> Order {
    let name = |value: &Value| value.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    match (name(old), name(new)) {
        (old, new) if old == new => Order::Same,
        (Some(_), None) => Order::Stricter,
        (None, Some(_)) => Order::Weaker,
        _ => Order::Incomparable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Each row from its weakest value to its strictest, those of one inner list being incomparable.
    fn chains() -> Vec<(&'static str, Vec<Vec<Value>>)> {
        let local = |name: &str| json!({"type": "Localhost", "localhostProfile": name});
        vec![
            ("/securityContext/privileged", vec![vec![json!(true)], vec![json!(false)]]),
            ("/securityContext/allowPrivilegeEscalation", vec![vec![json!(true)], vec![json!(false)]]),
            (
                "/securityContext/capabilities/add",
                vec![
                    vec![json!(["ALL", "KILL"])],
                    vec![json!(["CAP_KILL", "CHOWN"])],
                    vec![json!(["KILL"])],
                    vec![json!(null)],
                ],
            ),
            (
                "/securityContext/capabilities/drop",
                vec![vec![json!([])], vec![json!(["KILL"]), json!(["CHOWN"])], vec![json!(["ALL"])]],
            ),
            ("/securityContext/runAsNonRoot", vec![vec![json!(null)], vec![json!(true)]]),
            ("/securityContext/runAsUser", vec![vec![json!(0)], vec![json!(null)], vec![json!(1), json!(1000)]]),
            ("/securityContext/runAsGroup", vec![vec![json!(0)], vec![json!(null)], vec![json!(1), json!(1000)]]),
            ("/securityContext/fsGroup", vec![vec![json!(0)], vec![json!(null), json!(1), json!(2)]]),
            (
                "/securityContext/supplementalGroups",
                vec![vec![json!([1, 0])], vec![json!([0]), json!([1])], vec![json!(null)]],
            ),
            ("/securityContext/supplementalGroupsPolicy", vec![vec![json!("Merge")], vec![json!("Strict")]]),
            (
                "/securityContext/seccompProfile",
                vec![
                    vec![json!({"type": "Unconfined"})],
                    vec![json!(null)],
                    vec![json!({"type": "RuntimeDefault"}), local("a"), local("b")],
                ],
            ),
            (
                "/securityContext/appArmorProfile",
                vec![vec![json!({"type": "Unconfined"})], vec![json!(null)], vec![json!({"type": "RuntimeDefault"})]],
            ),
            (
                "/securityContext/appArmorProfile",
                vec![vec![json!({"type": "Unconfined"})], vec![local("a"), local("b"), json!(null)]],
            ),
            (
                "/securityContext/seLinuxOptions",
                vec![vec![json!({"type": "spc_t"}), json!({"user": "u"})], vec![json!(null)]],
            ),
            (
                "/securityContext/seLinuxOptions",
                vec![vec![json!({"level": "s0"}), json!(null), json!({"level": "s1"})]],
            ),
            ("/securityContext/procMount", vec![vec![json!("Unmasked")], vec![json!("Default")]]),
            (
                "/securityContext/sysctls",
                vec![vec![json!([{"name": "kernel.msgmax", "value": "1"}])], vec![json!(null)]],
            ),
            ("/securityContext/windowsOptions/hostProcess", vec![vec![json!(true)], vec![json!(null)]]),
            ("/securityContext/readOnlyRootFilesystem", vec![vec![json!(null)], vec![json!(true)]]),
            ("/hostNetwork", vec![vec![json!(true)], vec![json!(null)]]),
            ("/hostPID", vec![vec![json!(true)], vec![json!(null)]]),
            ("/hostIPC", vec![vec![json!(true)], vec![json!(null)]]),
            ("/hostUsers", vec![vec![json!(null)], vec![json!(false)]]),
            ("/shareProcessNamespace", vec![vec![json!(true)], vec![json!(null)]]),
            ("/automountServiceAccountToken", vec![vec![json!(true)], vec![json!(null)], vec![json!(false)]]),
            (
                "/volumes",
                vec![
                    vec![json!([{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "nfs": {}}])],
                    vec![json!([{"name": "a", "hostPath": {"path": "/"}}]), json!([{"name": "b", "nfs": {}}])],
                    vec![json!([{"name": "c", "emptyDir": {}}])],
                ],
            ),
            (
                "/ports",
                vec![
                    vec![
                        json!([{"hostPort": 80, "containerPort": 80}]),
                        json!([{"hostPort": 81, "containerPort": 81}]),
                    ],
                    vec![json!([{"hostPort": 0, "containerPort": 80}])],
                ],
            ),
            ("/livenessProbe/httpGet/host", vec![vec![json!("a"), json!("b")], vec![json!("")]]),
        ]
    }

    #[test]
    fn every_field_has_an_order_in_both_directions() {
        for (path, chain) in chains() {
            let order = |old: &Value, new: &Value| compare(path, old, new).unwrap();
            for (weak, values) in chain.iter().enumerate() {
                for old in values {
                    assert_eq!(order(old, old), Order::Same, "{path} {old}");
                    for new in values.iter().filter(|new| *new != old) {
                        assert_eq!(order(old, new), Order::Incomparable, "{path} {old} {new}");
                    }
                    for new in chain[weak + 1..].iter().flatten() {
                        assert_eq!(order(old, new), Order::Stricter, "{path} {old} {new}");
                        assert_eq!(order(new, old), Order::Weaker, "{path} {new} {old}");
                    }
                }
            }
        }
        let tried: Vec<&str> = chains().into_iter().map(|(path, _)| path).collect();
        let untried = FIELDS.iter().filter(|field| !tried.contains(&field.path) && !field.path.ends_with("/host"));
        assert_eq!(untried.map(|field| field.path).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn containers_are_compared_by_what_takes_effect() {
        let pod = |pod: Value, container: Value| json!({"spec": {"securityContext": pod, "containers": [{"name": "a", "securityContext": container}]}});
        let orders = |old: Value, new: Value| -> Vec<(&str, Order)> {
            differences(&old, &new).into_iter().map(|it| (it.path, it.order)).collect()
        };
        let (strict, weak) = (json!({"runAsNonRoot": true}), json!({"runAsNonRoot": false}));
        assert_eq!(orders(pod(strict.clone(), json!({})), pod(json!({}), strict.clone())), []);
        let field = "/securityContext/runAsNonRoot";
        assert_eq!(orders(pod(weak.clone(), json!({})), pod(weak.clone(), strict.clone())), [(field, Order::Stricter)]);
        assert_eq!(orders(pod(strict.clone(), json!({})), pod(strict.clone(), weak)), [(field, Order::Weaker)]);
        assert_eq!(orders(pod(strict.clone(), json!({})), json!({"spec": {"containers": [{"name": "b"}]}})), []);
    }

    #[test]
    fn an_annotation_of_app_armor_is_a_containers_own_value() {
        let pod = |annotation: Value| {
            let key = "container.apparmor.security.beta.kubernetes.io/a";
            json!({"metadata": {"annotations": {key: annotation}}, "spec": {"containers": [{"name": "a"}]}})
        };
        let order = |old, new| differences(&pod(old), &pod(new)).first().map(|it| it.order);
        assert_eq!(order(json!("unconfined"), json!("runtime/default")), Some(Order::Stricter));
        assert_eq!(order(json!("runtime/default"), json!(null)), Some(Order::Weaker));
        assert_eq!(order(json!("localhost/a"), json!("localhost/b")), Some(Order::Incomparable));
    }
}
