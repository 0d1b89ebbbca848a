//! The rules of `Resources`.

krmor_core::rules! {
    UNUSUAL = "unusual", Warning,
        "A quantity means something else than it seems to",
        "The API server takes a value such as `memory: 100m`, which is a tenth of a byte, with no more than a warning. Correct the unit.";
    LIMITS = "limits", Info,
        "krmor sets a limit of a container",
        "The change comes from `limits` of the config. With `mode: fill` only absent limits are added; `mode: set` also changes those that are there. Above its memory limit a container is killed; above its cpu limit it is slowed down.";
    REQUESTS = "requests", Info,
        "krmor sets a request of a container, or leaves it to the limit",
        "The change comes from `requests` of the config. With `mode: fill` only absent requests are added, and none beside a limit of the manifest: Kubernetes takes the limit for the request, and a lower one would take the pod out of the class Guaranteed. `mode: set` adds it there, too, and changes requests that are there. `limitsCap: true` lets a limit lower what is requested. The scheduler reserves what a container requests.";
    POD_RESOURCES = "pod-resources", Error,
        "The containers of a pod ask for more than the pod's own resources allow",
        "The API server refuses a pod whose containers together request more than `spec.resources` says, or one with a higher limit. Raise the resources of the pod, or ask for less in the config.";
    HUGE_PAGES = "huge-pages", Error,
        "A container asks for huge pages without cpu or memory",
        "The API server refuses it. Ask for cpu or memory, too.";
    NO_OVERCOMMIT = "no-overcommit", Error,
        "A container's request of a device or of huge pages does not equal its limit",
        "Devices and huge pages cannot be overcommitted, and the API server refuses such a container. Give only the limit, or make both the same.";
    REQUEST_ABOVE_LIMIT = "request-above-limit", Error,
        "A container requests more than its limit",
        "The API server refuses it. Often one half comes from the manifest and the other from the config: change one, give the container an entry of its own under `containers`, or let `limitsCap: true` take the limit.";
    INVALID = "invalid", Error,
        "A quantity or the name of a resource is one that the API refuses",
        "The API server refuses values such as `lots`, negative amounts, and unknown names without a domain. Correct the value; `mode: set` replaces those that the config names.";
}
