//! Tier 3: values travel from a real Vault-compatible server (OpenBao) through the real Vault Secrets Operator to the pods.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use krmor::yaml;
use serde_json::{Value, json};

use crate::common::{Folder, Random, copy, pipe, text, tool};
use crate::kube::{Cluster, Outcome, until};
use crate::stand::{Stand, Table};
use crate::works::Applied;

/// The server, asked by its own command line.
pub struct Vault {
    bao: PathBuf,
    pub address: String,
}

impl Vault {
    pub fn up(cluster: &Cluster) -> Outcome<Self> {
        let vault = Self { bao: tool("bao"), address: cluster.file("bao.address")?.trim().to_owned() };
        cluster.namespace("vault", None)?;
        let reviewer = json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reviewer", "namespace": "vault"}},
            {
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": "krmor-test-reviewer"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
                "subjects": [{"kind": "ServiceAccount", "name": "reviewer", "namespace": "vault"}],
            },
        ]});
        cluster.kubectl(&["apply", "-f", "-"], &reviewer.to_string())?;
        let token = cluster.kubectl(&["create", "token", "reviewer", "-n", "vault"], "")?;
        let enabled = vault.run(&["auth", "list", "-format=json"])?;
        for method in ["kubernetes", "jwt", "approle"] {
            if !enabled.contains(&format!("\"{method}/\"")) {
                vault.run(&["auth", "enable", method])?;
            }
        }
        let server =
            cluster.kubectl(&["config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.server}"], "")?;
        let config = json!({
            "kubernetes_host": server, "kubernetes_ca_cert": cluster.file("ca.crt")?, "token_reviewer_jwt": token.trim(),
            "disable_local_ca_jwt": true,
        });
        vault.write("auth/kubernetes/config", &config)?;
        let keys = json!({"jwt_validation_pubkeys": [cluster.file("sa.pub")?], "bound_issuer": server});
        vault.write("auth/jwt/config", &keys)?;
        Ok(vault)
    }

    pub fn run(&self, args: &[&str]) -> Outcome<String> {
        self.run_with(args, "")
    }

    /// Values go in by standard input: they are in no list of processes.
    pub fn write(&self, path: &str, value: &Value) -> Outcome<String> {
        self.run_with(&["write", path, "-"], &value.to_string())
    }

    pub fn run_with(&self, args: &[&str], stdin: &str) -> Outcome<String> {
        let mut command = Command::new(&self.bao);
        command.args(args).env("BAO_ADDR", &self.address).env("BAO_TOKEN", "root").env("HOME", std::env::temp_dir());
        let out = pipe(&mut command, stdin.as_bytes());
        let why = || format!("bao {}: {}", args.join(" "), text(&out.stderr).trim());
        if out.status.success() { Ok(text(&out.stdout)) } else { Err(why()) }
    }

    /// Puts a new value under every key that the secret asks for.
    fn put(&self, secret: &Value, random: &mut Random) -> Outcome<Value> {
        let spec = &secret["spec"];
        let mut values = json!({});
        for key in keys(secret) {
            values[key] = json!(format!("canary-{:016x}", random.next()));
        }
        let path = format!("{}/{}", spec["mount"].as_str().unwrap(), spec["path"].as_str().unwrap());
        self.run_with(&["kv", "put", &path, "-"], &values.to_string())?;
        Ok(values)
    }

    /// Lets a ServiceAccount log in by a method, and read what the stand's secrets name.
    fn admit(&self, stand: &Stand, issuer: &str) -> Outcome {
        let mut policy = String::new();
        for secret in stand.of_kind("VaultStaticSecret") {
            let (mount, path) = (secret["spec"]["mount"].as_str().unwrap(), secret["spec"]["path"].as_str().unwrap());
            policy += &format!("path \"{mount}/data/{path}\" {{ capabilities = [\"read\"] }}\n");
        }
        self.run_with(&["policy", "write", &stand.example, "-"], &policy)?;
        for auth in stand.of_kind("VaultAuth") {
            let (spec, namespace) = (&auth["spec"], stand.namespace_of(auth));
            let of = |method: &str, field: &str| spec[method][field].as_str().unwrap_or_default().to_owned();
            match spec["method"].as_str().unwrap_or_default() {
                "kubernetes" => self.write(&format!("auth/kubernetes/role/{}", of("kubernetes", "role")), &json!({
                    "bound_service_account_names": [of("kubernetes", "serviceAccount")],
                    "bound_service_account_namespaces": [namespace], "token_policies": [stand.example],
                }))?,
                "jwt" => self.write(&format!("auth/jwt/role/{}", of("jwt", "role")), &json!({
                    "role_type": "jwt", "user_claim": "sub", "bound_audiences": [issuer], "token_policies": [stand.example],
                    "bound_subject": format!("system:serviceaccount:{namespace}:{}", of("jwt", "serviceAccount")),
                }))?,
                _ => String::new(),
            };
        }
        Ok(())
    }

    /// A role of AppRole: its role id and a secret id.
    fn app_role(&self, stand: &Stand) -> Outcome<(String, String)> {
        let path = format!("auth/approle/role/{}", stand.example);
        self.write(&path, &json!({"token_policies": [stand.example]}))?;
        let field = |command: &[&str], field: &str| {
            let answer = self.run(&[command, &["-format=json"]].concat());
            let answer: Value = serde_json::from_str(&answer?).map_err(|error| error.to_string())?;
            Ok::<String, String>(answer["data"][field].as_str().unwrap_or_default().to_owned())
        };
        let role = field(&["read", &format!("{path}/role-id")], "role_id");
        // The flags of `bao write` stand before the path.
        let answer = self.run(&["write", "-force", "-field=secret_id", &format!("{path}/secret-id")])?;
        Ok((role?, answer.trim().to_owned()))
    }
}

/// The keys that a VaultStaticSecret lets through.
fn keys(secret: &Value) -> Vec<&str> {
    let includes = secret["spec"]["destination"]["transformation"]["includes"].as_array().unwrap();
    includes.iter().map(|key| key.as_str().unwrap().trim_start_matches('^').trim_end_matches('$')).collect()
}

/// The overlay with the test server's address, another way to log in, and a look at Vault every few seconds: what a person
/// would write into the overlay's function configs.
pub fn variant(stand: &Stand, address: &str, method: &str, auth: &Value) -> Stand {
    let folder = Folder::new("vault");
    copy(format!("examples/{}", stand.example).as_ref(), &folder.0);
    let overlay = format!("overlays/{}", stand.overlay);
    let file = format!("{overlay}/krmor.yaml");
    let config = std::fs::read_to_string(folder.0.join(&file)).unwrap();
    let mut config = yaml::parse(&Arc::new(config)).unwrap().remove(0).root().to_value().unwrap();
    for (_, function) in config["spec"]["functions"].as_object_mut().unwrap() {
        if function["kind"] == "VaultSecrets" {
            function["spec"]["connection"]["address"] = json!(address);
            function["spec"]["refreshAfter"] = json!("5s");
            if !auth.is_null() {
                function["spec"]["auth"] = auth.clone();
            }
        }
    }
    folder.write(&file, config.to_string());
    stand.variant(&format!("{} by {method}", stand.overlay), folder.0.join(&overlay).to_str().unwrap())
}

/// A Secret holds exactly these values.
pub fn holds(cluster: &Cluster, namespace: &str, name: &str, values: &BTreeMap<String, String>) -> Outcome {
    let template = "go-template={{range $key, $value := .data}}{{$key}}={{base64decode $value}}\n{{end}}";
    let data = cluster.kubectl(&["get", "secret", name, "-n", namespace, "-o", template], "")?;
    let expected: Vec<String> = values.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if data.lines().eq(&expected) {
        return Ok(());
    }
    let keys: Vec<&str> = data.lines().filter_map(|line| line.split('=').next()).collect();
    Err(format!("Secret {name} has {keys:?} with other values than Vault's {:?}", values.keys()))
}

/// The Secrets hold exactly what Vault has.
fn arrived(cluster: &Cluster, stand: &Stand, values: &[(Value, Value)]) -> Outcome {
    until(90, || {
        values.iter().try_for_each(|(secret, values)| {
            let name = secret["spec"]["destination"]["name"].as_str().unwrap();
            let values = values.as_object().unwrap().iter();
            let values = values.map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect();
            holds(cluster, stand.namespace_of(secret), name, &values)
        })
    })
}

/// When each workload that a rotation must restart was last restarted by the operator.
fn restarts(cluster: &Cluster, stand: &Stand) -> Outcome<Vec<(String, String)>> {
    let mut found = Vec::new();
    for secret in stand.of_kind("VaultStaticSecret") {
        for target in secret["spec"]["rolloutRestartTargets"].as_array().into_iter().flatten() {
            let target =
                format!("{}/{}", target["kind"].as_str().unwrap().to_lowercase(), target["name"].as_str().unwrap());
            let namespace = stand.namespace_of(secret);
            let at = cluster.get(&[&target, "-n", namespace])?["spec"]["template"]["metadata"]["annotations"]
                ["vso.secrets.hashicorp.com/restartedAt"]
                .clone();
            found.push((target, at.as_str().unwrap_or("never").to_owned()));
        }
    }
    Ok(found)
}

/// Every check of an overlay whose workloads log in by a method.
pub fn overlay(cluster: &Cluster, stand: &Stand, table: &Table, method: &str) -> Result<(), libtest_mimic::Failed> {
    let mut random = Random(0x7a6f_1234 + u64::try_from(method.len()).unwrap());
    let mut tier = table.tier(stand, "3");
    let mut state = None;
    tier.check("secrets", &format!("by {method}: Vault's values are in the Secrets, and nothing else"), || {
        let vault = Vault::up(cluster)?;
        let mut secret_id = None;
        let auth = match method {
            "kubernetes" => Value::Null,
            "appRole" => {
                let (role, secret) = vault.app_role(stand)?;
                secret_id = Some(secret);
                json!({"name": stand.example, "appRole": {"roleId": role, "secret": "app-role"}})
            }
            method => json!({method: {"role": stand.example}}),
        };
        let stand = variant(stand, &vault.address, method, &auth);
        let issuer = cluster.kubectl(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"], "")?;
        vault.admit(&stand, &issuer)?;
        let secrets: Vec<Value> = stand.of_kind("VaultStaticSecret").cloned().collect();
        let mut values = Vec::new();
        for secret in &secrets {
            values.push((secret.clone(), vault.put(secret, &mut random)?));
        }
        for namespace in &stand.namespaces() {
            cluster.namespace(namespace, Some("restricted"))?;
            if let Some(id) = &secret_id {
                let data = json!({"id": id});
                let secret =
                    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "app-role"}, "stringData": data});
                cluster.kubectl(&["apply", "-n", namespace, "-f", "-"], &secret.to_string())?;
            }
        }
        Applied::start(cluster, &stand)?;
        let count = values.iter().map(|(secret, _)| keys(secret).len()).sum::<usize>();
        let detail = arrived(cluster, &stand, &values).map(|()| format!("{} Secrets, {count} keys", values.len()));
        state = Some((vault, stand, values));
        detail
    });
    if let Some((vault, stand, values)) = &mut state {
        tier.check("rotation", &format!("by {method}: new values reach the Secrets and restart the workloads"), || {
            cluster.settled(&stand.namespace, &stand.objects)?;
            let before = restarts(cluster, stand)?;
            for (secret, values) in values.iter_mut() {
                *values = vault.put(secret, &mut random)?;
            }
            arrived(cluster, stand, values)?;
            until(60, || {
                match restarts(cluster, stand)?.iter().zip(&before).find(|(now, before)| now.1 == before.1) {
                    Some((still, _)) => Err(format!("{} is not restarted", still.0)),
                    None => Ok(()),
                }
            })?;
            cluster.settled(&stand.namespace, &stand.objects)?;
            Ok(before.iter().map(|(target, _)| target.as_str()).collect::<Vec<_>>().join(", "))
        });
        if method == "kubernetes" {
            tier.check("stranger", "another ServiceAccount gets nothing", || stranger(cluster, stand));
        }
        tier.check("leaks", &format!("by {method}: no value is outside the Secrets"), || leaks(cluster, stand, values));
    }
    tier.check("removed", "it can be removed", || {
        let stand = state.as_ref().map_or(stand, |(_, stand, _)| stand);
        // The operator takes its finalizers away only while it can: the custom resources go first.
        for kind in ["vaultstaticsecrets", "vaultauths", "vaultconnections"] {
            let kind = format!("{kind}.secrets.hashicorp.com");
            for namespace in stand.namespaces() {
                cluster.kubectl(&["delete", &kind, "--all", "-n", &namespace, "--timeout=60s"], "")?;
            }
        }
        Applied::of(cluster, stand).remove()
    });
    tier.end()
}

/// The same secret, asked for as a ServiceAccount that the role does not name.
fn stranger(cluster: &Cluster, stand: &Stand) -> Outcome<String> {
    let auth = stand.of_kind("VaultAuth").next().ok_or("no VaultAuth")?;
    let secret = stand.of_kind("VaultStaticSecret").next().ok_or("no VaultStaticSecret")?;
    let (mut auth, mut secret) = (auth.clone(), secret.clone());
    for object in [&mut auth, &mut secret] {
        object["metadata"]["name"] = json!("stranger");
    }
    auth["spec"]["kubernetes"]["serviceAccount"] = json!("default");
    secret["spec"]["vaultAuthRef"] = json!("stranger");
    secret["spec"]["destination"]["name"] = json!("stranger");
    let namespace = stand.namespace_of(&secret).to_owned();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [auth, secret]});
    cluster.kubectl_in(&namespace, &["apply", "-f", "-"], &list.to_string())?;
    // The server's refusal is seen first, so that "nothing" is an answer and not a delay.
    let refused = until(60, || {
        let events = cluster.get(&["events", "-n", &namespace])?;
        let of = |event: &&Value| event["involvedObject"]["name"] == "stranger" && event["type"] == "Warning";
        let messages: Vec<&str> = events["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(of)
            .filter_map(|event| event["message"].as_str())
            .collect();
        let refused =
            messages.iter().find(|message| message.contains("Code: 403") || message.contains("not authorized"));
        refused.map(|_| ()).ok_or_else(|| format!("no refusal among {messages:?}"))
    });
    let there = cluster.kubectl(&["get", "secret", "stranger", "-n", &namespace], "");
    refused?;
    match there {
        Ok(_) => Err("its Secret is there".to_owned()),
        Err(error) if error.contains("NotFound") => Ok("403, no Secret".to_owned()),
        Err(error) => Err(error),
    }
}

/// No value of Vault's is in any object but the Secrets, in an event, or in the operator's log.
fn leaks(cluster: &Cluster, stand: &Stand, values: &[(Value, Value)]) -> Outcome<String> {
    let kinds = "vaultstaticsecrets.secrets.hashicorp.com,vaultauths.secrets.hashicorp.com";
    let values = values.iter().flat_map(|(_, values)| values.as_object().unwrap().values());
    outside(cluster, stand, "vault-secrets-operator.log", kinds, values.map(|value| value.as_str().unwrap()))
}

/// Likewise, for an operator's log and its kinds.
pub fn outside<'a>(
    cluster: &Cluster,
    stand: &Stand,
    log: &str,
    kinds: &str,
    values: impl Iterator<Item = &'a str>,
) -> Outcome<String> {
    let mut text = cluster.file(log)?;
    for namespace in stand.namespaces() {
        let kinds = format!("all,configmaps,events,{kinds}");
        text += &cluster.kubectl(&["get", &kinds, "-n", &namespace, "-o", "yaml"], "")?;
    }
    let mut count = 0;
    for value in values {
        count += 1;
        if text.contains(value) {
            return Err("a value is outside the Secrets".to_owned());
        }
    }
    Ok(format!("{count} values in {} KiB", text.len() / 1024))
}

/// Every way to log in that a cluster alone offers.
pub const METHODS: [&str; 3] = ["kubernetes", "jwt", "appRole"];

/// Whether an overlay has secrets that Vault gives.
pub fn concerns(stand: &Stand) -> bool {
    stand.of_kind("VaultStaticSecret").next().is_some()
}
