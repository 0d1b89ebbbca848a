//! Where Vault is and how to log in: the part of the spec that is the same for every provider.

use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{Address, VaultPath, slug};
use krmor_core::kube::{ObjectName, QualifiedObjectName};

/// Where Vault is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Connection {
    /// URL of the server, such as `https://vault.vault.svc:8200`. `vso` makes a VaultConnection of it. Default: the
    /// VaultConnection `name`, which is there already.
    pub address: Option<Address>,
    /// `vso` only: name of the VaultConnection. Default: the one of the VaultAuth.
    pub name: Option<QualifiedObjectName>,
    /// Namespace of Vault Enterprise. Default: none.
    pub vault_namespace: Option<VaultPath>,
    /// Name of a Secret with the CA's certificate under `ca.crt`. Default: the system's CAs.
    pub ca_secret: Option<ObjectName>,
    /// Name that the server's certificate must have. `vso`, `agent-injector` only. Default: the address's host.
    pub tls_server_name: Option<String>,
    /// `true` does not check the server's certificate. Default `false`.
    #[serde(default)]
    pub skip_tls_verify: bool,
}

/// How to log in: one method, or a VaultAuth or VaultAuthGlobal that is there already.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth {
    /// Name of the VaultAuth or SecretStore to make. Default: the role.
    pub name: Option<ObjectName>,
    /// `vso` only: a VaultAuth that is there already, as `name` or `namespace/name`. None is made.
    pub existing: Option<QualifiedObjectName>,
    /// `vso` only: a VaultAuthGlobal to take from what is not said here, as `name` or `namespace/name`.
    pub global: Option<QualifiedObjectName>,
    /// Path at which the auth method is mounted. Default: `kubernetes`, `jwt`, `approle`, `aws`, `gcp`.
    pub mount: Option<VaultPath>,
    /// Log in with the token of a ServiceAccount that Vault reviews in the cluster.
    pub kubernetes: Option<Kubernetes>,
    /// Log in with the token of a ServiceAccount that Vault verifies by its key.
    pub jwt: Option<Jwt>,
    /// Log in with a role id and a secret id.
    pub app_role: Option<AppRole>,
    /// Log in with an identity of AWS.
    pub aws: Option<Aws>,
    /// Log in with an identity of Google Cloud.
    pub gcp: Option<Gcp>,
}

/// Vault's `kubernetes` method.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kubernetes {
    /// Role of the auth method.
    pub role: String,
    /// ServiceAccount to log in as. Default: the one of the targeted pods. With `agent-injector` and `csi` it is always
    /// the pod's.
    pub service_account: Option<ObjectName>,
    /// Audiences of the token. Default: the cluster's.
    #[serde(default)]
    pub audiences: Vec<String>,
}

/// Vault's `jwt` method.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jwt {
    /// Role of the auth method.
    pub role: String,
    /// ServiceAccount to log in as. Default: the one of the targeted pods.
    pub service_account: Option<ObjectName>,
    /// Name of a Secret with the token under `jwt`, in place of a ServiceAccount. Default: none.
    pub secret: Option<ObjectName>,
    /// Audiences of the token. Default: the cluster's.
    #[serde(default)]
    pub audiences: Vec<String>,
}

/// Vault's `approle` method.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppRole {
    /// The role id, which is not secret.
    pub role_id: String,
    /// Name of the Secret with the secret id under `id`. It cannot come from Vault itself.
    pub secret: ObjectName,
}

/// Vault's `aws` method.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Aws {
    /// Role of the auth method.
    pub role: String,
    /// Region of the signing endpoint, such as `eu-central-1`. Default: the provider's.
    pub region: Option<String>,
    /// ServiceAccount with an IAM role (IRSA). Default: the identity of the operator's node.
    pub service_account: Option<ObjectName>,
    /// Name of a Secret with the keys `access_key_id` and `secret_access_key`. Default: none.
    pub secret: Option<ObjectName>,
}

/// Vault's `gcp` method.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gcp {
    /// Role of the auth method.
    pub role: String,
    /// ServiceAccount with a workload identity. Default: none (`vso` needs it).
    pub service_account: Option<ObjectName>,
    /// Region of the cluster. Default: the operator's own.
    pub region: Option<String>,
    /// Name of the cluster. Default: the operator's own.
    pub cluster: Option<String>,
    /// Project of the cluster. Default: the operator's own.
    pub project: Option<String>,
}

/// The one method of an [`Auth`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Method<'a> {
    Kubernetes(&'a Kubernetes),
    Jwt(&'a Jwt),
    AppRole(&'a AppRole),
    Aws(&'a Aws),
    Gcp(&'a Gcp),
}

impl Auth {
    /// The methods that are given; a spec without a problem has one at most.
    pub(super) fn methods(&self) -> Vec<Method<'_>> {
        let methods = [
            self.kubernetes.as_ref().map(Method::Kubernetes),
            self.jwt.as_ref().map(Method::Jwt),
            self.app_role.as_ref().map(Method::AppRole),
            self.aws.as_ref().map(Method::Aws),
            self.gcp.as_ref().map(Method::Gcp),
        ];
        methods.into_iter().flatten().collect()
    }

    pub(super) fn method(&self) -> Option<Method<'_>> {
        self.methods().first().copied()
    }

    /// What the VaultAuth or SecretStore is called.
    pub(super) fn name(&self) -> String {
        let role = self.method().and_then(|method| slug(method.role()));
        self.name.as_ref().map(|name| name.as_str().to_owned()).or(role).unwrap_or_else(|| "vault".to_owned())
    }

    /// Where the method is mounted.
    pub(super) fn mount(&self) -> Option<&str> {
        let default = self.method().map(|method| method.names().1);
        self.mount.as_ref().map(VaultPath::as_str).or(default)
    }
}

impl<'a> Method<'a> {
    /// What VSO calls it, and where Vault mounts it by default.
    pub(super) fn names(self) -> (&'static str, &'static str) {
        match self {
            Method::Kubernetes(_) => ("kubernetes", "kubernetes"),
            Method::Jwt(_) => ("jwt", "jwt"),
            Method::AppRole(_) => ("appRole", "approle"),
            Method::Aws(_) => ("aws", "aws"),
            Method::Gcp(_) => ("gcp", "gcp"),
        }
    }

    /// The role, or for `approle` nothing that is a name.
    pub(super) fn role(self) -> &'a str {
        match self {
            Method::Kubernetes(it) => &it.role,
            Method::Jwt(it) => &it.role,
            Method::AppRole(_) => "",
            Method::Aws(it) => &it.role,
            Method::Gcp(it) => &it.role,
        }
    }

    /// The audiences of the token.
    pub(super) fn audiences(self) -> &'a [String] {
        match self {
            Method::Kubernetes(it) => &it.audiences,
            Method::Jwt(it) => &it.audiences,
            Method::AppRole(_) | Method::Aws(_) | Method::Gcp(_) => &[],
        }
    }

    /// The ServiceAccount to log in as, and whether it is the pods' when none is named.
    pub(super) fn service_account(self) -> (Option<&'a ObjectName>, bool) {
        match self {
            Method::Kubernetes(it) => (it.service_account.as_ref(), true),
            Method::Jwt(it) => (it.service_account.as_ref(), it.secret.is_none()),
            Method::AppRole(_) => (None, false),
            Method::Aws(it) => (it.service_account.as_ref(), false),
            Method::Gcp(it) => (it.service_account.as_ref(), false),
        }
    }
}
