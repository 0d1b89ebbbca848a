//! What is added where nothing is set: at pod level where that reaches no container that must not have it, else at
//! each container.

use crate::security_context::rules;
use krmor_core::report::Rule;
use krmor_core::values::integer;
use std::borrow::Cow;

use serde_json::{Value, json};

use super::asked::needs_token;
use super::fields::Field;
use super::images;
use super::judge::Judge;
use super::profiles::annotated_seccomp;
use super::restricted::{is_linux, is_relaxed};
use super::spec::{Conflicts, Level, Profile, Spec};
use super::values::ImageUser;
use super::view::{ContainerView, Entries, Holder, View, value};
use krmor_core::report::{Class, Finding, Severity, Why};
use krmor_core::stream::{Action, Edit};
use krmor_yaml::Node;

/// The versions of `restricted` that began to demand a field.
const ALLOW_PRIVILEGE_ESCALATION: u32 = 8;
const SECCOMP_PROFILE: u32 = 19;
const CAPABILITIES: u32 = 22;

const NON_ROOT: Fill = Fill(&rules::RUN_AS_NON_ROOT, "the kubelet refuses to start it as root");
const SECCOMP: Fill = Fill(&rules::SECCOMP_PROFILE, "system calls outside the profile are refused");
const USER: Fill = Fill(&rules::RUN_AS_USER, "the config names the uid to run as");
const GROUP: Fill = Fill(&rules::RUN_AS_GROUP, "the config names the gid to run as");
const FS_GROUP: Fill = Fill(&rules::FS_GROUP, "the config names the gid that owns the volumes");
const ESCALATION: Fill = Fill(&rules::NO_PRIVILEGE_ESCALATION, "blocks setuid privilege gains");
const DROP: Fill = Fill(&rules::DROP_CAPABILITIES, "no Linux capability but those added by name");
const READ_ONLY: Fill = Fill(&rules::READ_ONLY_ROOT_FILESYSTEM, "nobody can change the image's files");
const TOKEN: Fill = Fill(&rules::AUTOMOUNT_TOKEN, "the pod does not call the Kubernetes API");

/// A rule, and the reason of its changes.
struct Fill(&'static Rule, &'static str);

impl Fill {
    fn edit(&self, pointer: String, value: Value, class: Class) -> Edit {
        Edit { pointer, action: Action::Set(value), why: Why { rule: self.0, reason: Cow::Borrowed(self.1), class } }
    }
}

/// What a spec demands of every pod, worked out once.
pub(super) struct Demands {
    pub(super) non_root: bool,
    escalation: bool,
    drop: bool,
    pub(super) seccomp: Option<Value>,
    user: Option<Value>,
    group: Option<Value>,
    fs_group: Option<Value>,
}

impl Demands {
    pub(super) fn of(spec: &Spec) -> Self {
        let demands = |from: u32| spec.level == Level::Restricted && spec.version.minor() >= from;
        Self {
            non_root: demands(0),
            escalation: demands(ALLOW_PRIVILEGE_ESCALATION),
            drop: demands(CAPABILITIES),
            seccomp: (demands(SECCOMP_PROFILE) || spec.seccomp_profile.is_some()).then(|| spec.seccomp()),
            user: spec.run_as_user.map(|id| json!(id.get())),
            group: spec.run_as_group.map(|id| json!(id.get())),
            fs_group: spec.fs_group.map(|id| json!(id.get())),
        }
    }
}

/// Fills one pod.
pub(super) fn fill(demands: &Demands, view: &View<'_>, judge: &mut Judge<'_>) {
    let spec = judge.spec;
    if demands.non_root && !is_relaxed(view, spec) {
        inherited(view, judge, "runAsNonRoot", Field::RunAsNonRoot, &Value::Bool(true), &NON_ROOT);
    }
    if !view.windows {
        let ids = [
            ("runAsUser", Field::RunAsUser, &demands.user, &USER),
            ("runAsGroup", Field::RunAsGroup, &demands.group, &GROUP),
            ("seccompProfile", Field::SeccompProfile, &demands.seccomp, &SECCOMP),
        ];
        for (key, field, wanted, rule) in ids {
            if let Some(wanted) = wanted {
                inherited(view, judge, key, field, wanted, rule);
            }
        }
        if let Some(gid) = &demands.fs_group {
            fs_group(view, judge, gid);
        }
        containers(demands, view, judge);
    }
    if spec.automount_service_account_token == Some(false) && view.whole {
        automount(view, judge);
    }
    if demands.non_root && spec.profile != Some(Profile::Openshift) {
        unproven(demands, view, judge);
    }
}

/// Fills a field that containers inherit from the pod.
fn inherited(view: &View<'_>, judge: &mut Judge<'_>, key: &str, field: Field, wanted: &Value, fill: &Fill) {
    if view.security.get(key).is_some() || view.stands(Holder::Pod, field) {
        return;
    }
    let lacks = |container: &ContainerView<'_>| container.security.get(key).is_none();
    let must_not =
        |place: Holder| view.stands(place, field) || field == Field::RunAsNonRoot && view.stays_root(place, false);
    let lacking = view.containers.iter().filter(|container| lacks(container)).count();
    let mut wanting = 0;
    for (place, _) in view.in_scope().filter(|(_, container)| lacks(container)) {
        if judge.exempts(place, field, fill.0) {
            judge.leave(view, place, field, fill.0);
        } else if !must_not(place) {
            wanting += 1;
        }
    }
    let add = |judge: &mut Judge<'_>, place: Holder| {
        // An old annotation is the user's own value, and the API refuses a field that contradicts it.
        let annotated = if field == Field::SeccompProfile { annotated_seccomp(view, place) } else { None };
        let wanted = annotated.unwrap_or_else(|| wanted.clone());
        let path = ["/securityContext/", key].concat();
        judge.edits.push(fill.edit(view.pointer(place, &path), wanted, Class::Added));
    };
    let at_pod = !view.container_level_only && view.pod.takes(&["/securityContext/", key].concat());
    // Operators have defaults for pods without a security context, which one of ours would put out of force.
    let is_left_to_operator = view.pod.is_completed && view.spec.get("securityContext").is_none();
    if wanting == lacking && view.whole && at_pod && !is_left_to_operator {
        // The containers that an operator adds inherit too.
        let others = view.pod.is_completed && view.containers.is_empty() && !judge.exempts(Holder::Pod, field, fill.0);
        if wanting > 0 || others {
            add(judge, Holder::Pod);
        }
        return;
    }
    for (place, _) in view.in_scope().filter(|(_, container)| lacks(container)) {
        if !judge.exempts(place, field, fill.0) && !must_not(place) {
            add(judge, place);
        }
    }
}

/// Fills the fields that only containers have.
fn containers(demands: &Demands, view: &View<'_>, judge: &mut Judge<'_>) {
    let spec = judge.spec;
    for (place, container) in view.in_scope() {
        let security = &container.security;
        let may_escalate = view.stands(place, Field::Privileged) || view.stays_sys_admin(place, false);
        if demands.escalation && !may_escalate && security.get("allowPrivilegeEscalation").is_none() {
            add(
                view,
                judge,
                place,
                "allowPrivilegeEscalation",
                Field::AllowPrivilegeEscalation,
                json!(false),
                &ESCALATION,
            );
        }
        if demands.drop {
            let dropped = value(security.get("capabilities"), "drop");
            let all = dropped.is_some_and(|list| list.items().any(|item| item.as_str().as_deref() == Some("ALL")));
            let class = if dropped.is_some() { Class::Raised } else { Class::Added };
            if !all && judge.exempts(place, Field::CapabilitiesDrop, DROP.0) {
                judge.leave(view, place, Field::CapabilitiesDrop, DROP.0);
            } else if !all {
                let pointer = view.pointer(place, "/securityContext/capabilities/drop");
                judge.edits.push(DROP.edit(pointer, json!(["ALL"]), class));
            }
        }
        if spec.read_only_root_filesystem && security.get("readOnlyRootFilesystem").is_none() {
            add(view, judge, place, "readOnlyRootFilesystem", Field::ReadOnlyRootFilesystem, json!(true), &READ_ONLY);
        }
    }
}

/// Adds a field of a container's security context, unless an exception exempts it.
fn add(view: &View<'_>, judge: &mut Judge<'_>, place: Holder, key: &str, field: Field, wanted: Value, fill: &Fill) {
    if judge.exempts(place, field, fill.0) {
        return judge.leave(view, place, field, fill.0);
    }
    let pointer = view.pointer(place, &["/securityContext/", key].concat());
    judge.edits.push(fill.edit(pointer, wanted, Class::Added));
}

fn fs_group(view: &View<'_>, judge: &mut Judge<'_>, gid: &Value) {
    if !view.whole || view.security.get("fsGroup").is_some() {
        return;
    }
    if view.container_level_only {
        let message = "`fsGroup` is a field of the pod, which this kind does not take";
        let remedy = "exclude it, or leave `fsGroup` out for it";
        return judge.report.add(&rules::FS_GROUP, view.object.at(&view.pod.spec), message, remedy);
    }
    add(view, judge, Holder::Pod, "fsGroup", Field::FsGroup, gid.clone(), &FS_GROUP);
}

fn automount(view: &View<'_>, judge: &mut Judge<'_>) {
    if view.spec.get("automountServiceAccountToken").is_some() {
        return;
    }
    if needs_token(view) {
        let message = "the Vault agent injector needs the service account's token: it stays mounted";
        return judge.report.add(&rules::AUTOMOUNT_TOKEN, view.object.at(&view.pod.spec), message, "");
    }
    if judge.exempts(Holder::Pod, Field::AutomountServiceAccountToken, TOKEN.0) {
        return judge.leave(view, Holder::Pod, Field::AutomountServiceAccountToken, TOKEN.0);
    }
    let pointer = view.pointer(Holder::Pod, "/automountServiceAccountToken");
    judge.edits.push(TOKEN.edit(pointer, json!(false), Class::Added));
}

/// Says for which containers nobody knows whether they run as root: then `runAsNonRoot` keeps them from starting.
fn unproven(demands: &Demands, view: &View<'_>, judge: &mut Judge<'_>) {
    let uid = |security: &Entries<'_>| match view.windows {
        true => value(security.get("windowsOptions"), "runAsUserName").is_some(),
        false => security.get("runAsUser").is_some_and(|node| integer(node) != Some(0)),
    };
    if uid(&view.security) || is_relaxed(view, judge.spec) {
        return;
    }
    let is_unproven = |place: Holder, security: &Entries<'_>| {
        let exempt = judge.exempts(place, Field::RunAsNonRoot, NON_ROOT.0) || view.stands(place, Field::RunAsNonRoot);
        let filled = demands.user.is_some() && !view.windows && !judge.exempts(place, Field::RunAsUser, USER.0);
        !exempt && !filled && !uid(security) && !view.stays_root(place, false)
    };
    let open: Vec<_> = view.in_scope().filter(|(place, one)| is_unproven(*place, &one.security)).collect();
    let mut names: Vec<&str> = Vec::new();
    for (place, container) in open {
        let image = container.fields.get("image").and_then(Node::as_str).unwrap_or_default();
        match images::user(&judge.spec.images, &image) {
            None => names.push(&container.name),
            Some(user) => image_user(view, judge, place, user),
        }
    }
    if names.is_empty() {
        return;
    }
    let (unset, root, remedy) = match view.windows {
        true => (
            "user",
            "ContainerAdministrator",
            "set `windowsOptions.runAsUserName`, or say the image's user in `images`",
        ),
        false => (
            "uid",
            "root or a name",
            "set `runAsUser`, or a numeric USER in the image, and say it in `images` of the config",
        ),
    };
    let message = format!("no {unset} is set: {} will not start if the image's user is {root}", names.join(", "));
    judge.report.add(&rules::IMAGE_USER_UNPROVEN, view.object.at(&view.pod.spec), message, remedy);
}

/// Says when the user that the config knows of an image keeps its container from starting.
fn image_user(view: &View<'_>, judge: &mut Judge<'_>, place: Holder, user: &ImageUser) {
    let is_root = match view.windows {
        true => user.to_string().eq_ignore_ascii_case("ContainerAdministrator"),
        false => user.is_root(),
    };
    let what = match user {
        _ if is_root => "is root",
        // Windows has users by name only.
        ImageUser::Name(_) if !view.windows => "is a name, which may be root's",
        _ => return,
    };
    let message = format!(
        "{} never starts: the user `{user}` of its image {what}, and `runAsNonRoot: true` refuses it",
        view.subject(place)
    );
    let remedy = "set `runAsUser`, or allow it: exceptions with `fields: [runAsNonRoot]`";
    let pointer = view.pointer(place, "/image");
    let severity = if judge.spec.conflicts == Conflicts::Keep { Severity::Warning } else { Severity::Error };
    let found = Finding::new(&rules::IMAGE_USER, view.object.at(&pointer), message, remedy);
    judge.report.record(found.with_severity(severity).about(Field::RunAsNonRoot.name()));
}

/// Whether a container's root filesystem is read-only once everything is set.
pub(super) fn is_read_only(view: &View<'_>, judge: &Judge<'_>, place: Holder) -> bool {
    let own = view.container(place).and_then(|container| container.security.get("readOnlyRootFilesystem"));
    let asked = judge.spec.read_only_root_filesystem;
    let field = Field::ReadOnlyRootFilesystem;
    !view.windows
        && match own {
            Some(node) => node.as_bool() == Some(true) || asked && !view.stands(place, field),
            None => asked && !judge.exempts(place, field, READ_ONLY.0),
        }
}

/// Whether the pod must be refused because its version of `restricted` demands Linux fields of Windows pods.
pub(super) fn demands_the_impossible(demands: &Demands, view: &View<'_>, spec: &Spec) -> bool {
    view.windows && demands.escalation && is_linux(view, spec)
}
