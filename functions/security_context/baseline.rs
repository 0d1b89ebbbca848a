//! The checks of the level `baseline`: each with its restricted fields and their allowed values.

use krmor_core::values::integer;
use serde_json::{Value, json};

use super::fields::Field;
use super::spec::Spec;
use super::view::{Entries, Holder, View, Violation, show, value};
use krmor_core::strictness::standards;
use krmor_yaml::{Kind, Node};

/// The capabilities of containers' default set, without `NET_RAW`.
const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub(super) fn allows(table: &[(&str, u32)], spec: &Spec, word: &str) -> bool {
    table.iter().any(|(allowed, from)| *allowed == word && spec.version.minor() >= *from)
}

/// Containers' `securityContext.privileged`: false, absent.
pub(super) fn privileged(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for (place, container) in view.in_scope() {
        flag(view, place, &container.security, "privileged", Field::Privileged, false, out);
    }
}

/// Pod's and containers' `securityContext.windowsOptions.hostProcess`: false, absent.
pub(super) fn windows_host_process(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for setting in view.settings("windowsOptions", Field::HostProcess) {
        if let Some(node) = value(Some(setting.node), "hostProcess").filter(|node| node.as_bool() != Some(false)) {
            let path = "/securityContext/windowsOptions/hostProcess";
            let violation = view.violation_of(&setting, Field::HostProcess, path, show("hostProcess", node));
            out.push(match setting.source == setting.place {
                true => violation.set(view.pointer(setting.place, path), json!(false)),
                false => violation,
            });
        }
    }
}

/// Pod's `hostNetwork`, `hostPID`, `hostIPC`: false, absent.
pub(super) fn host_namespaces(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    let fields = [("hostNetwork", Field::HostNetwork), ("hostPID", Field::HostPid), ("hostIPC", Field::HostIpc)];
    for (key, field) in fields.into_iter().filter(|_| view.whole) {
        if let Some(node) = view.spec.get(key).filter(|node| node.as_bool() != Some(false)) {
            let path = format!("/{key}");
            out.push(
                view.violation(field, Holder::Pod, &path, show(key, node))
                    .set(view.pointer(Holder::Pod, &path), json!(false)),
            );
        }
    }
}

/// Containers' `ports[*].hostPort`: 0, absent.
pub(super) fn host_ports(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for (place, container) in view.in_scope() {
        for (at, port) in container.fields.get("ports").into_iter().flat_map(Node::items).enumerate() {
            if let Some(node) = value(Some(port), "hostPort").filter(|node| integer(*node) != Some(0)) {
                let path = format!("/ports/{at}/hostPort");
                let pointer = view.pointer(place, &path);
                out.push(view.violation(Field::HostPort, place, &path, show("hostPort", node)).remove(pointer));
            }
        }
    }
}

/// Pod's `volumes[*].hostPath`: absent.
pub(super) fn host_path_volumes(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for (at, volume) in view.spec.get("volumes").filter(|_| view.whole).into_iter().flat_map(Node::items).enumerate() {
        if let Some(node) = value(Some(volume), "hostPath") {
            out.push(view.violation(
                Field::HostPath,
                Holder::Pod,
                &format!("/volumes/{at}/hostPath"),
                show("hostPath", node),
            ));
        }
    }
}

/// Containers' `securityContext.capabilities.add`: the default set without NET_RAW, absent.
pub(super) fn capabilities(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    added_capabilities(view, |name| DEFAULT_CAPABILITIES.contains(&name), out);
}

/// Containers' added capabilities that are not `allowed`. A mere `CAP_` before an allowed one can be edited away.
pub(super) fn added_capabilities(view: &View<'_>, allowed: impl Fn(&str) -> bool, out: &mut Vec<Violation>) {
    for (place, container) in view.in_scope() {
        let Some(list) = value(container.security.get("capabilities"), "add") else { continue };
        let path = "/securityContext/capabilities/add";
        let mut edits = Vec::new();
        let mut bad = Vec::new();
        for (at, item) in list.items().enumerate() {
            let name = item.as_str().unwrap_or_default();
            if !allowed(&name) {
                let renamed = name.strip_prefix("CAP_").filter(|name| allowed(name)).map(Value::from);
                edits.push((format!("{path}/{at}"), renamed));
                bad.push(item.json());
            }
        }
        if bad.is_empty() && list.kind() == Kind::Seq {
            continue;
        }
        let says = if bad.is_empty() { list.json() } else { format!("[{}]", bad.join(", ")) };
        let all = edits.len() == list.items().count() && edits.iter().all(|(_, renamed)| renamed.is_none());
        let violation = view.violation(Field::CapabilitiesAdd, place, path, format!("capabilities.add: {says}"));
        // From the end, so that the indices hold.
        let each = |violation: Violation, (at, renamed): (String, Option<Value>)| match renamed {
            Some(name) => violation.set(view.pointer(place, &at), name),
            None => violation.remove(view.pointer(place, &at)),
        };
        out.push(match all {
            true => violation.remove(view.pointer(place, path)),
            false => edits.into_iter().rev().fold(violation, each),
        });
    }
}

/// Containers' `securityContext.procMount`: Default, absent; since v1.35 anything where the pod has `hostUsers: false`.
pub(super) fn proc_mount(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    if !(spec.version.minor() >= 35 && view.has_own_users()) {
        masked_proc(view, out);
    }
}

/// Containers' `securityContext.procMount`: Default, absent.
pub(super) fn masked_proc(view: &View<'_>, out: &mut Vec<Violation>) {
    for (place, container) in view.in_scope() {
        if let Some(node) =
            container.security.get("procMount").filter(|node| node.as_str().as_deref() != Some("Default"))
        {
            let path = "/securityContext/procMount";
            let violation = view.violation(Field::ProcMount, place, path, show("procMount", node));
            out.push(violation.set(view.pointer(place, path), json!("Default")));
        }
    }
}

/// Pod's `securityContext.sysctls[*].name`: the safe ones of the version.
pub(super) fn sysctls(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    let Some(list) = view.security.get("sysctls").filter(|_| view.whole) else { return };
    let name = |item: Node<'_>| item.get("name").and_then(Node::as_str).unwrap_or_default().into_owned();
    let items: Vec<_> = list.items().map(name).enumerate().collect();
    let bad: Vec<_> = items.iter().filter(|(_, name)| !allows(standards::SYSCTLS, spec, name)).collect();
    if bad.is_empty() && list.kind() == Kind::Seq {
        return;
    }
    let path = "/securityContext/sysctls";
    let names: Vec<&str> = bad.iter().map(|(_, name)| name.as_str()).collect();
    let violation = view.violation(Field::Sysctls, Holder::Pod, path, format!("sysctls: [{}]", names.join(", ")));
    // From the end, so that the indices hold.
    out.push(match bad.len() == items.len() {
        true => violation.remove(view.pointer(Holder::Pod, path)),
        false => bad
            .iter()
            .rev()
            .fold(violation, |violation, (at, _)| violation.remove(view.pointer(Holder::Pod, &format!("{path}/{at}")))),
    });
}

/// Containers' `host` in `httpGet` and `tcpSocket` of livenessProbe, readinessProbe, startupProbe, lifecycle.postStart
/// and lifecycle.preStop: empty, absent.
pub(super) fn probe_hosts(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for (place, container) in view.in_scope() {
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"];
        let of_probes = probes.map(|key| (key, container.fields.get(key)));
        let lifecycle = container.fields.get("lifecycle");
        let of_hooks = [("lifecycle/postStart", "postStart"), ("lifecycle/preStop", "preStop")];
        let of_hooks = of_hooks.map(|(path, key)| (path, value(lifecycle, key)));
        for (path, handler) in of_probes.into_iter().chain(of_hooks) {
            for action in ["httpGet", "tcpSocket"] {
                let host = value(value(handler, action), "host");
                if let Some(node) = host.filter(|node| node.as_str().as_deref() != Some("")) {
                    let path = format!("/{path}/{action}/host");
                    let violation = view.violation(Field::ProbeHost, place, &path, show("host", node));
                    out.push(violation.remove(view.pointer(place, &path)));
                }
            }
        }
    }
}

/// A boolean `key` of a container's security context that must be `wanted` where it is set.
pub(super) fn flag(
    view: &View<'_>,
    place: Holder,
    security: &Entries<'_>,
    key: &str,
    field: Field,
    wanted: bool,
    out: &mut Vec<Violation>,
) {
    if let Some(node) = security.get(key).filter(|node| node.as_bool() != Some(wanted)) {
        let path = format!("/securityContext/{key}");
        out.push(view.violation(field, place, &path, show(key, node)).set(view.pointer(place, &path), json!(wanted)));
    }
}
