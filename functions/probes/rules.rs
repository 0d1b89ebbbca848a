//! The rules of `Probes`.

krmor_core::rules! {
    HELM_HOOK = "helm-hook", Info,
        "A Helm hook gets no probes",
        "Helm waits for the end of a hook, so a probe has no use there. Narrow `targets` if the object should not be named at all.";
    LIVENESS_PROBE = "liveness-probe", Info,
        "krmor adds a liveness probe, or replaces one",
        "The change comes from `liveness` of the config: the kubelet restarts the container when the probe fails. A probe that the container has stays, unless `overwrite: true`.";
    MALFORMED_PROBE = "malformed-probe", Error,
        "A container has a probe without a handler, or with more than one",
        "The API server refuses such a probe. Remove it, so that krmor fills it in, or set `overwrite: true`.";
    PROBE_GRACE_PERIOD = "probe-grace-period", Error,
        "A liveness probe of a Knative Service would have a grace period",
        "The webhook of Knative refuses `terminationGracePeriodSeconds` in liveness probes. Exclude the Service here, and give it a config of its own without the field.";
    PROBE_KEPT = "probe-kept", Info,
        "A container keeps its own probe, which differs from the config",
        "krmor does not change a probe that is there. Remove it, or set `overwrite: true`, if the config is to win.";
    READINESS_PROBE = "readiness-probe", Info,
        "krmor adds a readiness probe, or replaces one",
        "The change comes from `readiness` of the config: Services send requests to the pod only while the probe succeeds. A probe that the container has stays, unless `overwrite: true`.";
    RUNS_TO_COMPLETION = "runs-to-completion", Info,
        "A pod that runs to completion gets no probes",
        "Jobs and pods whose `restartPolicy` is not `Always` end by themselves. A native sidecar in them gets its probes when a target names it under `containers`.";
    STARTUP_PROBE = "startup-probe", Info,
        "krmor adds a startup probe, or replaces one",
        "The change comes from `startup` of the config: the other probes wait until it succeeds once. A probe that the container has stays, unless `overwrite: true`.";
    AMBIGUOUS_CONTAINER = "ambiguous-container", Error,
        "A pod has several containers, and the config does not say which one gets the probes",
        "krmor takes the container that declares one of the probes' ports, and here that is none or more than one. Name the container in `containers` of a target.";
    DOES_NOT_SERVE = "does-not-serve", Warning,
        "A container of a Knative Service has no ports, so Knative refuses its probes",
        "By default Knative allows probes only in the container that serves. Name that container in the target, or turn on `multi-container-probing` in the cluster.";
    NO_PROBES_THERE = "no-probes-there", Error,
        "A target names an init or ephemeral container",
        "The API server refuses probes in init and ephemeral containers. Take the container out of the target's `containers`. An init container with `restartPolicy: Always` is a native sidecar and may have probes.";
    PROBE_PORT = "probe-port", Error,
        "A probe names a port that its container does not have",
        "The kubelet cannot resolve the name, so each probe fails and the container is restarted or gets no requests. Correct the name, or declare the port in the container's `ports`. The name of a port of UDP or SCTP resolves, too, but is asked by TCP, which is a warning.";
    SHARED_QUERY = "shared-query", Warning,
        "A liveness or startup probe asks the same path and query as the readiness probe",
        "A query often asks whether a backend answers. When the backend fails, the kubelet restarts the container, which does not mend the backend. Let liveness and startup ask a path that needs the program only.";
    TIMEOUT_OVER_PERIOD = "timeout-over-period", Warning,
        "The timeout of a probe is longer than its period",
        "A probe that hangs puts off the next one, so a failure is seen later than `periodSeconds` says. Shorten `timeoutSeconds`, or lengthen `periodSeconds`.";
}
