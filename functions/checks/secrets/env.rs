//! `secrets/env`: environment variables of containers with a secret as their `value`.

use super::super::final_stream::{FinalStream, scalar};
use super::super::findings::{Findings, Found};
use super::Detector;
use krmor_yaml::Node;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let detector = Detector::of(world);
    for here in &world.pods {
        for container in &here.containers {
            let Some(node) = container.node(&here.object) else { continue };
            for (at, variable) in node.get("env").into_iter().flat_map(Node::items).enumerate() {
                let text = |key: &str| variable.get(key).and_then(scalar);
                let (Some(name), Some(value)) = (text("name"), text("value")) else { continue };
                let Some(why) = detector.detect(&name, &value) else { continue };
                findings.add(Found {
                    object: here.object,
                    container: Some(container.name.clone()),
                    pointer: format!("{}/env/{at}/value", container.pointer),
                    message: format!(
                        "variable `{name}` of container `{}` has its value in plain text: {why}",
                        container.name
                    ),
                    name: name.into_owned(),
                    remedy: "take it from a Secret by `valueFrom.secretKeyRef`".to_owned(),
                });
            }
        }
    }
}
