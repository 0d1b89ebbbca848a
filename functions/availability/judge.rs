//! What must hold in the final stream, for every workload that the spec targets.

use std::collections::HashSet;

use super::facts::{ANY_NUMBER, Budget, Facts, Provider, Workload, replicas, vertical};
use super::requests;
use super::rollout::{Rollout, exclusive_claims};
use super::spec::Spec;
use super::values::Amount;
use super::{placement, runner, shared, wishes};
use crate::availability::rules;
use krmor_core::facts;
use krmor_core::report::Rule;
use krmor_core::report::{Report, Severity};
use krmor_core::stream::{Object, ObjectId, Stream};
use krmor_core::text::few;
use krmor_core::values::integer;
use krmor_core::workload::Trait;

/// Reports what does not hold: conflicts with the spec, and what could never work whatever the spec says.
pub fn judge(spec: &Spec, stream: &Stream, report: &mut Report) {
    // What is wrong with pods and targets has been said when the function was applied.
    let mut said = Report::default();
    let facts = Facts::of(stream, &mut said);
    let mut judged = HashSet::new();
    let selected = facts.select(spec, stream, &mut said);
    shared::judge(spec, stream, &facts, &selected, report);
    for workload in selected {
        let Some(object) = stream.object(workload.id) else { continue };
        let mut judge = Judge { spec, stream, facts: &facts, workload, object, report };
        runner::judge(spec, stream, &facts, workload, &object, judge.report);
        judge.replicas();
        judge.autoscalers();
        judge.claims();
        judge.singleton();
        judge.budgets(&mut judged);
        placement::malformed(spec, workload, &object, report);
        for wish in wishes::of(spec, stream, &facts, workload) {
            wish.complain(spec, stream, report);
        }
    }
}

struct Judge<'a> {
    spec: &'a Spec,
    stream: &'a Stream,
    facts: &'a Facts,
    workload: &'a Workload,
    object: Object<'a>,
    report: &'a mut Report,
}

impl Judge<'_> {
    fn name(&self) -> String {
        self.object.reference().to_string()
    }

    fn name_of(&self, id: ObjectId) -> String {
        self.stream.object(id).map(|object| object.reference().to_string()).unwrap_or_default()
    }

    fn error(&mut self, rule: &'static Rule, pointer: &str, message: String, remedy: &str) {
        self.report.add_as(Severity::Error, rule, self.object.at(pointer), message, remedy);
    }

    fn error_at(&mut self, id: ObjectId, rule: &'static Rule, pointer: &str, message: String, remedy: &str) {
        if let Some(object) = self.stream.object(id) {
            self.report.add_as(Severity::Error, rule, object.at(pointer), message, remedy);
        }
    }

    /// A number of pods in the manifest is taken back to at every apply, whatever the autoscaler did.
    fn replicas(&mut self) {
        if self.spec.singleton {
            return; // which says more of both
        }
        let counted = self.facts.runner(self.workload.id).and_then(|runner| self.stream.object(runner));
        let counted = counted.unwrap_or(self.object);
        let Some(own) = replicas(&counted) else { return };
        let scalers = self.facts.autoscalers(self.workload.id);
        // `replicas: 0` is a conflict of its own, but for KEDA, which scales from there.
        let is_off = integer(own) == Some(0) && !self.facts.is_kedas(self.workload.id);
        let (Some(scaler), false) = (scalers.first(), is_off) else { return };
        let message = format!(
            "{} sets `spec.replicas: {}`, and {} scales it: each apply undoes what the autoscaler did",
            counted.reference(),
            own.json(),
            self.name_of(scaler.id)
        );
        let remedy = "remove `spec.replicas` (and any `replicas:` of a kustomization), or declare `autoscaling` with its metrics here, which does";
        self.error_at(counted.id(), &rules::REPLICAS_WITH_AUTOSCALER, "/spec/replicas", message, remedy);
    }

    fn autoscalers(&mut self) {
        let scalers = self.facts.autoscalers(self.workload.id);
        if scalers.len() > 1 {
            let names = few(scalers.len(), &mut scalers.iter().map(|scaler| self.name_of(scaler.id)), " and ");
            let message = format!("{} is scaled by {names}, which work against each other", self.name());
            self.error(&rules::TWO_AUTOSCALERS, "", message, "keep one of them, with the metrics of both");
        }
        let vertical = vertical(self.stream, self.workload.id);
        for scaler in scalers {
            let (low, high) = (*scaler.range.start(), *scaler.range.end());
            if low > high {
                let message = format!(
                    "{} asks for at least {low} and at most {high} pods of {}",
                    self.name_of(scaler.id),
                    self.name()
                );
                let (pointer, remedy) = match scaler.provider {
                    Provider::Keda => ("/spec/maxReplicaCount", "raise `maxReplicaCount`, or lower `minReplicaCount`"),
                    _ => ("/spec/maxReplicas", "raise `maxReplicas`, or lower `minReplicas`"),
                };
                self.error_at(scaler.id, &rules::AUTOSCALER_RANGE, pointer, message, remedy);
            }
            let Some(autoscaler) = self.stream.object(scaler.id) else { continue };
            let given = facts::Facts::of(self.stream).default_requests(&self.object);
            for gap in requests::gaps(&autoscaler, self.workload, &self.object, &given) {
                let message = format!(
                    "{} scales {} by {} in percent of the requests, and {}",
                    autoscaler.reference(),
                    self.name(),
                    gap.resource,
                    gap.problem
                );
                self.error_at(scaler.id, &rules::METRIC_WITHOUT_REQUESTS, &gap.pointer, message, &gap.remedy);
            }
            let Some((other, controlled)) = &vertical else { continue };
            for (pointer, resource) in requests::resource_metrics(&autoscaler) {
                if controlled.contains(&resource) {
                    let message = format!(
                        "{} scales {} by {resource}, and {} changes its {resource} requests: each takes the other's work for load",
                        autoscaler.reference(),
                        self.name(),
                        other.reference()
                    );
                    let remedy = format!(
                        "take {resource} out of `controlledResources` of the latter, set its `updateMode: Off`, or scale by another metric"
                    );
                    self.error_at(scaler.id, &rules::METRIC_WITH_VERTICAL_AUTOSCALER, &pointer, message, &remedy);
                }
            }
        }
    }

    /// A volume that one pod holds keeps the others pending.
    fn claims(&mut self) {
        let highest = *self.facts.range(&self.object).end();
        let claims = exclusive_claims(self.spec, self.stream, self.workload);
        for claim in claims.iter().filter(|_| highest > 1) {
            let number = if highest == ANY_NUMBER { "any number of".to_owned() } else { format!("up to {highest}") };
            let message = format!("{} is to run {number} pods, which would all use {}", self.name(), claim.says);
            let remedy = match claim.unknown {
                true => "declare its `accessMode` in `spec.claims`, or keep to one pod",
                false => {
                    "keep to one pod, use a ReadWriteMany claim, or give each pod its own (`volumeClaimTemplates`)"
                }
            };
            self.error(&rules::SHARED_CLAIM, &claim.pointer, message, remedy);
        }
        let Some(claim) = claims.first().filter(|_| self.workload.has(Trait::Recreate)) else { return };
        // Without `strategy` in the spec this is a wish; with a rolling one it is what the config asks for.
        let is_own = self.facts.runner(self.workload.id).is_none();
        let asked = self.spec.strategy.is_some() && !self.spec.singleton && is_own;
        let lowest = *self.facts.range(&self.object).start();
        if asked && Rollout::of(&self.object).waits(lowest) {
            let message = format!(
                "a rolling update of {} can wait for ever: the new pod may not get {}, while the old one holds it",
                self.name(),
                claim.says
            );
            let remedy = match claim.unknown {
                true => "declare its `accessMode` in `spec.claims`, or let `strategy` be `{type: Recreate}`",
                false => "let `strategy` be `{type: Recreate}`, or give it `maxSurge: 0` and `maxUnavailable: 1`",
            };
            self.error(&rules::ROLLOUT_DEADLOCK, "/spec/strategy", message, remedy);
        }
    }

    fn singleton(&mut self) {
        if !self.spec.singleton {
            if self.spec.strategy.is_some() && !self.workload.has(Trait::Recreate) {
                let message = format!("{} has no `spec.strategy` as Deployments have: its own way stays", self.name());
                let remedy = "set its update strategy in the manifest";
                self.report.add_as(Severity::Info, &rules::STRATEGY, self.object.at(""), message, remedy);
            }
            return;
        }
        for scaler in self.facts.autoscalers(self.workload.id) {
            let message = format!("{} is a singleton, and {} scales it", self.name(), self.name_of(scaler.id));
            self.error(
                &rules::SINGLETON_SCALED,
                "",
                message,
                "remove the autoscaler, or exclude the workload from this function",
            );
        }
        let (message, remedy) = if self.workload.has(Trait::Recreate) {
            let message = "two pods can run for a moment when a node is drained or lost: `Recreate` keeps to one during updates only";
            (message, "let the program hold a lock or a lease if two must never work at once")
        } else if self.workload.has(Trait::StableNames) {
            return;
        } else {
            let message = "two pods can run for a moment, during updates and when a node is drained or lost: its kind has no `Recreate`";
            (
                message,
                "let the program hold a lock or a lease, or use a StatefulSet, whose pods end before their successors start",
            )
        };
        let message = format!("{} is a singleton, and {message}", self.name());
        self.report.add(&rules::SINGLETON_OVERLAP, self.object.at(""), message, remedy);
    }

    fn budgets(&mut self, judged: &mut HashSet<usize>) {
        let facts = self.facts;
        let number = facts.covers(self.workload.id).map(|(_, cover)| cover.budgets().count()).sum();
        if number > 1 {
            let mut names = facts.budgets(self.workload.id).map(|budget| self.name_of(budget.id));
            let names = few(number, &mut names, " and ");
            let message = format!(
                "the pods of {} are covered by {names}: the API evicts no pod that has more than one budget",
                self.name()
            );
            self.error(&rules::TWO_BUDGETS, "", message, "keep one of them, or let their selectors not overlap");
        }
        for (number, cover) in facts.covers(self.workload.id) {
            if !judged.insert(number) {
                continue;
            }
            let lowest = facts.lowest_under(cover, self.stream);
            let covered = facts.covered(cover);
            let covered = few(covered.len(), &mut covered.map(|id| self.name_of(id)), " and ");
            for budget in cover.budgets() {
                self.blocked(budget, lowest, &covered);
            }
        }
    }

    /// A budget that never allows an eviction: nodes cannot be drained, nor clusters upgraded.
    fn blocked(&mut self, budget: &Budget, lowest: Option<i128>, covered: &str) {
        let Some(object) = self.stream.object(budget.id) else { return };
        let amount = |key: &str| object.root().find(&["spec", key]).filter(|node| !node.is_null());
        let (least, most) = (amount("minAvailable"), amount("maxUnavailable"));
        if let (Some(_), Some(_)) = (least, most) {
            let message =
                format!("{} has both `minAvailable` and `maxUnavailable`, and the API takes one", object.reference());
            return self.error_at(budget.id, &rules::BUDGET_MALFORMED, "/spec", message, "remove one of the two");
        }
        for (pointer, node) in [("/spec/minAvailable", least), ("/spec/maxUnavailable", most)] {
            let Some(node) = node.filter(|node| Amount::of(*node).is_none()) else { continue };
            let message = format!("{} is neither a number of pods nor a share such as `25%`", node.json());
            let remedy = "write a number without quotes, or a share with `%`";
            return self.error_at(budget.id, &rules::BUDGET_MALFORMED, pointer, message, remedy);
        }
        let pods = |number: i128| format!("{number} {}", if number == 1 { "pod" } else { "pods" });
        let (pointer, problem) = match (least, most) {
            (None, None) => ("/spec", "without `maxUnavailable` and `minAvailable`".to_owned()),
            (_, Some(most)) if Amount::of(most).is_some_and(Amount::is_zero) => {
                ("/spec/maxUnavailable", format!("with `maxUnavailable: {}`", most.json()))
            }
            (Some(least), None) => {
                let (Some(amount), Some(lowest)) = (Amount::of(least), lowest) else { return };
                let needed = amount.rounded_up(lowest);
                // Where no pod runs there is none to evict.
                if needed < lowest || lowest == 0 {
                    return;
                }
                let share =
                    if matches!(amount, Amount::Percent(_)) { format!(", which is {needed},") } else { String::new() };
                let shown = least.json();
                (
                    "/spec/minAvailable",
                    format!("with `minAvailable: {shown}`{share} where there may be only {}", pods(lowest)),
                )
            }
            _ => return,
        };
        let message =
            format!("{} allows no eviction of pods of {covered} {problem}: it blocks every drain", object.reference());
        let remedy = "use `maxUnavailable: 1` instead, or run more pods than must stay";
        self.error_at(budget.id, &rules::BUDGET_BLOCKS_DRAIN, pointer, message, remedy);
    }
}
