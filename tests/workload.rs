//! Where pod templates live: every row of the table, a config's own rows, kinds that no row describes, and containers.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a test may panic

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Arc;

use krmor::pods::{Pod, Role, pods};
use krmor::report::{Finding, Report, Severity};
use krmor::stream::{Object, Stream};
use krmor::workload::{PodSelector, PodTemplateRow, Table, Trait};
use krmor::yaml::{self, Kind};
use serde_json::{Value, json};

fn stream(text: &str) -> Stream {
    Stream::parse(&Arc::new(text.to_owned())).unwrap()
}

/// JSON is YAML.
fn stream_of(objects: &[Value]) -> Stream {
    stream(&objects.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n"))
}

fn rows(rows: Value) -> Result<Table, String> {
    let rows: Vec<PodTemplateRow> = serde_json::from_value(rows).map_err(|error| error.to_string())?;
    Table::with_rows(&rows).map_err(|problem| format!("{}: {}", problem.path(), problem.message))
}

fn visit(stream: &Stream) -> (Vec<Pod>, Vec<Finding>) {
    pods(stream)
}

/// The pointers of the pods' specs; there must be no findings.
fn specs(stream: &Stream) -> Vec<String> {
    let (pods, findings) = visit(stream);
    assert!(findings.is_empty(), "{findings:?}");
    for pod in &pods {
        let object = stream.object(pod.object).unwrap();
        assert_eq!(pod.spec_node(&object).unwrap().kind(), Kind::Map);
        if let Some(template) = &pod.template {
            assert_eq!(pod.spec, format!("{template}/spec"));
        }
    }
    pods.into_iter().map(|pod| pod.spec).collect()
}

/// Rule and document pointer of each finding; there must be no pods.
fn faults(stream: &Stream) -> Vec<(String, String)> {
    let (pods, findings) = visit(stream);
    assert!(pods.is_empty(), "{pods:?}");
    assert!(findings.iter().all(|found| found.severity == Severity::Error && found.remedy.is_some()));
    findings.into_iter().map(|found| (found.rule.id.to_owned(), found.pointer().to_owned())).collect()
}

fn fault(rule: &str, path: &str) -> (String, String) {
    (rule.to_owned(), path.to_owned())
}

fn object(api_version: &str, kind: &str, rest: &Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "it"}});
    for (key, value) in rest.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "it"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

/// An object with a template at each dotted path; a number in a path is an index.
fn carrier(api_version: &str, kind: &str, paths: &[&str]) -> Value {
    let mut all = json!({});
    for path in paths {
        let mut place = &mut all;
        for part in path.split('.') {
            place = match part.parse::<usize>() {
                Ok(at) => {
                    if place.is_null() {
                        *place = json!([]);
                    }
                    let list = place.as_array_mut().unwrap();
                    while list.len() <= at {
                        list.push(json!({}));
                    }
                    &mut list[at]
                }
                Err(_) => &mut place[part],
            };
        }
        *place = template();
    }
    object(api_version, kind, &all)
}

#[test]
fn every_kind_has_its_templates_where_its_api_has_them() {
    let spec = &["spec.template"][..];
    let cron = &["spec.jobTemplate.spec.template"][..];
    let table: &[(&str, &str, &[&str])] = &[
        ("v1", "PodTemplate", &["template"]),
        ("v1", "ReplicationController", spec),
        ("v1", "DeploymentConfig", spec),
        ("apps/v1", "Deployment", spec),
        ("apps/v1beta2", "Deployment", spec),
        ("extensions/v1beta1", "Deployment", spec),
        ("extensions/v1beta1", "DaemonSet", spec),
        ("extensions/v1beta1", "ReplicaSet", spec),
        ("apps/v1", "ReplicaSet", spec),
        ("apps/v1", "StatefulSet", spec),
        ("apps/v1", "DaemonSet", spec),
        ("batch/v1", "Job", spec),
        ("batch/v1", "CronJob", cron),
        ("batch/v1beta1", "CronJob", cron),
        ("argoproj.io/v1alpha1", "Rollout", spec),
        ("serving.knative.dev/v1", "Service", spec),
        ("serving.knative.dev/v1", "Configuration", spec),
        ("apps.openshift.io/v1", "DeploymentConfig", spec),
        ("apps.kruise.io/v1alpha1", "CloneSet", spec),
        ("apps.kruise.io/v1beta1", "StatefulSet", spec),
        ("apps.kruise.io/v1alpha1", "DaemonSet", spec),
        ("apps.kruise.io/v1alpha1", "BroadcastJob", spec),
        ("apps.kruise.io/v1alpha1", "AdvancedCronJob", &["spec.template.jobTemplate.spec.template"]),
        ("apps.kruise.io/v1alpha1", "AdvancedCronJob", &["spec.template.broadcastJobTemplate.spec.template"]),
        ("jobset.x-k8s.io/v1alpha2", "JobSet", &["spec.replicatedJobs.0.template.spec.template"]),
        (
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            &["spec.replicatedJobs.0.template.spec.template", "spec.replicatedJobs.1.template.spec.template"],
        ),
        ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", &["spec.leaderWorkerTemplate.workerTemplate"]),
        (
            "leaderworkerset.x-k8s.io/v1",
            "LeaderWorkerSet",
            &["spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"],
        ),
    ];
    let mut covered: Vec<(String, &str)> = vec![(String::new(), "Pod")];
    for (api_version, kind, paths) in table {
        let found = specs(&stream_of(&[carrier(api_version, kind, paths)]));
        let wanted: Vec<String> = paths.iter().map(|path| format!("/{}/spec", path.replace('.', "/"))).collect();
        assert_eq!(found, wanted, "{api_version} {kind}");
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        covered.push((group.to_owned(), kind));
    }
    for row in Table::default().rows().iter().filter(|row| row.ignored.is_none()) {
        let known = covered.iter().any(|(group, kind)| *group == row.group && *kind == row.kind);
        assert!(known, "{}/{} has no case here", row.group, row.kind);
    }
}

#[test]
fn a_bare_pod_is_its_own_template() {
    let stream = stream(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: it, labels: {app: it}}\nspec:\n  containers: [{name: c}]\n",
    );
    let (pods, _) = visit(&stream);
    let object = stream.object(0).unwrap();
    assert_eq!((pods[0].template.as_deref(), pods[0].spec.as_str()), (Some(""), "/spec"));
    assert_eq!(pods[0].label(&object, "app").as_deref(), Some("it"));
    assert_eq!(pods[0].containers(&object)[0].pointer, "/spec/containers/0");
}

#[test]
fn a_kind_of_another_group_is_another_kind() {
    // A core Service has no pods; nor has a Service of a group that nobody knows, unless it looks so.
    let core = object("v1", "Service", &json!({"spec": {"ports": []}}));
    let other = object("example.com/v1", "Service", &json!({"spec": {"ports": []}}));
    assert_eq!(specs(&stream_of(&[core, other])), Vec::<String>::new());
    for (api_version, kind) in
        [("example.com/v1", "Deployment"), ("apps/v1", "Pod"), ("batch.volcano.sh/v1alpha1", "Job")]
    {
        let found = faults(&stream_of(&[carrier(api_version, kind, &["spec.template"])]));
        assert_eq!(found, [fault("unknown-pod-template", "/spec/template")], "{api_version} {kind}");
    }
    // `v1` of a core kind is not a group.
    assert_eq!(faults(&stream_of(&[carrier("apps", "Deployment", &["spec.template"])])).len(), 1);
}

#[test]
fn traits_come_from_the_table() {
    let traits = |api_version: &str, kind: &str, paths: &[&str]| {
        let stream = stream_of(&[carrier(api_version, kind, paths)]);
        let pod = visit(&stream).0.remove(0);
        let ends = pod.runs_to_completion(&stream.object(0).unwrap());
        (pod.scalable(), ends, pod.has(Trait::Recreate), pod.has(Trait::ContainerLevelOnly), pod.selector, pod.claims)
    };
    let spec = &["spec.template"];
    let claims = Some("/spec/volumeClaimTemplates");
    let selected = PodSelector::LabelSelector;
    assert_eq!(traits("apps/v1", "Deployment", spec), (true, false, true, false, selected, None));
    assert_eq!(traits("apps/v1", "StatefulSet", spec), (true, false, false, false, selected, claims));
    assert_eq!(traits("apps/v1", "DaemonSet", spec), (false, false, false, false, selected, None));
    assert_eq!(traits("v1", "ReplicationController", spec), (true, false, false, false, PodSelector::Labels, None));
    assert_eq!(traits("batch/v1", "Job", spec), (false, true, false, false, PodSelector::Unset, None));
    assert_eq!(
        traits("serving.knative.dev/v1", "Service", spec),
        (false, false, false, true, PodSelector::Unset, None)
    );
    assert_eq!(
        traits("apps.openshift.io/v1", "DeploymentConfig", spec),
        (true, false, false, false, PodSelector::Labels, None)
    );
    assert_eq!(traits("apps.kruise.io/v1alpha1", "CloneSet", spec), (true, false, false, false, selected, claims));
    let jobs = &["spec.replicatedJobs.0.template.spec.template"];
    assert!(traits("jobset.x-k8s.io/v1alpha2", "JobSet", jobs).1);
    assert!(traits("batch/v1", "CronJob", &["spec.jobTemplate.spec.template"]).1);
}

#[test]
fn a_pod_that_is_not_restarted_runs_to_completion() {
    for (policy, ends) in [("Never", true), ("OnFailure", true), ("Always", false)] {
        let pod = object("v1", "Pod", &json!({"spec": {"restartPolicy": policy, "containers": [{"name": "c"}]}}));
        let stream = stream_of(&[pod]);
        assert_eq!(visit(&stream).0[0].runs_to_completion(&stream.object(0).unwrap()), ends, "{policy}");
    }
    let stream = stream_of(&[object("v1", "Pod", &json!({"spec": {"containers": []}}))]);
    assert!(!visit(&stream).0[0].runs_to_completion(&stream.object(0).unwrap()));
}

fn roles(stream: &Stream) -> Vec<(String, Role, String)> {
    let object = stream.object(0).unwrap();
    let pod = visit(stream).0.remove(0);
    let all = pod.containers(&object);
    for container in &all {
        let name = container.node(&object).unwrap().get("name").and_then(yaml::Node::as_str);
        assert_eq!(name.as_deref().unwrap_or(""), container.name);
    }
    all.into_iter().map(|container| (container.name, container.role, container.pointer)).collect()
}

#[test]
fn containers_come_in_the_order_they_start_with_their_roles() {
    let stream = stream(
        "apiVersion: batch/v1
kind: Job
metadata: {name: it}
spec:
  template:
    spec:
      containers:
      - name: app
      - image: nameless
      ephemeralContainers:
      - name: debug
      initContainers:
      - name: migrate
        restartPolicy: OnFailure
      - {name: proxy, restartPolicy: Always}
      - name: 7
",
    );
    let at = |list: &str, number: usize| format!("/spec/template/spec/{list}/{number}");
    assert_eq!(
        roles(&stream),
        [
            ("migrate".to_owned(), Role::Init, at("initContainers", 0)),
            ("proxy".to_owned(), Role::Sidecar, at("initContainers", 1)),
            (String::new(), Role::Init, at("initContainers", 2)),
            ("app".to_owned(), Role::Main, at("containers", 0)),
            (String::new(), Role::Main, at("containers", 1)),
            ("debug".to_owned(), Role::Ephemeral, at("ephemeralContainers", 0)),
        ]
    );
}

#[test]
fn restart_policy_makes_a_sidecar_of_init_containers_only() {
    let spec = json!({"containers": [{"name": "a", "restartPolicy": "Always"}], "initContainers": null});
    let found = roles(&stream_of(&[object("v1", "Pod", &json!({"spec": spec}))]));
    assert_eq!(found, [("a".to_owned(), Role::Main, "/spec/containers/0".to_owned())]);
}

#[test]
fn lists_hold_workloads_too() {
    let stream = stream(
        "apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: settings}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web}
  spec: {template: {spec: {containers: [{name: c}]}}}
- apiVersion: v1
  kind: List
  items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: inner}
    spec: {containers: [{name: c}]}
---
apiVersion: apps/v1
kind: DeploymentList
items:
- metadata: {name: typed}
  spec: {template: {spec: {containers: [{name: c}]}}}
",
    );
    let (pods, findings) = visit(&stream);
    assert!(findings.is_empty());
    let found: Vec<(String, String)> = pods
        .iter()
        .map(|pod| {
            let object = stream.object(pod.object).unwrap();
            (object.name().into_owned(), format!("{}{}", object.prefix(), pod.spec))
        })
        .collect();
    let wanted = [
        ("web", "/items/1/spec/template/spec"),
        ("inner", "/items/2/items/0/spec"),
        ("typed", "/items/0/spec/template/spec"),
    ];
    assert_eq!(found, wanted.map(|(name, spec)| (name.to_owned(), spec.to_owned())));
}

#[test]
fn the_items_of_a_resource_list_are_found() {
    let text =
        json!({"kind": "ResourceList", "items": [carrier("apps/v1", "Deployment", &["spec.template"])]}).to_string();
    let list = yaml::parse(&Arc::new(text)).unwrap().remove(0);
    assert_eq!(specs(&Stream::of_items(list)), ["/spec/template/spec"]);
}

#[test]
fn aliases_and_merge_keys_are_seen_through() {
    let stream = stream(
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
defaults: &defaults
  os: {name: windows}
  initContainers: [&proxy {name: proxy, restartPolicy: Always}]
spec:
  template:
    metadata: &meta {annotations: {a: b}}
    spec:
      <<: *defaults
      containers:
      - <<: *proxy
        name: app
",
    );
    let object = stream.object(0).unwrap();
    let pod = visit(&stream).0.remove(0);
    assert_eq!(pod.os(&object).as_deref(), Some("windows"));
    assert_eq!(pod.annotation(&object, "a").as_deref(), Some("b"));
    let found: Vec<(String, Role)> = pod.containers(&object).into_iter().map(|one| (one.name, one.role)).collect();
    assert_eq!(found, [("proxy".to_owned(), Role::Sidecar), ("app".to_owned(), Role::Main)]);
}

#[test]
fn a_template_may_do_without_metadata() {
    let stream = stream("apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: []}}}\n");
    let object = stream.object(0).unwrap();
    let pod = visit(&stream).0.remove(0);
    assert!(pod.metadata_node(&object).is_none());
    assert_eq!((pod.label(&object, "app"), pod.os(&object)), (None, None));
    assert!(pod.containers(&object).is_empty());
}

#[test]
fn a_rollout_may_point_to_another_workload() {
    let rollout = json!({"spec": {"replicas": 2, "workloadRef": {"kind": "Deployment", "name": "web"}}});
    assert_eq!(specs(&stream_of(&[object("argoproj.io/v1alpha1", "Rollout", &rollout)])), Vec::<String>::new());
    // A template that slipped is not skipped.
    let slipped = carrier("argoproj.io/v1alpha1", "Rollout", &["spec.tmplate"]);
    assert_eq!(faults(&stream_of(&[slipped])), [fault("unknown-pod-template", "/spec/tmplate")]);
}

#[test]
fn what_is_no_pod_is_an_error_that_says_where() {
    let pod = |spec: Value| object("v1", "Pod", &json!({"spec": spec}));
    let deployment = |spec: Value| object("apps/v1", "Deployment", &json!({"spec": spec}));
    let jobs = |jobs: Value| object("jobset.x-k8s.io/v1", "JobSet", &json!({"spec": {"replicatedJobs": jobs}}));
    let cases = [
        (object("v1", "Pod", &json!({})), "", "the pod has no `spec`"),
        (pod(json!(null)), "/spec", "the pod's `spec` is not a mapping"),
        (pod(json!("text")), "/spec", "the pod's `spec` is not a mapping"),
        (pod(json!([])), "/spec", "the pod's `spec` is not a mapping"),
        (pod(json!({})), "/spec", "the pod has no `containers`"),
        (pod(json!({"containers": null})), "/spec", "the pod has no `containers`"),
        (pod(json!({"containers": {"name": "c"}})), "/spec/containers", "`containers` is not a list"),
        (pod(json!({"containers": "c"})), "/spec/containers", "`containers` is not a list"),
        (pod(json!({"containers": [{}, "c", 1]})), "/spec/containers/1", "the container is not a mapping"),
        (
            pod(json!({"containers": [], "initContainers": {}})),
            "/spec/initContainers",
            "`initContainers` is not a list",
        ),
        (
            pod(json!({"containers": [], "ephemeralContainers": [[]]})),
            "/spec/ephemeralContainers/0",
            "the container is not a mapping",
        ),
        (object("apps/v1", "Deployment", &json!({})), "/spec/template", "there is no pod template here"),
        (deployment(json!(1)), "/spec/template", "there is no pod template here"),
        (deployment(json!({"template": null})), "/spec/template", "there is no pod template here"),
        (deployment(json!({"template": "text"})), "/spec/template", "the pod has no `spec`"),
        (deployment(json!({"template": []})), "/spec/template", "the pod has no `spec`"),
        (jobs(json!([{}])), "/spec/replicatedJobs/0/template", "there is no pod template here"),
        (jobs(json!({"a": 1})), "/spec/replicatedJobs", "there is no pod template here"),
        (
            jobs(json!([{"template": {"spec": {"template": {}}}}])),
            "/spec/replicatedJobs/0/template/spec/template",
            "the pod has no `spec`",
        ),
        (
            object("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", &json!({"spec": {"leaderWorkerTemplate": {}}})),
            "/spec/leaderWorkerTemplate/workerTemplate",
            "there is no pod template here",
        ),
    ];
    for (object, path, message) in cases {
        let stream = stream_of(std::slice::from_ref(&object));
        assert_eq!(faults(&stream), [fault("malformed-pod", path)], "{object}");
        assert_eq!(visit(&stream).1[0].message, message, "{object}");
    }
    // No jobs is no mistake.
    assert_eq!(specs(&stream_of(&[jobs(json!([])), jobs(json!(null))])), Vec::<String>::new());
}

#[test]
fn several_things_wrong_are_said_at_once_and_good_pods_kept() {
    let bad = json!({"spec": {"containers": 1, "initContainers": [1]}});
    let stream = stream_of(&[object("v1", "Pod", &bad), carrier("apps/v1", "Deployment", &["spec.template"])]);
    let (pods, findings) = visit(&stream);
    assert_eq!(pods.iter().map(|pod| pod.object).collect::<Vec<_>>(), [1]);
    let places: Vec<&str> = findings.iter().map(|found| found.pointer()).collect();
    assert_eq!(places, ["/spec/initContainers/0", "/spec/containers"]);
}

#[test]
fn an_unknown_carrier_is_an_error_that_names_the_rows_to_add() {
    let stream = stream(
        "apiVersion: example.com/v1
kind: Backend
metadata: {name: web, namespace: shop}
spec:
  jobs:
  - {}
  - template:
      spec:
        containers:
        - {name: c, image: i}
",
    );
    let found = visit(&stream).1.remove(0);
    assert_eq!(found.severity, Severity::Error);
    assert_eq!(found.rule.id, "unknown-pod-template");
    assert_eq!(found.pointer(), "/spec/jobs/1/template");
    let object: Object<'_> = stream.object(found.object().unwrap()).unwrap();
    assert_eq!(object.reference().to_string(), "Backend shop/web");
    assert_eq!(found.message, "`containers` looks like those of a pod, and no row of `podTemplates` describes it");
    assert_eq!(
        found.remedy.unwrap(),
        "add the row `{group: example.com, kind: Backend, path: 'spec.jobs[*].template'}` to `podTemplates`, \
         or, if this makes no pods, the row `{group: example.com, kind: Backend, ignore: true}`"
    );
}

/// The row that a remedy offers: the first one adds the template, the second one ignores it.
fn offered(finding: &Finding, which: usize) -> Value {
    let remedy = finding.remedy.as_deref().unwrap();
    let row = remedy.split('`').filter(|part| part.starts_with('{')).nth(which).unwrap();
    yaml::parse(&Arc::new(row.to_owned())).unwrap()[0].root().to_value().unwrap()
}

#[test]
fn the_rows_that_the_error_names_work() {
    let shapes = [
        json!({"spec": {"template": template()}}),
        json!({"spec": {"jobs": [template(), template()], "deep": [[{"a.b": {"*": template()}}]]}}),
        json!({"spec": {"r[0]": {"back\\slash": template()}, "a/b": {"~": template()}}}),
        json!({"spec": {"": {"template": template()}}}),
        template(),
        json!({"kind": "Null", "spec": {"on": template()}}),
    ];
    for shape in shapes {
        let carrier = object("example.com/v1", shape["kind"].as_str().unwrap_or("Backend"), &shape);
        for which in [0, 1] {
            let mut stream = stream_of(std::slice::from_ref(&carrier));
            let findings = visit(&stream).1;
            assert!(!findings.is_empty());
            let mut added: Vec<Value> = findings.iter().map(|finding| offered(finding, which)).collect();
            added.dedup();
            stream.set_workloads(rows(json!(added)).unwrap());
            let found = specs(&stream);
            assert_eq!(found.is_empty(), which == 1, "{shape} {added:?}");
        }
    }
}

#[test]
fn only_what_has_containers_with_images_looks_like_a_pod() {
    for spec in [
        json!({"containers": [{"name": "c"}]}),
        json!({"containers": ["c"]}),
        json!({"containers": {"name": "c", "image": "i"}}),
        json!({"containers": []}),
        json!("containers: [{name: c, image: i}]"),
    ] {
        let backend = object("example.com/v1", "Backend", &json!({"spec": {"template": {"spec": spec}}}));
        assert_eq!(specs(&stream_of(&[backend])), Vec::<String>::new());
    }
    let settings = json!({"data": {"pod.yaml": "spec:\n  containers:\n  - {name: c, image: i}\n"}});
    assert_eq!(specs(&stream_of(&[object("v1", "ConfigMap", &settings)])), Vec::<String>::new());
    // One such item is enough.
    let mixed = json!({"spec": {"pod": {"spec": {"containers": [{"name": "a"}, {"name": "b", "image": "i"}]}}}});
    assert_eq!(
        faults(&stream_of(&[object("example.com/v1", "Backend", &mixed)])),
        [fault("unknown-pod-template", "/spec/pod")]
    );
}

#[test]
fn a_carrier_without_a_kind_is_to_get_one() {
    let stream = stream("spec:\n  containers:\n  - {name: c, image: i}\n");
    let found = visit(&stream).1.remove(0);
    assert_eq!((found.rule.id, found.pointer()), ("unknown-pod-template", "/spec"));
    assert_eq!(found.remedy.unwrap(), "give the object `apiVersion` and `kind`");
}

#[test]
fn a_carrier_in_a_list_is_named_by_its_place_in_the_document() {
    let list =
        json!({"apiVersion": "v1", "kind": "List", "items": [{}, carrier("example.com/v1", "Backend", &["spec.pod"])]});
    assert_eq!(faults(&stream_of(&[list])), [fault("unknown-pod-template", "/items/1/spec/pod")]);
}

#[test]
fn a_misspelt_kind_of_kubernetes_is_noticed() {
    assert_eq!(
        faults(&stream_of(&[carrier("apps/v1", "Deploymnet", &["spec.template"])])),
        [fault("unknown-pod-template", "/spec/template")]
    );
}

#[test]
fn default_ignore_rows_and_schemas_are_not_searched() {
    for (api_version, kind) in [
        ("kyverno.io/v1", "ClusterPolicy"),
        ("kyverno.io/v2", "PolicyException"),
        ("policies.kyverno.io/v1alpha1", "MutatingPolicy"),
        ("templates.gatekeeper.sh/v1", "ConstraintTemplate"),
        ("constraints.gatekeeper.sh/v1beta1", "K8sAllowedRepos"),
        ("mutations.gatekeeper.sh/v1", "Assign"),
        ("expansion.gatekeeper.sh/v1beta1", "ExpansionTemplate"),
        ("template.openshift.io/v1", "Template"),
        ("v1", "Template"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ] {
        let stream = stream_of(&[carrier(api_version, kind, &["spec.pattern", "objects.0"])]);
        assert_eq!(specs(&stream), Vec::<String>::new(), "{api_version} {kind}");
    }
    assert_eq!(faults(&stream_of(&[carrier("kyverno.io.example.com/v1", "Policy", &["spec.pattern"])])).len(), 1);
}

#[test]
fn rows_of_a_config_lead_to_templates() {
    let ray = json!([
        {"group": "ray.io", "kind": "RayCluster", "path": "spec.headGroupSpec.template"},
        {"group": "ray.io", "kind": "RayCluster", "path": "spec.workerGroupSpecs[*].template"},
        {"group": "kubeflow.org", "kind": "*", "path": "spec.replicaSpecs.*.template"},
        {"group": "example.com", "kind": "Bare", "path": "."},
    ]);
    let mut stream = stream_of(&[
        carrier(
            "ray.io/v1",
            "RayCluster",
            &["spec.headGroupSpec.template", "spec.workerGroupSpecs.0.template", "spec.workerGroupSpecs.1.template"],
        ),
        carrier(
            "kubeflow.org/v1",
            "PyTorchJob",
            &["spec.replicaSpecs.Master.template", "spec.replicaSpecs.Worker.template"],
        ),
        object("example.com/v1", "Bare", &template()),
    ]);
    assert_eq!(visit(&stream).1.len(), 3, "one for each path that no operator's row has");
    stream.set_workloads(rows(ray).unwrap());
    assert_eq!(
        specs(&stream),
        [
            "/spec/headGroupSpec/template/spec",
            "/spec/workerGroupSpecs/0/template/spec",
            "/spec/workerGroupSpecs/1/template/spec",
            "/spec/replicaSpecs/Master/template/spec",
            "/spec/replicaSpecs/Worker/template/spec",
            "/spec",
        ]
    );
}

#[test]
fn two_paths_to_one_place_give_one_pod() {
    let mut stream = stream_of(&[carrier("example.com/v1", "Backend", &["spec.a"])]);
    stream.set_workloads(
        rows(json!([
            {"group": "example.com", "kind": "Backend", "path": "spec.a"},
            {"group": "example.com", "kind": "Backend", "path": "spec.*"},
        ]))
        .unwrap(),
    );
    assert_eq!(specs(&stream), ["/spec/a/spec"]);
}

#[test]
fn a_row_that_misses_a_template_does_not_hide_it() {
    let mut stream = stream_of(&[carrier("example.com/v1", "Backend", &["spec.head", "spec.workers.0"])]);
    stream.set_workloads(rows(json!([{"group": "example.com", "kind": "Backend", "path": "spec.head"}])).unwrap());
    let (pods, findings) = visit(&stream);
    assert_eq!(pods.len(), 1);
    assert_eq!(findings[0].pointer(), "/spec/workers/0");
    // Here the kind is not to be ignored wholly.
    assert_eq!(offered(&findings[0], 1)["path"], "spec.workers[*]");
    // A row that leads nowhere hides nothing either.
    stream.set_workloads(rows(json!([{"group": "example.com", "kind": "Backend", "path": "spec.hed"}])).unwrap());
    assert_eq!(faults(&stream).len(), 2);
}

#[test]
fn a_row_that_leads_to_something_else_says_so() {
    let mut stream = stream_of(&[carrier("example.com/v1", "Backend", &["spec.template"])]);
    stream.set_workloads(rows(json!([{"group": "example.com", "kind": "Backend", "path": "spec"}])).unwrap());
    let findings = visit(&stream).1;
    assert_eq!((findings[0].rule.id, findings[0].pointer()), ("malformed-pod", "/spec"));
    assert!(findings[0].remedy.as_deref().unwrap().contains("`path`"));
    assert_eq!((findings[1].rule.id, findings[1].pointer()), ("unknown-pod-template", "/spec/template"));
}

#[test]
fn a_place_can_be_ignored_by_its_path() {
    let backend = carrier("example.com/v1", "Backend", &["spec.template", "spec.patches.0"]);
    let mut stream = stream_of(&[
        backend,
        carrier(
            "leaderworkerset.x-k8s.io/v1",
            "LeaderWorkerSet",
            &["spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"],
        ),
    ]);
    stream.set_workloads(rows(json!([
        {"group": "example.com", "kind": "Backend", "path": "spec.patches[*]", "ignore": true},
        {"group": "example.com", "kind": "Backend", "path": "spec.template"},
        {"group": "leaderworkerset.x-k8s.io", "kind": "LeaderWorkerSet", "path": "spec.leaderWorkerTemplate.leaderTemplate", "ignore": true},
    ]))
    .unwrap());
    assert_eq!(specs(&stream), ["/spec/template/spec", "/spec/leaderWorkerTemplate/workerTemplate/spec"]);
}

#[test]
fn rows_of_a_config_replace_built_in_ones_of_their_kind() {
    let deployment = carrier("apps/v1", "Deployment", &["spec.elsewhere"]);
    let mut stream = stream_of(&[
        deployment,
        carrier("apps/v1", "DaemonSet", &["spec.template"]),
        carrier("tekton.dev/v1", "Task", &["spec.pod"]),
    ]);
    stream.set_workloads(
        rows(json!([
            {"group": "tekton.dev", "kind": "Task", "path": "spec.pod"},
            {"group": "apps", "kind": "Deployment", "path": "spec.elsewhere"},
            {"group": "apps", "kind": "*", "ignore": true},
        ]))
        .unwrap(),
    );
    // `*` is no single kind: the row of DaemonSet stays.
    assert_eq!(specs(&stream), ["/spec/elsewhere/spec", "/spec/template/spec", "/spec/pod/spec"]);
    assert!(visit(&stream).0[0].scalable(), "what else is known of the kind still holds");
    stream.set_workloads(rows(json!([{"group": "apps", "kind": "Deployment", "ignore": true}, {"group": "tekton.dev", "kind": "Task", "ignore": true}])).unwrap());
    assert_eq!(specs(&stream), ["/spec/template/spec"]);
}

#[test]
fn a_row_that_cannot_be_right_is_refused_by_its_number() {
    let good = json!({"group": "example.com", "kind": "Good", "path": "spec.template"});
    for (row, why) in [
        (
            json!({"group": "example.com", "kind": "A"}),
            "podTemplates[1]: there is neither `path` nor `ignore: true`; write one of them",
        ),
        (
            json!({"kind": "", "path": "spec"}),
            "podTemplates[1]: `kind` is empty; name the kind, or `*` for every kind of the group",
        ),
        (
            json!({"group": "apps/v1", "kind": "A", "path": "spec"}),
            "podTemplates[1]: `group: apps/v1` holds a version; write `group: apps`",
        ),
        (
            json!({"kind": "A", "path": ""}),
            "podTemplates[1]: `path` is empty; write `.` if the object itself is the pod",
        ),
        (
            json!({"kind": "A", "path": "/spec"}),
            "podTemplates[1]: `path: /spec` is a pointer; write keys with dots between them, such as `spec.template`",
        ),
        (
            json!({"kind": "A", "path": "spec.jobs[0]"}),
            "podTemplates[1]: `path: spec.jobs[0]` has brackets that are not `[*]`; a template in a list is meant for every item",
        ),
        (
            json!({"group": "example.com", "kind": "Good", "ignore": true}),
            "podTemplates[1]: one row ignores this kind wholly, another says more of it; keep one of them",
        ),
        (json!({"group": "example.com", "path": "spec"}), "missing field `kind`"),
    ] {
        assert_eq!(rows(json!([good, row])).unwrap_err(), why);
    }
    let error = rows(json!([{"kind": "A", "paths": "spec"}])).unwrap_err();
    assert!(error.contains("unknown field `paths`"), "{error}");
}

#[test]
fn every_field_of_a_row_is_described() {
    let schema = serde_json::to_value(schemars::schema_for!(PodTemplateRow)).unwrap();
    assert_eq!(schema["additionalProperties"], json!(false));
    for (name, field) in schema["properties"].as_object().unwrap() {
        assert!(field["description"].is_string(), "{name}");
    }
}

#[test]
fn a_second_visit_says_nothing_twice() {
    let stream = stream_of(&[carrier("example.com/v1", "Backend", &["spec.pod"]), object("v1", "Pod", &json!({}))]);
    let mut report = Report::default();
    for function in ["a", "b"] {
        report.begin(function);
        let (pods, problems) = pods(&stream);
        assert!(pods.is_empty());
        report.record_once(problems);
        assert_eq!(report.findings.len(), 2);
    }
}

#[test]
fn broken_and_hostile_objects_end_in_findings_or_nothing() {
    for text in [
        "",
        "null\n",
        "[]\n",
        "text\n",
        "{}\n",
        "kind: Pod\n",
        "kind: []\napiVersion: {}\n",
        "kind: {}\nspec: {containers: [{name: a, image: b}]}\n",
    ] {
        visit(&stream(text));
    }
    // As deep as the parser lets it be, and many templates in one object.
    let deep = format!("kind: Deep\nspec: {}{}\n", "[".repeat(9_000), "]".repeat(9_000));
    assert!(visit(&stream(&deep)).1.is_empty());
    let mut wide = String::from("apiVersion: example.com/v1\nkind: Wide\nspec:\n");
    for number in 0..20_000 {
        let _ = writeln!(wide, "  k{number}: {{spec: {{containers: [{{name: c, image: i}}]}}}}");
    }
    assert_eq!(visit(&stream(&wide)).1.len(), 10, "the first few say enough");
    let many = "{template: {spec: {template: {spec: {containers: [{name: c}]}}}}}, ".repeat(2_000);
    let jobs = format!("apiVersion: jobset.x-k8s.io/v1\nkind: JobSet\nspec: {{replicatedJobs: [{many}]}}\n");
    assert_eq!(specs(&stream(&jobs)).len(), 2_000);
    // Aliases that expand as far as go-yaml allows.
    let mut bomb =
        String::from("apiVersion: example.com/v1\nkind: Bomb\na0: &a0 {spec: {containers: [{name: c, image: i}]}}\n");
    let _ = writeln!(bomb, "plain: [{}]", "1, ".repeat(3_000));
    for level in 1..5 {
        let uses = format!("*a{}, ", level - 1).repeat(9);
        let _ = writeln!(bomb, "a{level}: &a{level} [{uses}]");
    }
    assert_eq!(visit(&stream(&bomb)).1.len(), 5, "one for each path");
}

#[test]
fn the_table_of_operators_is_what_their_schemas_say() {
    let out = Command::new("tests/operators/rows").args(["--check", env!("CARGO_BIN_EXE_krmor")]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let kinds: Vec<(&str, &str)> =
        Table::operators().iter().map(|row| (row.group.as_ref(), row.kind.as_ref())).collect();
    assert!(kinds.len() >= 40, "only {} kinds", kinds.len());
}
