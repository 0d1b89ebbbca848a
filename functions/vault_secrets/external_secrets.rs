//! The External Secrets Operator: a SecretStore, unless one is there, and an ExternalSecret for each secret.

use serde_json::{Map, Value};

use super::auth::{Auth, Method};
use super::made::metadata;
use super::spec::Spec;
use super::values::{Address, VaultPath};
use super::want::{Source, Want};
use krmor_core::fields;
use krmor_core::kube::OperatorDuration;

pub(super) const GROUP: &str = "external-secrets.io";

fn object(kind: &str, want: &Want, name: &str, spec: Value) -> Value {
    let api_version = format!("{GROUP}/v1");
    fields!({"apiVersion": api_version, "kind": kind, "metadata": metadata(want, name), "spec": spec})
}

/// The SecretStore, if one is to be made.
pub(super) fn login(spec: &Spec, want: &Want, service_account: Option<&str>) -> Option<Value> {
    let auth = spec.auth.as_ref().filter(|_| spec.store.is_none())?;
    let connection = spec.connection.as_ref()?;
    let v2 = !matches!(&want.source, Source::Kv(kv) if !kv.v2);
    let ca =
        connection.ca_secret.as_ref().map(|name| fields!({"type": "Secret", "name": name.as_str(), "key": "ca.crt"}));
    let vault = fields!({
        "server": connection.address.as_ref().map(Address::as_str),
        "namespace": connection.vault_namespace.as_ref().map(VaultPath::as_str),
        "version": if v2 { "v2" } else { "v1" },
        "caProvider": ca,
        "auth": login_fields(auth, service_account),
    });
    Some(object("SecretStore", want, &auth.name(), fields!({"provider": fields!({"vault": vault})})))
}

fn login_fields(auth: &Auth, service_account: Option<&str>) -> Value {
    let mount = auth.mount();
    let list = |items: &[String]| (!items.is_empty()).then(|| items.to_vec());
    let account =
        |audiences: &[String]| service_account.map(|name| fields!({"name": name, "audiences": list(audiences)}));
    let key = |name: &str, key: &str| fields!({"name": name, "key": key});
    match auth.method() {
        None => Value::Null,
        Some(Method::Kubernetes(it)) => fields!({"kubernetes": fields!({
            "mountPath": mount, "role": it.role.as_str(), "serviceAccountRef": account(&it.audiences),
        })}),
        Some(Method::Jwt(it)) => fields!({"jwt": fields!({
            "path": mount,
            "role": it.role.as_str(),
            "secretRef": it.secret.as_ref().map(|name| key(name.as_str(), "jwt")),
            "kubernetesServiceAccountToken": account(&[]).map(|account| fields!({
                "serviceAccountRef": account, "audiences": list(&it.audiences),
            })),
        })}),
        Some(Method::AppRole(it)) => fields!({"appRole": fields!({
            "path": mount, "roleId": it.role_id.as_str(), "secretRef": key(it.secret.as_str(), "id"),
        })}),
        Some(Method::Aws(it)) => fields!({"iam": fields!({
            "path": mount,
            "region": it.region.as_deref(),
            "vaultRole": it.role.as_str(),
            "jwt": account(&[]).map(|account| fields!({"serviceAccountRef": account})),
            "secretRef": it.secret.as_ref().map(|name| fields!({
                "accessKeyIDSecretRef": key(name.as_str(), "access_key_id"),
                "secretAccessKeySecretRef": key(name.as_str(), "secret_access_key"),
            })),
        })}),
        Some(Method::Gcp(it)) => fields!({"gcp": fields!({
            "path": mount,
            "role": it.role.as_str(),
            "projectID": it.project.as_deref(),
            "workloadIdentity": account(&[]).map(|account| fields!({
                "serviceAccountRef": account,
                "clusterLocation": it.region.as_deref(),
                "clusterName": it.cluster.as_deref(),
                "clusterProjectID": it.project.as_deref(),
            })),
        })}),
    }
}

/// The ExternalSecret. What the API fills in is written out, so that it shows as no difference.
pub(super) fn secret(spec: &Spec, want: &Want) -> Value {
    let store = match (&spec.store, &spec.auth) {
        (Some(store), _) => fields!({"name": store.name.as_str(), "kind": store.kind.name()}),
        (None, Some(auth)) => fields!({"name": auth.name(), "kind": "SecretStore"}),
        (None, None) => Value::Null,
    };
    let (path, version) = match &want.source {
        Source::Kv(kv) => (kv.api_path(), kv.version.map(|version| version.to_string())),
        Source::Dynamic(_) | Source::Pki(_) => return Value::Null, // refused with the spec
    };
    let remote = |property: Option<&str>| {
        fields!({
            "key": path.as_str(),
            "property": property,
            "version": version.as_deref(),
            "conversionStrategy": "Default",
            "decodingStrategy": "None",
            "metadataPolicy": "None",
        })
    };
    let item = |name: &str, key: &str| fields!({"secretKey": name, "remoteRef": remote(Some(key))});
    let value =
        |key: &str, urlquery: bool| format!("{{{{ index . \"{key}\"{} }}}}", if urlquery { " | urlquery" } else { "" });
    let mut template = Map::new();
    let (data, data_from) = match &want.keys {
        None => (Vec::new(), Some(vec![fields!({"extract": remote(None)})])),
        Some(keys) if want.templates.is_empty() => (keys.iter().map(|(name, key)| item(name, key)).collect(), None),
        // A template replaces what was fetched: what is wanted of that is a template, too.
        Some(keys) => {
            let used = want.templates.values().flat_map(super::values::Template::keys);
            let mut fetched: Vec<&str> = used.chain(keys.iter().map(|(_, key)| key.as_str())).collect();
            fetched.sort_unstable();
            fetched.dedup();
            template.extend(keys.iter().map(|(name, key)| (name.clone(), value(key, false).into())));
            (fetched.iter().map(|key| item(key, key)).collect(), None)
        }
    };
    template.extend(
        want.templates.iter().map(|(name, template)| (name.clone(), template.render(str::to_owned, value).into())),
    );
    let merge = if want.keys.is_some() { "Replace" } else { "Merge" };
    let has_template = !template.is_empty() || want.secret_type.is_some();
    let template = has_template.then(|| {
        fields!({
            "type": want.secret_type.as_deref(),
            "engineVersion": "v2",
            "mergePolicy": if template.is_empty() { "Replace" } else { merge },
            "data": (!template.is_empty()).then_some(template),
        })
    });
    let fields = fields!({
        "refreshInterval": spec.refresh_after.as_ref().map_or("5m", OperatorDuration::as_str),
        "secretStoreRef": store,
        "target": fields!({
            "name": want.name.as_str(), "creationPolicy": "Owner", "deletionPolicy": "Retain", "template": template,
        }),
        "data": (!data.is_empty()).then_some(data),
        "dataFrom": data_from,
    });
    object("ExternalSecret", want, &want.name, fields)
}
