//! What the API server or the kubelet would refuse although the standard says nothing: such input is refused here, where
//! the remedy can be named. Source: `pkg/apis/core/validation/validation.go` of Kubernetes v1.36.

use super::fields::Field;
use super::fill::{Demands, demands_the_impossible};
use super::judge::Judge;
use super::view::{Holder, View, show, value};
use crate::security_context::rules;
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
    } else if let Some(selector) = view.spec.get("nodeSelector") {
        let is_windows = |label: &&&str| selector.get(label).and_then(Node::as_str).as_deref() == Some("windows");
        if let Some(label) = OS_LABELS.iter().find(is_windows) {
            let pointer = view.pointer(Holder::Pod, "/nodeSelector");
            let message = format!(
                "`nodeSelector` asks for Windows (`{label}`), `os.name` does not: it would get fields of Linux"
            );
            judge.report.add(
                &rules::WINDOWS_OS,
                view.object.at(&pointer),
                message,
                "set `os: {name: windows}` in the pod spec",
            );
        }
    }
    host_process(view, judge);
    for (place, container) in view.in_scope() {
        let escalates = container.security.get("allowPrivilegeEscalation").and_then(Node::as_bool) == Some(false);
        let privileged = view.chosen(place, Field::Privileged);
        if escalates && (privileged || view.stays_sys_admin(place, true)) {
            let what = if privileged { "privileged: true" } else { "SYS_ADMIN" };
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
