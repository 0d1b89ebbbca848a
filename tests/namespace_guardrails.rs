//! `NamespaceGuardrails`: what a quota counts, what the API server refuses for it, and what stays as a person wrote it.

use std::process::Command;
use std::sync::Arc;

use crate::common::{Random, pipe, text, tool};
use krmor::facts::Facts;
use krmor::facts::counts::{Counted, Most};
use krmor::pipeline::Outcome;
use krmor::quantity::Quantity;
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
        self.objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
    }

    /// The rules and messages of its findings that are no infos.
    fn found(&self) -> Vec<(&str, &str)> {
        let findings = self.report.findings.iter().filter(|finding| finding.severity > Severity::Info);
        findings.map(|finding| (finding.rule.id, finding.message.as_str())).collect()
    }

    fn rules(&self) -> Vec<&str> {
        self.found().into_iter().map(|(rule, _)| rule).collect()
    }

    /// The sums that are said of names of quotas.
    fn sums(&self) -> Vec<&str> {
        self.found().into_iter().filter(|(rule, _)| *rule == "over-quota").map(|(_, message)| message).collect()
    }
}

fn values(text: &str) -> Vec<Value> {
    yaml::parse(&Arc::new(text.to_owned())).unwrap().iter().filter_map(|d| d.root().to_value()).collect()
}

/// Runs the function alone.
fn run(spec: &str, objects: &[Value]) -> Done {
    let spec = values(&format!("spec: {spec}")).remove(0)["spec"].clone();
    let config = json!({"apiVersion": "krmor.dev/v1alpha1", "kind": "NamespaceGuardrails", "spec": spec});
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

/// A container with `resources`.
fn container(name: &str, resources: &str) -> Value {
    json!({"name": name, "image": "i", "resources": values(resources)[0]})
}

fn pod_spec(resources: &str) -> Value {
    json!({"containers": [container("c", resources)]})
}

/// An object of a kind in the namespace `a`, with a pod template and more.
fn workload(api_version: &str, kind: &str, name: &str, pod: Value, more: Value) -> Value {
    let labels = json!({"app": name});
    let template = json!({"metadata": {"labels": labels}, "spec": pod});
    let mut spec = json!({"selector": {"matchLabels": labels}, "template": template});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "a"}, "spec": spec})
}

fn core(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "a"}, "spec": spec})
}

fn deployment(more: Value) -> Value {
    workload("apps/v1", "Deployment", "d", pod_spec("{}"), more)
}

/// What is known of the number of pods of the first object that has any.
fn counted(objects: &[Value], nodes: Option<u32>) -> Counted {
    let input: Vec<String> = objects.iter().map(ToString::to_string).collect();
    let stream = Stream::parse(&Arc::new(input.join("\n---\n"))).unwrap();
    let facts = Facts::of(&stream);
    let (_, pod, object) = facts.numbered_pods().next().unwrap();
    facts.counted(pod, &object, nodes)
}

fn at(pods: u32, surge: u32) -> Counted {
    Counted::At(Most { pods, surge, overlaps: false })
}

#[test]
fn the_most_pods_follow_from_the_kind_and_its_fields() {
    let surge = |value: Value| json!({"replicas": 10, "strategy": {"rollingUpdate": {"maxSurge": value}}});
    for (more, wanted) in [
        (json!({}), at(1, 1)),
        (json!({"replicas": 10}), at(10, 3)),
        (json!({"replicas": 0}), at(0, 0)),
        (json!({"replicas": 10, "strategy": {"type": "Recreate"}}), at(10, 0)),
        (surge(json!(4)), at(10, 4)),
        (surge(json!("10%")), at(10, 1)),
        (surge(json!("11%")), at(10, 2)),
        (surge(json!(0)), at(10, 0)),
        (surge(json!("many")), Counted::Unknown),
        (json!({"replicas": "ten"}), Counted::Unknown),
        (json!({"replicas": -1}), Counted::Unknown),
    ] {
        assert_eq!(counted(&[deployment(more.clone())], None), wanted, "{more}");
    }
    let of = |api_version: &str, kind: &str, more: Value| {
        counted(&[workload(api_version, kind, "d", pod_spec("{}"), more)], Some(4))
    };
    assert_eq!(of("apps/v1", "StatefulSet", json!({"replicas": 3})), at(3, 0));
    assert_eq!(of("apps/v1", "ReplicaSet", json!({"replicas": 3})), at(3, 0));
    assert_eq!(of("apps/v1", "DaemonSet", json!({})), at(4, 0));
    let daemons = json!({"updateStrategy": {"rollingUpdate": {"maxSurge": "30%"}}});
    assert_eq!(of("apps/v1", "DaemonSet", daemons), at(4, 2));
    assert_eq!(of("batch/v1", "Job", json!({})), at(1, 0));
    assert_eq!(of("batch/v1", "Job", json!({"parallelism": 5})), at(5, 0));
    assert_eq!(of("batch/v1", "Job", json!({"parallelism": 5, "completions": 2})), at(2, 0));
    assert_eq!(of("batch/v1", "Job", json!({"parallelism": 2, "completions": 9})), at(2, 0));
    assert_eq!(of("argoproj.io/v1alpha1", "Rollout", json!({"replicas": 4})), at(4, 1));
    let switched = json!({"replicas": 4, "strategy": {"blueGreen": {"activeService": "s"}}});
    assert_eq!(of("argoproj.io/v1alpha1", "Rollout", switched), at(4, 4));
    assert_eq!(of("serving.knative.dev/v1", "Service", json!({})), Counted::Unknown);
    assert_eq!(counted(&[workload("apps/v1", "DaemonSet", "d", pod_spec("{}"), json!({}))], None), Counted::ByNodes);
    assert_eq!(counted(&[core("Pod", "p", pod_spec("{}"))], None), at(1, 0));
    let template = json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "p"},
        "template": {"spec": pod_spec("{}")}});
    assert_eq!(counted(&[template], None), at(0, 0));
}

#[test]
fn jobs_of_clocks_and_sets_are_counted() {
    let job = |more: Value| {
        let mut spec = json!({"template": {"spec": pod_spec("{}")}});
        more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
        spec
    };
    let clock = |policy: Value| {
        let spec = json!({"schedule": "0 3 * * *", "concurrencyPolicy": policy,
            "jobTemplate": {"spec": job(json!({"parallelism": 3}))}});
        let object = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "j"}, "spec": spec});
        counted(&[object], None)
    };
    for (policy, overlaps) in
        [(json!(null), true), (json!("Allow"), true), (json!("Forbid"), false), (json!("Replace"), false)]
    {
        assert_eq!(clock(policy.clone()), Counted::At(Most { pods: 3, surge: 0, overlaps }), "{policy}");
    }
    let jobs = json!([{"name": "j", "replicas": 2, "template": {"spec": job(json!({"parallelism": 3}))}}]);
    let set = json!({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "s"},
        "spec": {"replicatedJobs": jobs}});
    assert_eq!(counted(&[set], None), at(6, 0));
}

fn scaler(api_version: &str, kind: &str, spec: Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "s", "namespace": "a"}, "spec": spec})
}

#[test]
fn what_scales_a_workload_says_the_most() {
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"});
    let horizontal = |most: Value| {
        scaler("autoscaling/v2", "HorizontalPodAutoscaler", json!({"scaleTargetRef": target, "maxReplicas": most}))
    };
    let plain = || deployment(json!({}));
    assert_eq!(counted(&[plain(), horizontal(json!(9))], None), at(9, 3));
    assert_eq!(counted(&[plain(), horizontal(json!(null))], None), Counted::Unknown);
    // Somebody applies more than the autoscaler allows: it takes them away later.
    assert_eq!(counted(&[deployment(json!({"replicas": 20})), horizontal(json!(9))], None), at(20, 5));
    assert_eq!(counted(&[deployment(json!({"replicas": 0})), horizontal(json!(9))], None), at(0, 0));
    let events = |most: Value| {
        scaler("keda.sh/v1alpha1", "ScaledObject", json!({"scaleTargetRef": {"name": "d"}, "maxReplicaCount": most}))
    };
    assert_eq!(counted(&[plain(), events(json!(7))], None), at(7, 2));
    assert_eq!(counted(&[plain(), events(json!(null))], None), at(100, 25));
    assert_eq!(counted(&[deployment(json!({"replicas": 0})), events(json!(8))], None), at(8, 2));
    // A Rollout that takes its pods from a Deployment, which somebody must scale down.
    let rollout = |replicas: u32| {
        let spec = json!({"replicas": replicas, "workloadRef": target, "strategy": {"canary": {}}});
        scaler("argoproj.io/v1alpha1", "Rollout", spec)
    };
    assert_eq!(counted(&[deployment(json!({"replicas": 0})), rollout(8)], None), at(8, 2));
    assert_eq!(counted(&[deployment(json!({"replicas": 2})), rollout(8)], None), at(10, 2));
    // A ScaledObject that is paused holds the workload at a number; when the pause ends, all of its pods may come.
    let paused = |most: u32, number: &str| {
        let mut object = events(json!(most));
        object["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused-replicas": number});
        object
    };
    assert_eq!(counted(&[plain(), paused(8, "0")], None), at(8, 2));
    assert_eq!(counted(&[plain(), paused(8, "12")], None), at(12, 3));
    assert_eq!(counted(&[plain(), paused(8, "many")], None), Counted::Unknown);
}

#[test]
fn a_rollout_has_both_stacks_and_its_experiments() {
    let rollout = |strategy: Value| {
        let more = json!({"replicas": 10, "strategy": strategy});
        counted(&[workload("argoproj.io/v1alpha1", "Rollout", "d", pod_spec("{}"), more)], None)
    };
    let green = |more: Value| rollout(json!({"blueGreen": more}));
    let canary = |more: Value| rollout(json!({"canary": more}));
    assert_eq!(green(json!({"activeService": "a"})), at(10, 10));
    assert_eq!(green(json!({"activeService": "a", "previewReplicaCount": 2})), at(10, 10));
    assert_eq!(green(json!({"activeService": "a", "previewReplicaCount": 14})), at(10, 14));
    // The stack before waits, and the next change may begin.
    assert_eq!(green(json!({"activeService": "a", "scaleDownDelaySeconds": 600})), at(10, 20));
    assert_eq!(green(json!({"scaleDownDelaySeconds": 600, "scaleDownDelayRevisionLimit": 0})), at(10, 10));
    assert_eq!(green(json!({"scaleDownDelaySeconds": 0})), at(10, 10));
    assert_eq!(green(json!({"previewReplicaCount": "two"})), Counted::Unknown);
    assert_eq!(canary(json!({})), at(10, 3));
    assert_eq!(canary(json!({"maxSurge": 4})), at(10, 4));
    assert_eq!(canary(json!({"maxSurge": "50%"})), at(10, 5));
    assert_eq!(canary(json!({"trafficRouting": {}})), at(10, 10));
    assert_eq!(canary(json!({"trafficRouting": {}, "scaleDownDelaySeconds": 60})), at(10, 20));
    assert_eq!(canary(json!({"trafficRouting": {}, "steps": [{"setCanaryScale": {"replicas": 13}}]})), at(10, 13));
    let experiment = |templates: Value| json!({"experiment": {"templates": templates}});
    let steps = json!([
        {"setWeight": 10}, experiment(json!([{"name": "a", "replicas": 2}, {"name": "b"}])), experiment(json!([{"replicas": 1}])),
    ]);
    assert_eq!(canary(json!({"maxSurge": 1, "steps": steps})), at(10, 4));
    assert_eq!(canary(json!({"steps": [experiment(json!([{"replicas": "x"}]))]})), Counted::Unknown);
}

fn custom(api_version: &str, kind: &str, spec: Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "o", "namespace": "a"}, "spec": spec})
}

/// A cluster of CloudNativePG: instances and a Job that makes one, with the resources and claims of its spec.
#[test]
fn clusters_of_cloudnativepg_are_summed() {
    let cluster = |more: Value| {
        let mut spec =
            json!({"instances": 3, "storage": {"size": "10Gi", "storageClass": "fast"}, "walStorage": {"size": "2Gi"}});
        more.as_object().unwrap().iter().for_each(|(key, value)| spec[key] = value.clone());
        custom("postgresql.cnpg.io/v1", "Cluster", spec)
    };
    let resources = json!({"resources": {"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}}});
    let sums = |names: &str, more: &Value| of_pod(pod_spec("{}"), names, &[cluster(more.clone())]);
    assert_eq!(sums("pods", &resources), ["5"]);
    assert_eq!(sums("requests.cpu", &resources), ["2"]);
    assert_eq!(sums("requests.memory limits.memory", &resources), ["4Gi", "4Gi"]);
    assert_eq!(sums("persistentvolumeclaims requests.storage", &json!({})), ["6", "36Gi"]);
    assert_eq!(sums("fast.storageclass.storage.k8s.io/requests.storage", &json!({})), ["30Gi"]);
    // Without resources the API server refuses its pods, unless a LimitRange gives them.
    let of = |spec: &str, more: Value| run(spec, &[core("Pod", "p", pod_spec("{requests: {cpu: 1}}")), cluster(more)]);
    assert_eq!(of("{quota: {requests.cpu: 9}}", json!({})).rules(), ["quota-needs"]);
    assert_eq!(of("{quota: {requests.cpu: 9}}", resources).rules(), Vec::<&str>::new());
    let given = "{quota: {requests.cpu: 1}, limitRange: {defaultRequest: {cpu: 100m}}}";
    assert_eq!(of(given, json!({})).sums(), ["`requests.cpu` is 1400m at most, and the quota allows 1"]);
}

/// Pods of other operators are never left out in silence.
#[test]
fn pods_of_operators_are_named() {
    let told = |object: &Value| {
        let done = run("{quota: {pods: 9}}", &[core("Pod", "p", pod_spec("{}")), object.clone()]);
        done.rules().contains(&"unknown-count")
    };
    for (api_version, kind, spec) in [
        ("acid.zalan.do/v1", "postgresql", json!({"numberOfInstances": 2})),
        ("rabbitmq.com/v1beta1", "RabbitmqCluster", json!({})),
        ("kafka.strimzi.io/v1beta2", "Kafka", json!({"kafka": {"replicas": 3}})),
        ("kafka.strimzi.io/v1beta2", "KafkaConnect", json!({})),
        ("elasticsearch.k8s.elastic.co/v1", "Elasticsearch", json!({"nodeSets": [{"name": "a", "count": 3}]})),
        ("kibana.k8s.elastic.co/v1", "Kibana", json!({"count": 1})),
        ("postgresql.cnpg.io/v1", "Pooler", json!({"cluster": {"name": "o"}})),
        ("postgresql.cnpg.io/v1", "Cluster", json!({"instances": "three"})),
        ("example.com/v1", "Store", json!({"shards": [{"replicas": 3}]})),
        ("monitoring.coreos.com/v1", "Prometheus", json!({})),
        (
            "argoproj.io/v1alpha1",
            "AnalysisTemplate",
            json!({"metrics": [{"provider": {"job": {"spec": {"template": {"spec": pod_spec("{}")}}}}}]}),
        ),
    ] {
        assert!(told(&custom(api_version, kind, spec)), "{kind}");
    }
    for (api_version, kind, spec) in [
        ("kafka.strimzi.io/v1beta2", "KafkaTopic", json!({"replicas": 3})),
        ("cluster.x-k8s.io/v1beta1", "MachineDeployment", json!({"replicas": 3})),
        ("example.com/v1", "Bucket", json!({"size": 3})),
        ("monitoring.coreos.com/v1", "ServiceMonitor", json!({"selector": {}})),
    ] {
        assert!(!told(&custom(api_version, kind, spec)), "{kind}");
    }
}

/// The sums of a quota of nothing are those of what is there.
fn of_pod(pod: Value, names: &str, more: &[Value]) -> Vec<String> {
    let quota: Vec<String> = names.split(' ').map(|name| format!("{name}: 0")).collect();
    let objects: Vec<Value> = [core("Pod", "p", pod)].into_iter().chain(more.iter().cloned()).collect();
    let spec = format!("{{quota: {{{}}}, severities: {{quota-needs: off}}}}", quota.join(", "));
    let done = run(&spec, &objects);
    let sum = |message: &&str| message.split(" is ").nth(1).unwrap().split(" at most").next().unwrap().to_owned();
    done.sums().iter().map(sum).collect()
}

#[test]
fn a_pod_asks_for_what_the_api_computes() {
    let cpu = |request: &str| format!("{{requests: {{cpu: {request}}}}}");
    let mut sidecar = container("s", &cpu("100m"));
    sidecar["restartPolicy"] = json!("Always");
    let init = |request: &str| container("i", &cpu(request));
    let main = || json!([container("a", &cpu("200m")), container("b", &cpu("300m"))]);
    for (inits, sum) in [
        (json!([]), "500m"),
        (json!([init("400m")]), "500m"),
        (json!([init("900m"), init("600m")]), "900m"),
        (json!([sidecar.clone()]), "600m"),
        (json!([sidecar.clone(), init("550m")]), "650m"),
        (json!([init("550m"), sidecar]), "600m"),
    ] {
        let pod = json!({"initContainers": inits, "containers": main()});
        assert_eq!(of_pod(pod, "requests.cpu", &[]), [sum], "{inits}");
    }
    // A limit implies a request, and `cpu` is `requests.cpu`.
    assert_eq!(of_pod(pod_spec("{limits: {cpu: 2}}"), "cpu limits.cpu requests.cpu", &[]), ["2", "2", "2"]);
    assert_eq!(of_pod(pod_spec("{limits: {cpu: 2}, requests: {cpu: 1}}"), "limits.cpu requests.cpu", &[]), ["2", "1"]);
    // Its own resources take the place of the sum.
    let own = |own: &str| json!({"containers": main(), "resources": values(own)[0]});
    assert_eq!(of_pod(own("{requests: {cpu: 2}}"), "requests.cpu", &[]), ["2"]);
    assert_eq!(of_pod(own("{limits: {cpu: 4}}"), "limits.cpu requests.cpu", &[]), ["4", "500m"]);
    assert_eq!(of_pod(own("{limits: {memory: 4Gi}}"), "limits.memory memory", &[]), ["4Gi", "4Gi"]);
    let overhead = json!({"containers": main(), "overhead": {"cpu": "50m", "memory": "1Mi"}});
    assert_eq!(of_pod(overhead, "limits.cpu memory requests.cpu", &[]), ["1Mi", "550m"]);
    let device = "{limits: {nvidia.com/gpu: 2, hugepages-2Mi: 4Mi, ephemeral-storage: 1Gi}}";
    let names = "hugepages-2Mi limits.ephemeral-storage requests.hugepages-2Mi requests.nvidia.com/gpu";
    assert_eq!(of_pod(pod_spec(device), names, &[]), ["4Mi", "1Gi", "4Mi", "2"]);
}

#[test]
fn limit_ranges_give_what_containers_lack() {
    let range = |limits: &str| core("LimitRange", "r", json!({"limits": values(limits)}));
    let of = |resources: &str, limits: &str| {
        of_pod(pod_spec(resources), "limits.cpu requests.cpu", &[range(&format!("{{type: Container, {limits}}}"))])
    };
    assert_eq!(of("{}", "default: {cpu: 2}, defaultRequest: {cpu: 1}"), ["2", "1"]);
    // The API takes `default` for `defaultRequest`, `max` for both, `min` at last.
    assert_eq!(of("{}", "default: {cpu: 2}"), ["2", "2"]);
    assert_eq!(of("{}", "max: {cpu: 2}"), ["2", "2"]);
    assert_eq!(of("{}", "min: {cpu: 1}"), ["1"]);
    assert_eq!(of("{requests: {cpu: 1}}", "default: {cpu: 2}"), ["2", "1"]);
    assert_eq!(of("{limits: {cpu: 3}}", "default: {cpu: 2}, defaultRequest: {cpu: 1}"), ["3", "3"]);
    // Of pods and claims there are no defaults; another namespace is another one.
    let elsewhere = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r", "namespace": "b"},
        "spec": {"limits": [{"type": "Container", "default": {"cpu": 2}}]}});
    assert_eq!(of_pod(pod_spec("{}"), "requests.cpu", &[elsewhere]), [""; 0]);
}

#[test]
fn what_the_quota_counts_must_be_said() {
    let needs = |spec: &str, pod: Value| {
        let done = run(spec, &[core("Pod", "p", pod)]);
        done.found()
            .into_iter()
            .filter(|(rule, _)| *rule == "quota-needs")
            .map(|(_, m)| m.to_owned())
            .collect::<Vec<_>>()
    };
    let two =
        || json!({"initContainers": [container("i", "{requests: {cpu: 1}}")], "containers": [container("c", "{}")]});
    let quota = "{quota: {requests.cpu: 9, cpu: 9, limits.memory: 9Gi, pods: 9, requests.ephemeral-storage: 9Gi}}";
    let wanted = "it must say what ResourceQuota a/guardrails counts: `limits.memory` for `i`, `c`; `cpu` for `c`";
    assert_eq!(needs(quota, two()), [wanted]);
    // Storage, devices and numbers need nothing; nor do containers of a pod with resources of its own.
    assert_eq!(
        needs("{quota: {pods: 9, requests.ephemeral-storage: 9Gi, requests.nvidia.com/gpu: 9}}", two()),
        [""; 0]
    );
    let own = json!({"containers": [container("c", "{}")], "resources": {"requests": {"cpu": "1"}}});
    assert_eq!(needs(quota, own), [""; 0]);
    let with_range = "{quota: {limits.memory: 9Gi, cpu: 9}, limitRange: {default: {cpu: 1, memory: 1Gi}}}";
    assert_eq!(needs(with_range, two()), [""; 0]);
}

#[test]
fn objects_are_counted() {
    let claim = |class: Value| {
        let requests = json!({"requests": {"storage": "10Gi"}});
        json!({"storageClassName": class, "accessModes": ["ReadWriteOnce"], "resources": requests})
    };
    let ports = || json!([{"port": 80}, {"port": 81, "nodePort": 30081}]);
    let set = workload(
        "apps/v1",
        "StatefulSet",
        "s",
        pod_spec("{}"),
        json!({"replicas": 3, "serviceName": "s", "volumeClaimTemplates": [
            {"metadata": {"name": "data"}, "spec": claim(json!("fast"))}]}),
    );
    let mut cache = pod_spec("{}");
    cache["volumes"] = json!([{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": claim(json!("slow"))}}}]);
    let objects = [
        set,
        workload("apps/v1", "Deployment", "d", cache, json!({"replicas": 4})),
        core("PersistentVolumeClaim", "c", claim(json!("fast"))),
        core("Service", "one", json!({"type": "NodePort", "ports": ports()})),
        core("Service", "two", json!({"type": "LoadBalancer", "ports": ports()})),
        core(
            "Service",
            "three",
            json!({"type": "LoadBalancer", "ports": ports(), "allocateLoadBalancerNodePorts": false}),
        ),
        core("Service", "four", json!({"ports": ports()})),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": "a"}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n", "namespace": "a"},
            "spec": {"podSelector": {}}}),
        json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "t", "namespace": "a"},
            "spec": {"secretName": "tls", "dnsNames": ["a.example"], "issuerRef": {"name": "i"}}}),
    ];
    let quota = [
        ("persistentvolumeclaims", "9"), // 3 + 4 with one more in a rollout + 1
        ("requests.storage", "90Gi"),
        ("fast.storageclass.storage.k8s.io/persistentvolumeclaims", "4"),
        ("slow.storageclass.storage.k8s.io/requests.storage", "50Gi"),
        ("services", "4"),
        ("services.loadbalancers", "2"),
        ("services.nodeports", "5"),
        ("configmaps", "2"),
        ("secrets", "1"),
        ("count/deployments.apps", "1"),
        ("count/networkpolicies.networking.k8s.io", "1"),
        ("count/services", "4"),
        ("resourcequotas", "1"),
        ("replicationcontrollers", "0"),
    ];
    for (name, sum) in quota {
        let done = run(&format!("{{quota: {{{name}: {sum}}}}}"), &objects);
        assert_eq!(done.found(), [], "{name}: {sum} fits");
        let done = run(&format!("{{quota: {{{name}: 0}}}}"), &objects);
        let wanted = format!("`{name}` is {sum} at most, and the quota allows 0");
        assert_eq!(done.sums(), if sum == "0" { vec![] } else { vec![wanted.as_str()] });
    }
}

#[test]
fn what_cannot_be_summed_up_is_said() {
    let done = run(
        "{quota: {count/pods: 9, count/replicasets.apps: 9, nvidia.com/gpu: 1, pods: 9}}",
        &[deployment(json!({}))],
    );
    assert_eq!(done.rules(), ["not-summed"]);
    assert!(done.found()[0].1.starts_with("`count/pods`, `count/replicasets.apps`, `nvidia.com/gpu`: "));
    // The default class may be this one.
    let claim = core("PersistentVolumeClaim", "c", json!({"resources": {"requests": {"storage": "1Gi"}}}));
    let quota = "{quota: {fast.storageclass.storage.k8s.io/requests.storage: 9Gi}}";
    assert_eq!(run(quota, &[deployment(json!({})), claim]).rules(), ["not-summed"]);
    // A scoped quota is one of fewer pods: it is only asked about when all would not fit.
    let scoped = |pods: u32| core("ResourceQuota", "q", json!({"hard": {"pods": pods}, "scopes": ["Terminating"]}));
    assert_eq!(run("{}", &[deployment(json!({})), scoped(2)]).rules(), [""; 0]);
    assert_eq!(run("{}", &[deployment(json!({})), scoped(1)]).rules(), ["scoped-quota"]);
    let unknown = workload("serving.knative.dev/v1", "Service", "k", pod_spec("{}"), json!({}));
    assert_eq!(run("{quota: {pods: 9}}", std::slice::from_ref(&unknown)).rules(), ["unknown-count"]);
    assert_eq!(run("{quota: {services: 9}}", &[unknown]).rules(), [""; 0]);
    let vertical = |mode: &str| {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"});
        let spec = json!({"targetRef": target, "updatePolicy": {"updateMode": mode}});
        scaler("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", spec)
    };
    for (quota, mode, rules) in [
        ("requests.ephemeral-storage: 9", "Auto", &["vertical-scaling"][..]),
        ("requests.ephemeral-storage: 9", "Off", &[]),
        ("pods: 9", "Auto", &[]),
    ] {
        assert_eq!(run(&format!("{{quota: {{{quota}}}}}"), &[deployment(json!({})), vertical(mode)]).rules(), rules);
    }
    let daemons = workload("apps/v1", "DaemonSet", "n", pod_spec("{}"), json!({}));
    assert_eq!(run("{quota: {pods: 9}}", std::slice::from_ref(&daemons)).rules(), ["nodes-needed"]);
    assert_eq!(run("{quota: {pods: 9}, nodes: 9}", std::slice::from_ref(&daemons)).rules(), [""; 0]);
    assert_eq!(run("{quota: {pods: 9}, nodes: 10}", &[daemons]).rules(), ["over-quota"]);
}

#[test]
fn quotas_of_others_are_judged_in_the_namespaces_that_are_meant() {
    let quota = |namespace: &str| {
        let mut quota = core("ResourceQuota", "theirs", json!({"hard": {"pods": "1"}}));
        quota["metadata"]["namespace"] = json!(namespace);
        quota
    };
    assert_eq!(run("{}", &[deployment(json!({"replicas": 2})), quota("a")]).rules(), ["over-quota"]);
    assert_eq!(run("{}", &[deployment(json!({"replicas": 2})), quota("b")]).rules(), [""; 0]);
    // What is left out is counted all the same: the API server does.
    let other = workload("apps/v1", "StatefulSet", "s", pod_spec("{}"), json!({"serviceName": "s"}));
    let spec = "{targets: [{kind: StatefulSet}]}";
    assert_eq!(run(spec, &[deployment(json!({})), other.clone(), quota("a")]).rules(), ["over-quota"]);
    let wrong = core("ResourceQuota", "q", json!({"hard": {"request.cpu": "1", "pods": "1.5", "cpu": "lots"}}));
    let done = run("{severities: {over-quota: off}}", &[other, wrong]);
    assert_eq!(done.rules(), ["invalid", "invalid", "invalid"]);
}

#[test]
fn a_sum_shows_its_largest_parts() {
    let objects: Vec<Value> = (1..=9)
        .map(|number| {
            let pod = pod_spec(&format!("{{requests: {{cpu: {number}00m}}}}"));
            workload(
                "apps/v1",
                "StatefulSet",
                &format!("s{number}"),
                pod,
                json!({"serviceName": "s", "replicas": number}),
            )
        })
        .collect();
    let done = run("{quota: {requests.cpu: 1}}", &objects);
    assert_eq!(done.sums(), ["`requests.cpu` is 28500m at most, and the quota allows 1"]);
    let remedy = done.report.findings.iter().find_map(|finding| finding.remedy.clone()).unwrap();
    let lines: Vec<&str> = remedy.lines().collect();
    assert_eq!(
        lines,
        [
            "raise it, or lower what it counts:",
            "  StatefulSet s9  9 × 900m = 8100m",
            "  StatefulSet s8  8 × 800m = 6400m",
            "  StatefulSet s7  7 × 700m = 4900m",
            "  StatefulSet s6  6 × 600m = 3600m",
            "  StatefulSet s5  5 × 500m = 2500m",
            "  and 4 more               = 3",
        ]
    );
}

#[test]
fn limit_ranges_refuse_what_the_api_server_refuses() {
    let range = |limits: &str| core("LimitRange", "r", json!({"limits": values(limits)}));
    let of = |resources: &str, limits: &str| {
        let done = run("{}", &[core("Pod", "p", pod_spec(resources)), range(limits)]);
        done.found().into_iter().map(|(rule, message)| format!("{rule}: {message}")).collect::<Vec<_>>()
    };
    let out = |text: &str| vec![format!("out-of-range: {text}")];
    let bounds = "{type: Container, min: {cpu: 100m}, max: {cpu: 1}}";
    assert_eq!(of("{requests: {cpu: 100m}, limits: {cpu: 1}}", bounds), [""; 0]);
    assert_eq!(of("{}", bounds), [""; 0], "it gets both");
    assert_eq!(of("{limits: {cpu: 2}}", bounds), out("container `c` has the limit 2, and `max` of `cpu` is 1"));
    assert_eq!(of("{requests: {cpu: 50m}}", bounds), out("container `c` requests 50m, and `min` of `cpu` is 100m"));
    let given = "{type: Container, default: {cpu: 1}}";
    assert_eq!(of("{requests: {cpu: 2}}", given), out("container `c` requests 2 of `cpu`, above the limit 1"));
    let of_pods = "{type: Pod, max: {memory: 1Gi}}";
    assert_eq!(of("{}", of_pods), out("the pod has no limit, and `max` of `memory` is 1Gi"));
    assert_eq!(of("{limits: {memory: 2Gi}}", of_pods), out("the pod has the limit 2Gi, and `max` of `memory` is 1Gi"));
    let invalid = |text: &str| vec![format!("invalid: {text}")];
    let pod = "{requests: {cpu: 1}, limits: {cpu: 1}}";
    for (limits, message) in [
        ("{min: {cpu: 2}, default: {cpu: 1}}", "`min` of `cpu` is 2, above `default`, which is 1"),
        (
            "{defaultRequest: {memory: 2}, max: {memory: 1}}",
            "`defaultRequest` of `memory` is 2, above `max`, which is 1",
        ),
        (
            "{default: {a/b: 2}, defaultRequest: {a/b: 1}}",
            "`defaultRequest` of `a/b` is 1, and must equal `default`, which is 2",
        ),
    ] {
        let limits = limits.replacen('{', "{type: Container, ", 1);
        let found = of(pod, &limits);
        assert_eq!(found[..1], invalid(message), "{limits}");
    }
}

/// The labels of the Namespace that come out, without their prefix.
fn labels(done: &Done) -> Vec<(String, String)> {
    let labels = done.the("Namespace")["metadata"]["labels"].as_object().unwrap();
    let plain = |key: &str| key.trim_start_matches("pod-security.kubernetes.io/").to_owned();
    labels.iter().map(|(key, value)| (plain(key), value.as_str().unwrap().to_owned())).collect()
}

fn namespace(labels: &[(&str, &str)]) -> Value {
    let labels: serde_json::Map<String, Value> =
        labels.iter().map(|(key, value)| (format!("pod-security.kubernetes.io/{key}"), json!(value))).collect();
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "labels": labels}})
}

#[test]
fn labels_are_completed_and_never_weakened() {
    let pod = || core("Pod", "p", pod_spec("{}"));
    let asked = "{podSecurity: {level: baseline, version: v1.30}, severities: {refused-pod: off}}";
    let all = [("audit", "baseline"), ("enforce", "baseline"), ("enforce-version", "v1.30"), ("warn", "baseline")];
    let all: Vec<(String, String)> = all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let made = run(asked, &[pod()]);
    assert_eq!((labels(&made), made.outcome), (all.clone(), Outcome::Ok));
    assert_eq!(made.the("Namespace")["metadata"]["name"], "a");
    for (there, conflicts) in [
        (vec![], 0),
        (vec![("enforce", "restricted"), ("warn", "restricted"), ("audit", "restricted")], 0),
        (vec![("enforce", "baseline")], 0), // it is that of the newest version
        (vec![("enforce", "baseline"), ("enforce-version", "latest")], 0),
        (vec![("enforce", "baseline"), ("enforce-version", "v1.31")], 0),
        (vec![("enforce", "baseline"), ("enforce-version", "v1.29")], 1),
        (vec![("enforce", "baseline"), ("enforce-version", "new")], 1),
        (vec![("enforce", "privileged")], 1),
        (vec![("enforce", "privileged"), ("warn", "privileged"), ("audit", "none")], 3),
    ] {
        let done = run(asked, &[namespace(&there), pod()]);
        let rules = done.rules();
        assert_eq!(rules, vec!["weaker-level"; conflicts], "{there:?}");
        let now = labels(&done);
        for (key, value) in &there {
            assert!(now.contains(&((*key).to_owned(), (*value).to_owned())), "{there:?} stays: {now:?}");
        }
        let has_level = there.iter().any(|(key, _)| *key == "enforce");
        let has_version = there.iter().any(|(key, _)| *key == "enforce-version");
        assert_eq!(now.len(), if has_level && !has_version { 3 } else { 4 }, "{now:?}");
        assert!(done.report.changes.iter().all(|change| change.why.class == Class::Added), "nothing is changed");
    }
    // A version that the config leaves open may be any.
    let pinned = [("enforce", "baseline"), ("enforce-version", "v1.29")];
    let done = run("{podSecurity: {level: baseline}}", &[namespace(&pinned), pod()]);
    assert_eq!((done.rules(), labels(&done).len()), (vec![], 4));
    let made = run("{podSecurity: {level: baseline}}", &[pod()]);
    assert!(labels(&made).contains(&("enforce-version".to_owned(), "latest".to_owned())));
}

#[test]
fn a_pod_that_admission_refuses_is_said() {
    let mut pod = pod_spec("{}");
    pod["hostNetwork"] = json!(true);
    let done = run("{podSecurity: {level: baseline}}", &[core("Pod", "p", pod.clone())]);
    let [(rule, message)] = done.found()[..] else { panic!("{:?}", done.found()) };
    assert_eq!(rule, "refused-pod");
    assert!(message.starts_with("violates PodSecurity \"baseline:latest\": "), "{message}");
    assert_eq!(run("{podSecurity: {level: privileged}}", &[core("Pod", "p", pod)]).rules(), [""; 0]);
}

#[test]
fn without_a_namespace_only_labels_are_refused() {
    let mut nowhere = deployment(json!({}));
    nowhere["metadata"].as_object_mut().unwrap().shift_remove("namespace");
    let done = run("{quota: {pods: 2}, limitRange: {default: {cpu: 1}}, name: mine}", &[nowhere.clone()]);
    assert_eq!(done.outcome, Outcome::Ok);
    for kind in ["ResourceQuota", "LimitRange"] {
        assert_eq!(done.the(kind)["metadata"], json!({"name": "mine"}));
    }
    let done = run("{podSecurity: {level: baseline}}", &[nowhere]);
    assert_eq!(done.rules(), ["no-namespace"]);
}

#[test]
fn an_object_of_the_name_takes_what_the_config_says_and_keeps_the_rest() {
    let quota = core("ResourceQuota", "guardrails", json!({"hard": {"pods": 5, "cpu": "1000m", "services": "3"}}));
    let range = json!({"limits": [{"type": "Pod", "max": {"cpu": 4}}, {"type": "Container", "default": {"cpu": "1", "memory": "2Gi"}}]});
    let objects = [deployment(json!({})), quota, core("LimitRange", "guardrails", range)];
    let spec = "{quota: {pods: 9, cpu: 1}, limitRange: {default: {cpu: 2}, max: {memory: 4Gi}}, severities: {over-quota: off}}";
    let done = run(spec, &objects);
    assert_eq!(done.the("ResourceQuota")["spec"]["hard"], json!({"pods": "9", "cpu": "1000m", "services": "3"}));
    let wanted = json!([{"type": "Pod", "max": {"cpu": 4}},
        {"type": "Container", "default": {"cpu": "2", "memory": "2Gi"}, "max": {"memory": "4Gi"}}]);
    assert_eq!(done.the("LimitRange")["spec"]["limits"], wanted);
    let again = run(spec, &done.objects);
    assert!(again.report.changes.is_empty());
}

#[test]
fn a_spec_that_cannot_be_right_is_refused() {
    for (spec, says) in [
        ("{quota: {request.cpu: 1}}", "did you mean `requests.cpu`?"),
        ("{quota: {cpu: -1}}", "`cpu: -1` is negative"),
        ("{quota: {pods: 1.5}}", "`pods: 1.5` is no whole number"),
        ("{quota: {cpu: lots}}", "`lots` is no quantity"),
        ("{limitRange: {min: {cpu: 2}, max: {cpu: 1}}}", "`min` of `cpu` is 2, above `max`, which is 1"),
        ("{limitRange: {max: {cpus: 2}}}", "did you mean `cpu`?"),
        ("{limitRange: {max: {cpu: -2}}}", "is negative"),
        ("{podSecurity: {level: strict}}", "strict"),
        ("{podSecurity: {level: baseline, version: '1.30'}}", "no version of the standard"),
        ("{nodes: 0}", "from 1"),
        ("{quotas: {}}", "quotas"),
    ] {
        let done = run(spec, &[deployment(json!({}))]);
        assert_eq!(done.outcome, Outcome::Usage, "{spec}");
        let text = done.report.findings.iter().map(|f| format!("{} {:?}", f.message, f.remedy)).collect::<String>();
        assert!(text.contains(says), "{spec}: {text}");
    }
}

/// Names of quotas that follow from what a pod asks for.
const OF_PODS: [&str; 14] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "hugepages-2Mi",
    "requests.hugepages-2Mi",
    "requests.example.com/gpu",
    "requests.nvidia.com/gpu",
    "pods",
];

/// Amounts from small to large, by resource; requests of the last three must equal limits.
const AMOUNTS: [(&str, [&str; 4]); 6] = [
    ("cpu", ["100m", "0.25", "1", "1500m"]),
    ("memory", ["64Mi", "128M", "1Gi", "1536Mi"]),
    ("ephemeral-storage", ["1Mi", "1G", "2Gi", "10Gi"]),
    ("hugepages-2Mi", ["2Mi", "4Mi", "6Mi", "8Mi"]),
    ("example.com/gpu", ["1", "2", "3", "4"]),
    ("nvidia.com/gpu", ["1", "2", "3", "4"]),
];

/// Requests and limits, the former never above the latter, of the first `number` resources.
fn resources(random: &mut Random, number: usize) -> Value {
    let (mut requests, mut limits) = (json!({}), json!({}));
    for (at, (name, amounts)) in AMOUNTS.iter().enumerate().take(number) {
        let can_differ = at < 3;
        let limit = random.below(4);
        let request = if can_differ { random.below(limit + 1) } else { limit };
        match random.below(if can_differ { 4 } else { 12 }) {
            0 => requests[*name] = json!(amounts[request]),
            1 => limits[*name] = json!(amounts[limit]),
            2 => (requests[*name], limits[*name]) = (json!(amounts[request]), json!(amounts[limit])),
            _ => {}
        }
        // Devices and huge pages need a limit.
        if !can_differ && !requests[*name].is_null() {
            limits[*name] = requests[*name].clone();
        }
    }
    json!({"requests": requests, "limits": limits})
}

fn some_pod(random: &mut Random) -> Value {
    let mut list = |letter: &str, most: usize, least: usize| -> Vec<Value> {
        let number = least + random.below(most);
        (0..number)
            .map(|at| json!({"name": format!("{letter}{at}"), "image": "i", "resources": resources(random, 6)}))
            .collect()
    };
    let (containers, mut inits) = (list("c", 3, 1), list("i", 4, 0));
    for one in &mut inits {
        if random.below(3) == 0 {
            one["restartPolicy"] = json!("Always");
        }
    }
    let mut spec = json!({"containers": containers, "initContainers": inits});
    if random.below(4) == 0 {
        spec["resources"] = resources(random, 2);
    }
    if random.below(6) == 0 {
        spec["overhead"] = json!({"cpu": "50m", "memory": "16Mi"});
    }
    spec
}

fn some_range(random: &mut Random) -> Value {
    let is_of_pods_too = random.below(3) == 0;
    let mut amounts = |least: usize| -> Value {
        let mut some = json!({});
        for (name, amounts) in AMOUNTS.iter().take(3) {
            if random.below(3) == 0 {
                some[*name] = json!(amounts[least + random.below(2)]);
            }
        }
        some
    };
    let mut limits =
        vec![json!({"type": "Container", "min": amounts(0), "defaultRequest": amounts(0), "default": amounts(2),
        "max": amounts(2)})];
    if is_of_pods_too {
        limits.push(json!({"type": "Pod", "min": amounts(0), "max": amounts(2)}));
    }
    core("LimitRange", "r", json!({"limits": limits}))
}

/// The quota's and the LimitRanger's own code, over pods in every shape.
#[test]
fn the_api_server_counts_and_refuses_the_same() {
    let mut random = Random(0x0A7A);
    let cases: Vec<(Value, Option<Value>)> = (0..1500)
        .map(|_| {
            let range = (random.below(2) == 0).then(|| some_range(&mut random));
            (core("Pod", "p", some_pod(&mut random)), range)
        })
        .collect();
    let lines: Vec<String> =
        cases.iter().map(|(pod, range)| json!({"pod": pod, "range": range, "names": OF_PODS}).to_string()).collect();
    let out = pipe(&mut Command::new(tool("quotas")), lines.join("\n").as_bytes());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let answers: Vec<Value> = text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    let names: Vec<String> = OF_PODS.iter().map(|name| format!("{name}: 0")).collect();
    let spec = format!("{{quota: {{{}}}}}", names.join(", "));
    let (mut sums, mut needs, mut refused) = (0, 0, 0);
    for ((pod, range), answer) in cases.iter().zip(answers) {
        let objects: Vec<Value> = [pod].into_iter().chain(range).cloned().collect();
        let done = run(&spec, &objects);
        let place = || format!("{pod}\n{}\n{answer}\n{:?}", range.clone().unwrap_or_default(), done.found());
        for name in OF_PODS {
            let ours = done.sums().into_iter().find_map(|message| {
                let rest = message.strip_prefix(&format!("`{name}` is "))?;
                Some(Quantity::parse(rest.split(" at most").next()?).unwrap())
            });
            let theirs = answer["usage"][name].as_str().map(|text| Quantity::parse(text).unwrap());
            let theirs = theirs.filter(|theirs| *theirs != Quantity::zero());
            sums += usize::from(theirs.is_some());
            assert_eq!(ours, theirs, "{name}\n{}", place());
        }
        let has = |rule: &str| done.rules().contains(&rule);
        needs += usize::from(!answer["needs"].is_null());
        assert_eq!(has("quota-needs"), !answer["needs"].is_null(), "{}", place());
        refused += usize::from(!answer["refused"].is_null());
        assert_eq!(has("out-of-range"), !answer["refused"].is_null(), "{}", place());
    }
    println!("{sums} sums, {needs} pods that do not say what is counted, {refused} outside of a LimitRange");
    assert!(sums > 5000 && (200..1300).contains(&needs) && refused > 100, "{sums} {needs} {refused}");
}
