//! The rules of `Availability`.

krmor_core::rules! {
    SINGLETON = "singleton", Error,
        "A singleton sets `replicas` or an update strategy that allows a second pod",
        "With `singleton: true` the config says that two pods of the workload must never run at once. krmor sets `replicas: 1`, and for Deployments `type: Recreate`, where the manifest says nothing. Change the manifest, let `conflicts: override` change it, or exclude the workload from this function.";
    REPLICAS = "replicas", Error,
        "A workload sets fewer replicas than the config asks for, or 0 beside an autoscaler",
        "With fewer pods than planned, the loss of one node can stop the service; at `replicas: 0` an autoscaler is switched off. Raise `spec.replicas` in the manifest, or let `conflicts: override` do so. With `conflicts: keep` the value stays and is a warning.";
    ANTI_AFFINITY = "anti-affinity", Info,
        "krmor adds a pod anti-affinity, so that pods of one workload run in different places",
        "Pods on one node are lost together with it. The change comes from `antiAffinity` of the config. A `podAntiAffinity` that the manifest has stays as it is.";
    AUTOSCALER_RANGE = "autoscaler-range", Error,
        "An autoscaler asks for more pods at least than at most",
        "The API server refuses a HorizontalPodAutoscaler whose `minReplicas` is above its `maxReplicas`. Raise `maxReplicas`, or lower `minReplicas`.";
    BUDGET_BLOCKS_DRAIN = "budget-blocks-drain", Error,
        "A disruption budget allows no eviction of the pods that it covers",
        "`kubectl drain` and cluster upgrades wait for ever, because the Eviction API refuses each attempt. krmor counts with the fewest pods that may run: `minReplicas` of the autoscaler, else `replicas`, else 1. Use `maxUnavailable: 1`, run more pods than must stay, or write an exception.";
    BUDGET_OF_OTHERS = "budget-of-others", Error,
        "The config would change a disruption budget that covers other workloads, too",
        "The pods of the others would be protected otherwise than somebody wrote. Let these workloads be targets too, or give the pods of each a budget of its own.";
    BUDGET_MALFORMED = "budget-malformed", Error,
        "A disruption budget has both limits, or a limit that is no number and no share",
        "The API server refuses a PodDisruptionBudget with `minAvailable` and `maxUnavailable` together, and one whose limit is neither an integer nor a percentage. Remove one of the two, or write `1` or `25%`.";
    METRIC_WITH_VERTICAL_AUTOSCALER = "metric-with-vertical-autoscaler", Error,
        "An autoscaler uses a metric in percent of requests that a VerticalPodAutoscaler changes",
        "The VerticalPodAutoscaler changes the requests, the percentage moves, and the HorizontalPodAutoscaler answers by changing the number of pods. Take the resource out of `controlledResources`, set `updateMode: Off`, or scale by another metric.";
    METRIC_WITHOUT_REQUESTS = "metric-without-requests", Error,
        "An autoscaler uses a metric in percent of requests that a container does not have",
        "Kubernetes cannot compute the percentage, so the autoscaler does nothing. Give each container and native sidecar a request, which the function `Resources` can do, or use a metric that needs none.";
    REPLICAS_WITH_AUTOSCALER = "replicas-with-autoscaler", Error,
        "A workload sets `spec.replicas` while an autoscaler scales it",
        "Each apply of the manifest sets the number back, whatever the autoscaler has done. Remove `spec.replicas` from the manifest and `replicas:` from the kustomization, or declare `autoscaling` in this function, which removes the field.";
    ROLLOUT_DEADLOCK = "rollout-deadlock", Error,
        "A rolling update waits for ever for a volume that the old pod holds",
        "The new pod cannot mount a ReadWriteOnce claim that the old pod has on another node, and the old pod stays until the new one is ready. Set `strategy: {type: Recreate}`, or `maxSurge: 0` with `maxUnavailable: 1`. Where several nodes can mount the claim, declare its `accessMode` in `claims`.";
    SHARED_CLAIM = "shared-claim", Error,
        "More than one pod, or more than one workload, is to use a claim that one pod or node can mount",
        "The pods beyond the first can stay pending, because the access mode is ReadWriteOnce or ReadWriteOncePod. Two workloads can share a ReadWriteOnce claim where both must land on one node: by a required `podAffinity` with `topologyKey: kubernetes.io/hostname`, or by the same node's name. Two Jobs use it in turn, which is a warning. So is a claim of two workloads that is not in the stream. Keep to one pod, use a ReadWriteMany claim, or give each pod its own by `volumeClaimTemplates`. A claim that is not in the stream counts as ReadWriteOnce unless `claims` declares its `accessMode`.";
    RUN_BY_ANOTHER = "run-by-another", Warning,
        "Another object runs the pods of a workload",
        "A Rollout with `workloadRef` makes its pods from the template of the workload. `autoscaling` and `replicas` of the config are the Rollout's; the strategy is left to it, which is a warning. So are pods that the workload runs beside: set `replicas: 0` there, since `scaleDown` takes them away at the first rollout only, and without it they stay. An autoscaler of the workload itself is an error: it would start the pods twice. Let it name the Rollout.";
    SINGLETON_SCALED = "singleton-scaled", Error,
        "An autoscaler scales a workload that the config calls a singleton",
        "The autoscaler would start the second pod that must never run. Remove the autoscaler, or exclude the workload from this function.";
    TWO_AUTOSCALERS = "two-autoscalers", Error,
        "Two autoscalers scale one workload",
        "Each sets `replicas` by its own metrics, so they work against each other. Keep one, with the metrics of both. HorizontalPodAutoscalers and ScaledObjects of KEDA count alike.";
    TWO_BUDGETS = "two-budgets", Error,
        "Two disruption budgets cover the same pods",
        "The Eviction API refuses to evict a pod that more than one PodDisruptionBudget covers, so its node cannot be drained. Keep one, or change the selectors so that they do not overlap.";
    AUTOSCALER = "autoscaler", Info,
        "krmor adds a HorizontalPodAutoscaler or a ScaledObject, or sets the fields of one that the config names",
        "The change comes from `autoscaling` of the config. An autoscaler that is there keeps all fields that the config does not name.";
    AUTOSCALER_VERSION = "autoscaler-version", Error,
        "The autoscaler of a workload is another one than the config makes",
        "`autoscaling` of the config completes HorizontalPodAutoscalers of autoscaling/v2, and with `keda` ScaledObjects. Two autoscalers would work against each other, and KEDA refuses to be the second one. Write the object as the config has it, remove it, or exclude the workload from this function.";
    BUDGET = "budget", Info,
        "krmor adds a PodDisruptionBudget, or sets the fields of one that the config names",
        "The change comes from `budget` of the config. A new budget has the workload's own selector, `maxUnavailable: 1` and `unhealthyPodEvictionPolicy: AlwaysAllow`, unless the config names other values.";
    BUDGET_VERSION = "budget-version", Error,
        "The disruption budget of a workload is not of policy/v1",
        "Kubernetes has not served policy/v1beta1 since v1.25, so the object cannot be applied. Write it as policy/v1.";
    NO_SELECTOR = "no-selector", Error,
        "A workload has no selector for its pods, or one that does not select them",
        "A budget, a spread constraint and an anti-affinity need labels that find the pods. Let `spec.selector` match the labels of the pod template, or exclude the workload from this function.";
    REPLICAS_REMOVED = "replicas-removed", Warning,
        "krmor removes `spec.replicas`, because an autoscaler sets the number of pods",
        "Where the workload runs already, the first apply without the field can scale it to one pod for a moment. Before that apply, remove the field by `kubectl apply edit-last-applied`, or with server-side apply give it to another field manager. Take it out of the manifest, too.";
    SINGLETON_OVERLAP = "singleton-overlap", Info,
        "Two pods of a singleton can run for a moment",
        "`Recreate` holds during updates only: when a node is drained or lost, Kubernetes may start the new pod before the old one has ended. If two must never work at once, let the program hold a lock or a lease.";
    SPREAD = "spread", Error,
        "The field `topologySpreadConstraints` of a pod is not a list, or a constraint has a key that the selector has",
        "krmor cannot add a constraint to it, and the API server would refuse it. Write each constraint as an item. Where the field is a list or absent, krmor adds what `spread` of the config asks for; a constraint with the same `topologyKey` stays.";
    STRATEGY = "strategy", Error,
        "A Deployment sets another update strategy than the config asks for",
        "`strategy` of the config is filled in where the manifest says nothing. Change the manifest, let `conflicts: override` change it, or leave it with a warning by `conflicts: keep`. For kinds without the `spec.strategy` of Deployments, the rule is an info: nothing is changed.";
}
