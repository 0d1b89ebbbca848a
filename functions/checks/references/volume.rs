//! `references/volume`: what a container mounts must be a volume of its pod, or a claim made for each pod.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use super::list;
use krmor_core::suggest;
use krmor_yaml::Node;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    for here in &world.pods {
        let volumes = here.pod.spec_node(&here.object).and_then(|spec| spec.get("volumes"));
        let mut names: Vec<String> =
            volumes.into_iter().flat_map(Node::items).filter_map(|one| name(one, &["name"])).collect();
        let claims = here.pod.claims.and_then(|pointer| here.object.root().at_pointer(pointer));
        names.extend(claims.into_iter().flat_map(Node::items).filter_map(|one| name(one, &["metadata", "name"])));
        for container in &here.containers {
            let Some(node) = container.node(&here.object) else { continue };
            for field in ["volumeMounts", "volumeDevices"] {
                for (at, mount) in node.get(field).into_iter().flat_map(Node::items).enumerate() {
                    let Some(name) = name(mount, &["name"]).filter(|name| !names.contains(name)) else { continue };
                    let hint = suggest::or_else(&name, names.iter().map(String::as_str));
                    let has = list(&names);
                    findings.add(Found {
                        object: here.object,
                        container: Some(container.name.clone()),
                        pointer: format!("{}/{field}/{at}/name", container.pointer),
                        message: format!(
                            "container `{}` mounts the volume `{name}`, which its pod does not have; it has {has}",
                            container.name
                        ),
                        name,
                        remedy: format!("{hint}add the volume"),
                    });
                }
            }
        }
    }
}

fn name(node: Node<'_>, path: &[&str]) -> Option<String> {
    node.find(path)?.as_str().map(std::borrow::Cow::into_owned)
}
