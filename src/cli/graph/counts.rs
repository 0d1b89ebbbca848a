//! How many pods a workload has, who sets that, and how many may go down at once.

use super::topology::{Called, Count, Down, selecting};
use crate::facts::Facts;
use crate::facts::counts::Counted;
use crate::facts::scalers::Scales;
use crate::facts::selections::By;
use crate::pods::Pod;
use crate::stream::Object;
use crate::text::plain;
use crate::values::integer;
use crate::workload::{Counts, Trait};
use crate::yaml::Node;

fn number(object: &Object<'_>, pointer: &str) -> Option<u32> {
    u32::try_from(integer(object.root().at_pointer(pointer)?)?).ok()
}

pub(super) fn count(facts: Facts<'_>, pod: &Pod, object: &Object<'_>) -> Count {
    let text = |text: &str| Count { text: text.to_owned(), ..Count::default() };
    match pod.counts {
        Counts::Unknown => text("an operator sets the number"),
        Counts::Nothing => text("no pods of its own"),
        Counts::One => Count { min: Some(1), max: Some(1), ..text("1 pod") },
        Counts::Nodes(_) => text("one on each node"),
        Counts::Jobs | Counts::Repeated(_) => {
            let max = match facts.counted(pod, object, None) {
                Counted::At(most) => Some(most.pods),
                Counted::ByNodes | Counted::Unknown => None,
            };
            let shown = max.filter(|most| *most > 1).map(|most| format!("runs to its end, {most} pods at once"));
            Count { max, ..text(shown.as_deref().unwrap_or("runs to its end")) }
        }
        Counts::Scheduled(_) => {
            let schedule = object.root().find(&["spec", "schedule"]).and_then(Node::as_str).unwrap_or_default();
            text(&format!("runs at {}", plain(&schedule).replace(['\n', '\r'], " ")))
        }
        Counts::Replicas(_) | Counts::Rollout => replicas(facts, object),
    }
}

fn replicas(facts: Facts<'_>, object: &Object<'_>) -> Count {
    if let Some(runner) = facts.scalers().runner(object.id()).and_then(|one| facts.stream().object(one.object)) {
        let called = Called::of(&runner);
        return Count { text: format!("run by {} {}", called.kind, called.name), by: Some(called), ..Count::default() };
    }
    let own = object.root().at_pointer("/spec/replicas").is_some_and(|node| !node.is_null());
    let own = if own { number(object, "/spec/replicas") } else { Some(1) };
    let scaler = facts.scalers().of_pods(object.id()).into_iter().next();
    let Some((scaler, by)) = scaler.and_then(|one| Some((one, facts.stream().object(one.object)?))) else {
        let text = own.map_or_else(
            || "a number of replicas that is none".to_owned(),
            |own| if own == 1 { "1 replica".to_owned() } else { format!("{own} replicas") },
        );
        return Count { text, min: own, max: own, by: None };
    };
    let (least, most) = match scaler.scales {
        Scales::ByKeda => (Some(0), Some(100)),
        _ => (Some(1), None),
    };
    let either = |a: &str, b: &str, default: Option<u32>| number(&by, a).or_else(|| number(&by, b)).or(default);
    let min = either("/spec/minReplicas", "/spec/minReplicaCount", least);
    let max = either("/spec/maxReplicas", "/spec/maxReplicaCount", most);
    let called = Called::of(&by);
    let name = match scaler.scales {
        Scales::Horizontally => "HPA",
        Scales::ByKeda => "KEDA",
        _ => &called.kind,
    };
    let shown = |number: Option<u32>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let range = if min == max { shown(min) } else { format!("{}–{}", shown(min), shown(max)) };
    let text = if own == Some(0) && scaler.scales == Scales::Horizontally {
        format!("0 replicas, so {name} is off")
    } else {
        format!("{range} by {name}")
    };
    Count { text, min, max, by: Some(called) }
}

pub(super) fn down(facts: Facts<'_>, pod: &Pod, object: &Object<'_>) -> Down {
    let budgets = selecting(facts, object, By::Budget);
    let budgets: Vec<Object<'_>> = budgets.into_iter().filter_map(|id| facts.stream().object(id)).collect();
    let named = budgets.iter().map(Called::of).collect();
    let value = |budget: &Object<'_>, key: &str| {
        let node = budget.root().find(&["spec", key]).filter(|node| !node.is_null())?;
        let text = integer(node).map(|number| number.to_string());
        text.or_else(|| node.as_str().map(|text| plain(&text).replace(['\n', '\r'], " ")))
    };
    match budgets.as_slice() {
        [] => Down { text: without_budget(facts, pod, object), ..Down::default() },
        [budget] => {
            let (most, least) = (value(budget, "maxUnavailable"), value(budget, "minAvailable"));
            let text = match (most.as_deref(), least.as_deref()) {
                (Some("0" | "0%"), _) | (_, Some("100%")) => "no pod may be evicted".to_owned(),
                (Some(most), _) => format!("at most {most} may be down"),
                (_, Some("0" | "0%")) => "all may be down".to_owned(),
                (_, Some(least)) => format!("at least {least} stay up"),
                (None, None) => "a budget that says no number".to_owned(),
            };
            Down { text, budgets: named, max_unavailable: most, min_available: least }
        }
        several => {
            let text = format!("{} budgets: evictions fail", several.len());
            Down { text, budgets: named, ..Down::default() }
        }
    }
}

fn without_budget(facts: Facts<'_>, pod: &Pod, object: &Object<'_>) -> String {
    if !pod.scalable() || pod.runs_to_completion(object) || facts.scalers().runner(object.id()).is_some() {
        return String::new();
    }
    let is_scaled = !facts.scalers().of_pods(object.id()).is_empty();
    let own = object.root().at_pointer("/spec/replicas").filter(|node| !node.is_null());
    let single = !is_scaled && own.is_none_or(|node| integer(node) == Some(1));
    let recreates = pod.has(Trait::Recreate)
        && object.root().at_pointer("/spec/strategy/type").and_then(Node::as_str).as_deref() == Some("Recreate");
    match single {
        true if recreates || pod.has(Trait::StableNames) => "single: gone while it is replaced".to_owned(),
        true => "single: no budget".to_owned(),
        false => "no budget: all may be down".to_owned(),
    }
}
