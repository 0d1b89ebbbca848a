//! What a stream means, fact by fact.

use std::sync::Arc;

use serde_json::json;

use super::makers::{Content, Store};
use super::provided::Providers;
use super::references::{Answer, in_pod_spec};
use super::scalers::Scales;
use super::selections::By;
use super::services::{Target, container_port, ports};
use super::{Facts, Near};
use crate::report::{Class, Report, Why};
use crate::stream::{ObjectId, Stream};

fn stream(text: &str) -> Stream {
    Stream::parse(&Arc::new(text.to_owned())).unwrap()
}

fn object(kind: &str, name: &str, namespace: &str, notes: &[(&str, &str)]) -> String {
    let note = |(key, value): &(&str, &str)| format!("    internal.config.kubernetes.io/{key}: {value}\n");
    let notes = notes.iter().map(note).collect::<Vec<_>>().concat();
    let api = if kind == "Deployment" { "apps/v1" } else { "v1" };
    format!(
        "apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  annotations:\n{notes}"
    )
}

fn found(documents: &[String], name: &str) -> Option<String> {
    let stream = stream(&documents.join("---\n"));
    let from = stream.object(0).unwrap();
    super::referent(&stream, &from, "", "ConfigMap", name).map(|object| object.name().into_owned())
}

#[test]
fn present_names_go_before_previous_ones() {
    let from = object("Deployment", "pre-app", "a", &[("previousNames", "app"), ("prefixes", "pre-")]);
    let own = object("ConfigMap", "pre-cfg", "a", &[("previousNames", "cfg"), ("prefixes", "pre-")]);
    let other = object("ConfigMap", "x-cfg", "a", &[("previousNames", "cfg"), ("prefixes", "x-")]);
    let plain = object("ConfigMap", "cfg", "a", &[("prefixes", "y-")]);
    let elsewhere = object("ConfigMap", "cfg", "b", &[("prefixes", "y-")]);
    let secret = object("Secret", "cfg", "a", &[("prefixes", "y-")]);
    let find = |rest: &[&String]| found(&[&[&from], rest].concat().into_iter().cloned().collect::<Vec<_>>(), "cfg");
    assert_eq!(find(&[&own]), Some("pre-cfg".to_owned()));
    assert_eq!(find(&[&own, &plain]), Some("cfg".to_owned()));
    assert_eq!(find(&[&other, &own]), Some("pre-cfg".to_owned()), "the one with the same prefix");
    assert_eq!(find(&[&other, &other]), None, "nothing decides");
    assert_eq!(find(&[&elsewhere, &secret]), None);
}

#[test]
fn a_moved_object_is_still_found() {
    let from = object("Deployment", "app", "new", &[("previousNamespaces", "old")]);
    let moved = object("ConfigMap", "cfg", "new", &[("previousNamespaces", "old")]);
    let unmoved = object("ConfigMap", "cfg", "old", &[("prefixes", "y-")]);
    assert_eq!(found(&[from.clone(), moved], "cfg"), Some("cfg".to_owned()));
    assert_eq!(found(&[from, unmoved], "cfg"), Some("cfg".to_owned()));
}

#[test]
fn objects_that_are_added_or_renamed_are_found() {
    let mut stream = stream(&object("ConfigMap", "a", "n", &[("previousNames", "old")]));
    let named = |stream: &Stream, name: &str| stream.named("", "ConfigMap", name).map(|it| it.id()).collect::<Vec<_>>();
    assert_eq!([named(&stream, "a"), named(&stream, "old"), named(&stream, "b")], [vec![0], vec![0], vec![]]);
    let why = || Why { rule: &crate::rules::CONFIG, reason: "test".into(), class: Class::Added };
    let mut report = Report::default();
    let made = |stream: &Stream| Facts::of(stream).makers().all().len();
    assert_eq!(made(&stream), 1);
    let new = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}});
    stream.emit(&mut report, 0, new, why());
    assert_eq!((named(&stream, "b"), made(&stream)), (vec![1], 2), "what is read is read anew after a change");
    stream.set(&mut report, 1, "/metadata/name", "a".into(), why()).unwrap();
    assert_eq!([named(&stream, "a"), named(&stream, "b")], [vec![0, 1], vec![]]);
    assert_eq!(stream.of_kind("", "ConfigMap").count(), 2);
    assert_eq!(stream.of_kind("apps", "ConfigMap").count(), 0);
    stream.remove_object(&mut report, 1, why()).unwrap();
    assert_eq!(made(&stream), 1);
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a}
spec:
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      containers:
      - {name: web, ports: [{name: http, containerPort: 8080}]}
---";

fn finds(documents: &str, name: &str) -> Option<(String, bool, Vec<String>)> {
    let stream = stream(&format!("{DEPLOYMENT}{documents}"));
    let providers = Providers::of(Facts::of(&stream));
    let from = stream.object(0).unwrap();
    let found = providers.find(&from, Store::Secret, name)?;
    Some((found.title(), found.open(), found.keys().map(|(key, _)| key.to_owned()).collect()))
}

#[test]
fn makers_are_known_by_what_they_make() {
    let secret = |kind: &str, spec: &str, name: &str| {
        finds(&format!("\napiVersion: {kind}\nmetadata: {{name: own, namespace: a}}\n{spec}\n"), name)
            .map(|(title, open, keys)| format!("{title}{} {}", if open { " +" } else { "" }, keys.join(",")))
    };
    let cases = [
        ("v1\nkind: Secret", "stringData: {K: v}", "own", "Secret own K"),
        ("v1\nkind: Secret", "type: Opaque", "own", "Secret own + "),
        ("postgresql.cnpg.io/v1\nkind: Cluster", "", "own-app", "Secret own-app, made by Cluster own + "),
        (
            "cert-manager.io/v1\nkind: Certificate",
            "spec: {secretName: tls}",
            "tls",
            "Secret tls, made by Certificate own + tls.crt,tls.key",
        ),
        (
            "bitnami.com/v1alpha1\nkind: SealedSecret",
            "spec: {encryptedData: {K: v}}",
            "own",
            "Secret own, made by SealedSecret own K",
        ),
        (
            "external-secrets.io/v1\nkind: ExternalSecret",
            "spec: {target: {name: x}, data: [{secretKey: K}]}",
            "x",
            "Secret x, made by ExternalSecret own K",
        ),
        (
            "secrets.hashicorp.com/v1beta1\nkind: VaultStaticSecret",
            "spec: {destination: {name: x}}",
            "x",
            "Secret x, made by VaultStaticSecret own + ",
        ),
        (
            "secrets-store.csi.x-k8s.io/v1\nkind: SecretProviderClass",
            "spec: {secretObjects: [{secretName: x, data: [{key: A}]}, {secretName: y, data: [{key: B}]}]}",
            "y",
            "Secret y, made by SecretProviderClass own B",
        ),
        (
            "isindir.github.com/v1\nkind: SopsSecret",
            "spec: {secretTemplates: [{name: x}, {name: y}]}",
            "y",
            "Secret y, made by SopsSecret own + ",
        ),
        ("kafka.strimzi.io/v1\nkind: KafkaUser", "", "own", "Secret own, made by KafkaUser own + "),
        (
            "example.com/v1\nkind: Bucket",
            "spec: {writeConnectionSecretToRef: {name: x, namespace: a}}",
            "x",
            "Secret x, made by Bucket own + ",
        ),
    ];
    for (kind, spec, name, wanted) in cases {
        assert_eq!(secret(kind, spec, name).as_deref(), Some(wanted), "{kind}");
    }
    assert_eq!(
        secret("example.com/v1\nkind: Bucket", "spec: {writeConnectionSecretToRef: {name: x, namespace: b}}", "x"),
        None
    );
    let push = "spec: {selector: {secret: {name: x}}}";
    assert_eq!(
        secret("external-secrets.io/v1alpha1\nkind: PushSecret", push, "x"),
        None,
        "it reads, and makes nothing"
    );
    assert_eq!(finds("\n", "${NAME}").map(|(_, open, _)| open), Some(true), "a parameter may be anything");
}

#[test]
fn a_declaration_completes_what_is_there() {
    let text = format!("{DEPLOYMENT}\n{}", object("Secret", "pre-s", "a", &[("previousNames", "s")]));
    let stream = stream(&text);
    let mut providers = Providers::of(Facts::of(&stream));
    let from = stream.object(0).unwrap();
    providers.declare(Store::Secret, "s", Some(["K".to_owned()]));
    providers.declare(Store::Secret, "other", None::<Vec<String>>);
    let found = providers.find(&from, Store::Secret, "s").unwrap();
    assert_eq!((found.name.as_str(), found.open(), found.content("K")), ("pre-s", false, Some(Content::Value)));
    assert!(providers.find(&from, Store::Secret, "other").unwrap().open());
    assert!(providers.find(&from, Store::ConfigMap, "s").is_none());
}

const SELECTING: &str = "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: a, labels: {app: web}}
spec:
  selector: {app: web}
  ports:
  - {port: 80, targetPort: http, name: http}
  - {port: 90, protocol: UDP}
  - {port: 91, targetPort: 9191}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: b}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: none, namespace: a}
spec: {ports: [{port: 80}]}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: knative, namespace: a}
spec: {selector: {app: web}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b, namespace: a}, spec: {selector: {}}}
---
{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: old, namespace: a}, spec: {selector: {}}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: bad, namespace: a}, spec: {selector: {matchExpressions: [{key: a, operator: Gt}]}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {podSelector: {matchLabels: {tier: front}}}}
---
{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: m, namespace: m}, spec: {selector: {matchLabels: {app: web}}, namespaceSelector: {any: true}}}
---
{apiVersion: monitoring.coreos.com/v1, kind: PodMonitor, metadata: {name: m, namespace: m}, spec: {selector: {matchLabels: {app: web}}}}
";

#[test]
fn what_selects_is_joined_to_what_it_selects() {
    let stream = stream(&format!("{DEPLOYMENT}{SELECTING}"));
    let facts = Facts::of(&stream);
    let (selections, workload) = (facts.selections(), stream.object(0).unwrap());
    let pod = &facts.pods()[0];
    assert_eq!(selections.services_of(&stream, pod), [1]);
    let over = |by, near| selections.over(&stream, by, &workload, &pod.all_labels(&workload), near);
    assert_eq!(over(By::Budget, Near::Certain), [5]);
    assert_eq!(over(By::Budget, Near::Possible), [5, 7], "what the API refuses may mean anything");
    assert_eq!((over(By::Policy, Near::Certain), over(By::Policy, Near::Possible)), (vec![], vec![8]));
    assert_eq!(over(By::PodMonitor, Near::Possible), Vec::<ObjectId>::new());
    let monitor = selections.all(By::ServiceMonitor).next().unwrap();
    assert_eq!(selections.services(facts, monitor, Near::Certain), [1]);
    let pods = |id| selections.pods(facts, selections.of_object(id).unwrap(), Near::Certain);
    assert_eq!([pods(1), pods(2), pods(5), pods(7)], [vec![0], vec![], vec![0], vec![]]);
    assert!(selections.of_object(3).is_none() && selections.of_object(6).is_none());
}

#[test]
fn ports_lead_to_containers() {
    let stream = stream(&format!("{DEPLOYMENT}{SELECTING}"));
    let pod = &Facts::of(&stream).pods()[0];
    let (workload, service) = (stream.object(0).unwrap(), stream.object(1).unwrap());
    let ports = ports(&service);
    let targets: Vec<_> =
        ports.iter().map(|port| container_port(&port.target, &port.protocol, pod, &workload)).collect();
    assert_eq!(targets, [Some(8080), Some(90), Some(9191)]);
    assert_eq!(ports.iter().map(|port| port.protocol.as_str()).collect::<Vec<_>>(), ["TCP", "UDP", "TCP"]);
    assert_eq!(container_port(&Target::Name("none".to_owned()), "TCP", pod, &workload), None);
}

#[test]
fn other_autoscalers_and_rollouts_of_others_are_told_apart() {
    let text = format!(
        "{DEPLOYMENT}
{{apiVersion: keda.k8s.io/v1alpha1, kind: ScaledObject, metadata: {{name: a, namespace: a}}, spec: {{scaleTargetRef: {{deploymentName: web}}}}}}
---
{{apiVersion: datadoghq.com/v1alpha1, kind: WatermarkPodAutoscaler, metadata: {{name: b, namespace: a}}, spec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}}}
---
{{apiVersion: rollouts.kruise.io/v1beta1, kind: Rollout, metadata: {{name: c, namespace: a}}, spec: {{workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}}}
---
{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {{name: d, namespace: a}}, spec: {{workloadRef: {{apiVersion: apps/v1, kind: StatefulSet, name: web}}}}}}
---
{{apiVersion: datadoghq.com/v1alpha2, kind: DatadogPodAutoscaler, metadata: {{name: e, namespace: a}}, spec: {{targetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}}}
"
    );
    let stream = stream(&text);
    let scalers = Facts::of(&stream).scalers();
    let of_pods: Vec<_> = scalers.of_pods(0).iter().map(|scaler| (scaler.object, scaler.scales)).collect();
    assert_eq!(of_pods, [(1, Scales::ByEvents), (2, Scales::ByEvents), (5, Scales::ByEvents)]);
    assert!(scalers.runner(0).is_none());
}

#[test]
fn scalers_reach_workloads_by_what_runs_them() {
    let text = format!(
        "{DEPLOYMENT}
{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {{name: web, namespace: a}}, spec: {{workloadRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}}}
---
{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {{name: web, namespace: a}}, spec: {{scaleTargetRef: {{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web}}}}}}
---
{{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {{name: web, namespace: a}}, spec: {{scaleTargetRef: {{name: web}}}}}}
---
{{apiVersion: autoscaling.k8s.io/v1, kind: VerticalPodAutoscaler, metadata: {{name: web, namespace: b}}, spec: {{targetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}}}
---
{{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, metadata: {{name: roll, namespace: a}}, spec: {{scaleTargetRef: {{kind: Rollout, name: web}}}}}}
"
    );
    let stream = stream(&text);
    let scalers = Facts::of(&stream).scalers();
    let of_pods: Vec<_> = scalers.of_pods(0).iter().map(|scaler| (scaler.object, scaler.scales)).collect();
    assert_eq!(of_pods, [(3, Scales::ByKeda), (2, Scales::Horizontally), (5, Scales::ByKeda)]);
    assert_eq!(scalers.runner(0).map(|runner| runner.object), Some(1));
    assert_eq!(
        scalers.all().iter().map(|one| one.target).collect::<Vec<_>>(),
        [Some(0), Some(1), Some(0), None, Some(1)]
    );
}

/// What the names of a kind in object 0 lead to.
fn answers(text: &str, kind: &str, near: Near) -> Vec<(String, Answer)> {
    let stream = stream(text);
    let facts = Facts::of(&stream);
    let all = facts.references().of_object(0).filter(|one| one.kind == kind);
    all.map(|one| (one.name.clone(), facts.follow(one, near))).collect()
}

#[test]
fn names_that_nobody_followed_are_followed() {
    let secrets = "
---
{apiVersion: v1, kind: Secret, metadata: {name: there, namespace: a}, stringData: {k: v}}
---
{apiVersion: v1, kind: Secret, metadata: {name: there, namespace: b}, stringData: {k: v}}
";
    let here = |name: &str| (name.to_owned(), Answer::Here(vec![1]));
    let gone = |name: &str| (name.to_owned(), Answer::Nowhere);
    let of = |object: &str| answers(&format!("{object}{secrets}"), "Secret", Near::Possible);
    assert_eq!(
        of(
            "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: m, namespace: a}, spec: {endpoints: [{basicAuth: {username: {name: there, key: u}, password: {name: gone, key: p}}, bearerTokenSecret: {name: '', key: ''}}]}}"
        ),
        [here("there"), gone("gone")]
    );
    assert_eq!(
        of(
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a, annotations: {nginx.ingress.kubernetes.io/auth-secret: there, nginx.ingress.kubernetes.io/auth-tls-secret: a/gone}}}"
        ),
        [here("there"), gone("gone")]
    );
    assert_eq!(
        of(
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a, annotations: {nginx.ingress.kubernetes.io/auth-secret: b/there}}}"
        ),
        [("there".to_owned(), Answer::Here(vec![2]))]
    );
    assert_eq!(
        of(
            "{apiVersion: external-secrets.io/v1alpha1, kind: PushSecret, metadata: {name: p, namespace: a}, spec: {selector: {secret: {name: there}}}}"
        ),
        [here("there")]
    );
    assert_eq!(
        of(
            "{apiVersion: external-secrets.io/v1, kind: SecretStore, metadata: {name: s, namespace: a}, spec: {provider: {vault: {auth: {appRole: {secretRef: {name: there, key: id}}}, caProvider: {type: Secret, name: gone, key: ca}}}}}"
        ),
        [here("there"), gone("gone")]
    );
}

#[test]
fn what_has_no_namespace_may_be_anywhere_or_is_in_default() {
    let text = "
{apiVersion: v1, kind: ServiceAccount, metadata: {name: s, namespace: a}, imagePullSecrets: [{name: pull}]}
---
{apiVersion: v1, kind: Secret, metadata: {name: pull}, stringData: {k: v}}
";
    assert_eq!(answers(text, "Secret", Near::Possible), [("pull".to_owned(), Answer::Here(vec![1]))]);
    assert_eq!(answers(text, "Secret", Near::Certain), [("pull".to_owned(), Answer::Nowhere)]);
}

#[test]
fn subjects_say_who_refers() {
    let text = "
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  serviceAccountName: default
  volumes: [{name: v, projected: {sources: [{secret: {name: s, items: [{key: k}]}}]}}]
  initContainers: [{name: i, env: [{name: E, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}]}]
  containers: [{name: c, envFrom: [{configMapRef: {name: cfg}}]}]
";
    let stream = stream(text);
    let facts = Facts::of(&stream);
    let all: Vec<String> = facts
        .references()
        .of_pod(0)
        .map(|one| {
            format!("{} {} {:?}{}", one.subject(facts), one.name, one.parts, if one.optional { "?" } else { "" })
        })
        .collect();
    assert_eq!(
        all,
        [
            "the pod runs as default []",
            "volume `v` takes s [\"/spec/volumes/0/projected/sources/0/secret/items/0/key\"]",
            "variable `E` of container `i` takes s [\"/spec/initContainers/0/env/0/valueFrom/secretKeyRef/key\"]?",
            "`envFrom` of container `c` takes cfg []",
        ]
    );
    let spec = stream.object(0).unwrap().root().get("spec").unwrap().to_value().unwrap();
    let names: Vec<String> =
        in_pod_spec(&spec).into_iter().map(|one| format!("/spec{} {}", one.pointer, one.name)).collect();
    let same: Vec<String> =
        facts.references().all().iter().map(|one| format!("{} {}", one.pointer, one.name)).collect();
    assert_eq!(names, same, "a value is read as a document is");
}

#[test]
fn routes_listeners_rights_limits_and_claims() {
    let text = format!(
        "{DEPLOYMENT}
{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: i, namespace: a}}, spec: {{rules: [{{host: h, http: {{paths: [{{backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]}}}}
---
{{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {{name: g, namespace: a}}, spec: {{listeners: [{{name: l, protocol: HTTP, hostname: h}}]}}}}
---
{{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {{name: r, namespace: a}}, spec: {{hostnames: [h], rules: [{{backendRefs: [{{name: web}}, {{name: far, namespace: b}}], filters: [{{requestMirror: {{backendRef: {{name: copy}}}}}}]}}]}}}}
---
{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {{name: b, namespace: a}}, roleRef: {{kind: ClusterRole, name: edit}}, subjects: [{{kind: ServiceAccount, name: sa}}]}}
---
{{apiVersion: v1, kind: LimitRange, metadata: {{name: l, namespace: a}}, spec: {{limits: [{{type: Container, defaultRequest: {{cpu: 1}}, default: {{memory: 1Gi}}}}]}}}}
---
{{apiVersion: v1, kind: Namespace, metadata: {{name: a}}}}
---
{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: a}}, spec: {{containers: [{{name: c}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: d}}}}]}}}}
---
{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: d, namespace: a}}, spec: {{accessModes: [ReadWriteOnce]}}}}
"
    );
    let stream = stream(&text);
    let facts = Facts::of(&stream);
    let routes: Vec<_> = facts
        .routes()
        .routes()
        .iter()
        .map(|route| (route.object, route.hosts.join(","), route.services.join(",")))
        .collect();
    assert_eq!(routes, [(1, "h".to_owned(), "web".to_owned()), (3, "h".to_owned(), "web".to_owned())]);
    let listeners: Vec<_> = facts
        .routes()
        .listeners(2)
        .map(|one| (one.name.as_str(), one.protocol.as_str(), one.hostname.as_deref()))
        .collect();
    assert_eq!(listeners, [("l", "HTTP", Some("h"))]);
    let workload = stream.object(0).unwrap();
    assert_eq!(facts.grants("sa", &workload).iter().map(|grant| grant.role.as_str()).collect::<Vec<_>>(), ["edit"]);
    assert!(facts.grants("other", &workload).is_empty());
    assert_eq!(facts.default_requests(&workload), ["cpu", "memory"]);
    assert_eq!(facts.namespace(&workload).map(|namespace| namespace.id()), Some(6));
    let claims = facts.claims();
    assert_eq!((claims.len(), claims[0].object, claims[0].pods.as_slice()), (1, 8, [1].as_slice()));
    assert_eq!(facts.pods_of(7), 1..2);
}
