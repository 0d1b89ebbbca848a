//! A program that got its secrets by argocd-vault-plugin, converted: what the plugin itself would have put into each Secret
//! reaches it from the same server through the operator, byte for byte.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Folder, apps, krmor, pipe, text, tool};
use crate::kube::{Cluster, Outcome, until};
use crate::stand::Table;
use crate::vault::Vault;

/// The providers that make Secrets.
pub const PROVIDERS: [&str; 2] = ["vso", "external-secrets"];

fn namespace(provider: &str) -> String {
    format!("converted-{provider}")
}

/// Every form of placeholder; a Secret of several paths is nothing that the Vault Secrets Operator can make.
const FORMS: &str = include_str!("avp/forms.yaml");
/// A store of the External Secrets Operator reads engines of one version, so these have a config of their own.
const FIRST_ENGINE: &str = include_str!("avp/first-engine.yaml");
const SEVERAL_PATHS: &str = include_str!("avp/several-paths.yaml");

/// By its path in the engine, the versions of a secret, oldest first: what is hard to carry.
fn values() -> Vec<(&'static str, Vec<Value>)> {
    let shop = |password: &str| {
        json!({
            "user": "shop", "password": password, "empty-lines": "a\n\n b \n", "braces": "{{ .user }} ${user} `a` 'b' \"c\" \\n",
            "letters": "ä→𝄞", "json": "{\"db\": {\"user\": \"inner\", \"port\": 5432}}", "encoded": "aGVsbG8gd29ybGQK",
            "binary": "/wABAv8=", "file.key": "-----BEGIN KEY-----\nabc\n-----END KEY-----\n",
        })
    };
    vec![
        ("shop", vec![shop("old: #1"), shop("p@ss/w:ord?&=% +")]),
        ("mail/server", vec![json!({"login": "mailer"}), json!({"login": "mailer-2"})]),
    ]
}

/// The Secrets of a stream as the cluster would hold them: their keys with bytes in base64.
fn secrets(objects: &[Value]) -> BTreeMap<String, BTreeMap<String, Vec<u8>>> {
    let mut out = BTreeMap::new();
    for object in objects.iter().filter(|object| object["kind"] == "Secret") {
        let mut data = BTreeMap::new();
        for (key, value) in object["data"].as_object().into_iter().flatten() {
            data.insert(key.clone(), decoded(value.as_str().unwrap()));
        }
        for (key, value) in object["stringData"].as_object().into_iter().flatten() {
            data.insert(key.clone(), value.as_str().unwrap().as_bytes().to_vec());
        }
        out.insert(object["metadata"]["name"].as_str().unwrap().to_owned(), data);
    }
    out
}

fn decoded(base64: &str) -> Vec<u8> {
    let out = pipe(Command::new("base64").arg("--decode"), base64.as_bytes());
    assert!(out.status.success(), "no base64: {base64}");
    out.stdout
}

/// What the plugin makes of the stream.
fn by_the_plugin(vault: &Vault, stream: &str) -> Outcome<Vec<Value>> {
    let objects = Value::Array(apps::objects(stream.to_owned()));
    let mut command = Command::new(tool("avp"));
    command.env("VAULT_ADDR", &vault.address).env("VAULT_TOKEN", "root");
    let out = pipe(&mut command, objects.to_string().as_bytes());
    if !out.status.success() {
        return Err(text(&out.stderr));
    }
    serde_json::from_slice(&out.stdout).map_err(|error| error.to_string())
}

/// What krmor makes of it, with the config that a person would write.
fn converted(vault: &Vault, provider: &str, name: &str, stream: &str) -> Outcome<String> {
    let auth = json!({"name": name, "kubernetes": {"role": "converted", "serviceAccount": "shop"}});
    let config = json!({
        "apiVersion": "krmor.dev/v1alpha1", "kind": "VaultSecrets", "metadata": {"name": "converted"},
        "spec": {"provider": provider, "connection": {"address": vault.address}, "auth": auth, "refreshAfter": "5s", "convert": {}},
    });
    let folder = Folder::new("converted");
    let config = folder.write("config.yaml", config.to_string());
    let out = pipe(krmor().arg("--config").arg(config), stream.as_bytes());
    if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) }
}

/// Lets the ServiceAccount of the program read the engine, and fills that.
fn prepare(cluster: &Cluster) -> Outcome<Vault> {
    let namespaces = PROVIDERS.map(namespace);
    let vault = Vault::up(cluster)?;
    if !vault.run(&["secrets", "list", "-format=json"])?.contains("\"avp/\"") {
        for (engine, version) in [("avp", "2"), ("avp1", "1")] {
            vault.run(&["secrets", "enable", &format!("-path={engine}"), &format!("-version={version}"), "kv"])?;
            for (path, versions) in values() {
                for values in versions {
                    vault.run_with(&["kv", "put", &format!("{engine}/{path}"), "-"], &values.to_string())?;
                }
            }
        }
    }
    let policy = "path \"avp/data/*\" { capabilities = [\"read\"] }\npath \"avp1/*\" { capabilities = [\"read\"] }\n";
    vault.run_with(&["policy", "write", "converted", "-"], policy)?;
    vault.write(
        "auth/kubernetes/role/converted",
        &json!({
            "bound_service_account_names": ["shop"], "bound_service_account_namespaces": namespaces, "token_policies": ["converted"],
        }),
    )?;
    Ok(vault)
}

/// A stream for a provider, from the plugin's placeholders to the bytes in the Secrets.
fn arrives(cluster: &Cluster, provider: &str, name: &str, stream: &str) -> Outcome<String> {
    let namespace = namespace(provider);
    let vault = prepare(cluster)?;
    let wanted = by_the_plugin(&vault, stream)?;
    let output = converted(&vault, provider, name, stream)?;
    let objects = apps::objects(output.clone());
    if let Some(left) = objects.iter().find(|object| object["kind"] == "Secret") {
        return Err(format!("Secret {} is not converted", left["metadata"]["name"]));
    }
    cluster.namespace(&namespace, Some("restricted"))?;
    cluster.kubectl_in(&namespace, &["apply", "-f", "-"], &output)?;
    let mut keys = 0;
    for (name, data) in secrets(&wanted) {
        keys += data.len();
        let wanted =
            wanted.iter().find(|object| object["kind"] == "Secret" && object["metadata"]["name"] == name.as_str());
        let wanted = wanted.ok_or("no such Secret")?;
        until(60, || {
            let made = cluster.get(&["secret", &name, "-n", &namespace])?;
            let there = secrets(std::slice::from_ref(&made)).remove(&name).unwrap_or_default();
            let differs: Vec<&String> =
                data.keys().chain(there.keys()).filter(|key| data.get(*key) != there.get(*key)).collect();
            if !differs.is_empty() {
                let show = |data: &BTreeMap<String, Vec<u8>>| {
                    let of = |key: &&String| format!("{key}: {:?}", data.get(*key).map(|bytes| text(bytes)));
                    differs.iter().map(of).collect::<Vec<_>>().join(", ")
                };
                return Err(format!("Secret {name}: the plugin makes {}; there is {}", show(&data), show(&there)));
            }
            if made["type"] != *wanted.get("type").unwrap_or(&json!("Opaque")) {
                return Err(format!("Secret {name} is of type {}", made["type"]));
            }
            for field in ["labels", "annotations"] {
                for (key, value) in wanted["metadata"][field].as_object().into_iter().flatten() {
                    let is_for_others =
                        key.starts_with("argocd.argoproj.io/sync") || key.starts_with("avp.kubernetes.io/");
                    if !is_for_others && made["metadata"][field][key] != *value {
                        return Err(format!("Secret {name} has no {field} {key}: {value}"));
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(format!("{} Secrets, {keys} keys", secrets(&wanted).len()))
}

/// The checks of a provider.
pub fn provider(cluster: &Cluster, table: &Table, provider: &str) -> Result<(), libtest_mimic::Failed> {
    let mut tier = table.other("argocd-vault-plugin", "3");
    tier.check("", &format!("{provider}: each form of placeholder gives the plugin's own bytes"), || {
        arrives(cluster, provider, "second", FORMS)
    });
    tier.check("", &format!("{provider}: Secrets of several paths"), || {
        if provider != "vso" {
            return arrives(cluster, provider, "second", SEVERAL_PATHS);
        }
        let vault = prepare(cluster)?;
        match converted(&vault, provider, "second", SEVERAL_PATHS) {
            Err(error) if error.contains("several-paths") => Ok("refused".to_owned()),
            other => Err(format!("not refused: {other:?}")),
        }
    });
    tier.check("", &format!("{provider}: an engine of version 1"), || {
        arrives(cluster, provider, "first", FIRST_ENGINE)
    });
    tier.check("", &format!("{provider}: it can be removed"), || {
        let namespace = namespace(provider);
        if provider == "vso" {
            for kind in ["vaultstaticsecrets", "vaultauths", "vaultconnections"] {
                let kind = format!("{kind}.secrets.hashicorp.com");
                cluster.kubectl(&["delete", &kind, "--all", "-n", &namespace, "--timeout=60s"], "")?;
            }
        }
        cluster.remove(&namespace)?;
        Ok(String::new())
    });
    tier.end()
}
