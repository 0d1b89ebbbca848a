//! `references/disruption-budget`: a PodDisruptionBudget must select pods. A stream without pods near it says nothing.

use super::super::final_stream::FinalStream;
use super::super::findings::{Findings, Found};
use krmor_core::facts::Near;
use krmor_core::facts::selections::By;

pub(in super::super) fn check(world: &FinalStream<'_>, findings: &mut Findings<'_>) {
    let selections = world.facts.selections();
    for selection in selections.all(By::Budget) {
        let Some(budget) = world.stream.object(selection.object) else { continue };
        let near = selections.has_pods(world.facts, &budget, Near::Possible);
        if !near || !selections.pods(world.facts, selection, Near::Possible).is_empty() {
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
