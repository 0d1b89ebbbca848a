//! What cannot be right in a spec although each of its fields can be read.

use super::spec::{Spec, Strategy, StrategyType, WhenUnsatisfiable};
use super::values::Amount;
use krmor_core::config::Problem;

impl Spec {
    /// What cannot be right although each field can be read.
    pub(super) fn find_problems(&self) -> Vec<Problem> {
        const ONE: &str = "remove one of the two";
        let mut found = Vec::new();
        let mut says = |wrong: bool, field: &str, problem, remedy| {
            if wrong {
                found.push(Problem::new(&format!("/{field}"), problem, remedy));
            }
        };
        let kind = self.strategy.as_ref().map(|strategy| strategy.kind);
        let scaled = self.autoscaling.is_some();
        let many = self.replicas.is_some_and(|replicas| replicas.get() > 1);
        says(self.singleton && scaled, "singleton", "a singleton is never scaled, and `autoscaling` is given", ONE);
        says(self.singleton && many, "singleton", "a singleton has one pod, and `replicas` asks for more", ONE);
        let rolling = self.singleton && kind == Some(StrategyType::RollingUpdate);
        says(rolling, "strategy", "a rolling update runs two pods of a singleton at once", ONE);
        let both = scaled && self.replicas.is_some();
        says(both, "replicas", "`autoscaling` decides about the number of pods", "use `autoscaling.minReplicas`");
        if let Some(scaling) = &self.autoscaling {
            let zero = scaling.lowest() == 0 && scaling.keda.is_none();
            let problem = "a HorizontalPodAutoscaler does not scale to 0";
            says(zero, "autoscaling/minReplicas", problem, "write at least 1, or scale by `keda`");
            let range = scaling.lowest() > scaling.max_replicas.get();
            let problem = "`maxReplicas` is below `minReplicas` (2 unless given)";
            says(range, "autoscaling/maxReplicas", problem, "raise it, or lower `minReplicas`");
            let triggers = scaling.keda.as_ref().is_some_and(|keda| !keda.triggers.is_empty());
            let none = scaling.all_metrics().is_empty() && !triggers;
            let remedy = "add `cpu: 70`, `memory`, `metrics` or `keda.triggers`";
            says(none, "autoscaling", "there is no metric to scale by", remedy);
            let both = scaling.keda.is_some() && !scaling.metrics.is_empty();
            let problem = "KEDA scales by triggers, and makes the autoscaler with its metrics itself";
            says(both, "autoscaling/metrics", problem, "write `keda.triggers` in their place, or remove `keda`");
            for (at, metric) in scaling.metrics.iter().enumerate() {
                let named = |name: &str| metric.value().pointer("/resource/name").is_some_and(|own| own == name);
                let given = named("cpu") && scaling.cpu.is_some() || named("memory") && scaling.memory.is_some();
                let twice = scaling.metrics.iter().take(at).any(|other| other == metric);
                says(given || twice, &format!("autoscaling/metrics/{at}"), "the metric is given twice", ONE);
            }
        }
        if let Some(budget) = &self.budget {
            let both = budget.max_unavailable.is_some() && budget.min_available.is_some();
            says(both, "budget", "the API takes `maxUnavailable` or `minAvailable`, not both", ONE);
            let never = budget.max_unavailable.is_some_and(Amount::is_zero);
            let remedy = "allow at least 1, or use `minAvailable`";
            says(never, "budget/maxUnavailable", "no pod could be evicted, and no node drained", remedy);
            for (field, amount) in [("maxUnavailable", budget.max_unavailable), ("minAvailable", budget.min_available)]
            {
                let over = amount.is_some_and(Amount::exceeds_all);
                says(over, &format!("budget/{field}"), "this is more than all pods", "write at most `100%`");
            }
        }
        for (at, spread) in self.spread.iter().enumerate() {
            let twice = self.spread.iter().take(at).any(|other| other.topology_key == spread.topology_key);
            says(twice, &format!("spread/{at}/topologyKey"), "the key is listed twice", ONE);
            let soft = spread.when_unsatisfiable == WhenUnsatisfiable::ScheduleAnyway && spread.min_domains.is_some();
            let problem = "the API takes `minDomains` with `whenUnsatisfiable: DoNotSchedule` only";
            says(soft, &format!("spread/{at}/minDomains"), problem, "remove it, or demand the spread");
            for (number, key) in spread.match_label_keys.iter().flatten().enumerate() {
                let twice = spread.match_label_keys.iter().flatten().take(number).any(|other| other == key);
                says(twice, &format!("spread/{at}/matchLabelKeys/{number}"), "the key is listed twice", ONE);
            }
        }
        if let Some(Strategy { kind, max_surge, max_unavailable }) = &self.strategy {
            let numbers = max_surge.is_some() || max_unavailable.is_some();
            let problem = "`Recreate` takes neither `maxSurge` nor `maxUnavailable`";
            says(*kind == StrategyType::Recreate && numbers, "strategy", problem, "remove them");
            let stuck = max_surge.is_some_and(Amount::is_zero) && max_unavailable.is_some_and(Amount::is_zero);
            says(stuck, "strategy", "with both at 0 no pod could ever be replaced", "let one of them be at least 1");
            let over = max_unavailable.is_some_and(Amount::exceeds_all);
            says(over, "strategy/maxUnavailable", "this is more than all pods", "write at most `100%`");
        }
        if let Some((scaling, keda)) = self.autoscaling.as_ref().and_then(|own| Some((own, own.keda.as_ref()?))) {
            found.extend(keda.find_problems(scaling).into_iter().map(|problem| problem.below("/autoscaling/keda")));
        }
        found
    }
}
