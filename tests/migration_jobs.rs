//! What the Job of a `Migration` has of the program's pod, what it lacks, and databases that operators make.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use crate::migration::{Done, HASHED, INIT, api, job, run, value};
use krmor::functions::migration::carried::{CONTAINER, Fate, POD};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::{Value, json};

/// Asks a type for the names of its fields, as it tells them to whoever reads it.
struct Fields<'f>(&'f mut Vec<&'static str>);

#[derive(Debug)]
struct Asked;

impl std::fmt::Display for Asked {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Asked {}

impl serde::de::Error for Asked {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Asked> {
        self.0.extend(fields);
        Err(Asked)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map enum identifier ignored_any
    }
}

fn fields<'de, T: Deserialize<'de>>() -> Vec<&'static str> {
    let mut names = Vec::new();
    assert!(T::deserialize(Fields(&mut names)).is_err());
    assert!(names.len() > 10, "{names:?}");
    names
}

/// Every field that the API has is decided on; newer ones than k8s-openapi's may be, too.
#[test]
fn every_field_of_a_pod_and_a_container_is_decided_on() {
    for (all, rows) in [
        (fields::<k8s_openapi::api::core::v1::PodSpec>(), POD),
        (fields::<k8s_openapi::api::core::v1::Container>(), CONTAINER),
    ] {
        let missing: Vec<&&str> = all.iter().filter(|field| !rows.iter().any(|(own, ..)| own == *field)).collect();
        assert!(missing.is_empty(), "not decided on: {missing:?}");
        assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0), "by name, each once");
        let newer: Vec<&str> = rows.iter().map(|(own, ..)| *own).filter(|own| !all.contains(own)).collect();
        let known = ["hostnameOverride", "restartPolicyRules", "workloadRef"];
        assert!(newer.iter().all(|field| known.contains(field)), "{newer:?}");
    }
}

/// The table in the README is the table.
#[test]
fn the_readme_has_the_table() {
    let path = "functions/migration/README.md";
    let text = std::fs::read_to_string(path).unwrap();
    let row = |(field, fate, says): &(&str, Fate, &str)| format!("| `{field}` | {} | {says} |\n", fate.name());
    let table = |title: &str, rows: &[(&str, Fate, &str)]| {
        let rows: String = rows.iter().map(row).collect();
        format!("| {title} | | |\n| --- | --- | --- |\n{rows}")
    };
    let wanted = format!("\n\n{}\n{}\n", table("field of the pod", POD), table("field of the container", CONTAINER));
    let (before, rest) = text.split_once("<!-- fields -->").unwrap();
    let (there, after) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{before}<!-- fields -->{wanted}<!-- end -->{after}")).unwrap();
    } else {
        assert_eq!(there, wanted, "UPDATE=1 cargo test --test fast migration_jobs:: writes it");
    }
}

/// The pod template of the Job.
fn template(done: &Done) -> Value {
    done.the("Job")["spec"]["template"].clone()
}

/// `api` with labels and annotations of its pods.
fn with_metadata(input: &str, labels: &str, annotations: &str) -> String {
    let metadata = format!("metadata: {{labels: {{app: api{labels}}}, annotations: {{{annotations}}}}}\n    spec:");
    input.replace("metadata: {labels: {app: api}}\n    spec:", &metadata)
}

#[test]
fn each_field_that_is_taken_is_there_and_no_other_one() {
    let pod = "serviceAccountName: sa, imagePullSecrets: [{name: p}], nodeSelector: {a: b}, nodeName: n, tolerations: [{operator: Exists}], \
        priorityClassName: high, runtimeClassName: gvisor, schedulerName: s, os: {name: linux}, hostAliases: [{ip: 1.2.3.4, hostnames: [db]}], \
        dnsPolicy: None, dnsConfig: {nameservers: [1.1.1.1]}, enableServiceLinks: false, resourceClaims: [{name: gpu}], hostname: h, \
        subdomain: d, setHostnameAsFQDN: true, hostnameOverride: o, shareProcessNamespace: true, terminationGracePeriodSeconds: 90, \
        affinity: {nodeAffinity: {x: y}}, hostUsers: false, automountServiceAccountToken: false, securityContext: {fsGroup: 5}, resources: {limits: {cpu: 1}}";
    let left = "readinessGates: [{conditionType: x}], topologySpreadConstraints: [{maxSkew: 1}], priority: 5, preemptionPolicy: Never, \
        overhead: {cpu: 1}, activeDeadlineSeconds: 5, restartPolicy: Always, workloadRef: {name: w}";
    let done = run(&job("hook: argocd-presync"), &api("", &format!("{pod}, {left}")));
    let mut made = template(&done)["spec"].as_object().unwrap().clone();
    assert_eq!(made.remove("containers").unwrap()[0]["name"], "migrate");
    assert_eq!(made.remove("restartPolicy").unwrap(), "Never");
    assert_eq!(Value::Object(made), value(&format!("{{{pod}}}")));
    // Each of the fields stands above, so that a new row of the table needs a value here.
    for (field, fate, _) in POD.iter().filter(|(_, fate, _)| matches!(fate, Fate::Taken | Fate::Once)) {
        assert!(pod.contains(&format!("{field}:")), "{field} is {}, and is not tried", fate.name());
    }
    // What stays behind and may be needed is said, and an exception ends it.
    for field in ["hostNetwork: true", "hostPID: true", "hostIPC: true", "schedulingGates: [{name: g}]"] {
        let done = run(&job("hook: argocd-presync"), &api("", field));
        assert_eq!(done.found(), ["warning not-taken"], "{field}");
        let name = field.split(':').next().unwrap();
        let excepted = job("hook: argocd-presync").replace(
            "command",
            &format!("exceptions: [{{target: {{kind: Job}}, fields: [{name}], reason: not needed}}], command"),
        );
        assert_eq!(run(&excepted, &api("", field)).found(), ["info exception"], "{field}");
        assert_eq!(run(INIT, &api("", field)).found(), [""; 0]);
    }
}

#[test]
fn annotations_that_name_containers_name_the_jobs() {
    let vault = "vault.hashicorp.com";
    let of = |annotations: &str, more: &str| {
        let pod = "initContainers: [{name: fetch, image: f}, {name: proxy, image: p, restartPolicy: Always}]";
        let input = with_metadata(&api("", pod), "", annotations);
        let done = run(&job("hook: argocd-presync").replace("as: job", &format!("as: job{more}")), &input);
        (template(&done)["metadata"]["annotations"].clone(), done.found())
    };
    let agent = |more: &str| format!("{vault}/agent-inject: 'true', {vault}/role: r{more}");
    let base = json!({"vault.hashicorp.com/agent-inject": "true", "vault.hashicorp.com/role": "r", "vault.hashicorp.com/agent-pre-populate-only": "true"});
    let plus = |key: &str, text: &str| {
        let mut wanted = base.clone();
        wanted[format!("{vault}/{key}")] = json!(text);
        wanted
    };
    assert_eq!(of(&agent(""), ""), (base.clone(), vec![]));
    for (list, made) in [("api", "migrate"), ("log,api", "migrate"), ("api, proxy", "migrate")] {
        let found = of(&agent(&format!(", {vault}/agent-inject-containers: '{list}'")), "");
        assert_eq!(found, (plus("agent-inject-containers", made), vec![]), "{list}");
    }
    let found = of(&agent(&format!(", {vault}/agent-inject-containers: 'api,proxy'")), ", sidecars: [proxy]");
    assert_eq!(found.0, plus("agent-inject-containers", "migrate,proxy"));
    // For others only: the program has nothing of the agent.
    assert_eq!(of(&agent(&format!(", {vault}/agent-inject-containers: log")), "").0, Value::Null);
    assert_eq!(of(&format!("{vault}/agent-inject: 'false', {vault}/role: r"), "").0, Value::Null);
    // As the injector reads booleans.
    assert_eq!(
        of(&format!("{vault}/agent-inject: 'True'"), "").0["vault.hashicorp.com/agent-pre-populate-only"],
        "true"
    );
    // Whose mounts the agent copies.
    assert_eq!(
        of(&agent(&format!(", {vault}/agent-copy-volume-mounts: api")), "").0,
        plus("agent-copy-volume-mounts", "migrate")
    );
    let copied = agent(&format!(", {vault}/agent-copy-volume-mounts: fetch"));
    assert_eq!(of(&copied, "").1, ["error not-taken"]);
    assert_eq!(of(&copied, ", initContainers: [fetch]").1, [""; 0]);
    // Others that name containers, in values and keys.
    for (annotations, wanted) in [
        ("operator.1password.io/inject: 'api,log'", json!({"operator.1password.io/inject": "migrate"})),
        (
            "azure.workload.identity/skip-containers: 'log;api'",
            json!({"azure.workload.identity/skip-containers": "migrate"}),
        ),
        (
            "container.apparmor.security.beta.kubernetes.io/api: runtime/default, container.apparmor.security.beta.kubernetes.io/log: unconfined",
            json!({"container.apparmor.security.beta.kubernetes.io/migrate": "runtime/default"}),
        ),
    ] {
        assert_eq!(of(annotations, ""), (wanted, vec![]), "{annotations}");
    }
    // The volume with the agent's token goes with it.
    let input = with_metadata(
        &api("", "volumes: [{name: token, projected: {sources: []}}, {name: other, emptyDir: {}}]"),
        "",
        &agent(&format!(", {vault}/agent-service-account-token-volume-name: token")),
    );
    let done = run(&job("hook: argocd-presync"), &input);
    assert_eq!(template(&done)["spec"]["volumes"], json!([{"name": "token", "projected": {"sources": []}}]));
    // What the agent mounts must be there before the hook.
    let map = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: agent}\ndata: {a: b}\n";
    let input = with_metadata(&api("", ""), "", &agent(&format!(", {vault}/agent-configmap: agent")));
    assert_eq!(run(&job("hook: argocd-presync"), &format!("{input}{map}")).found(), ["error same-stream"]);
    assert_eq!(run(&job("hook: argocd-sync"), &format!("{input}{map}")).found(), [""; 0]);
}

#[test]
fn labels_of_identity_and_those_that_are_shown_are_taken() {
    let made = |input: &str, spec: &str| {
        let done = run(spec, input);
        (template(&done)["metadata"].clone(), done.found())
    };
    let presync = job("hook: argocd-presync");
    let own = |more: Value| {
        let mut labels = json!({"app.kubernetes.io/component": "migrate", "krmor.dev/migration-of": "api"});
        labels.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        labels
    };
    let identity = ", azure.workload.identity/use: 'true', tags.datadoghq.com/env: prod, team: shop, istio.io/dataplane-mode: ambient";
    let (metadata, found) = made(&with_metadata(&api("", ""), identity, "checksum/config: x"), &presync);
    let wanted = own(
        json!({"azure.workload.identity/use": "true", "tags.datadoghq.com/env": "prod", "istio.io/dataplane-mode": "ambient"}),
    );
    assert_eq!((metadata["labels"].clone(), found), (wanted, vec![]));
    assert_eq!(metadata["annotations"], Value::Null);
    // Shown by a variable, or by a file.
    let shown = "env: [{name: TEAM, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['team']\"}}}, {name: V, valueFrom: {fieldRef: {fieldPath: \"metadata.annotations['v']\"}}}]";
    let (metadata, found) = made(&with_metadata(&api(shown, ""), identity, "v: '7'"), &presync);
    assert_eq!(
        (metadata["labels"]["team"].clone(), metadata["annotations"].clone()),
        (json!("shop"), json!({"v": "7"}))
    );
    assert_eq!(found, [""; 0]);
    let file = |path: &str| {
        let volume = format!(
            "volumes: [{{name: info, downwardAPI: {{items: [{{path: x, fieldRef: {{fieldPath: \"{path}\"}}}}]}}}}]"
        );
        with_metadata(&api("volumeMounts: [{name: info, mountPath: /info}]", &volume), identity, "")
    };
    assert_eq!(made(&file("metadata.labels['team']"), &presync).0["labels"]["team"], "shop");
    assert_eq!(made(&file("metadata.labels"), &presync).1, ["warning not-taken"]);
    // A variable of the spec's own needs no label.
    let spec = presync.replace("command", "env: [{name: TEAM, value: x}], command");
    assert_eq!(made(&with_metadata(&api(shown, ""), identity, ""), &spec).0["labels"]["team"], Value::Null);
    // What would make a Service send to the Job is an error still.
    let service =
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {team: shop}, ports: [{port: 1}]}\n";
    assert_eq!(
        made(&format!("{}{service}", with_metadata(&api(shown, ""), identity, "")), &presync).1,
        ["error selected-by"]
    );
    // A mesh's sidecar is taken and said; switched off it is neither.
    let mesh = with_metadata(&api("", ""), ", sidecar.istio.io/inject: 'true'", "");
    assert_eq!(made(&mesh, &presync).1, ["warning mesh-sidecar"]);
    let off = job("hook: argocd-presync, podLabels: {sidecar.istio.io/inject: 'false'}");
    let (metadata, found) = made(&mesh, &off);
    assert_eq!((metadata["labels"]["sidecar.istio.io/inject"].clone(), found), (json!("false"), vec![]));
    assert_eq!(made(&with_metadata(&api("", ""), "", "linkerd.io/inject: disabled"), &presync).1, [""; 0]);
    // An injector that nobody knows is said, and can be named.
    let other = with_metadata(&api("", ""), "", "secrets.example.com/inject: 'true'");
    assert_eq!(made(&other, &presync).1, ["warning not-taken"]);
    assert_eq!(
        made(&other, &job("hook: argocd-presync, podAnnotations: {secrets.example.com/inject: 'true'}")).1,
        [""; 0]
    );
    assert_eq!(
        made(&with_metadata(&api("", ""), "", "instrumentation.opentelemetry.io/inject-java: 'true'"), &presync).1,
        [""; 0]
    );
    // They follow the program's.
    let first = run(&job(HASHED), &with_metadata(&api("", ""), identity, ""));
    let done =
        run(&job(HASHED), &first.output.replacen("tags.datadoghq.com/env: prod", "tags.datadoghq.com/env: dev", 1));
    assert_eq!(template(&done)["metadata"]["labels"]["tags.datadoghq.com/env"], "dev");
}

#[test]
fn files_of_init_containers_are_taken_over_or_refused() {
    let fetch = "{name: fetch, image: f, volumeMounts: [{name: assets, mountPath: /out}]}";
    let pod = |inits: &str, volume: &str| format!("initContainers: [{inits}], volumes: [{{name: assets, {volume}}}]");
    let mounts = "volumeMounts: [{name: assets, mountPath: /assets, readOnly: true}]";
    let presync = job("hook: argocd-presync");
    let input = api(mounts, &pod(fetch, "emptyDir: {}"));
    let done = run(&presync, &input);
    assert_eq!(done.found(), ["error init-files"]);
    for way in ["initContainers: [fetch]", "volumes: []"] {
        let done = run(&presync.replace("as: job", &format!("as: job, {way}")), &input);
        assert_eq!(done.found(), [""; 0], "{way}: {}", done.messages());
    }
    let taken = run(&presync.replace("as: job", "as: job, initContainers: [fetch]"), &input);
    assert_eq!(template(&taken)["spec"]["initContainers"], json!([value(fetch)]));
    assert_eq!(run(INIT, &input).found(), [""; 0]);
    // What one that is taken mounts may be filled by one before it.
    let unpack = "{name: pull, image: p, volumeMounts: [{name: assets, mountPath: /in}]}";
    let two = api(mounts, &pod(&format!("{unpack}, {fetch}"), "emptyDir: {}"));
    assert!(
        run(&presync.replace("as: job", "as: job, initContainers: [fetch]"), &two)
            .found()
            .contains(&"error init-files".to_owned())
    );
    assert_eq!(run(&presync.replace("as: job", "as: job, initContainers: [fetch, pull]"), &two).found(), [""; 0]);
    // Nothing is filled: the container only reads, the volume has its content by itself, or it is a place for a while.
    for (init, volume, path) in [
        (fetch.replace("/out}", "/out, readOnly: true}"), "emptyDir: {}", "/assets"),
        (fetch.to_owned(), "configMap: {name: c}", "/assets"),
        (fetch.replace("/out", "/tmp"), "emptyDir: {}", "/tmp"),
        ("{name: wait, image: w}".to_owned(), "emptyDir: {}", "/assets"),
    ] {
        let input = api(&mounts.replace("/assets", path), &pod(&init, volume));
        assert_eq!(run(&presync, &input).found(), [""; 0], "{input}");
    }
    // What cannot be taken says why.
    for (name, wanted) in [("none", "is not there"), ("api", "is no init container"), ("migrate", "is not there")] {
        let done = run(&presync.replace("as: job", &format!("as: job, initContainers: [{name}]")), &input);
        assert_eq!(done.found(), ["error no-sidecar"]);
        assert!(done.messages().contains(wanted), "{}", done.messages());
    }
    assert!(!run(&INIT.replace("command", "initContainers: [fetch], command"), &input).found().is_empty());
}

#[test]
fn policies_that_know_the_program_only_are_said() {
    let policy = |name: &str, spec: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n"
        )
    };
    let deny = policy("deny", "podSelector: {}, policyTypes: [Ingress, Egress]");
    let out = policy(
        "out",
        "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: pg}}}]}]",
    );
    let into = |peer: &str| {
        policy(
            "in",
            &format!(
                "podSelector: {{matchLabels: {{app: pg}}}}, policyTypes: [Ingress], ingress: [{{from: [{peer}]}}]"
            ),
        )
    };
    let by_app = "{podSelector: {matchLabels: {app: api}}}";
    let said = vec!["warning policy-without-job".to_owned()];
    for (policies, found) in [
        (out.clone(), vec![]),
        (format!("{deny}{out}"), said.clone()),
        (into(by_app), said.clone()),
        (into("{podSelector: {}}"), vec![]),
        (into("{podSelector: {matchLabels: {role: db-client}}}"), vec![]),
        ("---\napiVersion: vpcresources.k8s.aws/v1beta1\nkind: SecurityGroupPolicy\nmetadata: {name: sg}\nspec: {podSelector: {matchLabels: {app: api}}, securityGroups: {groupIds: [sg-1]}}\n".to_owned(), said.clone()),
    ] {
        let done = run(&job("hook: argocd-presync"), &format!("{}{policies}", api("", "")));
        assert_eq!(done.found(), found, "{policies}{}", done.messages());
        assert_eq!(run(INIT, &format!("{}{policies}", api("", ""))).found(), [""; 0]);
    }
    // A label of its own, by which the policy selects too.
    let both = into(&format!("{by_app}, {{podSelector: {{matchLabels: {{role: db-client}}}}}}"));
    let spec = job("hook: argocd-presync, podLabels: {role: db-client}");
    assert_eq!(run(&spec, &format!("{}{both}", api("", ""))).found(), [""; 0]);
}

/// A hook that runs before everything waits in vain for a database that an operator makes of an object of the stream.
#[test]
fn databases_that_operators_make_are_of_the_stream() {
    // Some of the databases are workloads, too.
    let job = |fields: &str| job(fields).replace("as: job", "as: job, targets: [{name: api}]");
    let made = |api_version: &str, kind: &str| {
        format!(
            "---\napiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: shop}}\nspec: {{clusterName: Main Ring_1, replsets: [{{name: rs0}}], users: [{{name: web}}], kafka: {{listeners: [{{name: out, type: nodeport}}]}}}}\n"
        )
    };
    for (api_version, kind, host) in [
        ("postgresql.cnpg.io/v1", "Cluster", "shop-rw"),
        ("postgresql.cnpg.io/v1", "Cluster", "shop-rw.default.svc.cluster.local"),
        ("acid.zalan.do/v1", "postgresql", "shop"),
        ("mysql.presslabs.org/v1alpha1", "MysqlCluster", "shop-mysql-master"),
        ("pxc.percona.com/v1", "PerconaXtraDBCluster", "shop-haproxy"),
        ("ps.percona.com/v1alpha1", "PerconaServerMySQL", "shop-mysql-primary"),
        ("psmdb.percona.com/v1", "PerconaServerMongoDB", "shop-rs0"),
        ("pgv2.percona.com/v2", "PerconaPGCluster", "shop-pgbouncer"),
        ("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", "shop-primary"),
        ("k8s.mariadb.com/v1alpha1", "MariaDB", "shop-primary"),
        ("kafka.strimzi.io/v1beta2", "Kafka", "shop-kafka-bootstrap"),
        ("kafka.strimzi.io/v1beta2", "Kafka", "shop-kafka-out-bootstrap"),
        ("mongodbcommunity.mongodb.com/v1", "MongoDBCommunity", "shop-0.shop-svc.default.svc"),
        ("rabbitmq.com/v1beta1", "RabbitmqCluster", "shop"),
        ("databases.spotahome.com/v1", "RedisFailover", "rfs-shop"),
        ("elasticsearch.k8s.elastic.co/v1", "Elasticsearch", "shop-es-http"),
        ("cassandra.datastax.com/v1beta1", "CassandraDatacenter", "mainring-1-shop-service"),
        ("kubedb.com/v1", "MySQL", "shop"),
        ("kubedb.com/v1", "MySQL", "shop-standby"),
    ] {
        let database = made(api_version, kind);
        for container in [
            format!("env: [{{name: DB_HOST, value: {host}}}]"),
            format!("env: [{{name: DATABASE_URL, value: 'postgres://u:p@{host}:5432/x'}}]"),
            format!("env: [{{name: DSN, value: 'u:p@tcp({host}:3306)/x'}}]"),
            format!("env: [{{name: DSN, value: 'host={host} user=u'}}]"),
        ] {
            let input = format!("{}{database}", api(&container, ""));
            for (hook, found) in [
                ("argocd-presync", vec!["error same-stream"]),
                ("helm, helm: 4", vec!["error same-stream"]),
                ("argocd-sync", vec![]),
            ] {
                let done = run(&job(&format!("hook: {hook}")), &input);
                assert_eq!(done.found(), found, "{kind} {hook} {container}: {}", done.messages());
            }
            let done = run(&job("hook: argocd-presync"), &input);
            assert!(
                done.report.findings[0].remedy.as_ref().unwrap().starts_with("write `hook: argocd-sync`"),
                "{kind}"
            );
            assert_eq!(run(&job("hook: argocd-presync, externalDatabase: true"), &input).found(), [""; 0]);
        }
        let later = database.replace("{name: shop}", "{name: shop, annotations: {argocd.argoproj.io/sync-wave: '3'}}");
        let input = format!("{}{later}", api(&format!("env: [{{name: DB_HOST, value: {host}}}]"), ""));
        assert_eq!(run(&job("hook: argocd-sync"), &input).found(), ["error wave-order"], "{kind}");
        // Of another namespace, or another name, it is none.
        for other in ["elsewhere.example.com", "shop-rw.elsewhere", "other-rw"] {
            let input = format!("{}{database}", api(&format!("env: [{{name: DB_HOST, value: {other}}}]"), ""));
            assert_eq!(run(&job("hook: argocd-presync"), &input).found(), [""; 0], "{kind} {other}");
        }
    }
    let presync = job("hook: argocd-presync");
    let cluster = made("postgresql.cnpg.io/v1", "Cluster");
    // Where else a host may stand: words, files, Secrets in base64, a Service that is an alias.
    for (container, pod, more) in [
        ("", "", "words"),
        (
            "volumeMounts: [{name: c, mountPath: /c}]",
            "volumes: [{name: c, configMap: {name: c}}]",
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: '-1'}}\ndata: {app.yaml: \"db:\\n  host: shop-rw\\n\"}\n",
        ),
        (
            "envFrom: [{secretRef: {name: s}}]",
            "",
            "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: '-1'}}\ndata: {URL: cGc6Ly91OmNhbmFyeUBzaG9wLXJ3L3g=}\n",
        ),
        (
            "env: [{name: DB_HOST, value: db}]",
            "",
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: db, annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: '-1'}}\nspec: {type: ExternalName, externalName: shop-rw.default.svc}\n",
        ),
    ] {
        let spec = if more == "words" {
            presync.replace("[migrate]", "[sh, -c, 'until pg_isready -h shop-rw; do sleep 1; done']")
        } else {
            presync.clone()
        };
        let more = if more == "words" { "" } else { more };
        let done = run(&spec, &format!("{}{more}{cluster}", api(container, pod)));
        assert_eq!(done.found(), ["error same-stream"], "{container}{more}: {}", done.messages());
        assert!(!done.messages().contains("canary"));
    }
    // The Secret of a user, which the operator makes too.
    for (api_version, kind, secret) in [
        ("postgresql.cnpg.io/v1", "Cluster", "shop-app"),
        ("postgres-operator.crunchydata.com/v1beta1", "PostgresCluster", "shop-pguser-web"),
        ("rabbitmq.com/v1beta1", "RabbitmqCluster", "shop-default-user"),
    ] {
        let container = format!("env: [{{name: URL, valueFrom: {{secretKeyRef: {{name: {secret}, key: uri}}}}}}]");
        let input = format!("{}{}", api(&container, ""), made(api_version, kind));
        assert_eq!(run(&presync, &input).found(), ["error same-stream"], "{kind}");
    }
    // An operator that nobody knows: a warning.
    let unknown = made("db.example.com/v1", "PostgresInstance");
    for container in ["env: [{name: DB_HOST, value: shop-write}]", "envFrom: [{secretRef: {name: shop-login}}]"] {
        let done = run(&presync, &format!("{}{unknown}", api(container, "")));
        assert_eq!(done.found(), ["warning same-stream"], "{container}");
    }
    assert_eq!(
        run(
            &presync,
            &format!(
                "{}{}",
                api("env: [{name: DB_HOST, value: shop-x}]", ""),
                made("monitoring.coreos.com/v1", "ServiceMonitor")
            )
        )
        .found(),
        [""; 0]
    );
}
