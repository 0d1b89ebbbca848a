//! What the spec wants of a workload's own fields and does not find: absent fields are filled, explicit ones conflict.

use crate::availability::rules;
use krmor_core::report::Rule;
use krmor_core::values::integer;
use std::borrow::Cow;

use serde_json::json;

use super::facts::{Facts, Workload, replicas};
use super::rollout::{Exclusive, Rollout, exclusive_claims};
use super::spec::{Conflicts, Spec, Strategy, StrategyType};
use super::values::Amount;
use krmor_core::report::{Class, Report, Severity, Why};
use krmor_core::stream::{Action, Edit, Object, ObjectId, Stream};
use krmor_core::workload::Trait;
use krmor_yaml::Node;

/// A wish that does not hold.
#[derive(Debug)]
pub(super) struct Wish {
    /// The object that it is about.
    object: ObjectId,
    rule: &'static Rule,
    /// Where the finding points to.
    pointer: &'static str,
    /// What would fulfil it.
    edits: Vec<(&'static str, Action)>,
    /// Whether the user has written something else.
    explicit: bool,
    /// What is wanted, and why.
    reason: String,
}

/// The wishes about a workload that do not hold in the stream as it is.
pub(super) fn of(spec: &Spec, stream: &Stream, facts: &Facts, workload: &Workload) -> Vec<Wish> {
    let Some(object) = stream.object(workload.id) else { return Vec::new() };
    // The number is that of what runs the pods; what else it does not take over, `runner` tells.
    if let Some(runner) = facts.runner(workload.id) {
        let runner = stream.object(runner).filter(|_| !spec.singleton);
        return runner.and_then(|runner| number(spec, facts, &runner)).into_iter().collect();
    }
    let mut wishes: Vec<Wish> = number(spec, facts, &object).into_iter().collect();
    if workload.has(Trait::Recreate) {
        let claims = exclusive_claims(spec, stream, workload);
        strategy(spec, facts, &object, claims.first(), &mut wishes);
    }
    wishes
}

fn number(spec: &Spec, facts: &Facts, object: &Object<'_>) -> Option<Wish> {
    let pointer = "/spec/replicas";
    let own = replicas(object);
    let number = own.and_then(integer);
    let scaled = !facts.autoscalers(object.id()).is_empty();
    let wish = |rule, action, reason| {
        let edits = vec![(pointer, action)];
        Some(Wish { object: object.id(), rule, pointer, edits, explicit: own.is_some(), reason })
    };
    if spec.singleton {
        let holds = own.is_some() && number.is_none_or(|number| number <= 1);
        let reason = "a singleton has exactly one pod".to_owned();
        return if holds || (scaled && own.is_none()) {
            None
        } else {
            wish(&rules::SINGLETON, Action::Set(json!(1)), reason)
        };
    }
    let kedas = facts.is_kedas(object.id()) || spec.autoscaling.as_ref().is_some_and(|scaling| scaling.keda.is_some());
    if number == Some(0) && !kedas && (scaled || spec.autoscaling.is_some()) {
        let reason = "at 0 its autoscaler is switched off, and without the field it starts to scale".to_owned();
        return wish(&rules::REPLICAS, Action::Remove, reason);
    }
    let fewest = i128::from(spec.replicas.filter(|_| !scaled)?.get());
    let holds = own.is_some() && number.is_none_or(|number| number >= fewest);
    let reason = format!("the config asks for at least {fewest}");
    if holds { None } else { wish(&rules::REPLICAS, Action::Set(json!(i64::try_from(fewest).ok()?)), reason) }
}

fn strategy(spec: &Spec, facts: &Facts, object: &Object<'_>, claim: Option<&Exclusive>, wishes: &mut Vec<Wish>) {
    let now = Rollout::of(object);
    match (&spec.strategy, claim) {
        _ if spec.singleton => {
            let reason = "the old pod of a singleton ends before the new one starts: `type: Recreate`";
            wishes.extend(recreate(object.id(), &rules::SINGLETON, reason.to_owned(), &now));
        }
        (Some(Strategy { kind: StrategyType::Recreate, .. }), _) => {
            wishes.extend(recreate(
                object.id(),
                &rules::STRATEGY,
                "the config asks for `type: Recreate`".to_owned(),
                &now,
            ));
        }
        (Some(Strategy { max_surge, max_unavailable, .. }), _) => {
            rolling(object, &now, [*max_surge, *max_unavailable], wishes);
        }
        (None, Some(claim)) if now.waits(*facts.range(object).start()) => {
            let mut reason = format!(
                "a rolling update can wait for ever: the new pod may not get {}, while the old one holds it",
                claim.says
            );
            if claim.unknown {
                reason.push_str("; if it can be shared, say so in `spec.claims` of the config");
            }
            wishes.extend(recreate(object.id(), &rules::ROLLOUT_DEADLOCK, reason, &now));
        }
        _ => {}
    }
}

fn recreate(object: ObjectId, rule: &'static Rule, reason: String, now: &Rollout) -> Option<Wish> {
    let mut edits = Vec::new();
    if !now.recreates() {
        edits.push(("/spec/strategy/type", Action::Set(json!("Recreate"))));
    }
    if now.has_numbers {
        // The API refuses them beside Recreate.
        edits.push(("/spec/strategy/rollingUpdate", Action::Remove));
    }
    (!edits.is_empty()).then(|| Wish { object, rule, pointer: "/spec/strategy", edits, explicit: now.explicit, reason })
}

fn rolling(object: &Object<'_>, now: &Rollout, amounts: [Option<Amount>; 2], wishes: &mut Vec<Wish>) {
    let fields = [
        ("maxSurge", "/spec/strategy/rollingUpdate/maxSurge", amounts[0]),
        ("maxUnavailable", "/spec/strategy/rollingUpdate/maxUnavailable", amounts[1]),
    ];
    let wish = |pointer, edits, explicit, says: &str| {
        let reason = format!("the config asks for `{says}`");
        Wish { object: object.id(), rule: &rules::STRATEGY, pointer, edits, explicit, reason }
    };
    let mut numbers = Vec::new();
    for (name, pointer, wanted) in fields {
        let Some(wanted) = wanted else { continue };
        let own = object.root().at_pointer(pointer).filter(|node| !node.is_null());
        if own.and_then(Amount::of) != Some(wanted) {
            numbers.push((name, pointer, wanted, own.is_some()));
        }
    }
    let kind = |edits, explicit| wish("/spec/strategy/type", edits, explicit, "type: RollingUpdate");
    let set = ("/spec/strategy/type", Action::Set(json!("RollingUpdate")));
    match now.kind.as_deref() {
        Some("RollingUpdate") => {}
        None => wishes.push(kind(vec![set], false)),
        Some(_) => {
            // Numbers beside another type would be refused: all or nothing.
            let numbers = numbers.iter().map(|(_, pointer, wanted, _)| (*pointer, Action::Set(wanted.value())));
            return wishes.push(kind(std::iter::once(set).chain(numbers).collect(), true));
        }
    }
    for (name, pointer, wanted, explicit) in numbers {
        let edits = vec![(pointer, Action::Set(wanted.value()))];
        wishes.push(wish(pointer, edits, explicit, &format!("rollingUpdate.{name}: {wanted}")));
    }
}

impl Wish {
    /// Fulfils it, unless the user's own value stands against it and may not be changed.
    pub(super) fn fulfil(self, spec: &Spec, stream: &mut Stream, report: &mut Report) {
        if self.explicit && spec.conflicts != Conflicts::Override {
            return;
        }
        for (pointer, action) in self.edits {
            let class = match &action {
                _ if self.explicit => Class::Overridden,
                Action::Remove => Class::Updated,
                _ => Class::Added,
            };
            let why = Why { rule: self.rule, reason: Cow::Owned(self.reason.clone()), class };
            stream.apply(report, self.object, Edit { pointer: pointer.to_owned(), action, why });
        }
    }

    /// Reports that it does not hold.
    pub(super) fn complain(&self, spec: &Spec, stream: &Stream, report: &mut Report) {
        let Some(object) = stream.object(self.object) else { return };
        if !self.explicit {
            return; // the edit could not be made, and that is reported
        }
        let severity = if spec.conflicts == Conflicts::Keep { Severity::Warning } else { Severity::Error };
        let value = object.root().at_pointer(self.pointer).map(Node::json).unwrap_or_default();
        let message = format!(
            "{} sets `{}: {value}`; {}",
            object.reference(),
            krmor_core::krm::field_path(self.pointer),
            self.reason
        );
        let remedy = match *self.rule == rules::ROLLOUT_DEADLOCK {
            true => {
                "set `strategy: {type: Recreate}`, or `maxSurge: 0` with `maxUnavailable: 1`; or let `conflicts: override` do the first"
            }
            false => "change it, or let `conflicts: override` do so",
        };
        report.add_as(severity, self.rule, object.at(self.pointer), message, remedy);
    }
}
