//! Tier 3: values travel from a real Vault-compatible server (OpenBao) through the real External Secrets Operator.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::common::Random;
use crate::kube::{Cluster, Outcome, until};
use crate::stand::{Stand, Table, name};
use crate::vault::{Vault, holds, outside, variant};
use crate::works::Applied;

/// Whether an overlay has secrets that the External Secrets Operator makes, and says from where: a store that a platform
/// team keeps for the whole cluster is not ours to fill.
pub fn concerns(stand: &Stand) -> bool {
    stand.of_kind("ExternalSecret").next().is_some() && stand.of_kind("SecretStore").next().is_some()
}

/// What Vault holds: by its path (`MOUNT/data/PATH`), keys and values.
type Held = BTreeMap<String, BTreeMap<String, String>>;

fn secret_of(external: &Value) -> &str {
    external["spec"]["target"]["name"].as_str().unwrap()
}

/// The keys that the pods ask a Secret for by name.
fn asked(stand: &Stand, secret: &str) -> BTreeSet<String> {
    let containers = stand.objects.iter().flat_map(|object| {
        let spec = &object["spec"]["template"]["spec"];
        ["initContainers", "containers"].map(|list| spec[list].as_array().cloned().unwrap_or_default())
    });
    let variables = containers.flatten().flat_map(|one| one["env"].as_array().cloned().unwrap_or_default());
    let keys = variables.filter_map(|one| {
        let of = &one["valueFrom"]["secretKeyRef"];
        (of["name"] == secret).then(|| of["key"].as_str().unwrap().to_owned())
    });
    keys.collect()
}

/// New values for every key that the stand's ExternalSecrets read, hard to carry in a URL.
fn new_values(stand: &Stand, random: &mut Random) -> Held {
    let mut held = Held::new();
    let mut set = |path: &Value, key: &str| {
        let value = format!("canary {:016x}+@:/?#%{{}}", random.next());
        held.entry(path.as_str().unwrap().to_owned()).or_default().insert(key.to_owned(), value);
    };
    for external in stand.of_kind("ExternalSecret") {
        for item in external["spec"]["data"].as_array().into_iter().flatten() {
            set(&item["remoteRef"]["key"], item["remoteRef"]["property"].as_str().unwrap());
        }
        for item in external["spec"]["dataFrom"].as_array().into_iter().flatten() {
            for key in asked(stand, secret_of(external)) {
                set(&item["extract"]["key"], &key);
            }
        }
    }
    held
}

fn put(vault: &Vault, held: &Held) -> Outcome {
    for (path, values) in held {
        vault.run_with(&["kv", "put", &path.replacen("/data/", "/", 1), "-"], &json!(values).to_string())?;
    }
    Ok(())
}

/// What an ExternalSecret's Secret must hold. Texts with values in them are told by what stands around the values, which the
/// template escapes for URLs.
fn wanted(external: &Value, held: &Held) -> BTreeMap<String, String> {
    let spec = &external["spec"];
    let mut values = BTreeMap::new();
    for item in spec["data"].as_array().into_iter().flatten() {
        let (path, key) = (item["remoteRef"]["key"].as_str().unwrap(), item["remoteRef"]["property"].as_str().unwrap());
        values.insert(item["secretKey"].as_str().unwrap().to_owned(), held[path][key].clone());
    }
    for item in spec["dataFrom"].as_array().into_iter().flatten() {
        values.extend(held[item["extract"]["key"].as_str().unwrap()].clone());
    }
    let Some(template) = spec["target"]["template"]["data"].as_object() else { return values };
    let text = |(key, text): (&String, &Value)| (key.clone(), filled(text.as_str().unwrap(), &values));
    template.iter().map(text).collect()
}

/// A template with its values in the place of `{{ … "KEY" … }}`.
fn filled(template: &str, values: &BTreeMap<String, String>) -> String {
    let (mut out, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").unwrap();
        let value = &values[inside.split('"').nth(1).unwrap()];
        out += before;
        out += &if inside.contains("urlquery") { percent_encoded(value) } else { value.clone() };
        rest = after;
    }
    out + rest
}

/// RFC 3986: what every reader of URLs decodes, in a user's name and password too, where `+` is a plus.
fn percent_encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Lets the stores' ServiceAccounts log in, and read what the stand's secrets name.
fn admit(vault: &Vault, stand: &Stand, held: &Held) -> Outcome {
    let may = |path: &String| format!("path \"{path}\" {{ capabilities = [\"read\"] }}\n");
    vault.run_with(&["policy", "write", &stand.namespace, "-"], &held.keys().map(may).collect::<String>())?;
    for store in stand.of_kind("SecretStore") {
        let auth = &store["spec"]["provider"]["vault"]["auth"]["kubernetes"];
        vault.write(
            &format!("auth/kubernetes/role/{}", auth["role"].as_str().unwrap()),
            &json!({
                "bound_service_account_names": [auth["serviceAccountRef"]["name"]],
                "bound_service_account_namespaces": [stand.namespace_of(store)], "token_policies": [stand.namespace],
            }),
        )?;
    }
    Ok(())
}

fn arrived(cluster: &Cluster, stand: &Stand, held: &Held) -> Outcome<String> {
    let mut keys = 0;
    for external in stand.of_kind("ExternalSecret") {
        let wanted = wanted(external, held);
        keys += wanted.len();
        until(90, || holds(cluster, stand.namespace_of(external), secret_of(external), &wanted))?;
    }
    Ok(format!("{} Secrets, {keys} keys", stand.of_kind("ExternalSecret").count()))
}

/// Every check of an overlay.
pub fn overlay(cluster: &Cluster, stand: &Stand, table: &Table) -> Result<(), libtest_mimic::Failed> {
    let mut random = Random(0x6573_6f31);
    let mut tier = table.tier(stand, "3");
    let mut state = None;
    tier.check("secrets", "External Secrets: Vault's values are in the Secrets, and nothing else", || {
        let vault = Vault::up(cluster)?;
        let stand = variant(stand, &vault.address, "external-secrets", &Value::Null);
        let mut held = new_values(&stand, &mut random);
        admit(&vault, &stand, &held)?;
        // What no program asks for stands beside it, and stays where it is.
        if let Some(values) =
            stand.of_kind("ExternalSecret").find_map(|one| one["spec"]["data"][0]["remoteRef"]["key"].as_str())
        {
            held.get_mut(values).unwrap().insert("unasked".to_owned(), "canary-unasked".to_owned());
        }
        put(&vault, &held)?;
        for namespace in &stand.namespaces() {
            cluster.namespace(namespace, Some("restricted"))?;
        }
        Applied::start(cluster, &stand)?;
        let detail = arrived(cluster, &stand, &held);
        state = Some((vault, stand, held));
        detail
    });
    if let Some((vault, stand, held)) = &mut state {
        tier.check("works", "the workloads start with what has arrived", || {
            cluster.settled(&stand.namespace, &stand.objects)?;
            Ok(String::new())
        });
        tier.check("rotation", "External Secrets: new values reach the Secrets", || {
            *held = new_values(stand, &mut random);
            put(vault, held)?;
            arrived(cluster, stand, held)
        });
        tier.check("stranger", "External Secrets: another ServiceAccount gets nothing", || stranger(cluster, stand));
        tier.check("leaks", "External Secrets: no value is outside the Secrets", || {
            let kinds = "externalsecrets.external-secrets.io,secretstores.external-secrets.io";
            let values = held.values().flat_map(BTreeMap::values).map(String::as_str);
            outside(cluster, stand, "external-secrets.log", kinds, values)
        });
    }
    tier.check("removed", "it can be removed", || {
        let stand = state.as_ref().map_or(stand, |(_, stand, _)| stand);
        Applied::of(cluster, stand).remove()
    });
    tier.end()
}

/// The same secret, asked for as a ServiceAccount that the role does not name.
fn stranger(cluster: &Cluster, stand: &Stand) -> Outcome<String> {
    let store = stand.of_kind("SecretStore").next().ok_or("no SecretStore")?;
    let external = stand.of_kind("ExternalSecret").next().ok_or("no ExternalSecret")?;
    let (mut store, mut external) = (store.clone(), external.clone());
    for object in [&mut store, &mut external] {
        object["metadata"]["name"] = json!("stranger");
    }
    store["spec"]["provider"]["vault"]["auth"]["kubernetes"]["serviceAccountRef"]["name"] = json!("default");
    external["spec"]["secretStoreRef"]["name"] = json!("stranger");
    external["spec"]["target"]["name"] = json!("stranger");
    let namespace = stand.namespace_of(&external).to_owned();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [store, external]});
    cluster.kubectl_in(&namespace, &["apply", "-f", "-"], &list.to_string())?;
    // The refusal is seen first, so that "nothing" is an answer and not a delay.
    until(60, || {
        let events = cluster.get(&["events", "-n", &namespace])?;
        let events = events["items"].as_array().into_iter().flatten();
        let warnings: Vec<&str> = events
            .filter(|event| {
                name(&json!({"metadata": event["involvedObject"]})) == "stranger" && event["type"] == "Warning"
            })
            .filter_map(|event| event["message"].as_str())
            .collect();
        let refused = warnings.iter().any(|one| one.contains("Code: 403") || one.contains("not authorized"));
        refused.then_some(()).ok_or_else(|| format!("no refusal among {warnings:?}"))
    })?;
    match cluster.kubectl(&["get", "secret", "stranger", "-n", &namespace], "") {
        Ok(_) => Err("its Secret is there".to_owned()),
        Err(error) if error.contains("NotFound") => Ok("403, no Secret".to_owned()),
        Err(error) => Err(error),
    }
}
