//! The rules of `Exposure`.

krmor_core::rules! {
    EXPOSED = "exposed", Info,
        "TODO",
        "TODO";
    CERTIFICATE = "certificate", Info,
        "TODO",
        "TODO";
    CONFLICT = "conflict", Error,
        "TODO",
        "TODO";
    CONTROLLER = "controller", Info,
        "TODO",
        "TODO";
    EXTERNAL_NAME = "external-name", Error,
        "TODO",
        "TODO";
    PASSTHROUGH = "passthrough", Info,
        "TODO",
        "TODO";
    PLAIN_HTTP = "plain-http", Warning,
        "TODO",
        "TODO";
    PORT_MISSING = "port-missing", Error,
        "TODO",
        "TODO";
    PORT_UNNAMED = "port-unnamed", Error,
        "TODO",
        "TODO";
    SECOND = "second", Error,
        "TODO",
        "TODO";
    SHADOWED = "shadowed", Error,
        "TODO",
        "TODO";
    UNVERIFIED_BACKEND = "unverified-backend", Warning,
        "TODO",
        "TODO";
}
