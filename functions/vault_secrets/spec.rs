//! What a person may write in the spec.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::{Auth, Connection};
use super::pattern::SecretPattern;
use super::template::Template;
use super::values::{AbsolutePath, Keys, VaultPath};
use krmor_core::exceptions::Exception;
use krmor_core::function_spec;
use krmor_core::kube::{ObjectName, OperatorDuration};
use krmor_core::severities::{Setting, Severities};
use krmor_core::stream::Object;
use krmor_core::target::Selector;

/// Gives workloads their secrets from Vault, by reference: no value is ever in a manifest.
///
/// What is missing is added: the operator's objects, `env`, `envFrom`, volumes, annotations. Objects that are there
/// already are completed; a field of theirs that says something else is an error, unless `overwrite` is true.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Who brings the values: `vso` (Vault Secrets Operator), `external-secrets` (External Secrets Operator),
    /// `agent-injector` (Vault Agent in each pod), `csi` (Secrets Store CSI driver with its Vault provider).
    pub provider: Provider,
    /// Where Vault is. Default: what the provider itself was installed with.
    pub connection: Option<Connection>,
    /// How to log in. Default: what the provider itself was installed with (`vso`, `csi`).
    pub auth: Option<Auth>,
    /// The store of `external-secrets` that is there already. Default: a SecretStore is made from `connection` and `auth`.
    pub store: Option<Store>,
    /// The secrets that the targeted workloads get. Default: none.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Turns what is in the manifests into references. Default: nothing is converted.
    ///
    /// A conversion keeps what a Secret means, or is an error that says what it would lose; no value is in any output. Kept:
    /// the name, with all references to it; keys, `type`, labels and annotations (on the Secret that is made); sync waves, hooks
    /// and the like (on the object that makes it); `immutable` (`external-secrets`); of placeholders the path, the key, the version,
    /// base64 in `data`, the modifiers `base64encode`, `base64decode`, `sha256sum` and `jsonPath` of single fields, text around
    /// and beside them. What is kept by which provider, form by form: docs/conversions.md. Never converted: Secrets that a
    /// SecretStore, a VaultAuth, a VaultConnection or this config takes to reach Vault; tokens of ServiceAccounts; Secrets
    /// that SOPS has encrypted; Secrets without values.
    pub convert: Option<Convert>,
    /// How often the operator looks for new values, as Go writes durations: `30s`, `5m`, `1h`. Default `5m`.
    pub refresh_after: Option<OperatorDuration>,
    /// `vso` only: whether the operator restarts Deployments, StatefulSets, DaemonSets and Argo Rollouts when a value
    /// changes. Default `true`.
    pub restart: Option<bool>,
    /// `agent-injector` only: whether the agent runs before the other init containers, which then have the secrets
    /// too. Default `true`.
    pub init_first: Option<bool>,
    /// `true`: values of this spec replace those of the manifests. Default `false`: a different value is an error.
    #[serde(default)]
    pub overwrite: bool,
    /// Findings that are meant, each with its reason. Default: none.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Severity of single rules or of families (`family/*: warning`), or `off`; a single rule overrides its family. Default: the
    /// severities of the rules.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Setting>")]
    pub severities: Severities,
    /// Which workloads or containers get the secrets; each entry must match something unless `optional: true`. With
    /// targets, only those Secrets are converted that a targeted workload refers to. Default: the main containers of all.
    #[serde(default)]
    pub targets: Vec<Selector>,
    /// Which workloads, containers or plaintext Secrets to leave alone. Default: none.
    #[serde(default)]
    pub exclude: Vec<Selector>,
}

function_spec!(Spec, find_problems);

/// Who brings the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// HashiCorp's Vault Secrets Operator.
    Vso,
    /// The External Secrets Operator.
    ExternalSecrets,
    /// The Vault Agent Injector.
    AgentInjector,
    /// The Secrets Store CSI driver.
    Csi,
}

impl Provider {
    /// As it is written in the spec.
    pub(super) fn name(self) -> &'static str {
        match self {
            Provider::Vso => "vso",
            Provider::ExternalSecrets => "external-secrets",
            Provider::AgentInjector => "agent-injector",
            Provider::Csi => "csi",
        }
    }
}

impl Provider {
    /// Whether an object is of the kinds that the provider makes Secrets of.
    pub(super) fn has(self, object: &Object<'_>) -> bool {
        let group = match self {
            Provider::Vso => super::vso::GROUP,
            Provider::ExternalSecrets => super::external_secrets::GROUP,
            Provider::Csi => super::csi::GROUP,
            Provider::AgentInjector => return false,
        };
        object.group() == group
    }
}

/// A store of the External Secrets Operator.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Store {
    /// Name of the store.
    pub name: ObjectName,
    /// `SecretStore` (the default) or `ClusterSecretStore`.
    #[serde(default)]
    pub kind: StoreKind,
}

/// The kind of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum StoreKind {
    /// For one namespace.
    #[default]
    SecretStore,
    /// For the whole cluster.
    ClusterSecretStore,
}

impl StoreKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            StoreKind::SecretStore => "SecretStore",
            StoreKind::ClusterSecretStore => "ClusterSecretStore",
        }
    }
}

/// One secret: exactly one of `kv`, `dynamic` and `pki` says where in Vault it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secret {
    /// Name of the Kubernetes Secret, and of the object that makes it. With `agent-injector`, of the file.
    pub name: ObjectName,
    /// A secret of a key-value engine.
    pub kv: Option<Kv>,
    /// Credentials that Vault makes on demand: `vso`, `agent-injector`, `csi`.
    pub dynamic: Option<Dynamic>,
    /// A certificate that Vault issues: `vso`, `agent-injector`.
    pub pki: Option<Pki>,
    /// The keys to take: a list of names, or a mapping from the name in Kubernetes to the key in Vault. `csi` and
    /// `as: env` need them. Default: all keys, by their own names.
    pub keys: Option<Keys>,
    /// Further keys, made of others: `${key}` stands for a key in Vault, `${key|urlquery}` for the same, escaped for a
    /// URL; `$$` is a dollar sign. Not with `csi`. Default: none.
    #[serde(default)]
    pub templates: BTreeMap<String, Template>,
    /// How containers get it: `envFrom` (the default), `env` (one variable for each of `keys` and `templates`), `files`
    /// (the default of `pki`), `none`.
    #[serde(rename = "as")]
    pub wiring: Option<Wiring>,
    /// `files` only: the directory. Default `/vault/secrets/` and the name; `/vault/secrets` with `agent-injector`.
    pub mount_path: Option<AbsolutePath>,
    /// Type of the Kubernetes Secret. Default: `kubernetes.io/tls` for `pki`, else `Opaque`.
    #[serde(rename = "type")]
    pub secret_type: Option<String>,
    /// `vso` only: names of SecretTransformations to apply. Default: none.
    #[serde(default)]
    pub transformation_refs: Vec<ObjectName>,
}

/// Where in a key-value engine a secret is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kv {
    /// Path of the secret below the mount, without `data/`: `team/app`.
    pub path: VaultPath,
    /// Path at which the engine is mounted. Default `secret`.
    pub mount: Option<VaultPath>,
    /// Version of the engine: 1 or 2. Default 2.
    pub engine: Option<EngineVersion>,
    /// Version of the secret to stay at, with engine version 2. Default: the newest.
    pub version: Option<u32>,
}

/// The version of a key-value engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "i64")]
#[schemars(extend("type" = "integer", "enum" = [1, 2]))]
pub enum EngineVersion {
    /// Without versions of secrets.
    V1,
    /// With them.
    #[default]
    V2,
}

impl TryFrom<i64> for EngineVersion {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        match number {
            1 => Ok(Self::V1),
            2 => Ok(Self::V2),
            _ => Err(format!("`{number}` is no version of the key-value engine: write 1 or 2")),
        }
    }
}

/// Credentials that Vault makes on demand.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dynamic {
    /// Path at which the engine is mounted, such as `database`.
    pub mount: VaultPath,
    /// Path below the mount, such as `creds/app`.
    pub path: VaultPath,
    /// `vso` only: when to renew, in percent of the lease. 1 to 90. Default: the operator's, 67.
    #[schemars(range(min = 1, max = 90))]
    pub renewal_percent: Option<u8>,
    /// `vso` only: whether the lease is revoked when the object goes. Default: the operator's, `false`.
    pub revoke: Option<bool>,
}

/// A certificate that Vault issues.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pki {
    /// Path at which the engine is mounted. Default `pki`.
    pub mount: Option<VaultPath>,
    /// The engine's role that issues.
    pub role: String,
    /// The certificate's common name.
    pub common_name: String,
    /// Further DNS names. Default: none.
    #[serde(default)]
    pub alt_names: Vec<String>,
    /// IP addresses. Default: none.
    #[serde(default)]
    pub ip_sans: Vec<String>,
    /// How long it is valid, such as `24h`. Default: the role's.
    pub ttl: Option<OperatorDuration>,
    /// `vso` only: how long before its end it is renewed, such as `1h`. Default: the operator's.
    pub expiry_offset: Option<OperatorDuration>,
    /// `vso` only: whether it is revoked when the object goes. Default: the operator's, `false`.
    pub revoke: Option<bool>,
}

/// How containers get a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Wiring {
    /// All keys as variables.
    EnvFrom,
    /// Single keys as variables.
    Env,
    /// Keys as files.
    Files,
    /// Not at all: something else refers to the Secret.
    None,
}

/// What to turn into references.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Convert {
    /// Whether Secrets with values are converted. Their keys must then be written to Vault: the report lists them.
    /// Default `true`.
    #[serde(default = "yes")]
    pub secrets: bool,
    /// Whether placeholders of argocd-vault-plugin (`<path:secret/data/app#key>`, and `<key>` beside the annotation
    /// `avp.kubernetes.io/path`) are converted, in Secrets and in variables of containers. Default `true`.
    #[serde(default = "yes")]
    pub placeholders: bool,
    /// Whether SealedSecrets are converted, by their keys: krmor cannot read their values, which must be written to Vault.
    /// Default `false`.
    #[serde(default)]
    pub sealed_secrets: bool,
    /// Types of Secrets to convert. Default: `Opaque`, and any type where a value is a placeholder.
    #[serde(default)]
    pub types: Vec<String>,
    /// Where the values of a converted Secret are to be in Vault, unless an entry of `secrets` has its name: `{name}`
    /// and `{namespace}` stand for the Secret's own. Default `{name}`.
    pub path: Option<VaultPath>,
    /// Path at which the key-value engine for them is mounted. Default `secret`.
    pub mount: Option<VaultPath>,
    /// Version of that engine, and of the engine of placeholders that do not say it: 1 or 2. Default 2.
    pub engine: Option<EngineVersion>,
    /// Name of the Secret that variables with placeholders get, one for each place in Vault: `{mount}` and `{path}` stand for
    /// the place, with `.` for `/`; `{version}` for `-v2` where the placeholder has a version; `{workload}` for the
    /// workload's name. Default `{mount}.{path}{version}`. Two streams of one namespace that read the same place need two
    /// names: write `{workload}` in it.
    pub variable_secret: Option<SecretPattern>,
}

fn yes() -> bool {
    true
}
