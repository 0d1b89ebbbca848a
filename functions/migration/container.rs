//! The migration's container: what it must be, and whose its fields are where it is there.

use crate::migration::rules;
use krmor_core::report::Place;
use krmor_core::rules as common;
use std::borrow::Cow;

use serde_json::{Map, Value};

use super::spec::{Form, Spec};
use krmor_core::facts::Facts;
use krmor_core::facts::makers::Store;
use krmor_core::facts::provided::Providers;
use krmor_core::pods::{Container, Pod};
use krmor_core::reconcile::{Field, Item, Ownership};
use krmor_core::report::Report;
use krmor_core::stream::{Action, Object, Stream};
use krmor_core::values::Command;
use krmor_yaml::{Kind, Node};

/// What the container must have, in the order in which people write it.
pub(super) struct Wanted {
    pub(super) fields: Map<String, Value>,
    /// Name of the program's container.
    pub(super) main: String,
    /// Whether the spec names the image.
    own_image: bool,
}

/// Fields of the program's container that follow it at every run.
const FOLLOWED: [&str; 3] = ["image", "imagePullPolicy", "workingDir"];
/// Fields that the spec says.
const COMMAND: [&str; 2] = ["command", "args"];
/// Lists of which the migration has at least what the program has, and what makes an item the same.
const LISTS: [(&str, Option<&str>); 4] = [
    ("envFrom", None),
    ("env", Some("name")),
    ("volumeMounts", Some("mountPath")),
    ("volumeDevices", Some("devicePath")),
];
/// Where a variable names a ConfigMap or Secret.
const KEY_REFS: [(Store, &str); 2] =
    [(Store::ConfigMap, "/valueFrom/configMapKeyRef/name"), (Store::Secret, "/valueFrom/secretKeyRef/name")];
/// Fields that are taken over once: later functions may settle them for each container.
const FILLED: [&str; 2] = ["securityContext", "resources"];

/// What the container must be; nothing when the program's has no image.
pub(super) fn wanted(spec: &Spec, pod: &Pod, main: &Container, stream: &Stream, report: &mut Report) -> Option<Wanted> {
    let object = stream.object(pod.object)?;
    let node = main.node(&object)?;
    if spec.image.is_none() && node.get("image").and_then(Node::as_str).is_none_or(|image| image.is_empty()) {
        let message = format!("container `{}` has no image for the migration to run", main.name);
        report.add(&rules::NO_IMAGE, object.at(&main.pointer), message, "name the image there, or in `image`");
        return None;
    }
    let mut fields = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value);
        }
    };
    let there = |key: &str| node.get(key).filter(|node| !node.is_null()).and_then(Node::to_value);
    put("name", Some(spec.name.as_str().into()));
    for key in FOLLOWED {
        match (key, &spec.image) {
            ("image", Some(image)) => put(key, Some(image.as_str().into())),
            // It is about the program's image.
            ("imagePullPolicy", Some(_)) => {}
            _ => put(key, there(key)),
        }
    }
    put("command", spec.command.as_ref().map(Command::to_value));
    put("args", spec.args.as_ref().map(Command::to_value));
    for (key, _) in LISTS {
        let mut items = match there(key) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        match key {
            "env" => add_variables(spec, &object, stream, &mut items),
            "volumeMounts" | "volumeDevices" => {
                if let Some(volumes) = &spec.volumes {
                    items.retain(|item| text(item, "name").is_some_and(|name| volumes.iter().any(|one| one == name)));
                }
            }
            _ => {}
        }
        put(key, (!items.is_empty()).then_some(Value::Array(items)));
    }
    for key in FILLED {
        put(key, there(key));
    }
    for (at, volume) in spec.volumes.iter().flatten().enumerate() {
        let mounted =
            ["volumeMounts", "volumeDevices"].into_iter().filter_map(|key| node.get(key)).flat_map(Node::items);
        if !mounted.into_iter().any(|item| item.get("name").and_then(Node::as_str).as_deref() == Some(volume)) {
            let message = format!("container `{}` of {} mounts no volume `{volume}`", main.name, object.reference());
            report.add(&common::CONFIG, Place::Config(format!("/volumes/{at}")), message, "correct or remove the name");
            return None;
        }
    }
    if spec.form == Form::Job {
        fields.values_mut().for_each(|value| name_anew(value, &main.name, spec.name.as_str()));
    }
    Some(Wanted { fields, main: main.name.clone(), own_image: spec.image.is_some() })
}

/// Lets what asks for the resources of the program's container ask for those of the migration's: a Job has no other.
pub(super) fn name_anew(value: &mut Value, program: &str, migration: &str) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get_mut("containerName").filter(|name| *name == program) {
                migration.clone_into(name);
            }
            map.values_mut().for_each(|value| name_anew(value, program, migration));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| name_anew(value, program, migration)),
        _ => {}
    }
}

/// The spec's variables take the place of those of the same name, or come last. What they name may have a prefix or a hash
/// by now.
fn add_variables(spec: &Spec, workload: &Object<'_>, stream: &Stream, items: &mut Vec<Value>) {
    let providers = Providers::of(Facts::of(stream));
    for variable in &spec.env {
        let mut value = variable.to_value();
        for (store, pointer) in KEY_REFS {
            let Some(Value::String(name)) = value.pointer_mut(pointer) else { continue };
            if let Some(meant) = providers.meant(workload, store, name) {
                *name = meant.name;
            }
        }
        match items.iter_mut().find(|item| text(item, "name") == Some(variable.name.as_str())) {
            Some(item) => *item = value,
            None => items.push(value),
        }
    }
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

impl Wanted {
    /// The fields of one that is there: what the spec does not say goes.
    pub(super) fn of_existing(&self) -> Map<String, Value> {
        let lists = LISTS.iter().map(|(key, _)| *key);
        let keys = FOLLOWED.into_iter().chain(COMMAND).chain(lists).chain(FILLED);
        let value = |key: &str| self.fields.get(key).cloned().or_else(|| COMMAND.contains(&key).then_some(Value::Null));
        let fields = ["name"].into_iter().chain(keys).filter_map(|key| Some((key.to_owned(), value(key)?)));
        fields.collect()
    }
}

/// Whose the fields of the migration's container are: they follow the program's, and what to run follows the spec.
impl Ownership for Wanted {
    fn field(&self, pattern: &str, there: Node<'_>, _: &Value) -> Field {
        match pattern.strip_prefix('/') {
            None => Field::Parts,
            Some(key) if FILLED.contains(&key) => Field::Keep,
            Some(key) if there.kind() == Kind::Seq && LISTS.iter().any(|(list, _)| *list == key) => Field::Parts,
            Some(_) => Field::Set,
        }
    }

    fn item(&self, pattern: &str, list: Node<'_>, wanted: &[Value], number: usize) -> Item {
        let Some(item) = wanted.get(number) else { return Item::Keep };
        let id = LISTS.iter().find(|(list, _)| pattern.ends_with(list)).and_then(|(_, id)| *id);
        // Of items that share a name, which the API warns about, the second is the second.
        let key = id.and_then(|id| Some((id, text(item, id)?)));
        let before = wanted.iter().take(number);
        let twins = before.filter(|twin| key.is_some_and(|(id, own)| text(twin, id) == Some(own))).count();
        let same = |other: &Node<'_>| match key {
            Some((id, own)) => other.get(id).and_then(Node::as_str).as_deref() == Some(own),
            None => other.to_value().as_ref() == Some(item),
        };
        match list.items().enumerate().filter(|(_, other)| same(other)).nth(twins) {
            None => Item::Absent,
            // Another volume at the same path is the migration's own, such as its part of `/tmp`.
            Some((_, other))
                if id == Some("mountPath")
                    && other.get("name").and_then(Node::as_str).as_deref() != text(item, "name") =>
            {
                Item::Keep
            }
            Some((at, _)) => Item::At(at),
        }
    }

    fn reason(&self, pattern: &str, _: &Action) -> Option<Cow<'static, str>> {
        Some(match pattern.strip_prefix('/') {
            Some(key) if COMMAND.contains(&key) => "the spec says what to run".into(),
            Some("image") if self.own_image => "the spec names the image".into(),
            _ => format!("as in container `{}`", self.main).into(),
        })
    }
}
