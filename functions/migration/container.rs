//! The migration's container: what it must be, and the edits that bring one that is there up to date.

use crate::migration::rules;
use krmor_core::report::Place as Where;
use krmor_core::rules as common;
use serde_json::{Map, Value};

use super::spec::Spec;
use krmor_core::report::{Class, Report, Why};
use krmor_core::stream::{Action, Edit, Stream};
use krmor_core::workload::{Container, Pod};
use krmor_yaml::{Kind, Node};

/// What the container must have, in the order in which people write it.
pub(super) struct Wanted {
    pub(super) fields: Map<String, Value>,
    /// Name of the program's container.
    pub(super) main: String,
}

/// Fields of the program's container that follow it at every run.
const FOLLOWED: [&str; 3] = ["image", "imagePullPolicy", "workingDir"];
/// Lists of which the migration has at least what the program has, and what makes an item the same.
const LISTS: [(&str, Option<&str>); 4] = [
    ("envFrom", None),
    ("env", Some("name")),
    ("volumeMounts", Some("mountPath")),
    ("volumeDevices", Some("devicePath")),
];
/// Fields that are taken over once: later functions may settle them for each container.
const FILLED: [&str; 2] = ["securityContext", "resources"];

/// What the container must be; nothing when the program's has no image.
pub(super) fn wanted(spec: &Spec, pod: &Pod, main: &Container, stream: &Stream, report: &mut Report) -> Option<Wanted> {
    let object = stream.object(pod.object)?;
    let node = main.node(&object)?;
    if node.get("image").and_then(Node::as_str).is_none_or(|image| image.is_empty()) {
        let message = format!("container `{}` has no image for the migration to run", main.name);
        report.add(&rules::NO_IMAGE, object.at(&main.pointer), message, "name the image");
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
        put(key, there(key));
    }
    put("command", spec.command.as_ref().map(super::values::Command::to_value));
    put("args", spec.args.as_ref().map(super::values::Command::to_value));
    for (key, _) in LISTS {
        let mut items = match there(key) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        match key {
            "env" => add_variables(spec, &mut items),
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
            report.add(&common::CONFIG, Where::Config(format!("/volumes/{at}")), message, "correct or remove the name");
            return None;
        }
    }
    Some(Wanted { fields, main: main.name.clone() })
}

/// The spec's variables take the place of those of the same name, or come last.
fn add_variables(spec: &Spec, items: &mut Vec<Value>) {
    for variable in &spec.env {
        match items.iter_mut().find(|item| text(item, "name") == Some(&variable.name)) {
            Some(item) => *item = variable.to_value(),
            None => items.push(variable.to_value()),
        }
    }
}

pub(super) fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

fn why(reason: String, class: Class) -> Why {
    Why { rule: &rules::MIGRATION, reason: reason.into(), class }
}

/// The edits that give the container at `pointer` what the program's has now and it has not.
pub(super) fn update(wanted: &Wanted, there: Node<'_>, pointer: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    let reason = format!("as in container `{}`", wanted.main);
    let set = |pointer: String, old: Option<Node<'_>>, value: &Value| {
        let old = old.filter(|old| !old.is_null()).map(Node::to_value);
        let class = if old.is_some() { Class::Raised } else { Class::Added };
        let differs = old.flatten().as_ref() != Some(value);
        differs.then(|| Edit { pointer, action: Action::Set(value.clone()), why: why(reason.clone(), class) })
    };
    let at = |key: &str| (format!("{pointer}/{key}"), there.get(key));
    for key in FOLLOWED {
        if let Some(value) = wanted.fields.get(key) {
            let (pointer, old) = at(key);
            edits.extend(set(pointer, old, value));
        }
    }
    for key in ["command", "args"] {
        let (pointer, old) = at(key);
        let told = |class| why("the spec says what to run".to_owned(), class);
        match (wanted.fields.get(key), old.filter(|old| !old.is_null())) {
            (Some(value), old) => {
                edits.extend(set(pointer, old, value).map(|edit| Edit { why: told(edit.why.class), ..edit }));
            }
            (None, Some(_)) => edits.push(Edit { pointer, action: Action::Remove, why: told(Class::Raised) }),
            (None, None) => {}
        }
    }
    for (key, id) in LISTS {
        let (pointer, old) = at(key);
        let Some(Value::Array(items)) = wanted.fields.get(key) else { continue };
        let Some(list) = old.filter(|old| old.kind() == Kind::Seq) else {
            edits.extend(set(pointer, old, &Value::Array(items.clone())));
            continue;
        };
        for (number, item) in items.iter().enumerate() {
            // Of items that share a name, which the API warns about, the second is the second.
            let key = id.and_then(|id| Some((id, text(item, id)?)));
            let twins =
                items.iter().take(number).filter(|twin| key.is_some_and(|(id, own)| text(twin, id) == Some(own)));
            let same = |other: &Node<'_>| match key {
                Some((id, own)) => other.get(id).and_then(Node::as_str).as_deref() == Some(own),
                None => other.to_value().as_ref() == Some(item),
            };
            match list.items().enumerate().filter(|(_, other)| same(other)).nth(twins.count()) {
                // Another volume at the same path is the migration's own, such as its part of `/tmp`.
                Some((_, other))
                    if id == Some("mountPath")
                        && other.get("name").and_then(Node::as_str).as_deref() != text(item, "name") => {}
                Some((number, other)) => edits.extend(set(format!("{pointer}/{number}"), Some(other), item)),
                None => edits.push(Edit {
                    pointer: pointer.clone(),
                    action: Action::Append(item.clone()),
                    why: why(reason.clone(), Class::Added),
                }),
            }
        }
    }
    for key in FILLED {
        let (pointer, old) = at(key);
        if let (Some(value), None) = (wanted.fields.get(key), old.filter(|old| !old.is_null())) {
            edits.extend(set(pointer, None, value));
        }
    }
    edits
}
