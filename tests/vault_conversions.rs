//! `convert` of `VaultSecrets` keeps the meaning or refuses: what is never converted, labels and waves, names, makers, the
//! advice, SealedSecrets. `tests/conversions.rs` has the forms of placeholders.

use std::sync::Arc;

use crate::common::{Done, krmor, run, text as utf8};
use krmor::pipeline::Outcome;
use krmor::report::Severity;
use krmor::yaml;
use serde_json::{Value, json};

fn objects(text: &str) -> Vec<Value> {
    let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap();
    documents.iter().filter_map(|document| document.root().to_value()).collect()
}

fn kinds(done: &Done) -> Vec<String> {
    let title = |object: Value| {
        format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
    };
    objects(&done.text).into_iter().map(title).collect()
}

fn one(done: &Done, kind: &str) -> Value {
    let all: Vec<Value> = objects(&done.text).into_iter().filter(|object| object["kind"] == kind).collect();
    assert_eq!(all.len(), 1, "{kind} in\n{}", done.text);
    all[0].clone()
}

fn said(done: &Done) -> Vec<(&str, &str)> {
    done.report.findings.iter().map(|finding| (finding.rule.id, finding.message.as_str())).collect()
}

fn ids(done: &Done, severity: Severity) -> Vec<&str> {
    done.report.findings.iter().filter(|finding| finding.severity == severity).map(|finding| finding.rule.id).collect()
}

/// A run that succeeds, and whose output a second run leaves alone.
fn good(spec: &Value, input: &str) -> Done {
    let done = run("VaultSecrets", spec, input);
    assert_eq!(done.outcome, Outcome::Ok, "{:?}", said(&done));
    let again = run("VaultSecrets", spec, &done.text);
    assert_eq!((again.outcome, &again.text), (Outcome::Ok, &done.text), "a second run: {:?}", said(&again));
    done
}

fn vso() -> Value {
    json!({"provider": "vso", "convert": {}})
}

fn eso() -> Value {
    json!({"provider": "external-secrets", "store": {"name": "vault"}, "convert": {}})
}

fn secret(name: &str, rest: &str) -> String {
    format!("---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n{rest}")
}

#[test]
fn what_reaches_vault_is_never_converted() {
    let store = |kind: &str, auth: &str| {
        format!(
            "---\napiVersion: external-secrets.io/v1\nkind: {kind}\nmetadata: {{name: v}}\nspec: {{provider: {auth}}}\n"
        )
    };
    let vault = |kind: &str, spec: &str| {
        format!("---\napiVersion: secrets.hashicorp.com/v1beta1\nkind: {kind}\nmetadata: {{name: v}}\nspec: {spec}\n")
    };
    let takers = [
        store("SecretStore", "{vault: {auth: {tokenSecretRef: {name: login, key: token}}}}"),
        store("SecretStore", "{vault: {auth: {appRole: {roleId: r, secretRef: {name: login, key: id}}}}}"),
        store("SecretStore", "{vault: {auth: {appRole: {roleRef: {name: login, key: id}}}}}"),
        store("SecretStore", "{vault: {auth: {jwt: {secretRef: {name: login, key: jwt}}}}}"),
        store("SecretStore", "{vault: {auth: {cert: {clientCert: {name: login, key: tls.crt}}}}}"),
        store("SecretStore", "{vault: {auth: {ldap: {secretRef: {name: login, key: p}}}}}"),
        store("SecretStore", "{vault: {tls: {keySecretRef: {name: login, key: tls.key}}}}"),
        store("SecretStore", "{vault: {caProvider: {type: Secret, name: login, key: ca.crt}}}"),
        store("SecretStore", "{aws: {auth: {secretRef: {accessKeyIDSecretRef: {name: login, key: id}}}}}"),
        store("SecretStore", "{akeyless: {authSecretRef: {secretRef: {accessID: {name: login, key: id}}}}}"),
        store("SecretStore", "{webhook: {secrets: [{name: auth, secretRef: {name: login}}]}}"),
        store("SecretStore", "{conjur: {auth: {apikey: {userRef: {name: login, key: u}}}}}"),
        store("ClusterSecretStore", "{vault: {auth: {tokenSecretRef: {name: login, namespace: default, key: token}}}}"),
        vault("VaultAuth", "{method: appRole, appRole: {roleId: r, secretRef: login}}"),
        vault("VaultAuth", "{method: jwt, jwt: {role: r, secretRef: login}}"),
        vault("VaultAuthGlobal", "{appRole: {roleId: r, secretRef: login}}"),
        vault("VaultConnection", "{address: 'https://v', caCertSecretRef: login}"),
        vault("HCPAuth", "{servicePrincipal: {secretRef: login}}"),
        "---\napiVersion: generators.external-secrets.io/v1alpha1\nkind: VaultDynamicSecret\nmetadata: {name: v}\nspec: {provider: {auth: {tokenSecretRef: {name: login, key: t}}}}\n".to_owned(),
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: p}], volumes: [{name: v, csi: {driver: secrets-store.csi.k8s.io, nodePublishSecretRef: {name: login}}}]}\n".to_owned(),
    ];
    let secrets = secret("login", "stringData: {id: a}\n") + &secret("other", "stringData: {id: a}\n");
    for taker in &takers {
        for spec in [vso(), eso()] {
            let done = good(&spec, &format!("{secrets}{taker}"));
            let kinds = kinds(&done);
            assert!(
                kinds.contains(&"Secret login".to_owned()) && !kinds.contains(&"Secret other".to_owned()),
                "{taker}"
            );
            assert_eq!(ids(&done, Severity::Warning), ["login-secret"], "{taker}");
        }
        let filled = secret("login", "stringData: {id: '<path:secret/data/login#id>'}\n");
        let done = run("VaultSecrets", &vso(), &format!("{filled}{taker}"));
        assert_eq!((done.outcome, ids(&done, Severity::Error)), (Outcome::Findings, vec!["placeholder"]), "{taker}");
    }
    let no_takers = [
        store("SecretStore", "{vault: {auth: {kubernetes: {role: login, serviceAccountRef: {name: login}}}}}"),
        store("SecretStore", "{vault: {caProvider: {type: ConfigMap, name: login, key: ca.crt}}}"),
        store("SecretStore", "{vault: {auth: {tokenSecretRef: {name: login, namespace: elsewhere, key: token}}}}"),
        vault("VaultAuth", "{method: kubernetes, kubernetes: {role: login, serviceAccount: login}}"),
    ];
    for taker in &no_takers {
        let done = good(&vso(), &format!("{secrets}{taker}"));
        assert!(!kinds(&done).iter().any(|kind| kind.starts_with("Secret ")), "{taker}");
    }
    // The config's own.
    let connection = json!({"address": "https://v", "caSecret": "login"});
    let own = [
        json!({"provider": "vso", "connection": connection, "auth": {"kubernetes": {"role": "r"}}, "convert": {}}),
        json!({"provider": "vso", "auth": {"appRole": {"roleId": "r", "secret": "login"}}, "convert": {}}),
        json!({"provider": "vso", "auth": {"jwt": {"role": "r", "secret": "login"}}, "convert": {}}),
        json!({"provider": "vso", "auth": {"aws": {"role": "r", "secret": "login"}}, "convert": {}}),
    ];
    for spec in own {
        let done = good(&spec, &secrets);
        assert!(kinds(&done).contains(&"Secret login".to_owned()), "{spec}");
        assert_eq!(ids(&done, Severity::Warning), ["login-secret"], "{spec}");
    }
}

#[test]
fn what_the_cluster_fills_stays_and_what_is_encrypted_is_refused() {
    let filled = [
        secret("s", "type: kubernetes.io/service-account-token\nstringData: {token: a}\n"),
        secret("s", "data: {token: ''}\n"),
        secret("s", "data: {token: null}\nstringData: {ca.crt: ''}\n"),
        secret("s", "type: Opaque\n"),
    ];
    for input in filled {
        let spec = json!({"provider": "vso", "convert": {"types": ["Opaque", "kubernetes.io/service-account-token"]}});
        assert_eq!(good(&spec, &input).text, input);
    }
    let encrypted = [
        secret("s", "data: {token: 'ENC[AES256_GCM,data:x,type:str]'}\nsops: {mac: x}\n"),
        secret("s", "stringData: {token: 'ENC[AES256_GCM,data:x,type:str]'}\n"),
    ];
    for input in encrypted {
        let done = run("VaultSecrets", &vso(), &input);
        assert_eq!((done.outcome, ids(&done, Severity::Error)), (Outcome::Findings, vec!["encrypted"]));
        assert_eq!(done.text, input);
        let excluded = json!({"provider": "vso", "convert": {}, "exclude": [{"name": "s"}]});
        assert_eq!(good(&excluded, &input).text, input);
    }
}

#[test]
fn labels_and_waves_go_where_they_mean_something() {
    let input = secret(
        "repo",
        "  labels: {argocd.argoproj.io/secret-type: repository, app.kubernetes.io/name: x, 'a': 'b{{c'}\n  annotations:\n    managed-by: team\n    note: '{{ x }}'\n    argocd.argoproj.io/sync-wave: '-1'\n    argocd.argoproj.io/hook: PreSync\n    kustomize.toolkit.fluxcd.io/prune: disabled\n    internal.config.kubernetes.io/previousNames: repo\n    kubectl.kubernetes.io/last-applied-configuration: '{}'\n    avp.kubernetes.io/path: secret/data/repo\ntype: kubernetes.io/basic-auth\nstringData: {username: <user>, password: <password>, url: 'https://example.com/a.git'}\n",
    );
    let on_object = json!({
        "argocd.argoproj.io/sync-wave": "-1", "argocd.argoproj.io/hook": "PreSync", "kustomize.toolkit.fluxcd.io/prune": "disabled",
    });
    let done = good(&vso(), &input);
    let made = one(&done, "VaultStaticSecret");
    assert_eq!(made["metadata"]["annotations"], on_object);
    let destination = &made["spec"]["destination"];
    assert_eq!(destination["labels"], json!({"argocd.argoproj.io/secret-type": "repository", "a": "b{{c"}));
    assert_eq!(destination["annotations"], json!({"managed-by": "team", "note": "{{ x }}"}));
    assert_eq!(destination["type"], "kubernetes.io/basic-auth");
    assert_eq!(destination["transformation"]["templates"]["url"], json!({"text": "https://example.com/a.git"}));
    assert_eq!(ids(&done, Severity::Warning), ["not-kept"], "the operator's own label");
    assert_eq!(ids(&done, Severity::Info), ["literal"]);

    let done = good(&eso(), &input);
    let made = one(&done, "ExternalSecret");
    assert_eq!((&made["apiVersion"], &made["metadata"]["annotations"]), (&json!("external-secrets.io/v1"), &on_object));
    let template = &made["spec"]["target"]["template"];
    // The operator reads them as templates.
    let labels = json!({
        "argocd.argoproj.io/secret-type": "repository", "app.kubernetes.io/name": "x", "a": "b{{ \"{{\" }}c",
    });
    assert_eq!(template["metadata"]["labels"], labels);
    assert_eq!(template["metadata"]["annotations"], json!({"managed-by": "team", "note": "{{ \"{{\" }} x }}"}));
    assert_eq!((&template["type"], &template["mergePolicy"]), (&json!("kubernetes.io/basic-auth"), &json!("Replace")));

    // Without a template, that operator would copy what its own object has.
    let bare = secret("s", "  annotations: {argocd.argoproj.io/sync-wave: '1'}\nstringData: {a: x}\n");
    let made = one(&good(&eso(), &bare), "ExternalSecret");
    assert_eq!(made["spec"]["target"]["template"], json!({"engineVersion": "v2", "mergePolicy": "Replace"}));
}

#[test]
fn what_a_provider_cannot_say_of_a_secret_is_refused() {
    let immutable = secret("s", "immutable: true\nstringData: {a: x}\n");
    assert_eq!(one(&good(&eso(), &immutable), "ExternalSecret")["spec"]["target"]["immutable"], true);
    let finalizer = secret("s", "  finalizers: [a/b]\nstringData: {a: x}\n");
    let owner = secret("s", "  ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]\nstringData: {a: x}\n");
    let cases = [(vso(), &immutable), (vso(), &finalizer), (eso(), &finalizer), (eso(), &owner)];
    for (spec, input) in cases {
        let done = run("VaultSecrets", &spec, input);
        assert_eq!((done.outcome, ids(&done, Severity::Error)), (Outcome::Findings, vec!["not-kept"]), "{input}");
    }
    let harmless = secret("s", "  creationTimestamp: null\n  finalizers: []\nimmutable: false\nstringData: {a: x}\n");
    good(&vso(), &harmless);
}

#[test]
fn a_secret_has_one_maker() {
    let makers = [
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {a: x}}\n",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: e}\nspec: {target: {name: s}, data: []}\n",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: s}\nspec: {target: {creationPolicy: Merge}}\n",
        "apiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultStaticSecret\nmetadata: {name: v}\nspec: {mount: m, type: kv-v2, path: p, destination: {name: s, create: true}}\n",
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\nspec: {secretName: s, issuerRef: {name: i, kind: ClusterIssuer}}\n",
        "apiVersion: secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass\nmetadata: {name: c}\nspec: {provider: vault, secretObjects: [{secretName: s, type: Opaque, data: []}]}\n",
        "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaUser\nmetadata: {name: s}\n",
    ];
    for maker in makers {
        for spec in [vso(), eso()] {
            let input = format!("{}---\n{maker}", secret("s", "stringData: {a: x}\n"));
            let done = run("VaultSecrets", &spec, &input);
            assert_eq!((done.outcome, ids(&done, Severity::Error)), (Outcome::Findings, vec!["two-makers"]), "{maker}");
            assert_eq!(done.text, input);
        }
        // What the config declares is a maker too, unless the object is the one that is completed.
        let declared = json!({"provider": "vso", "secrets": [{"name": "s", "kv": {"path": "p", "mount": "m"}}]});
        let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: p}]}\n";
        let done = run("VaultSecrets", &declared, &format!("{pod}---\n{maker}"));
        let own = maker.contains("VaultStaticSecret");
        assert_eq!(ids(&done, Severity::Error).contains(&"two-makers"), !own, "{maker}: {:?}", said(&done));
    }
    let elsewhere = makers[0].replace("{name: s}", "{name: s, namespace: other}");
    good(&vso(), &format!("{}---\n{elsewhere}", secret("s", "stringData: {a: x}\n")));
    // A variable's Secret is named after its place, and such a Secret may be there.
    let variable = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: p, env: [{name: A, value: '<path:secret/data/s#k>'}]}]}\n";
    let excluded = json!({"provider": "vso", "convert": {}, "exclude": [{"kind": "Secret"}]});
    let done = run("VaultSecrets", &excluded, &format!("{variable}{}", secret("secret.s", "stringData: {a: x}\n")));
    assert!(ids(&done, Severity::Error).contains(&"variable-secret"), "{:?}", said(&done));
}

const PREVIOUS: &str = "  namespace: two\n  annotations:\n    internal.config.kubernetes.io/previousNames: auth\n    internal.config.kubernetes.io/previousNamespaces: one\n    internal.config.kubernetes.io/prefixes: pre-\n";

#[test]
fn names_and_namespaces_in_one_text_are_corrected() {
    let input = |text: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  namespace: two\n  annotations:\n    nginx.ingress.kubernetes.io/auth-secret: {text}\n{}",
            secret("pre-auth", &format!("{PREVIOUS}stringData: {{auth: x}}\n"))
        )
    };
    for (text, wanted) in [("auth", "pre-auth"), ("one/auth", "two/pre-auth"), ("two/auth", "two/pre-auth")] {
        let made = one(&good(&vso(), &input(text)), "Ingress");
        assert_eq!(made["metadata"]["annotations"]["nginx.ingress.kubernetes.io/auth-secret"], wanted, "{text}");
    }
    // A field of a namespace beside the name.
    let gateway = format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: g, namespace: edge}}\nspec: {{gatewayClassName: c, listeners: [{{name: l, port: 443, protocol: HTTPS, tls: {{certificateRefs: [{{name: auth, namespace: one}}]}}}}]}}\n{}",
        secret("pre-auth", &format!("{PREVIOUS}stringData: {{auth: x}}\n"))
    );
    let made = one(&good(&vso(), &gateway), "Gateway");
    assert_eq!(
        made["spec"]["listeners"][0]["tls"]["certificateRefs"][0],
        json!({"name": "pre-auth", "namespace": "two"})
    );
}

#[test]
fn names_that_nobody_would_correct_are_said() {
    let renamed = secret("pre-auth", &format!("{PREVIOUS}stringData: {{auth: x}}\n"));
    let left = [
        // A user's own `nameReference` may have known these.
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a, namespace: two}\nspec: {credentialsSecret: auth}\n",
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a, namespace: two}\nspec: {login: {name: auth}}\n",
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a, namespace: two}\nspec: {loginRef: auth}\n",
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a, namespace: two}\nspec: {secrets: [one/auth]}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: two}\nspec: {containers: [{name: p, image: p, env: [{name: TOKEN_SECRET, value: auth}]}]}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: two}\nspec: {containers: [{name: p, image: p, args: [--tls-secret=auth]}]}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: two}\ndata: {c.yaml: \"a: b\\nsecretName: auth\\n\"}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: two, annotations: {example.com/auth-secret: one/auth}}\n",
    ];
    for object in left {
        let input = format!("{object}{renamed}");
        let done = run("VaultSecrets", &vso(), &input);
        assert_eq!((done.outcome, ids(&done, Severity::Error)), (Outcome::Findings, vec!["left-name"]), "{object}");
        assert!(done.report.findings.iter().any(|finding| finding.object().is_some()), "it says where");
        let mut meant = vso();
        meant["exceptions"] =
            json!([{"target": {"kind": ".*"}, "rules": ["left-name"], "reason": "it means no Secret"}]);
        assert_eq!(run("VaultSecrets", &meant, &input).outcome, Outcome::Ok, "{object}");
        let mut softer = vso();
        softer["severities"] = json!({"left-name": "warning"});
        assert_eq!(run("VaultSecrets", &softer, &input).outcome, Outcome::Ok, "{object}");
        // Without a prefix the name is right.
        let plain = secret("auth", "  namespace: two\nstringData: {auth: x}\n");
        assert_eq!(run("VaultSecrets", &vso(), &format!("{object}{plain}")).outcome, Outcome::Ok, "{object}");
    }
    let fine = [
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: auth, namespace: two, labels: {app: auth}}\nspec: {selector: {app: auth}, image: auth}\n",
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a, namespace: two}\nspec: {service: {kind: Service, name: auth}}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: two}\nspec: {containers: [{name: auth, image: auth, env: [{name: DB, value: auth}]}]}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: auth, namespace: two}\ndata: {auth: auth}\n",
        "apiVersion: example.com/v1\nkind: App\nmetadata: {name: a, namespace: three}\nspec: {credentialsSecret: auth}\n",
    ];
    for object in fine {
        let done = run("VaultSecrets", &vso(), &format!("{object}{renamed}"));
        assert_eq!(done.outcome, Outcome::Ok, "{object}: {:?}", said(&done));
    }
}

#[test]
fn a_row_of_the_config_corrects_the_name() {
    let input = format!(
        "apiVersion: example.com/v1\nkind: App\nmetadata: {{name: a, namespace: two}}\nspec: {{credentialsSecret: auth}}\n{}",
        secret("pre-auth", &format!("{PREVIOUS}stringData: {{auth: x}}\n"))
    );
    let spec = json!({
        "references": [{"group": "example.com", "kind": "App", "path": "spec.credentialsSecret", "to": {"kind": "Secret"}}],
        "functions": {"vault": {"kind": "VaultSecrets", "spec": vso()}},
    });
    let done = run("Pipeline", &spec, &input);
    assert_eq!(done.outcome, Outcome::Ok, "{:?}", said(&done));
    assert_eq!(one(&done, "App")["spec"]["credentialsSecret"], "pre-auth");
}

#[test]
fn advice_never_erases_other_keys() {
    let advice = |spec: &Value, input: &str| -> Vec<(String, String)> {
        let done = good(spec, input);
        let found = done.report.findings.iter().filter(|finding| finding.rule.id == "write-to-vault");
        let split = |message: &str| message.split_once(": ").unwrap().1.to_owned();
        found.map(|finding| (split(&finding.message), finding.remedy.clone().unwrap())).collect()
    };
    let mixed = secret("s", "stringData: {password: x, user: '<path:secret/data/app#user>'}\n");
    assert_eq!(advice(&vso(), &mixed)[0].0, "vault kv patch -mount=secret app password=");
    // The other key is another Secret's.
    let mut spec = vso();
    spec["convert"]["path"] = json!("app");
    let others = secret("a", "stringData: {a: x}\n") + &secret("b", "stringData: {b: '<path:secret/data/app#b>'}\n");
    assert_eq!(advice(&spec, &others)[0].0, "vault kv patch -mount=secret app a=");
    // Engine version 1 has no `patch`.
    spec["convert"]["engine"] = json!(1);
    let (command, remedy) = advice(&spec, &others.replace("secret/data/app", "secret/app")).remove(0);
    assert_eq!(command, "vault kv put -mount=secret app a=");
    assert!(remedy.contains("replaces all keys") && remedy.contains("`b`"), "{remedy}");
    // Nothing else is known to be there, and that is said.
    let (command, remedy) = advice(&vso(), &secret("s", "stringData: {a: x}\ndata: {b: /w==}\n")).remove(0);
    assert_eq!(command, "vault kv put -mount=secret s a= b=");
    assert!(remedy.contains("in base64: `b`") && remedy.contains("`put` replaces all keys"), "{remedy}");
}

#[test]
fn text_beside_placeholders_stays_unless_it_may_be_secret() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\\nx\\n";
    let values = format!(
        "stringData:\n  url: https://example.com\n  type: git\n  db: postgres://a:b@c\n  password: x\n  file: \"{key}\"\n  user: <path:secret/data/app#user>\n"
    );
    for (spec, kind, templates) in [
        (vso(), "VaultStaticSecret", "/spec/destination/transformation/templates"),
        (eso(), "ExternalSecret", "/spec/target/template/data"),
    ] {
        let done = good(&spec, &secret("s", &values));
        let made = one(&done, kind);
        let kept = made.pointer(templates).unwrap().as_object().unwrap();
        let text =
            |name: &str| kept.get(name).map(|value| value.get("text").unwrap_or(value).as_str().unwrap().to_owned());
        assert_eq!((text("url").as_deref(), text("type").as_deref()), (Some("https://example.com"), Some("git")));
        assert!(!done.text.contains("postgres://a:b@c") && !done.text.contains("PRIVATE KEY"), "{}", done.text);
        let list = said(&done).into_iter().find(|(rule, _)| *rule == "write-to-vault").unwrap().1.to_owned();
        assert!(list.ends_with("vault kv patch -mount=secret app db= file= password="), "{list}");
        // A view shows no text that stood in a Secret.
        let views = format!("{:?}", done.report.findings.iter().map(krmor::krm::message).collect::<Vec<_>>());
        assert!(!views.contains("example.com") && !views.contains("a:b@c"), "{views}");
    }
}

#[test]
fn sealed_secrets_convert_by_their_keys_when_asked() {
    let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: db\n  namespace: ns\n  annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true', argocd.argoproj.io/sync-wave: '-1'}\nspec:\n  encryptedData: {user: AgA, pass: AgB, tls.crt: AgC, gone: AgD}\n  template:\n    type: kubernetes.io/basic-auth\n    metadata:\n      labels: {team: a}\n      annotations: {sealedsecrets.bitnami.com/managed: 'true', note: b}\n      creationTimestamp: null\n    data: {url: 'x://{{ .user }}:{{ index . \"pass\" }}@db/{', gone: null, kind: plain}\n";
    let input = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: ns}}\nspec: {{containers: [{{name: p, image: p, envFrom: [{{secretRef: {{name: db}}}}]}}]}}\n---\n{sealed}"
    );
    assert_eq!(good(&vso(), &input).text, input, "not unless asked");
    let mut spec = vso();
    spec["convert"] = json!({"sealedSecrets": true, "path": "team/{name}"});
    let done = good(&spec, &input);
    assert_eq!(kinds(&done), ["Pod p", "VaultStaticSecret db"]);
    let made = one(&done, "VaultStaticSecret");
    assert_eq!(made["metadata"]["annotations"], json!({"argocd.argoproj.io/sync-wave": "-1"}));
    let wanted = json!({
        "name": "db", "create": true, "overwrite": true, "labels": {"team": "a"}, "annotations": {"note": "b"},
        "type": "kubernetes.io/basic-auth",
        "transformation": {
            "excludeRaw": true,
            "excludes": [".*"],
            "templates": {
                "pass": {"text": "{{ index (pluck \"pass\" .Secrets) 0 }}"},
                "tls.crt": {"text": "{{ index (pluck \"tls.crt\" .Secrets) 0 }}"},
                "user": {"text": "{{ index (pluck \"user\" .Secrets) 0 }}"},
                "kind": {"text": "plain"},
                "url": {"text": "x://{{ index (pluck \"user\" .Secrets) 0 }}:{{ index (pluck \"pass\" .Secrets) 0 }}@db/{{ \"{\" }}"},
            },
        },
    });
    assert_eq!(made["spec"]["destination"], wanted);
    let list = said(&done).into_iter().find(|(rule, _)| *rule == "write-to-vault").unwrap().1.to_owned();
    assert!(list.ends_with("vault kv put -mount=secret team/db gone= pass= tls.crt= user="), "{list}");
    let mut spec = eso();
    spec["convert"]["sealedSecrets"] = json!(true);
    let made = one(&good(&spec, &input), "ExternalSecret");
    assert_eq!(made["spec"]["target"]["template"]["data"]["tls.crt"], "{{ index . \"tls.crt\" }}");
    let whole = sealed.replace("encryptedData: {user", "data: AgB\n  encryptedData: {user");
    let done = run("VaultSecrets", &spec, &whole);
    assert_eq!(ids(&done, Severity::Error), ["not-kept"]);
}

/// What an entry of `secrets` says of a converted Secret, and what its placeholders say.
#[test]
fn an_entry_and_placeholders_must_agree() {
    let entry = |keys: Value| {
        let mut entry = json!({"name": "s", "kv": {"path": "app"}, "as": "none"});
        if !keys.is_null() {
            entry["keys"] = keys;
        }
        json!({"provider": "vso", "convert": {}, "secrets": [entry]})
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: p, image: p}]}\n";
    let input =
        format!("{pod}{}", secret("s", "stringData: {a: '<path:secret/data/app#x>', b: '<path:secret/data/app#b>'}\n"));
    let templates =
        |done: &Done| one(done, "VaultStaticSecret")["spec"]["destination"]["transformation"]["templates"].clone();
    let x = json!({"text": "{{ index (pluck \"x\" .Secrets) 0 }}"});
    assert_eq!(templates(&good(&entry(json!({"a": "x", "b": "b"})), &input)), json!({"a": x}));
    // What the entry does not say would be lost in a later run, which does not see the Secret.
    for keys in [Value::Null, json!(["b"]), json!({"a": "x"}), json!({"a": "y", "b": "b"})] {
        let done = run("VaultSecrets", &entry(keys.clone()), &input);
        assert_eq!(ids(&done, Severity::Error)[0], "keys", "{keys}");
    }
    let elsewhere = input.replace("secret/data/app", "secret/data/other");
    let done = run("VaultSecrets", &entry(Value::Null), &elsewhere);
    assert_eq!(ids(&done, Severity::Error)[0], "several-paths");
    let all = format!("{pod}{}", secret("s", "stringData: {a: '<path:secret/data/app#a>', b: x}\n"));
    let done = good(&entry(Value::Null), &all);
    let advice = "vault kv patch -mount=secret app b=";
    assert!(said(&done).iter().any(|(_, message)| message.ends_with(advice)), "{:?}", said(&done));
}

#[test]
fn placeholders_of_others_are_left_alone() {
    let input = secret("s", "stringData: {a: '<path:secret/data/app#x>'}\n");
    let spec = json!({"provider": "vso", "convert": {"placeholders": false}});
    assert_eq!(good(&spec, &input).text, input, "somebody else fills them in");
    let ignored = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {avp.kubernetes.io/ignore: 'true'}}\ndata: {a: '<path:secret/data/app#x>'}\n";
    assert_eq!(good(&vso(), ignored).text, ignored);
}

#[test]
fn what_logs_in_is_applied_before_what_it_serves() {
    let waved = |wave: &str| {
        secret("s", &format!("  annotations: {{argocd.argoproj.io/sync-wave: '{wave}'}}\nstringData: {{a: x}}\n"))
    };
    let with_auth = [
        (
            json!({"provider": "vso", "connection": {"address": "https://v"}, "auth": {"kubernetes": {"role": "r"}}, "convert": {}}),
            "VaultAuth",
        ),
        (
            json!({"provider": "external-secrets", "connection": {"address": "https://v"}, "auth": {"kubernetes": {"role": "r"}}, "convert": {}}),
            "SecretStore",
        ),
    ];
    for (spec, kind) in &with_auth {
        for (wave, wanted) in [("-2", json!({"argocd.argoproj.io/sync-wave": "-2"})), ("3", Value::Null)] {
            let made = one(&good(spec, &waved(wave)), kind);
            assert_eq!(made["metadata"].get("annotations").cloned().unwrap_or_default(), wanted, "{kind} {wave}");
        }
        let hook = secret("s", "  annotations: {argocd.argoproj.io/hook: PreSync}\nstringData: {a: x}\n");
        let done = run("VaultSecrets", spec, &hook);
        assert_eq!((done.outcome, ids(&done, Severity::Error)), (Outcome::Findings, vec!["not-kept"]));
        // Where the login is there already, the hook is the Secret's own matter.
        good(&eso(), &hook);
    }
    let both = secret("a", "stringData: {a: '<path:secret/data/app#k>'}\n")
        + &secret("b", "  annotations: {avp.kubernetes.io/kv-version: '1'}\nstringData: {b: '<path:secret/app#k>'}\n");
    assert_eq!(run("VaultSecrets", &with_auth[0].0, &both).outcome, Outcome::Ok);
    let done = run("VaultSecrets", &with_auth[1].0, &both);
    assert_eq!((done.outcome, ids(&done, Severity::Error)), (Outcome::Findings, vec!["several-paths"]));
}

#[test]
fn explain_says_what_a_conversion_keeps() {
    let out = krmor().args(["explain", "VaultSecrets.convert"]).output().unwrap();
    let shown = utf8(&out.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for part in
        ["A conversion keeps what a Secret means", "Kept:", "Never converted:", "docs/conversions.md", "sealedSecrets"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn variables_of_two_versions_get_two_secrets() {
    let pod = |env: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: p, image: p, env: [{env}]}}]}}\n"
        )
    };
    let input = pod("{name: A, value: '<path:secret/data/app#k>'}, {name: B, value: '<path:secret/data/app#k#2>'}");
    let done = good(&vso(), &input);
    assert_eq!(kinds(&done), ["Pod p", "VaultStaticSecret secret.app", "VaultStaticSecret secret.app-v2"]);
    // Two mounts with one path are no one Secret, nor are parts that a `-` joins.
    let variable = |at: usize, path: &str| format!("{{name: V{at}, value: '<path:{path}#k>'}}");
    let paths = ["secret/data/app", "kv/data/app", "secret/data/a/b-c", "secret/data/a-b/c", "team/kv/data/x_Y"];
    let all: Vec<String> = paths.iter().enumerate().map(|(at, path)| variable(at, path)).collect();
    let done = good(&vso(), &pod(&all.join(", ")));
    let mut wanted = ["secret.app", "kv.app", "secret.a.b-c", "secret.a-b.c", "team.kv.x-y"]
        .map(|name| format!("VaultStaticSecret {name}"));
    wanted.sort();
    let mut found = kinds(&done)[1..].to_vec();
    found.sort();
    assert_eq!(found, wanted);
    // Where two places have one name all the same, that is an error with a way out.
    let two = pod(&[variable(0, "secret/data/x_y"), variable(1, "secret/data/x-y")].join(", "));
    let done = run("VaultSecrets", &vso(), &two);
    assert_eq!(ids(&done, Severity::Error), ["several-paths"]);
    let found = done.report.findings.iter().find(|finding| finding.rule.id == "several-paths").unwrap();
    assert!(found.remedy.as_ref().unwrap().contains("`variableSecret`"), "{:?}", found.remedy);
}

/// A person names the Secrets of variables where the name is taken, by another maker or another stream.
#[test]
fn the_secrets_of_variables_can_be_named() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: p, image: p, env: [{name: A, value: '<path:secret/data/app#k#2>'}]}]}\n";
    let named = |pattern: &str| json!({"provider": "vso", "convert": {"variableSecret": pattern}});
    for (pattern, name) in [
        ("{workload}-{path}", "web-app"),
        ("vars.{mount}.{path}{version}", "vars.secret.app-v2"),
        ("{workload}", "web"),
    ] {
        assert_eq!(kinds(&good(&named(pattern), pod)), ["Pod web".to_owned(), format!("VaultStaticSecret {name}")]);
    }
    let taken = "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: secret.app-v2}\nspec: {encryptedData: {k: x}}\n";
    let done = run("VaultSecrets", &vso(), &format!("{pod}{taken}"));
    assert_eq!(ids(&done, Severity::Error), ["variable-secret"], "{:?}", said(&done));
    good(&named("{workload}.{path}"), &format!("{pod}{taken}"));
    for bad in ["plain", "{other}", "-{path}", "A{path}", "{path}_x", ""] {
        let done = run("VaultSecrets", &named(bad), pod);
        assert_ne!(ids(&done, Severity::Error), [""; 0], "{bad}");
    }
}

/// Who takes all of a Secret gets no key more than before.
#[test]
fn a_secret_that_is_taken_as_a_whole_gains_no_key() {
    let input = |path: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: p, image: p, envFrom: [{{secretRef: {{name: app}}}}], env: [{{name: A, value: '<path:secret/data/app#{path}>'}}]}}]}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: app}}\nstringData: {{a: '<path:secret/data/app#a>'}}\n"
        )
    };
    let same = json!({"provider": "vso", "convert": {"variableSecret": "{path}"}});
    let done = run("VaultSecrets", &same, &input("b"));
    assert_eq!(ids(&done, Severity::Error), ["extra-key"], "{:?}", said(&done));
    // The key is there already; by default the two have two names.
    good(&same, &input("a"));
    good(&vso(), &input("b"));
    // An entry without keys takes what Vault has.
    let all =
        json!({"provider": "vso", "convert": {}, "secrets": [{"name": "app", "kv": {"path": "app"}, "as": "none"}]});
    let done = run("VaultSecrets", &all, &input("b"));
    assert_eq!(ids(&done, Severity::Info).iter().filter(|id| **id == "extra-key").count(), 1, "{:?}", said(&done));
}

#[test]
fn a_key_that_kubernetes_refuses_is_refused() {
    let bad = secret("s", "stringData: {'a b': canary-1}\n");
    for spec in [vso(), eso()] {
        let done = run("VaultSecrets", &spec, &bad);
        assert_eq!(ids(&done, Severity::Error), ["bad-key"], "{:?}", said(&done));
    }
}

/// Two values in one place of Vault: each would read what the other needs.
#[test]
fn two_values_have_two_places() {
    let secret = |namespace: &str, value: &str| {
        secret("db", &format!("  namespace: {namespace}\nstringData: {{password: {value}}}\n"))
    };
    for spec in [vso(), eso()] {
        let done = run("VaultSecrets", &spec, &(secret("dev", "canary-1") + &secret("prod", "canary-2")));
        assert_eq!(ids(&done, Severity::Error), ["one-place"], "{:?}", said(&done));
        assert!(!format!("{:?}", said(&done)).contains("canary"));
        // The same value may be in two namespaces.
        let same = run("VaultSecrets", &spec, &(secret("dev", "canary-1") + &secret("prod", "canary-1")));
        assert_eq!(ids(&same, Severity::Error), [""; 0], "{:?}", said(&same));
        let mut apart = spec.clone();
        apart["convert"]["path"] = json!("{namespace}/{name}");
        let apart = run("VaultSecrets", &apart, &(secret("dev", "canary-1") + &secret("prod", "canary-2")));
        assert_eq!(ids(&apart, Severity::Error), [""; 0], "{:?}", said(&apart));
        // A placeholder says that the key is in Vault already.
        let pod = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: dev}\nspec: {containers: [{name: c, image: i, env: [{name: A, value: '<path:secret/data/db#password>'}]}]}\n";
        let done = run("VaultSecrets", &spec, &(secret("dev", "canary-1") + pod));
        assert_eq!(ids(&done, Severity::Error), ["one-place"], "{:?}", said(&done));
    }
}

#[test]
fn a_secret_without_a_fixed_name_does_not_pass() {
    let nameless = "apiVersion: v1\nkind: Secret\nmetadata: {generateName: db-}\nstringData: {k: canary-1}\n";
    assert_eq!(ids(&run("VaultSecrets", &eso(), nameless), Severity::Error), ["plaintext"]);
    let mut excluded = eso();
    excluded["exclude"] = json!([{"kind": "Secret"}]);
    assert_eq!(ids(&run("VaultSecrets", &excluded, nameless), Severity::Error), [""; 0]);
}
