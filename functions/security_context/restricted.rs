//! The checks of the level `restricted`: each with its restricted fields and their allowed values.
//!
//! What it wants and nobody set is no violation here: `fill` sets it.

use krmor_core::values::integer;
use serde_json::json;

use super::baseline::{added_capabilities, flag, masked_proc};
use super::fields::Field;
use super::profiles;
use super::spec::{Profile, Spec};
use super::values::NonRootId;
use super::view::{Holder, View, Violation, show};
use krmor_core::strictness::standards;
use krmor_yaml::Node;

/// From here on the standard leaves pods alone that say `os.name: windows`.
pub(super) const WINDOWS_EXEMPT: u32 = 25;

/// Whether Linux-only demands apply to the pod.
pub(super) fn is_linux(view: &View<'_>, spec: &Spec) -> bool {
    !(view.windows && spec.version.minor() >= WINDOWS_EXEMPT)
}

/// Whether the pod's own users allow root in containers.
pub(super) fn is_relaxed(view: &View<'_>, spec: &Spec) -> bool {
    spec.version.minor() >= 35 && view.has_own_users()
}

/// Pod's `volumes[*]`: only the types of [`standards::VOLUMES`]; one without a type is an emptyDir.
pub(super) fn volumes(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for (at, volume) in view.spec.get("volumes").filter(|_| view.whole).into_iter().flat_map(Node::items).enumerate() {
        for (key, node) in
            volume.entries().filter(|(key, _)| key != "name" && !standards::VOLUMES.contains(&key.as_ref()))
        {
            let field = if key == "hostPath" { Field::HostPath } else { Field::Volumes };
            if !node.is_null() {
                // Its options may hold a password.
                let says = if key == "flexVolume" { format!("{key}: …") } else { show(&key, node) };
                out.push(view.violation(field, Holder::Pod, &format!("/volumes/{at}/{key}"), says));
            }
        }
    }
}

/// Containers' `securityContext.capabilities.add`: NET_BIND_SERVICE, absent. (`drop` is filled, not checked.)
/// Since v1.25 not for Windows pods.
pub(super) fn capabilities(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    if is_linux(view, spec) {
        added_capabilities(view, |name| name == "NET_BIND_SERVICE", out);
    }
}

/// Containers' `securityContext.allowPrivilegeEscalation`: false. Since v1.25 not for Windows pods.
pub(super) fn allow_privilege_escalation(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    for (place, container) in view.in_scope().filter(|_| is_linux(view, spec)) {
        let field = Field::AllowPrivilegeEscalation;
        flag(view, place, &container.security, "allowPrivilegeEscalation", field, false, out);
    }
}

/// Pod's and containers' `securityContext.runAsUser`: not 0, absent; since v1.35 anything with `hostUsers: false`.
/// (OpenShift's check forbids any uid.)
pub(super) fn run_as_user(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    if !is_relaxed(view, spec) && spec.profile != Some(Profile::Openshift) {
        ids(view, "runAsUser", Field::RunAsUser, spec.run_as_user, out);
    }
}

/// Uids or gids of pod and containers: not 0, absent. `override` puts `instead` there, or nothing.
pub(super) fn ids(view: &View<'_>, key: &str, field: Field, instead: Option<NonRootId>, out: &mut Vec<Violation>) {
    for setting in view.settings(key, field) {
        if integer(setting.node).is_none_or(|id| id == 0) {
            let path = format!("/securityContext/{key}");
            let violation = view.violation_of(&setting, field, &path, show(key, setting.node));
            out.push(match instead {
                Some(id) => violation.set(view.pointer(setting.place, &path), json!(id.get())),
                None if setting.removable => violation.remove(view.pointer(setting.place, &path)),
                None => violation,
            });
        }
    }
}

/// Pod's and containers' `securityContext.runAsNonRoot`: true; since v1.35 anything with `hostUsers: false`.
pub(super) fn run_as_non_root(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    for setting in view.settings("runAsNonRoot", Field::RunAsNonRoot) {
        if setting.node.as_bool() != Some(true) && !is_relaxed(view, spec) {
            let path = "/securityContext/runAsNonRoot";
            let violation = view.violation_of(&setting, Field::RunAsNonRoot, path, show("runAsNonRoot", setting.node));
            out.push(violation.set(view.pointer(setting.place, path), json!(true)));
        }
    }
}

/// Pod's and containers' `securityContext.seccompProfile.type`: RuntimeDefault, Localhost. Since v1.25 not for Windows
/// pods.
pub(super) fn seccomp_profile(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    if is_linux(view, spec) {
        profiles::seccomp_profile(view, spec, out);
    }
}

/// Containers' `securityContext.procMount`: Default, absent.
pub(super) fn proc_mount(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    masked_proc(view, out);
}
