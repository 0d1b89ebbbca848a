//! `seed`: an init container that fills a writable path with what the image has there, before the volume hides it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::fields::Field;
use super::fill::Demands;
use super::judge::Judge;
use super::restricted::is_relaxed;
use super::spec::WritablePath;
use super::view::{ContainerView, Holder, View};
use crate::security_context::rules;
use krmor_core::fields;
use krmor_core::report::{Class, Why};
use krmor_core::stream::{Action, Edit};
use krmor_yaml::Node;

/// Where the init container sees the volume.
const MOUNT: &str = "/krmor-seed";
/// The longest name of a container.
const MAX_NAME: usize = 63;
/// Fields of a container that its seeding one shares: without resources a quota would refuse the pod.
const SHARED: [&str; 3] = ["image", "imagePullPolicy", "resources"];
/// Paths where images have files that programs need, and below which they do.
const CONTENT: &[&str] =
    &["/etc", "/usr/share", "/usr/lib", "/usr/bin", "/usr/sbin", "/var/www", "/usr/local/apache2", "/usr/local/tomcat"];
/// Likewise, but programs also write below them.
const ROOTS: &[&str] = &["/app", "/bin", "/lib", "/opt", "/sbin", "/srv", "/usr", "/usr/local", "/usr/src/app"];

/// Whether images mostly have something at a path.
pub(super) fn has_content(path: &str) -> bool {
    let below = |root: &&str| path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    CONTENT.iter().any(below) || ROOTS.contains(&path)
}

/// Whether a container is one that seeds.
pub(super) fn seeds(container: &ContainerView<'_>) -> bool {
    let mounts = container.fields.get("volumeMounts").into_iter().flat_map(Node::items);
    { mounts }.any(|mount| mount.get("mountPath").and_then(Node::as_str).as_deref() == Some(MOUNT))
}

/// Why a container's path cannot be filled, if so.
pub(super) fn obstacle(view: &View<'_>, judge: &Judge<'_>, place: Holder) -> Option<&'static str> {
    let container = view.container(place)?;
    if view.container_level_only {
        return Some("its kind takes no init containers by default");
    }
    if !container.pointer.starts_with(&view.pointer(Holder::Pod, "/containers/")) {
        return Some("only those of main containers can be, since the init container comes behind the others");
    }
    // What is allowed to one container is not allowed to the one that seeds for it.
    let fields = [(Field::RunAsNonRoot, &rules::RUN_AS_NON_ROOT), (Field::RunAsUser, &rules::CONFLICT_RUN_AS_USER)];
    let is_alone = |(field, rule)| judge.exempts(place, field, rule) && !judge.exempts(Holder::Pod, field, rule);
    let is_kept =
        view.stays_root(place, false) && !judge.exempts(Holder::Pod, Field::RunAsUser, &rules::CONFLICT_RUN_AS_USER);
    (is_kept || fields.into_iter().any(is_alone)).then_some("it alone may run as root")
}

/// The edit that adds the init container which fills `volume`.
pub(super) fn edit(
    demands: &Demands,
    view: &View<'_>,
    judge: &Judge<'_>,
    place: Holder,
    path: &WritablePath,
    volume: &str,
) -> Option<Edit> {
    let container = view.container(place)?;
    let mut fields = Map::new();
    fields.insert("name".to_owned(), free_name(view, volume).into());
    for key in SHARED {
        fields.extend(container.fields.get(key).and_then(Node::to_value).map(|value| (key.to_owned(), value)));
    }
    if let Some(resources) = fields.get_mut("resources").and_then(Value::as_object_mut) {
        resources.shift_remove("claims");
    }
    let command = match &path.command {
        Some(command) => command.to_value(),
        // No shell is needed, and `/.` takes hidden files along.
        None => vec!["cp".to_owned(), "-R".to_owned(), format!("{}/.", path.path.as_str()), format!("{MOUNT}/")].into(),
    };
    fields.insert("command".to_owned(), command);
    fields.insert("volumeMounts".to_owned(), Value::Array(vec![fields!({"name": volume, "mountPath": MOUNT})]));
    fields.insert("securityContext".to_owned(), security(demands, view, judge, place));
    let reason = format!("the image's files at `{}` are there before the volume hides them", path.path.as_str());
    let why = Why { rule: &rules::WRITABLE_PATH, reason: Cow::Owned(reason), class: Class::Added };
    let pointer = view.pointer(Holder::Pod, "/initContainers");
    Some(Edit { pointer, action: Action::Append(Value::Object(fields)), why })
}

/// What a container of the pod is filled with, so that a second run finds nothing to add, under the user of its container.
fn security(demands: &Demands, view: &View<'_>, judge: &Judge<'_>, place: Holder) -> Value {
    let edited = |pointer: &str| {
        let edit = judge.edits.iter().find(|edit| edit.pointer == pointer)?;
        Some(match &edit.action {
            Action::Set(value) => Some(value.clone()),
            _ => None,
        })
    };
    // The value of a field after the edits.
    let now = |place: Holder, key: &str| {
        let security = view.container(place).map_or(&view.security, |container| &container.security);
        let there = || security.get(key).and_then(Node::to_value);
        edited(&view.pointer(place, &["/securityContext/", key].concat())).unwrap_or_else(there)
    };
    let mut fields = Map::new();
    let own = [
        ("runAsUser", None, None),
        ("runAsGroup", None, None),
        ("seccompProfile", Some(Field::SeccompProfile), demands.seccomp.as_ref()),
        ("seLinuxOptions", Some(Field::SeLinuxOptions), None),
    ];
    for (key, field, wanted) in own {
        let stands = field.is_some_and(|field| view.stands(place, field));
        let value = if stands { wanted.cloned() } else { now(place, key) };
        fields.extend(value.map(|value| (key.to_owned(), value)));
    }
    let exempt = judge.exempts(place, Field::RunAsNonRoot, &rules::RUN_AS_NON_ROOT) || view.stays_root(place, false);
    if demands.non_root && !exempt && !is_relaxed(view, judge.spec) && now(Holder::Pod, "runAsNonRoot").is_none() {
        fields.insert("runAsNonRoot".to_owned(), true.into());
    }
    let capabilities = fields!({"drop": vec!["ALL"]});
    let hard = [
        ("allowPrivilegeEscalation", false.into()),
        ("capabilities", capabilities),
        ("readOnlyRootFilesystem", true.into()),
    ];
    fields.extend(hard.map(|(key, value)| (key.to_owned(), value)));
    Value::Object(fields)
}

fn free_name(view: &View<'_>, volume: &str) -> String {
    let is_taken = |name: &str| view.containers.iter().any(|container| container.name == name);
    let name = |suffix: &str| {
        let base = ["seed-", volume].concat();
        let cut = base.get(..MAX_NAME - suffix.len()).unwrap_or(&base).trim_end_matches('-');
        [cut, suffix].concat()
    };
    let numbered = (2..).map(|number: u32| name(&format!("-{number}")));
    std::iter::once(name("")).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}
