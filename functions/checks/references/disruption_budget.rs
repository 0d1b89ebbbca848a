//! `references/disruption-budget`: a PodDisruptionBudget must select pods. A stream without pods near it says nothing.

use super::super::findings::{Findings, Found};
use super::super::world::{World, may_share, selects};

pub(in super::super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    for budget in world.of_kind("policy", "PodDisruptionBudget") {
        let Some(selector) = budget.root().find(&["spec", "selector"]) else { continue };
        let near = world.pods_where(|pod| may_share(&budget, pod), |_| true);
        if near.is_empty() || near.iter().any(|pod| selects(selector, pod.labels)) {
            continue;
        }
        findings.add(Found {
            object: budget,
            container: None,
            pointer: "/spec/selector".to_owned(),
            name: budget.name().into_owned(),
            message: "the budget selects no pod of the stream: it protects nothing".to_owned(),
            remedy: "copy the selector of the workload".to_owned(),
        });
    }
}
