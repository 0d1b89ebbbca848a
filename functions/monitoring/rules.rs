//! The rules of `Monitoring`.

krmor_core::rules! {
    METRICS_PORT = "metrics-port", Error,
        "TODO",
        "TODO";
    MONITOR = "monitor", Info,
        "TODO",
        "TODO";
    NO_SERVICE = "no-service", Error,
        "TODO",
        "TODO";
    POD_LABELS = "pod-labels", Error,
        "TODO",
        "TODO";
    SECOND_MONITOR = "second-monitor", Error,
        "TODO",
        "TODO";
    SERVICE_LABELS = "service-labels", Error,
        "TODO",
        "TODO";
    WHICH_SERVICE = "which-service", Error,
        "TODO",
        "TODO";
}
