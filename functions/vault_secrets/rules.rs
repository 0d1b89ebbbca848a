//! The rules of `VaultSecrets`.

krmor_core::rules! {
    EXTERNAL_SECRET = "external-secret", Error,
        "TODO",
        "TODO";
    SECRET_ENV = "secret-env", Error,
        "TODO",
        "TODO";
    SECRET_FILES = "secret-files", Error,
        "TODO",
        "TODO";
    SECRET_PROVIDER_CLASS = "secret-provider-class", Error,
        "TODO",
        "TODO";
    VAULT_AUTH = "vault-auth", Error,
        "TODO",
        "TODO";
    VAULT_SECRET = "vault-secret", Error,
        "TODO",
        "TODO";
    AGENT = "agent", Info,
        "TODO",
        "TODO";
    DIFFERS = "differs", Error,
        "TODO",
        "TODO";
    ENV_DIFFERS = "env-differs", Error,
        "TODO",
        "TODO";
    KEYS = "keys", Error,
        "TODO",
        "TODO";
    MOUNT_TAKEN = "mount-taken", Error,
        "TODO",
        "TODO";
    NO_COMMAND = "no-command", Error,
        "TODO",
        "TODO";
    NO_TOKEN = "no-token", Error,
        "TODO",
        "TODO";
    PLACEHOLDER = "placeholder", Error,
        "TODO",
        "TODO";
    PLAINTEXT = "plaintext", Error,
        "TODO",
        "TODO";
    REFERENCE = "reference", Info,
        "TODO",
        "TODO";
    SERVICE_ACCOUNT = "service-account", Error,
        "TODO",
        "TODO";
    SEVERAL_PATHS = "several-paths", Error,
        "TODO",
        "TODO";
    UNUSED_SECRET = "unused-secret", Error,
        "TODO",
        "TODO";
    VOLUME_TAKEN = "volume-taken", Error,
        "TODO",
        "TODO";
    WRITE_TO_VAULT = "write-to-vault", Info,
        "TODO",
        "TODO";
}
