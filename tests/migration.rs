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

pub(crate) fn value(text: &str) -> Value {
    yaml::parse(&Arc::new(text.to_owned())).unwrap()[0].root().to_value().unwrap()
}

pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    pub(crate) output: String,
    pub(crate) report: Report,
}

impl Done {
    pub(crate) fn objects(&self) -> Vec<Value> {
        let documents = yaml::parse(&Arc::new(self.output.clone())).unwrap();
        documents.iter().filter_map(|document| document.root().to_value()).collect()
    }

    pub(crate) fn the(&self, kind: &str) -> Value {
        let mut found: Vec<Value> = self.objects().into_iter().filter(|object| object["kind"] == kind).collect();
        assert_eq!(found.len(), 1, "{kind} in\n{}", self.output);
        found.remove(0)
    }

    pub(crate) fn found(&self) -> Vec<String> {
        self.report.findings.iter().map(|found| format!("{} {}", found.severity.name(), found.rule.id)).collect()
    }

    pub(crate) fn messages(&self) -> String {
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
pub(crate) fn run_config(config: &Value, input: &str) -> Done {
    let done = once(config, input);
    if done.outcome == Outcome::Ok {
        let again = once(config, &done.output);
        assert_eq!(again.output, done.output, "{config}");
        assert!(again.report.changes.is_empty(), "{config}: {:?}", again.report.changes);
    }
    done
}

pub(crate) fn run(spec: &str, input: &str) -> Done {
    run_config(&json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Migration", "spec": value(spec)}), input)
}

/// A Deployment `api` with fields of its pod and of its container, in flow style.
pub(crate) fn api(container: &str, pod: &str) -> String {
    let comma = |text: &str| if text.is_empty() { String::new() } else { format!(", {text}") };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api, labels: {{app: api}}}}\nspec:\n  selector: {{matchLabels: {{app: api}}}}\n  template:\n    metadata: {{labels: {{app: api}}}}\n    spec: {{containers: [{{name: api, image: 'api:1'{}}}]{}}}\n",
        comma(container),
        comma(pod)
    )
}

pub(crate) const INIT: &str = "{as: initContainer, command: [migrate]}";

pub(crate) fn job(fields: &str) -> String {
    format!("{{as: job, command: [migrate], job: {{{fields}}}}}")
}

pub(crate) const HASHED: &str = "unordered: true";

pub(crate) fn config_map(data: &str, metadata: &str) -> String {
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
        assert_eq!(done.found() == ["warning concurrent-migrations"], told, "{input}{:?}", done.found());
        assert_eq!(done.outcome, Outcome::Ok);
        let locks = run(&INIT.replace('}', ", locks: true}"), &input);
        assert_eq!(locks.found(), [""; 0], "{input}");
    }
    // A Rollout's number of pods counts for what it runs; a Job has several by `parallelism`.
    let rollout = |replicas: u8| {
        format!(
            "{}---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: r}}\nspec: {{replicas: {replicas}, workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: api}}}}\n",
            api("", "").replace("spec:\n  selector", "spec:\n  replicas: 0\n  selector")
        )
    };
    assert_eq!(run(INIT, &rollout(1)).found(), [""; 0]);
    let done = run(INIT, &rollout(3));
    assert_eq!(done.found(), ["warning concurrent-migrations"]);
    assert!(
        done.messages().contains("Rollout r, which runs the workload's pods, has 3 replicas"),
        "{}",
        done.messages()
    );
    let scaled = "---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: x}\nspec: {scaleTargetRef: {name: api}, triggers: []}\n";
    assert_eq!(run(INIT, &format!("{}{scaled}", api("", ""))).found(), ["warning concurrent-migrations"]);
    let job = |pods: u8| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: seed}}\nspec: {{parallelism: {pods}, template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: a}}]}}}}}}\n"
        )
    };
    let of_job = "{as: initContainer, command: [migrate], targets: [{kind: Job}]}";
    assert_eq!(run(of_job, &job(1)).found(), [""; 0]);
    assert_eq!(run(of_job, &job(2)).found(), ["warning concurrent-migrations"]);
}

/// A Deployment of an image, with fields of its container.
pub(crate) fn workload(kind: &str, name: &str, image: &str, container: &str) -> String {
    let comma = if container.is_empty() { "" } else { ", " };
    format!(
        "---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: main, image: '{image}'{comma}{container}}}]}}\n"
    )
}

#[test]
fn workloads_of_one_name_have_a_job_each() {
    let jobs = |done: &Done| -> Vec<(String, String)> {
        let all = done.objects().into_iter().filter(|object| object["kind"] == "Job");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.map(|job| (text(&job["metadata"]["name"]), text(&job["metadata"]["annotations"]["krmor.dev/migration"])))
            .collect()
    };
    let pair =
        |a: &str, b: &str| format!("{}{}", workload("Deployment", "api", a, ""), workload("StatefulSet", "api", b, ""));
    let all = "targets: [{name: api}]";
    for (fields, hashed) in [("unordered: true", true), ("hook: argocd-sync", false), ("hook: argocd-presync", false)] {
        let spec = format!("{{as: job, command: [m], job: {{{fields}}}, {all}}}");
        for (a, b) in [("a:1", "b:1"), ("a:1", "a:1")] {
            // `run` wants a second run to change nothing.
            let done = run(&spec, &pair(a, b));
            assert_eq!(done.outcome, Outcome::Ok, "{fields}: {}", done.messages());
            let found = jobs(&done);
            assert_eq!(found.len(), 2, "{found:?}");
            for (at, kind) in ["deployment", "statefulset"].iter().enumerate() {
                let name = format!("api-{kind}-apps-migrate");
                assert!(
                    if hashed { found[at].0.starts_with(&format!("{name}-")) } else { found[at].0 == name },
                    "{found:?}"
                );
                assert_eq!(found[at].1, format!("{kind}.apps/api/migrate"));
            }
        }
    }
    // Of other namespaces each has its own by the plain name.
    let other = pair("a:1", "b:1").replacen("{name: api}", "{name: api, namespace: one}", 1);
    let done = run(&format!("{{as: job, command: [m], job: {{unordered: true}}, {all}}}"), &other);
    assert_eq!(jobs(&done).iter().map(|(_, note)| note.as_str()).collect::<Vec<_>>(), ["api/migrate"; 2]);
    // One that has no migration itself still makes the name say too little; a CronJob of the name does not.
    let one = "{as: job, command: [m], job: {unordered: true}, targets: [{kind: Deployment}]}";
    assert_eq!(jobs(&run(one, &pair("a:1", "b:1")))[0].1, "deployment.apps/api/migrate");
    let cron = "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: api}\nspec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: c}]}}}}}\n";
    assert_eq!(jobs(&run(one, &format!("{}{cron}", api("", ""))))[0].1, "api/migrate");
    // A Job of the time when there was one: nobody knows whose it is.
    let before = run(one, &workload("Deployment", "api", "a:1", ""));
    let done = run(one, &format!("{}{}", before.output, workload("StatefulSet", "api", "b:1", "")));
    assert_eq!(done.found(), ["error second-job"]);
    // Two that lost their common name to prefixes, each with the Job that it had before.
    let prefixed = |prefix: &str| {
        let made = run(one, &workload("Deployment", "api", "a:1", "")).output;
        let mut objects =
            yaml::parse(&Arc::new(made)).unwrap().iter().filter_map(|one| one.root().to_value()).collect::<Vec<_>>();
        for object in &mut objects {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            object["metadata"]["name"] = json!(format!("{prefix}-{name}"));
            object["metadata"]["annotations"]["internal.config.kubernetes.io/previousNames"] = json!(name);
            object["metadata"]["annotations"]["internal.config.kubernetes.io/prefixes"] = json!(format!("{prefix}-"));
        }
        objects.iter().map(|object| format!("---\n{object}\n")).collect::<String>()
    };
    let done = run(one, &format!("{}{}", prefixed("a"), prefixed("b")));
    assert_eq!(done.outcome, Outcome::Ok, "{}", done.messages());
    assert_eq!(jobs(&done).len(), 2);
}

#[test]
fn a_workload_with_two_kinds_of_pods_says_which_one_migrates() {
    let group = "apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nmetadata: {name: g}\nspec: {leaderWorkerTemplate: {leaderTemplate: {spec: {containers: [{name: leader, image: a}]}}, workerTemplate: {spec: {containers: [{name: worker, image: b}]}}}}\n";
    let spec = |targets: &str| format!("{{as: job, command: [m], job: {{unordered: true}}, targets: [{targets}]}}");
    assert_eq!(run(&spec("{name: g}"), group).found(), ["error which-container"]);
    let done = run(&spec("{name: g, containers: [leader]}"), group);
    assert_eq!(done.the("Job")["spec"]["template"]["spec"]["containers"][0]["image"], "a");
}

#[test]
fn the_image_may_be_another_one() {
    let input = api("imagePullPolicy: Never", "");
    let init = run("{as: initContainer, command: [m], image: 'tool:2'}", &input);
    let wanted = json!([{"name": "migrate", "image": "tool:2", "command": ["m"]}]);
    assert_eq!(init.the("Deployment")["spec"]["template"]["spec"]["initContainers"], wanted);
    // It does not follow the program's.
    let later = init.output.replace("api:1", "api:2");
    assert!(run("{as: initContainer, command: [m], image: 'tool:2'}", &later).report.changes.is_empty());
    let done = run("{as: initContainer, command: [m], image: 'tool:3'}", &later);
    assert_eq!(done.report.changes.len(), 1);
    assert_eq!(done.report.changes[0].why.reason, "the spec names the image");
    let done = run("{as: job, command: [m], image: 'tool@sha256:0', job: {unordered: true}}", &input);
    assert_eq!(
        done.the("Job")["spec"]["template"]["spec"]["containers"],
        json!([{"name": "migrate", "image": "tool@sha256:0", "command": ["m"]}])
    );
    // The program's need not be known.
    assert_eq!(
        run("{as: initContainer, command: [m], image: t}", &api("", "").replace("image: 'api:1'", "image: ''")).found(),
        [""; 0]
    );
}

#[test]
fn a_migration_is_not_without_what_a_container_of_the_pod_gives() {
    let url = "env: [{name: DATABASE_URL, value: 'postgres://u:canary@127.0.0.1:5432/x'}]";
    let proxy = |fields: &str| format!("{{name: proxy, image: 'proxy:2', args: ['--port=5432']{fields}}}");
    // Beside another container, if one is given.
    let with = |container: &str, pod: &str, other: &str| {
        let comma = if other.is_empty() { "" } else { ", " };
        api(container, pod).replacen("containers: [{name: api", &format!("containers: [{other}{comma}{{name: api"), 1)
    };
    let native = proxy(", restartPolicy: Always");
    let before = format!("initContainers: [{native}]");
    let behind = format!("initContainers: [{{name: migrate, image: 'api:1', command: [migrate]}}, {native}]");
    let main = "container: api, command: [migrate]";
    let init = format!("{{as: initContainer, {main}}}");
    let job = |more: &str| format!("{{as: job, {main}, job: {{hook: argocd-presync}}{more}}}");
    let error = "error needs-container";
    for (spec, input, wanted) in [
        // As an ordinary container it starts too late, or never.
        (&init, with(url, "", &proxy("")), vec![error]),
        (&job(""), with(url, "", &proxy("")), vec![error]),
        // As a native sidecar it is in time where it comes first.
        (&init, with(url, &before, ""), vec![]),
        (&init, with(url, &behind, ""), vec![error]),
        (&job(""), with(url, &before, ""), vec![error]),
        (&job(", sidecars: [proxy]"), with(url, &before, ""), vec![]),
        // Another native sidecar is none, where the ports tell.
        (&init, with(url, "initContainers: [{name: log, image: log, restartPolicy: Always}]", &proxy("")), vec![error]),
        // Nobody gives it, as far as is known.
        (&init, with(url, "", ""), vec!["warning needs-container"]),
        // The node does.
        (&init, with(url, "hostNetwork: true", ""), vec![]),
        (&job(""), with(url, "hostNetwork: true", ""), vec!["warning not-taken", error]),
        // What the program itself serves is not needed.
        (
            &init,
            with(
                "env: [{name: SELF_HOST, value: 'localhost:8080'}], ports: [{containerPort: 8080}]",
                "",
                "{name: log, image: log}",
            ),
            vec![],
        ),
        // Telemetry and HTTP may be done without.
        (
            &init,
            with("env: [{name: OTEL_EXPORTER_OTLP_ENDPOINT, value: 'http://localhost:4317'}]", "", &proxy("")),
            vec!["warning needs-container"],
        ),
        // The migration has an address of its own.
        (
            &init.replace("command", "env: [{name: DATABASE_URL, value: 'postgres://db/x'}], command"),
            with(url, "", &proxy("")),
            vec![],
        ),
        // Its port stands in another variable; by an argument, in the command.
        (
            &init,
            with(
                "env: [{name: DB_HOST, value: localhost}, {name: DB_PORT, value: '5432'}]",
                "initContainers: [{name: log, image: log, restartPolicy: Always}]",
                &proxy(""),
            ),
            vec![error],
        ),
        (&init.replace("[migrate]", "[migrate, '--host', '127.0.0.1']"), with("", "", &proxy("")), vec![error]),
        (&init.replace("[migrate]", "[sh, -c, 'psql -h localhost -f x']"), with("", "", &proxy("")), vec![error]),
    ] {
        let done = run(spec, &input);
        assert_eq!(done.found(), wanted, "{spec}\n{input}{}", done.messages());
        assert!(!done.messages().contains("canary"));
    }
    // An exception names the variable.
    let excepted =
        init.replace("command", "exceptions: [{target: {name: api}, fields: [DATABASE_URL], reason: a mesh}], command");
    assert_eq!(run(&excepted, &with(url, "", &proxy(""))).outcome, Outcome::Ok);
    let off = init.replace("command", "severities: {needs-container: warning}, command");
    assert_eq!(run(&off, &with(url, "", &proxy(""))).found(), ["warning needs-container"]);
}

#[test]
fn what_is_needed_may_stand_in_config_maps_secrets_and_sockets() {
    let proxy = "{name: proxy, image: 'proxy:2', volumeMounts: [{name: sock, mountPath: /cloudsql}]}";
    let program = |container: &str, volumes: &str, giver: &str| {
        api(container, &format!("volumes: [{volumes}]")).replacen(
            "containers: [",
            &format!("containers: [{giver}, "),
            1,
        )
    };
    let init = "{as: initContainer, container: api, command: [migrate]}";
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {DB_HOST: 127.0.0.1, app.yaml: \"db:\\n  host: localhost\\n\"}\n";
    // `pg://u:canary@localhost/x`
    let secret =
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {DSN: cGc6Ly91OmNhbmFyeUBsb2NhbGhvc3QveA==}\n";
    let empty = "{name: sock, emptyDir: {}}";
    let mounts = "volumeMounts: [{name: sock, mountPath: /cloudsql}]";
    let socket = |value: &str| format!("env: [{{name: DB, value: '{value}'}}], {mounts}");
    for (container, volumes, more, lacks) in [
        ("envFrom: [{configMapRef: {name: c}}]".to_owned(), "", map, 2),
        ("envFrom: [{configMapRef: {name: c}}], env: [{name: DB_HOST, value: db}]".to_owned(), "", map, 1),
        ("env: [{name: DB_HOST, valueFrom: {configMapKeyRef: {name: c, key: DB_HOST}}}]".to_owned(), "", map, 1),
        ("env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: B}}}]".to_owned(), "", map, 0),
        ("volumeMounts: [{name: f, mountPath: /f}]".to_owned(), "{name: f, configMap: {name: c}}", map, 1),
        ("".to_owned(), "{name: f, configMap: {name: c}}", map, 0),
        ("envFrom: [{secretRef: {name: s}}]".to_owned(), "", secret, 1),
        ("volumeMounts: [{name: f, mountPath: /f}]".to_owned(), "{name: f, projected: {sources: [{secret: {name: s}}]}}", secret, 1),
        (socket("postgres:///x?host=/cloudsql/a:b:c"), empty, "", 1),
        (socket("postgres://u@%2Fcloudsql%2Fa:b:c/x"), empty, "", 1),
        (socket("u@unix(/cloudsql/a:b:c)/x"), empty, "", 1),
        (socket("/cloudsql/mysqld.sock"), empty, "", 1),
        (socket("/cloudsql2/mysqld.sock"), empty, "", 0),
        (socket("/cloudsql/mysqld.sock"), "{name: sock, hostPath: {path: /x}}", "", 0),
        (format!("env: [{{name: DB_HOST, value: /cloudsql/a:b:c}}], {mounts}"), empty, "", 1),
        (format!("env: [{{name: LOG_FILE, value: /cloudsql/app.txt}}], {mounts}"), empty, "", 0),
        ("env: [{name: KEY_FILE, value: /cloudsql/key}], volumeMounts: [{name: sock, mountPath: /cloudsql, readOnly: true}]".to_owned(), empty, "", 1),
    ] {
        let input = format!("{}{more}", program(&container, volumes, proxy));
        let done = run(init, &input);
        let wanted = vec!["error needs-container"; lacks];
        assert_eq!(done.found(), wanted, "{input}{}", done.messages());
        assert!(!done.messages().contains("canary"));
        // A Job can carry it.
        let volumes = if volumes.contains("sock") { volumes.to_owned() } else { format!("{volumes}, {empty}") };
        let native = program(&container, volumes.trim_start_matches(", "), "{name: x, image: x}").replacen(
            "spec: {containers",
            &format!("spec: {{initContainers: [{}], containers", proxy.replacen("name: proxy", "name: proxy, restartPolicy: Always", 1)),
            1,
        );
        let done = run("{as: job, container: api, command: [m], sidecars: [proxy], job: {hook: argocd-sync}}", &format!("{native}{more}"));
        assert_eq!(done.found(), [""; 0], "{native}{}", done.messages());
    }
    // A file that an init container leaves is there; a socket is not.
    let left = |value: &str| {
        let container = format!(
            "env: [{{name: A, value: {value}}}], volumeMounts: [{{name: sock, mountPath: /cloudsql, readOnly: true}}]"
        );
        api(&container, &format!("initContainers: [{proxy}], volumes: [{empty}]"))
    };
    assert_eq!(run(init, &left("/cloudsql/key")).found(), [""; 0]);
    assert_eq!(run(init, &left("/cloudsql/x.sock")).found(), ["error needs-container"]);
}

#[test]
fn native_sidecars_go_with_a_job() {
    let sidecar = "{name: proxy, image: 'proxy:2', restartPolicy: Always, args: ['--port=5432'], startupProbe: {tcpSocket: {port: 5432}}, volumeMounts: [{name: key, mountPath: /key}]}";
    let pod = format!(
        "initContainers: [{{name: fetch, image: f}}, {sidecar}], volumes: [{{name: key, secret: {{secretName: key}}}}, {{name: other, emptyDir: {{}}}}]"
    );
    let spec = "{as: job, command: [m], sidecars: [proxy], job: {unordered: true}}";
    let done = run(spec, &api("", &pod));
    let job = done.the("Job");
    assert_eq!(job["spec"]["template"]["spec"]["initContainers"], json!([value(sidecar)]));
    assert_eq!(job["spec"]["template"]["spec"]["volumes"], json!([{"name": "key", "secret": {"secretName": "key"}}]));
    // It follows, and the Job's name with it.
    let done = run(spec, &done.output.replacen("proxy:2", "proxy:3", 1));
    let later = done.the("Job");
    assert_eq!(later["spec"]["template"]["spec"]["initContainers"][0]["image"], "proxy:3");
    assert_ne!(later["metadata"]["name"], job["metadata"]["name"]);
    for (names, pod) in [
        ("[nobody]", pod.as_str()),
        ("[fetch]", pod.as_str()),
        ("[migrate]", "initContainers: [{name: migrate, image: m, restartPolicy: Always}]"),
    ] {
        for form in ["as: job, job: {unordered: true}", "as: initContainer"] {
            let done = run(&format!("{{{form}, command: [m], sidecars: {names}}}"), &api("", pod));
            assert_eq!(done.found(), ["error no-sidecar"], "{names} {form}");
        }
    }
    // Hardened like the program's, in one pipeline.
    let config = value(&format!(
        "{{apiVersion: krmor.dev/v1alpha1, kind: Pipeline, spec: {{functions: {{m: {{kind: Migration, spec: {spec}}}, s: {{kind: SecurityContext, spec: {{runAsUser: 1000}}}}, \
         r: {{kind: Resources, spec: {{requests: {{cpu: 10m}}, targets: [{{containers: [proxy]}}]}}}}}}}}}}"
    ));
    let done = run_config(&config, &api("", &pod));
    assert_eq!(done.outcome, Outcome::Ok, "{}", done.messages());
    assert_eq!(
        done.the("Job")["spec"]["template"]["spec"]["initContainers"][0]["resources"],
        json!({"requests": {"cpu": "10m"}})
    );
}

const WAVE: &str = "argocd.argoproj.io/sync-wave";

#[test]
fn followers_wait_for_the_same_job() {
    let web = || workload("Deployment", "web", "shop:1", "");
    let worker = || workload("Deployment", "worker", "shop:1", "");
    let both = || format!("{}{}", web(), worker());
    let spec = |hook: &str, more: &str| {
        format!("{{as: job, command: [m], targets: [{{name: web}}], job: {{hook: {hook}}}{more}}}")
    };
    let follow = ", followers: [{name: worker}]";
    let wave = |done: &Done, name: &str| {
        done.objects().into_iter().find(|one| one["metadata"]["name"] == name).unwrap()["metadata"]["annotations"][WAVE]
            .clone()
    };
    assert_eq!(run(&spec("argocd-sync", ""), &both()).found(), ["warning starts-before"]);
    let done = run(&spec("argocd-sync", follow), &both());
    assert_eq!(done.found(), [""; 0]);
    assert_eq!((wave(&done, "web"), wave(&done, "worker")), (json!("2"), json!("2")));
    // Its autoscaler goes with it.
    let hpa = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: x}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}, maxReplicas: 3}\n";
    assert_eq!(wave(&run(&spec("argocd-sync", follow), &format!("{}{hpa}", both())), "x"), json!("2"));
    // A claim goes with the first that mounts it.
    let claim =
        "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec: {accessModes: [ReadWriteMany]}\n";
    let on_claim = |text: String| {
        text.replace(
            "spec: {containers",
            "spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], containers",
        )
    };
    let done = run(&spec("argocd-sync", follow), &format!("{}{claim}", on_claim(both())));
    assert_eq!(wave(&done, "c"), json!("2"));
    let third = on_claim(workload("Deployment", "third", "other:1", ""));
    let done = run(&spec("argocd-sync", follow), &format!("{}{third}{claim}", on_claim(both())));
    assert_eq!(wave(&done, "c"), Value::Null);
    // So does a Rollout that runs the pods.
    let rollout = "---\napiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    assert_eq!(wave(&run(&spec("argocd-sync", follow), &format!("{}{rollout}", both())), "r"), json!("2"));
    // A wave of its own counts.
    for (own, found) in [("1", vec!["error wave-order"]), ("0", vec!["error wave-order"]), ("7", vec![])] {
        let early =
            both().replacen("{name: worker}", &format!("{{name: worker, annotations: {{{WAVE}: '{own}'}}}}"), 1);
        assert_eq!(run(&spec("argocd-sync", follow), &early).found(), found, "{own}");
        assert_eq!(run(&spec("argocd-sync", ""), &early).found().len(), usize::from(own != "7"), "{own}");
    }
    // Hooks before everything: all waits, with and without being named.
    for hook in ["argocd-presync", "helm, helm: 4"] {
        assert_eq!(run(&spec(hook, follow), &both()).found(), [""; 0]);
        assert_eq!(run(&spec(hook, ""), &both()).found(), [""; 0]);
    }
    let hooked =
        both().replacen("{name: worker}", "{name: worker, annotations: {argocd.argoproj.io/hook: PreSync}}", 1);
    assert_eq!(run(&spec("argocd-presync", follow), &hooked).found(), ["error wave-order"]);
    // Where nothing waits the config is refused.
    for config in [
        "{as: initContainer, command: [m], followers: [{name: worker}]}",
        "{as: job, command: [m], job: {unordered: true}, followers: [{name: worker}]}",
        "{as: initContainer, command: [m], sidecars: [a, a]}",
        "{as: initContainer, command: [m], image: 'a b'}",
    ] {
        assert_eq!(run(config, &both()).outcome, Outcome::Usage, "{config}");
    }
    assert_eq!(run(&spec("argocd-sync", ", followers: [{name: none}]"), &web()).found(), ["error unmatched-target"]);
    assert_eq!(run(&spec("argocd-sync", ", followers: [{name: none, optional: true}]"), &web()).found(), [""; 0]);
    assert_eq!(run(&spec("argocd-sync", ", followers: [{name: web}]"), &web()).found(), ["error config"]);
}

#[test]
fn who_starts_before_the_migration_is_said() {
    let url = |value: &str| format!("env: [{{name: DATABASE_URL, value: '{value}'}}]");
    let key = "env: [{name: DATABASE_URL, valueFrom: {secretKeyRef: {name: s, key: url}}}]";
    let init = "{as: initContainer, command: [m], targets: [{name: web}]}";
    let pg = "postgres://u:canary@db/shop";
    for (web, worker, image, found) in [
        // The same image, whatever the tag; another one of the same registry.
        ("", "", "shop:2", vec!["warning starts-before"]),
        ("", "", "reg:5000/shop@sha256:0", vec![]),
        ("", "", "other:1", vec![]),
        // The database, by its address or by where the address is.
        (&*url(pg), &*url("postgresql://w:canary@db/shop?sslmode=require"), "other:1", vec!["info starts-before"]),
        (&url(pg), &url("postgres://u:canary@db/other"), "other:1", vec![]),
        (&url(pg), &url("postgres://u:canary@db/other"), "shop:1", vec![]),
        (key, key, "other:1", vec!["info starts-before"]),
        (key, "env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: s, key: url}}}]", "other:1", vec![]),
        ("envFrom: [{secretRef: {name: s}}]", "envFrom: [{secretRef: {name: s}}]", "other:1", vec![]),
        (
            "envFrom: [{secretRef: {name: s}}]",
            "envFrom: [{secretRef: {name: s}}]",
            "shop:1",
            vec!["warning starts-before"],
        ),
        (
            "env: [{name: DB_HOST, value: db}, {name: DB_NAME, value: a}]",
            "env: [{name: DB_HOST, value: db}, {name: DB_NAME, value: b}]",
            "other:1",
            vec![],
        ),
        (
            "env: [{name: DB_HOST, value: db}, {name: DB_NAME, value: a}]",
            "env: [{name: DB_HOST, value: db}, {name: DB_NAME, value: a}]",
            "other:1",
            vec!["info starts-before"],
        ),
    ] {
        let input = format!(
            "{}{}",
            workload("Deployment", "web", "shop:1", web),
            workload("StatefulSet", "worker", image, worker)
        );
        let done = run(init, &input);
        assert_eq!(done.found(), found, "{input}");
        assert!(!done.messages().contains("canary"));
        // Nobody says so of a Job that is declared to be in no order.
        let unordered = "{as: job, command: [m], targets: [{name: web}], job: {unordered: true}}";
        assert_eq!(run(unordered, &input).found(), ["info outermost"]);
    }
    // Two migrations of one database, unless they take a lock or the databases differ.
    let two = |a: &str, b: &str| {
        format!("{}{}", workload("Deployment", "a", "shop:1", a), workload("Deployment", "b", "shop:1", b))
    };
    for spec in [
        "{as: initContainer, command: [m], targets: [{name: '[ab]'}]}",
        "{as: job, command: [m], targets: [{name: '[ab]'}], job: {hook: argocd-presync}}",
    ] {
        assert_eq!(run(spec, &two("", "")).found(), ["warning concurrent-migrations"], "{spec}");
        assert_eq!(run(spec, &two(&url(pg), &url(pg))).found(), ["warning concurrent-migrations"], "{spec}");
        assert_eq!(run(spec, &two(&url(pg), &url("postgres://db/b"))).found(), [""; 0], "{spec}");
        assert_eq!(run(&spec.replacen('{', "{locks: true, ", 1), &two("", "")).found(), [""; 0], "{spec}");
    }
    // One with a migration of its own is no affair of this one.
    let own = format!(
        "{}{}",
        workload("Deployment", "web", "shop:1", ""),
        workload("Deployment", "worker", "shop:1", "")
            .replace("{containers", "{initContainers: [{name: init, image: 'shop:1'}], containers")
    );
    assert_eq!(run(init, &own).found(), [""; 0]);
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

/// A variable of the spec may name a generated ConfigMap or Secret as the config's writer does, in the manifests and in what
/// kustomize made of them.
#[test]
fn variables_of_the_spec_name_what_has_a_hash_by_now() {
    let all = |hash: &str| {
        let maps = format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cfg{hash}}}\ndata: {{A: one}}\n---\napiVersion: v1\nkind: Secret\n\
             metadata: {{name: keys{hash}}}\nstringData: {{B: two}}\n"
        );
        format!("{}{maps}", api("", ""))
    };
    let spec = |form: &str| {
        format!(
            "{{{form}, command: [migrate], env: [{{name: A, valueFrom: {{configMapKeyRef: {{name: cfg, key: A}}}}}}, \
             {{name: B, valueFrom: {{secretKeyRef: {{name: keys, key: B}}}}}}]}}"
        )
    };
    let job = spec("as: job, job: {unordered: true}");
    let named = |done: &Done| {
        let env = done.the("Job")["spec"]["template"]["spec"]["containers"][0]["env"].clone();
        [&env[0]["valueFrom"]["configMapKeyRef"]["name"], &env[1]["valueFrom"]["secretKeyRef"]["name"]]
            .map(|name| name.as_str().unwrap().to_owned())
    };
    let (before, after) = (run(&job, &all("")), run(&job, &all("-24hdh6gmd4")));
    assert_eq!(named(&before), ["cfg", "keys"]);
    assert_eq!(named(&after), ["cfg-24hdh6gmd4", "keys-24hdh6gmd4"]);
    assert_eq!(before.the("Job")["metadata"]["name"], after.the("Job")["metadata"]["name"], "the same content");
    // kustomize gives the first its hashes, and `krmor check` finds nothing to do.
    let rendered =
        before.output.replace("name: cfg", "name: cfg-24hdh6gmd4").replace("name: keys", "name: keys-24hdh6gmd4");
    assert!(run(&job, &rendered).report.changes.is_empty());
    // A name that nothing has stays as it is written.
    assert_eq!(named(&run(&job, &api("", ""))), ["cfg", "keys"]);
    let init = run(&spec("as: initContainer"), &all("-24hdh6gmd4")).the("Deployment").to_string();
    assert!(init.contains("\"cfg-24hdh6gmd4\"") && init.contains("\"keys-24hdh6gmd4\""), "{init}");
}

/// A Job has no other container than the migration's; in an init container the program's is there to be asked.
#[test]
fn a_job_asks_for_the_resources_of_its_own_container() {
    let of = "resourceFieldRef: {containerName: api, resource: limits.memory}";
    let container =
        format!("env: [{{name: GOMEMLIMIT, valueFrom: {{{of}}}}}], volumeMounts: [{{name: info, mountPath: /info}}]");
    let pod = format!("volumes: [{{name: info, downwardAPI: {{items: [{{path: mem, {of}}}]}}}}]");
    let input = api(&container, &pod);
    let done = run(&job(HASHED), &input);
    let made = done.the("Job")["spec"]["template"]["spec"].to_string();
    assert_eq!(
        (made.matches("\"containerName\":\"migrate\"").count(), made.matches("\"containerName\":\"api\"").count()),
        (2, 0),
        "{made}"
    );
    let init = run(INIT, &input).the("Deployment")["spec"]["template"]["spec"]["initContainers"].to_string();
    assert!(init.contains("\"containerName\":\"api\""), "{init}");
}
