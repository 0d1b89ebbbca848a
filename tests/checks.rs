//! `Checks`: every rule as rows of a table: what is found in a stream, and what is left alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic
#![allow(clippy::too_many_lines)] // tables

use std::collections::BTreeSet;
use std::sync::Arc;

use krmor::config;
use krmor::functions::FUNCTIONS;
use krmor::functions::checks::rules;
use krmor::krm::field_path;
use krmor::pipeline::Outcome;
use krmor::report::{Finding, Report};
use krmor::stream::Stream;
use krmor::yaml;

/// The findings of a config over a stream.
fn findings(kind: &str, spec: &str, input: &str) -> (Outcome, Vec<Finding>) {
    let text = format!("apiVersion: krmor.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: c}}\nspec: {spec}\n");
    let config = yaml::parse(&Arc::new(text)).unwrap()[0].root().to_value().unwrap();
    let documents = yaml::parse(&Arc::new(crate::common::quiet(config).to_string())).unwrap();
    let pipeline = match config::read(documents[0].root(), None) {
        Ok(pipeline) => pipeline,
        Err(problems) => return (Outcome::Usage, crate::common::refused(problems).findings),
    };
    let mut stream = Stream::parse(&Arc::new(input.to_owned())).unwrap();
    let mut report = Report::default();
    let outcome = pipeline.run(&mut stream, &mut report);
    assert!(report.changes.is_empty() || kind == "Pipeline", "it changes something");
    assert!(report.changes.is_empty() || outcome == Outcome::Ok || kind == "Pipeline");
    (outcome, report.findings)
}

/// `rule path`, without the standard's checks.
fn found(spec: &str, input: &str) -> Vec<String> {
    let spec = format!("{{podSecurity: {{level: privileged}}, {spec}}}");
    let each =
        |finding: &Finding| format!("{} {}", finding.rule.id, field_path(finding.pointer())).trim_end().to_owned();
    findings("Checks", &spec, input).1.iter().map(each).collect()
}

/// A Deployment `web` with labels `app: web`; `pod` is put into its pod spec, `container` into its container.
fn web(pod: &str, container: &str) -> String {
    let pad =
        |text: &str, by: usize| text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect::<String>();
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata:\n      labels: {{app: web}}\n    spec:\n{}      containers:\n      - name: web\n        image: example.com/web:1\n        ports:\n        - {{name: http, containerPort: 8080}}\n{}",
        pad(pod, 6),
        pad(container, 8)
    )
}

fn object(api: &str, kind: &str, name: &str, rest: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}}}\n{rest}\n")
}

fn stream(documents: &[String]) -> String {
    documents.join("---\n")
}

fn service(rest: &str) -> String {
    object("v1", "Service", "web", &format!("spec: {rest}"))
}

const POD: &str = "spec.template.spec";
const CONTAINER: &str = "spec.template.spec.containers[0]";

#[test]
fn references_of_pods() {
    let env = |from: &str| web("", &format!("env:\n- {{name: A, valueFrom: {{{from}}}}}"));
    let env_from = |from: &str| web("", &format!("envFrom:\n- {{{from}}}"));
    let volume = |source: &str| web(&format!("volumes:\n- {{name: v, {source}}}"), "");
    let map = object("v1", "ConfigMap", "cfg", "data: {a: x}\nbinaryData: {b: eA==}");
    let secret = object("v1", "Secret", "cred", "data: {a: eA==}\nstringData: {b: x}");
    let open = object("v1", "Secret", "cred", "type: Opaque");
    let rows: &[(&str, Vec<String>, &[String])] = &[
        (
            "missing map",
            vec![env("configMapKeyRef: {name: cfg, key: a}")],
            &[format!("references/config-map {CONTAINER}.env[0].valueFrom.configMapKeyRef.name")],
        ),
        (
            "missing secret",
            vec![env_from("secretRef: {name: cred}")],
            &[format!("references/secret {CONTAINER}.envFrom[0].secretRef.name")],
        ),
        (
            "optional",
            vec![
                env_from("secretRef: {name: cred, optional: true}"),
                env("configMapKeyRef: {name: cfg, key: z, optional: true}"),
                map.clone(),
            ],
            &[],
        ),
        ("key there", vec![env("configMapKeyRef: {name: cfg, key: a}"), map.clone()], &[]),
        ("binary key there", vec![env("configMapKeyRef: {name: cfg, key: b}"), map.clone()], &[]),
        (
            "key lacks",
            vec![env("configMapKeyRef: {name: cfg, key: z}"), map.clone()],
            &[format!("references/config-map-key {CONTAINER}.env[0].valueFrom.configMapKeyRef.key")],
        ),
        (
            "secret keys of both fields",
            vec![env("secretKeyRef: {name: cred, key: a}"), env("secretKeyRef: {name: cred, key: b}"), secret.clone()],
            &[],
        ),
        (
            "secret key lacks",
            vec![env("secretKeyRef: {name: cred, key: z}"), secret.clone()],
            &[format!("references/secret-key {CONTAINER}.env[0].valueFrom.secretKeyRef.key")],
        ),
        ("a Secret without data is filled by others", vec![env("secretKeyRef: {name: cred, key: z}"), open], &[]),
        (
            "a ConfigMap is no Secret",
            vec![env_from("secretRef: {name: cfg}"), map.clone()],
            &[format!("references/secret {CONTAINER}.envFrom[0].secretRef.name")],
        ),
        (
            "volume items",
            vec![volume("configMap: {name: cfg, items: [{key: a, path: a}, {key: z, path: z}]}"), map.clone()],
            &[format!("references/config-map-key {POD}.volumes[0].configMap.items[1].key")],
        ),
        (
            "volume secret",
            vec![volume("secret: {secretName: cred}")],
            &[format!("references/secret {POD}.volumes[0].secret.secretName")],
        ),
        (
            "projected",
            vec![
                volume(
                    "projected: {sources: [{secret: {name: s}}, {configMap: {name: cfg, items: [{key: z, path: z}]}}, {serviceAccountToken: {path: t}}]}",
                ),
                map.clone(),
            ],
            &[
                format!("references/config-map-key {POD}.volumes[0].projected.sources[1].configMap.items[0].key"),
                format!("references/secret {POD}.volumes[0].projected.sources[0].secret.name"),
            ],
        ),
        (
            "driver",
            vec![volume("csi: {driver: d, nodePublishSecretRef: {name: s}}")],
            &[format!("references/secret {POD}.volumes[0].csi.nodePublishSecretRef.name")],
        ),
        (
            "claim",
            vec![volume("persistentVolumeClaim: {claimName: data}")],
            &[format!("references/persistent-volume-claim {POD}.volumes[0].persistentVolumeClaim.claimName")],
        ),
        (
            "claim there",
            vec![
                volume("persistentVolumeClaim: {claimName: data}"),
                object("v1", "PersistentVolumeClaim", "data", "spec: {}"),
            ],
            &[],
        ),
        (
            "account",
            vec![web("serviceAccountName: web", "")],
            &[format!("references/service-account {POD}.serviceAccountName")],
        ),
        ("default account", vec![web("serviceAccountName: default", "")], &[]),
        (
            "pull secret",
            vec![web("imagePullSecrets: [{name: pull}]", "")],
            &[format!("references/secret {POD}.imagePullSecrets[0].name")],
        ),
        ("what every namespace has", vec![volume("configMap: {name: kube-root-ca.crt}")], &[]),
        ("a name to be filled in", vec![env_from("secretRef: {name: '${NAME}'}")], &[]),
        (
            "mount",
            vec![web(
                "volumes:\n- {name: a, emptyDir: {}}",
                "volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]",
            )],
            &[format!("references/volume {CONTAINER}.volumeMounts[1].name")],
        ),
        (
            "many places, one finding",
            vec![web(
                "",
                "env:\n- {name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}\n- {name: B, valueFrom: {secretKeyRef: {name: s, key: b}}}",
            )],
            &[format!("references/secret {CONTAINER}.env[0].valueFrom.secretKeyRef.name")],
        ),
    ];
    for (title, documents, wanted) in rows {
        let mut got = found("severities: {secrets/*: off}", &stream(documents));
        let mut wanted = wanted.to_vec();
        got.sort();
        wanted.sort();
        assert_eq!(got, wanted, "{title}");
    }
}

/// One of several objects may be meant: only what all of them lack is missing.
#[test]
fn objects_of_several_namespaces() {
    let pod = web("", "env:\n- {name: A, valueFrom: {configMapKeyRef: {name: cfg, key: a}}}");
    let map = |namespace: &str, key: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cfg, namespace: {namespace}}}\ndata: {{{key}: x}}\n"
        )
    };
    let count = |documents: &[String]| found("", &stream(documents)).len();
    assert_eq!(count(&[pod.clone(), map("one", "b"), map("two", "a")]), 0);
    assert_eq!(count(&[pod.clone(), map("one", "b"), map("two", "c")]), 1);
    let placed = pod.replacen("name: web\n", "name: web\n  namespace: one\n", 1);
    assert_eq!(count(&[placed, map("two", "a"), map("one", "b")]), 1);
}

/// Secrets that objects of the stream will make.
#[test]
fn makers_of_secrets() {
    let user = web("", "envFrom:\n- {secretRef: {name: db}}");
    let makers = [
        object("external-secrets.io/v1", "ExternalSecret", "db", "spec: {}"),
        object("external-secrets.io/v1", "ExternalSecret", "x", "spec: {target: {name: db}}"),
        object("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", "x", "spec: {destination: {name: db, create: true}}"),
        object("secrets.hashicorp.com/v1beta1", "VaultDynamicSecret", "x", "spec: {destination: {name: db}}"),
        object("bitnami.com/v1alpha1", "SealedSecret", "db", "spec: {encryptedData: {a: x}}"),
        object("cert-manager.io/v1", "Certificate", "x", "spec: {secretName: db}"),
        object("onepassword.com/v1", "OnePasswordItem", "db", "spec: {}"),
        object("database.example.org/v1", "Instance", "x", "spec: {writeConnectionSecretToRef: {name: db}}"),
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: x\n  annotations: {service.beta.openshift.io/serving-cert-secret-name: db}\nspec: {ports: []}\n".to_owned(),
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: x\n  annotations: {cert-manager.io/cluster-issuer: le}\nspec: {tls: [{secretName: db}]}\n".to_owned(),
    ];
    for maker in makers {
        assert_eq!(found("", &stream(&[user.clone(), maker.clone()])), Vec::<String>::new(), "{maker}");
    }
    let elsewhere =
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db, namespace: b}\n".to_owned();
    let here = user.replace("name: web\nspec", "name: web\n  namespace: a\nspec");
    assert_eq!(found("", &stream(&[here, elsewhere])).len(), 1, "a maker in another namespace");
    let renamed = object("bitnami.com/v1alpha1", "SealedSecret", "x", "spec: {template: {metadata: {name: db}}}");
    assert_eq!(found("", &stream(&[user.clone(), renamed])).len(), 1, "a SealedSecret gives its own name");
    let other = object("external-secrets.io/v1", "ExternalSecret", "db", "spec: {target: {name: x}}");
    assert_eq!(found("", &stream(&[user, other])).len(), 1, "a maker of another Secret");
}

/// Keys of Secrets that others make: an error where all of them are known.
#[test]
fn keys_of_made_secrets() {
    let user =
        |key: &str| web("", &format!("env:\n- {{name: A, valueFrom: {{secretKeyRef: {{name: db, key: {key}}}}}}}"));
    let external = |rest: &str| object("external-secrets.io/v1", "ExternalSecret", "db", &format!("spec: {{{rest}}}"));
    let data = "data: [{secretKey: a, remoteRef: {key: x}}]";
    let secret = object("v1", "Secret", "db", "data: {b: PHBhdGg6YSNiPg==}");
    let merge = external(&format!("target: {{creationPolicy: Merge}}, {data}"));
    let rows: &[(&str, &str, Vec<String>, usize)] = &[
        ("known", "a", vec![external(data)], 0),
        ("known to lack it", "z", vec![external(data)], 1),
        ("anything may come", "z", vec![external(&format!("{data}, dataFrom: [{{extract: {{key: x}}}}]"))], 0),
        ("sealed", "z", vec![object("bitnami.com/v1alpha1", "SealedSecret", "db", "spec: {encryptedData: {a: x}}")], 1),
        ("a key of the Secret itself", "b", vec![secret.clone(), merge.clone()], 0),
        ("a key that is merged into it", "a", vec![secret.clone(), merge.clone()], 0),
        ("a key of neither", "z", vec![secret, merge.clone()], 1),
        ("what only merges makes nothing", "a", vec![merge], 1),
    ];
    for (title, key, others, wanted) in rows {
        let documents: Vec<String> = [user(key)].into_iter().chain(others.iter().cloned()).collect();
        assert_eq!(found("", &stream(&documents)).len(), *wanted, "{title}");
    }
}

#[test]
fn namespaces_and_earlier_names() {
    let user = |namespace: &str, notes: &str| {
        web("", "envFrom:\n- {configMapRef: {name: cfg}}").replacen(
            "name: web\n",
            &format!("name: web\n  namespace: {namespace}\n  annotations: {{{notes}}}\n"),
            1,
        )
    };
    let map = |name: &str, namespace: &str, notes: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  annotations: {{{notes}}}\ndata: {{a: b}}\n"
        )
    };
    let missing = [format!("references/config-map {CONTAINER}.envFrom[0].configMapRef.name")];
    let named = "internal.config.kubernetes.io/previousNames: cfg, internal.config.kubernetes.io/prefixes: pre-";
    assert_eq!(found("", &stream(&[user("a", ""), map("cfg", "a", "")])), Vec::<String>::new());
    assert_eq!(found("", &stream(&[user("a", ""), map("cfg", "b", "")])), missing);
    assert_eq!(
        found("", &stream(&[user("''", ""), map("cfg", "b", "")])),
        Vec::<String>::new(),
        "it may be applied to b"
    );
    assert_eq!(found("", &stream(&[user("a", ""), map("pre-cfg", "a", "")])), missing);
    assert_eq!(
        found("", &stream(&[user("a", ""), map("pre-cfg", "a", named)])),
        Vec::<String>::new(),
        "kustomize will rename"
    );
}

#[test]
fn services() {
    let pod = web("", "");
    let udp = web("", "").replace("containerPort: 8080}", "containerPort: 8080, protocol: UDP}");
    let sidecar = web(
        "initContainers:\n- {name: s, image: i, restartPolicy: Always, ports: [{name: admin, containerPort: 9}]}",
        "",
    );
    let init = web("initContainers:\n- {name: s, image: i, ports: [{name: admin, containerPort: 9}]}", "");
    let port = |target: &str| {
        service(&format!("{{selector: {{app: web}}, ports: [{{name: web, port: 80, targetPort: {target}}}]}}"))
    };
    let selector = "references/service-selector spec.selector".to_owned();
    let target = "references/target-port spec.ports[0].targetPort".to_owned();
    let rows: &[(&str, Vec<String>, &[String])] = &[
        ("by name", vec![pod.clone(), port("http")], &[]),
        ("by number, declared or not", vec![pod.clone(), port("9999")], &[]),
        ("by a wrong name", vec![pod.clone(), port("htpp")], std::slice::from_ref(&target)),
        ("by another protocol", vec![udp, port("http")], std::slice::from_ref(&target)),
        ("a sidecar's port", vec![sidecar, port("admin")], &[]),
        ("an init container serves nobody", vec![init, port("admin")], std::slice::from_ref(&target)),
        ("selects nothing", vec![pod.clone(), service("{selector: {app: wbe}, ports: [{port: 80}]}")], &[selector]),
        (
            "one label of two",
            vec![pod.clone(), service("{selector: {app: web, tier: x}}")],
            &["references/service-selector spec.selector".to_owned()],
        ),
        ("without a selector", vec![pod.clone(), service("{ports: [{port: 80}]}")], &[]),
        (
            "without pods nothing is known",
            vec![service("{selector: {app: web}, ports: [{port: 80, targetPort: x}]}")],
            &[],
        ),
        (
            "pods of another namespace do not count",
            vec![
                pod.replacen("name: web\n", "name: web\n  namespace: a\n", 1),
                service("{selector: {app: web}}").replace("name: web}", "name: web, namespace: b}"),
            ],
            &[],
        ),
    ];
    for (title, documents, wanted) in rows {
        assert_eq!(found("", &stream(documents)), *wanted, "{title}");
    }
}

#[test]
fn backends() {
    let pod = web("", "");
    let there = service("{selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}]}");
    let ingress = |backend: &str| {
        object(
            "networking.k8s.io/v1",
            "Ingress",
            "in",
            &format!("spec: {{rules: [{{http: {{paths: [{{path: /, backend: {backend}}}]}}}}]}}"),
        )
    };
    let old = |backend: &str| ingress(backend).replace("networking.k8s.io/v1", "extensions/v1beta1");
    let route = |port: &str| {
        object(
            "route.openshift.io/v1",
            "Route",
            "r",
            &format!("spec: {{to: {{kind: Service, name: web}}, port: {{targetPort: {port}}}}}"),
        )
    };
    let http = |backend: &str| {
        object(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            "h",
            &format!("spec: {{rules: [{{backendRefs: [{backend}]}}]}}"),
        )
    };
    let hook = |rest: &str| {
        object(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            "w",
            &format!("webhooks: [{{clientConfig: {{service: {{name: web, {rest}}}}}}}]"),
        )
    };
    let path = "spec.rules[0].http.paths[0].backend";
    let both = |extra: String| vec![pod.clone(), there.clone(), extra];
    let external = service("{type: ExternalName, externalName: example.com}");
    let rows: &[(&str, Vec<String>, &[String])] = &[
        ("ingress by number", both(ingress("{service: {name: web, port: {number: 80}}}")), &[]),
        ("ingress by name", both(ingress("{service: {name: web, port: {name: web}}}")), &[]),
        (
            "ingress by the pod's port",
            both(ingress("{service: {name: web, port: {number: 8080}}}")),
            &[format!("references/service-port {path}.service.port.number")],
        ),
        (
            "ingress by the pod's name",
            both(ingress("{service: {name: web, port: {name: http}}}")),
            &[format!("references/service-port {path}.service.port.name")],
        ),
        (
            "no service",
            vec![ingress("{service: {name: api, port: {number: 80}}}")],
            &[format!("references/service {path}.service.name")],
        ),
        ("a resource is no service", vec![ingress("{resource: {kind: Bucket, name: b}}")], &[]),
        (
            "old form",
            both(old("{serviceName: web, servicePort: 8080}")),
            &[format!("references/service-port {path}.servicePort")],
        ),
        ("AWS", vec![ingress("{service: {name: redirect, port: {name: use-annotation}}}")], &[]),
        ("an external name has every port", vec![external, ingress("{service: {name: web, port: {number: 1}}}")], &[]),
        ("route by the service port's name", both(route("web")), &[]),
        ("route by the pod's number", both(route("8080")), &[]),
        (
            "route by the service's number",
            both(route("80")),
            &["references/route-port spec.port.targetPort".to_owned()],
        ),
        ("route by the pod's name", both(route("http")), &["references/route-port spec.port.targetPort".to_owned()]),
        ("route without a service", vec![route("web")], &["references/service spec.to.name".to_owned()]),
        ("http route", both(http("{name: web, port: 80}")), &[]),
        (
            "http route, port",
            both(http("{name: web, port: 8080}")),
            &["references/service-port spec.rules[0].backendRefs[0].port".to_owned()],
        ),
        ("http route, elsewhere", both(http("{name: x, namespace: other, port: 80}")), &[]),
        ("http route, another kind", both(http("{group: x.io, kind: Backend, name: x}")), &[]),
        (
            "webhook",
            both(hook("namespace: a, port: 443").replace("namespace: a, ", "")),
            &["references/service-port webhooks[0].clientConfig.service.port".to_owned()],
        ),
        ("webhook there", both(hook("port: 80")), &[]),
    ];
    for (title, documents, wanted) in rows {
        assert_eq!(found("", &stream(documents)), *wanted, "{title}");
    }
}

#[test]
fn selectors_of_others() {
    let pod = web("", "");
    let labelled = "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {app: web}}\nspec: {selector: {app: web}, ports: [{name: metrics, port: 80}]}\n".to_owned();
    let monitor = |rest: &str| object("monitoring.coreos.com/v1", "ServiceMonitor", "m", &format!("spec: {rest}"));
    let pods = |rest: &str| object("monitoring.coreos.com/v1", "PodMonitor", "m", &format!("spec: {rest}"));
    let budget =
        |selector: &str| object("policy/v1", "PodDisruptionBudget", "b", &format!("spec: {{selector: {selector}}}"));
    let hpa = |target: &str| {
        object(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "h",
            &format!("spec: {{scaleTargetRef: {target}, maxReplicas: 3}}"),
        )
    };
    let binding = |role: &str, subject: &str| {
        object("rbac.authorization.k8s.io/v1", "RoleBinding", "b", &format!("roleRef: {role}\nsubjects: [{subject}]"))
    };
    let all = |extra: String| vec![pod.clone(), labelled.clone(), extra];
    let rows: &[(&str, Vec<String>, &[&str])] = &[
        ("monitor", all(monitor("{selector: {matchLabels: {app: web}}, endpoints: [{port: metrics}]}")), &[]),
        (
            "monitor, port",
            all(monitor("{selector: {}, endpoints: [{port: '80'}, {port: metrics}]}")),
            &["references/service-monitor-port spec.endpoints[0].port"],
        ),
        (
            "monitor, nothing",
            all(monitor("{selector: {matchLabels: {app: x}}, endpoints: [{port: a}]}")),
            &["references/service-monitor spec.selector"],
        ),
        (
            "monitor of elsewhere",
            vec![
                pod.clone(),
                labelled.replace("name: web,", "name: web, namespace: a,"),
                monitor("{namespaceSelector: {matchNames: [b]}, selector: {matchLabels: {app: x}}}"),
            ],
            &[],
        ),
        (
            "monitor, expressions",
            all(monitor("{selector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}}")),
            &["references/service-monitor spec.selector"],
        ),
        ("pod monitor", all(pods("{selector: {matchLabels: {app: web}}, podMetricsEndpoints: [{port: http}]}")), &[]),
        (
            "pod monitor, port",
            all(pods("{selector: {matchLabels: {app: web}}, podMetricsEndpoints: [{port: metrics}]}")),
            &["references/pod-monitor-port spec.podMetricsEndpoints[0].port"],
        ),
        (
            "pod monitor, nothing",
            all(pods("{selector: {matchLabels: {app: x}}}")),
            &["references/pod-monitor spec.selector"],
        ),
        ("budget", all(budget("{matchLabels: {app: web}}")), &[]),
        (
            "budget, nothing",
            all(budget("{matchLabels: {app: web}, matchExpressions: [{key: app, operator: DoesNotExist}]}")),
            &["references/disruption-budget spec.selector"],
        ),
        ("autoscaler", all(hpa("{apiVersion: apps/v1, kind: Deployment, name: web}")), &[]),
        (
            "autoscaler, kind",
            all(hpa("{apiVersion: apps/v1, kind: StatefulSet, name: web}")),
            &["references/scale-target spec.scaleTargetRef.name"],
        ),
        (
            "autoscaler, group",
            all(hpa("{apiVersion: argoproj.io/v1alpha1, kind: Deployment, name: web}")),
            &["references/scale-target spec.scaleTargetRef.name"],
        ),
        (
            "role",
            vec![binding("{kind: Role, name: r}", "{kind: ServiceAccount, name: default, namespace: a}")],
            &["references/role roleRef.name"],
        ),
        (
            "cluster roles that every cluster has",
            vec![binding("{kind: ClusterRole, name: view}", "{kind: User, name: u}")],
            &[],
        ),
        (
            "system roles",
            vec![binding("{kind: ClusterRole, name: 'system:auth-delegator'}", "{kind: Group, name: u}")],
            &[],
        ),
        (
            "subject of elsewhere",
            vec![binding(
                "{kind: ClusterRole, name: view}",
                "{kind: ServiceAccount, name: prometheus, namespace: monitoring}",
            )],
            &[],
        ),
        (
            "subject",
            vec![binding("{kind: ClusterRole, name: view}", "{kind: ServiceAccount, name: web}")],
            &["references/service-account subjects[0].name"],
        ),
    ];
    for (title, documents, wanted) in rows {
        assert_eq!(found("", &stream(documents)), *wanted, "{title}");
    }
}

#[test]
fn claims_of_stateful_pods() {
    let set = |rest: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  serviceName: db\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    spec:\n      containers:\n      - {{name: db, image: i, volumeMounts: [{{name: data, mountPath: /d}}]}}\n{rest}"
        )
    };
    let claims = "  volumeClaimTemplates:\n  - {metadata: {name: data}, spec: {}}\n";
    let user = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}], volumes: [{name: v, persistentVolumeClaim: {claimName: data-db-0}}]}\n".to_owned();
    let there = object("v1", "Service", "db", "spec: {clusterIP: None, selector: {a: b}, ports: [{port: 1}]}");
    assert_eq!(found("", &stream(&[set(claims), user, there.clone()])), Vec::<String>::new());
    assert_eq!(
        found("", &stream(&[set(""), there])),
        ["references/volume spec.template.spec.containers[0].volumeMounts[0].name"]
    );
    assert_eq!(found("", &stream(&[set(claims)])), ["references/service spec.serviceName"]);
}

#[test]
fn secrets_in_variables_and_arguments() {
    let flagged = |container: &str| !found("", &web("", container)).is_empty();
    let env = |name: &str, value: &str| format!("env:\n- {{name: {name}, value: {value}}}");
    for (name, value) in [
        ("DB_PASSWORD", "hunter2"),
        ("DB_PASSWORD", "123456"),
        ("ADMIN_PASS", "admin"),
        ("API_KEY", "abc"),
        ("JWT_SECRET", "jwt-secret"),
        ("AUTH_SECRET", "S3cret"),
        ("LICENSE_KEY", "Zk39fQ8sLm2Xc7Vb1Na0Qw5E"),
        ("DATABASE_URL", "'postgres://app:hunter2@db:5432/app'"),
        ("ANYTHING", "AKIAQ3EGRZ7KLMN2OPQ4"),
        ("GITHUB", "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"),
        ("CERT", r#""-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n""#),
    ] {
        assert!(flagged(&env(name, value)), "{name}={value}");
    }
    for (name, value) in [
        ("DB_PASSWORD", "''"),
        ("DB_PASSWORD", "$(PW)"),
        ("DB_PASSWORD", "<path:secret/data/db#password>"),
        ("DB_PASSWORD_FILE", "/run/secrets/db"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("SECRET_NAME", "db-credentials"),
        ("TLS_SECRET", "web-tls"),
        ("TOKEN_TTL", "3600"),
        ("ALLOW_EMPTY_PASSWORD", "'yes'"),
        ("TOKEN_URL", "https://idp.example.com/token"),
        ("API_KEY", "'{{ .Values.key }}'"),
        ("PUBLIC_KEY", "Zk39fQ8sLm2Xc7Vb1Na0Qw5E"),
        ("PARTITION_KEY", "customer"),
        ("MAX_TOKENS", "'4096'"),
        ("DATABASE_URL", "'postgres://app:$(PW)@db/app'"),
        ("DATABASE_URL", "'postgres://app@db/app'"),
        ("OTHER", "hunter2"),
    ] {
        assert!(!flagged(&env(name, value)), "{name}={value}");
    }
    for (arguments, wanted) in [
        ("[--password=hunter2]", true),
        ("[--password, hunter2]", true),
        ("[--password, --verbose]", false),
        ("[--password-file=/run/p]", false),
        ("[--api-key=$(API_KEY)]", false),
        ("[--tls-secret=web-tls]", false),
        ("['redis-server', '--requirepass', 'hunter2']", true),
        ("[sh, -c, 'export PGPASSWORD=hunter2; psql']", true),
        ("[sh, -c, 'psql --password hunter2 -h db']", true),
        ("[sh, -c, 'PASSWORD=$(cat /run/p) exec app']", false),
        ("[sh, -c, 'psql postgres://a:b1c2@db/x']", true),
        ("[DB_PASSWORD=hunter2]", true),
    ] {
        assert_eq!(flagged(&format!("args: {arguments}")), wanted, "{arguments}");
    }
    let hook = "lifecycle: {preStop: {exec: {command: [app, --token=hunter2]}}}";
    assert!(flagged(hook));
}

#[test]
fn secrets_elsewhere() {
    let map = |data: &str| object("v1", "ConfigMap", "c", &format!("data:\n{data}"));
    let rows: &[(&str, &str, &[&str])] = &[
        ("its own key", "  DB_PASSWORD: hunter2", &["secrets/config-map data.DB_PASSWORD"]),
        (
            "properties",
            "  app.properties: |\n    a=b\n    db.password=hunter2",
            &["secrets/config-map data[app.properties]"],
        ),
        ("yaml", "  app.yaml: |\n    db:\n      password: hunter2 # x", &["secrets/config-map data[app.yaml]"]),
        ("json", "  app.json: '{\"db\": {\"password\": \"hunter2\"}}'", &["secrets/config-map data[app.json]"]),
        ("ini", "  app.ini: |\n    [db]\n    password = hunter2", &["secrets/config-map data[app.ini]"]),
        ("a comment", "  app.ini: |\n    ; password = hunter2\n    # token: x1y2", &[]),
        ("filled in by the program", "  app.yaml: |\n    password: ${DB_PASSWORD}\n    token: $slack-token", &[]),
        ("a schema", "  app.yaml: |\n    password:\n      type: string\n    token: string", &[]),
        ("code", "  init.sh: |\n    PASSWORD=hunter2", &[]),
        (
            "a key in code",
            "  init.sh: |\n    echo '-----BEGIN PRIVATE KEY-----\n    MIIEvQIBADANBgkqhkiG9w0BAQEF'",
            &["secrets/config-map data[init.sh]"],
        ),
        ("prose", "  notes: |\n    token: the token that you get\n    password is hunter2", &[]),
        ("reference to a Secret", "  app.yaml: |\n    existingSecret: db-credentials\n    passwordKey: password", &[]),
    ];
    for (title, data, wanted) in rows {
        assert_eq!(found("", &map(data)), *wanted, "{title}");
    }
    let annotated = |text: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: s, annotations: {{{text}}}}}\nspec: {{}}\n")
    };
    assert_eq!(
        found("", &annotated("example.com/api-token: hunter2")),
        ["secrets/annotation metadata.annotations[example.com/api-token]"]
    );
    assert!(found("", &annotated("nginx.ingress.kubernetes.io/auth-tls-secret: default/ca")).is_empty());
    assert!(found("", &annotated("nginx.ingress.kubernetes.io/auth-secret: Basic")).is_empty());
    let copied = r#"{"kind":"Secret","data":{"a":"eA=="}}"#;
    let applied = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s, annotations: {{kubectl.kubernetes.io/last-applied-configuration: '{copied}'}}}}\n"
    );
    assert_eq!(found("", &applied).len(), 1);
    let secret = |rest: &str| object("v1", "Secret", "s", rest);
    assert_eq!(found("", &secret("data: {a: aHVudGVyMg==}")), ["secrets/plaintext-secret data"]);
    assert_eq!(found("", &secret("stringData: {a: hunter2}")), ["secrets/plaintext-secret stringData"]);
    assert_eq!(found("", &secret("stringData: {a: '<path:secret/data/a#b>', c: ''}")), Vec::<String>::new());
    assert_eq!(found("", &secret("data: {a: PHBhdGg6YSNiPg==}")), Vec::<String>::new(), "the placeholder in base64");
    assert_eq!(found("", &secret("type: kubernetes.io/service-account-token")), Vec::<String>::new());
}

/// No rule says what a value is.
#[test]
fn values_stay_secret() {
    let pod = web(
        "",
        "args: [--token=hunter2-args]\nenv:\n- {name: DB_PASSWORD, value: hunter2-env}\n- {name: URL, value: 'a://b:hunter2-url@c'}",
    );
    let map = object("v1", "ConfigMap", "c", "data: {password: hunter2-map, f: \"x: y\\ntoken: hunter2-line\\n\"}");
    let secret = object("v1", "Secret", "s", "stringData: {password: hunter2-secret}");
    let note = "apiVersion: v1\nkind: Service\nmetadata: {name: s, annotations: {token: hunter2-note}}\n".to_owned();
    let (_, all) = findings("Checks", "{}", &stream(&[pod, map, secret, note]));
    assert!(all.iter().filter(|finding| finding.rule.id.starts_with("secrets/")).count() >= 7);
    for finding in all {
        assert!(!format!("{}{:?}", finding.message, finding.remedy).contains("hunter2"), "{}", finding.message);
    }
}

#[test]
fn settings_of_secrets() {
    let env = |name: &str, value: &str| web("", &format!("env:\n- {{name: {name}, value: {value}}}"));
    assert!(found("secrets: {allowNames: [DEMO_.*]}", &env("DEMO_PASSWORD", "x")).is_empty());
    assert_eq!(found("secrets: {allowNames: [DEMO]}", &env("DEMO_PASSWORD", "x")).len(), 1, "the whole name");
    assert!(found("secrets: {allowValues: ['vault-.*']}", &env("PASSWORD", "vault-x")).is_empty());
    assert_eq!(found("secrets: {names: ['.*_PIN']}", &env("DOOR_PIN", "hunter2")).len(), 1);
}

#[test]
fn pod_security_is_what_admission_says() {
    let rules = |spec: &str, input: &str| -> Vec<String> {
        findings("Checks", spec, input).1.iter().map(|finding| finding.rule.id.replace("pod-security/", "")).collect()
    };
    let lean = web("", "");
    let demanded = ["capabilities_restricted", "allowPrivilegeEscalation", "runAsNonRoot", "seccompProfile_restricted"];
    assert_eq!(rules("{}", &lean), demanded);
    assert_eq!(rules("{podSecurity: {version: v1.0}}", &lean), ["runAsNonRoot"]);
    assert_eq!(rules("{podSecurity: {version: v1.8}}", &lean), ["allowPrivilegeEscalation", "runAsNonRoot"]);
    assert!(rules("{podSecurity: {level: baseline}}", &lean).is_empty());
    assert!(rules("{podSecurity: {level: privileged}}", &web("hostNetwork: true", "")).is_empty());
    assert_eq!(
        rules("{podSecurity: {level: baseline}}", &web("hostNetwork: true\nhostPID: true", "")),
        ["hostNamespaces", "hostPorts"],
        "one finding for a check; the API gives ports on the host's network their host ports"
    );
    // Admission wants both said, although the API would refuse them together.
    assert_eq!(rules("{}", &web("", "securityContext: {privileged: true}"))[0], "privileged");
    assert!(
        rules("{}", &web("", "securityContext: {privileged: true}")).contains(&"allowPrivilegeEscalation".to_owned())
    );
    let inherited = web(
        "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}",
        "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}",
    );
    assert!(rules("{}", &inherited).is_empty());
    let root = web("securityContext: {runAsUser: 0, runAsNonRoot: true}", "");
    assert!(
        rules("{podSecurity: {version: v1.22}}", &root).iter().all(|rule| rule != "runAsUser"),
        "in the standard since v1.23"
    );
    assert!(rules("{podSecurity: {version: v1.23}}", &root).contains(&"runAsUser".to_owned()));
    let windows = web("os: {name: windows}", "");
    assert_eq!(rules("{}", &windows), ["runAsNonRoot"]);
    assert!(rules("{podSecurity: {version: v1.24}}", &windows).contains(&"allowPrivilegeEscalation".to_owned()));
}

/// It sees what the other functions made, and finds nothing in what `SecurityContext` hardened.
#[test]
fn hardened_pods_pass() {
    let pipeline = "{functions: {checks: {kind: Checks}, harden: {kind: SecurityContext}}}";
    let (outcome, all) = findings("Pipeline", pipeline, &web("", ""));
    assert_eq!(outcome, Outcome::Ok);
    assert!(all.iter().all(|finding| !finding.rule.id.starts_with("pod-security/")), "{all:?}");
}

#[test]
fn severities_scope_and_exceptions() {
    let input = web("", "env:\n- {name: A_PASSWORD, value: x1}\n- {name: B_PASSWORD, value: x2}");
    assert!(found("severities: {secrets/env: 'off'}", &input).is_empty());
    assert!(found("severities: {secrets/env: off}", &input).is_empty());
    assert!(found("severities: {secrets/*: off}", &input).is_empty());
    assert_eq!(found("severities: {secrets/*: off, secrets/env: info}", &input).len(), 2, "a single rule overrides its family");
    assert!(found("exclude: [{name: web}]", &input).is_empty());
    assert!(found("exclude: [{containers: [web]}]", &input).is_empty());
    assert_eq!(found("targets: [{containers: [web]}]", &input).len(), 2);
    assert_eq!(found("targets: [{name: nothing}]", &input), ["unmatched-target"]);
    let one = found(
        "exceptions: [{target: {kind: Deployment}, rules: [secrets/env], fields: [A_.*], reason: a demo}]",
        &input,
    );
    assert_eq!(one.iter().filter(|line| line.starts_with("exception ")).count(), 1);
    assert_eq!(one.iter().filter(|line| line.starts_with("secrets/env ")).count(), 1);
    let all = found("exceptions: [{target: {containers: [web]}, rules: ['secrets/*'], reason: a demo}]", &input);
    assert!(all.iter().all(|line| line.starts_with("exception ")), "{all:?}");
    let unused = found("exceptions: [{target: {name: web}, rules: [references/secret], reason: a demo}]", &web("", ""));
    assert_eq!(unused, ["unused-exception"]);
}

/// A reference of what is in scope leads anywhere in the stream.
#[test]
fn scope_does_not_hide_what_is_referred_to() {
    let input =
        stream(&[web("", "envFrom:\n- {configMapRef: {name: cfg}}"), object("v1", "ConfigMap", "cfg", "data: {}")]);
    assert!(found("targets: [{kind: Deployment}]", &input).is_empty());
}

#[test]
fn external_objects() {
    let input = web("", "envFrom:\n- {secretRef: {name: db-prod}}");
    let external = |rest: &str| found(&format!("references: {{external: [{rest}]}}"), &input).len();
    assert_eq!(external("{kind: Secret, name: db-.*}"), 0);
    assert_eq!(external("{kind: Secret}"), 0);
    assert_eq!(external("{kind: Secret, name: db}"), 1);
    assert_eq!(external("{kind: ConfigMap, name: db-prod}"), 1);
    assert_eq!(external("{kind: Secret, name: db-prod, namespace: other}"), 1);
}

#[test]
fn pools() {
    let hpa = object(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "h",
        "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 8}",
    );
    let replicas = |pod: String| pod.replace("spec:\n  selector", "spec:\n  replicas: 3\n  selector");
    let cfg = object("v1", "ConfigMap", "cfg", "data: {POOL: '12', p_POOL: '1'}");
    let server = object(
        "apps/v1",
        "StatefulSet",
        "db",
        "spec: {selector: {matchLabels: {a: db}}, template: {metadata: {labels: {a: db}}, spec: {containers: [{name: db, image: i, args: [-c, max_connections=60]}]}}}",
    );
    let pool = |rest: &str, client: &str| {
        format!("pools: {{db: {{{rest}, clients: {{api: {{target: {{name: web}}, {client}}}}}}}}}")
    };
    let rows: &[(&str, String, Vec<String>, &[&str])] = &[
        ("fits", pool("maxConnections: 81", "poolSize: 10"), vec![web("", ""), hpa.clone()], &[]),
        (
            "as many as there are is too many",
            pool("maxConnections: 80", "poolSize: 10"),
            vec![web("", ""), hpa.clone()],
            &["pools/connections"],
        ),
        (
            "with a reserve",
            pool("maxConnections: 81, reserve: 1", "poolSize: 10"),
            vec![web("", ""), hpa.clone()],
            &["pools/connections"],
        ),
        (
            "with overflow",
            pool("maxConnections: 81", "poolSize: 10, overflow: 1"),
            vec![web("", ""), hpa.clone()],
            &["pools/connections"],
        ),
        (
            "with processes",
            pool("maxConnections: 160", "poolSize: 10, processes: 2"),
            vec![web("", ""), hpa.clone()],
            &["pools/connections"],
        ),
        ("replicas without a scaler", pool("maxConnections: 31", "poolSize: 10"), vec![replicas(web("", ""))], &[]),
        ("one without either", pool("maxConnections: 10", "poolSize: 10"), vec![web("", "")], &["pools/connections"]),
        ("told", pool("maxConnections: 21", "poolSize: 10, maxReplicas: 2"), vec![web("", ""), hpa.clone()], &[]),
        (
            "from a variable",
            pool("maxConnections: 96", "poolSize: {env: POOL}"),
            vec![web("", "env: [{name: POOL, value: '12'}]"), hpa.clone()],
            &["pools/connections"],
        ),
        (
            "from a ConfigMap's key",
            pool("maxConnections: 97", "poolSize: {env: SIZE}"),
            vec![
                web("", "env: [{name: SIZE, valueFrom: {configMapKeyRef: {name: cfg, key: POOL}}}]"),
                hpa.clone(),
                cfg.clone(),
            ],
            &[],
        ),
        (
            "from a ConfigMap",
            pool("maxConnections: 96", "poolSize: {env: POOL}"),
            vec![web("", "envFrom: [{configMapRef: {name: cfg}}]"), hpa.clone(), cfg.clone()],
            &["pools/connections"],
        ),
        (
            "with a prefix",
            pool("maxConnections: 96", "poolSize: {env: x_POOL}"),
            vec![web("", "envFrom: [{prefix: x_, configMapRef: {name: cfg}}]"), hpa.clone(), cfg],
            &["pools/connections"],
        ),
        (
            "a default",
            pool("maxConnections: 40", "poolSize: {env: POOL, default: 5}"),
            vec![web("", ""), hpa.clone()],
            &["pools/connections"],
        ),
        (
            "unset",
            pool("maxConnections: 40", "poolSize: {env: POOL}"),
            vec![web("", "")],
            &["pools/unknown spec.template.spec"],
        ),
        (
            "no number",
            pool("maxConnections: 40", "poolSize: {env: POOL}"),
            vec![web("", "env: [{name: POOL, value: many}]")],
            &["pools/unknown spec.template.spec"],
        ),
        (
            "the database says",
            pool("server: {target: {name: db}}", "poolSize: 20"),
            vec![replicas(web("", "")), server.clone()],
            &["pools/connections"],
        ),
        (
            "the database says, and it fits",
            pool("server: {target: {name: db}}", "poolSize: 19"),
            vec![replicas(web("", "")), server],
            &[],
        ),
        ("no database", pool("server: {target: {name: db}}", "poolSize: 19"), vec![web("", "")], &["unmatched-target"]),
        (
            "no client",
            pool("maxConnections: 9", "poolSize: 1").replace("name: web", "name: wbe"),
            vec![web("", "")],
            &["unmatched-target"],
        ),
        (
            "set, but nobody can see to what",
            pool("maxConnections: 40", "poolSize: {env: POOL, default: 1}"),
            vec![web("", "env: [{name: POOL, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]")],
            &["pools/unknown spec.template.spec"],
        ),
        (
            "nodes decide",
            pool("maxConnections: 9", "poolSize: 1"),
            vec![web("", "").replace("Deployment", "DaemonSet")],
            &["pools/unknown spec.template.spec"],
        ),
    ];
    for (title, spec, documents, wanted) in rows {
        assert_eq!(found(spec, &stream(documents)), *wanted, "{title}");
    }
    let (outcome, all) =
        findings("Checks", "{pools: {db: {maxConnections: 9, server: {target: {}}, clients: {}}}}", &web("", ""));
    assert_eq!(outcome, Outcome::Usage);
    assert_eq!(all.len(), 2, "{all:?}");
}

/// Each rule shows in a result of a README case; so the README is complete, and so is the registry.
#[test]
fn every_rule_has_a_case() {
    let readme = FUNCTIONS.iter().find(|function| function.kind == "Checks").unwrap().readme;
    let shown: BTreeSet<String> =
        readme.split("\"rule\":\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    let missing: Vec<String> =
        rules::RULES.iter().map(|rule| rule.id.to_owned()).filter(|id| !shown.contains(id)).collect();
    assert!(missing.is_empty(), "rules without a case: {missing:?}");
}
