//! A public application full of Secrets, Argo Workflows as its authors install it to try, converted by `VaultSecrets`: no
//! value is left, each key is on the checklist, and who used a Secret finds its keys as before.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::{Done, public, run};
use krmor::krm;
use krmor::pipeline::Outcome;
use krmor::stream::Stream;
use krmor::text as texts;
use krmor::yaml;
use serde_json::{Value, json};

/// The installation with MySQL, and a workload of ours that uses every Secret of it in every way.
fn app() -> String {
    let install =
        public("secrets").into_iter().find(|path| path.ends_with("manifests/quick-start-mysql.yaml")).unwrap();
    let app = std::fs::read_to_string(install).unwrap();
    let (mut env, mut from, mut volumes, mut mounts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, keys) in secrets(&app) {
        let volume = name.replace('.', "-");
        from.push(json!({"prefix": format!("{}_", volume.replace('-', "_")), "secretRef": {"name": name}}));
        volumes.push(json!({"name": volume, "secret": {"secretName": name}}));
        mounts.push(json!({"name": volume, "mountPath": format!("/run/{volume}")}));
        for (key, _) in keys {
            let variable = format!("{name}_{key}").replace(['-', '.'], "_").to_uppercase();
            env.push(json!({"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}}));
        }
    }
    let container =
        json!({"name": "user", "image": "example.com/user:1", "env": env, "envFrom": from, "volumeMounts": mounts});
    let user = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "user"},
        "spec": {
            "selector": {"matchLabels": {"app": "user"}},
            "template": {
                "metadata": {"labels": {"app": "user"}},
                "spec": {"containers": [container], "volumes": volumes},
            },
        },
    });
    format!("{app}---\n{user}\n")
}

fn objects(text: &str) -> Vec<Value> {
    let documents = yaml::parse(&Arc::new(text.to_owned())).unwrap();
    documents.iter().filter_map(|document| document.root().to_value()).collect()
}

/// The Opaque Secrets that have values: names, keys and values.
fn secrets(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let opaque =
        |object: &Value| object["kind"] == "Secret" && matches!(object["type"].as_str(), None | Some("Opaque"));
    let of = |object: Value| {
        let entries = ["data", "stringData"].into_iter().filter_map(|field| object[field].as_object());
        let texts = entries.flatten().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()));
        (object["metadata"]["name"].as_str().unwrap().to_owned(), texts.collect::<Vec<_>>())
    };
    objects(text).into_iter().filter(opaque).map(of).filter(|(_, keys)| !keys.is_empty()).collect()
}

/// The lines of values that stand nowhere else in the manifests: not `admin`, nor a name of an object.
fn telling(text: &str) -> BTreeSet<String> {
    let others = text.split("\n---\n").filter(|document| !document.contains("kind: Secret\n")).collect::<String>();
    let values = secrets(text).into_iter().flat_map(|(_, keys)| keys).map(|(_, value)| value);
    let lines = values.flat_map(|value| value.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>());
    lines.filter(|line| line.len() > 5 && !others.contains(line)).collect()
}

fn providers() -> [(&'static str, Value); 3] {
    let auth = json!({"kubernetes": {"role": "argo"}});
    [
        ("VaultStaticSecret", json!({"provider": "vso", "auth": auth, "convert": {}})),
        ("ExternalSecret", json!({"provider": "external-secrets", "store": {"name": "vault"}, "convert": {}})),
        ("SecretProviderClass", json!({"provider": "csi", "auth": auth, "convert": {}})),
    ]
}

/// All that is said of a run.
fn said(spec: &Value, input: &str) -> String {
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let config =
        json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "VaultSecrets", "metadata": {"name": "v"}, "spec": spec});
    let config = yaml::parse(&Arc::new(config.to_string())).unwrap();
    let mut report = krmor::report::Report::default();
    match krmor::config::read(config[0].root(), None) {
        Ok(pipeline) => drop(pipeline.run(&mut stream, &mut report)),
        Err(problems) => report = crate::common::refused(problems),
    }
    let results = Value::Array(krm::results(&stream, &report));
    format!("{}{}{results}", texts::report(&stream, &report), texts::as_json(&stream, &report))
}

/// What `Checks` says of references.
fn dangling(text: &str) -> BTreeSet<String> {
    let Done { report, .. } = run("Checks", &json!({"podSecurity": {"level": "privileged"}}), text);
    let found = report.findings.iter().filter(|finding| finding.rule.id.starts_with("references/"));
    found.map(|finding| format!("{}: {}", finding.rule.id, finding.message)).collect()
}

#[test]
fn a_real_application_keeps_no_secret_and_loses_none() {
    let app = app();
    let before = secrets(&app);
    let (count, keys) = (before.len(), before.iter().map(|(_, keys)| keys.len()).sum::<usize>());
    assert_eq!((count, keys), (5, 17), "the application is as it was when this was written");
    let telling = telling(&app);
    assert!(telling.len() > 60, "{telling:?}");
    assert!(telling.iter().all(|line| app.contains(line)));
    for (kind, spec) in providers() {
        let done = run("VaultSecrets", &spec, &app);
        assert_eq!(done.outcome, Outcome::Ok, "{kind}: {:?}", done.errors());
        assert_eq!(secrets(&done.text), [], "{kind}: a Secret with values is left");
        assert_eq!(objects(&done.text).iter().filter(|object| object["kind"] == kind).count(), count);
        let said = said(&spec, &app);
        for line in &telling {
            assert!(!done.text.contains(line) && !said.contains(line), "{kind}: a value is left");
        }
        // Secrets whose values the cluster makes stay.
        let kept = objects(&done.text).into_iter().filter(|object| object["kind"] == "Secret");
        assert_eq!(kept.filter(|one| one["type"] == "kubernetes.io/service-account-token").count(), 2);
        for (name, keys) in &before {
            let list = done.report.findings.iter().find(|finding| {
                finding.rule.id == "write-to-vault"
                    && finding.message.contains(&format!("/{name} ")) | finding.message.contains(&format!(" {name} "))
            });
            let list = list.unwrap_or_else(|| panic!("{kind}: {name} is on no checklist"));
            for (key, _) in keys {
                assert!(
                    format!("{} ", list.message).contains(&format!(" {key}= ")),
                    "{kind}: {key} in {}",
                    list.message
                );
            }
        }
        // Who used a Secret still does, and what is used is there.
        let user = |text: &str| objects(text).into_iter().find(|object| object["metadata"]["name"] == "user").unwrap();
        let container = |user: Value| user["spec"]["template"]["spec"]["containers"][0].clone();
        let (was, is) = (container(user(&app)), container(user(&done.text)));
        assert_eq!((&is["env"], &is["envFrom"]), (&was["env"], &was["envFrom"]), "{kind}");
        let new: Vec<_> = dangling(&done.text).difference(&dangling(&app)).cloned().collect();
        assert_eq!(new, [""; 0], "{kind}");
        let again = run("VaultSecrets", &spec, &done.text);
        assert_eq!(
            (again.outcome, again.report.changes.len()),
            (Outcome::Ok, 0),
            "{kind}: a second run changes things"
        );
        assert_eq!(again.text, done.text);
    }
}

/// `Checks` would have told of a consumer whose Secret is gone.
#[test]
fn a_key_that_is_lost_is_noticed() {
    for (kind, spec) in providers() {
        let done = run("VaultSecrets", &spec, &app());
        let documents: Vec<&str> = done.text.split("\n---\n").collect();
        let without: Vec<&str> = documents
            .into_iter()
            .filter(|text| !(text.contains(&format!("kind: {kind}\n")) && text.contains("my-httpbin-cred")))
            .collect();
        let new: Vec<_> = dangling(&without.join("\n---\n")).difference(&dangling(&done.text)).cloned().collect();
        assert!(!new.is_empty(), "{kind}: nothing is said of the lost Secret");
    }
}

/// The agent makes files, no Secrets: a conversion by it is refused, and nothing is told.
#[test]
fn the_agent_cannot_replace_secrets() {
    let app = app();
    let spec = json!({"provider": "agent-injector", "auth": {"kubernetes": {"role": "argo"}}, "convert": {}});
    let done = run("VaultSecrets", &spec, &app);
    assert_eq!((done.outcome, done.text == app), (Outcome::Usage, true));
    let said = said(&spec, &app);
    assert!(telling(&app).iter().all(|line| !said.contains(line)));
}
