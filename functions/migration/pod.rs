//! What a Job's pod takes over from the program's pod.

use crate::migration::rules;
use serde_json::{Map, Value, json};

use super::container::{self, Wanted, text};
use super::spec::Spec;
use krmor_core::facts;
use krmor_core::pods::{Container, Pod, Role};
use krmor_core::report::{Place, Report};
use krmor_core::stream::{Object, Stream};
use krmor_yaml::{Kind, Node};

/// Fields of the pod that follow the program's at every run.
pub(super) const FOLLOWED: [&str; 14] = [
    "serviceAccountName",
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "runtimeClassName",
    "schedulerName",
    "os",
    "hostAliases",
    "dnsPolicy",
    "dnsConfig",
    "enableServiceLinks",
    "resourceClaims",
];
/// Fields that are taken over once: later functions may settle them for each pod.
pub(super) const FILLED: [&str; 3] = ["automountServiceAccountToken", "hostUsers", "securityContext"];

const AGENT: &str = "vault.hashicorp.com/";
pub(super) const INIT_FIRST: &str = "vault.hashicorp.com/agent-init-first";
const PRE_POPULATE_ONLY: &str = "vault.hashicorp.com/agent-pre-populate-only";

/// Whether Vault's injector adds its agent to the pod.
pub(super) fn injects_agent(pod: &Pod, object: &Object<'_>) -> bool {
    pod.annotation(object, "vault.hashicorp.com/agent-inject").as_deref() == Some("true")
}

/// The annotations of the Job's pod: those of Vault's injector, told to end with the Job.
pub(super) fn annotations(pod: &Pod, object: &Object<'_>) -> Map<String, Value> {
    if !injects_agent(pod, object) {
        return Map::new();
    }
    let all = pod.metadata_node(object).and_then(|metadata| metadata.get("annotations"));
    let agents = all.into_iter().flat_map(Node::entries).filter(|(key, _)| key.starts_with(AGENT));
    let mut out: Map<String, Value> =
        agents.filter_map(|(key, value)| Some((key.into_owned(), value.to_value()?))).collect();
    out.insert(PRE_POPULATE_ONLY.to_owned(), json!("true"));
    out
}

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
    for key in FOLLOWED.into_iter().chain(FILLED) {
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
    let sidecars = sidecars(spec, pod, &object, report)?;
    let sidecars: Vec<Value> = sidecars.iter().filter_map(|one| one.node(&object)?.to_value()).collect();
    let volumes = volumes(pod, wanted, &sidecars, &object, stream, report)?;
    if !sidecars.is_empty() {
        out.insert("initContainers".to_owned(), Value::Array(sidecars));
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
    // In the order of the pod: one may need another.
    found.sort_by_key(|one| all.iter().position(|other| other == one));
    good.then_some(found)
}

fn value(node: Node<'_>, key: &str) -> Option<Value> {
    node.get(key).filter(|node| !node.is_null()).and_then(Node::to_value)
}

/// `serviceAccount` is the field's old name.
fn account(node: Node<'_>) -> Option<Value> {
    ["serviceAccountName", "serviceAccount"].into_iter().find_map(|key| value(node, key)).filter(|name| name != "")
}

/// The volumes that the migration and its sidecars mount.
fn volumes(
    pod: &Pod,
    wanted: &Wanted,
    sidecars: &[Value],
    object: &Object<'_>,
    stream: &Stream,
    report: &mut Report,
) -> Option<Vec<Value>> {
    let mut names: Vec<&str> = Vec::new();
    let lists = ["volumeMounts", "volumeDevices"];
    let of_migration = lists.iter().filter_map(|list| wanted.fields.get(*list));
    let of_sidecars = sidecars.iter().flat_map(|one| lists.iter().filter_map(|list| one.get(*list)));
    for list in of_migration.chain(of_sidecars) {
        let items = list.as_array().into_iter().flatten();
        for name in items.filter_map(|item| text(item, "name")) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
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
