//! The rules of `NamespaceGuardrails`.

krmor_core::rules! {
    POD_SECURITY = "pod-security", Info,
        "krmor labels a Namespace with the level that Pod Security admission enforces there",
        "Without the label admission lets every pod pass. `warn` and `audit` have no version, so they tell what a newer version of the standard would refuse before it is enforced.";
    QUOTA = "quota", Info,
        "krmor adds a ResourceQuota, or brings the one of its name up to date",
        "A namespace without a quota can take all of the cluster.";
    LIMIT_RANGE = "limit-range", Info,
        "krmor adds a LimitRange, or brings the one of its name up to date",
        "It gives requests and limits to containers without their own, and bounds those of the others.";
    WEAKER_LEVEL = "weaker-level", Error,
        "A Namespace has a label that asks less of pods than the config does",
        "krmor does not change what a person wrote. Correct the label or remove it, or allow it by an exception with the reason.";
    NO_NAMESPACE = "no-namespace", Error,
        "Workloads do not say in which namespace they are, so no Namespace can be labelled",
        "Write `metadata.namespace`, or let kustomize set it before krmor is called, or take `podSecurity` out of the config.";
    REFUSED_POD = "refused-pod", Error,
        "Pod Security admission refuses a pod at the level that its Namespace enforces",
        "The workload is accepted, and its pods never start. Harden the pods (`SecurityContext`), or let the namespace enforce less.";
    OVER_QUOTA = "over-quota", Error,
        "What the stream asks for at most is more than the ResourceQuota allows",
        "The API server refuses the pods that come last: under the highest load, or in the middle of a rollout, which then stands still. Raise the quota, or lower requests, limits, replicas or `maxSurge`. The finding shows the sums; the README tells how they are made.";
    QUOTA_NEEDS = "quota-needs", Error,
        "A container does not say what the ResourceQuota counts",
        "Where a quota counts requests or limits of cpu or memory, the API server refuses each pod with a container that has none. Give the container its own, or let a LimitRange give defaults.";
    NODES_NEEDED = "nodes-needed", Error,
        "The ResourceQuota counts pods of which each node gets one, and nobody says how many nodes there are",
        "Say under `nodes` on how many nodes such pods run at most.";
    UNKNOWN_COUNT = "unknown-count", Warning,
        "Nothing says how many pods a workload has at most, so the sums of the quota are without it",
        "An operator decides, or a field has no number. Leave room for these pods in the quota, and say so by an exception.";
    OVERLAPPING_JOBS = "overlapping-jobs", Warning,
        "A workload that the clock starts may run more than once at a time, and the sums of the quota have it once",
        "Write `concurrencyPolicy: Forbid` or `Replace`, or leave room in the quota, and say so by an exception.";
    VERTICAL_SCALING = "vertical-scaling", Warning,
        "A VerticalPodAutoscaler changes what pods request, and the sums of the quota have what is written",
        "Leave room for the highest requests that it may set (`maxAllowed`), and say so by an exception.";
    NOT_SUMMED = "not-summed", Warning,
        "A ResourceQuota limits what krmor does not sum up",
        "What is made while the cluster runs cannot be counted in manifests. Whether it fits is not known.";
    SCOPED_QUOTA = "scoped-quota", Warning,
        "A ResourceQuota counts some pods only, and all pods of the stream together would not fit",
        "krmor does not tell which pods are in the scope of a quota. Add up those that are.";
    INVALID = "invalid", Error,
        "The API server refuses what a ResourceQuota or LimitRange says",
        "A LimitRange needs `min` ≤ `defaultRequest` ≤ `default` ≤ `max`; a quota needs the names that the API knows, and amounts from 0. Correct it.";
    OUT_OF_RANGE = "out-of-range", Error,
        "The API server refuses a pod, since a LimitRange allows less or demands more than its containers have",
        "The workload is accepted, and its pods never start. Change the container, or the LimitRange.";
}
