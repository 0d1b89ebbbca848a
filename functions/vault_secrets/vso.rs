//! The Vault Secrets Operator: VaultConnection, VaultAuth, and one of VaultStaticSecret, VaultDynamicSecret and
//! VaultPKISecret for each secret.

use serde_json::{Map, Value};

use super::auth::{Auth, Connection, Method};
use super::made::metadata;
use super::spec::Spec;
use super::template::{Functions, Template};
use super::values::VaultPath;
use super::want::{Source, Want};
use krmor_core::fields;
use krmor_core::kube::{ObjectName, OperatorDuration, QualifiedObjectName};
use krmor_core::manifest::put;

pub(super) const GROUP: &str = "secrets.hashicorp.com";

fn object(kind: &str, want: &Want, name: &str, spec: Value) -> Value {
    let api_version = format!("{GROUP}/v1beta1");
    fields!({"apiVersion": api_version, "kind": kind, "metadata": metadata(want, name), "spec": spec})
}

/// `name` or `namespace/name` as a reference with two fields.
fn pair(place: &QualifiedObjectName) -> Value {
    let name = place.as_str();
    let (namespace, name) = name.split_once('/').map_or((None, name), |(namespace, name)| (Some(namespace), name));
    fields!({"name": name, "namespace": namespace})
}

/// The VaultConnection and the VaultAuth, as far as they are to be made.
pub(super) fn login(spec: &Spec, want: &Want, service_account: Option<&str>) -> Vec<Value> {
    let Some(auth) = spec.auth.as_ref().filter(|auth| auth.existing.is_none()) else { return Vec::new() };
    let name = auth.name();
    let mut out = Vec::new();
    let connection = spec.connection.as_ref();
    if let Some(Connection { address: Some(address), .. }) = connection {
        let fields = fields!({
            "address": address.as_str(),
            "caCertSecretRef": connection.and_then(|it| it.ca_secret.as_ref()).map(ObjectName::as_str),
            "tlsServerName": connection.and_then(|it| it.tls_server_name.as_deref()),
            "skipTLSVerify": connection.is_some_and(|it| it.skip_tls_verify),
        });
        out.push(object("VaultConnection", want, &connection_name(auth, connection), fields));
    }
    let has_connection = connection.is_some_and(|it| it.address.is_some() || it.name.is_some());
    let method = auth.method();
    let mut fields = fields!({
        "vaultConnectionRef": has_connection.then(|| connection_name(auth, connection)),
        "namespace": connection.and_then(|it| it.vault_namespace.as_ref()).map(VaultPath::as_str),
        "vaultAuthGlobalRef": auth.global.as_ref().map(pair),
        "method": method.map(|method| method.names().0),
        "mount": auth.mount(),
    });
    if let (Some(method), Some(map)) = (method, fields.as_object_mut()) {
        map.insert(method.names().0.to_owned(), login_fields(method, service_account));
    }
    out.push(object("VaultAuth", want, &name, fields));
    out
}

fn connection_name(auth: &Auth, connection: Option<&Connection>) -> String {
    let named = connection.and_then(|connection| connection.name.as_ref());
    named.map_or_else(|| auth.name(), |name| name.as_str().to_owned())
}

fn login_fields(method: Method<'_>, service_account: Option<&str>) -> Value {
    let list = |items: &[String]| (!items.is_empty()).then(|| items.to_vec());
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    match method {
        Method::Kubernetes(it) => fields!({
            "role": filled(&it.role), "serviceAccount": service_account, "audiences": list(&it.audiences),
        }),
        Method::Jwt(it) => fields!({
            "role": filled(&it.role),
            "secretRef": it.secret.as_ref().map(ObjectName::as_str),
            "serviceAccount": service_account,
            "audiences": list(&it.audiences),
        }),
        Method::AppRole(it) => fields!({"roleId": it.role_id.as_str(), "secretRef": it.secret.as_str()}),
        Method::Aws(it) => fields!({
            "role": filled(&it.role),
            "region": it.region.as_deref(),
            "secretRef": it.secret.as_ref().map(ObjectName::as_str),
            "irsaServiceAccount": service_account,
        }),
        Method::Gcp(it) => fields!({
            "role": filled(&it.role),
            "workloadIdentityServiceAccount": service_account,
            "region": it.region.as_deref(),
            "clusterName": it.cluster.as_deref(),
            "projectID": it.project.as_deref(),
        }),
    }
}

/// The object that makes the Secret.
pub(super) fn secret(spec: &Spec, want: &Want) -> Value {
    let auth = spec.auth.as_ref().map(|auth| match &auth.existing {
        Some(existing) => existing.as_str().to_owned(),
        None => auth.name(),
    });
    // A VaultAuth that is made says it; else each secret must.
    let own_namespace = spec.auth.as_ref().is_none_or(|auth| auth.existing.is_some());
    let vault_namespace = spec.connection.as_ref().and_then(|it| it.vault_namespace.as_ref()).filter(|_| own_namespace);
    let mut fields = fields!({"vaultAuthRef": auth, "namespace": vault_namespace.map(VaultPath::as_str)});
    let refresh = spec.refresh_after.as_ref().map_or("5m", OperatorDuration::as_str);
    let (kind, own) = match &want.source {
        Source::Kv(kv) => (
            "VaultStaticSecret",
            fields!({
                "mount": kv.mount.as_str(),
                "type": if kv.v2 { "kv-v2" } else { "kv-v1" },
                "path": kv.path.as_str(),
                "version": kv.version,
                "refreshAfter": refresh,
            }),
        ),
        Source::Dynamic(it) => (
            "VaultDynamicSecret",
            fields!({
                "mount": it.mount.as_str(),
                "path": it.path.as_str(),
                "renewalPercent": it.renewal_percent,
                "revoke": it.revoke,
            }),
        ),
        Source::Pki(it) => (
            "VaultPKISecret",
            fields!({
                "mount": it.mount.as_ref().map_or("pki", VaultPath::as_str),
                "role": it.role.as_str(),
                "commonName": it.common_name.as_str(),
                "altNames": (!it.alt_names.is_empty()).then(|| it.alt_names.clone()),
                "ipSans": (!it.ip_sans.is_empty()).then(|| it.ip_sans.clone()),
                "ttl": it.ttl.as_ref().map(OperatorDuration::as_str),
                "expiryOffset": it.expiry_offset.as_ref().map(OperatorDuration::as_str),
                "revoke": it.revoke,
            }),
        ),
    };
    let restarts: Vec<Value> =
        want.restarts.iter().map(|(kind, name)| fields!({"kind": kind.as_str(), "name": name.as_str()})).collect();
    let restarts = (spec.restart.unwrap_or(true) && !restarts.is_empty()).then_some(restarts);
    if let (Some(map), Value::Object(own)) = (fields.as_object_mut(), own) {
        map.extend(own);
        put(map, "rolloutRestartTargets", restarts.into());
        put(map, "destination", destination(want));
    }
    object(kind, want, &want.name, fields)
}

fn destination(want: &Want) -> Value {
    // A key that is not in Vault fails; `get` would give an empty text.
    let text = |template: &Template| template.go(Functions::Sprig, |value| format!("index (pluck \"{}\" .Secrets) 0", value.key));
    let mut templates = Map::new();
    let mut includes = Vec::new();
    for (name, key) in want.keys.iter().flatten() {
        if name == key {
            includes.push(format!("^{}$", name.replace('.', "\\.")));
        } else {
            templates.insert(name.clone(), fields!({"text": text(&Template::of_key(key))}));
        }
    }
    for (name, template) in &want.templates {
        templates.insert(name.clone(), fields!({"text": text(template)}));
    }
    // What a template makes is never filtered out; all else that is not named is.
    let nothing_else = want.keys.is_some() && includes.is_empty();
    let refs: Vec<Value> = want.transformation_refs.iter().map(|name| fields!({"name": name.as_str()})).collect();
    let [labels, annotations] = want.dress.texts();
    fields!({
        "name": want.name.as_str(),
        "create": true,
        "overwrite": want.replaces.then_some(true),
        "labels": labels,
        "annotations": annotations,
        "type": want.dress.secret_type.as_deref(),
        "transformation": fields!({
            "excludeRaw": true,
            "includes": (!includes.is_empty()).then_some(includes),
            "excludes": nothing_else.then(|| vec![".*"]),
            "templates": (!templates.is_empty()).then_some(templates),
            "transformationRefs": (!refs.is_empty()).then_some(refs),
        }),
    })
}
