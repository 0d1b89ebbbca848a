//! `Migration`: what is taken over, what comes in time, and how Jobs are named, as rows of tables.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use std::process::Command;
use std::sync::Arc;

use crate::common::{Folder, krmor, text, tool};
use krmor::pipeline::Outcome;
use krmor::report::{Class, Report};
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::{Value, json};

fn value(text: &str) -> Value {
    yaml::parse(&Arc::new(text.to_owned())).unwrap()[0].root().to_value().unwrap()
}

struct Done {
    outcome: Outcome,
    output: String,
    report: Report,
}

impl Done {
    fn objects(&self) -> Vec<Value> {
        let documents = yaml::parse(&Arc::new(self.output.clone())).unwrap();
        documents.iter().filter_map(|document| document.root().to_value()).collect()
    }

    fn the(&self, kind: &str) -> Value {
        let mut found: Vec<Value> = self.objects().into_iter().filter(|object| object["kind"] == kind).collect();
        assert_eq!(found.len(), 1, "{kind} in\n{}", self.output);
        found.remove(0)
    }

    fn found(&self) -> Vec<String> {
        self.report.findings.iter().map(|found| format!("{} {}", found.severity.name(), found.rule.id)).collect()
    }

    fn messages(&self) -> String {
        self.report.findings.iter().map(|found| format!("{}\n", krmor::krm::message(found))).collect()
    }
}

fn once(config: &Value, input: &str) -> Done {
    let documents = yaml::parse(&Arc::new(crate::common::quiet(config.clone()).to_string())).unwrap();
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let mut report = Report::default();
    let outcome = match krmor::config::read(documents[0].root(), None) {
        Ok(pipeline) => pipeline.run(&mut stream, &mut report),
        Err(problems) => {
            report = crate::common::refused(problems);
            Outcome::Usage
        }
    };
    Done { outcome, output: stream.render(), report }
}

/// Runs a config; when that succeeds, a second run must change nothing.
fn run_config(config: &Value, input: &str) -> Done {
    let done = once(config, input);
    if done.outcome == Outcome::Ok {
        let again = once(config, &done.output);
        assert_eq!(again.output, done.output, "{config}");
        assert!(again.report.changes.is_empty(), "{config}: {:?}", again.report.changes);
    }
    done
}

fn run(spec: &str, input: &str) -> Done {
    run_config(&json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Migration", "spec": value(spec)}), input)
}

/// A Deployment `api` with fields of its pod and of its container, in flow style.
fn api(container: &str, pod: &str) -> String {
    let comma = |text: &str| if text.is_empty() { String::new() } else { format!(", {text}") };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api, labels: {{app: api}}}}\nspec:\n  selector: {{matchLabels: {{app: api}}}}\n  template:\n    metadata: {{labels: {{app: api}}}}\n    spec: {{containers: [{{name: api, image: 'api:1'{}}}]{}}}\n",
        comma(container),
        comma(pod)
    )
}

const INIT: &str = "{as: initContainer, command: [migrate]}";

fn job(fields: &str) -> String {
    format!("{{as: job, command: [migrate], job: {{{fields}}}}}")
}

const HASHED: &str = "unordered: true";

fn config_map(data: &str, metadata: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cfg{metadata}}}\ndata: {{A: {data}}}\n")
}

const FROM_CFG: &str = "envFrom: [{configMapRef: {name: cfg}}]";

#[test]
fn the_container_has_what_the_programs_has_but_ports_and_probes() {
    let all = "imagePullPolicy: Always, workingDir: /app, env: [{name: A, value: '1'}], envFrom: [{secretRef: {name: s}}], \
        volumeMounts: [{name: v, mountPath: /v}], securityContext: {runAsUser: 5}, resources: {limits: {cpu: 1}}";
    let not = "ports: [{containerPort: 80}], livenessProbe: {tcpSocket: {port: 80}}, lifecycle: {preStop: {sleep: {seconds: 1}}}, \
        startupProbe: {tcpSocket: {port: 80}}, tty: true, command: [serve], args: [x]";
    let input = api(&format!("{all}, {not}"), "volumes: [{name: v, emptyDir: {}}]");
    let mut wanted = value(&format!("{{name: migrate, image: 'api:1', command: [migrate], {all}}}"));
    let done = run(INIT, &input);
    assert_eq!(done.the("Deployment")["spec"]["template"]["spec"]["initContainers"], json!([wanted]));
    assert!(done.report.changes.iter().all(|change| change.why.class == Class::Added));

    let done = run(&job(HASHED), &input);
    let pod = &done.the("Job")["spec"]["template"]["spec"];
    assert_eq!(pod["containers"], json!([wanted]));
    assert_eq!(pod["volumes"], json!([{"name": "v", "emptyDir": {}}]));
    assert_eq!(pod["restartPolicy"], "Never");

    wanted["env"] = json!([{"name": "A", "value": "2"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]);
    wanted["args"] = json!(["up"]);
    wanted.as_object_mut().unwrap().remove("command");
    wanted.as_object_mut().unwrap().remove("volumeMounts");
    wanted["name"] = json!("db");
    let spec = "{as: initContainer, name: db, args: [up], volumes: [], env: [{name: A, value: '2'}, {name: B, valueFrom: {fieldRef: {fieldPath: x}}}]}";
    assert_eq!(run(spec, &input).the("Deployment")["spec"]["template"]["spec"]["initContainers"], json!([wanted]));
}

#[test]
fn an_init_container_of_the_name_is_brought_up_to_date() {
    let old = |fields: &str| {
        api(
            "env: [{name: A, value: '2'}], resources: {limits: {cpu: 1}}",
            &format!("initContainers: [{{name: migrate, {fields}}}]"),
        )
    };
    for (fields, changes) in [
        ("image: 'api:1', command: [migrate], env: [{name: A, value: '2'}], resources: {}", vec![]),
        ("image: 'api:0', command: [migrate], env: [{name: A, value: '2'}], resources: {}", vec!["updated image"]),
        (
            "image: 'api:1', command: [old], args: [x], env: [{name: A, value: '1'}, {name: B}], resources: {}",
            vec!["updated command", "updated args", "updated env/0"],
        ),
        ("command: [migrate]", vec!["added image", "added env", "added resources"]),
        ("image: 'api:1', command: [migrate], env: null, resources: {limits: {cpu: 3}}", vec!["added env"]),
    ] {
        let done = run(INIT, &old(fields));
        let said: Vec<String> = done
            .report
            .changes
            .iter()
            .map(|change| {
                format!("{} {}", change.why.class.name(), change.path.split("initContainers/0/").nth(1).unwrap())
            })
            .collect();
        assert_eq!(said, changes, "{fields}");
    }
    // A sidecar or a main container of that name is something else.
    for pod in [
        "initContainers: [{name: migrate, image: x, restartPolicy: Always}]",
        "ephemeralContainers: [{name: migrate, image: x}]",
    ] {
        assert_eq!(run(INIT, &api("", pod)).found(), ["error name-taken"]);
    }
}

#[test]
fn later_functions_and_a_second_run_agree() {
    for (form, others) in [
        ("as: initContainer, targets: [{kind: Deployment}]", "targets: [{containers: [api]}]"),
        ("as: job, job: {unordered: true}, targets: [{kind: Deployment}]", "targets: [{kind: Deployment}]"),
        ("as: job, job: {unordered: true}, targets: [{kind: Deployment}]", "targets: [{containers: [migrate]}]"),
        ("as: job, job: {hook: argocd-sync}, targets: [{labelSelector: app=api}]", ""),
    ] {
        let config = value(&format!(
            "{{apiVersion: krmor.dev/v1alpha1, kind: Pipeline, spec: {{functions: {{\
             m: {{kind: Migration, spec: {{command: [migrate], {form}}}}}, \
             r: {{kind: Resources, spec: {{requests: {{cpu: 10m}}, {others}}}}}, \
             s: {{kind: SecurityContext, spec: {{readOnlyRootFilesystem: true, writablePaths: [{{path: /tmp, sizeLimit: 1Mi}}], {others}}}}}}}}}}}"
        ));
        let done = run_config(&config, &format!("{}{}", api(FROM_CFG, ""), config_map("x", "")));
        assert_eq!(done.outcome, Outcome::Ok, "{form}: {}", done.messages());
    }
}

/// The name of the Job.
fn name(spec: &str, input: &str) -> String {
    run(spec, input).the("Job")["metadata"]["name"].as_str().unwrap().to_owned()
}

#[test]
fn the_hash_covers_the_template_and_the_content_it_names() {
    let hashed = job(HASHED);
    let with = |container: &str, map: &str| name(&hashed, &format!("{}{map}", api(container, "")));
    let base = with(FROM_CFG, &config_map("x", ""));
    assert!(base.starts_with("api-migrate-") && base.len() == "api-migrate-".len() + 10, "{base}");
    // What changes it.
    for (container, map) in [
        (FROM_CFG, config_map("y", "")),
        (FROM_CFG, String::new()),
        ("envFrom: [{configMapRef: {name: cfg, optional: true}}]", config_map("x", "")),
        ("envFrom: [{configMapRef: {name: cfg}}], resources: {limits: {cpu: 1}}", config_map("x", "")),
    ] {
        assert_ne!(with(container, &map), base, "{container} {map}");
    }
    // What does not: labels of the ConfigMap, the name it gets, ports of the program.
    assert_eq!(with(FROM_CFG, &config_map("x", ", labels: {a: b}")), base);
    assert_eq!(with(&format!("{FROM_CFG}, ports: [{{containerPort: 1}}]"), &config_map("x", "")), base);
    let renamed = config_map("x", "").replace("name: cfg", "name: pre-cfg-abc");
    assert_eq!(with(&FROM_CFG.replace("cfg", "pre-cfg-abc"), &renamed), base);
    let known = config_map("x", ", annotations: {internal.config.kubernetes.io/previousNames: cfg}")
        .replace("name: cfg", "name: pre-cfg");
    assert_eq!(with(FROM_CFG, &known), base, "a prefix that references get later");
    assert_eq!(
        name(
            &hashed.replace("unordered: true", "unordered: true, backoffLimit: 3"),
            &format!("{}{}", api(FROM_CFG, ""), config_map("x", ""))
        ),
        base
    );
}

#[test]
fn a_job_of_an_earlier_run_follows_and_gets_another_name() {
    let first = run(&job(HASHED), &api("", "nodeSelector: {a: b}"));
    let old = first.the("Job")["metadata"]["name"].clone();
    let done = run(
        &job("unordered: true, backoffLimit: 1"),
        &first.output.replacen("api:1", "api:2", 1).replace("{a: b}", "{a: c}"),
    );
    let new = done.the("Job");
    assert_ne!(new["metadata"]["name"], old);
    assert_eq!(new["spec"]["template"]["spec"]["containers"][0]["image"], "api:2");
    assert_eq!(new["spec"]["template"]["spec"]["nodeSelector"], json!({"a": "c"}));
    assert_eq!(new["spec"]["backoffLimit"], 1);
    assert_eq!(new["metadata"]["name"], name(&job(HASHED), &api("", "nodeSelector: {a: c}").replace("api:1", "api:2")));
    // Another form of start takes the old one's annotations away, and keeps the name.
    let hook = run(&job("hook: helm, helm: 4"), &api("", ""));
    let done = run(&job("hook: argocd-presync"), &hook.output);
    let notes = &done.the("Job")["metadata"]["annotations"];
    assert_eq!(notes["argocd.argoproj.io/hook"], "PreSync");
    assert!(notes.get("helm.sh/hook").is_none(), "{notes}");
    assert_eq!(done.the("Job")["metadata"]["name"], "api-migrate");
    // A Job that a person wrote is left alone, and its name is taken for a hook.
    let own = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: api-migrate}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: x, image: x}]}}}\n";
    let done = run(&job("hook: argocd-presync"), &format!("{}{own}", api("", "")));
    assert_eq!(done.found(), ["error name-taken"]);
    let done = run(&job(HASHED), &format!("{}{own}", api("", "")));
    assert!(done.output.contains(own.trim_start_matches("---\n")), "{}", done.output);
}

#[test]
fn nothing_that_selects_the_program_selects_the_job() {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {selector: {app: api}, ports: [{port: 80}]}\n";
    let done = run(&job(HASHED), &format!("{}{service}", api("", "")));
    let job_object = done.the("Job");
    assert_eq!(job_object["metadata"]["labels"], json!({"app": "api", "app.kubernetes.io/component": "migrate"}));
    let labels = json!({"app.kubernetes.io/component": "migrate", "krmor.dev/migration-of": "api"});
    assert_eq!(job_object["spec"]["template"]["metadata"]["labels"], labels);
    let careless = service.replace("{app: api}", "{app.kubernetes.io/component: migrate}");
    assert_eq!(run(&job("hook: argocd-presync"), &format!("{}{careless}", api("", ""))).found(), ["error selected-by"]);
}

const DB: &str = "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: pg, annotations: {WAVE}}\nspec: {selector: {matchLabels: {app: pg}}, template: {metadata: {labels: {app: pg}}, spec: {containers: [{name: pg, image: pg}]}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: pg}, ports: [{port: 5432}]}\n";

#[test]
fn the_database_is_found_by_the_hosts_in_variables() {
    let db = DB.replace("{WAVE}", "{}");
    let to = |name: &str, value: &str| api(&format!("env: [{{name: {name}, value: '{value}'}}]"), "");
    let api_only = "targets: [{name: api}]";
    for (name, value, found) in [
        ("DATABASE_URL", "postgresql://u:p@db:5432/x?sslmode=require", true),
        ("DATABASE_URL", "postgresql://db/x", true),
        ("DB_HOST", "db", true),
        ("DB_HOST", "db.default.svc.cluster.local", true),
        ("DB_HOST", "db.elsewhere", false),
        ("BROKERS", "a:9092,db:9092", true),
        ("ENGINE", "db", false),
        ("DATABASE_URL", "postgresql://db.example.com/x", false),
        ("DATABASE_URL", "postgresql://other/db", false),
        ("API_URL", "http://api", false),
    ] {
        let spec = format!("{{as: job, command: [m], job: {{hook: argocd-presync}}, {api_only}}}");
        let done = run(&spec, &format!("{}{db}", to(name, value)));
        assert_eq!(done.found() == ["error same-stream"], found, "{name}={value}: {:?}", done.found());
        let spec = spec.replace("presync", "presync, externalDatabase: true");
        assert_eq!(run(&spec, &format!("{}{db}", to(name, value))).found(), [""; 0]);
    }
    // A Secret's value is looked at and not shown.
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {URL: 'pg://u:canary@db/x'}\n";
    let spec = format!("{{as: job, command: [m], job: {{hook: argocd-presync}}, {api_only}}}");
    let done = run(&spec, &format!("{}{db}{secret}", api("envFrom: [{secretRef: {name: s}}]", "")));
    assert_eq!(done.found(), ["error same-stream", "error same-stream"]);
    assert!(!done.messages().contains("canary"));
}

#[test]
fn a_database_that_is_named_must_be_up_before() {
    let spec = |hook: &str| {
        format!("{{as: job, command: [m], targets: [{{name: api}}], job: {{hook: {hook}, database: {{name: pg}}}}}}")
    };
    let db = |wave: &str| DB.replace("{WAVE}", &format!("{{argocd.argoproj.io/sync-wave: '{wave}'}}"));
    for (hook, wave, found) in [
        ("argocd-presync", "-9", vec!["error same-stream"]),
        ("argocd-sync", "0", vec![]),
        ("argocd-sync", "1", vec!["error wave-order"]),
        ("argocd-sync, wave: 5", "4", vec![]),
        ("'argocd-sync', wave: -1", "0", vec!["error wave-order"]),
        ("helm, helm: 4", "0", vec!["error same-stream"]),
    ] {
        assert_eq!(run(&spec(hook), &format!("{}{}", api("", ""), db(wave))).found(), found, "{hook} {wave}");
    }
    assert_eq!(run(&spec("argocd-sync"), &api("", "")).found(), ["error unmatched-target"]);
    assert_eq!(
        run(&spec("argocd-sync").replace("name: pg", "name: pg, optional: true"), &api("", "")).found(),
        [""; 0]
    );
}

#[test]
fn what_a_hook_needs_is_there_when_it_starts() {
    let needs = [
        (FROM_CFG, "", config_map("x", "")),
        ("env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]", "", "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n".to_owned()),
        ("", "serviceAccountName: sa", "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa}\n".to_owned()),
        ("", "imagePullSecrets: [{name: s}]", "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\n".to_owned()),
        (
            "volumeMounts: [{name: v, mountPath: /v}]",
            "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]",
            "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec: {accessModes: [ReadWriteMany]}\n".to_owned(),
        ),
        (
            "volumeMounts: [{name: v, mountPath: /v}]",
            "volumes: [{name: v, projected: {sources: [{secret: {name: s}}]}}]",
            "---\napiVersion: secrets.hashicorp.com/v1beta1\nkind: VaultStaticSecret\nmetadata: {name: x}\nspec: {destination: {name: s, create: true}}\n".to_owned(),
        ),
    ];
    for (container, pod, need) in &needs {
        let input = format!("{}{need}", api(container, pod));
        for (hook, found) in [
            ("argocd-presync", vec!["error same-stream"]),
            ("helm, helm: 4", vec!["error same-stream"]),
            ("argocd-sync", vec![]),
        ] {
            assert_eq!(run(&job(&format!("hook: {hook}")), &input).found(), found, "{hook}: {need}");
        }
        // The same, as an earlier hook, and elsewhere.
        for (hook, notes, found) in [
            ("argocd-presync", "argocd.argoproj.io/hook: PreSync", vec![]),
            (
                "argocd-presync",
                "argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: '1'",
                vec!["error same-stream"],
            ),
            ("argocd-presync", "argocd.argoproj.io/sync-wave: '-5'", vec!["error same-stream"]),
            ("argocd-sync", "argocd.argoproj.io/sync-wave: '2'", vec!["error wave-order"]),
            ("argocd-sync", "argocd.argoproj.io/hook: PostSync", vec!["error wave-order"]),
            ("helm, helm: 4", "helm.sh/hook: 'pre-install, pre-upgrade', helm.sh/hook-weight: '-1'", vec![]),
            ("helm, helm: 4", "helm.sh/hook: 'pre-install, pre-upgrade'", vec!["error same-stream"]),
        ] {
            let at = input.rfind("metadata: {").unwrap() + "metadata: {".len();
            let input = format!("{}annotations: {{{notes}}}, {}", &input[..at], &input[at..]);
            assert_eq!(run(&job(&format!("hook: {hook}")), &input).found(), found, "{hook}: {input}");
        }
        assert_eq!(run(INIT, &input).found(), [""; 0]);
    }
}

#[test]
fn volumes_that_a_job_cannot_share() {
    let claim = |modes: &str| {
        format!(
            "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: c}}\nspec: {{accessModes: {modes}}}\n"
        )
    };
    let input =
        api("volumeMounts: [{name: v, mountPath: /v}]", "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]");
    for (modes, found) in [
        ("[ReadWriteOnce]", "error claim-not-shared"),
        ("[ReadWriteOncePod]", "error claim-not-shared"),
        ("[ReadWriteOnce, ReadWriteMany]", "info outermost"),
        ("[ReadOnlyMany]", "info outermost"),
    ] {
        assert_eq!(run(&job(HASHED), &format!("{input}{}", claim(modes))).found(), [found], "{modes}");
    }
    assert_eq!(run(&job(HASHED), &input).found(), ["warning claim-unknown", "info outermost"]);
    assert_eq!(run(&job(HASHED).replace("as: job", "as: job, volumes: []"), &input).found(), ["info outermost"]);
    assert_eq!(run(&job(HASHED), &api("volumeMounts: [{name: v, mountPath: /v}]", "")).found(), ["error no-volume"]);
    assert_eq!(run(INIT, &input).found(), [""; 0]);
}

#[test]
fn configs_that_cannot_be_right() {
    for (spec, place) in [
        ("{as: initContainer}", "spec.command: "),
        ("{as: initContainer, command: [m], job: {}}", "spec.job: "),
        ("{as: job, command: [m]}", "spec.job: "),
        ("{as: job, command: [m], job: {unordered: true, wave: 1}}", "spec.job.wave: "),
        ("{as: job, command: [m], job: {hook: helm}}", "spec.job.helm: "),
        ("{as: job, command: [m], job: {hook: helm, helm: 3}}", "spec.job.helm: Helm 3 takes hooks out"),
        ("{as: job, command: [m], job: {hook: argocd-sync, helm: 4}}", "spec.job.helm: "),
        ("{as: job, command: [m], job: {hook: argocd-sync, unordered: true}}", "spec.job.unordered: "),
        (
            "{as: job, command: [m], job: {hook: argocd-presync, ttlSecondsAfterFinished: 1}}",
            "spec.job.ttlSecondsAfterFinished: ",
        ),
        (
            "{as: job, command: [m], job: {hook: argocd-sync, externalDatabase: true, database: {name: x}}}",
            "spec.job.database: ",
        ),
        ("{as: initContainer, command: [m], env: [{name: A}, {name: A}]}", "spec.env[1].name: "),
        ("{as: initContainer, command: [m], volumes: [x]}", "spec.volumes[0]: "),
    ] {
        let done = run(spec, &api("", ""));
        assert_eq!(done.outcome, Outcome::Usage, "{spec}");
        assert!(done.messages().starts_with(place), "{spec}: {}", done.messages());
        assert_eq!(done.report.findings.len(), 1, "{spec}: {}", done.messages());
        assert!(done.report.changes.is_empty());
    }
    for spec in [
        "{as: pod, command: [m]}",
        "{as: initContainer, command: []}",
        "{as: initContainer, command: m}",
        "{as: initContainer, command: [m], name: A_b}",
        "{as: job, command: [m], job: null}",
        "{as: job, command: [m], job: {hook: helm, helm: 2}}",
        "{as: job, command: [m], job: {backoffLimit: -1}}",
        "{as: initContainer, command: [m], env: [{name: A, value: x, valueFrom: {}}]}",
        "{as: initContainer, command: [m], extra: 1}",
    ] {
        let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Migration", "spec": value(spec)});
        let documents = yaml::parse(&Arc::new(config.to_string())).unwrap();
        assert!(krmor::config::read(documents[0].root(), None).is_err(), "{spec}");
    }
}

#[test]
fn who_migrates_at_once_is_told_to_lock() {
    let hpa = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}, maxReplicas: 3}\n";
    let three = api("", "").replace("spec:\n  selector", "spec:\n  replicas: 3\n  selector");
    let daemons = api("", "").replace("Deployment", "DaemonSet");
    for (input, told) in [(api("", ""), false), (three, true), (format!("{}{hpa}", api("", "")), true), (daemons, true)]
    {
        let done = run(INIT, &input);
        assert_eq!(done.found() == ["info concurrent-migrations"], told, "{input}{:?}", done.found());
        assert_eq!(done.outcome, Outcome::Ok);
    }
}

#[test]
fn malformed_programs_are_refused_or_left() {
    for (container, pod) in [
        ("env: x, envFrom: {}, volumeMounts: 3", "volumes: 7, initContainers: null"),
        ("securityContext: null, resources: [], command: {}", "imagePullSecrets: x, serviceAccountName: 3"),
        ("env: [1, {}, {name: null}], envFrom: [x]", "volumes: [x, {name: 1}], affinity: x, tolerations: {}"),
        ("volumeMounts: [{name: 1}, x, {name: v}]", ""),
        (
            "env: [{name: A, value: '1'}, {name: A, value: '2'}]",
            "initContainers: [{name: migrate, env: [{name: A, value: '3'}]}]",
        ),
    ] {
        for spec in [INIT.to_owned(), job(HASHED), job("hook: argocd-sync")] {
            run(&spec, &api(container, pod));
        }
    }
    assert_eq!(run(INIT, &api("", "").replace("image: 'api:1'", "image: ''")).found(), ["error no-image"]);
    assert_eq!(
        run(&job(HASHED), &api("", "").replace("{name: api, labels", "{generateName: api, labels")).found(),
        ["error no-name"]
    );
}

/// Stock kustomize: prefix, suffix, namespace and a generated ConfigMap, whose hash the references get.
#[test]
fn stock_kustomize_fixes_the_jobs_references() {
    let home = Folder::new("migration-home");
    let out = krmor().args(["install", "kustomize", "--home"]).arg(&home.0).output().unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    let folder = Folder::new("migration");
    folder.write(
        "api.yaml",
        format!(
            "{}---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: api}}\n",
            api("envFrom: [{configMapRef: {name: cfg}}]", "serviceAccountName: api")
        ),
    );
    folder.write("krmor.yaml", "apiVersion: krmor.dev/v1alpha1\nkind: Migration\nmetadata: {name: m}\nspec: {as: job, command: [migrate], job: {unordered: true}}\n");
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: pre-\nnameSuffix: -suf\nnamespace: shop\nresources: [api.yaml]\nconfigMapGenerator:\n- name: cfg\n  literals: [A=VALUE]\nimages:\n- name: api\n  newTag: '7'\ntransformers: [krmor.yaml]\n";
    let build = |value: &str| {
        folder.write("kustomization.yaml", kustomization.replace("VALUE", value));
        let mut command = Command::new(tool("kustomize"));
        command.args(["build", "--enable-alpha-plugins"]).arg(&folder.0).env("KUSTOMIZE_PLUGIN_HOME", &home.0);
        let out = command.output().unwrap();
        assert!(out.status.success(), "{}", text(&out.stderr));
        text(&out.stdout)
    };
    let first = build("1");
    let spec = "{as: job, command: [migrate], job: {unordered: true}}";
    // `krmor check` on the rendered stream: nothing is left to do.
    let done = once(&json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Migration", "spec": value(spec)}), &first);
    assert!(done.report.changes.is_empty(), "{:?}\n{first}", done.report.changes);
    let (job, program) = (done.the("Job"), done.the("Deployment"));
    let pod = &job["spec"]["template"]["spec"];
    let name = job["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("pre-api-suf-migrate-"), "{name}");
    assert_eq!(job["metadata"]["namespace"], "shop");
    assert_eq!(pod["serviceAccountName"], "pre-api-suf");
    assert_eq!(pod["containers"][0]["image"], "api:7");
    assert_eq!(pod["containers"][0]["envFrom"], program["spec"]["template"]["spec"]["containers"][0]["envFrom"]);
    assert_eq!(pod["containers"][0]["envFrom"][0]["configMapRef"]["name"], done.the("ConfigMap")["metadata"]["name"]);
    // Another content gives another name, the same one the same.
    assert!(!build("2").contains(&format!("name: {name}\n")));
    assert!(build("1").contains(&format!("name: {name}\n")));
}
