//! The checks of `baseline` about profiles of Linux security modules: seccomp, AppArmor, SELinux; fields, and the
//! annotations that came before them.

use serde_json::{Value, json};

use super::baseline::allows;
use super::fields::Field;
use super::spec::Spec;
use super::view::{Holder, View, Violation, show, value};
use krmor_core::strictness::standards;
use krmor_yaml::{Node, escape_token};

/// Prefix of the annotations that named AppArmor profiles before the fields.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
/// Annotations that named seccomp profiles before the fields.
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// The pod's annotations `seccomp.security.alpha.kubernetes.io/pod` and
/// `container.seccomp.security.alpha.kubernetes.io/*`: `runtime/default`, `docker/default`, `localhost/*`, absent.
/// Since v1.19 the standard looks at the fields instead; the API server still refuses a pod whose annotation and field
/// contradict each other.
/// v1.19+: pod's and containers' `securityContext.seccompProfile.type`: `RuntimeDefault`, `Localhost`, absent.
pub(super) fn seccomp_profile(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    if let Some(annotations) = view.annotations {
        for (key, _) in annotations.entries() {
            let name = key.strip_prefix(SECCOMP_CONTAINER);
            if let Some(place) = name.map(|name| view.place_of(name)).or((key == SECCOMP_POD).then_some(Holder::Pod)) {
                annotation(view, Field::SeccompProfile, place, &key, |text| seccomp_of(text).is_some(), out);
            }
        }
    }
    if spec.version.minor() < 19 {
        return;
    }
    for setting in view.settings("seccompProfile", Field::SeccompProfile) {
        if !has_allowed_type(setting.node) {
            let path = "/securityContext/seccompProfile";
            let says = show("seccompProfile", setting.node);
            let violation = view.violation_of(&setting, Field::SeccompProfile, path, says);
            // An annotation beside it must say the same.
            let instead = annotated_seccomp(view, setting.place).unwrap_or_else(|| spec.seccomp());
            out.push(violation.set(view.pointer(setting.place, path), instead));
        }
    }
}

/// The profile that an annotation's value means, if it is one that is allowed.
fn seccomp_of(text: &str) -> Option<Value> {
    match (text, text.strip_prefix("localhost/")) {
        ("runtime/default" | "docker/default", _) => Some(json!({"type": "RuntimeDefault"})),
        (_, Some(file)) => Some(json!({"type": "Localhost", "localhostProfile": file})),
        _ => None,
    }
}

/// The seccomp profile that the annotation for a place means.
pub(super) fn annotated_seccomp(view: &View<'_>, place: Holder) -> Option<Value> {
    let annotations = view.annotations?;
    let node = match view.container(place) {
        None => annotations.get(SECCOMP_POD),
        Some(container) => annotations.get(&[SECCOMP_CONTAINER, &container.name].concat()),
    };
    seccomp_of(&node?.as_str()?)
}

/// The pod's annotations `container.apparmor.security.beta.kubernetes.io/*`: runtime/default, localhost/*, empty, absent.
/// Pod's and containers' `securityContext.appArmorProfile.type`: RuntimeDefault, Localhost, absent.
pub(super) fn app_armor_profile(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for setting in view.settings("appArmorProfile", Field::AppArmorProfile) {
        if !has_allowed_type(setting.node) {
            let path = "/securityContext/appArmorProfile";
            let violation =
                view.violation_of(&setting, Field::AppArmorProfile, path, show("appArmorProfile", setting.node));
            // Removed, not replaced: an explicit RuntimeDefault does not start on nodes without AppArmor.
            out.push(match setting.removable {
                true => violation.remove(view.pointer(setting.place, path)),
                false => violation,
            });
        }
    }
    let allowed = |text: &str| matches!(text, "" | "runtime/default") || text.starts_with("localhost/");
    for (key, _) in view.annotations.into_iter().flat_map(Node::entries) {
        if let Some(name) = key.strip_prefix(APP_ARMOR) {
            annotation(view, Field::AppArmorProfile, view.place_of(name), &key, allowed, out);
        }
    }
}

/// Pod's and containers' `securityContext.seLinuxOptions`: type container_t, container_init_t, container_kvm_t, since
/// v1.31 container_engine_t, empty, absent; user and role empty, absent.
pub(super) fn se_linux_options(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    for setting in view.settings("seLinuxOptions", Field::SeLinuxOptions) {
        let is_bad = |key: &str, node: Node<'_>| match (key, node.as_str()) {
            ("type", Some(text)) => !allows(standards::SE_LINUX_TYPES, spec, &text),
            ("user" | "role", Some(text)) => !text.is_empty(),
            ("type" | "user" | "role", None) => true,
            _ => false,
        };
        let set: Vec<_> = setting.node.entries().filter(|(_, node)| !node.is_null()).collect();
        let bad: Vec<_> = set.iter().filter(|(key, node)| is_bad(key, *node)).collect();
        if bad.is_empty() {
            continue;
        }
        let path = "/securityContext/seLinuxOptions";
        let violation = view.violation_of(&setting, Field::SeLinuxOptions, path, show("seLinuxOptions", setting.node));
        let each =
            |violation: Violation, key: &str| violation.remove(view.pointer(setting.place, &format!("{path}/{key}")));
        out.push(if setting.source != setting.place {
            violation
        } else if setting.removable && bad.len() == set.len() {
            violation.remove(view.pointer(setting.place, path))
        } else {
            bad.iter().fold(violation, |violation, (key, _)| each(violation, key))
        });
    }
}

/// A pod annotation that names a profile for `place`.
fn annotation(
    view: &View<'_>,
    field: Field,
    place: Holder,
    key: &str,
    allowed: impl Fn(&str) -> bool,
    out: &mut Vec<Violation>,
) {
    let in_scope = view.container(place).map_or(view.whole, |container| container.in_scope);
    let is_bad = |node: &Node<'_>| in_scope && !node.as_str().is_some_and(|text| allowed(&text));
    let Some(node) = value(view.annotations, key).filter(is_bad) else { return };
    let pointer = format!("{}/annotations/{}", view.pod.metadata_pointer(), escape_token(key));
    let violation = Violation {
        field,
        place,
        inherited: false,
        pointer: pointer.clone(),
        says: show(key, node),
        edits: Vec::new(),
    };
    out.push(violation.remove(pointer));
}

fn has_allowed_type(profile: Node<'_>) -> bool {
    let kind = value(Some(profile), "type").and_then(Node::as_str);
    matches!(kind.as_deref(), Some("RuntimeDefault" | "Localhost"))
}
