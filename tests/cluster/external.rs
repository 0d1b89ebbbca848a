//! Tier 3 for the External Secrets Operator: values travel from the same server through the stream's own SecretStores.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::common::Random;
use crate::kube::{Cluster, Outcome, until};
use crate::stand::{Stand, Table, name};
use crate::vault::{Vault, holds, outside, variant};
use crate::works::Applied;

/// What is in Vault: values by key, by the path in the API.
type Values = BTreeMap<String, BTreeMap<String, String>>;

/// A key that nobody asks for by name: it comes with all the others.
const ANY: &str = "ANY_KEY";

/// The stores that the stream has itself; one that is there already is the cluster's matter.
fn stores(stand: &Stand) -> impl Iterator<Item = &Value> {
    stand.of_kind("SecretStore").filter(|store| store["spec"]["provider"]["vault"].is_object())
}

/// Whether an overlay has secrets that Vault gives to the operator.
pub fn concerns(stand: &Stand) -> bool {
    stores(stand).next().is_some()
}

/// New values for every key that an ExternalSecret asks for.
fn put(vault: &Vault, stand: &Stand, random: &mut Random) -> Outcome<Values> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for secret in stand.of_kind("ExternalSecret") {
        let list = |field: &str| secret["spec"][field].as_array().into_iter().flatten();
        for one in list("data") {
            let property = one["remoteRef"]["property"].as_str().unwrap().to_owned();
            keys.entry(one["remoteRef"]["key"].as_str().unwrap().to_owned()).or_default().insert(property);
        }
        for one in list("dataFrom") {
            keys.entry(one["extract"]["key"].as_str().unwrap().to_owned()).or_default().insert(ANY.to_owned());
        }
    }
    let mut values = Values::new();
    for (path, keys) in keys {
        let data: BTreeMap<String, String> =
            keys.into_iter().map(|key| (key, format!("canary-{:016x}", random.next()))).collect();
        vault.run_with(&["kv", "put", &path.replacen("/data/", "/", 1), "-"], &json!(data).to_string())?;
        values.insert(path, data);
    }
    Ok(values)
}

/// Lets the ServiceAccount of each store log in, and read what the stand's secrets name.
fn admit(vault: &Vault, stand: &Stand, values: &Values) -> Outcome {
    let policy: String =
        values.keys().map(|path| format!("path \"{path}\" {{ capabilities = [\"read\"] }}\n")).collect();
    vault.run_with(&["policy", "write", &stand.example, "-"], &policy)?;
    for store in stores(stand) {
        let login = &store["spec"]["provider"]["vault"]["auth"]["kubernetes"];
        let role = format!("auth/{}/role/{}", login["mountPath"].as_str().unwrap(), login["role"].as_str().unwrap());
        vault.write(
            &role,
            &json!({
                "bound_service_account_names": [login["serviceAccountRef"]["name"]],
                "bound_service_account_namespaces": [stand.namespace_of(store)], "token_policies": [stand.example],
            }),
        )?;
    }
    Ok(())
}

/// What the Secret of an ExternalSecret must hold.
fn data(secret: &Value, values: &Values) -> BTreeMap<String, String> {
    let mut data = BTreeMap::new();
    for one in secret["spec"]["dataFrom"].as_array().into_iter().flatten() {
        data.extend(values[one["extract"]["key"].as_str().unwrap()].clone());
    }
    for one in secret["spec"]["data"].as_array().into_iter().flatten() {
        let value = &values[one["remoteRef"]["key"].as_str().unwrap()][one["remoteRef"]["property"].as_str().unwrap()];
        data.insert(one["secretKey"].as_str().unwrap().to_owned(), value.clone());
    }
    let template = &secret["spec"]["target"]["template"];
    let Some(texts) = template["data"].as_object() else { return data };
    let texts: BTreeMap<String, String> =
        texts.iter().map(|(key, text)| (key.clone(), filled(text.as_str().unwrap(), &data))).collect();
    if template["mergePolicy"] == "Merge" {
        data.extend(texts);
        return data;
    }
    texts
}

/// `{{ index . "key" }}` replaced by the value; what a pipe does to it changes nothing of a canary.
fn filled(text: &str, data: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (expression, after) = after.split_once("}}").unwrap();
        out += before;
        out += &data[expression.split('"').nth(1).unwrap()];
        rest = after;
    }
    out + rest
}

fn arrived(cluster: &Cluster, stand: &Stand, values: &Values) -> Outcome<String> {
    let secrets: Vec<&Value> = stand.of_kind("ExternalSecret").collect();
    let mut keys = 0;
    until(90, || {
        keys = 0;
        secrets.iter().try_for_each(|secret| {
            let target = secret["spec"]["target"]["name"].as_str().unwrap_or(name(secret));
            let data = data(secret, values);
            keys += data.len();
            holds(cluster, stand.namespace_of(secret), target, &data)
        })
    })?;
    Ok(format!("{} Secrets, {keys} keys", secrets.len()))
}

/// The same secret, asked for as a ServiceAccount that the role does not name.
fn stranger(cluster: &Cluster, stand: &Stand) -> Outcome<String> {
    let mut store = stores(stand).next().ok_or("no SecretStore")?.clone();
    let mut secret = stand.of_kind("ExternalSecret").next().ok_or("no ExternalSecret")?.clone();
    let namespace = stand.namespace_of(&secret).to_owned();
    for object in [&mut store, &mut secret] {
        object["metadata"]["name"] = json!("stranger");
    }
    store["spec"]["provider"]["vault"]["auth"]["kubernetes"]["serviceAccountRef"]["name"] = json!("default");
    secret["spec"]["secretStoreRef"]["name"] = json!("stranger");
    secret["spec"]["target"]["name"] = json!("stranger");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [store, secret]});
    cluster.kubectl_in(&namespace, &["apply", "-f", "-"], &list.to_string())?;
    // The server's refusal is seen first, so that "nothing" is an answer and not a delay.
    until(60, || {
        let events = cluster.get(&["events", "-n", &namespace])?;
        let messages: Vec<&str> = events["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|event| event["involvedObject"]["name"] == "stranger" && event["type"] == "Warning")
            .filter_map(|event| event["message"].as_str())
            .collect();
        let refused = messages.iter().any(|text| text.contains("Code: 403") || text.contains("not authorized"));
        if refused { Ok(()) } else { Err(format!("no refusal among {messages:?}")) }
    })?;
    match cluster.kubectl(&["get", "secret", "stranger", "-n", &namespace], "") {
        Ok(_) => Err("its Secret is there".to_owned()),
        Err(error) if error.contains("NotFound") => Ok("403, no Secret".to_owned()),
        Err(error) => Err(error),
    }
}

/// Every check of an overlay.
pub fn overlay(cluster: &Cluster, stand: &Stand, table: &Table) -> Result<(), libtest_mimic::Failed> {
    let mut random = Random(0x6573_6f21 + u64::try_from(stand.text.len()).unwrap());
    let mut tier = table.tier(stand, "3");
    let mut state = None;
    tier.check("secrets", "by external-secrets: Vault's values are in the Secrets, and nothing else", || {
        let vault = Vault::up(cluster)?;
        let stand = variant(stand, &vault.address, "external-secrets", &Value::Null);
        let values = put(&vault, &stand, &mut random)?;
        admit(&vault, &stand, &values)?;
        for namespace in &stand.namespaces() {
            cluster.namespace(namespace, Some("restricted"))?;
        }
        Applied::start(cluster, &stand)?;
        let detail = arrived(cluster, &stand, &values);
        state = Some((vault, stand, values));
        detail
    });
    if let Some((vault, stand, values)) = &mut state {
        tier.check("rotation", "by external-secrets: new values reach the Secrets", || {
            *values = put(vault, stand, &mut random)?;
            arrived(cluster, stand, values)
        });
        tier.check("stranger", "another ServiceAccount gets nothing", || stranger(cluster, stand));
        tier.check("leaks", "by external-secrets: no value is outside the Secrets", || {
            let kinds = "externalsecrets.external-secrets.io,secretstores.external-secrets.io";
            let values = values.values().flat_map(BTreeMap::values).map(String::as_str);
            outside(cluster, stand, "external-secrets.log", kinds, values)
        });
    }
    tier.check("removed", "it can be removed", || {
        let stand = state.as_ref().map_or(stand, |(_, stand, _)| stand);
        Applied::of(cluster, stand).remove()
    });
    tier.end()
}
