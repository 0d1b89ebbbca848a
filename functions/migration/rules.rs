//! The rules of `Migration`.

krmor_core::rules! {
    SAME_STREAM = "same-stream", Error,
        "TODO",
        "TODO";
    AGENT_INIT_FIRST = "agent-init-first", Warning,
        "TODO",
        "TODO";
    CLAIM_NOT_SHARED = "claim-not-shared", Error,
        "TODO",
        "TODO";
    CLAIM_UNKNOWN = "claim-unknown", Warning,
        "TODO",
        "TODO";
    CONCURRENT_MIGRATIONS = "concurrent-migrations", Info,
        "TODO",
        "TODO";
    MIGRATION = "migration", Info,
        "TODO",
        "TODO";
    NO_CONTAINER = "no-container", Error,
        "TODO",
        "TODO";
    NO_IMAGE = "no-image", Error,
        "TODO",
        "TODO";
    NO_INIT_CONTAINERS = "no-init-containers", Error,
        "TODO",
        "TODO";
    NO_VOLUME = "no-volume", Error,
        "TODO",
        "TODO";
    OUTERMOST = "outermost", Info,
        "TODO",
        "TODO";
    SECOND_JOB = "second-job", Error,
        "TODO",
        "TODO";
    SELECTED_BY = "selected-by", Error,
        "TODO",
        "TODO";
    SYNC_WAVE = "sync-wave", Info,
        "TODO",
        "TODO";
    WAVE_ORDER = "wave-order", Error,
        "TODO",
        "TODO";
    WHICH_CONTAINER = "which-container", Error,
        "TODO",
        "TODO";
}
