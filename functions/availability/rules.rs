//! The rules of `Availability`.

krmor_core::rules! {
    SINGLETON = "singleton", Error,
        "TODO",
        "TODO";
    REPLICAS = "replicas", Error,
        "TODO",
        "TODO";
    PLACEMENT = "placement", Info,
        "TODO",
        "TODO";
    ANTI_AFFINITY = "anti-affinity", Error,
        "TODO",
        "TODO";
    AUTOSCALER_RANGE = "autoscaler-range", Error,
        "TODO",
        "TODO";
    BUDGET_BLOCKS_DRAIN = "budget-blocks-drain", Error,
        "TODO",
        "TODO";
    BUDGET_MALFORMED = "budget-malformed", Error,
        "TODO",
        "TODO";
    METRIC_WITH_VERTICAL_AUTOSCALER = "metric-with-vertical-autoscaler", Error,
        "TODO",
        "TODO";
    METRIC_WITHOUT_REQUESTS = "metric-without-requests", Error,
        "TODO",
        "TODO";
    REPLICAS_WITH_AUTOSCALER = "replicas-with-autoscaler", Error,
        "TODO",
        "TODO";
    ROLLOUT_DEADLOCK = "rollout-deadlock", Error,
        "TODO",
        "TODO";
    SHARED_CLAIM = "shared-claim", Error,
        "TODO",
        "TODO";
    SINGLETON_SCALED = "singleton-scaled", Error,
        "TODO",
        "TODO";
    TWO_AUTOSCALERS = "two-autoscalers", Error,
        "TODO",
        "TODO";
    TWO_BUDGETS = "two-budgets", Error,
        "TODO",
        "TODO";
    AUTOSCALER = "autoscaler", Info,
        "TODO",
        "TODO";
    AUTOSCALER_VERSION = "autoscaler-version", Error,
        "TODO",
        "TODO";
    BUDGET = "budget", Info,
        "TODO",
        "TODO";
    BUDGET_VERSION = "budget-version", Error,
        "TODO",
        "TODO";
    NO_SELECTOR = "no-selector", Error,
        "TODO",
        "TODO";
    REPLICAS_REMOVED = "replicas-removed", Warning,
        "TODO",
        "TODO";
    SINGLETON_OVERLAP = "singleton-overlap", Info,
        "TODO",
        "TODO";
    SPREAD = "spread", Error,
        "TODO",
        "TODO";
    STRATEGY = "strategy", Info,
        "TODO",
        "TODO";
}
