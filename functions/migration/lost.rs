//! What the program gets from its pod and the migration does not get from the Job's: said where the migration may need it.

use super::carried;
use super::metadata::{self, OF_CONTAINER, Shown};
use super::texts::{Migration, OF_JOB};
use crate::migration::rules;
use krmor_core::pods::{Container, Role};
use krmor_core::report::{Finding, Report, Severity};
use krmor_yaml::{Node, escape_token};

const TEMPLATE: &str = "/spec/template";
/// Where programs put what they need for a while only: nobody leaves files for others there.
const SCRATCH: [&str; 5] = ["/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm"];

pub(super) fn judge(migration: &Migration<'_>, report: &mut Report) {
    let lost = Lost { migration };
    lost.fields(report);
    lost.files(report);
    lost.metadata(report);
}

struct Lost<'m, 'a> {
    migration: &'m Migration<'a>,
}

impl Lost<'_, '_> {
    fn say(&self, pointer: &str, name: &str, message: String, remedy: &str, report: &mut Report) {
        let finding = Finding::new(&rules::NOT_TAKEN, self.migration.holder.at(pointer), message, remedy);
        report.record(finding.about(name.to_owned()));
    }

    /// Fields of the pod that stay behind.
    fn fields(&self, report: &mut Report) {
        let Migration { program, workload, own, .. } = self.migration;
        let Some(pod) = program.pod.spec_node(workload) else { return };
        let is_set = |node: Node<'_>| node.as_bool() == Some(true) || node.items().next().is_some();
        for field in carried::said() {
            if !pod.get(field).is_some_and(is_set) || own.pod.get(field).is_some_and(is_set) {
                continue;
            }
            let (message, remedy) = match field {
                "schedulingGates" => (
                    "the program's pods wait for their `schedulingGates`, and the Job's starts at once",
                    "where the migration must wait too, write `as: initContainer`; else write an exception",
                ),
                _ => (
                    "the program's pods are on the node's own network or among its processes, and the Job's is not",
                    "where the migration needs that too, write `as: initContainer`; else write an exception",
                ),
            };
            let message = format!("{message} (`{field}`)");
            self.say(OF_JOB, field, message, remedy, report);
        }
    }

    /// Files that init containers of the pod leave in a volume which starts empty, when the Job does not have them.
    fn files(&self, report: &mut Report) {
        let Migration { program, workload, own, holder, .. } = self.migration;
        let list = |name: &str| own.pod.get(name).into_iter().flat_map(Node::items).enumerate().collect::<Vec<_>>();
        let there: Vec<_> = list("initContainers").iter().filter_map(|(_, one)| text(*one, "name")).collect();
        let is_left = |one: &&Container| one.role == Role::Init && !there.contains(&one.name);
        let containers = program.pod.containers(workload);
        let left: Vec<&Container> = containers.iter().filter(is_left).collect();
        for (place, at, container) in ["initContainers", "containers"]
            .into_iter()
            .flat_map(|name| list(name).into_iter().map(move |(at, one)| (name, at, one)))
        {
            for (mount, path, volume, _) in mounts(container) {
                let is_empty = |volume: Node<'_>| ["emptyDir", "ephemeral"].iter().any(|key| volume.get(key).is_some());
                if !own.volume(&volume).is_some_and(is_empty) {
                    continue;
                }
                let fills = |one: &&&Container| {
                    let node = one.node(workload);
                    node.into_iter().flat_map(mounts).any(|(_, other, name, reads_only)| {
                        let is_scratch = other == path && SCRATCH.contains(&path.as_str());
                        name == volume && !reads_only && !is_scratch
                    })
                };
                let Some(giver) = left.iter().find(fills).map(|one| &one.name) else { continue };
                let message = format!(
                    "init container `{giver}` fills volume `{volume}`, which the migration mounts at `{path}`, and the Job \
                     does not have it: the volume is empty there"
                );
                let remedy = format!(
                    "write `initContainers: [{giver}]`, leave the volume out of `volumes`, or write `as: initContainer`"
                );
                let pointer = format!("{OF_JOB}/{place}/{at}/volumeMounts/{mount}");
                let finding = Finding::new(&rules::INIT_FILES, holder.at(&pointer), message, remedy);
                report.record_once([finding.about(volume)]);
            }
        }
    }

    /// Labels and annotations by which others give pods something.
    fn metadata(&self, report: &mut Report) {
        let Migration { program, workload, own, holder, .. } = self.migration;
        let there = |list: &str, key: &str| holder.root().at_pointer(TEMPLATE)?.find(&["metadata", list, key]);
        for list in ["labels", "annotations"] {
            let all = program.pod.metadata_node(workload).and_then(|metadata| metadata.get(list));
            for (key, value) in all.into_iter().flat_map(Node::entries) {
                let text = value.as_str().unwrap_or_default();
                if metadata::may_inject(&key, &text) && there(list, &key).is_none() {
                    let what = if list == "labels" { "label" } else { "annotation" };
                    let message = format!(
                        "by the {what} `{key}` something may put into the program's pods what the migration needs, and the \
                         Job's pod does not have it"
                    );
                    let field = if list == "labels" { "job.podLabels" } else { "job.podAnnotations" };
                    let remedy =
                        format!("where the migration needs it, write it in `{field}`; else write an exception");
                    self.say(&format!("{TEMPLATE}/metadata"), &key, message, &remedy, report);
                }
            }
            let own = holder.root().at_pointer(&format!("{TEMPLATE}/metadata/{list}"));
            for (key, value) in own.into_iter().flat_map(Node::entries) {
                let text = value.as_str().unwrap_or_default();
                let pointer = format!("{TEMPLATE}/metadata/{list}/{}", escape_token(&key));
                if metadata::of_mesh(&key, &text) {
                    let message = format!(
                        "by `{key}` a mesh puts a sidecar into the Job's pod, as into the program's: unless it is a native \
                         one, the Job never ends"
                    );
                    let remedy = "see that the mesh has native sidecars, and write an exception; or switch it off for the \
                                  Job by `job.podLabels` or `job.podAnnotations`";
                    let finding = Finding::new(&rules::MESH_SIDECAR, holder.at(&pointer), message, remedy);
                    report.record(finding.about(key.to_string()));
                }
                if OF_CONTAINER.contains(&&*key) && !self.has_container(&text) {
                    let message = format!("`{key}` names container `{text}`, which the Job does not have");
                    let remedy = "name it in `sidecars` or `initContainers`, let the annotation name the program's \
                                  container, or write `as: initContainer`";
                    let finding = Finding::new(&rules::NOT_TAKEN, holder.at(&pointer), message, remedy);
                    report.record(finding.with_severity(Severity::Error).about(key.to_string()));
                }
            }
        }
        let mut shown = Shown::default();
        if let Some(pod) = own.pod.to_value() {
            shown.read(&pod);
        }
        if shown.whole {
            let message = "the program's pods show it all their labels or annotations, and the Job's pod has others";
            let remedy = "write those that the migration reads in `job.podLabels` or `job.podAnnotations`, leave the volume \
                          out of `volumes`, or write an exception";
            self.say(OF_JOB, "fieldPath", message.to_owned(), remedy, report);
        }
    }

    fn has_container(&self, name: &str) -> bool {
        let lists = ["initContainers", "containers"].into_iter().filter_map(|list| self.migration.own.pod.get(list));
        lists.flat_map(Node::items).any(|one| text(one, "name").as_deref() == Some(name))
    }
}

fn text(node: Node<'_>, key: &str) -> Option<String> {
    Some(node.get(key)?.as_str()?.into_owned())
}

/// The mounts of a container: number, path, volume, and whether it only reads.
fn mounts(container: Node<'_>) -> Vec<(usize, String, String, bool)> {
    let all = container.get("volumeMounts").into_iter().flat_map(Node::items).enumerate();
    let mount = |(at, mount): (usize, Node<'_>)| {
        let path = text(mount, "mountPath")?;
        let reads_only = mount.get("readOnly").and_then(Node::as_bool) == Some(true);
        Some((at, path.trim_end_matches('/').to_owned(), text(mount, "name")?, reads_only))
    };
    all.filter_map(mount).collect()
}
