//! The Secrets Store CSI driver: a SecretProviderClass for each secret; pods mount it.

use serde_json::Value;

use super::made::metadata;
use super::source::KvSource;
use super::spec::Spec;
use super::template::{self, Step};
use super::values::{Address, VaultPath};
use super::want::{Source, Want};
use krmor_core::fields;

pub(super) const GROUP: &str = "secrets-store.csi.x-k8s.io";
pub(super) const DRIVER: &str = "secrets-store.csi.k8s.io";

/// The SecretProviderClass.
pub(super) fn secret(spec: &Spec, want: &Want) -> Value {
    let path = match &want.source {
        Source::Kv(kv) => kv.api_address(),
        Source::Dynamic(it) => format!("{}/{}", it.mount.as_str(), it.path.as_str()),
        Source::Pki(_) => return Value::Null, // refused with the spec
    };
    let mut objects = String::new();
    let mut names = Vec::new();
    let mut object = |name: &str, value: &template::Value| {
        let path = value.from.as_ref().map_or_else(|| path.clone(), KvSource::api_address);
        let key = &value.key;
        objects.push_str(&format!("- objectName: \"{name}\"\n  secretPath: \"{path}\"\n  secretKey: \"{key}\"\n"));
        if value.steps.contains(&Step::Decode) {
            objects.push_str("  encoding: \"base64\"\n");
        }
        names.push(name.to_owned());
    };
    for (name, key) in want.keys.iter().flatten() {
        object(name, &template::Value { key: key.clone(), from: None, steps: Vec::new() });
    }
    for (name, value) in want.templates.iter().filter_map(|(name, template)| Some((name, template.only()?))) {
        object(name, value);
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
        names.iter().map(|name| fields!({"objectName": name.as_str(), "key": name.as_str()})).collect();
    let [labels, annotations] = want.dress.texts();
    let synced = want.synced.then(|| {
        let secret_type = want.dress.secret_type.as_deref().unwrap_or("Opaque");
        vec![fields!({
            "secretName": want.name.as_str(),
            "type": secret_type,
            "labels": labels,
            "annotations": annotations,
            "data": data,
        })]
    });
    fields!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "SecretProviderClass",
        "metadata": metadata(want, &want.name),
        "spec": fields!({"provider": "vault", "parameters": parameters, "secretObjects": synced}),
    })
}
