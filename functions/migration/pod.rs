//! What a Job's pod takes over from the program's pod.

use crate::migration::rules;
use serde_json::{Map, Value, json};

use super::carried;
use super::container::{self, Wanted, text};
use super::metadata::{self, Names, Taken};
use super::spec::Spec;
use krmor_core::facts;
use krmor_core::pods::{Container, Pod, Role};
use krmor_core::report::{Place, Report};
use krmor_core::stream::{Object, Stream};
use krmor_yaml::{Kind, Node};

/// The fields of the Job's pod beside its container; nothing when a volume cannot be shared, which is reported.
pub(super) fn fields(
    spec: &Spec,
    pod: &Pod,
    wanted: &Wanted,
    stream: &Stream,
    report: &mut Report,
) -> Option<Map<String, Value>> {
    let object = stream.object(pod.object)?;
    let node = pod.spec_node(&object)?;
    let mut out = Map::new();
    for key in carried::taken() {
        let value = match key {
            "serviceAccountName" => {
                spec.job().service_account_name.map(|name| name.as_str().into()).or_else(|| account(node))
            }
            // The rest of it is about how the program's pods stand to each other.
            "affinity" => {
                node.find(&["affinity", "nodeAffinity"]).and_then(Node::to_value).map(|of| json!({"nodeAffinity": of}))
            }
            // `ClusterFirstWithHostNet` goes with `hostNetwork`, which a migration does not need.
            "dnsPolicy" => value(node, key).filter(|policy| policy != "ClusterFirstWithHostNet"),
            _ => value(node, key),
        };
        out.extend(value.map(|value| (key.to_owned(), value)));
    }
    let others = others(spec, pod, &object, report)?;
    let others: Vec<Value> = others.iter().filter_map(|one| one.node(&object)?.to_value()).collect();
    let volumes = volumes(pod, wanted, &others, &object, stream, report)?;
    if !others.is_empty() {
        out.insert("initContainers".to_owned(), Value::Array(others));
    }
    if !volumes.is_empty() {
        out.insert("volumes".to_owned(), Value::Array(volumes));
    }
    for key in ["initContainers", "volumes"] {
        if let Some(value) = out.get_mut(key) {
            container::name_anew(value, &wanted.main, spec.name.as_str());
        }
    }
    Some(out)
}

/// The labels and annotations of the Job's pod beside its own; `fields` are those of the pod, and `wanted` its container.
pub(super) fn metadata(
    spec: &Spec,
    pod: &Pod,
    object: &Object<'_>,
    wanted: &Wanted,
    fields: &Map<String, Value>,
) -> Taken {
    let lists = ["initContainers", "volumes"].into_iter().filter_map(|key| fields.get(key).cloned());
    let shown = Value::Array(lists.chain([Value::Object(wanted.fields.clone())]).collect());
    let others = spec.sidecars.iter().chain(&spec.init_containers).map(String::as_str).collect();
    let names = Names { program: &wanted.main, migration: spec.name.as_str(), others };
    let mut taken = metadata::taken(pod, object, &names, &shown);
    let job = spec.job();
    taken.labels.extend(job.pod_labels.iter().map(|(key, value)| (key.as_str().to_owned(), value.as_str().into())));
    let annotations = job.pod_annotations.iter();
    taken.annotations.extend(annotations.map(|(key, value)| (key.as_str().to_owned(), value.as_str().into())));
    taken
}

/// The containers of the pod that the spec names to go with the migration; nothing when one of them cannot, which is
/// reported.
pub(super) fn others(spec: &Spec, pod: &Pod, object: &Object<'_>, report: &mut Report) -> Option<Vec<Container>> {
    let all = pod.containers(object);
    let mut found = sidecars(spec, pod, object, report)?;
    for (at, name) in spec.init_containers.iter().enumerate() {
        let problem = match all.iter().find(|one| one.name == *name) {
            Some(one) if one.role == Role::Init && one.name != spec.name.as_str() => {
                found.push(one.clone());
                continue;
            }
            Some(one) if one.role == Role::Init => "has the migration's name",
            Some(one) if one.role == Role::Sidecar => "is a native sidecar: name it in `sidecars`",
            Some(_) => "is no init container",
            None => "is not there",
        };
        let message = format!("container `{name}` of {} {problem}", object.reference());
        let place = Place::Config(format!("/initContainers/{at}"));
        report.add(&rules::NO_SIDECAR, place, message, "correct or remove the name");
        return None;
    }
    // In the order of the pod: one may need another.
    found.sort_by_key(|one| all.iter().position(|other| other == one));
    Some(found)
}

/// The native sidecars that the spec names; nothing when one of them is none, which is reported.
pub(super) fn sidecars(spec: &Spec, pod: &Pod, object: &Object<'_>, report: &mut Report) -> Option<Vec<Container>> {
    let all = pod.containers(object);
    let mut found = Vec::new();
    let mut good = true;
    for (at, name) in spec.sidecars.iter().enumerate() {
        let (problem, remedy) = match all.iter().find(|one| one.name == *name) {
            Some(one) if one.role == Role::Sidecar && one.name != spec.name.as_str() => {
                found.push(one.clone());
                continue;
            }
            Some(one) if one.role == Role::Sidecar => ("has the migration's name", "give the migration another `name`"),
            Some(_) => (
                "is no native sidecar, so it starts too late for an init container, and would keep a Job from ending",
                "move it to `initContainers`, with `restartPolicy: Always`",
            ),
            None => ("is not there", "correct or remove the name"),
        };
        let message = format!("container `{name}` of {} {problem}", object.reference());
        report.add(&rules::NO_SIDECAR, Place::Config(format!("/sidecars/{at}")), message, remedy);
        good = false;
    }
    good.then_some(found)
}

fn value(node: Node<'_>, key: &str) -> Option<Value> {
    node.get(key).filter(|node| !node.is_null()).and_then(Node::to_value)
}

/// `serviceAccount` is the field's old name.
fn account(node: Node<'_>) -> Option<Value> {
    ["serviceAccountName", "serviceAccount"].into_iter().find_map(|key| value(node, key)).filter(|name| name != "")
}

/// The volumes that the migration and the containers with it mount.
fn volumes(
    pod: &Pod,
    wanted: &Wanted,
    others: &[Value],
    object: &Object<'_>,
    stream: &Stream,
    report: &mut Report,
) -> Option<Vec<Value>> {
    let mut names: Vec<&str> = Vec::new();
    let lists = ["volumeMounts", "volumeDevices"];
    let of_migration = lists.iter().filter_map(|list| wanted.fields.get(*list));
    let of_others = others.iter().flat_map(|one| lists.iter().filter_map(|list| one.get(*list)));
    for list in of_migration.chain(of_others) {
        let items = list.as_array().into_iter().flatten();
        for name in items.filter_map(|item| text(item, "name")) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let by_annotation = metadata::volumes(pod, object);
    names.extend(by_annotation.iter().map(String::as_str).filter(|name| !names.contains(name)).collect::<Vec<_>>());
    let list = format!("{}/volumes", pod.spec);
    let all = pod.spec_node(object)?.get("volumes").filter(|list| list.kind() == Kind::Seq);
    let mut out = Vec::new();
    let mut good = true;
    for name in names {
        let is_it = |item: &Node<'_>| item.get("name").and_then(Node::as_str).as_deref() == Some(name);
        let Some((at, volume)) = all.into_iter().flat_map(Node::items).enumerate().find(|(_, item)| is_it(item)) else {
            good = false;
            let of_template =
                pod.claims.and_then(|claims| object.root().at_pointer(claims)).into_iter().flat_map(Node::items);
            let own = of_template
                .into_iter()
                .any(|claim| claim.find(&["metadata", "name"]).and_then(Node::as_str).as_deref() == Some(name));
            let message = match own {
                true => format!("each pod has a claim `{name}` of its own, and the Job has none"),
                false => format!("the pod has no volume `{name}` that the Job could mount"),
            };
            let remedy = "list in `volumes` what the migration needs, or write `as: initContainer`";
            report.add(&rules::NO_VOLUME, object.at(&list), message, remedy);
            continue;
        };
        good &= can_share(name, volume, &format!("{list}/{at}"), object, stream, report);
        out.extend(volume.to_value());
    }
    good.then_some(out)
}

/// A claim for one node cannot be mounted by a Job that runs on another, beside the program's pods.
fn can_share(
    name: &str,
    volume: Node<'_>,
    pointer: &str,
    object: &Object<'_>,
    stream: &Stream,
    report: &mut Report,
) -> bool {
    let claim = volume.find(&["persistentVolumeClaim", "claimName"]).and_then(Node::as_str);
    let Some(claim) = claim else { return true };
    let remedy = "leave it out of `volumes`, or write `as: initContainer`";
    let Some(there) = facts::referent(stream, object, "", "PersistentVolumeClaim", &claim) else {
        let message = format!(
            "volume `{name}` is claim `{claim}`, which is not in the stream: unless several nodes can mount it, the Job \
             waits while a pod of the program has it"
        );
        report.add(&rules::CLAIM_UNKNOWN, object.at(pointer), message, remedy);
        return true;
    };
    let modes = there.root().find(&["spec", "accessModes"]).into_iter().flat_map(Node::items);
    if modes.filter_map(Node::as_str).any(|mode| matches!(mode.as_ref(), "ReadWriteMany" | "ReadOnlyMany")) {
        return true;
    }
    let message = format!(
        "volume `{name}` is claim `{claim}`, which one node can mount: the Job and the program's pods may be on two"
    );
    report.add(&rules::CLAIM_NOT_SHARED, object.at(pointer), message, remedy);
    false
}
