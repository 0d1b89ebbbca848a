//! The checks of fields that no level of the standard demands, but the spec does.

use krmor_core::values::{go_bool, integer};
use serde_json::json;

use super::baseline::flag;
use super::fields::Field;
use super::judge::Judge;
use super::restricted::ids;
use super::spec::Spec;
use super::view::{Holder, View, Violation, show, value};
use crate::security_context::rules;
use krmor_core::facts::Facts;
use krmor_core::report::{Class, Finding, Severity, Why};
use krmor_core::stream::{Action, Edit, Stream};
use krmor_yaml::Node;
use std::borrow::Cow;

const HOST_USERS: &str = "/hostUsers";
const FS_GROUP: &str = "/securityContext/fsGroup";
/// Marks pods for which the Vault agent injector puts in its containers.
const AGENT_INJECT: &str = "vault.hashicorp.com/agent-inject";
/// Names a projected volume with the token that the agent uses instead of the automounted one.
const AGENT_TOKEN_VOLUME: &str = "vault.hashicorp.com/agent-service-account-token-volume-name";

/// Pod's and containers' `securityContext.runAsUser` and `runAsGroup`, pod's `securityContext.fsGroup`: absent, since
/// OpenShift assigns them and rejects others.
pub(super) fn fixed_ids(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for (key, field) in [("runAsUser", Field::RunAsUser), ("runAsGroup", Field::RunAsGroup)] {
        for setting in view.settings(key, field) {
            let path = format!("/securityContext/{key}");
            let violation = view.violation_of(&setting, field, &path, show(key, setting.node));
            out.push(match setting.removable {
                true => violation.remove(view.pointer(setting.place, &path)),
                false => violation,
            });
        }
    }
    if let Some(node) = view.security.get("fsGroup").filter(|_| view.whole) {
        out.push(fs_group_violation(view, node).remove(view.pointer(Holder::Pod, FS_GROUP)));
    }
}

/// Pod's and containers' `securityContext.runAsGroup`: not 0, absent.
pub(super) fn run_as_group(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    ids(view, "runAsGroup", Field::RunAsGroup, spec.run_as_group, out);
}

/// Pod's `securityContext.fsGroup`: not 0, absent.
pub(super) fn fs_group(view: &View<'_>, spec: &Spec, out: &mut Vec<Violation>) {
    let node = view.security.get("fsGroup").filter(|node| view.whole && integer(*node).is_none_or(|id| id == 0));
    if let (Some(node), Some(id)) = (node, spec.fs_group) {
        out.push(fs_group_violation(view, node).set(view.pointer(Holder::Pod, FS_GROUP), json!(id.get())));
    }
}

fn fs_group_violation(view: &View<'_>, node: Node<'_>) -> Violation {
    view.violation(Field::FsGroup, Holder::Pod, FS_GROUP, show("fsGroup", node))
}

/// Containers' `securityContext.readOnlyRootFilesystem`: true. Not for Windows pods, which have no such field.
pub(super) fn read_only_root_filesystem(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    for (place, container) in view.in_scope().filter(|_| !view.windows) {
        let field = Field::ReadOnlyRootFilesystem;
        flag(view, place, &container.security, "readOnlyRootFilesystem", field, true, out);
    }
}

/// Pod's `automountServiceAccountToken`: false; anything where the Vault agent injector needs the token.
pub(super) fn automount_service_account_token(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    let node = view.spec.get("automountServiceAccountToken").filter(|node| node.as_bool() != Some(false));
    if let Some(node) = node.filter(|_| view.whole && !needs_token(view)) {
        let path = "/automountServiceAccountToken";
        let says = show("automountServiceAccountToken", node);
        let violation = view.violation(Field::AutomountServiceAccountToken, Holder::Pod, path, says);
        out.push(violation.set(view.pointer(Holder::Pod, path), json!(false)));
    }
}

/// Pod's `hostUsers`: false. Not for Windows pods, which have no such field.
pub(super) fn host_users(view: &View<'_>, _: &Spec, out: &mut Vec<Violation>) {
    let node = view.spec.get("hostUsers").filter(|node| view.whole && !view.windows && node.as_bool() != Some(false));
    if let Some(node) = node {
        let violation = view.violation(Field::HostUsers, Holder::Pod, HOST_USERS, show("hostUsers", node));
        out.push(violation.set(view.pointer(Holder::Pod, HOST_USERS), json!(false)));
    }
}

/// Gives the pod users of its own where the spec asks for them and nothing is set. Other checks depend on it.
pub(super) fn own_users(view: &mut View<'_>, judge: &mut Judge<'_>) {
    if !judge.spec.user_namespaces || !view.whole || view.windows || view.spec.get("hostUsers").is_some() {
        return;
    }
    let pointer = view.pointer(Holder::Pod, HOST_USERS);
    if judge.exempts(Holder::Pod, Field::HostUsers, &rules::USER_NAMESPACES) {
        return judge.leave(view, Holder::Pod, Field::HostUsers, &rules::USER_NAMESPACES);
    }
    if view.container_level_only {
        let message = "`hostUsers` is a field of the pod, which this kind does not take";
        let remedy = "exclude it, or leave `userNamespaces` out for it";
        let place = view.object.at(&pointer);
        return judge.report.add_as(Severity::Warning, &rules::USER_NAMESPACES, place, message, remedy);
    }
    let reason = Cow::Borrowed("root in a container is nobody on the node");
    let why = Why { rule: &rules::USER_NAMESPACES, reason, class: Class::Added };
    judge.edits.push(Edit { pointer, action: Action::Set(json!(false)), why });
    view.own_users = true;
}

/// Whether the Vault agent injector needs the pod's token: it is on (as Go's `strconv.ParseBool` reads it), and no
/// volume of its own is named.
pub(super) fn needs_token(view: &View<'_>) -> bool {
    let annotations = view.annotations;
    let on = value(annotations, AGENT_INJECT).is_some_and(|node| match node.as_str() {
        Some(text) => go_bool(&text) == Some(true),
        None => node.as_bool() == Some(true),
    });
    on && value(annotations, AGENT_TOKEN_VOLUME).is_none()
}

/// Says when the pod loses the token of a ServiceAccount that RBAC of the stream grants something.
pub(super) fn token_with_rights(view: &View<'_>, stream: &Stream, judge: &mut Judge<'_>) {
    let pointer = view.pointer(Holder::Pod, "/automountServiceAccountToken");
    if !judge.edits.iter().any(|edit| edit.pointer == pointer) {
        return;
    }
    let text = |key: &str| view.spec.get(key).and_then(Node::as_str).filter(|name| !name.is_empty());
    let account = text("serviceAccountName").or_else(|| text("serviceAccount")).unwrap_or("default".into());
    let Some(grant) = Facts::of(stream).grants(&account, &view.object).into_iter().next() else { return };
    let Some(binding) = stream.object(grant.binding) else { return };
    let message = format!(
        "the pod loses its token, and {} grants its ServiceAccount `{account}` the {} `{}`",
        binding.reference(),
        grant.kind,
        grant.role
    );
    let remedy = "if the program calls the Kubernetes API, leave the token: exceptions with `fields: [automountServiceAccountToken]`";
    let found = Finding::new(&rules::TOKEN_WITH_RIGHTS, view.object.at(&pointer), message, remedy);
    judge.report.record(found.about(Field::AutomountServiceAccountToken.name()));
}
