//! How many more pods a Rollout of Argo has while it replaces them.

use super::{number, of};
use crate::stream::Object;
use krmor_yaml::Node;

const STRATEGY: &str = "/spec/strategy";

/// The pods above those at rest; `None` where a field has no number.
pub(super) fn surge(object: &Object<'_>, pods: u32) -> Option<u32> {
    let at = |field: &str| object.root().at_pointer(&format!("{STRATEGY}/{field}")).filter(|node| !node.is_null());
    let read = |field: &str| number(object, &format!("{STRATEGY}/{field}"), 0);
    if at("blueGreen").is_some() {
        // Beside the active stack the preview has a number of its own, until it is to take over.
        let preview = pods.max(read("blueGreen/previewReplicaCount")?);
        return Some(preview.saturating_add(lingering(object, "blueGreen", pods)?));
    }
    let canary = match at("canary/trafficRouting") {
        // A router shares out the requests, so the stable stack stays whole, and the canary becomes as large.
        Some(_) => {
            let mut own = pods.max(read("canary/minPodsPerReplicaSet")?);
            for step in steps(object).filter_map(|step| step.find(&["setCanaryScale", "replicas"])) {
                own = own.max(of(step, pods)?);
            }
            own.saturating_add(lingering(object, "canary", pods)?)
        }
        None => match at("canary/maxSurge") {
            Some(node) => of(node, pods)?,
            None => super::share("25%", pods)?,
        },
    };
    Some(canary.saturating_add(experiments(object)?))
}

/// The stack before, which waits for `scaleDownDelaySeconds`: the next change may begin meanwhile. By default that is half a
/// minute, which is not counted.
fn lingering(object: &Object<'_>, strategy: &str, pods: u32) -> Option<u32> {
    let under = |field: &str| format!("{STRATEGY}/{strategy}/{field}");
    let waits = number(object, &under("scaleDownDelaySeconds"), 0)? > 0;
    let may_stay = number(object, &under("scaleDownDelayRevisionLimit"), 1)? > 0;
    Some(if waits && may_stay { pods } else { 0 })
}

fn steps<'a>(object: &Object<'a>) -> impl Iterator<Item = Node<'a>> {
    object.root().find(&["spec", "strategy", "canary", "steps"]).into_iter().flat_map(Node::items)
}

/// The most pods of an experiment: one step runs at a time.
fn experiments(object: &Object<'_>) -> Option<u32> {
    let mut most = 0;
    for step in steps(object) {
        let templates = step.find(&["experiment", "templates"]).into_iter().flat_map(Node::items);
        let mut sum = 0u32;
        for template in templates {
            let replicas = template.get("replicas").filter(|node| !node.is_null());
            sum = sum.saturating_add(replicas.map_or(Some(1), |node| of(node, 0))?);
        }
        most = most.max(sum);
    }
    Some(most)
}
