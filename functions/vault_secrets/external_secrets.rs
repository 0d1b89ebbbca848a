//! The External Secrets Operator: a SecretStore, unless one is there, and an ExternalSecret for each secret.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::auth::{Auth, Method};
use super::made::metadata;
use super::source::KvSource;
use super::spec::Spec;
use super::template::{self, Functions, Step, Template};
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
    let source = match &want.source {
        Source::Kv(kv) => kv,
        Source::Dynamic(_) | Source::Pki(_) => return Value::Null, // refused with the spec
    };
    // A template replaces what was fetched: what is wanted of that is a template, too.
    let mut outputs = want.templates.clone();
    outputs.extend(want.keys.iter().flatten().map(|(name, key)| (name.clone(), Template::of_key(key))));
    let is_plain = |template: &Template| {
        template.only().is_some_and(|value| matches!(value.steps.as_slice(), [] | [Step::Decode]))
    };
    let (mut data, mut template) = (Vec::new(), Map::new());
    if want.keys.is_some() && outputs.values().all(is_plain) {
        for (name, value) in outputs.iter().filter_map(|(name, template)| Some((name, template.only()?))) {
            data.push(item(name, value, source));
        }
    } else {
        let aliases = aliases(&outputs);
        let alias = |value: &template::Value| {
            let place = (value.from.as_ref(), value.key.as_str());
            aliases.iter().find(|(own, _)| *own == place).map_or_else(|| value.key.clone(), |(_, alias)| alias.clone())
        };
        for (name, text) in &outputs {
            template.insert(name.clone(), text.go(Functions::Sprig, |value| format!("index . \"{}\"", alias(value))).into());
        }
        // What comes with all keys is there already.
        let fetched = aliases.iter().filter(|((from, _), _)| want.keys.is_some() || from.is_some());
        for ((from, key), alias) in fetched {
            let value = template::Value { key: (*key).to_owned(), from: from.cloned(), steps: Vec::new() };
            data.push(item(alias, &value, source));
        }
    }
    let data_from = want.keys.is_none().then(|| vec![fields!({"extract": remote(source, None, false)})]);
    let merge = if want.keys.is_some() { "Replace" } else { "Merge" };
    let metadata = want.dress.template_metadata();
    let has_template = !template.is_empty() || want.dress.secret_type.is_some() || metadata.is_some();
    let template = has_template.then(|| {
        fields!({
            "type": want.dress.secret_type.as_deref(),
            "engineVersion": "v2",
            "metadata": metadata.filter(|metadata| metadata.as_object().is_some_and(|map| !map.is_empty())),
            "mergePolicy": if template.is_empty() { "Replace" } else { merge },
            "data": (!template.is_empty()).then_some(template),
        })
    });
    let fields = fields!({
        "refreshInterval": spec.refresh_after.as_ref().map_or("5m", OperatorDuration::as_str),
        "secretStoreRef": store,
        "target": fields!({
            "name": want.name.as_str(),
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "immutable": want.dress.immutable.then_some(true),
            "template": template,
        }),
        "data": (!data.is_empty()).then_some(data),
        "dataFrom": data_from,
    });
    object("ExternalSecret", want, &want.name, fields)
}

/// Where one value, or a whole secret, is. What the API fills in is written out.
fn remote(source: &KvSource, property: Option<&str>, decoded: bool) -> Value {
    fields!({
        "key": source.api_path(),
        "property": property,
        "version": source.version.map(|version| version.to_string()),
        "conversionStrategy": "Default",
        "decodingStrategy": if decoded { "Base64" } else { "None" },
        "metadataPolicy": "None",
    })
}

/// A key, and the one value that it has.
fn item(name: &str, value: &template::Value, source: &KvSource) -> Value {
    let decoded = value.steps.contains(&Step::Decode);
    let from = value.from.as_ref().unwrap_or(source);
    fields!({"secretKey": name, "remoteRef": remote(from, Some(&value.key), decoded)})
}

/// Names by which templates find values: each as it is called in Vault, where that can be a name and is no other's.
fn aliases(outputs: &BTreeMap<String, Template>) -> Vec<((Option<&KvSource>, &str), String)> {
    let values = outputs.values().flat_map(Template::values);
    let places: BTreeSet<(Option<&KvSource>, &str)> =
        values.map(|value| (value.from.as_ref(), value.key.as_str())).collect();
    let mut taken = BTreeSet::new();
    let mut out = Vec::new();
    for place in places {
        let part = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' };
        let plain: String = place.1.chars().map(part).take(200).collect();
        let mut alias = plain.clone();
        let mut number = 1;
        while !taken.insert(alias.clone()) {
            number += 1;
            alias = format!("{plain}_{number}");
        }
        out.push((place, alias));
    }
    out
}
