//! What the API server or the kubelet would refuse although the standard says nothing: such input is refused here, where
//! the remedy can be named. Source: `pkg/apis/core/validation/validation.go` of Kubernetes v1.36.

use super::fields::Field;
use super::fill::{Demands, demands_the_impossible};
use super::judge::Judge;
use super::view::{ContainerView, Holder, View, show, value};
use crate::security_context::rules;
use krmor_core::stream::{Action, Edit};
use krmor_yaml::Node;

/// Fields of a pod that only Linux has (`validateWindows`), those aside that have a check of their own.
const LINUX_OF_SPECS: &[&str] = &["hostUsers", "shareProcessNamespace"];

/// Fields of a pod's security context that only Linux has (`validateWindows`).
const LINUX_OF_PODS: &[&str] = &[
    "appArmorProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "runAsGroup",
    "runAsUser",
    "seLinuxChangePolicy",
    "seLinuxOptions",
    "seccompProfile",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "sysctls",
];

/// Fields of a container's security context that only Linux has (`validateWindows`).
const LINUX_OF_CONTAINERS: &[&str] = &[
    "allowPrivilegeEscalation",
    "appArmorProfile",
    "capabilities",
    "privileged",
    "procMount",
    "readOnlyRootFilesystem",
    "runAsGroup",
    "runAsUser",
    "seLinuxOptions",
    "seccompProfile",
];

/// Labels of nodes that name their operating system.
const OS_LABELS: &[&str] = &["kubernetes.io/os", "beta.kubernetes.io/os"];

/// Finds what cannot run.
pub(super) fn validity(demands: &Demands, view: &View<'_>, judge: &mut Judge<'_>) {
    if view.windows {
        windows_fields(view, judge);
        if demands_the_impossible(demands, view, judge.spec) {
            let message = "restricted before v1.25 demands fields that a Windows pod cannot have";
            let remedy = "set `version: v1.25` or newer, or exclude the pod";
            judge.report.add(&rules::WINDOWS_VERSION, view.object.at(&view.pod.spec), message, remedy);
        }
    } else if let Some((path, label)) = windows_nodes(view)
        && judge.edits.iter().any(adds_linux_field)
    {
        let pointer = view.pointer(Holder::Pod, path);
        let field = path.rsplit('/').next().unwrap_or_default();
        let message =
            format!("`{field}` asks for Windows (`{label}`), `os.name` does not: it would get fields of Linux");
        let remedy = "set `os: {name: windows}` in the pod spec";
        judge.report.add(&rules::WINDOWS_OS, view.object.at(&pointer), message, remedy);
    }
    host_process(view, judge);
    user_namespaces(view, judge);
    for (place, container) in view.in_scope() {
        let escalates = container.security.get("allowPrivilegeEscalation").and_then(Node::as_bool) == Some(false);
        let privileged = view.chosen(place, Field::Privileged);
        if escalates && (privileged || view.stays_sys_admin(place, true)) {
            let what = if privileged { "privileged: true" } else { "CAP_SYS_ADMIN" };
            let message = format!(
                "container `{}`: the API refuses `allowPrivilegeEscalation: false` beside `{what}`",
                container.name
            );
            let pointer = view.pointer(place, "/securityContext/allowPrivilegeEscalation");
            judge.report.add(&rules::INVALID, view.object.at(&pointer), message, "remove one of the two");
        }
        let non_root = container.security.get("runAsNonRoot").or_else(|| view.security.get("runAsNonRoot"));
        if view.stays_root(place, true) && non_root.and_then(Node::as_bool) == Some(true) {
            let message =
                format!("container `{}` never starts: `runAsNonRoot: true` refuses its uid 0", container.name);
            let pointer = view.pointer(place, "/securityContext");
            let remedy = "set `runAsNonRoot: false` for the container";
            judge.report.add(&rules::INVALID, view.object.at(&pointer), message, remedy);
        }
        let proc = container.security.get("procMount");
        if proc.and_then(Node::as_str).as_deref() == Some("Unmasked")
            && view.chosen(place, Field::ProcMount)
            && !view.has_own_users()
        {
            let message = format!(
                "container `{}`: the API refuses `procMount: Unmasked` without `hostUsers: false`",
                container.name
            );
            let pointer = view.pointer(place, "/securityContext/procMount");
            judge.report.add(
                &rules::INVALID,
                view.object.at(&pointer),
                message,
                "set `hostUsers: false` in the pod spec",
            );
        }
    }
}

/// Where a pod asks for Windows nodes and for nothing else, and by which label. The terms of an affinity are alternatives.
fn windows_nodes(view: &View<'_>) -> Option<(&'static str, &'static str)> {
    let is = |node: Option<Node<'_>>, text: &str| node.and_then(Node::as_str).as_deref() == Some(text);
    let selector = view.spec.get("nodeSelector");
    if let Some(label) = OS_LABELS.iter().find(|label| is(value(selector, label), "windows")) {
        return Some(("/nodeSelector", label));
    }
    let required =
        value(value(view.spec.get("affinity"), "nodeAffinity"), "requiredDuringSchedulingIgnoredDuringExecution");
    let mut terms = value(required, "nodeSelectorTerms")?.items().peekable();
    terms.peek()?;
    let mut found = None;
    let all = terms.all(|term| {
        let label = value(Some(term), "matchExpressions").into_iter().flat_map(Node::items).find_map(|one| {
            let label = OS_LABELS.iter().find(|label| is(one.get("key"), label))?;
            let mut values = value(Some(one), "values").into_iter().flat_map(Node::items).peekable();
            let is_meant = match one.get("operator").and_then(Node::as_str).as_deref() {
                Some("In") => values.peek().is_some() && values.all(|value| is(Some(value), "windows")),
                // Nodes have one of two systems.
                Some("NotIn") => values.any(|value| is(Some(value), "linux")),
                _ => false,
            };
            is_meant.then_some(*label)
        });
        found = found.or(label);
        label.is_some()
    });
    found.filter(|_| all).map(|label| ("/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution", label))
}

/// Whether an edit writes a field that only Linux has.
fn adds_linux_field(edit: &Edit) -> bool {
    let name = edit.pointer.split_once("/securityContext/").and_then(|(_, path)| path.split('/').next());
    let is_linux = |name: &str| LINUX_OF_PODS.contains(&name) || LINUX_OF_CONTAINERS.contains(&name);
    !matches!(edit.action, Action::Remove) && name.is_some_and(is_linux)
}

/// A pod with users of its own has neither host namespaces nor raw block volumes (`validateHostUsers`). The host's network may
/// be allowed by a feature gate, which is off by default, so it is refused only where the config asks for the users.
fn user_namespaces(view: &View<'_>, judge: &mut Judge<'_>) {
    let edit = |key: &str| {
        let pointer = view.pointer(Holder::Pod, key);
        judge.edits.iter().find(|edit| edit.pointer == pointer).map(|edit| &edit.action)
    };
    let sets_false = |action: &Action| matches!(action, Action::Set(value) if value.as_bool() == Some(false));
    if !view.whole || view.windows || !edit("/hostUsers").map_or(view.own_users, sets_false) {
        return;
    }
    let namespaces = [("hostNetwork", Field::HostNetwork), ("hostPID", Field::HostPid), ("hostIPC", Field::HostIpc)];
    let stays = namespaces.into_iter().filter(|(key, field)| {
        let is_judged = judge.spec.user_namespaces || *key != "hostNetwork" && view.chosen(Holder::Pod, *field);
        let is_set = view.spec.get(key).and_then(Node::as_bool) == Some(true);
        is_judged && is_set && edit(&format!("/{key}")).is_none()
    });
    let mut found: Vec<(String, String)> =
        stays.map(|(key, _)| (view.pointer(Holder::Pod, &format!("/{key}")), format!("`{key}: true`"))).collect();
    let devices = |container: &ContainerView<'_>| {
        container.fields.get("volumeDevices").is_some_and(|list| list.items().next().is_some())
    };
    let raw = view.containers.iter().filter(|container| devices(container));
    found.extend(
        raw.map(|one| (format!("{}/volumeDevices", one.pointer), format!("`volumeDevices` of `{}`", one.name))),
    );
    for (pointer, what) in found {
        let message = format!("the API refuses `hostUsers: false` beside {what}");
        let remedy =
            "remove one of the two; an exception with `fields: [hostUsers]` leaves the pod the users of its node";
        judge.report.add(&rules::INVALID, view.object.at(&pointer), message, remedy);
    }
}

/// A pod's containers are HostProcess containers all or none, and those need the host's network: overrides must not take
/// either from a part of them.
fn host_process(view: &View<'_>, judge: &mut Judge<'_>) {
    const PATH: &str = "/securityContext/windowsOptions/hostProcess";
    let network = view.pointer(Holder::Pod, "/hostNetwork");
    let edited = |pointer: &str| judge.edits.iter().any(|edit| edit.pointer == pointer);
    let of_containers = view.containers.iter().enumerate().map(|(at, each)| (Holder::Container(at), &each.security));
    let all = [(Holder::Pod, &view.security)].into_iter().chain(of_containers);
    let set = all.filter(|(_, security)| {
        value(security.get("windowsOptions"), "hostProcess").and_then(Node::as_bool) == Some(true)
    });
    let pointers: Vec<String> = set.map(|(place, _)| view.pointer(place, PATH)).collect();
    let stays = pointers.iter().find(|pointer| !edited(pointer));
    if let Some(pointer) = stays.filter(|_| edited(&network) || pointers.iter().any(|pointer| edited(pointer))) {
        let message = "the API takes `hostProcess: true` for all containers of a pod or none, and only with `hostNetwork: true`: \
                       it cannot stay for some";
        let remedy = "change it for all of them, or allow `hostProcess` for the whole pod";
        judge.report.add(&rules::INVALID, view.object.at(pointer), message, remedy);
    }
}

fn windows_fields(view: &View<'_>, judge: &mut Judge<'_>) {
    let below = "/securityContext/";
    let of_spec = view.whole.then_some((Holder::Pod, &view.spec, "/", LINUX_OF_SPECS));
    let of_pod = view.whole.then_some((Holder::Pod, &view.security, below, LINUX_OF_PODS));
    let of_containers =
        view.in_scope().map(|(place, container)| (place, &container.security, below, LINUX_OF_CONTAINERS));
    for (place, entries, path, names) in of_spec.into_iter().chain(of_pod).chain(of_containers) {
        for (name, node) in names.iter().filter_map(|name| Some((name, entries.get(name)?))) {
            // The one list that the API takes for absent when it is empty.
            if *name == "sysctls" && node.json() == "[]" {
                continue;
            }
            let message =
                format!("{} sets `{}`, which the API refuses for Windows pods", view.subject(place), show(name, node));
            let pointer = view.pointer(place, &[path, name].concat());
            judge.report.add(&rules::WINDOWS_FIELD, view.object.at(&pointer), message, "remove it");
        }
    }
}
