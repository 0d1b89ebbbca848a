//! The rules of `Environment`.

krmor_core::rules! {
    ENV = "env", Info,
        "TODO",
        "TODO";
    ENV_FROM = "env-from", Info,
        "TODO",
        "TODO";
    DUPLICATE_KEY = "duplicate-key", Error,
        "TODO",
        "TODO";
    DUPLICATE_VARIABLE = "duplicate-variable", Error,
        "TODO",
        "TODO";
    ENV_OVER_ENV_FROM = "env-over-env-from", Error,
        "TODO",
        "TODO";
    MISSING_KEY = "missing-key", Error,
        "TODO",
        "TODO";
    OPTIONAL_KEY = "optional-key", Error,
        "TODO",
        "TODO";
    REQUIRED_KEY = "required-key", Error,
        "TODO",
        "TODO";
    UNDEFINED_REFERENCE = "undefined-reference", Error,
        "TODO",
        "TODO";
    UNFOLLOWED_NAME = "unfollowed-name", Error,
        "TODO",
        "TODO";
    UNKNOWN_SOURCE = "unknown-source", Error,
        "TODO",
        "TODO";
    UNPROVEN_KEY = "unproven-key", Error,
        "TODO",
        "TODO";
    KEPT_VARIABLE = "kept-variable", Warning,
        "TODO",
        "TODO";
    MALFORMED_ENV = "malformed-env", Error,
        "TODO",
        "TODO";
}
