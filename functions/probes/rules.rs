//! The rules of `Probes`.

krmor_core::rules! {
    HELM_HOOK = "helm-hook", Error,
        "TODO",
        "TODO";
    LIVENESS_PROBE = "liveness-probe", Error,
        "TODO",
        "TODO";
    MALFORMED_PROBE = "malformed-probe", Error,
        "TODO",
        "TODO";
    PROBE_GRACE_PERIOD = "probe-grace-period", Error,
        "TODO",
        "TODO";
    PROBE_KEPT = "probe-kept", Error,
        "TODO",
        "TODO";
    READINESS_PROBE = "readiness-probe", Error,
        "TODO",
        "TODO";
    RUNS_TO_COMPLETION = "runs-to-completion", Error,
        "TODO",
        "TODO";
    STARTUP_PROBE = "startup-probe", Error,
        "TODO",
        "TODO";
    AMBIGUOUS_CONTAINER = "ambiguous-container", Error,
        "TODO",
        "TODO";
    DOES_NOT_SERVE = "does-not-serve", Warning,
        "TODO",
        "TODO";
    NO_PROBES_THERE = "no-probes-there", Error,
        "TODO",
        "TODO";
    PROBE_PORT = "probe-port", Error,
        "TODO",
        "TODO";
    SHARED_QUERY = "shared-query", Warning,
        "TODO",
        "TODO";
    TIMEOUT_OVER_PERIOD = "timeout-over-period", Warning,
        "TODO",
        "TODO";
}
