//! The Secrets Store CSI driver: a SecretProviderClass for each secret; pods mount it.

use serde_json::Value;

use super::made::metadata;
use super::spec::Spec;
use super::values::{Address, VaultPath};
use super::want::{Source, Want};
use krmor_core::fields;

pub(super) const GROUP: &str = "secrets-store.csi.x-k8s.io";
pub(super) const DRIVER: &str = "secrets-store.csi.k8s.io";

/// The SecretProviderClass.
pub(super) fn secret(spec: &Spec, want: &Want) -> Value {
    let (path, keys) = match &want.source {
        Source::Kv(kv) => (
            format!(
                "{}{}",
                kv.api_path(),
                kv.version.map_or_else(String::new, |version| format!("?version={version}"))
            ),
            &want.keys,
        ),
        Source::Dynamic(it) => (format!("{}/{}", it.mount.as_str(), it.path.as_str()), &want.keys),
        Source::Pki(_) => return Value::Null, // refused with the spec
    };
    let mut objects = String::new();
    for (name, key) in keys.iter().flatten() {
        objects.push_str(&format!("- objectName: \"{name}\"\n  secretPath: \"{path}\"\n  secretKey: \"{key}\"\n"));
    }
    let connection = spec.connection.as_ref();
    let auth = spec.auth.as_ref();
    let method = auth.and_then(super::auth::Auth::method);
    let parameters = fields!({
        "vaultAddress": connection.and_then(|it| it.address.as_ref()).map(Address::as_str),
        "vaultNamespace": connection.and_then(|it| it.vault_namespace.as_ref()).map(VaultPath::as_str),
        "vaultTLSServerName": connection.and_then(|it| it.tls_server_name.as_deref()),
        "vaultSkipTLSVerify": connection.filter(|it| it.skip_tls_verify).map(|_| "true"),
        "vaultAuthMountPath": auth.and_then(|auth| auth.mount()),
        "roleName": method.map(|method| method.role().to_owned()),
        "audience": method.and_then(|method| method.audiences().first().cloned()),
        "objects": objects,
    });
    let data: Vec<Value> =
        keys.iter().flatten().map(|(name, _)| fields!({"objectName": name.as_str(), "key": name.as_str()})).collect();
    let synced = want.synced.then(|| {
        let secret_type = want.secret_type.as_deref().unwrap_or("Opaque");
        vec![fields!({"secretName": want.name.as_str(), "type": secret_type, "data": data})]
    });
    fields!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "SecretProviderClass",
        "metadata": metadata(want, &want.name),
        "spec": fields!({"provider": "vault", "parameters": parameters, "secretObjects": synced}),
    })
}
