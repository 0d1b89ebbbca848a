//! The rules of `Resources`.

krmor_core::rules! {
    UNUSUAL = "unusual", Warning,
        "TODO",
        "TODO";
    LIMITS = "limits", Info,
        "TODO",
        "TODO";
    REQUESTS = "requests", Info,
        "TODO",
        "TODO";
    POD_RESOURCES = "pod-resources", Error,
        "TODO",
        "TODO";
    HUGE_PAGES = "huge-pages", Error,
        "TODO",
        "TODO";
    NO_OVERCOMMIT = "no-overcommit", Error,
        "TODO",
        "TODO";
    REQUEST_ABOVE_LIMIT = "request-above-limit", Error,
        "TODO",
        "TODO";
    INVALID = "invalid", Error,
        "TODO",
        "TODO";
}
