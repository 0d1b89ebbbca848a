//! The rules of `VaultSecrets`.

krmor_core::rules! {
    EXTERNAL_SECRET = "external-secret", Info,
        "krmor adds an ExternalSecret, or completes one",
        "The object lets the External Secrets Operator make the Secret from Vault. Its fields come from `secrets` or `convert` of the config.";
    SECRET_ENV = "secret-env", Info,
        "krmor lets a container read a secret from its variables",
        "The change comes from `as: envFrom` or `as: env` of the config. A variable of that name that the manifest sets is replaced only with `overwrite: true`.";
    SECRET_FILES = "secret-files", Info,
        "krmor mounts a secret as files",
        "The change comes from `as: files` of the config, or from the provider `csi`, whose driver brings secrets only to pods that mount the volume.";
    SECRET_PROVIDER_CLASS = "secret-provider-class", Info,
        "krmor adds a SecretProviderClass, or completes one",
        "The object says what the Secrets Store CSI driver fetches from Vault. Its fields come from `secrets` or `convert` of the config.";
    VAULT_AUTH = "vault-auth", Info,
        "krmor adds the object that says where Vault is and how to log in, or completes it",
        "That is a VaultConnection and VaultAuth, or a SecretStore, as `auth` of the config has it.";
    VAULT_SECRET = "vault-secret", Info,
        "krmor adds a VaultStaticSecret, VaultDynamicSecret or VaultPKISecret, or completes one",
        "The object lets the Vault Secrets Operator make the Secret. Its fields come from `secrets` or `convert` of the config.";
    AGENT = "agent", Info,
        "krmor tells the Vault agent of a pod what to fetch",
        "The annotations `vault.hashicorp.com/*` come from the config. For variables, a shell reads the agent's file before it starts the program.";
    BAD_KEY = "bad-key", Error,
        "A Secret has a key that Kubernetes does not take",
        "Keys are letters, digits, `-`, `_` and `.`, 253 at most. The API server would refuse the Secret, and the operator that makes it from Vault fails in the same way, later. Call the key otherwise, and where programs read it.";
    DIFFERS = "differs", Error,
        "An object or annotation for Vault says something else than the config",
        "krmor completes what is there and changes nothing that it says. Correct one of the two, or let the config win by `overwrite: true`.";
    ENCRYPTED = "encrypted", Error,
        "A Secret is encrypted by SOPS where krmor is to convert it",
        "What stands in the manifest is not what the cluster gets, so krmor does not know its keys' values or their form. Let krmor run on what is decrypted, or exclude the Secret.";
    ENV_DIFFERS = "env-differs", Error,
        "A container sets a variable itself that is to come from Vault",
        "The value in the manifest would hide the one from Vault. Remove the variable, or set `overwrite: true`.";
    EXTRA_KEY = "extra-key", Error,
        "A Secret gets a key that it did not have, and pods take all of it",
        "By `envFrom` the program would get one more variable, and by a volume one more file. Where the Secrets of variables have the name of another one, name them otherwise by `variableSecret`. As an info: an entry under `secrets` without `keys` takes all keys that Vault has at the path; list those that are meant.";
    KEYS = "keys", Error,
        "The config does not list a key that the Secret in the stream has",
        "The object that takes the Secret's place would lack the key, and pods that use it would not start. Add it to `keys` of the entry under `secrets`, or remove it from the Secret.";
    LEFT_NAME = "left-name", Error,
        "A text may mean a converted Secret by a name that it had before prefixes and suffixes",
        "While the Secret was in the stream, kustomize corrected its name wherever its configuration says. krmor corrects the fields that it knows. Write the final name, add the field to `references` of the Pipeline, or, where the text means no Secret, say so by an exception.";
    LITERAL = "literal", Info,
        "A text beside placeholders stays in the manifest",
        "Who writes placeholders has taken the secrets out, so what stands beside them, such as a host or a type, stays as a text of the template. What its name calls a secret goes to Vault instead.";
    LOGIN_SECRET = "login-secret", Warning,
        "A Secret stays in the stream, because Vault is reached with it",
        "A SecretStore, a VaultAuth, a VaultConnection or the config itself takes it to log in or to trust the server, so it cannot come from there. Bring it into the cluster by another way, such as a SealedSecret, or exclude it.";
    MOUNT_TAKEN = "mount-taken", Error,
        "A container mounts something else at the path of a secret",
        "Two mounts at one path are refused by the API server. Give the secret another `mountPath`.";
    NO_COMMAND = "no-command", Error,
        "A container without a `command` cannot read variables from the Vault agent",
        "A shell must read the agent's file before the program starts, and what the image starts is not known to krmor. Write the `command`, or take `as: files`.";
    ONE_PLACE = "one-place", Error,
        "Two values would be written to one key of one path in Vault",
        "Each of the two would read what the other needs. Give each a path of its own: by `path` of `convert`, which takes `{namespace}` and `{name}`, or by an entry under `secrets`.";
    NOT_KEPT = "not-kept", Error,
        "A conversion would lose something of the Secret",
        "What the provider cannot say of the Secret that it makes, such as `immutable` or a finalizer, is not dropped in silence. Remove it from the Secret, exclude the Secret, or take a provider that keeps it. As a warning: the operator sets labels of its own.";
    NO_TOKEN = "no-token", Error,
        "A pod for the Vault agent does not mount its token",
        "The agent logs in with the token of the ServiceAccount, so the pod would not start. Leave out `automountServiceAccountToken: false` for this pod, or take another provider.";
    PLACEHOLDER = "placeholder", Error,
        "A placeholder of argocd-vault-plugin is where no reference to a Secret can be",
        "Kubernetes takes references to Secrets only in certain fields, and nothing would fill in the text `<path:…>`. Write the whole value to Vault under one key, move it into a Secret or a variable of a container, or exclude the object.";
    PLAINTEXT = "plaintext", Error,
        "A Secret that is to come from Vault is in the stream with its values",
        "Whoever can read the manifests has the values. Write `convert: {}`, so that krmor puts a reference in its place, or remove the Secret. With `convert`, the rule also names the change that removes it.";
    REFERENCE = "reference", Info,
        "krmor corrects the name by which an object refers to a converted Secret",
        "kustomize does not correct names of a Secret that is no longer in the stream, so krmor writes the final name.";
    SERVICE_ACCOUNT = "service-account", Error,
        "Pods that share a login to Vault run as different ServiceAccounts",
        "One object logs in with one ServiceAccount. Name it in `auth`, under `serviceAccount`, or give each group of pods a config of its own with `targets`.";
    SEVERAL_PATHS = "several-paths", Error,
        "One Secret would come from several paths in Vault",
        "One object fetches one path. Split the Secret, or correct the path of its entry under `secrets`.";
    TWO_MAKERS = "two-makers", Error,
        "Something else makes the Secret already",
        "A SealedSecret, an ExternalSecret, an object of the Vault Secrets Operator, a Certificate or the like makes a Secret of this name, and two makers overwrite each other. Remove one of the two, or exclude the Secret.";
    UNUSED_SECRET = "unused-secret", Error,
        "No pod mounts a Secret that the CSI driver is to make",
        "The driver makes a Secret only for pods that mount its volume, so this one would never exist. Exclude the Secret, remove it, or take another provider.";
    VARIABLE_SECRET = "variable-secret", Error,
        "The Secret that a variable with a placeholder would get has a name that cannot be",
        "krmor calls it after its place in Vault, and something else makes a Secret of that name, or it is no name. Say by `variableSecret` under `convert` how these Secrets are called; `krmor migrate` has `--variable-secret` for that.";
    VOLUME_TAKEN = "volume-taken", Error,
        "A pod has another volume of the name that a secret needs",
        "Two volumes of one name are refused by the API server. Rename the volume that is there.";
    WRITE_TO_VAULT = "write-to-vault", Info,
        "Keys must be written to Vault before the objects are applied",
        "The values were in the stream and are in no output of krmor. Write new ones by the command that the finding shows: the old ones are known to all who could read the manifest.";
}
