//! `Availability`: what a spec makes of workloads, what it refuses, and what stock kustomize makes of the result.

use std::process::Command;
use std::sync::Arc;

use crate::common::{Folder, krmor, text, tool};
use krmor::pipeline::Outcome;
use krmor::report::{Class, Report, Severity};
use krmor::stream::Stream;
use krmor::yaml;
use serde_json::{Value, json};

struct Done {
    outcome: Outcome,
    objects: Vec<Value>,
    report: Report,
}

impl Done {
    fn the(&self, kind: &str) -> &Value {
        let mut found = self.objects.iter().filter(|object| object["kind"] == kind);
        let object = found.next().unwrap_or_else(|| panic!("no {kind}: {:?}", self.report.findings));
        assert!(found.next().is_none(), "more than one {kind}");
        object
    }

    /// The rules of its findings of a severity.
    fn rules(&self, severity: Severity) -> Vec<&str> {
        let findings = self.report.findings.iter().filter(|finding| finding.severity == severity);
        findings.map(|finding| finding.rule.id).collect()
    }

    fn errors(&self) -> Vec<&str> {
        self.rules(Severity::Error)
    }
}

fn values(text: &str) -> Vec<Value> {
    yaml::parse(&Arc::new(text.to_owned())).unwrap().iter().filter_map(|d| d.root().to_value()).collect()
}

/// Runs the function alone; a spec that cannot be read panics with the reason.
fn run(spec: &str, objects: &[Value]) -> Done {
    let spec = values(&format!("spec: {spec}")).remove(0)["spec"].clone();
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "Availability", "spec": spec});
    let config = yaml::parse(&Arc::new(crate::common::quiet(config).to_string())).unwrap();
    let input: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let mut stream = Stream::parse(&Arc::new(input.join("\n---\n"))).unwrap();
    let pipeline = match krmor::config::read(config[0].root(), None) {
        Ok(pipeline) => pipeline,
        Err(problems) => {
            let (outcome, report) = (Outcome::Usage, crate::common::refused(problems));
            return Done { outcome, objects: values(&stream.render()), report };
        }
    };
    let mut report = Report::default();
    let outcome = pipeline.run(&mut stream, &mut report);
    Done { outcome, objects: values(&stream.render()), report }
}

/// Sets a value deep in an object; parents are made.
fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let mut place = &mut object;
    for token in pointer.split('/').skip(1) {
        place = match token.parse::<usize>() {
            Ok(at) if place.is_array() => &mut place[at],
            _ => &mut place[token.replace("~1", "/")],
        };
    }
    *place = value;
    object
}

fn workload(api_version: &str, kind: &str, name: &str) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind, "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": "i", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
            },
        },
    })
}

fn web() -> Value {
    workload("apps/v1", "Deployment", "web")
}

fn autoscaler(low: i32, high: i32) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": low, "maxReplicas": high,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}],
        },
    })
}

fn budget(name: &str, spec: &Value) -> Value {
    let object = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
    });
    spec.as_object()
        .unwrap()
        .iter()
        .fold(object, |object, (key, value)| with(object, &format!("/spec/{key}"), value.clone()))
}

fn on_claim(workload: Value) -> Value {
    let volumes = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    with(workload, "/spec/template/spec/volumes", volumes)
}

fn claim(modes: &[&str]) -> Value {
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {"accessModes": modes}})
}

const SCALING: &str = "{autoscaling: {maxReplicas: 5, cpu: 70}, budget: {}, spread: [{topologyKey: kubernetes.io/hostname}], antiAffinity: {}}";

#[test]
fn every_kind_that_scales_is_the_target_of_its_autoscaler() {
    let kinds = [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "ReplicaSet"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("apps.kruise.io/v1alpha1", "CloneSet"),
        ("apps.kruise.io/v1beta1", "StatefulSet"),
    ];
    for (api_version, kind) in kinds {
        let labelled = with(workload(api_version, kind, "web"), "/metadata/labels", json!({"team": "a"}));
        let done = run(SCALING, &[with(labelled, "/metadata/namespace", json!("ns"))]);
        assert_eq!(done.outcome, Outcome::Ok, "{kind}: {:?}", done.report.findings);
        let (scaler, budget, pod) = (
            done.the("HorizontalPodAutoscaler"),
            done.the("PodDisruptionBudget"),
            &done.the(kind)["spec"]["template"]["spec"],
        );
        assert_eq!(scaler["spec"]["scaleTargetRef"], json!({"apiVersion": api_version, "kind": kind, "name": "web"}));
        for object in [scaler, budget] {
            assert_eq!(
                object["metadata"],
                json!({"labels": {"team": "a"}, "name": "web", "namespace": "ns"}),
                "{kind}"
            );
        }
        let selector = json!({"matchLabels": {"app": "web"}});
        assert_eq!(
            budget["spec"],
            json!({"maxUnavailable": 1, "selector": selector, "unhealthyPodEvictionPolicy": "AlwaysAllow"})
        );
        let spread = &pod["topologySpreadConstraints"][0];
        assert_eq!((&spread["labelSelector"], &spread["maxSkew"]), (&selector, &json!(1)), "{kind}");
        // Only pods of Deployments have that label.
        assert_eq!(spread.get("matchLabelKeys").is_some(), (api_version, kind) == ("apps/v1", "Deployment"), "{kind}");
        let term = &pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0];
        assert_eq!((&term["weight"], &term["podAffinityTerm"]["labelSelector"]), (&json!(100), &selector), "{kind}");
        assert!(done.report.changes.iter().all(|change| change.why.class == Class::Added), "{kind}");
    }
}

#[test]
fn selectors_that_are_plain_maps_or_absent_become_selectors_of_labels() {
    let config = workload("apps.openshift.io/v1", "DeploymentConfig", "web");
    let config = with(config, "/spec/selector", json!({"app": "web"}));
    let mut controller = workload("v1", "ReplicationController", "web");
    controller["spec"].as_object_mut().unwrap().shift_remove("selector");
    for object in [config, controller] {
        let done = run("{budget: {}}", &[object]);
        assert_eq!(done.the("PodDisruptionBudget")["spec"]["selector"], json!({"matchLabels": {"app": "web"}}));
    }
    let expressions = json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]});
    let done = run("{budget: {}}", &[with(web(), "/spec/selector", expressions.clone())]);
    assert_eq!(done.the("PodDisruptionBudget")["spec"]["selector"], expressions);
    // Never an empty selector: it would cover every pod of the namespace.
    let bare = with(with(web(), "/spec/selector", json!({})), "/spec/template/metadata/labels", json!({}));
    assert_eq!(run("{budget: {}}", &[bare]).errors(), ["no-selector"]);
}

#[test]
fn kinds_that_do_not_scale_are_left_alone() {
    let pod = json!({"containers": [{"name": "app", "image": "i"}]});
    let others = [
        workload("apps/v1", "DaemonSet", "a"),
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "b"}, "spec": {"template": {"spec": pod}}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c"}, "spec": pod}),
        json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "d"}, "spec": {"template": {"spec": pod}}}),
    ];
    let done = run(SCALING, &others);
    assert_eq!((done.outcome, done.objects.as_slice()), (Outcome::Ok, others.as_slice()));
    let done = run("{replicas: 2, targets: [{kind: Job}]}", &others);
    assert_eq!((done.outcome, done.errors()), (Outcome::Usage, vec!["unmatched-target"]));
}

#[test]
fn a_group_of_pods_is_scaled_by_its_leader() {
    let template = |labels: Value, requests: Value| json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "i", "resources": {"requests": requests}}]}});
    let group = |leader: Value, worker: Value| {
        json!({
            "apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "metadata": {"name": "web"},
            "spec": {"leaderWorkerTemplate": {"size": 2, "leaderTemplate": leader, "workerTemplate": worker}},
        })
    };
    let same = json!({"app": "web"});
    let done = run(SCALING, &[group(template(same.clone(), json!({"cpu": 1})), template(same.clone(), json!({})))]);
    assert_eq!(done.outcome, Outcome::Ok, "{:?}", done.report.findings);
    assert_eq!(done.the("PodDisruptionBudget")["spec"]["selector"], json!({"matchLabels": same}));
    let both = &done.the("LeaderWorkerSet")["spec"]["leaderWorkerTemplate"];
    for template in ["leaderTemplate", "workerTemplate"] {
        assert!(both[template]["spec"]["topologySpreadConstraints"].is_array(), "{template}");
    }
    let done = run(SCALING, &[group(template(same.clone(), json!({})), template(same, json!({"cpu": 1})))]);
    assert_eq!(done.errors(), ["metric-without-requests"]);
    let roles =
        group(template(json!({"role": "l"}), json!({"cpu": 1})), template(json!({"role": "w"}), json!({"cpu": 1})));
    assert_eq!(run("{budget: {}}", &[roles]).errors(), ["no-selector"]);
}

#[test]
fn items_of_a_list_get_theirs_too() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [web(), workload("apps/v1", "StatefulSet", "db")]});
    let done = run("{replicas: 3, budget: {}}", &[list]);
    assert_eq!(done.outcome, Outcome::Ok, "{:?}", done.report.findings);
    let items = done.the("List")["items"].as_array().unwrap();
    assert!(items.iter().all(|item| item["spec"]["replicas"] == 3));
    assert_eq!(done.objects.len(), 3);
}

/// Numbers as the disruption controller rounds them.
#[test]
fn budgets_that_block_every_drain() {
    let cases = [
        (json!({"minAvailable": 1}), 1, true),
        (json!({"minAvailable": 0}), 1, false),
        (json!({"minAvailable": 1}), 2, false),
        (json!({"minAvailable": 2}), 2, true),
        (json!({"minAvailable": 3}), 2, true),
        (json!({"minAvailable": "50%"}), 1, true),
        (json!({"minAvailable": "50%"}), 2, false),
        (json!({"minAvailable": "51%"}), 2, true),
        (json!({"minAvailable": "66%"}), 3, false),
        (json!({"minAvailable": "67%"}), 3, true),
        (json!({"minAvailable": "100%"}), 50, true),
        (json!({"minAvailable": "0%"}), 1, false),
        (json!({"maxUnavailable": 0}), 5, true),
        (json!({"maxUnavailable": "0%"}), 5, true),
        (json!({"maxUnavailable": "1%"}), 1, false),
        (json!({"maxUnavailable": 1}), 1, false),
        (json!({}), 3, true),
    ];
    for (limits, replicas, blocks) in cases {
        let wanted: &[&str] = if blocks { &["budget-blocks-drain"] } else { &[] };
        let plain = with(web(), "/spec/replicas", json!(replicas));
        let done = run("{}", &[plain, budget("web", &limits)]);
        assert_eq!(done.errors(), wanted, "{limits} of {replicas}");
        // The autoscaler's lowest number counts, whatever it may go up to.
        let done = run("{}", &[web(), autoscaler(replicas, 100), budget("web", &limits)]);
        assert_eq!(done.errors(), wanted, "{limits} of {replicas} to 100");
    }
    // What is switched off has no pod that could be evicted, and is none of the others' pods.
    let off = || with(workload("apps/v1", "Deployment", "off"), "/spec/replicas", json!(0));
    assert_eq!(run("{}", &[off(), budget("off", &json!({"minAvailable": 1}))]).errors(), [""; 0]);
    let all = with(budget("all", &json!({"minAvailable": 2})), "/spec/selector", json!({}));
    let two = with(web(), "/spec/replicas", json!(2));
    assert_eq!(run("{}", &[off(), two, all]).errors(), ["budget-blocks-drain"]);
    // Nothing says how many pods there are: one.
    assert_eq!(run("{}", &[web(), budget("web", &json!({"minAvailable": 1}))]).errors(), ["budget-blocks-drain"]);
}

#[test]
fn a_broad_budget_counts_all_its_pods_and_is_a_second_one_for_each() {
    let two = |kind: &str, name: &str| with(workload("apps/v1", kind, name), "/spec/replicas", json!(2));
    let broad = |limits: Value| with(budget("all", &limits), "/spec/selector", json!({}));
    let (a, b) = (two("Deployment", "web"), two("StatefulSet", "db"));
    assert_eq!(run("{}", &[a.clone(), b.clone(), broad(json!({"minAvailable": 3}))]).errors(), [""; 0]);
    assert_eq!(run("{}", &[a.clone(), b.clone(), broad(json!({"minAvailable": 4}))]).errors(), ["budget-blocks-drain"]);
    // Who is not targeted counts too; and one finding is enough for one budget.
    let done = run("{targets: [{name: web}]}", &[a.clone(), b.clone(), broad(json!({"minAvailable": 3}))]);
    assert_eq!(done.errors(), [""; 0]);
    // How many pods a DaemonSet has, nobody knows.
    let done = run("{}", &[a.clone(), workload("apps/v1", "DaemonSet", "d"), broad(json!({"minAvailable": 2}))]);
    assert_eq!(done.errors(), [""; 0]);
    let done = run(
        "{}",
        &[a.clone(), b.clone(), broad(json!({"maxUnavailable": 1})), budget("web", &json!({"maxUnavailable": 1}))],
    );
    assert_eq!(done.errors(), ["two-budgets"]);
    // It is taken as theirs, so none is made.
    let done = run("{budget: {}}", &[a.clone(), b, broad(json!({"maxUnavailable": 1}))]);
    assert_eq!(done.the("PodDisruptionBudget")["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow");
    // In another namespace, or of an older version with an empty selector, it covers nothing.
    let elsewhere = with(broad(json!({"minAvailable": 9})), "/metadata/namespace", json!("other"));
    let older = with(broad(json!({"minAvailable": 9})), "/apiVersion", json!("policy/v1beta1"));
    assert_eq!(run("{}", &[a, elsewhere, older]).errors(), [""; 0]);
}

#[test]
fn existing_budgets_are_updated_and_never_doubled() {
    let cases = [
        ("{}", json!({"minAvailable": 1}), json!({"minAvailable": 1})),
        ("{}", json!({"maxUnavailable": "25%"}), json!({"maxUnavailable": "25%"})),
        ("{}", json!({}), json!({"maxUnavailable": 1})),
        ("{maxUnavailable: 2}", json!({"minAvailable": 1}), json!({"maxUnavailable": 2})),
        ("{maxUnavailable: 2}", json!({"maxUnavailable": 1}), json!({"maxUnavailable": 2})),
        ("{minAvailable: 50%}", json!({"maxUnavailable": 1}), json!({"minAvailable": "50%"})),
    ];
    for (spec, before, after) in cases {
        let done =
            run(&format!("{{budget: {spec}}}"), &[with(web(), "/spec/replicas", json!(4)), budget("mine", &before)]);
        assert_eq!(done.outcome, Outcome::Ok, "{spec} {before}: {:?}", done.report.findings);
        let mut wanted = budget("mine", &after);
        wanted["spec"]["unhealthyPodEvictionPolicy"] = json!("AlwaysAllow");
        assert_eq!(done.the("PodDisruptionBudget"), &wanted, "{spec} {before}");
    }
    let strict = budget("mine", &json!({"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "IfHealthyBudget"}));
    let objects = [web(), strict];
    assert_eq!(run("{budget: {}}", &objects).objects, objects, "the user's policy stays");
    let done = run("{budget: {unhealthyPodEvictionPolicy: AlwaysAllow}}", &objects);
    assert_eq!(done.the("PodDisruptionBudget")["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow");
}

#[test]
fn existing_autoscalers_are_updated_and_never_doubled() {
    let done = run(
        "{autoscaling: {maxReplicas: 9, cpu: 70, memory: 80, behavior: {scaleUp: {stabilizationWindowSeconds: 30}}}}",
        &[web(), with(autoscaler(3, 4), "/spec/behavior", json!({"scaleDown": {"stabilizationWindowSeconds": 600}}))],
    );
    assert_eq!(done.outcome, Outcome::Ok, "{:?}", done.report.findings);
    let spec = &done.the("HorizontalPodAutoscaler")["spec"];
    assert_eq!((&spec["minReplicas"], &spec["maxReplicas"]), (&json!(3), &json!(9)));
    let metric = |name: &str, percent: i32| json!({"type": "Resource", "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": percent}}});
    assert_eq!(spec["metrics"], json!([metric("cpu", 70), metric("memory", 80)]));
    let both = json!({"scaleDown": {"stabilizationWindowSeconds": 600}, "scaleUp": {"stabilizationWindowSeconds": 30}});
    assert_eq!(spec["behavior"], both);
    // A number for a quantity is written as the API does, and found again.
    let pods = "{autoscaling: {maxReplicas: 9, metrics: [{type: Pods, pods: {metric: {name: q}, target: {type: AverageValue, averageValue: 30}}}]}}";
    let done = run(pods, &[web()]);
    let target = &done.the("HorizontalPodAutoscaler")["spec"]["metrics"][0]["pods"]["target"];
    assert_eq!(target["averageValue"], "30");
    assert!(run(pods, &done.objects).report.changes.is_empty());
    // Of another namespace, kind or group, it scales something else.
    for (pointer, value) in [
        ("/metadata/namespace", "other"),
        ("/spec/scaleTargetRef/kind", "StatefulSet"),
        ("/spec/scaleTargetRef/apiVersion", "argoproj.io/v1alpha1"),
        ("/spec/scaleTargetRef/name", "api"),
    ] {
        let other = with(with(autoscaler(1, 3), "/metadata/name", json!("x")), pointer, json!(value));
        let done = run("{autoscaling: {maxReplicas: 9, cpu: 70}}", &[web(), other]);
        assert_eq!(done.objects.len(), 3, "{pointer}: {:?}", done.report.findings);
    }
}

#[test]
fn what_cannot_be_updated_is_refused() {
    let keda = json!({
        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 1},
    });
    let asked = "{autoscaling: {maxReplicas: 9, cpu: 70}}";
    assert_eq!(run(asked, &[web(), keda.clone()]).errors(), ["autoscaler-version"]);
    assert_eq!(run("{}", &[web(), keda.clone()]).errors(), [""; 0]);
    assert_eq!(
        run("{}", &[with(web(), "/spec/replicas", json!(2)), keda.clone()]).errors(),
        ["replicas-with-autoscaler"]
    );
    assert_eq!(run(asked, &[web(), keda, autoscaler(1, 3)]).errors(), ["two-autoscalers"]);
    assert_eq!(
        run(asked, &[web(), with(autoscaler(1, 3), "/apiVersion", json!("autoscaling/v2beta2"))]).errors(),
        ["autoscaler-version"]
    );
    let older = with(budget("web", &json!({"maxUnavailable": 1})), "/apiVersion", json!("policy/v1beta1"));
    assert_eq!(run("{budget: {}}", &[web(), older]).errors(), ["budget-version"]);
}

/// As the autoscaler's controller adds requests up.
#[test]
fn metrics_need_requests() {
    let pod = |pod: &str| {
        let pod = values(&format!("spec: {pod}")).remove(0)["spec"].clone();
        with(web(), "/spec/template/spec", pod)
    };
    let cpu = "{autoscaling: {maxReplicas: 5, cpu: 70}}";
    let cases = [
        (cpu, "{containers: [{name: a, resources: {requests: {cpu: 1}}}]}", true),
        (cpu, "{containers: [{name: a, resources: {limits: {cpu: 1}}}]}", true),
        (cpu, "{containers: [{name: a, resources: {requests: {memory: 1}}}]}", false),
        (cpu, "{containers: [{name: a}]}", false),
        (cpu, "{containers: [{name: a, resources: {requests: {cpu: 1}}}, {name: b}]}", false),
        (cpu, "{initContainers: [{name: i}], containers: [{name: a, resources: {requests: {cpu: 1}}}]}", true),
        (
            cpu,
            "{initContainers: [{name: i, restartPolicy: Always}], containers: [{name: a, resources: {requests: {cpu: 1}}}]}",
            false,
        ),
        (cpu, "{resources: {requests: {cpu: 1}}, containers: [{name: a}, {name: b}]}", true),
        (cpu, "{resources: {limits: {cpu: 1}}, containers: [{name: a}]}", true),
        (cpu, "{resources: {requests: {memory: 1}}, containers: [{name: a}]}", false),
        (
            cpu,
            "{resources: {requests: {memory: 1}}, containers: [{name: a, resources: {requests: {cpu: 1}}}, {name: b}]}",
            true,
        ),
        (cpu, "{resources: {}, containers: [{name: a}]}", false),
        (
            "{autoscaling: {maxReplicas: 5, memory: 70}}",
            "{containers: [{name: a, resources: {requests: {cpu: 1}}}]}",
            false,
        ),
        (
            "{autoscaling: {maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 500m}}}]}}",
            "{containers: [{name: a}]}",
            true,
        ),
        (
            "{autoscaling: {maxReplicas: 5, metrics: [{type: ContainerResource, containerResource: {name: cpu, container: b, target: {type: Utilization, averageUtilization: 60}}}]}}",
            "{containers: [{name: a}, {name: b, resources: {requests: {cpu: 1}}}]}",
            true,
        ),
        (
            "{autoscaling: {maxReplicas: 5, metrics: [{type: ContainerResource, containerResource: {name: cpu, container: a, target: {type: Utilization, averageUtilization: 60}}}]}}",
            "{resources: {requests: {cpu: 1}}, containers: [{name: a}, {name: b, resources: {requests: {cpu: 1}}}]}",
            false,
        ),
    ];
    for (spec, template, good) in cases {
        let wanted: &[&str] = if good { &[] } else { &["metric-without-requests"] };
        assert_eq!(run(spec, &[pod(template)]).errors(), wanted, "{spec} {template}");
    }
    // A LimitRange of the namespace gives requests to containers without: `default` counts for `defaultRequest`, `max` for both.
    let scaled = "{autoscaling: {maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]}}";
    let range = |namespace: &str, limit: &str| {
        values(&format!("{{apiVersion: v1, kind: LimitRange, metadata: {{name: r, namespace: {namespace}}}, spec: {{limits: [{limit}]}}}}")).remove(0)
    };
    let shop =
        with(pod("{containers: [{name: a}, {name: b}]}"), "/metadata", json!({"name": "web", "namespace": "shop"}));
    for (limit, good) in [
        ("{type: Container, defaultRequest: {cpu: 100m}}", true),
        ("{type: Container, default: {cpu: 1}}", true),
        ("{type: Container, max: {cpu: 1}}", true),
        ("{type: Container, min: {cpu: 1m}}", true),
        ("{type: Container, maxLimitRequestRatio: {cpu: 2}}", false),
        ("{type: Pod, max: {cpu: 1}}", false),
        ("{type: Container, defaultRequest: {memory: 1Gi}}", false),
        ("{type: Container, default: {cpu: null}}", false),
    ] {
        let wanted: &[&str] = if good { &[] } else { &["metric-without-requests"] };
        assert_eq!(run(scaled, &[shop.clone(), range("shop", limit)]).errors(), wanted, "{limit}");
        assert_eq!(
            run(scaled, &[shop.clone(), range("other", limit)]).errors(),
            ["metric-without-requests"],
            "{limit}"
        );
    }
    // Without metrics the API sets cpu at 80 percent; autoscaling/v1 always does.
    let bare = pod("{containers: [{name: a}]}");
    let none = with(autoscaler(1, 3), "/spec/metrics", json!([]));
    let older = with(none.clone(), "/apiVersion", json!("autoscaling/v1"));
    for scaler in [none, older] {
        assert_eq!(run("{}", &[bare.clone(), scaler]).errors(), ["metric-without-requests"]);
    }
    // Judged at the end: what a later function of the pipeline would set counts, so here nothing does.
    assert_eq!(run("{}", std::slice::from_ref(&bare)).errors(), [""; 0]);
}

#[test]
fn vertical_autoscalers_of_the_same_resource_are_refused() {
    let vertical = |spec: &str| {
        let mut spec = values(&format!("spec: {spec}")).remove(0)["spec"].clone();
        spec["targetRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
        json!({"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler", "metadata": {"name": "v"}, "spec": spec})
    };
    let cases = [
        ("{}", true),
        ("{updatePolicy: {updateMode: Recreate}}", true),
        ("{updatePolicy: {updateMode: 'Off'}}", false),
        ("{resourcePolicy: {containerPolicies: [{containerName: '*', controlledResources: [memory]}]}}", false),
        ("{resourcePolicy: {containerPolicies: [{containerName: '*', mode: 'Off'}]}}", false),
        ("{resourcePolicy: {containerPolicies: [{containerName: app, controlledResources: [memory]}]}}", true),
    ];
    for (spec, refused) in cases {
        let wanted: &[&str] = if refused { &["metric-with-vertical-autoscaler"] } else { &[] };
        assert_eq!(run("{}", &[web(), autoscaler(1, 3), vertical(spec)]).errors(), wanted, "{spec}");
    }
}

#[test]
fn conflicts_fail_are_overridden_or_kept() {
    let strategy = |text: &str| with(web(), "/spec/strategy", values(text).remove(0));
    let replicas = |number: i32| with(web(), "/spec/replicas", json!(number));
    let cases = [
        ("replicas: 3", replicas(1), "replicas", "/spec/replicas", json!(3)),
        ("replicas: 1", replicas(0), "replicas", "/spec/replicas", json!(1)),
        ("singleton: true", replicas(2), "singleton", "/spec/replicas", json!(1)),
        ("autoscaling: {maxReplicas: 3, cpu: 70}", replicas(0), "replicas", "/spec/replicas", Value::Null),
        (
            "strategy: {type: Recreate}",
            strategy("{type: RollingUpdate}"),
            "strategy",
            "/spec/strategy",
            json!({"type": "Recreate"}),
        ),
        (
            "strategy: {type: Recreate}",
            strategy("{rollingUpdate: {maxSurge: 1}}"),
            "strategy",
            "/spec/strategy",
            json!({"type": "Recreate"}),
        ),
        (
            "strategy: {type: RollingUpdate, maxSurge: 50%}",
            strategy("{type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}}"),
            "strategy",
            "/spec/strategy/rollingUpdate",
            json!({"maxSurge": "50%", "maxUnavailable": 0}),
        ),
        (
            "strategy: {type: RollingUpdate, maxSurge: 1}",
            strategy("{type: Recreate}"),
            "strategy",
            "/spec/strategy",
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}),
        ),
        (
            "singleton: true",
            strategy("{type: RollingUpdate}"),
            "singleton",
            "/spec/strategy",
            json!({"type": "Recreate"}),
        ),
    ];
    for (spec, object, rule, pointer, after) in cases {
        let done = run(&format!("{{{spec}}}"), std::slice::from_ref(&object));
        assert_eq!((done.outcome, done.errors()), (Outcome::Findings, vec![rule]), "{spec} {object}");
        let done = run(&format!("{{{spec}, conflicts: keep}}"), std::slice::from_ref(&object));
        assert_eq!((done.outcome, done.rules(Severity::Warning)), (Outcome::Ok, vec![rule]), "{spec} {object}");
        assert_eq!(done.the("Deployment").pointer(pointer), object.pointer(pointer), "{spec}");
        let done = run(&format!("{{{spec}, conflicts: override}}"), std::slice::from_ref(&object));
        assert_eq!(done.outcome, Outcome::Ok, "{spec}: {:?}", done.report.findings);
        assert_eq!(done.the("Deployment").pointer(pointer).unwrap_or(&Value::Null), &after, "{spec}");
        assert!(done.report.changes.iter().any(|change| change.why.class == Class::Overridden), "{spec}");
    }
    // What agrees, or is stricter, is no conflict.
    let quiet = [
        ("replicas: 2", replicas(3)),
        ("strategy: {type: Recreate}", strategy("{type: Recreate}")),
        (
            "strategy: {type: RollingUpdate, maxSurge: 1}",
            strategy("{type: RollingUpdate, rollingUpdate: {maxSurge: 1}}"),
        ),
    ];
    for (spec, object) in quiet {
        let done = run(&format!("{{{spec}}}"), std::slice::from_ref(&object));
        assert_eq!(done.objects, [object], "{spec}");
        assert!(done.report.findings.is_empty(), "{spec}");
    }
    // Numbers of pods are the autoscaler's.
    let objects = [web(), autoscaler(1, 3)];
    assert_eq!(run("{replicas: 2}", &objects).objects, objects);
}

/// `None`: the strategy may stay. `Some(true)`: filled with Recreate; `Some(false)`: a conflict.
#[test]
fn rollouts_that_wait_for_ever() {
    let cases = [
        ("null", Some(true)),
        ("{}", Some(true)),
        ("{rollingUpdate: {}}", Some(true)),
        ("{type: Recreate}", None),
        ("{type: RollingUpdate}", Some(false)),
        ("{rollingUpdate: {maxSurge: 1}}", Some(false)),
        ("{rollingUpdate: {maxSurge: 0}}", None),
        ("{rollingUpdate: {maxSurge: 0%}}", None),
        ("{rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}", None),
        ("{rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}", None),
        ("{rollingUpdate: {maxUnavailable: 100%}}", None),
        ("{rollingUpdate: {maxUnavailable: 50%}}", Some(false)),
        ("{rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}", Some(false)),
    ];
    for (strategy, wanted) in cases {
        let strategy = values(&format!("s: {strategy}")).remove(0)["s"].clone();
        let object = with(on_claim(web()), "/spec/strategy", strategy.clone());
        let done = run("{}", &[object.clone(), claim(&["ReadWriteOnce"])]);
        let (errors, after): (&[&str], _) = match wanted {
            None => (&[], strategy.clone()),
            Some(true) => (&[], json!({"type": "Recreate"})),
            Some(false) => (&["rollout-deadlock"], strategy.clone()),
        };
        assert_eq!(done.errors(), errors, "{strategy}");
        assert_eq!(done.the("Deployment")["spec"]["strategy"], after, "{strategy}");
        // A volume that can be shared holds nothing up.
        let done = run("{}", &[object.clone(), claim(&["ReadWriteOnce", "ReadWriteMany"])]);
        assert_eq!(done.objects[0], object, "{strategy}");
    }
    // StatefulSets stop the old pod first.
    let objects = [on_claim(workload("apps/v1", "StatefulSet", "web")), claim(&["ReadWriteOnce"])];
    assert_eq!(run("{}", &objects).objects, objects);
}

#[test]
fn claims_that_one_pod_holds_keep_a_workload_from_scaling() {
    let shared = ["shared-claim"];
    type Modes<'a> = Option<&'a [&'a str]>;
    let cases: &[(&str, Modes<'_>, &[&str])] = &[
        ("", Some(&["ReadWriteOnce"]), &shared),
        ("", Some(&["ReadWriteOncePod"]), &shared),
        ("", Some(&["ReadWriteMany"]), &[]),
        ("", Some(&["ReadOnlyMany", "ReadWriteOnce"]), &[]),
        ("", Some(&[]), &shared),
        ("", None, &shared),
        ("claims: [{name: data, accessMode: ReadWriteMany}]", None, &[]),
        ("claims: [{name: 'd.*', accessMode: ReadOnlyMany}]", None, &[]),
        ("claims: [{name: dat, accessMode: ReadWriteMany}]", None, &shared),
        ("claims: [{name: data, accessMode: ReadWriteOnce}]", None, &shared),
        // What the stream says counts more.
        ("claims: [{name: data, accessMode: ReadWriteMany}]", Some(&["ReadWriteOnce"]), &shared),
    ];
    for (claims, modes, wanted) in cases {
        for kind in ["Deployment", "StatefulSet"] {
            let object = on_claim(workload("apps/v1", kind, "web"));
            let mut objects = vec![object];
            objects.extend(modes.map(claim));
            for asked in ["replicas: 2", "autoscaling: {maxReplicas: 2, cpu: 70}"] {
                let done = run(&format!("{{{asked}, {claims}}}"), &objects);
                assert_eq!(done.errors(), *wanted, "{kind} {asked} {claims} {modes:?}");
            }
            assert_eq!(
                run(&format!("{{replicas: 1, {claims}}}"), &objects).errors(),
                [""; 0],
                "{kind} {claims} {modes:?}"
            );
        }
    }
    // A claim that is made for each pod takes the place of a volume of its name.
    let set = on_claim(workload("apps/v1", "StatefulSet", "web"));
    let own = json!([{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]);
    let done = run("{replicas: 3}", &[with(set, "/spec/volumeClaimTemplates", own), claim(&["ReadWriteOnce"])]);
    assert_eq!(done.errors(), [""; 0]);
    let ephemeral =
        json!([{"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}]);
    let done = run("{replicas: 3}", &[with(web(), "/spec/template/spec/volumes", ephemeral)]);
    assert_eq!(done.errors(), [""; 0]);
    // By the name that the claim had before a prefix came.
    let notes = json!({"internal.config.kubernetes.io/previousNames": "data", "internal.config.kubernetes.io/prefixes": "pre-"});
    let renamed =
        with(with(claim(&["ReadWriteMany"]), "/metadata/name", json!("pre-data")), "/metadata/annotations", notes);
    assert_eq!(run("{replicas: 3}", &[on_claim(web()), renamed]).errors(), [""; 0]);
}

#[test]
fn a_claim_that_two_workloads_share() {
    let claim = |mode: &str| claim(&[mode]);
    let of = |name: &str, template: &str| {
        let mut object = on_claim(workload("apps/v1", "Deployment", name));
        let own = values(template).remove(0);
        for (key, value) in own.as_object().unwrap() {
            object["spec"]["template"]["spec"][key] = value.clone();
        }
        object["spec"]["template"]["metadata"]["labels"] = json!({"app": name});
        object["spec"]["selector"] = json!({"matchLabels": {"app": name}});
        object
    };
    let near = |to: &str, key: &str| {
        format!(
            "{{affinity: {{podAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: {key}, labelSelector: {{matchLabels: {{app: {to}}}}}}}]}}}}}}"
        )
    };
    let host = "kubernetes.io/hostname";
    let on_host = format!("{{nodeSelector: {{{host}: n1}}}}");
    let by_affinity = format!(
        "{{affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{{matchExpressions: [{{key: {host}, operator: In, values: [n1]}}]}}]}}}}}}}}"
    );
    let preferred = format!(
        "{{affinity: {{podAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 1, podAffinityTerm: {{topologyKey: {host}, labelSelector: {{matchLabels: {{app: a}}}}}}}}]}}}}}}"
    );
    let elsewhere = format!(
        "{{affinity: {{podAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: {host}, namespaces: [x], labelSelector: {{matchLabels: {{app: a}}}}}}]}}}}}}"
    );
    for (mode, a, b, wanted) in [
        ("ReadWriteOnce", "{}", "{}", true),
        ("ReadWriteMany", "{}", "{}", false),
        ("ReadOnlyMany", "{}", "{}", false),
        ("ReadWriteOncePod", "{}", "{}", true),
        ("ReadWriteOnce", "{}", &near("a", host), false),
        ("ReadWriteOnce", &near("b", host), "{}", false),
        ("ReadWriteOnce", "{}", &near("c", host), true),
        ("ReadWriteOnce", "{}", &near("a", "topology.kubernetes.io/zone"), true),
        ("ReadWriteOnce", "{}", &preferred, true),
        ("ReadWriteOnce", "{}", &elsewhere, true),
        ("ReadWriteOncePod", "{}", &near("a", host), true),
        ("ReadWriteOnce", &on_host, &on_host, false),
        ("ReadWriteOnce", &on_host, &by_affinity, false),
        ("ReadWriteOnce", "{nodeName: n1}", "{nodeName: n2}", true),
        ("ReadWriteOnce", &on_host, "{}", true),
    ] {
        let done = run("{}", &[of("a", a), of("b", b), claim(mode)]);
        let expected: &[&str] = if wanted { &["shared-claim"] } else { &[] };
        let found: Vec<&str> = done.errors().into_iter().filter(|rule| *rule == "shared-claim").collect();
        assert_eq!(found, expected, "{mode} {a} {b}");
    }
    // By a chain; of three that are apart one finding.
    let rwo = || claim("ReadWriteOnce");
    let chain = [of("a", "{}"), of("b", &near("c", host)), of("c", &near("a", host)), rwo()];
    assert_eq!(run("{}", &chain).errors(), [""; 0]);
    assert_eq!(run("{}", &[of("a", "{}"), of("b", "{}"), of("c", "{}"), rwo()]).errors(), ["shared-claim"]);
    // Out of scope is not out of the cluster; two that nobody asks about are.
    let apart = [of("a", "{}"), of("b", "{}"), rwo()];
    assert_eq!(run("{targets: [{name: a}]}", &apart).errors(), ["shared-claim"]);
    assert_eq!(run("{exclude: [{name: '[ab]'}]}", &apart).errors(), [""; 0]);
    // Of a claim that is not in the stream the config may say it.
    let pair = [of("a", "{}"), of("b", "{}")];
    assert_eq!(run("{claims: [{name: data, accessMode: ReadWriteOnce}]}", &pair).errors(), ["shared-claim"]);
    assert_eq!(run("{claims: [{name: data, accessMode: ReadWriteMany}]}", &pair).errors(), [""; 0]);
    let other = with(of("b", "{}"), "/metadata", json!({"name": "b", "namespace": "other"}));
    let done = run("{claims: [{name: data, accessMode: ReadWriteOnce}]}", &[of("a", "{}"), other]);
    assert_eq!(done.errors(), [""; 0], "another namespace has another claim");
    // What is switched off mounts nothing, and a Job ends.
    let off = with(of("b", "{}"), "/spec/replicas", json!(0));
    assert_eq!(run("{}", &[of("a", "{}"), off, rwo()]).errors(), [""; 0]);
    // A Job waits as long as what does not end has the claim; of two Jobs one waits for the other.
    let job = |name: &str| {
        let mut job = of(name, "{restartPolicy: Never}");
        job["apiVersion"] = json!("batch/v1");
        job["kind"] = json!("Job");
        job
    };
    let of_jobs = |spec: &str, a: Value, b: Value, mode: &str| {
        let done = run(spec, &[a, b, claim(mode)]);
        (done.errors().len(), done.rules(Severity::Warning).len())
    };
    assert_eq!(of_jobs("{}", of("a", "{}"), job("b"), "ReadWriteOnce"), (1, 0));
    assert_eq!(
        of_jobs("{}", of("a", &on_host), with(job("b"), "/spec/template/spec/nodeName", json!("n1")), "ReadWriteOnce"),
        (0, 0)
    );
    assert_eq!(of_jobs("{}", of("a", "{}"), job("b"), "ReadWriteOncePod"), (1, 0));
    // Of a claim that nobody knows, a warning; a config that knows settles it either way.
    let done = run("{}", &pair);
    let warnings = |done: &Done| done.rules(Severity::Warning).iter().filter(|rule| **rule == "shared-claim").count();
    assert_eq!((done.errors().iter().filter(|rule| **rule == "shared-claim").count(), warnings(&done)), (0, 1));
    // A volume that only reads is attached, too; an ephemeral one is each pod's own.
    let mut reads = of("b", "{}");
    reads["spec"]["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["readOnly"] = json!(true);
    assert_eq!(run("{}", &[of("a", "{}"), reads, rwo()]).errors(), ["shared-claim"]);
    let own =
        json!([{"name": "data", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}]);
    let ephemeral = with(of("b", "{}"), "/spec/template/spec/volumes", own);
    assert_eq!(run("{}", &[of("a", "{}"), ephemeral, rwo()]).errors(), [""; 0]);
}

#[test]
fn an_affinity_counts_when_nothing_else_satisfies_it() {
    let host = "kubernetes.io/hostname";
    let of = |name: &str, labels: &str, term: &str| {
        let mut object = on_claim(workload("apps/v1", "Deployment", name));
        object["spec"]["strategy"] = json!({"type": "Recreate"});
        object["spec"]["template"]["metadata"]["labels"] = values(labels).remove(0);
        object["spec"]["selector"] = json!({"matchLabels": {"app": name}});
        if !term.is_empty() {
            let term = values(&format!("{{topologyKey: {host}, {term}}}")).remove(0);
            object["spec"]["template"]["spec"]["affinity"] =
                json!({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
        }
        object
    };
    let rwo = || claim(&["ReadWriteOnce"]);
    let part = "labelSelector: {matchLabels: {part: x}}";
    let (a, b) = ("{app: a, part: x}", "{app: b, part: x}");
    for (first, second, third, apart) in [
        // It is content with its own first pod.
        (of("a", a, part), of("b", b, ""), None, true),
        // Both follow each other.
        (of("a", a, part), of("b", b, part), None, false),
        // A pod that does not use the claim satisfies it, wherever it is.
        (of("a", "{app: a}", part), of("b", b, ""), Some(workload("apps/v1", "Deployment", "c")), false),
        (
            of("a", "{app: a}", part),
            of("b", b, ""),
            Some(with(workload("apps/v1", "Deployment", "c"), "/spec/template/metadata/labels/part", json!("x"))),
            true,
        ),
        (of("a", "{app: a}", &format!("{part}, namespaces: [default]")), of("b", b, ""), None, false),
        (of("a", "{app: a}", &format!("{part}, mismatchLabelKeys: [app]")), of("b", b, ""), None, true),
        (of("a", "{app: a}", &format!("{part}, namespaceSelector: {{}}")), of("b", b, ""), None, true),
    ] {
        let objects: Vec<Value> = [Some(first), Some(second), third, Some(rwo())].into_iter().flatten().collect();
        let found = run("{}", &objects).errors().len();
        assert_eq!(found, usize::from(apart), "{objects:?}");
    }
    let on = |name: &str, field: &str| {
        let node = values(&format!("{{nodeSelectorTerms: [{field}]}}")).remove(0);
        let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": node}});
        with(of(name, &format!("{{app: {name}}}"), ""), "/spec/template/spec/affinity", affinity)
    };
    let by_field = "{matchFields: [{key: metadata.name, operator: In, values: [n1]}]}";
    assert_eq!(run("{}", &[on("a", by_field), on("b", by_field), rwo()]).errors(), [""; 0]);
    let two = "{matchFields: [{key: metadata.name, operator: In, values: [n1, n2]}]}";
    assert_eq!(run("{}", &[on("a", two), on("b", two), rwo()]).errors(), ["shared-claim"]);
}

#[test]
fn claims_of_every_kind_of_workload_are_shared() {
    let rwo = || claim(&["ReadWriteOnce"]);
    let web = || with(on_claim(web()), "/spec/strategy", json!({"type": "Recreate"}));
    let pod = json!({"containers": [{"name": "a", "image": "a"}], "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]});
    let object = |api: &str, kind: &str, path: &str, pod: &Value| {
        with(json!({"apiVersion": api, "kind": kind, "metadata": {"name": "other"}}), path, pod.clone())
    };
    for (api, kind, path) in [
        ("v1", "Pod", "/spec"),
        ("apps/v1", "DaemonSet", "/spec/template/spec"),
        ("apps/v1", "StatefulSet", "/spec/template/spec"),
        ("batch/v1", "CronJob", "/spec/jobTemplate/spec/template/spec"),
        ("serving.knative.dev/v1", "Service", "/spec/template/spec"),
        ("argoproj.io/v1alpha1", "Rollout", "/spec/template/spec"),
        ("apps.kruise.io/v1alpha1", "CloneSet", "/spec/template/spec"),
        ("keda.sh/v1alpha1", "ScaledJob", "/spec/jobTargetRef/template/spec"),
    ] {
        let found = run("{targets: [{kind: Deployment}]}", &[web(), object(api, kind, path, &pod), rwo()]);
        assert_eq!(found.errors(), ["shared-claim"], "{kind}");
        // In another namespace the name is another claim's.
        let elsewhere = with(object(api, kind, path, &pod), "/metadata/namespace", json!("x"));
        let found = run("{targets: [{kind: Deployment}]}", &[web(), elsewhere, rwo()]);
        assert_eq!(found.errors(), [""; 0], "{kind}");
    }
    // The claims that a StatefulSet makes are mounted by name elsewhere.
    let set = |mode: &str| {
        let own = json!([{"metadata": {"name": "data"}, "spec": {"accessModes": [mode]}}]);
        with(workload("apps/v1", "StatefulSet", "db"), "/spec/volumeClaimTemplates", own)
    };
    let named = |name: &str| {
        let pod = with(pod.clone(), "/volumes/0/persistentVolumeClaim/claimName", json!(name));
        object("batch/v1", "CronJob", "/spec/jobTemplate/spec/template/spec", &pod)
    };
    for (mode, name, wanted) in [
        ("ReadWriteOnce", "data-db-0", 1),
        ("ReadWriteOnce", "data-db-1", 1),
        ("ReadWriteMany", "data-db-0", 0),
        ("ReadWriteOnce", "data-other-0", 0),
        ("ReadWriteOnce", "data-db", 0),
    ] {
        assert_eq!(run("{}", &[set(mode), named(name)]).errors().len(), wanted, "{mode} {name}");
    }
    let prefixed =
        json!({"internal.config.kubernetes.io/previousNames": "db", "internal.config.kubernetes.io/prefixes": "pre-"});
    let moved = with(with(set("ReadWriteOnce"), "/metadata/name", json!("pre-db")), "/metadata/annotations", prefixed);
    assert_eq!(run("{}", &[moved, named("data-db-0")]).errors(), ["shared-claim"]);
}

#[test]
fn what_a_rollout_runs_is_scaled_there() {
    let rollout = |spec: Value| {
        let mut object = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "canary"},
            "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
        for (key, value) in spec.as_object().unwrap() {
            object["spec"][key] = value.clone();
        }
        object
    };
    let off = with(web(), "/spec/replicas", json!(0));
    let scaled = "{autoscaling: {minReplicas: 2, maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 1}}}]}}";
    let done = run(scaled, &[off.clone(), rollout(json!({"replicas": 3}))]);
    assert_eq!(done.errors(), [""; 0], "{:?}", done.report.findings);
    let target = &done.the("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"];
    assert_eq!(target, &json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "canary"}));
    assert_eq!(done.the("Deployment")["spec"]["replicas"], json!(0), "the Rollout's controller took it to 0");
    assert!(done.the("Rollout")["spec"].get("replicas").is_none());
    // One that is there is brought to the config.
    let mut there = autoscaler(1, 3);
    there["spec"]["scaleTargetRef"] =
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "canary"});
    let done = run(scaled, &[off.clone(), rollout(json!({})), there]);
    assert_eq!(done.the("HorizontalPodAutoscaler")["spec"]["maxReplicas"], json!(5));
    // One of the Deployment starts pods of its own.
    let done = run(scaled, &[off.clone(), rollout(json!({})), autoscaler(1, 3)]);
    assert!(done.errors().contains(&"run-by-another"), "{:?}", done.errors());
    // A ScaledObject has the number; so has a scaler that krmor does not know.
    for (api, kind) in [("keda.sh/v1alpha1", "ScaledObject"), ("datadoghq.com/v1alpha1", "WatermarkPodAutoscaler")] {
        for (name, of) in [("canary", "Rollout"), ("web", "Deployment")] {
            let group = if of == "Rollout" { "argoproj.io/v1alpha1" } else { "apps/v1" };
            let scaler = json!({"apiVersion": api, "kind": kind, "metadata": {"name": "s"},
                "spec": {"scaleTargetRef": {"apiVersion": group, "kind": of, "name": name}, "maxReplicaCount": 3}});
            let mut objects = vec![off.clone(), scaler];
            if of == "Rollout" {
                objects.push(rollout(json!({})));
            } else {
                objects[0] = web();
            }
            assert_eq!(run(scaled, &objects).errors(), ["autoscaler-version"], "{kind} of {of}");
        }
    }
    // The number is the Rollout's, and the config fills it there.
    let done = run("{replicas: 2}", &[off.clone(), rollout(json!({}))]);
    assert_eq!((done.errors(), done.rules(Severity::Warning)), (vec![], vec![]));
    assert_eq!(done.the("Rollout")["spec"]["replicas"], json!(2));
    assert_eq!(done.the("Deployment")["spec"]["replicas"], json!(0));
    assert_eq!(run("{replicas: 2}", &[off.clone(), rollout(json!({"replicas": 1}))]).errors(), ["replicas"]);
    // Strategy and singletons are not.
    for spec in ["{strategy: {type: Recreate}}", "{singleton: true}"] {
        let objects = [off.clone(), rollout(json!({}))];
        let done = run(spec, &objects);
        assert_eq!(done.errors(), [""; 0], "{spec}");
        assert!(done.rules(Severity::Warning).contains(&"run-by-another"), "{spec}");
        assert_eq!(done.objects, objects, "{spec}");
    }
    // Targets may name the Rollout; an exclude of either leaves both.
    for (spec, made) in [
        ("targets: [{kind: Rollout}]", true),
        ("targets: [{kind: Deployment}]", true),
        ("exclude: [{kind: Rollout}]", false),
        ("exclude: [{kind: Deployment}]", false),
        ("targets: [{kind: Rollout}], exclude: [{kind: Deployment}]", false),
    ] {
        let done = run(&scaled.replacen('{', &format!("{{{spec}, "), 1), &[off.clone(), rollout(json!({}))]);
        let has = done.objects.iter().any(|object| object["kind"] == "HorizontalPodAutoscaler");
        assert_eq!((done.errors(), has), (vec![], made), "{spec}");
    }
    // A PodTemplate is scaled by what runs it, and by nothing else.
    let template = json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "web"}, "template": web()["spec"]["template"]});
    let of_template = json!({"workloadRef": {"apiVersion": "v1", "kind": "PodTemplate", "name": "web"}});
    let done = run(scaled, &[template.clone(), rollout(of_template)]);
    assert_eq!(done.the("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"], json!("Rollout"));
    assert_eq!(run(scaled, std::slice::from_ref(&template)).objects, [template]);
    // Kruise's Rollout only paces the workload, which stays the one that is scaled.
    let pacing = json!({"apiVersion": "rollouts.kruise.io/v1beta1", "kind": "Rollout", "metadata": {"name": "r"},
        "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    let done = run(scaled, &[web(), pacing]);
    assert_eq!(done.the("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"], json!("Deployment"));
    // Pods beside the Rollout's are said.
    for (number, down, said) in [
        (json!(0), "never", false),
        (json!(3), "onsuccess", true),
        (json!(3), "never", true),
        (Value::Null, "never", true),
        (Value::Null, "onsuccess", false),
        (Value::Null, "progressively", false),
    ] {
        let reference = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "scaleDown": down});
        let done =
            run("{}", &[with(web(), "/spec/replicas", number.clone()), rollout(json!({"workloadRef": reference}))]);
        assert_eq!(
            (done.errors(), done.rules(Severity::Warning) == ["run-by-another"]),
            (vec![], said),
            "{number} {down}"
        );
    }
    let second = with(rollout(json!({})), "/metadata/name", json!("second"));
    assert_eq!(run("{}", &[off.clone(), rollout(json!({})), second]).errors(), ["run-by-another"]);
    // Its pods have another label of their revision.
    let spread = "{spread: [{topologyKey: zone}]}";
    let keys = |done: &Done| {
        done.the("Deployment").pointer("/spec/template/spec/topologySpreadConstraints/0/matchLabelKeys").cloned()
    };
    assert_eq!(keys(&run(spread, &[off.clone(), rollout(json!({}))])), Some(json!(["rollouts-pod-template-hash"])));
    // A budget counts what the Rollout runs.
    let done = run("{budget: {minAvailable: 2}}", &[off, rollout(json!({"replicas": 2}))]);
    assert_eq!(done.errors(), ["budget-blocks-drain"]);
}

fn scaled_object(spec: Value) -> Value {
    let mut object = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": {"name": "web"}, "triggers": [{"type": "cron", "metadata": {"a": "b"}}]}});
    for (key, value) in spec.as_object().unwrap() {
        object["spec"][key] = value.clone();
    }
    object
}

#[test]
fn keda_scales_every_kind() {
    for (api, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("apps.kruise.io/v1alpha1", "CloneSet"),
    ] {
        let spec = "{autoscaling: {maxReplicas: 5, cpu: 70, memory: 80, keda: {}}}";
        let done = run(spec, &[with(workload(api, kind, "web"), "/spec/replicas", json!(3))]);
        assert_eq!((done.errors(), done.rules(Severity::Warning)), (vec![], vec!["replicas-removed"]), "{kind}");
        let trigger =
            |name: &str, value: &str| json!({"type": name, "metricType": "Utilization", "metadata": {"value": value}});
        assert_eq!(
            done.the("ScaledObject")["spec"],
            json!({"scaleTargetRef": {"apiVersion": api, "kind": kind, "name": "web"}, "minReplicaCount": 2,
                "maxReplicaCount": 5, "triggers": [trigger("cpu", "70"), trigger("memory", "80")]})
        );
        assert!(done.the(kind)["spec"].get("replicas").is_none(), "{kind}");
        assert!(run(spec, &done.objects).report.changes.is_empty(), "{kind}");
    }
    // 0 is as good a number as others: KEDA scales from there.
    let spec = "{autoscaling: {minReplicas: 0, maxReplicas: 5, keda: {triggers: [{type: kafka, metadata: {topic: a}}]}}, budget: {}}";
    let done = run(spec, &[with(web(), "/spec/replicas", json!(0))]);
    assert_eq!(done.errors(), [""; 0]);
    assert_eq!(done.the("ScaledObject")["spec"]["minReplicaCount"], json!(0));
    assert!(done.the("Deployment")["spec"].get("replicas").is_none());
    let beside = run("{}", &[with(web(), "/spec/replicas", json!(0)), scaled_object(json!({}))]);
    assert_eq!(beside.errors(), ["replicas-with-autoscaler"]);
    // Requests are needed for percentages.
    let bare = with(web(), "/spec/template/spec/containers/0/resources", json!({}));
    assert_eq!(
        run("{autoscaling: {maxReplicas: 5, cpu: 70, keda: {}}}", &[bare]).errors(),
        ["metric-without-requests"]
    );
    // What a Rollout runs is scaled there.
    let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"},
        "spec": {"workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    let done =
        run("{autoscaling: {maxReplicas: 5, cpu: 70, keda: {}}}", &[with(web(), "/spec/replicas", json!(0)), rollout]);
    assert_eq!(done.the("ScaledObject")["spec"]["scaleTargetRef"]["kind"], json!("Rollout"));
    // The range is judged in its own words.
    let wrong = run("{}", &[web(), scaled_object(json!({"minReplicaCount": 9, "maxReplicaCount": 3}))]);
    assert_eq!(wrong.errors(), ["autoscaler-range"]);
    assert_eq!(wrong.report.findings[0].pointer(), "/spec/maxReplicaCount");
}

#[test]
fn a_scaled_object_that_is_there_is_brought_to_the_config() {
    let spec = |keda: &str| format!("{{autoscaling: {{maxReplicas: 7, keda: {{{keda}}}}}}}");
    let triggers = |there: &str, wanted: &str| {
        let there = scaled_object(json!({"triggers": values(there).remove(0), "minReplicaCount": 4}));
        let done = run(&spec(&format!("triggers: {wanted}")), &[web(), there]);
        assert_eq!(done.errors(), [""; 0]);
        let spec = &done.the("ScaledObject")["spec"];
        assert_eq!((&spec["minReplicaCount"], &spec["maxReplicaCount"]), (&json!(4), &json!(7)));
        assert_eq!(spec["scaleTargetRef"], json!({"name": "web"}));
        spec["triggers"].clone()
    };
    let list = |text: &str| values(text).remove(0);
    for (there, wanted, after) in [
        // The only one of its type; what the config does not name stays.
        (
            "[{type: a, metadata: {x: '1', y: '2'}}]",
            "[{type: a, metadata: {x: '3'}}]",
            "[{type: a, metadata: {x: '3', y: '2'}}]",
        ),
        (
            "[{type: a, metadata: {x: '1'}}]",
            "[{type: b, metadata: {x: '3'}}]",
            "[{type: a, metadata: {x: '1'}}, {type: b, metadata: {x: '3'}}]",
        ),
        // Of several the one of the name, or an equal one.
        (
            "[{type: a, name: m, metadata: {x: '1'}}, {type: a, name: n, metadata: {x: '2'}}]",
            "[{type: a, name: n, metadata: {x: '9'}}]",
            "[{type: a, name: m, metadata: {x: '1'}}, {type: a, name: n, metadata: {x: '9'}}]",
        ),
        (
            "[{type: a, metadata: {x: '1'}}, {type: a, metadata: {x: '2'}}]",
            "[{type: a, metadata: {x: '2'}}]",
            "[{type: a, metadata: {x: '1'}}, {type: a, metadata: {x: '2'}}]",
        ),
        (
            "[{type: a, metadata: {x: '1'}}]",
            "[{type: a, metadata: {x: '1'}, authenticationRef: {name: s}}]",
            "[{type: a, metadata: {x: '1'}, authenticationRef: {name: s}}]",
        ),
    ] {
        assert_eq!(triggers(there, wanted), list(after), "{there} {wanted}");
    }
    // One without a least number scales from 0, and a default does not change that.
    let done = run(&spec("triggers: [{type: cron, metadata: {a: b}}]"), &[web(), scaled_object(json!({}))]);
    assert!(done.the("ScaledObject")["spec"].get("minReplicaCount").is_none());
    // Long names leave no room for KEDA's prefix.
    for (length, own) in [(54, false), (55, true)] {
        let done = run(
            &spec("triggers: [{type: cron, metadata: {a: b}}]"),
            &[workload("apps/v1", "Deployment", &"a".repeat(length))],
        );
        let name = done.the("ScaledObject").pointer("/spec/advanced/horizontalPodAutoscalerConfig/name");
        assert_eq!(name.is_some(), own, "{length}");
    }
    // Its other fields, and a behavior by its parts.
    let advanced = json!({"restoreToOriginalReplicaCount": true, "horizontalPodAutoscalerConfig": {"name": "x"}});
    let done = run(
        "{autoscaling: {maxReplicas: 7, behavior: {scaleDown: {tolerance: 0.2}}, keda: {pollingInterval: 5, fallback: {failureThreshold: 1, replicas: 2}, triggers: [{type: cron, metadata: {a: b}}]}}}",
        &[web(), scaled_object(json!({"advanced": advanced, "pollingInterval": 60, "cooldownPeriod": 9}))],
    );
    let spec = &done.the("ScaledObject")["spec"];
    assert_eq!((&spec["pollingInterval"], &spec["cooldownPeriod"]), (&json!(5), &json!(9)));
    assert_eq!(spec["fallback"], json!({"failureThreshold": 1, "replicas": 2}));
    assert_eq!(spec["advanced"]["restoreToOriginalReplicaCount"], json!(true));
    assert_eq!(
        spec["advanced"]["horizontalPodAutoscalerConfig"],
        json!({"name": "x", "behavior": {"scaleDown": {"tolerance": "0.2"}}})
    );
    // Another provider than the config's is refused, both ways, and by the way out.
    let remedy = |done: &Done| {
        done.report
            .findings
            .iter()
            .find(|one| one.rule.id == "autoscaler-version")
            .unwrap()
            .remedy
            .clone()
            .unwrap_or_default()
    };
    let hpa = run("{autoscaling: {maxReplicas: 7, cpu: 70}}", &[web(), scaled_object(json!({}))]);
    assert!(remedy(&hpa).contains("keda: {}"), "{}", remedy(&hpa));
    let keda = run("{autoscaling: {maxReplicas: 7, cpu: 70, keda: {}}}", &[web(), autoscaler(1, 3)]);
    assert!(remedy(&keda).contains("or `keda`"), "{}", remedy(&keda));
    // Any other autoscaler counts like these two.
    let other = json!({"apiVersion": "autoscaling.alibabacloud.com/v1beta1", "kind": "CronHorizontalPodAutoscaler", "metadata": {"name": "c"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
    assert_eq!(
        run("{}", &[with(web(), "/spec/replicas", json!(2)), other.clone()]).errors(),
        ["replicas-with-autoscaler"]
    );
    assert_eq!(run("{}", &[web(), other.clone(), scaled_object(json!({}))]).errors(), ["two-autoscalers"]);
    let on = with(on_claim(web()), "/spec/strategy", json!({"type": "Recreate"}));
    assert_eq!(run("{}", &[on, other, claim(&["ReadWriteOnce"])]).errors(), ["shared-claim"]);
}

#[test]
fn spread_says_all_that_the_api_takes() {
    let all = "{topologyKey: zone, maxSkew: 2, whenUnsatisfiable: DoNotSchedule, minDomains: 3, nodeAffinityPolicy: Ignore, nodeTaintsPolicy: Honor, matchLabelKeys: [version]}";
    let done = run(&format!("{{spread: [{all}]}}"), &[web()]);
    assert_eq!(done.errors(), [""; 0]);
    let mut wanted = values(all).remove(0);
    wanted["labelSelector"] = json!({"matchLabels": {"app": "web"}});
    assert_eq!(done.the("Deployment")["spec"]["template"]["spec"]["topologySpreadConstraints"], json!([wanted]));
    let keys = |spread: &str| {
        let done = run(&format!("{{spread: [{{topologyKey: zone{spread}}}]}}"), &[web()]);
        done.the("Deployment").pointer("/spec/template/spec/topologySpreadConstraints/0/matchLabelKeys").cloned()
    };
    assert_eq!(keys(""), Some(json!(["pod-template-hash"])));
    assert_eq!(keys(", matchLabelKeys: []"), None);
    let by_expression =
        with(web(), "/spec/selector", json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}));
    for object in [web(), by_expression] {
        assert_eq!(run("{spread: [{topologyKey: zone, matchLabelKeys: [app]}]}", &[object]).errors(), ["spread"]);
    }
}

#[test]
fn the_behavior_of_an_autoscaler_is_complete() {
    let behavior = "{scaleDown: {stabilizationWindowSeconds: 0, selectPolicy: Disabled, tolerance: 0.05, policies: [{type: Pods, value: 1, periodSeconds: 60}]}, \
         scaleUp: {stabilizationWindowSeconds: 3600, selectPolicy: Min, tolerance: '0.1', policies: [{type: Percent, value: 100, periodSeconds: 15}]}}";
    let done = run(&format!("{{autoscaling: {{maxReplicas: 5, cpu: 70, behavior: {behavior}}}}}"), &[web()]);
    assert_eq!(done.errors(), [""; 0]);
    let mut wanted = values(behavior).remove(0);
    wanted["scaleDown"]["tolerance"] = json!("0.05");
    assert_eq!(done.the("HorizontalPodAutoscaler")["spec"]["behavior"], wanted);
    // What the API refuses of it is said of the final stream.
    for wrong in [
        "{scaleUp: {stabilizationWindowSeconds: 3601}}",
        "{scaleDown: {policies: [{type: Pods, value: 0, periodSeconds: 60}]}}",
    ] {
        let done = run(
            &format!(
                "{{severities: {{'valid/*': error}}, autoscaling: {{maxReplicas: 5, cpu: 70, behavior: {wrong}}}}}"
            ),
            &[web()],
        );
        assert_eq!(done.outcome, Outcome::Findings, "{wrong}: {:?}", done.report.findings);
    }
}

#[test]
fn exceptions_and_severities_hold_here_too() {
    let pair = || {
        [
            on_claim(workload("apps/v1", "StatefulSet", "a")),
            on_claim(workload("apps/v1", "StatefulSet", "b")),
            claim(&["ReadWriteOnce"]),
        ]
    };
    assert_eq!(run("{}", &pair()).errors(), ["shared-claim"]);
    let excepted = "{exceptions: [{target: {name: a}, rules: [shared-claim], reason: one node}]}";
    assert_eq!(run(excepted, &pair()).errors(), [""; 0]);
    assert_eq!(run("{severities: {shared-claim: warning}}", &pair()).rules(Severity::Warning), ["shared-claim"]);
    assert_eq!(run("{severities: {shared-claim: 'off'}}", &pair()).report.findings.len(), 0);
}

#[test]
fn singletons() {
    let done = run("{singleton: true, budget: {minAvailable: 0}}", &[web()]);
    assert_eq!(done.rules(Severity::Info), ["singleton-overlap"]);
    let spec = &done.the("Deployment")["spec"];
    assert_eq!((&spec["replicas"], &spec["strategy"]), (&json!(1), &json!({"type": "Recreate"})));
    // Switched off is not two.
    let off = with(with(web(), "/spec/replicas", json!(0)), "/spec/strategy", json!({"type": "Recreate"}));
    assert_eq!(run("{singleton: true}", std::slice::from_ref(&off)).objects, [off]);
    // A StatefulSet's pod ends before its successor starts.
    let done = run("{singleton: true}", &[workload("apps/v1", "StatefulSet", "db")]);
    assert_eq!((done.report.findings.len(), &done.objects[0]["spec"]["replicas"]), (0, &json!(1)));
    assert_eq!(run("{singleton: true}", &[web(), autoscaler(1, 2)]).errors(), ["singleton-scaled"]);
    assert_eq!(
        run("{singleton: true}", &[web(), budget("web", &json!({"minAvailable": 1}))]).errors(),
        ["budget-blocks-drain"]
    );
}

#[test]
fn configs_that_cannot_be() {
    let cases = [
        ("{singleton: true, autoscaling: {maxReplicas: 3, cpu: 70}}", "spec.singleton"),
        ("{singleton: true, replicas: 2}", "spec.singleton"),
        ("{singleton: true, strategy: {type: RollingUpdate}}", "spec.strategy"),
        ("{replicas: 2, autoscaling: {maxReplicas: 3, cpu: 70}}", "spec.replicas"),
        ("{autoscaling: {maxReplicas: 3}}", "spec.autoscaling"),
        ("{autoscaling: {maxReplicas: 1, cpu: 70}}", "spec.autoscaling.maxReplicas"),
        ("{autoscaling: {minReplicas: 4, maxReplicas: 3, cpu: 70}}", "spec.autoscaling.maxReplicas"),
        (
            "{autoscaling: {maxReplicas: 3, cpu: 70, metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: '1'}}}]}}",
            "spec.autoscaling.metrics[0]",
        ),
        ("{autoscaling: {minReplicas: 0, maxReplicas: 3, cpu: 70}}", "spec.autoscaling.minReplicas"),
        ("{autoscaling: {maxReplicas: 3, keda: {}}}", "spec.autoscaling"),
        (
            "{autoscaling: {maxReplicas: 3, cpu: 70, keda: {}, metrics: [{type: Pods, pods: {metric: {name: m}, target: {type: AverageValue, averageValue: '1'}}}]}}",
            "spec.autoscaling.metrics",
        ),
        ("{autoscaling: {minReplicas: 0, maxReplicas: 3, cpu: 70, keda: {}}}", "spec.autoscaling.keda.triggers"),
        ("{autoscaling: {maxReplicas: 3, cpu: 70, keda: {idleReplicas: 2}}}", "spec.autoscaling.keda.idleReplicas"),
        (
            "{autoscaling: {maxReplicas: 3, cpu: 70, keda: {fallback: {failureThreshold: 1, replicas: 1}}}}",
            "spec.autoscaling.keda.fallback",
        ),
        (
            "{autoscaling: {maxReplicas: 3, cpu: 70, keda: {triggers: [{type: cpu, metadata: {value: '1'}}]}}}",
            "spec.autoscaling.keda.triggers[0]",
        ),
        (
            "{autoscaling: {maxReplicas: 3, keda: {triggers: [{type: cron, metadata: {}, useCachedMetrics: true}]}}}",
            "spec.autoscaling.keda.triggers[0].useCachedMetrics",
        ),
        (
            "{autoscaling: {maxReplicas: 3, keda: {triggers: [{type: a, name: n, metadata: {}}, {type: b, name: n, metadata: {}}]}}}",
            "spec.autoscaling.keda.triggers[1].name",
        ),
        (
            "{autoscaling: {maxReplicas: 3, keda: {triggers: [{type: kafka, metricType: Utilization, metadata: {}}]}}}",
            "spec.autoscaling.keda.triggers[0].metricType",
        ),
        ("{spread: [{topologyKey: a, minDomains: 2}]}", "spec.spread[0].minDomains"),
        ("{spread: [{topologyKey: a, matchLabelKeys: [b, b]}]}", "spec.spread[0].matchLabelKeys[1]"),
        ("{budget: {maxUnavailable: 1, minAvailable: 1}}", "spec.budget"),
        ("{budget: {maxUnavailable: 0}}", "spec.budget.maxUnavailable"),
        ("{budget: {maxUnavailable: 0%}}", "spec.budget.maxUnavailable"),
        ("{budget: {minAvailable: 101%}}", "spec.budget.minAvailable"),
        ("{spread: [{topologyKey: a}, {topologyKey: a}]}", "spec.spread[1].topologyKey"),
        ("{strategy: {type: Recreate, maxSurge: 1}}", "spec.strategy"),
        ("{strategy: {type: RollingUpdate, maxSurge: 0, maxUnavailable: 0%}}", "spec.strategy"),
        ("{targets: [{name: ')('}]}", "spec.targets[0].name"),
        // Refused while they are read.
        ("{replicas: 0}", ""),
        ("{autoscaling: {minReplicas: -1, maxReplicas: 3, cpu: 70}}", ""),
        ("{autoscaling: {maxReplicas: 3, cpu: 70, keda: null}}", ""),
        ("{autoscaling: {maxReplicas: 3, keda: {triggers: [{type: a}]}}}", ""),
        ("{autoscaling: {maxReplicas: 3, keda: {triggers: [{type: a, metadata: {b: 1}}]}}}", ""),
        ("{autoscaling: {maxReplicas: 3, keda: {triggers: [{type: a, metadata: {}, extra: 1}]}}}", ""),
        ("{autoscaling: {maxReplicas: 3, keda: {triggers: [{type: a, metadata: {}, useCachedMetrics: 'true'}]}}}", ""),
        (
            "{autoscaling: {maxReplicas: 3, keda: {triggers: [{type: a, metadata: {}, authenticationRef: {name: a, kind: Secret}}]}}}",
            "",
        ),
        ("{autoscaling: {maxReplicas: 3, cpu: 70, keda: {fallback: {replicas: 1}}}}", ""),
        ("{autoscaling: {maxReplicas: 3, cpu: 70, keda: {pollingInterval: 0}}}", ""),
        ("{spread: [{topologyKey: a, minDomains: 0, whenUnsatisfiable: DoNotSchedule}]}", ""),
        ("{spread: [{topologyKey: a, nodeTaintsPolicy: Maybe}]}", ""),
        ("{spread: [{topologyKey: a, matchLabelKeys: ['a b']}]}", ""),
        ("{autoscaling: {maxReplicas: 3, cpu: 0}}", ""),
        ("{autoscaling: {maxReplicas: 3, metrics: [{type: Pods}]}}", ""),
        ("{autoscaling: {maxReplicas: 3, metrics: [{type: Custom}]}}", ""),
        ("{autoscaling: {maxReplicas: 3, cpu: 70, behavior: {scaleUpp: {}}}}", ""),
        ("{budget: {maxUnavailable: '1'}}", ""),
        ("{budget: {maxUnavailable: -1}}", ""),
        ("{budget: {unhealthyPodEvictionPolicy: Never}}", ""),
        ("{spread: [{topologyKey: a, maxSkew: 0}]}", ""),
        ("{spread: [{topologyKey: 'a b'}]}", ""),
        ("{spread: [{}]}", ""),
        ("{claims: [{name: '(', accessMode: ReadWriteOnce}]}", ""),
        ("{claims: [{name: a, accessMode: RWO}]}", ""),
        ("{autoscale: {}}", ""),
    ];
    for (spec, place) in cases {
        if place.is_empty() {
            let value = values(&format!("spec: {spec}")).remove(0)["spec"].clone();
            let read = krmor::functions::by_kind("Availability").unwrap().configure(&value);
            assert!(read.is_err(), "{spec}");
            continue;
        }
        let done = run(spec, &[web()]);
        assert_eq!((done.outcome, done.errors()), (Outcome::Usage, vec!["config"]), "{spec}");
        let message = krmor::krm::message(&done.report.findings[0]);
        assert!(message.starts_with(&format!("{place}:")), "{spec}: {message}");
        assert!(done.report.changes.is_empty(), "{spec}");
    }
}

#[test]
fn malformed_manifests_are_errors_or_left_alone() {
    let wild = [json!(null), json!("text"), json!([1]), json!({"a": 1}), json!(1.5), json!([null])];
    let pointers = [
        "/spec/replicas",
        "/spec/selector",
        "/spec/strategy",
        "/spec/strategy/rollingUpdate",
        "/spec/template/metadata/labels",
        "/spec/template/spec/topologySpreadConstraints",
        "/spec/template/spec/affinity",
        "/spec/template/spec/affinity/podAntiAffinity",
        "/spec/template/spec/volumes",
        "/spec/template/spec/resources",
        "/metadata/name",
        "/metadata/labels",
    ];
    for value in &wild {
        for pointer in pointers {
            for spec in
                [SCALING, "{replicas: 2, strategy: {type: RollingUpdate, maxSurge: 1}}", "{singleton: true}", "{}"]
            {
                run(spec, &[with(web(), pointer, value.clone())]);
            }
        }
        for pointer in [
            "/spec",
            "/spec/scaleTargetRef",
            "/spec/metrics",
            "/spec/minReplicas",
            "/spec/maxReplicas",
            "/spec/behavior",
        ] {
            run(SCALING, &[web(), with(autoscaler(1, 3), pointer, value.clone())]);
        }
        for pointer in ["/spec", "/spec/selector", "/spec/maxUnavailable", "/spec/minAvailable"] {
            run(SCALING, &[web(), with(budget("web", &json!({})), pointer, value.clone())]);
        }
    }
    let list = with(web(), "/spec/template/spec/topologySpreadConstraints", json!({"a": 1}));
    assert_eq!(run("{spread: [{topologyKey: a}]}", &[list]).errors(), ["spread"]);
}

/// A kustomization tree built by stock kustomize with krmor as its legacy plugin.
fn kustomize(folder: &Folder, root: &str) -> Vec<Value> {
    let home = Folder::new(&format!("availability-home-{root}"));
    let installed = krmor().args(["install", "kustomize", "--home"]).arg(&home.0).output().unwrap();
    assert!(installed.status.success());
    let out = Command::new(tool("kustomize"))
        .args(["build", "--enable-alpha-plugins"])
        .arg(folder.0.join(root))
        .env("KUSTOMIZE_PLUGIN_HOME", &home.0)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", text(&out.stderr));
    values(&text(&out.stdout))
}

/// Nothing dangles: names, namespaces and selectors of what krmor made follow every kustomization around it.
#[test]
fn kustomize_renames_moves_and_labels_what_was_made() {
    let config =
        format!("apiVersion: krmor.dev/v1alpha1\nkind: Availability\nmetadata: {{name: k}}\nspec: {SCALING}\n");
    let existing = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 3\n  metrics: []\n";
    for has_autoscaler in [false, true] {
        let folder = Folder::new(&format!("availability-tree-{has_autoscaler}"));
        folder.write("base/web.yaml", web().to_string());
        folder.write("base/db.yaml", workload("apps/v1", "StatefulSet", "web-db").to_string());
        folder.write("base/hpa.yaml", existing);
        let hpa = if has_autoscaler { ", hpa.yaml" } else { "" };
        folder.write("base/kustomization.yaml", format!("resources: [web.yaml, db.yaml{hpa}]\n"));
        folder.write("inner/krmor.yaml", &config);
        folder.write(
            "inner/kustomization.yaml",
            "resources: [../base]\nnamePrefix: in-\nnameSuffix: -v1\nnamespace: shop\nlabels: [{pairs: {team: a}, includeSelectors: true}]\ntransformers: [krmor.yaml]\n",
        );
        folder.write(
            "outer/kustomization.yaml",
            "resources: [../inner]\nnamePrefix: out-\nnameSuffix: -eu\nnamespace: prod\nlabels: [{pairs: {env: prod}, includeSelectors: true, includeTemplates: true}]\n",
        );
        for (root, prefix, suffix, namespace) in
            [("inner", "in-", "-v1", "shop"), ("outer", "out-in-", "-v1-eu", "prod")]
        {
            let objects = kustomize(&folder, root);
            assert_eq!(objects.len(), 6, "{root}: {objects:?}");
            for (kind, name) in [("Deployment", "web"), ("StatefulSet", "web-db")] {
                let name = format!("{prefix}{name}{suffix}");
                let of = |kind: &str| {
                    let found = objects
                        .iter()
                        .find(|object| object["kind"] == kind && object["metadata"]["name"] == name.as_str());
                    found.unwrap_or_else(|| panic!("{root}: no {kind} {name} in {objects:?}"))
                };
                let owner = of(kind);
                let (scaler, budget) = (of("HorizontalPodAutoscaler"), of("PodDisruptionBudget"));
                assert_eq!(
                    scaler["spec"]["scaleTargetRef"],
                    json!({"apiVersion": "apps/v1", "kind": kind, "name": name}),
                    "{root}"
                );
                assert_eq!(budget["spec"]["selector"], owner["spec"]["selector"], "{root}");
                let pod = &owner["spec"]["template"]["spec"];
                let spread = &pod["topologySpreadConstraints"][0]["labelSelector"];
                let apart = &pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0];
                for selector in [&owner["spec"]["selector"], spread, &apart["podAffinityTerm"]["labelSelector"]] {
                    let labels = &owner["spec"]["template"]["metadata"]["labels"];
                    for (key, value) in selector["matchLabels"].as_object().unwrap() {
                        assert_eq!(labels.get(key), Some(value), "{root}: {selector} does not select {labels}");
                    }
                }
                for object in [owner, scaler, budget] {
                    assert_eq!(object["metadata"]["namespace"], namespace, "{root}");
                    // kustomize's own label came before krmor in `inner`, and after it in `outer`.
                    assert_eq!(object["metadata"]["labels"]["team"], "a", "{root}: {object}");
                }
            }
        }
    }
}

#[test]
fn budgets_that_the_api_refuses_are_errors() {
    let cases = [
        (json!({"minAvailable": 1, "maxUnavailable": 1}), true),
        (json!({"minAvailable": "1"}), true),
        (json!({"maxUnavailable": -1}), true),
        (json!({"maxUnavailable": "25"}), true),
        (json!({"maxUnavailable": 1, "minAvailable": null}), false),
        (json!({"maxUnavailable": "25%"}), false),
    ];
    let web = with(web(), "/spec/replicas", json!(3));
    for (limits, refused) in cases {
        let wanted: &[&str] = if refused { &["budget-malformed"] } else { &[] };
        assert_eq!(run("{}", &[web.clone(), budget("web", &limits)]).errors(), wanted, "{limits}");
    }
}

/// A budget of several workloads is not the config's to change when it is for one of them.
#[test]
fn a_budget_of_others_stays_as_it_is() {
    let team =
        |name: &str| with(workload("apps/v1", "Deployment", name), "/spec/template/metadata/labels/team", json!("a"));
    let all = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "all"},
        "spec": {"minAvailable": "50%", "selector": {"matchLabels": {"team": "a"}}},
    });
    let objects = [team("web"), team("payments"), all.clone()];
    let rules = |done: &Done| done.report.findings.iter().map(|one| one.rule.id).collect::<Vec<_>>();
    let one = run("{budget: {maxUnavailable: 100%}, targets: [{name: web}]}", &objects);
    assert!(rules(&one).contains(&"budget-of-others"), "{:?}", rules(&one));
    // Where it says what the config wants, nothing is to be said.
    let same = run("{budget: {minAvailable: 50%}, targets: [{name: web}]}", &objects);
    assert!(!rules(&same).contains(&"budget-of-others"), "{:?}", rules(&same));
    let both = run("{budget: {minAvailable: 60%}}", &objects);
    assert!(!rules(&both).contains(&"budget-of-others"), "{:?}", rules(&both));
}
